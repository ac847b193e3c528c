"""What sensors are known to get wrong: carried by the devices that have it, and by no others."""

import pytest

from brizna.core.factors import factor
from brizna.meter import factors_behind
from brizna.meter._nvml import open_nvml
from brizna.meter._power_facts import samples_part_time
from brizna.meter._rapl import open_rapl
from brizna.testing import FakeClock, FakeGpu, FakeMachine, FakeNvml, FakePowercap, FakeZone

AMPERE, VOLTA = 7, 5


def channel_of(**about):
    """Return the channel of one card."""
    nvml = FakeNvml(FakeClock(), [FakeGpu(**{"uuid": "GPU-0", **about})])
    (meter,), _ = open_nvml(machine="m", provider=nvml)
    (channel,) = meter.channels()
    return channel


@pytest.mark.parametrize(
    "name",
    [
        "NVIDIA A100-SXM4-40GB",
        "NVIDIA A100 80GB PCIe",
        "NVIDIA A30",
        "NVIDIA H100 80GB HBM3",
        "NVIDIA H100 NVL",
        "NVIDIA H200",
        "NVIDIA GH200 480GB",
    ],
)
def test_a_counter_behind_a_part_time_sensor_carries_that_doubt(name):
    channel = channel_of(name=name)
    assert channel.doubts["meter:nvml-part-time/GPU-0@m"] == [0.9, 1.1]
    assert channel.doubts["meter:nvml/GPU-0@m"] == [0.95, 1.05]
    cited = {row.id for row in factors_behind([channel])}
    assert "accuracy/nvml-part-time" in cited
    assert samples_part_time(name).id in cited


@pytest.mark.parametrize(
    "name", ["Tesla V100-SXM2-16GB", "Tesla T4", "NVIDIA A10", "NVIDIA GeForce RTX 3090", None]
)
def test_other_cards_do_not(name):
    channel = channel_of(**({} if name is None else {"name": name}))
    assert list(channel.doubts) == ["meter:nvml/GPU-0@m"]
    assert not any("sampled" in row.id for row in factors_behind([channel]))


def test_a_card_that_is_read_by_its_power_carries_what_lies_between_two_readings():
    channel = channel_of(name="Tesla P100-PCIE-16GB", has_counter=False, architecture=4)
    assert channel.doubts["meter:nvml-polled/GPU-0@m"] == [0.65, 1.35]


@pytest.mark.parametrize(
    ("name", "architecture", "has_instant_power", "late_s"),
    [
        ("NVIDIA A10", AMPERE, False, 1.0),
        ("NVIDIA A10", AMPERE, True, 0.1),
        ("NVIDIA A100-SXM4-40GB", AMPERE, False, 0.1),
        ("Tesla V100-SXM2-16GB", VOLTA, False, 0.1),
    ],
)
def test_power_that_is_the_mean_of_a_second_may_lag_by_a_second(
    name, architecture, has_instant_power, late_s
):
    channel = channel_of(
        name=name,
        architecture=architecture,
        has_counter=False,
        has_instant_power=has_instant_power,
    )
    assert channel.update_us == late_s * 1e6


def test_the_step_of_a_counter_is_the_one_that_the_table_cites():
    channel = channel_of()
    (step,) = [row for row in factors_behind([channel]) if row.id == "sensor/nvml-step"]
    assert channel.update_us == step.value * 1e6
    assert "2312.02741" in step.source


def test_the_disagreement_that_is_cited_is_the_one_that_was_reported():
    cited = factor("brizna.meter", "sensors", "sensor/nvml-idle")
    assert cited.value == pytest.approx(326.8825681391954 / 187.443, rel=1e-3)


@pytest.mark.parametrize(("vendor", "kinds"), [("GenuineIntel", 2), ("AuthenticAMD", 1)])
def test_a_counter_of_one_core_is_not_shown_as_that_of_all(tmp_path, vendor, kinds):
    clock = FakeClock()
    roots = FakeMachine(tmp_path, clock).roots
    cpuinfo = tmp_path / "proc/cpuinfo"
    cpuinfo.write_text(cpuinfo.read_text().replace("GenuineIntel", vendor))
    FakePowercap(
        tmp_path / "sys/class/powercap",
        clock,
        [
            FakeZone(label="intel-rapl:0", name="package-0", power_w=100.0),
            FakeZone(label="intel-rapl:0:0", name="core", power_w=3.0),
        ],
    )
    (meter,) = open_rapl(roots, machine="m")
    assert len(meter.channels()) == kinds
    assert all("factor:sensor/rapl-update" in c.references for c in meter.channels())
    meter.close()

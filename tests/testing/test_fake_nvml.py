"""The simulated driver library, loaded by the real bindings in a process of their own."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from brizna.core.errors import UnavailableError
from brizna.testing import build_fake_nvml

READER = """
import json, os, time
from brizna.meter import BootClock, Sampler
from brizna.meter._nvml import open_nvml

meters, reason = open_nvml(machine="m")
found = {"reason": reason}
if meters:
    (meter,) = meters
    events = []
    with Sampler([meter], clock=BootClock(), write=events.append) as sampler:
        first = sampler.start()
        while sampler.sample()["t"] - first["t"] < 50_000:
            pass
        last = sampler.sample()
    found["unseen"] = dict(meter.unseen())
    found["channels"] = [channel.to_json() for channel in meter.channels()]
    found["seconds"] = (last["t"] - first["t"]) * 1e-6
    found["joules"] = [None if uj is None else uj * 1e-6 for uj in last["c"]]
print(json.dumps(found))
"""

MACHINE = """
import json, os, pathlib, sys
from brizna.core.replay import replay
from brizna.meter import Sampler, open_meters
from brizna.testing import FakeClock, FakeMachine, FakePowercap, FakeZone

SPAN, PACKAGE = 262_143_328_850, "intel-rapl:0"
root, clock = pathlib.Path(sys.argv[1]), FakeClock()
file = pathlib.Path(os.environ["FAKE_NVML_CLOCK"])
tell = lambda _: file.write_text(str(clock.now_us()))
clock.watch(tell)
tell(0)
machine = FakeMachine(root, clock)
powercap = FakePowercap(
    root / "sys/class/powercap",
    clock,
    [
        FakeZone(label=PACKAGE, name="package-0", power_w=100.0, start_uj=SPAN - 350_000_000),
        FakeZone(label="intel-rapl:0:0", name="dram", power_w=20.0, start_uj=SPAN - 70_000_000),
    ],
)
events = [
    {"e": "start", "id": "r", "started": "2026-11-22T00:00:00Z", "machine": "m", "brizna": "0"}
]
meters = open_meters(machine="m", roots=machine.roots)
with Sampler(meters, clock=clock, write=events.append) as sampler:
    sampler.start()
    for second in range(10):
        clock.advance(1.0)
        if second == 4:
            powercap.reset(PACKAGE)
        sampler.sample()
measurement = replay(events).measurement
true_j = powercap.true_j(PACKAGE) + powercap.true_j("intel-rapl:0:0") + 2 * 150.0 * 10
print(json.dumps({"true_j": true_j, "measurement": measurement.to_json()}))
"""


@pytest.fixture(scope="module")
def libraries(tmp_path_factory):
    """Return a function: the folder of the library, whole or without a function."""
    built = {}

    def folder(*, has_field_values=True):
        if has_field_values not in built:
            place = tmp_path_factory.mktemp("nvml")
            try:
                build_fake_nvml(place, has_field_values=has_field_values)
            except UnavailableError as error:
                pytest.skip(str(error))
            built[has_field_values] = place
        return built[has_field_values]

    return folder


def read(folder, *, program=READER, arguments=(), **environment):
    settings = {f"FAKE_NVML_{name}": str(value) for name, value in environment.items()}
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        env={"LD_LIBRARY_PATH": str(folder), "PATH": "/usr/bin:/bin", **settings},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return json.loads(done.stdout)


def test_eight_loaded_cards_at_100_watts_are_added_within_one_percent(libraries):
    found = read(libraries(), CARDS=8, POWER_W=100)
    assert len(found["channels"]) == 8
    assert {channel["method"] for channel in found["channels"]} == {"nvml-energy"}
    assert {channel["device"] for channel in found["channels"]} == {"Simulated GPU"}
    assert sum(found["joules"]) == pytest.approx(800 * found["seconds"], rel=0.01)


def test_a_whole_fake_machine_is_metered_within_one_percent_over_ten_seconds(libraries, tmp_path):
    found = read(
        libraries(),
        program=MACHINE,
        arguments=[str(tmp_path)],
        CLOCK=tmp_path / "clock",
        CARDS=2,
        POWER_W=150,
    )
    measurement, true_j = found["measurement"], found["true_j"]
    assert true_j == pytest.approx(4200)
    assert measurement["energy_j"]["best"] == pytest.approx(true_j, rel=0.01)
    assert measurement["energy_j"]["low"] <= true_j <= measurement["energy_j"]["high"]
    assert measurement["energy_j"]["basis"] == "metered"
    flagged = [channel["id"] for channel in measurement["channels"] if channel["gaps"]]
    assert flagged == ["rapl/package-0"]


@pytest.mark.parametrize("has_field_values", [True, False])
def test_power_is_integrated_where_the_loaded_library_has_no_counter(libraries, has_field_values):
    found = read(libraries(has_field_values=has_field_values), NO_COUNTER=1, POWER_W=250)
    (channel,) = found["channels"]
    assert (channel["method"], channel["counted_by"]) == ("nvml-power", "reader")
    assert found["joules"] == [pytest.approx(250 * found["seconds"], rel=0.01)]


def test_a_loaded_card_without_instant_power_tells_its_average(libraries):
    found = read(libraries(), NO_COUNTER=1, NO_INSTANT=1)
    assert found["joules"] == [pytest.approx(100 * found["seconds"], rel=0.01)]


def test_slices_of_a_loaded_card_are_stated_as_unseen(libraries):
    found = read(libraries(), SLICES=1)
    assert list(found["unseen"]) == ["gpu/GPU-00000000-0000-0000-0000-000000000000/mig"]
    assert found["joules"][0] > 0


def test_a_lost_card_is_named_and_the_others_are_read(libraries):
    found = read(libraries(), CARDS=3, LOST=1)
    assert found["unseen"] == {"gpu/1": "GPU is lost"}
    assert len(found["channels"]) == 2


def test_a_driver_that_does_not_answer_is_a_reason(libraries):
    found = read(libraries(), NO_DRIVER=1)
    assert found == {"reason": "the NVIDIA driver does not answer: Driver Not Loaded"}


def test_without_the_library_the_bindings_are_not_even_imported(tmp_path):
    program = (
        "import sys\n"
        "from brizna.meter._nvml import open_nvml\n"
        "meters, reason = open_nvml(machine='m')\n"
        "assert 'pynvml' not in sys.modules or meters, reason\n"
        "print(reason)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"LD_LIBRARY_PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    if done.stdout.strip() == "None":
        pytest.skip("this machine has the real library")
    assert "libnvidia-ml.so.1 cannot be loaded" in done.stdout


def test_a_machine_without_compiler_is_told_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UnavailableError, match="install one"):
        build_fake_nvml(Path(tmp_path))

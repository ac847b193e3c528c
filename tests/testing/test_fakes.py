"""The simulated devices do what they say, and the suite finds meters that do not."""

import pytest

from brizna.core.measurement import Channel
from brizna.meter import Meter
from brizna.testing import (
    FakeClock,
    FakeGpu,
    FakeMachine,
    FakeNvml,
    FakeNvmlError,
    FakePowercap,
    FakeZone,
    meter_conformance,
)

LABEL = "intel-rapl:0"


class Obedient:
    """A meter that keeps every promise, until a test breaks one."""

    def __init__(self, **broken):
        self._about = {"kind": "cpu", "method": "rapl", "basis": "metered", "counted_by": "reader"}
        self._about.update(broken)

    def channels(self):
        return (Channel(id="c", **self._about),)

    def ranges(self):
        return {}

    def unseen(self):
        return {}

    def read(self, t_us):
        return (t_us,)

    def trouble(self):
        return {}

    def close(self):
        pass


def broken_promises(meter):
    return meter_conformance(lambda: meter, advance=FakeClock().advance)


def test_a_meter_that_keeps_its_promises_passes():
    assert broken_promises(Obedient()) == []
    assert isinstance(Obedient(), Meter)


def test_what_is_no_meter_at_all_is_named():
    assert broken_promises(object()) == ["object lacks a method of Meter"]


@pytest.mark.parametrize(
    ("method", "answer", "complaint"),
    [
        ("channels", lambda: (Obedient().channels()[0],) * 2, "two channels have one id"),
        ("ranges", lambda: {"c": 5}, "not counted by a device"),
        ("unseen", lambda: {"gpu": ""}, "unseen without a reason"),
        ("read", lambda _: (), "0 numbers for 1 channels"),
        ("read", lambda _: (None,), "trouble does not say why"),
        ("read", lambda _: (1.5,), "expected whole microjoules"),
        ("read", lambda t_us: (-t_us,), "integrated backwards"),
    ],
)
def test_a_broken_promise_is_found(method, answer, complaint):
    meter = Obedient()
    setattr(meter, method, answer)
    assert any(complaint in promise for promise in broken_promises(meter))


@pytest.mark.parametrize(
    ("about", "complaint"),
    [({"parent": "nobody"}, "or not there"), ({"doubts": {"d": [2.0, 3.0]}}, "expected around 1")],
)
def test_an_impossible_channel_is_found(about, complaint):
    assert any(complaint in promise for promise in broken_promises(Obedient(**about)))


def test_a_fake_clock_moves_when_told_and_tells_its_watchers():
    clock, passed = FakeClock(now_us=5), []
    clock.watch(passed.append)
    clock.advance(0.25)
    clock.sleep(2)
    assert (clock.now_us(), clock.asleep_us(), passed) == (2_250_005, 2_000_000, [250_000])


def test_a_fake_counter_follows_its_power_and_wraps(tmp_path):
    clock = FakeClock()
    zone = FakeZone(label=LABEL, name="package-0", power_w=10.0, start_uj=95, span_uj=100)
    powercap = FakePowercap(tmp_path, clock, [zone])
    file = tmp_path / LABEL / "energy_uj"
    assert file.read_text() == "95\n"
    clock.advance(1e-6)
    assert file.read_text() == "5\n"
    assert powercap.true_j(LABEL) == pytest.approx(1e-5)


def test_every_trouble_of_a_fake_counter_shows_in_its_file(tmp_path):
    clock = FakeClock()
    zone = FakeZone(label=LABEL, name="package-0", power_w=1.0, start_uj=0, step_uj=1000)
    powercap = FakePowercap(tmp_path, clock, [zone])
    file = tmp_path / LABEL / "energy_uj"
    clock.advance(0.0015)
    assert file.read_text() == "1000\n"
    powercap.glitch(LABEL, 77)
    assert file.read_text() == "77\n"
    powercap.freeze(LABEL)
    clock.advance(1)
    assert file.read_text() == "1000\n"
    powercap.thaw(LABEL)
    powercap.draw(LABEL, 2.0)
    clock.advance(1)
    assert file.read_text() == "2001000\n"
    with file.open(encoding="ascii") as kept:
        powercap.refuse(LABEL)
        assert not file.exists()
        assert kept.read() == ""
    powercap.allow(LABEL)
    powercap.reset(LABEL)
    assert file.read_text() == "0\n"
    assert powercap.true_j(LABEL) == pytest.approx(3.0015)


def test_a_fake_driver_refuses_what_the_real_one_refuses():
    nvml = FakeNvml(FakeClock(), [FakeGpu(uuid="GPU-0", has_counter=False, limit_w=None)])
    with pytest.raises(FakeNvmlError, match="Uninitialized"):
        nvml.nvmlDeviceGetHandleByIndex(0)
    with pytest.raises(FakeNvmlError, match="Uninitialized"):
        nvml.nvmlShutdown()
    nvml.nvmlInit()
    handle = nvml.nvmlDeviceGetHandleByIndex(0)
    with pytest.raises(FakeNvmlError, match="Not Supported"):
        nvml.nvmlDeviceGetTotalEnergyConsumption(handle)
    with pytest.raises(FakeNvmlError, match="Not Supported"):
        nvml.nvmlDeviceGetEnforcedPowerLimit(handle)
    nvml.lose(0)
    with pytest.raises(FakeNvmlError, match="lost"):
        nvml.nvmlDeviceGetUUID(handle)


def test_a_frozen_card_goes_on_drawing_power_but_not_counting():
    clock = FakeClock()
    nvml = FakeNvml(clock, [FakeGpu(uuid="GPU-0", power_w=100.0, start_mj=5)])
    nvml.nvmlInit()
    nvml.freeze(0)
    clock.advance(1)
    assert nvml.nvmlDeviceGetTotalEnergyConsumption(0) == 5
    nvml.thaw(0)
    clock.advance(1)
    assert nvml.nvmlDeviceGetTotalEnergyConsumption(0) == 100_005
    assert nvml.true_j(0) == pytest.approx(200)


def test_a_fake_machine_shows_its_load_as_the_kernel_does(tmp_path):
    clock = FakeClock()
    machine = FakeMachine(tmp_path, clock, threads=2)
    machine.work(0.5, stolen=0.25)
    clock.advance(10)
    with open(f"{machine.roots.proc}/stat", encoding="ascii") as file:
        assert file.readline() == "cpu  1000 0 0 500 0 0 0 500 0 0\n"

"""A portable machine on its battery, against a simulated one whose true energy is known."""

import pytest

from brizna.core.errors import InputError
from brizna.meter import Surroundings, open_specs, read_specs
from brizna.meter._battery import open_battery
from brizna.testing import FakeBattery, FakeMachine, meter_conformance


@pytest.fixture
def battery(tmp_path, rig):
    """Return a function that makes a battery on the rig's clock, and the machine's roots."""

    def make(**how):
        machine = FakeMachine(tmp_path, rig.clock)
        return FakeBattery(tmp_path / "sys", rig.clock, **how), machine.roots

    return make


@pytest.mark.parametrize("tells", [("power",), ("current",), ("energy",), ("charge",)])
def test_whatever_a_battery_tells_the_machine_is_metered(battery, rig, tells):
    fake, roots = battery(power_w=20.0, tells=tells)
    rig.start(open_battery(roots, machine="m"))
    rig.tick(600, interval_s=10)
    measurement = rig.run().measurement
    (channel,) = measurement.channels
    assert (channel.id, channel.kind) == ("battery", "node")
    assert measurement.energy_j.best.value == pytest.approx(fake.true_j(), rel=1e-4)


def test_on_mains_power_nothing_is_known(battery, rig):
    fake, roots = battery(power_w=20.0)
    rig.start(open_battery(roots, machine="m"))
    rig.tick(100, interval_s=10)
    fake.plug()
    rig.tick(100, interval_s=10)
    fake.unplug()
    rig.tick(100, interval_s=10)
    energy_j = rig.run().measurement.energy_j
    (gap,) = rig.gaps()
    assert "on mains power" in gap["reason"]
    assert not gap["counted"]
    assert energy_j.low.value <= fake.true_j() <= energy_j.high.value


def test_what_was_charged_meanwhile_is_not_taken_for_energy_drawn(battery, rig):
    fake, roots = battery(power_w=20.0, tells=("energy",))
    rig.start(open_battery(roots, machine="m"))
    rig.tick(100, interval_s=10)
    fake.plug()
    rig.tick(100, interval_s=10)
    fake.unplug()
    rig.tick(100, interval_s=10)
    energy_j = rig.run().measurement.energy_j
    assert energy_j.low.value <= fake.true_j() <= energy_j.high.value


def test_a_machine_that_starts_on_mains_power_says_why_it_is_not_metered(battery):
    fake, roots = battery()
    fake.plug()
    (meter,) = open_battery(roots, machine="m")
    assert meter.channels() == ()
    assert "on mains power" in meter.unseen()["node/battery"]


def test_two_batteries_are_one_machine(battery, tmp_path, rig):
    first, roots = battery(power_w=15.0)
    second = FakeBattery(tmp_path / "sys", rig.clock, power_w=5.0, name="BAT1")
    rig.start(open_battery(roots, machine="m"))
    rig.tick(100, interval_s=10)
    energy_j = rig.run().measurement.energy_j
    assert energy_j.best.value == pytest.approx(first.true_j() + second.true_j())


def test_a_battery_can_be_asked_for_by_name(battery, tmp_path):
    _, roots = battery()
    around = Surroundings(machine="m", roots=roots)
    (meter,) = open_specs(read_specs(["battery:system"]), around)
    assert [channel.kind for channel in meter.channels()] == ["node"]
    meter.close()
    with pytest.raises(InputError, match="battery:system"):
        open_specs(read_specs(["battery:BAT7"]), around)
    elsewhere = Surroundings(machine="m", roots=roots.replace(sys=str(tmp_path / "none")))
    with pytest.raises(InputError, match="shows no battery"):
        open_specs(read_specs(["battery:system"]), elsewhere)


def test_the_battery_of_a_mouse_is_not_the_machines(battery, tmp_path):
    _, roots = battery()
    (tmp_path / "sys/class/power_supply/BAT0/scope").write_text("Device\n")
    assert open_battery(roots, machine="m") == []


def test_a_machine_without_batteries_has_no_such_meter(tmp_path, rig):
    assert open_battery(FakeMachine(tmp_path, rig.clock).roots, machine="m") == []


@pytest.mark.parametrize("tells", [("power",), ("charge",)])
def test_the_battery_meter_conforms(battery, rig, tells):
    _, roots = battery(tells=tells)
    broken = meter_conformance(
        lambda: open_battery(roots, machine="m")[0], advance=rig.clock.advance
    )
    assert broken == []

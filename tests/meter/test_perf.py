"""The power units of x86 processors, read as performance events, against simulated ones."""

import pytest

from brizna.meter._perf import find_events, open_kernel_event, open_perf
from brizna.testing import (
    FakeMachine,
    FakePowerEvent,
    FakePowerUnit,
    meter_conformance,
)


@pytest.fixture
def unit(tmp_path, rig):
    """Return a function that makes a power unit on the rig's clock, and the machine's roots."""

    def make(*events, **how):
        machine = FakeMachine(tmp_path, rig.clock)
        return FakePowerUnit(tmp_path / "sys", rig.clock, events, **how), machine.roots

    return make


def event(name, *powers_w):
    return FakePowerEvent(name=name, powers_w=powers_w)


def test_each_package_is_metered_exactly(unit, rig, energies):
    power, roots = unit(event("energy-pkg", 100.0, 50.0), cpus=(0, 18))
    rig.start(open_perf(roots, machine="m", open_event=power))
    rig.tick(10)
    run = rig.run()
    assert energies(run) == {
        "perf/package-0": pytest.approx(power.true_j("energy-pkg", 0), rel=1e-9),
        "perf/package-1": pytest.approx(power.true_j("energy-pkg", 18), rel=1e-9),
    }
    assert run.measurement.energy_j.best.value == pytest.approx(1500)
    assert rig.gaps() == []
    assert power.opened == 0


def test_the_platform_contains_packages_and_memory_and_packages_contain_cores(unit, rig):
    power, roots = unit(
        event("energy-cores", 60.0),
        event("energy-pkg", 100.0),
        event("energy-ram", 20.0),
        event("energy-psys", 150.0),
    )
    rig.start(open_perf(roots, machine="m", open_event=power))
    rig.tick(10)
    measurement = rig.run().measurement
    assert {channel.id: channel.parent for channel in measurement.channels} == {
        "perf/psys": None,
        "perf/package-0": "perf/psys",
        "perf/package-0/dram": "perf/psys",
        "perf/package-0/core": "perf/package-0",
    }
    assert measurement.energy_j.best.value == pytest.approx(1500)


def test_cores_that_have_a_unit_of_their_own_are_summed_inside_their_package(
    unit, tmp_path, rig, energies
):
    power, roots = unit(event("energy-pkg", 90.0))
    cores = FakePowerUnit(
        tmp_path / "sys",
        rig.clock,
        [event("energy-core", 10.0, 20.0, 30.0)],
        cpus=(0, 1, 2),
        packages=(0, 0, 0),
        name="power_core",
    )
    by_number = {23: power, 24: cores}
    meters = open_perf(
        roots, machine="m", open_event=lambda unit, config, cpu: by_number[unit](unit, config, cpu)
    )
    rig.start(meters)
    rig.tick(10)
    run = rig.run()
    assert energies(run)["perf/package-0/core"] == pytest.approx(600)
    assert run.measurement.energy_j.best.value == pytest.approx(900)


def test_dies_of_one_package_are_told_apart(unit, tmp_path):
    power, roots = unit(event("energy-pkg", 100.0, 100.0), cpus=(0, 8), packages=(0, 0))
    die = tmp_path / "sys/devices/system/cpu/cpu8/topology/die_id"
    die.write_text("1\n")
    (meter,) = open_perf(roots, machine="m", open_event=power)
    assert [channel.id for channel in meter.channels()] == [
        "perf/package-0-die-0",
        "perf/package-0-die-1",
    ]
    assert {channel.mirror_group for channel in meter.channels()} == {"perf/package-0"}
    meter.close()


def test_a_refused_event_is_named_with_its_reason(unit):
    power, roots = unit(event("energy-pkg", 100.0))
    power.is_allowed = False
    (meter,) = open_perf(roots, machine="m", open_event=power)
    assert meter.channels() == ()
    assert meter.unseen() == {"cpu": "unreadable: Permission denied"}
    assert power.opened == 0


def test_one_package_of_two_that_is_refused_is_named(unit):
    power, roots = unit(event("energy-pkg", 100.0, 50.0), cpus=(0, 18))

    def one_only(number, config, cpu):
        if cpu == 18:
            raise OSError(19, "No such device")
        return power(number, config, cpu)

    (meter,) = open_perf(roots, machine="m", open_event=one_only)
    assert [channel.id for channel in meter.channels()] == ["perf/package-0"]
    assert meter.unseen() == {"cpu/perf/package-1": "unreadable: No such device"}
    meter.close()


def test_a_processor_that_goes_away_leaves_a_gap(unit, rig):
    power, roots = unit(event("energy-pkg", 100.0))
    rig.start(open_perf(roots, machine="m", open_event=power))
    rig.tick(3)
    power.unplug(0)
    rig.tick(3)
    energy_j = rig.run().measurement.energy_j
    assert energy_j.low.value <= 300 < power.true_j("energy-pkg", 0) <= energy_j.high.value
    assert rig.gaps()[0]["reason"] == "unreadable: No such device"


def test_an_event_in_another_unit_than_joules_is_left_alone(unit):
    power, roots = unit(event("energy-pkg", 100.0))
    with open(f"{roots.sys}/bus/event_source/devices/power/events/energy-pkg.unit", "w") as file:
        file.write("Furlongs\n")
    assert find_events(roots) == []
    assert open_perf(roots, machine="m", open_event=power) == []


def test_a_machine_without_power_units_has_no_such_meter(tmp_path, rig):
    machine = FakeMachine(tmp_path, rig.clock)
    assert open_perf(machine.roots, machine="m") == []


def test_counts_of_weeks_are_converted_without_rounding(unit, rig):
    power, roots = unit(event("energy-pkg", 250.0))
    (meter,) = open_perf(roots, machine="m", open_event=power)
    rig.clock.advance(30 * 86400.0)
    assert meter.read(0) == [648_000_000_000_000]
    meter.close()


def test_the_power_unit_meter_conforms(unit, rig):
    power, roots = unit(
        event("energy-psys", 150.0),
        event("energy-pkg", 100.0, 50.0),
        event("energy-ram", 20.0, 20.0),
        cpus=(0, 1),
    )
    broken = meter_conformance(
        lambda: open_perf(roots, machine="m", open_event=power)[0], advance=rig.clock.advance
    )
    assert broken == []


def test_the_kernel_counts_an_event_that_is_opened_for_real():
    """The clock that the kernel counts in software stands in for a power unit (its number is 1)."""
    try:
        event = open_kernel_event(1, 0, 0)
    except OSError as error:
        pytest.skip(f"the kernel opens no event for us: {error.strerror}")
    first = event.read()
    for _ in range(100_000):
        pass
    assert event.read() > first >= 0
    event.close()
    event.close()

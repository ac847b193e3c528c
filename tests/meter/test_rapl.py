"""Powercap counters against simulated trees whose true energy is known."""

import pytest

from brizna.meter import Roots, open_meters
from brizna.meter._rapl import find_zones, open_rapl
from brizna.testing import FakeMachine, FakePowercap, FakeZone, meter_conformance

PACKAGE, DRAM, CORE = "intel-rapl:0", "intel-rapl:0:1", "intel-rapl:0:0"


@pytest.fixture
def tree(tmp_path, rig):
    """Return a function that makes a powercap tree on the rig's clock, and its roots."""

    def make(*zones, **how):
        machine = FakeMachine(tmp_path, rig.clock)
        return FakePowercap(tmp_path / "sys/class/powercap", rig.clock, zones, **how), machine.roots

    return make


def package(**about):
    return FakeZone(label=PACKAGE, name="package-0", power_w=100.0, limit_w=200.0, **about)


def dram(**about):
    return FakeZone(label=DRAM, name="dram", power_w=20.0, **about)


def test_a_fake_machine_with_wraps_a_reset_and_dram_is_metered_within_one_percent(tree, rig):
    span_uj = 262_143_328_850
    powercap, roots = tree(
        package(start_uj=span_uj - 350_000_000), dram(start_uj=span_uj - 70_000_000)
    )
    rig.start(open_rapl(roots, machine="m"))
    rig.tick(5)
    powercap.reset(PACKAGE)
    rig.tick(5)
    run = rig.run()
    true_j = powercap.true_j(PACKAGE) + powercap.true_j(DRAM)
    assert true_j == pytest.approx(1200)
    assert run.measurement.energy_j.best.value == pytest.approx(true_j, rel=0.01)
    assert run.measurement.energy_j.low.value <= true_j <= run.measurement.energy_j.high.value
    (gap,) = rig.gaps()
    assert (gap["channel"], gap["counted"]) == ("rapl/package-0", False)
    assert "restarted lower" in gap["reason"]
    assert run.measurement.coverage.gap_s == pytest.approx(2)


def test_a_plain_run_is_exact_and_without_gaps(tree, rig, energies):
    powercap, roots = tree(package(), dram())
    rig.start(open_rapl(roots, machine="m"))
    rig.tick(10)
    found = energies(rig.run())
    assert found["rapl/package-0"] == pytest.approx(powercap.true_j(PACKAGE), rel=1e-9)
    assert found["rapl/package-0/dram"] == pytest.approx(powercap.true_j(DRAM), rel=1e-9)
    assert rig.gaps() == []


def test_wraps_every_few_seconds_lose_nothing(tree, rig, energies):
    powercap, roots = tree(package(span_uj=350_000_000, start_uj=300_000_000))
    rig.start(open_rapl(roots, machine="m"))
    rig.tick(12)
    assert energies(rig.run())["rapl/package-0"] == pytest.approx(powercap.true_j(PACKAGE))
    assert rig.gaps() == []


def test_the_platform_counter_replaces_the_packages_and_is_not_added(tree, rig):
    powercap, roots = tree(
        package(),
        FakeZone(label="intel-rapl:1", name="package-1", power_w=50.0),
        dram(),
        FakeZone(label="intel-rapl:2", name="psys", power_w=200.0),
    )
    rig.start(open_rapl(roots, machine="m"))
    rig.tick(10)
    measurement = rig.run().measurement
    assert [channel.id for channel in measurement.roots()] == ["rapl/psys"]
    assert measurement.energy_j.best.value == pytest.approx(powercap.true_j("intel-rapl:2"))
    parents = {channel.id: channel.parent for channel in measurement.channels}
    assert parents["rapl/package-0"] == parents["rapl/package-0/dram"] == "rapl/psys"


def test_a_second_platform_counter_is_stated_and_not_added(tree):
    _, roots = tree(
        FakeZone(label="intel-rapl:0", name="psys", power_w=200.0),
        FakeZone(label="intel-rapl:1", name="psys-1", power_w=200.0),
    )
    (meter,) = open_rapl(roots, machine="m")
    assert [channel.id for channel in meter.channels()] == ["rapl/psys"]
    assert "not documented" in meter.unseen()["node/psys-1"]
    meter.close()


def test_a_counter_file_without_a_number_is_unreadable(tree):
    powercap, roots = tree(package())
    (meter,) = open_rapl(roots, machine="m")
    (powercap.root / PACKAGE / "energy_uj").write_text("oops\n")
    assert list(meter.read(0)) == [None]
    assert "oops" in meter.trouble()["rapl/package-0"]
    meter.close()


def test_one_package_of_two_that_cannot_be_read_is_named(tree):
    powercap, roots = tree(package(), FakeZone(label="intel-rapl:1", name="package-1"))
    powercap.refuse("intel-rapl:1")
    (meter,) = open_rapl(roots, machine="m")
    assert [channel.id for channel in meter.channels()] == ["rapl/package-0"]
    assert list(meter.unseen()) == ["cpu/package-1"]
    meter.close()


def test_cores_lie_inside_their_package(tree, rig):
    _, roots = tree(package(), FakeZone(label=CORE, name="core", power_w=60.0), dram())
    rig.start(open_rapl(roots, machine="m"))
    rig.tick(10)
    measurement = rig.run().measurement
    assert measurement.energy_j.best.value == pytest.approx(1200)
    assert {c.id: c.parent for c in measurement.channels}["rapl/package-0/core"] == "rapl/package-0"


def test_dies_that_show_one_counter_are_counted_once(tree, rig):
    first, second = "intel-rapl:0", "intel-rapl:1"
    _, roots = tree(
        FakeZone(label=first, name="package-0-die-0", power_w=100.0),
        FakeZone(label=second, name="package-0-die-1", mirrors=first),
    )
    rig.start(open_rapl(roots, machine="m"))
    rig.tick(10)
    measurement = rig.run().measurement
    assert measurement.energy_j.best.value == pytest.approx(1000)
    assert measurement.channels[1].mirror_of == "rapl/package-0-die-0"


def test_dies_with_counters_of_their_own_are_added(tree, rig):
    _, roots = tree(
        FakeZone(label="intel-rapl:0", name="package-0-die-0", power_w=100.0),
        FakeZone(label="intel-rapl:1", name="package-0-die-1", power_w=100.0, start_uj=7),
    )
    rig.start(open_rapl(roots, machine="m"))
    rig.tick(10)
    assert rig.run().measurement.energy_j.best.value == pytest.approx(2000)


@pytest.mark.parametrize("is_flat", [True, False])
def test_zones_are_found_side_by_side_and_inside_one_another(tree, is_flat):
    powercap, _ = tree(package(), dram(), is_flat=is_flat)
    assert [zone.name for zone in find_zones(str(powercap.root))] == ["package-0", "dram"]


def test_a_zone_that_a_second_driver_repeats_is_left_out(tree):
    _, roots = tree(package(), FakeZone(label="intel-rapl-mmio:0", name="package-0", power_w=100.0))
    (meter,) = open_rapl(roots, machine="m")
    assert [channel.id for channel in meter.channels()] == ["rapl/package-0"]
    meter.close()


def test_the_second_driver_serves_where_the_first_cannot_be_read(tree):
    powercap, roots = tree(package(), FakeZone(label="intel-rapl-mmio:0", name="package-0"))
    powercap.refuse(PACKAGE)
    (zone,) = find_zones(roots.powercap)
    assert (zone.control, zone.reason) == ("intel-rapl-mmio", None)


def test_unreadable_counter_leaves_a_gap_that_the_device_went_on_counting_in(tree, rig, energies):
    powercap, roots = tree(package())
    rig.start(open_rapl(roots, machine="m"))
    rig.tick(3)
    powercap.refuse(PACKAGE)
    rig.tick(2)
    powercap.allow(PACKAGE)
    rig.tick(3)
    assert energies(rig.run())["rapl/package-0"] == pytest.approx(powercap.true_j(PACKAGE))
    (gap,) = rig.gaps()
    assert gap == {
        "e": "gap",
        "channel": "rapl/package-0",
        "reason": "unreadable: No such file or directory",
        "from": 3_000_000,
        "to": 6_000_000,
        "counted": True,
    }


def test_a_counter_that_never_comes_back_is_bounded_and_flagged(tree, rig):
    powercap, roots = tree(package())
    rig.start(open_rapl(roots, machine="m"))
    rig.tick(4)
    powercap.refuse(PACKAGE)
    rig.tick(4)
    energy_j = rig.run().measurement.energy_j
    assert energy_j.low.value < 400 <= energy_j.best.value
    assert energy_j.high.value >= powercap.true_j(PACKAGE)


def test_what_cannot_be_read_at_the_start_is_named_with_its_reason(tree):
    powercap, roots = tree(package(), dram())
    powercap.refuse(PACKAGE)
    (meter,) = open_rapl(roots, machine="m")
    assert meter.unseen() == {"cpu": "unreadable: No such file or directory"}
    assert [channel.kind for channel in meter.channels()] == ["memory"]
    meter.close()


def test_a_counter_that_stands_at_0_is_taken_for_none(tree):
    _, roots = tree(package(), FakeZone(label="intel-rapl:1", name="psys", start_uj=0))
    (meter,) = open_rapl(roots, machine="m")
    assert [channel.id for channel in meter.channels()] == ["rapl/package-0"]
    assert "stands at 0" in meter.unseen()["node"]
    meter.close()


def test_a_wild_value_is_not_counted_at_all(tree, rig, energies):
    powercap, roots = tree(package())
    sampler = rig.start(open_rapl(roots, machine="m"))
    rig.tick(3)
    for raw_uj in (0, 200_000_000_000):
        powercap.glitch(PACKAGE, raw_uj)
        sampler.sample()
        rig.tick(2)
    assert energies(rig.run())["rapl/package-0"] == pytest.approx(powercap.true_j(PACKAGE))
    assert [gap["counted"] for gap in rig.gaps()] == [True, True]


def test_a_restart_during_sleep_does_not_charge_the_sleep(tree, rig, energies):
    powercap, roots = tree(package())
    rig.start(open_rapl(roots, machine="m"))
    rig.tick(5)
    rig.clock.sleep(3600)
    powercap.reset(PACKAGE)
    rig.tick(5)
    assert energies(rig.run())["rapl/package-0"] == pytest.approx(1000, rel=1e-6)


def test_a_standing_counter_is_a_gap_and_not_zero_energy(tree, rig):
    powercap, roots = tree(package(start_uj=200_000_000_000))
    rig.start(open_rapl(roots, machine="m"))
    rig.tick(10)
    powercap.freeze(PACKAGE)
    rig.tick(20)
    powercap.thaw(PACKAGE)
    rig.tick(10)
    energy_j = rig.run().measurement.energy_j
    true_j = powercap.true_j(PACKAGE)
    assert energy_j.low.value <= true_j <= energy_j.high.value
    assert energy_j.best.value == pytest.approx(true_j, rel=0.01)
    assert [gap["reason"] for gap in rig.gaps()] == ["the counter stands still"]


@pytest.mark.parametrize("moves_s", [5, 8])
def test_a_counter_that_stops_before_the_end_of_a_run_leaves_an_open_gap(tree, rig, moves_s):
    powercap, roots = tree(package())
    rig.start(open_rapl(roots, machine="m"))
    rig.tick(moves_s)
    powercap.freeze(PACKAGE)
    rig.tick(10 - moves_s)
    measured = rig.run().measurement
    assert measured.energy_j.low.value <= moves_s * 100
    assert measured.energy_j.high.value >= powercap.true_j(PACKAGE) == pytest.approx(1000)
    assert measured.coverage.gap_s == pytest.approx(11 - moves_s)
    assert [(gap["reason"], gap["to"]) for gap in rig.gaps()] == [
        ("the counter stands still", None)
    ]


def test_a_stopped_counter_that_moves_again_closes_its_gap(tree, rig):
    powercap, roots = tree(package(start_uj=200_000_000_000))
    rig.start(open_rapl(roots, machine="m"))
    rig.tick(4)
    powercap.freeze(PACKAGE)
    rig.tick(3)
    powercap.thaw(PACKAGE)
    rig.tick(3)
    energy_j = rig.run().measurement.energy_j
    (gap,) = rig.gaps()
    assert (gap["from"], gap["to"], gap["counted"]) == (3_000_000, 8_000_000, False)
    assert energy_j.low.value <= energy_j.best.value <= energy_j.high.value
    assert energy_j.best.value == pytest.approx(1000)


def test_a_coarse_counter_is_right_to_its_step(tree, rig, energies):
    powercap, roots = tree(package(step_uj=5_000_000))
    rig.start(open_rapl(roots, machine="m"))
    rig.tick(10, interval_s=0.02)
    assert energies(rig.run())["rapl/package-0"] == pytest.approx(powercap.true_j(PACKAGE), abs=5.0)
    assert rig.gaps() == []


def test_processors_whose_counter_is_a_model_get_the_wider_doubt(tree):
    _, roots = tree(package())
    (meter,) = open_rapl(roots, machine="m")
    (intel,) = meter.channels()
    meter.close()
    cpuinfo = f"{roots.proc}/cpuinfo"
    with open(cpuinfo, encoding="utf-8") as file:
        text = file.read()
    with open(cpuinfo, "w", encoding="utf-8") as file:
        file.write(text.replace("GenuineIntel", "AuthenticAMD"))
    (meter,) = open_rapl(roots, machine="m")
    (amd,) = meter.channels()
    meter.close()
    low, high = intel.doubts["meter:rapl/package-0@m"]
    wide_low, wide_high = amd.doubts["meter:rapl/package-0@m"]
    assert wide_low < low < high < wide_high


def test_counters_replace_the_models_of_what_they_cover(tree):
    powercap, roots = tree(package())
    meters = open_meters(machine="m", roots=roots, nvml=no_driver)
    ids = [channel.id for meter in meters for channel in meter.channels()]
    assert ids == ["rapl/package-0", "model/memory"]
    for meter in meters:
        meter.close()
    powercap.refuse(PACKAGE)
    meters = open_meters(machine="m", roots=roots, nvml=no_driver)
    ids = [channel.id for meter in meters for channel in meter.channels()]
    assert ids == ["model/cpu", "model/memory"]


def no_driver():
    from brizna.core.errors import UnavailableError

    raise UnavailableError("no driver here")


def test_the_powercap_meter_conforms(tree, rig):
    _, roots = tree(package(), dram(), FakeZone(label=CORE, name="core", power_w=60.0))
    broken = meter_conformance(lambda: open_rapl(roots, machine="m")[0], advance=rig.clock.advance)
    assert broken == []


def test_a_machine_without_powercap_has_no_such_meter(tmp_path):
    roots = Roots(powercap=str(tmp_path / "nothing"), proc=str(tmp_path), cgroup="", sys="")
    assert open_rapl(roots, machine="m") == []

"""Models of processors and memory where no counter shows them."""

from types import SimpleNamespace

import pytest

from brizna.core.errors import UnavailableError
from brizna.core.factors import factor
from brizna.meter import Processor, Roots, find_processor, open_meters
from brizna.meter._discover import open_cpu_model, open_memory_model
from brizna.meter._host import find_cpu_limit, find_memory_limit
from brizna.meter._load_model import PortableLoad, Sleep
from brizna.meter._power_facts import architecture_of, processor_curve
from brizna.testing import FakeMachine, meter_conformance

KNOWN = "Intel(R) Xeon(R) Gold 6148 CPU @ 2.40GHz"
TDP_W = 150


@pytest.fixture
def machine(tmp_path, rig):
    return FakeMachine(tmp_path, rig.clock)


def energy_of(rig, meter, seconds=10):
    rig.start([meter])
    rig.tick(seconds)
    return rig.run().measurement.energy_j


@pytest.mark.parametrize(("load", "share"), [(0.0, 0.12), (0.1, 0.32), (0.3, 0.535), (1.0, 1.02)])
def test_a_known_processor_follows_the_published_curve_of_its_tdp(machine, rig, load, share):
    machine.show_processor(KNOWN)
    machine.work(load)
    energy_j = energy_of(rig, open_cpu_model(machine.roots, machine="m"))
    assert energy_j.best.value == pytest.approx(TDP_W * share * 10, rel=1e-3)
    assert energy_j.basis == "modelled"


def test_an_unknown_processor_has_the_interval_of_the_whole_table(machine, rig):
    machine.work(1.0)
    energy_j = energy_of(rig, open_cpu_model(machine.roots, machine="m"))
    watts = factor("brizna.meter", "vcpu", "vcpu/full/default")
    assert energy_j.best.value == pytest.approx(4 * watts.value * 10, rel=1e-3)
    assert energy_j.low.value <= 4 * watts.low * 10
    assert energy_j.high.value >= 4 * watts.high * 10


def test_a_virtual_machine_has_its_threads_share_of_the_package(machine, rig):
    machine.show_processor(KNOWN, is_virtual=True)
    machine.work(1.0)
    energy_j = energy_of(rig, open_cpu_model(machine.roots, machine="m"))
    assert energy_j.best.value == pytest.approx(TDP_W * 4 / 40 * 1.02 * 10, rel=1e-3)


def test_time_stolen_by_other_machines_is_not_counted_as_load(machine, rig):
    machine.show_processor(KNOWN)
    machine.work(0.5, stolen=0.5)
    energy_j = energy_of(rig, open_cpu_model(machine.roots, machine="m"))
    assert energy_j.best.value == pytest.approx(TDP_W * 0.75 * 10, rel=1e-3)


@pytest.mark.parametrize("is_version_1", [False, True])
def test_a_container_is_modelled_by_its_own_share_and_load(machine, rig, is_version_1):
    machine.show_processor(KNOWN)
    machine.limit(2.0, is_version_1=is_version_1)
    machine.work(0.25)
    meter = open_cpu_model(machine.roots, machine="m")
    assert meter.channels()[0].scope == "container"
    energy_j = energy_of(rig, meter)
    assert energy_j.best.value == pytest.approx(TDP_W * 2 / 4 * 0.75 * 10, rel=1e-3)


def test_a_limit_that_does_not_bind_is_no_limit(machine):
    machine.limit(64.0)
    assert open_cpu_model(machine.roots, machine="m").channels()[0].scope == "machine"


def test_the_tightest_limit_of_all_groups_around_us_counts(machine, tmp_path):
    (tmp_path / "proc/self/cgroup").write_text("0::/pod/job\n")
    for group, quota_us in (("pod", 150_000), ("pod/job", 400_000)):
        folder = tmp_path / "sys/fs/cgroup" / group
        folder.mkdir(parents=True)
        (folder / "cpu.max").write_text(f"{quota_us} 100000\n")
    limit = find_cpu_limit(machine.roots)
    assert limit.cpus == pytest.approx(1.5)
    assert limit.usage_file.endswith("/pod/cpu.stat")


def test_memory_goes_by_its_size_and_the_containers_limit(machine, rig):
    rate = factor("brizna.meter", "memory", "memory/power")
    whole = energy_of(rig, open_memory_model(machine.roots, machine="m"))
    assert whole.best.value == pytest.approx(16 * rate.value * 10)
    assert whole.low.value == pytest.approx(16 * rate.low * 10)
    assert whole.high.value == pytest.approx(16 * rate.high * 10)
    machine.limit(2.0, memory_gib=4)
    assert find_memory_limit(machine.roots) == 4 * 2**30
    (channel,) = open_memory_model(machine.roots, machine="m").channels()
    assert channel.scope == "container"
    assert channel.max_power_w == pytest.approx(4 * rate.value)


def test_memory_that_the_watts_of_a_virtual_processor_may_hold_already_is_a_doubt(machine):
    cpu = open_cpu_model(machine.roots, machine="m")
    (channel,) = open_memory_model(machine.roots, machine="m", beside=[cpu]).channels()
    low, high = channel.doubts["model:memory-in-cpu@m"]
    assert 0 < low < 0.5
    assert high == 1.0
    machine.show_processor(KNOWN)
    cpu = open_cpu_model(machine.roots, machine="m")
    (channel,) = open_memory_model(machine.roots, machine="m", beside=[cpu]).channels()
    assert list(channel.doubts) == ["model:memory@m"]


def test_a_run_shorter_than_a_tick_of_the_kernel_is_not_zero_energy(machine, rig):
    machine.show_processor(KNOWN)
    sampler = rig.start([open_cpu_model(machine.roots, machine="m")])
    rig.clock.advance(0.001)
    assert sampler.sample()["c"] == [round(TDP_W * 1.02 * 1000)]


def test_sleep_of_the_machine_draws_no_modelled_power(machine, rig, energies):
    machine.show_processor(KNOWN)
    machine.work(1.0)
    rig.start([open_cpu_model(machine.roots, machine="m")])
    rig.tick(5)
    rig.clock.sleep(3600)
    rig.tick(5)
    assert energies(rig.run())["model/cpu"] == pytest.approx(TDP_W * 1.02 * 10, rel=1e-3)


def test_memory_is_counted_while_the_machine_is_awake_and_the_run_says_so(machine, rig):
    rate = factor("brizna.meter", "memory", "memory/power")
    meter = open_memory_model(machine.roots, machine="m", asleep_us=rig.clock.asleep_us)
    rig.start([meter])
    rig.tick(5)
    rig.clock.sleep(3600)
    rig.tick(5)
    run = rig.run()
    assert run.measurement.energy_j.best.value == pytest.approx(16 * rate.value * 10)
    (note,) = [note for note in run.notes if "suspended" in note]
    assert "3600 s" in note
    assert "model/memory" in note


@pytest.mark.parametrize("is_version_1", [False, True])
def test_a_container_does_not_idle_while_its_machine_sleeps(machine, rig, energies, is_version_1):
    machine.show_processor(KNOWN)
    machine.limit(2.0, is_version_1=is_version_1)
    machine.work(0.25)
    rig.start([open_cpu_model(machine.roots, machine="m", asleep_us=rig.clock.asleep_us)])
    rig.tick(5)
    rig.clock.sleep(3600)
    rig.tick(5)
    assert energies(rig.run())["model/cpu"] == pytest.approx(TDP_W * 2 / 4 * 0.75 * 10, rel=1e-3)


def test_the_noise_between_two_clocks_is_no_sleep():
    looks = iter([1_000, 400, 60_000, -3_000, 5_000_000, 4_999_000])
    sleep = Sleep(lambda: next(looks))
    assert [sleep.so_far_us() for _ in range(5)] == [1_000, 1_000, 1_000, 5_000_000, 5_000_000]


def test_a_model_of_memory_goes_on_in_another_process(machine):
    slept_us = [7_000_000]
    first, second = (
        open_memory_model(machine.roots, machine="m", asleep_us=lambda: slept_us[0])
        for _ in range(2)
    )
    first.read(20_000_000)
    first.read(25_000_000)
    slept_us[0] += 60_000_000
    second.resume(first.keep())
    rate = factor("brizna.meter", "memory", "memory/power")
    assert list(second.read(90_000_000)) == [round(16 * rate.value * 10_000_000)]


@pytest.mark.parametrize("interval_s", [1, 5])
def test_processors_that_are_taken_away_are_not_taken_for_sleep(machine, rig, energies, interval_s):
    machine.show_processor(KNOWN)
    machine.work(1.0)
    rig.start([open_cpu_model(machine.roots, machine="m")])
    rig.tick(10, interval_s=interval_s)
    machine.take_away(2)
    rig.tick(10, interval_s=interval_s)
    rig.clock.sleep(3600)
    rig.tick(10, interval_s=interval_s)
    machine.take_away(-2)
    rig.tick(10, interval_s=interval_s)
    full_j, half_j = TDP_W * 1.02 * 20, TDP_W * 0.75 * 20
    assert energies(rig.run())["model/cpu"] == pytest.approx(full_j + half_j, rel=1e-3)
    assert rig.gaps() == []


def test_idle_time_that_the_kernel_forgets_with_a_processor_costs_one_reading(machine, rig):
    machine.show_processor(KNOWN)
    machine.work(0.3)
    sampler = rig.start([open_cpu_model(machine.roots, machine="m")])
    rig.clock.advance(100)
    sampler.sample()
    machine.take_away(1, idle_us=50_000_000)
    rig.tick(10)
    (gap,) = rig.gaps()
    assert "went backwards" in gap["reason"]
    assert gap["to"] - gap["from"] <= 2_000_000


def test_memory_of_unknown_size_is_stated_as_unseen(machine, tmp_path):
    (tmp_path / "proc/meminfo").write_text("nothing of use\n")
    meter = open_memory_model(machine.roots, machine="m")
    assert list(meter.channels()) == []
    assert "memory" in meter.unseen()


def test_load_that_cannot_be_read_is_a_gap(machine, rig):
    machine.show_processor(KNOWN)
    machine.work(1.0)
    sampler = rig.start([open_cpu_model(machine.roots, machine="m")])
    rig.tick(3)
    machine.hide_load()
    assert sampler.sample()["c"] == [None]
    rig.tick(3)
    assert rig.run().measurement.energy_j.best.value == pytest.approx(TDP_W * 1.02 * 6, rel=1e-2)
    assert [gap["counted"] for gap in rig.gaps()] == [False]


def test_a_kernel_that_counts_no_time_shows_no_load_instead_of_none(machine, tmp_path):
    (tmp_path / "proc/stat").write_text("cpu  0 0 0 0 0 0 0 0 0 0\n")
    meter = open_cpu_model(machine.roots, machine="m")
    meter.read(0)
    assert None not in meter.read(100)
    assert list(meter.read(5_000_000)) == [None]
    assert "stands still" in meter.trouble()["model/cpu"]


def test_load_that_goes_backwards_is_a_gap_and_not_negative(machine, tmp_path):
    meter = open_cpu_model(machine.roots, machine="m")
    for t_us, line in ((0, "500 0 0 500"), (1_000_000, "400 0 0 700")):
        (tmp_path / "proc/stat").write_text(f"cpu  {line} 0 0 0 0 0 0\n")
        raws = list(meter.read(t_us))
    assert raws == [None]
    assert "went backwards" in meter.trouble()["model/cpu"]


def test_systems_without_procfs_are_modelled_from_their_processor_times():
    seconds = SimpleNamespace(user=0.0, system=0.0, idle=0.0)
    load = PortableLoad(4, times=lambda: seconds)
    assert load.read(0) == (0.0, 0.0)
    seconds.user, seconds.system, seconds.idle = 2.0, 1.0, 1.0
    assert load.read(1_000_000) == (750_000.0, 1_000_000.0)


def test_a_machine_that_says_nothing_of_its_processors_still_has_some(tmp_path):
    nothing = Roots(proc=str(tmp_path), sys=str(tmp_path), cgroup=str(tmp_path))
    assert find_processor(nothing).threads >= 1
    assert find_cpu_limit(nothing) is None


@pytest.mark.parametrize(
    ("family", "model", "stepping", "architecture"),
    [
        (6, 85, 4, "skylake"),
        (6, 85, 7, "cascade-lake"),
        (6, 85, 11, None),
        (6, 79, 1, "broadwell"),
        (6, 167, 1, None),
    ],
)
def test_an_architecture_is_known_by_its_numbers(family, model, stepping, architecture):
    processor = Processor(vendor="GenuineIntel", family=family, model=model, stepping=stepping)
    assert architecture_of(processor) == architecture


def test_an_unnamed_processor_of_known_architecture_gets_its_watts(machine):
    machine.show_processor("Intel(R) Xeon(R) CPU @ 2.20GHz", model=79, is_virtual=True)
    curve = open_cpu_model(machine.roots, machine="m").channels()[0].references
    assert "factor:vcpu/full/broadwell" in curve


def test_power_rises_with_load():
    curve = processor_curve(Processor(name=KNOWN, threads=40), cpus=None, machine="m")
    watts = [curve.power_w(load / 20) for load in range(25)]
    assert watts == sorted(watts)
    assert curve.power_w(1.2) == curve.power_w(1.0)


def test_every_component_is_covered_or_named(machine):
    def no_driver():
        raise UnavailableError("no driver here")

    meters = open_meters(machine="m", roots=machine.roots, nvml=no_driver)
    kinds = {channel.kind for meter in meters for channel in meter.channels()}
    unseen = {component for meter in meters for component in meter.unseen()}
    assert kinds == {"cpu", "memory"}
    assert unseen == {"storage", "network"}


def test_a_graphics_card_without_driver_is_stated_as_unseen(machine, tmp_path):
    def no_driver():
        raise UnavailableError("no driver here")

    device = tmp_path / "sys/bus/pci/devices/0000:01:00.0"
    device.mkdir(parents=True)
    (device / "class").write_text("0x030200\n")
    (device / "vendor").write_text("0x10de\n")
    meters = open_meters(machine="m", roots=machine.roots, nvml=no_driver)
    assert {"gpu": "no driver here"} in [meter.unseen() for meter in meters]


@pytest.mark.parametrize("open_model", [open_cpu_model, open_memory_model])
def test_the_models_conform(machine, rig, open_model):
    broken = meter_conformance(
        lambda: open_model(machine.roots, machine="m"), advance=rig.clock.advance
    )
    assert broken == []

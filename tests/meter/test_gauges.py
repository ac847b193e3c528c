"""What stands beside energy, read from a simulated machine."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brizna.core.gauges import Gauge, gauge_levels
from brizna.meter import Roots
from brizna.meter._gauges import Gauges, open_gauges
from brizna.meter._nvml import open_nvml
from brizna.testing import FakeClock, FakeGpu, FakeMachine, FakeNvml

PACKAGE = "devices/system/cpu/cpu0/thermal_throttle"


def write(folder, **files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n")


@pytest.fixture
def machine(tmp_path):
    """Return a simulated machine with every file that is read."""
    clock = FakeClock()
    fake = FakeMachine(tmp_path, clock, memory_gib=16)
    (tmp_path / "proc/meminfo").write_text(
        "MemTotal: 16777216 kB\nMemFree: 1 kB\nMemAvailable: 12582912 kB\n"
    )
    sys = tmp_path / "sys"
    for cpu, khz in enumerate((2_000_000, 3_000_000)):
        write(sys / f"devices/system/cpu/cpu{cpu}/cpufreq", scaling_cur_freq=khz)
        write(sys / f"devices/system/cpu/cpu{cpu}/topology", physical_package_id=0)
    write(
        sys / PACKAGE,
        package_throttle_count=3,
        package_throttle_total_time_ms=500,
        package_power_limit_count=7,
    )
    write(sys / "class/hwmon/hwmon0", name="nvme", temp1_input=30_000)
    write(
        sys / "class/hwmon/hwmon1",
        name="coretemp",
        temp1_input=61_000,
        temp1_label="Package id 0",
        temp2_input=75_000,
        temp2_label="Core 0",
    )
    write(
        sys / "class/powercap/intel-rapl:0",
        name="package-0",
        constraint_0_power_limit_uw=65_000_000,
    )
    fake.clock = clock
    fake.sys = sys
    return fake


class Watched:
    """The gauges of a machine, and the samples that they went into."""

    def __init__(self, gauges, clock):
        self.gauges = gauges
        self.clock = clock
        self.samples = []

    def tick(self, seconds, **how):
        self.clock.advance(seconds)
        self.samples.append({"t": self.clock.now_us(), **self.gauges.read(**how)})

    def shown(self):
        declared = [Gauge.from_json(gauge) for gauge in self.gauges.event()["gauges"]]
        return {levels.id: levels for levels in gauge_levels(declared, self.samples)}


def test_everything_that_a_machine_tells_is_read_in_base_units(machine):
    watched = Watched(open_gauges(machine.roots, clock=machine.clock), machine.clock)
    machine.work(0.25)
    watched.tick(0)
    watched.tick(10)
    shown = watched.shown()
    assert shown["cpu/use"].mean == pytest.approx(0.25, abs=0.01)
    assert shown["cpu/clock"].mean == 2.5e9
    assert shown["cpu/temperature"].mean == 61.0
    assert shown["cpu/temperature"].source == "hwmon coretemp: Package id 0"
    assert shown["cpu/power-limit"].mean == 65.0
    assert shown["memory/used"].mean == 4 * 2**30
    assert shown["cpu/slowed-by-heat"].mean == 0.0
    assert {"cpu/heat-limits", "cpu/power-limits"} <= shown.keys()


def test_a_virtual_machine_tells_what_its_host_gave_to_others(machine):
    machine.show_processor(is_virtual=True)
    watched = Watched(open_gauges(machine.roots, clock=machine.clock), machine.clock)
    machine.work(0.5, stolen=0.2)
    watched.tick(0)
    watched.tick(10)
    shown = watched.shown()
    assert shown["cpu/stolen"].mean == pytest.approx(0.2, abs=0.01)
    assert shown["cpu/use"].mean == pytest.approx(0.5, abs=0.01)


def test_an_absent_gauge_is_absent(tmp_path):
    empty = Roots(powercap="/none", proc=str(tmp_path), cgroup="/none", sys=str(tmp_path))
    gauges = open_gauges(empty, clock=FakeClock(), command=os.getpid())
    assert [gauge["id"].partition("/")[0] for gauge in gauges.event()["gauges"]] == ["run", "run"]


def test_gauges_are_read_every_ten_seconds_and_not_at_each_tick(machine):
    watched = Watched(open_gauges(machine.roots, clock=machine.clock), machine.clock)
    for _ in range(31):
        watched.tick(1)
    assert sum("g" in sample for sample in watched.samples) == 4
    watched.tick(1, at_any_cost=True)
    assert "g" in watched.samples[-1]


def test_what_is_dear_to_read_is_read_less_often(machine):
    clock = machine.clock

    def slow():
        clock.advance(0.002)
        return [1.0]

    watched = Watched(
        Gauges([((Gauge(id="x/y", unit="1", source="s"),), slow)], clock=clock), clock
    )
    for _ in range(101):
        watched.tick(1)
    assert sum("g" in sample for sample in watched.samples) == 2


def test_meters_of_another_machine_bring_their_own_gauges_only():
    clock = FakeClock()
    (meter,), _ = open_nvml(machine="m", provider=FakeNvml(clock, [FakeGpu(uuid="GPU-0")]))
    gauges = open_gauges(None, clock=clock, meters=[meter])
    assert {gauge["id"].partition("/")[0] for gauge in gauges.event()["gauges"]} == {"gpu"}


def test_a_meter_whose_gauges_cannot_be_told_has_none():
    class Broken:
        def gauges(self):
            raise RuntimeError("gone")

    assert open_gauges(None, clock=FakeClock(), meters=[Broken()]).read() == {}


def test_a_file_that_vanishes_leaves_readings_out_and_nothing_else(machine):
    watched = Watched(open_gauges(machine.roots, clock=machine.clock), machine.clock)
    watched.tick(10)
    (machine.sys / "class/hwmon/hwmon1/temp1_input").unlink()
    (machine.sys.parent / "proc/meminfo").write_bytes(b"")
    watched.tick(10)
    shown = watched.shown()
    assert (shown["cpu/temperature"].mean, shown["cpu/temperature"].readings) == (61.0, 1)
    assert shown["memory/used"].readings == 1
    assert shown["cpu/clock"].readings == 2


def test_a_device_that_raises_does_not_reach_the_job(machine):
    def broken():
        raise RuntimeError("lost")

    gauges = Gauges([((Gauge(id="x/y", unit="1", source="s"),), broken)], clock=machine.clock)
    assert gauges.read() == {"g": [None]}


def test_this_process_is_switched_out_and_counted():
    gauges = open_gauges(Roots(sys="/none", powercap="/none", proc="/none"), clock=FakeClock())
    waiting, forced = gauges.read()["g"]
    assert waiting >= 0
    assert forced >= 0


def test_a_card_tells_use_memory_clock_temperature_and_what_limits_it():
    clock = FakeClock()
    nvml = FakeNvml(
        clock,
        [FakeGpu(uuid="GPU-0", use=0.5, memory_used=2**30, temperature_c=70, power_w=250.0)],
    )
    (meter,), _ = open_nvml(machine="m", provider=nvml)
    watched = Watched(Gauges(meter.gauges(), clock=clock), clock)
    watched.tick(0)
    nvml.show(0, reasons=0x04)
    watched.tick(10)
    shown = {name.removeprefix("gpu/GPU-0/"): levels for name, levels in watched.shown().items()}
    assert shown["use"].mean == 0.5
    assert shown["memory-used"].mean == 2**30
    assert shown["clock"].mean == 1410e6
    assert shown["temperature"].mean == 70
    assert shown["power"].mean == 250
    assert shown["power-limit"].mean == 400
    assert (shown["limited-by-power"].mean, shown["limited-by-heat"].mean) == (0.5, 0)


def test_a_card_that_tells_nothing_beside_its_energy_has_the_gauges_it_answers_to():
    nvml = FakeNvml(FakeClock(), [FakeGpu(uuid="GPU-0", has_gauges=False, limit_w=None)])
    (meter,), _ = open_nvml(machine="m", provider=nvml)
    ((gauges, read),) = meter.gauges()
    assert [gauge.id for gauge in gauges] == ["gpu/GPU-0/power"]
    nvml.lose(0)
    assert read() == [None]


# ---------------------------------------------------------------------------------- the arithmetic

LEVEL = Gauge(id="a/b", unit="W", source="s")
COUNT = Gauge(id="a/b", unit="1/s", source="s", counts=True)


def test_a_mean_is_weighted_by_time():
    samples = [{"t": 0, "g": [0.0]}, {"t": 9_000_000, "g": [0.0]}, {"t": 10_000_000, "g": [10.0]}]
    (levels,) = gauge_levels([LEVEL], samples)
    assert levels.mean == pytest.approx(0.5)
    assert (levels.least, levels.most, levels.readings) == (0.0, 10.0, 3)


def test_time_beside_a_missing_reading_is_in_no_mean():
    samples = [{"t": t, "g": [g]} for t, g in ((0, 1.0), (1, 1.0), (2, None), (3, 9.0), (4, 9.0))]
    (levels,) = gauge_levels([LEVEL], samples)
    assert levels.mean == 5.0


def test_a_count_that_starts_again_does_not_count_backwards():
    samples = [{"t": t * 1_000_000, "g": [g]} for t, g in enumerate((5, 9, 0, 4))]
    (levels,) = gauge_levels([COUNT], samples)
    assert (levels.counted, levels.mean) == (8, 4.0)


def test_a_single_reading_of_a_count_says_nothing():
    assert gauge_levels([COUNT], [{"t": 0, "g": [7]}]) == ()


@given(st.lists(st.tuples(st.integers(1, 10**7), st.floats(0, 1e6)), min_size=2, max_size=12))
def test_a_mean_lies_between_the_least_and_the_most(steps):
    t, samples = 0, []
    for passed, level in steps:
        t += passed
        samples.append({"t": t, "g": [level]})
    (levels,) = gauge_levels([LEVEL], samples)
    assert levels.least - 1e-6 <= levels.mean <= levels.most + 1e-6


@given(st.lists(st.tuples(st.integers(1, 10**7), st.integers(0, 1000)), min_size=1, max_size=12))
def test_a_mean_rate_lies_between_the_least_and_the_most(steps):
    t, total, samples = 0, 0, [{"t": 0, "g": [0]}]
    for passed, rise in steps:
        t, total = t + passed, total + rise
        samples.append({"t": t, "g": [total]})
    (levels,) = gauge_levels([COUNT], samples)
    assert levels.least * (1 - 1e-9) <= levels.mean <= levels.most * (1 + 1e-9)


def test_a_burst_in_a_moment_counts_together_with_what_is_beside_it():
    samples = [{"t": t, "g": [g]} for t, g in ((0, 0), (10_000_000, 200), (10_100_000, 500))]
    (levels,) = gauge_levels([COUNT], samples)
    assert levels.mean == levels.most == levels.least == pytest.approx(500 / 10.1)


@given(st.lists(st.integers(0, 1000), min_size=3, max_size=12), st.data())
def test_leaving_a_reading_out_changes_no_count(rises, data):
    total, samples = 0, []
    for second, rise in enumerate(rises):
        total += rise
        samples.append({"t": second * 1_000_000, "g": [total]})
    dropped = data.draw(st.integers(1, len(samples) - 2))
    kept = samples[:dropped] + samples[dropped + 1 :]
    (all_of,), (less,) = gauge_levels([COUNT], samples), gauge_levels([COUNT], kept)
    assert (all_of.counted, all_of.mean) == (less.counted, pytest.approx(less.mean))


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="counts open files by procfs")
def test_reading_leaves_no_file_open(machine):
    before = os.listdir("/proc/self/fd")
    gauges = open_gauges(machine.roots, clock=machine.clock)
    gauges.read()
    gauges.read(at_any_cost=True)
    assert len(os.listdir("/proc/self/fd")) == len(before)

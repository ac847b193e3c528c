"""The idle baseline, from a simulated machine's counters to a run's energy above idle."""

from __future__ import annotations

import random

import pytest

from brizna.account import Footprint
from brizna.core.baseline import Baseline, stale_reasons
from brizna.core.codec import encode
from brizna.core.errors import InputError, UnavailableError
from brizna.core.measurement import Run
from brizna.environment import machine_name
from brizna.meter import open_meters
from brizna.store import Store, keep_baseline, latest_baseline
from brizna.testing import FakeClock, FakeMachine, FakePowercap, FakeZone
from brizna.verbs._baseline import Instruments, conditions, measure_baseline
from brizna.verbs._recorder import Job, Recorder
from brizna.verbs._settings import read_settings
from brizna.verbs._views import recompute_view, view_of

IDLE_W, DRAM_W = 20.0, 3.0
PER_CPU_W = 15.0
"""What one busy processor adds."""
PROCESSORS = 4
PACKAGE, DRAM = "rapl/package-0", "rapl/package-0/dram"


class Bench:
    """A simulated machine: idle plus so many watts for each processor that is busy."""

    def __init__(self, root):
        self.clock = FakeClock()
        self.machine = FakeMachine(root, self.clock, threads=PROCESSORS)
        self.powercap = FakePowercap(
            root / "sys/class/powercap",
            self.clock,
            [
                FakeZone(label="intel-rapl:0", name="package-0", power_w=IDLE_W, limit_w=200.0),
                FakeZone(label="intel-rapl:0:0", name="dram", power_w=DRAM_W, limit_w=50.0),
            ],
        )
        self.busy_us = 0.0
        self._load = 0.0
        self.clock.watch(self._move)

    def _move(self, passed_us):
        self.busy_us += passed_us * self._load

    def work(self, processors, *, noise_w=0.0):
        """Keep so many processors busy, from now on."""
        self._load = processors
        self.powercap.draw("intel-rapl:0", IDLE_W + PER_CPU_W * processors + noise_w)

    def meters(self):
        return open_meters(machine=machine_name(), roots=self.machine.roots)

    def instruments(self, *, wait=None, busy_us=None):
        return Instruments(
            self.meters(),
            clock=self.clock,
            wait=wait or self.clock.advance,
            busy_us=busy_us or (lambda: round(self.busy_us)),
            processors=PROCESSORS,
        )


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path / "machine")


@pytest.fixture
def store(tmp_path):
    return Store(str(tmp_path / "store"))


def measured(bench, **options):
    return measure_baseline(machine_name(), duration_s=60, using=bench.instruments(**options))


def by_id(baseline):
    return {channel.id: channel for channel in baseline.channels}


# ------------------------------------------------------------------------------------ measuring


def test_the_idle_power_of_each_counter_is_found(bench):
    found = by_id(measured(bench))
    assert set(found) == {PACKAGE, DRAM}
    assert found[PACKAGE].power_w.best.value == pytest.approx(IDLE_W)
    assert found[DRAM].power_w.best.value == pytest.approx(DRAM_W)
    assert found[PACKAGE].power_w.basis == "metered"
    assert f"meter:{PACKAGE}@{machine_name()}" in found[PACKAGE].power_w.doubts


def test_power_that_varies_by_itself_widens_the_interval(bench):
    noise = random.Random(1)

    def wait(seconds):
        bench.work(0, noise_w=noise.gauss(0, 4))
        bench.clock.advance(seconds)

    found = by_id(measured(bench, wait=wait))[PACKAGE]
    low, high = next(
        ends for name, ends in found.power_w.doubts.items() if name.startswith("baseline:variation")
    )
    assert low < IDLE_W < high
    assert 1 < high - low < 10
    assert found.least_w < found.power_w.best.value < found.most_w


def test_what_ran_meanwhile_lets_idle_power_be_lower_not_higher(bench):
    bench.work(0.04 * PROCESSORS)
    baseline = measured(bench)
    power_w = by_id(baseline)[PACKAGE].power_w
    assert baseline.busy == pytest.approx(0.04)
    low, high = next(
        ends for name, ends in power_w.doubts.items() if name.startswith("baseline:load")
    )
    assert low < IDLE_W < power_w.best.value
    assert high == power_w.best.value


def test_a_busy_machine_is_refused(bench):
    bench.work(PROCESSORS / 2)
    with pytest.raises(UnavailableError, match="busy for 50%"):
        measured(bench)


def test_where_nobody_knows_how_busy_it_was_the_interval_allows_for_the_most(bench):
    baseline = measured(bench, busy_us=lambda: None)
    assert baseline.busy is None
    assert by_id(baseline)[PACKAGE].power_w.low.value < 0.5 * IDLE_W


def test_too_short_a_time_is_refused(bench):
    with pytest.raises(InputError, match="at least 10 s"):
        measure_baseline("m", duration_s=5, using=bench.instruments())


def test_a_counter_with_a_gap_has_no_idle_power(bench):
    ticks = iter(range(1000))

    def wait(seconds):
        if next(ticks) == 20:
            bench.powercap.reset("intel-rapl:0:0")
        bench.clock.advance(seconds)

    baseline = measured(bench, wait=wait)
    assert set(by_id(baseline)) == {PACKAGE}
    assert baseline.not_measured[DRAM] == "its readings have a gap"


def test_what_is_modelled_knows_its_idle_power_by_itself(tmp_path):
    clock = FakeClock()
    machine = FakeMachine(tmp_path, clock)
    meters = open_meters(machine="m", roots=machine.roots)
    using = Instruments(
        meters, clock=clock, wait=clock.advance, busy_us=lambda: 0, processors=PROCESSORS
    )
    with pytest.raises(UnavailableError, match="knows its idle power by itself"):
        measure_baseline("m", using=using)
    curve = {channel.id: channel.idle_w for meter in meters for channel in meter.channels()}
    assert curve["model/cpu"] > 0


# --------------------------------------------------------------------------------------- keeping


def test_the_newest_baseline_of_a_machine_is_the_one(bench, store):
    baseline = measured(bench)
    keep_baseline(store, baseline.replace(measured="2026-01-01T00:00:00Z"))
    digest = keep_baseline(store, baseline.replace(measured="2026-02-01T00:00:00Z"))
    keep_baseline(store, baseline.replace(measured="2026-03-01T00:00:00Z", machine="another"))
    found = latest_baseline(store, machine_name())
    assert found is not None
    assert (found[0].measured, found[1]) == ("2026-02-01T00:00:00Z", digest)
    assert Baseline.from_json(found[0].to_json()) == found[0]


def test_an_old_baseline_or_one_of_another_kernel_says_so(bench):
    baseline = measured(bench).replace(conditions={"kernel": "6.1", "processors": 4})
    assert stale_reasons(baseline, age_s=0, conditions={"kernel": "6.1", "processors": 4}) == []
    old, changed = stale_reasons(
        baseline, age_s=91 * 86400, conditions={"kernel": "6.8", "processors": 4}
    )
    assert old == "the baseline is 91 days old"
    assert changed == "since the baseline was measured these changed: kernel"


def test_conditions_name_neither_host_nor_user():
    assert set(conditions()) == {"kernel", "processors", "governor", "boot_options"}


# ------------------------------------------------------------------------------------------ using


def recorded(bench, store, *, own=0.5, others=1.0, **options):
    """Record 100 s in which the run keeps ``own`` processors busy, and others ``others``."""
    given = {"store": store.path, "zone": "ES", **options}
    settings = read_settings(given, environ={}, directory=store.path)
    bench.work(own + others)
    recorder = Recorder(
        Job(command=["train"]),
        settings,
        environ={},
        directory="/",
        meters=bench.meters(),
        clock=bench.clock,
    )
    recorder.sampler.start({"cpu": [0, 0]})
    recorder.describe()
    for second in range(1, 101):
        bench.clock.advance(1)
        used_us = [round(second * 1e6 * own), round(second * 1e6 * (own + others))]
        recorder.sampler.sample({"cpu": used_us, "mem": [10**9, 4 * 10**9]})
    return recorder.finish(exit_code=0)


def run_of(view):
    return Run.from_json({name: view[name] for name in ("schema", *Run.fields()) if name in view})


def test_a_baseline_gives_later_runs_their_energy_above_idle(bench, store):
    keep_baseline(store, measured(bench))
    run = run_of(recorded(bench, store))
    told = run.measurement.attribution
    own = told.users[0]
    assert own.above_idle_j.best.value == pytest.approx(100 * 0.5 * PER_CPU_W, rel=1e-3)
    fair_j = 100 * (IDLE_W + 1.5 * PER_CPU_W) / 3 + 100 * DRAM_W / 4
    assert own.fair_share_j.best.value == pytest.approx(fair_j, rel=1e-3)
    assert told.above_idle_j.best.value == pytest.approx(100 * 1.5 * PER_CPU_W, rel=1e-3)
    assert told.baseline["stale"] == []
    assert 0 <= told.baseline["age_s"] < 60


def test_runs_that_share_a_machine_sum_to_it(bench, store):
    """Three runs, one after the other here, side by side on the machine that they describe."""
    keep_baseline(store, measured(bench))
    shares = (0.2, 0.5, 1.3)
    whole = 0.0
    for own in shares:
        run = run_of(recorded(bench, store, own=own, others=sum(shares) - own))
        whole += run.measurement.attribution.users[0].above_idle_j.best.value
    assert whole == pytest.approx(100 * sum(shares) * PER_CPU_W, rel=0.01)


def test_declared_idle_power_goes_before_measured(bench, store):
    keep_baseline(store, measured(bench))
    run = run_of(recorded(bench, store, idle_w=f"{PACKAGE}=18"))
    idle_w = run.measurement.attribution.idle_w
    assert idle_w[PACKAGE].best.value == 18
    assert idle_w[PACKAGE].basis == "declared"
    assert idle_w[DRAM].basis == "metered"


@pytest.mark.parametrize(
    ("idle_w", "said"),
    [("rapl/none=5", "no channel"), (f"{PACKAGE}=1e9", "more than it can draw")],
)
def test_idle_power_that_cannot_be_is_said_in_the_record(bench, store, idle_w, said):
    run = run_of(recorded(bench, store, idle_w=idle_w))
    (note,) = (note for note in run.notes if said in note)
    assert idle_w.partition("=")[0] in note


@pytest.mark.parametrize(
    "text", ["12", "package=", "package=-3", "package=warm", "=4", "a=1,,b", "a=1,a=2"]
)
def test_a_declaration_that_names_no_power_is_refused(text):
    with pytest.raises(InputError, match="rapl/package-0="):
        read_settings({"idle_w": text}, environ={}, directory="/")


@pytest.mark.parametrize(
    ("seen_as", "part"), [("fair-share", "fair_share_j"), ("above-idle", "above_idle_j")]
)
def test_a_footprint_is_of_the_view_that_was_asked_for(bench, store, seen_as, part):
    keep_baseline(store, measured(bench))
    view = recorded(bench, store, view=seen_as)
    own = run_of(view).measurement.attribution.users[0]
    footprint = Footprint.from_json(view["footprint"])
    assert footprint.view == seen_as
    assert footprint.energy_j == getattr(own, part)
    assert recompute_view(store, "last") == encode(view["footprint"])
    assert view_of(store, "last")["footprint"]["view"] == seen_as
    whole = view_of(store, "last", seen_as="machine")["footprint"]
    assert whole["energy_j"] == view["measurement"]["energy_j"]


def test_without_a_baseline_the_footprint_above_idle_is_unknown_with_its_reason(bench, store):
    view = recorded(bench, store, view="above-idle")
    assert view["footprint"]["energy_j"] is None
    assert "brizna doctor --baseline" in view["footprint"]["reasons"]["carbon_g"]


def test_a_baseline_that_was_changed_is_told_and_the_run_goes_on(bench, store, tmp_path):
    digest = keep_baseline(store, measured(bench))
    path = tmp_path / "store" / "baselines" / f"{digest.removeprefix('sha256:')}.json"
    path.write_bytes(path.read_bytes().replace(b'"busy":0', b'"busy":1'))
    view = recorded(bench, store)
    assert view["measurement"]["attribution"]["users"][0]["above_idle_j"] is None
    assert view["footprint"]["energy_j"] is not None

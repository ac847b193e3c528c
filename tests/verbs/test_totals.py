"""Totals of many runs: what `total` says of all of them, and nothing twice."""

from __future__ import annotations

import json
import math
import random
from array import array

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brizna.cli import main
from brizna.core.errors import InputError
from brizna.core.estimate import CHANCE, Estimate, total
from brizna.core.measurement import Measurement, Run
from brizna.core.quantities import Carbon, Energy
from brizna.store import RunSummary, Store, Wanted, sum_runs, unknown_runs
from brizna.store._figures import Sums, common_places, layout_of, row_of
from brizna.store._stored import Told
from brizna.verbs import RunTotals, total_runs


def told_of(run_id: str, carbon: Estimate) -> Told:
    summary = RunSummary(id=run_id, state="finished", digest="sha256:1")
    footprint = {
        "schema": "brizna.footprint/1",
        "subject": "sha256:1",
        "energy_j": None,
        "carbon_g": carbon.to_json(),
    }
    return Told(summary=summary, run={}, records=(footprint,))


def summed(estimates: list[Estimate], *, every: int = 10**9, by_common: bool = False) -> Estimate:
    """Return the carbon of runs with these figures, summed as the index does.

    Args:
        estimates: Of each run.
        every: How many are summed at once.
        by_common: Whether doubts that many share are summed over all runs that share them.
    """
    names: list[str] = []
    layouts: dict[str, object] = {}
    waiting: dict[str, list[object]] = {}
    sums = Sums(["carbon_g"], names.__getitem__)
    for number, estimate in enumerate(estimates):
        run_id = f"run-{number}"
        layout, doubts, row = row_of(told_of(run_id, estimate))
        for name in doubts:
            if name not in names:
                names.append(name)
        places = array("I", [names.index(name) for name in doubts])
        layouts.setdefault(layout, layout_of(json.loads(layout)))
        waiting.setdefault(layout, []).append((run_id, 1.0, places.tobytes(), row.tobytes()))
        if number % every == every - 1 or number == len(estimates) - 1:
            for told, rows in waiting.items():
                common = common_places(rows, layouts[told]) if by_common else ()
                assert common or not by_common or len(rows) < 100
                sums.add(rows, layouts[told], common)
            waiting.clear()
    ((carbon, runs),) = sums.result().values()
    assert runs == len(estimates)
    return carbon


@st.composite
def carbons(draw: st.DrawFn, *, own: bool) -> list[Estimate]:
    """Return figures of runs, with doubts that some of them share."""
    found: list[Estimate] = []
    for _ in range(draw(st.integers(1, 60))):
        best = draw(st.floats(0.1, 1000))
        names = draw(st.sets(st.sampled_from(["grid", "pue", "model", *([CHANCE] if own else [])])))
        ends = st.floats(0.5, 2.0)
        doubts = {n: (Carbon(best * draw(ends)), Carbon(best * draw(ends))) for n in sorted(names)}
        found.append(Estimate(Carbon(best), doubts=doubts, references=sorted(names)))
    return found


@settings(max_examples=40, deadline=None)
@given(carbons(own=True), st.integers(1, 10))
def test_the_sum_of_many_runs_is_that_of_their_estimates(found, every):
    expected, seen = total(found), summed(found, every=every)
    assert_same(seen, expected)


def assert_same(seen: Estimate, expected: Estimate) -> None:
    assert seen.best == expected.best, "to the last digit"
    assert set(seen.doubts) == set(expected.doubts)
    for name, ends in expected.doubts.items():
        assert seen.doubts[name] == pytest.approx(ends, rel=1e-12)
    assert seen.to_json()["low"] == pytest.approx(expected.to_json()["low"], rel=1e-8)
    assert set(seen.references) == set(expected.references)


@pytest.mark.parametrize("every", [10**9, 137])
def test_doubts_that_many_share_are_summed_together_to_the_same_digits(every):
    """Runs of 3 machines in 2 zones, each in an hour that few share: some names common, one not."""
    chance = random.Random(1)
    found: list[Estimate] = []
    for number in range(700):
        best = chance.lognormvariate(0, 2)
        names = (f"m{number % 3}", f"grid/{number % 2}", f"hour/{number // 9}", "pue")
        ends = {
            name: (best * chance.uniform(0.5, 1), best * chance.uniform(1, 2)) for name in names
        }
        found.append(Estimate.of(Carbon(best), ends, basis="modelled", references=["pue"]))
    expected = total(found)
    assert_same(summed(found, every=every, by_common=True), expected)
    assert_same(summed(found, every=every), expected)


def test_doubts_of_one_run_alone_add_in_quadrature():
    """100 runs of 10 g, each known to 1 g by itself: 1000 g, known to 10 g."""
    found = [
        Estimate(Carbon(10), doubts={f"edge:run-{n}/0": (Carbon(9), Carbon(11))})
        for n in range(100)
    ]
    seen = summed(found)
    assert seen.doubts == {CHANCE: pytest.approx((990, 1010))}
    assert seen.low.value == pytest.approx(990, rel=1e-4)


def test_a_doubt_that_all_share_adds_up():
    """100 runs of 10 g under a grid known to 10 %: 1000 g, known to 100 g."""
    found = [Estimate(Carbon(10), doubts={"grid": (Carbon(9), Carbon(11))})] * 100
    assert summed(found).doubts == {"grid": pytest.approx((900, 1100))}


# ------------------------------------------------------------------------------------------- stores


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return Store(str(tmp_path / "store"))


@pytest.fixture
def keep(store):
    """Return a function that keeps a run, and its footprint if carbon is given."""

    def make(energy_j, *, at_s, tags=(), carbon_g=None, duration_s=60.0, **fields):
        directory = store.create_run(at_s=at_s)
        run_id = directory.rpartition("/")[2]
        stamp = run_id[:15]
        run = Run(
            id=run_id,
            tags=tuple(tags),
            started=f"{stamp[:4]}-{stamp[4:6]}-{stamp[6:8]}T{stamp[9:11]}:{stamp[11:13]}:00Z",
            duration_s=duration_s,
            measurement=Measurement(energy_j=Estimate(Energy(energy_j))),
            brizna="0.1.0",
            **fields,
        )
        digest = store.finish(run)
        if carbon_g is not None:
            footprint = {
                "schema": "brizna.footprint/1",
                "subject": digest,
                "energy_j": Estimate(Energy(energy_j)).to_json(),
                "carbon_g": Estimate(Carbon(carbon_g)).to_json(),
            }
            store.put(footprint, run_id=run_id)
        return run_id

    return make


def best_of(totals, figure="energy_j"):
    return {
        tuple(group.key.values()): one.value.best.value
        for group in totals.groups
        for one in group.totals
        if one.figure == figure
    }


DAY_S = 86_400


def test_groups_by_tag_and_month_sum_to_the_whole(store, keep):
    keep(1, at_s=0, tags=["team:a"])
    keep(2, at_s=40 * DAY_S, tags=["team:a", "x"])
    keep(4, at_s=1, tags=["team:b", "team:a"])
    keep(8, at_s=2)
    found = total_runs(store, by=("tag:team", "month"))
    assert best_of(found) == {
        ("a", "1970-01"): 1,
        ("a", "1970-02"): 2,
        ("a + b", "1970-01"): 4,
        (None, "1970-01"): 8,
    }
    assert found.whole.totals[0].value.best.value == 15
    assert RunTotals.from_json(found.to_json()) == found


def test_periods_are_those_of_the_calendar(store, keep):
    keep(1, at_s=0)  # a Thursday
    for by, expected in [
        ("year", "1970"),
        ("quarter", "1970-Q1"),
        ("month", "1970-01"),
        ("week", "1970-W01"),
        ("day", "1970-01-01"),
    ]:
        assert list(best_of(total_runs(store, by=(by,)))) == [(expected,)]


def test_a_figure_that_some_runs_lack_says_of_how_many_it_is(store, keep):
    keep(1, at_s=0, carbon_g=3.0)
    keep(2, at_s=1)
    (group,) = total_runs(store).groups
    assert {one.figure: (one.value.best.value, one.runs) for one in group.totals} == {
        "energy_j": (3.0, 2),
        "carbon_g": (3.0, 1),
    }


def test_a_run_inside_another_counts_once_and_by_itself_if_the_other_is_not_asked_for(store, keep):
    outer = keep(10, at_s=0, tags=["outer"])
    keep(4, at_s=10, tags=["inner"], parent=outer)
    found = total_runs(store)
    assert (best_of(found), found.inside) == ({(): 10}, 1)
    found = total_runs(store, wanted=Wanted(tags=("inner",)))
    assert (best_of(found), found.inside) == ({(): 4}, 0)


def test_runs_that_shared_a_machine_are_counted(store, keep):
    here = {"host": "h", "boot": "b", "ns": "n", "start": 1, "ancestors": []}
    for number, begun_s in enumerate((0, 30, 200)):
        process = {**here, "pid": number + 2, "boot_us": begun_s * 10**6}
        keep(1, at_s=begun_s, process=process)
    assert total_runs(store).at_once == 2


def test_only_the_days_asked_for_are_summed(store, keep):
    for day in range(4):
        keep(2**day, at_s=day * DAY_S)
    found = total_runs(store, wanted=Wanted(start="1970-01-02", end="1970-01-04"))
    assert best_of(found) == {(): 6}


def test_failed_runs_and_the_search_for_settings_are_in_the_sums_by_stage(store, keep, capsys):
    keep(1, at_s=0, tags=["stage:search"], exit_code=1)
    keep(2, at_s=1, tags=["stage:search"], exit_code=0)
    keep(4, at_s=2, tags=["stage:pre-training"], state="interrupted")
    keep(8, at_s=3, tags=["stage:pre-training"])
    found = total_runs(store, by=("stage", "outcome"))
    assert best_of(found) == {
        ("pre-training", "failed"): 4,
        ("pre-training", "succeeded"): 8,
        ("search", "failed"): 1,
        ("search", "succeeded"): 2,
    }
    words = ["runs", "total", "--by", "stage,outcome", "--store", store.path, "--lang", "es"]
    assert main(words) == 0
    told = capsys.readouterr().out
    assert "búsqueda de parámetros" in told
    assert "fallida" in told


def test_runs_that_a_sum_lacks_are_named(store, keep):
    keep(1, at_s=0, carbon_g=3.0)
    outer = keep(2, at_s=60, tags=["a"])
    keep(2, at_s=61, tags=["a"], parent=outer)
    keep(4, at_s=DAY_S, tags=["a"])

    def unknown(wanted):
        def ask(index):
            found = sum_runs(
                index, lambda row: row["view"], by=(), figures=("cost",), wanted=wanted
            )
            return unknown_runs(index, "carbon_g", wanted=wanted, inside=found.inside)

        return store.through_index(ask)[0]

    assert len(unknown(Wanted())) == 2
    assert unknown(Wanted(tags=("a",), end="1970-01-01T00:01:01")) == [outer]
    assert unknown(Wanted(start="1970-01-01T00:01:01", end="1970-01-02")) == []


def test_packing_changes_no_total(store, keep):
    for number in range(30):
        keep(number, at_s=number * DAY_S, carbon_g=number / 3, tags=[f"team:{number % 2}"])
    before = total_runs(store, by=("tag:team",))
    store.pack(keep_last=5)
    assert total_runs(store, by=("tag:team",)) == before
    assert math.isclose(best_of(before)[("0",)], 210)


@pytest.mark.parametrize("given", [{"by": ("team",)}, {"by": ("tag:",)}, {"figures": ("joules",)}])
def test_what_is_not_known_is_refused(store, given):
    with pytest.raises(InputError, match="Known:"):
        total_runs(store, **given)


def test_the_command_tells_groups_and_what_it_left_out(store, keep, capsys):
    outer = keep(7.2e6, at_s=0, tags=["team:a"], carbon_g=900)
    keep(1, at_s=1, parent=outer)
    keep(3.6e6, at_s=2, tags=["team:b"])
    path = ["--store", store.path]
    assert main(["runs", "total", "--by", "tag:team", *path]) == 0
    said = capsys.readouterr()
    assert [line.split() for line in said.out.splitlines()] == [
        ["tag:team", "runs", "time", "energy", "carbon"],
        ["a", "1", "1", "min", "00", "s", "2", "kWh", "900", "g", "CO2e"],
        ["b", "1", "1", "min", "00", "s", "1", "kWh", "unknown"],
        ["all", "2", "2", "min", "00", "s", "3", "kWh", "900", "g", "CO2e", "[1", "run]"],
    ]
    assert "1 run lies inside another" in said.err
    assert main(["runs", "pack", "--keep-last", "1", *path, "--lang", "es"]) == 0
    assert capsys.readouterr().out == "2 ejecuciones empaquetadas.\n"
    assert main(["runs", "total", "--json", *path]) == 0
    assert json.loads(capsys.readouterr().out)["groups"][0]["runs"] == 2
    assert main(["runs", "unpack", outer, *path]) == 0
    assert main(["runs", "total", "--from", "yesterday", *path]) == 2

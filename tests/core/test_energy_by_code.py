"""Energy by code: whatever was seen, the parts are the run."""

from __future__ import annotations

import random
from math import fsum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brizna.core.errors import UnavailableError
from brizna.core.estimate import Estimate, total
from brizna.core.hints import HINTS, hints_of
from brizna.core.looks import Grid
from brizna.core.profile import LEAST_SHARE, Profile, Timed, operators_of, profile_of
from brizna.core.quantities import Energy
from brizna.core.replay import replay

PACKAGE = {
    "e": "channel",
    "id": "rapl/package-0",
    "kind": "cpu",
    "method": "rapl",
    "basis": "metered",
    "doubts": {"meter:rapl": [0.95, 1.05]},
}
START = {
    "e": "start",
    "schema": "brizna.journal/1",
    "id": "20261122T080000Z-abcdef",
    "command": ["python", "train.py"],
    "started": "2026-11-22T08:00:00Z",
    "boot_us": 1_000_000,
    "brizna": "0.1",
    "cpus": 4,
}


def journal(seconds, *, idle_w=None, machine_us=None):
    """Return events: by second, watts, and microseconds of processor time of the run."""
    channel = PACKAGE if idle_w is None else {**PACKAGE, "idle_w": idle_w}
    events = [START, channel]
    energy_uj = used_us = whole_us = 0
    events.append({"t": 0, "c": [0], "cpu": [0, 0]})
    for number, (watts, cpu_us) in enumerate(seconds, 1):
        energy_uj += round(watts * 1e6)
        used_us += cpu_us
        whole_us += machine_us or cpu_us
        events.append({"t": number * 1_000_000, "c": [energy_uj], "cpu": [used_us, whole_us]})
    return [*events, {"e": "end", "exit_code": 0, "signal": None, "state": "finished"}]


def line(start_s, end_s, *, cpu=(), waits=(), first=False, looks=100):
    """Return what looks between two seconds wrote; the first line names three functions."""
    told = {
        "pid": 7,
        "from": round(1e6 * (1 + start_s)),
        "to": round(1e6 * (1 + end_s)),
        "looks": looks,
        "late_us": 0,
        "f": [["<module>", "train.py", 1], ["load", "train.py", 3], ["step", "train.py", 9]],
        "n": [[-1, 0], [0, 1], [0, 2], [2, -1], [2, 1]],
        "c": [list(entry) for entry in cpu],
        "w": [list(entry) for entry in waits],
        "q": [],
        "own_us": 0,
    }
    return told | {"period_us": 10_000, "used_us": 0} if first else told | {"f": [], "n": []}


LOAD, STEP, STEP_NATIVE, STEP_LOAD = 1, 2, 3, 4


def profile(seconds, lines, *, view="machine", **options):
    """Return the profile of such a run."""
    events = journal(seconds, **options)
    return profile_of(replay(events), "sha256:0", events=events, lines=lines, view=view)


def shares(found, kind=None):
    """Return the shares by name, or by kind where there is no name."""
    kinds = (kind,) if kind else ("function", "process", "others", "unsampled", "sampler")
    return {p.name or p.kind: p.share for p in found.parts if p.kind in kinds}


def test_energy_follows_processor_time_in_each_second():
    lines = [
        line(0, 1, cpu=[(LOAD, 1_000_000, 100, 0)], first=True),
        line(1, 2, cpu=[(STEP, 250_000, 25, 0), (LOAD, 750_000, 75, 0)]),
    ]
    found = profile([(10, 1_000_000), (40, 1_000_000)], lines, idle_w=4)
    assert shares(found) == pytest.approx({"load": 0.8, "step": 0.2})
    load = next(part for part in found.parts if part.name == "load")
    assert load.self_j.best.value == pytest.approx(40)
    assert load.looks == 175


def test_waiting_takes_idle_power_and_no_more():
    lines = [
        line(0, 1, cpu=[(STEP, 250_000, 25, 0)], waits=[(LOAD, 750_000)], first=True),
    ]
    found = profile([(20, 250_000)], lines, idle_w=8)
    waiting = next(part for part in found.parts if part.kind == "waiting")
    assert waiting.name == "load"
    assert waiting.self_j.best.value == pytest.approx(0.75 * 8)
    assert found.waiting_share == pytest.approx(0.75)
    assert found.processors == pytest.approx(1)


def test_what_nobody_knows_of_idle_power_is_a_doubt_from_nothing_to_all():
    lines = [line(0, 1, cpu=[(STEP, 500_000, 50, 0)], waits=[(LOAD, 500_000)], first=True)]
    found = profile([(20, 500_000)], lines)
    waiting = next(part for part in found.parts if part.kind == "waiting")
    low, high = waiting.self_j.doubts["model:idle-share@20261122T080000Z-abcdef"]
    assert waiting.self_j.best.value == pytest.approx(5)
    assert (low, high) == pytest.approx((0.05, 10))


def test_others_of_the_machine_are_told_apart_and_leave_the_runs_own_view():
    lines = [line(0, 1, cpu=[(STEP, 1_000_000, 100, 0)], first=True)]
    seconds = [(30, 1_000_000)]
    found = profile(seconds, lines, idle_w=10, machine_us=4_000_000)
    assert shares(found) == pytest.approx({"step": 0.5, "others": 0.5})
    fair = profile(seconds, lines, idle_w=10, machine_us=4_000_000, view="fair-share")
    assert shares(fair) == pytest.approx({"step": 1})
    assert fair.energy_j.best.value == pytest.approx(7.5)


def test_native_threads_and_waiting_belong_to_the_function_they_serve():
    lines = [
        line(0, 1, cpu=[(STEP, 400_000, 50, 0), (STEP_NATIVE, 600_000, 50, 0)], first=True),
    ]
    found = profile([(10, 1_000_000)], lines)
    native = next(part for part in found.parts if part.kind == "native")
    step = next(part for part in found.parts if part.kind == "function" and part.name == "step")
    assert native.name == "step"
    assert native.share == pytest.approx(0.6)
    assert step.total_j.best.value == pytest.approx(10)


def test_a_function_that_another_place_calls_too_is_one_part():
    lines = [
        line(0, 1, cpu=[(LOAD, 500_000, 50, 0), (STEP_LOAD, 500_000, 50, 0)], first=True),
    ]
    found = profile([(10, 1_000_000)], lines)
    assert shares(found) == pytest.approx({"load": 1})
    assert len([branch for branch in found.tree if branch.name == "load"]) == 2


def test_processes_without_looks_are_told_by_name():
    lines = [
        {"t": 1_000_000, "p": [[7, "sh", 0]]},
        {"t": 2_000_000, "p": [[7, "sh", 100_000], [8, "gcc", 300_000]]},
    ]
    found = profile([(10, 1_000_000)], lines)
    assert found.form == "processes"
    assert shares(found) == pytest.approx({"sh": 0.1, "gcc": 0.3, "unsampled": 0.6})


def test_processes_that_are_looked_into_are_not_counted_again():
    lines = [
        line(0, 1, cpu=[(STEP, 1_000_000, 100, 0)], first=True),
        {"t": 2_000_000, "p": [[7, "python", 1_000_000]]},
    ]
    assert shares(profile([(10, 1_000_000)], lines)) == pytest.approx({"step": 1})


def test_a_lost_line_costs_what_it_told_and_not_the_rest():
    lines = [
        line(0, 1, cpu=[(STEP, 1_000_000, 100, 0)]),  # the line that named the functions is gone
        line(1, 2, cpu=[(STEP, 1_000_000, 100, 0)]),
    ]
    found = profile([(10, 1_000_000), (10, 1_000_000)], lines)
    assert shares(found) == pytest.approx({"unsampled": 1})


def test_late_looks_are_a_doubt_of_whom_they_may_have_missed():
    lines = [
        line(0, 1, cpu=[(STEP, 600_000, 60, 200_000), (LOAD, 400_000, 40, 0)], first=True),
    ]
    found = profile([(10, 1_000_000)], lines)
    assert found.late_share == pytest.approx(0.2)
    ends = {
        part.name: part.self_j.doubts["model:late-looks@20261122T080000Z-abcdef"]
        for part in found.parts
    }
    assert ends["step"] == pytest.approx((4, 6))
    assert ends["load"] == pytest.approx((4, 6))


def test_a_run_without_energy_cannot_be_told_by_code():
    events = [START, {"e": "end", "state": "finished"}]
    with pytest.raises(UnavailableError, match="cannot be told by code"):
        profile_of(replay(events), "sha256:0", events=events, lines=[])


seconds_of_runs = st.lists(
    st.tuples(st.integers(1, 300), st.integers(0, 3_000_000)), min_size=1, max_size=6
)
spans = st.tuples(st.floats(0, 6), st.floats(0.01, 3))
uses = st.lists(
    st.tuples(st.sampled_from((LOAD, STEP, STEP_NATIVE, STEP_LOAD)), st.integers(1, 2_000_000)),
    max_size=4,
    unique_by=lambda use: use[0],
)


@given(
    seconds=seconds_of_runs,
    told=st.lists(st.tuples(spans, uses, st.integers(0, 1_000_000)), max_size=6),
    idle_w=st.one_of(st.none(), st.floats(0.1, 100)),
    view=st.sampled_from(("machine", "fair-share")),
)
def test_the_parts_and_the_tree_sum_to_the_run(seconds, told, idle_w, view):
    lines = [
        line(
            start_s,
            start_s + length_s,
            cpu=[(place, us, 10, us // 3) for place, us in used],
            waits=[(LOAD, waited_us)],
            first=number == 0,
        )
        for number, ((start_s, length_s), used, waited_us) in enumerate(told)
    ]
    events = journal(seconds, idle_w=idle_w)
    run = replay(events)
    whole, _ = run.measurement.seen_as(view)
    if whole is None or not whole.best.value > 0:
        return
    found = profile_of(run, "sha256:0", events=events, lines=lines, view=view)
    assert fsum(part.share for part in found.parts) == pytest.approx(1, rel=1e-9)
    parts = total(part.self_j for part in found.parts)
    assert parts.best.value == pytest.approx(whole.best.value, rel=1e-9)
    assert parts.doubts["meter:rapl"] == pytest.approx(whole.doubts["meter:rapl"], rel=1e-9)
    assert fsum(branch.self_j for branch in found.tree) == pytest.approx(whole.best.value, rel=1e-9)
    assert all(part.self_j.low.value > 0 for part in found.parts)
    assert Profile.from_json(found.to_json()) == found


@given(
    times=st.lists(st.integers(0, 10_000), min_size=2, max_size=8, unique=True),
    start_us=st.integers(-100, 10_100),
    length_us=st.integers(0, 5000),
)
def test_a_span_is_shared_out_whole_among_the_intervals(times, start_us, length_us):
    grid = Grid(sorted(times))
    parts = list(grid.overlaps(start_us, start_us + length_us))
    assert fsum(part for _, part in parts) == pytest.approx(1)
    assert all(0 <= at < len(grid) for at, _ in parts)


def test_chance_is_as_wide_as_repeated_sampling_says():
    """Nine in ten intervals of chance hold the truth, over programs looked at by chance."""
    rng = random.Random(5)
    truth = (0.6, 0.3, 0.1)
    hits = trials = 0
    for _ in range(150):
        lines = []
        for second in range(4):
            drawn = rng.choices((LOAD, STEP, STEP_LOAD), weights=truth, k=40)
            cpu = [(p, 25_000 * drawn.count(p), drawn.count(p), 0) for p in sorted(set(drawn))]
            lines.append(line(second, second + 1, cpu=cpu, first=second == 0, looks=40))
        found = profile([(10, 1_000_000)] * 4, lines, idle_w=1)
        step = next(part for part in found.parts if part.name == "step")
        low, high = sorted(step.self_j.doubts["chance"])
        hits += low <= 40 * 0.3 <= high
        trials += 1
    assert 0.84 <= hits / trials <= 0.97


def test_small_branches_are_told_together():
    lines = [line(0, 1, cpu=[(STEP, 999_900, 99, 0), (LOAD, 100, 1, 0)], first=True)]
    found = profile([(10, 1_000_000)], lines)
    assert all(part.share >= LEAST_SHARE for part in found.parts if part.kind != "rest")
    assert any(branch.kind == "rest" for branch in found.tree)


# ------------------------------------------------------------------------------------ operators


def test_operators_share_a_window_by_their_time_and_the_rest_is_outside():
    window = Estimate(Energy(10.0), basis="metered")
    timed = Timed(host_s={"aten::mm": 0.6, "aten::add": 0.1}, length_s=1.0)
    found = operators_of("run", "sha256:0", window, timed)
    assert {p.name or p.kind: round(p.share, 9) for p in found.parts} == {
        "aten::mm": 0.6,
        "outside": 0.3,
        "aten::add": 0.1,
    }


def test_operators_side_by_side_share_the_window_among_them():
    window = Estimate(Energy(10.0), basis="metered")
    timed = Timed(host_s={"a": 1.5, "b": 0.5}, length_s=1.0)
    found = operators_of("run", "sha256:0", window, timed)
    assert {p.name: p.share for p in found.parts} == pytest.approx({"a": 0.75, "b": 0.25})


def test_accelerators_energy_goes_by_the_time_on_them():
    window = Estimate(Energy(100.0), basis="metered")
    timed = Timed(
        host_s={"aten::mm": 0.2}, device_s={"aten::mm": 0.5}, length_s=1.0, device_share=0.8
    )
    found = operators_of("run", "sha256:0", window, timed)
    assert {p.name or p.kind: p.share for p in found.parts} == pytest.approx(
        {"aten::mm": 0.2 * 0.2 + 0.8 * 0.5, "outside": 0.2 * 0.8 + 0.8 * 0.5}
    )


# ---------------------------------------------------------------------------------------- hints


def test_a_hint_needs_its_evidence():
    busy = [line(0, 1, cpu=[(LOAD, 500_000, 50, 0), (STEP, 500_000, 50, 0)], first=True)]
    found = profile([(10, 1_000_000)], busy, idle_w=1)
    assert [hint.id for hint in found.hints] == ["one-function"]
    even = [line(0, 1, cpu=[(LOAD, 390_000, 50, 0), (STEP, 390_000, 50, 0)], first=True)]
    assert not profile([(10, 1_000_000)], even, idle_w=1).hints


def test_waiting_for_a_loader_is_told_from_other_waiting():
    functions = [["get", "queue.py", 1], ["sleep_on", "train.py", 2]]
    told = line(0, 1, cpu=[], waits=[(0, 700_000)], first=True)
    told |= {"f": functions, "n": [[-1, 0], [-1, 1]]}
    found = profile([(10, 300_000)], [told], idle_w=5)
    assert found.hints[0].id == "waits-for-data"
    other = told | {"w": [[1, 700_000]]}
    hints = profile([(10, 300_000)], [other], idle_w=5).hints
    assert (hints[0].id, hints[0].about) == ("waits", "sleep_on")


def test_a_busy_machine_is_no_waiting_of_the_programs_own():
    told = {"cpu": [(STEP, 300_000, 30, 0)], "first": True}
    busy = line(0, 1, **told, waits=[(STEP, 50_000)]) | {"q": [[STEP, 650_000]]}
    found = profile([(10, 300_000)], [busy], idle_w=5)
    assert [hint.id for hint in found.hints if hint.id in ("waits", "queued")] == ["queued"]
    queued = next(part for part in found.parts if part.kind == "queued")
    assert queued.name == "step"
    assert queued.self_j.best.value == pytest.approx(0.65 * 5)
    alone = line(0, 1, **told, waits=[(STEP, 700_000)])
    hints = [hint.id for hint in profile([(10, 300_000)], [alone], idle_w=5).hints]
    assert "waits" in hints
    assert "queued" not in hints


def test_double_precision_and_conversions_are_seen_in_operators():
    window = Estimate(Energy(10.0), basis="metered")
    timed = Timed(host_s={"aten::mm [double]": 0.5, "aten::copy_": 0.3}, length_s=1.0)
    found = operators_of("run", "sha256:0", window, timed)
    assert [hint.id for hint in found.hints] == ["double", "conversions"]
    assert all(hint.id in HINTS for hint in hints_of(found))

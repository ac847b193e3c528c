"""A journal's events tell the run: energy by channel, phase and gap."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brizna.core import codec
from brizna.core.errors import IntegrityError, SchemaError
from brizna.core.estimate import total
from brizna.core.measurement import Run
from brizna.core.replay import JOURNAL_SCHEMA, replay

SECOND = 1_000_000
START = {
    "e": "start",
    "schema": JOURNAL_SCHEMA,
    "id": "20261122T000000Z-000001",
    "started": "2026-11-22T00:00:00Z",
    "interval_us": SECOND,
    "brizna": "0.1.0",
}
END = {"e": "end", "t": 10 * SECOND, "exit_code": 0, "signal": None, "state": "finished"}


def channel(name: str, **fields: Any) -> dict[str, Any]:
    given = {"kind": "cpu", "method": "rapl", "basis": "metered", "max_power_w": 400.0, **fields}
    return {"e": "channel", "id": name, **given}


def sample(second: float, *counted: int | None) -> dict[str, Any]:
    return {"t": round(second * SECOND), "c": list(counted)}


def steady(*watts: float, seconds: int = 10) -> list[dict[str, Any]]:
    return [sample(s, *(round(w * s * SECOND) for w in watts)) for s in range(seconds + 1)]


def joules(run: Run) -> float:
    assert run.measurement.energy_j is not None
    return run.measurement.energy_j.best.value


def test_the_total_is_the_sum_of_the_roots() -> None:
    channels = [
        channel("rapl/psys", kind="node"),
        channel("rapl/package-0", parent="rapl/psys"),
        channel("rapl/package-0/core", kind="core", parent="rapl/package-0"),
        channel("nvml/GPU-1", kind="gpu", method="nvml-energy"),
    ]
    run = replay([START, *channels, *steady(100, 60, 40, 250), END])
    assert joules(run) == pytest.approx(3500)
    assert {c.id: c.energy_j.best.value for c in run.measurement.channels if c.energy_j} == {
        "rapl/psys": 1000,
        "rapl/package-0": 600,
        "rapl/package-0/core": 400,
        "nvml/GPU-1": 2500,
    }
    assert run.measurement.coverage.metered == ("node", "gpu")


def test_a_run_without_an_end_is_interrupted_and_complete_to_the_last_sample() -> None:
    run = replay([START, channel("rapl/package-0"), *steady(100)[:8]])
    assert run.state == "interrupted"
    assert run.duration_s == 7
    assert joules(run) == pytest.approx(700)


def test_a_bracketed_gap_gets_its_neighbours_mean_power_and_the_interval_it_can_hide() -> None:
    counts = [sample(s, s * 10**8) for s in range(5)]
    counts += [sample(s, (s - 1) * 10**8) for s in range(5, 11)]
    gap = {"e": "gap", "channel": "rapl/package-0", "reason": "restarted", "counted": False}
    run = replay(
        [
            START,
            channel("rapl/package-0"),
            *counts,
            {**gap, "from": 4 * SECOND, "to": 5 * SECOND},
            END,
        ]
    )
    (seen,) = run.measurement.channels
    assert seen.gaps[0].added_j == pytest.approx(100)
    assert seen.gaps[0].most_j == pytest.approx(400)
    assert joules(run) == pytest.approx(1000)
    assert seen.energy_j is not None
    assert seen.energy_j.doubts[f"gap:rapl/package-0@{START['id']}"] == pytest.approx((900, 1300))
    assert run.measurement.coverage.gap_s == 1


def test_a_gap_that_never_closes_adds_nothing_but_widens_upwards() -> None:
    counts = [sample(s, s * 10**8 if s <= 6 else None) for s in range(11)]
    gap = {"e": "gap", "channel": "rapl/package-0", "reason": "unreadable", "counted": False}
    run = replay(
        [START, channel("rapl/package-0"), *counts, {**gap, "from": 6 * SECOND, "to": None}, END]
    )
    energy = run.measurement.channels[0].energy_j
    assert energy is not None
    assert energy.best.value == pytest.approx(600)
    assert energy.high.value == pytest.approx(600 + 4 * 400)
    assert run.measurement.channels[0].gaps[0].end_s is None


def test_a_gap_that_the_device_counted_through_hides_nothing() -> None:
    counts = [sample(s, None if s in (4, 5) else s * 10**8) for s in range(11)]
    gap = {"e": "gap", "channel": "rapl/package-0", "reason": "unreadable", "counted": True}
    run = replay(
        [
            START,
            channel("rapl/package-0"),
            *counts,
            {**gap, "from": 3 * SECOND, "to": 6 * SECOND},
            END,
        ]
    )
    assert joules(run) == pytest.approx(1000)
    assert run.measurement.energy_j is not None
    assert not run.measurement.energy_j.doubts


def test_a_channel_never_read_is_absent_with_a_reason() -> None:
    run = replay([START, channel("rapl/package-0"), *[sample(s, None) for s in range(3)], END])
    assert run.measurement.energy_j is None
    assert run.measurement.reason == "no channel gave two readings"
    assert run.measurement.channels[0].reason == "fewer than two readings"


def test_dies_that_show_one_counter_are_counted_once() -> None:
    dies = [
        channel(f"rapl/package-0-die-{i}", mirror_group="package-0", raw_start=5_000_000 + i)
        for i in (0, 1)
    ]
    run = replay([START, *dies, *steady(80, 80.000_1), END])
    assert joules(run) == pytest.approx(800)
    assert run.measurement.channels[1].mirror_of == "rapl/package-0-die-0"
    apart = [{**die, "raw_start": 10**9 * i} for i, die in enumerate(dies)]
    assert joules(replay([START, *apart, *steady(80, 80), END])) == pytest.approx(1600)


def test_marks_cut_a_run_into_phases() -> None:
    marks = [
        {"name": "load", "t": 0},
        {"name": "train", "t": 2 * SECOND},
        {"name": "", "t": 8 * SECOND, "ends": True},
    ]
    run = replay([START, channel("rapl/package-0"), *steady(100), END], marks)
    assert [(p.name, p.start_s, p.end_s, p.open) for p in run.measurement.phases] == [
        ("load", 0, 2, False),
        ("train", 2, 8, False),
    ]
    assert [p.energy_j.best.value for p in run.measurement.phases if p.energy_j] == [200, 600]


def test_a_window_between_samples_is_doubted_by_what_the_highest_power_allows() -> None:
    marks = [{"name": "a", "t": 2_500_000}, {"name": "", "t": 2_600_000, "ends": True}]
    run = replay([START, channel("rapl/package-0"), *steady(100), END], marks)
    (phase,) = run.measurement.phases
    assert phase.energy_j is not None
    assert phase.energy_j.best.value == pytest.approx(10)
    assert 0 < phase.energy_j.low.value < 1
    assert phase.energy_j.high.value > 50


@given(st.lists(st.integers(1, 999), min_size=1, max_size=6, unique=True))
def test_windows_that_meet_sum_to_the_whole_with_its_doubts(cuts: list[int]) -> None:
    edges = [0, *(cut * 10_000 for cut in sorted(cuts)), 10 * SECOND]
    marks = [{"name": str(t), "t": t} for t in edges[:-1]]
    meter = channel("rapl/package-0", update_us=1000, doubts={"meter:rapl": [0.97, 1.03]})
    at_marks = [sample(t / SECOND, 100 * t) for t in edges]  # a mark makes a sample at once
    run = replay([START, meter, *steady(100), *at_marks, END], marks)
    parts = [phase.energy_j for phase in run.measurement.phases if phase.energy_j]
    whole, summed = run.measurement.energy_j, total(parts)
    assert whole is not None
    assert summed.best.value == pytest.approx(whole.best.value, rel=1e-9)
    assert summed.low.value == pytest.approx(whole.low.value, rel=1e-6)
    assert summed.high.value == pytest.approx(whole.high.value, rel=1e-6)


@given(st.integers(1, 8), st.integers(1, 3))
def test_a_gap_never_lowers_an_upper_bound(second: int, length: int) -> None:
    whole = replay([START, channel("rapl/package-0"), *steady(100), END]).measurement.energy_j
    end = min(second + length, 10)
    lost = (end - second) * 10**8
    counts = [
        sample(s, s * 10**8 - (lost if s >= end else 0)) for s in range(11) if not second < s < end
    ]
    gap = {"e": "gap", "channel": "rapl/package-0", "reason": "restarted", "counted": False}
    event = {**gap, "from": second * SECOND, "to": end * SECOND}
    run = replay([START, channel("rapl/package-0"), *counts, event, END])
    assert whole is not None
    assert run.measurement.energy_j is not None
    assert run.measurement.energy_j.high.value >= whole.high.value


def test_a_run_survives_its_record() -> None:
    run = replay([START, channel("rapl/package-0"), *steady(100), END], [{"name": "a", "t": 5}])
    assert Run.from_json(codec.decode(codec.encode(run.to_json()))) == run


def test_a_record_of_another_version_is_refused() -> None:
    record = replay([START, channel("rapl/package-0"), *steady(100), END]).to_json()
    with pytest.raises(SchemaError, match=r"brizna\.run/2"):
        Run.from_json({**record, "schema": "brizna.run/2"})
    with pytest.raises(SchemaError, match="lacks"):
        Run.from_json({name: value for name, value in record.items() if name != "id"})


def test_a_journal_without_its_start_is_refused() -> None:
    with pytest.raises(IntegrityError, match="no start event"):
        replay(steady(100))


def test_a_recorder_killed_as_a_phase_begins_still_tells_the_run() -> None:
    begin = {"e": "begin", "w": 1, "name": "train", **sample(3, 300 * SECOND)}
    run = replay([START, channel("a", update_us=1000), *steady(100, seconds=2), begin])
    (phase,) = run.measurement.phases
    assert phase.energy_j is not None
    assert phase.energy_j.best.value == 0
    assert phase.open


def test_a_root_that_was_never_read_is_told_as_not_seen() -> None:
    channels = [channel("rapl/package-0"), channel("nvml/GPU-1", kind="gpu")]
    samples = [sample(0, 0, None), sample(1, 5 * SECOND, None)]
    coverage = replay([START, *channels, *samples, END]).measurement.coverage
    assert coverage.metered == ("cpu",)
    assert coverage.not_seen == {"gpu/GPU-1": "fewer than two readings"}


def test_a_phase_whose_begin_is_lost_is_not_invented() -> None:
    finish = {"e": "finish", "w": 3, "t": SECOND // 2, "c": [2 * SECOND]}
    run = replay([START, channel("rapl/package-0"), *steady(100), finish, END])
    assert run.measurement.phases == ()


def test_a_channel_is_metered_or_modelled() -> None:
    with pytest.raises(SchemaError, match="expected metered or modelled"):
        replay([START, channel("rapl/package-0", basis="published"), *steady(100), END])


@pytest.mark.parametrize(
    "damage",
    [
        {"tags": 5},
        {"measurement": [1]},
        {"factors": [{"value": "x"}]},
        {"site": {"pue": {"best": 1.2, "doubts": None, "basis": "declared", "references": []}}},
    ],
)
def test_a_record_that_was_changed_by_hand_is_refused(damage: dict[str, Any]) -> None:
    whole = replay([START, channel("rapl/package-0"), *steady(100), END]).to_json()
    with pytest.raises(SchemaError):
        Run.from_json({**whole, **damage})

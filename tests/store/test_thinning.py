"""A thinned journal tells the same figures, bit for bit."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brizna.core.replay import JOURNAL_SCHEMA, replay
from brizna.store import Journal, append_mark, read_events, read_marks
from brizna.store._lines import frame
from brizna.store._thinning import thin_events, thin_lines

SECOND = 1_000_000
START = {
    "e": "start",
    "schema": JOURNAL_SCHEMA,
    "id": "20261122T000000Z-000001",
    "started": "2026-11-22T00:00:00Z",
    "interval_us": SECOND,
    "brizna": "0.1.0",
}


def channel(name, **fields):
    common = {"kind": "cpu", "method": "rapl", "basis": "metered", "max_power_w": 400.0}
    return {"e": "channel", "id": name, **common, **fields}


def figures(events, marks=()):
    """Return all that a run says but for how many samples were kept, and whose the energy was.

    Shares go by what was used between two readings: fewer readings tell them a little coarser.
    """
    run = replay(events, marks).to_json()
    del run["measurement"]["samples"], run["measurement"]["attribution"]
    for phase in run["measurement"]["phases"]:
        for part in ("above_idle_j", "fair_share_j"):
            phase.pop(part, None)
    return run


@st.composite
def journals(draw):
    """Draw a run of some minutes with windows, gaps and unreadable samples, and its marks."""
    channels = [
        channel("a", update_us=draw(st.sampled_from([0, 1000, 100_000, 3 * SECOND]))),
        channel("b", mirror_group=draw(st.sampled_from([None, "die"])), raw_start=5),
        channel("c", mirror_group="die", raw_start=5),
    ]
    count = draw(st.integers(20, 150))
    random = draw(st.randoms(use_true_random=False))
    events = [START, *channels]
    t_us = 0
    counted = [0, 0, 0]
    times = [0]
    windows = 0
    for _ in range(count):
        values = [None if random.random() < 0.05 else value for value in counted]
        event = {"t": t_us, "c": values}
        if random.random() < 0.5:
            event["cpu"] = [t_us // 2, t_us]
        kind = random.random()
        if kind < 0.05:
            windows += 1
            event = {"e": "begin", "w": windows, "name": f"w{windows}", **event}
        elif kind < 0.1 and windows:
            event = {"e": "finish", "w": windows, **event}
        events.append(event)
        if kind > 0.95:
            span = {"from": random.choice(times[-5:]), "to": random.choice([None, t_us])}
            lost = {"channel": random.choice("abc"), "reason": "glitch"}
            events.append({"e": "gap", **lost, **span, "counted": random.random() < 0.5})
        times.append(t_us)
        t_us += random.choice([SECOND, SECOND, SECOND + 7, SECOND // 3])
        step = random.randrange(100 * SECOND)
        other = step if random.random() < 0.95 else 0
        counted = [
            counted[0] + random.randrange(100 * SECOND),
            counted[1] + step,
            counted[2] + other,
        ]
    marks = [
        {"name": f"m{place}", "t": random.randrange(t_us), "ends": random.random() < 0.3}
        for place in range(draw(st.integers(0, 3)))
    ]
    return events, sorted(marks, key=lambda mark: mark["t"])


@settings(max_examples=150)
@given(told=journals())
def test_every_figure_is_the_same_after_thinning(told):
    events, marks = told
    lines = [frame(event)[:-1] for event in events]
    kept = thin_lines(lines, marks)
    again = thin_lines(kept.splitlines(), marks)
    from brizna.store._lines import unframe

    for data in (kept, again):
        thinned = [unframe(line) for line in data.splitlines()]
        assert figures(thinned, marks) == figures(events, marks)


def test_a_quiet_run_shrinks_to_under_half(story):
    events = [story.start(), *story.channels(), *(story.sample(s) for s in range(1000))]
    kept = thin_events(events)
    assert len(kept) < len(events) / 2 + 1
    assert kept[:3] == events[:3]
    assert kept[-1] == events[-1]
    assert replay(kept).measurement.energy_j == replay(events).measurement.energy_j


def test_damaged_lines_stay_to_be_stated(story):
    events = [story.start(), *story.channels(), *(story.sample(s) for s in range(500))]
    lines = [frame(event)[:-1] for event in events]
    lines[250] = b"damaged"
    assert thin_lines(lines, []).splitlines().count(b"damaged") == 1


def test_a_long_run_stays_small_and_exact(tmp_path, story):
    (tmp_path / "marks").mkdir()
    append_mark(str(tmp_path), "train", 777 * SECOND + 5)
    with Journal(str(tmp_path), thin_beyond=50_000) as journal:
        told = [story.start(), *story.channels(), *(story.sample(s) for s in range(5000))]
        told.append(story.end(4999))
        for event in told:
            journal.write(event)
        assert journal.trouble is None
    path = tmp_path / "journal.jsonl"
    assert path.stat().st_size < 50_000 + 200
    assert sorted(item.name for item in tmp_path.iterdir()) == ["journal.jsonl", "marks"]
    events, damaged = read_events(str(path))
    marks, _ = read_marks(str(tmp_path))
    assert damaged == 0
    assert figures(events, marks) == figures(told, marks)


def test_a_journal_that_cannot_shrink_is_not_thinned_at_each_line(tmp_path, story, monkeypatch):
    from brizna.store import _thinning

    calls = []

    def counted(*args):
        calls.append(1)
        return thin_lines(*args)

    monkeypatch.setattr(_thinning, "thin_lines", counted)
    with Journal(str(tmp_path), thin_beyond=2000) as journal:
        journal.write(story.start())
        for event in story.channels():
            journal.write(event)
        for second in range(300):
            window = {"e": "begin", "w": second, "name": "step", **story.sample(second)}
            journal.write(window)
    assert len(calls) <= 6
    events, damaged = read_events(str(tmp_path / "journal.jsonl"))
    assert damaged == 0
    assert sum(event.get("e") == "begin" for event in events) == 300


def test_a_disk_without_room_for_a_second_copy_keeps_the_first(tmp_path, story, full_disk):
    journal = Journal(str(tmp_path), thin_beyond=3000)
    told = [story.start(), *story.channels(), *(story.sample(s) for s in range(200))]
    for event in told:
        journal.write(event)
    with full_disk(1):
        journal.write(story.sample(200))
    journal.close()
    events, _ = journal.events()
    assert replay(events).measurement.energy_j.best.value == pytest.approx(150 * 200)


@pytest.mark.parametrize("where", range(400, 410))
def test_dies_that_differ_once_are_not_taken_for_one_after_thinning(where):
    dies = [channel(name, mirror_group="die", raw_start=5) for name in "ab"]
    samples = [{"t": s * SECOND, "c": [s * SECOND] * 2} for s in range(1000)]
    samples[where]["c"][1] += SECOND // 2
    kept = thin_events([START, *dies, *samples])
    assert len(kept) < 600
    assert [c.mirror_of for c in replay(kept).measurement.channels] == [None, None]


@pytest.mark.parametrize("edge", range(500, 510))
def test_the_power_next_to_an_edge_is_the_same_after_thinning(edge):
    slow = channel("a", update_us=5 * SECOND)
    samples = [{"t": s * SECOND, "c": [s * s * 1000]} for s in range(1000)]
    window = [
        {"e": "begin", "w": 1, "name": "w", **samples[edge]},
        {"e": "finish", "w": 1, **samples[edge + 200]},
    ]
    events = [START, slow, *samples, *window]
    kept = thin_events(events)
    assert len(kept) < 600
    assert figures(kept) == figures(events)


def test_what_gauges_counted_is_the_same_after_thinning(story):
    events = story.events(3000)
    gauges = {"e": "gauges", "gauges": [{"id": "a/b", "unit": "1", "source": "s", "counts": True}]}
    for second, event in enumerate(event for event in events if "c" in event and "e" not in event):
        if second % 10 == 3:
            event["g"] = [second**2]
    events.insert(1, gauges)
    kept = thin_events(events)
    assert len(kept) < len(events)
    (before,), (after,) = (replay(told).measurement.gauges for told in (events, kept))
    assert (after.counted, after.mean) == (before.counted, before.mean)

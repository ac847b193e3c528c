"""The energy so far is that of the whole journal, at a cost that does not grow with it."""

from __future__ import annotations

import random

import pytest

from brizna.core.replay import replay
from brizna.store import Journal, Tail

SECOND = 1_000_000


@pytest.mark.parametrize("place", ["disk", "memory"])
@pytest.mark.parametrize("thin_beyond", [10_000, 10**9])
def test_the_energy_so_far_is_that_of_the_whole_journal(tmp_path, story, place, thin_beyond):
    rng = random.Random(thin_beyond)
    directory = str(tmp_path) if place == "disk" else None
    with Journal(directory, thin_beyond=thin_beyond) as journal:
        for event in [story.start(), *story.channels()]:
            journal.write(event)
        tail = Tail(journal)
        width, counted, lost = len(story.channels()), 0, None
        for second in range(1200):
            counted += rng.randrange(50 * SECOND)
            event = {"t": second * SECOND, "c": [counted] * width}
            if rng.random() < 0.1:
                event = {"e": "begin", "w": second, "name": "step", **event}
            elif rng.random() < 0.02:
                channel = story.channels()[0]["id"]
                lost = {"e": "gap", "channel": channel, "reason": "glitch", "counted": False}
                journal.write({**lost, "from": (second - 1) * SECOND, "to": second * SECOND})
            journal.write(event)
            if second > 2 and rng.random() < 0.03:
                told = tail.events()
                assert place == "memory" or len(told) < 900
                so_far = replay(told).measurement.energy_j
                assert so_far == replay(journal.events()[0]).measurement.energy_j
        assert lost is not None


def test_a_line_that_was_torn_is_stated_once_it_is_followed(tmp_path, story):
    with Journal(str(tmp_path)) as journal:
        tail = Tail(journal)
        for event in [story.start(), *story.channels(), story.sample(0), story.sample(1)]:
            journal.write(event)
        before = replay(tail.events()).measurement.energy_j
        with open(tmp_path / "journal.jsonl", "ab") as file:
            file.write(b'0000 {"t":')
        assert replay(tail.events()).measurement.energy_j == before
        with open(tmp_path / "journal.jsonl", "ab") as file:
            file.write(b"\n")
        journal.write(story.sample(2))
        assert [event["text"] for event in tail.events() if event.get("e") == "note"]
        whole = replay(journal.events()[0]).measurement.energy_j
        assert replay(tail.events()).measurement.energy_j == whole


@pytest.mark.parametrize("thin_beyond", [10_000, 10**9])
def test_the_energy_of_a_window_is_that_which_the_whole_journal_tells(tmp_path, story, thin_beyond):
    rng = random.Random(thin_beyond)
    with Journal(str(tmp_path), thin_beyond=thin_beyond) as journal:
        for event in [story.start(), *story.channels()]:
            journal.write(event)
        tail = Tail(journal)
        width, counted, window, begun = len(story.channels()), 0, 0, None
        for second in range(1500):
            counted += rng.randrange(50 * SECOND)
            event = {"t": second * SECOND, "c": [counted] * width}
            if second % 300 == 10:
                window += 1
                begun = f"epoch {window}"
                event = {"e": "begin", "w": window, "name": begun, **event}
            elif second % 300 == 299:
                event = {"e": "finish", "w": window, **event}
            journal.write(event)
            if begun and rng.random() < 0.05:
                told = tail.events(window)
                assert len(told) < 900
                (phase,) = replay(told).measurement.phases
                whole = replay(journal.events()[0]).measurement.phases
                assert phase == next(each for each in whole if each.name == begun)


def test_a_window_that_ended_before_several_others_is_told_no_more(tmp_path, story):
    with Journal(str(tmp_path)) as journal:
        for event in [story.start(), *story.channels(), story.sample(0)]:
            journal.write(event)
        tail = Tail(journal)
        for window in range(1, 20):
            for kind in ("begin", "finish"):
                journal.write({**story.sample(window), "e": kind, "w": window, "name": "step"})
        assert not replay(tail.events(1)).measurement.phases
        assert len(replay(tail.events(19)).measurement.phases) == 1

"""Yesterday's files open: a sample of each released form of journal, marks and record."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from brizna.core.codec import digest
from brizna.core.replay import replay
from brizna.store import Store, read_events, read_marks

SAMPLE = Path(__file__).resolve().parent.parent / "assets" / "store-1"
FINISHED, KILLED = "20261122T023501Z-7f3a9c", "20261122T024107Z-00c0de"
JOULES = 615 + 42.5 + 2120
"""10 s of 61.5 W, 4.25 W and 212 W."""


@pytest.fixture
def store(tmp_path):
    shutil.copytree(SAMPLE, tmp_path / "store")
    for journal in (tmp_path / "store").rglob("journal.jsonl"):
        os.utime(journal, (0, 0))  # whenever this clone was made, their writers are long gone
    return Store(str(tmp_path / "store"))


def test_the_sample_record_opens(store):
    run = store.read(FINISHED).run
    assert run.state == "finished"
    assert run.measurement.energy_j.best.value == pytest.approx(JOULES)
    assert [phase.name for phase in run.measurement.phases] == ["load", "train"]
    assert store.records(FINISHED, schema="brizna.tags/1")[0]["tags"] == ["kept"]


def test_a_field_that_came_later_leaves_an_older_record_its_bytes(store):
    stored = store.read(FINISHED)
    assert digest(stored.run.to_json()) == stored.digest
    assert stored.run.measurement.attribution is None


def test_the_sample_journal_tells_what_the_record_says(store):
    events, damaged = store.events(FINISHED)
    told = replay(events, store.marks(FINISHED))
    kept = store.read(FINISHED).run
    assert damaged == 0
    assert told.measurement.energy_j.best == kept.measurement.energy_j.best
    assert [phase.name for phase in told.measurement.phases] == ["load", "train"]


def test_the_sample_of_a_killed_recorder_is_recovered_to_its_last_whole_line(store):
    stored = store.read(KILLED)
    assert stored.run.state == "interrupted"
    assert stored.run.measurement.energy_j.best.value == pytest.approx(JOULES)
    assert stored.run.exit_code is None


def test_both_samples_are_listed(store):
    assert [run.id for run in store.runs()] == [FINISHED, KILLED]


def test_the_sample_lines_are_sound():
    for run_id, damaged in ((FINISHED, 0), (KILLED, 1)):
        directory = SAMPLE / "runs" / run_id
        assert read_events(str(directory / "journal.jsonl"))[1] == damaged
        assert read_marks(str(directory))[1] == 0

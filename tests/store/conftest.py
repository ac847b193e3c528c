"""What the tests of the store share: a run's events, a store with runs, and a disk that is full."""

from __future__ import annotations

import resource
from contextlib import contextmanager
from pathlib import Path

import pytest

from brizna.core.replay import JOURNAL_SCHEMA, replay
from brizna.store import Journal, Store, writer_identity

SECOND = 1_000_000


class Story:
    """A run of one CPU at 100 W and one GPU at 50 W, sampled once a second."""

    run_id = "20261122T023501Z-7f3a9c"

    def start(self, **fields):
        return {
            "e": "start",
            "schema": JOURNAL_SCHEMA,
            "id": self.run_id,
            "name": None,
            "tags": [],
            "parent": None,
            "command": ["python", "train.py"],
            "started": "2026-11-22T02:35:01Z",
            "interval_us": SECOND,
            "boot_us": 17 * SECOND,
            "machine": "blue",
            "brizna": "0.1.0",
            "site": {},
            "writer": {"host": "elsewhere", "boot": "b", "ns": "n", "pid": 1, "start": 1},
            **fields,
        }

    def channels(self):
        common = {"basis": "metered", "max_power_w": 400.0, "update_us": 1000}
        return [
            {"e": "channel", "id": "rapl/package-0", "kind": "cpu", "method": "rapl", **common},
            {"e": "channel", "id": "nvml/GPU-1", "kind": "gpu", "method": "nvml-energy", **common},
        ]

    def sample(self, second):
        t_us = round(second * SECOND)
        return {"t": t_us, "c": [100 * t_us, 50 * t_us], "cpu": [t_us // 2, t_us]}

    def end(self, second):
        state = {"exit_code": 0, "signal": None, "state": "finished"}
        return {"e": "end", "t": round(second * SECOND), **state}

    def events(self, seconds=5, *, ends=True, **fields):
        """Return the events of a run with one phase from 1.5 s to 3.5 s."""
        told = [self.start(**fields), *self.channels()]
        for second in range(seconds + 1):
            told.append(self.sample(second))
            if second == 1:
                told.append({"e": "begin", "w": 1, "name": "train", **self.sample(1.5)})
            if second == 3:
                told.append({"e": "finish", "w": 1, **self.sample(3.5)})
        return [*told, self.end(seconds)] if ends else told


@pytest.fixture
def story():
    return Story()


@pytest.fixture
def store(tmp_path):
    return Store(str(tmp_path / "store"))


@pytest.fixture
def record(store, story):
    """Return a function that makes a run in the store and returns its id."""

    def make(*, at_s=None, finished=True, journal_only=False, marks=(), **fields):
        directory = store.create_run(at_s=at_s)
        run_id = directory.rpartition("/")[2]
        events = story.events(ends=finished, id=run_id, **fields)
        with Journal(directory) as journal:
            for event in events:
                journal.write(event)
        if finished and not journal_only:
            store.finish(replay(events, marks))
        return run_id

    return make


@pytest.fixture
def change_record(store):
    """Return a function that makes a run's record claim another energy, in canonical JSON."""

    def change(run_id):
        path = Path(store.directory(run_id), "run.json")
        before = path.read_bytes()
        path.write_bytes(before.replace(b":750", b":150"))
        assert path.read_bytes() != before

    return change


@pytest.fixture
def dead_writer():
    """Return a writer of this host, boot and namespace whose process has another start time."""
    here = writer_identity()
    return {**here, "start": here["start"] - 1}


@pytest.fixture
def full_disk():
    """Return a context in which no file of this process grows beyond so many bytes.

    The system then cuts a write short and refuses the next, as a full disk does.
    """

    @contextmanager
    def limit(size):
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    return limit

"""The runs of a store as metrics: those that go on, and the last that ended."""

from __future__ import annotations

import os

from brizna.core.errors import BriznaError
from brizna.report._metrics import about_runs, never_falling, readings_of
from brizna.store import JournalFile, Tail
from brizna.verbs._live import LiveRun
from brizna.verbs._views import account_run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from brizna.report._metrics import Reading
    from brizna.store import Store

    _Told = tuple[str, list[Reading]]
    """A run's state, and what is known of it."""

LAST = 5
"""Runs that have ended are told until so many later ones have; each is a dozen series."""
MOST = 100
"""Runs that go on and are told at most: the newest."""


class StoreMetrics:
    """What the runs of a store use, told again at each look.

    A look costs little: what ended is read once, of what goes on only what was written since.
    The footprint is always that of the whole machine, so that runs can be compared.

    Attributes:
        seen: The highest value of each counter so far, which later looks do not fall below.
    """

    def __init__(
        self, store: Store, *, last: int = LAST, seen: dict[str, float] | None = None
    ) -> None:
        """Take a store; nothing is read yet.

        Args:
            store: Where the runs are.
            last: How many runs that have ended are told.
            seen: What was told before, as `brizna.report._prometheus.read_counters` reads it.
        """
        self._store = store
        self._last = last
        self.seen = {} if seen is None else seen
        self._ended: dict[str, int] = {}
        self._live: dict[str, _Followed] = {}
        self._told: dict[str, _Told] = {}

    def look(self) -> list[Reading]:
        """Return what is known now.

        Raises:
            UnavailableError: If the store is there but cannot be read.
        """
        ids = self._store.ids()
        going_on = [run_id for run_id in ids if not self._has_ended(run_id)][-MOST:]
        told = [self._look_at(run_id) for run_id in going_on]
        last = sorted(self._ended, key=self._ended.__getitem__)[-self._last :] if self._last else []
        told += [self._record(run_id) for run_id in last]
        self._forget({*going_on, *last})
        states: dict[str, int] = {}
        for state, _ in told:
            states[state] = states.get(state, 0) + 1
        readings = [reading for _, of_run in told for reading in of_run]
        return never_falling([*readings, *about_runs(states)], self.seen)

    def _has_ended(self, run_id: str) -> bool:
        if run_id not in self._ended:
            directory = self._store.directory(run_id)
            try:
                status = os.stat(os.path.join(directory, "run.json"))
                self._ended[run_id] = status.st_mtime_ns
            except OSError:
                if os.path.isdir(directory):
                    return False
                self._ended[run_id] = 0  # in a pack: ended before all that are not
        return True

    def _look_at(self, run_id: str) -> _Told:
        """Return the state of a run without a record, and what is known of it."""
        followed = self._live.setdefault(run_id, _Followed(self._store.directory(run_id)))
        try:
            if not followed.has_grown():
                stored = self._store.recover(
                    run_id
                )  # if its recorder was killed, writes its record
                if not stored.is_running:
                    return stored.run.state, readings_of(stored.run, account_run(stored.run))
            return "running", followed.live.look()
        except (BriznaError, OSError):  # `brizna runs list` says what is wrong with it
            return "unreadable", []

    def _record(self, run_id: str) -> _Told:
        """Return the state of a run that has ended, and what is known of it; read once."""
        if run_id not in self._told:
            try:
                run = self._store.recover(run_id).run
                self._told[run_id] = run.state, readings_of(run, account_run(run))
            except BriznaError:  # `brizna runs list` says what is wrong with it
                self._told[run_id] = "unreadable", []
        return self._told[run_id]

    def _forget(self, told: set[str]) -> None:
        """Let go of runs that are told no more, so that nothing grows for ever."""
        for kept in (self._live, self._told):
            for run_id in [one for one in kept if one not in told]:
                del kept[run_id]
        gone = [series for series in self.seen if not any(run in series for run in told)]
        for series in gone:
            del self.seen[series]


class _Followed:
    """A run that goes on, and how far its journal had grown."""

    def __init__(self, directory: str) -> None:
        self.live = LiveRun(Tail(JournalFile(directory)), directory=directory)
        self._journal = os.path.join(directory, "journal.jsonl")
        self._stamp: tuple[int, int] | None = None

    def has_grown(self) -> bool:
        """Tell whether more was written since the last time; not at the first."""
        status = os.stat(self._journal)
        stamp = (status.st_mtime_ns, status.st_size)
        before, self._stamp = self._stamp, stamp
        return before is not None and stamp != before

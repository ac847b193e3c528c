"""The store: a directory with a directory for each run."""

from __future__ import annotations

import os
import re
import sys
import time
from contextlib import suppress

from brizna.core.codec import decode, digest_of_bytes, encode
from brizna.core.errors import (
    BriznaError,
    InputError,
    IntegrityError,
    Said,
    SchemaError,
    UnavailableError,
)
from brizna.core.measurement import Run
from brizna.core.replay import JOURNAL_SCHEMA, replay
from brizna.store._alive import PROC, RECENT_S, command_runs, liveness
from brizna.store._asked import blank, going_on, unresolved
from brizna.store._files import unavailable, write_once
from brizna.store._journal import JOURNAL
from brizna.store._lines import split, unframe
from brizna.store._marks import MARKS, read_marks
from brizna.store._reading import read_events
from brizna.store._records import RECORDS, check_subject, read_records
from brizna.store._stored import Index, RunSummary, StoredRun

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from brizna.store._lines import Event

RECORD = "run.json"

_ID = re.compile(r"[0-9]{8}T[0-9]{6}Z-[0-9a-f]{6}")
_TIME = "%Y%m%dT%H%M%SZ"
_HEAD_BYTES = 64 * 1024
"""The start and child events lie within the first lines of a journal."""
_GIVEN_UP_S = 86_400.0
"""Silence from another host after which its run is written down as interrupted."""


class Store:
    """Runs and their records in a directory, which is made when the first run is.

    Args:
        path: The directory.
        host: The name for this host, as given to `writer_identity`.
        proc_root: Where process information is mounted.
    """

    def __init__(self, path: str, *, host: str | None = None, proc_root: str = PROC) -> None:
        self.path = os.path.abspath(path)
        self._home = os.path.join(self.path, "runs")
        self._host = host
        self._proc_root = proc_root

    @classmethod
    def find(
        cls,
        path: str | None = None,
        *,
        cwd: str,
        environ: Mapping[str, str],
        platform: str = sys.platform,
    ) -> Store:
        """Return the store to use: the one named, the nearest ``.brizna`` upwards, or the person's.

        Args:
            path: The store that the person named; wins over ``BRIZNA_STORE``.
            cwd: Where to begin looking.
            environ: Environment variables.
            platform: As `sys.platform` names it.
        """
        named = path or environ.get("BRIZNA_STORE")
        if named:
            return cls(os.path.join(cwd, os.path.expanduser(named)))
        place = os.path.abspath(cwd)
        while True:
            near = os.path.join(place, ".brizna")
            if os.path.isdir(near):
                return cls(near)
            if place == os.path.dirname(place):
                return cls(_personal(environ, platform))
            place = os.path.dirname(place)

    def directory(self, run_id: str) -> str:
        """Return where a run's files are."""
        return os.path.join(self._home, run_id)

    # ------------------------------------------------------------------------------------ writing

    def create_run(self, *, at_s: float | None = None) -> str:
        """Make the directory of a new run and return its path; its name is the run's id.

        Args:
            at_s: Time of the start in seconds since 1970; now if not given.

        Raises:
            UnavailableError: If the store cannot be written.
        """
        try:
            os.makedirs(self._home, exist_ok=True)
            while True:
                directory = self.directory(new_run_id(at_s=at_s))
                try:
                    os.mkdir(directory)
                except FileExistsError:
                    continue
                os.mkdir(os.path.join(directory, os.path.dirname(MARKS)))
                return directory
        except OSError as error:
            raise unavailable(
                Said("No run can be made in the store {path!r}", path=self.path), error
            ) from error

    def finish(self, run: Run) -> str:
        """Write a run's record, once and for ever, and return its digest.

        Raises:
            IntegrityError: If the run has another record already.
            UnavailableError: If the store cannot be written.
        """
        data = encode(run.to_json())
        self._keep(os.path.join(self.directory(run.id), RECORD), data)
        return digest_of_bytes(data)

    def put(self, record: Mapping[str, Any], *, run_id: str) -> str:
        """Keep a record beside the run that it is about, and return its digest.

        Args:
            record: The record's JSON value, with its ``schema``.
            run_id: The run.

        Raises:
            InputError: If the record names no schema, or there is no such run.
            UnavailableError: If the store cannot be written.
        """
        if not isinstance(record.get("schema"), str):
            raise InputError("A record without 'schema' cannot be kept: nobody could read it back.")
        directory = os.path.join(self.directory(self._known(run_id)), RECORDS)
        data = encode(dict(record))
        digest = digest_of_bytes(data)
        self._keep(os.path.join(directory, f"{digest.removeprefix('sha256:')}.json"), data)
        return digest

    def _keep(self, path: str, data: bytes) -> None:
        try:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            write_once(path, data)
        except OSError as error:
            raise unavailable(Said("{path!r} cannot be written", path=path), error) from error

    # ------------------------------------------------------------------------------------ reading

    def ids(self) -> list[str]:
        """Return the ids of all runs, the newest last.

        Raises:
            UnavailableError: If the store is there but cannot be read.
        """
        try:
            return sorted(name for name in os.listdir(self._home) if _ID.fullmatch(name))
        except FileNotFoundError:
            return []
        except OSError as error:
            raise unavailable(
                Said("The store {path!r} cannot be read", path=self.path), error
            ) from error

    def runs(self) -> list[RunSummary]:
        """Return a summary of every run, the newest last; what cannot be read says so."""
        ids = self.ids()
        index = Index(os.path.join(self.path, "index.json"))
        summaries: list[RunSummary] = []
        for run_id in ids:
            record = os.path.join(self.directory(run_id), RECORD)
            summaries.append(index.summary(run_id, record) or self._summary(run_id))
        index.save(set(ids))
        return sorted(summaries, key=_by_start)

    def recent(self, run_id: str, *, limit: int) -> list[RunSummary]:
        """Return summaries of a run and of those before it that have their record.

        Through a cache of its own, so that it takes no longer in a store of ten thousand runs.

        Args:
            run_id: The last.
            limit: How many at most.
        """
        ids = self.ids()
        index = Index(os.path.join(self.path, "recent.json"))
        chosen = [one for one in ids if one[:16] <= run_id[:16]][-limit:]
        found = [index.summary(one, os.path.join(self.directory(one), RECORD)) for one in chosen]
        if chosen[-1:] == ids[-1:]:
            index.save(set(chosen))
        known = [one for one in found if one and one.state != "unreadable"]
        known.sort(key=_by_start)
        last = [place for place, one in enumerate(known) if one.id == run_id]
        return known[: last[0] + 1] if last else []

    def _summary(self, run_id: str) -> RunSummary:
        """Return the summary of a run that has only its journal."""
        try:
            stored = self.recover(run_id)
            return RunSummary.of(stored.run.to_json(), stored.digest)
        except BriznaError as error:
            return RunSummary(id=run_id, state="unreadable", reason=str(error))

    def resolve(self, reference: str) -> str:
        """Return the id of the run that a person means.

        Args:
            reference: An id, the beginning or the end of one, a name, or ``last``.

        Raises:
            InputError: If it means no run, or several; the message lists the candidates.
        """
        ids = self.ids()
        if reference in ids:
            return reference
        if reference == "last" and ids:
            newest = [run_id for run_id in ids if run_id[:16] == ids[-1][:16]]
            return newest[0] if len(newest) == 1 else self.runs()[-1].id
        summaries = self.runs()
        found = [summary.id for summary in summaries if summary.name == reference]
        if not found and reference:
            found = [i for i in ids if i.startswith(reference) or i.endswith(reference)]
        if len(found) == 1:
            return found[0]
        raise unresolved(reference, summaries, set(found))

    def read(self, reference: str) -> StoredRun:
        """Return the run that a person means, recovered first if its recorder was killed.

        Args:
            reference: As for `resolve`.

        Raises:
            InputError: If it means no run, or several.
            IntegrityError: If its record or journal was changed.
            SchemaError: If it is of a newer version.
            UnavailableError: If nothing was recorded of it, or it cannot be read.
        """
        return self.recover(self.resolve(reference))

    def recover(self, run_id: str) -> StoredRun:
        """Return a run by its id; if it has ended without a record, write the record.

        What is told depends on nothing but the bytes of the journal and of the marks made before
        its last line, so whoever recovers a run, and however many at once, writes the same. A
        store that cannot be written tells the run all the same.

        Raises:
            InputError: If there is no such run.
            IntegrityError: If its record or journal was changed.
            SchemaError: If it is of a newer version.
            UnavailableError: If nothing was recorded of it, or it cannot be read.
        """
        stored = self._finished(self._known(run_id))
        if stored is not None:
            return stored
        state = self._state(run_id)
        if self._is_blank(run_id) and not self.has_record(run_id):
            raise blank(run_id, is_alive=state == "alive")
        events, damaged = self.events(run_id)  # after the state: what is dead writes no more
        stored = self._finished(run_id)
        if stored is not None:
            return stored
        is_alive = state == "alive"
        if is_alive and not any(event.get("e") == "end" for event in events):
            events.append({"e": "end", "state": "running"})
        run = _told(run_id, events, self.marks(run_id))
        if run.state == "running" or is_alive:
            run = run.replace(state="running")
            return StoredRun(run=run, digest=None, directory=self.directory(run_id))
        digest = digest_of_bytes(encode(run.to_json()))
        check_subject(run_id, digest, read_records(self.directory(run_id)))
        if state == "dead" or self._silent_s(run_id) > _GIVEN_UP_S:
            try:
                with suppress(UnavailableError):  # read-only: the next reader tells the same
                    self.finish(run)
            except IntegrityError:  # its writer finished while we looked: the writer knows best
                return self._finished(run_id) or self.recover(run_id)
        return self._stored(run, digest, damaged)

    def events(self, run_id: str) -> tuple[list[dict[str, Any]], int]:
        """Return the events of a run's journal and how many of its lines are damaged.

        Raises:
            SchemaError: If a newer brizna wrote it.
            UnavailableError: If there is no journal (any more), or it cannot be read.
        """
        events, damaged = read_events(os.path.join(self.directory(run_id), JOURNAL))
        for event in events:
            if event.get("e") == "start" and event.get("schema") != JOURNAL_SCHEMA:
                raise SchemaError(
                    "The journal of {run_id} says schema {seen!r}, but {expected!r} was expected. "
                    "Read it with a newer brizna: pip install --upgrade brizna.",
                    run_id=run_id,
                    seen=event.get("schema"),
                    expected=JOURNAL_SCHEMA,
                )
        return events, damaged

    def marks(self, run_id: str) -> list[dict[str, Any]]:
        """Return the marks that were made in a run, in order."""
        return read_marks(self.directory(run_id))[0]

    def has_record(self, run_id: str) -> bool:
        """Tell whether a run's record is written, so that it is what it will always be."""
        return os.path.exists(os.path.join(self.directory(run_id), RECORD))

    def has_samples(self, run_id: str) -> bool:
        """Tell whether the journal of a run is still there."""
        return os.path.exists(os.path.join(self.directory(run_id), JOURNAL))

    def records(self, run_id: str, *, schema: str | None = None) -> list[dict[str, Any]]:
        """Return the records kept beside a run, in the order of their digests.

        Args:
            run_id: The run.
            schema: Only those of this schema, e.g. ``brizna.footprint/1``.

        Raises:
            IntegrityError: If a record's bytes are not those that its name promises.
        """
        found = read_records(self.directory(self._known(run_id)))
        return [record for record in found if schema in (None, record.get("schema"))]

    def _known(self, run_id: str) -> str:
        if _ID.fullmatch(run_id) and os.path.isdir(self.directory(run_id)):
            return run_id
        raise InputError(
            "There is no run {run_id!r} in {store!r}. See: brizna runs list.",
            run_id=run_id,
            store=self.path,
        )

    def _finished(self, run_id: str) -> StoredRun | None:
        """Return a run that has its record; None if it has none yet."""
        path = os.path.join(self.directory(run_id), RECORD)
        try:
            with open(path, "rb") as file:
                data = file.read()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise unavailable(Said("{path!r} cannot be read", path=path), error) from error
        value = decode(data)
        run = Run.from_json(value)
        if run.id != run_id or encode(value) != data:
            raise IntegrityError(
                "{path!r} is not as brizna wrote it: it was edited or moved. Restore it from a "
                "copy, or remove it to have it told anew from the journal.",
                path=path,
            )
        digest = digest_of_bytes(data)
        check_subject(run_id, digest, read_records(self.directory(run_id)))
        return self._stored(run, digest, 0)

    def _stored(self, run: Run, digest: str, damaged: int) -> StoredRun:
        runs_on = self._command_runs(run.id) if run.state == "interrupted" else None
        return StoredRun(
            run=run,
            digest=digest,
            directory=self.directory(run.id),
            damaged=damaged,
            command_runs=runs_on,
        )

    def _state(self, run_id: str) -> str:
        """Return `liveness` of the run's writer."""
        start = self._head(run_id).get("start", {})
        writer = start.get("writer")
        if not writer:  # its first line is not written, or lost
            return "alive" if self._silent_s(run_id) < RECENT_S else "dead"
        interval_us = start.get("interval_us")
        return liveness(
            writer,
            silent_s=self._silent_s(run_id),
            interval_s=None if interval_us is None else interval_us / 1e6,
            host=self._host,
            proc_root=self._proc_root,
        )

    def _is_blank(self, run_id: str) -> bool:
        """Tell whether not one whole line of a run was ever written, nor anything computed."""
        directory = self.directory(run_id)
        if os.path.isdir(os.path.join(directory, RECORDS)):
            return False
        try:
            with open(os.path.join(directory, JOURNAL), "rb") as file:
                head = file.read(_HEAD_BYTES)
        except FileNotFoundError:
            return True
        except OSError:  # whoever reads its events says what is wrong
            return False
        return len(head) < _HEAD_BYTES and b"\n" not in head

    def _silent_s(self, run_id: str) -> float:
        """Return the seconds since the last line of a run's journal."""
        try:
            return time.time() - os.stat(os.path.join(self.directory(run_id), JOURNAL)).st_mtime
        except OSError:
            return time.time() - os.stat(self.directory(run_id)).st_mtime

    def _command_runs(self, run_id: str) -> bool | None:
        head = self._head(run_id)
        child, writer = head.get("child"), head.get("start", {}).get("writer")
        if not child or not writer:
            return None
        return command_runs(child, writer, host=self._host, proc_root=self._proc_root)

    def _head(self, run_id: str) -> dict[str, Event]:
        """Return the last event of each kind among the first lines of a journal."""
        try:
            with open(os.path.join(self.directory(run_id), JOURNAL), "rb") as file:
                events = [unframe(line) for line in split(file.read(_HEAD_BYTES))]
        except OSError:
            return {}
        return {str(event.get("e")): event for event in events if event is not None}

    # ----------------------------------------------------------------------------------- keeping

    def rm(self, references: Iterable[str]) -> list[str]:
        """Remove runs with all that lies beside them, and return their ids.

        Raises:
            InputError: If one is not there, or still goes on: then none is removed.
        """
        from brizna.store._keeping import remove

        ids = [self.resolve(reference) for reference in references]
        for run_id in ids:
            if self._goes_on(run_id):
                raise going_on(run_id)
        for run_id in ids:
            remove(self.directory(run_id))
        return ids

    def prune(
        self,
        *,
        keep_last: int | None = None,
        older_than_s: float | None = None,
        samples_only: bool = False,
    ) -> list[str]:
        """Remove old runs, or only their samples, and return the ids of those that it changed.

        Runs that go on are left alone. Without samples a run keeps its record and everything
        computed from it; its curve of power over time is gone.

        Args:
            keep_last: Leave this many of the newest alone.
            older_than_s: Leave those alone that started less than this ago, in seconds.
            samples_only: Remove the journal and the marks, keep the record.

        Raises:
            InputError: If neither limit is given, or one is negative.
        """
        from brizna.store._keeping import chosen, remove, remove_samples

        runs = [run for run in self.runs() if not self._goes_on(run.id)]
        ids = chosen(runs, keep_last=keep_last, older_than_s=older_than_s, now_s=time.time())
        if not samples_only:
            for run_id in ids:
                remove(self.directory(run_id))
            return ids
        with_record = [
            run_id
            for run_id in ids
            if os.path.exists(os.path.join(self.directory(run_id), RECORD))
            and self.has_samples(run_id)
        ]
        for run_id in with_record:
            remove_samples(self.directory(run_id))
        return with_record

    def export(self, references: Iterable[str], file: str) -> str:
        """Pack runs with all that lies beside them into one zip file, and return its digest.

        The digest, sent along another way, lets the receiver see that nothing was changed.

        Raises:
            InputError: If a run still goes on, or the file is there already.
            IntegrityError: If a run was changed: then nothing is packed.
            UnavailableError: If the file cannot be written.
        """
        from brizna.store._archive import pack

        parts: list[tuple[str, str, bytes]] = []
        for run_id in dict.fromkeys(self.resolve(reference) for reference in references):
            run = self._ended(run_id).run
            parts.append((run_id, self.directory(run_id), encode(run.to_json())))
        return pack(parts, file)

    def import_(self, file: str) -> list[str]:
        """Unpack what `export` packed, and return the ids of the runs that were not here yet.

        Raises:
            InputError: If the file cannot be read, or a run of that id is here with other content.
            IntegrityError: If the file is no such archive or was changed: then nothing is unpacked.
            UnavailableError: If the store cannot be written.
        """
        from brizna.store._archive import unpack

        return unpack(file, self._home)

    def merge(self, references: Sequence[str], *, name: str | None = None) -> StoredRun:
        """Keep and return a new run that sums others, such as the ranks of one job.

        Raises:
            InputError: If they cannot be summed without counting something twice.
        """
        from brizna.store._merge import merge_runs

        ids = dict.fromkeys(self.resolve(reference) for reference in references)
        merged = merge_runs([self._ended(run_id) for run_id in ids], name=name)
        directory = self.create_run()
        run = merged.replace(id=os.path.basename(directory))
        return self._stored(run, self.finish(run), 0)

    def _ended(self, run_id: str) -> StoredRun:
        stored = self.recover(run_id)
        if stored.is_running:
            raise going_on(run_id)
        return stored

    def _goes_on(self, run_id: str) -> bool:
        is_finished = os.path.exists(os.path.join(self.directory(run_id), RECORD))
        return not is_finished and self._state(run_id) == "alive"


def _by_start(summary: RunSummary) -> tuple[str, str]:
    """Sort runs as they began; those of one second have ids in no order."""
    return summary.id[:16], summary.started or ""


def new_run_id(*, at_s: float | None = None) -> str:
    """Return the id of a new run: its time and chance.

    Args:
        at_s: Time of the start in seconds since 1970; now if not given.
    """
    return f"{time.strftime(_TIME, time.gmtime(at_s))}-{os.urandom(3).hex()}"


def _personal(environ: Mapping[str, str], platform: str) -> str:
    """Return the store in the person's data directory."""
    home = environ.get("HOME") or os.path.expanduser("~")
    if platform == "win32":
        data = environ.get("LOCALAPPDATA") or os.path.join(home, "AppData", "Local")
    elif platform == "darwin":
        data = os.path.join(home, "Library", "Application Support")
    else:
        data = environ.get("XDG_DATA_HOME") or os.path.join(home, ".local", "share")
    return os.path.join(data, "brizna")


def _told(run_id: str, events: list[dict[str, Any]], marks: Sequence[Event]) -> Run:
    """Return the run that a journal tells; marks made after its last sample are not part of it."""
    try:
        last_us = max((event["t"] for event in events if "c" in event), default=0)
        run = replay(events, [mark for mark in marks if mark["t"] <= last_us])
    except (TypeError, ValueError, LookupError, AttributeError) as error:
        raise IntegrityError(
            "The journal of {run_id} has events that brizna does not write ({error!r}): it was "
            "changed by hand. Restore it from a copy.",
            run_id=run_id,
            error=error,
        ) from error
    if run.id != run_id:
        raise IntegrityError(
            "The journal in {run_id} is of the run {second}: it was moved.",
            run_id=run_id,
            second=run.id,
        )
    return run

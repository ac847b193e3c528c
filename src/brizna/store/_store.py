"""The store: a directory with a directory for each run."""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress

from brizna.core.codec import decode, digest_of_bytes, encode
from brizna.core.errors import (
    BriznaError,
    InputError,
    IntegrityError,
    Said,
    UnavailableError,
)
from brizna.core.measurement import Run
from brizna.store._alive import PROC
from brizna.store._asked import blank, going_on, meant, meant_also, unresolved
from brizna.store._files import unavailable, write_once
from brizna.store._homes import data_directory, index_directory, nearest
from brizna.store._ids import RUN_ID, new_run_id
from brizna.store._journal import JOURNAL
from brizna.store._life import Life
from brizna.store._looks import LOOKS, looks_of, read_looks
from brizna.store._marks import MARKS, marks_of, read_marks
from brizna.store._packs import Packs
from brizna.store._reading import check_schema, events_of, read_events, told_run
from brizna.store._records import RECORDS, check_subject, read_records, record_of_bytes
from brizna.store._stored import Recent, RunSummary, StoredRun, by_start, tell_directory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any, TypeVar

    from brizna.store._beside import Tell
    from brizna.store._index import Index
    from brizna.store._keys import KeyRing
    from brizna.store._packing import Packed

    Answer = TypeVar("Answer")

RECORD = "run.json"

_SECOND = 100
"""Runs among which the last of one second is looked for."""
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
        self._packs = Packs(os.path.join(self.path, "packs"))
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
        return cls(nearest(cwd) or data_directory(environ, platform))

    def directory(self, run_id: str) -> str:
        """Return where a run's files are, or were before it was packed."""
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
        self.unpack([self._known(run_id)])
        directory = os.path.join(self.directory(run_id), RECORDS)
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
        loose = self._loose()
        if not self._packs.names():
            return loose
        packed = self._ask(lambda index: (index.keep_up_packs(self._packs), index.packed_ids())[1])
        return sorted({*loose, *packed})

    def _loose(self) -> list[str]:
        """Return the ids of the runs with a directory of their own, the newest last."""
        try:
            return sorted(name for name in os.listdir(self._home) if RUN_ID.fullmatch(name))
        except FileNotFoundError:
            return []
        except OSError as error:
            raise unavailable(
                Said("The store {path!r} cannot be read", path=self.path), error
            ) from error

    def runs(self, *, limit: int | None = None) -> list[RunSummary]:
        """Return a summary of every run, the newest last; what cannot be read says so.

        Args:
            limit: Only so many of the newest.
        """
        known, left = self.through_index(lambda index: index.summaries(limit=limit))
        found = {run.id: run for run in [*left, *known]}
        return sorted(found.values(), key=by_start)[-limit if limit else 0 :]

    def through_index(self, ask: Callable[[Index], Answer]) -> tuple[Answer, list[RunSummary]]:
        """Return what the index of all runs, brought up to date, answers; and the runs not in it.

        Args:
            ask: What to ask; asked again where the index turns out to be spoilt.
        """

        def asked(index: Index) -> tuple[Answer, list[str], list[RunSummary]]:
            left = index.keep_up(self._loose(), self._packs)
            return ask(index), left, index.broken

        answer, left, broken = self._ask(asked)
        return answer, [*broken, *map(self._summary, left)]

    def _ask(self, ask: Callable[[Index], Answer]) -> Answer:
        """Return what the index of all runs answers."""
        from brizna.store._index import ask_index

        return ask_index(self.path, ask, cache=index_directory(os.environ, sys.platform))

    def recent(self, run_id: str, *, limit: int) -> list[RunSummary]:
        """Return summaries of a run and of those before it that have their record.

        Through a cache of its own, so that it takes no longer in a store of ten thousand runs.

        Args:
            run_id: The last.
            limit: How many at most.
        """
        ids = self._loose()
        recent = Recent(os.path.join(self.path, "recent.json"))
        chosen = [one for one in ids if one[:16] <= run_id[:16]][-limit:]
        found = [recent.summary(one, os.path.join(self.directory(one), RECORD)) for one in chosen]
        if chosen[-1:] == ids[-1:]:
            recent.save(set(chosen))
        known = {one.id: one for one in found if one and one.state != "unreadable"}
        if len(chosen) < limit and self._packs.names():
            for one in self._ask(lambda index: index.packed_before(self._packs, run_id, limit)):
                known.setdefault(one.id, one)
        told = sorted(known.values(), key=by_start)[-limit:]
        last = [place for place, one in enumerate(told) if one.id == run_id]
        return told[: last[0] + 1] if last else []

    def _summary(self, run_id: str) -> RunSummary:
        """Return the summary of a run that has no sound record of its own."""
        try:
            return tell_directory(run_id, os.path.join(self.directory(run_id), RECORD)).summary
        except FileNotFoundError:
            return self._recovered(run_id)
        except OSError as error:
            return RunSummary(id=run_id, state="unreadable", reason=str(error))

    def _recovered(self, run_id: str) -> RunSummary:
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
        if RUN_ID.fullmatch(reference) and self._is_here(reference):
            return reference
        if reference == "last":
            ids = sorted({*self._loose(), *(name[24:47] for name in self._packs.names())})
            newest = [run_id for run_id in ids if run_id[:16] == ids[-1][:16]]
            if len(newest) == 1 and os.path.isdir(self.directory(newest[0])):
                return newest[0]
            if newest:
                return self.runs(limit=_SECOND)[-1].id

        (found, known), left = self.through_index(lambda index: meant(index, reference))
        found, summaries = meant_also(reference, found, known, left)
        if len(found) == 1:
            return found[0]
        raise unresolved(reference, summaries, found)

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
        life = self._life(run_id)
        state = life.state()
        if life.is_blank() and not self.has_record(run_id):
            raise blank(run_id, is_alive=state == "alive")
        events, damaged = self.events(run_id)  # after the state: what is dead writes no more
        stored = self._finished(run_id)
        if stored is not None:
            return stored
        is_alive = state == "alive"
        if is_alive and not any(event.get("e") == "end" for event in events):
            events.append({"e": "end", "state": "running"})
        run = told_run(run_id, events, self.marks(run_id))
        if run.state == "running" or is_alive:
            run = run.replace(state="running")
            return StoredRun(run=run, digest=None, directory=self.directory(run_id))
        digest = digest_of_bytes(encode(run.to_json()))
        check_subject(run_id, digest, read_records(self.directory(run_id)))
        if state == "dead" or life.silent_s() > _GIVEN_UP_S:
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
        path = os.path.join(self.directory(run_id), JOURNAL)
        packed = self._packed(run_id, JOURNAL)
        events, damaged = read_events(path) if packed is None else events_of(packed, path)
        check_schema(run_id, events)
        return events, damaged

    def marks(self, run_id: str) -> list[dict[str, Any]]:
        """Return the marks that were made in a run, in order."""
        packed = self._packed(run_id, MARKS)
        return (read_marks(self.directory(run_id)) if packed is None else marks_of(packed))[0]

    def has_record(self, run_id: str) -> bool:
        """Tell whether a run's record is written, so that it is what it will always be."""
        return self._has(run_id, RECORD)

    def has_samples(self, run_id: str) -> bool:
        """Tell whether the journal of a run is still there."""
        return self._has(run_id, JOURNAL)

    def _has(self, run_id: str, path: str) -> bool:
        loose = os.path.join(self.directory(run_id), path)
        return os.path.exists(loose) or path in self._packs.names_of(run_id)

    def _packed(self, run_id: str, path: str) -> bytes | None:
        """Return a file of a run that is in a pack and has none of its own; None otherwise."""
        if os.path.exists(os.path.join(self.directory(run_id), path)):
            return None
        return (self._packs.read(run_id, only=[path]) or {}).get(path)

    def files(self, run_id: str) -> dict[str, bytes]:
        """Return the files of a run by their paths, wherever they lie; none that are not a run's.

        Raises:
            IntegrityError: If its pack was changed.
            UnavailableError: If they cannot be read.
        """
        from brizna.store._packing import files_of_run

        return files_of_run(self.directory(run_id), self._packs)

    def looks(self, run_id: str) -> tuple[list[dict[str, Any]], int]:
        """Return what looks into a run wrote, and how many lines are damaged; as `read_looks`."""
        packed = self._packed(run_id, LOOKS)
        return read_looks(self.directory(run_id)) if packed is None else looks_of(packed)

    def records(self, run_id: str, *, schema: str | None = None) -> list[dict[str, Any]]:
        """Return the records kept beside a run, in the order of their digests.

        Args:
            run_id: The run.
            schema: Only those of this schema, e.g. ``brizna.footprint/1``.

        Raises:
            IntegrityError: If a record's bytes are not those that its name promises.
        """
        found = self._records(self._known(run_id))
        return [record for record in found if schema in (None, record.get("schema"))]

    def _records(self, run_id: str) -> list[dict[str, Any]]:
        loose = read_records(self.directory(run_id))
        if os.path.exists(os.path.join(self.directory(run_id), RECORD)):
            return loose
        packed = self._packs.read(run_id, only=[f"{RECORDS}/"]) or {}
        found = [record_of_bytes(path, packed[path]) for path in sorted(packed)]
        return found + [record for record in loose if record not in found]

    def _is_here(self, run_id: str) -> bool:
        return os.path.isdir(self.directory(run_id)) or bool(self._packs.holding(run_id))

    def _known(self, run_id: str) -> str:
        if RUN_ID.fullmatch(run_id) and self._is_here(run_id):
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
            packed = self._packed(run_id, RECORD)
            if packed is None:
                return None
            data = packed
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
        check_subject(run_id, digest, self._records(run_id))
        return self._stored(run, digest, 0)

    def _stored(self, run: Run, digest: str, damaged: int) -> StoredRun:
        runs_on = self._life(run.id).command_runs() if run.state == "interrupted" else None
        return StoredRun(
            run=run,
            digest=digest,
            directory=self.directory(run.id),
            damaged=damaged,
            command_runs=runs_on,
        )

    def _life(self, run_id: str) -> Life:
        return Life(self.directory(run_id), host=self._host, proc_root=self._proc_root)

    # ----------------------------------------------------------------------------------- keeping

    def rm(self, references: Iterable[str]) -> list[str]:
        """Remove runs with all that lies beside them, and return their ids.

        Raises:
            InputError: If one is not there, or still goes on: then none is removed.
        """
        ids = [self.resolve(reference) for reference in references]
        if alive := [run_id for run_id in ids if self._goes_on(run_id)]:
            raise going_on(alive[0])
        return self._remove(ids)

    def _remove(self, ids: list[str]) -> list[str]:
        from brizna.store._keeping import remove

        for run_id in ids:
            if os.path.isdir(self.directory(run_id)):
                remove(self.directory(run_id))
        self._packs.drop(ids)
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
        from brizna.store._keeping import chosen, remove_samples, samples

        runs = [run for run in self.ids() if not self._goes_on(run)]
        ids = chosen(runs, keep_last=keep_last, older_than_s=older_than_s, now_s=time.time())
        if not samples_only:
            return self._remove(ids)
        ids = [run_id for run_id in ids if self.has_record(run_id) and self.has_samples(run_id)]
        for run_id in ids:
            remove_samples(self.directory(run_id))
        self._packs.drop(ids, files=samples)
        return ids

    def pack(self, *, keep_last: int | None = None, older_than_s: float | None = None) -> Packed:
        """Put old runs into packs, many to a file, where they are read as before.

        Runs that go on, cannot be read or have other files beside them are left where they are.

        Args:
            keep_last: Leave this many of the newest alone.
            older_than_s: Leave those alone that started less than this ago, in seconds.

        Raises:
            InputError: If neither limit is given, or one is negative.
            UnavailableError: If the store cannot be written.
        """
        from brizna.store._keeping import chosen
        from brizna.store._packing import pack_runs

        ids = chosen(self.ids(), keep_last=keep_last, older_than_s=older_than_s, now_s=time.time())
        loose = [run_id for run_id in ids if os.path.isdir(self.directory(run_id))]
        return pack_runs(self, self._packs, loose)

    def unpack(self, references: Iterable[str]) -> list[str]:
        """Give packed runs a directory of their own again, and return the ids of those.

        They stay in their pack until it is written anew; what lies in their directory goes first.

        Raises:
            InputError: If a reference means no run, or several.
            IntegrityError: If a pack was changed.
            UnavailableError: If the store cannot be written.
        """
        from brizna.store._archive import place

        ids = [self.resolve(reference) for reference in references]
        packed = [run_id for run_id in ids if not os.path.isdir(self.directory(run_id))]
        for run_id in packed:
            place(self._home, run_id, self.files(run_id))
        return packed

    def export(self, references: Iterable[str], file: str) -> str:
        """Pack runs with all that lies beside them into one zip file, and return its digest.

        The digest, sent along another way, lets the receiver see that nothing was changed.

        Raises:
            InputError: If a run still goes on, or the file is there already.
            IntegrityError: If a run was changed: then nothing is packed.
            UnavailableError: If the file cannot be written.
        """
        from brizna.store._archive import export_runs

        ids = dict.fromkeys(self.resolve(reference) for reference in references)
        return export_runs(self, [self._ended(run_id).run for run_id in ids], file)

    def import_(
        self, file: str, *, ring: KeyRing | None = None, tell: Tell = lambda _: None
    ) -> list[str]:
        """Unpack what `export` packed, and return the ids of the runs that were not here yet.

        A list of what is approved comes along only if ``ring`` believes it; else ``tell`` is told.

        Raises:
            InputError: If the file cannot be read, or a run of that id is here with other content.
            IntegrityError: If the file is no such archive or was changed: then nothing is unpacked.
            UnavailableError: If the store cannot be written.
        """
        from brizna.store._archive import import_runs

        return import_runs(self.path, file, ring=ring, tell=tell)

    def merge(self, references: Sequence[str], *, name: str | None = None) -> StoredRun:
        """Keep and return a new run that sums others, such as the ranks of one job.

        Raises:
            InputError: If they cannot be summed without counting something twice.
        """
        from brizna.store._merge import merge_runs

        ids = dict.fromkeys(self.resolve(reference) for reference in references)
        self.unpack(ids)  # it looks into their journals
        merged = merge_runs([self._ended(run_id) for run_id in ids], name=name)
        run = merged.replace(id=os.path.basename(self.create_run()))
        return self._stored(run, self.finish(run), 0)

    def _ended(self, run_id: str) -> StoredRun:
        stored = self.recover(run_id)
        if stored.is_running:
            raise going_on(run_id)
        return stored

    def _goes_on(self, run_id: str) -> bool:
        return not self.has_record(run_id) and self._life(run_id).state() == "alive"

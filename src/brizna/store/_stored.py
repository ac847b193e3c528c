"""What the store tells about a run, and the cache that tells it fast at the end of the next."""

from __future__ import annotations

import json
import os

from brizna.core.codec import digest_of_bytes
from brizna.core.errors import BriznaError, InputError, IntegrityError, Said
from brizna.core.records import Record
from brizna.store._files import replace_file
from brizna.store._records import check_subject, read_records

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, ClassVar, Self

    from brizna.core.measurement import Run


class StoredRun(Record):
    """A run as the store has it.

    Attributes:
        run: The record; while the run goes on, what is known so far, with the state ``running``.
        digest: Digest of the record; None while the run goes on.
        directory: Where its files are.
        damaged: Lines of its journal that are damaged; 0 where the journal was not read.
        command_runs: Whether the command of an interrupted run still runs, unmeasured; None where
            that cannot be known, or where the run was not interrupted.
    """

    run: Run
    digest: str | None
    directory: str
    damaged: int = 0
    command_runs: bool | None = None

    @property
    def is_running(self) -> bool:
        """Whether the run still goes on."""
        return self.run.state == "running"


class RunSummary(Record):
    """One line of a list of runs.

    Attributes:
        state: As in `Run`, or ``running``, or ``unreadable`` with its ``reason``.
        energy_j: The run's energy as `Estimate.to_json` writes it; None if unknown.
        methods: How its roots were read, each method once.
        interval_s: Asked-for time between two readings; None if unknown.
        process: As in `Run`: tells which runs lie inside others.
        jobs: What a scheduler or a launcher of ranks calls the job that it is part of.
        digest: Digest of the run's record; None while it goes on or if it cannot be read.
    """

    id: str
    state: str
    name: str | None = None
    tags: tuple[str, ...] = ()
    parent: str | None = None
    command: tuple[str, ...] | None = None
    started: str | None = None
    duration_s: float | None = None
    exit_code: int | None = None
    signal: int | None = None
    machine: str | None = None
    energy_j: dict[str, Any] | None = None
    methods: tuple[str, ...] = ()
    interval_s: float | None = None
    jobs: tuple[str, ...] = ()
    process: dict[str, Any] | None = None
    digest: str | None = None
    reason: str | None = None

    _forms: ClassVar = {"tags": tuple, "command": tuple, "methods": tuple, "jobs": tuple}

    @property
    def outcome(self) -> str:
        """Tell ``succeeded``, or ``failed``: ended otherwise than well, or not on its own."""
        ended_well = self.state == "finished" and not self.exit_code and not self.signal
        return "succeeded" if ended_well else "failed"

    @classmethod
    def of(cls, run: dict[str, Any], digest: str | None) -> Self:
        """Return the summary of a run's JSON value."""
        kept = {name: run[name] for name in cls._fields if name in run}
        measured = run["measurement"]
        roots = [c for c in measured["channels"] if c["parent"] is None and not c["mirror_of"]]
        return cls.from_json(
            {
                **kept,
                "energy_j": measured["energy_j"],
                "methods": sorted({channel["method"] for channel in roots}),
                "interval_s": measured.get("interval_s"),
                "jobs": _jobs(run.get("environment") or {}),
                "digest": digest,
            }
        )


def by_start(summary: RunSummary) -> tuple[str, str]:
    """Sort runs as they began; those of one second have ids in no order."""
    return summary.id[:16], summary.started or ""


def _jobs(environment: dict[str, Any]) -> list[str]:
    job: dict[str, Any] = environment.get("job") or {}
    rank: dict[str, Any] = environment.get("rank") or {}
    return sorted({str(name) for name in (job.get("id"), rank.get("launch")) if name is not None})


class Told(Record):
    """What a run's files tell a list of runs.

    Attributes:
        summary: ``unreadable`` if they are not as they were written.
        run: The JSON value of its record; None of an unreadable one.
        records: Those beside it.
    """

    summary: RunSummary
    run: dict[str, Any] | None = None
    records: tuple[dict[str, Any], ...] = ()


def tell(run_id: str, data: bytes, records: Callable[[], list[dict[str, Any]]]) -> Told:
    """Return what the bytes of a run's record, and the records beside it, tell.

    What can still be told of an unreadable one is what it is called by, so that it is found.
    """
    try:
        run = json.loads(data)
        if run["id"] != run_id:
            raise IntegrityError("run.json is of the run {run_id}", run_id=run["id"])
        summary = RunSummary.of(run, digest_of_bytes(data))
    except (BriznaError, ValueError, TypeError, LookupError, AttributeError) as error:
        reason = str(Said("run.json: {error}", error=error))
        return Told(summary=RunSummary(id=run_id, state="unreadable", reason=reason))
    try:
        beside = records()
        check_subject(run_id, digest_of_bytes(data), beside)
    except BriznaError as error:
        return Told(
            summary=RunSummary(
                id=run_id,
                state="unreadable",
                name=summary.name,
                tags=summary.tags,
                started=summary.started,
                reason=str(error),
            )
        )
    return Told(summary=summary, run=run, records=tuple(beside))


def tell_directory(run_id: str, record: str) -> Told:
    """Return what a run's record file, and the records beside it, tell.

    Raises:
        OSError: If the file cannot be read.
    """
    with open(record, "rb") as file:
        data = file.read()
    return tell(run_id, data, lambda: read_records(os.path.dirname(record)))


def runs_of_job(summaries: Sequence[RunSummary], job: str) -> list[str]:
    """Return the ids of the runs of one job, such as its ranks: those that have ended.

    Args:
        summaries: All runs.
        job: What a scheduler or a launcher calls it.

    Raises:
        InputError: If there is none.
    """
    found = [run.id for run in summaries if job in run.jobs and run.state != "running"]
    if not found:
        known = sorted({name for run in summaries for name in run.jobs})
        raise InputError(
            "No run that has ended is of the job {job!r}. Known jobs: {known}.",
            job=job,
            known=", ".join(known) or "-",
        )
    return found


class Recent:
    """Summaries of sound records, each valid while its file has the size and time it was made from.

    Of the newest runs, for what the end of a run says of those before it: a small file, read with
    modules that are loaded by then. The index of all runs is in `_index`.

    Only a cache: unreadable means empty, unwritable means slower next time. It is replaced whole
    by a rename, so that it may lie on a network file system and be written by many at once.
    """

    _FORM = ("brizna.index/2", *RunSummary(id="", state="").to_json())

    def __init__(self, path: str) -> None:
        self._path = path
        self._is_changed = False
        self._known: dict[str, list[Any]] = {}
        try:
            with open(path, "rb") as file:
                form, known = json.load(file)
            if tuple(form) == self._FORM:
                self._known = known
        except (OSError, ValueError, TypeError):
            self._is_changed = True

    def summary(self, run_id: str, record: str) -> RunSummary | None:
        """Return the summary of a run's record file; None if there is no such file."""
        try:
            status = os.stat(record)
            stamp = [status.st_mtime_ns, status.st_size]
            known = self._known.get(run_id)
            if known and known[:2] == stamp:
                return RunSummary.from_json(known[2])
            summary = tell_directory(run_id, record).summary
        except FileNotFoundError:
            return None
        except OSError as error:
            return RunSummary(id=run_id, state="unreadable", reason=str(error))
        if summary.state != "unreadable":  # it may be mended without a touch to this file
            self._known[run_id] = [*stamp, summary.to_json()]
            self._is_changed = True
        return summary

    def save(self, ids: set[str]) -> None:
        """Keep the summaries of these runs, if something is new and the store can be written."""
        known = {run_id: known for run_id, known in self._known.items() if run_id in ids}
        if not self._is_changed and len(known) == len(self._known):
            return
        try:
            replace_file(self._path, json.dumps([self._FORM, known]).encode())
        except OSError:
            self._is_changed = True  # the next list is as slow as this one

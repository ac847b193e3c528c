"""The recorder: meters, journal and store of one run, from its first reading to its footprint."""

from __future__ import annotations

import os
from _thread import allocate_lock

from brizna.core.errors import BriznaError, Said, UnavailableError
from brizna.core.replay import JOURNAL_SCHEMA, energy_together, replay
from brizna.core.version import VERSION
from brizna.core.work import added_work
from brizna.environment import capture, machine_name, redact
from brizna.meter import BootClock, Roots, Sampler, factors_behind, open_meters
from brizna.run import ancestors
from brizna.store import Journal, Store, new_run_id, process_start, writer_identity
from brizna.verbs._mark import run_address, run_around
from brizna.verbs._named import open_named
from brizna.verbs._site import hardware_of, site_of
from brizna.verbs._software import software_facts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from brizna.account import FunctionalUnit
    from brizna.core.book import Book
    from brizna.core.estimate import Estimate
    from brizna.core.measurement import Run
    from brizna.meter import ContainerUse, Gauges, Meter
    from brizna.run import Users
    from brizna.store import Tail
    from brizna.verbs._settings import Settings
    from brizna.verbs._views import View


class Job:
    """What is being recorded: a command, or a block of Python.

    Attributes:
        command: The command line as it was given; None for a block of Python.
        name: What the person calls it.
        tags: What it belongs to.
        unit: What to divide the footprint by.
        watch: Users of the machine to watch beside it, as `brizna.run.watch` takes them.
        parent: Id of the run around this one in this process; None to look in the environment.
        started_as: What is started in place of the command, to look into it; None for itself.
    """

    __slots__ = ("command", "name", "parent", "started_as", "tags", "unit", "watch")

    def __init__(
        self,
        *,
        command: Sequence[str] | None = None,
        name: str | None = None,
        tags: Sequence[str] = (),
        unit: FunctionalUnit | None = None,
        watch: Sequence[str] = (),
    ) -> None:
        self.command = command
        self.name = name
        self.tags = tuple(tags)
        self.unit = unit
        self.watch = tuple(watch)
        self.parent: str | None = None
        self.started_as: Sequence[str] | None = None


class Recorder:
    """Records one run. Faults become notes; with ``strict`` they raise before the run begins.

    Attributes:
        directory: The run's directory; None where the store cannot be written.
        sampler: Reads the meters.
        trouble: What went wrong so far, one sentence each.
        is_kept: Whether the run's record is in the store, once it has ended.
    """

    def __init__(
        self,
        job: Job,
        settings: Settings,
        *,
        environ: Mapping[str, str],
        directory: str,
        meters: Sequence[Meter] | None = None,
        clock: Any = None,
    ) -> None:
        """Open everything and write the first events; nothing is read yet.

        Args:
            job: What is being recorded.
            settings: The settings in force.
            environ: The environment variables of this process.
            directory: The working directory.
            meters: Meters to use; this machine's if None.
            clock: What tells the time; the boot-time clock if None.

        Raises:
            UnavailableError: Only with ``strict``: if the run could not be kept.
        """
        self.job = job
        self.settings = settings
        self.trouble: list[str] = []
        self.is_kept = False
        self._environ = environ
        self._where = directory
        self._machine = machine_name()
        self._site = site_of(settings, environ=environ)  # before anything is made: it may refuse
        self._book = self._own_factors()
        named = (
            open_named(settings, machine=self._machine, environ=environ, clock=clock)
            if meters is None
            else ()
        )
        self._store, self.directory = self._open_store()
        self.id = new_run_id() if self.directory is None else os.path.basename(self.directory)
        # Before a block begins, which is not to pay for what looking takes.
        self._software = self._find_software() if job.command is None else None
        self._journal = Journal(self.directory)
        self._tail: Tail | None = None
        self._gauges: Gauges | None = None
        self._child: int | None = None
        self._work: dict[str, float] = {}
        self._environment: dict[str, Any] = {}
        self._counting = allocate_lock()
        self._simulates = meters is not None
        opened = self._open_meters(named) if meters is None else meters
        self._meters, self._clock = opened, clock or BootClock()
        self.sampler = Sampler(opened, clock=self._clock, write=self._journal.add)
        self._journal.write(self._start_event())

    @property
    def address(self) -> str | None:
        """What the command's environment says of this run; None where it has no directory."""
        if self.directory is None:
            return None
        return run_address(self.sampler.start_us, self.directory)

    @property
    def working_directory(self) -> str:
        """Where the job runs."""
        return self._where

    @property
    def mark_directory(self) -> str | None:
        """Where marks of this run arrive; None where it has no directory."""
        return None if self.directory is None else os.path.join(self.directory, "marks")

    def started(self, pid: int) -> None:
        """Write whose process the command is."""
        self._child = pid
        self._journal.write({"e": "child", "pid": pid, "start_ticks": process_start(pid)})

    def name_users(self, users: Users, *, kind: str) -> None:
        """Write who uses the machine: the run, of this kind, and those watched beside it."""
        self._journal.write(users.event(kind))

    def open_container_use(self) -> ContainerUse | None:
        """Return what tells the use of the container that the channels cover; None if none do.

        Nor where the meters were given: their container need not be the one that we are in.
        """
        from brizna.verbs._users import open_container_use

        return None if self._simulates else open_container_use(self.sampler.channels)

    def describe(self, use: Mapping[str, Any] | None = None) -> None:
        """Write what the run happens in and on; called once the job is under way.

        Args:
            use: How it is known who uses the machine.
        """
        for event in self.surroundings(use):
            self._journal.write(event)
        self._describe_software()

    def _describe_software(self) -> None:
        """Write the software of the job, unless that was done."""
        if self._environment and "software" not in self._environment:
            self._environment |= self._software or self._find_software()
            self._journal.write({"e": "environment", "environment": self._environment})

    def _find_software(self) -> dict[str, Any]:
        return software_facts(
            self._environ, command=self.job.command, directory=self._where, store=self._store
        )

    def start(self, beside: Callable[[], dict[str, Any]], use: Mapping[str, Any]) -> None:
        """Find out what the run happens in and on, take the first reading, then write both.

        For a job that waits meanwhile, and is not to pay for what finding out takes.

        Args:
            beside: Tells what the first reading says beside energy, just before it is taken.
            use: How it is known who uses the machine.
        """
        events = self.surroundings(use)
        self.sampler.start(beside())
        for event in events:
            self._journal.write(event)

    def surroundings(self, use: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """Return the events that tell what the run happens in and on; opens the gauges.

        Args:
            use: How it is known who uses the machine.
        """
        environment = capture(self._environ, directory=self._where, names=self.settings["names"])
        environment["use"] = dict(use or {})
        self._environment = environment
        channels = self.sampler.channels
        factors = [factor.to_json() for factor in factors_behind(channels)]
        from brizna.meter import open_gauges

        roots = None if self._simulates else Roots()
        self._gauges = open_gauges(
            roots, clock=self._clock, meters=self._meters, command=self._child
        )
        return [
            {"e": "environment", "environment": environment},
            {"e": "hardware", "hardware": hardware_of(channels)},
            {"e": "factors", "factors": factors},
            *self._idle_power(),
            self._gauges.event(),
        ]

    def beside(self, *, last: bool = False) -> dict[str, Any]:
        """Return what a sample says beside energy and use: gauges if it is time, work so far.

        Args:
            last: Whether this is the run's last sample.
        """
        gauges = {} if self._gauges is None else self._gauges.read(at_any_cost=last)
        return {**gauges, **self.work()}

    def count(self, amounts: Mapping[str, float]) -> None:
        """Add to the work done so far, from any thread; no sample sees half of it.

        Raises:
            InputError: If it is more than a run can count; none of it is added.
        """
        with self._counting:
            self._work = added_work(self._work, amounts)

    def work(self) -> dict[str, Any]:
        """Return what a sample or the edge of a window says of the work done so far."""
        return {"work": self._work} if self._work else {}

    def _idle_power(self) -> list[dict[str, Any]]:
        """Return what the machine draws while nobody uses it, if that was measured or declared."""
        from brizna.verbs._baseline import idle_event, idle_troubles

        try:
            event = idle_event(self._store, self._machine, self.settings["idle_w"])
        except BriznaError as error:
            self.trouble.append(str(error))
            return []
        if event is None:
            return []
        return [event, *map(_note, idle_troubles(event["declared"], self.sampler.channels))]

    def note(self, text: str) -> None:
        """Write a sentence for the reader of the record."""
        self._journal.write(_note(text))

    def energy(self) -> Estimate | None:
        """Return the energy so far; it costs the same however long the run has been."""
        return replay(self._follow().events()).measurement.energy_j

    def energy_in(self, window: int) -> Estimate | None:
        """Return the energy of a window so far, or of one that has just ended, at the same cost.

        Raises:
            UnavailableError: If it ended too long ago.
        """
        phases = replay(self._follow().events(window)).measurement.phases
        if not phases:
            raise UnavailableError(
                "This part ended before several others: the energy of one is to be had while it "
                "lasts and right after it. Ask then, or read run.measurement.phases."
            )
        return phases[0].energy_j

    def energy_together(self, name: str, count: int) -> Estimate | None:
        """Return the energy of the latest windows of a name that are over; None if not known."""
        events, _ = self._journal.events()
        return energy_together(events, name, count=count)

    def _follow(self) -> Tail:
        if self._tail is None:
            self._tail = self.tail()
        return self._tail

    def tail(self) -> Tail:
        """Return what tells the energy so far, for somebody who asks beside others."""
        from brizna.store import Tail

        return Tail(self._journal)

    def live(self) -> Run:
        """Return the run as far as it has come."""
        events, _ = self._journal.events()
        return replay(events, self._marks())

    def finish(self, *, cpu: Mapping[str, Any] | None = None, **end: Any) -> View:
        """Close the meters and the journal, tell the run, account for it and keep both.

        Args:
            cpu: How far the CPU time of the command can be trusted: ``coverage`` and ``why``.
            **end: Fields of the ``end`` event.
        """
        from brizna.core.book import SHIPPED
        from brizna.verbs._views import account_run, view

        self.sampler.close()
        if self.sampler.trouble:
            failed = str(Said("A meter or the journal failed: {error}", error=self.sampler.trouble))
            self.note(failed)
            self.trouble.append(sentence(failed))
        if cpu is not None:
            self._journal.write({"e": "cpu", **cpu})
        self._describe_software()
        self._journal.write({"e": "end", "state": "finished", **end})
        events, _ = self._journal.events()
        trouble = self._journal.trouble
        self._journal.close()
        if trouble:
            self.trouble.append(sentence(trouble))
        run = replay(events, self._marks())
        seen_as, book = self.settings["view"], self._book or SHIPPED
        footprint = account_run(run, unit=self.job.unit, seen_as=seen_as, book=book)
        self._keep(run, footprint)
        return {**view(run, footprint), "history": self._history()}

    def _own_factors(self) -> Book | None:
        """Return the book of factors, read before the run begins; None where it has no own ones."""
        if not self.settings["factors"]:
            return None
        from brizna.verbs._book import book_of

        return book_of(self.settings)

    def _keep(self, run: Run, footprint: Any) -> None:
        if self._store is None or self.directory is None:
            return
        try:
            self._store.finish(run)
            self._store.put(footprint.to_json(), run_id=run.id)
            self.is_kept = True
        except (BriznaError, OSError) as error:
            self.trouble.append(sentence(str(error)))

    def _history(self) -> dict[str, Any] | None:
        """Return what runs of its kind say of this one; None where it was not kept."""
        if self._store is None or not self.is_kept:
            return None
        from brizna.verbs._history import tell_history

        return tell_history(self._store, self.id)

    def _marks(self) -> Sequence[Mapping[str, Any]]:
        if self.directory is None:
            return ()
        from brizna.store import read_marks

        try:
            return read_marks(self.directory)[0]
        except UnavailableError as error:
            self.trouble.append(sentence(str(error)))
            return ()

    def _open_meters(self, named: Sequence[Meter]) -> Sequence[Meter]:
        try:
            return open_meters(machine=self._machine, named=named)
        except Exception as error:  # the job must run, on any machine: the run's end says so
            if self.settings["strict"]:
                raise
            reason = Said(
                "No meter could be opened: {kind}: {error}", kind=type(error).__name__, error=error
            )
            self.trouble.append(sentence(str(reason)))
            return ()

    def _open_store(self) -> tuple[Store | None, str | None]:
        try:
            store = Store.find(self.settings["store"], cwd=self._where, environ=self._environ)
            return store, store.create_run()
        except BriznaError as error:
            if self.settings["strict"]:
                raise
            self.trouble.append(sentence(str(error)))
            return None, None

    def _start_event(self) -> dict[str, Any]:
        from datetime import UTC, datetime

        job, around = self.job, run_around(self._environ)
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        return {
            "e": "start",
            "schema": JOURNAL_SCHEMA,
            "id": self.id,
            "name": job.name,
            "tags": list(job.tags),
            "parent": job.parent or (os.path.basename(around[1]) if around else None),
            "command": None if job.command is None else list(redact(job.command)),
            "started": now.replace("+00:00", "Z"),
            "interval_us": round(self.settings["interval"] * 1e6),
            "boot_us": self.sampler.start_us,
            "machine": self._machine,
            "brizna": VERSION,
            "site": self._site.to_json(),
            "cpus": os.cpu_count(),
            "writer": writer_identity(),
            "ancestors": ancestors(),
        }


def untold(error: Exception) -> str:
    """Return the sentence that a run could not be told."""
    kind = type(error).__name__
    return sentence(str(Said("The run could not be told: {kind}: {error}", kind=kind, error=error)))


def sentence(text: str) -> str:
    """Return a text as a sentence that others can follow: it ends with a full stop."""
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _note(text: str) -> dict[str, Any]:
    return {"e": "note", "text": text}

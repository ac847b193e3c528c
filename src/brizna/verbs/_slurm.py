"""One record for each job of a SLURM cluster, from its prolog and epilog, without a daemon.

The prolog of a node reads the counters when a job begins, the epilog reads them when it ends and
writes the run. Counters of processors start again within half an hour to some hours: so that no
lap goes unseen, ``tick`` reads them in between, called by SLURM itself as its health check.

None of this may keep a job or a node from working: what goes wrong is said and never fails.
"""

from __future__ import annotations

import os
from contextlib import closing, suppress
from datetime import UTC, datetime

from brizna.core.errors import BriznaError, InputError, Said, UnavailableError
from brizna.core.records import Record
from brizna.core.replay import replay
from brizna.environment import capture, machine_name
from brizna.meter import BootClock, factors_behind, open_meters
from brizna.run import Roots, watch
from brizna.store import Journal, Store
from brizna.verbs._named import open_named
from brizna.verbs._site import hardware_of, site_of
from brizna.verbs._snapshots import Counters, append, forget, journal_of, load, same_boot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from brizna.meter import Meter
    from brizna.verbs._settings import Settings
    from brizna.verbs._views import View

JOB = "SLURM_JOB_ID"
_SUFFIX = ".snapshots"
_BROKEN = ".broken"
_TICK_S = 1.0
_SYSTEM_STATE = "/run/brizna/slurm"
_ABOUT = {
    "SLURM_JOB_PARTITION": "partition",
    "SLURM_CLUSTER_NAME": "cluster",
    "SLURM_JOB_NUM_NODES": "nodes",
    "SLURM_ARRAY_JOB_ID": "array",
    "SLURM_ARRAY_TASK_ID": "array_task",
    "SLURM_JOB_GPUS": "gpus",
    "SLURM_CPUS_ON_NODE": "cpus",
}
"""Variables that say what a job was given; none names a person or an address."""
_OWN_UNKNOWN = Said(
    "The job's own processor time is not known: its control group was gone before the epilog. Let "
    "SLURM call brizna slurm tick as its health check."
)
_STARTED_ANEW = Said(
    "The machine was started anew during the job: what it used before is not known."
)


class Node(Record):
    """The node on which a job runs.

    Attributes:
        environ: The environment that SLURM gives to its prolog and epilog.
        settings: The settings in force.
        state: Folder in which snapshots are kept between begin and end.
        clock: What tells the time; the boot-time clock if None.
        open_all: Opens the meters; this machine's if None.
        roots: Where the kernel shows control groups and processor times.
    """

    environ: Mapping[str, str]
    settings: Settings
    state: str
    clock: Any = None
    open_all: Callable[[], Sequence[Meter]] | None = None
    roots: Roots = Roots()

    def job(self) -> str:
        """Return the job's number.

        Raises:
            InputError: If the environment names none.
        """
        number = self.environ.get(JOB, "")
        if not number.isdecimal():
            raise InputError(
                "There is no job's number in {name}: call this from SLURM's Prolog or Epilog.",
                name=JOB,
            )
        return number

    def path(self, job: str) -> str:
        """Return where a job's snapshots are kept."""
        return os.path.join(self.state, f"{job}{_SUFFIX}")


def state_folder() -> str:
    """Return where snapshots are kept if nobody says: a place that a restart empties."""
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        return _SYSTEM_STATE
    return os.path.join(os.environ.get("XDG_RUNTIME_DIR") or "/tmp", "brizna-slurm")  # noqa: S108 - with mode 700


def begin_job(node: Node) -> None:
    """Read the counters as a job begins, and keep them.

    Raises:
        InputError: If there is no job.
        OSError: If they cannot be kept.
    """
    job = node.job()
    os.makedirs(node.state, mode=0o700, exist_ok=True)
    forget(node.path(job))  # a job that was queued again begins again
    about = {
        "name": node.environ.get("SLURM_JOB_NAME") or f"slurm-{job}",
        "started": _now(),
        "machine": machine_name(),
    }
    with closing(_read(node)) as counters:
        append(node.path(job), counters.head(about), is_new=True)
        reading = counters.reading(None)
    append(node.path(job), {**reading, "cpu": [0, _busy_us(node.roots)]})


def tick(node: Node) -> list[str]:
    """Read the counters for every job that runs here, and return their numbers.

    Snapshots that the machine's last start left behind are removed; one that is damaged beyond
    telling is set aside under another name, so that it is met once.

    Raises:
        OSError: If a reading cannot be kept.
    """
    try:
        files = sorted(os.listdir(node.state))
    except FileNotFoundError:
        return []
    latest: dict[str, dict[str, Any]] = {}
    for file in files:
        job = file.removesuffix(_SUFFIX)
        if file != job and job.isdecimal():
            before = _latest(node.path(job))
            if before is not None:
                latest[job] = before
    if latest:
        busy_us = _busy_us(node.roots)
        with closing(_read(node)) as counters:
            for job, before in latest.items():
                cpu = [_own_us(job, node.roots), busy_us]
                append(node.path(job), {**counters.reading(before), "cpu": cpu})
    return list(latest)


def _latest(path: str) -> dict[str, Any] | None:
    """Return the last reading of a job that runs; None where its snapshots are of no use."""
    try:
        head, readings = load(path)
    except UnavailableError:
        with suppress(FileNotFoundError):  # its epilog has just removed it
            os.replace(path, f"{path}{_BROKEN}")
        return None
    if same_boot(head) and readings:
        return readings[-1]
    forget(path)
    return None


def end_job(node: Node) -> tuple[View, str]:
    """Read the counters as a job ends, write its run, account for it; return view and directory.

    Raises:
        InputError: If there is no job.
        UnavailableError: If nothing was kept when it began, or the run cannot be kept now.
    """
    from brizna.verbs._book import book_of
    from brizna.verbs._views import account_run, view

    job = node.job()
    try:
        head, readings = load(node.path(job))
    except UnavailableError:
        forget(node.path(job))
        forget(node.path(job) + _BROKEN)
        raise
    notes: list[str] = []
    if not readings:
        raise UnavailableError("The snapshot of job {job} holds no reading.", job=job)
    if same_boot(head):
        cpu = [_own_us(job, node.roots), _busy_us(node.roots)]
        with closing(_read(node)) as counters:
            readings.append({**counters.reading(readings[-1]), "cpu": cpu})
    else:
        notes.append(str(_STARTED_ANEW))
    notes += _settle_own(readings)
    store = Store.find(node.settings["store"], cwd=os.getcwd(), environ=node.environ)
    directory = store.create_run()
    site = site_of(node.settings, environ=node.environ)
    about = {"id": os.path.basename(directory), "site": site.to_json()}
    events = journal_of(head, readings, about=about)
    events += _described(node, events)
    events += [{"e": "note", "text": note} for note in notes]
    if readings[-1]["cpu"][0] is not None:
        events.append({"e": "cpu", "coverage": "at-least" if notes else "exact", "why": None})
    code = _exit_code(node.environ)
    events.append({"e": "end", "state": "finished", "exit_code": code, "signal": None})
    with Journal(directory) as journal:
        for event in events:
            journal.write(event)
    run = replay(events)
    footprint = account_run(run, seen_as=node.settings["view"], book=book_of(node.settings))
    store.finish(run)
    store.put(footprint.to_json(), run_id=run.id)
    forget(node.path(job))
    return view(run, footprint), directory


def _described(node: Node, events: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return what the job ran in and on."""
    from brizna.core.measurement import Channel

    channels = [
        Channel.from_json({k: v for k, v in event.items() if k != "e"})
        for event in events
        if event.get("e") == "channel"
    ]
    environment = capture(node.environ, directory=os.sep, names=node.settings["names"])
    given = {name: node.environ[key] for key, name in _ABOUT.items() if node.environ.get(key)}
    environment["job"] = {**(environment.get("job") or {}), **given}
    return [
        {"e": "environment", "environment": environment},
        {"e": "hardware", "hardware": hardware_of(channels)},
        {"e": "factors", "factors": [each.to_json() for each in factors_behind(channels)]},
    ]


def _read(node: Node) -> Counters:
    machine = machine_name()

    def open_here() -> Sequence[Meter]:
        named = open_named(node.settings, machine=machine, environ=node.environ)
        return open_meters(machine=machine, named=named)

    return Counters((node.open_all or open_here)(), node.clock or BootClock())


def _settle_own(readings: list[dict[str, Any]]) -> list[str]:
    """Carry the job's last known processor time to its end, and return what a reader should know.

    Its control group is often gone before the epilog begins.
    """
    known = [reading for reading in readings[1:] if reading["cpu"][0] is not None]
    if not known:
        for reading in readings:
            reading["cpu"] = [None, reading["cpu"][1]]
        return [str(_OWN_UNKNOWN)]
    latest, last = known[-1], readings[-1]
    if latest is last:
        return []
    last["cpu"] = [latest["cpu"][0], last["cpu"][1]]
    age_s = (last["t"] - latest["t"]) * 1e-6
    if age_s < _TICK_S:
        return []
    from brizna.core.quantities import Duration

    late = Said(
        "The job's own processor time was last read {age} before its end.", age=Duration(age_s)
    )
    return [str(late)]


def _own_us(job: str, roots: Roots) -> int | None:
    """Return the processor time of a job's control group; None where there is none (any more)."""
    try:
        user = watch(f"slurm:{job}", roots=roots)
    except BriznaError:
        return None
    try:
        return user.used_us()
    finally:
        user.close()


def _busy_us(roots: Roots) -> int | None:
    """Return for how long the processors have been busy since the machine started.

    user, nice, system, irq and softirq of proc_stat(5); what other machines took is not ours.
    """
    try:
        with open(roots.stat_file, "rb") as file:
            words = file.readline().split()
    except OSError:
        return None
    if len(words) < 8 or words[0] != b"cpu":
        return None
    ticks = sum(int(words[place]) for place in (1, 2, 3, 6, 7))
    return ticks * (1_000_000 // os.sysconf("SC_CLK_TCK"))


def _exit_code(environ: Mapping[str, str]) -> int | None:
    """Return the exit code of the job's script, where SLURM tells it as wait(2) does."""
    text = environ.get("SLURM_JOB_EXIT_CODE", "")
    if not text.isdecimal():
        return None
    code = os.waitstatus_to_exitcode(int(text))
    return code if code >= 0 else 128 - code


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

"""Series of trials that can go on: their plan as it is kept, found again, and on this machine."""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager

from brizna.core.errors import InputError
from brizna.environment import machine_name, redact
from brizna.store import Store, unfinished_series

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping, Sequence
    from typing import TypeVar

    from brizna.check._simpler_study import SimplerNote
    from brizna.core.sweep import SweepPlan, TrialNote
    from brizna.core.tune import TuneNote, TunePlan
    from brizna.store import RunSummary
    from brizna.verbs._settings import Settings

    _Plan = TypeVar("_Plan", SweepPlan, TunePlan)
    _Note = TypeVar("_Note", TrialNote, TuneNote, SimplerNote)

_HELD = "held"
"""Name of the file that the process at a series holds, in the series' folder."""


def resumed_plan(
    kind: type[_Plan],
    reference: str | None,
    command: Sequence[str],
    settings: Settings,
    *,
    environ: Mapping[str, str],
    directory: str,
) -> _Plan:
    """Return the plan of a series that was cut short, with its command as it is to be run.

    Args:
        kind: Of plan.
        reference: The beginning of its digest; the last one if None.
        command: The command again, which is needed where it held a secret; may be empty.
        settings: The settings in force.
        environ: This process's environment.
        directory: The working directory.

    Raises:
        InputError: If there is none such, or the command is another one.
    """
    store = Store.find(settings["store"], cwd=directory, environ=environ)
    plan = unfinished_series(store, kind, reference)[1]
    if not command and not plan.is_cut:
        return plan
    if not command:
        raise InputError(
            "The command of this series held a secret or was too long, and is not kept whole: give "
            "it again after --resume --."
        )
    if redact(command) != plan.command:
        raise InputError(
            "This series was begun with {known!r}, and {command!r} was given: leave the command "
            "out, or begin a new one with it.",
            known=" ".join(plan.command),
            command=" ".join(redact(command)),
        )
    return plan.replace(command=tuple(command))


@contextmanager
def alone(folder: str) -> Generator[None]:
    """Work on a series as the only process there is, until this one ends however it ends.

    Args:
        folder: Of what the series needs to go on; it is there.

    Raises:
        InputError: If another process works on it.
    """
    try:
        import fcntl
    except ImportError:  # Windows: nobody is kept out
        yield
        return
    held = os.open(os.path.join(folder, _HELD), os.O_CREAT | os.O_RDWR, 0o600)
    try:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:  # a file system without locks keeps nobody out
            if error.errno in (errno.EAGAIN, errno.EACCES):
                raise InputError(
                    "Another process is at this series of trials ({folder!r}): expected one at a "
                    "time. Wait until it ends, or end it and go on with --resume.",
                    folder=folder,
                ) from error
        yield
    finally:
        os.close(held)


def kept_notes(store: Store, note: type[_Note], tag: str) -> Iterator[tuple[_Note, RunSummary]]:
    """Yield what is kept beside the runs with a tag that have ended, each with its run's summary.

    The tag of a series has the beginning of its digest alone: whoever calls compares the whole.
    """
    for summary in store.runs():
        if tag in summary.tags and summary.state == "finished":
            for record in store.records(summary.id, schema=note.schema):
                yield note.from_json(record), summary


def without_secrets(plan: _Plan) -> _Plan:
    """Return a plan as it is kept: what its command holds of secrets is cut."""
    safe = redact(plan.command)
    return plan.replace(command=safe, is_cut=safe != plan.command)


def check_machine(machine: str) -> None:
    """Refuse a series of another machine.

    Raises:
        InputError: If it was begun elsewhere.
    """
    if machine != machine_name():
        raise InputError(
            "This series was begun on the machine {machine}, and this one is {here}: go on there, "
            "or begin a new one here.",
            machine=machine,
            here=machine_name(),
        )

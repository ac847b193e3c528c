"""Take over a command that follows a plan, when the brizna that looked after it was killed.

What survives: brizna being killed (the command goes on in the state it was in, and is paused and
continued by its plan again, unmeasured). A machine that is switched off takes the command's memory
with it: a program that saves its state is started again, by what is left of the plan.
"""

from __future__ import annotations

import os

from brizna.core.codec import decode
from brizna.core.errors import UnavailableError
from brizna.core.records import Record
from brizna.run import Halt
from brizna.store import command_runs, process_start, writer_identity
from brizna.verbs._follow import PAUSED, STATE, Checkpoint, Schedule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from brizna.store import Store, StoredRun
    from brizna.verbs._clock import Clock
    from brizna.verbs._settings import Settings

_LOOK_S = 1.0
_CONTINUES = "continues:"
"""How the tag begins that names the run that another one goes on with."""
_UNENDED = ("interrupted", "running")
_OURS = ("store", "lang", "quiet")
"""Settings of the one who takes over."""


class Orphan(Record):
    """A run that followed a plan, and whose brizna is gone.

    Attributes:
        run_id: Its id.
        name: What the person calls it.
        schedule: When its command runs.
        pid: The command's process; None where it is gone, and to be started again.
        start_ticks: When that process started, so that it is known again.
        checkpoint: How it saves its state, and what starts it again; None where it does not.
        directory: Where it ran.
        tags: What the run belongs to that goes on with it.
        settings: The settings that were given for it, with where each came from.
    """

    run_id: str
    name: str | None
    schedule: Schedule
    pid: int | None
    start_ticks: int | None
    checkpoint: Checkpoint | None
    directory: str
    tags: tuple[str, ...] = ()
    settings: dict[str, Any] = {}

    def settings_under(self, settings: Settings) -> Settings:
        """Return the run's own settings under options that were given now."""
        old = {
            name: pair
            for name, pair in self.settings.items()
            if name in settings.values and name not in _OURS and settings.origins[name] != "option"
        }
        return settings.replace(
            values={**settings.values, **{name: value for name, (value, _) in old.items()}},
            origins={**settings.origins, **{name: origin for name, (_, origin) in old.items()}},
        )


def find_orphan(store: Store, reference: str) -> Orphan:
    """Return a run whose brizna was killed, to be looked after again.

    A name that several runs have means the newest that has not ended; a run that another one went
    on with means that one.

    Raises:
        InputError: If the reference means no run, or several.
        UnavailableError: If the run followed no plan, its brizna is alive, or its command is gone
            and saved no state to be started again from.
    """
    stored = _meant(store, reference)
    run_id = stored.run.id
    state = _state(stored)
    if stored.is_running:
        raise UnavailableError(
            "The run {run_id} is looked after by the brizna that started it: there is nothing to "
            "take over.",
            run_id=run_id,
        )
    if stored.run.state != "interrupted":
        raise UnavailableError(
            "The run {run_id} has ended: there is nothing to take over.", run_id=run_id
        )
    child, writer = {"pid": state["pid"], "start_ticks": state["start_ticks"]}, state["writer"]
    lives = state["pid"] is not None and command_runs(child, writer)
    if lives is None:
        raise UnavailableError(
            "The command of {run_id} runs on another machine, or cannot be seen from here: take it "
            "over where it was started.",
            run_id=run_id,
        )
    is_lost = not _same_boot(writer) or state["phase"] == PAUSED
    hook = state["checkpoint"]
    if not lives and (hook is None or not is_lost):
        raise UnavailableError(
            "The command of {run_id} has ended, or was lost when the machine was switched off: "
            "start it again with brizna run --plan, if it keeps checkpoints of its own.",
            run_id=run_id,
        )
    return Orphan(
        run_id=run_id,
        name=stored.run.name,
        schedule=Schedule.from_json({name: state[name] for name in Schedule.fields()}),
        pid=state["pid"] if lives else None,
        start_ticks=state["start_ticks"],
        checkpoint=None if hook is None else Checkpoint.from_json(hook),
        directory=state["directory"],
        tags=(
            *(tag for tag in stored.run.tags if not tag.startswith(_CONTINUES)),
            f"{_CONTINUES}{run_id}",
        ),
        settings=state.get("settings", {}),
    )


def _meant(store: Store, reference: str) -> StoredRun:
    """Return the run that a person means who wants it looked after."""
    runs = store.runs()
    after = {
        tag.removeprefix(_CONTINUES): one.id
        for one in runs
        for tag in one.tags
        if tag.startswith(_CONTINUES)
    }
    named = [one for one in runs if one.name == reference]
    left = [one for one in named if one.state in _UNENDED and one.id not in after]
    found = store.read((left or named)[-1].id if named else reference)
    while (later := after.pop(found.run.id, None)) is not None:
        found = store.read(later)
    return found


def look_after(orphan: Orphan, clock: Clock) -> None:
    """Pause and continue a living command by its plan until it ends; nothing is measured."""
    pid, start = orphan.pid, orphan.start_ticks
    assert pid is not None, "it lives"
    halt = Halt(pid)
    while process_start(pid) == start:
        if orphan.schedule.runs_at(clock.now_s()) or halt.is_asked_to_end():
            halt.resume()
        else:
            halt.stop()
        clock.sleep(_LOOK_S)


def _state(stored: StoredRun) -> Mapping[str, Any]:
    try:
        with open(os.path.join(stored.directory, STATE), "rb") as file:
            return decode(file.read())
    except FileNotFoundError:
        raise UnavailableError(
            "The run {run_id} follows no plan: there is nothing to take over.",
            run_id=stored.run.id,
        ) from None


def _same_boot(writer: Mapping[str, Any]) -> bool:
    return writer["boot"] == writer_identity()["boot"]

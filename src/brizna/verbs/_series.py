"""Series of trials that can go on: their plan as it is kept, found again, and on this machine."""

from __future__ import annotations

from brizna.core.errors import InputError
from brizna.environment import machine_name, redact
from brizna.store import Store, unfinished_series

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import TypeVar

    from brizna.core.sweep import SweepPlan
    from brizna.core.tune import TunePlan
    from brizna.verbs._settings import Settings

    _Plan = TypeVar("_Plan", SweepPlan, TunePlan)


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

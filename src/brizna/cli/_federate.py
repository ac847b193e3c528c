"""``brizna federate``: whether federated learning suits a case."""

from __future__ import annotations

from brizna.core.errors import InputError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from brizna.cli._dispatch import Context

ACTIONS = ("advise",)


def federate(context: Context, words: list[str]) -> int:
    """Carry out one of the actions; advise if none is named.

    Raises:
        InputError: If the action is not known.
    """
    from brizna.cli._advise import federation

    if words[:1] == ["advise"]:
        words = words[1:]
    elif words and not words[0].startswith("-"):
        from brizna.core.factors import nearest

        raise InputError(
            "{name!r} is not something to do with federated learning.{hint} Known: {names}.",
            name=words[0],
            hint=nearest(words[0], ACTIONS),
            names=", ".join(ACTIONS),
        )
    return federation(context, words)

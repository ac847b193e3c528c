"""``brizna charge``: what was spent for each run that succeeded, failures and idle time too."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from brizna.cli._options import add_as_of, add_json, add_settings, read_store_of, settings_of
from brizna.cli._parser import Parser
from brizna.core.errors import InputError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from typing import Any

    from brizna.cli._dispatch import Context
    from brizna.verbs import Reserved
    from brizna.verbs._settings import Settings

_CANNOT_TELL = 4
"""Exit code where runs are missing from the sums."""


def charge(context: Context, words: list[str]) -> int:
    """Charge failed runs to the next of their kind that succeeded, and idle time to all."""
    from brizna.report import charges_lines
    from brizna.verbs import Asked, book_of, charge_runs

    _ = context.texts.gettext
    parser = Parser(
        "brizna charge",
        _(
            "What was spent for each run that succeeded: the failed runs before it of the same "
            "name or command, and its part of the time for which the machine waited."
        ),
        context.texts,
    )
    parser.add_argument(
        "--tag", action="append", default=[], help=_("only runs with this tag; may be repeated")
    )
    parser.add_argument(
        "--reserved",
        nargs=2,
        metavar=("FROM", "TO"),
        help=_("the machine was reserved from FROM to TO: charge what it drew while it waited"),
    )
    parser.add_argument(
        "--idle-power", type=float, metavar="W", help=_("with --reserved: watts while it waits")
    )
    parser.add_argument(
        "--on",
        metavar="MACHINE",
        help=_("only runs of this machine, as brizna runs total --by machine names it"),
    )
    add_json(parser)
    add_settings(parser, ("zone", "pue", "machine", "view", "factors", "factor_policy"))
    add_settings(parser, ("store", "lang"))
    add_as_of(parser)
    given = parser.parse_args(words)
    settings = settings_of(given, context)
    seen_as = None if settings.origins["view"] == "default" else settings["view"]
    charges = charge_runs(
        read_store_of(given, context),
        Asked(tags=tuple(given.tag), seen_as=seen_as, machine=given.on),
        reserved=_reserved(given, settings),
        at=datetime.fromtimestamp(time.time(), UTC),
        book=book_of(settings, as_of=given.as_of),
    ).to_json()
    if given.json:
        context.tell_json(charges)
    else:
        lines = charges_lines(charges, lang=context.lang, width=context.width, color=context.color)
        context.tell(*lines)
    return _CANNOT_TELL if charges["unreadable"] else 0


def _reserved(given: Namespace, settings: Settings) -> Reserved | None:
    from brizna.verbs import Reserved

    if given.reserved is None:
        return None
    if given.idle_power is None:
        raise InputError(
            "--reserved needs --idle-power, the watts that the machine draws while it waits: "
            "brizna doctor --baseline measures them."
        )
    first, last = map(read_instant, given.reserved)
    facts: dict[str, Any] = {
        name: settings[name] for name in ("zone", "pue", "machine") if settings[name] is not None
    }
    if settings["intensity"] is not None:
        facts["intensity_g_per_kwh"] = settings["intensity"]
    return Reserved(start=first, end=last, idle_w=given.idle_power, facts=facts)


def read_instant(text: str) -> datetime:
    """Return an instant; without an offset it is in UTC, and a day is its first instant.

    Raises:
        InputError: If it is none.
    """
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise InputError(
            "{text!r} is no instant: expected one such as 2026-01-31 or 2026-01-31T08:00.",
            text=text,
        ) from error
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)

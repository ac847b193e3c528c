"""``brizna runs total``: what all runs of a store come to."""

from __future__ import annotations

from brizna.core.errors import InputError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace

    from brizna.cli._dispatch import Context
    from brizna.cli._parser import Parser
    from brizna.store import Store

_CANNOT_TELL = 4
"""Exit code where runs are missing from the sums."""


def add_total(parser: Parser) -> None:
    """Add what ``runs total`` takes."""
    _ = parser.texts.gettext
    parser.add_argument(
        "--by",
        default="",
        metavar="WAYS",
        help=_(
            "groups, by one or several of: tag:KEY, stage, name, machine, zone, state, outcome, "
            "year, quarter, month, week, day; such as stage,outcome or tag:team,month"
        ),
    )
    parser.add_argument(
        "--figures",
        metavar="NAMES",
        help=_("which figures, such as energy_j,carbon_embodied_g (energy, carbon, water, cost)"),
    )
    parser.add_argument(
        "--tag", action="append", default=[], help=_("only runs with this tag; may be repeated")
    )
    parser.add_argument("--from", dest="start", metavar="DAY", help=_("only runs from this day on"))
    parser.add_argument("--to", metavar="DAY", help=_("only runs up to this day, in UTC"))


def total(context: Context, store: Store, given: Namespace) -> int:
    """Tell the totals, and beside them what they leave out; exit 4 where runs are unreadable."""
    from brizna.report import totals_lines, totals_remarks
    from brizna.verbs import FIGURES, Wanted, total_runs

    found = total_runs(
        store,
        by=_named(given.by),
        figures=_named(given.figures or "") or FIGURES,
        wanted=Wanted(
            tags=tuple(given.tag), start=_day(given.start, later=0), end=_day(given.to, later=1)
        ),
    )
    code = _CANNOT_TELL if found.unreadable else 0
    if given.json:
        context.tell_json(found.to_json())
        return code
    lang, shown = context.lang, found.without_doubts().to_json()
    context.tell(*totals_lines(shown, lang=lang, width=context.width, color=context.color))
    context.say(*totals_remarks(shown, lang=lang))
    return code


def _named(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _day(text: str | None, *, later: int) -> str | None:
    """Return a day as the beginning of an instant, so many days later.

    Raises:
        InputError: If it is no day.
    """
    from datetime import date, timedelta

    if text is None:
        return None
    try:
        return (date.fromisoformat(text) + timedelta(days=later)).isoformat()
    except (ValueError, OverflowError) as error:
        raise InputError(
            "{value!r} is not a day: expected one such as 2026-01-31.", value=text
        ) from error

"""``brizna account``: the footprint of declared facts, and of a stored run under them."""

from __future__ import annotations

import sys

from brizna.cli._options import (
    add_as_of,
    add_convert,
    add_everyday,
    add_json,
    add_settings,
    settings_of,
    store_of,
)
from brizna.cli._parser import Parser
from brizna.core.codec import decode
from brizna.core.errors import InputError, IntegrityError, Said
from brizna.core.factors import LATE
from brizna.verbs import account_case, book_of, comparisons, view_of_case
from brizna.verbs._factors import unspoken

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from typing import Any

    from brizna.account import Footprint
    from brizna.cli._dispatch import Context
    from brizna.core.book import Book
    from brizna.core.signal import Signal
    from brizna.verbs._money import PricesOf, Span

_SPAIN = "ES"
"""The zone of a series of prices where no zone is known: contracts are Spanish."""


def account(context: Context, words: list[str]) -> int:
    """Account for the facts in a file or on stdin, or for a stored run under them."""
    _ = context.texts.gettext
    parser = Parser(
        "brizna account",
        _("Account for declared facts, without running anything.")
        + '\n\n{"duration_h": 10, "devices": [{"count": 4, "power_w": 300}],\n'
        ' "pue": 1.5, "intensity_g_per_kwh": 450}',
        context.texts,
    )
    parser.add_argument(
        "case",
        metavar="CASE.json",
        nargs="?",
        help=_("the file; - for standard input. With --run: facts beside those of the run"),
    )
    parser.add_argument(
        "--run", metavar="RUN", help=_("account for a stored run again: its energy and its time")
    )
    parser.add_argument(
        "--hourly",
        action="store_true",
        help=_("with --run: by the intensity of the hours in which it drew its energy"),
    )
    parser.add_argument(
        "--boundary", action="store_true", help=_("show what the figures hold and what not")
    )
    parser.add_argument(
        "--prices",
        metavar="FILE",
        help=_("prices in EUR per kWh by the hour, for a contract whose energy is at spot"),
    )
    add_everyday(parser)
    add_convert(parser)
    add_json(parser)
    names = ("factors", "factor_policy", "zone", "signal", "source", "credentials", "view")
    add_settings(parser, (*names, "store", "lang"))
    add_as_of(parser)
    given = parser.parse_args(words)
    book = book_of(settings_of(given, context), as_of=given.as_of)
    if given.run is not None:
        return _again(context, given, book)
    if given.case is None:
        parser.error(_("name a file of facts, or a stored run with --run"))
    if given.hourly:
        parser.error(_("--hourly needs the hours of a run: name it with --run"))
    prices_of = _prices_of(context, given)
    case, footprint = account_case(facts_of(given.case), book=book, prices_of=prices_of)
    tell_late(context, footprint, book)
    _tell_unspoken(context, footprint, book)
    converted = _converted(given, footprint, book, case.level)
    if given.json:
        record = view_of_case(case, footprint)
        everyday = _everyday(context, given, record["footprint"])
        context.tell_json({**record, **everyday, **converted})
        return 0
    _tell(context, given, {**footprint.to_json(), **converted})
    return 0


def _converted(
    given: Namespace, footprint: Footprint, book: Book, level: str | None = None
) -> dict[str, Any]:
    """Return the footprint within another boundary under its name, where somebody asked."""
    if given.convert is None:
        return {}
    from brizna.verbs import convert_footprint

    found = convert_footprint(footprint, given.convert, book=book, before=level)
    return {"converted": found.to_json()}


def _again(context: Context, given: Namespace, book: Book) -> int:
    """Tell the footprint of a stored run under declared facts and by its hours."""
    from brizna.report import hours_lines
    from brizna.verbs import RunFacts, account_run_again

    facts = RunFacts(
        run=given.run,
        given={} if given.case is None else facts_of(given.case),
        hourly=given.hourly,
        prices_of=_prices_of(context, given),
    )
    found = account_run_again(
        store_of(given, context),
        facts,
        settings_of(given, context),
        environ=context.environ,
        book=book,
    )
    tell_late(context, found.footprint, book)
    _tell_unspoken(context, found.footprint, book)
    if found.troubles:
        context.complain(*found.troubles)
    converted = _converted(given, found.footprint, book)
    if given.json:
        everyday = _everyday(context, given, found.footprint.to_json())
        context.tell_json({**found.to_json(), **everyday, **converted})
        return 0
    _tell(context, given, {**found.footprint.to_json(), **converted})
    if found.hourly is not None:
        lang, width, color = context.lang, context.width, context.color
        lines = hours_lines(found.hourly.to_json(), lang=lang, width=width, color=color)
        context.tell("", *lines)
    return 0


def tell_late(context: Context, footprint: Footprint, book: Book) -> None:
    """Tell which factors were stated after the day to account as of, for want of older ones."""
    late = [one for one in footprint.factors if book.until is not None and LATE in one.note]
    if late:
        _ = context.texts.gettext
        context.complain(
            _("Stated after {day}, and nothing older is known here: {factors}.").format(
                day=book.as_of, factors=", ".join(f"{one.id} ({one.year})" for one in late)
            )
        )


def _tell_unspoken(context: Context, footprint: Footprint, book: Book) -> None:
    """Tell which rows of one's own speak of no factor, so that nothing rests on them."""
    rows = unspoken(book, footprint)
    if rows:
        _ = context.texts.gettext
        context.say(
            _(
                "No factor that comes along has the id of these rows, and nothing here rests on "
                "them: {rows}. brizna factors list tells the ids."
            ).format(rows=", ".join(f"{row.id} ({row.table})" for row in rows))
        )


def _prices_of(context: Context, given: Namespace) -> PricesOf | None:
    """Return what finds prices by the hour, where a file or a live source was named."""
    settings = settings_of(given, context)
    if given.prices is None and settings["source"] is None:
        return None
    from brizna.verbs import prices_between

    def find(span: Span) -> Signal:
        zone = settings["zone"] or _SPAIN
        return prices_between(given.prices, settings, span, zone=zone, environ=context.environ)

    return find


def _everyday(context: Context, given: Namespace, record: dict[str, Any]) -> dict[str, Any]:
    """Return what a footprint is in everyday things under its name, where somebody asked."""
    if not given.everyday:
        return {}
    return {"comparisons": comparisons(record, lang=context.lang, asked=True)}


def _tell(context: Context, given: Namespace, record: dict[str, Any]) -> None:
    from brizna.report import (
        boundary_lines,
        conversion_lines,
        cost_lines,
        everyday_lines,
        footprint_lines,
    )

    lang, width, color = context.lang, context.width, context.color
    context.tell(*footprint_lines(record, lang=lang, width=width, color=color))
    if record.get("cost_parts"):
        context.tell("", *cost_lines(record, lang=lang, width=width, color=color))
    if given.boundary:
        context.tell("", *boundary_lines(record, lang=lang, width=width, color=color))
    if "converted" in record:
        one = [record["converted"]]
        context.tell("", *conversion_lines(one, lang=lang, width=width, color=color))
    for found in _everyday(context, given, record).values():
        context.tell("", *everyday_lines(found, lang=lang, width=width, color=color))


def facts_of(path: str) -> dict[str, Any]:
    """Return the JSON object in a file, or on stdin if its name is ``-``.

    Raises:
        InputError: If it cannot be read, or is not JSON.
    """
    try:
        return decode(_read(path))
    except IntegrityError as error:  # a case is written by hand: nothing was damaged
        raise InputError(
            "{place} is not JSON: {error}. Expected an object of named facts: see brizna account "
            "--help",
            place=Said("standard input") if path == "-" else repr(path),
            error=error.__cause__ or error,
        ) from error


def _read(path: str) -> bytes:
    if path == "-":
        return sys.stdin.buffer.read()
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise InputError(
            "{path!r} cannot be read: {reason}.", path=path, reason=error.strerror
        ) from error

"""``brizna account CASE.json``: the footprint of declared facts."""

from __future__ import annotations

import sys

from brizna.cli._options import add_as_of, add_json, add_settings, settings_of
from brizna.cli._parser import Parser
from brizna.core.codec import decode
from brizna.core.errors import InputError, IntegrityError, Said
from brizna.verbs import account_case, book_of, view_of_case

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from brizna.cli._dispatch import Context


def account(context: Context, words: list[str]) -> int:
    """Account for the facts in a file, or on stdin."""
    from brizna.report import footprint_lines

    _ = context.texts.gettext
    parser = Parser(
        "brizna account",
        _("Account for declared facts, without running anything.")
        + '\n\n{"duration_h": 10, "devices": [{"count": 4, "power_w": 300}],\n'
        ' "pue": 1.5, "intensity_g_per_kwh": 450}',
        context.texts,
    )
    parser.add_argument("case", metavar="CASE.json", help=_("the file; - for standard input"))
    add_json(parser)
    add_settings(parser, ("factors", "factor_policy", "lang"))
    add_as_of(parser)
    given = parser.parse_args(words)
    book = book_of(settings_of(given, context), as_of=given.as_of)
    case, footprint = account_case(_facts(given.case), book=book)
    if given.json:
        context.tell_json(view_of_case(case, footprint))
        return 0
    record = footprint.to_json()
    context.tell(
        *footprint_lines(record, lang=context.lang, width=context.width, color=context.color)
    )
    return 0


def _facts(path: str) -> dict[str, Any]:
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

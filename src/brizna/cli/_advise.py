"""``brizna plan site`` and ``plan hardware``: where to have machines, which chips to work on."""

from __future__ import annotations

from brizna.cli._options import add_as_of, add_json, add_settings, settings_of
from brizna.cli._parser import Parser
from brizna.verbs import advise_hardware, advise_site, book_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable, Mapping
    from typing import Any

    from brizna.cli._dispatch import Context

    Read = Callable[[str], dict[str, Any]]


def site(context: Context, words: list[str], read: Read) -> int:
    """Advise where to have machines, by how they are used."""
    from brizna.report import site_advice_lines

    about = context.texts.gettext("Tell where to have machines, by how they are used.")
    given = _given(context, "brizna plan site", about, words)
    book = book_of(settings_of(given, context), as_of=given.as_of)
    _tell(context, given, advise_site(read(given.case), book=book).to_json(), site_advice_lines)
    return 0


def hardware(context: Context, words: list[str], read: Read) -> int:
    """Advise whether newer chips pay for the ones that are there."""
    from brizna.report import hardware_advice_lines

    about = context.texts.gettext("Tell whether newer chips pay for the ones that are there.")
    given = _given(context, "brizna plan hardware", about, words)
    book = book_of(settings_of(given, context), as_of=given.as_of)
    advice = advise_hardware(read(given.case), book=book).to_json()
    _tell(context, given, advice, hardware_advice_lines)
    return 0


def _given(context: Context, program: str, about: str, words: list[str]) -> Namespace:
    _ = context.texts.gettext
    parser = Parser(program, about, context.texts)
    parser.add_argument("case", metavar="CASE", help=_("a case in a .toml or .json file"))
    parser.add_argument(
        "--explain", action="store_true", help=_("also show each number behind it, with its source")
    )
    add_json(parser)
    add_settings(parser, ("factors", "factor_policy", "lang"))
    add_as_of(parser)
    return parser.parse_args(words)


def _tell(
    context: Context,
    given: Namespace,
    advice: Mapping[str, Any],
    lines: Callable[..., list[str]],
) -> None:
    if given.json:
        context.tell_json(advice)
        return
    context.tell(
        *lines(
            advice,
            lang=context.lang,
            width=context.width,
            color=context.color,
            explain=given.explain,
        )
    )

"""``brizna plan site``, ``plan hardware`` and ``federate advise``: advice on declared cases."""

from __future__ import annotations

from brizna.cli._options import add_as_of, add_json, add_settings, settings_of
from brizna.cli._parser import Parser
from brizna.verbs import advise_federate, advise_hardware, advise_site, book_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable, Mapping
    from typing import Any

    from brizna.cli._dispatch import Context


def site(context: Context, words: list[str]) -> int:
    """Advise where to have machines, by how they are used."""
    from brizna.report import site_advice_lines

    about = context.texts.gettext("Tell where to have machines, by how they are used.")
    given = _given(context, "brizna plan site", about, words)
    return _advise(context, given, advise_site, site_advice_lines)


def hardware(context: Context, words: list[str]) -> int:
    """Advise whether newer chips pay for the ones that are there."""
    from brizna.report import hardware_advice_lines

    about = context.texts.gettext("Tell whether newer chips pay for the ones that are there.")
    given = _given(context, "brizna plan hardware", about, words)
    return _advise(context, given, advise_hardware, hardware_advice_lines)


def federation(context: Context, words: list[str]) -> int:
    """Advise whether federated learning suits a case."""
    from brizna.report import federation_lines

    about = context.texts.gettext(
        "Tell whether federated learning suits a case, criterion by criterion, and when not."
    )
    given = _given(context, "brizna federate advise", about, words)
    return _advise(context, given, advise_federate, federation_lines)


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


def _advise(
    context: Context, given: Namespace, advise: Callable[..., Any], lines: Callable[..., list[str]]
) -> int:
    from brizna.cli._plan import read_job

    book = book_of(settings_of(given, context), as_of=given.as_of)
    advice: Mapping[str, Any] = advise(read_job(given.case), book=book).to_json()
    if given.json:
        context.tell_json(advice)
    else:
        style = {"lang": context.lang, "width": context.width, "color": context.color}
        context.tell(*lines(advice, explain=given.explain, **style))
    return 0

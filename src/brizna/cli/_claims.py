"""``brizna claims``: the figures of the reference documents, computed again."""

from __future__ import annotations

from brizna.account import claims as known_claims
from brizna.cli._options import add_json, add_settings
from brizna.cli._parser import Parser

TYPE_CHECKING = False
if TYPE_CHECKING:
    from brizna.cli._dispatch import Context


def claims(context: Context, words: list[str]) -> int:
    """Tell what the reference documents state, and what it is when computed again."""
    from brizna.report import claims_lines

    _ = context.texts.gettext
    parser = Parser(
        "brizna claims",
        _("Tell which figures of the reference documents close when they are computed again."),
        context.texts,
    )
    parser.add_argument(
        "--document", metavar="NUMBER", help=_("only of this document: 000, 001, 002, 003 or 004")
    )
    add_json(parser)
    add_settings(parser, ("lang",))
    given = parser.parse_args(words)
    found = known_claims(given.document)
    if given.json:
        context.tell_json([claim.to_json() for claim in found])
    else:
        context.tell(*claims_lines(found, lang=context.lang))
    return 0

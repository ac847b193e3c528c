"""The options that name files of series."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from brizna.cli._parser import Parser


def add_signal(parser: Parser) -> None:
    """Add ``--signal``, which may be repeated, and ``--column``."""
    _ = parser.texts.gettext
    parser.add_argument(
        "--signal",
        dest="series",
        action="append",
        default=[],
        metavar="[WHAT=]FILE",
        help=_(
            "series by zone: carbon (the default), marginal, renewable or price; may be repeated"
        ),
    )
    parser.add_argument("--column", help=_("the column of carbon intensity, if a file has several"))


def read_series(text: str) -> tuple[str, str]:
    """Return what a file holds, and its path."""
    what, equals, path = text.partition("=")
    return (what, path) if equals and what.isalpha() else ("carbon", text)

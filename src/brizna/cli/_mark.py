"""``brizna mark``: phases from any program inside a run."""

from __future__ import annotations

from brizna.cli._parser import Parser
from brizna.core.errors import InputError
from brizna.verbs import mark as make_mark

TYPE_CHECKING = False
if TYPE_CHECKING:
    from brizna.cli._dispatch import Context


def mark(context: Context, words: list[str]) -> int:
    """Begin a phase, or end the one before."""
    _ = context.texts.gettext
    parser = Parser(
        "brizna mark",
        _("Begin a phase of the run around this process (the one before ends), or count work."),
        context.texts,
    )
    parser.add_argument("name", nargs="?", default="", help=_("name of the phase that begins"))
    parser.add_argument("--end", action="store_true", help=_("only end the phase before"))
    parser.add_argument(
        "--count",
        action="append",
        default=[],
        metavar="NAME=N",
        help=_("work done since the mark before, such as tokens=4096; may be repeated"),
    )
    parser.add_argument("--lang", help=_("language of what people read: en or es"))
    given = parser.parse_args(words)
    if not (given.name or given.end or given.count):
        parser.error(_("give the name of a phase, --end or --count"))
    count = _read_counts(given.count)
    make_mark(given.name, ends=given.end, count=count, environ=context.environ)
    return 0


def _read_counts(texts: list[str]) -> dict[str, float]:
    """Return amounts of work by name.

    Raises:
        InputError: If a text is not a name, an equals sign and a number.
    """
    counts: dict[str, float] = {}  # whole numbers stay whole, to be quoted as they were given
    for text in texts:
        name, _, number = text.partition("=")
        try:
            amount = int(number) if number.strip("+- ").isdecimal() else float(number)
            counts[name.strip()] = counts.get(name.strip(), 0) + amount
        except ValueError as error:
            raise InputError(
                "--count is {text!r}: expected a name, an equals sign and a number, such as "
                "tokens=4096.",
                text=text,
            ) from error
    return counts

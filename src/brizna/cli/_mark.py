"""``brizna mark``: phases from any program inside a run."""

from __future__ import annotations

from brizna.cli._parser import Parser
from brizna.verbs import mark as make_mark

TYPE_CHECKING = False
if TYPE_CHECKING:
    from brizna.cli._dispatch import Context


def mark(context: Context, words: list[str]) -> int:
    """Begin a phase, or end the one before."""
    _ = context.texts.gettext
    parser = Parser(
        "brizna mark",
        _("Begin a phase of the run around this process; the phase before it ends."),
        context.texts,
    )
    parser.add_argument("name", nargs="?", default="", help=_("name of the phase that begins"))
    parser.add_argument("--end", action="store_true", help=_("only end the phase before"))
    parser.add_argument("--lang", help=_("language of what people read: en or es"))
    given = parser.parse_args(words)
    if not given.name and not given.end:
        parser.error(_("give the name of a phase, or --end"))
    make_mark(given.name, ends=given.end, environ=context.environ)
    return 0

"""``brizna improve simpler``: is the complex model worth it, or does a simpler one do?"""

from __future__ import annotations

from brizna.cli._options import add_json, add_settings, settings_of
from brizna.cli._parser import Parser

TYPE_CHECKING = False
if TYPE_CHECKING:
    from brizna.cli._dispatch import Context

_SETTINGS = ("interval", "store", "lang", "meter", "credentials", "view", "idle_w")
_CANNOT_TELL = 4


def simpler(context: Context, words: list[str]) -> int:
    """Compare models, and say which to take."""
    from brizna.report import simpler_lines
    from brizna.verbs import SweepStoppedError
    from brizna.verbs._simpler import compare_simpler, read_simpler_case

    _ = context.texts.gettext
    given = _parser(context).parse_args(words)
    settings = settings_of(given, context)
    case = read_simpler_case(
        given.config,
        points=given.points,
        ratio=given.ratio,
        inferences=given.inferences,
        repeats=given.repeats,
    )
    try:
        found = compare_simpler(
            case,
            settings,
            environ=context.environ,
            tell=lambda name, block, failed: _say(context, name, block, failed),
        )
    except SweepStoppedError as stopped:
        return 128 + stopped.signal
    if given.json:
        context.tell_json(found.to_json())
    else:
        context.tell(
            *simpler_lines(
                found.to_json(), lang=context.lang, width=context.width, color=context.color
            )
        )
    return 0 if found.recommended is not None else _CANNOT_TELL


def _say(context: Context, name: str, block: int, failed: str | None) -> None:
    from brizna.report import Format

    style = Format(context.lang)
    _ = style.say
    parts = [str(block + 1), name]
    if failed is not None:
        parts.append(_("given up: {why}").format(why=style.stored(failed)))
    context.say("  ".join(parts))


def _parser(context: Context) -> Parser:
    _ = context.texts.gettext
    parser = Parser(
        "brizna improve simpler",
        _("Train and use models in turn: is the complex one worth it, or does a simpler one do?"),
        context.texts,
    )
    parser.add_argument("config", metavar="CONFIG.toml", help=_("what to compare"))
    options = {
        "--points": (float, "N", _("so many points the complex one may be better (3)")),
        "--ratio": (float, "N", _("so many times the energy it must take (2)")),
        "--inferences": (float, "N", _("how often a model is used over its life")),
        "--repeats": (int, "N", _("how often each is trained and used (3)")),
    }
    for option, (kind, metavar, text) in options.items():
        parser.add_argument(option, type=kind, metavar=metavar, help=text)
    add_json(parser)
    add_settings(parser, _SETTINGS)
    return parser

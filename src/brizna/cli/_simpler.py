"""``brizna improve simpler``: is the complex model worth it, or does a simpler one do?"""

from __future__ import annotations

from brizna.cli._options import add_json, add_settings, settings_of
from brizna.cli._parser import Parser

TYPE_CHECKING = False
if TYPE_CHECKING:
    from brizna.cli._dispatch import Context
    from brizna.verbs._simpler import SimplerProgress

_SETTINGS = ("interval", "store", "lang", "meter", "credentials", "view", "idle_w")
_CANNOT_TELL = 4


def simpler(context: Context, words: list[str]) -> int:
    """Compare models, and say which to take."""
    from brizna.report import simpler_lines
    from brizna.verbs import SweepStoppedError
    from brizna.verbs._simpler import compare_simpler, read_simpler_plan

    _ = context.texts.gettext
    given = _parser(context).parse_args(words)
    settings = settings_of(given, context)
    plan = read_simpler_plan(
        given.config,
        points=given.points,
        ratio=given.ratio,
        inferences=given.inferences,
        repeats=given.repeats,
    )
    try:
        found = compare_simpler(
            plan,
            settings,
            environ=context.environ,
            resume=given.resume,
            tell=lambda progress: _say(context, progress),
        )
    except SweepStoppedError as stopped:
        again = _("Stopped. Go on where it stopped: brizna improve simpler {config} --resume")
        context.say(again.format(config=given.config))
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


def _say(context: Context, progress: SimplerProgress) -> None:
    from brizna.report import Format

    style = Format(context.lang)
    _ = style.say
    note = progress.note
    parts = [f"{progress.done}/{progress.total}", note.name]
    if note.failed is not None:
        parts.append(_("given up: {why}").format(why=style.stored(note.failed)))
    else:
        score = sum(note.scores) / len(note.scores)
        parts.append(_("score {value}").format(value=style.number(score, step=1e-4)))
    if progress.done < progress.total:
        parts.append(_("about {time} left").format(time=style.duration(progress.left_s)))
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
    parser.add_argument(
        "--resume", action="store_true", help=_("go on with a comparison that was cut short")
    )
    add_json(parser)
    add_settings(parser, _SETTINGS)
    return parser

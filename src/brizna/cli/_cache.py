"""``brizna improve cache``: would answers that are remembered save anything?"""

from __future__ import annotations

from brizna.cli._options import add_json, add_settings, settings_of
from brizna.cli._parser import Parser

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace

    from brizna.cli._dispatch import Context
    from brizna.verbs._cache import CacheCase

_SETTINGS = ("interval", "store", "lang", "meter", "credentials", "view", "idle_w")
_CANNOT_TELL = 4


def cache(context: Context, words: list[str]) -> int:
    """Judge caches of several sizes on a trace, and say which to take."""
    from brizna.report import cache_lines
    from brizna.verbs import SweepStoppedError
    from brizna.verbs._cache import judge_request_cache

    given = _parser(context).parse_args(words)
    settings = settings_of(given, context)
    try:
        found = judge_request_cache(
            _case(given),
            settings,
            environ=context.environ,
            tell=lambda name, block: _say(context, name, block),
        )
    except SweepStoppedError as stopped:
        return 128 + stopped.signal
    if given.json:
        context.tell_json(found.to_json())
    else:
        context.tell(
            *cache_lines(
                found.to_json(), lang=context.lang, width=context.width, color=context.color
            )
        )
    return _CANNOT_TELL if found.verdict == "cannot-tell" else 0


def _case(given: Namespace) -> CacheCase:
    from brizna.verbs._cache import CacheCase

    names = ("trace", "like", "row", "computed", "remembered", "answer_bytes", "keep_for")
    return CacheCase(
        sizes=tuple(given.sizes or ()),
        repeats=given.repeats,
        **{name: getattr(given, name) for name in names},
    )


def _say(context: Context, name: str, block: int) -> None:
    _ = context.texts.gettext
    names = {
        "computed": _("answers computed"),
        "remembered": _("answers from memory"),
        "kept": _("answers looked for in vain and kept"),
    }
    context.say(f"{block + 1}  {names[name]}")


def _sizes(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


def _parser(context: Context) -> Parser:
    _ = context.texts.gettext
    parser = Parser(
        "brizna improve cache",
        _("Would remembering answers save anything? Judged on a trace of requests.")
        + "\n\nbrizna improve cache trace.csv --like improve.toml\n"
        + "brizna improve cache trace.csv --computed 0.8J --remembered 20uJ --answer-bytes 4000",
        context.texts,
    )
    parser.add_argument(
        "trace", metavar="TRACE", help=_("keys of requests in their order: CSV, JSONL, Parquet")
    )
    options = {
        "--like": (str, "CONFIG.toml", _("measure the model of this study of brizna improve")),
        "--row": (str, "NAME", _("which of its variants (the chosen one, or the model as it is)")),
        "--computed": (
            str,
            "AMOUNT",
            _("what a computed answer takes: 0.8J, or 20ms of processor"),
        ),
        "--remembered": (str, "AMOUNT", _("what one from memory takes (0)")),
        "--answer-bytes": (int, "N", _("memory that one answer needs")),
        "--sizes": (_sizes, "N,N,...", _("how many answers to hold")),
        "--keep-for": (str, "DURATION", _("how long an answer holds (for ever): 1h")),
    }
    for option, (kind, metavar, text) in options.items():
        parser.add_argument(option, type=kind, metavar=metavar, help=text)
    parser.add_argument(
        "--repeats", type=int, metavar="N", default=3, help=_("how often all is measured (3)")
    )
    add_json(parser)
    add_settings(parser, _SETTINGS)
    return parser

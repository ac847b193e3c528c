"""``brizna improve``: a smaller, faster model that is still good enough, proved by measurement."""

from __future__ import annotations

from shlex import quote

from brizna.cli._options import add_json, add_settings, settings_of
from brizna.cli._parser import Parser
from brizna.cli._trials import check_page, tell_found

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from brizna.cli._dispatch import Context
    from brizna.improve._race import Progress

_SETTINGS = (
    *("zone", "pue", "intensity", "tariff", "currency", "interval", "store", "lang"),
    *("meter", "credentials", "view", "idle_w"),
)
_FAILED, _CANNOT_TELL = 1, 4


def improve(context: Context, words: list[str]) -> int:
    """Search for a better variant, or carry out one of the other actions."""
    if words and words[0] in ACTIONS:
        return ACTIONS[words[0]](context, words[1:])
    return _search(context, words)


def _search(context: Context, words: list[str]) -> int:
    """Search, and say which variant to take."""
    from brizna.verbs import SweepStoppedError
    from brizna.verbs._improve import Order, read_config
    from brizna.verbs._improve import improve as search

    _ = context.texts.gettext
    given = _parser(context).parse_args(words)
    check_page(given.html)
    settings = settings_of(given, context)
    config, directory = read_config(given.config)
    order = Order(
        config=config,
        directory=directory,
        resume=given.resume,
        budget=given.budget,
        out=given.out,
    )
    try:
        found = search(
            order,
            settings,
            environ=context.environ,
            tell=lambda progress: _say_progress(context, progress),
        )
    except SweepStoppedError as stopped:
        named = ["--store", given.store] if given.store else []
        context.say(
            _("Stopped. Go on where it stopped: brizna improve {config} --resume").format(
                config=" ".join(map(quote, [given.config, *named]))
            )
        )
        return 128 + stopped.signal
    from brizna.report import improvement_lines, improvement_page

    return tell_found(context, given, found, improvement_lines, improvement_page)


def _replay(context: Context, words: list[str]) -> int:
    """Make a model again by its recipe, and compare what it comes to."""
    from brizna.verbs._improve import replay

    _ = context.texts.gettext
    about = _("Make a chosen model again by its recipe, and compare its cost and quality.")
    parser = Parser("brizna improve replay", about, context.texts)
    parser.add_argument("recipe", help=_("recipe.toml beside the chosen model"))
    parser.add_argument("--out", metavar="FOLDER", help=_("where to put the model"))
    add_json(parser)
    add_settings(parser, _SETTINGS)
    given = parser.parse_args(words)
    found = replay(
        given.recipe, settings_of(given, context), environ=context.environ, out=given.out
    )
    if given.json:
        context.tell_json(found.to_json())
    else:
        from brizna.report import replay_lines

        context.tell(*replay_lines(found.to_json(), lang=context.lang))
    return 0 if found.is_alike else _FAILED


def _parser(context: Context) -> Parser:
    _ = context.texts.gettext
    parser = Parser(
        "brizna improve",
        _("Find the variant of a model that takes least and is still good enough.")
        + "\n\nbrizna improve improve.toml --html front.html\n"
        + "brizna improve replay recipe.toml",
        context.texts,
        usage=_("brizna improve CONFIG.toml [options]"),
    )
    parser.add_argument(
        "config", metavar="CONFIG", help=_("the model, its score, its inputs and the margin, TOML")
    )
    parser.add_argument(
        "--resume", action="store_true", help=_("go on with a study that was cut short")
    )
    parser.add_argument(
        "--budget",
        metavar="AMOUNT",
        help=_("processor time or energy after which nothing new is begun: 10min, 5kJ"),
    )
    parser.add_argument("--out", metavar="FOLDER", help=_("where to put the chosen model"))
    parser.add_argument("--html", metavar="FILE", help=_("write a page with the front"))
    add_json(parser)
    add_settings(parser, _SETTINGS)
    return parser


def _say_progress(context: Context, progress: Progress) -> None:
    from brizna.report import Format

    style = Format(context.lang)
    _ = style.say
    words = {"build": _("builds"), "trial": _("tried"), "score": _("scored")}
    parts = [words.get(progress.doing, progress.doing), progress.name]
    if progress.failed is not None:
        parts.append(_("given up: {why}").format(why=style.stored(progress.failed)))
    elif progress.ratio is not None:
        parts.append(_("cost x {ratio}").format(ratio=style.number(progress.ratio)))
    parts.append(_("spent {time}").format(time=style.duration(progress.spent_s)))
    context.say("  ".join(parts))


def _simpler(context: Context, words: list[str]) -> int:
    """Compare a complex model with simple ones."""
    from brizna.cli._simpler import simpler

    return simpler(context, words)


def _cache(context: Context, words: list[str]) -> int:
    """Judge a request cache."""
    from brizna.cli._cache import cache

    return cache(context, words)


ACTIONS: dict[str, Callable[[Context, list[str]], int]] = {
    "replay": _replay,
    "simpler": _simpler,
    "cache": _cache,
}
"""What can be done beside searching."""

"""``brizna show``, ``compare`` and ``explain``: look at runs."""

from __future__ import annotations

from brizna.cli._options import (
    add_as_of,
    add_convert,
    add_everyday,
    add_json,
    add_settings,
    settings_of,
    store_of,
)
from brizna.cli._parser import Parser
from brizna.cli._series import add_signal, read_series
from brizna.core.errors import InputError
from brizna.verbs import (
    as_views,
    check_alike,
    comparisons,
    convert_views,
    explain_view,
    recompute_view,
    savings,
    view_of,
    views_of,
    zones_of,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from typing import Any

    from brizna.cli._dispatch import Context
    from brizna.verbs import View


def show(context: Context, words: list[str]) -> int:
    """Show one run with all its figures."""
    from brizna.report import everyday_lines, show_lines, zones_lines

    _ = context.texts.gettext
    parser = _parser("brizna show", _("Show one run with all its figures."), context)
    _add_run(parser)
    parser.add_argument(
        "--recompute",
        action="store_true",
        help=_(
            "compute the footprint again from its own factors; the same bytes, or exit 1. With "
            "--factors or --as-of: under those, and what moved"
        ),
    )
    add_settings(parser, ("view", "factors", "factor_policy"))
    add_as_of(parser)
    parser.add_argument("--zones", help=_("show the same run in these grid zones too: FR,DE,PL"))
    add_everyday(parser)
    _add_elsewhere(parser)
    given = parser.parse_args(words)
    if given.elsewhere:
        return _elsewhere(context, given)
    if given.recompute and (given.as_of or given.factors or given.factor_policy):
        return _reaccount(context, given)
    if given.recompute:
        context.tell(recompute_view(store_of(given, context), given.run).decode())
        return 0
    view = view_of(store_of(given, context), given.run, seen_as=_asked_view(given, context))
    zones = _zones(view, given.zones, context) if given.zones else []
    everyday: list[dict[str, Any]] = []
    if given.everyday:
        everyday = comparisons(view["footprint"], lang=context.lang, asked=True)
    if given.json:
        beside = {"elsewhere": zones} if zones else {}
        beside |= {"comparisons": everyday} if given.everyday else {}
        context.tell_json({**view, **beside})
        return 0
    lang, width, color = context.lang, context.width, context.color
    context.tell(*show_lines(view, lang=lang, width=width, color=color))
    if zones:
        context.tell("", *zones_lines(view, zones, lang=lang, width=width, color=color))
    if given.everyday:
        context.tell("", *everyday_lines(everyday, lang=lang, width=width, color=color))
    return 0


def _reaccount(context: Context, given: Namespace) -> int:
    """Tell what the run's footprint is under other factors, and what moved each figure."""
    from brizna.report import reaccount_lines
    from brizna.verbs import book_of, reaccount

    book = book_of(settings_of(given, context), as_of=given.as_of)
    found = reaccount(store_of(given, context), given.run, book)
    if given.json:
        context.tell_json(found.to_json())
    else:
        lang, width, color = context.lang, context.width, context.color
        context.tell(*reaccount_lines(found, lang=lang, width=width, color=color))
    return 0


def _add_elsewhere(parser: Parser) -> None:
    _ = parser.texts.gettext
    parser.add_argument(
        "--elsewhere",
        action="store_true",
        help=_("replay the run's power over these zones, the hours of its day, and instances"),
    )
    parser.add_argument(
        "--instance",
        action="append",
        default=[],
        metavar="NAME:SPEED:POWER",
        help=_("with --elsewhere, a machine that is so many times as fast and draws so much more"),
    )
    add_signal(parser)


def _elsewhere(context: Context, given: Namespace) -> int:
    """Tell what the run would have emitted at other places, hours and on other machines."""
    from brizna.report import elsewhere_lines
    from brizna.verbs import Elsewhere, replay_elsewhere

    store = store_of(given, context)
    wanted = Elsewhere(
        zones=tuple(filter(None, (given.zones or "").replace(" ", "").split(","))),
        instances=tuple(map(read_instance, given.instance)),
        files=tuple(map(read_series, given.series)),
        column=given.column,
    )
    found = replay_elsewhere(
        store, given.run, wanted, settings_of(given, context), environ=context.environ
    )
    if given.json:
        context.tell_json(found)
    else:
        lines = elsewhere_lines(found, lang=context.lang, width=context.width, color=context.color)
        context.tell(*lines)
    return 0


def read_instance(text: str) -> tuple[str, float, float]:
    """Return the name, the speed and the power in a text such as ``a100:2.1:1.6``.

    Raises:
        InputError: If it is none.
    """
    name, _, rest = text.partition(":")
    speed, _, power = rest.partition(":")
    try:
        return name, float(speed), float(power)
    except ValueError as error:
        raise InputError(
            "--instance is {text!r}: expected a name, how fast it is and how much it draws, as "
            "multiples of the run's machine, such as a100:2.1:1.6.",
            text=text,
        ) from error


def _asked_view(given: Namespace, context: Context) -> str | None:
    """Return whose energy somebody asked to see; None where nobody did."""
    settings = settings_of(given, context)
    return None if settings.origins["view"] == "default" else settings["view"]


def _zones(view: View, names: str, context: Context) -> list[dict[str, Any]]:
    from brizna.core.measurement import Run

    run = Run.from_json({name: view[name] for name in ("schema", *Run.fields()) if name in view})
    wanted = [name.strip() for name in names.split(",") if name.strip()]
    seen_as = view["footprint"].get("view", "machine")
    return zones_of(run, wanted, lang=context.lang, seen_as=seen_as)


def compare(context: Context, words: list[str]) -> int:
    """Show runs side by side; the first is the baseline."""
    from brizna.report import compare_lines

    _ = context.texts.gettext
    about = _("Show runs side by side: what differs, and what was saved against the first.")
    parser = _parser("brizna compare", about, context)
    parser.add_argument("runs", nargs="+", metavar="RUN", help=_("an id, a part of one, a name"))
    add_settings(parser, ("view",))
    parser.add_argument("--all", action="store_true", help=_("list what is the same too"))
    add_convert(parser)
    given = parser.parse_args(words)
    store = store_of(given, context)
    views = views_of(store, given.runs, seen_as=_asked_view(given, context))
    if given.convert is not None:
        return _compare_converted(context, views, given)
    check_alike(views)
    if given.json:
        context.tell_json({"runs": views, "savings": savings(views)})
    else:
        context.tell(
            *compare_lines(
                views,
                lang=context.lang,
                width=context.width,
                color=context.color,
                everything=given.all,
            )
        )
    return 0


def _compare_converted(context: Context, views: list[View], given: Namespace) -> int:
    """Show runs side by side within one boundary, and how each came there."""
    from brizna.report import compare_lines, conversion_lines

    converted = convert_views(views, given.convert)
    within = as_views(views, converted)
    records = [one.to_json() for one in converted]
    if given.json:
        context.tell_json({"runs": views, "savings": savings(within), "converted": records})
        return 0
    lang, width, color = context.lang, context.width, context.color
    context.tell(*conversion_lines(records, lang=lang, width=width, color=color), "")
    told = compare_lines(within, lang=lang, width=width, color=color, everything=given.all)
    context.tell(*told)
    return 0


def explain(context: Context, words: list[str]) -> int:
    """Show where the figures of a run come from."""
    from brizna.report import explain_lines

    _ = context.texts.gettext
    about = _("Show where each figure comes from, down to samples and factors.")
    parser = _parser("brizna explain", about, context)
    _add_run(parser)
    add_settings(parser, ("view",))
    parser.add_argument("--figure", help=_("only this one, such as carbon_g or energy_j"))
    given = parser.parse_args(words)
    store = store_of(given, context)
    view = view_of(store, given.run, seen_as=_asked_view(given, context))
    if given.json:
        context.tell_json(explain_view(view, given.figure))
    else:
        context.tell(
            *explain_lines(
                view,
                lang=context.lang,
                figure=given.figure,
                samples=store.has_samples(view["id"]),
                color=context.color,
            )
        )
    return 0


def _parser(program: str, about: str, context: Context) -> Parser:
    parser = Parser(program, about, context.texts)
    add_json(parser)
    add_settings(parser, ("store", "lang"))
    return parser


def _add_run(parser: Parser) -> None:
    parser.add_argument(
        "run",
        nargs="?",
        default="last",
        metavar="RUN",
        help=parser.texts.gettext("an id, a part of one, a name, or last (the default)"),
    )

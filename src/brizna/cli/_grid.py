"""``brizna grid``: zones and sources, and what the grid is like, now and in the days to come."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from brizna.cli._options import add_json, add_settings, settings_of
from brizna.cli._parser import Parser
from brizna.core.errors import InputError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable, Sequence
    from datetime import tzinfo

    from brizna.cli._dispatch import Context
    from brizna.report._heat import Shown
    from brizna.verbs._signals import Found

_ACTIONS = ("zones", "sources", "show", "now", "forecast", "compare", "import")
_QUANTITIES = ("intensity", "renewable", "low-carbon", "price", "wind-solar")
_CANNOT_TELL = 4
_LONGEST_DAYS = 366
_SETTINGS = ("zone", "signal", "source", "credentials", "lang")


def grid(context: Context, words: list[str]) -> int:
    """Carry out one of the actions on the grid; show it if none is named."""
    action = words[0] if words and words[0] in _ACTIONS else "show"
    if words and words[0] not in _ACTIONS and words[0] not in ("-h", "--help"):
        from brizna.core.factors import nearest

        raise InputError(
            "{name!r} is not something to do with the grid.{hint} Known: {names}.",
            name=words[0],
            hint=nearest(words[0], _ACTIONS),
            names=", ".join(_ACTIONS),
        )
    add, carry_out, about = _known_actions(context)[action]
    parser = Parser(f"brizna grid {action}", about, context.texts)
    add(parser)
    add_json(parser)
    add_settings(parser, ("lang",) if action in ("zones", "import") else _SETTINGS)
    given = parser.parse_args(words[1:] if words and words[0] == action else words)
    return carry_out(context, given)


def _known_actions(
    context: Context,
) -> dict[str, tuple[Callable[[Parser], None], Callable[[Context, Namespace], int], str]]:
    _ = context.texts.gettext
    return {
        "zones": (_add_zones, _zones, _("List the grid zones that have a figure.")),
        "sources": (
            _add_nothing,
            _sources,
            _("List the live sources, and whether their keys are here. Asks nobody."),
        ),
        "show": (_add_show, _show, _("Show the hours of zones as a map of days and hours.")),
        "now": (_add_now, _now, _("Say whether this is a clean hour.")),
        "forecast": (_add_forecast, _show, _("Show the hours to come as a map.")),
        "compare": (_add_forecast, _compare, _("Put zones side by side, the cleanest first.")),
        "import": (
            _add_import,
            _import,
            _("Check a file of series and write it as brizna reads it best."),
        ),
    }


def _add_nothing(parser: Parser) -> None:
    """Add no argument of its own."""


def _add_zones(parser: Parser) -> None:
    _ = parser.texts.gettext
    parser.add_argument(
        "--profiled", action="store_true", help=_("only zones of which the hours are known")
    )


def _add_common(parser: Parser) -> None:
    _ = parser.texts.gettext
    parser.add_argument("zones", nargs="*", metavar="ZONE", help=_("grid zones; yours if none"))
    parser.add_argument(
        "--of",
        choices=_QUANTITIES,
        default="intensity",
        help=_("what to show: intensity (the default), a share, or the price"),
    )
    parser.add_argument(
        "--now", default="now", metavar="TIME", help=_("the instant to take for the present")
    )


def _add_now(parser: Parser) -> None:
    _ = parser.texts.gettext
    _add_common(parser)
    parser.add_argument(
        "--check",
        action="store_true",
        help=_("exit with 0 only if it is clean: 1 if not, 4 if nobody can tell"),
    )


def _add_forecast(parser: Parser) -> None:
    _ = parser.texts.gettext
    _add_common(parser)
    parser.add_argument("--hours", type=float, default=48.0, help=_("how many hours (48)"))
    parser.add_argument("--html", metavar="FILE", help=_("write a page to this file as well"))


def _add_show(parser: Parser) -> None:
    _ = parser.texts.gettext
    _add_common(parser)
    parser.add_argument("--from", dest="since", metavar="TIME", help=_("the first hour (now)"))
    parser.add_argument("--days", type=float, default=7.0, help=_("how many days (7)"))
    parser.add_argument("--html", metavar="FILE", help=_("write a page to this file as well"))


def _add_import(parser: Parser) -> None:
    _ = parser.texts.gettext
    parser.add_argument("file", metavar="FILE", help=_("a CSV or Parquet file"))
    parser.add_argument("--unit", default="g/kWh", help=_("the unit of its values (g/kWh)"))
    for option, choices, about in (
        ("--kind", ("average", "marginal"), _("what its values are (average)")),
        ("--scope", ("life-cycle", "direct"), _("what they count of a power station")),
        ("--basis", ("consumption", "production"), _("whose electricity they describe")),
    ):
        parser.add_argument(option, choices=choices, help=about)
    parser.add_argument("--column", help=_("the column of the values"))
    parser.add_argument("--as-zone", metavar="ZONE", help=_("the zone of a file that names none"))
    parser.add_argument(
        "-o", "--output", required=True, metavar="FILE", help=_("the file, ending in .csv")
    )


def _zones(context: Context, given: Namespace) -> int:
    from brizna.report._heat import zone_table_lines
    from brizna.verbs._signals import describe_zones

    found = describe_zones(profiled=given.profiled)
    if given.json:
        context.tell_json(found)
    else:
        context.tell(
            *zone_table_lines(found, lang=context.lang, width=context.width, color=context.color)
        )
    return 0


def _sources(context: Context, given: Namespace) -> int:
    from brizna.report._heat import source_table_lines
    from brizna.verbs._signals import describe_sources

    found = describe_sources(settings_of(given, context), environ=context.environ)
    if given.json:
        context.tell_json(found)
    else:
        context.tell(
            *source_table_lines(found, lang=context.lang, width=context.width, color=context.color)
        )
    return 0


def _show(context: Context, given: Namespace) -> int:
    from brizna.report._heat import heat_lines, heat_page
    from brizna.verbs._signals import write_whole

    found = _find(context, given)
    shown = [_shown(context, one) for one in found]
    zone = _clock(context)
    if given.html is not None:
        write_whole(given.html, heat_page(shown, lang=context.lang, zone=zone))
    if given.json:
        context.tell_json([one.to_json() for one in found])
        return 0
    context.tell(*heat_lines(shown, lang=context.lang, zone=zone, color=context.color))
    return 0


def _compare(context: Context, given: Namespace) -> int:
    from brizna.report._heat import compare_zones_lines, heat_page
    from brizna.verbs._signals import write_whole

    found = _find(context, given)
    for other in found[1:]:
        found[0].signal.must_match(other.signal)
    shown = [_shown(context, one) for one in found]
    zone = _clock(context)
    if given.html is not None:
        write_whole(given.html, heat_page(shown, lang=context.lang, zone=zone))
    if given.json:
        context.tell_json([one.to_json() for one in found])
        return 0
    context.tell(
        *compare_zones_lines(
            shown, lang=context.lang, zone=zone, width=context.width, color=context.color
        )
    )
    return 0


def _now(context: Context, given: Namespace) -> int:
    from brizna.grid import judge
    from brizna.report._heat import instant_of, now_lines

    at = instant_of(given.now, datetime.now(UTC)).astimezone(UTC)
    given.hours, given.now = 24.0, at.isoformat()
    judged = [(judge(one.signal, at), one) for one in _find(context, given)]
    told = [
        {
            "zone": one.zone,
            "at": one.at.isoformat(),
            "is_clean": one.is_clean,
            "value": one.value.value,
            "unit": one.value.unit,
            "limit": None if one.limit is None else one.limit.value,
            "until": None if one.until is None else one.until.isoformat(),
            "reason": one.reason,
            "origin": one.origin,
            "source": one.source,
            "taken_from": found.taken_from,
            "troubles": list(found.troubles),
        }
        for one, found in judged
    ]
    if given.json:
        context.tell_json(told if len(told) > 1 else told[0])
    else:
        for (one, found), row in zip(judged, told, strict=True):
            view = {**row, "until": one.until}
            shown = _shown(context, found)
            context.tell(*now_lines(view, shown, lang=context.lang, zone=_clock(context)))
    if not given.check:
        return 0
    answers = [one.is_clean for one, _ in judged]
    return _CANNOT_TELL if None in answers else 0 if all(answers) else 1


def _import(context: Context, given: Namespace) -> int:
    from brizna.grid import About
    from brizna.verbs._signals import import_series

    about = About(unit=given.unit, kind=given.kind, scope=given.scope, basis=given.basis)
    rows = import_series(given.file, given.output, about, column=given.column, zone=given.as_zone)
    if given.json:
        context.tell_json(rows)
        return 0
    _ = context.texts.gettext
    for row in rows:
        text = _("{zone}: {slots} slots from {start} to {end}, {gaps} without a value")
        context.tell(text.format(**row))
    context.say(_("Plan with it: --signal {file}").format(file=given.output))
    return 0


def _find(context: Context, given: Namespace) -> list[Found]:
    """Return the series that the arguments ask for."""
    from brizna.report._heat import instant_of
    from brizna.verbs._signals import Wanted, find_signals
    from brizna.verbs._site import site_of

    settings = settings_of(given, context)
    zones: Sequence[str] = given.zones
    if not zones:
        zone = site_of(settings, environ=context.environ).zone
        if zone is None:
            raise InputError("Which zone? Name one, such as ES, or set zone in brizna.toml.")
        zones = (zone,)
    now = instant_of(given.now, datetime.now(UTC))
    start = instant_of(getattr(given, "since", None) or "now", now)
    hours = given.hours if hasattr(given, "hours") else 24 * given.days
    if not 0 < hours <= 24 * _LONGEST_DAYS:
        raise InputError(
            "{hours:g} hours cannot be shown: expected more than 0 and at most {most}.",
            hours=hours,
            most=24 * _LONGEST_DAYS,
        )
    wanted = Wanted(
        zones=tuple(zones),
        start=start,
        end=start + timedelta(hours=hours),
        now=now,
        quantity=given.of,
        kind=None,
    )
    return list(find_signals(wanted, settings, environ=context.environ).values())


def _shown(context: Context, found: Found) -> Shown:
    from brizna.grid import find_zone
    from brizna.report._heat import Shown

    zone = find_zone(found.signal.zone or "")
    return Shown(
        signal=found.signal,
        because=found.because,
        troubles=found.troubles,
        name=zone.in_language(context.lang),
    )


def _clock(context: Context) -> tzinfo:
    """Return the time zone of this machine."""
    from brizna.report._heat import zone_named
    from brizna.verbs._site import time_zone

    return zone_named(time_zone(context.environ))

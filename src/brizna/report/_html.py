"""One HTML file that shows a run: no request to any host, and a policy that forbids them.

Everything stands in the file: style, data, scripts (Vega with its expression interpreter, so that
nothing is ever evaluated from text). The Content-Security-Policy allows exactly these scripts and
this style by their digests. The same records give the same bytes. Without scripts the tables,
bars and explanations remain.
"""

from __future__ import annotations

from base64 import b64encode
from datetime import datetime
from hashlib import sha256
from json import dumps
from pathlib import Path

from brizna.core.errors import InputError, UnavailableError
from brizna.core.quantities import Carbon, Energy
from brizna.report import _page
from brizna.report._beside import gauge_rows, tell_unlike, work_rows
from brizna.report._charts import MOST_PHASES, MOST_POINTS, phase_chart, power_chart, zone_chart
from brizna.report._environment import environment
from brizna.report._forest import channel_rows, has_inner
from brizna.report._format import Format
from brizna.report._instants import TIME_ZONES
from brizna.report._texts import texts
from brizna.report._view import part, roots, short_id
from brizna.report._whose import own_part, seen_energy, tell_view
from brizna.report._words import name_state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from brizna.report._charts import Series
    from brizna.report._view import View

_HERE = Path(__file__).resolve().parent
_LIBRARIES = ("vega", "vega-lite", "vega-interpreter")


def html_report(
    view: View,
    *,
    lang: str,
    series: Series | None = None,
    comparisons: Sequence[Mapping[str, Any]] = (),
    zones: Sequence[Mapping[str, Any]] = (),
    time_zone: str | None = None,
) -> bytes:
    """Return the page of a run.

    Args:
        view: The run with its footprint: ``{**run.to_json(), "footprint": footprint or None}``.
        lang: One of `LANGUAGES`.
        series: For each channel its power over time: seconds since the start, and mean power in
            watts since the point before. None or empty where the samples are gone.
        comparisons: Things of the same size, each with ``label``, ``value``, ``unit``, ``source``.
        zones: The same energy elsewhere, each with ``zone``, ``name``, ``carbon_g`` (operational)
            and ``intensity_g_per_kwh`` (estimates in record form); ``source`` and ``year`` if the
            references of the intensity do not say enough.
        time_zone: IANA name of the time zone in which to tell when it started; the one that
            readers of the language go by if None.

    Raises:
        InputError: If there are no texts in this language, or no such time zone.
        UnavailableError: If Jinja2 or babel is not installed.
    """
    style = Format(lang, rich=True)
    zones = [zone for zone in _page.with_here(view, zones) if zone["carbon_g"] is not None]
    charts = {
        "power": power_chart(view, series, lang) if series else None,
        "phases": phase_chart(view, lang),
        "zones": zone_chart(zones, part(view, "site").get("zone"), lang) if zones else None,
    }
    values = _sections(view, style, series)
    values["explained"] = {node.name for node in values["explanation"]}
    values |= {
        "charts": charts,
        "equivalents": _page.equivalents(comparisons, style),
        "zones": _page.zone_rows(view, zones, style),
        "started": _when(view["started"], lang, time_zone or TIME_ZONES.get(lang, "UTC")),
        "data_blocks": _data_blocks(charts, lang),
    }
    values["sections"] = _contents(values)
    return render_page("report.html", values, lang, scripts=_scripts())


def _sections(view: View, style: Format, series: Series | None) -> dict[str, Any]:
    """Return the values of the sections that need the view alone."""
    return {
        "view": view,
        "lang": style.lang,
        "title": view.get("name") or short_id(view["id"]),
        "command": " ".join(view.get("command") or ()),
        "state": _state(view, style),
        "lead": _lead(view, style),
        "warnings": _warnings(view, style),
        "cards": _page.headline(view, style),
        "names": _section_names(style.lang),
        "components": _page.components(view, style),
        "channels": channel_rows(view, style) if has_inner(view) else [],
        "power": _page.power_table(view, series or {}, style),
        "thinned": _thinned(view, series or {}, style),
        "has_gaps": any(not gap["counted"] for channel in roots(view) for gap in channel["gaps"]),
        "whose": _page.whose(view, style),
        "phases": _page.phases(view, style),
        "work": work_rows(view, style),
        "gauges": gauge_rows(view, style),
        "most_phases": MOST_PHASES,
        "figures": _page.figures(view, style),
        "doubts": _page.doubts(view, style),
        "explanation": _page.explanation(view, style, samples=bool(series)),
        "coverage": _page.coverage(view, style),
        "environment": environment(view, style),
        "citation": _page.citation(view, style),
        "bases": _page.bases(style),
    }


def _section_names(lang: str) -> dict[str, str]:
    _ = texts(lang).gettext
    return {
        "components": _("Where the energy went"),
        "whose": _("Whose energy it was"),
        "power": _("Power over time"),
        "phases": _("Phases"),
        "work": _("Energy of the work"),
        "gauges": _("Beside the energy"),
        "footprint": _("Footprint"),
        "doubts": _("What we are unsure of"),
        "equivalents": _("In everyday terms"),
        "zones": _("The same energy elsewhere"),
        "explanation": _("Where each figure comes from"),
        "coverage": _("What was seen and what was not"),
        "environment": _("Where it ran"),
        "citation": _("Cite and recompute"),
    }


def _contents(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the sections that the page has, in order."""
    optional = ("whose", "phases", "work", "gauges", "doubts", "equivalents", "zones")
    return [
        (name, title)
        for name, title in values["names"].items()
        if name not in optional or values[name]
    ]


def _lead(view: View, style: Format) -> str:
    """Return the run in two sentences."""
    from markupsafe import Markup

    _ = style.say
    together = Markup('<span class="nw">{}</span>')
    seen_as = part(view, "footprint").get("view", "machine")
    known = seen_energy(view, seen_as)
    energy, energy_ends = style.parts(Energy, known)
    carbon_g = part(view, "footprint").get("carbon_g")
    if known is None:
        return _("The energy of this run is not known.")
    carbon, carbon_ends = style.parts(Carbon, carbon_g)
    if carbon_g is None:
        text = _("This run used about {energy} of electricity.")
    else:
        text = _("This run used about {energy} of electricity and caused about {carbon}.")
    said = Markup("{}").format(text.format(energy=energy, carbon=carbon))
    if own_part(view):
        said += " " + tell_view(seen_as, style)
    if energy_ends and carbon_ends:
        text = _("We are 90% sure that the truth lies within {energy} and {carbon}.")
        said += " " + Markup(text).format(  # noqa: S704 - a text of ours; what goes in is escaped
            energy=together.format(_with_unit(energy, energy_ends, style)),
            carbon=together.format(_with_unit(carbon, carbon_ends, style)),
        )
    return said


def _with_unit(best: str, ends: str, style: Format) -> str:
    return ends if ends.startswith("±") else ends + style.space + best.partition(style.space)[2]


def _state(view: View, style: Format) -> str:
    _ = style.say
    state = name_state(view["state"], style.lang)
    if view.get("exit_code"):
        return f"{state}, " + _("exit code {code}").format(code=view["exit_code"])
    return state


def _warnings(view: View, style: Format) -> list[str]:
    """Return what a reader must know before believing the figures."""
    _ = style.say
    said: list[str] = []
    if view["state"] == "interrupted":
        said.append(_("The recording was interrupted: the figures end with the last sample."))
    unlike = tell_unlike(view, style)
    if unlike:
        said.append(f"{unlike[:1].upper()}{unlike[1:]}.")
    site = part(view, "site")
    if site.get("zone_origin") == "time-zone":
        text = _(
            "The grid zone {zone} is a guess from the machine's time zone, so carbon has a wide "
            "interval. Name the zone with --zone to narrow it."
        )
        said.append(text.format(zone=site["zone"]))
    gap_s = view["measurement"]["coverage"]["gap_s"]
    if gap_s > 0:
        text = _("Some component was not read for {time}; the interval allows for it.")
        said.append(text.format(time=style.duration(gap_s)))
    return said


def _thinned(view: View, series: Series, style: Format) -> str:
    _ = style.say
    most = max((len(series.get(channel["id"], ())) for channel in roots(view)), default=0)
    if most <= MOST_POINTS:
        return ""
    text = _("Drawn from {drawn} means of the {stored} stored samples.")
    return text.format(drawn=style.count(MOST_POINTS), stored=style.count(most))


def _when(started: str, lang: str, time_zone: str) -> str:
    """Return when a run started, its time zone named."""
    try:
        from babel.dates import format_datetime
    except ImportError as error:
        raise _not_installed() from error
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        zone = ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise InputError(
            "{time_zone!r} is not a time zone: expected a name such as 'Europe/Madrid' or 'UTC'.",
            time_zone=time_zone,
        ) from error
    instant = datetime.fromisoformat(started).astimezone(zone)
    pattern = {"en": "d MMMM y, HH:mm:ss", "es": "d 'de' MMMM 'de' y, HH:mm:ss"}[lang]
    return f"{format_datetime(instant, pattern, locale=lang)} ({time_zone})"


def _data_blocks(charts: Mapping[str, Any], lang: str) -> list[tuple[str, str]]:
    blocks = {f"chart-{name}": chart for name, chart in charts.items() if chart is not None}
    every = {**blocks, "locale": _locale(lang)}
    return [(name, script_json(value)) for name, value in every.items()]


def script_json(value: Any) -> str:
    """Return JSON that cannot end the script element around it."""
    text = dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    safe = text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    return _as_it_stands(safe)


def _locale(lang: str) -> dict[str, Any]:
    """Return how Vega writes numbers and times in a language, from CLDR and `Format`."""
    from babel.dates import get_day_names, get_month_names

    from brizna.report._format import MARKS

    marks = MARKS[lang]
    days = [get_day_names("wide", locale=lang)[(day + 6) % 7] for day in range(7)]
    short_days = [get_day_names("abbreviated", locale=lang)[(day + 6) % 7] for day in range(7)]
    months = [get_month_names("wide", locale=lang)[month] for month in range(1, 13)]
    short_months = [get_month_names("abbreviated", locale=lang)[month] for month in range(1, 13)]
    return {
        "number": {
            "decimal": marks["decimal"],
            "thousands": marks["group"],
            "grouping": [3],
            "currency": ["", ""],
            "percent": marks["percent"],
            "minus": "\u2212",
        },
        "time": {
            "dateTime": "%A, %e %B %Y, %X",
            "date": "%d/%m/%Y",
            "time": "%H:%M:%S",
            "periods": ["AM", "PM"],
            "days": days,
            "shortDays": short_days,
            "months": months,
            "shortMonths": short_months,
        },
    }


def render_page(
    template: str,
    values: Mapping[str, Any],
    lang: str,
    *,
    sheets: Sequence[str] = ("report.css",),
    scripts: Sequence[str] = (),
) -> bytes:
    """Return a page's bytes; its policy names the digest of each script and of the style.

    Args:
        template: Its file among the templates.
        values: What stands in it.
        lang: One of `LANGUAGES`.
        sheets: Files of styles among the templates.
        scripts: The text of scripts.

    Raises:
        UnavailableError: If Jinja2 is not installed.
    """
    try:
        from jinja2 import Environment, FileSystemLoader, StrictUndefined
    except ImportError as error:
        raise _not_installed() from error

    said = texts(lang)
    templates = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    styles = (_HERE / "templates" / sheet for sheet in sheets)
    style_sheet = "".join(style.read_text(encoding="utf-8") for style in styles)
    policy = "default-src 'none'; base-uri 'none'; form-action 'none'; img-src data:; "
    if scripts:
        policy += f"script-src {' '.join(_source(script) for script in scripts)}; "
    page = templates.get_template(template).render(
        **values,
        _=said.gettext,
        ngettext=said.ngettext,
        policy=policy + f"style-src {_source(style_sheet)}",
        style_sheet=_as_it_stands(style_sheet),
        scripts=[_as_it_stands(script) for script in scripts],
    )
    return page.encode()


def _not_installed() -> UnavailableError:
    return UnavailableError("The HTML report needs Jinja2 and babel: pip install 'brizna[report]'.")


def _scripts() -> list[str]:
    """Return the libraries, each behind its licence, and the page's own script."""
    made: list[str] = []
    for name in _LIBRARIES:
        licence = (_HERE / "vendor" / f"{name}.LICENSE").read_text(encoding="utf-8")
        source = (_HERE / "vendor" / f"{name}.js").read_text(encoding="utf-8")
        made.append(f"/*! {name}\n{licence}*/\n{source}")
    made.append((_HERE / "templates" / "report.js").read_text(encoding="utf-8"))
    return made


def _as_it_stands(text: str) -> str:
    """Return our own style, script or script-safe JSON marked as needing no escapes."""
    from markupsafe import Markup

    return Markup(text)  # noqa: S704 - none of it is markup from a record


def _source(text: str) -> str:
    """Return a script or style as a Content-Security-Policy names it."""
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"

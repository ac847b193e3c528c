"""What a footprint holds and what not, where its electricity came from, its hours, and SCI."""

from __future__ import annotations

from brizna.core.quantities import Carbon, CarbonIntensity, Energy, Ratio
from brizna.report._format import Format
from brizna.report._table import Table
from brizna.report._view import part, printable
from brizna.report._words import name_basis, name_component

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from brizna.core.quantities import Quantity
    from brizna.report._view import View

_STATES = ("in", "partly", "out", "unknown")
_LEAST_G = 1e-6
"""A rate that is smaller is told for more units: a microgram is the smallest unit of carbon."""
_MOST_UNITS = 1e18


def boundary_line(footprint: View, style: Format) -> str:
    """Return in one line what the figures hold and what not; empty where nobody recorded it."""
    _ = style.say
    texts = {
        "in": _("In the figures: {items}."),
        "partly": _("Partly: {items}."),
        "out": _("Not in them: {items}."),
        "unknown": _("Not known: {items}."),
    }
    bounds = footprint.get("boundary") or ()
    said: list[str] = []
    for state in _STATES:
        items = [name_item(one["item"], style) for one in bounds if one["state"] == state]
        if items:
            said.append(texts[state].format(items=", ".join(items)))
    return " ".join(said)


def origin_line(footprint: View, style: Format) -> str:
    """Return in one line what the place's electricity was made of; empty where not known."""
    _ = style.say
    rows = mix_rows(footprint, style)
    if not rows:
        return ""
    shares = ", ".join(f"{name} {share}" for name, share in rows)
    return _("The electricity of the place, over a year: {shares}.").format(shares=shares)


def boundary_lines(
    footprint: View, *, lang: str, width: int = 80, color: bool = False
) -> list[str]:
    """Return the boundary of a footprint item by item, each with its reason.

    Args:
        footprint: Its record.
        lang: One of `LANGUAGES`.
        width: Columns of the terminal.
        color: Whether to paint.
    """
    style = Format(lang)
    return _bounds(printable(footprint).get("boundary") or (), style, width=width, color=color)


def sci_lines(record: View, *, lang: str, width: int = 80, color: bool = False) -> list[str]:
    """Return an SCI score with what it is made of and its boundary.

    Args:
        record: As `brizna.account.Sci` writes it.
        lang: One of `LANGUAGES`.
        width: Columns of the terminal.
        color: Whether to paint.
    """
    style = Format(lang)
    _, record = style.say, printable(record)
    unit = record["functional_unit"]
    kinds = {"average": _("average"), "marginal": _("marginal")}
    rows = [
        _row(_("E, energy of the facility"), Energy, record["energy_j"], style),
        _row(
            _("I, intensity of the place ({kind})").format(
                kind=kinds.get(record["intensity_kind"], record["intensity_kind"])
            ),
            CarbonIntensity,
            record["intensity_g_per_kwh"],
            style,
        ),
        _row(_("O = E × I"), Carbon, record["operational_g"], style),
        _row(_("M, share of making the hardware"), Carbon, record["embodied_g"], style),
        (_("R, units of work"), _units(unit["count"], unit, style), "", ""),
        _rate(_("SCI = (O + M) / R"), record["sci_g_per_unit"], unit, style),
    ]
    header = (_("software carbon intensity"), _("best"), _("interval (90%)"), _("basis"))
    lines = Table(header, rows, right=(1, 2)).lines(width=width, color=color)
    return [*lines, "", *_bounds(record["boundary"], style, width=width, color=color)]


def sci_for_ai_lines(record: View, *, lang: str, width: int = 80, color: bool = False) -> list[str]:
    """Return the two scores of SCI for AI, side by side and never summed.

    Args:
        record: As `brizna.account.SciForAi` writes it.
        lang: One of `LANGUAGES`.
        width: Columns of the terminal.
        color: Whether to paint.
    """
    style = Format(lang)
    _, record = style.say, printable(record)
    names = {"consumer": _("consumer: using it"), "provider": _("provider: making it")}
    lines: list[str] = []
    for persona, name in names.items():
        score = record.get(persona)
        if score is None:
            continue
        unit = score["functional_unit"]
        rows = [
            _row(name_stage(stage, style), Carbon, carbon, style)
            for stage, carbon in score["stages"].items()
        ]
        rows.append(_row(_("together"), Carbon, score["carbon_g"], style))
        rows.append((_("units of work"), _units(unit["count"], unit, style), "", ""))
        rows.append(_rate(_("SCI for AI"), score["sci_g_per_unit"], unit, style))
        header = (name, _("best"), _("interval (90%)"), _("basis"))
        lines += [*Table(header, rows, right=(1, 2)).lines(width=width, color=color), ""]
        if score["missing"]:
            stages = ", ".join(name_stage(stage, style) for stage in score["missing"])
            lines[-1:] = [_("Nothing was measured of: {stages}.").format(stages=stages), ""]
        if score["unlike"]:
            items = ", ".join(name_item(item, style) for item in score["unlike"])
            text = _("Its footprints do not hold the same things: {items}.")
            lines[-1:] = [text.format(items=items), ""]
    if record.get("consumer") and record.get("provider"):
        lines.append(_("The two are rates of different things and have no sum."))
    return lines


def hours_lines(record: View, *, lang: str, width: int = 80, color: bool = False) -> list[str]:
    """Return what each hour's energy met on the grid.

    Args:
        record: As `brizna.account.Hourly` writes it.
        lang: One of `LANGUAGES`.
        width: Columns of the terminal.
        color: Whether to paint.
    """
    style = Format(lang)
    _, record = style.say, printable(record)
    rows = [
        (
            hour["start"].replace("T", " ")[:16] + (" *" if hour["is_estimated"] else ""),
            style.percent(hour["share"]),
            style.quantity(CarbonIntensity(hour["intensity_g_per_kwh"])),
        )
        for hour in record["hours"]
    ]
    header = (_("hour (UTC)"), _("share of the energy"), _("carbon intensity"))
    lines = Table(header, rows, right=(1, 2)).lines(width=width, color=color)
    mean = style.estimate(CarbonIntensity, record["intensity_g_per_kwh"])
    lines.append(
        _("Mean, weighed by energy: {mean}. Source: {source}.").format(
            mean=mean, source=style.stored(record["source"])
        )
    )
    if not record["measured"]:
        lines.append(_("The run's samples are gone: a steady draw was taken."))
    if any(hour["is_estimated"] for hour in record["hours"]):
        lines.append(_("* The source marks this hour as estimated."))
    return lines


def boundary_rows(bounds: Sequence[Mapping[str, Any]], style: Format) -> list[tuple[str, str, str]]:
    """Return each item of a boundary with its state and the reason, in words."""
    _ = style.say
    states = {"in": _("in"), "partly": _("partly"), "out": _("out"), "unknown": _("not known")}
    return [
        (name_item(one["item"], style), states[one["state"]], style.stored(one["reason"]))
        for one in bounds
    ]


def mix_rows(footprint: View, style: Format) -> list[tuple[str, str]]:
    """Return the sources of the place's electricity with their shares, largest first."""
    mix: Mapping[str, float] = part(footprint, "assumptions").get("mix") or {}
    by_size = sorted(mix, key=lambda name: -mix[name])
    return [(name_source(name, style), style.percent(mix[name])) for name in by_size]


def unlike_line(footprints: Sequence[View], style: Format) -> str:
    """Return in one line what some of these footprints hold and others do not; else nothing."""
    from brizna.account import Bound, unlike

    _ = style.say
    known = [tuple(map(Bound.from_json, one.get("boundary") or ())) for one in footprints]
    if not all(known):
        return ""
    items = {item: None for bounds in known[1:] for item in unlike(known[0], bounds)}
    if not items:
        return ""
    names = ", ".join(name_item(item, style) for item in items)
    return _("These footprints do not hold the same things: {items}.").format(items=names)


def conversion_lines(
    records: Sequence[View], *, lang: str, width: int = 80, color: bool = False
) -> list[str]:
    """Return what footprints come to within another boundary, step by step with the factors.

    Args:
        records: As `brizna.account.Conversion` writes them.
        lang: One of `LANGUAGES`.
        width: Columns of the terminal.
        color: Whether to paint.
    """
    style = Format(lang)
    _ = style.say
    lines: list[str] = []
    for record in map(printable, records):
        rows = [
            (name_level(record["before"], style), "", *_energy(record["energy_before_j"], style))
        ]
        for step in record["steps"]:
            sign = "×" if _is_outwards(step) else "÷"
            told = f"{sign} {style.estimate(Ratio, step['ratio'])} {step['factor']}"
            rows.append((name_level(step["after"], style), told, *_energy(step["energy_j"], style)))
        carbon = style.parts(Carbon, record["carbon_g"])
        if record["carbon_g"] is None and record["reason"]:
            carbon = (carbon[0], style.stored(record["reason"]))
        rows.append((_("its carbon"), "", *carbon))
        title = _("{name}, converted").format(name=record["subject_id"] or "-")
        header = (title, _("by"), _("best"), _("interval (90%)"))
        lines += ["", *Table(header, rows, right=(2, 3)).lines(width=width, color=color)]
    return lines[1:]


def _is_outwards(step: Mapping[str, Any]) -> bool:
    from brizna.account import LEVELS

    return LEVELS.index(step["before"]) < LEVELS.index(step["after"])


def _energy(record: Mapping[str, Any], style: Format) -> tuple[str, str]:
    return style.parts(Energy, record)


def name_level(level: str, style: Format) -> str:
    """Return what people call a boundary."""
    _ = style.say
    names = {
        "benchmark": _("accelerators, always busy"),
        "accelerators": _("accelerators"),
        "components": _("with processors and memory"),
        "node": _("whole machine"),
        "fleet": _("with machines in reserve"),
        "facility": _("facility"),
        "life-cycle": _("with making the hardware"),
    }
    return names.get(level, level)


def name_item(item: str, style: Format) -> str:
    """Return what people call an item of a boundary."""
    _ = style.say
    names = {
        "host": _("rest of the machine"),
        "idle": _("idle power"),
        "transfer": _("transfers over networks"),
        "cooling": _("cooling and building (PUE)"),
        "manufacture": _("making the hardware"),
        "transport": _("its transport"),
        "building": _("making the building"),
        "end-of-life": _("its end of life"),
    }
    return names.get(item) or name_component(item, style.lang)


def name_stage(stage: str, style: Format) -> str:
    """Return what people call a stage of an AI system's life."""
    _ = style.say
    names = {
        "inception": _("inception"),
        "data": _("data"),
        "pre-training": _("pre-training"),
        "fine-tuning": _("fine-tuning"),
        "search": _("search for settings"),
        "evaluation": _("evaluation"),
        "deployment": _("deployment"),
        "inference": _("inference"),
        "monitoring": _("monitoring"),
    }
    return names.get(stage, stage)


def name_source(source: str, style: Format) -> str:
    """Return what people call a source of electricity."""
    _ = style.say
    names = {
        "solar": _("solar"),
        "wind": _("wind"),
        "hydro": _("hydro"),
        "nuclear": _("nuclear"),
        "gas": _("gas"),
        "coal": _("coal"),
        "oil": _("oil"),
        "biomass": _("biomass"),
        "geothermal": _("geothermal"),
        "unknown": _("unknown"),
        "other": _("other"),
    }
    return names.get(source, source)


def _bounds(
    bounds: Sequence[Mapping[str, Any]], style: Format, *, width: int, color: bool
) -> list[str]:
    _ = style.say
    rows = boundary_rows(bounds, style)
    if not rows:
        return []
    header = (_("boundary"), _("state"), _("why"))
    return Table(header, rows).lines(width=width, color=color)


def _units(count: float, unit: Mapping[str, Any], style: Format) -> str:
    """Return how many units of work, all digits of their number."""
    return f"{style.exactly(count)} × {unit['name']}"


def _rate(
    label: str, rate: Mapping[str, Any], unit: Mapping[str, Any], style: Format
) -> tuple[str, str, str, str]:
    """Return a rate for one unit of work, or for as many as come to a microgram or more."""
    _ = style.say
    times = 1.0
    while 0 < abs(rate["best"]) * times < _LEAST_G and times < _MOST_UNITS:
        times *= 1000
    if times > 1:
        label = _("{rate}, for {units}").format(rate=label, units=_units(times, unit, style))
    scaled = {end: rate[end] * times for end in ("low", "best", "high")}
    return _row(label, Carbon, {**rate, **scaled}, style)


def _row(
    label: str, kind: type[Quantity], estimate: Mapping[str, Any], style: Format
) -> tuple[str, str, str, str]:
    best, ends = style.parts(kind, estimate)
    return label, best, ends, name_basis(estimate["basis"], style.lang)

"""Charts of a run as Vega-Lite specifications: data and drawing in one JSON value.

Colours are the page's CSS variables, so that one drawing serves light, dark and print. Numbers
come scaled to the unit that the axis names. Every chart has a table as its twin in the page.
"""

from __future__ import annotations

from math import ceil

from brizna.core.quantities import Carbon, Energy, Power
from brizna.report._format import unit_for
from brizna.report._texts import texts
from brizna.report._view import roots, shares
from brizna.report._words import name_component

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from brizna.report._view import View

    Series = Mapping[str, Sequence[tuple[float, float]]]
    Rows = list[dict[str, Any]]

MOST_POINTS = 600
"""Points of one line in a chart; more would not be seen."""
MOST_PHASES = 30
"""Bars in the chart of phases; the table beside it lists all."""
_LABELLED_SHARE = 0.07
"""A phase narrower than this share of the run gets no label in the chart."""

_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif"
_CONFIG: dict[str, Any] = {
    "background": "transparent",
    "view": {"stroke": None},
    "font": _FONT,
    "axis": {
        "labelColor": "var(--ink-soft)",
        "titleColor": "var(--ink-soft)",
        "gridColor": "var(--line)",
        "domainColor": "var(--line)",
        "tickColor": "var(--line)",
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": 400,
        "titlePadding": 10,
        "labelPadding": 6,
    },
    "text": {"fill": "var(--ink-soft)", "fontSize": 12},
}
_TIMES = (("s", 1.0, 180.0), ("min", 60.0, 3 * 3600.0), ("h", 3600.0, float("inf")))


def thin(
    points: Sequence[tuple[float, float]], duration_s: float, most: int = MOST_POINTS
) -> list[tuple[float, float]]:
    """Return at most so many points of a line; each new one is the mean over its share of time.

    Args:
        points: Time in seconds since the start, and mean power in watts since the point before.
        duration_s: Length of the run.
        most: How many to keep.
    """
    if len(points) <= most:
        return list(points)
    width_s = duration_s / most
    energy_j = [0.0] * most
    covered_s = [0.0] * most
    before_s = 0.0
    for t_s, power_w in points:
        at = min(max(ceil(t_s / width_s - 1e-9) - 1, 0), most - 1)
        energy_j[at] += power_w * (t_s - before_s)
        covered_s[at] += t_s - before_s
        before_s = t_s
    return [
        ((at + 1) * width_s, energy / seconds)
        for at, (energy, seconds) in enumerate(zip(energy_j, covered_s, strict=True))
        if seconds > 0
    ]


def power_chart(view: View, series: Series, lang: str) -> dict[str, Any] | None:
    """Return the chart of power over time, stacked by component; None if there is nothing to draw.

    Args:
        view: The run.
        series: For each channel its points as in `thin`; channels that others contain are left out.
        lang: One of `LANGUAGES`.
    """
    _ = texts(lang).gettext
    duration_s = view["duration_s"]
    lines = {c["id"]: _from_start(thin(series.get(c["id"], ()), duration_s)) for c in roots(view)}
    highest_w = sum(max((power for _t, power in line), default=0.0) for line in lines.values())
    if not highest_w:
        return None
    watt, size = unit_for(Power, highest_w)
    second, span = time_unit(duration_s)
    drawn = [kind for kind, _share, _basis in shares(view)]
    kinds = list(dict.fromkeys([*drawn, *(channel["kind"] for channel in roots(view))]))
    rows: Rows = [
        {
            "t": _rounded(t_s / span),
            "w": _rounded(power_w / size),
            "c": _key(channel["id"]),
            "k": name_component(channel["kind"], lang),
            "o": kinds.index(channel["kind"]),
        }
        for channel in roots(view)
        for t_s, power_w in lines[channel["id"]]
    ]
    x: dict[str, Any] = {
        "field": "t",
        "type": "quantitative",
        "title": _("time since the start ({unit})").format(unit=second),
        "scale": {"domain": [0, _rounded(duration_s / span)], "nice": False},
        "axis": {"grid": False},
    }
    y = {"field": "w", "type": "quantitative", "title": _("power ({unit})").format(unit=watt)}
    return _chart(
        height=280,
        datasets={"power": rows},
        layer=[
            *_phase_layers(view, span, x),
            _area(x, y, {kind: name_component(kind, lang) for kind in kinds}, len(lines)),
            *_gap_layers(view, span, x),
            _pointer(view, x, watt, second, lang),
        ],
    )


def _from_start(line: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return a line that begins where its first mean begins: at the start of the run."""
    return [(0.0, line[0][1]), *line] if line else line


def time_unit(duration_s: float) -> tuple[str, float]:
    """Return the unit in which to write times of a run of this length, and its seconds."""
    return next((unit, size) for unit, size, until in _TIMES if duration_s < until)


def _area(x: Mapping[str, Any], y: Mapping[str, Any], names: Mapping[str, str], lines: int) -> Any:
    """Return the stack; the seams between many lines are thinner, or they would be all one sees."""
    colors = [f"var(--c-{kind})" for kind in names]
    return {
        "data": {"name": "power"},
        "mark": {"type": "area", "interpolate": "step-before", "stroke": "var(--paper)"},
        "encoding": {
            "x": x,
            "y": {**y, "stack": "zero"},
            "color": {
                "field": "k",
                "type": "nominal",
                "scale": {"domain": list(names.values()), "range": colors},
                "legend": None,
            },
            "detail": {"field": "c"},
            "order": {"field": "o", "type": "quantitative"},
            "strokeWidth": {"value": 0.6 if lines <= 4 else 0.25},
        },
    }


def _pointer(view: View, x: Mapping[str, Any], watt: str, second: str, lang: str) -> Any:
    """Return a line under the pointer whose tooltip lists every component's power."""
    _ = texts(lang).gettext
    names = [channel["id"] for channel in roots(view)]
    tips = [{"field": "t", "title": _("time ({unit})").format(unit=second), "format": ".3~f"}]
    tips += [
        {"field": _key(name), "type": "quantitative", "title": f"{name} ({watt})", "format": ".3~r"}
        for name in names
    ]
    near = {"type": "point", "on": "pointerover", "nearest": True, "clear": "pointerout"}
    return {
        "data": {"name": "power"},
        "transform": [{"pivot": "c", "value": "w", "groupby": ["t"]}],
        "params": [{"name": "near", "select": {**near, "encodings": ["x"]}}],
        "mark": {"type": "rule", "color": "var(--ink)", "strokeWidth": 1, "aria": False},
        "encoding": {
            "x": x,
            "opacity": {"condition": {"param": "near", "empty": False, "value": 0.6}, "value": 0},
            "tooltip": tips,
        },
    }


def _key(name: str) -> str:
    """Return a field name without the signs that Vega reads as a path."""
    return "c_" + "".join(sign if sign.isalnum() else "_" for sign in name)


def _phase_layers(view: View, span: float, x: Mapping[str, Any]) -> list[Any]:
    phases = view["measurement"]["phases"]
    if not 0 < len(phases) <= MOST_PHASES:
        return []
    rows = [
        {
            "from": _rounded(phase["start_s"] / span),
            "to": _rounded(phase["end_s"] / span),
            "middle": _rounded((phase["start_s"] + phase["end_s"]) / 2 / span),
            "name": phase["name"]
            if phase["end_s"] - phase["start_s"] >= _LABELLED_SHARE * view["duration_s"]
            else "",
            "shade": at % 2,
        }
        for at, phase in enumerate(phases)
    ]
    start, end, middle = ({**x, "field": name} for name in ("from", "to", "middle"))
    shade = {"condition": {"test": "datum.shade === 0", "value": 1}, "value": 0.35}
    return [
        {
            "data": {"values": rows},
            "mark": {"type": "rect", "color": "var(--band)", "aria": False},
            "encoding": {"x": start, "x2": {"field": "to"}, "opacity": shade},
        },
        {
            "data": {"values": rows},
            "mark": {"type": "text", "baseline": "bottom", "dy": -6, "aria": False, "limit": 140},
            "encoding": {"x": middle, "y": {"value": 0}, "text": {"field": "name"}},
        },
        {
            "data": {"values": rows},
            "mark": {"type": "rule", "color": "var(--line)", "aria": False},
            "encoding": {"x": end},
        },
    ]


def _gap_layers(view: View, span: float, x: Mapping[str, Any]) -> list[Any]:
    rows = [
        {
            "from": _rounded(gap["start_s"] / span),
            "to": _rounded((view["duration_s"] if gap["end_s"] is None else gap["end_s"]) / span),
        }
        for channel in roots(view)
        for gap in channel["gaps"]
        if not gap["counted"]
    ]
    if not rows:
        return []
    edge = {"stroke": "var(--warn)", "strokeDash": [3, 3], "strokeWidth": 1}
    return [
        {
            "data": {"values": rows},
            "mark": {"type": "rect", "fill": "var(--warn)", "fillOpacity": 0.16, **edge},
            "encoding": {"x": {**x, "field": "from"}, "x2": {"field": "to"}},
        }
    ]


def phase_chart(view: View, lang: str) -> dict[str, Any] | None:
    """Return the chart of energy by phase with its intervals; None without phases."""
    _ = texts(lang).gettext
    known = [phase for phase in view["measurement"]["phases"] if phase["energy_j"] is not None]
    if not known:
        return None
    kept = sorted(known, key=lambda phase: -phase["energy_j"]["best"])[:MOST_PHASES]
    ordered = [phase for phase in known if any(phase is one for one in kept)]
    unit, size = unit_for(Energy, kept[0]["energy_j"]["best"])
    names = _numbered([phase["name"] for phase in ordered])
    rows = _ends(names, [phase["energy_j"] for phase in ordered], size)
    title = _("energy ({unit})").format(unit=unit)
    return _intervals(rows, title, lang, mark={"type": "bar", "color": "var(--accent-soft)"})


def zone_chart(zones: Sequence[Mapping[str, Any]], here: str | None, lang: str) -> dict[str, Any]:
    """Return the chart of the same energy's carbon in other zones, with intervals.

    Args:
        zones: The rows that `html_report` takes.
        here: The zone of the run, marked in the chart.
        lang: One of `LANGUAGES`.
    """
    _ = texts(lang).gettext
    unit, size = unit_for(Carbon, max(zone["carbon_g"]["best"] for zone in zones))
    names = _numbered(
        [
            _("{zone} (this run)").format(zone=zone["name"])
            if zone["zone"] == here
            else zone["name"]
            for zone in zones
        ]
    )
    rows = _ends(names, [zone["carbon_g"] for zone in zones], size)
    for row, zone in zip(rows, zones, strict=True):
        row["here"] = 1 if zone["zone"] == here else 0
    title = _("carbon of the electricity ({unit})").format(unit=unit.replace("CO2", "CO₂"))
    mark = {"type": "point", "filled": True, "size": 90, "opacity": 1, "color": "var(--accent)"}
    return _intervals(rows, title, lang, mark=mark)


def _numbered(names: Sequence[str]) -> list[str]:
    """Return the names, a number behind those that come more than once."""
    seen: dict[str, int] = {}
    made: list[str] = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        made.append(name if names.count(name) == 1 else f"{name} ({seen[name]})")
    return made


def _ends(names: Sequence[str], estimates: Sequence[Mapping[str, Any]], size: float) -> Rows:
    return [
        {"n": name, **{end: _rounded(e[end] / size) for end in ("low", "best", "high")}}
        for name, e in zip(names, estimates, strict=True)
    ]


def _intervals(rows: Rows, title: str, lang: str, *, mark: Mapping[str, Any]) -> dict[str, Any]:
    """Return a chart of best values with their intervals, one row each."""
    y = {
        "field": "n",
        "type": "nominal",
        "sort": None,
        "title": None,
        "axis": {"labelLimit": 180, "ticks": False, "domain": False, "labelColor": "var(--ink)"},
    }
    x: dict[str, Any] = {"type": "quantitative", "title": title, "scale": {"zero": True}}
    _ = texts(lang).gettext
    titles = {"low": _("low"), "best": _("best"), "high": _("high")}
    tips = [
        {"field": end, "type": "quantitative", "format": ".3~r", "title": title}
        for end, title in titles.items()
    ]
    best = {"y": y, "x": {**x, "field": "best"}, "tooltip": [{"field": "n", "title": " "}, *tips]}
    return _chart(
        height=(34 if len(rows) <= 12 else 22) * len(rows) + 10,
        data={"values": rows},
        layer=[
            {"mark": dict(mark), "encoding": best},
            {
                "mark": {"type": "rule", "color": "var(--ink)", "strokeWidth": 1.5, "aria": False},
                "encoding": {"y": y, "x": {**x, "field": "low"}, "x2": {"field": "high"}},
            },
            *(
                {
                    "mark": {"type": "tick", "color": "var(--ink)", "size": 10, "aria": False},
                    "encoding": {"y": y, "x": {**x, "field": end}},
                }
                for end in ("low", "high")
            ),
        ],
    )


def _chart(**parts: Any) -> dict[str, Any]:
    return (
        {"width": "container", "autosize": {"type": "fit-x", "contains": "padding"}}
        | parts
        | {"config": _CONFIG}
    )


def _rounded(value: float) -> float:
    return float(f"{value:.5g}")

"""What the page says, section by section, as plain values that the template lays out."""

from __future__ import annotations

from brizna.account import doubt_shares
from brizna.core.codec import digest
from brizna.core.estimate import Estimate, total
from brizna.core.measurement import VIEWS, Run
from brizna.core.quantities import Carbon, CarbonIntensity, Energy, Money, Ratio, Water
from brizna.report._compare import saving
from brizna.report._explain import explain, tell_gap
from brizna.report._plan import followed_remark
from brizna.report._view import part, roots, shares, short_id
from brizna.report._whose import (
    OWN,
    attribution,
    explain_view,
    name_view,
    own_part,
    remarks,
    seen_energy,
    tell_view,
    users_table,
    view_rows,
)
from brizna.report._words import (
    explain_basis,
    name_basis,
    name_component,
    name_figure,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from brizna.core.quantities import Quantity
    from brizna.report._charts import Series
    from brizna.report._format import Format
    from brizna.report._view import View

    Values = dict[str, Any]

_FIGURES: dict[str, type[Quantity]] = {
    "energy_j": Energy,
    "facility_energy_j": Energy,
    "renewable_energy_j": Energy,
    "carbon_operational_g": Carbon,
    "carbon_embodied_g": Carbon,
    "carbon_g": Carbon,
    "carbon_hourly_g": Carbon,
    "carbon_market_g": Carbon,
    "carbon_marginal_g": Carbon,
    "water_electricity_l": Water,
    "water_l": Water,
    "cost": Money,
    "sci_g_per_unit": Carbon,
}
_BASES = ("metered", "declared", "published", "modelled", "default")
_EMPTY_CARD = {"number": "", "unit": "", "ends": "", "why": "", "field": ""}
_EMPTY_DOUBT = {"alone": "", "remedy": ""}
_MOST_DOUBTS = 6
_TABLE_ROWS = 20


def headline(view: View, style: Format) -> list[Values]:
    """Return the figures at the top: energy, carbon, time, and cost and water where known."""
    _ = style.say
    footprint = part(view, "footprint")
    reasons = part(footprint, "reasons")
    no_footprint = _("the grid zone is not known: name it with --zone")
    cards = [
        _card("energy_j", Energy, view["measurement"], style, view["measurement"].get("reason")),
        _card("carbon_g", Carbon, footprint, style, reasons.get("carbon_g") or no_footprint),
        _EMPTY_CARD
        | {
            "label": name_figure("duration_s", style.lang),
            "best": style.duration(view["duration_s"]),
        },
    ]
    cards += [
        _card(field, kind, footprint, style, None)
        for field, kind in (("cost", Money), ("water_l", Water))
        if footprint.get(field) is not None
    ]
    cards[0]["why"] = metered_share(view, style) or cards[0]["why"]
    if own_part(view):
        cards[0]["label"] = name_figure("energy_j", style.lang) + ", " + name_view("machine", style)
        own = [_card(field, Energy, own_part(view), style, None) for field in OWN.values()]
        cards[1:1] = [card for card in own if card["number"]]
    return cards


def _card(
    field: str, kind: type[Quantity], record: View, style: Format, reason: str | None
) -> Values:
    _ = style.say
    estimate = record.get(field)
    label = name_figure(field, style.lang)
    if estimate is None:
        return _EMPTY_CARD | {"label": label, "best": _("unknown"), "why": style.stored(reason)}
    best, ends = style.parts(kind, estimate, currency=record.get("currency"))
    number, _gap, unit = best.partition(style.space)
    basis = _("weakest part: {basis}").format(basis=name_basis(estimate["basis"], style.lang))
    filled = {"label": label, "best": best, "number": number, "unit": unit, "field": field}
    return _EMPTY_CARD | filled | {"ends": ends, "why": basis}


def metered_share(view: View, style: Format) -> str:
    """Return how much of the energy was read from counters, in words."""
    _ = style.say
    metered = sum(share for _kind, share, basis in shares(view) if basis == "metered")
    if not shares(view):
        return ""
    if metered > 0.9995:
        return _("all of it metered")
    if not metered:
        return _("none of it metered: modelled")
    return _("{share} of it metered, the rest modelled").format(share=style.percent(metered))


def components(view: View, style: Format) -> list[Values]:
    """Return energy by kind of component, largest first, as far as it is known."""
    groups: dict[str, list[View]] = {}
    for channel in roots(view):
        groups.setdefault(channel["kind"], []).append(channel)
    parts = {kind: (share, basis) for kind, share, basis in shares(view)}
    rows: list[Values] = []
    for kind in [*parts, *(kind for kind in groups if kind not in parts)]:
        known = [channel for channel in groups[kind] if channel["energy_j"] is not None]
        energy = total(Estimate.from_json(Energy, c["energy_j"]) for c in known) if known else None
        best, ends = style.parts(Energy, energy, reason=groups[kind][0]["reason"])
        share, basis = parts.get(kind, (0.0, groups[kind][0]["basis"]))
        rows.append(
            {
                "kind": kind,
                "name": name_component(kind, style.lang),
                "count": len(groups[kind]),
                "best": best,
                "ends": ends,
                "share": style.percent(share) if known else "",
                "width": round(100 * share, 2),
                "basis": name_basis(basis, style.lang),
                "methods": ", ".join(dict.fromkeys(c["method"] for c in groups[kind])),
            }
        )
    return rows


def phases(view: View, style: Format) -> list[Values]:
    """Return energy by phase in the order of time, with the mean power."""
    _ = style.say
    listed = view["measurement"]["phases"]
    known = [phase["energy_j"]["best"] for phase in listed if phase["energy_j"] is not None]
    own = own_views(view)
    most = max(known, default=0.0)
    rows: list[Values] = []
    for phase in listed:
        best, ends = style.parts(
            Energy, phase["energy_j"], reason=_("some component was not read throughout")
        )
        energy_j = phase["energy_j"]["best"] if phase["energy_j"] is not None else 0.0
        name, time_s = style.phase(phase)
        power_w = energy_j / time_s if time_s > 0 and energy_j else None
        rows.append(
            {
                "name": name,
                "best": best,
                "ends": ends,
                "time": style.duration(time_s),
                "power": "" if power_w is None else style.power(power_w),
                "own": [style.estimate(Energy, phase.get(OWN[seen_as])) for seen_as in own],
                "width": round(100 * energy_j / most, 2) if most > 0 else 0,
            }
        )
    return rows


def own_views(view: View) -> list[str]:
    """Return the views of the run's own part that some phase knows."""
    phases = view["measurement"]["phases"]
    return [seen_as for seen_as, field in OWN.items() if any(p.get(field) for p in phases)]


def whose(view: View, style: Format) -> Values | None:
    """Return the three views, every user of the machine, and remarks; None in older records."""
    if not attribution(view):
        return None
    views = [
        {
            "name": name_view(seen_as, style),
            "meaning": explain_view(seen_as, style),
            "best": best,
            "ends": ends,
            "basis": basis,
            "field": OWN.get(seen_as, "energy_j"),
            "is_accounted": part(view, "footprint").get("view", "machine") == seen_as,
        }
        for seen_as, (_, best, ends, basis) in zip(VIEWS, view_rows(view, style), strict=False)
    ]
    users = users_table(view, style)
    return {
        "views": views,
        "header": users.header,
        "rows": users.rows,
        "remarks": remarks(view, style),
        "phases": [name_view(seen_as, style) for seen_as in own_views(view)],
    }


def figures(view: View, style: Format) -> list[Values]:
    """Return the rows of the footprint, unknown ones with their reason."""
    footprint = part(view, "footprint")
    reasons = part(footprint, "reasons")
    unit = part(footprint, "functional_unit")
    rows: list[Values] = []
    for field, kind in _FIGURES.items():
        estimate = footprint.get(field)
        if estimate is None and field not in reasons:
            continue
        best, ends = style.parts(kind, estimate, currency=footprint.get("currency"))
        label = name_figure(field, style.lang)
        if field == "sci_g_per_unit" and unit:
            label += f" ({unit['name']})"
        rows.append(
            {
                "field": field,
                "label": label,
                "best": best,
                "ends": ends,
                "basis": name_basis(estimate["basis"], style.lang) if estimate else "",
                "reason": "" if estimate else style.stored(reasons.get(field)),
                "is_sum": field == "carbon_g",
            }
        )
    return rows


# ----------------------------------------------------------------------------------------- doubts


def doubts(view: View, style: Format) -> list[Values]:
    """Return, for carbon and for energy, which unknown matters most."""
    footprint = part(view, "footprint")
    pairs = (
        ("carbon_g", Carbon, footprint.get("carbon_g")),
        ("energy_j", Energy, view["measurement"]["energy_j"]),
    )
    told: list[Values] = []
    for field, kind, record in pairs:
        rows = _doubt_rows(kind, record, style) if record else []
        if rows:
            label = name_figure(field, style.lang)
            told.append({"label": label, "rows": rows})
    return told


def _doubt_rows(kind: type[Quantity], record: Mapping[str, Any], style: Format) -> list[Values]:
    _ = style.say
    estimate = Estimate.from_json(kind, record)
    merged: dict[str, float] = {}
    for name, share in doubt_shares(estimate).items():
        merged[_doubt_key(name)] = merged.get(_doubt_key(name), 0.0) + share
    ordered = sorted(merged.items(), key=lambda item: -item[1])
    rows: list[Values] = []
    for name, share in ordered[:_MOST_DOUBTS]:
        ends = estimate.doubts.get(name)
        alone = "" if ends is None else _alone(estimate, min(ends), max(ends), style)
        rows.append(
            {
                "name": name_doubt(name, style),
                "id": name,
                "share": style.percent(share),
                "width": round(100 * share, 2),
                "alone": alone,
                "remedy": _remedy(name, style),
            }
        )
    rest = sum(share for _name, share in ordered[_MOST_DOUBTS:])
    if rest > 0:
        others = {"name": _("all others"), "share": style.percent(rest), "width": 100 * rest}
        rows.append(_EMPTY_DOUBT | others)
    return rows


def _alone(estimate: Estimate, low: float, high: float, style: Format) -> str:
    """Return the interval that this doubt alone leaves."""
    data = {"low": low, "best": estimate.best.value, "high": high}
    best, ends = style.parts(estimate.kind, data)
    return f"{ends}{style.space}{best.partition(style.space)[2]}" if ends else best


def _doubt_key(name: str) -> str:
    """Return the name under which a doubt is listed: all edges of windows are one."""
    return "edge" if name.startswith("edge:") else name


def name_doubt(name: str, style: Format) -> str:
    """Return what an unknown is, in words."""
    _ = style.say
    prefix, _colon, rest = name.partition("@")[0].partition(":")
    known = {
        "model:zone-guess": _("the grid zone, guessed from the time zone"),
        "model:hour-of-year": _("these hours against the mean of the year"),
        "model:processor": _("what this processor draws"),
        "model:cpu-load": _("power at a given load"),
        "model:memory": _("what the memory draws"),
        "model:memory-in-cpu": _("memory that the processor's model may already hold"),
        "meter:nvml-part-time": _("what a card's sensor missed while it did not look"),
        "meter:nvml-polled": _("what a card drew between two readings of its power"),
        "meter:idle": _("an idle card whose counter and power disagree"),
    }
    named = known.get(f"{prefix}:{rest.partition('/')[0]}")
    if named is not None:
        return named
    words = {
        "factor": _("published factor {name}"),
        "meter": _("accuracy of the meter {name}"),
        "model": _("model of {name}"),
        "gap": _("gap in {name}"),
        "edge": _("moments between two readings"),
        "chance": _("chance"),
    }
    return words.get(prefix, "{name}").format(name=rest or name)


def _remedy(name: str, style: Format) -> str:
    """Return what would make a doubt smaller; empty where nothing simple does."""
    _ = style.say
    remedies = {
        "model:zone-guess": _("name the zone with --zone"),
        "model:hour-of-year": "",
        "factor:pue": _("declare the site's own with --pue"),
        "factor:grid": _("declare the supplier's own with --intensity"),
        "meter:nvml-polled": _("a shorter --interval makes the error smaller, not the interval"),
        "gap": _("brizna doctor says what could not be read"),
        "model": _("brizna doctor says what a meter would need"),
    }
    fitting = [words for start, words in remedies.items() if name.startswith(start)]
    return fitting[0] if fitting else ""


# ------------------------------------------------------------------------- comparisons and zones


def equivalents(comparisons: Sequence[Mapping[str, Any]], style: Format) -> list[Values]:
    """Return everyday and published things of the same size, with their intervals."""
    rows: list[Values] = []
    for entry in comparisons:
        value = entry["value"]
        ends = ""
        if 0 < value < _FEW:
            shown = f"1/{style.number(1 / value)}"
        elif "low" in entry:
            counted = {"low": entry["low"], "best": value, "high": entry["high"]}
            shown, ends = style.parts(Ratio, counted)
        else:
            shown = style.number(value)
        is_one = shown == "1" or 0 < value < _FEW
        unit = entry["unit"] if is_one else entry.get("units", entry["unit"])
        rows.append({**entry, "unit": unit, "shown": shown, "ends": ends})
    return rows


_FEW = 0.001
"""Of a thing less than this is told as one part in so many."""


def with_here(view: View, zones: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the zones with the run's own among them, so that there is something to compare with.

    Where it is missing it comes first, under the intensity that the footprint took.
    """
    here = part(view, "site").get("zone")
    footprint = part(view, "footprint")
    carbon_g = footprint.get("carbon_operational_g")
    if not zones or here is None or carbon_g is None or any(z["zone"] == here for z in zones):
        return list(zones)
    intensity = part(footprint, "assumptions")["intensity_g_per_kwh"]
    own = {"zone": here, "name": here, "carbon_g": carbon_g, "intensity_g_per_kwh": intensity}
    return [own, *zones]


def zone_rows(view: View, zones: Sequence[Mapping[str, Any]], style: Format) -> list[Values]:
    """Return the same energy's carbon in other zones, and how much less or more it is there."""
    here = part(view, "site").get("zone")
    mine = part(view, "footprint").get("carbon_operational_g")
    rows: list[Values] = []
    for zone in zones:
        intensity = zone["intensity_g_per_kwh"]
        best, ends = style.parts(Carbon, zone["carbon_g"])
        is_here = zone["zone"] == here
        change = "" if is_here or mine is None else _change(mine, zone["carbon_g"], style)
        source = zone.get("source") or ", ".join(part(zone, "intensity_g_per_kwh")["references"])
        rows.append(
            {
                "name": zone["name"],
                "is_here": is_here,
                "best": best,
                "ends": ends,
                "change": change,
                "intensity": style.estimate(CarbonIntensity, intensity),
                "source": f"{source}, {zone['year']}" if zone.get("year") else source,
            }
        )
    return rows


def _change(mine: View, other: View | None, style: Format) -> str:
    """Return how much less or more carbon the other is; shared doubts cancel."""
    _ = style.say
    share = None if other is None else saving(mine, other, Carbon)[1]
    if share is None:
        return ""
    sign = 1 if share.best.value > 0 else -1
    text = _("{share} less") if sign > 0 else _("{share} more")
    return text.format(share=style.percent(sign * share.best.value))


# ------------------------------------------------------------------------------- what was measured


def power_table(view: View, series: Series, style: Format) -> Values:
    """Return the twin of the power chart: mean power in equal parts of the run."""
    from brizna.report._charts import thin

    duration_s = view["duration_s"]
    channels = [channel for channel in roots(view) if series.get(channel["id"])]
    count = min(_TABLE_ROWS, max((len(series[c["id"]]) for c in channels), default=0))
    lines = [dict(thin(series[c["id"]], duration_s, count)) for c in channels]
    times = sorted({t_s for line in lines for t_s in line})
    rows = [
        {
            "until": style.duration(t_s),
            "cells": [style.power(line[t_s]) if t_s in line else "" for line in lines],
        }
        for t_s in times
    ]
    names = [f"{name_component(c['kind'], style.lang)} ({c['id']})" for c in channels]
    return {"names": names, "rows": rows}


def coverage(view: View, style: Format) -> Values:
    """Return what was seen, what was not, and each gap, in sentences."""
    _ = style.say
    found = view["measurement"]["coverage"]
    gaps = [
        f"{channel['id']}: {tell_gap(gap, style)}"
        for channel in view["measurement"]["channels"]
        for gap in channel["gaps"]
    ]
    return {
        "metered": [name_component(kind, style.lang) for kind in found["metered"]],
        "modelled": [name_component(kind, style.lang) for kind in found["modelled"]],
        "not_seen": [
            (name_component(kind, style.lang), style.stored(reason))
            for kind, reason in found["not_seen"].items()
        ],
        "gaps": gaps,
        "notes": [
            *(style.stored(note) for note in view.get("notes", ())),
            *filter(None, (followed_remark(view, lang=style.lang),)),
        ],
    }


def explanation(view: View, style: Format, *, samples: bool) -> list[Any]:
    """Return the trees from the figures down to samples and factors."""
    return [node for node in explain(view, style, samples=samples) if node.parts or node.formula]


def citation(view: View, style: Format) -> Values:
    """Return what to write in a paper, the digests, and the command that computes it again."""
    _ = style.say
    found = coverage(view, style)
    sentence = _("Energy was recorded with brizna {version} ({how}).").format(
        version=view["brizna"],
        how="; ".join(
            f"{name_basis(basis, style.lang)}: {', '.join(found[basis])}"
            for basis in ("metered", "modelled")
            if found[basis]
        )
        or _("unknown"),
    )
    footprint = part(view, "footprint")
    seen_as = footprint.get("view", "machine")
    energy = style.estimate(Energy, seen_energy(view, seen_as))
    sentence += " " + _("The run used {energy} (90% interval in brackets).").format(energy=energy)
    if own_part(view):
        sentence += " " + tell_view(seen_as, style)
    record = {name: view[name] for name in ("schema", *Run.fields()) if name in view}
    digests = [(_("run"), digest(record))]
    if footprint:
        carbon = style.estimate(Carbon, footprint["carbon_g"])
        if footprint["carbon_g"] is not None:
            sentence += " " + _("It caused {carbon}.").format(carbon=carbon)
        digests.append((_("footprint"), digest(footprint)))
        digests.append((_("set of factors"), footprint["factor_set"]))
    return {
        "sentence": sentence,
        "digests": digests,
        "command": f"brizna show {short_id(view['id'])} --recompute",
    }


def bases(style: Format) -> list[tuple[str, str]]:
    """Return what each basis means."""
    return [(name_basis(basis, style.lang), explain_basis(basis, style.lang)) for basis in _BASES]

"""Runs side by side: what changed, by how much, and what may explain it.

Differences are taken between estimates, so that doubts that both runs share cancel: a saving
under one grid factor is as sharp as the meters allow.
"""

from __future__ import annotations

from brizna.core.errors import InputError
from brizna.core.estimate import Estimate
from brizna.core.quantities import Carbon, Energy, Money, Ratio, Water
from brizna.report._beside import work_by_name
from brizna.report._boundary import unlike_line
from brizna.report._format import Format, Joules
from brizna.report._table import Table
from brizna.report._view import part, printable, short_id
from brizna.report._whose import OWN, own_part
from brizna.report._words import name_figure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from brizna.core.quantities import Quantity
    from brizna.report._view import View

_FIGURES: dict[str, type[Quantity]] = {
    "energy_j": Energy,
    "fair_share_j": Energy,
    "above_idle_j": Energy,
    "facility_energy_j": Energy,
    "carbon_g": Carbon,
    "carbon_operational_g": Carbon,
    "carbon_embodied_g": Carbon,
    "water_l": Water,
    "cost": Money,
    "sci_g_per_unit": Carbon,
}
_LONGEST = 48
"""A setting longer than this is cut in the middle: its ends tell most."""


def compare_lines(
    views: Sequence[View],
    *,
    lang: str,
    width: int = 80,
    color: bool = False,
    everything: bool = False,
) -> list[str]:
    """Return runs side by side, the first as the baseline.

    Args:
        views: Two or more runs with their footprints.
        lang: One of `LANGUAGES`.
        width: Columns of the terminal.
        color: Whether to paint.
        everything: Whether to list settings that are the same in all runs too.

    Raises:
        InputError: If there is nothing to compare.
    """
    if len(views) < 2:
        raise InputError("One run alone cannot be compared: name two or more.")
    views = printable(views)
    style = Format(lang)
    _ = style.say
    header = ("", *(_title(view) for view in views))
    figures = Table(header, _figure_rows(views, style), right=range(1, len(header)))
    settings = Table(header, _setting_rows(views, everything=everything))
    lines = figures.lines(width=width, color=color)
    apart = unlike_line([part(view, "footprint") for view in views], style)
    lines += ["", apart] if apart else []
    if settings.rows:
        title = _("Settings:") if everything else _("What differs:")
        return [*lines, "", title, *settings.lines(width=width, color=color)]
    return [*lines, "", _("Nothing else differs.")]


def saving(
    first: Mapping[str, Any], other: Mapping[str, Any], kind: type[Quantity]
) -> tuple[Estimate, Estimate | None]:
    """Return how much less the other is than the first, and as a share of the first.

    Shared doubts cancel in both. The share is None where the first may be 0.

    Args:
        first: The baseline, in record form.
        other: The estimate to compare, in record form.
        kind: What both are estimates of.
    """
    baseline, compared = Estimate.from_json(kind, first), Estimate.from_json(kind, other)
    difference = baseline - compared
    try:
        ratio = compared / baseline
    except InputError:
        return difference, None
    one = Estimate(Ratio(1), basis=ratio.basis)
    return difference, one - ratio


def _title(view: View) -> str:
    name = view.get("name")
    return f"{name} ({short_id(view['id'])})" if name else short_id(view["id"])


def _figure_rows(views: Sequence[View], style: Format) -> list[tuple[str, ...]]:
    _ = style.say
    times = [style.duration(view["duration_s"]) for view in views]
    rows = [(name_figure("duration_s", style.lang), *times)]
    for field, kind in _FIGURES.items():
        estimates = [_figure(view, field) for view in views]
        if all(estimate is None for estimate in estimates):
            continue
        if len({_currency(view) for view in views}) > 1 and kind is Money:
            continue
        label = name_figure(field, style.lang)
        rows += _compared(label, kind, estimates, style, currency=_currency(views[0]))
    for name, estimates in work_by_name(views).items():
        label = _("energy of one: {work}").format(work=name)
        rows += _compared(label, Joules, estimates, style)
    return rows


def _compared(
    label: str,
    kind: type[Quantity],
    estimates: Sequence[Mapping[str, Any] | None],
    style: Format,
    *,
    currency: str | None = None,
) -> list[tuple[str, ...]]:
    """Return the rows of one figure: what it is in each run, and how the others differ."""
    shown = (style.estimate(kind, estimate, currency=currency) for estimate in estimates)
    first = estimates[0]
    changes = [
        _change(first, other, kind, style, currency) if first and other else ("", "")
        for other in estimates[1:]
    ]
    more = [("", "", *line) for line in zip(*changes, strict=True) if any(line)]
    return [(label, *shown), *more]


def _change(
    first: Mapping[str, Any],
    other: Mapping[str, Any],
    kind: type[Quantity],
    style: Format,
    currency: str | None,
) -> tuple[str, str]:
    """Return what the other saves or adds, and its share of the first.

    Where the interval of the difference holds 0, nothing is clear.
    """
    _ = style.say
    difference, share = saving(first, other, kind)
    if difference.low.value <= 0 <= difference.high.value:
        if difference.low == difference.high:
            return _("the same"), ""
        return _("no clear difference"), ""
    sign = 1.0 if difference.best.value > 0 else -1.0
    amount = style.estimate(kind, difference.scaled(sign), currency=currency)
    text = _("saves {amount}") if sign > 0 else _("adds {amount}")
    percent = "" if share is None else style.share(share.scaled(sign))
    return text.format(amount=amount), percent


def _figure(view: View, field: str) -> Mapping[str, Any] | None:
    if field == "energy_j":
        return view["measurement"]["energy_j"]
    if field in OWN.values():
        return own_part(view).get(field)
    return part(view, "footprint").get(field)


def _currency(view: View) -> str | None:
    return part(view, "footprint").get("currency")


def _setting_rows(views: Sequence[View], *, everything: bool) -> list[tuple[str, ...]]:
    settings = [_settings(view) for view in views]
    names = dict.fromkeys(name for each in settings for name in each)
    rows = [(name, *(each.get(name, "-") for each in settings)) for name in names]
    chosen = [row for row in rows if everything or len(set(row[1:])) > 1]
    return [(row[0], *map(_cut, row[1:])) for row in chosen]


def _settings(view: View) -> dict[str, str]:
    """Return what may explain a difference, by dotted name."""
    coverage = view["measurement"]["coverage"]
    facts: dict[str, Any] = {
        "command": " ".join(view.get("command") or ()),
        "state": view.get("state"),
        "exit_code": view.get("exit_code"),
        "machine": view.get("machine"),
        "brizna": view.get("brizna"),
        "tags": " ".join(view.get("tags") or ()),
        "metered": " ".join(coverage["metered"]),
        "modelled": " ".join(coverage["modelled"]),
        "interval_s": view["measurement"].get("interval_s"),
        "accounted_for": part(view, "footprint").get("view", "machine"),
        "site": view.get("site"),
        "environment": view.get("environment"),
    }
    flat: dict[str, str] = {}
    _flatten("", facts, flat)
    return flat


def _flatten(name: str, value: Any, into: dict[str, str]) -> None:
    if isinstance(value, dict) and "best" in value:
        into[name] = f"{value['best']:g}"
    elif isinstance(value, dict):
        for key, part in value.items():  # pyright: ignore[reportUnknownVariableType]
            _flatten(f"{name}.{key}" if name else str(key), part, into)  # pyright: ignore[reportUnknownArgumentType]
    elif isinstance(value, (list, tuple)):
        into[name] = " ".join(map(str, value))  # pyright: ignore[reportUnknownArgumentType]
    elif value not in (None, ""):
        into[name] = str(value)


def _cut(text: str) -> str:
    half = (_LONGEST - 1) // 2
    return text if len(text) <= _LONGEST else f"{text[:half]}…{text[-half:]}"

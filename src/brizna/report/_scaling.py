"""Lines for what a job comes to on more accelerators."""

from __future__ import annotations

from brizna.core.estimate import Estimate
from brizna.core.quantities import Duration, Energy, Money, Ratio
from brizna.report._format import Format
from brizna.report._table import Table
from brizna.report._view import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


def scaling_lines(
    forecast: Mapping[str, Any],
    *,
    lang: str,
    width: int,
    color: bool,
    currency: str | None = None,
) -> list[str]:
    """Return a table of counts, the one to take, and what was assumed.

    Args:
        forecast: As `ScalingForecast.to_json` gives it.
        lang: One of `LANGUAGES`.
        width: Columns of the terminal.
        color: Whether it takes colour.
        currency: Of the costs.
    """
    style = Format(lang)
    _, forecast = style.say, printable(forecast)
    options = forecast["options"]
    header = [_("accelerators"), _("nodes"), _("time"), _("efficiency"), _("energy")]
    has_costs = any(one["cost"] is not None for one in options)
    rows = [_cells(one, style, currency if has_costs else None) for one in options]
    table = Table([*header, *([_("cost")] if has_costs else [])], rows, right=(0, 1))
    lines = table.lines(width=width, color=color)
    lines += ["", style.stored(forecast["why"])]
    if forecast["samples"] is not None:
        text = _("the time is that of {samples} samples")
        lines.append("  " + text.format(samples=style.count(round(forecast["samples"]))))
    lines += ["  " + style.stored(note) for note in forecast["notes"]]
    return lines


def _cells(option: Mapping[str, Any], style: Format, currency: str | None) -> list[str]:
    if option["energy_j"] is not None:
        energy = style.estimate(Energy, option["energy_j"])
    else:
        energy = style.share(Estimate.from_json(Ratio, option["relative_energy"]))
    cells = [
        style.count(option["count"]),
        style.count(option["nodes"]),
        style.estimate(Duration, option["duration_s"]),
        style.share(Estimate.from_json(Ratio, option["efficiency"])),
        energy,
    ]
    if option["cost"] is not None:
        cells.append(style.estimate(Money, option["cost"], currency=currency))
    return cells

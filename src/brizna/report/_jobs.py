"""Lines for a plan of many jobs."""

from __future__ import annotations

from brizna.core.quantities import Carbon
from brizna.report._format import Format
from brizna.report._view import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_SHOWN = 5
"""Jobs without a place that are named."""


def jobs_lines(summary: Mapping[str, Any], *, lang: str) -> list[str]:
    """Return what planning many jobs came to.

    Args:
        summary: As `JobsPlan.summary` gives it, with ``out``, the file of the answer.
        lang: One of `LANGUAGES`.
    """
    style = Format(lang)
    _, summary = style.say, printable(summary)
    placed = summary["jobs"] - summary["without"]
    carbon = style.quantity(Carbon(summary["carbon_g"]))
    head = _("{placed} of {jobs} jobs planned: {carbon}")
    lines = [head.format(placed=placed, jobs=summary["jobs"], carbon=carbon)]
    if summary["carbon_now_g"] is not None:
        now = style.quantity(Carbon(summary["carbon_now_g"]))
        text = _("run at once they would emit {now}; the plan saves {share}")
        lines.append("  " + text.format(now=now, share=style.percent(summary["saving"] or 0.0)))
    if summary["gap"] is not None:
        text = _("no plan within this capacity can emit less than {bound}: {gap} above it")
        bound = style.quantity(Carbon(summary["bound_g"]))
        lines.append("  " + text.format(bound=bound, gap=style.percent(summary["gap"])))
    for crowd in summary["crowds"][:_SHOWN]:
        text = (
            _("{job} has no place in {zone}: {hours} full hours, shared with {others}")
            if not crowd["is_proof"]
            else _("{job} cannot be placed by any plan: {hours} full hours of {zone}, {others}")
        )
        others = _names(crowd["shared_with"])
        told = text.format(
            job=crowd["job"], zone=crowd["zone"], hours=len(crowd["full"]), others=others
        )
        lines.append("  " + told)
    if summary["without"] > len(summary["crowds"][:_SHOWN]):
        text = _("{count} jobs have no place; the file says why")
        lines.append("  " + text.format(count=summary["without"]))
    lines.append("  " + _("hours and zones: {out}").format(out=summary["out"]))
    return lines


def _names(names: list[str]) -> str:
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else f"{shown} … (+{len(names) - 3})"

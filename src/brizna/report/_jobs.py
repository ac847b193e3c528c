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
        lines.append("  " + _against_now(summary, style))
    if summary["gap"] is not None:
        text = _("no plan within this capacity can emit less than {bound}: {gap} above it")
        bound = style.quantity(Carbon(summary["bound_g"]))
        lines.append("  " + text.format(bound=bound, gap=style.percent(summary["gap"])))
    shown = summary["crowds"][:_SHOWN]
    lines += ["  " + _crowd(crowd, style) for crowd in shown]
    if summary["without"] > len([crowd for crowd in shown if crowd["job"] is not None]):
        text = _("{count} jobs have no place; the file says why")
        lines.append("  " + text.format(count=summary["without"]))
    lines.append("  " + _("hours and zones: {out}").format(out=summary["out"]))
    return lines


def _against_now(summary: Mapping[str, Any], style: Format) -> str:
    _, saving = style.say, summary["saving"] or 0.0
    if summary["bound_g"] is None:
        text = _("run at once they would emit {now}; the plan saves {share}")
    elif saving >= 0:
        text = _("run at once, without the capacity, they would emit {now}: the plan saves {share}")
    else:
        text = _(
            "run at once, without the capacity, they would emit {now}: the plan emits {share} "
            "more, for not all could run at once within it"
        )
    now = style.quantity(Carbon(summary["carbon_now_g"]))
    share = style.percent(saving if saving >= 0 else -saving)
    return text.format(now=now, share=share)


def _crowd(crowd: Mapping[str, Any], style: Format) -> str:
    _, hours = style.say, len(crowd["full"])
    others = _names(crowd["shared_with"], crowd["sharing"])
    if crowd["job"] is None:
        text = _("no plan places all of {others}: within {hours} hours of {zone} they need more")
        return text.format(others=others, hours=hours, zone=crowd["zone"])
    text = (
        _("{job} has no place in {zone}: {hours} full hours, shared with {others}")
        if not crowd["is_proof"]
        else _("{job} cannot be placed by any plan: {hours} full hours of {zone}, {others}")
    )
    return text.format(job=crowd["job"], zone=crowd["zone"], hours=hours, others=others)


def _names(names: list[str], count: int) -> str:
    shown = ", ".join(names[:3])
    return shown if count <= 3 else f"{shown} … (+{count - 3})"

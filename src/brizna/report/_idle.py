"""What a machine draws while nobody uses it, for the terminal."""

from __future__ import annotations

from brizna.core.quantities import Power
from brizna.report._format import Format
from brizna.report._table import Table
from brizna.report._view import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


def baseline_lines(
    baseline: Mapping[str, Any], *, lang: str, width: int = 80, color: bool = False
) -> list[str]:
    """Return a baseline that was just measured.

    Args:
        baseline: The record.
        lang: One of `LANGUAGES`.
        width: Columns of the terminal.
        color: Whether to paint.
    """
    baseline = printable(baseline)
    style = Format(lang)
    _ = style.say
    rows = [
        (
            channel["id"],
            *style.parts(Power, channel["power_w"]),
            f"{style.power(channel['least_w'])} - {style.power(channel['most_w'])}",
        )
        for channel in baseline["channels"]
    ]
    header = (_("channel"), _("idle power"), _("interval (90%)"), _("quietest - busiest tenth"))
    lines = Table(header, rows, right=(1, 2, 3)).lines(width=width, color=color) if rows else []
    for channel, reason in baseline["not_measured"].items():
        lines.append(f"{channel}: {style.stored(reason)}")
    busy = baseline["busy"]
    if busy is None:
        lines.append(_("How busy the processors were is not known: the interval allows for 10%."))
    else:
        text = _("The processors were busy for {busy} of the time; the interval allows for it.")
        lines.append(text.format(busy=style.percent(busy)))
    return lines


def idle_lines(found: Mapping[str, Any], *, lang: str) -> list[str]:
    """Return, for the doctor, whether idle power is known, since when, and if it may still hold.

    Args:
        found: What the doctor found: ``components`` and ``baseline``.
        lang: One of `LANGUAGES`.
    """
    style = Format(lang)
    _ = style.say
    known = found.get("baseline")
    if known is None:
        if any(part["status"] == "metered" for part in found["components"]):
            return [_("Idle power: not known; measure it with brizna doctor --baseline")]
        return []
    baseline = known["baseline"]
    if baseline is None:
        return [_("Idle power: {reason}").format(reason=style.stored(known["reason"]))]
    when = baseline["measured"].replace("T", " ").removesuffix("Z")[:16]
    age = style.duration(known["age_s"])
    said = _("Idle power: measured on {when} (UTC), {age} ago").format(when=when, age=age)
    lines = [said]
    for reason in known["stale"]:
        text = _("It may not hold any more: {reason}.").format(reason=style.stored(reason))
        lines.append(f"  {text} brizna doctor --baseline")
    return lines

"""Lines for policies tried on history."""

from __future__ import annotations

from itertools import groupby

from brizna.core.quantities import CarbonIntensity
from brizna.report._format import Format
from brizna.report._view import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any


def evaluation_lines(rows: Sequence[Mapping[str, Any]], *, lang: str) -> list[str]:
    """Return how policies did, in groups of one zone, length and slack.

    Args:
        rows: As `brizna.verbs.try_policies` gives them.
        lang: One of `LANGUAGES`.
    """
    style = Format(lang)
    _ = style.say
    names = {
        ("start", "perfect"): _("best start, known beforehand"),
        ("start", "one-shot"): _("best start, planned once"),
        ("start", "re-planned"): _("best start, planned anew with each forecast"),
        ("pause", "perfect"): _("pauses, known beforehand"),
        ("pause", "one-shot"): _("pauses, planned once"),
        ("pause", "re-planned"): _("pauses, planned anew with each forecast"),
    }
    lines: list[str] = []
    for (zone, hours, slack), group in groupby(
        rows, key=lambda row: (row["zone"], row["length_h"], row["slack"])
    ):
        now, *others = group
        head = _("{zone}: {jobs} jobs of {hours} h, slack {slack}; at once {now}")
        lines.append(
            head.format(
                zone=printable(zone),
                jobs=now["jobs"],
                hours=style.number(hours),
                slack=slack,
                now=style.quantity(CarbonIntensity(now["mean"])),
            )
        )
        lines += [
            "  " + _line(row, names[row["policy"], row["knowledge"]], style) for row in others
        ]
    return lines


def _line(row: Mapping[str, Any], name: str, style: Format) -> str:
    _ = style.say
    if row["saving"] is None:
        return _("{policy}: no saving can be told, as running at once costs nothing").format(
            policy=name
        )
    text = _("{policy}: saves {saving}, later by {delay} h")
    told = text.format(
        policy=name, saving=style.percent(row["saving"]), delay=style.number(row["delay_h"])
    )
    if row["saving_low"] is not None:
        low, high = style.percent(row["saving_low"]), style.percent(row["saving_high"])
        told += _(" (95 %: {low} to {high})").format(low=low, high=high)
    if row["kept"] is not None and row["knowledge"] != "perfect":
        told += _("; keeps {kept} of the best").format(kept=style.percent(row["kept"]))
    return told

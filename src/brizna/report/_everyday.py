"""A run in everyday things and beside published models, for the terminal."""

from __future__ import annotations

from brizna.report._format import Format
from brizna.report._table import Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any


def everyday_lines(
    comparisons: Sequence[Mapping[str, Any]], *, lang: str, width: int = 80, color: bool = False
) -> list[str]:
    """Return how many of each everyday thing a footprint is, with interval and source.

    Args:
        comparisons: As `html_report` takes them.
        lang: One of `LANGUAGES`.
        width: Columns of the terminal.
        color: Whether to paint.
    """
    from brizna.report._page import equivalents

    style = Format(lang)
    _ = style.say
    if not comparisons:
        return [_("Nothing everyday is of this size, or neither carbon nor energy is known.")]
    rows = [
        (row["label"], f"{row['shown']} {row['unit']}", row["ends"], row["source"])
        for row in equivalents(comparisons, style)
    ]
    header = (_("about as much as"), _("best"), _("interval (90%)"), _("source"))
    return Table(header, rows, right=(1, 2)).lines(width=width, color=color)

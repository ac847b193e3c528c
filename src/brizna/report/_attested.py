"""Lines for who published what is installed."""

from __future__ import annotations

from brizna.report._format import Format
from brizna.report._table import Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from brizna.check._attested import Published


def published_lines(rows: Sequence[Published], *, lang: str, width: int, color: bool) -> list[str]:
    """Return a table of distributions with their publishers.

    Args:
        rows: What is known of each.
        lang: One of `LANGUAGES`.
        width: Columns of the terminal.
        color: Whether it takes colour.
    """
    _ = Format(lang).say
    states = {
        "verified": _("verified"),
        "wrong": _("WRONG"),
        "unverified": _("not verified"),
    }
    told = [
        [
            one.name,
            one.version,
            ", ".join(one.publishers) or (_("nobody said") if one.asked else "?"),
            "" if one.signature is None else states[one.signature],
            one.asked or "",
        ]
        for one in rows
    ]
    header = [_("distribution"), _("version"), _("published by"), _("signature"), _("asked")]
    return Table(header, told).lines(width=width, color=color)

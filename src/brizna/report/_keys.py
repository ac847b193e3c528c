"""Lines for keys: whose, of which kind, and whether they are over."""

from __future__ import annotations

from brizna.report._format import Format
from brizna.report._table import Table
from brizna.report._view import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any


def key_lines(
    keys: Sequence[Mapping[str, Any]], *, lang: str, width: int, color: bool
) -> list[str]:
    """Return the keys of a ring, the oldest first.

    Args:
        keys: As `brizna.store.Key` writes them, each with ``is_ours`` and ``over``.
        lang: One of `LANGUAGES`.
        width: Columns of the terminal.
        color: Whether it takes colour.
    """
    _ = Format(lang).say
    if not keys:
        return [_("No keys yet: brizna keys new NAME makes one.")]
    reasons = {"retired": _("retired"), "compromised": _("compromised")}
    rows = [
        [
            one["name"],
            one["id"].removeprefix("sha256:")[:12],
            one["kind"],
            _("yours") if one["is_ours"] else _("believed"),
            one["created"],
            "" if not one["over"] else f"{reasons[one['over']['reason']]} {one['over']['at']}",
        ]
        for one in printable(list(keys))
    ]
    header = [_("key"), _("id"), _("kind"), _("whose"), _("since"), _("over")]
    return Table(header, rows).lines(width=width, color=color)

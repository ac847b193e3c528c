"""What saved and what would have, in words: each with what it is measured against."""

from __future__ import annotations

from brizna.report._manager_parts import Way
from brizna.report._texts import texts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Protocol

    from brizna.report._format import Format
    from brizna.report._manager_parts import Cell

    class Puts(Protocol):
        """Who puts numbers on the page: `brizna.report._manager.Desk`."""

        style: Format

        def put(self, what: str, figure: str, record: Any, commands: Any) -> Cell:
            """Return an amount, and note where it comes from."""
            ...


def tell_saved(desk: Puts, saved: Mapping[str, Any]) -> Way:
    """Return what saved, or cost more, in words.

    Args:
        desk: Puts numbers on the page.
        saved: As `brizna.verbs.Saved` writes it.
    """
    _, said = desk.style.say, texts(desk.style.lang)
    count, against = saved["runs"], saved["against"] or 0
    if saved["way"] == "plans":
        title = _("Plans carried out")
        words = said.ngettext(
            "{count} run waited for cleaner hours, against beginning at once",
            "{count} runs waited for cleaner hours, against beginning at once",
            count,
        )
    elif saved["way"] == "name-first":
        title = saved["about"]
        words = said.ngettext(
            "{count} run, against the first of this period",
            "{count} runs, against the first of this period",
            count,
        )
    else:
        title = saved["about"]
        words = said.ngettext(
            "{count} run, against the mean of the {against} before",
            "{count} runs, against as many at the mean of the {against} before",
            count,
        )
    style = desk.style
    text = words.format(count=style.count(count), against=style.count(against))
    return Way(title=title, against=text, cell=_amount(desk, title, saved))


def tell_would(desk: Puts, saved: Mapping[str, Any]) -> Way:
    """Return what would have saved, in words.

    Args:
        desk: Puts numbers on the page.
        saved: As `brizna.verbs.Saved` writes it.
    """
    _, said, style = desk.style.say, texts(desk.style.lang), desk.style
    count = saved["runs"]
    if saved["way"] == "failed":
        title = _("Fewer failures")
        words = said.ngettext(
            "at most: all that {count} failed run took",
            "at most: all that {count} failed runs took",
            count,
        )
    elif saved["way"] == "hours":
        title = _("Cleaner hours")
        words = said.ngettext(
            "{count} run under a day, begun at the best hour of its day",
            "the {count} largest runs under a day, each begun at the best hour of its day",
            count,
        )
    else:
        title = _("{machine} off between runs").format(machine=saved["about"])
        words = _("from its first run to its last, at the idle power that was measured of it")
    text = words.format(count=style.count(count))
    if saved["reason"]:
        text += "; " + style.stored(saved["reason"])
    return Way(title=title, against=text, cell=_amount(desk, title, saved))


def _amount(desk: Puts, title: str, saved: Mapping[str, Any]) -> Cell:
    figure = "carbon_g" if saved["carbon_g"] is not None else "energy_j"
    record = saved[figure]
    if record is not None and record["best"] < 0:
        ends = {"low": -record["high"], "best": -record["best"], "high": -record["low"]}
        doubts = {name: [-low, -high] for name, (low, high) in record["doubts"].items()}
        record = {**record, **ends, "doubts": doubts}
    return desk.put(title, figure, record, saved["commands"])

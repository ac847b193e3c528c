"""The channels of a run as they lie inside one another, and what none of the inner ones has."""

from __future__ import annotations

from brizna.core.quantities import Energy
from brizna.report._words import name_basis

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from brizna.report._format import Format
    from brizna.report._view import View

_INSIDE = "  "


def inside(view: View, channel: View | None) -> list[View]:
    """Return the channels that lie just inside another, or the outermost for None."""
    name = None if channel is None else channel["id"]
    channels = view["measurement"]["channels"]
    known = {each["id"] for each in channels}
    return [
        each for each in channels if (each["parent"] if each["parent"] in known else None) == name
    ]


def channel_rows(view: View, style: Format) -> list[tuple[str, str, str, str]]:
    """Return each channel below the one that holds it: name, best, interval, basis and method."""
    return list(_rows(view, None, "", style))


def has_inner(view: View) -> bool:
    """Return whether a channel lies inside another, so that a total leaves some out."""
    return any(channel["parent"] for channel in view["measurement"]["channels"])


def _rows(
    view: View, outer: View | None, indent: str, style: Format
) -> Iterator[tuple[str, str, str, str]]:
    _ = style.say
    for channel in inside(view, outer):
        best, ends = style.parts(Energy, channel["energy_j"])
        basis = f"{name_basis(channel['basis'], style.lang)}, {channel['method']}"
        if channel["mirror_of"]:
            basis = _("the same energy as {id}").format(id=channel["mirror_of"])
        if channel["energy_j"] is None:
            basis = style.stored(channel["reason"])
        yield indent + channel["id"], best, ends, basis
        yield from _rows(view, channel, indent + _INSIDE, style)
        if channel.get("untold_j") is not None:
            best, ends = style.parts(Energy, channel["untold_j"])
            yield indent + _INSIDE + _("not told apart"), best, ends, ""

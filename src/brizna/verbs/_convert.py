"""Convert footprints to one boundary, so that they compare; refuse to compare unlike ones."""

from __future__ import annotations

from brizna.account import Bound, Conversion, Footprint, convert, level_of
from brizna.core.book import SHIPPED
from brizna.core.errors import InputError
from brizna.verbs._assume import Gathered

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from brizna.core.book import Book
    from brizna.verbs._views import View


def convert_footprint(
    footprint: Footprint, level: str, *, book: Book = SHIPPED, before: str | None = None
) -> Conversion:
    """Return what a footprint comes to within another boundary, with the factors in force.

    Args:
        footprint: The footprint.
        level: One of `brizna.account.LEVELS`.
        book: The factors in force.
        before: What its energy holds, where it was declared.

    Raises:
        InputError: If the level is none.
        CoverageError: If what the energy holds, or the energy, is not known.
    """
    gathered = Gathered(book, None)
    found = convert(footprint, level, use=gathered.use, before=before)
    return found.replace(factors=tuple(gathered.factors[name] for name in sorted(gathered.factors)))


def convert_views(views: Sequence[View], level: str) -> list[Conversion]:
    """Return what the footprints of some runs come to within one boundary.

    Raises:
        InputError: If the level is none.
        CoverageError: If what the energy of a run holds is not known.
    """
    return [convert_footprint(Footprint.from_json(view["footprint"]), level) for view in views]


def check_alike(views: Sequence[View]) -> None:
    """Refuse runs whose energies hold things of different reach; those that do not say pass.

    Raises:
        InputError: If they do.
    """
    levels = {view["id"]: _level(view["footprint"]) for view in views if view["footprint"]}
    known = {run: level for run, level in levels.items() if level is not None}
    if len(set(known.values())) > 1:
        raise InputError(
            "These runs' energies hold different things ({levels}), so they do not compare: "
            "convert them knowingly, such as with --convert node.",
            levels=", ".join(f"{run}: {level}" for run, level in known.items()),
        )


def _level(footprint: dict[str, Any]) -> str | None:
    return level_of(map(Bound.from_json, footprint.get("boundary") or ()))


def as_views(views: Sequence[View], converted: Sequence[Conversion]) -> list[View]:
    """Return views with the converted figures alone, to compare and to take savings of."""
    return [_within(view, one.to_json()) for view, one in zip(views, converted, strict=True)]


def _within(view: View, converted: dict[str, Any]) -> View:
    figures = {name: converted[name] for name in ("energy_j", "carbon_g")}
    measured = {**view["measurement"], "energy_j": figures["energy_j"], "attribution": None}
    return {**view, "measurement": measured, "footprint": figures}

"""Comparisons: savings between runs, and what a footprint is in everyday terms."""

from __future__ import annotations

from math import log

from brizna.account import FIGURES, equivalences, published_models
from brizna.core.errors import InputError
from brizna.core.estimate import Estimate
from brizna.core.quantities import Carbon, Energy
from brizna.report import stored, trace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from brizna.verbs._views import View

_COMPARED = {"energy_j": Energy, "carbon_g": Carbon}


def savings(views: Sequence[View]) -> list[dict[str, Any]]:
    """Return, for each run but the first, how much less it took than the first.

    Doubts that both runs share cancel: they are subtracted and divided as estimates.
    """
    found: list[dict[str, Any]] = []
    for other in views[1:]:
        saved: dict[str, Any] = {"run": other["id"], "baseline": views[0]["id"]}
        for field, kind in _COMPARED.items():
            one, two = _estimate(views[0], field, kind), _estimate(other, field, kind)
            if one is None or two is None:
                saved |= {f"saved_{field}": None, f"{field}_ratio": None}
                continue
            saved[f"saved_{field}"] = (one - two).to_json()
            try:
                saved[f"{field}_ratio"] = (two / one).to_json()
            except InputError:  # the baseline may be 0
                saved[f"{field}_ratio"] = None
        found.append(saved)
    return found


def explain_view(view: View, figure: str | None) -> dict[str, Any]:
    """Return the derivation of one figure of a view as plain nodes; of its carbon if None.

    What it is computed from can be asked for too, after ``>``: ``energy_j>channel:rapl/package-0``.

    Raises:
        InputError: If there is no such figure, or nothing below it of that name.
    """
    return trace(view, figure or FIGURES[0])


def _estimate(view: View, field: str, kind: type[Energy | Carbon]) -> Estimate | None:
    footprint: Any = view["footprint"]
    record = footprint[field] if footprint else None
    return None if record is None else Estimate.from_json(kind, record)


_TELLING = (0.01, 10_000.0)
"""Counts that say something to a person; a comparison outside is left out."""
_PUBLISHED = 3
_SEVERAL = {
    "run": "runs",
    "image": "images",
    "inference": "inferences",
    "prompt": "prompts",
    "query": "queries",
}
"""What published figures are for one of, and several."""


def comparisons(footprint: View | None, *, lang: str, asked: bool = False) -> list[dict[str, Any]]:
    """Return what a footprint is in everyday things and beside published models.

    Each has a ``label``, a ``value`` (how many of them, at best) with its ``low`` and ``high``, the
    ``unit`` in words, ``units`` of several, the ``source`` and the ``factor`` or model by id. The
    interval holds the footprint's doubt and that of the thing. Counts that nobody can picture are
    left out.

    Args:
        footprint: In record form; None where there is none.
        lang: Language of the words.
        asked: Whether somebody asked: things that reports do not offer by themselves, too.
    """
    if footprint is None:
        return []
    figures = {
        kind: Estimate.from_json(kind, footprint[field])
        for field, kind in (("carbon_g", Carbon), ("facility_energy_j", Energy))
        if footprint.get(field) is not None
    }
    return [*_everyday(figures, lang, asked=asked), *_published(figures, lang)]


def _everyday(
    figures: dict[type[Any], Estimate], lang: str, *, asked: bool
) -> list[dict[str, Any]]:
    spanish = lang == "es"
    found: list[dict[str, Any]] = []
    for thing in equivalences(asked=asked):
        one = thing.factor.estimate()
        mine = figures.get(one.kind)
        if mine is None or mine.best.value <= 0 or one.low.value <= 0:
            continue
        count = mine / one
        if _TELLING[0] <= count.best.value <= _TELLING[1]:
            found.append(
                {
                    "label": thing.name_es if spanish else thing.name_en,
                    **_counted(count),
                    "unit": thing.unit_es if spanish else thing.unit_en,
                    "units": thing.units_es if spanish else thing.units_en,
                    "source": _source(thing.factor.source, thing.factor.year),
                    "factor": thing.factor.id,
                }
            )
    return found


def _published(figures: dict[type[Any], Estimate], lang: str) -> list[dict[str, Any]]:
    """Return how often this run fits into published ones: those nearest in energy."""
    mine = figures.get(Energy)
    if mine is None or mine.best.value <= 0:
        return []
    known = [model for model in published_models() if model.energy_j]
    known.sort(key=lambda model: abs(_distance(model.energy_j or 0.0, mine.best.value)))
    found: list[dict[str, Any]] = []
    for model in known[:_PUBLISHED]:
        count = mine.scaled(1 / (model.energy_j or 1.0))
        found.append(
            {
                "label": f"{model.name}, {stored(model.phase, lang)}",
                **_counted(count),
                "unit": stored(model.per, lang),
                "units": stored(_SEVERAL.get(model.per, model.per), lang),
                "source": _source(model.source, model.year),
                "factor": model.id,
            }
        )
    return found


def _counted(count: Estimate) -> dict[str, float]:
    return {"value": count.best.value, "low": count.low.value, "high": count.high.value}


def _distance(one: float, other: float) -> float:
    """Return how far apart two positive numbers are, as the logarithm of their ratio."""
    return log(one / other)


def _source(source: str, year: int | None) -> str:
    return source if year is None else f"{source}, {year}"

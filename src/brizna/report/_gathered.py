"""Phases as a terminal shows them: many of one name in one line, as nobody reads fifty alike."""

from __future__ import annotations

from brizna.core.estimate import Estimate, total
from brizna.core.quantities import Energy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from brizna.report._view import View

    Phase = Mapping[str, Any]

MOST_ALIKE = 10
"""Phases of one name that have a line each."""


def gathered_phases(view: View) -> list[Phase]:
    """Return the phases in the order of time, those of a name that more than ten have as one.

    The energy of these is no more than the run's: what edges moved among them it has not lost.
    """
    phases: Sequence[Phase] = view["measurement"]["phases"]
    by_name: dict[str, list[Phase]] = {}
    for phase in phases:
        by_name.setdefault(phase["name"], []).append(phase)
    told: list[Phase] = []
    for phase in phases:
        alike = by_name[phase["name"]]
        if len(alike) <= MOST_ALIKE:
            told.append(phase)
        elif phase is alike[0]:
            told.append(_as_one(alike, view["measurement"]["energy_j"]))
    return told


def _as_one(alike: Sequence[Phase], whole: Mapping[str, Any] | None) -> Phase:
    """Return phases of one name as one, as the record tells more than a thousand."""
    energy = _sum([phase["energy_j"] for phase in alike], whole)
    return {
        "name": alike[0]["name"],
        "start_s": alike[0]["start_s"],
        "end_s": max(phase["end_s"] for phase in alike),
        "energy_j": energy,
        "open": False,
        "work": _work(alike, energy),
        "count": sum(phase.get("count", 1) for phase in alike),
        "inside_s": sum(_lasted(phase) for phase in alike),
    }


def _lasted(phase: Phase) -> float:
    inside_s = phase.get("inside_s")
    return phase["end_s"] - phase["start_s"] if inside_s is None else inside_s


def _sum(
    parts: Sequence[Mapping[str, Any] | None], whole: Mapping[str, Any] | None
) -> dict[str, Any] | None:
    """Return the ends and the best of a sum of energies; None where one is not known."""
    known = [part for part in parts if part is not None]
    if whole is None or len(known) < len(parts):
        return None
    energy = total(Estimate.from_json(Energy, part) for part in known).to_json()
    return {**energy, "high": max(energy["best"], min(energy["high"], whole["high"]))}


def _work(alike: Sequence[Phase], energy: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    amounts: dict[str, float] = {}
    for phase in alike:
        for work in phase.get("work", ()):
            amounts[work["name"]] = amounts.get(work["name"], 0.0) + work["amount"]
    return [
        {
            "name": name,
            "amount": amount,
            "energy_j_per_unit": None
            if energy is None
            else {**energy, **{end: energy[end] / amount for end in ("low", "best", "high")}},
        }
        for name, amount in amounts.items()
    ]

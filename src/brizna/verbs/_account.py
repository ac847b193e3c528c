"""Account for declared facts, without running anything."""

from __future__ import annotations

from brizna.account import account, read_case, subject_of_case
from brizna.core.book import SHIPPED
from brizna.core.errors import InputError
from brizna.core.quantities import Duration
from brizna.core.site import Site
from brizna.verbs._assume import assume

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from brizna.account import Case, Footprint
    from brizna.core.book import Book

_DECLARED = {
    "embodied": "embodied_g",
    "lifetime": "lifetime_s",
    "share": "hardware_share",
    "ewif": "ewif_l_per_kwh",
}


def account_case(given: Mapping[str, Any], *, book: Book = SHIPPED) -> tuple[Case, Footprint]:
    """Return the case that a JSON object declares, and its footprint.

    Args:
        given: The facts.
        book: The factors in force.

    Raises:
        InputError: If a fact is unknown or cannot be.
    """
    from brizna.grid import find_zone

    case = read_case(given)
    facts = case.facts
    if "tariff" in facts and case.currency is None:
        raise InputError(
            'The case gives tariff_per_kwh without its currency: add "currency": "EUR".'
        )
    site = Site(
        zone=None if case.zone is None else find_zone(case.zone).id,
        zone_origin=None if case.zone is None else "case",
        pue=facts.get("pue"),
        wue_l_per_kwh=facts.get("wue"),
        tariff_per_kwh=facts.get("tariff"),
        currency=case.currency if "tariff" in facts else None,
        intensity_g_per_kwh=facts.get("intensity"),
    )
    duration = facts.get("duration")
    assumptions = assume(
        site,
        duration=None if duration is None else Duration(duration.best.value),
        started=None,
        unit=case.functional_unit,
        declared={name: facts[fact] for fact, name in _DECLARED.items() if fact in facts},
        book=book,
    )
    return case, account(subject_of_case(case), assumptions)


def view_of_case(case: Case, footprint: Footprint) -> dict[str, Any]:
    """Return what ``brizna account --json`` prints: the case as given, and its footprint."""
    return {
        "schema": case.schema,
        "name": case.name,
        "given": case.given,
        "footprint": footprint.to_json(),
    }

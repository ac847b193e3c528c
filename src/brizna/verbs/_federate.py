"""Advise on federated learning: fill a declared case from the tables, and judge it."""

from __future__ import annotations

from brizna.account import pue
from brizna.check import (
    FEDERATION_FACTS,
    FederationAdvice,
    FederationCase,
    advise_federation,
    read_federation_case,
)
from brizna.core.book import SHIPPED
from brizna.core.declared import CaseInput
from brizna.core.errors import Said
from brizna.core.estimate import exactly
from brizna.core.factors import factor
from brizna.core.quantities import Ratio

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from brizna.core.book import Book
    from brizna.core.estimate import Estimate
    from brizna.core.factors import Factor

_ROOM, _TABLE = "brizna.check", "federation"
_THRESHOLDS = {
    "sending": "federation/most/sending",
    "waiting": "federation/most/waiting",
    "battery": "federation/most/battery",
    "communication": "federation/most/communication",
    "reached": "federation/least/reached",
    "large": "federation/least/large",
}
_TAKEN = {
    "bytes_per_parameter": (4.0, Said("parameters are taken to be sent as 4 bytes each")),
    "training_bytes_per_parameter": (
        16.0,
        Said("training is taken to hold 16 bytes a parameter: weight, gradient, two of Adam's"),
    ),
    "sent": (1.0, Said("each update is taken to hold the whole model (sent)")),
    "reached": (1.0, Said("all invited clients are taken to finish each round (reached)")),
    "hours_per_day": (24.0, Said("clients are taken to work at all hours (hours_per_day)")),
}


def advise_federate(given: Mapping[str, Any], *, book: Book = SHIPPED) -> FederationAdvice:
    """Return whether federated learning suits a declared case.

    Args:
        given: The case, as a file holds it.
        book: The factors in force: a person's own win over those that come along.

    Raises:
        InputError: If the case cannot be used, or lacks what no table has.
    """
    case = read_federation_case(given)
    inputs = [_input(field, value, None, "declared") for field, value in case.facts.items()]
    facts, notes = dict(case.facts), list[str]()
    for field, (number, said) in _TAKEN.items():
        if field not in facts:
            facts[field] = exactly(Ratio(number), "default")
            inputs.append(_input(field, facts[field], None, str(said)))
            notes.append(str(said))
    for field, found in _published(case, book).items():
        facts[field] = found.estimate()
        inputs.append(_input(field, facts[field], found, found.source))
    if "idle_w" not in facts and "busy_w" in facts:
        notes.append(str(Said("what clients take while they wait is left out (idle_w)")))
    notes.append(str(Said("the server that adds up the updates is left out")))
    advice = advise_federation(case.replace(facts=facts), _thresholds(book))
    return advice.replace(inputs=tuple(inputs), notes=(*notes, *advice.notes), case=dict(given))


def _published(case: FederationCase, book: Book) -> dict[str, Factor]:
    """Return what the tables say of what the case does not."""
    found: dict[str, Factor] = {}
    networks = {"kwh_per_gb": case.network, "central_kwh_per_gb": case.central_network}
    for field, kind in networks.items():
        if field not in case.facts and kind is not None:
            found[field] = book.over(factor(_ROOM, _TABLE, f"federation/network/{kind}"))
    if "central_pue" not in case.facts and "central_power_w" in case.facts:
        found["central_pue"] = book.over(pue(until=book.until))
    return found


def _thresholds(book: Book) -> dict[str, tuple[float, str]]:
    made = {name: book.over(factor(_ROOM, _TABLE, one)) for name, one in _THRESHOLDS.items()}
    return {name: (one.estimate().best.value, one.source) for name, one in made.items()}


def _input(field: str, value: Estimate, found: Factor | None, source: str) -> CaseInput:
    kind, unit, _ = FEDERATION_FACTS[field]
    low, best, high = (kind(end.value).to(unit) for end in (value.low, value.best, value.high))
    return CaseInput(
        option="case",
        field=field,
        low=low,
        best=best,
        high=high,
        unit=unit,
        factor=None if found is None else found.id,
        source=source,
        year=None if found is None else found.year,
    )

"""Account for declared facts, without running anything."""

from __future__ import annotations

from datetime import datetime
from math import fsum

from brizna.account import account, read_case, subject_of_case, subject_of_run
from brizna.core.book import SHIPPED
from brizna.core.errors import InputError
from brizna.core.estimate import exactly, total
from brizna.core.quantities import Duration, Ratio
from brizna.core.site import Site
from brizna.verbs._assume import assume
from brizna.verbs._money import Drawn, check_contract, payment, payment_of_site, span_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from brizna.account import Case, Footprint
    from brizna.core.book import Book
    from brizna.core.estimate import Estimate
    from brizna.core.measurement import Run
    from brizna.verbs._money import PricesOf

RENEWABLE = ("solar", "wind", "hydro", "biomass", "geothermal")
"""Sources of a mix that are renewable."""
_NOT_RENEWABLE = ("coal", "gas", "oil", "nuclear")
_OFF = 0.005
"""By how much a declared renewable share and that of a mix may differ: they were rounded."""
_DECLARED = {
    "embodied": "embodied_g",
    "lifetime": "lifetime_s",
    "share": "hardware_share",
    "ewif": "ewif_l_per_kwh",
    "market": "market_g_per_kwh",
    "guaranteed": "guaranteed_share",
    "guaranteed_intensity": "guaranteed_g_per_kwh",
    "marginal": "marginal_g_per_kwh",
    "renewable": "renewable_share",
    "transfer": "transfer_gb",
}
_MADE = {
    "embodied": "manufacture",
    "transport": "transport",
    "building": "building",
    "end_of_life": "end-of-life",
}
"""Facts about making the hardware, and what they are called in a boundary."""


def account_case(
    given: Mapping[str, Any], *, book: Book = SHIPPED, prices_of: PricesOf | None = None
) -> tuple[Case, Footprint]:
    """Return the case that a JSON object declares, and its footprint.

    Args:
        given: The facts.
        book: The factors in force.
        prices_of: Finds the prices of electricity by the hour, for a contract that follows them.

    Raises:
        InputError: If a fact is unknown or cannot be.
    """
    case = read_case(given)
    site = _site(case)
    duration = case.facts.get("duration")
    length = None if duration is None else Duration(duration.best.value)
    check_contract(case.contract, site)
    drawn = Drawn(span=span_of(case.started, length), prices_of=prices_of, until=book.until)
    assumptions = assume(
        site,
        duration=length,
        started=None if drawn.span is None else drawn.span[0],
        unit=case.functional_unit,
        declared={**_declared(case), **payment(case, _tariff(site), drawn)},
        book=book,
    )
    return case, account(subject_of_case(case), assumptions)


def account_run_as(
    run: Run,
    given: Mapping[str, Any],
    *,
    seen_as: str = "machine",
    book: Book = SHIPPED,
    beside: Mapping[str, Estimate] | None = None,
    drawn: Drawn | None = None,
) -> tuple[Case, Footprint]:
    """Return the footprint that a run has under declared facts, over what is known of its site.

    Args:
        run: The run; its energy and its time stay.
        given: The facts, as of a case without energy, time and devices.
        seen_as: Whose energy: one of `brizna.core.measurement.VIEWS`.
        book: The factors in force.
        beside: Further fields of the assumptions.
        drawn: How the run drew its energy; steadily if None.

    Raises:
        InputError: If a fact is unknown or cannot be.
    """
    case = read_case(given, of_run=True)
    declared = _site(case)
    changes = {
        name: value for name in Site.fields() if (value := getattr(declared, name)) is not None
    }
    if "zone" in changes and "intensity_g_per_kwh" not in changes:
        changes["intensity_g_per_kwh"] = None
    if declared.tariff_per_kwh is not None:
        changes["contract"] = None
    site = run.site.replace(**changes)
    check_contract(case.contract, site)
    drawn = (drawn or Drawn()).replace(
        span=span_of(run.started, Duration(run.duration_s)), until=book.until
    )
    paid = payment(case, _tariff(site), drawn) or payment_of_site(site, drawn)
    assumptions = assume(
        site,
        duration=Duration(run.duration_s),
        started=datetime.fromisoformat(run.started),
        unit=case.functional_unit,
        declared={**_declared(case), **paid, **(beside or {})},
        book=book,
    )
    return case, account(subject_of_run(run, view=seen_as), assumptions)


def _site(case: Case) -> Site:
    """Return the site that a case declares."""
    from brizna.grid import find_zone
    from brizna.verbs._hardware import check_machine

    facts = case.facts
    if case.machine is not None:
        check_machine(case.machine)
    if "tariff" in facts and case.currency is None:
        raise InputError(
            'The case gives tariff_per_kwh without its currency: add "currency": "EUR".'
        )
    return Site(
        zone=None if case.zone is None else find_zone(case.zone).id,
        zone_origin=None if case.zone is None else "case",
        pue=facts.get("pue"),
        wue_l_per_kwh=facts.get("wue"),
        tariff_per_kwh=facts.get("tariff"),
        currency=case.currency if "tariff" in facts else None,
        intensity_g_per_kwh=facts.get("intensity"),
        machine=case.machine,
        operator=case.operator,
    )


def _tariff(site: Site) -> tuple[Estimate, str] | None:
    """Return a site's price of a kWh with its currency, where it has one."""
    if site.tariff_per_kwh is None or site.currency is None:
        return None
    return site.tariff_per_kwh, site.currency


def _declared(case: Case) -> dict[str, Any]:
    """Return what a case declares of the assumptions, by field."""
    facts = case.facts
    found: dict[str, Any] = {name: facts[fact] for fact, name in _DECLARED.items() if fact in facts}
    made = [fact for fact in _MADE if fact in facts]
    if len(made) > 1:
        found["embodied_g"] = total(facts[fact] for fact in made)
        found["embodied_items"] = tuple(_MADE[fact] for fact in made)
    if "storage" in facts:
        found["storage_tb"] = facts["storage"].scaled(case.storage_copies)
        found["storage_kind"] = case.storage_kind
    if case.mix:
        found["mix"] = case.mix
        renewable = fsum(case.mix.get(source, 0.0) for source in RENEWABLE)
        _check_origin(facts.get("renewable"), case.mix, renewable)
        found.setdefault("renewable_share", exactly(Ratio(renewable)))
    return found


def _check_origin(said: Estimate | None, mix: Mapping[str, float], renewable: float) -> None:
    """Refuse a declared renewable share that a declared mix contradicts."""
    if said is None:
        return
    most = 1 - fsum(mix.get(source, 0.0) for source in _NOT_RENEWABLE)
    if said.high.value < renewable - _OFF or said.low.value > most + _OFF:
        raise InputError(
            "renewable_share is {said:g}, but of the sources in mix {renewable:g} is renewable: "
            "expected the same of both. Leave one out.",
            said=said.best.value,
            renewable=renewable,
        )


def view_of_case(case: Case, footprint: Footprint) -> dict[str, Any]:
    """Return what ``brizna account --json`` prints: the case as given, and its footprint."""
    return {
        "schema": case.schema,
        "name": case.name,
        "given": case.given,
        "footprint": footprint.to_json(),
    }

"""What work is paid for: the contract, the rented machines and the rates that somebody declares."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from importlib import import_module
from os.path import basename

from brizna.account import (
    OF_ENERGY,
    Charge,
    cloud_charges,
    currency_of,
    electricity_charges,
    read_contract,
)
from brizna.core._tables import positions
from brizna.core.errors import CoverageError, InputError
from brizna.core.estimate import exactly
from brizna.core.factors import factor_of_year
from brizna.core.quantities import Duration, Ratio, Tariff
from brizna.core.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from brizna.account import Case, Contract
    from brizna.core.estimate import Estimate
    from brizna.core.factors import Factor
    from brizna.core.signal import Signal
    from brizna.core.site import Site
    from brizna.grid import Zone
    from brizna.verbs._settings import Settings

    Span = tuple[datetime, datetime]
    PricesOf = Callable[[Span], Signal]


NO_SPAN = "the contract's prices differ by the hour, but nobody said when the work was done"


class Drawn(Record):
    """How some work drew its energy, for prices that differ by the hour.

    Attributes:
        span: Start and end, aware and in UTC; None where nobody said when.
        trace: Power over time as ``(end_s, power_w)``; empty for a steady draw.
        prices_of: Finds the series of prices of a span; None where none was named.
        until: Of list prices, the last year that counts; any if None.
    """

    span: Span | None = None
    trace: Sequence[tuple[float, float]] = ()
    prices_of: PricesOf | None = None
    until: int | None = None


def span_of(started: str | None, duration: Duration | None) -> Span | None:
    """Return when work began and ended; None where that was not declared."""
    if started is None or duration is None:
        return None
    start = datetime.fromisoformat(started).astimezone(UTC)
    return start, start + timedelta(seconds=duration.value)


def payment(case: Case, tariff: tuple[Estimate, str] | None, drawn: Drawn) -> dict[str, Any]:
    """Return ``pay``, which finds the charges that a case declares, or nothing where it has none.

    Where no toll, charge or price is known of that time, ``pay`` returns why as ``unpaid``.

    Args:
        case: What was declared.
        tariff: The price of a kWh and its currency, where that is what electricity costs.
        drawn: When the energy was drawn.

    Raises:
        InputError: If electricity would be paid twice, or a contract by the hour has no hours.
    """
    if case.contract is None and case.cloud is None:
        return {}
    rented = case.cloud is not None and case.cloud.has_machines
    own = case.contract is not None or "tariff" in case.facts
    if rented and own:
        raise InputError(
            "The facts give rented machines and a price of electricity, but the price of a rented "
            "machine holds its electricity: keep one of them."
        )
    if case.contract is not None and "tariff" in case.facts:
        raise InputError(
            "The facts give contract and tariff_per_kwh: keep one, as both are the price of the "
            "electricity."
        )
    if case.contract is not None and drawn.span is None:
        raise InputError(
            "The contract's prices differ by the hour, but nobody said when the work was done: "
            'give "started": "2026-03-02T09:00+01:00" and duration_h.'
        )

    def pay(use: Callable[[Factor], Estimate]) -> dict[str, Any]:
        try:
            charges = [*_electricity(case, None if rented else tariff, drawn, use)]
        except CoverageError as error:  # the money is not known; the rest of the footprint is
            return {"unpaid": str(error)}
        if case.cloud is not None:
            charges += cloud_charges(
                case.cloud,
                use=use,
                price_of=lambda price_id: machine_price(price_id, until=drawn.until),
            )
        if not charges:
            return {}
        return {
            "charges": tuple(charges),
            "exchanges": case.exchanges,
            "currency": currency_of(charges, case.currency),
        }

    return {"pay": pay}


def check_contract(contract: Contract | None, site: Site) -> None:
    """Refuse a Spanish contract for a place that is known to be elsewhere.

    Raises:
        InputError: If it is.
    """
    if contract is not None and (elsewhere := _elsewhere(site)) is not None:
        raise InputError(
            "The contract {tariff} is one of Spain, but the electricity is that of {zone}: "
            "expected a zone of Spain. Give tariff_per_kwh instead of contract.",
            tariff=contract.tariff,
            zone=elsewhere,
        )


def _elsewhere(site: Site) -> Zone | None:
    """Return the zone of a site that a contract of Spain cannot be for; a guessed one may be."""
    from brizna.grid import find_zone

    if site.zone is None or site.zone_origin == "time-zone":
        return None
    zone = find_zone(site.zone)
    return None if zone.country == "ES" else zone


def payment_of_site(site: Site, drawn: Drawn) -> dict[str, Any]:
    """Return ``pay`` for the contract of a site, or nothing where it has none.

    Where a price is not known, only a series has it, or the place is not in Spain, ``pay`` returns
    why as ``unpaid``.

    Args:
        site: The place, with the contract as it was declared.
        drawn: When the energy was drawn.
    """
    if site.contract is None:
        return {}
    contract = read_contract(site.contract)

    def pay(use: Callable[[Factor], Estimate]) -> dict[str, Any]:
        if drawn.span is None:
            return {"unpaid": NO_SPAN}
        try:
            check_contract(contract, site)
            charges = _by_contract(contract, drawn, use)
        except (CoverageError, InputError) as error:  # the run stays; its money is not known
            return {"unpaid": str(error)}
        return {"charges": charges, "currency": currency_of(charges, None)}

    return {"pay": pay}


def _by_contract(
    contract: Contract, drawn: Drawn, use: Callable[[Factor], Estimate]
) -> tuple[Charge, ...]:
    assert drawn.span is not None, "who calls has checked it"
    by_the_hour = not contract.energy_per_kwh and drawn.prices_of is not None
    return electricity_charges(
        contract,
        drawn.span,
        drawn.trace,
        use=use,
        prices=drawn.prices_of(drawn.span) if by_the_hour and drawn.prices_of else None,
    )


def _electricity(
    case: Case,
    tariff: tuple[Estimate, str] | None,
    drawn: Drawn,
    use: Callable[[Factor], Estimate],
) -> tuple[Charge, ...]:
    if case.contract is not None:
        return _by_contract(case.contract, drawn, use)
    if tariff is None:
        return ()
    price, currency = tariff
    return (
        Charge(
            group="electricity",
            name="energy",
            quantity=exactly(Ratio(1)),
            unit="kWh",
            price=price / exactly(Tariff(1)),
            currency=currency,
            of=OF_ENERGY,
        ),
    )


def machine_price(price_id: str, *, until: int | None = None) -> Factor:
    """Return the list price of a rented machine for an hour.

    Args:
        price_id: Such as ``price/aws/p3.2xlarge/spot``.
        until: The last year whose list counts; any if None.

    Raises:
        CoverageError: If no table has it; names ids that are near.
    """
    import_module("brizna.plan")  # its tables are read through it
    if price_id in positions("brizna.plan", "prices"):
        return factor_of_year("brizna.plan", "prices", price_id, until=until)
    return factor_of_year("brizna.account", "instances", price_id, until=until)


def prices_between(
    path: str | None,
    settings: Settings,
    span: Span,
    *,
    zone: str,
    environ: Mapping[str, str],
) -> Signal:
    """Return a series of prices in EUR per kWh: of a file, or of the source that settings name.

    Args:
        path: A CSV or Parquet file; None for the setting ``source``, such as ``esios:pvpc``.
        settings: Those in force.
        span: Start and end, aware and in UTC.
        zone: The zone of a series that names several.
        environ: Holds the keys of sources.

    Raises:
        InputError: If neither a file nor a source is named, or the file is no such series.
        UnavailableError: If it cannot be read.
    """
    from brizna.grid import About, read_signals
    from brizna.verbs._signals import Wanted, find_signals

    if path is not None:
        about = About(quantity=Tariff, unit="¤/kWh", kind="EUR", source=basename(path))
        found = read_signals(path, about, zone=zone)
        return found[zone] if zone in found else next(iter(found.values()))
    if settings["source"] is None:
        raise InputError(
            "The contract's price of energy is that of a series, but none was named: give a file "
            "in EUR per kWh with --prices, or a live source such as --source esios:pvpc."
        )
    wanted = Wanted(zones=(zone,), start=span[0], end=span[1], now=span[1], quantity="price")
    return next(iter(find_signals(wanted, settings, environ=environ).values())).signal

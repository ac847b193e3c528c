"""Electricity contracts: what a supplier asks, tolls and charges by period, power term, taxes.

Spanish access tariffs: for each period the energy that was drawn in it pays the supplier's price,
the toll of the networks and the charge of the system [1, 2]. Contracted power pays for each day, of
which a run carries the share that somebody declares. The electricity tax is on all of it, VAT on
that. Excess power and reactive energy are of a whole supply and a month: they are not here.

References:
    [1] CNMC, Circular 3/2020 of 15 January, articles 6 to 9, BOE-A-2020-1066.
    [2] Ley 38/1992 of 28 December, articles 97 to 99; Real Decreto-ley 8/2023 (lower rates).
"""

from __future__ import annotations

from math import fsum

from brizna.account._charges import OF_CHARGES, OF_ENERGY, Charge
from brizna.account._hourly import spread_energy
from brizna.account._periods import (
    ROOM,
    check_tariff,
    energy_periods,
    local_time,
    period_names,
    period_slots,
    power_periods,
    years_of,
)
from brizna.core._tables import positions
from brizna.core.errors import CoverageError, InputError
from brizna.core.estimate import exactly
from brizna.core.factors import factor, factor_of_year, nearest
from brizna.core.quantities import Ratio, Tariff
from brizna.core.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from typing import Any, ClassVar

    from brizna.core.estimate import Estimate
    from brizna.core.factors import Factor
    from brizna.core.signal import Signal

    Use = Callable[[Factor], Estimate]

SPOT = "spot"
_FIELDS = (
    *("tariff", "territory", "energy_per_kwh", "tolls", "contracted_kw", "power_share"),
    *("electricity_tax", "vat"),
)
_EUR = "EUR"
_REDUCED = "tax/electricity/to/"
_GROUP = "electricity"
_KWH = "kWh"


class Contract(Record):
    """What a supply of electricity in Spain pays.

    Attributes:
        tariff: One of `brizna.account.TARIFFS`.
        territory: One of `brizna.account.TERRITORIES`.
        energy_per_kwh: The supplier's price in EUR by period ``P1`` ...; empty where it is that
            of a series of prices.
        tolls_included: Whether those prices hold tolls and charges already, as PVPC does.
        contracted_kw: By period; empty where the power term is left out.
        power_share: Part of the supply's power term that the work must carry, in [0, 1].
        electricity_tax: Whether the electricity tax is due.
        vat: Part of the rest, such as 0.21; 0 where the cost is without VAT.
    """

    tariff: str
    energy_per_kwh: dict[str, float]
    territory: str = "peninsula"
    tolls_included: bool = False
    contracted_kw: dict[str, float] = {}
    power_share: float = 0.0
    electricity_tax: bool = True
    vat: float = 0.0

    _forms: ClassVar = {}

    def _check(self) -> None:
        check_tariff(self.tariff, self.territory)
        for field, value in (("power_share", self.power_share), ("vat", self.vat)):
            if not 0 <= value <= 1:
                raise InputError(
                    "{field} is {value:g}: a share from 0 to 1 was expected.",
                    field=field,
                    value=value,
                )
        if bool(self.contracted_kw) != (self.power_share > 0):
            raise InputError(
                "The power term needs contracted_kw and power_share, the part of the supply that "
                "the work must carry, above 0: give both, or neither to leave it out."
            )


def read_contract(given: Any) -> Contract:
    """Return the contract that a JSON object declares.

    Raises:
        InputError: If a field is unknown or holds what it cannot.
    """
    if not hasattr(given, "items") or "tariff" not in given or "energy_per_kwh" not in given:
        raise InputError(
            'contract is {given!r:.80}, but its form is {{"tariff": "3.0TD", "energy_per_kwh": '
            "0.12}}.",
            given=given,
        )
    for field in given:
        if field not in _FIELDS:
            raise InputError(
                "The contract has a field {field!r} that brizna does not know.{hint} Known: "
                "{known}.",
                field=field,
                hint=nearest(field, _FIELDS),
                known=", ".join(_FIELDS),
            )
    tariff, territory = given["tariff"], given.get("territory", "peninsula")
    check_tariff(tariff, territory)
    energy = given["energy_per_kwh"]
    powers = given.get("contracted_kw", {})
    return Contract(
        tariff=tariff,
        territory=territory,
        energy_per_kwh={}
        if energy == SPOT
        else _by_period("energy_per_kwh", energy, energy_periods(tariff)),
        tolls_included=_chosen(given, "tolls", "added", ("added", "included")) == "included",
        contracted_kw=_by_period("contracted_kw", powers, power_periods(tariff)) if powers else {},
        power_share=_number("power_share", given.get("power_share", 0)),
        electricity_tax=_flag(given, "electricity_tax"),
        vat=_number("vat", given.get("vat", 0)),
    )


def electricity_charges(
    contract: Contract,
    span: tuple[datetime, datetime],
    trace: Sequence[tuple[float, float]],
    *,
    use: Use,
    prices: Signal | None = None,
) -> tuple[Charge, ...]:
    """Return what the energy and the power of some work pay under a contract.

    Args:
        contract: The contract.
        span: Start and end of the work, aware and in UTC.
        trace: Power over time as ``(end_s, power_w)``; empty for a steady draw.
        use: Takes a factor into account and returns its estimate.
        prices: Prices in EUR per kWh by the hour, where the contract states none.

    Raises:
        CoverageError: If no toll or charge is known for the year, or no price for an hour.
        InputError: If the prices are missing or in another currency.
    """
    met = _met(contract, span, trace)
    found = list(_energy(contract, met, prices, span, trace))
    years = years_of(contract.territory, *span)
    if not contract.tolls_included:
        found += _regulated(contract, met, use, is_one_year=len(years) == 1)
    for year, begin, stop in years:
        days = (stop - begin).total_seconds() / 86400
        found += _power(contract, days, year, use, is_one_year=len(years) == 1)
    if contract.electricity_tax:
        found.append(_tax("electricity tax", use(_tax_rate(contract.territory, span))))
    if contract.vat:
        found.append(_tax("VAT", exactly(Ratio(contract.vat))))
    return tuple(found)


def _met(
    contract: Contract, span: tuple[datetime, datetime], trace: Sequence[tuple[float, float]]
) -> dict[tuple[int, str], float]:
    """Return which share of the energy was drawn in each year and period, without those of 0."""
    names = period_names(energy_periods(contract.tariff))
    edges: list[datetime] = []
    keys: list[tuple[int, str]] = []
    for year, begin, stop in years_of(contract.territory, *span):
        slots, periods = period_slots(contract.tariff, contract.territory, begin, stop)
        edges += slots[:-1]
        keys += [(year, names[period - 1]) for period in periods]
    edges.append(span[1])
    energies = spread_energy(trace, [(edge - span[0]).total_seconds() for edge in edges])
    whole = fsum(energies)
    shares = {
        key: fsum(e for e, one in zip(energies, keys, strict=True) if one == key) / whole
        for key in sorted(set(keys))
    }
    return {key: share for key, share in shares.items() if share > 0}


def _energy(
    contract: Contract,
    met: Mapping[tuple[int, str], float],
    prices: Signal | None,
    span: tuple[datetime, datetime],
    trace: Sequence[tuple[float, float]],
) -> list[Charge]:
    """Return what the supplier asks for the energy: by period, or by the hour."""
    if contract.energy_per_kwh:
        prices_of = contract.energy_per_kwh
        shares = {name: fsum(s for (_, n), s in met.items() if n == name) for name in prices_of}
        return [
            _of_energy(f"energy {name}", share, exactly(Ratio(prices_of[name])))
            for name, share in shares.items()
            if share > 0
        ]
    if prices is None:
        raise InputError(
            "The contract's price of energy is that of a series, but no series was given: name a "
            "source or a file of prices by the hour."
        )
    return [_of_energy("energy by the hour", 1.0, spot_price(prices, span, trace))]


def spot_price(
    prices: Signal, span: tuple[datetime, datetime], trace: Sequence[tuple[float, float]]
) -> Estimate:
    """Return the mean of hourly prices, each weighed by the energy drawn in its hour, per kWh.

    Args:
        prices: Prices in EUR per kWh.
        span: Start and end, aware and in UTC.
        trace: Power over time as ``(end_s, power_w)``; empty for a steady draw.

    Raises:
        InputError: If the series is no price in EUR.
        CoverageError: If an hour has none.
    """
    if prices.quantity is not Tariff or prices.kind != _EUR:
        raise InputError(
            "{source} is no series of prices in EUR: expected one, as a Spanish contract is paid "
            "in euros.",
            source=prices.source,
        )
    cut = prices.between(*span)
    known = [value for value in cut.values if value is not None]
    if len(known) < len(cut.values):
        raise CoverageError(
            "{source} has hours without a price in the time of the work: load a whole series.",
            source=prices.source,
        )
    energies = spread_energy(trace, [(edge - span[0]).total_seconds() for edge in cut.edges])
    mean = fsum(e * v for e, v in zip(energies, known, strict=True)) / fsum(energies)
    basis = "published" if prices.origin == "observed" else "modelled"
    return exactly(Ratio(mean), basis, f"signal:{prices.source}")


def _regulated(
    contract: Contract, met: Mapping[tuple[int, str], float], use: Use, *, is_one_year: bool
) -> list[Charge]:
    """Return the tolls and charges of the energy that was drawn in each year and period."""
    return [
        _of_energy(
            _named(what, name, *_year(year, is_one_year=is_one_year)),
            share,
            _price(f"{what}/energy", contract, name, year, use),
        )
        for (year, name), share in met.items()
        for what in ("toll", "charge")
    ]


def _power(
    contract: Contract, days: float, year: int, use: Use, *, is_one_year: bool
) -> list[Charge]:
    """Return the work's share of the power term: kilowatts for a part of the year."""
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    part = contract.power_share * days / (366 if leap else 365)
    return [
        Charge(
            group=_GROUP,
            name=_named("power", what, name, *_year(year, is_one_year=is_one_year)),
            quantity=exactly(Ratio(power_kw * part)),
            unit="kW year",
            price=_price(f"{what}/power", contract, name, year, use),
            currency=_EUR,
        )
        for name, power_kw in contract.contracted_kw.items()
        if power_kw > 0
        for what in ("toll", "charge")
    ]


def _named(*words: str) -> str:
    """Return the name of a charge, which faces put into people's language."""
    return " ".join(words)


def _year(year: int, *, is_one_year: bool) -> tuple[str, ...]:
    """Return the year where a charge's name needs it: over New Year."""
    return () if is_one_year else (str(year),)


def _price(what: str, contract: Contract, name: str, year: int, use: Use) -> Estimate:
    return use(factor_of_year(ROOM, "regulated", f"{what}/{contract.tariff}/{name}", year))


def _tax_rate(territory: str, span: tuple[datetime, datetime]) -> Factor:
    """Return the rate of the electricity tax in the time of the work.

    It was lower for some years; those rows end in the last day of their rate.

    Raises:
        CoverageError: If the rate changed in that time: all charges pay it together.
    """
    days = [local_time(instant, territory).date().isoformat() for instant in span]
    ends = sorted(
        row.rpartition("/")[2] for row in positions(ROOM, "regulated") if row.startswith(_REDUCED)
    )
    met = [next((end for end in ends if day <= end), "") for day in days]
    if met[0] != met[1]:
        raise CoverageError(
            "The rate of the electricity tax changed after {day}, in the time of the work: account "
            "for the parts before and after it, or leave the tax out (electricity_tax).",
            day=met[0],
        )
    return factor(ROOM, "regulated", f"{_REDUCED}{met[0]}" if met[0] else "tax/electricity")


def _of_energy(name: str, share: float, price: Estimate) -> Charge:
    return Charge(
        group=_GROUP,
        name=name,
        quantity=exactly(Ratio(share)),
        unit=_KWH,
        price=price,
        currency=_EUR,
        of=OF_ENERGY,
    )


def _tax(name: str, rate: Estimate) -> Charge:
    return Charge(
        group=_GROUP,
        name=name,
        quantity=exactly(Ratio(1)),
        unit="",
        price=rate,
        currency=_EUR,
        of=OF_CHARGES,
    )


def _by_period(field: str, given: Any, count: int) -> dict[str, float]:
    """Return one number for all periods, or one for each, as a number by period."""
    names = period_names(count)
    if not hasattr(given, "items"):
        return dict.fromkeys(names, _number(field, given))
    if sorted(given) != sorted(names):
        raise InputError(
            "{field} has {saw}: expected one number, or one for each of {names}.",
            field=field,
            saw=", ".join(map(str, given)),
            names=", ".join(names),
        )
    return {name: _number(field, given[name]) for name in names}


def _number(field: str, value: Any) -> float:
    good = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not good or not 0 <= value < float("inf"):
        raise InputError(
            "{field} is {value!r}: expected a number from 0 up.", field=field, value=value
        )
    return float(value)


def _chosen(given: Mapping[str, Any], field: str, default: str, known: Sequence[str]) -> str:
    value = given.get(field, default)
    if value not in known:
        raise InputError(
            "{field} is {value!r}: expected one of {known}.",
            field=field,
            value=value,
            known=", ".join(known),
        )
    return value


def _flag(given: Mapping[str, Any], field: str) -> bool:
    value = given.get(field, True)
    if not isinstance(value, bool):
        raise InputError("{field} is {value!r}: expected true or false.", field=field, value=value)
    return value

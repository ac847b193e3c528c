"""What is paid: charges, and the parts of a cost that sum to the whole.

A charge is a price times a quantity: of the site's energy, of hours of a rented machine, of
gigabytes held for a month, or of other charges, as a tax is. Each keeps its own currency; it is
converted only by a rate that somebody stated, and the part says which.
"""

from __future__ import annotations

from brizna.core.errors import InputError
from brizna.core.estimate import estimate_of, exactly, total
from brizna.core.quantities import Money, Ratio
from brizna.core.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, ClassVar

    from brizna.core.estimate import Estimate

OF_ENERGY, OF_CHARGES = "energy", "charges"
GROUPS = ("electricity", "compute", "storage", "requests", "transfer", "other")


class Exchange(Record):
    """A rate between two currencies that somebody stated.

    Attributes:
        currency: ISO 4217 code of the charges.
        into: Code of the currency that they are converted into.
        rate: Units of ``into`` for one of ``currency``.
        source: Who stated it, and for which day.
    """

    currency: str
    into: str
    rate: Estimate
    source: str

    _forms: ClassVar = {"rate": estimate_of(Ratio)}

    def _check(self) -> None:
        if self.rate.low.value <= 0 or not self.source:
            raise InputError(
                "The exchange of {currency} into {into} is {rate:g} by {source!r}: expected a "
                "rate above 0 and who states it for which day.",
                currency=self.currency,
                into=self.into,
                rate=self.rate.best.value,
                source=self.source,
            )


class Charge(Record):
    """One thing that is paid for.

    Attributes:
        group: One of `GROUPS`.
        name: What it is, such as ``energy P1`` or ``aws p3.2xlarge spot``; each once in a cost.
        quantity: How much, in ``unit``; of energy, the share of the site's energy in [0, 1].
        unit: ``kWh``, ``h``, ``GB month``, ``1000 requests``, ``GB`` ...
        price: In ``currency`` for one unit.
        currency: ISO 4217 code of the price.
        of: None where the quantity stands for itself; ``energy`` where it is a share of the
            site's energy; ``charges`` where the price is a share of all charges before it of
            its group.
    """

    group: str
    name: str
    quantity: Estimate
    unit: str
    price: Estimate
    currency: str
    of: str | None = None

    _forms: ClassVar = {"quantity": estimate_of(Ratio), "price": estimate_of(Ratio)}

    def _check(self) -> None:
        if self.group not in GROUPS:
            raise InputError(
                "A charge is in group {group!r}: expected one of {known}.",
                group=self.group,
                known=", ".join(GROUPS),
            )


class CostPart(Record):
    """One part of a cost.

    Attributes:
        group: One of `GROUPS`.
        name: What it is.
        cost: In the currency of the footprint.
        quantity: How much was paid for, in ``unit``; None for a tax.
        unit: Of the quantity.
        price: For one unit, in ``currency``.
        currency: What was paid in.
        exchange: The rate by which it was converted; None where it was not.
    """

    group: str
    name: str
    cost: Estimate
    quantity: Estimate | None
    unit: str
    price: Estimate
    currency: str
    exchange: Exchange | None = None

    _forms: ClassVar = {
        "cost": estimate_of(Money),
        "quantity": estimate_of(Ratio),
        "price": estimate_of(Ratio),
        "exchange": Exchange.from_json,
    }


def priced(price: Estimate) -> Estimate:
    """Return an amount of money for a number that counts a currency's units."""
    return price * exactly(Money(1))


def cost_parts(
    charges: Sequence[Charge],
    energy_kwh: Estimate | None,
    *,
    currency: str,
    exchanges: Sequence[Exchange] = (),
) -> tuple[CostPart, ...]:
    """Return the parts of a cost in one currency; their total is the cost.

    Args:
        charges: What is paid; a tax after what it is on.
        energy_kwh: The site's energy as a number of kWh; None where it is not known.
        currency: What the parts are in.
        exchanges: The stated rates.

    Raises:
        InputError: If a charge is in another currency without a stated rate, or one is of an
            energy that is not known.
    """
    rates = {one.currency: one for one in exchanges if one.into == currency}
    parts: list[CostPart] = []
    for charge in charges:
        if charge.currency != currency and charge.currency not in rates:
            raise InputError(
                "{name} is paid in {theirs}, but the cost is in {ours}, and nobody stated a rate: "
                'add "exchange": {{"{theirs}": {{"rate": 0.92, "source": "ECB 2026-11-20"}}}} with '
                "yours.",
                name=charge.name,
                theirs=charge.currency,
                ours=currency,
            )
        rate = rates.get(charge.currency) if charge.currency != currency else None
        cost, quantity = _cost(charge, parts, energy_kwh)
        if rate is not None and charge.of != OF_CHARGES:
            cost = cost * rate.rate
        parts.append(
            CostPart(
                group=charge.group,
                name=charge.name,
                cost=cost,
                quantity=quantity,
                unit=charge.unit,
                price=charge.price,
                currency=charge.currency,
                exchange=rate,
            )
        )
    return tuple(parts)


def _cost(
    charge: Charge, before: Sequence[CostPart], energy_kwh: Estimate | None
) -> tuple[Estimate, Estimate | None]:
    """Return what a charge comes to, and how much was paid for."""
    if charge.of == OF_CHARGES:
        base = total(part.cost for part in before if part.group == charge.group)
        return base * charge.price * charge.quantity, None
    quantity = charge.quantity
    if charge.of == OF_ENERGY:
        if energy_kwh is None:
            raise InputError(
                "{name} is a price of energy, but the energy is not known.", name=charge.name
            )
        quantity = quantity * energy_kwh
    return priced(charge.price) * quantity, quantity


def currency_of(charges: Sequence[Charge], wanted: str | None) -> str:
    """Return the currency of a cost: the wanted one, or the one that all charges are in.

    Raises:
        InputError: If charges are in several and nobody said which is wanted.
    """
    known = dict.fromkeys(charge.currency for charge in charges)
    if wanted is not None:
        return wanted
    if len(known) > 1:
        raise InputError(
            "The charges are in {currencies}: say which the cost is to be in, with currency, and "
            "the rate of the others, with exchange.",
            currencies=", ".join(known),
        )
    return next(iter(known))


def read_exchanges(given: Any, into: str | None) -> tuple[Exchange, ...]:
    """Return the rates that a JSON object states by currency.

    Raises:
        InputError: If one is no rate above 0 with its source, or the currency to convert into
            is not said.
    """
    if not given:
        return ()
    if into is None:
        raise InputError("exchange needs the currency to convert into: give currency too.")
    if not hasattr(given, "items"):
        raise _wrong(given)
    return tuple(_exchange(code, stated, into) for code, stated in given.items())


def _exchange(code: str, stated: Mapping[str, Any], into: str) -> Exchange:
    try:
        rate, source = float(stated["rate"]), str(stated["source"])
    except (KeyError, TypeError, ValueError) as error:
        raise _wrong(stated) from error
    estimate = exactly(Ratio(rate), "declared", f"exchange:{code}/{into}")
    return Exchange(currency=code, into=into, rate=estimate, source=source)


def _wrong(given: object) -> InputError:
    return InputError(
        'exchange is {given!r:.80}, but its form is {{"USD": {{"rate": 0.92, "source": "ECB '
        '2026-11-20"}}}}.',
        given=given,
    )

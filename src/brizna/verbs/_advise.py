"""Advise on site and hardware: fill a declared case from the tables, and compare its options."""

from __future__ import annotations

from importlib import import_module

from brizna.account import embodied, embodied_of_device, lifetime, pue
from brizna.core._tables import load, positions
from brizna.core.book import SHIPPED
from brizna.core.declared import CaseInput
from brizna.core.errors import CoverageError, InputError, Said
from brizna.core.estimate import exactly
from brizna.core.factors import factor, factor_of_year, nearest, recognised
from brizna.core.quantities import Duration, Money, Power
from brizna.plan import FACTS as _FACTS
from brizna.plan import (
    HardwareAdvice,
    SiteAdvice,
    SiteOffer,
    hardware_advice,
    read_hardware_case,
    read_site_case,
    site_advice,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from brizna.core.book import Book
    from brizna.core.estimate import Estimate
    from brizna.core.factors import Factor
    from brizna.plan import Chip, SiteCase

_ROOM = "brizna.plan"
_TERMS = {
    "own": "purchase",
    "cloud": "on-demand",
    "reserved": "reserved",
    "spot": "spot",
    "managed": "managed",
    "serverless": "serverless",
}
"""For each kind of site, under what its price stands in table ``prices``."""

_SPARE = ("cloud", "managed", "serverless")
_STARTS = (*_SPARE, "spot")
_SPOT = ("between_interruptions_h", "checkpoint_wh", "restart_min")
_CURRENCY = "USD"


def advise_site(given: Mapping[str, Any], *, book: Book = SHIPPED) -> SiteAdvice:
    """Return where to have machines, for a declared case.

    Args:
        given: The case, as a file holds it.
        book: The factors in force: a person's own prices win over those that come along.

    Raises:
        InputError: If the case cannot be used, or lacks what no table has.
        InfeasibleError: If spot machines waste more than they work.
    """
    case = read_site_case(given)
    filled = _Filled(book)
    offers = [_offer(case, at, filled) for at in range(len(case.options))]
    options, best, evens = site_advice(case.use, offers)
    return SiteAdvice(
        name=case.name,
        currency=case.currency,
        use=case.use,
        options=options,
        best=best,
        break_evens=evens,
        inputs=tuple(filled.inputs),
        notes=tuple(filled.notes),
    )


def advise_hardware(given: Mapping[str, Any], *, book: Book = SHIPPED) -> HardwareAdvice:
    """Return which chips to work on, for a declared case.

    Args:
        given: The case, as a file holds it.
        book: The factors in force.

    Raises:
        InputError: If the case cannot be used, or lacks what no table has.
        InfeasibleError: If chips that were counted cannot do the work.
    """
    case = read_hardware_case(given)
    filled = _Filled(book)
    place = dict(case.place)
    for name, value in place.items():
        filled.declare("defaults", name, value, None)
    if "pue" not in place:
        place["pue"] = filled.use("defaults", "pue", pue(until=book.until))
    if case.zone is not None and "intensity_g_per_kwh" not in place:
        found = filled.intensity("defaults", case.zone)
        place |= {"intensity_g_per_kwh": found} if found is not None else {}
    chips = tuple(_fill_chip(chip, filled) for chip in case.chips)
    options, pairs = hardware_advice(case.replace(place=place, chips=chips))
    return HardwareAdvice(
        name=case.name,
        currency=case.currency,
        work=case.work,
        work_per_y=case.work_per_y,
        options=options,
        replacements=pairs,
        inputs=tuple(filled.inputs),
        notes=tuple(filled.notes),
    )


class _Filled:
    """What a case is filled with, as it is found: the inputs of the answer, and its notes."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.inputs: list[CaseInput] = []
        self.notes: list[str] = []

    def declare(self, option: str, field: str, value: Estimate, source: str | None) -> None:
        """List a declared fact."""
        self._list((option, field), value, None, source or "declared", None)

    def use(self, option: str, field: str, shipped: Factor) -> Estimate:
        """Return the estimate of the factor in force, and list it."""
        found = self.book.over(shipped)
        value = found.estimate()
        kind = _FACTS[field][0]
        if kind is Money:
            value = value * exactly(Money(1.0))
        self._list((option, field), value, found.id, found.source, found.year)
        return value

    def intensity(self, option: str, zone: str) -> Estimate | None:
        """Return the carbon intensity of a zone; None, and a note, if nobody states it."""
        from brizna.grid import intensity

        try:
            return self.use(option, "intensity_g_per_kwh", intensity(zone, until=self.book.until))
        except CoverageError as error:
            self.notes.append(str(error))
            return None

    def note(self, said: Said) -> None:
        self.notes.append(str(said))

    def _list(
        self,
        about: tuple[str, str],
        value: Estimate,
        factor_id: str | None,
        source: str,
        year: int | None,
    ) -> None:
        kind, unit, _ = _FACTS[about[1]]
        low, best, high = (kind(end.value).to(unit) for end in (value.low, value.best, value.high))
        made = CaseInput(
            option=about[0],
            field=about[1],
            low=low,
            best=best,
            high=high,
            unit=unit,
            factor=factor_id,
            source=source,
            year=year,
        )
        self.inputs.append(made)


def _offer(case: SiteCase, at: int, filled: _Filled) -> SiteOffer:
    """Return an option with what the tables know of it."""
    plain, facts = case.options[at], dict(case.facts[at])
    name, kind, instance = str(plain["name"]), str(plain["kind"]), plain["instance"]
    for field, value in facts.items():
        filled.declare(name, field, value, plain["source"])
    if instance is not None:
        _must_be_known(name, instance, filled.book)
        facts = _of_machine(name, instance, filled) | facts
    reasons = _price(case, plain, facts, filled)
    zone = plain["zone"]
    if "intensity_g_per_kwh" not in facts and zone is not None:
        found = filled.intensity(name, zone)
        facts |= {"intensity_g_per_kwh": found} if found is not None else {}
    if "pue" not in facts:
        facts["pue"] = filled.use(name, "pue", _pue(kind, instance, filled.book))
    _fill_making(name, facts, filled)
    if kind in _SPARE and "spare" not in facts:
        facts["spare"] = filled.use(name, "spare", factor(_ROOM, "advice", "plan/spare"))
    if kind in _STARTS and "start_min" not in facts:
        filled.note(Said("{name}: the time to start a machine is left out (start_min)", name=name))
        facts["start_min"] = exactly(Duration(0.0))
    if kind == "own" and "upkeep_per_y" not in facts:
        filled.note(Said("{name}: upkeep and space are left out (upkeep_per_y)", name=name))
    _must_have(name, facts, ("busy_w", "idle_w", *(_SPOT if kind == "spot" else ())))
    unknown = str(Said("no grid zone and no intensity were given (zone)"))
    return SiteOffer(
        name=name, kind=kind, facts=facts, reasons={"intensity_g_per_kwh": unknown, **reasons}
    )


def _price(
    case: SiteCase, plain: Mapping[str, str | None], facts: dict[str, Estimate], filled: _Filled
) -> dict[str, str]:
    """Fill in the price that the tables have; return why there is none, if so."""
    name, kind, instance = plain["name"], str(plain["kind"]), plain["instance"]
    field = "purchase" if kind == "own" else "price_per_h"
    if field not in facts and instance is not None:
        found = _listed(f"price/{instance}/{_TERMS[kind]}", filled.book)
        if found is not None and case.currency == _CURRENCY:
            facts[field] = filled.use(str(name), field, found)
            if found.year is not None and found.year < _latest_prices():
                said = Said(
                    "{name}: its price is of {year}, and prices move: look it up and give {field}",
                    name=name,
                    year=found.year,
                    field=field,
                )
                filled.note(said)
        elif found is not None:
            said = Said(
                "{name}: prices that come along are in USD: give {field}", name=name, field=field
            )
            return {"price_per_h": str(said)}
    lacks = [
        one for one in (field, *(["tariff_per_kwh"] if kind == "own" else [])) if one not in facts
    ]
    if not lacks:
        return {}
    said = Said("{name}: no price was given ({fields})", name=name, fields=", ".join(lacks))
    return {"price_per_h": str(said)}


def _latest_prices() -> int:
    """Return the year of the newest prices that come along."""
    data = load(_ROOM, "prices")
    return max(data.whole_number(row, "year") or 0 for row in range(len(data.rows)))


def _listed(factor_id: str, book: Book) -> Factor | None:
    if factor_id in positions(_ROOM, "prices"):
        return factor_of_year(_ROOM, "prices", factor_id, until=book.until)
    return book.alone(factor_id)


def _of_machine(name: str, instance: str, filled: _Filled) -> dict[str, Estimate]:
    """Return what an instance draws, and what making it takes, as far as the tables know."""
    known = positions(_ROOM, "machines")
    busy = f"machine/{instance}/busy"
    if busy not in known:
        return {}
    made = {
        "busy_w": filled.use(name, "busy_w", factor(_ROOM, "machines", busy)),
        "idle_w": filled.use(name, "idle_w", factor(_ROOM, "machines", f"machine/{instance}/idle")),
    }
    making = load(_ROOM, "machines").rows[known[busy][0]]["embodied"]
    if making:
        made["embodied_kg"] = filled.use(name, "embodied_kg", embodied(making))
    return made


def _must_be_known(name: str, instance: str, book: Book) -> None:
    ids = [*positions(_ROOM, "machines"), *positions(_ROOM, "prices")]
    known = sorted({one.partition("/")[2].rpartition("/")[0] for one in ids})
    own = {row.id.partition("/")[2].rpartition("/")[0] for row in book.own}
    if instance not in known and instance not in own:
        raise InputError(
            "{name}: {instance!r} is not an instance that brizna knows.{hint} Known: {known}. Or "
            "leave it out and give price_per_h, busy_w, idle_w and embodied_kg.",
            name=name,
            instance=instance,
            hint=nearest(instance, known),
            known=", ".join(known),
        )


def _pue(kind: str, instance: str | None, book: Book) -> Factor:
    provider = (instance or "").partition("/")[0]
    if kind == "own":
        return pue("on-premises", until=book.until)
    try:
        return pue(provider, until=book.until)
    except InputError:  # a provider of which nobody states one
        return pue("public-cloud", until=book.until)


def _fill_making(name: str, facts: dict[str, Estimate], filled: _Filled) -> None:
    if "embodied_kg" not in facts:
        facts["embodied_kg"] = filled.use(name, "embodied_kg", embodied())
    if "lifetime_y" not in facts:
        facts["lifetime_y"] = filled.use(name, "lifetime_y", lifetime())


def _must_have(name: str, facts: Mapping[str, Estimate], fields: tuple[str, ...]) -> None:
    lacks = [field for field in fields if field not in facts]
    if lacks:
        raise InputError(
            "{name} lacks {fields}, and no table has them: give them. What a machine draws, brizna "
            "run measures.",
            name=name,
            fields=", ".join(lacks),
        )


def _fill_chip(chip: Chip, filled: _Filled) -> Chip:
    facts = dict(chip.facts)
    for field, value in facts.items():
        filled.declare(chip.name, field, value, chip.source)
    if chip.card is not None:
        _fill_card(chip, facts, filled)
    if "lifetime_y" not in facts:
        facts["lifetime_y"] = filled.use(chip.name, "lifetime_y", lifetime())
    _must_have(chip.name, facts, ("work_per_h", "busy_w", "idle_w", "embodied_kg"))
    return chip.replace(facts=facts)


def _fill_card(chip: Chip, facts: dict[str, Estimate], filled: _Filled) -> None:
    import_module("brizna.meter")  # whose table it is
    card = str(chip.card)
    found = recognised("brizna.meter", "accelerators", card)
    if found is None:
        raise InputError(
            "{name}: {card!r} is not a card that brizna knows. Write it as its driver does, such "
            "as NVIDIA A100-SXM4-40GB, or give busy_w, idle_w and embodied_kg.",
            name=chip.name,
            card=card,
        )
    if "busy_w" not in facts:
        facts["busy_w"] = filled.use(chip.name, "busy_w", found)
        filled.note(Said("{name}: it is taken to draw its highest power at work", name=chip.name))
    data = load("brizna.meter", "accelerators")
    idle_w = data.number(positions("brizna.meter", "accelerators")[found.id][0], "idle_w")
    if "idle_w" not in facts and idle_w is not None:
        facts["idle_w"] = exactly(Power(idle_w), "published")
        filled.declare(chip.name, "idle_w", facts["idle_w"], found.source)
    if "embodied_kg" not in facts:
        facts["embodied_kg"] = filled.use(chip.name, "embodied_kg", embodied_of_device(card))
        said = Said("{name}: its making is that of the card, without the machine", name=chip.name)
        filled.note(said)

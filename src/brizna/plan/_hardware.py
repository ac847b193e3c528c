"""A newer chip or the old one: work per joule against what making the new one cost."""

from __future__ import annotations

from math import ceil

from brizna.core.declared import CaseInput, must_know, read_number, read_objects, read_text
from brizna.core.errors import InfeasibleError, InputError
from brizna.core.estimate import estimate_of, exactly, total
from brizna.core.quantities import Carbon, CarbonIntensity, Duration, Energy, Money, Ratio
from brizna.core.records import Record, each
from brizna.plan._advice import break_even
from brizna.plan._facts import FACTS
from brizna.plan._site_case import read_currency, read_facts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, ClassVar

    from brizna.core.estimate import Estimate

_CASE = ("name", "currency", "work", "work_per_y", "defaults", "chips")
_PLACE = ("pue", "intensity_g_per_kwh", "tariff_per_kwh")
_CHIP = ("busy_w", "idle_w", "work_per_h", "embodied_kg", "lifetime_y", "purchase", "off")
_PLAIN = ("name", "card", "source", "owned", "count")
_YEAR = exactly(Duration.of(1, "y"))
_HOUR = exactly(Duration.of(1, "h"))
_YEAR_H = _YEAR.best.to("h")
_ONE = exactly(Ratio(1))


class Chip(Record):
    """A chip, or a machine, that can do the work.

    Attributes:
        name: What it is called.
        owned: Whether it is there already: then what it took to make and to buy is past.
        facts: By field, what is declared or published; a field that nobody knows is not there.
        count: How many; None for as many as the work needs at the slow end of its doubts.
        card: What it calls itself, to look it up; None if nobody says.
        source: Who says what is declared of it; None if nobody says.
    """

    name: str
    owned: bool
    facts: dict[str, Estimate]
    count: int | None = None
    card: str | None = None
    source: str | None = None


class HardwareCase(Record):
    """A choice of chips, as it was declared.

    Attributes:
        name: What the person calls it; None if nothing.
        currency: Of all amounts.
        work: What a piece of work is called.
        work_per_y: Pieces of work in a year.
        zone: The grid zone; None if nobody says.
        place: PUE, intensity and tariff, as far as they are declared.
        chips: The chips.
    """

    name: str | None
    currency: str
    work: str
    work_per_y: float
    zone: str | None
    place: dict[str, Estimate]
    chips: tuple[Chip, ...]


class ChipOption(Record):
    """What a chip comes to in a year of the same work.

    Attributes:
        name: What it is called.
        owned: Whether it is there already.
        count: How many there are.
        busy_s: Chip time in which it works.
        energy_j: Of the facility, what idles included.
        work_per_j: Pieces of work that a joule of the facility pays for.
        operational_g: Carbon of the electricity; None if the place is not known.
        embodied_g: A year's share of making it; 0 for one that is owned: that is past.
        cost: Electricity and a year's share of its price; None if one of them is not known.
        reasons: For each figure that is None, why.
    """

    name: str
    owned: bool
    count: int
    busy_s: Estimate
    energy_j: Estimate
    work_per_j: Estimate
    operational_g: Estimate | None
    embodied_g: Estimate
    cost: Estimate | None
    reasons: dict[str, str]

    _forms: ClassVar[Mapping[str, Callable[[Any], Any]]] = {
        "busy_s": estimate_of(Duration),
        "energy_j": estimate_of(Energy),
        "work_per_j": estimate_of(Ratio),
        **dict.fromkeys(("operational_g", "embodied_g"), estimate_of(Carbon)),
        "cost": estimate_of(Money),
    }


class Replacement(Record):
    """Whether a new chip pays for the one that is owned.

    Attributes:
        old: The chip that is owned.
        new: The chip to buy.
        saved_energy_j: Energy that it saves in a year; below 0 if it takes more.
        work_per_j: Work per joule of the new one over that of the old.
        carbon_s: After how long it has saved the carbon of its making; None if never, or if the
            place is not known, or if nobody can tell.
        money_s: The same for its price.
        least_intensity: Intensity of the electricity above which it saves the carbon of its making
            within its service life; None where it saves no energy for certain.
        carbon: ``replace``, ``keep`` or ``cannot-tell``: whether it does so here; None if the place
            is not known.
        money: The same for its price; None if that or the tariff is not known.
    """

    old: str
    new: str
    saved_energy_j: Estimate
    work_per_j: Estimate
    carbon_s: Estimate | None
    money_s: Estimate | None
    least_intensity: Estimate | None
    carbon: str | None
    money: str | None

    _forms: ClassVar[Mapping[str, Callable[[Any], Any]]] = {
        "saved_energy_j": estimate_of(Energy),
        "work_per_j": estimate_of(Ratio),
        **dict.fromkeys(("carbon_s", "money_s"), estimate_of(Duration)),
        "least_intensity": estimate_of(CarbonIntensity),
    }


class HardwareAdvice(Record):
    """Which chips to work on.

    Attributes:
        name: What the person calls the case; None if nothing.
        currency: Of all amounts.
        work: What a piece of work is called.
        work_per_y: Pieces of work in a year.
        options: What each chip comes to in a year.
        replacements: Each chip to buy against each that is owned.
        inputs: The numbers behind it.
        notes: What was left out.
    """

    schema: ClassVar = "brizna.hardware-advice/1"

    name: str | None
    currency: str
    work: str
    work_per_y: float
    options: tuple[ChipOption, ...]
    replacements: tuple[Replacement, ...]
    inputs: tuple[CaseInput, ...]
    notes: tuple[str, ...]

    _forms: ClassVar[Mapping[str, Callable[[Any], Any]]] = {
        "options": each(ChipOption.from_json),
        "replacements": each(Replacement.from_json),
        "inputs": each(CaseInput.from_json),
        "notes": tuple,
    }


def read_hardware_case(given: Mapping[str, Any]) -> HardwareCase:
    """Return the choice of chips that a JSON or TOML object declares.

    Raises:
        InputError: If a field is unknown or missing, or holds what it cannot.
    """
    must_know("the case", given, _CASE)
    if "work_per_y" not in given:
        raise InputError(
            "The case does not say how much work there is: add work_per_y, pieces of work a year, "
            "and for each chip work_per_h."
        )
    chips = read_objects(given, "chips", 2)
    shared = given.get("defaults", {})
    must_know("defaults", shared, ("zone", *_PLACE, *_CHIP))
    place = {name: value for name, value in shared.items() if name in _PLACE}
    return HardwareCase(
        name=read_text("the case", given, "name"),
        currency=read_currency(given),
        work=read_text("the case", given, "work") or "work",
        work_per_y=read_number("the case", given, "work_per_y", 1),
        zone=read_text("defaults", shared, "zone"),
        place=read_facts({"name": "defaults"} | place, {}, _PLACE),
        chips=tuple(_chip(one, shared) for one in chips),
    )


def _chip(given: Mapping[str, Any], shared: Mapping[str, Any]) -> Chip:
    where, count, owned = str(given["name"]), given.get("count"), given.get("owned", False)
    must_know(where, given, (*_PLAIN, *(field for field in FACTS if field in _CHIP)))
    if count is not None and not (type(count) is int and count > 0):
        raise InputError(
            "{where}: count is {count!r}: expected a whole number above 0.",
            where=where,
            count=count,
        )
    if not isinstance(owned, bool):
        raise InputError(
            "{where}: owned is {owned!r}: expected true or false.", where=where, owned=owned
        )
    return Chip(
        name=where,
        owned=owned,
        facts=read_facts(given, shared, _CHIP),
        count=count,
        card=read_text(where, given, "card"),
        source=read_text(where, given, "source"),
    )


def hardware_advice(
    case: HardwareCase,
) -> tuple[tuple[ChipOption, ...], tuple[Replacement, ...]]:
    """Return what each chip comes to in a year, and whether a new one pays for an old one.

    A chip draws ``busy_w`` while it works and ``idle_w`` for the rest of the year, but for the
    share of that in which it is switched ``off``.

    Args:
        case: With ``busy_w``, ``idle_w``, ``work_per_h``, ``embodied_kg`` and ``lifetime_y`` of
            each chip, and the PUE.

    Raises:
        InfeasibleError: If the declared count of a chip cannot do the work of a year.
    """
    options = tuple(_option(chip, case) for chip in case.chips)
    pairs = [
        _replacement((case.chips[i], options[i]), (case.chips[j], options[j]))
        for i in range(len(options))
        for j in range(len(options))
        if options[i].owned and not options[j].owned
    ]
    return options, tuple(pairs)


def _option(chip: Chip, case: HardwareCase) -> ChipOption:
    facts = chip.facts
    busy = exactly(Ratio(case.work_per_y)) / facts["work_per_h"]  # hours of one chip
    most = max(busy.best.value, busy.high.value)
    count = chip.count or ceil(most / _YEAR_H)
    if most > count * _YEAR_H:
        raise InfeasibleError(
            "{name}: the work of a year may take {needed:.4g} hours of a chip, but {count} of them "
            "have {there:.4g}: expected less work. Give more of them, or leave the count out.",
            name=chip.name,
            needed=most,
            count=count,
            there=count * _YEAR_H,
        )
    idle = _ONE.scaled(count * _YEAR_H) - busy
    if "off" in facts:
        idle = idle * (_ONE - facts["off"])
    draws = total([busy * facts["busy_w"], idle * facts["idle_w"]]) * _HOUR
    energy = draws * case.place["pue"]
    intensity, tariff = (case.place.get(name) for name in _PLACE[1:])
    price = facts.get("purchase")
    share = _YEAR / facts["lifetime_y"]
    cost = None if tariff is None else energy * tariff
    if not chip.owned:
        cost = None if cost is None or price is None else cost + (price * share).scaled(count)
    reasons = {} if intensity is not None else {"operational_g": "intensity_g_per_kwh"}
    return ChipOption(
        name=chip.name,
        owned=chip.owned,
        count=count,
        busy_s=busy * _HOUR,
        energy_j=energy,
        work_per_j=exactly(Ratio(case.work_per_y)) / (energy / exactly(Energy(1.0))),
        operational_g=None if intensity is None else energy * intensity,
        embodied_g=(facts["embodied_kg"] * share).scaled(0 if chip.owned else count),
        cost=cost,
        reasons=reasons | ({} if cost is not None else {"cost": "purchase, tariff_per_kwh"}),
    )


def _replacement(old: tuple[Chip, ChipOption], new: tuple[Chip, ChipOption]) -> Replacement:
    before, after = old[1], new[1]
    facts = new[0].facts
    lifetime = facts["lifetime_y"]
    making = facts["embodied_kg"].scaled(after.count)
    saved = before.energy_j - after.energy_j
    carbon_s = money_s = None
    carbon = money = None
    if before.operational_g is not None and after.operational_g is not None:
        carbon_s, carbon = _after(making, before.operational_g - after.operational_g, lifetime)
    if before.cost is not None and after.cost is not None:
        price = facts["purchase"].scaled(after.count)
        running = after.cost - price * (_YEAR / lifetime)
        money_s, money = _after(price, before.cost - running, lifetime)
    least = making * (_YEAR / lifetime) / saved if saved.low.value > 0 else None
    return Replacement(
        old=before.name,
        new=after.name,
        saved_energy_j=saved,
        work_per_j=after.work_per_j / before.work_per_j,
        carbon_s=carbon_s,
        money_s=money_s,
        least_intensity=least,
        carbon=carbon,
        money=money,
    )


def _after(once: Estimate, saved: Estimate, lifetime: Estimate) -> tuple[Estimate | None, str]:
    """Return after how long what is saved in a year pays, and whether it does in a service life."""
    gain = saved - once * (_YEAR / lifetime)
    verdict = "cannot-tell"
    if gain.low.value > 0 or gain.high.value < 0:
        verdict = "replace" if gain.low.value > 0 else "keep"
    try:
        years = break_even(once, own=exactly(once.kind(0.0)), other=saved)
    except InputError:  # the doubts do not say whether anything is saved
        return None, verdict
    return None if years is None else years * _YEAR, verdict

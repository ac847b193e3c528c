"""Cases of a choice of place: how a machine is used, and how it may be had."""

from __future__ import annotations

from math import ceil

from brizna.core.declared import must_know, read_fact, read_number, read_objects, read_text
from brizna.core.errors import InputError
from brizna.core.factors import nearest
from brizna.core.quantities import Duration
from brizna.core.records import Record
from brizna.plan._facts import FACTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from brizna.core.estimate import Estimate

SITE_KINDS = ("own", "cloud", "reserved", "spot", "managed", "serverless")
"""Ways to have a machine."""

MONTH_H = Duration.of(1, "y").to("h") / 12
"""Hours of a month: a twelfth of 365.25 days."""

_CASE = ("name", "currency", "use", "defaults", "options")
_USE = ("hours_per_month", "machines", "peak", "bursts")
_PLAIN = ("name", "kind", "instance", "zone", "source")
_EVERY = (
    *("busy_w", "idle_w", "speed", "embodied_kg", "lifetime_y", "pue", "intensity_g_per_kwh"),
    "fee_per_month",
)
_RENTED = (*_EVERY, "price_per_h")
_BY_NEED = (*_RENTED, "keeps", "start_min", "spare")
_SPOT = ("between_interruptions_h", "checkpoint_wh", "restart_min")
_FIELDS: Mapping[str, tuple[str, ...]] = {
    "own": (*_EVERY, "tariff_per_kwh", "purchase", "upkeep_per_y", "off"),
    "cloud": _BY_NEED,
    "reserved": (*_RENTED, "off"),
    "spot": (*_RENTED, "keeps", "start_min", *_SPOT),
    "managed": _BY_NEED,
    "serverless": _BY_NEED,
}
"""For each kind what may be said of it; of what is declared for all, the rest does not touch it."""
_ANY = tuple(field for field in FACTS if field != "work_per_h")


class Use(Record):
    """How machines are used in a month.

    Attributes:
        hours: Hours in which there is work.
        machines: Machines that are busy in these, in the mean.
        peak: Machines that are busy at the worst moment.
        bursts: Stretches of work, each of which starts anew where nothing was kept on.
    """

    hours: float
    machines: float = 1.0
    peak: float = 1.0
    bursts: float = 1.0

    def _check(self) -> None:
        if not 0 < self.hours <= MONTH_H:
            raise InputError(
                "use: hours_per_month is {hours:g}: expected more than 0 and at most {most:g}, "
                "the hours of a month.",
                hours=self.hours,
                most=MONTH_H,
            )
        if self.machines > self.peak:
            raise InputError(
                "use: machines is {machines:g} and peak {peak:g}: the mean cannot be more than "
                "the peak.",
                machines=self.machines,
                peak=self.peak,
            )


class SiteCase(Record):
    """A choice of place, as it was declared.

    Attributes:
        name: What the person calls it; None if nothing.
        currency: Of all amounts.
        use: How the machines are used.
        options: The ways to have them: each with ``name``, ``kind``, and what else was said.
        facts: For each option what was declared of it, or of all of them.
    """

    name: str | None
    currency: str
    use: Use
    options: tuple[dict[str, str | None], ...]
    facts: tuple[dict[str, Estimate], ...]


def read_site_case(given: Mapping[str, Any]) -> SiteCase:
    """Return the choice of place that a JSON or TOML object declares.

    Raises:
        InputError: If a field is unknown or missing, or holds what it cannot.
    """
    must_know("the case", given, _CASE)
    use = given.get("use")
    if not isinstance(use, dict) or "hours_per_month" not in use:
        raise InputError(
            "The case does not say for how many hours a month there is work: add [use] and "
            "hours_per_month = 160."
        )
    options = read_objects(given, "options", 2)
    shared = given.get("defaults", {})
    must_know("defaults", shared, ("zone", *_ANY))
    return SiteCase(
        name=read_text("the case", given, "name"),
        currency=read_currency(given),
        use=_use(use),  # pyright: ignore[reportUnknownArgumentType]
        options=tuple(_plain(one, shared) for one in options),
        facts=tuple(read_facts(one, shared, _FIELDS[one["kind"]]) for one in options),
    )


def read_facts(
    given: Mapping[str, Any], shared: Mapping[str, Any], fields: tuple[str, ...]
) -> dict[str, Estimate]:
    """Return the facts of an object, and for what it does not say those of all objects."""
    own = {
        name: read_fact(given["name"], name, given[name], FACTS) for name in fields if name in given
    }
    rest = {
        name: read_fact("defaults", name, shared[name], FACTS)
        for name in fields
        if name in shared and name not in given
    }
    return rest | own


def read_currency(given: Mapping[str, Any]) -> str:
    """Return the currency of a case: US dollars, as the prices that come along, if it says none.

    Raises:
        InputError: If it is no code of three capital letters.
    """
    code = read_text("the case", given, "currency") or "USD"
    if not (len(code) == 3 and code.isascii() and code.isupper()):
        raise InputError(
            "currency is {code!r}: three capital letters such as EUR were expected.", code=code
        )
    return code


def _use(given: Mapping[str, Any]) -> Use:
    must_know("use", given, _USE)
    machines = read_number("use", given, "machines", 1)
    return Use(
        hours=read_number("use", given, "hours_per_month", 1),
        machines=machines,
        peak=read_number("use", given, "peak", float(ceil(machines))),
        bursts=read_number("use", given, "bursts", 1),
    )


def _plain(given: Mapping[str, Any], shared: Mapping[str, Any]) -> dict[str, str | None]:
    where = str(given["name"])
    kind = given.get("kind")
    if kind not in SITE_KINDS:
        raise InputError(
            "{where}: kind is {kind!r}, which is no way to have a machine.{hint} Known: {known}.",
            where=where,
            kind=kind,
            hint=nearest(str(kind), SITE_KINDS),
            known=", ".join(SITE_KINDS),
        )
    must_know(where, given, (*_PLAIN, *_FIELDS[str(kind)]))
    found = {name: read_text(where, given, name) for name in _PLAIN}
    found["zone"] = found["zone"] or read_text("defaults", shared, "zone")
    return found

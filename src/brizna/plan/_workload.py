"""Workloads: what must be done, by when, and where it may be done."""

from __future__ import annotations

from math import isfinite

from brizna.core.declared import must_know
from brizna.core.errors import InputError
from brizna.core.estimate import exactly
from brizna.core.quantities import Duration, Energy, Ratio, Tariff
from brizna.core.records import Record, each
from brizna.core.site import Site

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from typing import Any, ClassVar

WEIGHTS = ("carbon_g", "cost", "delay_h")
"""What a plan can be good at: each counts by its weight."""
_UNITS = ("s", "min", "h")


class Pauses(Record):
    """How a job pauses, and what that costs.

    Attributes:
        step_s: It starts, pauses and resumes at whole steps from its earliest moment, unless
            pauses cost nothing and its power is even: then at any time.
        restart_s: How long it takes to come back to where it was.
        restart_w: What it draws meanwhile.
        idle_w: What it draws while it is paused.
        minimum_s: It runs at least so long at a time before it pauses; what is left to do after
            the last pause may be shorter.
        most: It pauses at most so often; None for any number.
    """

    step_s: float = 3600.0
    restart_s: float = 0.0
    restart_w: float = 0.0
    idle_w: float = 0.0
    minimum_s: float = 0.0
    most: int | None = None

    def _check(self) -> None:
        _at_least("pausing.step", self.step_s, above=True)
        for name in ("restart_s", "restart_w", "idle_w", "minimum_s"):
            _at_least(f"pausing.{name}", getattr(self, name))


class Scale(Record):
    """One measured point of how a job scales.

    Attributes:
        count: How many machines, or whatever scales.
        speed: How fast, as a multiple of the speed that the job's duration is stated for.
        power_w: What all of them draw.
    """

    count: int
    speed: float
    power_w: float

    def _check(self) -> None:
        _at_least("levels.speed", self.speed, above=True)
        _at_least("levels.power_w", self.power_w)


class Limits(Record):
    """What a plan must keep to; None where there is no limit.

    Attributes:
        carbon_g: At most so much.
        cost: At most so much money.
        renewable_share: At least so much of its energy, in [0, 1].
        latency_ms: The site answers at least so fast.
        residency: The data stay in these countries or zones.
    """

    carbon_g: float | None = None
    cost: float | None = None
    renewable_share: float | None = None
    latency_ms: float | None = None
    residency: tuple[str, ...] | None = None

    _forms: ClassVar = {"residency": tuple}


class Offer(Record):
    """A site that a job may run at, and what running there means.

    Attributes:
        name: What it is called in the plan.
        site: Where, with its PUE and tariff.
        instance: The machine that is taken there; None if nobody says.
        speed: How fast the job is there, as a multiple of the speed it is stated for.
        power: What it draws there, as a multiple of the power it is stated with.
        price_per_h: What the machine costs for an hour in which it runs, in the site's currency.
        transfer_j: Energy to move the job's data there, counted at the site's intensity.
        transfer_s: How long that takes: the job starts no earlier.
        transfer_cost: What it costs.
        latency_ms: How fast the site answers; None if not known.
        currency: Of the machine's price and of a series of prices, where the site has no tariff of
            its own; None if nobody says.
    """

    name: str
    site: Site
    instance: str | None = None
    speed: float = 1.0
    power: float = 1.0
    price_per_h: float = 0.0
    transfer_j: float = 0.0
    transfer_s: float = 0.0
    transfer_cost: float = 0.0
    latency_ms: float | None = None
    currency: str | None = None

    _forms: ClassVar = {"site": Site.from_json}

    def _check(self) -> None:
        for name in ("speed", "power"):
            _at_least(f"sites.{name}", getattr(self, name), above=True)
        for name in ("price_per_h", "transfer_j", "transfer_s", "transfer_cost"):
            _at_least(f"sites.{name}", getattr(self, name))


class Workload(Record):
    """What must be done, by when, and where it may be done.

    Attributes:
        name: What the person calls it; None if nothing.
        phases: Its power along the work, in order: pairs of seconds and watts.
        deadline: It ends no later; an instant in ISO 8601 and UTC.
        earliest: It starts no earlier; None for the moment of planning.
        offers: Where it may run; where it would run if nobody planned comes first.
        pauses: How it pauses; None if it cannot.
        levels: How it scales; None if it does not. Then ``phases`` holds one phase, whose duration
            is that at speed 1, and power is that of the level.
        weights: What is to be low, and how much a unit of it counts: see `WEIGHTS`.
        limits: What must be kept.
        doubts: For each named doubt of the power, the factors at its low and at its high end.
        basis: Of the power: as in `Estimate`.
    """

    schema: ClassVar = "brizna.workload/1"

    phases: tuple[tuple[float, float], ...]
    deadline: str
    name: str | None = None
    earliest: str | None = None
    offers: tuple[Offer, ...] = ()
    pauses: Pauses | None = None
    levels: tuple[Scale, ...] | None = None
    weights: dict[str, float] = {"carbon_g": 1.0}
    limits: Limits = Limits()
    doubts: dict[str, list[float]] = {}
    basis: str = "declared"

    _forms: ClassVar = {
        "phases": lambda pairs: tuple((float(long), float(power)) for long, power in pairs),
        "offers": each(Offer.from_json),
        "pauses": Pauses.from_json,
        "levels": each(Scale.from_json),
        "limits": Limits.from_json,
    }

    def _check(self) -> None:
        for duration_s, power_w in self.phases:
            _at_least("duration", duration_s, above=True)
            _at_least("power_w", power_w)
        if not self.phases:
            raise InputError("The job has no phase: state how long it takes and what it draws.")
        unknown = [name for name in self.weights if name not in WEIGHTS]
        if unknown or not any(self.weights.values()) or min(self.weights.values()) < 0:
            raise InputError(
                "weights is {weights}: expected one weight above 0 at least, out of {known}.",
                weights=self.weights,
                known=", ".join(WEIGHTS),
            )
        if self.levels is not None and (len(self.phases) > 1 or self.pauses or not self.levels):
            raise InputError(
                "A job that scales has levels, one phase and no pausing: to run nothing is always "
                "one of its choices."
            )
        names = [offer.name for offer in self.offers]
        if len(set(names)) < len(names):
            raise InputError(
                "Two sites have one name: {names}. Give each its own.", names=", ".join(names)
            )

    @property
    def duration_s(self) -> float:
        """How long it works, at the speed it is stated for."""
        return sum(duration_s for duration_s, _ in self.phases)


def read_workload(given: Mapping[str, Any], *, deadline: str | None = None) -> Workload:
    """Return the workload that a JSON or TOML object declares.

    Args:
        given: Its fields, with their unit in the name: ``duration_h``, ``power_w`` ...
        deadline: Wins over that of the object.

    Raises:
        InputError: If a field is unknown or missing, or holds what it cannot.
    """
    if not hasattr(given, "items"):
        raise InputError("A job is an object of named facts, but saw {given!r:.80}.", given=given)
    must_know("the job", given, _JOB)
    ends = deadline or given.get("deadline")
    if ends is None:
        raise InputError(
            "The job says no deadline, so nobody knows how long it may wait: add deadline = "
            '"2026-11-24T08:00Z", or give --deadline.'
        )
    levels, pausing = given.get("levels"), given.get("pausing")
    limits = dict(given.get("limits") or {})
    must_know("limits", limits, Limits.fields())
    if "residency" in limits:
        limits["residency"] = tuple(limits["residency"])
    return Workload(
        name=given.get("name"),
        phases=_phases(given, scales=levels is not None),
        deadline=instant_of(ends).isoformat(),
        earliest=_instant(given.get("earliest")),
        offers=tuple(_offer(one) for one in given.get("sites") or ()),
        pauses=None if pausing is None else _pauses(pausing),
        levels=None if levels is None else tuple(map(_scale, levels)),
        weights=dict(given.get("weights") or {"carbon_g": 1.0}),
        limits=Limits(**limits),
    )


_JOB = (
    *("name", "duration_s", "duration_min", "duration_h", "power_w", "phases", "earliest"),
    *("deadline", "sites", "pausing", "levels", "weights", "limits"),
)
_OFFER = (
    *("name", "zone", "pue", "tariff_per_kwh", "currency", "instance", "speed", "power"),
    *("price_per_h", "transfer_kwh", "transfer_s", "transfer_min", "transfer_h"),
    *("transfer_cost", "latency_ms"),
)
_PAUSING = (
    *("step_s", "step_min", "step_h", "restart_s", "restart_min", "restart_h", "restart_w"),
    *("idle_w", "minimum_s", "minimum_min", "minimum_h", "most"),
)


def instant_of(text: object) -> datetime:
    """Return the instant in a text, in UTC.

    Raises:
        InputError: If it is none, or has no time zone.
    """
    from datetime import UTC, datetime

    try:
        instant = text if isinstance(text, datetime) else datetime.fromisoformat(str(text))
    except ValueError:
        instant = None
    if instant is None or instant.utcoffset() is None:
        raise InputError(
            "{text} is no instant: expected ISO 8601 with an offset, such as 2026-11-24T08:00Z.",
            text=str(text),
        )
    return instant.astimezone(UTC)


def _instant(text: object) -> str | None:
    return None if text is None else instant_of(text).isoformat()


def _phases(given: Mapping[str, Any], *, scales: bool) -> tuple[tuple[float, float], ...]:
    """Return the phases; of a job that scales the power is that of its levels."""
    parts = given.get("phases")
    if parts is None:
        power_w = _number(given, "power_w", 0.0 if scales else None)
        return ((_seconds(given, "duration"), power_w),)
    for part in parts:
        must_know("phases", part, ("duration_s", "duration_min", "duration_h", "power_w"))
    return tuple((_seconds(part, "duration"), _number(part, "power_w")) for part in parts)


def _pauses(given: Any) -> Pauses:
    if isinstance(given, bool):
        given = {}
    must_know("pausing", given, _PAUSING)
    times = {stem: _seconds(given, stem, 0.0) for stem in ("restart", "minimum")}
    return Pauses(
        step_s=_seconds(given, "step", Pauses().step_s),
        restart_s=times["restart"],
        minimum_s=times["minimum"],
        restart_w=_number(given, "restart_w", 0.0),
        idle_w=_number(given, "idle_w", 0.0),
        most=given.get("most"),
    )


def _scale(given: Mapping[str, Any]) -> Scale:
    must_know("levels", given, Scale.fields())
    return Scale(
        count=int(_number(given, "count")),
        speed=_number(given, "speed"),
        power_w=_number(given, "power_w"),
    )


def _offer(given: Mapping[str, Any]) -> Offer:
    must_know("sites", given, _OFFER)
    tariff = given.get("tariff_per_kwh")
    currency = given.get("currency")
    if tariff is not None and currency is None:
        raise InputError("A site gives a tariff without a currency: add currency to it.")
    site = Site(
        zone=given.get("zone"),
        zone_origin="case",
        pue=None if given.get("pue") is None else exactly(Ratio(_number(given, "pue"))),
        tariff_per_kwh=None if tariff is None else exactly(Tariff(float(tariff))),
        currency=currency if tariff is not None else None,
    )
    name = given.get("name") or " ".join(
        str(given[part]) for part in ("zone", "instance") if given.get(part)
    )
    return Offer(
        name=str(name),
        site=site,
        instance=given.get("instance"),
        speed=_number(given, "speed", 1.0),
        power=_number(given, "power", 1.0),
        price_per_h=_number(given, "price_per_h", 0.0),
        transfer_j=Energy.of(_number(given, "transfer_kwh", 0.0), "kWh").value,
        transfer_s=_seconds(given, "transfer", 0.0),
        transfer_cost=_number(given, "transfer_cost", 0.0),
        latency_ms=given.get("latency_ms"),
        currency=currency,
    )


def _seconds(given: Mapping[str, Any], stem: str, default: float | None = None) -> float:
    found = [unit for unit in _UNITS if f"{stem}_{unit}" in given]
    if not found and default is not None:
        return default
    if len(found) != 1:
        raise InputError(
            "{stem} is given {count} times: expected one of {known}.",
            stem=stem,
            count=len(found),
            known=", ".join(f"{stem}_{unit}" for unit in _UNITS),
        )
    return Duration.of(_number(given, f"{stem}_{found[0]}"), found[0]).value


def _number(given: Mapping[str, Any], name: str, default: float | None = None) -> float:
    value = given.get(name, default)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not isfinite(value):
        raise InputError("{name} is {value!r}: expected a number.", name=name, value=value)
    return float(value)


def _at_least(name: str, value: float, *, above: bool = False) -> None:
    if above and not value > 0:
        raise InputError("{name} is {value}: expected more than 0.", name=name, value=value)
    if not value >= 0:
        raise InputError("{name} is {value}: expected 0 or more.", name=name, value=value)

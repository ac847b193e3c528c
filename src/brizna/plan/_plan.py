"""Plans: when and where one job is to run, what that costs, and what was refused and why."""

from __future__ import annotations

from brizna.core.estimate import Estimate, estimate_of
from brizna.core.quantities import Carbon, Energy, Money, Ratio
from brizna.core.records import Record, each
from brizna.plan._workload import Workload

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import ClassVar


class Interval(Record):
    """A time in which the job runs.

    Attributes:
        start: ISO 8601 in UTC.
        end: ISO 8601 in UTC.
        site: Name of the offer.
        count: How many machines.
    """

    start: str
    end: str
    site: str
    count: int = 1


class Outcome(Record):
    """What one way to run the job would cost.

    Attributes:
        site: Name of the offer.
        start: ISO 8601 in UTC.
        finish: ISO 8601 in UTC.
        energy_j: IT energy, restarts and waiting between two intervals included.
        carbon_g: Of the facility's electricity, and of moving the data there.
        cost: Electricity, hours of the machine and moving the data; None where no price is known.
        renewable_share: Of its energy; None where not known.
        marginal_g: What it adds by the marginal intensity; None where not known.
    """

    site: str
    start: str
    finish: str
    energy_j: Estimate
    carbon_g: Estimate
    cost: Estimate | None = None
    renewable_share: float | None = None
    marginal_g: float | None = None

    _forms: ClassVar = {
        "energy_j": estimate_of(Energy),
        "carbon_g": estimate_of(Carbon),
        "cost": estimate_of(Money),
    }


class Point(Record):
    """A choice that no other beats in both things that the front weighs up.

    Attributes:
        site: Name of the offer.
        start: ISO 8601 in UTC.
        finish: ISO 8601 in UTC.
        carbon_g: Best value.
        cost: Best value; None where no price is known.
        per_tonne: What a tonne less costs against the point before, which is less clean: in
            money, or in hours of waiting where no price is known. None for the first point.
    """

    site: str
    start: str
    finish: str
    carbon_g: float
    cost: float | None = None
    per_tonne: float | None = None


class Strip(Record):
    """The mean carbon intensity of the chosen site's hours, for drawing.

    Attributes:
        start: ISO 8601 in UTC.
        step_s: How long each value holds.
        intensity_g_per_kwh: Values; None where an hour is not known.
        running: The part of each step in which the job runs.
    """

    start: str
    step_s: float
    intensity_g_per_kwh: tuple[float | None, ...]
    running: tuple[float, ...]

    _forms: ClassVar = {"intensity_g_per_kwh": tuple, "running": tuple}


class Refused(Record):
    """A site that is not taken.

    Attributes:
        site: Name of the offer.
        reason: Why, in plain words.
    """

    site: str
    reason: str


class Source(Record):
    """A series that the plan rests on.

    Attributes:
        site: Name of the offer.
        what: ``carbon``, ``price``, ``renewable`` or ``marginal``.
        zone: The grid zone; None where it belongs to none.
        source: Where it comes from.
        origin: ``observed``, ``forecast`` or ``profile``.
        kind: As in `Signal`.
        scope: As in `Signal`.
        basis: As in `Signal`.
        issued_at: When a forecast was issued; None for others.
        digest: Of its edges and values.
    """

    site: str
    what: str
    zone: str | None
    source: str
    origin: str
    kind: str | None
    scope: str | None
    basis: str | None
    issued_at: str | None
    digest: str


class Plan(Record):
    """When and where a job is to run.

    Attributes:
        workload: What must be done.
        issued: The moment for which it was made.
        risk: The probability with which a forecast's values are not exceeded that it was made
            on; None for the forecast's own values. What it promises is by these in any case.
        intervals: When it runs, in order.
        best: What that costs.
        at_once: What starting at once at the first site would; None where that cannot be.
        saving_g: Carbon saved against ``at_once``; below 0 where the plan emits more.
        saving_share: The same as a share of ``at_once``.
        saving_cost: Money saved against ``at_once``.
        currency: Of all amounts.
        is_worth_it: Whether the gain is neither small nor inside its doubt.
        is_exact: Whether nothing within the limits is better, by the values planned on.
        advice: What to know, in sentences: zone, hardware, time, and what is doubtful.
        alternatives: The best at each other site.
        refused: Sites that cannot be taken.
        front: What no other choice beats, from the most to the least carbon.
        signals: What it rests on.
        hours: Carbon intensity over the time in which it may run.
        instead_of: Digest of the plan that it was made anew from; None for a first plan.
    """

    schema: ClassVar = "brizna.plan/1"

    workload: Workload
    issued: str
    risk: float | None
    intervals: tuple[Interval, ...]
    best: Outcome
    at_once: Outcome | None
    saving_g: Estimate | None
    saving_share: Estimate | None
    saving_cost: Estimate | None
    currency: str | None
    is_worth_it: bool
    is_exact: bool
    advice: tuple[str, ...] = ()
    alternatives: tuple[Outcome, ...] = ()
    refused: tuple[Refused, ...] = ()
    front: tuple[Point, ...] = ()
    signals: tuple[Source, ...] = ()
    hours: Strip | None = None
    instead_of: str | None = None

    _later: ClassVar = ("instead_of",)
    _forms: ClassVar = {
        "workload": Workload.from_json,
        "intervals": each(Interval.from_json),
        "best": Outcome.from_json,
        "at_once": Outcome.from_json,
        "saving_g": estimate_of(Carbon),
        "saving_share": estimate_of(Ratio),
        "saving_cost": estimate_of(Money),
        "advice": tuple,
        "alternatives": each(Outcome.from_json),
        "refused": each(Refused.from_json),
        "front": each(Point.from_json),
        "signals": each(Source.from_json),
        "hours": Strip.from_json,
    }

"""Candidates: a site that a job may run at, with what is known of its hours, in whole numbers."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from brizna.core.errors import InputError
from brizna.core.factors import factor
from brizna.core.quantities import Energy
from brizna.core.records import Record
from brizna.plan._rate import Rate, combine

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from brizna.core.signal import Signal
    from brizna.plan._contiguous import Window
    from brizna.plan._workload import Offer, Workload

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
MICRO = 1_000_000
"""Rates and weights count millionths: of gCO2e/kWh, of money/kWh, of a share."""
MILLI = 1000
_DAYS = 4
"""A forecast's error is told for so many days; for later ones that of the last counts."""
KWH = Energy.units["kWh"] * MILLI * MICRO
"""A kilowatt-hour in milliwatts times microseconds."""
SCORE = KWH * MICRO * MICRO
"""One gram, or one unit of money, on the scale of the score: the rate and the weight are both in
millionths."""


class Candidate(Record):
    """A site that a job may run at, with the series that say what an hour there costs.

    Attributes:
        offer: The site, and what running there means.
        carbon: Carbon intensity of its electricity.
        price: Price of its electricity; the site's tariff if None.
        renewable: Renewable share of its electricity; None if not known.
        marginal: Marginal carbon intensity; None if not known.
        doubts: For each named doubt of the carbon intensity as a whole, the factors at its low and
            at its high end.
    """

    offer: Offer
    carbon: Signal
    price: Signal | None = None
    renewable: Signal | None = None
    marginal: Signal | None = None
    doubts: dict[str, tuple[float, float]] = {}

    @property
    def pue(self) -> float:
        """Facility energy over IT energy."""
        pue = self.offer.site.pue
        return 1.0 if pue is None else pue.best.value


class Rates:
    """What a joule at a candidate costs, over the hours of a window.

    Attributes:
        carbon: Millionths of a gram per kWh of IT energy, by the values that are planned on.
        price: Millionths of the currency per kWh of IT energy; None where no price is known.
        score: The weighted mix.
    """

    def __init__(
        self, candidate: Candidate, workload: Workload, window: Window, risk: float | None
    ) -> None:
        """Read the rates.

        Raises:
            InputError: If money counts and no price is known, or series share no time.
        """
        pue, offer = candidate.pue, candidate.offer
        self.carbon = rate_of(candidate.carbon, pue, window, at_risk(candidate.carbon, risk))
        self.price: Rate | None = None
        if candidate.price is not None:
            self.price = rate_of(candidate.price, pue, window)
        elif offer.site.tariff_per_kwh is not None:
            tariff = round(offer.site.tariff_per_kwh.best.value * pue * MICRO)
            self.price = Rate((self.carbon.edges[0], self.carbon.edges[-1]), (tariff,))
        money = weight_of(workload, "cost")
        if self.price is None and (money or workload.limits.cost is not None):
            raise InputError(
                "No price of electricity is known at {site}: give its tariff and currency, or a "
                "series of prices.",
                site=offer.name,
            )
        parts = [(self.carbon, weight_of(workload, "carbon_g"))]
        if self.price is not None:
            parts.append((self.price, money))
        self.score = combine([rate for rate, _ in parts], [weight for _, weight in parts])


def weight_of(workload: Workload, name: str) -> int:
    """Return a weight in millionths."""
    return round(workload.weights.get(name, 0.0) * MICRO)


def rate_of(
    signal: Signal, scale: float, window: Window, values: Sequence[float | None] | None = None
) -> Rate:
    """Return a signal as a rate over the slots that touch a window.

    Args:
        signal: The signal.
        scale: What its values are multiplied by.
        window: Slots outside are left out; the nearest one where none is inside.
        values: Other values in the places of its own.
    """
    edges = [micros(edge) for edge in signal.edges]
    first = min(max(bisect_right(edges, window.earliest_us) - 1, 0), len(edges) - 2)
    last = max(min(bisect_left(edges, window.latest_us), len(edges) - 1), first + 1)
    chosen = (signal.values if values is None else values)[first:last]
    return Rate(
        edges[first : last + 1],
        [None if value is None else round(value * scale * MICRO) for value in chosen],
    )


def at_risk(signal: Signal, risk: float | None) -> tuple[float | None, ...]:
    """Return the values that are not exceeded with a probability; a forecast's own if None.

    Between two levels that the signal states, and its best value at one half, lies a line; beyond
    the outermost level counts that level. A signal without quantiles has its values.

    Raises:
        InputError: If the probability does not lie between 0 and 1.
    """
    if risk is None:
        return signal.values
    if not 0 < risk < 1:
        raise InputError(
            "The risk is {risk}: expected a probability between 0 and 1, such as 0.8.", risk=risk
        )
    levels = {0.5: signal.values, **signal.quantiles}
    known = sorted(levels)
    if risk <= known[0] or risk >= known[-1]:
        return levels[known[0] if risk <= known[0] else known[-1]]
    low, high = next((a, b) for a, b in pairwise(known) if a <= risk <= b)
    share = (risk - low) / (high - low)
    return tuple(
        None if one is None or other is None else one + share * (other - one)
        for one, other in zip(levels[low], levels[high], strict=True)
    )


def with_spread(signal: Signal) -> Signal:
    """Return a forecast that states no quantiles with those that forecasts have, by day ahead.

    Any other signal is returned as it is.
    """
    if signal.origin != "forecast" or signal.quantiles or signal.issued_at is None:
        return signal
    issued, ends = signal.issued_at, list[tuple[float, float]]()
    for edge in signal.edges[:-1]:
        day = min(max((edge - issued) // timedelta(days=1), 0), _DAYS - 1) + 1
        spread = factor("brizna.plan", "forecast_errors", f"forecast/day-{day}")
        assert spread.low is not None and spread.high is not None, "the table states both"  # noqa: PT018
        ends.append((spread.low, spread.high))
    return signal.replace(
        quantiles={
            level: tuple(
                None if value is None else value * both[side]
                for value, both in zip(signal.values, ends, strict=True)
            )
            for side, level in enumerate((0.05, 0.95))
        }
    )


def micros(instant: datetime) -> int:
    """Return an instant in microseconds since the epoch."""
    return (instant - EPOCH) // MICROSECOND


def instant(micros: int) -> datetime:
    """Return the instant so many microseconds after the epoch."""
    return EPOCH + timedelta(microseconds=micros)

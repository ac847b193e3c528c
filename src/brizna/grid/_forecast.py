"""A forecast of our own, from what came before alone: for grids of which nobody issues one.

For each slot ahead, means and last values of what came are blended with weights that did best on
the days before. How far it missed then gives its quantiles. It knows no weather.
"""

from __future__ import annotations

from datetime import timedelta

from brizna.core.errors import CoverageError, InputError
from brizna.plan import slots_of
from brizna.plan._policies import FINE, UNKNOWN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from numpy import bool_, float64, int64
    from numpy.typing import NDArray

    from brizna.core.signal import Signal

    Floats = NDArray[float64]
    Whole = NDArray[int64]

LEAST_DAYS = 56
"""How much history a forecast needs: four weeks to look back over, and four to learn from."""
_MOST_DAYS = 365
_HALF_LIFE_DAYS = 120.0
_LOOK_BACK_DAYS = 28
_FORGET = 0.65
"""What a day counts in the smoothed mean, against the day after it."""
_SHRINK = 0.01
"""How strongly weights are held near 0, against a feature's own variance."""
_RECENT = 28
"""The newest forecasts, one a day: how far they missed may widen the quantiles."""
_MOST_LEVERAGE = 0.5
"""How much of a past forecast is its own target at most, when its miss is corrected for that."""
_DAY = timedelta(days=1)


def forecast(
    history: Signal,
    issued_at: datetime,
    *,
    ahead: timedelta = timedelta(hours=96),
    levels: Sequence[float] = (0.1, 0.9),
) -> Signal:
    """Return what a signal is likely to be, from what it was before an instant.

    Nothing that came later is looked at. Gaps are filled with the day before for looking back, and
    nothing is learnt from them.

    Args:
        history: What came, on slots of one length that divides a day; `LEAST_DAYS` of it at least.
        issued_at: From when on it forecasts; on the edge of a slot.
        ahead: How far.
        levels: The quantiles to tell, each in (0, 1).

    Returns:
        A signal with origin ``forecast``. Its values are the means, so they may lie outside narrow
        quantiles of a skewed error.

    Raises:
        InputError: If the slots do not divide a day, or the forecast ends inside one.
        CoverageError: If there is too little history.
    """
    import numpy as np

    past = slots_of(
        history.between(max(history.start, issued_at - 2 * _DAY * _MOST_DAYS), issued_at)
    )
    if _DAY % past.step or ahead % past.step or ahead <= timedelta(0):
        raise InputError(
            "The slots of {source} last {step}, and {ahead} are to be forecast: expected slots "
            "that divide a day, and a whole number of them.",
            source=history.source,
            step=str(past.step),
            ahead=str(ahead),
        )
    a_day, leads = _DAY // past.step, ahead // past.step
    known = past.values < UNKNOWN
    if known.sum() < LEAST_DAYS * a_day:
        raise CoverageError(
            "{source} is known for {days:.0f} days before {issued_at}: a forecast needs {least}. "
            "Load a longer series, or take the profile of the zone.",
            source=history.source,
            days=float(known.sum() / a_day),
            issued_at=issued_at.isoformat(),
            least=LEAST_DAYS,
        )
    blend = _Blend(_filled(past.values, known, a_day) / FINE, known, a_day)
    told = [blend.ahead(lead, levels) for lead in range(leads)]
    floor = min(0.0, float(blend.values.min()))
    rows = np.maximum(np.array(told), floor)
    return history.replace(
        edges=tuple(issued_at + slot * past.step for slot in range(leads + 1)),
        values=tuple(rows[:, 0].tolist()),
        quantiles={
            level: tuple(rows[:, 1 + column].tolist()) for column, level in enumerate(levels)
        },
        origin="forecast",
        issued_at=issued_at,
        estimated=frozenset[int](),
    )


def _filled(values: Whole, known: NDArray[bool_], a_day: int) -> Floats:
    """Return the values with each unknown one taken from the last day that has it, or the first."""
    import numpy as np

    filled = np.where(known, values, np.nan)
    for phase in range(a_day):
        row = filled[phase::a_day]
        places = np.where(np.isnan(row), -1, np.arange(len(row)))
        before = np.maximum.accumulate(places)
        first = int(np.argmax(places >= 0))
        filled[phase::a_day] = row[np.where(before < 0, first, before)]
    return filled


class _Blend:
    """Weights for what came before, learnt for one slot ahead at a time."""

    def __init__(self, values: Floats, known: NDArray[bool_], a_day: int) -> None:
        import numpy as np

        self.values = values
        self._known = known
        self._a_day = a_day
        self._sums = np.concatenate([[0.0], np.cumsum(values)])

    def ahead(self, lead: int, levels: Sequence[float]) -> list[float]:
        """Return the forecast for one slot ahead, and its quantiles.

        It learns from forecasts that could have been issued at this time of day, and whose slot has
        come since; the nearer ones count for more.
        """
        import numpy as np

        now, a_day = len(self.values), self._a_day
        reach = -(-(lead + 1) // a_day)
        newest = now - reach * a_day
        oldest = max(now - _MOST_DAYS * a_day, _LOOK_BACK_DAYS * a_day)
        issues = np.arange(newest, oldest - 1, -a_day)
        issues = issues[self._known[issues + lead]]
        features = self._features(issues, lead)
        targets = self.values[issues + lead]
        weights = 0.5 ** ((now - issues) / a_day / _HALF_LIFE_DAYS)
        centre, spread = features.mean(axis=0), features.std(axis=0)
        spread[spread == 0] = 1.0
        scaled = np.column_stack([np.ones(len(issues)), (features - centre) / spread])
        held = np.full(scaled.shape[1], _SHRINK * weights.sum())
        held[0] = 0.0
        weighed = scaled * weights[:, None]
        inner = weighed.T @ scaled + np.diag(held)
        learnt = np.linalg.solve(inner, weighed.T @ targets)
        asked = (self._features(np.array([now]), lead)[0] - centre) / spread
        best = float(learnt[0] + asked @ learnt[1:])
        leverage = np.einsum("ij,ji->i", scaled, np.linalg.solve(inner, weighed.T))
        missed = (targets - scaled @ learnt) / (1 - np.minimum(leverage, _MOST_LEVERAGE))
        wider = _widening(missed, weights)
        return [best, *(best + wider * _quantile(missed, weights, level) for level in levels)]

    def _features(self, issues: Whole, lead: int) -> Floats:
        """Return what is known at each issue of a slot ahead, shape (issues, features)."""
        import numpy as np

        a_day = self._a_day
        latest = issues + lead - a_day * (lead // a_day + 1)
        days = [self.values[latest - a_day * back] for back in range(_LOOK_BACK_DAYS - 7)]
        fading = _FORGET ** np.arange(14)
        week = issues + lead - 7 * a_day * (lead // (7 * a_day) + 1)
        features: Floats = np.column_stack(
            [
                self.values[issues - 1],
                self._mean(issues, max(a_day // 4, 1)),
                self._mean(issues, a_day),
                self._mean(issues, 7 * a_day),
                days[0],
                days[1],
                self.values[week],
                np.mean(days[:7], axis=0),
                np.mean(days, axis=0),
                np.average(days[:14], axis=0, weights=fading),
            ]
        )
        return features

    def _mean(self, issues: Whole, count: int) -> Floats:
        return (self._sums[issues] - self._sums[issues - count]) / count


def _widening(missed: Floats, weights: Floats) -> float:
    """Return by how much the newest forecasts missed more than all did, 1 at least.

    So a season that is unlike those before widens the quantiles within weeks; calm weeks do not
    narrow them.
    """
    import numpy as np

    usual = float(np.average(np.abs(missed), weights=weights))
    newest = float(np.abs(missed[:_RECENT]).mean())
    return max(1.0, newest / usual) if usual > 0 else 1.0


def _quantile(missed: Floats, weights: Floats, level: float) -> float:
    """Return by how much a share of past forecasts missed at most, nearer ones counting more."""
    import numpy as np

    order = np.argsort(missed)
    share = np.cumsum(weights[order])
    share = (share - weights[order] / 2) / share[-1]
    return float(np.interp(level, share, missed[order]))

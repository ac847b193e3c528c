"""Try policies on history: what each would have saved on a series, with forecasts as issued."""

from __future__ import annotations

from datetime import timedelta

from brizna.core.errors import InputError, UnavailableError
from brizna.core.records import Record
from brizna.grid import read_issues, read_signals
from brizna.plan import Trial, evaluate

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from brizna.core.signal import Signal

_HOUR = timedelta(hours=1)


class History(Record):
    """What policies are tried on.

    Attributes:
        path: Series of what came, by zone.
        column: Column of its values, if it has several.
        zones: Only these; all if empty.
        lengths: How long the jobs work.
        slacks: How much later than at once they may end: times, or names of rules.
        every: How long from one arrival to the next; if None, each slot, or with forecasts each
            time one comes out.
        forecasts: Forecasts as they were issued; with perfect knowledge only if None.
        forecast_column: Column of their values, if it has no usual name.
        margin: The share by which a new plan must be better to be followed.
        seed: From which the weeks are drawn that the intervals come from.
    """

    path: str
    lengths: tuple[timedelta, ...]
    slacks: tuple[timedelta | str, ...]
    column: str | None = None
    zones: tuple[str, ...] = ()
    every: timedelta | None = None
    forecasts: str | None = None
    forecast_column: str | None = None
    margin: float = 0.0
    seed: int = 0


def try_policies(
    history: History, *, progress: Callable[[str], None] | None = None
) -> list[dict[str, Any]]:
    """Return how each policy did, a row for each zone, length, slack, policy and knowledge.

    A row has the fields of `brizna.plan.Score`, and ``zone``, ``length_h`` and ``slack``.

    Args:
        history: What they are tried on.
        progress: Called with each zone before it is tried.

    Raises:
        InputError: If a zone is not in the file, or nothing fits into its series.
        UnavailableError: If a file cannot be read, or numpy is not installed.
    """
    try:
        from numpy.random import default_rng
    except ImportError:
        raise UnavailableError(
            "Policies are tried with numpy, which is not installed: pip install 'brizna[plan]'."
        ) from None
    signals = read_signals(history.path, column=history.column)
    told: dict[str, list[Signal]] = {}
    if history.forecasts is not None:
        told = read_issues(history.forecasts, column=history.forecast_column)
    rows: list[dict[str, Any]] = []
    for zone in history.zones or tuple(signals):
        if zone not in signals or (told and zone not in told):
            raise InputError(
                "{zone} is not in {path}: expected one of {zones}.",
                zone=zone,
                path=history.forecasts if zone in signals else history.path,
                zones=", ".join(told if zone in signals else signals),
            )
        if progress is not None:
            progress(zone)
        signal, forecasts = signals[zone], told.get(zone, [])
        every = history.every
        if every is None and not forecasts:
            every = signal.edges[1] - signal.edges[0]
        for length in history.lengths:
            for slack in history.slacks:
                trial = Trial(length=length, slack=slack, every=every, margin=history.margin)
                rng = default_rng(history.seed)
                for score in evaluate(signal, trial, rng=rng, forecasts=forecasts):
                    about = {"zone": zone, "length_h": length / _HOUR, "slack": _told(slack)}
                    rows.append({**about, **score.to_json()})
    return rows


def _told(slack: timedelta | str) -> str:
    return slack if isinstance(slack, str) else f"{slack / _HOUR:g}h"

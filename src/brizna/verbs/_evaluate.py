"""Try policies on history: what each would have saved on a series, with forecasts as issued."""

from __future__ import annotations

from datetime import timedelta

from brizna.core.errors import CoverageError, InputError, UnavailableError
from brizna.core.records import Record
from brizna.grid import read_issues, read_signals
from brizna.plan import Trial, evaluate

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import tzinfo
    from typing import Any

    from brizna.core.signal import Signal

OWN = "own"
"""Stands for brizna's own forecasts, in the place of a file of issued ones."""
_AHEAD = timedelta(hours=96)
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
        forecasts: Forecasts as they were issued; `OWN` for brizna's, made from what had come by
            then; with perfect knowledge only if None.
        forecast_column: Column of their values, if it has no usual name.
        issued: How long from one of brizna's own forecasts to the next.
        time_zone: IANA name of the zone by whose clock rules find deadlines; UTC if None.
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
    issued: timedelta = timedelta(days=1)
    time_zone: str | None = None
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
        InputError: If a zone is not in the file, nothing fits into its series, or there is no such
            time zone.
        CoverageError: If a series is too short for a forecast of our own.
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
    own = history.forecasts == OWN
    clock = None if history.time_zone is None else _clock(history.time_zone)
    if history.forecasts is not None and not own:
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
        signal = signals[zone]
        forecasts = _own(signal, history.issued) if own else told.get(zone, [])
        every = history.every
        if every is None and not forecasts:
            every = signal.edges[1] - signal.edges[0]
        for length in history.lengths:
            for slack in history.slacks:
                trial = Trial(
                    length=length, slack=slack, every=every, margin=history.margin, clock=clock
                )
                rng = default_rng(history.seed)
                for score in evaluate(signal, trial, rng=rng, forecasts=forecasts):
                    about = {"zone": zone, "length_h": length / _HOUR, "slack": _told(slack)}
                    rows.append({**about, **score.to_json()})
    return rows


def _own(signal: Signal, every: timedelta) -> list[Signal]:
    """Return our own forecasts of a series, each from what had come before it.

    Raises:
        CoverageError: If it is too short for any.
        InputError: If nothing lies between two forecasts.
    """
    from brizna.grid import LEAST_DAYS, forecast

    if every <= timedelta(0):
        raise InputError(
            "A forecast of our own is made each {every}: expected more than 0, such as 24h.",
            every=str(every),
        )
    found: list[Signal] = []
    short: CoverageError | None = None
    issued = signal.start + timedelta(days=LEAST_DAYS)
    while issued < signal.end:
        try:
            found.append(forecast(signal, issued, ahead=_AHEAD))
        except CoverageError as error:  # gaps: the next one has more to learn from
            short = error
        issued += every
    if found:
        return found
    raise short or CoverageError(
        "{source} covers {days:.0f} days: a forecast of our own needs {least} before it. Load a "
        "longer series, or give forecasts as they were issued.",
        source=signal.source,
        days=(signal.end - signal.start) / timedelta(days=1),
        least=LEAST_DAYS,
    )


def _clock(name: str) -> tzinfo:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InputError(
            "{zone!r} is no time zone that is known here: expected a name such as Europe/Madrid.",
            zone=name,
        ) from error


def _told(slack: timedelta | str) -> str:
    return slack if isinstance(slack, str) else f"{slack / _HOUR:g}h"

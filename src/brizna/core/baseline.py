"""The idle baseline: what each channel of a machine draws while nobody uses it.

Measured, never what is left over of a run: the machine is watched for a while, and the mean power
of ten blocks of that time tells how much it varies by itself. How far another such block may lie
from their mean is Student's prediction interval of 90 %, taken on logarithms because power is
positive. If something ran meanwhile, idle power may be lower than what was seen: how much lower,
the published curve of power over load says.
"""

from __future__ import annotations

from math import exp, fsum, log, sqrt

from brizna.core.errors import Said
from brizna.core.estimate import Estimate, estimate_of
from brizna.core.quantities import Power
from brizna.core.records import Record, each
from brizna.core.series import UJ, US

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, ClassVar

    from brizna.core.series import Series

BLOCKS = 10
"""Blocks that the time is cut into."""
_STUDENT_T = 1.833113
"""The 95th percentile of Student's t with nine degrees of freedom: ten blocks less their mean."""
MOST_BUSY = 0.1
"""Share of processor time in use up to which idle power can be told at all: as far as the first
piece of the published curve of power over load goes."""
OLD_S = 90 * 86400.0
"""After so long a baseline is said to be old: firmware, fans and modules change."""


class IdleChannel(Record):
    """The idle power of one channel.

    Attributes:
        power_w: Mean over the blocks; its doubts are the variation, what ran meanwhile, and the
            accuracy of the meter, which cancels in a run that the same meter measured.
        least_w: Mean power of the quietest block.
        most_w: Mean power of the busiest block.
    """

    id: str
    kind: str
    power_w: Estimate
    least_w: float
    most_w: float

    _forms: ClassVar = {"power_w": estimate_of(Power)}


class Baseline(Record):
    """What a machine drew while nobody used it.

    Attributes:
        measured: When it began, ISO 8601 in UTC.
        duration_s: How long the machine was watched.
        machine: The machine's name in records.
        channels: The channels whose idle power is known from it.
        not_measured: For each other channel, why not.
        busy: Share of all processors' time that something ran in; None where not known.
        conditions: What idle power depends on: kernel, processors in use, governor, boot options.
    """

    schema: ClassVar = "brizna.baseline/1"

    measured: str
    duration_s: float
    machine: str
    channels: tuple[IdleChannel, ...]
    not_measured: dict[str, str] = {}
    busy: float | None = None
    conditions: dict[str, Any] = {}
    brizna: str

    _forms: ClassVar = {"channels": each(IdleChannel.from_json)}


def idle_channels(
    series: Sequence[Series], *, busy: float | None, rise: float, name: str
) -> tuple[tuple[IdleChannel, ...], dict[str, str]]:
    """Return the idle power of each channel that a device counts, and why others have none.

    Args:
        series: What was read.
        busy: Share of all processors' time in use meanwhile, at most `MOST_BUSY`; None where not
            known, which is taken as that most.
        rise: By how much of itself power rises, at low loads, for each full load.
        name: Ends the names of the doubts: the machine and when.
    """
    found: list[IdleChannel] = []
    reasons: dict[str, str] = {}
    for each_series in series:
        channel = each_series.channel
        if channel.basis == "modelled":
            reasons[channel.id] = "a model knows its idle power by itself"
            continue
        powers_w = _block_powers(each_series)
        if isinstance(powers_w, str):
            reasons[channel.id] = powers_w
            continue
        power_w = _idle_power(powers_w, f"baseline:variation/{channel.id}@{name}").based(
            channel.basis, channel.id, *channel.references
        )
        if channel.kind != "gpu":
            lower = 1 / (1 + rise * (MOST_BUSY if busy is None else busy))
            power_w = power_w.doubted_by(f"baseline:load/{channel.id}@{name}", lower, 1.0)
        for doubt, (low, high) in channel.doubts.items():
            power_w = power_w.doubted_by(doubt, low, high)
        found.append(
            IdleChannel(
                id=channel.id,
                kind=channel.kind,
                power_w=power_w,
                least_w=min(powers_w),
                most_w=max(powers_w),
            )
        )
    return tuple(found), reasons


def stale_reasons(baseline: Baseline, *, age_s: float, conditions: Mapping[str, Any]) -> list[str]:
    """Return why a baseline may not hold any more; nothing if it may.

    Args:
        baseline: The baseline.
        age_s: How long ago it was measured.
        conditions: What its ``conditions`` are now.
    """
    reasons: list[str] = []
    if age_s > OLD_S:
        old = Said("the baseline is {days} days old", days=round(age_s / 86400))
        reasons.append(str(old))
    changed = [
        name
        for name, value in baseline.conditions.items()
        if value is not None and conditions.get(name) not in (None, value)
    ]
    if changed:
        other = Said(
            "since the baseline was measured these changed: {names}", names=", ".join(changed)
        )
        reasons.append(str(other))
    return reasons


def _block_powers(series: Series) -> list[float] | str:
    """Return the mean power of each block in watts, or why it is not known."""
    if len(series.t_us) < 2:
        return "fewer than two readings"
    if any(not gap.counted for gap in series.gaps):
        return "its readings have a gap"
    first_us, last_us = series.t_us[0], series.t_us[-1]
    edges = [first_us + round((last_us - first_us) * n / BLOCKS) for n in range(BLOCKS + 1)]
    counted = [series.counted(edge) for edge in edges]
    powers = [
        (after[1] - before[1]) * UJ / ((end - start) * US)
        for before, after, start, end in zip(counted, counted[1:], edges, edges[1:], strict=False)
        if before is not None and after is not None and end > start
    ]
    if len(powers) < BLOCKS or min(powers) <= 0:
        return "its counter does not move often enough: watch for longer with --duration"
    return powers


def _idle_power(powers_w: Sequence[float], name: str) -> Estimate:
    """Return the mean of the blocks; the doubt is where one more block may lie."""
    count = len(powers_w)
    mean_w = fsum(powers_w) / count
    logs = [log(power_w) for power_w in powers_w]
    middle = fsum(logs) / count
    spread = sqrt(fsum((value - middle) ** 2 for value in logs) / (count - 1))
    half = _STUDENT_T * spread * sqrt(1 + 1 / count)
    return Estimate(Power(mean_w), basis="metered").doubted_by(name, exp(-half), exp(half))

"""What one channel counted over a run: its readings, what its gaps hide, and its mirrors."""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from brizna.core.measurement import Channel, Gap

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    Event = Mapping[str, Any]

UJ = 1e-6
US = 1e-6
_MIRROR_SKEW_US = 2000
"""The reads of one sample lie at most this far apart; a mirror moves no more meanwhile."""


class Series:
    """The readings of one channel: energy counted since the start, with its gaps.

    Attributes:
        t_us: Times of the readings.
        uj: Microjoules counted since the first reading of the run.
        gaps: Gaps in which energy may be missing, with what was put in for them.
    """

    def __init__(self, channel: Channel, readings: Sequence[tuple[int, int]]) -> None:
        self.channel = channel
        self.t_us = [t for t, _ in readings]
        self.uj = [uj for _, uj in readings]
        self.gaps: list[Gap] = []

    def power_uw(self, since_us: int, until_us: int) -> float | None:
        """Return the mean power between two times that were read, in microwatts."""
        first, last = bisect_left(self.t_us, since_us), bisect_right(self.t_us, until_us) - 1
        if first < 0 or last <= first:
            return None
        return (self.uj[last] - self.uj[first]) / (self.t_us[last] - self.t_us[first]) * 1e6

    def counted(self, t_us: int) -> tuple[float, float, float] | None:
        """Return the microjoules counted until a time: low, best, high; None outside the readings.

        Between two readings the best value lies on the line between them; the ends are what the
        highest plausible power allows.
        """
        right = bisect_left(self.t_us, t_us)
        if right == len(self.t_us):
            return None
        if self.t_us[right] == t_us:
            read = self.uj[right]
            return read, read, read
        if right == 0:
            return None
        before, after = self.uj[right - 1], self.uj[right]
        t_before, t_after = self.t_us[right - 1], self.t_us[right]
        best = before + (after - before) * (t_us - t_before) / (t_after - t_before)
        top = self.channel.max_power_w
        if top is None:
            return before, best, after
        low = max(before, after - top * (t_after - t_us))
        high = min(after, before + top * (t_us - t_before))
        return min(low, best), best, max(high, best)

    def stale_uj(self, t_us: int) -> float:
        """Return how much the counter may not have shown yet at a time, by the power around it."""
        update_us = self.channel.update_us
        if not update_us:
            return 0.0
        near = self.power_uw(t_us - 2 * update_us - 1_000_000, t_us + 2 * update_us + 1_000_000)
        power_uw = near or self.power_uw(self.t_us[0], self.t_us[-1]) or 0.0
        return power_uw * update_us * 1e-6


def fill_gaps(series: Series, gaps: Sequence[Event], last_us: int) -> None:
    """Put into each bracketed gap the mean power of its neighbours; bound what each can hide."""
    for gap in gaps:
        start_us, end_us = gap["from"], gap.get("to")
        counted = bool(gap.get("counted"))
        added = most = None
        if not counted:
            length_us = (last_us if end_us is None else end_us) - start_us
            inside = 0.0
            if end_us is not None:
                first, last = series.counted(start_us), series.counted(end_us)
                inside = last[1] - first[1] if first and last else 0.0
                added = _bridge_uj(series, start_us, end_us, inside)
            if series.channel.max_power_w is not None:
                most = max(series.channel.max_power_w * length_us - inside, added or 0.0)
        series.gaps.append(
            Gap(
                reason=gap["reason"],
                start_s=start_us * US,
                end_s=None if end_us is None else end_us * US,
                counted=counted,
                added_j=None if added is None else added * UJ,
                most_j=None if most is None else most * UJ,
            )
        )


def _bridge_uj(series: Series, start_us: int, end_us: int, inside: float) -> float | None:
    """Return the microjoules to put into a gap; None where one side of it was never read."""
    before = after = None
    left = bisect_right(series.t_us, start_us) - 1
    if left >= 1:
        before = series.power_uw(series.t_us[left - 1], series.t_us[left])
    right = bisect_left(series.t_us, end_us)
    if right + 1 < len(series.t_us):
        after = series.power_uw(series.t_us[right], series.t_us[right + 1])
    if before is None or after is None:
        return None
    bridge = (before + after) / 2 * (end_us - start_us) * 1e-6 - inside
    return bridge if bridge > 0 else 0.0


def overlap_s(gap: Gap, start_us: int, end_us: int) -> float:
    """Return how many seconds of a gap lie in a window; negative where it lies outside."""
    end_s = end_us * US if gap.end_s is None else gap.end_s
    return min(end_s, end_us * US) - max(gap.start_s, start_us * US)


def share(gap: Gap, start_us: int, end_us: int, last_us: int) -> float:
    """Return the share of a gap that lies in a window, in [0, 1]."""
    length_s = (last_us * US if gap.end_s is None else gap.end_s) - gap.start_s
    inside_s = overlap_s(gap, start_us, end_us)
    return inside_s / length_s if length_s > 0 and inside_s > 0 else 0.0


def stand_in(series: Sequence[Series]) -> None:
    """Give the place of a channel without two readings to another view of it, or what is inside."""
    silent = {each.channel.id: each.channel for each in series if len(each.t_us) < 2}
    heirs: dict[str, str | None] = {name: channel.parent for name, channel in silent.items()}
    for each in series:
        seen = each.channel.view_of
        if seen in silent and each.channel.id not in silent:
            if heirs[seen] == silent[seen].parent:
                each.channel = each.channel.replace(parent=silent[seen].parent, view_of=None)
                heirs[seen] = each.channel.id
            else:
                each.channel = each.channel.replace(view_of=heirs[seen])
    for each in series:
        parent = each.channel.parent
        while parent in silent:
            parent = heirs[parent]
        if parent != each.channel.parent:
            each.channel = each.channel.replace(parent=parent)


def mirrors_of(series: Sequence[Series]) -> dict[str, str]:
    """Return, for each channel that shows another's counter again, the id of that other."""
    mirrors: dict[str, str] = {}
    for index, later in enumerate(series):
        if len(later.t_us) < 2:
            continue
        seen = later.channel.view_of
        if any(each.channel.id == seen and len(each.t_us) >= 2 for each in series):
            mirrors[later.channel.id] = str(seen)
            continue
        group = later.channel.mirror_group
        if group is None:
            continue
        for earlier in series[:index]:
            if earlier.channel.mirror_group == group and _same_counter(earlier, later):
                mirrors[later.channel.id] = mirrors.get(earlier.channel.id, earlier.channel.id)
                break
    return mirrors


def _same_counter(one: Series, other: Series) -> bool:
    """Tell whether two channels show one counter: equal at the start and at every reading."""
    if one.t_us != other.t_us or one.channel.raw_start is None or other.channel.raw_start is None:
        return False
    length_us = one.t_us[-1] - one.t_us[0]
    moved = one.uj[-1] - one.uj[0]
    skew_uj = 200 + moved / length_us * _MIRROR_SKEW_US if length_us > 0 else 200
    if abs(one.channel.raw_start - other.channel.raw_start) > skew_uj:
        return False
    return all(abs(a - b) <= skew_uj for a, b in zip(one.uj, other.uj, strict=True))

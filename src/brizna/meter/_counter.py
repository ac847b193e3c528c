"""The counter engine: from raw counter readings to microjoules that were surely counted.

Counters wrap, restart (suspend, driver reload), give a wild value once, or cannot be read for a
while. None of these may turn into energy, and none may vanish: what cannot be known becomes a gap
with a reason, and only energy that every explanation of the readings allows is counted.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from brizna.core.measurement import Channel

_GRAIN_UJ = 2000
"""Counters count in steps of at most a millijoule: a rise may be this much more than it was."""
_LATE_US = 10_000
"""How long after its time a counter may be read where nobody says how long it took."""
_NAP_US = 100_000
"""Shorter sleeps of the machine are the noise between two clocks."""
_STILL_US, _STILL_UPDATES = 10_000_000, 20
"""A device that draws power moves its counter within this time and this many updates."""
_STOPPED_US = 900_000
"""A counter that was seen to move is believed to have stopped from this time on; under a second,
so that two readings in succession show it at one reading a second, which is never quite that."""
_STOPPED_GRAINS = 100
"""... if at the power it last showed it would have taken this many steps meanwhile."""
_STOPPED_STANDS = 3
"""... and it stands this many times as long as it ever stood before it went on."""
_ALWAYS_DRAW = ("node", "cpu", "memory", "gpu")


class Tally:
    """The energy that one channel has counted since the start of the run.

    A reading that does not fit the one before it (lower without a plausible wrap, or higher than
    the channel can draw) is held back until the next one shows what it was: a single wild value,
    after which the counter goes on where it was, or a restart. The start of a gap is reported as
    soon as it is seen, its end once it is known, in the form that `brizna.core.replay` reads.
    """

    __slots__ = (
        "_alive_us",
        "_changed_awake_us",
        "_counted_uj",
        "_gap_from_us",
        "_gap_reason",
        "_lap_us",
        "_late_us",
        "_later_us",
        "_longest_stand_us",
        "_most_w",
        "_moved_awake_us",
        "_moved_us",
        "_paces_w",
        "_raw",
        "_report",
        "_stand_us",
        "_stands",
        "_suspect",
        "_wrap_uj",
        "channel",
    )

    def __init__(
        self, channel: Channel, *, wrap_uj: int | None, report: Callable[[dict[str, Any]], None]
    ) -> None:
        """Start without a reading.

        Args:
            channel: What is counted; its ``max_power_w`` bounds what is plausible.
            wrap_uj: Where the device's counter starts again; None if never or not known.
            report: Takes each gap event.
        """
        self.channel = channel
        self._wrap_uj = wrap_uj
        self._most_w = channel.max_power_w if channel.counted_by == "device" else None
        self._late_us = channel.update_us + _LATE_US
        self._later_us = 0
        self._lap_us = self._shortest_lap_us()
        self._report = report
        self._counted_uj = 0
        self._raw: int | None = None
        self._moved_us = 0
        self._moved_awake_us = 0
        self._suspect: tuple[int, int] | None = None
        self._gap_from_us: int | None = None
        self._gap_reason = ""
        self._stands = False
        self._alive_us = 0
        self._changed_awake_us = 0
        self._paces_w = (0.0, 0.0)
        self._stand_us = 0
        self._longest_stand_us = 0

    def take(
        self,
        t_us: int,
        raw: int | None,
        *,
        reason: str | None = None,
        asleep_us: int = 0,
        late_us: int = 0,
    ) -> int | None:
        """Return the microjoules counted since the start; None where that is not known now.

        Args:
            t_us: When it was read; never earlier than the reading before.
            raw: The raw number; None if there is none.
            reason: Why there is none; None if it simply was not read, which leaves no gap.
            asleep_us: How long the machine has slept since the start of the run.
            late_us: How long after ``t_us`` it may have been read: a reader that was preempted,
                throttled or stopped in between sees a counter that went on without it.
        """
        if raw is None:
            if reason is not None:
                self._open_gap(t_us, f"unreadable: {reason}")
            return None
        self._later_us = late_us if late_us > _LATE_US else 0
        rise = self._plain_rise(t_us - asleep_us, raw)
        if rise is not None:
            return self._accept(t_us, raw, rise, asleep_us)
        if self._raw is None:
            if self._gap_from_us is not None:
                self._close_gap(t_us, counted=False)
            return self._accept(t_us, raw, 0, asleep_us)
        awake_us = t_us - asleep_us
        if raw == self._raw and (
            self._gap_from_us is None or self._stands or self._has_stopped(awake_us)
        ):
            return self._stand(t_us, awake_us)
        if self._may_hide_a_lap(awake_us):
            self._open_gap(t_us, "not read for so long that the counter may have wrapped unseen")
        rise = self._rise(self._raw, self._moved_awake_us, raw, awake_us)
        if self._gap_from_us is not None:
            return self._resolve(t_us, raw, rise, asleep_us)
        if rise is None:
            self._doubt(t_us, raw, awake_us)
            return None
        return self._accept(t_us, raw, rise, asleep_us)

    def _plain_rise(self, awake_us: int, raw: int) -> int | None:
        """Return the rise since the last reading where nothing is odd, as nearly always.

        All that follows in `take` comes to the same, by a way that costs several times as much:
        a meter that wakes up once a second finds none of its code in the processor's caches.
        """
        if self._raw is None or raw <= self._raw or self._gap_from_us is not None:
            return None
        elapsed_us, rise = awake_us - self._moved_awake_us, raw - self._raw
        if elapsed_us >= self._lap_us:
            return None
        if self._most_w is not None and rise > self._most_w * (elapsed_us + self._late_us):
            return None
        return rise

    def _shortest_lap_us(self) -> float:
        """Return how long the counter takes at least to pass its range; infinite if it has none."""
        if self._wrap_uj is None or not self._most_w:
            return float("inf")
        return (self._wrap_uj - _GRAIN_UJ) / self._most_w - self._late_us

    def _stand(self, t_us: int, awake_us: int) -> int:
        """Return what was counted, unchanged; from some time on that is not to be believed.

        It may have stopped at any time after the last reading but one at which it was higher.
        """
        if self._always_draws() and (
            t_us - self._moved_us >= max(_STILL_US, _STILL_UPDATES * self.channel.update_us)
            or self._has_stopped(awake_us)
        ):
            if self._gap_from_us is not None and not self._stands:
                self._close_gap(t_us, counted=True)  # what it may miss, the wider gap holds
            self._stands, self._suspect = True, None
            self._open_gap(t_us, "the counter stands still", since_us=self._alive_us)
        self._stand_us = awake_us - self._changed_awake_us
        return self._counted_uj

    def _always_draws(self) -> bool:
        return self.channel.counted_by == "device" and self.channel.kind in _ALWAYS_DRAW

    def _has_stopped(self, awake_us: int) -> bool:
        """Tell whether a counter that moved, and stands since then, cannot just be slow."""
        still_us = awake_us - self._changed_awake_us
        return (
            self._always_draws()
            and still_us >= max(_STOPPED_US, _STILL_UPDATES * self.channel.update_us)
            and still_us >= _STOPPED_STANDS * self._longest_stand_us
            and max(self._paces_w) * still_us >= _STOPPED_GRAINS * _GRAIN_UJ
        )

    def _resolve(self, t_us: int, raw: int, rise: int | None, asleep_us: int) -> int | None:
        """End the gap if some explanation fits this reading; count what all of them allow.

        Nothing is missing only where no restart can have been: where a lap may be hidden one always
        can, because then the counter may stand anywhere in its range since a start from 0.
        """
        awake_us = t_us - asleep_us
        since_restart = [
            part
            for part in (
                self._rise(*self._suspect, raw, awake_us) if self._suspect else None,
                self._rise(0, self._moved_awake_us, raw, awake_us)
                if self._most_w is not None
                else None,
            )
            if part is not None
        ]
        if rise is None and not (since_restart and self._suspect):
            self._doubt(t_us, raw, awake_us)
            return None
        sure = (
            rise is not None
            and not since_restart
            and not self._stands
            and self.channel.counted_by == "device"
        )
        slept_us = asleep_us - (self._moved_us - self._moved_awake_us)
        if sure or slept_us < _NAP_US:
            known = min(since_restart if rise is None else [rise, *since_restart])
            self._close_gap(t_us, counted=sure)
        else:
            known = 0
            self._close_gap(t_us - slept_us, counted=False)
        return self._accept(t_us, raw, known, asleep_us)

    def _accept(self, t_us: int, raw: int, rise: int, asleep_us: int) -> int:
        awake_us = t_us - asleep_us
        if raw != self._raw:
            if rise > 0:  # at least how fast it moves; it may have stopped in the middle of this
                elapsed_us = awake_us - self._changed_awake_us + self._late_us + self._later_us
                self._paces_w = (self._paces_w[1], (rise - _GRAIN_UJ) / elapsed_us)
            if self._stand_us:
                self._longest_stand_us = max(self._longest_stand_us, self._stand_us)
                self._stand_us = 0
            self._changed_awake_us = awake_us + self._later_us
            if self._raw is None:
                self._alive_us = t_us
            elif self._moved_us > self._alive_us:
                self._alive_us = self._moved_us
        self._raw, self._moved_us, self._moved_awake_us = raw, t_us, awake_us
        self._suspect = None
        self._counted_uj += rise
        return self._counted_uj

    def _rise(self, before: int, before_us: int, now: int, now_us: int) -> int | None:
        """Return the microjoules between two raw numbers; None if no plausible power gives them.

        Both times are without sleep.
        """
        rise = now - before
        most = self._most_uj(now_us - before_us)
        if rise < 0:
            if self._wrap_uj is None or most is None or before > self._wrap_uj:
                return None
            rise += self._wrap_uj
        return rise if most is None or rise <= most else None

    def _most_uj(self, elapsed_us: int) -> int | None:
        """Return what the counter can rise in a time, stale energy of its last update included."""
        if self._most_w is None:
            return None
        may_us = elapsed_us + self._late_us + self._later_us
        return int(self._most_w * may_us) + _GRAIN_UJ

    def _may_hide_a_lap(self, awake_us: int) -> bool:
        return awake_us - self._moved_awake_us >= self._lap_us

    def _doubt(self, t_us: int, raw: int, awake_us: int) -> None:
        before = self._suspect[0] if self._suspect else self._raw
        higher = before is not None and raw >= before
        self._suspect = (raw, awake_us)
        self._open_gap(
            t_us,
            "the counter rose more than the channel can draw"
            if higher
            else "the counter restarted lower",
        )

    def _open_gap(self, t_us: int, reason: str, *, since_us: int | None = None) -> None:
        if self._gap_from_us is None:
            start_us = self._moved_us if since_us is None else since_us
            self._gap_from_us = t_us if self._raw is None else start_us
        elif reason == self._gap_reason:
            return
        self._gap_reason = reason
        self._tell(None, counted=False)

    def _close_gap(self, t_us: int, *, counted: bool) -> None:
        self._tell(t_us, counted=counted)
        self._gap_from_us = None
        if not counted:
            self._alive_us = t_us  # no two gaps may fill in the same time
        if self._stands:
            self._stands, self._stand_us = False, 0

    def _tell(self, until_us: int | None, *, counted: bool) -> None:
        self._report(
            {
                "e": "gap",
                "channel": self.channel.id,
                "reason": self._gap_reason,
                "from": self._gap_from_us,
                "to": until_us,
                "counted": counted,
            }
        )

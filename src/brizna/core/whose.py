"""From a journal's users, samples and idle power to the record of whose the energy was."""

from __future__ import annotations

from math import fsum

from brizna.core.attribution import Attributor, Idle
from brizna.core.errors import Said
from brizna.core.estimate import Estimate, exactly, total
from brizna.core.factors import factor
from brizna.core.measurement import Attribution, UserEnergy
from brizna.core.nesting import outermost
from brizna.core.quantities import Power
from brizna.core.series import US
from brizna.core.shares import WEIGHT, uses_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from brizna.core.attribution import Energies, Parted
    from brizna.core.factors import Factor
    from brizna.core.measurement import Channel, Run
    from brizna.core.series import Series
    from brizna.core.shares import Use

    Event = Mapping[str, Any]

_NO_USE = "how much of the machine the run used was not recorded"
_NOT_ALL = "not every one of the merged runs knows whose its energy was"
_UNSEEN_USER = "what it used was not read"
_UNTOLD = "nobody can tell who used it"
_DOUBTFUL = "it read less than the meters inside it together, within what is doubted of them"
_WRONG = (
    "it read less than the meters inside it together, by more than is doubted of them: one of them "
    "is wrong, or sees what it does not"
)
_OF_A_CONTAINER = "it counts one container, and who used what inside is not known"


class Whose:
    """Whose the energy of a run was, as a whole and in any window.

    Attributes:
        factors: The published numbers that attribution rests on; none where nothing was parted.
    """

    def __init__(
        self,
        start: Event,
        samples: Sequence[Event],
        series: Sequence[Series],
        *,
        users: Sequence[Event],
        baseline: Event,
        asleep_us: Sequence[tuple[int, int]],
    ) -> None:
        """Take what the journal says.

        Args:
            start: The start event.
            samples: All samples, by time.
            series: The channels that count, mirrors aside, each with two readings or more.
            users: The users that were told, the run first; none in older journals.
            baseline: The event that says what is drawn while nobody uses anything; empty if none.
            asleep_us: Times in which the machine slept.
        """
        kind = "block" if start.get("command") is None else "tree"
        self._users = list(users) or [{"id": "run", "kind": kind}]
        self._start = start
        self._baseline = baseline
        self._series = {each.channel.id: each for each in series}
        self._uses = uses_of(samples, len(self._users))
        self._idle_w = _idle_powers(baseline, [each.channel for each in series])
        self._attributor: Attributor | None = None
        self.factors: tuple[Factor, ...] = ()
        if self._uses and series:
            weight = factor("brizna.core", "attribution", WEIGHT.removeprefix("factor:"))
            self.factors = (weight,)
            self._attributor = Attributor(
                start["id"],
                series,
                self._uses,
                users=[user["id"] for user in self._users],
                idle=Idle(self._idle_w, asleep_us),
                weight=(weight.low or 1.0, weight.high or 1.0),
            )

    def attribution(self, energy: Energies) -> Attribution:
        """Return the record for the whole run."""
        attributor = self._attributor
        if attributor is None:
            return Attribution(reason=_NO_USE)
        parted = attributor.part(energy)
        if parted is None or set(attributor.roots()) <= set(attributor.untold):
            return Attribution(reason=_NO_USE)
        roots = {name: self._idle_w[name] for name in attributor.roots() if name in self._idle_w}
        return Attribution(
            users=tuple(self._user(parted, place) for place in range(len(parted.fair))),
            above_idle_j=parted.machine_above,
            idle_w=roots,
            idle_reason=_no_idle(parted) if parted.missing else None,
            baseline=self._origin(),
            untold={name: self._why_untold(name) for name in attributor.untold},
            contradicted={
                name: _DOUBTFUL if left.high.value >= 0 else _WRONG
                for name, left in attributor.contradicted(energy).items()
            },
        )

    def phase(
        self, energy: Energies, start_us: int, end_us: int
    ) -> tuple[Estimate | None, Estimate | None]:
        """Return what the run used in a window: above idle, and as its fair share."""
        attributor = self._attributor
        if attributor is None or not self._is_seen(0):
            return None, None
        parted = attributor.part(energy, (start_us, end_us))
        return (None, None) if parted is None else (parted.above[0], parted.fair[0])

    def _user(self, parted: Parted, place: int) -> UserEnergy:
        """Return the part of one user, of the others, or of nobody."""
        cpu = self._uses.get("cpu")
        above, fair = parted.above[place], parted.fair[place]
        why = _no_idle(parted) if above is None else None
        if place == len(self._users):
            left = None if cpu is None else cpu.left_us() * US
            return UserEnergy(
                id="others",
                kind="others",
                cpu_time_s=left,
                above_idle_j=above,
                fair_share_j=fair,
                reason=why,
            )
        if place > len(self._users):
            return UserEnergy(
                id="unattributed",
                kind="unattributed",
                above_idle_j=above,
                fair_share_j=fair,
                reason=why,
            )
        user = self._users[place]
        if not self._is_seen(place):
            return UserEnergy(id=user["id"], kind=user["kind"], reason=_UNSEEN_USER)
        return UserEnergy(
            id=user["id"],
            kind=user["kind"],
            cpu_time_s=_cpu_time_s(cpu, place),
            above_idle_j=above,
            fair_share_j=fair,
            reason=why,
        )

    def _is_seen(self, place: int) -> bool:
        """Tell whether anything is known of what a user used."""
        return any(use.users[place] is not None for use in self._uses.values())

    def _why_untold(self, name: str) -> str:
        return _UNTOLD if self._series[name].channel.scope == "machine" else _OF_A_CONTAINER

    def _origin(self) -> dict[str, Any] | None:
        """Return which baseline was used, and how old it was when the run started."""
        record = self._baseline.get("baseline")
        if not record:
            return None
        from datetime import datetime

        age = datetime.fromisoformat(self._start["started"]) - datetime.fromisoformat(
            record["measured"]
        )
        return {
            "digest": self._baseline.get("digest"),
            "measured": record["measured"],
            "age_s": age.total_seconds(),
            "stale": list(self._baseline.get("stale") or ()),
        }


def merged_attribution(runs: Sequence[Run]) -> Attribution:
    """Return what several runs used together, such as the ranks of one job.

    Those inside another one of them are in its part already. What others used meanwhile is not
    told: each run saw its own time of the machine.
    """
    counted = set(outermost(runs))
    told = [run.measurement.attribution for run in runs if run.id in counted]
    parts = [found.users[0] for found in told if found is not None and found.users]
    if len(parts) < len(told):
        return Attribution(reason=_NOT_ALL)
    fair = [part.fair_share_j for part in parts]
    above = [part.above_idle_j for part in parts]
    times = [part.cpu_time_s for part in parts]
    own = UserEnergy(
        id="run",
        kind="tree",
        cpu_time_s=None if None in times else fsum(time for time in times if time is not None),
        fair_share_j=None if None in fair else total(part for part in fair if part),
        above_idle_j=None if None in above else total(part for part in above if part),
        reason=next((part.reason for part in parts if part.reason), None),
    )
    untold = {name: why for found in told if found for name, why in found.untold.items()}
    return Attribution(users=(own,), idle_reason=own.reason, untold=untold)


def _no_idle(parted: Parted) -> str:
    return str(
        Said(
            "the idle power of {channels} is not known: measure it with brizna doctor --baseline",
            channels=", ".join(sorted(set(parted.missing))),
        )
    )


def _cpu_time_s(cpu: Use | None, place: int) -> float | None:
    track = None if cpu is None else cpu.users[place]
    return None if track is None else (track.counts[-1] - track.counts[0]) * US


def _idle_powers(baseline: Event, channels: Sequence[Channel]) -> dict[str, Estimate]:
    """Return what channels draw while nobody uses them: declared, else measured, else modelled."""
    found: dict[str, Estimate] = {}
    for channel in channels:
        if channel.idle_w is not None:
            power_w = Estimate(Power(channel.idle_w), basis=channel.basis, references=(channel.id,))
            for name, (low, high) in channel.doubts.items():
                power_w = power_w.doubted_by(name, low, high)
            found[channel.id] = power_w
    record: Mapping[str, Any] = baseline.get("baseline") or {}
    measured: Sequence[Event] = record.get("channels") or ()
    found |= {entry["id"]: Estimate.from_json(Power, entry["power_w"]) for entry in measured}
    declared: Mapping[str, float] = baseline.get("declared") or {}
    found |= {name: exactly(Power(power_w), "declared") for name, power_w in declared.items()}
    known = {channel.id for channel in channels}
    return {name: power_w for name, power_w in found.items() if name in known}

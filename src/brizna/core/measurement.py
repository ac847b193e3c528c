"""Measurements: a forest of energy channels with gaps, and the runs that hold them.

Channels form a forest: a parent contains its children (the wall contains the management
controller's figure, which contains ``psys``, which contains ``package``, which contains ``core``
and ``uncore``; ``dram`` stands beside the package). Energy is summed over the roots only, so
nothing counts twice. What a parent has and its children have not is not told apart.
"""

from __future__ import annotations

from brizna.core.errors import InputError
from brizna.core.estimate import Estimate, estimate_of
from brizna.core.factors import Factor
from brizna.core.gauges import GaugeLevels
from brizna.core.quantities import Energy, Power
from brizna.core.records import Record, each
from brizna.core.site import Site
from brizna.core.work import Work

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, ClassVar

KINDS = ("node", "cpu", "core", "uncore", "memory", "gpu", "storage", "network")
"""What a channel can be the energy of."""
VIEWS = ("machine", "fair-share", "above-idle")
"""Whose energy a figure is: the whole machine's, the run's fair share of it with idle power, or
what the run used above idle."""
FORMULAS = {
    "fair_share_j": "sum over the channels of share * energy",
    "above_idle_j": "sum over the channels of share * (energy - idle power * time)",
}
"""How a run's own part of the energy is computed."""
VIEW_OF = {"fair_share_j": "fair-share", "above_idle_j": "above-idle"}
_NOT_TOLD_THEN = "the run was recorded before brizna could tell whose energy it was"


class Channel(Record):
    """One source of energy readings, as its meter declares it.

    Attributes:
        id: Unique within the run, e.g. ``rapl/package-0``; GPUs by UUID.
        kind: One of `KINDS`.
        method: How it is read, e.g. ``rapl``, ``nvml-energy``, ``nvml-power``, ``load-model``.
        basis: ``metered`` or ``modelled``.
        parent: Id of the channel that contains this one; None for a root.
        scope: What it sees: ``machine``, ``container`` or ``process``.
        counted_by: ``device`` if energy goes on being counted while nobody reads it, ``reader`` if
            it is integrated from one reading to the next.
        doubts: For each named doubt, the factors on the energy at its low and at its high end.
        max_power_w: Highest plausible power; bounds what a gap can hide. None if unknown.
        update_us: Longest time between two updates of the counter, in microseconds.
        mirror_group: Channels with one group may be views of one counter (dies of one package):
            where their readings are equal throughout, only the first is counted.
        raw_start: First raw reading, which tells a mirrored counter from an equal one.
        references: Ids of the tables and publications behind its factors.
        device: What the device calls itself, e.g. ``NVIDIA A100-SXM4-40GB``; None if it does not.
        idle_w: What it draws while nobody uses it, where a model says so; the channel's doubts
            are this number's too. None where that has to be measured.
        place: Where the device sits, e.g. the PCI address ``0000:65:00.0``; None if not known.
        view_of: The channel that shows the same energy already, by another way; None if none does.
    """

    id: str
    kind: str
    method: str
    basis: str
    parent: str | None = None
    scope: str = "machine"
    counted_by: str = "device"
    doubts: dict[str, list[float]] = {}
    max_power_w: float | None = None
    update_us: int = 0
    mirror_group: str | None = None
    raw_start: int | None = None
    references: tuple[str, ...] = ()
    device: str | None = None
    idle_w: float | None = None
    place: str | None = None
    view_of: str | None = None

    _forms: ClassVar = {"references": tuple}
    _later: ClassVar = ("idle_w", "place", "view_of")

    def _check(self) -> None:
        if self.basis not in ("metered", "modelled"):
            raise InputError("basis is {basis!r}: expected metered or modelled.", basis=self.basis)
        if self.kind not in KINDS:
            raise InputError(
                "{kind!r} is not a kind of channel; known: {known}.",
                kind=self.kind,
                known=", ".join(KINDS),
            )
        if self.counted_by not in ("device", "reader"):
            raise InputError(
                "counted_by is {counted_by!r}: expected device or reader.",
                counted_by=self.counted_by,
            )


class Gap(Record):
    """A time in which a channel's energy was not read, or not to be believed.

    Attributes:
        reason: What was seen, e.g. ``unreadable: Permission denied``.
        start_s: Where it begins, from the start of the run.
        end_s: Where it ends; None if the channel never came back.
        counted: Whether the device went on counting, so that no energy is missing.
        added_j: Energy put in for it (the mean power of both neighbours); None where one side is
            unknown and nothing was put in.
        most_j: Energy it can hide at most; None where no plausible power is known.
    """

    reason: str
    start_s: float
    end_s: float | None = None
    counted: bool = False
    added_j: float | None = None
    most_j: float | None = None


class ChannelEnergy(Record):
    """What one channel measured over a run.

    Attributes:
        energy_j: None where the channel gave no two readings; ``reason`` says why.
        mirror_of: The channel whose energy this one shows again; it is in no sum.
        untold_j: What of its energy no channel inside it has; below 0 where they contradict one
            another. None where there is nothing inside.
    """

    id: str
    kind: str
    method: str
    basis: str
    parent: str | None
    scope: str
    energy_j: Estimate | None
    reason: str | None = None
    mirror_of: str | None = None
    device: str | None = None
    gaps: tuple[Gap, ...] = ()
    untold_j: Estimate | None = None

    _forms: ClassVar = {
        "energy_j": estimate_of(Energy),
        "gaps": each(Gap.from_json),
        "untold_j": estimate_of(Energy),
    }
    _later: ClassVar = ("untold_j",)


class Phase(Record):
    """A named window inside a run; phases may nest and overlap.

    Attributes:
        start_s: From the start of the run.
        end_s: From the start of the run.
        energy_j: Of all roots; None where some root does not cover the window.
        open: Whether the run ended before the phase did.
        above_idle_j: Of that what the run used above idle; None where that is not known.
        fair_share_j: The run's fair share of it, idle included; None where that is not known.
        work: What was counted in it.
        count: How many windows of this name are told here together; where there are several,
            ``start_s`` is the start of the first and ``end_s`` the end of the last, and whose the
            energy was is not told.
        inside_s: Seconds inside these windows, summed; None for a single one.
    """

    name: str
    start_s: float
    end_s: float
    energy_j: Estimate | None
    open: bool = False
    above_idle_j: Estimate | None = None
    fair_share_j: Estimate | None = None
    work: tuple[Work, ...] = ()
    count: int = 1
    inside_s: float | None = None

    _forms: ClassVar = {
        "energy_j": estimate_of(Energy),
        "above_idle_j": estimate_of(Energy),
        "fair_share_j": estimate_of(Energy),
        "work": each(Work.from_json),
    }
    _later: ClassVar = ("above_idle_j", "fair_share_j", "work", "count", "inside_s")


class UserEnergy(Record):
    """What one user of the machine used of it while the run was measured.

    Attributes:
        id: ``run`` for the run itself, ``others`` for all that nobody watched, ``unattributed``
            for energy that nobody used or of which nobody can tell who did; else what it is, such
            as ``cgroup:/system.slice/x.service``.
        kind: ``tree`` (a command with all its descendants), ``block`` (a process while a block of
            it ran), ``cgroup``, ``others`` or ``unattributed``.
        cpu_time_s: CPU time used; None where not known.
        above_idle_j: Its part of the energy above idle; None where idle power is not known.
        fair_share_j: Its part of all energy, idle included.
        reason: Why something is None.
    """

    id: str
    kind: str
    cpu_time_s: float | None = None
    above_idle_j: Estimate | None = None
    fair_share_j: Estimate | None = None
    reason: str | None = None

    _forms: ClassVar = {
        "above_idle_j": estimate_of(Energy),
        "fair_share_j": estimate_of(Energy),
    }


class Attribution(Record):
    """Whose the energy was: parts of disjoint users that sum to the machine's.

    Attributes:
        users: The run first, then the watched ones, ``others`` and ``unattributed``; empty where
            nobody knows who used anything.
        reason: Why there are no users.
        above_idle_j: Of the whole machine, minus idle; None where idle power is not known.
        idle_w: What each root channel draws while nobody uses it, as far as that is known.
        idle_reason: Why above idle is not known.
        baseline: Where measured idle power comes from: ``digest``, ``measured`` (when), ``age_s``
            and ``stale`` (why it may not hold any more); None where it was not measured.
        untold: Channels of whose use nobody can tell, with the reason; all of their energy is
            unattributed.
        contradicted: Channels that read less than those inside them together, with how that is to
            be taken; what is left of them, below 0, is unattributed.
    """

    users: tuple[UserEnergy, ...] = ()
    reason: str | None = None
    above_idle_j: Estimate | None = None
    idle_w: dict[str, Estimate] = {}
    idle_reason: str | None = None
    baseline: dict[str, Any] | None = None
    untold: dict[str, str] = {}
    contradicted: dict[str, str] = {}

    _forms: ClassVar = {
        "users": each(UserEnergy.from_json),
        "above_idle_j": estimate_of(Energy),
        "idle_w": lambda powers: {
            channel: Estimate.from_json(Power, power) for channel, power in powers.items()
        },
    }
    _later: ClassVar = ("contradicted",)

    def run(self) -> UserEnergy | None:
        """Return the part of the run itself; None where nobody knows who used anything."""
        return self.users[0] if self.users else None


class Coverage(Record):
    """What a total holds, and what it does not.

    Attributes:
        metered: Kinds of channel read from a counter or sensor.
        modelled: Kinds of channel computed from load, size and published factors.
        not_seen: For each component that is in no channel, why.
        gap_s: Longest time in which some root was missing and not counted by its device.
    """

    metered: tuple[str, ...] = ()
    modelled: tuple[str, ...] = ()
    not_seen: dict[str, str] = {}
    gap_s: float = 0.0

    _forms: ClassVar = {"metered": tuple, "modelled": tuple}


class Measurement(Record):
    """Energy of a run by channel and phase.

    Attributes:
        energy_j: Sum over the roots; None where no root is known, with ``reason``.
        cpu_time_s: CPU time of the command and all its descendants; None where not read.
        cpu_time_coverage: ``exact``, or ``at-least`` with the blind spot in the run's notes.
        samples: How many readings were stored.
        attribution: Whose the energy was; None in runs recorded before brizna could tell.
        gauges: What was read beside the energy.
        work: What was counted.
    """

    energy_j: Estimate | None
    reason: str | None = None
    channels: tuple[ChannelEnergy, ...] = ()
    phases: tuple[Phase, ...] = ()
    coverage: Coverage = Coverage()
    cpu_time_s: float | None = None
    cpu_time_coverage: str | None = None
    samples: int = 0
    interval_s: float | None = None
    attribution: Attribution | None = None
    gauges: tuple[GaugeLevels, ...] = ()
    work: tuple[Work, ...] = ()

    _forms: ClassVar = {
        "energy_j": estimate_of(Energy),
        "channels": each(ChannelEnergy.from_json),
        "phases": each(Phase.from_json),
        "coverage": Coverage.from_json,
        "attribution": Attribution.from_json,
        "gauges": each(GaugeLevels.from_json),
        "work": each(Work.from_json),
    }
    _later: ClassVar = ("attribution", "gauges", "work")

    def seen_as(self, view: str) -> tuple[Estimate | None, str | None]:
        """Return the run's energy in one of `VIEWS`, or why it is not known."""
        if view == "machine":
            return self.energy_j, self.reason
        if self.attribution is None:
            return None, _NOT_TOLD_THEN
        own = self.attribution.run()
        if own is None:
            return None, self.attribution.reason
        return (own.fair_share_j if view == "fair-share" else own.above_idle_j), own.reason

    def roots(self) -> tuple[ChannelEnergy, ...]:
        """Return the channels that a total sums: without parent, and not shown twice."""
        return tuple(c for c in self.channels if c.parent is None and c.mirror_of is None)


class Run(Record):
    """One execution: what ran, where, for how long, and what was measured.

    Attributes:
        id: Time of start and chance, e.g. ``20261122T023501Z-7f3a9c``.
        command: The command line, secrets redacted; None for a measured block of Python.
        parent: Id of the run around this one.
        started: ISO 8601 in UTC.
        duration_s: From the first to the last reading, on a monotonic clock.
        exit_code: Of the command; None where it is not known.
        signal: Number of the signal that ended the command; None if none did.
        state: ``finished``; ``interrupted`` if brizna was killed before the end; ``failed`` if the
            command could not be started.
        notes: What a reader should know, in plain words.
        machine: A name for the machine that reveals neither host nor user.
        process: Who recorded it, so that a run inside another is known as such: ``host`` (a
            checksum), ``boot``, ``ns``, ``pid``, ``start``, ``ancestors`` (pid and start of the
            processes above) and ``boot_us`` (the start on the clock of that boot).
        factors: The published numbers that its channels rest on.
    """

    schema: ClassVar = "brizna.run/1"

    id: str
    name: str | None = None
    tags: tuple[str, ...] = ()
    parent: str | None = None
    command: tuple[str, ...] | None = None
    started: str
    duration_s: float
    exit_code: int | None = None
    signal: int | None = None
    state: str = "finished"
    notes: tuple[str, ...] = ()
    machine: str | None = None
    measurement: Measurement
    environment: dict[str, Any] = {}
    site: Site = Site()
    factors: tuple[Factor, ...] = ()
    brizna: str
    process: dict[str, Any] | None = None

    _later: ClassVar = ("factors", "process")
    _forms: ClassVar = {
        "tags": tuple,
        "command": tuple,
        "notes": tuple,
        "measurement": Measurement.from_json,
        "site": Site.from_json,
        "factors": each(Factor.from_json),
    }

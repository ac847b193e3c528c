"""One run from several, such as the ranks of one job: sums without counting anything twice.

A counter belongs to a machine. Where two of the runs read the same counter at the same time, it
counts once, as the longest of them read it; what sticks out of that is added as the others read
it then, by their journals. Where a journal is gone the others must lie within the longest run, or
nearly so (what sticks out becomes a doubt), else the merge is refused. Runs one after the other,
and counters of different machines, add up.

Which runs were on one machine is told by the boot of its kernel where they say it: containers on
one machine share that, whatever machine id their images have, and two machines never do.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime

from brizna.core.errors import BriznaError, InputError, Said
from brizna.core.estimate import total, weakest
from brizna.core.measurement import ChannelEnergy, Coverage, Gap, Measurement, Run
from brizna.core.nesting import outermost
from brizna.core.records import Record
from brizna.core.replay import power_series
from brizna.core.whose import merged_attribution
from brizna.core.work import merged_work
from brizna.store._reading import read_events

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from brizna.core.estimate import Estimate
    from brizna.core.site import Site
    from brizna.store._stored import StoredRun

_SLACK_S = 1.0
_SLACK_SHARE = 0.02
"""Ranks start and end a little apart: so much may stick out of the longest, in time."""
_OTHERS_STAY = (
    "What others used, and what the whole machine used above idle, stays with the merged runs: "
    "each saw its own time of the machine."
)


class _Part(Record):
    """One run with its place in the whole.

    Attributes:
        start_s: From the start of the earliest run.
        end_s: From the start of the earliest run.
        directory: Where its journal is.
    """

    run: Run
    start_s: float
    end_s: float
    directory: str


def merge_runs(stored: Sequence[StoredRun], *, name: str | None = None) -> Run:
    """Return one run, without an id, that sums these; it names the digest of each.

    Phases stay with the parts: they overlap in time and name the roots of their own run.

    Raises:
        InputError: If there are fewer than two, if one run is in two of them, if their sites
            differ, or if the same counter was read by runs that overlap only partly.
    """
    if len({part.run.id for part in stored}) < 2:
        raise InputError("A merge takes at least two different runs.")
    _check_apart([part.run for part in stored])
    parts = _placed(stored)
    runs = [part.run for part in parts]
    notes: dict[str, None] = {}
    channels = _channels(parts, notes)
    known = [c.energy_j for c in channels if c.parent is None and not c.mirror_of and c.energy_j]
    energy = total(known) if known else None
    outer = set(outermost(runs))
    cpu = [run.measurement.cpu_time_s for run in runs if run.id in outer]
    intervals = {run.measurement.interval_s for run in runs}
    attribution = merged_attribution(runs)
    left = ["The phases of the merged runs stay with them."]
    left += [_OTHERS_STAY] if attribution.users else []
    return Run(
        id="",
        name=name,
        tags=tuple(dict.fromkeys(tag for run in runs for tag in run.tags)),
        started=min(runs, key=_started).started,
        duration_s=max(part.end_s for part in parts),
        exit_code=_exit_code(runs),
        state=_state(runs),
        notes=(*notes, *left),
        machine=_one({run.machine for run in runs}),
        measurement=Measurement(
            energy_j=energy,
            reason=None if known else "no channel of the merged runs is known",
            channels=channels,
            coverage=_coverage(runs, channels),
            cpu_time_s=None if None in cpu else sum(value for value in cpu if value is not None),
            cpu_time_coverage=None if None in cpu else _cpu_coverage(runs),
            samples=sum(run.measurement.samples for run in runs),
            interval_s=_one(intervals),
            attribution=attribution,
            work=merged_work([run.measurement.work for run in runs], energy),
        ),
        environment={"merged": [_source(part) for part in stored]},
        site=_site(parts),
        factors=tuple({factor: None for run in runs for factor in run.factors}),
        brizna=max(run.brizna for run in runs),
    )


def _check_apart(runs: Sequence[Run]) -> None:
    """Refuse runs of which two hold the same run: what it used would count twice.

    Raises:
        InputError: If one is in two of them.
    """
    holders: dict[str, str] = {}
    for run in runs:
        for run_id in (run.id, *_merged_into(run.environment)):
            holder = holders.setdefault(run_id, run.id)
            if holder != run.id:
                raise InputError(
                    "{run_id} is in {first} and in {second}: what it used would count twice. "
                    "Merge runs of which none holds what another does.",
                    run_id=run_id,
                    first=holder,
                    second=run.id,
                )


def _merged_into(source: Mapping[str, Any]) -> Iterator[str]:
    """Yield the ids of the runs from which one was merged, and of those from which they were."""
    for part in source.get("merged") or ():
        yield part["id"]
        yield from _merged_into(part)


def _source(part: StoredRun) -> dict[str, Any]:
    """Return what a merged run says of one of its parts."""
    sources = part.run.environment.get("merged")
    return {"id": part.run.id, "run": part.digest, **({"merged": sources} if sources else {})}


def _placed(stored: Sequence[StoredRun]) -> list[_Part]:
    parts: list[_Part] = []
    for one, start_s in zip(stored, _starts([one.run for one in stored]), strict=True):
        end_s = start_s + one.run.duration_s
        parts.append(_Part(run=one.run, start_s=start_s, end_s=end_s, directory=one.directory))
    machines = _machines(parts)
    return [
        part.replace(run=part.run.replace(machine=machine))
        for part, machine in zip(parts, machines, strict=True)
    ]


def _starts(runs: Sequence[Run]) -> list[float]:
    """Return when each run began, in seconds since the earliest.

    The wall clock is read once the run is under way, late by as long as that took. Where the clock
    since the machine's start is known, it says how far runs of one machine are apart.
    """
    first = min(map(_started, runs))
    starts = [(_started(run) - first).total_seconds() for run in runs]
    anchors: dict[str, tuple[int, float]] = {}
    booted = [(_boot(run), (run.process or {}).get("boot_us")) for run in runs]
    for (boot, boot_us), start_s in sorted(zip(booted, starts, strict=True), key=_begun):
        if boot is not None and boot_us is not None:
            anchors.setdefault(boot, (boot_us, start_s))
    for at, (boot, boot_us) in enumerate(booted):
        if boot is not None and boot_us is not None:
            anchor_us, anchor_s = anchors[boot]
            starts[at] = anchor_s + (boot_us - anchor_us) / 1e6
    return starts


def _begun(one: tuple[tuple[str | None, int | None], float]) -> int:
    return one[0][1] or 0


def _machines(parts: Sequence[_Part]) -> list[str | None]:
    """Return on which machine each run was: by boot where that is known, else by name."""
    named: dict[str, str | None] = {}
    for part in parts:
        named.setdefault(_boot(part.run) or f"machine {part.run.machine}", part.run.machine)
    found = [named[_boot(part.run) or f"machine {part.run.machine}"] for part in parts]
    for index, part in enumerate(parts):
        boot = _boot(part.run)
        if boot is not None and any(
            machine == found[index] and _boot(other.run) not in {None, boot} and _meet(part, other)
            for other, machine in zip(parts, found, strict=True)
        ):
            shared = found[index]  # copies of one image on several machines
            found = [
                f"{machine}.{_boot(other.run)}"
                if machine == shared and _boot(other.run)
                else machine
                for other, machine in zip(parts, found, strict=True)
            ]
    return found


def _boot(run: Run) -> str | None:
    return run.environment.get("boot")


def _meet(one: _Part, other: _Part) -> bool:
    """Tell whether two runs overlap in time."""
    return one.start_s < other.end_s and other.start_s < one.end_s


def _started(run: Run) -> datetime:
    return datetime.fromisoformat(run.started).astimezone(UTC)


def _channels(parts: Sequence[_Part], notes: dict[str, None]) -> tuple[ChannelEnergy, ...]:
    machines = {part.run.machine for part in parts}
    groups: dict[str, list[tuple[_Part, ChannelEnergy]]] = {}
    for part in parts:
        for channel in part.run.measurement.channels:
            named = channel
            if len(machines) > 1:
                named = channel.replace(
                    id=_name(channel, part.run.machine),
                    parent=channel.parent and f"{channel.parent}@{part.run.machine}",
                    mirror_of=channel.mirror_of and f"{channel.mirror_of}@{part.run.machine}",
                )
            groups.setdefault(named.id, []).append((part, named))
    return tuple(_channel(group, notes) for group in groups.values())


def _name(channel: ChannelEnergy, machine: str | None) -> str:
    """Return a name that is unique among machines: that of a GPU already is."""
    is_unique = channel.kind == "gpu" and channel.parent is None
    return channel.id if is_unique else f"{channel.id}@{machine}"


def _channel(group: list[tuple[_Part, ChannelEnergy]], notes: dict[str, None]) -> ChannelEnergy:
    first = group[0][1]
    if len({(channel.parent, channel.mirror_of) for _, channel in group}) > 1:
        raise InputError(
            "The runs disagree about what contains {channel!r}: a sum could count it twice. Merge "
            "only runs that were measured in the same way.",
            channel=first.id,
        )
    group.sort(key=lambda member: member[0].start_s)
    energies: list[Estimate] = []
    gaps: list[Gap] = []
    for cluster in _clusters(group):
        knowing = [member for member in cluster if member[1].energy_j is not None]
        if knowing:
            part, channel, energy = _once(knowing, notes)
            energies.append(energy)
        else:
            part, channel = max(cluster, key=_length_s)
        gaps += [_moved(gap, part) for gap in channel.gaps]
        gaps += _unknown(cluster, knowing)
    return first.replace(
        basis=weakest(*(channel.basis for _, channel in group)),
        energy_j=total(energies) if energies else None,
        reason=None if energies else first.reason,
        gaps=tuple(gaps),
    )


def _length_s(member: tuple[_Part, ChannelEnergy]) -> float:
    return member[0].run.duration_s


def _moved(gap: Gap, part: _Part) -> Gap:
    """Return a gap of a run in the time of the whole; one that never ended ends with its run."""
    end_s = part.end_s if gap.end_s is None else gap.end_s + part.start_s
    return gap.replace(start_s=gap.start_s + part.start_s, end_s=end_s)


def _unknown(
    cluster: Sequence[tuple[_Part, ChannelEnergy]],
    knowing: Sequence[tuple[_Part, ChannelEnergy]],
) -> list[Gap]:
    """Return a gap wherever only runs that do not know a channel's energy were going on."""
    found: list[Gap] = []
    covered = sorted((part.start_s, part.end_s) for part, _ in knowing)
    for part, channel in cluster:
        if channel.energy_j is not None:
            continue
        reason = Said(
            "not known in the run {run_id}: {reason}", run_id=part.run.id, reason=channel.reason
        )
        at_s = part.start_s
        for start_s, end_s in [*covered, (part.end_s, part.end_s)]:
            if min(start_s, part.end_s) > at_s:
                found.append(Gap(reason=str(reason), start_s=at_s, end_s=min(start_s, part.end_s)))
            at_s = max(at_s, end_s)
        covered = sorted([*covered, (part.start_s, part.end_s)])
    return found


def _clusters(
    group: Sequence[tuple[_Part, ChannelEnergy]],
) -> list[list[tuple[_Part, ChannelEnergy]]]:
    """Return the members that overlap in time together, in order."""
    clusters: list[list[tuple[_Part, ChannelEnergy]]] = []
    until_s = 0.0
    for member in group:
        if clusters and member[0].start_s < until_s:
            clusters[-1].append(member)
        else:
            clusters.append([member])
        until_s = max(until_s, member[0].end_s)
    return clusters


def _once(
    cluster: Sequence[tuple[_Part, ChannelEnergy]], notes: dict[str, None]
) -> tuple[_Part, ChannelEnergy, Estimate]:
    """Return the longest member's energy for all, with what sticks out of it."""
    part, channel = max(cluster, key=_length_s)
    energy = channel.energy_j
    assert energy is not None, "only those that know it are asked"
    pieces = _outside(part, cluster)
    outside_s = part.start_s - min(other.start_s for other, _ in cluster)
    outside_s += max(other.end_s for other, _ in cluster) - part.end_s
    if len(cluster) == 1:
        return part, channel, energy
    if pieces is None and outside_s > max(_SLACK_S, _SLACK_SHARE * part.run.duration_s):
        others = ", ".join(other.run.id for other, _ in cluster if other is not part)
        raise InputError(
            "{channel!r} was read by {run_id} and by {others} in times that overlap only partly "
            "({outside_s:.3g} s stick out): expected runs side by side or one after the other. "
            "Merge fewer of them.",
            channel=channel.id,
            run_id=part.run.id,
            others=others,
            outside_s=outside_s,
        )
    once = Said(
        "Runs that overlap on {machine} read the same counters: {channel} counts once, as {run_id} "
        "read it.",
        machine=part.run.machine,
        channel=channel.id,
        run_id=part.run.id,
    )
    notes[str(once)] = None
    if pieces is not None:
        energy = total([energy, *pieces])
    elif outside_s > 0:
        more = energy.best * (1 + outside_s / part.run.duration_s)
        energy = energy.doubted(f"merge:{channel.id}@{part.run.id}", energy.best, more)
    return part, channel, energy


def _outside(
    longest: _Part, cluster: Sequence[tuple[_Part, ChannelEnergy]]
) -> list[Estimate] | None:
    """Return what a channel counted before and after the longest run, as the others read it.

    None where a journal that would tell is gone.
    """
    begun_s, ended_s = longest.start_s, longest.end_s
    found: list[Estimate | None] = []
    for part, channel in sorted(cluster, key=_length_s, reverse=True):
        if part.start_s < begun_s:
            found.append(_within(part, channel, part.start_s, min(begun_s, part.end_s)))
            begun_s = part.start_s
        if part.end_s > ended_s:
            found.append(_within(part, channel, max(ended_s, part.start_s), part.end_s))
            ended_s = part.end_s
    known = [piece for piece in found if piece is not None]
    return known if len(known) == len(found) else None


def _within(part: _Part, channel: ChannelEnergy, from_s: float, to_s: float) -> Estimate | None:
    """Return what a run's channel counted between two times of the whole; None if not known."""
    try:
        events, _ = read_events(os.path.join(part.directory, "journal.jsonl"))
    except BriznaError:
        return None
    whole = channel.energy_j
    name = channel.id.removesuffix(f"@{part.run.machine}")
    power = power_series(events).get(name)
    if whole is None or not power or whole.best.value <= 0:
        return None
    counted_j, begun_s = 0.0, part.start_s
    for end_s, power_w in power:
        late_s = part.start_s + end_s
        inside_s = min(late_s, to_s) - max(begun_s, from_s)
        counted_j += power_w * inside_s if inside_s > 0 else 0.0
        begun_s = late_s
    return whole * (counted_j / whole.best.value)


def _coverage(runs: Sequence[Run], channels: Sequence[ChannelEnergy]) -> Coverage:
    roots = [c for c in channels if c.parent is None and c.mirror_of is None and c.energy_j]
    not_seen: dict[str, str] = {}
    for component in dict.fromkeys(c for run in runs for c in run.measurement.coverage.not_seen):
        reasons = {run.id: run.measurement.coverage.not_seen.get(component) for run in runs}
        reason = _one(set(reasons.values()))
        told = [
            str(Said("{reason} (in {run_id})", reason=why, run_id=run_id))
            for run_id, why in reasons.items()
            if why is not None
        ]
        not_seen[component] = "; ".join(told) if reason is None else reason
    return Coverage(
        metered=tuple(dict.fromkeys(c.kind for c in roots if c.basis == "metered")),
        modelled=tuple(dict.fromkeys(c.kind for c in roots if c.basis == "modelled")),
        not_seen=not_seen,
        gap_s=max(map(_missing_s, roots), default=0.0),
    )


def _missing_s(channel: ChannelEnergy) -> float:
    """Return for how long a channel of the whole was missing and not counted by its device."""
    return sum(
        gap.end_s - gap.start_s for gap in channel.gaps if not gap.counted and gap.end_s is not None
    )


def _site(parts: Sequence[_Part]) -> Site:
    """Return the site that all runs share; their hardware by machine where it is several.

    A machine that was not reserved all the time has ``reserved_s``, the seconds that it was: what
    lies idle between two runs is not theirs to carry.
    """
    runs = [part.run for part in parts]
    site = runs[0].site
    for run in runs[1:]:
        if run.site.replace(hardware=None) != site.replace(hardware=None):
            raise InputError(
                "{first} and {second} ran at sites with other factors (zone, PUE, tariff): their "
                "joules may be summed, but not accounted as one. Account each by itself.",
                first=runs[0].id,
                second=run.id,
            )
    hardware = _hardware(runs)
    whole_s = max(part.end_s for part in parts)
    for machine, reserved_s in _reserved_s(parts).items():
        known = hardware[machine]
        if known is not None:
            held = {"reserved_s": reserved_s} if reserved_s < whole_s else {}
            kept = {name: value for name, value in known.items() if name != "reserved_s"}
            hardware[machine] = {**kept, **held}
    if len(hardware) == 1:
        return site.replace(hardware=next(iter(hardware.values())))
    return site.replace(hardware={"machines": hardware})


def _reserved_s(parts: Sequence[_Part]) -> dict[str, float]:
    """Return for how long each machine was reserved by at least one of the runs, in seconds."""
    spans: dict[str, list[tuple[float, float]]] = {}
    for part in parts:
        known = part.run.site.hardware or {}
        machines: dict[str, Any] = known.get("machines") or {str(part.run.machine): known}
        for machine, hardware in machines.items():
            told: dict[str, Any] = hardware or {}
            reserved_s = float(told.get("reserved_s", part.run.duration_s))
            spans.setdefault(machine, []).append((part.start_s, part.start_s + reserved_s))
    return {machine: _union_s(sorted(held)) for machine, held in spans.items()}


def _union_s(spans: Sequence[tuple[float, float]]) -> float:
    """Return how many seconds lie in at least one of the spans, which are sorted."""
    held_s, until_s = 0.0, 0.0
    for start_s, end_s in spans:
        if end_s > until_s:
            held_s += end_s - max(start_s, until_s)
            until_s = end_s
    return held_s


def _hardware(runs: Sequence[Run]) -> dict[str, dict[str, Any] | None]:
    """Return what each machine is, each graphics card once; None where no run says."""
    hardware: dict[str, dict[str, Any] | None] = {}
    cards: dict[str, tuple[str, str | None]] = {}
    for run in runs:
        known = run.site.hardware
        merged = known.get("machines") if known else None
        for machine, parts in (merged or {str(run.machine): known}).items():
            hardware[machine] = hardware.get(machine) or parts
        for channel in run.measurement.channels if merged is None else ():
            if channel.kind == "gpu":
                cards.setdefault(channel.id, (str(run.machine), channel.device))
    for machine, parts in hardware.items():
        seen = [device for place, device in cards.values() if place == machine]
        if parts and machine in {str(run.machine) for run in runs}:
            hardware[machine] = {**parts, "gpus": seen}
    return hardware


def _exit_code(runs: Sequence[Run]) -> int | None:
    """Return the first code that is not 0; else 0, or None where one is unknown."""
    codes = [run.exit_code for run in runs]
    failed = [code for code in codes if code]
    return failed[0] if failed else None if None in codes else 0


def _state(runs: Sequence[Run]) -> str:
    states = {run.state for run in runs}
    return next((state for state in ("interrupted", "failed") if state in states), "finished")


def _cpu_coverage(runs: Sequence[Run]) -> str:
    kinds = {run.measurement.cpu_time_coverage for run in runs}
    return "exact" if kinds == {"exact"} else "at-least"


def _one(values: set[Any]) -> Any:
    """Return the value that is the only one; None if there are several."""
    return next(iter(values)) if len(values) == 1 else None

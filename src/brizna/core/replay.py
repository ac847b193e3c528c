"""From the events of a journal to the run that they tell: a pure function.

The same function serves a run that ended well, one whose recorder was killed, and a test. It
takes events as decoded JSON objects, in the order in which they were written:

==============  ====================================================================================
event           fields
==============  ====================================================================================
``start``       schema, id, name, tags, parent, command, started, interval_us, boot_us, machine,
                brizna, site, writer, ancestors (pid and start of the processes above)
``channel``     the fields of `Channel`
``unseen``      component, reason: what no meter covers
``child``       pid, start_ticks: the command's process
(none)          t, c, cpu, mem, gpu: a sample. ``t`` is in microseconds on the boot-time clock
                since the start; ``c`` holds, in the order of the channels, microjoules counted
                since the start, or null where unreadable. The others say who used the machine, in
                the order of the users and the whole machine last, null where unknown, and may be
                in few samples only: ``cpu`` counts microseconds of CPU time, ``mem`` is bytes
                resident now, ``gpu`` counts by channel microseconds in which the device was busy.
                ``container`` holds a ``cpu`` and a ``mem`` of the same form of the container whose
                share of the machine some channels cover: its own use last, null for users outside
``users``       users: ``id`` and ``kind`` of each user of the machine; the first is the run. A
                later event may name more, never fewer. Journals without it know the run alone
``gauges``      gauges: id, unit, source and whether it counts, of what is read beside the energy; a
                sample's ``g`` holds the readings in that order, null where unknown, and is in few
                samples only. A later event names more
``asleep``      from, to: the machine was suspended
``baseline``    what is drawn while nobody uses anything: ``baseline`` (a ``brizna.baseline/1``
                record or null), its ``digest``, why it may be ``stale``, and ``declared`` watts by
                channel
``gap``         channel, reason, from, to (null while it lasts), counted
``begin``       w, name, t, c: a window opens, numbered ``w``
``finish``      w, t, c: it closes. In these and in samples ``work``, where work is counted, holds
                by name how much was done since the start
``folded``      name, count, from, to, inside_us, channels, work: many windows of one name that are
                over, in a journal that grew too long. ``channels`` has, by id, their microjoules
                and how much less and more these may be for the windows' edges, or null
``cpu``         coverage: ``exact`` or ``at-least``, and why
``environment``, ``hardware``, ``factors``   what was captured after the command had started
``note``        text
``end``         exit_code, signal, state
==============  ====================================================================================

Marks (``brizna mark``) come from a file of their own: name, t, whether they only end a phase, and
``count``, the work done since the mark before. A mark ends the marked phase before it, unless it
has no name and only counts. Marks after the last sample are not part of the run.
"""

from __future__ import annotations

from brizna.core.errors import IntegrityError, Said
from brizna.core.estimate import Estimate, total
from brizna.core.factors import Factor
from brizna.core.gauges import Gauge, gauge_levels, idle_spans
from brizna.core.measurement import (
    Channel,
    ChannelEnergy,
    Coverage,
    Measurement,
    Phase,
    Run,
)
from brizna.core.quantities import Energy
from brizna.core.series import UJ, US, Series, fill_gaps, mirrors_of, overlap_s, share, stand_in
from brizna.core.site import Site
from brizna.core.whose import Whose
from brizna.core.windows import Together, fold, latest, many
from brizna.core.work import WorkLog, only_counts, work_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    Event = Mapping[str, Any]

JOURNAL_SCHEMA = "brizna.journal/1"

_NEGLIGIBLE = 1e-9
"""A doubt smaller than this share of the energy is not written down."""
_DISAGREES = 1.1
"""Counter and power of one device are each stated to be right within 5 %: beyond, one is wrong."""
_LEAST_SHARE = 0.01
"""Of the energy of a window, what is left of it where the doubt about an edge would take it all."""


def replay(events: Iterable[Event], marks: Iterable[Event] = ()) -> Run:
    """Return the run that a journal tells.

    Args:
        events: The events in the order in which they were written.
        marks: The marks of the run's marks file, in order.

    Raises:
        IntegrityError: If there is no start event: then nothing is known of the run.
    """
    story = _Story(events, marks)
    start = story.start
    measurement = story.measurement()
    end = story.end or {}
    notes = [event["text"] for event in story.notes] + story.sleep_notes()
    if not story.end:
        notes.append("The recorder stopped before the command was seen to end.")
    return Run(
        id=start["id"],
        name=start.get("name"),
        tags=tuple(start.get("tags", ())),
        parent=start.get("parent"),
        command=None if start.get("command") is None else tuple(start["command"]),
        started=start["started"],
        duration_s=(story.last_us - story.first_us) * US,
        exit_code=end.get("exit_code"),
        signal=end.get("signal"),
        state=end.get("state", "interrupted"),
        notes=tuple(notes),
        machine=start.get("machine"),
        measurement=measurement,
        environment=story.environment,
        site=story.site(),
        factors=story.factors,
        brizna=start["brizna"],
        process=_process(start, story.first_us),
    )


def _process(start: Event, first_us: int) -> dict[str, Any] | None:
    """Return who recorded the run, and when on the boot's clock: it begins with a reading."""
    writer = start.get("writer")
    if not writer or start.get("boot_us") is None:
        return None
    begun_us = start["boot_us"] + first_us
    return {**writer, "ancestors": start.get("ancestors") or [], "boot_us": begun_us}


class _Story:
    """The events of one journal, sorted by what they are about."""

    def __init__(self, events: Iterable[Event], marks: Iterable[Event]) -> None:
        self.samples: list[Event] = []
        self.channels: list[Channel] = []
        self.unseen: dict[str, str] = {}
        self.gaps: list[Event] = []
        self.windows: dict[int, dict[str, Any]] = {}
        self.folded: dict[str, Event] = {}
        self.notes: list[Event] = []
        self.environment: dict[str, Any] = {}
        self.hardware: dict[str, Any] | None = None
        self.factors: tuple[Factor, ...] = ()
        self.cpu: Event = {}
        self.gauges: list[Gauge] = []
        self.users: list[Event] = []
        self.baseline: Event = {}
        self.asleep_us: list[tuple[int, int]] = []
        self.end: Event | None = None
        start: Event | None = None
        for event in events:
            kind = event.get("e")
            if kind is None:
                self.samples.append(event)
            elif kind == "start":
                start = event
            else:
                self._take(kind, event)
        if start is None:
            raise IntegrityError(
                "This journal has no start event: its first line is lost, and with it which "
                "channels were read. Restore the file from a copy."
            )
        self.start = start
        self.samples.sort(key=lambda sample: sample["t"])
        self.first_us: int = self.samples[0]["t"] if self.samples else 0
        self.last_us: int = self.samples[-1]["t"] if self.samples else 0
        self.marks = [mark for mark in marks if mark["t"] <= self.last_us]
        self.series = self._series()
        self.work = WorkLog(self.samples, self.marks)
        self.idle = {
            channel.id: idle_spans(channel.id, self.gauges, self.samples)
            for channel in self.channels
            if channel.kind == "gpu" and self.gauges
        }

    def _take(self, kind: str, event: Event) -> None:
        if kind == "channel":
            fields = {name: value for name, value in event.items() if name != "e"}
            self.channels.append(Channel.from_json(fields))
        elif kind == "unseen":
            self.unseen[event["component"]] = event["reason"]
        elif kind == "gap":
            self.gaps.append(event)
        elif kind == "begin":
            self.windows[event["w"]] = {"name": event["name"], "from": event["t"]}
            self.samples.append(event)
        elif kind == "finish":
            if event["w"] in self.windows:  # else its begin is lost: nobody knows since when
                self.windows[event["w"]]["to"] = event["t"]
            self.samples.append(event)
        elif kind == "folded":
            self.folded[event["name"]] = event
        elif kind == "environment":
            self.environment = dict(event["environment"])
        elif kind == "hardware":
            self.hardware = dict(event["hardware"])
        elif kind == "factors":
            self.factors = tuple(map(Factor.from_json, event["factors"]))
        elif kind == "cpu":
            self.cpu = event
        elif kind == "gauges":
            self.gauges += map(Gauge.from_json, event["gauges"])
        elif kind == "users":
            self.users = list(event["users"])
        elif kind == "baseline":
            self.baseline = event
        elif kind == "asleep":
            self.asleep_us.append((event["from"], event["to"]))
        elif kind == "note":
            self.notes.append(event)
        elif kind == "end":
            self.end = event

    def site(self) -> Site:
        site = Site.from_json(self.start.get("site") or {})
        return site if self.hardware is None else site.replace(hardware=self.hardware)

    def sleep_notes(self) -> list[str]:
        """Return what a reader should know of the time in which the machine slept."""
        models = [channel.id for channel in self.channels if channel.basis == "modelled"]
        if not models or not self.asleep_us:
            return []
        text = Said(
            "The machine was suspended for {asleep_s} s. What {channels} drew meanwhile is not "
            "known and not counted.",
            asleep_s=round(sum(to_us - from_us for from_us, to_us in self.asleep_us) * US),
            channels=", ".join(models),
        )
        return [str(text)]

    def _series(self) -> list[Series]:
        made: list[Series] = []
        for index, channel in enumerate(self.channels):
            readings: dict[int, int] = {}
            for sample in self.samples:
                counted = sample.get("c") or ()
                if index < len(counted) and counted[index] is not None:
                    readings[sample["t"]] = counted[index]
            series = Series(channel, list(readings.items()))
            fill_gaps(series, self._gaps_of(channel.id), self.last_us)
            made.append(series)
        stand_in(made)
        return made

    def _gaps_of(self, channel: str) -> list[Event]:
        """Return a channel's gaps: a later event about one start replaces the earlier."""
        latest = {gap["from"]: gap for gap in self.gaps if gap["channel"] == channel}
        return [latest[key] for key in sorted(latest)]

    def measurement(self) -> Measurement:
        mirrors = mirrors_of(self.series)
        channels = _told_apart([self._channel_energy(each, mirrors) for each in self.series])
        roots = [
            series
            for series, channel in zip(self.series, channels, strict=True)
            if channel.parent is None and channel.mirror_of is None
        ]
        known = [
            c.energy_j for c in channels if c.parent is None and not c.mirror_of and c.energy_j
        ]
        interval_us = self.start.get("interval_us")
        whose = self._whose(mirrors)
        self.factors += whose.factors
        cpu = [
            sample["cpu"][0]
            for sample in self.samples
            if (sample.get("cpu") or [None])[0] is not None
        ]
        energy = total(known) if known else None
        return Measurement(
            energy_j=energy,
            reason=None if known else "no channel gave two readings",
            channels=channels,
            phases=self._told_phases(roots, whose),
            coverage=self._coverage(channels),
            cpu_time_s=cpu[-1] * US if cpu else None,
            cpu_time_coverage=self.cpu.get("coverage") if cpu else None,
            samples=len(self.samples),
            interval_s=None if interval_us is None else interval_us * US,
            attribution=whose.attribution(self._energy),
            gauges=gauge_levels(self.gauges, self.samples),
            work=self.work.all(energy),
        )

    def _whose(self, mirrors: dict[str, str]) -> Whose:
        return Whose(
            self.start,
            self.samples,
            [s for s in self.series if len(s.t_us) >= 2 and s.channel.id not in mirrors],
            users=self.users,
            baseline=self.baseline,
            asleep_us=self.asleep_us,
        )

    def _channel_energy(self, series: Series, mirrors: dict[str, str]) -> ChannelEnergy:
        channel = series.channel
        energy = None
        if len(series.t_us) >= 2:
            energy = self._energy(series, series.t_us[0], series.t_us[-1], whole=True)
        return ChannelEnergy(
            id=channel.id,
            kind=channel.kind,
            method=channel.method,
            basis=channel.basis,
            parent=channel.parent,
            scope=channel.scope,
            energy_j=energy,
            reason=None if energy else "fewer than two readings",
            mirror_of=mirrors.get(channel.id),
            device=channel.device,
            gaps=tuple(series.gaps),
        )

    def _energy(
        self, series: Series, start_us: int, end_us: int, *, whole: bool
    ) -> Estimate | None:
        """Return a channel's energy in a window; None where the readings do not span it."""
        first, last = series.counted(start_us), series.counted(end_us)
        if first is None or last is None:
            return None
        channel, run = series.channel, self.start["id"]
        energy_uj = last[1] - first[1]
        hidden = [
            gap
            for gap in series.gaps
            if not gap.counted and (whole or overlap_s(gap, start_us, end_us) > 0)
        ]
        bare = energy_uj * UJ
        parts = [1.0 if whole else share(gap, start_us, end_us, self.last_us) for gap in hidden]
        added = sum(part * (gap.added_j or 0.0) for part, gap in zip(parts, hidden, strict=True))
        estimate = self._doubt_channel(series, bare + added)
        if hidden:
            most = sum(
                part * (gap.most_j if gap.most_j is not None else gap.added_j or 0.0)
                for part, gap in zip(parts, hidden, strict=True)
            )
            estimate = estimate.doubted(
                f"gap:{channel.id}@{run}", Energy(bare), Energy(bare + max(most, added))
            )
        estimate = self._doubt_idle(estimate, series, start_us, end_us)
        if start_us == end_us:  # one edge, entered and left: its doubt cancels
            return estimate
        for edge_us, counted, sign in ((start_us, first, -1.0), (end_us, last, 1.0)):
            estimate = self._doubt_edge(estimate, series, edge_us, counted, sign)
        return estimate

    def _doubt_idle(
        self, estimate: Estimate, series: Series, start_us: int, end_us: int
    ) -> Estimate:
        """Add what a device's own power told beyond its counter while it idled."""
        more_j = 0.0
        for since_us, until_us, power_w in self.idle.get(series.channel.id, ()):
            first, last = series.counted(since_us), series.counted(until_us)
            inside_us = min(until_us, end_us) - max(since_us, start_us)
            if first is None or last is None or inside_us <= 0:
                continue
            counted_w = (last[1] - first[1]) / (until_us - since_us)
            if power_w > _DISAGREES * counted_w:
                more_j += (power_w - counted_w) * inside_us * US
        if not more_j:
            return estimate
        name = f"meter:idle/{series.channel.id}@{self.start.get('machine')}"
        return estimate.doubted(name, estimate.best, Energy(estimate.best.value + more_j))

    def _doubt_edge(
        self,
        estimate: Estimate,
        series: Series,
        edge_us: int,
        counted: tuple[float, float, float],
        sign: float,
    ) -> Estimate:
        """Add the doubt about how much was counted at one edge of a window.

        Two windows that meet share the edge and its name, with opposite signs: it cancels when
        they are summed. Only in a window shorter than the counter's update, all of whose energy
        may have been counted before or after it, does the doubt end short of that: no window
        takes less than nothing.
        """
        stale = series.stale_uj(edge_us)
        low, best, high = counted
        fewer, more = (low - best) * UJ, (high - best + stale) * UJ
        energy_j = estimate.best.value
        if more - fewer <= _NEGLIGIBLE * abs(energy_j):
            return estimate
        least_j = _LEAST_SHARE * energy_j
        low, high = (max(energy_j + sign * end, least_j) for end in (fewer, more))
        name = f"edge:{self.start['id']}/{series.channel.id}/{edge_us}"
        return estimate.doubted(name, Energy(low), Energy(high))

    def _phases(self) -> list[dict[str, Any]]:
        phases = [{**window, "w": number} for number, window in self.windows.items()]
        current: dict[str, Any] | None = None
        for mark in self.marks:
            if only_counts(mark):
                continue
            if current is not None:
                current["to"] = mark["t"]
            current = None
            if not mark.get("ends"):
                current = {"name": mark["name"], "from": mark["t"]}
                phases.append(current)
        phases.sort(key=lambda phase: phase["from"])
        return phases

    def _told_phases(self, roots: Sequence[Series], whose: Whose) -> tuple[Phase, ...]:
        """Return the phases in the order of time, many of one name as one."""
        gathered = many(self.windows.values(), self.folded)
        told = [
            self._phase(window, roots, whose)
            for window in self._phases()
            if window["name"] not in gathered or "to" not in window or "w" not in window
        ]
        told += [
            self._together(Together(name, closed, self.folded.get(name)), roots)
            for name, closed in gathered.items()
        ]
        return tuple(sorted(told, key=lambda phase: phase.start_s))

    def _together(self, windows: Together, roots: Sequence[Series]) -> Phase:
        """Return many windows of one name as one phase."""
        parts = [self._energy_together(series, windows) for series in roots]
        known = [part for part in parts if part is not None]
        energy = total(known) if known and len(known) == len(parts) else None
        return Phase(
            name=windows.name,
            start_s=windows.from_us * US,
            end_s=windows.to_us * US,
            energy_j=energy,
            work=work_of(windows.work(self.work), energy),
            count=windows.count,
            inside_s=windows.inside_us * US,
        )

    def latest(self, name: str, count: int) -> Estimate | None:
        """Return the energy of the latest closed windows of a name; None if that is not known."""
        whole = latest(name, count, self.windows.values(), self.folded.get(name))
        if whole is None:
            return None
        mirrors = mirrors_of(self.series)
        roots = [s for s in self.series if not s.channel.parent and s.channel.id not in mirrors]
        parts = [self._energy_together(series, whole) for series in roots]
        told = [part for part in parts if part is not None]
        return total(told) if told and len(told) == len(parts) else None

    def _energy_together(self, series: Series, windows: Together) -> Estimate | None:
        """Return a channel's energy in many windows, with the doubts of one."""
        summed = windows.sum(series, self.last_us)
        if summed.best_uj is None:
            return None
        channel, run = series.channel, self.start["id"]
        bare = summed.best_uj * UJ
        estimate = self._doubt_channel(series, bare + summed.added_uj * UJ)
        if summed.has_gap:
            most = max(summed.most_uj, summed.added_uj) * UJ
            estimate = estimate.doubted(
                f"gap:{channel.id}@{run}", Energy(bare), Energy(bare + most)
            )
        estimate = self._doubt_idle(estimate, series, windows.from_us, windows.to_us)
        energy_j = estimate.best.value
        if (summed.more_uj - summed.fewer_uj) * UJ <= _NEGLIGIBLE * abs(energy_j):
            return estimate
        low_j = max(energy_j + summed.fewer_uj * UJ, _LEAST_SHARE * energy_j)
        high_j = energy_j + min(summed.more_uj, series.uj[-1] - summed.best_uj) * UJ
        name = f"edge:{run}/{channel.id}/{windows.name}"
        return estimate.doubted(name, Energy(low_j), Energy(max(high_j, energy_j)))

    def _doubt_channel(self, series: Series, energy_j: float) -> Estimate:
        """Return joules of a channel with the doubts about its device."""
        channel = series.channel
        estimate = Estimate(
            Energy(energy_j), basis=channel.basis, references=(channel.id, *channel.references)
        )
        for name, (low, high) in channel.doubts.items():
            estimate = estimate.doubted_by(name, low, high)
        return estimate

    def _phase(self, window: Mapping[str, Any], roots: Sequence[Series], whose: Whose) -> Phase:
        start_us = min(max(window["from"], 0), self.last_us)
        end_us = min(window.get("to", self.last_us), self.last_us)
        parts = [self._energy(series, start_us, end_us, whole=False) for series in roots]
        known = [part for part in parts if part is not None]
        is_whole = bool(known) and len(known) == len(parts)
        above, fair = whose.phase(self._energy, start_us, end_us) if is_whole else (None, None)
        energy = total(known) if is_whole else None
        return Phase(
            name=window["name"],
            start_s=start_us * US,
            end_s=end_us * US,
            energy_j=energy,
            open="to" not in window,
            above_idle_j=above,
            fair_share_j=fair,
            work=self.work.between(start_us, end_us, energy),
        )

    def _coverage(self, channels: Sequence[ChannelEnergy]) -> Coverage:
        roots = [c for c in channels if c.parent is None and c.mirror_of is None]
        seen: dict[str, list[str]] = {"metered": [], "modelled": []}
        not_seen = dict(self.unseen)
        for channel in roots:
            if channel.energy_j is not None:
                seen[channel.basis].append(channel.kind)
            else:
                component = f"{channel.kind}/{channel.id.rpartition('/')[2]}"
                seen_as = channel.gaps[0].reason if channel.gaps else channel.reason
                not_seen.setdefault(component, seen_as or "not known")
        gaps = [
            sum(
                (self.last_us * US if gap.end_s is None else gap.end_s) - gap.start_s
                for gap in channel.gaps
                if not gap.counted
            )
            for channel in roots
        ]
        return Coverage(
            metered=tuple(dict.fromkeys(seen["metered"])),
            modelled=tuple(dict.fromkeys(seen["modelled"])),
            not_seen=not_seen,
            gap_s=max(gaps, default=0.0),
        )


def fold_windows(events: Iterable[Event]) -> tuple[list[dict[str, Any]], set[int]]:
    """Return events to stand for windows of a journal, and the numbers of those windows.

    Replay tells the same of a journal that has these instead, but for the rounding of sums, as
    long as the readings at the edges stay in it as plain samples.
    """
    story = _Story(events, ())
    return fold(story.windows, story.folded, story.series, last_us=story.last_us, work=story.work)


def energy_together(events: Iterable[Event], name: str, *, count: int) -> Estimate | None:
    """Return the energy of the latest closed windows of a name; None where it is not known.

    Where one ends as the next begins, that edge adds no doubt. Of folded ones all or none is told.
    """
    return _Story(events, ()).latest(name, count)


def series_of(events: Iterable[Event]) -> list[Series]:
    """Return what each channel of a journal counted, in the order of the channels."""
    return _Story(events, ()).series


def _told_apart(channels: Sequence[ChannelEnergy]) -> tuple[ChannelEnergy, ...]:
    """Return the channels, each with what of its energy those inside it have not.

    Two plugs of one machine hold the same things together: these are below the first, and the
    other is summed with it.
    """
    counted = [channel for channel in channels if channel.energy_j and not channel.mirror_of]
    inside: dict[str, list[Estimate]] = {}
    for channel in counted:
        if channel.parent is not None and channel.energy_j:
            inside.setdefault(channel.parent, []).append(channel.energy_j)
    beside = [
        channel.energy_j
        for channel in counted
        if channel.energy_j
        and channel.kind == "node"
        and channel.parent is None
        and channel.id not in inside
    ]
    told: list[ChannelEnergy] = []
    for channel in channels:
        parts = inside.get(channel.id)
        if parts and channel.energy_j and not channel.mirror_of:
            is_wall = channel.kind == "node" and channel.parent is None
            whole = total([channel.energy_j, *(beside if is_wall else ())])
            told.append(channel.replace(untold_j=whole - total(parts)))
        else:
            told.append(channel)
    return tuple(told)


def power_series(events: Iterable[Event]) -> dict[str, list[tuple[float, float]]]:
    """Return the mean power between readings of each channel: for drawing, not for summing.

    Returns:
        By channel id, pairs of the end of each interval in seconds from the start of the run and
        the mean power in it in watts.
    """
    story = _Story(events, ())
    return {
        series.channel.id: [
            (late * US, (after - before) / (late - early))
            for early, late, before, after in zip(
                series.t_us, series.t_us[1:], series.uj, series.uj[1:], strict=False
            )
        ]
        for series in story.series
    }

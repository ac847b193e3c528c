"""What of a run goes out to monitoring and trackers: one table of metrics, and a run's readings.

Every name, unit, kind and help stands in the table ``metrics``; text for Prometheus, instruments
of OpenTelemetry, keys of trackers, dashboards and the reference page are made from it. What is
not known of a run has no reading; what is an estimate has its interval beside it.
"""

from __future__ import annotations

from functools import cache

from brizna.core._tables import load
from brizna.core.records import Record
from brizna.core.version import VERSION

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from brizna.account import Footprint
    from brizna.core.estimate import Estimate
    from brizna.core.measurement import ChannelEnergy, Run

PREFIX = "brizna/"
"""Before every key that a tracker sees."""
MOST_WORK = 20
"""Kinds of counted work that go out: each is a series of its own."""
_KEY = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./"
"""What a key may hold in every tracker; anything else becomes an underscore."""


class Metric(Record):
    """One row of the table.

    Attributes:
        id: Its name in Prometheus.
        kind: ``counter`` or ``gauge``.
        unit: As OpenTelemetry writes it; ``1`` for a bare number.
        labels: The labels of its series.
        bounds: Whether the ends of its interval go out too.
        key: Its name in trackers, with labels in braces; empty if it is not sent there.
        otel: Its instrument in OpenTelemetry; empty if there is none.
        help: What it tells, by language.
    """

    id: str
    kind: str
    unit: str
    labels: tuple[str, ...]
    bounds: bool
    key: str
    otel: str
    help: dict[str, str]

    def bound(self, end: str) -> str:
        """Return the name of the series of one end, ``low`` or ``high``: a gauge of its own."""
        return f"{self.id.removesuffix('_total')}_{end}"


class Reading(Record):
    """One number of one metric at one time.

    Attributes:
        metric: The metric's id.
        labels: The value of each of its labels.
        value: The best value, in the metric's unit.
        low: Low end of the 90 % interval; None for what is no estimate.
        high: High end.
    """

    metric: str
    labels: dict[str, str]
    value: float
    low: float | None = None
    high: float | None = None


class Metrics(dict[str, float]):
    """What a sink gets: numbers by key, and the readings that they were made from.

    Attributes:
        readings: The same with labels, for sinks that know some.
    """

    def __init__(self, readings: Iterable[Reading]) -> None:
        super().__init__()
        self.readings = tuple(readings)
        for reading in self.readings:
            key = key_of(reading)
            if key is not None:
                self[key] = reading.value
                if reading.low is not None and reading.high is not None:
                    self[f"{key}_low"] = reading.low
                    self[f"{key}_high"] = reading.high


@cache
def metrics() -> Mapping[str, Metric]:
    """Return the metrics by their id, in the order of the table."""
    return {
        row["id"]: Metric(
            id=row["id"],
            kind=row["kind"],
            unit=row["unit"],
            labels=tuple(row["labels"].split()),
            bounds=row["bounds"] == "yes",
            key=row["key"],
            otel=row["otel"],
            help={"en": row["en"], "es": row["es"]},
        )
        for row in load("brizna.report", "metrics").rows
    }


def key_of(reading: Reading) -> str | None:
    """Return what trackers call a reading; None if it is not for them."""
    key = metrics()[reading.metric].key.format_map(reading.labels)
    return PREFIX + "".join(c if c in _KEY else "_" for c in key) if key else None


def readings_of(
    run: Run, footprint: Footprint | None = None, before: Run | None = None
) -> list[Reading]:
    """Return what is known of a run now.

    Args:
        run: The run, whole or as far as it has come.
        footprint: Its footprint.
        before: The same run as it was told an interval earlier; None where there is no power to
            tell, as of a run that has ended.
    """
    told: list[Reading | None] = [*_energies(run), *_work(run)]
    if before is not None:
        told += _powers(run, before)
    if footprint is not None:
        told += _footprint(run, footprint)
    told += _plain(run)
    return [reading for reading in told if reading is not None]


def about_runs(states: Mapping[str, int]) -> list[Reading]:
    """Return the readings about all runs that are told.

    Args:
        states: How many there are in each state.
    """
    found = [
        Reading(metric="brizna_runs", labels={"state": state}, value=float(count))
        for state, count in sorted(states.items())
    ]
    return [
        *found,
        Reading(metric="brizna_build_info", labels={"version": VERSION}, value=1.0),
    ]


def _energies(run: Run) -> Iterator[Reading | None]:
    measured = run.measurement
    for channel in measured.roots():
        yield _told("brizna_energy_joules_total", run, channel.energy_j, **_channel(channel))
    yield _told("brizna_run_energy_joules_total", run, measured.energy_j)
    own = None if measured.attribution is None else measured.attribution.run()
    if own is not None:
        yield _told("brizna_run_fair_share_joules_total", run, own.fair_share_j)
        yield _told("brizna_run_above_idle_joules_total", run, own.above_idle_j)


def _powers(run: Run, before: Run) -> Iterator[Reading | None]:
    """Yield mean powers since an earlier telling; none where nothing was read meanwhile."""
    seconds = run.duration_s - before.duration_s
    if seconds <= 0:
        return
    is_first = before.measurement.samples == 1  # nothing had been counted yet
    earlier = {channel.id: channel.energy_j for channel in before.measurement.roots()}
    for channel in run.measurement.roots():
        known = earlier.get(channel.id)
        if channel.energy_j is not None and (known is not None or is_first):
            power = _power(channel.energy_j, known, seconds)
            yield _told("brizna_power_watts", run, power, **_channel(channel))
    energy, known = run.measurement.energy_j, before.measurement.energy_j
    if energy is not None and (known is not None or is_first):
        yield _told("brizna_run_power_watts", run, _power(energy, known, seconds))


def _power(now: Estimate, before: Estimate | None, seconds: float) -> Estimate:
    from brizna.core.estimate import exactly
    from brizna.core.quantities import Duration

    counted = now if before is None else now - before
    return counted / exactly(Duration(seconds), "metered")


def _channel(channel: ChannelEnergy) -> dict[str, str]:
    return {
        "channel": channel.id,
        "component": channel.kind,
        "method": channel.method,
        "basis": channel.basis,
        "scope": channel.scope,
    }


def _work(run: Run) -> Iterator[Reading | None]:
    for work in run.measurement.work[:MOST_WORK]:
        labels = {"run": run.id, "work": work.name}
        yield Reading(metric="brizna_work_total", labels=labels, value=work.amount)
        yield _told("brizna_work_energy_joules", run, work.energy_j_per_unit, work=work.name)


def _footprint(run: Run, footprint: Footprint) -> Iterator[Reading | None]:
    view = {"view": footprint.view}
    co2e = "brizna_co2e_grams_total"
    energy = footprint.facility_energy_j
    yield _told("brizna_facility_energy_joules_total", run, energy, **view)
    yield _told(co2e, run, footprint.carbon_operational_g, part="operational", **view)
    yield _told(co2e, run, footprint.carbon_embodied_g, part="embodied", **view)
    yield _told("brizna_run_co2e_grams_total", run, footprint.carbon_g, **view)
    yield _told("brizna_water_litres_total", run, footprint.water_l, **view)
    if footprint.currency is not None:
        currency = footprint.currency
        yield _told("brizna_cost_total", run, footprint.cost, currency=currency, **view)
    intensity = footprint.assumptions.intensity_g_per_kwh
    zone = run.site.zone or ""
    yield _told("brizna_grid_intensity_grams_per_kwh", run, intensity, zone=zone)


def _plain(run: Run) -> Iterator[Reading]:
    measured, labels = run.measurement, {"run": run.id}
    yield Reading(metric="brizna_run_seconds_total", labels=labels, value=run.duration_s)
    if measured.cpu_time_s is not None:
        yield Reading(
            metric="brizna_run_cpu_seconds_total", labels=labels, value=measured.cpu_time_s
        )
    gap_s = float(measured.coverage.gap_s)
    yield Reading(metric="brizna_run_gap_seconds", labels=labels, value=gap_s)
    about = {"name": run.name or "", "state": run.state, "machine": run.machine or ""}
    info = {**labels, **about, "parent": run.parent or ""}
    yield Reading(metric="brizna_run_info", labels=info, value=1.0)


def _told(metric: str, run: Run, estimate: Estimate | None, **labels: str) -> Reading | None:
    """Return the reading of an estimate; None where it is not known."""
    if estimate is None:
        return None
    given = {"run": run.id, "basis": estimate.basis, **labels}
    return Reading(
        metric=metric,
        labels={name: given[name] for name in metrics()[metric].labels},
        value=estimate.best.value,
        low=estimate.low.value,
        high=estimate.high.value,
    )


def never_falling(readings: Sequence[Reading], seen: dict[str, float]) -> list[Reading]:
    """Return the readings with counters at least as high as they were seen before.

    Whoever reads a counter takes a fall for a restart and counts all of it again. What falls by a
    better look (a gap that is filled in, a share that is told anew) waits until it is passed.

    Args:
        readings: What is known now.
        seen: The highest value by name and labels; brought up to date.
    """
    held: list[Reading] = []
    for reading in readings:
        if metrics()[reading.metric].kind == "counter":
            series = f"{reading.metric}{sorted(reading.labels.items())}"
            highest = max(reading.value, seen.get(series, reading.value))
            seen[series] = highest
            if highest > reading.value:
                reading = reading.replace(value=highest)  # noqa: PLW2901 - the same, held
        held.append(reading)
    return held

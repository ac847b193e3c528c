"""Runs out of CodeCarbon's ``emissions.csv``, of any of its versions.

The file says how much, not how it was measured: whether the processor's energy came from a counter
or from its design power stands nowhere. So a processor is taken as modelled, with the doubt of
brizna's own model of load; memory, which CodeCarbon always models, lies anywhere between what
brizna's sources give its size; graphics cards, which it reads from their driver, are declared, with
the doubt of a recording that states no accuracy. Nothing of it is ever called metered.

The file has no place for intervals. Of a row that brizna wrote, overhead and water of the site that
are brizna's own defaults come back as these, with their doubts, and not as somebody's declaration;
and its processor has the doubt of one that is not known too, as nobody says whether it was.
"""

from __future__ import annotations

from math import inf, isclose

from brizna.core.codec import digest
from brizna.core.errors import InputError, Said
from brizna.core.estimate import Estimate, exactly, total
from brizna.core.factors import Factor, factor
from brizna.core.measurement import ChannelEnergy, Coverage, Measurement, Run
from brizna.core.quantities import Energy, Ratio, WaterIntensity
from brizna.core.records import Record
from brizna.core.site import Site
from brizna.core.version import VERSION
from brizna.report import CODECARBON_PARTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime, tzinfo

    from brizna.store import Store

    Row = dict[str, str]

_TAG = "codecarbon"
_PRIVATE = ("longitude", "latitude")
"""Where somebody was: of no use for a figure, so that no record keeps it."""
_NEEDED = ("timestamp", "duration")
_WHOLE = "energy_consumed"
_ACCURACY = {
    "cpu": "accuracy/load-model",
    "gpu": "accuracy/recording",
    _WHOLE: "accuracy/load-model",
}
_MEMORY = "memory/power"
_ARCHITECTURES = ("vcpu/idle-architecture", "vcpu/full-architecture")
_DEFAULTS = {"pue": ("pue", "pue/default"), "wue": ("water", "water/wue/default")}
"""Where the values stand that brizna takes where nobody declares one."""
_NOT_WRITTEN = str(Said("the file has no energy for it"))


class Broken(Record):
    """A row that made no run.

    Attributes:
        line: Where it stands in the file, from 1.
        reason: What is wrong with it.
    """

    line: int
    reason: str


class Imported(Record):
    """What came of a file.

    Attributes:
        ids: Runs that are new in the store.
        known: Runs that were there already.
        superseded: Rows that a later row of the same run continues, so that they are no runs.
        broken: Rows that made no run.
    """

    ids: tuple[str, ...]
    known: tuple[str, ...]
    superseded: int
    broken: tuple[Broken, ...]


def import_codecarbon(store: Store, file: str, *, zone: str | None = None) -> Imported:
    """Keep each run of a file in the store; one that is there already is left alone.

    A row is the same in another time zone: to correct the time, remove the run first.

    Args:
        store: Where to.
        file: The file.
        zone: Time zone of its times, which name none, such as ``Europe/Madrid``; UTC if None.

    Raises:
        InputError: If the file cannot be read, is no such file, or the time zone is not known.
        UnavailableError: If the store cannot be written.
    """
    rows, broken = _read(file)
    rows, superseded = _latest(rows)
    where, here = _time_zone(zone), set(store.ids())
    marks = {run_id.rpartition("-")[2]: run_id for run_id in here}
    new: list[str] = []
    known: list[str] = []
    for line, row in rows:
        if (own := row.get("run_id")) in here:  # brizna wrote the row, of this very run
            known.append(own)
            continue
        try:
            run = _run(row, line=line, where=where, zone=zone or "UTC")
        except InputError as error:
            broken.append(Broken(line=line, reason=str(error)))
            continue
        mark = run.id.rpartition("-")[2]
        if (there := marks.get(mark)) and _is_row_of(store, there, run):
            known.append(there)  # the same row, be it as of another time zone
            continue
        store.finish(run)
        marks[mark] = run.id
        new.append(run.id)
    broken.sort(key=lambda one: one.line)
    return Imported(ids=tuple(new), known=tuple(known), superseded=superseded, broken=tuple(broken))


def _is_row_of(store: Store, run_id: str, run: Run) -> bool:
    """Tell whether a run of the store came of the same row as one that is being imported."""
    told = store.read(run_id).run.environment.get("imported")
    return told is not None and bool(told["row"] == run.environment["imported"]["row"])


# ------------------------------------------------------------------------------------------ reading


def _read(file: str) -> tuple[list[tuple[int, Row]], list[Broken]]:
    from csv import Error, reader

    try:
        with open(file, encoding="utf-8-sig", newline="") as source:
            lines = reader(source)
            header = next(lines, None) or []
            missing = [name for name in _NEEDED if name not in header]
            if missing or not any(name.endswith(("_consumed", "_energy")) for name in header):
                raise InputError(
                    "{file!r} has the columns {columns!r:.100}: expected those of CodeCarbon's "
                    "emissions.csv, such as timestamp, duration and energy_consumed.",
                    file=file,
                    columns=", ".join(header),
                )
            return _rows(lines.line_num, header, ((lines.line_num, cells) for cells in lines))
    except (OSError, UnicodeDecodeError, Error) as error:
        raise InputError(
            "{file!r} cannot be read ({reason}): name CodeCarbon's emissions.csv.",
            file=file,
            reason=getattr(error, "strerror", None) or error,
        ) from error


def _rows(
    last: int, header: list[str], lines: Iterator[tuple[int, list[str]]]
) -> tuple[list[tuple[int, Row]], list[Broken]]:
    rows: list[tuple[int, Row]] = []
    broken: list[Broken] = []
    for end, cells in lines:
        line, last = last + 1, end
        if not cells:
            continue
        if len(cells) != len(header):
            reason = Said(
                "it has {seen} cells under {expected} columns: from the first cell that is missing "
                "or too many on, each stands in another's place",
                seen=len(cells),
                expected=len(header),
            )
            broken.append(Broken(line=line, reason=str(reason)))
            continue
        rows.append((line, dict(zip(header, map(str.strip, cells), strict=True))))
    return rows, broken


def _latest(rows: list[tuple[int, Row]]) -> tuple[list[tuple[int, Row]], int]:
    """Keep the last row of each run: each flush adds one with all from the start. Tasks are parts.

    A row that is shorter than the one before belongs to a tracker that began anew.
    """
    kept: list[tuple[int, Row]] = []
    places: dict[str, int] = {}
    superseded = 0
    for line, row in rows:
        run_id = "" if row.get("task_name") else row.get("run_id", "")
        place = places.get(run_id) if run_id else None
        if place is not None and _length(row) >= _length(kept[place][1]):
            kept[place] = (line, row)
            superseded += 1
            continue
        if run_id:
            places[run_id] = len(kept)
        kept.append((line, row))
    return kept, superseded


def _length(row: Row) -> float:
    return _number(row, "duration") or 0.0


def _number(row: Row, name: str) -> float | None:
    """Return a cell as a number; None where it is empty, no number or not finite."""
    try:
        value = float(row.get(name) or "nan")
    except ValueError:
        return None
    return value if -inf < value < inf else None


def _time_zone(zone: str | None) -> tzinfo:
    from datetime import UTC
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    if zone is None:
        return UTC
    try:
        return ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InputError(
            "{zone!r} is no time zone that is known here: expected a name such as Europe/Madrid.",
            zone=zone,
        ) from error


# ------------------------------------------------------------------------------------------ telling


def _run(row: Row, *, line: int, where: tzinfo, zone: str) -> Run:
    """Return the run of a row.

    Raises:
        InputError: If its time or duration is none.
    """
    duration_s = _number(row, "duration")
    if duration_s is None or duration_s < 0:
        raise InputError(
            "its duration is {seen!r}: expected seconds, from 0 up", seen=row["duration"]
        )
    started = _started(row, duration_s, where)
    channels, factors = _channels(row, duration_s)
    known = [channel.energy_j for channel in channels if channel.energy_j is not None]
    private = {name: value for name, value in row.items() if name not in _PRIVATE}
    mark = digest(private).removeprefix("sha256:")[:6]
    return Run(
        id=f"{started:%Y%m%dT%H%M%SZ}-{mark}",
        name=row.get("task_name") or row.get("project_name") or None,
        tags=(_TAG,),
        started=started.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        duration_s=duration_s,
        notes=tuple(str(note) for note in _notes(row, channels, zone=zone)),
        measurement=Measurement(
            energy_j=total(known) if known else None,
            reason=None if known else str(Said("the file has no energy that can be right")),
            channels=channels,
            coverage=Coverage(
                modelled=tuple(c.kind for c in channels if c.energy_j and c.basis == "modelled"),
                not_seen={c.kind: c.reason or "" for c in channels if c.energy_j is None},
            ),
        ),
        environment={
            "os": row.get("os") or None,
            "python": row.get("python_version") or None,
            "imported": {"from": _TAG, "line": line, "row": private},
        },
        site=_site(row),
        factors=factors,
        brizna=VERSION,
    )


def _started(row: Row, duration_s: float, where: tzinfo) -> datetime:
    """Return when a run began: the row says when it was written, at the run's end."""
    from datetime import UTC, datetime, timedelta

    try:
        ended = datetime.fromisoformat(row["timestamp"])
        if ended.tzinfo is None:
            ended = ended.replace(tzinfo=where)
        return ended.astimezone(UTC) - timedelta(seconds=duration_s)
    except (ValueError, OverflowError) as error:
        raise InputError(
            "its timestamp is {seen!r}: expected a time such as 2024-04-13T21:30:53",
            seen=row["timestamp"],
        ) from error


def _names_zone(row: Row) -> bool:
    from datetime import datetime

    return datetime.fromisoformat(row["timestamp"]).tzinfo is not None


def _channels(row: Row, duration_s: float) -> tuple[tuple[ChannelEnergy, ...], tuple[Factor, ...]]:
    """Return a channel for each component that the row speaks of, and the factors behind them."""
    names = [name for name in CODECARBON_PARTS if f"{name}_energy" in row]
    if not any(_number(row, f"{name}_energy") for name in names):
        names = [_WHOLE] if _number(row, _WHOLE) else names
    factors: dict[str, Factor] = {}
    found: list[ChannelEnergy] = []
    for name in names:
        column = name if name == _WHOLE else f"{name}_energy"
        energy_kwh = _number(row, column)
        if name == "gpu" and not energy_kwh and not _number(row, "gpu_count"):
            continue  # it has none
        basis = "declared" if name == "gpu" else "modelled"
        energy, reason = None, _wrong(energy_kwh)
        if energy_kwh is not None and reason is None:
            it = energy_kwh / (_overhead(row) or 1.0)
            behind = _behind(name)
            factors[behind.name] = behind
            energy = _doubted(row, name, Energy.of(it, "kWh"), duration_s, behind).based(basis)
        found.append(
            ChannelEnergy(
                id=f"{_TAG}/{'all' if name == _WHOLE else name}",
                kind="node" if name == _WHOLE else CODECARBON_PARTS[name],
                method=_TAG,
                basis=basis,
                parent=None,
                scope="process" if row.get("tracking_mode") == "process" else "machine",
                energy_j=energy,
                reason=reason,
            )
        )
    return tuple(found), tuple(factors.values())


def _wrong(energy_kwh: float | None) -> str | None:
    """Return why a component's energy cannot be right; None if it can."""
    if energy_kwh is None:
        return _NOT_WRITTEN
    if energy_kwh == 0:
        return str(Said("the file says 0 kWh, which nothing that runs uses: it was not read"))
    if energy_kwh < 0:
        return str(Said("the file says less than 0 kWh"))
    return None


def _behind(name: str) -> Factor:
    if name == "ram":
        return factor("brizna.meter", "memory", _MEMORY)
    return factor("brizna.meter", "spreads", _ACCURACY[name])


def _doubted(row: Row, name: str, energy: Energy, duration_s: float, behind: Factor) -> Estimate:
    """Return an energy with what is known of its doubt.

    Memory of a known size lies between what the sources give that size; else the figure is as far
    off as the factor behind it.
    """
    machine = digest([row.get("os"), row.get("cpu_model"), row.get("cpu_count")])[7:13]
    said = f"{row.get('codecarbon_version') or ''}".strip()
    estimate = Estimate(
        energy, basis="declared", references=(f"{_TAG} {said}".strip(), behind.name)
    )
    doubt = f"model:{_TAG}-{'all' if name == _WHOLE else name}@{machine}"
    if _is_ours(row) and name in ("cpu", _WHOLE):
        estimate = estimate.doubted_by(f"model:{_TAG}-processor@{machine}", *_processors())
    low, high = behind.low, behind.high
    if low is None or high is None:
        return estimate
    size_gb = _number(row, "ram_total_size")
    if name == "ram" and size_gb and duration_s:
        ends = [Energy.of(power_w * size_gb * duration_s, "J") for power_w in (low, high)]
        return estimate.doubted(doubt, *ends)
    return estimate.doubted_by(doubt, low / behind.value, high / behind.value)


def _processors() -> tuple[float, float]:
    """Return how far off brizna's model may be where a machine does not tell its processor."""
    spreads = [factor("brizna.meter", "spreads", name) for name in _ARCHITECTURES]
    return min(one.low or 1.0 for one in spreads), max(one.high or 1.0 for one in spreads)


def _overhead(row: Row) -> float | None:
    """Return the declared PUE: 1 stands in the file where nobody declared one."""
    pue = _number(row, "pue")
    return pue if pue is not None and pue > 1 else None


def _declared(row: Row, name: str) -> float | None:
    """Return the overhead or the water of the site that somebody declared; None if nobody did."""
    value = _overhead(row) if name == "pue" else _number(row, name)
    if value is None or value <= 0:
        return None
    guess = factor("brizna.account", *_DEFAULTS[name]).value
    return None if _is_ours(row) and isclose(value, guess, rel_tol=1e-6) else value


def _is_ours(row: Row) -> bool:
    return (row.get("codecarbon_version") or "").startswith("brizna")


def _site(row: Row) -> Site:
    from brizna.core.errors import CoverageError
    from brizna.grid import cloud_zone, find_zone

    zone = None
    try:
        if row.get("cloud_provider") and row.get("cloud_region"):
            zone = cloud_zone(row["cloud_provider"], row["cloud_region"]).id
    except (InputError, CoverageError):
        zone = None
    try:
        country = row.get("country_iso_code") or row.get("country_name")
        zone = zone or (find_zone(country).id if country else None)
    except InputError:  # no country that is known: its carbon is not known either
        zone = None
    pue, wue = _declared(row, "pue"), _declared(row, "wue")
    return Site(
        zone=zone,
        zone_origin="case" if zone else None,
        pue=exactly(Ratio(pue)) if pue else None,
        wue_l_per_kwh=exactly(WaterIntensity(wue)) if wue else None,
        hardware=_hardware(row),
    )


def _hardware(row: Row) -> dict[str, object] | None:
    if not row.get("cpu_model") and not row.get("gpu_model"):
        return None
    cards: list[str] = []
    for told in filter(None, (row.get("gpu_model") or "").split(", ")):
        count, _, name = told.partition(" x ")
        is_counted = count.strip().isdecimal() and bool(name)
        cards += [name.strip()] * min(int(count), 1024) if is_counted else [told]
    threads = _number(row, "cpu_count")
    return {
        "cpu": row.get("cpu_model") or None,
        "threads": None if threads is None else int(threads),
        "sockets": None,
        "virtual": None,
        "memory_gb": _number(row, "ram_total_size"),
        "gpus": cards,
    }


def _tool(row: Row) -> str:
    """Return which program wrote a row."""
    version = row.get("codecarbon_version") or ""
    return version if _is_ours(row) else f"CodeCarbon {version}".strip()


def _notes(row: Row, channels: tuple[ChannelEnergy, ...], *, zone: str) -> Iterator[Said]:
    yield Said(
        "Imported from {tool}, which does not write how it measured: what it says of processor and "
        "memory is taken as modelled, what it says of graphics cards as declared.",
        tool=_tool(row),
    )
    if not _names_zone(row):
        yield Said("Its time names no zone and was taken as {zone}.", zone=zone)
    emissions_kg = _number(row, "emissions")
    if emissions_kg is not None:
        yield Said(
            "It said {emissions_kg:.6g} kg of CO2e. That figure is not used: the energy is "
            "accounted for with brizna's own factors, so that runs can be compared.",
            emissions_kg=emissions_kg,
        )
    whole_kwh = _number(row, _WHOLE)
    parts_kwh = [_number(row, f"{name}_energy") or 0.0 for name in CODECARBON_PARTS]
    if whole_kwh and any(parts_kwh) and not isclose(whole_kwh, sum(parts_kwh), rel_tol=1e-3):
        yield Said(
            "It said {whole_kwh:.6g} kWh in all, but its components come to {parts_kwh:.6g} kWh: "
            "the components are taken.",
            whole_kwh=whole_kwh,
            parts_kwh=sum(parts_kwh),
        )
    if any(channel.energy_j is None for channel in channels):
        yield Said("Some component has no energy that can be right: the total is at least this.")

"""The series to plan with: a file or a live source if one was named, else what is usual.

A source that fails, or a file that lacks something, is a trouble that is told, never a reason to
stop: the profile inside the package stands in. Nobody is asked unless a source was named.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from brizna.core.errors import BriznaError, CoverageError, InputError, Said, UnavailableError
from brizna.core.records import Record
from brizna.grid import (
    SOURCES,
    About,
    Access,
    Asked,
    Cache,
    Web,
    extend,
    find_zone,
    key_variable,
    open_source,
    profiled_zones,
    read_signals,
    source_type,
    url_variable,
    usual,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from brizna.core.signal import Signal
    from brizna.grid import Source
    from brizna.verbs._settings import Settings

_TOO_CLEAN = 50.0
"""No grid's dirtiest hour of a file is so many times cleaner than its year."""
_AHEAD = timedelta(hours=96)
"""As far as our own forecast goes."""


class Wanted(Record):
    """Which series are wanted.

    Attributes:
        zones: Zones in any form that `brizna.grid.find_zone` understands.
        start: The first instant, aware.
        end: The first instant that is no longer needed, aware.
        now: The present, aware: what lies behind it is asked for as it was, not as forecast.
        quantity: ``intensity``, ``renewable``, ``low-carbon``, ``price`` or ``wind-solar``.
        kind: Of intensity, what a file must hold; None for whatever it says, average if nothing.
    """

    zones: tuple[str, ...]
    start: datetime
    end: datetime
    now: datetime
    quantity: str = "intensity"
    kind: str | None = "average"


class Found(Record):
    """A series, where it was taken from, and why not from elsewhere.

    Attributes:
        signal: The series.
        taken_from: ``file``, ``source``, ``cache`` (an older answer of a source that failed),
            ``profile`` or ``annual``.
        because: Why that, in a sentence.
        troubles: What went wrong on the way, in sentences; the person should see them.
    """

    signal: Signal
    taken_from: str
    because: str
    troubles: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON: the series slot by slot."""
        return {
            "taken_from": self.taken_from,
            "because": self.because,
            "troubles": list(self.troubles),
            **signal_to_json(self.signal),
        }


def find_signals(
    wanted: Wanted, settings: Settings, *, environ: Mapping[str, str], web: Web | None = None
) -> dict[str, Found]:
    """Return for each zone the best series there is, by the zone's key.

    First the file of the setting ``signal`` (carbon intensity only), then the live source of the
    setting ``source``, then the profile in the package, then the annual figure.

    Args:
        wanted: Which series.
        settings: Those in force: ``signal``, ``source``, ``credentials``.
        environ: Holds the keys of sources, as ``BRIZNA_KEY_<NAME>``.
        web: What asks sources; one with the user's cache if None.

    Raises:
        InputError: If there is no such zone or source, or the file is no table of series.
        UnavailableError: If the file cannot be read.
        CoverageError: If nothing at all is known of a zone, or too little.
    """
    read = _read_file(wanted, settings["signal"])
    named = open_named_source(settings, environ=environ, web=web) if settings["source"] else None
    zones = {find_zone(zone).id: zone for zone in wanted.zones}
    return {zone: _find(zone, wanted, read, named) for zone in zones}


class _Named:
    """The source that was named, with what asks it."""

    def __init__(self, source: Source, web: Web) -> None:
        self.source = source
        self.web = web


def open_named_source(
    settings: Settings, *, environ: Mapping[str, str], web: Web | None = None
) -> _Named:
    """Return the source that the settings name, such as ``esios`` or ``esios:pvpc``.

    Raises:
        InputError: If there is none of this name, or the file of credentials is open to others.
    """
    name, _, part = settings["source"].partition(":")
    web = web or Web(Cache(cache_directory(environ)))
    url = environ.get(url_variable(name), "").rstrip("/") or None
    login = _login(name, url or source_type(name).home, settings["credentials"], environ)
    access = Access(web, url=url, login=login, part=part or None)
    return _Named(open_source(name, access), web)


def cache_directory(environ: Mapping[str, str]) -> str:
    """Return where answers of sources are kept."""
    home = environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(home, "brizna", "grid")


def describe_sources(settings: Settings, *, environ: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the sources that brizna brings: what each tells, and whether its key is here."""
    found: list[dict[str, Any]] = []
    for name in SOURCES:
        kind = source_type(name)
        login = _login(name, kind.home, settings["credentials"], environ)
        found.append(
            {
                "name": name,
                "home": kind.home,
                "quantities": list(kind.quantities),
                "needs_key": kind.needs_key,
                "has_key": login is not None,
                "key_variable": key_variable(name),
            }
        )
    return found


def describe_zones(*, profiled: bool = False) -> list[dict[str, Any]]:
    """Return the zones with a figure and what is known of each; or only those with a profile."""
    from brizna.grid import intensity, zones

    kinds = {kind: set(profiled_zones(kind)) for kind in ("intensity", "renewable")}
    return [
        {
            "zone": zone.id,
            "name_en": zone.name_en,
            "name_es": zone.name_es,
            "intensity_g_per_kwh": intensity(zone.id).value,
            "year": intensity(zone.id).year,
            "has_profile": zone.id in kinds["intensity"],
            "has_shares": zone.id in kinds["renewable"],
        }
        for zone in zones()
        if zone.is_known and (zone.id in kinds["intensity"] or not profiled)
    ]


def import_series(
    path: str,
    output: str,
    about: About,
    *,
    column: str | None = None,
    zone: str | None = None,
) -> list[dict[str, Any]]:
    """Check a file of carbon intensities and write it in g/kWh, long, in UTC.

    A slot without a value is a row with an empty cell, and a gap a row for its beginning. What the
    numbers are stands in columns, where it is more than that they are averages.

    Args:
        path: The file, as `brizna.grid.read_signals` takes it.
        output: The CSV file to write.
        about: Their unit; their kind, scope and basis where the file does not say.
        column: The column of the values; found by its usual names if None.
        zone: The zone of a file that names none.

    Raises:
        InputError: If it is no such file, or a zone in it is not known.
        UnavailableError: If it cannot be read, or the other not written.
    """
    found = read_signals(path, about, column=column, zone=zone)
    named = {find_zone(name).id: signal for name, signal in found.items()}
    typed = any(
        signal.scope or signal.basis or signal.kind == "marginal" for signal in named.values()
    )
    lines = ["utc,zone,value,kind,scope,basis" if typed else "utc,zone,value"]
    rows: list[dict[str, Any]] = []
    for key, signal in named.items():
        what = (signal.kind or "average", signal.scope or "", signal.basis or "")
        tail = f",{','.join(what)}" if typed else ""
        cells = zip(signal.edges, signal.values, strict=False)
        lines += [
            f"{at.replace(tzinfo=None).isoformat()},{key},"
            f"{'' if value is None else repr(value)}{tail}"
            for at, value in cells
        ]
        rows.append(
            {
                "zone": key,
                "slots": len(signal.values),
                "gaps": signal.values.count(None),
                "start": signal.start.isoformat(timespec="minutes"),
                "end": signal.end.isoformat(timespec="minutes"),
            }
        )
    write_whole(output, "\n".join([*lines, ""]).encode())
    return rows


def write_whole(path: str, data: bytes) -> None:
    """Write a file that a person named: all of it, or nothing.

    Raises:
        UnavailableError: If it cannot be written.
    """
    from brizna.store import replace_file

    try:
        replace_file(path, data)
    except OSError as error:
        raise UnavailableError(
            "{path} cannot be written: {reason}. Name another file.",
            path=path,
            reason=error.strerror,
        ) from error


def signal_to_json(signal: Signal) -> dict[str, Any]:
    """Return a series as JSON, slot by slot, in the unit of its quantity."""
    levels = sorted(signal.quantiles)
    slots = [
        {
            "start": start.isoformat(),
            "end": end.isoformat(),
            "value": value,
            "estimated": index in signal.estimated,
            **{f"q{level:g}": signal.quantiles[level][index] for level in levels},
        }
        for index, ((start, end), value) in enumerate(
            zip(pairwise(signal.edges), signal.values, strict=True)
        )
    ]
    return {
        "zone": signal.zone,
        "quantity": signal.quantity.__name__,
        "unit": signal.quantity.unit,
        "kind": signal.kind,
        "scope": signal.scope,
        "basis": signal.basis,
        "origin": signal.origin,
        "source": signal.source,
        "issued_at": None if signal.issued_at is None else signal.issued_at.isoformat(),
        "slots": slots,
    }


def _read_file(wanted: Wanted, path: str | None) -> dict[str, Signal]:
    """Return the series of the file by the zone's key; columns that are no zone are left."""
    if path is None or wanted.quantity != "intensity":
        return {}
    lone = wanted.zones[0] if len(wanted.zones) == 1 else None
    found: dict[str, Signal] = {}
    read = read_signals(path, About(kind=wanted.kind), zone=lone, known_at=wanted.now)
    for name, signal in read.items():
        try:
            zone = find_zone(name).id
        except InputError:
            continue  # a column of something else
        found[zone] = signal.replace(zone=zone, kind=signal.kind or "average")
    return found


def named_signal(zone: str, span: tuple[datetime, datetime], path: str, *, usual_g: float) -> Found:
    """Return the carbon intensity of a zone from a file that somebody named for these very hours.

    Nothing stands in for what it lacks.

    Args:
        zone: The zone.
        span: Start and end, aware.
        path: The file.
        usual_g: The zone's intensity of a year, in g/kWh.

    Raises:
        InputError: If it is no table of series, lacks the zone, or all its values are so far below
            the zone's that they are something else.
        UnavailableError: If it cannot be read.
        CoverageError: If it does not cover the hours.
    """
    start, end = span
    read = _read_file(Wanted(zones=(zone,), start=start, end=end, now=end), path)
    key = find_zone(zone).id
    if key not in read:
        raise InputError(
            "The file {path!r} has no series of {zone}; it has {known}. Name one that does, or "
            "another zone with --zone.",
            path=path,
            zone=key,
            known=", ".join(read) or "-",
        )
    signal = read[key]
    most = max((value for value in signal.values if value is not None), default=0.0)
    if 0 < most < usual_g / _TOO_CLEAN:
        raise InputError(
            "The values of {zone} in {path!r} reach {most:g} g/kWh at most, where {usual:g} is "
            "usual: expected carbon intensities in g/kWh, not prices or shares. Name such a file.",
            zone=key,
            path=path,
            most=most,
            usual=usual_g,
        )
    return Found(
        signal=signal.between(start.astimezone(UTC), end.astimezone(UTC)),
        taken_from="file",
        because=str(Said("a file was named")),
    )


def _find(zone: str, wanted: Wanted, read: Mapping[str, Signal], named: _Named | None) -> Found:
    start, end = wanted.start.astimezone(UTC), wanted.end.astimezone(UTC)
    troubles: list[str] = []
    if read or named:
        for taken_from, because, signal in _offers(zone, wanted, read, named, troubles):
            try:
                whole = _whole(signal, start, end, troubles)
            except (InputError, CoverageError) as error:
                troubles.append(str(error))
                continue
            return Found(
                signal=whole, taken_from=taken_from, because=because, troubles=tuple(troubles)
            )
    return _usual(zone, wanted, troubles, is_named=bool(read or named))


def _offers(
    zone: str,
    wanted: Wanted,
    read: Mapping[str, Signal],
    named: _Named | None,
    troubles: list[str],
) -> Any:
    """Yield what was named, in order, with why; what fails is a trouble."""
    if read:
        if zone in read:
            series = _foretold(read[zone], wanted.end.astimezone(UTC), troubles)
            yield "file", str(Said("a file was named")), series
        else:
            known = ", ".join(read)
            troubles.append(
                str(
                    Said(
                        "The file has no series of {zone}; it has {known}.", zone=zone, known=known
                    )
                )
            )
    if named is None:
        return
    try:
        signal = named.source.ask(
            Asked(
                zone=zone,
                start=wanted.start.astimezone(UTC),
                end=wanted.end.astimezone(UTC),
                now=wanted.now.astimezone(UTC),
                quantity=wanted.quantity,
            )
        )
    except BriznaError as error:
        troubles.append(str(error))
        return
    stale = named.web.stale.get(named.source.name)
    if stale is None:
        yield "source", str(Said("a live source was named")), signal
        return
    reason, at_s = stale
    troubles.append(reason)
    at = datetime.fromtimestamp(at_s, UTC).isoformat(timespec="minutes")
    yield "cache", str(Said("the source failed; its answer of {at} stands in", at=at)), signal


def _foretold(history: Signal, end: datetime, troubles: list[str]) -> Signal:
    """Return a file's series with our own forecast behind it, where it is long enough for one.

    Otherwise, and without numpy, as it is: then it goes on as is usual there.
    """
    missing = end - history.end
    if history.origin != "observed" or not timedelta(0) < missing <= _AHEAD:
        return history
    try:
        from brizna.grid._forecast import LEAST_DAYS, forecast

        if history.end - history.start < timedelta(days=LEAST_DAYS):
            return history
        ahead = forecast(history, history.end, ahead=_AHEAD)
    except (ImportError, InputError, CoverageError):  # no numpy; odd slots; too many gaps
        return history
    told = Said(
        "{source} ends at {end}; the rest is our own forecast from it.",
        source=history.source,
        end=history.end.isoformat(timespec="minutes"),
    )
    troubles.append(str(told))
    count = len(history.values)
    return ahead.replace(
        edges=history.edges + ahead.edges[1:],
        values=history.values + ahead.values,
        quantiles={level: history.values + values for level, values in ahead.quantiles.items()},
        estimated=frozenset([*history.estimated, *range(count, count + len(ahead.values))]),
    )


def _whole(signal: Signal, start: datetime, end: datetime, troubles: list[str]) -> Signal:
    """Return a series over all that is wanted, and say where it is not its own."""
    if signal.end <= start or signal.start >= end:
        raise CoverageError(
            "{source} is known from {first} to {last}, but {asked} was asked for. Load a longer "
            "series.",
            source=signal.source,
            first=signal.start.isoformat(),
            last=signal.end.isoformat(),
            asked=Said("{start} to {end}", start=start.isoformat(), end=end.isoformat()),
        )
    made = extend(signal, start, end)
    if signal.start > start or signal.end < end:
        troubles.append(as_usual(signal))
    return made


def as_usual(signal: Signal) -> str:
    """Return the sentence that outside a series the hours are as they usually are."""
    return str(
        Said(
            "{source} is known from {first} to {last}; the rest is as it usually is there, at its "
            "level.",
            source=signal.source,
            first=signal.start.isoformat(timespec="minutes"),
            last=signal.end.isoformat(timespec="minutes"),
        )
    )


def _usual(zone: str, wanted: Wanted, troubles: list[str], *, is_named: bool) -> Found:
    """Return the profile or the annual figure."""
    if wanted.quantity not in ("intensity", "renewable", "low-carbon"):
        reason = Said(" {trouble}", trouble=troubles[-1]) if troubles else Said("")
        raise CoverageError(
            "No profile tells {quantity}: name a source that does, with --source.{reason}",
            quantity=wanted.quantity,
            reason=reason,
        )
    signal = usual(zone, wanted.start, wanted.end, kind=wanted.quantity)
    if wanted.quantity == "intensity" and zone not in profiled_zones():
        because = Said("no hourly profile of this zone is known, only its annual figure")
        return Found(
            signal=signal, taken_from="annual", because=str(because), troubles=tuple(troubles)
        )
    because = (
        Said("what was named gives nothing; this is what is usual")
        if is_named
        else Said("neither a file nor a source was named; this is what is usual")
    )
    return Found(
        signal=signal, taken_from="profile", because=str(because), troubles=tuple(troubles)
    )


def _login(
    name: str, home: str, file: str | None, environ: Mapping[str, str]
) -> tuple[str, str] | None:
    """Return the key of a source: its variable (``NAME:WORD`` or the word alone), then the file."""
    from brizna.meter._http import find_login

    value = environ.get(key_variable(name), "").strip()
    if value:
        before, colon, after = value.partition(":")
        return (before, after) if colon else ("", value)
    return find_login(home, file=file, environ={})

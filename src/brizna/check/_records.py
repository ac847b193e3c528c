"""A run's own record: its dates, its energy and what that is the sum of, and its journal."""

from __future__ import annotations

from math import fsum

from brizna.check._compare import agree, limit, other_unit
from brizna.check._rules import (
    DATE,
    ENERGY_UNIT,
    FORM,
    HOURS,
    JOURNAL,
    NEGATIVE,
    POWER,
    RECORD,
    SUM,
    ZERO,
    failed,
    failed_sum,
    passed,
    unasked,
    untold,
)
from brizna.check._shapes import READABLE, UNREADABLE, misshapen, own_ends, unreadable
from brizna.check._statement import read_instant
from brizna.check._verdict import Evidence, Place
from brizna.core.errors import BriznaError, Said, SchemaError, UnavailableError
from brizna.core.measurement import Run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from typing import Any

    from brizna.check._statement import Knowledge
    from brizna.check._verdict import Verdict
    from brizna.core.estimate import Estimate


def examine_run(
    data: Any, place: Place, known: Knowledge, *, tell: Callable[[], Run] | None = None
) -> tuple[Run | None, list[Verdict]]:
    """Return a run that can be read, and what the rules come to for it.

    Args:
        data: Its record, as JSON.
        place: Where it stands.
        known: What is known beside it.
        tell: Returns the run anew out of its journal; None where there is none.
    """
    try:
        run = Run.from_json(data)
    except BriznaError as error:
        return None, [failed(FORM, place, Said("{error}", error=error), READABLE)]
    wrong = misshapen(run, place)
    if wrong:
        return None, wrong
    try:
        found = [
            *_dates(run, place, known.instant),
            *_amounts(run, place),
            *_gaps(run, place),
            *_devices(run, place, known),
        ]
        if not any(one.result == "fail" for one in found):
            found += own_ends(data, run, place)
    except UNREADABLE as error:  # what no annotation says, of a record that nobody wrote so
        return None, [unreadable(place, error)]
    if tell is not None:
        found.append(_against_journal(run, place, tell))
    else:
        found.append(unasked(JOURNAL, place, Said("no journal is with it")))
    return run, found


def broken_record(place: Place, error: BriznaError) -> Verdict:
    """Return the verdict on a record that the store itself refuses, or cannot, read."""
    why = Said("{error}", error=error)
    if isinstance(error, UnavailableError):
        return untold(RECORD, place, why)
    return failed(FORM if isinstance(error, SchemaError) else RECORD, place, why, READABLE)


def unfinished(place: Place) -> Verdict:
    """Return the verdict on a run that still goes on."""
    return untold(RECORD, place, Said("the run still goes on: wait until it has ended"))


def _dates(run: Run, place: Place, now: datetime) -> list[Verdict]:
    started, place = read_instant(run.started), place.replace(field="started")
    if started is None:
        seen = Said("the time is {text!r:.60}", text=run.started)
        return [failed(FORM, place, seen, Said("a date and a time, as in ISO 8601"))]
    if started > now:
        seen = Said("it is dated {instant}, in the future", instant=run.started)
        expected = Said("no later than {now}", now=now.isoformat(timespec="seconds"))
        return [failed(DATE, place, seen, expected)]
    return [passed(DATE, place)]


def _amounts(run: Run, place: Place) -> list[Verdict]:
    """Judge the total energy: its sign, that it is not nothing, and what it is the sum of."""
    energy_j = run.measurement.energy_j
    place = place.replace(field="measurement.energy_j")
    if energy_j is None:
        why = Said("no energy was measured: {reason}", reason=run.measurement.reason or "")
        return [untold(SUM, place, why)]
    best_j = energy_j.best.value
    whole = figure_of("measurement.energy_j", energy_j, place)
    if best_j < 0:
        seen = Said("it is {value} {unit}", value=best_j, unit="J")
        return [failed(NEGATIVE, place, seen, Said("more than 0"), [whole])]
    if best_j == 0 and run.duration_s > 0:
        expected = Said(
            "more than 0, as {field} is {value} {unit}",
            field="duration_s",
            value=run.duration_s,
            unit="s",
        )
        return [failed(ZERO, place, Said("it is 0 {unit}", unit="J"), expected, [whole])]
    parts = [(c.id, c.energy_j) for c in run.measurement.roots() if c.energy_j is not None]
    sum_j = fsum(energy.best.value for _, energy in parts)
    evidence = [whole, *(figure_of(f"channel:{name}", energy, place) for name, energy in parts)]
    if not parts or sum_j <= 0 or agree(best_j, sum_j):
        return [passed(SUM, place, evidence)] if parts else []
    return [_sum_or_unit(place, best_j, sum_j, evidence)]


def _sum_or_unit(
    place: Place, value: float, expected_value: float, evidence: list[Evidence]
) -> Verdict:
    found = other_unit("energy", "J", value / expected_value)
    if found is not None:
        seen = Said("it is {value:.6g} {unit}", value=value, unit="J")
        expected = Said(
            "about {expected:.6g} {unit}: it seems to be in {other}",
            expected=expected_value,
            unit="J",
            other=found[0],
        )
        return failed(ENERGY_UNIT, place, seen, expected, evidence)
    return failed_sum(place, value, expected_value, unit="J", evidence=evidence)


def _gaps(run: Run, place: Place) -> list[Verdict]:
    gap_s, place = run.measurement.coverage.gap_s, place.replace(field="measurement.coverage.gap_s")
    if run.duration_s <= 0:
        return []
    evidence = [
        Evidence(name="gap_s", value=gap_s, unit="s", origin=str(place)),
        Evidence(name="duration_s", value=run.duration_s, unit="s", origin=place.file),
    ]
    if gap_s <= run.duration_s * limit("gap-share"):
        return [passed(HOURS, place, evidence)]
    covered, whole = run.duration_s - gap_s, run.duration_s
    seen = Said("{covered:.6g} s of {whole:.6g} s are covered", covered=covered, whole=whole)
    expected = Said("all of the time, but for {share:.0%}", share=limit("gap-share"))
    return [failed(HOURS, place, seen, expected, evidence)]


_MARGIN = {"gpu": "accelerator", "cpu": "processor"}


def _devices(run: Run, place: Place, known: Knowledge) -> list[Verdict]:
    """Judge the mean power of each channel whose device is known by name."""
    found: list[Verdict] = []
    for channel in run.measurement.channels:
        margin = _MARGIN.get(channel.kind)
        if margin is None or channel.device is None or channel.energy_j is None:
            continue
        if run.duration_s <= 0:
            continue
        here = place.replace(field=f"channel:{channel.id}")
        span = known.power(channel.kind, channel.device, None)
        mean_w = channel.energy_j.best.value / run.duration_s
        drawn = Evidence(name="power", value=mean_w, unit="W", origin="energy_j / duration_s")
        if span is None or not span.surely:
            continue  # its meter bounds it already: a driver states its own limit
        most_w = span.best * limit(margin)
        designed = Evidence(
            name=channel.device, value=span.best, unit="W", origin=", ".join(span.sources)
        )
        if mean_w <= most_w:
            found.append(passed(POWER, here, [drawn, designed]))
        else:
            seen = Said("it comes to {mean:.4g} W", mean=mean_w)
            expected = Said("at most {most:.4g} W from these devices", most=most_w)
            found.append(failed(POWER, here, seen, expected, [drawn, designed]))
    return found


def _against_journal(run: Run, place: Place, tell: Callable[[], Run]) -> Verdict:
    """Judge whether a record says what the journal of its readings tells.

    The same brizna tells the same bytes. Another one may know more of a run than the one that
    recorded it, so that only its energy and time are compared.
    """
    place = place.replace(field="journal.jsonl")
    try:
        told = tell()
    except UnavailableError as error:
        return untold(JOURNAL, place, Said("{error}", error=error))
    except BriznaError as error:
        why = Said("the journal cannot be replayed: {error}", error=error)
        return failed(JOURNAL, place, why, Said("the readings that the record rests on"))
    energies = [one.measurement.energy_j for one in (run, told)]
    evidence = [
        figure_of(name, energy, place)
        for name, energy in zip(("run.json", "journal.jsonl"), energies, strict=True)
        if energy is not None
    ]
    same = [None if energy is None else energy.best.value for energy in energies]
    is_same = _alike(same[0], same[1]) and _alike(run.duration_s, told.duration_s)
    if is_same and run.id == told.id and run.started == told.started:
        return passed(JOURNAL, place, evidence)
    seen = Said(
        "the record says {one} J in {time} s", one=_shown(same[0]), time=_shown(run.duration_s)
    )
    expected = Said(
        "{one} J in {time} s, which the journal tells",
        one=_shown(same[1]),
        time=_shown(told.duration_s),
    )
    return failed(JOURNAL, place, seen, expected, evidence)


def _shown(value: float | None) -> str:
    return "?" if value is None else f"{value:.9g}"


def _alike(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return abs(one - other) <= 1e-6 * max(abs(one), abs(other))


def figure_of(name: str, value: Estimate, place: Place, formula: str | None = None) -> Evidence:
    """Return an estimate as what a verdict rests on."""
    return Evidence(
        name=name,
        value=value.best.value,
        unit=value.kind.unit,
        origin=formula or str(place),
        low=value.low.value,
        high=value.high.value,
    )

"""brizna's own records: a run against its journal, a footprint against its run and its factors."""

from __future__ import annotations

from math import fsum

from brizna.account import Footprint, Subject, evaluate, factor_set, recompute, subject_of_run
from brizna.check._compare import agree, limit, other_unit
from brizna.check._rules import (
    CARBON_UNIT,
    DATE,
    DOUBLE_PUE,
    ENERGY_UNIT,
    FACTORS,
    FORM,
    HOURS,
    INTERVAL,
    JOURNAL,
    NEGATIVE,
    POWER,
    RECOMPUTED,
    RECORD,
    STALE,
    SUM,
    SUPERSEDED,
    ZERO,
    failed,
    passed,
    untold,
)
from brizna.check._statement import read_instant
from brizna.check._verdict import Evidence, Place
from brizna.core.codec import digest, encode
from brizna.core.errors import BriznaError, Said, SchemaError, UnavailableError
from brizna.core.estimate import Estimate, exactly
from brizna.core.measurement import Run
from brizna.core.quantities import Carbon, Energy, Ratio

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from typing import Any

    from brizna.check._statement import Knowledge
    from brizna.check._verdict import Verdict

_SAME = 1 + 1e-9
"""Two figures of one computation differ by less, whatever computes them."""
_KINDS: Mapping[type, tuple[str, str, str]] = {
    Energy: ("energy", "J", ENERGY_UNIT),
    Carbon: ("carbon", "g", CARBON_UNIT),
}


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
        return None, [failed(FORM, place, Said("{error}", error=error), _READABLE)]
    found = [
        *_dates(run, place, known.instant),
        *_amounts(run, place),
        *_gaps(run, place),
        *_devices(run, place, known),
    ]
    if tell is not None:
        found.append(_against_journal(run, place, tell))
    return run, found


def broken_record(place: Place, error: BriznaError) -> Verdict:
    """Return the verdict on a record that the store itself refuses, or cannot, read."""
    why = Said("{error}", error=error)
    if isinstance(error, UnavailableError):
        return untold(RECORD, place, why)
    return failed(FORM if isinstance(error, SchemaError) else RECORD, place, why, _READABLE)


def unfinished(place: Place) -> Verdict:
    """Return the verdict on a run that still goes on."""
    return untold(RECORD, place, Said("the run still goes on: wait until it has ended"))


_READABLE = Said("a record that brizna can read")


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
    whole = _figure("measurement.energy_j", energy_j, place)
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
    evidence = [whole, *(_figure(f"channel:{name}", energy, place) for name, energy in parts)]
    if not parts or sum_j <= 0 or agree(best_j, sum_j):
        return [passed(SUM, place, evidence)] if parts else []
    return [_sum_or_unit(place, best_j, sum_j, evidence)]


def _sum_or_unit(
    place: Place, value: float, expected_value: float, evidence: list[Evidence]
) -> Verdict:
    said = {"value": value, "unit": "J", "expected": expected_value}
    found = other_unit("energy", "J", value / expected_value)
    if found is not None:
        seen, other = Said("it is {value:.6g} {unit}", **said), found[0]
        expected = Said(
            "about {expected:.4g} {unit}: it seems to be in {other}", **said, other=other
        )
        return failed(ENERGY_UNIT, place, seen, expected, evidence)
    seen = Said("the total is {value:.6g} {unit}", **said)
    expected = Said("{expected:.6g} {unit}, the sum of its components", **said)
    return failed(SUM, place, seen, expected, evidence)


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
    except BriznaError as error:
        why = Said("the journal cannot be replayed: {error}", error=error)
        return failed(JOURNAL, place, why, Said("the readings that the record rests on"))
    energies = [one.measurement.energy_j for one in (run, told)]
    evidence = [
        _figure(name, energy, place)
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


# --------------------------------------------------------------------------------------- footprints


def examine_footprint(
    data: Any, run: Run | None, place: Place, known: Knowledge
) -> tuple[Footprint | None, list[Verdict]]:
    """Return a footprint that can be read, and what the rules come to for it.

    Args:
        data: Its record, as JSON.
        run: The run that it is about; without it only what follows from its own energy and time
            can be computed again.
        place: Where it stands.
        known: What is known beside it.
    """
    try:
        stored = Footprint.from_json(data)
    except BriznaError as error:
        return None, [failed(FORM, place, Said("{error}", error=error), _READABLE)]
    found = _against_run(stored, run, place)
    found += _factors_of(stored, place)
    if not any(one.result == "fail" for one in found):
        found += _recomputed(stored, data, run, place)
        found += _intervals(stored, place)
        found += _ages(stored, run, place, known)
    return stored, found


def _against_run(stored: Footprint, run: Run | None, place: Place) -> list[Verdict]:
    place = place.replace(field="subject")
    if run is None:
        return []
    own = digest(run.to_json())
    if own == stored.subject:
        return [passed(RECORD, place)]
    seen = Said("it accounts for {subject}", subject=stored.subject)
    return [failed(RECORD, place, seen, Said("{digest}, the digest of its run", digest=own))]


def _factors_of(stored: Footprint, place: Place) -> list[Verdict]:
    place = place.replace(field="factor_set")
    own = factor_set(stored.factors)
    if own == stored.factor_set and stored.factors == stored.assumptions.factors:
        return [passed(FACTORS, place)]
    seen = Said("its factors come to {digest}", digest=own)
    expected = Said("{digest}, as it says itself", digest=stored.factor_set)
    return [failed(FACTORS, place, seen, expected)]


def _recomputed(stored: Footprint, data: Any, run: Run | None, place: Place) -> list[Verdict]:
    """Compute a footprint again, and compare each figure; one that follows is not told twice."""
    subject = _own_subject(stored) if run is None else subject_of_run(run, view=stored.view)
    try:
        again = recompute(stored, subject)
    except BriznaError as error:
        seen = Said("it cannot be computed again: {error}", error=error)
        return [failed(FACTORS, place, seen, Said("factors that give its assumptions"))]
    found: list[Verdict] = []
    for step in again.derivation:
        now, then = getattr(again, step.figure), getattr(stored, step.figure)
        if now == then or _follows(stored, step.formula, tuple(step.inputs.items()), then):
            continue
        found.append(_differs(stored, step.figure, step.formula, (then, now), place))
    if found:
        return found
    is_whole = run is not None and encode(again.to_json()) == encode(stored.to_json())
    if is_whole or (run is None and _figures(again) == _figures(stored)):
        return [_own_ends(data, stored, place)]
    seen = Said("it computes to another record")
    return [failed(RECOMPUTED, place, seen, Said("the same bytes as were stored"))]


def _figures(footprint: Footprint) -> dict[str, Any]:
    """Return what does not depend on the run's record itself."""
    plain = footprint.to_json()
    return {
        name: plain[name] for name in plain if name not in ("boundary", "derivation", "reasons")
    }


def _own_ends(data: Any, stored: Footprint, place: Place) -> Verdict:
    """Judge that low and high, which nothing reads back, are those that the doubts give."""
    plain = stored.to_json()
    for name, value in data.items():
        if isinstance(value, dict) and "doubts" in value and value != plain.get(name):
            here = place.replace(field=name)
            seen = Said("its interval is not the one that its doubts give")
            return failed(RECOMPUTED, here, seen, Said("the same bytes as were stored"))
    return passed(RECOMPUTED, place)


def _own_subject(stored: Footprint) -> Subject:
    """Return what a footprint says of its own subject, for want of the run."""
    steps = {step.figure: step for step in stored.derivation}
    energy = steps.get("energy_j")
    return Subject(
        digest=stored.subject,
        id=stored.subject_id,
        energy_j=stored.energy_j,
        duration_s=stored.duration_s,
        parts={} if energy is None else energy.inputs,
        formula="" if energy is None else energy.formula,
        reason=stored.reasons.get("energy_j"),
        view=stored.view,
        boundary=stored.boundary,
    )


def _follows(
    stored: Footprint, formula: str, inputs: tuple[tuple[str, str], ...], then: Estimate | None
) -> bool:
    """Tell whether a stored figure is what its formula makes of the other stored figures."""
    values: dict[str, Estimate] = {}
    for symbol, origin in inputs:
        holder = stored.assumptions if origin.startswith("assumptions.") else stored
        value = getattr(holder, symbol, None)
        if symbol == "functional_unit" and value is not None:
            value = exactly(Ratio(value.count))
        if not isinstance(value, Estimate):
            return False
        values[symbol] = value
    return bool(values) and then is not None and evaluate(formula, values) == then


def _differs(
    stored: Footprint,
    figure: str,
    formula: str,
    values: tuple[Estimate | None, Estimate | None],
    place: Place,
) -> Verdict:
    """Return why a figure is not what it computes to: a unit, a PUE too many, or anything."""
    then, now = values
    here = place.replace(field=figure)
    evidence = [
        *([] if then is None else [_figure(figure, then, here)]),
        *([] if now is None else [_figure(figure, now, here, formula)]),
    ]
    if then is None or now is None:
        seen = Said("it is not known") if then is None else Said("it is known")
        return failed(RECOMPUTED, here, seen, Said("the same bytes as were stored"), evidence)
    before, after = then.best.value, now.best.value
    ratio = before / after if after else 0.0
    said = {"value": before, "expected": after, "unit": now.kind.unit, "formula": formula}
    kind = _KINDS.get(now.kind)
    found = other_unit(kind[0], kind[1], ratio) if kind and ratio > 0 else None
    pue = stored.assumptions.pue.best.value
    seen = Said("it is {value:.6g} {unit}", **said)
    if kind and found:
        expected = Said(
            "about {expected:.4g} {unit}: it seems to be in {other}", **said, other=found[0]
        )
        return failed(kind[2], here, seen, expected, evidence)
    if ratio > 0 and pue > _SAME and agree(ratio, pue, within=1 + 1e-6):
        seen = Said("it is {ratio:.4g} times what it computes to", ratio=ratio)
        return failed(DOUBLE_PUE, here, seen, Said("the PUE of {pue} once", pue=pue), evidence)
    if before < 0 <= after:
        return failed(NEGATIVE, here, seen, Said("more than 0"), evidence)
    if before == 0 < after:
        return failed(
            ZERO, here, seen, Said("{expected:.6g} {unit}, by {formula}", **said), evidence
        )
    expected = Said("{expected:.6g} {unit}, by {formula}", **said)
    return failed(RECOMPUTED, here, seen, expected, evidence)


def _intervals(stored: Footprint, place: Place) -> list[Verdict]:
    """Judge that every figure that is no declaration says how sure it is."""
    bare = [
        step.figure
        for step in stored.derivation
        if isinstance(value := getattr(stored, step.figure), Estimate)
        and not value.doubts
        and value.basis not in ("declared", "metered")
        and value.best.value
    ]
    if not bare:
        return [passed(INTERVAL, place)]
    seen = Said("{figures} have no interval", figures=", ".join(bare))
    return [failed(INTERVAL, place, seen, Said("how far each may be off"))]


def _ages(stored: Footprint, run: Run | None, place: Place, known: Knowledge) -> list[Verdict]:
    """Judge factors that are stated anew every year: their id ends in it."""
    started = read_instant(run.started) if run is not None else None
    if started is None:
        why = Said("the footprint does not say when it was")
        return [untold(STALE, place, why)] if stored.factors else []
    found: list[Verdict] = []
    for factor in stored.factors:
        if factor.year is None or not factor.id.endswith(f"/{factor.year}"):
            continue
        here = place.replace(field=factor.name)
        used = Evidence(name=factor.id, value=factor.value, unit=factor.unit, origin=factor.source)
        later = known.later_factor(factor.id, started.year)
        age = started.year - factor.year
        if later is not None:
            seen = Said("{name} was used", name=factor.id)
            expected = Said("{name}, which is known by now", name=later)
            found.append(failed(SUPERSEDED, here, seen, expected, [used]))
        if age > limit("stale-years"):
            seen = Said("it is of {year}, {age} years before", year=factor.year, age=age)
            most = int(limit("stale-years"))
            expected = Said("one of at most {most} years before the activity", most=most)
            found.append(failed(STALE, here, seen, expected, [used]))
        else:
            found.append(passed(STALE, here, [used]))
    return found


def _figure(name: str, value: Estimate, place: Place, formula: str | None = None) -> Evidence:
    return Evidence(
        name=name,
        value=value.best.value,
        unit=value.kind.unit,
        origin=formula or str(place),
        low=value.low.value,
        high=value.high.value,
    )

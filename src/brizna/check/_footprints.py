"""A footprint against its run or case and its own factors: each figure is computed again."""

from __future__ import annotations

from brizna.account import (
    Footprint,
    Subject,
    evaluate,
    factor_set,
    recompute,
    subject_of_case,
    subject_of_run,
)
from brizna.check._compare import agree, limit, other_unit
from brizna.check._records import figure_of
from brizna.check._rules import (
    CARBON_UNIT,
    DOUBLE_PUE,
    ENERGY_UNIT,
    FACTORS,
    FORM,
    INTERVAL,
    NEGATIVE,
    RECOMPUTED,
    RECORD,
    STALE,
    SUPERSEDED,
    ZERO,
    failed,
    passed,
    untold,
)
from brizna.check._shapes import READABLE, UNREADABLE, misshapen, own_ends, unreadable
from brizna.check._statement import read_instant
from brizna.check._verdict import Evidence
from brizna.core.codec import encode
from brizna.core.errors import BriznaError, Said
from brizna.core.estimate import Estimate, exactly
from brizna.core.measurement import Run
from brizna.core.quantities import Carbon, Energy, Ratio

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from brizna.account import Case
    from brizna.check._statement import Knowledge
    from brizna.check._verdict import Place, Verdict

_SAME = 1 + 1e-9
"""Two figures of one computation differ by less, whatever computes them."""
_KINDS: Mapping[type, tuple[str, str, str]] = {
    Energy: ("energy", "J", ENERGY_UNIT),
    Carbon: ("carbon", "g", CARBON_UNIT),
}


def examine_footprint(
    data: Any, about: Run | Case | None, place: Place, known: Knowledge
) -> tuple[Footprint | None, list[Verdict]]:
    """Return a footprint that can be read, and what the rules come to for it.

    Args:
        data: Its record, as JSON.
        about: The run or case that it is about; without it only what follows from its own energy
            and time can be computed again.
        place: Where it stands.
        known: What is known beside it.
    """
    try:
        stored = Footprint.from_json(data)
    except BriznaError as error:
        return None, [failed(FORM, place, Said("{error}", error=error), READABLE)]
    wrong = misshapen(stored, place)
    if wrong:
        return None, wrong
    try:
        found = _against_subject(stored, about, place)
        found += _factors_of(stored, place)
        if not any(one.result == "fail" for one in found):
            found += _recomputed(stored, data, about, place)
            found += _intervals(stored, place)
            found += _ages(stored, about, place, known)
    except UNREADABLE as error:  # a formula or a reference that leads nowhere
        return None, [unreadable(place, error)]
    return stored, found


def _subject(about: Run | Case, view: str) -> Subject:
    return subject_of_run(about, view=view) if isinstance(about, Run) else subject_of_case(about)


def _against_subject(stored: Footprint, about: Run | Case | None, place: Place) -> list[Verdict]:
    place = place.replace(field="subject")
    if about is None:
        return []
    own = _subject(about, stored.view).digest
    if own == stored.subject:
        return [passed(RECORD, place)]
    seen = Said("it accounts for {subject}", subject=stored.subject)
    return [failed(RECORD, place, seen, Said("{digest}, the digest of its subject", digest=own))]


def _factors_of(stored: Footprint, place: Place) -> list[Verdict]:
    place = place.replace(field="factor_set")
    own = factor_set(stored.factors)
    if own == stored.factor_set and stored.factors == stored.assumptions.factors:
        return [passed(FACTORS, place)]
    seen = Said("its factors come to {digest}", digest=own)
    expected = Said("{digest}, as it says itself", digest=stored.factor_set)
    return [failed(FACTORS, place, seen, expected)]


def _recomputed(
    stored: Footprint, data: Any, about: Run | Case | None, place: Place
) -> list[Verdict]:
    """Compute a footprint again, and compare each figure; one that follows is not told twice."""
    subject = _own_subject(stored) if about is None else _subject(about, stored.view)
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
    is_whole = about is not None and encode(again.to_json()) == encode(stored.to_json())
    if is_whole or (about is None and _figures(again) == _figures(stored)):
        return own_ends(data, stored, place) or [passed(RECOMPUTED, place)]
    seen = Said("it computes to another record")
    return [failed(RECOMPUTED, place, seen, Said("the same bytes as were stored"))]


def _figures(footprint: Footprint) -> dict[str, Any]:
    """Return what does not depend on the run's record itself."""
    plain = footprint.to_json()
    return {
        name: plain[name] for name in plain if name not in ("boundary", "derivation", "reasons")
    }


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
        *([] if then is None else [figure_of(figure, then, here)]),
        *([] if now is None else [figure_of(figure, now, here, formula)]),
    ]
    if then is None or now is None:
        seen = Said("it is not known") if then is None else Said("it is known")
        return failed(RECOMPUTED, here, seen, Said("the same bytes as were stored"), evidence)
    before, after = then.best.value, now.best.value
    ratio = before / after if after else 0.0
    unit = now.kind.unit
    kind = _KINDS.get(now.kind)
    found = other_unit(kind[0], kind[1], ratio) if kind and ratio > 0 else None
    pue = stored.assumptions.pue.best.value
    seen = Said("it is {value:.6g} {unit}", value=before, unit=unit)
    if kind and found:
        expected = Said(
            "about {expected:.6g} {unit}: it seems to be in {other}",
            expected=after,
            unit=unit,
            other=found[0],
        )
        return failed(kind[2], here, seen, expected, evidence)
    if ratio > 0 and pue > _SAME and agree(ratio, pue, within=1 + 1e-6):
        seen = Said("it is {ratio:.4g} times what it computes to", ratio=ratio)
        return failed(DOUBLE_PUE, here, seen, Said("the PUE of {pue} once", pue=pue), evidence)
    if before < 0 <= after:
        return failed(NEGATIVE, here, seen, Said("more than 0"), evidence)
    expected = Said(
        "{expected:.6g} {unit}, by {formula}", expected=after, unit=unit, formula=formula
    )
    return failed(ZERO if before == 0 < after else RECOMPUTED, here, seen, expected, evidence)


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


def _ages(
    stored: Footprint, about: Run | Case | None, place: Place, known: Knowledge
) -> list[Verdict]:
    """Judge factors that are stated anew every year: their id ends in it."""
    started = None if about is None or about.started is None else read_instant(about.started)
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

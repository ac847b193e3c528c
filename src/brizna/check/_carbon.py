"""Whether emissions are what the energy emits at the place, and place and intensity agree."""

from __future__ import annotations

from math import fsum

from brizna.check._compare import J_PER_KWH, agree, limit, other_unit
from brizna.check._power import design_power
from brizna.check._rules import (
    CARBON,
    CARBON_UNIT,
    DERIVED,
    DOUBLE_PUE,
    PLACE,
    SUM,
    failed,
    passed,
    unasked,
    untold,
)
from brizna.check._verdict import Evidence
from brizna.core.errors import Said

TYPE_CHECKING = False
if TYPE_CHECKING:
    from brizna.check._statement import Span, Stated
    from brizna.check._workings import Workings


def judge_place(work: Workings) -> None:
    """Compare the names of the place with each other, and the stated intensity with the place."""
    statement = work.statement
    if statement.zone and statement.country:
        (name, place), (other, _) = statement.zone, statement.country
        zone, country = work.known.zone(name), work.known.zone(other)
        if zone and country and zone.partition("-")[0] != country.partition("-")[0]:
            work.place_is_known = False
            seen = Said("it says {name!r} and {other!r}", name=name, other=other)
            work.add(failed(PLACE, place, seen, Said("two names of one place")))
            return
        work.add(passed(PLACE, place))
    stated = statement.intensity_g_per_kwh
    value = work.value(stated)
    if stated is None or value is None:
        return
    span = _span(work)
    if span is None:
        why = Said("the intensity of the place is not known here, or no place is named")
        work.add(untold(PLACE, stated.place, why, [stated.evidence()]))
        return
    evidence = [stated.evidence(), _evidence(span)]
    found = (
        None
        if _inside(value, span)
        else other_unit("intensity", "g/kWh", value / span.high, value / span.low)
    )
    if _inside(value, span):
        work.add(passed(PLACE, stated.place, evidence))
    elif found is not None:
        work.spoil(stated)
        work.wrong_unit(CARBON_UNIT, stated, found[0], value / found[1], evidence)
    else:
        seen = Said("the intensity is {value:.6g} g/kWh", value=value)
        work.add(failed(PLACE, stated.place, seen, _within(span, "g/kWh"), evidence))


def judge_carbon(work: Workings) -> None:
    """Compare the emissions with energy × intensity, and with what else is said of them."""
    stated = work.statement.carbon_g
    if "carbon" not in work.statement.asks:
        why = Said("the form has no place for emissions")
        work.add(unasked(CARBON, work.statement.place, why))
        return
    if stated is None:
        work.add(untold(CARBON, work.statement.place, Said("it states no emissions")))
        return
    if work.carbon_g is None or not work.place_is_known:
        return
    if not _judge_others(work, stated):
        _judge_product(work, stated)
    _judge_whole(work)


def _judge_others(work: Workings, stated: Stated) -> bool:
    """Compare with what the document says of the same elsewhere; tell whether that settles it."""
    for other in work.statement.others_g:
        value = work.value(other)
        if value is None or work.carbon_g is None:
            continue
        evidence = [stated.evidence(), other.evidence()]
        if agree(work.carbon_g, value):
            work.add(passed(DERIVED, other.place, evidence))
            continue
        found = other_unit("carbon", stated.unit, work.carbon_g / value)
        if found is not None:
            work.carbon_g = value
            work.wrong_unit(CARBON_UNIT, stated, found[0], value, evidence)
        else:
            seen = Said("it is {value:.6g} {unit}", value=stated.written, unit=stated.unit)
            expected = Said(
                "{other:.6g} {unit}, as {place} says",
                other=other.written,
                unit=other.unit,
                place=other.place,
            )
            work.add(failed(DERIVED, stated.place, seen, expected, evidence))
        return True
    return False


def _judge_product(work: Workings, stated: Stated) -> None:
    assert work.carbon_g is not None
    energy = _energy_kwh(work)
    span = _stated_span(work) or _span(work)
    if energy is None or span is None:
        missing = Said("the energy") if energy is None else Said("the place and its intensity")
        why = Said("{missing} is not stated, or not known here", missing=missing)
        work.add(untold(CARBON, stated.place, why, [stated.evidence()]))
        return
    low_kwh, high_kwh, evidence = energy
    evidence = [stated.evidence(), *evidence, _evidence(span)]
    least_g, most_g = low_kwh * span.low, high_kwh * span.high
    slack = 1 + limit("rounding")
    if least_g / slack <= work.carbon_g <= most_g * slack:
        work.add(passed(CARBON, stated.place, evidence))
        return
    ratios = work.carbon_g / most_g, work.carbon_g / least_g
    found = other_unit("carbon", stated.unit, *ratios)
    is_exact = agree(least_g, most_g)
    if is_exact and not agree(work.pue, 1) and agree(ratios[0], work.pue):
        seen = Said("the emissions are {ratio:.4g} times energy × intensity", ratio=ratios[0])
        expected = Said("the PUE of {pue} once: the energy holds it already", pue=work.pue)
        work.add(failed(DOUBLE_PUE, stated.place, seen, expected, evidence))
    elif found is not None:
        right_g = work.carbon_g / found[1]
        work.carbon_g = right_g
        work.wrong_unit(CARBON_UNIT, stated, found[0], right_g, evidence)
    else:
        seen = Said("it is {value:.6g} {unit}", value=stated.written, unit=stated.unit)
        expected = Said(
            "{least:.4g} to {most:.4g} {unit} by energy × intensity",
            least=least_g / stated.size,
            most=most_g / stated.size,
            unit=stated.unit,
        )
        work.add(failed(CARBON, stated.place, seen, expected, evidence))


def _energy_kwh(work: Workings) -> tuple[float, float, list[Evidence]] | None:
    """Return the energy, or between what it must lie by the hardware and the time; None if neither.

    A figure that was put right leaves its place in the evidence to its field.
    """
    stated = work.statement.energy_j
    if work.energy_j is not None and stated is not None:
        kwh = work.energy_j / J_PER_KWH
        parts_j = fsum(part.energy_j.value for part in work.statement.parts)
        bare = not work.statement.parts_hold_pue and parts_j > 0 and agree(work.energy_j, parts_j)
        return kwh, kwh * (work.pue if bare else 1.0), [stated.evidence()]
    if stated is not None or work.duration_s is None or not work.statement.cards_only:
        return None
    known = design_power(work, "gpu")
    if known is None:
        return None
    nominal_w, most_w, evidence, _ = known
    hours = work.duration_s / J_PER_KWH
    least_kwh = nominal_w * limit("least-load") * hours
    most_kwh = most_w * limit("around-cards") * hours
    drawn = Evidence(
        name="energy",
        value=None,
        unit="kWh",
        origin="hours × design power",
        low=least_kwh,
        high=most_kwh,
    )
    return least_kwh, most_kwh, [*evidence, drawn]


def _judge_whole(work: Workings) -> None:
    it = work.statement
    embodied_g, whole_g = work.value(it.embodied_g), work.value(it.whole_g)
    if it.embodied_g is None or it.whole_g is None or it.carbon_g is None:
        return
    if embodied_g is None or whole_g is None or work.carbon_g is None:
        return
    right_g = work.carbon_g + embodied_g
    evidence = [one.evidence() for one in (it.whole_g, it.carbon_g, it.embodied_g)]
    if agree(whole_g, right_g) or agree(whole_g, it.carbon_g.value + embodied_g):
        work.add(passed(SUM, it.whole_g.place, evidence))
        return
    work.wrong_sum(it.whole_g, right_g, evidence)


def _stated_span(work: Workings) -> Span | None:
    from brizna.check._statement import Span

    stated = work.statement.intensity_g_per_kwh
    value = work.value(stated)
    if stated is None or value is None:
        return None
    return Span(low=value, best=value, high=value, sources=(str(stated.place),))


def _span(work: Workings) -> Span | None:
    """Return the intensity of the place that is named."""
    it = work.statement
    named = it.country or it.zone
    zone = work.known.zone(named[0]) if named and work.place_is_known else None
    if zone is None:
        return None
    return work.known.intensity(
        zone, ended=it.ended, duration_s=work.duration_s, parts=bool(it.region)
    )


def _inside(value: float, span: Span) -> bool:
    slack = 1 + limit("rounding")
    return span.low / slack <= value <= span.high * slack


def _within(span: Span, unit: str) -> Said:
    return Said(
        "{low:.4g} to {high:.4g} {unit}, by {sources}",
        low=span.low,
        high=span.high,
        unit=unit,
        sources=", ".join(span.sources),
    )


def _evidence(span: Span) -> Evidence:
    return Evidence(
        name="intensity",
        value=span.best,
        unit="gCO2e/kWh",
        origin=", ".join(span.sources),
        low=span.low,
        high=span.high,
    )

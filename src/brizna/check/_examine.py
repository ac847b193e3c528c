"""The rules, asked of one statement.

Each cause is found once: a figure that turns out to be in another unit is put right before the
next rule looks at it, so that one wrong unit is one finding and not five.
"""

from __future__ import annotations

from math import fsum

from brizna.check._carbon import judge_carbon, judge_place
from brizna.check._compare import J_PER_KWH, agree, limit, other_unit
from brizna.check._power import judge_power
from brizna.check._rules import (
    DATE,
    DERIVED,
    DOUBLE_PUE,
    ENERGY_UNIT,
    FORM,
    HOURS,
    IMPOSSIBLE_PUE,
    INTERVAL,
    NEGATIVE,
    SUM,
    TIME_POWER,
    TIME_UNIT,
    ZERO,
    failed,
    passed,
    unasked,
)
from brizna.check._verdict import Evidence
from brizna.check._workings import Workings
from brizna.core.errors import Said

TYPE_CHECKING = False
if TYPE_CHECKING:
    from brizna.check._statement import Knowledge, Part, Stated, Statement
    from brizna.check._verdict import Verdict

_ROUNDED = 0.005
"""A PUE of 1 that was measured may lie so far below it."""
_MOST_G_PER_KWH = 2500.0
"""No grid emits more: where emissions and energy give more, the energy is in another unit."""
_EARLIEST = 2000
"""Nothing that is checked here was measured before."""


def examine(statement: Statement, known: Knowledge) -> list[Verdict]:
    """Return what the rules come to for one statement.

    Args:
        statement: What is stated.
        known: What is known of grids, devices and the date.
    """
    work = Workings(statement, known)
    _judge_dates(work)
    _judge_signs(work)
    _judge_pue(work)
    _judge_parts(work)
    _judge_sum(work)
    judge_power(work)
    judge_place(work)
    judge_carbon(work)
    _judge_derived(work)
    _judge_hours(work)
    _judge_interval(work)
    return work.verdicts


def _judge_dates(work: Workings) -> None:
    statement, now = work.statement, work.known.instant
    for text, instant, place in statement.times:
        if instant is None:
            seen = Said("the time is {text!r:.60}", text=text)
            work.add(failed(FORM, place, seen, Said("a date and a time, as in ISO 8601")))
        elif instant > now:
            seen = Said("it is dated {instant}, in the future", instant=instant.isoformat())
            expected = Said("no later than {now}", now=now.isoformat(timespec="seconds"))
            work.add(failed(DATE, place, seen, expected))
        elif instant.year < _EARLIEST:
            seen = Said("it is dated {instant}", instant=instant.isoformat())
            work.add(failed(DATE, place, seen, Said("a day on which it can have been measured")))
        else:
            work.add(passed(DATE, place))
    known = [instant for _, instant, _ in statement.times if instant is not None]
    if len(known) > 1 and known[0] > known[-1]:
        seen = Said(
            "it begins at {start} and ends at {end}",
            start=known[0].isoformat(),
            end=known[-1].isoformat(),
        )
        work.add(failed(DATE, statement.place, seen, Said("an end after its beginning")))


def _judge_signs(work: Workings) -> None:
    for stated in work.figures():
        if stated.value < 0:
            work.spoil(stated)
            seen = Said("it is {value} {unit}", value=stated.written, unit=stated.unit)
            work.add(failed(NEGATIVE, stated.place, seen, Said("more than 0"), [stated.evidence()]))
    if not work.spoilt:
        work.add(passed(NEGATIVE, work.statement.place))
    nothing = list(_nothing(work))
    for stated, beside in nothing:
        work.spoil(stated)
        seen = Said("it is 0 {unit}", unit=stated.unit)
        expected = Said(
            "more than 0, as {field} is {value} {unit}",
            field=beside.place.field,
            value=beside.written,
            unit=beside.unit,
        )
        evidence = [stated.evidence(), beside.evidence()]
        work.add(failed(ZERO, stated.place, seen, expected, evidence))
    if not nothing:
        work.add(passed(ZERO, work.statement.place))


def _nothing(work: Workings) -> list[tuple[Stated, Stated]]:
    """Return each figure that is 0 and cannot be, with the figure because of which it cannot."""
    it = work.statement
    pairs = [
        (it.energy_j, it.duration_s),
        (it.duration_s, it.energy_j),
        (it.carbon_g, it.energy_j),
        (it.carbon_g, it.duration_s if it.energy_j is None else None),
        *((part.energy_j, part.power_w) for part in it.parts),
    ]
    return [
        (one, other)
        for one, other in pairs
        if one is not None and other is not None and one.value == 0 and other.value > 0
    ]


def _judge_pue(work: Workings) -> None:
    """Judge an overhead by itself: no site uses less than the computers in it."""
    stated, most = work.statement.pue, limit("pue")
    if stated is None or work.value(stated) is None:
        return
    if 1 - _ROUNDED <= stated.value <= most:
        work.add(passed(IMPOSSIBLE_PUE, stated.place, [stated.evidence()]))
        return
    work.pue_is_possible = False
    seen = Said("the PUE is {value}", value=stated.written)
    expected = Said("from 1 to {most:g}", most=most)
    work.add(failed(IMPOSSIBLE_PUE, stated.place, seen, expected, [stated.evidence()]))


def _judge_parts(work: Workings) -> None:
    """Compare the energy of each component with its power and the time."""
    duration_s, pue = work.duration_s, work.pue_of_parts
    with_power = [part for part in work.statement.parts if work.value(part.power_w) is not None]
    if duration_s is None or not with_power or not work.pue_is_possible:
        return
    ratios: list[tuple[Part, float]] = []
    for part in with_power:
        energy_j, power_w = work.value(part.energy_j), work.value(part.power_w)
        if energy_j is not None and power_w is not None:
            ratios.append((part, energy_j / (power_w * duration_s * pue)))
    if _is_other_time(work, ratios):
        return
    for part, ratio in ratios:
        _judge_part(work, part, ratio)


def _most(part: Part) -> float:
    return limit("mean-power" if part.power_is == "mean" else "last-power")


def _is_other_time(work: Workings, ratios: list[tuple[Part, float]]) -> bool:
    """Tell whether all components say that the time is in another unit; then say so once."""
    stated = work.statement.duration_s
    if not ratios or stated is None:
        return False
    low = max(1 / (ratio * _most(part)) for part, ratio in ratios)
    high = min(_most(part) / ratio for part, ratio in ratios)
    found = other_unit("time", "s", low, high) if low <= high else None
    if found is None or (found[0] == "ms" and not _energy_fits(work)):
        return False  # as likely the energy in MWh: left to the energy
    unit, off = found
    work.duration_s = stated.value / off
    seen = Said("the time is {value} s", value=stated.written)
    expected = Said(
        "about {expected:.4g} s by energy and power: it seems to be in {unit}",
        expected=work.duration_s,
        unit=unit,
    )
    evidence = [stated.evidence()]
    for part, _ in ratios:
        evidence += [part.energy_j.evidence()]
        evidence += [] if part.power_w is None else [part.power_w.evidence()]
    work.add(failed(TIME_UNIT, stated.place, seen, expected, evidence))
    return True


def _energy_fits(work: Workings) -> bool:
    """Tell whether energy and emissions fit each other, so that neither is in another unit."""
    energy_j, carbon_g = work.energy_j, work.carbon_g
    if energy_j is None or carbon_g is None:
        return False
    return 1 <= carbon_g / energy_j * J_PER_KWH <= _MOST_G_PER_KWH


def _judge_part(work: Workings, part: Part, ratio: float) -> None:
    stated, power = part.energy_j, part.power_w
    assert power is not None
    assert work.duration_s is not None
    expected_j = stated.value / ratio
    evidence = [
        stated.evidence(),
        power.evidence(),
        Evidence(
            name=stated.place.field or "",
            value=expected_j / stated.size,
            unit=stated.unit,
            origin=f"{power.place.field} * duration" + (" * pue" if work.pue_of_parts > 1 else ""),
        ),
    ]
    is_tight = part.power_is == "mean"
    if is_tight and not agree(work.pue_of_parts, 1) and agree(ratio, work.pue):
        work.parts[stated.place.field or ""] = expected_j
        seen = Said("the energy is {ratio:.4g} times time × power × PUE", ratio=ratio)
        expected = Said("the PUE of {pue} once", pue=work.pue)
        work.add(failed(DOUBLE_PUE, stated.place, seen, expected, evidence))
        return
    most = _most(part)
    if agree(ratio, 1, within=most):
        work.add(passed(TIME_POWER, stated.place, evidence))
        return
    found = other_unit("energy", stated.unit, ratio / most, ratio * most)
    work.parts[stated.place.field or ""] = expected_j
    seen = Said("it is {value:.6g} {unit}", value=stated.written, unit=stated.unit)
    if found is not None:
        work.wrong_unit(ENERGY_UNIT, stated, found[0], expected_j, evidence)
        return
    expected = Said(
        "about {expected:.4g} {unit} by time × power",
        expected=expected_j / stated.size,
        unit=stated.unit,
    )
    work.add(failed(TIME_POWER, stated.place, seen, expected, evidence))


def _judge_sum(work: Workings) -> None:
    """Compare the whole with its components, as they are written and as they were put right."""
    stated, parts = work.statement.energy_j, work.statement.parts
    energy_j = work.value(stated)
    if stated is None or energy_j is None or not parts or work.any_spoilt(parts):
        return
    written_j = fsum(part.energy_j.value for part in parts)
    if not work.pue_is_possible and not work.statement.parts_hold_pue:
        return
    right_j = fsum(work.parts.get(p.energy_j.place.field or "", p.energy_j.value) for p in parts)
    if right_j <= 0:
        return
    if not work.statement.parts_hold_pue and not agree(energy_j, right_j):
        right_j *= work.pue
    work.energy_j = right_j
    evidence = [
        stated.evidence(),
        *(part.energy_j.evidence() for part in parts),
        Evidence(
            name=stated.place.field or "",
            value=right_j / stated.size,
            unit=stated.unit,
            origin=" + ".join(part.energy_j.place.field or "" for part in parts),
        ),
    ]
    if agree(energy_j, right_j) or agree(energy_j, written_j):
        work.add(passed(SUM, stated.place, evidence))
        return
    ratio = energy_j / right_j
    found = other_unit("energy", stated.unit, ratio)
    if not agree(work.pue, 1) and agree(ratio, work.pue):
        seen = Said(
            "the total is {ratio:.4g} times its components, which hold the PUE", ratio=ratio
        )
        expected = Said("the PUE of {pue} once", pue=work.pue)
        work.add(failed(DOUBLE_PUE, stated.place, seen, expected, evidence))
    elif found is not None:
        work.wrong_unit(ENERGY_UNIT, stated, found[0], right_j, evidence)
    else:
        work.wrong_sum(stated, right_j, evidence)


def _judge_derived(work: Workings) -> None:
    """Compare rates with what they are made of, unless that was found wrong already."""
    for one in work.statement.derived:
        parts = [work.value(part) for part in (one.stated, one.numerator, one.divisor)]
        rate, top, bottom = parts
        if rate is None or top is None or bottom is None or work.has_failed():
            continue
        expected_value = top / bottom
        evidence = [
            one.stated.evidence(),
            Evidence(
                name=one.stated.place.field or "",
                value=expected_value / one.stated.size,
                unit=one.stated.unit,
                origin=one.name,
            ),
        ]
        if agree(rate, expected_value):
            work.add(passed(DERIVED, one.stated.place, evidence))
            continue
        seen = Said("it is {value:.6g} {unit}", value=one.stated.written, unit=one.stated.unit)
        expected = Said(
            "{expected:.6g} {unit}, which is {formula}",
            expected=expected_value / one.stated.size,
            unit=one.stated.unit,
            formula=one.name,
        )
        work.add(failed(DERIVED, one.stated.place, seen, expected, evidence))


def _judge_hours(work: Workings) -> None:
    covered, whole = work.statement.covered_s, work.statement.duration_s
    covered_s, whole_s = work.value(covered), work.value(whole)
    if covered is None or whole is None or covered_s is None or whole_s is None:
        return
    evidence = [covered.evidence(), whole.evidence()]
    missing = 1 - covered_s / whole_s
    if missing <= limit("gap-share"):
        work.add(passed(HOURS, covered.place, evidence))
        return
    seen = Said("{covered:.6g} s of {whole:.6g} s are covered", covered=covered_s, whole=whole_s)
    expected = Said("all of the time, but for {share:.0%}", share=limit("gap-share"))
    work.add(failed(HOURS, covered.place, seen, expected, evidence))


def _judge_interval(work: Workings) -> None:
    says, place = work.statement.interval, work.statement.place
    if says is None:
        work.add(unasked(INTERVAL, place, Said("the form has no place for an interval")))
    elif says:
        work.add(passed(INTERVAL, place))
    else:
        seen = Said("the figures stand without an interval or a quality")
        work.add(failed(INTERVAL, place, seen, Said("how far each may be off")))

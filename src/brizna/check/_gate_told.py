"""What one gate found, whole: its record, and the verdicts on its rules."""

from __future__ import annotations

from brizna.check._gate import Block, GateVerdict
from brizna.check._gate_limits import Drift, Limit, Quality
from brizna.check._verdict import Evidence, Place, Rule, Verdict, Verification
from brizna.core.errors import Said
from brizna.core.estimate import estimate_of
from brizna.core.quantities import Energy
from brizna.core.records import Record, each

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import ClassVar

    from brizna.core.estimate import Estimate

UNITS = {"instructions": "1", "cpu": "s", "energy": "J"}
"""What a gate can compare, and its unit."""
CHANGE, BUDGET, QUALITY, DRIFT = "BRZ-G001", "BRZ-G002", "BRZ-G003", "BRZ-G004"
_OWN = str(Said("brizna: one record, from sensor to signature"))

GATE_RULES = {
    rule.id: rule
    for rule in (
        Rule(
            id=CHANGE,
            severity="error",
            title=Said("The change takes no more than it may"),
            todo=Said("Find what takes more with brizna profile, or raise --allow knowingly."),
            reference=_OWN,
        ),
        Rule(
            id=BUDGET,
            severity="error",
            title=Said("The command stays within its budget"),
            todo=Said("Find what takes most with brizna profile, or raise --max knowingly."),
            reference=_OWN,
        ),
        Rule(
            id=QUALITY,
            severity="error",
            title=Said("The quality is at its floor"),
            todo=Said("Energy that is saved by doing less is no saving: restore the quality."),
            reference=_OWN,
        ),
        Rule(
            id=DRIFT,
            severity="warning",
            title=Said("The base has not crept upwards"),
            todo=Said("Compare the first and the last commit of the history with --base."),
            reference=_OWN,
        ),
    )
}


class Gate(Record):
    """What one gate did and found.

    Attributes:
        command: What was run, as it is kept, without secrets.
        figure: What was compared: ``instructions``, ``cpu`` (processor seconds) or ``energy``.
        method: How it was counted: ``perf``, ``callgrind``, ``rusage`` or ``meters``.
        base: What the head was held against, as it was named; None for a budget alone.
        base_commit: The commit that this was; None outside git.
        head_commit: The commit of the head.
        is_changed: Whether the head has changes that are in no commit.
        executions: How many times the command ran for one figure; the figure is their sum.
        allow: A larger change than this is a regression, as a share.
        notice: The smallest change that matters, as a share.
        blocks: The figures, in base units.
        change: What they say; None for a budget alone.
        budget: The budget and how it is kept; None where there is none. Its unit tells its figure,
            which may be another than what is compared.
        quality: Each quality that was asked for.
        drift: The history of the base; None where there is no base.
        energy_j: Of the gate itself, all executions in it; None with ``reason``.
        reason: Why the energy is not known.
        duration_s: Of the gate.
        run: Id of the run in the store that measured the gate; None where it was not kept.
        notes: What a reader should know, a sentence each.
        name: What the history of the base is kept under; None for the command itself.
        budget_method: How the budget's figure was counted; None without a budget.
    """

    schema: ClassVar = "brizna.gate/1"

    command: tuple[str, ...]
    figure: str
    method: str
    base: str | None
    base_commit: str | None
    head_commit: str | None
    is_changed: bool
    executions: int
    allow: float
    notice: float
    blocks: tuple[Block, ...] = ()
    change: GateVerdict | None = None
    budget: Limit | None = None
    quality: tuple[Quality, ...] = ()
    drift: Drift | None = None
    energy_j: Estimate | None = None
    reason: str | None = None
    duration_s: float | None = None
    run: str | None = None
    notes: tuple[str, ...] = ()
    name: str | None = None
    budget_method: str | None = None

    _forms: ClassVar = {
        "command": tuple,
        "blocks": each(Block.from_json),
        "change": GateVerdict.from_json,
        "budget": Limit.from_json,
        "quality": each(Quality.from_json),
        "drift": Drift.from_json,
        "energy_j": estimate_of(Energy),
        "notes": tuple,
    }


def verify_gate(gate: Gate, *, place: str | None = None) -> Verification:
    """Return the verdicts of a gate on its rules: each that was asked for, and none else.

    Args:
        gate: What it found.
        place: The file that the verdicts are shown beside; the command if None.
    """
    subject = " ".join(gate.command)
    return _verify(gate, Place(file=place or subject))


def _verify(gate: Gate, place: Place) -> Verification:
    found: list[Verdict] = []
    if gate.change is not None:
        found.append(_on_change(gate, gate.change, place))
    if gate.budget is not None:
        found.append(_on_budget(gate.budget, place))
    found += [_on_quality(one, place) for one in gate.quality]
    if gate.drift is not None:
        found.append(_on_drift(gate.drift, place))
    return Verification(subject=place.file, form="gate", digest="", verdicts=tuple(found))


def _on_change(gate: Gate, change: GateVerdict, place: Place) -> Verdict:
    result = {"regressed": "fail", "cannot-tell": "cannot-tell"}.get(change.verdict, "pass")
    evidence = (
        _share("change", change.change, change.low, change.high),
        _share("control", change.control, change.control_low, change.control_high),
    )
    expected = Said("at most {allow:+.2%}", allow=gate.allow) if result == "fail" else None
    return _verdict(CHANGE, result, place, _change_seen(change, result), expected, evidence)


def _change_seen(change: GateVerdict, result: str) -> Said | None:
    if result == "pass":
        return None
    if not change.is_null:
        return Said(
            "the base against itself changed by {control:+.2%}, which is more than chance: "
            "something else than the change moved the figures",
            control=change.control,
        )
    if change.low is None or change.high is None:
        return Said("{blocks} blocks, which are too few for an interval", blocks=change.blocks)
    return Said(
        "{change:+.2%} between {low:+.2%} and {high:+.2%}, after {blocks} blocks",
        change=change.change,
        low=change.low,
        high=change.high,
        blocks=change.blocks,
    )


def _on_budget(limit: Limit, place: Place) -> Verdict:
    seen = expected = None
    if limit.best is None:
        seen = Said("a figure that can be held against the budget")
    elif limit.verdict != "pass":
        seen = Said(
            "{best:.6g} {unit} between {low:.6g} and {high:.6g}",
            best=limit.best,
            unit=limit.unit,
            low=limit.low,
            high=limit.high,
        )
    if limit.verdict == "fail":
        expected = Said("at most {most:.6g} {unit}", most=limit.most, unit=limit.unit)
    figure = Evidence(
        name="figure",
        value=limit.best,
        unit=limit.unit,
        origin="median",
        low=limit.low,
        high=limit.high,
    )
    return _verdict(BUDGET, limit.verdict, place, seen, expected, (figure,))


def _on_quality(quality: Quality, place: Place) -> Verdict:
    floor = quality.floor
    seen = expected = None
    if quality.reason is not None:
        seen = Said("{name}: {why}", name=floor.name, why=quality.reason)
    elif quality.median is None or quality.worst is None:
        seen = Said("{name}, which the command does not say", name=floor.name)
    elif quality.verdict != "pass":
        seen = Said(
            "{name}: {median:.6g}, at worst {worst:.6g}",
            name=floor.name,
            median=quality.median,
            worst=quality.worst,
        )
    if quality.verdict == "fail":
        expected = Said("at least {least:.6g}", least=floor.least)
        if floor.over_base:
            expected = Said("at least the base's and {least:+.6g}", least=floor.least)
    figure = Evidence(
        name=floor.name, value=quality.median, unit="1", origin="median", low=quality.worst
    )
    return _verdict(QUALITY, quality.verdict, place, seen, expected, (figure,))


def _on_drift(drift: Drift, place: Place) -> Verdict:
    if drift.creep is None or drift.limit is None:  # a history begins short: nothing to complain of
        return _verdict(DRIFT, "not-applicable", place, None, None, ())
    seen = expected = None
    if drift.verdict == "fail":
        seen = Said("{creep:+.2%} over {points} commits", creep=drift.creep, points=drift.points)
        expected = Said("at most {allow:+.2%}", allow=drift.limit)
    figure = Evidence(name="creep", value=drift.creep, unit="1", origin="CUSUM")
    return _verdict(DRIFT, drift.verdict, place, seen, expected, (figure,))


def _share(name: str, value: float, low: float | None, high: float | None) -> Evidence:
    return Evidence(name=name, value=value, unit="1", origin="head / base - 1", low=low, high=high)


def _verdict(
    rule: str,
    result: str,
    place: Place,
    seen: Said | None,
    expected: Said | None,
    evidence: tuple[Evidence, ...],
) -> Verdict:
    return Verdict(
        rule=rule,
        severity=GATE_RULES[rule].severity,
        result=result,
        place=place,
        seen=seen,
        expected=expected,
        evidence=evidence,
    )

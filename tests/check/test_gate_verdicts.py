"""A gate's record survives, and each thing that was asked has a verdict with its evidence."""

from __future__ import annotations

from xml.etree.ElementTree import fromstring

import pytest

from brizna.check import (
    GATE_RULES,
    Block,
    Drift,
    Floor,
    Gate,
    judge_budget,
    judge_counts,
    judge_drift,
    judge_gate,
    judge_quality,
    verify_gate,
)
from brizna.report import findings_junit, findings_lines, findings_sarif, gate_lines, gate_markdown


def a_gate(**changes):
    """Return the record of a gate that asked for nothing yet."""
    values = {
        "command": ("python", "train.py"),
        "figure": "cpu",
        "method": "rusage",
        "base": "main",
        "base_commit": "b" * 40,
        "head_commit": "c" * 40,
        "is_changed": True,
        "executions": 2,
        "allow": 0.0,
        "notice": 0.05,
        "reason": "no channel gave two readings",
    }
    return Gate(**{**values, **changes})


def counted(change, *, again=0.0):
    """Return blocks of equal figures but for the head's change and what moved the base again."""
    return tuple(
        Block(base=1 + at / 100, again=(1 + at / 100) * (1 + again), head=(1 + at / 100) * change)
        for at in range(11)
    )


FLOOR = Floor(name="accuracy", least=0.9)
CREPT = judge_drift([1.01**at for at in range(10)])
FAILED = a_gate(
    blocks=counted(1.2),
    change=judge_gate(counted(1.2)),
    budget=judge_budget((3, 4, 5), most=2, unit="s", executions=22),
    quality=(judge_quality(FLOOR, [0.8]),),
    drift=CREPT,
    notes=("Processor seconds are compared, not instructions: valgrind is not installed.",),
)


def results(gate):
    """Return what each rule came to."""
    return {one.rule: one.result for one in verify_gate(gate).verdicts}


def test_a_record_is_the_same_after_a_round_through_json():
    assert Gate.from_json(FAILED.to_json()) == FAILED


def test_all_that_was_asked_fails_with_what_was_seen():
    verified = verify_gate(FAILED, place="train.py")
    assert set(results(FAILED).values()) == {"fail"}
    assert verified.outcome() == "fail"
    assert all(one.seen and one.expected and one.evidence for one in verified.verdicts)
    assert {one.place.file for one in verified.verdicts} == {"train.py"}


def test_what_was_not_asked_has_no_verdict():
    gate = a_gate(budget=judge_budget((1, 1, 1), most=2, unit="s", executions=5))
    assert results(gate) == {"BRZ-G002": "pass"}


@pytest.mark.parametrize(
    ("gate", "rule"),
    [
        (a_gate(change=judge_gate(counted(1.2)[:4])), "BRZ-G001"),
        (a_gate(change=judge_gate(counted(1.2, again=0.3))), "BRZ-G001"),
        (a_gate(budget=judge_budget(None, most=2, unit="J", executions=0)), "BRZ-G002"),
        (a_gate(quality=(judge_quality(FLOOR, [None]),)), "BRZ-G003"),
    ],
)
def test_what_nobody_can_tell_is_never_a_pass(gate, rule):
    assert results(gate) == {rule: "cannot-tell"}
    assert verify_gate(gate).outcome() == "cannot-tell"
    assert verify_gate(gate).verdicts[0].seen is not None


def test_an_improvement_passes_and_a_short_history_does_not_apply():
    gate = a_gate(change=judge_gate(counted(0.8)), drift=judge_drift([1.0]))
    assert results(gate) == {"BRZ-G001": "pass", "BRZ-G004": "not-applicable"}
    assert verify_gate(gate).outcome() == "pass"


def test_a_creep_is_a_warning_and_stops_nothing():
    gate = a_gate(change=judge_gate(counted(1.0)), drift=CREPT)
    assert results(gate)["BRZ-G004"] == "fail"
    assert verify_gate(gate).outcome() == "pass"


@pytest.mark.parametrize("lang", ["en", "es"])
@pytest.mark.parametrize(
    "gate",
    [
        FAILED,
        a_gate(change=judge_counts(counted(1.0)[:1]), figure="instructions", method="callgrind"),
        a_gate(change=judge_gate(counted(1.2)[:4]), base_commit=None, is_changed=False),
        a_gate(change=judge_gate(counted(1.2, again=0.3))),
        a_gate(
            figure="energy",
            method="meters",
            budget=judge_budget(None, most=2, unit="J", executions=0),
            quality=(judge_quality(Floor.read("f1>=base"), [None], [None]),),
        ),
    ],
)
def test_every_outcome_is_told_in_both_languages(gate, lang):
    assert gate_lines(gate.to_json(), lang=lang)
    text = gate_markdown(gate.to_json(), lang=lang)
    table = [line for line in text.splitlines() if line.startswith("|")]
    assert len({line.replace("\\|", "").count("|") for line in table}) == 1
    assert findings_lines([verify_gate(gate)], GATE_RULES, lang=lang)


def test_words_of_a_command_cannot_break_the_table():
    gate = a_gate(command=("sh", "-c", "a|b`c`\n| x"), quality=(judge_quality(FLOOR, [1]),))
    text = gate_markdown(gate.to_json(), lang="en")
    assert text.count("`") == 2
    assert len([line for line in text.splitlines() if line.startswith("|")]) == 3


def test_junit_counts_what_failed_and_what_nobody_can_tell():
    gate = FAILED.replace(quality=(judge_quality(FLOOR, [None]),), drift=judge_drift([1.0]))
    suite = fromstring(findings_junit([verify_gate(gate)], GATE_RULES, lang="en"))[0]  # noqa: S314 - our own bytes
    assert [suite.get(name) for name in ("tests", "failures", "errors", "skipped")] == list("4211")
    assert [case[0].tag for case in suite] == ["failure", "failure", "error", "skipped"]


def test_junit_holds_what_a_terminal_could_not_show():
    gate = a_gate(command=("a\x1b[0m", "<b>"), quality=(judge_quality(FLOOR, [1]),))
    assert fromstring(findings_junit([verify_gate(gate)], GATE_RULES, lang="es"))  # noqa: S314 - our own bytes


def test_sarif_names_the_rule_the_level_and_the_file():
    [run] = findings_sarif(
        [verify_gate(FAILED, place="train.py")], GATE_RULES, lang="en", version="1"
    )["runs"]
    assert {one["ruleId"]: one["level"] for one in run["results"]} == {
        "BRZ-G001": "error",
        "BRZ-G002": "error",
        "BRZ-G003": "error",
        "BRZ-G004": "warning",
    }
    assert run["artifacts"] == [{"location": {"uri": "train.py"}}]


def test_a_drift_keeps_its_numbers():
    assert Drift.from_json(CREPT.to_json()) == CREPT

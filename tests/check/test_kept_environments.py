"""What environments were held to is evidence while it is recent and about what runs used."""

from __future__ import annotations

import pytest

from brizna.check import project_rules
from brizna.testing import sample_project

HASH = "sha256:" + "a" * 64
RULES = project_rules()
AUDIT, FIT, BY = RULES["BRZ-P014"], RULES["BRZ-P006"], RULES["BRZ-P015"]


def environment(form, rule, result, at="2026-11-28T09:00:00Z", severity="error"):
    verdict = {"rule": rule, "severity": severity, "result": result, "place": {"field": "numpy"}}
    verification = {"form": form, "verdicts": [verdict]}
    schema = "brizna.environment-verdict/1"
    return {"schema": schema, "at": at, "installed": HASH, "verification": verification}


def result(rule, *records):
    found = rule.judge(rule, sample_project(records=records))
    return found.result, str(found.seen)


def used(installed):
    return {"schema": "brizna.run/1", "environment": {"software": {"installed": installed}}}


def test_what_another_environment_was_held_to_tells_nothing():
    kept = environment("audit", "BRZ-E020", "pass")
    assert result(AUDIT, kept, used(HASH))[0] == "pass"
    state, why = result(AUDIT, kept, used("sha256:other"))
    assert (state, "sha256:other" in why) == ("cannot-tell", True)


@pytest.mark.parametrize("at", ["2026-10-01T09:00:00Z", "2027-01-01T09:00:00Z", "lately"])
def test_an_old_look_passes_nothing_but_still_finds(at):
    old = environment("audit", "BRZ-E020", "pass", at)
    assert result(AUDIT, old)[0] == "cannot-tell"
    assert result(AUDIT, environment("audit", "BRZ-E020", "fail", at))[0] == "fail"


def test_the_latest_look_counts():
    found = environment("audit", "BRZ-E020", "fail", "2026-11-20T09:00:00Z")
    mended = environment("audit", "BRZ-E020", "pass")
    assert result(AUDIT, mended, found)[0] == "pass"


def test_a_check_is_no_audit_and_rules_beside_the_question_do_not_count():
    assert result(AUDIT, environment("environment", "BRZ-E012", "pass"))[0] == "cannot-tell"
    assert result(FIT, environment("environment", "BRZ-E011", "fail"))[0] == "not-applicable"
    assert result(FIT, environment("environment", "BRZ-E012", "not-applicable"))[0] == (
        "not-applicable"
    )


def test_what_nobody_attests_is_no_fault_and_what_nobody_asked_cannot_be_told():
    nobody = environment("attestations", "BRZ-E022", "fail", severity="note")
    assert result(BY, nobody)[0] == "not-applicable"
    assert result(BY, environment("attestations", "BRZ-E022", "cannot-tell"))[0] == "cannot-tell"
    assert result(BY, environment("attestations", "BRZ-E023", "fail"))[0] == "fail"


def test_an_old_list_leaves_the_question_open():
    old = environment("audit", "BRZ-E021", "fail", severity="warning")
    assert result(AUDIT, old)[0] == "cannot-tell"

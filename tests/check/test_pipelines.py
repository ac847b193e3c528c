"""Automatic tests keep a rule by what they really run, not by the words in their files."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brizna.check import project_rules, review
from brizna.check._shell import commands
from brizna.testing import sample_project

RULES = project_rules()
CI = ".github/workflows/test.yml"
WORDS = "echo 'TODO pip-audit, brizna gate, cosign verify'"


def scanned(files):
    rule = [RULES["BRZ-P011"]]
    return review(sample_project(files=files), rule, profile="pnav").verdicts[0]


def workflow(script, *, step="", job="", on="push"):
    """Return a workflow of one step."""
    lines = "\n".join(f"          {line}" for line in script.splitlines())
    return {
        CI: f"on: {on}\njobs:\n  test:\n{job}    steps:\n"
        f"      - uses: actions/checkout@v4\n      - name: test\n{step}        run: |\n{lines}\n"
    }


@pytest.mark.parametrize(
    ("script", "result"),
    [
        ("pip-audit --strict", "pass"),
        ("python -m pip_audit", "pass"),
        ("uv run --frozen --with pip-audit pip-audit", "pass"),
        ("sudo -E env A=1 .venv/bin/pip-audit", "pass"),
        ("timeout 60 uvx pip-audit", "pass"),
        ("docker run --rm -v $PWD:/src aquasec/trivy:0.60 fs /src", "pass"),
        ("bash -c 'cd x && pip-audit'", "pass"),
        ("brizna run -- pip-audit", "pass"),
        ("cd x && pip-audit \\\n  --strict", "pass"),
        ("pip-audit || exit 1", "pass"),
        ("pip-audit || { echo bad; exit 2; }", "pass"),
        ("for r in a b; do\n  pip-audit -r $r\ndone", "pass"),
        ("set -o pipefail\npip-audit | tee log", "pass"),
        ("pip-audit | tee log", "fail"),
        ("echo hello # pip-audit", "fail"),
        (WORDS, "fail"),
        ("pip install pip-audit", "fail"),
        ("pip-audit --help", "fail"),
        ("pip-audit --version && brizna gate --help", "fail"),
        ("pip-audit || true", "fail"),
        ("pip-audit || echo never mind", "fail"),
        ("{ pip-audit; } || true", "fail"),
        ("true || pip-audit", "fail"),
        ("false && pip-audit", "fail"),
        ("set +e\npip-audit\necho done", "fail"),
        ("exit 0\npip-audit", "fail"),
        ("if false; then\n  pip-audit\nfi", "fail"),
        ('if [ -n "$CI" ]; then pip-audit; fi', "cannot-tell"),
        ("cat > x <<'END'\npip-audit\nEND", "fail"),
        ("pip-audit &", "fail"),
        ("scan() {\n  pip-audit\n}", "cannot-tell"),
        ("python tools/scan.py", "cannot-tell"),
        ("./scripts/scan.sh", "cannot-tell"),
    ],
)
def test_a_command_counts_only_where_it_runs_and_its_failure_counts(script, result):
    assert scanned(workflow(script)).result == result


@pytest.mark.parametrize(
    ("rest", "result"),
    [
        ({"job": "    if: false\n"}, "fail"),
        ({"job": "    if: ${{ false }}\n"}, "fail"),
        ({"step": "        if: github.ref == 'x' && false\n"}, "fail"),
        ({"step": "        if: always()\n"}, "pass"),
        ({"step": "        if: github.actor == 'me'\n"}, "cannot-tell"),
        ({"step": "        continue-on-error: true\n"}, "fail"),
        ({"job": "    continue-on-error: ${{ matrix.new }}\n"}, "cannot-tell"),
        ({"on": "workflow_dispatch"}, "cannot-tell"),
        ({"on": "[push, workflow_dispatch]"}, "pass"),
    ],
)
def test_a_step_that_is_switched_off_or_ignored_does_not_count(rest, result):
    assert scanned(workflow("pip-audit", **rest)).result == result


def test_the_name_of_a_step_is_no_command():
    text = "on: push\njobs:\n  test:\n    steps:\n      - name: pip-audit\n        run: make test\n"
    verdict = scanned({CI: text})
    assert (verdict.result, str(verdict.seen)) == ("fail", "no step of it does this")


def test_a_reason_is_told_where_a_step_does_not_count():
    verdict = scanned(workflow("echo a\n\npip-audit --strict || true"))
    assert str(verdict.seen) == "pip-audit --strict: its failure is ignored"
    assert (verdict.place.file, verdict.place.line) == (CI, 10)


MAKE = "make scan"


@pytest.mark.parametrize(
    ("script", "files", "result"),
    [
        (MAKE, {"Makefile": "BIN := .venv/bin\nall: scan\nscan:\n\t@$(BIN)/pip-audit\n"}, "pass"),
        ("make", {"Makefile": "all: scan\nscan:\n\tpip-audit\n"}, "pass"),
        (MAKE, {"Makefile": "scan:\n\techo see pip-audit docs\n"}, "fail"),
        (MAKE, {"Makefile": "scan:\n\t-pip-audit\n"}, "fail"),
        ("make test", {"Makefile": "test:\n\tpytest\nscan:\n\tpip-audit\n"}, "fail"),
        ("make -n scan", {"Makefile": "scan:\n\tpip-audit\n"}, "fail"),
        ("exec ./ci.sh", {"ci.sh": "#!/bin/sh\nset -e\npip-audit\necho done\n"}, "pass"),
        ("sh ci.sh", {"ci.sh": "pip-audit\necho done\n"}, "fail"),
        (
            "nox -s scan",
            {"noxfile.py": "@nox.session\ndef scan(session):\n    session.run('pip-audit')\n"},
            "pass",
        ),
        (
            "nox -s test",
            {"noxfile.py": "@nox.session\ndef scan(session):\n    session.run('pip-audit')\n"},
            "fail",
        ),
        ("tox -e scan", {"tox.ini": "[testenv:scan]\ncommands =\n    pip-audit\n"}, "pass"),
        ("tox -e scan", {"tox.ini": "[testenv:scan]\ncommands =\n    - pip-audit\n"}, "fail"),
        (
            "pre-commit run --all-files",
            {".pre-commit-config.yaml": "repos:\n  - repo: x\n    hooks:\n      - id: pip-audit\n"},
            "pass",
        ),
        (
            "pytest",
            {".pre-commit-config.yaml": "repos:\n  - repo: x\n    hooks:\n      - id: pip-audit\n"},
            "cannot-tell",
        ),
    ],
)
def test_what_a_step_calls_is_read_too(script, files, result):
    assert scanned({**workflow(script), **files}).result == result


@pytest.mark.parametrize(
    ("path", "text", "result"),
    [
        (".gitlab-ci.yml", "scan:\n  script:\n    - pip-audit\n", "pass"),
        (".gitlab-ci.yml", "scan:\n  allow_failure: true\n  script:\n    - pip-audit\n", "fail"),
        (".gitlab-ci.yml", "scan:\n  when: manual\n  script: pip-audit\n", "cannot-tell"),
        (".gitlab-ci.yml", ".scan:\n  script: pip-audit\ntest:\n  script: pytest\n", "fail"),
        (".gitlab-ci.yml", "a: &b\n  script: pip-audit\n", "cannot-tell"),
        (
            ".gitlab-ci.yml",
            "include:\n  - template: Jobs/Dependency-Scanning.gitlab-ci.yml\n",
            "pass",
        ),
        ("azure-pipelines.yml", "steps:\n  - script: pip-audit\n", "pass"),
        ("azure-pipelines.yml", "steps:\n  - script: pip-audit\n    enabled: false\n", "fail"),
        (".circleci/config.yml", "jobs:\n  a:\n    steps:\n      - run: pip-audit\n", "pass"),
        (
            "bitbucket-pipelines.yml",
            "pipelines:\n  default:\n    - step:\n        script:\n          - pip-audit\n",
            "pass",
        ),
        ("Jenkinsfile", "steps { sh 'pip-audit' }\n", "pass"),
        ("Jenkinsfile", "steps {\n// sh 'pip-audit'\nsh 'pytest'\n}\n", "fail"),
        ("Jenkinsfile", "steps { sh(script: 'pip-audit', returnStatus: true) }\n", "fail"),
        (".ci/run", "#!/bin/bash\nset -euo pipefail\npip-audit\n", "pass"),
        ("Makefile", "scan:\n\tpip-audit\n", "cannot-tell"),
    ],
)
def test_pipelines_of_all_kinds_are_read(path, text, result):
    assert scanned({path: text}).result == result


def test_an_action_counts_by_its_name_and_one_of_the_project_is_read():
    head = "on: push\njobs:\n  a:\n    steps:\n"
    assert scanned({CI: f"{head}      - uses: pypa/gh-action-pip-audit@v1\n"}).result == "pass"
    own = ".github/actions/scan/action.yml"
    files = {CI: f"{head}      - uses: ./.github/actions/scan\n"}
    inner = "runs:\n  using: composite\n  steps:\n    - run: pip-audit\n      shell: bash\n"
    assert scanned({**files, own: inner}).result == "pass"
    elsewhere = "on: push\njobs:\n  a:\n    uses: org/ci/.github/workflows/scan.yml@v1\n"
    assert scanned({CI: elsewhere}).result == "cannot-tell"


@given(st.text(alphabet="a'\"$(){}|&;<>\\\n `#=!~ifthenfido10-", max_size=60))
def test_any_text_can_be_read_as_a_script(text):
    found = commands(text)
    assert all(1 <= one.line <= text.count("\n") + 1 for one in found)


@given(st.lists(st.sampled_from(["pip-audit", "true", "echo a"]), min_size=1, max_size=5))
def test_plain_commands_all_run_on_their_lines(lines):
    found = commands("\n".join(lines))
    assert [(" ".join(one.words), one.line) for one in found] == [
        (line, number) for number, line in enumerate(lines, 1)
    ]
    assert {one.state for one in found} == {"runs"}

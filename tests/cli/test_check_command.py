"""``brizna check``: a mixed, truthful list from evidence; questions that people answer and sign."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from xml.etree.ElementTree import fromstring

import pytest

from brizna.check import PROFILES
from brizna.cli import main
from brizna.core.codec import encode
from brizna.store import Approvals, KeyRing, Store, keep_plan
from brizna.verbs import advise_federate, all_rules

ROOT = Path(__file__).resolve().parents[2]
HASH = f"sha256:{'a' * 64}"
LOCK = f"numpy==2.3.4 --hash={HASH}\n"


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Return a folder with a lock, loose requirements and a pipeline, and the person in it."""
    place = tmp_path / "lab"
    (place / ".brizna").mkdir(parents=True)
    (place / ".github" / "workflows").mkdir(parents=True)
    (place / "requirements.txt").write_text(LOCK)
    steps = "jobs:\n  test:\n    steps:\n      - run: pip-audit --strict\n"
    (place / ".github" / "workflows" / "test.yml").write_text(steps)
    monkeypatch.chdir(place)
    return place


@pytest.fixture
def check(project, tmp_path, capsys):  # noqa: ARG001 - it is where the person is
    """Return a function that checks the project and returns the exit code and what was said."""

    def carry_out(*words):
        code = main(["check", *words, "--keys", str(tmp_path / "ring"), "--lang", "en"])
        said = capsys.readouterr()
        return code, said.out, said.err

    return carry_out


def results(check, *words):
    told = json.loads(check("--json", *words)[1])
    return {one["rule"]: one["result"] for one in told["verdicts"]}


def test_the_list_is_mixed_and_says_what_is_behind_it(check, project):
    (project / "Dockerfile").write_text("FROM python:3.11\n")
    found = results(check)
    assert found["BRZ-P001"] == "pass"
    assert found["BRZ-P004"] == "fail"
    assert found["BRZ-P010"] == "fail"
    assert found["BRZ-P011"] == "pass"
    assert found["BRZ-P040"] == "cannot-tell"
    assert found["BRZ-P072"] == "cannot-tell"
    assert found["BRZ-P021"] == "not-applicable"
    code, told, _ = check()
    assert code == 4
    assert "this is no grade" in told
    assert ".github/workflows/test.yml" in told
    assert "what to do: Name the digest of the base" in told


def test_exit_codes_tell_kept_broken_and_untold(check, project):
    assert check("--select", "BRZ-P001")[0] == 0
    assert check("--select", "BRZ-P040")[0] == 4
    assert check("--select", "BRZ-P040", "--strict")[0] == 1
    assert check("--select", "BRZ-P010", "--fail-on", "warning")[0] == 1
    (project / "requirements.txt").write_text("numpy>=2\n")
    assert check("--select", "BRZ-P001")[0] == 1
    assert check("--select", "BRZ-X")[0] == 2
    assert check("--profile", "pnaw")[0] == 2
    assert check("nowhere")[0] == 2


def test_every_form_has_the_verdicts(check, project):
    (project / "brizna.toml").write_text(
        '[[check.suppress]]\nrule = "BRZ-P010"\nreason = "later"\nuntil = "2999-12-31"\n'
    )
    names = {form: str(project / f"out.{form}") for form in ("sarif", "junit", "markdown", "html")}
    check(*(word for form, path in names.items() for word in (f"--{form}", path)))
    sarif = json.loads(Path(names["sarif"]).read_text())
    suppressed = [one for one in sarif["runs"][0]["results"] if "suppressions" in one]
    assert [one["ruleId"] for one in suppressed] == ["BRZ-P010"]
    assert suppressed[0]["suppressions"][0]["justification"] == "later"
    suite = fromstring(Path(names["junit"]).read_bytes())[0]  # noqa: S314 - our own
    assert suite.get("failures") == "1"
    assert int(suite.get("tests")) > 40
    assert "| BRZ-P001 | kept |" in Path(names["markdown"]).read_text()
    page = Path(names["html"]).read_text()
    assert "excused until 2999-12-31" in page
    assert "<script" not in page


def test_a_hostile_name_stays_in_its_cell(check, project):
    (project / "a|b<img>.tf").write_text('module "x" {\n}\n')
    path = project / "out.md"
    check("--markdown", str(path), "--html", str(project / "out.html"))
    rows = [line for line in path.read_text().splitlines() if line.startswith("| BRZ")]
    assert all(line.replace("\\|", "").count("|") == 6 for line in rows)
    assert "<img>" not in (project / "out.html").read_text()


def test_spanish_is_spoken(check, capsys):
    check()
    main(["check", "--lang", "es"])
    told = capsys.readouterr().out
    assert "no es una nota" in told
    assert "Every" not in told
    assert main(["check", "--list", "--lang", "es"]) == 0
    assert "Cada paquete fijado tiene un hash" in capsys.readouterr().out


@pytest.mark.parametrize("profile", sorted(PROFILES))
def test_every_profile_lists_its_rules(check, profile):
    code, told, _ = check("--profile", profile, "--list")
    assert code == 0
    assert told.count("BRZ-") >= 6


# ------------------------------------------------------------------------------------- evidence


def test_records_of_the_store_and_of_files_are_evidence(check, project):
    keep_plan(
        Store(str(project / ".brizna")),
        {
            "schema": "brizna.plan/1",
            "workload": {"name": "night"},
            "hours": {"intensity_g_per_kwh": [100.0, 50.0]},
            "alternatives": [],
            "refused": [],
            "saving_g": None,
        },
    )
    sizes = {"parameters": 1e6}
    rounds = {"rounds": 10, "clients_per_round": 2}
    advice = advise_federate({"data": {"leaves": "never"}, "model": sizes, "rounds": rounds})
    (project / "advice.json").write_bytes(encode(advice.to_json()))
    found = results(check)
    assert found["BRZ-P060"] == "pass"
    assert found["BRZ-P061"] == "fail"
    assert found["BRZ-P023"] == "pass"


def test_a_changed_record_of_the_store_is_refused(check, project):
    store = Store(str(project / ".brizna"))
    digest = keep_plan(store, {"schema": "brizna.plan/1", "workload": {"name": "night"}})
    path = project / ".brizna" / "plans" / f"{digest.removeprefix('sha256:')}.json"
    path.chmod(0o644)
    path.write_text(path.read_text().replace("night", "day!!"))
    code, _, said = check()
    assert code == 1
    assert "was changed" in said


def test_a_record_of_another_shape_stops_no_other_rule(check, project):
    (project / "study.json").write_text('{"schema": "brizna.improvement/1", "rows": 3}')
    found = results(check)
    assert found["BRZ-P080"] == "cannot-tell"
    assert found["BRZ-P001"] == "pass"


def test_a_broken_run_in_a_file_hides_no_other(check, project):
    (project / "run.json").write_text('{"schema": "brizna.run/1", "id": "x"}')
    assert main(["run", "--quiet", "--json", "whole.json", "--", "true"]) == 0
    told = json.loads(check("--json")[1])
    assert any("run.json" in one and "lacks" in one for one in told["skipped"])
    assert not any("whole.json" in one for one in told["skipped"])
    assert not any("KeyError" in (one["seen"] or "") for one in told["verdicts"])


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_a_pipe_and_a_link_to_nothing_are_not_waited_for(check, project):
    os.mkfifo(project / "pylock.toml")
    os.mkfifo(project / "record.json")
    (project / "uv.lock").symlink_to(project / "gone")
    told = json.loads(check("--json")[1])
    assert len([one for one in told["skipped"] if "no file" in one]) == 2


def test_names_of_files_may_be_in_any_language(check, project):
    place = project / "año" / "señal y ruido"
    place.mkdir(parents=True)
    (place / "Dockerfile.producción").write_text("FROM python:3\n")
    code, said, _ = check("--select", "BRZ-P004", "--fail-on", "warning")
    assert code == 1
    assert "año/señal y ruido/Dockerfile.producción" in said


def test_the_project_file_chooses_leaves_out_and_excuses(check, project):
    (project / "vendor").mkdir()
    (project / "vendor" / "requirements.txt").write_text("loose\n")
    (project / "requirements-loose.txt").write_text("loose\n")
    assert results(check)["BRZ-P001"] == "fail"
    (project / "brizna.toml").write_text(
        '[check]\nexclude = ["vendor", "requirements-loose.txt"]\nignore = ["BRZ-Q"]\n'
    )
    told = json.loads(check("--json")[1])
    assert {one["rule"]: one["result"] for one in told["verdicts"]}["BRZ-P001"] == "pass"
    assert any("vendor" in one for one in told["skipped"])
    assert "BRZ-Q001" in told["ignored"]


@pytest.mark.parametrize(
    "table",
    [
        "[check]\nselct = []\n",
        '[check]\nselect = "BRZ-P001"\n',
        '[[check.suppress]]\nrule = "BRZ-P010"\n',
        '[[check.suppress]]\nrule = "BRZ-X"\nreason = "r"\nuntil = "2999-12-31"\n',
        '[[check.suppress]]\nrule = "BRZ-P010"\nreason = "r"\nuntil = "soon"\n',
    ],
)
def test_a_table_that_cannot_be_understood_is_refused(check, project, table):
    (project / "brizna.toml").write_text(table)
    code, _, said = check()
    assert code == 2
    assert "expected" in said


# -------------------------------------------------------------------------------------- answers


ANSWER = ("answer", "BRZ-Q001", "--by", "Ana", "--because", "our index is internal")


@pytest.fixture
def key(tmp_path, capsys):
    pytest.importorskip("cryptography")
    assert main(["keys", "new", "ana", "--keys", str(tmp_path / "ring")]) == 0
    capsys.readouterr()


@pytest.mark.usefixtures("key")
def test_a_signed_answer_counts_until_its_evidence_changes(check, project):
    notes = project / "packages.md"
    notes.write_text("as agreed")
    code, told, _ = check(*ANSWER, "--answer", "yes", "--evidence", str(notes))
    assert code == 0
    assert "Ana: yes" in told
    assert results(check)["BRZ-Q001"] == "pass"
    notes.write_text("otherwise")
    assert results(check)["BRZ-Q001"] == "cannot-tell"


@pytest.mark.usefixtures("key")
def test_an_answer_of_a_key_that_nobody_believes_does_not_count(check, project, tmp_path):
    notes = project / "packages.md"
    notes.write_text("as agreed")
    check(*ANSWER, "--answer", "yes", "--evidence", str(notes))
    (tmp_path / "ring").rename(tmp_path / "away")
    told = json.loads(check("--json", "--select", "BRZ-Q001")[1])["verdicts"][0]
    assert told["result"] == "cannot-tell"
    assert "not in the key ring" in told["seen"]


@pytest.mark.usefixtures("key")
def test_a_tampered_answer_is_refused(check, project):
    (project / "packages.md").write_text("as agreed")
    check(*ANSWER, "--answer", "no")
    path = next((project / ".brizna" / "answers").iterdir())
    path.chmod(0o644)
    path.write_bytes(path.read_bytes().replace(b"payload", b"pay1oad", 1))
    code, _, said = check()
    assert code == 1
    assert "was changed" in said


@pytest.mark.usefixtures("key")
def test_a_tampered_list_of_approvals_is_broken_and_says_why(check, project, tmp_path):
    store, ring = str(project / ".brizna"), KeyRing(str(tmp_path / "ring"))
    approvals = Approvals(store, ring)
    for action in ("propose", "approve"):
        approvals.add(action, HASH, at="2026-11-29T09:00:00Z", reason="tried")
    assert results(check, "--select", "BRZ-P013") == {"BRZ-P013": "cannot-tell"}
    first = min((project / ".brizna" / "approved").iterdir())
    first.chmod(0o644)
    first.write_bytes(first.read_bytes().replace(b"approval", b"approva1", 1))
    told = json.loads(check("--json", "--select", "BRZ-P013")[1])["verdicts"][0]
    assert told["result"] == "fail"
    assert "not believed" in told["seen"]


@pytest.mark.usefixtures("key")
@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ((*ANSWER, "--answer", "yes"), "ticked box"),
        ((*ANSWER, "--answer", "yes", "--evidence", "nowhere.md"), "no file of the project"),
        ((*ANSWER, "--answer", "yes", "--evidence", "/etc/hostname"), "no file of the project"),
        (("answer", "BRZ-P001", *ANSWER[2:], "--answer", "no"), "asks people nothing"),
        (("answer", "BRZ-Q01", *ANSWER[2:], "--answer", "no"), "BRZ-Q001"),
    ],
)
def test_an_answer_that_shows_nothing_is_refused(check, words, reason):
    code, _, said = check(*words)
    assert code == 2
    assert reason in said


def test_without_a_key_nobody_answers(check):
    pytest.importorskip("cryptography")
    code, _, said = check(*ANSWER, "--answer", "no")
    assert code == 2
    assert "brizna keys new" in said


def test_questions_are_listed(check):
    code, told, _ = check("--questions")
    assert code == 0
    assert "who approves new versions?" in told
    assert "BRZ-P001" not in told


# ------------------------------------------------------------------------------------- reference


def test_the_page_of_rules_is_what_the_rules_say():
    script = ROOT / "tools" / "write_rule_reference.py"
    spec = importlib.util.spec_from_file_location("write_rule_reference", script)
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    page = (ROOT / "docs" / "reference" / "rules.md").read_text(encoding="utf-8")
    assert tool.page() == page, "run tools/write_rule_reference.py > docs/reference/rules.md"
    assert all(f"`{name}`" in page for name in all_rules())


# ----------------------------------------------------------------------------- other people's rules


BROUGHT = """
from brizna.check import Evidence, ProjectRule
from brizna.core.errors import Said


def judge(rule, project):
    shown = Evidence(name="x", value=1.0, unit="1", origin="here")
    return rule.passed(project.place, [shown])


def rules():
    return [
        ProjectRule(
            id="OURS-001",
            severity="note",
            title=Said("It holds"),
            todo=Said("Mend it."),
            reference="us",
            judge=judge,
            profiles={"ours": "1", "pnav": "5.1, 9"},
        )
    ]
"""


def with_package(place, code):
    """Write a package that brings rules, and return the environment that has it."""
    info = place / "ours-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: ours\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[brizna.rules]\nours = ours:rules\n")
    (place / "ours.py").write_text(code)
    return {**os.environ, "PYTHONPATH": str(place)}


def typed(environ, *words):
    command = [sys.executable, "-m", "brizna", "check", *words]
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=False)


@pytest.mark.usefixtures("project")
def test_rules_of_other_packages_join_profiles(tmp_path):
    environ = with_package(tmp_path / "site", BROUGHT)
    done = typed(environ, "--profile", "ours")
    assert (done.returncode, "OURS-001" in done.stdout) == (0, True), done.stderr
    assert "OURS-001" in typed(environ, "--list").stdout


@pytest.mark.usefixtures("project")
def test_rules_that_cannot_be_loaded_are_named(tmp_path):
    done = typed(with_package(tmp_path / "site", "import no_such_module"))
    assert done.returncode == 3
    assert "'ours' cannot be loaded" in done.stderr

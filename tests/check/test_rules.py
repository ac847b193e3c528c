"""Rules of projects: each has three answers, pass needs evidence, and suppressions end."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

from brizna.check import (
    PROFILES,
    Answer,
    Choice,
    ProjectRule,
    Waiver,
    project_rules,
    review,
    rules_of,
)
from brizna.core.errors import InputError, Said
from brizna.testing import rule_conformance, sample_project

_SPEC = importlib.util.spec_from_file_location(
    "rule_samples", Path(__file__).with_name("rule_samples.py")
)
samples = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(samples)
CI, HASH, LOCK, SAMPLES = samples.CI, samples.HASH, samples.LOCK, samples.SAMPLES
of, plan, run, said = samples.of, samples.plan, samples.run, samples.said

RULES = project_rules()


def test_every_rule_has_its_three_samples():
    assert set(SAMPLES) == set(RULES)


@pytest.mark.parametrize("name", sorted(RULES))
def test_rule_keeps_its_promises(name):
    passing, failing, untold = SAMPLES[name]
    assert rule_conformance(RULES[name], passing=passing, failing=failing, untold=untold) == []


@pytest.mark.parametrize("profile", sorted(PROFILES))
def test_every_rule_of_a_profile_says_where_its_document_asks_for_it(profile):
    rules = rules_of(profile, RULES.values())
    assert len(rules) >= 6
    assert all(len(rule.reference) > 3 for rule in rules)


def test_the_checklist_of_the_guide_is_covered_point_by_point():
    places = "; ".join(rule.profiles.get("pnav", "") for rule in RULES.values())
    for point in range(1, 10):
        assert f"5.1, {point}" in places
    for point in range(1, 7):
        assert f"5.2, {point}" in places


GUIDE = {
    "1": 6,
    "2.1 Entornos virtuales y contenedores": 2,
    "2.1 Control de versiones": 2,
    "2.1 Compatibilidad y reproducibilidad": 2,
    "2.1 Prácticas de CI/CD": 2,
    "2.1 Integración con repositorios": 2,
    "2.1 Seguridad y trazabilidad": 3,
    "2.1 Estrategias de paralelización": 2,
    "2.1 Uso de aceleradores": 3,
    "2.1 Balanceo de cargas": 3,
    "2.1 Infraestructura como código": 4,
    "3.1 Selección de instancias": 3,
    "3.1 Ajustes de GPU/TPU y CPU": 3,
    "3.1 DVFS": 2,
    "3.2 Bibliotecas optimizadas": 2,
    "3.2 Monitoreo": 2,
    "4.1 Data Parallelism": 0,
    "4.1 Model Parallelism": 0,
    "4.1 Federated Learning": 0,
    "4.2 Frameworks comparativos": 0,
    "4.3 Medir": 4,
    "4.3 Buenas prácticas": 3,
    "5.1": 9,
    "5.2": 6,
    "5.3": 5,
}
"""How many points each heading of the guide has; 0 where it is one text.

The third point under `3.2 Monitoreo` names a list of metrics and asks nothing.
"""
PLACE = re.compile(r"(.+?), (\d+)(?:-(\d+))?((?:, \d+)*)")


def points_of(place):
    """Return the heading and the points that one part of a place names."""
    matched = PLACE.fullmatch(place)
    if matched is None:
        return place, [0]
    head, first, last, more = matched.groups()
    return head, [
        *range(int(first), int(last or first) + 1),
        *(int(point) for point in more.split(", ") if point),
    ]


def test_every_recommendation_of_the_guide_has_a_rule_or_a_question():
    asked = {
        (head, point) for head, count in GUIDE.items() for point in range(count and 1, count + 1)
    }
    told = set()
    for rule in RULES.values():
        for place in rule.profiles.get("pnav", "").split("; "):
            if place:
                head, points = points_of(place)
                told |= {(head, point) for point in points}
    assert sorted(asked - told) == []
    assert sorted(told - asked) == []


def test_all_seven_ways_are_covered():
    places = "; ".join(rule.profiles.get("green-ml", "") for rule in RULES.values())
    assert all(f"003: way {way}" in places for way in range(1, 8))
    assert all(f"002: strategy {way}" in places for way in range(1, 7))


def test_nothing_passes_or_fails_in_an_empty_project():
    nothing = sample_project(is_versioned=False)
    for profile in PROFILES:
        found = review(nothing, rules_of(profile, RULES.values()), profile=profile)
        assert not found.of("pass")
        assert not found.of("fail")
        assert found.outcome() == "cannot-tell"
        assert found.coverage[0] == 0


def ruled(judge, **rest):
    return ProjectRule(
        id="X-1",
        severity="error",
        title=Said("It holds"),
        todo=Said("Mend it."),
        reference="somebody",
        judge=judge,
        profiles={"own": "1"},
        **rest,
    )


@pytest.mark.parametrize("given", [None, "pass", True])
def test_a_rule_that_gives_no_verdict_tells_nothing(given):
    rule = ruled(lambda rule, project: given)  # noqa: ARG005 - as a judge is called
    verdict = review(of(), [rule], profile="own").verdicts[0]
    assert (verdict.result, repr(given) in str(verdict.seen)) == ("cannot-tell", True)


def broken(severity):
    rule = ruled(lambda rule, project: rule.failed(project.place, Said("no"), Said("yes")))
    return rule.replace(severity=severity)


@pytest.mark.parametrize(
    ("severity", "excused", "outcome"),
    [
        ("error", False, "fail"),
        ("error", True, "pass"),
        ("warning", False, "pass"),
        ("warning", True, "pass"),
    ],
)
def test_a_broken_rule_that_is_excused_or_light_leaves_nothing_untold(severity, excused, outcome):
    waivers = (Waiver(rule="X-1", reason="later", until="2999-12-31"),) if excused else ()
    found = review(of(), [broken(severity)], profile="own", choice=Choice(waivers=waivers))
    assert found.outcome() == outcome
    assert found.replace(broken=(Said("a run was changed"),)).outcome() == "fail"


def test_a_pass_without_evidence_does_not_pass():
    rule = ruled(lambda rule, project: rule.passed(project.place, []))
    found = review(of(), [rule], profile="own")
    assert found.verdicts[0].result == "cannot-tell"
    broken = rule_conformance(rule, passing=of(), failing=of(), untold=of())
    assert "it passes without evidence" in broken
    assert "an empty project comes to pass" in broken


def test_a_rule_that_breaks_tells_nothing_and_stops_no_other():
    def judge(_rule, project):
        raise KeyError(project.name)

    found = review(of(), [ruled(judge)], profile="own")
    assert found.verdicts[0].result == "cannot-tell"
    assert "'sample'" in str(found.verdicts[0].seen)


def test_a_rule_that_looks_outside_is_told():
    def judge(rule, project):
        with open(__file__, encoding="utf-8"):
            return rule.untold(project.place, Said("nothing"))

    broken = rule_conformance(ruled(judge), passing=of(), failing=of(), untold=of())
    assert any("looks outside" in one for one in broken)


def test_two_rules_of_one_id_are_refused():
    with pytest.raises(InputError, match="BRZ-P001"):
        project_rules([RULES["BRZ-P001"]])


def test_an_unknown_profile_names_the_nearest():
    with pytest.raises(InputError, match="pnav"):
        rules_of("pnaw", RULES.values())


# ------------------------------------------------------------------------------------ the choice


def judged(project, **choice):
    rules = rules_of("pnav", RULES.values())
    return review(project, rules, profile="pnav", choice=Choice(**choice))


def test_select_takes_ids_and_beginnings_and_ignore_leaves_out():
    found = judged(of(), select=("BRZ-Q", "BRZ-P001"), ignore=("BRZ-Q00",))
    assert [one.rule for one in found.verdicts] == ["BRZ-P001"]
    assert "BRZ-Q001" in found.ignored
    with pytest.raises(InputError, match="no rule of the profile"):
        judged(of(), select=("BRZ-X",))


def test_a_suppression_excuses_until_its_day_and_not_after():
    loose = of(files={"requirements.txt": "numpy>=2\n"})
    kept = judged(loose, select=("BRZ-P001",), waivers=(waiver("2026-11-30"),))
    assert kept.outcome() != "fail"
    assert [one.rule for one in kept.waived] == ["BRZ-P001"]
    over = judged(loose, select=("BRZ-P001",), waivers=(waiver("2026-11-29"),))
    assert over.outcome() == "fail"
    assert [one.rule for one in over.expired] == ["BRZ-P001"]


def waiver(until, reason="until the new index is there"):
    return Waiver(rule="BRZ-P001", reason=reason, until=until)


def test_a_suppression_needs_a_reason_and_a_day():
    with pytest.raises(InputError, match="reason"):
        waiver("2026-11-30", " ")
    with pytest.raises(InputError, match="2027-01-31"):
        waiver("some day")


def test_severity_decides_what_counts_as_wrong():
    found = judged(of(run(measurement__work=[])), select=("BRZ-P042",))
    assert found.outcome() == "pass"
    assert found.outcome(fail_on="warning") == "fail"


def test_coverage_counts_what_evidence_tells_and_leaves_out_what_does_not_apply():
    found = judged(of(files=LOCK), select=("BRZ-P001", "BRZ-P004", "BRZ-P010"))
    assert [one.result for one in found.verdicts] == ["pass", "not-applicable", "cannot-tell"]
    assert found.coverage == (1, 2)
    assert found.to_json()["coverage"] == {"told": 1, "asked": 2}


def test_the_same_evidence_has_the_same_digest_and_other_evidence_another():
    assert of(run()).digest == of(run()).digest
    assert of(run()).digest != of(run(duration_s=601.0)).digest


# --------------------------------------------------------------------------------------- answers


def test_a_yes_without_a_file_is_a_ticked_box():
    with pytest.raises(InputError, match="ticked box"):
        said("BRZ-Q001").answer.replace(evidence=())


def test_an_answer_needs_a_name_a_reason_and_a_known_word():
    good = said("BRZ-Q001").answer
    for change in ({"by": ""}, {"because": " "}, {"answer": "maybe"}):
        with pytest.raises(InputError):
            good.replace(**change)
    assert Answer.from_json(good.to_json()) == good


def test_an_answer_does_not_count_once_its_evidence_changed():
    project = of(files={"notes.md": "otherwise"}, answers=[said("BRZ-Q001")])
    found = judged(project, select=("BRZ-Q001",))
    assert found.verdicts[0].result == "cannot-tell"
    assert "notes.md" in str(found.verdicts[0].seen)


def test_the_latest_believed_answer_counts():
    project = of(
        files={"notes.md": "as agreed"}, answers=[said("BRZ-Q001", "no"), said("BRZ-Q001")]
    )
    assert judged(project, select=("BRZ-Q001",)).outcome() == "pass"


def test_not_applicable_says_who_and_why():
    project = of(answers=[said("BRZ-Q001", "not-applicable")])
    verdict = judged(project, select=("BRZ-Q001",)).verdicts[0]
    assert verdict.result == "not-applicable"
    assert str(verdict.seen) == "Ana: as agreed"


# ----------------------------------------------------------------------------------------- files


@pytest.mark.parametrize(
    ("path", "text", "result"),
    [
        (
            "pylock.toml",
            '[[packages]]\nname = "a"\nhashes = {sha256 = "' + "a" * 64 + '"}\n',
            "pass",
        ),
        ("pylock.toml", '[[packages]]\nname = "a"\nversion = "1"\n', "fail"),
        (
            "uv.lock",
            '[[package]]\nname = "own"\nversion = "1"\nsource = { editable = "." }\n'
            '[[package]]\nname = "a"\nsdist = { hash = "' + HASH + '" }\n',
            "pass",
        ),
        (
            "poetry.lock",
            '[[package]]\nname = "a"\nfiles = [\n {file = "a.whl", hash = "' + HASH + '"},\n]\n',
            "pass",
        ),
        ("poetry.lock", '[[package]]\nname = "a"\nfiles = []\n', "fail"),
        ("requirements/dev.txt", f"a==1 \\\n    --hash={HASH}\nb==2\n", "fail"),
        ("requirements/dev.txt", f"a[x]==1 ; python_version > '3' \\\n    --hash={HASH}\n", "pass"),
        (
            "Pipfile.lock",
            '{"default": {"a": {"hashes": ["' + HASH + '"], "version": "==1"}}}',
            "pass",
        ),
    ],
)
def test_locks_of_all_kinds_are_read(path, text, result):
    assert judged(of(files={path: text}), select=("BRZ-P002",)).verdicts[0].result == result


@pytest.mark.parametrize("name", ["BRZ-P001", "BRZ-P002"])
@pytest.mark.parametrize("path", ["poetry.lock", "uv.lock", "pylock.toml", "Pipfile.lock"])
def test_a_lock_that_cannot_be_read_shows_nothing(path, name):
    verdict = judged(of(files={path: "\ufffd bad"}), select=(name,)).verdicts[0]
    assert (verdict.result, verdict.place.file) == ("cannot-tell", path)
    assert path in str(verdict.seen)


def test_a_step_is_found_with_its_line():
    project = of(files=samples.step("pip-audit --strict"))
    place = judged(project, select=("BRZ-P011",)).verdicts[0].place
    assert (place.file, place.line) == (CI, 5)


def test_a_stage_of_an_image_is_no_base():
    text = f"FROM python@{HASH} AS build\nFROM build\nFROM scratch\n"
    assert judged(of(files={"Dockerfile": text}), select=("BRZ-P004",)).outcome() == "pass"


@pytest.mark.parametrize(
    ("texts", "result"),
    [
        (("FROM $BASE\n", "FROM python:3\n"), "fail"),
        (("FROM $BASE\n", f"FROM python@{HASH}\n"), "cannot-tell"),
        (("RUN true\n", f"FROM python@{HASH}\n"), "cannot-tell"),
        ((f"FROM python@{HASH} AS Build\nFROM build\n",), "pass"),
    ],
)
def test_of_several_images_one_that_can_change_is_enough(texts, result):
    files = {f"image{number}.Dockerfile": text for number, text in enumerate(texts)}
    assert judged(of(files=files), select=("BRZ-P004",)).verdicts[0].result == result


def test_a_plan_shows_what_it_saves_with_its_interval():
    evidence = judged(of(plan()), select=("BRZ-P060",)).verdicts[0].evidence
    assert [one.name for one in evidence] == ["night", "saving_g"]
    assert (evidence[1].low, evidence[1].value, evidence[1].high) == pytest.approx((36, 40, 44))


def test_nothing_federated_needs_no_advice():
    assert judged(of(files=LOCK), select=("BRZ-P023",)).verdicts[0].result == "not-applicable"


def test_what_a_comment_says_is_no_evidence():
    project = of(files=samples.step("make test  # TODO: brizna gate"))
    assert judged(project, select=("BRZ-P010",)).verdicts[0].result == "fail"


@pytest.mark.parametrize(
    ("path", "text", "result"),
    [
        (".github/dependabot.yml", "updates:\n  - package-ecosystem: pip\n", "cannot-tell"),
        (".github/dependabot.yml", "updates:\n  - package-ecosystem: github-actions\n", "fail"),
        ("renovate.json", '{"extends": ["config:recommended"]}', "cannot-tell"),
        ("renovate.json", '{"osvVulnerabilityAlerts": true}', "pass"),
    ],
)
def test_a_bot_that_updates_is_no_scanner_unless_it_says_so(path, text, result):
    project = of(files={**samples.step("make test"), path: text})
    verdict = judged(project, select=("BRZ-P011",)).verdicts[0]
    assert verdict.result == result
    assert (verdict.place.file == path) == (result != "fail")


@pytest.mark.parametrize(
    ("step", "result"),
    [
        ("asv continuous main HEAD", "pass"),
        ("pytest --benchmark-compare-fail=mean:5%", "pass"),
        ("asv run HEAD^!", "fail"),
    ],
)
def test_a_test_of_performance_holds_each_change_against_what_was_before(step, result):
    project = of(files=samples.step(step))
    assert judged(project, select=("BRZ-P010",)).verdicts[0].result == result


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("pyproject.toml", "[tool.ruff]\nline-length = 100\n"),
        ("pyproject.toml", "[project]\ndependencies = []\n"),
        ("pyproject.toml", "[tool.poetry.dependencies]\npython = '>=3.11'\n"),
        ("pyproject.toml", "[project\n"),
        ("setup.py", "setup(install_requires=[])\n"),
        ("setup.cfg", "[options]\n# install_requires = numpy\n"),
        ("environment.yml", "name: empty\n"),
        ("Pipfile", "[packages]\n\n[requires]\n"),
    ],
)
def test_a_project_file_without_dependencies_needs_no_lock(path, text):
    project = of(files={path: text})
    assert judged(project, select=("BRZ-P001",)).verdicts[0].result == "cannot-tell"


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("pyproject.toml", "[project]\ndependencies = ['numpy']\n"),
        ("pyproject.toml", "[project]\ndynamic = ['dependencies']\n"),
        ("pyproject.toml", "[dependency-groups]\ndev = ['pytest']\n"),
        ("pyproject.toml", "[tool.poetry.dependencies]\npython = '^3'\nnumpy = '*'\n"),
        ("setup.py", "setup(install_requires=['numpy'])\n"),
        ("setup.cfg", "[options]\ninstall_requires =\n    numpy\n"),
        ("environment.yml", "dependencies:\n  - numpy\n"),
        ("Pipfile", "[packages]\nnumpy = '*'\n"),
    ],
)
def test_dependencies_that_are_declared_need_a_lock(path, text):
    project = of(files={path: text})
    verdict = judged(project, select=("BRZ-P001",)).verdicts[0]
    assert (verdict.result, verdict.place.file) == ("fail", path)


def test_a_container_is_an_environment_of_its_own():
    project = of(run(environment__container="docker", environment__software={"is_isolated": False}))
    assert judged(project, select=("BRZ-P003",)).verdicts[0].result == "pass"


def test_a_list_of_approvals_that_nobody_believes_is_broken():
    project = of({"schema": "brizna.approval/1", "wrong": "another key"}, run())
    verdict = judged(project, select=("BRZ-P013",)).verdicts[0]
    assert verdict.result == "fail"
    assert "another key" in str(verdict.seen)


def study(**row):
    made = {"name": "base + prune-channels(0.5)", "steps": [], "why": "no data to train on"} | row
    return of({"schema": "brizna.improvement/1", "rows": [made], "chosen": None, "study": {}})


def test_what_failed_was_tried_and_what_was_declined_does_not_apply():
    failed = judged(study(state="failed"), select=("BRZ-P081",)).verdicts[0]
    assert failed.result == "pass"
    declined = judged(study(state="declined"), select=("BRZ-P081",)).verdicts[0]
    assert declined.result == "not-applicable"
    assert "no data to train on" in str(declined.seen)
    assert judged(study(state="failed"), select=("BRZ-P083",)).verdicts[0].result == "fail"


def test_a_run_of_code_that_is_in_no_commit_does_not_tell_which_code_it_was():
    project = of(run(environment__code={"changed": 1, "changes": HASH}))
    verdict = judged(project, select=("BRZ-P044",)).verdicts[0]
    assert (verdict.result, "1 files" in str(verdict.seen)) == ("cannot-tell", True)


def test_short_runs_do_not_hide_what_a_long_one_tells():
    brief = run(duration_s=2.0, measurement__gauges=[])
    assert judged(of(run(), brief), select=("BRZ-P041",)).outcome() == "pass"

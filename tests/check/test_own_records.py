"""brizna's own records: what was changed is found, by the rule that it breaks."""

from __future__ import annotations

import json
import shutil
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from brizna.check import (
    RULES,
    Place,
    Rule,
    Verdict,
    Verification,
    examine_footprint,
    examine_run,
    together,
)
from brizna.core.book import Book
from brizna.core.codec import digest, encode
from brizna.core.errors import InputError, Said
from brizna.core.measurement import Run
from brizna.report import findings_lines, findings_sarif
from brizna.store import Store
from brizna.verbs import account_case, verify, view_of, view_of_case
from brizna.verbs._known import Tables
from brizna.verbs._views import account_run, view

if TYPE_CHECKING:
    from collections.abc import Callable

ASSETS = Path(__file__).resolve().parent.parent / "assets"
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
RUN = "7f3a9c"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    place = tmp_path_factory.mktemp("own") / "store"
    shutil.copytree(ASSETS / "store-1", place)
    return Store(str(place))


@pytest.fixture(scope="module")
def sound(store: Store) -> dict[str, Any]:
    return view_of(store, RUN)


def scaled(estimate: dict[str, Any], by: float) -> None:
    for name in ("low", "best", "high"):
        estimate[name] *= by
    estimate["doubts"] = {k: [one * by for one in v] for k, v in estimate["doubts"].items()}


def verified(view: dict[str, Any], folder: Path) -> Verification:
    file = folder / "view.json"
    file.write_bytes(encode(view))
    [found] = verify(str(file), Store("nowhere"), now=NOW)
    return found


def errors(found: Verification) -> set[str]:
    return {one.rule for one in found.findings if one.severity == "error"}


def test_a_view_that_nobody_changed_is_verified(sound: dict[str, Any], tmp_path: Path):
    found = verified(sound, tmp_path)
    assert found.outcome() == "pass"
    assert found.form == "brizna"


def test_a_stored_run_is_verified_against_its_journal_and_its_footprint(store: Store):
    view_of(store, RUN)
    [found] = verify(RUN, store, now=NOW)
    assert found.outcome() == "pass"
    assert {"BRZ-V053", "BRZ-V051"} <= {o.rule for o in found.verdicts if o.result == "pass"}


def test_a_factor_that_later_ones_replaced_is_told(store: Store, tmp_path: Path):
    run = store.read(RUN).run
    old = account_run(run, book=Book(as_of="2021-06-30"))
    found = verified(view(run, old), tmp_path)
    assert not errors(found)
    by_rule = {one.rule: one for one in found.findings}
    assert {"BRZ-V030", "BRZ-V031"} <= set(by_rule)
    assert by_rule["BRZ-V031"].place.field.startswith("factor:grid/")
    assert by_rule["BRZ-V031"].severity == "note"


def test_a_declared_case_is_computed_again_from_its_facts(tmp_path: Path):
    facts = {"name": "llm", "energy_kwh": 1200, "zone": "ES", "started": "2024-05-01T00:00:00Z"}
    case = view_of_case(*account_case(facts))
    assert verified(case, tmp_path).outcome() == "pass"
    wrong = deepcopy(case)
    wrong["given"]["energy_kwh"] = 1300
    assert errors(verified(wrong, tmp_path)) == {"BRZ-V050"}
    undated = view_of_case(*account_case({"energy_kwh": 1200, "zone": "ES"}))
    assert verified(undated, tmp_path).outcome() == "cannot-tell"


def test_exported_runs_are_no_bundle(store: Store, tmp_path: Path):
    store.export([RUN], str(tmp_path / "runs.zip"))
    with pytest.raises(InputError, match="runs import"):
        verify(str(tmp_path / "runs.zip"), store, now=NOW)


def test_a_store_is_verified_run_by_run(store: Store):
    found = verify(store.path, Store("nowhere"), now=NOW)
    assert [one.subject for one in found] == store.ids()


@pytest.mark.parametrize(
    ("figure", "by", "rule"),
    [
        ("carbon_operational_g", 1e-3, "BRZ-V011"),
        ("facility_energy_j", 1 / 3600, "BRZ-V010"),
        ("facility_energy_j", 1 / 3.6e6, "BRZ-V010"),
        ("carbon_g", 1.1, "BRZ-V051"),
        ("carbon_g", -1, "BRZ-V003"),
        ("facility_energy_j", 0, "BRZ-V004"),
    ],
)
def test_a_figure_of_a_footprint_that_was_changed_is_the_only_one_told(
    sound: dict[str, Any], tmp_path: Path, figure: str, by: float, rule: str
):
    view = deepcopy(sound)
    scaled(view["footprint"][figure], by)
    found = verified(view, tmp_path)
    assert errors(found) == {rule}
    [wrong] = [one for one in found.findings if one.rule == rule]
    assert wrong.place.field == figure
    assert {one.value for one in wrong.evidence} >= {sound["footprint"][figure]["best"]}


def test_a_pue_that_was_applied_twice_is_told_as_that(sound: dict[str, Any], tmp_path: Path):
    view = deepcopy(sound)
    scaled(
        view["footprint"]["carbon_operational_g"], view["footprint"]["assumptions"]["pue"]["best"]
    )
    assert errors(verified(view, tmp_path)) == {"BRZ-V012"}


def test_an_interval_that_was_narrowed_by_hand_is_found(sound: dict[str, Any], tmp_path: Path):
    view = deepcopy(sound)
    carbon = view["footprint"]["carbon_g"]
    carbon["high"] = carbon["best"] * 1.001
    assert errors(verified(view, tmp_path)) == {"BRZ-V051"}


def test_a_footprint_alone_is_computed_again_from_its_own_energy(
    sound: dict[str, Any], tmp_path: Path
):
    found = verified(sound["footprint"], tmp_path)
    assert not errors(found)
    changed = deepcopy(sound["footprint"])
    scaled(changed["carbon_operational_g"], 1000)
    assert errors(verified(changed, tmp_path)) == {"BRZ-V011"}


@pytest.mark.parametrize("name", ["footprint", "assumptions"])
def test_a_factor_that_was_changed_is_found(sound: dict[str, Any], tmp_path: Path, name: str):
    view = deepcopy(sound)
    holder = view["footprint"] if name == "footprint" else view["footprint"]["assumptions"]
    holder["factors"][0]["note"] = "another"
    assert errors(verified(view, tmp_path)) == {"BRZ-V052"}


def changed_run(sound: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return a view whose run was changed, with its footprint made to name it."""
    view = deepcopy(sound)
    view.pop("footprint")
    for path, value in changes.items():
        *names, last = path.split("__")
        target = view
        for name in names:
            target = target[name]
        target[last] = value
    return view


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"started": "2031-01-01T00:00:00Z"}, "BRZ-V002"),
        ({"started": "yesterday"}, "BRZ-V001"),
        ({"measurement__energy_j__best": -5.0}, "BRZ-V003"),
        ({"measurement__energy_j__best": 0}, "BRZ-V004"),
        ({"measurement__energy_j__best": 1e9}, "BRZ-V023"),
        ({"measurement__coverage__gap_s": 1e6}, "BRZ-V040"),
        ({"measurement__samples": "many", "state": 5, "tags": 3}, "BRZ-V001"),
    ],
)
def test_a_run_that_cannot_be_is_found(
    sound: dict[str, Any], tmp_path: Path, changes: dict[str, Any], rule: str
):
    found = verified(changed_run(sound, **changes), tmp_path)
    assert {one.rule for one in found.findings} == {rule}


def test_a_record_that_was_changed_is_not_the_one_that_was_accounted_for(
    sound: dict[str, Any], tmp_path: Path
):
    view = deepcopy(sound)
    view["name"] = "another"
    assert errors(verified(view, tmp_path)) == {"BRZ-V050"}
    assert digest({"a": 1}) != digest({"a": 2})


@pytest.mark.parametrize(
    ("before", "after", "rule"),
    [(b'"samples":', b'"sample_s":', "BRZ-V001"), (b'"duration_s":', b'"duration_s":1', None)],
)
def test_a_store_whose_record_was_changed_says_so(
    store: Store, tmp_path: Path, before: bytes, after: bytes, rule: str | None
):
    place = tmp_path / "store"
    shutil.copytree(store.path, place)
    view_of(Store(str(place)), RUN)
    [file] = place.glob(f"runs/*{RUN}/run.json")
    file.write_bytes(file.read_bytes().replace(before, after, 1))
    [found] = verify(RUN, Store(str(place)), now=NOW)
    assert found.outcome() == "fail"
    assert errors(found) == {rule or "BRZ-V050"}


@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        (lambda lines: [lines[0], lines[1].replace(b"a", b"b", 1), *lines[2:]], "fail"),
        (lambda lines: [*lines[:3], b"none of these", *lines[3:]], "fail"),
        (lambda lines: [*lines[:-2], lines[-2][:-3]], "cannot-tell"),
    ],
    ids=["changed", "added", "cut short"],
)
def test_a_journal_of_which_a_line_does_not_prove_itself_is_never_kept(
    store: Store, tmp_path: Path, change: Callable[[list[bytes]], list[bytes]], outcome: str
):
    place = tmp_path / "store"
    shutil.copytree(store.path, place)
    [file] = place.glob(f"runs/*{RUN}/journal.jsonl")
    file.write_bytes(b"\n".join(change(file.read_bytes().split(b"\n"))))
    [found] = verify(RUN, Store(str(place)), now=NOW)
    [judged] = [one for one in found.verdicts if one.rule == "BRZ-V053"]
    assert judged.result == outcome
    assert found.outcome() == outcome


def test_a_run_that_goes_on_cannot_be_told(store: Store, tmp_path: Path):
    place = tmp_path / "store"
    shutil.copytree(store.path, place)
    [file] = place.glob(f"runs/*{RUN}/run.json")
    file.parent.joinpath("journal.jsonl").unlink()
    file.unlink()
    [found] = [one for one in verify(str(place), store, now=NOW) if one.subject.endswith(RUN)]
    assert found.outcome() == "cannot-tell"


# ----------------------------------------------------------------------------------------- nouns


def test_an_outcome_is_a_pass_only_where_something_passed_and_nothing_is_untold():
    def of(*results: tuple[str, str]) -> Verification:
        verdicts = [
            Verdict(rule="R", severity=severity, result=result, place=Place(file="f"))
            for result, severity in results
        ]
        return Verification(subject="f", form="x", digest="", verdicts=tuple(verdicts))

    assert of().outcome() == "cannot-tell"
    assert of(("not-applicable", "error")).outcome() == "cannot-tell"
    assert of(("pass", "error")).outcome() == "pass"
    assert of(("pass", "error"), ("cannot-tell", "note")).outcome() == "cannot-tell"
    assert of(("fail", "warning"), ("pass", "error")).outcome() == "pass"
    assert of(("fail", "warning"), ("pass", "error")).outcome(fail_on="warning") == "fail"
    assert of(("fail", "error"), ("cannot-tell", "note")).outcome() == "fail"
    assert together(["pass", "cannot-tell", "fail"]) == "fail"
    assert together(["pass", "cannot-tell"]) == "cannot-tell"


def test_a_rule_of_unknown_severity_is_refused():
    with pytest.raises(InputError, match="severity"):
        Rule(id="R", severity="grave", title=Said("a"), todo=Said("b"), reference="c")


def test_rules_have_ids_of_their_own_and_speak_both_languages():
    assert len({rule.title.text for rule in RULES.values()}) == len(RULES)
    from brizna.report import said

    for rule in RULES.values():
        assert said(rule.title, "es") != str(rule.title)
        assert said(rule.todo, "es") != str(rule.todo)


def test_the_page_of_rules_is_that_of_the_code():
    page = (ASSETS.parent.parent / "docs/reference/verify.md").read_text(encoding="utf-8")
    for rule in RULES.values():
        assert f"| `{rule.id}` | {rule.severity} | {rule.title} |" in page


# ---------------------------------------------------------------------------------------- findings


@pytest.fixture(scope="module")
def wrong() -> Verification:
    file = ASSETS / "verify/broken/emissions-in-grams.csv"
    return verify(str(file), Store("nowhere"), now=NOW)[0]


def test_findings_are_told_in_spanish_with_decimal_commas(wrong: Verification):
    text = "\n".join(findings_lines([wrong], RULES, lang="es"))
    assert "NO es correcto" in text
    assert "visto: es 62,4 kg" in text
    assert "línea 2" in text
    assert "qué hacer: Convierta" in text


def test_findings_as_sarif_have_what_the_standard_asks_for(wrong: Verification):
    sarif = findings_sarif([wrong], RULES, lang="en", version="1.0")
    assert sarif["version"] == "2.1.0"
    [run] = sarif["runs"]
    rules = run["tool"]["driver"]["rules"]
    [result] = run["results"]
    assert rules[result["ruleIndex"]]["id"] == result["ruleId"] == "BRZ-V011"
    assert result["level"] == "error"
    assert result["kind"] == "fail"
    [location] = result["locations"]
    assert location["physicalLocation"]["region"] == {"startLine": 2}
    assert location["logicalLocations"] == [{"fullyQualifiedName": "emissions"}]
    assert len(run["artifacts"][0]["hashes"]["sha-256"]) == 64
    json.dumps(sarif, allow_nan=False)


def test_what_cannot_be_told_is_open_in_sarif(tmp_path: Path):
    file = tmp_path / "a card.md"
    file.write_text("---\nco2_eq_emissions: 3\n---\n")
    found = verify(str(file), Store("nowhere"), now=NOW)
    [run] = findings_sarif(found, RULES, lang="es", version="1")["runs"]
    [result] = run["results"]
    assert (result["kind"], result["level"]) == ("open", "none")
    assert "a%20card.md" in result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]


# ------------------------------------------------------------------------------------------ fuzzed


def places(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Return the path of every field below a value; of a list, its first member."""
    found: list[tuple[str | int, ...]] = []
    inner = value.items() if isinstance(value, dict) else []
    inner = enumerate(value[:1]) if isinstance(value, list) else inner
    for name, one in inner:
        found += [(*path, name), *places(one, (*path, name))]
    return found


def replaced(view: dict[str, Any], path: tuple[str | int, ...], value: Any) -> Any:
    """Put a value where a path leads, in place; return what stood there."""
    target: Any = view
    for name in path[:-1]:
        target = target[name]
    before, target[path[-1]] = target[path[-1]], value
    return before


@pytest.mark.parametrize("junk", [None, 5, [], "x"])
def test_a_record_of_which_any_field_was_replaced_is_judged_and_never_a_traceback(
    sound: dict[str, Any], junk: Any
):
    view, known = deepcopy(sound), Tables(NOW)
    fields = places({name: sound[name] for name in (*Run.fields(), "footprint") if name in sound})
    assert len(fields) > 300
    for path in fields:
        before = replaced(view, path, junk)
        record = {name: view[name] for name in ("schema", *Run.fields()) if name in view}
        run, found = examine_run(record, Place(file="f"), known)
        about = run if path[0] == "footprint" else None
        found += examine_footprint(view["footprint"], about, Place(file="f"), known)[1]
        assert all(one.to_json() for one in found)
        replaced(view, path, before)


@pytest.mark.parametrize("junk", [None, 5, [], "x"])
@pytest.mark.parametrize(
    "path",
    [
        "started",
        "duration_s",
        "measurement",
        "measurement.coverage",
        "measurement.channels",
        "measurement.samples",
        "footprint.assumptions",
        "footprint.derivation",
        "footprint.factors",
    ],
)
def test_a_field_that_holds_what_it_cannot_is_told_by_its_name(
    sound: dict[str, Any], tmp_path: Path, path: str, junk: Any
):
    view = deepcopy(sound)
    replaced(view, tuple(path.split(".")), junk)
    found = verified(view, tmp_path)
    assert found.outcome() == "fail"
    assert json.dumps(findings_sarif([found], RULES, lang="en", version="1"))
    assert "\n".join(findings_lines([found], RULES, lang="es", derivation=True))


@pytest.mark.parametrize(
    "path",
    [
        "measurement.energy_j.high",
        "measurement.phases.0.energy_j.low",
        "footprint.assumptions.pue.low",
    ],
)
def test_the_ends_of_any_interval_are_those_that_its_doubts_give(
    sound: dict[str, Any], tmp_path: Path, path: str
):
    view = deepcopy(sound)
    replaced(view, tuple(int(n) if n.isdigit() else n for n in path.split(".")), 5)
    assert errors(verified(view, tmp_path)) == {"BRZ-V051"}


def test_a_warning_with_the_same_words_is_told_once_with_how_many_more():
    def of(file: str, severity: str) -> Verdict:
        place, seen = Place(file=file), Said("{name} was used", name="grid/ES/2024")
        return Verdict(rule="BRZ-V031", severity=severity, result="fail", place=place, seen=seen)

    for severity, shown in (("note", 1), ("error", 3)):
        verdicts = tuple(of(file, severity) for file in "abc")
        found = Verification(subject="b", form="bundle", digest="", verdicts=verdicts)
        text = "\n".join(findings_lines([found], RULES, lang="en"))
        assert text.count("grid/ES/2024 was used") == shown
        assert ("the same in 2 more" in text) == (shown == 1)

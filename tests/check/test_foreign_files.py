"""Files of other tools: each broken one is caught for its one reason, sound ones pass."""

from __future__ import annotations

import csv
import json
import tempfile
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brizna.check import RULES, read_yaml
from brizna.core.errors import InputError
from brizna.store import Store
from brizna.verbs import verify

ASSETS = Path(__file__).resolve().parent.parent / "assets" / "verify"
NOW = datetime(2026, 11, 22, tzinfo=UTC)
BROKEN = [tuple(line.split(",")) for line in (ASSETS / "expected.csv").read_text().splitlines()[1:]]
SOUND = sorted(path.name for path in (ASSETS / "sound").iterdir())


def verified(path: Path):
    [found] = verify(str(path), Store("nowhere"), now=NOW)
    return found


@pytest.mark.parametrize(("file", "rule"), BROKEN, ids=[file for file, _ in BROKEN])
def test_a_broken_file_is_caught_for_its_one_reason(file: str, rule: str):
    found = verified(ASSETS / "broken" / file)
    assert {one.rule for one in found.findings} == {rule}
    assert not found.untold
    assert found.outcome(fail_on=RULES[rule].severity) == "fail"
    for one in found.findings:
        assert one.seen is not None
        assert one.expected is not None
        assert one.place.line is not None or file.endswith(".json")


@pytest.mark.parametrize("file", SOUND)
def test_a_sound_file_passes_clean(file: str):
    found = verified(ASSETS / "sound" / file)
    assert not found.findings
    assert found.outcome(fail_on="note") == "pass"


def test_every_broken_file_is_listed_and_there_are_many():
    files = {path.name for path in (ASSETS / "broken").iterdir()}
    assert files == {file for file, _ in BROKEN}
    assert len(files) >= 20


def test_a_figure_that_is_caught_comes_with_what_it_was_compared_to():
    [wrong] = verified(ASSETS / "broken" / "emissions-in-grams.csv").findings
    by_name = {one.name: one for one in wrong.evidence}
    assert by_name["emissions"].value == pytest.approx(62.4)
    intensity = by_name["intensity"]
    assert intensity.low < intensity.value < intensity.high
    assert intensity.origin.startswith("grid/ES/")
    assert "62.4 kg" in str(wrong.seen)
    assert "seems to be in g" in str(wrong.expected)


def test_what_cannot_be_checked_is_no_pass(tmp_path: Path):
    file = tmp_path / "card.md"
    file.write_text("---\nco2_eq_emissions: 12.5\n---\n# A model\n")
    found = verified(file)
    assert not found.findings
    assert found.outcome() == "cannot-tell"
    [missing] = found.untold
    assert "energy" in str(missing.seen)


def test_a_place_that_nobody_knows_leaves_the_emissions_untold(tmp_path: Path):
    text = (ASSETS / "sound" / "codecarbon-1.csv").read_text()
    file = tmp_path / "emissions.csv"
    file.write_text(text.replace("Spain", "Atlantis").replace("ESP", ""))
    assert verified(file).outcome() == "cannot-tell"


def test_what_a_table_calls_unknown_is_no_fault_and_no_pass(tmp_path: Path):
    text = (ASSETS / "sound" / "codecarbon-1.csv").read_text()
    file = tmp_path / "emissions.csv"
    file.write_text(text.replace(",0.0624,", ",nan,"))
    found = verified(file)
    assert not found.findings
    assert found.outcome() == "cannot-tell"


def test_an_empty_table_is_no_pass(tmp_path: Path):
    file = tmp_path / "emissions.csv"
    file.write_text((ASSETS / "sound" / "codecarbon-2.csv").read_text().splitlines()[0] + "\n")
    assert verified(file).outcome() == "cannot-tell"


def test_a_table_with_only_a_head_says_what_is_missing(tmp_path: Path):
    file = tmp_path / "emissions.csv"
    file.write_text((ASSETS / "sound" / "codecarbon-2.csv").read_text().splitlines()[0] + "\n")
    [missing] = verified(file).untold
    assert "no row" in str(missing.seen)


def test_energy_in_joules_is_told_as_joules():
    [wrong] = verified(ASSETS / "broken" / "boamps-energy-in-joules.json").findings
    assert str(wrong.expected).endswith("seems to be in J")


def test_more_power_than_a_rack_draws_is_no_pass_without_hardware(tmp_path: Path):
    file = tmp_path / "manifest.yml"
    outputs = "timestamp: 2024-03-01T00:00:00Z\n          duration: 1\n          energy: "
    head = "tree:\n  children:\n    server:\n      outputs:\n        - "
    file.write_text(f"{head}{outputs}1.2\n")
    assert verified(file).outcome() == "cannot-tell"
    assert any(one.rule == "BRZ-V021" for one in verified(file).untold)
    file.write_text(f"{head}{outputs}1200\n")
    assert {one.rule for one in verified(file).findings} & {"BRZ-V010", "BRZ-V021"}


def test_what_is_of_no_known_form_is_refused_with_the_forms(tmp_path: Path):
    file = tmp_path / "notes.txt"
    file.write_text("nothing of use")
    with pytest.raises(InputError, match="codecarbon"):
        verified(file)


@settings(max_examples=40)
@given(
    factor=st.floats(min_value=20, max_value=5e4),
    column=st.sampled_from(["emissions", "energy_consumed"]),
    up=st.booleans(),
)
def test_a_figure_that_is_far_off_is_always_caught(factor: float, column: str, up: bool):
    rows = list(csv.reader((ASSETS / "sound" / "codecarbon-2.csv").read_text().splitlines()))
    at = rows[0].index(column)
    rows[1][at] = repr(float(rows[1][at]) * (factor if up else 1 / factor))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "emissions.csv"
        with file.open("w", newline="") as out:
            csv.writer(out).writerows(rows)
        found = verified(file)
    assert found.outcome() == "fail"
    assert all(one.place.line == 2 for one in found.findings)


# ------------------------------------------------------------------------------------------- YAML


def plain(node):
    value = node.value
    if isinstance(value, dict):
        return {name: plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    return value


def test_yaml_of_manifests_is_read_with_its_lines():
    root = read_yaml(
        "# head\n"
        "name: 'it''s'   # a comment\n"
        "plugins:\n"
        "  - method: Sum\n"
        '    config: {input-parameters: [a, "b, c"], x: 1}\n'
        "  -\n"
        "    method: Other\n"
        "text: |\n"
        "  first\n"
        "  second\n"
        "list:\n"
        "- 1\n"
        "- -2.5e3\n"
        "- yes it is\n"
        "nothing:\n"
        "truth: true\n"
    )
    assert plain(root) == {
        "name": "it's",
        "plugins": [
            {"method": "Sum", "config": {"input-parameters": ["a", "b, c"], "x": 1}},
            {"method": "Other"},
        ],
        "text": "first\nsecond",
        "list": [1, -2500.0, "yes it is"],
        "nothing": None,
        "truth": True,
    }
    assert root["truth"].line == 16
    assert next(root["plugins"].each())["method"].line == 4


@pytest.mark.parametrize(
    "text", ["a: &x 1", "a: *x", "a: !!int 3", "a: [1, 2", "a: 1\na: 2", "\ta: 1", "a: 1\n  b: 2"]
)
def test_yaml_that_is_not_understood_is_refused_by_its_line(text: str):
    with pytest.raises(InputError, match="Line"):
        read_yaml(text)


@given(st.text(alphabet="ab:-[]{}'\"#|> \n\t&1.", max_size=60))
def test_yaml_of_any_kind_is_read_or_refused(text: str):
    with suppress(InputError):
        read_yaml(text)


# ------------------------------------------------------------------------------------ our reports


@pytest.mark.parametrize(
    ("figure", "by", "outcome"),
    [("carbon_g", 1, "pass"), ("carbon_operational_g", 1000, "fail"), ("energy_j", None, "pass")],
)
def test_a_report_of_ours_as_json_is_verified(
    tmp_path: Path, figure: str, by: float | None, outcome: str
):
    figures = {"energy_j": 3.6e6, "facility_energy_j": 4.5e6, "carbon_embodied_g": None}
    figures |= {"carbon_operational_g": 217.0, "carbon_g": 217.0}
    own = {name: None if value is None else {"best": value} for name, value in figures.items()}
    run = {"started": "2024-05-01T00:00:00Z", "duration_s": 3600.0, "zone": "ES", "figures": own}
    total = {name: value and dict(value) for name, value in own.items()}
    own[figure] = None if by is None else {"best": figures[figure] * by}
    file = tmp_path / "report.json"
    report = {"schema": "brizna.report/1", "runs": [run], "figures": total, "at_once": []}
    file.write_text(json.dumps(report))
    assert verified(file).outcome() == outcome
    file.write_text(json.dumps({**report, "runs": 5}))
    assert verified(file).outcome() == "fail"


@pytest.mark.parametrize(
    ("row", "outcome"),
    [
        ("Facility energy | 960 mWh (770-1,200)", "pass"),
        ("Energía con la instalación | 0,96 Wh (0,77-1,2)", "pass"),
        ("Facility energy | 960 kWh (770-1,200)", "fail"),
    ],
)
def test_a_card_of_ours_is_verified_by_the_energy_in_our_section(
    tmp_path: Path, row: str, outcome: str
):
    file = tmp_path / "README.md"
    head = "---\nco2_eq_emissions:\n  emissions: 0.168\n  geographical_location: ES\n---\n"
    section = f"| Figure | Value | Basis |\n|---|---:|---|\n| {row} | default |\n"
    file.write_text(f"{head}<!-- brizna:begin -->\n{section}<!-- brizna:end -->\n")
    assert verified(file).outcome() == outcome


def test_a_part_of_boamps_in_which_nobody_declared_anything_is_untold(tmp_path: Path):
    report = json.loads((ASSETS / "sound" / "boamps.json").read_text())
    file = tmp_path / "report.json"
    file.write_text(json.dumps({**report, "task": {}}))
    assert verified(file).outcome() == "cannot-tell"
    del report["task"]["taskStage"]
    file.write_text(json.dumps({**report, "infrastructure": None}))
    assert verified(file).outcome() == "fail"

"""show, compare, explain, runs, account, config and doctor, as a person uses them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Brizna = Callable[..., subprocess.CompletedProcess[str]]

EXAMPLE = {
    "duration_h": 10,
    "devices": [{"count": 4, "power_w": 300}],
    "pue": 1.5,
    "intensity_g_per_kwh": 450,
}


@pytest.fixture
def two_runs(brizna: Brizna) -> None:
    for name in ("one", "two"):
        done = brizna("run", "--quiet", "--zone", "ES", "--name", name, "--tag", "t", "--", "true")
        assert done.returncode == 0, done.stderr


def test_the_worked_example_gives_12_kwh_18_kwh_and_8_1_kg(
    brizna: Brizna, shown: Callable[..., Any], tmp_path: Path
) -> None:
    case = tmp_path / "CASE.json"
    case.write_text(json.dumps(EXAMPLE))
    footprint = shown("account", str(case))["footprint"]
    assert footprint["energy_j"]["best"] == 12 * 3.6e6
    assert footprint["facility_energy_j"]["best"] == 18 * 3.6e6
    assert footprint["carbon_operational_g"]["best"] == 8100
    text = brizna("account", "-", given=json.dumps(EXAMPLE)).stdout
    assert "12 kWh" in text
    assert "18 kWh" in text
    assert "8.1 kg" in text
    spanish = brizna("account", "--lang", "es", "-", given=json.dumps(EXAMPLE)).stdout
    assert "8,1 kg" in spanish


def test_a_wrong_case_says_what_is_wrong_and_exits_2(brizna: Brizna) -> None:
    done = brizna("account", "-", given=json.dumps({**EXAMPLE, "puee": 2}))
    assert done.returncode == 2
    assert "Did you mean 'pue'" in done.stderr
    assert brizna("account", "nowhere.json").returncode == 2
    assert brizna("account", "-", given="{").returncode == 2


@pytest.mark.usefixtures("two_runs")
def test_show_and_explain_reach_factors_with_source_and_year(
    brizna: Brizna, shown: Callable[..., Any]
) -> None:
    assert shown("show", "one")["name"] == "one"
    text = brizna("explain", "two", "--figure", "carbon_g").stdout
    assert "factor:grid/ES/" in text
    assert "Source:" in text
    assert "carbon_operational_g + carbon_embodied_g" in text
    tree = shown("explain", "two", "--figure", "energy_j")
    assert tree["name"] == "energy_j"
    assert tree["inputs"]
    wrong = brizna("explain", "two", "--figure", "carbn_g", "--json")
    assert wrong.returncode == 2
    assert "Did you mean 'carbon_g'" in wrong.stderr


@pytest.mark.usefixtures("two_runs")
def test_recomputing_gives_the_same_bytes_in_another_process(
    brizna: Brizna, shown: Callable[..., Any], tmp_path: Path
) -> None:
    newest = tmp_path / "store" / "runs" / shown("show", "last")["id"]
    (stored,) = (newest / "records").glob("*.json")
    again = brizna("show", "last", "--recompute").stdout
    assert again.rstrip("\n") == stored.read_text()


@pytest.mark.usefixtures("two_runs")
def test_a_changed_record_is_noticed(
    brizna: Brizna, shown: Callable[..., Any], tmp_path: Path
) -> None:
    record = tmp_path / "store" / "runs" / shown("show", "last")["id"] / "run.json"
    record.write_text(record.read_text().replace('"exit_code":0', '"exit_code":1'))
    done = brizna("show", "last", "--recompute")
    assert done.returncode == 1
    assert "changed" in done.stderr


@pytest.mark.usefixtures("two_runs")
def test_a_changed_record_is_refused_by_every_command_and_told_by_the_list(
    brizna: Brizna, shown: Callable[..., Any], tmp_path: Path
) -> None:
    archive = str(tmp_path / "runs.zip")
    record = tmp_path / "store" / "runs" / shown("show", "one")["id"] / "run.json"
    record.write_text(record.read_text().replace('"exit_code":0', '"exit_code":1'))
    for words in (
        ("show", "one"),
        ("show", "one", "--recompute"),
        ("compare", "one", "two"),
        ("runs", "export", "one", "-o", archive),
        ("runs", "merge", "one", "two"),
    ):
        done = brizna(*words)
        assert (done.returncode, "changed afterwards" in done.stderr) == (1, True), words
    listed = brizna("runs", "list")
    assert listed.returncode == 0
    assert f"{record.parent.name}: The record of" in listed.stderr
    assert record.parent.name[-6:] not in listed.stdout
    assert [run["state"] for run in shown("runs", "list") if run["name"] == "one"] == ["unreadable"]


def test_a_disk_without_room_costs_one_warning_of_whole_sentences_and_leaves_a_removable_run(
    brizna: Brizna, tmp_path: Path
) -> None:
    command = f"ulimit -f 0; exec {sys.executable} -m brizna run --quiet -- true"
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=tmp_path,
        env={**os.environ, "BRIZNA_STORE": str(tmp_path / "store")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0
    assert re.search(
        r"events could not be written: .*: File too large\. .* cannot be written: .*\.\n$",
        done.stderr,
    )
    (directory,) = (tmp_path / "store" / "runs").iterdir()
    for path in (directory / "journal.jsonl", directory):
        os.utime(path, (0, 0))
    assert brizna("runs").stderr.startswith(f"{directory.name}: Nothing was recorded")
    assert brizna("runs", "rm", "last").stdout == f"{directory.name}\n"
    assert brizna("runs").stderr == ""


@pytest.mark.usefixtures("two_runs")
def test_compare_says_what_was_saved_with_shared_doubts_cancelled(
    shown: Callable[..., Any],
) -> None:
    compared = shown("compare", "one", "two")
    (saving,) = compared["savings"]
    ratio = saving["energy_j_ratio"]
    assert ratio["low"] < ratio["best"] < ratio["high"]
    machine = compared["runs"][0]["machine"]
    doubts = saving["energy_j_ratio"]["doubts"]
    shared = doubts[f"model:memory@{machine}"]
    one = compared["runs"][0]["footprint"]["energy_j"]
    assert abs(shared[1] - shared[0]) / ratio["best"] < (one["high"] - one["low"]) / one["best"]


@pytest.mark.usefixtures("two_runs")
def test_runs_are_listed_removed_exported_and_imported(
    brizna: Brizna, shown: Callable[..., Any], tmp_path: Path
) -> None:
    assert [run["name"] for run in shown("runs", "list", "--tag", "t")] == ["one", "two"]
    archive = str(tmp_path / "runs.zip")
    assert brizna("runs", "export", "one", "two", "-o", archive).returncode == 0
    assert len(shown("runs", "rm", "one")) == 1
    assert [run["name"] for run in shown("runs")] == ["two"]
    assert len(shown("runs", "import", archive)) == 1
    assert len(shown("runs", "list")) == 2
    assert len(shown("runs", "prune", "--keep-last", "1")) == 1
    assert brizna("runs", "prune").returncode == 2


@pytest.mark.usefixtures("two_runs")
def test_without_its_samples_a_run_is_still_explained_and_says_so(brizna: Brizna) -> None:
    brizna("runs", "prune", "--keep-last", "0", "--samples-only")
    done = brizna("explain", "last")
    assert done.returncode == 0
    assert "gone" in done.stdout


@pytest.mark.usefixtures("two_runs")
def test_a_run_that_is_not_there_names_the_nearest(brizna: Brizna) -> None:
    done = brizna("show", "two1")
    assert done.returncode == 2
    assert "two" in done.stderr


def test_settings_say_where_they_come_from(brizna: Brizna, tmp_path: Path) -> None:
    (tmp_path / "brizna.toml").write_text('zone = "FR"\npue = 1.3\n')
    done = brizna("config", "show", "--origin", "--pue", "1.1", environ={"BRIZNA_ZONE": "PT"})
    assert "zone = PT" in done.stdout
    assert "environment BRIZNA_ZONE" in done.stdout
    assert "pue = 1.1" in done.stdout
    assert "option" in done.stdout


@pytest.mark.parametrize(
    ("file", "environ", "says"),
    [
        ('zon = "ES"', {}, "Did you mean 'zone'"),
        ("pue = 0.2", {}, "from 1 up"),
        ("pue = ", {}, "not a settings file"),
        ("", {"BRIZNA_PEU": "1.2"}, "Did you mean 'pue'"),
        ("", {"BRIZNA_INTERVAL": "fast"}, "a number was expected"),
    ],
)
def test_a_wrong_setting_is_an_error_that_names_its_place(
    brizna: Brizna, tmp_path: Path, file: str, environ: dict[str, str], says: str
) -> None:
    (tmp_path / "brizna.toml").write_text(file)
    done = brizna("config", "show", environ=environ)
    assert done.returncode == 2
    assert says in done.stderr


def test_doctor_says_for_each_component_what_it_is_and_why(
    brizna: Brizna, shown: Callable[..., Any]
) -> None:
    found = shown("doctor")
    kinds = {entry["component"]: entry for entry in found["components"]}
    assert {"cpu", "memory", "gpu"} <= set(kinds)
    assert all(
        entry["status"] in ("metered", "modelled", "not available") for entry in kinds.values()
    )
    assert kinds["cpu"]["status"] == "metered" or kinds["cpu"]["why"]
    assert brizna("doctor", "--lang", "es").returncode == 0


def test_every_command_explains_itself_in_both_languages(brizna: Brizna) -> None:
    overview = brizna("--help").stdout
    from brizna.cli._dispatch import COMMANDS

    for command in COMMANDS:
        assert command in overview
        for lang, usage in (("en", "usage:"), ("es", "uso:")):
            done = brizna(command, "--help", "--lang", lang)
            assert done.returncode == 0, done.stderr
            assert done.stdout.startswith(usage)


def test_a_command_that_does_not_exist_names_the_nearest(brizna: Brizna) -> None:
    done = brizna("showx")
    assert done.returncode == 2
    assert "Did you mean 'show'" in done.stderr
    assert brizna("--version").stdout.startswith("brizna 0.")
    assert brizna().returncode == 2


def test_no_run_yet_says_how_to_make_one(brizna: Brizna) -> None:
    done = brizna("show")
    assert done.returncode == 2
    assert "brizna run --" in done.stderr
    assert "brizna run --" in brizna("runs").stdout


def test_whoever_reads_our_data_may_stop_reading() -> None:
    done = subprocess.run(
        ["sh", "-c", f"{sys.executable} -m brizna --help | true"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert "Traceback" not in done.stderr


def test_declared_hardware_without_share_or_service_life_is_not_left_out(
    shown: Callable[..., Any],
) -> None:
    case = {**EXAMPLE, "embodied_kg": 1300}
    footprint = shown("account", "-", given=json.dumps(case))["footprint"]
    assert footprint["assumptions"]["hardware_share"]["basis"] == "default"
    expected_g = 1_300_000 * 10 / (4 * 365.25 * 24)
    assert footprint["carbon_embodied_g"]["best"] == pytest.approx(expected_g)
    both = footprint["carbon_operational_g"]["best"] + footprint["carbon_embodied_g"]["best"]
    assert footprint["carbon_g"]["best"] == pytest.approx(both)

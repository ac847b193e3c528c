"""``brizna run`` measures a command and leaves it as it is."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    Brizna = Callable[..., subprocess.CompletedProcess[str]]

PYTHON = sys.executable


@pytest.mark.parametrize("code", [0, 1, 3, 42, 255])
def test_the_exit_code_is_the_commands_own(brizna: Brizna, code: int) -> None:
    assert brizna("run", "--", "sh", "-c", f"exit {code}").returncode == code


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("run", "--", "no-such-command-anywhere"), 127),
        (("run", "--", "/etc"), 126),
        (("run", "--", "sh", "-c", "kill -TERM $$"), 143),
        (("run",), 125),
        (("run", "--pue", "0.5", "--", "true"), 125),
        (("run", "--zone", "Atlantis", "--", "true"), 125),
        (("run", "--nonsense", "--", "true"), 125),
        (("run", "--lang", "tlh", "--", "true"), 125),
        (("--lang", "tlh", "run", "--", "true"), 125),
        (("run", "--interval", "inf", "--", "true"), 125),
    ],
)
def test_failures_have_the_codes_of_env(brizna: Brizna, words: tuple[str, ...], code: int) -> None:
    done = brizna(*words)
    assert done.returncode == code
    assert done.stderr.startswith("brizna: ") or code == 143


def test_wrong_use_leaves_no_run_behind(brizna: Brizna, shown: Callable[..., Any]) -> None:
    brizna("run", "--zone", "Atlantis", "--", "true")
    assert shown("runs", "list") == []


def test_streams_and_arguments_pass_untouched(brizna: Brizna) -> None:
    program = "import sys; print(sys.stdin.read(), sys.argv[1:], end='')"
    done = brizna(
        "run", "--quiet", "--", PYTHON, "-c", program, "--json", "x", "--", "-h", given="in"
    )
    assert done.stdout == "in ['--json', 'x', '--', '-h']"
    assert done.stderr == ""


def test_at_most_four_lines_on_stderr_say_the_result(brizna: Brizna) -> None:
    done = brizna("run", "--zone", "ES", "--", "echo", "out")
    assert done.stdout == "out\n"
    lines = done.stderr.splitlines()
    assert 2 <= len(lines) <= 4
    assert "Wh" in lines[0]
    assert "CO2e" in lines[0]
    assert "brizna open" in done.stderr


def test_spanish_has_its_words_and_commas(brizna: Brizna) -> None:
    done = brizna("run", "--zone", "ES", "--lang", "es", "--", "true")
    assert "modelado" in done.stderr or "medido" in done.stderr
    assert "modelled" not in done.stderr
    assert "," in done.stderr


def test_the_json_file_holds_the_view(brizna: Brizna, tmp_path: Path) -> None:
    file = tmp_path / "view.json"
    brizna("run", "--name", "n", "--tag", "a", "--tag", "b", "--json", str(file), "--", "true")
    view = json.loads(file.read_text())
    assert view["schema"] == "brizna.run/1"
    assert view["name"] == "n"
    assert view["tags"] == ["a", "b"]
    assert view["exit_code"] == 0
    assert view["command"] == ["true"]
    energy = view["measurement"]["energy_j"]
    assert 0 < energy["low"] <= energy["best"] <= energy["high"]
    channel = view["measurement"]["channels"][0]
    assert {"id", "kind", "method", "basis", "energy_j", "parent", "gaps"} <= set(channel)
    assert view["environment"]["python"]
    assert view["footprint"]["schema"] == "brizna.footprint/1"


def test_without_a_zone_the_carbon_is_unknown_and_says_how_to_know_it(brizna: Brizna) -> None:
    done = brizna("run", "--", "true", environ={"TZ": "UTC"})
    assert "--zone" in done.stderr


def test_a_zone_guessed_from_the_clock_says_so_and_is_wide(
    brizna: Brizna, shown: Callable[..., Any]
) -> None:
    brizna("run", "--", "true", environ={"TZ": "Europe/Madrid"})
    view = shown("show")
    assert view["site"]["zone"] == "ES"
    assert view["site"]["zone_origin"] == "time-zone"
    doubts = view["footprint"]["carbon_operational_g"]["doubts"]
    assert "model:zone-guess" in doubts


def test_the_command_gets_one_variable_more(brizna: Brizna) -> None:
    program = "import os; print(sorted(k for k in os.environ if k.startswith('BRIZNA')))"
    done = brizna("run", "--quiet", "--", PYTHON, "-c", program)
    assert done.stdout.strip() == "['BRIZNA_RUN', 'BRIZNA_STORE']"


def test_marks_from_any_program_become_phases(brizna: Brizna, shown: Callable[..., Any]) -> None:
    mark = f"{PYTHON} -m brizna mark"
    brizna("run", "--", "sh", "-c", f"{mark} load; {mark} train; {mark} --end")
    phases = shown("show")["measurement"]["phases"]
    assert [phase["name"] for phase in phases] == ["load", "train"]
    assert phases[0]["end_s"] == phases[1]["start_s"]
    assert not phases[1]["open"]
    assert all(phase["energy_j"] for phase in phases)


def test_a_mark_outside_a_run_says_how_to_start_one(brizna: Brizna) -> None:
    done = brizna("mark", "train", environ={"BRIZNA_RUN": ""})
    assert done.returncode == 3
    assert "brizna run --" in done.stderr


def test_runs_inside_runs_know_their_parent(brizna: Brizna, shown: Callable[..., Any]) -> None:
    brizna(
        "run",
        "--name",
        "outer",
        "--",
        PYTHON,
        "-m",
        "brizna",
        "run",
        "--name",
        "inner",
        "--",
        "true",
    )
    outer, inner = shown("show", "outer"), shown("show", "inner")
    assert inner["parent"] == outer["id"]


def test_secrets_are_not_kept(brizna: Brizna, tmp_path: Path) -> None:
    brizna("run", "--", "echo", "--api-key", "hunter2secret", environ={"HF_TOKEN": "hunter2secret"})
    for file in (tmp_path / "store").rglob("*"):
        assert not file.is_file() or b"hunter2secret" not in file.read_bytes()


def test_a_store_that_cannot_be_written_costs_one_warning_not_the_job(
    brizna: Brizna, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    nowhere = {"BRIZNA_STORE": str(tmp_path / "file" / "store")}
    done = brizna("run", "--", "sh", "-c", "echo out; exit 7", environ=nowhere)
    assert (done.returncode, done.stdout) == (7, "out\n")
    assert "cannot be" in done.stderr or "can be made" in done.stderr
    strict = brizna("run", "--strict", "--", "echo", "out", environ=nowhere)
    assert (strict.returncode, strict.stdout) == (125, "")


def test_a_full_disk_never_breaks_the_command(brizna: Brizna) -> None:
    limited = f"ulimit -f 0; exec {PYTHON} -m brizna run -- sh -c 'exit 5'"
    done = brizna("run", "--quiet", "--", "sh", "-c", limited)
    assert done.returncode == 5


def test_a_language_option_of_the_command_is_not_ours(brizna: Brizna) -> None:
    done = brizna("run", "--quiet", "echo", "--lang", "tlh")
    assert (done.returncode, done.stdout) == (0, "--lang tlh\n")

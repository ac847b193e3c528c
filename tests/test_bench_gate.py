"""The gate is wrong as seldom as its page says, on the noise that was recorded."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
from math import sqrt
from pathlib import Path

import pytest

from brizna.check import GATE_RULES

ROOT = Path(__file__).resolve().parent.parent
BENCH = ROOT / "bench"
sys.path[:0] = [str(BENCH)]  # scripts, not packages

import gate  # noqa: E402 - found by the line above
import gate_noise  # noqa: E402 - the same
import gated  # noqa: E402 - the same

KEPT = json.loads((BENCH / "results" / "gate.json").read_text(encoding="utf-8"))
NOISES = [json.loads(path.read_text(encoding="utf-8")) for path in gate.NOISES.values()]
PAGE = (ROOT / "docs" / "explanation" / "how-the-gate-decides.md").read_text(encoding="utf-8")
OURS, ON_CPU = "brizna gate", [name for name in KEPT["rows"] if "cpu_s" in name]
GATES = 300


def test_the_page_shows_what_was_kept():
    assert gate.markdown(KEPT) in PAGE
    assert gate.real_markdown(KEPT["real"]) in PAGE
    low, high = KEPT["real"]["load_1min"]
    assert f"gated {KEPT['real']['gates']} times" in PAGE
    assert f"a load between {low:g} and {high:g} on two" in PAGE.replace("\n", " ")


def test_the_page_says_how_loaded_the_recording_was_and_how_much_there_is_of_it():
    for noise in NOISES:
        rows = [row for found in noise["rows"].values() for row in found]
        loads = [load for *_, load in rows]
        assert f"a load between {min(loads):.1f} and {max(loads):.1f}" in PAGE.replace("\n", " ")
        assert {len(found) for found in noise["rows"].values()} == {1200}
        assert set(noise["rows"]) == set(gate_noise.WORKS)


@pytest.mark.parametrize("name", ON_CPU)
def test_on_processor_seconds_both_bars_hold_with_their_bounds(name):
    assert KEPT["gates"] >= 2000
    assert gate.told(KEPT, name, OURS, 0.0)[1] <= gate.MOST_FALSE
    assert gate.told(KEPT, name, OURS, 0.05)[1] >= gate.LEAST_POWER


def test_on_seconds_it_finds_too_few_and_is_still_hardly_ever_wrong():
    names = [name for name in KEPT["rows"] if name not in ON_CPU]
    assert names
    for name in names:
        assert gate.told(KEPT, name, OURS, 0.0)[1] <= gate.MOST_FALSE
        assert gate.told(KEPT, name, OURS, 0.05)[1] < gate.LEAST_POWER


@pytest.mark.parametrize("change", [0.0, 0.05])
@pytest.mark.parametrize("name", ON_CPU)
def test_drawn_anew_it_answers_as_often(name, change):
    kept, _ = gate.told(KEPT, name, OURS, change)
    found = gate.simulate(gate.recorded()[name], gate.ours, change, GATES, seed=1)
    share = found["verdicts"].get("regressed", 0) / GATES
    assert abs(share - kept) <= 4 * sqrt(max(kept * (1 - kept), 1 / GATES) / GATES)


@pytest.mark.parametrize(
    ("count", "total", "upper", "end"),
    [  # the first by the rule of three's exact form, the others from tables of the F distribution
        (0, 30, True, 1 - 0.05 ** (1 / 30)),
        (30, 30, False, 0.05 ** (1 / 30)),
        (1, 10, True, 0.3941633),
        (8, 10, False, 0.4930987),
        (30, 30, True, 1.0),
        (0, 30, False, 0.0),
    ],
)
def test_bounds_are_those_of_clopper_and_pearson(count, total, upper, end):
    assert gate.bound(count, total, upper=upper) == pytest.approx(end, abs=1e-6)


def test_the_page_lists_the_rules():
    for rule in GATE_RULES.values():
        assert f"| `{rule.id}` | {rule.severity} | {rule.title} |" in PAGE


def test_what_brizna_gates_of_itself_works():
    assert gated.planner() > 0
    assert gated.sampler() > 0


class Started:
    """Stands for `subprocess.run`: git packs one commit, all else ends as it is told to."""

    def __init__(self, **codes):
        self.codes, self.commands = codes, []

    def __call__(self, command, *, env=None, **_rest):
        if command[0] == "git":
            *_, packed, base, _src = command
            tarfile.open(packed, "w").close()
            return subprocess.CompletedProcess(command, 128 * (base != "HEAD"))
        self.commands.append(command)
        kind = "gate" if "gate" in command else "head"
        if kind == "head" and env["PYTHONPATH"] != str(ROOT / "src"):
            kind = "base"
        return subprocess.CompletedProcess(command, self.codes.get(kind, 0))


@pytest.fixture
def counts(monkeypatch, tmp_path):
    """A machine that counts instructions."""
    counter = tmp_path / "valgrind"
    counter.write_text("")
    counter.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.mark.usefixtures("counts")
@pytest.mark.parametrize("code", [0, 1, 2, 3, 4])
def test_brizna_gates_itself_strictly(code, capsys):
    started = Started(gate=code)
    assert gated.gate_itself("HEAD", start=started) == int(code != 0)
    assert len(started.commands) == 3 * len(gated.WORKS)
    assert (f"exit code {code}" in capsys.readouterr().err) == (code != 0)


@pytest.mark.usefixtures("counts")
def test_what_the_commit_before_cannot_do_is_not_gated_but_told(capsys):
    assert gated.gate_itself("HEAD", start=Started(base=1, gate=1)) == 0
    assert "HEAD cannot do the sampler's work" in capsys.readouterr().err
    assert gated.gate_itself("no-such-commit", start=Started(gate=1)) == 0
    assert "no commit no-such-commit" in capsys.readouterr().err


@pytest.mark.usefixtures("counts")
def test_work_that_fails_now_fails_the_gate(capsys):
    assert gated.gate_itself("HEAD", start=Started(head=1)) == 1
    assert "ended with the exit code 1" in capsys.readouterr().err


def test_without_a_counter_it_is_told_why_brizna_is_not_gated(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert gated.gate_itself("HEAD", start=Started(gate=1)) == 0
    assert "valgrind is not installed" in capsys.readouterr().err


def test_an_execution_of_the_recording_is_told_with_its_load():
    cpu_s, duration_s, load = gate_noise.execute("pass")
    assert cpu_s > 0
    assert duration_s > 0
    assert load >= 0

"""Sweeps from the command line: on a simulated card whose speed and power follow its limit."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from brizna.core.codec import decode
from brizna.core.errors import UnavailableError
from brizna.core.sweep import Sweep
from brizna.testing import build_fake_nvml

SPEEDS = {110: 0.2, 200: 0.95, 400: 1.0}
"""Work a second by the limit in watts: the card draws 550, 211 and 400 joules for a unit of it."""
OPTIMUM_W = 200
WORK_S = 0.1

WORKLOAD = """
import sys, time

speeds, limit_file, work_s = eval(sys.argv[1]), sys.argv[2], float(sys.argv[3])
with open(limit_file) as file:
    limit_w = round(float(file.read().split()[0]) / 1000)
time.sleep(work_s / speeds[limit_w])
"""


@pytest.fixture(scope="session")
def library(tmp_path_factory):
    """Build the simulated driver once."""
    folder = tmp_path_factory.mktemp("nvml")
    try:
        build_fake_nvml(folder)
    except UnavailableError as error:
        pytest.skip(str(error))
    return folder


@pytest.fixture
def card(tmp_path, library):
    """Return the environment of a machine with one simulated card, and its limit's file."""
    limit = tmp_path / "limit"
    limit.write_text("400000\n")
    environ = {
        "LD_LIBRARY_PATH": str(library),
        "FAKE_NVML_LIMIT": str(limit),
        "FAKE_NVML_POWER_W": "400",
        "XDG_STATE_HOME": str(tmp_path / "state"),
    }
    return environ, limit


@pytest.fixture
def workload(tmp_path, card):
    """Return the command of a program whose speed follows the card's limit."""
    program = tmp_path / "work.py"
    program.write_text(textwrap.dedent(WORKLOAD))
    return [sys.executable, "-I", "-S", str(program), repr(SPEEDS), str(card[1]), str(WORK_S)]


def limit_w(limit):
    """Return the simulated card's limit in watts."""
    return float(limit.read_text().split()[0]) / 1000


SWEEP = ("power", "sweep", "--gpu-limit", "now,200,110W", "--settle", "0s", "--seed", "1")


def test_the_optimum_that_is_found_is_that_of_the_simulated_card(brizna, card, workload):
    environ, limit = card
    done = brizna(*SWEEP, "--repeats", "3", "--json", "--", *workload, environ=environ)
    assert done.returncode == 0, done.stderr
    found = Sweep.from_json(json.loads(done.stdout))
    assert found.recommended == f"gpu-limit={OPTIMUM_W} W"
    assert not found.settings[2].is_on_front
    # the card's own ratio is 211/400; the rest of the machine adds its power for as long
    assert 0.4 < found.settings[1].energy_ratio.best.value < 0.9
    assert limit_w(limit) == 400
    assert not list((limit.parent / "state/brizna").iterdir())


def test_trials_are_ordinary_runs_with_tags(brizna, shown, card, workload):
    environ, _ = card
    brizna(*SWEEP, "--repeats", "1", "--", *workload, environ=environ)
    runs = shown("runs", "list")
    assert len(runs) == 4
    assert sum("warm-up" in run["tags"] for run in runs) == 1
    assert {tag for run in runs for tag in run["tags"]} >= {"sweep", "gpu-limit=110 W"}


def test_without_permission_nothing_is_run_and_the_command_is_said(brizna, card, tmp_path):
    environ, limit = card
    witness = tmp_path / "ran"
    blocked = {**environ, "FAKE_NVML_NO_PERMISSION": "1"}
    done = brizna(*SWEEP, "--", "touch", str(witness), environ=blocked)
    assert done.returncode == 3
    assert "sudo nvidia-smi -i GPU-00000000-0000-0000-0000-000000000000 -pl 400" in done.stderr
    assert not witness.exists()
    assert limit_w(limit) == 400


def test_a_limit_out_of_bounds_is_refused(brizna, card):
    done = brizna("power", "sweep", "--gpu-limit", "900W", "--", "true", environ=card[0])
    assert done.returncode == 2
    assert "from 1000 to 400000 mW" in done.stderr


def start(tmp_path, environ, *words):
    """Start a command line in the background."""
    return subprocess.Popen(
        [sys.executable, "-m", "brizna", *words],
        cwd=tmp_path,
        env={**os.environ, "BRIZNA_STORE": str(tmp_path / "store"), **environ},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_until(is_so, patience_s=30.0):
    """Look until something is so."""
    until_s = time.monotonic() + patience_s
    while not is_so():
        assert time.monotonic() < until_s, "it did not come to be"
        time.sleep(0.01)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_a_sweep_with_the_limit_back_and_it_goes_on_later(
    brizna, card, workload, tmp_path, number
):
    environ, limit = card
    sweep = start(tmp_path, environ, *SWEEP, "--repeats", "2", "--", *workload)
    wait_until(lambda: limit_w(limit) != 400)
    sweep.send_signal(number)
    _, said = sweep.communicate(timeout=30)
    assert sweep.returncode == 128 + number, said
    assert "--resume" in said
    assert limit_w(limit) == 400
    assert not list((tmp_path / "state/brizna").iterdir())
    done = brizna("power", "sweep", "--resume", "--json", environ=environ)
    assert done.returncode == 0, done.stderr
    found = Sweep.from_json(json.loads(done.stdout))
    assert [len(one.runs) for one in found.settings] == [2, 2, 2]
    again = brizna("power", "sweep", "--resume", environ=environ)
    assert again.returncode == 2
    assert "Nothing was cut short" in again.stderr


def test_a_sweep_that_could_not_begin_is_not_one_that_was_cut_short(brizna):
    words = ["power", "sweep", "--threads", "1,2", "--settle", "0s"]
    assert brizna(*words, "--", "no-such-program").returncode == 2
    assert brizna(*words, "--per", "samples", "--", "true").returncode == 2
    assert "Nothing was cut short" in brizna("power", "sweep", "--resume").stderr


def test_a_page_that_cannot_be_written_does_not_cost_the_result(brizna):
    words = ["power", "sweep", "--threads", "1,2", "--settle", "0s", "--repeats", "1"]
    done = brizna(*words, "--html", "no/such/folder/x.html", "--", "true")
    assert done.returncode == 2
    assert "cannot be written" in done.stderr
    assert "threads=2" in done.stdout


def test_a_secret_in_the_command_is_not_kept_and_asked_for_again(brizna, tmp_path):
    command = ["sh", "-c", "kill -TERM $PPID; sleep 1", "--api-key", "swordfish99"]
    words = ["power", "sweep", "--threads", "1,2", "--settle", "0s"]
    assert brizna(*words, "--", *command).returncode == 128 + signal.SIGTERM
    kept = b"".join(path.read_bytes() for path in (tmp_path / "store").rglob("*.json*"))
    assert b"swordfish99" not in kept
    again = brizna("power", "sweep", "--resume")
    assert again.returncode == 2
    assert "held a secret" in again.stderr
    other = brizna("power", "sweep", "--resume", "--", "true")
    assert "was begun with 'sh" in other.stderr
    assert brizna("power", "sweep", "--resume", "--", *command).returncode == 143  # it ran it


def test_killed_at_random_moments_the_next_command_puts_the_limit_back(
    brizna, card, workload, tmp_path
):
    environ, limit = card
    rng = random.Random()
    restore, seen = tmp_path / "state/brizna", set()
    for _ in range(4):
        sweep = start(tmp_path, environ, *SWEEP, "--repeats", "9", "--", *workload)
        wait_until(lambda: restore.is_dir() and any(restore.iterdir()))
        time.sleep(rng.uniform(0.0, 0.6))
        sweep.kill()
        sweep.communicate()
        seen.add(limit_w(limit))
        done = brizna("runs", "list", environ=environ)
        assert done.returncode == 0, done.stderr
        assert limit_w(limit) == 400, done.stderr
        assert not [path for path in restore.iterdir() if path.suffix == ".json"]
    assert seen <= {110, 200, 400}


def test_after_a_kill_the_next_command_says_what_it_put_back(brizna, card, workload, tmp_path):
    environ, limit = card
    sweep = start(tmp_path, environ, *SWEEP, "--repeats", "9", "--", *workload)
    wait_until(lambda: limit_w(limit) == 110)
    assert "Another sweep" in brizna(*SWEEP, "--", "true", environ=environ).stderr
    wait_until(lambda: limit_w(limit) == 110)  # a slow machine may be at another level by now
    sweep.kill()
    sweep.communicate()
    said = brizna("power", "restore", environ=environ).stderr
    assert "it is back at 400000 mW" in said
    assert "Nothing is left" in brizna("power", "restore", environ=environ).stderr


# ---------------------------------------------------------------------- without any device

ENVIRONMENT = "import os, sys; open(sys.argv[1], 'a').write(' '.join(sys.argv[2:]) + chr(10))"


def test_threads_and_values_reach_the_command(brizna, tmp_path):
    told = tmp_path / "told"
    script = (
        (
            'echo "$OMP_NUM_THREADS $OPENBLAS_NUM_THREADS $batch {batch} ${{HOME:+x}}" >> "$0"; '
            "echo {threads}; read line || echo none >&2"
        )
        .replace("{{", "{")
        .replace("}}", "}")
    )
    done = brizna(
        *("power", "sweep", "--threads", "1,2", "--vary", "batch=32,64", "--repeats", "1"),
        *("--settle", "0s", "--warm-ups", "0", "--", "sh", "-c", script, str(told)),
    )
    assert done.returncode == 0, done.stderr
    lines = sorted(told.read_text().split("\n")[:-1])
    assert lines == ["1 1 32 32 x", "1 1 64 64 x", "2 2 32 32 x", "2 2 64 64 x"]
    assert done.stderr.count("none") == 4  # nobody's input is taken
    assert "threads=2, batch=64" in done.stdout
    assert not any(line in ("1", "2") for line in done.stdout.splitlines())


def test_processes_are_copies_that_know_their_number_and_processors(brizna, tmp_path):
    told = tmp_path / "told"
    script = 'echo "{processes}/$BRIZNA_PROCESSES {process}/$BRIZNA_PROCESS" >> "$0"'
    done = brizna(
        *("power", "sweep", "--processes", "1,2", "--repeats", "1", "--pin", "--settle", "0s"),
        *("--warm-ups", "0", "--", "sh", "-c", script, str(told)),
    )
    assert done.returncode == 0, done.stderr
    assert sorted(told.read_text().splitlines()) == ["1/1 0/0", "2/2 0/0", "2/2 1/1"]


def test_the_first_copy_that_fails_gives_the_exit_code(brizna):
    done = brizna(
        *("power", "sweep", "--processes", "1,2", "--repeats", "2", "--settle", "0s"),
        *("--warm-ups", "0", "--json", "--", "sh", "-c", "exit $BRIZNA_PROCESS"),
    )
    found = decode(done.stdout)
    assert found["settings"][0]["failed"] is None
    assert "exit code 1" in found["settings"][1]["failed"]


def test_work_that_is_counted_is_what_settings_compare_by(brizna):
    mark = f"{sys.executable} -m brizna mark --count samples={{n}}"
    done = brizna(
        *("power", "sweep", "--vary", "n=10,1000", "--repeats", "3", "--settle", "0s"),
        *("--per", "samples", "--json", "--", "sh", "-c", mark),
    )
    assert done.returncode == 0, done.stderr
    found = decode(done.stdout)
    assert (found["per"], found["recommended"], found["alike"]) == ("samples", "n=1000", [])
    assert any("different amounts of samples" in note for note in found["notes"])


def test_work_that_is_not_counted_ends_the_sweep_at_its_first_trial(brizna, shown):
    done = brizna("power", "sweep", "--threads", "1,2", "--per", "tokens", "--", "true")
    assert done.returncode == 2
    assert "brizna mark --count tokens=N" in done.stderr
    assert len(shown("runs", "list")) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--", "true"], "Nothing is to be changed"),
        (["--threads", "1,2"], "No command was given"),
        (["--threads", "0", "--", "true"], "whole numbers from 1 on"),
        (["--threads", "1,1", "--", "true"], "each once"),
        (["--vary", "=1", "--", "true"], "expected a name and its values"),
        (["--vary", "n=1,", "--", "true"], "empty level"),
        (["--gpu-limit", "1,x", "--", "true"], "a number above 0 in W"),
        (["--threads", "1,2", "--goal", "carbon", "--", "true"], "expected energy, time, edp"),
        (["--threads", "1,2", "--repeats", "0", "--", "true"], "at least 1"),
        (["--vary", "a=1,2", "--vary", "b=1,2", "--most", "3", "--", "true"], "4 settings (2 x 2)"),
        (["--threads", "1", "--vary", "threads=1", "--", "true"], "expected each name once"),
        (["--resume"], "Nothing was cut short"),
        (["--threads", "1,2", "--", "/nowhere/program"], "cannot be tried"),
    ],
)
def test_what_cannot_be_swept_is_refused_with_the_reason(brizna, words, said):
    done = brizna("power", "sweep", *words)
    assert done.returncode == 2
    assert said in done.stderr


def test_the_page_and_the_table_say_which_setting_to_take(brizna, tmp_path):
    page = tmp_path / "sweep.html"
    done = brizna(
        *("power", "sweep", "--vary", "s=0.01,0.3", "--repeats", "3", "--settle", "0s"),
        *("--html", str(page), "--lang", "es", "--", "sleep", "{s}"),
    )
    assert done.returncode == 0, done.stderr
    assert "s=0.01" in done.stdout
    text = page.read_text(encoding="utf-8")
    assert "<svg" in text
    assert 'lang="es"' in text
    assert "Content-Security-Policy" in text
    assert "Energía" in text

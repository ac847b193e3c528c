"""``brizna profile`` tells energy by code and leaves the command as it is."""

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

WORKS = """
import sys, time

def burn(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass

class Model:
    def step(self):
        burn(0.25)

print("out")
print("err", file=sys.stderr)
Model().step()
time.sleep(0.2)
sys.exit(int(sys.argv[1]))
"""


@pytest.fixture
def works(tmp_path: Path) -> str:
    """Return a program that works, waits and ends with the code it is told."""
    path = tmp_path / "works.py"
    path.write_text(WORKS)
    return str(path)


def test_the_command_is_left_as_it_is_and_the_profile_is_told(brizna: Brizna, works: str) -> None:
    done = brizna("profile", "--zone", "ES", "--", sys.executable, works, "7")
    assert done.returncode == 7
    assert done.stdout == "out\n"
    assert done.stderr.startswith("err\n")
    assert "burn (works.py:4)" in done.stderr
    assert "waiting in" in done.stderr
    assert "brizna profile " in done.stderr
    assert "--as html" in done.stderr


def test_the_record_sums_to_the_run_and_is_kept(
    brizna: Brizna, shown: Callable[..., Any], works: str
) -> None:
    brizna("profile", "--name", "one", "--", sys.executable, works, "0")
    told = shown("profile", "one")
    run = shown("show", "one")
    assert run["command"] == [sys.executable, works, "0"]
    assert run["exit_code"] == 0
    assert told["run"] == run["id"]
    assert told["subject"] == run["digest"]
    assert told["energy_j"] == run["measurement"]["energy_j"]
    assert sum(part["share"] for part in told["parts"]) == pytest.approx(1)
    sums = sum(part["self_j"]["best"] for part in told["parts"])
    assert sums == pytest.approx(told["energy_j"]["best"])
    names = [part["name"] for part in told["parts"] if part["kind"] == "function"]
    assert names[0] == "burn"
    assert told["looks"] > 5
    assert 0 < told["own_s"] < 0.2
    assert shown("profile", "one") == told


def test_failures_have_the_codes_of_run(brizna: Brizna) -> None:
    assert brizna("profile", "--", "no-such-command-anywhere").returncode == 127
    assert brizna("profile", "--").returncode == 125
    assert brizna("profile", "--every", "0", "--", "true").returncode == 125
    assert brizna("profile", "-o", "/nowhere/at/all.html", "--", "true").returncode == 125
    assert brizna("profile", "--json", "--", "true").returncode == 125
    assert brizna("profile", "one", "--", "true").returncode == 125
    missing = brizna("profile", "nothing")
    assert missing.returncode == 2
    assert brizna("profile", "--", sys.executable, "no-such-file.py").returncode == 2


def test_a_run_that_nobody_looked_into_says_what_to_type(brizna: Brizna) -> None:
    brizna("run", "--", "true")
    done = brizna("profile")
    assert done.returncode == 3
    assert "brizna profile --" in done.stderr


def test_another_program_is_told_by_process_and_why(brizna: Brizna) -> None:
    script = "i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done"
    done = brizna("profile", "--", "sh", "-c", script)
    assert done.returncode == 0
    assert "does not start with Python" in done.stderr
    assert "by process" in done.stderr


def test_forms_for_other_tools(brizna: Brizna, works: str, tmp_path: Path) -> None:
    page = tmp_path / "p.html"
    brizna("profile", "-o", str(page), "--", sys.executable, works, "0")
    text = page.read_text()
    assert "Content-Security-Policy" in text
    assert "burn" in text
    collapsed = brizna("profile", "--as", "collapsed").stdout.splitlines()
    stacks = dict(line.rsplit(" ", 1) for line in collapsed)
    assert all(value.isdecimal() for value in stacks.values())
    burn = next(
        stack for stack in stacks if "Model.step" in stack and stack.endswith("burn (works.py:4)")
    )
    assert burn.startswith("<module> (works.py:1);Model.step (works.py:10);")
    scope = json.loads(brizna("profile", "--as", "speedscope").stdout)
    assert scope["$schema"].startswith("https://www.speedscope.app/")
    sampled = scope["profiles"][0]
    assert len(sampled["samples"]) == len(sampled["weights"])
    frames = scope["shared"]["frames"]
    assert all(0 <= frame < len(frames) for stack in sampled["samples"] for frame in stack)
    record = json.loads(brizna("profile", "--as", "json").stdout)
    assert record["schema"] == "brizna.profile/1"
    assert sum(sampled["weights"]) == pytest.approx(record["energy_j"]["best"] * 1e6, rel=1e-3)


def test_a_file_that_does_not_say_its_form_is_refused(brizna: Brizna, works: str) -> None:
    brizna("profile", "--quiet", "--", sys.executable, works, "0")
    done = brizna("profile", "-o", "profile.bin")
    assert done.returncode == 2
    assert ".html, .json or .txt" in done.stderr


def test_spanish_has_its_words(brizna: Brizna, works: str) -> None:
    done = brizna("profile", "--lang", "es", "--", sys.executable, works, "0")
    assert "por código" in done.stderr
    assert "espera en" in done.stderr
    assert "waiting" not in done.stderr


def test_the_runs_own_view_has_no_others(brizna: Brizna, works: str) -> None:
    brizna("profile", "--view", "fair-share", "--quiet", "--", sys.executable, works, "0")
    record = json.loads(brizna("profile", "--json").stdout)
    assert record["view"] == "fair-share"
    assert "others" not in [part["kind"] for part in record["parts"]]
    machine = json.loads(brizna("profile", "--view", "machine", "--json").stdout)
    assert machine["view"] == "machine"


def test_an_archive_carries_what_was_seen(brizna: Brizna, works: str, tmp_path: Path) -> None:
    brizna("profile", "--name", "one", "--quiet", "--", sys.executable, works, "0")
    packed = tmp_path / "runs.zip"
    assert brizna("runs", "export", "one", "-o", str(packed)).returncode == 0
    other = {"BRIZNA_STORE": str(tmp_path / "other")}
    assert brizna("runs", "import", str(packed), environ=other).returncode == 0
    assert "burn" in brizna("profile", "one", environ=other).stdout
    pruned = brizna("runs", "prune", "--keep-last", "0", "--samples-only", environ=other)
    assert pruned.returncode == 0, pruned.stderr
    assert not list((tmp_path / "other").glob("runs/*/profile.jsonl"))
    assert "burn" in brizna("profile", "one", environ=other).stdout


def test_what_is_no_file_is_written_to_and_stays(
    brizna: Brizna, works: str, tmp_path: Path
) -> None:
    brizna("profile", "--quiet", "--", sys.executable, works, "0")
    link = tmp_path / "out"
    link.symlink_to("/dev/stdout")
    done = brizna("profile", "--as", "collapsed", "-o", str(link))
    assert "burn (works.py:4)" in done.stdout
    assert link.is_symlink()
    other = tmp_path / "other"
    other.symlink_to(tmp_path / "file.txt")
    (tmp_path / "file.txt").write_text("old")
    brizna("profile", "-o", str(other), "--as", "collapsed")
    assert other.is_symlink()
    assert "burn" in (tmp_path / "file.txt").read_text()

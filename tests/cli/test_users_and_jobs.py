"""Watching others beside a run, and summing the runs of one job, as a person does it."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PYTHON = (sys.executable, "-I", "-S", "-c")


def test_a_foreign_process_is_watched_beside_the_run(
    brizna: Callable[..., subprocess.CompletedProcess[str]], shown: Callable[..., Any]
) -> None:
    with subprocess.Popen([*PYTHON, "input()"], stdin=subprocess.PIPE) as other:
        done = brizna("run", "--watch", f"pid:{other.pid}", "--", "true")
        other.communicate(b"\n")
    assert done.returncode == 0, done.stderr
    run = shown("show", "last")
    users = [user["id"] for user in run["measurement"]["attribution"]["users"]]
    assert users == ["run", f"pid:{other.pid}", "others", "unattributed"]
    assert run["environment"]["use"]["watched"] == {f"pid:{other.pid}": "procfs"}
    assert any("is a lower bound" in note for note in run["notes"])


def test_who_is_not_there_is_said_and_the_command_runs(
    brizna: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    done = brizna("run", "--watch", "slurm:123456789", "--", "sh", "-c", "exit 3")
    assert done.returncode == 3
    assert "No control group for slurm:123456789" in done.stderr
    assert "brizna show" in done.stderr
    done = brizna("run", "--strict", "--watch", "slurm:123456789", "--", "touch", "made")
    assert done.returncode == 125
    assert not (tmp_path / "made").exists()


def test_what_names_nobody_is_refused_before_the_command_starts(
    brizna: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    for spec in ("postgres", "pid:1x", "cgroup:"):
        done = brizna("run", "--watch", spec, "--", "touch", "made")
        assert done.returncode == 125
        assert repr(spec) in done.stderr
    assert not (tmp_path / "made").exists()


def test_the_runs_of_one_job_are_summed_by_its_number(
    brizna: Callable[..., subprocess.CompletedProcess[str]], shown: Callable[..., Any]
) -> None:
    ranks = {"SLURM_JOB_ID": "42", "SLURM_PROCID": "0", "SLURM_NTASKS": "2"}
    inner = [sys.executable, "-m", "brizna", "run", "--name", "inner", "--", "true"]
    brizna("run", "--name", "outer", "--", *inner, environ=ranks)
    brizna("run", "--", "true")
    (merged,) = shown("runs", "merge", "--job", "42", "--name", "whole")
    run = shown("show", merged)
    assert len(run["environment"]["merged"]) == 2
    outer = shown("show", "outer")
    assert run["measurement"]["energy_j"]["best"] == outer["measurement"]["energy_j"]["best"]
    assert outer["environment"]["rank"]["world_size"] == 2
    missing = brizna("runs", "merge", "--job", "7")
    assert missing.returncode == 2
    assert "Known jobs: 42" in missing.stderr
    assert brizna("runs", "merge").returncode == 2

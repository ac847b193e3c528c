"""Work that programs count, from the command line to what is shown."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

Brizna = Callable[..., subprocess.CompletedProcess[str]]
MARK = f"{sys.executable} -m brizna mark"


def test_a_shell_script_counts_tokens_by_phase(brizna: Brizna, shown: Callable[..., Any]) -> None:
    script = (
        f"{MARK} one; {MARK} --count tokens=3; {MARK} two --count tokens=4; "
        f"{MARK} --end --count tokens=5 --count flop=1e12"
    )
    brizna("run", "--", "sh", "-c", script)
    measurement = shown("show")["measurement"]
    counted = [
        {work["name"]: work["amount"] for work in phase["work"]} for phase in measurement["phases"]
    ]
    assert counted == [{"tokens": 7.0}, {"tokens": 5.0, "flop": 1e12}]
    assert [phase["name"] for phase in measurement["phases"]] == ["one", "two"]
    tokens, flop = measurement["work"]
    assert (tokens["amount"], flop["amount"]) == (12.0, 1e12)
    energy_j = measurement["energy_j"]["best"]
    assert tokens["energy_j_per_unit"]["best"] == pytest.approx(energy_j / 12)


@pytest.mark.parametrize("text", ["tokens", "tokens=many", "tokens=-1", "tokens=nan", "=4"])
def test_a_count_that_is_none_is_refused(brizna: Brizna, text: str) -> None:
    done = brizna("mark", "--count", text, environ={"BRIZNA_RUN": "0:/nowhere"})
    assert done.returncode == 2
    assert "count" in done.stderr


def test_a_count_that_is_refused_is_shown_as_it_was_given(brizna: Brizna) -> None:
    done = brizna("mark", "--count", "tokens=-1", environ={"BRIZNA_RUN": "0:/nowhere"})
    assert "'tokens' is -1:" in done.stderr


def test_a_count_outside_a_run_speaks_of_no_mark_without_a_name(brizna: Brizna) -> None:
    for words in (["--count", "tokens=3"], ["--end"]):
        done = brizna("mark", *words)
        assert done.returncode == 3
        assert "nothing can be marked or counted" in done.stderr


def test_a_mark_that_says_nothing_is_refused(brizna: Brizna) -> None:
    assert brizna("mark").returncode == 2


@pytest.mark.skipif(sys.platform != "linux", reason="reads procfs")
def test_a_run_tells_what_stands_beside_its_energy(
    brizna: Brizna, shown: Callable[..., Any]
) -> None:
    program = "import time; time.sleep(2.5); sum(range(10**6))"
    brizna("run", "--", sys.executable, "-c", program)
    gauges = {gauge["id"]: gauge for gauge in shown("show")["measurement"]["gauges"]}
    assert gauges["memory/used"]["mean"] > 2**20
    assert 0 <= gauges["cpu/use"]["mean"] <= 1.01
    assert gauges["cpu/use"]["readings"] == 2
    assert gauges["run/switches-waiting"]["counted"] >= 1
    assert "memory: in use" in brizna("show").stdout

"""The pytest plugin: budgets judged by median and interval, skipped where nothing can be judged."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brizna.core.estimate import Estimate
from brizna.core.quantities import Energy
from brizna.integrations._budget import LEAST_RUNS, judge, used_lines

pytest_plugins = ["pytester"]

LAB = """
import pytest
from pathlib import Path
import brizna
from brizna.meter import Roots
from brizna.meter._rapl import open_rapl
from brizna.testing import FakeClock, FakePowercap, FakeZone

CLOCK = FakeClock()

def pytest_energy_measuring(config):
    place = Path({folder!r})
    FakePowercap(place / "powercap", CLOCK, [
        FakeZone(label="intel-rapl:0", name="package-0", power_w=360.0),
        FakeZone(label="intel-rapl:0:0", name="dram", power_w=3.6),
    ])
    meters = list(open_rapl(Roots(powercap=str(place / "powercap")), machine="lab"))
    return brizna.measure(
        "lab", meters=meters, clock=CLOCK, interval=3600.0, store=str(place / "store")
    )

class Clock:
    def advance(self, wh):
        CLOCK.advance(10 * wh)

@pytest.fixture
def clock():
    return Clock()
"""
"""A machine that draws 1.01 Wh in ten seconds, and a clock that moves when a test says so."""


@pytest.fixture
def inside(pytester, monkeypatch, tmp_path):
    """Return what runs pytest with the plugin; ``lab`` gives it a machine of known power."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("BRIZNA_STORE", str(tmp_path / "store"))

    def run(test, *options, lab=True):
        if lab:
            pytester.makeconftest(LAB.format(folder=str(tmp_path / "lab")))
        pytester.makepyfile(test)
        plugins = ("-p", "brizna.integrations.pytest")
        return pytester.runpytest_subprocess(*plugins, "-W", "error", *options, timeout=60)

    return run


def budgeted(seconds, budget="wh=2.0"):
    return f"""
        import pytest

        @pytest.mark.energy_budget({budget})
        def test_it(clock):
            clock.advance({seconds})
    """


def test_a_test_within_its_budget_passes(inside):
    inside(budgeted(1), "--strict-markers").assert_outcomes(passed=1)


def test_a_test_that_surely_uses_more_fails_and_says_how_much(inside):
    done = inside(budgeted(5))
    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(["*It uses 5.0* Wh (*), more than its budget of 2 Wh.*"])


def test_what_cannot_be_told_is_skipped(inside):
    done = inside(budgeted(2.05), "-rs")
    done.assert_outcomes(skipped=1)
    done.stdout.fnmatch_lines(["*cannot tell: it uses 2.07* Wh (*), its budget is 2 Wh*"])


def test_the_test_runs_as_often_as_it_is_asked_to(inside):
    done = inside(
        """
        import pytest
        calls = []

        @pytest.mark.energy_budget(wh=2.0, runs=7)
        def test_it(clock):
            clock.advance(0.1)
            calls.append(1)

        def test_after():
            assert len(calls) == 7
        """,
        *("-p", "no:randomly"),
    )
    done.assert_outcomes(passed=2)


def test_a_test_that_fails_is_a_failure_whatever_it_uses(inside):
    done = inside(
        """
        import pytest

        @pytest.mark.energy_budget(wh=2.0)
        def test_it(clock):
            clock.advance(0.1)
            assert False, "its own"
        """
    )
    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(["*its own*"])


@pytest.mark.parametrize(
    "budget", ["", "wh=0", "wh=-1", "wh=1.0, runs=4", "wh=1.0, joules=2", "1.0", "wh='much'"]
)
def test_a_budget_that_cannot_be_meant_is_an_error(inside, budget):
    done = inside(budgeted(1, budget))
    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(["*energy_budget was given*expected wh= above 0*"])


def test_the_fixture_tells_energy_so_far_and_of_parts(inside):
    done = inside(
        """
        def test_it(energy, clock):
            assert energy.is_metered
            clock.advance(1)
            with energy.part("train") as train:
                clock.advance(2)
            assert round(train.energy.best.to("Wh"), 9) == 2.02
            assert round(energy.so_far.best.to("Wh"), 9) == 3.03
        """
    )
    done.assert_outcomes(passed=1)


def test_where_only_models_tell_a_budget_is_skipped_and_the_test_still_runs(inside):
    test = """
        import pytest

        @pytest.mark.energy_budget(wh=1000)
        def test_good(): print("has run")

        @pytest.mark.energy_budget(wh=1000)
        def test_bad(): assert 0

        def test_fixture(energy): assert 0
    """
    done = inside(test, "-rs", "-s", lab=False)
    if done.parseoutcomes().get("passed"):
        pytest.skip("this machine has a real counter")
    done.assert_outcomes(skipped=2, failed=1)
    done.stdout.fnmatch_lines(["*only models tell the energy here*(the test itself passed)"])
    assert "has run" in done.stdout.str()


def test_models_are_judged_where_somebody_says_so(inside):
    test = """
        import pytest

        @pytest.mark.energy_budget(wh=1000)
        def test_good(): sum(range(10**5))
    """
    inside(test, "--energy-estimates", lab=False).assert_outcomes(passed=1)


REPORTED = """
    import pytest

    def test_much(clock): clock.advance(3)

    def test_little(clock): clock.advance(1)

    @pytest.mark.energy_budget(wh=9)
    def test_budget(clock): clock.advance(2)
"""


def test_the_report_tells_what_each_test_used_the_most_first(inside, pytester):
    done = inside(REPORTED, "--energy-report", "--energy-json", "energy.json")
    done.assert_outcomes(passed=3)
    done.stdout.fnmatch_lines(
        [
            "*= energy =*",
            "*budget*test",
            "*3.0* Wh*test_much",
            "*2.0* Wh*9 Wh*test_budget",
            "*little",
        ]
    )
    told = json.loads((pytester.path / "energy.json").read_text())
    assert told["schema"] == "brizna.tests/1"
    used = {row["test"].rpartition("::")[2]: row for row in told["tests"]}
    assert used["test_much"]["energy_j"]["best"] == pytest.approx(3 * 3636)
    assert used["test_much"]["energy_j"]["basis"] == "metered"
    assert used["test_budget"]["budget_j"] == 9 * 3600
    assert {row["outcome"] for row in used.values()} == {"passed"}


def test_reports_of_workers_come_together_and_budgets_wait_for_one_worker(inside, pytester):
    options = ("-p", "xdist.plugin", "-n", "2", "--energy-json", "energy.json", "-rs")
    done = inside(REPORTED, *options)
    done.assert_outcomes(passed=2, skipped=1)
    done.stdout.fnmatch_lines(["*other workers of pytest-xdist use the machine too*"])
    told = json.loads((pytester.path / "energy.json").read_text())
    assert {row["test"].rpartition("::")[2] for row in told["tests"]} == {
        "test_much",
        "test_little",
    }


def test_nothing_is_measured_until_something_asks_for_it(inside):
    done = inside(
        """
        import sys

        def test_it():
            assert not [name for name in sys.modules if name.startswith("brizna.verbs")]
            assert "brizna.meter" not in sys.modules
        """,
        lab=False,
    )
    done.assert_outcomes(passed=1)


def test_the_plugin_is_an_entry_point():
    import tomllib
    from pathlib import Path

    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
    points = project["project"]["entry-points"]["pytest11"]
    assert points == {"brizna": "brizna.integrations.pytest"}


def estimates(joules):
    return [Estimate(Energy(value), basis="metered") for value in joules]


@given(st.lists(st.floats(0.1, 1e6), min_size=LEAST_RUNS, max_size=20), st.floats(0.1, 1e6))
def test_a_budget_is_failed_only_above_every_doubt(joules, budget_j):
    found = judge(estimates(joules), budget_j)
    assert found.energy_j.low <= found.energy_j.best <= found.energy_j.high
    assert min(joules) <= found.energy_j.best.value <= max(joules)
    assert (found.verdict == "fail") == (found.energy_j.low.value > budget_j)
    assert (found.verdict == "pass") == (found.energy_j.best.value <= budget_j)


def test_the_table_says_what_is_not_known():
    rows = [{"test": "a", "energy_j": None, "budget_j": None}]
    assert "unknown" in "\n".join(used_lines(rows, lang="en"))
    assert "desconocido" in "\n".join(used_lines(rows, lang="es"))

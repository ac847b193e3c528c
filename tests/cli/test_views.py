"""Whose energy a run's figures are of, as asked for on the command line."""

from __future__ import annotations

import sys

import pytest


def test_a_footprint_is_of_the_view_that_was_asked_for(brizna, shown):
    done = brizna("run", "--view", "fair-share", "--", sys.executable, "-c", "sum(range(10**6))")
    assert done.returncode == 0
    assert "fair share" in done.stderr.splitlines()[0]
    view = shown("show")
    assert view["footprint"]["view"] == "fair-share"
    own = view["measurement"]["attribution"]["users"][0]
    assert own["id"] == "run"
    assert view["footprint"]["energy_j"] == own["fair_share_j"]
    assert brizna("show", "--recompute").returncode == 0
    whole = shown("show", "--view", "machine")["footprint"]
    assert "view" not in whole
    assert whole["energy_j"] == view["measurement"]["energy_j"]


def test_the_parts_of_a_run_sum_to_the_machine(brizna, shown):
    brizna("run", "--", sys.executable, "-c", "sum(range(10**7))")
    measured = shown("show")["measurement"]
    parts = [user["fair_share_j"]["best"] for user in measured["attribution"]["users"]]
    assert sum(parts) == pytest.approx(measured["energy_j"]["best"], rel=1e-9)


def test_where_a_part_comes_from_can_be_asked(brizna):
    brizna("run", "--", sys.executable, "-c", "pass")
    done = brizna("explain", "--figure", "fair_share")
    assert done.returncode == 0
    assert "share" in done.stdout


def test_runs_in_different_views_are_compared_in_one_that_is_named(brizna, shown):
    for name, view in (("one", "machine"), ("two", "fair-share")):
        brizna("run", "--name", name, "--view", view, "--", sys.executable, "-c", "pass")
    refused = brizna("compare", "one", "two")
    assert refused.returncode == 2
    assert "--view machine" in refused.stderr
    found = shown("compare", "one", "two", "--view", "machine")
    assert ["view" in run["footprint"] for run in found["runs"]] == [False, False]


def test_an_unknown_view_is_refused_with_those_there_are(brizna):
    done = brizna("run", "--view", "mine", "--", sys.executable, "-c", "pass")
    assert done.returncode == 125
    assert "machine, fair-share or above-idle" in done.stderr
    assert brizna("show", "--view", "mine").returncode == 2


def test_idle_power_takes_at_least_ten_seconds(brizna):
    done = brizna("doctor", "--baseline", "--duration", "5s")
    assert done.returncode == 2
    assert "at least 10 s" in done.stderr

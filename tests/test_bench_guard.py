"""The quality guard is wrong as rarely as its page says."""

from __future__ import annotations

import json
import sys
from math import comb
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BENCH = ROOT / "bench"
sys.path[:0] = [str(BENCH)]  # scripts, not packages

pytest.importorskip("numpy", reason="the bench draws correlations with it")

import guard  # noqa: E402 - found by the line above

KEPT = json.loads((BENCH / "results" / "guard.json").read_text(encoding="utf-8"))


def test_the_page_shows_what_was_kept():
    page = (ROOT / "docs" / "explanation" / "quality-guard.md").read_text(encoding="utf-8")
    assert guard.markdown(KEPT) in page
    assert guard.untold_markdown(KEPT) in page


@pytest.mark.parametrize("row", KEPT["rows"], ids=lambda row: f"{row['kind']}, {row['items']}")
def test_what_was_kept_is_surely_within_the_promise(row):
    assert row["guards"] >= 2000
    for at in ("at", "twice"):
        assert guard.bound(row[at]["pass"], row["guards"]) <= guard.PROMISE
    for at in ("at", "none"):
        assert guard.bound(row[at]["fail"], row["guards"]) <= guard.PROMISE


def test_a_bound_leaves_one_chance_in_twenty_for_so_few():
    """Of 2000 none: 1 - 0.05 ** (1 / 2000), as so few come up with (1 - p) ** 2000."""
    assert guard.bound(0, 2000) == pytest.approx(1 - 0.05 ** (1 / 2000))
    share = guard.bound(3, 50)
    so_few = sum(comb(50, k) * share**k * (1 - share) ** (50 - k) for k in range(4))
    assert so_few == pytest.approx(0.05)


@pytest.mark.parametrize(("kind", "items"), [(kind, 400) for kind in guard.KINDS])
def test_drawn_anew_it_is_wrong_as_rarely(kind, items):
    found = guard.shares(kind, items, guards=150, seed=1)
    for at, what in (("at", "pass"), ("at", "fail"), ("twice", "pass"), ("none", "fail")):
        assert found[at][what] <= 17  # 5 % of 150, and thrice its deviation


@pytest.mark.parametrize("kind", guard.FIGURES)
def test_figures_of_all_items_are_judged_as_rarely_wrong(kind):
    found = guard.shares(kind, 100, guards=12, seed=2)
    assert found["at"]["pass"] + found["twice"]["pass"] + found["none"]["fail"] <= 3


@pytest.mark.parametrize("row", KEPT["untold"], ids=lambda row: row["kind"])
def test_untold_groups_break_the_promise(row):
    assert row["pass"] / row["guards"] > guard.PROMISE


@pytest.mark.parametrize("kind", guard.GROUPED)
def test_items_that_share_groups_are_judged_as_rarely_wrong(kind):
    found = guard.shares(kind, guard._items(kind), guards=12, seed=2)
    assert found["at"]["pass"] + found["twice"]["pass"] + found["none"]["fail"] <= 3


def test_a_kept_result_is_shown_and_a_broken_promise_is_an_error(tmp_path, capsys):
    kept = tmp_path / "kept.json"
    kept.write_text(json.dumps(KEPT), encoding="utf-8")
    assert guard.main(["--from", str(kept)]) == 0
    assert "Worst bound" in capsys.readouterr().out
    wrong = json.loads(kept.read_text(encoding="utf-8"))
    wrong["rows"][0]["at"]["pass"] = 200
    kept.write_text(json.dumps(wrong), encoding="utf-8")
    assert guard.main(["--from", str(kept)]) == 1

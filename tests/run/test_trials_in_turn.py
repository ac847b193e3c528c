"""Series of trials: in turn, resumed, and with arms that fail."""

from __future__ import annotations

import pytest

from brizna.core.trials import turns
from brizna.run import TrialFailedError, trials


def test_trials_are_made_in_turn_and_counted_without_the_warm_up():
    made = []
    found = trials("ab", repeats=2, seed=3, run_one=lambda turn: made.append(turn) or len(made))
    assert tuple(made) == turns("ab", repeats=2, seed=3)
    assert found.counted().keys() == {"a", "b"}
    assert sorted(x for arm in found.counted().values() for x in arm.values()) == [2, 3, 4, 5]


def test_an_interrupted_series_makes_only_what_is_missing():
    before = {}

    def stop_at_fourth(turn):
        if len(before) == 3:
            raise KeyboardInterrupt
        if turn.counts:
            before[turn.block, turn.arm] = "before"
        return "before"

    with pytest.raises(KeyboardInterrupt):
        trials("abc", repeats=2, seed=5, run_one=stop_at_fourth)
    made = []
    found = trials("abc", repeats=2, seed=5, run_one=lambda t: made.append(t) or "now", done=before)
    assert [turn.counts for turn in made] == [False, True, True, True]
    values = [x for arm in found.counted().values() for x in arm.values()]
    assert sorted(values) == ["before"] * 3 + ["now"] * 3


def test_nothing_is_run_where_nothing_is_missing():
    done = {(0, "a"): 1}
    found = trials("a", repeats=1, seed=1, run_one=lambda _: pytest.fail("ran"), done=done)
    assert found.counted() == {"a": {0: 1}}


def test_an_arm_that_fails_is_given_up_and_the_others_go_on():
    made = []

    def run_one(turn):
        made.append(turn.arm)
        if turn.arm == "b":
            raise TrialFailedError("out of memory")
        return 1

    found = trials("abc", repeats=3, seed=1, run_one=run_one)
    assert made.count("b") == 1
    assert found.failed == {"b": "out of memory"}
    assert found.counted().keys() == {"a", "c"}

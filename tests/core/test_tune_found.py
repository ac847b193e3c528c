"""Searches for settings: parameters, fronts, and what trials say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brizna.core.errors import InputError
from brizna.core.estimate import exactly
from brizna.core.fronts import area, bend, best_of, ranks
from brizna.core.quantities import Energy
from brizna.core.tune import Parameter, Resource, Tune, TuneNote, TunePlan, TuneTrial
from brizna.core.tune_found import conclude, mean_within

RATE, BATCH = Parameter.read("rate=1e-4..0.1:log"), Parameter.read("batch=16,32,64")


def plan_of(**manner):
    """Return a plan; what is not given is usual."""
    usual = {
        "made": "2026-11-22T12:00:00Z",
        "command": ("python", "train.py"),
        "parameters": (BATCH,),
        "trials": 10,
        "seed": 1,
        "machine": "here",
    }
    return TunePlan(**{**usual, **manner})


def trial(number, quality, energy_j, *, order, batch="16", **told):
    """Return a trial of a setting."""
    note = TuneNote(
        tune="sha256:0",
        number=number,
        levels={"batch": batch},
        order=order,
        quality=quality,
        **told,
    )
    energy = None if energy_j is None else exactly(Energy(energy_j), "metered")
    return TuneTrial(note=note, run=f"run-{order}", energy_j=energy, duration_s=energy_j or 1.0)


# -------------------------------------------------------------------------------------- parameters


def test_a_list_is_a_choice_and_two_ends_are_a_range():
    assert Parameter(name="batch", kind="choice", levels=("16", "32", "64")) == BATCH
    assert Parameter(name="rate", kind="real", low=1e-4, high=0.1, log=True) == RATE
    assert Parameter.read("depth = 1..4").kind == "whole"
    assert Parameter.read("depth=0.0..4").kind == "real"


@pytest.mark.parametrize(
    "text",
    ["", "rate", "rate=", "2=1", "n=1,1", "n=1,,2", "n=4..1", "n=a..b", "n=0..1:log", "n=1..2:x"],
)
def test_what_is_no_parameter_is_refused(text):
    with pytest.raises(InputError):
        Parameter.read(text)


def test_values_are_said_as_the_command_takes_them():
    assert RATE.said(0.00123456789) == "0.00123457"
    assert Parameter.read("depth=1..4").said(2.0) == "2"
    assert BATCH.said("32") == "32"


def test_a_parameter_knows_what_it_may_be():
    assert RATE.holds("0.05")
    assert not RATE.holds("0.5")
    assert not RATE.holds("much")
    assert BATCH.holds("32")
    assert not BATCH.holds("33")
    assert not Parameter.read("depth=1..4").holds("2.5")


def test_rungs_grow_by_the_factor_and_end_with_all():
    assert Resource.read("epochs=1..27").rungs() == (1, 3, 9, 27)
    assert Resource.read("epochs=1..10").rungs() == (1, 3, 9, 10)
    assert Resource.read("steps=100..400", factor=2).rungs() == (100, 200, 400)
    for text in ("epochs=0..9", "epochs=1,2", "epochs=1.5..9"):
        with pytest.raises(InputError):
            Resource.read(text)


@pytest.mark.parametrize(
    "manner",
    [
        {"parameters": ()},
        {"parameters": (BATCH, BATCH)},
        {"trials": 0},
        {"repeats": 0},
        {"parameters": (RATE,), "is_experiment": True},
        {"starts": ({"batch": "33"},)},
        {"starts": ({},)},
        {"resource": Resource(name="batch", least=1, most=9)},
    ],
)
def test_a_plan_that_cannot_be_carried_out_is_refused(manner):
    with pytest.raises(InputError):
        plan_of(**manner)


def test_an_experiment_changes_one_level_at_a_time():
    plan = plan_of(parameters=(BATCH, Parameter.read("amp=off,on")), is_experiment=True)
    assert list(plan.arms()) == ["batch=16, amp=off", "batch=32", "batch=64", "amp=on"]
    assert plan.arms()["amp=on"] == {"batch": "16", "amp": "on"}


# ------------------------------------------------------------------------------------------ fronts

POINTS = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=20)


@given(POINTS)
def test_nobody_on_the_first_front_is_beaten_and_everybody_else_is(points):
    for point, rank in zip(points, ranks(points), strict=True):
        beaten = any(
            other != point and other[0] <= point[0] and other[1] <= point[1] for other in points
        )
        assert beaten == (rank > 0)


@given(POINTS, st.integers(1, 20))
def test_those_that_go_on_lie_on_fronts_no_later_than_those_that_stay(points, count):
    front = ranks(points)
    going = best_of(points, count)
    staying = set(range(len(points))) - set(going)
    assert len(going) == min(count, len(points)) == len(set(going))
    assert max(front[i] for i in going) <= min((front[i] for i in staying), default=99)


@given(POINTS)
def test_the_area_is_that_of_the_squares_that_are_covered(points):
    covered = {
        (x, y)
        for x in range(10)
        for y in range(10)
        if any(point[0] <= x and point[1] <= y for point in points)
    }
    assert area(points, (10, 10)) == len(covered)


def test_both_ends_of_a_front_go_on_before_its_middle():
    points = [(0.0, 9.0), (1.0, 8.0), (2.0, 7.0), (9.0, 0.0)]
    assert set(best_of(points, 2)) == {0, 3}


def test_the_bend_is_farthest_below_the_line_between_the_ends():
    assert bend([(0, 10), (1, 3), (9, 1), (10, 0)]) == 1
    assert bend([(0.0, 100.0), (1.0, 0.0)]) == 1  # of two ends the last
    assert bend([(3.0, 3.0)]) == 0


# ------------------------------------------------------------------------------------- what it says


def test_what_is_neither_as_good_nor_as_cheap_is_not_on_the_front():
    made = [
        trial(0, 0.9, 100.0, order=0),
        trial(1, 0.8, 10.0, order=1, batch="32"),
        trial(2, 0.7, 50.0, order=2, batch="64"),
    ]
    found = conclude(plan_of(), "sha256:0", made, ended="trials")
    assert [one.is_on_front for one in found.settings] == [True, True, False]
    assert (found.best, found.cheapest) == ("batch=16", "batch=32")
    assert found.spent_j is not None
    assert found.spent_j.best.value == 160
    assert Tune.from_json(found.to_json()) == found


def test_of_a_loss_less_is_better():
    made = [trial(0, 0.9, 10.0, order=0), trial(1, 0.2, 10.0, order=1, batch="32")]
    found = conclude(plan_of(more_is_better=False), "sha256:0", made, ended="trials")
    assert found.best == "batch=32"
    assert [one.is_on_front for one in found.settings] == [False, True]


def test_with_a_target_the_cheapest_that_reaches_it_is_taken():
    made = [
        trial(0, 0.95, 100.0, order=0),
        trial(1, 0.91, 60.0, order=1, batch="32"),
        trial(2, 0.7, 5.0, order=2, batch="64"),
    ]
    found = conclude(plan_of(target=0.9), "sha256:0", made, ended="trials")
    assert found.recommended == "batch=32"
    assert [one.reached for one in found.settings] == [1, 1, 0]
    none = conclude(plan_of(target=0.99), "sha256:0", made, ended="trials")
    assert none.recommended is None
    assert any("target" in note for note in none.notes)


def test_trainings_of_one_setting_give_its_interval():
    made = [trial(0, 0.8 + i / 100, 10.0 + i, order=i, block=i) for i in range(3)]
    (setting,) = conclude(plan_of(), "sha256:0", made, ended="trials").settings
    assert setting.quality == pytest.approx(0.81)
    assert setting.quality_low < 0.8
    assert setting.quality_high > 0.82
    assert setting.runs == ("run-0", "run-1", "run-2")


def test_a_mean_of_three_has_the_interval_of_the_textbook():
    """Student's t for 2 degrees of freedom and a central 90 %: 2.920."""
    mean, low, high = mean_within([1.0, 2.0, 3.0])
    assert mean == 2
    assert high - mean == pytest.approx(2.920 / 3**0.5, rel=1e-3)
    assert mean - low == pytest.approx(high - mean)
    assert mean_within([4.0]) == (4.0, None, None)


def test_what_failed_is_a_row_with_its_reason_and_its_energy_counts():
    made = [
        trial(0, 0.8, 10.0, order=0),
        trial(1, None, 7.0, order=1, batch="32", failed="its command ended with the exit code 1"),
    ]
    found = conclude(plan_of(), "sha256:0", made, ended="trials")
    assert found.settings[1].failed == "its command ended with the exit code 1"
    assert found.spent_j is not None
    assert found.spent_j.best.value == 17


def test_where_energies_are_not_known_nothing_is_recommended():
    made = [trial(0, 0.8, None, order=0), trial(1, 0.9, None, order=1, batch="32")]
    found = conclude(plan_of(), "sha256:0", made, ended="trials")
    assert (found.recommended, found.best, found.spent_j, found.curve) == (None, None, None, ())
    assert all(one.failed for one in found.settings)


def test_the_curve_rises_to_the_area_of_the_whole_front():
    made = [
        trial(0, 0.5, 10.0, order=0),
        trial(1, 1.0, 100.0, order=1, batch="32"),
        trial(2, 0.9, 50.0, order=2, batch="64"),
    ]
    curve = conclude(plan_of(), "sha256:0", made, ended="trials").curve
    assert [used for used, _ in curve] == [10, 110, 160]
    assert [share for _, share in curve] == pytest.approx([0.0, 0.0, 0.4])


def test_an_experiment_compares_every_arm_with_its_base_block_by_block():
    plan = plan_of(is_experiment=True, repeats=3)
    made = []
    for block in range(3):
        drift = 1 + block  # of the machine, the same for both
        made.append(trial(1, 0.8, 5.0 * drift, order=2 * block, block=block, batch="32"))
        made.append(trial(0, 0.9, 10.0 * drift, order=2 * block + 1, block=block))
    found = conclude(plan, "sha256:0", made, ended="levels")
    base, other = found.settings
    assert found.reference == base.name == "batch=16"
    assert other.energy_ratio is not None
    assert other.energy_ratio.best.value == pytest.approx(0.5)
    assert other.energy_ratio.high.value == pytest.approx(0.5)
    assert other.quality_change == pytest.approx(-0.1)
    assert (other.change_low, other.change_high) == pytest.approx((-0.1, -0.1))

"""Sweeps: grids of settings, what their trials say, and which to take."""

from __future__ import annotations

import pytest

from brizna.core.codec import decode, encode
from brizna.core.errors import InputError
from brizna.core.estimate import exactly
from brizna.core.quantities import Energy
from brizna.core.sweep import Dimension, Goal, Sweep, SweepPlan, TrialFacts, conclude


def plan(*dimensions, **fields):
    """Return a plan of some dimensions."""
    made = {
        "made": "2026-11-22T08:00:00.000Z",
        "command": ("train",),
        "repeats": 3,
        "seed": 1,
        "machine": "m",
    }
    return SweepPlan(**{**made, "dimensions": dimensions, **fields})


THREADS = Dimension(kind="threads", name="threads", levels=("1", "2"))
BATCH = Dimension(kind="vary", name="batch", levels=("32", "64", "128"))
FREQUENCY = Dimension(kind="cpu-freq", name="cpu-freq", levels=("now", "1.2 GHz"))


def trial(arm, block, energy_j, duration_s, **fields):
    """Return what a trial came to."""
    energy = None if energy_j is None else exactly(Energy(energy_j), "metered")
    return TrialFacts(
        arm=arm, block=block, run=f"{arm}/{block}", energy_j=energy, duration_s=duration_s, **fields
    )


def trials(figures, **fields):
    """Return three blocks of trials whose figures drift together, and scatter by a hair."""
    return [
        trial(
            arm,
            block,
            energy_j * (1 + block / 10) * (1 + 0.001 * block),
            duration_s * (1 + block / 10),
            **fields,
        )
        for block in range(3)
        for arm, (energy_j, duration_s) in figures.items()
    ]


def test_settings_are_all_combinations_the_first_levels_first():
    names = list(plan(THREADS, BATCH).settings())
    assert names[0] == "threads=1, batch=32"
    assert len(names) == 6


def test_a_grid_that_is_too_large_is_refused_with_its_size():
    with pytest.raises(InputError, match=r"6 settings \(2 x 3\): expected at most 5"):
        plan(THREADS, BATCH).settings(most=5)


def test_a_sweep_of_nothing_is_refused():
    with pytest.raises(InputError, match="Nothing is to be changed"):
        plan().settings()
    with pytest.raises(InputError, match="each once"):
        Dimension(kind="threads", name="threads", levels=("1", "1"))


@pytest.mark.parametrize(
    ("text", "goal"),
    [
        ("energy", Goal(name="energy")),
        ("edp", Goal(name="edp")),
        ("energy within 5% time", Goal(name="energy", within=0.05, bound="time")),
        ("time within 10 % energy", Goal(name="time", within=0.1, bound="energy")),
    ],
)
def test_goals_are_read(text, goal):
    assert Goal.read(text) == goal


@pytest.mark.parametrize("text", ["", "carbon", "energy within 5 time", "energy within x% time"])
def test_what_is_no_goal_is_refused(text):
    with pytest.raises(InputError, match="expected energy, time, edp"):
        Goal.read(text)


def found(figures, goal="energy", **fields):
    """Return what a sweep of batches found."""
    return conclude(plan(BATCH, goal=goal), "sha256:0", trials(figures, **fields))


FIGURES = {"batch=32": (100, 10), "batch=64": (60, 11), "batch=128": (50, 14)}


@pytest.mark.parametrize(
    ("goal", "best"),
    [
        ("energy", "batch=128"),
        ("time", "batch=32"),
        ("edp", "batch=64"),
        ("energy within 20% time", "batch=64"),
        ("time within 25% energy", "batch=64"),
    ],
)
def test_the_setting_with_the_least_of_the_goal_is_recommended(goal, best):
    made = found(FIGURES, goal)
    assert (made.recommended, made.alike) == (best, ())


def test_drift_between_blocks_does_not_blur_the_ratio():
    setting = found(FIGURES).settings[1]
    assert setting.energy_ratio.best.value == pytest.approx(0.6)
    assert setting.energy_ratio.high.value < 0.61
    assert setting.energy_j.high.value > 1.05 * setting.energy_j.best.value


def test_settings_that_scatter_more_than_they_differ_are_not_told_apart():
    noisy = [
        trial(arm, block, energy_j * factor, 1.0)
        for arm, energy_j, factors in (
            ("batch=32", 100, (1, 1.2, 0.9)),
            ("batch=64", 99, (1.1, 0.9, 1.2)),
        )
        for block, factor in enumerate(factors)
    ]
    made = conclude(plan(BATCH), "sha256:0", noisy)
    assert {made.recommended, *made.alike} == {"batch=32", "batch=64"}


def test_one_repeat_recommends_nothing_that_it_tells_apart():
    made = conclude(plan(BATCH), "sha256:0", trials(FIGURES)[:3])
    assert made.recommended == "batch=128"
    assert set(made.alike) == {"batch=32", "batch=64"}
    assert any("One repeat" in note for note in made.notes)


def test_a_bound_that_may_not_be_kept_is_said():
    sure = found(FIGURES, "energy within 20% time")
    assert not any("not certain" in note for note in sure.notes)
    slow = [trial("batch=32", block, 100, 1.0) for block in range(3)] + [
        trial("batch=64", block, 50, time) for block, time in enumerate((0.9, 1.0, 1.2))
    ]
    made = conclude(plan(BATCH, goal="energy within 5% time"), "sha256:0", slow)
    assert made.recommended == "batch=64"
    assert any("not certain" in note for note in made.notes)


def test_the_front_holds_what_no_other_setting_beats_in_both():
    made = found({"batch=32": (100, 10), "batch=64": (60, 11), "batch=128": (70, 14)})
    assert [one.name for one in made.settings if one.is_on_front] == ["batch=32", "batch=64"]


def test_settings_that_did_different_work_compare_by_one_of_it():
    half = {"batch=32": (100, 10), "batch=64": (60, 6)}
    made = conclude(
        plan(BATCH),
        "sha256:0",
        [
            facts.replace(work={"samples": 1000.0 if facts.arm == "batch=32" else 500.0})
            for facts in trials(half)
        ],
    )
    assert made.per == "samples"
    assert made.recommended == "batch=32"  # 0.1 J a sample against 0.12
    assert made.settings[0].energy_j.best.value == pytest.approx(0.1 * 1.1, rel=0.02)
    assert any("different amounts of samples" in note for note in made.notes)


def test_uncounted_work_is_said():
    assert any("No work was counted" in note for note in found(FIGURES).notes)
    assert not any("work" in note for note in found(FIGURES, work={"samples": 10.0}).notes)


def test_several_kinds_of_uneven_work_ask_for_one():
    uneven = [facts.replace(work={"a": 1.0 + facts.block, "b": 2.0}) for facts in trials(FIGURES)]
    made = conclude(plan(BATCH), "sha256:0", uneven)
    assert made.per is None
    assert any("--per" in note for note in made.notes)
    assert conclude(plan(BATCH, per="b"), "sha256:0", uneven).per == "b"


def test_work_that_was_not_counted_cannot_be_compared_by():
    with pytest.raises(InputError, match="--per names 'tokens'"):
        conclude(plan(BATCH, per="tokens"), "sha256:0", trials(FIGURES))


def test_a_model_that_does_not_see_clocks_gives_no_energy_for_them():
    figures = {"cpu-freq=now": (10, 1), "cpu-freq=1.2 GHz": (20, 2)}
    made = conclude(plan(FREQUENCY), "sha256:0", trials(figures, modelled=("cpu",)))
    assert made.recommended is None
    assert not any(one.is_on_front for one in made.settings)
    assert any("says nothing of cpu-freq" in note for note in made.notes)
    timed = conclude(plan(FREQUENCY, goal="time"), "sha256:0", trials(figures, modelled=("cpu",)))
    assert timed.recommended == "cpu-freq=now"


def test_a_setting_that_was_given_up_is_told_with_its_reason():
    rest = {name: figures for name, figures in FIGURES.items() if name != "batch=128"}
    made = conclude(plan(BATCH), "sha256:0", trials(rest), failed={"batch=128": "out of memory"})
    assert made.settings[2].failed == "out of memory"
    assert made.recommended == "batch=64"


def test_unknown_energy_recommends_nothing():
    made = conclude(plan(BATCH), "sha256:0", [trial("batch=32", 0, None, 1.0, reason="no meter")])
    assert made.recommended is None
    assert made.settings[0].energy_j is None


def test_records_survive_encoding():
    made = found(FIGURES, switches_voluntary=3, switches_involuntary=4)
    assert Sweep.from_json(decode(encode(made.to_json()))) == made
    asked = plan(THREADS, BATCH, gpus=("0",))
    assert SweepPlan.from_json(decode(encode(asked.to_json()))) == asked

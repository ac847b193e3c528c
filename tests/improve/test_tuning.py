"""How a search goes on: halving, budgets, repeats, and where it was cut short."""

from __future__ import annotations

from math import fsum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brizna.core.errors import InputError
from brizna.core.estimate import exactly
from brizna.core.quantities import Energy
from brizna.core.tune import Parameter, Resource, TuneNote, TunePlan, TuneTrial
from brizna.core.tune_found import conclude
from brizna.improve._samplers import RandomSampler, open_sampler
from brizna.improve._tuning import Tuning


def plan_of(**manner):
    """Return a plan; what is not given is usual."""
    usual = {
        "made": "2026-11-22T12:00:00Z",
        "command": ("python", "train.py"),
        "parameters": (Parameter.read("size=1.0..9.0"),),
        "trials": 6,
        "repeats": 1,
        "seed": 1,
        "machine": "here",
        "sampler": "random",
    }
    return TunePlan(**{**usual, **manner})


class Trainer:
    """Trains in no time: a larger size learns more and takes more."""

    def __init__(self, *, fails=lambda _: False, stops_after=None, continues=False):
        self.tries = []
        self._continues = continues
        self._fails = fails
        self._stops_after = stops_after

    def make(self, wanted):
        """Return what a training came to."""
        if len(self.tries) == self._stops_after:
            raise KeyboardInterrupt
        self.tries.append(wanted)
        size = float(wanted.levels.get("size", 1))
        amount = wanted.amount or 1
        failed = "it broke" if self._fails(wanted) else None
        continued = wanted.before if self._continues else None
        note = TuneNote(
            tune="sha256:0",
            number=wanted.number,
            levels=wanted.levels,
            amount=wanted.amount,
            block=wanted.block,
            order=wanted.order,
            quality=None if failed else 1 - 1 / (size * amount + wanted.block),
            failed=failed,
            continued=continued,
        )
        energy_j = size * (amount - (continued or 0))
        return TuneTrial(
            note=note,
            run=f"run-{len(self.tries)}",
            energy_j=exactly(Energy(energy_j), "metered"),
            duration_s=energy_j,
        )


def run(plan, trainer=None, done=()):
    """Carry out a plan and return why it ended, and the trials."""
    trainer = trainer or Trainer()
    tuning = Tuning(plan, RandomSampler(plan, ""), trainer.make, done=done)
    return tuning.run(), tuning.made, trainer


def test_all_settings_are_tried_once():
    ended, made, _ = run(plan_of())
    assert ended == "trials"
    assert [one.note.number for one in made] == list(range(6))
    assert len({one.note.levels["size"] for one in made}) == 6


def test_settings_to_start_with_go_before_all():
    _, made, _ = run(plan_of(starts=({"size": "5"}, {"size": "2"})))
    assert [one.note.levels["size"] for one in made[:2]] == ["5", "2"]


def test_halving_gives_all_a_little_and_few_all():
    plan = plan_of(trials=9, resource=Resource.read("epochs=1..9"))
    _, made, _ = run(plan)
    amounts = [one.note.amount for one in made]
    assert (amounts.count(1), amounts.count(3), amounts.count(9)) == (9, 3, 1)


def test_the_cheapest_and_the_best_of_a_rung_go_on():
    plan = plan_of(trials=9, resource=Resource.read("epochs=1..9"))
    _, made, _ = run(plan)
    sizes = {one.note.number: float(one.note.levels["size"]) for one in made}
    going = {one.note.number for one in made if one.note.amount == 3}
    assert {min(sizes, key=sizes.get), max(sizes, key=sizes.get)} <= going


def test_what_goes_on_from_a_checkpoint_decides_alike_and_takes_less():
    plan = plan_of(trials=9, resource=Resource.read("epochs=1..9"))
    _, anew, _ = run(plan)
    _, made, trainer = run(plan, Trainer(continues=True))
    tried = [(one.note.number, one.note.amount) for one in made]
    assert tried == [(one.note.number, one.note.amount) for one in anew]
    assert {one.before for one in trainer.tries if one.amount == 1} == {None}
    assert {one.before for one in trainer.tries if one.amount == 9} == {3}
    found, other = (conclude(plan, "", every, ended="trials") for every in (made, anew))
    assert [one.energy_j for one in found.settings] == [one.energy_j for one in other.settings]
    assert found.best == other.best
    spent = fsum(one.energy_j.best.value for one in made)
    assert found.spent_j.best.value == pytest.approx(spent)
    assert found.curve[-1][0] == pytest.approx(spent)
    assert spent < other.spent_j.best.value


def test_a_budget_counts_each_part_of_a_training_once():
    plan = plan_of(trials=9, resource=Resource.read("epochs=1..9"), budget_j=1e6)
    _, made, _ = run(plan, Trainer(continues=True))
    spent = fsum(one.energy_j.best.value for one in made)
    ended, again, _ = run(plan.replace(budget_j=spent), Trainer(continues=True))
    assert ended == "trials"
    assert len(again) == len(made)


def test_the_checkpoint_of_what_goes_no_further_is_not_kept():
    plan, forgotten = plan_of(trials=9, resource=Resource.read("epochs=1..9")), []
    tuning = Tuning(
        plan,
        RandomSampler(plan, ""),
        Trainer(continues=True).make,
        forget=lambda number, amount: forgotten.append((number, amount)),
    )
    tuning.run()
    assert [amount for _, amount in forgotten] == [1] * 6 + [3] * 2
    longest = {one.note.number for one in tuning.made if one.note.amount == 9}
    assert not longest & {number for number, _ in forgotten}


def test_repeats_with_another_seed_begin_anew():
    plan = plan_of(trials=9, resource=Resource.read("epochs=1..9"), repeats=2)
    _, _, trainer = run(plan, Trainer(continues=True))
    assert any(one.block for one in trainer.tries)
    assert all(one.before is None for one in trainer.tries if one.block)


def test_brackets_follow_until_all_settings_are_tried():
    plan = plan_of(trials=7, resource=Resource.read("epochs=1..3"))
    _, made, _ = run(plan)
    amounts = [one.note.amount for one in made]
    assert (amounts.count(1), amounts.count(3)) == (7, 3)


def test_the_same_setting_is_not_trained_twice():
    plan = plan_of(parameters=(Parameter.read("size=1,2"),), trials=30)
    _, made, _ = run(plan)
    assert len(made) == 2


def test_a_setting_that_failed_is_not_tried_again_when_it_is_asked_for_again():
    plan = plan_of(parameters=(Parameter.read("size=1,2"),), trials=30)
    _, made, _ = run(plan, Trainer(fails=lambda wanted: wanted.levels["size"] == "2"))
    assert len(made) == 2


def test_the_ends_of_the_front_are_trained_again_with_other_blocks():
    _, made, _ = run(plan_of(repeats=3))
    again = [one.note for one in made if one.note.block > 0]
    assert {note.block for note in again} == {1, 2}
    sizes = {one.note.levels["size"] for one in made}
    repeated = {note.levels["size"] for note in again}
    assert {min(sizes, key=float), max(sizes, key=float)} <= repeated
    assert len(again) == 2 * len(repeated) <= 6


@given(st.floats(5.0, 60.0), st.integers(1, 3), st.integers(0, 99))
def test_a_budget_is_overrun_by_no_more_than_one_trial(budget_j, repeats, seed):
    plan = plan_of(trials=50, budget_j=budget_j, repeats=repeats, seed=seed)
    ended, made, _ = run(plan)
    spent = [one.energy_j.best.value for one in made]
    assert sum(spent[:-1]) < budget_j
    assert ended == "budget" or sum(spent) < budget_j


def test_a_budget_of_time_ends_it_too():
    ended, made, _ = run(plan_of(trials=50, budget_s=20.0))
    assert ended == "budget"
    assert sum(one.duration_s for one in made[:-1]) < 20


def test_energy_for_the_repeats_is_kept_in_reserve():
    plan = plan_of(trials=50, budget_j=80.0, repeats=3)
    ended, made, _ = run(plan)
    assert ended == "budget"
    assert any(one.note.block == 2 for one in made)


def test_what_fails_is_kept_and_the_others_go_on():
    plan = plan_of(trials=9, resource=Resource.read("epochs=1..9"))
    trainer = Trainer(fails=lambda wanted: wanted.number % 2 == 0)
    _, made, _ = run(plan, trainer)
    failed = {one.note.number for one in made if one.note.failed}
    assert failed == {0, 2, 4, 6, 8}
    assert all(one.note.number % 2 for one in made if one.note.amount != 1)


def test_where_all_fail_the_search_ends():
    ended, made, _ = run(plan_of(repeats=3), Trainer(fails=lambda _: True))
    assert ended == "trials"
    assert len(made) == 6


@pytest.mark.parametrize("manner", [{}, {"resource": Resource.read("epochs=1..9"), "trials": 9}])
@pytest.mark.parametrize("stop", [0, 1, 4, 7])
def test_a_search_that_was_cut_short_makes_what_is_missing_and_no_more(manner, stop):
    plan = plan_of(repeats=2, **manner)
    _, whole, _ = run(plan)
    first = Trainer(stops_after=stop)
    begun = Tuning(plan, RandomSampler(plan, ""), first.make)
    with pytest.raises(KeyboardInterrupt):
        begun.run()
    _, made, second = run(plan, done=begun.made)
    assert [one.note for one in made] == [one.note for one in whole]
    assert len(second.tries) == len(whole) - stop


def test_an_experiment_warms_up_and_tries_each_level_in_each_block():
    plan = plan_of(
        parameters=(Parameter.read("size=2,4,8"), Parameter.read("amp=off,on")),
        is_experiment=True,
        repeats=3,
    )
    ended, made, _ = run(plan)
    assert ended == "levels"
    assert [one.note.block for one in made].count(-1) == 1
    counted = [(one.note.number, one.note.block) for one in made if one.note.block >= 0]
    assert sorted(counted) == [(number, block) for number in range(4) for block in range(3)]


def test_a_sampler_gives_the_same_setting_for_the_same_number():
    plan = plan_of(
        parameters=tuple(
            map(Parameter.read, ("rate=1e-4..0.1:log", "depth=1..64:log", "n=1..4", "a=x,y"))
        )
    )
    one, two = (open_sampler(plan, "") for _ in range(2))
    for number in range(50):
        setting = one.ask(number)
        assert setting == two.ask(number)
        assert all(known.holds(setting[known.name]) for known in plan.parameters)


def test_a_sampler_that_nobody_knows_is_refused():
    with pytest.raises(InputError, match="sampler"):
        open_sampler(plan_of(sampler="oracle"), "")

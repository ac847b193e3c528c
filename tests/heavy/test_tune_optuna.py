"""Searches with Optuna's sampler: it learns, forgets nothing when killed, and costs little."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from math import log10
from time import process_time

import pytest

optuna = pytest.importorskip("optuna")

from brizna.core.estimate import exactly  # noqa: E402 - only with Optuna
from brizna.core.fronts import area  # noqa: E402
from brizna.core.quantities import Energy  # noqa: E402
from brizna.core.tune import Parameter, Resource, TuneNote, TunePlan, TuneTrial  # noqa: E402
from brizna.core.tune_found import conclude  # noqa: E402
from brizna.improve._samplers import JOURNAL, OptunaSampler, open_sampler  # noqa: E402
from brizna.improve._tuning import Tuning  # noqa: E402

pytestmark = pytest.mark.heavy

SPACE = ("rate=1e-4..1.0:log", "size=1..64:log", "kind=plain,fancy")


def plan_of(**manner):
    """Return a plan; what is not given is usual."""
    usual = {
        "made": "2026-11-22T12:00:00Z",
        "command": ("python", "train.py"),
        "parameters": tuple(map(Parameter.read, SPACE)),
        "trials": 40,
        "repeats": 1,
        "seed": 3,
        "machine": "here",
    }
    return TunePlan(**{**usual, **manner})


def train(wanted):
    """Return what a made-up training comes to: best near a rate of 0.01, large is good and dear."""
    rate, size = float(wanted.levels["rate"]), int(wanted.levels["size"])
    amount = wanted.amount or 9
    fancy = wanted.levels["kind"] == "fancy"
    quality = 1 - 0.1 * abs(log10(rate) + 2) - 0.3 / size - 0.2 / amount + 0.01 * fancy
    note = TuneNote(
        tune="sha256:0",
        number=wanted.number,
        levels=wanted.levels,
        amount=wanted.amount,
        block=wanted.block,
        order=wanted.order,
        quality=quality,
    )
    energy = exactly(Energy(size * amount * (1 + fancy)), "metered")
    return TuneTrial(note=note, run=f"run-{wanted.order}", energy_j=energy, duration_s=1.0)


def search(plan, folder, measure=train, done=()):
    """Carry out a plan and return its trials."""
    tuning = Tuning(plan, open_sampler(plan, str(folder)), measure, done=done)
    tuning.run()
    return tuning.made


def test_it_finds_a_better_front_than_chance(tmp_path):
    def covered(sampler, seed):
        folder = tmp_path / f"{sampler}{seed}"
        folder.mkdir()
        made = search(plan_of(sampler=sampler, seed=seed), folder)
        points = [(-one.note.quality, log10(one.energy_j.best.value)) for one in made]
        return area(points, (0.0, log10(64 * 9 * 2)))

    learned, drawn = (sum(covered(name, s) for s in range(3)) for name in ("tpe", "random"))
    assert learned > drawn


def test_a_journal_gives_the_same_settings_to_who_goes_on(tmp_path):
    plan, tries = plan_of(trials=12, resource=Resource.read("epochs=1..9")), []

    def stops(wanted):
        if len(tries) == 11:
            raise KeyboardInterrupt
        tries.append(train(wanted))
        return tries[-1]

    with pytest.raises(KeyboardInterrupt):
        search(plan, tmp_path, stops)
    assert (tmp_path / JOURNAL).exists()
    made = search(plan, tmp_path, done=tries)
    assert made[:11] == tries
    assert {one.note.number for one in made} == set(range(12))
    study = optuna.load_study(study_name="tune", storage=_storage(tmp_path))
    assert [trial.state.name for trial in study.trials] == ["COMPLETE"] * 12


def _storage(folder):
    journal = optuna.storages.journal
    path = str(folder / JOURNAL)
    lock = journal.JournalFileOpenLock(path)
    return optuna.storages.JournalStorage(journal.JournalFileBackend(path, lock_obj=lock))


def test_settings_to_start_with_are_told_to_it_too(tmp_path):
    start = {"rate": "0.01", "size": "8", "kind": "fancy"}
    made = search(plan_of(trials=3, starts=(start,)), tmp_path)
    assert made[0].note.levels == start
    study = optuna.load_study(study_name="tune", storage=_storage(tmp_path))
    assert study.trials[0].params == {"rate": 0.01, "size": 8, "kind": "fancy"}


def test_what_failed_is_told_as_failed(tmp_path):
    def fails(wanted):
        trial = train(wanted)
        return trial.replace(note=trial.note.replace(quality=None, failed="it broke"))

    search(plan_of(trials=3), tmp_path, fails)
    study = optuna.load_study(study_name="tune", storage=_storage(tmp_path))
    assert [trial.state.name for trial in study.trials] == ["FAIL"] * 3


def test_asking_and_telling_costs_little_beside_a_training(tmp_path):
    plan = plan_of()
    sampler = OptunaSampler(plan, str(tmp_path))
    begun_s = process_time()
    for number in range(60):
        levels = sampler.ask(number)
        sampler.tell(number, (float(levels["rate"]), float(levels["size"])))
    assert (process_time() - begun_s) / 60 < 0.05


def test_halving_finds_the_front_for_less_energy(tmp_path):
    """With the same energy the halved search ends no worse than the one that trains all whole."""
    halved, whole = tmp_path / "halved", tmp_path / "whole"
    halved.mkdir()
    whole.mkdir()
    plan = plan_of(trials=81, budget_j=6000.0, resource=Resource.read("epochs=1..9"))
    some = search(plan, halved)
    every = search(plan.replace(resource=None), whole)
    best = [max(one.note.quality for one in made) for made in (some, every)]
    assert best[0] >= best[1] - 0.02
    assert len({one.note.number for one in some}) > len({one.note.number for one in every})
    assert conclude(plan, "", some, ended="budget").curve


def test_the_command_searches_and_goes_on_by_itself(tmp_path):
    (tmp_path / "train.py").write_text(
        "import sys\nprint(f'quality={-abs(float(sys.argv[1]) - 0.3)}')\n", encoding="utf-8"
    )
    words = ("--vary", "x=0.0..1.0", "--trials", "5", "--repeats", "1", "--seed", "2", "--json")
    command = [sys.executable, "-m", "brizna", "tune", *words, "--", sys.executable, "train.py"]
    environ = {**os.environ, "BRIZNA_STORE": str(tmp_path / "store")}
    done = subprocess.run(
        [*command, "{x}"], cwd=tmp_path, env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)["settings"]) == 5

"""Records whose pages show a front: a model improved, a search for settings, a sweep."""

from __future__ import annotations

from brizna.core.estimate import exactly
from brizna.core.quantities import Energy
from brizna.core.sweep import Dimension, SweepPlan, TrialFacts
from brizna.core.sweep import conclude as conclude_sweep
from brizna.core.tune import Parameter, TuneNote, TunePlan, TuneTrial
from brizna.core.tune_found import conclude as conclude_tune
from brizna.improve import Machine, Search, Workshop, outcome_of, study_of
from brizna.testing import FakeBench, fake_config

RATES = (0.0001, 0.001, 0.01, 0.1, 1.0)


def improved(folder):
    """Return the record of a study with fakes, carried out in a folder."""
    study = study_of(fake_config(), directory=str(folder))
    machine = Machine(isa=("avx2",), processors=1, libraries={})
    workshop = Workshop(str(folder / "study"), study, FakeBench())
    search = Search(study, workshop, machine)
    search.run()
    made = outcome_of(search, study, workshop, machine, key="k")
    workshop.close()
    return made.to_json()


def tuned():
    """Return the record of a search over a rate that spans decades, one setting of it failed."""
    plan = TunePlan(
        made="2026-11-22T08:00:00.000Z",
        command=("python", "train.py", "{rate}"),
        parameters=(Parameter.read("rate=1e-4..1.0:log"), Parameter.read("size=1..8")),
        quality="accuracy",
        trials=6,
        seed=1,
        machine="m",
    )
    trials = [_trial(number, rate) for number, rate in enumerate(RATES)]
    lost = _trial(len(RATES), 0.5)
    trials.append(lost.replace(note=lost.note.replace(quality=None, failed="it broke")))
    return conclude_tune(plan, "sha256:0", trials, ended="trials").to_json()


def _trial(number, rate):
    note = TuneNote(
        tune="sha256:0",
        number=number,
        levels={"rate": f"{rate:g}", "size": str(number + 1)},
        order=number,
        quality=0.5 + 0.1 * number - 0.021 * number**2,
    )
    energy = exactly(Energy(3.6 * 3.0**number), "metered")
    return TuneTrial(note=note, run=f"r{number}", energy_j=energy, duration_s=2.0 + number)


def swept(figures, *, failed=None, **plan):
    """Return the record of a sweep.

    Args:
        figures: By setting its joules and seconds.
        failed: By setting, why it was given up.
        **plan: Further fields of its plan.
    """
    asked = SweepPlan(
        made="2026-11-22T08:00:00.000Z",
        machine="m",
        command=("train", "\x1b[31m{n}"),
        dimensions=(Dimension(kind="vary", name="n", levels=("1", "2", "3")),),
        repeats=3,
        seed=1,
        **plan,
    )
    trials = [
        TrialFacts(
            arm=arm,
            block=block,
            run=f"{arm}/{block}",
            energy_j=None if energy_j is None else exactly(Energy(energy_j + block), "metered"),
            duration_s=duration_s,
            work={"samples": 1000.0},
            switches_voluntary=1234,
            switches_involuntary=None,
        )
        for arm, (energy_j, duration_s) in figures.items()
        for block in range(3)
    ]
    return conclude_sweep(asked, "sha256:0", trials, failed=failed).to_json()

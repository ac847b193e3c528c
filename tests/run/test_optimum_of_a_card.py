"""The limit that a series of trials finds best is the one that the simulated card has best."""

from __future__ import annotations

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from brizna.core.estimate import exactly
from brizna.core.quantities import Energy
from brizna.core.sweep import Dimension, SweepPlan, TrialFacts, conclude
from brizna.run import HeldLimits, open_nvml_limits, trials
from brizna.testing import FakeClock, FakeGpu, FakeNvml

LEVELS_W = (120, 150, 200, 260, 330, 400)


def energy_j(limit_w, base_w):
    """Return what a unit of work takes: the card draws its limit, and works at its root above base.

    Power L and speed sqrt(L - B) give L / sqrt(L - B), whose least lies at L = 2 B.
    """
    return limit_w / (limit_w - base_w) ** 0.5


@settings(deadline=None, max_examples=25)
@given(base_w=st.sampled_from([60, 75, 100, 110]), seed=st.integers(0, 10**6))
def test_the_least_energy_is_found_where_the_card_has_it(tmp_path_factory, base_w, seed):
    clock = FakeClock()
    nvml = FakeNvml(clock, [FakeGpu(uuid="GPU-0", power_w=500.0, limit_w=400.0)])
    (card,) = open_nvml_limits(provider=nvml)
    rng = Random(seed)
    restore = tmp_path_factory.mktemp("state") / "limits.json"
    plan = SweepPlan(
        made="2026-11-22T08:00:00.000Z",
        machine="m",
        command=("train",),
        dimensions=(
            Dimension(kind="gpu-limit", name="gpu-limit", levels=tuple(f"{w} W" for w in LEVELS_W)),
        ),
        repeats=6,
        seed=seed,
    )
    arms = plan.settings()

    def run_one(turn):
        held.set(card, int(arms[turn.arm]["gpu-limit"].removesuffix(" W")) * 1000)
        before_j, before_us = nvml.true_j(0), clock.now_us()
        speed = (nvml.limit_w(0) - base_w) ** 0.5
        clock.advance(1000 / speed * (1 + turn.block / 10) * rng.lognormvariate(0, 0.002))
        return TrialFacts(
            arm=turn.arm,
            block=turn.block,
            run=f"{turn.arm}/{turn.block}",
            energy_j=exactly(Energy(nvml.true_j(0) - before_j), "metered"),
            duration_s=(clock.now_us() - before_us) / 1e6,
        )

    with HeldLimits([(card, [w * 1000 for w in LEVELS_W])], str(restore)) as held:
        made = trials(list(arms), repeats=6, seed=seed, run_one=run_one)
    found = conclude(
        plan, "sha256:0", [facts for turn, facts in made.results.items() if turn.counts]
    )
    best = min(LEVELS_W, key=lambda limit_w: energy_j(limit_w, base_w))
    near = sorted(LEVELS_W, key=lambda limit_w: energy_j(limit_w, base_w))
    is_close = energy_j(near[1], base_w) / energy_j(best, base_w) < 1.01
    assert f"gpu-limit={best} W" in (found.recommended, *found.alike)
    if not is_close:
        assert (found.recommended, found.alike) == (f"gpu-limit={best} W", ())
    fastest = f"gpu-limit={max(LEVELS_W)} W"
    assert next(one for one in found.settings if one.name == fastest).is_on_front
    assert nvml.limit_w(0) == 400

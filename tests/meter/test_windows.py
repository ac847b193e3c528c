"""Windows of any length: energy within its stated interval, and parts that sum to the whole."""

import random

import pytest

from brizna.core.estimate import total
from brizna.core.measurement import Channel
from brizna.core.replay import replay

MOST_W = 250.0
UPDATE_US = 1000


class Stepping:
    """A counter that moves about every millisecond, as RAPL does: what it shows is stale."""

    def __init__(self, clock, rng):
        self.clock = clock
        self.rng = rng
        self.power_w = 100.0
        self.true_uj = 0.0
        self.now_us = clock.now_us()
        self.due_us = self.now_us
        self.shown_uj = 1_000_000
        self.channel = Channel(
            id="rapl/package-0",
            kind="cpu",
            method="rapl",
            basis="metered",
            max_power_w=MOST_W,
            update_us=UPDATE_US,
        )

    def advance(self, microseconds):
        """Let time pass; the counter takes what it holds at each of its updates."""
        end_us = self.now_us + microseconds
        while self.due_us <= end_us:
            self.true_uj += self.power_w * (self.due_us - self.now_us)
            self.now_us = self.due_us
            self.shown_uj = 1_000_000 + round(self.true_uj)
            self.due_us += UPDATE_US + round(self.rng.uniform(-0.1, 0.1) * UPDATE_US)
        self.true_uj += self.power_w * (end_us - self.now_us)
        self.now_us = end_us
        self.clock.advance(microseconds * 1e-6)

    def channels(self):
        return (self.channel,)

    def ranges(self):
        return {}

    def unseen(self):
        return {}

    def read(self, t_us):
        assert t_us >= 0
        return (self.shown_uj,)

    def trouble(self):
        return {}

    def close(self):
        pass


@pytest.mark.parametrize("seed", [1, 2])
def test_the_truth_of_a_window_of_five_milliseconds_lies_in_its_interval(rig, seed):
    rng = random.Random(seed)
    meter = Stepping(rig.clock, rng)
    sampler = rig.start([meter])
    truths_j = []
    for _ in range(400):
        meter.power_w = rng.choice([60.0, 100.0, 140.0, 200.0])
        meter.advance(rng.randrange(1000, 40_000))
        before_uj = meter.true_uj
        window = sampler.begin("step")
        meter.advance(5000)
        sampler.finish(window)
        truths_j.append((meter.true_uj - before_uj) * 1e-6)
    meter.advance(1_000_000)
    sampler.sample()
    phases = rig.run().measurement.phases
    held, widths = 0, []
    for phase, truth_j in zip(phases, truths_j, strict=True):
        low, high = phase.energy_j.low.value, phase.energy_j.high.value
        held += low <= truth_j <= high
        widths.append((high - low) / truth_j)
    assert held >= 0.9 * len(truths_j)
    assert sorted(widths)[len(widths) // 2] < 0.8  # two edges of a millisecond in five
    best_j = sum(phase.energy_j.best.value for phase in phases)
    assert best_j == pytest.approx(sum(truths_j), rel=0.02)


def test_windows_that_meet_sum_to_the_whole_with_its_interval(rig):
    rng = random.Random(3)
    meter = Stepping(rig.clock, rng)
    sampler = rig.start([meter])
    whole = sampler.begin("whole")
    for place in range(1000):
        meter.power_w = rng.choice([60.0, 140.0])
        window = sampler.begin("step")
        meter.advance(rng.randrange(3000, 9000))
        sampler.finish(window)
        if place % 100 == 99:
            sampler.sample()
    sampler.finish(whole)
    meter.advance(1_000_000)
    sampler.sample()
    outer, *steps = rig.run().measurement.phases
    summed = total(step.energy_j for step in steps)
    assert outer.name == "whole"
    assert summed.best.value == pytest.approx(outer.energy_j.best.value, rel=1e-15)
    assert summed.low.value == pytest.approx(outer.energy_j.low.value, rel=1e-6)
    assert summed.high.value == pytest.approx(outer.energy_j.high.value, rel=1e-6)


def test_a_hundred_thousand_windows_sum_to_the_whole_to_the_last_digit():
    rng = random.Random(4)
    channel = {"kind": "cpu", "method": "rapl", "basis": "metered", "update_us": UPDATE_US}
    start = {"e": "start", "id": "20261122T000000Z-000000", "started": "2026-11-22T00:00:00Z"}
    events = [{**start, "brizna": "0"}, {"e": "channel", "id": "c", **channel}]
    t_us = counted_uj = 0
    for window in range(100_000):
        events.append({"e": "begin", "w": window, "name": "s", "t": t_us, "c": [counted_uj]})
        t_us += rng.randrange(1, 9000)
        counted_uj += rng.randrange(1_000_000)
        events.append({"e": "finish", "w": window, "t": t_us, "c": [counted_uj]})
    measurement = replay(events).measurement
    (phase,) = measurement.phases
    assert phase.count == 100_000
    assert phase.inside_s == pytest.approx(measurement.phases[0].end_s)
    assert phase.energy_j.best.value == measurement.energy_j.best.value

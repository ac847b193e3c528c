"""A run on a simulated machine, from its first sample to the run that replay tells."""

import pytest

from brizna.core.replay import replay
from brizna.meter import Sampler
from brizna.testing import FakeClock

START = {
    "e": "start",
    "schema": "brizna.journal/1",
    "id": "20261122T000000Z-000000",
    "started": "2026-11-22T00:00:00Z",
    "interval_us": 1_000_000,
    "machine": "m",
    "brizna": "0",
}


class Rig:
    """A fake clock, and the events of the one run on it."""

    def __init__(self):
        self.clock = FakeClock()
        self.events = []
        self.sampler = None

    def start(self, meters):
        """Start sampling these meters."""
        self.sampler = Sampler(meters, clock=self.clock, write=self.events.append)
        self.sampler.start()
        return self.sampler

    def tick(self, seconds, *, interval_s=1.0):
        """Let time pass, with a sample at the end of each interval."""
        for _ in range(round(seconds / interval_s)):
            self.clock.advance(interval_s)
            self.sampler.sample()

    def run(self):
        """End the run and return it."""
        self.sampler.close()
        return replay([START, *self.events])

    def gaps(self):
        """Return the gap events, a later one about the same start in place of the earlier."""
        gaps = [event for event in self.events if event.get("e") == "gap"]
        return list({(gap["channel"], gap["from"]): gap for gap in gaps}.values())


@pytest.fixture
def rig():
    return Rig()


@pytest.fixture
def energies():
    """Return a function: the best joules of each channel of a run, None where unknown."""

    def of(run):
        return {
            channel.id: None if channel.energy_j is None else channel.energy_j.best.value
            for channel in run.measurement.channels
        }

    return of

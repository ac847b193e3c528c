"""What brizna gates of itself: ``python bench/gated.py sampler`` or ``planner``.

A fixed amount of the work that costs brizna's users most: reading meters and writing samples, and
planning a job over places and hours. Run by ``make gate`` with the code of two commits.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from json import dumps
from pathlib import Path
from tempfile import TemporaryDirectory

SAMPLES, PLANS = 500, 6
SITES, HOURS = 4, 72


def sampler() -> int:
    """Read three counters again and again; return how many characters that is to be kept."""
    from brizna.meter import Roots, Sampler
    from brizna.meter._rapl import open_rapl
    from brizna.testing import FakeClock, FakePowercap, FakeZone

    written: list[int] = []
    clock = FakeClock()
    with TemporaryDirectory() as folder:
        zones = [FakeZone(label=f"intel-rapl:{n}", name=f"package-{n}", power_w=1) for n in "012"]
        FakePowercap(Path(folder) / "powercap", FakeClock(), zones)  # its own clock stands still
        meters = open_rapl(Roots(powercap=f"{folder}/powercap"), machine="gated")
        reader = Sampler(meters, clock=clock, write=lambda one: written.append(len(dumps(one))))
        reader.start()
        for _ in range(SAMPLES):
            clock.advance(1.0)
            reader.sample()
        reader.close()
    return sum(written)


def planner() -> int:
    """Plan jobs over places and hours; return how many intervals they have."""
    from brizna.core.estimate import exactly
    from brizna.core.quantities import CarbonIntensity, Ratio
    from brizna.core.signal import Signal
    from brizna.core.site import Site
    from brizna.plan import Candidate, Offer, Workload, plan_job

    begin = datetime(2026, 11, 23, tzinfo=UTC)
    edges = tuple(begin + timedelta(hours=hour) for hour in range(HOURS + 1))
    candidates: list[Candidate] = []
    for place in range(SITES):
        name = f"site {place}"
        values = tuple(100.0 + (hour * 7919 + place * 104729) % 400 for hour in range(HOURS))
        carbon = Signal(
            quantity=CarbonIntensity,
            edges=edges,
            values=values,
            zone=name,
            kind="average",
            source="made up",
        )
        site = Site(zone=name, pue=exactly(Ratio(1.0)))
        candidates.append(Candidate(offer=Offer(name=name, site=site), carbon=carbon))
    intervals = 0
    for hours in range(1, PLANS + 1):
        job = Workload(phases=((hours * 3600.0, 1000.0),), deadline=edges[-1].isoformat())
        intervals += len(plan_job(job, candidates, issued=begin).intervals)
    return intervals


if __name__ == "__main__":
    print({"sampler": sampler, "planner": planner}[sys.argv[1]]())

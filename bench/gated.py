"""What brizna gates of itself: ``python bench/gated.py sampler`` or ``planner``.

A fixed amount of the work that costs brizna's users most: reading meters and writing samples, and
planning a job over places and hours. ``python bench/gated.py --base HEAD~1`` (``make gate``) counts
the instructions of both with the code of that commit and with this one, and fails unless the gate
itself passes: any other of its exit codes is a fault too, of brizna or of the gate. Only where
nothing can be compared, it says why and lets it be.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from datetime import UTC, datetime, timedelta
from json import dumps
from pathlib import Path
from tempfile import TemporaryDirectory

SAMPLES, PLANS = 500, 6
SITES, HOURS = 4, 72
ROOT = Path(__file__).resolve().parent.parent
LIMITS = ["--by", "instructions", "--allow", "5%", "--notice", "10%", "--store", ".venv/gate"]


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


WORKS = {"sampler": sampler, "planner": planner}


def gate_itself(base: str, *, start=subprocess.run) -> int:
    """Gate each work against a commit; return 0 where it passes, or cannot be compared here.

    Args:
        base: The commit.
        start: Starts a command as `subprocess.run` does.
    """
    from brizna.run._counters import find_counter

    with TemporaryDirectory() as folder:
        counter, why = find_counter(os.environ, folder=folder)
        if counter is None:
            return _let_be(why)
        kept = Path(folder) / "base.tar"
        packed = start(["git", "archive", "-o", str(kept), base, "src"], cwd=ROOT, check=False)
        if packed.returncode:
            return _let_be(f"there is no commit {base} here")
        with tarfile.open(kept) as archive:
            archive.extractall(folder, filter="data")
        return max(_gate_work(work, base, f"{folder}/src", start) for work in WORKS)


def _gate_work(work: str, base: str, base_source: str, start) -> int:
    command = [sys.executable, "-S", str(Path(__file__).resolve()), work]
    for source in (str(ROOT / "src"), base_source):
        environ = {**os.environ, "PYTHONPATH": source}
        done = start(command, cwd=ROOT, env=environ, stdout=subprocess.DEVNULL, check=False)
        if done.returncode and source == base_source:
            return _let_be(f"{base} cannot do the {work}'s work")
        if done.returncode:
            print(f"the {work}'s work ended with the exit code {done.returncode}", file=sys.stderr)
            return 1
    gate = [sys.executable, "-m", "brizna", "gate", "--name", work, "--base", base, *LIMITS]
    done = start([*gate, "--env", "PYTHONPATH=src", "--", *command], cwd=ROOT, check=False)
    if done.returncode:
        told = f"brizna gate of the {work} ended with the exit code {done.returncode}: expected 0"
        print(told, file=sys.stderr)
    return int(done.returncode != 0)


def _let_be(why: str) -> int:
    print(f"brizna does not gate itself: {why}.", file=sys.stderr)
    return 0


if __name__ == "__main__":
    if sys.argv[1] == "--base":
        raise SystemExit(gate_itself(sys.argv[2]))
    print(WORKS[sys.argv[1]]())

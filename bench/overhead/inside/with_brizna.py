"""brizna: with this machine's own meters, as the others, or with simulated counters.

The simulated counters are files that `move_counters.py` moves in a process of its own.
"""

from __future__ import annotations

import os

import brizna


def start(interval_s):
    """Start a run with the meters that this machine has."""
    return brizna.measure("bench", interval=interval_s, zone="ES").__enter__()


def start_with_counters(interval_s):
    """Start a run with a package counter, a DRAM counter and a card."""
    from brizna.testing import FakeClock, FakeGpu, FakeNvml

    card = FakeNvml(FakeClock(), [FakeGpu(uuid="GPU-0", power_w=100)])
    meters = [meter for meter in _opened(nvml=card) if meter.channels()]
    assert len([channel for meter in meters for channel in meter.channels()]) == 3
    return brizna.measure("bench", interval=interval_s, zone="ES", meters=meters).__enter__()


def start_with_two_counters(interval_s):
    """Start a run with a package counter and a DRAM counter."""
    meters = [meter for meter in _opened() if meter.channels()]
    assert len([channel for meter in meters for channel in meter.channels()]) == 2
    return brizna.measure("bench", interval=interval_s, zone="ES", meters=meters).__enter__()


def stop(measuring):
    """End the run: it is told, accounted for and kept."""
    measuring.__exit__(None, None, None)


def window(measuring, name):
    """Measure one part."""
    with measuring.phase(name):
        pass


def _opened(**options):
    from brizna.meter import Roots, open_meters

    roots = Roots(powercap=os.environ["BENCH_COUNTERS"])
    return open_meters(machine="bench", roots=roots, **options)

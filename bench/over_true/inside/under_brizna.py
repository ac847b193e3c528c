"""brizna: a measured block, phases for windows; what it says of the whole machine."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import brizna


def _report(estimate, covers, view):
    if estimate is None:
        return None
    told = {name: estimate[name] for name in ("low", "high")}
    return {"joules": estimate["best"], "covers": covers, "said": _said(view), **told}


def _said(view):
    """Return what the record says of trouble, in its own words."""
    gaps = [
        f"gap in {channel['id']}: {gap['reason']}"
        for channel in view["measurement"]["channels"]
        for gap in channel["gaps"]
    ]
    state = [] if view["state"] == "finished" else [f"state: {view['state']}"]
    return list(dict.fromkeys([*state, *view["notes"], *gaps]))


def _sum(estimates):
    """Add a few estimates' ends plainly, as if their doubts were one: never narrower than it is."""
    return {end: sum(each[end] for each in estimates) for end in ("low", "best", "high")}


def _of_machine(view):
    roots = [
        channel
        for channel in view["measurement"]["channels"]
        if channel["parent"] is None and channel["mirror_of"] is None
    ]
    kinds = sorted({channel["kind"] for channel in roots})
    return _report(view["measurement"]["energy_j"], kinds, view)


def _of_cards(view):
    channels = view["measurement"]["channels"]
    return _report(
        _sum([each["energy_j"] for each in channels if each["kind"] == "gpu"]), ["gpu"], view
    )


def track(body, interval_s, spec):
    """Measure the block."""
    with brizna.measure("bench", interval=interval_s, zone="ES") as measuring:
        body()
    return _of_cards(measuring.view) if spec.get("cards") else _of_machine(measuring.view)


def windows(body, interval_s, count):
    """Measure each window as a phase."""
    with brizna.measure("bench", interval=interval_s, zone="ES") as measuring:
        for number in range(count):
            with measuring.phase(f"window {number}"):
                body()
    view = measuring.view
    phases = view["measurement"]["phases"]
    return [_report(phase["energy_j"], ["cpu", "memory"], view) for phase in phases]


def left():
    """Ask brizna for what it finds in its store."""
    brizna_command = str(Path(sys.executable).parent / "brizna")
    shown = subprocess.run(
        [brizna_command, "show", "--json"], capture_output=True, text=True, check=True
    )
    return _of_machine(json.loads(shown.stdout))

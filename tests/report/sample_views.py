"""A run as the recorder would tell it, made without any device: what reports are tested with."""

from __future__ import annotations

import math

from brizna.account import Assumptions, FunctionalUnit, account, subject_of_run
from brizna.core.estimate import exactly
from brizna.core.factors import Factor
from brizna.core.quantities import Ratio, Tariff
from brizna.core.replay import replay

MACHINE = "m-5f1c"
GPUS = ("GPU-2f6c0b5e", "GPU-9a41d7c3")


def channels():
    cpu = {
        "kind": "cpu",
        "method": "rapl",
        "basis": "metered",
        "update_us": 1000,
        "max_power_w": 165.0,
        "doubts": {f"meter:rapl/package-0@{MACHINE}": [0.97, 1.03]},
    }
    yield {"e": "channel", "id": "rapl/package-0", **cpu}
    yield {"e": "channel", "id": "rapl/core-0", **cpu, "kind": "core", "parent": "rapl/package-0"}
    yield {
        "e": "channel",
        "id": "model/memory",
        "kind": "memory",
        "method": "load-model",
        "basis": "modelled",
        "counted_by": "reader",
        "doubts": {"model:memory-w-per-gb": [0.5, 1.9]},
    }
    for uuid in GPUS:
        yield {
            "e": "channel",
            "id": f"nvml/{uuid}",
            "kind": "gpu",
            "method": "nvml-energy",
            "basis": "metered",
            "max_power_w": 350.0,
            "update_us": 100_000,
            "doubts": {"meter:nvml": [0.95, 1.05]},
        }


def watts(t_s, seconds):
    """Return the true power of each channel: loading, training in waves, evaluating."""
    share = t_s / seconds
    wave = 0.5 + 0.5 * math.sin(t_s / 9)
    if share < 0.12:
        return 58, 41, 12, 31, 30
    if share < 0.86:
        return 92 + 9 * wave, 70 + 9 * wave, 15, 262 + 44 * wave, 251 + 40 * wave
    return 74, 55, 13, 148, 32


def events(*, seconds=1084, gap=True, name="fine-tune", scale=1.0, run_id=None):
    yield {
        "e": "start",
        "schema": "brizna.journal/1",
        "id": run_id or "20261121T091402Z-7f3a9c",
        "name": name,
        "tags": ["baseline"],
        "command": ["python", "train.py", "--epochs", "3", "--lr", "3e-4"],
        "started": "2026-11-21T09:14:02Z",
        "interval_us": 1_000_000,
        "machine": MACHINE,
        "brizna": "0.1.0",
        "site": {
            "zone": "ES",
            "zone_origin": "time-zone",
            "hardware": {"cpu": "AMD EPYC 9354", "vcpus": 32, "memory_gb": 128},
        },
    }
    yield from channels()
    yield {"e": "unseen", "component": "storage", "reason": "no counter and no model for it yet"}
    yield {"e": "unseen", "component": "network", "reason": "no counter and no model for it yet"}
    counted = [0.0] * 5
    for second in range(seconds + 1):
        lost = gap and 700 <= second < 718
        shown = [None if lost and at == 3 else round(uj) for at, uj in enumerate(counted)]
        yield {"t": second * 1_000_000, "c": shown, "cpu": [second * 3_100_000, second * 3_900_000]}
        for at, power_w in enumerate(watts(second, seconds)):
            if not (lost and at == 3):
                counted[at] += power_w * scale * 1e6
    if gap:
        yield {
            "e": "gap",
            "channel": f"nvml/{GPUS[0]}",
            "reason": "unreadable: NVML_ERROR_GPU_IS_LOST",
            "from": 699_000_000,
            "to": 718_000_000,
            "counted": False,
        }
    edges = [0, 0.12, 0.50, 0.86, 1]
    for number, phase in enumerate(("load data", "epoch 1", "epoch 2", "evaluate")):
        start, end = (round(edges[number + at] * seconds) * 1_000_000 for at in (0, 1))
        yield {"e": "begin", "w": number, "name": phase, "t": start}
        yield {"e": "finish", "w": number, "t": end}
    yield {"e": "cpu", "coverage": "exact"}
    yield {
        "e": "environment",
        "environment": {
            "python": "3.11.7",
            "platform": "Linux 6.8 x86_64",
            "packages": {"torch": "2.13.0", "numpy": "2.4.6"},
            "git": {"commit": "4be1c09", "dirty": False},
        },
    }
    yield {"e": "end", "t": seconds * 1_000_000, "exit_code": 0, "state": "finished"}


def series(told):
    """Return mean power over time by channel, from samples, as the verbs hand it to a report."""
    told = list(told)
    names = [event["id"] for event in told if event.get("e") == "channel"]
    points = {name: [] for name in names}
    before = None
    for sample in (event for event in told if "e" not in event):
        for at, name in enumerate(names):
            if before and None not in (before["c"][at], sample["c"][at]):
                span_us = sample["t"] - before["t"]
                power_w = (sample["c"][at] - before["c"][at]) / span_us
                points[name].append((sample["t"] / 1e6, power_w))
        before = sample
    return points


FACTORS = (
    ("grid/ES/2024", 146, 98, 231, "gCO2e/kWh", "Ember, Yearly electricity data"),
    ("pue/default", 1.25, 1.0, 1.56, "1", "Uptime Institute, Global data center survey"),
    ("embodied/server", 1_200_000, 480_000, 3_400_000, "g", "Cloud Carbon Footprint, Boavizta"),
    ("lifetime/server", 4, 3, 6, "y", "Cloud Carbon Footprint, Boavizta"),
)


def factors():
    return [
        Factor(
            id=name,
            value=value,
            low=low,
            high=high,
            unit=unit,
            per=None,
            basis="default" if name == "pue/default" else "published",
            interval="sources",
            source=source,
            year=2024,
            licence="CC BY 4.0",
            note="Life cycle, average, location based." if name.startswith("grid") else "",
            others=("UNFCCC: 231 gCO2e/kWh (2021)",) if name.startswith("grid") else (),
            table="grid",
            table_digest="sha256:" + "0" * 64,
        )
        for name, value, low, high, unit, source in FACTORS
    ]


def assumed(name):
    """Return a sample factor as an assumption."""
    return next(factor for factor in factors() if factor.id == name).estimate()


def footprint_of(run):
    """Return the footprint of a run under the sample factors."""
    assumptions = Assumptions(
        pue=assumed("pue/default"),
        intensity_g_per_kwh=assumed("grid/ES/2024"),
        tariff_per_kwh=exactly(Tariff(0.14)),
        currency="EUR",
        embodied_g=assumed("embodied/server"),
        lifetime_s=assumed("lifetime/server"),
        hardware_share=exactly(Ratio(1)),
        functional_unit=FunctionalUnit(name="epoch", count=3),
        factors=tuple(factors()),
        reasons={"wue_l_per_kwh": "no water factor was named"},
    )
    return account(subject_of_run(run), assumptions).to_json()


def view(*, footprint=True, **options):
    """Return the view of a sample run; options as in `events`."""
    run = replay(events(**options))
    return {**run.to_json(), "footprint": footprint_of(run) if footprint else None}


COMPARISONS = [
    {
        "label": "passenger car, EU average",
        "value": 0.42,
        "unit": "km",
        "source": "Green Algorithms (Helmers 2019)",
    },
    {
        "label": "charging a smartphone",
        "value": 9.7,
        "unit": "charges",
        "source": "US EPA equivalencies, 2023",
    },
    {
        "label": "training BLOOM 176B",
        "value": 1.9e-6,
        "unit": "times",
        "source": "Luccioni et al. 2022",
    },
]


def zones(shown):
    """Return the footprint of a view's energy in other zones, as the verbs hand it to a report."""
    rows = []
    for zone, name, best, low, high in (
        ("FR", "France", 44, 35, 62),
        ("ES", "Spain", 146, 98, 231),
        ("DE", "Germany", 344, 310, 420),
        ("PL", "Poland", 614, 560, 760),
    ):
        kwh = shown["footprint"]["facility_energy_j"]["best"] / 3.6e6
        rows.append(
            {
                "zone": zone,
                "name": name,
                "carbon_g": {
                    "low": low * kwh,
                    "best": best * kwh,
                    "high": high * kwh,
                    "basis": "published",
                    "doubts": {},
                    "references": [],
                },
                "intensity_g_per_kwh": {
                    "low": low,
                    "best": best,
                    "high": high,
                    "basis": "published",
                    "doubts": {},
                    "references": [],
                },
                "source": "Ember, Yearly electricity data",
                "year": 2024,
            }
        )
    return rows

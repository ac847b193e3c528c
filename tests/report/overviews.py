"""Overviews of periods to show, as `brizna.verbs.Overview.told` gives them."""

from __future__ import annotations

from brizna.core.estimate import Estimate
from brizna.core.quantities import Carbon, Energy, Ratio

FULL = 12
"""More teams, budgets and savings than fit on a page."""


def estimate(kind, best, spread=1.3):
    return Estimate(kind(best), basis="published").doubted_by("x", 1 / spread, spread).to_json()


def compared(carbon_g, *, energy_j=3.6e7):
    shared = {"known": 2, "runs": 2, "last_known": 1, "last_runs": 1}
    change = Estimate(Ratio(-0.2), basis="published").doubted_by("y", 1.5, 0.5).to_json()
    return [
        {
            "figure": "energy_j",
            "now": estimate(Energy, energy_j),
            **shared,
            "last": estimate(Energy, energy_j),
            "change": None,
        },
        {
            "figure": "carbon_g",
            "now": estimate(Carbon, carbon_g),
            **shared,
            "last": estimate(Carbon, carbon_g),
            "change": change,
        },
    ]


def part(name, carbon_g):
    return {"name": name, "runs": 2, "duration_s": 3600.0, "figures": compared(carbon_g)}


def saved(way, carbon_g, *, about="train-detector", reason=None):
    value = None if carbon_g is None else Estimate(Carbon(carbon_g)).doubted_by("x", 0.5, 1.5)
    return {
        "way": way,
        "about": about,
        "runs": 7,
        "against": 5,
        "energy_j": None,
        "carbon_g": value and value.to_json(),
        "commands": ["brizna runs total"],
        "reason": reason,
    }


def budget(name):
    return {
        "budget": {
            "name": name,
            "figure": "carbon_g",
            "limit": 1e4,
            "tags": ["team:a"],
            "start": "2026-10-01",
            "end": "2027-01-01",
            "warn_at": 0.8,
        },
        "at": "2026-11-22T12:00:00Z",
        "runs": 3,
        "unknown": [],
        "at_once": [],
        "spent": estimate(Carbon, 9e3),
        "share": 0.9,
        "forecast": estimate(Carbon, 1.1e4),
        "gone_by": "2026-12-01T00:00:00Z",
        "state": "warned",
    }


def full():
    """Return a period with more to say than fits on a page."""
    ways = ("plans", "name", "name-first")
    return {
        "schema": "brizna.overview/1",
        "tags": ["team:a"],
        "period": "2026-Q4",
        "asked": {"start": "2026-10-01", "end": "2027-01-01"},
        "seen": {"start": "2026-10-01", "end": "2026-11-23"},
        "before": {"start": "2026-07-01", "end": "2026-08-23"},
        "issued": "2026-11-22T12:00:00Z",
        "software": "0.1.0",
        "runs": 2,
        "failed": 1,
        "duration_s": 7200.0,
        "step": "week",
        "figures": compared(1e4),
        "teams": [part(f"team-{number}", 1000.0 * (FULL - number)) for number in range(FULL)],
        "projects": [part("p", 1e4), part(None, 1e2)],
        "course": [
            {"name": "2026-W40", "carbon_g": estimate(Carbon, 4e3), "runs": 1},
            {"name": "2026-W41", "carbon_g": None, "runs": 0},
        ],
        "budgets": [budget(f"budget {number}") for number in range(FULL)],
        "saved": [
            *(saved(ways[number % 3], 1e3) for number in range(FULL)),
            *(saved("name", -500.0, about=f"slow-{number}") for number in range(FULL)),
        ],
        "would": [
            *(saved("failed", 100.0), saved("hours", None, reason="no hours are known")),
            *(saved("idle", 90.0, about=f"node-{number}") for number in range(FULL)),
        ],
        "at_once": 1,
        "going_on": 0,
        "unreadable": {"x": "broken"},
        "explain": {
            name: f"brizna runs total --by {name}"
            for name in (
                *("now", "before", "teams", "teams_before", "projects", "projects_before"),
                "course",
            )
        },
    }


EMPTY = {
    "tags": [],
    "runs": 0,
    "failed": 0,
    "duration_s": 0.0,
    "step": None,
    "course": [],
    "teams": [],
    "projects": [],
    "budgets": [],
    "saved": [],
    "would": [],
    "at_once": 0,
    "unreadable": {},
}


def empty():
    """Return the same period without runs."""
    told = full()
    nothing = {"now": None, "known": 0, "runs": 0, "last": None, "last_known": 0, "last_runs": 0}
    figures = [{**one, **nothing, "change": None} for one in told["figures"]]
    return {**told, **EMPTY, "figures": figures}

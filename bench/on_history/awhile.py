"""Let's Wait Awhile on Germany in 2020: the savings that its authors published, found again.

The jobs are the published kind: on each workday of 2020, arriving at any half-hour from 9:00 to
16:30, as long as any number of half-hours from 4 h to 89.5 h, each as likely as the other. Instead
of one draw of 3,387, all of them are run, once each; the draws are there for the noise and the
spread.
"""

from __future__ import annotations

from datetime import timedelta

import numpy as np  # noqa: TID253 - a benchmark may load it

from brizna.plan import next_workday, replay, semi_weekly, slots_of

PUBLISHED = {"next-workday": (5.91, 7.93)}
"""Savings in per cent, in a row and with pauses, with 5 % of noise in the forecast."""
RULES = {"next-workday": next_workday, "semi-weekly": semi_weekly}
JOBS = 3387
DRAWS = 10
NOISE = 0.05
_LENGTHS = range(8, 180)
_ARRIVALS = range(18, 34)
_DAY = 48


def trials(signal):
    """Return the savings under each rule: of all jobs, and of draws with noise."""
    slots = slots_of(signal)
    days = [day for day in range(366) if slots.instant(day * _DAY).weekday() < 5]
    every = np.array([day * _DAY + half for day in days for half in _ARRIVALS])
    found = {}
    for name, rule in RULES.items():
        groups = _all_jobs(slots, every, rule)
        drawn = np.array([_draw(slots, every, rule, seed) for seed in range(DRAWS)])
        found[name] = {
            "jobs": len(every) * len(_LENGTHS),
            "without_noise": _savings(slots.values, groups, slots.values),
            "draws": DRAWS,
            "jobs_drawn": JOBS,
            "with_noise": drawn.mean(axis=0).tolist(),
            "with_noise_spread": drawn.std(axis=0, ddof=1).tolist(),
        }
    return found


def after_friday(signal):
    """Return what a stricter reading would give: Friday evening's results are due on Monday."""

    def workday(finish):
        due = next_workday(finish)
        return due + timedelta(days=2) if due.weekday() == 5 else due

    slots = slots_of(signal)
    days = [day for day in range(366) if slots.instant(day * _DAY).weekday() < 5]
    every = np.array([day * _DAY + half for day in days for half in _ARRIVALS])
    return _savings(slots.values, _all_jobs(slots, every, workday), slots.values)


def _all_jobs(slots, arrivals, rule):
    return _grouped(slots, arrivals.repeat(len(_LENGTHS)), np.tile(_LENGTHS, len(arrivals)), rule)


def _draw(slots, every, rule, seed):
    rng = np.random.default_rng(seed)
    groups = _grouped(slots, rng.choice(every, JOBS), rng.choice(_LENGTHS, JOBS), rule)
    values = slots.values
    noise = rng.normal(0, NOISE * values.mean(), len(values)).round().astype(np.int64)
    return _savings(values + noise, groups, values)


def _grouped(slots, arrivals, lengths, rule):
    """Return the arrivals by length and slack, both in half-hours."""
    due = {}
    groups = {}
    for arrival, length in zip(arrivals.tolist(), lengths.tolist(), strict=True):
        end = arrival + length
        if end not in due:
            due[end] = slots.slot(rule(slots.instant(end))) - end
        groups.setdefault((length, due[end]), []).append(arrival)
    return {key: np.array(some) for key, some in groups.items()}


def _savings(planned, groups, paid):
    """Return what is saved in a row and with pauses, in per cent."""
    now = sum(int(replay(paid, some, key[0], 0).cost.sum()) for key, some in groups.items())
    return [
        100
        - 100
        * sum(
            int(replay(planned, some, *key, can_pause=can_pause, paid=paid).cost.sum())
            for key, some in groups.items()
        )
        / now
        for can_pause in (False, True)
    ]

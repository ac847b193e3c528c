"""When, where and on what to run a job: exact answers for one job, by pure functions.

Promises: within the model of the job the answer is the best there is, ties go to the earliest
start, and the reason why nothing fits is told. All sums are of whole numbers, so nothing depends on
the order of an addition. Refuses to know the time, to fetch a forecast, and to plan in hours of
which nothing is known.
"""

from __future__ import annotations

from brizna.plan._bulk import Board, BulkJob, Placement
from brizna.plan._contiguous import Limit, Profile, Window, best_start, candidate_starts, taken
from brizna.plan._elastic import Allocation, Level, best_allocation
from brizna.plan._fleet import FleetJob, FleetPlan, plan_fleet
from brizna.plan._pausable import Intervals, Pausing, best_pauses, cheapest_moments
from brizna.plan._rate import Rate, combine
from brizna.plan._squeeze import Crowd

__all__ = [
    "Allocation",
    "Board",
    "BulkJob",
    "Crowd",
    "FleetJob",
    "FleetPlan",
    "Intervals",
    "Level",
    "Limit",
    "Pausing",
    "Placement",
    "Profile",
    "Rate",
    "Window",
    "best_allocation",
    "best_pauses",
    "best_start",
    "candidate_starts",
    "cheapest_moments",
    "combine",
    "plan_fleet",
    "taken",
]

"""When, where and on what to run a job: exact answers for one job, by pure functions.

Promises: within the model of the job the answer is the best there is, ties go to the earliest
start, and the reason why nothing fits is told. All sums are of whole numbers, so nothing depends on
the order of an addition. Refuses to know the time, to fetch a forecast, and to plan in hours of
which nothing is known.
"""

from __future__ import annotations

from brizna.core.lazy import lazily
from brizna.plan._bulk import Board, BulkJob, Placement
from brizna.plan._contiguous import Limit, Profile, Window, best_start, candidate_starts, taken
from brizna.plan._elastic import Allocation, Level, best_allocation
from brizna.plan._fleet import FleetPlan, plan_fleet
from brizna.plan._fleet_jobs import Fleet, FleetJob
from brizna.plan._pausable import Intervals, Pausing, best_pauses, cheapest_moments
from brizna.plan._rate import Rate, combine
from brizna.plan._squeeze import Crowd

TYPE_CHECKING = False
if TYPE_CHECKING:
    from brizna.plan._advice import Checkpoints, best_checkpoints, break_even
    from brizna.plan._candidate import Candidate, with_spread
    from brizna.plan._count import (
        ScalingGoal,
        ScalingOption,
        recommend,
        scaling_options,
        usual_counts,
    )
    from brizna.plan._evaluation import RULES, Score, Trial, evaluate
    from brizna.plan._facts import FACTS
    from brizna.plan._hardware import (
        Chip,
        ChipOption,
        HardwareAdvice,
        HardwareCase,
        Replacement,
        hardware_advice,
        read_hardware_case,
    )
    from brizna.plan._plan import Interval, Outcome, Plan
    from brizna.plan._planning import (
        Progress,
        outcomes_at,
        plan_job,
        realise,
        replan,
        replan_rest,
    )
    from brizna.plan._policies import (
        Issue,
        Slots,
        fitting,
        follow,
        next_workday,
        replay,
        semi_weekly,
        slots_of,
    )
    from brizna.plan._scaling import ScalingLaw, ScalingPoint, ScalingPrior, scaling_prior
    from brizna.plan._site_advice import (
        Best,
        BreakEven,
        SiteAdvice,
        SiteOffer,
        SiteOption,
        site_advice,
    )
    from brizna.plan._site_case import MONTH_H, SITE_KINDS, SiteCase, Use, read_site_case
    from brizna.plan._workload import (
        Limits,
        Offer,
        Pauses,
        Scale,
        Workload,
        instant_of,
        read_workload,
    )

__all__ = [
    "FACTS",
    "MONTH_H",
    "RULES",
    "SITE_KINDS",
    "Allocation",
    "Best",
    "Board",
    "BreakEven",
    "BulkJob",
    "Candidate",
    "Checkpoints",
    "Chip",
    "ChipOption",
    "Crowd",
    "Fleet",
    "FleetJob",
    "FleetPlan",
    "HardwareAdvice",
    "HardwareCase",
    "Interval",
    "Intervals",
    "Issue",
    "Level",
    "Limit",
    "Limits",
    "Offer",
    "Outcome",
    "Pauses",
    "Pausing",
    "Placement",
    "Plan",
    "Profile",
    "Progress",
    "Rate",
    "Replacement",
    "Scale",
    "ScalingGoal",
    "ScalingLaw",
    "ScalingOption",
    "ScalingPoint",
    "ScalingPrior",
    "Score",
    "SiteAdvice",
    "SiteCase",
    "SiteOffer",
    "SiteOption",
    "Slots",
    "Trial",
    "Use",
    "Window",
    "Workload",
    "best_allocation",
    "best_checkpoints",
    "best_pauses",
    "best_start",
    "break_even",
    "candidate_starts",
    "cheapest_moments",
    "combine",
    "evaluate",
    "fitting",
    "follow",
    "hardware_advice",
    "instant_of",
    "next_workday",
    "outcomes_at",
    "plan_fleet",
    "plan_job",
    "read_hardware_case",
    "read_site_case",
    "read_workload",
    "realise",
    "recommend",
    "replan",
    "replan_rest",
    "replay",
    "scaling_options",
    "scaling_prior",
    "semi_weekly",
    "site_advice",
    "slots_of",
    "taken",
    "usual_counts",
    "with_spread",
]

_HOMES = {
    "FACTS": "_facts",
    "Chip": "_hardware",
    "ChipOption": "_hardware",
    "HardwareAdvice": "_hardware",
    "HardwareCase": "_hardware",
    "Replacement": "_hardware",
    "hardware_advice": "_hardware",
    "read_hardware_case": "_hardware",
    "Best": "_site_advice",
    "BreakEven": "_site_advice",
    "SiteAdvice": "_site_advice",
    "SiteOffer": "_site_advice",
    "SiteOption": "_site_advice",
    "site_advice": "_site_advice",
    "MONTH_H": "_site_case",
    "SITE_KINDS": "_site_case",
    "SiteCase": "_site_case",
    "Use": "_site_case",
    "read_site_case": "_site_case",
    "Checkpoints": "_advice",
    "best_checkpoints": "_advice",
    "break_even": "_advice",
    "RULES": "_evaluation",
    "ScalingLaw": "_scaling",
    "ScalingPoint": "_scaling",
    "ScalingPrior": "_scaling",
    "scaling_prior": "_scaling",
    "ScalingGoal": "_count",
    "ScalingOption": "_count",
    "recommend": "_count",
    "scaling_options": "_count",
    "usual_counts": "_count",
    "Candidate": "_candidate",
    "Interval": "_plan",
    "Issue": "_policies",
    "Limits": "_workload",
    "Offer": "_workload",
    "Outcome": "_plan",
    "Pauses": "_workload",
    "Plan": "_plan",
    "Scale": "_workload",
    "Score": "_evaluation",
    "Slots": "_policies",
    "Trial": "_evaluation",
    "Workload": "_workload",
    "evaluate": "_evaluation",
    "fitting": "_policies",
    "follow": "_policies",
    "instant_of": "_workload",
    "next_workday": "_policies",
    "outcomes_at": "_planning",
    "plan_job": "_planning",
    "read_workload": "_workload",
    "realise": "_planning",
    "replan": "_planning",
    "replan_rest": "_planning",
    "Progress": "_planning",
    "replay": "_policies",
    "semi_weekly": "_policies",
    "slots_of": "_policies",
    "with_spread": "_candidate",
}

__getattr__ = lazily(__name__, _HOMES)

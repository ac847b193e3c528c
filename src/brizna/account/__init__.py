"""From energy to a footprint, by pure functions over records.

Promises: every figure names the assumptions and factors it came from, an old footprint computes
to the same bytes from its own frozen factors, and what cannot be computed is absent with its
reason. Refuses to guess: factors for a place and its hardware come in as arguments.
"""

from __future__ import annotations

from brizna.account._case import Case, read_case, subject_of_case
from brizna.account._claims import Claim, claims
from brizna.account._explain import FIGURES, doubt_shares, explain
from brizna.account._factors import (
    Equivalence,
    PublishedModel,
    coefficient,
    embodied,
    embodied_of_device,
    equivalences,
    lifetime,
    published_models,
    pue,
    water,
)
from brizna.account._footprint import (
    Assumptions,
    Footprint,
    FunctionalUnit,
    Step,
    Subject,
    account,
    factor_set,
    recompute,
    subject_of_run,
)
from brizna.account._inference import estimate_inference, measured_models
from brizna.account._moved import Moved, Reaccount, moved
from brizna.account._sets import Difference, FactorSet, differences, factor_set_of, find_factors

__all__ = [
    "FIGURES",
    "Assumptions",
    "Case",
    "Claim",
    "Difference",
    "Equivalence",
    "FactorSet",
    "Footprint",
    "FunctionalUnit",
    "Moved",
    "PublishedModel",
    "Reaccount",
    "Step",
    "Subject",
    "account",
    "claims",
    "coefficient",
    "differences",
    "doubt_shares",
    "embodied",
    "embodied_of_device",
    "equivalences",
    "estimate_inference",
    "explain",
    "factor_set",
    "factor_set_of",
    "find_factors",
    "lifetime",
    "measured_models",
    "moved",
    "published_models",
    "pue",
    "read_case",
    "recompute",
    "subject_of_case",
    "subject_of_run",
    "water",
]

"""From energy to a footprint, by pure functions over records.

Promises: every figure names the assumptions and factors it came from, an old footprint computes
to the same bytes from its own frozen factors, and what cannot be computed is absent with its
reason. Refuses to guess: factors for a place and its hardware come in as arguments.
"""

from __future__ import annotations

from brizna.account._assumptions import Assumptions, FunctionalUnit
from brizna.account._boundary import EMBODIED, ITEMS, Bound, unlike
from brizna.account._case import Case, read_case, subject_of_case
from brizna.account._claims import Claim, claims
from brizna.account._diffusion import (
    ImageModel,
    Picture,
    estimate_picture,
    find_image_model,
)
from brizna.account._embodied import SERVER_WORDS, ServerParts, embodied_parts, read_server
from brizna.account._explain import BESIDE, FIGURES, doubt_shares, explain
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
    Footprint,
    Step,
    Subject,
    account,
    factor_set,
    recompute,
    subject_of_run,
)
from brizna.account._hourly import Hour, Hourly, by_the_hour
from brizna.account._inference import (
    STACKS,
    TASKS,
    Answer,
    Deployment,
    estimate_answer,
    estimate_inference,
    measured_models,
    prompt_tokens,
)
from brizna.account._lifecycle import (
    BreakEven,
    Chosen,
    Life,
    Lived,
    Option,
    choose,
    lifecycle,
)
from brizna.account._models import (
    Accelerator,
    LanguageModel,
    find_accelerator,
    find_model,
    known_models,
)
from brizna.account._moved import Moved, Reaccount, moved
from brizna.account._sci import (
    PERSONAS,
    STAGES,
    Sci,
    SciForAi,
    Staged,
    persona_of,
    sci,
    sci_for_ai,
)
from brizna.account._sets import Difference, FactorSet, differences, factor_set_of, find_factors
from brizna.account._training import (
    PublishedTraining,
    Trained,
    Training,
    estimate_training,
    published_trainings,
)

__all__ = [
    "BESIDE",
    "EMBODIED",
    "FIGURES",
    "ITEMS",
    "PERSONAS",
    "SERVER_WORDS",
    "STACKS",
    "STAGES",
    "TASKS",
    "Accelerator",
    "Answer",
    "Assumptions",
    "Bound",
    "BreakEven",
    "Case",
    "Chosen",
    "Claim",
    "Deployment",
    "Difference",
    "Equivalence",
    "FactorSet",
    "Footprint",
    "FunctionalUnit",
    "Hour",
    "Hourly",
    "ImageModel",
    "LanguageModel",
    "Life",
    "Lived",
    "Moved",
    "Option",
    "Picture",
    "PublishedModel",
    "PublishedTraining",
    "Reaccount",
    "Sci",
    "SciForAi",
    "ServerParts",
    "Staged",
    "Step",
    "Subject",
    "Trained",
    "Training",
    "account",
    "by_the_hour",
    "choose",
    "claims",
    "coefficient",
    "differences",
    "doubt_shares",
    "embodied",
    "embodied_of_device",
    "embodied_parts",
    "equivalences",
    "estimate_answer",
    "estimate_inference",
    "estimate_picture",
    "estimate_training",
    "explain",
    "factor_set",
    "factor_set_of",
    "find_accelerator",
    "find_factors",
    "find_image_model",
    "find_model",
    "known_models",
    "lifecycle",
    "lifetime",
    "measured_models",
    "moved",
    "persona_of",
    "prompt_tokens",
    "published_models",
    "published_trainings",
    "pue",
    "read_case",
    "read_server",
    "recompute",
    "sci",
    "sci_for_ai",
    "subject_of_case",
    "subject_of_run",
    "unlike",
    "water",
]

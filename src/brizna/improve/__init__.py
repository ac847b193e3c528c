"""The workshop: a smaller, faster model that is still good enough, proved by measurement.

Promises: a model is a folder whose content has a digest; each change of it is one class with
preconditions, carried out in a fresh process; a composition that cannot work is never built, one
that fails is a row with its reason; what a variant costs is measured beside the baseline, in turn,
each time in a fresh process; its quality is judged on paired scores of the same items, and what
was picked is confirmed on items that played no part in picking it.

Refuses to assume: no count of operations, bits or parameters stands for energy; processor seconds
are told as such, and never as joules; a variant whose items are too few is undecided, not passed.

Heavy libraries are imported only in the processes that work on a model.
"""

from __future__ import annotations

from brizna.core.lazy import lazily

TYPE_CHECKING = False
if TYPE_CHECKING:
    from brizna.improve._arms import PER, Arm, is_close
    from brizna.improve._artefact import (
        Recipe,
        load_served,
        loads_alone,
        read_recipe,
        refuse_foreign,
        write_artefact,
    )
    from brizna.improve._cached import (
        AnswerCosts,
        CacheSize,
        RequestCache,
        judge_cache,
        recommended_of,
    )
    from brizna.improve._graph import AS_IT_IS, Graph
    from brizna.improve._machine import Machine, this_machine
    from brizna.improve._material import Material
    from brizna.improve._model import Made, Model, open_model, seal
    from brizna.improve._outcome import Improvement, Row, outcome_of, yearly_energies
    from brizna.improve._race import TOO_LARGE, Progress, Race, part
    from brizna.improve._rebuilt import Rebuilt
    from brizna.improve._registry import (
        all_runtimes,
        all_transforms,
        distributions_of,
        plainest_serving,
        runtime_named,
        transform_from,
    )
    from brizna.improve._search import Search
    from brizna.improve._serving import Runtime, Serving, Session
    from brizna.improve._study import Study, key_of, read_budget, study_of
    from brizna.improve._trace import Trace, read_trace
    from brizna.improve._transform import Transform, Variant
    from brizna.improve._workshop import (
        Launched,
        StepFailedError,
        Workshop,
        run_plainly,
        unwritable,
    )

__all__ = [
    "AS_IT_IS",
    "PER",
    "TOO_LARGE",
    "AnswerCosts",
    "Arm",
    "CacheSize",
    "Graph",
    "Improvement",
    "Launched",
    "Machine",
    "Made",
    "Material",
    "Model",
    "Progress",
    "Race",
    "Rebuilt",
    "Recipe",
    "RequestCache",
    "Row",
    "Runtime",
    "Search",
    "Serving",
    "Session",
    "StepFailedError",
    "Study",
    "Trace",
    "Transform",
    "Variant",
    "Workshop",
    "all_runtimes",
    "all_transforms",
    "distributions_of",
    "is_close",
    "judge_cache",
    "key_of",
    "load_served",
    "loads_alone",
    "open_model",
    "outcome_of",
    "part",
    "plainest_serving",
    "read_budget",
    "read_recipe",
    "read_trace",
    "recommended_of",
    "refuse_foreign",
    "run_plainly",
    "runtime_named",
    "seal",
    "study_of",
    "this_machine",
    "transform_from",
    "unwritable",
    "write_artefact",
    "yearly_energies",
]

_HOMES = {
    "AS_IT_IS": "_graph",
    "PER": "_arms",
    "TOO_LARGE": "_race",
    "AnswerCosts": "_cached",
    "Arm": "_arms",
    "CacheSize": "_cached",
    "RequestCache": "_cached",
    "judge_cache": "_cached",
    "recommended_of": "_cached",
    "is_close": "_arms",
    "Recipe": "_artefact",
    "load_served": "_artefact",
    "read_recipe": "_artefact",
    "loads_alone": "_artefact",
    "refuse_foreign": "_artefact",
    "unwritable": "_workshop",
    "write_artefact": "_artefact",
    "yearly_energies": "_outcome",
    "Graph": "_graph",
    "Machine": "_machine",
    "this_machine": "_machine",
    "Material": "_material",
    "Made": "_model",
    "Model": "_model",
    "open_model": "_model",
    "seal": "_model",
    "Improvement": "_outcome",
    "Row": "_outcome",
    "outcome_of": "_outcome",
    "Progress": "_race",
    "Race": "_race",
    "part": "_race",
    "all_runtimes": "_registry",
    "all_transforms": "_registry",
    "Rebuilt": "_rebuilt",
    "distributions_of": "_registry",
    "plainest_serving": "_registry",
    "runtime_named": "_registry",
    "transform_from": "_registry",
    "Search": "_search",
    "Runtime": "_serving",
    "Serving": "_serving",
    "Session": "_serving",
    "Study": "_study",
    "key_of": "_study",
    "read_budget": "_study",
    "study_of": "_study",
    "Trace": "_trace",
    "read_trace": "_trace",
    "Transform": "_transform",
    "Variant": "_transform",
    "Launched": "_workshop",
    "StepFailedError": "_workshop",
    "Workshop": "_workshop",
    "run_plainly": "_workshop",
}

__getattr__ = lazily(__name__, _HOMES)

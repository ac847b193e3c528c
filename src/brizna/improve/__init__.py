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
    from brizna.improve._machine import Machine, this_machine
    from brizna.improve._material import Material
    from brizna.improve._model import Made, Model, open_model, seal
    from brizna.improve._registry import all_runtimes, all_transforms, runtime_named, transform_from
    from brizna.improve._serving import Runtime, Serving, Session
    from brizna.improve._transform import Transform, Variant

__all__ = [
    "Machine",
    "Made",
    "Material",
    "Model",
    "Runtime",
    "Serving",
    "Session",
    "Transform",
    "Variant",
    "all_runtimes",
    "all_transforms",
    "open_model",
    "runtime_named",
    "seal",
    "this_machine",
    "transform_from",
]

_HOMES = {
    "Machine": "_machine",
    "this_machine": "_machine",
    "Material": "_material",
    "Made": "_model",
    "Model": "_model",
    "open_model": "_model",
    "seal": "_model",
    "all_runtimes": "_registry",
    "all_transforms": "_registry",
    "runtime_named": "_registry",
    "transform_from": "_registry",
    "Runtime": "_serving",
    "Serving": "_serving",
    "Session": "_serving",
    "Transform": "_transform",
    "Variant": "_transform",
}

__getattr__ = lazily(__name__, _HOMES)

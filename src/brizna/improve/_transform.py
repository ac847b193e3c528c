"""What a transform is: one step from a model to another, with what must hold before it.

Transforms form a graph: each takes models of some kinds and gives one, and has a stage; a step is
only ever put behind steps of earlier stages. What else must hold, `applies` says of the very
model that was built, so that a composition that cannot work is never built.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from brizna.core.records import Record
from brizna.improve._serving import Serving

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, ClassVar, Self

    from brizna.improve._machine import Machine
    from brizna.improve._material import Material
    from brizna.improve._model import Made, Model

SLIM, TRAIN, FOLD, CAST, EXPORT, CLEAN, FUSE, CONVERT, SHRINK = range(10, 100, 10)
"""Stages, in the order in which steps may follow each other: take parts out or replace them, train
again, fold what training added into the weights, change number formats, export to another form,
normalise the graph, fuse operators, convert to a runtime's own form, fewer bits."""


@runtime_checkable
class Transform(Protocol):
    """One way of changing a model: a frozen record whose fields are its parameters.

    An implementation is a `brizna.core.records.Record` with these class attributes and methods;
    it is right when `brizna.testing.transform_conformance` finds nothing.

    Attributes:
        name: What it is called.
        takes: Kinds of models it takes.
        stage: One of the stages above.
        lossless: Whether it needs neither data nor training and is meant to change nothing that
            counts. It is checked all the same, and comes first.
        needs: Which parts of the material it needs, such as ``train``.
        distributions: What must be installed.
        extra: Extra of brizna that installs them; empty for none.

    One that is worth nothing by itself for some models, but lets other steps read them, says so by
    a method ``only_mends(model)``: it is then put before a step that failed, and nowhere else.
    """

    name: ClassVar[str]
    takes: ClassVar[tuple[str, ...]]
    stage: ClassVar[int]
    lossless: ClassVar[bool]
    needs: ClassVar[tuple[str, ...]]
    distributions: ClassVar[tuple[str, ...]]
    extra: ClassVar[str]

    @classmethod
    def choices(cls) -> tuple[Self, ...]:
        """Return it with each of the parameters that a search tries unless told otherwise."""
        ...

    def applies(self, model: Model, machine: Machine) -> str | None:
        """Return why it cannot be done to this model here; None if it can.

        Kinds, stages, material and installed libraries have been seen to before.
        """
        ...

    def apply(self, model: Model, material: Material, folder: str) -> Made:
        """Write the changed model's files into an empty folder, in a fresh process.

        Whatever it raises becomes a row with the reason.
        """
        ...

    def cost_hint_s(self, model: Model) -> float:
        """Return about how many processor seconds it takes, for ordering trials."""
        ...

    def to_json(self) -> dict[str, Any]:
        """Return its parameters."""
        ...

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Return it with these parameters."""
        ...


class Variant(Record):
    """A model as it would be used: the steps that make it, and how it is run.

    Attributes:
        steps: Name and parameters of each step, in order; none for the model as it came.
        serving: How it is run.
    """

    steps: tuple[Any, ...]
    serving: Serving

    _forms: ClassVar = {"steps": tuple, "serving": Serving.from_json}

    @property
    def name(self) -> str:
        """What it is called in a table: its steps, then how it is run."""
        return " + ".join([*(step_name(step) for step in self.steps), self.serving.name])


def step_of(transform: Transform) -> dict[str, Any]:
    """Return the name and parameters of a step, as a recipe keeps them."""
    return {"name": transform.name, **transform.to_json()}


def step_name(step: Mapping[str, Any]) -> str:
    """Return what a step is called in a table, such as ``prune(ratio=0.5)``."""
    inside = ", ".join(f"{key}={value}" for key, value in step.items() if key != "name")
    return f"{step['name']}({inside})" if inside else str(step["name"])

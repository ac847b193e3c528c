"""The graph of models that steps make of one another, and which compositions there can be."""

from __future__ import annotations

from brizna.core.codec import digest
from brizna.core.errors import InputError, Said
from brizna.core.records import Record
from brizna.improve._registry import all_runtimes, all_transforms, declines, transform_from
from brizna.improve._transform import CONVERT, step_name, step_of
from brizna.improve._workshop import StepFailedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from brizna.improve._machine import Machine
    from brizna.improve._model import Model
    from brizna.improve._study import Study
    from brizna.improve._transform import Transform
    from brizna.improve._workshop import Workshop

_TAKEN = "model/source"
AS_IT_IS = "as it is"
"""What the model is called that no step has changed."""
NORMALISE = "normalise"
"""Name of the step that is put before one that failed on a graph, which is then tried once more."""


class Node(Record):
    """A model in the graph.

    Attributes:
        model: The model.
        keys: What the steps that made it are known by in the journal.
        lossy: Names of those of its steps that may change what counts, in order.
        stage: Of its last step; 0 for the model as it came.
    """

    model: Model
    keys: tuple[str, ...]
    lossy: tuple[str, ...] = ()
    stage: int = 0

    @property
    def name(self) -> str:
        """What it is called in a table."""
        return " + ".join(step_name(step) for step in self.model.steps) or AS_IT_IS


class Declined(Record):
    """A composition that was not built.

    Attributes:
        model: The model that the step was not put behind.
        step: The step.
        why: Why not.
    """

    model: str
    step: str
    why: str


class Failed(Record):
    """A composition that could not be built, or a variant that could not be run.

    Attributes:
        name: What it is called.
        why: What went wrong.
        cpu_s: Processor seconds that went into it.
    """

    name: str
    why: str
    cpu_s: float = 0.0


class Graph:
    """What has been built.

    Attributes:
        nodes: The models, the one that came first.
        items: How many items there are to score. ``groups``: of each, where they have any.
        declined: Compositions that were not built.
        failed: Those that could not be.
    """

    def __init__(
        self,
        study: Study,
        workshop: Workshop,
        machine: Machine,
        *,
        tell: Callable[[str], object] = lambda _: None,
    ) -> None:
        """Take the model in.

        Args:
            study: What is to be done.
            workshop: Where.
            machine: On what.
            tell: Called with the name of each composition before it is built.

        Raises:
            StepFailedError: If it cannot be taken.
        """
        self._study = study
        self._workshop = workshop
        self._machine = machine
        self._tell = tell
        self._transforms = all_transforms(study.plugins, path=study.material.path)
        self._runnable = {
            kind
            for runtime in all_runtimes(study.plugins, path=study.material.path)
            if not study.runtimes or runtime.name in study.runtimes
            for kind in runtime.takes
        }
        self.declined: dict[tuple[str, str], Declined] = {}
        self.failed: list[Failed] = []
        model, answer = workshop.build(_TAKEN, "take", model=study.source)
        self.items: int = answer["items"]
        self.groups: list[list[str]] | None = answer.get("groups")
        if self.groups is not None and len(self.groups) != self.items:
            raise InputError(
                "There are {items} items, but the groups of {groups}: expected those of each. "
                "Return as many from groups as it is given items.",
                items=self.items,
                groups=len(self.groups),
            )
        self.nodes = [Node(model=model, keys=(_TAKEN,))]

    @property
    def root(self) -> Node:
        """The model as it came."""
        return self.nodes[0]

    def choices(self, *, lossless: bool) -> list[tuple[Transform, ...]]:
        """Return the steps that the study tries: each with its parameters, the likeliest first."""
        return [
            kind.choices()
            for kind in self._transforms
            if kind.lossless == lossless and self._study.tries(kind.name)
        ]

    def allows(self, node: Node, transform: Transform) -> bool:
        """Return whether a step may be put behind a model; if not for its own reason, note why."""
        if node.model.kind not in transform.takes or transform.stage <= node.stage:
            return False
        why = declines(transform, node.model, self._machine, self._study.material)
        if why is None and not self._can_be_run(transform):
            why = str(Said("no runtime that the study allows runs what it gives"))
        if why is None and len(self.nodes) >= self._study.most:
            text = Said(
                "{most} models are built, which is what the study allows", most=self._study.most
            )
            why = str(text)
        if why is not None:
            self.decline(node, transform, why)
        return why is None

    def _can_be_run(self, transform: Transform) -> bool:
        """Return whether what a step gives can be run, where it is of a form for one runtime.

        An earlier form may still become another one; a runtime's own form stays what it is.
        """
        gives = getattr(transform, "gives", None)
        return gives is None or transform.stage < CONVERT or gives in self._runnable

    def decline(self, node: Node, transform: Transform, why: str) -> None:
        """Note why a step is not put behind a model."""
        step = step_name(step_of(transform))
        known = (node.name, step)
        self.declined.setdefault(known, Declined(model=known[0], step=step, why=why))

    def decline_runtime(self, node: Node, runtime: str, why: str) -> None:
        """Note why a runtime does not run a model, unless it was said of another before."""
        if any((one.step, one.why) == (runtime, why) for one in self.declined.values()):
            return
        known = (node.name, runtime)
        self.declined.setdefault(known, Declined(model=known[0], step=runtime, why=why))

    def key(self, node: Node, transform: Transform) -> str:
        """Return what the model that a step makes of another is known by."""
        return f"model/{digest([list(node.model.steps), step_of(transform)])[7:23]}"

    def knows(self, node: Node, transform: Transform) -> bool:
        """Return whether a step was put behind a model before, in this sitting or another."""
        return self._workshop.knows(self.key(node, transform))

    def build(self, node: Node, transform: Transform) -> Node | None:
        """Put a step behind a model; None where that fails, which becomes a row.

        A graph that a step cannot read is normalised, and the step tried once more.
        """
        step = step_of(transform)
        name = " + ".join(filter(None, [node.name if node.keys[1:] else "", step_name(step)]))
        key = self.key(node, transform)
        if not self.knows(node, transform):
            self._tell(name)
        try:
            model, _ = self._workshop.build(key, "apply", model=node.model.folder, step=step)
        except StepFailedError as error:
            if error.is_cut:
                self.decline(node, transform, str(Said("the budget ended while it was built")))
                return None
            cleaner = None if node.model.has_step(NORMALISE) else self._normalised(node, transform)
            if cleaner is not None:
                return self.build(cleaner, transform)
            spent_s = self._workshop.spent_on([key])[0]
            self.failed.append(Failed(name=name, why=str(error), cpu_s=spent_s))
            return None
        lossy = node.lossy if transform.lossless else (*node.lossy, transform.name)
        made = Node(model=model, keys=(*node.keys, key), lossy=lossy, stage=transform.stage)
        twin = self._twin(made)
        if twin is not None:
            why = str(Said("it gives the same graph as {name}", name=twin.name))
            self.decline(node, transform, why)
            return None
        self.nodes.append(made)
        return made

    def again(self, node: Node, steps: list[dict[str, str]]) -> Node | None:
        """Put several steps behind a model, one after the other, as far as they may be."""
        for step in steps:
            transform = transform_from(step, self._study.plugins, path=self._study.material.path)
            if not self.allows(node, transform):
                return None
            made = self.build(node, transform)
            if made is None:
                return None
            node = made
        return node

    def _normalised(self, node: Node, transform: Transform) -> Node | None:
        """Return the graph of a model, normalised, where that can be done before a step."""
        for cleaner, *_ in self.choices(lossless=True):
            if cleaner.name == NORMALISE and cleaner.stage < transform.stage:
                known = [
                    one for one in self.nodes if one.keys == (*node.keys, self.key(node, cleaner))
                ]
                if known:
                    return known[0]
                if self.allows(node, cleaner):
                    return self.build(node, cleaner)
        return None

    def _twin(self, made: Node) -> Node | None:
        """Return a model of the same operators and numbers that lossless steps made as well."""
        told = ("operators", "dtypes")
        facts = made.model.facts
        if made.lossy or not all(facts.get(name) for name in told):
            return None
        for node in self.nodes[1:]:
            is_same = node.model.kind == made.model.kind and not node.lossy
            if is_same and all(node.model.facts.get(name) == facts[name] for name in told):
                return node
        return None

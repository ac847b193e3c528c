"""The frontier: all steps that could be put behind the models there are, and which comes next."""

from __future__ import annotations

from brizna.core.records import Record
from brizna.improve._transform import SLIM

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from brizna.improve._arms import Arm
    from brizna.improve._graph import Graph, Node
    from brizna.improve._race import Race
    from brizna.improve._transform import Transform

NEAR = 1.5
"""Lossless ways that take more than this times the least are not tried again behind other steps."""
_HOPE = 0.5
"""What a further step may at most be expected to leave of what a variant takes."""
_DEEPEST = 3
"""Steps that may change what counts, one behind the other."""
_ALIKE, _PARENTS = 1.15, 2
"""A model that takes less than this times the best one may be as good to put a step behind, as
single trials are that far apart by chance; so many are tried."""


class Step(Record):
    """A step that could be put behind a model.

    Attributes:
        node: The model.
        transform: The step.
        hope: What the cheapest variant that comes of it may at best take, as a part of the base.
        is_hopeless: Whether some variant that is surely good enough takes no more already.
        place: Its place among the choices of its parameters that can be done, and of models to put
            it behind, the likeliest first.
        price_s: Processor seconds that building and trying it take, as far as is known.
    """

    node: Node
    transform: Any
    hope: float
    is_hopeless: bool
    place: int
    price_s: float

    @property
    def order(self) -> tuple[bool, int, bool, float, float]:
        """What is less comes first."""
        lossy = not self.transform.lossless
        return self.is_hopeless, self.place, lossy, self.hope, self.price_s


class Frontier:
    """What could be built next.

    Attributes:
        pace: Seconds that building really takes for each that steps say it takes.
    """

    def __init__(self, graph: Graph, race: Race) -> None:
        """Begin with the model as it came."""
        self._graph = graph
        self._race = race
        self._nodes = {race.base.name: graph.root}
        self._begun: set[str] = set()
        self._took_s, self._hinted_s = 0.0, 0.0
        self._kinds = {lossless: graph.choices(lossless=lossless) for lossless in (True, False)}

    def node_of(self, arm: Arm) -> Node:
        """Return the model that a variant runs."""
        return self._nodes[arm.name]

    def remember(self, arms: Iterable[Arm], node: Node) -> None:
        """Note which model variants run."""
        self._nodes |= {arm.name: node for arm in arms if arm.name not in self._nodes}

    def begin(self, step: Step) -> None:
        """Note that a step is not to come again."""
        self._begun.add(self._graph.key(step.node, step.transform))

    def took(self, step: Step, spent_s: float) -> None:
        """Note what building took."""
        self._took_s += spent_s
        self._hinted_s += step.transform.cost_hint_s(step.node.model)

    @property
    def pace(self) -> float:
        """Processor seconds that building takes for each that steps said it would."""
        return self._took_s / self._hinted_s if self._hinted_s else 1.0

    def next(self) -> Step | None:
        """Return the step that comes next, of all that may be begun; None where none is left."""
        least = self._race.least()
        found = [*self._lossless(least), *self._lossy(least)]
        return min(found, key=lambda step: step.order, default=None)

    def _lossless(self, least: float) -> Iterable[Step]:
        """Return what changes nothing, behind each model that is among the best of its form."""
        plain = [node for node in self._graph.nodes if not node.lossy]
        for node in plain:
            if not self._is_near(node, plain):
                continue
            for choices in self._kinds[True]:
                able = [one for one in choices if self._graph.allows(node, one)]
                for place, transform in enumerate(able):
                    if self._is_new(node, transform) and not _only_mends(node, transform):
                        yield self._step(node, transform, place, self.known(node), least)

    def _lossy(self, least: float) -> Iterable[Step]:
        """Return what may change what counts, behind the best models of each history."""
        histories = {node.lossy for node in self._graph.nodes if len(node.lossy) < _DEEPEST}
        for history in sorted(histories):
            for choices in self._kinds[False]:
                able = [(one, self._parents(history, one)) for one in choices]
                able = [(one, parents) for one, parents in able if parents]
                for place, (transform, parents) in enumerate(able):
                    for spare, node in enumerate(parents):
                        if self._is_new(node, transform):
                            reach = self._reach(node, transform)
                            yield self._step(node, transform, place + spare, reach, least)

    def _is_new(self, node: Node, transform: Transform) -> bool:
        return self._graph.key(node, transform) not in self._begun

    def _step(
        self, node: Node, transform: Transform, place: int, ratio: float, least: float
    ) -> Step:
        gives = getattr(transform, "gives", node.model.kind)
        hint_s = transform.cost_hint_s(node.model)
        return Step(
            node=node,
            transform=transform,
            hope=_HOPE * ratio,
            is_hopeless=_HOPE * ratio >= least,
            place=place,
            price_s=hint_s * self.pace + self._race.trial_s(gives),
        )

    def _parents(self, history: tuple[str, ...], transform: Transform) -> list[Node]:
        """Return the models of a history that a step is put behind: the best, and what is alike."""
        trains = "train" in transform.needs
        able = [node for node in self._graph.nodes if node.lossy == history]
        able = [node for node in able if self._graph.allows(node, transform)]
        if history and not (trains and any(node.stage == SLIM for node in able)):
            able = [node for node in able if self._is_promising(history)]
        able.sort(key=self.ratio_of)
        most = self.ratio_of(able[0]) * _ALIKE if able else 0.0
        return [*able[:1], *(one for one in able[1:_PARENTS] if self.ratio_of(one) < most)]

    def _is_promising(self, history: tuple[str, ...]) -> bool:
        """Return whether any variant of a history is still in the race."""
        return any(
            arm.is_running and self._nodes[name].lossy == history
            for name, arm in self._race.arms.items()
            if name in self._nodes
        )

    def _is_near(self, node: Node, plain: Iterable[Node]) -> bool:
        """Return whether a model is among the cheapest of its form; all are where none can run."""
        alike = [one for one in plain if one.model.kind == node.model.kind]
        return node is self._graph.root or self.known(node) <= NEAR * min(map(self.known, alike))

    def ratio_of(self, node: Node) -> float:
        """Return the least cost of a model's variants; infinite where none was measured."""
        ratios = [
            self._race.ratio(arm)
            for name, arm in self._race.arms.items()
            if self._nodes.get(name) is node and not arm.is_failed
        ]
        return min((ratio for ratio in ratios if ratio is not None), default=float("inf"))

    def known(self, node: Node) -> float:
        """Return it; of a model that nothing runs here, that of the model it was made of."""
        for place in range(len(node.keys), 0, -1):
            for one in self._graph.nodes:
                if one.keys == node.keys[:place] and (ratio := self.ratio_of(one)) < float("inf"):
                    return ratio
        return 1.0

    def _reach(self, node: Node, transform: Transform) -> float:
        """Return the least cost of a model and of what lossless steps behind a step make of it."""
        later = [
            self.ratio_of(one)
            for one in self._graph.nodes
            if one.lossy == node.lossy
            and one.keys[: len(node.keys)] == node.keys
            and one.stage > transform.stage
        ]
        return min([self.known(node), *later])

    def ways(self) -> list[Node]:
        """Return of each form the best that lossless steps made, where it is near the best."""
        plain = [one for one in self._graph.nodes[1:] if not one.lossy]
        least = min(map(self.ratio_of, plain), default=float("inf"))
        best = [
            min((one for one in plain if one.model.kind == kind), key=self.ratio_of)
            for kind in sorted({one.model.kind for one in plain})
        ]
        return [one for one in best if self.ratio_of(one) <= NEAR * least]


def _only_mends(node: Node, transform: Any) -> bool:
    """Return whether a step is worth nothing by itself here, but lets others read the graph."""
    says = getattr(transform, "only_mends", None)
    return callable(says) and bool(says(node.model))

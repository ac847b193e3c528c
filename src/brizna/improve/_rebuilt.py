"""A model made again by its recipe, tried beside the model as it came, and scored."""

from __future__ import annotations

from math import fsum

from brizna.core.errors import InputError
from brizna.improve._arms import Arm
from brizna.improve._graph import Graph
from brizna.improve._race import Race, part
from brizna.improve._registry import plainest_serving
from brizna.improve._serving import Serving
from brizna.improve._transform import Variant
from brizna.improve._workshop import StepFailedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from brizna.improve._artefact import Recipe
    from brizna.improve._graph import Node
    from brizna.improve._machine import Machine
    from brizna.improve._model import Model
    from brizna.improve._study import Study
    from brizna.improve._workshop import Workshop


class Rebuilt:
    """What a recipe gave this time.

    Attributes:
        model: The model.
        ratio: Its cost as a part of the base's; None where it could not be told.
        quality: Its mean score, or figure, on the items that choose.
        is_alike: Whether both are the recipe's, within its tolerances.
    """

    model: Model
    ratio: float | None
    quality: float | None
    is_alike: bool

    def __init__(self, recipe: Recipe, study: Study, workshop: Workshop, machine: Machine) -> None:
        """Build, try and score.

        Raises:
            InputError: If a step fails, or the model it starts from is another.
        """
        try:
            graph = Graph(study, workshop, machine)
        except StepFailedError as error:
            raise InputError(
                "The model cannot be taken: {why}. Expected what the recipe's study names.",
                why=str(error),
            ) from error
        node = graph.again(graph.root, list(recipe.steps))
        if node is None:
            whys = [one.why for one in (*graph.failed, *graph.declined.values())]
            raise InputError(
                "A step of the recipe cannot be done here: {why}. Install what it was made with, "
                "which the recipe names under machine.",
                why="; ".join(whys),
            )
        self.model = node.model
        base = _arm(graph.root, plainest_serving(graph.root.model, study, machine))
        arm = _arm(node, Serving.from_json(recipe.serving))
        race = Race(base, part(graph.items, study, graph.groups), study, workshop, lambda _: None)
        race.heat([arm] if arm.name != base.name else [])
        race.final()
        if arm.is_failed:
            raise InputError(
                "The model was made, but it cannot be run: {why}. Install what it was made with.",
                why=arm.why or "-",
            )
        self.ratio = race.ratio(arm)
        for each in (base, arm):
            race.score(each, race.parts.choosing)
        guards = race.guards([arm], race.parts.choosing)
        self.quality = guards[arm.name].variant if guards else _mean(base)
        self.is_alike = _near(self.quality, recipe.quality, recipe.quality_tolerance) and (
            _near(self.ratio, recipe.ratio, recipe.ratio_tolerance * (recipe.ratio or 0.0))
        )


def _arm(node: Node, serving: Serving) -> Arm:
    variant = Variant(steps=node.model.steps, serving=serving)
    return Arm(variant, node.model, node.keys[1:], is_lossless=not node.lossy)


def _mean(arm: Arm) -> float | None:
    scores = [score for score in arm.scores.values() if isinstance(score, float)]
    return fsum(scores) / len(scores) if scores else None


def _near(value: float | None, expected: float | None, tolerance: float) -> bool:
    return value is None or expected is None or abs(value - expected) <= tolerance

"""The search: which models to build and to try, in which order, and when to stop.

1. All that is meant to change nothing: exports, runtimes, number formats the processor knows.
2. Each step that may change what counts, put behind the best model of those so far that it takes;
   behind it the lossless steps that were best, then further such steps, three at most. A step
   that trains may follow one whose quality is too low, as that is what it is for; no other may.
3. Of what is good enough and among the cheapest: more threads, larger batches, a cache.
4. The rest of the items for all that are left; the verdicts of all together; the cheapest that
   passes, confirmed on items that had no part in the choice.

It stops early where the budget is spent, and puts off a step that could not pay within a year.
"""

from __future__ import annotations

from brizna.check import confirm, holm
from brizna.core.errors import InputError, Said
from brizna.improve._arms import PER, Arm, is_close
from brizna.improve._graph import Graph
from brizna.improve._race import SPENT, TOO_LOW, Race, part
from brizna.improve._registry import all_runtimes, needs_libraries
from brizna.improve._transform import SLIM, Variant
from brizna.improve._workshop import StepFailedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from brizna.improve._graph import Node
    from brizna.improve._machine import Machine
    from brizna.improve._race import Progress
    from brizna.improve._serving import Runtime, Serving
    from brizna.improve._study import Study
    from brizna.improve._transform import Transform
    from brizna.improve._workshop import Workshop

_DEEPEST = 3
"""Steps that may change what counts, one behind the other."""
_NEAR = 1.5
"""Lossless ways that take more than this times the least are not tried again behind other steps."""
_SEARCHED = 0.7
"""Part of the budget after which nothing new is begun: the rest is for trying the best again."""
_HOPE = 0.5
"""What a further step may at most be expected to save of what the best variant takes."""
_OPERATED = 2
"""How many of the cheapest variants are tried with other threads, batches and a cache."""
_CONFIRMED = 3
"""How many of the cheapest that pass are held against the items that confirm, until one does."""

_ROUNDING = 1e-4
"""Scores that differ by less than this, or this part of them, are alike but for rounding."""


class Search:
    """One search, from the model as it came to the choice.

    Attributes:
        graph: The models.
        race: The variants.
        notes: What to know of how it went, in sentences.
        chosen: The variant to take; None where none is good enough and cheaper.
    """

    def __init__(
        self,
        study: Study,
        workshop: Workshop,
        machine: Machine,
        *,
        tell: Callable[[Progress], object] = lambda _: None,
    ) -> None:
        """Take the model in, and find how it is run as it is.

        Raises:
            InputError: If it cannot be taken or run, or there are too few items.
        """
        self._study = study
        self._workshop = workshop
        self._machine = machine
        runtimes = all_runtimes(study.plugins, path=study.material.path)
        self._runtimes = [
            one for one in runtimes if not study.runtimes or one.name in study.runtimes
        ]
        try:
            self.graph = Graph(study, workshop, machine)
        except StepFailedError as error:
            raise InputError(
                "The model cannot be taken: {why}. Expected what [model] names to load.",
                why=str(error),
            ) from error
        base = self._arms_of(self.graph.root, runtimes)
        if not base:
            raise InputError(
                "No runtime here runs a model of the kind {kind}: {why}. Install one, or name "
                "another under runtimes.",
                kind=self.graph.root.model.kind,
                why="; ".join(one.why for one in self.graph.declined.values()) or "-",
            )
        parts = part(self.graph.items, study)
        self.race = Race(
            as_today(base, study), parts, study, workshop, tell, is_spent=self._is_spent
        )
        self.notes: list[str] = []
        self.chosen: Arm | None = None
        self._most: int | None = None
        self._kinds: set[str] = set()
        self._begun: set[str] = set()
        self._nodes: dict[str, Node] = {}
        """The model of each variant, by its name."""

    def run(self) -> None:
        """Search, judge and choose: first with the likeliest parameters of each step, then all."""
        for most in (1, None):
            self._most = most
            self._lossless()
            for depth in range(1, _DEEPEST + 1):
                self._lossy(depth)
        self._compiled()
        self._operate()
        self.race.final()
        self._judge()
        self._choose()

    # ------------------------------------------------------------------------------------- build

    def _lossless(self) -> None:
        """Race the model and all that lossless steps make of it, one step after the other.

        Only what is near the best of its form is taken further, and each runtime is tried in all
        of its precisions only with the first model of a form.
        """
        if self._study.yearly is not None:
            self.race.heat([])  # what the model takes decides what may pay
        plain = [node for node in self.graph.nodes if not node.lossy]
        front = self._all_built([one for one in plain if one.stage == 0 or self._is_near(one)])
        front = front if self._kinds else [self.graph.root, *front]
        while front:
            arms: list[Arm] = []
            for node in front:
                arms += self._entered([node], every=node.model.kind not in self._kinds)
                self._kinds.add(node.model.kind)
            self.race.heat(arms)
            front = self._all_built([one for one in front if one.stage and self._is_near(one)])

    def _all_built(self, nodes: Iterable[Node]) -> list[Node]:
        """Return what lossless steps make of models."""
        return [
            made
            for node in nodes
            for transform in self.graph.steps(lossless=True, most=self._most)
            if (made := self._built(node, transform)) is not None
        ]

    def _is_near(self, node: Node) -> bool:
        """Return whether a model is among the cheapest of its form; all are where none can run."""
        alike = [one for one in self.graph.nodes if one.model.kind == node.model.kind]
        return self._ratio_of(node) <= _NEAR * min(map(self._ratio_of, alike))

    def _lossy(self, depth: int) -> None:
        """Put one more step that may change what counts behind each model that may have one."""
        histories = {node.lossy for node in self.graph.nodes if len(node.lossy) == depth - 1}
        made: list[Node] = []
        for transform in self.graph.steps(lossless=False, most=self._most):
            for history in sorted(histories):
                node = self._parent(history, transform)
                built = None if node is None else self._built(node, transform)
                if built is not None:
                    made += [built, *self._completed(built)]
        self.race.heat(self._entered(made, every=False))

    def _built(self, node: Node, transform: Transform) -> Node | None:
        """Build, if that is allowed, within the budget, may pay, and was not tried before."""
        key = self.graph.key(node, transform)
        if key in self._begun or not self.graph.allows(node, transform):
            return None
        if not self.graph.knows(node, transform):
            why = self._put_off(node, transform)
            if why is not None:
                self.graph.decline(node, transform, why)
                return None
        self._begun.add(key)
        return self.graph.build(node, transform)

    def _put_off(self, node: Node, transform: Transform) -> str | None:
        """Return why nothing new is begun: the budget is spent, or it could not pay in a year."""
        if self._is_spent():
            return SPENT
        cheapest = self.race.best()
        if self._study.yearly is None or cheapest is None:
            return None
        cost = cheapest.cost(by_energy=False)
        if cost is None:
            return None
        hope_s = cost.best.value / PER * _HOPE * self._study.yearly
        price_s = transform.cost_hint_s(node.model) + self._study.window_s * self._study.repeats
        if hope_s >= price_s:
            return None
        text = Said(
            "it would cost about {price} s of processor time, and in a year save at most {hope} s",
            price=f"{price_s:.3g}",
            hope=f"{hope_s:.3g}",
        )
        return str(text)

    def _is_spent(self) -> bool:
        study, workshop = self._study, self._workshop
        if study.budget_s is not None and workshop.spent_s >= study.budget_s * _SEARCHED:
            return True
        if study.budget_j is None:
            return False
        spent = workshop.spent_j
        if spent is None:
            raise InputError(
                "The budget is {budget_j} J, but the energy of this study is not measured here: "
                "give it as processor time, such as --budget 10min.",
                budget_j=study.budget_j,
            )
        return spent.best.value >= study.budget_j * _SEARCHED

    def _parent(self, history: tuple[str, ...], transform: Transform) -> Node | None:
        """Return the model of a history that a step is put behind: of those it takes, the best."""
        trains = "train" in transform.needs
        able = [node for node in self.graph.nodes if node.lossy == history]
        able = [node for node in able if self.graph.allows(node, transform)]
        if history and not (trains and any(node.stage == SLIM for node in able)):
            able = [node for node in able if self._is_promising(history)]
        if not able:
            return None
        order = {id(node): place for place, node in enumerate(self.graph.nodes)}
        return min(able, key=lambda node: (self._ratio_of(node), order[id(node)]))

    def _is_promising(self, history: tuple[str, ...]) -> bool:
        """Return whether any variant of a history is still in the race."""
        return any(
            arm.is_running and self._nodes[name].lossy == history
            for name, arm in self.race.arms.items()
            if name in self._nodes
        )

    def _ratio_of(self, node: Node) -> float:
        """Return the least cost of a model's variants; infinite where none was measured."""
        ratios = [
            self.race.ratio(arm)
            for name, arm in self.race.arms.items()
            if name in self._nodes and self._nodes[name] is node and not arm.is_failed
        ]
        return min((ratio for ratio in ratios if ratio is not None), default=float("inf"))

    def _completed(self, node: Node) -> list[Node]:
        """Return what the lossless ways that were best make of a model that a step has made."""
        plain = [one for one in self.graph.nodes[1:] if not one.lossy]
        least = min(map(self._ratio_of, plain), default=float("inf"))
        made: list[Node] = []
        for kind in sorted({one.model.kind for one in plain}):
            ways = [one for one in plain if one.model.kind == kind]
            best = min(ways, key=self._ratio_of)
            if self._ratio_of(best) <= _NEAR * least:
                found = self._followed(node, best)
                made += [] if found is None or found is node else [found]
        return made

    def _followed(self, node: Node, way: Node) -> Node | None:
        """Return what the later steps of a lossless way make of a model."""
        kinds = {one.name: one for one in self.graph.steps(lossless=True)}
        steps = [
            step
            for step in way.model.steps
            if step["name"] in kinds and kinds[step["name"]].stage > node.stage
        ]
        return None if self._is_spent() else self.graph.again(node, steps)

    # -------------------------------------------------------------------------------------- race

    def _arms_of(self, node: Node, runtimes: Iterable[Runtime]) -> list[Arm]:
        """Return the variants of a model: each way in which a runtime here runs it."""
        threads = self._study.threads[0]
        found: list[Arm] = []
        for runtime in runtimes:
            if node.model.kind not in runtime.takes:
                continue
            missing = self._machine.lacks(runtime.distributions)
            lacks = needs_libraries(missing, runtime.extra) if missing else None
            able: list[Arm] = []
            why = lacks
            for serving in runtime.servings(node.model, self._machine):
                whole = serving.replace(threads=threads)
                refused = runtime.refuses(node.model, whole, self._machine) or lacks
                if refused is None:
                    able.append(self._arm(node, whole))
                why = refused or why
            if why is not None and not able:
                self.graph.decline_runtime(node, runtime.name, why)
            found += able
        return found

    def _arm(self, node: Node, serving: Serving) -> Arm:
        variant = Variant(steps=node.model.steps, serving=serving)
        return Arm(variant, node.model, node.keys[1:], is_lossless=not node.lossy)

    def _entered(self, nodes: Iterable[Node], *, every: bool) -> list[Arm]:
        """Return the variants of models that are to be tried.

        Args:
            nodes: The models.
            every: Whether each runtime is tried with all of its precisions; else only with the
                one that was best before, where that is known.
        """
        arms: list[Arm] = []
        for node in nodes:
            for runtime in self._runtimes:
                if getattr(runtime, "compiles", False):
                    continue
                found = self._arms_of(node, [runtime])
                arms += found if every else self._usual(runtime, found)
            self._nodes |= {arm.name: node for arm in arms if arm.name not in self._nodes}
        return arms

    def _usual(self, runtime: Runtime, arms: list[Arm]) -> list[Arm]:
        """Return those in the precision in which the runtime did best before, else the plainest."""
        before = [
            arm
            for arm in self.race.arms.values()
            if arm.variant.serving.runtime == runtime.name and arm.is_lossless and not arm.is_failed
        ]
        ratios = {arm.variant.serving.precision: self.race.ratio(arm) for arm in before}
        known = {name: ratio for name, ratio in ratios.items() if ratio is not None}
        best = min(known, key=lambda name: known[name], default=None)
        return [arm for arm in arms if arm.variant.serving.precision == best] or arms[:1]

    def _compiled(self) -> None:
        """Try what takes long to load with the model that the same form does best with.

        Only where that is near the best of all: a compiler rarely makes up for more.
        """
        arms: list[Arm] = []
        for runtime in self._runtimes:
            able = [
                (ratio, arm)
                for arm in self.race.arms.values()
                if getattr(runtime, "compiles", False)
                and arm.is_running
                and arm.model.kind in runtime.takes
                and (ratio := self.race.ratio(arm)) is not None
            ]
            if able and not self._is_spent():
                node = self._nodes[min(able, key=lambda one: one[0])[1].name]
                arms += self._usual(runtime, self._arms_of(node, [runtime]))
                self._nodes |= {arm.name: node for arm in arms}
        if arms:
            self.race.heat(arms)

    def _operate(self) -> None:
        """Try the cheapest variants with other threads, batches and a cache."""
        study = self._study
        changes = [{"threads": count} for count in study.threads[1:]]
        for rows in study.batches:
            changes += [{"batch": rows}] + ([{"batch": rows, "bucket": True}] * study.by_length)
        changes += [{"cache": study.cache}] * bool(study.cache)
        running = [arm for arm in self.race.arms.values() if arm.is_running]
        known = [(ratio, arm) for arm in running if (ratio := self.race.ratio(arm)) is not None]
        cheapest = [arm for _, arm in sorted(known, key=lambda one: one[0])[:_OPERATED]]
        arms: list[Arm] = []
        for arm in cheapest if changes and not self._is_spent() else ():
            for change in changes:
                serving = arm.variant.serving.replace(**change)
                variant = arm.variant.replace(serving=serving)
                arms.append(Arm(variant, arm.model, arm.keys, is_lossless=arm.is_lossless))
        if arms:
            self.race.heat(arms)

    # ------------------------------------------------------------------------------------ choice

    def _judge(self) -> None:
        """Score what is left on all items that choose, and judge all together."""
        race = self.race
        race.score(race.base, race.parts.choosing)
        for arm in list(race.arms.values()):
            if arm is not race.base and arm.is_running:
                race.score(arm, race.parts.choosing)
        left = [arm for arm in race.arms.values() if arm.is_running]
        guards = {name: arm.guard for name, arm in race.arms.items() if arm.guard is not None}
        guards |= race.guards(left, race.parts.choosing)
        for name, judged in (holm(guards) if guards else {}).items():
            arm = race.arms[name]
            is_alike = arm.is_lossless and judged.verdict == "undecided" and self._is_alike(arm)
            guard = judged.replace(verdict="pass", method="alike") if is_alike else judged
            arm.guard = guard
            if guard.verdict == "fail" and arm.why is None:
                arm.why = TOO_LOW

    def _is_alike(self, arm: Arm) -> bool:
        """Return whether a variant computes in the base's precision and changed no score at all.

        Such a variant needs no test of its quality: each step keeps what the model computes, and
        the items show that it did so.
        """
        base = self.race.base
        is_same = arm.variant.serving.precision == base.variant.serving.precision
        return is_same and all(
            is_close(arm.scores[number], base.scores[number], within=_ROUNDING)
            for number in self.race.parts.choosing
            if number in arm.scores
        )

    def _choose(self) -> None:
        """Take the cheapest that passes and is confirmed."""
        race = self.race
        able = [arm for arm in race.arms.values() if arm.is_running and arm.is_passed]
        told = [
            (ratio, arm) for arm in able if (ratio := race.ratio(arm)) is not None and ratio < 1
        ]
        order = [arm for _, arm in sorted(told, key=lambda one: one[0])]
        if not race.parts.confirm:
            self.chosen = order[0] if order else None
            if order:
                self.notes.append(str(Said("no items were kept back to confirm the choice")))
            return
        for place, arm in enumerate(order[:_CONFIRMED], start=1):
            if not race.score(race.base, race.parts.confirm):
                return
            if race.score(arm, race.parts.confirm) and self._is_confirmed(arm, tried=place):
                self.chosen = arm
                return

    def _is_confirmed(self, arm: Arm, *, tried: int) -> bool:
        guard = self.race.guards([arm], self.race.parts.confirm)[arm.name]
        strict = guard.level / tried
        if guard.verdict == "pass" and guard.p_pass > strict:
            guard = guard.replace(verdict="undecided")
        assert arm.guard is not None
        arm.confirmed = confirm(arm.guard, guard)
        if arm.confirmed.verdict == "fail":
            text = Said("the items that were kept back say that its quality is too low")
            arm.why = str(text)
        return arm.confirmed.verdict == "pass"


def as_today(arms: Iterable[Arm], study: Study) -> Arm:
    """Return how the model is run today: by the runtime that is named, else the first that can.

    Raises:
        InputError: If the one that is named cannot run it here.
    """
    every = list(arms)
    named = study.source.get("runtime")
    able = [arm for arm in every if named in (None, arm.variant.serving.runtime)]
    if not able:
        raise InputError(
            "The model is run by {named!r} today, which cannot run it here: expected one of "
            "{known}. Name another as runtime below [model], or leave it out.",
            named=named,
            known=", ".join(sorted({arm.variant.serving.runtime for arm in every})),
        )
    return able[0]

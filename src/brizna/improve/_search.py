"""The search: which models to build and to try, in which order, and when to stop.

1. Of all steps that could be put behind some model, the one that may do most for least comes next:
   those that could beat the best so far before those that could not, the likeliest parameters of
   each step before the others, what is meant to change nothing before what may change what counts,
   behind what takes less before what takes more, and the cheap ones first.
2. A step that may change what counts is put behind the best model that takes it; behind it the
   lossless steps that were best, then further such steps, three at most. A step that trains may
   follow one whose quality is too low, as that is what it is for; no other may.
3. Of what is good enough and among the cheapest: further options of its runtime, more threads,
   larger batches, a cache.
4. The rest of the items for all that are left; the verdicts of all together; the cheapest that
   passes, confirmed on items that had no part in the choice.

It stops early where the budget is spent, and puts off a step that could not pay within a year.
"""

from __future__ import annotations

from brizna.check import confirm, holm
from brizna.core.errors import InputError, Said, UnavailableError
from brizna.improve._arms import PER, Arm, is_close
from brizna.improve._frontier import NEAR, Frontier
from brizna.improve._graph import Graph
from brizna.improve._race import SPENT, TOO_LARGE, TOO_LOW, Progress, Race, part
from brizna.improve._registry import all_runtimes, needs_libraries, refuse_unknown_names
from brizna.improve._transform import Variant
from brizna.improve._workshop import StepFailedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any

    from brizna.check import Guard
    from brizna.improve._frontier import Step
    from brizna.improve._graph import Node
    from brizna.improve._machine import Machine
    from brizna.improve._serving import Runtime, Serving
    from brizna.improve._study import Study
    from brizna.improve._workshop import Workshop

_SEARCHED = 0.7
"""Part of the budget after which nothing new is begun at the latest: the rest is for trying the
best again. Where that takes less, more is searched."""
_COMPILING = 5.0
"""A trial of what compiles takes about so many times the others of its form."""
_OPERATED = 2
"""How many of the cheapest variants are tried with other threads, batches and a cache."""
_OPTED = 4
"""How many of them are tried with further options of their runtimes."""
_REVIVED = 4
"""How often those are tried again that left for variants which did not pass by all items."""
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
            InputError: If it cannot be taken, a name is not known, or there are too few items.
            UnavailableError: If nothing here runs it, or reads it.
        """
        self._study = study
        self._workshop = workshop
        self._machine = machine
        refuse_unknown_names(study)
        runtimes = all_runtimes(study.plugins, path=study.material.path)
        self._runtimes = [
            one for one in runtimes if not study.runtimes or one.name in study.runtimes
        ]
        try:
            self.graph = Graph(
                study,
                workshop,
                machine,
                tell=lambda name: tell(
                    Progress(doing="build", name=name, spent_s=workshop.spent_s)
                ),
            )
        except StepFailedError as error:
            why = str(error).rstrip(".")
            if error.is_unavailable:
                raise UnavailableError("The study cannot begin: {why}.", why=why) from error
            raise InputError(
                "The study cannot begin: {why}. Expected what [model] names to load, and what "
                "[quality] and [data] name to list items and requests.",
                why=why,
            ) from error
        base = self._arms_of(self.graph.root, runtimes)
        if not base:
            raise UnavailableError(
                "No runtime here runs a model of the kind {kind}: {why}. Install one, or name "
                "another under runtimes.",
                kind=self.graph.root.model.kind,
                why="; ".join(one.why for one in self.graph.declined.values()) or "-",
            )
        parts = part(self.graph.items, study, self.graph.groups)
        today = as_today(base, study)
        self.race = Race(today, parts, study, workshop, tell, is_spent=self._is_spent)
        self.notes: list[str] = []
        self.chosen: Arm | None = None
        self._kinds: set[str] = set()
        self._frontier = Frontier(self.graph, self.race)

    def run(self) -> None:
        """Search, judge and choose."""
        self.race.heat([])  # what the model takes decides what comes first, and what may pay
        spent = self._workshop.spent_j
        if self._study.budget_j is not None and spent is not None and spent.basis != "metered":
            self.notes.append(
                str(Said("the joules of the budget are modelled, as no counter tells them here"))
            )
        while (step := self._frontier.next()) is not None:
            if step.is_hopeless:
                self._plainly()
                self._opt()
            self._take(step)
        self._plainly()
        self._compiled()
        self._opt()
        self._operate()
        self.race.final()
        self._judge()
        for _ in range(_REVIVED):
            if self._is_over() or not self.race.revive():
                break
            self.race.final()
            self._judge()
        self._choose()
        told = None if self.chosen is None else self.race.told(self.chosen)
        if told is not None and told.high.value >= 1:
            text = Said("what the choice saves lies within what trials scatter by: raise repeats")
            self.notes.append(str(text))

    # ------------------------------------------------------------------------------------- build

    def _take(self, step: Step) -> None:
        """Put a step behind a model and try what that gives."""
        self._frontier.begin(step)
        built = self._built(step)
        if built is None:
            return
        is_free = step.transform.lossless
        is_first = is_free and built.model.kind not in self._kinds
        self._kinds |= {built.model.kind} if is_free else set()
        nodes = [built] if is_free else self._worth_running(step.node, built)
        self.race.heat(self._entered(nodes, every=is_first))

    def _built(self, step: Step) -> Node | None:
        """Build, if that is within the budget and may pay."""
        if not self.graph.knows(step.node, step.transform):
            why = self._put_off(step)
            if why is not None:
                self.graph.decline(step.node, step.transform, why)
                return None
        made = self.graph.build(step.node, step.transform)
        key = self.graph.key(step.node, step.transform)
        self._frontier.took(step, self._workshop.spent_on([key])[0])
        return made

    def _put_off(self, step: Step) -> str | None:
        """Return why nothing new is begun: the budget is spent, or it could not pay in a year."""
        if self._is_spent(step.price_s):
            return SPENT
        cost = self.race.base.cost(by_energy=False)
        if self._study.yearly is None or cost is None:
            return None
        hope = max(self.race.least() - step.hope, 0.0)
        hope_s = cost.best.value / PER * hope * self._study.yearly
        price_s = step.price_s + self._study.window_s * self._study.repeats
        if hope_s >= price_s:
            return None
        text = Said(
            "it would cost about {price} s of processor time, and in a year save at most {hope} s",
            price=f"{price_s:.3g}",
            hope=f"{hope_s:.3g}",
        )
        return str(text)

    def _is_over(self) -> bool:
        """Return whether the budget is spent to the end."""
        budget_s, spent_s = self._study.budget_s, self._workshop.spent_s
        return budget_s is not None and spent_s >= budget_s

    def _is_spent(self, price_s: float = 0.0) -> bool:
        """Return whether the budget has no room for what costs so much, and for the end."""
        study, workshop = self._study, self._workshop
        if study.budget_s is not None:
            kept_s = min(self.race.reserve_s, study.budget_s * (1 - _SEARCHED))
            if workshop.spent_s + price_s >= study.budget_s - kept_s:
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

    def _worth_running(self, node: Node, built: Node) -> list[Node]:
        """Return what the best lossless ways make of a model, and the model itself.

        The model is left out where these ways take much less than what the step was put behind:
        as it is it could not win.
        """
        ways = self._frontier.ways()
        followed = [self._followed(built, way) for way in ways]
        made = [one for one in followed if one is not None and one is not built]
        least = min(map(self._frontier.ratio_of, ways), default=float("inf"))
        is_far = bool(made) and NEAR * least < self._frontier.known(node)
        return made if is_far else [built, *made]

    def _followed(self, node: Node, way: Node) -> Node | None:
        """Return what the later steps of a lossless way make of a model."""
        kinds = {one.name: one for one, *_ in self.graph.choices(lossless=True)}
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
            self._frontier.remember(arms, node)
        return arms

    def _usual(self, runtime: Runtime, arms: list[Arm]) -> list[Arm]:
        """Return those in the precision in which the runtime did best before, else the plainest."""
        before = [
            arm
            for arm in self.race.arms.values()
            if arm.variant.serving.runtime == runtime.name and arm.is_lossless and not arm.is_failed
        ]
        before = [arm for arm in before if arm.why != TOO_LOW and not arm.is_doubtful] or before
        known = [(ratio, arm) for arm in before if (ratio := self.race.ratio(arm)) is not None]
        least = min(known, key=lambda one: one[0], default=None)
        best = None if least is None else least[1].variant.serving.precision
        return [arm for arm in arms if arm.variant.serving.precision == best] or arms[:1]

    def _plainly(self) -> None:
        """Try the model as it came in the further ways in which runtimes run it, once."""
        root = self.graph.root
        if root.model.kind not in self._kinds:
            self._kinds.add(root.model.kind)
            self.race.heat(self._entered([root], every=True))

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
                and ratio <= NEAR * self.race.least()
            ]
            price_s = _COMPILING * self.race.trial_s(able[0][1].model.kind) if able else 0.0
            if able and not self._is_spent(price_s):
                node = self._frontier.node_of(min(able, key=lambda one: one[0])[1])
                arms += self._usual(runtime, self._arms_of(node, [runtime]))
                self._frontier.remember(arms, node)
        if arms:
            self.race.heat(arms)

    def _operate(self) -> None:
        """Try the cheapest variants with other threads, batches and a cache."""
        study = self._study
        changes = [{"threads": count} for count in study.threads[1:]]
        for rows in study.batches:
            changes += [{"batch": rows}] + ([{"batch": rows, "bucket": True}] * study.by_length)
        changes += [{"cache": study.cache}] * bool(study.cache)
        if changes and not self._is_spent():
            self._change({arm.name: changes for arm in self.race.cheapest(_OPERATED)})

    def _opt(self) -> None:
        """Try the cheapest variants with the further options of their runtimes."""
        wanted: dict[str, list[dict[str, Any]]] = {}
        further: dict[str, Any] = {
            one.name: getattr(one, "further", None) for one in self._runtimes
        }
        for arm in self.race.cheapest(_OPTED):
            serving, says = arm.variant.serving, further.get(arm.variant.serving.runtime)
            given: tuple[dict[str, Any], ...] = () if says is None else says(arm.model)
            for options in given:
                if not options.keys() & serving.options.keys():
                    wanted.setdefault(arm.name, []).append(
                        {"options": {**serving.options, **options}}
                    )
        if not self._is_spent():
            self._change(wanted)

    def _change(self, changes: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
        """Try variants, by name, with these changes of how they are run."""
        entered: list[Arm] = []
        for name, wanted in changes.items():
            arm = self.race.arms[name]
            arms = [
                Arm(
                    arm.variant.replace(serving=arm.variant.serving.replace(**change)),
                    arm.model,
                    arm.keys,
                    is_lossless=arm.is_lossless,
                )
                for change in wanted
            ]
            if arm is not self.race.base:
                self._frontier.remember(arms, self._frontier.node_of(arm))
            entered += arms
        self.race.heat(entered)

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
        # what left for its cost, or was not tried again, is no candidate: no pass is claimed of it
        whole = len(race.parts.choosing)
        able = {
            name: guard
            for name, guard in guards.items()
            if (arm := race.arms[name]).behind is None
            and guard.items == whole
            and race.is_tried(arm)
        }
        for name, judged in (_held(guards) | _held(able)).items():
            arm = race.arms[name]
            guard = self._alike(arm, judged, race.parts.choosing)
            arm.guard = guard
            if guard.verdict == "fail" and arm.why is None:
                arm.why = TOO_LOW
        for arm in race.arms.values():
            if arm.is_running and not race.fits(arm):
                arm.why = TOO_LARGE

    def _alike(self, arm: Arm, guard: Guard, numbers: Sequence[int]) -> Guard:
        """Return a pass for what computes in the base's precision and changed no score at all.

        Such a variant needs no test of its quality: each step keeps what the model computes, and
        the items show that it did so.
        """
        base = self.race.base
        is_same = arm.variant.serving.precision == base.variant.serving.precision
        is_alike = (arm.is_lossless and is_same and guard.verdict == "undecided") and all(
            is_close(arm.scores[number], base.scores[number], within=_ROUNDING)
            for number in numbers
            if number in arm.scores
        )
        return guard.replace(verdict="pass", method="alike") if is_alike else guard

    def _choose(self) -> None:
        """Take the cheapest that passes and is confirmed."""
        race = self.race
        able = [arm for arm in race.arms.values() if arm.is_running and arm.is_passed]
        known = [(ratio, arm) for arm in able if (ratio := race.ratio(arm)) is not None]
        known.sort(key=lambda one: one[0])
        order = [arm for _, arm in known if race.is_cheaper(arm)]
        if not order and known and known[0][0] < 1:
            self._say_unshown(known[0][1])
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

    def _say_unshown(self, arm: Arm) -> None:
        """Note that the cheapest that is good enough may as well take as much as the base."""
        found = self.race.told(arm)
        assert found is not None
        text = Said(
            "{name} is good enough and may take less, but these trials do not show it: {low} to "
            "{high} times as much; more repeats may tell",
            name=arm.name,
            low=f"{found.low.value:.3g}",
            high=f"{found.high.value:.3g}",
        )
        self.notes.append(str(text))

    def _is_confirmed(self, arm: Arm, *, tried: int) -> bool:
        guard = self.race.guards([arm], self.race.parts.confirm)[arm.name]
        strict = guard.level / tried
        if guard.verdict == "pass" and guard.p_pass > strict:
            guard = guard.replace(verdict="undecided")
        guard = self._alike(arm, guard, self.race.parts.confirm)
        assert arm.guard is not None
        arm.confirmed = confirm(arm.guard, guard)
        if arm.confirmed.verdict == "fail":
            text = Said("the items that were kept back say that its quality is too low")
            arm.why = str(text)
        return arm.confirmed.verdict == "pass"


def _held(guards: dict[str, Guard]) -> dict[str, Guard]:
    return holm(guards) if guards else {}


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

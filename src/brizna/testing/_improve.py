"""Models whose cost and mistakes are declared, steps that change them, and a bench that is told.

What every step promises is checked on any implementation by `transform_conformance`.
"""

from __future__ import annotations

import os
from math import isfinite
from random import Random
from time import process_time
from typing import Any, ClassVar

from brizna.core.codec import decode, encode
from brizna.core.errors import BriznaError
from brizna.core.estimate import exactly
from brizna.core.quantities import Energy
from brizna.core.records import Record
from brizna.improve import Launched, Machine, Made, Material, Model, Serving, open_model
from brizna.improve._transform import CLEAN, EXPORT, SHRINK, SLIM, TRAIN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from brizna.core.estimate import Estimate
    from brizna.improve import Transform

_FILE = "fake.json"
_KIND = "fake"
_HERE = "brizna.testing._improve"
_ITEMS = 400
_REQUESTS = 10
_ROUGH = 0.1
_STAGES = range(1, 1000)
FAKE_PLUGINS = tuple(
    f"{_HERE}:{name}"
    for name in (
        *("FakeRuntime", "FakeFold", "FakeRound", "FakePrune", "FakeTrain"),
        *("FakeBroken", "FakeRefused"),
    )
)
"""References to all that is fake here, for a study's ``plugins``."""


class FakeModel(Record):
    """A model that answers each item by its number, wrongly for a declared share of them.

    Attributes:
        cost_s: Processor seconds of an inference.
        wrong: Share of the items that it answers wrongly, in the order of a fixed shuffle.
    """

    cost_s: float = 1e-3
    wrong: float = 0.05

    def write_into(self, folder: str) -> Made:
        """Write itself into a folder of the workshop."""
        with open(os.path.join(folder, _FILE), "wb") as file:
            file.write(encode(self.to_json()))
        return Made(kind=_KIND, facts={"cost_s": self.cost_s})

    @classmethod
    def read(cls, model: Model) -> FakeModel:
        """Return what a folder of the workshop holds."""
        with open(model.file(_FILE), "rb") as file:
            return cls.from_json(decode(file.read()))

    def answer(self, number: int) -> int:
        """Return the answer to an item: its number, or another one where it is wrong."""
        order = Random(0)  # noqa: S311 - the same items are the hard ones for every model
        places = list(range(_ITEMS))
        order.shuffle(places)
        return -1 if places[number % _ITEMS] < self.wrong * _ITEMS else number


def fake_model() -> FakeModel:
    """Return the model of a study with fakes, as ``load`` wants it."""
    return FakeModel()


def fake_inputs() -> list[Any]:
    """Return requests of one row each."""
    return [[number] for number in range(_REQUESTS)]


def fake_items() -> list[int]:
    """Return the items of a study with fakes."""
    return list(range(_ITEMS))


def fake_groups(items: Sequence[int]) -> list[str]:
    """Return the group of each item: four that follow one another share one."""
    return [f"group {item // 4}" for item in items]


def fake_score(predict: Callable[[Any], tuple[Any, ...]], items: Sequence[int]) -> list[float]:
    """Return 1 for each item that is answered by its number, else 0."""
    return [float(predict([item])[0] == item) for item in items]


def fake_figure(scores: Sequence[float]) -> float:
    """Return the mean of the scores, as a figure that is handed in."""
    return sum(scores) / len(scores)


def fake_config(**search: Any) -> dict[str, Any]:
    """Return the configuration of a study with fakes.

    Args:
        **search: Further keys of its table ``search``.
    """
    return {
        "model": {"load": f"{_HERE}:fake_model"},
        "quality": {
            "items": f"{_HERE}:fake_items",
            "score": f"{_HERE}:fake_score",
            "margin": 0.05,
        },
        "data": {"inputs": f"{_HERE}:fake_inputs"},
        "search": {
            "plugins": list(FAKE_PLUGINS),
            "transforms": ["fold", "round", "prune", "train", "broken", "refused"],
            "window": "1ms",
            **search,
        },
    }


class FakeRuntime:
    """Runs fake models: it spends the processor time that they declare."""

    name: ClassVar[str] = _KIND
    takes: ClassVar[tuple[str, ...]] = (_KIND,)
    distributions: ClassVar[tuple[str, ...]] = ()
    extra: ClassVar[str] = ""

    def servings(self, model: Model, machine: Machine) -> tuple[Serving, ...]:
        """Return one."""
        del model, machine
        return (Serving(runtime=self.name),)

    def refuses(self, model: Model, serving: Serving, machine: Machine) -> str | None:
        """Return None."""
        del model, serving, machine
        return None

    def open(self, model: Model, serving: Serving, material: Material) -> FakeSession:
        """Load a fake model."""
        del material
        return FakeSession(FakeModel.read(model), serving)


class FakeSession:
    """A fake model that is loaded."""

    def __init__(self, model: FakeModel, serving: Serving) -> None:
        """Take a model."""
        self._model = model
        self._serving = serving

    def predict(self, request: Any) -> tuple[Any, ...]:
        """Spend the time of an inference and answer its one row."""
        until_s = process_time() + self._model.cost_s / self._serving.threads
        while process_time() < until_s:
            pass
        return (self._model.answer(int(request[0])),)

    def used(self) -> dict[str, Any]:
        """Return what was asked for."""
        return {"precision": self._serving.precision, "threads": self._serving.threads}


class _Fake(Record):
    """What fake steps share."""

    name: ClassVar[str]
    takes: ClassVar[tuple[str, ...]] = (_KIND,)
    stage: ClassVar[int]
    lossless: ClassVar[bool] = False
    needs: ClassVar[tuple[str, ...]] = ()
    distributions: ClassVar[tuple[str, ...]] = ()
    extra: ClassVar[str] = ""

    @classmethod
    def choices(cls) -> tuple[Any, ...]:
        """Return it once."""
        return (cls(),)

    def applies(self, model: Model, machine: Machine) -> str | None:
        """Return None."""
        del model, machine
        return None

    def apply(self, model: Model, material: Material, folder: str) -> Made:
        """Write the changed model."""
        del material
        return self.changed(FakeModel.read(model)).write_into(folder)

    def changed(self, model: FakeModel) -> FakeModel:
        """Return the model after this step."""
        return model

    def cost_hint_s(self, model: Model) -> float:
        """Return a hundredth of a second."""
        del model
        return 0.01


class FakeFold(_Fake):
    """Takes a fifth of the cost away and changes nothing else."""

    name: ClassVar[str] = "fold"
    stage: ClassVar[int] = CLEAN
    lossless: ClassVar[bool] = True

    def changed(self, model: FakeModel) -> FakeModel:
        """Return it at four fifths of the cost."""
        return model.replace(cost_s=model.cost_s * 0.8)


class FakeRound(_Fake):
    """Fewer bits: 8 cost half and break next to nothing, 2 cost a third and break much.

    Attributes:
        bits: How many.
    """

    name: ClassVar[str] = "round"
    stage: ClassVar[int] = SHRINK

    bits: int = 8

    @classmethod
    def choices(cls) -> tuple[FakeRound, ...]:
        """Return it with 8 and with 2 bits."""
        return (cls(bits=8), cls(bits=2))

    def changed(self, model: FakeModel) -> FakeModel:
        """Return it rounded."""
        part, more = (0.5, 0.0025) if self.bits == 8 else (0.3, 0.4)
        return model.replace(cost_s=model.cost_s * part, wrong=model.wrong + more)


class FakePrune(_Fake):
    """Takes half of the model away: it is wrong half of the time until it is trained again."""

    name: ClassVar[str] = "prune"
    stage: ClassVar[int] = SLIM

    def changed(self, model: FakeModel) -> FakeModel:
        """Return it pruned."""
        return model.replace(cost_s=model.cost_s * 0.5, wrong=0.5)


class FakeTrain(_Fake):
    """Trains a pruned model until it is nearly what it was."""

    name: ClassVar[str] = "train"
    stage: ClassVar[int] = TRAIN
    needs: ClassVar[tuple[str, ...]] = ("train",)

    def applies(self, model: Model, machine: Machine) -> str | None:
        """Return why a model that was not pruned is left alone."""
        del machine
        return None if model.has_step("prune") else "there is nothing to train back"

    def changed(self, model: FakeModel) -> FakeModel:
        """Return it trained."""
        return model.replace(wrong=0.0525)


class FakeBroken(_Fake):
    """Fails."""

    name: ClassVar[str] = "broken"
    stage: ClassVar[int] = EXPORT

    def apply(self, model: Model, material: Material, folder: str) -> Made:
        """Raise what a library may raise."""
        del model, material, folder
        raise RuntimeError("an operator is not known here")


class FakeRefused(_Fake):
    """Is never put behind any model."""

    name: ClassVar[str] = "refused"
    stage: ClassVar[int] = EXPORT

    def applies(self, model: Model, machine: Machine) -> str | None:
        """Return why not."""
        del model, machine
        return "it is for other models"


class FakeBench:
    """Does a study's jobs in this process: what a trial takes is declared, with declared scatter.

    A runtime that computes in bf16 takes a tenth, and is wrong about a further tenth.

    Attributes:
        done: Name of each job that was done, in order.
        dies_at: Number of the job at which the process that searches is killed; None for never.
    """

    def __init__(
        self,
        *,
        scatter: float = 0.02,
        seed: int = 0,
        dies_at: int | None = None,
        power_w: float | None = None,
        basis: str = "metered",
        slow_start_s: float = 0.0,
    ) -> None:
        """Say how costs scatter, and when to die.

        Args:
            scatter: Standard deviation of the logarithm of costs.
            seed: Decides the scatter.
            dies_at: Number of the job at which it dies.
            power_w: What a counter says that a busy processor draws; None for no counter.
            basis: Of what it says; ``modelled`` for no counter but a model.
            slow_start_s: Processor seconds more for loading the model as it came.
        """
        self._slow_start_s = slow_start_s
        self._scatter = scatter
        self._power_w = power_w
        self._basis = basis
        self._chance = Random(seed)  # noqa: S311 - scatter of made-up figures
        self.done: list[str] = []
        self.dies_at = dies_at

    def __call__(self, command: Sequence[str], name: str) -> Launched:
        """Do a job.

        Raises:
            KeyboardInterrupt: Where it dies: the job is not done.
        """
        if self.dies_at is not None and len(self.done) >= self.dies_at:
            raise KeyboardInterrupt
        self.done.append(name)
        with open(command[-1], "rb") as file:
            job: dict[str, Any] = decode(file.read())
        try:
            answer: dict[str, Any] = {"done": self._do(job), "cpu_s": self._took_s(job)}
        except Exception as error:  # noqa: BLE001 - it becomes the answer
            from brizna.improve._worker import reason_of

            kind = type(error).__name__
            answer = {"failed": reason_of(error), "kind": kind, "cpu_s": 0.1}
        with open(job["result"], "wb") as file:
            file.write(encode(answer))
        done: dict[str, Any] = answer.get("done") or {}
        measured_s = done.get("cpu_s")
        phases = {} if measured_s is None else {"measured": self._energy(measured_s)}
        told = {name: energy for name, energy in phases.items() if energy is not None}
        return Launched(exit_code=0, energy_j=self._energy(answer["cpu_s"]), phases=told)

    def _took_s(self, job: Mapping[str, Any]) -> float:
        """Return the processor seconds of a process, from its start to its end."""
        is_slow = job["task"] == "serve" and not open_model(job["model"]).steps
        return 0.1 + is_slow * self._slow_start_s

    def _energy(self, cpu_s: float) -> Estimate | None:
        """Return what the counter tells of so much processor time."""
        if self._power_w is None:
            return None
        return exactly(Energy(self._power_w * cpu_s), self._basis, "meter:fake")

    def _do(self, job: Mapping[str, Any]) -> dict[str, Any]:
        from brizna.improve._worker import TASKS

        return self._serve(job) if job["task"] == "serve" else TASKS[job["task"]](job)

    def _serve(self, job: Mapping[str, Any]) -> dict[str, Any]:
        fake, serving = FakeModel.read(open_model(job["model"])), Serving.from_json(job["serving"])
        if serving.precision == "bf16":
            fake = fake.replace(cost_s=fake.cost_s * _ROUGH, wrong=fake.wrong + _ROUGH)
        cost_s = fake.cost_s * self._chance.lognormvariate(0, self._scatter)
        found: dict[str, Any] = {
            "inferences": _REQUESTS,
            "cpu_s": cost_s * _REQUESTS,
            "latency_s": cost_s / serving.threads,
            "latency_p95_s": cost_s,
            "requests": _REQUESTS,
            "cache_hits": 0,
            "used": {"precision": serving.precision},
        }
        if job["items"] is not None:
            found["scores"] = [float(fake.answer(number) == number) for number in job["items"]]
        return found


# ----------------------------------------------------------------------------------------- promises


def transform_conformance(
    transform: Transform, model: Model, material: Material, folder: str
) -> list[str]:
    """Return which promises of a transform are broken; none if it is right.

    Args:
        transform: With the parameters it is to be tried with.
        model: One that it is meant to take.
        material: What it needs.
        folder: An empty one, for what it makes.
    """
    kind = type(transform)
    before = open_model(model.folder, is_checked=True)
    broken = _told_wrong(transform)
    again = kind.from_json(transform.to_json())
    if again != transform:
        broken.append("it does not survive being written into a recipe and read")
    if not kind.choices():
        broken.append("choices() is empty: no search would try it")
    if model.kind not in transform.takes:
        return [*broken, f"it does not take models of the kind {model.kind}"]
    hint_s = transform.cost_hint_s(model)
    if not isfinite(hint_s) or hint_s < 0:
        broken.append(f"cost_hint_s() is {hint_s}")
    machine = Machine(isa=(), processors=1, libraries={})
    reason = transform.applies(model, machine)
    if reason != transform.applies(model, machine):
        broken.append("applies() says different things of the same model")
    if reason is not None:
        return broken if reason.strip() else [*broken, "applies() gives an empty reason"]
    broken += _applied_wrong(transform, model, material, folder)
    if open_model(model.folder).digest != before.digest or not _is_whole(model):
        broken.append("apply() changed the files of the model that it was given")
    return broken


def _told_wrong(transform: Transform) -> list[str]:
    broken: list[str] = []
    if not transform.name or transform.name != transform.name.strip():
        broken.append("its name is empty or has spaces around it")
    if transform.stage not in _STAGES:
        broken.append(f"its stage is {transform.stage}")
    unknown = [name for name in transform.needs if name not in Material.fields()]
    if unknown:
        broken.append(f"it needs {', '.join(unknown)}, which no material has")
    return broken


def _applied_wrong(
    transform: Transform, model: Model, material: Material, folder: str
) -> list[str]:
    try:
        made = transform.apply(model, material, folder)
    except Exception as error:  # noqa: BLE001 - whatever it raises is what we tell of it
        return [f"apply() raised {type(error).__name__}: {error}, though applies() says it can be"]
    if not os.listdir(folder):
        return ["apply() wrote no file"]
    try:
        encode(made.to_json())
    except BriznaError as error:
        return [f"its facts are no JSON: {error}"]
    return []


def _is_whole(model: Model) -> bool:
    try:
        open_model(model.folder, is_checked=True)
    except BriznaError:
        return False
    return True

"""Energy of a language model's answer before it is asked, or where nobody meters the server.

A law of physics (`_roofline`) fitted to a public benchmark, with the interval that held 90 % of
what was measured on models left out of the fit. How wide it is depends on what is known: of one's
own server all of it; of a server somewhere, neither how many accelerators serve a copy of the
model nor how many requests at once; of a hosted model, not even on which.
"""

from __future__ import annotations

from functools import cache
from math import ceil, exp, fsum, inf, log, log2, sqrt

from brizna.account._factors import ROOM
from brizna.account._models import LanguageModel, find_accelerator, find_model, number
from brizna.account._possible import (
    Outside,
    check_context,
    check_requests,
    check_weights,
    outside,
)
from brizna.account._roofline import Setting, step
from brizna.core._tables import load
from brizna.core.errors import CoverageError, InputError
from brizna.core.estimate import Estimate
from brizna.core.factors import Factor, factor, nearest
from brizna.core.quantities import Energy
from brizna.core.records import Record, each

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import ClassVar

    from brizna.account._models import Accelerator

_TABLE = "inference"
_LAW = "inference_law"
STACKS = ("2026", "2024", "2023")
"""The programs that serve a model: vLLM of 2026, vLLM of 2024, one request at a time of 2023."""
TASKS = ("chat", "reasoning", "code", "image-chat", "video-chat")
"""What an answer is for: says how long prompts were where nobody tells."""
_USUAL_CARDS = {
    "2026": ("H100", "B200"),
    "2024": ("H100", "A100 40GB"),
    "2023": ("A100 40GB", "A40", "V100"),
}
"""Where a hosted model may run: what was measured under each stack."""
_MEASURED_CARDS = ("H100", "B200", "A100 40GB", "A40", "V100")
_ROOM_FOR_WEIGHTS = 1.25
"""Memory per byte of weights of the smallest server that is taken: as of those measured."""


class Deployment(Record):
    """How a model is served; None where it is not known.

    Attributes:
        gpu: The accelerator, by name.
        gpus: Of one copy of the model.
        batch: Requests in flight in one copy, on average.
        stack: One of `STACKS`.
    """

    gpu: str | None = None
    gpus: float | None = None
    batch: float | None = None
    stack: str = STACKS[0]

    def _check(self) -> None:
        if self.stack not in STACKS:
            raise InputError(
                "The stack {stack!r} is not known.{hint} Known: {known}.",
                stack=self.stack,
                hint=nearest(self.stack, STACKS),
                known=", ".join(STACKS),
            )
        for name in ("gpus", "batch"):
            value = getattr(self, name)
            if value is not None and not 1 <= value < inf:
                raise InputError("{name} is {value}: expected 1 or more.", name=name, value=value)
        if self.gpus is not None and not float(self.gpus).is_integer():
            raise InputError(
                "gpus is {value}: expected a whole number of accelerators.", value=self.gpus
            )

    @property
    def known(self) -> str:
        """How much is known: ``server``, ``place`` (the accelerator alone) or ``any``."""
        if self.gpu is None:
            return "any"
        return "place" if None in (self.gpus, self.batch) else "server"


class Answer(Record):
    """What one answer takes.

    Attributes:
        energy_j: Of the accelerators.
        server_j: With the host around them, and idle machines where they are hosted.
        known: As `Deployment.known`.
        gpus: Taken for a copy of the model.
        batch: Requests taken to be in flight.
        cards: The accelerators taken.
        outside: What of it was not measured.
    """

    energy_j: Estimate
    server_j: Estimate
    known: str
    gpus: float
    batch: float
    cards: tuple[str, ...]
    outside: tuple[Outside, ...] = ()

    _forms: ClassVar = {"cards": tuple, "outside": each(Outside.from_json)}


def estimate_answer(
    model: LanguageModel, server: Deployment, *, tokens_in: float, tokens_out: float
) -> Answer:
    """Return the energy of reading a prompt and writing an answer, ``modelled``.

    The interval is that of the misses on models that were left out of the fit, by stack, by what
    is known of the server (`Deployment.known`) and by whether the model's build is known. A part of
    the doubt is the model's, under its name; the rest is that of this way of serving it.

    Args:
        model: What is served.
        server: How.
        tokens_in: Of the prompt.
        tokens_out: Of the answer, reasoning included.

    Raises:
        InputError: If there is no token, or a negative number of them; or if weights and requests
            do not fit the accelerators, or the tokens no model's context.
        CoverageError: If the accelerator is not known.
    """
    if not (0 <= tokens_in < inf and 0 <= tokens_out < inf and tokens_in + tokens_out > 0):
        raise InputError(
            "{tokens_in} tokens in and {tokens_out} out: expected 0 or more, and not both 0.",
            tokens_in=tokens_in,
            tokens_out=tokens_out,
        )
    check_context(tokens_in, tokens_out)
    names = _USUAL_CARDS[server.stack] if server.gpu is None else (server.gpu,)
    cards = [find_accelerator(name) for name in names]
    if server.gpus is not None and server.gpu is not None:
        check_weights(model.name, model.total_b, model.weight_bits, cards[0], server.gpus)
    settings = [
        setting_of(model, card, server, tokens_in=tokens_in, tokens_out=max(tokens_out, 1.0))
        for card in cards
    ]
    if server.known == "server":
        check_requests(model, cards[0], settings[0], tokens=tokens_in + tokens_out / 2)
    logs = [log(predicted_j(setting) * tokens_out_of(setting, tokens_out)) for setting in settings]
    best = exp(fsum(logs) / len(logs))
    beyond = outside(
        {
            f"batch/{server.stack}": server.batch,
            "answer": tokens_out or None,
            "prompt": tokens_in,
            "size": model.total_b,
        }
    )
    energy = _doubted(best, model, server, beyond)
    around = "inference-host" if server.known == "server" else "inference-server"
    return Answer(
        energy_j=energy,
        server_j=energy * _factor(around).estimate(),
        known=server.known,
        gpus=settings[0].gpus,
        batch=settings[0].batch,
        cards=tuple(card.name for card in cards),
        outside=beyond,
    )


def tokens_out_of(setting: Setting, tokens_out: float) -> float:
    """Return by how much a token's energy counts: an answer of no token is the prompt alone."""
    if tokens_out > 0:
        return tokens_out
    taken = step(law(), setting)
    return taken.prompt_j / (taken.prompt_j + taken.decode_j)


def estimate_inference(
    model: str,
    *,
    tokens_in: float,
    tokens_out: float,
    params_b: float | None = None,
    active_b: float | None = None,
) -> Estimate | None:
    """Return the energy of the servers that read a prompt and wrote an answer.

    How the model is served is not known, so the interval holds all ways that were measured on data
    centre accelerators. A server that one person has to themselves can take far more. PUE, network
    and the person's own device are not in it.

    Args:
        model: What the server calls it, with or without its maker: ``Qwen/Qwen3-32B``.
        tokens_in: Of the prompt.
        tokens_out: Of the answer, reasoning included.
        params_b: All its parameters, in 1e9, for a model whose size the tables do not have.
        active_b: Of these used for a token; all of them if None.

    Returns:
        The energy, ``modelled``; None for a model of unknown size if ``params_b`` is None.

    Raises:
        InputError: If a number is negative, or a count of parameters is not above 0.
    """
    for name, tokens in {"tokens_in": tokens_in, "tokens_out": tokens_out}.items():
        if not tokens >= 0:
            raise InputError("{name} is {tokens}: expected 0 or more.", name=name, tokens=tokens)
    if params_b is None:
        found = find_model(model)
        if found is None:
            return None
    else:
        active = params_b if active_b is None else active_b
        found = LanguageModel(name=model, total_b=params_b, active_b=active)
    if tokens_in + tokens_out <= 0:
        return Estimate(Energy(0), basis="modelled")
    return estimate_answer(found, Deployment(), tokens_in=tokens_in, tokens_out=tokens_out).server_j


def measured_models() -> tuple[str, ...]:
    """Return the models of which the misses of the law itself are known."""
    start = "inference/measured/any/"
    rows = load(ROOM, _TABLE).rows
    return tuple(row["id"].removeprefix(start) for row in rows if row["id"].startswith(start))


def prompt_tokens(task: str) -> Factor:
    """Return how long a prompt of a task is taken to be, where nobody tells.

    Raises:
        InputError: If the task is not one of `TASKS`.
    """
    if task not in TASKS:
        raise InputError(
            "The task {task!r} is not known.{hint} Known: {known}.",
            task=task,
            hint=nearest(task, TASKS),
            known=", ".join(TASKS),
        )
    return _factor(f"inference/prompt/{task}")


def setting_of(
    model: LanguageModel,
    card: Accelerator,
    server: Deployment,
    *,
    tokens_in: float,
    tokens_out: float,
    usual: Mapping[str, float] | None = None,
) -> Setting:
    """Return the setting for the law; what is not known is as usual for models of that size.

    Args:
        model: What is served.
        card: On what.
        server: How.
        tokens_in: Of the prompt.
        tokens_out: Of the answer.
        usual: What is usual, by name; the table's if None.
    """
    usual = law() if usual is None else usual
    sparsity = model.total_b / model.active_b
    usual_layers = (
        usual["usual-layers"]
        * model.active_b ** usual["usual-layers-active"]
        * sparsity ** usual["usual-layers-sparsity"]
    )
    layers = usual_layers if model.layers is None else model.layers
    cached = model.cache_numbers
    used = sparse = 1.0
    dense_b = model.total_b
    if model.has_experts:
        used = model.experts_used or usual["usual-experts"] / sparsity
        dense_b = max((model.active_b - model.total_b * used) / (1 - used), 0.0)
        sparse = model.expert_layers or 1.0
    return Setting(
        total_b=model.total_b,
        active_b=model.active_b,
        dense_b=dense_b,
        used=used,
        sparse=sparse if model.has_experts else 0.0,
        weight_bytes=model.weight_bits / 8,
        is_eight_bit=float(model.weight_bits == 8),
        layers=layers,
        usual_layers=usual_layers,
        cached=usual["usual-cache"] * layers if cached is None else cached,
        gpus=fewest_gpus(model, card) if server.gpus is None else server.gpus,
        batch=usual[f"usual-batch-{server.stack}"] if server.batch is None else server.batch,
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        power_w=card.power_w,
        idle_w=usual["usual-idle"] * card.power_w if card.idle_w is None else card.idle_w,
        bandwidth_gb_s=card.bandwidth_gb_s,
        tflops=card.tflops(model.weight_bits),
        is_2024=float(server.stack == "2024"),
        is_2023=float(server.stack == "2023"),
    )


def fewest_gpus(model: LanguageModel, card: Accelerator) -> float:
    """Return the smallest power of two of accelerators that hold the weights, with some room."""
    weights_gb = model.total_b * model.weight_bits / 8
    return 2.0 ** max(0, ceil(log2(_ROOM_FOR_WEIGHTS * weights_gb / card.memory_gb)))


def predicted_j(setting: Setting) -> float:
    """Return the energy of an output token by the law, its share of the prompt included."""
    taken = step(law(), setting)
    return taken.decode_j + taken.prompt_j


@cache
def law() -> Mapping[str, float]:
    """Return the constants of the law, and what is usual, by name."""
    data = load(ROOM, _LAW)
    return {
        cells["id"].removeprefix("inference/law/"): number(data, row, "value")
        for row, cells in enumerate(data.rows)
    }


def _doubted(
    best_j: float, model: LanguageModel, server: Deployment, beyond: tuple[Outside, ...]
) -> Estimate:
    """Return the energy with its doubts: the model's own, and that of this way to serve it."""
    found = _measured(model, server)
    build = "known" if model.is_built_as_known else "guessed"
    miss = found or _factor(f"inference/miss/{server.stack}/{server.known}/{build}")
    low, high = _ends(miss)
    best = Energy(best_j * miss.value)
    share = _factor(f"inference/own/{server.known}").value
    own, rest = sqrt(share), sqrt(1 - share)
    name = f"model:inference/{model.name}"
    estimate = Estimate(best, basis="modelled", references=(miss.name, "model:inference"))
    estimate = estimate.doubted_by(name, low**own, high**own)
    if share < 1:
        way = f"{server.gpus:g}x{server.gpu}/{server.batch:g}"
        estimate = estimate.doubted_by(f"{name}@{way}", low**rest, high**rest)
    for one in beyond:
        further = (low**one.decades, high**one.decades)
        estimate = estimate.doubted_by(f"model:inference-beyond/{one.what}", *further)
    return estimate if server.gpu is None else _on_other_card(estimate, server.gpu)


def _on_other_card(estimate: Estimate, gpu: str) -> Estimate:
    """Return an estimate with the doubt of an accelerator that was not measured, if it is one."""
    card = find_accelerator(gpu)
    if card in map(find_accelerator, _MEASURED_CARDS):
        return estimate
    other = _factor("inference/other-card")
    return estimate.doubted_by(f"model:inference-on/{card.name}", *_ends(other)).based(
        "modelled", other.name
    )


def _measured(model: LanguageModel, server: Deployment) -> Factor | None:
    """Return what the law misses of a model that was measured itself, under today's programs."""
    if server.stack != STACKS[0]:
        return None
    try:
        return _factor(f"inference/measured/{server.known}/{model.name}")
    except CoverageError:
        return None


def _ends(miss: Factor) -> tuple[float, float]:
    """Return the ends of a miss as multiples of its best value."""
    low = miss.value if miss.low is None else miss.low
    high = miss.value if miss.high is None else miss.high
    return low / miss.value, high / miss.value


def _factor(name: str) -> Factor:
    return factor(ROOM, _TABLE, name)

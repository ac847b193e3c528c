"""Which ways to serve a model can be, and which lie outside of what was measured.

Weights, and the cache of keys and values of all requests in flight, lie in the accelerators'
memory, and prompt and answer in the model's context. What breaks these is refused: whatever the law
says of it, it is of nothing. What is possible but was not measured is told, with a wider interval:
for each factor of ten beyond the range, the doubt of the law once more.
"""

from __future__ import annotations

from functools import cache
from math import ceil, floor, log10

from brizna.account._factors import ROOM
from brizna.account._models import every_model
from brizna.core.errors import InputError, Said
from brizna.core.factors import factor
from brizna.core.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from brizna.account._models import Accelerator, LanguageModel
    from brizna.account._roofline import Setting

_TABLE = "inference"
_GIGA = 1e9
_CACHE_BYTES = 2
"""Of a number in the cache of keys and values: it is kept in 16 bits."""
_OVERFULL = 1.5
"""Requests in flight may be told to hold so much of the memory: of those measured some held 1.45
of it, for servers put requests off and count them."""
_PRECISIONS = (16, 8, 4)


class Outside(Record):
    """Something that lies outside of what was measured.

    Attributes:
        what: Such as ``batch``.
        value: What was asked.
        least: That was measured; ``most`` the most.
    """

    what: str
    value: float
    least: float
    most: float

    @property
    def decades(self) -> float:
        """How many factors of ten it lies outside."""
        return log10(self.least / self.value if self.value < self.least else self.value / self.most)

    def told(self) -> str:
        """Return what to say of it."""
        match self.what:
            case "batch":
                said = Said(
                    "a batch of {value:g} was not measured ({least:g} to {most:g}): the interval "
                    "is wider",
                    value=self.value,
                    least=self.least,
                    most=self.most,
                )
            case "answer":
                said = Said(
                    "answers of {value:g} tokens were not measured ({least:g} to {most:g}): the "
                    "interval is wider",
                    value=self.value,
                    least=self.least,
                    most=self.most,
                )
            case "prompt":
                said = Said(
                    "prompts of {value:g} tokens were not measured (up to {most:g}): the interval "
                    "is wider",
                    value=self.value,
                    most=self.most,
                )
            case _:
                said = Said(
                    "models of {value:g} (1e9) parameters were not measured ({least:g} to "
                    "{most:g}): the interval is wider",
                    value=self.value,
                    least=self.least,
                    most=self.most,
                )
        return str(said)


def outside(asked: Mapping[str, float | None]) -> tuple[Outside, ...]:
    """Return what lies outside of what was measured.

    Args:
        asked: By ``batch/<stack>``, ``answer``, ``prompt`` and ``size``; None is not looked at.
            A prompt that is short matters little: only one that is long counts.
    """
    found: list[Outside] = []
    for name, value in asked.items():
        fitted = factor(ROOM, _TABLE, f"inference/fitted/{name}")
        assert fitted.low is not None, "every range has its ends"
        assert fitted.high is not None, "every range has its ends"
        is_low = name != "prompt" and value is not None and 0 < value < fitted.low
        if value is not None and (is_low or value > fitted.high):
            what = name.partition("/")[0]
            found.append(Outside(what=what, value=value, least=fitted.low, most=fitted.high))
    return tuple(found)


def check_context(tokens_in: float, tokens_out: float) -> None:
    """Refuse a prompt and an answer that no model can hold together.

    Raises:
        InputError: If they are longer than the longest context that is published.
    """
    longest = factor(ROOM, _TABLE, "inference/longest-context").value
    if tokens_in + tokens_out > longest:
        raise InputError(
            "A prompt of {tokens_in:g} tokens and an answer of {tokens_out:g} lie in no model's "
            "context: expected at most {longest:g} together. Give those of one request, and how "
            "many there are with requests.",
            tokens_in=tokens_in,
            tokens_out=tokens_out,
            longest=longest,
        )


def check_weights(name: str, total_b: float, bits: float, card: Accelerator, gpus: float) -> None:
    """Refuse weights that do not fit so many accelerators.

    Raises:
        InputError: With the fewest that hold them, by precision.
    """
    weights_gb, memory_gb = total_b * bits / 8, gpus * card.memory_gb
    if weights_gb > memory_gb:
        fewest = [ceil(total_b * each / 8 / card.memory_gb) for each in _PRECISIONS]
        raise InputError(
            "{model} has {weights:.0f} GB of weights at {bits:g} bits, but {gpus:g} x {card} hold "
            "{memory:.0f} GB: expected at least {at_16} at 16 bits, {at_8} at 8 or {at_4} at 4. "
            "Give gpus, or weight_bits.",
            model=name,
            weights=weights_gb,
            bits=bits,
            gpus=gpus,
            card=card.name,
            memory=memory_gb,
            at_16=fewest[0],
            at_8=fewest[1],
            at_4=fewest[2],
        )


def check_requests(
    model: LanguageModel, card: Accelerator, setting: Setting, *, tokens: float
) -> None:
    """Refuse requests in flight whose cache does not fit beside the weights.

    Args:
        model: What is served; where its cache is not known, as the leanest that is known.
        card: On what.
        setting: How many accelerators, requests in flight and layers.
        tokens: That each request holds on average.

    Raises:
        InputError: With how many requests would fit, and the fewest accelerators for these.
    """
    cached = model.cache_numbers
    if cached is None:
        cached = _leanest() * setting.layers
    gpus, batch = setting.gpus, setting.batch
    weights_gb, memory_gb = model.total_b * model.weight_bits / 8, gpus * card.memory_gb
    each_gb = _CACHE_BYTES * cached * tokens / _GIGA
    if weights_gb + batch * each_gb > _OVERFULL * memory_gb:
        raise InputError(
            "{batch:g} requests at once of {tokens:.0f} tokens keep {cache:.0f} GB beside "
            "{weights:.0f} GB of weights, but {gpus:g} x {card} hold {memory:.0f} GB: expected at "
            "most {most} requests, or at least {fewest} accelerators. Give batch or gpus.",
            batch=batch,
            tokens=tokens,
            cache=batch * each_gb,
            weights=weights_gb,
            gpus=gpus,
            card=card.name,
            memory=memory_gb,
            most=floor((memory_gb - weights_gb) / each_gb),
            fewest=ceil((weights_gb + batch * each_gb) / card.memory_gb),
        )


@cache
def _leanest() -> float:
    """Return the fewest numbers that a known model keeps for a token and layer."""
    return min(
        model.cache_numbers / model.layers
        for model in every_model()
        if model.cache_numbers is not None and model.layers is not None
    )

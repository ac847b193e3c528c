"""The law behind estimates of inference: what a step of a language model moves and computes.

Only ``+ - * / **``, so that the same lines take floats here and arrays where the law is fitted.
"""

from __future__ import annotations

from brizna.core.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_GIGA = 1e9
_TERA = 1e12
_CACHE_BYTES = 2
"""Of a number in the cache of keys and values: it is kept in 16 bits."""


class Setting(Record):
    """One way to serve one model.

    Attributes:
        total_b: Parameters, in 1e9.
        active_b: Of these used for a token.
        dense_b: Of these used for every token; all, where there are no experts.
        used: Share of the experts that one token visits; 1 where there are none.
        sparse: Share of the layers that have experts.
        weight_bytes: Of one parameter.
        is_eight_bit: 1 where weights have 8 bits, else 0.
        layers: Of the model.
        usual_layers: That models of this size have.
        cached: Numbers that the cache of keys and values holds for a token.
        gpus: Accelerators of one copy of the model.
        batch: Requests in flight in it.
        tokens_in: Of a prompt.
        tokens_out: Of an answer.
        power_w: The highest of one accelerator.
        idle_w: Its idle power.
        bandwidth_gb_s: Of its memory.
        tflops: Its dense peak at the width of the weights, in 1e12 operations a second.
        is_2024: 1 for the programs of 2024, else 0.
        is_2023: 1 for those of 2023, without continuous batches.
    """

    total_b: float
    active_b: float
    dense_b: float
    used: float
    sparse: float
    weight_bytes: float
    is_eight_bit: float
    layers: float
    usual_layers: float
    cached: float
    gpus: float
    batch: float
    tokens_in: float
    tokens_out: float
    power_w: float
    idle_w: float
    bandwidth_gb_s: float
    tflops: float
    is_2024: float
    is_2023: float


class Step(Record):
    """What one step of decoding takes, by the law.

    Attributes:
        memory_s: Moving weights and cache.
        compute_s: Computing.
        overhead_s: Starting the work of each layer, and looking after each request.
        decode_j: Energy of an output token.
        prompt_j: Energy of reading the prompt, spread over the output tokens.
    """

    memory_s: float
    compute_s: float
    overhead_s: float
    decode_j: float
    prompt_j: float


def step(law: Mapping[str, Any], x: Setting | Any) -> Step:
    """Return what a step takes: time as the sum of three parts, each at a power of its own.

    Weights that are touched: of ``E`` experts of which a token visits ``k``, a batch of ``B``
    touches ``1 - (1 - k / E) ^ B``. The cache grows from the prompt to prompt and answer: half of
    the answer on average.

    Args:
        law: The constants, all above 0.
        x: A setting, or anything with its attributes as arrays.
    """
    old = law["memory-2024"] ** x.is_2024 * law["memory-2023"] ** x.is_2023
    weights_gb = x.weight_bytes * (
        x.dense_b + (x.total_b - x.dense_b) * (1 - (1 - x.used) ** x.batch)
    )
    context = x.tokens_in + x.tokens_out / 2
    cache_gb = law["cache"] * _CACHE_BYTES * x.cached * context * x.batch / _GIGA
    memory_s = (weights_gb + cache_gb) * old / (x.gpus * x.bandwidth_gb_s * law["memory"])
    flop = 2 * _GIGA * x.active_b  # of one token
    peak = x.tflops * _TERA
    compute_s = (
        flop * x.batch * old * law["sparse-compute"] ** x.sparse / (x.gpus * peak * law["compute"])
    )
    layer_s = (
        law["layer"]
        * law["layer-2024"] ** x.is_2024
        * law["layer-2023"] ** x.is_2023
        * law["layer-sparse"] ** x.sparse
        * law["layer-eight-bit"] ** x.is_eight_bit
        * law["layer-sparse-eight-bit"] ** (x.sparse * x.is_eight_bit)
    )
    overhead_s = layer_s * x.layers + law["request"] * x.batch
    busy_s = (
        law["power-memory"] * memory_s
        + law["power-compute"] * compute_s
        + law["power-overhead"] * overhead_s
    )
    idle_j = x.idle_w * (memory_s + compute_s + overhead_s)
    decode_j = x.gpus * (idle_j + (x.power_w - x.idle_w) * busy_s) / x.batch
    prompt_s = flop * x.tokens_in * old * law["sparse-prompt"] ** x.sparse / (peak * law["prompt"])
    return Step(
        memory_s=memory_s,
        compute_s=compute_s,
        overhead_s=overhead_s,
        decode_j=decode_j,
        prompt_j=prompt_s * x.power_w / x.tokens_out,
    )

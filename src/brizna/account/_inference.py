"""Energy of a language model's answer where nobody meters the server: from its tokens."""

from __future__ import annotations

from functools import cache

from brizna.account._factors import ROOM
from brizna.core._tables import load
from brizna.core.errors import InputError
from brizna.core.factors import factor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from brizna.core.estimate import Estimate

_TABLE = "inference"
_MODEL = "inference/"


def estimate_inference(
    model: str,
    *,
    tokens_in: float,
    tokens_out: float,
    params_b: float | None = None,
    active_b: float | None = None,
) -> Estimate | None:
    """Return the energy of the servers that read a prompt and wrote an answer.

    ``server x (output x tokens_out + prompt x active parameters x tokens_in)``, where ``output``
    was measured for the model, or follows from its size: ``scale x parameters ^ exponent``. How
    the model is served is not known, so the interval holds all ways that were measured: on data
    centre accelerators, from 8 requests at once. A server that one person has to themselves can
    take far more. PUE, network and the person's own device are not in it.

    Args:
        model: What the server calls it, with or without its maker: ``Qwen/Qwen3-32B``.
        tokens_in: Of the prompt.
        tokens_out: Of the answer, reasoning included.
        params_b: All its parameters, in 1e9, for a model that nobody measured.
        active_b: Of these used for a token; all of them if None.

    Returns:
        The energy, ``modelled``; None for a model that nobody measured if ``params_b`` is None.

    Raises:
        InputError: If a number is negative, or a count of parameters is not above 0.
    """
    for name, tokens in {"tokens_in": tokens_in, "tokens_out": tokens_out}.items():
        if not tokens >= 0:
            raise InputError("{name} is {tokens}: expected 0 or more.", name=name, tokens=tokens)
    if params_b is None:
        place = _places().get(_plain(model))
        if place is None:
            return None
        data = load(ROOM, _TABLE)
        output = factor(ROOM, _TABLE, data.rows[place]["id"]).estimate()
        active_b = data.number(place, "active_b")
    else:
        output = _output_by_size(params_b)
        active_b = params_b if active_b is None else active_b
    if not active_b or not active_b > 0:
        raise InputError("active_b is {active_b}: expected more than 0.", active_b=active_b)
    prompt = factor(ROOM, _TABLE, "inference-prompt").estimate()
    server = factor(ROOM, _TABLE, "inference-server").estimate()
    energy = output.scaled(tokens_out) + prompt.scaled(active_b * tokens_in)
    return (energy * server).based("modelled")


def measured_models() -> tuple[str, ...]:
    """Return the models of which `estimate_inference` knows the energy of a token."""
    data = load(ROOM, _TABLE)
    return tuple(data.rows[place]["id"].removeprefix(_MODEL) for place in _model_rows())


def _output_by_size(params_b: float) -> Estimate:
    if not params_b > 0:
        raise InputError("params_b is {params_b}: expected more than 0.", params_b=params_b)
    exponent = factor(ROOM, _TABLE, "inference-exponent")
    scale = factor(ROOM, _TABLE, "inference-scale").estimate()
    return scale.scaled(params_b**exponent.value).based("modelled", exponent.name)


def _model_rows() -> list[int]:
    rows = load(ROOM, _TABLE).rows
    return [place for place, row in enumerate(rows) if row["id"].startswith(_MODEL)]


@cache
def _places() -> dict[str, int]:
    """Return the row of each model, by its name with and without its maker."""
    places: dict[str, int] = {}
    rows = load(ROOM, _TABLE).rows
    for place in _model_rows():
        name = _plain(rows[place]["id"].removeprefix(_MODEL))
        places[name] = places[name.rpartition("/")[2]] = place
    return places


def _plain(model: str) -> str:
    return model.strip().casefold()

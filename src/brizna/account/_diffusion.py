"""Energy of an image or a video out of a diffusion model, before it is made.

A law as for language models (`_inference`): what the model computes for each token of the image at
each step, at the share of the peak that was reached in the benchmark it was fitted to.
"""

from __future__ import annotations

from functools import cache
from math import exp, floor, fsum, inf, log, sqrt

from brizna.account._factors import ROOM
from brizna.account._models import find_accelerator, number, plain
from brizna.account._possible import check_weights
from brizna.core._tables import load, positions
from brizna.core.errors import InputError
from brizna.core.estimate import Estimate
from brizna.core.factors import factor
from brizna.core.quantities import Energy
from brizna.core.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from brizna.account._inference import Deployment
    from brizna.account._models import Accelerator
    from brizna.core.factors import Factor

_TABLE = "diffusion"
_GIGA, _TERA = 1e9, 1e12
_BITS = 16
"""Of a weight: all that were measured had so many."""
_CARDS = {"2026": ("H100", "B200"), "2024": ("H100", "A100 40GB")}


class ImageModel(Record):
    """How a model of images or video is built; None where nobody says.

    Attributes:
        name: What it is called.
        total_b: Parameters, in 1e9.
        used_b: Of these for one token of the image.
        passes: Of the model in one step: 2 with guidance.
        side: Pixels of a token's side.
        frames_per_token: Of a video.
        is_unet: Whether it is a U-net, else a transformer.
        attends: Whether each token attends to each other.
    """

    name: str
    total_b: float
    used_b: float | None = None
    passes: float = 2
    side: float = 16
    frames_per_token: float = 4
    is_unet: bool = False
    attends: bool = True

    def _check(self) -> None:
        for name in ("total_b", "used_b", "passes", "side", "frames_per_token"):
            value = getattr(self, name)
            if value is not None and not 0 < value < inf:
                raise InputError("{name} is {value}: expected more than 0.", name=name, value=value)


class Picture(Record):
    """What is to be made.

    Attributes:
        width: In pixels.
        height: In pixels.
        steps: Of the sampler.
        frames: Of a video; 1 is an image.
    """

    width: float = 1024
    height: float = 1024
    steps: float = 28
    frames: float = 1

    def _check(self) -> None:
        for name in ("width", "height", "steps", "frames"):
            value = getattr(self, name)
            if not 1 <= value < inf:
                raise InputError("{name} is {value}: expected 1 or more.", name=name, value=value)


class Drawing(Record):
    """One way to make one picture, for the law.

    Attributes:
        used_b: Parameters for one token, in 1e9.
        tokens: Of the picture.
        passes: Of the model over all steps.
        steps: Of the sampler.
        unet: 1 for a U-net, else 0.
        attends: 1 where each token attends to each other, else 0.
        gpus: Accelerators together.
        batch: Pictures at once.
        power_w: The highest of an accelerator.
        idle_w: Its idle power.
        tflops: Its dense 16-bit peak, in 1e12 a second.
        is_2024: 1 for the programs of 2024, else 0.
    """

    used_b: float
    tokens: float
    passes: float
    steps: float
    unet: float
    attends: float
    gpus: float
    batch: float
    power_w: float
    idle_w: float
    tflops: float
    is_2024: float


def picture_j(law: Mapping[str, Any], x: Drawing | Any) -> Any:
    """Return the energy of one picture; only ``+ - * / **``, for floats and for arrays.

    ``2 x parameters`` operations a token and pass, and ``4 x tokens^2 x width x layers`` of
    attention, where a transformer of ``P`` parameters and 30 layers has
    ``width x layers = 30 sqrt(P / 360)``.

    Args:
        law: The constants, all above 0.
        x: A drawing, or anything with its attributes as arrays.
    """
    used = x.used_b * _GIGA
    width = 30 * (used / 360) ** 0.5
    attention = law["attention"] * 4 * x.tokens**2 * width * x.attends * (1 - x.unet)
    flop = (2 * used * x.tokens * law["unet"] ** x.unet + attention) * x.passes
    reached = (
        law["reached"] * law["reached-2024"] ** x.is_2024 * x.tflops ** (1 - law["peak-exponent"])
    )
    computing_s = flop * x.gpus ** law["gpus-exponent"] / (reached * _TERA)
    waiting_s = law["step"] * x.steps * x.used_b ** law["size-exponent"] * x.gpus / x.batch
    waiting_w = x.idle_w + (x.power_w - x.idle_w) * law["power-waiting"]
    return computing_s * x.power_w + waiting_s * waiting_w


def estimate_picture(
    model: ImageModel, server: Deployment, picture: Picture
) -> tuple[Estimate, Estimate]:
    """Return the energy of the accelerators for a picture, and that of the servers around them.

    The interval holds 90 % of what was measured on models left out of the fit; of a model that was
    measured itself, the law's own misses of it shift the best value and give the interval.

    Raises:
        InputError: If the stack has no measured images, or the weights do not fit.
        CoverageError: If the accelerator is not known.
    """
    if server.stack not in _CARDS:
        raise InputError(
            "No image was measured under the programs of {stack}: expected one of {known}.",
            stack=server.stack,
            known=", ".join(_CARDS),
        )
    names = _CARDS[server.stack] if server.gpu is None else (server.gpu,)
    cards = [find_accelerator(name) for name in names]
    if server.gpu is not None:
        check_weights(model.name, model.total_b, _BITS, cards[0], server.gpus or 1.0)
    drawings = [drawing_of(model, card, server, picture) for card in cards]
    best = exp(fsum(log(picture_j(diffusion_law(), one)) for one in drawings) / len(drawings))
    energy = _doubted(best, model, server)
    around = "inference-host" if server.known == "server" else "inference-server"
    return energy, energy * factor(ROOM, "inference", around).estimate()


def _doubted(best_j: float, model: ImageModel, server: Deployment) -> Estimate:
    """Return the energy with its doubts: the model's own, and that of this way to serve it."""
    miss = _miss(model, server)
    assert miss.low is not None, "every miss has its ends"
    assert miss.high is not None, "every miss has its ends"
    low, high = miss.low / miss.value, miss.high / miss.value
    own = factor(ROOM, _TABLE, "diffusion/own").value if server.known == "server" else 1.0
    best = Energy(best_j * miss.value)
    energy = Estimate(best, basis="modelled", references=("model:diffusion", miss.name))
    name = f"model:diffusion/{model.name}"
    energy = energy.doubted_by(name, low ** sqrt(own), high ** sqrt(own))
    if own < 1:
        way = f"{server.gpus:g}x{server.gpu}/{server.batch:g}"
        rest = sqrt(1 - own)
        energy = energy.doubted_by(f"{name}@{way}", low**rest, high**rest)
    return energy


def _miss(model: ImageModel, server: Deployment) -> Factor:
    """Return what the law misses of this model if it was measured itself, else of any model."""
    name = f"diffusion/measured/{server.known}/{model.name}"
    if name in positions(ROOM, _TABLE) and model == find_image_model(model.name):
        return factor(ROOM, _TABLE, name)
    build = "guessed" if model.used_b is None else "known"
    return factor(ROOM, _TABLE, f"diffusion/miss/{server.known}/{build}")


def drawing_of(
    model: ImageModel,
    card: Accelerator,
    server: Deployment,
    picture: Picture,
    *,
    usual: Mapping[str, float] | None = None,
) -> Drawing:
    """Return the drawing for the law; what is not known is as usual."""
    usual = diffusion_law() if usual is None else usual
    frames = picture.frames
    if frames > 1 and not model.is_unet:
        frames = floor((frames - 1) / model.frames_per_token) + 1
    used_b = usual["usual-used"] * model.total_b if model.used_b is None else model.used_b
    return Drawing(
        used_b=used_b,
        tokens=picture.width * picture.height * frames / model.side**2,
        passes=model.passes * picture.steps,
        steps=picture.steps,
        unet=float(model.is_unet),
        attends=float(model.attends),
        gpus=server.gpus or 1.0,
        batch=server.batch or 1.0,
        power_w=card.power_w,
        idle_w=usual["usual-idle"] * card.power_w if card.idle_w is None else card.idle_w,
        tflops=card.tflops_16,
        is_2024=float(server.stack == "2024"),
    )


def find_image_model(name: str) -> ImageModel | None:
    """Return the model of images or video that is called so; None if it is not known."""
    return _image_models().get(plain(name))


@cache
def diffusion_law() -> Mapping[str, float]:
    """Return the constants of the law, and what is usual, by name."""
    start = "diffusion/law/"
    data = load(ROOM, _TABLE)
    return {
        cells["id"].removeprefix(start): number(data, row, "value")
        for row, cells in enumerate(data.rows)
        if cells["id"].startswith(start)
    }


@cache
def _image_models() -> Mapping[str, ImageModel]:
    data = load(ROOM, "image_models")
    found: dict[str, ImageModel] = {}
    for row, cells in enumerate(data.rows):
        name = cells["id"].removeprefix("image-model/")
        model = ImageModel(
            name=name,
            total_b=number(data, row, "total_b"),
            used_b=number(data, row, "used_b"),
            passes=number(data, row, "passes"),
            side=number(data, row, "side"),
            frames_per_token=number(data, row, "frames_per_token"),
            is_unet=cells["is_unet"] == "1",
            attends=cells["attends"] == "1",
        )
        full = plain(name)
        for known in (full, full.rpartition("/")[2], *plain(cells["names"]).split()):
            found.setdefault(known, model)
    return found

"""``brizna predict training|inference|api|lifecycle``: what something will take."""

from __future__ import annotations

from brizna.cli._account import facts_of
from brizna.cli._options import add_as_of, add_json, add_settings, settings_of
from brizna.cli._parser import Parser

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterable
    from typing import Any

    from brizna.cli._dispatch import Context
    from brizna.report._texts import Texts

_EXAMPLES = {
    "training": "brizna predict training --params-b 8 --tokens-b 100 --gpu H100 --gpus 64",
    "inference": "brizna predict inference --model Qwen3-32B --gpu H100 --gpus 2 --batch 32 "
    "--tokens-out 400",
    "api": "brizna predict api --model deepseek-r1 --tokens-in 500 --tokens-out 800",
    "lifecycle": "brizna predict lifecycle life.json",
}
_OPTIONS = {
    "training": (
        *("params_b", "active_b", "tokens_b", "flop", "gpu", "gpus", "mfu", "tflops", "power_w"),
        *("host", "peft"),
    ),
    "inference": (
        *("model", "params_b", "active_b", "weight_bits", "layers", "gpu", "gpus", "batch"),
        *("stack", "task", "tokens_in", "tokens_out", "requests", "width", "height", "steps"),
        "frames",
    ),
    "api": (
        *("model", "params_b", "active_b", "weight_bits", "task", "tokens_in", "tokens_out"),
        "requests",
    ),
    "lifecycle": ("years", "adaptations_per_year", "queries_per_day", "growth"),
}
_TEXTS = ("model", "gpu", "stack", "task")


def predict_one(context: Context, words: list[str], *, kind: str) -> int:
    """Predict a training, answers, a hosted model or a whole life."""
    from brizna.report import prediction_lines
    from brizna.verbs import book_of, predict_energy
    from brizna.verbs._site import site_of

    parser = Parser(
        f"brizna predict {kind}",
        abouts(context.texts)[kind] + f"\n\n{_EXAMPLES[kind]}",
        context.texts,
    )
    _add(parser, _OPTIONS[kind])
    given = parser.parse_args(words)
    settings = settings_of(given, context)
    made = predict_energy(
        kind,
        _asked(given, _OPTIONS[kind]),
        site=site_of(settings, environ=context.environ),
        book=book_of(settings, as_of=given.as_of),
    )
    if given.json:
        context.tell_json(made.to_json())
        return 0
    lines = prediction_lines(
        made.to_json(), lang=context.lang, width=context.width, color=context.color
    )
    context.tell(*lines)
    return 0


def _add(parser: Parser, names: Iterable[str]) -> None:
    texts = _helps(parser.texts)
    parser.add_argument(
        "case",
        metavar="CASE.json",
        nargs="?",
        help=parser.texts.gettext("a file of facts, which options go over; - for standard input"),
    )
    for name in names:
        option = f"--{name.replace('_', '-')}"
        if name == "peft":
            parser.add_argument(option, action="store_const", const=True, help=texts[name])
        elif name in _TEXTS:
            parser.add_argument(option, metavar=name.upper(), help=texts[name])
        else:
            parser.add_argument(option, metavar="N", type=float, help=texts[name])
    add_json(parser)
    add_settings(
        parser,
        (
            *("zone", "pue", "intensity", "tariff", "currency", "wue", "ewif", "market"),
            *("machine", "lifetime", "hardware_share", "factors", "factor_policy", "lang"),
        ),
    )
    add_as_of(parser)


def _asked(given: Namespace, names: Iterable[str]) -> dict[str, Any]:
    facts = {} if given.case is None else dict(facts_of(given.case))
    options = {name: getattr(given, name) for name in names if getattr(given, name) is not None}
    return facts | options


def abouts(texts: Texts) -> dict[str, str]:
    """Return each prediction of energy with what it is for, in one line."""
    _ = texts.gettext
    return {
        "training": _("Predict what a training will take: operations, hours and energy."),
        "inference": _("Predict what answers, images or videos take on a server."),
        "api": _("Predict what answers of a hosted model take, by its name."),
        "lifecycle": _("Predict a model's whole life: training, adaptations and use."),
    }


def _helps(texts: Texts) -> dict[str, str]:
    _ = texts.gettext
    return {
        "model": _("the model by name, such as Qwen3-32B or sdxl"),
        "params_b": _("its parameters, in 1e9"),
        "active_b": _("of these used for a token, in 1e9 (all)"),
        "weight_bits": _("bits of a parameter as it is served (16)"),
        "layers": _("its layers, where the tables do not have the model"),
        "tokens_b": _("tokens that are trained on, in 1e9, each pass counted"),
        "flop": _("operations of the training, instead of parameters and tokens"),
        "gpu": _("the accelerator, such as H100, A100 or MI300X"),
        "gpus": _("how many: of the training, or of one copy of the model"),
        "mfu": _("share of the dense 16-bit peak that is reached, 0 to 1"),
        "tflops": _("instead: 1e12 operations a second that one accelerator reaches"),
        "power_w": _("mean watts of one accelerator"),
        "host": _("energy of the machines over that of their accelerators, from 1 up"),
        "peft": _("only a few parameters are trained, the others frozen"),
        "batch": _("requests that one copy of the model answers at once, or pictures"),
        "stack": _("year of the programs that serve: 2026, 2024 or 2023 (2026)"),
        "task": _("chat, reasoning, code, image-chat, video-chat; image or video makes them"),
        "tokens_in": _("tokens of a prompt (as usual for the task)"),
        "tokens_out": _("tokens of an answer, reasoning included"),
        "requests": _("how many requests (1)"),
        "width": _("of the picture, in pixels (1024)"),
        "height": _("of the picture, in pixels (1024)"),
        "steps": _("of the sampler (28)"),
        "frames": _("of the video (1: an image)"),
        "years": _("how long the model is used (1)"),
        "adaptations_per_year": _("how often it is adapted in a year (0)"),
        "queries_per_day": _("how often it is asked on the first day"),
        "growth": _("of the queries in a year: 0.5 is half as many more (0)"),
    }

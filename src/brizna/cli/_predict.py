"""``brizna predict``: what a job comes to before running it; here, on more accelerators."""

from __future__ import annotations

from functools import partial

from brizna.cli._options import add_json, add_settings, settings_of
from brizna.cli._parser import Parser
from brizna.cli._predict_energy import abouts, predict_one
from brizna.core.errors import InputError
from brizna.core.quantities import Duration, Power

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable

    from brizna.cli._dispatch import Context
    from brizna.verbs import ScalingRequest


def predict(context: Context, words: list[str]) -> int:
    """Carry out one of the predictions; scaling if none is named."""
    if words[:1] in (["-h"], ["--help"]):
        context.tell(*_overview(context))
        return 0
    action = words[0] if words and words[0] in ACTIONS else "scaling"
    if words and words[0] not in ACTIONS:
        from brizna.core.factors import nearest

        raise InputError(
            "{name!r} is not something to predict.{hint} Known: {names}.",
            name=words[0],
            hint=nearest(words[0], ACTIONS),
            names=", ".join(ACTIONS),
        )
    return ACTIONS[action](context, words[1:] if words and words[0] == action else words)


def _overview(context: Context) -> list[str]:
    _ = context.texts.gettext
    told = {**abouts(context.texts), "scaling": _scaling_about(context)}
    lines = [f"  {name:<11}{told[name]}" for name in ACTIONS]
    more = _("Each explains itself: brizna predict NAME --help")
    return [_("usage: ") + "brizna predict NAME ...", "", *lines, "", more]


def _scaling_about(context: Context) -> str:
    _ = context.texts.gettext
    return _("Predict what a job comes to on more accelerators, from points.")


def _scaling(context: Context, words: list[str]) -> int:
    from brizna.report import scaling_lines
    from brizna.verbs import predict_scaling

    parser = Parser(
        "brizna predict scaling",
        _scaling_about(context) + "\n\nbrizna predict scaling 8:3250,16:4940,32:9330",
        context.texts,
    )
    _add_scaling(parser)
    given = parser.parse_args(words)
    made = predict_scaling(_request(given))
    if given.json:
        context.tell_json(made.to_json())
        return 0
    lines = scaling_lines(
        made.to_json(),
        lang=context.lang,
        width=context.width,
        color=context.color,
        currency=settings_of(given, context)["currency"],
    )
    context.tell(*lines)
    return 0


def _add_scaling(parser: Parser) -> None:
    _ = parser.texts.gettext
    parser.add_argument(
        "source",
        metavar="TABLE|POINTS",
        help=_("a CSV file, or accelerators and samples a second: 8:100,16:190"),
    )
    parser.add_argument(
        "--kind", metavar="KIND", help=_("throughput (of samples) or quality (to a target)")
    )
    parser.add_argument(
        "--node-size", metavar="N", type=int, help=_("accelerators in one machine (8)")
    )
    parser.add_argument("--counts", metavar="N,N", help=_("counts of accelerators to look at"))
    parser.add_argument(
        "--samples", metavar="N", type=float, help=_("samples that the job has to take")
    )
    parser.add_argument("--power", metavar="W", help=_("mean watts of one accelerator, measured"))
    parser.add_argument(
        "--goal", default="energy", help=_("energy, fastest, deadline or money (energy)")
    )
    parser.add_argument(
        "--within",
        metavar="PERCENT",
        type=float,
        default=10.0,
        help=_("energy that the fastest may add to the least (10)"),
    )
    parser.add_argument("--deadline", help=_("how long it may take, such as 24h"))
    parser.add_argument(
        "--price", metavar="PRICE", type=float, help=_("price of an accelerator for an hour")
    )
    add_json(parser)
    add_settings(parser, ("currency", "lang"))


def _request(given: Namespace) -> ScalingRequest:
    from brizna.plan import ScalingGoal
    from brizna.verbs import ScalingRequest as Request

    goal = ScalingGoal(
        name=given.goal,
        within=given.within / 100,
        deadline_s=None if given.deadline is None else Duration.parse(given.deadline).value,
        price_per_hour=given.price,
    )
    return Request(
        source=given.source,
        kind=given.kind,
        node_size=given.node_size,
        counts=None if given.counts is None else _counts(given.counts),
        samples=given.samples,
        power_w=None if given.power is None else Power.parse(given.power).value,
        goal=goal,
    )


def _counts(text: str) -> tuple[int, ...]:
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and int(part) for part in parts):
        raise InputError(
            "--counts is {text!r}: expected whole numbers between commas, such as 8,16,32.",
            text=text,
        )
    return tuple(map(int, parts))


ACTIONS: dict[str, Callable[[Context, list[str]], int]] = {
    "training": partial(predict_one, kind="training"),
    "inference": partial(predict_one, kind="inference"),
    "api": partial(predict_one, kind="api"),
    "lifecycle": partial(predict_one, kind="lifecycle"),
    "scaling": _scaling,
}
"""What can be predicted."""

"""Complex against simple models for people: what each takes, and which to take."""

from __future__ import annotations

from brizna.core.estimate import Estimate
from brizna.core.quantities import Energy, Ratio
from brizna.report._format import Format
from brizna.report._table import Table
from brizna.report._view import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_STEP = 1e-4
_POINT = 0.1


def simpler_lines(
    study: Mapping[str, Any], *, lang: str, width: int = 80, color: bool = False
) -> list[str]:
    """Return a comparison as two tables, which model to take, and what to know of it.

    Args:
        study: Its record.
        lang: One of `LANGUAGES`.
        width: Columns of the terminal.
        color: Whether it takes colour.
    """
    style, study = Format(lang), printable(study)
    _ = style.say
    header = [_("model"), _("score"), _("training"), _("1,000 inferences")]
    rows = [_model(one, style) for one in study["models"]]
    lines = Table(header, rows, right=(1, 2, 3)).lines(width=width, color=color)
    header = [
        _("in place of {name}").format(name=study["complex"]),
        _("loses, points"),
        _("saves in training"),
        _("saves in use"),
        _("verdict"),
    ]
    rows = [_verdict(one, style) for one in study["verdicts"]]
    lines += ["", *Table(header, rows, right=(1, 2, 3)).lines(width=width, color=color), ""]
    lines.append(_rule(study, style))
    lines += [f"{one['name']}: {style.stored(one['why'])}." for one in study["verdicts"]]
    lines.append(_taken(study, style))
    return lines + [f"- {style.stored(note)}" for note in study["notes"]]


def _model(one: Mapping[str, Any], style: Format) -> list[str]:
    _ = style.say
    if one["failed"] is not None:
        return [one["name"], _("given up: {why}").format(why=style.stored(one["failed"])), "", ""]
    energies = [
        "-" if one[name] is None else style.estimate(Energy, one[name])
        for name in ("training_j", "inference_j")
    ]
    return [one["name"], style.number(one["score"], step=_STEP), *energies]


def _verdict(one: Mapping[str, Any], style: Format) -> list[str]:
    _ = style.say
    names = {
        "pass": _("simpler is enough"),
        "fail": _("keep the complex one"),
        "undecided": _("cannot tell"),
    }
    gain = _("{value} ({low} to {high})").format(
        **{
            name: style.number(one[field], step=_POINT)
            for name, field in (("value", "gain"), ("low", "gain_low"), ("high", "gain_high"))
        }
    )
    use = one["inference_ratio"]
    return [
        one["name"],
        gain,
        _ratio(one["training_ratio"], style),
        _ratio(use, style),
        names[one["verdict"]],
    ]


def _ratio(ratio: Mapping[str, Any] | None, style: Format) -> str:
    if ratio is None:
        return "-"
    return "x " + style.estimate(Ratio, Estimate.from_json(Ratio, ratio))


def _rule(study: Mapping[str, Any], style: Format) -> str:
    _ = style.say
    points, ratio = style.number(study["points"]), style.number(study["ratio"])
    if study["inferences"] is None:
        return _(
            "Rule: a simpler model is enough if it loses at most {points} points and the complex "
            "one takes at least {ratio} times the energy, in training or in use."
        ).format(points=points, ratio=ratio)
    return _(
        "Rule: a simpler model is enough if it loses at most {points} points and the complex one "
        "takes at least {ratio} times the energy, over {inferences} inferences."
    ).format(points=points, ratio=ratio, inferences=style.count(round(study["inferences"])))


def _taken(study: Mapping[str, Any], style: Format) -> str:
    _ = style.say
    if study["recommended"] is None:
        return _("Which to take cannot be told.")
    return _("To take: {name}.").format(name=study["recommended"])

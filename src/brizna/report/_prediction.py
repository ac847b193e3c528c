"""Lines for what something will take, before it runs."""

from __future__ import annotations

from brizna.core.quantities import Duration, Energy, Ratio
from brizna.report._format import Format
from brizna.report._table import Table
from brizna.report._terminal import footprint_lines
from brizna.report._view import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from brizna.core.quantities import Quantity

_LARGE = 1e15
"""From here on a number is written with its power of ten."""
_HOUR_S = 3600.0
_KINDS: Mapping[str, type[Quantity]] = {"j": Energy, "s": Duration}


def prediction_lines(
    prediction: Mapping[str, Any], *, lang: str, width: int, color: bool
) -> list[str]:
    """Return the parts of a prediction, its years, its footprint and what was assumed.

    Args:
        prediction: As `Prediction.to_json` gives it.
        lang: One of `LANGUAGES`.
        width: Columns of the terminal.
        color: Whether it takes colour.
    """
    style = Format(lang)
    _, prediction = style.say, printable(prediction)
    names = _names(style)
    rows = [
        (names[name], *_figure(name, estimate, style))
        for name, estimate in prediction["figures"].items()
    ]
    lines = Table([_("part"), _("best"), _("interval 90 %")], rows, right=(1, 2)).lines(
        width=width, color=color
    )
    if prediction["years"]:
        lines += ["", *_years(prediction["years"], style, width=width, color=color)]
    lines += [""]
    lines += footprint_lines(prediction["footprint"], lang=lang, width=width, color=color)
    facts = [
        f"{names[name]}: {_fact(value, style)}"
        for name, value in prediction["facts"].items()
        if name in names
    ]
    lines += ["", *("  " + fact for fact in facts)]
    lines += ["  " + style.stored(note) for note in prediction["notes"]]
    return lines


def kind_of(name: str) -> type[Quantity]:
    """Return what a figure is, by the suffix of its name."""
    return _KINDS.get(name.rpartition("_")[2], Ratio)


def _figure(name: str, estimate: Mapping[str, Any], style: Format) -> tuple[str, str]:
    """Return a figure and its interval; time that many spend at once in hours, as it is billed."""
    if name != "device_s":
        return style.parts(kind_of(name), estimate)
    hours = {end: estimate[end] / _HOUR_S for end in ("low", "best", "high")}
    best, ends = style.parts(Ratio, hours)
    return f"{best} h", ends


def _fact(value: float | str, style: Format) -> str:
    if isinstance(value, str):
        return style.stored(value)
    if value >= _LARGE:
        return style.power_of_ten(value)
    return style.count(int(value)) if float(value).is_integer() else style.number(value)


def _years(years: list[Mapping[str, Any]], style: Format, *, width: int, color: bool) -> list[str]:
    _ = style.say
    header = [_("year"), _("training"), _("adaptation"), _("use")]
    rows = [
        (style.count(place), *(style.estimate(Energy, one) for one in year.values()))
        for place, year in enumerate(years, 1)
    ]
    return Table(header, rows, right=(0,)).lines(width=width, color=color)


def _names(style: Format) -> dict[str, str]:
    _ = style.say
    return {
        "accelerators_j": _("accelerators alone"),
        "device_s": _("time of all accelerators together"),
        "duration_s": _("time from start to end"),
        "request_j": _("one request"),
        "token_j": _("one token of the answer"),
        "training_j": _("training"),
        "adaptation_j": _("adaptations"),
        "use_j": _("use"),
        "query_j": _("one query"),
        "generation_j": _("generating samples, one adaptation"),
        "reward_j": _("judging them"),
        "update_j": _("learning from them"),
        "break_even_queries": _("queries until use has taken what training took"),
        "flop": _("operations (FLOP)"),
        "gpu": _("accelerator"),
        "gpus": _("accelerators"),
        "model": _("model"),
        "params_b": _("parameters (1e9)"),
        "active_b": _("of these active (1e9)"),
        "cards": _("accelerator"),
        "batch": _("requests at once"),
        "queries": _("queries in all"),
        "years": _("years"),
        "break_even_years": _("years until use has taken what training took"),
    }


def reuse_lines(found: Mapping[str, Any], *, lang: str, width: int, color: bool) -> list[str]:
    """Return what there is to reuse, the options, and from when on each pays.

    Args:
        found: As `Reuse.to_json` gives it.
        lang: One of `LANGUAGES`.
        width: Columns of the terminal.
        color: Whether it takes colour.
    """
    style = Format(lang)
    _, found = style.say, printable(found)
    lines: list[str] = []
    if found["words"]:
        lines += [*_kept(found["kept"], style, width=width, color=color), ""]
    chosen = found["chosen"]
    if chosen is None:
        return lines[:-1]
    rows = [
        (
            _way(name, style),
            style.estimate(Energy, found["options"][name]["once_j"]),
            style.estimate(Energy, found["options"][name]["query_j"]),
            style.estimate(Energy, chosen["energies_j"][name]),
        )
        for name in chosen["order"]
    ]
    header = [_("way"), _("before the first query"), _("one query"), _("all queries")]
    lines += [*Table(header, rows).lines(width=width, color=color), ""]
    for pair in chosen["break_even"]:
        lines.append("  " + _pays(pair, style))
    best = _("least over {queries} queries: {name}").format(
        queries=style.number(chosen["queries"]),
        name=_way(chosen["order"][0], style),
    )
    if not chosen["surely"]:
        best += _(" - but what is doubtful may turn it round")
    lines += ["", best]
    return lines + ["  " + style.stored(note) for note in found["notes"]]


def _way(name: str, style: Format) -> str:
    """Return what people call a way to come to a model."""
    _ = style.say
    names = {
        "reuse": _("reuse"),
        "prompt": _("longer prompt"),
        "peft": _("tuning few parameters (PEFT)"),
        "fine-tune": _("full fine-tuning"),
        "scratch": _("training from scratch"),
    }
    return names.get(name, name)


def _pays(pair: Mapping[str, Any], style: Format) -> str:
    _ = style.say
    names = {one: _way(pair[one], style) for one in ("dear", "cheap")}
    if pair["queries"] is not None:
        when = style.estimate(Ratio, pair["queries"])
        return _("{dear} pays over {cheap} after {queries} queries").format(queries=when, **names)
    text = _("{dear} over {cheap}: {reason}").format(reason=style.stored(pair["reason"]), **names)
    if pair["best"] is not None:
        best = style.number(pair["best"])
        text += _("; by the best values after {queries} queries").format(queries=best)
    return text


def _kept(kept: list[Mapping[str, Any]], style: Format, *, width: int, color: bool) -> list[str]:
    _ = style.say
    if not kept:
        return [_("nothing like it was found: no run, no checkpoint")]
    header = [_("what"), _("name"), _("energy that it took"), _("where")]
    what = {"run": _("run"), "checkpoint": _("checkpoint")}
    rows = [
        (what[one["what"]], one["name"], style.estimate(Energy, one["energy_j"]), one["where"])
        for one in kept
    ]
    return Table(header, rows).lines(width=width, color=color)

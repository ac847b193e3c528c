"""Studies of a model for people: the variants, which to take, the front as a page, and a card."""

from __future__ import annotations

from math import ceil, log10

from brizna.core.estimate import CHANCE, Estimate
from brizna.core.quantities import Carbon, Duration, Energy, Money, Ratio
from brizna.improve import AS_IT_IS, TOO_LARGE, Serving, loads_alone
from brizna.report._format import Format, Joules, unit_for
from brizna.report._plot import Figure, Point, choices_of, ends_of, front_page, plot_of, told
from brizna.report._table import Table
from brizna.report._view import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    Found = Mapping[str, Any]

_FRONT = "*"
_NUMBERS = (1, 2, 5, 6, 7, 8)
"""Columns of the table that hold numbers."""
_ALIGNED = (1, 2, 3, 5, 6, 7, 8)
"""Columns of the page's table that are not broken into lines."""
_LOOKS = {"pass": "", "fail": "refused", "undecided": "unsure"}
"""How the plot draws what is not good enough."""
_MOST_DECLINED = 12
"""So many compositions that were not built are told in a terminal; the page and JSON have all."""
_USE = (
    "`loader.py` loads it: `from loader import load; predict = load()`; `predict(request)` gives a "
    "tuple of arrays. `brizna improve replay recipe.toml` makes it again and compares its cost and "
    "quality."
)
_NEEDS_BRIZNA = (
    "The loader needs brizna itself, which leads the runtime here or remembers answers: "
    "`pip install brizna` where it is used."
)
_ELSEWHERE = (
    "Small numbers are computed otherwise by other processors: score it on the machine that will "
    "run it."
)
_BEHIND = "takes less at a quality that is good enough"
"""How the reason ends of what another variant drove out; its name would widen the whole table."""
_MEGABYTE = 1e6
_DIGITS = 2


def improvement_lines(
    found: Found, *, lang: str, width: int = 80, color: bool = False
) -> list[str]:
    """Return a study as a table, which variant to take, and what to know of it.

    Args:
        found: Its record.
        lang: One of `LANGUAGES`.
        width: Columns of the terminal.
        color: Whether it takes colour.
    """
    style, found = Format(lang), printable(found)
    _ = style.say
    header, rows = _table(found, style)
    lines = _narrow(header, rows).lines(width=width, color=color)
    lines += ["", *improvement_verdict(found, style)]
    lines += [f"- {style.stored(note)}" for note in found["notes"]]
    failed = [row for row in found["rows"] if row["state"] == "failed"]
    if failed:
        lines += ["", _("What failed:")]
        lines += [f"- {_named(row, style)}: {style.stored(row['why'])}" for row in failed]
    declined = [row for row in found["rows"] if row["state"] == "declined"]
    if declined:
        lines += ["", _("What was not built:")]
        lines += [
            f"- {_named(row, style)}: {style.stored(row['why'])}"
            for row in declined[:_MOST_DECLINED]
        ]
        left = len(declined) - _MOST_DECLINED
        if left > 0:
            lines.append(_("- and {count} more: see --json or --html").format(count=left))
    return lines


def _narrow(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    """Return the table without the columns that say nothing of any variant."""
    kept = [
        at for at in range(len(header)) if at == 0 or any(row[at] not in ("", "-") for row in rows)
    ]
    return Table(
        [header[at] for at in kept],
        [[row[at] for at in kept] for row in rows],
        right=[place for place, at in enumerate(kept) if at in _NUMBERS],
    )


def _named(row: Mapping[str, Any], style: Format) -> str:
    """Return what a composition that was not built is called: its steps, or the model as it is."""
    _ = style.say
    model, plus, step = row["name"].partition(" + ")
    return f"{_('as it is')}{plus}{step}" if model == AS_IT_IS else row["name"]


def improvement_page(found: Found, *, lang: str) -> bytes:
    """Return a page of a study: quality against cost, the front, and all rows.

    Args:
        found: Its record.
        lang: One of `LANGUAGES`.

    Raises:
        UnavailableError: If Jinja2 is not installed.
    """
    style, found = Format(lang, rich=True), printable(found)
    header, rows = _table(found, style)
    points = _points(found, header, rows)
    _ = style.say
    out = [row for row in found["rows"] if row["state"] in ("failed", "declined")]
    values = {
        "title": _("A model improved"),
        "subject": found["study"]["source"].get("path") or found["study"]["source"].get("load"),
        "question": _("Which variant to take"),
        "verdict": improvement_verdict(found, style),
        "notes": [style.stored(note) for note in found["notes"]],
        "plot_name": _("Quality against cost"),
        "plot": plot_of(points, _figures(found, style), style),
        "caption": _("Bars are intervals; the dotted line is the margin."),
        "legend": _legend(points, style),
        "choices": _choices(points, style),
        "groups": [point.groups for point in points],
        "table_name": _("Variants"),
        "header": header,
        "rows": rows,
        "numbers": _ALIGNED,
        "out_name": _("What failed or was not built"),
        "out": [(_named(row, style), style.stored(row["why"])) for row in out],
    }
    return front_page(values, lang)


def improvement_card(found: Found) -> str:
    """Return a card for the model that was chosen, in English, as Markdown.

    Args:
        found: The record of the study.
    """
    style, found = Format("en"), printable(found)
    row = next(one for one in found["rows"] if one["name"] == found["chosen"])
    used: dict[str, Any] = row["used"] or {}
    facts = [
        ("Made from", found["study"]["source"].get("path") or found["study"]["source"].get("load")),
        ("Steps", "; ".join(_step(step) for step in row["steps"]) or "none"),
        ("Runs in", row["name"].rpartition(" + ")[2]),
        ("Really used", ", ".join(f"{name} {value}" for name, value in sorted(used.items()))),
        ("Instructions", ", ".join(found["machine"]["isa"])),
        ("Size", _size(row, style)),
    ]
    lines = ["# A model that brizna improve chose", "", *improvement_verdict(found, style), ""]
    lines += ["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in facts), ""]
    needs = [] if loads_alone(Serving.from_json(row["serving"])) else [_NEEDS_BRIZNA, ""]
    return "\n".join([*lines, _USE, "", *needs, _ELSEWHERE, ""])


def replay_lines(replayed: Mapping[str, Any], *, lang: str) -> list[str]:
    """Return what came of making a model again.

    Args:
        replayed: Its record.
        lang: One of `LANGUAGES`.
    """
    style, replayed = Format(lang), printable(replayed)
    _ = style.say
    pairs = [
        (_("cost, ratio"), replayed["ratio"], replayed["expected_ratio"]),
        (_("quality"), replayed["quality"], replayed["expected_quality"]),
    ]
    rows = [
        [name, *("-" if value is None else _exact(value, style) for value in values)]
        for name, *values in pairs
    ]
    lines = Table(["", _("now"), _("recipe")], rows, right=(1, 2)).lines(width=80, color=False)
    same = _("The files are the same to the bit.")
    other = _("The files are others, as not every library makes the same bytes again.")
    lines.append(same if replayed["has_same_bytes"] else other)
    alike = _("It is what the recipe says, within its tolerances.")
    unlike = _("It is not what the recipe says.")
    lines.append(alike if replayed["is_alike"] else unlike)
    lines.append(_("It stands in {folder}.").format(folder=replayed["folder"]))
    return lines + [f"- {style.stored(note)}" for note in replayed["notes"]]


def improvement_verdict(found: Found, style: Format) -> list[str]:
    """Return which variant to take, what that saves, and what the study took."""
    _ = style.say
    lines: list[str] = []
    if found["chosen"] is None:
        lines.append(_("No variant is both cheaper and shown to be good enough: keep the model."))
        undecided = [row for row in _measured(found) if _says(row) == "undecided"]
        needed = [row["quality"]["needed"] for row in undecided if row["quality"]["needed"]]
        if needed:
            text = _("The cheapest undecided one would need about {count} items to be told.")
            lines.append(text.format(count=style.count(needed[0])))
    else:
        row = next(one for one in found["rows"] if one["name"] == found["chosen"])
        lines += _chosen_lines(row, found, style)
    lines += _ways(found, style)
    spent = style.duration(found["spent_s"])
    text = _("The study took {time} of processor time.")
    if found["spent_j"] is not None:
        text = _("The study took {time} of processor time and {energy}.")
    energy = "" if found["spent_j"] is None else style.estimate(Energy, found["spent_j"])
    lines.append(text.format(time=spent, energy=energy))
    if found["is_proxy"]:
        lines.append(
            _(
                "No counter of energy can be read here: costs are processor seconds, a proxy. They "
                "are not joules."
            )
        )
    return [*lines, *_year(found, style)]


def _chosen_lines(row: Mapping[str, Any], found: Found, style: Format) -> list[str]:
    _ = style.say
    ratio, quality = Estimate.from_json(Ratio, row["ratio"]), row["quality"]
    low, best, high = (style.number(1 / end.value) for end in (ratio.high, ratio.best, ratio.low))
    text = _("To take: {name}. It takes {times} times less ({low} to {high}) than {base}.")
    lines = [text.format(name=row["name"], times=best, low=low, high=high, base=found["base"])]
    text = _("Its quality is {value} beside {base}: {verdict} at a margin of {margin}.")
    lines.append(
        text.format(
            value=_exact(quality["variant"], style),
            base=_exact(quality["base"], style),
            verdict=_verdict(row, style),
            margin=_exact(quality["margin"], style),
        )
    )
    if found["artefact"] is not None:
        text = _("It stands in {folder}, where its loader gave the same scores in a new process.")
        lines.append(text.format(folder=found["artefact"]))
    return lines


def _ways(found: Found, style: Format) -> list[str]:
    """Return what else is worth knowing of the front: its bend, and what changes nothing."""
    _ = style.say
    lines: list[str] = []
    if found["knee"] is not None and found["knee"] != found["chosen"]:
        lines.append(_("The bend of the front: {name}.").format(name=found["knee"]))
    if found["lossless"] is not None and found["lossless"] not in (found["chosen"], found["base"]):
        text = _("The least that changes nothing: {name}.")
        lines.append(text.format(name=found["lossless"]))
    return lines


def _year(found: Found, style: Format) -> list[str]:
    _ = style.say
    year = found["yearly"]
    if year is None:
        return []
    told = [style.estimate(Energy, year["saved"]["energy_j"])]
    if year["saved"]["carbon_operational_g"] is not None:
        told.append(style.estimate(Carbon, year["saved"]["carbon_operational_g"]))
    if year["saved"]["cost"] is not None:
        told.append(style.estimate(Money, year["saved"]["cost"], currency=year["currency"]))
    text = _("Saved in a year of {count} inferences: {figures}.")
    return [text.format(count=style.count(round(year["inferences"])), figures=", ".join(told))]


# ------------------------------------------------------------------------------------------ table


def _table(found: Found, style: Format) -> tuple[list[str], list[list[str]]]:
    _ = style.say
    cost = _("processor time / 1000") if found["is_proxy"] else _("energy / 1000")
    header = [
        _("variant"),
        _("cost, ratio"),
        cost,
        _("quality"),
        _("verdict"),
        _("latency"),
        _("size"),
        _("pays after"),
        _("beside lossless"),
        _("front"),
    ]
    return header, [_row(row, found, style) for row in _measured(found)]


def _measured(found: Found) -> list[Mapping[str, Any]]:
    return [row for row in found["rows"] if row["state"] in ("measured", "dropped")]


def _row(row: Mapping[str, Any], found: Found, style: Format) -> list[str]:
    is_base = row["name"] == found["base"]
    cost = style.estimate(Duration, row["cpu_s"]) if row["cpu_s"] else "-"
    if not found["is_proxy"]:
        cost = style.estimate(Joules, row["energy_j"]) if row["energy_j"] else "-"
    latency = row["latency_s"]
    return [
        row["name"],
        "1" if is_base else _ratio(row, style),
        cost,
        _quality(row, found, style),
        "" if is_base else _verdict(row, style),
        "-" if latency is None else style.duration(latency),
        _size(row, style),
        _pays(row, "break_even", style),
        _pays(row, "break_even_lossless", style),
        _FRONT if row["is_on_front"] else "",
    ]


def _ratio(row: Mapping[str, Any], style: Format) -> str:
    """Return the ratio with its interval; what rests on one trial has none, and says so."""
    if row["ratio"] is None:
        return "-"
    _ = style.say
    ratio = Estimate.from_json(Ratio, row["ratio"])
    told = style.estimate(Ratio, ratio)
    return told if CHANCE in ratio.doubts else _("{value}, one trial").format(value=told)


def _quality(row: Mapping[str, Any], found: Found, style: Format) -> str:
    """Return the change of quality with its bounds; of the base its quality."""
    quality = row["confirmed"] or row["quality"]
    if row["name"] == found["base"]:
        base = found["base_quality"]
        return "-" if base is None else _exact(base, style)
    if quality is None:
        return "-"
    change, low, high = (_signed(quality[name], style) for name in ("difference", "low", "high"))
    _ = style.say
    return _("{value} ({low} to {high})").format(value=change, low=low, high=high)


def _says(row: Mapping[str, Any]) -> str | None:
    """Return the last word on a row's quality."""
    last = row["confirmed"] or row["quality"]
    return None if last is None else last["verdict"]


def _verdict(row: Mapping[str, Any], style: Format) -> str:
    _ = style.say
    quality = row["confirmed"] or row["quality"]
    if quality is None:
        is_behind = (row["why"] or "").endswith(_BEHIND)
        return _dropped(row, style) if is_behind else style.stored(row["why"] or "-")
    words = {"pass": _("good enough"), "fail": _("too low"), "undecided": _("undecided")}
    said = words[quality["verdict"]]
    if quality["verdict"] == "undecided" and quality["needed"]:
        text = _("undecided (needs about {count} items)")
        if quality.get("groups"):
            text = _("undecided (needs about {count} groups)")
        said = text.format(count=style.count(quality["needed"]))
    if row["confirmed"] is not None and quality["verdict"] == "pass":
        said = _("good enough, confirmed")
    return said if row["state"] == "measured" else f"{said}; {_dropped(row, style)}"


def _dropped(row: Mapping[str, Any], style: Format) -> str:
    """Return in a few words why a row left the race."""
    _ = style.say
    if row["why"] == TOO_LARGE:
        return _("too large")
    return _("dominated") if _says(row) != "fail" else _("refused")


def _size(row: Mapping[str, Any], style: Format) -> str:
    size = row["size_bytes"]
    return "-" if size is None else f"{style.number(size / _MEGABYTE)}{style.space}MB"


def _pays(row: Mapping[str, Any], figure: str, style: Format) -> str:
    """Return after how many inferences the steps of a row have paid, if they may be taken."""
    count, ends = row[figure], row[f"{figure}_ends"]
    if count is None or _says(row) == "fail":
        return "-"
    told = _rounded(count, style)
    if ends is None or not count:
        return told
    _ = style.say
    low = _rounded(ends[0], style)
    if ends[1] is None:
        return _("{value} ({low} or never)").format(value=told, low=low)
    return f"{told} ({low}{style.dash}{_rounded(ends[1], style)})"


def _rounded(count: float, style: Format) -> str:
    """Return a number of inferences to two digits, rounded up."""
    if count < 1:
        return style.count(ceil(count))
    step = 10 ** max(int(log10(count)) + 1 - _DIGITS, 0)
    return style.count(ceil(count / step) * step)


def _exact(value: float, style: Format) -> str:
    return style.number(value, step=1e-4) if abs(value) < 10 else style.number(value)


def _signed(value: float, style: Format) -> str:
    said = _exact(value, style)
    return f"+{said}" if value > 0 else said


def _step(step: Mapping[str, Any]) -> str:
    inside = ", ".join(f"{name}={value}" for name, value in step.items() if name != "name")
    return f"{step['name']}({inside})" if inside else step["name"]


# ------------------------------------------------------------------------------------------- plot


def _points(found: Found, header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[Point]:
    """Return what the plot shows of each row, its figures aside."""
    marked = (found["chosen"], found["base"])
    return [
        Point(
            name=row["name"],
            is_named=row["is_on_front"] or row["name"] in marked,
            about=told(header, cells),
            is_on_front=row["is_on_front"],
            is_best=row["name"] == found["chosen"],
            look="" if row["name"] == found["base"] else _LOOKS.get(_says(row) or "", "unjudged"),
            groups={
                "runtime": row["serving"]["runtime"],
                "verdict": "base" if row["name"] == found["base"] else _says(row) or "none",
            },
        )
        for row, cells in zip(_measured(found), rows, strict=True)
    ]


def _figures(found: Found, style: Format) -> list[Figure]:
    """Return what the axes can show: cost and quality first."""
    _ = style.say
    rows = _measured(found)
    margin = found["study"]["margin"]

    def of(name: str, field: str, tell: Callable[[float], str], unit: float = 1.0) -> Figure:
        return Figure(
            name=name, values=tuple(ends_of(row[field]) for row in rows), tell=tell, unit=unit
        )

    changes = tuple(_change(row, is_base=row["name"] == found["base"]) for row in rows)
    energies = [row["energy_j"]["best"] for row in rows if row["energy_j"] is not None]
    joule = unit_for(Joules, max(energies, default=1.0))[1]
    return [
        of(_("cost, as a part of the model's as it is"), "ratio", style.number),
        Figure(
            name=_("change of quality"),
            values=changes,
            tell=lambda value: _signed(value, style),
            from_zero=False,
            within=(-5 * margin, 5 * margin),
            mark=-margin,
        ),
        of(_("processor time / 1000"), "cpu_s", style.duration),
        of(_("energy / 1000"), "energy_j", lambda value: style.quantity(Joules(value)), joule),
        of(_("latency"), "latency_s", style.duration),
        of(
            _("size"),
            "size_bytes",
            lambda value: f"{style.number(value / _MEGABYTE)}{style.space}MB",
            _MEGABYTE,
        ),
    ]


def _change(row: Mapping[str, Any], *, is_base: bool) -> tuple[float, float, float] | None:
    quality = row["confirmed"] or row["quality"]
    if quality is None:
        return (0.0, 0.0, 0.0) if is_base else None
    return quality["low"], quality["difference"], quality["high"]


def _choices(points: Sequence[Point], style: Format) -> list[dict[str, Any]]:
    """Return what readers can leave out: runtimes and verdicts."""
    _ = style.say
    verdicts = {
        "pass": _("good enough"),
        "undecided": _("undecided"),
        "fail": _("too low"),
        "base": _("as it is"),
        "none": _("not judged"),
    }
    return choices_of(points, {"runtime": (_("runtime"), {}), "verdict": (_("verdict"), verdicts)})


def _legend(points: Sequence[Point], style: Format) -> list[tuple[str, str]]:
    """Return what the looks of points mean, of those that there are."""
    _ = style.say
    looks = {one.look for one in points}
    said = {
        "best": (_("to take"), any(one.is_best for one in points)),
        "front": (_("on the front: none is both cheaper and better"), True),
        "usual": (_("good enough"), "" in looks),
        "unsure": (_("undecided"), "unsure" in looks),
        "refused": (_("too low"), "refused" in looks),
        "unjudged": (_("not judged"), "unjudged" in looks),
    }
    return [(look, words) for look, (words, is_there) in said.items() if is_there]

"""A gate for people: what was asked, what was found, and what gating itself took."""

from __future__ import annotations

from math import exp, log

from brizna.core.estimate import Estimate
from brizna.core.quantities import Energy
from brizna.report._axis import Axis
from brizna.report._format import Format
from brizna.report._html import render_page
from brizna.report._table import Table
from brizna.report._view import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    Found = Mapping[str, Any]

_SPECIAL = str.maketrans({mark: f"\\{mark}" for mark in r"\`*_[]<>|#"})
_COMMIT = 10
"""Digits of a commit that are shown."""
_WIDE, _HIGH = 720, 320
_LEFT, _RIGHT, _TOP, _BOTTOM = 78, 96, 18, 52
_FIGURES = {"1": "instructions", "s": "cpu", "J": "energy"}
"""What a budget in each unit is of."""
_LINE = 14
"""Below this distance two lines of text would lie on one another."""


def gate_lines(found: Found, *, lang: str, width: int = 80, color: bool = False) -> list[str]:
    """Return a gate as a table and a few lines.

    Args:
        found: Its record.
        lang: One of `LANGUAGES`.
        width: Columns of the terminal.
        color: Whether it takes colour.
    """
    style, found = Format(lang), printable(found)
    lines = Table(_header(style), _rows(found, style)).lines(width=width, color=color)
    return [*lines, "", *_remarks(found, style)]


def gate_markdown(found: Found, *, lang: str) -> str:
    """Return a gate for a pull request or a job's summary: one table, and what to know of it.

    Args:
        found: Its record.
        lang: One of `LANGUAGES`.
    """
    style, found = Format(lang, rich=True), printable(found)
    _ = style.say
    command = " ".join(found["command"]).replace("`", "'")
    lines = [f"### {_('Energy gate')}: `{command}`", ""]
    lines.append(f"| {' | '.join(_header(style))} |")
    lines.append("|---|---|---|---|")
    lines += [
        f"| {' | '.join(cell.translate(_SPECIAL) for cell in row)} |" for row in _rows(found, style)
    ]
    lines += ["", *(f"- {line.translate(_SPECIAL)}" for line in _remarks(found, style))]
    return "\n".join(lines) + "\n"


def gate_page(found: Found, *, lang: str) -> bytes:
    """Return a gate as a page: the verdicts, each block as a drawing and in a table.

    Args:
        found: Its record.
        lang: One of `LANGUAGES`.

    Raises:
        UnavailableError: If Jinja2 is not installed.
    """
    style, found = Format(lang, rich=True), printable(found)
    values = {
        "lang": lang,
        "command": " ".join(found["command"]),
        "header": _header(style),
        "rows": _rows(found, style),
        "remarks": _remarks(found, style),
        "plot": _plot(found, style),
        "blocks": _blocks(found, style),
    }
    return render_page("gate.html", values, lang, sheets=("report.css", "gate.css"))


def gate_progress(progress: Found, *, lang: str) -> str:
    """Return how far a gate has come, in a line.

    Args:
        progress: ``blocks``, ``figure`` and ``change``.
        lang: One of `LANGUAGES`.
    """
    style = Format(lang)
    _ = style.say
    count = style.count(progress["blocks"])
    if progress["change"] is None:
        return _("the head alone: {count} figures").format(count=count)
    done = _("{blocks} blocks").format(blocks=count)
    change = progress["change"]
    return f"{done}: {_change(change, style)} {_verdicts(style)[change['verdict']]}"


def _header(style: Format) -> list[str]:
    _ = style.say
    return [_("asked"), _("found"), _("bound"), _("verdict")]


def _rows(found: Found, style: Format) -> list[list[str]]:
    _, names = style.say, _verdicts(style)
    rows: list[list[str]] = []
    change, budget, drift = found["change"], found["budget"], found["drift"]
    if change is not None:
        asked = _("change in {figure}").format(figure=_figures(style)[found["figure"]])
        text = _("{allow} may be, {notice} matters")
        limits = {name: _signed(found[name], style) for name in ("allow", "notice")}
        bound = text.format(**limits)
        rows.append([asked, _change(change, style), bound, names[change["verdict"]]])
    if budget is not None:
        figure = _FIGURES[budget["unit"]]
        asked = _("budget of {figure}").format(figure=_figures(style)[figure])
        seen = _amount(budget, style)
        bound = f"≤ {_of_unit(budget['most'], budget['unit'], style)}"
        rows.append([asked, seen, bound, names[budget["verdict"]]])
    rows += [_quality(one, style) for one in found["quality"]]
    if drift is not None and drift["creep"] is not None:
        text = _("{creep} over {points} commits")
        seen = text.format(creep=_signed(drift["creep"], style), points=drift["points"])
        bound = f"≤ {_signed(drift['limit'], style)}"
        told = _("a warning") if drift["verdict"] == "fail" else names[drift["verdict"]]
        rows.append([_("creep of the base"), seen, bound, told])
    return rows


def _quality(one: Found, style: Format) -> list[str]:
    _, floor = style.say, one["floor"]
    seen = style.unknown(one.get("reason"))
    if one["median"] is not None and one["worst"] is not None:
        text = _("{median}, at worst {worst}")
        seen = text.format(median=style.number(one["median"]), worst=style.number(one["worst"]))
    bound = f"≥ {style.number(floor['least'])}"
    if floor["over_base"]:
        seen = _("over the base: {seen}").format(seen=seen)
    return [floor["name"], seen, bound, _verdicts(style)[one["verdict"]]]


def _remarks(found: Found, style: Format) -> list[str]:
    """Return what stands below the table."""
    _ = style.say
    lines: list[str] = []
    change = found["change"]
    if change is not None:
        lines.append(_held(found, style))
        control = _interval(change["control"], change["control_low"], change["control_high"], style)
        fine = _("The base against itself: {control}, as it should be.")
        wrong = _(
            "The base against itself: {control}. Something else than the change moved the figures, "
            "so there is no verdict: run the gate again on a quieter machine."
        )
        lines.append((fine if change["is_null"] else wrong).format(control=control))
    if found["budget"] is not None:
        text = _("Held against the budget: {executions} executions of the head; {method}.")
        method = _methods(style)[found.get("budget_method") or found["method"]]
        count = style.count(found["budget"]["executions"])
        lines.append(text.format(executions=count, method=method))
    energy = found["energy_j"]
    if energy is None:
        took = style.unknown(found["reason"])
    else:
        took = style.estimate(Energy, Estimate.from_json(Energy, energy))
    time = "-" if found["duration_s"] is None else style.duration(found["duration_s"])
    text = _("The gate itself took {energy} in {time}: the whole machine's, all executions in it.")
    lines.append(text.format(energy=took, time=time))
    return lines + [style.stored(note) for note in found["notes"]]


def _held(found: Found, style: Format) -> str:
    _, method = style.say, _methods(style)[found["method"]]
    text = _(
        "Base {base}, head {head}. Blocks of base, base again and head: {blocks}; executions in a "
        "figure: {executions}; {method}."
    )
    head = _commit(found["head_commit"], style)
    return text.format(
        base=f"{found['base']} ({_commit(found['base_commit'], style)})",
        head=_("{commit} with changes").format(commit=head) if found["is_changed"] else head,
        blocks=len(found["blocks"]),
        executions=found["executions"],
        method=method,
    )


def _commit(commit: str | None, style: Format) -> str:
    return commit[:_COMMIT] if commit else style.unknown(None)


def _verdicts(style: Format) -> dict[str, str]:
    _ = style.say
    return {
        "pass": _("pass"),
        "fail": _("FAIL"),
        "regressed": _("REGRESSED"),
        "improved": _("improved"),
        "cannot-tell": _("cannot tell"),
    }


def _figures(style: Format) -> dict[str, str]:
    _ = style.say
    return {
        "instructions": _("instructions"),
        "cpu": _("processor time"),
        "energy": _("energy"),
    }


def _methods(style: Format) -> dict[str, str]:
    _ = style.say
    return {
        "perf": _("instructions counted by the processor"),
        "callgrind": _("instructions counted by callgrind"),
        "rusage": _("processor time as the system tells it"),
        "meters": _("energy of the whole machine"),
    }


def _change(change: Found, style: Format) -> str:
    return _interval(change["change"], change["low"], change["high"], style)


def _interval(best: float, low: float | None, high: float | None, style: Format) -> str:
    _ = style.say
    if low is None or high is None:
        return _("{best}, of which too few blocks bound nothing").format(best=_signed(best, style))
    text = _("{best} (between {low} and {high})")
    return text.format(
        **{
            name: _signed(value, style)
            for name, value in (("best", best), ("low", low), ("high", high))
        }
    )


def _amount(budget: Found, style: Format) -> str:
    _ = style.say
    if budget["best"] is None:
        return style.unknown(None)
    text = _("{best} (between {low} and {high})")
    return text.format(
        **{name: _of_unit(budget[name], budget["unit"], style) for name in ("best", "low", "high")}
    )


def _of_unit(value: float, unit: str, style: Format) -> str:
    if unit == "J":
        return style.quantity(Energy(value))
    return style.duration(value) if unit == "s" else style.count(round(value))


def _signed(share: float, style: Format) -> str:
    """Return a change as a percentage with its sign, to a hundredth below one per cent."""
    percent = share * 100
    text = style.number(abs(percent), step=0.01 if 0.005 <= abs(percent) < 1 else 0.1)
    sign = "" if not round(percent, 2) else style.minus if percent < 0 else "+"
    return f"{sign}{text}{style.space}%"


# ----------------------------------------------------------------------------------------- blocks


def _blocks(found: Found, style: Format) -> list[list[str]]:
    """Return each block in words: its number, its figures, its change and its control."""
    unit = next(unit for unit, figure in _FIGURES.items() if figure == found["figure"])
    return [
        [
            style.count(number),
            *(_of_unit(block[arm], unit, style) for arm in ("base", "again", "head")),
            *(_signed(share, style) for share in _shares(block)),
        ]
        for number, block in enumerate(found["blocks"], start=1)
    ]


def _shares(block: Mapping[str, float]) -> tuple[float, float]:
    """Return the change of a block, and its control: the base again over the base."""
    base, again, head = (log(block[arm]) for arm in ("base", "again", "head"))
    return exp(head - (base + again) / 2) - 1, exp(again - base) - 1


def _plot(found: Found, style: Format) -> dict[str, Any] | None:
    """Return what to draw: change and control of each block, the interval and the limits."""
    change = found["change"]
    if change is None or not found["blocks"]:
        return None
    shares = [_shares(block) for block in found["blocks"]]
    ends = [change[name] for name in ("low", "change", "high") if change[name] is not None]
    every = [0.0, found["notice"], *ends, *(share for pair in shares for share in pair)]
    right, bottom = _WIDE - _RIGHT, _HIGH - _BOTTOM
    x = Axis(1, len(shares), start=_LEFT, end=right, from_zero=False)
    y = Axis(min(every), max(every), start=bottom, end=_TOP, from_zero=False)
    numbers = range(1, len(shares) + 1)
    band = None
    if change["low"] is not None and change["high"] is not None:
        top = y.at(change["high"])
        band = {"top": top, "height": round(y.at(change["low"]) - top, 1)}
    return {
        "width": _WIDE,
        "height": _HIGH,
        "left": _LEFT,
        "right": right,
        "bottom": bottom,
        "band": band,
        "best": y.at(change["change"]),
        "points": [
            {"x": x.at(number), "change": y.at(pair[0]), "control": y.at(pair[1])}
            for number, pair in enumerate(shares, start=1)
        ],
        "limits": _limits(found, y, style),
        "x_ticks": [(x.at(at), style.count(round(at))) for at in x.ticks(1.0) if at in numbers],
        "y_ticks": [(y.at(value), _signed(value, style)) for value in y.ticks(0.01)],
    }


def _limits(found: Found, y: Axis, style: Format) -> list[tuple[float, str]]:
    """Return where the lines of what may be and what matters lie, and what they are called."""
    _ = style.say
    lines = [(y.at(found["notice"]), _("matters"))]
    allowed = y.at(found["allow"])
    if abs(allowed - lines[0][0]) >= _LINE:
        lines.append((allowed, _("may be")))
    return lines

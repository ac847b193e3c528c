"""A gate for people: what was asked, what was found, and what gating itself took."""

from __future__ import annotations

from brizna.core.estimate import Estimate
from brizna.core.quantities import Energy
from brizna.report._format import Format
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


def gate_progress(progress: Found, *, lang: str) -> str:
    """Return how far a gate has come, in a line.

    Args:
        progress: ``blocks``, ``figure`` and ``change``.
        lang: One of `LANGUAGES`.
    """
    style = Format(lang)
    _ = style.say
    done = _("{blocks} blocks").format(blocks=style.count(progress["blocks"]))
    if progress["change"] is None:
        return done
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
        asked = _("budget of {figure}").format(figure=_figures(style)[found["figure"]])
        seen = _amount(budget, style)
        bound = f"≤ {_of_unit(budget['most'], budget['unit'], style)}"
        rows.append([asked, seen, bound, names[budget["verdict"]]])
    rows += [_quality(one, style) for one in found["quality"]]
    if drift is not None and drift["creep"] is not None:
        text = _("{creep} over {points} commits")
        seen = text.format(creep=_signed(drift["creep"], style), points=drift["points"])
        bound = f"≤ {_signed(drift['limit'], style)}"
        rows.append([_("creep of the base"), seen, bound, names[drift["verdict"]]])
    return rows


def _quality(one: Found, style: Format) -> list[str]:
    _, floor = style.say, one["floor"]
    seen = style.unknown(None)
    if one["median"] is not None:
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

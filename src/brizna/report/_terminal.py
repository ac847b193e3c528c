"""Lines for the terminal: the end of a run, one run, lists, explanations and the doctor's table.

Each function takes plain data and returns lines without ends; who prints them decides where. The
four lines at the end of a run are on the way of every ``brizna run``: they need no library.
"""

from __future__ import annotations

from brizna.core.quantities import Carbon, Energy, Money, Water
from brizna.report._beside import gauges_table, tell_unlike, work_table
from brizna.report._boundary import boundary_line, origin_line
from brizna.report._explain import Node, explain, tell_gap
from brizna.report._forest import channel_rows
from brizna.report._format import Format
from brizna.report._gathered import gathered_phases
from brizna.report._plan import followed_remark
from brizna.report._table import Table
from brizna.report._texts import texts
from brizna.report._view import part, printable, roots, shares, short_id
from brizna.report._whose import (
    OWN,
    closing_parts,
    name_view,
    remarks,
    seen_energy,
    users_table,
    view_rows,
)
from brizna.report._words import (
    name_basis,
    name_component,
    name_figure,
    name_state,
    name_zone_origin,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from brizna.report._view import View

_BOLD, _DIM, _GREEN, _PLAIN = "\x1b[1m", "\x1b[2m", "\x1b[32m", "\x1b[0m"
_INDENT = "        "
_BETWEEN = " · "
_LONGEST = 110
"""Columns that a line of the end of a run fills where it can be helped."""
_FIGURES = {
    "storage_energy_j": Energy,
    "transfer_energy_j": Energy,
    "facility_energy_j": Energy,
    "renewable_energy_j": Energy,
    "carbon_g": Carbon,
    "carbon_operational_g": Carbon,
    "carbon_hourly_g": Carbon,
    "carbon_market_g": Carbon,
    "carbon_marginal_g": Carbon,
    "carbon_embodied_g": Carbon,
    "water_electricity_l": Water,
    "water_l": Water,
    "cost": Money,
    "sci_g_per_unit": Carbon,
}


def wants_color(*, is_terminal: bool, environ: Mapping[str, str]) -> bool:
    """Return whether to print colour: on a terminal, unless NO_COLOR or TERM=dumb say no."""
    if environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR"):
        return True
    return is_terminal and environ.get("TERM") != "dumb"


def run_lines(
    view: View, *, lang: str, width: int = 80, color: bool = False, stored: str | None = None
) -> list[str]:
    """Return the at most four lines that end a run.

    Args:
        view: The run with its footprint.
        lang: One of `LANGUAGES`.
        width: Columns of the terminal; figures are never cut to it.
        color: Whether to paint.
        stored: Where the record lies; None if it could not be stored.
    """
    view = printable(view)
    style = Format(lang)
    remarks, left = _packed([*closing_parts(view, style), *_caveats(view, style)])
    lines = [
        _headline(view, style, width=width, color=color),
        _split(view, style),
        remarks,
        _next_steps(view, style, stored, left),
    ]
    return [lines[0], *(_INDENT + _paint(line, _DIM, color) for line in lines[1:] if line)]


def _headline(view: View, style: Format, *, width: int, color: bool) -> str:
    _ = style.say
    footprint = part(view, "footprint")
    seen_as = footprint.get("view", "machine")
    known = seen_energy(view, seen_as)
    energy = style.parts(Energy, known)
    carbon = style.parts(Carbon, footprint.get("carbon_g"))
    if known is None:
        energy = (_("energy unknown"), "")
    if seen_as != "machine":
        energy = (f"{name_view(seen_as, style)} {energy[0]}", energy[1])
    if footprint.get("carbon_g") is None:
        carbon = (_("carbon unknown"), "")
    plain = [f"{best} ({ends})" if ends else best for best, ends in (energy, carbon)]
    time = style.duration(view["duration_s"])
    fits = len("brizna  ") + sum(map(len, plain)) + len(time) + 6 <= width
    between = "   " if fits else "  "
    figures = [
        _paint(best, _BOLD, color) + (_paint(f" ({ends})", _DIM, color) if ends else "")
        for best, ends in (energy, carbon)
    ]
    title = _paint("brizna", _BOLD + _GREEN, color)
    return between.join([f"{title} {figures[0]}", figures[1], time])


def _split(view: View, style: Format) -> str:
    """Return whose energy it is, each component's share and basis, and what no meter saw."""
    _ = style.say
    parts = [
        f"{name_component(kind, style.lang)} {style.percent(share)} {name_basis(basis, style.lang)}"
        for kind, share, basis in shares(view)
    ]
    not_seen = view["measurement"]["coverage"]["not_seen"]
    if not_seen:
        missing = ", ".join(
            _missing(component, reason, style) for component, reason in not_seen.items()
        )
        parts.append(_("not seen: {components}").format(components=missing))
    scopes = {channel.get("scope") for channel in roots(view)}
    whose = {"machine": _("machine"), "container": _("container")}
    known = whose.get(str(scopes.pop())) if len(scopes) == 1 else None
    return (f"{known}: " if known else "") + " · ".join(parts)


def _missing(component: str, reason: str, style: Format) -> str:
    """Return what is not seen; of one device among several, or one that was named, also why."""
    name = name_component(component, style.lang)
    return f"{name} ({style.stored(reason)})" if "/" in component else name


def _packed(parts: Sequence[str]) -> tuple[str, list[str]]:
    """Return as many parts as fit one line, and those that are left; the first always fits."""
    count = 1
    while count < len(parts) and len(_INDENT + _BETWEEN.join(parts[: count + 1])) <= _LONGEST:
        count += 1
    return _BETWEEN.join(parts[:count]), list(parts[count:])


def _caveats(view: View, style: Format) -> list[str]:
    """Return what most limits these figures; nothing if nothing does."""
    _ = style.say
    said: list[str] = []
    footprint = part(view, "footprint")
    if view["measurement"]["energy_j"] is None:
        why = style.stored(view["measurement"].get("reason") or "not known")
        said.append(_("energy unknown: {reason}").format(reason=why))
    elif footprint.get("carbon_g") is None:
        why = part(footprint, "reasons").get("carbon_g")
        said.append(
            _("carbon unknown: {reason}").format(reason=style.stored(why))
            if why
            else _("carbon unknown: name the grid zone with --zone")
        )
    site = part(view, "site")
    if site.get("zone_origin") == "time-zone":
        guess = _("zone {zone} is a guess: name it with --zone")
        said.append(guess.format(zone=site["zone"]))
    gap_s = view["measurement"]["coverage"]["gap_s"]
    if gap_s > 0:
        said.append(_("not read for {time}").format(time=style.duration(gap_s)))
    if view.get("state") == "interrupted":
        said.append(_("interrupted: complete up to the last sample"))
    unlike = tell_unlike(view, style)
    return [unlike, *said] if unlike else said


def _next_steps(view: View, style: Format, stored: str | None, left: Sequence[str]) -> str:
    """Return where the run is and what to type next, after remarks that are left over."""
    _ = style.say
    name = short_id(view["id"])
    if stored is None:
        return _BETWEEN.join([*left, _("not stored")])
    saved = _("stored as {id} in {place}").format(id=name, place=stored)
    if left:
        return _BETWEEN.join([*left, f"brizna show {name} ({stored})"])
    metered = view["measurement"]["coverage"]["metered"]
    commands = f"brizna show {name} · brizna open {name}"
    if not metered:
        commands = f"brizna open {name} · brizna doctor"
    return f"{saved}   ->  {commands}"


def _paint(text: str, codes: str, color: bool) -> str:  # noqa: FBT001 - private, and always last
    return f"{codes}{text}{_PLAIN}" if color else text


# ------------------------------------------------------------------------------------------- show


def show_lines(view: View, *, lang: str, width: int = 80, color: bool = False) -> list[str]:
    """Return one run with all its figures."""
    view = printable(view)
    style = Format(lang)
    lines = _heading(view, style, color=color)
    tables = (_figures(view, style), users_table(view, style), _channels(view, style))
    beside = (work_table(view, style), gauges_table(view, style))
    for table in (*tables, _phases(view, style), *beside):
        if table.rows:
            lines += ["", *table.lines(width=width, color=color)]
    remarks = _remarks(view, style)
    return [*lines, "", *remarks] if remarks else lines


def _heading(view: View, style: Format, *, color: bool) -> list[str]:
    _ = style.say
    title = view.get("name") or short_id(view["id"])
    facts = [view["id"], view["started"], name_state(view["state"], style.lang)]
    if view.get("exit_code") is not None:
        facts.append(_("exit code {code}").format(code=view["exit_code"]))
    if view.get("signal") is not None:
        facts.append(_("signal {number}").format(number=view["signal"]))
    lines = [_paint(title, _BOLD, color), "  ".join(facts)]
    if view.get("command"):
        lines.append("$ " + " ".join(view["command"]))
    site = part(view, "site")
    if site.get("zone"):
        origin = name_zone_origin(site.get("zone_origin"), style.lang)
        zone = _("zone {zone}").format(zone=site["zone"])
        lines.append(f"{zone} ({origin})" if origin else zone)
    return lines


def _figures(view: View, style: Format) -> Table:
    _ = style.say
    measurement = view["measurement"]
    rows: list[tuple[str, ...]] = [*view_rows(view, style)]
    if not rows:
        rows.append(_figure_row("energy_j", Energy, measurement, style))
    is_timed = measurement["samples"] >= 2 or view["duration_s"] > 0
    time = style.duration(view["duration_s"]) if is_timed else style.unknown(None)
    rows.append((name_figure("duration_s", style.lang), time, "", ""))
    footprint = part(view, "footprint")
    if footprint.get("view", "machine") != "machine":
        rows.append((_("accounted for"), name_view(footprint["view"], style), "", ""))
    rows += _footprint_rows(footprint, style)
    if measurement.get("cpu_time_s") is not None:
        least = measurement.get("cpu_time_coverage") == "at-least"
        time = style.duration(measurement["cpu_time_s"])
        shown = _("at least {time}").format(time=time) if least else time
        rows.append((_("CPU time"), shown, "", ""))
    return Table(_header(_("figure"), style), rows, right=(1, 2))


def _footprint_rows(footprint: View, style: Format) -> list[tuple[str, ...]]:
    """Return the figures that follow from the energy, also the unknown ones that one would miss."""
    if not footprint:
        return []
    reasons = part(footprint, "reasons")
    missed = _missed(footprint)
    return [
        _figure_row(field, kind, {**footprint, "reason": reasons.get(field)}, style)
        for field, kind in _FIGURES.items()
        if footprint.get(field) is not None or field in missed
    ]


_NO_TARIFF = "no tariff was given (--tariff)"
"""Why a cost is not known where nobody asked for one."""


def _missed(footprint: View) -> set[str]:
    """Return the figures that a reader would take for nothing if they were left out."""
    assumed = part(footprint, "assumptions")
    missed = {"carbon_g"}
    if footprint.get("carbon_g") is not None:
        missed.add("carbon_embodied_g")
    stated = assumed.get("ewif_l_per_kwh") and assumed.get("ewif_origin") != "mix"
    if assumed.get("wue_l_per_kwh") or stated:
        missed.add("water_l")
    if assumed.get("functional_unit"):
        missed.add("sci_g_per_unit")
    if part(assumed, "reasons").get("tariff_per_kwh", _NO_TARIFF) != _NO_TARIFF:
        missed.add("cost")
    return missed


def _header(first: str, style: Format) -> tuple[str, str, str, str]:
    _ = style.say
    return first, _("best"), _("interval (90%)"), _("basis")


def footprint_lines(
    footprint: View, *, lang: str, width: int = 80, color: bool = False
) -> list[str]:
    """Return the figures of a footprint alone, as of a declared case."""
    footprint = printable(footprint)
    style = Format(lang)
    _ = style.say
    reasons = part(footprint, "reasons")
    energy = {**footprint, "reason": reasons.get("energy_j")}
    rows: list[tuple[str, ...]] = [_figure_row("energy_j", Energy, energy, style)]
    rows += _footprint_rows(footprint, style)
    return Table(_header(_("figure"), style), rows, right=(1, 2)).lines(width=width, color=color)


def _figure_row(
    field: str, kind: type[Any], record: Mapping[str, Any], style: Format
) -> tuple[str, str, str, str]:
    estimate = record.get(field)
    best, ends = style.parts(kind, estimate, currency=record.get("currency"))
    basis = name_basis(estimate["basis"], style.lang) if estimate else ""
    name = name_figure(field, style.lang)
    if field == "cost" and (record.get("cost_parts") or estimate is None):  # of more, or in parts
        name = style.say("cost")
    return name, best, ends, basis or style.stored(record.get("reason"))


def _channels(view: View, style: Format) -> Table:
    _ = style.say
    return Table(_header(_("channel"), style), channel_rows(view, style), right=(1, 2))


def _phases(view: View, style: Format) -> Table:
    _ = style.say
    rows: list[tuple[str, ...]] = []
    own = [seen_as for seen_as, field in OWN.items() if _is_known(view, field)]
    for phase in gathered_phases(view):
        best, ends = style.parts(
            Energy, phase["energy_j"], reason=_("some component was not read throughout")
        )
        name, time_s = style.phase(phase)
        parts = (style.estimate(Energy, phase.get(OWN[seen_as])) for seen_as in own)
        rows.append((name, best, ends, *parts, style.duration(time_s)))
    names = (name_view(seen_as, style) for seen_as in own)
    first = _("whole machine") if own else _("best")
    header = (_("phase"), first, _("interval (90%)"), *names, _("time"))
    return Table(header, rows, right=range(1, len(header)))


def _is_known(view: View, field: str) -> bool:
    return any(phase.get(field) for phase in view["measurement"]["phases"])


def _remarks(view: View, style: Format) -> list[str]:
    """Return gaps, what was not seen, and the run's notes, one a line."""
    _ = style.say
    unlike = tell_unlike(view, style)
    lines = [f"{unlike[:1].upper()}{unlike[1:]}."] if unlike else []
    lines += [
        f"{channel['id']}: {tell_gap(gap, style)}"
        for channel in view["measurement"]["channels"]
        for gap in channel["gaps"]
    ]
    for component, reason in view["measurement"]["coverage"]["not_seen"].items():
        name = name_component(component, style.lang)
        lines.append(
            _("Not seen: {component} ({reason}).").format(
                component=name, reason=style.stored(reason)
            )
        )
    lines += remarks(view, style)
    footprint = part(view, "footprint")
    lines += filter(None, (boundary_line(footprint, style), origin_line(footprint, style)))
    lines += [style.stored(note) for note in view.get("notes", ())]
    lines += filter(None, (followed_remark(view, lang=style.lang),))
    if view.get("command_runs") is True:
        lines.append(_("The command still runs, unmeasured."))
    elif view.get("command_runs") is False:
        lines.append(_("The command has ended since, unmeasured."))
    return lines


# ---------------------------------------------------------------------------------- runs, explain


def runs_lines(
    runs: Iterable[Mapping[str, Any]],
    *,
    lang: str,
    width: int = 80,
    color: bool = False,
    depths: Mapping[str, int] | None = None,
) -> list[str]:
    """Return the table of ``brizna runs list``.

    Args:
        runs: For each run its ``id``, ``name``, ``started``, ``duration_s``, ``state`` (which may
            be ``running``), ``exit_code``, ``energy_j`` (an estimate's record form, or None) and
            ``unlike``: figures that are unlike its history, or nothing.
        lang: One of `LANGUAGES`.
        width: Columns of the terminal.
        color: Whether to paint.
        depths: For the id of each run how deep it lies inside the runs above it; by that it is
            indented.
    """
    style = Format(lang)
    _ = style.say
    rows: list[tuple[str, ...]] = [
        (
            "  " * (depths or {}).get(run["id"], 0) + short_id(run["id"]),
            run.get("name") or "",
            run["started"].replace("T", " ").removesuffix("Z")[:16],
            style.duration(run["duration_s"]),
            style.estimate(Energy, run.get("energy_j")),
            _outcome(run, lang),
        )
        for run in map(printable, runs)
    ]
    if not rows:
        return [_("No runs yet. Measure one with: brizna run -- COMMAND")]
    header = (_("run"), _("name"), _("started (UTC)"), _("time"), _("energy"), _("state"))
    return Table(header, rows, right=(3, 4)).lines(width=width, color=color)


def _outcome(run: Mapping[str, Any], lang: str) -> str:
    _ = texts(lang).gettext
    state = name_state(run["state"], lang)
    code = run.get("exit_code")
    told = f"{state} ({code})" if code else state
    return f"{told}, " + _("unlike before") if run.get("unlike") else told


def zones_lines(
    view: View,
    zones: Sequence[Mapping[str, Any]],
    *,
    lang: str,
    width: int = 80,
    color: bool = False,
) -> list[str]:
    """Return the carbon of the same run's electricity in other grid zones.

    Args:
        view: The run with its footprint.
        zones: As `html_report` takes them.
        lang: One of `LANGUAGES`.
        width: Columns of the terminal.
        color: Whether to paint.
    """
    from brizna.report._page import zone_rows

    style = Format(lang)
    _ = style.say
    rows: list[tuple[str, ...]] = [
        (row["name"], row["best"], row["ends"], row["change"])
        for row in zone_rows(view, zones, style)
    ]
    header = (_("the same run in"), _("best"), _("interval (90%)"), _("change"))
    return Table(header, rows, right=(1, 2)).lines(width=width, color=color)


def explain_lines(
    view: View, *, lang: str, figure: str | None = None, samples: bool = True, color: bool = False
) -> list[str]:
    """Return the tree from each figure, or from one, down to samples and factors.

    Args:
        view: The run with its footprint.
        lang: One of `LANGUAGES`.
        figure: A field of the footprint, with or without its unit; None for all.
        samples: Whether the readings are still there.
        color: Whether to paint.

    Raises:
        InputError: If there is no such figure.
    """
    view = printable(view)
    lines: list[str] = []
    for node in explain(view, Format(lang), figure=figure, samples=samples):
        lines += [*_tree(node, "", "", color=color), ""]
    return lines[:-1]


def _tree(node: Node, head: str, indent: str, *, color: bool) -> list[str]:
    shown = f"{_paint(node.label, _BOLD, color)}  {node.value}" if node.value else node.label
    lines = [head + shown + (f"  [{node.basis}]" if node.basis else "")]
    below = indent + ("│ " if node.parts else "  ")
    if node.formula:
        lines.append(f"{below}= {node.formula}")
    lines += [below + _paint(fact, _DIM, color) for fact in node.facts]
    for below_it in node.parts:
        last = below_it is node.parts[-1]
        lines += _tree(
            below_it,
            indent + ("└─ " if last else "├─ "),
            indent + ("   " if last else "│  "),
            color=color,
        )
    return lines


def doctor_lines(
    components: Sequence[Mapping[str, Any]], *, lang: str, width: int = 80, color: bool = False
) -> list[str]:
    """Return the table of ``brizna doctor``, and what unlocks more.

    Args:
        components: For each its ``component``, ``status`` (``metered``, ``modelled`` or ``not
            available``), ``method``, ``why``, ``detail``: what was seen, or None, and ``unlock``:
            the command that gives more, or None.
        lang: One of `LANGUAGES`.
        width: Columns of the terminal.
        color: Whether to paint.
    """
    style = Format(lang)
    _ = style.say
    words = {
        "metered": _("metered"),
        "modelled": _("modelled"),
        "not available": _("not available"),
    }
    rows: list[tuple[str, ...]] = [
        (
            name_component(entry["component"], lang),
            words.get(str(entry["status"]), str(entry["status"])),
            str(entry.get("method") or ""),
            style.stored(entry.get("why")),
        )
        for entry in map(printable, components)
    ]
    header = (_("component"), _("status"), _("method"), _("why"))
    lines = Table(header, rows).lines(width=width, color=color)
    seen = [line for entry in map(printable, components) for line in _seen(entry, style)]
    if seen:
        lines += ["", _("What was seen:"), *(f"  {line}" for line in seen)]
    unlocks = dict.fromkeys(entry["unlock"] for entry in components if entry.get("unlock"))
    if unlocks:
        lines += ["", _("To see more:"), *(f"  {command}" for command in unlocks)]
    return lines


def _seen(entry: Mapping[str, Any], style: Format) -> list[str]:
    """Return what was seen of a component, a line for each of its parts."""
    lines: list[str] = []
    for text in filter(None, str(entry.get("detail") or "").split("; ")):
        part, colon, reason = text.partition(": ")
        named = colon and part.startswith(f"{entry['component']}/")
        where = f"{part.partition('/')[2]}: " if named else ""
        name = name_component(entry["component"], style.lang)
        lines.append(f"{name}: {where}{style.stored(reason if named else text)}")
    return lines

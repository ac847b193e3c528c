"""What stands beside the energy: counted work, gauges, and how a run compares with its history."""

from __future__ import annotations

from brizna.core.quantities import Energy, Power
from brizna.report._format import Joules, PerJoule
from brizna.report._gathered import gathered_phases
from brizna.report._table import Table
from brizna.report._view import part
from brizna.report._words import name_component

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from brizna.report._format import Format
    from brizna.report._view import View

FLOP = "flop"
"""The one kind of work that is also told by joule, as computers are compared."""

_UNITS = {"Hz": ("GHz", 1e9), "B": ("GiB", 2.0**30), "degC": ("°C", 1.0)}
"""How units of gauges are shown, and their size in the record's."""
_ONLY_IF_MET = ("limited-by", "slowed-by", "-limits")
"""Gauges of limits, which are worth a line where a limit was met."""


def work_table(view: View, style: Format) -> Table:
    """Return what was counted in the run and in each phase, with the energy of one."""
    _ = style.say
    shown = work_rows(view, style)
    rows = [(row["where"], row["amount"], row["best"], row["ends"]) for row in shown]
    header = (_("work"), _("amount"), _("energy of one, whole machine"), _("interval (90%)"))
    return Table(header, rows, right=(1, 2, 3))


def work_rows(view: View, style: Format) -> list[dict[str, str]]:
    """Return the rows of `work_table`: the run's first, then those of its phases.

    The run's share out all of it, what came before, between and after the work included.
    """
    _ = style.say
    phases = gathered_phases(view)
    places = [("", view["measurement"]), *((phase["name"], phase) for phase in phases)]
    whole = _("{work}, of the whole run") if any(p.get("work") for p in phases) else "{work}"
    rows: list[dict[str, str]] = []
    for name, place in places:
        for work in place.get("work", ()):
            label = f"{name}: {work['name']}" if name else whole.format(work=work["name"])
            amount = _amount(work["amount"], style)
            estimate = work["energy_j_per_unit"]
            best, ends = style.parts(Joules, estimate)
            rows.append({"where": label, "amount": amount, "best": best, "ends": ends})
            inverse = _by_joule(estimate) if work["name"] == FLOP else None
            if inverse is not None:
                best, ends = style.parts(PerJoule, inverse)
                rows.append({"where": label, "amount": "", "best": best, "ends": ends})
    return rows


def work_by_name(views: Sequence[View]) -> dict[str, list[Mapping[str, Any] | None]]:
    """Return, of each kind of work that some run counted, the energy of one in each run."""
    each = [
        {work["name"]: work["energy_j_per_unit"] for work in view["measurement"].get("work", ())}
        for view in views
    ]
    names = dict.fromkeys(name for known in each for name in known)
    return {name: [known.get(name) for known in each] for name in names}


def _amount(amount: float, style: Format) -> str:
    """Return an amount of work: all digits of a count, an exponent beyond what can be read."""
    if amount < 1e9:
        return style.count(int(amount)) if amount == int(amount) else style.number(amount)
    mantissa, _, exponent = f"{amount:.3e}".partition("e")
    return f"{style.number(float(mantissa))}e{int(exponent)}"


def _by_joule(estimate: Mapping[str, Any] | None) -> dict[str, float] | None:
    """Return how many a joule pays for; None where the energy may be nothing."""
    if estimate is None or estimate["low"] <= 0:
        return None
    low, best, high = (1 / estimate[end] for end in ("high", "best", "low"))
    return {"low": low, "best": best, "high": high}


# ------------------------------------------------------------------------------------------ gauges


def gauges_table(view: View, style: Format) -> Table:
    """Return the gauges in short: without limits that were never met."""
    _ = style.say
    rows = [
        (row["name"], row["mean"], row["ends"])
        for row in gauge_rows(view, style)
        if row["is_met"] or not any(part in row["id"] for part in _ONLY_IF_MET)
    ]
    header = (_("beside energy"), _("mean"), _("least to most"))
    return Table(header, rows, right=(1, 2))


def gauge_rows(view: View, style: Format) -> list[dict[str, Any]]:
    """Return each gauge in words and readable units."""
    gauges = view["measurement"].get("gauges", ())
    cards = {gauge["id"].rpartition("/")[0] for gauge in gauges if gauge["id"].startswith("gpu/")}
    rows: list[dict[str, Any]] = []
    for gauge in gauges:
        component, _slash, what = gauge["id"].rpartition("/")
        which = component if len(cards) > 1 else component.partition("/")[0]
        mean, least, most = (
            tell_gauge(gauge[field], gauge["unit"], style) for field in ("mean", "least", "most")
        )
        rows.append(
            {
                "id": gauge["id"],
                "name": f"{_name_place(which, style)}: {_name_gauge(what, style)}",
                "mean": mean,
                "ends": "" if least == most else f"{least} {style.dash} {most}",
                "source": gauge["source"],
                "is_met": gauge["most"] > 0,
            }
        )
    return rows


def tell_gauge(value: float, unit: str, style: Format) -> str:
    """Return a reading in a readable unit."""
    if unit == "1":
        return style.percent(value)
    if unit == "W":
        return style.quantity(Power(value))
    if unit == "1/s":
        return f"{style.number(value)}/s"
    shown, size = _UNITS.get(unit, (unit, 1.0))
    return f"{style.number(value / size)}{style.space}{shown}"


def _name_place(component: str, style: Format) -> str:
    _ = style.say
    return _("run") if component == "run" else name_component(component, style.lang)


def _name_gauge(what: str, style: Format) -> str:
    _ = style.say
    names = {
        "use": _("use"),
        "switches": _("switches between tasks"),
        "stolen": _("taken by others on the host"),
        "clock": _("clock"),
        "temperature": _("temperature"),
        "slowed-by-heat": _("slowed by heat"),
        "heat-limits": _("met its heat limit"),
        "power-limits": _("met its power limit"),
        "power-limit": _("power limit"),
        "power": _("power of the instant"),
        "used": _("in use"),
        "switches-waiting": _("switched out, waiting"),
        "switches-forced": _("switched out by force"),
        "memory-traffic": _("memory traffic"),
        "memory-used": _("memory in use"),
        "limited-by-power": _("slowed by its power limit"),
        "limited-by-heat": _("slowed by heat"),
    }
    return names.get(what, what)


# ----------------------------------------------------------------------------------------- history


def tell_unlike(view: View, style: Format) -> str:
    """Return in one line that a run is unlike its history; empty where it is not."""
    _ = style.say
    history = part(view, "history")
    unlike: Sequence[Mapping[str, Any]] = history.get("unlike") or ()
    if not unlike:
        return ""
    kinds = {"energy_j": (Energy, _("energy")), "power_w": (Power, _("mean power"))}
    said: list[str] = []
    for figure in unlike:
        kind, name = kinds[figure["figure"]]
        text = _("{figure} {times} times the usual {usual}")
        said.append(
            text.format(
                figure=name,
                times=style.number(figure["value"] / figure["usual"]),
                usual=style.quantity(kind(figure["usual"])),
            )
        )
    text = _("unlike its {count} earlier runs: {figures}")
    return text.format(count=style.count(history["runs"]), figures=", ".join(said))

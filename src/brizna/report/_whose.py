"""Whose the energy was: the three views of a run, and every user of the machine beside it."""

from __future__ import annotations

from brizna.core.measurement import VIEW_OF
from brizna.core.quantities import Energy, Power
from brizna.report._table import Table
from brizna.report._view import part
from brizna.report._words import join_components, name_basis, name_figure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from brizna.report._format import Format
    from brizna.report._view import View

OWN = {seen_as: field for field, seen_as in VIEW_OF.items()}
"""The field of a user's part that each view but that of the whole machine shows."""


def name_view(seen_as: str, style: Format) -> str:
    """Return what people call a view of the energy."""
    _ = style.say
    names = {
        "machine": _("whole machine"),
        "fair-share": _("fair share"),
        "above-idle": _("above idle"),
    }
    return names.get(seen_as, seen_as)


def explain_view(seen_as: str, style: Format) -> str:
    """Return what a view of the energy means, in a sentence."""
    _ = style.say
    sentences = {
        "machine": _("All that the machine used while the run went on, whoever used it."),
        "fair-share": _(
            "The run's part of all energy, by how much of the machine it used: idle power is "
            "carried by everybody."
        ),
        "above-idle": _(
            "The run's part of what was used beyond idle: idle power is carried by nobody."
        ),
    }
    return sentences[seen_as]


def tell_view(seen_as: str, style: Format) -> str:
    """Return of what a figure of the energy is, in a sentence."""
    _ = style.say
    sentences = {
        "machine": _("That is the whole machine while the run went on, whoever used it."),
        "fair-share": _("That is the run's fair share of the machine, idle power included."),
        "above-idle": _("That is what the run used above the machine's idle power."),
    }
    return sentences[seen_as]


def name_user(user: View, style: Format) -> str:
    """Return what people call a user of the machine."""
    _ = style.say
    names = {
        "run": _("this run"),
        "others": _("others"),
        "unattributed": _("unattributed"),
    }
    return names.get(str(user["id"]), str(user["id"]))


def attribution(view: View) -> View:
    """Return whose the energy was; empty in older records."""
    return part(view["measurement"], "attribution")


def own_part(view: View) -> View:
    """Return the part of the run itself; empty where nobody knows it."""
    users: Sequence[View] = attribution(view).get("users") or ()
    return users[0] if users else {}


def seen_energy(view: View, seen_as: str) -> Mapping[str, Any] | None:
    """Return the run's energy in a view, in record form; None where it is not known."""
    if seen_as == "machine":
        whole: Mapping[str, Any] | None = view["measurement"]["energy_j"]
        return whole
    return own_part(view).get(OWN[seen_as])


def view_rows(view: View, style: Format) -> list[tuple[str, str, str, str]]:
    """Return the energy in each view: name, best, interval, and basis or why it is not known."""
    _ = style.say
    if not own_part(view):
        return []
    rows: list[tuple[str, str, str, str]] = []
    for seen_as in ("machine", *OWN):
        energy = seen_energy(view, seen_as)
        best, ends = style.parts(Energy, energy)
        basis = name_basis(energy["basis"], style.lang) if energy else _why_unknown(view, style)
        label = _("energy, whole machine")
        if seen_as != "machine":
            label = name_figure(OWN[seen_as], style.lang)
        rows.append((label, best, ends, basis))
    return rows


def _why_unknown(view: View, style: Format) -> str:
    _ = style.say
    if attribution(view).get("idle_reason"):
        return _("idle power is not known")  # a remark says of what, and what to do
    return style.stored(own_part(view).get("reason"))


def users_table(view: View, style: Format) -> Table:
    """Return every user of the machine with its part of the energy, and the sum."""
    _ = style.say
    found = attribution(view)
    rows = [
        (
            name_user(user, style),
            *style.parts(Energy, user["fair_share_j"]),
            *style.parts(Energy, user["above_idle_j"]),
            "" if user["cpu_time_s"] is None else style.duration(user["cpu_time_s"]),
        )
        for user in found.get("users", ())
    ]
    if rows:
        whole = style.parts(Energy, view["measurement"]["energy_j"])
        above = style.parts(Energy, found["above_idle_j"])
        rows.append((_("whole machine"), *whole, *above, ""))
    header = (
        _("user"),
        _("fair share"),
        _("interval (90%)"),
        _("above idle"),
        _("interval (90%)"),
        _("CPU time"),
    )
    return Table(header, rows, right=(1, 2, 3, 4, 5))


def closing_parts(view: View, style: Format) -> list[str]:
    """Return, for the end of a run, its energy in the views that the headline does not show."""
    _ = style.say
    if not own_part(view):
        return []
    shown = part(view, "footprint").get("view", "machine")
    said: list[str] = []
    for seen_as in ("machine", *OWN):
        if seen_as == shown:
            continue
        energy = seen_energy(view, seen_as)
        name = name_view(seen_as, style)
        if energy is not None:
            without = _without(view, style) if seen_as in OWN else ""
            said.append(f"{name} {style.estimate(Energy, energy)}{without}")
        elif seen_as == "above-idle" and attribution(view).get("idle_reason"):
            said.append(_("above idle unknown: brizna doctor --baseline"))
        else:
            said.append(_("{name} unknown").format(name=name))
    return said


def _without(view: View, style: Format) -> str:
    """Return what a run's part does not hold because nobody can tell whose it is."""
    _ = style.say
    untold = attribution(view).get("untold")
    if not untold:
        return ""
    kinds = {c["id"]: c["kind"] for c in view["measurement"]["channels"]}
    names = join_components(dict.fromkeys(kinds.get(c, c) for c in untold), style.lang)
    return " " + _("without {components}").format(components=names)


def remarks(view: View, style: Format) -> list[str]:
    """Return what one has to know of the shares: idle power, its age, and what nobody can tell."""
    _ = style.say
    found = attribution(view)
    if not found:
        return []
    said: list[str] = []
    if found.get("reason"):
        why = style.stored(found["reason"])
        said.append(_("Whose energy it was is not known: {reason}.").format(reason=why))
    powers = [
        f"{channel} {style.estimate(Power, power)}" for channel, power in found["idle_w"].items()
    ]
    if powers:
        said.append(_("Idle power: {powers}.").format(powers=", ".join(powers)))
    if found.get("baseline"):
        said.append(tell_age(found["baseline"], style))
    if found.get("idle_reason"):
        said.append(_sentence(style.stored(found["idle_reason"])))
    said += [
        _("Unattributed: {channel} ({reason}).").format(channel=channel, reason=style.stored(why))
        for channel, why in {**found["untold"], **found.get("contradicted", {})}.items()
    ]
    return said


def tell_age(baseline: View, style: Format) -> str:
    """Return when idle power was measured, and why that may not hold any more."""
    _ = style.say
    when = baseline["measured"].replace("T", " ").removesuffix("Z")[:16]
    age = style.duration(baseline["age_s"])
    said = _("It was measured on {when} (UTC), {age} before the run.").format(when=when, age=age)
    for reason in baseline["stale"]:
        said += " " + _("It may not hold any more: {reason}.").format(reason=style.stored(reason))
    return said


def _sentence(text: str) -> str:
    """Return a text as a sentence."""
    return f"{text[:1].upper()}{text[1:]}."

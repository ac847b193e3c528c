"""From a figure down to its samples and factors, in words: what the terminal and the page show.

The tree is `brizna.account.explain`'s; here it gets names, units and sentences.
"""

from __future__ import annotations

from brizna.account import BESIDE, FIGURES, Footprint
from brizna.account import explain as derive
from brizna.core.errors import InputError
from brizna.core.factors import Factor
from brizna.core.measurement import Measurement
from brizna.core.quantities import Energy, Power
from brizna.core.shares import WEIGHT
from brizna.report._forest import inside
from brizna.report._texts import texts
from brizna.report._trace import BELOW, DURATION, KIND, trace
from brizna.report._view import part, roots
from brizna.report._whose import OWN, attribution, own_part, tell_age
from brizna.report._words import KIND_OF_FIELD, name_basis, name_component, name_figure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from brizna.report._format import Format
    from brizna.report._view import View


_MOST_DOUBTS = 4
"""Doubts of a figure that are named; the page tells all."""


class Node:
    """One figure, input, factor or channel of an explanation.

    Attributes:
        name: As paths call it, such as ``carbon_g``; empty for what has none.
        label: What it is.
        value: The figure with its interval; empty where there is none.
        basis: Word for where it comes from; empty where it has none.
        formula: How it is computed, in symbols; empty for what is not computed.
        facts: Sentences: source, year, licence, method, gaps.
        parts: What it is computed from.
        is_again: Whether the whole of it was told before, higher up.
    """

    __slots__ = ("basis", "facts", "formula", "is_again", "label", "name", "parts", "value")

    def __init__(self, label: str, *, value: str = "", basis: str = "", formula: str = "") -> None:
        self.name = ""
        self.label = label
        self.value = value
        self.basis = basis
        self.formula = formula
        self.facts: list[str] = []
        self.parts: list[Node] = []
        self.is_again = False


def explain(
    view: View, style: Format, *, figure: str | None = None, samples: bool = True
) -> list[Node]:
    """Return a tree for each figure of a view, or for the one that was asked for.

    Args:
        view: A run with its footprint.
        style: The language and medium.
        figure: Field of the footprint, with or without its unit (``carbon`` is ``carbon_g``), or
            a path below one, see `brizna.report.trace`.
        samples: Whether the readings that the run was computed from are still there.

    Raises:
        InputError: If there is no such figure.
    """
    teller = _Teller(view, style, samples=samples)
    record = view.get("footprint")
    if record and figure is not None and (BELOW in figure or figure == DURATION):
        return [teller.tell(trace(view, figure))]
    figures = FIGURES if record else ("energy_j",)
    if figure is None and not own_part(view):
        figures = tuple(name for name in figures if name not in OWN.values())
    known: Mapping[str, Any] = record or {}
    figures = tuple(name for name in figures if name not in BESIDE or known.get(name))
    if figure is not None:
        figures = _asked(figure, figures)
    if record is None:
        return [teller.energy()]
    footprint = Footprint.from_json(record)
    measurement = Measurement.from_json(view["measurement"])
    factors = [Factor.from_json(factor) for factor in view.get("factors", ())]
    weights = [factor for factor in factors if factor.name == WEIGHT]
    told: list[Node] = []
    for name in figures:
        told.append(teller.tell(derive(footprint, measurement, name, factors=weights)))
        told[-1].name = name
    return told


def _asked(figure: str, figures: tuple[str, ...]) -> tuple[str, ...]:
    for name in figures:
        if figure in (name, name.rpartition("_")[0], name.partition("_")[0]):
            return (name,)
    known = ", ".join(figures)
    raise InputError(
        "{figure!r} is not a figure that can be explained here; these are: {known}.",
        figure=figure,
        known=known,
    )


class _Teller:
    """Puts the nodes of an explanation into words."""

    def __init__(self, view: View, style: Format, *, samples: bool) -> None:
        self.view = view
        self.style = style
        self.samples = samples
        self.channels = {channel["id"]: channel for channel in view["measurement"]["channels"]}
        self.factors = {f"factor:{factor['id']}": factor for factor in view.get("factors", ())}
        self.seen: set[str] = set()
        self.currency = part(part(view, "footprint"), "assumptions").get("currency")

    def tell(self, node: Mapping[str, Any]) -> Node:
        """Return a figure, assumption, factor or channel with what it comes from."""
        name = node["name"]
        if "factor" in node:
            return self._factor(node["factor"])
        if name.startswith("idle:"):
            return self._idle(name.partition(":")[2], node["estimate"])
        if name.startswith(KIND):
            return self._kind(node)
        if name.partition(":")[2] in self.channels:
            return self._channel(self.channels[name.partition(":")[2]])
        if name not in KIND_OF_FIELD:
            return Node(name, value=self.style.stored(node.get("reason")))
        told = self._figure(name, node)
        told.formula = self.style.stored(node.get("formula"))
        told.formula = told.formula.replace(" * ", " × ")
        told.is_again = name in self.seen
        told.parts = [self.tell(entry) for entry in node["inputs"]]
        self.seen.add(name)
        return told

    def _idle(self, channel: str, power_w: Mapping[str, Any]) -> Node:
        """Return what a channel draws while nobody uses it."""
        _ = self.style.say
        label = _("idle power of {channel}").format(channel=channel)
        node = Node(label, value=self.style.estimate(Power, power_w))
        node.basis = name_basis(power_w["basis"], self.style.lang)
        if power_w["basis"] == "metered":
            node.facts += [
                tell_age(origin, self.style)
                for origin in [attribution(self.view).get("baseline")]
                if origin
            ]
        return node

    def _kind(self, node: Mapping[str, Any]) -> Node:
        """Return the energy of all channels of a kind."""
        estimate = node["estimate"]
        told = Node(
            name_component(node["name"].removeprefix(KIND), self.style.lang),
            value=self.style.estimate(Energy, estimate, reason=node["reason"]),
            basis=name_basis(estimate["basis"], self.style.lang) if estimate else "",
            formula=self.style.stored(node["formula"]),
        )
        told.parts = [self.tell(entry) for entry in node["inputs"]]
        return told

    def energy(self) -> Node:
        """Return the measured energy of a run without a footprint."""
        _ = self.style.say
        told = self._figure(
            "energy_j",
            {
                "estimate": self.view["measurement"]["energy_j"],
                "reason": self.view["measurement"].get("reason"),
            },
        )
        told.name = "energy_j"
        told.formula = _("sum of the roots of the channel forest")
        told.parts = [self._channel(channel) for channel in roots(self.view)]
        return told

    def _figure(self, name: str, node: Mapping[str, Any]) -> Node:
        label = f"{name_figure(name, self.style.lang)} ({name})"
        plain = node.get("value")
        if name == "functional_unit" and plain:
            return Node(label, value=f"{self.style.number(plain['count'])} × {plain['name']}")
        if name == DURATION and plain is not None:
            return Node(label, value=self.style.duration(plain))
        estimate = node.get("estimate")
        value = self.style.estimate(
            KIND_OF_FIELD[name], estimate, reason=node.get("reason"), currency=self.currency
        )
        basis = name_basis(estimate["basis"], self.style.lang) if estimate else ""
        told = Node(label, value=value, basis=basis)
        split = self._doubts(node.get("doubts") or {})
        told.facts += [split] if split else []
        return told

    def _doubts(self, shares: Mapping[str, float]) -> str:
        """Return whose the doubt about a figure is, the largest first."""
        _ = self.style.say
        if not shares:
            return ""
        told = [f"{self.style.percent(share)} {name}" for name, share in shares.items()]
        rest = len(told) - _MOST_DOUBTS
        if rest > 0:
            told = [*told[:_MOST_DOUBTS], _("and {count} more").format(count=rest)]
        return _("Doubt: {parts}").format(parts=", ".join(told))

    def _factor(self, factor: Mapping[str, Any]) -> Node:
        _ = texts(self.style.lang).gettext
        value = self.style.exactly(factor["value"])
        if factor["low"] is not None:
            ends = (self.style.exactly(factor[end]) for end in ("low", "high"))
            value += f" ({self.style.dash.join(ends)})"
        if factor["unit"] != "1":
            value += f" {factor['unit']}" + (
                f"/{self.style.stored(factor['per'])}" if factor["per"] else ""
            )
        elif factor["per"]:
            value += f" {self.style.stored(factor['per'])}"
        node = Node(f"factor:{factor['id']}", value=value)
        node.basis = name_basis(factor["basis"], self.style.lang)
        year = factor["year"] or _("year not stated")
        node.facts.append(_("Source: {source} ({year})").format(source=factor["source"], year=year))
        if factor["licence"]:
            licence = self.style.stored(factor["licence"])
            node.facts.append(_("Licence: {licence}").format(licence=licence))
        if factor["note"]:
            node.facts.append(self.style.stored(factor["note"]))
        node.facts += [
            _("Also: {other}").format(other=self.style.stored(other)) for other in factor["others"]
        ]
        return node

    def _channel(self, channel: Mapping[str, Any]) -> Node:
        _ = texts(self.style.lang).gettext
        lang = self.style.lang
        node = Node(
            f"{name_component(channel['kind'], lang)} ({channel['id']})",
            value=self.style.estimate(Energy, channel["energy_j"], reason=channel["reason"]),
            basis=name_basis(channel["basis"], lang),
        )
        node.facts.append(_("Method: {method}").format(method=channel["method"]))
        node.facts += [tell_gap(gap, self.style) for gap in channel["gaps"]]
        for reference in _references(channel["energy_j"]):
            if reference in self.factors:
                node.parts.append(self._factor(self.factors[reference]))
            elif reference != channel["id"]:
                node.facts.append(_("Rests on: {reference}").format(reference=reference))
        node.facts.append(self._samples())
        node.parts += self._inside(channel)
        return node

    def _inside(self, channel: Mapping[str, Any]) -> list[Node]:
        """Return what lies inside a channel of the whole machine, and what none of that has."""
        if channel["kind"] != "node":
            return []
        _ = texts(self.style.lang).gettext
        lang = self.style.lang
        parts = [
            Node(
                _("inside it: {component}").format(
                    component=f"{name_component(inner['kind'], lang)} ({inner['id']})"
                ),
                value=self.style.estimate(Energy, inner["energy_j"], reason=inner["reason"]),
                basis=name_basis(inner["basis"], lang),
            )
            for inner in inside(self.view, channel)
        ]
        if channel.get("untold_j") is not None:
            value = self.style.estimate(Energy, channel["untold_j"])
            untold = Node(_("not told apart"), value=value)
            untold.formula = _("the whole - what lies inside it")
            parts.append(untold)
        return parts

    def _samples(self) -> str:
        _ = texts(self.style.lang).gettext
        if not self.samples:
            return _("The samples are gone: only the stored energy can be checked.")
        measurement = self.view["measurement"]
        count = self.style.count(measurement["samples"])
        interval_s = measurement.get("interval_s")
        if interval_s is None:
            return _("From {count} stored samples.").format(count=count)
        every = self.style.duration(interval_s)
        return _("From {count} stored samples, one every {interval}.").format(
            count=count, interval=every
        )


def tell_gap(gap: Mapping[str, Any], style: Format) -> str:
    """Return a gap as a sentence: when, why, and what it does to the figure."""
    _ = texts(style.lang).gettext
    start = style.duration(gap["start_s"])
    if gap["end_s"] is None:
        when = _("from {start} to the end").format(start=start)
    else:
        when = _("from {start} to {end}").format(start=start, end=style.duration(gap["end_s"]))
    said = _("Gap {when}: {reason}.").format(when=when, reason=style.stored(gap["reason"]))
    if gap["counted"]:
        return said + " " + _("The device went on counting: no energy is missing.")
    if gap["added_j"] is not None:
        added = style.quantity(Energy(gap["added_j"]))
        said += " " + _("{energy} was put in for it.").format(energy=added)
    if gap["most_j"] is not None:
        most = style.quantity(Energy(gap["most_j"]))
        said += " " + _("It can hide {energy} at most.").format(energy=most)
    return said


def _references(estimate: Mapping[str, Any] | None) -> list[str]:
    return [] if estimate is None else estimate["references"]

"""From a figure down to its samples and factors: the tree that the terminal and the page show."""

from __future__ import annotations

from brizna.core.errors import InputError
from brizna.report._texts import texts
from brizna.report._view import part, roots
from brizna.report._words import KIND_OF_FIELD, name_basis, name_component, name_figure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from brizna.report._format import Format

_DEEPEST = 12
"""Deeper than any derivation: a record whose figures lead in a circle ends here."""


class Node:
    """One figure, input, factor or channel of an explanation.

    Attributes:
        label: What it is.
        value: The figure with its interval; empty where there is none.
        basis: Word for where it comes from; empty where it has none.
        formula: How it is computed, in symbols; empty for what is not computed.
        facts: Sentences: source, year, licence, method, gaps.
        parts: What it is computed from.
    """

    __slots__ = ("basis", "facts", "formula", "label", "parts", "value")

    def __init__(self, label: str, *, value: str = "", basis: str = "", formula: str = "") -> None:
        self.label = label
        self.value = value
        self.basis = basis
        self.formula = formula
        self.facts: list[str] = []
        self.parts: list[Node] = []


def explain(
    view: Mapping[str, Any], style: Format, *, figure: str | None = None, samples: bool = True
) -> list[Node]:
    """Return a tree for each figure of a view, or for the one that was asked for.

    Args:
        view: A run with its footprint.
        style: The language and medium.
        figure: Field of the footprint, with or without its unit (``carbon`` is ``carbon_g``).
        samples: Whether the readings that the run was computed from are still there.

    Raises:
        InputError: If there is no such figure.
    """
    teller = _Teller(view, style, samples=samples)
    figures = list(teller.steps) or ["energy_j"]
    if figure is None:
        return [teller.figure(name) for name in figures]
    every = [*figures, *teller.reasons]
    asked = [name for name in every if figure in (name, name.rpartition("_")[0])]
    if not asked:
        known = ", ".join(every)
        raise InputError(f"{figure!r} is not a figure of this footprint; its figures: {known}.")
    return [teller.figure(asked[0])]


class _Teller:
    """What an explanation looks things up in."""

    def __init__(self, view: Mapping[str, Any], style: Format, *, samples: bool) -> None:
        self.view = view
        self.style = style
        self.samples = samples
        self.footprint: Mapping[str, Any] = part(view, "footprint")
        self.steps = {step["figure"]: step for step in self.footprint.get("derivation", ())}
        self.reasons: Mapping[str, str] = part(self.footprint, "reasons")
        self.assumptions: Mapping[str, Any] = part(self.footprint, "assumptions")
        self.factors = {f"factor:{f['id']}": f for f in self.footprint.get("factors", ())}
        self.channels = {c["id"]: c for c in view["measurement"]["channels"]}

    def figure(self, name: str, depth: int = 0) -> Node:
        """Return a figure with the inputs of its formula below it."""
        _ = texts(self.style.lang).gettext
        estimate = self.footprint.get(name) if self.footprint else None
        if estimate is None and not self.footprint and name == "energy_j":
            estimate = self.view["measurement"]["energy_j"]
        node = self._estimate(name, estimate, self.reasons.get(name))
        step = self.steps.get(name)
        if step is None:
            if not self.footprint:
                node.formula = _("sum of the roots of the channel forest")
                node.parts = [self._channel(channel) for channel in roots(self.view)]
            return node
        node.formula = _(step["formula"]).replace(" * ", " × ")
        if depth < _DEEPEST:
            node.parts = [
                self._input(symbol, origin, depth) for symbol, origin in step["inputs"].items()
            ]
        return node

    def _input(self, symbol: str, origin: str, depth: int) -> Node:
        if origin.startswith("assumptions."):
            return self._assumption(origin.partition(".")[2])
        if origin.startswith("channel:"):
            channel = self.channels.get(origin.partition(":")[2])
            if channel is not None:
                return self._channel(channel)
        if origin in self.steps or origin in self.footprint:
            return self.figure(origin, depth + 1)
        return Node(symbol, value=origin)

    def _assumption(self, name: str) -> Node:
        value = self.assumptions.get(name)
        if name == "functional_unit":
            shown = f"{self.style.number(value['count'])} × {value['name']}" if value else ""
            return Node(name_figure(name, self.style.lang), value=shown)
        reasons = part(self.assumptions, "reasons")
        node = self._estimate(name, value, reasons.get(name))
        for reference in _references(value):
            factor = self.factors.get(reference)
            node.parts.append(self._factor(factor) if factor else Node(reference))
        return node

    def _estimate(self, name: str, estimate: Mapping[str, Any] | None, reason: str | None) -> Node:
        lang = self.style.lang
        currency = self.assumptions.get("currency")
        value = self.style.estimate(KIND_OF_FIELD[name], estimate, reason=reason, currency=currency)
        basis = name_basis(estimate["basis"], lang) if estimate else ""
        return Node(f"{name_figure(name, lang)} ({name})", value=value, basis=basis)

    def _factor(self, factor: Mapping[str, Any]) -> Node:
        _ = texts(self.style.lang).gettext
        value = self.style.exactly(factor["value"])
        if factor["low"] is not None:
            ends = (self.style.exactly(factor[end]) for end in ("low", "high"))
            value += f" ({self.style.dash.join(ends)})"
        if factor["unit"] != "1":
            value += f" {factor['unit']}" + (f"/{factor['per']}" if factor["per"] else "")
        node = Node(f"factor:{factor['id']}", value=value)
        node.basis = name_basis(factor["basis"], self.style.lang)
        year = factor.get("year") or _("year not stated")
        node.facts.append(_("Source: {source} ({year})").format(source=factor["source"], year=year))
        if factor.get("licence"):
            node.facts.append(_("Licence: {licence}").format(licence=factor["licence"]))
        if factor.get("note"):
            node.facts.append(factor["note"])
        node.facts += [_("Also: {other}").format(other=other) for other in factor.get("others", ())]
        return node

    def _channel(self, channel: Mapping[str, Any]) -> Node:
        _ = texts(self.style.lang).gettext
        lang = self.style.lang
        node = Node(
            f"{name_component(channel['kind'], lang)} ({channel['id']})",
            value=self.style.estimate(
                KIND_OF_FIELD["energy_j"], channel["energy_j"], reason=channel.get("reason")
            ),
            basis=name_basis(channel["basis"], lang),
        )
        node.facts.append(_("Method: {method}").format(method=channel["method"]))
        for gap in channel["gaps"]:
            node.facts.append(tell_gap(gap, self.style))
        for reference in _references(channel["energy_j"]):
            if reference in self.factors:
                node.parts.append(self._factor(self.factors[reference]))
            elif reference != channel["id"]:
                node.facts.append(_("Rests on: {reference}").format(reference=reference))
        node.facts.append(self._samples())
        return node

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
    said = _("Gap {when}: {reason}.").format(when=when, reason=_(gap["reason"]))
    if gap["counted"]:
        return said + " " + _("The device went on counting: no energy is missing.")
    energy = KIND_OF_FIELD["energy_j"]
    if gap["added_j"] is not None:
        added = style.quantity(energy(gap["added_j"]))
        said += " " + _("{energy} was put in for it.").format(energy=added)
    if gap["most_j"] is not None:
        most = style.quantity(energy(gap["most_j"]))
        said += " " + _("It can hide {energy} at most.").format(energy=most)
    return said


def _references(estimate: Mapping[str, Any] | None) -> list[str]:
    return [] if estimate is None else estimate["references"]

"""Where a figure comes from: the tree from a footprint's figures down to samples and factors."""

from __future__ import annotations

from math import log

from brizna.core.estimate import Estimate
from brizna.core.measurement import FORMULAS, VIEW_OF
from brizna.core.shares import WEIGHT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from brizna.account._footprint import Footprint
    from brizna.core.factors import Factor
    from brizna.core.measurement import Measurement

BESIDE = (
    *("carbon_hourly_g", "carbon_market_g", "carbon_marginal_g"),
    *("renewable_energy_j", "storage_energy_j", "transfer_energy_j", "water_electricity_l"),
)
"""Figures that stand in a footprint only where somebody declared or asked for what they need."""
FIGURES = (
    "carbon_g",
    "carbon_operational_g",
    "carbon_embodied_g",
    "facility_energy_j",
    "energy_j",
    "water_l",
    "cost",
    "sci_g_per_unit",
    *BESIDE,
    "fair_share_j",
    "above_idle_j",
)
"""What can be explained, the most asked first; the last two are the run's part of the energy."""


def explain(
    footprint: Footprint,
    measurement: Measurement | None,
    figure: str,
    *,
    factors: Iterable[Factor] = (),
) -> dict[str, Any]:
    """Return the derivation of a figure as a tree of plain nodes.

    A node holds ``name``, ``estimate`` (its record, or None with ``reason``), ``formula``,
    ``doubts`` (share of the variance by named source, largest first), ``factor`` (the published
    number, at a leaf) and ``inputs`` (nodes).

    Args:
        footprint: The footprint to explain.
        measurement: What was measured; None for a declared case.
        figure: One of `FIGURES`.
        factors: The published numbers that the run's channels rest on.
    """
    tree = _Tree(footprint, measurement, factors)
    return tree.own_part(figure) if figure in FORMULAS else tree.figure(figure)


def doubt_shares(estimate: Estimate) -> dict[str, float]:
    """Return the share of each named doubt in the variance of an estimate, largest first.

    Shares of the squared half-widths, of logarithms where best and all ends are positive; they
    sum to 1, or there are none.
    """
    best = estimate.best.value
    ends = {name: (min(best, *pair), max(best, *pair)) for name, pair in estimate.doubts.items()}
    relative = best > 0 and all(low > 0 for low, _ in ends.values())
    widths = {
        name: (log(high / low) if relative else high - low) ** 2
        for name, (low, high) in ends.items()
    }
    whole = sum(widths.values())
    if whole <= 0:
        return {}
    return {
        name: width / whole for name, width in sorted(widths.items(), key=lambda item: -item[1])
    }


class _Tree:
    def __init__(
        self, footprint: Footprint, measurement: Measurement | None, factors: Iterable[Factor]
    ) -> None:
        self.footprint = footprint
        self.steps = {step.figure: step for step in footprint.derivation}
        self.factors = {factor.name: factor for factor in (*footprint.factors, *factors)}
        self.channels = {c.id: c for c in measurement.channels} if measurement else {}
        self.measurement = measurement

    def figure(self, name: str) -> dict[str, Any]:
        step, value = self.steps.get(name), getattr(self.footprint, name)
        node = _node(name, value, self.footprint.reasons.get(name))
        if step is not None:
            node["formula"] = step.formula
            node["inputs"] = [self._input(symbol, origin) for symbol, origin in step.inputs.items()]
        return node

    def _input(self, symbol: str, origin: str) -> dict[str, Any]:
        if origin.startswith("assumptions."):
            return self._assumption(origin.removeprefix("assumptions."))
        if origin.startswith("channel:"):
            return self._channel(origin.removeprefix("channel:"))
        if origin.startswith("attribution:"):
            return self.own_part(symbol)
        if origin.startswith("charge:"):
            return self._charge(origin.removeprefix("charge:"))
        if origin.startswith("case:"):
            return {"name": symbol, "estimate": None, "reason": "declared", "inputs": []}
        return self.figure(origin)

    def _charge(self, name: str) -> dict[str, Any]:
        """Return one part of the cost, with the published numbers behind its price."""
        part = next(one for one in self.footprint.cost_parts if one.name == name)
        return {**_node(name, part.cost, None), "inputs": self._leaves(part.price)}

    def _assumption(self, name: str) -> dict[str, Any]:
        value = getattr(self.footprint.assumptions, name)
        if not isinstance(value, Estimate):
            plain = None if value is None else value.to_json()
            return {"name": name, "estimate": None, "value": plain, "inputs": []}
        return {**_node(name, value, None), "inputs": self._leaves(value)}

    def _leaves(self, value: Estimate | None) -> list[dict[str, Any]]:
        """Return a node for each factor that a figure names."""
        names = () if value is None else value.references
        known = [self.factors[name] for name in names if name in self.factors]
        return [
            {**_node(factor.name, factor.estimate(), None), "factor": factor.to_json()}
            for factor in known
        ]

    def own_part(self, name: str) -> dict[str, Any]:
        """Return the run's part of the energy, with the channels that it is a part of."""
        attribution = self.measurement.attribution if self.measurement else None
        value, reason = (
            self.measurement.seen_as(VIEW_OF[name]) if self.measurement else (None, None)
        )
        roots = self.measurement.roots() if self.measurement else ()
        inputs = [self._channel(channel.id) for channel in roots]
        if attribution and name == "above_idle_j":
            idle_w = attribution.idle_w.items()
            inputs += [_node(f"idle:{channel}", power_w, None) for channel, power_w in idle_w]
        weight = self.factors.get(WEIGHT)
        if weight is not None and value is not None and WEIGHT in value.references:
            inputs.append({**_node(WEIGHT, weight.estimate(), None), "factor": weight.to_json()})
        node = _node(name, value, None if value else reason)
        return {**node, "formula": FORMULAS[name], "inputs": inputs}

    def _channel(self, name: str) -> dict[str, Any]:
        channel = self.channels.get(name)
        if channel is None:
            return {"name": name, "estimate": None, "reason": "not in the record", "inputs": []}
        node = _node(f"channel:{name}", channel.energy_j, channel.reason)
        return {
            **node,
            "method": channel.method,
            "scope": channel.scope,
            "gaps": [gap.to_json() for gap in channel.gaps],
            "inputs": self._leaves(channel.energy_j),
        }


def _node(name: str, value: Estimate | None, reason: str | None) -> dict[str, Any]:
    return {
        "name": name,
        "estimate": None if value is None else value.to_json(),
        "reason": reason,
        "doubts": {} if value is None else doubt_shares(value),
        "inputs": [],
    }

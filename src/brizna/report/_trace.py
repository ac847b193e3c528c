"""From the path of a figure to what was stored: how a number in a form is found again.

A path is a figure as ``brizna explain`` takes it (``carbon_g``), ``duration_s``, and below it, each
after ``>``, the inputs it is computed from: ``energy_j>channel:rapl/package-0``,
``facility_energy_j>pue``. All channels of a kind together are ``energy_j>kind:gpu``; what
guarantees of origin cover is ``facility_energy_j>guaranteed_energy_j``.
"""

from __future__ import annotations

from brizna.account import FIGURES, Footprint, doubt_shares
from brizna.account import explain as derive
from brizna.core.errors import InputError, Said
from brizna.core.estimate import Estimate, total
from brizna.core.factors import Factor, nearest
from brizna.core.measurement import Measurement
from brizna.core.quantities import Energy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

BELOW = ">"
"""What stands between a figure and an input of it in a path."""
KIND = "kind:"
"""How the name of all channels of a kind begins, below a figure."""
GUARANTEED = "guaranteed_energy_j"
"""The part of a place's energy that guarantees of origin cover, below ``facility_energy_j``."""
_WHOLE = "facility_energy_j"
DURATION = "duration_s"
"""What can be explained of a run beside the figures of its footprint."""


def trace(view: Mapping[str, Any], path: str) -> dict[str, Any]:
    """Return the node that a path leads to in the derivation of a view's figures.

    Args:
        view: A run with its footprint.
        path: See above.

    Raises:
        InputError: If there is nothing at its end.
    """
    head, *names = [name.strip() for name in path.split(BELOW)]
    node = _figure(view, head)
    for name in names:
        if name.startswith(KIND):
            node = _of_kind(view, node, name)
            continue
        if name == GUARANTEED and node["name"] == _WHOLE:
            node = _guaranteed(view, node)
            continue
        if node["estimate"] is None and not node["inputs"]:
            return {**node, "name": name, "formula": None}  # not known, and nothing below it
        inner: dict[str, dict[str, Any]] = {each["name"]: each for each in node["inputs"]}
        if name not in inner:
            raise InputError(
                "{name!r} is nothing that {node} is computed from.{hint} Known: {known}.",
                name=name,
                node=node["name"],
                hint=nearest(name, inner),
                known=", ".join(inner) or "-",
            )
        node = inner[name]
    return node


def _guaranteed(view: Mapping[str, Any], whole: Mapping[str, Any]) -> dict[str, Any]:
    """Return the energy that guarantees of origin cover, with the share that was declared."""
    share = Footprint.from_json(view["footprint"]).assumptions.guaranteed_share
    value, reason, inputs = None, whole["reason"], [whole]
    if share is None:
        reason = str(Said("no guarantee of origin was declared"))
    else:
        inputs.append(_node("guaranteed_share", share, inputs=[]))
        if whole["estimate"] is not None:
            value, reason = Estimate.from_json(Energy, whole["estimate"]) * share, None
    told = _node(GUARANTEED, value, inputs=inputs)
    return {**told, "reason": reason, "formula": "facility_energy_j * guaranteed_share"}


def _node(
    name: str, value: Estimate | None, *, inputs: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    return {
        "name": name,
        "estimate": None if value is None else value.to_json(),
        "reason": None,
        "doubts": {} if value is None else doubt_shares(value),
        "inputs": inputs,
    }


def _of_kind(view: Mapping[str, Any], node: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return the sum of those inputs of a node that are channels of a kind."""
    kinds = {f"channel:{one['id']}": one["kind"] for one in view["measurement"]["channels"]}
    wanted = name.removeprefix(KIND)
    inputs: list[dict[str, Any]] = [
        each for each in node["inputs"] if kinds.get(each["name"]) == wanted
    ]
    if not inputs:
        known = {f"{KIND}{kinds[each['name']]}" for each in node["inputs"] if each["name"] in kinds}
        raise InputError(
            "{name!r} is nothing that {node} is computed from.{hint} Known: {known}.",
            name=name,
            node=node["name"],
            hint=nearest(name, known),
            known=", ".join(sorted(known)) or "-",
        )
    found = [one["estimate"] for one in inputs if one["estimate"] is not None]
    whole = len(found) == len(inputs)
    value = total([Estimate.from_json(Energy, one) for one in found]) if whole else None
    return {
        "name": name,
        "estimate": None if value is None else value.to_json(),
        "reason": None if whole else next(one["reason"] for one in inputs if not one["estimate"]),
        "formula": str(Said("sum of the channels of one kind")),
        "doubts": {} if value is None else doubt_shares(value),
        "inputs": inputs,
    }


def _figure(view: Mapping[str, Any], name: str) -> dict[str, Any]:
    if name == DURATION:
        return {
            "name": name,
            "estimate": None,
            "value": view[DURATION],
            "reason": None,
            "formula": str(Said("last reading - first reading")),
            "doubts": {},
            "inputs": [],
        }
    if name not in FIGURES:
        raise InputError(
            "{figure!r} is not a figure of a footprint.{hint} Known: {known}.",
            figure=name,
            hint=nearest(name, FIGURES),
            known=", ".join((*FIGURES, DURATION)),
        )
    footprint = Footprint.from_json(view["footprint"])
    measurement = Measurement.from_json(view["measurement"])
    factors = [Factor.from_json(factor) for factor in view.get("factors", ())]
    return derive(footprint, measurement, name, factors=factors)

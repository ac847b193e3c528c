"""What the records know besides figures, as forms ask for it: machine, place, method."""

from __future__ import annotations

from brizna.core.estimate import Estimate
from brizna.report._view import part

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from brizna.report._dossier import Dossier

    View = Mapping[str, Any]

_CARD = "gpu"


def hardware_words(dossier: Dossier) -> str | None:
    """Return the machines in words: what was declared, else what the records know; None if not."""
    if dossier.facts["hardware"]:
        return dossier.facts["hardware"]
    told = _once(_machine_words(view) for view in dossier.views)
    return "; ".join(told) or None


def _machine_words(view: View) -> str:
    parts = [
        f"{count} x {name}" if count > 1 else name
        for name, count in (*processors(view).items(), *cards(view).items())
    ]
    memory_gb = part(view["site"], "hardware").get("memory_gb")
    if memory_gb:
        parts.append(f"{memory_gb:.0f} GB RAM")
    return ", ".join(parts)


def processors(view: View) -> dict[str, int]:
    """Return the processors of a run's machines by name, and how many of each."""
    found: dict[str, int] = {}
    for machine in machines(view):
        name = machine.get("cpu")
        if name:
            found[name] = found.get(name, 0) + (machine.get("sockets") or 1)
    return found


def cards(view: View) -> dict[str, int]:
    """Return the accelerators of a run's machines by name, and how many of each."""
    names: list[str] = [
        name for machine in machines(view) for name in machine.get("gpus") or () if name
    ]
    if not names:
        channels = view["measurement"]["channels"]
        names = [c["device"] for c in channels if c["kind"] == _CARD and c["device"]]
    return {name: names.count(name) for name in _once(names)}


def machines(view: View) -> list[View]:
    """Return what is known of each machine of a run; a merged one has several."""
    hardware = part(view["site"], "hardware")
    return list(hardware.get("machines") or [hardware])


def place_words(dossier: Dossier) -> str | None:
    """Return where the runs were: what was declared, else their grid zones; None if unknown."""
    facts = dossier.facts
    zones = [view["site"]["zone"] for view in dossier.views]
    known = ", ".join(_once(zones)) if all(zones) else None
    return facts["location"] or facts["country"] or known


def country_of(dossier: Dossier) -> str | None:
    """Return the country of the runs: as declared, else of their grid zone, such as ES."""
    zones = {(view["site"]["zone"] or "").partition("-")[0] for view in dossier.views}
    return dossier.facts["country"] or (zones.pop() or None if len(zones) == 1 else None)


def methods(dossier: Dossier, kind: str | None = None) -> list[str]:
    """Return how the runs' channels were read, such as ``rapl``; of one kind, or of all roots."""
    return _once(
        channel["method"]
        for view in dossier.views
        for channel in view["measurement"]["channels"]
        if channel["energy_j"] is not None
        and (channel["parent"] is None if kind is None else channel["kind"] == kind)
    )


def spread(value: object) -> float | None:
    """Return how far the interval reaches from the best value, as a share of it; None if unknown.

    Args:
        value: An estimate; of anything else nothing is known.
    """
    if not isinstance(value, Estimate) or not value.best.value > 0:
        return None
    best = value.best.value
    return max(best - value.low.value, value.high.value - best) / best


def footprint_digests(dossier: Dossier) -> list[str]:
    """Return the digests of the footprints that the figures are from, in the order of the runs."""
    from brizna.core.codec import digest

    return [digest(dict(view["footprint"])) for view in dossier.views]


def _once(texts: Iterable[str]) -> list[str]:
    """Return each text once, in their order, without those that are empty."""
    return list(dict.fromkeys(filter(None, texts)))

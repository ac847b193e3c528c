"""Whether devices can draw what is said of them."""

from __future__ import annotations

from math import fsum

from brizna.check._compare import limit, other_unit
from brizna.check._rules import ENERGY_UNIT, POWER, failed, passed, unasked, untold
from brizna.check._verdict import Evidence
from brizna.core.errors import Said

TYPE_CHECKING = False
if TYPE_CHECKING:
    from brizna.check._statement import Device, Part, Span, Stated
    from brizna.check._workings import Workings

_MARGIN = {"gpu": "accelerator", "cpu": "processor"}


def judge_power(work: Workings) -> None:
    """Compare the mean power of components, or of the whole, with the design of the devices."""
    statement = work.statement
    if not work.pue_is_possible or _beyond_any(work):
        return
    if "devices" not in statement.asks:
        why = Said("the form does not say what hardware it ran on")
        work.add(unasked(POWER, statement.place, why))
    elif not statement.devices:
        why = Said("the hardware is not named")
        work.add(untold(POWER, statement.place, why))
    elif statement.parts:
        for kind in dict.fromkeys(device.kind for device in statement.devices):
            _judge_kind(work, kind)
    elif statement.energy_j is not None:
        _judge_whole(work, statement.energy_j)


def _beyond_any(work: Workings) -> bool:
    """Tell whether energy and time give more power than so many devices, or a site, can draw."""
    statement, stated = work.statement, work.statement.energy_j
    energy_j, duration_s = work.energy_j, work.duration_s
    if stated is None or energy_j is None or duration_s is None:
        return False
    mean_w, most_w = energy_j / duration_s, limit("any-site")
    evidence = [stated.evidence()]
    if statement.devices:
        if all(_is_known(work, device) for device in statement.devices):
            return False  # what these very devices draw is compared below
        count = fsum(max(device.count, 1) for device in statement.devices)
        most_w = min(most_w, count * limit("any-device") * limit("around-cards") * work.pue)
    if mean_w > most_w:
        other = other_unit("energy", stated.unit, mean_w / most_w, mean_w, rare=True)
        if other is not None and mean_w / most_w > limit("unit-evidence"):
            work.energy_j = energy_j / other[1]
            work.wrong_unit(ENERGY_UNIT, stated, other[0], work.energy_j, evidence)
        else:
            _too_much(work, stated, mean_w, most_w, evidence)
        return True
    if not statement.devices and mean_w > limit("any-rack"):
        why = Said(
            "{mean:.4g} W is more than any rack of machines draws, and no hardware is named",
            mean=mean_w,
        )
        work.add(untold(POWER, stated.place, why, evidence))
        return True
    return False


def _is_known(work: Workings, device: Device) -> bool:
    span = _designed(device) or work.known.power(device.kind, device.name, device.threads)
    return span is not None and span.surely


def design_power(work: Workings, kind: str) -> tuple[float, float, list[Evidence], bool] | None:
    """Return what the devices of a kind are designed for and can draw at most, in W, and from what.

    The last says whether that is of these very devices. None, and a verdict that says so, where
    some device is not known.

    Args:
        work: The examination.
        kind: ``gpu`` or ``cpu``.
    """
    nominal: list[float] = []
    evidence: list[Evidence] = []
    surely = True
    for device in work.statement.devices:
        if device.kind != kind:
            continue
        span = _designed(device) or work.known.power(device.kind, device.name, device.threads)
        if span is None:
            why = Said("the design power of {name!r} is not known here", name=device.name)
            work.add(untold(POWER, device.place, why))
            return None
        surely = surely and span.surely
        nominal.append((span.best if span.surely else span.high) * device.count)
        evidence.append(_evidence(device, span))
    whole_w = fsum(nominal)
    return whole_w, whole_w * limit(_MARGIN[kind]), evidence, surely


def _designed(device: Device) -> Span | None:
    """Return the design power that the document itself states."""
    from brizna.check._statement import Span

    watts = device.design_w
    if watts is None:
        return None
    return Span(low=watts, best=watts, high=watts, sources=(str(device.place),))


def _evidence(device: Device, span: Span) -> Evidence:
    return Evidence(
        name=f"{device.count:g} × {device.name}",
        value=span.best * device.count,
        unit="W",
        origin=", ".join(span.sources),
        low=span.low * device.count,
        high=span.high * device.count,
    )


def _judge_kind(work: Workings, kind: str) -> None:
    part = next((one for one in work.statement.parts if one.kind == kind), None)
    if part is None:
        return
    known = design_power(work, kind)
    stated, mean_w = _mean_power(work, part)
    if known is None:
        return
    _, most_w, evidence, surely = known
    if stated is None or mean_w is None:
        why = Said("there is no energy with a time, and no power")
        if work.value(part.energy_j) is not None:
            work.add(untold(POWER, part.energy_j.place, why))
        return
    drawn = Evidence(name=f"power of {kind}", value=mean_w, unit="W", origin=str(stated.place))
    evidence = [stated.evidence(), drawn, *evidence]
    if mean_w <= most_w:
        work.add(passed(POWER, stated.place, evidence))
    elif not surely:
        why = Said(
            "{mean:.4g} W is more than processors with so many threads draw, but this one is not "
            "known here",
            mean=mean_w,
        )
        work.add(untold(POWER, stated.place, why, evidence))
    else:
        _too_much(work, stated, mean_w, most_w, evidence)


def _mean_power(work: Workings, part: Part) -> tuple[Stated | None, float | None]:
    """Return the higher of the power that is stated and that which energy and time give."""
    energy_j = work.parts.get(part.energy_j.place.field or "", work.value(part.energy_j))
    found: list[tuple[float, Stated]] = []
    if energy_j is not None and work.duration_s is not None:
        found.append((energy_j / work.duration_s / work.pue_of_parts, part.energy_j))
    power_w = work.value(part.power_w)
    if power_w is not None and part.power_w is not None:
        found.append((power_w, part.power_w))
    if not found:
        return None, None
    mean_w, stated = max(found, key=lambda one: one[0])
    return stated, mean_w


def _too_much(
    work: Workings, stated: Stated, mean_w: float, most_w: float, evidence: list[Evidence]
) -> None:
    seen = Said("it comes to {mean:.4g} W", mean=mean_w)
    expected = Said("at most {most:.4g} W from these devices", most=most_w)
    work.add(failed(POWER, stated.place, seen, expected, evidence))


def _judge_whole(work: Workings, stated: Stated) -> None:
    """Compare the energy of the whole with what all devices can draw; or find its unit."""
    kinds = list(dict.fromkeys(device.kind for device in work.statement.devices))
    known = [design_power(work, kind) for kind in kinds]
    energy_j, duration_s = work.value(stated), work.duration_s
    if energy_j is None or any(one is None for one in known):
        return
    if duration_s is None:
        why = Said("it does not say how long it took")
        work.add(untold(POWER, stated.place, why))
        return
    found = [one for one in known if one is not None]
    around = limit("around-cards") if work.statement.cards_only else 1.0
    nominal_w = fsum(one[0] for one in found)
    most_w = fsum(one[1] for one in found) * around * work.pue
    mean_w = energy_j / duration_s
    drawn = Evidence(name="power", value=mean_w, unit="W", origin="energy / duration")
    evidence = [stated.evidence(), drawn, *(e for one in found for e in one[2])]
    least_w = nominal_w * limit("least-load")
    too_high, too_low = mean_w / most_w, least_w / mean_w
    if max(too_high, too_low) > limit("unit-evidence"):
        other = other_unit("energy", stated.unit, mean_w / most_w, mean_w / least_w, rare=True)
        if other is not None:
            work.energy_j = energy_j / other[1]
            work.wrong_unit(ENERGY_UNIT, stated, other[0], work.energy_j, evidence)
            return
    if too_high > 1:
        _too_much(work, stated, mean_w, most_w, evidence)
    else:
        work.add(passed(POWER, stated.place, evidence))

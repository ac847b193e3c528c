"""Declared cases: facts given by hand, accounted for without running anything."""

from __future__ import annotations

from datetime import UTC, datetime
from math import fsum

from brizna.account._assumptions import FunctionalUnit
from brizna.account._boundary import declared_boundary
from brizna.account._charges import Exchange, read_exchanges
from brizna.account._cloud import CloudUse, read_cloud
from brizna.account._contract import Contract, read_contract
from brizna.account._convert import DECLARED_LEVELS, parts_of_level
from brizna.account._factors import pue
from brizna.account._footprint import Subject
from brizna.core.codec import digest
from brizna.core.errors import InputError
from brizna.core.estimate import Estimate, exactly, total
from brizna.core.factors import nearest
from brizna.core.quantities import (
    Carbon,
    CarbonIntensity,
    Duration,
    Energy,
    Power,
    Quantity,
    Ratio,
    Tariff,
    WaterIntensity,
)
from brizna.core.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any, ClassVar

_FIELDS: dict[str, tuple[str, type[Quantity], str]] = {
    "duration_s": ("duration", Duration, "s"),
    "duration_min": ("duration", Duration, "min"),
    "duration_h": ("duration", Duration, "h"),
    "duration_d": ("duration", Duration, "d"),
    "energy_j": ("energy", Energy, "J"),
    "energy_wh": ("energy", Energy, "Wh"),
    "energy_kwh": ("energy", Energy, "kWh"),
    "energy_mj": ("energy", Energy, "MJ"),
    "pue": ("pue", Ratio, "1"),
    "intensity_g_per_kwh": ("intensity", CarbonIntensity, "g/kWh"),
    "wue_l_per_kwh": ("wue", WaterIntensity, "L/kWh"),
    "ewif_l_per_kwh": ("ewif", WaterIntensity, "L/kWh"),
    "tariff_per_kwh": ("tariff", Tariff, "¤/kWh"),
    "embodied_g": ("embodied", Carbon, "g"),
    "embodied_kg": ("embodied", Carbon, "kg"),
    "lifetime_y": ("lifetime", Duration, "y"),
    "lifetime_s": ("lifetime", Duration, "s"),
    "hardware_share": ("share", Ratio, "1"),
    "transport_kg": ("transport", Carbon, "kg"),
    "building_kg": ("building", Carbon, "kg"),
    "end_of_life_kg": ("end_of_life", Carbon, "kg"),
    "market_g_per_kwh": ("market", CarbonIntensity, "g/kWh"),
    "guaranteed_share": ("guaranteed", Ratio, "1"),
    "guaranteed_g_per_kwh": ("guaranteed_intensity", CarbonIntensity, "g/kWh"),
    "marginal_g_per_kwh": ("marginal", CarbonIntensity, "g/kWh"),
    "renewable_share": ("renewable", Ratio, "1"),
    "transfer_gb": ("transfer", Ratio, "1"),
    "storage_tb": ("storage", Ratio, "1"),
}
"""Field of a case: what it is, as which quantity, in which unit."""

_DEVICE_FIELDS: dict[str, tuple[str, type[Quantity], str]] = {
    "power_w": ("power", Power, "W"),
    "power_kw": ("power", Power, "kW"),
    "utilisation": ("utilisation", Ratio, "1"),
}

_PLAIN = (
    *("schema", "name", "devices", "zone", "currency", "functional_unit"),
    *("machine", "storage_kind", "storage_copies", "mix", "boundary"),
    *("started", "contract", "cloud", "exchange", "operator"),
)
_OFF = 1e-3
_SAID = ("in", "partly", "out")
_STORAGE = ("ssd", "hdd")
_SHARES = ("guaranteed", "renewable")
_PLAIN_DEVICE = ("name", "count")


class Case(Record):
    """Declared facts: for how long, on what, where.

    Attributes:
        machine: What the machine is, as the setting ``machine`` says it.
        storage_kind: ``ssd`` or ``hdd``.
        storage_copies: How often everything is stored.
        mix: Shares of the electricity by source.
        boundary: What the declared energy holds, by item ``in``, ``partly`` or ``out``.
        operator: Who runs the data centre, for its published PUE and WUE.
        level: The same in a word, one of `brizna.account.DECLARED_LEVELS`; None if not said so.
        started: When the work began, ISO 8601; None where nobody said.
        contract: What the supply of electricity pays.
        cloud: What was rented.
        exchanges: Stated rates of other currencies.
        given: The facts as they were given.
        facts: What was declared: ``duration``, ``energy``, ``pue`` ..., without those not given.
        devices: Count, power and use of each kind of device.
    """

    schema: ClassVar = "brizna.case/1"

    given: dict[str, Any]
    facts: dict[str, Estimate]
    devices: tuple[dict[str, Any], ...]
    name: str | None = None
    zone: str | None = None
    currency: str | None = None
    functional_unit: FunctionalUnit | None = None
    machine: str | None = None
    storage_kind: str = "ssd"
    storage_copies: float = 1
    mix: dict[str, float] = {}
    boundary: dict[str, str] = {}
    level: str | None = None
    operator: str | None = None
    started: str | None = None
    contract: Contract | None = None
    cloud: CloudUse | None = None
    exchanges: tuple[Exchange, ...] = ()


def read_case(given: Mapping[str, Any], *, of_run: bool = False) -> Case:
    """Return the case that a JSON object declares.

    A number may be given as ``[low, best, high]`` where it is doubtful. Fields carry their unit in
    their name: ``duration_h``, ``energy_kwh``, ``pue``, ``intensity_g_per_kwh`` ...

    Args:
        given: The facts.
        of_run: Whether energy and time are those of a run, and must not be among the facts.

    Raises:
        InputError: If a field is unknown, given twice, or holds what it cannot.
    """
    if not hasattr(given, "items"):
        raise InputError(
            "A case is a JSON object of named facts, but saw {given!r:.80}.", given=given
        )
    facts = _facts(given, _FIELDS, _PLAIN, "case")
    devices = given.get("devices", [])
    if not isinstance(devices, list):
        raise InputError(
            "devices is {devices!r:.80}, but a list of objects was expected.", devices=devices
        )
    read = tuple(_device(index, device) for index, device in enumerate(devices))  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    if of_run:
        _check_of_run(facts, read)
    elif "energy" not in facts and not (read and "duration" in facts):
        raise InputError(
            "The case gives neither energy_kwh nor both duration_h and devices, so there is no "
            "energy to account for. Example: {example}",
            example='{"duration_h": 10, "devices": [{"count": 4, "power_w": 300}], "pue": 1.5, '
            '"intensity_g_per_kwh": 450}',
        )
    if "energy" in facts and read:
        raise InputError("The case gives energy and devices: keep the one that was measured.")
    if "storage" in facts and not of_run and "duration" not in facts:
        raise InputError(
            "The case gives storage_tb, but not for how long it is kept, and storage draws power "
            "all that time: expected duration_h too."
        )
    _check_hardware(facts)
    if _level(given) == "facility":
        _hold_facility(facts)
    unit = given.get("functional_unit")
    return Case(
        given=dict(given),
        facts=facts,
        devices=read,
        name=_text(given, "name"),
        zone=_text(given, "zone"),
        currency=_currency(given),
        functional_unit=None if unit is None else _functional_unit(unit),
        machine=_text(given, "machine"),
        storage_kind=_storage_kind(given),
        storage_copies=_copies(given),
        mix=_mix(given),
        boundary=_boundary(given),
        level=_level(given),
        operator=_operator(given),
        started=_started(given),
        contract=read_contract(given["contract"]) if "contract" in given else None,
        cloud=read_cloud(given["cloud"]) if "cloud" in given else None,
        exchanges=read_exchanges(given.get("exchange"), _currency(given)),
    )


def _started(given: Mapping[str, Any]) -> str | None:
    """Return the instant at which the work began, which must say its offset from UTC."""
    text = _text(given, "started")
    if text is None:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise InputError(
            "started is {text!r}: expected an instant with its offset, such as "
            "2026-03-02T09:00+01:00.",
            text=text,
        )
    return instant.astimezone(UTC).isoformat()


def _check_of_run(facts: Mapping[str, Estimate], devices: tuple[dict[str, Any], ...]) -> None:
    twice = [name for name in ("energy", "duration") if name in facts]
    if twice or devices:
        raise InputError(
            "The facts give {saw}, but energy and time are those of the run: leave them out.",
            saw=", ".join([*twice, *(["devices"] if devices else [])]),
        )


def _storage_kind(given: Mapping[str, Any]) -> str:
    kind = _text(given, "storage_kind") or "ssd"
    if kind not in _STORAGE:
        raise InputError(
            "storage_kind is {kind!r}: expected one of {known}.",
            kind=kind,
            known=", ".join(_STORAGE),
        )
    return kind


def _copies(given: Mapping[str, Any]) -> float:
    copies = given.get("storage_copies", 1)
    if isinstance(copies, bool) or not isinstance(copies, (int, float)) or not copies >= 1:
        raise InputError(
            "storage_copies is {copies!r}: expected how often everything is stored, from 1 up.",
            copies=copies,
        )
    return copies


def _mix(given: Mapping[str, Any]) -> dict[str, float]:
    """Return the declared shares of the electricity by source; they must make up a whole."""
    mix = given.get("mix", {})
    good = hasattr(mix, "values") and all(
        isinstance(share, (int, float)) and 0 <= share <= 1 for share in mix.values()
    )
    if not good or (mix and abs(fsum(mix.values()) - 1) > _OFF):
        raise InputError(
            "mix is {mix!r:.80}: expected shares by source that sum to 1, such as "
            '{{"wind": 0.6, "gas": 0.4}}.',
            mix=mix,
        )
    return dict(mix)


def _operator(given: Mapping[str, Any]) -> str | None:
    operator = _text(given, "operator")
    if operator is not None:
        pue(operator)  # refuses one of which nothing is published
    return operator


def _level(given: Mapping[str, Any]) -> str | None:
    """Return the boundary of the declared energy where it is said in a word."""
    said = given.get("boundary")
    if not isinstance(said, str):
        return None
    if said not in DECLARED_LEVELS:
        raise InputError(
            "boundary is {said!r}: expected one of {known}.{hint}",
            said=said,
            known=", ".join(DECLARED_LEVELS),
            hint=nearest(said, DECLARED_LEVELS),
        )
    return said


def _hold_facility(facts: dict[str, Estimate]) -> None:
    """Take the declared energy for the facility's: no PUE multiplies it once more."""
    if "pue" in facts and facts["pue"].best.value > 1:
        raise InputError(
            "The case's energy is the facility's (boundary), so PUE is in it already: leave pue "
            "out, or declare the energy of the IT."
        )
    facts["pue"] = exactly(Ratio(1))


def _boundary(given: Mapping[str, Any]) -> dict[str, str]:
    said = given.get("boundary", {})
    if isinstance(said, str):
        level = _level(given)
        return {} if level is None else parts_of_level(level)
    if not hasattr(said, "values") or any(state not in _SAID for state in said.values()):
        raise InputError(
            "boundary is {said!r:.80}: expected items with one of {known}, such as "
            '{{"gpu": "in", "cpu": "out"}}.',
            said=said,
            known=", ".join(_SAID),
        )
    return dict(said)


def _check_hardware(facts: Mapping[str, Estimate]) -> None:
    """Check what a use is attributed by: the service life and the share of the hardware."""
    lifetime, share = facts.get("lifetime"), facts.get("share")
    if lifetime is not None and lifetime.low.value <= 0:
        raise InputError("The service life of the hardware (lifetime_y) must be longer than 0.")
    for name in _SHARES:
        if (part := facts.get(name)) is not None and _most(part) > 1:
            raise InputError(
                "{name}_share is {share:g}: a share in [0, 1] was expected.",
                name=name,
                share=_most(part),
            )
    if share is not None and _most(share) > 1:
        raise InputError(
            "hardware_share is {share:g}, but a part of the whole was expected, in [0, 1]: for "
            "several machines give their sum in embodied_kg.",
            share=_most(share),
        )


def _most(fact: Estimate) -> float:
    """Return the highest number that was declared; ``high`` is derived, and rounds."""
    return max(fact.best.value, *(end for ends in fact.doubts.values() for end in ends), 0.0)


def subject_of_case(case: Case) -> Subject:
    """Return what a case gives to account for."""
    duration = case.facts.get("duration")
    if "energy" in case.facts:
        energy, parts, formula = case.facts["energy"], {"declared": "case:energy"}, "declared"
    else:
        assert duration is not None, "read_case asks for a duration with devices"
        energies = [_device_energy(device, duration) for device in case.devices]
        energy = total(energies)
        parts = {
            f"{device['name']} (devices[{i}])": f"case:devices[{i}]"
            for i, device in enumerate(case.devices)
        }
        formula = "sum of count * power_w * utilisation * duration_s"
    return Subject(
        digest=digest({"schema": case.schema, "given": case.given}),
        id=case.name,
        energy_j=energy,
        duration_s=duration,
        parts=parts,
        formula=formula,
        boundary=declared_boundary(case.boundary),
    )


def _device_energy(device: Mapping[str, Any], duration: Estimate) -> Estimate:
    return device["power"] * device["utilisation"] * duration * device["count"]


def _device(index: int, given: Any) -> dict[str, Any]:
    where = f"devices[{index}]"
    if not hasattr(given, "items"):
        raise InputError(
            "{where} is {given!r:.80}, but an object like {{'power_w': 300}} is needed.",
            where=where,
            given=given,
        )
    facts = _facts(given, _DEVICE_FIELDS, _PLAIN_DEVICE, where)
    if "power" not in facts:
        raise InputError(
            "{where} does not say its power: give power_w, the mean draw of one device.",
            where=where,
        )
    count = given.get("count", 1)
    if isinstance(count, bool) or not isinstance(count, (int, float)) or not count > 0:
        raise InputError(
            "{where} has count {count!r}, but a number above 0 was expected.",
            where=where,
            count=count,
        )
    used = facts.get("utilisation", exactly(Ratio(1)))
    if _most(used) > 1:
        raise InputError(
            "{where} has utilisation {used:g}: a share in [0, 1] was expected.",
            where=where,
            used=_most(used),
        )
    name = _text(given, "name") or f"{count:g} devices"
    return {"name": name, "count": count, "power": facts["power"], "utilisation": used}


def _facts(
    given: Mapping[str, Any],
    fields: Mapping[str, tuple[str, type[Quantity], str]],
    plain: Iterable[str],
    where: str,
) -> dict[str, Estimate]:
    facts: dict[str, Estimate] = {}
    for field, value in given.items():
        if field in plain:
            continue
        if field not in fields:
            known = (*fields, *plain)
            raise InputError(
                "{where} has a field {field!r} that brizna does not know.{hint} Known: {known}.",
                where=where,
                field=field,
                hint=nearest(field, known),
                known=", ".join(sorted(known)),
            )
        stem, kind, unit = fields[field]
        if stem in facts:
            raise InputError(
                "{where} gives its {stem} twice: keep one of the fields.", where=where, stem=stem
            )
        facts[stem] = _declared(f"{where}: {field}", value, kind, unit)
    return facts


def _parts(value: Any) -> list[Any]:
    return [*value] if isinstance(value, list) else [value]  # pyright: ignore[reportUnknownVariableType]


def _declared(field: str, value: Any, kind: type[Quantity], unit: str) -> Estimate:
    """Return a declared number, or ``[low, best, high]``, as an estimate of its own doubt."""
    parts = _parts(value)
    numbers = [
        part for part in parts if isinstance(part, (int, float)) and not isinstance(part, bool)
    ]
    if len(numbers) != len(parts) or len(parts) not in (1, 3):
        raise InputError(
            "{field} is {value!r:.80}: a number or [low, best, high] was expected.",
            field=field,
            value=value,
        )
    if sorted(numbers) != numbers or numbers[0] < 0:
        raise InputError(
            "{field} is {value!r:.80}: 0 <= low <= best <= high was expected.",
            field=field,
            value=value,
        )
    best = exactly(kind.of(numbers[len(numbers) // 2], unit))
    if len(numbers) == 1:
        return best
    return best.doubted(f"declared:{field}", kind.of(numbers[0], unit), kind.of(numbers[2], unit))


def _text(given: Mapping[str, Any], field: str) -> str | None:
    value = given.get(field)
    if value is not None and not isinstance(value, str):
        raise InputError(
            "{field} is {value!r:.80}, but a text was expected.", field=field, value=value
        )
    return value


def _currency(given: Mapping[str, Any]) -> str | None:
    code = _text(given, "currency")
    if code is not None and not (len(code) == 3 and code.isascii() and code.isupper()):
        raise InputError(
            "currency is {code!r}: three capital letters such as EUR were expected.", code=code
        )
    return code


def _functional_unit(given: Any) -> FunctionalUnit:
    try:
        name, count = str(given["name"]), float(given["count"])
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            'functional_unit is {given!r:.80}, but its form is {{"name": "inference", '
            '"count": 1000}}.',
            given=given,
        ) from error
    return FunctionalUnit(name=name, count=count)

"""Cases of federated learning, as they are declared: data, model, rounds, clients, network."""

from __future__ import annotations

from brizna.core.declared import ANY, POSITIVE, SHARE, must_know, read_fact, read_text
from brizna.core.errors import InputError
from brizna.core.quantities import Duration, Energy, Power, Ratio
from brizna.core.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from brizna.core.declared import Facts
    from brizna.core.estimate import Estimate

LEAVES = ("freely", "restricted", "never")
"""Whether raw data may leave where they are: yes, at a price or under conditions, or not at all."""
NETWORKS = ("fixed", "mobile")
"""Networks of which the energy of a gigabyte is published."""

_COUNT = (Ratio, "1", POSITIVE)
_SECTIONS: Mapping[str, Facts] = {
    "data": {"raw_gb": _COUNT},
    "model": {
        "parameters": _COUNT,
        "bytes_per_parameter": _COUNT,
        "sent": (Ratio, "1", SHARE),
        "training_bytes_per_parameter": _COUNT,
    },
    "rounds": {
        "rounds": _COUNT,
        "clients_per_round": _COUNT,
        "work_s": (Duration, "s", POSITIVE),
        "within_h": (Duration, "h", POSITIVE),
        "hours_per_day": _COUNT,
    },
    "clients": {
        "slowest": (Ratio, "1", SHARE),
        "busy_w": (Power, "W", POSITIVE),
        "idle_w": (Power, "W", ANY),
        "memory_gb": _COUNT,
        "battery_wh": (Energy, "Wh", POSITIVE),
        "reached": (Ratio, "1", SHARE),
    },
    "network": {"kwh_per_gb": (Energy, "kWh", ANY), "up_mbit": _COUNT, "down_mbit": _COUNT},
    "central": {
        "power_w": (Power, "W", POSITIVE),
        "hours": (Duration, "h", POSITIVE),
        "pue": _COUNT,
        "kwh_per_gb": (Energy, "kWh", ANY),
    },
}
FEDERATION_FACTS: Facts = {
    (f"central_{field}" if section == "central" else field): form
    for section, fields in _SECTIONS.items()
    for field, form in fields.items()
}
"""Field of a case, as `FederationCase.facts` names it: its quantity, unit and what it may be."""
_PLAIN: Mapping[str, tuple[str, ...]] = {
    "data": ("leaves", "basis", "inspected"),
    "rounds": ("exact", "audited", "ledger"),
    "network": ("kind",),
    "central": ("network",),
}
_NEEDED = ("parameters", "rounds", "clients_per_round")
_NEVER_0 = ("sent", "slowest", "reached")


class FederationCase(Record):
    """A case of federated learning, as it was declared.

    Attributes:
        name: What the person calls it; None if nothing.
        leaves: One of `LEAVES`.
        basis: Why the data may not leave, in the person's words; None if nothing was said.
        inspected: Whether people must look at single data to keep up their quality; None if nobody
            said.
        exact: Whether the training must be repeatable bit for bit; None if nobody said.
        audited: Whether others must be able to trace each step; None if nobody said.
        ledger: Whether updates are kept in a ledger that others can verify.
        network: One of `NETWORKS` between clients and server; None if none was named.
        central_network: The same from the data to the place where they would be centralised.
        facts: By field, what was declared; those of ``[central]`` begin with ``central_``.
    """

    name: str | None
    leaves: str
    basis: str | None
    inspected: bool | None
    exact: bool | None
    audited: bool | None
    ledger: bool
    network: str | None
    central_network: str | None
    facts: dict[str, Estimate]


def read_federation_case(given: Mapping[str, Any]) -> FederationCase:
    """Return the case that a JSON or TOML object declares.

    Raises:
        InputError: If a field is unknown or missing, or holds what it cannot.
    """
    must_know("the case", given, ("name", *_SECTIONS))
    parts = {name: _section(given, name) for name in _SECTIONS}
    facts: dict[str, Estimate] = {}
    for section, known in _SECTIONS.items():
        must_know(section, parts[section], (*_PLAIN.get(section, ()), *known))
        for field in known:
            if field in parts[section]:
                name = f"central_{field}" if section == "central" else field
                facts[name] = _fact(section, field, parts[section][field], known)
    lacks = [field for field in _NEEDED if field not in facts]
    if lacks:
        raise InputError(
            "The case does not say {fields}: expected parameters in [model], rounds and "
            "clients_per_round in [rounds]. Add them.",
            fields=", ".join(lacks),
        )
    return FederationCase(
        name=read_text("the case", given, "name"),
        leaves=_one_of("data", "leaves", parts["data"].get("leaves"), LEAVES),
        basis=read_text("data", parts["data"], "basis"),
        inspected=_flag("data", "inspected", parts["data"]),
        exact=_flag("rounds", "exact", parts["rounds"]),
        audited=_flag("rounds", "audited", parts["rounds"]),
        ledger=_flag("rounds", "ledger", parts["rounds"]) is True,
        network=_network("network", "kind", parts),
        central_network=_network("central", "network", parts),
        facts=facts,
    )


def _section(given: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = given.get(name, {})
    if not hasattr(found, "items"):
        raise InputError(
            "{where} is {value!r:.80}: expected a table, as in [{where}].", where=name, value=found
        )
    return found


def _fact(section: str, field: str, value: Any, known: Facts) -> Estimate:
    found = read_fact(section, field, value, known)
    if field in _NEVER_0 and not found.low.value > 0:
        raise InputError(
            "{where}: {field} is {value!r:.80}: expected more than 0.",
            where=section,
            field=field,
            value=value,
        )
    if field == "hours_per_day" and found.high.value > 24:
        raise InputError(
            "rounds: hours_per_day is {value!r:.80}: expected at most 24.", value=value
        )
    return found


def _one_of(where: str, field: str, value: Any, known: tuple[str, ...]) -> str:
    if value not in known:
        raise InputError(
            "{where}: {field} is {value!r:.80}: expected one of {known}.",
            where=where,
            field=field,
            value=value,
            known=", ".join(known),
        )
    return value


def _network(section: str, field: str, parts: Mapping[str, Mapping[str, Any]]) -> str | None:
    value = parts[section].get(field)
    return None if value is None else _one_of(section, field, value, NETWORKS)


def _flag(where: str, field: str, given: Mapping[str, Any]) -> bool | None:
    value = given.get(field)
    if value is not None and not isinstance(value, bool):
        raise InputError(
            "{where}: {field} is {value!r:.80}: expected true or false.",
            where=where,
            field=field,
            value=value,
        )
    return value

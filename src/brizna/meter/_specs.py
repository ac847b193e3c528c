"""Meters that a person names: ``--meter redfish:https://...``, and those that others publish.

Nothing here is opened unless it was named: this is the one way from a run to a socket. A
specification is ``kind:target#option=value&option=value``; what follows the ``#`` is never sent.
"""

from __future__ import annotations

from brizna.core.errors import InputError
from brizna.core.records import Record
from brizna.meter._host import Roots

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any

    from brizna.meter._http import JsonDevice
    from brizna.meter._protocol import Meter
    from brizna.meter._remote import Clock, Device

GROUP = "brizna.meters"
"""Entry points of this group are kinds too: called with target, options and machine."""
_WIRE = ("name", "every")
_HTTP = (*_WIRE, "ca", "pin")
_OPTIONS = {
    "redfish": (*_HTTP, "member"),
    "pdu": (*_HTTP, "outlet"),
    "ipmi": _WIRE,
    "replay": (),
    "powermetrics": (),
    "battery": (),
}
"""The options of each kind that brizna knows by itself."""
_PIN_DIGITS = 64
_SHORT = 6
"""Digits of the digest that names a device where nobody gave it a name."""


class Spec(Record):
    """A meter that was asked for.

    Attributes:
        kind: ``redfish``, ``pdu`` ... or the name of an entry point.
        target: What to open, as the kind understands it.
        options: What was said after the ``#``.
    """

    kind: str
    target: str
    options: dict[str, str] = {}


class Surroundings(Record):
    """What opening a meter needs to know beside its specification.

    Attributes:
        machine: The machine's name, for the names of the doubts.
        environ: The environment variables, for credentials.
        credentials: A netrc file; None for none.
        clock: What tells the time; the boot-time clock if None.
        events: Returns the events of a journal, to play them back; journals are not read if None.
        roots: Where this machine shows its own devices.
    """

    machine: str
    environ: Mapping[str, str] = {}
    credentials: str | None = None
    clock: Clock | None = None
    events: Callable[[str], Iterable[Mapping[str, Any]]] | None = None
    roots: Roots = Roots()


def read_specs(texts: Iterable[str]) -> tuple[Spec, ...]:
    """Return what the texts ask for; nothing is opened or connected.

    Raises:
        InputError: If a text asks for nothing that there is; says what is known.
    """
    return tuple(map(_read_spec, texts))


def _read_spec(text: str) -> Spec:
    head, _, tail = text.partition("#")
    kind, colon, target = head.partition(":")
    if not colon or not target:
        raise InputError(
            "{text!r} names no meter: expected a kind and what to open, such as "
            "redfish:https://192.0.2.7 or ipmi:/dev/ipmi0.",
            text=_safe(text),
        )
    options: dict[str, str] = {}
    for option in filter(None, tail.split("&")):
        name, _, value = option.partition("=")
        options[name] = value
    known = _OPTIONS.get(kind)
    if known is None:
        _published(kind)
    else:
        _check_options(kind, options, known)
        _check_values(options)
    spec = Spec(kind=kind, target=target, options=options)
    if kind in ("redfish", "pdu"):
        from brizna.meter._http import split_url

        split_url(_url(spec))
    return spec


def _check_options(kind: str, options: Mapping[str, str], known: Sequence[str]) -> None:
    for name in options:
        if name not in known:
            from brizna.core.factors import nearest

            raise InputError(
                "A meter of kind {kind} has no option {name!r}.{hint} Known: {known}.",
                kind=kind,
                name=name,
                hint=nearest(name, known),
                known=", ".join(known) or "-",
            )


def _check_values(options: Mapping[str, str]) -> None:
    """Refuse a name that would not serve in records, and a pin that is no certificate's."""
    name, pin = options.get("name"), options.get("pin")
    if name is not None and not (name and all(c.isalnum() or c in "._-" for c in name)):
        raise InputError(
            "The name of a meter is {name!r}: expected letters, digits, '.', '_' and '-', such as "
            "name=rack-2.",
            name=name,
        )
    if pin is not None:
        digits = pin.replace(":", "").lower()
        if len(digits) != _PIN_DIGITS or not set(digits) <= set("0123456789abcdef"):
            raise InputError(
                "The pin of a meter is {pin!r}: expected the SHA-256 of its certificate, "
                "{count} hexadecimal digits.",
                pin=pin,
                count=_PIN_DIGITS,
            )


def open_specs(specs: Iterable[Spec], surroundings: Surroundings) -> list[Meter]:
    """Open the meters that were asked for.

    A device that does not answer is a meter too: with a gap that says why.

    Raises:
        InputError: If an option cannot be, or credentials cannot be used.
    """
    return [_open(spec, surroundings) for spec in specs]


def _open(spec: Spec, around: Surroundings) -> Meter:
    if spec.kind == "replay":
        from brizna.meter._replay import open_replay

        return open_replay(spec.target, machine=around.machine, events=around.events)
    if spec.kind == "powermetrics":
        from brizna.meter._powermetrics import open_powermetrics

        return open_powermetrics(spec.target, machine=around.machine)
    if spec.kind == "battery":
        return _open_battery(spec, around)
    if spec.kind not in _OPTIONS:
        return _published(spec.kind)(
            spec.target, options=dict(spec.options), machine=around.machine
        )
    from brizna.meter._remote import Wire, open_remote

    device, every_s, accuracy = _devices()[spec.kind](spec, around)
    wire = Wire(
        method=spec.kind,
        name=spec.options.get("name") or _digest(spec),
        every_s=_number(spec, "every", every_s),
        accuracy=accuracy,
        machine=around.machine,
    )
    return open_remote(device, wire, clock=around.clock)


def _open_battery(spec: Spec, around: Surroundings) -> Meter:
    from brizna.meter._battery import open_battery

    if spec.target != "system":
        raise InputError(
            "A meter of kind battery is asked to open {target!r}: expected battery:system, all "
            "batteries that this machine runs on.",
            target=spec.target,
        )
    for meter in open_battery(around.roots, machine=around.machine):
        return meter
    raise InputError(
        "This machine shows no battery, and a meter of kind battery was asked for: leave it out."
    )


def _devices() -> Mapping[str, Callable[[Spec, Surroundings], tuple[Device, float, str]]]:
    return {"redfish": _open_redfish, "pdu": _open_pdu, "ipmi": _open_ipmi}


def _open_redfish(spec: Spec, around: Surroundings) -> tuple[Device, float, str]:
    from brizna.meter._redfish import ACCURACY, EVERY_S, RedfishDevice

    member = int(_number(spec, "member", 0))
    device = RedfishDevice(spec.target, _client(spec, around), member=member)
    return device, EVERY_S, ACCURACY


def _open_pdu(spec: Spec, around: Surroundings) -> tuple[Device, float, str]:
    from brizna.meter._pdu import ACCURACY, EVERY_S, PduDevice

    outlets = spec.options.get("outlet", "")
    try:
        numbers = tuple(int(text) for text in outlets.split(",") if text)
    except ValueError as error:
        raise InputError(
            "outlet is {outlets!r}: expected numbers such as 1 or 1,2.", outlets=outlets
        ) from error
    family = spec.target.partition(":")[0]
    return PduDevice(family, _client(spec, around), outlets=numbers), EVERY_S, ACCURACY


def _open_ipmi(spec: Spec, around: Surroundings) -> tuple[Device, float, str]:
    from brizna.meter._ipmi import ACCURACY, EVERY_S, IpmiDevice

    del around
    return IpmiDevice(spec.target), EVERY_S, ACCURACY


def _client(spec: Spec, around: Surroundings) -> JsonDevice:
    from brizna.meter._http import JsonDevice, find_login

    url = _url(spec)
    return JsonDevice(
        url,
        login=find_login(url, file=around.credentials, environ=around.environ),
        ca=spec.options.get("ca"),
        pin=spec.options.get("pin"),
    )


def _url(spec: Spec) -> str:
    """Return the address in a target: a plug's comes after the name of its family."""
    return spec.target.partition(":")[2] if spec.kind == "pdu" else spec.target


def _number(spec: Spec, name: str, default: float) -> float:
    text = spec.options.get(name)
    if text is None:
        return default
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 3600 or (name == "every" and value < 0.1):
        raise InputError(
            "The option {name} of a meter is {text!r}: expected a number, such as {default:g}.",
            name=name,
            text=text,
            default=default,
        )
    return value


def _digest(spec: Spec) -> str:
    """Return a name that stays the same and tells no address."""
    from hashlib import sha256

    outlets = spec.options.get("outlet", "")
    return sha256(f"{spec.kind}:{spec.target}#{outlets}".encode()).hexdigest()[:_SHORT]


def _published(kind: str) -> Callable[..., Any]:
    """Return what opens a kind that somebody else published.

    Raises:
        InputError: If nobody did.
    """
    from importlib.metadata import entry_points

    found = entry_points(group=GROUP, name=kind)
    for point in found:
        return point.load()
    from brizna.core.factors import nearest

    names = [*_OPTIONS, *entry_points(group=GROUP).names]
    raise InputError(
        "{kind!r} is not a kind of meter that can be named.{hint} Known: {known}.",
        kind=kind,
        hint=nearest(kind, names),
        known=", ".join(names),
    )


def _safe(text: str) -> str:
    """Return a text without what stands before an ``@``: that may be a password."""
    return text.rpartition("@")[2]

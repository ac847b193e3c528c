"""What a document states about one activity, and what is known of the world to judge it by.

The readers of the forms (CodeCarbon's table, a manifest, a model card ...) turn each row, output
or card into a `Statement`, in base units and with the place of each figure; the rules see nothing
else, so that they are the same for every form.
"""

from __future__ import annotations

from typing import Protocol

from brizna.check._verdict import Evidence, Place
from brizna.core.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime

    from brizna.core.quantities import Quantity


class Knowledge(Protocol):
    """What is known of grids, devices and the date; given by whoever asks."""

    instant: datetime

    def zone(self, name: str) -> str | None:
        """Return the id of the zone that a country or zone calls itself; None if unknown."""
        ...

    def intensity(
        self, zone: str, *, ended: datetime | None, duration_s: float | None, parts: bool
    ) -> Span | None:
        """Return the intensity of a zone's electricity in g/kWh; None if unknown.

        Args:
            zone: Its id.
            ended: When the activity ended.
            duration_s: How long it took.
            parts: Whether it may be any part of the country.
        """
        ...

    def power(self, kind: str, name: str, threads: int | None) -> Span | None:
        """Return the design power of a ``gpu``, or of all packages of a ``cpu``, in W."""
        ...

    def later_factor(self, factor_id: str, year: int) -> str | None:
        """Return the id of a later statement of a factor that may be used for a year."""
        ...


class Span(Record):
    """A published number with its interval.

    Attributes:
        low: In the unit of what was asked for; so are the others.
        best: The preferred source's.
        high: The high end.
        sources: The factors behind it.
        surely: Whether it is of this very thing, and not of all things of its kind.
    """

    low: float
    best: float
    high: float
    sources: tuple[str, ...]
    surely: bool = True


class Stated(Record):
    """A figure as a document states it.

    Attributes:
        value: In the base unit.
        unit: The unit of its field.
        size: Of that unit, in the base unit.
        place: Where it stands.
    """

    value: float
    unit: str
    size: float
    place: Place

    @property
    def written(self) -> float:
        """The number as it is written, in the field's unit."""
        return self.value / self.size

    def evidence(self) -> Evidence:
        """Return it as what a verdict rests on."""
        return Evidence(
            name=self.place.field or "",
            value=self.written,
            unit=self.unit,
            origin=str(self.place),
        )


def state(value: float, kind: type[Quantity], unit: str, place: Place) -> Stated:
    """Return a figure as it is written in a unit.

    Args:
        value: In ``unit``.
        kind: What it is.
        unit: A unit of that kind.
        place: Where it stands.
    """
    size = kind.units[unit]
    return Stated(value=value * size, unit=unit, size=size, place=place)


def read_instant(text: str) -> datetime | None:
    """Return an instant in UTC; one that names no time zone is taken as UTC. None if it is none."""
    from datetime import UTC, datetime

    try:
        instant = datetime.fromisoformat(text.strip())
        aware = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
        return aware.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def read_devices(text: str, place: Place, *, kind: str = "gpu") -> tuple[Device, ...]:
    """Return the devices of a text such as ``8 x NVIDIA A100-SXM4-80GB, 1 x T4``."""
    found: list[Device] = []
    for one in text.replace(";", ",").split(","):
        words = one.split()
        count = 1.0
        if words and words[0].lower().rstrip("x×").isdigit():
            count = float(words.pop(0).lower().rstrip("x×"))
            words = words[1:] if words and words[0].lower() in ("x", "×", "*") else words
        name = " ".join(word for word in words if word.lower() not in ("gpu", "gpus"))
        if name:
            found.append(Device(kind=kind, name=name, count=count, threads=None, place=place))
    return tuple(found)


class Part(Record):
    """The energy of one component.

    Attributes:
        kind: ``cpu``, ``gpu``, ``memory`` ...
        energy_j: As stated.
        power_w: As stated; None where it is not.
        power_is: ``mean``, or ``last`` where it is the last reading.
    """

    kind: str
    energy_j: Stated
    power_w: Stated | None
    power_is: str = "mean"


class Device(Record):
    """Hardware that is named.

    Attributes:
        kind: ``gpu`` or ``cpu``.
        name: As it is written.
        count: How many.
        threads: Hardware threads of all of them; None where not said.
        place: Where it stands.
        design_w: The design power that the document states; None where it states none.
    """

    kind: str
    name: str
    count: float
    threads: int | None
    place: Place
    design_w: float | None = None


class Derived(Record):
    """A figure that follows from others by the form's own definition.

    Attributes:
        stated: As it is written.
        numerator: What is divided.
        divisor: By what.
        name: The formula, in the names of the form's fields.
    """

    stated: Stated
    numerator: Stated
    divisor: Stated
    name: str


class Statement(Record):
    """What one row, output, measure or card states.

    Attributes:
        place: Where it stands.
        asks: What the form has a field for: ``energy``, ``carbon``, ``place``, ``intensity``,
            ``devices``, ``interval``, ``dates``. What it has none for cannot be asked of it.
        duration_s: How long it took; as stated, like all that follows.
        energy_j: Of all components together, with the site's overhead where ``pue`` is stated.
        parts: What the energy is the sum of; empty where the form does not say.
        pue: The overhead; None where nobody states it.
        parts_hold_pue: Whether it is in the energy of the components already.
        carbon_g: Of the energy.
        embodied_g: Of making the hardware.
        whole_g: Both together.
        others_g: The same emissions, as another place of the document says.
        intensity_g_per_kwh: As stated.
        zone: Where it ran, as it is written.
        country: A second name for the place that must agree.
        region: A part of the country; where it is named, any part's intensity is possible.
        devices: The hardware.
        cards_only: Whether the devices are but the cards of whole machines.
        times: Instants, each with its place; None where one cannot be read.
        ended: The last of them.
        interval: Whether it says how sure it is; None where the form has no place for that.
        derived: Rates.
        covered_s: For how long there are readings.
    """

    place: Place
    asks: frozenset[str]
    duration_s: Stated | None = None
    energy_j: Stated | None = None
    parts: tuple[Part, ...] = ()
    pue: Stated | None = None
    parts_hold_pue: bool = True
    carbon_g: Stated | None = None
    embodied_g: Stated | None = None
    whole_g: Stated | None = None
    others_g: tuple[Stated, ...] = ()
    intensity_g_per_kwh: Stated | None = None
    zone: tuple[str, Place] | None = None
    country: tuple[str, Place] | None = None
    region: str | None = None
    devices: tuple[Device, ...] = ()
    cards_only: bool = False
    times: tuple[tuple[str, datetime | None, Place], ...] = ()
    ended: datetime | None = None
    interval: bool | None = None
    derived: tuple[Derived, ...] = ()
    covered_s: Stated | None = None

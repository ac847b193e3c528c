"""Power and energy of a machine by its management controller, over Redfish (DMTF DSP0266).

Three forms of the same figure are read, whichever page is named: ``Power`` (DSP8010, resource
Power 1.x, deprecated since 2020.4 and the most widespread), ``EnvironmentMetrics`` of a chassis,
and a ``Sensor`` or ``Outlet``. A page that only points at one of these is followed on the same
host: a chassis, the collection of chassis where it has one member, a ``PowerSubsystem``.
"""

from __future__ import annotations

from brizna.core.errors import UnavailableError
from brizna.meter._http import JsonDevice, split_url
from brizna.meter._quantity import counted, number, part
from brizna.meter._remote import Answer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

EVERY_S = 5.0
"""Controllers are slow, and many take their own readings once in some seconds."""
ACCURACY = "bmc"
_FOLLOWED = 4
"""Pages from the one that was named to the one with figures, at most."""
_ROOT = "/redfish/v1/Chassis"


class RedfishDevice:
    """One chassis behind a management controller."""

    def __init__(self, url: str, http: JsonDevice, *, member: int = 0) -> None:
        """Take the page to read.

        Args:
            url: Address of the page; without a path, the collection of chassis.
            http: Asks the controller.
            member: Which entry of ``PowerControl``, counted from 0.
        """
        self._page = split_url(url).path.rstrip("/") or _ROOT
        self._http = http
        self._member = member
        self._is_found = False

    def ask(self) -> Answer:
        """Return power and energy; the first time, look for the page that has them.

        Raises:
            UnavailableError: If the controller cannot be reached or refuses, or a page has neither
                figures nor a way to them.
        """
        if self._is_found:
            return self._figures(self._http.get(self._page))
        for _ in range(_FOLLOWED):
            page = self._http.get(self._page)
            if _has_figures(page):
                self._is_found = True
                return self._figures(page)
            self._page = _way_on(self._page, page)
        raise UnavailableError("its pages point at one another without telling a power")

    def interrupt(self) -> None:
        """End a question that is being asked."""
        self._http.interrupt()

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def _figures(self, page: dict[str, Any]) -> Answer:
        if "PowerControl" in page:
            return self._power_control(page["PowerControl"])
        if "ReadingUnits" in page:
            return _sensor(page)
        power = page.get("PowerWatts")
        answer = Answer(power_w=None if power is None else number(part(power, "Reading")))
        for name, unit in (("EnergyJoules", "J"), ("EnergykWh", "kWh")):
            if page.get(name) is not None:
                return answer.replace(energy_uj=counted(part(page, name, "Reading"), unit))
        return answer

    def _power_control(self, entries: Any) -> Answer:
        try:
            entry = entries[self._member]
        except (LookupError, TypeError) as error:
            raise UnavailableError(
                "it has no entry {number} of PowerControl", number=self._member
            ) from error
        most = entry.get("PowerCapacityWatts")
        return Answer(
            power_w=number(part(entry, "PowerConsumedWatts")),
            most_w=number(most) if most else None,
        )


def _has_figures(page: dict[str, Any]) -> bool:
    is_sensor = "ReadingUnits" in page
    return is_sensor or any(
        name in page for name in ("PowerControl", "PowerWatts", "EnergykWh", "EnergyJoules")
    )


def _way_on(path: str, page: dict[str, Any]) -> str:
    """Return the page that a page without figures points at."""
    members = page.get("Members")
    if isinstance(members, list):
        if len(members) != 1:  # pyright: ignore[reportUnknownArgumentType]  (JSON)
            raise UnavailableError(
                "it has {count} chassis: name one, such as {page}",
                count=len(members),  # pyright: ignore[reportUnknownArgumentType]  (JSON)
                page=f"{_ROOT}/1",
            )
        return _link(members[0])
    for name in ("EnvironmentMetrics", "Power"):
        if name in page:
            return _link(page[name])
    chassis, _, last = path.rpartition("/")
    if last == "PowerSubsystem":
        return f"{chassis}/EnvironmentMetrics"
    raise UnavailableError("this page tells no power")


def _link(found: Any) -> str:
    """Return the path that a link names; never another host."""
    path = part(found, "@odata.id")
    if not isinstance(path, str) or not path.startswith("/") or path.startswith("//"):
        raise UnavailableError("a link of its pages leads elsewhere")
    return path


def _sensor(page: dict[str, Any]) -> Answer:
    unit, reading = page["ReadingUnits"], part(page, "Reading")
    if unit == "W":
        return Answer(power_w=number(reading))
    if unit in ("J", "kW.h", "kWh"):
        return Answer(energy_uj=counted(reading, "J" if unit == "J" else "kWh"))
    raise UnavailableError("it tells {unit}, where W was expected", unit=unit)

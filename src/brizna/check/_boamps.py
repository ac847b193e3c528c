"""A BoAmps report as statements: kWh, seconds and g/kWh, one statement a measure."""

from __future__ import annotations

from brizna.check._rules import FORM, failed, untold
from brizna.check._statement import (
    Device,
    Place,
    Stated,
    Statement,
    read_devices,
    read_instant,
    state,
)
from brizna.core.errors import Said
from brizna.core.quantities import CarbonIntensity, Duration, Energy, Quantity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from brizna.check._verdict import Verdict

_NEEDED = ("task", "measures", "infrastructure", "environment")
_KINDS = {"gpu": "gpu", "cpu": "cpu", "processor": "cpu", "graphics card": "gpu"}


def is_boamps(data: Any) -> bool:
    """Tell whether a JSON value is a BoAmps report."""
    return isinstance(data, dict) and "measures" in data and "task" in data


def read_boamps(data: Any, file: str) -> tuple[list[Statement], list[Verdict]]:
    """Return what each measure of a report states, and what is missing or cannot be read.

    Args:
        data: The report, as JSON.
        file: Its name, for the findings.
    """
    report = _Report(data, file)
    for name in _NEEDED:
        if data.get(name) == {}:  # nobody declared what belongs there, and the report says so
            why = Said("nothing is declared in it")
            report.broken.append(untold(FORM, report.place(name), why))
        elif not data.get(name):
            report.fault(name, Said("nothing"), Said("what a BoAmps report must hold"))
    measures = report.listed(data.get("measures"), "measures")
    return [report.statement(one, at) for at, one in enumerate(measures)], report.broken


class _Report:
    def __init__(self, data: Any, file: str) -> None:
        self.data = data
        self.file = file
        self.broken: list[Verdict] = []

    def fault(self, path: str, seen: Said, expected: Said) -> None:
        self.broken.append(failed(FORM, self.place(path), seen, expected))

    def place(self, path: str) -> Place:
        return Place(file=self.file, field=path)

    def mapped(self, value: Any) -> dict[str, Any]:
        return value if isinstance(value, dict) else {}  # pyright: ignore[reportUnknownVariableType]

    def listed(self, value: Any, path: str) -> list[dict[str, Any]]:
        if value and not isinstance(value, list):
            self.fault(path, Said("{value!r:.60}", value=value), Said("a list"))
        return [self.mapped(one) for one in value] if isinstance(value, list) else []  # pyright: ignore[reportUnknownVariableType]

    def figure(self, value: Any, path: str, kind: type[Quantity], unit: str) -> Stated | None:
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            self.fault(path, Said("{value!r:.60}", value=value), Said("a number"))
            return None
        return state(float(value), kind, unit, self.place(path))

    def statement(self, measure: dict[str, Any], at: int) -> Statement:
        here = f"measures[{at}]"
        around = self.mapped(self.data.get("environment"))
        header = self.mapped(self.data.get("header"))
        if measure.get("powerConsumption") is None:
            self.fault(f"{here}.powerConsumption", Said("nothing"), Said("a number"))
        times = [
            (str(value), read_instant(str(value)), self.place(path))
            for value, path in (
                (measure.get("measurementDateTime"), f"{here}.measurementDateTime"),
                (header.get("reportDatetime"), "header.reportDatetime"),
            )
            if value
        ]
        country = around.get("country")
        intensity = around.get("powerSourceCarbonIntensity")
        length = measure.get("measurementDuration")
        return Statement(
            place=self.place(here),
            asks=frozenset(("energy", "place", "devices", "dates")),
            duration_s=self.figure(length, f"{here}.measurementDuration", Duration, "s"),
            energy_j=self.figure(
                measure.get("powerConsumption"), f"{here}.powerConsumption", Energy, "kWh"
            ),
            zone=(str(country), self.place("environment.country")) if country else None,
            intensity_g_per_kwh=self.figure(
                intensity,
                "environment.powerSourceCarbonIntensity",
                CarbonIntensity,
                CarbonIntensity.unit,
            ),
            devices=tuple(self.devices()),
            cards_only=not any(device.kind == "cpu" for device in self.devices()),
            times=tuple(times),
            ended=times[0][1] if times else None,
            interval=self.data.get("quality") in ("high", "medium", "low"),
        )

    def devices(self) -> list[Device]:
        around = self.mapped(self.data.get("infrastructure"))
        found: list[Device] = []
        for at, one in enumerate(self.listed(around.get("components"), "components")):
            kind = _KINDS.get(str(one.get("componentType", "")).lower())
            name, count = one.get("componentName"), one.get("nbComponent", 1)
            if kind is None or not isinstance(count, (int, float)):
                continue
            place = self.place(f"infrastructure.components[{at}]")
            named = read_devices(str(name or kind), place, kind=kind)
            found += [device.replace(count=float(count)) for device in named[:1]]
        return found

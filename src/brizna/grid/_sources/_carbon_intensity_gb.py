"""The Carbon Intensity API of Great Britain's system operator, free and without a key.

Average and direct: CO2 of generation, imports and losses counted. Half hours; 96 of them ahead.
"""

from __future__ import annotations

from datetime import UTC, timedelta
from math import fsum

from brizna.core.quantities import CarbonIntensity, Ratio
from brizna.grid._files import About
from brizna.grid._source import instant, must_tell, no_forecast, no_zone, spans, told
from brizna.grid._web import Question, json_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from typing import Any

    from brizna.core.signal import Signal
    from brizna.grid._source import Access, Asked

_STEP = timedelta(minutes=30)
_LONGEST = timedelta(days=13)
"""It answers at most 14 days in one go."""
_RENEWABLE = ("biomass", "hydro", "solar", "wind")
_FUELS = {"renewable": _RENEWABLE, "low-carbon": (*_RENEWABLE, "nuclear")}
_PER_CENT = 0.01


class CarbonIntensityGb:
    """Great Britain's Carbon Intensity API."""

    name = "carbon-intensity-gb"
    home = "https://api.carbonintensity.org.uk"
    quantities = ("intensity", "renewable", "low-carbon")
    needs_key = False

    def __init__(self, access: Access) -> None:
        self._access = access

    def ask(self, asked: Asked) -> Signal:
        """Return half hours of Great Britain: what was, or the forecast."""
        must_tell(self, asked)
        if asked.zone != "GB":
            raise no_zone(self.name, asked.zone, ["GB"])
        if asked.quantity != "intensity":
            return self._shares(asked)
        which = "actual" if asked.is_past else "forecast"
        about = About(
            quantity=CarbonIntensity,
            scope="direct",
            basis="consumption",
            origin="observed" if asked.is_past else "forecast",
            source=self.name,
        )

        def read(cell: Any) -> float | None:
            value = cell["intensity"][which]
            return None if value is None else float(value)

        return told(asked, self._slots(asked, "intensity", read), about, step=_STEP)

    def _shares(self, asked: Asked) -> Signal:
        if not asked.is_past:
            raise no_forecast(self.name, asked)
        fuels = _FUELS[asked.quantity]
        about = About(quantity=Ratio, kind=asked.quantity, source=self.name)

        def read(cell: Any) -> float:
            mix = {one["fuel"]: float(one["perc"]) for one in cell["generationmix"]}
            return fsum(mix[fuel] for fuel in fuels) * _PER_CENT

        return told(asked, self._slots(asked, "generation", read), about, step=_STEP)

    def _slots(
        self, asked: Asked, what: str, read: Callable[[Any], float | None]
    ) -> list[tuple[datetime, float | None]]:
        """Return the beginnings of slots and their values."""

        def cells(data: bytes) -> dict[datetime, float | None]:
            return {instant(cell["from"]): read(cell) for cell in json_of(data)["data"]}

        found: dict[datetime, float | None] = {}
        for start, end in spans(asked.start, asked.end, _LONGEST):
            # A time on the half hour brings the slot before it too; one minute later does not.
            path = f"{what}/{_minute(start + timedelta(minutes=1))}/{_minute(end)}"
            question = Question(
                f"{self._access.url or self.home}/{path}", ttl_s=86400 if asked.is_past else 900
            )
            found |= self._access.web.ask(self.name, question, cells)
        return list(found.items())


def _minute(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%MZ")

"""Electricity Maps, API version 3: carbon intensity of most of the world, with a key.

Average, flow traced (consumption), life cycle unless it says direct. No unit stands in an answer:
the documentation says gCO2eq/kWh.
"""

from __future__ import annotations

from datetime import timedelta

from brizna.core.quantities import CarbonIntensity, Ratio
from brizna.grid._files import About
from brizna.grid._source import instant, must_tell, no_forecast, other_unit, spans, stamp, told
from brizna.grid._web import Question, json_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from typing import Any

    from brizna.core.signal import Signal
    from brizna.grid._source import Access, Asked

    _Rows = dict[datetime, tuple[float | None, bool]]

_HORIZONS_H = (6, 24, 48, 72)
_LONGEST = timedelta(hours=240)
_PERCENT = {"renewable": "renewablePercentage", "low-carbon": "fossilFreePercentage"}
_SCOPES = {"lifecycle": "life-cycle", "direct": "direct"}
_UNIT = "gCO2eq/kWh"
_PER_CENT = 0.01


class ElectricityMaps:
    """Electricity Maps."""

    name = "electricity-maps"
    home = "https://api.electricitymaps.com"
    quantities = ("intensity", "renewable", "low-carbon")
    needs_key = True

    def __init__(self, access: Access) -> None:
        self._access = access

    def ask(self, asked: Asked) -> Signal:
        """Return hours of a zone: measured or estimated ones, or the forecast."""
        must_tell(self, asked)
        if asked.quantity in _PERCENT:
            return self._shares(asked)
        if not asked.is_past:
            return self._forecast(asked)
        scopes: list[str] = []

        def read(data: bytes) -> _Rows:
            rows = json_of(data)["data"]
            scopes.append(_scope(rows))
            return _values(rows, "carbonIntensity", 1.0)

        rows = self._past(asked, "carbon-intensity", read)
        return _told(asked, rows, self._about(scopes[-1]))

    def _forecast(self, asked: Asked) -> Signal:
        horizon_h = next((h for h in _HORIZONS_H if h >= asked.lead_h), _HORIZONS_H[-1])
        query = {"zone": asked.zone, "horizonHours": str(horizon_h)}

        def read(data: bytes) -> Signal:
            answer = json_of(data)
            rows = answer["forecast"]
            values = _values(rows, "carbonIntensity", 1.0)
            about = self._about(_scope(rows), origin="forecast")
            pairs = [(at, value) for at, (value, _) in values.items()]
            return told(asked, pairs, about, issued_at=instant(answer["updatedAt"]))

        question = self._question("carbon-intensity/forecast", query, ttl_s=900)
        return self._access.web.ask(self.name, question, read)

    def _shares(self, asked: Asked) -> Signal:
        if not asked.is_past:
            raise no_forecast(self.name, asked)
        column = _PERCENT[asked.quantity]

        def read(data: bytes) -> _Rows:
            return _values(json_of(data)["data"], column, _PER_CENT)

        about = About(quantity=Ratio, kind=asked.quantity, basis="consumption", source=self.name)
        return _told(asked, self._past(asked, "power-breakdown", read), about)

    def _past(self, asked: Asked, what: str, read: Callable[[bytes], _Rows]) -> _Rows:
        rows: _Rows = {}
        for start, end in spans(asked.start, asked.end, _LONGEST):
            query = {"zone": asked.zone, "start": stamp(start), "end": stamp(end)}
            question = self._question(f"{what}/past-range", query, ttl_s=86400)
            rows |= self._access.web.ask(self.name, question, read)
        return rows

    def _question(self, path: str, query: dict[str, str], *, ttl_s: float) -> Question:
        return Question(
            f"{self._access.url or self.home}/v3/{path}",
            query,
            headers={"auth-token": self._access.key(self.name)},
            ttl_s=ttl_s,
        )

    def _about(self, scope: str, origin: str = "observed") -> About:
        return About(
            quantity=CarbonIntensity,
            scope=scope,
            basis="consumption",
            origin=origin,
            source=self.name,
        )


def _told(asked: Asked, rows: _Rows, about: About) -> Signal:
    return told(
        asked,
        [(at, value) for at, (value, _) in rows.items()],
        about,
        step=timedelta(hours=1),
        estimated=[at for at, (_, is_estimated) in rows.items() if is_estimated],
    )


def _values(rows: list[Any], column: str, scale: float) -> _Rows:
    """Return value and whether it is estimated, by instant."""
    return {
        instant(row["datetime"]): (
            None if row[column] is None else float(row[column]) * scale,
            bool(row.get("isEstimated")),
        )
        for row in rows
    }


def _scope(rows: list[Any]) -> str:
    """Return whether the rows count life cycles; a unit that stands there must be ours."""
    units = {row["unit"] for row in rows if "unit" in row} - {_UNIT}
    if units:
        raise other_unit(ElectricityMaps.name, units.pop(), _UNIT)
    kinds = {row.get("emissionFactorType", "lifecycle") for row in rows} or {"lifecycle"}
    if len(kinds) > 1:
        raise other_unit(ElectricityMaps.name, ", ".join(sorted(kinds)), "lifecycle")
    return _SCOPES[kinds.pop()]

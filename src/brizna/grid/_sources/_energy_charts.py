"""Energy-Charts of Fraunhofer ISE, free and without a key: prices and forecast renewable shares.

The share is of the load, not of the generation: it exceeds 1 where a country exports.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from brizna.core.quantities import Ratio, Tariff
from brizna.grid._files import About
from brizna.grid._source import must_tell, other_unit, spans, told
from brizna.grid._web import Question, json_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from brizna.core.signal import Signal
    from brizna.grid._source import Access, Asked

    _Rows = dict[datetime, float | None]

_BIDDING_ZONES = {"DE": "DE-LU", "LU": "DE-LU"}
_UNIT = "EUR / MWh"
_LONGEST = timedelta(days=90)
_PER_CENT = 0.01


class EnergyCharts:
    """Energy-Charts."""

    name = "energy-charts"
    home = "https://api.energy-charts.info"
    quantities = ("price", "renewable")
    needs_key = False

    def __init__(self, access: Access) -> None:
        self._access = access

    def ask(self, asked: Asked) -> Signal:
        """Return day-ahead prices of a bidding zone, or renewable shares of a country."""
        must_tell(self, asked)
        if asked.quantity == "renewable":
            return self._shares(asked)
        rows: _Rows = {}
        for start, end in spans(asked.start, asked.end, _LONGEST):
            query = {
                "bzn": _bidding_zone(asked.zone),
                "start": str(int(start.timestamp())),
                "end": str(int(end.timestamp())),
            }
            rows |= self._get("price", query, _prices, 86400 if asked.is_past else 1800)
        about = About(quantity=Tariff, unit="¤/MWh", kind="EUR", source=self.name)
        return told(asked, list(rows.items()), about)

    def _shares(self, asked: Asked) -> Signal:
        """Return the shares, which it tells from this morning to the end of the next day."""
        query = {"country": asked.zone.split("-")[0].lower()}
        rows, is_substitute = self._get("ren_share_forecast", query, _shares, 900)
        about = About(
            quantity=Ratio,
            kind="renewable",
            basis="consumption",
            origin="forecast",
            source=self.name,
        )
        return told(asked, list(rows.items()), about, estimated=rows if is_substitute else ())

    def _get(self, path: str, query: dict[str, str], read: Any, ttl_s: float) -> Any:
        question = Question(f"{self._access.url or self.home}/{path}", query, ttl_s=ttl_s)
        return self._access.web.ask(self.name, question, read)


def _bidding_zone(zone: str) -> str:
    """Return the bidding zone of a zone: ``SE3`` of ``SE-SE3``, ``DE-LU`` of ``DE``."""
    return _BIDDING_ZONES.get(zone, zone.rpartition("-")[2])


def _prices(data: bytes) -> _Rows:
    answer = json_of(data)
    if answer["unit"] != _UNIT:
        raise other_unit(EnergyCharts.name, answer["unit"], _UNIT)
    return _pairs(answer["unix_seconds"], answer["price"], 1.0)


def _shares(data: bytes) -> tuple[_Rows, bool]:
    answer = json_of(data)
    rows = _pairs(answer["unix_seconds"], answer["ren_share"], _PER_CENT)
    return rows, bool(answer.get("substitute"))


def _pairs(seconds: list[int], values: list[float | None], scale: float) -> _Rows:
    return {
        datetime.fromtimestamp(at, UTC): None if value is None else float(value) * scale
        for at, value in zip(seconds, values, strict=True)
    }

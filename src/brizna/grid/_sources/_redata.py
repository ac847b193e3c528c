"""REData, the public data of Spain's system operator, without a key.

Hourly prices of the whole country, ``pvpc`` (what small consumers pay for energy) or ``spot`` (the
day-ahead market); daily renewable shares of the peninsula and each archipelago. It tells no hourly
carbon intensity.
"""

from __future__ import annotations

from datetime import timedelta

from brizna.core.quantities import Ratio, Tariff
from brizna.grid._files import About
from brizna.grid._source import instant, must_tell, no_forecast, other_unit, spans, told
from brizna.grid._sources._spain import price_named, system_of
from brizna.grid._web import Question, json_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime
    from typing import Any

    from brizna.core.signal import Signal
    from brizna.grid._source import Access, Asked

    _Rows = dict[datetime, float]

_PRICES = {"spot": "600", "pvpc": "1001"}
_UNIT = "€/MWh"
_LONGEST = timedelta(days=28)
_DAY = timedelta(days=1)


class Redata:
    """REData of Red Eléctrica."""

    name = "redata"
    home = "https://apidatos.ree.es"
    quantities = ("price", "renewable")
    needs_key = False

    def __init__(self, access: Access) -> None:
        self._access = access

    def ask(self, asked: Asked) -> Signal:
        """Return hourly prices, or daily renewable shares that are past."""
        must_tell(self, asked)
        system, number = system_of(self.name, asked.zone)
        if asked.quantity == "price":
            return self._prices(asked)
        if not asked.is_past:
            raise no_forecast(self.name, asked)
        path = "generacion/evolucion-renovable-no-renovable"
        geo = {"geo_trunc": "electric_system", "geo_limit": system, "geo_ids": str(number)}
        rows = self._rows(asked, path, {"time_trunc": "day", **geo}, _renewable)
        about = About(quantity=Ratio, kind="renewable", basis="production", source=self.name)
        return told(asked, sorted(rows.items()), about, step=_DAY)

    def _prices(self, asked: Asked) -> Signal:
        part, number = price_named(self.name, self._access.part, _PRICES)
        path = "mercados/precios-mercados-tiempo-real"

        def read(data: bytes) -> _Rows:
            return _price(data, number)

        rows = self._rows(asked, path, {"time_trunc": "hour"}, read)
        about = About(quantity=Tariff, unit="¤/MWh", kind="EUR", source=f"{self.name} {part}")
        return told(asked, sorted(rows.items()), about, step=timedelta(hours=1))

    def _rows(self, asked: Asked, path: str, query: dict[str, str], read: Any) -> _Rows:
        """Return the values by instant; a day more at each end, for it asks in Spain's time."""
        found: _Rows = {}
        for start, end in spans(asked.start - _DAY, asked.end + _DAY, _LONGEST):
            days = {"start_date": f"{start:%Y-%m-%d}T00:00", "end_date": f"{end:%Y-%m-%d}T23:59"}
            question = Question(
                f"{self._access.url or self.home}/es/datos/{path}",
                {**days, **query},
                ttl_s=86400 if asked.is_past else 1800,
            )
            found |= self._access.web.ask(self.name, question, read)
        return found


def _price(data: bytes, number: str) -> _Rows:
    """Return the price of an indicator by hour, in euros per MWh."""
    series = next(one for one in json_of(data)["included"] if str(one["id"]) == number)
    label = str(series["type"])
    if _UNIT not in label:
        raise other_unit(Redata.name, label, _UNIT)
    values = series["attributes"]["values"]
    return {instant(row["datetime"]): float(row["value"]) for row in values}


def _renewable(data: bytes) -> _Rows:
    """Return the renewable share of generation by day."""
    series = next(one for one in json_of(data)["included"] if one["type"] == "Renovable")
    values = series["attributes"]["values"]
    rows = {instant(row["datetime"]): float(row["percentage"]) for row in values}
    if any(not 0 <= share <= 1 for share in rows.values()):
        raise other_unit(Redata.name, "percentage", "0 ... 1")
    return rows

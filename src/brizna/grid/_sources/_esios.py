"""e·sios, the information system of Spain's system operator, with a personal key.

Hourly prices: ``spot`` (indicator 600, the day-ahead market) or ``pvpc`` (indicator 1001, what
small consumers pay for energy, which differs by system).
"""

from __future__ import annotations

from datetime import timedelta

from brizna.core.quantities import Tariff
from brizna.grid._files import About
from brizna.grid._source import instant, must_tell, other_unit, spans, stamp, told
from brizna.grid._sources._spain import price_named, system_of
from brizna.grid._web import Question, json_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime

    from brizna.core.signal import Signal
    from brizna.grid._source import Access, Asked

    _Rows = dict[datetime, float]

_INDICATORS = {"spot": 600, "pvpc": 1001}
_SPAIN = 3
"""The number of the whole country, for which the market's price is told."""
_LONGEST = timedelta(days=31)
_PRICE = ("Precio", "Price")


class Esios:
    """e·sios of Red Eléctrica."""

    name = "esios"
    home = "https://api.esios.ree.es"
    quantities = ("price",)
    needs_key = True

    def __init__(self, access: Access) -> None:
        self._access = access

    def ask(self, asked: Asked) -> Signal:
        """Return hourly prices in euros."""
        must_tell(self, asked)
        part, indicator = price_named(self.name, self._access.part, _INDICATORS)
        _, number = system_of(self.name, asked.zone)
        place = _SPAIN if part == "spot" else number
        rows: _Rows = {}
        for start, end in spans(asked.start, asked.end, _LONGEST):
            question = Question(
                f"{self._access.url or self.home}/indicators/{indicator}",
                {
                    "start_date": stamp(start),
                    "end_date": stamp(end),
                    "time_trunc": "hour",
                    "geo_ids[]": str(place),
                },
                headers={
                    "x-api-key": self._access.key(self.name),
                    "Accept": "application/json; application/vnd.esios-api-v1+json",
                },
                ttl_s=86400 if asked.is_past else 1800,
            )
            rows |= self._access.web.ask(self.name, question, lambda data: _price(data, place))
        about = About(quantity=Tariff, unit="¤/MWh", kind="EUR", source=f"{self.name} {part}")
        return told(asked, sorted(rows.items()), about, step=timedelta(hours=1))


def _price(data: bytes, place: int) -> _Rows:
    """Return the price at a place by hour, in euros per MWh."""
    indicator = json_of(data)["indicator"]
    for kind in indicator["magnitud"]:
        if kind["name"] not in _PRICE:
            raise other_unit(Esios.name, kind["name"], _PRICE[0])
    return {
        instant(row["datetime_utc"]): float(row["value"])
        for row in indicator["values"]
        if row["geo_id"] == place
    }

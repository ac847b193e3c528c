"""WattNet: carbon intensity of Europe's zones in quarters of an hour, four days ahead.

With an account. What it marks as not complete, or as not final, is estimated.
"""

from __future__ import annotations

from datetime import timedelta

from brizna.core.quantities import CarbonIntensity
from brizna.grid._files import About
from brizna.grid._source import instant, must_tell, other_unit, spans, stamp, told
from brizna.grid._web import Question, json_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime

    from brizna.core.signal import Signal
    from brizna.grid._source import Access, Asked

    _Rows = dict[datetime, tuple[float | None, bool]]

_UNITS = ("gCO2/kWh", "gCO2e/kWh", "gCO2eq/kWh")
_LONGEST = timedelta(days=7)


class Wattnet:
    """WattNet."""

    name = "wattnet"
    home = "https://api.wattnet.eu"
    quantities = ("intensity",)
    needs_key = True

    def __init__(self, access: Access) -> None:
        self._access = access
        self._token: str | None = None

    def ask(self, asked: Asked) -> Signal:
        """Return quarters of an hour of a zone, life cycle, of the past or as forecast."""
        must_tell(self, asked)
        rows: _Rows = {}
        for start, end in spans(asked.start, asked.end, _LONGEST):
            question = Question(
                f"{self._access.url or self.home}/v1/footprints",
                {
                    "footprint_type": "carbon",
                    "scope": "life-cycle",
                    "zone": asked.zone,
                    "start": stamp(start),
                    "end": stamp(end),
                    "aggregate": "false",
                },
                headers={"Authorization": f"Bearer {self._login()}"},
                ttl_s=86400 if asked.is_past else 900,
            )
            rows |= self._access.web.ask(self.name, question, _cells)
        about = About(
            quantity=CarbonIntensity,
            scope="life-cycle",
            origin="observed" if asked.is_past else "forecast",
            source=self.name,
        )
        return told(
            asked,
            [(at, value) for at, (value, _) in rows.items()],
            about,
            step=timedelta(minutes=15),
            estimated=[at for at, (_, is_estimated) in rows.items() if is_estimated],
        )

    def _login(self) -> str:
        """Return a token, asked for once: it is good for a day and kept nowhere."""
        if self._token is None:
            email, password = self._access.both(self.name)
            question = Question(
                f"{self._access.url or self.home}/v1/token-request/get_token",
                body={"email": email, "password": password},
            )
            self._token = self._access.web.ask(
                self.name, question, lambda data: str(json_of(data)["access_token"])
            )
        return self._token


def _cells(data: bytes) -> _Rows:
    """Return value and whether it is estimated, by instant."""
    found: _Rows = {}
    for footprint in json_of(data):
        if footprint["unit"] not in _UNITS or footprint["scope"] != "life-cycle":
            raise other_unit(Wattnet.name, footprint["unit"], _UNITS[0])
        for part in footprint["series"]:
            is_estimated = part["zone_status"] != "complete" or not part["valid"]
            for at, value in part["values"]:
                found[instant(at)] = (None if value is None else float(value), is_estimated)
    return found

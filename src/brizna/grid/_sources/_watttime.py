"""WattTime, API version 3: marginal emissions (MOER) of regions, with an account.

Marginal and direct: what one more kilowatt-hour brings out of chimneys, not what an average one
does. It comes in pounds per megawatt-hour.
"""

from __future__ import annotations

from datetime import timedelta
from math import ceil

from brizna.core.quantities import CarbonIntensity
from brizna.grid._files import About
from brizna.grid._source import instant, must_tell, no_zone, other_unit, spans, stamp, told
from brizna.grid._web import Question, json_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime
    from typing import Any

    from brizna.core.signal import Signal
    from brizna.grid._source import Access, Asked

    _Rows = dict[datetime, float | None]

_REGIONS = {"US-CAL-CISO": "CAISO_NORTH"}
"""The region whose data anybody may have; others are named, as in ``watttime:ERCOT_AUSTIN``."""
_UNITS = {"lbs_co2_per_mwh": "lb/MWh"}
_LONGEST = timedelta(days=32)
_MOST_AHEAD_H = 72


class WattTime:
    """WattTime."""

    name = "watttime"
    home = "https://api.watttime.org"
    quantities = ("intensity",)
    needs_key = True

    def __init__(self, access: Access) -> None:
        self._access = access
        self._token: str | None = None

    def ask(self, asked: Asked) -> Signal:
        """Return the marginal intensity of a region, of the past or as forecast."""
        must_tell(self, asked)
        region = self._access.part or _REGIONS.get(asked.zone)
        if region is None:
            raise no_zone(self.name, asked.zone, _REGIONS)
        rows: _Rows = {}
        meta: Any = {}
        if asked.is_past:
            for start, end in spans(asked.start, asked.end, _LONGEST):
                query = {"region": region, "start": stamp(start), "end": stamp(end)}
                meta, part = self._get("v3/historical", query, ttl_s=86400)
                rows |= part
        else:
            hours = str(min(max(ceil(asked.lead_h), 0), _MOST_AHEAD_H))
            query = {"region": region, "horizon_hours": hours}
            meta, rows = self._get("v3/forecast", query, ttl_s=300)
        about = About(
            quantity=CarbonIntensity,
            unit=_UNITS[meta["units"]],
            kind="marginal",
            scope="direct",
            origin="observed" if asked.is_past else "forecast",
            source=self.name,
        )
        return told(
            asked,
            list(rows.items()),
            about,
            step=meta["step"],
            issued_at=meta["issued_at"],
        )

    def _get(self, path: str, query: dict[str, str], *, ttl_s: float) -> tuple[Any, _Rows]:
        """Return what an answer says of itself, and its rows."""
        question = Question(
            f"{self._access.url or self.home}/{path}",
            {**query, "signal_type": "co2_moer"},
            headers={"Authorization": f"Bearer {self._login()}"},
            ttl_s=ttl_s,
        )
        return self._access.web.ask(self.name, question, _rows)

    def _login(self) -> str:
        """Return a token, asked for once: it is good for half an hour and kept nowhere."""
        if self._token is None:
            from base64 import b64encode

            both = b64encode(":".join(self._access.both(self.name)).encode()).decode()
            question = Question(
                f"{self._access.url or self.home}/login",
                headers={"Authorization": f"Basic {both}"},
            )
            self._access.web.take_turn(self.name, most=100, period_s=300)
            self._token = self._access.web.ask(
                self.name, question, lambda data: str(json_of(data)["token"])
            )
        return self._token


def _rows(data: bytes) -> tuple[Any, _Rows]:
    answer = json_of(data)
    meta = answer["meta"]
    if meta["units"] not in _UNITS:
        raise other_unit(WattTime.name, meta["units"], "lbs_co2_per_mwh")
    about = {
        "units": meta["units"],
        "step": timedelta(seconds=meta["data_point_period_seconds"]),
        "issued_at": instant(meta["generated_at"]),
    }
    return about, {instant(row["point_time"]): float(row["value"]) for row in answer["data"]}

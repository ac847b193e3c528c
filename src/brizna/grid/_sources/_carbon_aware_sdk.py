"""The web interface of the Green Software Foundation's Carbon Aware SDK, run by oneself.

Named with its address and, if its place is not called as the zone is, the place behind ``#``:
``carbon-aware-sdk:http://localhost:8080#westeurope``. What it passes on may be average or marginal,
as it was set up: it does not say, and so neither does the signal.
"""

from __future__ import annotations

from datetime import timedelta

from brizna.core.errors import InputError
from brizna.core.quantities import CarbonIntensity
from brizna.grid._files import About
from brizna.grid._source import instant, must_tell, stamp, told
from brizna.grid._web import Question, json_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from brizna.core.signal import Signal
    from brizna.grid._source import Access, Asked


class CarbonAwareSdk:
    """A Carbon Aware SDK of one's own."""

    name = "carbon-aware-sdk"
    home = "http://localhost"
    quantities = ("intensity",)
    needs_key = False

    def __init__(self, access: Access) -> None:
        self._access = access
        address, _, self._place = (access.url or access.part or "").partition("#")
        self._address = address.rstrip("/")

    def ask(self, asked: Asked) -> Signal:
        """Return what it passes on of its own source."""
        must_tell(self, asked)
        if not self._address:
            raise InputError(
                "{source} has no public address: name yours, such as {source}:http://localhost:8080.",
                source=self.name,
            )
        place = self._place or asked.zone
        past = {"location": place, "time": stamp(asked.start), "toTime": stamp(asked.end)}
        ahead = {
            "location": place,
            "dataStartAt": stamp(asked.start),
            "dataEndAt": stamp(asked.end),
        }
        path = "bylocation" if asked.is_past else "forecasts/current"
        question = Question(
            f"{self._address}/emissions/{path}", past if asked.is_past else ahead, ttl_s=300
        )

        def read(data: bytes) -> Signal:
            answer = json_of(data)
            return _observed(asked, answer) if asked.is_past else _forecast(asked, answer[0])

        return self._access.web.ask(self.name, question, read)


def _observed(asked: Asked, rows: Any) -> Signal:
    values = {instant(row["time"]): float(row["rating"]) for row in rows}
    return told(asked, list(values.items()), _about("observed"))


def _forecast(asked: Asked, answer: Any) -> Signal:
    rows = answer["forecastData"]
    return told(
        asked,
        list({instant(row["timestamp"]): float(row["value"]) for row in rows}.items()),
        _about("forecast"),
        step=timedelta(minutes=rows[0]["duration"]) if rows else None,
        issued_at=instant(answer["generatedAt"]),
    )


def _about(origin: str) -> About:
    return About(quantity=CarbonIntensity, kind=None, origin=origin, source=CarbonAwareSdk.name)

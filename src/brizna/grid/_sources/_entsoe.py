"""The ENTSO-E Transparency Platform: Europe's generation by type, prices, forecasts, with a key.

Carbon intensity is ours: generation by type times the fuels' factors of the tables, so production
based and life cycle; energy taken out of storage counts for nothing, for its carbon was emitted
when it was put in. A slot in which a type is missing that the answer has elsewhere stays empty.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import fsum

from brizna.core.errors import CoverageError
from brizna.core.quantities import CarbonIntensity, Ratio, Tariff
from brizna.grid._files import About
from brizna.grid._intensity import fuel
from brizna.grid._source import instant, must_tell, no_forecast, no_zone, other_unit, spans, told
from brizna.grid._web import Question

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from brizna.core.signal import Signal
    from brizna.grid._source import Access, Asked

    _Series = dict[datetime, float]

AREAS = {
    "AT": "10YAT-APG------L",
    "BE": "10YBE----------2",
    "BG": "10YCA-BULGARIA-R",
    "CH": "10YCH-SWISSGRIDZ",
    "CZ": "10YCZ-CEPS-----N",
    "DE": "10Y1001A1001A82H",
    "DK-DK1": "10YDK-1--------W",
    "DK-DK2": "10YDK-2--------M",
    "EE": "10Y1001A1001A39I",
    "ES": "10YES-REE------0",
    "FI": "10YFI-1--------U",
    "FR": "10YFR-RTE------C",
    "GR": "10YGR-HTSO-----Y",
    "HR": "10YHR-HEP------M",
    "HU": "10YHU-MAVIR----U",
    "IE": "10Y1001A1001A59C",
    "IT-NO": "10Y1001A1001A73I",
    "LT": "10YLT-1001A0008Q",
    "LV": "10YLV-1001A00074",
    "NL": "10YNL----------L",
    "NO-NO1": "10YNO-1--------2",
    "NO-NO2": "10YNO-2--------T",
    "NO-NO3": "10YNO-3--------J",
    "NO-NO4": "10YNO-4--------9",
    "NO-NO5": "10Y1001A1001A48H",
    "PL": "10YPL-AREA-----S",
    "PT": "10YPT-REN------W",
    "RO": "10YRO-TEL------P",
    "SE-SE1": "10Y1001A1001A44P",
    "SE-SE2": "10Y1001A1001A45N",
    "SE-SE3": "10Y1001A1001A46L",
    "SE-SE4": "10Y1001A1001A47J",
    "SI": "10YSI-ELES-----O",
    "SK": "10YSK-SEPS-----K",
}
"""The energy identification code of each zone."""

_FUELS = {
    **dict.fromkeys(("B02", "B05", "B08"), "coal"),
    **dict.fromkeys(("B03", "B04"), "gas"),
    **dict.fromkeys(("B06", "B07"), "oil"),
    **dict.fromkeys(("B11", "B12"), "hydro"),
    **dict.fromkeys(("B13", "B15", "B17", "B20"), "unknown"),
    **dict.fromkeys(("B18", "B19"), "wind"),
    "B01": "biomass",
    "B09": "geothermal",
    "B14": "nuclear",
    "B16": "solar",
}
"""The fuel whose factor a type of generation takes: peat as coal, coal gas as gas, shale as oil."""
_STORAGE = ("B10", "B25")
_RENEWABLE = ("B01", "B09", "B11", "B12", "B13", "B15", "B16", "B18", "B19")
_SHARES = {"renewable": _RENEWABLE, "low-carbon": (*_RENEWABLE, "B14")}
_STEPS = {
    "PT15M": timedelta(minutes=15),
    "PT30M": timedelta(minutes=30),
    "PT60M": timedelta(hours=1),
}
_LONGEST = timedelta(days=31)
_FINEST = timedelta(minutes=15)


class Entsoe:
    """The ENTSO-E Transparency Platform."""

    name = "entsoe"
    home = "https://web-api.tp.entsoe.eu"
    quantities = ("intensity", "renewable", "low-carbon", "price", "wind-solar")
    needs_key = True

    def __init__(self, access: Access) -> None:
        self._access = access

    def ask(self, asked: Asked) -> Signal:
        """Return day-ahead prices, forecast wind and sun, or figures from what was generated."""
        must_tell(self, asked)
        if asked.zone not in AREAS:
            raise no_zone(self.name, asked.zone, AREAS)
        area = AREAS[asked.zone]
        if asked.quantity == "price":
            query = {"documentType": "A44", "in_Domain": area, "out_Domain": area}
            about = About(quantity=Tariff, unit="¤/MWh", kind="EUR", source=self.name)
            return _quarters(asked, self._documents(asked, query, _prices)[""], about)
        if asked.quantity == "wind-solar":
            return self._wind_and_sun(asked, area)
        if not asked.is_past:
            raise no_forecast(self.name, asked)
        query = {"documentType": "A75", "processType": "A16", "in_Domain": area}
        mix = self._documents(asked, query, _powers)
        weights = _weights(asked)
        rows = {at: _mean(mix, at, weights) for at in sorted(set[datetime]().union(*mix.values()))}
        about = About(
            quantity=CarbonIntensity if asked.quantity == "intensity" else Ratio,
            kind="average" if asked.quantity == "intensity" else asked.quantity,
            scope="life-cycle" if asked.quantity == "intensity" else None,
            basis="production",
            source=self.name,
        )
        return _quarters(asked, rows, about)

    def _wind_and_sun(self, asked: Asked, area: str) -> Signal:
        """Return the share of wind and sun in the load, both as forecast for the day."""
        day_ahead = {"processType": "A01"}
        made = self._documents(
            asked, {"documentType": "A69", "in_Domain": area, **day_ahead}, _powers
        )
        load = self._documents(
            asked, {"documentType": "A65", "outBiddingZone_Domain": area, **day_ahead}, _powers
        )[""]
        rows: dict[datetime, float | None] = {
            at: fsum(series[at] for series in made.values()) / load[at]
            if load.get(at) and all(at in series for series in made.values())
            else None
            for at in sorted(set[datetime]().union(*made.values()))
        }
        about = About(
            quantity=Ratio,
            kind="wind-solar",
            basis="consumption",
            origin="forecast",
            source=self.name,
        )
        return _quarters(asked, rows, about)

    def _documents(self, asked: Asked, query: Mapping[str, str], read: Any) -> dict[str, _Series]:
        """Return the quarters of an hour of each type of a time cut into what it answers."""
        found: dict[str, _Series] = {}
        for start, end in spans(asked.start, asked.end, _LONGEST):
            self._access.web.take_turn(self.name, most=400, period_s=60)
            times = {"periodStart": f"{_utc(start):%Y%m%d%H00}", "periodEnd": _up(end)}
            question = Question(
                f"{self._access.url or self.home}/api",
                {**query, **times},
                secret={"securityToken": self._access.key(self.name)},
                ttl_s=86400 if asked.is_past else 1800,
            )
            for kind, series in self._access.web.ask(self.name, question, read).items():
                found.setdefault(kind, {}).update(series)
        return found


def _utc(at: datetime) -> datetime:
    return at.astimezone(UTC)


def _up(end: datetime) -> str:
    """Return the next whole hour, as the platform writes it."""
    at = _utc(end)
    whole = at.replace(minute=0, second=0, microsecond=0)
    return f"{whole if whole == at else whole + timedelta(hours=1):%Y%m%d%H00}"


def _weights(asked: Asked) -> dict[str, float]:
    """Return what each type counts: its life-cycle factor, or 1 if it is in the share."""
    if asked.quantity != "intensity":
        shares = _SHARES[asked.quantity]
        return {kind: 1.0 if kind in shares else 0.0 for kind in _FUELS}
    return {kind: _factor(name, asked.zone) for kind, name in _FUELS.items()}


def _factor(name: str, zone: str) -> float:
    """Return a fuel's factor of this country, else of the world, in g/kWh."""
    try:
        return fuel(name, zone=zone).value
    except CoverageError:  # the tables have no set of this country's own
        return fuel(name).value


def _mean(mix: Mapping[str, _Series], at: datetime, weights: Mapping[str, float]) -> float | None:
    """Return the weighted mean over the types at one time; None where one of them is missing."""
    made = {kind: series.get(at) for kind, series in mix.items() if kind not in _STORAGE}
    powers = [power for power in made.values() if power is not None]
    if len(powers) < len(made) or fsum(powers) <= 0:
        return None
    return fsum(weights[kind] * power for kind, power in made.items() if power) / fsum(powers)


def _quarters(asked: Asked, rows: Mapping[datetime, float | None], about: About) -> Signal:
    return told(asked, list(rows.items()), about, step=_FINEST)


def _powers(data: bytes) -> dict[str, _Series]:
    """Return the megawatts of each type, what was consumed apart."""
    found: dict[str, _Series] = {}
    for series in _every(_root(data), "TimeSeries"):
        unit = _text(series, "quantity_Measure_Unit.name")
        if unit != "MAW":
            raise other_unit(Entsoe.name, unit, "MAW")
        kind = _text(series, "MktPSRType/psrType") or ""
        if kind and _text(series, "outBiddingZone_Domain.mRID"):
            continue  # what storage took in, or a plant its own use
        found.setdefault(kind, {}).update(_slots(series, "quantity"))
    return found


def _prices(data: bytes) -> dict[str, _Series]:
    found: _Series = {}
    for series in _every(_root(data), "TimeSeries"):
        unit = f"{_text(series, 'currency_Unit.name')}/{_text(series, 'price_Measure_Unit.name')}"
        if unit != "EUR/MWH":
            raise other_unit(Entsoe.name, unit, "EUR/MWH")
        found.update(_slots(series, "price.amount"))
    return {"": found}


def _slots(series: Any, value: str) -> Iterator[tuple[datetime, float]]:
    """Yield quarters of an hour; a position that is left out repeats the one before (A03)."""
    for period in _every(series, "Period"):
        start = instant(_text(period, "timeInterval/start"))
        end = instant(_text(period, "timeInterval/end"))
        if end - start > 2 * _LONGEST:
            raise ValueError("timeInterval")  # longer than was asked for
        step = _STEPS[_text(period, "resolution")]
        points = {
            start + (int(_text(point, "position")) - 1) * step: float(_text(point, value))
            for point in _every(period, "Point")
        }
        is_repeated = _text(series, "curveType") == "A03"
        known: float | None = None
        at = start
        while at < end:
            slot = start + (at - start) // step * step
            known = points.get(slot, known if is_repeated else None)
            if known is not None:
                yield at, known
            at += _FINEST


def _root(data: bytes) -> Any:
    """Return the document.

    Raises:
        ValueError: If it is none.
        CoverageError: If the platform acknowledges that it has nothing.
    """
    from xml.etree.ElementTree import ParseError, fromstring

    if b"<!" in data.replace(b"<!--", b""):
        raise ValueError("<!")  # entities, which no document of theirs has
    try:
        root = fromstring(data)  # noqa: S314 - it declares no entities
    except ParseError as error:
        raise ValueError(str(error)) from error
    if not root.tag.endswith("_MarketDocument"):
        raise ValueError(root.tag)
    if "Acknowledgement_" in root.tag:
        raise CoverageError(
            "{source} has nothing: {reason}",
            source=Entsoe.name,
            reason=_text(root, "Reason/text") or "",
        )
    return root


def _every(element: Any, name: str) -> Iterator[Any]:
    """Return the elements inside that have a name, whatever its namespace."""
    return iter(element.findall(f".//{{*}}{name}"))


def _text(element: Any, path: str) -> Any:
    """Return the text at a path, whatever its namespaces; None where there is none."""
    return element.findtext("/".join(f"{{*}}{name}" for name in path.split("/")))

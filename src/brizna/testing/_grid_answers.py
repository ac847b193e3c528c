"""What providers of grid signals answer, made from what they document, not recorded.

- ``electricity-maps``: portal.electricitymaps.com/docs/api, version 3
- ``watttime``: docs.watttime.org, version 3
- ``carbon-intensity-gb``: carbon-intensity.github.io/api-definitions
- ``redata``: www.ree.es/en/datos/apidata
- ``esios``: api.esios.ree.es
- ``entsoe``: transparency.entsoe.eu, Restful API implementation guide, sections 4.2.10 and 4.4.8
- ``energy-charts``: api.energy-charts.info, OpenAPI 1.4
- ``wattnet``: api.wattnet.eu/v1/docs and its page "API Data Model"
- ``carbon-aware-sdk``: carbon-aware-sdk.greensoftware.foundation, Web API 1.7

All as they were known in November 2026; most pages were read through copies and clients of theirs.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from json import dumps, loads
from math import cos, pi
from urllib.parse import parse_qs, urlsplit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Answer = tuple[int, bytes]

_HOUR = timedelta(hours=1)
_REFUSED = (401, b'{"message": "no"}')
_LB_PER_MWH = 1 / 0.45359237


class Call:
    """One question as it reached a provider.

    Attributes:
        path: The path without its query.
        query: The first value of each parameter.
        headers: By lower-case name.
        body: The JSON body; empty where there is none.
        now: What the provider takes for the present.
        key: What it wants as a key.
        fault: What goes wrong, as `FakeProvider.fault`.
    """

    now: datetime
    key: str
    fault: str | int | None

    def __init__(self, path: str, headers: Mapping[str, str], body: bytes) -> None:
        parts = urlsplit(path)
        self.path = parts.path
        self.query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self.headers = {name.lower(): value for name, value in headers.items()}
        self.body: dict[str, str] = loads(body) if body else {}

    def slots(
        self, start: datetime, end: datetime, step: timedelta
    ) -> Iterator[tuple[datetime, float]]:
        """Yield the slots of a time with their intensity; with the fault ``hole`` all but one."""
        at = start - (start - datetime(1970, 1, 1, tzinfo=UTC)) % step
        index = 0
        while at < end:
            if not (self.fault == "hole" and index == 2):
                yield at, intensity_at(at)
            at += step
            index += 1


def intensity_at(at: datetime) -> float:
    """Return the carbon intensity of the simulated grid, in g/kWh: least at noon, UTC."""
    hour = at.hour + at.minute / 60
    return round(200 + 80 * cos(2 * pi * hour / 24), 3)


def share_at(at: datetime) -> float:
    """Return the renewable share of the simulated grid, most at noon, UTC."""
    return round(1 - intensity_at(at) / 400, 4)


def price_at(at: datetime) -> float:
    """Return the price of the simulated market, in EUR/MWh; it is negative around noon, UTC."""
    return round(intensity_at(at) - 130, 2)


def _json(value: object) -> Answer:
    return 200, dumps(value).encode()


def _z(at: datetime, form: str = "%Y-%m-%dT%H:%M:%S.000Z") -> str:
    return at.astimezone(UTC).strftime(form)


def _at(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _electricity_maps(call: Call) -> Answer:
    if call.headers.get("auth-token") != call.key:
        return _REFUSED
    zone = call.query["zone"]
    unit = {"unit": "gCO2eq/MWh"} if call.fault == "unit" else {}
    if call.path == "/v3/carbon-intensity/forecast":
        until = call.now + int(call.query["horizonHours"]) * _HOUR
        rows = [
            {"carbonIntensity": value, "datetime": _z(at), **unit}
            for at, value in call.slots(call.now, until, _HOUR)
        ]
        return _json({"zone": zone, "forecast": rows, "updatedAt": _z(call.now)})
    start, end = _at(call.query["start"]), _at(call.query["end"])
    slots = list(call.slots(start, end, _HOUR))
    if call.path == "/v3/carbon-intensity/past-range":
        rows = [
            {
                "zone": zone,
                "carbonIntensity": value,
                "datetime": _z(at),
                "updatedAt": _z(at + _HOUR),
                "createdAt": _z(at),
                "emissionFactorType": "lifecycle",
                "isEstimated": at.hour == 3,
                "estimationMethod": "TIME_SLICER_AVERAGE" if at.hour == 3 else None,
                **unit,
            }
            for at, value in slots
        ]
        return _json({"zone": zone, "data": rows})
    if call.path == "/v3/power-breakdown/past-range":
        rows = [
            {
                "zone": zone,
                "datetime": _z(at),
                "renewablePercentage": round(100 * share_at(at)),
                "fossilFreePercentage": round(100 * share_at(at)) + 10,
                "isEstimated": False,
            }
            for at, _ in slots
        ]
        return _json({"zone": zone, "data": rows})
    return 404, b'{"status": "error", "message": "Endpoint not available"}'


def _watttime(call: Call) -> Answer:
    if call.path == "/login":
        from base64 import b64decode

        both = b64decode(call.headers["authorization"].removeprefix("Basic ")).decode()
        return _json({"token": f"t-{call.key}"}) if both.endswith(f":{call.key}") else _REFUSED
    if call.headers.get("authorization") != f"Bearer t-{call.key}":
        return _REFUSED
    step = timedelta(minutes=5)
    if call.path == "/v3/forecast":
        end = call.now + max(1, int(call.query["horizon_hours"])) * _HOUR
        slots = call.slots(call.now, end, step)
    else:
        slots = call.slots(_at(call.query["start"]), _at(call.query["end"]), step)
    rows = [
        {"point_time": _z(at, "%Y-%m-%dT%H:%M:%S+00:00"), "value": round(v * _LB_PER_MWH, 6)}
        for at, v in slots
    ]
    units = "kg_co2_per_mwh" if call.fault == "unit" else "lbs_co2_per_mwh"
    meta: dict[str, object] = {
        "region": call.query["region"],
        "signal_type": call.query["signal_type"],
        "units": units,
        "model": {"date": "2023-03-01"},
        "data_point_period_seconds": 300,
        "warnings": [],
        "generated_at": _z(call.now, "%Y-%m-%dT%H:%M:%S+00:00"),
    }
    return _json({"data": rows, "meta": meta})


def _carbon_intensity_gb(call: Call) -> Answer:
    _, what, first, last = call.path.split("/")
    form = "%Y-%m-%dT%H:%MZ"
    step = timedelta(minutes=30)
    rows: list[object] = []
    for at, value in call.slots(_at(first), _at(last), step):
        cell: dict[str, object] = {"from": _z(at, form), "to": _z(at + step, form)}
        actual = None if at > call.now else round(value)
        level = {"forecast": round(value) + 3, "actual": actual, "index": "moderate"}
        share = 100 * share_at(at)
        fuels = {"biomass": 5, "hydro": 1, "solar": 2, "wind": round(share - 8, 2), "nuclear": 10}
        mix = {**fuels, "coal": 0, "imports": 2, "other": 0, "gas": round(88 - share, 2)}
        cell |= (
            {"intensity": level}
            if what == "intensity"
            else {"generationmix": [{"fuel": name, "perc": part} for name, part in mix.items()]}
        )
        rows.append(cell)
    key = "values" if call.fault == "unit" else "data"
    return _json({key: rows})


def _madrid(at: datetime) -> str:
    """Return an instant of October 2026 as clocks in Madrid show it: they go back on the 25th."""
    back = datetime(2026, 10, 25, 1, tzinfo=UTC)
    hours = 2 if at < back else 1
    return (at + hours * _HOUR).strftime(f"%Y-%m-%dT%H:%M:%S.000+0{hours}:00")


def _redata(call: Call) -> Answer:
    start, end = _at(call.query["start_date"]) - 2 * _HOUR, _at(call.query["end_date"])
    hours = list(call.slots(start, end, _HOUR))
    if call.path == "/es/datos/mercados/precios-mercados-tiempo-real":
        unit = "$/MWh" if call.fault == "unit" else "€/MWh"
        included = [
            _redata_series(
                number, f"{title} ({unit})", [(at, price_at(at) + more) for at, _ in hours]
            )
            for number, title, more in (
                ("1001", "PVPC", 100),
                ("600", "Precio mercado spot", 0),
            )
        ]
        return _json({"data": {"type": "Precios"}, "included": included})
    days = [(at, share_at(at)) for at, _ in hours if _madrid(at)[11:13] == "00"]
    scale = 100 if call.fault == "unit" else 1
    included = [
        _redata_series("10291", "Renovable", [(at, share * scale) for at, share in days]),
        _redata_series("10292", "No renovable", [(at, (1 - share) * scale) for at, share in days]),
    ]
    return _json({"data": {"type": "Evolución"}, "included": included})


def _redata_series(number: str, kind: str, rows: list[tuple[datetime, float]]) -> object:
    values = [{"value": v, "percentage": v, "datetime": _madrid(at)} for at, v in rows]
    return {"type": kind, "id": number, "groupId": "1", "attributes": {"values": values}}


def _esios(call: Call) -> Answer:
    if call.headers.get("x-api-key") != call.key:
        return 403, b"HTTP Token: Access denied."
    place = int(call.query["geo_ids[]"])
    more = 0 if call.path.endswith("/600") else 100
    values = [
        {
            "value": price_at(at) + more,
            "datetime": _madrid(at),
            "datetime_utc": _z(at, "%Y-%m-%dT%H:%M:%SZ"),
            "geo_id": where,
            "geo_name": name,
        }
        for at, _ in call.slots(_at(call.query["start_date"]), _at(call.query["end_date"]), _HOUR)
        for where, name in ((place, "España"), (2, "Francia"))
    ]
    kind = "Potencia" if call.fault == "unit" else "Precio"
    indicator = {"id": int(call.path.rpartition("/")[2]), "magnitud": [{"name": kind, "id": 23}]}
    return _json({"indicator": {**indicator, "values": values}})


def _energy_charts(call: Call) -> Answer:
    if call.path == "/price":
        start, end = (datetime.fromtimestamp(int(call.query[n]), UTC) for n in ("start", "end"))
        rows = list(call.slots(start, end, _HOUR))
        unit = "EUR / kWh" if call.fault == "unit" else "EUR / MWh"
        prices = [price_at(at) for at, _ in rows]
        about = {"license_info": "CC BY 4.0", "unit": unit, "deprecated": False}
        return _json(
            {**about, "unix_seconds": [int(a.timestamp()) for a, _ in rows], "price": prices}
        )
    day = call.now.replace(hour=0, minute=0)
    rows = list(call.slots(day, day + 48 * _HOUR, timedelta(minutes=15)))
    share = "ren" if call.fault == "unit" else "ren_share"
    shares = {share: [round(125 * share_at(at), 1) for at, _ in rows], "solar_share": []}
    seconds = [int(at.timestamp()) for at, _ in rows]
    return _json({"unix_seconds": seconds, **shares, "substitute": False, "deprecated": False})


def _wattnet(call: Call) -> Answer:
    if call.path == "/v1/token-request/get_token":
        if call.body.get("password") != call.key:
            return _REFUSED
        token = {"access_token": f"t-{call.key}", "expires_at": _z(call.now + 24 * _HOUR)}
        return _json(token)
    if call.headers.get("authorization") != f"Bearer t-{call.key}":
        return _REFUSED
    start, end = _at(call.query["start"]), _at(call.query["end"])
    rows = [
        (at, [_z(at, "%Y-%m-%dT%H:%M:%SZ"), value])
        for at, value in call.slots(start, end, timedelta(minutes=15))
    ]
    final = [row for at, row in rows if at <= call.now]
    later = [row for at, row in rows if at > call.now]
    series = [
        {"valid": True, "zone_status": "complete", "values": final},
        {"valid": False, "zone_status": "missing", "values": later},
    ]
    unit = "kgCO2/kWh" if call.fault == "unit" else "gCO2/kWh"
    about = {"footprint_type": "carbon", "scope": "life-cycle", "zone": call.query["zone"]}
    return _json([{**about, "unit": unit, "coverage": "global", "series": series}])


def _carbon_aware_sdk(call: Call) -> Answer:
    place = call.query["location"]
    step = timedelta(minutes=5)
    form = "%Y-%m-%dT%H:%M:%S+00:00"
    if call.path == "/emissions/bylocation":
        slots = call.slots(_at(call.query["time"]), _at(call.query["toTime"]), step)
        rating = "value" if call.fault == "unit" else "rating"
        return _json(
            [
                {"location": place, "time": _z(at, form), rating: v, "duration": "00:05:00"}
                for at, v in slots
            ]
        )
    start, end = _at(call.query["dataStartAt"]), _at(call.query["dataEndAt"])
    value = "rating" if call.fault == "unit" else "value"
    rows = [
        {"location": place, "timestamp": _z(at, form), "duration": 5, value: v}
        for at, v in call.slots(max(start, call.now), end, step)
    ]
    answer = {
        "requestedAt": _z(call.now, form),
        "generatedAt": _z(call.now, form),
        "location": place,
        "dataStartAt": _z(start, form),
        "dataEndAt": _z(end, form),
        "windowSize": 5,
        "optimalDataPoints": rows[:1],
        "forecastData": rows,
    }
    return _json([answer])


_TYPES = (
    "<mRID>{number}</mRID><businessType>A01</businessType>"
    "<{side}BiddingZone_Domain.mRID>{area}</{side}BiddingZone_Domain.mRID>"
    "<quantity_Measure_Unit.name>{unit}</quantity_Measure_Unit.name><curveType>A03</curveType>"
    "<MktPSRType><psrType>{kind}</psrType></MktPSRType>"
)
_MONEY = (
    "<mRID>1</mRID><currency_Unit.name>EUR</currency_Unit.name>"
    "<price_Measure_Unit.name>{unit}</price_Measure_Unit.name><curveType>A03</curveType>"
)
_LOAD = (
    "<mRID>1</mRID><quantity_Measure_Unit.name>{unit}</quantity_Measure_Unit.name>"
    "<curveType>A01</curveType>"
)


def _entsoe(call: Call) -> Answer:
    if call.query.get("securityToken") != call.key:
        return 401, b"<Acknowledgement_MarketDocument/>"
    start, end = (_stamp(call.query[name]) for name in ("periodStart", "periodEnd"))
    asked = call.query["documentType"]
    area = call.query.get("in_Domain") or call.query["outBiddingZone_Domain"]
    unit = "KWH" if call.fault == "unit" else "MWH" if asked == "A44" else "MAW"
    if asked == "A44":
        values = [(at, price_at(at)) for at, _ in call.slots(start, end, _HOUR)]
        series = _MONEY.format(unit=unit) + _period(start, end, "PT60M", "price.amount", values)
        return _document("Publication", [series])
    types: dict[str, dict[str, Callable[[datetime], float]]] = {
        "A75": {
            "B04": lambda at: intensity_at(at) * 100,
            "B14": lambda _: 6000.0,
            "B19": lambda at: 40000 - intensity_at(at) * 100 - 6000,
            "B10": lambda _: 1500.0,
        },
        "A69": {"B16": lambda at: 10000 * share_at(at), "B19": lambda at: 5000 * share_at(at)},
        "A65": {"": lambda _: 30000.0},
    }
    parts: list[str] = []
    for number, (kind, power) in enumerate(types[asked].items(), 1):
        head = _TYPES if kind else _LOAD
        told = head.format(number=number, side="in", area=area, unit=unit, kind=kind)
        hours = call.slots(start, end, _HOUR) if kind != "B04" else _whole(start, end)
        values = [(at, power(at)) for at, _ in hours]
        parts.append(told + _period(start, end, "PT60M", "quantity", values))
    if asked == "A75":  # storage that takes energy in is told as consumption
        told = _TYPES.format(number=9, side="out", area=area, unit=unit, kind="B10")
        values = [(start, 800.0)]
        parts.append(told + _period(start, end, "PT15M", "quantity", values))
    return _document("GL", parts)


def _whole(start: datetime, end: datetime) -> Iterator[tuple[datetime, float]]:
    at = start
    while at < end:
        yield at, intensity_at(at)
        at += _HOUR


def _stamp(text: str) -> datetime:
    return datetime.strptime(text, "%Y%m%d%H%M").replace(tzinfo=UTC)


def _period(
    start: datetime,
    end: datetime,
    resolution: str,
    name: str,
    values: list[tuple[datetime, float]],
) -> str:
    step = _HOUR if resolution == "PT60M" else timedelta(minutes=15)
    points = "".join(
        f"<Point><position>{(at - start) // step + 1}</position>"
        f"<{name}>{value:.4f}</{name}></Point>"
        for at, value in values
    )
    form = "%Y-%m-%dT%H:%MZ"
    times = f"<start>{_z(start, form)}</start><end>{_z(end, form)}</end>"
    about = f"<timeInterval>{times}</timeInterval><resolution>{resolution}</resolution>"
    return f"<Period>{about}{points}</Period>"


def _document(kind: str, series: list[str]) -> Answer:
    name = "urn:iec62325.351:tc57wg16:451-6:generationloaddocument:3:0"
    body = "".join(f"<TimeSeries>{one}</TimeSeries>" for one in series)
    return 200, f'<{kind}_MarketDocument xmlns="{name}">{body}</{kind}_MarketDocument>'.encode()


FORMS: dict[str, Callable[[Call], Answer]] = {
    "electricity-maps": _electricity_maps,
    "watttime": _watttime,
    "carbon-intensity-gb": _carbon_intensity_gb,
    "redata": _redata,
    "esios": _esios,
    "entsoe": _entsoe,
    "energy-charts": _energy_charts,
    "wattnet": _wattnet,
    "carbon-aware-sdk": _carbon_aware_sdk,
}
"""What each provider answers."""

"""Devices behind a wire, simulated: servers on this machine's loopback that answer as documented.

Each form of answer was made from its publisher's documentation, not recorded from a device:

- ``redfish-power``: DMTF DSP2046, Power 1.x, and DSP2043's mockup ``public-rackmount1``
- ``redfish-metrics``: DMTF DSP2046, EnvironmentMetrics 1.3, found through a chassis
- ``redfish-sensor``: DMTF DSP2046, Sensor 1.x
- ``shelly``: shelly-api-docs.shelly.cloud, Gen2, Switch.GetStatus
- ``netio``: wiki.netio-products.com, JSON API 2.x
- ``gude``: HTTP interface of Expert Power Control, ``status.json``

All were read in November 2026.
"""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Self

    from brizna.testing._clock import FakeClock

_J_PER_WH, _J_PER_KWH = 3600, 3_600_000
_METRICS = "/redfish/v1/Chassis/1U/EnvironmentMetrics"


class FakeWire:
    """One device on the loopback; starts with its ``with`` and ends with it.

    Attributes:
        url: Its address, without a path.
        power_w: What it says it measures; None to say nothing.
        counted_j: Where its energy counter stands; it follows the clock if there is one.
        fault: What goes wrong with each answer: ``slow`` (none comes), ``drip`` (a byte now and
            then), ``cut`` (half of it), ``garbage`` (no JSON), ``list`` (JSON, but no object), the
            number of an HTTP status; None if nothing does.
        unit: The unit that a sensor names.
        asked: The paths that it was asked for.
    """

    def __init__(
        self,
        form: str,
        *,
        power_w: float | None = 200.0,
        clock: FakeClock | None = None,
        login: str | None = None,
        certificate: str | None = None,
    ) -> None:
        """Choose what it answers.

        Args:
            form: One of the forms at the head of this module.
            power_w: As the attribute.
            clock: What moves its energy counter.
            login: The ``Authorization`` that it wants; None for none.
            certificate: A PEM file with certificate and key, to speak TLS; None not to.
        """
        self.power_w = power_w
        self.counted_j = 123_456_789.0
        self.fault: str | int | None = None
        self.unit = "W"
        self.asked: list[str] = []
        self._pages = _FORMS[form]
        self._login = login
        self._ending = Event()
        if clock is not None:
            clock.watch(self._move)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        scheme = "http" if certificate is None else "https"
        if certificate is not None:
            import ssl

            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url = f"{scheme}://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._server.shutdown()
        self._server.server_close()

    def _move(self, passed_us: int) -> None:
        self.counted_j += (self.power_w or 0.0) * passed_us * 1e-6

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        device = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1

            def do_GET(self) -> None:
                device.answer(self)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
                """Say nothing."""

        return Handler

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """Answer one request."""
        from json import dumps

        self.asked.append(request.path)
        page = self._pages(self).get(request.path.rstrip("/"))
        status = 200 if page is not None else 404
        if self._login is not None and request.headers.get("Authorization") != self._login:
            status = 401
        if isinstance(self.fault, int):
            status = self.fault
        body = dumps(page if status == 200 else {"error": {"code": "Base.1.8"}}).encode()
        if self.fault == "slow":
            self._ending.wait(5)
            return
        bodies = {"garbage": b"<html>busy</html>", "list": b"[]"}
        body = bodies.get(str(self.fault), body)
        request.send_response(status)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        if self.fault == "drip":
            self._drip(request, body)
            return
        request.wfile.write(body[: len(body) // 2] if self.fault == "cut" else body)
        request.close_connection = self.fault == "cut"

    def _drip(self, request: BaseHTTPRequestHandler, body: bytes) -> None:
        from contextlib import suppress

        with suppress(OSError):  # whoever asked has given up
            for place in range(len(body)):
                request.wfile.write(body[place : place + 1])
                request.wfile.flush()
                if self._ending.wait(0.02):
                    return


def _redfish_power(device: FakeWire) -> dict[str, Any]:
    return {
        "/redfish/v1/Chassis/1U/Power": {
            "@odata.type": "#Power.v1_7_1.Power",
            "Id": "Power",
            "PowerControl": [
                {
                    "MemberId": "0",
                    "Name": "System Input Power",
                    "PowerConsumedWatts": device.power_w,
                    "PowerCapacityWatts": 800,
                    "PowerMetrics": {"IntervalInMin": 30, "AverageConsumedWatts": 319},
                },
                {"MemberId": "1", "Name": "Memory", "PowerConsumedWatts": 20},
            ],
        }
    }


def _redfish_metrics(device: FakeWire) -> dict[str, Any]:
    chassis = "/redfish/v1/Chassis/1U"
    return {
        "/redfish/v1/Chassis": {"Members": [{"@odata.id": chassis}]},
        chassis: {
            "Id": "1U",
            "Power": {"@odata.id": f"{chassis}/Power"},
            "EnvironmentMetrics": {"@odata.id": _METRICS},
        },
        f"{chassis}/PowerSubsystem": {"Id": "PowerSubsystem", "CapacityWatts": 800},
        _METRICS: {
            "@odata.type": "#EnvironmentMetrics.v1_3_0.EnvironmentMetrics",
            "PowerWatts": {"Reading": device.power_w},
            "EnergykWh": {"Reading": round(device.counted_j / _J_PER_KWH, 6)},
        },
    }


def _redfish_sensor(device: FakeWire) -> dict[str, Any]:
    return {
        "/redfish/v1/Chassis/1U/Sensors/TotalPower": {
            "@odata.type": "#Sensor.v1_8_0.Sensor",
            "Reading": device.power_w,
            "ReadingType": "Power",
            "ReadingUnits": device.unit,
        }
    }


def _shelly(device: FakeWire) -> dict[str, Any]:
    return {
        "/rpc/Switch.GetStatus?id=0": {
            "id": 0,
            "source": "init",
            "output": True,
            "apower": device.power_w,
            "voltage": 230.4,
            "aenergy": {"total": round(device.counted_j / _J_PER_WH, 3), "by_minute": [0.0]},
        }
    }


def _netio(device: FakeWire) -> dict[str, Any]:
    halves = None if device.power_w is None else device.power_w / 2
    energy_wh = int(device.counted_j / _J_PER_WH)
    return {
        "/netio.json": {
            "Agent": {"Model": "PowerPDU 4C", "JSONVer": "2.1", "NumOutputs": 2},
            "GlobalMeasure": {"Voltage": 230.4, "TotalLoad": device.power_w},
            "Outputs": [
                {"ID": number, "Name": f"psu {number}", "State": 1, "Load": halves,
                 "Energy": energy_wh}
                for number in (1, 2)
            ],
        }
    }  # fmt: skip


def _gude(device: FakeWire) -> dict[str, Any]:
    units = ("kWh", "V", "A", "W", "VAR", "VA")
    row = [{"v": value} for value in (1.0, 230.0, 1.0, device.power_w, 3.0, 210.0)]
    fields = [
        {"name": f"field {place}", "unit": device.unit if unit == "W" else unit}
        for place, unit in enumerate(units)
    ]
    return {
        "/status.json?components=81920": {
            "sensor_descr": [
                {"type": 9, "num": 1, "properties": [{"id": "L1"}], "fields": fields},
                {"type": 51, "num": 1, "fields": [{"name": "Temperature", "unit": "deg C"}]},
            ],
            "sensor_values": [
                {"type": 9, "num": 1, "values": [row]},
                {"type": 51, "num": 1, "values": [[{"v": 23.5}]]},
            ],
        }
    }


_FORMS: dict[str, Callable[[FakeWire], dict[str, Any]]] = {
    "redfish-power": _redfish_power,
    "redfish-metrics": _redfish_metrics,
    "redfish-sensor": _redfish_sensor,
    "shelly": _shelly,
    "netio": _netio,
    "gude": _gude,
}


class FakeIpmi:
    """The kernel's IPMI device with a management controller behind it, as ``linux/ipmi.h`` has it.

    Made from the header and from DCMI 1.5, section 6.6.1, not recorded. Stands in for the calls of
    the system that `brizna.meter` makes.

    Attributes:
        power_w: What the controller says; whole watts.
        code: Its completion code; 0 is success.
        is_measuring: Whether it says that power is being measured.
        late: How many replies to earlier questions come before the right one.
        is_mute: Whether it never replies.
    """

    def __init__(self, *, power_w: int = 300) -> None:
        """Start with a controller that measures."""
        self.power_w = power_w
        self.code = 0
        self.is_measuring = True
        self.late = 0
        self.is_mute = False
        self.is_open = False
        self._replies: list[tuple[int, bytes]] = []

    def open(self, path: str) -> int:
        """Open the device."""
        if path != "/dev/ipmi0":
            raise FileNotFoundError(2, "No such file or directory")
        self.is_open = True
        return 7

    def ioctl(self, file: int, request: int, argument: Any) -> None:
        """Take a command, or give a reply, through the addresses in the request's structure."""
        import ctypes

        assert file == 7 and self.is_open, "only the open device is asked"  # noqa: PT018 - see `open`
        message = argument.msg
        if request == 0x8028690D:
            sent = ctypes.string_at(message.data, message.data_len)
            known = (message.netfn, message.cmd, sent) == (0x2C, 0x02, b"\xdc\x01\x00\x00")
            number = argument.msgid
            self._replies = [(number - 1, b"\x00")] * self.late
            self._replies.append((number, self._reply() if known else b"\xc1"))
            return
        assert request == 0xC030690B, "no other request is known"
        number, data = self._replies.pop(0)
        ctypes.memmove(message.data, data, len(data))
        argument.msgid, argument.msg.data_len = number, len(data)

    def wait(self, file: int, timeout_s: float) -> bool:
        """Return whether a reply is there; no time passes."""
        del file, timeout_s
        return bool(self._replies) and not self.is_mute

    def close(self, file: int) -> None:
        """Close the device."""
        del file
        self.is_open = False

    def _reply(self) -> bytes:
        if self.code:
            return bytes((self.code,))
        power = self.power_w.to_bytes(2, "little")
        state = bytes((0x40 if self.is_measuring else 0,))
        return b"\x00\xdc" + power * 4 + bytes(8) + state

"""Providers of grid signals, simulated: loopback servers that answer as documented.

`brizna.testing._grid_answers` names the page behind each form, and when it was read.
"""

from __future__ import annotations

from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

from brizna.testing._grid_answers import FORMS, Call

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Self

NOW = datetime(2026, 10, 24, 12, 7, tzinfo=UTC)
"""What a provider takes for the present: the day before clocks go back in Europe."""


class FakeProvider:
    """One provider on the loopback; starts with its ``with`` and ends with it.

    Its intensity follows the clock of the day, see `brizna.testing._grid_answers.intensity_at`.

    Attributes:
        url: Its address, without a path.
        key: The key, token or password that it wants.
        now: What it takes for the present.
        fault: What goes wrong with each answer: the number of an HTTP status; ``cut`` (half of
            it), ``truncated`` (half of the text, whole for the connection), ``garbage``, ``empty``
            (an empty object), ``slow`` (none comes), ``unit`` (another one), ``hole`` (a slot is
            missing); None if nothing does.
        faults: How many answers the fault spoils before it is over; None for all.
        retry_after: What it says with 429 or 503; None for nothing.
        etag: What it calls its answers; None for nothing. It then says 304 to who knows it.
        asked: The paths that it was asked for, with their query.
    """

    def __init__(self, form: str, *, key: str = "s3cret-k3y", now: datetime = NOW) -> None:
        """Choose whom it plays.

        Args:
            form: The name of a source, such as ``electricity-maps``.
            key: As the attribute.
            now: As the attribute.
        """
        self.key = key
        self.now = now
        self.fault: str | int | None = None
        self.faults: int | None = None
        self.retry_after: str | None = None
        self.etag: str | None = None
        self.asked: list[str] = []
        self._form = FORMS[form]
        self._ending = Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        provider = self

        class Handler(BaseHTTPRequestHandler):
            wbufsize = -1

            def do_GET(self) -> None:
                provider.answer(self)

            def do_POST(self) -> None:
                provider.answer(self)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
                """Say nothing."""

        return Handler

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """Answer one question."""
        self.asked.append(request.path)
        fault = self._next_fault()
        if fault == "slow":
            self._ending.wait(5)
            return
        if fault is None and self.etag and request.headers.get("If-None-Match") == self.etag:
            self._send(request, 304, b"")
            return
        length = int(request.headers.get("Content-Length") or 0)
        call = Call(request.path, dict(request.headers.items()), request.rfile.read(length))
        call.now, call.key, call.fault = self.now, self.key, fault
        status, body = (fault, b"{}") if isinstance(fault, int) else self._form(call)
        bodies = {"garbage": b"<html>busy</html>", "empty": b"{}"}
        body = bodies.get(str(fault), body)
        if fault == "truncated":
            body = body[: len(body) // 2]
        self._send(request, status, body, cut=fault == "cut")

    def _send(
        self, request: BaseHTTPRequestHandler, status: int, body: bytes, *, cut: bool = False
    ) -> None:
        request.send_response(status)
        request.send_header("Content-Length", str(len(body)))
        if self.retry_after is not None and status in (429, 503):
            request.send_header("Retry-After", self.retry_after)
        if self.etag is not None:
            request.send_header("ETag", self.etag)
        request.end_headers()
        request.wfile.write(body[: len(body) // 2] if cut else body)
        request.close_connection = True

    def _next_fault(self) -> str | int | None:
        if self.faults is not None:
            self.faults -= 1
            if self.faults < 0:
                return None
        return self.fault

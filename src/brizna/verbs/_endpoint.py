"""Metrics where Prometheus looks for them: at an address, or in a text file."""

from __future__ import annotations

import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from threading import Lock

from brizna.core.errors import BriznaError, InputError, UnavailableError
from brizna.report._prometheus import CONTENT_TYPE, exposition, read_counters
from brizna.store import replace_file
from brizna.verbs._metrics import LAST, StoreMetrics

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from brizna.store import Store

_FRESH_S = 1.0
"""Whoever asks again within this time gets the same answer, so that nobody makes us look on."""
PATH = "/metrics"


def metrics_text(store: Store, *, last: int = LAST, lang: str = "en") -> bytes:
    """Return the runs of a store as Prometheus reads them.

    Args:
        store: Where they are.
        last: How many runs that have ended are told.
        lang: Language of the help.
    """
    return exposition(StoreMetrics(store, last=last).look(), lang=lang)


class TextFile:
    """A file for the textfile collector of node_exporter: replaced whole, never half written.

    Its counters do not fall below what the file said before, so that a program that runs once a
    minute can write it.
    """

    def __init__(self, path: str, store: Store, *, last: int = LAST, lang: str = "en") -> None:
        """Read what the file says now, if it is there.

        Args:
            path: Where to write; the collector reads only names that end with ``.prom``.
            store: Where the runs are.
            last: How many runs that have ended are told.
            lang: Language of the help.
        """
        self._path = path
        self._lang = lang
        self._metrics = StoreMetrics(store, last=last, seen=_counters_in(path))

    def write(self) -> None:
        """Write what is known now.

        Raises:
            UnavailableError: If the file or the store cannot be used.
        """
        text = exposition(self._metrics.look(), lang=self._lang)
        try:
            replace_file(self._path, text)
        except OSError as error:
            raise UnavailableError(
                "{path!r} could not be written ({reason}): name another file with --textfile.",
                path=self._path,
                reason=error.strerror,
            ) from error


def _counters_in(path: str) -> dict[str, float]:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return read_counters(file.read())
    except OSError:  # not there yet; if it cannot be written either, `write` says so
        return {}


def open_endpoint(
    address: str, store: Store, *, last: int = LAST, lang: str = "en"
) -> ThreadingHTTPServer:
    """Return a server that answers ``/metrics``; it listens already, ``serve_forever`` answers.

    Args:
        address: ``HOST:PORT``, such as ``127.0.0.1:9750``; port 0 takes a free one.
        store: Where the runs are.
        last: How many runs that have ended are told.
        lang: Language of the help.

    Raises:
        InputError: If the address is none.
        UnavailableError: If it cannot be had.
    """
    host, port = read_address(address)
    told = _Told(StoreMetrics(store, last=last).look, lang)

    class Handler(_Handler):
        tell = staticmethod(told.text)

    try:
        return _Server((host, port), Handler)
    except OSError as error:
        raise UnavailableError(
            "Nothing can listen at {address} ({reason}): name another address with --listen.",
            address=address,
            reason=error.strerror or error,
        ) from error


def read_address(text: str) -> tuple[str, int]:
    """Return the host and the port of an address.

    Raises:
        InputError: If it is none.
    """
    host, _, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise InputError(
            "--listen is {text!r}, but a host and a port were expected, such as 127.0.0.1:9750.",
            text=text,
        )
    return host, int(port)


class _Told:
    """The text of the last look, for whoever asks at about the same time."""

    def __init__(self, look: Callable[[], Any], lang: str) -> None:
        self._look = look
        self._lang = lang
        self._lock = Lock()
        self._text = b""
        self._until_s = 0.0

    def text(self) -> bytes:
        with self._lock:
            if time.monotonic() >= self._until_s:
                self._text = exposition(self._look(), lang=self._lang)
                self._until_s = time.monotonic() + _FRESH_S
            return self._text


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        if ":" in address[0]:
            from socket import AF_INET6

            self.address_family = AF_INET6
        super().__init__(address, handler)

    def server_bind(self) -> None:
        """Bind, and ask nobody for the name of this host, as http.server would."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]


class _Handler(BaseHTTPRequestHandler):
    tell: Callable[[], bytes]
    timeout = 10
    server_version, sys_version = "brizna", ""

    def do_GET(self) -> None:
        if self.path.partition("?")[0] != PATH:
            self._answer(404, f"See {PATH}\n".encode(), "text/plain; charset=utf-8")
            return
        try:
            text = self.tell()
        except BriznaError as error:
            self._answer(503, f"{error}\n".encode(), "text/plain; charset=utf-8")
            return
        self._answer(200, text, CONTENT_TYPE)

    def _answer(self, code: int, body: bytes, kind: str) -> None:
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
        """Say nothing: whoever scrapes does so all day long."""

"""Energy of each request of a web application (ASGI: Starlette, FastAPI, Quart, Django ...).

::

    serving = Serving("chat", zone="ES")
    app.add_middleware(MeasureEnergy, serving=serving, header="X-Energy-J")

What was counted while requests were open is shared by them, what was counted while none was is
idle, and both sum to the run: see `Serving`. A handler says what it did through
``request.scope["brizna"].count(tokens=412)``. Nothing of a request or response is changed but for
the header, and that only if one is asked for; websockets pass untouched and are not counted.
"""

from __future__ import annotations

from asyncio import CancelledError

from brizna.integrations._serving import Request, Serving, Shares
from brizna.integrations._usage import MOST_BYTES, Usage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping
    from typing import Any

    Message = MutableMapping[str, Any]
    Send = Callable[[Message], Awaitable[None]]
    Receive = Callable[[], Awaitable[Message]]
    App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

__all__ = ["HEADER", "MeasureEnergy", "MeasureModels", "Request", "Serving", "Shares"]

HEADER = "X-Energy-J"
"""The header's usual name: joules, with their interval, basis and whose they are."""
_RECENT_S = 60.0


class MeasureEnergy:
    """ASGI middleware: measures each request while the application serves it."""

    def __init__(
        self, app: App, *, serving: Serving | None = None, header: str | None = None
    ) -> None:
        """Wrap an application.

        The run begins with the application's start, or its first request where the server tells
        nothing of that, and ends with the application.

        Args:
            app: The application.
            serving: What to measure with; a new `Serving` if None.
            header: Name of a response header that tells the energy, `HEADER` for one; None for
                none. A response sent in one piece has its own request's energy until then, where
                the meters can tell it; else it has the mean of the last minute, if there is one.
        """
        self.app = app
        self.serving = serving or Serving()
        self._header = None if header is None else header.lower().encode("latin-1")

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "lifespan":
            await self._live(scope, receive, send)
        elif scope["type"] != "http":
            await self.app(scope, receive, send)
        else:
            with self.serving.request() as request:
                scope["brizna"] = request
                await self.app(scope, receive, self._listening(request, send))

    def _listening(self, request: Request, send: Send) -> Send:
        """Return what sends a request's response."""
        header = self._header
        return send if header is None else _Told(self.serving, request, header, send)

    async def _live(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        self.serving.start()
        try:
            await self.app(scope, receive, send)
        except CancelledError:
            self.serving.close()
            raise
        self.serving.close()  # not where it raised: it knows no lifespan, and serves all the same


class MeasureModels(MeasureEnergy):
    """The same for a server of language models that speaks the OpenAI interface, such as vLLM.

    ``vllm serve MODEL --middleware brizna.integrations.asgi.MeasureModels``. The header is on, and
    the tokens that answers tell are counted. Only what is posted counts as a request: health checks
    and the like pass untouched.
    """

    def __init__(
        self, app: App, *, serving: Serving | None = None, header: str | None = HEADER
    ) -> None:
        """Wrap an application; see `MeasureEnergy`. The run is called ``models``."""
        super().__init__(app, serving=serving or Serving("models"), header=header)

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "http" and scope["method"] != "POST":
            await self.app(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)

    def _listening(self, request: Request, send: Send) -> Send:
        return _Reading(request, super()._listening(request, send))


class _Reading:
    """Sends a response, and counts the tokens that it tells."""

    def __init__(self, request: Request, send: Send) -> None:
        self._request, self._send = request, send
        self._pieces: list[bytes] = []
        self._room = MOST_BYTES

    async def __call__(self, message: Message) -> None:
        """Send a message on."""
        if message["type"] == "http.response.body":
            piece: bytes = message.get("body", b"")
            self._room -= len(piece)
            if self._room >= 0:
                self._pieces.append(piece)
            is_whole = self._room >= 0 and not message.get("more_body")
            if is_whole and (counts := Usage(b"".join(self._pieces)).counts()):
                self._request.count(**counts)
        await self._send(message)


class _Told:
    """Sends a response with a header that tells its energy."""

    def __init__(self, serving: Serving, request: Request, header: bytes, send: Send) -> None:
        self._serving, self._request = serving, request
        self._header, self._send = header, send
        self._start: Message | None = None

    async def __call__(self, message: Message) -> None:
        """Hold the head back until it is known whether the response is more than one piece."""
        if message["type"] == "http.response.start":
            self._start = message
            return
        if self._start is not None:
            start, self._start = self._start, None
            is_whole = message["type"] == "http.response.body" and not message.get("more_body")
            value = self._value(is_whole=is_whole)
            if value is not None:
                headers = [*start.get("headers", ()), (self._header, value.encode("ascii"))]
                start = {**start, "headers": headers}
            await self._send(start)
        await self._send(message)

    def _value(self, *, is_whole: bool) -> str | None:
        energy, whose = (self._serving.look(self._request), "request") if is_whole else (None, "")
        if energy is None:
            energy, whose = self._serving.mean(seconds=_RECENT_S), "mean"
        if energy is None:
            return None
        return (
            f"{energy.best.value:.4g};low={energy.low.value:.4g};high={energy.high.value:.4g}"
            f";basis={energy.basis};of={whose}"
        )

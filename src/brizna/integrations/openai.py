"""Energy of each call to a language model behind an OpenAI-compatible interface.

::

    calls = Calls()
    client = calls.watch(OpenAI())
    client.chat.completions.create(model="Qwen/Qwen3-32B", messages=messages)
    print(calls.last.tokens_out, calls.last.energy)

Tokens are those that the answer's ``usage`` tells. The energy is metered where the server is one's
own: as the server's header says it (`brizna.integrations.asgi`), or from this machine's meters
(``serving``). Of any other server it is estimated from the model and its tokens, with an interval
as wide as what is not known; of a model whose size nobody has said there is none, unless it is
given. Requests and answers pass as they are, streams too.
"""

from __future__ import annotations

from collections import deque
from time import monotonic

from brizna.account import estimate_inference
from brizna.core.errors import InputError, Said
from brizna.core.estimate import BASES, Estimate, total
from brizna.core.quantities import Energy
from brizna.integrations._library import check_version, missing
from brizna.integrations._serving import Request, Serving
from brizna.integrations._usage import MOST_BYTES, Usage, read_json, text_of
from brizna.integrations.asgi import HEADER

try:
    import httpx2
    import openai
    from openai import AsyncOpenAI, OpenAI
except ImportError as error:
    raise missing("openai", error, install="openai>=3") from error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping
    from typing import Any, TypeVar

    Client = TypeVar("Client", OpenAI, AsyncOpenAI)

check_version("openai", openai.__version__, least="3.0")

__all__ = ["Call", "Calls", "Serving"]

_NO_USAGE = Said(
    "the answer told no usage: a stream of chat does if stream_options asks to include_usage"
)


class Call:
    """One call.

    Attributes:
        model: As the answer names it, else as the request did; None if neither did.
        tokens_in: Of the prompt; None if the answer told no usage.
        tokens_out: Of the answer, reasoning included; 0 where there is none, such as embeddings.
        method: Where the energy comes from: ``server`` (its header), ``machine`` (the meters here),
            ``server-mean`` (its header, of recent requests: this one streamed or was too short) or
            ``estimate``; None where there is none.
        duration_s: From the request to the end of the answer.
    """

    def __init__(self, log: Calls, asked: bytes, url: httpx2.URL) -> None:
        self._log = log
        self._host = url.host
        self._began_s = monotonic()
        self._request: Request | None = log.opened()
        self._told: tuple[Estimate, str] | None = None
        self.model: str | None = text_of(read_json(asked), "model")
        self.tokens_in: int | None = None
        self.tokens_out: int | None = None
        self.duration_s: float | None = None

    def end(self, answer: bytes | None, headers: Mapping[str, str]) -> None:
        """Take in the whole answer; None if it failed, or was too long to keep."""
        if self.duration_s is not None:
            return
        self.duration_s = monotonic() - self._began_s
        usage = Usage(answer or b"")
        self.model = usage.model or self.model
        self.tokens_in, self.tokens_out = usage.tokens_in, usage.tokens_out
        self._told = _told_by(headers.get(HEADER), self._host)
        if self._request is not None:
            if counts := usage.counts():
                self._request.count(**counts)
            self._request.__exit__()

    @property
    def energy(self) -> Estimate | None:
        """What the call took; None with a `reason`."""
        return self._find()[0]

    @property
    def method(self) -> str | None:
        """Where the energy comes from."""
        return self._find()[1]

    @property
    def reason(self) -> str | None:
        """Why there is no energy; None if there is."""
        if self.energy is not None:
            return None
        if self.tokens_out is None:
            return str(_NO_USAGE)
        text = Said(
            "the size of {model!r} is not known and its server tells no energy: give it in 1e9 "
            "parameters, by that name, to Calls as params_b",
            model=self.model,
        )
        return str(text)

    @property
    def energy_per_token(self) -> Estimate | None:
        """The energy divided by the tokens of the answer."""
        energy = self.energy
        return None if energy is None or not self.tokens_out else energy.scaled(1 / self.tokens_out)

    def _find(self) -> tuple[Estimate | None, str | None]:
        if self._told is not None and self._told[1] == "server":
            return self._told
        metered = None if self._request is None else self._request.energy
        if metered is not None:
            return metered, "machine"
        if self._told is not None:
            return self._told
        if self.tokens_in is None or self.tokens_out is None or self.model is None:
            return None, None
        found = estimate_inference(
            self.model,
            tokens_in=self.tokens_in,
            tokens_out=self.tokens_out,
            params_b=self._log.params_b.get(self.model),
        )
        return found, None if found is None else "estimate"


class Calls:
    """The calls of one or more clients.

    Attributes:
        all: The calls that ended, oldest first; the last ``most`` of them.
        params_b: The parameters of models whose size the tables do not have, in 1e9, by name.
    """

    def __init__(
        self,
        *,
        params_b: Mapping[str, float] | None = None,
        serving: Serving | None = None,
        most: int = 10_000,
    ) -> None:
        """Keep what was asked for.

        Args:
            params_b: As the attribute.
            serving: Where the server runs on this machine: what measures it. Its energy is then
                shared by the calls that are open.
            most: How many calls to keep.
        """
        self.all: deque[Call] = deque(maxlen=most)
        self.params_b = dict(params_b or {})
        self._serving = serving

    def watch(self, client: Client) -> Client:
        """Return a client like this one whose calls are told here; the one given stays as it is.

        It has the library's own settings for HTTP. For others make the client with
        ``http_client=calls.http_client(proxy=...)``, or ``async_http_client``.

        Raises:
            InputError: If it is no client of the library.
        """
        if not hasattr(client, "with_options"):
            raise InputError(
                "A {kind} is no client whose calls can be told: expected an OpenAI or an "
                "AsyncOpenAI. Give what openai.OpenAI() returns.",
                kind=type(client).__name__,
            )
        if isinstance(client, AsyncOpenAI):
            return client.with_options(http_client=self.async_http_client())
        return client.with_options(http_client=self.http_client())

    def http_client(self, **options: Any) -> httpx2.Client:
        """Return what carries the requests of an ``OpenAI`` client, and tells its calls here."""
        return _Carrier(self, options)

    def async_http_client(self, **options: Any) -> httpx2.AsyncClient:
        """Return what carries the requests of an ``AsyncOpenAI`` client."""
        return _AsyncCarrier(self, options)

    @property
    def last(self) -> Call:
        """The call that ended last.

        Raises:
            InputError: If none has.
        """
        if not self.all:
            raise InputError("No call has ended yet. Use the client that watch() returned.")
        return self.all[-1]

    @property
    def energy(self) -> Estimate | None:
        """The energy of all calls that have one, together; None if none has."""
        known = [energy for call in self.all if (energy := call.energy) is not None]
        return total(known) if known else None

    @property
    def unknown(self) -> int:
        """How many calls have no energy, and so are not in the sum."""
        return sum(call.energy is None for call in self.all)

    def opened(self) -> Request | None:
        """Open a request on this machine's meters, if its server is here."""
        return None if self._serving is None else self._serving.request().__enter__()

    def take(self, call: Call, response: httpx2.Response, answer: bytes | None) -> None:
        """Take in a call that ended; one that failed, or asked no model, is not kept."""
        call.end(answer, response.headers)
        if response.is_success and call.model is not None:
            self.all.append(call)


class _Carrier(openai.DefaultHttpxClient):
    """Sends requests as the library would, and tells each call."""

    def __init__(self, log: Calls, options: Mapping[str, Any]) -> None:
        super().__init__(**options)
        self._log = log

    def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
        call = Call(self._log, _sent(request), request.url)
        try:
            response = super().send(request, **options)
        except BaseException:  # whoever called gets it
            call.end(None, {})
            raise
        if response.is_closed:
            self._log.take(call, response, response.content)
        else:
            response.stream = _Tee(self._log, call, response)
        return response


class _AsyncCarrier(openai.DefaultAsyncHttpxClient):
    """Sends requests as the library would, and tells each call."""

    def __init__(self, log: Calls, options: Mapping[str, Any]) -> None:
        super().__init__(**options)
        self._log = log

    async def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
        call = Call(self._log, _sent(request), request.url)
        try:
            response = await super().send(request, **options)
        except BaseException:  # whoever called gets it
            call.end(None, {})
            raise
        if response.is_closed:
            self._log.take(call, response, response.content)
        else:
            response.stream = _AsyncTee(self._log, call, response)
        return response


class _Kept:
    """What came of an answer, as it was sent: its bytes may be compressed."""

    def __init__(self, log: Calls, call: Call, response: httpx2.Response) -> None:
        self._log, self._call, self._response = log, call, response
        self._inner: Any = response.stream
        self._pieces: list[bytes] = []
        self._room = MOST_BYTES

    def keep(self, piece: bytes) -> bytes:
        self._room -= len(piece)
        if self._room >= 0:
            self._pieces.append(piece)
        return piece

    def tell(self) -> None:
        if self._call.duration_s is None:
            whole = None if self._room < 0 else self._decoded()
            self._log.take(self._call, self._response, whole)

    def _decoded(self) -> bytes | None:
        headers, pieces = self._response.headers, b"".join(self._pieces)
        try:
            return httpx2.Response(200, headers=headers, content=pieces).content
        except httpx2.DecodingError:  # left before its end
            return None


class _Tee(_Kept, httpx2.SyncByteStream):
    def __iter__(self) -> Iterator[bytes]:
        for piece in self._inner:
            yield self.keep(piece)

    def close(self) -> None:
        self._inner.close()
        self.tell()


class _AsyncTee(_Kept, httpx2.AsyncByteStream):
    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._inner:
            yield self.keep(piece)

    async def aclose(self) -> None:
        await self._inner.aclose()
        self.tell()


def _sent(request: httpx2.Request) -> bytes:
    try:
        return request.content
    except httpx2.RequestNotRead:  # a file that is streamed names no model
        return b""


def _told_by(header: str | None, host: str) -> tuple[Estimate, str] | None:
    """Return what the server's header says, and whether it is of this request or a mean."""
    best, *rest = (header or "").split(";")
    said: dict[str, str] = {}
    for each in rest:
        name, _, what = each.strip().partition("=")
        said[name] = what
    try:
        low, value, high = float(said["low"]), float(best), float(said["high"])
    except (KeyError, ValueError):
        return None
    if not 0 <= low <= value <= high < float("inf") or said.get("basis") not in BASES:
        return None
    energy = Estimate(
        Energy(value),
        doubts={f"server:{host}": (Energy(low), Energy(high))},
        basis=said["basis"],
        references=[f"server:{host}"],
    )
    return energy, "server" if said.get("of") == "request" else "server-mean"

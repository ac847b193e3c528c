"""Asking a live source: bounded in time and size, tried again where that can help, kept a while.

Keys travel in parts of a question that no message, record, cache or ``repr`` shows, and only
encrypted, or to this machine itself. Redirections are not followed: they could carry a key off.

The standard library does it: sources are asked a few times a day with plain GETs, the base install
can then ask them too, and what a general client would add (pools, HTTP/2, caching by headers that
these services do not send) is of no use here.
"""

from __future__ import annotations

import time
from contextlib import suppress

from brizna.core.errors import BriznaError, CoverageError, InputError, Said, UnavailableError
from brizna.grid._cache import Kept

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from email.message import Message
    from typing import Any, TypeVar

    from brizna.grid._cache import Cache

    T = TypeVar("T")

_MOST_BYTES = 1 << 24
_PAUSES_S = (0.5, 1.5)
"""Before the second and third try."""
_LONGEST_PAUSE_S = 3.0
_OWN = ("localhost", "127.0.0.1", "::1")
_STALE_S = 2 * 86400.0
_REFUSALS = {
    400: Said("it does not understand the question (400)"),
    401: Said("it refuses the key (401)"),
    403: Said("the key does not allow this (403)"),
    404: Said("it has no such zone or page (404)"),
}


class Question:
    """What a source is asked.

    Attributes:
        url: Scheme, host and path.
        query: Parameters that anybody may see; they name the answer in the cache.
        secret: Parameters that nobody may see.
        headers: Headers, among them keys; nobody may see them.
        body: A JSON body to post, which nobody may see; None to get.
        ttl_s: For how many seconds an answer stays good; 0 never to keep it.
    """

    __slots__ = ("body", "headers", "query", "secret", "ttl_s", "url")

    def __init__(
        self,
        url: str,
        query: Mapping[str, str] | None = None,
        *,
        secret: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: Mapping[str, str] | None = None,
        ttl_s: float = 0.0,
    ) -> None:
        self.url = url
        self.query = dict(query or {})
        self.secret = dict(secret or {})
        self.headers = dict(headers or {})
        self.body = body
        self.ttl_s = ttl_s

    @property
    def address(self) -> str:
        """The public part of its address."""
        from urllib.parse import urlencode

        return f"{self.url}?{urlencode(self.query)}" if self.query else self.url

    def __repr__(self) -> str:
        return f"Question({self.address!r})"


class Web:
    """Asks sources, and keeps what they answer.

    Attributes:
        cache: Where answers are kept; None to keep none.
        stale: For each source's name, why an older answer was taken, and of when.
    """

    def __init__(
        self,
        cache: Cache | None = None,
        *,
        now_s: Callable[[], float] = time.time,
        pause: Callable[[float], object] = time.sleep,
        timeout_s: float = 5.0,
    ) -> None:
        """Take what it needs from outside.

        Args:
            cache: As the attribute.
            now_s: Tells the seconds since 1970.
            pause: Lets some seconds pass before it tries again.
            timeout_s: How long one part of an answer may be waited for; a whole one three times.
        """
        self.cache = cache
        self.stale: dict[str, tuple[str, float]] = {}
        self._now_s = now_s
        self._pause = pause
        self._timeout_s = timeout_s

    def ask(self, name: str, question: Question, read: Callable[[bytes], T]) -> T:
        """Return what a source answers, as ``read`` understands it.

        An answer that was kept and is still good is not asked for again; where the source fails,
        one of the last two days stands in, and `stale` says so.

        Args:
            name: The source, for messages.
            question: What to ask.
            read: Makes of the bytes what the caller needs; what it cannot is not kept.

        Raises:
            InputError: If a key would travel open.
            CoverageError: If the source has nothing for this zone or time.
            UnavailableError: If it does not answer, or not as documented.
        """
        _must_be_closed(question)
        kept = self.cache.find(question.address) if self.cache and question.ttl_s else None
        if kept is not None and 0 <= self._now_s() - kept.at_s < question.ttl_s:
            with suppress(UnavailableError):  # damaged or of an older brizna: it is asked for again
                return _understood(name, kept.data, read)
        try:
            fresh = self._fetch(name, question, kept)
            found = _understood(name, fresh.data, read)
        except UnavailableError as error:
            if kept is None or not 0 <= self._now_s() - kept.at_s < _STALE_S:
                raise
            found = _understood(name, kept.data, read)
            self.stale[name] = (str(error), kept.at_s)
            return found
        if self.cache and question.ttl_s:
            self.cache.keep(question.address, fresh)
        return found

    def take_turn(self, name: str, *, most: int, period_s: float) -> None:
        """Count a question towards a source's quota.

        Raises:
            UnavailableError: If that were too many.
        """
        wait_s = (
            self.cache.take_turn(name, self._now_s(), most=most, period_s=period_s)
            if self.cache
            else 0.0
        )
        if wait_s > 0:
            raise UnavailableError(
                "{source} allows {most} questions in {period_s:g} s, and they were asked: the next "
                "may come in {wait_s:.0f} s.",
                source=name,
                most=most,
                period_s=period_s,
                wait_s=wait_s,
            )

    def _fetch(self, name: str, question: Question, kept: Kept | None) -> Kept:
        """Return an answer, tried again where that can help."""
        etag = kept.etag if kept is not None else None
        for pause_s in (*_PAUSES_S, None):
            try:
                status, head, data = _exchange(question, etag, self._timeout_s)
            except OSError as error:
                reason, wait_s = _reason(error, self._timeout_s), pause_s
            else:
                if status == 304 and kept is not None:
                    return kept.replace(at_s=self._now_s())
                if status == 200:
                    return Kept(at_s=self._now_s(), etag=head.get("ETag"), data=data)
                reason, wait_s = _refusal(status), _wait_s(status, head, pause_s)
            if wait_s is None or pause_s is None:
                raise UnavailableError(
                    "{source} gives no answer: {reason}.", source=name, reason=reason
                )
            self._pause(wait_s)
        raise AssertionError("the last try raises or returns")


def json_of(data: bytes) -> Any:
    """Return the value of JSON bytes; NaN and infinities are no JSON.

    Raises:
        ValueError: If they are none.
    """
    from json import loads

    def refuse(name: str) -> Any:
        raise ValueError(name)

    return loads(data, parse_constant=refuse)


def _understood(name: str, data: bytes, read: Callable[[bytes], T]) -> T:
    """Return what ``read`` makes of an answer; what it cannot read is the source's fault."""
    try:
        return read(data)
    except (UnavailableError, CoverageError):
        raise
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        about = error if isinstance(error, BriznaError) else type(error).__name__
    # Raised out here, for what went wrong may hold the answer, and the answer a token.
    raise UnavailableError(
        "{source} does not answer in its documented form ({error}).", source=name, error=about
    )


def _must_be_closed(question: Question) -> None:
    from urllib.parse import urlsplit

    parts = urlsplit(question.url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InputError(
            "{url!r} is not the address of a source: expected one such as http://localhost:8080.",
            url=question.url,
        )
    has_key = bool(question.secret or question.headers or question.body)
    if has_key and parts.scheme != "https" and parts.hostname not in _OWN:
        raise InputError(
            "A key would travel to {host} where others can read it: use https.",
            host=parts.hostname,
        )


def _exchange(question: Question, etag: str | None, timeout_s: float) -> tuple[int, Message, bytes]:
    """Return status, headers and body of one question.

    Raises:
        OSError: If there is no whole answer.
    """
    from http.client import HTTPException
    from urllib.error import HTTPError
    from urllib.parse import urlencode, urlsplit
    from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

    class Stay(HTTPRedirectHandler):
        def redirect_request(self, *_args: Any, **_more: Any) -> None:
            return None

    every = {**question.query, **question.secret}
    url = f"{question.url}?{urlencode(every)}" if every else question.url
    request = Request(url, data=_posted(question))  # noqa: S310 - `_must_be_closed` saw the scheme
    for header, value in {"Accept": "*/*", "User-Agent": "brizna", **question.headers}.items():
        request.add_header(header, value)
    if question.body is not None:
        request.add_header("Content-Type", "application/json")
    if etag is not None:
        request.add_header("If-None-Match", etag)
    try:
        is_own = urlsplit(question.url).hostname in _OWN
        around = (Stay, ProxyHandler({})) if is_own else (Stay,)  # no proxy to this machine itself
        with build_opener(*around).open(request, timeout=timeout_s) as response:
            return response.status, response.headers, _body(response, 3 * timeout_s)
    except HTTPError as refusal:
        with refusal:
            return refusal.code, refusal.headers, b""
    except HTTPException as error:
        raise OSError(str(Said("it does not speak HTTP as we do"))) from error


def _posted(question: Question) -> bytes | None:
    from json import dumps

    return None if question.body is None else dumps(dict(question.body)).encode()


def _body(response: Any, whole_s: float) -> bytes:
    """Return a whole body, which must not come drop by drop for ever."""
    parts: list[bytes] = []
    size, until = 0, time.monotonic() + whole_s
    while part := response.read1(1 << 16):
        parts.append(part)
        size += len(part)
        if size > _MOST_BYTES:
            raise OSError(str(Said("its answer is longer than 16 MiB")))
        if time.monotonic() > until:
            raise TimeoutError
    if response.length:
        raise OSError(str(Said("its answer is cut off")))
    return b"".join(parts)


def _refusal(status: int) -> Said:
    if status == 429:
        return Said("it was asked too often (429)")
    return _REFUSALS.get(status, Said("it answers with status {status}", status=status))


def _wait_s(status: int, head: Message, pause_s: float | None) -> float | None:
    """Return how long to wait before the next try; None where none can help soon."""
    if status in (429, 503):
        asked = _retry_after_s(head.get("Retry-After"))
        if asked is not None:
            return asked if asked <= _LONGEST_PAUSE_S else None
    return pause_s if status == 429 or status >= 500 else None


def _retry_after_s(text: str | None) -> float | None:
    """Return the seconds that a header asks to wait; a date is further than we wait."""
    if text is None:
        return None
    return float(text) if text.strip().isdecimal() else _LONGEST_PAUSE_S + 1


def _reason(error: OSError, timeout_s: float) -> Said | str:
    """Return why a source could not be asked, without its address."""
    import ssl
    from socket import gaierror

    inner: Any = getattr(error, "reason", error)
    if isinstance(inner, ssl.SSLCertVerificationError):
        return Said("its certificate is not trusted: {why}", why=inner.verify_message)
    if isinstance(inner, ssl.SSLError):
        return Said("it does not speak TLS as we do")
    if isinstance(inner, TimeoutError):
        return Said(
            "it was asked {times} times and let {seconds} s pass each time",
            times=len(_PAUSES_S) + 1,
            seconds=f"{timeout_s:g}",
        )
    if isinstance(inner, gaierror):
        return Said("its name cannot be resolved")
    if isinstance(inner, OSError):
        return inner.strerror or str(inner) or type(inner).__name__
    return str(inner)

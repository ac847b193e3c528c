"""The files that an index of packages has of a distribution, with their addresses and hashes.

An index is asked for JSON; one that only knows HTML is understood too. A login comes from the
address, or from the user's netrc file; it is sent to the index's own host alone, and never kept.

References:
    [1] PyPA, Simple repository API (PEP 503, PEP 691).
"""

from __future__ import annotations

import json
import os
from html.parser import HTMLParser
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

from brizna.core.errors import InputError, UnavailableError
from brizna.core.software import LockedFile
from brizna.environment._index import without_login

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Fetch = Callable[[str], tuple[str, bytes]]

_JSON = "application/vnd.pypi.simple.v1+json"
_HTML = "application/vnd.pypi.simple.v1+html"
_ACCEPT = f"{_JSON}, {_HTML};q=0.2, text/html;q=0.1"
_KINDS = ("sha256", "sha384", "sha512")
_LONGEST_WAIT_S = 30.0
_LARGEST_BYTES = 64 << 20


def index_files(name: str, *, index: str, fetch: Fetch | None = None) -> tuple[LockedFile, ...]:
    """Return the files of a distribution that an index states hashes of.

    Args:
        name: The distribution, normalised.
        index: The index's address.
        fetch: Returns the kind and the bytes of what lies at an address; over the network if None.

    Raises:
        InputError: If the index is no address of the web.
        UnavailableError: If it does not answer, or not as an index does.
    """
    if not index.startswith(("https://", "http://")):
        raise InputError(
            "The index is {index!r}: expected an address such as {example}.",
            index=without_login(index),
            example="https://pypi.org/simple",
        )
    page = f"{index.rstrip('/')}/{name}/"
    try:
        kind, data = (fetch or fetch_page)(page)
        base = without_login(page)
        if kind.partition(";")[0].strip().endswith("json"):
            return _of_json(json.loads(data), base)
        return _of_html(data.decode("utf-8", "replace"), base)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UnavailableError(
            "The index does not tell the files of {name} ({page}: {error}): expected an index that "
            "has it. Name another with --index.",
            name=name,
            page=without_login(page),
            error=error,
        ) from error


def _of_json(told: Any, base: str) -> tuple[LockedFile, ...]:
    found: list[LockedFile] = []
    for one in told["files"]:
        hashes = {kind: one["hashes"][kind] for kind in _KINDS if one["hashes"].get(kind)}
        if hashes:
            url = without_login(urljoin(base, str(one["url"])))
            found.append(LockedFile(name=str(one["filename"]), url=url, hashes=_joined(hashes)))
    return tuple(found)


def _joined(hashes: dict[str, str]) -> tuple[str, ...]:
    return tuple(f"{kind}:{value}" for kind, value in hashes.items())


def _of_html(text: str, base: str) -> tuple[LockedFile, ...]:
    reader = _Links()
    reader.feed(text)
    found: list[LockedFile] = []
    for link in reader.links:
        url, fragment = urldefrag(urljoin(base, link))
        kind, _, value = fragment.partition("=")
        if kind in _KINDS and value:
            name = unquote(urlsplit(url).path.rpartition("/")[2])
            found.append(LockedFile(name=name, url=without_login(url), hashes=(f"{kind}:{value}",)))
    return tuple(found)


class _Links(HTMLParser):
    """Collects where the links of a page lead."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [value for name, value in attrs if tag == "a" and name == "href" and value]


def fetch_page(url: str) -> tuple[str, bytes]:
    """Return the kind and the bytes of what lies at an address of an index.

    Raises:
        OSError: If it does not answer.
    """
    from urllib.error import HTTPError
    from urllib.request import Request, urlopen

    request = Request(without_login(url), headers={"Accept": _ACCEPT, "User-Agent": "brizna"})  # noqa: S310
    login = _login(url)
    if login is not None:
        request.add_unredirected_header("Authorization", login)
    try:
        with urlopen(request, timeout=_LONGEST_WAIT_S) as answer:  # noqa: S310
            return answer.headers.get_content_type(), answer.read(_LARGEST_BYTES)
    except HTTPError as error:
        error.close()
        raise


def _login(url: str) -> str | None:
    """Return the header that logs in to an address; None where no login is known."""
    from base64 import b64encode
    from netrc import NetrcParseError, netrc

    parts = urlsplit(url)
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if not user:
        path = os.environ.get("NETRC") or os.path.join(os.path.expanduser("~"), ".netrc")
        try:
            found = netrc(path).authenticators(parts.hostname or "")
        except (OSError, NetrcParseError):  # no such file, or one that another tool must mend
            found = None
        if found is None:
            return None
        user, password = found[0], found[2] or ""
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()

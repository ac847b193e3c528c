"""Asking a device for JSON over HTTP: encrypted and verified by default, bounded in time and size.

Nothing here follows a redirection, keeps a cookie or writes anywhere. A name and a password come
from a file that only its owner can read, or from the environment, and are in no message.
"""

from __future__ import annotations

import os
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

from brizna.core.errors import InputError, Said, UnavailableError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping
    from typing import Any

USER, PASSWORD = "BRIZNA_METER_USER", "BRIZNA_METER_PASSWORD"
"""Variables with what to log in with, for devices that are asked encrypted, or on this machine."""
_MOST_BYTES = 1 << 20
_TIMEOUT_S = 3.0
_WHOLE_TIMES = 2
"""A whole answer may take this many times as long as a single wait for a part of it."""
_LATE = str(Said("it does not answer in time"))
_OWN = ("localhost", "127.0.0.1", "::1")
_REASONS = {
    401: Said("it refuses the name and password (401)"),
    403: Said("it forbids this to our user (403)"),
    404: Said("it has no such page (404)"),
}


class JsonDevice:
    """A device that answers GET with JSON, over a connection that stays open while it works."""

    def __init__(
        self,
        url: str,
        *,
        login: tuple[str, str] | None = None,
        ca: str | None = None,
        pin: str | None = None,
        timeout_s: float = _TIMEOUT_S,
    ) -> None:
        """Take where it is; nothing is connected yet.

        Args:
            url: ``http`` or ``https``, with a host.
            login: Name and password; None for none.
            ca: File with the certificates to trust instead of the system's.
            pin: SHA-256 of the one certificate to trust, in hexadecimal, instead of any authority.
            timeout_s: How long a single wait for the device may last.

        Raises:
            InputError: If the address is none, or holds a name and a password.
        """
        parts = split_url(url)
        self._host, self._port = parts.hostname or "", parts.port
        self._pin = None if pin is None else pin.replace(":", "").lower()
        self._tls = _trust(ca, pinned=pin is not None) if parts.scheme == "https" else None
        self._timeout_s = timeout_s
        self._headers = {"Accept": "application/json", "User-Agent": "brizna"}
        if login is not None:
            from base64 import b64encode

            both = b64encode(":".join(login).encode()).decode()
            self._headers["Authorization"] = f"Basic {both}"
        self._connection: HTTPConnection | None = None
        self._is_late = self._is_closed = False

    def get(self, path: str) -> dict[str, Any]:
        """Return the object at a path.

        Raises:
            UnavailableError: If the device cannot be reached, or answers with an error or with
                something else than a JSON object.
        """
        from threading import Timer

        self._is_late = False
        guard = Timer(_WHOLE_TIMES * self._timeout_s, self._give_up)
        guard.start()
        try:
            status, data = self._answer(path)
        finally:
            guard.cancel()
            guard.join()
        if status != 200:
            other = Said("it answers with status {status}", status=status)
            refusal = str(_REASONS.get(status, other))
            raise UnavailableError(refusal)
        return _parsed(data)

    def _answer(self, path: str) -> tuple[int, bytes]:
        """Return status and body; a device may have closed a connection that was idle."""
        was_open = self._connection is not None
        while True:
            try:
                return self._exchange(path)
            except (HTTPException, OSError, UnavailableError) as error:
                self._drop()
                if self._is_late:
                    raise UnavailableError(_LATE) from error
                if not was_open or isinstance(error, TimeoutError):
                    reason = _reason(error)
                    raise UnavailableError(reason) from error
                was_open = False

    def _give_up(self) -> None:
        """End a question to which the answer comes drop by drop."""
        self._is_late = True
        self._drop()

    def _exchange(self, path: str) -> tuple[int, bytes]:
        connection = self._connection = self._connection or self._connect()
        try:
            connection.request("GET", path, headers=self._headers)
            with connection.getresponse() as response:
                data = response.read(_MOST_BYTES + 1)
                if len(data) > _MOST_BYTES:
                    raise UnavailableError("its answer is longer than 1 MiB")
                if response.length:
                    raise UnavailableError("its answer is cut off")
                if response.will_close:
                    self._drop()
                return response.status, data
        finally:
            if self._connection is not connection:  # dropped meanwhile: it may have opened again
                connection.close()

    def _connect(self) -> HTTPConnection:
        if self._is_closed or self._is_late:
            raise UnavailableError("it was closed")
        if self._tls is None:
            return HTTPConnection(self._host, self._port, timeout=self._timeout_s)
        connection = HTTPSConnection(
            self._host, self._port, timeout=self._timeout_s, context=self._tls
        )
        connection.connect()
        if self._pin is not None and _print_of(connection) != self._pin:
            connection.close()
            raise UnavailableError("its certificate is not the pinned one")
        return connection

    def close(self) -> None:
        """Close the connection for good; whoever waits on it in another thread stops waiting."""
        self._is_closed = True
        self._drop()

    interrupt = close

    def _drop(self) -> None:
        """Close the connection; the next question opens another."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        if connection.sock is not None:
            from contextlib import suppress
            from socket import SHUT_RDWR

            with suppress(OSError):  # it was closed from the other side
                connection.sock.shutdown(SHUT_RDWR)
        connection.close()


def split_url(url: str) -> Any:
    """Return the parts of a device's address.

    Raises:
        InputError: If it is none, or holds a name and a password, which others could then read.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise InputError(
            "The address of a meter cannot be read ({error}): expected one such as "
            "https://192.0.2.7/redfish/v1/Chassis/1.",
            error=error,
        ) from error
    del port
    if parts.username is not None or parts.password is not None:
        raise InputError(
            "The address of the meter at {host} holds a name or a password, which others can read "
            "in the list of processes: put them into the file that the setting credentials names.",
            host=parts.hostname,
        )
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InputError(
            "{url!r} is not the address of a meter: expected one such as "
            "https://192.0.2.7/redfish/v1/Chassis/1.",
            url=url,
        )
    return parts


def find_login(url: str, *, file: str | None, environ: Mapping[str, str]) -> tuple[str, str] | None:
    """Return the name and password for a device; None where there are none.

    Args:
        url: The device's address.
        file: A netrc file, read by its owner alone; None for none.
        environ: Holds `USER` and `PASSWORD`, which are sent encrypted or not at all.

    Raises:
        InputError: If the file is open to others, or no netrc file.
    """
    parts = split_url(url)
    if file is not None:
        found = _in_file(os.path.expanduser(file), parts.hostname or "")
        if found is not None:
            return found
    is_safe = parts.scheme == "https" or parts.hostname in _OWN
    if is_safe and environ.get(USER) and PASSWORD in environ:
        return environ[USER], environ[PASSWORD]
    return None


def _in_file(path: str, host: str) -> tuple[str, str] | None:
    from netrc import NetrcParseError, netrc

    try:
        status = os.stat(path)
        if status.st_mode & 0o077:
            raise InputError(
                "The file of credentials {path!r} can be read by others (mode {mode:o}): run "
                "chmod 600 on it.",
                path=path,
                mode=status.st_mode & 0o777,
            )
        entry = netrc(path).authenticators(host)
    except OSError as error:
        raise InputError(
            "The file of credentials {path!r} cannot be read ({reason}): correct the setting "
            "credentials.",
            path=path,
            reason=error.strerror,
        ) from error
    except NetrcParseError as error:
        raise InputError(
            "The file of credentials {path!r} is not a netrc file (line {line}): expected lines "
            "such as 'machine 192.0.2.7 login NAME password WORD'.",
            path=path,
            line=error.lineno,
        ) from error
    return None if entry is None else (entry[0], entry[2] or "")


def _trust(ca: str | None, *, pinned: bool) -> ssl.SSLContext:
    import ssl

    try:
        context = ssl.create_default_context(cafile=ca)
    except OSError as error:
        raise InputError(
            "The certificates in {file!r} cannot be read ({error}): expected a file in PEM form.",
            file=ca,
            error=error,
        ) from error
    if pinned:  # `_connect` compares the certificate itself, before anything is sent
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _print_of(connection: HTTPSConnection) -> str:
    """Return the SHA-256 of the certificate that the device shows."""
    from hashlib import sha256

    shown: Any = connection.sock
    return sha256(shown.getpeercert(binary_form=True) or b"").hexdigest()


def _parsed(data: bytes) -> dict[str, Any]:
    from decimal import Decimal
    from json import loads

    def refuse(name: str) -> Any:
        raise ValueError(name)

    try:
        found = loads(data, parse_float=Decimal, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise UnavailableError("its answer is not JSON") from error
    if not isinstance(found, dict):
        raise UnavailableError("its answer is not a JSON object")
    return found  # pyright: ignore[reportUnknownVariableType]  (JSON: each reader checks its part)


def _reason(error: Exception) -> str:
    """Return why a device could not be asked, without its address."""
    import ssl
    from http.client import IncompleteRead
    from socket import gaierror

    if isinstance(error, ssl.SSLCertVerificationError):
        what = error.verify_message.partition(",")[0]  # the rest may tell the address
        return str(Said("its certificate is not trusted: {why}", why=what))
    if isinstance(error, ssl.SSLError):
        return str(Said("it does not speak TLS as we do"))
    if isinstance(error, TimeoutError):
        return _LATE
    if isinstance(error, gaierror):
        return str(Said("its name cannot be resolved"))
    if isinstance(error, UnavailableError):
        return str(error)
    if isinstance(error, IncompleteRead):
        return str(Said("its answer is cut off"))
    if isinstance(error, OSError):
        return error.strerror or str(error) or type(error).__name__
    return str(Said("it does not speak HTTP as we do"))

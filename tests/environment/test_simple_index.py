"""An index is asked with the login that is meant for it, and for nothing else."""

from __future__ import annotations

import json
from base64 import b64encode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from brizna.core.errors import InputError, UnavailableError
from brizna.environment import index_files, lock_indexes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PAGE = {"files": [{"filename": "a-1.tar.gz", "url": "a-1.tar.gz", "hashes": {"sha256": "ab" * 32}}]}


class Guarded(BaseHTTPRequestHandler):
    """An index that sends nothing to strangers."""

    def do_GET(self) -> None:
        wanted = "Basic " + b64encode(b"ana:hush hush").decode()
        is_known = self.headers["Authorization"] == wanted
        data = json.dumps(PAGE).encode()
        self.send_response(200 if is_known else 401)
        self.send_header("Content-Type", "application/vnd.pypi.simple.v1+json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    """Serve the guarded index on this machine, and return its host and port."""
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    server = ThreadingHTTPServer(("127.0.0.1", 0), Guarded)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_login_is_that_of_the_address_or_of_netrc_and_is_never_told(
    host: str, tmp_path: Path
) -> None:
    with pytest.raises(UnavailableError, match="401"):
        index_files("a", index=f"http://{host}/simple")
    (told,) = index_files("a", index=f"http://ana:hush%20hush@{host}/simple")
    assert told.url == f"http://{host}/simple/a/a-1.tar.gz"
    with pytest.raises(UnavailableError) as refused:
        index_files("a", index=f"http://ana:wrong@{host}/simple")
    assert "wrong" not in str(refused.value)
    (tmp_path / "netrc").write_text('machine 127.0.0.1 login ana password "hush hush"\n')
    assert index_files("a", index=f"http://{host}/simple/") == (told,)
    (tmp_path / "netrc").write_text("machine\n")
    with pytest.raises(UnavailableError, match="401"):
        index_files("a", index=f"http://{host}/simple")
    with pytest.raises(InputError, match="expected an address"):
        index_files("a", index="file:///etc")


def test_a_lock_tells_which_indexes_it_names() -> None:
    text = "-i https://u:p@A.example/simple/\n--extra-index-url=https://b\n-f /wheels\na==1\n"
    assert lock_indexes(text.encode(), "lock.txt") == (
        ("-i", "https://a.example/simple"),
        ("--extra-index-url", "https://b"),
        ("-f", "/wheels"),
    )
    pylock = '[[packages]]\nname = "a"\nindex = "https://u:p@c/simple"\n[[packages]]\nname = "b"\n'
    assert lock_indexes(pylock.encode(), "pylock.toml") == (("a", "https://c/simple"),)

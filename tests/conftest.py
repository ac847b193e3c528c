"""What holds for every test: no network, and nothing of the person who runs them."""

from __future__ import annotations

import os
import sys

import pytest
from hypothesis import settings

settings.register_profile("brizna", deadline=None, print_blob=True)
settings.load_profile("brizna")

_LOCAL = ("", "127.0.0.1", "::1", "localhost")


def _stay_offline(event: str, arguments: tuple[object, ...]) -> None:
    """Refuse to look up or connect to any other machine."""
    if event == "socket.connect" and isinstance(arguments[1], tuple):
        host = arguments[1][0]
    elif event == "socket.getaddrinfo":
        host = arguments[0]
    else:
        return
    if host is not None and host not in _LOCAL:
        raise RuntimeError(f"A test tried to reach {host!r}: tests use no network.")


sys.addaudithook(_stay_offline)


@pytest.fixture(autouse=True, scope="session")
def _nobody_in_particular(tmp_path_factory):
    """Run with an empty home, in English, in UTC, without settings or stores of the person."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(("BRIZNA_", "XDG_", "LC_")):
                patch.delenv(name)
        patch.setenv("HOME", str(home))
        patch.setenv("LANG", "C.UTF-8")
        patch.setenv("LANGUAGE", "en")
        patch.setenv("TZ", "UTC")
        yield

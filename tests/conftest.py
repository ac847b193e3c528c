"""What holds for every test: no network, and nothing of the person who runs them.

And a machine of known power, for tests of whatever measures a block.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import contextmanager

import pytest
from hypothesis import settings

from brizna.meter import Roots
from brizna.meter._rapl import open_rapl
from brizna.store import Store
from brizna.testing import FakeClock, FakePowercap, FakeZone

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


@pytest.fixture(autouse=True, scope="session")
def _signals_as_on_a_terminal():
    """Undo what nohup and a shell's background jobs ignore: commands under test inherit it."""
    for name in ("SIGHUP", "SIGQUIT"):
        if signal.getsignal(getattr(signal, name, signal.SIGINT)) is signal.SIG_IGN:
            signal.signal(getattr(signal, name), signal.SIG_DFL)
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


class Lab:
    """A machine that draws the same power all the time, on a clock that moves when told to.

    Attributes:
        clock: Its time.
        power_w: What it draws: package and memory.
        store: Where what is measured on it is kept.
    """

    power_w = 110.0

    def __init__(self, folder):
        """Write its counters."""
        self.clock = FakeClock()
        self.store = Store(str(folder / "store"))
        zones = [
            FakeZone(label="intel-rapl:0", name="package-0", power_w=100.0),
            FakeZone(label="intel-rapl:0:0", name="core", power_w=60.0),
            FakeZone(label="intel-rapl:0:1", name="dram", power_w=10.0),
        ]
        self._place = folder / "powercap"
        self._powercap = FakePowercap(self._place, self.clock, zones)

    def work(self, seconds):
        """Let time pass."""
        self.clock.advance(seconds)

    @contextmanager
    def blackout(self):
        """Let the package's counter be unreadable; it counts on."""
        self._powercap.refuse("intel-rapl:0")
        yield
        self._powercap.allow("intel-rapl:0")

    @property
    def options(self):
        """What `brizna.measure` takes to measure this machine, once."""
        return {
            "meters": list(open_rapl(Roots(powercap=str(self._place)), machine="lab")),
            "clock": self.clock,
            "interval": 3600.0,
            "store": self.store.path,
        }


@pytest.fixture
def lab(tmp_path):
    """Return a machine of known power."""
    return Lab(tmp_path)

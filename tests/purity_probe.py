"""Calls pure code while an audit hook listens; prints what touched the outside world.

Run by tests/test_floors.py in a fresh interpreter. Add a call here for each pure function worth
watching: the more of a room runs, the more its silence means.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from datetime import UTC, datetime
from pathlib import Path

PURE_ROOMS = ("core", "account", "plan", "check")
OUTSIDE = ("open", "os.", "socket.", "subprocess.", "sqlite3.", "shutil.", "tempfile.", "urllib.")


class Ear:
    """An audit hook that keeps what touches the outside world; once set it cannot be removed."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.listening = True

    def __call__(self, event: str, arguments: tuple[object, ...]) -> None:
        """Keep an event, unless it is an import or a table of the package."""
        if self.listening and event.startswith(OUTSIDE) and not is_allowed(sys._getframe(1)):
            self.heard.append(f"{event} {arguments!r:.120}")


def is_allowed(frame) -> bool:
    """Return whether the frame serves an import statement or the reader of the tables."""
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        if module.startswith("importlib._bootstrap") or module == "brizna.core._tables":
            return True
        frame = frame.f_back
    return False


def import_pure_rooms() -> list[str]:
    """Import every module of the pure rooms that exist, and return their names."""
    import brizna

    names: list[str] = []
    for room in pkgutil.iter_modules(brizna.__path__, "brizna."):
        if room.name.removeprefix("brizna.") not in PURE_ROOMS:
            continue
        package = importlib.import_module(room.name)
        names.append(room.name)
        for module in pkgutil.walk_packages(package.__path__, f"{room.name}."):
            importlib.import_module(module.name)
            names.append(module.name)
    return names


def quantities_and_estimates() -> None:
    from brizna.core.estimate import Estimate, exactly, total
    from brizna.core.quantities import CarbonIntensity, Duration, Energy, Power

    energy = Estimate(
        Power(300) * Duration.of(10, "h"),
        doubts={"meter:probe": (Energy.of(2.9, "kWh"), Energy.of(3.2, "kWh"))},
    )
    carbon = energy * exactly(CarbonIntensity(450))
    assert carbon.low.value < carbon.best.value < carbon.high.value
    assert (energy - energy).best.value == 0
    assert total([energy, energy]).best.value > energy.best.value
    assert str(Energy.parse("1.5 kWh"))
    assert Estimate.from_json(Energy, energy.to_json()) == energy


def codec() -> None:
    from brizna.core import codec

    value = {"schema": "brizna.probe/1", "values": [1.5, None, "é"]}
    assert codec.decode(codec.encode(value)) == value
    assert codec.digest(value).startswith("sha256:")


def signals() -> None:
    from brizna.core.quantities import CarbonIntensity
    from brizna.core.signal import Signal

    edges = tuple(datetime(2026, 1, 1, hour, tzinfo=UTC) for hour in range(3))
    signal = Signal(quantity=CarbonIntensity, edges=edges, values=(100.0, 200.0), source="probe")
    assert signal.mean(signal.start, signal.end).value == 150
    assert signal.at(signal.start).value == 100


def factors() -> None:
    from brizna.account._factors import embodied_of_device, equivalences, published_models, pue
    from brizna.core.factors import nearest

    assert pue("aws").estimate().best.value > 1
    assert embodied_of_device("NVIDIA L4").digest.startswith("sha256:")
    assert equivalences()
    assert published_models()
    assert "amazon" in str(nearest("amazn", ["amazon", "azure"]))


def guards() -> None:
    from brizna.check import holm, non_inferior

    right = [1.0] * 500
    guard = non_inferior(right, [0.0, *right[1:]], margin=0.02)
    assert holm({"one": guard})["one"].verdict == "pass"


def verifications() -> None:
    from brizna.check import bundle_lists, examine, examine_bundle, read_card
    from brizna.verbs._bundle_files import Nothing

    known = Nothing(datetime(2026, 1, 1, tzinfo=UTC))
    card = "---\nco2_eq_emissions: 2\n---\nCarbon Emitted: 2 kg\n"
    [stated], broken = read_card(card, "card.md")
    assert not broken
    assert "BRZ-V011" in {one.rule for one in examine(stated, known) if one.result == "fail"}
    files = {"notes.txt": b"none"}
    found = examine_bundle({**files, **bundle_lists(files, {})}, "probe", known)
    assert any(one.result == "fail" for one in found)


CALLS = (quantities_and_estimates, codec, signals, factors, guards, verifications)


def main(*, sabotage: bool) -> int:
    """Print each event heard; return 1 if there was one."""
    names = import_pure_rooms()
    ear = Ear()
    sys.addaudithook(ear)
    for call in CALLS:
        call()
    if sabotage:
        list(Path().iterdir())
    ear.listening = False
    print(f"{len(CALLS)} calls, {len(names)} modules", *ear.heard, sep="\n")
    return 1 if ear.heard else 0


if __name__ == "__main__":
    sys.exit(main(sabotage="--sabotage" in sys.argv))

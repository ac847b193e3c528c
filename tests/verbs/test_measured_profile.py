"""``measure(profile=True)`` looks into the block, and only into the block."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

import brizna
from brizna.core.codec import decode, encode
from brizna.core.profile import Profile, profile_of
from brizna.core.replay import replay
from brizna.run._sampled import why_not
from brizna.store import Store, read_events, read_looks
from brizna.verbs._measure import Measuring, MeasuringWarning
from brizna.verbs._profile import profile_stored

pytestmark = pytest.mark.skipif(why_not() is not None, reason=str(why_not()))


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    path = tmp_path / "store"
    monkeypatch.setenv("BRIZNA_STORE", str(path))
    return Store(str(path))


def burn(seconds: float) -> None:
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


def test_a_block_tells_its_energy_by_code(store: Store) -> None:
    threads = len(sys._current_frames())
    with brizna.measure("block", profile=True) as m:
        burn(0.4)
    assert len(sys._current_frames()) <= threads
    found = m.profile
    largest = next(part for part in found.parts if part.kind == "function")
    assert largest.name == "burn"
    assert sum(part.share for part in found.parts) == pytest.approx(1)
    assert m.energy is not None
    assert found.energy_j == m.energy
    assert profile_stored(store, "block") == found


def test_without_being_asked_nobody_looks(store: Store) -> None:
    with brizna.measure("plain") as m:
        burn(0.05)
    with pytest.raises(brizna.UnavailableError, match="profile=True"):
        _ = m.profile
    assert not list(Path(store.path).glob("**/profile.jsonl"))


def test_a_profile_is_told_after_the_block_and_survives_what_the_block_raises() -> None:
    measured = brizna.measure("fails", profile=True)
    with pytest.raises(ZeroDivisionError):
        fail(measured)
    assert measured.profile.looks > 0


def fail(measured: Measuring) -> None:
    with measured:
        with pytest.raises(brizna.UnavailableError):
            _ = measured.profile
        burn(0.1)
        1 / 0  # noqa: B018


def test_each_call_of_a_function_has_a_profile_of_its_own(store: Store) -> None:
    @brizna.measure("calls", profile=True)
    def work() -> None:
        burn(0.1)

    work()
    work()
    assert [profile_stored(store, run.id).looks > 0 for run in store.runs()] == [True, True]


def test_a_store_that_cannot_be_written_leaves_the_block_alone(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.warns(MeasuringWarning), brizna.measure(profile=True, store=str(blocked)) as m:
        burn(0.01)
    with pytest.raises(brizna.UnavailableError):
        _ = m.profile


SAMPLE = Path(__file__).resolve().parents[1] / "assets" / "profile-1"


def test_a_profile_of_the_first_release_opens_and_is_told_again() -> None:
    kept = (SAMPLE / "profile.json").read_bytes()
    found = Profile.from_json(decode(kept))
    assert encode(found.to_json()) == kept
    events, damaged = read_events(str(SAMPLE / "journal.jsonl"))
    lines, torn = read_looks(str(SAMPLE))
    assert (damaged, torn) == (0, 0)
    again = profile_of(replay(events), found.subject, events=events, lines=lines)
    assert {(p.kind, p.name) for p in again.parts} == {(p.kind, p.name) for p in found.parts}
    assert again.energy_j == found.energy_j
    assert sum(part.share for part in again.parts) == pytest.approx(1)

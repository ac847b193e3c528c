"""A record, model, lock, statement and key that were changed are each refused with the reason."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("cryptography")

import brizna
from brizna.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HASH = "sha256:" + "ab" * 32


class Bench:
    """A store with a run, a signed model, its signed provenance, and a signed lock."""

    def __init__(self, place: Path, carry_out: Callable[..., tuple[int, str]]) -> None:
        self.place, self.carry_out = place, carry_out
        self.store, self.ring = place / "store", place / "ring"
        self.carry_out("keys", "new", "ana", "--kind", "p256")
        with brizna.measure("training", store=str(self.store)):
            pass
        self.model, self.lock = place / "model.bin", place / "lock.txt"
        self.model.write_text("weights")
        self.lock.write_text(f"blade==1.2 --hash={HASH}\n")
        self.statement, self.signature = place / "model.intoto.json", place / "lock.sig"
        sign = ("env", "sign", str(self.model), "--run", "last", "--out", str(self.statement))
        assert self.carry_out(*sign)[0] == 0
        sign = ("env", "sign", str(self.lock), "--as", "model-signing", "--out")
        assert self.carry_out(*sign, str(self.signature))[0] == 0

    def verify(self, what: Path) -> tuple[int, str]:
        return self.carry_out("verify", str(what))


@pytest.fixture
def bench(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Bench:
    home = ["--store", str(tmp_path / "store"), "--keys", str(tmp_path / "ring"), "--lang", "en"]

    def carry_out(*words: str) -> tuple[int, str]:
        code = main([*words, *(home[2:] if words[0] == "keys" else home)])
        said = capsys.readouterr()
        return code, said.out + said.err

    return Bench(tmp_path, carry_out)


def test_what_nobody_changed_is_verified(bench: Bench) -> None:
    for what in (bench.statement, bench.signature):
        code, said = bench.verify(what)
        assert (code, "verified" in said) == (0, True), said


def test_the_provenance_of_what_nobody_changed_is_told(bench: Bench) -> None:
    code, said = bench.carry_out("env", "provenance", str(bench.model))
    assert (code, "CHANGED" in said) == (0, False)


def test_a_changed_record_is_told(bench: Bench) -> None:
    (path,) = bench.store.glob("runs/*/run.json")
    record = json.loads(path.read_text())
    path.write_text(json.dumps({**record, "name": "other"}, separators=(",", ":"), sort_keys=True))
    code, said = bench.verify(bench.statement)
    assert code == 1
    assert "BRZ-E042" in said
    assert "which was signed" in said or "the record that was signed" in said
    code, said = bench.carry_out("env", "provenance", str(bench.model))
    assert (code, "CHANGED since it was signed: " in said) == (1, True)


def test_a_changed_model_is_told(bench: Bench) -> None:
    bench.model.write_text("other weights")
    code, said = bench.verify(bench.statement)
    assert code == 1
    assert "BRZ-E041" in said
    assert "it has the digest" in said


def test_a_changed_lock_is_told(bench: Bench) -> None:
    bench.lock.write_text(f"blade==1.2 --hash=sha256:{'cd' * 32}\n")
    code, said = bench.verify(bench.signature)
    assert code == 1
    assert "BRZ-E041" in said
    assert "lock.txt" in said


def test_a_changed_statement_is_told(bench: Bench) -> None:
    envelope = json.loads(bench.statement.read_text())
    payload = envelope["payload"]
    bench.statement.write_text(json.dumps({**envelope, "payload": payload[:-8] + payload[-4:]}))
    code, said = bench.verify(bench.statement)
    assert code == 1
    assert "BRZ-E040" in said
    assert "does not fit the content" in said or "cannot be read" in said


def test_a_changed_key_is_told(bench: Bench) -> None:
    (path,) = bench.ring.glob("*.json")
    key = json.loads(path.read_text())
    path.write_text(json.dumps({**key, "created": "2026-01-01T00:00:00Z", "id": HASH}))
    code, said = bench.verify(bench.statement)
    assert code == 1
    assert "BRZ-E040" in said
    assert "expected the key that its name says" in said
    other = bench.place / "elsewhere"
    bench.ring.rename(other)
    code, said = bench.verify(bench.statement)
    assert (code, "not in the key ring" in said) == (1, True)

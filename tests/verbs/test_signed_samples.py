"""Yesterday's keys, statements, approvals, archives and bundles open, and are still believed."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from brizna.check import Answer
from brizna.check._kept_environments import KeptVerification
from brizna.core.codec import decode, encode
from brizna.core.software import Software
from brizna.environment._attestations import AttestedFile
from brizna.store import (
    Approval,
    Approvals,
    Key,
    KeyEnd,
    KeyRing,
    Store,
    key_files,
    learn,
    open_answer,
    read_answers,
    read_software,
)
from brizna.store._kept import read_kept
from brizna.verbs import provenance_of, verify, verify_statement
from brizna.verbs._bundle_signed import Whom

ASSETS = Path(__file__).resolve().parent.parent / "assets"
SAMPLE = ASSETS / "signed-1"
RUN = "20261122T023501Z-51ea5e"
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def ring() -> KeyRing:
    return KeyRing(str(SAMPLE / "ring"))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    shutil.copytree(SAMPLE / "store", tmp_path / "store")
    return Store(str(tmp_path / "store"))


def same(form: type, data: bytes) -> None:
    """Check that a record is read and written as it was."""
    assert encode(form.from_json(decode(data)).to_json()) == data


def test_records_of_each_schema_are_read_and_written_as_they_were(store: Store, ring: KeyRing):
    for path in (SAMPLE / "ring").iterdir():
        same(KeyEnd if ".end." in path.name else Key, path.read_bytes())
    for path in Path(store.path, "software").iterdir():
        same(Software, path.read_bytes())
    for path in Path(store.path, "audits").iterdir():
        same(KeptVerification, path.read_bytes())
    for envelope in read_answers(store).values():
        answer, _ = open_answer(envelope, ring)
        assert Answer.from_json(answer).to_json() == answer
    events = [event for event, _ in Approvals(store.path, ring).history()]
    assert [Approval.from_json(one.to_json()) for one in events] == events
    told = json.loads((ASSETS / "attestations" / f"{FILE}.provenance").read_text())
    kept = {"schema": "brizna.attested-file/1", "name": FILE, "digest": f"sha256:{'a' * 64}"}
    kept |= {"index": "https://pypi.org/simple", "asked": "2026-11-22T09:00:00Z"}
    same(AttestedFile, encode({**kept, "provenance": told}))


FILE = "gcb_attestation_test-0.0.0.tar.gz"


def test_a_key_that_was_replaced_and_retired_is_believed_for_what_it_signed(
    store: Store, ring: KeyRing
):
    old, new = ring.keys().values()
    assert (old.name, new.name, new.succeeds) == ("ana", "ana-2027", old.id)
    assert ring.ends()[old.id].reason == "retired"
    signed = [by for _, by in Approvals(store.path, ring).history()]
    assert signed == ["ana"] * 5 + ["ana-2027"]


def test_records_that_were_handed_on_are_learnt(ring: KeyRing, tmp_path: Path):
    old, new = ring.keys().values()
    ours = KeyRing(str(tmp_path / "ours"))
    ours.trust(old.public_pem, name="ana", at="2026-11-17T09:00:00Z")
    learnt = learn(ours, key_files((SAMPLE / "keys.json").read_text()))
    assert (learnt.keys, learnt.ends) == ((new,), tuple(ring.ends().values()))


def test_the_history_of_what_is_approved_is_told(store: Store, ring: KeyRing):
    events = [event for event, _ in Approvals(store.path, ring).history()]
    assert [one.action for one in events] == [
        *("propose", "approve", "propose", "approve"),
        *("rollback", "approve"),
    ]
    run = store.read(RUN).run
    named = run.environment["software"]
    assert Approvals(store.path, ring).current() == (named["installed"], "ana-2027")
    assert read_software(store, named["record"]).installed == named["installed"]


def test_the_statement_leads_from_the_model_back(store: Store, ring: KeyRing):
    (record,) = read_kept(store, "statements").values()
    model = str(SAMPLE / "model.bin")
    found = verify_statement("s", record["envelope"], ring, model=model, store=store)
    assert found.outcome() == "pass"
    (chain,) = provenance_of(model, store, ring)
    assert (chain["key"], chain["run"]) == ("ana", RUN)
    assert chain["packages"] == ["pkg:pypi/blade@1.2", "pkg:pypi/grass@0.3"]


def test_the_archive_is_unpacked_with_all_that_was_carried(tmp_path: Path, ring: KeyRing):
    other = Store(str(tmp_path / "other"))
    left: list[object] = []
    assert other.import_(str(SAMPLE / "runs.zip"), ring=ring, tell=left.append) == [RUN]
    assert left == []
    for folder in ("software", "statements", "approved"):
        here = {path.name: path.read_bytes() for path in Path(other.path, folder).iterdir()}
        there = {path.name: path.read_bytes() for path in (SAMPLE / "store" / folder).iterdir()}
        assert here == there


def test_the_signed_bundle_is_verified(ring: KeyRing, store: Store):
    whom = Whom(ring, must=ring.find("ana-2027").id)
    (found,) = verify(str(SAMPLE / "bundle.zip"), store, whom=whom, now=NOW)
    assert found.outcome() == "pass"
    kept = [one.rule for one in found.verdicts if one.result == "pass"]
    assert kept.count("BRZ-E040") == kept.count("BRZ-V065") == 3

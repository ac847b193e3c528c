"""A signed statement holds while record, model, statement and key are what they were."""

from __future__ import annotations

import json
import os
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("cryptography")

import brizna
from brizna.check import ENVIRONMENT_RULES
from brizna.core.errors import InputError, IntegrityError
from brizna.report import findings_lines, provenance_lines
from brizna.store import Approvals, KeyRing, Store
from brizna.store._kept import keep_record
from brizna.verbs import (
    Signer,
    affected_runs,
    models_of,
    provenance_of,
    read_signed,
    sign_model,
    sign_run,
    verify_statement,
)

if TYPE_CHECKING:
    from pathlib import Path

MONDAY, TUESDAY, WEDNESDAY = (f"2026-11-{day}T09:00:00Z" for day in (16, 17, 18))
DATA = "ab" * 32


class Bench:
    """A store with a run, a model that it made, and a ring with a key."""

    def __init__(self, place: Path) -> None:
        self.store = Store(str(place / "store"))
        self.ring = KeyRing(str(place / "ring"))
        self.ring.new("ana", at=MONDAY, kind="p256")
        self.model = place / "model"
        (self.model / "parts").mkdir(parents=True)
        (self.model / "w.bin").write_text("weights")
        (self.model / "parts" / "t.json").write_text("{}")
        with brizna.measure("training", store=self.store.path):
            pass
        self.run = self.store.ids()[-1]
        self.signer = Signer(self.ring, at=TUESDAY)

    def provenance(self) -> dict[str, Any]:
        return sign_run(str(self.model), self.run, self.store, self.signer, data={"corpus": DATA})

    def verified(self, envelope: dict[str, Any], ring: KeyRing | None = None) -> dict[str, str]:
        """Return what each rule came to."""
        found = verify_statement(
            "x.json", envelope, ring or self.ring, model=str(self.model), store=self.store
        )
        return {one.rule: one.result for one in found.verdicts}


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


SOUND = {"BRZ-E040": "pass", "BRZ-E041": "pass", "BRZ-E042": "pass"}


def test_a_statement_leads_from_the_model_back_and_from_a_package_forth(bench: Bench) -> None:
    envelope = bench.provenance()
    assert bench.verified(envelope) == SOUND
    (chain,) = provenance_of(str(bench.model), bench.store, bench.ring)
    assert (chain["key"], chain["run"], chain["data"]) == ("ana", bench.run, {"corpus": DATA})
    assert any(one.startswith("pkg:pypi/cryptography@") for one in chain["packages"])
    (touched,) = affected_runs(bench.store, "Cryptography")
    assert touched["run"] == bench.run
    assert affected_runs(bench.store, "cryptography", "0.1") == []
    made = models_of(bench.store, bench.ring, {bench.run})
    assert made == {bench.run: {"models": ["parts/t.json", "w.bin"], "claimed": []}}


def test_what_nobody_believes_is_told_as_that_and_only_where_it_is_about_the_model(
    bench: Bench, tmp_path: Path
) -> None:
    bench.provenance()
    nobody = KeyRing(str(tmp_path / "empty"))
    (chain,) = provenance_of(str(bench.model), bench.store, nobody)
    assert (chain["key"], chain["run"]) == (None, bench.run)
    assert "not in the key ring" in chain["unbelieved"]
    other = tmp_path / "other.bin"
    other.write_text("other")
    assert provenance_of(str(other), bench.store, nobody) == []
    made = models_of(bench.store, nobody, {bench.run})
    assert made == {bench.run: {"models": [], "claimed": ["parts/t.json", "w.bin"]}}
    keep_record(bench.store, "statements", {"schema": "brizna.statement/1", "envelope": {}})
    assert provenance_of(str(other), bench.store, nobody)[0]["key"] is None


def test_a_changed_model_is_told_file_by_file(bench: Bench) -> None:
    envelope = bench.provenance()
    (bench.model / "w.bin").write_text("other")
    (bench.model / "parts" / "t.json").unlink()
    (bench.model / "more.bin").write_text("more")
    found = verify_statement(
        "x.json", envelope, bench.ring, model=str(bench.model), store=bench.store
    )
    told = {os.path.basename(one.place.file): str(one.seen) for one in found.findings}
    assert told["t.json"] == "it is missing"
    assert told["more.bin"] == "it was not signed"
    assert told["w.bin"].startswith("it has the digest ")
    assert provenance_of(str(bench.model / "w.bin"), bench.store, bench.ring) == []


def test_a_changed_record_is_told(bench: Bench) -> None:
    envelope = bench.provenance()
    record = os.path.join(bench.store.directory(bench.run), "run.json")
    with open(record, encoding="utf-8") as file:
        text = file.read()
    with open(record, "w", encoding="utf-8") as file:
        file.write(text.replace('"name":"training"', '"name":"another."'))
    assert bench.verified(envelope) == {**SOUND, "BRZ-E042": "fail"}
    bench.store.rm([bench.run])
    assert bench.verified(envelope) == {**SOUND, "BRZ-E042": "cannot-tell"}


@pytest.mark.parametrize("form", ["provenance", "model-signing"])
def test_a_changed_statement_is_told(bench: Bench, form: str) -> None:
    sealed = (
        bench.provenance() if form == "provenance" else sign_model(str(bench.model), bench.signer)
    )
    assert set(bench.verified(sealed).values()) == {"pass"}
    inner = sealed if form == "provenance" else sealed["dsseEnvelope"]
    payload = json.loads(b64decode(inner["payload"]))
    payload["subject"][0]["name"] = "another"
    inner["payload"] = b64encode(json.dumps(payload).encode()).decode()
    assert bench.verified(sealed) == {"BRZ-E040": "fail"}


@pytest.mark.parametrize("what", ["payload", "signatures", "payloadType"])
def test_an_envelope_that_is_cut_is_told(bench: Bench, what: str) -> None:
    envelope = bench.provenance()
    del envelope[what]
    assert bench.verified(envelope) == {"BRZ-E040": "fail"}


def test_a_retired_key_is_believed_for_what_it_signed_before_and_another_is_not(
    bench: Bench, tmp_path: Path
) -> None:
    envelope, bundle = bench.provenance(), sign_model(str(bench.model), bench.signer)
    bench.ring.new("ana-2027", at=WEDNESDAY, kind="p256", succeeds="ana")
    bench.ring.end("ana", at=WEDNESDAY, reason="retired")
    assert bench.verified(envelope) == SOUND
    assert set(bench.verified(bundle).values()) == {"pass"}
    assert bench.verified(envelope, KeyRing(str(tmp_path / "empty"))) == {"BRZ-E040": "fail"}


def test_a_compromised_and_a_changed_key_are_believed_for_nothing(bench: Bench) -> None:
    envelope = bench.provenance()
    (key,) = bench.ring.keys().values()
    bench.ring.new("bea", at=TUESDAY)
    bench.ring.end("ana", at=WEDNESDAY, reason="compromised", by="bea")
    assert bench.verified(envelope) == {"BRZ-E040": "fail"}
    path = os.path.join(bench.ring.folder, f"{key.id.removeprefix('sha256:')}.json")
    with open(path, "w", encoding="utf-8") as file:
        file.write("{}")
    assert bench.verified(envelope) == {"BRZ-E040": "fail"}


def test_a_bundle_in_its_model_holds_where_the_folder_has_another_name(bench: Bench) -> None:
    bundle = sign_model(str(bench.model), bench.signer, ignore=("model.sig",))
    moved = bench.model.rename(bench.model.parent / "mod2")
    path = str(moved / "model.sig")

    def outcome() -> str:
        return verify_statement(path, bundle, bench.ring, model=None, store=bench.store).outcome()

    assert outcome() == "pass"
    (moved / "w.bin").write_text("other")
    assert outcome() == "fail"


def test_why_a_key_is_not_believed_is_told_in_the_readers_language(bench: Bench) -> None:
    envelope = bench.provenance()
    bench.ring.new("bea", at=TUESDAY)
    bench.ring.end("ana", at=WEDNESDAY, reason="compromised", by="bea")
    chains = provenance_of(str(bench.model), bench.store, bench.ring)
    (line, *_) = provenance_lines(chains, lang="es")
    assert line.startswith("no se cree: Está firmado con la clave ana")
    assert "(comprometida)" in line
    found = verify_statement("x", envelope, bench.ring, model=None, store=bench.store)
    assert "x (declaración): " in findings_lines([found], ENVIRONMENT_RULES, lang="es")[0]


def test_a_bundle_of_another_root_or_method_is_refused(bench: Bench) -> None:
    from brizna.environment import check_statement, model_files, model_statement

    statement = model_statement("model", model_files(str(bench.model)))
    assert check_statement(statement) == statement
    statement["predicate"]["resources"].pop()
    with pytest.raises(IntegrityError, match="root digest"):
        check_statement(statement)
    with pytest.raises(IntegrityError, match="no statement"):
        check_statement({"subject": [{"name": "x"}]})


def test_only_p256_signs_a_bundle_and_a_certificate_is_refused(bench: Bench) -> None:
    bench.ring.new("bea", at=TUESDAY)
    with pytest.raises(InputError, match="expected p256"):
        sign_model(str(bench.model), Signer(bench.ring, at=TUESDAY, key="bea"))
    bundle = sign_model(str(bench.model), bench.signer)
    bundle["verificationMaterial"] = {"certificate": {"rawBytes": ""}}
    assert bench.verified(bundle) == {"BRZ-E040": "fail"}


def test_a_link_is_no_part_of_a_model_and_a_missing_model_cannot_be_told(
    bench: Bench, tmp_path: Path
) -> None:
    bundle = sign_model(str(bench.model), bench.signer)
    found = verify_statement(
        str(tmp_path / "far" / "x.sig"), bundle, bench.ring, model=None, store=bench.store
    )
    assert found.outcome() == "cannot-tell"
    (bench.model / "link").symlink_to("w.bin")
    with pytest.raises(InputError, match="is a link"):
        sign_model(str(bench.model), bench.signer)


def test_only_envelopes_and_bundles_are_taken_for_signed(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text(json.dumps(bench.provenance()))
    assert read_signed(str(path)) is not None
    for text in ('{"schema": "brizna.run/1"}', "{", "[]", "a,b"):
        path.write_text(text)
        assert read_signed(str(path)) is None
    assert read_signed(str(tmp_path)) is None


A, B = f"sha256:{'aa' * 32}", f"sha256:{'bb' * 32}"


def test_what_is_approved_is_proposed_first_and_can_be_rolled_back(bench: Bench) -> None:
    listed = Approvals(bench.store.path, bench.ring)
    assert listed.current() is None
    with pytest.raises(InputError, match="was not proposed"):
        listed.add("approve", A, at=MONDAY, reason="hurry")
    for action, about in (("propose", A), ("approve", A), ("propose", B), ("approve", B)):
        listed.add(action, about, at=MONDAY, reason="tried")
    assert listed.current() == (B, "ana")
    with pytest.raises(InputError, match="approved already"):
        listed.add("propose", B, at=MONDAY, reason="again")
    assert listed.add("rollback", None, at=TUESDAY, reason="slower").installed == A
    assert listed.current() == (A, "ana")
    assert [event.action for event, _ in listed.history()] == [
        *("propose", "approve", "propose", "approve", "rollback")
    ]


def test_going_back_twice_goes_further_back_and_never_forth(bench: Bench) -> None:
    listed, c = Approvals(bench.store.path, bench.ring), f"sha256:{'cc' * 32}"
    for one in (A, B, c):
        listed.add("propose", one, at=MONDAY, reason="tried")
        listed.add("approve", one, at=MONDAY, reason="tried")
    assert listed.add("rollback", None, at=TUESDAY, reason="slower").installed == B
    assert listed.add("rollback", None, at=TUESDAY, reason="wrong").installed == A
    with pytest.raises(InputError, match="nothing to go back to"):
        listed.add("rollback", None, at=TUESDAY, reason="wrong")
    listed.add("approve", B, at=WEDNESDAY, reason="it was not")
    assert listed.add("rollback", None, at=WEDNESDAY, reason="it was").installed == A


def test_a_list_that_a_thief_may_have_signed_is_put_away_and_begun_anew(bench: Bench) -> None:
    listed = Approvals(bench.store.path, bench.ring)
    listed.add("propose", A, at=MONDAY, reason="tried")
    bench.ring.new("eva", at=MONDAY)
    bench.ring.end("ana", at=TUESDAY, reason="compromised", by="eva")
    with pytest.raises(IntegrityError, match=r"compromised.*move .*approved.* away"):
        listed.history()
    os.rename(listed.folder, f"{listed.folder}-put-away")
    listed.add("propose", A, at=TUESDAY, reason="read again", key="eva")
    assert [key for _, key in listed.history()] == ["eva"]


def test_an_event_that_was_changed_left_out_or_put_in_breaks_the_list(bench: Bench) -> None:
    listed = Approvals(bench.store.path, bench.ring)
    for action, about in (("propose", A), ("approve", A), ("propose", B)):
        listed.add(action, about, at=MONDAY, reason="tried")
    names = sorted(os.listdir(listed.folder))
    paths = [os.path.join(listed.folder, name) for name in names]
    contents = []
    for path in paths:
        with open(path, "rb") as file:
            contents.append(file.read())

    def put(*files: bytes) -> None:
        for path in paths:
            if os.path.exists(path):
                os.unlink(path)
        for path, data in zip(paths, files, strict=False):
            with open(path, "wb") as file:
                file.write(data)

    put(contents[0], contents[2])
    with pytest.raises(IntegrityError, match="follows on"):
        listed.history()
    put(contents[0], contents[0], contents[2])
    with pytest.raises(IntegrityError, match="follows on"):
        listed.history()
    changed = json.loads(contents[1])
    changed["payload"] = b64encode(
        b64decode(changed["payload"]).replace(b'"approve"', b'"propose"')
    ).decode()
    put(contents[0], json.dumps(changed).encode(), contents[2])
    with pytest.raises(IntegrityError, match="does not fit"):
        listed.history()
    put(*contents)
    os.unlink(paths[1])
    with pytest.raises(IntegrityError, match="lacks"):
        listed.history()

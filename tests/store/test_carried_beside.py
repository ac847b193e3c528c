"""What runs rest on goes with them: software, statements, and approvals that are believed."""

from __future__ import annotations

import json
import os
import zipfile
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor

import pytest

pytest.importorskip("cryptography")

from brizna.core.codec import digest_of_bytes, encode
from brizna.core.errors import InputError, IntegrityError
from brizna.core.replay import replay
from brizna.core.software import Distribution, Software
from brizna.store import Approvals, KeyRing, Store, keep_software, read_software, seal
from brizna.store._beside import files_beside
from brizna.store._kept import keep_record, read_kept

AT = "2026-11-20T09:00:00Z"
INSTALLED = Software(
    of="command",
    python="3.11.9",
    is_isolated=True,
    distributions=(Distribution(name="blade", version="1.2", digest=f"sha256:{'ab' * 32}"),),
)
ONE, TWO = f"sha256:{'1' * 64}", f"sha256:{'2' * 64}"


@pytest.fixture
def ring(tmp_path):
    """Return a key ring with one key."""
    ring = KeyRing(os.fspath(tmp_path / "ring"))
    ring.new("ana", at=AT)
    return ring


@pytest.fixture
def made(store, story, ring):
    """Return a run whose software, statement and approval lie in the store."""
    kept = keep_software(store, INSTALLED)
    keep_software(store, INSTALLED.replace(python="3.12.0"))
    run_id = os.path.basename(store.create_run())
    around = {"e": "environment", "environment": {"software": {"record": kept}}}
    first, *rest = story.events(id=run_id)
    store.finish(replay([first, around, *rest], ()))
    for about in (run_id, "20200101T000000Z-000000"):
        statement = {"predicate": {"runDetails": {"metadata": {"invocationId": about}}}}
        envelope = seal(encode(statement), ring)
        keep_record(store, "statements", {"schema": "brizna.statement/1", "envelope": envelope})
    Approvals(store.path, ring).add("propose", ONE, at=AT, reason="new")
    return run_id


def carried(store, run_id, tmp_path, name="runs.zip"):
    file = os.fspath(tmp_path / name)
    store.export([run_id], file)
    return file


def imported(other, file, ring):
    left = []
    other.import_(file, ring=ring, tell=left.append)
    return [str(one) for one in left]


def test_software_statements_and_approvals_go_with_a_run(store, made, ring, tmp_path):
    other = Store(os.fspath(tmp_path / "other"))
    file = carried(store, made, tmp_path)
    assert imported(other, file, ring) == []
    named = other.read(made).run.environment["software"]["record"]
    assert read_software(other, named) == INSTALLED
    assert len(read_kept(other, "software")) == len(read_kept(other, "statements")) == 1
    assert Approvals(other.path, ring).history() == Approvals(store.path, ring).history()
    assert imported(other, file, ring) == []
    assert files_beside(other.path, [other.read(made).run]) == files_beside(
        store.path, [store.read(made).run]
    )


def test_a_run_alone_makes_the_archive_that_it_always_made(store, record, tmp_path):
    with zipfile.ZipFile(carried(store, record(), tmp_path)) as archive:
        assert json.loads(archive.read("manifest.json"))["schema"] == "brizna.archive/1"


def test_a_list_that_is_not_believed_is_left_out_with_the_reason(store, made, ring, tmp_path):
    other, file = Store(os.fspath(tmp_path / "other")), carried(store, made, tmp_path)
    stranger = KeyRing(os.fspath(tmp_path / "stranger"))
    (why,) = imported(other, file, stranger)
    assert "left out" in why
    assert "not in the key ring" in why
    assert Approvals(other.path, stranger).history() == []
    assert "no key ring was named" in imported(other, file, None)[0]
    Approvals(other.path, ring).add("propose", TWO, at=AT, reason="ours")
    assert "a list of its own" in imported(other, file, ring)[0]
    assert [event.reason for event, _ in Approvals(other.path, ring).history()] == ["ours"]


def test_a_list_that_goes_on_from_ours_is_taken(store, made, ring, tmp_path):
    other = Store(os.fspath(tmp_path / "other"))
    assert imported(other, carried(store, made, tmp_path), ring) == []
    Approvals(store.path, ring).add("approve", ONE, at=AT, reason="tried")
    assert imported(other, carried(store, made, tmp_path, "later.zip"), ring) == []
    assert Approvals(other.path, ring).current() == (ONE, "ana")


def packed(file, contents, schema="brizna.archive/2"):
    """Write an archive of these files with a manifest that fits them."""
    files = [
        {"path": path, "bytes": len(data), "digest": digest_of_bytes(data)}
        for path, data in contents.items()
    ]
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("manifest.json", encode({"schema": schema, "files": files}))
        for path, data in contents.items():
            archive.writestr(path, data)
    return os.fspath(file)


def named(folder, data):
    return f"{folder}/{digest_of_bytes(data).removeprefix('sha256:')}.json"


SOFTWARE = encode(INSTALLED.to_json())
OTHER = encode({"schema": "x/1"})


@pytest.mark.parametrize(
    ("contents", "why"),
    [
        ({f"software/{'0' * 64}.json": SOFTWARE}, "do not have the digest"),
        ({named("software", OTHER): OTHER}, "schema"),
        ({named("statements", OTHER): OTHER}, "expected a signed statement"),
        ({"keys/me.pem": b"secret"}, "no path of a store"),
        ({"approved/1.json": b"{}"}, "no path of a store"),
    ],
)
def test_what_is_not_as_its_path_says_is_refused(contents, why, tmp_path):
    other = Store(os.fspath(tmp_path / "other"))
    with pytest.raises(IntegrityError, match=why):
        other.import_(packed(tmp_path / "a.zip", contents))
    assert not os.path.exists(other.path)


def test_only_the_second_form_of_an_archive_has_anything_beside_runs(tmp_path):
    file = packed(tmp_path / "a.zip", {named("software", SOFTWARE): SOFTWARE}, "brizna.archive/1")
    with pytest.raises(IntegrityError, match="no path of a store"):
        Store(os.fspath(tmp_path / "other")).import_(file)


def test_a_statement_that_cannot_be_read_goes_with_no_run(store, made):
    envelope = {"payload": b64encode(b"[").decode()}
    keep_record(store, "statements", {"schema": "brizna.statement/1", "envelope": envelope})
    assert len(files_beside(store.path, [store.read(made).run])) == 3


def test_several_writers_of_the_list_lose_no_event(store, ring):
    proposed = [f"sha256:{number:064d}" for number in range(8)]

    def propose(installed):
        Approvals(store.path, ring).add("propose", installed, at=AT, reason="new")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(propose, proposed))
    history = Approvals(store.path, ring).history()
    assert sorted(event.installed for event, _ in history) == proposed


def test_going_back_is_not_done_to_another_list_than_the_one_that_was_meant(store, ring):
    ours = Approvals(store.path, ring)
    for installed in (f"sha256:{'cc' * 32}", ONE, TWO):
        ours.add("propose", installed, at=AT, reason="new")
        ours.add("approve", installed, at=AT, reason="tried")

    class Late(KeyRing):
        """Signs after somebody else changed the list."""

        def sign(self, data, *, key=None):
            if ours.current() == (TWO, "ana"):
                ours.add("rollback", None, at=AT, reason="first")
            return super().sign(data, key=key)

    with pytest.raises(InputError, match="meanwhile"):
        Approvals(store.path, Late(ring.folder)).add("rollback", None, at=AT, reason="second")
    assert [event.reason for event, _ in ours.history()][-1] == "first"

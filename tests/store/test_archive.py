"""Archives: the same runs elsewhere, or nothing at all."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from brizna.core import codec
from brizna.core.errors import InputError, IntegrityError, UnavailableError
from brizna.store import Store, append_mark, writer_identity


@pytest.fixture
def other(tmp_path):
    return Store(str(tmp_path / "other"))


@pytest.fixture
def packed(store, record, tmp_path):
    """Return an archive of two runs, one of them with a record and a mark beside it."""
    first, second = record(at_s=0, name="one"), record(at_s=1)
    store.put({"schema": "x/1", "value": 1}, run_id=first)
    append_mark(store.directory(first), "train", 0)
    file = str(tmp_path / "runs.zip")
    store.export([first, second], file)
    return file


def content(directory):
    """Return every file below a directory with its bytes."""
    files = [path for path in Path(directory).rglob("*") if path.is_file()]
    return {str(path.relative_to(directory)): path.read_bytes() for path in files}


def members(file):
    with zipfile.ZipFile(file) as archive:
        return [(name, archive.read(name)) for name in archive.namelist()]


def rebuild(file, listed, *, manifest=None):
    """Write an archive of these members; with a manifest that fits them, or the given one."""
    files = [
        {"path": path, "bytes": len(data), "digest": codec.digest_of_bytes(data)}
        for path, data in listed
    ]
    made = codec.encode({"schema": "brizna.archive/1", "files": files})
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in [("manifest.json", made if manifest is None else manifest), *listed]:
            archive.writestr(path, data)


def assert_refused(other, file, match=None):
    with pytest.raises(IntegrityError, match=match):
        other.import_(file)
    assert other.runs() == []
    assert not os.path.exists(os.path.join(other.path, "runs"))


def test_runs_come_out_as_they_went_in(store, other, packed):
    assert other.import_(packed) == store.ids()
    for run_id in store.ids():
        assert content(other.directory(run_id)) == content(store.directory(run_id))
        assert other.read(run_id).digest == store.read(run_id).digest
    assert len(other.records(store.ids()[0])) == 1


def test_a_second_import_changes_nothing(other, packed):
    assert len(other.import_(packed)) == 2
    assert other.import_(packed) == []


def test_the_same_runs_give_the_same_archive(store, packed, tmp_path):
    again = str(tmp_path / "again.zip")
    digest = store.export(store.ids(), again)
    with open(packed, "rb") as one, open(again, "rb") as two:
        data = one.read()
        assert data == two.read()
    assert digest == codec.digest_of_bytes(data)


def test_a_run_without_samples_travels_too(store, other, record, tmp_path):
    run_id = record()
    store.prune(keep_last=0, samples_only=True)
    file = str(tmp_path / "bare.zip")
    store.export([run_id], file)
    assert other.import_(file) == [run_id]


def test_an_interrupted_run_travels_from_a_store_that_cannot_be_written(
    store, other, record, dead_writer, tmp_path, monkeypatch
):
    run_id = record(finished=False, writer=dead_writer)
    file = str(tmp_path / "a.zip")

    def refuse(*_):
        raise UnavailableError("read-only")

    with monkeypatch.context() as patch:
        patch.setattr(Store, "finish", refuse)
        store.export([run_id], file)
    assert other.import_(file) == [run_id]
    assert other.read(run_id).run.state == "interrupted"


def test_a_run_that_goes_on_is_not_packed(store, record, tmp_path):
    run_id = record(finished=False, writer=writer_identity())
    with pytest.raises(InputError, match="still goes on"):
        store.export([run_id], str(tmp_path / "a.zip"))
    assert not os.path.exists(tmp_path / "a.zip")


def test_no_file_is_overwritten(store, record, tmp_path):
    (tmp_path / "a.zip").write_bytes(b"mine")
    with pytest.raises(InputError, match="name a new file"):
        store.export([record()], str(tmp_path / "a.zip"))
    assert (tmp_path / "a.zip").read_bytes() == b"mine"


def test_a_full_disk_leaves_no_half_archive(store, record, tmp_path, full_disk):
    run_id = record()
    with full_disk(200), pytest.raises(UnavailableError):
        store.export([run_id], str(tmp_path / "a.zip"))
    assert not os.path.exists(tmp_path / "a.zip")


def test_another_run_of_the_same_id_is_refused(store, other, packed):
    other.import_(packed)
    run = store.read(store.ids()[0]).run
    os.unlink(os.path.join(other.directory(run.id), "run.json"))
    other.finish(run.replace(name="another"))
    with pytest.raises(InputError, match="brizna runs rm"):
        other.import_(packed)


# ------------------------------------------------------------------------------------- hostile ones


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_tampered_archive_is_refused_or_says_the_same(data, store, other, packed):
    with open(packed, "rb") as file:
        spoilt = bytearray(file.read())
    place = data.draw(st.integers(0, len(spoilt) - 1))
    spoilt[place] ^= 1 << data.draw(st.integers(0, 7))
    path = f"{packed}.spoilt"
    with open(path, "wb") as file:
        file.write(spoilt)
    try:
        other.import_(path)
    except IntegrityError:
        assert other.runs() == []
        return
    for run_id in other.ids():  # dates and the like, which nobody reads
        assert content(other.directory(run_id)) == content(store.directory(run_id))
    other.rm(other.ids())


def test_a_changed_file_is_refused(other, packed):
    manifest, *rest = members(packed)
    rest[0] = (rest[0][0], rest[0][1].replace(b"750", b"150") + b"\n")
    rebuild(packed, rest, manifest=manifest[1])
    assert_refused(other, packed)


def test_a_missing_file_is_refused(other, packed):
    manifest, *rest = members(packed)
    rebuild(packed, rest[1:], manifest=manifest[1])
    assert_refused(other, packed, "not those of its manifest")


def test_a_file_beside_the_manifest_is_refused(other, packed):
    manifest, *rest = members(packed)
    rebuild(packed, [*rest, ("20261122T000000Z-000000/run.json", b"{}")], manifest=manifest[1])
    assert_refused(other, packed, "not those of its manifest")


@pytest.mark.parametrize(
    "path",
    [
        "../../evil",
        "/etc/cron.d/evil",
        "20261122T000000Z-000000/../../../evil",
        "20261122T000000Z-000000/records/../../evil.json",
        "20261122T000000Z-000000\\..\\evil",
        "20261122T000000Z-000000/run.json\n",
        "C:/evil",
        "20261122T000000Z-000000/marks/",
        "index.json",
    ],
)
def test_a_path_that_no_store_has_is_refused(other, packed, path, tmp_path):
    _, *rest = members(packed)
    rebuild(packed, [*rest, (path, b"evil")])
    assert_refused(other, packed)
    assert not [name for name in os.listdir(tmp_path) if "evil" in name]


@pytest.mark.filterwarnings("ignore:Duplicate name")  # zipfile's, on making the hostile file
def test_a_member_given_twice_is_refused(other, packed):
    _, *rest = members(packed)
    rebuild(packed, [*rest, rest[0]])
    assert_refused(other, packed)


def test_a_run_without_its_record_is_refused(other, packed):
    _, *rest = members(packed)
    rebuild(packed, [member for member in rest if not member[0].endswith("run.json")])
    assert_refused(other, packed, "has no record")


def test_a_record_under_another_id_is_refused(other, packed):
    _, *rest = members(packed)
    record = next(data for path, data in rest if path.endswith("run.json"))
    rebuild(packed, [("20261122T000000Z-000000/run.json", record)])
    assert_refused(other, packed, "is of the run")


def test_a_record_that_does_not_have_its_digest_is_refused(other, packed):
    _, *rest = members(packed)
    run_id = rest[0][0].partition("/")[0]
    rebuild(packed, [*rest, (f"{run_id}/records/{'0' * 64}.json", b"{}")])
    assert_refused(other, packed, "digest in its name")


@pytest.mark.parametrize("manifest", [b"", b"[]", b"{}", b'{"schema":"brizna.archive/2"}', b"\xff"])
def test_a_strange_manifest_is_refused(other, packed, manifest):
    _, *rest = members(packed)
    rebuild(packed, rest, manifest=manifest)
    assert_refused(other, packed)


def test_a_file_made_to_fill_the_disk_is_refused(other, packed):
    _, *rest = members(packed)
    run_id = rest[0][0].partition("/")[0]
    kept = [member for member in rest if not member[0].endswith("journal.jsonl")]
    rebuild(packed, [*kept, (f"{run_id}/journal.jsonl", b"\0" * (1 << 23))])
    assert_refused(other, packed, "unpack to")


def test_a_directory_outside_the_file_is_refused(other, packed):
    with open(packed, "r+b") as file:
        file.seek(-10, os.SEEK_END)  # the size of the directory, in the last 22 bytes
        file.write(b"\xff\xff\xff\x7f")
    assert_refused(other, packed)


def test_a_run_changed_after_it_was_accounted_for_is_refused(store, other, packed):
    _, *rest = members(packed)
    run_id = store.ids()[0]
    witness = codec.encode({"schema": "x/1", "subject": store.read(run_id).digest})
    name = codec.digest_of_bytes(witness).removeprefix("sha256:")
    rest.append((f"{run_id}/records/{name}.json", witness))
    path = f"{run_id}/run.json"
    changed = [(at, data.replace(b"750", b"150") if at == path else data) for at, data in rest]
    rebuild(packed, changed)
    assert_refused(other, packed, "changed afterwards.*Nothing was unpacked")
    rebuild(packed, rest)
    assert other.import_(packed) == store.ids()


def test_a_changed_run_is_not_packed(store, record, change_record, tmp_path):
    run_id = record()
    store.put({"schema": "x/1", "subject": store.read(run_id).digest}, run_id=run_id)
    change_record(run_id)
    with pytest.raises(IntegrityError, match="changed afterwards"):
        store.export([run_id], str(tmp_path / "a.zip"))
    assert not os.path.exists(tmp_path / "a.zip")


def test_a_record_that_is_no_object_is_refused(other, packed):
    _, *rest = members(packed)
    run_id = rest[0][0].partition("/")[0]
    name = codec.digest_of_bytes(b"[]").removeprefix("sha256:")
    rebuild(packed, [*rest, (f"{run_id}/records/{name}.json", b"[]")])
    assert_refused(other, packed, "not a record")


def test_what_is_no_archive_is_refused(other, tmp_path):
    (tmp_path / "a.zip").write_bytes(b"no archive")
    assert_refused(other, str(tmp_path / "a.zip"), "no archive of brizna")
    with pytest.raises(InputError, match="cannot be read"):
        other.import_(str(tmp_path / "missing.zip"))

"""Packs: many runs in one file, read as if each lay in a directory of its own."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest

from brizna.core import codec
from brizna.core.errors import InputError, IntegrityError, UnavailableError
from brizna.store import Store, append_look, append_mark, writer_identity


def packs_of(store):
    return sorted(Path(store.path, "packs").glob("*.zip"))


@pytest.fixture
def three(store, record):
    """Return the ids of three runs of a store: the first with a mark, a look and a footprint."""
    ids = [record(at_s=at_s, name=f"run {at_s}", tags=["team:a"]) for at_s in (100, 200, 300)]
    append_mark(store.directory(ids[0]), "load", 1_000_000)
    append_look(store.directory(ids[0]), {"e": "look", "t": 1})
    subject = store.read(ids[0]).digest
    store.put({"schema": "brizna.footprint/1", "subject": subject}, run_id=ids[0])
    return ids


def test_a_packed_run_reads_as_it_did(store, three):
    before = [
        (store.read(i), store.events(i), store.marks(i), store.looks(i), store.records(i))
        for i in three
    ]
    summaries, files = store.runs(), [store.files(i) for i in three]
    packed = store.pack(keep_last=0)
    assert packed.ids == tuple(three)
    assert os.listdir(os.path.join(store.path, "runs")) == []
    assert store.ids() == three
    assert store.runs() == summaries
    for number, run_id in enumerate(three):
        told = (store.read(run_id), store.events(run_id), store.marks(run_id))
        assert (*told, store.looks(run_id), store.records(run_id)) == before[number]
        assert store.files(run_id) == files[number]
        assert store.has_record(run_id)
        assert store.has_samples(run_id)


def test_packed_runs_are_found_by_name_part_and_as_the_last(store, three):
    store.pack(keep_last=0)
    assert store.resolve("last") == three[2]
    assert store.resolve("run 200") == three[1]
    assert store.resolve(three[0][:16]) == three[0]
    assert store.resolve(three[1][-6:]) == three[1]
    with pytest.raises(InputError, match="is no run of this store"):
        store.resolve("run 400")
    assert [run.id for run in store.recent(three[2], limit=2)] == three[1:]


def test_only_old_runs_that_ended_are_packed_and_the_others_say_why(store, record, three):
    going_on = record(at_s=50, finished=False, writer=writer_identity())
    Path(store.directory(three[0]), "report.html").touch()
    packed = store.pack(keep_last=1)
    assert packed.ids == (three[1],)
    assert packed.left == {
        going_on: "it still goes on",
        three[0]: "other files lie beside it: report.html",
    }
    with pytest.raises(InputError):
        store.pack()


def test_a_pack_is_an_archive_that_any_store_imports(store, three, tmp_path):
    store.pack(keep_last=0)
    (pack,) = packs_of(store)
    assert codec.digest_of_bytes(pack.read_bytes()) == f"sha256:{pack.stem[-64:]}"
    other = Store(str(tmp_path / "other"))
    assert other.import_(str(pack)) == three
    assert other.read(three[0]).run == store.read(three[0]).run


def test_the_same_runs_make_the_same_pack(store, three, tmp_path):
    other = Store(str(tmp_path / "other"))
    other.import_(_exported(store, three, tmp_path))
    assert store.pack(keep_last=0).packs == other.pack(keep_last=0).packs


def _exported(store, ids, tmp_path):
    file = str(tmp_path / "runs.zip")
    store.export(ids, file)
    return file


def test_packed_runs_are_exported_and_merged_like_others(store, three, tmp_path):
    store.export(three, str(tmp_path / "before.zip"))
    store.pack(keep_last=0)
    store.export(three, str(tmp_path / "after.zip"))
    before, after = (tmp_path / name for name in ("before.zip", "after.zip"))
    assert before.read_bytes() == after.read_bytes()
    assert store.merge(three[1:]).run.measurement.energy_j is not None


def test_a_removed_run_is_gone_from_its_pack_and_the_others_stay(store, three):
    store.pack(keep_last=0)
    assert store.rm([three[1]]) == [three[1]]
    assert store.ids() == [three[0], three[2]]
    (pack,) = packs_of(store)
    assert not [name for name in zipfile.ZipFile(pack).namelist() if three[1] in name]
    assert store.prune(keep_last=0) == [three[0], three[2]]
    assert packs_of(store) == []


def test_pruned_samples_leave_packed_records(store, three):
    before = store.read(three[0])
    store.pack(keep_last=0)
    assert store.prune(keep_last=0, samples_only=True) == three
    assert store.read(three[0]) == before
    assert not store.has_samples(three[0])
    with pytest.raises(UnavailableError):
        store.events(three[0])
    assert store.prune(keep_last=0, samples_only=True) == []


def test_a_record_about_a_packed_run_takes_it_out_and_it_is_told_once(store, three):
    store.pack(keep_last=0)
    subject = store.read(three[1]).digest
    record = {"schema": "x/1", "subject": subject}
    store.put(record, run_id=three[1])
    assert store.records(three[1]) == [record]
    assert [run.id for run in store.runs()] == three
    store.pack(keep_last=0)
    assert store.records(three[1]) == [record]
    assert len(packs_of(store)) == 2  # the first without it, and one of its own
    assert store.ids() == three
    assert store.unpack([three[1]]) == [three[1]]
    assert os.path.isdir(store.directory(three[1]))


def test_a_packer_killed_before_it_took_runs_away_leaves_each_told_once(store, three):
    files = {run_id: store.files(run_id) for run_id in three}
    store.pack(keep_last=0)
    for run_id in three:
        place = Path(store.directory(run_id))
        for path, data in files[run_id].items():
            place.joinpath(path).parent.mkdir(parents=True, exist_ok=True)
            place.joinpath(path).write_bytes(data)
    assert [run.id for run in store.runs()] == three
    assert store.ids() == three
    store.pack(keep_last=0)
    assert len(packs_of(store)) == 1


def test_a_full_disk_leaves_every_run_where_it_was(store, three, full_disk):
    with full_disk(500), pytest.raises(UnavailableError):
        store.pack(keep_last=0)
    assert sorted(os.listdir(os.path.join(store.path, "runs"))) == three
    assert packs_of(store) == []


def test_a_changed_pack_is_refused_and_listed(store, three):
    store.pack(keep_last=0)
    (pack,) = packs_of(store)
    data = bytearray(pack.read_bytes())
    data[len(data) // 2] ^= 1
    pack.write_bytes(data)
    with pytest.raises(IntegrityError):
        [Store(store.path).read(run_id) for run_id in three]
    (listed,) = store.runs()
    assert listed.state == "unreadable"
    assert "do not have the digest in its name" in listed.reason
    pack.write_bytes(bytes(data[: len(data) // 2]))
    with pytest.raises(IntegrityError, match="was changed"):
        Store(store.path).read(three[0])

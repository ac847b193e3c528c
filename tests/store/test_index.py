"""The index is a cache: whatever happens to it, the same is told."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from brizna.store import Store
from brizna.store._mounts import is_on_network


def index_of(store):
    return Path(store.path, "index.sqlite")


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """Keep indexes that cannot lie in their store away from the person's own."""
    place = tmp_path / "cache"
    monkeypatch.setenv("XDG_CACHE_HOME", str(place))
    return place


@pytest.mark.parametrize("content", [b"", b"no database", b"SQLite format 3\0" + b"\xff" * 9000])
def test_a_spoilt_index_costs_only_time(store, record, content):
    record(name="one")
    summaries = store.runs()
    index_of(store).write_bytes(content)
    assert store.runs() == summaries
    assert store.resolve("one") == summaries[0].id
    with sqlite3.connect(index_of(store)) as database:
        assert database.execute("select count(*) from run").fetchone() == (1,)
    database.close()


def test_a_page_that_is_spoilt_in_the_middle_costs_only_time(store, record):
    for number in range(40):
        record(at_s=number, name=f"run {number}")
    summaries = store.runs()
    data = bytearray(index_of(store).read_bytes())
    data[4096:] = b"\xa5" * (len(data) - 4096)
    index_of(store).write_bytes(data)
    assert store.runs() == summaries


def test_an_index_of_another_version_is_made_anew(store, record):
    record()
    summaries = store.runs()
    with sqlite3.connect(index_of(store)) as database:
        database.execute("pragma user_version = 1")
    database.close()
    assert store.runs() == summaries


def test_a_locked_index_is_gone_around(store, record, cache, monkeypatch):
    monkeypatch.setattr("brizna.store._index._PATIENCE_S", 0.0)
    record(at_s=0)
    store.runs()
    record(at_s=1)
    holder = sqlite3.connect(index_of(store), isolation_level=None)
    holder.execute("begin exclusive")
    assert len(store.runs()) == 2
    holder.close()
    assert len(list(cache.rglob("index-*.sqlite"))) == 1


def test_a_store_without_room_is_listed_all_the_same(store, record, full_disk):
    record()
    with full_disk(0):
        assert len(store.runs()) == 1
    assert not index_of(store).exists() or index_of(store).stat().st_size == 0


def test_a_footprint_that_is_added_later_is_seen(store, record):
    run_id = record()
    store.runs()
    os.utime(store.directory(run_id), (0, 0))
    subject = store.read(run_id).digest
    carbon = {"best": 2.0, "doubts": {}, "basis": "declared", "references": []}
    footprint = {"schema": "brizna.footprint/1", "subject": subject, "carbon_g": carbon}
    store.put({**footprint, "energy_j": None}, run_id=run_id)
    (layouts, _) = store.through_index(
        lambda index: [index.layout(row[1]) for row in index.rows(["layout"])]
    )
    assert [figure.name for figure in layouts[0]] == ["carbon_g"]


def test_what_is_removed_is_forgotten(store, record):
    ids = [record(at_s=number) for number in range(3)]
    store.runs()
    store.rm(ids[:2])
    assert [run.id for run in store.runs()] == ids[2:]
    with sqlite3.connect(index_of(store)) as database:
        assert database.execute("select count(*) from summary").fetchone() == (1,)
    database.close()


def test_four_processes_make_one_index_at_once(store, record):
    for number in range(30):
        record(at_s=number)
    index_of(store).unlink(missing_ok=True)
    ask = (
        "import sys; from brizna.store import Store; sys.stdin.read(); "
        f"print(len(Store({store.path!r}).runs()))"
    )
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    askers = [subprocess.Popen([sys.executable, "-c", ask], **pipes) for _ in range(4)]
    for asker in askers:
        asker.stdin.close()  # go
    assert [asker.stdout.read().strip() for asker in askers] == ["30"] * 4
    for asker in askers:
        asker.stdout.close()
        assert asker.wait() == 0
    assert len(Store(store.path).runs(limit=7)) == 7


def test_a_file_system_of_the_network_is_known_by_its_mount(tmp_path):
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        "22 1 0:1 / / rw - ext4 /dev/sda rw\n"
        "23 22 0:2 / /home/my\\040files rw shared:1 - nfs4 server:/home rw\n"
    )
    assert is_on_network("/home/my files/.brizna", mounts=str(mounts))
    assert not is_on_network("/home/my filesystem", mounts=str(mounts))
    assert not is_on_network("/home", mounts=str(tmp_path / "none"))

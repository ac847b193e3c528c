"""The store: runs are found, told the same by everybody, and never overwritten."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from brizna.core import codec
from brizna.core.errors import InputError, IntegrityError, SchemaError, UnavailableError
from brizna.core.replay import replay
from brizna.store import Journal, Store, append_mark, writer_identity

SECOND = 1_000_000
DAY_S = 86_400


def joules(run):
    return run.measurement.energy_j.best.value


def store_digest(store, run_id):
    """Return the digest of the bytes of a run's record."""
    return codec.digest_of_bytes(Path(store.directory(run_id), "run.json").read_bytes())


# ------------------------------------------------------------------------------------------ finding


def test_the_nearest_store_upwards_is_found(tmp_path):
    (tmp_path / "a/.brizna").mkdir(parents=True)
    (tmp_path / "a/b/c").mkdir(parents=True)
    found = Store.find(cwd=str(tmp_path / "a/b/c"), environ={})
    assert found.path == str(tmp_path / "a/.brizna")


def test_an_explicit_path_wins_over_the_variable_and_the_variable_over_the_nearest(tmp_path):
    (tmp_path / ".brizna").mkdir()
    environ = {"BRIZNA_STORE": "named"}
    cwd = str(tmp_path)
    assert Store.find("given", cwd=cwd, environ=environ).path == str(tmp_path / "given")
    assert Store.find(cwd=cwd, environ=environ).path == str(tmp_path / "named")
    assert Store.find(cwd=cwd, environ={}).path == str(tmp_path / ".brizna")


@pytest.mark.parametrize(
    ("platform", "environ", "expected"),
    [
        ("linux", {"HOME": "/home/ada"}, "/home/ada/.local/share/brizna"),
        ("linux", {"HOME": "/home/ada", "XDG_DATA_HOME": "/data"}, "/data/brizna"),
        ("darwin", {"HOME": "/Users/ada"}, "/Users/ada/Library/Application Support/brizna"),
        ("win32", {"LOCALAPPDATA": "/local"}, "/local/brizna"),
    ],
)
def test_without_one_upwards_the_persons_store_is_used(tmp_path, platform, environ, expected):
    assert Store.find(cwd=str(tmp_path), environ=environ, platform=platform).path == expected


# ------------------------------------------------------------------------------------------ writing


def test_a_new_run_has_its_time_in_its_id_and_a_place_for_marks(store):
    directory = store.create_run(at_s=1_795_314_901.5)
    assert os.path.basename(directory).startswith("20261122T023501Z-")
    append_mark(directory, "train", 0)


def test_ids_that_collide_are_drawn_again(store, monkeypatch):
    draws = iter([b"\1\2\3", b"\1\2\3", b"\4\5\6"])
    monkeypatch.setattr(os, "urandom", lambda _: next(draws))
    first, second = store.create_run(at_s=0), store.create_run(at_s=0)
    assert os.path.basename(first) == "19700101T000000Z-010203"
    assert os.path.basename(second) == "19700101T000000Z-040506"


def test_a_store_without_room_says_what_to_do(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UnavailableError, match="--store or BRIZNA_STORE"):
        Store(str(tmp_path / "file" / "store")).create_run()


def test_the_digest_of_a_run_is_that_of_its_record(store, record):
    stored = store.read(record())
    assert stored.digest == codec.digest(stored.run.to_json())
    with open(os.path.join(stored.directory, "run.json"), "rb") as file:
        assert file.read() == codec.encode(stored.run.to_json())


def test_a_record_is_never_overwritten(store, record):
    run = store.read(record()).run
    assert store.finish(run) == codec.digest(run.to_json())
    with pytest.raises(IntegrityError, match="records never change"):
        store.finish(run.replace(name="other"))
    assert store.read(run.id).run == run


def test_a_full_disk_leaves_no_half_record(store, record, full_disk):
    run_id = record(journal_only=True)
    before = sorted(os.listdir(store.directory(run_id)))
    run = replay(store.events(run_id)[0])
    with full_disk(10), pytest.raises(UnavailableError, match="File too large"):
        store.finish(run)
    assert sorted(os.listdir(store.directory(run_id))) == before


def test_a_file_system_without_links_gets_its_records_all_the_same(store, record, monkeypatch):
    def refuse(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    run = store.read(record()).run
    assert not [name for name in os.listdir(store.directory(run.id)) if name.endswith(".tmp")]
    with pytest.raises(IntegrityError):
        store.finish(run.replace(name="other"))


def test_records_beside_a_run_come_back_by_schema(store, record):
    run_id = record()
    footprint = {"schema": "brizna.footprint/1", "subject": "sha256:0", "carbon_g": None}
    digest = store.put(footprint, run_id=run_id)
    assert store.put(footprint, run_id=run_id) == digest == codec.digest(footprint)
    store.put({"schema": "brizna.tags/1", "tags": ["kept"]}, run_id=run_id)
    assert store.records(run_id, schema="brizna.footprint/1") == [footprint]
    assert len(store.records(run_id)) == 2
    assert store.records(record()) == []


def test_a_record_that_was_changed_is_noticed(store, record):
    run_id = record()
    digest = store.put({"schema": "x/1", "value": 1}, run_id=run_id)
    path = os.path.join(store.directory(run_id), "records", digest[7:] + ".json")
    with open(path, "wb") as file:
        file.write(b'{"schema":"x/1","value":2}')
    with pytest.raises(IntegrityError, match="digest in its name"):
        store.records(run_id)


def test_a_record_without_schema_or_run_is_refused(store, record):
    with pytest.raises(InputError, match="schema"):
        store.put({}, run_id=record())
    with pytest.raises(InputError, match="no run"):
        store.put({"schema": "x/1"}, run_id="../../elsewhere")


# ---------------------------------------------------------------------------------------- recovery


def test_a_killed_recorder_leaves_an_interrupted_run(store, record, dead_writer):
    run_id = record(finished=False, writer=dead_writer)
    stored = store.read("last")
    assert stored.run.id == run_id
    assert stored.run.state == "interrupted"
    assert joules(stored.run) == pytest.approx(750)
    assert os.path.exists(os.path.join(stored.directory, "run.json"))
    assert store.read(run_id) == stored


def test_a_recorder_killed_before_the_record_leaves_the_whole_run(store, record, dead_writer):
    run_id = record(journal_only=True, writer=dead_writer)
    assert store.read(run_id).run.state == "finished"


def test_a_run_that_goes_on_is_told_so_far_and_not_written_down(store, record):
    run_id = record(finished=False, writer=writer_identity())
    stored = store.read(run_id)
    assert stored.is_running
    assert stored.digest is None
    assert "stopped" not in " ".join(stored.run.notes)
    assert joules(stored.run) == pytest.approx(750)
    assert store.runs()[-1].state == "running"
    assert not os.path.exists(os.path.join(stored.directory, "run.json"))


def test_a_run_of_another_host_is_written_down_after_a_day_of_silence(store, record):
    run_id = record(finished=False)
    journal = os.path.join(store.directory(run_id), "journal.jsonl")
    path = os.path.join(store.directory(run_id), "run.json")
    assert store.read(run_id).is_running
    now_s = os.stat(journal).st_mtime
    os.utime(journal, (now_s, now_s - 100))
    assert store.read(run_id).run.state == "interrupted"
    assert not os.path.exists(path)
    os.utime(journal, (now_s, now_s - DAY_S - 1))
    assert store.read(run_id).run.state == "interrupted"
    assert os.path.exists(path)


def test_an_interrupted_run_says_whether_its_command_still_runs(store, story, dead_writer):
    here = writer_identity()
    for start_ticks, expected in [(here["start"], True), (here["start"] - 1, False)]:
        directory = store.create_run()
        run_id = os.path.basename(directory)
        child = {"e": "child", "pid": here["pid"], "start_ticks": start_ticks}
        with Journal(directory) as journal:
            for event in story.events(ends=False, id=run_id, writer=dead_writer):
                journal.write(event)
            journal.write(child)
        assert store.read(run_id).command_runs is expected
        assert store.read(run_id).command_runs is expected  # now from its record


def test_marks_are_told_up_to_the_last_sample(store, record, dead_writer):
    run_id = record(finished=False, writer=dead_writer)
    directory = store.directory(run_id)
    append_mark(directory, "load", SECOND)
    append_mark(directory, "evaluate", 99 * SECOND)  # the command went on, unmeasured
    phases = store.read(run_id).run.measurement.phases
    assert [phase.name for phase in phases] == ["load", "train"]


def test_eight_recoveries_at_once_write_one_record(store, record, dead_writer):
    run_id = record(finished=False, writer=dead_writer)
    tell = (
        "import sys; from brizna.store import Store; sys.stdin.read(); "
        f"print(Store({store.path!r}).read({run_id!r}).digest)"
    )
    command = [sys.executable, "-c", tell]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    recoveries = [subprocess.Popen(command, **pipes) for _ in range(8)]
    for recovery in recoveries:
        recovery.stdin.close()  # go
    said = {recovery.stdout.read().strip() for recovery in recoveries}
    for recovery in recoveries:
        recovery.stdout.close()
    assert [recovery.wait() for recovery in recoveries] == [0] * 8
    assert said == {store.read(run_id).digest}
    assert sorted(os.listdir(store.directory(run_id))) == ["journal.jsonl", "marks", "run.json"]


def test_a_store_that_cannot_be_written_is_still_shown(store, record, dead_writer, full_disk):
    run_id = record(finished=False, writer=dead_writer)
    with full_disk(0):
        stored = store.read(run_id)
        assert store.runs()[0].state == "interrupted"
    assert stored.run.state == "interrupted"
    assert not os.path.exists(os.path.join(stored.directory, "run.json"))
    assert store.read(run_id).digest == stored.digest


def test_the_writer_who_finishes_meanwhile_knows_best(store, record, monkeypatch, dead_writer):
    run_id = record(finished=False, writer=dead_writer)
    final = replay(store.events(run_id)[0]).replace(state="finished", notes=())
    told = Store.marks

    def finish_first(self, asked):
        store.finish(final)
        return told(self, asked)

    monkeypatch.setattr(Store, "marks", finish_first)
    assert store.read(run_id).run == final


def test_two_runs_at_once_do_not_mix(store, story):
    first, second = store.create_run(at_s=0), store.create_run(at_s=0)
    with Journal(first) as one, Journal(second) as other:
        for event in story.events():
            for journal, directory in ((one, first), (other, second)):
                run_id = os.path.basename(directory)
                journal.write({**event, "id": run_id} if event.get("e") == "start" else event)
    for directory in (first, second):
        assert joules(store.read(os.path.basename(directory)).run) == pytest.approx(750)


def test_a_journal_without_its_first_line_is_listed_as_unreadable(store, record):
    run_id = record(journal_only=True)
    path = os.path.join(store.directory(run_id), "journal.jsonl")
    with open(path, "r+b") as file:
        file.write(b"x")
    os.utime(path, (0, 0))
    (summary,) = store.runs()
    assert summary.state == "unreadable"
    assert "no start event" in summary.reason
    with pytest.raises(IntegrityError):
        store.read(run_id)
    assert store.rm([run_id]) == [run_id]


def test_a_journal_of_a_newer_brizna_is_refused(store, record):
    run_id = record(journal_only=True, schema="brizna.journal/2")
    with pytest.raises(SchemaError, match="newer brizna"):
        store.read(run_id)


def test_a_journal_with_strange_events_is_refused(store, story):
    directory = store.create_run()
    with Journal(directory) as journal:
        for event in story.events(id=os.path.basename(directory)):
            journal.write(event)
        journal.write({"e": "finish", "w": "?", "c": 7, "t": None})
    with pytest.raises(IntegrityError, match="changed by hand"):
        store.read("last")


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace('"state":"finished"', '"state" :"finished"'),
        lambda text: text[:-10],
        lambda text: text.replace(',"started"', ',"strange":1,"started"'),
    ],
)
def test_a_record_that_was_edited_is_refused_and_listed_as_unreadable(store, record, change):
    run_id = record()
    path = os.path.join(store.directory(run_id), "run.json")
    with open(path, encoding="utf-8") as file:
        text = file.read()
    with open(path, "w", encoding="utf-8") as file:
        file.write(change(text))
    with pytest.raises((IntegrityError, SchemaError)):
        store.read(run_id)


def test_a_run_that_its_footprint_is_not_about_is_refused_by_every_reader(
    store, record, change_record, dead_writer
):
    run_id = record(name="fine-tune", tags=["a"], writer=dead_writer)
    digest = store.read(run_id).digest
    store.put({"schema": "x/1", "subject": digest}, run_id=run_id)
    (sound,) = store.runs()
    change_record(run_id)
    with pytest.raises(IntegrityError, match=f"says '{digest}': it was changed afterwards"):
        store.read(run_id)
    for _ in range(2):  # a cached list says the same
        (summary,) = store.runs()
        assert summary.state == "unreadable"
        assert "changed afterwards" in summary.reason
        assert summary.energy_j is None
    assert store.resolve("fine-tune") == run_id
    os.unlink(os.path.join(store.directory(run_id), "run.json"))
    assert store.read(run_id).digest == digest  # told anew from the journal
    assert store.runs()[0].replace(digest=digest) == sound


def test_a_mended_run_is_listed_again_without_a_touch_to_its_record(store, record):
    run_id = record()
    wrong = store.put({"schema": "x/1", "subject": "sha256:0"}, run_id=run_id)
    assert store.runs()[0].state == "unreadable"
    os.unlink(os.path.join(store.directory(run_id), "records", f"{wrong[7:]}.json"))
    assert store.runs()[0].state == "finished"


def test_one_record_about_the_run_is_witness_enough(store, record):
    run_id = record()
    store.put({"schema": "x/1", "subject": "sha256:0"}, run_id=run_id)
    store.put({"schema": "x/1", "subject": store_digest(store, run_id)}, run_id=run_id)
    assert store.read(run_id).run.id == run_id


def test_a_journal_that_tells_another_run_than_was_accounted_for_is_not_written_down(
    store, record, dead_writer
):
    run_id = record(finished=False, writer=dead_writer)
    store.put({"schema": "x/1", "subject": "sha256:0"}, run_id=run_id)
    with pytest.raises(IntegrityError, match="changed afterwards"):
        store.read(run_id)
    assert not store.has_record(run_id)


@pytest.mark.parametrize("written", [None, b"", b'0123abcd {"e":"start"'])
def test_a_run_of_which_nothing_was_recorded_says_so_and_can_be_removed(store, written):
    for remove in (lambda run_id: store.rm([run_id]), lambda _: store.prune(keep_last=0)):
        directory = store.create_run(at_s=0)
        run_id = os.path.basename(directory)
        if written is not None:
            Path(directory, "journal.jsonl").write_bytes(written)
        assert "recorded yet" in store.runs()[0].reason
        for path in (directory, os.path.join(directory, "journal.jsonl")):
            if os.path.exists(path):
                os.utime(path, (0, 0))
        (summary,) = store.runs()
        assert summary.state == "unreadable"
        assert summary.reason.startswith("Nothing was recorded: the recorder ended")
        with pytest.raises(UnavailableError, match="Nothing was recorded"):
            store.read(run_id)
        assert remove(run_id) == [run_id]
        assert store.ids() == []


# -------------------------------------------------------------------------------------- references


def test_a_run_is_found_by_id_part_name_or_as_the_last(store, record):
    first = record(at_s=0, name="warm-up")
    second = record(at_s=100)
    for reference in (first, first[:16], first[-6:], "warm-up"):
        assert store.resolve(reference) == first
    assert store.resolve("last") == second


def test_the_last_of_one_second_is_the_one_that_started_last(store, record):
    times = ["2026-11-22T02:35:01.9Z", "2026-11-22T02:35:01.5Z", "2026-11-22T02:35:01.1Z"]
    ids = [record(at_s=0, started=started) for started in times]
    assert store.resolve("last") == ids[0]


def test_an_ambiguous_reference_lists_its_candidates(store, record):
    ids = [record(at_s=0, name="train"), record(at_s=1, name="train")]
    with pytest.raises(InputError, match="means 2 runs") as caught:
        store.resolve("train")
    assert all(run_id in str(caught.value) for run_id in ids)


def test_a_near_miss_names_what_was_meant(store, record):
    run_id = record(name="fine-tune")
    with pytest.raises(InputError, match=rf"Did you mean {run_id} \(fine-tune\)"):
        store.resolve("fine-tnue")


def test_a_reference_in_an_empty_store_says_how_to_make_a_run(store):
    with pytest.raises(InputError, match="brizna run -- COMMAND"):
        store.resolve("last")
    assert store.runs() == []


@pytest.mark.parametrize("reference", ["", "../x", "/etc/passwd", "."])
def test_a_reference_never_leaves_the_store(store, record, reference):
    record()
    with pytest.raises(InputError):
        store.read(reference)


# ----------------------------------------------------------------------------------------- listing


def test_a_list_has_the_newest_last_and_says_what_each_run_used(store, record):
    ids = [record(at_s=at_s, name=f"run {at_s}", tags=["a"]) for at_s in (300, 100, 200)]
    summaries = store.runs()
    assert [summary.id for summary in summaries] == [ids[1], ids[2], ids[0]]
    assert summaries[0].name == "run 100"
    assert summaries[0].tags == ("a",)
    assert summaries[0].energy_j["best"] == pytest.approx(750)
    assert summaries[0].digest == store.read(ids[1]).digest


def test_ten_thousand_runs_are_listed_without_reading_their_records_again(store, record):
    run_id = record()
    with open(os.path.join(store.directory(run_id), "run.json"), encoding="utf-8") as file:
        text = file.read()
    for number in range(9_999):
        copy = f"20260101T000000Z-{number:06x}"
        os.mkdir(store.directory(copy))
        with open(os.path.join(store.directory(copy), "run.json"), "w", encoding="utf-8") as file:
            file.write(text.replace(run_id, copy))
    summaries = store.runs()
    assert len(summaries) == 10_000
    one = os.path.join(store.directory(copy), "run.json")
    stamp = os.stat(one)
    with open(one, "w", encoding="utf-8") as file:
        file.write("x" * stamp.st_size)
    os.utime(one, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert store.runs() == summaries  # so it did not look
    os.utime(one, (0, 0))
    assert next(run for run in store.runs() if run.id == copy).state == "unreadable"


@pytest.mark.parametrize("content", [b"", b"[]", b"[1, 2]", b"{", b'[["other"], {}]'])
def test_a_spoilt_list_of_recent_runs_costs_only_time(store, record, content):
    record()
    summaries = store.runs()
    path = os.path.join(store.path, "recent.json")
    with open(path, "wb") as file:
        file.write(content)
    assert store.recent(summaries[0].id, limit=5) == summaries
    with open(path, "rb") as file:
        assert len(json.load(file)[1]) == 1


def test_what_is_no_run_is_not_listed(store, record):
    record()
    os.mkdir(os.path.join(store.path, "runs", "notes"))
    os.mkdir(os.path.join(store.path, "runs", ".removed-x"))
    assert len(store.runs()) == 1


# ---------------------------------------------------------------------------------------- removing


def test_removed_runs_are_gone(store, record):
    first, second = record(at_s=0), record(at_s=1)
    assert store.rm([first]) == [first]
    assert os.listdir(os.path.join(store.path, "runs")) == [second]


def test_a_run_that_goes_on_is_not_removed_nor_any_named_with_it(store, record):
    ended, going_on = record(at_s=0), record(at_s=1, finished=False, writer=writer_identity())
    with pytest.raises(InputError, match="still goes on"):
        store.rm([ended, going_on])
    assert store.prune(keep_last=0) == [ended]
    assert store.ids() == [going_on]


def test_prune_keeps_the_newest_and_the_young(store, record):
    import time

    now_s = time.time()
    ids = [record(at_s=now_s - age * DAY_S) for age in (40, 30, 20, 10)]
    assert store.prune(keep_last=1, older_than_s=25 * DAY_S) == ids[:2]
    assert store.prune(keep_last=1) == ids[2:3]
    assert store.prune(older_than_s=9 * DAY_S) == ids[3:]


def test_prune_of_samples_keeps_the_record(store, record):
    run_id = record(at_s=0)
    before = store.read(run_id)
    assert store.prune(keep_last=0, samples_only=True) == [run_id]
    assert store.read(run_id) == before
    assert not store.has_samples(run_id)
    assert store.prune(keep_last=0, samples_only=True) == []
    with pytest.raises(UnavailableError):
        store.events(run_id)


@pytest.mark.parametrize("limits", [{}, {"keep_last": -1}, {"older_than_s": -1.0}])
def test_prune_without_a_sane_limit_is_refused(store, limits):
    with pytest.raises(InputError):
        store.prune(**limits)

"""The journal: whole lines or none, whatever happens to the writer or the disk."""

from __future__ import annotations

import os
import subprocess
import sys
import zlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from brizna.core import codec
from brizna.core.errors import InputError, UnavailableError
from brizna.core.replay import replay
from brizna.store import Journal, append_mark, read_events
from brizna.store._lines import frame, unframe

SECOND = 1_000_000


@pytest.fixture
def write(tmp_path):
    """Return a function that writes a journal and returns its path."""

    def written(events):
        with Journal(str(tmp_path)) as journal:
            for event in events:
                journal.write(event)
        assert journal.trouble is None
        return tmp_path / "journal.jsonl"

    return written


def joules(run):
    return run.measurement.energy_j.best.value


def test_each_line_is_the_crc_of_its_json_a_space_and_the_json(write, story):
    for line in write(story.events()).read_bytes().splitlines():
        assert line[:9] == b"%08x " % zlib.crc32(line[9:])
        assert isinstance(codec.decode(line[9:]), dict)


def test_what_was_written_is_read_back(write, story):
    assert read_events(str(write(story.events()))) == (story.events(), 0)


def test_a_long_command_fits_in_its_one_line(write, story):
    events = story.events(command=["python", "x" * 10_000])
    assert read_events(str(write(events))) == (events, 0)


@given(
    st.lists(st.one_of(st.none(), st.integers(-(2**63), 2**63)), max_size=9),
    st.fixed_dictionaries(
        {},
        optional={
            "cpu": st.lists(st.one_of(st.none(), st.integers(0, 2**63))),
            "mem": st.lists(st.one_of(st.none(), st.integers(0, 2**63))),
            "gpu": st.dictionaries(st.text(), st.lists(st.integers())),
            "g": st.lists(st.floats(allow_nan=False, allow_infinity=False)),
        },
    ),
)
def test_a_sample_is_written_as_any_event_is(counted, beside):
    sample = {"t": 5, "c": counted, **beside}
    assert unframe(frame(sample)[:-1]) == sample


@pytest.mark.parametrize("place", [None, "."])
def test_bytes_that_are_no_text_do_not_cost_the_record(tmp_path, story, place):
    journal = Journal(place and str(tmp_path))
    for event in story.events(command=["printf", "\udcff", "é", "🌱", '"\\ud800'], name="n\ud83c"):
        journal.write(event)
    run = replay(journal.events()[0])
    journal.close()
    assert run.command == ("printf", "\ufffd", "é", "🌱", '"\\ud800')
    assert run.name == "n\ufffd"
    assert codec.encode(run.to_json())


def test_a_sample_of_any_length_is_kept(write, story):
    work = {f"layer.{place}.flop": 1e9 for place in range(1000)}
    events = [story.start(), {"t": 1, "c": [10**15] * 400, "work": work}]
    assert list(map(unframe, write(events).read_bytes().splitlines())) == events


def test_no_child_inherits_the_file(tmp_path, story):
    with Journal(str(tmp_path)) as journal:
        journal.write(story.start())
        journal_inode = os.stat(tmp_path / "journal.jsonl").st_ino
        mine = [int(name) for name in os.listdir("/proc/self/fd")]
        held = [fd for fd in mine if _inode(fd) == journal_inode]
        assert held
        assert not any(os.get_inheritable(fd) for fd in held)


def _inode(descriptor):
    try:
        return os.fstat(descriptor).st_ino
    except OSError:  # the descriptor that listed the directory
        return None


def test_a_forked_childs_copy_writes_nothing(tmp_path, story):
    journal = Journal(str(tmp_path))
    journal.write(story.start())
    before = (tmp_path / "journal.jsonl").read_bytes()
    journal._pid += 1  # as a fork would see it
    journal.write(story.sample(0))
    journal.close()
    assert (tmp_path / "journal.jsonl").read_bytes() == before


WRITER = """
import sys
from itertools import count
from brizna.store import Journal
journal = Journal(sys.argv[1])
for t in count():
    journal.write({"t": t, "c": [t]})
    if t % 100 == 0:
        print(t, flush=True)
"""


@pytest.mark.parametrize("lines", [1, 2, 7])
def test_a_killed_writer_has_written_all_that_it_said(tmp_path, lines):
    command = [sys.executable, "-c", WRITER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        said = [int(writer.stdout.readline()) for _ in range(lines)][-1]
        writer.kill()
    events, _ = read_events(str(tmp_path / "journal.jsonl"))
    times = [event["t"] for event in events if "c" in event]
    assert times == list(range(len(times)))
    assert len(times) > said


# ------------------------------------------------------------------------------------ damaged files


def test_a_journal_cut_at_any_byte_tells_all_its_whole_lines(write, story):
    path = write(story.events())
    data = path.read_bytes()
    events = story.events()
    for size in range(len(data) + 1):
        cut = data[:size]
        path.write_bytes(cut)
        read, damaged = read_events(str(path))
        # A line that lacks nothing but its end is whole.
        whole = (cut + b"\n").count(b"\n", 0, size + 1) - (
            0 if data[size : size + 1] == b"\n" else 1
        )
        whole = min(whole if size < len(data) else len(events), len(events))
        told = [event for event in read if event.get("e") not in ("note", "gap", "unseen")]
        assert damaged == (len(told) < len(cut.splitlines()))
        assert len(told) == whole
        if whole:
            run = replay(read)
            assert run.state == ("finished" if whole == len(events) else "interrupted")
            seconds = [event["t"] for event in events[:whole] if "c" in event]
            if len(seconds) > 1 and whole > 3:
                assert joules(run) == pytest.approx(150 * seconds[-1] / SECOND)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_flipped_bit_costs_its_line_and_is_stated(data, write, story):
    path = write(story.events())
    path_bytes = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(path_bytes) - 1))
    path_bytes[place] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(path_bytes)
    read, damaged = read_events(str(path))
    path.unlink()
    assert damaged >= 1
    note = read[-1]
    assert note["e"] == "note"
    assert "damaged or cut short" in note["text"]
    originals = story.events()
    for event in read:
        if event.get("e") in ("gap", "unseen", "note"):
            continue
        if "c" in event:  # the reading of a channel whose line is lost goes with it
            original = next(o for o in originals if "c" in o and o["t"] == event["t"])
            assert set(event["c"]) <= set(original["c"])
        else:
            assert event in originals
    if any(event.get("e") == "start" for event in read):
        assert replay(read).measurement.channels is not None


def test_a_lost_sample_is_a_gap_that_costs_no_energy(write, story):
    path = write(story.events())
    lines = path.read_bytes().splitlines(keepends=True)
    lines[5] = b"x" + lines[5][1:]
    path.write_bytes(b"".join(lines))
    read, damaged = read_events(str(path))
    run = replay(read)
    assert damaged == 1
    assert joules(run) == pytest.approx(750)
    assert [gap.reason for gap in run.measurement.channels[0].gaps] == [
        "damaged journal: 1 line lost"
    ]
    assert run.measurement.channels[0].gaps[0].counted
    assert "1 line of the journal is damaged" in run.notes[-1]


@pytest.mark.parametrize("lost", [0, 1])
def test_a_lost_channel_takes_its_own_readings_along_and_no_others(write, story, lost):
    path = write(story.events())
    lines = path.read_bytes().splitlines(keepends=True)
    del lines[1 + lost]
    path.write_bytes(b"".join(lines))
    run = replay(read_events(str(path))[0])
    kept = story.channels()[1 - lost]
    assert [channel.id for channel in run.measurement.channels] == [kept["id"]]
    assert joules(run) == pytest.approx(250 if lost == 0 else 500)
    assert "damaged" in run.measurement.coverage.not_seen[f"channel {lost + 1}"]


def test_garbage_between_lines_is_left_out(write, story):
    path = write(story.events())
    lines = path.read_bytes().splitlines(keepends=True)
    garbage = [b"\0" * 100 + b"\n", b"\n\n\n", b"deadbeef {}\n", b"00000000 \n", b"[1]\n"]
    sane = b"%08x [1]\n" % zlib.crc32(b"[1]")  # a sound line, but no event
    path.write_bytes(b"".join([*lines[:6], *garbage, sane, *lines[6:]]))
    read, damaged = read_events(str(path))
    assert damaged == 5
    assert joules(replay(read)) == pytest.approx(750)


def test_an_empty_journal_has_no_events(tmp_path):
    path = tmp_path / "journal.jsonl"
    path.touch()
    assert read_events(str(path)) == ([], 0)


def test_a_missing_journal_is_unavailable(tmp_path):
    with pytest.raises(UnavailableError, match="cannot be read"):
        read_events(str(tmp_path / "journal.jsonl"))


# ---------------------------------------------------------------------------------------- full disk


@pytest.mark.parametrize("size", [0, 1, 100, 700, 1000])
def test_a_full_disk_costs_the_copy_not_the_run(tmp_path, story, full_disk, size):
    journal = Journal(str(tmp_path))
    with full_disk(size):
        for event in story.events():
            journal.write(event)
        journal.close()
        assert "File too large" in journal.trouble or "bytes were taken" in journal.trouble
        events, _ = journal.events()
    assert joules(replay(events)) == pytest.approx(750)
    assert replay(events).state == "finished"


def test_a_disk_with_room_again_gets_what_waited(tmp_path, story, full_disk):
    events = story.events()
    with Journal(str(tmp_path)) as journal:
        journal.write(events[0])
        with full_disk(600):
            for event in events[1:8]:
                journal.write(event)
            assert "events could not be written" in journal.trouble
        for event in events[8:]:
            journal.write(event)
        assert journal.trouble is None
    read, damaged = read_events(str(tmp_path / "journal.jsonl"))
    assert damaged == 1  # the torn line, whose event follows whole
    assert [event for event in read if event.get("e") not in ("gap", "note")] == events


def test_a_store_that_cannot_be_written_keeps_the_run_in_memory(tmp_path, story):
    (tmp_path / "file").touch()
    with Journal(str(tmp_path / "file" / "run")) as journal:
        for event in story.events():
            journal.write(event)
    assert "Not a directory" in journal.trouble
    assert journal.events() == (story.events(), 0)


def test_a_journal_without_a_place_keeps_the_run_in_memory(story):
    with Journal(None) as journal:
        for event in story.events():
            journal.write(event)
    assert journal.events() == (story.events(), 0)
    assert "no place" in journal.trouble


def test_a_run_whose_directory_was_removed_can_still_be_told(tmp_path, story):
    directory = tmp_path / "run"
    directory.mkdir()
    with Journal(str(directory)) as journal:
        for event in story.events():
            journal.write(event)
        (directory / "journal.jsonl").unlink()
        directory.rmdir()
        assert journal.events() == (story.events(), 0)


def test_memory_is_bounded_where_nothing_can_be_written(story, monkeypatch):
    monkeypatch.setattr("brizna.store._journal._KEPT_IN_MEMORY", 500)
    journal = Journal(None)
    for event in [story.start(), *story.channels()]:
        journal.write(event)
    for second in range(5000):
        journal.write(story.sample(second))
    events, _ = journal.events()
    assert len(events) < 1200
    assert joules(replay(events)) == pytest.approx(150 * 4999)


# ------------------------------------------------------------------------------------------ syncing


def test_the_disk_is_asked_at_most_once_a_minute_and_at_the_end(tmp_path, story, monkeypatch):
    asked = []
    monkeypatch.setattr("brizna.store._journal._sync", asked.append)
    now = [0.0]
    with Journal(str(tmp_path), clock=lambda: now[0]) as journal:
        for second in range(181):
            now[0] = float(second)
            journal.write(story.sample(second))
            if journal._syncer:
                journal._syncer.join()
        assert len(asked) == 3
    assert len(asked) == 4


def test_the_disk_is_asked_in_another_thread(tmp_path, story, monkeypatch):
    import threading

    threads = []
    monkeypatch.setattr(
        "brizna.store._journal._sync", lambda _: threads.append(threading.current_thread())
    )
    now = [0.0]
    journal = Journal(str(tmp_path), clock=lambda: now[0])
    now[0] = 61.0
    journal.write(story.sample(0))
    journal._syncer.join()
    assert threads != [threading.current_thread()]
    journal.close()


def test_a_disk_that_cannot_promise_is_stated(tmp_path, story, monkeypatch):
    def refuse(_):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("brizna.store._journal._sync", refuse)
    with Journal(str(tmp_path)) as journal:
        journal.write(story.start())
    assert "may not outlive a power loss: Input/output error" in journal.trouble


# -------------------------------------------------------------------------------------------- marks


def test_marks_come_back_in_the_order_of_their_times(tmp_path):
    from brizna.store import read_marks

    (tmp_path / "marks").mkdir()
    append_mark(str(tmp_path), "train", 2 * SECOND)
    append_mark(str(tmp_path), "load", SECOND)
    append_mark(str(tmp_path), "", 3 * SECOND, ends=True)
    assert read_marks(str(tmp_path)) == (
        [
            {"name": "load", "t": SECOND, "ends": False},
            {"name": "train", "t": 2 * SECOND, "ends": False},
            {"name": "", "t": 3 * SECOND, "ends": True},
        ],
        0,
    )


def test_a_run_without_marks_has_none(tmp_path):
    from brizna.store import read_marks

    assert read_marks(str(tmp_path)) == ([], 0)


def test_a_damaged_mark_is_left_out_and_counted(tmp_path):
    from brizna.store import read_marks

    (tmp_path / "marks").mkdir()
    append_mark(str(tmp_path), "train", SECOND)
    with (tmp_path / "marks" / "marks.jsonl").open("ab") as file:
        file.write(b"12345678 {torn\n")
    assert read_marks(str(tmp_path))[1] == 1


def test_a_mark_that_is_too_long_or_has_no_run_is_refused(tmp_path):
    with pytest.raises(InputError, match="shorter name"):
        append_mark(str(tmp_path), "x" * 5000, 0)
    with pytest.raises(InputError, match=r"counts of 500 things .* fewer at a time"):
        append_mark(str(tmp_path), "train", 0, count={f"layer.{n}": 1e9 for n in range(500)})
    with pytest.raises(UnavailableError, match="was not kept"):
        append_mark(str(tmp_path / "nowhere"), "train", 0)


def test_many_writers_of_marks_spoil_no_line(tmp_path):
    from concurrent.futures import ThreadPoolExecutor

    from brizna.store import read_marks

    (tmp_path / "marks").mkdir()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda t: append_mark(str(tmp_path), "x" * 50, t), range(400)))
    marks, damaged = read_marks(str(tmp_path))
    assert damaged == 0
    assert [mark["t"] for mark in marks] == list(range(400))

"""Alive: host, boot, namespace, pid and start time match; from elsewhere, a journal that grows."""

from __future__ import annotations

import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from brizna.store import command_runs, liveness, writer_identity
from brizna.store._alive import process_start

HOST = {"host": "here"}


@pytest.fixture
def proc(tmp_path):
    """Return a function that adds a process to a small /proc, and the root of it."""
    (tmp_path / "sys/kernel/random").mkdir(parents=True)
    (tmp_path / "sys/kernel/random/boot_id").write_text("boot-1\n")
    (tmp_path / "self/ns").mkdir(parents=True)
    (tmp_path / "self/ns/pid").symlink_to("pid:[4026531836]")

    def add(pid, *, start=500, state="S", name="python"):
        (tmp_path / str(pid)).mkdir(exist_ok=True)
        rest = " ".join(["0"] * 18)
        (tmp_path / str(pid) / "stat").write_text(f"{pid} ({name}) {state} {rest} {start} 0 0\n")

    add(1, start=0)
    add.root = str(tmp_path)
    return add


def writer(**fields):
    known = {"host": "here", "boot": "boot-1", "ns": "pid:[4026531836]", "pid": 42, "start": 500}
    return {**known, **fields}


def state(proc, who, *, silent_s=0.0, interval_s=1.0):
    return liveness(who, silent_s=silent_s, interval_s=interval_s, proc_root=proc.root, **HOST)


def test_this_process_is_alive():
    assert liveness(writer_identity(), silent_s=1e6, interval_s=1.0) == "alive"


def test_a_process_that_has_ended_is_dead():
    tell = "from brizna.store import writer_identity; print(writer_identity())"
    said = subprocess.run([sys.executable, "-c", tell], capture_output=True, text=True, check=True)
    who = eval(said.stdout)  # noqa: S307  (our own words)
    assert liveness(who, silent_s=0.0, interval_s=1.0) == "dead"


def test_a_writers_identity_spells_out_no_host():
    assert os.uname().nodename not in str(writer_identity())


def test_a_living_writer_is_alive_however_silent(proc):
    proc(42)
    assert state(proc, writer(), silent_s=1e6) == "alive"


@pytest.mark.parametrize("name", ["a) S 1 2 (b", "x y", ")", "\n"])
def test_no_process_name_confuses_the_start_time(proc, name):
    proc(42, name=name)
    assert process_start(42, proc_root=proc.root) == 500


def test_a_pid_that_was_given_out_again_is_not_the_writer(proc):
    proc(42, start=501)
    assert state(proc, writer()) == "dead"


@pytest.mark.parametrize("remains", ["Z", "X"])
def test_what_remains_of_a_process_does_not_write(proc, remains):
    proc(42, state=remains)
    assert state(proc, writer()) == "dead"


def test_a_stopped_writer_is_alive(proc):
    proc(42, state="T")
    assert state(proc, writer(), silent_s=1e6) == "alive"


@pytest.mark.parametrize("elsewhere", [{"host": "there"}, {"ns": "pid:[1]"}])
@pytest.mark.parametrize(
    ("silent_s", "interval_s", "expected"),
    [
        (-5, 1, "alive"),
        (59, 1, "alive"),
        (61, 1, "silent"),
        (290, 100, "alive"),
        (301, 100, "silent"),
    ],
)
def test_from_elsewhere_a_growing_journal_is_alive(proc, elsewhere, silent_s, interval_s, expected):
    who = writer(**elsewhere)
    assert state(proc, who, silent_s=silent_s, interval_s=interval_s) == expected


def test_a_writer_from_before_the_reboot_is_dead_once_silent(proc):
    proc(42)
    assert state(proc, writer(boot="boot-0"), silent_s=61) == "dead"
    assert state(proc, writer(boot="boot-0"), silent_s=1) == "alive"  # or a host of the same name


def test_a_process_that_the_system_hides_counts_by_its_journal(proc, tmp_path):
    (tmp_path / "1/stat").unlink()
    (tmp_path / "1").rmdir()
    assert state(proc, writer(), silent_s=1) == "alive"
    assert state(proc, writer(), silent_s=61) == "silent"


def test_a_writer_whose_start_is_unknown_counts_by_its_journal(proc):
    proc(42)
    assert state(proc, writer(start=None), silent_s=61) == "silent"
    assert state(proc, writer(start=None, pid=43), silent_s=1) == "dead"


@pytest.mark.parametrize(("start_ticks", "expected"), [(700, True), (699, False), (None, None)])
def test_the_command_runs_if_pid_and_start_match(proc, start_ticks, expected):
    proc(43, start=700)
    child = {"pid": 43, "start_ticks": start_ticks}
    assert command_runs(child, writer(), proc_root=proc.root, **HOST) is expected


def test_a_command_that_is_gone_does_not_run(proc):
    child = {"pid": 43, "start_ticks": None}
    assert command_runs(child, writer(), proc_root=proc.root, **HOST) is False


def test_a_command_elsewhere_cannot_be_known_but_for_a_reboot(proc):
    child = {"pid": 1, "start_ticks": 0}
    assert command_runs(child, writer(host="there"), proc_root=proc.root, **HOST) is None
    assert command_runs(child, writer(boot="boot-0"), proc_root=proc.root, **HOST) is False


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (0.5, "alive"),
        (0.501, "dead"),
        (LookupError, "dead"),  # stands for psutil.NoSuchProcess
        ("zombie", "dead"),
        (PermissionError, "silent"),  # stands for psutil.AccessDenied
    ],
)
def test_without_proc_the_start_time_comes_from_psutil(tmp_path, monkeypatch, seen, expected):
    def process(_):
        if isinstance(seen, type):
            raise seen
        status = "zombie" if seen == "zombie" else "running"
        return SimpleNamespace(status=lambda: status, create_time=lambda: seen)

    fake = SimpleNamespace(
        Process=process,
        STATUS_ZOMBIE="zombie",
        NoSuchProcess=LookupError,
        AccessDenied=PermissionError,
    )
    monkeypatch.setitem(sys.modules, "psutil", fake)
    who = writer(boot=None, ns=None)
    assert liveness(who, silent_s=61, interval_s=1.0, proc_root=str(tmp_path), **HOST) == expected

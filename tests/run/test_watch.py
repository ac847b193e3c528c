"""Others whose use is watched: found by the names of their groups, never counted twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from brizna.core.errors import InputError, UnavailableError
from brizna.run import Roots, Users, check_disjoint, watch
from brizna.run._memory import Memory
from brizna.run._watch import TreeUse

V2 = "36 25 0:31 / {point}/unified rw - cgroup2 cgroup2 rw\n"
V1 = "3{n} 25 0:30 / {point}/{name} rw - cgroup cgroup rw,{name}\n"
ID = "4f5e2a91c0de" + "0" * 52


class Machine:
    """Control groups of both versions, as plain files."""

    def __init__(self, folder):
        self.proc = folder / "proc"
        self.point = folder / "cgroup"
        (self.proc / "self").mkdir(parents=True)
        (self.proc / "self/mountinfo").write_text(
            V2.format(point=self.point)
            + V1.format(n=7, point=self.point, name="cpuacct")
            + V1.format(n=8, point=self.point, name="memory")
        )
        (self.proc / "self/cgroup").write_text("2:cpuacct:/user\n0::/user/me\n")
        for name in ("unified", "cpuacct", "memory"):
            (self.point / name).mkdir(parents=True)

    def group(self, path, *, used_us=0, pids=(), version=2):
        place = self.point / ("unified" if version == 2 else "cpuacct") / path
        place.mkdir(parents=True)
        (place / "cgroup.procs").write_text("\n".join(map(str, pids)))
        if version == 2:
            (place / "cpu.stat").write_text(f"usage_usec {used_us}\nuser_usec 0\n")
        else:
            (place / "cpuacct.usage").write_text(f"{used_us * 1000}\n")
        return place

    def watch(self, spec):
        return watch(spec, roots=self.roots)

    @property
    def roots(self):
        return Roots(proc_root=str(self.proc), cgroup_root=str(self.point))


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


@pytest.mark.parametrize("version", [1, 2])
def test_a_control_group_is_watched_by_its_path(machine, version):
    machine.group("system.slice/db.service", used_us=1234, pids=[5, 7], version=version)
    user = machine.watch("cgroup:/system.slice/db.service")
    assert (user.id, user.kind) == ("cgroup:/system.slice/db.service", "cgroup")
    assert (user.used_us(), user.living()) == (1234, (5, 7))
    assert user.method == ("cgroup" if version == 2 else "cgroup-v1")
    user.close()


@pytest.mark.parametrize(
    ("path", "version"),
    [
        (f"system.slice/docker-{ID}.scope", 2),
        (f"docker/{ID}", 1),
        (f"machine.slice/libpod-{ID}.scope", 2),
        (f"kubepods.slice/kubepods-pod1.slice/cri-containerd-{ID}.scope", 2),
        (f"kubepods/burstable/pod8a-1/{ID}", 1),
        (f"kubepods.slice/crio-{ID}.scope", 2),
    ],
)
def test_a_container_is_found_by_the_beginning_of_its_id(machine, path, version):
    place = machine.group(path, used_us=99, pids=[5], version=version)
    machine.group(path.replace("4f5e", "77aa"), pids=[6], version=version)
    (place / "init.scope").mkdir()
    user = machine.watch("container:4f5e2a91")
    assert user.used_us() == 99
    user.close()


def test_what_an_engine_runs_beside_a_container_is_not_the_container(machine):
    machine.group(f"machine.slice/libpod-conmon-{ID}.scope", pids=[5])
    with pytest.raises(UnavailableError, match="No control group"):
        machine.watch("container:4f5e2a91")


def test_too_short_a_beginning_of_an_id_is_refused_where_it_means_several(machine):
    machine.group(f"docker/{ID}")
    machine.group(f"docker/{ID[:-1]}1")
    with pytest.raises(InputError, match="beginning of 2 containers"):
        machine.watch("container:4f5e2a")


@pytest.mark.parametrize(
    ("path", "version"),
    [("system.slice/slurmstepd.scope/job_77", 2), ("slurm/uid_1000/job_77", 1)],
)
def test_a_job_of_slurm_is_found_by_its_number(machine, path, version):
    machine.group(f"{path}/step_0", used_us=5, pids=[5], version=version)
    machine.group("other/job_77", version=version)
    file = machine.point / ("unified" if version == 2 else "cpuacct") / path
    name, text = ("cpu.stat", "usage_usec 50\n") if version == 2 else ("cpuacct.usage", "50000\n")
    (file / name).write_text(text)
    user = machine.watch("slurm:77")
    assert (user.used_us(), user.living()) == (50, (5,))
    user.close()


def test_the_hierarchy_in_which_the_processes_are_counts(machine):
    machine.group("a", used_us=1)
    machine.group("a", used_us=2, pids=[5], version=1)
    user = machine.watch("cgroup:a")
    assert user.used_us() == 2
    user.close()


def test_a_group_that_vanishes_keeps_its_last_count_and_says_so(machine):
    place = machine.group("a", used_us=500, pids=[5])
    user = machine.watch("cgroup:/a")
    assert (user.used_us(), user.why) == (500, None)
    (place / "cpu.stat").write_text("")
    assert user.used_us() == 500
    users = Users(members=lambda: (), watched=[user], roots=machine.roots)
    (note,) = users.notes()
    assert note.startswith("cgroup:/a is a lower bound: it ended")
    users.close()


def test_who_contains_the_run_itself_is_refused(machine):
    machine.group("user/me", pids=[os.getpid()])
    for path in ("/", "/user", "/user/me", "/./", "//.", "/user/./", "user//me/."):
        with pytest.raises(InputError, match="contains this run itself"):
            machine.watch(f"cgroup:{path}")
    for pid in (os.getpid(), os.getppid()):
        with pytest.raises(InputError, match="contains this run itself"):
            watch(f"pid:{pid}", roots=Roots())


@pytest.mark.parametrize("path", ["/..", "/../..", "/../cpuacct", "/a/../../cpuacct", "a/.."])
def test_a_path_that_goes_up_is_refused(machine, path):
    machine.group("a", pids=[5])
    with pytest.raises(InputError, match="goes up"):
        machine.watch(f"cgroup:{path}")


def test_one_group_has_one_counter_however_its_path_is_written(machine):
    machine.group("a/b", used_us=7, pids=[5])
    user = machine.watch("cgroup:/./a//b/")
    assert (user.used_us(), user.living()) == (7, (5,))
    with pytest.raises(InputError, match="share processes"):
        check_disjoint([user, machine.watch("cgroup:a/b")])
    user.close()


def test_users_that_share_processes_are_refused(machine):
    machine.group("a/b", pids=[5])
    machine.group("c", pids=[5])
    for one, other in (("a", "a/b"), ("a/b", "a"), ("a", "c")):
        watched = [machine.watch(f"cgroup:{path}") for path in (one, other)]
        with pytest.raises(InputError, match="share processes"):
            check_disjoint(watched)
    check_disjoint([machine.watch("cgroup:a")])


_NOBODY = ["db", "cgroup:", "pid:abc", "file:/a", "container"]
_NO_NUMBER = ["pid:0", "pid:00", "pid:-1", "pid:٣", "pid:²", "pid:" + "9" * 5000]


@pytest.mark.parametrize("spec", [*_NOBODY, *_NO_NUMBER])
def test_what_names_nobody_is_refused(spec):
    with pytest.raises(InputError, match="names n"):
        watch(spec, roots=Roots())


@pytest.mark.parametrize("spec", ["pid:999999999", "slurm:77", f"container:{ID}", "cgroup:/none"])
def test_who_is_not_there_is_unavailable(machine, spec):
    with pytest.raises(UnavailableError):
        machine.watch(spec)


def test_memory_of_a_group_leaves_out_the_cache_of_files(machine):
    place = machine.group("a", pids=[5])
    user = machine.watch("cgroup:a")
    assert user.resident_bytes() is None
    (place / "memory.stat").write_text("anon 4096\nfile 900000\nshmem 8192\n")
    assert user.resident_bytes() == 12288
    user.close()
    machine.group("b", pids=[5], version=1)
    (machine.point / "memory/b").mkdir()
    (machine.point / "memory/b/memory.stat").write_text("cache 9\ntotal_rss 100\ntotal_shmem 20\n")
    user = machine.watch("cgroup:b")
    assert user.resident_bytes() == 120
    user.close()


def test_memory_is_the_proportional_set_and_else_the_resident_set(tmp_path):
    for pid, pss in ((5, "Pss:  100 kB\n"), (6, None)):
        (tmp_path / str(pid)).mkdir()
        (tmp_path / f"{pid}/statm").write_text("900 10 5 1 0 7 0")
        if pss:
            (tmp_path / f"{pid}/smaps_rollup").write_text(f"0-f ---p [rollup]\nRss: 900 kB\n{pss}")
    (tmp_path / "meminfo").write_text("MemTotal: 100 kB\nMemFree: 1 kB\nMemAvailable: 30 kB\n")
    memory = Memory(Roots(proc_root=str(tmp_path)))
    assert (memory.resident_bytes([5, 999]), memory.method) == (102400, "pss")
    page = os.sysconf("SC_PAGESIZE")
    assert (memory.resident_bytes([5, 6]), memory.method) == (102400 + 10 * page, "rss")
    assert memory.machine_bytes() == 70 * 1024
    assert memory.resident_bytes([999]) is None


BURN = """
import os, sys, time
def burn(s):
    t = time.process_time()
    while time.process_time() - t < s: pass
burn(0.2)
if os.fork() == 0:
    burn(0.2)
    os._exit(0)
os.wait()
print("done", flush=True)
sys.stdin.read()
"""


def test_a_foreign_process_is_watched_with_what_it_started():
    command = [sys.executable, "-I", "-S", "-c", BURN]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()
            user = TreeUse("pid", process.pid, Roots())
            used_us = user.used_us(at_any_cost=True) or 0
            assert 380_000 <= used_us <= 600_000
            assert user.living() == (process.pid,)
            assert "not handed to us" in (user.why or "")
        finally:
            process.send_signal(signal.SIGKILL)


def test_samples_tell_users_in_one_order_and_memory_at_growing_distances(machine):
    machine.group("a", used_us=7, pids=[os.getpid()])
    user = machine.watch("cgroup:a")
    users = Users(members=lambda: [os.getpid()], watched=[user], roots=Roots())
    assert users.event("tree")["users"] == [
        {"id": "run", "kind": "tree"},
        {"id": "cgroup:a", "kind": "cgroup"},
    ]
    first = users.beside(0, 100)
    assert first == {"cpu": [0, 7, 100]}
    second = users.beside(5, None)
    assert second["cpu"] == [5, 7, None]
    own, watched, machine_bytes = second["mem"]
    assert 0 < own == pytest.approx(watched, rel=0.2)
    assert machine_bytes > own
    assert "mem" not in users.beside(6, 120)
    assert users.describe() == {"watched": {"cgroup:a": "cgroup"}}
    users.close()


def test_a_run_that_moves_into_a_watched_group_is_said_to_count_twice(machine):
    place = machine.group("a", used_us=0)
    living = [41]
    users = Users(members=lambda: living, watched=[machine.watch("cgroup:/a")], roots=machine.roots)
    users.beside(0, 0)
    (place / "cgroup.procs").write_text("41\n")
    users.beside(500_000, 1_000_000)
    living.clear()  # the command has been reaped
    users.beside(900_000, 2_000_000, last=True)
    (note,) = users.notes()
    assert note.startswith("cgroup:/a had processes of this run: ")
    users.close()


@pytest.mark.parametrize(("busy_us", "is_said"), [(2_050_000, True), (4_000_000, False)])
def test_users_that_use_more_than_the_machine_are_said_to_count_twice(machine, busy_us, is_said):
    place = machine.group("a", used_us=7_000_000, pids=[5])
    users = Users(members=lambda: (), watched=[machine.watch("cgroup:/a")], roots=machine.roots)
    users.beside(0, 0)
    (place / "cpu.stat").write_text("usage_usec 9010000\n")
    users.beside(2_010_000, busy_us, last=True)
    assert [note.startswith("This run and those watched") for note in users.notes()] == [
        True
    ] * is_said
    users.close()


def test_a_part_of_a_process_has_its_share_of_memory_and_devices():
    class Devices:
        untold: dict[str, str] = {}
        methods = {"GPU-1": "process-utilization"}
        row = [0, 0]

        def read(self, t_us, users):
            assert (t_us > 0, users) == (True, [(os.getpid(),)])
            return {"GPU-1": list(self.row)}

        def close(self):
            pass

    devices = Devices()
    users = Users(members=lambda: (os.getpid(),), devices=devices)
    assert users.beside(0, 0, share=0.5)["gpu"] == {"GPU-1": [0, 0]}
    devices.row = [1000, 1500]
    assert users.beside(0, 0, last=True, share=0.5)["gpu"] == {"GPU-1": [500, 1500]}
    devices.row = [1100, 1600]
    whole = users.beside(0, 0, last=True)
    assert whole["gpu"] == {"GPU-1": [600, 1600]}
    assert users.describe() == {"gpu": {"GPU-1": "process-utilization"}}


def test_who_is_dear_to_look_at_is_known_at_the_first_and_the_last_sample():
    command = [sys.executable, "-I", "-S", "-c", "input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        user = watch(f"pid:{process.pid}", roots=Roots())
        users = Users(members=lambda: (), watched=[user])
        assert users.beside(0, 0)["cpu"][1] is not None
        assert users.beside(0, 0)["cpu"][1] is None, "not again so soon"
        assert users.beside(0, 0, last=True)["cpu"][1] is not None
        process.communicate(b"\n")

"""A control group of the command's own: found, refused, left, cleaned up."""

from __future__ import annotations

import os

import pytest

from brizna.run import Roots
from brizna.run._cgroup import CgroupTime, GroupCounter, open_cgroup
from brizna.run._hierarchy import hierarchies, own_group

MOUNT = "36 25 0:31 {root} {point} rw,nosuid - cgroup2 cgroup2 rw\n"
V1_MOUNT = "35 25 0:30 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"


class Machine:
    """Fake procfs and cgroup file systems, as plain files."""

    def __init__(self, folder):
        self.proc = folder / "proc"
        self.point = folder / "cgroup"
        (self.proc / "self").mkdir(parents=True)
        (self.proc / str(os.getpid())).mkdir()
        self.mount()

    def mount(self, *, root="/", point=None, line=None):
        text = line or MOUNT.format(root=root, point=point or self.point)
        (self.proc / "self" / "mountinfo").write_text(V1_MOUNT + text)

    def belong(self, path, *, below="", controllers="", pids=None):
        """Put this process into a group, seen below another directory of the mount."""
        (self.proc / "self" / "cgroup").write_text(f"4:memory:/elsewhere\n0::{path}\n")
        own = self.point / below.lstrip("/")
        own.mkdir(parents=True, exist_ok=True)
        (own / "cgroup.procs").write_text(f"1\n{os.getpid() if pids is None else pids}\n")
        (own / "cgroup.subtree_control").write_text(controllers)
        return own

    @property
    def roots(self):
        return Roots(proc_root=str(self.proc), cgroup_root=str(self.point))


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


def found(machine):
    """Return the group of this process in the first hierarchy; None if it is not shown."""
    places = hierarchies(machine.roots)
    return own_group(places[0], roots=machine.roots) if places else None


def test_the_own_group_is_found_below_the_mount(machine):
    own = machine.belong("/user.slice/app", below="/user.slice/app")
    assert found(machine) == str(own)


def test_a_mount_of_a_part_of_the_hierarchy_is_understood(machine):
    machine.mount(root="/docker/abc")
    own = machine.belong("/docker/abc/inner", below="/inner")
    assert found(machine) == str(own)


def test_a_mount_point_with_blanks_is_understood(tmp_path):
    machine = Machine(tmp_path)
    machine.point = tmp_path / "a b\\c"
    machine.mount(point=str(machine.point).replace("\\", "\\134").replace(" ", "\\040"))
    own = machine.belong("/", below="/")
    assert found(machine) == str(own)


def test_a_path_that_names_another_namespaces_group_is_not_ours(machine):
    machine.belong("/", below="/", pids=2)
    assert found(machine) is None


def test_a_mount_above_our_namespace_is_not_ours(machine):
    machine.mount(root="/../..")
    machine.belong("/", below="/")
    assert found(machine) is None


def test_a_mount_outside_the_root_asked_for_is_left_out(machine):
    machine.belong("/", below="/")
    roots = Roots(proc_root=str(machine.proc), cgroup_root=str(machine.point / "other"))
    assert hierarchies(roots) == []
    assert open_cgroup(os.getpid(), roots=roots) is None


def belong_v1(machine, controllers):
    """Mount version 1 alone, and put this process into a group of it."""
    line = f"35 25 0:30 / {machine.point} rw - cgroup cgroup rw,{controllers}\n"
    machine.mount(line=line)
    own = machine.belong("/", below="/job")
    (machine.proc / "self" / "cgroup").write_text(f"4:memory:/else\n2:{controllers}:/job\n")
    return own


def test_a_group_of_version_1_is_found_where_it_only_counts(machine):
    own = belong_v1(machine, "cpuacct")
    assert found(machine) == str(own)
    (hierarchy,) = hierarchies(machine.roots)
    assert (hierarchy.version, hierarchy.controllers) == (1, ("rw", "cpuacct"))


def test_no_group_of_version_1_is_made_where_it_also_shares_out_processors(machine):
    own = belong_v1(machine, "cpu,cpuacct")
    assert open_cgroup(os.getpid(), roots=machine.roots) is None
    assert not [name for name in os.listdir(own) if name.startswith("brizna")]


def test_nanoseconds_of_version_1_are_microseconds_here(tmp_path):
    (tmp_path / "cpuacct.usage").write_text("7341784295176\n")
    counter = GroupCounter(str(tmp_path), 1)
    assert counter.read_us() == 7_341_784_295
    counter.close()


def test_without_a_group_of_version_2_there_is_none(machine):
    (machine.proc / "self" / "cgroup").write_text("4:memory:/elsewhere\n")
    assert open_cgroup(os.getpid(), roots=machine.roots) is None


def test_no_group_is_made_where_it_would_change_the_schedule(machine):
    own = machine.belong("/", below="/", controllers="cpuset cpu memory\n")
    assert open_cgroup(os.getpid(), roots=machine.roots) is None
    assert not [name for name in os.listdir(own) if name.startswith("brizna")]


def test_a_group_that_cannot_be_read_is_not_left_behind(machine):
    own = machine.belong("/", below="/", controllers="cpuset memory\n")
    assert open_cgroup(os.getpid(), roots=machine.roots) is None
    assert not [name for name in os.listdir(own) if name.startswith("brizna")]


def test_groups_of_the_dead_are_swept_and_those_of_the_living_stay(machine):
    own = machine.belong("/", below="/")
    for name in ("brizna-1/inner", "brizna-2", "brizna-999999999", "other"):
        (own / name).mkdir(parents=True)
    (machine.proc / "2").mkdir()
    open_cgroup(os.getpid(), roots=machine.roots)
    left = {name for name in os.listdir(own) if (own / name).is_dir()}
    assert left == {"brizna-2", "other"}


class FakeGroup(CgroupTime):
    """A group whose kernel files are written by the test."""

    def __init__(self, directory, pid):
        made = directory.with_name("made")
        made.mkdir()
        made.joinpath("cgroup.procs").touch()
        made.joinpath("cpu.stat").write_text("usage_usec 0\n")
        self.files = made
        original, os.mkdir = os.mkdir, lambda _: None
        try:
            super().__init__(str(made), pid)
        finally:
            os.mkdir = original

    def use(self, used_us):
        (self.files / "cpu.stat").write_text(f"usage_usec {used_us}\nuser_usec 1\n")


@pytest.fixture
def group(tmp_path):
    made = FakeGroup(tmp_path / "group", 123)
    yield made
    made.close()


def test_the_process_is_moved_in(group):
    assert (group.files / "cgroup.procs").read_text() == "123"
    assert group.living() == (123,)


def test_time_is_read_from_the_group(group):
    group.use(1_234_567)
    assert group.now_us() == 1_234_567
    group.reaped(123, 1_234_000)
    group.reaped(99, 99_000_000)
    assert group.total_us() == 1_234_567
    assert group.why is None


def test_processes_that_left_make_a_lower_bound(group):
    group.use(1_000_000)
    group.reaped(123, 3_000_000)
    assert group.total_us() == 3_000_000
    assert "left" in (group.why or "")


def test_a_group_that_is_taken_away_leaves_the_last_time(group):
    group.use(500)
    assert group.now_us() == 500
    (group.files / "cpu.stat").write_text("usage")
    assert group.now_us() is None
    assert group.total_us() == 500


def test_a_command_that_is_started_again_counts_in_the_same_group(group):
    group.use(5_000_000)
    group.reaped(123, 3_000_000)
    group.join(200)
    group.reaped(200, 2_000_000)
    assert (group.total_us(), group.why) == (5_000_000, None)


def test_a_command_that_cannot_join_the_group_again_leaves_a_lower_bound(group):
    (group.files / "cgroup.procs").unlink()
    group.join(200)
    assert "could not join" in group.why

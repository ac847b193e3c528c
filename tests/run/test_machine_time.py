"""The busy time of the machine, from whatever of its kernel tells it best."""

from __future__ import annotations

import os

import pytest

from brizna.run import Roots
from brizna.run._busy import MachineTime
from brizna.run._descendants import ancestors

TICK_US = 1_000_000 // os.sysconf("SC_CLK_TCK")
NONE = "/nonexistent"


class Kernel:
    """Files like those in which the kernel counts what its processors do."""

    def __init__(self, folder):
        self.folder = folder

    def stat(self, user=0, *, idle=0, iowait=0, irq=0, steal=0):
        """Write clock ticks; in place, as a reader holds the file open."""
        text = f"cpu  {user} 0 0 {idle} {iowait} {irq} 0 {steal} 0 0\ncpu0 1 1 1\nintr 5\n"
        (self.folder / "stat").write_text(text)

    def schedstat(self, *ran_ns):
        """Write how long tasks ran on each processor."""
        lines = [f"cpu{n} 0 0 0 0 0 0 {ns} 77 9\ndomain0 3 0 0" for n, ns in enumerate(ran_ns)]
        (self.folder / "schedstat").write_text("version 17\ntimestamp 4\n" + "\n".join(lines))

    def cpuacct(self, used_ns, *, is_topmost):
        """Mount a hierarchy of version 1 that counts processor time."""
        point = self.folder / "cpuacct"
        (self.folder / "proc/self").mkdir(parents=True)
        line = f"35 25 0:30 / {point} rw - cgroup cgroup rw,cpuacct\n"
        (self.folder / "proc/self/mountinfo").write_text(line)
        point.mkdir()
        (point / "cpuacct.usage").write_text(f"{used_ns}\n")
        if is_topmost:
            (point / "release_agent").touch()

    def open(self):
        return MachineTime(
            Roots(
                proc_root=str(self.folder / "proc"),
                cgroup_root=str(self.folder),
                stat_file=str(self.folder / "stat"),
            )
        )


@pytest.fixture
def kernel(tmp_path):
    return Kernel(tmp_path)


def busy_us(machine):
    return machine.busy_us(at_any_cost=True)


def test_idle_waiting_and_stolen_time_is_not_busy(kernel):
    kernel.stat(100, idle=900, iowait=50, irq=7, steal=300)
    machine = kernel.open()
    assert machine.source == "stat"
    assert busy_us(machine) == 107 * TICK_US
    machine.close()


def test_the_topmost_group_counts_to_the_nanosecond(kernel):
    kernel.stat(100)
    kernel.cpuacct(1_234_567_890, is_topmost=True)
    machine = kernel.open()
    assert machine.source == "cpuacct"
    assert busy_us(machine) == 1_234_567
    machine.close()


def test_a_containers_own_group_is_not_the_machine(kernel):
    kernel.stat(100)
    kernel.cpuacct(1_234_567_890, is_topmost=False)
    machine = kernel.open()
    assert machine.source == "stat"
    machine.close()


def mount_v2(kernel, text):
    point = kernel.folder / "unified"
    (kernel.folder / "proc/self").mkdir(parents=True)
    line = f"35 25 0:30 / {point} rw - cgroup2 cgroup2 rw\n"
    (kernel.folder / "proc/self/mountinfo").write_text(line)
    point.mkdir()
    (point / "cpu.stat").write_text(text)
    return point


def test_the_topmost_group_of_version_2_is_read_without_what_was_stolen(kernel):
    kernel.stat(100)
    point = mount_v2(kernel, "usage_usec 990\nuser_usec 700\nsystem_usec 80\nnice_usec 5\n")
    machine = kernel.open()
    assert (machine.source, busy_us(machine)) == ("cgroup", 780)
    machine.close()
    (point / "cgroup.events").touch()
    machine = kernel.open()
    assert machine.source == "stat", "that is a container's group"
    machine.close()


def test_a_schedstat_of_a_large_machine_is_left_alone(kernel):
    kernel.stat(100)
    kernel.schedstat(*[10**12] * 500)
    machine = kernel.open()
    assert machine.source == "stat"
    machine.close()


def test_what_is_shorter_than_a_tick_is_known_from_schedstat(kernel):
    kernel.stat(100)
    kernel.schedstat(10**9, 2 * 10**9)
    machine = kernel.open()
    assert machine.source == "stat+schedstat"
    first = busy_us(machine)
    kernel.schedstat(10**9 + 5_000_000, 2 * 10**9 + 7_000_000)  # no tick saw any of it
    assert busy_us(machine) - first == 12_000
    machine.close()


def test_what_schedstat_has_not_seen_end_is_known_from_ticks(kernel):
    kernel.stat(100)
    kernel.schedstat(10**9)
    machine = kernel.open()
    first = busy_us(machine)
    kernel.stat(150)
    assert busy_us(machine) - first == 50 * TICK_US
    kernel.schedstat(10**9 + 600_000_000)
    assert busy_us(machine) - first == 600_000
    machine.close()


def test_time_stolen_meanwhile_is_taken_off_schedstat(kernel):
    kernel.stat(100, steal=10)
    kernel.schedstat(10**9)
    machine = kernel.open()
    first = busy_us(machine)
    kernel.stat(100, steal=30)
    kernel.schedstat(10**9 + 500_000_000)
    assert busy_us(machine) - first == 500_000 - 20 * TICK_US
    machine.close()


def test_what_cannot_be_read_is_unknown_and_never_nothing(kernel):
    machine = kernel.open()
    assert (machine.source, busy_us(machine)) == (None, None)
    kernel.stat(1)
    machine = kernel.open()
    (kernel.folder / "stat").write_text("")
    assert busy_us(machine) is None
    machine.close()


def test_the_processes_above_this_one_are_told_from_the_parent_up():
    above = ancestors("/proc")
    assert above[0][0] == os.getppid()
    assert all(start >= 0 for _, start in above)
    assert ancestors(NONE) == []

"""What containers, pods and jobs are limited to, as their control groups tell it."""

from __future__ import annotations

import pytest

from brizna.meter._discover import open_cpu_model
from brizna.meter._host import count_processors, find_cpu_limit
from brizna.testing import FakeMachine

POD = "kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1.slice"
CONTAINER = f"{POD}/cri-containerd-abc.scope"


@pytest.fixture
def machine(tmp_path, rig):
    made = FakeMachine(tmp_path, rig.clock, threads=8)
    (tmp_path / "proc/self/cgroup").write_text(f"0::/{CONTAINER}\n")
    return made


@pytest.fixture
def group(tmp_path, machine):  # noqa: ARG001 - the machine makes the folders
    """Return a function that writes a file of a control group."""

    def write(path, name, text):
        folder = tmp_path / "sys/fs/cgroup" / path
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"{text}\n")
        return str(folder)

    return write


@pytest.mark.parametrize(
    ("text", "count"),
    [("0-3", 4), ("0-3,8", 5), ("7", 1), ("0-1,4-5,9\n", 5), ("", 0), (None, 0), ("all", 0)],
)
def test_a_list_of_processors_is_counted(text, count):
    assert count_processors(text) == count


def test_the_pods_limit_binds_its_containers(machine, group):
    pod = group(POD, "cpu.max", "200000 100000")
    group(CONTAINER, "cpu.max", "max 100000")
    limit = find_cpu_limit(machine.roots)
    assert (limit.cpus, limit.usage_file) == (2.0, f"{pod}/cpu.stat")


def test_of_pod_and_container_the_tighter_limit_counts(machine, group):
    group(POD, "cpu.max", "400000 100000")
    container = group(CONTAINER, "cpu.max", "100000 100000")
    limit = find_cpu_limit(machine.roots)
    assert (limit.cpus, limit.usage_file) == (1.0, f"{container}/cpu.stat")


def test_requests_without_limits_bound_nothing(machine, group):
    group(CONTAINER, "cpu.weight", "79")
    group(CONTAINER, "cpu.max", "max 100000")
    assert find_cpu_limit(machine.roots) is None
    assert open_cpu_model(machine.roots, machine="m").channels()[0].scope == "machine"


def test_a_set_of_processors_is_a_limit_of_the_outermost_group_that_has_it(machine, group):
    group("", "cpuset.cpus.effective", "0-7")
    group("kubepods.slice", "cpuset.cpus.effective", "0-7")
    pod = group(POD, "cpuset.cpus.effective", "2-4")
    group(CONTAINER, "cpuset.cpus.effective", "2-4")
    limit = find_cpu_limit(machine.roots)
    assert (limit.cpus, limit.usage_file) == (3, f"{pod}/cpu.stat")


def test_the_tighter_of_a_quota_and_a_set_counts(machine, group):
    group(CONTAINER, "cpuset.cpus.effective", "2-4")
    group(CONTAINER, "cpu.max", "150000 100000")
    assert find_cpu_limit(machine.roots).cpus == 1.5


@pytest.mark.parametrize("name", ["cpuset.effective_cpus", "cpuset.cpus"])
def test_a_set_of_processors_of_version_1_is_counted_by_its_own_hierarchy(
    name, machine, group, tmp_path
):
    (tmp_path / "proc/self/cgroup").write_text("3:cpuset:/docker/abc\n4:cpu,cpuacct:/docker/abc\n")
    group("cpuset", name, "0-7")
    group("cpuset/docker/abc", name, "0,1")
    group("cpuacct/docker/abc", "cpuacct.usage", "0")
    limit = find_cpu_limit(machine.roots)
    assert (limit.cpus, limit.usage_us) == (2, 1e-3)
    assert limit.usage_file.endswith("cpuacct/docker/abc/cpuacct.usage")


def test_a_container_on_its_own_processors_is_modelled_by_its_own_load(machine, group, rig):
    group(CONTAINER, "cpuset.cpus.effective", "0-1")
    group(CONTAINER, "cpu.stat", "usage_usec 0")
    meter = open_cpu_model(machine.roots, machine="m")
    assert meter.channels()[0].scope == "container"
    machine.work(1.0)  # the neighbours
    rig.start([meter])
    rig.tick(10)
    idle_j = rig.run().measurement.energy_j.best.value
    whole = open_cpu_model(machine.roots.replace(cgroup="/none"), machine="m")
    rig.events.clear()
    rig.start([whole])
    rig.tick(10)
    assert idle_j < rig.run().measurement.energy_j.best.value / 4


def test_a_set_of_all_processors_is_no_limit(machine, group):
    group(CONTAINER, "cpuset.cpus.effective", "0-7")
    assert open_cpu_model(machine.roots, machine="m").channels()[0].scope == "machine"

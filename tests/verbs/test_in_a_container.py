"""A run in a container with limits: the models cover the container, and so do the shares."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from brizna.core.estimate import total
from brizna.meter import open_container_use, open_meters
from brizna.run import Roots, Users
from brizna.store import Store
from brizna.testing import FakeClock, FakeMachine
from brizna.verbs._recorder import Job, Recorder
from brizna.verbs._settings import read_settings

SECOND = 1_000_000
GIB = 2**30


class Container:
    """A run in a container of two processors and four gibibytes, beside others on four."""

    def __init__(self, folder: Path, store: Path, *, is_version_1: bool) -> None:
        self.clock = FakeClock()
        self.machine = FakeMachine(folder, self.clock)
        self.machine.limit(2.0, memory_gib=4, is_version_1=is_version_1)
        self.machine.hold(2.0, cache_gib=1.0)
        self.proc = folder / "proc"
        meters = open_meters(machine="m", roots=self.machine.roots, nvml=None)
        self.channels = [channel for meter in meters for channel in meter.channels()]
        self.recorder = Recorder(
            Job(name="inside", command=["train"]),
            read_settings({"store": str(store)}, environ={}, directory=str(folder)),
            environ={},
            directory=str(folder),
            meters=meters,
            clock=self.clock,
        )
        self.users = None

    def process(self, pid: int, *, held_gib: float) -> None:
        """Show a process with what it holds."""
        (self.proc / str(pid)).mkdir()
        rollup = f"Rss: 0 kB\nPss: {round(held_gib * 2**20)} kB\n"
        (self.proc / str(pid) / "smaps_rollup").write_text(rollup)

    def begin(self, watched: list = ()) -> None:
        container = open_container_use(self.channels, roots=self.machine.roots)
        self.users = Users(
            members=lambda: (11,),
            watched=watched,
            container=container,
            roots=Roots(proc_root=str(self.proc), cgroup_root="/nonexistent"),
        )
        self.recorder.name_users(self.users, kind="tree")
        self.recorder.sampler.start(self.users.beside(0, 0))

    def tick(self, used_s: float, busy_s: float, *, last: bool = False) -> None:
        """Let a second pass in which the run and the machine have used so much in all."""
        self.clock.advance(1.0)
        beside = self.users.beside(round(used_s * SECOND), round(busy_s * SECOND), last=last)
        self.recorder.sampler.sample(beside)

    def end(self):
        self.users.close()
        self.recorder.finish(exit_code=0, signal=None)
        store = Store(os.path.dirname(os.path.dirname(self.recorder.directory)))
        return store.read("inside").run


@pytest.fixture(params=[False, True], ids=["v2", "v1"])
def container(request, tmp_path):
    return Container(tmp_path / "machine", tmp_path / "store", is_version_1=request.param)


def fair_j(run, user: str, kind: str = "fair_share_j") -> float:
    (found,) = [each for each in run.measurement.attribution.users if each.id == user]
    return getattr(found, kind).best.value


def energies_j(run) -> dict[str, float]:
    return {channel.id: channel.energy_j.best.value for channel in run.measurement.channels}


def check_sums(run) -> None:
    attribution = run.measurement.attribution
    for parts, whole in (
        ([user.fair_share_j for user in attribution.users], run.measurement.energy_j),
        ([user.above_idle_j for user in attribution.users], attribution.above_idle_j),
    ):
        summed = total(part for part in parts if part is not None)
        assert summed.best.value == pytest.approx(whole.best.value)
        for name, ends in whole.doubts.items():
            assert summed.doubts[name] == pytest.approx(ends), name


def test_the_containers_energy_goes_by_the_containers_own_use(container):
    """It uses 2 of 4 processors' time half of it ours, and holds 2 GiB of which 0.5 are ours.

    The machine is busier than the container; that has no part in it.
    """
    container.process(11, held_gib=0.5)
    container.machine.work(0.5)
    container.begin()
    for second in range(1, 5):
        container.tick(second, 4 * second, last=second == 4)
    run = container.end()
    assert {channel.scope for channel in run.measurement.channels} == {"container"}
    attribution = run.measurement.attribution
    assert attribution.reason is None
    assert attribution.untold == {}
    energy_j = energies_j(run)
    expected_j = energy_j["model/cpu"] / 2 + energy_j["model/memory"] / 4
    assert fair_j(run, "run") == pytest.approx(expected_j)
    assert fair_j(run, "unattributed") == pytest.approx(0)
    cpu = next(channel for channel in container.channels if channel.id == "model/cpu")
    above_j = (energy_j["model/cpu"] - 4 * cpu.idle_w) / 2
    assert fair_j(run, "run", "above_idle_j") == pytest.approx(above_j)
    check_sums(run)


def test_the_journal_tells_the_containers_use_beside_the_machines(container):
    container.process(11, held_gib=0.5)
    container.machine.work(0.25)
    container.begin()
    container.tick(0.5, 3)
    container.tick(1, 6, last=True)
    run = container.end()
    lines = Path(container.recorder.directory, "journal.jsonl").read_text().splitlines()
    events = [json.loads(line.partition(" ")[2]) for line in lines]
    samples = [event for event in events if "c" in event and "e" not in event]
    assert [sample["container"]["cpu"] for sample in samples] == [
        [0, 0],
        [500_000, 1_000_000],
        [1_000_000, 2_000_000],
    ]
    assert [sample["cpu"][-1] for sample in samples] == [0, 3_000_000, 6_000_000]
    assert samples[1]["container"]["mem"] == [GIB // 2, 2 * GIB]
    assert run.measurement.attribution.users[1].cpu_time_s == pytest.approx(5), "the machine's"


class Watched:
    """A user beside the run who uses a second of processor time each time that it is looked at."""

    kind, method, why = "tree", "procfs", None

    def __init__(self, pid: int) -> None:
        self.id, self._pid, self._used_us = f"pid:{pid}", pid, -SECOND

    def used_us(self, *, at_any_cost: bool = False) -> int:
        del at_any_cost
        self._used_us += SECOND
        return self._used_us

    def living(self) -> tuple[int, ...]:
        return (self._pid,)

    def resident_bytes(self) -> int | None:
        return GIB

    def close(self) -> None:
        """Do nothing."""


def test_who_is_watched_outside_the_container_has_no_part_of_it(container, tmp_path):
    container.process(11, held_gib=0.5)
    for group in ("job", "cpu/job", "cpuacct/job", "memory/job"):
        folder = tmp_path / "machine/sys/fs/cgroup" / group
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "cgroup.procs").write_text("11\n12\n")
    container.machine.work(0.5)
    container.begin([Watched(12), Watched(13)])
    container.tick(0.5, 4)
    container.tick(1, 8, last=True)
    run = container.end()
    energy_j = energies_j(run)
    inside_j = energy_j["model/cpu"] / 2 + energy_j["model/memory"] / 2
    assert fair_j(run, "pid:12") == pytest.approx(inside_j)
    assert fair_j(run, "pid:13") == pytest.approx(0)
    assert fair_j(run, "run") == pytest.approx(
        energy_j["model/cpu"] / 4 + energy_j["model/memory"] / 4
    )
    check_sums(run)


def test_a_container_whose_use_is_not_shown_leaves_its_energy_unattributed(container, tmp_path):
    container.process(11, held_gib=0.5)
    for file in (tmp_path / "machine/sys/fs/cgroup").rglob("memory.*"):
        if file.name not in {"memory.max", "memory.limit_in_bytes"}:
            file.unlink()
    container.machine.work(0.5)
    container.begin()
    container.tick(1, 4)
    container.tick(2, 8, last=True)
    run = container.end()
    reason = "it counts one container, and who used what inside is not known"
    assert run.measurement.attribution.untold == {"model/memory": reason}
    assert fair_j(run, "unattributed") == pytest.approx(energies_j(run)["model/memory"])
    check_sums(run)

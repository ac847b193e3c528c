"""Any number of runs at once on one machine: no lock, no error, and nothing counted twice."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import subprocess
import sys
import threading
import time
from hashlib import sha256
from multiprocessing import resource_tracker
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import brizna
from brizna.core.nesting import outermost
from brizna.store import Store, runs_of_job

if TYPE_CHECKING:
    from brizna.core.measurement import Run

IDLE = "rapl/package-0=20"
NEAR = 0.01
RANKS = {"TORCHELASTIC_RUN_ID": "night-3", "WORLD_SIZE": "4"}


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    path = tmp_path / "store"
    monkeypatch.setenv("BRIZNA_STORE", str(path))
    monkeypatch.setenv("BRIZNA_IDLE_W", IDLE)
    monkeypatch.setenv("BRIZNA_INTERVAL", "0.1")
    return Store(str(path))


def burn(seconds: float) -> None:
    """Use processor time in this thread, and leave the interpreter to the others."""
    block = bytes(200_000)
    begun = time.thread_time()
    while time.thread_time() - begun < seconds:
        sha256(block)


def measure(machine, name: str):
    """Return a measured block that reads a known machine."""
    made = brizna.measure(name, meters=machine.meters())
    made._roots = machine.roots
    return made


def above_j(run: Run) -> float:
    """Return what the run used above idle, in joules."""
    attribution = run.measurement.attribution
    assert attribution is not None, "it was shared"
    mine = attribution.users[0]
    assert mine.id == "run"
    assert mine.above_idle_j is not None, mine.reason
    return mine.above_idle_j.best.value


def in_threads(calls) -> None:
    threads = [threading.Thread(target=call) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def of_machine_j(run: Run) -> float:
    """Return what the machine used above idle while the run lasted, in joules."""
    attribution = run.measurement.attribution
    assert attribution is not None
    assert attribution.above_idle_j is not None
    return attribution.above_idle_j.best.value


def test_blocks_in_threads_sum_to_the_machine_above_idle(
    machine, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLURM_JOB_ID", "42")
    machine.count(os.getpid())

    def work(number: int) -> None:
        with measure(machine, f"thread {number}"):
            burn(0.2 * number)

    with measure(machine, "main"):
        in_threads([lambda number=number: work(number) for number in (1, 2, 3)])
    runs = [store.read(name).run for name in ("main", "thread 1", "thread 2", "thread 3")]
    parts_j = [above_j(run) for run in runs]
    assert sum(parts_j) == pytest.approx(of_machine_j(runs[0]), rel=NEAR)
    for number in (1, 2, 3):
        assert parts_j[number] == pytest.approx(10 * number, rel=0.2)
    assert all(any("at once" in note for note in run.notes) for run in runs)
    assert all(run.parent is None for run in runs)
    merged = store.merge(runs_of_job(store.runs(), "42")).run.measurement
    assert merged.energy_j is not None
    assert runs[0].measurement.energy_j is not None
    assert merged.energy_j.best == runs[0].measurement.energy_j.best
    assert merged.cpu_time_s == pytest.approx(sum(run.measurement.cpu_time_s or 0 for run in runs))


def test_tasks_of_one_thread_share_it_and_sum_to_the_block_around_them(
    machine, store: Store
) -> None:
    machine.count(os.getpid())

    async def task(number: int, opened: asyncio.Barrier, burnt: asyncio.Barrier) -> None:
        with measure(machine, f"task {number}"):
            await opened.wait()
            burn(0.1)
            await asyncio.sleep(0)
            await burnt.wait()

    async def tasks() -> None:
        barriers = asyncio.Barrier(3), asyncio.Barrier(3)
        with measure(machine, "around"):
            await asyncio.gather(*(task(number, *barriers) for number in range(3)))

    asyncio.run(tasks())
    around = store.read("around").run
    inner = [store.read(f"task {number}").run for number in range(3)]
    assert [run.parent for run in inner] == [around.id] * 3
    parts_j = [above_j(run) for run in inner]
    assert parts_j == pytest.approx([5.0] * 3, rel=0.6)  # who opens first has time to itself
    assert sum(parts_j) <= above_j(around)
    assert above_j(around) == pytest.approx(of_machine_j(around), rel=NEAR)
    assert not any("at once" in note for note in around.notes)


def test_a_block_inside_another_is_part_of_it_and_names_it(machine, store: Store) -> None:
    machine.count(os.getpid())
    with measure(machine, "outer"):
        burn(0.2)
        with measure(machine, "inner"):
            burn(0.3)
        with measure(machine, "later"):
            burn(0.1)
    outer, inner, later = (store.read(name).run for name in ("outer", "inner", "later"))
    assert (outer.parent, inner.parent, later.parent) == (None, outer.id, outer.id)
    assert above_j(outer) == pytest.approx(of_machine_j(outer), rel=NEAR)
    assert above_j(inner) == pytest.approx(of_machine_j(inner), rel=NEAR)
    assert above_j(inner) + above_j(later) < above_j(outer)


def test_a_task_that_outlives_its_block_is_not_inside_it(machine, store: Store) -> None:
    machine.count(os.getpid())

    async def late() -> None:
        with measure(machine, "late"):
            burn(0.1)

    async def both() -> None:
        with measure(machine, "early"):
            task = asyncio.create_task(late())
        await task

    asyncio.run(both())
    assert store.read("late").run.parent is None
    assert above_j(store.read("late").run) > 4


def test_a_forked_child_measures_itself_inside_its_parents_run(machine, store: Store) -> None:
    machine.count(os.getpid())
    reader, writer = os.pipe()
    with measure(machine, "parent"):
        pid = os.fork()
        if pid == 0:
            os.read(reader, 1)
            with measure(machine, "child"):
                burn(2.0)
            os._exit(0)
        machine.count(pid, whole=True)
        os.write(writer, b".")
        _, status = os.waitpid(pid, 0)
        assert status == 0
    parent, child = store.read("parent").run, store.read("child").run
    assert child.parent == parent.id
    assert above_j(child) == pytest.approx(machine.busy_w * 2.0, rel=NEAR)
    assert above_j(parent) >= above_j(child)
    assert above_j(parent) == pytest.approx(of_machine_j(parent), rel=NEAR)


def test_spawned_children_sum_to_what_they_used_inside_their_parents_run(
    machine, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    from run_at_once import measure_itself

    spawn, asked_s = multiprocessing.get_context("spawn"), [0.9, 1.2, 1.5]
    resource_tracker.ensure_running()  # a helper of multiprocessing, which is no part of this
    machine.count(os.getpid())
    names = [f"spawned {number}" for number in range(3)]
    with measure(machine, "parent"):
        pipes, processes = [], []
        for name, seconds in zip(names, asked_s, strict=True):
            ours, theirs = spawn.Pipe()
            process = spawn.Process(
                target=measure_itself, args=(str(machine.folder), name, seconds, theirs)
            )
            process.start()
            machine.count(process.pid, whole=True)
            pipes.append(ours)
            processes.append(process)
        for said in ("ready", "measured"):
            assert [pipe.recv() for pipe in pipes] == [said] * 3
            for pipe in pipes:
                pipe.send("go on")
        for process in processes:
            process.join(60)
    assert [process.exitcode for process in processes] == [0, 0, 0]
    parent, *children = (store.read(name).run for name in ("parent", *names))
    assert [child.parent for child in children] == [None] * 3
    assert outermost([parent, *children]) == [parent.id]
    parts_j = [above_j(child) for child in children]
    assert sum(parts_j) == pytest.approx(sum(asked_s) * machine.busy_w, rel=NEAR)
    for part_j, seconds in zip(parts_j, asked_s, strict=True):
        assert part_j == pytest.approx(seconds * machine.busy_w, rel=5 * NEAR)
    assert above_j(parent) == pytest.approx(of_machine_j(parent), rel=NEAR)
    assert above_j(parent) > sum(parts_j)


RANK = """
import brizna
with brizna.measure("rank"):
    sum(range(10**7))
"""


@pytest.mark.heavy
def test_ranks_that_torchrun_starts_are_one_job(tmp_path: Path, store: Store) -> None:
    pytest.importorskip("torch", reason="torch is not installed: no torchrun to start ranks with")
    script = tmp_path / "rank.py"
    script.write_text(RANK)
    launcher = ("-m", "torch.distributed.run", "--nproc-per-node=2", "--rdzv-backend=c10d")
    place = ("--rdzv-endpoint=localhost:0", "--rdzv-id=night-4")
    subprocess.run([sys.executable, *launcher, *place, str(script)], check=True, timeout=120)
    runs = [run for run in store.runs() if run.name == "rank"]
    ranks = [store.read(run.id).run.environment["rank"] for run in runs]
    assert sorted(rank["rank"] for rank in ranks) == [0, 1]
    assert {rank["world_size"] for rank in ranks} == {2}
    merged = store.merge(runs_of_job(store.runs(), "night-4")).run.measurement
    assert merged.energy_j is not None
    alone_j = [store.read(run.id).run.measurement.energy_j.best.value for run in runs]
    assert max(alone_j) <= merged.energy_j.best.value < sum(alone_j)


SPAWNED = """
import brizna, sys, time
with brizna.measure("spawned"):
    sum(range(10**6))
"""


def test_a_spawned_childs_run_knows_the_process_of_the_run_around_it(store: Store) -> None:
    with brizna.measure("parent"):
        subprocess.run([sys.executable, "-c", SPAWNED], check=True)
    parent, child = (journal_start(store, name) for name in ("parent", "spawned"))
    writer = parent["writer"]
    assert [writer["pid"], writer["start"]] in child["ancestors"]
    assert parent["ancestors"][0][0] == os.getppid()
    assert child["cpus"] == os.cpu_count()


def journal_start(store: Store, name: str) -> dict:
    """Return the start event of a run."""
    directory = Path(store.directory(store.read(name).run.id))
    line = (directory / "journal.jsonl").read_text().partition("\n")[0]
    return json.loads(line.partition(" ")[2])


BURNER = """
import os, sys, time
print(os.getpid(), flush=True)
sys.stdin.readline()
begun = time.process_time()
while time.process_time() - begun < float(sys.argv[1]): pass
print("burnt", flush=True)
sys.stdin.readline()
os._exit(0)
"""


class Burners:
    """Several commands under ``brizna run`` at once."""

    def __init__(self, folder: Path, seconds: list[float], **environ: str) -> None:
        driver = str(Path(__file__).with_name("run_at_once.py"))
        self.processes = [
            subprocess.Popen(
                [
                    *(sys.executable, driver, str(folder), f"run {number}"),
                    *(sys.executable, "-I", "-S", "-c", BURNER, str(asked_s)),
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={**os.environ, **environ, "RANK": str(number)},
                text=True,
            )
            for number, asked_s in enumerate(seconds)
        ]

    def started(self) -> list[int]:
        """Wait until each is there; return the processes of the commands."""
        return [int(process.stdout.readline()) for process in self.processes]

    def go_on(self) -> None:
        """Let each take its next step."""
        for process in self.processes:
            process.stdin.write("\n")
            process.stdin.flush()

    def burnt(self) -> None:
        """Wait until each has used its time."""
        for process in self.processes:
            assert process.stdout.readline() == "burnt\n"

    def ended(self) -> None:
        """Wait until each has ended well, and nothing was said."""
        for process in self.processes:
            _, said = process.communicate("\n", timeout=60)
            assert (process.returncode, said) == (0, "")


def wait_for_samples(store: Store, names: list[str]) -> None:
    """Wait until each run has been sampled twice more."""
    places = [
        Path(store.directory(run.id), "journal.jsonl") for run in store.runs() if run.name in names
    ]
    assert len(places) == len(names)
    before = [place.read_bytes().count(b'{"t":') for place in places]
    while any(
        place.read_bytes().count(b'{"t":') < count + 2
        for place, count in zip(places, before, strict=True)
    ):
        time.sleep(0.01)


def mounts_v2() -> list[str]:
    """Return where control groups of version 2 are mounted, which need no looking at processes."""
    lines = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    return [line[1] for line in lines if line[2] == "cgroup2"]


@pytest.mark.parametrize("cgroup_root", ["/nonexistent", *mounts_v2()])
def test_four_commands_at_once_sum_to_the_machine_above_idle(
    machine, tmp_path: Path, store: Store, cgroup_root: str
) -> None:
    asked_s = [0.3, 0.6, 0.9, 1.2]
    commands = Burners(machine.folder, asked_s, TEST_CGROUP_ROOT=cgroup_root, **RANKS)
    for pid in commands.started():
        machine.count(pid, whole=True)
    names = [f"run {number}" for number in range(4)]
    wait_for_samples(store, names)
    commands.go_on()
    commands.burnt()
    whole_j = machine.above_j()
    wait_for_samples(store, names)
    commands.ended()
    runs = [store.read(name).run for name in names]
    parts_j = [above_j(run) for run in runs]

    assert whole_j == pytest.approx(sum(asked_s) * machine.busy_w, rel=0.05)
    assert sum(parts_j) == pytest.approx(whole_j, rel=NEAR)
    for part_j, seconds in zip(parts_j, asked_s, strict=True):
        assert part_j == pytest.approx(seconds * machine.busy_w, rel=0.1)
    assert not list(tmp_path.rglob("*.lock"))
    ranks = [run.environment["rank"] for run in runs]
    assert [(rank["rank"], rank["world_size"]) for rank in ranks] == [(n, 4) for n in range(4)]
    merged = store.merge(runs_of_job(store.runs(), "night-3")).run
    assert merged.measurement.energy_j is not None
    once_j = machine.idle_w * merged.duration_s + whole_j
    assert merged.measurement.energy_j.best.value == pytest.approx(once_j, rel=NEAR)
    assert above_j(merged) == pytest.approx(sum(parts_j))

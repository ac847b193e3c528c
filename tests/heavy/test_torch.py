"""A PyTorch loop, alone and as ranks under torchrun: epochs and the rest sum to the run."""

from __future__ import annotations

import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

import brizna
from brizna.core.estimate import total
from brizna.store import Store, runs_of_job

torch = pytest.importorskip("torch")

from brizna.integrations.torch import Training, wait_for_devices  # noqa: E402

torch.set_num_threads(1)
BATCH_S = 0.5


class Digits:
    """A small network that learns for real, each batch of which takes half a second of the lab."""

    def __init__(self, lab):
        self.lab = lab
        drawn = torch.Generator().manual_seed(1)
        x = torch.randn(96, 4, generator=drawn)
        self.data = torch.utils.data.TensorDataset(x, x.sum(dim=1, keepdim=True))
        self.model = torch.nn.Linear(4, 1)
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=0.1)
        self.losses = []

    def train(self, training, *, epochs):
        """Train as the documentation does."""
        loader = torch.utils.data.DataLoader(self.data, batch_size=32)
        for _ in training.each_epoch(range(epochs)):
            for x, y in loader:
                self.lab.work(BATCH_S)
                self.optimizer.zero_grad()
                loss = torch.nn.functional.mse_loss(self.model(x), y)
                loss.backward()
                self.optimizer.step()
                self.losses.append(loss.item())
                training.count(samples=len(x))
            with training.part("evaluate"), torch.no_grad():
                self.lab.work(BATCH_S)
                self.model(self.data.tensors[0])
            self.lab.work(0.125)


def test_epochs_and_the_rest_sum_to_the_run(lab):
    digits = Digits(lab)
    with Training("digits", **lab.options) as training:
        lab.work(1)
        digits.train(training, epochs=3)
    assert digits.losses[-1] < digits.losses[0] / 2
    epoch_j = (4 * BATCH_S + 0.125) * lab.power_w
    assert [part.energy.best.value for part in training.epochs] == [epoch_j] * 3
    whole = total([*(part.energy for part in training.epochs), training.outside])
    assert whole.best.value == pytest.approx(3 * epoch_j + lab.power_w, rel=1e-12)
    assert training.energy.best.value == whole.best.value
    phases = lab.store.read("digits").run.measurement.phases
    assert [phase.name for phase in phases] == [
        name for n in (1, 2, 3) for name in (f"epoch {n}", "evaluate")
    ]
    assert [phase.energy_j.best.value for phase in phases[::2]] == [epoch_j] * 3
    assert {(work.name, work.amount) for phase in phases[::2] for work in phase.work} == {
        ("samples", 96)
    }


def test_what_the_training_raises_passes_and_its_record_is_closed(lab):
    def fail():
        with Training("fails", **lab.options) as training:
            for _ in training.each_epoch(range(2)):
                torch.ones(2) @ torch.ones(3)

    with pytest.raises(RuntimeError, match="inconsistent tensor size"):
        fail()
    run = lab.store.read("fails").run
    assert run.state == "failed"
    assert "RuntimeError" in str(run.notes)


class Accelerators(SimpleNamespace):
    """What PyTorch tells of two graphics cards, one of which holds something of ours."""

    def __init__(self, *, started):
        self.waited_for = []
        self.cuda = SimpleNamespace(
            is_initialized=lambda: started,
            device_count=lambda: 2,
            memory_allocated=lambda device: 4096 * device,
            synchronize=self.waited_for.append,
        )
        self.backends = SimpleNamespace(mps=SimpleNamespace(is_available=lambda: started))
        self.mps = SimpleNamespace(synchronize=lambda: self.waited_for.append("mps"))


def test_an_edge_waits_for_the_devices_in_use_and_wakes_no_other():
    used, unused = Accelerators(started=True), Accelerators(started=False)
    wait_for_devices(used)
    wait_for_devices(unused)
    wait_for_devices()
    assert (used.waited_for, unused.waited_for) == ([1, "mps"], [])


RANK = """
import torch
import torch.distributed as dist
from brizna.integrations.torch import Training

torch.set_num_threads(1)
with Training("rank", interval=0.1) as training:
    dist.init_process_group("gloo")
    torch.manual_seed(dist.get_rank())
    model = torch.nn.parallel.DistributedDataParallel(torch.nn.Linear(8, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for epoch in training.each_epoch(range(2)):
        for _ in range(20):
            x = torch.randn(64, 8)
            optimizer.zero_grad()
            torch.nn.functional.mse_loss(model(x), x.sum(1, keepdim=True)).backward()
            optimizer.step()
            training.count(samples=len(x))
    dist.barrier()
    dist.destroy_process_group()
"""


def test_each_rank_under_torchrun_has_a_record_and_the_job_is_their_merge(tmp_path):
    script = tmp_path / "train.py"
    script.write_text(RANK)
    store = Store(str(tmp_path / "store"))
    launcher = ("-m", "torch.distributed.run", "--nproc-per-node=2", "--rdzv-backend=c10d")
    place = ("--rdzv-endpoint=localhost:0", "--rdzv-id=night-5")
    subprocess.run(
        [sys.executable, *launcher, *place, str(script)],
        env={**os.environ, "BRIZNA_STORE": store.path},
        check=True,
        timeout=120,
    )
    runs = [store.read(run.id).run for run in store.runs()]
    assert sorted(run.environment["rank"]["rank"] for run in runs) == [0, 1]
    for run in runs:
        assert run.state == "finished"
        phases = run.measurement.phases
        assert [phase.name for phase in phases] == ["epoch 1", "epoch 2"]
        assert (
            sum(phase.energy_j.best.value for phase in phases) < run.measurement.energy_j.best.value
        )
        assert [work.amount for phase in phases for work in phase.work] == [20 * 64] * 2
    job = store.merge(runs_of_job(store.runs(), "night-5")).run
    alone_j = [run.measurement.energy_j.best.value for run in runs]
    assert max(alone_j) <= job.measurement.energy_j.best.value < sum(alone_j)
    assert [work.amount for work in job.measurement.work] == [4 * 20 * 64]


def test_inside_a_measured_block_the_training_is_its_part(lab):
    with brizna.measure("notebook", **lab.options) as outer:
        with Training() as training:
            Digits(lab).train(training, epochs=1)
        lab.work(3)
    assert [run.name for run in lab.store.runs()] == ["notebook"]
    assert training.run == outer.run
    assert training.energy.best.value == training.epochs[0].energy.best.value
    assert outer.energy.best.value == pytest.approx((4 * BATCH_S + 3.125) * lab.power_w)

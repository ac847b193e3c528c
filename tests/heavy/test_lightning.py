"""Lightning fits a small model: epochs and the rest sum to the run."""

from __future__ import annotations

import csv
import os
import subprocess
import sys

import pytest

from brizna.core.estimate import total
from brizna.store import Store

torch = pytest.importorskip("torch")
lightning = pytest.importorskip("lightning")

from brizna.integrations.lightning import EnergyCallback  # noqa: E402

torch.set_num_threads(1)
BATCH_S = 0.5
BATCHES = 4


class Line(lightning.LightningModule):
    """A line through points; each batch takes half a second of the lab."""

    def __init__(self, lab, *, fails_at=None):
        super().__init__()
        self.lab, self.fails_at, self.done, self.losses = lab, fails_at, 0, []
        self.layer = torch.nn.Linear(1, 1)

    def training_step(self, batch):
        """Learn from a batch."""
        self.done += 1
        if self.done == self.fails_at:
            raise ZeroDivisionError
        self.lab.work(BATCH_S)
        loss = torch.nn.functional.mse_loss(self.layer(batch), 3 * batch)
        self.losses.append(loss.item())
        return loss

    def validation_step(self, batch):
        """Look at a batch."""
        self.lab.work(BATCH_S)
        self.log("error", (self.layer(batch) - 3 * batch).abs().mean())

    def configure_optimizers(self):
        """Descend plainly."""
        return torch.optim.SGD(self.parameters(), lr=0.1)

    def train_dataloader(self):
        """Return four batches."""
        return torch.utils.data.DataLoader(torch.randn(8 * BATCHES, 1), batch_size=8)

    def val_dataloader(self):
        """Return four batches."""
        return self.train_dataloader()


def fit(model, tmp_path, energy, **arguments):
    """Fit without a word."""
    settings = {
        "accelerator": "cpu",
        "max_epochs": 3,
        "logger": False,
        "enable_checkpointing": False,
        "enable_progress_bar": False,
        "enable_model_summary": False,
        "default_root_dir": str(tmp_path / "out"),
        "num_sanity_val_steps": 0,
        "limit_val_batches": 0,
        "log_every_n_steps": 1,
        **arguments,
    }
    lightning.Trainer(callbacks=[energy], **settings).fit(model)


def test_epochs_and_the_rest_sum_to_the_run(lab, tmp_path):
    energy = EnergyCallback("fit", **lab.options)
    line = Line(lab)
    fit(line, tmp_path, energy, limit_val_batches=1.0, num_sanity_val_steps=2)
    assert line.losses[-1] < line.losses[0] / 2
    epoch_j = 2 * BATCHES * BATCH_S * lab.power_w  # its validation is inside it
    assert [part.energy.best.value for part in energy.epochs] == [epoch_j] * 3
    assert energy.outside.best.value == pytest.approx(2 * BATCH_S * lab.power_w, rel=1e-12)
    whole = total([*(part.energy for part in energy.epochs), energy.outside])
    assert whole.best.value == pytest.approx(energy.energy.best.value, rel=1e-12)
    run = lab.store.read("fit").run
    assert run.state == "finished"
    phases = run.measurement.phases
    assert [phase.name for phase in phases] == [
        "sanity check",
        *(name for n in (1, 2, 3) for name in (f"epoch {n}", "evaluate")),
    ]
    assert phases[2].energy_j.best.value == BATCHES * BATCH_S * lab.power_w
    assert [(work.name, work.amount) for work in phases[1].work] == [("steps", BATCHES)]


def test_the_loggers_of_the_fit_have_the_energy(lab, tmp_path):
    energy = EnergyCallback("logged", **lab.options)
    logger = lightning.pytorch.loggers.CSVLogger(str(tmp_path), name="logs", version="1")
    fit(Line(lab), tmp_path, energy, logger=logger)
    with open(tmp_path / "logs" / "1" / "metrics.csv", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row.get("epoch_energy_j")]
    assert [float(row["epoch_energy_j"]) for row in rows] == [
        part.energy.best.value for part in energy.epochs
    ]
    assert [int(row["step"]) for row in rows] == [BATCHES, 2 * BATCHES, 3 * BATCHES]
    assert float(rows[0]["epoch_energy_j_low"]) < float(rows[0]["epoch_energy_j_high"])


def test_a_fit_that_raises_closes_its_record(lab, tmp_path):
    energy = EnergyCallback("fails", **lab.options)
    with pytest.raises(ZeroDivisionError):
        fit(Line(lab, fails_at=6), tmp_path, energy)
    run = lab.store.read("fails").run
    assert run.state == "failed"
    assert "ZeroDivisionError" in str(run.notes)
    last = run.measurement.phases[-1]
    assert (last.name, last.open) == ("epoch 2", False)
    assert last.energy_j.best.value == BATCH_S * lab.power_w


def test_fits_inside_a_with_are_one_run(lab, tmp_path):
    with EnergyCallback("two fits", **lab.options) as energy:
        for _ in range(2):
            fit(Line(lab), tmp_path, energy, max_epochs=1)
    assert len(lab.store.runs()) == 1
    assert energy.energy.best.value == 2 * BATCHES * BATCH_S * lab.power_w


RANK = """
import sys
import torch
import lightning
from brizna.integrations.lightning import EnergyCallback

class Line(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(1, 1)
    def training_step(self, batch):
        return torch.nn.functional.mse_loss(self.layer(batch), 3 * batch)
    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)
    def train_dataloader(self):
        return torch.utils.data.DataLoader(torch.randn(64, 1), batch_size=8)

if __name__ == "__main__":
    torch.set_num_threads(1)
    lightning.Trainer(
        accelerator="cpu", devices=2, strategy="ddp", max_epochs=2, logger=False,
        enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False,
        callbacks=[EnergyCallback("rank", interval=0.1)],
    ).fit(Line())
"""


def test_each_rank_that_lightning_starts_has_a_record(tmp_path):
    script = tmp_path / "train.py"
    script.write_text(RANK)
    store = Store(str(tmp_path / "store"))
    subprocess.run(
        [sys.executable, str(script)],
        env={**os.environ, "BRIZNA_STORE": store.path},
        cwd=tmp_path,
        check=True,
        timeout=120,
        capture_output=True,
    )
    runs = [store.read(run.id).run for run in store.runs()]
    assert len(runs) == 2
    for run in runs:
        assert [phase.name for phase in run.measurement.phases] == ["epoch 1", "epoch 2"]
        assert [(work.name, work.amount) for work in run.measurement.work] == [("steps", 8)]
    whole = store.merge([run.id for run in runs]).run.measurement.energy_j.best.value
    alone_j = [run.measurement.energy_j.best.value for run in runs]
    assert max(alone_j) <= whole < sum(alone_j)

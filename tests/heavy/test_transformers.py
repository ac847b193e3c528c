"""Hugging Face's Trainer trains a small model: epochs and the rest sum to the run."""

from __future__ import annotations

import pytest

from brizna.core.estimate import total

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
pytest.importorskip("accelerate")

from brizna.integrations.transformers import EnergyCallback  # noqa: E402

torch.set_num_threads(1)
BATCH_S = 0.5
BATCHES = 4
BATCH = 8
LENGTH = 6


class Sentences(torch.utils.data.Dataset):
    """Sentences of made-up words."""

    def __len__(self):
        return BATCH * BATCHES

    def __getitem__(self, place):
        words = (torch.arange(LENGTH) * (place + 1)) % 32
        return {"input_ids": words, "labels": words}


class Tracker(transformers.TrainerCallback):
    """Stands for a tracker: keeps what the Trainer logs."""

    def __init__(self):
        self.logs = []

    def on_log(self, *_, logs, **__):
        """Keep it."""
        self.logs.append(dict(logs))


def make_trainer(lab, tmp_path, *, callbacks, fails_at=None, **arguments):
    """Return a Trainer of a tiny language model; each batch takes half a second of the lab."""
    config = transformers.GPT2Config(
        vocab_size=32, n_positions=8, n_embd=8, n_layer=1, n_head=1, bos_token_id=0, eos_token_id=0
    )
    model = transformers.GPT2LMHeadModel(config)
    done = []

    def take_time(*_):
        done.append(1)
        if len(done) == fails_at:
            raise ZeroDivisionError
        lab.work(BATCH_S)

    model.register_forward_hook(take_time)
    settings = {
        "output_dir": str(tmp_path / "out"),
        "num_train_epochs": 3,
        "per_device_train_batch_size": BATCH,
        "per_device_eval_batch_size": BATCH,
        "report_to": [],
        "save_strategy": "no",
        "disable_tqdm": True,
        "use_cpu": True,
        "include_num_input_tokens_seen": True,
        **arguments,
    }
    return transformers.Trainer(
        model=model,
        args=transformers.TrainingArguments(**settings),
        train_dataset=Sentences(),
        eval_dataset=Sentences(),
        callbacks=callbacks,
    )


def test_epochs_and_the_rest_sum_to_the_run(lab, tmp_path):
    energy = EnergyCallback("fine-tune", **lab.options)
    trainer = make_trainer(
        lab, tmp_path, callbacks=[energy], eval_strategy="epoch", learning_rate=0.05
    )
    lab.work(7)  # before the training: not its own
    trainer.train()
    losses = [entry["eval_loss"] for entry in trainer.state.log_history if "eval_loss" in entry]
    assert losses[-1] < losses[0]
    epoch_j = BATCHES * BATCH_S * lab.power_w
    assert [part.energy.best.value for part in energy.epochs] == [epoch_j] * 3
    assert energy.outside.best.value == pytest.approx(3 * epoch_j, rel=1e-12)
    whole = total([*(part.energy for part in energy.epochs), energy.outside])
    assert whole.best.value == pytest.approx(energy.energy.best.value, rel=1e-12)
    run = lab.store.read("fine-tune").run
    assert run.state == "finished"
    assert run.measurement.energy_j.best.value == pytest.approx(6 * epoch_j, rel=1e-12)
    phases = run.measurement.phases
    assert [phase.name for phase in phases] == [
        name for n in (1, 2, 3) for name in (f"epoch {n}", "evaluate")
    ]
    assert {phase.energy_j.best.value for phase in phases} == {epoch_j}
    assert {work.name: work.amount for work in phases[2].work} == {
        "steps": BATCHES,
        "tokens": BATCHES * BATCH * LENGTH,
    }


def test_without_a_trainer_of_its_own_the_energy_is_in_the_history(lab, tmp_path):
    energy = EnergyCallback("fine-tune", **lab.options)
    trainer = make_trainer(lab, tmp_path, callbacks=[energy])
    trainer.train()
    told = [entry for entry in trainer.state.log_history if "epoch_energy_j" in entry]
    assert [entry["epoch"] for entry in told] == [1, 2, 3]
    assert [entry["epoch_energy_j"] for entry in told] == [
        part.energy.best.value for part in energy.epochs
    ]
    assert all(
        entry["epoch_energy_j_low"] < entry["epoch_energy_j"] < entry["epoch_energy_j_high"]
        for entry in told
    )


def test_attached_to_a_trainer_its_trackers_have_the_energy(lab, tmp_path):
    tracker = Tracker()
    trainer = make_trainer(lab, tmp_path, callbacks=[tracker])
    with EnergyCallback("fine-tune", **lab.options).attach(trainer).attach(trainer) as energy:
        trainer.train()
    told = [logs["epoch_energy_j"] for logs in tracker.logs if "epoch_energy_j" in logs]
    assert told == [part.energy.best.value for part in energy.epochs]
    assert len(told) == 3


def test_tensorboard_reads_the_energy_that_the_trainer_reported(lab, tmp_path, monkeypatch):
    reader = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    monkeypatch.setenv("TENSORBOARD_LOGGING_DIR", str(tmp_path / "board"))
    trainer = make_trainer(lab, tmp_path, callbacks=None, report_to=["tensorboard"])
    with EnergyCallback("fine-tune", **lab.options).attach(trainer) as energy:
        trainer.train()
    board = reader.EventAccumulator(str(tmp_path / "board"))
    board.Reload()
    told = board.Scalars("train/epoch_energy_j")
    assert [scalar.step for scalar in told] == [BATCHES, 2 * BATCHES, 3 * BATCHES]
    expected = [epoch.energy.best.value for epoch in energy.epochs]
    assert [scalar.value for scalar in told] == pytest.approx(expected)


def test_evaluations_in_the_middle_of_an_epoch_are_parts_of_it(lab, tmp_path):
    energy = EnergyCallback("often", **lab.options)
    make_trainer(
        lab, tmp_path, callbacks=[energy], eval_strategy="steps", eval_steps=2, num_train_epochs=1
    ).train()
    phases = energy.run.measurement.phases
    assert [phase.name for phase in phases] == ["epoch 1", "evaluate", "evaluate"]
    batches_j = BATCHES * BATCH_S * lab.power_w
    assert [phase.energy_j.best.value for phase in phases] == [3 * batches_j, batches_j, batches_j]


def test_a_training_that_raises_closes_its_record(lab, tmp_path):
    trainer = make_trainer(lab, tmp_path, callbacks=None, fails_at=6)

    def train():
        with EnergyCallback("fails", **lab.options).attach(trainer):
            trainer.train()

    with pytest.raises(ZeroDivisionError):
        train()
    run = lab.store.read("fails").run
    assert run.state == "failed"
    assert "ZeroDivisionError" in str(run.notes)
    assert [(phase.name, phase.open) for phase in run.measurement.phases] == [
        ("epoch 1", False),
        ("epoch 2", False),
    ]
    assert run.measurement.phases[1].energy_j.best.value == BATCH_S * lab.power_w


def test_a_training_that_goes_on_from_a_checkpoint_counts_its_epochs_on(lab, tmp_path):
    first = make_trainer(lab, tmp_path, callbacks=None, save_strategy="epoch", num_train_epochs=1)
    first.train()
    energy = EnergyCallback("resumed", **lab.options)
    make_trainer(lab, tmp_path, callbacks=[energy], num_train_epochs=2).train(
        resume_from_checkpoint=True
    )
    assert [part.name for part in energy.epochs] == ["epoch 2"]
    steps = next(work for work in energy.run.measurement.work if work.name == "steps")
    assert steps.amount == BATCHES


def test_it_is_never_there_unless_it_is_asked_for(lab, tmp_path):
    trainer = make_trainer(lab, tmp_path, callbacks=None, report_to="all")
    kinds = [type(callback).__module__ for callback in trainer.callback_handler.callbacks]
    assert not [kind for kind in kinds if kind.startswith("brizna")]

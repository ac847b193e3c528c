"""What all adapters of training libraries stand on: epochs and the rest sum to the whole."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from contextlib import nullcontext

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import brizna
from brizna.core.estimate import total
from brizna.integrations._library import check_version, missing
from brizna.integrations._training import LeftOpen, Training, logged
from brizna.store import Store


def joules(energies):
    """Return the best joules of energies."""
    return [None if energy is None else energy.best.value for energy in energies]


def train(training, lab, *, epochs=3):
    """Train: an epoch takes 2 s, what is around it 0.25 s."""
    for _ in training.each_epoch(range(epochs)):
        lab.work(2)
        training.count(samples=64)
    lab.work(0.25)


def test_epochs_and_the_rest_sum_to_the_run(lab):
    with Training("digits", **lab.options) as training:
        lab.work(1)
        train(training, lab)
    assert joules(part.energy for part in training.epochs) == [2 * lab.power_w] * 3
    assert training.outside.best.value == pytest.approx(1.25 * lab.power_w, rel=1e-12)
    assert training.energy.best.value == pytest.approx(7.25 * lab.power_w, rel=1e-12)
    parts = [part.energy for part in training.epochs]
    whole = total([*parts, training.outside])
    assert whole.best.value == pytest.approx(training.energy.best.value, rel=1e-12)
    assert (whole.low, whole.high) == (training.energy.low, training.energy.high)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["epoch", "part", "end", "rest"]), st.integers(0, 9)),
        max_size=20,
    )
)
def test_whatever_happens_in_it_epochs_and_the_rest_sum_to_the_run(lab, steps):
    parts, in_epochs_s, whole_s = [], 0, 1
    with Training("any", **lab.options) as training:
        lab.work(1)
        for step, seconds in steps:
            if step == "epoch":
                training.begin_epoch(seconds)
                parts.clear()
            elif step == "part":
                parts.append(training.begin("part"))
            elif step == "end" and parts:
                training.finish(parts.pop(0))
                parts.clear()
            elif step == "end":
                training.end_epoch()
            lab.work(seconds)
            whole_s += seconds
            is_in_epoch = bool(training.epochs) and training.epochs[-1].part in training._parts
            in_epochs_s += seconds * is_in_epoch
    assert training.energy.best.value == pytest.approx(whole_s * lab.power_w)
    epochs_j = sum(joules(epoch.energy for epoch in training.epochs))
    assert epochs_j == pytest.approx(in_epochs_s * lab.power_w)
    assert training.outside.best.value == pytest.approx(
        (whole_s - in_epochs_s) * lab.power_w, abs=1e-9
    )
    assert not any(phase.open for phase in training.run.measurement.phases)


def test_the_record_tells_each_epoch_as_the_training_did(lab):
    with Training("digits", **lab.options) as training:
        train(training, lab)
        told = [part.energy for part in training.epochs]
    kept = lab.store.read("digits").run
    assert kept == training.run
    assert [phase.name for phase in kept.measurement.phases] == ["epoch 1", "epoch 2", "epoch 3"]
    assert joules(phase.energy_j for phase in kept.measurement.phases) == joules(told)
    assert [work.amount for phase in kept.measurement.phases for work in phase.work] == [64] * 3


def test_a_training_without_a_name_is_a_part_of_the_block_around_it(lab):
    with brizna.measure("outer", **lab.options) as outer:
        lab.work(5)
        with Training() as training:
            train(training, lab)
        lab.work(5)
    assert [run.name for run in lab.store.runs()] == ["outer"]
    assert training.measuring is outer
    names = [phase.name for phase in outer.run.measurement.phases]
    assert names == ["training", "epoch 1", "epoch 2", "epoch 3"]
    assert training.energy.best.value == 6.25 * lab.power_w
    assert training.outside.best.value == pytest.approx(0.25 * lab.power_w)
    assert outer.energy.best.value == pytest.approx(16.25 * lab.power_w)


def test_a_training_with_a_name_is_a_run_inside_the_block_around_it(lab):
    with brizna.measure("outer", **lab.options), Training("inner", **lab.options) as training:
        train(training, lab)
    outer, inner = (lab.store.read(name).run for name in ("outer", "inner"))
    assert inner.parent == outer.id
    assert not outer.measurement.phases
    assert training.energy.best.value == 6.25 * lab.power_w


def test_under_brizna_run_a_training_is_a_run_inside_that(lab, monkeypatch):
    outer = lab.store.create_run()
    monkeypatch.setenv("BRIZNA_RUN", f"0:{outer}")
    with Training(**lab.options) as training:
        train(training, lab)
    assert training.run.parent == os.path.basename(outer)


def test_a_block_opened_elsewhere_can_be_given(lab):
    outer = brizna.measure("outer", **lab.options)
    with outer, Training("digits", inside=outer) as training:
        train(training, lab)
    assert next(phase.name for phase in outer.run.measurement.phases) == "digits"
    with pytest.raises(brizna.InputError, match="zone would be for a run of its own"):
        Training(inside=outer, zone="ES")


def test_what_a_training_raises_passes_and_its_record_is_closed(lab):
    training = Training("fails", **lab.options)

    def fail():
        with training:
            for _ in training.each_epoch(range(3)):
                lab.work(1)
                with training.part("evaluate"):
                    raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    run = lab.store.read("fails").run
    assert run.state == "failed"
    assert "ZeroDivisionError" in str(run.notes)
    assert [(phase.name, phase.open) for phase in run.measurement.phases] == [
        ("epoch 1", False),
        ("evaluate", False),
    ]
    assert joules(part.energy for part in training.epochs) == [lab.power_w]


def test_a_loop_that_is_left_early_ends_its_epoch(lab):
    with Training("left", **lab.options) as training:
        for epoch in training.each_epoch("abc", first=7):
            lab.work(1)
            if epoch == "b":
                break
        gc.collect()
        lab.work(1)
    assert [part.name for part in training.epochs] == ["epoch 7", "epoch 8"]
    assert training.outside.best.value == pytest.approx(lab.power_w)


def test_a_library_that_starts_again_after_it_failed_gets_another_run(lab):
    training = Training("again", **lab.options)
    training.start()
    training.begin_epoch(1)
    lab.work(1)
    training._options = lab.options  # these meters are used up; a machine's own are opened anew
    training.start()
    training.begin_epoch(1)
    lab.work(2)
    training.end_epoch(steps=3, tokens=0)
    training.stop()
    first, second = sorted(lab.store.runs(), key=lambda run: run.id)
    assert {first.state, second.state} == {"failed", "finished"}
    assert joules(part.energy for part in training.epochs) == [2 * lab.power_w]
    assert [work.name for work in training.run.measurement.work] == ["steps"]


def test_inside_a_with_a_library_neither_begins_nor_ends_the_run(lab):
    with Training("held", **lab.options) as training:
        for _ in range(2):
            training.start()
            training.begin_epoch(1)
            lab.work(1)
            training.end_epoch()
            training.stop()
    assert len(lab.store.runs()) == 1
    assert len(training.epochs) == 2


def test_nothing_is_told_of_a_training_that_nobody_measures(lab):
    training = Training("unopened", **lab.options)
    assert training.begin("part") is None
    assert training.begin_epoch(1) is None
    assert training.end_epoch() is None
    training.finish(None)
    training.count(samples=3)
    training.close()
    assert (training.energy, training.outside, training.run) == (None, None, None)
    with pytest.raises(brizna.InputError, match="the loop inside"):
        next(training.each_epoch(range(3)))


def test_a_machine_without_meters_leaves_no_numbers(lab):
    with Training("blind", **{**lab.options, "meters": []}) as training:
        train(training, lab)
    assert [part.energy for part in training.epochs] == [None] * 3
    assert (training.energy, training.outside) == (None, None)
    assert logged(training.energy, "epoch_energy_j") == {}


@pytest.mark.parametrize("is_part", [False, True], ids=["run", "part"])
def test_epochs_too_short_to_ask_about_are_told_by_the_record(lab, is_part):
    outer = brizna.measure("outer", **lab.options)
    with outer if is_part else nullcontext():
        if is_part:
            with Training() as earlier:
                train(earlier, lab, epochs=1)
        with Training(**{} if is_part else lab.options) as training:
            for _ in training.each_epoch(range(200)):
                lab.work(0.001)
            asked = [epoch.energy is not None for epoch in training.epochs]
            lab.work(1)
    assert all(asked[:100])
    assert not all(asked)
    each_j = 0.001 * lab.power_w
    assert joules(epoch.energy for epoch in training.epochs) == pytest.approx([each_j] * 200)
    assert training.outside.best.value == pytest.approx(lab.power_w)


def test_of_very_many_epochs_the_later_ones_are_told_together(lab):
    with Training("many", **lab.options) as training:
        for _ in training.each_epoch(range(2500)):
            lab.work(0.001)
        lab.work(1)
    phases = {phase.name: phase for phase in training.run.measurement.phases}
    assert len(phases) == 1001
    assert phases["later epochs"].count == 1500
    assert phases["later epochs"].energy_j.best.value == pytest.approx(1.5 * lab.power_w)
    assert training.epochs[999].energy.best.value == pytest.approx(0.001 * lab.power_w)
    assert training.epochs[2000].energy is None
    assert training.outside.best.value == pytest.approx(lab.power_w, rel=1e-6)


def test_an_epoch_shows_its_name_and_energy(lab):
    with Training("shown", **lab.options) as training:
        for _ in training.each_epoch(range(1)):
            assert repr(training.epochs[0]) == "<Epoch 'epoch 1': energy not known>"
            lab.work(1)
    assert "'epoch 1': <Energy 110 J" in repr(training.epochs[0])


def test_a_logged_energy_has_its_interval(lab):
    with Training("told", **lab.options) as training:
        train(training, lab)
    numbers = logged(training.energy, "energy_j")
    assert list(numbers) == ["energy_j", "energy_j_low", "energy_j_high"]
    assert numbers["energy_j_low"] < numbers["energy_j"] < numbers["energy_j_high"]


def test_an_edge_waits_for_what_the_accelerator_was_given(lab):
    waiting = [0.0]

    def settle():
        lab.work(waiting.pop() if waiting else 0)

    with Training("queued", settle=settle, **lab.options) as training:
        for _ in training.each_epoch(range(2)):
            waiting += [3.0]
    assert joules(part.energy for part in training.epochs) == [3 * lab.power_w] * 2


def test_an_accelerator_that_fails_at_an_edge_is_left_to_the_training(lab):
    def settle():
        raise RuntimeError("the device is lost")

    with Training("lost", settle=settle, **lab.options) as training:
        train(training, lab)
    assert joules(part.energy for part in training.epochs) == [2 * lab.power_w] * 3


UNFINISHED = """
from brizna.integrations._training import Training
training = Training("left")
training.start()
training.begin_epoch(1)
"""


@pytest.mark.parametrize(
    ("ending", "code", "said"),
    [("raise KeyError('lost')", 1, "KeyError"), ("", 0, LeftOpen.__name__)],
    ids=["fails", "forgets"],
)
def test_a_program_that_never_closes_its_training_leaves_a_whole_record(
    tmp_path, ending, code, said
):
    environ = {**os.environ, "BRIZNA_STORE": str(tmp_path / "store")}
    done = subprocess.run(
        [sys.executable, "-c", UNFINISHED + ending],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code
    run = Store(environ["BRIZNA_STORE"]).read("left").run
    assert run.state == "failed"
    assert said in str(run.notes)


def test_a_forked_child_leaves_the_training_alone(lab):
    with Training("parent", **lab.options) as training:
        train(training, lab)
        pid = os.fork()
        if pid == 0:
            training.begin_epoch(9)
            training.close()
            os._exit(training.energy is not None)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        lab.work(1)
    run = lab.store.read("parent").run
    assert run.state == "finished"
    assert len(run.measurement.phases) == 3
    assert training.energy.best.value == pytest.approx(7.25 * lab.power_w)


def test_a_forked_rank_has_a_run_of_its_own_inside_its_parents(lab):
    with Training("job", **lab.options) as training:
        training.begin_epoch(1)
        pid = os.fork()
        if pid == 0:
            training._options = lab.options  # a machine's own meters are opened anew
            training.start()
            train(training, lab, epochs=2)
            training.stop()
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    rank, job = sorted((lab.store.read(run.id).run for run in lab.store.runs()), key=depth)
    assert rank.parent == job.id
    assert (rank.state, job.state) == ("finished", "finished")
    assert [phase.name for phase in rank.measurement.phases] == ["epoch 1", "epoch 2"]


def depth(run):
    """Return 0 for a run inside another, else 1."""
    return int(run.parent is None)


def test_a_library_that_is_missing_or_too_old_says_what_to_do():
    said = str(missing("Keras", ImportError("No module named 'jax'"), install="keras[x]"))
    assert said.startswith("Keras cannot be imported (No module named 'jax')")
    assert said.endswith("pip install 'keras[x]'")
    check_version("torch", "2.13.0+cpu", least="2.4")
    check_version("torch", "3.0.dev1", least="2.4")
    with pytest.raises(brizna.UnavailableError, match=r"torch is 2\.3\.1 here: expected 2\.4"):
        check_version("torch", "2.3.1", least="2.4")


@pytest.mark.parametrize(
    ("module", "library", "install"),
    [
        ("torch", "PyTorch", "torch"),
        ("transformers", "PyTorch", "torch"),
        ("lightning", "PyTorch", "torch"),
        ("keras", "Keras", "keras"),
    ],
)
def test_without_its_library_a_module_says_what_to_install(module, library, install):
    code = f"""
import sys
from brizna import UnavailableError
sys.modules.update(dict.fromkeys(["torch", "keras"]))  # as where they are not installed
try:
    import brizna.integrations.{module}
except UnavailableError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith(f"{library} cannot be imported (")
    assert done.stdout.endswith(f"pip install '{install}'\n")


def test_the_room_itself_imports_no_library():
    code = "import sys, brizna.integrations; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert not loaded & {"torch", "transformers", "lightning", "keras", "sklearn", "numpy"}

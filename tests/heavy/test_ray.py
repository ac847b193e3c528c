"""Ray searches and trains for real, on this machine: trials and the rest sum to the run."""

from __future__ import annotations

import pytest

from brizna.core.errors import InputError
from brizna.core.estimate import total
from brizna.store import Store

ray = pytest.importorskip("ray")
pytest.importorskip("ray.tune")
pytest.importorskip("ray.train")

from ray import train, tune  # noqa: E402

from brizna.integrations.ray import EnergyTrials, each_worker  # noqa: E402


@pytest.fixture(scope="module", autouse=True)
def cluster(tmp_path_factory):
    """Start Ray on this machine, as small as it can be, and end it whatever happens."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_AIR_NEW_OUTPUT", "0")
        patch.setenv("RAY_DISABLE_IMPORT_WARNING", "1")
        ray.init(
            num_cpus=2,
            include_dashboard=False,
            object_store_memory=80 * 1024 * 1024,
            log_to_driver=False,
            configure_logging=False,
        )
        try:
            yield tmp_path_factory.mktemp("ray")
        finally:
            ray.shutdown()


def searching(config):
    """Work a while, and say how good that was; fail where told to."""
    if config["x"] == 3:
        raise ZeroDivisionError
    sum(range(2_000_000))
    return {"loss": config["x"] ** 2}


def search(energy, place):
    """Search over three values, two at a time."""
    run_config = tune.RunConfig(
        storage_path=str(place), callbacks=[energy.callback], verbose=0, name="search"
    )
    tuner = tune.Tuner(
        tune.with_resources(searching, {"cpu": 1}),
        param_space={"x": tune.grid_search([0, 1, 3])},
        tune_config=tune.TuneConfig(metric="loss", mode="min"),
        run_config=run_config,
    )
    return tuner.fit()


@pytest.mark.filterwarnings("ignore")
def test_trials_and_the_rest_sum_to_the_run(cluster, tmp_path):
    """With this machine's own meters: a trial is a process, and takes real time."""
    with EnergyTrials("search", store=str(tmp_path), interval=0.1) as energy:
        found = search(energy, cluster)
    assert found.get_best_result().config == {"x": 0}
    assert len(found.errors) == 1
    assert len(energy.energies) == 3
    known = [each for each in energy.energies.values() if each is not None]
    assert all(each.best.value > 0 for each in known)
    shares = energy.shares()
    run = Store(str(tmp_path)).read("search").run
    whole = total([shares.requests, shares.idle, shares.unknown])
    assert whole.best.value == pytest.approx(run.measurement.energy_j.best.value, rel=1e-12)
    if len(known) == 3:
        assert total(known).best.value == pytest.approx(shares.requests.best.value, rel=1e-9)
    assert {work.name: work.amount for work in run.measurement.work} == {"trials": 3}
    assert run.state == "finished"
    front = energy.front("loss", mode="min")
    assert all(one.energy == energy.energies[one.trial] for one in front)
    assert [one.quality for one in front] == sorted((one.quality for one in front), reverse=True)
    if len(known) == 3:
        assert front[-1].config == {"x": 0}  # nobody has less of it
    assert energy.front("accuracy") == ()
    with pytest.raises(InputError, match="max or min"):
        energy.front("loss", mode="least")


def training(config):
    """Fit a line with PyTorch, and report each epoch."""
    import torch

    from brizna.integrations.torch import Training

    torch.set_num_threads(1)
    line = torch.nn.Linear(1, 1)
    x = torch.linspace(-1, 1, 64)[:, None]
    steps = torch.optim.SGD(line.parameters(), lr=config["rate"])
    with Training() as epochs:
        for _ in epochs.each_epoch(range(2)):
            for _ in range(50):
                loss = ((line(x) - 2 * x) ** 2).mean()
                steps.zero_grad()
                loss.backward()
                steps.step()
            train.report({"loss": loss.item()})


@pytest.mark.filterwarnings("ignore")
def test_each_worker_of_a_training_keeps_a_run_and_they_merge(cluster, tmp_path):
    pytest.importorskip("torch")
    from ray.train.torch import TorchTrainer

    trainer = TorchTrainer(
        each_worker(training, store=str(tmp_path), tags=["night"], interval=0.1),
        train_loop_config={"rate": 0.1},
        scaling_config=train.ScalingConfig(num_workers=2, resources_per_worker={"CPU": 0.5}),
        run_config=train.RunConfig(storage_path=str(cluster), name="job"),
    )
    assert trainer.fit().error is None
    store = Store(str(tmp_path))
    runs = [store.read(run.id).run for run in store.runs()]
    assert sorted(run.tags for run in runs) == [
        ("night", "ray-train=job", f"rank={rank}") for rank in range(2)
    ]
    for run in runs:
        assert (run.name, run.state) == ("training", "finished")
        names = [phase.name for phase in run.measurement.phases]
        assert names == ["training", "epoch 1", "epoch 2"]
    whole = store.merge([run.id for run in runs], name="job").run
    assert whole.measurement.energy_j is not None

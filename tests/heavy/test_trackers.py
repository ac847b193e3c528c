"""Each tracker's own reader finds in its own files what the run's record says."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
import zlib
from datetime import datetime
from pathlib import Path

import pytest

import brizna
from brizna.testing import sample_metrics, sink_conformance

TRAIN = "import time\nfor _ in range(3): sum(range(10**6)); time.sleep(0.05)\n"


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BRIZNA_STORE", str(tmp_path / "store"))
    return tmp_path


def run_told(to, *, name="job"):
    """Run a command with a sink and return the run's view."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "brizna", "run", "--quiet", "--zone", "ES", "--name", name),
            *("--json", "view.json", "--to", to, "--", sys.executable, "-c", TRAIN),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0
    assert done.stderr == ""
    return json.loads(Path("view.json").read_text())


def known(view):
    """Return figures of a run's record by the key that a tracker has them under."""
    energy, carbon = view["measurement"]["energy_j"], view["footprint"]["carbon_g"]
    return {
        **{f"brizna/energy_joules{end}": energy[at] for end, at in ENDS.items()},
        **{f"brizna/co2e_grams{end}": carbon[at] for end, at in ENDS.items()},
        "brizna/seconds": view["duration_s"],
    }


ENDS = {"": "best", "_low": "low", "_high": "high"}


def about(numbers):
    """Return numbers as a record rounds the ends of its intervals."""
    return pytest.approx(numbers, rel=1e-6)


# ------------------------------------------------------------------------------------------- MLflow


@pytest.fixture
def uri(place):
    """Return the address of a database of this test's own: MLflow remembers those it has seen."""
    pytest.importorskip("mlflow")
    return f"sqlite:///{place}/runs.db"


@pytest.fixture
def client(uri):
    from mlflow import MlflowClient

    return MlflowClient(uri)


def test_mlflow_reads_a_command_from_its_database(client, uri):
    view = run_told(f"mlflow={uri}")
    (experiment,) = client.search_experiments(filter_string="name = 'Default'")
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.info.run_name == "job"
    assert run.info.status == "FINISHED"
    assert {key: run.data.metrics[key] for key in known(view)} == about(known(view))
    assert run.data.tags["brizna.run"] == view["id"]
    assert run.data.params["command"].endswith(TRAIN)
    (last,) = client.get_metric_history(run.info.run_id, "brizna/energy_joules")[-1:]
    assert last.timestamp == pytest.approx(1000 * _ended(view), abs=2)


def _ended(view):
    return datetime.fromisoformat(view["started"]).timestamp() + view["duration_s"]


def test_mlflow_keeps_the_numbers_of_a_block_in_its_active_run(client, uri):
    import mlflow

    mlflow.set_tracking_uri(uri)
    with mlflow.start_run() as active, brizna.measure("block", to=["mlflow"]) as m:
        mlflow.log_metric("loss", 0.5)
    logged = client.get_run(active.info.run_id)
    assert logged.data.metrics["loss"] == 0.5
    assert logged.data.metrics["brizna/energy_joules"] == m.energy.best.value
    assert logged.info.status == "FINISHED"


def test_mlflow_adds_to_the_run_that_a_variable_names(client, uri, monkeypatch):
    run = client.create_run("0", run_name="training")
    monkeypatch.setenv("MLFLOW_RUN_ID", run.info.run_id)
    view = run_told(f"mlflow={uri}")
    joined = client.get_run(run.info.run_id)
    assert joined.data.metrics["brizna/seconds"] == view["duration_s"]
    assert joined.info.status == "RUNNING"
    assert joined.data.params == {}


def test_mlflow_keeps_its_promises(client, uri):
    from brizna.integrations.mlflow import MlflowSink

    assert sink_conformance(lambda: MlflowSink(uri, name="r")) == []
    states = {run.info.status for run in client.search_runs(["0", "1"])}
    assert states == {"FINISHED", "FAILED", "KILLED"}


# ------------------------------------------------------------------------------- Weights & Biases


def wandb_records(data):
    """Yield the records of an offline run's file, which has the form of LevelDB's log.

    A head of 7 bytes, then blocks of 32 KiB; each piece of a record has its CRC-32, its length and
    whether it is whole (1), the first (2), in the middle (3) or the last (4). W&B's own reader of
    it is no Python any more; what a record holds is read by W&B's own classes.
    """
    assert data[:4] == b":W&B"
    place, record = 7, b""
    while place + 7 <= len(data):
        left = 32768 - place % 32768
        if left < 7:
            place += left
            continue
        crc, length, kind = struct.unpack_from("<IHB", data, place)
        piece = data[place + 7 : place + 7 + length]
        assert zlib.crc32(piece, zlib.crc32(bytes([kind]))) == crc
        record = piece if kind in (1, 2) else record + piece
        if kind in (1, 4):
            yield record
        place += 7 + length


def wandb_history(folder):
    """Return the steps and the config of the one offline run below a folder."""
    from wandb.proto import wandb_internal_pb2

    (path,) = Path(folder).glob("wandb/offline-run-*/run-*.wandb")
    steps, config = [], {}
    for data in wandb_records(path.read_bytes()):
        record = wandb_internal_pb2.Record.FromString(data)
        if record.WhichOneof("record_type") == "history":
            items = record.history.item
            named = {item.key or "/".join(item.nested_key): item.value_json for item in items}
            steps.append({key: json.loads(value) for key, value in named.items()})
        for update in (record.config.update, record.run.config.update):
            config |= {item.key or "/".join(item.nested_key): item.value_json for item in update}
    return steps, config


def test_an_offline_run_of_wandb_has_a_command():
    pytest.importorskip("wandb")
    view = run_told("wandb=.")
    steps, config = wandb_history(".")
    assert {key: steps[-1][key] for key in known(view)} == about(known(view))
    assert json.loads(config["brizna.run"]) == view["id"]


def test_wandb_keeps_the_steps_of_its_active_run(place):
    wandb = pytest.importorskip("wandb")
    with wandb.init(dir=str(place), mode="offline", settings=wandb.Settings(silent=True)) as run:
        with brizna.measure("block", to=["wandb"]) as m:
            run.log({"loss": 0.5}, step=10)
        assert run.step <= 11
    wandb.teardown()  # what it has is in its file then
    steps, _ = wandb_history(".")
    assert {"loss": 0.5}.items() <= steps[0].items()
    assert steps[-1]["brizna/energy_joules"] == m.energy.best.value


def test_wandb_keeps_its_promises():
    pytest.importorskip("wandb")
    from brizna.integrations.wandb import WandbSink

    assert sink_conformance(lambda: WandbSink(".", name="r")) == []


# -------------------------------------------------------------------------------------- TensorBoard


def test_tensorboard_reads_a_command_and_where_its_figures_come_from():
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    view = run_told("tensorboard=runs/job")
    events = EventAccumulator("runs/job").Reload()
    last = {tag: events.Scalars(tag)[-1] for tag in events.Tags()["scalars"]}
    assert {key: last[key].value for key in known(view)} == about(known(view))
    assert last["brizna/seconds"].wall_time == pytest.approx(_ended(view), abs=0.01)
    (text,) = events.Tensors("brizna/record")
    assert view["id"] in text.tensor_proto.string_val[0].decode()


def test_tensorboard_keeps_its_promises(tmp_path):
    pytest.importorskip("tensorboard")
    from brizna.integrations.tensorboard import TensorboardSink

    folders = iter(range(9))
    assert sink_conformance(lambda: TensorboardSink(str(tmp_path / f"{next(folders)}"))) == []


# ------------------------------------------------------------------------------------------ DVCLive


def test_dvclive_keeps_a_command_in_its_own_files():
    pytest.importorskip("dvclive")
    from dvclive.serialize import load_yaml
    from dvclive.utils import parse_metrics

    view = run_told("dvclive=live")

    class Folder:
        plots_dir, metrics_file, summary = "live/plots", "live/metrics.json", None

    history, latest = parse_metrics(Folder)
    named = {f"brizna/{key}": value for key, value in latest["brizna"].items() if key != "channels"}
    assert {key: named[key] for key in known(view)} == about(known(view))
    (energy,) = (
        rows for path, rows in history.items() if path.endswith("brizna/energy_joules.tsv")
    )
    assert float(energy[-1]["energy_joules"]) == about(named["brizna/energy_joules"])
    assert load_yaml("live/params.yaml")["brizna.run"] == view["id"]


def test_dvclive_keeps_its_promises(tmp_path):
    pytest.importorskip("dvclive")
    from brizna.integrations.dvclive import DvcliveSink

    folders = iter(range(9))
    assert sink_conformance(lambda: DvcliveSink(str(tmp_path / f"{next(folders)}"))) == []


# ---------------------------------------------------------------------------------------------- Aim


def aim_runs():
    """Return the runs of the repository here, by name."""
    aim = pytest.importorskip("aim")
    repository = aim.Repo.from_path(".")
    return {
        run.name: run for run in (aim.Run(h, repo=repository) for h in repository.list_all_runs())
    }


def test_aim_reads_a_command_from_its_repository():
    pytest.importorskip("aim")
    view = run_told("aim=.")
    run = aim_runs()["job"]
    last = {metric.name: metric.values.sparse_list()[1][-1] for metric in run.metrics()}
    assert {key: last[key] for key in known(view)} == about(known(view))
    assert run["brizna.run"] == view["id"]
    assert run.experiment == "brizna"


def test_aim_finds_the_run_by_a_query_once_it_is_indexed():
    aim = pytest.importorskip("aim")
    with brizna.measure("block", to=["aim=."]) as m:
        pass
    done = subprocess.run(
        [Path(sys.executable).with_name("aim"), "storage", "--repo", ".", "reindex"],
        input="y\n",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = aim.Repo.from_path(".").query_metrics("metric.name == 'brizna/energy_joules'")
    assert [metric.values.sparse_list()[1][-1] for metric in found] == [m.energy.best.value]


def test_aim_keeps_its_promises(tmp_path):
    pytest.importorskip("aim")
    from brizna.integrations.aim import AimSink

    assert sink_conformance(lambda: AimSink(str(tmp_path), name="r")) == []


def test_no_tracker_is_told_of_what_is_not_known():
    assert "brizna/cost/EUR" not in sample_metrics(2)

"""Code written for CodeCarbon, run as it stands: brizna measures, and says how far it knows."""

from __future__ import annotations

import csv
import json
import logging
import math
import os
import pickle
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from brizna.integrations._codecarbon_command import shim_environment
from brizna.integrations.codecarbon import (
    EmissionsTracker,
    LoggerOutput,
    OfflineEmissionsTracker,
    TaskEmissionsTracker,
    track_emissions,
    track_task_emissions,
)
from brizna.store import Store
from brizna.verbs import import_codecarbon, view_of

if TYPE_CHECKING:
    from pathlib import Path

SCRIPT = """
import sys
from codecarbon import EmissionsTracker, OfflineEmissionsTracker, track_emissions
from codecarbon.emissions_tracker import TaskEmissionsTracker
from codecarbon.external.logger import logger
from codecarbon.output import LoggerOutput

tracker = OfflineEmissionsTracker(project_name="script", country_iso_code="ESP", log_level="error")
tracker.start()
sum(range(10**6))
emissions: float = tracker.stop()
print(f"{1000 * emissions:.6f} g", sys.argv[1:])
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BRIZNA_STORE", str(tmp_path / "store"))
    place = tmp_path / "project"
    place.mkdir()
    monkeypatch.chdir(place)
    return place


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "store"))


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.WARNING, logger="codecarbon")
    return caplog


def work() -> None:
    sum(range(10**6))


def rows(path: str = "emissions.csv") -> list[dict[str, str]]:
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def tracker(**options) -> OfflineEmissionsTracker:
    return OfflineEmissionsTracker(country_iso_code="ESP", **options)


def test_stop_returns_kilograms_as_a_number_with_its_interval(store: Store) -> None:
    measured = tracker(project_name="plain")
    measured.start()
    work()
    emissions = measured.stop()
    assert isinstance(emissions, float)
    footprint = view_of(store, "plain")["footprint"]
    assert emissions == pytest.approx(footprint["carbon_operational_g"]["best"] / 1000)
    assert measured.estimate is not None
    assert measured.estimate.low < measured.estimate.best < measured.estimate.high
    assert json.loads(json.dumps(emissions)) == emissions
    assert pickle.loads(pickle.dumps(emissions)) == emissions  # noqa: S301 - our own bytes


def test_stopping_again_returns_the_same() -> None:
    with tracker() as measured:
        work()
    assert measured.stop() == measured.final_emissions


def test_the_row_is_written_and_is_the_run_of_the_store(store: Store) -> None:
    with tracker(project_name="rows") as measured:
        work()
    (row,) = rows()
    run = store.read("rows").run
    assert row["run_id"] == run.id == measured.run_id
    assert row["country_iso_code"] == "ESP"
    assert float(row["emissions"]) == measured.final_emissions
    parts = [
        float(row[f"{part}_energy"]) for part in ("cpu", "gpu", "ram") if row[f"{part}_energy"]
    ]
    assert sum(parts) == pytest.approx(float(row["energy_consumed"]))


def test_what_a_tracker_wrote_is_not_imported_beside_its_own_run(store: Store) -> None:
    with tracker(project_name="once"):
        work()
    found = import_codecarbon(store, "emissions.csv")
    assert found.ids == ()
    assert found.known == (store.read("once").run.id,)
    elsewhere = Store(f"{store.path}-elsewhere")
    import_codecarbon(elsewhere, "emissions.csv")
    assert "Imported from brizna" in elsewhere.read("once").run.notes[0]


def test_a_flush_adds_a_row_and_goes_on() -> None:
    measured = tracker(project_name="flushed")
    measured.start()
    work()
    early = measured.flush()
    work()
    late = measured.stop()
    assert early is not None
    assert late is not None
    assert 0 < early < late
    assert [float(row["emissions"]) for row in rows()] == [early, late]


def test_update_keeps_one_row_for_each_run() -> None:
    for _ in range(2):
        measured = tracker(on_csv_write="update")
        measured.start()
        work()
        measured.flush()
        measured.stop()
    assert len({row["run_id"] for row in rows()}) == len(rows()) == 2


def test_a_file_with_other_columns_is_set_aside(here: Path) -> None:
    (here / "emissions.csv").write_text("timestamp,emissions\nlong ago,1\n")
    with tracker():
        work()
    assert len(rows()) == 1
    assert (here / "emissions.csv.bak").read_text().endswith("long ago,1\n")


def test_an_empty_file_is_begun_anew(here: Path) -> None:
    (here / "emissions.csv").touch()
    with tracker():
        work()
    assert len(rows()) == 1


@pytest.mark.parametrize("options", [{"save_to_file": False}, {"output_methods": ["logger"]}])
def test_no_file_is_written_where_none_is_wanted(here: Path, options) -> None:
    with tracker(**options):
        work()
    assert list(here.iterdir()) == []


def test_tasks_have_figures_of_their_own_within_the_run(here: Path, store: Store) -> None:
    measured = tracker(project_name="tasks")
    measured.start()
    for name in ("load", "train"):
        measured.start_task(name)
        work()
        told = measured.stop_task()
        assert told is not None
        assert told.emissions > 0
        assert told.estimate is not None
        assert told.estimate.best.value == pytest.approx(told.emissions * 1000)
        assert told.energy_consumed == pytest.approx(
            told.cpu_energy + told.ram_energy + (told.gpu_energy or 0)
        )
    whole = measured.stop()
    parts = [task.emissions_data.emissions for task in measured._tasks.values()]
    assert whole is not None
    assert sum(parts) < whole
    phases = store.read("tasks").run.measurement.phases
    assert [phase.name for phase in phases] == ["load", "train"]
    (file,) = here.glob("emissions_base_*.csv")
    assert [row["task_name"] for row in rows(str(file))] == ["load", "train"]


def test_without_start_only_tasks_count() -> None:
    measured = tracker()
    measured.start_task("one")
    work()
    one = measured.stop_task()
    work()  # outside of any task
    with TaskEmissionsTracker("two", measured):
        work()
    two = measured._tasks["two"].emissions_data
    whole = measured.stop()
    assert one is not None
    assert whole == pytest.approx(one.emissions + two.emissions)


def test_a_second_task_at_once_and_a_task_that_is_not_there_are_said(said) -> None:
    measured = tracker()
    assert measured.stop_task() is None
    measured.start_task("one")
    measured.start_task("two")
    measured.stop()
    assert "There is no task to end" in said.text
    assert "A task is measured already: one" in said.text


def test_the_decorators_return_what_the_function_does(store: Store) -> None:
    @track_emissions(project_name="bare", offline=True, country_iso_code="FRA")
    def double(x: int) -> int:
        """Double."""
        return 2 * x

    @track_emissions
    def plain() -> str:
        return "plain"

    measured = tracker(project_name="with tasks")

    @track_task_emissions(tracker=measured, task_name="part")
    def part() -> str:
        return "part"

    assert (double(2), plain(), part()) == (4, "plain", "part")
    measured.stop()
    assert double.__doc__ == "Double."
    assert sorted(str(run.name) for run in store.runs()) == ["bare", "codecarbon", "with tasks"]


def test_an_exception_passes_and_the_run_is_kept(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), tracker(project_name="broken"):
        1 / 0  # noqa: B018
    run = store.read("broken").run
    assert run.state == "failed"
    assert "ZeroDivisionError" in str(run.notes)
    assert len(rows()) == 1


def test_place_overhead_and_intensity_are_those_that_were_given(store: Store) -> None:
    options = {"pue": 2, "force_carbon_intensity_g_co2e_kwh": 100.0, "project_name": "given"}
    with tracker(**options) as measured:
        work()
    data = measured.final_emissions_data
    assert data is not None
    assert data.emissions == pytest.approx(data.energy_consumed * 0.1)
    assert data.pue == 2
    run = store.read("given").run
    assert data.energy_consumed * 3.6e6 == pytest.approx(2 * run.measurement.energy_j.best.value)


def test_a_cloud_region_names_the_place(store: Store) -> None:
    with EmissionsTracker("cloud", cloud_provider="gcp", cloud_region="europe-west1"):
        work()
    assert store.read("cloud").run.site.zone == "BE"


def test_what_is_not_known_is_no_number_and_is_said(said) -> None:
    with EmissionsTracker() as measured:
        work()
    assert measured.final_emissions is not None
    assert math.isnan(measured.final_emissions)
    assert measured.estimate is None
    assert "The emissions are not known" in said.text
    assert rows()[0]["emissions"] == ""


def test_what_means_nothing_here_is_said_once(said) -> None:
    with tracker(api_key="secret", force_cpu_power=65, save_to_api=True, save_to_prometheus=False):
        work()
    text = "These mean nothing to brizna: api_key, force_cpu_power, save_to_api."
    assert said.text.count(text) == 1
    assert "secret" not in said.text


def test_an_argument_that_no_tracker_takes_is_an_error_as_everywhere() -> None:
    with pytest.raises(TypeError, match="country_code"):
        EmissionsTracker(country_code="ESP")


def test_a_place_that_nobody_knows_leaves_the_job_alone(said) -> None:
    with OfflineEmissionsTracker(country_iso_code="XYZ") as measured:
        work()
    assert "'XYZ' is no grid zone" in said.text
    assert measured.final_emissions_data is not None
    assert measured.final_emissions_data.energy_consumed > 0


def test_settings_files_and_variables_of_codecarbon_are_read(
    here: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / ".codecarbon.config").write_text(
        "[codecarbon]\nproject_name = from file\nmeasure_power_secs = 2\npue = much\n"
        "output_methods = csv,api\n"
    )
    monkeypatch.setenv("CODECARBON_OUTPUT_FILE", "other.csv")
    with tracker():
        work()
    assert store.runs()[-1].name == "from file"
    assert len(rows("other.csv")) == 1
    assert store.read("last").run.measurement.interval_s == 2


def test_outputs_get_the_row_and_one_that_fails_harms_nobody(said) -> None:
    class Failing:
        def out(self, _total, _delta):
            raise ValueError("full")

    class Kept:
        seen: list[str] = []

        def out(self, total, _delta):
            self.seen.append(total.run_id)

        def exit(self):
            self.seen.append("over")

    handlers = [Failing(), Kept(), LoggerOutput(logging.getLogger("codecarbon"), logging.ERROR)]
    with tracker(output_handlers=handlers) as measured:
        work()
    assert Kept.seen == [measured.run_id, "over"]
    assert "An output failed: ValueError('full')." in said.text
    assert '"country_iso_code": "ESP"' in said.text


def test_a_folder_that_is_not_there_is_said_and_harms_nobody(said) -> None:
    with tracker(output_dir="nowhere") as measured:
        work()
    assert measured.final_emissions is not None
    assert "The figures cannot be written" in said.text


def test_the_hardware_is_told_before_anything_is_measured() -> None:
    found = tracker(measure_power_secs=0).get_detected_hardware()
    assert found["cpu_count"] > 0
    assert found["ram_total_size"] > 0
    assert found["gpu_count"] >= 0


# ------------------------------------------------------------------------- scripts and the command


def shim(*words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "brizna.integrations.codecarbon", *words],
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_script_that_imports_codecarbon_runs_as_it_is(here: Path, store: Store) -> None:
    (here / "script.py").write_text(SCRIPT)
    done = shim("script.py", "--epochs", "3")
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("g ['--epochs', '3']\n")
    assert float(done.stdout.split()[0]) > 0
    assert store.read("last").run.name == "script"


def test_nothing_of_it_is_left_behind() -> None:
    import importlib.util

    before = list(sys.path)
    environ = shim_environment({"PATH": "/bin", "PYTHONPATH": "/mine"})
    assert environ["PYTHONPATH"].endswith(f"{os.pathsep}/mine")
    assert environ["PATH"].endswith(f"{os.pathsep}/bin")
    assert sys.path == before
    found = importlib.util.find_spec("codecarbon")
    assert found is None or "brizna" not in str(found.origin)


def test_codecarbon_monitor_measures_a_command(store: Store) -> None:
    done = shim(
        *("codecarbon", "monitor", "--offline", "--country-iso-code", "FRA", "--no-api", "--"),
        *(sys.executable, "-c", "print('hi'); raise SystemExit(3)"),
    )
    assert (done.returncode, done.stdout) == (3, "hi\n")
    assert "CO2e" in done.stderr
    (row,) = rows()
    assert row["country_iso_code"] == "FRA"
    assert row["run_id"] == store.read("last").run.id


@pytest.mark.parametrize(
    ("words", "code"), [((), 2), (("codecarbon", "login"), 2), (("no-such-command",), 127)]
)
def test_what_cannot_be_done_is_said(words, code) -> None:
    done = shim(*words)
    assert done.returncode == code
    assert done.stderr
    assert "Traceback" not in done.stderr


def test_help_is_help() -> None:
    done = shim("--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert "SCRIPT.py" in done.stdout

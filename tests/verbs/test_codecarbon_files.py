"""CodeCarbon's ``emissions.csv``: every version's columns come in, and what goes out fits them."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brizna.core.errors import InputError
from brizna.report import CODECARBON_COLUMNS, codecarbon_csv, codecarbon_rows, show_lines
from brizna.store import Store
from brizna.verbs import import_codecarbon, view_of

if TYPE_CHECKING:
    from pathlib import Path

    from brizna.core.measurement import ChannelEnergy, Run

J_PER_KWH = 3.6e6

VERSION_1 = (
    "timestamp,experiment_id,project_name,duration,emissions,energy_consumed,country_name,"
    "country_iso_code,region,on_cloud,cloud_provider,cloud_region"
)
VERSION_2 = (
    "timestamp,project_name,run_id,duration,emissions,emissions_rate,cpu_power,gpu_power,ram_power,"
    "cpu_energy,gpu_energy,ram_energy,energy_consumed,country_name,country_iso_code,region,"
    "cloud_provider,cloud_region,os,python_version,codecarbon_version,cpu_count,cpu_model,gpu_count,"
    "gpu_model,longitude,latitude,ram_total_size,tracking_mode,on_cloud"
)
VERSION_2_WITH_PUE = f"{VERSION_2},pue"
VERSION_3 = ",".join(CODECARBON_COLUMNS)
TASKS = "task_name," + VERSION_2.replace("project_name,run_id", "project_name,run_id")

ROW: dict[str, Any] = {
    "timestamp": "2024-04-13T21:30:53",
    "project_name": "tuning",
    "run_id": "one",
    "experiment_id": "many",
    "duration": 120.0,
    "emissions": 0.002,
    "emissions_rate": 0.002 / 120,
    "cpu_power": 45.0,
    "gpu_power": 240.0,
    "ram_power": 3.0,
    "cpu_energy": 0.0015,
    "gpu_energy": 0.008,
    "ram_energy": 0.0001,
    "energy_consumed": 0.0096,
    "country_name": "Spain",
    "country_iso_code": "ESP",
    "os": "Linux-6.1",
    "python_version": "3.11.7",
    "codecarbon_version": "2.3.4",
    "cpu_count": 8,
    "cpu_model": "Some processor",
    "gpu_count": 2,
    "gpu_model": "2 x NVIDIA A100-SXM4-40GB",
    "longitude": -3.7038,
    "latitude": 40.4168,
    "ram_total_size": 16.0,
    "tracking_mode": "machine",
    "on_cloud": "N",
    "pue": 1.0,
}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "store"))


def written(tmp_path: Path, *rows: dict[str, Any], columns: str = VERSION_3) -> str:
    """Write a file of these columns and return its path."""
    text = io.StringIO()
    out = csv.DictWriter(text, columns.split(","), extrasaction="ignore", restval="")
    out.writeheader()
    out.writerows(rows)
    path = tmp_path / "emissions.csv"
    path.write_text(text.getvalue(), encoding="utf-8")
    return str(path)


def only_run(store: Store, file: str, **options: Any) -> Run:
    found = import_codecarbon(store, file, **options)
    assert found.broken == ()
    (run_id,) = found.ids
    return store.read(run_id).run


def channels(run: Run) -> dict[str, ChannelEnergy]:
    return {channel.id: channel for channel in run.measurement.channels}


@pytest.mark.parametrize("columns", [VERSION_2, VERSION_2_WITH_PUE, VERSION_3])
def test_components_come_in_joules_with_their_doubt(store: Store, tmp_path: Path, columns) -> None:
    run = only_run(store, written(tmp_path, ROW, columns=columns))
    found = channels(run)
    energies = {name: channel.energy_j for name, channel in found.items()}
    assert list(energies) == ["codecarbon/cpu", "codecarbon/gpu", "codecarbon/ram"]
    for name, kwh in (("cpu", 0.0015), ("gpu", 0.008), ("ram", 0.0001)):
        energy = energies[f"codecarbon/{name}"]
        assert energy is not None
        assert energy.best.value == pytest.approx(kwh * J_PER_KWH)
        assert energy.low < energy.best < energy.high
    assert run.measurement.energy_j is not None
    assert run.measurement.energy_j.best.value == pytest.approx(0.0096 * J_PER_KWH)
    assert run.duration_s == 120
    assert run.started == "2024-04-13T21:28:53.000Z"


def test_nothing_of_another_tool_is_ever_called_metered(store: Store, tmp_path: Path) -> None:
    run = only_run(store, written(tmp_path, ROW))
    bases = {channel.kind: channel.basis for channel in run.measurement.channels}
    assert bases == {"cpu": "modelled", "gpu": "declared", "memory": "modelled"}
    assert {c.energy_j.basis for c in run.measurement.channels if c.energy_j} == set(bases.values())
    assert run.measurement.coverage.metered == ()
    assert "does not write how it measured" in run.notes[0]


def test_memory_lies_between_what_the_sources_give_its_size(store: Store, tmp_path: Path) -> None:
    run = only_run(store, written(tmp_path, {**ROW, "ram_energy": 0.002}))
    energy = channels(run)["codecarbon/ram"].energy_j
    assert energy is not None
    (ends,) = energy.doubts.values()
    rate = next(factor for factor in run.factors if factor.id == "memory/power")
    assert rate.low is not None
    assert rate.high is not None
    assert ends == pytest.approx((rate.low * 16 * 120, rate.high * 16 * 120))


def test_the_first_version_has_one_figure_for_the_whole_machine(
    store: Store, tmp_path: Path
) -> None:
    cloud = {"on_cloud": "Y", "cloud_provider": "gcp", "cloud_region": "europe-west1"}
    run = only_run(store, written(tmp_path, {**ROW, **cloud}, columns=VERSION_1))
    assert list(channels(run)) == ["codecarbon/all"]
    assert channels(run)["codecarbon/all"].kind == "node"
    assert run.site.zone == "BE"


def test_a_declared_overhead_of_the_building_is_taken_out_of_the_energy(
    store: Store, tmp_path: Path
) -> None:
    run = only_run(store, written(tmp_path, {**ROW, "pue": 1.6}))
    view = view_of(store, run.id)
    assert run.measurement.energy_j is not None
    assert run.measurement.energy_j.best.value == pytest.approx(0.0096 * J_PER_KWH / 1.6)
    facility = view["footprint"]["facility_energy_j"]["best"]
    assert facility == pytest.approx(0.0096 * J_PER_KWH)


def test_time_is_accounted_for_as_declared(store: Store, tmp_path: Path) -> None:
    run = only_run(store, written(tmp_path, ROW))
    footprint = view_of(store, run.id)["footprint"]
    assert footprint["duration_s"]["best"] == 120
    assert footprint["duration_s"]["basis"] == "declared"
    assert footprint["carbon_embodied_g"] is not None


def test_the_last_row_of_a_run_stands_for_those_before_it(store: Store, tmp_path: Path) -> None:
    early = {**ROW, "duration": 60.0, "cpu_energy": 0.0007}
    other = {**ROW, "run_id": "two", "project_name": "other"}
    file = written(tmp_path, early, other, ROW)
    found = import_codecarbon(store, file)
    assert found.superseded == 1
    assert sorted(run.name or "" for run in store.runs()) == ["other", "tuning"]
    assert store.read("tuning").run.duration_s == 120


def test_tasks_of_one_run_are_runs_of_their_own(store: Store, tmp_path: Path) -> None:
    rows = [{**ROW, "task_name": name, "duration": n + 1} for n, name in enumerate("ab")]
    found = import_codecarbon(store, written(tmp_path, *rows, columns=TASKS))
    assert found.superseded == 0
    assert sorted(run.name or "" for run in store.runs()) == ["a", "b"]


def test_a_row_that_stands_twice_is_one_run(store: Store, tmp_path: Path) -> None:
    found = import_codecarbon(store, written(tmp_path, ROW, ROW, columns=VERSION_1))
    assert len(found.ids) == len(found.known) == len(store.ids()) == 1


def test_importing_again_changes_nothing(store: Store, tmp_path: Path) -> None:
    file = written(tmp_path, ROW)
    first = import_codecarbon(store, file)
    again = import_codecarbon(store, file)
    assert again.ids == ()
    assert again.known == first.ids


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"timestamp": "2020-04-31T03:26:11"}, "timestamp"),
        ({"timestamp": ""}, "timestamp"),
        ({"duration": "long"}, "duration"),
        ({"duration": -1}, "duration"),
    ],
)
def test_a_broken_row_is_named_and_the_others_come_in(
    store: Store, tmp_path: Path, changes, reason
) -> None:
    broken = {**ROW, "run_id": "broken", **changes}
    found = import_codecarbon(store, written(tmp_path, broken, ROW))
    assert [(one.line, reason in one.reason) for one in found.broken] == [(2, True)]
    assert len(found.ids) == 1


def test_a_row_whose_cells_have_moved_is_not_guessed_at(store: Store, tmp_path: Path) -> None:
    file = written(tmp_path, ROW)
    with open(file, "a", encoding="utf-8") as out:
        out.write("2024-04-13T21:30:53,tuning,one\n")
    found = import_codecarbon(store, file)
    assert [one.line for one in found.broken] == [3]
    assert "3 cells under" in found.broken[0].reason


@pytest.mark.parametrize("energy", ["0.0", "", "-1", "nan", "much"])
def test_an_energy_that_cannot_be_right_is_absent(store: Store, tmp_path: Path, energy) -> None:
    run = only_run(store, written(tmp_path, {**ROW, "cpu_energy": energy}))
    processor = channels(run)["codecarbon/cpu"]
    assert processor.energy_j is None
    assert processor.reason
    assert "cpu" in run.measurement.coverage.not_seen


def test_a_machine_without_graphics_cards_misses_none(store: Store, tmp_path: Path) -> None:
    bare = {**ROW, "gpu_energy": 0.0, "gpu_count": "", "gpu_model": ""}
    assert "codecarbon/gpu" not in channels(only_run(store, written(tmp_path, bare)))


def test_where_somebody_was_is_not_kept(store: Store, tmp_path: Path) -> None:
    run = only_run(store, written(tmp_path, ROW))
    assert "40.4168" not in str(run.to_json())


def test_a_time_zone_moves_the_time(store: Store, tmp_path: Path) -> None:
    run = only_run(store, written(tmp_path, ROW), zone="Europe/Madrid")
    assert run.started == "2024-04-13T19:28:53.000Z"


def test_a_row_that_comes_again_as_of_another_time_zone_is_the_same_run(
    store: Store, tmp_path: Path
) -> None:
    file = written(tmp_path, ROW)
    run = only_run(store, file, zone="Europe/Madrid")
    again = import_codecarbon(store, file)
    assert (again.ids, again.known) == ((), (run.id,))


def test_an_imported_run_shows_its_time(store: Store, tmp_path: Path) -> None:
    run = only_run(store, written(tmp_path, ROW))
    lines = show_lines(view_of(store, run.id), lang="en")
    (time,) = [line for line in lines if line.startswith("time")]
    assert time.split(maxsplit=1)[1].startswith("2 min")


def test_a_guess_that_brizna_wrote_comes_back_as_a_guess(store: Store, tmp_path: Path) -> None:
    ours = {"codecarbon_version": "brizna 0.1.0", "pue": 1.2489996, "wue": 0.36}
    run = only_run(store, written(tmp_path, {**ROW, **ours}))
    assert (run.site.pue, run.site.wue_l_per_kwh) == (None, None)
    energy_j = channels(run)["codecarbon/cpu"].energy_j
    assert energy_j.best.value == pytest.approx(0.0015 * 3.6e6 / 1.2489996)
    assert energy_j.high.value / energy_j.best.value > 4  # its processor may not have been known


def test_what_somebody_declared_to_brizna_comes_back_as_declared(
    store: Store, tmp_path: Path
) -> None:
    ours = {"codecarbon_version": "brizna 0.1.0", "pue": 1.1, "wue": 0.5}
    site = only_run(store, written(tmp_path, {**ROW, **ours})).site
    assert (site.pue.best.value, site.wue_l_per_kwh.best.value) == (1.1, 0.5)


def test_a_time_zone_that_nobody_knows_is_refused(store: Store, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Nowhere"):
        import_codecarbon(store, written(tmp_path, ROW), zone="Nowhere/Else")


def test_a_file_of_something_else_is_refused(store: Store, tmp_path: Path) -> None:
    other = tmp_path / "other.csv"
    other.write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="expected those of"):
        import_codecarbon(store, str(other))


def test_an_exported_run_has_every_column_and_no_zero_for_what_is_unknown(
    store: Store, tmp_path: Path
) -> None:
    run = only_run(store, written(tmp_path, ROW))
    text = codecarbon_csv(codecarbon_rows([view_of(store, run.id)]))
    (row,) = csv.DictReader(io.StringIO(text))
    assert tuple(row) == CODECARBON_COLUMNS
    assert row["project_name"] == "tuning"
    assert row["country_iso_code"] == "ESP"
    assert row["water_consumed"] == ""
    assert row["cpu_utilization_percent"] == ""
    pue = float(row["pue"])
    assert float(row["cpu_energy"]) == pytest.approx(0.0015 * pue)
    assert float(row["energy_consumed"]) == pytest.approx(0.0096 * pue)
    assert row["timestamp"] == ROW["timestamp"]


@given(
    cpu=st.floats(1e-9, 1e3),
    ram=st.floats(1e-9, 1e3),
    duration=st.floats(0.1, 1e6),
    pue=st.floats(1.01, 3),
)
def test_what_is_exported_and_imported_again_is_the_same_energy(
    tmp_path_factory: pytest.TempPathFactory, cpu, ram, duration, pue
) -> None:
    place = tmp_path_factory.mktemp("round")
    store = Store(str(place / "store"))
    figures = {"cpu_energy": cpu, "ram_energy": ram, "duration": duration, "pue": pue}
    run = only_run(store, written(place, {**ROW, **figures}))
    text = codecarbon_csv(codecarbon_rows([view_of(store, run.id)]))
    (place / "out.csv").write_text(text)
    again = only_run(Store(str(place / "other")), str(place / "out.csv"))
    first, second = run.measurement.energy_j, again.measurement.energy_j
    assert first is not None
    assert second is not None
    assert second.best.value == pytest.approx(first.best.value)

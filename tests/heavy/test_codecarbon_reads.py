"""What brizna writes for CodeCarbon's readers is read by CodeCarbon itself, and the other way."""

from __future__ import annotations

import dataclasses
import logging

import pytest

pytest.importorskip("codecarbon")
pandas = pytest.importorskip("pandas")

from codecarbon import OfflineEmissionsTracker  # noqa: E402
from codecarbon.output_methods.emissions_data import EmissionsData  # noqa: E402
from codecarbon.output_methods.file import FileOutput  # noqa: E402

import brizna  # noqa: E402
from brizna.report import CODECARBON_COLUMNS, codecarbon_csv, codecarbon_rows  # noqa: E402
from brizna.store import Store  # noqa: E402
from brizna.verbs import import_codecarbon, view_of  # noqa: E402


@pytest.fixture
def exported(tmp_path):
    """Return a file with the row of a measured run."""
    with brizna.measure("ours", zone="ES", store=str(tmp_path / "store")):
        sum(range(10**6))
    view = view_of(Store(str(tmp_path / "store")), "ours")
    path = tmp_path / "emissions.csv"
    path.write_text(codecarbon_csv(codecarbon_rows([view])), encoding="utf-8")
    return path


def test_our_columns_are_those_of_their_class():
    fields = [field.name for field in dataclasses.fields(EmissionsData)]
    assert fields == list(CODECARBON_COLUMNS)


def test_pandas_and_their_class_read_our_row(exported):
    frame = pandas.read_csv(exported)
    data = EmissionsData(**frame.iloc[0].to_dict())
    assert data.project_name == "ours"
    assert data.country_iso_code == "ESP"
    assert data.emissions > 0
    assert frame["energy_consumed"].dtype == float
    assert '"project_name": "ours"' in data.toJSON()


def test_their_writer_adds_to_our_file(exported):
    frame = pandas.read_csv(exported)
    data = EmissionsData(**{**frame.iloc[0].to_dict(), "run_id": "theirs"})
    FileOutput(exported.name, str(exported.parent)).out(data, data)
    assert list(pandas.read_csv(exported)["run_id"])[1:] == ["theirs"]
    assert not list(exported.parent.glob("*.bak*"))


def test_a_run_that_they_measured_comes_in(tmp_path):
    logging.getLogger("codecarbon").setLevel(logging.ERROR)
    tracker = OfflineEmissionsTracker(
        project_name="theirs",
        country_iso_code="ESP",
        output_dir=str(tmp_path),
        log_level="error",
        pue=1.5,
    )
    tracker.start()
    sum(range(10**7))
    tracker.stop()
    row = tracker.final_emissions_data
    store = Store(str(tmp_path / "store"))
    found = import_codecarbon(store, str(tmp_path / "emissions.csv"))
    assert found.broken == ()
    view = view_of(store, "theirs")
    energy = view["footprint"]["facility_energy_j"]["best"]
    assert energy == pytest.approx(row.energy_consumed * 3.6e6)
    assert view["site"]["zone"] == "ES"

"""Yesterday's footprints compute to the same bytes from their own frozen factors."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from brizna.account import Footprint, read_case, recompute, subject_of_case, subject_of_run
from brizna.core import codec
from brizna.store import Store

ASSETS = Path(__file__).resolve().parents[1] / "assets"
SAMPLES = ASSETS / "footprints-1"
CASES = ("case-before-boundary", "case-with-boundary")
RUNS = ("run-before-boundary", "run-with-boundary")


def sample(name):
    return json.loads((SAMPLES / f"{name}.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    path = tmp_path_factory.mktemp("frozen") / "store"
    shutil.copytree(ASSETS / "store-1", path)
    for journal in path.rglob("journal.jsonl"):
        os.utime(journal, (0, 0))  # whenever this clone was made, their writers are long gone
    return Store(str(path))


@pytest.mark.parametrize("name", [*CASES, *RUNS])
def test_a_stored_footprint_opens_and_is_written_as_it_was(name):
    written = sample(name)["footprint"]
    assert codec.encode(Footprint.from_json(written).to_json()) == codec.encode(written)


@pytest.mark.parametrize("name", CASES)
def test_a_case_computes_to_the_bytes_that_were_stored(name):
    stored = sample(name)
    subject = subject_of_case(read_case(stored["given"]))
    again = recompute(Footprint.from_json(stored["footprint"]), subject)
    assert codec.encode(again.to_json()) == codec.encode(stored["footprint"])


@pytest.mark.parametrize("name", RUNS)
def test_a_run_computes_to_the_bytes_that_were_stored(name, store):
    stored = sample(name)
    subject = subject_of_run(store.read(stored["run"]).run)
    again = recompute(Footprint.from_json(stored["footprint"]), subject)
    assert codec.encode(again.to_json()) == codec.encode(stored["footprint"])


def test_the_samples_have_factors_figures_and_doubts_to_freeze():
    figures = ("energy_j", "carbon_operational_g", "carbon_embodied_g", "water_l", "cost")
    for name in CASES:
        footprint = Footprint.from_json(sample(name)["footprint"])
        assert footprint.factors
        assert all(getattr(footprint, figure) is not None for figure in figures)
    last = Footprint.from_json(sample(CASES[-1])["footprint"])
    assert last.boundary
    assert last.carbon_market_g is not None
    assert last.transfer_energy_j is not None

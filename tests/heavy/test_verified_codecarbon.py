"""What CodeCarbon itself writes passes, and is caught once somebody changes its unit."""

from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from brizna.store import Store
from brizna.verbs import verify

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.heavy


def test_a_table_of_codecarbon_itself_is_verified_and_caught_in_another_unit(tmp_path: Path):
    codecarbon = pytest.importorskip("codecarbon")
    tracker = codecarbon.OfflineEmissionsTracker(
        country_iso_code="ESP",
        pue=1.2,
        measure_power_secs=1,
        output_dir=str(tmp_path),
        log_level="critical",
        allow_multiple_runs=True,
    )
    tracker.start()
    sum(range(10_000_000))
    tracker.stop()
    file = tmp_path / "emissions.csv"
    now = datetime.now(UTC) + timedelta(minutes=1)
    [found] = verify(str(file), Store("nowhere"), now=now)
    assert not found.findings
    with file.open(newline="") as opened:
        [row] = csv.DictReader(opened)
    row["emissions"] = str(float(row["emissions"]) * 1000)
    with file.open("w", newline="") as opened:
        writer = csv.DictWriter(opened, row)
        writer.writeheader()
        writer.writerow(row)
    [found] = verify(str(file), Store("nowhere"), now=now)
    assert {one.rule for one in found.findings} == {"BRZ-V011"}

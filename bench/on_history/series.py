"""The series that policies are tried on: files that were put into one folder by hand."""

from __future__ import annotations

import hashlib
from datetime import UTC, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from brizna.core.quantities import CarbonIntensity
from brizna.core.signal import Signal
from brizna.grid import About, read_signals, read_table

if TYPE_CHECKING:
    from pathlib import Path

FILES = {
    "zones": "ci_hourly_2022.parquet",
    "germany": "lwa_DE_2020_15min.parquet",
    "issued": "forecast_vs_actual_2021H2.parquet",
    "history": "mix_hourly_2020_2021.parquet",
}
"""An hourly year of many zones, a year of Germany by quarters of an hour, forecasts as issued with
what came, and the hours before them."""
_PRODUCED = About(scope="life-cycle", basis="production")


def digests(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each file that is there, so that another knows whether it has them."""
    return {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
        for name in FILES.values()
        if (folder / name).exists()
    }


def zones(folder: Path) -> dict[str, Signal]:
    """Return the hourly year by zone."""
    about = About(scope="life-cycle", basis="consumption")
    return read_signals(str(folder / FILES["zones"]), about)


def germany(folder: Path) -> Signal:
    """Return half-hours from 2020 on: of four values an hour, those of :00 and :30, as published.

    The file states no time zone; its times are taken as they stand.
    """
    table = read_table(str(folder / FILES["germany"]))
    rows = [
        (time.replace(tzinfo=UTC), value)
        for time, value in zip(table["time"], table["ci"], strict=True)
        if time.year >= 2020 and time.minute % 30 == 0
    ]
    return _signal(rows, timedelta(minutes=30), zone="DE")


def issued(folder: Path) -> dict[str, tuple[Signal, list[Signal]]]:
    """Return, by zone, what came and the forecasts that had been issued."""
    table = read_table(str(folder / FILES["issued"]))
    came, told = {}, {}
    names = ("zone", "issue_utc", "target_utc", "actual_lifecycle", "forecast_lifecycle")
    for zone, issue, target, actual, forecast in zip(*(table[name] for name in names), strict=True):
        came.setdefault(zone, {})[target.astimezone(UTC)] = actual
        told.setdefault(zone, {}).setdefault(issue.astimezone(UTC), []).append(
            (target.astimezone(UTC), forecast)
        )
    hour = timedelta(hours=1)
    return {
        zone: (
            _signal(sorted(came[zone].items()), hour, zone=zone),
            [
                _signal(sorted(rows), hour, zone=zone).replace(origin="forecast", issued_at=issue)
                for issue, rows in sorted(told[zone].items())
            ],
        )
        for zone in came
    }


def history(folder: Path) -> dict[str, Signal]:
    """Return what came before, and along with, the issued forecasts."""
    return read_signals(str(folder / FILES["history"]), _PRODUCED, column="lifecycle")


def _signal(rows, step, *, zone):
    assert all(late - early == step for (early, _), (late, _) in pairwise(rows))
    return Signal(
        quantity=CarbonIntensity,
        edges=(*(time for time, _ in rows), rows[-1][0] + step),
        values=tuple(value for _, value in rows),
        kind=_PRODUCED.kind,
        scope=_PRODUCED.scope,
        basis=_PRODUCED.basis,
        source="the file",
        zone=zone,
    )

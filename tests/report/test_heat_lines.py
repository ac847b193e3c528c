"""Maps of days and hours say what becomes of the hour in which clocks change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from brizna.core.quantities import CarbonIntensity
from brizna.core.signal import Signal
from brizna.report._heat import Shown, heat_lines


@pytest.mark.parametrize(
    ("first", "hours", "is_told"),
    [
        ("2026-03-28T23:00", 23, True),
        ("2026-10-24T22:00", 25, True),
        ("2026-06-01T22:00", 24, False),
    ],
)
def test_a_day_on_which_clocks_change_is_told(first, hours, is_told):
    start = datetime.fromisoformat(first).replace(tzinfo=UTC)
    signal = Signal(
        quantity=CarbonIntensity,
        edges=tuple(start + timedelta(hours=hour) for hour in range(hours + 1)),
        values=tuple(float(hour) for hour in range(hours)),
        source="series",
    )
    shown = Shown(signal=signal, because="a file was named", troubles=(), name="Spain")
    lines = heat_lines([shown], lang="en", zone=ZoneInfo("Europe/Madrid"))
    assert any("clocks change" in line for line in lines) == is_told

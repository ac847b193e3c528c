"""``brizna plan evaluate``: policies tried on the series of a file."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from brizna.cli import main
from brizna.grid import read_signals
from brizna.plan import Trial, slots_of
from brizna.plan._evaluation import _by_slack

np = pytest.importorskip("numpy", reason="numpy is not installed: pip install 'brizna[plan]'")


@pytest.fixture
def files(tmp_path):
    """A series of three days, and two forecasts of it."""
    actual, told = tmp_path / "actual.csv", tmp_path / "told.csv"
    came = [5.0] * 24 + [4.0] * 24 + [1.0] * 24
    stamps = [f"2026-03-{2 + hour // 24:02d}T{hour % 24:02d}:00Z" for hour in range(72)]
    rows = [f"{stamp},{value}" for stamp, value in zip(stamps, came, strict=True)]
    actual.write_text("\n".join(["utc,ES", *rows]) + "\n")
    lines = ["zone,issue_utc,target_utc,forecast"]
    first = [5.0] * 24 + [1.0] * 24 + [4.0] * 24
    lines += [f"ES,{stamps[0]},{s},{v}" for s, v in zip(stamps, first, strict=True)]
    lines += [f"ES,{stamps[20]},{s},{v}" for s, v in zip(stamps[20:], came[20:], strict=True)]
    told.write_text("\n".join(lines) + "\n")
    return str(actual), str(told)


def tried(capsys, *words):
    assert main(["plan", "evaluate", *words]) == 0
    return capsys.readouterr().out


def test_each_policy_is_told_with_what_it_would_have_saved(files, capsys):
    actual, told = files
    words = ("--length", "12h", "--slack", "60h", "--every", "72h")
    forecasts = ("--forecasts", told, "--forecast-column", "forecast")
    shown = tried(capsys, actual, *words, *forecasts)
    assert "ES: 1 jobs of 12 h, slack 60h; at once 5" in shown
    assert "best start, planned once: saves 20%" in shown
    assert "keeps 25% of the best" in shown
    scores = json.loads(tried(capsys, actual, *words, *forecasts, "--json"))["scores"]
    found = {(one["policy"], one["knowledge"]): one["saving"] for one in scores}
    assert found["pause", "re-planned"] == pytest.approx(0.8)
    assert "empezar" in tried(capsys, actual, *words, *forecasts, "--lang", "es")


def test_the_table_goes_to_a_file_and_rules_are_deadlines(files, capsys, tmp_path):
    table = tmp_path / "table.csv"
    words = ("--length", "6h", "--slack", "24h,next-workday", "--out", str(table))
    assert tried(capsys, files[0], *words) == ""
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["slack"] for row in rows] == ["24h"] * 3 + ["next-workday"] * 3
    assert rows[0]["jobs"] == "67"


def test_what_is_no_time_and_no_rule_or_no_zone_is_refused(files, capsys):
    assert main(["plan", "evaluate", files[0], "--slack", "sometime"]) == 2
    assert "next-workday" in capsys.readouterr().err
    assert main(["plan", "evaluate", files[0], "--zones", "FR"]) == 2
    assert "FR is not in" in capsys.readouterr().err
    forecasts = ("--forecasts", files[1], "--forecast-column", "none")
    assert main(["plan", "evaluate", files[0], *forecasts]) == 2
    assert "no column 'none'" in capsys.readouterr().err


def test_forecasts_of_our_own_are_made_from_what_had_come(tmp_path, capsys):
    hours = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=hour) for hour in range(24 * 62)]
    path = tmp_path / "days.csv"
    rows = [f"{hour.isoformat()},{100 if hour.hour in (3, 4) else 500}" for hour in hours]
    path.write_text("\n".join(["time,ES", *rows]))
    words = ("--length", "2h", "--slack", "24h", "--forecasts", "own", "--json")
    scores = json.loads(tried(capsys, str(path), *words))["scores"]
    found = {(one["policy"], one["knowledge"]): one for one in scores}
    assert found["start", "one-shot"]["jobs"] == 6, "one each midnight that is late enough"
    assert found["start", "one-shot"]["kept"] == pytest.approx(1.0)
    more = json.loads(tried(capsys, str(path), *words, "--issued", "12h"))["scores"]
    assert more[0]["jobs"] > 6
    path.write_text("\n".join(["time,ES", *rows[: 24 * 30]]))
    assert main(["plan", "evaluate", str(path), *words]) == 3
    assert "needs 56" in capsys.readouterr().err


def test_rules_go_by_the_clock_of_a_time_zone_when_it_changes_too(tmp_path, capsys):
    start = datetime(2026, 3, 27, tzinfo=UTC)
    rows = [f"{(start + timedelta(hours=hour)).isoformat()},{hour}" for hour in range(24 * 6)]
    path = tmp_path / "march.csv"
    path.write_text("\n".join(["time,ES", *rows]))
    words = ("--length", "1h", "--slack", "next-workday", "--every", "144h", "--json")

    def late(zone):
        trial = Trial(
            length=timedelta(hours=1), slack="next-workday", every=timedelta(hours=144),
            clock=zone,
        )  # fmt: skip
        ((slack, _),) = _by_slack(
            np.array([17 + 24]), 1, trial, slots_of(read_signals(str(path))["ES"])
        )
        return slack

    assert late(None) == 24 + 15, "Saturday 18:00 until Monday 9:00, by UTC"
    assert late(ZoneInfo("Europe/Berlin")) == 24 + 13, "and by Berlin's, which skips an hour"
    assert json.loads(tried(capsys, str(path), *words, "--timezone", "Europe/Berlin"))["scores"]
    assert main(["plan", "evaluate", str(path), "--timezone", "Nowhere/Here"]) == 2
    assert "no time zone" in capsys.readouterr().err

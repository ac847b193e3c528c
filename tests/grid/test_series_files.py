"""Series in files: what they say is read as it is, and what they leave open is refused."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from brizna.core.errors import InputError, UnavailableError
from brizna.core.quantities import Ratio, Tariff
from brizna.grid import About, read_issues, read_signals

GRID = Path(__file__).resolve().parents[3] / "shared/data/grid"


def write(folder: Path, text: str, name: str = "series.csv") -> str:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_a_wide_table_has_one_column_for_a_zone(tmp_path):
    path = write(tmp_path, "utc,ES,FR\n2026-01-01T00:00,100,50\n2026-01-01T01:00,110,\n")
    signals = read_signals(path)
    assert signals["ES"].values == (100, 110)
    assert signals["FR"].values == (50, None)
    assert signals["ES"].start == datetime(2026, 1, 1, tzinfo=UTC)
    assert signals["ES"].end == datetime(2026, 1, 1, 2, tzinfo=UTC)


def test_a_long_table_has_one_row_for_a_zone_and_time(tmp_path):
    path = write(
        tmp_path,
        "zone,time,value\nES,2026-01-01T01:00Z,110\nES,2026-01-01T00:00Z,100\n"
        "FR,2026-01-01T00:00+01:00,50\n",
    )
    signals = read_signals(path)
    assert signals["ES"].values == (100, 110)
    assert signals["FR"].start == datetime(2025, 12, 31, 23, tzinfo=UTC)


def test_a_missing_row_is_a_slot_without_a_value(tmp_path):
    rows = "".join(f"2026-01-01T{hour:02}:00Z,{hour}\n" for hour in (0, 1, 2, 5))
    (signal,) = read_signals(write(tmp_path, "time,ES\n" + rows)).values()
    assert signal.values == (0, 1, 2, None, 5)
    assert signal.edges[3:] == tuple(datetime(2026, 1, 1, hour, tzinfo=UTC) for hour in (3, 5, 6))


def test_local_times_without_an_offset_are_refused(tmp_path):
    path = write(tmp_path, "time,ES\n2026-10-25T02:00,1\n2026-10-25T02:00,2\n")
    with pytest.raises(InputError, match="without an offset"):
        read_signals(path)


def test_a_day_on_which_clocks_change_has_its_25_hours(tmp_path):
    start = datetime(2026, 10, 24, 22, tzinfo=UTC)
    from zoneinfo import ZoneInfo

    local = [(start + timedelta(hours=h)).astimezone(ZoneInfo("Europe/Madrid")) for h in range(25)]
    rows = "".join(f"{instant.isoformat()},{n}\n" for n, instant in enumerate(local))
    (signal,) = read_signals(write(tmp_path, "time,ES\n" + rows)).values()
    assert signal.values == tuple(range(25))


def test_two_values_for_one_slot_are_refused(tmp_path):
    path = write(tmp_path, "utc,ES\n2026-01-01T00:00,1\n2026-01-01T00:00,2\n")
    with pytest.raises(InputError, match=r"1\.0 and 2\.0 of ES"):
        read_signals(path)


def test_of_overlapping_forecasts_the_latest_one_counts(tmp_path):
    path = write(
        tmp_path,
        "zone,issue_utc,target_utc,value\nES,2026-01-01T00:00,2026-01-01T05:00,1\n"
        "ES,2026-01-01T03:00,2026-01-01T05:00,2\nES,2026-01-01T00:00,2026-01-01T04:00,3\n",
    )
    (signal,) = read_signals(path, About(origin="forecast")).values()
    assert signal.values == (3, 2)


def test_values_are_turned_into_the_base_unit(tmp_path):
    path = write(tmp_path, "utc,ES\n2026-01-01T00:00,85.5\n")
    (signal,) = read_signals(path, About(quantity=Tariff, unit="¤/MWh", kind="EUR")).values()
    assert signal.at(signal.start).value == pytest.approx(0.0855)


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("utc,ES\n", "holds no rows"),
        ("utc,ES\n2026-01-01T00:00,1,2\n", "3 cells"),
        ("utc,ES\n2026-01-01T00:00,dirty\n", "a number should be"),
        ("utc,ES\nyesterday,1\n", "a time should be"),
        ("day,ES\n2026-01-01,1\n", "expected a column of times"),
        ("zone,utc,mood\nES,2026-01-01T00:00,1\n", "expected a column of values"),
    ],
)
def test_a_table_that_is_none_is_refused_with_what_was_seen(tmp_path, text, match):
    with pytest.raises(InputError, match=match):
        read_signals(write(tmp_path, text))


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(UnavailableError, match="cannot be read"):
        read_signals(str(tmp_path / "none.csv"))


def test_a_compressed_table_reads_as_the_plain_one(tmp_path):
    path = tmp_path / "series.csv.gz"
    path.write_bytes(gzip.compress(b"utc,ES\n2026-01-01T00:00,7\n"))
    assert read_signals(str(path))["ES"].values == (7,)


def test_parquet_reads_as_csv_does(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    import pyarrow as pa

    instants = [datetime(2026, 1, 1, hour, tzinfo=UTC) for hour in (0, 1)]
    path = str(tmp_path / "series.parquet")
    parquet.write_table(pa.table({"utc": instants, "ES": [1.0, None]}), path)
    assert read_signals(path)["ES"].values == (1, None)
    broken = write(tmp_path, "no parquet", "broken.parquet")
    with pytest.raises(InputError, match="no Parquet file"):
        read_signals(broken)


@pytest.mark.skipif(not GRID.is_dir(), reason="the grid series are not beside the project")
def test_a_real_year_of_63_zones_is_whole():
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    signals = read_signals(str(GRID / "ci_hourly_2022.parquet"))
    assert len(signals) == 63
    assert {len(signal.values) for signal in signals.values()} == {8760}
    assert {signal.start for signal in signals.values()} == {datetime(2022, 1, 1, tzinfo=UTC)}


@pytest.mark.parametrize("value", ["100", "1.01", "-0.1"])
def test_a_share_outside_0_to_1_is_refused(tmp_path, value):
    path = write(tmp_path, f"time,ES\n2026-01-01T00:00Z,{value}\n2026-01-01T01:00Z,0.5\n")
    with pytest.raises(InputError, match=r"expected 0 to 1\. If these are percentages, divide"):
        read_signals(path, About(quantity=Ratio, kind="renewable"))


def test_only_a_marginal_intensity_may_be_negative(tmp_path):
    path = write(tmp_path, "time,ES\n2026-01-01T00:00Z,-5\n2026-01-01T01:00Z,80\n")
    with pytest.raises(InputError, match="only a marginal intensity may be negative"):
        read_signals(path)
    assert read_signals(path, About(kind="marginal"))["ES"].values == (-5, 80)
    issued = write(
        tmp_path, "zone,issued_at,time,value\nES,2026-01-01T00:00Z,2026-01-01T01:00Z,-5\n"
    )
    with pytest.raises(InputError, match="average intensity of ES"):
        read_issues(issued)


@pytest.mark.parametrize("name", ["series.csv", "series.csv.gz"])
def test_a_table_in_another_encoding_or_cut_off_is_one_error(tmp_path, name):
    path = tmp_path / name
    text = "time,España\n2026-01-01T00:00Z,1\n".encode("latin-1")
    path.write_bytes(gzip.compress(text)[:-9] if name.endswith("gz") else text)
    with pytest.raises(InputError, match="no table of text in UTF-8"):
        read_signals(str(path))


def test_a_table_that_says_two_kinds_of_one_zone_is_refused(tmp_path):
    head = "zone,time,value,kind\nES,2026-01-01T00:00Z,1,"
    path = write(tmp_path, f"{head}average\nES,2026-01-01T01:00Z,1,marginal\n")
    with pytest.raises(InputError, match="its kind is average and marginal"):
        read_signals(path)
    marginal = write(tmp_path, f"{head}marginal\n")
    with pytest.raises(InputError, match="average was asked for"):
        read_signals(marginal)
    assert read_signals(marginal, About(kind=None))["ES"].kind == "marginal"

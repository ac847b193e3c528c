"""``brizna bill`` and the costs of ``brizna account``, as a person sees them."""

from __future__ import annotations

import json

import pytest

from brizna.cli import main

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

BILL = (
    "BilledCost,BillingCurrency,ChargeCategory,ChargePeriodStart,ChargePeriodEnd,ConsumedQuantity,"
    "ConsumedUnit,ResourceId,ServiceCategory,ServiceName\n"
    "3.06,USD,Usage,2026-03-02T09:00:00Z,2026-03-02T10:00:00Z,1,Hours,i-1,Compute,p3.2xlarge\n"
    "1.0,USD,Tax,2026-03-01T00:00:00Z,2026-04-01T00:00:00Z,,,,,VAT\n"
)


@pytest.fixture
def bill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BRIZNA_STORE", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    (tmp_path / "bill.csv").write_text(BILL)
    return "bill.csv"


def test_a_bill_is_told_in_parts_that_sum(bill: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bill", bill]) == 0
    told = capsys.readouterr().out
    assert "machines without a run" in told
    assert "4.06 USD" in told


def test_a_bill_is_told_in_spanish(bill: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bill", bill, "--lang", "es"]) == 0
    told = capsys.readouterr().out
    assert "máquinas sin ejecución" in told
    assert "4,06 USD" in told


def test_a_bill_is_data_too(bill: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--in", "EUR", "--rate", "USD=0.5", "--rate-source", "central bank 2026-03-02"]
    assert main(["bill", bill, "--json", *words]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["schema"] == "brizna.bill/1"
    assert found["cost"] == pytest.approx(2.03)
    assert found["exchanges"][0]["source"] == "central bank 2026-03-02"


def test_a_rate_needs_its_source(bill: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bill", bill, "--in", "EUR", "--rate", "USD=0.5"]) == 2
    assert "--rate-source" in capsys.readouterr().err


def test_prices_by_the_hour_come_from_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "prices.csv").write_text(
        "utc,value\n2026-07-01T04:00,0.1\n2026-07-01T05:00,0.3\n2026-07-01T06:00,0.5\n"
    )
    case = {
        "energy_kwh": 10,
        "duration_h": 2,
        "pue": 1,
        "started": "2026-07-01T06:00+02:00",
        "contract": {
            "tariff": "2.0TD",
            "energy_per_kwh": "spot",
            "tolls": "included",
            "electricity_tax": False,
        },
    }
    (tmp_path / "case.json").write_text(json.dumps(case))
    assert main(["account", "case.json", "--prices", "prices.csv", "--json"]) == 0
    footprint = json.loads(capsys.readouterr().out)["footprint"]
    assert footprint["cost"]["best"] == pytest.approx(2.0)
    assert main(["account", "case.json"]) == 2
    assert "no series was given" in capsys.readouterr().err


def test_a_cost_in_parts_is_told_part_by_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    case = {
        "energy_kwh": 10,
        "duration_h": 4,
        "pue": 1,
        "started": "2026-03-02T07:00+01:00",
        "contract": {"tariff": "3.0TD", "energy_per_kwh": 0.1},
        "cloud": {"provider": "aws", "storage": {"tier": "standard", "gb": 100, "months": 1}},
        "currency": "EUR",
        "exchange": {"USD": {"rate": 0.92, "source": "ECB 2026-03-02"}},
    }
    (tmp_path / "case.json").write_text(json.dumps(case))
    assert main(["account", "case.json", "--lang", "es"]) == 0
    told = capsys.readouterr().out
    lines = [" ".join(line.split()) for line in told.splitlines()]
    assert "peaje P2 5 kWh 0,0124 EUR/kWh 0,0619 EUR" in lines
    assert "aws storage standard 100 GB·mes 0,023 USD/GB·mes × 0,92 EUR/USD 2,12 EUR" in lines
    assert any(line.startswith("impuesto eléctrico 5,1 %") for line in lines)
    assert any(line.startswith("coste 3,") for line in lines)


def test_runs_that_name_no_machine_are_said_to_be_taken_for_its_only_one(
    bill: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "--quiet", "--", "true"]) == 0
    text = BILL.replace("2026-03-02T09", "2026-03-01T00").replace("2026-03-02T10", "2099-01-01T00")
    (tmp_path / bill).write_text(text)
    assert main(["bill", bill]) == 0
    assert "taken to be on the only one of the bill" in capsys.readouterr().out
    assert main(["bill", bill, "--resource", "i-1"]) == 0
    assert "taken to be" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "says"), [(None, "cannot be read"), (BILL.partition("\n")[0], "a header and no line")]
)
def test_a_bill_that_is_not_there_or_empty_is_wrong_use(
    bill: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str | None, says: str
) -> None:
    """As everywhere a file that was named is not there."""
    (tmp_path / bill).unlink()
    if text is not None:
        (tmp_path / bill).write_text(text)
    assert main(["bill", bill]) == 2
    assert says in capsys.readouterr().err

"""Bills as providers export them: FOCUS, CUR and CUR 2, read to the same lines; runs by tag."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from brizna.core.errors import InputError
from brizna.store import Store
from brizna.verbs import BillRequest, measure, read_bill, reconcile_bill

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

FOCUS = """\
BilledCost,EffectiveCost,BillingCurrency,ChargeCategory,ChargePeriodStart,ChargePeriodEnd,\
ConsumedQuantity,ConsumedUnit,ResourceId,ServiceCategory,ServiceName
3.06,2.0,USD,Usage,2026-03-02T09:00:00Z,2026-03-02T10:00:00Z,1,Hours,i-1,Compute,p3.2xlarge
2.3,2.3,USD,Usage,2026-03-01T00:00:00Z,2026-04-01T00:00:00Z,100,GB-Months,b-1,Storage,S3
0.4,0.4,USD,Usage,2026-03-01T00:00:00Z,2026-04-01T00:00:00Z,1000000,Requests,b-1,Storage,S3
9,9,USD,Usage,2026-03-01T00:00:00Z,2026-04-01T00:00:00Z,100,GB,,Networking,DataTransfer
3.1,3.1,USD,Tax,2026-03-01T00:00:00Z,2026-04-01T00:00:00Z,,,,,VAT
-1,-1,USD,Credit,2026-03-01T00:00:00Z,2026-04-01T00:00:00Z,,,,,grant
5,5,USD,Purchase,2026-03-01T00:00:00Z,2026-04-01T00:00:00Z,,,,,support
"""
_CUR = {
    "lineItem/UnblendedCost": "line_item_unblended_cost",
    "savingsPlan/SavingsPlanEffectiveCost": "savings_plan_savings_plan_effective_cost",
    "lineItem/CurrencyCode": "line_item_currency_code",
    "lineItem/LineItemType": "line_item_line_item_type",
    "lineItem/UsageStartDate": "line_item_usage_start_date",
    "lineItem/UsageEndDate": "line_item_usage_end_date",
    "lineItem/UsageAmount": "line_item_usage_amount",
    "pricing/unit": "pricing_unit",
    "lineItem/ResourceId": "line_item_resource_id",
    "lineItem/UsageType": "line_item_usage_type",
    "product/instanceType": "product_instance_type",
}
_HOUR = "2026-03-02T09:00:00Z,2026-03-02T10:00:00Z"
_MONTH = "2026-03-01T00:00:00Z,2026-04-01T00:00:00Z"
CUR = f"""\
{",".join(_CUR)}
3.06,2.0,USD,SavingsPlanCoveredUsage,{_HOUR},1,Hrs,i-1,BoxUsage:p3.2xlarge,p3.2xlarge
2.3,,USD,Usage,{_MONTH},100,GB-Mo,b-1,TimedStorage-ByteHrs,
0.4,,USD,Usage,{_MONTH},1000000,Requests,b-1,Requests-Tier2,
9,,USD,Usage,{_MONTH},100,GB,,DataTransfer-Out-Bytes,
3.1,,USD,Tax,{_MONTH},1,,,,
-1,,USD,Credit,{_MONTH},1,,,,
5,,USD,Fee,{_MONTH},1,,,,
"""


def cur_2() -> str:
    text = CUR
    for old, new in _CUR.items():
        text = text.replace(old, new)
    return text


@pytest.mark.parametrize(("form", "text"), [("FOCUS", FOCUS), ("CUR", CUR), ("CUR 2", cur_2())])
def test_three_forms_of_one_bill_are_the_same_lines(form: str, text: str, tmp_path: Path) -> None:
    path = tmp_path / "bill.csv"
    path.write_text(text)
    read = read_bill(str(path))
    assert read.form == form
    kinds = ["compute", "storage", "requests", "transfer", "tax", "credit", "other"]
    assert [one.kind for one in read.lines] == kinds
    assert [one.cost for one in read.lines] == [3.06, 2.3, 0.4, 9, 3.1, -1, 5]
    assert read.lines[0].billed_s == 3600
    assert read.lines[0].name == "p3.2xlarge"
    assert read.lines[0].start == "2026-03-02T09:00:00+00:00"
    assert read_bill(str(path), effective=True).lines[0].cost == 2.0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b\n1,2\n", "no form that is known"),
        ("BilledCost,BillingCurrency\n1,USD\n", "lacks the columns ChargeCategory"),
        (FOCUS.replace("3.06", "3,06").replace("3,06,", '"3,06",'), "decimal point"),
        (FOCUS.replace("2026-03-02T09:00:00Z", "yesterday"), "Line 2 of the bill has the time"),
    ],
)
def test_a_file_that_is_no_bill_says_why(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "bill.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=said):
        read_bill(str(path))


def test_a_bill_that_is_not_there_is_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_bill(str(tmp_path / "none.csv"))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store with one run of a tagged machine and one of no machine that is known."""
    made = Store.find(str(tmp_path / "store"), cwd=str(tmp_path), environ={})
    for name, tags in (("on", ["resource:i-1"]), ("off", [])):
        with measure(name, tags=tags, store=made.path, zone="ES"):
            sum(range(1000))
    return made


def billed(path: Path, *, resource: str = "i-1") -> str:
    """Write a bill of the hour around now, and return its path."""
    hour = datetime.now(UTC) - timedelta(minutes=30)
    row = (
        f"3.06,3.06,USD,Usage,{hour.isoformat()},{(hour + timedelta(hours=1)).isoformat()},"
        f"1,Hours,{resource},Compute,p3.2xlarge"
    )
    other = row.replace(resource, "i-9")
    path.write_text("\n".join([FOCUS.splitlines()[0], row, other, ""]))
    return str(path)


def test_a_run_is_on_the_machine_of_its_tag(store: Store, tmp_path: Path) -> None:
    found = reconcile_bill(store, BillRequest(path=billed(tmp_path / "bill.csv")))
    costs = {one.resource: one.cost for one in found.runs}
    assert costs[None] is None
    assert costs["i-1"] is not None
    assert 0 < costs["i-1"] < 3.06
    assert len(found.unmatched) == 1


def test_runs_without_a_tag_take_the_machine_that_is_named(store: Store, tmp_path: Path) -> None:
    request = BillRequest(path=billed(tmp_path / "bill.csv"), runs=("off",), resource="i-9")
    found = reconcile_bill(store, request)
    assert [one.resource for one in found.runs] == ["i-9"]
    assert found.unmatched == ()


def test_a_bill_of_another_month_has_none_of_the_runs(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "bill.csv"
    path.write_text(FOCUS)
    assert reconcile_bill(store, BillRequest(path=str(path))).runs == ()

"""A person's own factors over those that come along."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brizna.account import pue, water
from brizna.core.book import POLICIES, SHIPPED, Book, OwnFactor, read_own_factors
from brizna.core.errors import BriznaError, InputError
from brizna.grid import intensity

ROW = {"id": "grid/ES", "value": 45.0, "unit": "gCO2e/kWh", "source": "our roof"}


def own(**cells):
    return OwnFactor(**{**ROW, "table": "mine.csv:2", "table_digest": "sha256:0", **cells})


def test_a_book_without_own_rows_changes_nothing():
    assert SHIPPED.over(intensity("ES"), "2026-01-01") == intensity("ES")


def test_by_default_sources_that_disagree_become_an_interval():
    shipped = intensity("ES")
    found = Book(own=(own(low=40.0, high=52.0),)).over(shipped)
    assert found.value == 45
    assert (found.low, found.high) == (40, shipped.high)
    assert found.interval == "sources"
    assert shipped.source in found.others[0]


def test_preferring_ones_own_leaves_the_shipped_number_out():
    found = Book(own=(own(low=40.0, high=52.0),), policy="prefer").over(intensity("ES"))
    assert (found.low, found.value, found.high) == (40, 45, 52)
    assert found.others == ()


def test_a_row_may_say_its_own_policy():
    found = Book(own=(own(policy="prefer"),), policy="error").over(intensity("ES"))
    assert (found.value, found.low) == (45, None)


def test_refusing_to_choose_names_both():
    with pytest.raises(InputError, match=r"mine.csv:2 has grid/ES = 45 .* has 174"):
        Book(own=(own(),), policy="error").over(intensity("ES"))


def test_a_row_speaks_of_its_year_alone_or_of_all():
    year = intensity("ES").year
    assert Book(own=(own(id=f"grid/ES/{year}"),)).over(intensity("ES")).value == 45
    assert Book(own=(own(id="grid/ES/2001"),)).over(intensity("ES")) == intensity("ES")
    assert Book(own=(own(id="grid/E"),)).over(intensity("ES")) == intensity("ES")


@pytest.mark.parametrize(
    ("day", "holds"),
    [("2025-12-31", False), ("2026-01-01", True), ("2026-06-30", True), ("2026-07-01", False)],
)
def test_a_row_holds_from_its_first_day_to_its_last(day, holds):
    book = Book(own=(own(valid_from="2026-01-01", valid_to="2026-06-30"),))
    assert (book.over(intensity("ES"), day).value == 45) is holds
    assert (book.replace(as_of=day).over(intensity("ES"), "1999-01-01").value == 45) is holds


def test_a_row_with_days_does_not_hold_where_no_day_is_known():
    assert Book(own=(own(valid_from="2026-01-01"),)).over(intensity("ES")) == intensity("ES")


def test_two_contracts_are_two_unknowns():
    first = Book(own=(own(valid_from="2025-01-01", valid_to="2025-12-31"),))
    second = Book(own=(own(valid_from="2026-01-01"),))
    names = {
        first.over(intensity("ES"), "2025-05-01").name,
        second.over(intensity("ES"), "2026-05-01").name,
    }
    assert names == {"factor:own/grid/ES/2025-01-01", "factor:own/grid/ES/2026-01-01"}


def test_units_are_converted_and_other_kinds_refused():
    found = Book(own=(own(value=0.045, unit="kg/kWh"),)).over(intensity("ES"))
    assert found.high == pytest.approx(intensity("ES").high / 1000)
    with pytest.raises(InputError, match="give the same kind of unit"):
        Book(own=(own(unit="L/kWh"),)).over(intensity("ES"))


@pytest.mark.parametrize("policy", POLICIES)
def test_a_unit_of_another_kind_is_refused_whatever_the_policy(policy):
    with pytest.raises(InputError, match="give the same kind of unit"):
        Book(own=(own(unit="L/kWh"),), policy=policy).over(intensity("ES"))


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        ({"value": -5.0}, "saw -5.0 gCO2e/kWh, expected a number from 0 up"),
        ({"value": 5.0, "low": -1.0, "high": 6.0}, "saw -1.0 gCO2e/kWh"),
        ({"id": "water/ewif/us", "value": -1.0, "unit": "L/kWh"}, "expected a number from 0 up"),
        ({"id": "pue/default", "value": 0.5, "unit": "1"}, "expected a number from 1 up"),
    ],
)
def test_a_number_that_cannot_be_is_refused(cells, told):
    with pytest.raises(InputError, match=told):
        own(**cells)


def test_two_rows_of_one_source_about_the_same_days_are_refused_by_their_lines():
    rows = (own(), own(value=50.0, table="mine.csv:7"))
    with pytest.raises(InputError, match=r"mine.csv:2 and mine.csv:7 both state grid/ES"):
        Book(own=rows)
    Book(own=(own(valid_to="2025-12-31"), own(valid_from="2026-01-01")))


def test_two_sources_about_what_no_table_has_are_left_to_the_policy():
    rows = (own(id="grid/XX", source="a"), own(id="grid/XX", source="b", value=60.0))
    assert (Book(own=rows).alone("grid/XX").low, Book(own=rows).alone("grid/XX").high) == (45, 60)
    with pytest.raises(InputError, match="both state grid/XX"):
        Book(own=rows, policy="error").alone("grid/XX")


def test_as_of_leaves_later_statements_out_of_tables_without_yearly_ids():
    shipped = water("wue/azure")
    then = Book(as_of="2023-12-31").over(shipped)
    assert (shipped.year, shipped.value) == (2025, 0.27)
    assert (then.year, then.value) == (2022, 0.49)


def test_as_of_says_so_where_nothing_older_is_known():
    shipped = water("wue/us")
    then = Book(as_of="2015-06-30").over(shipped)
    assert then.value == shipped.value
    assert "stated after 2015: nothing older is known here" in then.note
    default = water("wue/default")
    assert Book(as_of="2015-06-30").over(default) == default


def test_what_no_table_has_is_there_by_itself():
    book = Book(own=(own(id="grid/ES-IB", value=500.0),))
    assert book.alone("grid/ES-IB").value == 500
    assert book.alone("grid/ES-CN") is None


def test_as_of_leaves_later_statements_out():
    assert intensity("ES", until=2022).year == 2022
    assert pue(until=2000).id == "pue/default"
    with pytest.raises(BriznaError, match="1980 was asked for"):
        intensity("ES", until=1980)


def test_a_table_is_read_with_its_comments_and_empty_cells():
    text = "# ours\nid,value,unit,source,low,high,note\n\ngrid/ES,45,g/kWh,roof,,,\n"
    [row] = read_own_factors(text, table="mine.csv")
    assert (row.id, row.value, row.low, row.table) == ("grid/ES", 45, None, "mine.csv:4")
    assert row.table_digest.startswith("sha256:")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "lacks the columns id, value, unit, source"),
        ("id,value,unit\n", "lacks the columns source"),
        ("id,value,unit,source,lo\n", "column 'lo', .* Did you mean 'low'"),
        ("id,value,unit,source\ngrid/ES,x,g/kWh,roof\n", "mine.csv:2, column value: saw 'x'"),
        ("id,value,unit,source\ngrid/ES,1,g/kWh\n", "mine.csv:2: saw nothing under source"),
        ("id,value,unit,source\ngrid/ES,1,g/kWh,a,b\n", "mine.csv:2: saw 5 cells"),
        ("id,value,unit,source\ngrid/ES,1,parsecs,a\n", "'parsecs' is not a unit"),
        ("id,value,unit,source\ngrid/ES,nan,g/kWh,a\n", "expected a finite value"),
        ("id,value,low,high,unit,source\ngrid/ES,1,2,3,g/kWh,a\n", "between its low and its high"),
        ("id,value,low,unit,source\ngrid/ES,2,1,g/kWh,a\n", "or both cells empty"),
        ("id,value,unit,source,policy\ngrid/ES,1,g/kWh,a,mine\n", "saw mine, expected one of"),
        ("id,value,unit,source,basis\ngrid/ES,1,g/kWh,a,sure\n", "saw sure, expected one of"),
        ("id,value,unit,source,valid_to\ngrid/ES,1,g/kWh,a,2026-02-30\n", "a day such as"),
        (
            "id,value,unit,source,valid_from,valid_to\ngrid/ES,1,g/kWh,a,2026-02-03,2026-02-01\n",
            "a first day that is not after the last",
        ),
    ],
)
def test_a_wrong_table_is_refused_with_its_line(text, told):
    with pytest.raises(InputError, match=told):
        read_own_factors(text, table="mine.csv")


@pytest.mark.parametrize("mark", [";", "\t"])
def test_a_spreadsheet_of_a_country_with_decimal_commas_is_read(mark):
    text = "id;value;low;high;unit;source\ngrid/ES;1.045,5;40;1100,25;g/kWh;tejado, placas\n"
    [row] = read_own_factors(text.replace(";", mark), table="mine.csv")
    assert (row.low, row.value, row.high, row.source) == (40, 1045.5, 1100.25, "tejado, placas")


def test_a_point_that_may_part_thousands_or_decimals_is_refused():
    text = "id;value;unit;source\ngrid/ES;1.045;g/kWh;a\ngrid/FR;45,5;g/kWh;a\n"
    with pytest.raises(InputError, match="write '1045' or '1,045'"):
        read_own_factors(text, table="mine.csv")
    text = text.replace("45,5", "45.5")
    assert [row.value for row in read_own_factors(text, table="mine.csv")] == [1.045, 45.5]


def test_a_policy_that_is_none_is_refused():
    with pytest.raises(InputError, match="'best' is no policy"):
        Book(policy="best")


CELLS = st.floats(1e-3, 1e6)


@given(st.lists(CELLS, min_size=1, max_size=4), st.sampled_from(["interval", "prefer"]))
def test_the_last_row_is_the_best_value_and_the_interval_holds_all(values, policy):
    rows = tuple(own(value=value, source=f"meter {at}") for at, value in enumerate(values))
    book = Book(own=rows, policy=policy)
    shipped = intensity("ES")
    found = book.over(shipped)
    inside = [*values, *([shipped.value] if policy == "interval" else [])]
    assert found.value == values[-1]
    low, high = (found.low, found.high) if found.low is not None else (found.value, found.value)
    assert low <= min(inside)
    assert max(inside) <= high
    assert found.estimate().best.value == found.quantity().value

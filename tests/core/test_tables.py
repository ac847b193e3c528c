"""Tables are read once, whole, and never with a hole that nobody noticed."""

from __future__ import annotations

import importlib
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brizna.core._tables import load, positions
from brizna.core.errors import CoverageError, InputError, IntegrityError
from brizna.core.estimate import Estimate
from brizna.core.factors import (
    Factor,
    factor,
    factor_of_year,
    factors,
    kind_of,
    nearest,
    recognised,
)
from brizna.core.quantities import Carbon, CarbonIntensity, Power, Ratio

COLUMNS = "id,value,low,high,unit,per,basis,spread,publisher,year,source,licence,note,prefer"
LICENCES = {
    *("Apache-2.0", "CC-BY-4.0", "MIT", "MPL-2.0", "ODbL-1.0", "Unicode-3.0"),
    *("public domain", "fact"),
}


@pytest.fixture
def room(tmp_path, monkeypatch, request):
    """A package of its own with tables of its own, importable under a name of its own."""
    name = f"room_{abs(hash(request.node.nodeid))}"
    (tmp_path / name / "tables").mkdir(parents=True)
    (tmp_path / name / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    importlib.import_module(name)

    def put(table: str, *lines: str) -> str:
        text = "\n".join((COLUMNS, *lines)) + "\n"
        (tmp_path / name / "tables" / f"{table}.csv").write_text(text)
        return name

    put.folder = tmp_path / name / "tables"
    put.name = name
    return put


def shipped() -> list[tuple[str, str]]:
    found = []
    for package in ("brizna.account", "brizna.core", "brizna.grid", "brizna.meter", "brizna.verbs"):
        folder = Path(importlib.import_module(package).__path__[0]) / "tables"
        found += [(package, path.stem) for path in sorted(folder.glob("*.csv"))]
    return found


@pytest.mark.parametrize(("package", "table"), shipped())
def test_every_row_that_ships_names_its_source_year_and_licence(package: str, table: str) -> None:
    data = load(package, table)
    assert data.about
    for index, row in enumerate(data.rows):
        where = (data.path, data.lines[index])
        assert row["source"], where
        assert row["licence"] in LICENCES, where
        year = data.whole_number(index, "year")
        assert year is None or 1990 <= year <= 2026, where


@pytest.mark.parametrize(("package", "table"), shipped())
def test_every_number_that_ships_can_be_read(package: str, table: str) -> None:
    data = load(package, table)
    for index, row in enumerate(data.rows):
        if row.get("value"):
            low, value, high = (data.number(index, name) for name in ("low", "value", "high"))
            assert value is not None
            assert (value if low is None else low) <= value <= (value if high is None else high)
            kind_of(row["unit"])


def test_the_digest_is_that_of_the_files_bytes() -> None:
    path = Path(importlib.import_module("brizna.grid").__path__[0]) / "tables" / "fuels.csv"
    assert load("brizna.grid", "fuels").digest == f"sha256:{sha256(path.read_bytes()).hexdigest()}"


def test_a_table_is_read_once() -> None:
    assert load("brizna.grid", "fuels") is load("brizna.grid", "fuels")


def test_a_missing_table_is_said_to_be_missing() -> None:
    with pytest.raises(InputError, match="no table 'nothing'"):
        load("brizna.grid", "nothing")


def test_a_room_must_be_imported_before_its_tables() -> None:
    with pytest.raises(InputError, match="import it"):
        load("brizna.not_there", "fuels")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("x,1,,,1,,,,,2020,somebody,fact", r"line 2, column 'note'.*12 cells.*14"),
        ("x,1,,,1,,,,,2020,,fact,,", r"line 2, column 'source'.*empty"),
        (",1,,,1,,,,,2020,somebody,fact,,", r"line 2, column 'id'.*empty"),
        ('x,"1,,,1,,,,,2020,somebody,fact,,', r"line 2.*unexpected end of data"),
    ],
)
def test_a_malformed_row_is_named_by_line_and_column(room, line: str, said: str) -> None:
    with pytest.raises(IntegrityError, match=said):
        load(room("broken", line), "broken")


@pytest.mark.parametrize("value", ["1,5", "nan", "inf", "abc"])
def test_a_cell_that_is_no_number_is_named(room, value: str) -> None:
    name = room("numbers", f'x,"{value}",,,1,,,,,2020,somebody,fact,,')
    with pytest.raises(IntegrityError, match="line 2, column 'value'"):
        load(name, "numbers").number(0, "value")


def test_a_table_without_provenance_columns_is_refused(room) -> None:
    (room.folder / "bare.csv").write_text("id,value\nx,1\n")
    with pytest.raises(IntegrityError, match="source, year, licence, note"):
        load(room.name, "bare")


def test_bytes_that_are_no_text_are_refused(room) -> None:
    (room.folder / "bytes.csv").write_bytes(b"# fine\n\xff\xfe\n")
    with pytest.raises(IntegrityError, match="line 2"):
        load(room.name, "bytes")


def test_a_row_without_a_value_makes_no_factor(room) -> None:
    name = room("holes", "x,,,,1,,,,,2020,somebody,fact,,")
    with pytest.raises(IntegrityError, match="line 2: the value is missing"):
        factor(name, "holes", "x")


def test_sources_that_disagree_become_an_interval_and_not_an_average(room) -> None:
    name = room(
        "t",
        "x,164,,,kg,card,,,maker,2024,the maker,fact,,",
        "x,273,,,kg,card,,,list,2026,a list,fact,,",
        "x,575,,,kg,card,,,model,2026,a model,fact,,",
    )
    made = factor(name, "t", "x")
    assert (made.low, made.value, made.high) == (164, 273, 575)
    assert (made.interval, made.source, made.year) == ("sources", "a list", 2026)
    assert len(made.others) == 2


def test_a_stated_reason_wins_over_the_year(room) -> None:
    name = room(
        "t",
        "x,3,,,1,,,,a,2026,new,fact,,",
        "x,2,,,1,,,,b,2001,old,fact,,measured and not chosen",
    )
    made = factor(name, "t", "x")
    assert (made.value, made.low, made.high) == (2, 2, 3)
    assert "measured and not chosen" in made.note


def test_a_source_that_states_bounds_widens_the_interval(room) -> None:
    name = room("t", "x,3,2,4,1,,,,a,2026,new,fact,,", "x,5,,,1,,,,b,2020,old,fact,,")
    assert (factor(name, "t", "x").low, factor(name, "t", "x").high) == (2, 5)


def test_one_source_without_bounds_takes_the_spread_that_its_row_names(room) -> None:
    room("spreads", "s,1,0.5,3,1,,default,,,2020,why,fact,,")
    made = factor(room("t", "x,10,,,1,,,s,a,2026,new,fact,,"), "t", "x")
    assert (made.low, made.value, made.high, made.interval) == (5, 10, 30, "s")


def test_one_source_without_bounds_or_spread_has_no_interval(room) -> None:
    made = factor(room("t", "x,10,,,1,,,,a,2026,new,fact,,"), "t", "x")
    assert (made.low, made.high, made.interval) == (None, None, "none")
    assert made.estimate().doubts == {}


def test_of_each_publisher_the_latest_statement_up_to_the_year_counts(room) -> None:
    name = room(
        "t",
        "x,1,,,1,,,,a,2020,old,fact,,",
        "x,2,,,1,,,,a,2022,newer,fact,,",
        "x,3,,,1,,,,b,2021,other,fact,,",
        "x,9,,,1,,,,c,,undated,fact,,",
    )
    latest, then = factor_of_year(name, "t", "x"), factor_of_year(name, "t", "x", 2021)
    assert (latest.id, latest.low, latest.value, latest.high) == ("x/2022", 2, 2, 9)
    assert (then.id, then.low, then.value, then.high) == ("x/2021", 1, 3, 9)


def test_a_year_of_which_nobody_speaks_is_refused(room) -> None:
    name = room("t", "x,1,,,1,,,,a,2020,old,fact,,")
    with pytest.raises(CoverageError, match="known for 2020, but 2019"):
        factor_of_year(name, "t", "x", 2019)


def test_an_unknown_id_names_the_nearest_one() -> None:
    with pytest.raises(CoverageError, match="Did you mean 'embodied/nvidia-l4'"):
        factor("brizna.account", "embodied", "embodied/nvidia-l5")


def test_rows_of_one_id_must_share_the_unit(room) -> None:
    name = room("t", "x,1,,,kg,,,,a,2020,s,fact,,", "x,1,,,g,,,,b,2020,s,fact,,")
    with pytest.raises(IntegrityError, match="units"):
        factor(name, "t", "x")


values = st.floats(1e-3, 1e6)


@given(st.lists(st.tuples(values, st.integers(1990, 2026)), min_size=2, max_size=6))
def test_the_interval_holds_every_source(said) -> None:
    numbers = [value for value, _ in said]
    made = a_factor(value=max(said, key=lambda pair: pair[1])[0], ends=(min(numbers), max(numbers)))
    estimate = made.estimate()
    assert estimate.low.value <= min(numbers) * (1 + 1e-12)
    assert estimate.high.value >= max(numbers) * (1 - 1e-12)


def a_factor(*, value: float, ends: tuple[float | None, float | None], **more: object) -> Factor:
    return Factor(
        **{
            "id": "grid/XX/2020",
            "value": value,
            "low": ends[0],
            "high": ends[1],
            "unit": "gCO2e/kWh",
            "per": None,
            "basis": "published",
            "interval": "stated",
            "source": "somebody",
            "year": 2020,
            "licence": "fact",
            "note": "",
            "others": (),
            "table": "t.csv",
            "table_digest": "sha256:0",
            **more,
        }
    )


def test_a_factors_doubt_and_reference_have_its_name() -> None:
    estimate = a_factor(value=100, ends=(90, 120)).estimate()
    assert estimate == Estimate(
        CarbonIntensity(100),
        doubts={"factor:grid/XX/2020": (CarbonIntensity(90), CarbonIntensity(120))},
        basis="published",
        references=["factor:grid/XX/2020"],
    )


def test_a_factor_survives_its_record() -> None:
    for package, table in shipped():
        others = ("claims", "published_models")  # what somebody states, not what we compute with
        if "value" in load(package, table).columns and table not in others:
            for made in made_of(package, table):
                assert Factor.from_json(made.to_json()) == made


def made_of(package: str, table: str) -> tuple[Factor, ...]:
    if table == "cloud_regions":  # regions of which only the place is known have no value
        data = load(package, table)
        known = [
            name
            for name, rows in positions(package, table).items()
            if all(data.rows[row]["value"] for row in rows)
        ]
        return tuple(factor(package, table, name) for name in known)
    return factors(package, table)


def test_the_digest_of_a_factor_is_that_of_its_canonical_json() -> None:
    rfc8785 = pytest.importorskip("rfc8785")
    made = factor("brizna.grid", "fuels", "fuel/coal/life-cycle")
    data = made.to_json()
    del data["table_digest"]
    assert made.digest == f"sha256:{sha256(rfc8785.dumps(data)).hexdigest()}"


def test_the_digest_moves_with_the_factor_and_not_with_its_neighbours() -> None:
    made = a_factor(value=100, ends=(90, 120))
    assert made.replace(table_digest="sha256:1").digest == made.digest
    assert made.replace(high=121).digest != made.digest


@pytest.mark.parametrize("ends", [(90, None), (None, 120), (101, 120), (80, 99)])
def test_an_interval_that_cannot_be_right_is_refused(ends) -> None:
    with pytest.raises(InputError):
        a_factor(value=100, ends=ends)


def test_a_unit_or_basis_that_does_not_exist_is_refused() -> None:
    with pytest.raises(InputError, match="furlong"):
        a_factor(value=1, ends=(None, None), unit="furlong")
    with pytest.raises(InputError, match="gut feeling"):
        a_factor(value=1, ends=(None, None), basis="gut feeling")


@pytest.mark.parametrize(
    ("unit", "kind"),
    [("1", Ratio), ("W", Power), ("kg", Carbon), ("gCO2e/kWh", CarbonIntensity)],
)
def test_a_unit_says_the_kind_of_quantity(unit: str, kind: type) -> None:
    assert kind_of(unit) is kind


PROCESSORS = {
    "Intel(R) Xeon(R) Platinum 8375C CPU @ 2.90GHz": 300,
    "Intel(R) Xeon(R) CPU E5-2686 v4 @ 2.30GHz": 145,
    "11th Gen Intel(R) Core(TM) i7-1165G7 @ 2.80GHz": 28,
    "Intel(R) Core(TM) Ultra 9 285K": 125,
    "AMD EPYC 7763 64-Core Processor": 280,
    "AMD Ryzen 7 7840U w/ Radeon 780M Graphics": 28,
    "AMD Ryzen Threadripper PRO 3975WX 32-Cores": 280,
    "Intel(R) Xeon(R) Processor @ 2.10GHz": None,
    "AMD Ryzen 7 PRO 7840U w/ Radeon 780M Graphics": None,
}

CARDS = {
    "NVIDIA H100 80GB HBM3": 700,
    "NVIDIA H100 PCIe": 350,
    "NVIDIA A100-SXM4-40GB": 400,
    "NVIDIA A100 80GB PCIe": 300,
    "NVIDIA L4": 72,
    "NVIDIA L40S": 350,
    "NVIDIA GeForce RTX 3080 Ti": 350,
    "NVIDIA GeForce RTX 4090": 450,
    "NVIDIA GeForce RTX 4090 Laptop GPU": None,
    "NVIDIA GeForce RTX 4070 Ti": None,
    "Quadro RTX 6000": 260,
    "NVIDIA RTX 6000 Ada Generation": 300,
}


@pytest.mark.parametrize(
    ("table", "name", "power_w"),
    [("processors", *pair) for pair in PROCESSORS.items()]
    + [("accelerators", *pair) for pair in CARDS.items()],
)
def test_a_device_is_known_by_the_name_it_gives_itself(table, name, power_w) -> None:
    found = recognised("brizna.meter", table, name)
    assert (None if found is None else found.value) == power_w


def test_names_that_are_shown_alike_are_suggested_once() -> None:
    said = nearest("spian", ["spain", "SPAIN", "Spane"], shown=lambda _: "ES")
    assert str(said) == " Did you mean ES?"
    assert str(nearest("qqqq", ["spain"])) == ""

"""Federation advice: eight criteria judged by numbers, and a verdict with where it turns."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brizna.check import project_rules, review
from brizna.core.errors import InputError
from brizna.report import federation_lines
from brizna.store import KeyRing, Store
from brizna.verbs import advise_federate
from brizna.verbs._check import gather

CASES = Path(__file__).parents[2] / "examples" / "cases"
CASE = {
    "data": {"leaves": "freely", "raw_gb": 88},
    "model": {"parameters": 11e6, "bytes_per_parameter": 4},
    "rounds": {"rounds": 100, "clients_per_round": 10},
}


def example(name):
    return tomllib.loads((CASES / f"federate-{name}.toml").read_text())


def case(**changes):
    """Return the small case with sections replaced or added to, as ``rounds={...}``."""
    parts = {**CASE, **{name: {**CASE.get(name, {}), **new} for name, new in changes.items()}}
    return {name: {k: v for k, v in part.items() if v is not None} for name, part in parts.items()}


def says(advice):
    return {one.name: one.says for one in advice.criteria}


def test_updates_of_a_resnet_18_move_88_gigabytes():
    """44 MB, 10 clients, 100 rounds: 2 S R K = 88 GB, the break-even against raw data."""
    advice = advise_federate(case())
    assert advice.traffic.moved_gb.best.value == pytest.approx(88)
    assert {flip.field: flip.at.best.value for flip in advice.flips} == pytest.approx(
        {"rounds": 100, "raw_gb": 88}
    )


@pytest.mark.parametrize(
    ("name", "verdict", "by_numbers"),
    [
        ("hospital", "federate", "cannot-tell"),
        ("phones", "weigh", "centralise"),
        ("satellite", "centralise", "centralise"),
        ("data-centre", "centralise", "centralise"),
    ],
)
def test_four_contrasting_cases(name, verdict, by_numbers):
    advice = advise_federate(example(name))
    assert (advice.verdict, advice.by_numbers) == (verdict, by_numbers)
    assert [one.paragraph for one in advice.criteria] == [
        *("4.1 +1", "4.1 +2", "4.1 +3", "4.1 +4"),
        *("4.1 -1", "4.1 -1", "4.1 -2", "4.1 -3", "4.1 -3", "4.1 -4"),
    ]
    assert type(advice).from_json(advice.to_json()) == advice


@given(
    rounds=st.integers(1, 10_000),
    clients=st.integers(1, 1000),
    raw_gb=st.floats(0.1, 1e6),
    parameters=st.floats(1e3, 1e10),
)
def test_a_verdict_turns_where_it_says(rounds, clients, raw_gb, parameters):
    given = case(
        data={"raw_gb": raw_gb},
        model={"parameters": parameters},
        rounds={"rounds": rounds, "clients_per_round": clients},
    )
    advice = advise_federate(given)
    at = {flip.field: flip.at.best.value for flip in advice.flips}
    for field, section in (("raw_gb", "data"), ("rounds", "rounds")):
        sides = []
        for factor in (0.99, 1.01):
            moved = {**given, section: {**given[section], field: at[field] * factor}}
            sides.append(advise_federate(moved).verdict)
        more_data = ["centralise", "federate"]
        assert sides == (more_data if field == "raw_gb" else more_data[::-1])


def test_energy_decides_where_it_is_known_and_turns_at_a_number_of_rounds():
    given = example("satellite")
    (rounds,) = (f.at.best.value for f in advise_federate(given).flips if f.field == "rounds")
    given["rounds"]["rounds"] = rounds
    traffic = advise_federate(given).traffic
    assert traffic.federated_j.best.value == pytest.approx(traffic.central_j.best.value)
    given["network"]["kwh_per_gb"] = given["central"]["kwh_per_gb"] = 0.001
    given["rounds"]["rounds"] = 1
    assert advise_federate(given).verdict == "federate"


def test_data_that_must_stay_leave_no_way_where_federating_cannot_be_done():
    given = example("hospital")
    given["clients"]["memory_gb"] = 0.1
    advice = advise_federate(given)
    assert advice.verdict == "neither"
    assert "size" in advice.reason
    given["data"]["leaves"] = "restricted"
    assert advise_federate(given).verdict == "centralise"


def test_too_little_time_and_too_small_a_battery_forbid():
    given = example("phones")
    given["rounds"]["within_h"] = 24
    given["clients"]["battery_wh"] = 0.01
    forbidden = {one.name for one in advise_federate(given).criteria if one.forbids}
    assert forbidden == {"patience", "battery"}


def test_the_slowest_client_that_is_fast_enough_is_told():
    given = example("phones")
    (one,) = (one for one in advise_federate(given).criteria if one.name == "heterogeneity")
    given["clients"]["slowest"] = one.flips[0].at.best.value
    (moved,) = (one for one in advise_federate(given).criteria if one.name == "heterogeneity")
    assert one.says == "against"
    assert moved.number.best.value == pytest.approx(moved.threshold)


def test_what_the_case_does_not_say_cannot_be_told():
    advice = advise_federate(case(data={"raw_gb": None}))
    assert advice.verdict == "cannot-tell"
    assert says(advice) == {
        "sensitivity": "neither",
        "volume": "cannot-tell",
        "light-model": "cannot-tell",
        "patience": "cannot-tell",
        "heterogeneity": "cannot-tell",
        "battery": "neither",
        "size": "cannot-tell",
        "network": "cannot-tell",
        "reach": "neither",
        "traceability": "cannot-tell",
    }


def test_a_ledger_answers_the_need_of_a_trace_but_not_of_exact_repetition():
    for rounds, answer in (
        ({"audited": True}, "against"),
        ({"audited": True, "ledger": True}, "neither"),
        ({"exact": True, "ledger": True}, "against"),
        ({"exact": False, "audited": False}, "neither"),
    ):
        assert says(advise_federate(case(rounds=rounds)))["traceability"] == answer


def test_data_that_people_must_look_at_speak_against_and_their_basis_is_the_source():
    data = {"inspected": True, "leaves": "restricted", "basis": "our ethics board"}
    advice = advise_federate(case(data=data, rounds={"audited": True, "ledger": True}))
    assert says(advice)["traceability"] == "against"
    sensitivity = advice.criteria[0]
    assert (sensitivity.says, sensitivity.source) == ("for", "our ethics board")
    assert says(advise_federate(case(data={"inspected": False})))["traceability"] == "neither"


def test_clients_that_drop_out_download_in_vain():
    whole, half = (
        advise_federate(case(clients={"reached": share})).traffic.moved_gb.best.value
        for share in (1, 0.5)
    )
    assert half == pytest.approx(whole * 1.5)


@pytest.mark.parametrize(
    "changes",
    [
        {"data": {"leaves": "maybe"}},
        {"data": {"leaves": None}},
        {"data": {"raw": 3}},
        {"model": {"parameters": None}},
        {"model": {"sent": 0}},
        {"model": {"sent": 2}},
        {"rounds": {"hours_per_day": 25}},
        {"rounds": {"exact": "yes"}},
        {"rounds": {"rounds": 0}},
        {"clients": {"slowest": [0, 0.5, 1]}},
        {"network": {"kind": "pigeon"}},
        {"central": {"hours": -1}},
    ],
)
def test_what_cannot_be_is_refused(changes):
    with pytest.raises(InputError):
        advise_federate(case(**changes))


def test_a_section_that_is_no_table_is_refused():
    with pytest.raises(InputError, match=r"expected a table, as in \[data\]"):
        advise_federate({**CASE, "data": 3})


def test_what_is_missing_is_named_and_nothing_that_is_given():
    times = {"work_s": 60}
    links = {"kwh_per_gb": 0.03, "up_mbit": 50, "down_mbit": 200}
    advice = advise_federate(case(rounds=times, network=links))
    told = {one.name: one.reason for one in advice.criteria}
    assert told["heterogeneity"] == "the case does not say slowest"
    assert told["network"] == "the case does not say busy_w"
    assert told["patience"] == "the case does not say within_h"
    assert told["traceability"] == "the case does not say exact, audited, inspected"


def test_what_forbids_is_named_as_the_table_names_it():
    rounds = {"work_s": 3600, "within_h": 1}
    network = {"up_mbit": 50, "down_mbit": 200}
    advice = advise_federate(case(rounds=rounds, network=network, clients={"memory_gb": 0.01}))
    assert advice.reason == "federating fails on slow convergence tolerated, size of the model"
    told = federation_lines(advice.to_json(), lang="es", width=100, color=False)
    assert "tamaño del modelo" in told[0]
    assert "size" not in told[0]


@pytest.mark.parametrize(
    ("changes", "is_forced"),
    [
        ({}, False),
        ({"rounds": {"exact": True, "rounds": 10_000}}, True),
        ({"data": {"leaves": "never", "raw_gb": 9000}}, True),
    ],
)
def test_where_something_else_decides_the_numbers_are_told_apart(changes, is_forced):
    advice = advise_federate(case(**changes))
    assert advice.is_forced == is_forced
    lines = federation_lines(advice.to_json(), lang="en", width=100, color=False)
    assert any("by the numbers alone" in line for line in lines) == is_forced


def test_no_turning_point_of_the_raw_data_has_its_reason():
    """One place that takes more than federating even without moving: no raw data turn that."""
    costly = {"power_w": 5e4, "hours": 100, "kwh_per_gb": 0.03}
    clients = {"busy_w": 1, "slowest": 1}
    network = {"kwh_per_gb": 0.001, "up_mbit": 50, "down_mbit": 200}
    advice = advise_federate(
        case(central=costly, clients=clients, network=network, rounds={"work_s": 1})
    )
    assert [flip.field for flip in advice.flips] == ["rounds"]
    assert any(one.startswith("no amount of raw data turns it") for one in advice.notes)


@pytest.mark.parametrize(
    ("change", "result"),
    [({}, "pass"), ({"verdict": "federate"}, "fail"), ({"case": None}, "cannot-tell")],
)
def test_advice_that_lies_in_a_project_is_asked_again(tmp_path, change, result):
    advice = advise_federate(case(rounds={"exact": True})).to_json()
    (tmp_path / "federate.json").write_text(json.dumps({**advice, **change}))
    store, ring = Store(str(tmp_path / ".brizna")), KeyRing(str(tmp_path / "ring"))
    project = gather(str(tmp_path), store=store, ring=ring)
    [found] = review(project, [project_rules()["BRZ-P023"]], profile="pnav").verdicts
    assert found.result == result

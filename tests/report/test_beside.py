"""What stands beside the energy, in lines and on the page."""

import copy

import pytest

from brizna.report import compare_lines, html_report, run_lines, runs_lines, show_lines

GAUGES = [
    {"id": "cpu/use", "unit": "1", "mean": 0.514, "least": 0.2, "most": 1.0},
    {"id": "cpu/clock", "unit": "Hz", "mean": 2.61e9, "least": 2.1e9, "most": 3.2e9},
    {"id": "cpu/temperature", "unit": "degC", "mean": 61.0, "least": 61.0, "most": 61.0},
    {"id": "cpu/heat-limits", "unit": "1/s", "mean": 0.0, "least": 0.0, "most": 0.0},
    {"id": "memory/used", "unit": "B", "mean": 4.0 * 2**30, "least": 2**30, "most": 2**33},
    {"id": "gpu/GPU-7c3e/power", "unit": "W", "mean": 250.0, "least": 40.0, "most": 400.0},
    {"id": "gpu/GPU-7c3e/limited-by-power", "unit": "1", "mean": 0.25, "least": 0.0, "most": 1.0},
]
EACH = {"low": 0.2, "best": 0.25, "high": 0.4, "basis": "metered", "doubts": {}, "references": []}


@pytest.fixture
def told(view):
    """Return a view with gauges, work and a history that it is unlike of."""
    told = copy.deepcopy(view)
    work = [
        {"name": "tokens", "amount": 4096.0, "energy_j_per_unit": EACH},
        {
            "name": "flop",
            "amount": 3.2e15,
            "energy_j_per_unit": {**EACH, "low": 1e-12, "best": 2e-12, "high": 4e-12},
        },
        {"name": "items", "amount": 7.0, "energy_j_per_unit": None},
    ]
    told["measurement"] |= {
        "gauges": [{**gauge, "source": "s", "counted": None, "readings": 3} for gauge in GAUGES],
        "work": work,
    }
    told["history"] = {
        "runs": 12,
        "reason": None,
        "unlike": [
            {"figure": "energy_j", "value": 2.5e6, "usual": 1e6, "low": 9e5, "high": 1.1e6},
            {"figure": "power_w", "value": 300.0, "usual": 200.0, "low": 180.0, "high": 220.0},
        ],
    }
    return told


def line_with(lines, words):
    (line,) = [line for line in lines if words in line]
    return " ".join(line.split())


def test_gauges_are_told_in_units_that_people_read(told):
    lines = show_lines(told, lang="en")
    assert line_with(lines, "CPU: use") == "CPU: use 51% 20% - 100%"
    assert line_with(lines, "CPU: clock") == "CPU: clock 2.61 GHz 2.1 GHz - 3.2 GHz"
    assert line_with(lines, "CPU: temperature") == "CPU: temperature 61 °C"
    assert line_with(lines, "memory: in use") == "memory: in use 4 GiB 1 GiB - 8 GiB"
    assert line_with(lines, "power of the instant").startswith("GPU: power of the instant 250 W")
    assert "25%" in line_with(lines, "slowed by its power limit")


def test_a_limit_that_was_never_met_takes_no_line_but_stands_on_the_page(told):
    assert not [line for line in show_lines(told, lang="en") if "heat limit" in line]
    assert "met its heat limit" in html_report(told, lang="en").decode()


def test_cards_are_told_apart_where_there_are_several(told):
    gauges = told["measurement"]["gauges"]
    gauges.append({**gauges[5], "id": "gpu/GPU-9/power"})
    lines = show_lines(told, lang="en")
    assert line_with(lines, "GPU GPU-9: power of the instant")


def test_work_has_the_energy_of_one_and_operations_by_joule(told):
    lines = show_lines(told, lang="en")
    assert line_with(lines, "tokens") == "tokens 4,096 250 mJ 200-400"
    assert [" ".join(line.split()) for line in lines if line.startswith("flop")] == [
        "flop 3.2e15 2.0 pJ 1.0-4.0",
        "flop 500 GFLOP/J 250-1,000",
    ]
    assert line_with(lines, "items") == "items 7 unknown"


def test_a_run_unlike_its_history_says_so_everywhere(told):
    words = "unlike its 12 earlier runs: energy 2.5 times the usual 278 Wh, mean power 1.5 times"
    assert any(words in line for line in run_lines(told, lang="en"))
    assert any(words[1:] in line for line in show_lines(told, lang="en"))
    assert words[1:] in html_report(told, lang="en").decode().replace("\u00a0", " ")
    listed = {**told, "energy_j": None}
    (line,) = runs_lines([{**listed, "unlike": [{}]}], lang="en")[1:]
    assert line.endswith("unlike before")
    (line,) = runs_lines([{**listed, "unlike": []}], lang="en")[1:]
    assert not line.endswith("unlike before")


@pytest.mark.parametrize("history", [None, {"runs": 3, "unlike": [], "reason": "few"}])
def test_a_run_like_its_history_says_nothing(view, history):
    told = {**view, "history": history}
    assert not any("unlike" in line for line in run_lines(told, lang="en"))


def test_a_view_from_before_gauges_and_work_is_told_as_ever(view):
    lines = show_lines(view, lang="en")
    assert not any("beside energy" in line for line in lines)


def test_all_of_it_is_told_in_spanish(told):
    page = html_report(told, lang="es").decode()
    assert "Junto a la energía" in page
    assert "frenado por su límite de potencia" in page
    assert any("veces lo habitual" in line for line in run_lines(told, lang="es"))


def test_runs_are_compared_by_the_energy_of_their_work(told):
    better = copy.deepcopy(told)
    ends = {end: value / 2 for end, value in EACH.items() if end in ("low", "best", "high")}
    better["measurement"]["work"] = [
        {"name": "tokens", "amount": 9.0, "energy_j_per_unit": {**EACH, **ends}}
    ]
    lines = [" ".join(line.split()) for line in compare_lines([told, better], lang="en")]
    (at,) = [at for at, line in enumerate(lines) if line.startswith("energy of one: tokens 250")]
    assert lines[at + 1] == "saves 125 mJ"
    assert lines[at + 2].startswith("50%")
    assert any(line.startswith("energy of one: flop") and "unknown" in line for line in lines)

"""Lines for the terminal say what was used, how sure that is, and what to do next."""

from __future__ import annotations

import pytest

from brizna.core.errors import InputError
from brizna.report import (
    LANGUAGES,
    doctor_lines,
    explain_lines,
    footprint_lines,
    run_lines,
    runs_lines,
    show_lines,
    wants_color,
)


def without_energy(view):
    measurement = {**view["measurement"], "energy_j": None, "channels": [], "phases": []}
    return {
        **view,
        "footprint": None,
        "measurement": {**measurement, "reason": "no channel gave two readings"},
    }


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_run_ends_in_at_most_four_lines_that_fit_a_terminal(view, lang):
    lines = run_lines(view, lang=lang, stored="~/.brizna")
    assert len(lines) == 4
    assert max(map(len, lines)) <= 110


def test_the_end_of_a_run_tells_energy_carbon_time_split_and_the_next_command(view):
    first, split, caveats, steps = run_lines(view, lang="en", stored="~/.brizna")
    assert first == "brizna 165 Wh (157-172)   40 g CO2e (28-71)   18 min 04 s"
    assert "GPU 81% metered · CPU 16% metered · memory 2.6% modelled" in split
    assert "not seen: storage, network" in split
    assert "fair share 21.2 Wh (17.6-23.8) without memory, GPU · above idle unknown" in caveats
    assert "zone ES is a guess" in caveats + steps
    assert "not read for 19 s" in caveats + steps
    assert "brizna show 7f3a9c (~/.brizna)" in steps


def test_carbon_that_is_not_known_is_a_word_with_its_reason(samples):
    first, _, caveats, steps = run_lines(samples.view(footprint=False), lang="es")
    assert "carbono desconocido" in first
    assert "--zone" in caveats + steps


def test_energy_that_is_not_known_leads_to_the_doctor(view):
    lines = run_lines(without_energy(view), lang="en", stored="there")
    assert "energy unknown" in lines[0]
    assert any("no channel gave two readings" in line for line in lines)


def test_a_run_that_could_not_be_stored_says_so(view):
    assert run_lines(view, lang="en")[-1].strip().endswith("not stored")


def test_colour_changes_nothing_but_colour(view):
    import re

    plain = run_lines(view, lang="en", stored="x")
    painted = run_lines(view, lang="en", stored="x", color=True)
    assert painted != plain
    assert [re.sub(r"\x1b\[\d+m", "", line) for line in painted] == plain


@pytest.mark.parametrize(
    ("is_terminal", "environ", "wanted"),
    [
        (True, {}, True),
        (True, {"TERM": "dumb"}, False),
        (True, {"NO_COLOR": "1"}, False),
        (False, {}, False),
        (False, {"FORCE_COLOR": "1"}, True),
        (True, {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
    ],
)
def test_colour_is_for_terminals_whose_owner_wants_it(is_terminal, environ, wanted):
    assert wants_color(is_terminal=is_terminal, environ=environ) is wanted


def test_showing_a_run_lists_figures_channels_phases_gaps_and_what_was_not_seen(view):
    text = "\n".join(show_lines(view, lang="en"))
    for part in (
        "$ python train.py --epochs 3",
        "exit code 0",
        "zone ES (guessed from the time zone)",
        "rapl/core-0",
        "epoch 2",
        "Gap from 11 min 39 s to 11 min 58 s: unreadable: NVML_ERROR_GPU_IS_LOST.",
        "Not seen: storage",
    ):
        assert part in text


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("color", [False, True])
def test_no_figure_is_cut_to_a_narrow_terminal(view, lang, color):
    import re

    text = re.sub(
        r"\x1b\[[\d;]*m", "", "\n".join(show_lines(view, lang=lang, width=40, color=color))
    )
    joined = re.sub(r"\s+", "", text)
    assert "165Wh" in joined
    assert "157-172" in joined


def test_a_footprint_alone_can_be_shown(view):
    text = "\n".join(footprint_lines(view["footprint"], lang="en"))
    assert "165 Wh" in text
    assert "40 g CO2e" in text


def test_runs_are_listed_with_energy_and_state(view):
    row = {**view, "energy_j": view["measurement"]["energy_j"]}
    lines = runs_lines([row, {**row, "state": "running", "energy_j": None}], lang="es")
    assert "165 Wh (157-172)" in lines[1]
    assert "terminada" in lines[1]
    assert "desconocido" in lines[2]
    assert "en marcha" in lines[2]


def test_runs_inside_others_are_indented_by_how_deep(view):
    row = {**view, "energy_j": None}
    rows = [{**row, "id": f"20261122T023501Z-00000{depth}"} for depth in range(3)]
    depths = {listed["id"]: depth for depth, listed in enumerate(rows)}
    lines = runs_lines(rows, lang="en", depths=depths)[1:]
    assert [len(line) - len(line.lstrip()) for line in lines] == [0, 2, 4]


def test_an_empty_list_of_runs_says_how_to_make_one():
    assert "brizna run --" in runs_lines([], lang="en")[0]


def test_an_explanation_goes_down_to_factors_with_source_and_year_and_to_samples(view):
    text = "\n".join(explain_lines(view, lang="en", figure="carbon"))
    assert "= carbon_operational_g + carbon_embodied_g" in text
    assert "factor:grid/ES/2024  146 (98-231) gCO2e/kWh" in text
    assert "Source: Ember, Yearly electricity data (2024)" in text
    assert "Licence: CC BY 4.0" in text
    assert "stored samples, one every 1 s" in text


def test_an_explanation_says_so_when_the_samples_are_gone(view):
    text = "\n".join(explain_lines(view, lang="en", figure="energy_j", samples=False))
    assert "The samples are gone" in text


def test_energy_is_explained_without_a_footprint_too(samples):
    text = "\n".join(explain_lines(samples.view(footprint=False), lang="en"))
    assert "= sum of the roots of the channel forest" in text
    assert "rapl/core-0" not in text


def test_an_unknown_figure_is_refused_with_the_known_ones(view):
    with pytest.raises(InputError, match="carbon_g"):
        explain_lines(view, lang="en", figure="joy")


def test_an_unknown_figure_is_explained_by_its_reason(view):
    text = "\n".join(explain_lines(view, lang="en", figure="water"))
    assert "unknown: no water factor was named" in text


def test_the_doctor_lists_components_and_each_unlocking_command_once():
    cpu = {
        "component": "cpu",
        "status": "modelled",
        "method": "load-model",
        "why": "the counter is readable by root only",
        "unlock": "sudo chmod a+r COUNTER",
    }
    card = {"component": "gpu/0", "status": "metered", "method": "nvml-energy", "unlock": None}
    lines = doctor_lines([cpu, {**cpu, "component": "memory"}, card], lang="es")
    text = "\n".join(lines)
    assert "memoria" in text
    assert "GPU 0" in text
    assert text.count("sudo chmod a+r COUNTER") == 1


def test_an_empty_text_of_a_record_is_not_the_head_of_a_catalogue(view):
    for lang in LANGUAGES:
        text = "\n".join(explain_lines(view, lang=lang))
        assert "Content-Type" not in text


def test_nothing_in_a_record_steers_the_terminal(view):
    hostile = "a\x1b]0;owned\x07\x1b[2J\nb\u202ec"
    phase = {**view["measurement"]["phases"][0], "name": hostile}
    measurement = {**view["measurement"], "phases": [phase]}
    changed = {**view, "name": hostile, "command": [hostile], "notes": [hostile]}
    changed["measurement"] = measurement
    row = {**changed, "energy_j": None}
    entry = {"component": "cpu", "status": "metered", "method": hostile, "why": hostile}
    entry["detail"] = f"cpu/{hostile}: {hostile}"
    lines = [
        *run_lines(changed, lang="en", stored="x"),
        *show_lines(changed, lang="en"),
        *explain_lines(changed, lang="en"),
        *runs_lines([row], lang="en"),
        *doctor_lines([entry], lang="en"),
    ]
    assert all(line.isprintable() for line in lines)
    assert any("\\x1b[2J\\nb\\u202ec" in line for line in lines)

"""One table of metrics: what comes from it names what is in it, and says no more than is known."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brizna.core._tables import load
from brizna.report._alerts import alert_rules
from brizna.report._grafana import dashboard, exprs_of, panels
from brizna.report._metrics import (
    MOST_WORK,
    Metrics,
    Reading,
    metrics,
    never_falling,
    readings_of,
)
from brizna.report._prometheus import exposition, read_counters
from brizna.testing import sample_metrics, sample_run
from brizna.verbs._views import account_run

ROOT = Path(__file__).parents[2]
NAME = re.compile(r"\bbrizna_\w+")


def every_series():
    """Return the names of all series that can be exposed."""
    bounds = [m.bound(end) for m in metrics().values() if m.bounds for end in ("low", "high")]
    return {*metrics(), *bounds}


def value_of(readings, metric, **labels):
    """Return the one reading of a metric with these labels."""
    found = [r for r in readings if r.metric == metric and labels.items() <= r.labels.items()]
    assert len(found) == 1
    return found[0]


def test_names_follow_the_rules_of_prometheus():
    for metric in metrics().values():
        assert metric.kind in ("counter", "gauge")
        assert metric.id.endswith("_total") == (metric.kind == "counter")
        assert set(re.findall(r"{(\w+)}", metric.key)) <= set(metric.labels)
        assert all(metric.help.values())
    assert len({m.key for m in metrics().values() if m.key}) == sum(
        bool(m.key) for m in metrics().values()
    )


def test_a_run_of_known_power_has_its_energy_and_power():
    run, before = sample_run(4), sample_run(3)
    readings = readings_of(run, account_run(run), before)
    assert value_of(readings, "brizna_energy_joules_total", component="cpu").value == 400.0
    assert value_of(readings, "brizna_power_watts", component="gpu").value == 50.0
    total = value_of(readings, "brizna_run_energy_joules_total")
    assert total.value == 600.0
    assert total.low < 600.0 < total.high
    assert value_of(readings, "brizna_run_power_watts").value == 150.0
    assert value_of(readings, "brizna_work_energy_joules", work="output_tokens").value == 15.0
    assert value_of(readings, "brizna_grid_intensity_grams_per_kwh").labels["zone"] == "ES"


def test_the_first_interval_has_power_too():
    readings = readings_of(sample_run(1), None, sample_run(0))
    assert value_of(readings, "brizna_run_power_watts").value == 150.0


def test_what_is_not_known_has_no_reading():
    run = sample_run(4)
    without = {reading.metric for reading in readings_of(run)}
    assert not without & {"brizna_power_watts", "brizna_run_power_watts"}
    assert not any("co2e" in name or "intensity" in name for name in without)
    nowhere = run.replace(site=run.site.replace(zone=None, zone_origin=None))
    known = {reading.metric for reading in readings_of(nowhere, account_run(nowhere))}
    assert "brizna_grid_intensity_grams_per_kwh" not in known
    assert "brizna_cost_total" not in known
    unread = sample_run(0)
    assert not any("energy" in reading.metric for reading in readings_of(unread))


def test_kinds_of_work_are_bounded():
    run = sample_run(4)
    work = run.measurement.work[0]
    many = tuple(work.replace(name=f"w{number}") for number in range(3 * MOST_WORK))
    run = run.replace(measurement=run.measurement.replace(work=many))
    counted = [r for r in readings_of(run) if r.metric == "brizna_work_total"]
    assert len(counted) == MOST_WORK


def test_a_tracker_gets_the_best_value_and_both_ends_of_each_estimate():
    told = sample_metrics(3, before=2)
    assert told["brizna/energy_joules"] == 450.0
    assert told["brizna/energy_joules_low"] < 450.0 < told["brizna/energy_joules_high"]
    assert "brizna/cpu_seconds_low" not in told
    assert all(re.fullmatch(r"[\w./-]+", key) for key in told)
    paths = {key.split("/")[0] for key in told}
    assert paths == {"brizna"}


def test_no_key_is_a_folder_of_another():
    """DVCLive makes folders and nested objects of the parts of a key."""
    told = sample_metrics(3, before=2)
    assert not [one for one in told for other in told if other.startswith(f"{one}/")]


@given(st.lists(st.floats(0, 1e9), min_size=1), st.text())
def test_a_counter_never_falls(values, name):
    seen = {}
    labels = {"run": name, "basis": "metered"}
    highest = 0.0
    for value in values:
        reading = Reading(metric="brizna_run_energy_joules_total", labels=labels, value=value)
        gauge = Reading(metric="brizna_run_power_watts", labels=labels, value=value)
        held = never_falling([reading, gauge], seen)
        highest = max(highest, value)
        assert [one.value for one in held] == [highest, value]


@given(
    st.lists(st.text(), min_size=1, max_size=4, unique=True),
    st.floats(0, 1e12),
)
def test_counters_are_read_back_from_what_was_written(names, value):
    """A line ends with LF alone: what ends one elsewhere is part of a label here."""
    readings = [
        Reading(metric="brizna_work_total", labels={"run": "r", "work": name}, value=value + number)
        for number, name in enumerate(names)
    ]
    seen = read_counters(exposition(readings).decode())
    lower = [reading.replace(value=0.0) for reading in readings]
    assert [one.value for one in never_falling(lower, seen)] == [one.value for one in readings]


def test_lines_of_others_in_a_text_file_are_passed_over():
    text = 'node_load1 0.5\nbrizna_work_total{run="r",work="w"} x\nbrizna_work_total 3\n{} 3\n'
    assert read_counters(text) == {}


def test_each_metric_has_its_help_and_type_once():
    text = exposition(sample_metrics(3, before=2).readings).decode()
    helps = re.findall(r"^# HELP (\S+)", text, re.MULTILINE)
    assert len(helps) == len(set(helps))
    assert {line.partition("{")[0] for line in text.splitlines() if line[0] != "#"} == set(helps)
    assert "julios" in exposition(sample_metrics(3).readings, lang="es").decode()


@pytest.mark.parametrize("lang", ["en", "es"])
def test_dashboards_and_alerts_ask_for_metrics_that_exist(lang):
    asked = [expr for panel in panels() for expr in exprs_of(panel)]
    asked += [row["expr"] for row in load("brizna.report", "alerts").rows]
    asked += re.findall(r"label_values\((.*?)\)", json.dumps(dashboard(lang)))
    assert not {name for expr in asked for name in NAME.findall(expr)} - every_series()
    assert not set(NAME.findall(alert_rules(lang))) - every_series()


def test_panels_lie_side_by_side_and_do_not_overlap():
    told = dashboard("es")["panels"]
    cells = [
        (x, y)
        for panel in told
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24
    assert len({panel["id"] for panel in told}) == len(told)
    titles = {panel["title"] for panel in told}
    assert "Energía por ejecución" in titles
    assert not titles & {panel["title"] for panel in dashboard("en")["panels"]}


def test_the_reference_page_is_that_of_the_table():
    spec = importlib.util.spec_from_file_location(
        "write_metrics_reference", ROOT / "tools" / "write_metrics_reference.py"
    )
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    page = ROOT / "docs" / "reference" / "metrics.md"
    assert page.read_text(encoding="utf-8") == tool.page()


def test_metrics_of_nothing_are_nothing():
    assert Metrics([]) == {}
    assert exposition([]) == b""

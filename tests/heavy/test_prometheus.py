"""A real Prometheus reads what runs use, by the steps of our own page about it."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
import time
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import quote

import pytest

from brizna.core._tables import load
from brizna.report._grafana import exprs_of, panels
from brizna.report._metrics import metrics

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "with-prometheus.md"
MACROS = {
    "$__range": "1m",
    "$__rate_interval": "10s",
    "$instance": ".*",
    "$run": ".*",
}


def needs(program):
    return pytest.mark.skipif(
        shutil.which(program) is None, reason=f"{program} is not installed: make prometheus"
    )


pytestmark = needs("prometheus")


class Watched:
    """A Prometheus that scrapes a store, started as the page says."""

    def __init__(self, place):
        self.place = place
        self.scraped, self.address = (f"127.0.0.1:{free_port()}" for _ in range(2))
        tools = place / "bin"
        tools.mkdir()
        script = tools / "brizna"
        script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m brizna "$@"\n')
        script.chmod(0o755)
        path = f"{tools}{os.pathsep}{os.environ['PATH']}"
        self.environ = {**os.environ, "BRIZNA_STORE": str(place / "store"), "PATH": path}
        (place / "prometheus.yml").write_text(self._ours(block("yaml")).replace("5s", "1s"))
        self._started = [self._start(command) for command in self._commands()]

    def _commands(self):
        lines = self._ours(block("console")).splitlines()
        return [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]

    def _ours(self, text):
        return text.replace("127.0.0.1:9750", self.scraped).replace("127.0.0.1:9090", self.address)

    def _start(self, command):
        stays = command.endswith(" &")
        words = f"exec {command[:-2]}" if stays else command
        process = subprocess.Popen(
            ["sh", "-c", words],
            cwd=self.place,
            env=self.environ,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        if not stays:
            assert process.wait(60) == 0, command
        return process

    def run(self, *words, **options):
        return subprocess.Popen(
            ["brizna", "run", "--quiet", *words],
            cwd=self.place,
            env=self.environ,
            stdin=subprocess.PIPE,
            **options,
        )

    def get(self, path, address=None):
        connection = HTTPConnection(address or self.address, timeout=10)
        try:
            connection.request("GET", path)
            return connection.getresponse().read()
        finally:
            connection.close()

    def ask(self, path):
        answer = json.loads(self.get(f"/api/v1/{path}"))
        assert answer["status"] == "success", answer
        return answer["data"]

    def query(self, expr):
        """Return the values that an expression has now, by labels."""
        for macro, value in MACROS.items():
            expr = expr.replace(macro, value)
        return self.ask(f"query?query={quote(expr)}")["result"]

    def wait_for(self, expr):
        """Return what an expression tells, once it tells anything."""
        give_up_s = time.monotonic() + 60
        while True:
            try:
                found = self.query(expr)
            except OSError:  # it has not begun to listen yet
                found = []
            if found:
                return found
            assert time.monotonic() < give_up_s, expr
            time.sleep(0.2)

    def close(self):
        for process in self._started:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                process.wait(30)


def block(kind):
    """Return the first block of a kind on the page."""
    return textwrap.dedent(re.search(rf"```{kind}\n(.*?)```", PAGE.read_text(), re.DOTALL)[1])


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    """Return a Prometheus that has seen one run from begin to end, and sees another go on."""
    place = tmp_path_factory.mktemp("watched")
    prometheus = Watched(place)
    code = "import sys; [sum(range(10**6)) for _ in iter(lambda: sys.stdin.read(1), '')]"
    job = ("--", "sh", "-c", f'brizna mark --count tokens=500; exec "{sys.executable}" -c "{code}"')
    options = ("--zone", "ES", "--tariff", "0.2", "--currency", "EUR")
    try:
        ended = prometheus.run("--name", "ended", "--json", "ended.json", *options, *job)
        prometheus.wait_for('brizna_power_watts and on (run) brizna_run_info{name="ended"}')
        ended.stdin.close()
        assert ended.wait(60) == 0
        prometheus.wait_for('brizna_run_info{name="ended", state="finished"}')
        going_on = prometheus.run("--name", "going on", *options, *job)
        prometheus.wait_for(
            'rate(brizna_run_cpu_seconds_total[10s]) and on (run) brizna_run_info{name="going on"}'
        )
        prometheus.wait_for('brizna_power_watts and on (run) brizna_run_info{name="going on"}')
        yield prometheus
        going_on.stdin.close()
        going_on.wait(60)
    finally:
        prometheus.close()


def test_every_panel_of_the_dashboard_has_data(watched):
    empty = [expr for panel in panels() for expr in exprs_of(panel) if not watched.query(expr)]
    assert not empty


def test_variables_of_the_dashboard_find_the_runs(watched):
    runs = watched.ask("label/run/values?match[]=brizna_run_info")
    assert len(runs) == 2


def test_the_counter_ends_at_what_the_record_says(watched):
    view = json.loads((watched.place / "ended.json").read_text())
    energy = view["measurement"]["energy_j"]
    for metric, known in (
        ("brizna_run_energy_joules_total", energy["best"]),
        ("brizna_run_energy_joules_low", energy["low"]),
        ("brizna_run_co2e_grams_total", view["footprint"]["carbon_g"]["best"]),
        ("brizna_work_total", 500.0),
    ):
        (found,) = watched.query(f'{metric}{{run="{view["id"]}"}}')
        assert float(found["value"][1]) == pytest.approx(known, rel=1e-6)


def test_power_is_absent_once_a_run_has_ended(watched):
    run = json.loads((watched.place / "ended.json").read_text())["id"]
    assert watched.query(f'max_over_time(brizna_power_watts{{run="{run}"}}[1m])')
    assert not watched.query(f'brizna_power_watts{{run="{run}"}}')


def test_no_counter_has_fallen(watched):
    counters = [name for name, metric in metrics().items() if metric.kind == "counter"]
    assert not [name for name in counters if watched.query(f"resets({name}[1m]) > 0")]


def test_the_alert_rules_are_loaded_and_healthy(watched):
    (group,) = watched.ask("rules")["groups"]
    assert {rule["name"]: rule["health"] for rule in group["rules"]} == {
        row["id"]: "ok" for row in load("brizna.report", "alerts").rows
    }
    assert watched.query('ALERTS{alertstate="firing"}') == []


def test_prometheus_own_check_finds_nothing_to_mend(watched):
    text = watched.get("/metrics", watched.scraped)
    done = subprocess.run(
        ["promtool", "check", "metrics"], input=text, capture_output=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_the_client_library_reads_every_family(watched):
    parser = pytest.importorskip("prometheus_client.parser")
    text = watched.get("/metrics", watched.scraped).decode()
    families = {family.name: family for family in parser.text_string_to_metric_families(text)}
    assert families["brizna_run_energy_joules"].type == "counter"
    assert families["brizna_power_watts"].type == "gauge"
    assert len(families) == text.count("# TYPE ")
    assert all(family.documentation for family in families.values())


# ------------------------------------------------------------------------------------------- alerts

RUNNING = 'brizna_run_info{run="r", name="n", state="running", instance="i"}'
UNIT_TESTS = """
rule_files: [alerts.yml]
evaluation_interval: 1m
tests:
- interval: 1m
  input_series:
  - {series: 'brizna_build_info{instance="i"}', values: '1x20 _x20'}
  alert_rule_test:
  - {eval_time: 20m, alertname: BriznaIsGone, exp_alerts: []}
  - eval_time: 35m
    alertname: BriznaIsGone
    exp_alerts: [{exp_labels: {severity: warning}}]
- interval: 1m
  input_series:
  - {series: '$RUNNING', values: '1x40'}
  - {series: 'brizna_run_energy_joules_total{run="r", instance="i"}', values: '_x20 0+5x20'}
  alert_rule_test:
  - {eval_time: 4m, alertname: BriznaRunWithoutEnergy, exp_alerts: []}
  - eval_time: 10m
    alertname: BriznaRunWithoutEnergy
    exp_alerts: [{exp_labels: {severity: warning, run: r, name: n, state: running, instance: i}}]
  - {eval_time: 30m, alertname: BriznaRunWithoutEnergy, exp_alerts: []}
- interval: 1m
  input_series:
  - {series: '$RUNNING', values: '1x40'}
  - {series: 'brizna_run_gap_seconds{run="r", instance="i"}', values: '0x10 90x30'}
  - {series: 'brizna_run_gap_seconds{run="ended", instance="i"}', values: '90x40'}
  alert_rule_test:
  - {eval_time: 10m, alertname: BriznaGap, exp_alerts: []}
  - eval_time: 15m
    alertname: BriznaGap
    exp_alerts: [{exp_labels: {severity: warning, run: r, instance: i}}]
- interval: 1m
  input_series:
  - {series: 'brizna_run_info{run="r", name="n", state="interrupted"}', values: '_x5 1x5'}
  alert_rule_test:
  - {eval_time: 3m, alertname: BriznaRunInterrupted, exp_alerts: []}
  - eval_time: 8m
    alertname: BriznaRunInterrupted
    exp_alerts: [{exp_labels: {severity: info, run: r, name: n, state: interrupted}}]
- interval: 1m
  input_series:
  - {series: '$RUNNING', values: '1x60'}
  - {series: 'brizna_run_cpu_seconds_total{run="r", instance="i"}', values: '0+60x20 1200x40'}
  alert_rule_test:
  - {eval_time: 30m, alertname: BriznaRunIdles, exp_alerts: []}
  - eval_time: 55m
    alertname: BriznaRunIdles
    exp_alerts: [{exp_labels: {severity: info, run: r, instance: i}}]
- interval: 1m
  input_series:
  - {series: 'brizna_runs{state="unreadable"}', values: '0x5 2x40'}
  alert_rule_test:
  - {eval_time: 10m, alertname: BriznaUnreadableRuns, exp_alerts: []}
  - eval_time: 30m
    alertname: BriznaUnreadableRuns
    exp_alerts: [{exp_labels: {severity: warning, state: unreadable}}]
"""


@needs("promtool")
@pytest.mark.parametrize("lang", ["en", "es"])
def test_each_alert_fires_when_it_should_and_not_before(lang, tmp_path):
    from brizna.report._alerts import alert_rules

    yaml = pytest.importorskip("yaml")
    rules = alert_rules(lang)
    (tmp_path / "alerts.yml").write_text(rules)
    summaries = {
        rule["alert"]: rule["annotations"]["summary"]
        for rule in yaml.safe_load(rules)["groups"][0]["rules"]
    }
    cases = yaml.safe_load(UNIT_TESTS.replace("$RUNNING", RUNNING))
    asked = [case for group in cases["tests"] for case in group["alert_rule_test"]]
    assert {case["alertname"] for case in asked} == set(summaries)
    for case in asked:
        for alert in case["exp_alerts"]:
            value = {"BriznaGap": "90", "BriznaUnreadableRuns": "2"}.get(case["alertname"], "")
            summary = summaries[case["alertname"]].replace("{{ $value }}", value)
            for label, text in alert["exp_labels"].items():
                summary = summary.replace(f"{{{{ $labels.{label} }}}}", text)
            alert["exp_annotations"] = {"summary": summary}
    (tmp_path / "tests.yml").write_text(yaml.safe_dump(cases))
    done = subprocess.run(
        ["promtool", "test", "rules", "tests.yml"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    checked = subprocess.run(
        ["promtool", "check", "rules", "alerts.yml"], cwd=tmp_path, capture_output=True, check=False
    )
    assert checked.returncode == 0

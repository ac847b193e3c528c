"""What OpenTelemetry's own reader and protocol find of a run, by the names of its conventions."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from brizna.core.errors import InputError
from brizna.testing import sample_metrics, sample_run, sink_conformance
from brizna.verbs._views import account_run, view

pytest.importorskip("opentelemetry.sdk")

from opentelemetry import metrics as api
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.semconv._incubating.attributes import gen_ai_attributes, hw_attributes
from opentelemetry.semconv._incubating.metrics import hw_metrics

from brizna.integrations.opentelemetry import OpenTelemetrySink, span_attributes

AT = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.fixture
def program(monkeypatch):
    """Return the reader of the program's own provider, a new one for each test."""
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader])
    monkeypatch.setattr(api, "get_meter_provider", lambda: provider)
    yield reader
    provider.shutdown()


def points(data):
    """Return the points of each instrument by its name, with its unit."""
    return {
        metric.name: (metric.unit, list(metric.data.data_points))
        for resource in data.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    }


def test_devices_have_the_names_of_the_conventions(program):
    sink = OpenTelemetrySink()
    sink.log(sample_metrics(3, before=2), step=0, at=AT)
    told = points(program.get_metrics_data())
    unit, energies = told[hw_metrics.HW_ENERGY]
    assert unit == "J"
    by_type = {point.attributes[hw_attributes.HW_TYPE]: point for point in energies}
    assert {kind: point.value for kind, point in by_type.items()} == {"cpu": 300.0, "gpu": 150.0}
    assert by_type["cpu"].attributes[hw_attributes.HW_ID] == "rapl/package-0"
    assert by_type["gpu"].attributes["brizna.basis"] == "metered"
    unit, powers = told[hw_metrics.HW_POWER]
    assert (unit, sorted(point.value for point in powers)) == ("W", [50.0, 100.0])
    assert not any(name.startswith("hw.host.") for name in told)
    assert told["brizna.run.co2e"][0] == "g"
    low, high = (told[f"brizna.run.energy.{end}"][1][0].value for end in ("low", "high"))
    assert low < told["brizna.run.energy"][1][0].value == 450.0 < high
    (tokens,) = told["brizna.run.work"][1]
    assert tokens.attributes[gen_ai_attributes.GEN_AI_TOKEN_TYPE] == "output"
    sink.finish({})
    assert points(program.get_metrics_data())["hw.energy"]  # the last numbers were read once more
    assert program.get_metrics_data() is None


def test_a_whole_machine_is_a_host(program):
    metrics = sample_metrics(3)
    metrics.readings = tuple(
        reading.replace(labels={**reading.labels, "component": "node"})
        if "component" in reading.labels
        else reading
        for reading in metrics.readings
    )
    sink = OpenTelemetrySink()
    sink.log(metrics, step=0, at=AT)
    told = points(program.get_metrics_data())
    sink.finish({})
    assert "hw.energy" not in told
    assert told["hw.host.energy"][0] == "J"


def test_counters_are_monotonic_sums_and_gauges_are_not(program):
    sink = OpenTelemetrySink()
    sink.log(sample_metrics(3, before=2), step=0, at=AT)
    kinds = {
        metric.name: (type(metric.data).__name__, getattr(metric.data, "is_monotonic", None))
        for resource in program.get_metrics_data().resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    }
    sink.finish({})
    assert kinds["hw.energy"] == ("Sum", True)
    assert kinds["hw.power"] == ("Gauge", None)


def test_no_counter_falls(program):
    sink = OpenTelemetrySink()
    for seconds in (4, 3):
        sink.log(sample_metrics(seconds), step=0, at=AT)
    told = points(program.get_metrics_data())
    sink.finish({})
    assert told["brizna.run.energy"][1][0].value == 600.0


@pytest.mark.usefixtures("program")
def test_it_keeps_its_promises():
    assert sink_conformance(OpenTelemetrySink) == []


def test_a_span_gets_energy_carbon_and_tokens():
    run = sample_run()
    told = span_attributes(view(run, account_run(run)))
    assert told["brizna.energy_joules"] == 600.0
    assert told["brizna.co2e_grams_low"] < told["brizna.co2e_grams"]
    assert told[gen_ai_attributes.GEN_AI_USAGE_OUTPUT_TOKENS] == 40
    assert told["brizna.run"] == run.id


# ---------------------------------------------------------------------------------------- collector


@pytest.fixture
def collector():
    """Return the address of a collector on the loopback and what it has received."""
    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
        ExportMetricsServiceRequest,
    )

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            received.append((self.path, ExportMetricsServiceRequest.FromString(body)))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    received = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Collector) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}", received
        server.shutdown()
        thread.join()


def test_a_collector_gets_a_command_over_http(collector, tmp_path):
    address, received = collector
    done = subprocess.run(
        [
            *(sys.executable, "-m", "brizna", "run", "--quiet", "--zone", "ES", "--name", "job"),
            *("--store", "store", "--to", f"opentelemetry={address}", "--"),
            *(sys.executable, "-c", "sum(range(10**6))"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert {path for path, _ in received} == {"/v1/metrics"}
    (resource,) = received[-1][1].resource_metrics
    about = {pair.key: pair.value.string_value for pair in resource.resource.attributes}
    assert about["service.name"] == "brizna"
    assert about["brizna.name"] == "job"
    told = {metric.name: metric for scope in resource.scope_metrics for metric in scope.metrics}
    assert told["hw.energy"].sum.is_monotonic
    assert told["hw.energy"].sum.data_points[0].as_double > 0
    assert told["brizna.run.co2e"].unit == "g"


def test_a_collector_that_is_away_does_not_harm_the_job(tmp_path):
    done = subprocess.run(
        [
            *(sys.executable, "-m", "brizna", "run", "--quiet", "--store", "store"),
            *("--to", "opentelemetry=http://127.0.0.1:1", "--", "true"),
        ],
        cwd=tmp_path,
        env={**os.environ, "OTEL_EXPORTER_OTLP_TIMEOUT": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0
    assert done.stderr.count("The sink opentelemetry") == 1


def test_where_nobody_names_a_collector_it_is_refused(monkeypatch):
    from opentelemetry.metrics import NoOpMeterProvider

    for variable in ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(api, "get_meter_provider", NoOpMeterProvider)
    with pytest.raises(InputError, match="opentelemetry=http"):
        OpenTelemetrySink()

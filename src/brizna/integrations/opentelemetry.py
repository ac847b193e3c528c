"""OpenTelemetry: a run's numbers as instruments, and a record as attributes of a span.

Example::

    with brizna.measure(to=["opentelemetry=http://127.0.0.1:4318"]):
        train()

Energy and power of devices have the names of the conventions for hardware (``hw.energy``,
``hw.power``, of whole machines ``hw.host.energy``, ``hw.host.power``), counted tokens the attribute
``gen_ai.token.type``; what no convention names is called ``brizna.*``. Without a target the numbers
go to the program's own meter provider, else to the collector that ``OTEL_EXPORTER_OTLP_ENDPOINT``
names.
"""

from __future__ import annotations

import os
from threading import Lock

from brizna.core.errors import InputError
from brizna.core.version import VERSION
from brizna.integrations._library import missing
from brizna.integrations._sink import facts
from brizna.report._metrics import Metric, Metrics, Reading, metrics, never_falling

try:
    from opentelemetry import metrics as api
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import MetricExportResult, PeriodicExportingMetricReader
    from opentelemetry.sdk.resources import Resource
except ImportError as error:
    raise missing("OpenTelemetry", error, install="opentelemetry-sdk") from error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime
    from typing import Any

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_TYPES = {
    "cpu": "cpu",
    "core": "cpu",
    "uncore": "cpu",
    "memory": "memory",
    "gpu": "gpu",
    "storage": "physical_disk",
    "network": "network",
}
"""From a kind of channel to ``hw.type``; a node is a host, which has instruments of its own."""
_TOKENS = {"input_tokens": "input", "output_tokens": "output"}
_DEVICE, _HOST = "hw.", "hw.host."
_OWN = {"channel": "hw.id", "run": "brizna.run"}


class OpenTelemetrySink:
    """A sink for `brizna.measure` and ``brizna run --to``."""

    def __init__(self, target: str | None = None, *, name: str | None = None) -> None:
        """Take the program's meter provider, or make one for a collector.

        Args:
            target: Where a collector takes OTLP over HTTP, such as ``http://127.0.0.1:4318``.
            name: What the run is called.

        Raises:
            InputError: If there is neither a target, nor a provider, nor a variable that names one.
        """
        self._lock = Lock()
        self._readings: tuple[Reading, ...] = ()
        self._seen: dict[str, float] = {}
        self._instruments: list[Any] = []
        current = api.get_meter_provider()
        self._exporter: Any = None
        self._provider: MeterProvider
        if target is None and isinstance(current, MeterProvider):
            self._provider = current
        else:
            self._exporter = _exporter(target)
            self._provider = _provider(self._exporter, name)

    def log(self, metrics: Metrics, *, step: int, at: datetime) -> None:
        """Keep what the instruments show from now on."""
        with self._lock:
            self._readings = tuple(never_falling(metrics.readings, self._seen))
        if not self._instruments and self._readings:
            self._make_instruments(self._readings[0].labels["run"])

    def finish(self, view: Mapping[str, Any]) -> None:
        """Have the last numbers read, and show none any more."""
        self._provider.force_flush()
        with self._lock:
            self._readings = ()
        if self._exporter is not None:
            self._provider.shutdown()
            if not self._exporter.has_arrived:
                raise ConnectionError("the collector did not take the last numbers")

    def _make_instruments(self, run_id: str) -> None:
        """Make one of each kind, in a meter of the run's own."""
        meter = self._provider.get_meter("brizna", VERSION, attributes={"brizna.run": run_id})
        for metric in metrics().values():
            if not metric.otel:
                continue
            make = (
                meter.create_observable_counter
                if metric.kind == "counter"
                else meter.create_observable_gauge
            )
            for name, is_host in _names(metric):
                shown = self._shower(metric, "value", is_host=is_host)
                self._instruments.append(make(name, [shown], metric.unit, metric.help["en"]))
            for end in ("low", "high") if metric.bounds else ():
                name = f"brizna.{metric.otel.removeprefix('brizna.')}.{end}"
                shown = self._shower(metric, end, is_host=None)
                gauge = meter.create_observable_gauge(name, [shown], metric.unit)
                self._instruments.append(gauge)

    def _shower(
        self, metric: Metric, field: str, *, is_host: bool | None
    ) -> Callable[[Any], Iterable[api.Observation]]:
        """Return the callback of an instrument: what it shows now."""

        def show(_: Any) -> Iterable[api.Observation]:
            with self._lock:
                readings = [one for one in self._readings if one.metric == metric.id]
            for reading in readings:
                if is_host is None or is_host == (reading.labels.get("component") == "node"):
                    value = getattr(reading, field)
                    if value is not None:
                        yield api.Observation(value, _attributes(reading))

        return show


def span_attributes(view: Mapping[str, Any]) -> dict[str, str | int | float]:
    """Return what to set on a span that a run belongs to: its energy, carbon and tokens.

    Args:
        view: The run with its footprint, such as ``m.view`` after ``with brizna.measure() as m``.
    """
    energy = view["measurement"]["energy_j"]
    carbon = (view["footprint"] or {}).get("carbon_g")
    found: dict[str, str | int | float] = dict(facts(view))
    for name, estimate in (("brizna.energy_joules", energy), ("brizna.co2e_grams", carbon)):
        if estimate is not None:
            found[name] = estimate["best"]
            found[f"{name}_low"], found[f"{name}_high"] = estimate["low"], estimate["high"]
    for work in view["measurement"].get("work", ()):
        if work["name"] in _TOKENS:
            found[f"gen_ai.usage.{work['name']}"] = int(work["amount"])
    return found


def _names(metric: Metric) -> list[tuple[str, bool | None]]:
    """Return the names of a metric's instruments, and whether each is of hosts or of devices."""
    if not metric.otel.startswith(_DEVICE):
        return [(metric.otel, None)]
    return [(metric.otel, False), (metric.otel.replace(_DEVICE, _HOST, 1), True)]


def _attributes(reading: Reading) -> dict[str, str]:
    labels = reading.labels
    found = {_OWN.get(name, f"brizna.{name}"): text for name, text in labels.items() if text}
    if "component" in labels:
        found["hw.type"] = _TYPES.get(labels["component"], labels["component"])
    if labels.get("work") in _TOKENS:
        found["gen_ai.token.type"] = _TOKENS[labels["work"]]
    return found


def _exporter(target: str | None) -> Any:
    """Return what sends to a collector, and remembers whether that took what was sent last."""
    if target is None and not any(os.environ.get(variable) for variable in _ENDPOINTS):
        raise InputError(
            "No collector is named, and the program has no meter provider: expected one of them. "
            "Give an address, such as --to opentelemetry=http://127.0.0.1:4318."
        )
    try:
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    except ImportError as error:
        wanted = "opentelemetry-exporter-otlp-proto-http"
        raise missing("The exporter of OpenTelemetry", error, install=wanted) from error

    class Exporter(OTLPMetricExporter):
        has_arrived = True

        def export(self, *given: Any, **options: Any) -> Any:
            result = super().export(*given, **options)
            self.has_arrived = result is MetricExportResult.SUCCESS
            return result

    return Exporter(endpoint=None if target is None else f"{target.rstrip('/')}/v1/metrics")


def _provider(exporter: Any, name: str | None) -> MeterProvider:
    about = {"service.name": "brizna", "service.version": VERSION, "brizna.name": name or ""}
    reader = PeriodicExportingMetricReader(exporter)
    return MeterProvider([reader], resource=Resource.create(about))

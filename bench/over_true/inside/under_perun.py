"""perun: its decorator around the block, marked regions for windows; a child of its own samples.

``data_out`` is where it keeps its results; the energies of the processors, and of memory where
there is a counter, are those that it writes down of the one run.
"""

from __future__ import annotations

from pathlib import Path

from perun.api.decorator import monitor, perun, register_callback
from perun.data_model.data import MetricType  # not in its documentation


def _mean(metrics, kind):
    metric = metrics.get(kind)
    value = getattr(metric, "mean", getattr(metric, "value", None))
    return None if value is None else float(value)


def _watch(body, interval_s):
    """Run the block under the decorator; return the one run's metrics and its regions."""
    kept = {}

    def keep(node):
        run = next(iter(node.nodes.values()))
        kept["metrics"], kept["regions"] = run.metrics, run.regions

    @perun(sampling_period=interval_s, data_out="perun_results", app_name="bench")
    def application():
        register_callback(keep)
        body()

    application()
    return kept


def track(body, interval_s, spec):
    """Track the block."""
    metrics = _watch(body, interval_s)["metrics"]
    kinds = {"gpu": MetricType.GPU_ENERGY}
    if not spec.get("cards"):
        kinds = {"cpu": MetricType.CPU_ENERGY, "memory": MetricType.DRAM_ENERGY}
    joules = {name: _mean(metrics, kind) for name, kind in kinds.items()}
    known = [each for each in joules.values() if each is not None]
    return {"joules": sum(known), "covers": list(joules)} if known else None


def windows(body, interval_s, count):
    """Mark one region as often: perun tells their mean power and their mean duration."""
    marked = monitor("window")(body)

    def all_windows():
        for _ in range(count):
            marked()

    region = _watch(all_windows, interval_s)["regions"]["window"]
    power_w = _mean(region.metrics, MetricType.POWER)
    if power_w is None:
        return [None] * count
    joules = power_w * _mean(region.metrics, MetricType.RUNTIME)
    return [{"joules": joules, "covers": ["cpu", "memory"]}] * count


def left():
    """Look for results."""
    found = [file for file in Path().glob("perun_results/**/*") if file.is_file()]
    return {"joules": None, "covers": []} if found else None

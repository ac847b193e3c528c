"""Write docs/reference/metrics.md from the table: ``python tools/write_metrics_reference.py``."""

# ruff: noqa: E501 - the lines of a page

from __future__ import annotations

from brizna.report._metrics import metrics

HEAD = """# Metrics

What leaves brizna while runs go on, for [Prometheus](../how-to/with-prometheus.md), [Grafana](../how-to/with-grafana.md), \
[OpenTelemetry](../how-to/with-opentelemetry.md) and trackers. Made from the table
`src/brizna/report/tables/metrics.csv` by `python tools/write_metrics_reference.py > docs/reference/metrics.md`; a test holds both together.

Base units everywhere: joules, watts, grams, seconds, litres. What is not known has no series and no key; it is never 0. Where the column says \
so, the ends of the [90 % interval](estimates.md)
go out too: in Prometheus as gauges of their own (`brizna_energy_joules_low` and `_high` beside `brizna_energy_joules_total`), in trackers with \
`_low` and `_high` after the key, in
OpenTelemetry as `brizna.*.low` and `.high`.

"""
TAIL = """
Every key begins with `brizna/`. What a label holds:

| label | holds |
|---|---|
| `run` | the run's id. Series of a run are there while it goes on and until five (`--last`) later ones have ended |
| `channel`, `component`, `method`, `scope` | the root channel's id, its kind, how it is read, what it sees (`machine`, `container`, `process`) |
| `basis` | `metered`, `declared`, `published`, `modelled` or `default`: the weakest of what the figure was made from |
| `view` | whose energy it is: `machine`, `fair-share` or `above-idle`. `brizna metrics` always tells that of the machine; sinks follow the run's `--view` |
| `part` | `operational` (electricity) or `embodied` (making the hardware) |
| `work` | what the run counts, such as `tokens`; of twenty kinds at most |
| `zone`, `currency`, `name`, `state`, `machine`, `parent`, `version` | as in the [run's record](schemas.md#run-briznarun1) |

A counter never falls while one `brizna metrics` runs, nor from one writing of a text file to the next: where a better look lowers a figure \
(a gap is filled in, a share is told anew), the
counter waits until it is passed. The run's record has the figure itself.
"""


def page() -> str:
    """Return the page."""
    lines = [
        "| Prometheus | kind | unit | interval | key in trackers | OpenTelemetry | labels |",
        "|---|---|---|---|---|---|---|",
    ]
    for metric in metrics().values():
        key = f"`{metric.key}`" if metric.key else ""
        otel = f"`{metric.otel}`" if metric.otel else ""
        labels = ", ".join(f"`{label}`" for label in metric.labels)
        bounds = "yes" if metric.bounds else ""
        cells = (f"`{metric.id}`", metric.kind, metric.unit, bounds, key, otel, labels)
        lines.append(f"| {' | '.join(cells)} |".replace("|  |", "| |"))
    about = ["", "| metric | tells |", "|---|---|"]
    about += [f"| `{metric.id}` | {metric.help['en']} |" for metric in metrics().values()]
    return HEAD + "\n".join([*lines, *about]) + "\n" + TAIL


if __name__ == "__main__":
    print(page(), end="")

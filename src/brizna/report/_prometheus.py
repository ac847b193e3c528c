"""Readings as text for Prometheus: the exposition format, version 0.0.4, UTF-8."""

from __future__ import annotations

from brizna.report._metrics import metrics

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from brizna.report._metrics import Reading

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_BOUNDS = {
    "low": (
        "Low end of the 90 % interval of {id}.",
        "Extremo bajo del intervalo del 90 % de {id}.",
    ),
    "high": (
        "High end of the 90 % interval of {id}.",
        "Extremo alto del intervalo del 90 % de {id}.",
    ),
}


def exposition(readings: Iterable[Reading], *, lang: str = "en") -> bytes:
    """Return readings as Prometheus scrapes them, each metric once with its help and type.

    The ends of an interval are gauges of their own: an end may move either way while a counter
    never falls.

    Args:
        readings: Any readings; series of one metric come in the order in which they are given.
        lang: Language of the help.
    """
    by_metric: dict[str, list[Reading]] = {}
    for reading in readings:
        by_metric.setdefault(reading.metric, []).append(reading)
    lines: list[str] = []
    for name, metric in metrics().items():
        told = by_metric.get(name, [])
        if told:
            lines += _head(name, metric.kind, metric.help[lang])
            lines += [_line(name, each.labels, each.value) for each in told]
        for end, about in _BOUNDS.items():
            ends = [
                (each.labels, bound) for each in told if (bound := getattr(each, end)) is not None
            ]
            if ends:
                bound_name = metric.bound(end)
                lines += _head(bound_name, "gauge", about[lang == "es"].format(id=name))
                lines += [_line(bound_name, labels, value) for labels, value in ends]
    return "".join(f"{line}\n" for line in lines).encode()


def read_counters(text: str) -> dict[str, float]:
    """Return the counters of a text that `exposition` wrote, as `never_falling` remembers them.

    Lines that it does not write are passed over.
    """
    counters = {name for name, metric in metrics().items() if metric.kind == "counter"}
    found: dict[str, float] = {}
    for line in text.split("\n"):
        series, _, number = line.rpartition(" ")
        name, brace, inner = series.partition("{")
        if name in counters and brace and inner.endswith("}"):
            labels = _read_labels(inner[:-1])
            try:
                found[f"{name}{sorted(labels.items())}"] = float(number)
            except ValueError:
                continue
    return found


def _head(name: str, kind: str, about: str) -> list[str]:
    told = about.replace("\\", "\\\\").replace("\n", "\\n")
    return [f"# HELP {name} {told}", f"# TYPE {name} {kind}"]


def _line(name: str, labels: Mapping[str, str], value: float) -> str:
    inner = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
    return f"{name}{{{inner}}} {value!r}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _read_labels(inner: str) -> dict[str, str]:
    """Return the labels between the braces of a line."""
    labels: dict[str, str] = {}
    place = 0
    while (begin := inner.find('="', place)) >= 0:
        name, place = inner[place:begin].lstrip(","), begin + 2
        value = ""
        while place < len(inner) and inner[place] != '"':
            if inner[place] == "\\" and place + 1 < len(inner):
                value += {"n": "\n"}.get(inner[place + 1], inner[place + 1])
                place += 2
            else:
                value += inner[place]
                place += 1
        labels[name] = value
        place += 1
    return labels

"""A sink that keeps what it is told; what every sink promises, checked on any implementation."""

from __future__ import annotations

from datetime import datetime

from brizna.core.errors import BriznaError
from brizna.core.replay import JOURNAL_SCHEMA, replay
from brizna.core.version import VERSION
from brizna.report._metrics import Metrics, readings_of
from brizna.verbs._sinks import Sink
from brizna.verbs._views import account_run, view

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from brizna.core.measurement import Run

_SECOND = 1_000_000
_POWERS_W = {"cpu": 100, "gpu": 50}
_STARTED = "2026-11-22T02:35:01Z"


class FakeSink:
    """Keeps what it is told; raises if it is told to.

    Attributes:
        logged: Metrics, step and instant of each call of ``log``.
        view: What ``finish`` got; None before.
    """

    def __init__(self, *, raises: Exception | None = None) -> None:
        """Say what ``log`` raises, if anything."""
        self._raises = raises
        self.logged: list[tuple[Metrics, int, datetime]] = []
        self.view: Mapping[str, Any] | None = None

    def log(self, metrics: Metrics, *, step: int, at: datetime) -> None:
        """Keep the metrics."""
        if self._raises is not None:
            raise self._raises
        self.logged.append((metrics, step, at))

    def finish(self, view: Mapping[str, Any]) -> None:
        """Keep the record."""
        self.view = view


def sample_run(seconds: int = 4, *, state: str = "finished") -> Run:
    """Return a run of a processor at 100 W and a card at 50 W, read once a second.

    Args:
        seconds: How long it took.
        state: As in `Run`.
    """
    about = {"basis": "metered", "max_power_w": 400.0, "update_us": 1000}
    events: list[dict[str, Any]] = [
        {
            "e": "start",
            "schema": JOURNAL_SCHEMA,
            "id": "20261122T023501Z-7f3a9c",
            "name": "sample",
            "command": ["python", "train.py"],
            "started": _STARTED,
            "interval_us": _SECOND,
            "machine": "blue",
            "brizna": VERSION,
            "site": {"zone": "ES", "zone_origin": "option"},
        },
        {"e": "channel", "id": "rapl/package-0", "kind": "cpu", "method": "rapl", **about},
        {"e": "channel", "id": "nvml/GPU-1", "kind": "gpu", "method": "nvml-energy", **about},
    ]
    for second in range(seconds + 1):
        t_us = second * _SECOND
        counted = [power_w * t_us for power_w in _POWERS_W.values()]
        work = {"work": {"output_tokens": 10.0 * second}} if second else {}
        events.append({"t": t_us, "c": counted, "cpu": [t_us // 2, t_us], **work})
    return replay([*events, {"e": "end", "exit_code": 0, "signal": None, "state": state}])


def sample_metrics(seconds: int, *, before: int | None = None) -> Metrics:
    """Return the numbers of `sample_run` after so many seconds, with its power since some earlier.

    Args:
        seconds: How long it has been going on.
        before: The earlier; None for no power.
    """
    run = sample_run(seconds, state="running")
    earlier = None if before is None else sample_run(before, state="running")
    return Metrics(readings_of(run, account_run(run), earlier))


def sink_conformance(open_sink: Callable[[], object]) -> list[str]:
    """Return the promises of a sink that one breaks; nothing if it is right.

    Args:
        open_sink: Opens a sink of a run of its own each time.
    """
    broken: list[str] = []
    for about, seconds, state in (
        ("a run", (1, 2, 3), "finished"),
        ("a run that failed", (1,), "failed"),
        ("a run whose recorder was killed", (1, 3), "interrupted"),
        ("a run that ended before anything was known", (), "finished"),
    ):
        sink = open_sink()
        if not isinstance(sink, Sink):
            return [f"{type(sink).__name__} lacks log or finish"]
        try:
            _tell(sink, seconds, state)
        except BriznaError as error:
            broken.append(f"told of {about} it says: {error}")
        except Exception as error:  # noqa: BLE001 - anybody's sink: what it raises is what is asked
            broken.append(f"told of {about} it raises {type(error).__name__}: {error}")
    return broken


def _tell(sink: Sink, seconds: tuple[int, ...], state: str) -> None:
    """Tell a sink of a run at these seconds, the first time without powers."""
    start = datetime.fromisoformat(_STARTED)
    for step, second in enumerate(seconds):
        metrics = sample_metrics(second, before=second - 1 if step else None)
        sink.log(metrics, step=step, at=start.replace(second=start.second + second))
    run = sample_run(state=state)
    sink.finish({**view(run, account_run(run)), "history": None})

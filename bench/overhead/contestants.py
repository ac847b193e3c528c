"""Who takes part, and what each of them is asked to do."""

from __future__ import annotations

from dataclasses import dataclass, field

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_NO_WINDOW = "has no windows"
_NO_WRAPPER = "wraps no command"
_NO_MARK = "has no such command"


@dataclass(frozen=True, kw_only=True)
class Contestant:
    """A tool, and how a person would use it.

    Attributes:
        name: Its name; also that of its environment and of its file in ``inside/``.
        distribution: What its version is asked of; None for the bare interpreter.
        import_code: Imports it.
        ready_code: Imports what a person calls to measure.
        wrapper: Measures a command that is appended to it; None if it cannot.
        lacks: Why a measure does not apply to it.
    """

    name: str
    distribution: str | None
    import_code: str
    ready_code: str
    wrapper: tuple[str, ...] | None = None
    lacks: Mapping[str, str] = field(default_factory=dict)


BARE = Contestant(
    name="bare",
    distribution=None,
    import_code="pass",
    ready_code="pass",
    lacks={
        "mark": _NO_MARK,
        "until-child": _NO_WRAPPER,
        "run-idle": _NO_WRAPPER,
        "start-stop": "starts nothing",
        "window": _NO_WINDOW,
    },
)

BRIZNA = Contestant(
    name="brizna",
    distribution="brizna",
    import_code="import brizna",
    ready_code="import brizna; brizna.measure",
    wrapper=("brizna", "run", "--interval", "1", "--quiet", "--"),
)

PEERS = (
    Contestant(
        name="codecarbon",
        distribution="codecarbon",
        import_code="import codecarbon",
        ready_code="from codecarbon import OfflineEmissionsTracker",
        wrapper=(
            *("codecarbon", "monitor", "--offline", "--country-iso-code", "ESP", "--no-api"),
            *("--measure-power-secs", "1", "--"),
        ),
        lacks={"mark": _NO_MARK},
    ),
    Contestant(
        name="zeus",
        distribution="zeus",
        import_code="import zeus",
        ready_code="from zeus.monitor import ZeusMonitor",
        lacks={
            "mark": _NO_MARK,
            "until-child": _NO_WRAPPER,
            "idle": "samples nothing: reads at both ends of a window",
            "run-idle": _NO_WRAPPER,
            "loop": "samples nothing: reads at both ends of a window",
        },
    ),
    Contestant(
        name="carbontracker",
        distribution="carbontracker",
        import_code="import carbontracker",
        ready_code="from carbontracker.tracker import CarbonTracker",
        wrapper=("carbontracker",),
        lacks={"mark": _NO_MARK, "window": _NO_WINDOW},
    ),
    Contestant(
        name="eco2ai",
        distribution="eco2ai",
        import_code="import eco2ai",
        ready_code="from eco2ai import Tracker",
        lacks={
            "mark": _NO_MARK,
            "until-child": _NO_WRAPPER,
            "run-idle": _NO_WRAPPER,
            "window": _NO_WINDOW,
        },
    ),
)

ALL = (BARE, BRIZNA, *PEERS)

"""Levels of a sweep: how a person writes them, and how they are brought about."""

from __future__ import annotations

from brizna.core.errors import InputError, Said, UnavailableError
from brizna.core.sweep import UNCHANGED, Dimension
from brizna.run import (
    CLOCK,
    copies_command,
    find_file_limits,
    open_nvml_limits,
    share_processors,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from brizna.core.sweep import SweepPlan
    from brizna.run._limits import Limit

THREAD_VARIABLES = (
    *("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "BLIS_NUM_THREADS"),
    *("VECLIB_MAXIMUM_THREADS", "NUMEXPR_NUM_THREADS", "NUMBA_NUM_THREADS", "RAYON_NUM_THREADS"),
)
"""What libraries look at for their number of threads."""
OF_DEVICES = ("gpu-limit", "gpu-clock", "cpu-limit", "cpu-freq", "cpu-perf")
"""Dimensions that set a limit of a device."""
_UNITS = {
    "gpu-limit": ("W",),
    "gpu-clock": ("MHz", "GHz"),
    "cpu-limit": ("W",),
    "cpu-freq": ("GHz", "MHz"),
    "cpu-perf": ("%",),
}
_STEPS = {
    ("W", "mW"): 1e3,
    ("W", "uW"): 1e6,
    ("GHz", "kHz"): 1e6,
    ("MHz", "kHz"): 1e3,
    ("GHz", "MHz"): 1e3,
    ("MHz", "MHz"): 1.0,
    ("%", "%"): 1.0,
}
"""How many of a device's units one of a person's has."""


def read_dimension(kind: str, text: str) -> Dimension:
    """Return the dimension in a text such as ``100,150,200W``, ``1,2`` or ``batch=32,64``.

    Args:
        kind: One of `brizna.core.sweep.KINDS`.
        text: The levels; a unit after the last is that of all.

    Raises:
        InputError: If it is none.
    """
    name = kind
    if kind == "vary":
        name, equals, text = text.partition("=")
        if not equals or not name.replace("-", "_").isidentifier():
            raise InputError(
                "--vary is {text!r}: expected a name and its values, such as batch=32,64.",
                text=f"{name}{equals}{text}",
            )
    levels = [level.strip() for level in text.split(",")]
    if kind in _UNITS:
        levels = _with_units(kind, levels)
    elif kind in ("threads", "processes") and not all(_is_count(kind, one) for one in levels):
        raise InputError(
            "--{kind} is {text!r}: expected whole numbers from 1 on, such as 1,2,4.",
            kind=kind,
            text=text,
        )
    if not all(levels):
        raise InputError(
            "{name} has an empty level in {text!r}: expected values between commas.",
            name=name,
            text=text,
        )
    return Dimension(kind=kind, name=name, levels=tuple(levels))


def _is_count(kind: str, level: str) -> bool:
    is_number = level.isascii() and level.isdecimal() and int(level) > 0
    return is_number or (kind == "threads" and level == UNCHANGED)


def _with_units(kind: str, levels: Sequence[str]) -> list[str]:
    units = _UNITS[kind]
    last = next((unit for unit in units if levels[-1].endswith(unit)), units[0])
    made: list[str] = []
    for level in levels:
        if level == UNCHANGED:
            made.append(level)
            continue
        unit = next((unit for unit in units if level.endswith(unit)), last)
        number = _number(level.removesuffix(unit))
        if number is None:
            raise InputError(
                "--{kind} has the level {level!r}: expected a number above 0 in {units}, or {now} "
                "for what it is set to.",
                kind=kind,
                level=level,
                units=", ".join(units),
                now=UNCHANGED,
            )
        made.append(f"{number:g} {unit}")
    return made


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if 0 < number < float("inf") else None


class DeviceLevels:
    """The limits behind the dimensions of a sweep that set devices.

    Attributes:
        planned: Each limit with the values that it will be set to.
    """

    def __init__(
        self, plan: SweepPlan, *, sys_root: str = "/sys", nvml: Callable[[], Any] | None = None
    ) -> None:
        """Find the limits; nothing is changed.

        Args:
            plan: The sweep.
            sys_root: Where sysfs is mounted.
            nvml: Returns the bindings of NVIDIA's driver; the driver's if None.

        Raises:
            UnavailableError: If there is no device to set.
        """
        self._limits: dict[str, list[Limit]] = {}
        self.planned: list[tuple[Limit, list[int]]] = []
        for dimension in plan.dimensions:
            if dimension.kind not in OF_DEVICES:
                continue
            found = _find(dimension.kind, plan.gpus, sys_root, nvml)
            self._limits[dimension.name] = found
            for limit in found:
                values = [_value(level, limit.unit) for level in dimension.levels]
                self.planned.append((limit, [value for value in values if value is not None]))

    def set(self, levels: Mapping[str, str], give: Callable[[Limit, int | None], object]) -> None:
        """Bring devices to the levels of a setting.

        Args:
            levels: The setting.
            give: Sets one limit; None to what it was before the sweep.
        """
        for name, limits in self._limits.items():
            for limit in limits:
                give(limit, _value(levels[name], limit.unit))


def _find(
    kind: str, gpus: Sequence[str], sys_root: str, nvml: Callable[[], Any] | None
) -> list[Limit]:
    found: list[Limit] = list(find_file_limits(kind, sys_root=sys_root))
    why: Said | UnavailableError = Said("This system shows no such limit.")
    if kind in ("gpu-limit", "gpu-clock"):
        found = [one for one in found if not gpus or any(f"/{gpu}/" in one.at for gpu in gpus)]
        named = [gpu for gpu in gpus if not any(f"/{gpu}/" in one.at for one in found)]
        if named or not gpus:
            more = {"kind": CLOCK} if kind == "gpu-clock" else {}
            try:
                found += open_nvml_limits(named, provider=nvml, **more)
            except UnavailableError as error:
                if named:
                    raise
                why = error
    if not found:
        raise UnavailableError(
            "There is nothing that --{kind} could set here; sweep another dimension, such as "
            "--threads 1,2. {why}",
            kind=kind,
            why=why,
        )
    return found


def _value(level: str, unit: str) -> int | None:
    if level == UNCHANGED:
        return None
    number, _, own = level.partition(" ")
    return round(float(number) * _STEPS[own, unit])


def command_of(plan: SweepPlan, levels: Mapping[str, str], processors: Sequence[int]) -> list[str]:
    """Return the command of a setting: levels in place of their names in braces.

    Args:
        plan: The sweep.
        levels: The setting.
        processors: Numbers of the processors that may be used.
    """
    words = list(plan.command)
    for name, level in levels.items():
        words = [word.replace(f"{{{name}}}", level) for word in words]
    kinds = {dimension.kind: dimension.name for dimension in plan.dimensions}
    if "processes" not in kinds and not plan.pin:
        return words
    count = int(levels[kinds["processes"]]) if "processes" in kinds else 1
    threads = levels.get(kinds.get("threads", ""), UNCHANGED)
    each = len(processors) // count if threads == UNCHANGED else int(threads)
    own = share_processors(processors, count=count, each=max(each, 1)) if plan.pin else ()
    return copies_command(words, count=count, processors=own)


def variables_of(plan: SweepPlan, levels: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that a setting adds to the command's environment."""
    made: dict[str, str] = {}
    for dimension in plan.dimensions:
        level = levels[dimension.name]
        if dimension.kind == "vary":
            made[dimension.name] = level
        elif dimension.kind == "threads" and level != UNCHANGED:
            made |= dict.fromkeys(THREAD_VARIABLES, level)
    return made

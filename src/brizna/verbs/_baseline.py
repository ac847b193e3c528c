"""The idle baseline: measured by watching an idle machine, kept, and used by later runs."""

from __future__ import annotations

import os

from brizna.core.baseline import MOST_BUSY, Baseline, idle_channels, stale_reasons
from brizna.core.errors import BriznaError, InputError, Said, UnavailableError
from brizna.core.factors import factor
from brizna.core.replay import series_of
from brizna.core.version import VERSION
from brizna.environment import machine_name
from brizna.meter import BootClock, Sampler, open_meters
from brizna.store import Store, keep_baseline, latest_baseline
from brizna.verbs._settings import read_idle

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any

    from brizna.core.measurement import Channel
    from brizna.meter import Meter
    from brizna.verbs._settings import Settings

SHORTEST_S = 10.0
"""Ten blocks of a second: counters move in steps, and shorter blocks would show the steps."""
_READINGS = 60
"""At least so many readings, six a block."""


class Instruments:
    """What watches a machine: its meters, a clock, and how busy the processors are.

    Attributes:
        meters: Open meters.
        clock: Tells the time.
        wait: Waits so many seconds.
        busy_us: Returns microseconds of processor time used since the machine started, by
            everybody; None where not known.
        processors: How many processors share that time.
    """

    __slots__ = ("busy_us", "clock", "meters", "processors", "wait")

    def __init__(
        self,
        meters: Sequence[Meter],
        *,
        clock: Any,
        wait: Callable[[float], object],
        busy_us: Callable[[], int | None],
        processors: int,
    ) -> None:
        self.meters = meters
        self.clock = clock
        self.wait = wait
        self.busy_us = busy_us
        self.processors = processors


def instruments(machine: str, *, named: Sequence[Meter] = ()) -> Instruments:
    """Return those of this machine, and meters that a person named."""
    from time import sleep

    from brizna.run import Roots
    from brizna.run._busy import MachineTime

    time = MachineTime(Roots())
    return Instruments(
        open_meters(machine=machine, named=named),
        clock=BootClock(),
        wait=sleep,
        busy_us=lambda: time.busy_us(at_any_cost=True),
        processors=os.cpu_count() or 1,
    )


def measure_baseline(
    machine: str,
    *,
    duration_s: float = 60.0,
    using: Instruments | None = None,
    progress: Callable[[float], object] = lambda _: None,
) -> Baseline:
    """Watch a machine that nobody uses and return what it draws.

    Args:
        machine: The machine's name in records.
        duration_s: For how long; at least ten seconds.
        using: What watches; this machine's own meters if None. The meters are closed.
        progress: Told now and then for how many seconds it has gone on.

    Raises:
        InputError: If the time is too short.
        UnavailableError: If the machine was too busy, or nothing here has a counter.
    """
    from datetime import UTC, datetime

    check_duration(duration_s)
    using = using or instruments(machine)
    measured = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    events: list[dict[str, Any]] = [{"e": "start", "id": "baseline"}]
    with Sampler(using.meters, clock=using.clock, write=events.append) as sampler:
        if all(channel.basis == "modelled" for channel in sampler.channels):
            raise UnavailableError(
                "Nothing here has an energy counter or a power sensor: what is modelled knows its "
                "idle power by itself. brizna doctor says what would unlock a counter."
            )
        busy = _watch(sampler, using, duration_s, progress)
    if busy is not None and busy > MOST_BUSY:
        raise UnavailableError(
            "The processors were busy for {busy:.0%} of the time: idle power cannot be told from "
            "that (at most {most:.0%}). Stop what runs here, then try again.",
            busy=busy,
            most=MOST_BUSY,
        )
    channels, reasons = idle_channels(
        series_of(events), busy=busy, rise=_rise(), name=f"{machine}/{measured}"
    )
    return Baseline(
        measured=measured,
        duration_s=duration_s,
        machine=machine,
        channels=channels,
        not_measured=reasons,
        busy=busy,
        conditions=conditions(),
        brizna=VERSION,
    )


def check_duration(duration_s: float) -> None:
    """Refuse a time that is too short for a baseline.

    Raises:
        InputError: If it is.
    """
    if not duration_s >= SHORTEST_S:
        raise InputError(
            "--duration is {duration_s:g} s: expected at least {shortest_s:g} s, so that the "
            "variation can be seen.",
            duration_s=duration_s,
            shortest_s=SHORTEST_S,
        )


def _watch(
    sampler: Sampler, using: Instruments, duration_s: float, progress: Callable[[float], object]
) -> float | None:
    """Sample for a while and return the share of processor time that was used; None if unknown."""
    busy_us = using.busy_us()
    sampler.start()
    for reading in range(1, _readings(duration_s) + 1):
        using.wait(duration_s / _readings(duration_s))
        sampler.sample()
        progress(duration_s * reading / _readings(duration_s))
    after_us = using.busy_us()
    elapsed_us = using.clock.now_us() - sampler.start_us
    if busy_us is None or after_us is None or elapsed_us <= 0:
        return None
    return (after_us - busy_us) / (elapsed_us * using.processors)


def _readings(duration_s: float) -> int:
    return max(_READINGS, round(duration_s))


def _rise() -> float:
    """Return by how much of itself power rises, from idle on, for each full load."""
    idle, tenth = (factor("brizna.meter", "load_curve", f"load-curve/{at}") for at in (0, 10))
    return (tenth.value / idle.value - 1) / 0.1


def keep_measured(
    baseline: Baseline, settings: Settings, *, environ: Mapping[str, str], cwd: str
) -> str:
    """Keep a baseline in the store and return its digest.

    Raises:
        UnavailableError: If the store cannot be written.
    """
    return keep_baseline(Store.find(settings["store"], cwd=cwd, environ=environ), baseline)


def conditions() -> dict[str, Any]:
    """Return what idle power depends on besides the hardware; none of it names host or user."""
    from hashlib import sha256

    options = _read("/proc/cmdline")
    return {
        "kernel": os.uname().release if hasattr(os, "uname") else None,
        "processors": os.cpu_count(),
        "governor": _read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        "boot_options": options and sha256(options.encode()).hexdigest()[:16],
    }


def _read(path: str) -> str | None:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().strip() or None
    except OSError:
        return None


def idle_event(store: Store | None, machine: str, idle_w: str | None) -> dict[str, Any] | None:
    """Return the journal's event about idle power; None where nothing is known.

    Raises:
        BriznaError: If the machine's baseline was changed or cannot be read.
    """
    declared = read_idle(idle_w) if idle_w else None
    found = None if store is None else latest_baseline(store, machine)
    if found is None and not declared:
        return None
    event: dict[str, Any] = {"e": "baseline", "baseline": None, "declared": declared or {}}
    if found is not None:
        baseline, digest = found
        stale = stale_reasons(baseline, age_s=_age_s(baseline), conditions=conditions())
        event |= {"baseline": baseline.to_json(), "digest": digest, "stale": stale}
    return event


def idle_troubles(declared: Mapping[str, float], channels: Iterable[Channel]) -> list[str]:
    """Return what is odd about declared idle watts, a sentence each."""
    known = {channel.id: channel for channel in channels}
    said: list[str] = []
    for name, power_w in declared.items():
        channel = known.get(name)
        if channel is None:
            names = ", ".join(known)
            text = Said(
                "Idle power is declared for {name}, and no channel of this run is called so: it "
                "has {names}. It is left out.",
                name=name,
                names=names,
            )
        elif channel.max_power_w is not None and power_w > channel.max_power_w:
            text = Said(
                "The idle power declared for {name}, {power} W, is more than it can draw ({most} "
                "W): the energy above idle comes out wrong. Correct it.",
                name=name,
                power=f"{power_w:g}",
                most=f"{channel.max_power_w:g}",
            )
        else:
            continue
        said.append(str(text))
    return said


def describe_baseline(
    settings: Settings, *, environ: Mapping[str, str], cwd: str
) -> dict[str, Any] | None:
    """Return the baseline that later runs use, its age and why it may not hold; None if none."""
    store = Store.find(settings["store"], cwd=cwd, environ=environ)
    try:
        found = latest_baseline(store, machine_name())
    except BriznaError as error:
        return {"baseline": None, "reason": str(error)}
    if found is None:
        return None
    baseline, digest = found
    age_s = _age_s(baseline)
    return {
        "baseline": baseline.to_json(),
        "digest": digest,
        "age_s": age_s,
        "stale": stale_reasons(baseline, age_s=age_s, conditions=conditions()),
    }


def _age_s(baseline: Baseline) -> float:
    from datetime import UTC, datetime

    return (datetime.now(UTC) - datetime.fromisoformat(baseline.measured)).total_seconds()

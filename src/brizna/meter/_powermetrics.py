"""Energy of Apple's chips, from the file that Apple's own ``powermetrics`` writes.

It needs the superuser, so it is started beside brizna and never by it:

    sudo powermetrics --samplers cpu_power,gpu_power -i 1000 -f plist -o power.plist

Each sample says how much the processors, the graphics and the neural engine used since the one
before. Apple calls these numbers estimates, and so does brizna.
"""

from __future__ import annotations

import os

from brizna.core.errors import InputError, Said
from brizna.core.measurement import Channel
from brizna.core.records import Record
from brizna.meter._sensors import why

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

_END = b"</plist>"
_BLOCK = 1 << 20
_TAIL = 8 * _BLOCK
"""Bytes at the end of the file in which its last sample is looked for."""
_PARTS = {
    "cpu": ("cpu", "Apple processor"),
    "gpu": ("gpu", "Apple graphics"),
    "ane": ("gpu", "Apple Neural Engine"),
}
"""What a sample tells of: the kind of channel, and what it is called."""
_UJ_PER_MJ, _NS_PER_US = 1000, 1000
_MISSED = 3
"""So many samples may be late before the file is believed to have stopped."""
_PATIENCE_US = 2_000_000
"""How late a sample may be beside: the program writes when it is scheduled."""
_STOPPED = str(Said("powermetrics writes no more samples"))
START = "sudo powermetrics --samplers cpu_power,gpu_power -i 1000 -f plist -o {file}"


class PowerSample(Record):
    """What was used since the sample before.

    Attributes:
        elapsed_us: How long that is.
        energy_uj: By part: ``cpu``, ``gpu``, ``ane``.
    """

    elapsed_us: int
    energy_uj: dict[str, int]


def read_sample(document: bytes) -> PowerSample | None:
    """Return what one property list says; None if it tells no energy.

    Energies are in millijoules, powers in milliwatts over the time that it states.

    Raises:
        ValueError: If it is not a property list.
    """
    import plistlib
    from typing import cast
    from xml.parsers.expat import ExpatError

    try:
        told = plistlib.loads(document.lstrip(b"\0\n\r\t "))
    except ExpatError as error:
        raise ValueError(str(error)) from error
    return _sample(cast("dict[str, Any]", told)) if isinstance(told, dict) else None


def _sample(told: Mapping[str, Any]) -> PowerSample | None:
    elapsed_ns = told.get("elapsed_ns")
    parts: dict[str, Any] | None = told.get("processor")
    if not isinstance(elapsed_ns, int) or elapsed_ns <= 0 or not isinstance(parts, dict):
        return None
    energy_uj: dict[str, int] = {}
    for part in _PARTS:
        energy_mj, power_mw = parts.get(f"{part}_energy"), parts.get(f"{part}_power")
        if isinstance(energy_mj, (int, float)) and energy_mj >= 0:
            energy_uj[part] = round(energy_mj * _UJ_PER_MJ)
        elif isinstance(power_mw, (int, float)) and power_mw >= 0:
            energy_uj[part] = round(power_mw * elapsed_ns * 1e-6)
    return PowerSample(elapsed_us=elapsed_ns // _NS_PER_US, energy_uj=energy_uj)


def open_powermetrics(path: str, *, machine: str) -> PowermetricsMeter:
    """Return a meter of what a file will tell from now on.

    Args:
        path: The file that ``powermetrics -f plist -o`` writes, with a sample in it already.
        machine: The machine's name, for the names of the doubts.

    Raises:
        InputError: If the file cannot be read, or holds no sample with energy yet.
    """
    tail = _Tail(path)
    try:
        last = tail.last()
    except (OSError, ValueError) as error:
        tail.close()
        raise InputError(
            "{path} cannot be read as samples of powermetrics ({reason}): expected its property "
            "lists. Start it before: {command}",
            path=path,
            reason=why(error),
            command=START.format(file=path),
        ) from error
    if last is None or not last.energy_uj:
        tail.close()
        raise InputError(
            "{path} holds no sample with energy: expected one at least before the run starts. "
            "Start the program before: {command}",
            path=path,
            command=START.format(file=path),
        )
    return PowermetricsMeter(tail, last, machine)


class PowermetricsMeter:
    """What the samples of a growing file add up to."""

    def __init__(self, tail: _Tail, last: PowerSample, machine: str) -> None:
        """Take the file over, and its last sample, which says what others will tell."""
        self._tail = tail
        self._parts = tuple(last.energy_uj)
        self._elapsed_us = last.elapsed_us
        self._channels = tuple(_channel(part, last.elapsed_us, machine) for part in self._parts)
        self._counted_uj = dict.fromkeys(self._parts, 0)
        self._told_us: int | None = None
        self._began = False
        self._trouble: dict[str, str] = {}

    def channels(self) -> Sequence[Channel]:
        """Return one channel for each part of the chip that the samples tell of."""
        return self._channels

    def ranges(self) -> Mapping[str, int]:
        """Return nothing: it is the meter that sums."""
        return {}

    def unseen(self) -> Mapping[str, str]:
        """Return nothing: what the program does not tell, a model may."""
        return {}

    def read(self, t_us: int) -> Sequence[int | None]:
        """Return the microjoules of each part in the samples since the meter was opened."""
        try:
            samples = self._tail.new()
        except (OSError, ValueError) as error:
            return self._unknown(why(error))
        for sample in samples:
            self._count(t_us, sample)
        if samples or self._told_us is None:
            self._told_us = t_us
        if t_us - self._told_us > _MISSED * self._elapsed_us + _PATIENCE_US:
            return self._unknown(_STOPPED)
        return [self._counted_uj[part] for part in self._parts]

    def _unknown(self, reason: str) -> Sequence[None]:
        self._trouble = dict.fromkeys([channel.id for channel in self._channels], reason)
        return [None] * len(self._parts)

    def _count(self, t_us: int, sample: PowerSample) -> None:
        """Add a sample; of the first only the share that lies after the start."""
        share = 1.0 if self._began else min(1.0, t_us / sample.elapsed_us)
        self._began = True
        self._elapsed_us = sample.elapsed_us
        for part in self._parts:
            self._counted_uj[part] += round(share * sample.energy_uj.get(part, 0))

    def trouble(self) -> Mapping[str, str]:
        """Return why there are no numbers."""
        return self._trouble

    def close(self) -> None:
        """Close the file."""
        self._tail.close()


class _Tail:
    """The samples of a file that grows."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._descriptor = -1
        self._at = 0
        self._rest = b""

    def last(self) -> PowerSample | None:
        """Return the last whole sample, and go on behind it.

        Raises:
            OSError: If the file cannot be read.
            ValueError: If it is something else.
        """
        self._open()
        self._at = max(0, os.fstat(self._descriptor).st_size - _TAIL)
        documents = self._documents()
        if not documents:
            return None
        whole = documents[-1]
        start = whole.rfind(b"<?xml")
        return read_sample(whole[max(start, 0) :])

    def new(self) -> list[PowerSample]:
        """Return the whole samples written since the last time, in their order.

        Raises:
            OSError: If the file cannot be read.
            ValueError: If what was written is not a sample.
        """
        self._open()
        if os.fstat(self._descriptor).st_size < self._at:
            self._at, self._rest = 0, b""  # written anew
        samples = [read_sample(document) for document in self._documents()]
        return [sample for sample in samples if sample is not None]

    def _open(self) -> None:
        if self._descriptor < 0:
            self._descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)

    def _documents(self) -> list[bytes]:
        while data := os.pread(self._descriptor, _BLOCK, self._at):
            self._rest += data
            self._at += len(data)
        *documents, self._rest = self._rest.split(_END)
        return [document + _END for document in documents]

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def _channel(part: str, update_us: int, machine: str) -> Channel:
    from brizna.meter._power_facts import accuracy, limit_w

    kind, device = _PARTS[part]
    channel_id = f"powermetrics/{part}"
    return Channel(
        id=channel_id,
        kind=kind,
        device=device,
        method="powermetrics",
        basis="modelled",
        counted_by="reader",
        doubts={f"meter:{channel_id}@{machine}": accuracy("powermetrics")},
        max_power_w=limit_w("package"),
        update_us=update_us,
        references=("factor:accuracy/powermetrics",),
    )

"""Recorded power or energy, played back against the clock: a table of numbers, or a journal.

For an instrument that brizna has no meter for, a model of one's own, and for trying what brizna
would say of a machine that is somewhere else. The recording's first moment is the run's start.

A table is comma-separated text with a header. Its first column is ``t_s``, seconds, or ``time``,
instants in ISO 8601; each other column is ``KIND.energy_j`` (counted so far; never falls) or
``KIND.power_w`` (at that moment), where KIND is one of the kinds of channel, with a name behind a
slash where there are several: ``gpu/0.power_w``. An empty cell is not known, nor is a power above
what such a part can draw, or energy that rose faster. Lines that begin with ``#`` are left out.
"""

from __future__ import annotations

from bisect import bisect_right

from brizna.core.errors import InputError, Said
from brizna.core.measurement import KINDS, Channel
from brizna.meter._sensors import Integral

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any

_US = 1e6
_UNITS = ("energy_j", "power_w")
_COLUMNS_NEEDED = 2
_HOLE = str(Said("the recording has a hole here"))


class Curve:
    """What one channel has counted over the time of a recording; unknown between some moments."""

    def __init__(self) -> None:
        """Start without a moment."""
        self._t_us: list[int] = []
        self._uj: list[int] = []
        self._holes: list[str | None] = []
        self._hole_ends_us: list[int] = []
        self._known_us: int | None = None

    def add(self, t_us: int, uj: int, *, hole: str | None = None) -> None:
        """Add a moment, later than those before.

        Args:
            t_us: When.
            uj: What was counted until then.
            hole: Why the time since the moment before is not known; None if it is.
        """
        self._t_us.append(t_us)
        self._uj.append(uj)
        self._holes.append(hole)
        if hole is not None and len(self._holes) > 1:
            self._hole_ends_us.append(t_us)

    def read(self, t_us: int) -> int:
        """Return the microjoules at a time; a hole since the last reading is told once.

        Raises:
            ValueError: If the recording does not tell it; says why.
        """
        known_us, self._known_us = self._known_us, None
        uj = self.at(t_us)
        if known_us is not None:
            place = bisect_right(self._hole_ends_us, known_us)
            if place < len(self._hole_ends_us) and self._hole_ends_us[place] <= t_us:
                end = bisect_right(self._t_us, self._hole_ends_us[place]) - 1
                raise ValueError(self._holes[end])
        self._known_us = t_us
        return uj

    def at(self, t_us: int) -> int:
        """Return the microjoules at a time, on the line between two moments.

        Raises:
            ValueError: If the recording does not tell it; says why.
        """
        after = bisect_right(self._t_us, t_us)
        if after == 0:
            raise ValueError(str(Said("the recording has not begun")))
        before_us = self._t_us[after - 1]
        if t_us == before_us:
            return self._uj[after - 1]
        if after == len(self._t_us):
            raise ValueError(str(Said("the recording ends at {time} s", time=before_us / _US)))
        hole = self._holes[after]
        if hole is not None:
            raise ValueError(hole)
        span_us, rise_uj = self._t_us[after] - before_us, self._uj[after] - self._uj[after - 1]
        return self._uj[after - 1] + rise_uj * (t_us - before_us) // span_us


class ReplayMeter:
    """Channels of a recording."""

    def __init__(self, curves: Sequence[tuple[Channel, Curve]]) -> None:
        """Take the channels with what they counted."""
        self._channels = tuple(channel for channel, _ in curves)
        self._curves = tuple(curve for _, curve in curves)
        self._trouble: dict[str, str] = {}

    def channels(self) -> Sequence[Channel]:
        """Return the recorded channels."""
        return self._channels

    def ranges(self) -> Mapping[str, int]:
        """Return nothing: a recording never starts again."""
        return {}

    def unseen(self) -> Mapping[str, str]:
        """Return nothing."""
        return {}

    def read(self, t_us: int) -> Sequence[int | None]:
        """Return what each channel had counted when the recording was so old."""
        raws: list[int | None] = []
        for channel, curve in zip(self._channels, self._curves, strict=True):
            try:
                raws.append(curve.read(t_us))
            except ValueError as error:
                self._trouble[channel.id] = str(error)
                raws.append(None)
        return raws

    def trouble(self) -> Mapping[str, str]:
        """Return why the recording tells nothing now."""
        return self._trouble

    def close(self) -> None:
        """Do nothing: the recording is in memory."""


def open_replay(
    path: str,
    *,
    machine: str,
    events: Callable[[str], Iterable[Mapping[str, Any]]] | None = None,
) -> ReplayMeter:
    """Return a meter that plays a file back.

    Args:
        path: A table (see the head of this module), or a journal (``journal.jsonl``).
        machine: The machine's name, for the names of the doubts.
        events: Returns the events of a journal; journals are not read if None.

    Raises:
        InputError: If the file cannot be read, or is neither.
    """
    try:
        if events is not None and path.endswith(".jsonl"):
            return play_journal(events(path))
        with open(path, encoding="utf-8-sig", newline="") as file:
            return play_table(file, name=path, machine=machine)
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            "The recording {path} cannot be read ({error}): expected a table of comma-separated "
            "text or a run's journal.jsonl.",
            path=path,
            error=error,
        ) from error


def play_journal(events: Iterable[Mapping[str, Any]]) -> ReplayMeter:
    """Return a meter that counts again what a journal's channels counted.

    Its first sample is the recording's first moment. The doubts stay those of the machine on which
    it was recorded.

    Raises:
        InputError: If there is no channel in it.
    """
    channels: list[Channel] = []
    curves: list[Curve] = []
    follows: list[bool] = []
    start_us = None
    for event in events:
        if event.get("e") == "channel":
            channels.append(_played(event))
            curves.append(Curve())
            follows.append(False)
        elif "e" not in event and "c" in event:
            start_us = event["t"] if start_us is None else start_us
            for index, uj in enumerate(event["c"][: len(curves)]):
                if uj is not None:
                    hole = None if follows[index] else _HOLE
                    curves[index].add(event["t"] - start_us, uj, hole=hole)
                follows[index] = uj is not None
    if not channels:
        raise InputError(
            "The journal names no channel: expected that of a run that was measured. Choose "
            "another one."
        )
    return ReplayMeter(list(zip(channels, curves, strict=True)))


def _played(event: Mapping[str, Any]) -> Channel:
    """Return a recorded channel as it is played back: under a name of its own, counted by us."""
    about = {name: value for name, value in event.items() if name != "e"}
    recorded = Channel.from_json(about)
    parent = recorded.parent
    return recorded.replace(
        id=f"replay/{recorded.id}",
        parent=None if parent is None else f"replay/{parent}",
        counted_by="reader",
    )


def play_table(lines: Iterable[str], *, name: str, machine: str) -> ReplayMeter:
    """Return a meter that plays a table back.

    Args:
        lines: The table's lines, its header first.
        name: What the table is called in messages.
        machine: The machine's name, for the names of the doubts.

    Raises:
        InputError: If it is not such a table; says in which line.
    """
    import csv

    rows = csv.reader(line for line in lines if not line.startswith("#"))
    table = None
    for row in filter(None, rows):
        if table is None:
            table = _Table(name, [cell.strip() for cell in row], machine)
        else:
            table.add(row)
    return (table or _Table(name, [], machine)).meter()


class _Table:
    """A table on its way to a meter."""

    def __init__(self, name: str, header: Sequence[str], machine: str) -> None:
        self._name = name
        self._row = 0
        self._start: float | None = None
        self._before_us = -1
        if len(header) < _COLUMNS_NEEDED or header[0] not in ("t_s", "time"):
            raise self._wrong(
                Said("the header {header}", header=", ".join(header)),
                Said("t_s or time, then columns such as node.power_w or cpu.energy_j"),
            )
        self._clock = header[0]
        self._columns = [_Column(*self._split(title), machine) for title in header[1:]]
        ids = [column.channel.id for column in self._columns]
        if len(set(ids)) != len(ids):
            raise self._wrong(Said("two columns of one channel"), Said("one for each channel"))

    def _split(self, title: str) -> tuple[str, str]:
        label, _, unit = title.rpartition(".")
        if unit not in _UNITS or label.partition("/")[0] not in KINDS:
            raise self._wrong(
                Said("the column {title!r}", title=title),
                Said(
                    "KIND.energy_j or KIND.power_w, where KIND is one of {kinds}",
                    kinds=", ".join(KINDS),
                ),
            )
        return label, unit

    def add(self, row: Sequence[str]) -> None:
        """Add a moment."""
        self._row += 1
        if len(row) != len(self._columns) + 1:
            raise self._wrong(
                Said("{count} cells", count=len(row)),
                Said("{count} cells", count=len(self._columns) + 1),
            )
        t_us = self._moment(row[0])
        if t_us <= self._before_us:
            raise self._wrong(
                Said("a time that is not later than the one before"), Said("rising times")
            )
        self._before_us = t_us
        for column, cell in zip(self._columns, row[1:], strict=True):
            try:
                column.add(t_us, cell.strip())
            except ValueError:
                raise self._wrong(
                    repr(cell), Said("a number from 0, and energy that never falls")
                ) from None

    def _moment(self, cell: str) -> int:
        """Return the microseconds since the first moment."""
        try:
            if self._clock == "t_s":
                now_s = float(cell)
            else:
                from datetime import datetime

                now_s = datetime.fromisoformat(cell.strip()).timestamp()
        except ValueError as error:
            raise self._wrong(repr(cell), Said("a time, as the header says")) from error
        if self._start is None:
            self._start = now_s
        return round((now_s - self._start) * _US)

    def meter(self) -> ReplayMeter:
        """Return the meter."""
        if self._row < _COLUMNS_NEEDED:
            raise self._wrong(
                Said("{count} rows", count=self._row), Said("two at least: a beginning and an end")
            )
        return ReplayMeter([(column.channel, column.curve) for column in self._columns])

    def _wrong(self, saw: Said | str, expected: Said) -> InputError:
        return InputError(
            "The recording {name} has, in row {row}, {saw}: expected {expected}. Correct the file.",
            name=self._name,
            row=self._row,
            saw=saw,
            expected=expected,
        )


class _Column:
    """One column of a table: its channel, and what it has counted so far."""

    def __init__(self, label: str, unit: str, machine: str) -> None:
        from brizna.meter._power_facts import accuracy, limit_w

        kind = label.partition("/")[0]
        channel_id = f"replay/{label}"
        limit = {"node": "wire", "gpu": "gpu", "memory": "memory"}.get(kind, "package")
        self.channel = Channel(
            id=channel_id,
            kind=kind,
            method=f"replay-{unit.partition('_')[0]}",
            basis="metered",
            counted_by="reader",
            doubts={f"meter:{channel_id}@{machine}": accuracy("recording")},
            max_power_w=limit_w(limit),
            references=("factor:accuracy/recording",),
        )
        self.curve = Curve()
        self._integral = Integral() if unit == "power_w" else None
        self._most_w = self.channel.max_power_w or float("inf")
        self._before: tuple[int, int] | None = None
        self._counted_uj = 0
        self._hole: str | None = _HOLE

    def add(self, t_us: int, cell: str) -> None:
        """Add what a cell says; what no such part can draw is a hole.

        Raises:
            ValueError: If that is no number, below 0, or energy that falls.
        """
        if not cell:
            self._lose(_HOLE)
            return
        number = float(cell)
        if not 0 <= number < float("inf"):
            raise ValueError(cell)
        if self._integral is not None:
            self._take_power(t_us, number, self._integral)
        else:
            self._take_energy(t_us, round(number * 1e6), cell)

    def _take_power(self, t_us: int, power_w: float, integral: Integral) -> None:
        if power_w > self._most_w:
            self._lose(_unbelieved(power_w))
            return
        self.curve.add(t_us, integral.take(t_us, round(power_w * 1e6)), hole=self._hole)
        self._hole = None

    def _take_energy(self, t_us: int, uj: int, cell: str) -> None:
        before_us, before_uj = self._before or (t_us, uj)
        if uj < before_uj:
            raise ValueError(cell)
        rise_uj, most_uj = uj - before_uj, self._most_w * (t_us - before_us)
        if rise_uj > most_uj:
            self._hole = _unbelieved(rise_uj / (t_us - before_us))
        else:
            self._counted_uj += rise_uj
        self._before = (t_us, uj)
        self.curve.add(t_us, self._counted_uj, hole=self._hole)
        self._hole = None

    def _lose(self, hole: str) -> None:
        """Know nothing from the moment before until the next one."""
        if self._hole is None or hole != _HOLE:
            self._hole = hole
        if self._integral is not None:
            self._integral.lose()


def _unbelieved(power_w: float) -> str:
    return str(Said("it says {power} W, which this machine cannot draw", power=f"{power_w:.6g}"))

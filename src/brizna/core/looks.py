"""What looks into a program's processes saw: which code used the processors, and where it waited.

From the lines that `brizna.run._sampled` and `brizna.run._profile` write to one tree of places, in
which functions of all processes stand below what called them, and what was used there and when.
"""

from __future__ import annotations

from bisect import bisect_left
from math import fsum

from brizna.core.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Any

    Line = Mapping[str, Any]

KINDS = (
    *("function", "native", "waiting", "queued", "process", "operator"),
    *("sampler", "unsampled", "outside", "others", "rest"),
)
"""What a part of a profile can be: a function; native threads that worked during one; waiting in
one; being ready in one while others had the processors; a process that was not looked into; an
operator of a training library; the looks themselves; what no look saw; a window outside all
operators; others on the machine; small parts together."""
ROOT = 0
_MACHINERY = ("<frozen importlib", "<frozen runpy>", "<frozen zipimport>")


class Frame(Record):
    """What a place of the tree is.

    Attributes:
        kind: One of `KINDS`.
        name: A function with its class, a process or an operator; empty where the kind says all.
        file: The function's file, below the folder that it was found in; None for all others.
        line: Where the function begins in it.
    """

    kind: str
    name: str = ""
    file: str | None = None
    line: int | None = None


class Piece:
    """What was seen of one process in a short time.

    Attributes:
        start_us: From the start of the run; ``end_us`` likewise.
        is_first: Whether it is the program's own process; others have waits of their own.
        cpu: By place, microseconds used, number of looks, and microseconds told by late looks.
        waits: By place, microseconds in which the process waited, for what it asked for or for a
            processor.
        looks: How many there were.
        own_us: What they took.
    """

    __slots__ = ("cpu", "end_us", "is_first", "looks", "own_us", "start_us", "waits")

    def __init__(self, start_us: int, end_us: int, *, is_first: bool) -> None:
        """Begin with nothing."""
        self.start_us = start_us
        self.end_us = end_us
        self.is_first = is_first
        self.cpu: list[tuple[int, int, int, int]] = []
        self.waits: list[tuple[int, int]] = []
        self.looks = self.own_us = 0

    def used_us(self) -> int:
        """Return what was told of it, the looks included."""
        return sum(us for _, us, _, _ in self.cpu)


class Looks:
    """All that was seen of a run.

    Attributes:
        frames: What places are.
        places: Each as the place above it and its frame; the first is the root, above all.
        pieces: What was seen, by process and time.
        others: Of processes that were not looked into: from, to, place, microseconds.
        troubles: Why a process was looked at no more.
        period_us: Mean time between two looks that was asked for; None where there were none.
    """

    def __init__(self, lines: Iterable[Line], *, start_us: int) -> None:
        """Take lines in the order in which they were written.

        Args:
            lines: The lines.
            start_us: When the run started, on the clock of the lines.
        """
        self.frames: list[Frame] = []
        self.places: list[tuple[int, int]] = [(-1, -1)]
        self.pieces: list[Piece] = []
        self.others: list[tuple[int, int, int, int]] = []
        self.troubles: list[str] = []
        self.period_us: int | None = None
        self._start_us = start_us
        self._frame_numbers: dict[Frame, int] = {}
        self._place_numbers: dict[tuple[int, int], int] = {}
        self._processes: dict[int, _Process] = {}
        listed = list(lines)
        looked_into = {line["pid"] for line in listed if "c" in line}
        before: dict[int, tuple[int, int]] = {}
        for line in listed:
            if "c" in line:
                self._take(line)
            elif "p" in line:
                self._take_processes(line, looked_into, before)
            elif "trouble" in line:
                self.troubles.append(str(line["trouble"]))

    @property
    def processes(self) -> int:
        """How many processes were looked into."""
        return len(self._processes)

    def place(self, above: int, frame: Frame) -> int:
        """Return the number of a place, which is new if it must be."""
        number = self._frame_numbers.get(frame)
        if number is None:
            number = self._frame_numbers[frame] = len(self.frames)
            self.frames.append(frame)
        key = (above, number)
        place = self._place_numbers.get(key)
        if place is None:
            place = self._place_numbers[key] = len(self.places)
            self.places.append(key)
        return place

    def frame(self, place: int) -> Frame:
        """Return what a place is."""
        return self.frames[self.places[place][1]]

    def _take(self, line: Line) -> None:
        process = self._processes.get(line["pid"])
        if process is None:
            process = self._processes[line["pid"]] = _Process(is_first=not self._processes)
            self.period_us = self.period_us or line.get("period_us")
        process.learn(line, self)
        piece = Piece(
            line["from"] - self._start_us, line["to"] - self._start_us, is_first=process.is_first
        )
        piece.looks, piece.own_us = line["looks"], line["own_us"]
        for place, used_us, looks, late_us in line["c"]:
            known = process.places.get(place)
            if known == ROOT:  # in no function but that of the looks
                known = self.place(ROOT, Frame(kind="sampler"))
            if known is not None:  # else the line that named it is lost
                piece.cpu.append((known, used_us, looks, late_us))
        for kind, told in (("waiting", line["w"]), ("queued", line["q"])):
            for place, us in told:
                above = process.places.get(place)
                if above is not None and us > 0:
                    piece.waits.append((self.place(above, Frame(kind=kind)), us))
        self.pieces.append(piece)

    def _take_processes(
        self, line: Line, looked_into: set[int], before: dict[int, tuple[int, int]]
    ) -> None:
        now_us = line["t"] - self._start_us
        for pid, name, used_us in line["p"]:
            since_us, was_us = before.get(pid, (None, 0))
            before[pid] = now_us, used_us
            if pid not in looked_into and used_us > was_us:
                place = self.place(ROOT, Frame(kind="process", name=name))
                start_us = now_us if since_us is None else since_us
                self.others.append((start_us, now_us, place, used_us - was_us))


class _Process:
    """What numbers mean in the lines of one process."""

    def __init__(self, *, is_first: bool) -> None:
        self.is_first = is_first
        self.frames: list[Frame] = []
        self.places: dict[int, int] = {-1: ROOT}
        self._count = 0

    def learn(self, line: Line, looks: Looks) -> None:
        """Take what a line names for the first time."""
        for name, file, first in line["f"]:
            self.frames.append(Frame(kind="function", name=name, file=file, line=first))
        places: list[tuple[int, int]] = line["n"]
        for above, function in places:
            number, self._count = self._count, self._count + 1
            outer = self.places.get(above)
            if outer is None or function >= len(self.frames):
                continue
            frame = Frame(kind="native") if function < 0 else self.frames[function]
            hidden = (frame.file or "").startswith(_MACHINERY)
            self.places[number] = outer if hidden else looks.place(outer, frame)


class Grid:
    """The times between which a run's energy is known, and which of them a time falls between."""

    def __init__(self, times: Sequence[int]) -> None:
        """Take two times or more, in microseconds, each later than the one before."""
        self.times = list(times)

    def __len__(self) -> int:
        return len(self.times) - 1

    def overlaps(self, start_us: int, end_us: int) -> Iterator[tuple[int, float]]:
        """Yield each interval that a span lies in, with the share of the span that does.

        What lies before the first time or after the last is in the first or last interval.
        """
        times, last = self.times, len(self.times) - 2
        if end_us <= start_us:
            yield min(max(bisect_left(times, start_us) - 1, 0), last), 1.0
            return
        at = min(max(bisect_left(times, start_us + 1) - 1, 0), last)
        since_us, whole = start_us, end_us - start_us
        while since_us < end_us:
            until_us = end_us if at == last else min(end_us, max(times[at + 1], since_us))
            if until_us > since_us:
                yield at, (until_us - since_us) / whole
            since_us, at = until_us, min(at + 1, last)


class Weights:
    """What was used in each interval of a grid.

    Attributes:
        cpu: By interval, microseconds at each place, with looks, and microseconds of late looks.
        waits: By interval, microseconds of waiting at each place of the program's own process.
        looks: By interval, how many there were.
        first_us: By interval, microseconds that the program's own process used.
        sampler: The place of the looks themselves; ``unsampled`` of what no look saw; ``waiting``
            of waiting that no look placed.
    """

    def __init__(self, looks: Looks, grid: Grid) -> None:
        """Sort what was seen into the intervals."""
        count = len(grid)
        self.cpu: list[dict[int, list[float]]] = [{} for _ in range(count)]
        self.waits: list[dict[int, float]] = [{} for _ in range(count)]
        self.looks = [0.0] * count
        self.first_us = [0.0] * count
        self.sampler = looks.place(ROOT, Frame(kind="sampler"))
        self.unsampled = looks.place(ROOT, Frame(kind="unsampled"))
        self.waiting = looks.place(ROOT, Frame(kind="waiting"))
        for piece in looks.pieces:
            used_us = piece.used_us() + piece.own_us
            for at, part in grid.overlaps(piece.start_us, piece.end_us):
                self.looks[at] += part * piece.looks
                self._add(at, self.sampler, part * piece.own_us)
                for place, us, seen, late_us in piece.cpu:
                    self._add(at, place, part * us, part * seen, part * late_us)
                if piece.is_first:
                    self.first_us[at] += part * used_us
                    for place, us in piece.waits:
                        waits = self.waits[at]
                        waits[place] = waits.get(place, 0.0) + part * us
        for start_us, end_us, place, us in looks.others:
            for at, part in grid.overlaps(start_us, end_us):
                self._add(at, place, part * us)

    def _add(
        self, at: int, place: int, us: float, looks: float = 0.0, late_us: float = 0.0
    ) -> None:
        if us > 0:
            kept = self.cpu[at].setdefault(place, [0.0, 0.0, 0.0])
            kept[0] += us
            kept[1] += looks
            kept[2] += late_us

    def complete(self, at: int, tree_us: float | None) -> float:
        """Put what no look saw of an interval to `unsampled`; return all that was used in it.

        Args:
            at: The interval.
            tree_us: What the command used in it by the system's count; None where that is not
                known.
        """
        seen_us = fsum(kept[0] for kept in self.cpu[at].values())
        if tree_us is not None and tree_us > seen_us:
            self._add(at, self.unsampled, tree_us - seen_us)
            return tree_us
        return seen_us

    def waited(self, at: int, used_us: float, length_us: float) -> float:
        """Return the share of an interval in which the command ran on no processor."""
        if not length_us:
            return 0.0
        told = fsum(self.waits[at].values())
        others_us = used_us - self.first_us[at]
        left_us = told - others_us if self.looks[at] else length_us - used_us
        return min(max(left_us / length_us, 0.0), 1.0)

"""A training that is measured: what the adapters of all training libraries stand on.

It is a run of its own, or a part of the measured block around it, with a part for each epoch. What
was used outside the epochs is told as well, so that both sum to the whole. Each process that trains
has a run of its own; ``brizna runs merge --job`` makes one of the ranks of a job.
"""

from __future__ import annotations

import atexit
import sys
from contextlib import contextmanager
from time import perf_counter

from brizna.core.errors import InputError
from brizna.core.estimate import total
from brizna.core.windows import MANY
from brizna.verbs import measure, measured_around

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
    from types import TracebackType
    from typing import Any, Self, TypeVar

    from brizna.core.estimate import Estimate
    from brizna.core.measurement import Phase, Run
    from brizna.verbs import Measuring, Part

    Item = TypeVar("Item")

_NAME = "training"
_LATER = "later epochs"
"""Epochs beyond `MANY`: of as many a record tells each, of more of one name what they sum to."""
_AT_ONCE = 100
"""Epochs whose energy is told as each ends, whatever share of the time these milliseconds are."""
_SHARE = 0.01
"""Of the time of the training, for telling the energy of further ones as they end."""


class LeftOpen(Exception):  # noqa: N818  (no error that anybody raises: the name of what happened)
    """A training of which nobody said that it ended: it failed, and its library tells nobody."""


class Epoch:
    """One epoch of a training.

    Attributes:
        name: What the record calls it.
        energy: Of all of it, as the record tells it; None until it is known, and where it is not.
            Of very many short epochs it is known when the training has ended, and beyond a
            thousand only what they sum to.
    """

    __slots__ = ("energy", "name", "part")

    def __init__(self, part: Part) -> None:
        """Take the part of the measured block that it is."""
        self.part = part
        self.name = part.name
        self.energy: Estimate | None = None

    def __repr__(self) -> str:
        """Return its name and energy."""
        return f"<Epoch {self.name!r}: {self.energy or 'energy not known'}>"


class Training:
    """A training: a context manager, or opened and closed by a library's own events.

    Attributes:
        epochs: What was told of each epoch, in order.
        is_open: Whether it is measured now.
    """

    def __init__(
        self,
        name: str | None = None,
        *,
        inside: Measuring | None = None,
        settle: Callable[[], object] | None = None,
        **options: Any,
    ) -> None:
        """Keep what was asked for; nothing is opened yet.

        Args:
            name: What to call the run. Without a name and options the training is a part of the
                measured block around it, if there is one, and else a run called ``training``.
            inside: The measured block to be a part of, where it was opened in another thread.
            settle: Called before each edge, such as what waits for an accelerator to have done
                what it was given, so that its energy counts in the part that asked for it.
            **options: As `brizna.measure` takes them: ``tags``, ``zone``, ``interval`` ...

        Raises:
            InputError: If options are given for a block that has its own.
        """
        if inside is not None and options:
            raise InputError(
                "The training is to be a part of a measured block, and {names} would be for a run "
                "of its own. Give these to the block's brizna.measure().",
                names=", ".join(options),
            )
        self._name, self._options = name, options
        self._inside = inside
        self._settle = settle
        self._own: Measuring | None = None
        self._measuring: Measuring | None = None
        self._whole: Part | None = None
        self._parts: list[Part] = []
        self._is_held = False
        self._opened_s = self._asking_s = 0.0
        self._outside: Estimate | None = None
        self.epochs: list[Epoch] = []
        self.is_open = False

    def __enter__(self) -> Self:
        self.open()
        self._is_held = True
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        raised: BaseException | None,
        _: TracebackType | None,
    ) -> None:
        self._is_held = False
        self.close(raised)

    def start(self) -> None:
        """Begin because a library does; inside a ``with`` the training goes on as it is.

        Where an earlier one failed and its library told nobody, that ends first.
        """
        self._leave_to_parent()
        if not self._is_held:
            self.close(LeftOpen())
        self.open()

    def stop(self, error: BaseException | None = None) -> None:
        """End because a library does; inside a ``with`` that is left to it.

        Args:
            error: As for `close`.
        """
        if not self._is_held:
            self.close(error)

    def open(self) -> None:
        """Begin to measure; nothing happens where that has begun."""
        self._leave_to_parent()
        if self.is_open:
            return
        around = self._inside
        if around is None and self._name is None and not self._options:
            around = measured_around()
        self.epochs, self._parts = [], []
        self._own = self._whole = None
        if around is None:
            self._own = around = measure(self._name or _NAME, **self._options)
            around.__enter__()
        else:
            self._whole = around.phase(self._name or _NAME).__enter__()
        self._measuring = around
        self._opened_s, self._asking_s = perf_counter(), 0.0
        self._outside = None
        self.is_open = True
        atexit.register(self._close_at_exit)

    def close(self, error: BaseException | None = None) -> None:
        """End, with all parts that are open; nothing happens where nothing is measured.

        Args:
            error: What the training failed with; None if it came to its end.
        """
        self._leave_to_parent()
        if not self.is_open:
            return
        self.is_open = False
        atexit.unregister(self._close_at_exit)
        self._wait()
        while self._parts:
            self._leave()
        if self._whole is not None:
            self._whole.__exit__()
            _energy_of(self._whole)
        if self._own is not None:
            self._own.__exit__(None if error is None else type(error), error, None)
        if any(epoch.energy is None for epoch in self.epochs):
            self._tell_from_record()

    def _leave_to_parent(self) -> None:
        """Forget, in a forked child, what its parent measures: that is the parent's to end."""
        if self._measuring is not None and self._measuring.is_elsewhere:
            self.is_open = self._is_held = False
            self._measuring = self._own = self._whole = None
            self.epochs, self._parts = [], []

    def _close_at_exit(self) -> None:
        """End where the program does, if what would have closed this was never called."""
        error = getattr(sys, "last_exc", None) or getattr(sys, "last_value", None)
        self.close(error or LeftOpen())

    def begin(self, name: str) -> Part | None:
        """Begin a part inside those that are open; None where nothing is measured."""
        self._leave_to_parent()
        if self._measuring is None or not self.is_open:
            return None
        self._wait()
        part = self._measuring.phase(name).__enter__()
        self._parts.append(part)
        return part

    def finish(self, part: Part | None, **amounts: float) -> None:
        """End a part and all that are open inside it; nothing happens to one that has ended.

        Args:
            part: What `begin` gave.
            **amounts: Work that was done in it, by name; what is not above 0 is left out.
        """
        self._leave_to_parent()
        if part is None or part not in self._parts:
            return
        self._wait()
        self.count(**amounts)
        while part in self._parts:
            self._leave()

    def _leave(self) -> None:
        """End the innermost part; the energy of an epoch is asked for while it can be told."""
        part = self._parts.pop()
        part.__exit__()
        if self.epochs and part is self.epochs[-1].part:
            begun_s = perf_counter()
            allowed_s = _SHARE * (begun_s - self._opened_s)
            if len(self.epochs) <= _AT_ONCE or self._asking_s <= allowed_s:
                self.epochs[-1].energy = _energy_of(part)
                self._asking_s += perf_counter() - begun_s

    @contextmanager
    def part(self, name: str) -> Generator[Part | None]:
        """Measure a named part of the training, such as ``evaluate``."""
        part = self.begin(name)
        try:
            yield part
        finally:
            self.finish(part)

    def begin_epoch(self, number: int) -> Epoch | None:
        """Begin an epoch, and end the one before it where that was left open.

        Args:
            number: Its number; people count from 1.
        """
        if self.epochs:
            self.finish(self.epochs[-1].part)
        part = self.begin(f"epoch {number}" if number <= MANY else _LATER)
        if part is None:
            return None
        self.epochs.append(Epoch(part))
        return self.epochs[-1]

    def end_epoch(self, **amounts: float) -> Estimate | None:
        """End the epoch and return its energy, as the record will tell it; None if not known now.

        Args:
            **amounts: As for `finish`.
        """
        if not self.epochs or self.epochs[-1].part not in self._parts:
            return None
        self.finish(self.epochs[-1].part, **amounts)
        return self.epochs[-1].energy

    def each_epoch(self, epochs: Iterable[Item], *, first: int = 1) -> Iterator[Item]:
        """Yield what is to be done once an epoch, and measure what the loop does with it.

        Args:
            epochs: Such as ``range(3)``.
            first: The number of the first, where a training goes on.

        Raises:
            InputError: If nothing is measured: the loop belongs inside the ``with``.
        """
        if not self.is_open:
            raise InputError(
                "Epochs are measured inside a training that is open: expected the loop inside "
                "'with Training() as training:'. Begin with that."
            )
        for number, item in enumerate(epochs, first):
            epoch = self.begin_epoch(number)
            try:
                yield item
            finally:
                self.finish(None if epoch is None else epoch.part)

    def count(self, **amounts: float) -> None:
        """Say how much work was done since the last time, such as ``samples=len(batch)``.

        Args:
            **amounts: By name; what is not above 0 is left out.
        """
        done = {name: amount for name, amount in amounts.items() if amount > 0}
        if done and self._measuring is not None and self.is_open:
            self._measuring.count(**done)

    @property
    def energy(self) -> Estimate | None:
        """The energy so far, or of the whole training after it; None where it is not known."""
        if self._whole is not None:
            return _energy_of(self._whole)
        return None if self._own is None else self._own.energy

    @property
    def outside(self) -> Estimate | None:
        """What was used outside the epochs: start and end, checkpoints, evaluations between them.

        With the epochs it sums to `energy`. None where one of these is not known.
        """
        if self._outside is not None:
            return self._outside
        return self._without([epoch.energy for epoch in self.epochs])

    def _without(self, parts: Sequence[Estimate | None]) -> Estimate | None:
        """Return the energy without that of some parts of it; None where one is not known."""
        energy = self.energy
        known = [part for part in parts if part is not None]
        if energy is None or len(known) < len(parts):
            return None
        return energy - total(known) if known else energy

    def _tell_from_record(self) -> None:
        """Learn from the record what was not told as each epoch ended."""
        try:
            phases = () if self.run is None else self.run.measurement.phases
        except Exception:  # noqa: BLE001  (nothing was measured, or the journal cannot be read)
            return
        by_name: dict[str, tuple[list[Epoch], list[Phase]]] = {}
        for epoch in self.epochs:
            by_name.setdefault(epoch.name, ([], []))[0].append(epoch)
        for phase in phases:
            if phase.name in by_name:
                by_name[phase.name][1].append(phase)
        told: list[Estimate | None] = []
        for epochs, found in by_name.values():
            latest = found[-len(epochs) :]  # before these: of trainings earlier in the same block
            if len(latest) == len(epochs):
                for epoch, phase in zip(epochs, latest, strict=True):
                    epoch.energy = phase.energy_j
            is_all = sum(phase.count for phase in latest) == len(epochs)
            told += [phase.energy_j for phase in latest] if is_all else [None]
        self._outside = self._without(told)

    @property
    def measuring(self) -> Measuring | None:
        """What measures it: a block of its own, or the one around it; None before it began."""
        return self._measuring

    @property
    def run(self) -> Run | None:
        """The run that it is, or is a part of; None before it began."""
        return None if self._measuring is None else self._measuring.run

    def _wait(self) -> None:
        if self._settle is None:
            return
        try:
            self._settle()
        except Exception:  # noqa: BLE001  (the accelerator's: the training's own next call raises it)
            self._settle = None


def logged(energy: Estimate | None, name: str) -> dict[str, float]:
    """Return an energy in joules as numbers for a library's log; nothing where it is not known.

    Args:
        energy: What to log.
        name: What to call it; the ends of its interval have ``_low`` and ``_high`` behind that.
    """
    if energy is None:
        return {}
    return {
        name: energy.best.value,
        f"{name}_low": energy.low.value,
        f"{name}_high": energy.high.value,
    }


def _energy_of(part: Part) -> Estimate | None:
    """Return the energy of a part; None where it cannot be told now."""
    try:
        return part.energy
    except Exception:  # noqa: BLE001  (a journal that cannot be read must not end a training)
        return None

"""Measure a block of Python, or a function: ``with brizna.measure("train") as m``."""

from __future__ import annotations

import os
import warnings
from contextvars import ContextVar
from functools import update_wrapper

from brizna.core.errors import BriznaError, InputError, Said, UnavailableError
from brizna.verbs._recorder import Job, Recorder, untold
from brizna.verbs._run import current_directory
from brizna.verbs._settings import read_settings
from brizna.verbs._users import BlockUse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, Self, TypeVar, overload

    from brizna.account import Footprint, FunctionalUnit
    from brizna.core.estimate import Estimate
    from brizna.core.measurement import Run
    from brizna.core.profile import Profile
    from brizna.meter import Meter
    from brizna.run import Block, Roots, Sampler
    from brizna.verbs._followed import Followed
    from brizna.verbs._settings import Settings
    from brizna.verbs._sinks import Feed, Sink
    from brizna.verbs._views import View

    Function = TypeVar("Function", bound=Callable[..., Any])
    _Around = tuple["Measuring", str, Block, "_Around | None"]
    """What measures a run, the run's id, its block, and what is around that."""
else:

    def overload(function: Callable[..., Any]) -> Callable[..., Any]:
        """Stand in for typing's decorator, whose module is too slow to import here."""
        return function


_around: ContextVar[_Around | None] = ContextVar("brizna-measure", default=None)
"""The block around what runs here. It is left as it is when a block ends: whoever looks sees that
the block has ended, and goes on to the one around that."""


def measured_around() -> Measuring | None:
    """Return the innermost measured block that is open around here; None if there is none.

    A thread and a forked child begin outside all blocks of whoever started them.
    """
    around = _open_around()
    return None if around is None or around[0].is_elsewhere else around[0]


def _open_around() -> _Around | None:
    around = _around.get()
    while around is not None and not around[2].is_open:
        around = around[3]  # a task that outlives the block in which it was made
    return around


class MeasuringWarning(UserWarning):
    """Something kept brizna from measuring or keeping a run; the job itself was not touched."""


@overload
def measure(name: Function, /) -> Function: ...
@overload
def measure(  # noqa: F811 - an overload
    name: str | None = None,
    *,
    tags: Sequence[str] = (),
    unit: FunctionalUnit | None = None,
    meters: Sequence[Meter] | None = None,
    clock: Any = None,
    profile: bool = False,
    **settings: Any,
) -> Measuring: ...
def measure(  # noqa: F811 - the overloads' body
    name: str | Callable[..., Any] | None = None,
    *,
    tags: Sequence[str] = (),
    unit: FunctionalUnit | None = None,
    meters: Sequence[Meter] | None = None,
    clock: Any = None,
    profile: bool = False,
    **settings: Any,
) -> Any:
    """Measure the block of a ``with``, or each call of a function.

    Example::

        with brizna.measure("fine-tune", zone="ES") as m:
            with m.phase("epoch 1"):
                train()
        print(m.energy, m.footprint.carbon_g)

        @brizna.measure
        def train(): ...

    As a decorator it takes plain functions, coroutine functions and generator functions (sync and
    async; those are measured from their first to their last item), and makes one run of each call.
    What is measured is the whole machine while the block runs, unless a channel says otherwise.

    Args:
        name: What to call the run; or the function to decorate, with its own name.
        tags: What the run belongs to.
        unit: What to divide the footprint by, for SCI.
        meters: Meters to read; this machine's if None.
        clock: What tells the time; the boot-time clock if None.
        profile: Whether to look into the code meanwhile: ``m.profile`` then tells its energy.
        **settings: Any setting: ``zone``, ``pue``, ``interval``, ``store``, ``strict`` ... In
            ``to`` sinks may stand beside names of some.

    Returns:
        A `Measuring`; or, given a function, that function measured.
    """
    if callable(name):
        return Measuring(_name_of(name))(name)
    return Measuring(
        name, tags=tags, unit=unit, meters=meters, clock=clock, profile=profile, **settings
    )


def _is_failure(raised: BaseException | None) -> bool:
    """Tell whether a block failed: neither a plain exit nor a generator that is closed early."""
    if isinstance(raised, SystemExit):
        return raised.code not in (None, 0)
    return raised is not None and not isinstance(raised, GeneratorExit)


class Measuring:
    """A measured block: a context manager, and a decorator.

    Attributes:
        view: The run with its footprint, once it has ended.
        directory: Where the run is kept; None before it begins, or where it could not be.
    """

    def __init__(
        self,
        name: str | None = None,
        *,
        tags: Sequence[str] = (),
        unit: FunctionalUnit | None = None,
        meters: Sequence[Meter] | None = None,
        clock: Any = None,
        profile: bool = False,
        **settings: Any,
    ) -> None:
        """Keep what was asked for; nothing is opened yet. See `measure`."""
        self._job = Job(name=name, tags=tags, unit=unit)
        self._options, self._sinks = _without_sinks(settings)
        self._meters = meters
        self._clock = clock
        self._recorder: Recorder | None = None
        self._use: BlockUse | None = None
        self._feed: Feed | None = None
        self._pid: int | None = None
        self._is_inside = False
        self._is_profiled = profile
        self._looks: Sampler | None = None
        self.directory: str | None = None
        self._roots: Roots | None = None
        self.view: View | None = None

    def __enter__(self) -> Self:
        if self._recorder is not None:
            raise InputError("This measure is in use already: make another with brizna.measure().")
        self.view, self._pid = None, os.getpid()
        self._is_inside = True
        settings = self._settings()
        try:
            self._begin(settings)
        except BriznaError:
            raise
        except Exception as error:  # nothing that we forgot may keep the job from running
            if settings["strict"]:
                raise
            self._recorder = None
            _warn(f"nothing is measured: {type(error).__name__}: {error}")
        return self

    def _settings(self) -> Settings:
        directory = current_directory()
        settings = read_settings(self._options, environ=os.environ, directory=directory)
        if not self._is_profiled or settings.origins["interval"] != "default":
            return settings
        from brizna.verbs._profile import INTERVAL_S

        options = {**self._options, "interval": INTERVAL_S}
        return read_settings(options, environ=os.environ, directory=directory)

    def _begin(self, settings: Settings) -> None:
        around = _open_around()
        self._job.parent = None if around is None else around[1]
        sinks, unopened = self._open_sinks(settings)
        self._recorder = recorder = Recorder(
            self._job,
            settings,
            environ=os.environ,
            directory=current_directory(),
            meters=self._meters,
            clock=self._clock,
        )
        self._use = use = BlockUse(
            recorder.sampler.channels,
            inside=None if around is None else around[2],
            container=recorder.open_container_use(),
            roots=self._roots,
        )
        recorder.name_users(use.users, kind="block")
        recorder.start(use.beside, use.describe())
        recorder.sampler.run_thread(
            settings["interval"], lambda: {**use.beside(), **recorder.beside()}
        )
        _around.set((self, recorder.id, use.block, around))
        self.directory = recorder.directory
        if self._is_profiled:
            from brizna.verbs._profile import look_into_this_process

            self._looks = look_into_this_process(recorder)
        recorder.trouble += unopened
        if sinks:
            from brizna.verbs._sinks import feed_recorder

            self._feed = feed_recorder(sinks, recorder)

    def _with_sinks(self) -> dict[str, Any]:
        """Return the options as they were given, sinks among them."""
        if not self._sinks:
            return self._options
        return {**self._options, "to": [*self._sinks, *self._options["to"]]}

    def _open_sinks(self, settings: Settings) -> tuple[list[tuple[str, Sink]], list[str]]:
        """Return the sinks that were asked for, and in sentences which of them cannot be opened."""
        if not self._sinks and not settings["to"]:
            return [], []
        from brizna.verbs._sinks import check_names, open_all

        check_names(settings["to"])
        to = [*self._sinks, *settings["to"]]
        return open_all(to, run_name=self._job.name or "brizna")

    def __exit__(
        self, _kind: type[BaseException] | None, raised: BaseException | None, *_: object
    ) -> None:
        recorder, self._recorder = self._recorder, None
        use, self._use = self._use, None
        feed, self._feed = self._feed, None
        self._is_inside = False
        if recorder is None or self.is_elsewhere:
            return  # a forked child leaves its parent's run alone
        if self._looks is not None:
            self._looks.stop()
        try:
            if use is not None:
                recorder.sampler.sample({**use.beside(last=True), **recorder.beside(last=True)})
                for text in use.notes():
                    recorder.note(text)
            if raised is not None:
                kind = type(raised).__name__
                recorder.note(str(Said("The measured block ended with {kind}.", kind=kind)))
            state = "failed" if _is_failure(raised) else "finished"
            self.view = recorder.finish(cpu=None if use is None else use.coverage(), state=state)
        except Exception as error:  # the block is done: what it raised or returned must pass
            if recorder.settings["strict"]:
                raise
            recorder.trouble.append(untold(error))
        finally:
            if use is not None:
                use.close()
            if feed is not None:
                recorder.trouble += feed.finish(self.view)
        self._complain(recorder)

    def _complain(self, recorder: Recorder) -> None:
        """Warn once of everything that went wrong; with ``strict``, raise."""
        if not recorder.trouble:
            return
        text = " ".join(recorder.trouble)
        if recorder.settings["strict"]:
            raise UnavailableError("Not all was measured or kept: {trouble}", trouble=text)
        _warn(text)

    def phase(self, name: str) -> Part:
        """Return a context manager that measures a named part; parts may nest and overlap."""
        return Part(self, name)

    @property
    def is_open(self) -> bool:
        """Whether something is being measured now, in this process."""
        return self._recorder is not None and not self.is_elsewhere

    @property
    def is_elsewhere(self) -> bool:
        """Whether it began in another process: this one is a forked child of that."""
        return self._pid is not None and os.getpid() != self._pid

    @property
    def run(self) -> Run:
        """The run: as far as it has come inside the block, whole after it.

        Raises:
            UnavailableError: Before the block begins.
        """
        if self._recorder is not None:
            self._sample(self._recorder)
            return self._recorder.live()
        if self.view is None:
            raise UnavailableError("Nothing was measured yet: use 'with brizna.measure() as m:'.")
        from brizna.core.measurement import Run

        names = ("schema", *Run.fields())
        return Run.from_json({name: self.view[name] for name in names if name in self.view})

    def _sample(self, recorder: Recorder) -> None:
        use = {} if self._use is None else self._use.beside()
        recorder.sampler.sample({**use, **recorder.work()})

    @property
    def energy(self) -> Estimate | None:
        """The energy so far, or of the whole block after it; None where nothing could be read.

        Inside the block each call reads the meters and writes a sample: some milliseconds, however
        long the run has been. For the energy of single steps use `phase`, which costs microseconds.
        """
        if self._recorder is None:
            return self.run.measurement.energy_j
        self._sample(self._recorder)
        return self._recorder.energy()

    @property
    def profile(self) -> Profile:
        """The energy by code of a block that was measured with ``profile=True``, after it.

        Raises:
            UnavailableError: Before the end of the block, without ``profile=True``, or where
                nothing could be measured or kept.
        """
        if self.view is None or self.directory is None or not self._is_profiled:
            raise UnavailableError(
                "There is no energy by code: ask for it with brizna.measure(profile=True), and "
                "read it after the block."
            )
        from brizna.verbs._profile import profile_in

        return profile_in(self.directory, view=self.view["footprint"].get("view", "machine"))

    @property
    def footprint(self) -> Footprint:
        """The footprint so far, or of the whole block after it."""
        from brizna.account import Footprint
        from brizna.verbs._views import account_run

        if self._recorder is None and self.view is not None:
            return Footprint.from_json(self.view["footprint"])
        seen_as = "machine" if self._recorder is None else self._recorder.settings["view"]
        return account_run(self.run, unit=self._job.unit, seen_as=seen_as)

    def __call__(self, function: Function) -> Function:
        """Return the function, each of whose calls is measured as a run of its own."""
        name = self._job.name or _name_of(function)
        measured: Any = update_wrapper(_wrap(function, lambda: self._again(name)), function)
        return measured

    def _again(self, name: str) -> Measuring:
        job = self._job
        return Measuring(
            name,
            tags=job.tags,
            unit=job.unit,
            meters=self._meters,
            clock=self._clock,
            profile=self._is_profiled,
            **self._with_sinks(),
        )

    def begin(self, name: str) -> int | None:
        """Open a window now; None in a forked child, or where nothing is being measured."""
        recorder = self._recorder
        return None if recorder is None else recorder.sampler.begin(name, recorder.work())

    def finish(self, window: int | None) -> None:
        """Close a window now."""
        recorder = self._recorder
        if recorder is not None:
            recorder.sampler.finish(window, recorder.work())

    def energy_in(self, window: int) -> Estimate | None:
        """Return the energy of a window so far, or of one that has just ended.

        Raises:
            UnavailableError: If it ended too long ago, or the block has.
        """
        if self._recorder is None:
            raise UnavailableError(
                "The measured block has ended, and with it what tells the energy of a part at "
                "once. Ask inside the block, or read run.measurement.phases."
            )
        self._sample(self._recorder)
        return self._recorder.energy_in(window)

    def energy_together(self, name: str, *, count: int) -> Estimate | None:
        """Return the energy of the latest parts of one name together, inside the block.

        Their sum has a narrower interval than the sum of what the record tells of each: where one
        ends as the next begins, what the counter had not shown yet is only moved among them.

        Args:
            name: Of parts that have ended.
            count: How many of them.

        Returns:
            None where it is not known, and after the block.
        """
        if self._recorder is None:
            return None
        self._sample(self._recorder)
        return self._recorder.energy_together(name, count)

    def follow(self, hear: Callable[[Mapping[str, Any]], object]) -> Followed | None:
        """Have a function called with each event of the journal from now on, as it is written.

        Args:
            hear: Called in the thread that samples, which must not wait.

        Returns:
            What else there is to know of the run; None where nothing is being measured.
        """
        from brizna.verbs._followed import Followed

        if self._recorder is None or self.is_elsewhere:
            return None
        self._recorder.sampler.listen(hear)
        return Followed(self, self._recorder)

    def count(self, **amounts: float) -> None:
        """Say how much work was done since the last time: ``m.count(tokens=4096, flop=2e12)``.

        The record then has the amounts of the run and of each phase, with the energy of each
        unit. Work belongs to the phase that is open, or that ends now. A forked child's counts
        nothing. Outside the block nothing is counted, and a warning says so.

        Args:
            **amounts: By name, how many; each above 0.

        Raises:
            InputError: If there is none, an amount is not a number above 0, a name is longer than
                200 characters or the run would count more than 1,000 kinds of work. Nothing is
                counted then.
        """
        from brizna.core.work import read_amounts

        read = read_amounts(amounts)
        if not self._is_inside:
            self._complain_of_count(", ".join(read))
        elif self._recorder is not None and not self.is_elsewhere:
            self._recorder.count(read)

    def _complain_of_count(self, names: str) -> None:
        text = Said(
            "The count of {names} came outside the measured block and is in no record. Count "
            "inside 'with brizna.measure() as m:'.",
            names=names,
        )
        _warn(str(text))

    def __repr__(self) -> str:
        state = "measuring" if self._recorder else "ended" if self.view else "not begun"
        return f"<brizna.measure {self._job.name or 'block'} ({state})>"

    def _repr_html_(self) -> str:
        """Return the result for a notebook."""
        from html import escape

        from brizna.report import pick_language, show_lines

        if self.view is None:
            return f"<p>{escape(repr(self))}</p>"
        lang = self._options.get("lang") or pick_language(None, os.environ)
        lines = "\n".join(show_lines(self.view, lang=lang, width=100))
        return f"<pre>{escape(lines)}</pre>"


class Part:
    """A named part of a measured block; the run's record tells it as a `Phase`.

    Attributes:
        name: What it is called.
    """

    __slots__ = ("_energy", "_is_known", "_is_over", "_measuring", "_window", "name")

    def __init__(self, measuring: Measuring, name: str) -> None:
        """Keep what to call it; it begins with the ``with``."""
        self._measuring = measuring
        self._window: int | None = None
        self._is_over = self._is_known = False
        self._energy: Estimate | None = None
        self.name = name

    def __enter__(self) -> Self:
        self._is_over = self._is_known = False
        self._energy = None
        self._window = self._measuring.begin(self.name)
        return self

    def __exit__(self, *_: object) -> None:
        self._measuring.finish(self._window)
        self._is_over = True

    @property
    def energy(self) -> Estimate | None:
        """The energy so far, or of the whole part after it; None where nothing could be read.

        Asking reads the meters, and costs some milliseconds however long the run has been; of a
        part that is over it does so once.

        Raises:
            UnavailableError: If it was not asked for while the part lasted or right after it.
        """
        is_asked = not (self._is_known or self._measuring.is_elsewhere)
        if is_asked and self._window is not None:
            self._energy = self._measuring.energy_in(self._window)
            self._is_known = self._is_over
        return self._energy


def _without_sinks(settings: dict[str, Any]) -> tuple[dict[str, Any], list[Sink]]:
    """Part the sinks in ``to`` from the settings, which are texts."""
    given: Any = settings.get("to")
    if isinstance(given, str) or not hasattr(given, "__iter__"):
        return settings, []
    several: list[Any] = list(given)
    sinks = [one for one in several if not isinstance(one, str)]
    return {**settings, "to": [one for one in several if isinstance(one, str)]}, sinks


def _warn(text: str) -> None:
    warnings.warn(f"brizna: {text}", MeasuringWarning, stacklevel=4)


def _name_of(function: Callable[..., Any]) -> str:
    return getattr(function, "__qualname__", None) or type(function).__name__


def _wrap(function: Callable[..., Any], again: Callable[[], Measuring]) -> Callable[..., Any]:
    """Return a function of the same kind (plain, coroutine, generator) that measures its calls."""
    from inspect import isasyncgenfunction, iscoroutinefunction, isgeneratorfunction

    if iscoroutinefunction(function):

        async def coroutine(*args: Any, **kwargs: Any) -> Any:
            with again():
                return await function(*args, **kwargs)

        return coroutine
    if isasyncgenfunction(function):

        async def async_generator(*args: Any, **kwargs: Any) -> Any:
            with again():
                inner = function(*args, **kwargs)
                step = inner.asend(None)
                try:
                    while True:  # what `yield from` does, for which there is no word here
                        try:
                            item = await step
                        except StopAsyncIteration:
                            return
                        try:
                            step = inner.asend((yield item))
                        except Exception as error:  # noqa: BLE001  (thrown in: the function's own)
                            step = inner.athrow(error)
                finally:
                    await inner.aclose()

        return async_generator
    if isgeneratorfunction(function):

        def generator(*args: Any, **kwargs: Any) -> Any:
            with again():
                return (yield from function(*args, **kwargs))  # pyright: ignore[reportUnknownVariableType]

        return generator

    def plain(*args: Any, **kwargs: Any) -> Any:
        with again():
            return function(*args, **kwargs)

    return plain

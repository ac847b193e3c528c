"""Run a block or function of Python at the best time before a deadline: `when_greenest`."""

from __future__ import annotations

import os
import sys
import warnings
from datetime import UTC, datetime
from functools import update_wrapper

from brizna.core.codec import digest
from brizna.core.errors import BriznaError, InputError, Said, UnavailableError
from brizna.plan import instant_of
from brizna.verbs._clock import Clock, Simulated
from brizna.verbs._follow import Waiting, schedule_of
from brizna.verbs._measure import Measuring, MeasuringWarning
from brizna.verbs._plan import PlanRequest, known_of, plan_job
from brizna.verbs._replan import Replanner
from brizna.verbs._run import current_directory
from brizna.verbs._settings import read_settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, Self, TypeVar

    from brizna.plan import Plan
    from brizna.store import Store
    from brizna.verbs._follow import Schedule
    from brizna.verbs._settings import Settings

    Function = TypeVar("Function", bound=Callable[..., Any])

_EVERY_S = 3600.0
_HERE = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "")


def when_greenest(
    deadline: str,
    *,
    job: Mapping[str, Any] | None = None,
    like: str | None = None,
    name: str | None = None,
    now: datetime | str | None = None,
    **settings: Any,
) -> Greenest:
    """Wait for the best time before a deadline, then measure the block, or each call of a function.

    Example::

        @brizna.when_greenest("24h", job={"duration_h": 2, "power_w": 300}, zone="ES")
        def train(): ...

        async with brizna.when_greenest("24h", like="train") as when:
            await train()
        print(when.followed)

    It says on stderr until when it waits (the setting ``quiet`` keeps it silent), and plans anew
    each hour, or when the file of series changes. What ends the process ends the wait: called
    again, it plans for what is left until an instant, or anew for ``24h``. Where no plan can be
    made, such as too little time, the block begins at once and a warning says why; with ``strict``
    that raises.

    Args:
        deadline: When it has ended: an instant in ISO 8601, or how long from now, such as ``24h``.
        job: What is known of it, by the fields of a job's file, such as ``duration_h`` and
            ``power_w``. It goes on once it has begun: pauses are for `brizna run`.
        like: Instead, a stored run whose length and power it has.
        name: What to call the run; a function has its own name.
        now: Plan and wait as if it were this instant, on a simulated clock, which waits without
            waiting.
        **settings: Any setting: ``zone``, ``signal`` (a file of series), ``source``, ``store`` ...

    Raises:
        InputError: If neither a job nor a run was given, or the job says what cannot be.
    """
    return Greenest(_Wish(deadline, job, like, now), name=name, settings=settings)


class _Wish:
    """What is asked of the planner at each call."""

    __slots__ = ("deadline", "job", "like", "now")

    def __init__(
        self,
        deadline: str,
        job: Mapping[str, Any] | None,
        like: str | None,
        now: datetime | str | None,
    ) -> None:
        if (job is None) == (like is None):
            raise InputError(
                "Nobody says how long the block works and what it draws: give job, such as "
                "job={example}, or like, a run of it.",
                example='{"duration_h": 2, "power_w": 300}',
            )
        for field in ("pausing", "levels"):
            if job is not None and field in job:
                raise InputError(
                    "The job has {field}, but a block of Python goes on once it has begun: leave "
                    "it out, or start a program with brizna run --plan.",
                    field=field,
                )
        self.deadline = deadline
        self.job = job
        self.like = like
        self.now = now

    def clock(self) -> Clock:
        """Return the clock to wait by."""
        return Clock() if self.now is None else Simulated(instant_of(self.now))

    def request(self) -> PlanRequest:
        """Return what is asked."""
        return PlanRequest(job=self.job, like=self.like, deadline=self.deadline)


class Greenest:
    """A block that waits for its best time and is measured: a context manager, and a decorator.

    Attributes:
        plan: The plan that it waited for; None before, or where none could be made.
        measuring: The measured block, once it has begun.
        followed: What the plan promised and what became of it, once it has ended; what is
            not known in it has a reason. None where the run was not kept or there was no plan.
    """

    def __init__(self, wish: _Wish, *, name: str | None, settings: Mapping[str, Any]) -> None:
        """Keep what was asked for; nothing is planned yet. See `when_greenest`."""
        self._wish = wish
        self._name = name
        self._options = dict(settings)
        self._clock = Clock()
        self._kept: dict[str, Mapping[str, Any]] = {}
        self._said: str | None = None
        self._trouble: list[Said] = []
        self.plan: Plan | None = None
        self.measuring: Measuring | None = None
        self.followed: Mapping[str, Any] | None = None

    # -------------------------------------------------------------------------------- as a block

    def __enter__(self) -> Self:
        waiting = self._begin()
        self._warn()
        while waiting is not None and (nap_s := waiting.next_nap()) is not None:
            self._clock.sleep(nap_s)
        self._warn()
        return self._measure()

    async def __aenter__(self) -> Self:
        from asyncio import to_thread

        waiting = await to_thread(self._begin)
        self._warn()
        while waiting is not None and (nap_s := await to_thread(waiting.next_nap)) is not None:
            await self._clock.rest(nap_s)
        self._warn()
        return self._measure()

    def __exit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, *more: object
    ) -> None:
        assert self.measuring is not None, "it has begun"
        self.measuring.__exit__(kind, raised, *more)
        self._tell_afterwards()
        self._warn()

    async def __aexit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, *more: object
    ) -> None:
        self.__exit__(kind, raised, *more)

    def _measure(self) -> Self:
        self.measuring = Measuring(self._name, **self._options)
        self.measuring.__enter__()
        return self

    # ----------------------------------------------------------------------------- as a decorator

    def __call__(self, function: Function) -> Function:
        """Return the function, each of whose calls waits and is measured as a run of its own."""
        name = self._name or getattr(function, "__qualname__", type(function).__name__)

        def again() -> Greenest:
            return Greenest(self._wish, name=name, settings=self._options)

        when: Any = update_wrapper(_wrap(function, again), function)
        return when

    # --------------------------------------------------------------------------------- its pieces

    def _begin(self) -> Waiting | None:
        """Plan, and return the wait for it; None to begin at once."""
        self._clock = self._wish.clock()
        settings = read_settings(self._options, environ=os.environ, directory=current_directory())
        store = _store(settings)
        try:
            now_s = self._clock.now_s() // 1
            instant = datetime.fromtimestamp(now_s, UTC)
            request = self._wish.request()
            plan = plan_job(request, settings, store=store, instant=instant, environ=os.environ)
        except InputError:
            raise
        except BriznaError as error:
            if settings["strict"]:
                raise
            self._trouble.append(
                Said("no plan was made, so the block begins at once: {error}", error=error)
            )
            return None
        self.plan, record = plan, plan.to_json()
        name = self._keep(store, record)
        replanner = None
        if settings["signal"] is not None or settings["source"] is not None:
            replanner = Replanner(
                name,
                plan,
                known=known_of(plan, request, settings, os.environ),
                keep=lambda made: self._keep(store, made),
                every_s=_EVERY_S,
                files=() if settings["signal"] is None else (settings["signal"],),
            )
        return Waiting(schedule_of(name, record), self._clock, replanner=replanner, told=self._tell)

    def _keep(self, store: Store, record: Mapping[str, Any]) -> str:
        """Keep a plan, in memory where the store cannot be written, and return its digest."""
        from brizna.store import keep_plan

        name = digest(dict(record))
        self._kept[name] = record
        try:
            keep_plan(store, record)
        except UnavailableError as error:
            self._trouble.append(Said("the plan is not kept: {error}", error=error))
        return name

    def _tell(self, schedule: Schedule) -> None:
        """Say until when it waits, if that is new."""
        from brizna.report import waiting_line

        record = self._kept[schedule.plan]
        if schedule.plan != self._said:
            self._said = schedule.plan
            self._say(lambda lang: waiting_line(record, name=self._name, lang=lang))

    def _tell_afterwards(self) -> None:
        from brizna.report import followed_line
        from brizna.verbs._carry import told_afterwards

        view = None if self.measuring is None else self.measuring.view
        if view is None or self.plan is None:
            return
        settings = read_settings(self._options, environ=os.environ, directory=current_directory())
        try:
            found = told_afterwards(_store(settings), view["id"], self._kept, clock=self._clock)
        except BriznaError as error:
            self._trouble.append(Said("what the plan saved is not told: {error}", error=error))
            return
        self.followed = found
        if found is not None:
            self._say(lambda lang: followed_line(found, lang=lang))

    def _warn(self) -> None:
        """Warn of what went wrong, at the line of the program that asked for the block.

        Not where it goes wrong, which may be a thread of its own.
        """
        level, frame = 2, sys._getframe(1)  # pyright: ignore[reportPrivateUsage]  - so does `warnings`
        while frame.f_back is not None and frame.f_code.co_filename.startswith(_HERE):
            level, frame = level + 1, frame.f_back
        for text in self._trouble:
            warnings.warn(f"brizna: {text}", MeasuringWarning, stacklevel=level)
        self._trouble.clear()

    def _say(self, line: Callable[[str], str]) -> None:
        from brizna.report import pick_language

        settings = read_settings(self._options, environ=os.environ, directory=current_directory())
        if not settings["quiet"] and sys.stderr is not None:  # pyright: ignore[reportUnnecessaryComparison]  - closed at the start
            lang = settings["lang"] or pick_language(None, os.environ)
            sys.stderr.write(f"brizna: {line(lang)}\n")
            sys.stderr.flush()


def _store(settings: Settings) -> Store:
    from brizna.store import Store

    return Store.find(settings["store"], cwd=current_directory(), environ=os.environ)


def _wrap(function: Callable[..., Any], again: Callable[[], Greenest]) -> Callable[..., Any]:
    """Return a function of the same kind, plain or coroutine, that waits before each call.

    Raises:
        InputError: If it is a generator: nobody knows when it is asked for its first item.
    """
    from inspect import isasyncgenfunction, iscoroutinefunction, isgeneratorfunction

    if isgeneratorfunction(function) or isasyncgenfunction(function):
        raise InputError(
            "{name} yields: expected a function that is called once. Wrap what asks it for items.",
            name=getattr(function, "__qualname__", str(function)),
        )
    if iscoroutinefunction(function):

        async def coroutine(*args: Any, **kwargs: Any) -> Any:
            async with again():
                return await function(*args, **kwargs)

        return coroutine

    def plain(*args: Any, **kwargs: Any) -> Any:
        with again():
            return function(*args, **kwargs)

    return plain

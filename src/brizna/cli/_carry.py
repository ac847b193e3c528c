"""``brizna wait``, and the options of ``brizna run`` that make it follow a plan."""

from __future__ import annotations

from brizna.core.errors import InputError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable, Mapping
    from typing import Any

    from brizna.cli._dispatch import Context
    from brizna.cli._parser import Parser
    from brizna.plan import Plan
    from brizna.store import Store
    from brizna.verbs._clock import Clock
    from brizna.verbs._follow import Checkpoint, Follower, Schedule
    from brizna.verbs._plan import PlanRequest
    from brizna.verbs._recorder import Recorder
    from brizna.verbs._replan import Replanner
    from brizna.verbs._settings import Settings
    from brizna.verbs._takeover import Orphan

_EVERY, _NEVER = "1h", "never"
_HOOKS = ("checkpoint", "pause_signal", "resume", "pause_wait")


def wait(context: Context, words: list[str]) -> int:
    """Wait until a plan begins, or go on with the pauses of a run whose brizna was killed."""
    from brizna.cli._options import add_json, add_settings, settings_of, store_of
    from brizna.cli._parser import Parser
    from brizna.verbs._takeover import find_orphan, look_after

    _ = context.texts.gettext
    about = _("Wait until a plan begins, then exit with 0: brizna wait job.toml && python train.py")
    parser = Parser("brizna wait", about, context.texts)
    parser.add_argument("job", nargs="?", metavar="JOB", help=_("a job in a .toml or .json file"))
    parser.add_argument("--plan", metavar="PLAN", help=_("a plan that was kept"))
    parser.add_argument(
        "--run", metavar="RUN", help=_("go on with the pauses of a run whose brizna was killed")
    )
    _add_planning(parser)
    add_json(parser)
    add_settings(parser, ("zone", "source", "credentials", "store", "lang"))
    given = parser.parse_args(words)
    settings, store = settings_of(given, context), store_of(given, context)
    if given.run is not None:
        orphan = find_orphan(store, given.run)
        if orphan.pid is None:
            return _start_again(context, given, settings, orphan)
        if not settings["quiet"]:
            text = _("run {id}: its command goes on by its plan; waiting until it ends")
            context.say(text.format(id=orphan.run_id))
        look_after(orphan, _clock(given))
        if not settings["quiet"]:
            context.say(_("run {id}: its command has ended").format(id=orphan.run_id))
        told: dict[str, Any] = {"run": orphan.run_id}
    else:
        if given.plan is None and given.job is None:
            parser.error(
                _("no job was given: name a file, a plan with --plan, or a run with --run")
            )
        followed = _followed(given, context, settings, store)
        followed.wait(context)
        told = {"plan": followed.schedule.plan, "start": followed.start}
    if given.json:
        context.tell_json(told)
    return 0


def add_following(parser: Parser) -> None:
    """Add the options of ``brizna run`` that make it follow a plan."""
    _ = parser.texts.gettext
    parser.add_argument("--plan", metavar="PLAN", help=_("follow a plan that was kept"))
    parser.add_argument(
        "--like", metavar="RUN", help=_("with --deadline, the run whose power and length it has")
    )
    parser.add_argument("--length", help=_("how long it works, if not as long as that run: 6h"))
    parser.add_argument(
        "--pausing", action="store_true", help=_("it can pause at each hour, at no cost")
    )
    _add_planning(parser)
    parser.add_argument(
        "--pause-signal",
        metavar="SIGNAL",
        help=_("before a pause, the signal that asks the command to save its state: USR1"),
    )
    parser.add_argument(
        "--checkpoint",
        metavar="COMMAND",
        help=_("before a pause, what a shell runs to save its state; BRIZNA_PID is its process"),
    )
    parser.add_argument(
        "--resume",
        metavar="COMMAND",
        help=_("what starts it again if it ended to pause; itself if not named"),
    )
    parser.add_argument(
        "--pause-wait", metavar="TIME", help=_("how long it may take to save its state (60s)")
    )


def _add_planning(parser: Parser) -> None:
    from brizna.cli._series import add_signal

    _ = parser.texts.gettext
    parser.add_argument("--deadline", help=_("an instant in ISO 8601, or how long from now: 24h"))
    parser.add_argument(
        "--now", metavar="INSTANT", help=_("plan as if it were this instant, such as 2021-10-04")
    )
    parser.add_argument(
        "--speed", type=float, help=_("with --now, how many times as fast its clock goes")
    )
    parser.add_argument(
        "--replan",
        metavar="TIME",
        default=_EVERY,
        help=_("plan anew each time so much has passed, or a file has changed (1h); or never"),
    )
    add_signal(parser)


class Following:
    """A plan that a command follows.

    Attributes:
        schedule: When it runs.
    """

    def __init__(
        self,
        schedule: Schedule,
        plan: Mapping[str, Any],
        clock: Clock,
        *,
        checkpoint: Checkpoint | None = None,
        replanner: Replanner | None = None,
        quiet: bool = False,
    ) -> None:
        self.schedule = schedule
        self._quiet = quiet
        self._first = schedule.plan
        self._plan = plan
        self._clock = clock
        self._checkpoint = checkpoint
        self._replanner = replanner

    @property
    def start(self) -> str:
        """When it begins, by what is followed now."""
        from datetime import UTC, datetime

        return datetime.fromtimestamp(self.schedule.start_s, UTC).isoformat()

    def wait(self, context: Context) -> None:
        """Wait until it is time to run."""
        from brizna.verbs._follow import wait_for

        self._warn_of_the_past(context)
        telling = None if self._quiet else _Telling(context, self._clock).tell
        self.schedule = wait_for(
            self.schedule, self._clock, replanner=self._replanner, told=telling
        )

    def settings(self, settings: Settings) -> Settings:
        """Return settings with the plan's site where nobody says another."""
        from brizna.verbs._carry import at_its_site

        return at_its_site(self._plan, settings)

    def _warn_of_the_past(self, context: Context) -> None:
        """Say it where all hours of the plan are over: the command is measured all the same."""
        from datetime import UTC, datetime

        from brizna.core.errors import Said

        finish_s = self.schedule.intervals[-1][1]
        if finish_s <= self._clock.now_s():
            text = Said(
                "The hours of plan {id} were over at {finish}: what begins now does so at none of "
                "them. Make a new one with brizna plan --save.",
                id=self._first[7:19],
                finish=datetime.fromtimestamp(finish_s, UTC).isoformat(timespec="minutes"),
            )
            context.complain_of([text])

    @property
    def follow(self) -> Callable[[Recorder], Follower]:
        """What makes the one that pauses and continues the command."""
        from brizna.verbs._follow import Follower

        return lambda recorder: Follower(
            self.schedule,
            recorder,
            clock=self._clock,
            checkpoint=self._checkpoint,
            replanner=self._replanner,
        )

    def tell(self, context: Context, store: Store, run_id: str) -> None:
        """Keep and say what the plan promised and what became of it."""
        from brizna.core.errors import BriznaError
        from brizna.report import followed_line
        from brizna.verbs._carry import told_afterwards

        plans = {self._first: self._plan}
        if self._replanner is not None:
            plans.update(zip(self._replanner.plans[1:], self._replanner.made, strict=True))
            if self._replanner.trouble:
                context.complain(*self._replanner.trouble)
        try:
            record = told_afterwards(store, run_id, plans, clock=self._clock)
        except BriznaError as error:  # the command's exit code stands, whatever happens here
            context.complain(error)
            return
        if record is not None and not self._quiet:
            context.say(followed_line(record, lang=context.lang))


class _Telling:
    """Says when a command starts: at first, when that changes, and each hour to a person."""

    def __init__(self, context: Context, clock: Clock) -> None:
        self._context = context
        self._clock = clock
        self._said: tuple[float, int | None] | None = None

    def tell(self, schedule: Schedule) -> None:
        """Say it, if there is something new to say."""
        import sys
        from datetime import UTC, datetime
        from math import ceil

        now_s = self._clock.now_s()
        start_s = schedule.next_s(now_s)
        hours = ceil((start_s - now_s) / 3600) if sys.stderr.isatty() else None
        if (start_s, hours) == self._said:
            return
        self._said = start_s, hours
        _ = self._context.texts.gettext
        start = datetime.fromtimestamp(start_s, UTC).isoformat(timespec="minutes")
        text = _("plan {id}: starts at {start}").format(id=schedule.plan[7:19], start=start)
        if hours is not None:
            text += _(", within {hours} h").format(hours=hours)
        self._context.say(text)


def following(given: Namespace, context: Context, settings: Settings) -> Following | None:
    """Return the plan that the options name or ask for; None if they do neither.

    Raises:
        InputError: If there is none, or none can be made.
    """
    checkpoint = _checkpoint(given)
    if given.plan is None and given.deadline is None:
        if checkpoint is not None:
            raise InputError(
                "{option} says how the command pauses, but no plan says when: give --plan, or "
                "--deadline.",
                option=", ".join(
                    f"--{name.replace('_', '-')}" for name in _HOOKS if getattr(given, name)
                ),
            )
        return None
    from brizna.cli._options import store_of

    return _followed(given, context, settings, store_of(given, context), checkpoint)


def _followed(
    given: Namespace,
    context: Context,
    settings: Settings,
    store: Store,
    checkpoint: Checkpoint | None = None,
) -> Following:
    from brizna.cli._plan import asked_of, moment, read_job
    from brizna.plan import Plan
    from brizna.store import find_plan, keep_plan
    from brizna.verbs import plan_job
    from brizna.verbs._follow import schedule_of

    path = getattr(given, "job", None)
    if given.plan is not None:
        digest, record = find_plan(store, given.plan)
        asked, plan = asked_of(given, job={}), Plan.from_json(record)
    elif path is None and given.like is None:
        raise InputError(
            "--deadline alone does not say how long the command works and what it draws: name a "
            "run of it with --like, or make a plan with brizna plan --save and give --plan."
        )
    else:
        asked = asked_of(given, job=None if path is None else read_job(path))
        plan = plan_job(
            asked, settings, store=store, instant=moment(given.now), environ=context.environ
        )
        record = plan.to_json()
        digest = keep_plan(store, record)
    return Following(
        schedule_of(digest, record),
        record,
        _clock(given),
        checkpoint=checkpoint,
        replanner=_replanner(given, context, settings, _Made(digest, plan, asked, store)),
        quiet=settings["quiet"],
    )


class _Made:
    """A plan that was made or found, what was asked for it, and where it is kept."""

    def __init__(self, digest: str, plan: Plan, asked: PlanRequest, store: Store) -> None:
        self.digest = digest
        self.plan = plan
        self.asked = asked
        self.store = store


def _replanner(
    given: Namespace, context: Context, settings: Settings, made: _Made
) -> Replanner | None:
    """Return what plans anew; None if nothing can bring news."""
    from brizna.core.quantities import Duration
    from brizna.store import keep_plan
    from brizna.verbs._plan import known_of
    from brizna.verbs._replan import Replanner

    files = [path for _, path in made.asked.files]
    if settings["signal"] is not None:
        files.append(settings["signal"])
    is_fixed = made.plan.workload.levels is not None
    if given.replan == _NEVER or is_fixed or not (files or settings["source"]):
        return None
    every_s = Duration.parse(given.replan).value
    if every_s <= 0:
        raise InputError(
            "--replan is {text!r}: expected a time above 0, such as 1h, or never.",
            text=given.replan,
        )
    return Replanner(
        made.digest,
        made.plan,
        known=known_of(made.plan, made.asked, settings, context.environ),
        keep=lambda record: keep_plan(made.store, record),
        every_s=every_s,
        files=files,
    )


def _checkpoint(given: Namespace) -> Checkpoint | None:
    """Return how the command saves its state, if the options say so."""
    if not any(getattr(given, name) for name in _HOOKS):
        return None
    from shlex import split

    from brizna.core.quantities import Duration
    from brizna.verbs._follow import Checkpoint

    if not given.checkpoint and not given.pause_signal:
        raise InputError(
            "--resume and --pause-wait are for a command that is asked to save its state: say how, "
            "with --pause-signal USR1 or --checkpoint COMMAND."
        )
    hook = Checkpoint(
        command=given.checkpoint,
        signal=None if given.pause_signal is None else _signal(given.pause_signal),
        resume=None if given.resume is None else tuple(split(given.resume)),
    )
    if given.pause_wait is not None:
        hook = hook.replace(wait_s=Duration.parse(given.pause_wait).value)
    return hook


def _signal(name: str) -> int:
    """Return the number of a signal.

    Raises:
        InputError: If there is none of this name, or no program can catch it.
    """
    import signal

    number = getattr(signal, f"SIG{name.upper().removeprefix('SIG')}", None)
    if not isinstance(number, signal.Signals) or number in (signal.SIGKILL, signal.SIGSTOP):
        raise InputError(
            "{name!r} is no signal that a program can catch: expected one such as USR1 or TERM.",
            name=name,
        )
    return int(number)


def _start_again(context: Context, given: Namespace, settings: Settings, orphan: Orphan) -> int:
    """Start the command of a lost run again, as a run of its own, and return its exit code."""
    import os

    from brizna.cli._run import RunReport
    from brizna.verbs._follow import Follower, wait_for
    from brizna.verbs._recorder import Job
    from brizna.verbs._run import run_command

    clock = _clock(given)
    settings = orphan.settings_under(settings)
    telling = None if settings["quiet"] else _Telling(context, clock).tell
    schedule = wait_for(orphan.schedule, clock, told=telling)
    hook = orphan.checkpoint
    assert hook is not None, "only such a command is started again"
    os.chdir(orphan.directory)
    finished = run_command(
        Job(command=hook.resume, name=orphan.name, tags=orphan.tags),
        settings,
        environ=context.environ,
        directory=orphan.directory,
        afterwards=RunReport(context, None, quiet=settings["quiet"]).tell,
        follow=lambda recorder: Follower(schedule, recorder, clock=clock, checkpoint=hook),
    )
    return finished.outcome.exit_code


def _clock(given: Namespace) -> Clock:
    from brizna.cli._plan import moment
    from brizna.verbs._clock import Clock, Simulated

    if given.now is not None:
        if given.speed is not None and not 0 < given.speed < float("inf"):
            raise InputError(
                "--speed is {speed}: expected a number above 0, such as 3600.", speed=given.speed
            )
        return Simulated(moment(given.now), speed=given.speed)
    if given.speed is not None:
        raise InputError("--speed is of a simulated clock: give --now too.")
    return Clock()

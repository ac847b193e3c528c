"""``brizna wait``, and the options of ``brizna run`` that make it follow a plan."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable, Mapping
    from typing import Any

    from brizna.cli._dispatch import Context
    from brizna.cli._parser import Parser
    from brizna.store import Store
    from brizna.verbs._carry import Clock, Follower, Schedule
    from brizna.verbs._recorder import Recorder
    from brizna.verbs._settings import Settings


def wait(context: Context, words: list[str]) -> int:
    """Wait until a plan begins, or go on with the pauses of a run whose brizna was killed."""
    from brizna.cli._options import add_json, add_settings, settings_of, store_of
    from brizna.cli._parser import Parser
    from brizna.verbs._carry import adopt, wait_until

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
    store, clock = store_of(given, context), _clock(given.now)
    if given.run is not None:
        told: dict[str, Any] = {"run": adopt(store, given.run, clock)}
    else:
        if given.plan is None and given.job is None:
            parser.error(
                _("no job was given: name a file, a plan with --plan, or a run with --run")
            )
        schedule, plan = _schedule(given, context, settings_of(given, context), store)
        _say_start(context, schedule, clock)
        wait_until(schedule.start_s, clock)
        told = {"plan": schedule.plan, "start": plan["best"]["start"]}
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


def _add_planning(parser: Parser) -> None:
    from brizna.cli._series import add_signal

    _ = parser.texts.gettext
    parser.add_argument("--deadline", help=_("an instant in ISO 8601, or how long from now: 24h"))
    parser.add_argument(
        "--now", metavar="INSTANT", help=_("plan as if it were this instant, such as 2021-10-04")
    )
    add_signal(parser)


class Following:
    """A plan that a command follows.

    Attributes:
        schedule: When it runs.
        plan: The plan's record.
    """

    def __init__(self, schedule: Schedule, plan: Mapping[str, Any], clock: Clock) -> None:
        self.schedule = schedule
        self.plan = plan
        self._clock = clock

    def wait(self, context: Context) -> None:
        """Wait for the first interval."""
        from brizna.verbs._carry import wait_until

        _say_start(context, self.schedule, self._clock)
        wait_until(self.schedule.start_s, self._clock)

    @property
    def follow(self) -> Callable[[Recorder], Follower]:
        """What makes the one that pauses and continues the command."""
        from brizna.verbs._carry import Follower

        return lambda recorder: Follower(self.schedule, recorder, clock=self._clock)

    def tell(self, context: Context, store: Store, run_id: str) -> None:
        """Keep and say what the plan promised and what became of it."""
        from brizna.core.errors import BriznaError
        from brizna.report import followed_line
        from brizna.verbs._carry import told_afterwards

        try:
            record = told_afterwards(
                store,
                run_id,
                self.schedule.plan,
                self.plan,
                ahead_s=self._clock.ahead_s,
            )
        except BriznaError as error:  # the command's exit code stands, whatever happens here
            context.complain(error)
            return
        if record is not None:
            context.say(followed_line(record, lang=context.lang))


def following(given: Namespace, context: Context, settings: Settings) -> Following | None:
    """Return the plan that the options name or ask for; None if they do neither.

    Raises:
        InputError: If there is none, or none can be made.
    """
    if given.plan is None and given.deadline is None:
        return None
    from brizna.cli._options import store_of

    schedule, plan = _schedule(given, context, settings, store_of(given, context))
    return Following(schedule, plan, _clock(given.now))


def _schedule(
    given: Namespace, context: Context, settings: Settings, store: Store
) -> tuple[Schedule, Mapping[str, Any]]:
    from brizna.cli._plan import asked_of, moment, read_job
    from brizna.core.errors import InputError
    from brizna.store import find_plan, keep_plan
    from brizna.verbs import plan_job
    from brizna.verbs._carry import schedule_of

    if given.plan is not None:
        digest, plan = find_plan(store, given.plan)
        return schedule_of(digest, plan), plan
    path = getattr(given, "job", None)
    if path is None and given.like is None:
        raise InputError(
            "--deadline alone does not say how long the command works and what it draws: name a "
            "run of it with --like, or make a plan with brizna plan --save and give --plan."
        )
    asked = asked_of(given, job=None if path is None else read_job(path))
    made = plan_job(
        asked, settings, store=store, instant=moment(given.now), environ=context.environ
    ).to_json()
    return schedule_of(keep_plan(store, made), made), made


def _clock(text: str | None) -> Clock:
    from brizna.cli._plan import moment
    from brizna.verbs._carry import Clock, Simulated

    return Clock() if text is None else Simulated(moment(text))


def _say_start(context: Context, schedule: Schedule, clock: Clock) -> None:
    from datetime import UTC, datetime

    if schedule.start_s <= clock.now_s():
        return
    _ = context.texts.gettext
    start = datetime.fromtimestamp(schedule.start_s, UTC).isoformat(timespec="minutes")
    context.say(_("plan {id}: starts at {start}").format(id=schedule.plan[7:19], start=start))

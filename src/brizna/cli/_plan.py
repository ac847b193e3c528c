"""``brizna plan JOB``: when and where one job is to run."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime

from brizna.cli._evaluate import evaluate
from brizna.cli._options import add_json, add_settings, settings_of, store_of
from brizna.cli._parser import Parser
from brizna.cli._plan_jobs import add_jobs, plan_table
from brizna.cli._series import add_signal, read_series
from brizna.core.errors import InputError, Said
from brizna.plan import instant_of
from brizna.verbs import PlanRequest, plan_job

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable, Mapping
    from typing import Any

    from brizna.cli._dispatch import Context

_PLANNING = ("zone", "pue", "tariff", "currency", "source", "credentials")


def plan(context: Context, words: list[str]) -> int:
    """Plan a job, or look at plans that were kept."""
    action = _ACTIONS.get(words[0]) if words else None
    return action(context, words[1:]) if action is not None else _make(context, words)


def _make(context: Context, words: list[str]) -> int:
    from brizna.store import keep_plan

    _ = context.texts.gettext
    more = _("Also: brizna plan {names}; each says more with --help.")
    about = _("Plan when and where a job is to run.") + "\n\n" + more
    parser = _parser("brizna plan", about.format(names=", ".join(_ACTIONS)), context)
    add_settings(parser, _PLANNING)
    _add_job(parser)
    add_planning(parser)
    parser.add_argument("--save", action="store_true", help=_("keep the plan, to carry it out"))
    add_jobs(parser)
    given = parser.parse_args(words)
    if given.jobs is not None:
        given.signal = given.series[0] if given.series else None
        return plan_table(context, given)
    if given.job is None and given.like is None:
        parser.error(_("no job was given: name a file, or a run with --like"))
    store = store_of(given, context)
    asked = asked_of(given, job=None if given.job is None else read_job(given.job))
    made = plan_job(
        asked,
        settings_of(given, context),
        store=store,
        instant=moment(given.now),
        environ=context.environ,
    ).to_json()
    if given.save:
        digest = keep_plan(store, made)
        context.say(_("plan {id}").format(id=digest[7:19]))
    _tell(context, made, as_json=given.json)
    return 0


def _tell(context: Context, made: Mapping[str, Any], *, as_json: bool) -> None:
    from brizna.report import plan_lines

    if as_json:
        context.tell_json(made)
        return
    lines = plan_lines(
        made,
        lang=context.lang,
        width=context.width,
        color=context.color,
        time_zone=_time_zone(context),
    )
    context.tell(*lines)


def _show(context: Context, words: list[str]) -> int:
    from brizna.store import find_plan

    _ = context.texts.gettext
    parser = _parser("brizna plan show", _("Show a plan that was kept."), context)
    _add_reference(parser)
    given = parser.parse_args(words)
    _tell(context, find_plan(store_of(given, context), given.plan)[1], as_json=given.json)
    return 0


def _list(context: Context, words: list[str]) -> int:
    from brizna.report import plans_lines
    from brizna.store import read_plans

    _ = context.texts.gettext
    parser = _parser("brizna plan list", _("List the plans that were kept."), context)
    given = parser.parse_args(words)
    plans = read_plans(store_of(given, context))
    if given.json:
        context.tell_json({"plans": plans})
    else:
        context.tell(
            *plans_lines(plans, lang=context.lang, width=context.width, color=context.color)
        )
    return 0


def _export(context: Context, words: list[str]) -> int:
    from shutil import which

    from brizna.report import FORMS, Launch, schedule
    from brizna.store import find_plan
    from brizna.verbs._run import current_directory

    _ = context.texts.gettext
    place = words.index("--") if "--" in words else len(words)
    about = _("Write a plan in the form of a scheduler; the command stands after --.")
    parser = Parser("brizna plan export", about, context.texts)
    _add_reference(parser)
    parser.add_argument(
        "--as", dest="form", required=True, choices=tuple(FORMS), help=_("the form")
    )
    parser.add_argument("--image", help=_("the container's image, for kubernetes"))
    add_settings(parser, ("store", "lang"))
    given = parser.parse_args(words[:place])
    store = store_of(given, context)
    digest, found = find_plan(store, given.plan)
    command = words[place + 1 :]
    launch = Launch()
    if given.form in ("at", "cron", "systemd"):  # they have neither our directory nor our PATH
        launch = Launch(program=_ourselves(), store=store.path, directory=current_directory())
        command[:1] = [which(word) or word for word in command[:1]]
    text = schedule(
        found, given.form, digest=digest, command=command, image=given.image, launch=launch
    )
    begins = found["intervals"][0]["start"]
    if instant_of(begins) < datetime.now(UTC):
        context.complain_of([_past(digest, begins)])
    context.tell(text.removesuffix("\n"))
    return 0


def _ourselves() -> tuple[str, ...]:
    """Return the words that start this very brizna, wherever they are said."""
    program = os.path.abspath(sys.argv[0])
    if os.path.basename(program) == "brizna" and os.access(program, os.X_OK):
        return (program,)
    return (sys.executable, "-m", "brizna")


def _past(digest: str, begins: str) -> Said:
    return Said(
        "The plan {id} began at {begins}, which has passed: a scheduler will start it late or "
        "never. Make a new one with brizna plan --save.",
        id=digest[7:19],
        begins=begins,
    )


def _realised(context: Context, words: list[str]) -> int:
    from brizna.report import followed_line
    from brizna.store import find_plan
    from brizna.verbs._carry import realised

    _ = context.texts.gettext
    about = _("Tell what a plan saved by the carbon intensity that really came.")
    parser = _parser("brizna plan realised", about, context)
    _add_reference(parser)
    add_signal(parser)
    given = parser.parse_args(words)
    if len(given.series) != 1:
        parser.error(_("name one file with what came: --signal actual.csv"))
    plan = find_plan(store_of(given, context), given.plan)[1]
    told = realised(plan, read_series(given.series[0])[1], column=given.column)
    if given.json:
        context.tell_json(told)
    else:
        context.tell(followed_line(told, lang=context.lang))
    return 0


def _site(context: Context, words: list[str]) -> int:
    from brizna.cli._advise import site

    return site(context, words)


def _hardware(context: Context, words: list[str]) -> int:
    from brizna.cli._advise import hardware

    return hardware(context, words)


_ACTIONS: dict[str, Callable[[Context, list[str]], int]] = {
    "show": _show,
    "list": _list,
    "evaluate": evaluate,
    "site": _site,
    "hardware": _hardware,
    "export": _export,
    "realised": _realised,
}


def add_planning(parser: Parser) -> None:
    """Add the options that say how to plan: where, until when, by which series."""
    _ = parser.texts.gettext
    parser.add_argument(
        "--zones", help=_("grid zones it may run in, the usual one first: ES,PT,FR")
    )
    parser.add_argument("--deadline", help=_("an instant in ISO 8601, or how long from now: 24h"))
    parser.add_argument(
        "--now", metavar="INSTANT", help=_("plan as if it were this instant, such as 2021-10-04")
    )
    add_signal(parser)
    parser.add_argument(
        "--risk", type=float, help=_("plan on what is not exceeded with this probability: 0.8")
    )
    parser.add_argument(
        "--weights", help=_("what counts, and how much: carbon_g=1,cost=100,delay_h=5")
    )


def _add_job(parser: Parser) -> None:
    _ = parser.texts.gettext
    parser.add_argument("job", nargs="?", metavar="JOB", help=_("a job in a .toml or .json file"))
    parser.add_argument("--like", metavar="RUN", help=_("a job that draws what this run drew"))
    parser.add_argument("--length", help=_("how long it works, if not as long as that run: 6h"))
    parser.add_argument(
        "--pausing", action="store_true", help=_("it can pause at each hour, at no cost")
    )


def _add_reference(parser: Parser) -> None:
    parser.add_argument(
        "plan",
        nargs="?",
        default="last",
        metavar="PLAN",
        help=parser.texts.gettext("the beginning of its id, its job's name, or last (the default)"),
    )


def _parser(program: str, about: str, context: Context) -> Parser:
    parser = Parser(program, about, context.texts)
    add_json(parser)
    add_settings(parser, ("store", "lang"))
    return parser


def asked_of(given: Namespace, *, job: Mapping[str, Any] | None) -> PlanRequest:
    """Return what these options ask of the planner."""
    return PlanRequest(
        job=job,
        like=getattr(given, "like", None),
        zones=tuple(_parts(getattr(given, "zones", None))),
        deadline=given.deadline,
        length=getattr(given, "length", None),
        pauses=getattr(given, "pausing", False),
        weights=_weights(getattr(given, "weights", None)),
        files=tuple(map(read_series, given.series)),
        column=given.column,
        risk=getattr(given, "risk", None),
    )


def moment(text: str | None) -> datetime:
    """Return the moment to plan for: now, to the second, or the one that was given.

    A day without a time, or a time without an offset, is in UTC.

    Raises:
        InputError: If the text is no instant.
    """
    if text is None:
        return datetime.now(UTC).replace(microsecond=0)
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return instant_of(text)  # says what is wrong with it
    return instant_of(instant if instant.tzinfo is not None else instant.replace(tzinfo=UTC))


def read_job(path: str) -> dict[str, Any]:
    """Return the object in a .toml or .json file.

    Raises:
        InputError: If it cannot be read, or is neither.
    """
    from brizna.core.codec import decode
    from brizna.core.errors import IntegrityError

    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError as error:
        raise InputError(
            "{path!r} cannot be read: {reason}.", path=path, reason=error.strerror
        ) from error
    try:
        if path.endswith(".json"):
            return decode(data)
        import tomllib

        return tomllib.loads(data.decode())
    except (IntegrityError, ValueError) as error:
        raise InputError(
            "{path!r} cannot be read: {error}. Expected TOML, or JSON in a file that ends in "
            ".json.",
            path=path,
            error=error,
        ) from error


def _parts(text: str | None) -> list[str]:
    return [part.strip() for part in (text or "").split(",") if part.strip()]


def _weights(text: str | None) -> dict[str, float] | None:
    if text is None:
        return None
    found: dict[str, float] = {}
    for part in _parts(text):
        name, _, weight = part.partition("=")
        try:
            found[name] = float(weight)
        except ValueError as error:
            raise InputError(
                "--weights is {text!r}: expected names with numbers, such as carbon_g=1,cost=100.",
                text=text,
            ) from error
    return found


def _time_zone(context: Context) -> str:
    """Return the machine's time zone if its rules are here, or else UTC."""
    from brizna.verbs._page import known_time_zone
    from brizna.verbs._site import time_zone

    return known_time_zone(time_zone(context.environ))

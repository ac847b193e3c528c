"""``brizna tune``: search a training's parameters for good quality at little energy."""

from __future__ import annotations

from brizna.cli._options import add_json, add_settings, settings_of
from brizna.cli._parser import Parser
from brizna.cli._trials import add_series, drawn_seed, tell_found

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Sequence

    from brizna.cli._dispatch import Context
    from brizna.core.tune import TunePlan
    from brizna.verbs._settings import Settings
    from brizna.verbs._tune import TuneProgress

_SETTINGS = (
    *("zone", "pue", "intensity", "interval", "store", "lang"),
    *("meter", "credentials", "view", "idle_w"),
)
_TRIALS, _REPEATS, _FACTOR = 30, 3, 3


def tune(context: Context, words: list[str]) -> int:
    """Search, or try each level alone, and say which setting to take."""
    from brizna.verbs import SweepStoppedError
    from brizna.verbs._run import current_directory
    from brizna.verbs._tune import carry_out_tune

    _ = context.texts.gettext
    place = words.index("--") if "--" in words else len(words)
    given = _parser(context).parse_args(words[:place])
    settings = settings_of(given, context)
    plan = _plan(given, context, settings, words[place + 1 :])
    _say_size(context, plan)
    try:
        found = carry_out_tune(
            plan,
            settings,
            environ=context.environ,
            directory=current_directory(),
            tell=lambda progress: _say_progress(context, plan, progress),
            shows_output=given.show_output,
        )
    except SweepStoppedError as stopped:
        context.say(_("Stopped. Go on where it stopped: brizna tune --resume"))
        return 128 + stopped.signal
    from brizna.report._tune import tune_lines, tune_page

    return tell_found(context, given, found, tune_lines, tune_page)


def _parser(context: Context) -> Parser:
    _ = context.texts.gettext
    parser = Parser(
        "brizna tune",
        _("Search a training's parameters for good quality at little energy.")
        + "\n\nbrizna tune --vary lr=1e-4..0.1:log --quality accuracy -- python train.py {lr}",
        context.texts,
        usage=_("brizna tune [options] -- command [arguments]"),
    )
    _add_space(parser)
    _add_manner(parser)
    add_json(parser)
    add_settings(parser, _SETTINGS)
    return parser


def _add_space(parser: Parser) -> None:
    _ = parser.texts.gettext
    parser.add_argument(
        "--vary",
        metavar="NAME=VALUES",
        action="append",
        default=[],
        help=_("what may be set, for {NAME} in the command: batch=16,32 or lr=1e-4..0.1:log"),
    )
    parser.add_argument(
        "--start",
        metavar="SETTING",
        action="append",
        default=[],
        help=_("a setting to try first, such as lr=0.01,batch=32; may be repeated"),
    )
    parser.add_argument(
        "--quality",
        metavar="NAME",
        default="quality",
        help=_("what the command calls its quality: it prints NAME=0.93 (quality)"),
    )
    parser.add_argument("--less", action="store_true", help=_("less of the quality is better"))
    parser.add_argument(
        "--target", metavar="Q", type=float, help=_("the quality that is enough: take the cheapest")
    )
    parser.add_argument(
        "--resource",
        metavar="NAME=LEAST..MOST",
        help=_("give all settings little of this, and the better ones more: epochs=1..27"),
    )
    parser.add_argument(
        "--factor",
        metavar="N",
        type=int,
        default=_FACTOR,
        help=_("by how much it grows, and by how much settings get fewer (3)"),
    )
    parser.add_argument(
        "--alone",
        action="store_true",
        help=_("no search: try each level alone beside the first levels of all, in turn"),
    )


def _add_manner(parser: Parser) -> None:
    _ = parser.texts.gettext
    parser.add_argument(
        "--trials",
        metavar="N",
        type=int,
        default=_TRIALS,
        help=_("settings that are tried at most (30)"),
    )
    parser.add_argument(
        "--budget",
        metavar="AMOUNT",
        help=_("energy or time that all trials together may take, such as 50kJ or 20min"),
    )
    parser.add_argument(
        "--repeats",
        metavar="N",
        type=int,
        default=_REPEATS,
        help=_("how often the ends of the front are trained, or each level with --alone (3)"),
    )
    parser.add_argument(
        "--sampler", default="tpe", help=_("tpe, which needs Optuna, or random (tpe)")
    )
    parser.add_argument(
        "--seed", metavar="N", type=int, help=_("decides all chance; drawn and said if not given")
    )
    add_series(parser, resume=_("go on with a search that was cut short; the last, or by its name"))
    parser.add_argument(
        "--function",
        metavar="MODULE:NAME",
        help=_("instead of a command: a Python function that returns the quality"),
    )


def _plan(
    given: Namespace, context: Context, settings: Settings, command: Sequence[str]
) -> TunePlan:
    from brizna.core.tune import Parameter, Resource, TunePlan
    from brizna.improve import read_budget
    from brizna.verbs._run import current_directory
    from brizna.verbs._series import resumed_plan
    from brizna.verbs._tune import function_command, plan_tune, read_start

    if given.resume is not None:
        return resumed_plan(
            TunePlan,
            given.resume or None,
            command,
            settings,
            environ=context.environ,
            directory=current_directory(),
        )
    resource = given.resource
    return plan_tune(
        command if given.function is None else function_command(given.function, command),
        parameters=tuple(map(Parameter.read, given.vary)),
        starts=tuple(map(read_start, given.start)),
        quality=given.quality,
        more_is_better=not given.less,
        target=given.target,
        trials=given.trials,
        resource=None if resource is None else Resource.read(resource, factor=given.factor),
        repeats=given.repeats,
        is_experiment=given.alone,
        sampler=given.sampler,
        seed=drawn_seed() if given.seed is None else given.seed,
        view=settings["view"],
        **read_budget(given.budget),
    )


def _say_size(context: Context, plan: TunePlan) -> None:
    _ = context.texts.gettext
    if plan.is_experiment:
        said = _("levels: {levels}, repeats: {repeats}, seed: {seed}").format(
            levels=len(plan.arms()), repeats=plan.repeats, seed=plan.seed
        )
    else:
        said = _("settings: at most {trials}, sampler: {sampler}, seed: {seed}").format(
            trials=plan.trials, sampler=plan.sampler, seed=plan.seed
        )
    context.say(said)


def _say_progress(context: Context, plan: TunePlan, progress: TuneProgress) -> None:
    from brizna.core.quantities import Energy
    from brizna.report import Format

    style = Format(context.lang)
    _ = style.say
    trial, note = progress.trial, progress.trial.note
    parts = [str(progress.done), progress.name]
    if note.amount is not None and plan.resource is not None:
        parts.append(f"{plan.resource.name}={note.amount}")
    if note.quality is None or trial.energy_j is None:
        parts.append(_("given up: {why}").format(why=style.stored(note.failed or trial.reason)))
    else:
        parts.append(f"{plan.quality}={style.number(note.quality, step=1e-4)}")
        parts.append(style.quantity(Energy(trial.energy_j.best.value)))
    spent = style.quantity(Energy(progress.spent_j))
    if plan.budget_j is not None:
        budget = style.quantity(Energy(plan.budget_j))
        parts.append(_("{spent} of {budget} spent").format(spent=spent, budget=budget))
    elif plan.budget_s is not None:
        spent, budget = style.duration(progress.spent_s), style.duration(plan.budget_s)
        parts.append(_("{spent} of {budget} spent").format(spent=spent, budget=budget))
    context.say("  ".join(parts))

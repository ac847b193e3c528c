"""``brizna power``: sweep settings against energy and time, and put back what a sweep has left."""

from __future__ import annotations

from brizna.cli._options import add_json, add_settings, settings_of
from brizna.cli._parser import Parser
from brizna.cli._trials import add_series, drawn_seed, tell_found
from brizna.core.errors import InputError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable, Sequence

    from brizna.cli._dispatch import Context
    from brizna.core.sweep import SweepPlan
    from brizna.verbs import Progress
    from brizna.verbs._settings import Settings

_SETTINGS = (
    *("zone", "pue", "intensity", "interval", "store", "lang"),
    *("meter", "credentials", "view", "idle_w"),
)
_REPEATS, _WARM_UPS, _SETTLE = 5, 1, "1s"


def power(context: Context, words: list[str]) -> int:
    """Carry out one of the actions."""
    if words and words[0] in ACTIONS:
        return ACTIONS[words[0]](context, words[1:])
    if words and words[0] in ("-h", "--help"):
        return ACTIONS["sweep"](context, words)
    from brizna.core.factors import nearest

    raise InputError(
        "{name!r} is not something to do with power.{hint} Known: {names}.",
        name=words[0] if words else "",
        hint=nearest(words[0] if words else "", ACTIONS),
        names=", ".join(ACTIONS),
    )


def _restore(context: Context, words: list[str]) -> int:
    """Put back what a killed sweep has left, and say what was done."""
    from brizna.run import put_back, restore_files

    _ = context.texts.gettext
    about = _("Put limits of devices back that a killed sweep has left changed.")
    parser = Parser("brizna power restore", about, context.texts)
    add_settings(parser, ("lang",))
    parser.parse_args(words)
    said = [one for path in restore_files(context.environ) for one in put_back(path)]
    context.complain_of(said)
    if not said:
        context.say(_("Nothing is left to put back."))
    return 0


def _sweep(context: Context, words: list[str]) -> int:
    """Try a command under several settings in turn, and say which to take."""
    from brizna.verbs import Bench, SweepStoppedError, sweep
    from brizna.verbs._run import current_directory

    _ = context.texts.gettext
    place = words.index("--") if "--" in words else len(words)
    given = _parser(context).parse_args(words[:place])
    settings = settings_of(given, context)
    plan = _plan(given, context, settings, words[place + 1 :])
    _say_size(context, plan)
    try:
        found = sweep(
            plan,
            settings,
            environ=context.environ,
            directory=current_directory(),
            tell=lambda progress: _say_progress(context, progress),
            bench=Bench(shows_output=given.show_output),
        )
    except SweepStoppedError as stopped:
        context.say(_("Stopped. Go on where it stopped: brizna power sweep --resume"))
        return 128 + stopped.signal
    from brizna.report import sweep_lines, sweep_page

    return tell_found(context, given, found, sweep_lines, sweep_page)


def _parser(context: Context) -> Parser:
    _ = context.texts.gettext
    parser = Parser(
        "brizna power sweep",
        _("Try a command under several settings in turn: which takes the least energy?")
        + "\n\nbrizna power sweep --threads 1,2,4 -- python train.py",
        context.texts,
        usage=_("brizna power sweep [options] -- command [arguments]"),
    )
    _add_dimensions(parser)
    _add_manner(parser)
    add_json(parser)
    add_settings(parser, _SETTINGS)
    return parser


def _add_dimensions(parser: Parser) -> None:
    _ = parser.texts.gettext
    about = {
        "--gpu-limit": _("power limits of the GPUs, such as now,250,200W"),
        "--gpu-clock": _("clocks of NVIDIA cards for applications, such as now,1200,900MHz"),
        "--cpu-limit": _("power limits of each processor package, such as now,65W (RAPL)"),
        "--cpu-freq": _("highest clocks of the processors, such as now,2.0,1.2GHz"),
        "--cpu-perf": _("highest performance of the processors, such as 100,60%% (intel_pstate)"),
        "--threads": _("threads of the numeric libraries, such as 1,2,4"),
        "--processes": _("copies of the command at once, such as 1,2; each gets BRIZNA_PROCESS"),
    }
    for option, text in about.items():
        parser.add_argument(option, metavar="LEVELS", help=text)
    parser.add_argument(
        "--vary",
        metavar="NAME=VALUES",
        action="append",
        default=[],
        help=_("values for {NAME} in the command and the variable NAME; may be repeated"),
    )
    parser.add_argument(
        "--gpu", metavar="CARDS", help=_("cards to limit, such as 0,1; all that are visible")
    )
    parser.add_argument(
        "--pin",
        action="store_true",
        help=_("bind each copy to as many processors as it has threads"),
    )


def _add_manner(parser: Parser) -> None:
    _ = parser.texts.gettext
    parser.add_argument(
        "--repeats",
        metavar="N",
        type=int,
        default=_REPEATS,
        help=_("how often each setting is tried (5)"),
    )
    parser.add_argument(
        "--warm-ups",
        metavar="N",
        type=int,
        default=_WARM_UPS,
        help=_("trials that go before and do not count (1)"),
    )
    parser.add_argument(
        "--settle", metavar="TIME", default=_SETTLE, help=_("pause before each trial (1s)")
    )
    parser.add_argument(
        "--seed", metavar="N", type=int, help=_("decides the order; drawn and said if not given")
    )
    parser.add_argument(
        "--goal",
        default="energy",
        help=_("energy, time, edp, or a bound such as 'energy within 5%% time' (energy)"),
    )
    parser.add_argument(
        "--per", metavar="WORK", help=_("compare by one of this work, as brizna mark --count says")
    )
    parser.add_argument("--most", metavar="N", type=int, help=_("settings that are allowed (64)"))
    add_series(parser, resume=_("go on with a sweep that was cut short; the last, or by its name"))


def _plan(
    given: Namespace, context: Context, settings: Settings, command: Sequence[str]
) -> SweepPlan:
    from brizna.core.quantities import Duration
    from brizna.core.sweep import KINDS, MOST_SETTINGS, SweepPlan
    from brizna.verbs import plan_sweep, read_dimension, resumed_plan
    from brizna.verbs._run import current_directory

    if given.resume is not None:
        return resumed_plan(
            SweepPlan,
            given.resume or None,
            command,
            settings,
            environ=context.environ,
            directory=current_directory(),
        )
    texts = {kind: getattr(given, kind.replace("-", "_")) for kind in KINDS}
    varied = [("vary", text) for text in given.vary]
    asked = [(kind, text) for kind, text in texts.items() if kind != "vary" and text is not None]
    return plan_sweep(
        command,
        [read_dimension(kind, text) for kind, text in (*asked, *varied)],
        most=MOST_SETTINGS if given.most is None else given.most,
        repeats=given.repeats,
        warm_ups=given.warm_ups,
        seed=drawn_seed() if given.seed is None else given.seed,
        goal=given.goal,
        per=given.per,
        settle_s=Duration.parse(given.settle).value,
        pin=given.pin,
        gpus=_cards(given.gpu, context),
    )


def _cards(text: str | None, context: Context) -> tuple[str, ...]:
    """Return the cards that were named, or else those that programs here may see."""
    asked = context.environ.get("CUDA_VISIBLE_DEVICES", "") if text is None else text
    return tuple(part.strip() for part in asked.split(",") if part.strip())


def _say_size(context: Context, plan: SweepPlan) -> None:
    from sys import maxsize

    _ = context.texts.gettext
    settings = len(plan.settings(most=maxsize))
    total = settings * plan.repeats + plan.warm_ups
    said = _(
        "settings: {settings}, repeats: {repeats}, warm-ups: {warm_ups}; trials: {total}, seed: "
        "{seed}"
    ).format(
        settings=settings,
        repeats=plan.repeats,
        warm_ups=plan.warm_ups,
        total=total,
        seed=plan.seed,
    )
    context.say(said)


def _say_progress(context: Context, progress: Progress) -> None:
    from brizna.core.quantities import Energy
    from brizna.report import Format

    style = Format(context.lang)
    _ = style.say
    parts = [f"{progress.done}/{progress.total}", progress.arm]
    if progress.facts is None:
        parts.append(_("given up: {why}").format(why=style.stored(progress.failed)))
    else:
        energy = progress.facts.energy_j
        parts.append(style.duration(progress.facts.duration_s))
        parts.append("-" if energy is None else style.quantity(Energy(energy.best.value)))
    if not progress.counts:
        parts.append(_("warm-up, does not count"))
    if progress.done < progress.total:
        parts.append(_("about {time} left").format(time=style.duration(progress.left_s)))
    context.say("  ".join(parts))


ACTIONS: dict[str, Callable[[Context, list[str]], int]] = {"sweep": _sweep, "restore": _restore}
"""What can be done."""

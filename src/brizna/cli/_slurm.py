"""``brizna slurm prolog``, ``tick`` and ``epilog``: one record for each job, without a daemon."""

from __future__ import annotations

from brizna.cli._options import add_json, add_settings, settings_of
from brizna.cli._parser import Parser
from brizna.core.errors import BriznaError, UnavailableError
from brizna.report import run_lines, said

TYPE_CHECKING = False
if TYPE_CHECKING:
    from brizna.cli._dispatch import Context
    from brizna.verbs._slurm import Node

_SETTINGS = (
    *("zone", "pue", "intensity", "tariff", "currency", "meter", "credentials", "view"),
    *("store", "lang", "strict", "names"),
)
ACTIONS = ("prolog", "tick", "epilog")


def slurm(context: Context, words: list[str]) -> int:
    """Carry out one of the steps of a job; what goes wrong is told and, without --strict, is all.

    A prolog or an epilog that fails takes its node out of work.
    """
    from brizna.verbs._slurm import Node, state_folder

    _ = context.texts.gettext
    parser = Parser(
        "brizna slurm",
        _(
            "Measure each job of a cluster from SLURM's Prolog and Epilog: prolog reads the "
            "counters, epilog reads them again and writes the run, tick reads them in between."
        ),
        context.texts,
    )
    parser.add_argument("action", choices=ACTIONS, help=_("which step of the job this is"))
    parser.add_argument(
        "--state", metavar="DIR", help=_("where counters are kept between begin and end of a job")
    )
    add_json(parser)
    add_settings(parser, _SETTINGS)
    given = parser.parse_args(words)
    settings = settings_of(given, context)
    node = Node(environ=context.environ, settings=settings, state=given.state or state_folder())
    try:
        _carry_out(context, node, given.action, as_json=given.json)
    except BriznaError as error:
        if settings["strict"]:
            raise
        context.say(f"brizna: {said(error, context.lang)}")
    except OSError as error:
        lost = UnavailableError(
            "The counters cannot be kept in {folder!r} ({reason}): choose a folder with --state.",
            folder=node.state,
            reason=error.strerror,
        )
        if settings["strict"]:
            raise lost from error
        context.say(f"brizna: {said(lost, context.lang)}")
    return 0


def _carry_out(context: Context, node: Node, action: str, *, as_json: bool) -> None:
    from brizna.verbs._slurm import begin_job, end_job, tick

    if action == "prolog":
        begin_job(node)
    elif action == "tick":
        jobs = tick(node)
        if as_json:
            context.tell_json(jobs)
    else:
        view, directory = end_job(node)
        if as_json:
            context.tell_json(view)
        else:
            lines = run_lines(view, lang=context.lang, width=context.width, stored=directory)
            context.say(*lines)

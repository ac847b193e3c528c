"""``brizna run [options] -- command``: measure any command."""

from __future__ import annotations

import argparse
import os

from brizna.cli._carry import add_following, following
from brizna.cli._options import add_settings, settings_of, store_of
from brizna.cli._parser import Parser
from brizna.core.errors import InputError, Said
from brizna.report import run_lines
from brizna.verbs._recorder import Job
from brizna.verbs._run import Finished, current_directory, run_command

TYPE_CHECKING = False
if TYPE_CHECKING:
    from brizna.account import FunctionalUnit
    from brizna.cli._dispatch import Context
    from brizna.verbs import View

_SETTINGS = (
    *(
        "zone",
        "pue",
        "operator",
        "intensity",
        "tariff",
        "currency",
        "contract",
        "interval",
        "store",
        "lang",
    ),
    *("factors", "factor_policy", "wue", "ewif", "market", "guaranteed", "marginal"),
    *("machine", "lifetime", "hardware_share"),
    *("meter", "credentials", "to"),
    *("quiet", "strict", "names", "view", "idle_w"),
)


def run(context: Context, words: list[str]) -> int:
    """Measure a command and return its own exit code."""
    ours, command = _split(words)
    parser = _parser(context)
    if command is None:
        parser.add_argument(
            "command",
            nargs=argparse.REMAINDER,
            metavar=context.texts.gettext("command"),
            help=context.texts.gettext("the command and its arguments"),
        )
    given = parser.parse_args(ours)
    command = given.command if command is None else command
    if not command:
        parser.error(context.texts.gettext("no command was given: put it after --"))
    settings = settings_of(given, context)
    _check_folder(given.json)
    plan = following(given, context, settings)
    if plan is not None:
        settings = plan.settings(settings)
        plan.wait(context)
    report = RunReport(context, given.json, quiet=settings["quiet"])
    finished = run_command(
        Job(
            command=command,
            name=given.name,
            tags=[*given.tag, *_stage(given.stage)],
            unit=read_unit(given.unit),
            watch=given.watch,
        ),
        settings,
        environ=context.environ,
        directory=current_directory(),
        afterwards=report.tell,
        follow=None if plan is None else plan.follow,
    )
    if plan is not None and finished.view is not None and finished.directory is not None:
        plan.tell(context, store_of(given, context), finished.view["id"])
    if settings["strict"] and (finished.trouble or report.failed):
        return 125
    return finished.outcome.exit_code


def _stage(stage: str | None) -> list[str]:
    """Return the tag of a stage, checked before anything is measured.

    Raises:
        InputError: If there is no such stage.
    """
    if stage is None:
        return []
    from brizna.account import persona_of

    persona_of(stage)
    return [f"stage:{stage}"]


def _check_folder(path: str | None) -> None:
    """Refuse, before hours have passed, a file whose folder is not there."""
    folder = os.path.dirname(path or "") or "."
    if not os.path.isdir(folder):
        raise InputError(
            "--json names {path!r}, but there is no folder {folder!r}: make it first.",
            path=path,
            folder=folder,
        )


def read_unit(text: str | None) -> FunctionalUnit | None:
    """Return the functional unit in a text such as ``1000 inferences``; None for None.

    Raises:
        InputError: If the text is not a count and a name.
    """
    if text is None:
        return None
    from brizna.account import FunctionalUnit

    count, _, name = text.strip().partition(" ")
    try:
        return FunctionalUnit(name=name.strip() or "unit", count=float(count))
    except ValueError as error:
        raise InputError(
            "--unit is {text!r}, but a count above 0 and a name were expected, such as '1000 "
            "inferences'.",
            text=text,
        ) from error


def _split(words: list[str]) -> tuple[list[str], list[str] | None]:
    """Part our words from the command's; None if there is no ``--``."""
    if "--" not in words:
        return words, None
    place = words.index("--")
    return words[:place], words[place + 1 :]


def _parser(context: Context) -> Parser:
    _ = context.texts.gettext
    parser = Parser(
        "brizna run",
        _("Measure a command: energy, carbon, time. Nothing after -- is read by brizna."),
        context.texts,
        usage=_("brizna run [options] -- command [arguments]"),
    )
    parser.add_argument("--name", help=_("what to call the run"))
    parser.add_argument(
        "--tag", action="append", default=[], help=_("what the run belongs to; may be repeated")
    )
    parser.add_argument(
        "--stage",
        help=_("stage of an AI system's life that it is of, such as fine-tuning or inference"),
    )
    parser.add_argument(
        "--unit", metavar="'N NAME'", help=_("what to divide by, such as '1000 inferences' (SCI)")
    )
    parser.add_argument(
        "--watch",
        action="append",
        default=[],
        metavar=_("USER"),
        help=_(
            "tell what another uses too: cgroup:/PATH, container:ID, slurm:JOBID, pid:NUMBER; may "
            "be repeated"
        ),
    )
    parser.add_argument("--json", metavar="FILE", help=_("write the result to a file as JSON"))
    add_settings(parser, _SETTINGS)
    add_following(parser)
    return parser


class RunReport:
    """Tells the result at the end of a run; what goes wrong here never changes the exit code."""

    def __init__(self, context: Context, json_file: str | None, *, quiet: bool) -> None:
        self._context = context
        self._json_file = json_file
        self._quiet = quiet
        self.failed = False

    def tell(self, finished: Finished) -> None:
        """Write the JSON file and print the lines."""
        try:
            trouble = [*finished.trouble, *self._write_json(finished.view)]
            if not finished.outcome.started:
                self._context.complain(finished.outcome.reason or "")
            elif finished.view is not None and not self._quiet:
                self._context.say(*self._lines(finished.view, finished))
            if trouble:
                self.failed = True
                self._context.complain(*trouble)
        except Exception:  # noqa: BLE001  (nobody reads stderr, say: the exit code is the command's)
            self.failed = True

    def _lines(self, view: View, finished: Finished) -> list[str]:
        context = self._context
        return run_lines(
            view,
            lang=context.lang,
            width=context.width,
            color=context.color_err,
            stored=finished.directory,
        )

    def _write_json(self, view: View | None) -> list[str]:
        """Write the view whole or not at all; return what went wrong."""
        if self._json_file is None or view is None:
            return []
        from brizna.core.codec import encode
        from brizna.store import replace_file

        try:
            replace_file(self._json_file, encode(view) + b"\n")
        except OSError as error:
            return [
                str(
                    Said(
                        "{path!r} could not be written: {reason}.",
                        path=self._json_file,
                        reason=error.strerror,
                    )
                )
            ]
        return []

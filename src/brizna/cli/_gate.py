"""``brizna gate``: fail where a change takes more than what it replaces, or than its budget."""

from __future__ import annotations

import errno
import os

from brizna.cli._options import add_json, add_settings, settings_of
from brizna.cli._parser import Parser
from brizna.cli._written import add_findings, put, put_findings
from brizna.core.errors import InputError, UnavailableError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Sequence

    from brizna.check import Verification
    from brizna.cli._dispatch import Context
    from brizna.verbs import GateAsked, GateProgress

_SETTINGS = ("interval", "store", "lang", "meter", "credentials", "idle_w")
_CODES = {"pass": 0, "fail": 1, "cannot-tell": 4}


def gate(context: Context, words: list[str]) -> int:
    """Gate a command; exit 1 where it takes too much or does too little, 4 if nobody can tell."""
    from brizna.check import verify_gate
    from brizna.report import gate_lines
    from brizna.verbs import SweepStoppedError
    from brizna.verbs import gate as gate_one
    from brizna.verbs._gate import file_of
    from brizna.verbs._run import current_directory

    place = words.index("--") if "--" in words else len(words)
    given = _parser(context).parse_args(words[:place])
    _check_files(given)
    settings = settings_of(given, context)
    directory = current_directory()
    try:
        found = gate_one(
            _asked(given, words[place + 1 :]),
            settings,
            environ=context.environ,
            directory=directory,
            tell=lambda progress: _say(context, progress),
        )
    except SweepStoppedError as stopped:
        return 128 + stopped.signal
    record = found.to_json()
    if given.json:
        context.tell_json(record)
    else:
        context.tell(
            *gate_lines(record, lang=context.lang, width=context.width, color=context.color)
        )
    verified = verify_gate(found, place=file_of(found.command, directory))
    _write(context, given, record, verified)
    outcome = verified.outcome()
    return 1 if outcome == "cannot-tell" and given.strict else _CODES[outcome]


def _check_files(given: Namespace) -> None:
    """Refuse to gate for minutes for a file that cannot be written in the end."""
    from importlib.util import find_spec

    for path in (given.markdown, given.html, given.junit, given.sarif):
        folder = os.path.dirname(path or "") or "."
        if not os.path.isdir(folder):
            raise UnavailableError(
                "{path!r} could not be written ({reason}): name another file.",
                path=path,
                reason=os.strerror(errno.ENOENT),
            )
    if given.html is not None and find_spec("jinja2") is None:
        raise UnavailableError(
            "The HTML report needs Jinja2 and babel: pip install 'brizna[report]'."
        )


def _say(context: Context, progress: GateProgress) -> None:
    from brizna.report import gate_progress

    context.say(gate_progress(progress.to_json(), lang=context.lang))


def _asked(given: Namespace, command: Sequence[str]) -> GateAsked:
    from shlex import split

    from brizna.check import Floor
    from brizna.verbs import GateAsked

    return GateAsked(
        command=tuple(command),
        base=given.base,
        figure=given.by,
        allow=_share(given.allow),
        notice=_share(given.notice),
        budget=given.max,
        name=given.name,
        floors=tuple(Floor.read(text) for text in given.quality),
        setup=tuple(split(given.setup or "")),
        variables=dict(_variable(text) for text in given.env),
        keep=tuple(given.keep),
        executions=given.executions,
        blocks=given.blocks,
    )


def _share(text: str) -> float:
    """Return the share in a text such as ``1%`` or ``0.01``."""
    number, sign, _ = text.partition("%")
    try:
        return float(number) / (100 if sign else 1)
    except ValueError:
        raise InputError(
            "{text!r} is no share: expected a number such as 1% or 0.01.", text=text
        ) from None


def _variable(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not name or not sign:
        raise InputError(
            "--env is {text!r}: expected NAME=VALUE, such as PYTHONPATH=src.", text=text
        )
    return name, value


def _write(
    context: Context, given: Namespace, record: dict[str, object], verified: Verification
) -> None:
    """Write the files that were asked for."""
    from brizna.check import GATE_RULES
    from brizna.report import gate_markdown, gate_page

    lang = context.lang
    if given.markdown is not None:
        put(context, given.markdown, gate_markdown(record, lang=lang).encode())
    if given.html is not None:
        put(context, given.html, gate_page(record, lang=lang))
    put_findings(context, given, verified, GATE_RULES)


def _parser(context: Context) -> Parser:
    _ = context.texts.gettext
    parser = Parser(
        "brizna gate",
        _(
            "Fail where a change takes more than what it replaces, or than its budget. Exit 0: it "
            "does not; 1: it does; 4: cannot tell."
        )
        + "\n\nbrizna gate --base main -- python train.py",
        context.texts,
        usage=_("brizna gate [options] -- command [arguments]"),
    )
    _add_asked(parser)
    _add_manner(parser)
    _add_files(parser)
    add_json(parser)
    add_settings(parser, _SETTINGS)
    return parser


def _add_asked(parser: Parser) -> None:
    _ = parser.texts.gettext
    parser.add_argument(
        "--base", metavar="REF", help=_("the commit that the working directory is held against")
    )
    parser.add_argument(
        "--max", metavar="BUDGET", help=_("what it may take: 450Wh, 30s of processor, 2e9 steps")
    )
    parser.add_argument(
        "--quality",
        metavar="NAME>=FLOOR",
        action="append",
        default=[],
        help=_("what it must reach, such as 'accuracy>=0.9' or 'accuracy>=base-0.01'"),
    )
    parser.add_argument(
        "--allow", metavar="SHARE", default="0%", help=_("the change that may be (0%%)")
    )
    parser.add_argument(
        "--notice",
        metavar="SHARE",
        default="5%",
        help=_("the smallest change that matters (5%%); it passes once less is shown"),
    )
    parser.add_argument(
        "--by",
        metavar="FIGURE",
        choices=("auto", "instructions", "cpu", "energy"),
        default="auto",
        help=_("what is compared: instructions, cpu, energy; the steadiest there is (auto)"),
    )


def _add_manner(parser: Parser) -> None:
    _ = parser.texts.gettext
    parser.add_argument(
        "--setup", metavar="COMMAND", help=_("what each version runs once before all")
    )
    parser.add_argument(
        "--env",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help=_("a variable for the command, such as PYTHONPATH=src; may be repeated"),
    )
    parser.add_argument(
        "--keep",
        metavar="NAME",
        action="append",
        default=[],
        help=_("a variable of yours that it gets too; may be repeated"),
    )
    parser.add_argument(
        "--executions",
        metavar="N",
        type=int,
        help=_("executions that make one figure; chosen by how long one takes"),
    )
    parser.add_argument(
        "--blocks", metavar="N", type=int, default=40, help=_("the most blocks, 11 to 40 (40)")
    )
    parser.add_argument(
        "--name",
        metavar="NAME",
        help=_("what the base's history is kept under, also if the command changes"),
    )
    parser.add_argument(
        "--strict", action="store_true", help=_("exit 1 also where something cannot be told")
    )


def _add_files(parser: Parser) -> None:
    _ = parser.texts.gettext
    parser.add_argument(
        "--markdown", metavar="FILE", help=_("write one table for a pull request or a summary")
    )
    parser.add_argument(
        "--html", metavar="FILE", help=_("write a page: the verdicts, and each block as a drawing")
    )
    add_findings(parser)

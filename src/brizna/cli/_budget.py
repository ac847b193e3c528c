"""``brizna budget``: what may be spent in a period, what was, and when it will be gone."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from brizna.cli._charge import read_instant
from brizna.cli._options import add_json, add_settings, read_store_of, settings_of
from brizna.cli._parser import Parser

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace

    from brizna.account import Budget
    from brizna.cli._dispatch import Context

_FILE = "budgets.toml"
_CODES = {"kept": 0, "warned": 0, "cannot-tell": 4, "exceeded": 1}


def budget(context: Context, words: list[str]) -> int:
    """Tell how budgets stand; exit 1 where one is exceeded, 4 where nobody can tell."""
    from brizna.report import budgets_lines
    from brizna.verbs import judge_budgets

    given = _parser(context).parse_args(words)
    at = datetime.fromtimestamp(time.time(), UTC) if given.at is None else read_instant(given.at)
    settings = settings_of(given, context)
    budgets = _budgets(given)
    states = judge_budgets(read_store_of(given, context), budgets, at=at, settings=settings)
    records = [state.to_json() for state in states]
    if given.json:
        context.tell_json(records)
    else:
        lines = budgets_lines(records, lang=context.lang, width=context.width, color=context.color)
        context.tell(*lines)
    codes = [_CODES[state.state] for state in states]
    worst = 1 if 1 in codes else max(codes, default=0)
    return 1 if worst and settings["strict"] else worst


def _budgets(given: Namespace) -> list[Budget]:
    from brizna.verbs import read_budget, read_budgets

    if given.limit is None:
        return read_budgets(given.file)
    table = {
        "limit": given.limit,
        "from": given.first,
        "to": given.last,
        "tags": given.tag,
        "warn_at": given.warn_at,
    }
    return [read_budget(table, where="--limit")]


def _parser(context: Context) -> Parser:
    _ = context.texts.gettext
    parser = Parser(
        "brizna budget",
        _(
            "How budgets of energy, carbon, water or money stand: what was spent of each, what "
            "will be by the end at this pace, and when it will be gone."
        ),
        context.texts,
    )
    parser.add_argument(
        "file",
        nargs="?",
        default=_FILE,
        metavar="FILE",
        help=_("tables [[budget]] in TOML ({file})").format(file=_FILE),
    )
    parser.add_argument("--limit", help=_("one budget instead: '500 kg', '2 MWh', '800 EUR'"))
    parser.add_argument("--from", dest="first", metavar="DAY", help=_("its first day"))
    parser.add_argument("--to", dest="last", metavar="DAY", help=_("its last day"))
    parser.add_argument(
        "--tag", action="append", default=[], help=_("only runs with this tag; may be repeated")
    )
    parser.add_argument(
        "--warn-at", type=float, metavar="SHARE", help=_("warn from this share of it on (0.8)")
    )
    parser.add_argument("--at", metavar="INSTANT", help=_("as of then, instead of now"))
    add_json(parser)
    add_settings(parser, ("view", "strict", "store", "lang"))
    return parser

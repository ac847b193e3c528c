"""``brizna env attested``: who published what is installed, as an index attests it."""

from __future__ import annotations

import os
from datetime import UTC, datetime

from brizna.check import ENVIRONMENT_RULES
from brizna.cli._env_check import add_save, add_what, save
from brizna.cli._options import store_of
from brizna.cli._written import add_findings, put_findings
from brizna.report import findings_lines
from brizna.verbs import read_policy, surroundings_of
from brizna.verbs._env_lock import lock_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace

    from brizna.cli._dispatch import Context
    from brizna.cli._parser import Parser

_CODES = {"pass": 0, "fail": 1, "cannot-tell": 4}


def add_attested(parser: Parser) -> None:
    """Add what ``brizna env attested`` takes."""
    _ = parser.texts.gettext
    add_what(parser)
    parser.add_argument("--lock", metavar="FILE", required=True, help=_("its lock"))
    parser.add_argument(
        "--index",
        metavar="URL",
        help=_("ask this index, by names; nobody is asked if none is named"),
    )
    parser.add_argument(
        "--strict", action="store_true", help=_("exit 1 also where something cannot be told")
    )
    add_save(parser)
    add_findings(parser)


def attested(context: Context, given: Namespace) -> int:
    """Tell who published what is installed; exit 1 where it is wrong, 4 where nobody can tell."""
    from brizna.report._attested import published_lines
    from brizna.verbs._attested import Asking, attestation_cache, judge_attestations, published

    around = surroundings_of(given.what, store_of(given, context), context.environ)
    at = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    asking = Asking(attestation_cache(context.environ), at=at, index=given.index)
    rows = published(around, lock_of(given.lock), asking, policy=read_policy(os.getcwd()))
    found = judge_attestations(rows, around)
    save(context, given, found, around)
    if given.json:
        published_rows = [one.to_json() for one in rows]
        context.tell_json({"published": published_rows, "verification": found.to_json()})
    else:
        context.tell(
            *published_lines(rows, lang=context.lang, width=context.width, color=context.color),
            "",
            *findings_lines([found], ENVIRONMENT_RULES, lang=context.lang),
        )
    put_findings(context, given, found, dict(ENVIRONMENT_RULES))
    outcome = found.outcome()
    return 1 if outcome == "cannot-tell" and given.strict else _CODES[outcome]

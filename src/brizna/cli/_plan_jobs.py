"""``brizna plan --jobs``: many jobs from a table."""

from __future__ import annotations

import sys

from brizna.core.errors import InputError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace

    from brizna.cli._dispatch import Context
    from brizna.cli._parser import Parser


def add_jobs(parser: Parser) -> None:
    """Add the options for many jobs."""
    _ = parser.texts.gettext
    parser.add_argument(
        "--jobs", metavar="FILE", help=_("plan all jobs of a table (CSV or Parquet)")
    )
    parser.add_argument(
        "--out", metavar="FILE", help=_("where the answer goes, with --jobs (CSV or Parquet)")
    )
    parser.add_argument(
        "--capacity",
        metavar="W",
        help=_("watts that the jobs of one zone may draw together, or a table of them by zone"),
    )


def plan_table(context: Context, given: Namespace) -> int:
    """Plan the jobs of a table, write the answer, and tell what it saves."""
    from brizna.report import jobs_lines
    from brizna.verbs import plan_jobs, write_rows

    if not given.signal or not given.out:
        raise InputError(
            "Many jobs need a signal and a place for the answer: brizna plan --jobs jobs.csv "
            "--signal intensity.csv --out plan.csv"
        )
    progress = _Progress() if sys.stderr is not None and sys.stderr.isatty() else None
    plan = plan_jobs(given.jobs, given.signal, capacity=given.capacity, progress=progress)
    write_rows(given.out, plan.rows)
    summary = {**plan.summary(), "out": given.out}
    if given.json:
        context.tell_json(summary)
    else:
        context.tell(*jobs_lines(summary, lang=context.lang))
    return 0


class _Progress:
    """One line on the terminal that says how far the planning has gone."""

    def __call__(self, done: int, of: int) -> None:
        sys.stderr.write(f"\r  {done} / {of}" + "\n" * (done == of))
        sys.stderr.flush()

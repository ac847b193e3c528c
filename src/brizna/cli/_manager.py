"""``brizna report --as manager``: what it is about, and in which medium."""

from __future__ import annotations

import os

from brizna.cli._options import read_store_of, settings_of
from brizna.cli._report_file import check_suffix, issued_at
from brizna.core.errors import CoverageError, InputError
from brizna.report import ManagerForm, manager_origins

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from typing import Any

    from brizna.account import Budget
    from brizna.cli._dispatch import Context
    from brizna.report import Selection

_BUDGETS = "budgets.toml"
"""Where budgets stand if nobody says."""
_NOT_FOR_IT = ("into", "facts", "diff")


def form_of(given: Namespace) -> ManagerForm:
    """Return the form in the medium that it names, else in that of the file it goes to.

    Raises:
        InputError: If there is no such medium.
    """
    _name, dot, medium = given.form.partition(".")
    suffix = os.path.splitext(given.output)[1] if given.output and not dot else ""
    wanted = f".{medium}" if dot else suffix
    form = ManagerForm().in_medium(wanted)
    if not dot:
        check_suffix(ManagerForm.name, given.output, ManagerForm().media)
    if form is not None or not dot:
        return form or ManagerForm()
    raise InputError(
        "The form {name!r} cannot be written as .{medium}: leave that out, or see what there is: "
        "brizna report --list.",
        name=ManagerForm.name,
        medium=medium,
    )


def overview_for(context: Context, given: Namespace, selection: Selection) -> dict[str, Any]:
    """Return what a period came to, as JSON.

    Args:
        context: What the command runs in.
        given: The options.
        selection: The runs that they select.
    """
    from brizna.verbs import Question, book_of, overview_of

    for name in _NOT_FOR_IT:
        if getattr(given, name):
            raise InputError(
                "--{option} is not for the manager's report, which is about sums: leave it out.",
                option=name,
            )
    if given.run is None:
        selection = selection.replace(run=None)
    settings = settings_of(given, context)
    question = Question(
        at=issued_at(context.environ),
        settings=settings,
        book=book_of(settings, as_of=None),
        budgets=tuple(_budgets(given.budgets)),
        environ=context.environ,
    )
    overview = overview_of(read_store_of(given, context), selection, question)
    if selection.tags and not (overview.runs or overview.going_on or overview.unreadable):
        raise CoverageError(
            "No run that has ended has the tags {tags} and began in {period}. See what there is: "
            "brizna runs list.",
            tags=", ".join(selection.tags),
            period=overview.period,
        )
    return overview.told()


def _budgets(file: str | None) -> list[Budget]:
    from brizna.verbs import read_budgets

    if file is None and not os.path.isfile(_BUDGETS):
        return []
    return read_budgets(file or _BUDGETS)


def origin_lines(overview: dict[str, Any], *, lang: str) -> list[str]:
    """Return each number of the report with the commands that lead to it.

    Args:
        overview: What it is filled in from.
        lang: One of `LANGUAGES`.
    """
    lines: list[str] = []
    for one in manager_origins(overview, lang=lang):
        ends = f" ({one.ends})" if one.ends else ""
        lines.append(f"{one.what}: {one.best}{ends}")
        lines += [f"  {command}" for command in one.commands]
    return lines

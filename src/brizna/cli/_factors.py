"""``brizna factors``: the numbers behind the figures, a person's own, and what changed."""

from __future__ import annotations

import os

from brizna.account import differences, find_factors
from brizna.cli._options import add_as_of, add_json, add_settings, settings_of, store_of
from brizna.cli._parser import Parser
from brizna.core.book import COLUMNS, NEEDED, Book
from brizna.core.errors import InputError
from brizna.verbs import (
    add_factor,
    book_of,
    set_in_force,
    set_of_file,
    set_of_run,
)
from brizna.verbs._book import read_own_table
from brizna.verbs._factors import comparable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Sequence

    from brizna.account import FactorSet
    from brizna.cli._dispatch import Context

_ACTIONS = ("list", "show", "diff", "add")
_OWN = "factors.csv"


def factors(context: Context, words: list[str]) -> int:
    """Carry out one of the actions on factors; list them if none is named."""
    action = words[0] if words and words[0] in _ACTIONS else "list"
    if words and words[0] not in _ACTIONS and not words[0].startswith("-"):
        from brizna.core.factors import nearest

        raise InputError(
            "{name!r} is not something to do with factors.{hint} Known: {names}.",
            name=words[0],
            hint=nearest(words[0], _ACTIONS),
            names=", ".join(_ACTIONS),
        )
    carry_out = {"list": _list, "show": _show, "diff": _diff, "add": _add}[action]
    return carry_out(context, words[1:] if words and words[0] == action else words)


def _parser(action: str, about: str, context: Context) -> Parser:
    parser = Parser(f"brizna factors {action}", about, context.texts)
    add_json(parser)
    add_settings(parser, ("factors", "factor_policy", "store", "lang"))
    add_as_of(parser)
    return parser


def _list(context: Context, words: list[str]) -> int:
    from brizna.report import factors_lines

    _ = context.texts.gettext
    parser = _parser("list", _("List the factors in force."), context)
    parser.add_argument(
        "words", nargs="*", metavar="WORD", help=_("only those with each of these words")
    )
    given = parser.parse_args(words)
    every = _in_force(given, context)
    _tell_dated(context, given, ("in-force",))
    found = find_factors(every, given.words)
    if given.json:
        kept = every.replace(factors=tuple(found)) if given.words else every
        context.tell_json(kept.to_json())
        return 0
    context.tell(*factors_lines(found, lang=context.lang, width=context.width, color=context.color))
    context.say(
        context.texts.ngettext("{count} factor", "{count} factors", len(found)).format(
            count=len(found)
        )
        + f", {every.digest}"
    )
    return 0


def _show(context: Context, words: list[str]) -> int:
    from brizna.report import factor_lines

    _ = context.texts.gettext
    parser = _parser("show", _("Show all that is known of a factor."), context)
    parser.add_argument("factor", metavar="ID", help=_("its id or a part of it, such as grid/ES"))
    given = parser.parse_args(words)
    every = _in_force(given, context)
    exact = [one for one in every.factors if one.id == given.factor]
    found = exact or find_factors(every, [given.factor])
    if given.json:
        context.tell_json([one.to_json() for one in found])
        return 0
    for at, one in enumerate(found):
        context.tell(*([""] if at else []), *factor_lines(one, lang=context.lang))
    return 0


def _diff(context: Context, words: list[str]) -> int:
    from brizna.report import differences_lines

    _ = context.texts.gettext
    parser = _parser("diff", _("Show which factors differ between two sets."), context)
    about = _("shipped, in-force, a run, a table of your own, or what list --json wrote")
    parser.add_argument("before", metavar="BEFORE", help=about)
    parser.add_argument("after", metavar="AFTER", help=about)
    given = parser.parse_args(words)
    runs = {
        name: store_of(given, context).read(name).run
        for name in (given.before, given.after)
        if _kind(name) == "run"
    }
    day = max((run.started[:10] for run in runs.values()), default=None)
    sets = [_asked(name, given, context, day) for name in (given.before, given.after)]
    if runs:  # only what the run rests on
        sets = comparable(sets, [run.id for run in runs.values()])
    else:
        _tell_dated(context, given, (given.before, given.after))
    found = differences(*sets)
    if given.json:
        context.tell_json([one.to_json() for one in found])
    else:
        context.tell(
            *differences_lines(found, lang=context.lang, width=context.width, color=context.color)
        )
    return 0


def _add(context: Context, words: list[str]) -> int:
    _ = context.texts.gettext
    about = _("Add a factor of your own to a table, which --factors or a settings file names.")
    parser = Parser("brizna factors add", about, context.texts)
    parser.add_argument("id", metavar="ID", help=_("the factor it speaks about, such as grid/ES"))
    for name in COLUMNS[1:]:
        option = f"--{name.replace('_', '-')}"
        parser.add_argument(option, required=name in NEEDED, metavar=name.upper())
    parser.add_argument(
        "--file",
        default=_OWN,
        help=_("the table, made where there is none ({file})").format(file=_OWN),
    )
    add_settings(parser, ("lang",))
    given = parser.parse_args(words)
    cells = {name: value for name in COLUMNS if (value := getattr(given, name)) is not None}
    if not add_factor(given.file, cells):
        context.say(
            _(
                "No factor that comes along has the id {id}: the row stands by itself. brizna "
                "factors list tells the ids."
            ).format(id=given.id)
        )
    context.say(
        _(
            "{file}: {id} added. Put it in force with --factors {file}, or in brizna.toml: {line}"
        ).format(file=given.file, id=given.id, line=f'factors = ["{given.file}"]')
    )
    return 0


def _in_force(given: Namespace, context: Context) -> FactorSet:
    return set_in_force(book_of(settings_of(given, context), as_of=given.as_of))


def _kind(name: str) -> str:
    if name in ("shipped", "in-force"):
        return name
    return "file" if os.path.exists(name) else "run"


def _tell_dated(context: Context, given: Namespace, names: Sequence[str]) -> None:
    """Tell of rows of one's own that hold on some days only, where no day was named."""
    if given.as_of is not None:
        return
    files = [name for name in names if _kind(name) == "file" and not name.endswith(".json")]
    own = book_of(settings_of(given, context)).own if "in-force" in names else ()
    rows = [*own, *(row for file in files for row in read_own_table(file))]
    dated = dict.fromkeys(row.table for row in rows if not row.holds_on(None))
    if dated:
        _ = context.texts.gettext
        context.say(
            _(
                "These rows hold on some days only, and no day was named, so they do not count: "
                "{rows}. Name one with --as-of."
            ).format(rows=", ".join(dated))
        )


def _asked(name: str, given: Namespace, context: Context, day: str | None) -> FactorSet:
    book = book_of(settings_of(given, context), as_of=given.as_of)
    match _kind(name):
        case "shipped":
            return set_in_force(Book(as_of=given.as_of), name="shipped")
        case "in-force":
            return set_in_force(book, day=day)
        case "file":
            return set_of_file(name, book, day=day)
        case _:
            return set_of_run(store_of(given, context), name)

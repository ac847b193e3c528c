"""``brizna reuse``: what there is already, and which way to a model takes least."""

from __future__ import annotations

from brizna.cli._account import facts_of
from brizna.cli._options import (
    add_json,
    add_settings,
    read_store,
    read_store_of,
    settings_of,
    store_of,
)
from brizna.cli._parser import Parser
from brizna.core.errors import InputError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace

    from brizna.cli._dispatch import Context
    from brizna.store import Store


def reuse(context: Context, words: list[str]) -> int:
    """Look for what can be reused; compare the ways to a model over all queries."""
    from brizna.report import reuse_lines
    from brizna.verbs import reuse as found_by

    given = _given(context, words)
    stores: list[Store] = []
    if given.find:
        is_named = settings_of(given, context).origins["store"] == "option"
        stores.append((read_store_of if is_named else store_of)(given, context))
    stores += [read_store(path, context, is_named=True) for path in given.also]
    made = found_by(
        None if given.case is None else facts_of(given.case),
        words=given.find,
        stores=stores,
        folders=given.checkpoints,
    )
    if given.json:
        context.tell_json(made.to_json())
        return 0
    lines = reuse_lines(made.to_json(), lang=context.lang, width=context.width, color=context.color)
    context.tell(*lines)
    return 0


def _given(context: Context, words: list[str]) -> Namespace:
    """Return what was asked.

    Raises:
        InputError: If nothing is, or a word that everything has.
    """
    _ = context.texts.gettext
    parser = Parser(
        "brizna reuse",
        _("Look for runs and checkpoints before training, and compare the ways to a model.")
        + "\n\nbrizna reuse case.json --find sentiment --also /mnt/team/.brizna",
        context.texts,
    )
    parser.add_argument(
        "case",
        metavar="CASE.json",
        nargs="?",
        help=_("models, tokens and queries; - for standard input"),
    )
    parser.add_argument(
        "--find",
        metavar="WORD",
        action="append",
        default=[],
        help=_("a word of the run's name, tags or command, or of the file; may be repeated"),
    )
    parser.add_argument(
        "--also",
        metavar="STORE",
        action="append",
        default=[],
        help=_("another store to look in; may be repeated"),
    )
    parser.add_argument(
        "--checkpoints",
        metavar="FOLDER",
        action="append",
        default=[],
        help=_("a folder of checkpoints to look in; may be repeated"),
    )
    add_json(parser)
    add_settings(parser, ("store", "lang"))
    given = parser.parse_args(words)
    if given.case is None and not given.find:
        parser.error(_("name a file of facts, or a word to look for with --find"))
    if not all(word.strip() for word in given.find):
        raise InputError(
            "--find is empty, and every run and checkpoint has that: expected a word of what is "
            "looked for, such as --find sentiment."
        )
    return given

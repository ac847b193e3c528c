"""``brizna report``: documents from the same records."""

from __future__ import annotations

import os
import sys

from brizna.cli._options import add_json, add_settings, settings_of, store_of
from brizna.cli._parser import Parser
from brizna.cli._report_file import check_suffix, issued_at
from brizna.core.codec import digest_of_bytes
from brizna.core.errors import InputError, UnavailableError
from brizna.report import (
    ManagerForm,
    ManyMedia,
    Selection,
    find_renderer,
    in_medium,
    is_text,
    renderer_names,
)
from brizna.store import replace_file
from brizna.verbs import BundleForm, dossier_of, facts_of, key_ring, read_period
from brizna.verbs._run import current_directory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from typing import Any

    from brizna.cli._dispatch import Context
    from brizna.report import Document, Dossier, Figure, Renderer
    from brizna.store import Store

_CARD = "hf"
"""The form that can be put into an existing file."""
_MOST_FIELDS = 4
"""Fields that lack for one reason that are named; ``--json`` names all."""
_MOST_RUNS = 3
"""Runs of a sum that are named; ``--json`` names all."""


def report(context: Context, words: list[str]) -> int:
    """Write a document about a run, or about the runs of a tag or a period."""
    given = _parser(context).parse_args(words)
    if given.list:
        return _list(context, given)
    if given.form is None and given.into is not None:
        given.form = _CARD
    if given.form is None:
        raise InputError(
            "No form was named: choose one with --as. See what there is: brizna report --list."
        )
    if given.form.partition(".")[0] == ManagerForm.name:
        return _manager(context, given)
    store, settings = store_of(given, context), settings_of(given, context)
    renderer = _renderer(context, given, store)
    dossier = dossier_of(
        store,
        _selection(given),
        facts=facts_of(given.facts, directory=current_directory()),
        issued=issued_at(context.environ),
        seen_as=None if settings.origins["view"] == "default" else settings["view"],
    )
    _say_overlap(context, dossier)
    if given.into is not None:
        document = _put_into(given, dossier, context.lang)
    else:
        document = renderer.render(dossier, lang=context.lang)
    if given.json:
        context.tell_json(_told(renderer, dossier, document))
    elif given.figures:
        context.tell(*_figure_lines(dossier, document))
    output = given.output or given.into
    if given.diff:
        context.tell(*_differences(given.into, document))
    elif output is not None:
        _write(output, document.content)
        context.say(os.path.abspath(output))
        if renderer.name == BundleForm.name:  # to be told to whoever is to verify it
            context.say(digest_of_bytes(document.content))
    elif not (given.json or given.figures):
        _print(context, renderer, document.content)
    _say_lacking(context, document)
    return 0


def _manager(context: Context, given: Namespace) -> int:
    """Write the report on a period: it is about sums and what changed, not about runs."""
    from brizna.cli._manager import form_of, origin_lines, overview_for

    form, overview = form_of(given), overview_for(context, given, _selection(given))
    if given.json:
        context.tell_json(overview)
    elif given.figures:
        context.tell(*origin_lines(overview, lang=context.lang))
    if given.output is not None:
        _write(given.output, form.write(overview, lang=context.lang))
        context.say(os.path.abspath(given.output))
    elif not (given.json or given.figures):
        _print(context, form, form.write(overview, lang=context.lang))
    return 0


def _parser(context: Context) -> Parser:
    _ = context.texts.gettext
    parser = Parser(
        "brizna report",
        _("Write a document about a run, or about the runs of a tag or a period."),
        context.texts,
    )
    parser.add_argument(
        "run", nargs="?", metavar="RUN", help=_("an id, a part of one, a name, or last")
    )
    parser.add_argument("--as", dest="form", metavar="FORM", help=_("which document; see --list"))
    parser.add_argument("--list", action="store_true", help=_("list the forms"))
    parser.add_argument(
        "--tag", action="append", default=[], help=_("only runs with this tag; may be repeated")
    )
    parser.add_argument("--team", help=_("the runs with the tag team:TEAM"))
    parser.add_argument("--project", help=_("the runs with the tag project:PROJECT"))
    parser.add_argument(
        "--period",
        help=_("the runs begun in 2026, 2026-Q3, 2026-11, 2026-W47, 2026-11-22 or FROM..TO (UTC)"),
    )
    parser.add_argument(
        "--facts", metavar="FILE", help=_("what only you know, in TOML: model, publisher, task ...")
    )
    parser.add_argument(
        "--budgets",
        metavar="FILE",
        help=_("with --as manager: tables [[budget]] in TOML (budgets.toml if it is there)"),
    )
    parser.add_argument(
        "--key", metavar="KEY", help=_("with --as bundle: sign it with this key of yours")
    )
    parser.add_argument("-o", "--output", metavar="FILE", help=_("where to write it"))
    parser.add_argument(
        "--into", metavar="CARD", help=_("put it into this model card; all else in it stays")
    )
    parser.add_argument(
        "--diff", action="store_true", help=_("with --into: show what would change, write nothing")
    )
    parser.add_argument(
        "--figures",
        action="store_true",
        help=_("list each number in it with the command that explains it"),
    )
    add_json(parser)
    add_settings(parser, ("view", "store", "keys", "lang"))
    return parser


def _renderer(context: Context, given: Namespace, store: Store) -> Renderer:
    """Return a form in the medium that it names, else in that of the file it goes to."""
    form, output = given.form, given.output
    if form == BundleForm.name:  # the only one that packs what lies in the store
        settings = settings_of(given, context)
        ring = key_ring(settings, cwd=current_directory(), environ=context.environ)
        return BundleForm(store, ring=ring, key=given.key)
    if given.key is not None:
        raise InputError(
            "A document in the form {form} cannot be signed: expected --as bundle with --key, "
            "which packs the records with it.",
            form=form,
        )
    renderer = find_renderer(form, besides=(ManagerForm.name, BundleForm.name))
    suffix = os.path.splitext(output)[1] if output and "." not in form else ""
    made = (suffix and in_medium(renderer, suffix)) or renderer
    check_suffix(form, output, _media(made))
    return made


def _selection(given: Namespace) -> Selection:
    tags = list(given.tag)
    tags += [f"team:{given.team}"] if given.team else []
    tags += [f"project:{given.project}"] if given.project else []
    if given.run is not None and (tags or given.period):
        raise InputError(
            "Both a run ({run}) and a tag or a period were given: a report is about one run, or "
            "about all that a tag or a period selects.",
            run=given.run,
        )
    if not tags and not given.period:
        return Selection(run=given.run or "last")
    start, end = read_period(given.period) if given.period else (None, None)
    return Selection(tags=tuple(tags), start=start, end=end, period=given.period)


def _list(context: Context, given: Namespace) -> int:
    forms = [find_renderer(name) for name in renderer_names()]
    forms += [ManagerForm(), BundleForm(store_of(given, context))]
    if given.json:
        context.tell_json(
            [
                {
                    "form": form.name,
                    "suffix": form.suffix,
                    "media": list(_media(form)),
                    "media_type": form.media_type,
                    "about": form.about(context.lang),
                }
                for form in forms
            ]
        )
        return 0
    width = max(len(form.name) for form in forms) + 2
    for form in forms:
        others = " ".join(suffix for suffix in _media(form) if suffix != form.suffix)
        also = f" ({form.suffix} {others})" if others else ""
        context.tell(f"{form.name:<{width}}{form.about(context.lang)}{also}")
    return 0


def _media(form: Renderer | ManagerForm) -> tuple[str, ...]:
    if isinstance(form, ManagerForm):
        return form.media
    if isinstance(form, ManyMedia):
        return form.media
    return (form.suffix,)


def _print(context: Context, renderer: Renderer | ManagerForm, content: bytes) -> None:
    """Give a document to stdout; a terminal gets no bytes that it cannot show."""
    if is_text(renderer):
        context.tell(content.decode().removesuffix("\n"))
        return
    if context.is_terminal:
        raise InputError(
            "The form {form} is no text that a terminal shows: write it to a file with "
            "-o report{suffix}.",
            form=renderer.name,
            suffix=renderer.suffix,
        )
    sys.stdout.buffer.write(content)
    sys.stdout.buffer.flush()


def _put_into(given: Namespace, dossier: Dossier, lang: str) -> Document:
    from brizna.report import into_card

    if given.form != _CARD:
        raise InputError(
            "--into puts figures into a model card, but the form is {form}: leave out --as, or "
            "write a file of its own with -o.",
            form=given.form,
        )
    return into_card(_read(given.into), dossier, lang=lang)


def _differences(path: str | None, document: Document) -> list[str]:
    from difflib import unified_diff

    if path is None:
        raise InputError("--diff shows what --into would change: name the card with --into.")
    before, after = (text.decode().splitlines() for text in (_read(path), document.content))
    return list(unified_diff(before, after, path, path, lineterm=""))


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise UnavailableError(
            "{path!r} cannot be read: {reason}.",
            path=os.path.abspath(path),
            reason=error.strerror,
        ) from error


def _write(path: str, content: bytes) -> None:
    """Write a file whole; one that was there keeps its mode."""
    mode = os.stat(path).st_mode if os.path.isfile(path) else None
    try:
        replace_file(os.path.abspath(path), content)
        if mode is not None:
            os.chmod(path, mode)
    except OSError as error:
        raise UnavailableError(
            "{path!r} could not be written ({reason}): name another file with -o.",
            path=os.path.abspath(path),
            reason=error.strerror,
        ) from error


def _say_overlap(context: Context, dossier: Dossier) -> None:
    """Say on stderr what not every form has a place for: that some energy counts twice."""
    if dossier.at_once:
        _ = context.texts.gettext
        text = _(
            "{count} of the runs overlapped another on their machine: its energy counts twice."
        )
        context.say("brizna: " + text.format(count=len(dossier.at_once)))


def _say_lacking(context: Context, document: Document) -> None:
    """Say what the form asks for and does not get, and how to give it."""
    from brizna.report import stored

    _ = context.texts.gettext
    by_reason: dict[tuple[str, str | None], list[str]] = {}
    for one in document.lacking:
        by_reason.setdefault((one.why, one.fact), []).append(one.field)
    for (why, fact), fields in by_reason.items():
        help_ = _(" Declare {key} with --facts.").format(key=fact) if fact else ""
        rest = len(fields) - _MOST_FIELDS
        named = fields[:_MOST_FIELDS]
        named += [_("and {count} more").format(count=rest)] if rest > 0 else []
        text = _("not known: {field}: {why}.").format(
            field=", ".join(named), why=stored(why, context.lang)
        )
        context.say(f"brizna: {text}{help_}")


def _told(renderer: Renderer, dossier: Dossier, document: Document) -> dict[str, Any]:
    return {
        "form": renderer.name,
        "media_type": renderer.media_type,
        "digest": digest_of_bytes(document.content),
        "runs": [view["id"] for view in dossier.views],
        "figures": [
            {**figure.to_json(), "explain": _commands(dossier, figure)}
            for figure in document.figures
        ],
        "lacking": [one.to_json() for one in document.lacking],
    }


def _figure_lines(dossier: Dossier, document: Document) -> list[str]:
    lines: list[str] = []
    for figure in document.figures:
        commands = _commands(dossier, figure)
        more = [] if len(commands) <= _MOST_RUNS else [f"  ... ({len(commands)})"]
        lines.append(f"{figure.field}: {figure.shown} {figure.unit}".rstrip())
        lines += [*(f"  {command}" for command in commands[:_MOST_RUNS]), *more]
    return lines


def _commands(dossier: Dossier, figure: Figure) -> list[str]:
    """Return the commands that explain a figure: one for each run that it is summed over."""
    from shlex import quote

    every = [view["id"] for view in dossier.views]
    runs = [figure.record] if figure.record is not None else figure.records or every
    return [f"brizna explain {run} --figure {quote(figure.path)}" for run in runs]

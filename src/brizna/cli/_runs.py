"""``brizna runs``: list, sum, pack, remove, export, import and merge what was kept."""

from __future__ import annotations

import os

from brizna.cli._options import add_json, add_settings, read_store_of, settings_of, store_of
from brizna.cli._parser import Parser
from brizna.cli._totals import add_total, total
from brizna.core.errors import InputError, UnavailableError
from brizna.core.quantities import Duration

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable
    from typing import Any

    from brizna.cli._dispatch import Context
    from brizna.store import Store

_FORMS = ("archive", "codecarbon")
"""Forms of files that runs are exported to and imported from."""
_BEFORE = 1000
"""Runs before the listed ones among which runs of their kind are looked for."""
_ACTIONS = ("list", "total", "pack", "unpack", "rm", "prune", "export", "import", "merge")


def runs(context: Context, words: list[str]) -> int:
    """Carry out one of the actions on runs; list them if none is named."""
    action = words[0] if words and words[0] in _ACTIONS else "list"
    if words and words[0] not in _ACTIONS and not words[0].startswith("-"):
        from brizna.core.factors import nearest

        raise InputError(
            "{name!r} is not something to do with runs.{hint} Known: {names}.",
            name=words[0],
            hint=nearest(words[0], _ACTIONS),
            names=", ".join(_ACTIONS),
        )
    add, carry_out, about = _known_actions(context)[action]
    parser = Parser(f"brizna runs {action}", about, context.texts)
    add(parser)
    add_json(parser)
    add_settings(parser, ("store", *(("keys",) if action == "import" else ()), "lang"))
    given = parser.parse_args(words[1:] if words and words[0] == action else words)
    find = read_store_of if action == "total" else store_of
    return carry_out(context, find(given, context), given)


def _known_actions(
    context: Context,
) -> dict[str, tuple[Callable[[Parser], None], Callable[[Context, Store, Namespace], int], str]]:
    _ = context.texts.gettext
    return {
        "list": (_add_list, _list, _("List runs, the newest last.")),
        "total": (add_total, total, _("What all runs come to, by tag, period or place.")),
        "pack": (_add_limits, _pack, _("Put old runs into packs, many to a file.")),
        "unpack": (_add_references, _unpack, _("Take runs out of their packs.")),
        "rm": (_add_references, _remove, _("Remove runs with all that lies beside them.")),
        "prune": (_add_prune, _prune, _("Remove old runs, or only their samples.")),
        "export": (_add_export, _export, _("Pack runs into one file.")),
        "import": (_add_import, _import, _("Unpack runs that were exported.")),
        "merge": (_add_merge, _merge, _("Sum runs, such as the ranks of one job, into a new one.")),
    }


def _add_references(parser: Parser) -> None:
    parser.add_argument(
        "runs",
        nargs="+",
        metavar="RUN",
        help=parser.texts.gettext("an id, a part of one, a name, or last"),
    )


def _add_list(parser: Parser) -> None:
    _ = parser.texts.gettext
    parser.add_argument("--tag", help=_("only runs with this tag"))
    parser.add_argument("--limit", type=int, help=_("only so many of the newest"))


def _add_limits(parser: Parser) -> None:
    _ = parser.texts.gettext
    parser.add_argument("--keep-last", type=int, metavar="N", help=_("leave the newest N alone"))
    parser.add_argument(
        "--older-than", metavar="AGE", help=_("leave younger ones alone, such as 30d or 12h")
    )


def _add_prune(parser: Parser) -> None:
    _ = parser.texts.gettext
    _add_limits(parser)
    parser.add_argument(
        "--samples-only", action="store_true", help=_("remove the samples, keep the records")
    )


def _add_export(parser: Parser) -> None:
    _ = parser.texts.gettext
    _add_references(parser)
    parser.add_argument("-o", "--output", required=True, metavar="FILE", help=_("the file"))
    parser.add_argument(
        "--as",
        dest="form",
        choices=_FORMS,
        default=_FORMS[0],
        help=_("archive: all that was kept; codecarbon: a row for each run, for its readers"),
    )


def _add_import(parser: Parser) -> None:
    _ = parser.texts.gettext
    parser.add_argument("file", metavar="FILE", help=_("the file"))
    parser.add_argument(
        "--from",
        dest="form",
        choices=_FORMS,
        default=_FORMS[0],
        help=_("archive: what runs export wrote; codecarbon: its emissions.csv"),
    )
    parser.add_argument(
        "--time-zone",
        metavar="NAME",
        help=_("of times that name none, such as Europe/Madrid (UTC); not for archives"),
    )


def _add_merge(parser: Parser) -> None:
    _ = parser.texts.gettext
    parser.add_argument(
        "runs", nargs="*", metavar="RUN", help=_("an id, a part of one, a name, or last")
    )
    parser.add_argument(
        "--job", metavar="ID", help=_("all runs of this job of a scheduler or a launcher of ranks")
    )
    parser.add_argument("--name", help=parser.texts.gettext("what to call the new run"))


def _list(context: Context, store: Store, given: Namespace) -> int:
    from brizna.core.nesting import nested
    from brizna.report import runs_lines, stored
    from brizna.verbs import unlike_runs

    every = store.runs(limit=_looked_at(given))
    unlike = unlike_runs(every)
    found = [run for run in every if given.tag is None or given.tag in run.tags]
    if given.limit is not None:
        if given.limit < 1:
            raise InputError(
                "--limit is {limit}, but a number from 1 up was expected.", limit=given.limit
            )
        found = found[-given.limit :]
    listed: list[dict[str, Any]] = []
    for run in found:
        figures: list[Any] = unlike[run.id].to_json()["unlike"] if run.id in unlike else []
        listed.append({**run.to_json(), "unlike": figures})
    if given.json:
        context.tell_json(listed)
        return 0
    if given.tag is not None and not found:
        _ = context.texts.gettext
        context.say(_("No run has the tag {tag!r}.").format(tag=given.tag))
        return 0
    readable = {run["id"]: run for run in listed if run["state"] != "unreadable"}
    depths = nested(found)
    rows = [readable[run_id] for run_id in depths if run_id in readable]
    lang, width, color = context.lang, context.width, context.color
    context.tell(*runs_lines(rows, lang=lang, width=width, color=color, depths=depths))
    context.say(
        *(
            f"{run.id}: {stored(run.reason or '', context.lang)}"
            for run in found
            if run.state == "unreadable"
        )
    )
    return 0


def _looked_at(given: Namespace) -> int | None:
    """Return how many of the newest runs to look at: those listed, and those they are like."""
    if given.tag is not None or (given.limit or 0) < 1:
        return None
    return given.limit + _BEFORE


def _remove(context: Context, store: Store, given: Namespace) -> int:
    return _tell_ids(context, given, store.rm(given.runs))


def _pack(context: Context, store: Store, given: Namespace) -> int:
    """Pack; what was left where it is, is said with the reason."""
    from brizna.report import packed_lines

    packed = store.pack(keep_last=given.keep_last, older_than_s=_age_s(given)).to_json()
    if given.json:
        context.tell_json(packed)
    else:
        context.tell(*packed_lines(packed, lang=context.lang))
    return 0


def _unpack(context: Context, store: Store, given: Namespace) -> int:
    return _tell_ids(context, given, store.unpack(given.runs))


def _prune(context: Context, store: Store, given: Namespace) -> int:
    age_s, last = _age_s(given), given.keep_last
    ids = store.prune(keep_last=last, older_than_s=age_s, samples_only=given.samples_only)
    return _tell_ids(context, given, ids)


def _age_s(given: Namespace) -> float | None:
    """Return the age from which runs are meant; None if only their number says which."""
    if given.keep_last is None and given.older_than is None:
        raise InputError("Which runs? Give --keep-last, --older-than, or both.")
    if given.older_than is not None and given.older_than.strip()[-1:].isdigit():
        raise InputError(
            "--older-than {age} has no unit: give one, such as 30d or 12h.", age=given.older_than
        )
    return None if given.older_than is None else Duration.parse(given.older_than).value


def _export(context: Context, store: Store, given: Namespace) -> int:
    if given.form == "archive":
        digest = store.export(given.runs, given.output)
    else:
        digest = _export_rows(store, given)
    if given.json:
        context.tell_json({"file": given.output, "digest": digest})
    else:
        context.tell(f"{given.output}  {digest}")
    return 0


def _export_rows(store: Store, given: Namespace) -> str:
    from brizna.core.codec import digest_of_bytes
    from brizna.report import codecarbon_csv, codecarbon_rows
    from brizna.verbs import view_of

    views = [view_of(store, reference) for reference in dict.fromkeys(given.runs)]
    data = codecarbon_csv(codecarbon_rows(views)).encode()
    try:
        with open(given.output, "xb") as file:
            file.write(data)
    except FileExistsError as error:
        raise InputError(
            "{file!r} is there already: name a new file.", file=given.output
        ) from error
    except OSError as error:
        raise UnavailableError(
            "{path!r} cannot be written ({reason}): name another place with -o.",
            path=given.output,
            reason=error.strerror,
        ) from error
    return digest_of_bytes(data)


def _import(context: Context, store: Store, given: Namespace) -> int:
    if given.form == "codecarbon":
        return _import_rows(context, store, given)
    if given.time_zone is not None:
        raise InputError(
            "--time-zone is {zone!r}, but the times of an archive are in UTC: leave it out, or "
            "name the form with --from.",
            zone=given.time_zone,
        )
    from brizna.report import said
    from brizna.verbs import key_ring

    ring = key_ring(settings_of(given, context), cwd=os.getcwd(), environ=context.environ)
    found = store.import_(
        given.file, ring=ring, tell=lambda left: context.say(said(left, context.lang))
    )
    return _tell_ids(context, given, found)


def _import_rows(context: Context, store: Store, given: Namespace) -> int:
    """Import a file of another tool; what made no run is said, and is what fails."""
    from brizna.report import stored
    from brizna.verbs import import_codecarbon

    _ = context.texts.gettext
    found = import_codecarbon(store, given.file, zone=given.time_zone)
    for broken in found.broken:
        why = stored(broken.reason, context.lang)
        context.complain(_("line {line}: {why}").format(line=broken.line, why=why))
    if found.superseded:
        context.say(
            _("rows that a later row of the same run continues: {count}").format(
                count=found.superseded
            )
        )
    if found.known:
        context.say(_("runs that were here already: {count}").format(count=len(found.known)))
    _tell_ids(context, given, list(found.ids))
    return 1 if found.broken else 0


def _merge(context: Context, store: Store, given: Namespace) -> int:
    from brizna.store import runs_of_job

    if not given.runs and given.job is None:
        raise InputError("Which runs? Name them, or give --job.")
    of_job = [] if given.job is None else runs_of_job(store.runs(), given.job)
    merged = store.merge([*given.runs, *of_job], name=given.name)
    return _tell_ids(context, given, [merged.run.id])


def _tell_ids(context: Context, given: Namespace, ids: list[str]) -> int:
    if given.json:
        context.tell_json(ids)
    else:
        context.tell(*ids)
    return 0

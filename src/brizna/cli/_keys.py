"""``brizna keys``: keys that sign, and whose signatures are believed."""

from __future__ import annotations

from datetime import UTC, datetime

from brizna.cli._options import add_json, add_settings, settings_of
from brizna.cli._parser import Parser
from brizna.core.errors import InputError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable
    from typing import Any

    from brizna.cli._dispatch import Context
    from brizna.store import Key, KeyEnd, KeyRing

ACTIONS = ("list", "new", "trust", "end", "show")


def keys(context: Context, words: list[str]) -> int:
    """Carry out one of the actions on keys; list them if none is named.

    Raises:
        InputError: If the action is not known.
    """
    from brizna.verbs import key_ring
    from brizna.verbs._run import current_directory

    action = words[0] if words and words[0] in ACTIONS else "list"
    if words and words[0] not in ACTIONS and not words[0].startswith("-"):
        from brizna.core.factors import nearest

        raise InputError(
            "{name!r} is not something to do with keys.{hint} Known: {names}.",
            name=words[0],
            hint=nearest(words[0], ACTIONS),
            names=", ".join(ACTIONS),
        )
    add, carry_out, about = _known_actions(context)[action]
    parser = Parser(f"brizna keys {action}", about, context.texts)
    add(parser)
    add_json(parser)
    add_settings(parser, ("keys", "lang"))
    given = parser.parse_args(words[1:] if words and words[0] == action else words)
    settings = settings_of(given, context)
    ring = key_ring(settings, cwd=current_directory(), environ=context.environ)
    return carry_out(context, ring, given)


def _known_actions(
    context: Context,
) -> dict[str, tuple[Callable[[Parser], None], Callable[[Context, KeyRing, Namespace], int], str]]:
    _ = context.texts.gettext
    return {
        "list": (lambda _: None, _list, _("List the keys that are believed.")),
        "new": (_add_new, _new, _("Make a key of your own.")),
        "trust": (
            _add_trust,
            _trust,
            _("Believe somebody else's key, or learn what became of it."),
        ),
        "end": (_add_end, _end, _("Say that a key is over: retired, or compromised.")),
        "show": (_add_show, _show, _("Print the public half of a key, to hand it on.")),
    }


def _add_key(parser: Parser) -> None:
    parser.add_argument(
        "key", metavar="KEY", help=parser.texts.gettext("its name, or the beginning of its id")
    )


def _add_show(parser: Parser) -> None:
    _add_key(parser)
    parser.add_argument(
        "--records",
        action="store_true",
        help=parser.texts.gettext("its records: what it replaces, and that it is over"),
    )


def _add_new(parser: Parser) -> None:
    _ = parser.texts.gettext
    parser.add_argument("name", metavar="NAME", help=_("what to call it"))
    parser.add_argument("--kind", default="ed25519", help=_("ed25519 (the default) or p256"))
    parser.add_argument("--replaces", metavar="KEY", help=_("a key of yours, which endorses it"))


def _add_trust(parser: Parser) -> None:
    _ = parser.texts.gettext
    parser.add_argument(
        "file",
        metavar="FILE",
        help=_("the public half, in PEM; or the records that its owner handed on"),
    )
    parser.add_argument("--name", help=_("whose it is; needed for a public half"))


def _add_end(parser: Parser) -> None:
    _ = parser.texts.gettext
    _add_key(parser)
    parser.add_argument(
        "--reason",
        default="retired",
        help=_("retired: what it signed before stays good; compromised: nothing does"),
    )
    parser.add_argument(
        "--by", metavar="KEY", help=_("another key of yours that says so, if it is lost")
    )


def _list(context: Context, ring: KeyRing, given: Namespace) -> int:
    from brizna.report import key_lines

    ends = ring.ends()
    rows = [_row(key, ring, ends.get(key.id)) for key in ring.keys().values()]
    if given.json:
        context.tell_json(rows)
    else:
        context.tell(*key_lines(rows, lang=context.lang, width=context.width, color=context.color))
    return 0


def _row(key: Key, ring: KeyRing, end: KeyEnd | None) -> dict[str, Any]:
    over = None if end is None else {"at": end.at, "reason": end.reason}
    return {**key.to_json(), "is_ours": ring.is_ours(key), "over": over}


def _new(context: Context, ring: KeyRing, given: Namespace) -> int:
    key = ring.new(given.name, at=_now(), kind=given.kind, succeeds=given.replaces)
    return _told(context, ring, given, key)


def _trust(context: Context, ring: KeyRing, given: Namespace) -> int:
    try:
        with open(given.file, encoding="utf-8") as file:
            text = file.read()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            "{path!r} cannot be read: {reason}.",
            path=given.file,
            reason=getattr(error, "strerror", None) or error,
        ) from error
    if text.lstrip().startswith("{"):
        return _learn(context, ring, given, text)
    if given.name is None:
        raise InputError("Nothing says whose key it is: expected a name. Give --name NAME.")
    return _told(context, ring, given, ring.trust(text, name=given.name, at=_now()))


def _learn(context: Context, ring: KeyRing, given: Namespace, text: str) -> int:
    """Take in what became of keys; exit 1 where nobody who is believed endorsed one."""
    from brizna.store import key_files, learn

    learnt = learn(ring, key_files(text))
    if given.json:
        context.tell_json(learnt.to_json())
        return 1 if learnt.strangers else 0
    _ = context.texts.gettext
    for key in learnt.keys:
        context.tell(f"{key.name} {key.id}")
    for end in learnt.ends:
        context.say(_("{key} is over.").format(key=end.key))
    for key in learnt.strangers:
        context.say(
            _("{key} was left out: no key that is believed endorsed it.").format(
                key=f"{key.name} {key.id}"
            )
        )
    return 1 if learnt.strangers else 0


def _end(context: Context, ring: KeyRing, given: Namespace) -> int:
    end = ring.end(given.key, at=_now(), reason=given.reason, by=given.by)
    if given.json:
        context.tell_json(end.to_json())
    else:
        _ = context.texts.gettext
        context.say(_("{key} is over.").format(key=given.key))
    return 0


def _show(context: Context, ring: KeyRing, given: Namespace) -> int:
    key = ring.find(given.key)
    if given.records:
        from brizna.store import key_records

        context.tell_json(key_records(ring, key.id))
    elif given.json:
        context.tell_json(_row(key, ring, ring.ends().get(key.id)))
    else:
        context.tell(key.public_pem.rstrip("\n"))
    return 0


def _told(context: Context, ring: KeyRing, given: Namespace, key: Key) -> int:
    if given.json:
        context.tell_json(_row(key, ring, None))
    else:
        context.tell(f"{key.name} {key.id}")
    return 0


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")

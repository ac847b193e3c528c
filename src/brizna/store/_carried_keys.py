"""Records of keys that came from others: beside what was signed, or handed on by their owner.

They tell whether a signature fits. Whom to believe they do not tell, but for one thing: what the
owner of a key that is believed already says of that key, and of the one that replaces it.
"""

from __future__ import annotations

from brizna.core.codec import decode, encode
from brizna.core.errors import IntegrityError
from brizna.core.records import Record
from brizna.store._keys import REASONS, Key, KeyEnd, KeyRing, is_before, line_of
from brizna.store._signatures import id_of, read_public

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_SCHEMA = "brizna.keys/1"


class Learnt(Record):
    """What a ring learnt of the records of others.

    Attributes:
        keys: Those that are believed from now on.
        ends: That keys are over.
        strangers: Keys that nobody who is believed endorsed: they were left out.
    """

    keys: tuple[Key, ...]
    ends: tuple[KeyEnd, ...]
    strangers: tuple[Key, ...]


class CarriedKeys(KeyRing):
    """Keys that came with what they signed: they tell whether it fits, not whom to believe.

    Args:
        files: The content of each file of a ring, by its name.
    """

    def __init__(self, files: Mapping[str, bytes]) -> None:
        super().__init__("")
        self._files = files

    @classmethod
    def of_public(cls, public_pem: str, *, name: str) -> CarriedKeys:
        """Return a ring of one key whose public half was handed over.

        Raises:
            InputError: If it is no public key of a kind that is known.
        """
        kind, pem = read_public(public_pem)
        key = Key(id=id_of(pem), name=name, kind=kind, public_pem=pem, created="")
        return cls({f"{key.id.removeprefix('sha256:')}.json": encode(key.to_json())})

    def is_ours(self, key: Key) -> bool:  # noqa: ARG002 - no private half ever comes along
        """Return False: no private half came along."""
        return False

    def _names(self) -> list[str]:
        return sorted(self._files)

    def _bytes(self, path: str) -> bytes:
        return self._files[path]


def learn(ring: KeyRing, files: Mapping[str, bytes]) -> Learnt:
    """Take in what owners of keys that are believed said of them: `public` of their ring.

    A key is taken in that a believed one endorsed as the one that replaces it; not after that
    one was known to be over, as whoever found its private half can endorse what they like. That
    a key is over is taken in where it says so itself, or a key of its line does; that one known to
    be retired is compromised, where another of its line says so that was not over by then.

    Args:
        ring: The keys that are believed; it is added to.
        files: The content of each, by its name.

    Raises:
        IntegrityError: If one was changed.
        UnavailableError: If they cannot be kept.
    """
    told, known = CarriedKeys(files), ring.ends()
    ends, keys, new = told.ends(), ring.keys(), list[Key]()
    for key in told.keys().values():
        before = None if key.succeeds is None else keys.get(key.succeeds)
        if key.id in keys or before is None or before.id in known:
            continue
        end = ends.get(before.id)
        if end is None or (end.reason == "retired" and is_before(key.created, end.at)):
            keys[key.id] = key
            new.append(key)
    lines = {key_id: line_of(key, keys) for key_id, key in keys.items()}
    said = [
        end
        for end in ends.values()
        if end.by in keys
        and end.by in lines.get(end.key, ())
        and (end.key not in known or _is_worse(end, {**ends, **known}, known))
    ]
    for record in (*new, *said):
        ring.keep(record)
    strangers = [key for key in told.keys().values() if key.id not in keys]
    return Learnt(keys=tuple(new), ends=tuple(said), strangers=tuple(strangers))


def key_records(ring: KeyRing, key_id: str) -> dict[str, Any]:
    """Return the public records of a key and of those around it, to be handed on."""
    found = [decode(data) for _, data in sorted(ring.public([key_id]).items())]
    return {"schema": _SCHEMA, "records": found}


def key_files(text: str) -> dict[str, bytes]:
    """Return the files of a ring out of what `key_records` returned, as text.

    Raises:
        IntegrityError: If it is something else.
    """
    try:
        told = decode(text)
        records = list(told["records"]) if told["schema"] == _SCHEMA else None
        suffixes = {Key.schema: ("id", ".json"), KeyEnd.schema: ("key", ".end.json")}
        found: dict[str, bytes] = {}
        for record in records or ():
            field, suffix = suffixes[record["schema"]]
            found[str(record[field]).removeprefix("sha256:") + suffix] = encode(record)
    except (KeyError, TypeError) as error:
        raise IntegrityError(
            "These are no records of keys ({error!r}): expected what brizna keys show KEY "
            "--records prints. Get the original.",
            error=error,
        ) from error
    if not found:
        raise IntegrityError(
            "There is no record of a key in it: expected what brizna keys show KEY --records "
            "prints. Get the original."
        )
    return found


def _is_worse(end: KeyEnd, ends: Mapping[str, KeyEnd], known: Mapping[str, KeyEnd]) -> bool:
    """Return whether an end is worse than the known one, and said by another key in force."""
    if (known[end.key].reason, end.reason) != REASONS or end.by == end.key:
        return False
    over = ends.get(end.by)
    return over is None or (over.reason == "retired" and is_before(end.at, over.at))

"""Keys that sign, and whose signatures are believed: made, replaced and revoked without a network.

A key ring is a folder::

    keys/
      <id>.json            a key that is believed: its public half, and which key it replaces
      <id>.pem             its private half, if it is ours; readable by its owner alone
      <id>.end.json        that it is over, from when on and why, signed by a key of the ring
      <id>.worse.end.json  that it was retired and is compromised, signed by another key

Records never change. The id of a key is the SHA-256 of its public half as SubjectPublicKeyInfo
(RFC 5280), so that a name cannot be put on another key.

A retired key is believed for what it signed before: times are those that the signed text states,
so this holds against accidents. A compromised key is believed for nothing, because whoever has it
can state any time.
"""

from __future__ import annotations

import os
from datetime import datetime

from brizna.core.codec import decode, encode
from brizna.core.errors import InputError, IntegrityError, Said, SchemaError
from brizna.core.records import Record
from brizna.store._files import unavailable, write_once
from brizna.store._signatures import id_of, new_pair, read_public, sign, verify

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any, ClassVar, TypeVar

    _Read = TypeVar("_Read", bound=Record)

REASONS = ("retired", "compromised")
"""Why a key is over, the worst last."""
_END, _WORSE = ".end.json", ".worse.end.json"
_OTHER_RING = Said("with --keys or BRIZNA_KEYS")


class Key(Record):
    """A key that is believed.

    Attributes:
        id: ``sha256:`` and the digest of its public half.
        name: What its owner calls it.
        kind: One of `KEY_KINDS`.
        public_pem: Its public half.
        created: When it was made or taken in, as it said itself.
        succeeds: The id of the key that it replaces; None if none.
        endorsement: The signature of that key, in hexadecimal, over this record without it.
    """

    schema: ClassVar = "brizna.key/1"

    id: str
    name: str
    kind: str
    public_pem: str
    created: str
    succeeds: str | None = None
    endorsement: str | None = None

    def _check(self) -> None:
        texts = (self.id, self.name, self.kind, self.public_pem, self.created)
        _check_texts(texts, (self.succeeds, self.endorsement))


class KeyEnd(Record):
    """That a key is over.

    Attributes:
        key: Its id.
        at: From when on; what it signed later is not believed.
        reason: One of `REASONS`.
        by: The id of the key that says so.
        signature: Of that key, in hexadecimal, over this record without it.
    """

    schema: ClassVar = "brizna.key-end/1"

    key: str
    at: str
    reason: str
    by: str
    signature: str | None = None

    def _check(self) -> None:
        _check_texts((self.key, self.at, self.reason, self.by), (self.signature,))


class KeyRing:
    """The keys of one folder."""

    def __init__(self, folder: str) -> None:
        """Take a folder; it is made with the first key."""
        self.folder = folder

    def keys(self) -> dict[str, Key]:
        """Return the keys by their id, the oldest first, each after the one that it replaces.

        Raises:
            IntegrityError: If one was changed, or is endorsed by nobody who could.
            UnavailableError: If they are there but cannot be read.
        """
        found = [self._read(name, Key.from_json) for name in self._names() if _is_key(name)]
        known = {key.id: key for key in found}
        found.sort(key=lambda key: (key.created, _generation(key, known), key.id))
        keys = {key.id: key for key in found}
        for key in keys.values():
            self._check(key, keys)
        return keys

    def ends(self) -> dict[str, KeyEnd]:
        """Return for each key that is over why, and from when on; the worst that is said of it."""
        names = [name for name in self._names() if name.endswith(_END)]
        told = [self._read(name, KeyEnd.from_json) for name in names]
        keys = self.keys()
        for end in told:
            if end.by not in keys or not _holds(keys[end.by], _bare(end), end.signature):
                raise IntegrityError(
                    "The note that key {key} is over is not signed by a key of the ring: expected "
                    "a signature of {by}. Somebody changed it: put back the original.",
                    key=end.key,
                    by=end.by,
                )
        told.sort(key=lambda end: REASONS.index(end.reason) if end.reason in REASONS else 0)
        return {end.key: end for end in told}

    def new(self, name: str, *, at: str, kind: str = "ed25519", succeeds: str | None = None) -> Key:
        """Make a key of our own and return it.

        Args:
            name: What to call it.
            at: Now, as an instant in UTC.
            kind: One of `KEY_KINDS`.
            succeeds: The key that it replaces, which endorses it and must be ours.

        Raises:
            InputError: If the name is none or another key's, the kind is not known, or the other
                key is not here or not ours.
            UnavailableError: If the key cannot be kept, or cryptography is not installed.
        """
        self._check_name(name, succeeds)
        private_pem, public_pem = new_pair(kind)
        key = Key(
            id=id_of(public_pem),
            name=name,
            kind=kind,
            public_pem=public_pem,
            created=at,
            succeeds=None if succeeds is None else self.find(succeeds).id,
        )
        if key.succeeds is not None:
            signature = self.sign(encode(_bare(key)), key=key.succeeds)[1]
            key = key.replace(endorsement=signature.hex())
        try:
            os.makedirs(self.folder, mode=0o700, exist_ok=True)
            _write_private(self._path(key.id, ".pem"), private_pem)
            write_once(self._path(key.id, ".json"), encode(key.to_json()))
        except OSError as error:
            what = Said("The key cannot be kept in {folder!r}", folder=self.folder)
            raise unavailable(what, error, choose=_OTHER_RING) from error
        return key

    def trust(self, public_pem: str, *, name: str, at: str) -> Key:
        """Believe somebody else's key from now on, and return it.

        Raises:
            InputError: If it is no public key of a kind that is known, or the name is none or
                another key's.
            UnavailableError: If it cannot be kept.
        """
        kind, public_pem = read_public(public_pem)
        known = self.keys().get(id_of(public_pem))
        if known is not None:
            return known
        self._check_name(name)
        key = Key(id=id_of(public_pem), name=name, kind=kind, public_pem=public_pem, created=at)
        self.keep(key)
        return key

    def _check_name(self, name: str, succeeds: str | None = None) -> None:
        """Refuse a name that tells nobody, or somebody else, apart: signatures are told by it.

        Raises:
            InputError: If it is such a one.
        """
        if not name.isprintable() or not name.strip() or name != name.strip() or {*name} & {*"/\\"}:
            raise InputError(
                "A key was to be called {name!r}: expected a name that can be seen, without a "
                "slash. Choose one such as ana.",
                name=name,
            )
        ends = self.ends()
        alike = [key for key in self.keys().values() if key.name == name and key.id not in ends]
        if alike and (succeeds is None or self.find(succeeds) not in alike):
            raise InputError(
                "There is a key called {name} already ({id:.12}): expected another name, as a "
                "signature is told by it. Choose one, or let a new key of yours replace it: "
                "brizna keys new {name} --replaces {name}.",
                name=name,
                id=alike[0].id.removeprefix("sha256:"),
            )

    def end(self, reference: str, *, at: str, reason: str, by: str | None = None) -> KeyEnd:
        """Say that a key is over, and keep that; or that one that was retired is compromised.

        Args:
            reference: The key.
            at: From when on.
            reason: One of `REASONS`.
            by: The key of ours that says so: another one where it is lost, itself by default. Of
                a retired key by default the newest that is not over, of its line if there is one.

        Raises:
            InputError: If the reason is not known, the key is over already and that is no worse,
                or no key of ours can say so.
            UnavailableError: If it cannot be kept.
        """
        if reason not in REASONS:
            raise InputError(
                "The reason is {reason!r}: expected one of {known}.",
                reason=reason,
                known=", ".join(REASONS),
            )
        key = self._to_end(reference)
        known = self.ends().get(key.id)
        if known is not None and (known.reason, reason) != REASONS:
            raise InputError(
                "Key {name} is over already ({reason}): nothing more can be said of it, but that a "
                "retired key is compromised: --reason compromised.",
                name=key.name,
                reason=Said(known.reason),
            )
        if by is not None:
            author = self.find(by).id
        else:
            author = key.id if known is None else self._another(key).id
        end = KeyEnd(key=key.id, at=at, reason=reason, by=author)
        end = end.replace(signature=self.sign(encode(_bare(end)), key=end.by)[1].hex())
        self.keep(end)
        return end

    def _to_end(self, reference: str) -> Key:
        """Return the key that a person wants to end: of several with one name none.

        Raises:
            InputError: If it means none, or several.
        """
        key, ends = self.find(reference), self.ends()
        alike = [one for one in self.keys().values() if one.name == reference != one.id]
        meant = [one for one in alike if one.id not in ends] or [
            one for one in alike if ends[one.id].reason == "retired"
        ]
        if len(meant) > 1:
            raise InputError(
                "{reference!r} means {count} keys: expected one. Name it by its id: {known}.",
                reference=reference,
                count=len(alike),
                known=", ".join(one.id[7:19] for one in alike),
            )
        return meant[0] if meant else key

    def _another(self, key: Key) -> Key:
        """Return the newest key of ours that is not over, of a key's line if there is one.

        Raises:
            InputError: If there is none.
        """
        keys, ends = self.keys(), self.ends()
        line = line_of(key, keys)
        near = [one for one in keys.values() if one.id in line and one.id not in ends]
        return next((one for one in reversed(near) if self.is_ours(one)), None) or self.latest()

    def find(self, reference: str) -> Key:
        """Return the key that a person means: a name, or the beginning of an id.

        Of several with one name, the newest that is not over.

        Raises:
            InputError: If it means none, or several.
        """
        keys = self.keys()
        named = [key for key in keys.values() if key.name == reference]
        if named:
            ends = self.ends() if len(named) > 1 else {}
            return ([key for key in named if key.id not in ends] or named)[-1]
        wanted = reference.removeprefix("sha256:")
        found = [key for key in keys.values() if wanted and key.id[7:].startswith(wanted)]
        if len(found) != 1:
            raise InputError(
                "{reference!r} means {count} keys: expected one. Known: {known}. Make one with "
                "brizna keys new NAME, or take one in with brizna keys trust FILE.",
                reference=reference,
                count=len(found),
                known=", ".join(f"{key.name} ({key.id[7:19]})" for key in keys.values()) or "-",
            )
        return found[0]

    def public(self, ids: Iterable[str]) -> dict[str, bytes]:
        """Return the public records of keys by file name, to go with what they signed.

        With them go the keys that they replace, and what says that they are over.

        Args:
            ids: Of the keys; those that are not in the ring are left out.
        """
        keys, ends = self.keys(), self.ends()
        found: dict[str, bytes] = {}
        left = [one for one in ids if one in keys]
        while left:
            key = keys[left.pop()]
            name = key.id.removeprefix("sha256:")
            if f"{name}.json" in found:
                continue
            found[f"{name}.json"] = encode(key.to_json())
            left += [] if key.succeeds is None else [key.succeeds]
            if key.id in ends:
                found[f"{name}.end.json"] = encode(ends[key.id].to_json())
                left.append(ends[key.id].by)
        return found

    def keep(self, record: Key | KeyEnd) -> None:
        """Keep a record that is known to be right.

        Raises:
            IntegrityError: If another of its name is there.
            UnavailableError: If it cannot be kept.
        """
        if isinstance(record, Key):
            path = self._path(record.id, ".json")
        else:
            known = self.ends().get(record.key)
            is_worse = known is not None and (known.reason, record.reason) == REASONS
            path = self._path(record.key, _WORSE if is_worse else _END)
        try:
            os.makedirs(self.folder, mode=0o700, exist_ok=True)
            write_once(path, encode(record.to_json()))
        except OSError as error:
            what = Said("The key cannot be kept in {folder!r}", folder=self.folder)
            raise unavailable(what, error, choose=_OTHER_RING) from error

    def is_ours(self, key: Key) -> bool:
        """Return whether its private half is here."""
        return os.path.exists(self._path(key.id, ".pem"))

    def latest(self, kind: str | None = None) -> Key:
        """Return the newest key of ours that is not over.

        Args:
            kind: Only of this kind, one of `KEY_KINDS`; any if None.

        Raises:
            InputError: If there is none.
        """
        ends = self.ends()
        ours = [key for key in self.keys().values() if self.is_ours(key) and key.id not in ends]
        ours = [key for key in ours if kind in (None, key.kind)]
        if not ours:
            raise InputError(
                "There is no key to sign with in {folder!r}: expected one of your own, of kind "
                "{kind}. Make it: brizna keys new NAME --kind {kind}.",
                folder=self.folder,
                kind=kind or "ed25519",
            )
        return ours[-1]

    def sign(self, data: bytes, *, key: str | None = None) -> tuple[Key, bytes]:
        """Sign bytes; return the key and the signature.

        Args:
            data: What is signed.
            key: With which key; by default the newest of ours that is not over.

        Raises:
            InputError: If there is no such key of ours, or it is over.
            IntegrityError: If the private half is not that of the key.
        """
        chosen = self.latest() if key is None else self.find(key)
        end = self.ends().get(chosen.id)
        if end is not None:
            raise InputError(
                "Key {name} is over since {at} ({reason}): expected one that is not, as nobody "
                "believes what it signs now. See brizna keys list.",
                name=chosen.name,
                at=end.at,
                reason=Said(end.reason),
            )
        path = self._path(chosen.id, ".pem")
        try:
            with open(path, "rb") as file:
                private_pem = file.read()
        except OSError as error:
            raise InputError(
                "The private half of key {name} is not here ({reason}): expected {path!r}. Sign "
                "with a key of your own: brizna keys list.",
                name=chosen.name,
                reason=error.strerror,
                path=path,
            ) from error
        signature = sign(private_pem, data)
        if signature is None or not verify(chosen.public_pem, data, signature):
            raise IntegrityError(
                "{path!r} is not the private half of key {name}: expected the one that it was made "
                "with. Put it back, or make a new key.",
                path=path,
                name=chosen.name,
            )
        return chosen, signature

    def check(self, data: bytes, signature: bytes, *, key_id: str, at: str | None) -> Key:
        """Return the key that signed these bytes.

        Args:
            data: What was signed.
            signature: The signature.
            key_id: The id of the key that is said to have signed.
            at: When it was signed, as the signed text says; None if it does not.

        Raises:
            IntegrityError: If the key is not in the ring, was over by then or is compromised, or
                the signature is not one of these bytes by this key.
        """
        keys = self.keys()
        key = keys.get(key_id)
        if key is None:
            raise IntegrityError(
                "It is signed with key {key}, which is not in the key ring: expected one of "
                "{known}. If you believe its owner, take it in: brizna keys trust FILE.",
                key=key_id,
                known=", ".join(f"{one.name} ({one.id[7:19]})" for one in keys.values()) or "-",
            )
        end = self.ends().get(key.id)
        if end is not None and (end.reason == "compromised" or not is_before(at, end.at)):
            raise IntegrityError(
                "It is signed with key {name}, which is over since {at} ({reason}): expected a key "
                "that is not. Have it signed again.",
                name=key.name,
                at=end.at,
                reason=Said(end.reason),
            )
        if not verify(key.public_pem, data, signature):
            raise IntegrityError(
                "The signature of key {name} does not fit the content: one of them was changed. "
                "Get the original.",
                name=key.name,
            )
        return key

    def _check(self, key: Key, keys: dict[str, Key]) -> None:
        if id_of(key.public_pem) != key.id:
            raise IntegrityError(
                "Key {name} has another public half than its id says: expected {id}. Somebody "
                "changed it: put back the original.",
                name=key.name,
                id=key.id,
            )
        if key.succeeds is None:
            return
        before = keys.get(key.succeeds)
        if before is None or not _holds(before, _bare(key), key.endorsement):
            raise IntegrityError(
                "Key {name} is said to replace {before}, which did not sign that: expected its "
                "endorsement. Somebody changed it: put back the original.",
                name=key.name,
                before=key.succeeds,
            )

    def _names(self) -> list[str]:
        try:
            return sorted(os.listdir(self.folder))
        except FileNotFoundError:
            return []
        except OSError as error:
            what = Said("The keys in {folder!r} cannot be read", folder=self.folder)
            raise unavailable(what, error, choose=_OTHER_RING) from error

    def _read(self, name: str, form: Callable[[Any], _Read]) -> _Read:
        path = os.path.join(self.folder, name)
        try:
            record = form(decode(self._bytes(path)))
        except OSError as error:
            what = Said("The keys in {folder!r} cannot be read", folder=self.folder)
            raise unavailable(what, error, choose=_OTHER_RING) from error
        except (SchemaError, TypeError, ValueError) as error:
            raise IntegrityError(
                "{path!r} is no record of a key: {error}. Expected the one that was kept: put back "
                "the original.",
                path=path,
                error=error,
            ) from error
        about = record.id if isinstance(record, Key) else getattr(record, "key", "")
        if self._path(about, "") != self._path(name.partition(".")[0], ""):
            raise IntegrityError(
                "{path!r} is about key {key}: expected the key that its name says. Somebody "
                "changed it: put back the original.",
                path=path,
                key=about,
            )
        return record

    def _bytes(self, path: str) -> bytes:
        with open(path, "rb") as file:
            return file.read()

    def _path(self, key_id: str, suffix: str) -> str:
        return os.path.join(self.folder, key_id.removeprefix("sha256:") + suffix)


def _check_texts(texts: tuple[object, ...], others: tuple[object, ...]) -> None:
    """Refuse a record of a key that holds something else than texts, or nothing where it may."""
    for value in (*texts, *(one for one in others if one is not None)):
        if not isinstance(value, str):
            raise InputError(
                "A record of a key holds {value!r:.80}: expected a text. Put back the original.",
                value=value,
            )


def is_before(at: str | None, end: str) -> bool:
    """Return whether something was signed before a key was over; what tells no time was not."""
    try:
        signed, over = (datetime.fromisoformat(instant or "") for instant in (at, end))
        return signed <= over
    except (TypeError, ValueError):  # no instant, or one without a zone
        return False


def line_of(key: Key, keys: Mapping[str, Key]) -> set[str]:
    """Return the ids of a key, of those that it came to replace, and of those that replaced it."""
    found, before = {key.id}, key.succeeds
    while before is not None and before in keys and before not in found:
        found.add(before)
        before = keys[before].succeeds
    after = [one.id for one in keys.values() if one.succeeds in found]
    while after:
        found.update(after)
        after = [one.id for one in keys.values() if one.succeeds in found and one.id not in found]
    return found


def _is_key(name: str) -> bool:
    return name.endswith(".json") and not name.endswith(_END)


def _generation(key: Key, keys: dict[str, Key]) -> int:
    """Return how many keys one came to replace, one after the other."""
    before: set[str] = set()
    while key.succeeds in keys and key.id not in before:
        before.add(key.id)
        key = keys[key.succeeds]
    return len(before)


def _bare(record: Key | KeyEnd) -> dict[str, Any]:
    """Return a record without the signature over the rest of it."""
    hidden = ("endorsement", "signature")
    return {name: value for name, value in record.to_json().items() if name not in hidden}


def _holds(key: Key, content: dict[str, Any], signature: str | None) -> bool:
    try:
        given = bytes.fromhex(signature or "")
    except ValueError:
        return False
    return verify(key.public_pem, encode(content), given)


def _write_private(path: str, secret: bytes) -> None:
    """Write a private key that nobody else can read, at no moment."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(descriptor, secret)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

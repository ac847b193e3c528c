"""Which software is approved: proposed, approved and rolled back, signed, in one unbroken order.

Each event names the digest of the one before, so that none can be changed, left out or put in
between without all later ones failing; each is in an envelope that a key of the ring signed.
"""

from __future__ import annotations

import os

from brizna.core.codec import decode, digest_of_bytes, encode
from brizna.core.errors import InputError, IntegrityError, Said
from brizna.core.records import Record
from brizna.store._envelopes import seal, unseal
from brizna.store._files import unavailable, write_once

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import ClassVar

    from brizna.store._keys import KeyRing

APPROVAL_ACTIONS = ("propose", "approve", "rollback")
"""What can be done to the list."""
APPROVED = "approved"
"""The folder of a store that holds the list."""
_TYPE = "application/vnd.brizna.approval+json"


class Approval(Record):
    """One event of the list.

    Attributes:
        action: One of `APPROVAL_ACTIONS`.
        installed: The digest of what is installed that it is about.
        at: When, as whoever signed it says.
        reason: Why.
        before: Digest of the event before; None for the first.
    """

    schema: ClassVar = "brizna.approval/1"

    action: str
    installed: str
    at: str
    reason: str
    before: str | None


class Approvals:
    """The list of one store.

    Args:
        store: The store's folder.
        ring: The keys that are believed.
    """

    def __init__(self, store: str, ring: KeyRing) -> None:
        self.folder = os.path.join(store, APPROVED)
        self._ring = ring

    def history(self) -> list[tuple[Approval, str]]:
        """Return every event, the oldest first, each with the name of the key that signed it.

        Raises:
            IntegrityError: If one was changed or left out, or its signature is not believed.
            UnavailableError: If they are there but cannot be read.
        """
        try:
            return history_of({name: self._read(name) for name in self._names()}, self._ring)
        except IntegrityError as error:
            raise IntegrityError(
                "{why} If it cannot be put right, move {folder!r} away, which keeps what it says, "
                "and begin a list anew with brizna env propose.",
                why=error,
                folder=self.folder,
            ) from error

    def current(self) -> tuple[str, str] | None:
        """Return the digest that is approved now, and whose key says so; None if none is."""
        return _current(self.history())

    def add(
        self, action: str, installed: str | None, *, at: str, reason: str, key: str | None = None
    ) -> Approval:
        """Add an event, signed with a key of ours.

        Args:
            action: One of `APPROVAL_ACTIONS`.
            installed: What it is about; for ``rollback`` None, as it is what was approved before.
            at: Now, as an instant in UTC.
            reason: Why.
            key: With which key; by default the newest of ours.

        Raises:
            InputError: If it was not proposed, is approved already, or there is nothing to go
                back to.
            IntegrityError: If the list was changed.
            UnavailableError: If it cannot be kept.
        """
        meant: str | None = None
        while True:
            history = self.history()
            about = _about(action, installed, [event for event, _ in history])
            if meant not in (None, about):
                raise InputError(
                    "Somebody added to the list meanwhile: going back would now mean "
                    "{about:.19}, not {meant:.19}. Look at it: brizna env approved; then say it "
                    "again.",
                    about=about,
                    meant=meant,
                )
            meant, number = about, len(history)
            before = digest_of_bytes(self._read(_name(number - 1))) if number else None
            event = Approval(action=action, installed=about, at=at, reason=reason, before=before)
            envelope = seal(encode(event.to_json()), self._ring, payload_type=_TYPE, key=key)
            if self._is_added(_name(number), encode(envelope)):
                return event

    def _is_added(self, name: str, data: bytes) -> bool:
        """Write an event; return False if somebody else wrote one of its number first."""
        path = os.path.join(self.folder, name)
        try:
            os.makedirs(self.folder, exist_ok=True)
            write_once(path, data)
        except IntegrityError:  # it is there with other content
            return False
        except OSError as error:
            raise unavailable(Said("{path!r} cannot be written", path=path), error) from error
        return True

    def _names(self) -> list[str]:
        try:
            return sorted(name for name in os.listdir(self.folder) if name.endswith(".json"))
        except FileNotFoundError:
            return []
        except OSError as error:
            what = Said("The records in {path!r} cannot be read", path=self.folder)
            raise unavailable(what, error) from error

    def _read(self, name: str) -> bytes:
        path = os.path.join(self.folder, name)
        try:
            with open(path, "rb") as file:
                return file.read()
        except OSError as error:
            raise unavailable(Said("{path!r} cannot be read", path=path), error) from error


def history_of(files: Mapping[str, bytes], ring: KeyRing) -> list[tuple[Approval, str]]:
    """Return the events in the files of a list, the oldest first, each with who signed it.

    Args:
        files: The content of each, by its name.
        ring: The keys that are believed.

    Raises:
        IntegrityError: If one was changed or left out, or its signature is not believed.
    """
    found: list[tuple[Approval, str]] = []
    before: str | None = None
    for number, name in enumerate(sorted(files)):
        if name != _name(number):
            raise IntegrityError(
                "The list of what is approved lacks {expected}, and has {name!r}: somebody "
                "changed it. Put back the original.",
                expected=_name(number),
                name=name,
            )
        payload, key = unseal(decode(files[name]), ring, payload_type=_TYPE, at=_at)
        event = Approval.from_json(decode(payload))
        if event.before != before:
            raise IntegrityError(
                "{name} of the list of what is approved follows on {seen}: expected "
                "{expected}. Somebody changed the one before: put back the original.",
                name=name,
                seen=event.before,
                expected=before,
            )
        before = digest_of_bytes(files[name])
        found.append((event, key.name))
    return found


def _name(number: int) -> str:
    return f"{number:06d}.json"


def _at(payload: bytes) -> str | None:
    return Approval.from_json(decode(payload)).at


def _current(history: list[tuple[Approval, str]]) -> tuple[str, str] | None:
    said = [(one.installed, key) for one, key in history if one.action != "propose"]
    return said[-1] if said else None


def _about(action: str, installed: str | None, events: list[Approval]) -> str:
    """Return the digest that an event is about, if it can follow on these."""
    decided = [event.installed for event in events if event.action != "propose"]
    now = decided[-1] if decided else None
    if action == "rollback":
        if installed is not None:
            return _among(installed, [one for one in decided if one != now])
        standing = _standing(events)
        if len(standing) < 2:
            raise InputError(
                "There is nothing to go back to: {count} were approved so far, and none before "
                "this one still stands. Approve one: brizna env approve.",
                count=len(set(decided)),
            )
        return standing[-2]
    assert installed is not None
    if installed == now:
        raise InputError(
            "{installed:.19} is approved already: there is nothing to do.", installed=installed
        )
    if action == "approve":
        return _among(installed, [one.installed for one in events])
    return installed


def _standing(events: list[Approval]) -> list[str]:
    """Return what was approved and not gone back from since, what is approved now last."""
    standing: list[str] = []
    for event in events:
        if event.action == "rollback" and event.installed in standing[:-1]:
            del standing[standing.index(event.installed) + 1 :]
        elif event.action != "propose":
            standing = [one for one in standing if one != event.installed] + [event.installed]
    return standing


def _among(installed: str, known: list[str]) -> str:
    if installed not in known:
        raise InputError(
            "{installed:.19} was not proposed or approved before: expected one of {known}. "
            "Propose it: brizna env propose.",
            installed=installed,
            known=", ".join(sorted({one[:19] for one in known})) or "-",
        )
    return installed

"""The hashes of a lock, held to what is still known of the files that were installed.

An installer compares hashes as it installs; afterwards the archive is gone. What is left is what
the installer noted (PEP 610, PEP 710), and what somebody recorded of the same version before.
"""

from __future__ import annotations

from brizna.check._environment_rules import ARCHIVES, REMEMBERED, judged
from brizna.check._verdict import Place
from brizna.core.errors import Said
from brizna.core.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from brizna.check._verdict import Verdict
    from brizna.core.software import Distribution, Lock, Software


class Remembered(Record):
    """Digests of installed distributions that were recorded before.

    Attributes:
        approved: Of the environment that is approved, with the same Python, by name and version.
        by: Whose key approved it.
        stored: Of other environments with the same Python, by name and version: each once.
    """

    approved: Mapping[tuple[str, str], str | None] = {}
    by: str | None = None
    stored: Mapping[tuple[str, str], tuple[str, ...]] = {}


def judge_archives(
    software: Software, lock: Lock, noted: Mapping[str, Iterable[str]], *, subject: str
) -> list[Verdict]:
    """Return whether what is installed came from archives that a lock names.

    Args:
        software: What is installed.
        lock: As it was read.
        noted: For each distribution the hashes that its installer noted of the archive, each an
            algorithm, a colon and digits.
        subject: What to call the environment.
    """
    found: list[Verdict] = []
    for one in _common(software, lock):
        same = [each for each in lock.entries if (each.name, each.version) == _pin(one)]
        locked = {value for entry in same for value in entry.hashes}
        kinds = {value.partition(":")[0] for value in locked}
        known = [value for value in noted.get(one.name, ()) if value.partition(":")[0] in kinds]
        wrong = [value for value in known if value not in locked]
        place = Place(file=subject, field=one.name)
        if wrong:
            seen = Said("its installer noted {hash:.19}", hash=wrong[0])
            expected = Said("a hash of the lock, such as {hash:.19}", hash=min(locked))
            found.append(judged(ARCHIVES, "fail", place, seen, expected))
        elif not known:
            why = Said("the archive's hash, which its installer did not note or is not here")
            found.append(judged(ARCHIVES, "cannot-tell", place, why))
    return found or [judged(ARCHIVES, "pass", Place(file=subject))]


def judge_remembered(
    software: Software, lock: Lock, remembered: Remembered, *, subject: str
) -> list[Verdict]:
    """Return whether what is installed is as it was recorded of the same versions before.

    Args:
        software: What is installed.
        lock: As it was read.
        remembered: What was recorded; what is approved counts before the rest.
        subject: What to call the environment.
    """
    found = [
        verdict
        for one in _common(software, lock)
        if one.digest is not None
        and (verdict := _remembered(one, remembered, Place(file=subject, field=one.name)))
    ]
    return found or [judged(REMEMBERED, "pass", Place(file=subject))]


def _remembered(one: Distribution, remembered: Remembered, place: Place) -> Verdict | None:
    """Return what is to be said of a distribution; None if it is as it was."""
    seen = Said("its installed files have the digest {digest:.19}", digest=one.digest)
    approved = remembered.approved.get(_pin(one))
    if approved is not None:
        if approved == one.digest:
            return None
        by = remembered.by or "-"
        expected = Said("{approved:.19}, which {by} approved", approved=approved, by=by)
        return judged(REMEMBERED, "fail", place, seen, expected)
    stored = remembered.stored.get(_pin(one), ())
    if stored == (one.digest,):
        return None
    if not stored:
        why = Said("a digest of this version in the store, of an environment with the same Python")
        return judged(REMEMBERED, "cannot-tell", place, why)
    if one.digest in stored:
        why = Said("which digest is right: the store keeps several of this version")
        return judged(REMEMBERED, "cannot-tell", place, why)
    expected = Said("{digest:.19}, as the store keeps it", digest=stored[0])
    return judged(REMEMBERED, "fail", place, seen, expected)


def _common(software: Software, lock: Lock) -> list[Distribution]:
    """Return what is installed in a version that the lock names."""
    locked = {(entry.name, entry.version) for entry in lock.entries}
    return [one for one in software.distributions if not one.is_editable and _pin(one) in locked]


def _pin(one: Distribution) -> tuple[str, str]:
    return one.name, one.version

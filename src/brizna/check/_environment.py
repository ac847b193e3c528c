"""Environments, judged: by a lock, by what belongs together, and by what is approved."""

from __future__ import annotations

from brizna.check._environment_rules import (
    APPROVED,
    AS_LOCKED,
    FILES,
    INDEXED,
    ISOLATED,
    LOCKED,
    RECENT,
    UNLOCKED,
    VULNERABLE,
    judged,
)
from brizna.check._verdict import Place
from brizna.core.errors import Said
from brizna.core.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from brizna.check._verdict import Verdict
    from brizna.core.software import Distribution, Lock, Software, Vulnerability

OLDEST_DAYS = 30
"""Age beyond which a list of vulnerabilities lacks too much."""
CLOCKS_DIFFER_DAYS = 1
"""By so much a list may be of the future before its date is not believed."""


def judge_lock(software: Software, lock: Lock, *, subject: str, path: str) -> list[Verdict]:
    """Return whether an environment is what a lock says.

    Entries with a marker may be absent: whether they are meant here is not judged. An editable
    distribution is of the project itself, which no lock holds.

    Args:
        software: What is installed.
        lock: With a hash for every file, as it was read.
        subject: What to call the environment.
        path: What to call the lock.
    """
    found = [judged(LOCKED, "pass", Place(file=path))]
    locked: dict[str, list[str]] = {}
    for entry in lock.entries:
        locked.setdefault(entry.name, []).append(entry.version)
    wrong = False
    for entry in lock.entries:
        here = software.find(entry.name)
        place = Place(file=path, field=entry.name)
        if here is None and entry.marker is None:
            seen = Said("{name} is not installed", name=entry.name)
            expected = Said("version {version}", version=entry.version)
            found.append(judged(AS_LOCKED, "fail", place, seen, expected))
            wrong = True
        elif here is not None and here.version not in locked[entry.name]:
            seen = Said("{name} {version} is installed", name=here.name, version=here.version)
            expected = Said("version {version}", version=" or ".join(locked[entry.name]))
            found.append(judged(AS_LOCKED, "fail", place, seen, expected))
            wrong = True
    if not wrong:
        found.append(judged(AS_LOCKED, "pass", Place(file=subject)))
    more = [one for one in software.distributions if one.name not in locked and not one.is_editable]
    for one in more:
        seen = Said("{name} {version} is installed", name=one.name, version=one.version)
        place = Place(file=subject, field=one.name)
        found.append(judged(UNLOCKED, "fail", place, seen, Said("nothing beyond the lock")))
    if not more:
        found.append(judged(UNLOCKED, "pass", Place(file=subject)))
    return found


def judge_files(
    software: Software, changed: Iterable[tuple[str, str, str]] | None, *, subject: str
) -> list[Verdict]:
    """Return whether installed files are as they were installed.

    Args:
        software: What is installed.
        changed: Distribution, file and how it differs, of each file that does; None where the
            files themselves are not here.
        subject: What to call the environment.
    """
    if changed is None:
        why = Said("the files, which only the machine with the environment has")
        return [judged(FILES, "cannot-tell", Place(file=subject), why)]
    found: list[Verdict] = []
    for name, path, how in changed:
        seen = (
            Said("it is missing") if how == "missing" else Said("it has other content than listed")
        )
        expected = Said("as it was when {name} was installed", name=name)
        found.append(judged(FILES, "fail", Place(file=subject, field=path), seen, expected))
    for one in software.distributions:
        if one.digest is None or one.is_editable:
            why = Said(
                "a list of the files of {name}, which was installed without one or is worked on",
                name=one.name,
            )
            place = Place(file=subject, field=one.name)
            found.append(judged(FILES, "cannot-tell", place, why))
    return found or [judged(FILES, "pass", Place(file=subject))]


def judge_isolation(software: Software, *, subject: str, container: str | None) -> Verdict:
    """Return whether an environment sees none of the system's packages, or is in a container."""
    place = Place(file=subject)
    if software.is_isolated or container is not None:
        return judged(ISOLATED, "pass", place)
    if software.is_isolated is None:
        return judged(ISOLATED, "cannot-tell", place, Said("how the environment was made"))
    seen = Said("the system's packages are in reach, and no container is around them")
    return judged(ISOLATED, "fail", place, seen, Said("an environment of its own"))


def judge_approval(
    installed: str, approved: str | None, *, subject: str, by: str | None = None
) -> Verdict:
    """Return whether what is installed is what is approved.

    Args:
        installed: The digest `Software.installed`.
        approved: The digest that is approved now; None where nothing ever was.
        subject: What to call the environment or run.
        by: Whose key approved it.
    """
    place = Place(file=subject)
    if approved is None:
        why = Said("a list of what is approved: brizna env propose begins one")
        return judged(APPROVED, "cannot-tell", place, why)
    if installed == approved:
        return judged(APPROVED, "pass", place)
    seen = Said("it is {installed:.19}", installed=installed)
    expected = Said("{approved:.19}, which {by} approved", approved=approved, by=by or "-")
    return judged(APPROVED, "fail", place, seen, expected)


class Known(Record):
    """What a list of vulnerabilities says of an environment.

    Attributes:
        source: What to call the list.
        days: Its age; None if it does not tell, below 0 where it is of the future.
        found: For each vulnerable distribution what is known against it.
        unknown: For each that could not be looked up, why.
        excused: For each vulnerability that somebody accepts for now, by its id, why.
    """

    source: str
    days: float | None
    found: Mapping[str, tuple[Vulnerability, ...]]
    unknown: Mapping[str, Said]
    excused: Mapping[str, Said]

    @property
    def is_recent(self) -> bool:
        """Whether that it names nothing means that nothing is known."""
        return self.days is not None and -CLOCKS_DIFFER_DAYS <= self.days <= OLDEST_DAYS


def judge_audit(software: Software, known: Known, *, subject: str) -> list[Verdict]:
    """Return whether what is installed is known to be vulnerable.

    An old list can tell that something is vulnerable, not that nothing is.

    Args:
        software: What is installed.
        known: What is known.
        subject: What to call the environment.
    """
    return [_judge_one(one, known, subject) for one in software.distributions]


def _judge_one(one: Distribution, known: Known, subject: str) -> Verdict:
    place = Place(file=subject, field=one.name)
    found = known.found.get(one.name, ())
    accepted = frozenset(known.excused)
    standing = [each for each in found if not each.names & accepted]
    if standing:
        told = _all(standing)
        seen = Said("{name} {version}: {ids}", name=one.name, version=one.version, ids=told)
        return judged(VULNERABLE, "fail", place, seen, Said("a version in which they are mended"))
    if found:
        reasons = [known.excused[name] for each in found for name in each.names & accepted]
        why = Said("{ids}: {why}", ids=_all(found), why=reasons[0])
        return judged(VULNERABLE, "not-applicable", place, why)
    if one.name in known.unknown:
        return judged(VULNERABLE, "cannot-tell", place, known.unknown[one.name])
    if not known.is_recent:
        why = Said("what became known since the list was made, which is too old or has no date")
        return judged(VULNERABLE, "cannot-tell", place, why)
    return judged(VULNERABLE, "pass", place)


def _all(found: Sequence[Vulnerability]) -> Said:
    """Return what to call vulnerabilities, and what is told of each."""
    told = Said("{first}", first=_one(found[0]))
    for one in found[1:]:
        told = Said("{before}, {one}", before=told, one=_one(one))
    return told


def _one(one: Vulnerability) -> Said:
    ratings = {
        "low": Said("low"),
        "medium": Said("medium"),
        "high": Said("high"),
        "critical": Said("critical"),
    }
    names = "/".join((one.id, *one.aliases))
    rating = Said("not rated") if one.rating is None else ratings[one.rating]
    if not one.fixed:
        return Said("{names} ({rating})", names=names, rating=rating)
    fixed = ", ".join(one.fixed)
    return Said("{names} ({rating}; mended in {fixed})", names=names, rating=rating, fixed=fixed)


def judge_age(days: float | None, *, source: str) -> Verdict:
    """Return whether a list of vulnerabilities is recent enough to be believed.

    Args:
        days: Its age; None if it does not tell.
        source: What to call it.
    """
    place = Place(file=source)
    if days is None:
        return judged(RECENT, "cannot-tell", place, Said("its date"))
    if days < -CLOCKS_DIFFER_DAYS:
        why = Said("its age: its newest record is of {days:.0f} days from now", days=-days)
        return judged(RECENT, "cannot-tell", place, why)
    if days <= OLDEST_DAYS:
        return judged(RECENT, "pass", place)
    seen = Said("its newest record is {days:.0f} days old", days=days)
    return judged(RECENT, "fail", place, seen, Said("{days} days at most", days=OLDEST_DAYS))


def judge_indexes(
    sources: Sequence[tuple[str, str]] | None, allowed: Sequence[str], *, subject: str
) -> list[Verdict]:
    """Return whether packages come from the indexes that the policy names.

    Args:
        sources: Each address that packages come from, with who names it; None where pip's own
            settings could not be read.
        allowed: The indexes of the policy, without a login; none: no policy.
        subject: What to call the environment.
    """
    place = Place(file=subject)
    if not allowed:
        why = Said("no index is named: [tool.brizna.env] index = ...")
        return [judged(INDEXED, "not-applicable", place, why)]
    found = [
        judged(
            INDEXED,
            "fail",
            Place(file=subject, field=who),
            Said("{address}", address=address),
            Said("{indexes}", indexes=", ".join(allowed)),
        )
        for who, address in sources or ()
        if not any(_is_within(address, one) for one in allowed)
    ]
    if sources is None:
        why = Said("pip's own settings, which name the index")
        found.append(judged(INDEXED, "cannot-tell", place, why))
    return found or [judged(INDEXED, "pass", place)]


def _is_within(address: str, index: str) -> bool:
    """Return whether an address is an index of the policy, or lies below it."""
    return address == index or address.startswith(f"{index}/")

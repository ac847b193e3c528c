"""Environments, judged: by a lock, by what belongs together, and by what is approved."""

from __future__ import annotations

from brizna.check._environment_rules import (
    APPROVED,
    AS_LOCKED,
    COMPATIBLE,
    FILES,
    ISOLATED,
    LOCKED,
    RECENT,
    UNLOCKED,
    VULNERABLE,
    judged,
)
from brizna.check._verdict import Place
from brizna.core._tables import load
from brizna.core.errors import Said
from brizna.core.software import release_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from brizna.check._verdict import Verdict
    from brizna.core.software import Distribution, Lock, Software

_OLDEST_DAYS = 30
"""Age beyond which a list of vulnerabilities lacks too much."""


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


def judge_compatibility(
    software: Software, *, driver: str | None, features: Sequence[str] | None, subject: str
) -> list[Verdict]:
    """Return whether what is installed fits together, the driver and the processor.

    Args:
        software: What is installed.
        driver: Version of the GPU's driver; None if it is not known or there is none.
        features: Extensions of the processor; None if they are not known.
        subject: What to call the environment.
    """
    found: list[Verdict] = []
    table = load("brizna.check", "compatibility")
    for row in table.rows:
        one = software.find(row["name"])
        if one is None or not _is_of(one, row["versions"]):
            continue
        place = Place(file=subject, field=row["name"])
        found.append(_judge_row(row, place, _have(row, software, driver), features))
    if not found:
        why = Said("nothing in the table compatibility is about what is installed")
        return [judged(COMPATIBLE, "not-applicable", Place(file=subject), why)]
    return found


def _judge_row(
    row: Mapping[str, str], place: Place, have: str | None, features: Sequence[str] | None
) -> Verdict:
    needs = {
        "min": Said("{what} {version} or newer", what=row["subject"], version=row["version"]),
        "below": Said("{what} below {version}", what=row["subject"], version=row["version"]),
        "has": Said("a processor with {feature}", feature=row["version"]),
    }[row["is"]]
    if row["is"] == "has":
        if features is None:
            return judged(COMPATIBLE, "cannot-tell", place, Said("what the processor can do"))
        is_kept, seen = row["version"] in features, Said("the processor does not have it")
    elif have is None and row["is"] == "below":
        return judged(COMPATIBLE, "pass", place)
    elif have is None:
        why = Said("the version of the {what}: {needs} is needed", what=row["subject"], needs=needs)
        return judged(COMPATIBLE, "cannot-tell", place, why)
    else:
        is_newer = release_of(have) >= release_of(row["version"])
        is_kept = is_newer if row["is"] == "min" else not is_newer
        seen = Said("{what} {version}", what=row["subject"], version=have)
    if is_kept:
        return judged(COMPATIBLE, "pass", place)
    return judged(COMPATIBLE, "fail", place, seen, needs)


def _is_of(one: Distribution, versions: str) -> bool:
    wanted = release_of(versions)
    return not versions or release_of(one.version)[: len(wanted)] == wanted


def _have(row: Mapping[str, str], software: Software, driver: str | None) -> str | None:
    if row["subject"] == "driver":
        return driver
    one = software.find(row["subject"])
    return None if one is None else one.version


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


def judge_audit(
    software: Software,
    found: Mapping[str, Sequence[str]],
    unknown: Mapping[str, Said],
    *,
    subject: str,
) -> list[Verdict]:
    """Return whether what is installed is known to be vulnerable.

    Args:
        software: What is installed.
        found: Of each vulnerable distribution the ids of what is known against it.
        unknown: Of each that could not be looked up, why.
        subject: What to call the environment.
    """
    verdicts: list[Verdict] = []
    for one in software.distributions:
        place = Place(file=subject, field=one.name)
        if one.name in found:
            ids = ", ".join(found[one.name])
            seen = Said("{name} {version}: {ids}", name=one.name, version=one.version, ids=ids)
            expected = Said("a version in which they are mended")
            verdicts.append(judged(VULNERABLE, "fail", place, seen, expected))
        elif one.name in unknown:
            why = Said("{name}: {why}", name=one.name, why=unknown[one.name])
            verdicts.append(judged(VULNERABLE, "cannot-tell", place, why))
        else:
            verdicts.append(judged(VULNERABLE, "pass", place))
    return verdicts


def judge_age(days: float | None, *, source: str) -> Verdict:
    """Return whether a list of vulnerabilities is recent enough to be believed.

    Args:
        days: Its age; None if it does not tell.
        source: What to call it.
    """
    place = Place(file=source)
    if days is None:
        return judged(RECENT, "cannot-tell", place, Said("its date"))
    if days <= _OLDEST_DAYS:
        return judged(RECENT, "pass", place)
    seen = Said("its newest record is {days:.0f} days old", days=days)
    return judged(RECENT, "fail", place, seen, Said("{days} days at most", days=_OLDEST_DAYS))

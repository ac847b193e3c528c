"""Whether software, driver, firmware and processor fit together, by the table ``compatibility``."""

from __future__ import annotations

from brizna.check._environment_rules import COMPATIBLE, judged
from brizna.check._verdict import Place
from brizna.core._tables import load
from brizna.core.errors import Said
from brizna.core.software import release_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from brizna.check._verdict import Verdict
    from brizna.core.software import Software

    Row = Mapping[str, str]

_MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}
"""Other names of architectures."""
_SWITCHED_OFF = "N/A"
"""What the driver says where a card runs without its firmware."""


def judge_compatibility(
    software: Software, facts: Mapping[str, Any], *, subject: str
) -> list[Verdict]:
    """Return whether what is installed fits together, the driver, firmware and processor.

    Args:
        software: What is installed.
        facts: What is known of the rest, as a run's record has it under ``environment``.
        subject: What to call the environment.
    """
    found: list[Verdict] = []
    for row in load("brizna.check", "compatibility").rows:
        version = _version(row["name"], software, facts)
        if version is None or not _is_of(version, row) or not _is_on(facts, row):
            continue
        verdict = _judge_row(row, version, software, facts)
        if verdict is not None:
            found.append(verdict)
    if not found:
        why = Said("nothing in the table compatibility is about what is installed")
        return [judged(COMPATIBLE, "not-applicable", Place(file=subject), why)]
    return [one.replace(place=Place(file=subject, field=one.place.field)) for one in found]


def _judge_row(
    row: Row, version: str, software: Software, facts: Mapping[str, Any]
) -> Verdict | None:
    """Return what a row says; None where it says nothing here."""
    place = Place(file="", field=row["name"])
    if row["is"] == "has":
        return _judge_feature(row, place, facts)
    have = _version(row["subject"], software, facts)
    if have is None and row["absent"] == "fine":
        return None
    needs = _needs(row, version)
    if have is None:
        why = Said("the version of the {what}: {needs} is needed", what=row["subject"], needs=needs)
        return judged(COMPATIBLE, "cannot-tell", place, why)
    if row["is"] == "same" and have == _SWITCHED_OFF:
        return None
    if _fits(row, version, have):
        return judged(COMPATIBLE, "pass", place)
    seen = Said("{what} {version}", what=row["subject"], version=have)
    return judged(COMPATIBLE, "fail", place, seen, needs)


def _judge_feature(row: Row, place: Place, facts: Mapping[str, Any]) -> Verdict:
    features = facts.get("cpu_features")
    if features is None:
        return judged(COMPATIBLE, "cannot-tell", place, Said("what the processor can do"))
    if row["version"] in features:
        return judged(COMPATIBLE, "pass", place)
    seen = Said("the processor does not have it")
    needs = Said("a processor with {feature}", feature=row["version"])
    return judged(COMPATIBLE, "fail", place, seen, needs)


def _needs(row: Row, version: str) -> Said:
    return {
        "min": Said("{what} {version} or newer", what=row["subject"], version=row["version"]),
        "below": Said("{what} below {version}", what=row["subject"], version=row["version"]),
        "same": Said("{what} {version}", what=row["subject"], version=version),
        "without": Said("one of the two alone, without {what}", what=row["subject"]),
    }[row["is"]]


def _fits(row: Row, version: str, have: str) -> bool:
    """Return whether a subject that is there, in the version ``have``, is as a row wants it."""
    if row["is"] == "without":
        return False
    if row["is"] == "same":
        return release_of(have) == release_of(version)
    is_at_least = not _is_below(have, row["version"])
    return is_at_least if row["is"] == "min" else not is_at_least


def _is_of(version: str, row: Row) -> bool:
    """Return whether a row is about this version."""
    since, before = row["since"], row["before"]
    return not (since and _is_below(version, since)) and (not before or _is_below(version, before))


def _is_below(version: str, limit: str) -> bool:
    """Compare releases of any length: 2 is not below 2.0."""
    one, other = release_of(version), release_of(limit)
    length = max(len(one), len(other))
    return one + (0,) * (length - len(one)) < other + (0,) * (length - len(other))


def _is_on(facts: Mapping[str, Any], row: Row) -> bool:
    """Return whether a row is about machines such as this one; also where that is not known."""
    machine = str(facts.get("architecture") or "").lower()
    known = _MACHINES.get(machine, machine)
    return not row["machine"] or not known or known == row["machine"]


def _version(what: str, software: Software, facts: Mapping[str, Any]) -> str | None:
    """Return which version of a thing is there; None where there is none or nobody knows."""
    if what == "python":
        return software.python
    if what in ("driver", "gsp-firmware"):
        firmware: Mapping[str, Any] = facts.get("firmware") or {}
        found = facts.get("gpu_driver") if what == "driver" else firmware.get("gsp")
        return None if found is None else str(found)
    one = software.find(what)
    return None if one is None else one.version

"""Who published what is installed, judged by what an index attests of the files of a lock."""

from __future__ import annotations

from brizna.check._environment_rules import ATTESTED, ATTESTED_BY, ATTESTED_FILE, judged
from brizna.check._verdict import Place
from brizna.core.errors import Said
from brizna.core.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, ClassVar

    from brizna.check._verdict import Verdict

SIGNATURES = ("verified", "wrong", "unverified")
"""What came of checking a signature."""


class Published(Record):
    """What is known of who published a distribution.

    Attributes:
        name: The distribution.
        version: Its version.
        file: The file of the lock that is installed; None where that cannot be told, and where an
            index was asked and has none of the lock's.
        digest: ``sha256:`` and its digest, as the lock says.
        publishers: Who published it, a line each; none where the index attests nothing.
        subjects: Name and SHA-256 of what is attested.
        signature: One of `SIGNATURES`; None where there is none.
        asked: When the index was asked, as an instant.
        why: What is not known, or why a signature is not verified.
    """

    name: str
    version: str
    file: str | None = None
    digest: str | None = None
    publishers: tuple[str, ...] = ()
    subjects: tuple[tuple[str, str], ...] = ()
    signature: str | None = None
    asked: str | None = None
    why: Said | None = None

    schema: ClassVar = "brizna.published/1"

    def to_json(self) -> dict[str, Any]:
        """Return it with its texts in English."""
        told = {name: getattr(self, name) for name in self.fields() if name != "why"}
        why = None if self.why is None else str(self.why)
        return {
            "schema": self.schema,
            **told,
            "publishers": list(self.publishers),
            "subjects": [list(one) for one in self.subjects],
            "why": why,
        }


def judge_published(found: Iterable[Published], *, subject: str) -> list[Verdict]:
    """Return whether an index attests who published what is installed, and whether that holds.

    Args:
        found: What is known of each distribution.
        subject: What to call the environment.
    """
    verdicts: list[Verdict] = []
    for one in found:
        place = Place(file=subject, field=one.name)
        if one.file is None and one.asked is not None:
            seen = one.why or Said("the index has no file of the lock")
            expected = Said("a file with a hash that the lock names")
            verdicts.append(judged(ATTESTED_FILE, "fail", place, seen, expected))
        elif one.file is None:
            verdicts.append(judged(ATTESTED, "cannot-tell", place, one.why))
        elif not one.publishers:
            seen = Said("the index attests nothing of it")
            expected = Said("an attestation of its publisher")
            verdicts.append(judged(ATTESTED, "fail", place, seen, expected))
        else:
            verdicts += [judged(ATTESTED, "pass", place), *_judge_attested(one, place)]
    return verdicts


def _judge_attested(one: Published, place: Place) -> list[Verdict]:
    right = (one.file, str(one.digest).removeprefix("sha256:"))
    others = [each for each in one.subjects if each != right]
    if others or not one.subjects:
        told = ", ".join(f"{name} (sha256:{digest})" for name, digest in others)
        seen = Said("what is attested is {told}", told=told or "-")
        expected = Said("{file} ({digest}), as the lock says", file=one.file, digest=one.digest)
        same = judged(ATTESTED_FILE, "fail", place, seen, expected)
    else:
        same = judged(ATTESTED_FILE, "pass", place)
    if one.signature == "verified":
        return [same, judged(ATTESTED_BY, "pass", place)]
    if one.signature == "wrong":
        expected = Said("a signature of {who}", who=", ".join(one.publishers))
        return [same, judged(ATTESTED_BY, "fail", place, one.why, expected)]
    why = Said("not verified: {why}", why=one.why)
    return [same, judged(ATTESTED_BY, "cannot-tell", place, why)]

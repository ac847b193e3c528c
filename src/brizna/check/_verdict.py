"""Rules, and the verdicts they come to: what was seen, what was expected, and what to do."""

from __future__ import annotations

from brizna.core.errors import InputError
from brizna.core.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, ClassVar

    from brizna.core.errors import Said

RESULTS = ("pass", "fail", "cannot-tell", "not-applicable")
"""What a rule can come to; that something cannot be checked never counts as a pass."""
SEVERITIES = ("note", "warning", "error")
"""How much a failed rule matters, the least first."""

UNPROVEN = ("BRZ-E005", "BRZ-E006")
"""Rules that mostly nobody can tell after an installation: the whole stands, its headline says so.
"""


class Rule(Record):
    """What is asked of evidence.

    Attributes:
        id: Its stable name, such as ``BRZ-V012``; never given to another rule.
        severity: One of `SEVERITIES`.
        title: What holds where the rule is kept.
        todo: What to do where it is broken.
        reference: Who says so.
    """

    id: str
    severity: str
    title: Said
    todo: Said
    reference: str

    def _check(self) -> None:
        _known("severity", self.severity, SEVERITIES)

    def to_json(self) -> dict[str, Any]:
        """Return the rule with its texts in English."""
        return {
            "id": self.id,
            "severity": self.severity,
            "title": str(self.title),
            "todo": str(self.todo),
            "reference": self.reference,
        }


class Place(Record):
    """Where something stands.

    Attributes:
        file: A file, or a run.
        line: The line, from 1; None where the form has none.
        field: The column, key or path in it; None for the whole.
    """

    file: str
    line: int | None = None
    field: str | None = None

    def __str__(self) -> str:
        line = "" if self.line is None else f":{self.line}"
        return f"{self.file}{line}" + ("" if self.field is None else f" {self.field}")


class Evidence(Record):
    """A figure that a verdict rests on.

    Attributes:
        name: What it is, as the document or the factor names it.
        value: In ``unit``; None where it is not known.
        unit: A unit that a quantity knows; ``1`` for a pure number.
        origin: Where it stands, or the formula that gives it.
        low: The low end of its interval, in ``unit``; None where it has none.
        high: The high end.
    """

    name: str
    value: float | None
    unit: str
    origin: str
    low: float | None = None
    high: float | None = None


class Verdict(Record):
    """What a rule came to, with its evidence.

    Attributes:
        rule: The rule's id.
        severity: How much it matters, as the rule says.
        result: One of `RESULTS`.
        place: Where.
        seen: What was seen; for ``cannot-tell`` what is missing; None where it passed.
        expected: What was expected; None where it passed or cannot be told.
        evidence: The figures it rests on.
    """

    rule: str
    severity: str
    result: str
    place: Place
    seen: Said | None = None
    expected: Said | None = None
    evidence: tuple[Evidence, ...] = ()

    def _check(self) -> None:
        _known("result", self.result, RESULTS)
        _known("severity", self.severity, SEVERITIES)

    def to_json(self) -> dict[str, Any]:
        """Return the verdict with its texts in English."""
        return {
            "rule": self.rule,
            "severity": self.severity,
            "result": self.result,
            "place": self.place.to_json(),
            "seen": None if self.seen is None else str(self.seen),
            "expected": None if self.expected is None else str(self.expected),
            "evidence": [one.to_json() for one in self.evidence],
        }


class Verification(Record):
    """What checking one document or run came to.

    Attributes:
        subject: The file or run.
        form: What it is, such as ``codecarbon-csv``.
        digest: Of what was checked.
        verdicts: One for each rule and place.
    """

    schema: ClassVar = "brizna.verification/1"

    subject: str
    form: str
    digest: str
    verdicts: tuple[Verdict, ...]

    @property
    def findings(self) -> tuple[Verdict, ...]:
        """The rules that were broken, the gravest first, then in the order of the document."""
        failed = [one for one in self.verdicts if one.result == "fail"]
        return tuple(sorted(failed, key=lambda one: -SEVERITIES.index(one.severity)))

    @property
    def untold(self) -> tuple[Verdict, ...]:
        """The rules of which nobody can tell whether they were kept."""
        return tuple(one for one in self.verdicts if one.result == "cannot-tell")

    def outcome(self, *, fail_on: str = "error") -> str:
        """Return ``fail``, ``cannot-tell`` or ``pass`` for the whole.

        It passes only where some rule passed and none is left untold, but those of `UNPROVEN`.

        Args:
            fail_on: The least severity of a broken rule that counts, one of `SEVERITIES`.
        """
        _known("severity", fail_on, SEVERITIES)
        least = SEVERITIES.index(fail_on)
        if any(SEVERITIES.index(one.severity) >= least for one in self.findings):
            return "fail"
        passed = any(one.result == "pass" for one in self.verdicts)
        untold = [one for one in self.untold if one.rule not in UNPROVEN]
        return "pass" if passed and not untold else "cannot-tell"

    def to_json(self) -> dict[str, Any]:
        """Return the verification with its texts in English."""
        return {
            "schema": self.schema,
            "subject": self.subject,
            "form": self.form,
            "digest": self.digest,
            "verdicts": [one.to_json() for one in self.verdicts],
        }


def together(outcomes: Iterable[str]) -> str:
    """Return the outcome of several: failed if one failed, passed only if all passed."""
    seen = set(outcomes)
    return next((one for one in ("fail", "cannot-tell") if one in seen), "pass")


def _known(what: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise InputError(
            "{what} is {value!r}: expected one of {known}.",
            what=what,
            value=value,
            known=", ".join(known),
        )

"""A project as rules see it: its records, its files, and what people answered and signed."""

from __future__ import annotations

from brizna.check._verdict import Place, Rule, Verdict
from brizna.core.codec import digest
from brizna.core.errors import InputError
from brizna.core.records import Record, each

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, ClassVar

    from brizna.check._verdict import Evidence
    from brizna.core.errors import Said

    Judge = Callable[["ProjectRule", "Project"], Verdict]

ANSWERS = ("yes", "no", "not-applicable")
"""What a person can answer."""


class Held(Record):
    """A record that a project holds.

    Attributes:
        place: The run that it stands beside, or its file.
        digest: Of its canonical bytes.
        data: Its JSON value, with its ``schema``.
    """

    place: str
    digest: str
    data: dict[str, Any]


class SourceFile(Record):
    """A file of a project.

    Attributes:
        path: From the project's folder on, with ``/``.
        digest: Of its bytes.
        text: What it says; empty where only its digest is asked for.
    """

    path: str
    digest: str
    text: str = ""

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.path.rpartition("/")[2]


class Answer(Record):
    """What a person said to the question of a rule.

    Attributes:
        rule: The rule's id.
        project: Name of the project that it is about.
        question: What was asked, in English.
        answer: One of `ANSWERS`.
        because: Why, in the person's words.
        by: The person's name.
        at: The instant.
        evidence: Path and digest of each file that shows it.
    """

    schema: ClassVar = "brizna.answer/1"

    rule: str
    project: str
    question: str
    answer: str
    because: str
    by: str
    at: str
    evidence: tuple[SourceFile, ...] = ()

    _forms: ClassVar = {"evidence": each(SourceFile.from_json)}

    def _check(self) -> None:
        if self.answer not in ANSWERS:
            raise InputError(
                "The answer is {answer!r}: expected one of {known}.",
                answer=self.answer,
                known=", ".join(ANSWERS),
            )
        if not self.by.strip() or not self.because.strip():
            raise InputError(
                "The answer to {rule} lacks a name or a reason: expected both. Give --by and "
                "--because.",
                rule=self.rule,
            )
        if self.answer == "yes" and not self.evidence:
            raise InputError(
                "A yes to {rule} without a file that shows it is a ticked box: expected at least "
                "one. Give --evidence FILE.",
                rule=self.rule,
            )


class SignedAnswer(Record):
    """An answer, and who signed it.

    Attributes:
        answer: What was said.
        place: Where it is kept.
        key: Name of the key that signed it; None where no signature is believed.
        wrong: Why it is not believed; None where it is.
    """

    answer: Answer
    place: str
    key: str | None = None
    wrong: Said | None = None


class Project(Record):
    """What there is to judge a project by.

    Attributes:
        name: What it is called.
        at: The instant of judging.
        is_versioned: Whether its folder is under version control.
        records: Of its store and in its files, the newest last.
        files: Those that rules read, in the order of their paths.
        answers: Of people, the newest last.
        skipped: What was not looked at, and why.
        broken: Records that are not what they were when they were written.
    """

    name: str
    at: str
    is_versioned: bool = False
    records: tuple[Held, ...] = ()
    files: tuple[SourceFile, ...] = ()
    answers: tuple[SignedAnswer, ...] = ()
    skipped: tuple[Said, ...] = ()
    broken: tuple[Said, ...] = ()

    def of(self, *schemas: str) -> list[Held]:
        """Return the records of these schemas, the newest last."""
        return [one for one in self.records if one.data.get("schema") in schemas]

    def file(self, path: str) -> SourceFile | None:
        """Return the file of this path; None if there is none that rules read."""
        return next((one for one in self.files if one.path == path), None)

    @property
    def place(self) -> Place:
        """The project as a whole."""
        return Place(file=self.name)

    @property
    def digest(self) -> str:
        """Digest of all that it is judged by; the same evidence has the same."""
        return digest(
            {
                "records": sorted(one.digest for one in self.records),
                "files": [[one.path, one.digest] for one in self.files],
                "answers": [one.answer.to_json() for one in self.answers],
                "versioned": self.is_versioned,
                **({"broken": [str(one) for one in self.broken]} if self.broken else {}),
            }
        )


class ProjectRule(Rule):
    """A rule that a project is held against.

    Attributes:
        judge: What it comes to for a project: a pure function.
        profiles: For each profile that it belongs to, the place in that profile's document.
        question: What only a person can tell; None where evidence can.
    """

    judge: Judge
    profiles: dict[str, str]
    question: Said | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the rule with its texts in English."""
        asked = None if self.question is None else str(self.question)
        return {**super().to_json(), "profiles": dict(self.profiles), "question": asked}

    def passed(self, place: Place, evidence: Iterable[Evidence]) -> Verdict:
        """Return that it is kept, and what shows that; without evidence nothing passes."""
        return self._verdict("pass", place, None, None, tuple(evidence))

    def failed(
        self, place: Place, seen: Said, expected: Said, evidence: Iterable[Evidence] = ()
    ) -> Verdict:
        """Return that it is broken."""
        return self._verdict("fail", place, seen, expected, tuple(evidence))

    def untold(self, place: Place, why: Said, evidence: Iterable[Evidence] = ()) -> Verdict:
        """Return that nobody can tell, and what is missing."""
        return self._verdict("cannot-tell", place, why, None, tuple(evidence))

    def unasked(self, place: Place, why: Said) -> Verdict:
        """Return that it has nothing to say here, and why."""
        return self._verdict("not-applicable", place, why, None, ())

    def _verdict(
        self,
        result: str,
        place: Place,
        seen: Said | None,
        expected: Said | None,
        evidence: tuple[Evidence, ...],
    ) -> Verdict:
        return Verdict(
            rule=self.id,
            severity=self.severity,
            result=result,
            place=place,
            seen=seen,
            expected=expected,
            evidence=evidence,
        )

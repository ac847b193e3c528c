"""Projects to judge, and what every rule promises, checked on any implementation."""

from __future__ import annotations

import sys
from functools import cache

from brizna.check import RESULTS, Held, Project, ProjectRule, SignedAnswer, SourceFile
from brizna.core.codec import digest, digest_of_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from brizna.check import Verdict

_AT = "2026-11-30T09:00:00Z"
_OUTSIDE = ("open", "os.listdir", "os.scandir", "subprocess.Popen", "socket.connect")


def sample_project(
    *,
    records: Iterable[Mapping[str, Any]] = (),
    files: Mapping[str, str] | None = None,
    answers: Iterable[SignedAnswer] = (),
    is_versioned: bool = True,
) -> Project:
    """Return a project that holds what it is told to, and nothing else.

    Args:
        records: JSON values of records, the newest last.
        files: The text of each file by its path.
        answers: What people answered.
        is_versioned: Whether it is under version control.
    """
    held = [
        Held(place=f"record-{number}", digest=digest(dict(one)), data=dict(one))
        for number, one in enumerate(records)
    ]
    sources = [
        SourceFile(path=path, digest=digest_of_bytes(text.encode()), text=text)
        for path, text in sorted((files or {}).items())
    ]
    return Project(
        name="sample",
        at=_AT,
        is_versioned=is_versioned,
        records=tuple(held),
        files=tuple(sources),
        answers=tuple(answers),
    )


def rule_conformance(
    rule: object, *, passing: Project, failing: Project, untold: Project
) -> list[str]:
    """Return the promises of `brizna.check.ProjectRule` that a rule breaks; nothing if it is right.

    Args:
        rule: The rule.
        passing: A project that keeps it.
        failing: One that breaks it.
        untold: One of which nobody can tell.
    """
    if not isinstance(rule, ProjectRule):
        return [f"{type(rule).__name__} is no ProjectRule"]
    broken = _texts(rule)
    for name, project, result in (
        ("passing", passing, "pass"),
        ("failing", failing, "fail"),
        ("untold", untold, "cannot-tell"),
    ):
        verdict = rule.judge(rule, project)
        if verdict.result != result:
            broken.append(f"the {name} project comes to {verdict.result}: {verdict.seen}")
            continue
        broken += _verdict(verdict)
        broken += _is_pure(rule, project, verdict)
    nothing = rule.judge(rule, sample_project(is_versioned=False))
    if nothing.result in ("pass", "fail"):
        broken.append(f"an empty project comes to {nothing.result}")
    return broken


def _texts(rule: ProjectRule) -> list[str]:
    broken: list[str] = []
    if not rule.profiles or not all(rule.profiles.values()):
        broken.append("it belongs to no profile, or says not where in its document it stands")
    if not str(rule.title).strip() or not str(rule.todo).strip():
        broken.append("it has no title, or does not say what to do")
    if str(rule.title).endswith("."):
        broken.append("its title ends with a full stop, and stands among others")
    return broken


def _verdict(verdict: Verdict) -> list[str]:
    broken: list[str] = []
    if verdict.result not in RESULTS:
        broken.append(f"{verdict.result!r} is no result")
    if verdict.result == "pass" and not all(one.origin for one in verdict.evidence):
        broken.append("it passes, and evidence has no origin")
    if verdict.result == "pass" and not verdict.evidence:
        broken.append("it passes without evidence")
    if verdict.result == "fail" and (verdict.seen is None or verdict.expected is None):
        broken.append("it fails, and does not say what was seen and what was expected")
    if verdict.result == "cannot-tell" and verdict.seen is None:
        broken.append("it cannot tell, and does not say what is missing")
    return broken


def _is_pure(rule: ProjectRule, project: Project, verdict: Verdict) -> list[str]:
    """Judge again, and listen: whatever a rule needs is in the project."""
    ear = _ear()
    ear.heard.clear()
    ear.listening = True
    try:
        again = rule.judge(rule, project)
    finally:
        ear.listening = False
    broken = [f"it looks outside of the project: {one}" for one in ear.heard]
    if again.to_json() != verdict.to_json():
        broken.append("it judges the same project otherwise the second time")
    return broken


class _Ear:
    """An audit hook that hears what looks outside; once set it cannot be removed."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.listening = False

    def __call__(self, event: str, arguments: tuple[object, ...]) -> None:
        if self.listening and event in _OUTSIDE:
            self.heard.append(f"{event} {arguments!r:.80}")


@cache
def _ear() -> _Ear:
    ear = _Ear()
    sys.addaudithook(ear)
    return ear

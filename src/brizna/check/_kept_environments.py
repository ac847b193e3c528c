"""Rules that read what `brizna env check`, `audit` and `attested` found and somebody kept."""

from __future__ import annotations

from datetime import datetime

from brizna.check._environment import CLOCKS_DIFFER_DAYS, OLDEST_DAYS
from brizna.check._environment_rules import (
    ATTESTED,
    ATTESTED_BY,
    ATTESTED_FILE,
    BUILT,
    COMPATIBLE,
    MET,
    RECENT,
    VULNERABLE,
)
from brizna.check._project import ProjectRule
from brizna.check._verdict import Evidence, Place
from brizna.core.errors import Said
from brizna.core.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any, ClassVar

    from brizna.check._project import Held, Judge, Project
    from brizna.check._verdict import Verdict

_RUN, _KEPT = "brizna.run/1", "brizna.environment-verdict/1"
_DAY_S = 86_400.0
_OSV = "OSV schema 1.7"
_MAKERS = str(Said("the makers of the software, as in brizna's table compatibility"))
_PEP_740 = str(Said("PyPA, Index hosted attestations (PEP 740)"))
CHECKED, AUDITED, ATTESTATIONS = "environment", "audit", "attestations"
"""Forms of verifications of environments."""


class KeptVerification(Record):
    """What an environment was held to, when, and what came of it.

    Attributes:
        at: When, as an instant.
        installed: The digest of what was installed.
        verification: What came of it, as `Verification` writes it.
    """

    schema: ClassVar = _KEPT

    at: str
    installed: str
    verification: Mapping[str, Any]


def environment_rules() -> Iterator[ProjectRule]:
    """Return the rules about environments that were held to something."""
    yield ProjectRule(
        id="BRZ-P006",
        severity="error",
        title=Said("What runs used fits together: software, driver and processor"),
        todo=Said("Find out and keep it: brizna env check --save; install what fits."),
        reference=_MAKERS,
        judge=_judge(CHECKED, (COMPATIBLE, MET, BUILT)),
        profiles={"pnav": "2.1 Compatibilidad y reproducibilidad, 1; 5.1, 1"},
    )
    yield ProjectRule(
        id="BRZ-P014",
        severity="error",
        title=Said("Nothing that runs used is known to be vulnerable"),
        todo=Said("Find out and keep it: brizna env audit --save; install what is mended."),
        reference=_OSV,
        judge=_judge(AUDITED, (VULNERABLE, RECENT)),
        profiles={"pnav": "2.1 Seguridad y trazabilidad, 1", "ai-act": "Article 15(5)"},
    )
    yield ProjectRule(
        id="BRZ-P015",
        severity="warning",
        title=Said("Who published what runs used is verified, as far as it is attested"),
        todo=Said("Find out and keep it: brizna env attested --lock LOCK --index URL --save."),
        reference=_PEP_740,
        judge=_judge(ATTESTATIONS, (ATTESTED, ATTESTED_FILE, ATTESTED_BY)),
        profiles={"pnav": "2.1 Seguridad y trazabilidad, 2"},
    )


def _judge(form: str, rules: tuple[str, ...]) -> Judge:
    """Return the judge of a kept verification of this form by these of its rules."""

    def judge(rule: ProjectRule, project: Project) -> Verdict:
        kept = [one for one in project.of(_KEPT) if _form(one) == form]
        if not kept:
            return rule.untold(project.place, Said("nobody kept what was found: --save"))
        used = _used(project)
        last = max(
            (one for one in kept if used is None or one.data["installed"] == used),
            key=lambda one: one.data["at"],
            default=None,
        )
        if last is None:
            why = Said("what was looked at is not what the latest run used: {used:.19}", used=used)
            return rule.untold(Place(file=kept[-1].place), why)
        return _judge_one(rule, project, last, rules)

    return judge


def _judge_one(rule: ProjectRule, project: Project, last: Held, rules: tuple[str, ...]) -> Verdict:
    place = Place(file=last.place)
    days = _days(last.data["at"], project.at)
    found = [one for one in last.data["verification"]["verdicts"] if one["rule"] in rules]
    shown = [Evidence(name=str(Said("age")), value=days, unit="d", origin=last.digest)]
    wrong = [one for one in found if one["result"] == "fail" and one["severity"] == "error"]
    if wrong:
        names = dict.fromkeys(one["place"]["field"] or one["rule"] for one in wrong)
        seen = Said("{count} findings: {names}", count=len(wrong), names=", ".join([*names][:5]))
        return rule.failed(place, seen, Said("none"), shown)
    if days is None or not -CLOCKS_DIFFER_DAYS <= days <= OLDEST_DAYS:
        why = Said(
            "it was looked at on {at}: expected {days} days before at most",
            at=last.data["at"][:10],
            days=OLDEST_DAYS,
        )
        return rule.untold(place, why, shown)
    untold = [one for one in found if _is_untold(one)]
    if untold:
        first = untold[0]["place"]["field"] or untold[0]["rule"]
        why = Said("{count} things that could not be told: {first}", count=len(untold), first=first)
        return rule.untold(place, why, shown)
    if not any(one["result"] == "pass" for one in found):
        return rule.unasked(place, Said("nothing of it is known to the table or the list"))
    return rule.passed(place, shown)


def _is_untold(verdict: Mapping[str, Any]) -> bool:
    """Return whether a verdict leaves the question open: a warning does, a note does not."""
    is_warned = verdict["result"] == "fail" and verdict["severity"] == "warning"
    return is_warned or verdict["result"] == "cannot-tell"


def _form(kept: Held) -> str:
    return str(kept.data["verification"]["form"])


def _used(project: Project) -> str | None:
    """Return the digest of what the latest run that tells used; None if none tells."""
    for run in reversed(project.of(_RUN)):
        around: dict[str, Any] = run.data.get("environment") or {}
        software: dict[str, Any] = around.get("software") or {}
        if software.get("installed"):
            return str(software["installed"])
    return None


def _days(at: str, now: str) -> float | None:
    try:
        passed = datetime.fromisoformat(now) - datetime.fromisoformat(at)
    except (TypeError, ValueError):  # no instant, or one without a zone
        return None
    return passed.total_seconds() / _DAY_S

"""A review: what the rules of a profile come to for a project, and what is excused for now."""

from __future__ import annotations

from datetime import date

from brizna.check._verdict import SEVERITIES, Verdict, Verification
from brizna.core.errors import BriznaError, InputError, Said
from brizna.core.factors import nearest
from brizna.core.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any, ClassVar

    from brizna.check._project import Project, ProjectRule


class Waiver(Record):
    """That a broken rule is excused for a while.

    Attributes:
        rule: The rule's id.
        reason: Why.
        until: The last day, such as ``2027-01-31``.
    """

    rule: str
    reason: str
    until: str

    def _check(self) -> None:
        if not self.reason.strip():
            raise InputError(
                "The suppression of {rule} has no reason: expected one. Say why in reason.",
                rule=self.rule,
            )
        try:
            date.fromisoformat(self.until)
        except (TypeError, ValueError) as error:
            raise InputError(
                "The suppression of {rule} ends {until!r}: expected a day such as 2027-01-31. Say "
                "in until when it is to be looked at again.",
                rule=self.rule,
                until=self.until,
            ) from error

    def holds(self, now: str) -> bool:
        """Tell whether it still holds at an instant in UTC."""
        return now[:10] <= self.until


class Review(Record):
    """What the rules of a profile come to for a project.

    Attributes:
        profile: Its name.
        project: What was judged.
        digest: Of the evidence.
        at: When it was judged.
        verdicts: One for each rule, in the order of the profile.
        waivers: What is excused, whether it still holds or not.
        ignored: Rules of the profile that were not judged because somebody said so.
        skipped: What of the project was not looked at, and why.
        broken: Records that are not what they were when they were written.
    """

    schema: ClassVar = "brizna.review/1"

    profile: str
    project: str
    digest: str
    at: str
    verdicts: tuple[Verdict, ...]
    waivers: tuple[Waiver, ...] = ()
    ignored: tuple[str, ...] = ()
    skipped: tuple[Said, ...] = ()
    broken: tuple[Said, ...] = ()

    def of(self, result: str) -> tuple[Verdict, ...]:
        """Return the verdicts that came to this; of failures those that are not excused."""
        return tuple(
            one for one in self.verdicts if one.result == result and self.waiver(one) is None
        )

    @property
    def waived(self) -> tuple[Verdict, ...]:
        """The broken rules that are excused for now."""
        return tuple(one for one in self.verdicts if self.waiver(one) is not None)

    def waiver(self, verdict: Verdict) -> Waiver | None:
        """Return what excuses a broken rule; None where nothing does, or not any more."""
        if verdict.result != "fail":
            return None
        holding = (one for one in self.waivers if one.rule == verdict.rule and one.holds(self.at))
        return next(holding, None)

    @property
    def expired(self) -> tuple[Waiver, ...]:
        """What excused a rule once and does not any more."""
        return tuple(one for one in self.waivers if not one.holds(self.at))

    @property
    def coverage(self) -> tuple[int, int]:
        """Of how many rules evidence told something, and how many apply: never a grade."""
        told = sum(one.result in ("pass", "fail") for one in self.verdicts)
        unasked = sum(one.result == "not-applicable" for one in self.verdicts)
        return told, len(self.verdicts) - unasked

    def outcome(self, *, fail_on: str = "error") -> str:
        """Return ``fail``, ``cannot-tell`` or ``pass`` for the whole.

        It passes only where evidence told something of some rule and none is left untold; a broken
        rule that is excused, or less severe than what counts, does not hinder it. It fails where a
        record is not what it was: nothing that stands on such records can be believed.

        Args:
            fail_on: The least severity of a broken rule that counts, one of `SEVERITIES`.
        """
        if fail_on not in SEVERITIES:
            raise InputError(
                "--fail-on is {fail_on!r}: expected one of {known}.",
                fail_on=fail_on,
                known=", ".join(SEVERITIES),
            )
        least = SEVERITIES.index(fail_on)
        if self.broken or any(SEVERITIES.index(one.severity) >= least for one in self.of("fail")):
            return "fail"
        return "pass" if self.coverage[0] and not self.of("cannot-tell") else "cannot-tell"

    def verification(self, *, with_waived: bool = True) -> Verification:
        """Return its verdicts as those of a verification, for what shows such.

        Args:
            with_waived: Whether broken rules that are excused are shown as broken; if not, they
                do not apply, and their reason says why.
        """
        return Verification(
            subject=self.project,
            form=self.profile,
            digest=self.digest,
            verdicts=tuple(one if with_waived else self._excused(one) for one in self.verdicts),
        )

    def _excused(self, verdict: Verdict) -> Verdict:
        waiver = self.waiver(verdict)
        if waiver is None:
            return verdict
        why = Said("excused until {until}: {reason}", until=waiver.until, reason=waiver.reason)
        return verdict.replace(result="not-applicable", seen=why, expected=None)

    def to_json(self) -> dict[str, Any]:
        """Return the review with its texts in English."""
        told, asked = self.coverage
        return {
            "schema": self.schema,
            "profile": self.profile,
            "project": self.project,
            "digest": self.digest,
            "at": self.at,
            "coverage": {"told": told, "asked": asked},
            "verdicts": [one.to_json() for one in self.verdicts],
            "waivers": [one.to_json() | {"holds": one.holds(self.at)} for one in self.waivers],
            "ignored": list(self.ignored),
            "skipped": [str(one) for one in self.skipped],
            "broken": [str(one) for one in self.broken],
        }


class Choice(Record):
    """Which rules of a profile are judged, and what is excused.

    Attributes:
        select: Ids, or beginnings of ids; all if empty.
        ignore: The same, not judged.
        waivers: What is excused.
    """

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    waivers: tuple[Waiver, ...] = ()


def review(
    project: Project, rules: Sequence[ProjectRule], *, profile: str, choice: Choice | None = None
) -> Review:
    """Return what the rules come to for a project.

    Args:
        project: What there is.
        rules: Of the profile.
        profile: Its name.
        choice: Which of them, and what is excused; all of them, and nothing, if None.

    Raises:
        InputError: If the choice names a rule that is not in the profile.
    """
    chosen = choice or Choice()
    known = {rule.id: rule for rule in rules}
    selected = _named(chosen.select, known, profile) if chosen.select else set(known)
    ignored = _named(chosen.ignore, known, profile)
    return Review(
        profile=profile,
        project=project.name,
        digest=project.digest,
        at=project.at,
        verdicts=tuple(
            _judged(rule, project)
            for rule in rules
            if rule.id in selected and rule.id not in ignored
        ),
        waivers=tuple(one for one in chosen.waivers if one.rule in known),
        ignored=tuple(name for name in known if name in ignored),
        skipped=project.skipped,
        broken=project.broken,
    )


def _judged(rule: ProjectRule, project: Project) -> Verdict:
    """Return a rule's verdict; a pass without evidence, and a rule that breaks, tell nothing."""
    try:
        verdict = rule.judge(rule, project)
    except BriznaError as error:
        return rule.untold(project.place, Said("{error}", error=error))
    except KeyError as error:
        why = Said("a record that it reads has no {name!r}", name=error.args[0])
        return rule.untold(project.place, why)
    except Exception as error:  # noqa: BLE001 - a record of any shape: whoever reads sees it below
        why = Said(
            "the evidence cannot be read by this rule: {error}",
            error=f"{type(error).__name__}: {error}",
        )
        return rule.untold(project.place, why)
    if not isinstance(verdict, Verdict):  # pyright: ignore[reportUnnecessaryIsInstance] - anybody's
        why = Said("the rule gave {found!r} and no verdict", found=verdict)
        return rule.untold(project.place, why)
    if verdict.result == "pass" and not verdict.evidence:
        return rule.untold(project.place, Said("the rule passed without naming its evidence"))
    return verdict


def _named(given: Iterable[str], known: Mapping[str, ProjectRule], profile: str) -> set[str]:
    """Return the ids that ids or their beginnings mean."""
    found: set[str] = set()
    for name in given:
        meant = {one for one in known if name and one.startswith(name)}
        if not meant:
            raise InputError(
                "{name!r} is no rule of the profile {profile}.{hint} List them: brizna check "
                "--profile {profile} --list.",
                name=name,
                profile=profile,
                hint=nearest(name, known),
            )
        found |= meant
    return found

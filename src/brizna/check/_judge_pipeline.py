"""Rules about automatic tests: what guards each change, by what its pipelines really run."""

from __future__ import annotations

import re

from brizna.check._shell import IGNORED, MAYBE, NEVER, RUNS
from brizna.check._steps import PIPELINES, Steps
from brizna.check._verdict import Evidence, Place
from brizna.core.errors import Said
from brizna.core.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from brizna.check._project import Judge, Project, ProjectRule, SourceFile
    from brizna.check._steps import Step
    from brizna.check._verdict import Verdict

SETTINGS = re.compile(r"\.github/dependabot\.yml|renovate\.json")
"""Files of bots that look at a project."""
_COMMENT = re.compile(r"^[ \t]*(#|//).*$", re.MULTILINE)
_ASKS = frozenset({"--help", "-h", "--version", "-V", "--dry-run", "help"})
"""Words with which a program tells of itself, and does not what it is for."""
_WHY = {
    MAYBE: Said("only under some condition, or where somebody calls it"),
    IGNORED: Said("its failure is ignored"),
    NEVER: Said("it never runs"),
}


class Guard(Record):
    """What guards each change against something.

    Attributes:
        program: A regular expression for a program's name and its words, from the first on.
        action: One that is sought in the names of actions and templates.
        setting: One for the setting of a bot that does it.
        unsure: One for a setting that may do it, where no file tells.
        why: What no file tells then.
    """

    program: str
    action: str
    setting: str | None = None
    unsure: str | None = None
    why: Said | None = None

    def is_met(self, step: Step) -> bool:
        """Tell whether a step does it, as far as its words tell."""
        if step.words[0] == "uses":
            return bool(re.search(self.action, step.words[-1]))
        words = step.words[: step.words.index("--")] if "--" in step.words else step.words
        return bool(re.match(self.program, step.text)) and not _ASKS & set(words)


GATES = Guard(
    program=(
        r"brizna (gate|budget)\b|(pytest|py\.test)\b.* --(energy-(report|json|estimates)"
        r"|benchmark-compare-fail)\b|asv (continuous|compare)\b|bencher run\b|codspeed run\b"
    ),
    action=(
        r"(^|/)brizna(/|@|$)|eco-ci-energy-estimation|green-metrics-tool|CodSpeedHQ/action"
        r"|github-action-benchmark"
    ),
)
"""What holds what a change takes against what it took before: energy, or time."""
SCANS = Guard(
    program=(
        r"(pip[-_]audit|osv-scanner|trivy|grype)(\s|$)|safety (check|scan)\b|pipenv (check|scan)\b"
        r"|brizna env audit\b|snyk (test|monitor|container|code)\b"
    ),
    action=(
        r"pip-audit|osv-scanner|trivy|grype|anchore/scan-action|safety-action|pyupio/safety"
        r"|dependency-review-action|snyk|Dependency-Scanning"
    ),
    setting=r"\"osvVulnerabilityAlerts\":\s*true",
    unsure=(
        r"package-ecosystem:\s*[\"']?(pip|uv|conda|npm|bun|cargo|maven|gradle|gomod|bundler|nuget)\b"
        r"|\"\$schema\":\s*\"[^\"]*renovate|\"extends\":\s*\["
    ),
    why=Said(
        "a bot updates packages; whether it is told of vulnerabilities is set at the host, "
        "and stands in no file"
    ),
)
"""What looks for known vulnerabilities. What asks a bot to keep packages up to date does not say
whether it looks for them too: that is set at the host, where no file tells it."""
SIGNATURES = Guard(
    program=(
        r"cosign verify(-blob|-attestation)?(-attestation)?\b|sigstore verify\b|gpgv(\s|$)"
        r"|pypi[-_]attestations verify\b|(gh attestation|slsa-verifier|model[-_]signing|notation) "
        r"verify|gpg2? .*--verify\b|brizna env attested\b"
    ),
    action=r"(attest|sigstore|cosign|slsa)[\w/-]*verif|verif[\w/-]*(attest|signature|slsa)",
)
"""What verifies who signed or published packages, models or images."""


def judge_pipeline(guard: Guard, what: Said) -> Judge:
    """Return the judge of whether something guards each change.

    Args:
        guard: What does it.
        what: What is expected to be there.
    """

    def judge(rule: ProjectRule, project: Project) -> Verdict:
        steps = Steps(project.files)
        met = [one for one in steps.found if guard.is_met(one)]
        kept = [one for one in met if one.state == RUNS]
        if kept:
            shown = [Evidence(name=one.text, value=None, unit="1", origin=one.file) for one in kept]
            return rule.passed(Place(file=kept[0].file, line=kept[0].line), shown)
        bots = [one for one in project.files if SETTINGS.fullmatch(one.path)]
        for file, match in _said(bots, guard.setting):
            shown = Evidence(name=match[0], value=None, unit="1", origin=file.path)
            return rule.passed(Place(file=file.path, line=_line(match)), [shown])
        for one in met:
            if one.state == MAYBE:
                return rule.untold(Place(file=one.file, line=one.line), _half(one))
        for file, match in _said(bots, guard.unsure):
            assert guard.why is not None
            return rule.untold(Place(file=file.path, line=_line(match)), guard.why)
        return _without(rule, project, steps, met, what)

    return judge


def _without(
    rule: ProjectRule, project: Project, steps: Steps, met: list[Step], what: Said
) -> Verdict:
    """Return what it comes to where no step does it, or none that counts."""
    pipelines = [one for one in project.files if PIPELINES.fullmatch(one.path)]
    if not pipelines:
        why = Said("no continuous integration was found here to look into")
        return rule.untold(project.place, why)
    if steps.unread:
        path, line, name = steps.unread[0]
        why = Said("no step that was read does this; not read: {what}", what=name)
        return rule.untold(Place(file=path, line=line), why)
    if met:
        return rule.failed(Place(file=met[0].file, line=met[0].line), _half(met[0]), what)
    return rule.failed(Place(file=pipelines[0].path), Said("no step of it does this"), what)


def _half(step: Step) -> Said:
    return Said("{command}: {why}", command=step.text, why=_WHY[step.state])


def _said(files: list[SourceFile], pattern: str | None) -> list[tuple[SourceFile, re.Match[str]]]:
    """Return where files say this, but for lines that are comments."""
    if pattern is None:
        return []
    code = ((one, _COMMENT.sub("", one.text)) for one in files)
    return [(one, match) for one, text in code if (match := re.search(pattern, text))]


def _line(match: re.Match[str]) -> int:
    return match.string.count("\n", 0, match.start()) + 1

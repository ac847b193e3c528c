"""Rules and verdicts: whether what was found is good enough, and how sure that is.

Promises: a verdict says what it is drawn from; where that is too little it is neither yes nor no,
but says what is missing. A rule has a stable id, and what breaks it has a place. Pure: chance,
files and clocks come in as arguments. Refuses to pass what it cannot tell.
"""

from __future__ import annotations

from brizna.core.lazy import lazily

TYPE_CHECKING = False
if TYPE_CHECKING:
    from brizna.check._boamps import (
        is_boamps,
        read_boamps,
    )
    from brizna.check._bundle import (
        BUNDLE_MANIFEST,
        bundle_lists,
        examine_bundle,
        not_an_archive,
        not_the_original,
    )
    from brizna.check._card import (
        is_card,
        read_card,
    )
    from brizna.check._codecarbon import (
        read_codecarbon,
    )
    from brizna.check._examine import (
        examine,
    )
    from brizna.check._federation import (
        Criterion,
        FederationAdvice,
        Flip,
        Traffic,
        advise_federation,
    )
    from brizna.check._federation_case import (
        FEDERATION_FACTS,
        FederationCase,
        read_federation_case,
    )
    from brizna.check._footprints import examine_footprint
    from brizna.check._gate import Block, GateVerdict, judge_gate
    from brizna.check._gate_limits import (
        Drift,
        Floor,
        Limit,
        Quality,
        judge_budget,
        judge_counts,
        judge_drift,
        judge_quality,
    )
    from brizna.check._gate_told import GATE_RULES, Gate, verify_gate
    from brizna.check._judge_files import (
        DRIVER_FILE,
        files_that_rules_read,
    )
    from brizna.check._manifest import (
        is_manifest,
        read_manifest,
    )
    from brizna.check._noninferiority import (
        Guard,
        confirm,
        holm,
        non_inferior,
        non_inferior_figure,
    )
    from brizna.check._profiles import (
        GREEN_ML,
        PROFILES,
        project_rules,
        rules_of,
    )
    from brizna.check._project import (
        ANSWERS,
        Answer,
        Held,
        Project,
        ProjectRule,
        SignedAnswer,
        SourceFile,
    )
    from brizna.check._records import (
        broken_record,
        examine_run,
        unfinished,
    )
    from brizna.check._review import (
        Choice,
        Review,
        Waiver,
        review,
    )
    from brizna.check._rules import (
        RULES,
    )
    from brizna.check._simpler import Contender, Simpler, SimplerRule, simpler
    from brizna.check._statement import (
        Device,
        Knowledge,
        Part,
        Span,
        Stated,
        Statement,
    )
    from brizna.check._totals import (
        bundle_totals,
    )
    from brizna.check._verdict import (
        RESULTS,
        SEVERITIES,
        Evidence,
        Place,
        Rule,
        Verdict,
        Verification,
        together,
    )
    from brizna.check._yaml import (
        read_yaml,
    )

__all__ = [
    "ANSWERS",
    "BUNDLE_MANIFEST",
    "DRIVER_FILE",
    "FEDERATION_FACTS",
    "GATE_RULES",
    "GREEN_ML",
    "PROFILES",
    "RESULTS",
    "RULES",
    "SEVERITIES",
    "Answer",
    "Block",
    "Choice",
    "Contender",
    "Criterion",
    "Device",
    "Drift",
    "Evidence",
    "FederationAdvice",
    "FederationCase",
    "Flip",
    "Floor",
    "Gate",
    "GateVerdict",
    "Guard",
    "Held",
    "Knowledge",
    "Limit",
    "Part",
    "Place",
    "Project",
    "ProjectRule",
    "Quality",
    "Review",
    "Rule",
    "SignedAnswer",
    "Simpler",
    "SimplerRule",
    "SourceFile",
    "Span",
    "Stated",
    "Statement",
    "Traffic",
    "Verdict",
    "Verification",
    "Waiver",
    "advise_federation",
    "broken_record",
    "bundle_lists",
    "bundle_totals",
    "confirm",
    "examine",
    "examine_bundle",
    "examine_footprint",
    "examine_run",
    "files_that_rules_read",
    "holm",
    "is_boamps",
    "is_card",
    "is_manifest",
    "judge_budget",
    "judge_counts",
    "judge_drift",
    "judge_gate",
    "judge_quality",
    "non_inferior",
    "non_inferior_figure",
    "not_an_archive",
    "not_the_original",
    "project_rules",
    "read_boamps",
    "read_card",
    "read_codecarbon",
    "read_federation_case",
    "read_manifest",
    "read_yaml",
    "review",
    "rules_of",
    "simpler",
    "together",
    "unfinished",
    "verify_gate",
]

_HOMES = {
    "DRIVER_FILE": "_judge_files",
    "files_that_rules_read": "_judge_files",
    "GREEN_ML": "_profiles",
    "PROFILES": "_profiles",
    "project_rules": "_profiles",
    "rules_of": "_profiles",
    "Choice": "_review",
    "Review": "_review",
    "Waiver": "_review",
    "review": "_review",
    "ANSWERS": "_project",
    "Answer": "_project",
    "Held": "_project",
    "Project": "_project",
    "ProjectRule": "_project",
    "SignedAnswer": "_project",
    "SourceFile": "_project",
    "Block": "_gate",
    "GateVerdict": "_gate",
    "judge_gate": "_gate",
    "Drift": "_gate_limits",
    "Floor": "_gate_limits",
    "Limit": "_gate_limits",
    "Quality": "_gate_limits",
    "judge_budget": "_gate_limits",
    "judge_counts": "_gate_limits",
    "judge_drift": "_gate_limits",
    "judge_quality": "_gate_limits",
    "GATE_RULES": "_gate_told",
    "Gate": "_gate_told",
    "verify_gate": "_gate_told",
    "FEDERATION_FACTS": "_federation_case",
    "Criterion": "_federation",
    "FederationAdvice": "_federation",
    "FederationCase": "_federation_case",
    "Flip": "_federation",
    "Traffic": "_federation",
    "advise_federation": "_federation",
    "read_federation_case": "_federation_case",
    "Guard": "_noninferiority",
    "confirm": "_noninferiority",
    "holm": "_noninferiority",
    "non_inferior": "_noninferiority",
    "non_inferior_figure": "_noninferiority",
    "Contender": "_simpler",
    "Simpler": "_simpler",
    "SimplerRule": "_simpler",
    "simpler": "_simpler",
    "RESULTS": "_verdict",
    "SEVERITIES": "_verdict",
    "Evidence": "_verdict",
    "Place": "_verdict",
    "Rule": "_verdict",
    "Verdict": "_verdict",
    "Verification": "_verdict",
    "together": "_verdict",
    "RULES": "_rules",
    "Device": "_statement",
    "Part": "_statement",
    "Span": "_statement",
    "Stated": "_statement",
    "Statement": "_statement",
    "examine": "_examine",
    "unfinished": "_records",
    "broken_record": "_records",
    "examine_footprint": "_footprints",
    "examine_run": "_records",
    "BUNDLE_MANIFEST": "_bundle",
    "bundle_lists": "_bundle",
    "examine_bundle": "_bundle",
    "not_an_archive": "_bundle",
    "not_the_original": "_bundle",
    "bundle_totals": "_totals",
    "read_codecarbon": "_codecarbon",
    "Knowledge": "_statement",
    "is_boamps": "_boamps",
    "read_boamps": "_boamps",
    "is_manifest": "_manifest",
    "read_manifest": "_manifest",
    "is_card": "_card",
    "read_card": "_card",
    "read_yaml": "_yaml",
}

__getattr__ = lazily(__name__, _HOMES)

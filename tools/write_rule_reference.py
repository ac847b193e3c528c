"""Write docs/reference/rules.md: every rule of `brizna check`, and where each document asks for it.

python tools/write_rule_reference.py > docs/reference/rules.md
"""

from __future__ import annotations

import sys

from brizna.check import GREEN_ML, PROFILES, project_rules, rules_of

HEAD = """\
# Rules of a project

<!-- Written by tools/write_rule_reference.py; a test compares: change the rules, not this. -->

What [`brizna check`](commands.md#brizna-check) asks of a project. A rule reads records and files,
never a ticked box: it passes only if it can name its evidence. Where evidence is missing it cannot
tell; where its subject is not there it does not apply. Ids never change their meaning. What only a
person can tell is a question (`BRZ-Q...`), which a signed answer with a file answers.

Where a rule stands in its document is told by section, heading and point.

## All rules

| rule | severity | what is asked | what to do where it is broken |
|---|---|---|---|
"""

TITLES = {
    "pnav": "the guide to configuring execution of the Programa Nacional de Algoritmos Verdes",
    "ai-act": "Regulation (EU) 2024/1689: documentation, records, energy",
    "sci": "ISO/IEC 21031:2024, Software Carbon Intensity",
    "green-ml": "three articles: "
    + "; ".join(f"{number} *{title}*" for number, title in GREEN_ML.items()),
}


def page() -> str:
    """Return the page."""
    rules = project_rules()
    lines = [HEAD.rstrip("\n")]
    for rule in rules.values():
        asked = rule.title if rule.question is None else f"{rule.title}. {rule.question}"
        lines.append(f"| `{rule.id}` | {rule.severity} | {asked} | {rule.todo} |")
    for profile in PROFILES:
        lines += ["", f"## Profile {profile}", "", f"{TITLES[profile]}.", ""]
        lines += ["| rule | where |", "|---|---|"]
        lines += [
            f"| `{rule.id}` {rule.title} | {rules[rule.id].profiles[profile]} |"
            for rule in rules_of(profile, rules.values())
        ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(page())

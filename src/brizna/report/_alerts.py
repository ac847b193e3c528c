"""Alert rules for Prometheus, from the table ``alerts``, as the YAML that ``promtool`` checks."""

from __future__ import annotations

from json import dumps

from brizna.core._tables import load


def alert_rules(lang: str) -> str:
    """Return a file of alert rules.

    Args:
        lang: Language of what an alert says.
    """
    lines = ["groups:", "- name: brizna", "  rules:"]
    for row in load("brizna.report", "alerts").rows:
        lines += [
            f"  - alert: {row['id']}",
            f"    expr: {_text(row['expr'])}",
            f"    for: {row['for']}",
            "    labels:",
            f"      severity: {row['severity']}",
            "    annotations:",
            f"      summary: {_text(row[lang])}",
        ]
    return "\n".join(lines) + "\n"


def _text(text: str) -> str:
    """Return a text as YAML writes it in quotes: as JSON does."""
    return dumps(text, ensure_ascii=False)

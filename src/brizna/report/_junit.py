"""Verdicts as JUnit's XML, which continuous integration shows beside its tests.

A rule that nobody can tell is an error there, not a failure and not skipped: it was not kept, and
it was not broken. A rule that does not apply is skipped.
"""

from __future__ import annotations

from brizna.report._format import Format
from brizna.report._said import said

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from xml.etree.ElementTree import Element

    from brizna.check import Rule, Verdict, Verification

_TAGS = {"fail": "failure", "cannot-tell": "error", "not-applicable": "skipped"}


def findings_junit(found: Iterable[Verification], rules: Mapping[str, Rule], *, lang: str) -> bytes:
    """Return verdicts as JUnit's XML: a suite for each subject, a case for each verdict.

    Args:
        found: One for each document, run or command.
        rules: The rules by id.
        lang: One of `LANGUAGES`.
    """
    from xml.etree.ElementTree import Element, indent, tostring

    top = Element("testsuites", name="brizna")
    for one in found:
        suite = Element("testsuite", _counts(one) | {"name": _safe(one.subject)})
        suite.extend(_case(verdict, rules[verdict.rule], lang) for verdict in one.verdicts)
        top.append(suite)
    indent(top)
    return tostring(top, encoding="utf-8", xml_declaration=True) + b"\n"


def _counts(one: Verification) -> dict[str, str]:
    results = [verdict.result for verdict in one.verdicts]
    return {
        "tests": str(len(results)),
        "failures": str(results.count("fail")),
        "errors": str(results.count("cannot-tell")),
        "skipped": str(results.count("not-applicable")),
    }


def _case(verdict: Verdict, rule: Rule, lang: str) -> Element:
    from xml.etree.ElementTree import Element, SubElement

    _ = Format(lang).say
    name = f"{verdict.rule} {said(rule.title, lang)}"
    case = Element("testcase", classname="brizna", name=_safe(name), file=_safe(verdict.place.file))
    tag = _TAGS.get(verdict.result)
    if tag is not None:
        seen = _("cannot tell") if verdict.seen is None else said(verdict.seen, lang)
        child = SubElement(case, tag)
        if tag != "skipped":
            child.set("message", _safe(seen))
            child.set("type", verdict.rule)
            child.text = _safe("\n".join(_details(verdict, rule, lang)))
    return case


def _details(verdict: Verdict, rule: Rule, lang: str) -> list[str]:
    _ = Format(lang).say
    lines: list[str] = []
    if verdict.expected is not None:
        lines.append(f"{_('expected')}: {said(verdict.expected, lang)}")
    lines.append(f"{_('what to do')}: {said(rule.todo, lang)}")
    return lines


def _safe(text: str) -> str:
    """Return a text without the control characters that XML cannot hold."""
    return "".join(c if c.isprintable() or c in "\n\t" else "\ufffd" for c in text)

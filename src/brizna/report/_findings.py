"""Findings of ``brizna verify``: lines for a terminal, and SARIF for the tools that show it."""

from __future__ import annotations

from brizna.report._format import Format
from brizna.report._said import said, stored

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from brizna.check import Evidence, Place, Rule, Verdict, Verification

_LEVELS = {"error": "error", "warning": "warning", "note": "note"}
_SARIF = "https://json.schemastore.org/sarif-2.1.0.json"
_HOME = "https://pypi.org/project/brizna/"


def findings_lines(
    found: Sequence[Verification],
    rules: Mapping[str, Rule],
    *,
    lang: str,
    fail_on: str = "error",
    derivation: bool = False,
) -> list[str]:
    """Return what was found in each document: what was seen, expected, and what to do.

    Args:
        found: One for each document or run.
        rules: The rules by id.
        lang: One of `LANGUAGES`.
        fail_on: The least severity that counts.
        derivation: Whether to show the figures of each verdict, of those that passed too.
    """
    style = Format(lang)
    _ = style.say
    lines: list[str] = []
    for one in found:
        lines += [*([""] if lines else []), _head(one, style, fail_on)]
        shown = [*one.findings, *one.untold]
        if derivation:
            shown += [v for v in one.verdicts if v.result == "pass"]
        for verdict, others in _grouped(shown):
            lines += _verdict(verdict, rules[verdict.rule], style, derivation=derivation)
            if others:
                lines.append("    " + _("the same in {count} more").format(count=others))
    return lines


def _grouped(shown: Sequence[Verdict]) -> list[tuple[Verdict, int]]:
    """Return the verdicts, of warnings and notes with the same words the first and how many more.

    Errors are never put together: each is mended where it stands.
    """
    more: dict[tuple[str, ...], int] = {}
    first: list[tuple[Verdict, tuple[str, ...]]] = []
    for at, one in enumerate(shown):
        alone = one.result == "pass" or (one.result == "fail" and one.severity == "error")
        words = (str(at),) if alone else (one.rule, one.result, str(one.seen), str(one.expected))
        if words not in more:
            first.append((one, words))
        more[words] = more.get(words, -1) + 1
    return [(one, more[words]) for one, words in first]


def severity_names(lang: str) -> dict[str, str]:
    """Return what each severity is called, the gravest first."""
    _ = Format(lang).say
    return {"error": _("error"), "warning": _("warning"), "note": _("note")}


def _head(one: Verification, style: Format, fail_on: str) -> str:
    _ = style.say
    outcome = {
        "pass": _("verified"),
        "fail": _("NOT right"),
        "cannot-tell": _("cannot tell"),
    }[one.outcome(fail_on=fail_on)]
    if outcome == _("verified") and one.untold:
        outcome = _("right as far as compared (names, versions, files against RECORD)")
    counts = {
        _("kept"): sum(verdict.result == "pass" for verdict in one.verdicts),
        **{
            name: sum(verdict.severity == severity for verdict in one.findings)
            for severity, name in severity_names(style.lang).items()
        },
        _("cannot tell"): len(one.untold),
    }
    told = ", ".join(f"{name}: {count}" for name, count in counts.items() if count)
    return f"{one.subject} ({style.stored(one.form)}): {outcome}; {told}"


def _verdict(verdict: Verdict, rule: Rule, style: Format, *, derivation: bool) -> list[str]:
    _, lang = style.say, style.lang
    name = severity_names(lang)[verdict.severity] if verdict.result == "fail" else _("cannot tell")
    name = _("kept") if verdict.result == "pass" else name
    lines = [f"  {verdict.rule} {name}: {said(rule.title, lang)}", f"    {_where(verdict, style)}"]
    if verdict.seen is not None:
        label = _("seen") if verdict.result == "fail" else _("missing")
        lines.append(f"    {label}: {said(verdict.seen, lang)}")
    if verdict.expected is not None:
        lines.append(f"    {_('expected')}: {said(verdict.expected, lang)}")
    if verdict.result == "fail":
        lines.append(f"    {_('what to do')}: {said(rule.todo, lang)}")
    if derivation or verdict.result == "fail":
        lines += [f"      {_figure(one, style)}" for one in verdict.evidence]
    return lines


def _where(verdict: Verdict, style: Format) -> str:
    _, place = style.say, verdict.place
    line = "" if place.line is None else _(", line {line}").format(line=place.line)
    return f"{place.file}{line}" + ("" if place.field is None else f", {place.field}")


def _figure(one: Evidence, style: Format) -> str:
    unit = "" if one.unit == "1" else f" {one.unit}"
    value = "" if one.value is None else f" = {style.exactly(one.value)}{unit}"
    ends = ""
    if one.low is not None and one.high is not None and one.low < one.high:
        ends = f" ({style.number(one.low)} … {style.number(one.high)}{unit})"
    return f"{one.name}{value}{ends}   [{one.origin}]"


def findings_sarif(
    found: Iterable[Verification], rules: Mapping[str, Rule], *, lang: str, version: str
) -> dict[str, Any]:
    """Return findings as SARIF 2.1.0, which code hosts and editors show.

    Rules that nobody can tell are results of kind ``open``; rules that were kept are none.

    Args:
        found: One for each document or run.
        rules: The rules by id.
        lang: One of `LANGUAGES`.
        version: Of brizna.
    """
    verifications = list(found)
    used = sorted({v.rule for one in verifications for v in (*one.findings, *one.untold)})
    driver = {
        "name": "brizna",
        "version": version,
        "informationUri": _HOME,
        "rules": [_sarif_rule(rules[name], lang) for name in used],
    }
    results = [
        _sarif_result(verdict, rules[verdict.rule], used, lang)
        for one in verifications
        for verdict in (*one.findings, *one.untold)
    ]
    run = {
        "tool": {"driver": driver},
        "language": lang,
        "artifacts": [_artifact(one) for one in verifications],
        "results": results,
        "columnKind": "unicodeCodePoints",
    }
    return {"$schema": _SARIF, "version": "2.1.0", "runs": [run]}


def _artifact(one: Verification) -> dict[str, Any]:
    hashes = {"sha-256": one.digest.removeprefix("sha256:")} if one.digest else None
    return {"location": {"uri": _uri(one.subject)}, **({"hashes": hashes} if hashes else {})}


def _sarif_rule(rule: Rule, lang: str) -> dict[str, Any]:
    return {
        "id": rule.id,
        "shortDescription": {"text": said(rule.title, lang)},
        "help": {"text": f"{said(rule.todo, lang)} ({stored(rule.reference, lang)})"},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
    }


def _sarif_result(verdict: Verdict, rule: Rule, used: Sequence[str], lang: str) -> dict[str, Any]:
    is_open = verdict.result != "fail"
    texts = [said(rule.title, lang)]
    if verdict.seen is not None:
        texts.append(said(verdict.seen, lang))
    if verdict.expected is not None:
        texts.append(f"{Format(lang).say('expected')}: {said(verdict.expected, lang)}")
    return {
        "ruleId": verdict.rule,
        "ruleIndex": used.index(verdict.rule),
        "kind": "open" if is_open else "fail",
        "level": "none" if is_open else _LEVELS[verdict.severity],
        "message": {"text": ". ".join(texts) + "."},
        "locations": [_location(verdict.place)],
        "properties": {"evidence": [one.to_json() for one in verdict.evidence]},
    }


def _location(place: Place) -> dict[str, Any]:
    physical: dict[str, Any] = {"artifactLocation": {"uri": _uri(place.file)}}
    if place.line is not None:
        physical["region"] = {"startLine": place.line}
    found: dict[str, Any] = {"physicalLocation": physical}
    if place.field is not None:
        found["logicalLocations"] = [{"fullyQualifiedName": place.field}]
    return found


def _uri(file: str) -> str:
    from urllib.parse import quote

    return quote(file.replace("\\", "/"), safe="/:@-._~")

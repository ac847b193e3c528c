"""What the rules of a profile came to: for a terminal, Markdown, a page, and SARIF.

The list is always there: coverage says of how many rules evidence told anything, and is no grade.
"""

from __future__ import annotations

from brizna.report._findings import findings_sarif, severity_names
from brizna.report._format import Format
from brizna.report._html import render_page
from brizna.report._said import said, stored

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from brizna.check import Evidence, ProjectRule, Review, Verdict

    Rules = Mapping[str, ProjectRule]

_MOST_SHOWN = 3
"""Pieces of evidence of a rule that is kept, on the terminal."""


def review_lines(found: Review, rules: Rules, *, lang: str, fail_on: str = "error") -> list[str]:
    """Return what each rule came to, the broken ones first.

    Args:
        found: What the rules came to.
        rules: The rules of the profile by id.
        lang: One of `LANGUAGES`.
        fail_on: The least severity that counts.
    """
    style = Format(lang)
    _ = style.say
    lines = [*_head(found, style, fail_on)]
    groups = (
        (_("Broken"), found.of("fail"), _broken),
        (_("Broken, and excused for now"), found.waived, _waived),
        (_("Cannot tell"), found.of("cannot-tell"), _untold),
        (_("Kept"), found.of("pass"), _kept),
        (_("Does not apply"), found.of("not-applicable"), _unasked),
    )
    for title, verdicts, show in groups:
        if verdicts:
            lines += ["", f"{title} ({len(verdicts)})"]
        for verdict in verdicts:
            lines += show(verdict, rules[verdict.rule], found, style)
    return [*lines, *_foot(found, style)]


def _head(found: Review, style: Format, fail_on: str) -> list[str]:
    _ = style.say
    outcome = _outcome(found, style, fail_on)
    changed = [
        _("CHANGED since it was written: {what}").format(what=said(one, style.lang))
        for one in found.broken
    ]
    head = f"{found.project} ({found.profile}): {outcome}"
    return [head, *(f"  {line}" for line in (_covered(found, style), *changed))]


def _outcome(found: Review, style: Format, fail_on: str) -> str:
    _ = style.say
    outcome = found.outcome(fail_on=fail_on)
    if outcome == "pass":
        light, excused = len(found.of("fail")), len(found.waived)
        if not light and not excused:
            return _("every rule that applies is kept")
        return _("nothing that counts is broken ({light} less severe, {excused} excused)").format(
            light=light, excused=excused
        )
    if outcome == "fail":
        return _("a record was changed") if found.broken else _("a rule is broken")
    return _("cannot tell")


def _covered(found: Review, style: Format) -> str:
    _ = style.say
    told, asked = found.coverage
    return _(
        "Evidence tells something of {told} of the {asked} rules that apply; this is no grade."
    ).format(told=told, asked=asked)


def _foot(found: Review, style: Format) -> list[str]:
    _ = style.say
    lines: list[str] = []
    if found.expired:
        lines += ["", _("Suppressions that have ended:")]
        lines += [f"  {one.rule} {one.until}: {one.reason}" for one in found.expired]
    if found.ignored:
        lines += [
            "",
            _("Not judged, because it was said so: {names}").format(names=", ".join(found.ignored)),
        ]
    if found.skipped:
        lines += ["", _("Not looked at:")]
        lines += [f"  {said(one, style.lang)}" for one in found.skipped]
    return lines


def _title(verdict: Verdict, rule: ProjectRule, style: Format, mark: str = "") -> str:
    reference = stored(rule.reference, style.lang)
    return f"  {verdict.rule}{mark} {said(rule.title, style.lang)}   [{reference}]"


def _broken(verdict: Verdict, rule: ProjectRule, _found: Review, style: Format) -> list[str]:
    _, lang = style.say, style.lang
    lines = [_title(verdict, rule, style, f" {severity_names(lang)[verdict.severity]}:")]
    lines.append(f"    {_('where')}: {verdict.place}")
    lines += _labelled(verdict, style)
    lines.append(f"    {_('what to do')}: {said(rule.todo, lang)}")
    return [*lines, *(f"      {_shown(one, style)}" for one in verdict.evidence)]


def _labelled(verdict: Verdict, style: Format) -> list[str]:
    _ = style.say
    told = ((_("seen"), verdict.seen), (_("expected"), verdict.expected))
    return [f"    {label}: {said(text, style.lang)}" for label, text in told if text is not None]


def _waived(verdict: Verdict, rule: ProjectRule, found: Review, style: Format) -> list[str]:
    waiver = found.waiver(verdict)
    assert waiver is not None
    _ = style.say
    until = _("until {day}: {reason}").format(day=waiver.until, reason=waiver.reason)
    return [_title(verdict, rule, style), f"    {until}", *_labelled(verdict, style)]


def _untold(verdict: Verdict, rule: ProjectRule, _found: Review, style: Format) -> list[str]:
    _, lang = style.say, style.lang
    why = "" if verdict.seen is None else said(verdict.seen, lang)
    return [
        _title(verdict, rule, style),
        f"    {_('missing')}: {why}",
        f"    {_('what to do')}: {said(rule.todo, lang)}",
    ]


def _kept(verdict: Verdict, rule: ProjectRule, _found: Review, style: Format) -> list[str]:
    lines = [_title(verdict, rule, style)]
    lines += [f"    {_shown(one, style)}" for one in verdict.evidence[:_MOST_SHOWN]]
    left = len(verdict.evidence) - _MOST_SHOWN
    if left > 0:
        _ = style.say
        lines.append(f"    {_('and {count} more').format(count=left)}")
    return lines


def _unasked(verdict: Verdict, rule: ProjectRule, _found: Review, style: Format) -> list[str]:
    why = "" if verdict.seen is None else f": {said(verdict.seen, style.lang)}"
    return [f"{_title(verdict, rule, style)}{why}"]


def _shown(one: Evidence, style: Format) -> str:
    unit = "" if one.unit == "1" else f" {one.unit}"
    value = "" if one.value is None else f" = {style.number(one.value)}{unit}"
    ends = ""
    if one.low is not None and one.high is not None and one.low < one.high:
        ends = f" ({style.number(one.low)} … {style.number(one.high)}{unit})"
    origin = one.origin[:19] if one.origin.startswith("sha256:") else one.origin
    return f"{stored(one.name, style.lang)}{value}{ends}   [{origin}]"


# -------------------------------------------------------------------------------------------- table


def review_markdown(found: Review, rules: Rules, *, lang: str, fail_on: str = "error") -> str:
    """Return a review as Markdown: a table of all rules, the broken ones first.

    Args:
        found: What the rules came to.
        rules: The rules of the profile by id.
        lang: One of `LANGUAGES`.
        fail_on: The least severity that counts.
    """
    style = Format(lang)
    head = _head(found, style, fail_on)
    lines = [f"## {_flat(head[0])}", ""]
    lines += [part for line in head[1:] for part in (_flat(line.strip()), "")]
    header, rows = _table(found, rules, style)
    lines += [f"| {' | '.join(header)} |", "|" + "---|" * len(header)]
    lines += [f"| {' | '.join(map(_flat, row))} |" for row in rows]
    lines += [
        line if not line.startswith("  ") else f"- {_flat(line.strip())}"
        for line in _foot(found, style)
    ]
    return "\n".join([*lines, ""])


def review_page(found: Review, rules: Rules, *, lang: str, fail_on: str = "error") -> bytes:
    """Return a review as a page.

    Args:
        found: What the rules came to.
        rules: The rules of the profile by id.
        lang: One of `LANGUAGES`.
        fail_on: The least severity that counts.

    Raises:
        UnavailableError: If Jinja2 is not installed.
    """
    style = Format(lang, rich=True)
    header, rows = _table(found, rules, style)
    _first, covered, *changed = _head(found, style, fail_on)
    values = {
        "lang": lang,
        "title": f"{found.project} · {found.profile}",
        "outcome": _outcome(found, style, fail_on),
        "covered": covered.strip(),
        "at": found.at,
        "digest": found.digest,
        "header": header,
        "rows": rows,
        "foot": [line.strip() for line in (*changed, *_foot(found, style)) if line],
    }
    return render_page(
        "review.html", values, lang, sheets=("report.css", "sheet.css", "review.css")
    )


def _table(found: Review, rules: Rules, style: Format) -> tuple[list[str], list[list[str]]]:
    _ = style.say
    header = [_("rule"), _("result"), _("what is asked"), _("what was seen"), _("source")]
    order = [
        *(found.of("fail")),
        *found.waived,
        *found.of("cannot-tell"),
        *found.of("pass"),
        *found.of("not-applicable"),
    ]
    return header, [_row(one, rules[one.rule], found, style) for one in order]


def _row(verdict: Verdict, rule: ProjectRule, found: Review, style: Format) -> list[str]:
    _, lang = style.say, style.lang
    results = {
        "pass": _("kept"),
        "fail": severity_names(lang)[verdict.severity],
        "cannot-tell": _("cannot tell"),
        "not-applicable": _("does not apply"),
    }
    result = results[verdict.result]
    waiver = found.waiver(verdict)
    if waiver is not None:
        result = _("excused until {day}").format(day=waiver.until)
    told = [] if verdict.seen is None else [said(verdict.seen, lang)]
    if verdict.result == "fail":
        told = [f"{verdict.place}: {told[0] if told else ''}", said(rule.todo, lang)]
    told += [_shown(one, style) for one in verdict.evidence[:_MOST_SHOWN]]
    return [
        verdict.rule,
        result,
        said(rule.title, lang),
        " · ".join(told),
        stored(rule.reference, lang),
    ]


def _flat(text: str) -> str:
    """Return a text that stays in its cell, whatever a file's name says."""
    flat = " ".join(text.split()).replace("\\", "\\\\").replace("|", "\\|")
    return flat.replace("<", "&lt;")


# -------------------------------------------------------------------------------------------- SARIF


def review_sarif(found: Review, rules: Rules, *, lang: str, version: str) -> dict[str, Any]:
    """Return a review as SARIF 2.1.0; what is excused stays a result, with its suppression.

    Args:
        found: What the rules came to.
        rules: The rules of the profile by id.
        lang: One of `LANGUAGES`.
        version: Of brizna.
    """
    made = findings_sarif([found.verification()], rules, lang=lang, version=version)
    waived = {one.rule: found.waiver(one) for one in found.waived}
    results: Sequence[dict[str, Any]] = made["runs"][0]["results"]
    for result in results:
        waiver = waived.get(result["ruleId"])
        if waiver is not None and result["kind"] == "fail":
            result["suppressions"] = [
                {"kind": "external", "status": "accepted", "justification": waiver.reason}
            ]
    return made

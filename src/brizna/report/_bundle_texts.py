"""The words in an auditor's bundle: what it is, how to judge it, and how it was computed."""

from __future__ import annotations

from brizna.report._boundary import boundary_rows
from brizna.report._format import Format
from brizna.report._said import stored
from brizna.report._words import KIND_OF_FIELD

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from brizna.report._dossier import Dossier


def bundle_readme(dossier: Dossier, paths: Sequence[str], *, lang: str) -> str:
    """Return what a bundle is and how it is judged, as Markdown.

    Args:
        dossier: What it is about.
        paths: Its files, but for texts and lists.
        lang: One of `LANGUAGES`.
    """
    _ = Format(lang).say
    runs = len(dossier.views)
    lines = [
        f"# {_md(dossier.title)}",
        "",
        _(
            "An auditor's bundle, written by brizna {version} on {issued}: what was measured, and "
            "all that its figures were computed from."
        ).format(version=dossier.software, issued=dossier.issued),
        "",
        f"## {_('How to judge it')}",
        "",
        _(
            "Each of these comes to the same, needs no network, and returns 0 where everything is "
            "right, 1 where something is not:"
        ),
        "",
        f"    brizna verify {_('BUNDLE.zip')}",
        f"    python3 brizna-verify.pyz {_('BUNDLE.zip')}",
        "",
        _(
            "The second needs Python 3.11 and nothing else; it takes the folder too into which the "
            "bundle was unpacked. The digests alone are checked by any system, in that folder: "
            "sha256sum -c SHA256SUMS."
        ),
        "",
        _(
            "What is judged: that every file is as it was packed; that each record is what its "
            "journal of readings tells; that each footprint is about its record and computes to "
            "the same bytes again, from its own frozen factors; that the factors are those of the "
            "tables; that the sums add."
        ),
        "",
        _(
            "Who made it, only its signature tells, where it has one and you name the key that "
            "you believe: --signed-by. Without, whoever changes a text and both lists leaves no "
            "trace inside, so compare the digest of the archive with the one that was told when "
            "it was made: --digest. Nor does the verifier in a bundle prove itself: to be sure, "
            "take it from a brizna of your own."
        ),
        "",
        f"## {_('What is in it')}",
        "",
        f"| {_('File')} | {_('Holds')} |",
        "|---|---|",
        *_contents(runs, paths, lang),
        "",
    ]
    return "\n".join(lines)


def _contents(runs: int, paths: Sequence[str], lang: str) -> Iterator[str]:
    style = Format(lang)
    _ = style.say
    tables = sum(path.startswith("tables/") for path in paths)
    beside = (
        ("software/", _("what was installed where they ran")),
        ("statements/", _("signed statements of what they made")),
        ("approved/", _("the list of what software is approved, signed event by event")),
        ("keys/", _("the public halves of the keys that signed something here")),
    )
    rows = (
        ("runs/<id>/run.json", _("the record of a run ({count} in all)").format(count=runs)),
        ("runs/<id>/journal.jsonl", _("the readings of its meters, one checked line each")),
        ("runs/<id>/records/", _("its footprints, with every step and every factor")),
        *(row for row in beside if any(path.startswith(row[0]) for path in paths)),
        ("factors.json", _("each factor with value, interval, source, year and licence")),
        ("tables/", _("the tables that they were read from ({count})").format(count=tables)),
        ("totals.json", _("what the runs come to together")),
        ("README.md, METHOD.md", _("this text and the method, in English")),
        ("LEEME.md, CALCULO.md", _("the same in Spanish")),
        ("brizna-verify.pyz", _("the verifier: Python source, in one file")),
        ("MANIFEST.json, SHA256SUMS", _("every file with its digest")),
        ("SIGNATURE.json", _("if it is there: a signature over all of these")),
    )
    return (f"| `{name}` | {text} |" for name, text in rows)


def bundle_method(dossier: Dossier, *, lang: str) -> str:
    """Return how the figures were computed, within which boundary, as Markdown.

    Args:
        dossier: What the bundle is about.
        lang: One of `LANGUAGES`.
    """
    _ = Format(lang).say
    lines = [
        f"# {_('Method')}",
        "",
        _(
            "Energy is read or modelled while the work runs; a footprint follows from it by the "
            "formulas below and from published factors. Every figure has a best value and a "
            "central 90% interval, from named doubts: what the figure would be if one of them "
            "sat at its low or its high end. What is not known is left out, with its reason, and "
            "never counted as 0."
        ),
        "",
    ]
    for view in dossier.views:
        lines += _of_run(view, lang)
    return "\n".join(lines)


def _of_run(view: Mapping[str, Any], lang: str) -> Iterator[str]:
    style = Format(lang)
    _ = style.say
    footprint = view["footprint"]
    yield f"## {_md(view.get('name') or view['id'])} ({view['id']})"
    yield ""
    yield f"| {_('Figure')} | {_('Value')} | {_('Formula')} |"
    yield "|---|---|---|"
    for step in footprint["derivation"]:
        shown = _shown(step["figure"], footprint, style)
        yield f"| `{step['figure']}` | {shown} | `{stored(step['formula'], lang)}` |"
    yield ""
    for name, reason in sorted(footprint["reasons"].items()):
        yield f"- `{name}`: {_md(stored(reason, lang))}"
    yield ""
    yield f"### {_('Boundary')}"
    yield ""
    for item, state, reason in boundary_rows(footprint.get("boundary", ()), style):
        yield f"- {item}: {state}; {_md(reason)}"
    yield ""
    yield f"### {_('Factors')}"
    yield ""
    yield f"| {_('Factor')} | {_('Value')} | {_('Source')} |"
    yield "|---|---|---|"
    for factor in footprint["factors"]:
        year = "" if factor["year"] is None else f", {factor['year']}"
        source = f"{factor['source']}{year} ({factor['licence']})"
        yield f"| `{factor['id']}` | {_factor(factor, style)} | {_md(source)} |"
    yield ""


def _factor(factor: Mapping[str, Any], style: Format) -> str:
    unit = "" if factor["unit"] == "1" else f" {factor['unit']}"
    ends = ""
    if factor["low"] is not None:
        ends = f" ({style.exactly(factor['low'])} … {style.exactly(factor['high'])})"
    return f"{style.exactly(factor['value'])}{unit}{ends}"


def _shown(figure: str, footprint: Mapping[str, Any], style: Format) -> str:
    kind, data = KIND_OF_FIELD.get(figure), footprint.get(figure)
    if kind is None or data is None:
        return ""
    return style.estimate(kind, data, currency=footprint["currency"])


def _md(text: str) -> str:
    """Return words of others so that they stand in a table or a heading as they are."""
    plain = " ".join(text.split())
    for mark in "\\`*_[]<>|#":
        plain = plain.replace(mark, f"\\{mark}")
    return plain

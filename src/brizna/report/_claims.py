"""Lines for claims: what a document says, what it is when computed again, and the verdict."""

from __future__ import annotations

from brizna.report._format import Format

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from brizna.account import Claim


def claims_lines(found: Sequence[Claim], *, lang: str) -> list[str]:
    """Return claims by document, each with its verdict, its recomputation and its inputs.

    Args:
        found: The claims, those of one document together.
        lang: One of `LANGUAGES`.
    """
    style = Format(lang)
    _ = style.say
    lines: list[str] = []
    source = None
    for claim in found:
        if claim.source != source:
            source = claim.source
            lines += [*([""] if lines else []), _heading(claim, style)]
        lines += _claim(claim, style)
    counts = dict.fromkeys(_names(style), 0)
    for claim in found:
        counts[claim.verdict] += 1
    told = ", ".join(f"{_names(style)[verdict]}: {count}" for verdict, count in counts.items())
    return [*lines, "", _("{count} figures; {told}").format(count=len(found), told=told)]


def _heading(claim: Claim, style: Format) -> str:
    """Return which document it is, with its title as the source says it."""
    _ = style.say
    title = claim.source.partition(": ")[2]
    return _("document {number}: {title}").format(number=claim.document, title=title)


def _claim(claim: Claim, style: Format) -> list[str]:
    _ = style.say
    names = _names(style)
    indent = 2 + max(map(len, names.values()))
    lines = [f"  {names[claim.verdict].upper():<{indent}}{claim.said[style.lang]}"]
    if claim.recomputed is not None:
        words = [_inputs(claim, style), "=", _recomputed(claim, style)]
        if claim.off_by is not None and claim.verdict == "off":
            factor = style.number(max(claim.off_by, 1 / claim.off_by))
            told = _("{factor} times too high") if claim.off_by > 1 else _("{factor} times too low")
            words.append(f"({told.format(factor=factor)})")
        lines.append(" " * (indent + 2) + " ".join(words))
    if claim.conclusion[style.lang]:
        lines.append(" " * (indent + 2) + claim.conclusion[style.lang])
    return lines


def _inputs(claim: Claim, style: Format) -> str:
    """Return the formula with its numbers in the place of the symbols."""
    words = [
        style.exactly(claim.inputs[word].value) + _unit(claim.inputs[word].unit)
        if word in claim.inputs
        else {"*": "×", "/": "/", "-": "−"}.get(word, word)
        for word in claim.formula.split()
    ]
    return " ".join(words).replace("( ", "(").replace(" )", ")")


def _recomputed(claim: Claim, style: Format) -> str:
    estimate = claim.recomputed
    assert estimate is not None
    low, best, high = (
        type(estimate.best)(end.value).to(claim.unit)
        for end in (estimate.low, estimate.best, estimate.high)
    )
    interval = "" if low == high else f" ({style.number(low)} … {style.number(high)})"
    told = style.exactly(best) if best == round(best) else style.number(best)
    return told + _unit(claim.unit) + interval


def _unit(unit: str) -> str:
    return "" if unit == "1" else f" {unit}"


def _names(style: Format) -> dict[str, str]:
    _ = style.say
    return {"closes": _("closes"), "off": _("off"), "cannot-tell": _("cannot tell")}

"""Claims: the figures of the reference documents, each computed again from named inputs.

A claim closes where what is said and what is recomputed lie within a factor of each other; it is
off where they do not; and it cannot be told where nothing public says what it was computed from.
"""

from __future__ import annotations

from brizna.account._footprint import evaluate
from brizna.core._tables import Table, load
from brizna.core.errors import CoverageError
from brizna.core.factors import Factor, factor, kind_of, nearest
from brizna.core.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import ClassVar

    from brizna.core.estimate import Estimate

ROOM = "brizna.account"
VERDICTS = ("closes", "off", "cannot-tell")


class Claim(Record):
    """A figure that a document states, beside the same figure recomputed.

    Attributes:
        id: Its name, such as ``claim/002/gpt3-homes``.
        document: The first digits of the document's file name.
        source: The document.
        said: What is said, in other words, by language.
        value: What is stated, in ``unit``; None where the document gives a range or no number.
        low: The low end of the range that is stated; ``high`` the high end.
        unit: A unit that a quantity knows; 1 for a plain number, of what ``per`` says.
        formula: How it is recomputed, in the symbols of ``inputs``; empty where it cannot be.
        inputs: By symbol, the numbers it is recomputed from, with their sources.
        recomputed: The figure again; None where it cannot be recomputed.
        verdict: One of `VERDICTS`.
        off_by: Stated over recomputed; None where that is no sensible number.
        conclusion: What to know about it, by language; empty where nothing.
    """

    schema: ClassVar = "brizna.claim/1"

    id: str
    document: str
    source: str
    said: dict[str, str]
    value: float | None
    low: float | None
    high: float | None
    unit: str
    per: str | None
    formula: str
    inputs: dict[str, Factor]
    recomputed: Estimate | None
    verdict: str
    off_by: float | None
    conclusion: dict[str, str]


def claims(document: str | None = None) -> list[Claim]:
    """Return the claims of the reference documents, recomputed, in the order of the table.

    Args:
        document: Only of the document whose file name begins so, such as ``002``; all if None.

    Raises:
        CoverageError: If there is no such document.
    """
    data = load(ROOM, "claims")
    known = sorted({row["document"] for row in data.rows})
    if document is not None and document not in known:
        raise CoverageError(
            "No claim is from document {document!r}.{hint} Documents: {known}.",
            document=document,
            hint=nearest(document, known),
            known=", ".join(known),
        )
    return [
        _claim(data, row)
        for row, cells in enumerate(data.rows)
        if document in (None, cells["document"])
    ]


def _claim(data: Table, row: int) -> Claim:
    cells = data.rows[row]
    value, low, high = (data.number(row, name) for name in ("value", "low", "high"))
    inputs = _inputs(cells["id"], cells["formula"])
    estimates = {symbol: made.estimate() for symbol, made in inputs.items()}
    recomputed = evaluate(cells["formula"], estimates) if inputs else None
    verdict, off_by = "cannot-tell", None
    if recomputed is not None:
        tolerance = data.number(row, "tolerance") or 1.0
        stated = (value if low is None else low, value if high is None else high)
        verdict, off_by = _compared(stated, value, recomputed, cells["unit"], tolerance)
    return Claim(
        id=cells["id"],
        document=cells["document"],
        source=cells["source"],
        said={"en": cells["said_en"], "es": cells["said_es"]},
        value=value,
        low=low,
        high=high,
        unit=cells["unit"],
        per=cells["per"] or None,
        formula=cells["formula"],
        inputs=inputs,
        recomputed=recomputed,
        verdict=verdict,
        off_by=off_by,
        conclusion={"en": cells["conclusion_en"], "es": cells["conclusion_es"]},
    )


def _inputs(claim: str, formula: str) -> dict[str, Factor]:
    symbols = dict.fromkeys(word for word in formula.split() if word.isidentifier())
    return {symbol: factor(ROOM, "claims_inputs", f"{claim}/{symbol}") for symbol in symbols}


def _compared(
    stated: tuple[float | None, float | None],
    value: float | None,
    recomputed: Estimate,
    unit: str,
    tolerance: float,
) -> tuple[str, float | None]:
    """Return the verdict on a stated range, and stated over recomputed."""
    low, high = stated
    if low is None or high is None:
        return "cannot-tell", None
    kind = kind_of(unit)
    first, best, last = (
        kind.to(kind(end.value), unit) for end in (recomputed.low, recomputed.best, recomputed.high)
    )
    off_by = value / best if value is not None and best > 0 else None
    if low <= last and first <= high:
        return "closes", off_by
    nearer = (low, last) if low > last else (first, high)
    near = nearer[1] > 0 and nearer[0] / nearer[1] <= tolerance
    return "closes" if near else "off", off_by

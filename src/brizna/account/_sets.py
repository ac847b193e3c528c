"""Sets of factors, named by their digest: to look through, and to compare."""

from __future__ import annotations

from brizna.account._footprint import factor_set
from brizna.core.errors import CoverageError
from brizna.core.factors import Factor, nearest
from brizna.core.records import Record, each

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import ClassVar


class FactorSet(Record):
    """Factors by id, as some book or footprint has them.

    Attributes:
        name: What was asked for: ``in-force``, ``shipped``, a file or a run.
        factors: In the order of their ids.
        digest: Of the sorted digests of the factors.
    """

    schema: ClassVar = "brizna.factors/1"

    name: str
    digest: str
    factors: tuple[Factor, ...]

    _forms: ClassVar = {"factors": each(Factor.from_json)}


class Difference(Record):
    """What one factor is in two sets; None where a set does not have it."""

    id: str
    before: Factor | None
    after: Factor | None

    _forms: ClassVar = {"before": Factor.from_json, "after": Factor.from_json}


def factor_set_of(name: str, found: Iterable[Factor]) -> FactorSet:
    """Return these factors as a set, under a name."""
    listed = tuple(sorted(found, key=lambda one: one.id))
    return FactorSet(name=name, digest=factor_set(listed), factors=listed)


def find_factors(found: FactorSet, words: Sequence[str]) -> list[Factor]:
    """Return the factors whose id, source or note has each of these words, in any case.

    Raises:
        CoverageError: If none has; names ids that are near.
    """
    wanted = [word.casefold() for word in words]
    hits = [
        one
        for one in found.factors
        if all(word in f"{one.id} {one.source} {one.note}".casefold() for word in wanted)
    ]
    if hits or not words:
        return hits
    raise CoverageError(
        "No factor has {words} in its id, source or note.{hint} brizna factors list tells all.",
        words=" ".join(words),
        hint=nearest(words[0], {_without_year(one.id) for one in found.factors}),
    )


def differences(before: FactorSet, after: FactorSet) -> list[Difference]:
    """Return the factors that are not the same in two sets, by id.

    The same are those that say the same number with the same interval from the same sources; where
    they stand in a table does not count.
    """
    first = {one.id: one for one in before.factors}
    second = {one.id: one for one in after.factors}
    return [
        Difference(id=name, before=first.get(name), after=second.get(name))
        for name in sorted({*first, *second})
        if _digest(first.get(name)) != _digest(second.get(name))
    ]


def _without_year(factor_id: str) -> str:
    stem, _, year = factor_id.rpartition("/")
    return stem if year.isdecimal() else factor_id


def _digest(one: Factor | None) -> str | None:
    return None if one is None else one.digest

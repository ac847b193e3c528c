"""Advisories in OSV's form: what they are called, how grave they are, and where they are mended.

Several databases write of one vulnerability, each under an id of its own, and name the others as
aliases: they are told as one.

References:
    [1] Open Source Vulnerability format, version 1.7: aliases, severity, database_specific.
    [2] FIRST, Common Vulnerability Scoring System 3.1, Specification Document, sections 5 and 7.
"""

from __future__ import annotations

from math import ceil, prod

from brizna.core.software import RATINGS, Vulnerability, normalised

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

_WEIGHTS: Mapping[str, Mapping[str, float]] = {
    "AV": {"N": 0.85, "A": 0.62, "L": 0.55, "P": 0.2},
    "AC": {"L": 0.77, "H": 0.44},
    "PR": {"N": 0.85, "L": 0.62, "H": 0.27},
    "UI": {"N": 0.85, "R": 0.62},
    "C": {"H": 0.56, "L": 0.22, "N": 0.0},
    "I": {"H": 0.56, "L": 0.22, "N": 0.0},
    "A": {"H": 0.56, "L": 0.22, "N": 0.0},
}
"""Weights of the base metrics [2, section 7.4]."""
_PRIVILEGES_CHANGED: Mapping[str, float] = {"N": 0.85, "L": 0.68, "H": 0.5}
"""Of the privileges required, where the scope changes [2, section 7.4]."""
_IMPACT, _EXPLOITABILITY, _CHANGED = 6.42, 8.22, 1.08
"""Factors of the base score: of the impact and the exploitability, and for a scope that changes."""
_IMPACT_CHANGED, _SHIFT, _STEEP, _STEEP_SHIFT, _POWER = 7.52, 0.029, 3.25, 0.02, 15
"""What the impact is made of where the scope changes [2, section 7.1]."""
_MOST = 10.0
_LIMITS = ((9.0, "critical"), (7.0, "high"), (4.0, "medium"), (0.1, "low"))
"""From which score on which rating counts [2, section 5]."""
_WORDS = {"moderate": "medium"}
"""Words of GitHub's advisories for our ratings."""


def vulnerability(record: Mapping[str, Any], name: str) -> Vulnerability:
    """Return what an OSV record says of a distribution.

    Args:
        record: The record.
        name: The distribution, normalised.
    """
    fixed: list[str] = []
    for affected in record.get("affected", ()):
        if normalised(str(affected.get("package", {}).get("name", ""))) == name:
            fixed += [
                str(event["fixed"])
                for one in affected.get("ranges", ())
                if one.get("type") == "ECOSYSTEM"
                for event in one.get("events", ())
                if "fixed" in event
            ]
    return Vulnerability(
        id=str(record["id"]),
        aliases=tuple(sorted(map(str, record.get("aliases", ())))),
        rating=rating_of(record),
        fixed=tuple(dict.fromkeys(fixed)),
    )


def rating_of(record: Mapping[str, Any]) -> str | None:
    """Return how grave a record says that it is: by its database's word, else by CVSS 3."""
    specific: Mapping[str, Any] = record.get("database_specific") or {}
    told = str(specific.get("severity", "")).lower()
    told = _WORDS.get(told, told)
    if told in RATINGS:
        return told
    scores = [
        score
        for one in record.get("severity", ())
        if (score := cvss_score(str(one.get("score", "")))) is not None
    ]
    return next((word for limit, word in _LIMITS if max(scores, default=0.0) >= limit), None)


def cvss_score(vector: str) -> float | None:
    """Return the base score of a vector of CVSS 3.0 or 3.1, from 0 to 10; None if it is none [2].

    Vectors of CVSS 4 have no formula but a table of classes, which is not here.
    """
    head, _, rest = vector.partition("/")
    metrics = dict(part.split(":", 1) for part in rest.split("/") if ":" in part)
    if head not in ("CVSS:3.0", "CVSS:3.1") or metrics.get("S") not in ("U", "C"):
        return None
    is_changed = metrics["S"] == "C"
    weights = {**_WEIGHTS, **({"PR": _PRIVILEGES_CHANGED} if is_changed else {})}
    try:
        value = {name: weights[name][metrics[name]] for name in weights}
    except KeyError:
        return None
    base = 1 - prod(1 - value[name] for name in ("C", "I", "A"))
    impact = _IMPACT * base
    if is_changed:
        impact = _IMPACT_CHANGED * (base - _SHIFT) - _STEEP * (base - _STEEP_SHIFT) ** _POWER
    if impact <= 0:
        return 0.0
    exploitability = _EXPLOITABILITY * value["AV"] * value["AC"] * value["PR"] * value["UI"]
    return _round_up(min((_CHANGED if is_changed else 1.0) * (impact + exploitability), _MOST))


def _round_up(score: float) -> float:
    """Round up to a tenth, as Appendix A of [2] does: free of the last bits of a float."""
    hundred_thousandths = round(score * 100_000)
    return ceil(hundred_thousandths / 10_000) / 10


def as_one(found: Iterable[Vulnerability]) -> tuple[Vulnerability, ...]:
    """Return vulnerabilities, those put together that are aliases of each other.

    The one of several that is told is that of GitHub, else the first by its id; the gravest rating
    counts.
    """
    groups: list[list[Vulnerability]] = []
    for one in found:
        same = [group for group in groups if any(one.names & each.names for each in group)]
        groups = [group for group in groups if group not in same]
        groups.append([one, *(each for group in same for each in group)])
    return tuple(sorted((_merged(group) for group in groups), key=lambda one: one.id))


def _merged(group: list[Vulnerability]) -> Vulnerability:
    chosen = min(group, key=lambda one: (not one.id.startswith("GHSA-"), one.id))
    names = {name for one in group for name in one.names}
    ratings = [one.rating for one in group if one.rating is not None]
    return Vulnerability(
        id=chosen.id,
        aliases=tuple(sorted(names - {chosen.id})),
        rating=max(ratings, key=RATINGS.index, default=None),
        fixed=tuple(dict.fromkeys(version for one in (chosen, *group) for version in one.fixed)),
    )

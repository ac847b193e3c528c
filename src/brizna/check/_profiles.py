"""Profiles: which rules a document asks for, and where in it."""

from __future__ import annotations

from brizna.check._kept_environments import environment_rules
from brizna.check._rules_files import file_rules, question_rules
from brizna.check._rules_records import record_rules
from brizna.core.errors import InputError
from brizna.core.factors import nearest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from brizna.check._project import ProjectRule

PROFILES = {
    "pnav": "PNAV",
    "ai-act": "Regulation (EU) 2024/1689",
    "sci": "ISO/IEC 21031:2024",
    "green-ml": "001, 002, 003",
}
"""Our own profiles, each with the document that its places are in; `green-ml` has three.

That of `pnav` is the guide to configuring execution of the Programa Nacional de Algoritmos Verdes.
"""
GREEN_ML = {
    "001": "La huella energética de la IA",
    "002": "Inteligencia artificial responsable",
    "003": "Medición de la intensidad de carbono",
}
"""What the numbers before a place of `green-ml` are short for."""


def project_rules(also: Iterable[ProjectRule] = ()) -> dict[str, ProjectRule]:
    """Return every rule of a project by its id.

    Args:
        also: Rules that others bring.

    Raises:
        InputError: If two have one id.
    """
    found: dict[str, ProjectRule] = {}
    for rule in (*file_rules(), *environment_rules(), *record_rules(), *question_rules(), *also):
        if rule.id in found:
            raise InputError(
                "Two rules are called {id}: expected each id once. Remove the package that brings "
                "the second.",
                id=rule.id,
            )
        found[rule.id] = rule
    return found


def rules_of(profile: str, rules: Iterable[ProjectRule]) -> list[ProjectRule]:
    """Return the rules of a profile, each with its place in the profile's document.

    Args:
        profile: Its name: one of `PROFILES`, or one that other people's rules name.
        rules: All rules.

    Raises:
        InputError: If no rule belongs to it.
    """
    every = list(rules)
    found = [
        rule.replace(reference=_reference(profile, rule.profiles[profile]))
        for rule in every
        if profile in rule.profiles
    ]
    if not found:
        known = sorted({name for rule in every for name in rule.profiles})
        raise InputError(
            "{profile!r} is no profile.{hint} Known: {known}.",
            profile=profile,
            hint=nearest(profile, known),
            known=", ".join(known),
        )
    return found


def _reference(profile: str, place: str) -> str:
    if profile != "green-ml":
        return f"{PROFILES.get(profile, profile)}: {place}"
    parts = (part.split(": ", 1) for part in place.split("; "))
    told = (f"{GREEN_ML.get(part[0], part[0])}: {part[-1]}" for part in parts)
    return "; ".join(told)

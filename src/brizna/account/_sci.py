"""Software carbon intensity: of one piece of software, and of AI by who answers for it.

SCI is a rate, ``((E x I) + M) / R`` [1]: operational carbon by location plus the share of making
the hardware, for one functional unit. Certificates and offsets have no place in it. SCI for AI [2]
is two such rates: the consumer's, of using a model, and the provider's, of making it. They are
never added: the first is per token or image, the second per parameter, FLOP or training token.

References:
    [1] Green Software Foundation, Software Carbon Intensity specification, ISO/IEC 21031:2024.
    [2] Green Software Foundation, SCI for AI specification, 2026.
"""

from __future__ import annotations

from brizna.account._assumptions import FunctionalUnit
from brizna.account._boundary import Bound, unlike
from brizna.core.errors import CoverageError, InputError
from brizna.core.estimate import Estimate, estimate_of, exactly, total
from brizna.core.factors import nearest
from brizna.core.quantities import Carbon, CarbonIntensity, Energy, Ratio
from brizna.core.records import Record, each

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import ClassVar

    from brizna.account._footprint import Footprint

STAGES = (
    *("inception", "data", "pre-training", "fine-tuning", "search", "evaluation", "deployment"),
    *("inference", "monitoring"),
)
"""Stages of an AI system's life, as the tag ``stage:NAME`` of a run names them."""
PERSONAS = {
    "provider": STAGES[:7],
    "consumer": STAGES[7:],
}
"""Who answers for which stages."""
_UNITS = {
    "consumer": (
        *("token", "image", "second", "page", "inference", "workflow", "character"),
        *("request", "answer", "prompt"),
    ),
    "provider": ("FLOP", "token", "parameter"),
}
"""The functional units that the specification names, by what their names hold."""


class Sci(Record):
    """One SCI score with what it is made of.

    Attributes:
        subject_id: The run or case.
        energy_j: E: energy of the facility.
        intensity_g_per_kwh: I, by location.
        intensity_kind: ``average`` or ``marginal``.
        operational_g: O = E x I.
        embodied_g: M.
        functional_unit: R.
        sci_g_per_unit: The score.
        boundary: What it holds, and what not.
    """

    schema: ClassVar = "brizna.sci/1"

    subject_id: str | None
    energy_j: Estimate
    intensity_g_per_kwh: Estimate
    intensity_kind: str
    operational_g: Estimate
    embodied_g: Estimate
    functional_unit: FunctionalUnit
    sci_g_per_unit: Estimate
    boundary: tuple[Bound, ...]

    _forms: ClassVar = {
        "energy_j": estimate_of(Energy),
        "intensity_g_per_kwh": estimate_of(CarbonIntensity),
        "operational_g": estimate_of(Carbon),
        "embodied_g": estimate_of(Carbon),
        "functional_unit": FunctionalUnit.from_json,
        "sci_g_per_unit": estimate_of(Carbon),
        "boundary": each(Bound.from_json),
    }


class Staged(Record):
    """One footprint at its stage of the life of an AI system."""

    stage: str
    footprint: Footprint

    def _check(self) -> None:
        persona_of(self.stage)


class AiScore(Record):
    """One of the two scores of SCI for AI.

    Attributes:
        persona: ``consumer`` or ``provider``.
        carbon_g: Operational and embodied carbon of its stages.
        stages: The same by stage.
        missing: Stages of this persona of which there is nothing: out of the boundary.
        functional_unit: R.
        sci_g_per_unit: The score.
        unlike: Items by which the boundaries of its footprints differ.
    """

    persona: str
    carbon_g: Estimate
    stages: dict[str, Estimate]
    missing: tuple[str, ...]
    functional_unit: FunctionalUnit
    sci_g_per_unit: Estimate
    unlike: tuple[str, ...]

    _forms: ClassVar = {
        "carbon_g": estimate_of(Carbon),
        "stages": lambda stages: {
            name: Estimate.from_json(Carbon, value) for name, value in stages.items()
        },
        "missing": tuple,
        "functional_unit": FunctionalUnit.from_json,
        "sci_g_per_unit": estimate_of(Carbon),
        "unlike": tuple,
    }


class SciForAi(Record):
    """The two scores of an AI system; None where nobody asked for one. They have no sum."""

    schema: ClassVar = "brizna.sci-ai/1"

    consumer: AiScore | None
    provider: AiScore | None

    _forms: ClassVar = {"consumer": AiScore.from_json, "provider": AiScore.from_json}


def persona_of(stage: str) -> str:
    """Return who answers for a stage.

    Raises:
        InputError: If it is none of `STAGES`; names the nearest.
    """
    for persona, stages in PERSONAS.items():
        if stage in stages:
            return persona
    raise InputError(
        "{stage!r} is no stage of an AI system.{hint} Known: {known}.",
        stage=stage,
        hint=nearest(stage, STAGES),
        known=", ".join(STAGES),
    )


def sci(
    footprint: Footprint, unit: FunctionalUnit | None = None, *, intensity: str = "average"
) -> Sci:
    """Return the SCI score of a footprint.

    Args:
        footprint: Of a run or case whose hardware is known.
        unit: R; the footprint's own if None.
        intensity: ``average``, or ``marginal`` where the footprint has one.

    Raises:
        InputError: If there is no functional unit, or no such kind of intensity.
        CoverageError: If the energy, the intensity or the making of the hardware is not known.
    """
    kinds = {
        "average": ("carbon_operational_g", "intensity_g_per_kwh"),
        "marginal": ("carbon_marginal_g", "marginal_g_per_kwh"),
    }
    if intensity not in kinds:
        raise InputError(
            "The intensity of an SCI score is {intensity!r}: expected average or marginal.",
            intensity=intensity,
        )
    figure, assumption = kinds[intensity]
    unit = unit or footprint.functional_unit
    if unit is None:
        raise InputError(
            "No functional unit is known for {name}: SCI is a rate. Say what to divide by: --unit "
            "'1000 inferences'.",
            name=footprint.subject_id or "case",
        )
    if intensity == "marginal" and footprint.carbon_marginal_g is None:
        raise CoverageError(
            "What one more kWh emits was not declared for {name}, so that it has no SCI at the "
            "margin: expected a run that was measured with it. Measure with brizna run --marginal "
            "G, in g/kWh, or leave out --at-the-margin.",
            name=footprint.subject_id or "case",
        )
    made = _known(footprint, figure) + _known(footprint, "carbon_embodied_g")
    return Sci(
        subject_id=footprint.subject_id,
        energy_j=_known(footprint, "facility_energy_j"),
        intensity_g_per_kwh=getattr(footprint.assumptions, assumption),
        intensity_kind=intensity,
        operational_g=_known(footprint, figure),
        embodied_g=_known(footprint, "carbon_embodied_g"),
        functional_unit=unit,
        sci_g_per_unit=made / exactly(Ratio(unit.count)),
        boundary=footprint.boundary,
    )


def sci_for_ai(
    parts: Iterable[Staged],
    *,
    consumer: FunctionalUnit | None = None,
    provider: FunctionalUnit | None = None,
) -> SciForAi:
    """Return the scores of an AI system from the footprints of its stages.

    Args:
        parts: The footprints. Every run of a stage counts, those that failed too.
        consumer: What to divide the use by: tokens, images, inferences ...
        provider: What to divide the making by: parameters, FLOP or training tokens.

    Raises:
        InputError: If a unit is not one of its persona's, or nothing was asked for.
        CoverageError: If a persona has no footprint, or the carbon of one is not known.
    """
    if consumer is None and provider is None:
        raise InputError(
            "No functional unit was given: name the consumer's, the provider's or both, such as "
            "--consumer '1e6 tokens' --provider '7e9 parameters'."
        )
    held = list(parts)
    return SciForAi(
        consumer=_score("consumer", held, consumer),
        provider=_score("provider", held, provider),
    )


def _score(persona: str, parts: Sequence[Staged], unit: FunctionalUnit | None) -> AiScore | None:
    if unit is None:
        return None
    if not any(word.casefold() in unit.name.casefold() for word in _UNITS[persona]):
        raise InputError(
            "{name!r} is no functional unit of the {persona} in SCI for AI: expected one of "
            "{known}.",
            name=unit.name,
            persona=persona,
            known=", ".join(_UNITS[persona]),
        )
    mine = [part for part in parts if persona_of(part.stage) == persona]
    if not mine:
        raise CoverageError(
            "No footprint is of a stage of the {persona}: tag its runs with one of {known}, such "
            "as --tag stage:{first}.",
            persona=persona,
            known=", ".join(PERSONAS[persona]),
            first=PERSONAS[persona][0],
        )
    stages = {
        stage: total(_both(part.footprint) for part in mine if part.stage == stage)
        for stage in PERSONAS[persona]
        if any(part.stage == stage for part in mine)
    }
    carbon_g = total(stages.values())
    first = mine[0].footprint.boundary
    return AiScore(
        persona=persona,
        carbon_g=carbon_g,
        stages=stages,
        missing=tuple(stage for stage in PERSONAS[persona] if stage not in stages),
        functional_unit=unit,
        sci_g_per_unit=carbon_g / exactly(Ratio(unit.count)),
        unlike=tuple(
            {item: None for part in mine for item in unlike(first, part.footprint.boundary)}
        ),
    )


def _both(footprint: Footprint) -> Estimate:
    return _known(footprint, "carbon_operational_g") + _known(footprint, "carbon_embodied_g")


def _known(footprint: Footprint, figure: str) -> Estimate:
    value = getattr(footprint, figure)
    if value is None:
        raise CoverageError(
            "The SCI of {name} needs its {figure}, which is not known: {reason}.",
            name=footprint.subject_id or "case",
            figure=figure,
            reason=footprint.reasons.get(figure, "not known"),
        )
    return value

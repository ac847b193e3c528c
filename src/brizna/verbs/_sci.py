"""SCI scores of stored runs: of one, and of an AI system by the stages of its runs."""

from __future__ import annotations

from brizna.account import Footprint, Sci, SciForAi, Staged, sci, sci_for_ai
from brizna.core.errors import InputError
from brizna.verbs._views import view_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from brizna.account import FunctionalUnit
    from brizna.store import Store

_STAGE = "stage:"


def stage_of(tags: Sequence[str]) -> str | None:
    """Return the stage that a run's tags name, such as ``stage:fine-tuning``; None if none does."""
    named = [tag.removeprefix(_STAGE) for tag in tags if tag.startswith(_STAGE)]
    return named[0] if named else None


def sci_of_run(
    store: Store, reference: str, unit: FunctionalUnit | None, *, intensity: str = "average"
) -> Sci:
    """Return the SCI score of a stored run.

    Raises:
        InputError: If the reference means no run, or no functional unit is known.
        CoverageError: If its energy, intensity or the making of its hardware is not known.
    """
    view = view_of(store, reference)
    return sci(Footprint.from_json(view["footprint"]), unit, intensity=intensity)


def sci_of_ai(
    store: Store,
    references: Sequence[str],
    *,
    consumer: FunctionalUnit | None,
    provider: FunctionalUnit | None,
) -> SciForAi:
    """Return the consumer's and the provider's score of an AI system.

    Args:
        store: Where its runs are.
        references: The runs; a tag such as ``tag:model:x`` means all that have it.
        consumer: What to divide the use by.
        provider: What to divide the making by.

    Raises:
        InputError: If a reference means no run, a run names no stage, or a unit is the other's.
        CoverageError: If a persona has no run, or the carbon of one is not known.
    """
    return sci_for_ai(
        [_staged(store, run) for run in runs_meant(store, references)],
        consumer=consumer,
        provider=provider,
    )


def runs_meant(store: Store, references: Sequence[str]) -> list[str]:
    """Return the ids of the runs that references mean, each once; ``tag:TAG`` means all with it.

    Raises:
        InputError: If a reference means no run.
    """
    found: dict[str, None] = {}
    for reference in references:
        if not reference.startswith("tag:"):
            found[store.resolve(reference)] = None
            continue
        tag = reference.removeprefix("tag:")
        tagged = [run.id for run in store.runs() if tag in run.tags and run.state != "running"]
        if not tagged:
            raise InputError("No run has the tag {tag!r}: brizna runs list shows them.", tag=tag)
        found |= dict.fromkeys(tagged)
    return list(found)


def _staged(store: Store, run_id: str) -> Staged:
    view = view_of(store, run_id)
    stage = stage_of(view["tags"])
    if stage is None:
        raise InputError(
            "The run {run_id} names no stage: SCI for AI needs one of each run. Tag it as it "
            "starts, such as --tag stage:inference.",
            run_id=run_id,
        )
    return Staged(stage=stage, footprint=Footprint.from_json(view["footprint"]))

"""Errors about a run that was asked for: there is none, there are several, it is not there yet."""

from __future__ import annotations

from brizna.core.errors import InputError, Said, UnavailableError
from brizna.store._stored import by_start

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from brizna.store._index import Index
    from brizna.store._stored import RunSummary


_LOOKED_AT = 1000
"""Runs among which a name is looked for that was meant instead of one that is not there."""


def meant(index: Index, reference: str) -> tuple[list[str], list[RunSummary]]:
    """Return the runs of an index that have a name, else a part of their id, and some to list."""
    found = index.named(reference) or (index.like(reference) if reference else [])
    known = [] if len(found) == 1 else index.summaries(limit=_LOOKED_AT)
    return found, [*known, *index.summaries_of(found[-10:])]


def meant_also(
    reference: str, found: list[str], known: list[RunSummary], left: Sequence[RunSummary]
) -> tuple[list[str], list[RunSummary]]:
    """Return what `meant` returns with the runs that are in no index; a name goes before a part."""
    every = {run.id: run for run in [*known, *left]}
    named = {run.id for run in every.values() if run.name == reference and run.id in found}
    named |= {run.id for run in left if run.name == reference}
    parts = {*found, *(run.id for run in left)}
    like = {i for i in parts if reference and (i.startswith(reference) or i.endswith(reference))}
    return sorted(named or like), sorted(every.values(), key=by_start)


def unresolved(reference: str, summaries: Sequence[RunSummary], found: Sequence[str]) -> InputError:
    """Return the error for a reference that means no run, or several."""
    if not summaries:
        return InputError("There is no run in this store yet. Make one: brizna run -- COMMAND.")
    if found:
        return InputError(
            "{reference!r} means {count} runs; name one by its id: {runs}.",
            reference=reference,
            count=len(found),
            runs=_listed([summary for summary in summaries if summary.id in found]),
        )
    from difflib import get_close_matches

    words = {word: run for run in summaries for word in (run.id[-6:], run.id, run.name) if word}
    close = [words[word] for word in get_close_matches(reference, words, n=3, cutoff=0.6)]
    near = list({run.id: run for run in close}.values())
    return InputError(
        "{reference!r} is no run of this store: an id, a part of one, a name or last.{hint}",
        reference=reference,
        hint=Said(" Did you mean {name}?", name=_listed(near))
        if near
        else Said(" The newest are {runs}.", runs=_listed(summaries[-3:])),
    )


def _listed(summaries: Sequence[RunSummary]) -> str:
    shown = [f"{run.id} ({run.name})" if run.name else run.id for run in summaries[-10:]]
    return ", ".join(shown)


def blank(run_id: str, *, is_alive: bool) -> UnavailableError:
    """Return the error for a run that has not one line."""
    if is_alive:
        return UnavailableError(
            "Nothing is recorded yet: the run has just begun, or its disk is full."
        )
    return UnavailableError(
        "Nothing was recorded: the recorder ended, or its disk was full, before its first reading. "
        "Remove the run: brizna runs rm {run_id}.",
        run_id=run_id,
    )


def going_on(run_id: str) -> InputError:
    """Return the error for a run that must have ended first."""
    return InputError(
        "The run {run_id} still goes on: wait for its end, or end it first.", run_id=run_id
    )

"""Which runs of a store are a project's own.

A store in the project's folder holds the project's runs. One that many projects share, as that in
a person's data directory, does not say whose a run is, unless its commit is one of the project's.
"""

from __future__ import annotations

import os

from brizna.core.errors import Said

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from brizna.check import Held
    from brizna.store import Store

OWN, NAMED, SHARED = "own", "named", "shared"
"""How a store stands to a project: it lies in its folder; somebody named it; neither."""
_HISTORIES = (".git", ".hg", ".jj", ".svn")
_OF_ENVIRONMENTS = ("brizna.software/1", "brizna.environment-verdict/1")
"""Records that rules take only where a run of the project used what they tell of."""


def root_of(folder: str) -> str | None:
    """Return the folder at or above this one that is under version control; None if none is."""
    while True:
        if any(os.path.exists(os.path.join(folder, name)) for name in _HISTORIES):
            return folder
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent


def standing(folder: str, store: Store, *, is_named: bool) -> str:
    """Return how a store stands to the project in a folder.

    Args:
        folder: The project's.
        store: The store.
        is_named: Whether somebody named the store, rather than that it was found.
    """
    root = os.path.realpath(root_of(folder) or folder)
    place = os.path.realpath(store.path)
    if place.startswith(os.path.join(root, "")):
        return OWN
    return NAMED if is_named else SHARED


def own_runs(
    runs: Iterable[tuple[Held, list[Held]]], *, folder: str, store: Store, standing: str
) -> tuple[list[Held], list[Said]]:
    """Return the runs of a project with what stands beside them, and what was left out.

    Args:
        runs: Those of the store, each with its records.
        folder: The project's.
        store: The store.
        standing: How it stands to the project.
    """
    told = list(runs)
    if standing != OWN:
        known = _commits_here(folder, {_commit(run) for run, _ in told} - {None})
        kept = [pair for pair in told if _is_own(pair[0], known, standing)]
        lost = len(told) - len(kept)
        why = Said(
            "{count} runs in {store} that are not known to be of this project: keep its runs in a "
            "store of its own, mkdir .brizna, or name the store that is",
            count=lost,
            store=store.path,
        )
        return _flat(kept), [why] if lost else []
    return _flat(told), []


def own_records(
    records: Iterable[Held], *, store: Store, standing: str
) -> tuple[list[Held], list[Said]]:
    """Return the records about no single run that count for a project, and what was left out."""
    told = list(records)
    if standing != SHARED:
        return told, []
    kept = [one for one in told if one.data.get("schema") in _OF_ENVIRONMENTS]
    why = Said(
        "{count} plans, sweeps, searches and studies in {store}, which do not tell their project: "
        "keep them in a store of its own, or as JSON in its folder",
        count=len(told) - len(kept),
        store=store.path,
    )
    return kept, [why] if len(kept) < len(told) else []


def _flat(runs: Iterable[tuple[Held, list[Held]]]) -> list[Held]:
    return [one for run, beside in runs for one in (run, *beside)]


def _commit(run: Held) -> str | None:
    around: Mapping[str, Any] = run.data["environment"]
    return around.get("git_revision")


def _is_own(run: Held, known: frozenset[str] | None, standing: str) -> bool:
    """Tell whether a run is the project's: by its commit, or because nothing speaks against it."""
    commit = _commit(run)
    if commit is None or known is None:
        return standing == NAMED
    return commit in known


def _commits_here(folder: str, wanted: set[Any]) -> frozenset[str] | None:
    """Return which of these commits the project has; None where git cannot tell."""
    from brizna.verbs._gate_trees import Git

    names = sorted(name for name in map(str, wanted) if name.isalnum())
    git = Git(folder, os.environ)
    if git.try_ask("rev-parse", "--git-dir") is None:
        return None
    if not names:
        return frozenset()
    found = git.try_ask("rev-list", "--no-walk", "--ignore-missing", *names)
    return None if found is None else frozenset(found.split())

"""Plans of jobs, kept beside the runs and named by their digest."""

from __future__ import annotations

from brizna.core.errors import InputError
from brizna.store._kept import keep_record, read_kept

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from brizna.store._store import Store

PLANS = "plans"


def keep_plan(store: Store, plan: Mapping[str, Any]) -> str:
    """Keep the record of a plan and return its digest.

    Raises:
        UnavailableError: If the store cannot be written.
    """
    return keep_record(store, PLANS, plan)


def read_plans(store: Store) -> dict[str, dict[str, Any]]:
    """Return the kept plans by their digest, those issued last at the end.

    Raises:
        IntegrityError: If a plan was changed.
        UnavailableError: If they are there but cannot be read.
    """
    found = read_kept(store, PLANS)
    return dict(sorted(found.items(), key=lambda pair: str(pair[1].get("issued"))))


def find_plan(store: Store, reference: str) -> tuple[str, dict[str, Any]]:
    """Return the digest and the record of the plan that a person means.

    A name, and ``last``, mean plans that were asked for, not those that replaced one on the way.

    Args:
        store: Where it is kept.
        reference: The beginning of its digest, the job's name, or ``last``.

    Raises:
        InputError: If it means no plan, or several.
        IntegrityError: If a plan was changed.
        UnavailableError: If the plans cannot be read.
    """
    plans = read_plans(store)
    asked = [pair for pair in plans.items() if pair[1].get("instead_of") is None]
    if reference == "last" and asked:
        return asked[-1]
    wanted = reference.removeprefix("sha256:")
    found = [pair for pair in asked if reference and pair[1]["workload"].get("name") == reference]
    found += [
        pair
        for pair in plans.items()
        if wanted and pair[0][7:].startswith(wanted) and pair not in found
    ]
    if len(found) == 1:
        return found[0]
    known = ", ".join(digest[7:19] for digest in plans)
    if found:
        raise InputError(
            "{reference!r} means {count} plans: name one of {known}.",
            reference=reference,
            count=len(found),
            known=", ".join(digest[7:19] for digest, _ in found),
        )
    raise InputError(
        "There is no plan {reference!r}: expected one of {known}, or last. Keep one with brizna "
        "plan --save.",
        reference=reference,
        known=known or "-",
    )

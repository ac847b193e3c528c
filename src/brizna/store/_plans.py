"""Plans of jobs, kept beside the runs and named by their digest."""

from __future__ import annotations

import os

from brizna.core.codec import digest_of_bytes, encode
from brizna.core.errors import InputError, Said
from brizna.store._files import unavailable, write_once
from brizna.store._records import record_of_bytes

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
    data = encode(dict(plan))
    digest = digest_of_bytes(data)
    place = os.path.join(store.path, PLANS)
    path = os.path.join(place, f"{digest.removeprefix('sha256:')}.json")
    try:
        os.makedirs(place, exist_ok=True)
        write_once(path, data)
    except OSError as error:
        raise unavailable(Said("{path!r} cannot be written", path=path), error) from error
    return digest


def read_plans(store: Store) -> dict[str, dict[str, Any]]:
    """Return the kept plans by their digest, those issued last at the end.

    Raises:
        IntegrityError: If a plan was changed.
        UnavailableError: If they are there but cannot be read.
    """
    place = os.path.join(store.path, PLANS)
    found: dict[str, dict[str, Any]] = {}
    try:
        for name in sorted(os.listdir(place)):
            if name.endswith(".json"):
                path = os.path.join(place, name)
                with open(path, "rb") as file:
                    digest = f"sha256:{name.removesuffix('.json')}"
                    found[digest] = record_of_bytes(path, file.read())
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise unavailable(
            Said("The plans in {path!r} cannot be read", path=place), error
        ) from error
    return dict(sorted(found.items(), key=lambda pair: str(pair[1].get("issued"))))


def find_plan(store: Store, reference: str) -> tuple[str, dict[str, Any]]:
    """Return the digest and the record of the plan that a person means.

    Args:
        store: Where it is kept.
        reference: The beginning of its digest, the job's name, or ``last``.

    Raises:
        InputError: If it means no plan, or several.
        IntegrityError: If a plan was changed.
        UnavailableError: If the plans cannot be read.
    """
    plans = read_plans(store)
    if reference == "last" and plans:
        return list(plans.items())[-1]
    wanted = reference.removeprefix("sha256:")
    found = [
        (digest, plan)
        for digest, plan in plans.items()
        if wanted and (digest[7:].startswith(wanted) or plan["workload"].get("name") == reference)
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

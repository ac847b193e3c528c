"""What environments were held to, kept for whoever judges the project later."""

from __future__ import annotations

from brizna.check._kept_environments import KeptVerification
from brizna.store._kept import keep_record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from brizna.check import Verification
    from brizna.store import Store
    from brizna.verbs._env import Surroundings

_FOLDER = "audits"


def keep_verification(store: Store, around: Surroundings, found: Verification, *, at: str) -> str:
    """Keep what came of holding an environment to something, and return the record's digest.

    Args:
        store: Where it is kept.
        around: The environment.
        found: What came of it.
        at: Now, as an instant in UTC.

    Raises:
        UnavailableError: If the store cannot be written.
    """
    kept = KeptVerification(
        at=at, installed=around.software.installed, verification=found.to_json()
    )
    return keep_record(store, _FOLDER, kept.to_json())

"""What a run happened in and on: software, job, machine.

Promises: reads files only, starts no process, asks nobody; secrets are cut out before anything is
kept; host and user names stay out unless they are asked for. Refuses to record the values of
environment variables, but for those that steer how numbers are computed, which are listed.
"""

from __future__ import annotations

from brizna.core.lazy import lazily

TYPE_CHECKING = False
if TYPE_CHECKING:
    from brizna.environment._capture import capture, machine_name
    from brizna.environment._git import code
    from brizna.environment._installed import (
        Place,
        changed_files,
        own_place,
        place_of,
        place_of_command,
        software,
    )
    from brizna.environment._numerics import STEERING, numerics, seeds
    from brizna.environment._redact import redact

__all__ = [
    "STEERING",
    "Place",
    "capture",
    "changed_files",
    "code",
    "machine_name",
    "numerics",
    "own_place",
    "place_of",
    "place_of_command",
    "redact",
    "seeds",
    "software",
]

_HOMES = {
    "STEERING": "_numerics",
    "Place": "_installed",
    "capture": "_capture",
    "changed_files": "_installed",
    "code": "_git",
    "machine_name": "_capture",
    "numerics": "_numerics",
    "own_place": "_installed",
    "place_of": "_installed",
    "place_of_command": "_installed",
    "redact": "_redact",
    "seeds": "_numerics",
    "software": "_installed",
}

__getattr__ = lazily(__name__, _HOMES)

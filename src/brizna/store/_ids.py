"""Ids of runs: the time of their start, and chance."""

from __future__ import annotations

import os
import re
import time

RUN_ID = re.compile(r"[0-9]{8}T[0-9]{6}Z-[0-9a-f]{6}")
_TIME = "%Y%m%dT%H%M%SZ"


def new_run_id(*, at_s: float | None = None) -> str:
    """Return the id of a new run: its time and chance.

    Args:
        at_s: Time of the start in seconds since 1970; now if not given.
    """
    return f"{time.strftime(_TIME, time.gmtime(at_s))}-{os.urandom(3).hex()}"

"""What a run happened in and on: software, job, machine.

Promises: reads files only, starts no process, asks nobody; secrets are cut out before anything is
kept; host and user names stay out unless they are asked for. Refuses to record the values of
environment variables.
"""

from __future__ import annotations

from brizna.environment._capture import capture, machine_name
from brizna.environment._redact import redact

__all__ = ["capture", "machine_name", "redact"]

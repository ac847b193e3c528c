"""The key ring that the settings name."""

from __future__ import annotations

import os
import sys

from brizna.store import KeyRing, data_directory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from brizna.verbs._settings import Settings


def key_ring(settings: Settings, *, cwd: str, environ: Mapping[str, str]) -> KeyRing:
    """Return the key ring to use: the folder that was named, or the person's own.

    Args:
        settings: The settings in force.
        cwd: What a relative path starts from.
        environ: Environment variables.
    """
    named = settings["keys"]
    if named is not None:
        return KeyRing(os.path.join(cwd, os.path.expanduser(named)))
    return KeyRing(os.path.join(data_directory(environ, sys.platform), "keys"))

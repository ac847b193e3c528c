"""Where restore files of changed limits lie: looked for by every command, so it loads nothing."""

from __future__ import annotations

import os
from zlib import crc32

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_OF_THE_MACHINE = "/var/lib/brizna"
"""Where the system's administrator keeps the restore file, for all users to see."""


def restore_files(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return where restore files of this host may lie; the first is the one that we write.

    An administrator's lies where everybody sees it, unless XDG_STATE_HOME says otherwise.
    """
    if not hasattr(os, "uname"):  # no limit that we change exists there
        return ()
    host = f"{crc32(os.uname().nodename.encode(errors='surrogateescape')):08x}"
    name = f"limits-{host}.json"
    asked = environ.get("XDG_STATE_HOME")
    home = asked or os.path.join(os.path.expanduser("~"), ".local", "state")
    own = os.path.join(home, "brizna", name)
    machine = os.path.join(_OF_THE_MACHINE, name)
    return (machine,) if os.geteuid() == 0 and not asked else (own, machine)

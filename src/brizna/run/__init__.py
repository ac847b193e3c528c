"""Running commands: started, watched, signalled and reaped without being changed.

Promises: the command behaves as if started by itself (streams, terminal, group, environment,
arguments, signals, exit code); what measures it never breaks it; its record can be written
whatever signal arrives but SIGKILL, and if that arrives the command goes on; the processor time
of its whole process tree, with its blind spots said, beside that of others who are watched and of
the machine; for blocks measured at once in one process, parts that sum to the process.

Refuses: shells, new sessions, process groups of its own, and guesses of processor time.

A command that is measured here becomes a member of a new control group, or else gets this
process as the reaper of its orphans (a daemon then sees a parent other than 1). Work that others
do for it is not its: a container engine's containers, a batch system's steps, other machines.
"""

from __future__ import annotations

from brizna.core.lazy import lazily
from brizna.run._descendants import ancestors
from brizna.run._outcome import Outcome, Pace, Roots
from brizna.run._supervise import Supervisor
from brizna.run._users import Users

TYPE_CHECKING = False
if TYPE_CHECKING:
    from brizna.run._block import Block
    from brizna.run._busy import MachineTime
    from brizna.run._halt import Halt
    from brizna.run._watch import check_disjoint, watch

__all__ = [
    "Block",
    "Halt",
    "MachineTime",
    "Outcome",
    "Pace",
    "Roots",
    "Supervisor",
    "Users",
    "ancestors",
    "check_disjoint",
    "watch",
]

_HOMES = {
    "Block": "_block",
    "Halt": "_halt",
    "MachineTime": "_busy",
    "check_disjoint": "_watch",
    "watch": "_watch",
}

__getattr__ = lazily(__name__, _HOMES)

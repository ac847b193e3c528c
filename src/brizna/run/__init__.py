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
    from brizna.run._copies import copies_command, share_processors
    from brizna.run._halt import Halt
    from brizna.run._limit_files import find_file_limits
    from brizna.run._limit_nvml import CLOCK, open_nvml_limits
    from brizna.run._limits import HeldLimits, put_back
    from brizna.run._profile import ProcessLooks, as_sampled
    from brizna.run._restore_files import restore_files
    from brizna.run._sampled import Sampler
    from brizna.run._trials import TrialFailedError, Trials, trials
    from brizna.run._watch import check_disjoint, watch

__all__ = [
    "CLOCK",
    "Block",
    "Halt",
    "HeldLimits",
    "MachineTime",
    "Outcome",
    "Pace",
    "ProcessLooks",
    "Roots",
    "Sampler",
    "Supervisor",
    "TrialFailedError",
    "Trials",
    "Users",
    "ancestors",
    "as_sampled",
    "check_disjoint",
    "copies_command",
    "find_file_limits",
    "open_nvml_limits",
    "put_back",
    "restore_files",
    "share_processors",
    "trials",
    "watch",
]

_HOMES = {
    "CLOCK": "_limit_nvml",
    "Block": "_block",
    "Halt": "_halt",
    "HeldLimits": "_limits",
    "MachineTime": "_busy",
    "TrialFailedError": "_trials",
    "Trials": "_trials",
    "ProcessLooks": "_profile",
    "Sampler": "_sampled",
    "as_sampled": "_profile",
    "check_disjoint": "_watch",
    "copies_command": "_copies",
    "find_file_limits": "_limit_files",
    "open_nvml_limits": "_limit_nvml",
    "put_back": "_limits",
    "restore_files": "_restore_files",
    "share_processors": "_copies",
    "trials": "_trials",
    "watch": "_watch",
}

__getattr__ = lazily(__name__, _HOMES)

"""Meters: what the machine's counters say, and models where it has none.

This room reads sensors and nothing else. It promises that a reading is either right to the
counter or missing with a reason: a wrap counts only where it is plausible, a restart, a wild
value, an unreadable or a standing counter becomes a gap, and no device's trouble ever raises into
the program that is measured. Roots, driver bindings and the clock are arguments, so that
`brizna.testing` can stand in for any of them.

It refuses to repair numbers, to guess what a missing counter would have said, to start a process,
and to ask anything outside this machine but what a person named.
"""

from __future__ import annotations

from brizna.core.lazy import lazily
from brizna.meter._clock import BootClock
from brizna.meter._host import Roots
from brizna.meter._sampler import Sampler

TYPE_CHECKING = False
if TYPE_CHECKING:
    from brizna.meter._behind import factors_behind
    from brizna.meter._closed import POWERCAP_RULE, Closed, counters_folder, find_closed
    from brizna.meter._counter import Tally
    from brizna.meter._discover import open_meters
    from brizna.meter._doctor import REASONS, Component, describe_meters
    from brizna.meter._gauges import Gauges, open_gauges
    from brizna.meter._host import Processor, find_memory, find_memory_limit, find_processor
    from brizna.meter._protocol import Meter
    from brizna.meter._specs import Spec, Surroundings, open_specs, read_specs
    from brizna.meter._use_container import ContainerUse, open_container_use
    from brizna.meter._use_nvml import NvmlUse, open_nvml_use

__all__ = [
    "POWERCAP_RULE",
    "REASONS",
    "BootClock",
    "Closed",
    "Component",
    "ContainerUse",
    "Gauges",
    "Meter",
    "NvmlUse",
    "Processor",
    "Roots",
    "Sampler",
    "Spec",
    "Surroundings",
    "Tally",
    "counters_folder",
    "describe_meters",
    "factors_behind",
    "find_closed",
    "find_memory",
    "find_memory_limit",
    "find_processor",
    "open_container_use",
    "open_gauges",
    "open_meters",
    "open_nvml_use",
    "open_specs",
    "read_specs",
]

_HOMES = {
    "POWERCAP_RULE": "_closed",
    "REASONS": "_doctor",
    "Closed": "_closed",
    "Component": "_doctor",
    "counters_folder": "_closed",
    "find_closed": "_closed",
    "Gauges": "_gauges",
    "describe_meters": "_doctor",
    "Meter": "_protocol",
    "Processor": "_host",
    "Spec": "_specs",
    "Surroundings": "_specs",
    "Tally": "_counter",
    "factors_behind": "_behind",
    "find_memory": "_host",
    "find_memory_limit": "_host",
    "find_processor": "_host",
    "open_gauges": "_gauges",
    "open_meters": "_discover",
    "ContainerUse": "_use_container",
    "open_container_use": "_use_container",
    "NvmlUse": "_use_nvml",
    "open_nvml_use": "_use_nvml",
    "open_specs": "_specs",
    "read_specs": "_specs",
}

__getattr__ = lazily(__name__, _HOMES)

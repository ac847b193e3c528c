"""Simulated machines, and suites that tell whether an implementation keeps its promises.

Everything here is for tests, brizna's own and anybody's: counters that follow declared powers over
a clock that only moves when told to, with the troubles that real counters make, and the true
energy known. It refuses to touch a real device.
"""

from __future__ import annotations

from brizna.testing._battery import FakeBattery
from brizna.testing._clock import FakeClock
from brizna.testing._grid import FakeProvider
from brizna.testing._hwmon import FakeHwmon, FakeMonitor
from brizna.testing._improve import (
    FAKE_PLUGINS,
    FakeBench,
    FakeModel,
    FakeRuntime,
    fake_config,
    transform_conformance,
)
from brizna.testing._library import build_fake_amd_smi, build_fake_nvml
from brizna.testing._limit_files import FakeLimitFiles
from brizna.testing._machine import FakeMachine
from brizna.testing._meters import meter_conformance
from brizna.testing._models import FakeModels
from brizna.testing._nvml import FakeGpu, FakeNvml, FakeNvmlError
from brizna.testing._onnxruntime import FakeOnnxRuntime
from brizna.testing._power_units import FakePowerEvent, FakePowerUnit
from brizna.testing._powercap import FakePowercap, FakeZone
from brizna.testing._powermetrics import FakePowermetrics
from brizna.testing._renderers import (
    FakeRenderer,
    read_shown,
    renderer_conformance,
    sample_dossier,
    sample_facts,
)
from brizna.testing._rules import rule_conformance, sample_project
from brizna.testing._sinks import FakeSink, sample_metrics, sample_run, sink_conformance
from brizna.testing._sources import source_conformance
from brizna.testing._wire import FakeIpmi, FakeWire

__all__ = [
    "FAKE_PLUGINS",
    "FakeBattery",
    "FakeBench",
    "FakeClock",
    "FakeGpu",
    "FakeHwmon",
    "FakeIpmi",
    "FakeLimitFiles",
    "FakeMachine",
    "FakeModel",
    "FakeModels",
    "FakeMonitor",
    "FakeNvml",
    "FakeNvmlError",
    "FakeOnnxRuntime",
    "FakePowerEvent",
    "FakePowerUnit",
    "FakePowercap",
    "FakePowermetrics",
    "FakeProvider",
    "FakeRenderer",
    "FakeRuntime",
    "FakeSink",
    "FakeWire",
    "FakeZone",
    "build_fake_amd_smi",
    "build_fake_nvml",
    "fake_config",
    "meter_conformance",
    "read_shown",
    "renderer_conformance",
    "rule_conformance",
    "sample_dossier",
    "sample_facts",
    "sample_metrics",
    "sample_project",
    "sample_run",
    "sink_conformance",
    "source_conformance",
    "transform_conformance",
]

"""Gauges of the simulated driver library, through the real bindings."""

import json
import subprocess
import sys

import pytest

from brizna.core.errors import UnavailableError
from brizna.testing import build_fake_nvml

READER = """
import json
from brizna.meter._nvml import open_nvml

(meter,), _ = open_nvml(machine="m")
found = {}
for gauges, read in meter.gauges():
    found |= {gauge.id.rpartition("/")[2]: value for gauge, value in zip(gauges, read())}
print(json.dumps(found))
"""


def test_real_bindings_tell_the_gauges_of_a_card(tmp_path):
    try:
        build_fake_nvml(tmp_path)
    except UnavailableError as error:
        pytest.skip(str(error))
    environ = {"LD_LIBRARY_PATH": str(tmp_path), "FAKE_NVML_USE": "50", "PATH": ""}
    done = subprocess.run(
        [sys.executable, "-c", READER], env=environ, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == {
        "use": 0.5,
        "memory-traffic": 0.25,
        "memory-used": 2**30,
        "clock": 1410e6,
        "temperature": 40,
        "power": 100,
        "power-limit": 400,
        "limited-by-power": 0,
        "limited-by-heat": 0,
    }

"""What the doctor says of machines with open, closed and missing counters."""

import os
import shutil
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest

from brizna.core.errors import UnavailableError
from brizna.meter import REASONS, describe_meters
from brizna.meter._doctor import _Diagnosis
from brizna.testing import FakeGpu, FakeMachine, FakeNvml, FakePowercap, FakeZone

NOBODY = 65534
PACKAGE, DRAM = "intel-rapl:0", "intel-rapl:0:1"


def no_driver():
    raise UnavailableError("no driver here")


@pytest.fixture
def machine(tmp_path, rig):
    return FakeMachine(tmp_path, rig.clock)


def counters(root, rig, *zones):
    return FakePowercap(Path(root) / "sys/class/powercap", rig.clock, zones)


def described(machine, nvml=no_driver):
    found = describe_meters(machine="m", roots=machine.roots, nvml=nvml)
    return {component.component: component for component in found}


@contextmanager
def without_rights():
    """Be nobody in particular, even where the tests are run by the superuser."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if user == 0:
            os.seteuid(0)


def test_open_counters_are_metered_without_a_wish(machine, rig, tmp_path):
    counters(
        tmp_path,
        rig,
        FakeZone(label=PACKAGE, name="package-0"),
        FakeZone(label=DRAM, name="dram"),
    )
    found = described(machine)
    for component in ("cpu", "memory"):
        entry = found[component]
        assert (entry.status, entry.method, entry.unlock) == ("metered", "rapl", None)


def test_a_closed_counter_names_the_command_that_opens_it_for_one_group(rig):
    root = tempfile.mkdtemp()
    try:
        os.chmod(root, 0o711)  # noqa: S103  (nobody must get through to the tree)
        machine = FakeMachine(Path(root), rig.clock)
        counters(root, rig, FakeZone(label=PACKAGE, name="package-0"))
        os.chmod(f"{machine.roots.powercap}/{PACKAGE}/energy_uj", 0)
        with without_rights():
            entry = described(machine)["cpu"]
    finally:
        shutil.rmtree(root)
    assert (entry.status, entry.code, entry.method) == ("modelled", "permission", "load-model")
    assert entry.detail == "unreadable: Permission denied"
    assert "g+r" in entry.unlock
    assert "udevadm" in entry.unlock
    assert "o+r" not in entry.unlock


def test_a_counter_that_cannot_be_read_otherwise_says_what_was_seen(machine, rig, tmp_path):
    powercap = counters(tmp_path, rig, FakeZone(label=PACKAGE, name="package-0"))
    powercap.refuse(PACKAGE)
    entry = described(machine)["cpu"]
    assert (entry.status, entry.code, entry.unlock) == ("modelled", "unreadable", None)
    assert "No such file" in entry.detail


def test_a_virtual_machine_is_told_that_nothing_unlocks_its_counters(machine):
    machine.show_processor(is_virtual=True)
    entry = described(machine)["cpu"]
    assert (entry.status, entry.code, entry.unlock) == ("modelled", "virtual-machine", None)


def test_a_real_machine_without_counters_is_told_how_to_load_their_driver(machine):
    entry = described(machine)["cpu"]
    assert (entry.code, entry.unlock) == ("no-driver-module", "sudo modprobe intel_rapl_msr")


def test_a_processor_without_a_memory_counter_says_so(machine, rig, tmp_path):
    counters(tmp_path, rig, FakeZone(label=PACKAGE, name="package-0"))
    entry = described(machine)["memory"]
    assert (entry.status, entry.code) == ("modelled", "no-memory-counter")


def test_what_the_platform_counter_holds_is_metered_inside_it(machine, rig, tmp_path):
    counters(tmp_path, rig, FakeZone(label="intel-rapl:1", name="psys"))
    found = described(machine)
    assert found["node"].status == "metered"
    assert (found["cpu"].status, found["cpu"].code) == ("metered", "inside-node")


def test_cards_are_metered_by_counter_or_by_power(machine, rig):
    nvml = FakeNvml(rig.clock, [FakeGpu(uuid="GPU-0"), FakeGpu(uuid="GPU-1", has_slices=True)])
    entry = described(machine, nvml)["gpu"]
    assert (entry.status, entry.method) == ("metered", "nvml-energy")
    assert "slices" in entry.detail
    nvml = FakeNvml(rig.clock, [FakeGpu(uuid="GPU-0", has_counter=False)])
    assert described(machine, nvml)["gpu"].code == "power-sensor"


@pytest.mark.parametrize(
    ("vendor", "code", "unlock"),
    [("0x10de", "gpu-driver", "nvidia-smi"), ("0x1002", "gpu-driver", "sudo modprobe amdgpu")],
)
def test_a_card_that_no_meter_reads_says_why(machine, tmp_path, vendor, code, unlock):
    device = tmp_path / "sys/bus/pci/devices/0000:01:00.0"
    device.mkdir(parents=True)
    (device / "class").write_text("0x030200\n")
    (device / "vendor").write_text(f"{vendor}\n")
    entry = described(machine)["gpu"]
    assert (entry.status, entry.code, entry.unlock) == ("not available", code, unlock)


def test_a_mac_is_told_which_program_to_start(machine, monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    found = {entry.component: entry for entry in _Diagnosis(machine.roots, [], {}).components()}
    assert found["cpu"].code == "program"
    assert found["cpu"].unlock.startswith("sudo powermetrics")
    assert "--meter" in found["cpu"].why


def test_every_reason_is_a_sentence():
    for sentence in REASONS.values():
        assert sentence[0].isupper()
        assert sentence.endswith(".")


def test_this_very_machine_can_be_described():
    found = describe_meters(machine="m")
    assert {entry.component for entry in found} >= {"cpu", "memory", "gpu", "node"}

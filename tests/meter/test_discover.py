"""Which meters a machine gets: the best way to each component, and never two."""

import subprocess
import sys

import pytest

from brizna.core.errors import UnavailableError
from brizna.meter import describe_meters, open_meters
from brizna.meter._replay import play_table
from brizna.testing import (
    FakeBattery,
    FakeGpu,
    FakeHwmon,
    FakeMachine,
    FakeMonitor,
    FakeNvml,
    FakePowercap,
    FakePowerEvent,
    FakePowerUnit,
    FakeZone,
)

MODELS = {"model/cpu": "cpu", "model/memory": "memory"}


def nothing():
    raise UnavailableError("no library here")


@pytest.fixture
def machine(tmp_path, rig):
    return FakeMachine(tmp_path, rig.clock)


@pytest.fixture
def found(machine):
    """Return a function: the kinds by channel of the meters that are opened."""

    def of(**how):
        meters = open_meters(
            **{"machine": "m", "roots": machine.roots, "nvml": nothing, "amd_smi": nothing, **how}
        )
        kinds = {channel.id: channel.kind for meter in meters for channel in meter.channels()}
        for meter in meters:
            meter.close()
        return kinds

    return of


@pytest.fixture
def powercap(tmp_path, rig):
    zone = FakeZone(label="intel-rapl:0", name="package-0", power_w=100.0)
    return FakePowercap(tmp_path / "sys/class/powercap", rig.clock, [zone])


@pytest.fixture
def unit(tmp_path, rig):
    event = FakePowerEvent(name="energy-pkg", powers_w=(100.0,))
    return FakePowerUnit(tmp_path / "sys", rig.clock, [event])


def monitor(tmp_path, rig, driver, file, **about):
    return FakeHwmon(
        tmp_path / "sys", rig.clock, [FakeMonitor(driver=driver, file=file, power_w=50.0, **about)]
    )


def test_without_any_counter_processors_and_memory_are_modelled(found):
    assert found() == MODELS


def test_power_units_stand_in_only_where_powercap_cannot_be_read(found, powercap, unit):
    assert found(open_event=unit) == {"rapl/package-0": "cpu", "model/memory": "memory"}
    assert unit.opened == 0
    powercap.refuse("intel-rapl:0")
    assert found(open_event=unit) == {"perf/package-0": "cpu", "model/memory": "memory"}


def test_where_neither_can_be_read_the_first_says_why(found, powercap, unit, machine):
    powercap.refuse("intel-rapl:0")
    unit.is_allowed = False
    assert found(open_event=unit) == MODELS
    meters = open_meters(machine="m", roots=machine.roots, nvml=nothing, open_event=unit)
    assert meters[0].unseen() == {"cpu": "unreadable: No such file or directory"}


def test_a_closed_power_unit_names_the_command_that_opens_it(machine, unit):
    unit.is_allowed = False
    components = describe_meters(machine="m", roots=machine.roots, nvml=nothing, open_event=unit)
    (cpu,) = [component for component in components if component.component == "cpu"]
    assert (cpu.status, cpu.code) == ("modelled", "permission")
    assert "perf_event_paranoid" in cpu.unlock


def test_a_board_with_one_input_is_metered_as_a_whole(found, tmp_path, rig):
    texts = {"in1_label": "VDD_IN", "in1_input": "5000"}
    monitor(tmp_path, rig, "ina3221", "curr1_input", texts=texts)
    assert found() == {"rail/VDD_IN": "node"}


def test_a_battery_is_read_where_nothing_finer_covers_the_processors(found, tmp_path, rig):
    FakeBattery(tmp_path / "sys", rig.clock)
    assert found() == {"battery": "node"}


def test_a_battery_is_left_alone_beside_counters(found, tmp_path, rig, powercap):
    FakeBattery(tmp_path / "sys", rig.clock)
    assert powercap.true_j("intel-rapl:0") == 0
    assert found() == {"rapl/package-0": "cpu", "model/memory": "memory"}


def test_on_mains_power_a_portable_machine_is_modelled_and_says_why(found, tmp_path, rig, machine):
    FakeBattery(tmp_path / "sys", rig.clock).plug()
    assert found() == MODELS
    components = describe_meters(machine="m", roots=machine.roots, nvml=nothing)
    assert "on mains power" in components[0].detail


def test_cards_of_several_makers_stand_side_by_side(found, tmp_path, rig):
    nvml = FakeNvml(rig.clock, [FakeGpu(uuid="GPU-0")])
    FakeHwmon(
        tmp_path / "sys",
        rig.clock,
        [
            FakeMonitor(driver="xe", file="energy1_input", device="0000:03:00.0"),
            FakeMonitor(
                driver="amdgpu",
                file="power1_average",
                device="0000:04:00.0",
                texts={"power1_cap": "300000000"},
            ),
        ],
    )
    assert found(nvml=nvml) == MODELS | {
        "GPU-0": "gpu",
        "hwmon/0000:03:00.0": "gpu",
        "hwmon/0000:04:00.0": "gpu",
    }


def test_a_card_whose_driver_is_missing_is_named_beside_those_that_are_metered(
    tmp_path, rig, machine
):
    monitor(tmp_path, rig, "xe", "energy1_input")
    device = tmp_path / "sys/bus/pci/devices/0000:01:00.0"
    device.mkdir(parents=True)
    (device / "class").write_text("0x030200\n")
    (device / "vendor").write_text("0x10de\n")
    meters = open_meters(machine="m", roots=machine.roots, nvml=nothing)
    unseen = {name: reason for meter in meters for name, reason in meter.unseen().items()}
    assert unseen["gpu/NVIDIA"] == "no library here"


def test_every_maker_whose_driver_is_missing_is_named(tmp_path, machine):
    for slot, vendor in enumerate(("0x10de", "0x1002")):
        device = tmp_path / f"sys/bus/pci/devices/0000:0{slot}:00.0"
        device.mkdir(parents=True)
        (device / "class").write_text("0x030200\n")
        (device / "vendor").write_text(f"{vendor}\n")
    components = describe_meters(machine="m", roots=machine.roots, nvml=nothing)
    (gpu,) = [component for component in components if component.component == "gpu"]
    assert (gpu.code, gpu.unlock) == ("gpu-driver", "nvidia-smi")
    assert "gpu/NVIDIA: no library here" in gpu.detail
    assert "gpu/AMD: the driver amdgpu is not loaded" in gpu.detail


def test_a_card_that_sleeps_is_not_said_to_be_missing(tmp_path, rig, machine):
    monitor(tmp_path, rig, "xe", "energy1_input")
    status = tmp_path / "sys/devices/0000:03:00.0/power/runtime_status"
    status.parent.mkdir()
    status.write_text("suspended\n")
    components = describe_meters(machine="m", roots=machine.roots, nvml=nothing)
    (gpu,) = [component for component in components if component.component == "gpu"]
    assert (gpu.status, gpu.code) == ("not available", "unreadable")
    assert "would wake it" in gpu.detail


def test_an_amd_card_read_by_power_is_told_how_its_counter_is_read(tmp_path, rig, machine):
    monitor(tmp_path, rig, "amdgpu", "power1_average", texts={"power1_cap": "300000000"})
    device = tmp_path / "sys/bus/pci/devices/0000:03:00.0"
    device.mkdir(parents=True)
    (device / "class").write_text("0x038000\n")
    (device / "vendor").write_text("0x1002\n")
    components = describe_meters(machine="m", roots=machine.roots, nvml=nothing, amd_smi=nothing)
    (gpu,) = [component for component in components if component.component == "gpu"]
    assert (gpu.status, gpu.code) == ("metered", "power-sensor")
    assert "amd-smi-lib" in gpu.unlock


def test_a_named_meter_of_a_part_stands_in_for_what_would_be_found(found, powercap):
    assert powercap.true_j("intel-rapl:0") == 0
    table = play_table(["t_s,cpu.power_w\n", "0,5\n", "9,5\n"], name="t", machine="m")
    assert found(named=[table]) == {"replay/cpu": "cpu", "model/memory": "memory"}


def test_nothing_of_other_makers_is_loaded_where_their_devices_are_not(machine):
    probe = f"""
import sys
from brizna.core.errors import UnavailableError
from brizna.meter import Roots, open_meters
def nothing():
    raise UnavailableError("no library here")
roots = Roots(**{machine.roots.to_json()!r})
for meter in open_meters(machine="m", roots=roots, nvml=nothing):
    meter.close()
print(*sorted(name for name in sys.modules if name.startswith("brizna.meter._")))
"""
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    loaded = {name.removeprefix("brizna.meter.") for name in done.stdout.split()}
    assert "_load_model" in loaded
    assert not loaded & {"_amd", "_battery", "_hwmon", "_perf", "_powermetrics", "_replay"}

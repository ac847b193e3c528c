"""Hardware monitors against simulated ones whose true energy is known."""

import pytest

from brizna.meter._hwmon import open_hwmon
from brizna.testing import FakeHwmon, FakeMachine, FakeMonitor, meter_conformance


@pytest.fixture
def tree(tmp_path, rig):
    """Return a function that makes monitors on the rig's clock, and the machine's roots."""

    def make(*monitors):
        machine = FakeMachine(tmp_path, rig.clock)
        return FakeHwmon(tmp_path / "sys", rig.clock, monitors), machine.roots

    return make


def socket(name, power_w, device="NVDA0:00"):
    return FakeMonitor(
        driver="power_meter",
        file="power1_average",
        power_w=power_w,
        device=device,
        texts={"power1_oem_info": name, "power1_average_interval": "50"},
    )


def rail(number, label, power_w):
    return FakeMonitor(
        driver="ina3221",
        file=f"curr{number}_input",
        power_w=power_w,
        device="1-0040",
        texts={f"in{number}_label": label, f"in{number}_input": "5000"},
    )


def channels_of(meters):
    return [channel for meter in meters for channel in meter.channels()]


def unseen_of(meters):
    return {name: reason for meter in meters for name, reason in meter.unseen().items()}


@pytest.mark.parametrize("driver", ["i915", "xe"])
def test_a_discrete_intel_card_is_counted_exactly(tree, rig, driver):
    monitors, roots = tree(FakeMonitor(driver=driver, file="energy1_input", power_w=75.0))
    rig.start(open_hwmon(roots, machine="m"))
    rig.tick(10)
    (channel,) = rig.run().measurement.channels
    assert (channel.id, channel.kind, channel.method) == (
        "hwmon/0000:03:00.0",
        "gpu",
        "hwmon-energy",
    )
    assert channel.energy_j.best.value == pytest.approx(monitors.true_j(0), rel=1e-9)


def test_the_package_of_a_card_stands_in_where_the_card_has_no_counter(tree, rig, energies):
    monitors, roots = tree(
        FakeMonitor(driver="xe", file="energy1_input", start_uj=0),
        FakeMonitor(driver="xe", file="energy2_input", power_w=60.0),
    )
    rig.start(open_hwmon(roots, machine="m"))
    rig.tick(10)
    assert energies(rig.run()) == {"hwmon/0000:03:00.0": pytest.approx(monitors.true_j(1))}


def test_a_card_that_states_its_limit_is_not_believed_beyond_it(tree):
    limit = {"power1_max": "120000000"}
    _, roots = tree(FakeMonitor(driver="i915", file="energy1_input", texts=limit))
    (channel,) = channels_of(open_hwmon(roots, machine="m"))
    assert channel.max_power_w == pytest.approx(180)


def test_an_amd_card_without_its_library_is_integrated(tree, rig, energies):
    monitors, roots = tree(
        FakeMonitor(
            driver="amdgpu",
            file="power1_average",
            power_w=200.0,
            texts={"power1_cap": "300000000"},
        )
    )
    rig.start(open_hwmon(roots, machine="m"))
    rig.tick(5)
    monitors.draw(0, 100.0)
    rig.tick(5)
    run = rig.run()
    assert energies(run)["hwmon/0000:03:00.0"] == pytest.approx(monitors.true_j(0), abs=50)
    energy_j = run.measurement.energy_j
    assert energy_j.low.value <= monitors.true_j(0) <= energy_j.high.value


def test_graphics_inside_a_processor_are_not_counted_beside_it(tree):
    _, roots = tree(FakeMonitor(driver="amdgpu", file="power1_average", power_w=20.0))
    meters = open_hwmon(roots, machine="m")
    assert channels_of(meters) == []
    assert "part of the processor" in unseen_of(meters)["gpu/0000:03:00.0"]


def test_a_card_that_sleeps_is_not_woken(tree, rig, tmp_path):
    monitors, roots = tree(FakeMonitor(driver="xe", file="energy1_input", power_w=75.0))
    status = tmp_path / "sys/devices/0000:03:00.0/power/runtime_status"
    status.parent.mkdir()
    status.write_text("suspended\n")
    asleep = open_hwmon(roots, machine="m")
    assert channels_of(asleep) == []
    assert "would wake it" in unseen_of(asleep)["gpu/hwmon/0000:03:00.0"]
    status.write_text("active\n")
    rig.start(open_hwmon(roots, machine="m"))
    rig.tick(3)
    status.write_text("suspended\n")
    rig.tick(3)
    status.write_text("active\n")
    rig.tick(3)
    (gap,) = rig.gaps()
    assert gap["reason"] == "unreadable: it is suspended, and a look would wake it"
    assert rig.run().measurement.energy_j.best.value == pytest.approx(monitors.true_j(0))


def test_a_grace_socket_contains_its_cores_and_leaves_the_module_out(tree, rig):
    monitors, roots = tree(
        socket("Module Power Socket 0", 400.0, "NVDA0:00"),
        socket("CPU Power Socket 0", 80.0, "NVDA0:01"),
        socket("SysIO Power Socket 0", 10.0, "NVDA0:02"),
        socket("Grace Power Socket 0", 120.0, "NVDA0:03"),
    )
    rig.start(open_hwmon(roots, machine="m"))
    rig.tick(10)
    measurement = rig.run().measurement
    assert {c.id: (c.kind, c.parent) for c in measurement.channels} == {
        "hwmon/grace-0": ("cpu", None),
        "hwmon/grace-0/core": ("core", "hwmon/grace-0"),
        "hwmon/grace-0/uncore": ("uncore", "hwmon/grace-0"),
    }
    assert measurement.energy_j.best.value == pytest.approx(monitors.true_j(3))
    assert "holds the card too" in measurement.coverage.not_seen["node/module-0"]


def test_parts_of_a_socket_that_cannot_be_read_are_not_taken_for_the_whole(tree):
    monitors, roots = tree(
        socket("CPU Power Socket 0", 80.0, "NVDA0:01"),
        socket("Grace Power Socket 0", 120.0, "NVDA0:03"),
    )
    monitors.refuse(1)
    meters = open_hwmon(roots, machine="m")
    assert channels_of(meters) == []
    assert set(unseen_of(meters)) == {"cpu/hwmon/grace-0", "core/hwmon/grace-0/core"}


def test_a_power_meter_of_the_whole_system_is_a_node(tree, tmp_path):
    _, roots = tree(
        FakeMonitor(
            driver="power_meter", file="power1_average", power_w=350.0, device="ACPI000D:00"
        )
    )
    unknown = open_hwmon(roots, machine="m")
    assert channels_of(unknown) == []
    assert unseen_of(unknown) == {
        "node/ACPI000D:00": "which part of the machine it sees is not documented"
    }
    measures = tmp_path / "sys/class/hwmon/hwmon0/measures"
    measures.mkdir()
    (measures / "LNXSYBUS:00").symlink_to("../../../../devices/LNXSYSTM:00/LNXSYBUS:00")
    (channel,) = channels_of(open_hwmon(roots, machine="m"))
    assert (channel.id, channel.kind, channel.update_us) == ("hwmon/system", "node", 1_000_000)


def test_a_monitor_registered_in_the_old_way_is_found(tmp_path, rig):
    machine = FakeMachine(tmp_path, rig.clock)
    device = tmp_path / "sys/class/hwmon/hwmon0/device"
    device.mkdir(parents=True)
    (device.parent / "name").write_text("power_meter\n")
    (device / "power1_oem_info").write_text("Grace Power Socket 1\n")
    (device / "power1_average").write_text("55000000\n")
    (channel,) = channels_of(open_hwmon(machine.roots, machine="m"))
    assert channel.id == "hwmon/grace-1"


def test_rails_of_a_board_lie_inside_its_input(tree, rig):
    monitors, roots = tree(
        rail(2, "VDD_CPU_GPU_CV", 6.0), rail(1, "VDD_IN", 12.0), rail(3, "VDD_SOC", 3.0)
    )
    rig.start(open_hwmon(roots, machine="m"))
    rig.tick(10)
    measurement = rig.run().measurement
    assert [channel.id for channel in measurement.roots()] == ["rail/VDD_IN"]
    assert measurement.energy_j.best.value == pytest.approx(monitors.true_j(1))
    assert {c.id: c.parent for c in measurement.channels}["rail/VDD_SOC"] == "rail/VDD_IN"


def test_rails_of_a_board_without_a_common_one_are_added(tree, rig):
    _, roots = tree(
        rail(1, "VDD_GPU_SOC", 6.0), rail(2, "VDD_CPU_CV", 4.0), rail(3, "VIN_SYS_5V0", 5.0)
    )
    rig.start(open_hwmon(roots, machine="m"))
    rig.tick(10)
    measurement = rig.run().measurement
    assert measurement.energy_j.best.value == pytest.approx(100)
    assert "not documented" in measurement.coverage.not_seen["node/VIN_SYS_5V0"]


def test_a_current_that_runs_backwards_is_a_gap_and_not_energy(tree, rig, energies):
    monitors, roots = tree(rail(1, "VDD_IN", 10.0))
    rig.start(open_hwmon(roots, machine="m"))
    rig.tick(4)
    monitors.draw(0, -1.0)
    rig.tick(1)
    monitors.draw(0, 10.0)
    rig.tick(4)
    (gap,) = rig.gaps()
    assert "less than nothing" in gap["reason"]
    assert energies(rig.run())["rail/VDD_IN"] == pytest.approx(90, abs=10)


def test_sockets_of_amd_processors_are_counted_and_their_cores_left_alone(tree, rig, energies):
    monitors, roots = tree(
        FakeMonitor(
            driver="amd_energy",
            file="energy1_input",
            power_w=3.0,
            texts={"energy1_label": "Ecore000"},
        ),
        FakeMonitor(
            driver="amd_energy",
            file="energy2_input",
            power_w=90.0,
            texts={"energy2_label": "Esocket0"},
        ),
    )
    rig.start(open_hwmon(roots, machine="m"))
    rig.tick(10)
    assert energies(rig.run()) == {"hwmon/package-0": pytest.approx(monitors.true_j(1))}


def test_a_power_that_cannot_be_read_for_a_while_is_a_gap(tree, rig):
    monitors, roots = tree(socket("Grace Power Socket 0", 100.0))
    rig.start(open_hwmon(roots, machine="m"))
    rig.tick(5)
    monitors.refuse(0)
    rig.tick(3)
    monitors.allow(0)
    rig.tick(5)
    energy_j = rig.run().measurement.energy_j
    (gap,) = rig.gaps()
    assert (gap["from"], gap["counted"]) == (5_000_000, False)
    assert energy_j.low.value <= monitors.true_j(0) <= energy_j.high.value


def test_monitors_of_unknown_drivers_are_left_alone(tree):
    _, roots = tree(FakeMonitor(driver="coretemp", file="power1_average", power_w=5.0))
    assert open_hwmon(roots, machine="m") == []


def test_counters_and_powers_of_monitors_conform(tree, rig):
    _, roots = tree(
        FakeMonitor(driver="i915", file="energy1_input", power_w=75.0),
        socket("Grace Power Socket 0", 120.0, "NVDA0:03"),
        socket("CPU Power Socket 0", 80.0, "NVDA0:01"),
    )
    for index in (0, 1):
        broken = meter_conformance(
            lambda index=index: open_hwmon(roots, machine="m")[index], advance=rig.clock.advance
        )
        assert broken == []

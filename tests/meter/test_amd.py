"""AMD's cards through their management library, against a simulated one that ctypes loads."""

import ctypes

import pytest

from brizna.core.errors import UnavailableError
from brizna.meter._amd import open_amd
from brizna.testing import (
    FakeHwmon,
    FakeMachine,
    FakeMonitor,
    build_fake_amd_smi,
    meter_conformance,
)


@pytest.fixture(scope="session")
def library(tmp_path_factory):
    try:
        return ctypes.CDLL(str(build_fake_amd_smi(tmp_path_factory.mktemp("amd"))))
    except UnavailableError as error:
        pytest.skip(str(error))


@pytest.fixture
def cards(library, tmp_path, rig, monkeypatch):
    """Return a function that opens the simulated cards' meters, and tells why not."""
    clock = tmp_path / "clock"
    machine = FakeMachine(tmp_path, rig.clock)

    def show(_):
        clock.write_text(str(rig.clock.now_us()))

    show(0)
    rig.clock.watch(show)
    monkeypatch.setenv("FAKE_AMD_CLOCK", str(clock))

    def open_them(**environment):
        for name, value in environment.items():
            monkeypatch.setenv(f"FAKE_AMD_{name.upper()}", str(value))
        return open_amd(machine.roots, machine="m", provider=lambda: library)

    return open_them


def test_each_card_is_counted_to_a_step_of_its_counter(cards, rig, energies):
    meters, reason = cards(cards=2, power_w=300)
    assert reason is None
    rig.start(meters)
    rig.tick(10)
    run = rig.run()
    assert energies(run) == {
        "00ff740f-0000-1000-8000-000000000000": pytest.approx(3000, abs=1e-4),
        "00ff740f-0000-1000-8000-000000000001": pytest.approx(3000, abs=1e-4),
    }
    assert {channel.device for channel in run.measurement.channels} == {"Simulated Instinct"}
    assert rig.gaps() == []


def test_the_second_die_of_a_module_is_stated_and_not_0_watts(cards):
    (meter,), _ = cards(cards=4, dies=1)
    assert len(meter.channels()) == 2
    assert len(meter.unseen()) == 2
    assert all("second die" in reason for reason in meter.unseen().values())
    meter.close()


def test_partitions_of_a_card_are_not_counted_again(cards):
    (meter,), _ = cards(partitions=4)
    assert len(meter.channels()) == 1
    assert (
        list(meter.unseen().values())
        == ["a partition: the energy of its card is counted as a whole"] * 3
    )
    meter.close()


def test_a_card_that_is_lost_leaves_a_gap_until_it_is_back(cards, rig, tmp_path, energies):
    lost = tmp_path / "lost"
    meters, _ = cards(power_w=100, lost=lost)
    rig.start(meters)
    rig.tick(3)
    lost.touch()
    rig.tick(3)
    lost.unlink()
    rig.tick(3)
    (gap,) = rig.gaps()
    assert gap["reason"] == "unreadable: AMDSMI_STATUS_NOT_FOUND: Device Not found"
    assert gap["counted"]
    assert list(energies(rig.run()).values()) == [pytest.approx(900, rel=1e-6)]


def test_cards_without_a_counter_are_read_by_their_power(cards, tmp_path, rig):
    watched = FakeHwmon(
        tmp_path / "sys",
        rig.clock,
        [
            FakeMonitor(
                driver="amdgpu",
                file="power1_average",
                power_w=150.0,
                device="0000:03:00.0",
                texts={"power1_cap": "300000000", "power1_cap_max": "320000000"},
            )
        ],
    )
    meters, _ = cards(no_counter=1)
    rig.start(meters)
    rig.tick(10)
    (channel,) = rig.run().measurement.channels
    assert (channel.id, channel.method) == ("hwmon/0000:03:00.0", "hwmon-power")
    assert channel.energy_j.best.value == pytest.approx(watched.true_j(0))


def test_a_card_without_counter_and_without_power_is_named(cards):
    (meter,), _ = cards(no_counter=1)
    assert meter.channels() == ()
    (reason,) = meter.unseen().values()
    assert "not supported" in reason
    meter.close()


def test_a_card_is_not_counted_by_its_counter_and_by_its_power(cards, tmp_path, rig):
    monitor = FakeMonitor(
        driver="amdgpu",
        file="power1_average",
        device="0000:03:00.0",
        texts={"power1_cap": "300000000"},
    )
    FakeHwmon(tmp_path / "sys", rig.clock, [monitor])
    meters, _ = cards()
    (channel,) = [channel for meter in meters for channel in meter.channels()]
    assert channel.method == "amd-energy"
    assert channel.max_power_w == pytest.approx(450)
    for meter in meters:
        meter.close()


def test_a_driver_that_does_not_answer_is_said_in_its_own_words(cards):
    meters, reason = cards(no_driver=1)
    assert meters == []
    assert "Driver not loaded" in reason


def test_without_the_library_the_reason_says_what_to_install(tmp_path, rig):
    machine = FakeMachine(tmp_path, rig.clock)
    meters, reason = open_amd(machine.roots, machine="m")
    assert meters == []
    assert "amd-smi-lib" in reason


def test_the_meter_of_amd_cards_conforms(cards, rig):
    broken = meter_conformance(lambda: cards(cards=3, dies=1)[0][0], advance=rig.clock.advance)
    assert broken == []

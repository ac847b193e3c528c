"""NVIDIA cards against a simulated driver."""

import pytest

from brizna.core.errors import UnavailableError
from brizna.meter._nvml import open_nvml
from brizna.testing import FakeGpu, FakeNvml, meter_conformance


@pytest.fixture
def driver(rig):
    """Return a function that makes a simulated driver and a meter of its cards."""

    def make(*cards):
        nvml = FakeNvml(rig.clock, cards)
        (meter,), _ = open_nvml(machine="m", provider=nvml)
        return nvml, meter

    return make


def card(number=0, **about):
    return FakeGpu(**{"uuid": f"GPU-{number}", "power_w": 100.0, **about})


def test_eight_cards_at_100_watts_for_10_seconds_are_8_kilojoules(driver, rig):
    _, meter = driver(*map(card, range(8)))
    rig.start([meter])
    rig.tick(10)
    measurement = rig.run().measurement
    assert measurement.energy_j.best.value == pytest.approx(8000)
    assert [channel.method for channel in measurement.channels] == ["nvml-energy"] * 8
    assert all(channel.parent is None for channel in measurement.channels)


def test_a_card_without_a_counter_is_integrated_with_a_wider_doubt(driver, rig):
    _, meter = driver(card(0), card(1, has_counter=False))
    rig.start([meter])
    rig.tick(10)
    counted, integrated = rig.run().measurement.channels
    assert integrated.method == "nvml-power"
    assert integrated.energy_j.best.value == pytest.approx(1000)
    assert integrated.energy_j.low.value < counted.energy_j.low.value
    assert counted.energy_j.high.value < integrated.energy_j.high.value


def test_a_changing_power_is_integrated_along_the_line(driver, rig, energies):
    nvml, meter = driver(card(has_counter=False))
    rig.start([meter])
    nvml.draw(0, 300.0)
    rig.tick(1)
    rig.tick(1)
    assert energies(rig.run())["GPU-0"] == pytest.approx(200 + 300)


def test_averaged_power_serves_where_instant_power_is_not_told(driver, rig, energies):
    _, meter = driver(card(has_counter=False, has_instant_power=False))
    rig.start([meter])
    rig.tick(5)
    assert energies(rig.run())["GPU-0"] == pytest.approx(500)


def test_a_lost_card_leaves_a_gap_in_which_it_went_on_counting(driver, rig, energies):
    nvml, meter = driver(card(0), card(1))
    rig.start([meter])
    rig.tick(3)
    nvml.lose(1)
    rig.tick(3)
    nvml.find(1)
    rig.tick(3)
    assert energies(rig.run()) == pytest.approx({"GPU-0": 900, "GPU-1": 900})
    (gap,) = rig.gaps()
    assert (gap["channel"], gap["counted"]) == ("GPU-1", True)
    assert gap["reason"] == "unreadable: GPU is lost"


def test_nobody_knows_what_an_integrated_card_drew_while_it_was_lost(driver, rig):
    nvml, meter = driver(card(has_counter=False))
    rig.start([meter])
    rig.tick(3)
    nvml.lose(0)
    rig.tick(3)
    nvml.find(0)
    rig.tick(3)
    energy_j = rig.run().measurement.energy_j
    assert energy_j.best.value == pytest.approx(900)
    assert energy_j.low.value <= 500
    assert energy_j.high.value >= 500 + 4 * 400
    assert [gap["counted"] for gap in rig.gaps()] == [False]


def test_a_card_whose_counter_stops_for_the_last_two_seconds_has_an_open_gap(driver, rig):
    nvml, meter = driver(card(0), card(1))
    rig.start([meter])
    rig.tick(8, interval_s=0.5)
    nvml.freeze(1)
    rig.tick(2, interval_s=0.5)
    whole, stopped = rig.run().measurement.channels
    assert (whole.energy_j.best.value, whole.gaps) == (pytest.approx(1000), ())
    assert stopped.energy_j.low.value <= 800
    assert stopped.energy_j.high.value >= nvml.true_j(1)
    (gap,) = stopped.gaps
    assert (gap.reason, gap.start_s, gap.end_s) == ("the counter stands still", 7.5, None)


def test_a_reloaded_driver_is_a_gap_and_not_a_jump(driver, rig):
    nvml, meter = driver(card())
    rig.start([meter])
    rig.tick(5)
    nvml.reset(0)
    rig.tick(5)
    assert rig.run().measurement.energy_j.best.value == pytest.approx(1000, rel=0.01)
    assert [gap["counted"] for gap in rig.gaps()] == [False]


def test_slices_are_stated_as_unseen_and_the_card_is_kept(driver, rig):
    _, meter = driver(card(has_slices=True))
    rig.start([meter])
    rig.tick(10)
    measurement = rig.run().measurement
    assert measurement.energy_j.best.value == pytest.approx(1000)
    assert "slices" in measurement.coverage.not_seen["gpu/GPU-0/mig"]


def test_a_card_that_cannot_be_opened_is_named_and_the_others_are_read(rig):
    nvml = FakeNvml(rig.clock, [card(0), card(1)])
    nvml.lose(0)
    (meter,), _ = open_nvml(machine="m", provider=nvml)
    assert [channel.id for channel in meter.channels()] == ["GPU-1"]
    assert meter.unseen() == {"gpu/0": "GPU is lost"}


def test_a_driver_that_does_not_answer_is_a_reason_and_not_an_error(rig):
    nvml = FakeNvml(rig.clock, [])
    nvml.driver_is_loaded = False
    meters, reason = open_nvml(machine="m", provider=nvml)
    assert (meters, reason) == ([], "the NVIDIA driver does not answer: Driver Not Loaded")


def test_a_machine_without_driver_has_no_such_meter():
    def provider():
        raise UnavailableError("no driver here")

    assert open_nvml(machine="m", provider=provider) == ([], "no driver here")


def test_the_library_is_shut_down_once(driver):
    nvml, meter = driver(card())
    meter.close()
    assert not nvml.is_open
    meter.close()


def test_the_highest_plausible_power_comes_from_the_card(driver):
    _, meter = driver(card(0, limit_w=400.0), card(1, limit_w=None))
    stated, unstated = meter.channels()
    assert stated.max_power_w == pytest.approx(600)
    assert unstated.max_power_w > 1000


@pytest.mark.parametrize(
    ("told", "place"),
    [
        ("00000000:65:00.0", "0000:65:00.0"),
        ("00010000:0A:00.0", "10000:0a:00.0"),
        ("00000001:0A:00.0", "0001:0a:00.0"),
        (None, None),
    ],
)
def test_a_card_says_where_it_sits_as_linux_writes_it(told, place, driver):
    _, meter = driver(card(0, bus_id=told))
    assert meter.channels()[0].place == place


def test_the_nvidia_meter_conforms(rig):
    nvml = FakeNvml(rig.clock, [card(0), card(1, has_counter=False), card(2, has_slices=True)])
    broken = meter_conformance(
        lambda: open_nvml(machine="m", provider=nvml)[0][0], advance=rig.clock.advance
    )
    assert broken == []

"""What meters over single sensors share: integrals that do not depend on when they are read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brizna.core.measurement import Channel
from brizna.meter._sensors import CountingSensor, Integral, NumberFile, PowerSensor, SensorMeter


def channel(name, counted_by="reader"):
    return Channel(id=name, kind="node", method="m", basis="metered", counted_by=counted_by)


@given(
    steps=st.lists(st.integers(0, 10**7), min_size=1, max_size=30),
    power_uw=st.integers(0, 10**9),
)
def test_a_steady_power_is_integrated_exactly_however_often_it_is_read(steps, power_uw):
    integral, t_us = Integral(), 0
    integral.take(0, power_uw)
    for step_us in steps:
        t_us += step_us
        last = integral.take(t_us, power_uw)
    assert last == power_uw * t_us // 10**6


@given(st.lists(st.tuples(st.integers(1, 10**7), st.integers(0, 10**9)), min_size=2, max_size=30))
def test_an_integral_never_falls(readings):
    integral, t_us, before = Integral(), 0, 0
    for step_us, power_uw in readings:
        t_us += step_us
        now = integral.take(t_us, power_uw)
        assert now >= before
        before = now


def test_what_passed_while_a_sensor_was_lost_is_not_made_up():
    integral = Integral()
    integral.take(0, 1_000_000)
    integral.take(1_000_000, 1_000_000)
    integral.lose()
    assert integral.take(9_000_000, 1_000_000) == 1_000_000
    assert integral.take(10_000_000, 1_000_000) == 2_000_000


def test_trouble_with_one_sensor_is_its_own():
    def broken():
        raise OSError(5, "Input/output error")

    meter = SensorMeter(
        [
            CountingSensor(channel("a", "device"), lambda: 7),
            PowerSensor(channel("b"), broken),
            PowerSensor(channel("c"), lambda: 5_000_000),
        ]
    )
    meter.read(0)
    assert meter.read(1_000_000) == [7, None, 5_000_000]
    assert meter.trouble() == {"b": "Input/output error"}


def test_a_meter_gives_back_what_it_holds_once():
    given_back = []
    sensor = CountingSensor(channel("a", "device"), lambda: 7, lambda: given_back.append("sensor"))
    meter = SensorMeter([sensor], close=lambda: given_back.append("library"))
    meter.close()
    meter.close()
    assert given_back.count("library") == 1
    assert given_back[0] == "sensor"


def test_a_file_without_a_number_is_no_number(tmp_path):
    file = tmp_path / "power1_average"
    file.write_text("N/A\n")
    number = NumberFile(str(file))
    with pytest.raises(ValueError, match="N/A"):
        number()
    file.write_text("42\n")
    assert number() == 42
    number.close()

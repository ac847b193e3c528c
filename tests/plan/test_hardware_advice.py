"""A new chip is worth its making where it saves more, on this grid, within its life."""

from __future__ import annotations

import pytest

from brizna.core.errors import InfeasibleError, InputError
from brizna.core.quantities import CarbonIntensity
from brizna.plan import hardware_advice, read_hardware_case

HOURS = 8766.0
OLD = {"name": "old", "owned": True, "busy_w": 300, "idle_w": 30, "work_per_h": 100}
NEW = {"name": "new", "busy_w": 600, "idle_w": 60, "work_per_h": 600, "purchase": 30_000}
MAKING = {"embodied_kg": 150, "lifetime_y": 4}


def read(*, place=None, old=None, new=None, work=400_000.0):
    """Return a case of an old chip and a new one."""
    place = {"pue": 1.5, "intensity_g_per_kwh": 300, "tariff_per_kwh": 0.2} | (place or {})
    chips = [OLD | MAKING | (old or {}), NEW | MAKING | (new or {})]
    return read_hardware_case({"work_per_y": work, "defaults": place, "chips": chips})


def test_a_year_is_what_chips_work_and_what_they_wait():
    (old, new), (pair,) = hardware_advice(read())
    assert old.energy_j.best.to("kWh") == pytest.approx(1.5 * (4000 * 0.3 + (HOURS - 4000) * 0.03))
    hours = 400_000 / 600
    assert new.energy_j.best.to("kWh") == pytest.approx(
        1.5 * (hours * 0.6 + (HOURS - hours) * 0.06)
    )
    assert old.embodied_g.best.value == 0
    assert new.embodied_g.best.to("kg") == pytest.approx(37.5)
    assert pair.work_per_j.best.value == pytest.approx(
        old.energy_j.best.value / new.energy_j.best.value
    )


def test_a_chip_pays_after_its_making_over_what_it_saves_in_a_year():
    (old, new), (pair,) = hardware_advice(read())
    saved = (old.energy_j.best - new.energy_j.best).to("kWh")
    assert pair.carbon_s.best.to("y") == pytest.approx(150_000 / (saved * 300))
    assert pair.money_s.best.to("y") == pytest.approx(30_000 / (saved * 0.2))
    assert (pair.carbon, pair.money) == ("replace", "keep")


def test_on_the_least_intensity_the_making_is_saved_in_exactly_one_life():
    least = hardware_advice(read())[1][0].least_intensity.best.value
    (pair,) = hardware_advice(read(place={"intensity_g_per_kwh": least}))[1]
    assert pair.carbon_s.best.to("y") == pytest.approx(4)
    clean = hardware_advice(read(place={"intensity_g_per_kwh": least * 0.9}))[1][0]
    assert clean.carbon == "keep"
    assert clean.least_intensity.kind is CarbonIntensity


def test_a_chip_that_saves_nothing_never_pays():
    (pair,) = hardware_advice(read(new={"work_per_h": 100}))[1]
    assert pair.saved_energy_j.best.value < 0
    assert (pair.carbon_s, pair.money_s, pair.least_intensity) == (None, None, None)
    assert (pair.carbon, pair.money) == ("keep", "keep")


def test_doubts_that_leave_it_open_leave_it_open():
    (pair,) = hardware_advice(read(new={"work_per_h": [80, 200, 600]}))[1]
    assert pair.carbon == "cannot-tell"
    assert pair.carbon_s is None


def test_as_many_chips_as_the_work_needs():
    old, _ = hardware_advice(read(work=2e6))[0]
    assert old.count == 3
    with pytest.raises(InfeasibleError, match="have 8766"):
        hardware_advice(read(work=2e6, old={"count": 1}))


def test_there_are_enough_chips_if_they_are_as_slow_as_they_may_be():
    _, new = hardware_advice(read(new={"work_per_h": [40, 100, 120]}))[0]
    assert new.count == 2
    with pytest.raises(InfeasibleError, match=r"may take 1e\+04"):
        hardware_advice(read(new={"work_per_h": [40, 100, 120], "count": 1}))


def test_a_place_that_nobody_knows_gives_no_verdict():
    case = read()
    del case.place["intensity_g_per_kwh"], case.place["tariff_per_kwh"]
    _, (pair,) = hardware_advice(case)
    assert (pair.carbon, pair.money, pair.carbon_s, pair.money_s) == (None,) * 4
    assert pair.least_intensity is not None


def test_switched_off_chips_do_not_wait():
    _, new = hardware_advice(read(new={"off": 1}))[0]
    assert new.energy_j.best.to("kWh") == pytest.approx(1.5 * 400_000 / 600 * 0.6)


def test_two_chips_to_buy_are_told_without_a_replacement():
    options, pairs = hardware_advice(read(old={"owned": False}))
    assert not pairs
    assert options[0].embodied_g.best.to("kg") == pytest.approx(37.5)
    assert options[0].cost is None
    assert "purchase" in options[0].reasons["cost"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"chip": []}, "Did you mean 'chips'"),
        ({"work_per_y": None}, "work_per_y is None"),
        ({"chips": [OLD | {"powr_w": 3}, NEW]}, "powr_w"),
        ({"chips": [OLD | {"count": 0}, NEW]}, "whole number"),
        ({"chips": [OLD | {"owned": "yes"}, NEW]}, "true or false"),
        ({"chips": [OLD]}, "expected 2 or more"),
    ],
)
def test_a_case_that_cannot_be_is_refused_by_name(changes, said):
    with pytest.raises(InputError) as refused:
        read_hardware_case({"work_per_y": 10, "chips": [OLD, NEW]} | changes)
    assert said in str(refused.value)
    with pytest.raises(InputError, match="how much work"):
        read_hardware_case({"chips": [OLD, NEW]})

"""A law of scaling goes through what was measured, doubts the rest, and recommends by a goal."""

from __future__ import annotations

from math import exp, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brizna.core.errors import InfeasibleError, InputError
from brizna.plan import (
    ScalingGoal,
    ScalingLaw,
    ScalingPoint,
    recommend,
    scaling_options,
    scaling_prior,
    usual_counts,
)
from brizna.plan._scaling import log_time

QUALITY = scaling_prior("quality")


def point(count, duration_s, *, nodes=None, power_w=None):
    nodes = -(-count // 8) if nodes is None else nodes
    return ScalingPoint(count=count, nodes=nodes, duration_s=duration_s, power_w=power_w)


def options_of(points, counts=(8, 16, 32, 64), **more):
    return scaling_options(ScalingLaw(points, QUALITY), counts, node_size=8, **more)


THREE = [point(8, 1000.0, power_w=5600.0), point(16, 560.0), point(32, 330.0)]


def test_one_point_at_the_prior_mean_scales_by_the_published_losses():
    """With one point the process adds the mean loss to it, up to the noise of the point."""
    prior = QUALITY.replace(noise=1e-6)
    mean, _ = log_time([point(8, 800.0)], (32, 4), prior)
    lost = prior.crossing + 2 * prior.between
    # Curves differ, and that is drawn to nothing by a single point: its level takes it all, less
    # the part that the level's wide prior leaves to the losses.
    assert mean == pytest.approx(log(800.0 * 8 / 32) + lost, abs=2e-2)


def test_without_losses_twice_the_accelerators_take_half_the_time():
    none = dict.fromkeys(
        ("inside", "inside_sd", "crossing", "crossing_sd", "between", "between_sd", "wander"), 0.0
    )
    mean, _ = log_time([point(8, 800.0)], (64, 8), QUALITY.replace(**none))
    assert exp(mean) == pytest.approx(100.0, rel=1e-4)


def test_a_measured_count_is_told_as_it_was_measured():
    told = ScalingLaw(THREE, QUALITY).duration(16, 2)
    assert told.best.value == 560.0
    assert set(told.doubts) == {"chance"}


@given(st.floats(1e-3, 1e6), st.sampled_from([16, 64, 256]))
def test_the_unit_of_time_has_no_part_in_the_shape(scale, count):
    points = [point(8, 1000.0), point(16, 560.0)]
    scaled = [one.replace(duration_s=one.duration_s * scale) for one in points]
    place = (count, count // 8)
    mean, sd = log_time(points, place, QUALITY)
    other, other_sd = log_time(scaled, place, QUALITY)
    # The level is unknown by 10 in ln: it draws to 0 by a hair.
    assert other - log(scale) == pytest.approx(mean, abs=2e-2)
    assert other_sd == pytest.approx(sd)


def test_doubt_grows_with_the_distance_and_falls_with_points():
    widths = [log_time(THREE, (count, count // 8), QUALITY)[1] for count in (64, 128, 1024)]
    assert widths == sorted(widths)
    assert log_time(THREE[:1], (64, 8), QUALITY)[1] > widths[0]


def test_power_falls_as_accelerators_wait():
    law = ScalingLaw(THREE, QUALITY)
    few, many = law.power(8, 1), law.power(32, 4)
    assert few is not None
    assert many is not None
    assert few.best.value == pytest.approx(5600.0)
    lost = 1 - 1000.0 * 8 / (330.0 * 32)
    assert many.best.value == pytest.approx(4 * 5600.0 * (1 - QUALITY.power_share * lost))


def test_two_powers_draw_the_share_to_their_own():
    lost = 1 - 1000.0 * 8 / (330.0 * 32)
    own = 0.9
    points = [*THREE[:2], point(32, 330.0, power_w=4 * 5600.0 * (1 - own * lost))]
    share = (1 - ScalingLaw(points, QUALITY).power(32, 4).best.value / (4 * 5600.0)) / lost
    assert QUALITY.power_share < share < own


def test_a_published_energy_is_held():
    """MLCommons training results v4.0, Sustainable Metal Cloud, resnet: 5.49 and 6.99 MJ."""
    few = point(8, 13.4251 * 60, power_w=5.4915e6 / (13.4251 * 60))
    law = ScalingLaw([few, point(64, 2.5544 * 60)], QUALITY)
    energy = law.energy(64, 8)
    assert energy.low.value <= 6.987e6 <= energy.high.value


def test_without_power_energy_is_a_ratio_only():
    law = ScalingLaw([one.replace(power_w=None) for one in THREE], QUALITY)
    assert law.energy(16, 2) is None
    assert law.power(16, 2) is None
    ratio = law.relative_energy(16, 2).best.value
    lost = 1 - 1000.0 / (560.0 * 2)
    assert ratio == pytest.approx(560.0 * 2 / 1000.0 * (1 - QUALITY.power_share * lost))


def test_each_goal_takes_its_own_count():
    options = options_of(THREE, price_per_hour=2.0)
    least, why = recommend(options, ScalingGoal(name="energy"))
    assert (least.count, why) == (8, "8 accelerators use the least energy of these counts")
    assert recommend(options, ScalingGoal(name="fastest", within=10.0))[0].count == 64
    assert recommend(options, ScalingGoal(name="fastest", within=0.0))[0].count == 8
    in_time = ScalingGoal(name="deadline", deadline_s=600.0)
    assert recommend(options, in_time)[0].count == 16
    assert recommend(options, ScalingGoal(name="money", price_per_hour=2.0))[0].count == 8
    assert options[0].cost.best.value == pytest.approx(8 * 2.0 * 1000 / 3600)


def test_a_deadline_that_only_the_best_value_meets_is_not_met():
    options = options_of(THREE, counts=(64,))
    best_s = options[0].duration_s.best.value
    with pytest.raises(InfeasibleError, match="No count surely ends"):
        recommend(options, ScalingGoal(name="deadline", deadline_s=best_s))


def test_counts_go_to_four_times_the_largest():
    assert usual_counts(ScalingLaw(THREE, QUALITY)) == [8, 16, 32, 64, 128]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: ScalingLaw([], QUALITY), "No point"),
        (lambda: ScalingLaw([point(8, 1.0), point(8, 2.0)], QUALITY), "given twice"),
        (lambda: point(8, -1.0), "above 0"),
        (lambda: point(8, 1.0, nodes=9), "at least one accelerator"),
        (lambda: scaling_prior("speed"), "no kind of time"),
        (lambda: ScalingGoal(name="deadline"), "deadline_s"),
        (lambda: ScalingGoal(name="money"), "price_per_hour"),
        (lambda: ScalingGoal(name="joy"), "no goal"),
        (lambda: recommend([], ScalingGoal()), "no count"),
    ],
)
def test_what_cannot_be_is_refused(wrong, message):
    with pytest.raises(InputError, match=message):
        wrong()

"""A plan over sites is the best there is, keeps its limits, and says what it saves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brizna.core.codec import decode, encode
from brizna.core.errors import InfeasibleError, InputError
from brizna.core.estimate import Estimate, exactly
from brizna.core.quantities import CarbonIntensity, Ratio, Tariff
from brizna.core.signal import Signal
from brizna.core.site import Site
from brizna.plan import (
    Candidate,
    Limits,
    Offer,
    Pauses,
    Plan,
    Scale,
    Workload,
    plan_job,
    read_workload,
    replan,
)

T0 = datetime(2026, 11, 23, tzinfo=UTC)
HOUR = timedelta(hours=1)


def series(values, *, quantity=CarbonIntensity, zone="A", **fields):
    """Return hourly values from T0 on."""
    fields = {"kind": "average", "source": f"test {zone}", **fields}
    edges = tuple(T0 + index * HOUR for index in range(len(values) + 1))
    return Signal(quantity=quantity, edges=edges, values=tuple(values), zone=zone, **fields)


def candidate(values, *, name="A", pue=1.0, tariff=None, offer=None, **fields):
    site = Site(
        zone=name,
        pue=exactly(Ratio(pue)),
        tariff_per_kwh=None if tariff is None else exactly(Tariff(tariff)),
        currency=None if tariff is None else "EUR",
    )
    made = Offer(name=name, site=site, **(offer or {}))
    return Candidate(offer=made, carbon=series(values, zone=name), **fields)


def workload(hours=2.0, *, watts=1000.0, slots, **fields):
    phases = fields.pop("phases", ((hours * 3600, watts),))
    return Workload(phases=phases, deadline=(T0 + slots * HOUR).isoformat(), **fields)


levels = st.integers(0, 900)
grids = st.integers(4, 7).flatmap(
    lambda slots: st.lists(st.lists(levels, min_size=slots, max_size=slots), min_size=1, max_size=3)
)


@given(grids, st.lists(st.integers(100, 900), min_size=1, max_size=3), st.integers(1, 3))
def test_the_plan_is_the_best_of_all_sites_and_hours(grids, watts, step):
    phases = tuple((step * 1800.0, float(power)) for power in watts)
    slots = len(grids[0])
    job = workload(slots=slots, phases=phases)
    length = sum(long for long, _ in phases)
    tried = []
    for order, values in enumerate(grids):
        for start in range(0, round(slots * 3600 - length) + 1, 1800):
            total, t = 0.0, start
            for long, power in phases:
                for half in range(round(long / 1800)):
                    hour = (t + half * 1800) // 3600
                    total += values[hour] * power
                t += round(long)
            tried.append((total, start, order))
    sites = [candidate(values, name=f"Z{i}") for i, values in enumerate(grids)]
    if not tried:
        with pytest.raises(InfeasibleError):
            plan_job(job, sites, issued=T0)
        return
    total, start, order = min(tried)
    plan = plan_job(job, sites, issued=T0)
    assert plan.best.carbon_g.best.value == pytest.approx(total * 0.5 / 1000)
    assert plan.best.start == (T0 + timedelta(seconds=start)).isoformat()
    assert plan.best.site == f"Z{order}"
    assert Plan.from_json(decode(encode(plan.to_json()))) == plan


@given(
    st.lists(levels, min_size=5, max_size=6),
    st.lists(st.integers(1, 40), min_size=6, max_size=6),
    st.integers(0, 200),
)
def test_weights_and_a_limit_on_money_are_kept_exactly(values, prices, most):
    slots = len(values)
    price = series(
        [p / 100 for p in prices[:slots]], quantity=Tariff, kind="EUR", source="test prices"
    )
    job = workload(2, slots=slots, weights={"carbon_g": 1.0, "cost": 3.0})
    job = job.replace(limits=Limits(cost=most / 100))
    tried = [
        (sum(values[t : t + 2]) + 3 * sum(prices[t : t + 2]) / 100, t)
        for t in range(slots - 1)
        if sum(prices[t : t + 2]) <= most
    ]
    sites = [candidate(values, price=price)]
    try:
        plan = plan_job(job, sites, issued=T0)
    except InfeasibleError:
        assert not tried
        return
    score = plan.best.carbon_g.best.value + 3 * plan.best.cost.best.value
    assert plan.best.cost.best.value <= most / 100 + 1e-9
    assert not tried or score <= min(tried)[0] + 1e-6


@settings(max_examples=40)
@given(st.lists(st.integers(1, 900), min_size=4, max_size=6), st.integers(0, 400))
def test_a_restart_that_costs_more_than_it_saves_is_not_made(values, restart_w):
    job = workload(
        2,
        slots=len(values),
        pauses=Pauses(restart_s=1800, restart_w=float(restart_w)),
    )
    plan = plan_job(job, [candidate(values)], issued=T0)
    unbroken = plan_job(job.replace(pauses=None), [candidate(values)], issued=T0)
    assert plan.best.carbon_g.best.value <= unbroken.best.carbon_g.best.value + 1e-6
    hours = sum(
        (datetime.fromisoformat(one.end) - datetime.fromisoformat(one.start)).total_seconds()
        for one in plan.intervals
    )
    assert hours == 7200 + 1800 * (len(plan.intervals) - 1)


def test_a_job_that_scales_uses_more_machines_when_it_is_clean():
    job = workload(
        2,
        slots=4,
        levels=(
            Scale(count=1, speed=1.0, power_w=1000.0),
            Scale(count=2, speed=1.9, power_w=2000.0),
        ),
    )
    plan = plan_job(job, [candidate([500, 100, 500, 500])], issued=T0)
    assert plan.intervals[0].count == 2
    assert plan.intervals[0].start == (T0 + HOUR).isoformat()


def test_data_arrive_before_the_job_starts_and_their_carbon_counts():
    near = candidate([300] * 6)
    moving = {"transfer_s": 3600.0, "transfer_j": 3.6e6}
    far = candidate([100] * 6, name="B", offer=moving)
    plan = plan_job(workload(2, slots=6), [near, far], issued=T0)
    assert plan.best.site == "B"
    assert plan.best.start == (T0 + HOUR).isoformat()
    assert plan.best.carbon_g.best.value == pytest.approx(2 * 100 + 100)
    assert plan.saving_g.best.value == pytest.approx(300)
    dear = candidate([100] * 6, name="B", offer={**moving, "transfer_j": 5 * 3.6e6})
    assert plan_job(workload(2, slots=6), [near, dear], issued=T0).best.site == "A"


def test_sites_where_data_may_not_go_or_that_answer_slowly_are_refused_with_the_reason():
    sites = [
        candidate([300] * 4, name="ES"),
        candidate([1] * 4, name="US-CAL"),
        candidate([1] * 4, name="FR", offer={"latency_ms": 90.0}),
    ]
    limits = Limits(residency=("ES", "FR"))
    plan = plan_job(workload(1, slots=4, limits=limits), sites, issued=T0)
    assert [one.site for one in plan.refused] == ["US-CAL"]
    assert "ES, FR" in plan.refused[0].reason
    limits = Limits(latency_ms=50.0)
    with pytest.raises(InfeasibleError, match="how fast it answers"):
        plan_job(workload(1, slots=4, limits=limits), sites, issued=T0)


def test_a_least_renewable_share_is_kept():
    share = series([0.2, 0.9, 0.5, 0.5], quantity=Ratio, kind="renewable")
    site = candidate([100, 400, 200, 300], renewable=share)
    job = workload(1, slots=4, limits=Limits(renewable_share=0.5))
    plan = plan_job(job, [site], issued=T0)
    assert plan.best.start == (T0 + 2 * HOUR).isoformat()
    assert plan.best.renewable_share == pytest.approx(0.5)


def test_a_small_gain_is_not_worth_it_and_a_doubtful_one_neither():
    plan = plan_job(workload(1, slots=3), [candidate([100, 99, 100])], issued=T0)
    assert not plan.is_worth_it
    assert any(line.startswith("Not worth it: the plan saves less") for line in plan.advice)
    values = (100, 90, 100)
    doubtful = candidate(values)
    quantiles = {0.1: (95, 40, 95), 0.9: (105, 400, 105)}
    day_apart = doubtful.carbon.replace(quantiles=quantiles, origin="forecast", issued_at=T0)
    plan = plan_job(workload(1, slots=3), [doubtful.replace(carbon=day_apart)], issued=T0)
    assert any("within its doubt" in line for line in plan.advice)


def test_planning_on_a_risk_avoids_hours_that_may_be_bad():
    values, high = (100, 60, 80), (110, 300, 90)
    site = candidate(values)
    signal = site.carbon.replace(quantiles={0.1: (90, 50, 70), 0.9: high}, origin="forecast")
    site = site.replace(carbon=signal)
    assert plan_job(workload(1, slots=3), [site], issued=T0).best.start[11:13] == "01"
    careful = plan_job(workload(1, slots=3), [site], issued=T0, risk=0.9)
    assert careful.best.start[11:13] == "02"
    assert careful.best.carbon_g.best.value == pytest.approx(80)


def test_a_shared_pue_and_factor_cancel_in_the_share_that_is_saved():
    pue = Estimate(Ratio(1.5), doubts={"factor:pue": (Ratio(1.1), Ratio(2.0))})
    site = candidate([300, 100])
    offer = site.offer.replace(site=site.offer.site.replace(pue=pue))
    site = site.replace(offer=offer, doubts={"factor:grid/A": (0.5, 2.0)})
    plan = plan_job(workload(1, slots=2), [site], issued=T0)
    assert plan.best.carbon_g.low.value < 0.6 * plan.best.carbon_g.best.value
    share = plan.saving_share
    assert (share.low.value, share.high.value) == pytest.approx((2 / 3, 2 / 3))


def test_signals_that_disagree_are_told():
    marginal = series([100, 800, 900], kind="marginal")
    share = series([0.9, 0.2, 0.2], quantity=Ratio, kind="renewable")
    site = candidate([300, 200, 100], marginal=marginal, renewable=share)
    plan = plan_job(workload(1, slots=3), [site], issued=T0)
    assert plan.best.marginal_g == pytest.approx(900)
    text = " ".join(plan.advice)
    assert "Average and marginal intensity rank the hours differently" in text
    assert "Carbon and the renewable share rank the hours differently" in text


def test_advice_speaks_of_place_then_hardware_then_time():
    sites = [
        candidate([400, 300, 300], name="A"),
        candidate([200, 100, 100], name="B"),
        candidate([400, 300, 300], name="A").replace(
            offer=candidate([1], name="A").offer.replace(name="A new", power=0.5)
        ),
    ]
    plan = plan_job(workload(1, slots=3), sites, issued=T0)
    assert [line.partition(":")[0] for line in plan.advice[:3]] == ["Place", "Hardware", "Time"]
    assert "50 % less" in plan.advice[0]


def test_the_front_tells_what_a_tonne_costs_between_neighbours():
    price = series([0.1, 0.2, 0.4], quantity=Tariff, kind="EUR", source="test prices")
    plan = plan_job(workload(1, slots=3), [candidate([300, 200, 250], price=price)], issued=T0)
    assert [(one.carbon_g, one.cost) for one in plan.front] == [
        (pytest.approx(300), pytest.approx(0.1)),
        (pytest.approx(200), pytest.approx(0.2)),
    ]
    assert plan.front[1].per_tonne == pytest.approx(1000)


def test_a_new_forecast_changes_the_plan_only_if_it_gains_enough():
    job = workload(1, slots=4)
    old = plan_job(job, [candidate([300, 200, 100, 250])], issued=T0)
    hardly = replan(old, [candidate([300, 200, 100, 99])], issued=T0)
    assert hardly.intervals == old.intervals
    assert hardly.best.carbon_g.best.value == pytest.approx(100)
    clearly = replan(old, [candidate([300, 200, 100, 50])], issued=T0)
    assert clearly.best.start == (T0 + 3 * HOUR).isoformat()


def test_money_is_asked_for_where_no_price_is_known():
    with pytest.raises(InputError, match="No price of electricity"):
        plan_job(workload(1, slots=2, weights={"cost": 1.0}), [candidate([1, 2])], issued=T0)


def test_a_job_is_read_with_its_units_and_unknown_fields_are_refused():
    given = {
        "name": "train",
        "duration_h": 2,
        "power_w": 300,
        "deadline": "2026-11-24T08:00+01:00",
        "pausing": {"restart_min": 5, "restart_w": 200},
        "sites": [{"zone": "ES", "tariff_per_kwh": 0.1, "currency": "EUR"}],
    }
    job = read_workload(given)
    assert job.phases == ((7200.0, 300.0),)
    assert job.deadline == "2026-11-24T07:00:00+00:00"
    assert job.pauses.restart_s == 300.0
    assert job.offers[0].name == "ES"
    assert Workload.from_json(decode(encode(job.to_json()))) == job
    with pytest.raises(InputError, match="power_w"):
        read_workload({**given, "power_kw": 1})
    with pytest.raises(InputError, match="deadline"):
        read_workload({key: value for key, value in given.items() if key != "deadline"})


def test_a_job_that_scales_needs_no_power_beside_that_of_its_levels():
    given = {
        "duration_h": 2,
        "deadline": "2026-11-24T08:00Z",
        "levels": [{"count": 1, "speed": 1.0, "power_w": 300.0}],
    }
    assert read_workload(given).levels[0].power_w == 300
    with pytest.raises(InputError, match="power_w is None"):
        read_workload({key: value for key, value in given.items() if key != "levels"})


def test_a_site_may_name_the_currency_of_a_series_of_prices():
    given = {"duration_h": 2, "power_w": 300, "deadline": "2026-11-24T08:00Z"}
    site = {"zone": "ES", "currency": "EUR"}
    assert read_workload({**given, "sites": [site]}).offers[0].currency == "EUR"
    with pytest.raises(InputError, match="tariff without a currency"):
        read_workload({**given, "sites": [{"zone": "ES", "tariff_per_kwh": 0.1}]})


def test_a_number_of_a_job_is_finite():
    given = {"duration_h": float("inf"), "power_w": 300, "deadline": "2026-11-24T08:00Z"}
    with pytest.raises(InputError, match="duration_h is inf"):
        read_workload(given)

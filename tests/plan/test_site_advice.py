"""Ways to have machines are compared by what they are used for; every law is that of a line."""

from __future__ import annotations

from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brizna.core._tables import load
from brizna.core.declared import read_fact
from brizna.core.errors import InfeasibleError, InputError
from brizna.core.factors import factor
from brizna.plan import FACTS, MONTH_H, SiteOffer, Use, read_site_case, site_advice

PLACE = {"pue": 1.2, "intensity_g_per_kwh": 200, "lifetime_y": 4}
MACHINE = {"busy_w": 1000, "idle_w": 200, "embodied_kg": 1461}
OWN = MACHINE | PLACE | {"purchase": 48_000, "tariff_per_kwh": 0.1}
RENTED = MACHINE | PLACE | {"price_per_h": 5, "start_min": 0}
SPOT = {"between_interruptions_h": 6, "checkpoint_wh": 2.5, "restart_min": 2}


def offer(kind, fields, name=None):
    """Return an offer with these declared facts."""
    name = name or kind
    return SiteOffer(
        name=name,
        kind=kind,
        facts={one: read_fact(name, one, fields[one], FACTS) for one in fields},
    )


def advised(hours, *offers, **use):
    """Return options, best ones and break-evens by their names."""
    options, best, evens = site_advice(Use(hours=hours, **use), offers)
    return (
        {one.name: one for one in options},
        {one.figure: one for one in best},
        {(one.second, one.figure): one for one in evens},
    )


def test_a_month_of_an_owned_machine_is_what_it_works_and_what_it_waits():
    options, _, _ = advised(100, offer("own", OWN), offer("cloud", RENTED))
    own = options["own"]
    assert own.energy_j.best.to("kWh") == pytest.approx(1.2 * (100 * 1 + (MONTH_H - 100) * 0.2))
    assert own.idle_energy_j.best.to("kWh") == pytest.approx(1.2 * (MONTH_H - 100) * 0.2)
    assert own.embodied_g.best.to("kg") == pytest.approx(1461 / 48)
    assert own.carbon_g.best.value == pytest.approx(
        own.energy_j.best.to("kWh") * 200 + own.embodied_g.best.value
    )
    assert own.cost.best.value == pytest.approx(48_000 / 48 + own.energy_j.best.to("kWh") * 0.1)


def test_a_rented_machine_is_paid_while_there_is_work_and_its_electricity_is_in_the_price():
    options, best, _ = advised(100, offer("own", OWN), offer("cloud", RENTED))
    cloud = options["cloud"]
    assert cloud.cost.best.value == pytest.approx(500)
    assert cloud.energy_j.best.to("kWh") == pytest.approx(120)
    assert cloud.embodied_g.best.to("kg") == pytest.approx(1461 * 100 / (4 * 12 * MONTH_H))
    assert {one.name for one in best.values()} == {"cloud"}
    assert all(one.sure for one in best.values())


def test_break_even_hours_are_those_of_the_formula():
    _, _, evens = advised(100, offer("own", OWN), offer("cloud", RENTED))
    cost = evens["cloud", "cost"]
    fixed = 1000 + 1.2 * MONTH_H * 0.2 * 0.1
    assert cost.better == "from"
    assert cost.sure
    assert cost.duration_s.best.to("h") == pytest.approx(fixed / (5 - 1.2 * 0.8 * 0.1))
    assert evens["cloud", "energy_j"].better == "never"
    assert evens["cloud", "energy_j"].sure


def test_a_purchase_pays_back_by_what_is_saved_beside_it():
    _, _, evens = advised(700, offer("own", OWN), offer("cloud", RENTED))
    running = 1.2 * (700 * 1 + (MONTH_H - 700) * 0.2) * 0.1
    months = 48_000 / (5 * 700 - running)
    assert evens["cloud", "cost"].pays_back_s.best.to("y") == pytest.approx(months / 12)


@given(
    st.floats(1, 20), st.floats(1e3, 3e4), st.floats(0.0, 0.3), st.floats(1, 3), st.floats(0, 0.9)
)
def test_at_break_even_both_cost_alike(price, purchase, tariff, machines, keeps):
    own = offer("own", OWN | {"purchase": purchase, "tariff_per_kwh": tariff})
    cloud = offer("cloud", RENTED | {"price_per_h": price, "keeps": keeps})
    _, _, evens = advised(100, own, cloud, machines=machines, peak=4)
    even = evens["cloud", "cost"]
    if even.duration_s is None:
        assert even.better in ("always", "never")
        return
    hours = even.duration_s.best.to("h")
    assert 0 <= hours <= MONTH_H * (1 + 1e-9)
    at, _, _ = advised(min(max(hours, 1e-9), MONTH_H), own, cloud, machines=machines, peak=4)
    assert at["own"].cost.best.value == pytest.approx(at["cloud"].cost.best.value, rel=1e-6)


def test_what_scales_with_need_is_better_until_there_is_much_of_it():
    kept = offer("cloud", RENTED | {"price_per_h": 1, "keeps": 1})
    _, _, evens = advised(100, offer("serverless", RENTED), kept)
    even = evens["cloud", "cost"]
    assert even.better == "until"
    assert even.sure
    assert even.duration_s.best.to("h") == pytest.approx(MONTH_H / 5)
    assert even.pays_back_s is None


def test_reserved_machines_are_paid_all_month_and_can_be_off():
    reserved = RENTED | {"price_per_h": 3}
    del reserved["start_min"]
    offers = (
        offer("reserved", reserved),
        offer("reserved", reserved | {"off": 1}, "switched off"),
    )
    options, _, _ = advised(100, *offers)
    assert options["reserved"].cost.best.value == pytest.approx(3 * MONTH_H)
    assert options["switched off"].cost == options["reserved"].cost
    assert options["switched off"].idle_energy_j.best.value == 0
    assert options["switched off"].energy_j.best.to("kWh") == pytest.approx(120)


def test_what_scales_with_need_waits_only_where_a_machine_is_kept():
    offers = (offer("serverless", RENTED), offer("managed", RENTED | {"keeps": 1}))
    options, _, _ = advised(100, *offers, machines=1.5, peak=4)
    assert options["serverless"].held_s == options["serverless"].busy_s
    assert options["serverless"].cost.best.value == pytest.approx(5 * 150)
    assert options["managed"].held_s.best.to("h") == pytest.approx(150 + MONTH_H - 100)


def test_starts_are_paid_in_each_burst_for_each_machine():
    cloud = offer("cloud", RENTED | {"start_min": 6})
    options, _, _ = advised(100, cloud, offer("own", OWN), machines=2, peak=2, bursts=10)
    assert options["cloud"].held_s.best.to("h") == pytest.approx(200 + 10 * 2 * 0.1)
    assert options["cloud"].idle_energy_j.best.to("kWh") == pytest.approx(2 * 0.2 * 1.2)


def test_a_faster_machine_is_needed_for_less_time_and_in_smaller_number():
    fast = offer("cloud", RENTED | {"speed": 2}, "fast")
    options, _, _ = advised(100, offer("cloud", RENTED), fast, machines=3, peak=3)
    assert (options["cloud"].machines, options["fast"].machines) == (3, 2)
    assert options["fast"].busy_s.best.value == options["cloud"].busy_s.best.value / 2


def test_there_are_enough_machines_if_they_are_as_slow_as_they_may_be():
    slow = offer("own", OWN | {"speed": [0.5, 1, 2]})
    options, _, _ = advised(MONTH_H, slow, offer("cloud", RENTED | {"speed": [0.5, 1, 2]}))
    for one in options.values():
        assert one.machines == 2
        assert one.held_s.low.value >= one.busy_s.high.value * (1 - 1e-9)
        assert one.idle_energy_j.low.value >= 0


def test_spare_machines_of_a_provider_count_in_energy_and_making_not_in_money():
    offers = (offer("cloud", RENTED), offer("cloud", RENTED | {"spare": 0.5}, "with spare"))
    options, _, _ = advised(100, *offers)
    plain, spare = options["cloud"], options["with spare"]
    assert spare.energy_j.best.to("kWh") == pytest.approx(120 + 50 * 0.2 * 1.2)
    assert spare.embodied_g.best.value == pytest.approx(1.5 * plain.embodied_g.best.value)
    assert spare.cost == plain.cost


def test_spot_checkpoints_by_youngs_interval_and_pays_for_work_done_twice():
    """Young 1974 in energy: sqrt(2 E M / P), E 2.5 Wh, M 6 h, P 1 kW."""
    options, _, _ = advised(100, offer("spot", RENTED | SPOT), offer("cloud", RENTED))
    found = options["spot"].checkpoints
    interval_s = sqrt(2 * 9000 * 6 * 3600 / 1000)
    assert found.interval_s == pytest.approx(interval_s)
    overhead = 9 / interval_s + (interval_s / 2 + 120) / (6 * 3600)
    assert found.overhead == pytest.approx(overhead)
    assert options["spot"].busy_s.best.to("h") == pytest.approx(100 * (1 + overhead))
    assert options["spot"].cost.best.value == pytest.approx(500 * (1 + overhead))


def test_doubts_of_the_interruptions_reach_the_cost():
    doubtful = SPOT | {"between_interruptions_h": [2, 6, 20]}
    options, _, _ = advised(100, offer("spot", RENTED | doubtful), offer("cloud", RENTED))
    cost = options["spot"].cost
    assert cost.low < cost.best < cost.high


def test_machines_that_never_stay_are_refused():
    wrong = SPOT | {"between_interruptions_h": 0.01}
    with pytest.raises(InfeasibleError, match="wastes more than it works"):
        advised(100, offer("spot", RENTED | wrong), offer("cloud", RENTED))


def test_a_doubt_that_both_share_does_not_blur_which_is_better():
    shared = read_fact("defaults", "intensity_g_per_kwh", [20, 200, 800], FACTS)
    own, cloud = offer("own", OWN), offer("cloud", RENTED)
    both = [one.replace(facts=one.facts | {"intensity_g_per_kwh": shared}) for one in (own, cloud)]
    _, best, _ = advised(100, *both)
    assert best["carbon_g"].name == "cloud"
    assert best["carbon_g"].sure


def test_a_gain_inside_its_doubt_is_not_sure():
    near = offer("cloud", RENTED | {"price_per_h": [4, 5.1, 6]}, "near")
    _, best, evens = advised(100, offer("cloud", RENTED), near)
    assert best["cost"].name == "cloud"
    assert not best["cost"].sure
    assert not evens["near", "cost"].sure


def test_an_unknown_price_is_no_price_and_says_why():
    nameless = {name: value for name, value in RENTED.items() if name != "price_per_h"}
    unpriced = offer("cloud", nameless).replace(reasons={"price_per_h": "nobody says"})
    options, best, evens = advised(100, unpriced, offer("own", OWN))
    assert options["cloud"].cost is None
    assert options["cloud"].reasons == {"cost": "nobody says"}
    assert "cost" not in best
    assert ("cloud", "cost") not in evens


# -------------------------------------------------------------------------------------------- cases


def case(**changes):
    """Return a declared case with two options."""
    options = [{"name": "a", "kind": "cloud"}, {"name": "b", "kind": "own"}]
    return {"use": {"hours_per_month": 10}, "options": options} | changes


def test_a_fact_declared_for_all_is_one_unknown():
    read = read_site_case(case(defaults={"pue": [1.1, 1.2, 1.5], "off": 0.5}))
    assert read.facts[0]["pue"] == read.facts[1]["pue"]
    assert list(read.facts[0]["pue"].doubts) == ["declared:defaults/pue"]
    assert "off" not in read.facts[0]
    assert "off" in read.facts[1]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"option": []}, "Did you mean 'options'"),
        ({"use": {"hours_per_month": 10, "machine": 2}}, "Did you mean 'machines'"),
        ({"use": {}}, "hours_per_month = 160"),
        ({"use": {"hours_per_month": 800}}, "at most 730.5"),
        ({"use": {"hours_per_month": 8, "machines": 3, "peak": 2}}, "more than the peak"),
        ({"options": [{"name": "a", "kind": "cloud"}]}, "expected 2 or more"),
        ({"options": [{"name": "a", "kind": "clod"}] * 2}, "name of its own"),
        (
            {"options": [{"name": "a", "kind": "clod"}, {"name": "b", "kind": "own"}]},
            "Did you mean 'cloud'",
        ),
        (
            {"options": [{"name": "a", "kind": "own", "price_per_h": 3}, {"name": "b"}]},
            "a has a field 'price_per_h'",
        ),
        ({"defaults": {"pue": "high"}}, "pue is 'high'"),
        ({"defaults": {"pue": [3, 2, 1]}}, "from small to large"),
        ({"defaults": {"pue": 0}}, "more than 0"),
        ({"defaults": {"off": 2}}, "a share"),
        ({"currency": "euros"}, "three capital letters"),
        ({"name": 3}, "expected a text"),
    ],
)
def test_a_case_that_cannot_be_is_refused_by_name(changes, said):
    with pytest.raises(InputError) as refused:
        read_site_case(case(**changes))
    assert said in str(refused.value)


# ------------------------------------------------------------------------------------------- tables


def test_stale_prices_have_the_spread_of_those_that_were_read_again():
    data = load("brizna.plan", "prices")
    prices = {}
    for row, cells in enumerate(data.rows):
        prices.setdefault(cells["id"], {})[cells["year"]] = data.number(row, "value")
    twice = [found["2026"] / found["2024"] for found in prices.values() if len(found) == 2]
    spread = factor("brizna.plan", "spreads", "price/stale")
    assert len(twice) == 5
    assert (spread.low, spread.high) == (pytest.approx(min(twice), rel=1e-5), max(1.0, *twice))


def test_modelled_machines_draw_what_the_head_of_their_table_says():
    data = load("brizna.plan", "machines")
    for row, cells in enumerate(data.rows):
        cards, card_w, idle_w, vcpus, memory_gb = (
            data.number(row, name)
            for name in ("cards", "card_w", "card_idle_w", "vcpus", "memory_gb")
        )
        ends = [data.number(row, name) for name in ("low", "value", "high")]
        if cells["id"].endswith("/busy"):
            host = 3.5 * vcpus + 0.392 * memory_gb
            wanted = [part * cards * card_w + host for part in (0.5, 0.8, 1.0)]
        else:
            drawn = 0.74 * vcpus + 0.392 * memory_gb + cards * idle_w
            wanted = [part * drawn for part in (0.7, 1.0, 1.3)]
        assert ends == pytest.approx(wanted, rel=1e-5), cells["id"]

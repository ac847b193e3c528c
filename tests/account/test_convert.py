"""From one boundary to another: 0.10 and 0.24 Wh of one prompt, and what keeps runs apart."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest

from brizna.account import LEVELS, Bound, Conversion, Footprint, level_of
from brizna.core.errors import CoverageError, InputError
from brizna.verbs import account_case, as_views, check_alike, convert_footprint

NARROW = {"energy_wh": 0.10, "pue": 1.09, "intensity_g_per_kwh": 94, "boundary": "benchmark"}
WIDE = {"energy_wh": 0.24, "intensity_g_per_kwh": 94, "boundary": "facility"}


def converted(given: dict[str, object], level: str) -> Conversion:
    case, footprint = account_case(given)
    return convert_footprint(footprint, level, before=case.level)


def test_the_two_figures_of_one_prompt_meet_within_the_facility() -> None:
    """Elsworth et al. 2025, arXiv 2508.15734: 0.10 Wh of accelerators, 0.24 Wh of all."""
    found = converted(NARROW, "facility")
    assert found.energy_j.best.to("Wh") == pytest.approx(0.24, rel=0.1)
    assert found.energy_j.low.to("Wh") < 0.24 < found.energy_j.high.to("Wh")
    assert [step.after for step in found.steps] == list(LEVELS[1:6])
    back = converted(WIDE, "benchmark")
    assert back.energy_j.low.to("Wh") < 0.10 < back.energy_j.high.to("Wh")


def test_each_step_is_the_published_ratio() -> None:
    found = converted(NARROW, "facility")
    by_hand = 0.10 * 1.4 * 1.4286 * 1.0638 * 1.1 * 1.09
    assert found.energy_j.best.to("Wh") == pytest.approx(by_hand)
    assert {factor.id for factor in found.factors} == {
        f"boundary/{one}-{other}" for one, other in pairwise(LEVELS[:5])
    }
    assert found.carbon_g is not None
    assert found.carbon_g.best.value == pytest.approx(by_hand / 1000 * 94)


@pytest.mark.parametrize("level", LEVELS[:-1])
def test_there_and_back_is_where_one_was(level: str) -> None:
    footprint = account_case({**NARROW, "boundary": "node"})[1]
    there = convert_footprint(footprint, level)
    ratio = there.energy_j / there.energy_before_j
    back = there.energy_j / ratio
    assert back.best.value == pytest.approx(footprint.energy_j.best.value)
    assert back.low.value == pytest.approx(footprint.energy_j.low.value)


def test_wider_is_more_and_no_step_is_none() -> None:
    found = [converted(NARROW, level).energy_j.best.value for level in LEVELS[:6]]
    assert found == sorted(found)
    assert converted(NARROW, "benchmark").steps == ()


def test_making_the_hardware_adds_carbon_and_no_energy() -> None:
    facts = {"energy_kwh": 1, "pue": 1.2, "intensity_g_per_kwh": 100, "boundary": "fleet"}
    bare = converted(facts, "life-cycle")
    assert bare.carbon_g is None
    assert bare.reason is not None
    made = {**facts, "duration_h": 24, "embodied_kg": 1300, "lifetime_y": 4}
    found = converted(made, "life-cycle")
    assert found.energy_j.best == converted(made, "facility").energy_j.best
    footprint = account_case(made)[1]
    assert found.carbon_g is not None
    assert footprint.carbon_g is not None
    assert found.carbon_g.best.value == pytest.approx(footprint.carbon_g.best.value)


def bounds(idle: tuple[str, str] = ("in", "metered"), **states: str) -> tuple[Bound, ...]:
    found = [Bound(item=item, state=state, reason="metered") for item, state in states.items()]
    return (*found, Bound(item="idle", state=idle[0], reason=idle[1]))


@pytest.mark.parametrize(
    ("boundary", "level"),
    [
        (bounds(gpu="in", cpu="out", memory="out", host="out"), "accelerators"),
        (bounds(("out", ""), gpu="in", cpu="out", host="out"), "benchmark"),
        (bounds(gpu="in", cpu="in", memory="partly", host="out"), "components"),
        (bounds(gpu="out", cpu="in", host="out"), "components"),
        (bounds(gpu="in", cpu="in", host="in"), "node"),
        (bounds(("in", "declared"), gpu="in", cpu="in", host="in"), "fleet"),
        (bounds(("unknown", ""), gpu="unknown", cpu="unknown", host="unknown"), None),
        ((), None),
    ],
)
def test_a_boundary_has_the_level_of_the_widest_thing_it_holds(
    boundary: tuple[Bound, ...], level: str | None
) -> None:
    assert level_of(boundary) == level


@pytest.mark.parametrize("level", LEVELS[:5])
def test_what_a_case_says_in_a_word_is_the_level_of_its_boundary(level: str) -> None:
    assert level_of(account_case({**NARROW, "boundary": level})[1].boundary) == level


def view(run: str, level: str) -> dict[str, object]:
    footprint = account_case({**NARROW, "boundary": level})[1].to_json()
    return {"id": run, "footprint": footprint, "measurement": {"energy_j": footprint["energy_j"]}}


def test_runs_that_hold_different_things_do_not_compare_unless_converted() -> None:
    views = [view("a", "accelerators"), view("b", "node")]
    with pytest.raises(InputError, match=r"a: accelerators, b: node.* --convert node"):
        check_alike(views)
    check_alike([view("a", "node"), view("b", "node")])
    footprints = [Footprint.from_json(one["footprint"]) for one in views]
    found = [convert_footprint(one, "facility") for one in footprints]
    within = as_views(views, found)
    assert [one["footprint"]["energy_j"] for one in within] == [
        one.energy_j.to_json() for one in found
    ]
    assert set(within[0]["footprint"]) == {"energy_j", "carbon_g"}


@pytest.mark.parametrize(
    ("given", "level", "error", "told"),
    [
        (NARROW, "nod", InputError, "Did you mean 'node'"),
        ({"energy_wh": 1}, "node", CoverageError, "What the energy of - holds is not known"),
        ({**NARROW, "boundary": "nod"}, "node", InputError, "Did you mean 'node'"),
        ({**WIDE, "pue": 1.2}, "node", InputError, "PUE is in it already"),
    ],
)
def test_what_cannot_be_converted_is_refused(
    given: dict[str, object], level: str, error: type[Exception], told: str
) -> None:
    with pytest.raises(error, match=told):
        converted(given, level)


def test_a_conversion_is_read_back() -> None:
    found = converted(NARROW, "life-cycle")
    assert Conversion.from_json(json.loads(json.dumps(found.to_json()))) == found

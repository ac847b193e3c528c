"""Failed runs and idle time charged to what succeeded; budgets that warn in time."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brizna.account import (
    Budget,
    BudgetState,
    Charges,
    Spent,
    SpentTogether,
    charge,
    judge_budget,
    summed,
)
from brizna.core import codec
from brizna.core.errors import InputError
from brizna.core.estimate import Estimate, exactly
from brizna.core.quantities import Carbon, Energy

YEAR = Budget(
    name="team",
    figure="carbon_g",
    limit=1000.0,
    start="2026-01-01T00:00:00+00:00",
    end="2027-01-01T00:00:00+00:00",
)
MIDDLE = datetime(2026, 7, 2, 12, tzinfo=UTC)


def run(number: int, carbon_g: float, *, well: bool = True, kind: str = "train") -> Spent:
    return Spent(
        id=f"r{number}",
        kind=kind,
        started=f"2026-01-01T00:{number:02}:00+00:00",
        duration_s=60.0,
        succeeded=well,
        figures={
            "energy_j": exactly(Energy(10 * carbon_g)),
            "carbon_g": exactly(Carbon(carbon_g)).doubted_by("factor:grid", 0.8, 1.3),
        },
    )


def judged(spent: list[Spent], at: datetime = MIDDLE) -> BudgetState:
    return judge_budget(YEAR, SpentTogether.of("carbon_g", spent), at=at)


def best(figures: dict[str, Estimate], name: str = "carbon_g") -> float:
    return figures[name].best.value if name in figures else 0.0


def test_failed_runs_fall_on_the_next_of_their_kind_that_succeeds() -> None:
    found = charge(
        [
            run(1, 5, well=False),
            run(2, 7, well=False, kind="other"),
            run(3, 6, well=False),
            run(4, 10),
            run(5, 20),
            run(6, 1, well=False),
        ]
    )
    first, second = found.runs
    assert first.failed_runs == ("r1", "r3")
    assert best(first.together) == 21
    assert best(second.together) == 20
    assert found.waiting == ("r2", "r6")
    assert best(found.uncharged) == 8


def test_idle_time_falls_on_what_succeeded_by_its_length() -> None:
    idle = {"energy_j": exactly(Energy(300.0)), "carbon_g": exactly(Carbon(30.0))}
    runs = [run(1, 10), run(2, 10).replace(duration_s=120.0)]
    found = charge(runs, idle=idle)
    assert [best(one.idle) for one in found.runs] == pytest.approx([10, 20])
    nothing = charge([run(1, 10, well=False)], idle=idle)
    assert not nothing.runs
    assert best(nothing.uncharged) == 40


@given(
    st.lists(
        st.tuples(st.floats(0.1, 1e6), st.booleans(), st.sampled_from(["a", "b", "c"])),
        min_size=1,
        max_size=30,
    ),
    st.floats(0, 1e5),
)
def test_nothing_is_lost_and_nothing_counts_twice(
    tries: list[tuple[float, bool, str]], idle_g: float
) -> None:
    spent = [
        run(number, carbon_g, well=well, kind=kind)
        for number, (carbon_g, well, kind) in enumerate(tries)
    ]
    found = charge(spent, idle={"carbon_g": exactly(Carbon(idle_g))})
    parts = summed([*(one.together for one in found.runs), found.uncharged])
    expected = sum(carbon_g for carbon_g, _, _ in tries) + idle_g
    assert best(parts) == pytest.approx(expected)
    assert best(found.whole) == pytest.approx(expected)
    assert parts["carbon_g"].high.value == pytest.approx(found.whole["carbon_g"].high.value)


def test_a_figure_that_a_run_lacks_is_told() -> None:
    lacking = run(1, 5).replace(figures={"energy_j": exactly(Energy(50.0))})
    assert charge([lacking, run(2, 1)]).unknown == {"carbon_g": ("r1",)}


def test_charges_survive_their_record() -> None:
    found = charge([run(1, 5, well=False), run(2, 10)], at_once=["r2"])
    assert Charges.from_json(codec.decode(codec.encode(found.to_json()))) == found


# ----------------------------------------------------------------------------------------- budgets


@pytest.mark.parametrize(
    ("spent_g", "state"),
    [
        (100, "kept"),
        (600, "warned"),
        (770, "cannot-tell"),
        (1000, "cannot-tell"),
        (1300, "exceeded"),
    ],
)
def test_a_budget_is_as_sure_as_what_was_spent(spent_g: float, state: str) -> None:
    """The interval is 0.8 to 1.3 of the best: 770 may be 1001, and 1300 is at least 1040."""
    assert judged([run(1, spent_g)]).state == state


def test_the_pace_warns_before_the_share_does() -> None:
    """Half the year gone and 60 % spent: 1200 by the end, and gone after 5/6 of the year."""
    found = judged([run(1, 600)])
    assert found.forecast is not None
    assert found.forecast.best.value == pytest.approx(1200)
    assert found.gone_by is not None
    assert found.gone_by.startswith("2026-11-01")
    calm = judged([run(1, 490)])
    assert calm.gone_by is None
    assert calm.state == "kept"


def test_after_the_end_the_forecast_is_what_was_spent() -> None:
    found = judged([run(1, 700)], at=datetime(2028, 1, 1, tzinfo=UTC))
    assert found.forecast is not None
    assert found.forecast.best.value == pytest.approx(700)
    assert found.state == "kept"


def test_no_runs_are_nothing_spent_and_unknown_ones_cannot_be_told() -> None:
    idle = judged([])
    assert (idle.state, idle.share) == ("kept", 0.0)
    unknown = run(1, 5).replace(figures={})
    assert judged([unknown]).state == "cannot-tell"
    assert judged([unknown, run(2, 1)]).unknown == ("r1",)


@given(st.floats(0.1, 5000), st.floats(0.1, 5000))
def test_spending_more_never_looks_better(one_g: float, more_g: float) -> None:
    order = ("kept", "warned", "cannot-tell", "exceeded")
    less = judged([run(1, one_g)]).state
    more = judged([run(1, one_g), run(2, more_g)]).state
    assert order.index(more) >= order.index(less)


def test_a_state_survives_its_record() -> None:
    found = judged([run(1, 600)])
    assert BudgetState.from_json(codec.decode(codec.encode(found.to_json()))) == found


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"limit": 0.0}, "more than 0"),
        ({"end": YEAR.start}, "not after the last"),
        ({"warn_at": 1.5}, "at most 1"),
    ],
)
def test_a_budget_that_cannot_be_is_refused(change: dict[str, object], told: str) -> None:
    with pytest.raises(InputError, match=told):
        YEAR.replace(**change)

"""What a period came to: the sums, the period before, budgets, and what saved."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from math import exp, hypot, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brizna.core.baseline import Baseline, IdleChannel
from brizna.core.book import SHIPPED
from brizna.core.errors import InputError
from brizna.core.estimate import Estimate, exactly
from brizna.core.measurement import Measurement, Run
from brizna.core.quantities import Carbon, Energy, Power
from brizna.report import Selection
from brizna.store import Store, keep_baseline, keep_plan
from brizna.verbs import Question, overview_of, read_budget, read_period, read_settings
from brizna.verbs._stretch import Stretch

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return Store(str(tmp_path / "store"))


@pytest.fixture
def keep(store):
    """Return a function that keeps a run begun on a day, with so much energy and carbon."""

    def make(day, *, kwh=1.0, carbon_g=100.0, name="train", hour=8, hours=1.0, **fields):
        began = datetime.fromisoformat(day).replace(tzinfo=UTC) + timedelta(hours=hour)
        run_id = store.create_run(at_s=began.timestamp()).rpartition("/")[2]
        energy = Estimate(Energy(3.6e6 * kwh), basis="metered").doubted_by("meter:m", 0.9, 1.1)
        run = Run(
            id=run_id,
            name=name,
            tags=fields.pop("tags", ("team:a",)),
            machine=fields.pop("machine", "m1"),
            started=f"{began:%Y-%m-%dT%H:%M:%SZ}",
            duration_s=hours * 3600,
            measurement=Measurement(energy_j=energy),
            brizna="0.1.0",
            **fields,
        )
        digest = store.finish(run)
        carbon = Estimate(Carbon(carbon_g)).doubted_by("factor:grid", 0.5, 2.0)
        footprint = {
            "schema": "brizna.footprint/1",
            "subject": digest,
            "energy_j": energy.to_json(),
            "carbon_g": carbon.to_json(),
        }
        store.put(footprint, run_id=run_id)
        return run_id, digest

    return make


def asked(store, period="2026-11", *, tags=(), budgets=(), at=NOW):
    start, end = read_period(period)
    settings = read_settings({}, environ={}, directory="/")
    question = Question(at=at, settings=settings, book=SHIPPED, budgets=budgets)
    selection = Selection(tags=tags, start=start, end=end, period=period)
    return overview_of(store, selection, question)


def figure(figures, name):
    return next(one for one in figures if one.figure == name)


def test_a_period_that_goes_on_is_compared_with_as_many_days_of_the_one_before(store, keep):
    keep("2026-11-03")
    keep("2026-10-22", carbon_g=200.0)
    keep("2026-10-23", carbon_g=1000.0)  # the 23rd day: November has had 22
    found = asked(store)
    assert (found.seen.last, found.before.start, found.before.last) == (
        *("2026-11-22", "2026-10-01", "2026-10-22"),
    )
    carbon = figure(found.figures, "carbon_g")
    assert carbon.now.best.value == pytest.approx(100)
    assert carbon.change.best.value == pytest.approx(-0.5)
    whole = asked(store, at=datetime(2027, 1, 1, tzinfo=UTC))
    assert figure(whole.figures, "carbon_g").last.best.value == pytest.approx(1200)


def test_a_doubt_that_both_periods_share_cancels_in_the_change(store, keep):
    """The grid's intensity is a factor of two in doubt; the change is not."""
    keep("2026-11-03", carbon_g=80.0)
    keep("2026-10-03", carbon_g=100.0)
    change = figure(asked(store).figures, "carbon_g").change
    assert (change.low.value, change.high.value) == (pytest.approx(-0.2), pytest.approx(-0.2))


def test_an_empty_period_is_told_and_is_no_zero(store, keep):
    keep("2026-10-03")
    found = asked(store)
    assert found.runs == 0
    carbon = figure(found.figures, "carbon_g")
    assert carbon.now is None
    assert carbon.change is None
    assert carbon.last.best.value == pytest.approx(100)
    assert all(step.carbon_g is None for step in found.course)


def test_teams_come_by_their_carbon_and_those_without_one_last(store, keep):
    keep("2026-11-03", carbon_g=10.0)
    keep("2026-11-04", carbon_g=300.0, tags=())
    keep("2026-11-05", carbon_g=20.0, tags=("team:b", "project:x"))
    found = asked(store)
    assert [part.name for part in found.teams] == ["b", "a", None]
    assert [part.name for part in found.projects] == ["x", None]
    parts = [figure(part.figures, "carbon_g").now.best.value for part in found.teams]
    assert sum(parts) == pytest.approx(figure(found.figures, "carbon_g").now.best.value)


def test_runs_of_a_name_are_set_against_the_mean_of_those_before(store, keep):
    """Two runs at 60 g, where before one took 100 g: 2 x 100 - 120 = 80 g were saved."""
    keep("2026-10-02", carbon_g=90.0)
    keep("2026-10-03", carbon_g=110.0)
    keep("2026-11-02", carbon_g=60.0)
    keep("2026-11-03", carbon_g=60.0)
    [saved] = asked(store).saved
    assert (saved.way, saved.about, saved.runs, saved.against) == ("name", "train", 2, 2)
    assert saved.carbon_g.best.value == pytest.approx(80)
    scatter = 2.919986 * 10 * 2  # Student's t of 2, of 200 g^2 in 2 degrees, of 2 runs against 2
    low, high = hypot(log(2), log(80 / (80 - scatter))), hypot(log(2), log((80 + scatter) / 80))
    assert saved.carbon_g.low.value == pytest.approx(80 * exp(-low))
    assert saved.carbon_g.high.value == pytest.approx(80 * exp(high))


def test_runs_that_scatter_more_than_they_differ_tell_nothing(store, keep):
    for day, carbon_g in (("10-02", 60.0), ("10-03", 140.0), ("11-02", 50.0), ("11-03", 110.0)):
        keep(f"2026-{day}", carbon_g=carbon_g)
    assert asked(store).saved == ()


def test_one_run_against_one_tells_nothing_for_what_they_scatter_by_is_not_known(store, keep):
    keep("2026-10-02", carbon_g=100.0)
    keep("2026-11-02", carbon_g=10.0)
    assert asked(store).saved == ()


def test_where_nothing_came_before_the_first_of_the_period_is_what_others_are_set_against(
    store, keep
):
    keep("2026-11-02", carbon_g=100.0)
    keep("2026-11-03", carbon_g=70.0)
    keep("2026-11-04", carbon_g=70.0)
    keep("2026-11-05", carbon_g=70.0, exit_code=1)
    [saved] = asked(store).saved
    assert (saved.way, saved.runs, saved.against) == ("name-first", 2, 1)
    assert saved.carbon_g.best.value == pytest.approx(60)


def test_a_saving_that_the_doubts_do_not_tell_apart_is_not_told(store, keep):
    keep("2026-11-02", carbon_g=100.0)
    keep("2026-11-03", carbon_g=100.0)
    assert asked(store).saved == ()


def test_failed_runs_are_the_most_that_fewer_failures_save(store, keep):
    keep("2026-11-02", carbon_g=40.0, exit_code=1)
    keep("2026-11-03", carbon_g=70.0)
    would = {one.way: one for one in asked(store).would}
    assert would["failed"].runs == 1
    assert would["failed"].carbon_g.best.value == pytest.approx(40)


def test_hours_that_nobody_knows_are_said_to_be_unknown(store, keep):
    keep("2026-11-03")
    would = {one.way: one for one in asked(store).would}
    assert would["hours"].carbon_g is None
    assert "No grid zone is known" in would["hours"].reason


def test_a_plan_that_was_carried_out_is_doubted_as_its_promise_was(store, keep):
    """It promised 200 g (100 to 400) and saved 100 g: 50 to 200."""
    promised = Estimate(Carbon(200.0)).doubted_by("series", 0.5, 2.0)
    plan = {"schema": "brizna.plan/1", "issued": "x", "saving_g": promised.to_json()}
    digest = keep_plan(store, plan)
    run_id, subject = keep("2026-11-03")
    followed = {"schema": "brizna.followed/1", "subject": subject, "plan": digest}
    store.put({**followed, "saving_g": 100.0}, run_id=run_id)
    [saved] = asked(store).saved
    assert saved.way == "plans"
    ends = (saved.carbon_g.low.value, saved.carbon_g.best.value, saved.carbon_g.high.value)
    assert ends == (pytest.approx(50), pytest.approx(100), pytest.approx(200))


def test_idle_time_counts_where_a_baseline_tells_what_the_machine_draws(store, keep):
    """From 8 h to 12 h, of which it ran for one: 3 h at 50 W."""
    keep("2026-11-03", hour=8)
    keep("2026-11-03", hour=12)
    power = exactly(Power(50.0), "metered").doubted_by("idle:m1", 0.8, 1.2)
    channel = IdleChannel(id="psys", kind="node", power_w=power, least_w=40.0, most_w=60.0)
    baseline = Baseline(
        measured="2026-11-01T00:00:00Z",
        duration_s=60.0,
        machine="m1",
        channels=(channel,),
        brizna="0.1.0",
    )
    keep_baseline(store, baseline)
    would = {one.way: one for one in asked(store).would}
    idle_j = would["idle"].energy_j
    assert idle_j.best.value == pytest.approx(3 * 3600 * 50)
    assert idle_j.low.value <= 0.8 * idle_j.best.value


def test_budgets_that_meet_the_period_are_judged_and_others_are_not(store, keep):
    keep("2026-11-03", carbon_g=900.0)
    budgets = tuple(
        read_budget({"limit": "1 kg", "from": first, "to": last}, where="test")
        for first, last in (("2026-10-01", "2026-12-31"), ("2026-10-01", "2026-10-31"))
    )
    [state] = asked(store, budgets=budgets).budgets
    assert state.share == pytest.approx(0.9)


def test_many_runs_are_summed_and_nothing_is_lost(store, keep):
    for number in range(60):
        keep(f"2026-11-{1 + number % 20:02}", carbon_g=float(number), name=f"n{number % 7}")
    found = asked(store)
    steps = [step.carbon_g.best.value for step in found.course if step.carbon_g is not None]
    whole = figure(found.figures, "carbon_g").now.best.value
    assert sum(steps) == pytest.approx(whole) == pytest.approx(sum(range(60)))
    assert sum(step.runs for step in found.course) == found.runs == 60


def test_what_is_told_has_intervals_and_commands_but_no_thousand_doubts(store, keep):
    keep("2026-11-03")
    told = asked(store, tags=("team:a",)).told()
    carbon = figure(asked(store).figures, "carbon_g").now
    [shown] = [one["now"] for one in told["figures"] if one["figure"] == "carbon_g"]
    assert shown["low"] == pytest.approx(carbon.low.value)
    assert shown["high"] == pytest.approx(carbon.high.value)
    assert list(shown["doubts"]) == ["chance"]
    assert told["explain"]["now"] == (
        "brizna runs total --from 2026-11-01 --to 2026-11-22 --tag team:a --json"
    )


def test_one_run_or_a_period_to_come_is_refused(store, keep):
    keep("2026-11-03")
    with pytest.raises(InputError, match="still to come"):
        asked(store, "2027")
    settings = read_settings({}, environ={}, directory="/")
    question = Question(at=NOW, settings=settings, book=SHIPPED)
    with pytest.raises(InputError, match="about a period"):
        overview_of(store, Selection(run="last"), question)
    found = overview_of(store, Selection(), question)
    assert found.period == "2026-11"


@given(st.dates(min_value=date(2000, 1, 1)), st.integers(1, 800))
def test_the_stretch_before_ends_where_a_stretch_begins_and_steps_are_in_order(first, days):
    try:
        end = first + timedelta(days=days)
    except OverflowError:
        return
    stretch = Stretch(start=first.isoformat(), end=end.isoformat())
    before = stretch.before()
    assert before.end == stretch.start
    months = first.day == end.day == 1
    assert months or before.days == stretch.days
    names = list(stretch.steps())
    assert len(names) == len(set(names))
    assert stretch.up_to(stretch.end) == stretch


@pytest.mark.parametrize(
    ("period", "before"),
    [
        ("2026-Q1", ("2025-10-01", "2025-12-31")),
        ("2026-03", ("2026-02-01", "2026-02-28")),
        ("2026", ("2025-01-01", "2025-12-31")),
        ("2026-W47", ("2026-11-09", "2026-11-15")),
        ("2026-11-22", ("2026-11-21", "2026-11-21")),
    ],
)
def test_before_months_come_months_and_before_days_come_days(period, before):
    start, end = read_period(period)
    found = Stretch(start=start[:10], end=end[:10]).before()
    assert (found.start, found.last) == before

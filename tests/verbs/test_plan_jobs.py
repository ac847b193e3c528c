"""A table of jobs becomes a table of hours, and a broken line is named."""

from __future__ import annotations

import csv

import pytest

from brizna.core.errors import InputError
from brizna.report import jobs_lines
from brizna.verbs import plan_jobs, write_rows

pytest.importorskip("numpy", reason="numpy is not installed: pip install 'brizna[plan]'")

SIGNAL = "utc,ES,FR\n" + "".join(
    f"2026-01-01T{hour:02}:00,{es},{fr}\n"
    for hour, (es, fr) in enumerate([(300, 90), (200, 80), (100, 95), (400, 60), (150, 85)])
)
HEAD = "job,zones,arrival,length_h,slack_h,power_w,pausable,overhead_h\n"


@pytest.fixture
def plan(tmp_path):
    def planned(lines, **options):
        (tmp_path / "signal.csv").write_text(SIGNAL)
        (tmp_path / "jobs.csv").write_text(HEAD + lines)
        return plan_jobs(str(tmp_path / "jobs.csv"), str(tmp_path / "signal.csv"), **options)

    return planned


def test_each_job_gets_its_cleanest_hours_and_zone(plan):
    row_a, row_b = plan(
        "a,ES,2026-01-01T00:00Z,2,3,1000,no,\nb,ES|FR,2026-01-01T00:00Z,2,3,500,yes,\n"
    ).rows
    assert row_a["hours"] == "2026-01-01T01:00:00Z/2026-01-01T03:00:00Z"
    assert row_a["carbon_g"] == pytest.approx(300)
    assert row_a["carbon_now_g"] == pytest.approx(500)
    assert row_b["zone"] == "FR"
    assert row_b["hours"] == (
        "2026-01-01T01:00:00Z/2026-01-01T02:00:00Z;2026-01-01T03:00:00Z/2026-01-01T04:00:00Z"
    )
    assert row_b["carbon_g"] == pytest.approx((80 + 60) * 0.5)
    assert row_b["carbon_now_g"] == pytest.approx((300 + 200) * 0.5)


def test_jobs_that_fit_no_slot_are_planned_to_the_minute(plan):
    (row,) = plan("a,ES,2026-01-01T00:30Z,1.5,2,1000,no,\n").rows
    assert row["start"] == "2026-01-01T01:30:00Z"
    assert row["carbon_g"] == pytest.approx(200 * 0.5 + 100)


def test_a_pause_is_worth_what_it_saves_above_its_overhead(plan):
    rows = plan(
        "a,ES,2026-01-01T01:00Z,2,2,1000,yes,0.5\nb,ES,2026-01-01T01:00Z,2,2,1000,yes,\n"
    ).rows
    assert rows[1]["carbon_g"] == pytest.approx(100 + 150)
    assert rows[0]["carbon_g"] == pytest.approx(200 + 100)


def test_a_job_without_known_hours_says_so_and_is_in_no_sum(plan):
    found = plan("a,ES,2026-01-01T04:00Z,2,9,1000,no,\nb,ES,2026-01-01T00:00Z,1,0,1000,no,\n")
    assert found.rows[0]["carbon_g"] is None
    assert "no known hours" in found.rows[0]["reason"]
    assert found.without == 1
    assert found.carbon_g == pytest.approx(300)


def test_a_capacity_is_shared_and_what_cannot_be_placed_is_proved(plan):
    lines = "".join(f"j{n},ES,2026-01-01T00:00Z,2,1,1000,yes,\n" for n in range(2))
    found = plan(lines, capacity="1000")
    assert found.without == 1
    (crowd,) = found.crowds
    assert crowd["is_proof"]
    assert crowd["zone"] == "ES"
    told = jobs_lines({**found.summary(), "out": "plan.csv"}, lang="en")
    assert any("cannot be placed by any plan" in line for line in told)
    both = plan(lines.replace("2,1,", "2,3,"), capacity="1000")
    assert both.without == 0
    assert both.bound_g <= both.carbon_g * (1 + 1e-9)
    assert both.carbon_g == pytest.approx(300 + 200 + 100 + 150 + 0 * 400, rel=0.5)


@pytest.mark.parametrize(
    ("line", "match"),
    [
        ("a,XX,2026-01-01T00:00Z,2,3,1000,no,\n", "The signal has no zone of any job"),
        ("a,ES,2026-01-01T00:00,2,3,1000,no,\n", "Line 2: .* is no instant"),
        ("a,ES,2026-01-01T00:00Z,two,3,1000,no,\n", "Line 2: length_h is 'two'"),
        ("a,ES,2026-01-01T00:00Z,0,3,1000,no,\n", "expected more than 0"),
        ("a,ES,2026-01-01T00:00Z,1,1e300,1000,no,\n", "Line 2: slack_h is .* expected at most"),
        ("a,ES,2026-01-01T00:00Z,1,3,1000,maybe,\n", "pausable is 'maybe'"),
    ],
)
def test_a_line_that_cannot_be_is_named(plan, line, match):
    with pytest.raises(InputError, match=match):
        plan(line)


def test_with_a_capacity_broken_slots_are_refused(plan):
    with pytest.raises(InputError, match="whole slots"):
        plan("a,ES,2026-01-01T00:30Z,1,1,1000,no,\n", capacity="5000")


def test_the_answer_is_written_whole(plan, tmp_path):
    found = plan("a,ES,2026-01-01T00:00Z,1,3,1000,no,\n")
    out = tmp_path / "plan.csv"
    write_rows(str(out), found.rows)
    (row,) = csv.DictReader(out.read_text(encoding="utf-8").splitlines())
    assert row["zone"] == "ES"
    assert list(tmp_path.glob("*.part")) == []


@pytest.mark.parametrize(("lang", "word"), [("en", "jobs planned"), ("es", "planificad")])
def test_the_summary_speaks_the_readers_language(plan, lang, word):
    found = plan("a,ES,2026-01-01T00:00Z,1,3,1000,no,\n")
    told = jobs_lines({**found.summary(), "out": "plan.csv"}, lang=lang)
    assert word in told[0]


def test_running_at_once_without_the_capacity_may_emit_less_and_that_is_said(plan):
    lines = "".join(f"{name},ES,2026-01-01T02:00Z,1,2,1000,no,\n" for name in "abc")
    found = plan(lines, capacity="1000")
    assert found.carbon_now_g is not None
    assert found.carbon_g > found.carbon_now_g
    told = jobs_lines({**found.summary(), "out": "plan.csv"}, lang="en")
    assert "without the capacity" in told[1]
    assert "the plan emits" in told[1]
    assert "-" not in told[1]


def test_a_job_in_a_zone_that_nobody_knows_stops_no_other(plan):
    lines = "a,ES,2026-01-01T00:00Z,1,0,1000,no,\nb,ES|XX,2026-01-01T00:00Z,1,0,1000,no,\n"
    found = plan(lines)
    assert [row["zone"] for row in found.rows] == ["ES", None]
    assert found.rows[1]["reason"] == "the signal has no zone XX"
    assert (found.without, found.carbon_g) == (1, pytest.approx(300))
    with pytest.raises(InputError, match="Line 3: the signal has no zone XX"):
        plan(lines, capacity="5000")


@pytest.mark.parametrize("watts", ["nan", "inf", "0", "-3", "abc"])
def test_a_capacity_that_cannot_be_is_refused(plan, tmp_path, watts):
    line = "a,ES,2026-01-01T00:00Z,1,0,1000,no,\n"
    table = tmp_path / "capacity.csv"
    table.write_text(f"zone,capacity_w\nES,5000\nFR,{watts}\n")
    if watts == "0":
        assert plan(line, capacity=str(table)).without == 0
    else:
        with pytest.raises(InputError, match="The capacity is"):
            plan(line, capacity=str(table))
    if watts != "abc":
        with pytest.raises(InputError, match="The capacity is"):
            plan(line, capacity=watts)

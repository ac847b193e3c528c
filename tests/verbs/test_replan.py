"""Planning anew happens when there may be news, beside the command, and fails without harm."""

from __future__ import annotations

import os
import signal
from datetime import UTC, datetime, timedelta

import pytest

from brizna.core.errors import UnavailableError
from brizna.core.estimate import exactly
from brizna.core.quantities import CarbonIntensity, Ratio
from brizna.core.signal import Signal
from brizna.core.site import Site
from brizna.plan import Candidate, Offer, Pauses, Progress, Workload, plan_job
from brizna.verbs._clock import Simulated
from brizna.verbs._follow import schedule_of, wait_for
from brizna.verbs._replan import Replanner

T0 = datetime(2026, 11, 23, tzinfo=UTC)
HOUR_S = 3600.0


def known(values):
    """Return a site with these hours from T0 on."""
    signal = Signal(
        quantity=CarbonIntensity,
        edges=tuple(T0 + timedelta(hours=index) for index in range(len(values) + 1)),
        values=tuple(values),
        kind="average",
        source="news",
        zone="A",
    )
    offer = Offer(name="A", site=Site(zone="A", pue=exactly(Ratio(1.0))))
    return Candidate(offer=offer, carbon=signal)


@pytest.fixture
def plan():
    """Return a plan for two hours that may pause: at 1 and 3 o'clock."""
    job = Workload(
        phases=((2 * HOUR_S, 1000.0),),
        deadline=(T0 + timedelta(hours=6)).isoformat(),
        pauses=Pauses(),
    )
    return plan_job(job, [known([300, 100, 300, 100, 300, 300])], issued=T0)


def replanner(plan, news, **options):
    """Return what plans anew each hour with what `news` returns."""
    options = {"keep": lambda _: "sha256:new", "every_s": HOUR_S, **options}
    return Replanner("sha256:old", plan, known=news, **options)


def at(hours):
    return T0.timestamp() + hours * HOUR_S


def test_it_is_due_each_hour_and_when_a_file_changes(plan, tmp_path):
    path = tmp_path / "forecast.csv"
    path.write_text("one")
    again = replanner(plan, lambda _: known([1] * 6), files=(str(path),))
    assert not again.is_due(at(0))
    assert not again.is_due(at(0.9))
    assert again.is_due(at(1))
    again.again(at(1), None)
    assert not again.is_due(at(1.5))
    path.write_text("another")
    assert again.is_due(at(1.5))
    path.unlink()
    again.is_due(at(1.6))
    assert not again.is_due(at(1.7))


def test_a_source_that_fails_leaves_the_plan_and_is_told_once(plan):
    def fails(_):
        raise UnavailableError("The source is away.")

    again = replanner(plan, fails)
    assert again.again(at(1), None) is None
    assert again.again(at(2), Progress(worked_s=HOUR_S, is_running=False, pauses=1)) is None
    assert list(again.trouble) == ["The source is away."]
    assert again.plans == ["sha256:old"]


def taken(again):
    """Wait for what is planned in a process of its own."""
    while again._planning is not None:
        if (found := again.take()) is not None:
            return found
    return None


def test_what_is_found_beside_the_command_is_taken_once(plan):
    again = replanner(plan, lambda _: known([300, 100, 300, 200, 20, 300]))
    assert again.begin(at(2), Progress(worked_s=HOUR_S, is_running=False, pauses=1)) != os.getpid()
    assert not again.is_due(at(9))
    assert taken(again).schedule.intervals == ((at(4), at(5)),)
    assert again.take() is None
    assert again.plans == ["sha256:old", "sha256:new"]


def test_a_plan_that_nobody_waits_for_any_more_is_not_followed(plan):
    def slow(_):
        signal.pause()

    again = replanner(plan, slow)
    pid = again.begin(at(2), Progress(worked_s=HOUR_S, is_running=False, pauses=1))
    again.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert again.plans == ["sha256:old"]


def test_what_plans_beside_the_command_may_be_killed(plan):
    def slow(_):
        signal.pause()

    again = replanner(plan, slow)
    os.kill(again.begin(at(2), Progress(worked_s=0.0, is_running=True)), signal.SIGKILL)
    assert taken(again) is None
    assert "ended before it was done" in str(list(again.trouble))


def test_a_fault_of_ours_beside_the_command_is_told_and_harms_nothing(plan):
    again = replanner(plan, lambda _: {}["nothing"])
    again.begin(at(2), Progress(worked_s=HOUR_S, is_running=False, pauses=1))
    assert taken(again) is None
    assert list(again.trouble) == ["KeyError: 'nothing'"]


def test_a_job_that_will_be_late_runs_on(plan):
    again = replanner(plan, lambda _: known([300] * 6))
    slow = Progress(worked_s=HOUR_S / 2, is_running=False, pauses=1)
    found = again.again(at(5.5), slow)
    assert found.schedule.runs_at(at(5.5))
    assert found.plan is None
    assert "runs on until it ends" in found.said
    assert not again.is_due(at(5.9))


def test_a_job_that_has_begun_and_cannot_pause_is_left_alone(plan):
    stiff = plan.replace(workload=plan.workload.replace(pauses=None))
    again = replanner(stiff, lambda _: known([1] * 6))
    assert again.begin(at(1), Progress(worked_s=60.0, is_running=True)) is None
    assert not again.is_due(at(5))


def test_a_wait_of_days_on_a_simulated_clock_takes_no_time_and_follows_the_news(plan):
    news = {1: [300, 100, 300, 100, 300, 300], 0: [900, 900, 300, 100, 90, 300]}

    def at_hour(instant):
        return known(news[instant < T0 + timedelta(minutes=20)])

    again = replanner(plan, at_hour, every_s=HOUR_S / 2)
    clock = Simulated(T0)
    told = []
    got = wait_for(
        schedule_of("sha256:old", plan.to_json()), clock, replanner=again,
        told=lambda one: told.append(one.plan),
    )  # fmt: skip
    assert got.intervals == ((at(3), at(5)),)
    assert clock.now_s() == pytest.approx(at(3), abs=60)
    assert list(dict.fromkeys(told)) == ["sha256:old", "sha256:new"]

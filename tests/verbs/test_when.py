"""A block or function of Python waits for its best time, and tells what that saved."""

from __future__ import annotations

import asyncio

import pytest

import brizna
from brizna.store import Store, read_plans
from brizna.verbs._measure import MeasuringWarning

JOB = {"name": "train", "duration_h": 2, "power_w": 300}
NOW = "2026-11-23T00:00Z"


@pytest.fixture
def series(tmp_path):
    """Return settings with hours of which 5 and 6 are clean, and after a new issue 8 and 9."""
    rows = ["issue_utc,target_utc,zone,value"]
    for issue, clean in ((0, (5, 6)), (3, (8, 9))):
        rows += [
            f"2026-11-23 {issue:02}:00,2026-11-23 {hour:02}:00,ES,{100 if hour in clean else 500}"
            for hour in range(issue, 24)
        ]
    path = tmp_path / "series.csv"
    path.write_text("\n".join(rows))
    return {"signal": str(path), "zone": "ES", "store": str(tmp_path / "store")}


def when(series, **more):
    return brizna.when_greenest("20h", **{"job": JOB, "now": NOW, **series, **more})


def kept(series):
    return Store(series["store"])


def test_a_block_waits_says_so_plans_anew_and_is_measured(series, capsys):
    with when(series, name="block") as block:
        sum(range(10))
    said = capsys.readouterr().err.splitlines()
    assert "block starts at 2026-11-23 05:00 UTC, which saves 80%" in said[0]
    assert "block starts at 2026-11-23 08:00 UTC" in said[1]
    (run,) = kept(series).runs()
    assert run.name == "block"
    assert len(read_plans(kept(series))) == 2
    assert block.plan.best.start == "2026-11-23T05:00:00+00:00"
    assert list(block.followed["plans"]) == list(read_plans(kept(series)))
    assert "saved" in said[2]


def test_a_function_waits_at_each_call_and_stays_itself(series, capsys):
    @when(series, quiet=True)
    def add(one, other=1):
        """Add."""
        return one + other

    assert add.__doc__ == "Add."
    assert (add(1), add(1, other=2)) == (2, 3)
    assert [run.name.rpartition(".")[2] for run in kept(series).runs()] == ["add", "add"]
    assert capsys.readouterr().err == ""


def test_other_tasks_go_on_while_a_coroutine_waits(series):
    turns = []

    @when(series, quiet=True)
    async def train():
        turns.append("trained")
        return 7

    async def tick():
        for _ in range(5):
            turns.append("tick")
            await asyncio.sleep(0)

    async def both():
        task = asyncio.create_task(tick())
        found = await train()
        await task
        return found

    assert asyncio.run(both()) == 7
    assert turns.index("trained") > 2


def test_what_is_raised_passes_and_the_run_says_so(series):
    with pytest.raises(ZeroDivisionError), when(series, quiet=True):
        _ = 1 / 0
    (run,) = kept(series).runs()
    assert run.state == "failed"


def test_too_little_time_begins_at_once_with_a_warning_or_raises(series):
    late = {**series, "quiet": True}
    with (
        pytest.warns(MeasuringWarning, match="at once"),
        brizna.when_greenest("1h", job=JOB, now=NOW, **late) as block,
    ):
        pass
    assert block.plan is None
    with (
        pytest.raises(brizna.InfeasibleError),
        brizna.when_greenest("1h", job=JOB, now=NOW, strict=True, **late),
    ):
        pass


def test_a_warning_names_the_line_that_asked_for_the_block(series):
    late = {**series, "quiet": True, "job": JOB, "now": NOW}

    @brizna.when_greenest("1h", **late)
    def train():
        pass

    @brizna.when_greenest("1h", **late)
    async def train_too():
        pass

    async def block():
        async with brizna.when_greenest("1h", **late):
            pass

    for call in (train, lambda: asyncio.run(train_too()), lambda: asyncio.run(block())):
        with pytest.warns(MeasuringWarning, match="at once") as warned:
            call()
        assert "brizna" not in warned[0].filename.rpartition("/src/")[2]
    assert warned[0].filename == __file__


def test_a_run_of_it_tells_how_long_it_works_and_what_it_draws(series):
    with when(series, name="first", quiet=True) as first:
        sum(range(1000))
    if first.followed["energy_j"] is None:
        pytest.skip("nothing can be measured here")
    with when(series, job=None, like="first", quiet=True) as block:
        pass
    assert block.plan.workload.name == "first"


def test_what_makes_no_sense_is_refused_before_anything_waits(series):
    with pytest.raises(brizna.InputError, match="like, a run of it"):
        brizna.when_greenest("24h")
    with pytest.raises(brizna.InputError, match="goes on once it has begun"):
        brizna.when_greenest("24h", job={**JOB, "pausing": True})

    def items():
        yield 1

    with pytest.raises(brizna.InputError, match="yields"):
        when(series)(items)


def test_a_store_that_cannot_be_written_keeps_nothing_and_stops_nobody(series, tmp_path):
    (tmp_path / "file").write_text("")
    hidden = {**series, "store": str(tmp_path / "file" / "store"), "quiet": True}
    with pytest.warns(MeasuringWarning) as warned, when(hidden) as block:
        pass
    assert any("not kept" in str(one.message) for one in warned)
    assert block.plan is not None

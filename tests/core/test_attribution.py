"""Attribution adds up: parts of disjoint users sum to the machine, in every world of doubt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from brizna.core.estimate import Estimate, total
from brizna.core.quantities import Energy, Power
from brizna.core.replay import JOURNAL_SCHEMA, replay

if TYPE_CHECKING:
    from brizna.core.measurement import Attribution, Run

SECOND = 1_000_000
RUN_ID = "20261122T000000Z-000001"
START = {
    "e": "start",
    "schema": JOURNAL_SCHEMA,
    "id": RUN_ID,
    "started": "2026-11-22T00:00:00Z",
    "interval_us": SECOND,
    "brizna": "0.1.0",
    "command": ["train"],
}
METER = {"meter:rapl/package-0@m": [0.9, 1.1]}


def channel(name: str, **fields: Any) -> dict[str, Any]:
    given = {
        "kind": "cpu",
        "method": "rapl",
        "basis": "metered",
        "max_power_w": 400.0,
        "doubts": METER,
        "update_us": 1000,
        **fields,
    }
    return {"e": "channel", "id": name, **given}


def users(*names: str) -> dict[str, Any]:
    kinds = ["tree", *("cgroup" for _ in names[1:])]
    pairs = zip(names, kinds, strict=True)
    return {"e": "users", "users": [{"id": name, "kind": kind} for name, kind in pairs]}


def sample(second: float, counted: list[int | None], **beside: Any) -> dict[str, Any]:
    return {"t": round(second * SECOND), "c": counted, **beside}


def baseline(**watts: float) -> dict[str, Any]:
    """Return the event of a baseline measured by the same meter, with a doubt of its own."""
    entries = [
        {
            "id": name.replace("_", "/", 1).replace("_", "-"),
            "power_w": Estimate(Power(power_w), basis="metered")
            .doubted_by("meter:rapl/package-0@m", 0.9, 1.1)
            .doubted_by("baseline:variation", 0.95, 1.05)
            .to_json(),
        }
        for name, power_w in watts.items()
    ]
    record = {"measured": "2026-11-21T00:00:00Z", "channels": entries}
    return {"e": "baseline", "baseline": record, "digest": "sha256:00", "stale": []}


def told(run: Run) -> Attribution:
    assert run.measurement.attribution is not None
    return run.measurement.attribution


def sums(run: Run) -> tuple[Estimate, Estimate]:
    """Return the sums of all fair shares and of all parts above idle."""
    fair = [user.fair_share_j for user in told(run).users]
    above = [user.above_idle_j for user in told(run).users]
    return total(part for part in fair if part), total(part for part in above if part)


def same_in_every_world(one: Estimate, other: Estimate) -> None:
    scale = abs(other.best.value) + 1e-6
    assert one.best.value == pytest.approx(other.best.value, rel=1e-9, abs=1e-9 * scale)
    for name in {*one.doubts, *other.doubts}:
        mine = one.doubts.get(name, (one.best.value,) * 2)
        theirs = other.doubts.get(name, (other.best.value,) * 2)
        assert mine == pytest.approx(theirs, rel=1e-9, abs=1e-9 * scale), name


@st.composite
def journals(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Draw a run of three users on two channels, with unread samples, gaps and idle times."""
    count = draw(st.integers(3, 12))
    energy = [[0], [0]]
    use = [[0.0] * 4]
    for _ in range(count - 1):
        for counted in energy:
            counted.append(counted[-1] + draw(st.integers(0, 300_000_000)))
        parts = [draw(st.integers(0, 1_000_000)) * draw(st.booleans()) for _ in range(3)]
        rest = draw(st.integers(-20_000, 1_000_000))
        whole = max(0, sum(parts) + rest)
        use.append([a + b for a, b in zip(use[-1], [*parts, whole], strict=True)])
    events: list[dict[str, Any]] = [START, channel("rapl/package-0")]
    events += [channel("rapl/dram-0", kind="memory"), users("run", "cgroup:/a", "cgroup:/b")]
    events.append(baseline(rapl_package_0=12.0, rapl_dram_0=2.0))
    for second in range(count):
        is_edge = second in (0, count - 1)
        cpu = [
            value if is_edge or draw(st.integers(0, 3)) else None for value in use[second][:3]
        ] + [use[second][3]]
        beside: dict[str, Any] = {"cpu": cpu} if is_edge or draw(st.booleans()) else {}
        if draw(st.booleans()):
            beside["mem"] = [*(draw(st.integers(0, 10**9)) for _ in range(3)), 4 * 10**9]
        read = [
            counted[second] if is_edge or draw(st.integers(0, 5)) else None for counted in energy
        ]
        events.append(sample(second, read, **beside))
    if draw(st.booleans()) and count > 4:
        gap = {"e": "gap", "channel": "rapl/package-0", "reason": "restarted", "counted": False}
        events.append({**gap, "from": SECOND, "to": 2 * SECOND})
    events.append({"e": "end", "exit_code": 0, "state": "finished"})
    return events


@given(journals())
@settings(max_examples=60)
def test_users_others_and_unattributed_sum_to_the_machine_in_every_world(
    events: list[dict[str, Any]],
) -> None:
    run = replay(events)
    assume(told(run).users)
    fair, above = sums(run)
    assert run.measurement.energy_j is not None
    same_in_every_world(fair, run.measurement.energy_j)
    whole = told(run).above_idle_j
    assert whole is not None
    same_in_every_world(above, whole)
    assert {user.id for user in told(run).users} >= {"run", "others", "unattributed"}


@given(journals(), st.lists(st.floats(0.1, 0.9), min_size=1, max_size=3))
@settings(max_examples=60)
def test_disjoint_windows_sum_to_the_whole_run(
    events: list[dict[str, Any]], cuts: list[float]
) -> None:
    """Marks cut the run into phases: of fair shares and above idle nothing is lost between them."""
    last_us = max(event["t"] for event in events if "c" in event)
    times = sorted({0, *(round(cut * last_us) for cut in cuts)})
    marks = [{"name": f"part {t_us}", "t": t_us} for t_us in times]
    run = replay(events, marks)
    if not told(run).users or any(phase.fair_share_j is None for phase in run.measurement.phases):
        return
    own = told(run).users[0]
    for part, whole in (("fair_share_j", own.fair_share_j), ("above_idle_j", own.above_idle_j)):
        parts = [getattr(phase, part) for phase in run.measurement.phases]
        assert whole is not None
        assert sum(p.best.value for p in parts) == pytest.approx(whole.best.value, abs=1e-6)


@given(journals(), st.floats(0.05, 0.95))
@settings(max_examples=40)
def test_reading_once_more_on_the_way_changes_nothing(
    events: list[dict[str, Any]], place: float
) -> None:
    """A window's edge reads the counters too: energy and use go on steadily between samples."""
    run = replay(events)
    samples = [event for event in events if "c" in event and None not in event["c"]]
    before, after = samples[0], samples[1]
    if after["t"] - before["t"] > SECOND:  # more is known of who used the machine meanwhile
        return
    t_us = round(before["t"] + place * (after["t"] - before["t"]))
    if not told(run).users or t_us in (before["t"], after["t"]):
        return
    part = (t_us - before["t"]) / (after["t"] - before["t"])
    read = [a + (b - a) * part for a, b in zip(before["c"], after["c"], strict=True)]
    twice = replay([*events, {"t": t_us, "c": read}])
    for one, other in zip(told(run).users, told(twice).users, strict=True):
        assert one.fair_share_j is not None
        assert other.fair_share_j is not None
        assert other.fair_share_j.best.value == pytest.approx(
            one.fair_share_j.best.value, rel=1e-6, abs=1e-6
        )


# -------------------------------------------------------------------------- worked examples


def test_the_worked_example_of_the_documentation() -> None:
    """Two seconds: 30 W and 3 of 4 CPU seconds ours, then 50 W and 1 of 2; 10 W are idle.

    Fair share 30 x 3/4 + 50 x 1/2 = 47.5 J; above idle (30 - 10) x 3/4 + (50 - 10) x 1/2 = 35 J.
    """
    run = replay(
        [
            START,
            channel("rapl/package-0", doubts={}, update_us=0),
            baseline(rapl_package_0=10.0),
            sample(0, [0], cpu=[0, 0]),
            sample(1, [30 * SECOND], cpu=[3 * SECOND, 4 * SECOND]),
            sample(2, [80 * SECOND], cpu=[4 * SECOND, 6 * SECOND]),
        ]
    )
    own, others, nobody = told(run).users
    assert own.fair_share_j is not None
    assert own.above_idle_j is not None
    assert own.fair_share_j.best.value == pytest.approx(47.5)
    assert own.above_idle_j.best.value == pytest.approx(35)
    assert others.above_idle_j is not None
    assert others.above_idle_j.best.value == pytest.approx(25)
    assert nobody.fair_share_j == Estimate(
        Energy(0), basis="metered", references=nobody.fair_share_j.references
    )
    assert (own.cpu_time_s, others.cpu_time_s) == (4, 2)
    assert told(run).above_idle_j is not None
    assert told(run).above_idle_j.best.value == pytest.approx(60)
    # at r = 2 the shares are 6/7 and 2/3, at r = 1/2 they are 3/5 and 1/3
    low, high = own.fair_share_j.doubts[f"attribution:run@{RUN_ID}"]
    assert low == pytest.approx(30 * 3 / 5 + 50 / 3)
    assert high == pytest.approx(30 * 6 / 7 + 50 * 2 / 3)
    assert told(run).baseline == {
        "digest": "sha256:00",
        "measured": "2026-11-21T00:00:00Z",
        "age_s": 86400.0,
        "stale": [],
    }


def test_who_used_all_or_nothing_has_no_doubt_of_attribution() -> None:
    for used in (0, 4):
        run = replay(
            [
                START,
                channel("rapl/package-0"),
                sample(0, [0], cpu=[0, 0]),
                sample(1, [30 * SECOND], cpu=[used * SECOND, 4 * SECOND]),
            ]
        )
        for user in told(run).users:
            assert user.fair_share_j is not None
            assert not [name for name in user.fair_share_j.doubts if name.startswith("attrib")]


def test_the_meters_doubt_cancels_above_a_baseline_of_the_same_meter() -> None:
    """An idle run leaves nothing above idle, wherever the meter's accuracy lies."""
    run = replay(
        [
            START,
            channel("rapl/package-0", update_us=0),
            baseline(rapl_package_0=30.0),
            sample(0, [0], cpu=[0, 0]),
            sample(1, [30 * SECOND], cpu=[SECOND, SECOND]),
        ]
    )
    above = told(run).users[0].above_idle_j
    assert above is not None
    assert above.best.value == pytest.approx(0)
    assert above.doubts["meter:rapl/package-0@m"] == pytest.approx((0, 0))
    assert above.doubts["baseline:variation"] == pytest.approx((1.5, -1.5))


def test_above_idle_is_never_cut_at_nothing() -> None:
    run = replay(
        [
            START,
            channel("rapl/package-0"),
            baseline(rapl_package_0=50.0),
            sample(0, [0], cpu=[0, 0]),
            sample(1, [30 * SECOND], cpu=[SECOND, SECOND]),
        ]
    )
    above = told(run).users[0].above_idle_j
    assert above is not None
    assert above.best.value == pytest.approx(-20)


def test_a_machine_that_sleeps_does_not_idle() -> None:
    """A second at 30 W, ten hours suspended, a second: 20 J are above 10 W of idle, twice."""
    later = 36_001 * SECOND
    run = replay(
        [
            START,
            channel("rapl/package-0", doubts={}, update_us=0),
            baseline(rapl_package_0=10.0),
            sample(0, [0], cpu=[0, 0]),
            sample(1, [30 * SECOND], cpu=[SECOND, SECOND]),
            {"e": "asleep", "from": SECOND, "to": later},
            {"t": later + SECOND, "c": [60 * SECOND], "cpu": [2 * SECOND, 2 * SECOND]},
        ]
    )
    above = told(run).users[0].above_idle_j
    assert above is not None
    assert above.best.value == pytest.approx(40)


def test_energy_while_nobody_works_is_unattributed() -> None:
    run = replay(
        [
            START,
            channel("rapl/package-0"),
            sample(0, [0], cpu=[0, 0]),
            sample(1, [30 * SECOND], cpu=[0, 0]),
            sample(2, [70 * SECOND], cpu=[SECOND, SECOND]),
        ]
    )
    best = {user.id: user.fair_share_j.best.value for user in told(run).users if user.fair_share_j}
    assert best == pytest.approx({"run": 40, "others": 0, "unattributed": 30})


def test_cpu_time_that_was_not_read_lies_between_what_was() -> None:
    """A scan was skipped: the tree's time meanwhile is spread as the machine's was."""
    run = replay(
        [
            START,
            channel("rapl/package-0"),
            sample(0, [0], cpu=[0, 0]),
            sample(1, [10 * SECOND], cpu=[None, 3 * SECOND]),
            sample(2, [50 * SECOND], cpu=[2 * SECOND, 4 * SECOND]),
        ]
    )
    own = told(run).users[0].fair_share_j
    assert own is not None
    assert own.best.value == pytest.approx(25)


def test_without_a_baseline_above_idle_is_unknown_and_says_what_helps() -> None:
    run = replay(
        [
            START,
            channel("rapl/package-0"),
            sample(0, [0], cpu=[0, 0]),
            sample(1, [30 * SECOND], cpu=[SECOND, 2 * SECOND]),
        ]
    )
    own = told(run).users[0]
    assert own.above_idle_j is None
    assert "brizna doctor --baseline" in str(own.reason)
    assert "rapl/package-0" in str(told(run).idle_reason)


def test_a_model_knows_its_idle_power_and_shares_its_doubt() -> None:
    model = {"model:cpu-load@m": [0.3, 1.2]}
    run = replay(
        [
            START,
            channel("model/cpu", basis="modelled", idle_w=10.0, doubts=model, update_us=0),
            sample(0, [0], cpu=[0, 0]),
            sample(1, [30 * SECOND], cpu=[SECOND, SECOND]),
        ]
    )
    above = told(run).users[0].above_idle_j
    assert above is not None
    assert above.best.value == pytest.approx(20)
    assert above.doubts["model:cpu-load@m"] == pytest.approx((6, 24))


def test_a_run_whose_use_was_not_recorded_says_so() -> None:
    run = replay([START, channel("rapl/package-0"), sample(0, [0]), sample(1, [30 * SECOND])])
    assert told(run).users == ()
    assert told(run).reason == "how much of the machine the run used was not recorded"


def test_memory_goes_by_what_is_resident_and_graphics_by_busy_time() -> None:
    run = replay(
        [
            START,
            channel("rapl/package-0"),
            channel("rapl/dram-0", kind="memory"),
            channel("nvml/GPU-1", kind="gpu"),
            sample(0, [0, 0, 0], cpu=[0, 0], mem=[10**9, 4 * 10**9], gpu={"nvml/GPU-1": [0, 0]}),
            sample(
                2,
                [40 * SECOND, 8 * SECOND, 100 * SECOND],
                cpu=[SECOND, 2 * SECOND],
                mem=[3 * 10**9, 4 * 10**9],
                gpu={"nvml/GPU-1": [3 * SECOND // 2, 2 * SECOND]},
            ),
        ]
    )
    own = told(run).users[0].fair_share_j
    assert own is not None
    assert own.best.value == pytest.approx(40 / 2 + 8 / 2 + 100 * 3 / 4)


def test_a_counter_of_the_whole_machine_leaves_graphics_to_who_used_them() -> None:
    """Of 200 J the card took 120, all for somebody else; the rest goes by CPU time, half ours."""
    run = replay(
        [
            START,
            channel("rapl/psys", kind="node"),
            channel("nvml/GPU-1", kind="gpu", parent="rapl/psys"),
            sample(0, [0, 0], cpu=[0, 0], gpu={"nvml/GPU-1": [0, 0]}),
            sample(
                1,
                [200 * SECOND, 120 * SECOND],
                cpu=[SECOND, 2 * SECOND],
                gpu={"nvml/GPU-1": [0, SECOND]},
            ),
        ]
    )
    own = told(run).users[0].fair_share_j
    assert own is not None
    assert own.best.value == pytest.approx(40)
    assert run.measurement.energy_j is not None
    same_in_every_world(sums(run)[0], run.measurement.energy_j)


@pytest.mark.parametrize(
    ("within", "said"), [(0.2, "within what is doubted"), (0.01, "one of them is wrong")]
)
def test_an_outer_meter_below_those_inside_it_gives_nobody_less_than_nothing(
    within: float, said: str
) -> None:
    """A wall meter reads 90 J where the cards inside took 100 J: -10 J are nobody's."""
    run = replay(
        [
            START,
            channel("pdu/1", kind="node", doubts={"meter:pdu@m": [1 - within, 1 + within]}),
            channel("nvml/GPU-1", kind="gpu", parent="pdu/1", doubts={}),
            baseline(pdu_1=40.0, nvml_GPU_1=30.0),
            sample(0, [0, 0], cpu=[0, 0], gpu={"nvml/GPU-1": [0, 0]}),
            sample(
                1,
                [90 * SECOND, 100 * SECOND],
                cpu=[SECOND, 2 * SECOND],
                gpu={"nvml/GPU-1": [SECOND // 4, SECOND]},
            ),
        ],
        [{"name": "half", "t": SECOND // 2}],
    )
    best = {user.id: user.fair_share_j.best.value for user in told(run).users if user.fair_share_j}
    assert best == pytest.approx({"run": 25, "others": 75, "unattributed": -10})
    above = {user.id: user.above_idle_j.best.value for user in told(run).users if user.above_idle_j}
    assert above == pytest.approx({"run": 70 / 4, "others": 70 * 3 / 4, "unattributed": -20})
    assert said in told(run).contradicted["pdu/1"]
    assert told(run).untold == {}
    assert run.measurement.energy_j is not None
    assert run.measurement.energy_j.best.value == pytest.approx(90)
    whole = told(run).above_idle_j
    assert whole is not None
    for one, other in zip(sums(run), (run.measurement.energy_j, whole), strict=True):
        same_in_every_world(one, other)
    (phase,) = run.measurement.phases
    assert phase.fair_share_j is not None
    assert phase.fair_share_j.best.value == pytest.approx(12.5)


def test_a_channel_of_whose_use_nobody_can_tell_is_unattributed_and_named() -> None:
    run = replay(
        [
            START,
            channel("rapl/package-0"),
            channel("nvml/GPU-1", kind="gpu"),
            sample(0, [0, 0], cpu=[0, 0]),
            sample(1, [30 * SECOND, 100 * SECOND], cpu=[SECOND, SECOND]),
        ]
    )
    assert told(run).untold == {"nvml/GPU-1": "nobody can tell who used it"}
    assert told(run).users[-1].fair_share_j is not None
    assert told(run).users[-1].fair_share_j.best.value == pytest.approx(100)


# ----------------------------------------------------------------------- many runs at once


@given(
    st.lists(st.lists(st.integers(0, 1000), min_size=60, max_size=60), min_size=1, max_size=5),
    st.data(),
)
@settings(max_examples=15)
def test_runs_side_by_side_sum_to_the_machine_above_idle(
    loads: list[list[int]], data: st.DataObject
) -> None:
    """Each run samples at instants of its own and sees only itself and the machine.

    The machine draws 20 W and 15 W for each processor that is busy; the loads, in thousandths of
    a processor, change each second. A simulated minute; the counters move in ticks of 10 ms.
    """
    idle_w, per_cpu_w = 20.0, 15.0

    def used_us(run: int, t_us: int) -> int:
        whole, part = divmod(t_us, SECOND)
        load = loads[run]
        exact = sum(load[:whole]) * 1000 + (load[whole] * part // 1000 if whole < 60 else 0)
        return exact // 10_000 * 10_000

    def machine_us(t_us: int) -> int:
        return sum(used_us(run, t_us) for run in range(len(loads)))

    def energy_uj(t_us: int) -> int:
        whole, part = divmod(t_us, SECOND)
        busy = sum(
            sum(load[:whole]) * 1000 + (load[whole] * part / 1000 if whole < 60 else 0)
            for load in loads
        )
        return round(idle_w * t_us + per_cpu_w * busy)

    assume(machine_us(60 * SECOND) >= 10 * SECOND)
    summed = 0.0
    for run in range(len(loads)):
        shift_us = data.draw(st.integers(1, SECOND - 1))
        times = [0, *range(shift_us, 60 * SECOND, SECOND), 60 * SECOND]
        samples = [
            sample(t / SECOND, [energy_uj(t)], cpu=[used_us(run, t), machine_us(t)]) for t in times
        ]
        told_run = replay(
            [
                {**START, "id": f"20261122T000000Z-00000{run}"},
                channel("rapl/package-0", doubts={}, update_us=0),
                baseline(rapl_package_0=idle_w),
                *samples,
            ]
        )
        above = told(told_run).users[0].above_idle_j
        assert above is not None
        summed += above.best.value
    true_j = per_cpu_w * sum(map(sum, loads)) / 1000
    assert summed / true_j == pytest.approx(1, abs=0.01)

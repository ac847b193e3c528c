"""The counter engine: laws that hold for any readings."""

from hypothesis import given
from hypothesis import strategies as st

from brizna.core.estimate import total
from brizna.core.measurement import Channel
from brizna.core.replay import replay
from brizna.meter import Sampler, Tally
from brizna.testing import FakeClock

START = {
    "e": "start",
    "schema": "brizna.journal/1",
    "id": "20261122T000000Z-000000",
    "started": "2026-11-22T00:00:00Z",
    "machine": "m",
    "brizna": "0",
}
MOST_W = 200.0
SPAN_UJ = 50_000_000_000
SECOND_US = 1_000_000


def channel(**about):
    fields = {"id": "c", "kind": "cpu", "method": "rapl", "basis": "metered"}
    return Channel(**{**fields, "max_power_w": MOST_W, "update_us": 1000, **about})


def tally(*, wrap_uj=SPAN_UJ, **about):
    gaps = []
    return Tally(channel(**about), wrap_uj=wrap_uj, report=gaps.append), gaps


class Scripted:
    """A meter that shows what it is told to."""

    def __init__(self, *channels, wrap_uj=None):
        self.raws = [0] * len(channels)
        self.reasons = {}
        self._channels = channels
        self._wrap_uj = wrap_uj

    def channels(self):
        return self._channels

    def ranges(self):
        return {} if self._wrap_uj is None else {c.id: self._wrap_uj for c in self._channels}

    def unseen(self):
        return {}

    def read(self, t_us):
        assert t_us >= 0
        return tuple(self.raws)

    def trouble(self):
        return self.reasons

    def close(self):
        pass


raw_readings = st.lists(
    st.tuples(
        st.integers(1, 20 * SECOND_US),
        st.one_of(st.none(), st.integers(0, SPAN_UJ), st.integers(0, 10_000_000)),
    ),
    max_size=30,
)


@given(raw_readings)
def test_no_readings_whatever_count_more_than_the_channel_can_draw(readings):
    counter, _ = tally()
    t_us, accepted, best = 0, 0, 0
    for elapsed_us, raw in readings:
        t_us += elapsed_us
        counted = counter.take(t_us, raw, reason="no")
        if counted is not None:
            assert counted >= best
            best, accepted = counted, accepted + 1
            assert counted <= MOST_W * (t_us + accepted * 11_000) + accepted * 2000


@given(raw_readings)
def test_every_missing_number_lies_in_a_gap(readings):
    counter, gaps = tally()
    t_us, missing = 0, []
    for elapsed_us, raw in readings:
        t_us += elapsed_us
        if counter.take(t_us, raw, reason="no") is None:
            missing.append(t_us)
    latest = {gap["from"]: gap["to"] for gap in gaps}
    for instant in missing:
        assert any(
            start <= instant and (end is None or instant <= end) for start, end in latest.items()
        )


powers = st.lists(st.integers(1, int(MOST_W)), min_size=4, max_size=20)


def run_of(powers_w, *, trouble, start_uj=0):
    """Return the energy of a run whose true powers are known, and the true joules.

    Args:
        powers_w: True power in each second.
        trouble: What happens at the end of which second: unreadable, restart or glitch.
        start_uj: Where the counter stands at the start.
    """
    clock, events = FakeClock(), []
    meter = Scripted(channel(), wrap_uj=SPAN_UJ)
    raw_uj = meter.raws[0] = start_uj
    sampler = Sampler([meter], clock=clock, write=events.append)
    sampler.start()
    for second, power_w in enumerate(powers_w):
        clock.advance(1)
        raw_uj = (raw_uj + power_w * SECOND_US) % SPAN_UJ
        what = trouble.get(second)
        if what == "restart":
            raw_uj = 0
        meter.raws = [{"unreadable": None, "glitch": 7}.get(what, raw_uj)]
        meter.reasons = {"c": "no"}
        sampler.sample()
    sampler.close()
    return replay([START, *events]).measurement.energy_j, float(sum(powers_w))


class Throttled(Scripted):
    """A meter whose reader is stopped for a while between the clock and the counter."""

    def __init__(self, clock, waits_s, *channels):
        super().__init__(*channels, wrap_uj=SPAN_UJ)
        self.clock, self.waits_s = clock, list(waits_s)

    def read(self, t_us):
        assert t_us >= 0
        if self.waits_s:
            self.clock.advance(self.waits_s.pop(0))
        return (round(MOST_W * self.clock.now_us()) % SPAN_UJ,)


@given(st.lists(st.sampled_from([0.0, 0.02, 0.3, 2.0]), min_size=3, max_size=20))
def test_a_reader_that_is_stopped_before_it_reads_loses_nothing(waits_s):
    """As a container is whose processor quota is used up: the clock is read, the counter later."""
    clock, events = FakeClock(), []
    sampler = Sampler([Throttled(clock, waits_s, channel())], clock=clock, write=events.append)
    sampler.start()
    for _ in waits_s:
        clock.advance(0.01)
        window = sampler.begin("step")
        clock.advance(0.01)
        sampler.finish(window)
        sampler.sample()
    true_uj = round(MOST_W * clock.now_us()) - round(MOST_W * (sampler.start_us + waits_s[0] * 1e6))
    sampler.close()
    assert not [event for event in events if event.get("e") == "gap"]
    assert events[-1]["c"] == [true_uj]


silences = st.sets(st.integers(0, 19), max_size=6).map(lambda at: dict.fromkeys(at, "unreadable"))
events = st.one_of(
    st.just({}),
    st.builds(
        lambda at, what: {at: what}, st.integers(0, 19), st.sampled_from(["restart", "glitch"])
    ),
)


@given(powers, silences, events, st.sampled_from([10**9, 2 * 10**10]))
def test_a_gap_never_lowers_an_upper_bound(powers_w, silence, event, start_uj):
    energy_j, true_j = run_of(powers_w, trouble=silence | event, start_uj=start_uj)
    if energy_j is not None:
        assert energy_j.high.value >= true_j * (1 - 1e-6) - 1e-3


@given(powers, silences, st.integers(SPAN_UJ - 4 * 10**9, SPAN_UJ))
def test_a_gap_in_which_the_counter_wraps_keeps_the_truth_in_the_interval(powers_w, silence, start):
    energy_j, true_j = run_of(powers_w, trouble=silence, start_uj=start)
    if energy_j is not None:
        assert energy_j.low.value <= true_j + 1e-3
        assert energy_j.high.value >= true_j * (1 - 1e-6) - 1e-3


@given(powers)
def test_an_untroubled_counter_is_exact(powers_w):
    energy_j, true_j = run_of(powers_w, trouble={}, start_uj=SPAN_UJ - 10**8)
    assert abs(energy_j.best.value - true_j) < 1e-6


@given(powers, st.sets(st.sampled_from([0.25, 0.5, 0.75])))
def test_splitting_a_window_and_summing_changes_nothing(powers_w, cuts):
    clock, events = FakeClock(), []
    meter = Scripted(channel(), wrap_uj=SPAN_UJ)
    sampler = Sampler([meter], clock=clock, write=events.append)
    sampler.start()
    whole, part = sampler.begin("whole"), sampler.begin("part")
    for power_w in powers_w:
        done = 0.0
        for cut in [*sorted(cuts), 1.0]:
            clock.advance(cut - done)
            meter.raws = [meter.raws[0] + round(power_w * (cut - done) * SECOND_US)]
            done = cut
            if cut < 1.0:
                sampler.finish(part)
                part = sampler.begin("part")
        sampler.sample()
    sampler.finish(part)
    sampler.finish(whole)
    sampler.sample()
    phases = replay([START, *events]).measurement.phases
    parts = total(phase.energy_j for phase in phases if phase.name == "part")
    (long,) = (phase.energy_j for phase in phases if phase.name == "whole")
    assert abs(parts.best.value - long.best.value) < 1e-3 * len(powers_w)
    # The edges that parts share cancel, but in a part too short to lose what its edge may hide.
    assert parts.high.value >= long.high.value - 1e-3 * len(powers_w)
    assert parts.low.value <= long.low.value + 1e-3 * len(powers_w)


class Thorough(Tally):
    """A tally that takes no short cut."""

    __slots__ = ()

    def _plain_rise(self, *_):
        return None


@given(
    st.lists(
        st.tuples(
            st.sampled_from([1, 1000, 10_000, 300_000, SECOND_US, 400 * SECOND_US]),
            st.one_of(
                st.none(),
                st.sampled_from([0, 1, 1_000_000, SPAN_UJ - 1, SPAN_UJ]),
                st.integers(0, SPAN_UJ),
            ),
            st.floats(0, 1.3),
            st.sampled_from([0, 0, 0, 500_000]),
        ),
        max_size=30,
    ),
    st.sampled_from([None, SPAN_UJ]),
    st.sampled_from([None, MOST_W]),
    st.sampled_from(["device", "reader"]),
)
def test_the_short_cut_for_plain_readings_comes_to_the_same(steps, wrap_uj, most_w, counted_by):
    kinds = (Tally, Thorough)
    told = ([], [])
    about = channel(max_power_w=most_w, counted_by=counted_by)
    one, other = (
        kind(about, wrap_uj=wrap_uj, report=gaps.append)
        for kind, gaps in zip(kinds, told, strict=True)
    )
    t_us = asleep_us = raw = 0
    for wait_us, jump, load, nap_us in steps:
        t_us += wait_us + nap_us
        asleep_us += nap_us
        raw = round(raw + load * MOST_W * wait_us) if jump is None else jump
        reading = {"reason": "glitch"} if jump == 1 else {}
        seen = None if jump == 1 else raw
        assert one.take(t_us, seen, asleep_us=asleep_us, **reading) == other.take(
            t_us, seen, asleep_us=asleep_us, **reading
        )
    assert told[0] == told[1]


def test_a_lower_number_is_a_wrap_only_where_the_power_allows_it():
    counter, gaps = tally()
    counter.take(0, SPAN_UJ - 50_000_000)
    assert counter.take(SECOND_US, 50_000_000) == 100_000_000
    assert gaps == []
    counter, gaps = tally()
    counter.take(0, SPAN_UJ - 50_000_000_00)
    assert counter.take(SECOND_US, 50_000_000) is None
    assert gaps[-1]["reason"] == "the counter restarted lower"


def test_without_a_known_range_a_lower_number_is_never_a_wrap():
    counter, gaps = tally(wrap_uj=None)
    counter.take(0, 1000)
    assert counter.take(SECOND_US, 10) is None
    assert counter.take(2 * SECOND_US, 110) == 100
    assert gaps[-1]["counted"] is False


def test_a_rise_beyond_the_highest_plausible_power_is_a_gap():
    counter, gaps = tally()
    counter.take(0, 0)
    assert counter.take(SECOND_US, 20_000_000_000) is None
    assert "more than the channel can draw" in gaps[-1]["reason"]
    assert counter.take(2 * SECOND_US, 20_100_000_000) == 100_000_000
    assert gaps[-1]["counted"] is False


def test_a_number_that_was_simply_not_read_leaves_no_gap():
    counter, gaps = tally(counted_by="reader")
    counter.take(0, 0)
    assert counter.take(SECOND_US, None) is None
    assert counter.take(2 * SECOND_US, 200) == 200
    assert gaps == []


def test_so_long_a_silence_that_a_lap_may_be_hidden_counts_only_the_least():
    counter, gaps = tally()
    counter.take(0, 10_000_000_000)
    assert counter.take(400 * SECOND_US, 11_000_000_000) == 1_000_000_000
    assert gaps[-1]["counted"] is False
    assert "wrapped unseen" in gaps[-1]["reason"]


def test_a_gap_at_the_very_start_begins_with_the_first_attempt():
    counter, gaps = tally()
    assert counter.take(5, None, reason="no") is None
    assert counter.take(SECOND_US, 500) == 0
    assert [(gap["from"], gap["to"]) for gap in gaps] == [(5, None), (5, SECOND_US)]


def test_where_a_restart_cannot_be_told_from_a_wild_value_the_least_is_counted():
    counter, gaps = tally()
    counter.take(0, 50_000_000)
    counter.take(SECOND_US, 0)
    assert counter.take(2 * SECOND_US, 110_000_000) == 60_000_000
    assert gaps[-1]["counted"] is False


def test_a_counter_beyond_its_stated_range_did_not_wrap():
    counter, gaps = tally()
    counter.take(0, SPAN_UJ + 50_000_000)
    assert counter.take(SECOND_US, 20_000_000) is None
    assert gaps[-1]["reason"] == "the counter restarted lower"


def test_the_reason_of_a_gap_is_the_last_thing_that_was_seen():
    counter, gaps = tally()
    counter.take(0, 10**10)
    counter.take(SECOND_US, None, reason="No such device")
    counter.take(2 * SECOND_US, 100)
    counter.take(3 * SECOND_US, 50_000_100)
    assert [gap["reason"] for gap in gaps] == [
        "unreadable: No such device",
        "the counter restarted lower",
        "the counter restarted lower",
    ]
    assert {gap["from"] for gap in gaps} == {0}


def test_a_wild_value_is_forgotten_once_it_was_understood():
    counter, gaps = tally()
    readings = [10_000, 9_900, 10_300, None, 10_500]
    for second, raw in enumerate(readings):
        counter.take(second * SECOND_US, raw and raw * 10**6, reason="no")
    assert [gap["counted"] for gap in gaps if gap["to"]] == [True, True]


def frozen_run(powers_w, *, at_s, for_s, max_power_w=MOST_W):
    """Return the run of a counter that stands still for a while, its true joules and its gaps."""
    clock, events = FakeClock(), []
    meter = Scripted(channel(max_power_w=max_power_w), wrap_uj=SPAN_UJ)
    sampler = Sampler([meter], clock=clock, write=events.append)
    sampler.start()
    raw_uj = 0
    for second, power_w in enumerate(powers_w):
        stands_s = max(0.0, min(second + 1, at_s + for_s) - max(second, at_s))
        raw_uj += round(power_w * (1 - stands_s) * SECOND_US)
        clock.advance(1)
        meter.raws = [raw_uj]
        sampler.sample()
    sampler.close()
    return replay([START, *events]).measurement, float(sum(powers_w))


@given(powers, st.floats(1, 19), st.floats(2, 19))
def test_a_counter_that_stops_at_any_time_never_lowers_the_upper_bound(powers_w, at_s, for_s):
    measured, true_j = frozen_run(powers_w, at_s=at_s, for_s=for_s)
    lost_s = min(len(powers_w), at_s + for_s) - at_s
    if lost_s >= 2:  # then one whole second without a step was seen
        assert measured.energy_j.low.value <= true_j + 1e-3
        assert measured.energy_j.high.value >= true_j * (1 - 1e-6) - 1e-3
        assert measured.coverage.gap_s >= lost_s - 1e-6


def test_a_counter_that_stops_at_the_end_of_a_run_leaves_an_open_gap():
    measured, true_j = frozen_run([100] * 10, at_s=5, for_s=99)
    (gap,) = measured.channels[0].gaps
    assert (gap.reason, gap.start_s, gap.end_s) == ("the counter stands still", 4.0, None)
    assert measured.coverage.gap_s == 6.0
    assert measured.energy_j.best.value == 500
    assert measured.energy_j.high.value >= true_j


def test_a_stop_is_seen_between_readings_that_are_not_quite_a_second_apart():
    counter, gaps = tally()
    for t_us, raw in ((0, 0), (1_000_080, 10**8), (2_000_030, 10**8), (3_000_060, 2 * 10**8)):
        counter.take(t_us, raw)
    assert {gap["reason"] for gap in gaps} == {"the counter stands still"}


def test_a_counter_that_draws_almost_nothing_may_stand_for_a_while():
    counter, gaps = tally()
    for second in range(60):
        counter.take(second * SECOND_US, second // 8 * 8 * 1000)  # 1 mW in steps of 8 mJ
    assert gaps == []


def test_a_counter_of_coarse_steps_is_not_taken_for_a_stopped_one():
    counter, gaps = tally()
    for second in range(60):
        counter.take(second * SECOND_US, second * 300_000 // 10**6 * 10**6)  # 0.3 W by the joule
    assert gaps == []


def test_an_idle_part_whose_counter_stops_is_believed():
    for about in ({"kind": "uncore"}, {"counted_by": "reader"}):
        counter, gaps = tally(**about)
        for second in range(30):
            counter.take(second * SECOND_US, min(second, 5) * 10**8)
        assert gaps == []


def test_a_counter_that_never_moved_is_doubted_only_after_long():
    counter, gaps = tally()
    for second in range(10):
        counter.take(second * SECOND_US, 0)
    assert gaps == []
    counter.take(10 * SECOND_US, 0)
    assert [gap["reason"] for gap in gaps] == ["the counter stands still"]


def test_sleep_does_not_make_a_counter_look_stopped():
    counter, gaps = tally()
    counter.take(0, 0)
    counter.take(SECOND_US, 10**8)
    counter.take(9 * SECOND_US, 10**8, asleep_us=7_500_000)
    assert gaps == []
    counter.take(10 * SECOND_US, 10**8, asleep_us=7_500_000)
    assert gaps[-1]["from"] == 0


def test_a_stopped_counter_that_could_not_be_read_meanwhile_is_still_found():
    for strange in (None, 7):
        counter, gaps = tally()
        for second, raw in enumerate([10**10, 10**10 + 10**8, strange]):
            counter.take(second * SECOND_US, raw, reason="no")
        counter.take(3 * SECOND_US, 10**10 + 10**8)
        latest = {gap["from"]: gap for gap in gaps}
        assert (latest[0]["to"], latest[0]["counted"]) == (None, False)
        assert latest[SECOND_US]["to"] == 3 * SECOND_US


def test_a_counter_that_stops_twice_has_two_gaps_that_do_not_overlap():
    counter, gaps = tally()
    for second, raw in enumerate([100, 101, 102, 102, 102, 103, 103, 103, 104]):
        counter.take(second * SECOND_US, raw * 10**8)
    latest = {gap["from"] // SECOND_US: gap["to"] // SECOND_US for gap in gaps if gap["to"]}
    assert latest == {1: 5, 5: 8}

"""Energy of single requests: their parts and what is idle sum to the run."""

from __future__ import annotations

import os
import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import brizna
from brizna.core.estimate import total
from brizna.integrations._serving import Serving


def joules(energy):
    """Return the best joules, rounded to what the clock can tell."""
    return None if energy is None else round(energy.best.value, 3)


def test_a_request_has_what_was_drawn_while_it_was_open(lab):
    with Serving("chat", **lab.options) as serving:
        lab.work(2)
        with serving.request() as request:
            lab.work(3)
            request.count(tokens=12)
        lab.work(1)
        serving.shares()
    assert joules(request.energy) == 3 * lab.power_w
    assert joules(request.energy_per("tokens")) == 3 * lab.power_w / 12
    shares = serving.shares()
    assert joules(shares.requests) == 3 * lab.power_w
    assert joules(shares.idle) == 3 * lab.power_w
    assert shares.unknown.best.value == 0


def test_requests_at_once_share_what_is_drawn_by_their_weights(lab):
    with Serving(**lab.options) as serving, serving.request(weight=3) as heavy:
        lab.work(4)
        with serving.request() as light:
            lab.work(4)
        lab.work(1)
    assert joules(light.energy) == lab.power_w
    assert joules(heavy.energy) == 8 * lab.power_w
    assert joules(serving.mean()) == 4.5 * lab.power_w


def test_the_parts_sum_to_the_run_with_all_its_doubts(lab):
    with Serving(**lab.options) as serving:
        requests = [serving.request() for _ in range(20)]
        for number, request in enumerate(requests):
            request.__enter__()
            lab.work(0.31)
            if number % 3 == 2:
                for _ in range(2):
                    requests[number - _].__exit__()
                    lab.work(0.17)
        lab.work(1)
    shares, run = serving.shares(), serving.run
    whole = total([shares.requests, shares.idle, shares.unknown])
    energy = run.measurement.energy_j
    assert whole.best.value == pytest.approx(energy.best.value, rel=1e-12)
    assert whole.low.value == pytest.approx(energy.low.value, rel=1e-9)
    assert whole.high.value == pytest.approx(energy.high.value, rel=1e-9)
    parts = [request.energy.best.value for request in requests]
    assert sum(parts) == pytest.approx(shares.requests.best.value, rel=1e-9)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(
        st.tuples(st.booleans(), st.integers(0, 3), st.sampled_from([0.0003, 0.004, 0.05, 0.7])),
        min_size=1,
        max_size=40,
    )
)
def test_the_mean_of_all_requests_is_their_share_of_the_run(lab, steps):
    with Serving(**lab.options) as serving:
        inside = [serving.request().__enter__()]
        lab.work(0.001)
        for opens, which, seconds in steps:
            if opens:
                inside.append(serving.request().__enter__())
            elif inside:
                inside.pop(which % len(inside)).__exit__()
            lab.work(seconds)
        count = 1 + sum(opens for opens, _, _ in steps)
    shares, mean, whole = serving.shares(), serving.mean(), serving.run.measurement.energy_j
    assert mean.best.value * count == pytest.approx(shares.requests.best.value, rel=1e-6)
    assert mean.low.value * count >= shares.requests.low.value * (1 - 1e-6)
    assert mean.high.value * count <= shares.requests.high.value * (1 + 1e-6)
    assert shares.requests.high.value <= whole.high.value * (1 + 1e-9)
    assert shares.idle.high.value <= whole.high.value * (1 + 1e-9)


def test_the_record_tells_the_time_in_which_requests_were_open_and_the_energy_of_each(lab):
    with Serving("chat", **lab.options) as serving:
        for _ in range(4):
            lab.work(1)
            with serving.request() as request:
                lab.work(2)
                request.count(tokens=10)
    kept = lab.store.read("chat").run
    phases = kept.measurement.phases
    assert {phase.name for phase in phases} == {"serving"}
    assert joules(total(phase.energy_j for phase in phases)) == 8 * lab.power_w
    work = {each.name: each for each in kept.measurement.work}
    assert (work["requests"].amount, work["tokens"].amount) == (4, 40)


def test_a_request_too_short_for_the_meters_has_no_figure_but_their_mean_has(lab):
    with Serving(**lab.options) as serving:
        for _ in range(50):
            lab.work(0.01)
            with serving.request() as request:
                lab.work(0.0005)
        serving.shares()
    assert request.energy is None
    assert "too short" in request.reason
    mean = serving.mean()
    assert joules(mean) == round(0.0005 * lab.power_w, 3)
    assert mean.low.value > 0
    assert mean.high.value < 1.5 * mean.best.value


def test_a_request_that_is_open_has_what_was_drawn_so_far(lab):
    with Serving(**lab.options) as serving, serving.request() as request:
        lab.work(2)
        assert joules(serving.look(request)) == 2 * lab.power_w


def test_the_mean_of_the_last_seconds_leaves_older_requests_out(lab):
    with Serving(**lab.options) as serving:
        for seconds in (8, 2, 2):
            with serving.request() as request:
                lab.work(seconds)
                request.count(tokens=4)
            serving.shares()
            lab.work(1)
        assert joules(serving.mean()) == 4 * lab.power_w
        assert joules(serving.mean(seconds=6.5)) == 2 * lab.power_w
        assert joules(serving.mean("tokens", seconds=6.5)) == 0.5 * lab.power_w
        assert serving.mean("images") is None
        assert serving.mean(seconds=0.5) is None


def test_each_request_is_told_of_once_the_meters_were_read_after_it(lab):
    told = []
    with Serving(
        on_request=lambda request: told.append(joules(request.energy)), **lab.options
    ) as s:
        for _ in range(3):
            with s.request():
                lab.work(1)
        assert len(told) < 3
    assert told == [lab.power_w] * 3


def test_a_listener_that_raises_is_left_out_and_harms_nothing(lab):
    serving = Serving(on_request=lambda _: 1 / 0, **lab.options)
    for _ in range(2):
        with serving.request():
            lab.work(1)
    with pytest.warns(UserWarning, match="ZeroDivisionError"):
        serving.close()
    assert joules(serving.mean()) == lab.power_w


def test_what_fails_in_a_request_passes_and_its_energy_counts(lab):
    def fail():
        lab.work(1)
        with serving.request():
            lab.work(1)
            raise ZeroDivisionError

    with Serving(**lab.options) as serving, pytest.raises(ZeroDivisionError):
        fail()
    assert joules(serving.mean()) == lab.power_w


def test_a_request_that_outlives_the_run_has_what_was_counted_until_then(lab):
    serving = Serving(**lab.options)
    with serving.request() as request:
        lab.work(2)
        serving.close()
    serving.close()
    assert joules(request.energy) == 2 * lab.power_w
    assert joules(serving.shares().requests) == 2 * lab.power_w


def test_inside_a_measured_block_requests_share_that_blocks_energy(lab):
    with brizna.measure("day", **lab.options) as day:
        lab.work(1)
        with Serving(measuring=day) as serving, serving.request() as request:
            lab.work(2)
        lab.work(1)
        assert day.is_open
    assert joules(request.energy) == 2 * lab.power_w
    assert joules(day.energy) == 4 * lab.power_w
    assert len(list(lab.store.runs())) == 1


def test_the_journal_of_a_busy_server_stays_small_and_its_energies_right(lab):
    with Serving("busy", **lab.options) as serving:
        for _ in range(3000):
            with serving.request():
                lab.work(0.002)
            lab.work(0.002)
        serving.settle()
        mean = serving.mean()
    assert mean.best.value == pytest.approx(0.002 * lab.power_w, rel=0.001)
    assert mean.high.value < 1.5 * mean.best.value
    run = lab.store.read("busy").run
    assert run.measurement.samples < 500
    phases = total(phase.energy_j for phase in run.measurement.phases)
    assert 6 * lab.power_w < phases.best.value < 12 * lab.power_w
    assert {work.name: work.amount for work in run.measurement.work} == {"requests": 3000}


def test_threads_that_serve_at_once_lose_nothing(lab):
    with Serving(**lab.options) as serving:

        def serve():
            for _ in range(50):
                with serving.request() as request:
                    request.count(tokens=1)

        threads = [threading.Thread(target=serve) for _ in range(8)]
        for thread in threads:
            thread.start()
        lab.work(5)
        for thread in threads:
            thread.join()
        lab.work(1)
    shares = serving.shares()
    whole = total([shares.requests, shares.idle, shares.unknown])
    energy = serving.run.measurement.energy_j
    assert whole.best.value == pytest.approx(energy.best.value, rel=1e-12)
    work = {each.name: each.amount for each in serving.run.measurement.work}
    assert work == {"requests": 400, "tokens": 400}


def test_a_forked_child_serves_without_measuring(lab):
    with Serving(**lab.options) as serving:
        pid = os.fork()
        if pid == 0:
            with serving.request() as request:
                pass
            serving.close()
            os._exit(7 if request.energy is None else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7
        with serving.request() as request:
            lab.work(1)
    assert joules(request.energy) == lab.power_w


@pytest.mark.parametrize("weight", [0, -1, 1.5, True])
def test_a_weight_is_a_whole_number_from_1(weight):
    with pytest.raises(brizna.InputError, match="expected a whole number from 1"):
        Serving().request(weight=weight)


def test_before_anything_was_served_there_is_no_run():
    with pytest.raises(brizna.UnavailableError, match="Nothing was served"):
        Serving().run  # noqa: B018


def test_where_nothing_can_be_read_requests_are_served_without_a_figure(tmp_path):
    with Serving(meters=[], store=str(tmp_path)) as serving:
        for _ in range(3):
            with serving.request() as request:
                request.count(tokens=1)
        serving.settle()
    assert (request.energy, serving.mean(), serving.shares()) == (None, None, None)
    assert "nothing is measured" in request.reason


def test_what_is_counted_while_a_meter_fails_is_unknown_and_the_request_says_so(lab):
    meters = lab.options["meters"]
    options = {**lab.options, "meters": meters}
    with Serving(**options) as serving:
        with serving.request() as whole:
            lab.work(2)
        with serving.request() as request:
            lab.work(1)
            serving.settle()
            with lab.blackout():
                lab.work(1)
                serving.settle()
            lab.work(1)
        lab.work(3)
        serving.settle()
    assert joules(whole.energy) == 2 * lab.power_w
    assert request.energy is None
    assert "could not be read" in request.reason
    shares = serving.shares()
    assert shares.unknown.best.value > 0
    energy = serving.run.measurement.energy_j
    whole = total([shares.requests, shares.idle, shares.unknown])
    assert whole.best.value == pytest.approx(energy.best.value, rel=1e-12)

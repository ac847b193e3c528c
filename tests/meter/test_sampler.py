"""The sampler: one reader of all meters, that harms nobody."""

import os
import threading

import pytest

from brizna.core.errors import InputError
from brizna.core.measurement import Channel
from brizna.meter import BootClock, Sampler
from brizna.meter._load_model import MemoryMeter, Sleep


def constant(channel_id="c", power_w=10.0, **about):
    fields = {"kind": "memory", "method": "size-model", "basis": "modelled"}
    channel = Channel(id=channel_id, counted_by="reader", max_power_w=power_w, **fields, **about)
    return MemoryMeter(channel, power_w, Sleep(lambda: 0))


class Counting:
    """A device that can be read at any time, and counts how often it was."""

    def __init__(self, **about):
        self.reads = 0
        self.is_closed = False
        self._channel = Channel(id="d", kind="cpu", method="rapl", basis="metered", **about)

    def channels(self):
        return (self._channel,)

    def ranges(self):
        return {}

    def unseen(self):
        return {"node": "no such counter", "cpu": "another way"}

    def read(self, t_us):
        self.reads += 1
        return (t_us * 10,)

    def trouble(self):
        return {}

    def close(self):
        self.is_closed = True


class Broken(Counting):
    """A meter that breaks its promise: it raises."""

    def read(self, t_us):
        assert t_us >= 0
        raise ZeroDivisionError("a bug of its own")

    def close(self):
        raise OSError("not even that")


def test_the_start_tells_channels_and_what_no_meter_covers(rig):
    rig.start([Counting()])
    channel, unseen, first = rig.events
    assert (channel["e"], channel["id"]) == ("channel", "d")
    assert unseen == {"e": "unseen", "component": "node", "reason": "no such counter"}
    assert first == {"t": 0, "c": [0]}


def test_a_sample_holds_the_time_what_was_counted_and_what_is_known_beside(rig):
    sampler = rig.start([Counting(), constant()])
    rig.clock.advance(1)
    assert sampler.sample({"cpu": [5, 7], "mem": [1, None]}) == {
        "t": 1_000_000,
        "c": [10_000_000, 10_000_000],
        "cpu": [5, 7],
        "mem": [1, None],
    }


def test_the_first_sample_too_holds_what_is_known_beside(rig):
    sampler = Sampler([constant()], clock=rig.clock, write=rig.events.append)
    assert sampler.start({"cpu": [0, 9]}) == {"t": 0, "c": [0], "cpu": [0, 9]}


def test_windows_read_at_once_and_are_written_with_the_next_sample(rig):
    meter = Counting()
    sampler = rig.start([meter])
    written = len(rig.events)
    rig.clock.advance(0.25)
    window = sampler.begin("train")
    rig.clock.advance(0.25)
    sampler.finish(window)
    assert len(rig.events) == written
    assert meter.reads == 3
    rig.tick(1)
    begin, finish, _ = rig.events[written:]
    assert begin == {"e": "begin", "w": 1, "name": "train", "t": 250_000, "c": [2_500_000]}
    assert finish == {"e": "finish", "w": 1, "t": 500_000, "c": [5_000_000]}


def test_nested_and_overlapping_windows_each_have_their_energy(rig):
    sampler = rig.start([Counting()])
    outer = sampler.begin("outer")
    rig.tick(1)
    inner, crossing = sampler.begin("inner"), sampler.begin("crossing")
    rig.tick(1)
    sampler.finish(inner)
    rig.tick(1)
    sampler.finish(outer)
    rig.tick(1)
    sampler.finish(crossing)
    phases = {phase.name: phase.energy_j.best.value for phase in rig.run().measurement.phases}
    assert phases == pytest.approx({"outer": 30, "inner": 10, "crossing": 30})


def test_a_window_that_nobody_closed_is_open(rig):
    sampler = rig.start([Counting()])
    sampler.begin("forever")
    rig.tick(2)
    (phase,) = rig.run().measurement.phases
    assert phase.open


def test_many_windows_between_two_samples_do_not_pile_up(rig):
    sampler = rig.start([Counting()])
    for _ in range(5000):
        sampler.finish(sampler.begin("step"))
    assert len(rig.events) > 4000


def test_a_model_is_not_computed_over_a_few_clock_ticks(rig):
    sampler = rig.start([constant()])
    rig.tick(1)
    sampler.begin("soon after")
    rig.clock.advance(0.5)
    sampler.begin("later")
    rig.tick(1)
    counted = {event["name"]: event["c"] for event in rig.events if event.get("e") == "begin"}
    assert counted == {"soon after": [None], "later": [15_000_000]}
    assert rig.gaps() == []


def test_a_meter_that_raises_gets_gaps_and_the_others_go_on(rig, energies):
    sampler = rig.start([Broken(), constant()])
    rig.tick(3)
    assert energies(rig.run()) == {"d": None, "c": pytest.approx(30)}
    assert rig.gaps()[0]["reason"] == "unreadable: ZeroDivisionError: a bug of its own"
    assert sampler.trouble == "OSError: not even that"


def test_a_full_disk_is_noted_once_and_sampling_goes_on(rig):
    def write(event):
        raise OSError(28, f"No space left for {event.get('t', 'this')}")

    sampler = Sampler([constant()], clock=rig.clock, write=write)
    sampler.start()
    rig.clock.advance(1)
    assert sampler.sample() == {"t": 1_000_000, "c": [10_000_000]}
    assert sampler.trouble == "OSError: [Errno 28] No space left for this"
    sampler.close()


def test_two_meters_cannot_claim_one_channel(rig):
    with pytest.raises(InputError, match=r"one channel: c\. Name each meter once"):
        Sampler(
            [constant("other"), constant(), constant()], clock=rig.clock, write=rig.events.append
        )


def test_a_forked_childs_handle_does_nothing(rig):
    sampler = rig.start([Counting()])
    written = len(rig.events)
    pid = os.fork()
    if pid == 0:
        idle = sampler.sample() is None and sampler.begin("child") is None
        sampler.finish(1)
        sampler.close()
        os._exit(0 if idle and len(rig.events) == written else 1)
    assert os.waitpid(pid, 0)[1] == 0
    assert sampler.sample() is not None


def test_a_closed_sampler_does_nothing_and_its_meters_are_closed(rig):
    meter = Counting()
    sampler = rig.start([meter])
    sampler.begin("open")
    sampler.close()
    sampler.close()
    assert meter.is_closed
    assert rig.events[-1]["e"] == "begin"
    assert sampler.sample() is None
    assert sampler.begin("late") is None


def test_the_thread_samples_and_ends_with_the_sampler():
    seen = threading.Semaphore(0)
    with Sampler([constant()], clock=BootClock(), write=lambda _: seen.release()) as sampler:
        sampler.start()
        sampler.run_thread(0.001)
        assert all(seen.acquire(timeout=10) for _ in range(5))
        with pytest.raises(InputError, match="thread already"):
            sampler.run_thread(0.001)
        (thread,) = (t for t in threading.enumerate() if t.name == "brizna-sampler")
        assert thread.daemon
    assert not thread.is_alive()


def test_the_thread_asks_what_is_known_beside_and_does_without_it_where_that_raises():
    told, enough = [], threading.Semaphore(0)
    answers = iter([{"cpu": [1, 2]}, None])

    def write(event):
        told.append(event)
        enough.release()

    with Sampler([constant()], clock=BootClock(), write=write) as sampler:
        sampler.start()
        sampler.run_thread(0.001, lambda: next(answers))
        assert all(enough.acquire(timeout=10) for _ in range(6))
    assert [event.get("cpu") for event in told if "e" not in event][:4] == [
        None,
        [1, 2],
        None,
        None,
    ]
    assert sampler.trouble == "StopIteration: "


def test_a_thread_ends_at_once_though_its_next_sample_is_far_away():
    sampler = Sampler([constant()], clock=BootClock(), write=lambda _: None)
    sampler.start()
    sampler.run_thread(3600)
    sampler.close()
    assert "brizna-sampler" not in {thread.name for thread in threading.enumerate()}


def test_a_program_without_descriptors_left_is_sampled_too(monkeypatch):
    def no_pipe():
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(os, "pipe", no_pipe)
    seen = threading.Semaphore(0)
    with Sampler([constant()], clock=BootClock(), write=lambda _: seen.release()) as sampler:
        sampler.start()
        sampler.run_thread(0.001)
        assert all(seen.acquire(timeout=10) for _ in range(5))


@pytest.mark.parametrize("look", ["window", "sample", "late tick"])
def test_sleep_of_the_machine_is_found_whatever_looks_first(rig, look):
    awake_s = [0.0]
    device = Counting(max_power_w=11.0)
    device.read = lambda _: (round(awake_s[0] * 10_000_000),)
    device.ranges = lambda: {"d": 1_000_000_000}  # which it would pass in under two minutes
    sampler = rig.start([device])

    def wake(seconds):
        awake_s[0] += seconds
        rig.clock.advance(seconds)

    wake(1)
    sampler.sample()
    rig.clock.sleep(3600)
    wake(0.5)
    if look == "window":
        sampler.begin("at once")
    elif look == "late tick":
        sampler._take(None, due_us=2_000_000)
    else:
        sampler.sample()
    wake(1)
    sampler.sample()
    assert rig.gaps() == []
    assert rig.events[-1]["c"] == [25_000_000]
    (nap,) = [event for event in rig.events if event.get("e") == "asleep"]
    assert nap["to"] - nap["from"] == 3600 * 1_000_000


def test_a_wait_that_ended_in_time_is_no_sleep(rig):
    sampler = rig.start([Counting()])
    rig.clock.asleep_us = None  # asking would be an error
    rig.clock.advance(60)
    assert sampler._take(None, due_us=60_000_000 - 300)["c"] == [600_000_000]


def test_an_interval_must_be_positive(rig):
    sampler = rig.start([constant()])
    with pytest.raises(InputError, match="more than 0"):
        sampler.run_thread(0)


def test_threads_that_open_windows_at_once_get_numbers_of_their_own(rig):
    sampler = rig.start([Counting()])
    numbers = []

    def work():
        for _ in range(200):
            window = sampler.begin("step")
            numbers.append(window)
            sampler.finish(window)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(numbers)) == 800


def test_the_boot_clock_goes_forward_and_knows_of_sleep():
    clock = BootClock()
    before, after = clock.now_us(), clock.now_us()
    assert 0 < before <= after
    assert clock.asleep_us() > -1_000_000


def test_whoever_listens_hears_what_is_written_and_glances_that_are_not(rig):
    sampler, heard = rig.start([Counting()]), []
    sampler.listen(heard.append)
    rig.clock.advance(1.0)
    window = sampler.begin("step")
    rig.clock.advance(1.0)
    sampler.glance(7)
    sampler.finish(window)
    sampler.sample()
    assert [event.get("e") for event in heard] == ["begin", "glance", "finish", None]
    assert [event["c"] for event in heard] == [[10**7], [2 * 10**7], [2 * 10**7], [2 * 10**7]]
    assert heard[1]["w"] == 7
    assert "glance" not in [event.get("e") for event in rig.events]


def test_what_must_not_wait_for_the_journal_is_left_out_while_it_is_written(rig):
    sampler, done = rig.start([Counting()]), []
    assert sampler.at_once(lambda: done.append("free"))
    elsewhere = threading.Thread(target=lambda: done.append(sampler.at_once(sampler.sample)))

    def while_it_writes(_event):
        elsewhere.start()
        elsewhere.join()

    sampler.listen(while_it_writes)
    sampler.sample()
    assert done == ["free", False]
    sampler.close()
    assert not sampler.at_once(lambda: done.append("late"))

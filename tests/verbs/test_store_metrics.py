"""The runs of a store as metrics: those that go on, and the last that ended."""

from __future__ import annotations

import os
import threading
from http.client import HTTPConnection

import pytest

from brizna.core.errors import InputError, UnavailableError
from brizna.core.replay import JOURNAL_SCHEMA
from brizna.report._prometheus import exposition, read_counters
from brizna.store import Journal, Store, append_mark, writer_identity
from brizna.verbs._endpoint import TextFile, metrics_text, open_endpoint, read_address
from brizna.verbs._metrics import StoreMetrics

SECOND = 1_000_000
DEAD = {"host": "h", "boot": "b", "ns": "n", "pid": 1, "start": 1}


class Recorded:
    """A run of a store at 100 W that goes on until it is told to end."""

    def __init__(self, store, *, writer=None, at_s=1_800_000_000.0, name="r"):
        self.directory = store.create_run(at_s=at_s)
        self.id = os.path.basename(self.directory)
        self._store = store
        self._journal = Journal(self.directory, thin_beyond=20_000)
        self._second = -1
        start = {
            "e": "start",
            "schema": JOURNAL_SCHEMA,
            "id": self.id,
            "name": name,
            "command": ["train"],
            "started": "2026-11-22T02:35:01Z",
            "interval_us": SECOND,
            "brizna": "0.1.0",
            "site": {},
            "writer": writer or writer_identity(),
        }
        channel = {"e": "channel", "id": "c", "kind": "cpu", "method": "rapl", "basis": "metered"}
        for event in (start, channel):
            self._journal.write(event)

    def go_on(self, seconds=1):
        for _ in range(seconds):
            self._second += 1
            t_us = self._second * SECOND
            self._journal.write({"t": t_us, "c": [100 * t_us], "cpu": [t_us // 4, t_us]})
        return self

    def end(self):
        self._journal.write({"e": "end", "exit_code": 0, "signal": None, "state": "finished"})
        self._journal.close()
        self._store.finish(self._store.recover(self.id).run.replace(state="finished"))
        return self


@pytest.fixture
def store(tmp_path):
    return Store(str(tmp_path / "store"))


def by_run(readings, metric="brizna_run_energy_joules_total"):
    return {r.labels["run"]: r.value for r in readings if r.metric == metric}


def states(readings):
    return {r.labels["state"]: r.value for r in readings if r.metric == "brizna_runs"}


def test_a_run_is_told_as_it_goes_and_after_it_ended(store):
    run = Recorded(store).go_on(3)
    told = StoreMetrics(store)
    assert by_run(told.look()) == {run.id: 200.0}
    run.go_on(2)
    now = told.look()
    assert by_run(now) == {run.id: 400.0}
    assert by_run(now, "brizna_run_power_watts") == {run.id: 100.0}
    assert states(now) == {"running": 1.0}
    run.go_on().end()
    ended = told.look()
    assert by_run(ended) == {run.id: 500.0}
    assert by_run(ended, "brizna_run_power_watts") == {}
    assert states(ended) == {"finished": 1.0}


def test_a_journal_that_is_thinned_meanwhile_tells_the_same(store):
    run, told = Recorded(store).go_on(2), StoreMetrics(store)
    for _ in range(8):
        run.go_on(300)
        (energy,) = by_run(told.look()).values()
        assert energy == store.recover(run.id).run.measurement.energy_j.best.value


def test_work_that_marks_count_is_told(store):
    run = Recorded(store).go_on(5)
    append_mark(run.directory, "", 2 * SECOND, count={"tokens": 40})
    append_mark(run.directory, "late", 99 * SECOND, count={"tokens": 5})
    now = StoreMetrics(store).look()
    assert by_run(now, "brizna_work_total") == {run.id: 40.0}
    assert by_run(now, "brizna_work_energy_joules") == {run.id: 10.0}


def test_only_the_last_that_ended_are_told_and_a_long_one_is_among_them(store):
    long = Recorded(store, at_s=1_700_000_000.0).go_on(9)
    short = [Recorded(store, at_s=1_800_000_000.0 + n).go_on(2).end() for n in range(4)]
    told = StoreMetrics(store, last=2)
    assert set(by_run(told.look())) == {long.id, *(run.id for run in short[-2:])}
    for n, run in enumerate(short):
        os.utime(f"{run.directory}/run.json", (n, n))
    long.end()
    again = StoreMetrics(store, last=2)
    assert set(by_run(again.look())) == {long.id, short[-1].id}
    assert by_run(StoreMetrics(store, last=0).look()) == {}


def test_series_that_are_told_no_more_are_forgotten(store):
    told = StoreMetrics(store, last=1)
    for n in range(3):
        Recorded(store, at_s=1_800_000_000.0 + n).go_on(2).end()
        told.look()
    assert len({series.split("'run', '")[1][:23] for series in told.seen}) == 1


def test_a_run_whose_recorder_was_killed_ends_as_interrupted(store):
    here = writer_identity()
    run = Recorded(store, writer={**here, "start": (here["start"] or 0) + 1}).go_on(3)
    told = StoreMetrics(store).look()
    assert states(told) == {"interrupted": 1.0}
    assert by_run(told) == {run.id: 200.0}
    assert store.has_record(run.id)


def test_what_cannot_be_read_is_counted_and_the_rest_is_told(store):
    sound = Recorded(store).go_on(3)
    broken = Recorded(store, at_s=1_700_000_000.0).go_on(3).end()
    with open(f"{broken.directory}/run.json", "a") as file:
        file.write(" ")
    told = StoreMetrics(store).look()
    assert states(told) == {"running": 1.0, "unreadable": 1.0}
    assert set(by_run(told)) == {sound.id}


def test_an_empty_store_tells_which_brizna_answers(store):
    assert [r.metric for r in StoreMetrics(store).look()] == ["brizna_build_info"]


# ---------------------------------------------------------------------------------------- text file


def test_a_text_file_is_whole_and_its_counters_do_not_fall(store, tmp_path):
    path = str(tmp_path / "brizna.prom")
    run = Recorded(store).go_on(5)
    TextFile(path, store).write()
    before = read_counters((tmp_path / "brizna.prom").read_text())
    assert before
    (tmp_path / "brizna.prom").write_text(
        (tmp_path / "brizna.prom").read_text().replace(" 400.0", " 450.0")
    )
    TextFile(path, store).write()
    after = read_counters((tmp_path / "brizna.prom").read_text())
    assert (
        after[f"brizna_run_energy_joules_total[('basis', 'metered'), ('run', '{run.id}')]"] == 450
    )
    assert sorted(os.listdir(tmp_path)) == ["brizna.prom", "store"]


def test_a_text_file_that_cannot_be_written_says_so(store, tmp_path):
    file = TextFile(str(tmp_path / "nowhere" / "x.prom"), store)
    with pytest.raises(UnavailableError, match="--textfile"):
        file.write()


# ----------------------------------------------------------------------------------------- endpoint


@pytest.fixture
def served(store):
    """Return the address of an endpoint on the loopback."""
    with open_endpoint("127.0.0.1:0", store) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def ask(address, path):
    """Return the code, the kind of content and the content of a page."""
    connection = HTTPConnection(address, timeout=10)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.headers["Content-Type"], answer.read()
    finally:
        connection.close()


def test_the_endpoint_answers_in_the_text_format(store, served):
    Recorded(store).go_on(3)
    code, kind, text = ask(served, "/metrics")
    assert code == 200
    assert kind.startswith("text/plain; version=0.0.4")
    assert b"brizna_run_energy_joules_total{" in text
    assert text == exposition(StoreMetrics(store).look()) == metrics_text(store)
    assert ask(served, "/metrics?again")[2] == text


def test_another_page_is_not_there(served):
    assert ask(served, "/")[0] == 404


def test_an_address_that_is_taken_says_so(store, served):
    with pytest.raises(UnavailableError, match="--listen"):
        open_endpoint(served, store)


@pytest.mark.parametrize("text", ["9750", "localhost", ":9750", "h:x", "h:70000"])
def test_what_is_no_address_is_refused(text):
    with pytest.raises(InputError, match=r"such as 127\.0\.0\.1:9750"):
        read_address(text)


def test_addresses_have_a_host_and_a_port():
    assert read_address("127.0.0.1:9750") == ("127.0.0.1", 9750)
    assert read_address("[::1]:0") == ("::1", 0)

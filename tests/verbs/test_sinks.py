"""Sinks get what is known and the record; none of them can harm the job or hold it up."""

from __future__ import annotations

import os
import warnings
from datetime import UTC, datetime
from threading import Event

import pytest

import brizna
from brizna import InputError, UnavailableError
from brizna.report._metrics import Metrics
from brizna.testing import FakeSink, sample_metrics, sample_run, sink_conformance
from brizna.verbs._measure import MeasuringWarning
from brizna.verbs._sinks import _QUEUE, Feed, check_names, open_sinks
from brizna.verbs._views import account_run, view

AT = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.fixture(autouse=True)
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("BRIZNA_STORE", str(tmp_path / "store"))


@pytest.fixture
def record():
    run = sample_run()
    return view(run, account_run(run))


class Looks:
    """Tells the same numbers at each look; ``enough`` is set after so many."""

    def __init__(self, number):
        self.enough = Event()
        self._left = number

    def __call__(self):
        self._left -= 1
        if self._left <= 0:
            self.enough.set()
        return sample_metrics(2), AT


def feed(*sinks, looks, **options):
    named = [(f"sink{number}", sink) for number, sink in enumerate(sinks)]
    return Feed(named, looks, every_s=0.001, **options)


def test_a_sink_is_told_as_the_run_goes_and_at_its_end(record):
    sink, looks = FakeSink(), Looks(3)
    feeding = feed(sink, looks=looks)
    assert looks.enough.wait(30)
    assert feeding.finish(record) == []
    steps = [step for _, step, _ in sink.logged]
    assert steps == list(range(len(steps)))
    assert len(steps) >= 3
    last, _, at = sink.logged[-1]
    assert last["brizna/energy_joules"] == record["measurement"]["energy_j"]["best"] == 600.0
    assert at.isoformat() == "2026-11-22T02:35:05+00:00"
    assert sink.view is record


def test_a_sink_that_fails_is_told_of_once_and_the_others_go_on(record):
    broken, sound = FakeSink(raises=OSError("no route")), FakeSink()
    looks = Looks(5)
    feeding = feed(broken, sound, looks=looks)
    assert looks.enough.wait(30)
    told = feeding.finish(record)
    assert told == ["The sink sink0 failed and was left out from then on: OSError: no route."]
    assert broken.view is None
    assert sound.view is record


class Slow(FakeSink):
    """Takes nothing until it is let go."""

    def __init__(self):
        super().__init__()
        self.go = Event()

    def log(self, metrics, *, step, at):
        self.go.wait(30)
        super().log(metrics, step=step, at=at)


def test_a_slow_sink_loses_its_oldest_numbers_and_they_are_counted(record):
    slow, quick, looks = Slow(), FakeSink(), Looks(_QUEUE + 10)
    feeding = feed(slow, quick, looks=looks)
    assert looks.enough.wait(60)
    slow.go.set()
    (told,) = feeding.finish(record)
    lost = len(quick.logged) - len(slow.logged)
    assert lost > 0
    assert told == f"The sink sink0 was too slow: {lost} of its points were dropped."
    assert slow.logged[-1][0] == quick.logged[-1][0]
    assert slow.view is record


def test_a_sink_that_hangs_is_left_behind(record):
    slow, quick = Slow(), FakeSink()
    feeding = feed(slow, quick, looks=Looks(1), patience_s=0.1)
    assert feeding.finish(record) == ["The sink sink0 had not finished when the run had."]
    assert quick.view is record
    slow.go.set()


def test_where_the_run_cannot_be_told_its_sinks_get_no_record():
    sink = FakeSink()
    assert feed(sink, looks=lambda: None).finish(None) == []
    assert sink.logged == []
    assert sink.view is None


def test_what_a_look_raises_is_told_and_the_end_still_arrives(record):
    def look():
        failed.set()
        raise OSError("gone")

    failed, sink = Event(), FakeSink()
    feeding = feed(sink, looks=look)
    assert failed.wait(30)
    assert feeding.finish(record) == ["The sinks got only the end: gone"]
    assert len(sink.logged) == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_feeds_nothing(record):
    sink = FakeSink()
    feeding = feed(sink, looks=Looks(1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forking a process with threads
        child = os.fork()
    if not child:
        code = 1
        try:
            code = 0 if feeding.finish(record) == [] and sink.view is None else 1
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    feeding.finish(record)


# ---------------------------------------------------------------------------------- measured blocks


def test_a_measured_block_tells_its_sinks():
    sink = FakeSink()
    with brizna.measure("block", to=[sink], zone="ES") as m:
        m.count(tokens=7)
    assert sink.view is m.view
    assert sink.logged[-1][0]["brizna/work/tokens"] == 7.0
    assert sink.logged[-1][0]["brizna/energy_joules"] == m.energy.best.value


def test_a_sink_that_fails_is_one_warning_at_the_end_of_the_block():
    sink = FakeSink(raises=ValueError("broken"))
    failed = pytest.warns(MeasuringWarning, match=r"FakeSink failed.*ValueError: broken")
    with failed, brizna.measure("block", to=[sink]) as m:
        pass
    assert m.view is not None


def test_with_strict_a_sink_that_fails_is_an_error():
    sink = FakeSink(raises=ValueError("broken"))
    failed = pytest.raises(UnavailableError, match="FakeSink failed")
    with failed, brizna.measure("block", to=[sink], strict=True):
        pass


def test_a_sink_that_nobody_knows_is_refused_before_the_block_begins():
    begun = False
    refused = pytest.raises(InputError, match=r"'mlfow' is no sink. Did you mean 'mlflow'")
    with refused, brizna.measure("block", to="mlfow"):
        begun = True
    assert not begun


def test_a_sink_that_cannot_be_opened_is_a_warning_at_the_end(offered):
    offered("shut", "class Sink:\n    def __init__(self, target, name): raise OSError('away')\n")
    sink = FakeSink()
    shut = pytest.warns(MeasuringWarning, match=r"'shut' cannot be opened: OSError: away")
    with shut, brizna.measure("block", to=[sink, "shut"]) as m:
        pass
    assert sink.view is m.view
    strict = pytest.raises(UnavailableError, match="'shut' cannot be opened")
    with strict, brizna.measure("block", to=["shut"], strict=True):
        pass


def test_a_function_is_measured_with_the_sinks_of_its_decorator():
    sink = FakeSink()

    @brizna.measure("f", to=[sink])
    def f():
        return 3

    assert f() == 3
    assert sink.view["name"] == "f"


def test_without_sinks_no_thread_is_started():
    import threading

    with brizna.measure("block"):
        assert not any("sink" in thread.name for thread in threading.enumerate())


# ------------------------------------------------------------------------------------- entry points


def test_every_sink_of_ours_is_offered():
    from importlib.metadata import entry_points

    names = entry_points(group="brizna.sinks").names
    assert names == {"aim", "dvclive", "mlflow", "opentelemetry", "tensorboard", "wandb"}


def test_a_sink_whose_library_is_missing_is_refused_before_the_job(monkeypatch):
    import importlib.util

    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "wandb" else found(name)
    )
    with pytest.raises(UnavailableError, match="pip install wandb"):
        check_names(["wandb=runs"])


def test_what_a_sink_of_somebody_raises_when_it_is_opened_is_told(offered):
    offered("kept", "class Sink:\n    def __init__(self, target, name): raise OSError('full')\n")
    with pytest.raises(UnavailableError, match="'kept' cannot be opened: OSError: full"):
        open_sinks(["kept=x"], run_name="r")


def test_what_is_no_sink_is_refused(offered):
    offered("none", "class Sink:\n    def __init__(self, target, name): pass\n")
    with pytest.raises(UnavailableError, match="lacks log or finish"):
        open_sinks(["none"], run_name="r")


@pytest.fixture
def offered(tmp_path, monkeypatch):
    """Return a function that installs a package which offers a sink."""

    def install(name, code):
        folder = tmp_path / "packages"
        about = folder / f"sink_{name}-1.dist-info"
        about.mkdir(parents=True)
        (folder / f"sink_{name}.py").write_text(code)
        (about / "METADATA").write_text(f"Name: sink-{name}\nVersion: 1\n")
        (about / "entry_points.txt").write_text(f"[brizna.sinks]\n{name} = sink_{name}:Sink\n")
        monkeypatch.syspath_prepend(folder)

    return install


# -------------------------------------------------------------------------------------- conformance


def test_the_fake_sink_keeps_its_promises():
    assert sink_conformance(FakeSink) == []


class Loud(FakeSink):
    def finish(self, view):
        if view["state"] == "interrupted":
            raise KeyError("state")


def test_the_suite_finds_sinks_that_break_a_promise():
    assert sink_conformance(object) == ["object lacks log or finish"]
    assert len(sink_conformance(lambda: FakeSink(raises=InputError("no")))) == 3
    assert sink_conformance(Loud) == [
        "told of a run whose recorder was killed it raises KeyError: 'state'"
    ]


def test_metrics_are_numbers_by_key():
    assert isinstance(sample_metrics(2), Metrics)
    assert isinstance(sample_metrics(2), dict)

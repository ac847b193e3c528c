"""``brizna run --to``: sinks are told from a process beside, and never change what the job does."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest

SINK = '''
import json

class Sink:
    """Writes a line for each thing it is told; fails where its target says so."""

    def __init__(self, target, *, name):
        self.target = target
        self.write({"opened": name})

    def write(self, value):
        with open(self.target, "a") as file:
            file.write(json.dumps(value) + "\\n")

    def log(self, metrics, *, step, at):
        if "broken" in self.target:
            raise OSError("no route")
        self.write({"step": step, "at": at.isoformat(), **metrics})

    def finish(self, view):
        self.write({"finished": view["id"], "state": view["state"]})
        print("noise of a library")
'''


@pytest.fixture
def environ(tmp_path):
    """Return variables under which a sink called ``kept`` is installed."""
    folder = tmp_path / "packages"
    about = folder / "sink_kept-1.dist-info"
    about.mkdir(parents=True)
    (folder / "sink_kept.py").write_text(SINK)
    (about / "METADATA").write_text("Name: sink-kept\nVersion: 1\n")
    (about / "entry_points.txt").write_text("[brizna.sinks]\nkept = sink_kept:Sink\n")
    return {"PYTHONPATH": str(folder)}


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_sink_gets_the_numbers_and_the_record(brizna, environ, tmp_path):
    done = brizna(
        *("run", "--to", "kept=told", "--name", "job", "--json", "v.json", "--"),
        *(sys.executable, "-c", "print('done')"),
        environ=environ,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "done\n"
    view = json.loads((tmp_path / "v.json").read_text())
    opened, *logged, finished = lines(tmp_path / "told")
    assert opened == {"opened": "job"}
    assert finished == {"finished": view["id"], "state": "finished"}
    energy = view["measurement"]["energy_j"]
    if energy is not None:
        assert logged[-1]["brizna/energy_joules"] == energy["best"]
    assert logged[-1]["brizna/seconds"] == view["duration_s"]


def test_a_sink_that_fails_is_told_of_once_and_the_job_keeps_its_exit_code(brizna, environ):
    job = (sys.executable, "-c", "raise SystemExit(7)")
    done = brizna("run", "--to", "kept=broken", "--", *job, environ=environ)
    assert done.returncode == 7
    assert done.stderr.count("failed and was left out from then on: OSError: no route.") == 1
    strict = brizna("run", "--strict", "--to", "kept=broken", "--", *job, environ=environ)
    assert strict.returncode == 125


def test_several_sinks_are_fed_and_one_may_be_named_in_a_variable(brizna, environ, tmp_path):
    done = brizna(
        "run", "--", "true", environ={**environ, "BRIZNA_TO": "kept=a kept=broken kept=b"}
    )
    assert done.returncode == 0
    assert [lines(tmp_path / name)[-1]["state"] for name in "ab"] == ["finished", "finished"]


def test_a_sink_that_nobody_knows_is_refused_before_the_job_begins(brizna, tmp_path):
    done = brizna("run", "--to", "kept", "--", "touch", "begun")
    assert done.returncode == 125
    assert "'kept' is no sink." in done.stderr
    assert not (tmp_path / "begun").exists()
    assert not (tmp_path / "store").exists()


def test_a_store_that_cannot_be_written_feeds_no_sink_and_says_so(brizna, environ, tmp_path):
    (tmp_path / "store").write_text("in the way")
    done = brizna("run", "--to", "kept=told", "--", "true", environ=environ)
    assert done.returncode == 0
    assert "no journal of this run" in done.stderr


def test_what_feeds_the_sinks_is_no_process_of_the_command(brizna, environ):
    code = "import os, time; time.sleep(0.3); print(os.popen('ps -eo ppid,args').read())"
    done = brizna("run", "--to", "kept=told", "--", sys.executable, "-c", code, environ=environ)
    feeders = [line.split()[0] for line in done.stdout.splitlines() if "verbs._feeder" in line]
    assert "still run" not in done.stderr
    assert all(int(parent) != os.getpid() for parent in feeders)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs SIGKILL")
def test_where_brizna_is_killed_the_sinks_get_the_run_as_far_as_it_came(environ, tmp_path):
    variables = {**os.environ, **environ, "BRIZNA_STORE": str(tmp_path / "store")}
    code = "import time; print('up', flush=True); time.sleep(60)"
    command = [sys.executable, "-m", "brizna", "run", "--interval", "0.05", "--to", "kept=told"]
    running = subprocess.Popen(
        [*command, "--", sys.executable, "-c", code],
        cwd=tmp_path,
        env=variables,
        stdout=subprocess.PIPE,
    )
    assert running.stdout.readline() == b"up\n"
    until(lambda: b'"t":' in journal(tmp_path))
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    until(lambda: (tmp_path / "told").exists() and b"finished" in (tmp_path / "told").read_bytes())
    assert lines(tmp_path / "told")[-1]["state"] == "interrupted"
    head = [json.loads(line[9:]) for line in journal(tmp_path).splitlines()[:20]]
    (child,) = [event["pid"] for event in head if event.get("e") == "child"]
    os.kill(child, signal.SIGKILL)
    running.stdout.close()


def journal(tmp_path):
    (found,) = (tmp_path / "store" / "runs").glob("*/journal.jsonl")
    return found.read_bytes()


def until(is_so):
    """Wait for what another process does."""
    give_up_s = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < give_up_s
        os.sched_yield()
        time.sleep(0.01)


# ---------------------------------------------------------------------------------- brizna metrics


def test_metrics_of_a_store_are_printed(brizna):
    brizna("run", "--name", "job", "--", "true")
    done = brizna("metrics")
    assert done.returncode == 0, done.stderr
    assert 'name="job",state="finished"' in done.stdout
    assert done.stdout.endswith("\n")
    assert "# HELP brizna_runs Ejecuciones" in brizna("metrics", "--lang", "es").stdout


def test_a_text_file_is_written_once_or_until_stopped(brizna, tmp_path):
    assert brizna("metrics", "--textfile", "x.prom").returncode == 0
    assert "brizna_build_info" in (tmp_path / "x.prom").read_text()
    wrong = brizna("metrics", "--every", "5")
    assert wrong.returncode == 2
    assert "add --textfile" in wrong.stderr


def test_dashboard_and_alerts_are_printed_in_a_language(brizna):
    shown = json.loads(brizna("metrics", "--dashboard", "es").stdout)
    assert shown["title"].startswith("brizna: energía")
    assert "groups:" in brizna("metrics", "--alerts", "en").stdout
    both = brizna("metrics", "--alerts", "en", "--dashboard", "en")
    assert both.returncode == 2
    assert brizna("metrics", "--dashboard", "fr").returncode == 2


def test_an_endpoint_listens_until_it_is_stopped(tmp_path):
    variables = {**os.environ, "BRIZNA_STORE": str(tmp_path / "store")}
    serving = subprocess.Popen(
        [sys.executable, "-m", "brizna", "metrics", "--listen", "127.0.0.1:0"],
        env=variables,
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
    )
    said = serving.stderr.readline()
    assert said.startswith("Metrics are at http://127.0.0.1:")
    serving.send_signal(signal.SIGTERM)
    assert serving.wait(30) == 0
    assert serving.stderr.read() == ""
    serving.stderr.close()

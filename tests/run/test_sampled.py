"""A Python program that is looked into behaves as if nobody looked, and what is seen is true."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from brizna.run import as_sampled
from brizna.run._sampled import Sampler, why_not
from brizna.store import read_looks

pytestmark = pytest.mark.skipif(why_not() is not None, reason=str(why_not()))

PERIOD_US = 4000
SAYS = """
import os, sys, threading
print(__name__, sys.argv, sys.path[0], globals().get("__file__"), __package__)
print(getattr(__spec__, "name", None))
print(sorted(globals()), sys.orig_argv[1:], threading.active_count(), sys.modules["__main__"])
print(sorted(k for k in os.environ if k.startswith("BRIZNA")), __doc__)
print(type(__loader__), getattr(__loader__, "name", None))
print("json" in sys.modules, "random" in sys.modules)
"""
FAILS = """
def outer():
    inner()
def inner():
    raise ValueError("it fails")
outer()
"""


def looked_into(words, folder):
    """Return the command that looks into a Python program."""
    command, why = as_sampled(
        [sys.executable, *words],
        str(folder / "profile.jsonl"),
        period_us=PERIOD_US,
        environ=os.environ,
    )
    assert why is None
    return command


def run(command, folder, **options):
    """Run a command in a folder and return what it did."""
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=60, check=False, **options
    )


def both(words, folder, **options):
    """Run a program alone and looked into; return what each did."""
    alone = run([sys.executable, *words], folder, **options)
    return alone, run(looked_into(words, folder), folder, **options)


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """Work where the programs are, as their caller does."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def place(tmp_path):
    """A folder with programs."""
    (tmp_path / "says.py").write_text(SAYS)
    (tmp_path / "fails.py").write_text(FAILS)
    (tmp_path / "wrong.py").write_text("def f(:\n")
    (tmp_path / "exits.py").write_text("import sys\nsys.exit(int(sys.argv[1]))\n")
    (tmp_path / "says_why.py").write_text("raise SystemExit('a reason')\n")
    (tmp_path / "kills.py").write_text(
        "import os, signal\nos.kill(os.getpid(), getattr(signal, 'SIGTERM'))\n"
    )
    (tmp_path / "interrupted.py").write_text("raise KeyboardInterrupt\n")
    package = tmp_path / "package"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "__main__.py").write_text(SAYS)
    (package / "inner.py").write_text(FAILS)
    return tmp_path


@pytest.mark.parametrize(
    "words",
    [
        ("says.py",),
        ("says.py", "--json", "-c", "--", "x"),
        ("-u", "-W", "ignore", "-Xdev", "says.py", "a"),
        ("-I", "says.py"),
        ("-Bu", "says.py"),
        ("-m", "package", "a"),
        ("-c", SAYS, "a"),
        ("-B", "-c", SAYS),
        ("fails.py",),
        ("-m", "package.inner"),
        ("-c", FAILS),
        ("wrong.py",),
        ("exits.py", "0"),
        ("exits.py", "42"),
        ("says_why.py",),
        ("kills.py",),
        ("interrupted.py",),
    ],
    ids=lambda words: " ".join(word for word in words if "\n" not in word),
)
def test_a_program_prints_and_ends_as_it_does_alone(place, words):
    alone, looked = both(words, place)
    assert looked.stdout == alone.stdout
    assert looked.stderr == alone.stderr
    assert looked.returncode == alone.returncode


def test_a_program_sees_its_own_input(place):
    (place / "reads.py").write_text("import sys\nprint(sys.stdin.read().upper())\n")
    _, looked = both(["reads.py"], place, input="given")
    assert looked.stdout == "GIVEN\n"


def test_a_process_that_is_spawned_finds_the_programs_main(place):
    (place / "spawns.py").write_text(
        "import multiprocessing as mp\n"
        "def double(x):\n    return 2 * x\n"
        "if __name__ == '__main__':\n"
        "    with mp.get_context('spawn').Pool(1) as pool:\n"
        "        print(pool.map(double, [1, 2]))\n"
    )
    _, looked = both(["spawns.py"], place)
    assert looked.stdout == "[2, 4]\n", looked.stderr


def test_a_signal_reaches_the_programs_own_handler(place):
    (place / "waits.py").write_text(
        "import signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))\n"
        "print('ready', flush=True)\n"
        "time.sleep(60)\n"
    )
    child = subprocess.Popen(
        looked_into(["waits.py"], place), cwd=place, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout.readline() == "ready\n"
    child.send_signal(signal.SIGTERM)
    child.communicate(timeout=30)
    assert child.returncode == 7


def test_a_program_that_closes_every_file_gets_none_of_our_lines(place):
    (place / "closes.py").write_text(
        "import os, time\n"
        "os.closerange(3, 64)\n"
        "mine = [os.open(f'mine{n}', os.O_RDWR | os.O_CREAT) for n in range(40)]\n"
        "end = time.process_time() + 0.4\n"
        "while time.process_time() < end: pass\n"
        "print(sum(os.fstat(one).st_size for one in mine))\n"
    )
    _, looked = both(["closes.py"], place)
    assert looked.stdout == "0\n"


# ------------------------------------------------------------------------------- what it sees


def used_by_function(folder):
    """Return microseconds of processor time by the innermost function of ours, and of waiting."""
    lines, damaged = read_looks(str(folder))
    assert damaged == 0
    used: dict[str, int] = {}
    waits: dict[str, int] = {}
    frames: dict[int, list] = {}
    places: dict[int, list] = {}
    for line in lines:
        pid = line["pid"]
        frames.setdefault(pid, []).extend(line["f"])
        places.setdefault(pid, []).extend(line["n"])
        for place, us, *_ in line["c"]:
            name = innermost(place, frames[pid], places[pid])
            used[name] = used.get(name, 0) + us
        for place, us in [*line["w"], *line["q"]]:
            name = innermost(place, frames[pid], places[pid])
            waits[name] = waits.get(name, 0) + us
    return used, waits, lines


def innermost(place, frames, places):
    """Return the innermost function of the program itself around a place."""
    while place >= 0:
        place, frame = places[place]
        if frame >= 0 and frames[frame][1].endswith("program.py"):
            return frames[frame][0]
    return "nobody"


SPLIT = """
import time, sys
now = time.thread_time
def python(until):
    x = 0
    while now() < until:
        x += 1
def released(until):
    import zlib
    data = bytes(range(256)) * 1200
    while now() < until:
        zlib.crc32(data)
def held(until):
    while now() < until:
        sum(range(2000))
end, used = now() + 1.8, {}
while now() < end:
    for work, chunk in ((python, 0.0010), (released, 0.0020), (held, 0.0010)):
        begun = now()
        work(begun + chunk)
        used[work.__name__] = used.get(work.__name__, 0.0) + now() - begun
import json
json.dump(used, open("used.json", "w"))
"""


def test_python_and_code_that_lets_the_interpreter_go_are_told_apart_without_bias(tmp_path):
    """Looks from a thread come when the interpreter is free: they must not prefer what frees it."""
    (tmp_path / "program.py").write_text(SPLIT)
    done = run(looked_into(["program.py"], tmp_path), tmp_path)
    assert done.returncode == 0, done.stderr
    truth = json.loads((tmp_path / "used.json").read_text())
    used, _, _ = used_by_function(tmp_path)
    whole_us = sum(used.get(name, 0) for name in truth)
    for name, seconds in truth.items():
        expected = seconds / sum(truth.values())
        assert used.get(name, 0) / whole_us == pytest.approx(expected, abs=0.12), (used, truth)


def test_what_is_used_and_waited_for_is_all_told(tmp_path):
    (tmp_path / "program.py").write_text(
        "import time\n"
        "def work():\n"
        "    end = time.process_time() + 0.5\n"
        "    while time.process_time() < end: pass\n"
        "def wait():\n    time.sleep(0.4)\n"
        "work()\nwait()\n"
    )
    run(looked_into(["program.py"], tmp_path), tmp_path)
    used, waits, lines = used_by_function(tmp_path)
    own_us = sum(line["own_us"] for line in lines)
    assert sum(used.values()) + own_us == pytest.approx(500_000, rel=0.05)
    assert used["work"] > 350_000
    assert waits["wait"] == pytest.approx(400_000, rel=0.35)
    told_us = sum(used.values()) + sum(waits.values()) + own_us
    assert told_us == pytest.approx(lines[-1]["to"] - lines[0]["from"], rel=0.1)


def test_a_forked_process_is_looked_into_as_well(tmp_path):
    (tmp_path / "program.py").write_text(
        "import os, sys, time\n"
        "def work(seconds):\n"
        "    end = time.process_time() + seconds\n"
        "    while time.process_time() < end: pass\n"
        "work(0.1)\n"
        "pid = os.fork()\n"
        "if pid == 0:\n"
        "    work(0.5)\n"
        "    assert sys.getswitchinterval() < 0.005\n"
        "    os._exit(0)\n"
        "os.waitpid(pid, 0)\n"
    )
    done = run(looked_into(["program.py"], tmp_path), tmp_path)
    assert done.returncode == 0, done.stderr
    used, waits, lines = used_by_function(tmp_path)
    assert len({line["pid"] for line in lines}) == 2
    assert used["work"] > 350_000
    assert sum(late for line in lines for *_, late in line["c"]) < 100_000
    assert waits["<module>"] > 300_000


def test_an_interval_that_the_program_sets_stays(tmp_path):
    (tmp_path / "program.py").write_text(
        "import sys, threading, time\n"
        "def work(seconds):\n"
        "    end = time.thread_time() + seconds\n"
        "    while time.thread_time() < end: pass\n"
        "work(0.1)\n"
        "sys.setswitchinterval(0.001)\n"
        "other = threading.Thread(target=work, args=(0.1,))\n"
        "other.start()\n"
        "work(0.1)\n"
        "other.join()\n"
        "print(sys.getswitchinterval())\n"
    )
    done = run(looked_into(["program.py"], tmp_path), tmp_path)
    assert float(done.stdout) == pytest.approx(0.001)


def test_looking_ends_with_the_block_and_leaves_no_thread(tmp_path):
    looks = Sampler(str(tmp_path / "profile.jsonl"), period_us=PERIOD_US)
    before = len(sys._current_frames())
    switching_s = sys.getswitchinterval()
    looks.start()
    sum(range(3_000_000))
    looks.stop()
    looks.stop()
    assert len(sys._current_frames()) == before
    assert sys.getswitchinterval() == switching_s
    lines, _ = read_looks(str(tmp_path))
    assert sum(line["looks"] for line in lines) >= 1


def test_a_process_that_outlives_the_run_is_looked_at_no_more(tmp_path):
    (tmp_path / "run.json").write_text("{}")
    looks = Sampler(str(tmp_path / "profile.jsonl"), period_us=PERIOD_US)
    looks.start()
    looks.stop()
    assert not Path(looks.path).exists()


def test_a_file_that_cannot_be_written_harms_nobody(tmp_path):
    looks = Sampler(str(tmp_path / "nowhere" / "profile.jsonl"), period_us=PERIOD_US)
    looks.start()
    sum(range(1_000_000))
    looks.stop()


# ------------------------------------------------------------------------ which program it is


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (("sh", "-c", "true"), "does not start with Python"),
        (("no-such-command",), "does not start with Python"),
        ((sys.executable,), "from its input"),
        ((sys.executable, "-"), "from its input"),
        ((sys.executable, "-V"), "from its input"),
        ((sys.executable, "-i", "x.py"), "from its input"),
        ((sys.executable, "--help"), "from its input"),
        ((sys.executable, "missing.py"), "not a file of Python text"),
        ((sys.executable, "."), "not a file of Python text"),
        ((sys.executable, "-c"), "from its input"),
        ((sys.executable, "-W"), "from its input"),
    ],
)
def test_what_cannot_be_looked_into_runs_as_it_is(command, reason):
    words, why = as_sampled(command, "f", period_us=1, environ=os.environ)
    assert words == list(command)
    assert reason in str(why)


def test_a_script_with_python_in_its_first_line_is_looked_into(tmp_path):
    tool = tmp_path / "tool"
    tool.write_text("#!/usr/bin/env python3\nprint('ran')\n")
    tool.chmod(0o755)
    environ = {**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    words, why = as_sampled(["tool", "x"], "f", period_us=1, environ=environ)
    assert why is None
    assert words[0] == "python3"
    assert words[-3:] == ["script", str(tool), "x"]


def test_bytecode_is_not_taken_for_text(tmp_path):
    (tmp_path / "x.pyc").write_bytes(b"\xa7\r\r\n\0\0\0\0")
    _, why = as_sampled([sys.executable, str(tmp_path / "x.pyc")], "f", period_us=1, environ={})
    assert "not a file of Python text" in str(why)

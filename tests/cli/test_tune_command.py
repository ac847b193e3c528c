"""Searches from the command line: real trainings, cut short and gone on with."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from brizna.core.tune import Tune
from brizna.store import Store

TRAIN = """
import os, sys
rate, width = float(sys.argv[1]), int(sys.argv[2])
if width == 7:
    sys.exit(3)
sum(i * i for i in range(40_000 * width))
print("epoch 1: accuracy=0.1")
print(f"accuracy={0.9 - abs(rate - 0.5) / 5 - 0.1 / width:.4f}")
"""
RANDOM = ("--sampler", "random", "--seed", "1")
SPACE = ("--vary", "rate=0.0..1.0", "--vary", "width=1..4", "--quality", "accuracy")


@pytest.fixture
def train(tmp_path):
    """Write a training, and return the end of a command that runs it."""
    (tmp_path / "train.py").write_text(TRAIN, encoding="utf-8")
    return ("--", sys.executable, "train.py", "{rate}", "{width}")


def test_a_search_tells_its_front_and_keeps_each_trial_as_a_run(brizna, shown, train, tmp_path):
    page = tmp_path / "front.html"
    done = brizna(
        "tune", *SPACE, *RANDOM, "--trials", "4", "--repeats", "2", "--json", "--html", page, *train
    )
    assert done.returncode == 0, done.stderr
    found = Tune.from_json(json.loads(done.stdout))
    assert len(found.settings) == 4
    front = [one for one in found.settings if one.is_on_front]
    assert found.recommended in [one.name for one in front]
    assert all(one.energy_j is not None for one in found.settings)
    runs = shown("runs", "list", "--tag", "tune")
    assert len(runs) == sum(len(one.runs) for one in found.settings)
    assert {f"width={one.levels['width']}" for one in found.settings} <= {
        tag for run in runs for tag in run["tags"]
    }
    html = page.read_text(encoding="utf-8")
    assert html.count('<svg class="plot"') == 2
    assert front[0].name in html


def test_people_read_it_in_their_language(brizna, train):
    words = ("tune", *SPACE, *RANDOM, "--trials", "2", "--repeats", "1")
    told = brizna(*words, *train)
    assert "The bend of the front" in told.stdout
    assert "accuracy" in told.stdout.splitlines()[0]
    dicho = brizna(*words, "--lang", "es", *train)
    assert "El codo del frente" in dicho.stdout


def test_a_training_that_fails_is_a_row(brizna, train):
    done = brizna(
        "tune", "--vary", "rate=0.5,0.6", "--vary", "width=2,7", "--quality", "accuracy", "--alone",
        "--repeats", "2", "--seed", "1", "--json", *train,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["reference"] == "rate=0.5, width=2"
    failed = {one["name"]: one["failed"] for one in found["settings"] if one["failed"]}
    assert list(failed) == ["width=7"]
    assert "exit code 3" in failed["width=7"]
    other = next(one for one in found["settings"] if one["name"] == "rate=0.6")
    assert other["quality_change"] == pytest.approx(-0.02)
    assert other["energy_ratio"]["low"] < other["energy_ratio"]["high"]


def test_a_training_that_says_no_quality_ends_the_search(brizna, train):
    done = brizna("tune", "--vary", "rate=0.1,0.2", "--vary", "width=1,2", *RANDOM, *train)
    assert done.returncode == 2
    assert "quality=0.93" in done.stderr
    assert "accuracy" in done.stderr
    again = brizna("tune", "--resume")
    assert again.returncode == 2
    assert "Nothing was cut short" in again.stderr


def test_results_in_a_file_go_before_lines(brizna, tmp_path):
    (tmp_path / "both.py").write_text(
        "import json, os\nprint('quality=0.1')\n"
        "json.dump({'quality': 0.7}, open(os.environ['BRIZNA_RESULT'], 'w'))\n",
        encoding="utf-8",
    )
    command = ("--", sys.executable, "both.py")
    done = brizna("tune", "--vary", "n=1,2", *RANDOM, "--trials", "1", "--json", *command)
    assert json.loads(done.stdout)["settings"][0]["quality"] == pytest.approx(0.7)


def test_a_result_file_that_is_no_json_is_refused(brizna, tmp_path):
    (tmp_path / "bad.py").write_text(
        "import os\nopen(os.environ['BRIZNA_RESULT'], 'w').write('good')\n", encoding="utf-8"
    )
    done = brizna("tune", "--vary", "n=1,2", *RANDOM, "--", sys.executable, "bad.py")
    assert done.returncode == 2
    assert "JSON" in done.stderr


def test_a_python_function_is_trained_in_a_process_of_its_own(brizna, tmp_path):
    (tmp_path / "work.py").write_text(
        "def objective(rate, size, seed, target):\n"
        "    assert isinstance(size, int) and seed == 5 and target == 0.4\n"
        "    return {'score': rate * size, 'other': 1}\n",
        encoding="utf-8",
    )
    done = brizna(
        "tune", "--vary", "rate=0.1..0.2", "--vary", "size=1..3", "--function", "work:objective",
        "--quality", "score", "--target", "0.4", "--sampler", "random", "--seed", "5",
        "--trials", "2", "--repeats", "1", "--json",
    )  # fmt: skip
    assert done.returncode in (0, 4), done.stderr
    assert all(one["quality"] > 0 for one in json.loads(done.stdout)["settings"])
    lost = brizna("tune", "--vary", "n=1,2", *RANDOM, "--function", "work:nothing")
    assert lost.returncode in (2, 4)


def test_what_it_prints_is_shown_where_asked(brizna, train):
    words = ("tune", *SPACE, *RANDOM, "--trials", "1", "--repeats", "1")
    assert "epoch 1" not in brizna(*words, *train).stderr
    assert "epoch 1" in brizna(*words, "--show-output", *train).stderr


def test_braces_of_code_and_of_a_shell_are_left_alone(brizna):
    words = ("tune", "--vary", "n=1,2", *RANDOM, "--trials", "1", "--repeats", "1", "--json", "--")
    done = brizna(*words, "sh", "-c", "echo \"${HOME}\"; awk '{print}' /dev/null; echo quality={n}")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["settings"][0]["quality"] in (1, 2)


def cut_short(brizna, tmp_path, *words):
    """Begin a search that ends as its second trial begins, as if it were killed."""
    (tmp_path / "train.py").write_text(
        "import os, signal\n"
        "open('made', 'a').write('x')\n"
        "if os.path.getsize('made') == 2:\n"
        "    os.kill(os.getppid(), signal.SIGKILL)\n"
        "print('quality=1')\n",
        encoding="utf-8",
    )
    done = brizna(
        "tune", "--vary", "n=0.0..1.0", *RANDOM, "--trials", "2", "--repeats", "1", *words, "--",
        sys.executable, "train.py",
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL


def test_it_goes_on_in_the_view_that_it_was_begun_in(brizna, shown, tmp_path):
    cut_short(brizna, tmp_path, "--view", "fair-share")
    other = brizna("tune", "--resume", "--view", "machine")
    assert other.returncode == 2
    assert "begun in the view fair-share" in other.stderr
    found = Tune.from_json(shown("tune", "--resume"))
    store = Store(str(tmp_path / "store"))
    assert len(found.settings) == 2
    for one in found.settings:
        own_j, _ = store.read(one.runs[0]).run.measurement.seen_as("fair-share")
        assert one.energy_j.best.value == pytest.approx(own_j.best.value, rel=1e-6)


def test_what_cannot_go_on_is_told_apart(brizna, tmp_path):
    assert "there is no store at" in brizna("tune", "--resume", "abc").stderr
    cut_short(brizna, tmp_path)
    unknown = brizna("tune", "--resume", "nope")
    assert unknown.returncode == 2
    assert "is called 'nope': there is " in unknown.stderr
    name = unknown.stderr.partition("there is ")[2].partition(".")[0]
    assert brizna("tune", "--resume", name).returncode == 0
    assert "there is -" in brizna("tune", "--resume", name).stderr


@pytest.mark.parametrize(
    "words",
    [
        ("--vary", "n=1,2"),
        ("--vary", "n", "--", "true"),
        ("--", "true"),
        ("--vary", "n=1,2", "--budget", "much", "--", "true"),
        ("--vary", "n=1,2", "--budget", "0J", "--", "true"),
        ("--vary", "n=1,2", "--start", "n=3", "--", "true"),
        ("--vary", "n=1,2", "--resource", "epochs=1", "--", "true"),
        ("--vary", "n=1,2", "--function", "work", "--sampler", "random"),
        ("--vary", "n=1,2", "--sampler", "oracle", "--", "true"),
        ("--vary", "n=1,2", *RANDOM, "--", "true", "--lr={oops}"),
        ("--vary", "n=1,2", *RANDOM, "--", "true", "{n}", "{checkpoint}"),
    ],
)
def test_what_cannot_be_searched_is_refused(brizna, words):
    done = brizna("tune", *words)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert done.stderr.strip()


def test_killed_it_goes_on_and_loses_no_more_than_the_trial_it_was_at(brizna, tmp_path):
    flag = tmp_path / "hold"
    (tmp_path / "train.py").write_text(
        "import os, sys, time\n"
        "rate = float(sys.argv[1])\n"
        "open('made', 'a').write('x')\n"
        "held = os.path.getsize('made') == 3 and os.path.exists('hold')\n"
        "time.sleep(60 if held else 0)\n"
        "print(f'accuracy={rate}')\n",
        encoding="utf-8",
    )
    flag.touch()
    command = [sys.executable, "-m", "brizna", "tune", *SPACE[:2], *SPACE[4:], *RANDOM]
    command += ["--trials", "5", "--repeats", "1", "--", sys.executable, "train.py", "{rate}"]
    environ = {**os.environ, "BRIZNA_STORE": str(tmp_path / "store")}
    with subprocess.Popen(
        command, cwd=tmp_path, env=environ, stderr=subprocess.DEVNULL, start_new_session=True
    ) as search:
        made = tmp_path / "made"
        while not (made.exists() and made.stat().st_size == 3):
            assert search.poll() is None
            time.sleep(0.02)
        os.killpg(search.pid, signal.SIGKILL)
    flag.unlink()
    done = brizna("tune", "--resume", "--json")
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)["settings"]) == 5
    assert (tmp_path / "made").stat().st_size == 6  # five, and the one that was lost


def test_a_training_may_call_brizna_itself(brizna, tmp_path):
    (tmp_path / "train.py").write_text(
        "import subprocess, sys\n"
        "subprocess.run([sys.executable, '-m', 'brizna', 'runs', 'list'], check=True)\n"
        "print('quality=1')\n",
        encoding="utf-8",
    )
    done = brizna(
        "tune", "--vary", "n=0.0..1.0", *RANDOM, "--trials", "1", "--repeats", "1", "--target",
        "0.5", "--json", "--", sys.executable, "train.py",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["settings"][0]["failed"] is None


def test_a_search_that_is_being_made_is_not_gone_on_with_beside(brizna, tmp_path):
    (tmp_path / "train.py").write_text(
        "import os, subprocess, sys\n"
        "beside = [sys.executable, '-m', 'brizna', 'tune', '--resume']\n"
        "told = subprocess.run(beside, stdin=subprocess.DEVNULL, capture_output=True, text=True)\n"
        "open('told', 'w').write(f'{told.returncode} {told.stderr}')\n"
        "print('quality=1')\n",
        encoding="utf-8",
    )
    done = brizna(
        "tune", "--vary", "n=0.0..1.0", *RANDOM, "--trials", "1", "--repeats", "1", "--json", "--",
        sys.executable, "train.py",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)["settings"]) == 1
    told = (tmp_path / "told").read_text(encoding="utf-8")
    assert told.startswith("2 ")
    assert "Another process is at this series" in told


LONG = """
import json, os, sys, time
folder, epochs = os.environ["BRIZNA_CHECKPOINT"], int(sys.argv[1])
assert folder == sys.argv[2]
path = os.path.join(folder, "state.json")
done = json.load(open(path)) if os.path.exists(path) else 0
print(f"begun at {done}", file=open("begun", "a"))
if done and os.path.exists("hold"):
    open(path, "w").write("half of")
    open("held", "w").close()
    time.sleep(60)
if done:
    print(f"continued={done + SHIFT}")
json.dump(epochs, open(path, "w"))
print(f"accuracy={epochs / 10}")
"""


def halving(tmp_path, shift=0):
    """Write a training that keeps its state, and return the words of a search that halves."""
    (tmp_path / "long.py").write_text(LONG.replace("SHIFT", str(shift)), encoding="utf-8")
    return (
        "tune", "--vary", "rate=0.0..1.0", "--resource", "epochs=1..4", "--factor", "2", *RANDOM,
        "--quality", "accuracy", "--trials", "4", "--repeats", "2", "--json", "--",
        sys.executable, "long.py", "{epochs}", "{checkpoint}",
    )  # fmt: skip


def begun_at(tmp_path):
    """Return with how many epochs each training began."""
    return [int(line.split()[-1]) for line in (tmp_path / "begun").read_text().splitlines()]


def test_a_training_goes_on_from_its_checkpoint_and_its_parts_count_once(brizna, shown, tmp_path):
    done = brizna(*halving(tmp_path))
    assert done.returncode == 0, done.stderr
    found, begun = Tune.from_json(json.loads(done.stdout)), begun_at(tmp_path)
    assert sorted(begun[:7]) == [0, 0, 0, 0, 1, 1, 2]
    assert set(begun[7:]) == {0}  # with another seed
    own = sum(run["energy_j"]["best"] for run in shown("runs", "list", "--tag", "tune"))
    assert found.spent_j.best.value == pytest.approx(own, rel=1e-6)
    longest = next(one for one in found.settings if one.amount == 4)
    parts = [one for one in found.settings if one.number == longest.number]
    assert [one.amount for one in parts] == [1, 2, 4]
    kept = list((tmp_path / "store" / "tunes").glob("*/checkpoints/*"))
    assert [one.name for one in kept] == [f"{longest.number}-4"]


def test_a_training_that_says_it_went_on_from_elsewhere_does_not_count(brizna, tmp_path):
    found = Tune.from_json(json.loads(brizna(*halving(tmp_path, 5)).stdout))
    lost = [one.failed for one in found.settings if one.failed]
    assert lost
    assert "went on from 6" in lost[0]
    assert all(one.amount == 1 for one in found.settings if one.failed is None)


def test_half_a_checkpoint_of_a_killed_trial_is_not_gone_on_from(brizna, tmp_path):
    words = halving(tmp_path)
    (tmp_path / "hold").touch()
    with subprocess.Popen(
        [sys.executable, "-m", "brizna", *words],
        cwd=tmp_path,
        env={**os.environ, "BRIZNA_STORE": str(tmp_path / "store")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as search:
        while not (tmp_path / "held").exists():
            assert search.poll() is None
            time.sleep(0.02)
        os.killpg(search.pid, signal.SIGKILL)
    (tmp_path / "hold").unlink()
    done = brizna("tune", "--resume", "--json")
    assert done.returncode == 0, done.stderr
    found = Tune.from_json(json.loads(done.stdout))
    assert not [one.failed for one in found.settings if one.failed]
    assert begun_at(tmp_path)[:8] == [0, 0, 0, 0, 1, 1, 1, 2]  # one of the second rung was lost

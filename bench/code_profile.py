"""Energy by code: do the looks see what is true, and what do they cost?

``python bench/code_profile.py`` runs a program that spends known parts of its processor time in
plain Python, in a library that lets the interpreter go and in one that holds it, in turns of
several lengths, and prints what was seen of it; then the time that a program of plain Python takes
with and without looks, in turns.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from brizna.run import as_sampled
from brizna.store import read_looks

NAMES = ("python", "released", "held")
SPLIT = """
import json, sys, time, zlib
now = time.thread_time
data = bytes(range(256)) * 400
def python(until):
    x = 0
    while now() < until:
        x += 1
def released(until):
    while now() < until:
        zlib.crc32(data)
def held(until):
    while now() < until:
        sum(range(500))
if sys.argv[2:]:  # a program that chose its own: the looks then leave it
    sys.setswitchinterval(0.00499)
chunk, end, used = float(sys.argv[1]), now() + 8, {}
while now() < end:
    for work in (python, released, held):
        begun = now()
        work(begun + chunk)
        used[work.__name__] = used.get(work.__name__, 0.0) + now() - begun
json.dump(used, open("used.json", "w"))
"""
PLAIN = """
import time
begun = time.process_time()
total = 0
for n in range(12_000_000):
    total += n % 7
print(time.process_time() - begun)
"""
CHUNKS_S = (0.0003, 0.002, 0.02)
REPEATS = 7


def looked_into(words, folder):
    """Return the command that looks into a Python program."""
    file = str(folder / "profile.jsonl")
    command, why = as_sampled([sys.executable, *words], file, period_us=10_000, environ=os.environ)
    assert why is None, why
    return command


def seen_in(folder):
    """Return the shares of the three functions in what was seen, and how many looks there were."""
    lines, _ = read_looks(str(folder))
    frames, places, used = [], [], dict.fromkeys(NAMES, 0)
    for line in lines:
        frames += line["f"]
        places += line["n"]
        for place, us, *_ in line["c"]:
            at = place
            while at >= 0:
                at, frame = places[at]
                if frame >= 0 and frames[frame][0] in used:
                    used[frames[frame][0]] += us
                    break
    whole = sum(used.values())
    return {name: us / whole for name, us in used.items()}, sum(line["looks"] for line in lines)


def bias():
    """Print what is true and what was seen, by the length of the turns."""
    print("| turns of | looks | Python: true, seen | lock given away | lock held |")
    print("|---|---|---|---|---|")
    for chunk_s, *usual in [*((chunk_s,) for chunk_s in CHUNKS_S), (0.002, "usual")]:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "split.py").write_text(SPLIT, encoding="utf-8")
            words = looked_into([str(folder / "split.py"), str(chunk_s), *usual], folder)
            subprocess.run(words, cwd=folder, check=True)
            used = json.loads((folder / "used.json").read_text(encoding="utf-8"))
            seen, looks = seen_in(folder)
        whole = sum(used.values())
        cells = [f"{used[name] / whole:.1%}, {seen[name]:.1%}" for name in NAMES]
        how = ", handed over after 5 ms" if usual else ""
        print(f"| {chunk_s * 1000:g} ms{how} | {looks} | {' | '.join(cells)} |")


def cost():
    """Print how much more processor time a program takes that is looked into."""
    ratios = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "plain.py").write_text(PLAIN, encoding="utf-8")
        for _ in range(REPEATS):
            alone, looked = (
                float(subprocess.run(words, capture_output=True, check=True, cwd=folder).stdout)
                for words in (
                    [sys.executable, str(folder / "plain.py")],
                    looked_into([str(folder / "plain.py")], folder),
                )
            )
            ratios.append(looked / alone)
    print(
        f"Processor time with looks over without, {REPEATS} pairs: median "
        f"{statistics.median(ratios):.3f}, from {min(ratios):.3f} to {max(ratios):.3f}."
    )


if __name__ == "__main__":
    bias()
    print()
    cost()

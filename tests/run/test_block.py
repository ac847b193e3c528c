"""Blocks of one process measured at once: their processor times sum to the process's, always."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager

import pytest

from brizna.run._block import Block
from brizna.run._descendants import Growing


def burn(seconds):
    """Use processor time in this thread."""
    begun = time.thread_time()
    while time.thread_time() - begun < seconds:
        pass


@contextmanager
def block(inside=None):
    made = Block(inside=inside)
    try:
        yield made
    finally:
        made.close()


def seconds(made):
    return made.used_us / 1e6


def in_threads(*calls):
    threads = [threading.Thread(target=call) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_a_block_alone_has_all_of_its_process_and_of_its_children():
    before_s = time.process_time()
    with block() as alone:
        burn(0.05)
        in_threads(lambda: burn(0.05))
        subprocess.run([sys.executable, "-I", "-S", "-c", "sum(range(10**6))"], check=True)
        own_s = time.process_time() - before_s
    assert own_s - 0.01 <= seconds(alone) <= own_s + 0.5
    assert seconds(alone) > 0.11
    assert alone.share == 1.0
    assert not alone.had_company
    assert "child" in (alone.why or "")


def test_blocks_in_threads_have_their_threads_time_and_sum_to_the_process():
    """What is outside both blocks is bounded by reading the process around them."""
    blocks = {}
    opened, burnt, seen = (threading.Barrier(3) for _ in range(3))

    def work(asked_s):
        blocks[asked_s] = Block()
        opened.wait()
        burn(asked_s)
        burnt.wait()
        seen.wait()

    def watch_over():
        opened.wait()
        before_s = time.process_time()
        first = [made.now_us(at_any_cost=True) for made in blocks.values()]
        burnt.wait()
        last = [made.now_us(at_any_cost=True) for made in blocks.values()]
        used_s.append(time.process_time() - before_s)
        used_s.append((sum(last) - sum(first)) / 1e6)
        seen.wait()

    used_s = []
    in_threads(lambda: work(0.05), lambda: work(0.2), watch_over)
    for asked_s, made in blocks.items():
        assert asked_s - 0.01 <= made.close() / 1e6 <= asked_s + 0.1
        assert made.had_company
    assert used_s[0] == pytest.approx(used_s[1], abs=0.02)


def test_blocks_of_one_thread_share_its_time_equally():
    one = Block()
    burn(0.05)
    other = Block()
    assert (one.share, other.share) == (0.5, 0.5)
    burn(0.1)
    other.close()
    assert one.share == 1.0
    burn(0.05)
    one.close()
    assert seconds(other) == pytest.approx(0.05, abs=0.02)
    assert seconds(one) == pytest.approx(0.15, abs=0.03)


def test_a_block_inside_another_is_part_of_it():
    with block() as outer:
        burn(0.05)
        with block(inside=outer) as inner:
            burn(0.05)
        assert (inner.share, inner.had_company, outer.had_company) == (1.0, False, False)
    assert seconds(inner) == pytest.approx(0.05, abs=0.02)
    assert seconds(outer) == pytest.approx(0.1, abs=0.03)


def test_blocks_side_by_side_inside_another_sum_to_it_and_it_has_no_company():
    with block() as outer:
        before_us = outer.now_us(at_any_cost=True) or 0
        inner = [Block(inside=outer), Block(inside=outer)]
        assert [made.share for made in inner] == [0.5, 0.5]
        in_threads(lambda: burn(0.05), lambda: burn(0.05))
        whole_us = (outer.now_us(at_any_cost=True) or 0) - before_us
        parts_us = [made.used_us for made in inner]
        for made in inner:
            made.close()
    assert sum(parts_us) == pytest.approx(whole_us, abs=2000)
    assert not outer.had_company


def test_a_block_that_outlives_the_one_around_it_goes_on():
    outer = Block()
    inner = Block(inside=outer)
    outer.close()
    assert not outer.is_open
    burn(0.05)
    assert inner.close() >= 45_000
    assert inner.close() == round(inner.used_us)


def test_what_a_thread_used_before_it_ended_unseen_is_part_of_the_rest():
    made = []

    def work():
        made.append(Block())
        burn(0.05)

    with block() as company:
        in_threads(work)
        (left,) = made
        used_us = left.close()
    assert used_us >= 20_000, "half of it, or all where the system still knew the thread"
    assert 45_000 <= used_us + company.used_us <= 90_000


def test_a_forked_childs_block_begins_anew_and_is_not_its_parents():
    with block() as outer:
        burn(0.05)
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            inner = Block(inside=outer)
            burn(0.1)
            os.write(writer, f"{inner.close()} {inner.outer} {inner.had_company}".encode())
            os._exit(0)
        os.close(writer)
        used_us, outer_of_inner, had_company = os.read(reader, 100).decode().split()
        os.close(reader)
        os.waitpid(pid, 0)
    assert 95_000 <= int(used_us) <= 200_000
    assert (outer_of_inner, had_company) == ("None", "False")
    assert seconds(outer) >= 0.145


def test_living_children_are_counted_from_procfs():
    program = "import sys\nfor _ in range(10**6): pass\nprint(1, flush=True)\nsys.stdin.read()"
    command = [sys.executable, "-I", "-S", "-c", program]
    with block() as made, subprocess.Popen(command, stdin=-1, stdout=-1) as child:
        assert child.stdout is not None
        child.stdout.readline()
        before_us = made.now_us(at_any_cost=True) or 0
        assert child.pid in made.living()
        child.kill()
        child.wait()
        assert (made.now_us(at_any_cost=True) or 0) >= before_us
        others = len(made.living()) > 1  # such as multiprocessing's helper, of another test
        assert others or made.now_us() is not None, "without children, looking is free"


def test_who_ignores_children_is_told_to_be_a_lower_bound():
    with block() as made:
        before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        try:
            assert "SIGCHLD" in (made.why or "")
        finally:
            signal.signal(signal.SIGCHLD, before)


def test_what_is_lost_from_a_count_was_counted_and_goes_on_from_there():
    readings = iter([5, 10, 7, 7, 9, 3, 12])
    count = Growing()
    assert [count.take(lambda: next(readings)) for _ in range(5)] == [5, 10, 10, 12, 15]
    assert count.lost == 3


SHORT_LIVED = """
import os, time
total = 0.0
for _ in range(300):
    pid = os.fork()
    if pid == 0:
        begun = time.process_time()
        while time.process_time() - begun < 0.001: pass
        os._exit(0)
    usage = os.wait4(pid, 0)[2]
    total += usage.ru_utime + usage.ru_stime
print(total + time.process_time())
"""


def test_three_hundred_short_children_of_a_child_are_counted_to_the_last():
    with block() as made:
        before_s = time.process_time()
        command = [sys.executable, "-I", "-S", "-c", SHORT_LIVED]
        told = subprocess.run(command, check=True, capture_output=True)
        truth_s = float(told.stdout) + time.process_time() - before_s
    assert 0.99 * truth_s <= seconds(made) <= 1.05 * truth_s + 0.02

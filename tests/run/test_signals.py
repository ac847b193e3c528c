"""Signals: what was sent to brizna reaches the command, and nothing keeps the record from disk."""

from __future__ import annotations

import os
import signal
import time

import pytest

COUNT = """
import os, signal, sys
awaited = {getattr(signal, name) for name in sys.argv[1].split(",")}
signal.pthread_sigmask(signal.SIG_BLOCK, awaited)
os.write(1, b"ready\\n")
got = []
while signal.SIGTERM not in got:
    got.append(signal.sigwait(awaited))
    os.write(1, b"got %d\\n" % got[-1])
os.write(1, repr([int(number) for number in got]).encode())
"""
READY = 'import os, signal; os.write(1, b"ready\\n"); signal.pause()'


def masks(out):
    """Return the masks in some lines of a process status, but for glibc's own two signals.

    glibc ignores 32 and 33 in what it spawns (make, for one) and lets nobody change that.
    """
    lines = [line.split() for line in out.decode().splitlines()]
    return {name: int(mask, 16) & ~(0b11 << 31) for name, mask in lines}


@pytest.mark.parametrize("caught", [False, True])
def test_what_a_process_sends_to_us_reaches_the_command_once(supervise, python, caught):
    names = ["SIGUSR1", "SIGUSR2", "SIGALRM", "SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM"]
    run = supervise(*python(COUNT, ",".join(names)), settings={"caught": caught})
    assert run.process.stdout.readline() == b"ready\n"
    for name in names:
        run.send(getattr(signal, name))
        assert run.process.stdout.readline() == b"got %d\n" % getattr(signal, name)
    code, out, outcome = run.end()
    assert code == 0
    assert out.decode() == repr([int(getattr(signal, name)) for name in names])
    assert outcome["forwarded"] == names


def test_real_time_signals_are_handed_on(supervise, python):
    run = supervise(*python(READY))
    assert run.process.stdout.readline() == b"ready\n"
    run.send(signal.SIGRTMIN + 3)
    code, _, outcome = run.end()
    assert code == 128 + signal.SIGRTMIN + 3
    assert outcome["forwarded"] == ["SIGRTMIN+3"]


def test_a_signal_before_the_start_is_the_commands_first(supervise, python):
    run = supervise(*python(READY), settings={"before": True})
    assert run.process.stderr.readline() == b"here\n"
    run.send(signal.SIGTERM)
    run.send(signal.SIGINT)
    run.go_on("before")
    code, _, outcome = run.end()
    assert code in {128 + signal.SIGTERM, 128 + signal.SIGINT}
    assert outcome["started"]
    assert outcome["forwarded"]


def test_signals_after_the_end_do_not_keep_the_record_from_being_written(supervise):
    run = supervise("sh", "-c", "exit 3", settings={"after": True})
    assert run.process.stderr.readline() == b"here\n"
    for _ in range(2):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGPIPE):
            run.send(number)
    run.go_on("after")
    code, _, outcome = run.end()
    assert (code, outcome["forwarded"]) == (3, [])


def test_a_command_that_ignores_term_is_waited_for(supervise, python):
    run = supervise(
        *python(
            "import os, signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
            'os.write(1, b"ready\\n"); os.read(0, 1); os._exit(9)'
        )
    )
    assert run.process.stdout.readline() == b"ready\n"
    run.send(signal.SIGTERM)
    run.send(signal.SIGTERM)
    code, _, outcome = run.end(given=b"x")
    assert (code, outcome["forwarded"]) == (9, ["SIGTERM"])


def test_sigpipe_and_window_changes_harm_nobody(supervise, python):
    run = supervise(*python('import os; os.write(1, b"ready\\n"); os.read(0, 1)'))
    assert run.process.stdout.readline() == b"ready\n"
    for number in (signal.SIGPIPE, signal.SIGWINCH, signal.SIGCONT, signal.SIGURG):
        run.send(number)
    code, _, outcome = run.end(given=b"x")
    assert (code, outcome["forwarded"]) == (0, [])


@pytest.mark.parametrize("caught", [False, True])
def test_a_storm_of_signals_delays_neither_the_ticks_nor_the_end(supervise, python, caught):
    run = supervise(
        *python(
            "import os, signal; signal.signal(signal.SIGUSR1, lambda *_: None);"
            'os.write(1, b"ready\\n"); os.read(0, 1); os._exit(0)'
        ),
        settings={"interval_s": 0.02, "announce": True, "caught": caught},
    )
    assert run.process.stdout.readline() == b"ready\n"
    for _ in range(3):
        assert run.process.stderr.readline() == b"tick\n"
        for _ in range(3000):
            run.send(signal.SIGUSR1)
    code, _, outcome = run.end(given=b"x")
    assert (code, outcome["forwarded"]) == (0, ["SIGUSR1"])


def test_the_command_finds_every_signal_at_its_default_and_none_blocked(supervise):
    run = supervise("grep", "-E", "^(Sig(Blk|Ign|Pnd)|ShdPnd)", "/proc/self/status")
    _, out, _ = run.end()
    assert set(masks(out).values()) == {0}


@pytest.mark.parametrize("caught", [False, True])
def test_what_nohup_and_a_shells_background_ignore_stays_ignored(supervise, caught):
    def ignore():
        for name in ("SIGHUP", "SIGINT", "SIGQUIT", "SIGUSR1", "SIGCHLD", "SIGTERM"):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR2, signal.SIGTERM})

    run = supervise(
        *("grep", "-E", "^Sig(Blk|Ign):", "/proc/self/status"),
        preexec_fn=ignore,
        settings={"caught": caught},
    )
    code, out, _ = run.end()
    kept = sum(1 << (number - 1) for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT))
    assert code == 0
    assert masks(out) == {"SigBlk:": 0, "SigIgn:": kept}


def test_an_alarm_that_was_set_for_the_command_reaches_it(supervise, python):
    run = supervise(*python(READY), preexec_fn=lambda: signal.setitimer(0, 1.5))
    code, _, outcome = run.end()
    assert (code, outcome["forwarded"]) == (128 + signal.SIGALRM, ["SIGALRM"])


def test_trouble_with_ticks_is_noted_once_and_never_breaks_the_command(supervise):
    run = supervise(
        *("sh", "-c", "read line; exit 4"),
        settings={"trouble": True, "announce": True, "interval_s": 0.02},
    )
    for _ in range(3):
        assert run.process.stderr.readline() == b"tick\n"
    code, _, outcome = run.end(given=b"x\n")
    assert (code, outcome["exit_code"]) == (4, 4)
    assert [note.split(":")[0] for note in outcome["notes"]] == [
        "Measuring failed",
        "What follows the start failed",
    ]


def test_if_we_are_killed_the_command_goes_on(supervise, python):
    run = supervise(
        *python(
            'import os; os.write(1, b"ready\\n"); os.read(0, 1);'
            'os.write(1, b"on\\n"); os.read(0, 1); os.write(1, b"and on\\n")'
        ),
        settings={"announce": True},
    )
    assert run.process.stdout.readline() == b"ready\n"
    run.process.kill()
    run.process.wait()
    for given, said in ((b"x", b"on\n"), (b"x", b"and on\n")):
        os.write(run.process.stdin.fileno(), given)
        assert run.process.stdout.readline() == said


def test_being_stopped_past_a_tick_is_no_signal(supervise):
    """Python's sigtimedwait then returns memory that nobody wrote."""
    for _ in range(3):
        run = supervise("sh", "-c", "read line; exit 5", settings={"interval_s": 0.05})
        run.process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, run.process.pid, os.WSTOPPED | os.WNOWAIT)
        time.sleep(0.12)
        run.process.send_signal(signal.SIGCONT)
        time.sleep(0.02)
        run.process.stdin.write(b"go\n")
        run.process.stdin.flush()
        code, _, outcome = run.end()
        assert (code, outcome["forwarded"]) == (5, [])

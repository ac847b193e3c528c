"""The command is started untouched: files, environment, arguments, group, standard streams."""

from __future__ import annotations

import errno
import json
import os
import sys

import pytest

LIST_FILES = 'import os; print(sorted(int(n) for n in os.listdir("/proc/self/fd"))[:-1])'
"""The last one is that of the listing itself."""


def test_standard_input_is_the_commands(supervise):
    _, out, _ = supervise("cat").end(given=b"a line\nand half a")
    assert out == b"a line\nand half a"


def test_a_closed_standard_input_stays_closed(supervise, python):
    program = "import os\ntry: os.fstat(0)\nexcept OSError as error: print(error.errno)"
    run = supervise(*python(program), stdin=None, preexec_fn=lambda: os.close(0))
    _, out, _ = run.end()
    assert out == b"%d\n" % errno.EBADF


def test_the_command_inherits_no_file_of_ours(supervise, python, tmp_path):
    settings = {"mark_directory": str(tmp_path), "interval_s": 0.01}
    _, out, _ = supervise(*python(LIST_FILES), settings=settings).end()
    assert out == b"[0, 1, 2]\n"


def test_a_file_that_the_caller_handed_down_stays_open(supervise, python):
    reader, writer = os.pipe()
    program = f"import os; os.write({writer}, b'through')"
    supervise(*python(program), pass_fds=(writer,)).end()
    os.close(writer)
    assert os.read(reader, 20) == b"through"
    os.close(reader)


def test_arguments_are_handed_on_byte_by_byte(supervise, python):
    odd = [b"", b" two  blanks ", b"\xff\xfe", "ñ€".encode(), b"$HOME `id` * -- --help", b"a\nb"]
    show = "import os, sys; print([os.fsencode(argument) for argument in sys.argv[1:]])"
    _, out, _ = supervise(*python(show, *map(os.fsdecode, odd))).end()
    assert out.decode() == f"{odd}\n"


def test_the_environment_is_the_one_that_was_given(supervise):
    environ = {b"PATH": os.environb[b"PATH"], b"ODD": b"\xff\n=x", b"": b"", b"EMPTY": b""}
    del environ[b""]
    run = supervise(sys.executable, "-c", "import os; print(dict(os.environb))", env=environ)
    _, out, _ = run.end()
    seen = eval(out)  # noqa: S307 - what our own line printed
    assert {name: seen.get(name) for name in environ} == environ
    assert seen.keys() - environ.keys() <= {b"LC_CTYPE"}  # Python's own coercion of the locale


def test_group_and_session_are_ours(supervise, python):
    show = "import os; print([os.getppid(), os.getpgrp(), os.getsid(0)])"
    run = supervise(*python(show))
    ours = [run.pid, os.getpgid(run.pid), os.getsid(run.pid)]
    _, out, _ = run.end()
    assert json.loads(out) == ours


def test_a_flood_on_standard_output_arrives_whole(supervise, python):
    flood = "import os\nfor _ in range(64): os.write(1, bytes(1 << 20))"
    _, out, outcome = supervise(*python(flood)).end()
    assert (len(out), outcome["exit_code"]) == (64 << 20, 0)


def test_a_command_whose_reader_left_gets_sigpipe(supervise):
    run = supervise("yes")
    run.process.stdout.read(10)
    run.process.stdout.close()
    run.process.wait()
    assert run.outcome()["exit_code"] == 128 + 13


def test_start_and_end_are_told_in_order(supervise):
    _, _, outcome = supervise("true").end()
    assert outcome["on_start"] == [outcome["pid"]]
    first, last = outcome["ticks"]
    assert first[0] == 0
    assert last[0] == outcome["cpu_time_us"]


def test_what_takes_longer_waits_for_a_short_command_to_end(supervise):
    _, _, outcome = supervise("true", settings={"announce_later": False}).end()
    assert outcome["on_start"] == [outcome["pid"], 2]  # after the tick before and the tick after


def test_what_takes_longer_is_done_once_while_a_long_command_runs(supervise):
    run = supervise("cat", settings={"announce_later": True})
    assert run.process.stderr.readline() == b"later\n"
    _, _, outcome = run.end()
    assert outcome["on_start"] == [outcome["pid"], 1]


@pytest.mark.parametrize("how", ["exit", "kill"])
def test_no_child_stays_behind_unreaped(supervise, python, how):
    program = (
        "import os\nif os.fork() == 0: os._exit(1)\n"
        "os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)\n"
    ) + ("os._exit(0)" if how == "exit" else "os.kill(os.getpid(), 9)")
    run = supervise(*python(program), settings={"after": True})
    assert run.process.stderr.readline() == b"here\n"
    with open(f"/proc/{run.pid}/task/{run.pid}/children", encoding="ascii") as file:
        assert file.read() == ""
    run.go_on("after")
    run.end()

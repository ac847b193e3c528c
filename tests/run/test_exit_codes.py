"""The exit code is the command's own; what could not start says why."""

from __future__ import annotations

import errno
import os
import signal

import pytest

from brizna.core.errors import InputError
from brizna.run import Pace, Supervisor

# Test runners have threads; these children execute at once.
pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")

TICKS = []


def outcome_of(*command, environ=None):
    """Run a command right here; only for what needs no process of its own around it."""
    with Supervisor() as supervisor:
        return supervisor.run(
            command,
            environ=dict(os.environ) if environ is None else environ,
            tick=TICKS.append,
            # A thread of the test runner's libraries may be told of the end instead of us.
            pace=Pace(interval_s=0.02),
        )


def test_every_exit_code_is_handed_through(supervise):
    for code in (0, 1, 2, 77, 125, 126, 127, 128, 255):
        returned, _, outcome = supervise("sh", "-c", f"exit {code}").end()
        assert (returned, outcome["exit_code"], outcome["signal"]) == (code, code, None)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV, signal.SIGPIPE])
def test_a_signal_that_ended_the_command_gives_128_and_its_number(supervise, number):
    returned, _, outcome = supervise("sh", "-c", f"ulimit -c 0; kill -{int(number)} $$").end()
    assert (returned, outcome["signal"]) == (128 + number, number)


def test_a_command_that_is_nowhere_gives_127(supervise):
    returned, _, outcome = supervise("no-such-command-anywhere").end()
    assert returned == 127
    assert not outcome["started"]
    assert outcome["errno"] == errno.ENOENT
    assert "PATH" in outcome["reason"]
    assert outcome["on_start"] == []
    assert outcome["cpu_time_us"] is None


def test_a_path_that_is_nowhere_gives_127(tmp_path):
    outcome = outcome_of(str(tmp_path / "nowhere"))
    assert (outcome.exit_code, outcome.errno) == (127, errno.ENOENT)
    assert "There is no file" in (outcome.reason or "")


def test_an_empty_name_gives_127():
    assert outcome_of("").exit_code == 127


def test_a_missing_interpreter_gives_127_as_env_does_and_is_named(tmp_path):
    script = tmp_path / "script"
    script.write_text("#!/no/such/interpreter\n")
    script.chmod(0o755)
    for name, path in ((str(script), None), ("script", str(tmp_path))):
        outcome = outcome_of(name, environ={"PATH": path or ""})
        assert outcome.exit_code == 127
        assert "first line" in (outcome.reason or "")


def test_a_script_without_a_first_line_gives_126(tmp_path):
    script = tmp_path / "script"
    script.write_text("echo never\n")
    script.chmod(0o755)
    outcome = outcome_of(str(script))
    assert (outcome.exit_code, outcome.errno) == (126, errno.ENOEXEC)
    assert "#!/bin/sh" in (outcome.reason or "")


def test_a_file_without_the_permission_gives_126(tmp_path):
    script = tmp_path / "script"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o644)
    outcome = outcome_of(str(script))
    assert (outcome.exit_code, outcome.errno) == (126, errno.EACCES)
    assert "chmod +x" in (outcome.reason or "")


def test_a_directory_gives_126(tmp_path):
    outcome = outcome_of(str(tmp_path))
    assert outcome.exit_code == 126
    assert "directory" in (outcome.reason or "")


def test_a_file_in_the_place_of_a_directory_gives_126(tmp_path):
    (tmp_path / "file").touch()
    outcome = outcome_of(str(tmp_path / "file" / "command"))
    assert (outcome.exit_code, outcome.errno) == (126, errno.ENOTDIR)


def test_arguments_that_are_too_long_give_126():
    outcome = outcome_of("true", *["x" * 100_000] * 40)
    assert (outcome.exit_code, outcome.errno) == (126, errno.E2BIG)


def test_the_search_goes_on_behind_what_cannot_be_executed(tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    for folder, mode in ((first, 0o644), (second, 0o755)):
        folder.mkdir()
        (folder / "tool").write_text("#!/bin/sh\nexit 5\n")
        (folder / "tool").chmod(mode)
    assert outcome_of("tool", environ={"PATH": f"{first}:{second}"}).exit_code == 5
    assert outcome_of("tool", environ={"PATH": f"{first}:{tmp_path}"}).exit_code == 126


def test_the_path_of_the_commands_own_environment_is_searched(tmp_path):
    assert outcome_of("true", environ={"PATH": str(tmp_path)}).exit_code == 127


@pytest.mark.parametrize("command", [[], ["a\0b"]])
def test_a_command_that_nobody_can_run_is_refused(command):
    with Supervisor() as supervisor, pytest.raises(InputError, match="expected a program"):
        supervisor.run(command, environ={}, tick=TICKS.append)

"""Limits of devices: set for a while, and back whatever happens."""

from __future__ import annotations

import json
import os
import signal
from itertools import count
from threading import get_ident

import pytest

from brizna.core.errors import InputError, UnavailableError
from brizna.run import (
    CLOCK,
    HeldLimits,
    find_file_limits,
    open_nvml_limits,
    put_back,
    restore_files,
)
from brizna.run._limit_files import _not_set, file_limit_at
from brizna.testing import FakeClock, FakeGpu, FakeLimitFiles, FakeNvml

WATT_UW = 1_000_000


@pytest.fixture
def files(tmp_path):
    """Return a simulated sysfs."""
    return FakeLimitFiles(tmp_path / "sys")


@pytest.fixture
def restore(tmp_path):
    """Return where the restore file goes."""
    return tmp_path / "state/brizna/limits.json"


def limits(files, dimension):
    """Return the limits of a dimension in a simulated sysfs."""
    return find_file_limits(dimension, sys_root=str(files.root))


def opener(files):
    """Return what opens the limits that a restore file names, in a simulated sysfs."""
    return lambda entry: file_limit_at(entry["at"], entry["unit"], sys_root=str(files.root))


def value(path):
    """Return the number in a file."""
    return int(path.read_text())


@pytest.mark.parametrize(
    ("dimension", "found", "bounds"),
    [
        ("cpu-freq", 2, (800_000, 3_600_000)),
        ("cpu-perf", 1, (1, 100)),
        ("cpu-limit", 1, (None, 90 * WATT_UW)),
        ("gpu-limit", 1, (100 * WATT_UW, 300 * WATT_UW)),
    ],
)
def test_each_kind_of_limit_is_found_with_its_bounds(files, dimension, found, bounds):
    made = limits(files, dimension)
    assert len(made) == found
    assert made[0].bounds() == bounds


def test_limits_inside_a_package_are_not_those_of_the_package(files):
    inner = files.root / "class/powercap/intel-rapl:0:0/constraint_0_power_limit_uw"
    inner.parent.mkdir()
    inner.write_text("5\n")
    assert len(limits(files, "cpu-limit")) == 1


def test_what_was_set_is_back_at_the_end_and_the_restore_file_gone(files, restore):
    first, second = limits(files, "cpu-freq")
    with HeldLimits([(first, [1_200_000]), (second, [1_200_000])], str(restore)) as held:
        assert restore.exists()
        held.set(first, 1_200_000)
        held.set(second, 1_200_000)
        assert value(files.clock(1)) == 1_200_000
        held.set(second, None)
        assert value(files.clock(1)) == 3_600_000
    assert (value(files.clock(0)), value(files.clock(1))) == (3_600_000, 3_600_000)
    assert not restore.exists()
    assert not held.notes


def test_the_restore_file_says_everything_before_anything_is_changed(files, restore):
    (card,) = limits(files, "gpu-limit")
    with HeldLimits([(card, [200 * WATT_UW, 150 * WATT_UW])], str(restore)):
        told = json.loads(restore.read_bytes())
    assert told["limits"] == [
        {
            "kind": "file",
            "at": card.at,
            "unit": "uW",
            "before": 250 * WATT_UW,
            "ours": [150 * WATT_UW, 200 * WATT_UW],
        }
    ]
    assert told["writer"]["pid"] == os.getpid()


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_whatever_is_raised_inside_limits_are_back(files, restore, error):
    (card,) = limits(files, "gpu-limit")

    def fail():
        with HeldLimits([(card, [150 * WATT_UW])], str(restore)) as held:
            held.set(card, 150 * WATT_UW)
            raise error

    with pytest.raises(error):
        fail()
    assert value(files.card(0)) == 250 * WATT_UW


def test_a_signal_waits_until_limits_are_back(files, restore):
    came = []

    class Slow:
        """A limit in the middle of whose restoring a signal arrives."""

        def __init__(self, limit):
            self._limit = limit
            self.kind, self.at, self.unit = limit.kind, limit.at, limit.unit
            self.read, self.bounds, self.name = limit.read, limit.bounds, limit.name

        def write(self, number):
            if number == 250 * WATT_UW and self.read() != number:
                signal.pthread_kill(get_ident(), signal.SIGTERM)
                came.append("sent")
            self._limit.write(number)

    before = signal.signal(signal.SIGTERM, lambda *_: came.append(value(files.card(0))))
    try:
        slow = Slow(limits(files, "gpu-limit")[0])
        with HeldLimits([(slow, [150 * WATT_UW])], str(restore)) as held:
            held.set(slow, 150 * WATT_UW)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert came == ["sent", 250 * WATT_UW]


def test_a_value_out_of_bounds_is_refused_before_anything_is_written(files, restore):
    (card,) = limits(files, "gpu-limit")
    with pytest.raises(InputError, match="expected from 100000000 to 300000000 uW"):
        HeldLimits([(card, [90 * WATT_UW])], str(restore))
    assert not restore.exists()


def test_what_somebody_else_changed_meanwhile_stops_the_sweep_and_is_left(files, restore):
    (card,) = limits(files, "gpu-limit")
    with HeldLimits([(card, [150 * WATT_UW])], str(restore)) as held:
        held.set(card, 150 * WATT_UW)
        files.card(0).write_text(f"{180 * WATT_UW}\n")
        with pytest.raises(UnavailableError, match="somebody else has changed it"):
            held.check()
    assert value(files.card(0)) == 180 * WATT_UW
    assert "it is left so" in str(held.notes[0])
    assert not restore.exists()


def test_a_device_that_takes_another_value_than_it_is_told_is_refused(files, restore):
    (card,) = limits(files, "gpu-limit")
    write = card.write
    card.write = lambda number: write(max(number, 200 * WATT_UW))
    with HeldLimits([(card, [150 * WATT_UW])], str(restore)) as held:
        with pytest.raises(UnavailableError, match="says 200000000 uW"):
            held.set(card, 150 * WATT_UW)
        assert value(files.card(0)) == 200 * WATT_UW
    assert "it is left so" in str(held.notes[0])


def test_a_device_that_rounds_is_taken_at_its_word_and_put_back(files, restore):
    (card,) = limits(files, "gpu-limit")
    write = card.write
    card.write = lambda number: write(number - number % (WATT_UW // 8))
    with HeldLimits([(card, [150_100_000])], str(restore)) as held:
        held.set(card, 150_100_000)
        assert value(files.card(0)) == 150_000_000
    assert value(files.card(0)) == 250 * WATT_UW


def test_two_sweeps_at_once_are_refused(files, restore):
    (card,) = limits(files, "gpu-limit")
    with (
        HeldLimits([(card, [150 * WATT_UW])], str(restore)),
        pytest.raises(UnavailableError, match="Another sweep"),
        HeldLimits([(card, [200 * WATT_UW])], str(restore)),
    ):
        pytest.fail("began")
    assert not restore.exists()


def test_a_file_that_may_not_be_written_is_refused_with_the_command_that_helps(files, restore):
    (card,) = limits(files, "gpu-limit")
    card.write = _refused_by(13)
    with pytest.raises(UnavailableError, match="sudo chmod o\\+w"):
        HeldLimits([(card, [150 * WATT_UW])], str(restore))
    assert not restore.exists()


def test_a_file_that_cannot_take_a_value_asks_for_no_permission(files):
    (card,) = limits(files, "gpu-limit")
    card.at = str(files.root)  # a folder cannot be written, not even by root
    with pytest.raises(UnavailableError, match="leave this level out"):
        card.write(1)


def _refused_by(number):
    """Return what writes a limit where the system refuses with an error of this number."""

    def write(value):
        raise _not_set("/sys/x", value, OSError(number, os.strerror(number)))

    return write


def test_where_no_restore_file_can_be_kept_nothing_is_changed(files):
    (card,) = limits(files, "gpu-limit")
    with (
        pytest.raises(UnavailableError, match="no place for a restore file"),
        HeldLimits([(card, [150 * WATT_UW])], ""),
    ):
        pytest.fail("began")


def cut_short(files, restore, dimension, values, at):
    """Set limits in a process that kills itself at an operation; tell whether it got there."""
    pid = os.fork()
    if pid == 0:
        ticks = count()
        try:
            made = limits(files, dimension)
            for limit in made:
                for name in ("read", "write"):
                    setattr(limit, name, _deadly(getattr(limit, name), ticks, at))
            with HeldLimits([(limit, values) for limit in made], str(restore)) as held:
                for number in (*values, None):
                    for limit in made:
                        held.set(limit, number)
        finally:
            os._exit(0)
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status) == -signal.SIGKILL


def _deadly(operation, ticks, at):
    def act(*arguments):
        if next(ticks) == at:
            os.kill(os.getpid(), signal.SIGKILL)
        result = operation(*arguments)
        if next(ticks) == at:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    return act


def test_killed_at_whatever_moment_the_next_command_puts_limits_back(files, restore):
    values = [1_200_000, 2_000_000]
    said = []
    for at in count():
        was_killed = cut_short(files, restore, "cpu-freq", values, at)
        said += put_back(str(restore), opener(files))
        assert (value(files.clock(0)), value(files.clock(1))) == (3_600_000, 3_600_000), at
        assert not restore.exists(), at
        if not was_killed:
            break
    assert at > 40
    assert any("it is back at 3600000 kHz" in str(one) for one in said)


def leave_behind(files, restore, **changes):
    """Leave a restore file as a sweep that was killed does, with changes."""
    (card,) = limits(files, "gpu-limit")
    assert cut_short(files, restore, "gpu-limit", [150 * WATT_UW], 12)
    told = json.loads(restore.read_bytes())
    told["writer"] |= changes.get("writer", {})
    restore.write_text(json.dumps(told))
    return card


def test_what_somebody_else_set_after_a_kill_is_left_and_said(files, restore):
    leave_behind(files, restore)
    files.card(0).write_text(f"{180 * WATT_UW}\n")
    (said,) = put_back(str(restore), opener(files))
    assert "somebody else has changed it since" in str(said)
    assert value(files.card(0)) == 180 * WATT_UW
    assert not restore.exists()


def test_after_a_restart_there_is_nothing_to_put_back(files, restore):
    leave_behind(files, restore, writer={"boot": "00000000-0000-0000-0000-000000000000"})
    before = value(files.card(0))
    (said,) = put_back(str(restore), opener(files))
    assert "started anew" in str(said)
    assert value(files.card(0)) == before
    assert not restore.exists()


def test_a_sweep_in_another_container_is_not_called_dead(files, restore):
    leave_behind(files, restore, writer={"ns": "pid:[1]"})
    (said,) = put_back(str(restore), opener(files))
    assert "another container" in str(said)
    assert restore.exists()


def test_a_sweep_that_goes_on_is_left_in_peace(files, restore):
    (card,) = limits(files, "gpu-limit")
    with HeldLimits([(card, [150 * WATT_UW])], str(restore)) as held:
        held.set(card, 150 * WATT_UW)
        assert not put_back(str(restore), opener(files))
        assert value(files.card(0)) == 150 * WATT_UW


def test_what_cannot_be_put_back_now_is_kept_for_later(files, restore):
    leave_behind(files, restore)
    gone = files.card(0)
    away = gone.with_name("away")
    gone.rename(away)
    (said,) = put_back(str(restore), opener(files))
    assert "not back at 250000000 uW" in str(said)
    assert restore.exists()
    away.rename(gone)
    put_back(str(restore), opener(files))
    assert value(gone) == 250 * WATT_UW


def test_a_file_that_names_anything_but_a_limit_changes_nothing(files, restore, tmp_path):
    other = tmp_path / "precious"
    other.write_text("150000000\n")
    leave_behind(files, restore)
    told = json.loads(restore.read_bytes())
    told["limits"][0]["at"] = str(other)
    restore.write_text(json.dumps(told))
    (said,) = put_back(str(restore), opener(files))
    assert "is no limit below" in str(said)
    assert other.read_text() == "150000000\n"


@pytest.mark.parametrize("text", ["", "{}", '{"schema": "brizna.limits/9"}', "[]"])
def test_a_file_that_is_not_understood_is_said_and_kept(restore, text):
    restore.parent.mkdir(parents=True)
    restore.write_text(text)
    (said,) = put_back(str(restore))
    assert "no restore file" in str(said)
    assert restore.exists()


def test_restore_files_are_of_one_host_and_of_the_person_or_the_machine(tmp_path):
    (own, *rest) = restore_files({"XDG_STATE_HOME": str(tmp_path)})
    assert own.startswith(str(tmp_path))
    assert all(path.startswith("/var/lib/brizna") for path in rest)


# --------------------------------------------------------------------------------------- NVIDIA


@pytest.fixture
def nvml():
    """Return a simulated driver with two cards."""
    cards = [FakeGpu(uuid=f"GPU-{at}", power_w=380.0, limit_w=400.0) for at in range(2)]
    return FakeNvml(FakeClock(), cards)


def test_the_power_limit_of_a_card_is_set_and_put_back(nvml, restore):
    (card,) = open_nvml_limits(["1"], provider=nvml)
    with HeldLimits([(card, [150_000])], str(restore)) as held:
        held.set(card, 150_000)
        assert (nvml.limit_w(0), nvml.limit_w(1)) == (400.0, 150.0)
        assert nvml.draws_w(1) == 150.0
    assert nvml.limit_w(1) == 400.0
    assert not nvml.is_open


def test_a_card_that_may_not_be_set_is_refused_before_anything_runs(nvml, restore):
    nvml.may_set = False
    (card,) = open_nvml_limits(["GPU-0"], provider=nvml)
    with pytest.raises(UnavailableError, match=r"sudo nvidia-smi -i GPU-0 -pl 400"):
        HeldLimits([(card, [150_000])], str(restore))
    assert not restore.exists()


def test_power_and_clock_of_one_card_are_both_set_and_put_back(nvml, restore):
    (power,) = open_nvml_limits(["0"], provider=nvml)
    (clock,) = open_nvml_limits(["0"], kind=CLOCK, provider=nvml)
    assert clock.bounds() == (210, 1410)
    with HeldLimits([(power, [200_000]), (clock, [900])], str(restore)) as held:
        held.set(power, 200_000)
        held.set(clock, 900)
        assert (nvml.limit_w(0), nvml.clock_mhz(0), nvml.clock_mhz(1)) == (200.0, 900, 1410)
        kinds = [one["kind"] for one in json.loads(restore.read_bytes())["limits"]]
        assert kinds == ["nvml", "nvml-clock"]
    assert (nvml.limit_w(0), nvml.clock_mhz(0)) == (400.0, 1410)
    nvml.may_set = False
    with pytest.raises(UnavailableError, match=r"sudo nvidia-smi -i GPU-0 -ac 1593,900"):
        clock.write(900)


def test_a_clock_that_the_card_does_not_have_is_refused_and_all_is_back(nvml, restore):
    (clock,) = open_nvml_limits(["0"], kind=CLOCK, provider=nvml)

    def fail():
        with HeldLimits([(clock, [901])], str(restore)) as held:
            held.set(clock, 901)

    with pytest.raises(UnavailableError, match="Expected a card that takes it"):
        fail()
    assert nvml.clock_mhz(0) == 1410
    assert not restore.exists()


def test_a_card_that_is_not_there_is_refused(nvml):
    with pytest.raises(InputError, match="'7' means 0 cards"):
        open_nvml_limits(["7"], provider=nvml)
    nvml.driver_is_loaded = False
    with pytest.raises(UnavailableError, match="does not answer"):
        open_nvml_limits(provider=nvml)


def test_an_old_card_without_a_limit_is_refused(restore):
    nvml = FakeNvml(FakeClock(), [FakeGpu(uuid="GPU-0", limit_w=None)])
    (card,) = open_nvml_limits(provider=nvml)
    with pytest.raises(UnavailableError, match="cannot be read"):
        HeldLimits([(card, [150_000])], str(restore))

"""Looks at a Python program from inside, a hundred times a second: which code uses the processors.

Run as a file it takes the program's place on the command line and then becomes it: the program
finds its own ``sys.argv``, ``sys.path``, ``__main__``, tracebacks, exit code and signals. It needs
nothing of brizna, so that it works in any interpreter, with or without brizna installed, and it
imports only what every interpreter has loaded or built in: no module of the program's own name is
ever shadowed. The program's environment has one variable more, as in any run.

A thread that Python's ``threading`` does not know looks at random moments, so that no rhythm of
the program can hide from it. At each look, every thread's processor time since the look before
goes to the functions that it is in; what the process used beyond its Python threads is that of
native threads (of a matrix library, say) and goes below the function of the one Python thread that
worked, or waited, meanwhile. Time in which the process used less than one processor is waiting,
and goes to where the main thread is. No signal is used, no profiling hook is set, no other thread
is ever stopped.

What was seen is appended to one file, a checked line of JSON each tenth of a second, ``crc32 SP
json LF`` as in the journal:

- ``pid``, ``period_us`` and ``used_us`` in the first line of a process: what it had used before.
- ``from``, ``to``: microseconds on the boot-time clock; ``looks``: how many; ``late_us``: how long
  they waited for the interpreter beyond the moment they were due.
- ``f``: functions seen for the first time, as name, file, first line. ``n``: places seen for the
  first time, each as the place that called it (-1 for none) and its function (-1: native threads).
- ``trouble``: why a process was looked at no more.
- ``c``: by place, microseconds of processor time used there, in how many looks, and how many of
  the microseconds were told by looks that came late. ``w``: by place, microseconds in which the
  process waited there; ``q``: in which it was ready there, but the processors were others'.
  ``own_us``: what the looks took.
"""

from __future__ import annotations

import _thread
import os
import sys
import time
from _json import encode_basestring_ascii as _quoted
from _weakref import ref as _weakly
from zlib import crc32 as _crc32

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType, FrameType
    from typing import Any

PERIOD_US = 10_000
"""Mean time between two looks."""
_MOST_OWN = 0.01
"""Share of one processor that the looks may take; they come less often where each takes longer."""
_NEWS = 0.1
"""Weight of the latest look in what one usually takes."""
_LINE_US, _LONGEST_LINE_US = 100_000, 1_000_000
"""Time that one line tells of; it grows with the length of the run, as its file does."""
_LINES_PER_RUN = 600
_DEEPEST = 200
"""Functions of a stack that are told, from the innermost out."""
_NATIVE, _HIDDEN = -1, -2
_HERE = __file__
"""Functions of this file are in no stack."""
_MOST_FAILURES = 20
_RECORD = "run.json"
"""Once the run's record is beside the file, the run has ended, and with it all looking."""
_USUAL_SWITCH_S, _SHORT_SWITCH_S = 0.005, 0.00002
_LATE_US = 200
"""A look that comes later than this waited for the interpreter, and may see what follows."""
_WORKS_US = 50
"""What a thread uses between two looks, from which on it works."""
_APPEND = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)


def why_not() -> str | None:
    """Return why Python's threads cannot be looked at here; None if they can."""
    if sys.implementation.name != "cpython":
        return "its interpreter is not CPython"
    if not hasattr(time, "pthread_getcpuclockid") or not hasattr(time, "CLOCK_BOOTTIME"):
        return "this system does not tell the processor time of each thread"
    return None


class Sampler:
    """Looks at this process until it is stopped; a forked child is looked at as well.

    Attributes:
        path: Where it appends what it sees.
    """

    def __init__(self, path: str, *, period_us: int = PERIOD_US) -> None:
        """Prepare; nothing is looked at yet."""
        self.path = path
        self._asked_us = period_us
        self._chance = os.getpid() * 2_654_435_761 & 0xFFFFFFFF
        self._main, self._main_file = _main_thread()
        self._is_on = False
        self._roots: list[str] = []
        self._reset()

    def start(self) -> None:
        """Begin to look, in this process and in those that it forks."""
        self._roots = _folders()
        self._is_on = True
        if hasattr(os, "register_at_fork"):
            weak = _weakly(self)  # a hook is for ever; what was stopped must be able to go

            def forked() -> None:
                sampler = weak()
                if sampler is not None:
                    sampler._forked()

            os.register_at_fork(after_in_child=forked)
        self._begin()

    def stop(self) -> None:
        """Look once more, write what is left, and end."""
        if not self._is_on or self._pid != os.getpid():
            return
        self._is_on = False
        self._asked_to_stop.release()
        self._has_stopped.acquire(timeout=2.0)

    def _reset(self) -> None:
        """Forget everything: this is a new process."""
        self._pid = os.getpid()
        self._asked_to_stop = _thread.allocate_lock()
        self._has_stopped = _thread.allocate_lock()
        self._numbers: dict[int, int] = {}
        """By identity of its code, the number of a function."""
        self._held: list[CodeType] = []
        self._functions: dict[tuple[str, str, int], int] = {}
        self._places: dict[tuple[int, int], int] = {}
        self._new_functions: list[str] = []
        self._new_places: list[str] = []
        self._threads: dict[int, int] = {}
        self._switched = self._is_late = self._is_over = False
        self._failures = 0
        self._period_us = self._asked_us
        self._begun_us = self._line_us = self._seen_us = _now_us()
        self._used_ns = self._first_ns = time.process_time_ns()
        self._latest_ns = self._queued_ns = 0
        self._cost_us = 0.0
        self._has_written = False
        self._clear()

    def _clear(self) -> None:
        self._cpu: dict[int, list[int]] = {}
        self._waits: dict[int, int] = {}
        self._queued: dict[int, int] = {}
        self._looks = self._late_us = self._own_ns = 0

    def _begin(self) -> None:
        self._asked_to_stop.acquire()
        self._has_stopped.acquire()
        try:
            _thread.start_new_thread(self._watch, ())
        except RuntimeError:  # no more threads here: nothing is seen, and the program goes on
            self._is_on = False

    def _forked(self) -> None:
        """Go on in a forked child, whose only thread is the one that forked."""
        if self._is_on:
            self._restore_switching()  # it was the parent's
            self._main, self._main_file = _main_thread()
            self._reset()
            self._begin()

    # ---------------------------------------------------------------------------------- the thread

    def _watch(self) -> None:
        try:
            self._threads = _used_by_thread(_frames())
            self._used_ns, self._seen_us = time.process_time_ns(), _now_us()
            self._latest_ns = time.thread_time_ns()
            self._queued_ns = _queued_ns(self._main_file)
            while True:
                wait_us = self._next_us()
                due_us = _now_us() + wait_us
                is_last = self._asked_to_stop.acquire(timeout=wait_us / 1e6)
                self._look(due_us, is_last=is_last)
                if is_last or self._is_over or self._failures > _MOST_FAILURES:
                    return
        except Exception as error:  # noqa: BLE001 - the program goes on; who reads the file is told
            self._tell(f"{type(error).__name__}: {error}")
        finally:
            self._restore_switching()
            self._has_stopped.release()

    def _next_us(self) -> int:
        """Return how long to wait for the next look: by chance, from half to three halves."""
        self._chance = (self._chance * 1_664_525 + 1_013_904_223) & 0xFFFFFFFF
        return self._period_us // 2 + (self._period_us * (self._chance >> 8) >> 24)

    def _look(self, due_us: int, *, is_last: bool) -> None:
        """Give what each thread used since the look before to where it is now."""
        now_us = _now_us()
        frames = _frames()
        used = _used_by_thread(frames)
        process_ns = time.process_time_ns()
        late_us = 0 if is_last else max(now_us - due_us, 0)
        self._is_late = late_us > _LATE_US and not self._switched
        process_us = (process_ns - self._used_ns) // 1000
        working = self._count(frames, used, process_us, now_us - self._seen_us)
        self._used_ns, self._seen_us, self._threads = process_ns, now_us, used
        self._looks += 1
        self._late_us += late_us
        self._switch(working)
        del frames  # what a frame holds must be able to go when its function returns
        line_us = (now_us - self._begun_us) // _LINES_PER_RUN
        if is_last or now_us - self._line_us >= min(max(line_us, _LINE_US), _LONGEST_LINE_US):
            self._write(now_us)
        self._spend(time.thread_time_ns())

    def _spend(self, own_ns: int) -> None:
        """Take note of what this thread has used, waiting for the interpreter included."""
        spent_ns, self._latest_ns = own_ns - self._latest_ns, own_ns
        self._own_ns += spent_ns
        self._cost_us += (spent_ns / 1000 - self._cost_us) * _NEWS
        self._period_us = max(self._asked_us, round(self._cost_us / _MOST_OWN))

    def _count(
        self, frames: dict[int, FrameType], used: dict[int, int], process_us: int, wall_us: int
    ) -> int:
        """Share out what was used since the look before; return how many threads worked."""
        own = _thread.get_ident()
        before = self._threads
        python_us = most_us = own_us = working = 0
        busiest: int | None = None
        for ident, frame in frames.items():
            mine_us = (used.get(ident, 0) - before.get(ident, 0)) // 1000
            if mine_us <= 0:
                continue
            python_us += mine_us
            if ident == own:
                own_us = mine_us
                continue
            working += mine_us > _WORKS_US
            place = self._place(frame)
            self._add(place, mine_us)
            if mine_us > most_us:
                busiest, most_us = place, mine_us
        native_us = process_us - python_us
        main = frames.get(self._main)
        is_one = most_us >= 0.8 * (python_us - own_us)
        if native_us > 0:
            above = self._of(main) if busiest is None else busiest if is_one else -1
            self._add(self._number((above, _NATIVE)), native_us)
        self._wait(main, wall_us - process_us)
        return working

    def _wait(self, main: FrameType | None, waited_us: int) -> None:
        """Give time in which the process used less than one processor to where it is."""
        before, self._queued_ns = self._queued_ns, _queued_ns(self._main_file)
        if waited_us <= 0:
            return
        place = self._of(main)
        queued_us = min(max(self._queued_ns - before, 0) // 1000, waited_us)
        for told, us in ((self._queued, queued_us), (self._waits, waited_us - queued_us)):
            if us:
                told[place] = told.get(place, 0) + us

    def _of(self, frame: FrameType | None) -> int:
        return -1 if frame is None else self._place(frame)

    def _add(self, place: int, us: int) -> None:
        kept = self._cpu.setdefault(place, [0, 0, 0])
        kept[0] += us
        kept[1] += 1
        kept[2] += us if self._is_late else 0

    def _place(self, frame: FrameType) -> int:
        """Return the number of a place: a function, and all that called it."""
        codes: list[CodeType] = []
        above: FrameType | None = frame
        while above is not None and len(codes) < _DEEPEST:
            codes.append(above.f_code)
            above = above.f_back
        place = -1
        numbers, places = self._numbers, self._places
        for code in reversed(codes):
            function = numbers.get(id(code))
            if function is None:
                function = self._learn(code)
            if function == _HIDDEN:
                continue
            key = (place, function)
            known = places.get(key)
            place = self._number(key) if known is None else known
        return place

    def _number(self, key: tuple[int, int]) -> int:
        place = self._places.get(key)
        if place is None:
            place = self._places[key] = len(self._places)
            self._new_places.append(f"[{key[0]},{key[1]}]")
        return place

    def _learn(self, code: CodeType) -> int:
        """Return the number of a function that was not seen before."""
        self._held.append(code)  # else another code could get its identity
        if code.co_filename == _HERE:
            self._numbers[id(code)] = _HIDDEN
            return _HIDDEN
        name = getattr(code, "co_qualname", code.co_name)
        key = (name, self._short(code.co_filename), code.co_firstlineno)
        function = self._functions.get(key)
        if function is None:
            function = self._functions[key] = len(self._functions)
            self._new_functions.append(f"[{_quoted(key[0])},{_quoted(key[1])},{key[2]}]")
        self._numbers[id(code)] = function
        return function

    def _short(self, file: str) -> str:
        """Return a file's name below the folder that it was found in: no home, no user."""
        if os.sep not in file:
            return file
        for root in self._roots:
            if file.startswith(root):
                return file[len(root) :]
        return file.rpartition(os.sep)[2]

    # ----------------------------------------------------------------- waiting for the interpreter

    def _switch(self, working: int) -> None:
        """Have the interpreter handed to this thread sooner, while only one other works.

        It is else handed over when the other has had it for five milliseconds, or waits or works
        outside it: what was due in Python code is then seen in what follows. One thread that
        works alone is asked by nobody but this one to hand it over.
        """
        if working > 1:
            self._restore_switching()
        elif not self._switched and sys.getswitchinterval() == _USUAL_SWITCH_S:
            sys.setswitchinterval(_SHORT_SWITCH_S)
            self._switched = True

    def _restore_switching(self) -> None:
        if self._switched:
            self._switched = False
            if sys.getswitchinterval() < 2 * _SHORT_SWITCH_S:  # else the program has set its own
                sys.setswitchinterval(_USUAL_SWITCH_S)

    # ------------------------------------------------------------------------------------- writing

    def _write(self, now_us: int) -> None:
        """Append what was seen; what cannot be written is left out, but no name is lost."""
        if os.path.exists(os.path.join(os.path.dirname(self.path), _RECORD)):
            self._is_over = True  # this process outlives what was to be looked at
            return
        cpu = [[place, *told] for place, told in self._cpu.items()]
        waits = [[place, us] for place, us in self._waits.items()]
        queued = [[place, us] for place, us in self._queued.items()]
        parts = [f'"pid":{self._pid}']
        if not self._has_written:
            parts.append(f'"period_us":{self._asked_us},"used_us":{self._first_ns // 1000}')
        parts.append(f'"from":{self._line_us},"to":{now_us}')
        parts.append(f'"looks":{self._looks},"late_us":{self._late_us}')
        parts.append(f'"f":[{",".join(self._new_functions)}],"n":[{",".join(self._new_places)}]')
        parts.append(f'"c":{cpu},"w":{waits},"q":{queued},"own_us":{self._own_ns // 1000}')
        text = f"{{{','.join(parts)}}}".encode("ascii")
        line = b"%08x %s\n" % (_crc32(text), text)
        if self._failures:
            line = b"\n" + line  # the one before may be torn
        self._line_us = now_us
        self._clear()
        if _append(self.path, line):
            self._has_written = True
            self._failures = 0
            self._new_functions, self._new_places = [], []
        else:
            self._failures += 1

    def _tell(self, trouble: str) -> None:
        text = b'{"pid":%d,"trouble":%s}' % (self._pid, _quoted(trouble).encode("ascii"))
        _append(self.path, b"\n%08x %s\n" % (_crc32(text), text))


def _append(path: str, line: bytes) -> bool:
    """Append a line to a file; tell whether all of it was written.

    No descriptor stays open: a program that closes them all and opens others must not find our
    lines in its files.
    """
    try:
        descriptor = os.open(path, _APPEND, 0o666)
        try:
            return os.write(descriptor, line) == len(line)
        finally:
            os.close(descriptor)
    except OSError:
        return False


def _main_thread() -> tuple[int, str]:
    """Return the identity of this thread, and the file that tells how long it was ready."""
    if not hasattr(_thread, "get_native_id"):
        return _thread.get_ident(), ""
    return _thread.get_ident(), f"/proc/self/task/{_thread.get_native_id()}/schedstat"


def _queued_ns(file: str) -> int:
    """Return how long a thread was ready to run, but did not; 0 where the system does not tell."""
    try:
        descriptor = os.open(file, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
        try:
            return int(os.read(descriptor, 100).split()[1])
        finally:
            os.close(descriptor)
    except (OSError, ValueError, IndexError):
        return 0


def _frames() -> dict[int, FrameType]:
    """Return where each thread is."""
    return sys._current_frames()  # pyright: ignore[reportPrivateUsage]


def _now_us() -> int:
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1000


def _used_by_thread(frames: dict[int, FrameType]) -> dict[int, int]:
    """Return the nanoseconds that each thread has used.

    Whoever has a frame has a thread, as long as this one holds the interpreter: asking for the
    clock of a thread that is gone would not be safe.
    """
    found: dict[int, int] = {}
    for ident in frames:
        try:
            found[ident] = time.clock_gettime_ns(time.pthread_getcpuclockid(ident))
        except OSError:
            continue  # it ends right now
    return found


def _folders() -> list[str]:
    """Return the folders that modules are found in, the longest first."""
    places = {os.path.realpath(place or os.curdir) for place in [*sys.path, os.curdir]}
    places |= {os.path.abspath(place or os.curdir) for place in [*sys.path, os.curdir]}
    return sorted((place.rstrip(os.sep) + os.sep for place in places), key=len, reverse=True)


# ------------------------------------------------------------------------- becoming the program


def _become(kind: str, what: str, rest: list[str]) -> tuple[CodeType | None, dict[str, Any]]:
    """Make this interpreter what it would be had it been started with the program.

    Args:
        kind: ``script``, ``module`` or ``command``.
        what: The script's file, the module's name or the command's text.
        rest: The program's arguments.

    Returns:
        The code to run, None for a module, and the namespace of ``__main__``.
    """
    module = type(sys)("__main__")
    space: dict[str, Any] = module.__dict__
    space.update(__builtins__=sys.modules["builtins"], __annotations__={})
    sys.modules["__main__"] = module
    first = {"script": what, "module": "-m", "command": "-c"}[kind]
    sys.argv[:] = [first, *rest]
    if hasattr(sys, "orig_argv"):
        options = sys.orig_argv[: sys.orig_argv.index(_HERE)]
        sys.orig_argv[:] = [*options, *((what,) if kind == "script" else (first, what)), *rest]
    is_safe = sys.flags.isolated or getattr(sys.flags, "safe_path", False)
    if not is_safe:
        places = {"script": os.path.dirname(os.path.realpath(what)), "command": ""}
        sys.path[0] = places[kind] if kind in places else os.getcwd()
    if kind == "module":
        return None, space
    if kind == "command":
        space["__loader__"] = sys.modules["_frozen_importlib"].BuiltinImporter
        return compile(what, "<string>", "exec", dont_inherit=True), space
    file = os.path.abspath(what) if sys.version_info >= (3, 9) else what
    space.update(__file__=file, __cached__=None, __loader__=type(__loader__)("__main__", file))
    with open(what, "rb") as source:
        return compile(source.read(), file, "exec", dont_inherit=True), space


def _hide() -> None:
    """Take this file out of the traceback of what is on its way to the interpreter."""
    raised = sys.exc_info()[1]
    trace = None if raised is None else raised.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename == _HERE:
        trace = trace.tb_next
    if raised is not None:
        raised.__traceback__ = trace


if __name__ == "__main__":
    _path, _period_us, _kind, _what = sys.argv[1:5]
    if why_not() is None:
        import atexit

        _sampler = Sampler(_path, period_us=int(_period_us))
        atexit.register(_sampler.stop)  # the first to be registered is the last to be called
    else:
        _sampler = None
    try:
        _code, _space = _become(_kind, _what, sys.argv[5:])
        if _sampler is not None:
            _sampler.start()
        if _code is None:
            from runpy import _run_module_as_main  # pyright: ignore[reportAttributeAccessIssue, reportUnknownVariableType]

            _run_module_as_main(_what)
        else:
            exec(_code, _space)  # noqa: S102 - it is the program that was asked for
    finally:
        _hide()

"""Starting a command so that its code can be told apart, and looking at its processes.

A Python program is started through `_sampled`, which looks at it from inside; of all others only
the processes are told apart, by name, from what the system counts of each.
"""

from __future__ import annotations

import os
import re
from shutil import which

from brizna.core.errors import Said
from brizna.run._allowance import Allowance
from brizna.run._descendants import Descendants
from brizna.run._sampled import __file__ as _SAMPLED  # noqa: N812 - a path that never changes
from brizna.run._sampled import why_not

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    _Program = tuple[list[str], str, str, list[str]]
    """An interpreter with its options, what kind of program, which, and its arguments."""

_INTERPRETER = re.compile(r"python(\d+(\.\d+)*)?t?")
_LOOK_SHARE = 0.005
"""Of one processor, for looking at the processes."""
_FIRST_LINE_BYTES = 256
_TICKS_PER_S = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


def as_sampled(
    command: Sequence[str], file: str, *, period_us: int, environ: Mapping[str, str]
) -> tuple[list[str], Said | None]:
    """Return the command that runs the same program looked at from inside.

    Args:
        command: The program and its arguments.
        file: Where to append what is seen.
        period_us: Mean time between two looks.
        environ: The command's environment; its PATH finds the program.

    Returns:
        The command; and why its functions cannot be told apart, None if they can.
    """
    words = list(command)
    here = why_not()
    if here is not None:
        return words, Said(here)
    if not _INTERPRETER.fullmatch(os.path.basename(words[0])):
        script = which(words[0], path=environ.get("PATH"))
        behind = None if script is None else _behind_script(script)
        if script is None or behind is None:
            return words, Said("{name!r} does not start with Python", name=words[0])
        words = [*behind, script, *words[1:]]
    program = _program(words)
    if program is None:
        return list(command), Said("{name!r} reads its program from its input", name=words[0])
    start, kind, what, rest = program
    if kind == "script" and not _is_source(what):
        return list(command), Said("{file!r} is not a file of Python text", file=what)
    return [*start, _SAMPLED, file, str(period_us), kind, what, *rest], None


def _behind_script(script: str) -> list[str] | None:
    """Return the Python interpreter, and its options, in the first line of a script; else None."""
    try:
        with open(script, "rb") as file:
            first = file.read(_FIRST_LINE_BYTES).partition(b"\n")[0]
    except OSError:
        return None
    if not first.startswith(b"#!"):
        return None
    words = os.fsdecode(first[2:]).split(maxsplit=1)
    if words and os.path.basename(words[0]) == "env":
        words = words[1:]
    is_python = words and _INTERPRETER.fullmatch(os.path.basename(words[0]))
    return words if is_python else None


def _program(words: Sequence[str]) -> _Program | None:
    """Part an interpreter's words; None where they name no program that can be looked into."""
    start, rest = [words[0]], list(words[1:])
    while rest:
        word = rest.pop(0)
        if not word.startswith("-"):
            return start, "script", word, rest
        kind = ""
        for at, letter in enumerate(word[1:], 1):
            after = word[at + 1 :]
            if letter in "cm":
                kind = {"c": "command", "m": "module"}[letter]
                start += [word[:at]] if at > 1 else []
            elif letter in "hiV?-":
                return None
            if letter in "cmWX":
                if not after and not rest:
                    return None
                value = after or rest.pop(0)
                if kind:
                    return start, kind, value, rest
                start += [word] if after else [word, value]
                break
        else:
            if word == "-":
                return None
            start.append(word)
    return None


def _is_source(file: str) -> bool:
    """Tell whether a file can be compiled as a script is: not a folder, an archive or bytecode."""
    try:
        with open(file, "rb") as script:
            return b"\0" not in script.read(_FIRST_LINE_BYTES)
    except OSError:  # Python itself says what is wrong with it
        return False


class ProcessLooks:
    """Writes what each of a command's processes has used, as the run goes on."""

    def __init__(
        self,
        write: Callable[[dict[str, object]], object],
        *,
        now_us: Callable[[], int],
        proc_root: str = "/proc",
    ) -> None:
        """Say where to write; the processes are those below this one.

        Args:
            write: Takes a line: ``t`` and ``p``, by process its number, name and microseconds of
                processor time.
            now_us: Tells the time.
            proc_root: Where processes are shown.
        """
        self._write = write
        self._now_us = now_us
        self._tree = Descendants(os.getpid(), proc_root=proc_root, with_root=False)
        self._allowance = Allowance(_LOOK_SHARE)

    def look(self) -> None:
        """Look at each process, if that does not cost too much by now."""
        self._allowance.spending(self._look)

    def _look(self) -> None:
        told = [[pid, *seen] for pid in self._tree.look() if (seen := self._seen(pid)) is not None]
        self._write({"t": self._now_us(), "p": told})

    def _seen(self, pid: int) -> tuple[str, int] | None:
        """Return a process's name and what it used itself; None where it is gone."""
        content = self._tree.read(f"{pid}/stat")
        if not content:
            return None
        start, end = content.index(b"(") + 1, content.rindex(b")")
        fields = content[end + 2 :].split()
        used_us = (int(fields[11]) + int(fields[12])) * 1_000_000 // _TICKS_PER_S
        return content[start:end].decode(errors="replace"), used_us

"""Which files of a work tree a command runs: those that it names, and what they import from it."""

from __future__ import annotations

import os
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_CODE = (".py", ".pyw", ".ipynb", ".sh", ".bash", ".r", ".jl", ".js", ".mjs", ".ts", ".rb", ".pl")
"""How files of code are called; a file of data that a command names is no code."""
_IMPORT = re.compile(
    rb"^[ \t]*(?:from[ \t]+(\.*[\w.]*)[ \t]+import[ \t]+([^#\n]+)|import[ \t]+([^#\n]+))",
    re.MULTILINE,
)
_NAME = re.compile(r"[\w.]+")
_MARKS = "\"';|&()"
_MOST_FILES = 500
_LARGEST_BYTES = 1 << 20


def code_of(command: Sequence[str] | None, *, directory: str, root: str) -> set[str]:
    """Return the files of code that a command runs, from a work tree's root on.

    What is named is found; so is what Python imports from beside it, read and not run. A file that
    code finds out only as it runs is not.

    Args:
        command: Its words; None for this very process, whose modules are known.
        directory: Where it runs.
        root: Of the work tree.
    """
    if command is None:
        return set(_within(_loaded(), root))
    found: set[str] = set()
    waiting = [(path, _beside(path)) for path in _named(command, directory)]
    waiting += [(path, directory) for path in _module(command, directory)]
    while waiting and len(found) < _MOST_FILES:
        path, start = waiting.pop()
        inside = next(iter(_within([path], root)), None)
        if inside is None or inside in found:
            continue
        found.add(inside)
        if path.endswith(".py"):
            waiting += [(one, start) for one in _imported(path, start)]
    return found


def _loaded() -> Iterator[str]:
    """Yield the files of the modules that this process has loaded."""
    import sys

    for module in list(sys.modules.values()):
        path = getattr(module, "__file__", None)
        if isinstance(path, str) and path.endswith(".py"):
            yield path


def _within(paths: Iterable[str], root: str) -> Iterator[str]:
    """Yield the paths of files in a work tree but outside of virtual environments, from it on."""
    for path in paths:
        inside = os.path.relpath(os.path.abspath(path), root).replace(os.sep, "/")
        folders = inside.split("/")
        if ".." in folders or "site-packages" in folders or not os.path.isfile(path):
            continue
        above = (os.path.join(root, *folders[:depth]) for depth in range(1, len(folders)))
        if not any(os.path.exists(os.path.join(one, "pyvenv.cfg")) for one in above):
            yield inside


def _beside(path: str) -> str:
    return os.path.dirname(os.path.abspath(path))


def _named(command: Sequence[str], directory: str) -> Iterator[str]:
    """Yield the files of code among the words of a command, those of a shell's text too."""
    for place, word in enumerate(command):
        for part in word.split():
            path = os.path.join(directory, part.strip(_MARKS))
            is_code = part.strip(_MARKS).lower().endswith(_CODE)
            if (is_code or (place == 0 and os.sep in part)) and os.path.isfile(path):
                yield path


def _module(command: Sequence[str], directory: str) -> Iterator[str]:
    """Yield the files of a module that Python is to run."""
    words = [part.strip(_MARKS) for word in command for part in word.split()]
    if "-m" in words[:-1]:
        name = words[words.index("-m") + 1]
        yield from _files_of(name, directory)
        yield from _files_of(f"{name}.__main__", directory)


def _imported(path: str, start: str) -> Iterator[str]:
    """Yield the files that a file of Python imports from where it starts, or from beside it."""
    try:
        with open(path, "rb") as file:
            text = file.read(_LARGEST_BYTES)
    except OSError:
        return
    for match in _IMPORT.finditer(text):
        source, names, plain = (
            one.decode(errors="replace") if one else "" for one in match.groups()
        )
        for name in _NAME.findall(plain):
            yield from _files_of(name, start)
        if source:
            bare = source.lstrip(".")
            above = len(source) - len(bare)
            place = start if not above else os.path.join(_beside(path), *[".."] * (above - 1))
            yield from _files_of(bare, place)
            for name in _NAME.findall(names):
                yield from _files_of(f"{bare}.{name}".lstrip("."), place)


def _files_of(name: str, place: str) -> Iterator[str]:
    """Yield the files of a module of this name under a folder: those of its packages too."""
    parts = name.split(".")
    for depth in range(1, len(parts) + 1):
        base = os.path.join(place, *parts[:depth])
        for path in (f"{base}.py", os.path.join(base, "__init__.py")):
            if os.path.isfile(path):
                yield path

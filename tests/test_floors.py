"""The house keeps its shape: floors, purity, sizes, and the marks of unfinished work.

import-linter (``make lint``) holds the direction of imports. Here stands what it cannot see:
names that need no import, what pure code does when it runs, and the sizes of files and functions.
"""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "brizna"
PROBE = ROOT / "tests" / "purity_probe.py"
PURE_ROOMS = ("core", "account", "plan", "check")
FILES = sorted(SOURCE.rglob("*.py"))
EXEMPT = (SOURCE / "core" / "_tables.py", SOURCE / "core" / "lazy.py")
"""The one reader of the package's own tables, and the one importer of its own modules."""
PURE_FILES = [
    path for path in FILES if path.relative_to(SOURCE).parts[0] in PURE_ROOMS and path not in EXEMPT
]

IMPURE_MODULES = (
    *(
        "asyncio",
        "concurrent",
        "ctypes",
        "glob",
        "http",
        "importlib",
        "io",
        "locale",
        "multiprocessing",
    ),
    *(
        "os",
        "pathlib",
        "pkgutil",
        "platform",
        "queue",
        "random",
        "secrets",
        "select",
        "shutil",
        "signal",
    ),
    *("socket", "sqlite3", "ssl", "subprocess", "tempfile", "threading", "time", "urllib", "uuid"),
)
IMPURE_NAMES = ("__import__", "breakpoint", "compile", "eval", "exec", "input", "open", "print")
IMPURE_METHODS = ("now", "today", "utcnow", "read_bytes", "read_text", "write_bytes", "write_text")

BODY_LINES = 60
USUAL_BODY_LINES = 30
USUAL_SHARE = 0.9
FILE_LINES = 600
PARAMETERS = 6

type_of_function = ast.FunctionDef | ast.AsyncFunctionDef


def trees(paths=FILES):
    """Yield each file with its syntax tree."""
    for path in paths:
        yield path, ast.parse(path.read_text(encoding="utf-8"))


def place(path, node):
    """Return where a node stands, for a message."""
    return f"{path.relative_to(ROOT)}:{node.lineno}"


def functions():
    """Yield each function of the package with its file."""
    for path, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, type_of_function):
                yield path, node


def body_lines(function):
    """Return the number of lines of a function's body, its docstring aside."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0


# ---------------------------------------------------------------------------------------- purity


def imported_modules(node):
    """Return the top modules that an import statement names."""
    if isinstance(node, ast.Import):
        return [alias.name.partition(".")[0] for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [(node.module or "").partition(".")[0]]
    return []


def is_read(name):
    """Return whether a name is used, not given to something of our own."""
    return isinstance(name.ctx, ast.Load)


def impurities(tree):
    """Yield each node that reaches outside, with what it reaches for."""
    for node in ast.walk(tree):
        for module in imported_modules(node):
            if module in IMPURE_MODULES:
                yield node, module
        if isinstance(node, ast.Name) and node.id in IMPURE_NAMES and is_read(node):
            yield node, node.id
        if isinstance(node, ast.Attribute) and node.attr in IMPURE_METHODS:
            yield node, node.attr


def test_pure_rooms_name_no_clock_chance_file_network_or_process():
    found = [
        f"{place(path, node)} {what}"
        for path, tree in trees(PURE_FILES)
        for node, what in impurities(tree)
    ]
    assert not found, "take it as an argument instead: " + ", ".join(found)


@pytest.mark.parametrize(
    "line",
    [
        "from time import monotonic",
        "import os.path",
        "def f():\n    import random",
        "open('x')",
        "datetime.now(UTC)",
        "path.read_text()",
    ],
)
def test_an_impure_line_is_noticed(line):
    assert list(impurities(ast.parse(line)))


def test_purity_contract_lists_every_pure_room():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    purity = next(contract for contract in contracts if contract["name"].startswith("Purity"))
    rooms = [f"brizna.{room}" for room in PURE_ROOMS if (SOURCE / room).is_dir()]
    assert purity["source_modules"] == rooms


def test_pure_calls_touch_nothing_outside():
    heard = subprocess.run([sys.executable, PROBE], capture_output=True, text=True, check=False)
    assert heard.returncode == 0, heard.stdout + heard.stderr


def test_a_call_that_lists_a_directory_is_heard():
    heard = subprocess.run(
        [sys.executable, PROBE, "--sabotage"], capture_output=True, text=True, check=False
    )
    assert heard.returncode == 1
    assert "os." in heard.stdout  # listdir or scandir, as the Python version has it


# ----------------------------------------------------------------------------------------- sizes


def test_no_function_is_longer_than_a_screen():
    long = [
        f"{place(path, function)} {function.name} has {body_lines(function)} lines"
        for path, function in functions()
        if body_lines(function) > BODY_LINES
    ]
    assert not long, ", ".join(long)


def test_nine_functions_in_ten_are_short():
    lengths = [body_lines(function) for _, function in functions()]
    short = sum(length < USUAL_BODY_LINES for length in lengths)
    assert short >= USUAL_SHARE * len(lengths), f"{short} of {len(lengths)} are short"


def test_no_file_is_longer_than_a_sitting():
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in FILES}
    long = {str(path.relative_to(ROOT)): n for path, n in lengths.items() if n > FILE_LINES}
    assert not long


def parameters(function):
    """Return the names of a function's parameters, the instance or class aside."""
    arguments = function.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    names = [argument.arg for argument in every]
    return names[1:] if names[:1] in (["self"], ["cls"]) else names


def test_no_function_takes_more_than_six_parameters():
    wide = [
        f"{place(path, function)} {function.name}"
        for path, function in functions()
        if len(parameters(function)) > PARAMETERS
    ]
    assert not wide, "a record is missing: " + ", ".join(wide)


# --------------------------------------------------------------------------------------- honesty


def catches_all(handler):
    """Return whether a handler catches every error."""
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    names = [kind.id for kind in kinds if isinstance(kind, ast.Name)]
    return handler.type is None or "Exception" in names or "BaseException" in names


def handlers():
    """Yield each exception handler of the package with its file."""
    for path, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.ExceptHandler):
                yield path, node


def test_catching_every_error_says_who_handles_what():
    silent = []
    for path, handler in handlers():
        line = path.read_text(encoding="utf-8").splitlines()[handler.lineno - 1]
        comment = line.partition("#")[2].replace("noqa: BLE001", "").strip(" -#:")
        if catches_all(handler) and len(comment.split()) < 3:
            silent.append(place(path, handler))
    assert not silent, ", ".join(silent)


def test_no_handler_just_passes():
    mute = [
        place(path, handler)
        for path, handler in handlers()
        if all(isinstance(statement, ast.Pass) for statement in handler.body)
    ]
    assert not mute, "use contextlib.suppress with a reason, or record a gap: " + ", ".join(mute)


def test_nothing_is_left_for_later():
    marks = ("TO" + "DO", "FIX" + "ME", "XXX", "NotImplementedError")
    left = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in FILES
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if any(mark in line for mark in marks)
    ]
    assert not left, ", ".join(left)


def test_every_module_keeps_its_annotations_as_text():
    bare = []
    for path, tree in trees():
        code = [
            node
            for before, node in pairwise([None, *tree.body])
            if not (before is None and ast.get_docstring(tree) is not None)
        ]
        if code and not (isinstance(code[0], ast.ImportFrom) and code[0].module == "__future__"):
            bare.append(str(path.relative_to(ROOT)))
    assert not bare, "start with from __future__ import annotations: " + ", ".join(bare)


def test_every_module_says_what_it_is_for():
    mute = [str(p.relative_to(ROOT)) for p, tree in trees() if not ast.get_docstring(tree)]
    assert not mute

"""An environment for each tool: made with pip, weighed, and asked for its versions."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import venv
from dataclasses import dataclass
from pathlib import Path

from overhead.processes import Unmeasured, failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from overhead.contestants import Contestant

BENCH = Path(__file__).resolve().parent.parent
CHECKOUT = BENCH.parent
HOME = BENCH / ".venvs"
INSIDE = BENCH / "overhead" / "inside"

_LIST = (
    "import importlib.metadata as m, json; "
    "print(json.dumps({d.name.lower(): d.version for d in m.distributions()}))"
)


@dataclass(frozen=True, kw_only=True)
class Environment:
    """A contestant's own environment, and a directory for what it writes.

    Attributes:
        folder: The virtual environment.
        scratch: Its home and working directory.
    """

    folder: Path
    scratch: Path

    @property
    def python(self) -> str:
        """Its interpreter."""
        return str(self.folder / "bin" / "python")

    @property
    def variables(self) -> Mapping[str, str]:
        """All environment variables of what runs in it: nothing of the caller's leaks in."""
        return {
            "PATH": f"{self.folder / 'bin'}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(self.scratch),
            "LANG": "C.UTF-8",
            "BRIZNA_STORE": str(self.scratch / "store"),
        }

    def command(self, name: str) -> str:
        """Return the path of a command that is installed in it."""
        return str(self.folder / "bin" / name)


def prepare(contestant: Contestant, *, scratch: Path, home: Path = HOME) -> Environment:
    """Make or reuse a contestant's environment; brizna is installed anew from the checkout.

    Args:
        contestant: Whose it is.
        scratch: An empty folder for what it writes.
        home: The folder of environments, where another comparison must not share it.

    Raises:
        Unmeasured: If pip cannot install it.
    """
    folder = home / contestant.name
    wanted = _wanted(contestant)
    stamp = folder / "installed.txt"
    if not stamp.exists() or stamp.read_text() != wanted or contestant.name == "brizna":
        venv.create(folder, with_pip=True, clear=True, symlinks=True)
        if contestant.name == "brizna":
            _pip(folder, "--no-cache-dir", str(CHECKOUT))
        elif wanted:
            _pip(folder, "--requirement", str(_requirements(contestant)))
        stamp.write_text(wanted)
    return Environment(folder=folder, scratch=scratch)


def distributions(environment: Environment) -> Mapping[str, str]:
    """Return the version of each installed distribution by its name in lower case."""
    answer = subprocess.run(
        [environment.python, "-I", "-c", _LIST], capture_output=True, text=True, check=True
    )
    return json.loads(answer.stdout)


def size_bytes(folder: Path) -> int:
    """Return the size of all regular files below a folder, without Python's bytecode."""
    return sum(
        os.lstat(os.path.join(place, name)).st_size
        for place, _, names in os.walk(folder)
        for name in names
        if not name.endswith((".pyc", ".pyo")) and not os.path.islink(os.path.join(place, name))
    )


def _requirements(contestant: Contestant) -> Path:
    return BENCH / "requirements" / f"{contestant.name}.txt"


def _wanted(contestant: Contestant) -> str:
    file = _requirements(contestant)
    return file.read_text() if file.exists() else ""


def _pip(folder: Path, *what: str) -> None:
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet"]
    done = subprocess.run([*pip, *what], capture_output=True, check=False)
    if done.returncode:
        shutil.rmtree(folder)
        raise Unmeasured(f"not installed: {failure(['pip'], done.returncode, done.stderr)}")

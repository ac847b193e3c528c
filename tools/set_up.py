"""Make or refresh ``.venv`` with pip alone: ``python3 tools/set_up.py demo``, ``dev`` or ``heavy``.

On Python 3.11 every package comes from a lock with hashes (requirements/*.txt); on other versions
from the ranges in pyproject.toml, and without a heavy group: its tests skip. torch is asked for by
its exact version and without what it depends on, so that it brings no libraries for a GPU.
Standard library only: this runs before anything is installed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / ".venv"
PYTHON = HOME / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
LOCKED = (3, 11)
EXTRAS = {"demo": "demo,report", "dev": "demo,dev,parquet,pdf,plan,report,sign,tune,xlsx"}
HEAVY = "heavy"
TORCH = "torch==2.13.0"


def version_of(python: Path) -> tuple[int, int] | None:
    """Return the version of an interpreter, or None if it does not run."""
    tell = "import sys; print(*sys.version_info[:2])"
    try:
        answer = subprocess.run([python, "-c", tell], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    major, minor = map(int, answer.stdout.split())
    return major, minor


def can_make_environments() -> bool:
    """Return whether this Python has ensurepip, which Debian keeps in a package of its own."""
    if version_of_ensurepip() is not None:
        return True
    package = f"python3.{sys.version_info.minor}-venv"
    if os.name == "posix" and os.geteuid() == 0 and shutil.which("apt-get"):
        subprocess.run(["apt-get", "update", "-q"], check=True)
        subprocess.run(["apt-get", "install", "-yq", package], check=True)
        return True
    sys.stderr.write(
        f"This Python cannot make virtual environments.\n  sudo apt-get install {package}\n"
    )
    return False


def version_of_ensurepip() -> str | None:
    """Return the version of pip that ensurepip would install, or None if there is none."""
    try:
        import ensurepip
    except ImportError:
        return None
    return ensurepip.version()


def pip(*arguments: str) -> None:
    """Run the environment's own pip in the repository's root."""
    quiet = ["--quiet", "--disable-pip-version-check"]
    subprocess.run([PYTHON, "-m", "pip", "install", *quiet, *arguments], cwd=ROOT, check=True)


def install(group: str, *, locked: bool) -> None:
    """Install one group into the environment."""
    if not locked and group == HEAVY:
        sys.stderr.write("The heavy group is locked for Python 3.11 alone: its tests will skip.\n")
    elif not locked:
        pip("-e", f".[{EXTRAS[group]}]")
    else:
        pip("--require-hashes", "--no-deps", "-r", f"requirements/{group}.txt")
        pip("--no-deps", *([TORCH] if group == HEAVY else ["--no-build-isolation", "-e", "."]))


def main(group: str) -> int:
    """Set up one group, ``demo``, ``dev`` or ``heavy``; return the exit code."""
    if sys.version_info < LOCKED:
        sys.stderr.write(f"brizna needs Python 3.11 or later; this is {sys.version.split()[0]}.\n")
        return 3
    found = version_of(PYTHON)
    if found is None or found < LOCKED:
        if not can_make_environments():
            return 3
        venv.create(HOME, with_pip=True, clear=True)
        found = sys.version_info[:2]
    sys.stderr.write(f"Setting up {HOME.name} for {group} (Python {found[0]}.{found[1]})...\n")
    try:
        install(group, locked=found == LOCKED)
    except subprocess.CalledProcessError as error:
        return error.returncode
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in {*EXTRAS, HEAVY}:
        sys.exit(f"usage: python3 tools/set_up.py {'|'.join([*EXTRAS, HEAVY])}")
    sys.exit(main(sys.argv[1]))

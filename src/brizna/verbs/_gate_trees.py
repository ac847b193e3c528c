"""Two versions of one project side by side, and the environment that both run in.

The head is the working directory as it stands. The base is a work tree of git's, made for the
gate and removed after it.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from shutil import rmtree

from brizna.core.errors import InputError, UnavailableError
from brizna.core.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Mapping

_KEPT = (
    *("PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "TZ", "LANG", "LC_ALL", "LC_CTYPE"),
    *("VIRTUAL_ENV", "CONDA_PREFIX", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SSL_CERT_FILE"),
    *("CUDA_VISIBLE_DEVICES", "CUDA_HOME", "HF_HOME", "HF_HUB_OFFLINE", "XDG_CACHE_HOME"),
)
"""Variables that a command may need to be found and to run; all others can change what it takes."""
_THREADS = (
    *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"),
    *("VECLIB_MAXIMUM_THREADS", "BLIS_NUM_THREADS", "RAYON_NUM_THREADS"),
)
FOLDER = "brizna-gate-"
"""How the folder of a gate begins."""
_BASE, _HELD = "base", "held"
_FIXED = {"PYTHONHASHSEED": "0", **dict.fromkeys(_THREADS, "1")}
_COUNTED = {
    "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX512F,-AVX512VL,-AVX2,-AVX2_Usable,-ERMS,-FSRM",
    "OPENBLAS_CORETYPE": "Nehalem",
}
"""The C library and BLAS choose code by processor: counts of two runners would then not compare."""


class Trees(Record):
    """Where the base and the head are.

    Attributes:
        head: Directory in which the head runs.
        base: That of the base; None without one.
        head_commit: The head's commit; None outside git.
        base_commit: The base's.
        is_changed: Whether the head has changes that are in no commit.
    """

    head: str
    base: str | None = None
    head_commit: str | None = None
    base_commit: str | None = None
    is_changed: bool = False


def scrubbed(
    environ: Mapping[str, str], *, added: Mapping[str, str], keep: Iterable[str], counts: bool
) -> dict[str, str]:
    """Return the environment that a gate's executions get.

    Args:
        environ: This process's.
        added: What the user sets.
        keep: Further variables of this process that are handed on.
        counts: Whether instructions are counted, so that no code is chosen by processor.
    """
    names = {*_KEPT, *keep}
    handed = {name: value for name, value in environ.items() if name in names}
    return {**_FIXED, **(_COUNTED if counts else {}), **handed, **added}


@contextmanager
def trees(
    base: str | None, *, directory: str, folder: str, environ: Mapping[str, str]
) -> Generator[Trees]:
    """Put the base beside the head, and remove it in the end.

    Args:
        base: A commit, branch or tag; None for the head alone.
        directory: Where the head runs.
        folder: An empty directory outside the project.
        environ: For git; what a hook of git's set for it is left out.

    Raises:
        InputError: If there is no such commit, or it has no such directory.
        UnavailableError: If this is no work tree of git's, or git is not installed.
    """
    git = Git(directory, environ)
    if base is None:
        commit = git.try_ask("rev-parse", "HEAD")
        yield Trees(head=directory, head_commit=commit, is_changed=_is_changed(git, commit))
        return
    top = git.ask("rev-parse", "--show-toplevel")
    base_commit = git.commit(base)
    head_commit = git.try_ask("rev-parse", "HEAD")
    place = os.path.join(folder, _BASE)
    held = _hold(folder)
    try:
        _sweep_up(git)
        git.ask("worktree", "add", "--quiet", "--detach", place, base_commit)
        inner = os.path.relpath(os.path.realpath(directory), os.path.realpath(top))
        there = os.path.normpath(os.path.join(place, inner))
        if not os.path.isdir(there):
            raise InputError(
                "{base} has no directory {inner!r}: run the gate from one that both versions have.",
                base=base,
                inner=inner,
            )
        yield Trees(
            head=directory,
            base=there,
            head_commit=head_commit,
            base_commit=base_commit,
            is_changed=_is_changed(git, head_commit),
        )
    finally:
        if git.try_ask("worktree", "remove", "--force", "--force", place) is None:
            git.try_ask("worktree", "prune")  # a signal came while it was made
        os.close(held)


def _hold(folder: str) -> int:
    """Hold a file in a gate's folder until this process ends, however it ends; return it."""
    import fcntl

    held = os.open(os.path.join(folder, _HELD), os.O_CREAT | os.O_RDWR, 0o600)
    fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return held


def _sweep_up(git: Git) -> None:
    """Remove the work trees of gates that were killed: nobody holds their folders any more."""
    for line in (git.try_ask("worktree", "list", "--porcelain") or "").splitlines():
        folder, name = os.path.split(line.removeprefix("worktree "))
        is_ours = name == _BASE and os.path.basename(folder).startswith(FOLDER)
        if line.startswith("worktree ") and is_ours and _is_left(folder):
            git.try_ask("worktree", "remove", "--force", "--force", os.path.join(folder, name))
            rmtree(folder, ignore_errors=True)


def _is_left(folder: str) -> bool:
    """Tell whether the gate that made a folder is gone."""
    import fcntl

    try:
        held = os.open(os.path.join(folder, _HELD), os.O_RDWR)
    except FileNotFoundError:
        return not os.path.isdir(folder)  # one of an earlier version may be at work in it
    except OSError:
        return False
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(held)
    return True


def _is_changed(git: Git, commit: str | None) -> bool:
    return commit is not None and bool(git.try_ask("status", "--porcelain", "-uno"))


class Git:
    """Asks git about one directory."""

    def __init__(self, directory: str, environ: Mapping[str, str]) -> None:
        self._directory = directory
        self._environ = {k: v for k, v in environ.items() if not k.startswith("GIT_")}

    def commit(self, name: str) -> str:
        """Return the commit that a name means.

        Raises:
            InputError: If it means none.
        """
        found = self.try_ask(
            "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}"
        )
        if found is None:
            raise InputError(
                "{name!r} is no commit here: expected a branch, a tag or a commit. A shallow clone "
                "has only the last one: fetch more of the history.",
                name=name,
            )
        return found

    def try_ask(self, *words: str) -> str | None:
        """Return what git answers; None where it cannot."""
        try:
            return self.ask(*words)
        except UnavailableError:
            return None

    def ask(self, *words: str) -> str:
        """Return what git answers.

        Raises:
            UnavailableError: If it cannot, or is not installed.
        """
        import subprocess

        try:
            done = subprocess.run(
                ["git", *words],
                cwd=self._directory,
                env=self._environ,
                capture_output=True,
                text=True,
                check=False,
            )
        except OSError as error:
            raise UnavailableError(
                "git cannot be run ({reason}): install it, or leave --base out.",
                reason=error.strerror or error,
            ) from error
        if done.returncode:
            raise UnavailableError(
                "git {words} failed ({reason}): run the gate in a work tree of git's, or leave "
                "--base out.",
                words=words[0],
                reason=" ".join(done.stderr.split()) or done.returncode,
            )
        return done.stdout.strip()

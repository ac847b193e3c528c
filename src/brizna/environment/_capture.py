"""Capture the software around a run, and a name for the machine."""

from __future__ import annotations

import os
import sys
from hashlib import sha256

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_JOB = {
    "SLURM_JOB_ID": "slurm",
    "PBS_JOBID": "pbs",
    "LSB_JOBID": "lsf",
    "KUBERNETES_SERVICE_HOST": "kubernetes",
    "CI_JOB_ID": "gitlab-ci",
    "GITHUB_RUN_ID": "github-actions",
}
"""Variables that say which scheduler started us; only job numbers are kept, never addresses."""

_LONGEST_NUMBER = 40
_MARKS = str.maketrans("", "", "_-[]")
"""What stands in the numbers of jobs beside letters and digits, as in ``1234[5]``."""
_ADDRESSES = ("KUBERNETES_SERVICE_HOST",)

_RANKS = (
    ("torchrun", "TORCHELASTIC_RUN_ID", ("RANK", "LOCAL_RANK", "WORLD_SIZE", "GROUP_RANK")),
    (
        "openmpi",
        "PMIX_NAMESPACE",
        ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_LOCAL_RANK", "OMPI_COMM_WORLD_SIZE", ""),
    ),
    ("mpich", "PMI_JOBID", ("PMI_RANK", "MPI_LOCALRANKID", "PMI_SIZE", "")),
    (
        "slurm",
        "SLURM_JOB_ID",
        ("SLURM_PROCID", "SLURM_LOCALID", "SLURM_NTASKS", "SLURM_NODEID"),
    ),
    ("unknown", "", ("RANK", "LOCAL_RANK", "WORLD_SIZE", "")),
)
"""For each launcher of ranks: what it calls one launch, then this rank among all, this rank on its
machine, how many there are, the number of the machine. The first that says its rank is taken: the
innermost comes first, as torchrun and MPI are themselves started by SLURM."""
_NAMES_WITH_HOSTS = ("openmpi", "mpich")
"""Launchers that name a launch after the host where it began: a hash stands for that."""
_NO_NAME = "none"
"""What torchrun calls a launch to which nobody gave a name."""


def machine_name(*, sys_root: str = "/sys", etc_root: str = "/etc") -> str:
    """Return a name for this machine that reveals neither host nor user.

    The first 12 hexadecimal digits of the SHA-256 of the system's machine id under brizna's own
    prefix, as systemd asks for [1]; of the host's name where there is no such id.

    References:
        [1] machine-id(5): "should be considered confidential ... hashed with a ... application
            specific key".
    """
    for path in (f"{etc_root}/machine-id", f"{sys_root}/class/dmi/id/product_uuid"):
        identity = _read(path)
        if identity:
            break
    else:
        from socket import gethostname

        identity = gethostname()
    return sha256(f"brizna machine {identity}".encode()).hexdigest()[:12]


def capture(
    environ: Mapping[str, str], *, directory: str, names: bool = False, etc_root: str = "/etc"
) -> dict[str, Any]:
    """Return what a reader needs to know of the software around a run.

    Args:
        environ: The environment variables; only job numbers are taken from it.
        directory: Where the command runs; the git revision there is kept, not the path.
        names: Whether to keep the host's and the user's name (personal data).
        etc_root: Where the operating system's description lies.
    """
    system = os.uname() if hasattr(os, "uname") else None
    found: dict[str, Any] = {
        "os": _os_name(etc_root) or sys.platform,
        "kernel": f"{system.sysname} {system.release}" if system else sys.platform,
        "architecture": system.machine if system else None,
        "python": ".".join(map(str, sys.version_info[:3])),
        "git_revision": git_revision(directory),
        "job": _job(environ),
        "rank": _rank(environ),
        "container": _container(),
        "boot": boot_name(),
    }
    if names:
        found["host"] = system.nodename if system else None
        found["user"] = environ.get("USER") or environ.get("LOGNAME")
    return found


def git_revision(directory: str) -> str | None:
    """Return the commit that is checked out at or above a directory; None where there is none."""
    while True:
        git = os.path.join(directory, ".git")
        if os.path.exists(git):
            return _revision(git)
        parent = os.path.dirname(directory)
        if parent == directory:
            return None
        directory = parent


def _revision(git: str) -> str | None:
    pointed = _read(git) if os.path.isfile(git) else None
    if pointed and pointed.startswith("gitdir:"):
        git = os.path.join(os.path.dirname(git), pointed.removeprefix("gitdir:").strip())
    head = _read(os.path.join(git, "HEAD"))
    if not head or not head.startswith("ref:"):
        return head
    reference = head.removeprefix("ref:").strip()
    common = _read(os.path.join(git, "commondir"))
    for place in (git, os.path.join(git, common) if common else git):
        found = _read(os.path.join(place, reference))
        if found:
            return found
        for line in (_read(os.path.join(place, "packed-refs")) or "").splitlines():
            if line.endswith(f" {reference}"):
                return line.partition(" ")[0]
    return None


def _os_name(etc_root: str) -> str | None:
    for line in (_read(f"{etc_root}/os-release") or "").splitlines():
        if line.startswith("PRETTY_NAME="):
            return line.partition("=")[2].strip('"')
    return None


def _job(environ: Mapping[str, str]) -> dict[str, str] | None:
    for variable, scheduler in _JOB.items():
        if variable in environ:
            if variable in _ADDRESSES:
                return {"scheduler": scheduler}
            return {"scheduler": scheduler, "id": _number_of(environ[variable])}
    return None


def _number_of(job: str) -> str:
    """Return the number of a job, without the name of the server that some put behind it.

    What is no such number, as it may be anything, is kept as a hash of it.
    """
    from brizna.environment._redact import redact

    number = job.partition(".")[0]
    if (
        redact([job]) == (job,)
        and 0 < len(number) <= _LONGEST_NUMBER
        and number.translate(_MARKS).isalnum()
    ):
        return number
    return sha256(f"brizna job {job}".encode()).hexdigest()[:12]


def _rank(environ: Mapping[str, str]) -> dict[str, Any] | None:
    """Return which rank of how many this process is; None where nobody numbered it."""
    for launcher, name, variables in _RANKS:
        rank, local, size, node = (_number(environ.get(variable)) for variable in variables)
        if rank is None or (name and name not in environ):
            continue
        launch = environ.get(name)
        if launch is not None and launcher in _NAMES_WITH_HOSTS:
            launch = sha256(f"brizna launch {launch}".encode()).hexdigest()[:12]
        return {
            "launcher": launcher,
            "launch": None if launch in (None, _NO_NAME) else _number_of(str(launch)),
            "rank": rank,
            "local_rank": local,
            "world_size": size,
            "node": node,
        }
    return None


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isdecimal() else None


def boot_name(*, proc_root: str = "/proc") -> str | None:
    """Return a name for this machine since it was started; None where the system has none.

    Containers on one machine share it, whatever machine id their images have; two machines never
    do. The first 12 hexadecimal digits of the SHA-256 of the kernel's boot id.
    """
    identity = _read(f"{proc_root}/sys/kernel/random/boot_id")
    return sha256(f"brizna boot {identity}".encode()).hexdigest()[:12] if identity else None


def _container() -> str | None:
    for path, name in (("/.dockerenv", "docker"), ("/run/.containerenv", "podman")):
        if os.path.exists(path):
            return name
    return None


def _read(path: str) -> str | None:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().strip()
    except OSError:
        return None

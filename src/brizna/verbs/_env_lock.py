"""Locks of environments: made of what is installed or of another lock, and where packages are from.

pip is asked, so that its own settings hold; an index that a project's policy does not name is
refused. A login never stands in a command line, which every user of the machine can read.
"""

from __future__ import annotations

import json
import os
import sys

from brizna.core.errors import InputError, IntegrityError, UnavailableError
from brizna.core.records import Record
from brizna.environment import (
    PUBLIC_INDEX,
    entries_of_report,
    index_address,
    index_files,
    lock_indexes,
    origins,
    pip_indexes,
    read_lock,
    redact,
    without_login,
    write_lock,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from brizna.core.software import Lock, Locked
    from brizna.verbs._env import Surroundings

    Fetch = Callable[[str], tuple[str, bytes]]
    Run = Callable[[Sequence[str], Mapping[str, str]], bytes]


class LockSource(Record):
    """Where the files of a lock are looked up.

    Attributes:
        index: The address of the one index to ask; pip's own settings if None.
        wheels: A folder of wheels to ask in place of any index.
        allowed: The indexes that the policy names, the one to ask first; none: any.
    """

    index: str | None = None
    wheels: str | None = None
    allowed: tuple[str, ...] = ()


def lock_of(path: str) -> Lock:
    """Return the lock in a file.

    Raises:
        InputError: If it cannot be read.
        IntegrityError: If it has entries without hashes.
    """
    return read_lock(_bytes(path), path)


def _bytes(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise InputError(
            "{path!r} cannot be read: {reason}.", path=path, reason=error.strerror
        ) from error


def index_sources(
    around: Surroundings, *, lock: str | None = None, ask: Run | None = None
) -> list[tuple[str, str]] | None:
    """Return each address that packages come from, with who names it.

    Args:
        around: The environment.
        lock: A lock's path, whose indexes count too.
        ask: Runs pip and returns what it prints; really if None.

    Returns:
        None where the environment is not here, or pip does not tell its settings.
    """
    if around.place is None:
        return None
    try:
        found = list(_settings_of_pip(around, ask or _run))
    except UnavailableError:
        return None
    found += origins(around.place)
    if lock is not None:
        found += lock_indexes(_bytes(lock), lock)
    return found


def _settings_of_pip(around: Surroundings | None, run: Run) -> tuple[tuple[str, str], ...]:
    """Return the addresses that pip asks in an environment; of our own where it is not here."""
    prefix = "" if around is None else os.path.abspath(around.name)
    places = (
        os.path.join(prefix, *tail) for tail in (("bin", "python"), ("Scripts", "python.exe"))
    )
    of = [] if around is None else ["--python", prefix] if any(map(os.path.exists, places)) else []
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *of, "config", "list"]
    return pip_indexes(run(command, {}).decode(errors="replace"))


def lock_environment(
    around: Surroundings, *, form: str, source: LockSource | None = None, run: Run | None = None
) -> str:
    """Return a lock of what is installed, with the hashes that an index states.

    Args:
        around: The environment.
        form: One of `brizna.environment.LOCK_FORMS`.
        source: Where files are looked up; where pip's own settings say if None.
        run: Runs a command with more variables, and returns what it prints; really if None.

    Raises:
        InputError: If nothing is installed, or an index is not one that the policy names.
        IntegrityError: If the index states no hash for one of them.
        UnavailableError: If pip is not there, or does not find one of them.
    """
    it, where, runs = around.software, source or LockSource(), run or _run
    pins = [one.pin for one in it.distributions if not one.is_editable]
    if not pins:
        raise InputError(
            "Nothing is installed in {name!r}: there is nothing to lock.", name=around.name
        )
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed"]
    command += ["--no-deps", "--quiet", "--disable-pip-version-check", "--report", "-"]
    command += ["--only-binary", ":all:"]
    environ: dict[str, str] = {}
    if where.wheels is not None:
        command += ["--no-index", "--find-links", os.path.abspath(where.wheels)]
    elif where.index is not None or where.allowed:
        environ = _index_variables(where, _settings_of_pip(None, runs))
    if it.python is not None:
        command += ["--python-version", it.python, "--target", os.path.join(os.sep, "nowhere")]
    report = json.loads(runs([*command, *pins], environ))
    return write_lock(entries_of_report(report), form=form, python=it.python)


def _index_variables(source: LockSource, settings: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Return the variables that make pip ask the right index, and no other.

    Raises:
        InputError: If an index that was named, or that pip would ask as well, is not allowed.
    """
    _refuse_outside(source)
    own = settings[0][1] if settings else PUBLIC_INDEX
    only = (index_address(source.index),) if source.index is not None else source.allowed
    more = [f"{who} {address}" for who, address in settings[1:] if address not in only]
    if more:
        raise InputError(
            "pip would ask more than {index} ({more}): expected that alone, as the same name may "
            "mean another package elsewhere. Leave these out, or start with "
            "PIP_CONFIG_FILE={nothing}.",
            index=", ".join(only),
            more=", ".join(more),
            nothing=os.devnull,
        )
    if source.index is not None:
        return {"PIP_INDEX_URL": source.index}
    return {} if own in source.allowed else {"PIP_INDEX_URL": source.allowed[0]}


def _refuse_outside(source: LockSource) -> None:
    """Raise where an index was named that the policy does not name."""
    if source.index is None or not source.allowed:
        return
    if index_address(source.index) not in source.allowed:
        raise InputError(
            "The index is {index}, which the policy does not name: expected one of {allowed}. "
            "Leave --index out, or name it in [tool.brizna.env] index.",
            index=index_address(source.index),
            allowed=", ".join(source.allowed),
        )


def convert_lock(
    path: str, *, form: str, source: LockSource | None = None, fetch: Fetch | None = None
) -> str:
    """Return another lock in a form; its hashes and markers are kept, and no version is chosen.

    For a pylock the index is asked where the files of these hashes lie.

    Args:
        path: The lock that there is.
        form: One of `brizna.environment.LOCK_FORMS`.
        source: Where addresses are looked up.
        fetch: Returns the kind and the bytes of what lies at an address; over the network if None.

    Raises:
        InputError: If it is no lock, or the index is not one that the policy names.
        IntegrityError: If an entry has no hash, or the index has no file of one of its hashes.
        UnavailableError: If the index does not answer.
    """
    where, entries = source or LockSource(), lock_of(path).entries
    if form == "pylock":
        _refuse_outside(where)
        index = where.index or (where.allowed[0] if where.allowed else None)
        if index is None:
            index = next((address for _, address in _settings_of_pip(None, _run)), PUBLIC_INDEX)
        entries = tuple(one if one.files else _with_files(one, index, fetch) for one in entries)
    return write_lock(entries, form=form)


def _with_files(entry: Locked, index: str, fetch: Fetch | None) -> Locked:
    """Return an entry with the addresses of its files.

    Raises:
        IntegrityError: If the index has no file of one of its hashes.
    """
    there = index_files(entry.name, index=index, fetch=fetch)
    files = tuple(one for one in there if set(one.hashes) & set(entry.hashes))
    lost = set(entry.hashes) - {value for one in files for value in one.hashes}
    if lost:
        raise IntegrityError(
            "{index} has no file of {name} {version} with {count} of the {all} hashes of the lock "
            "({lost:.19}): expected each. Ask the index that the lock was made with: --index.",
            index=without_login(index),
            name=entry.name,
            version=entry.version,
            count=len(lost),
            all=len(entry.hashes),
            lost=min(lost),
        )
    return entry.replace(files=files, index=index_address(index))


def _run(command: Sequence[str], environ: Mapping[str, str]) -> bytes:
    import subprocess

    try:
        done = subprocess.run(
            command, capture_output=True, check=False, env={**os.environ, **environ}
        )
    except OSError as error:
        raise UnavailableError(
            "{program!r} could not be started: {reason}.",
            program=command[0],
            reason=error.strerror,
        ) from error
    if done.returncode:
        told = done.stderr.decode(errors="replace").strip().splitlines()
        raise UnavailableError(
            "pip does not find all that is installed ({told}): expected an index with the same "
            "versions. Name it with --index or --wheels.",
            told=redact([told[-1]])[0][:300] if told else done.returncode,
        )
    return done.stdout

"""Environments: of runs and of folders; shown, compared, locked, checked, audited and rebuilt."""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime

from brizna.check import (
    Verification,
    judge_age,
    judge_approval,
    judge_audit,
    judge_compatibility,
    judge_files,
    judge_isolation,
    judge_lock,
)
from brizna.core.errors import CoverageError, InputError, UnavailableError
from brizna.core.records import Record
from brizna.environment import (
    audit_offline,
    audit_online,
    capture,
    changed_files,
    entries_of_report,
    numerics,
    place_of,
    place_of_command,
    read_lock,
    software,
    write_lock,
)
from brizna.verbs._software import software_cache, software_of_run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from brizna.check import Verdict
    from brizna.core.software import Distribution, Lock, Software
    from brizna.environment import Place
    from brizna.store import Store

    Run = Callable[[Sequence[str]], bytes]

_DAY_S = 86_400.0


class Surroundings(Record):
    """An environment, and what it is in.

    Attributes:
        name: What to call it: a run's id, or a folder.
        digest: Of the run; empty for a folder.
        software: What is installed.
        facts: As a run's record has them under ``environment``.
        place: Where the files are; None where they are not here.
    """

    name: str
    digest: str
    software: Software
    facts: Mapping[str, Any]
    place: Place | None


def surroundings_of(what: str | None, store: Store, environ: Mapping[str, str]) -> Surroundings:
    """Return the environment that a person means.

    Args:
        what: A folder such as ``.venv``, or a run; None for the one that ``python`` starts here.
        store: Where runs are.
        environ: Environment variables.

    Raises:
        CoverageError: If the run does not say what was installed, or its store has lost the list.
        InputError: If it is neither.
    """
    if what is None or os.path.isdir(what):
        place = place_of_command(["python"], environ) if what is None else place_of(what)
        if place is None:
            raise InputError(
                "{path!r} is no environment of Python: expected a folder with lib/python3.x/"
                "site-packages, such as .venv, or a run.",
                path=what,
            )
        record = software(place, cache=software_cache(environ))
        facts = {**capture(environ, directory=os.getcwd()), **numerics(environ, command=["python"])}
        return Surroundings(
            name=what or "python", digest="", software=record, facts=facts, place=place
        )
    stored = store.read(store.resolve(what))
    facts: dict[str, Any] = stored.run.environment or {}
    found = software_of_run(stored.run, store)
    if found is None:
        raise CoverageError(
            "Run {id} does not tell what was installed: expected the list that runs name since "
            "brizna keeps one, in this store. Measure it again.",
            id=stored.run.id,
        )
    return Surroundings(
        name=stored.run.id, digest=stored.digest or "", software=found, facts=facts, place=None
    )


def check_environment(
    around: Surroundings,
    *,
    lock: str | None = None,
    approved: tuple[str, str] | None = None,
    is_list_asked: bool = False,
) -> Verification:
    """Return whether an environment is as it should be.

    Args:
        around: The environment.
        lock: A lock's path; None to judge by none.
        approved: The digest that is approved, and whose key says so.
        is_list_asked: Whether what is approved counts, also where nothing is.
    """
    it, subject = around.software, around.name
    facts = around.facts
    verdicts: list[Verdict] = []
    if lock is not None:
        verdicts += judge_lock(it, lock_of(lock), subject=subject, path=lock)
    changed = None if around.place is None else list(changed_files(around.place))
    verdicts += judge_files(it, changed, subject=subject)
    verdicts.append(judge_isolation(it, subject=subject, container=facts.get("container")))
    verdicts += judge_compatibility(
        it, driver=facts.get("gpu_driver"), features=facts.get("cpu_features"), subject=subject
    )
    if is_list_asked or approved is not None:
        now, by = approved or (None, None)
        verdicts.append(judge_approval(it.installed, now, subject=subject, by=by))
    return Verification(
        subject=subject,
        form="environment",
        digest=around.digest or it.installed,
        verdicts=tuple(verdicts),
    )


def audit_environment(
    around: Surroundings, *, now: datetime, snapshot: str | None, ask: Any = None
) -> Verification:
    """Return what is known of the vulnerabilities of what is installed.

    Args:
        around: The environment.
        now: The instant.
        snapshot: A local copy of OSV's records; None to ask OSV itself.
        ask: Sends a question to OSV; over the network if None.
    """
    it = around.software
    if snapshot is not None:
        audit = audit_offline(it.distributions, snapshot=snapshot)
    else:
        audit = audit_online(it.distributions, at=now.isoformat(), ask=ask)
    days = None
    if audit.at is not None:
        try:
            age = now - datetime.fromisoformat(audit.at).astimezone(UTC)
            days = age.total_seconds() / _DAY_S
        except ValueError:
            days = None
    verdicts = judge_audit(it, audit.found, audit.unknown, subject=around.name)
    verdicts.append(judge_age(days, source=audit.source))
    return Verification(
        subject=around.name,
        form="audit",
        digest=around.digest or it.installed,
        verdicts=tuple(verdicts),
    )


def lock_of(path: str) -> Lock:
    """Return the lock in a file.

    Raises:
        InputError: If it cannot be read.
        IntegrityError: If it has entries without hashes.
    """
    try:
        with open(path, "rb") as file:
            return read_lock(file.read(), path)
    except OSError as error:
        raise InputError(
            "{path!r} cannot be read: {reason}.", path=path, reason=error.strerror
        ) from error


def lock_environment(
    around: Surroundings,
    *,
    form: str,
    index: str | None = None,
    wheels: str | None = None,
    run: Run | None = None,
) -> str:
    """Return a lock of what is installed, with the hashes that an index states.

    pip is asked, so that its own settings hold: its configuration files and variables name the
    index, unless one is named here.

    Args:
        around: The environment.
        form: One of `brizna.environment.LOCK_FORMS`.
        index: The address of the one index to ask; pip's own settings if None.
        wheels: A folder of wheels to ask in place of any index.
        run: Runs a command and returns what it prints; really if None.

    Raises:
        IntegrityError: If the index states no hash for one of them.
        UnavailableError: If pip is not there, or does not find one of them.
    """
    it = around.software
    pins = [one.pin for one in it.distributions if not one.is_editable]
    if not pins:
        raise InputError(
            "Nothing is installed in {name!r}: there is nothing to lock.", name=around.name
        )
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed"]
    command += ["--no-deps", "--quiet", "--disable-pip-version-check", "--report", "-"]
    command += ["--only-binary", ":all:"]
    if wheels is not None:
        command += ["--no-index", "--find-links", os.path.abspath(wheels)]
    elif index is not None:
        command += ["--index-url", index]
    if it.python is not None:
        command += ["--python-version", it.python, "--target", os.path.join(os.sep, "nowhere")]
    report = json.loads((run or _run)([*command, *pins]))
    return write_lock(entries_of_report(report), form=form, python=it.python)


def _run(command: Sequence[str]) -> bytes:
    import subprocess

    try:
        done = subprocess.run(command, capture_output=True, check=False)
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
            told=told[-1][:300] if told else done.returncode,
        )
    return done.stdout


def difference(one: Software, other: Software) -> list[dict[str, Any]]:
    """Return each distribution that differs between two environments, by name.

    ``how`` is ``added``, ``removed``, ``version`` or ``files`` (the same version, other files).
    """
    names = sorted({each.name for each in (*one.distributions, *other.distributions)})
    found: list[dict[str, Any]] = []
    for name in names:
        before, after = one.find(name), other.find(name)
        if before != after:
            found.append(
                {
                    "name": name,
                    "how": _how(before, after),
                    "before": None if before is None else before.version,
                    "after": None if after is None else after.version,
                }
            )
    return found


def _how(before: Distribution | None, after: Distribution | None) -> str:
    if before is None:
        return "added"
    if after is None:
        return "removed"
    return "version" if before.version != after.version else "files"


def facts_differ(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the facts beside software in which two environments differ, by dotted name."""
    before, after = _flat(one), _flat(other)
    return [
        {"name": name, "before": before.get(name), "after": after.get(name)}
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    ]


def _flat(facts: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in facts.items():
        if name in ("software", "rank", "job", "use", "boot"):
            continue
        if isinstance(value, dict):
            found |= _flat(value, f"{above}{name}.")  # pyright: ignore[reportUnknownArgumentType]
        else:
            found[f"{above}{name}"] = value
    return found


def affected_runs(store: Store, name: str, version: str | None = None) -> list[dict[str, Any]]:
    """Return the runs in whose environment a distribution was, the oldest first.

    Args:
        store: Where runs are.
        name: The distribution.
        version: Only this version; any if None.
    """
    from brizna.core.software import normalised

    found: list[dict[str, Any]] = []
    for run_id in store.ids():
        run = store.read(run_id).run
        record = software_of_run(run, store)
        one = None if record is None else record.find(normalised(name))
        if one is not None and version in (None, one.version):
            found.append(
                {"run": run_id, "name": run.name, "started": run.started, "version": one.version}
            )
    return found

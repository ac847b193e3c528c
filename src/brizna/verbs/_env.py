"""Environments: of runs and of folders; shown, compared, locked, checked, audited and rebuilt."""

from __future__ import annotations

import os
from datetime import UTC, datetime

from brizna.check import (
    Known,
    Remembered,
    Verification,
    judge_age,
    judge_approval,
    judge_archives,
    judge_audit,
    judge_builds,
    judge_compatibility,
    judge_files,
    judge_firmware,
    judge_indexes,
    judge_isolation,
    judge_lock,
    judge_needs,
    judge_remembered,
)
from brizna.core.errors import CoverageError, InputError
from brizna.core.records import Record
from brizna.environment import (
    archive_hashes,
    capture,
    changed_files,
    needs_of,
    numerics,
    place_of,
    place_of_command,
    software,
)
from brizna.verbs._env_lock import index_sources, lock_of
from brizna.verbs._env_policy import EnvironmentPolicy, excuse
from brizna.verbs._software import software_cache, software_of_run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from brizna.check import Verdict
    from brizna.core.software import Distribution, Software
    from brizna.environment import Audit, Place
    from brizna.store import Store
    from brizna.verbs._env_lock import Run

    LookUp = Callable[[Sequence[Distribution], Sequence[str]], Audit]

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


class Demands(Record):
    """What an environment is held to, beside the rules that hold for all.

    Attributes:
        lock: A lock's path; None to judge by none.
        is_list_asked: Whether what is approved counts, also where nothing is.
        approved: The digest that is approved, and whose key says so.
        is_firmware_asked: Whether the firmware counts.
        policy: What the project says of its environments.
        known: What was recorded of installed distributions before; None for nothing.
    """

    lock: str | None = None
    is_list_asked: bool = False
    approved: tuple[str, str] | None = None
    is_firmware_asked: bool = False
    policy: EnvironmentPolicy = EnvironmentPolicy()
    known: Remembered | None = None


def check_environment(
    around: Surroundings, demands: Demands | None = None, *, at: str, ask: Run | None = None
) -> Verification:
    """Return whether an environment is as it should be.

    Args:
        around: The environment.
        demands: What it is held to.
        at: Now, as an instant: what excused a rule ends some day.
        ask: Runs pip and returns what it prints; really if None.
    """
    wanted = demands or Demands()
    it, subject, facts, place = around.software, around.name, around.facts, around.place
    verdicts: list[Verdict] = []
    if wanted.lock is not None:
        lock = lock_of(wanted.lock)
        noted = {} if place is None else archive_hashes(place)
        verdicts += judge_lock(it, lock, subject=subject, path=wanted.lock)
        verdicts += judge_archives(it, lock, noted, subject=subject)
        verdicts += judge_remembered(it, lock, wanted.known or Remembered(), subject=subject)
    allowed = wanted.policy.indexes
    sources = index_sources(around, lock=wanted.lock, ask=ask) if allowed else None
    verdicts += judge_indexes(sources, allowed, subject=subject)
    changed = None if place is None else list(changed_files(place))
    needs = None if place is None else needs_of(place, it)
    verdicts += judge_files(it, changed, subject=subject)
    verdicts.append(judge_isolation(it, subject=subject, container=facts.get("container")))
    verdicts += judge_compatibility(it, facts, subject=subject)
    verdicts += judge_needs(needs, subject=subject)
    verdicts += judge_builds(needs, facts, python=it.python, subject=subject)
    if wanted.is_firmware_asked:
        verdicts.append(judge_firmware(facts, subject=subject))
    if wanted.is_list_asked or wanted.approved is not None:
        now, by = wanted.approved or (None, None)
        verdicts.append(judge_approval(it.installed, now, subject=subject, by=by))
    return Verification(
        subject=subject,
        form="environment",
        digest=around.digest or it.installed,
        verdicts=tuple(excuse(verdicts, wanted.policy.excused(at))),
    )


def audit_environment(
    around: Surroundings,
    look_up: LookUp,
    *,
    now: datetime,
    policy: EnvironmentPolicy | None = None,
) -> Verification:
    """Return what is known of the vulnerabilities of what is installed.

    Args:
        around: The environment.
        look_up: Says what is known of distributions of which some are private.
        now: The instant.
        policy: What the project says of its environments.
    """
    it, said = around.software, policy or EnvironmentPolicy()
    audit = look_up(it.distributions, said.private)
    excused = said.excused(now.isoformat())
    known = Known(
        source=audit.source,
        days=_days(audit.at, now),
        found=audit.found,
        unknown=audit.unknown,
        excused=excused,
    )
    verdicts = judge_audit(it, known, subject=around.name)
    verdicts.append(judge_age(known.days, source=audit.source))
    return Verification(
        subject=around.name,
        form="audit",
        digest=around.digest or it.installed,
        verdicts=tuple(excuse(verdicts, excused)),
    )


def _days(at: str | None, now: datetime) -> float | None:
    """Return how many days ago an instant was; None if it is none."""
    try:
        then = None if at is None else datetime.fromisoformat(at)
    except ValueError:
        return None
    if then is None:
        return None
    aware = then if then.tzinfo is not None else then.replace(tzinfo=UTC)
    return (now - aware).total_seconds() / _DAY_S


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

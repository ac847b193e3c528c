"""Check: gather what a project holds, and hold it against the rules of a profile."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from os.path import join

from brizna.account import Footprint
from brizna.check import (
    DRIVER_FILE,
    Answer,
    Choice,
    FederationAdvice,
    Held,
    Project,
    ProjectRule,
    Review,
    SignedAnswer,
    SourceFile,
    Waiver,
    files_that_rules_read,
    project_rules,
    review,
    rules_of,
)
from brizna.core.codec import decode, digest, digest_of_bytes
from brizna.core.errors import (
    BriznaError,
    InputError,
    IntegrityError,
    Said,
    SchemaError,
    UnavailableError,
)
from brizna.core.factors import nearest
from brizna.core.measurement import Run
from brizna.store import (
    Approval,
    Approvals,
    KeyRing,
    Store,
    keep_answer,
    kept_records,
    open_answer,
    peek,
    read_answers,
)
from brizna.verbs._settings import project_table
from brizna.verbs._whose_runs import own_records, own_runs, root_of, standing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

    from brizna.core.records import Record

GROUP = "brizna.rules"
"""Entry points of rules that others bring; each loads to rules, or a function that gives them."""
TABLE = "check"
"""The table of a project file that says which rules are judged, and what is excused."""
_FIELDS = ("select", "ignore", "suppress", "exclude")
_LEFT_OUT = frozenset({".git", ".brizna", "node_modules", "__pycache__", ".tox", ".nox", "dist"})
_MOST_RUNS = 200
_MOST_FILES = 20_000
_MOST_DEPTH = 6
_LARGEST_BYTES = 8 << 20
_SCHEMA_HEAD = b'"brizna.'
"""What stands at the beginning of each JSON file that brizna wrote."""
_HEAD_BYTES = 1 << 16
_FORMS: Mapping[str | None, type[Record]] = {Run.schema: Run, Footprint.schema: Footprint}
"""Records that many rules read: one that is broken must not hide the others from all of them."""


# ------------------------------------------------------------------------------------------ judging


def check_project(
    directory: str = ".",
    *,
    store: Store,
    ring: KeyRing,
    profile: str = "pnav",
    choice: Choice | None = None,
    is_named: bool = True,
) -> Review:
    """Return what the rules of a profile come to for a project.

    Args:
        directory: The project's folder.
        store: Where its runs are.
        ring: The keys whose answers are believed.
        profile: Name of the profile.
        choice: Which rules, and what is excused; as the project file says if None.
        is_named: Whether somebody named the store. Of one that was only found, and lies outside
            of the project, those runs count whose commit is the project's.

    Raises:
        InputError: If the folder is none, or the profile or a rule is not known.
        IntegrityError: If a record of the store was changed.
        UnavailableError: If somebody else's rules cannot be loaded.
    """
    every = all_rules()
    rules = rules_of(profile, every.values())
    chosen = read_choice(directory, every) if choice is None else choice
    project = gather(directory, store=store, ring=ring, is_named=is_named)
    return review(project, rules, profile=profile, choice=chosen)


def all_rules() -> dict[str, ProjectRule]:
    """Return every rule of a project by its id, ours and those of other packages.

    Raises:
        InputError: If two have one id.
        UnavailableError: If one that somebody else brings cannot be loaded.
    """
    return project_rules(_brought())


def _brought() -> Iterator[ProjectRule]:
    from importlib.metadata import entry_points

    for point in entry_points(group=GROUP):
        try:
            found: Any = point.load()
            made: Iterable[ProjectRule] = found() if callable(found) else found  # pyright: ignore[reportAssignmentType]
            rules = list(made)
        except Exception as error:  # anybody's rules: whoever asked for a check is told
            raise UnavailableError(
                "The rules {name!r} cannot be loaded: {kind}: {error}. Install what they need, or "
                "remove the package.",
                name=point.name,
                kind=type(error).__name__,
                error=error,
            ) from error
        yield from rules


def read_choice(directory: str, rules: Iterable[str]) -> Choice:
    """Return which rules the project file names, and what it excuses.

    Args:
        directory: Where to look for ``brizna.toml`` or ``pyproject.toml``, upwards.
        rules: Ids of all rules.

    Raises:
        InputError: If the table says what it should not, or names a rule that there is none of.
    """
    path, table = project_table(directory, TABLE)
    for name in table:
        if name not in _FIELDS:
            raise InputError(
                "{path} sets {name!r} in [check]: expected {known}. Remove it.",
                path=path,
                name=name,
                known=", ".join(_FIELDS),
            )
    waivers = [_waiver(one, path) for one in _listed(table, "suppress", path)]
    known = list(rules)
    for waiver in waivers:
        if waiver.rule not in known:
            raise InputError(
                "{path} suppresses {name!r}, which is no rule: expected an id such as {example}. "
                "List them: brizna check --list.",
                path=path,
                name=waiver.rule,
                example=known[0],
            )
    return Choice(
        select=tuple(map(str, _listed(table, "select", path))),
        ignore=tuple(map(str, _listed(table, "ignore", path))),
        waivers=tuple(waivers),
    )


def _listed(table: Mapping[str, Any], name: str, path: str | None) -> list[Any]:
    found = table.get(name, [])
    if not isinstance(found, list):
        raise InputError(
            "{path} sets {name} in [check] to {found!r}: expected a list. Write [...] around it.",
            path=path,
            name=name,
            found=found,
        )
    return found  # pyright: ignore[reportUnknownVariableType]


def _waiver(found: Any, path: str | None) -> Waiver:
    told: dict[str, Any] = dict(found) if hasattr(found, "items") else {}
    if set(told) != {"rule", "reason", "until"}:
        raise InputError(
            "{path} suppresses {found!r}: expected rule, reason and until, the last day. Give each "
            "[[check.suppress]] these three.",
            path=path,
            found=found,
        )
    return Waiver(**{name: str(value) for name, value in told.items()})


# ---------------------------------------------------------------------------------------- gathering


def gather(directory: str, *, store: Store, ring: KeyRing, is_named: bool = True) -> Project:
    """Return what there is to judge a project by.

    Args:
        directory: The project's folder.
        store: Where its runs are.
        ring: The keys whose answers are believed.
        is_named: Whether somebody named the store.

    Raises:
        InputError: If the folder is none.
        IntegrityError: If a record of the store was changed.
    """
    folder = os.path.abspath(directory)
    if not os.path.isdir(folder):
        raise InputError(
            "{path!r} is no folder: expected that of the project. Name it, or go there.",
            path=directory,
        )
    instant = datetime.fromtimestamp(time.time(), UTC)
    skipped: list[Said] = []
    broken: list[Said] = []
    name = os.path.basename(folder) or folder
    answers = _answers(store, ring, name)
    wanted = {one.path for answer in answers for one in answer.answer.evidence}
    files, records = _read_files(folder, wanted, skipped, _excluded(folder, skipped))
    stands = standing(folder, store, is_named=is_named)
    kept = (Held(place=p, digest=d, data=r) for p, d, r in kept_records(store))
    of_store, left_out = own_records(kept, store=store, standing=stands)
    records += [*of_store, *_approvals(store, ring, skipped)]
    of_store, runs_left_out = own_runs(
        _runs(store, skipped, broken), folder=folder, store=store, standing=stands
    )
    records += of_store
    skipped += [*left_out, *runs_left_out]
    return Project(
        name=name,
        at=instant.strftime("%Y-%m-%dT%H:%M:%SZ"),
        is_versioned=root_of(folder) is not None,
        records=tuple(records),
        files=tuple(files),
        answers=tuple(answers),
        skipped=tuple(skipped),
        broken=tuple(broken),
    )


def _runs(store: Store, skipped: list[Said], broken: list[Said]) -> list[tuple[Held, list[Held]]]:
    """Return the latest runs, each with the records beside it."""
    found: list[tuple[Held, list[Held]]] = []
    ids = store.ids()
    if len(ids) > _MOST_RUNS:
        skipped.append(
            Said(
                "{count} runs before the latest {most}",
                count=len(ids) - _MOST_RUNS,
                most=_MOST_RUNS,
            )
        )
    for run_id in ids[-_MOST_RUNS:]:
        try:
            stored = store.read(run_id)
            records = [] if stored.digest is None else store.records(run_id)
        except IntegrityError as error:
            broken.append(Said("{run}: {error}", run=run_id, error=error))
            continue
        except (SchemaError, UnavailableError) as error:
            skipped.append(Said("{run}: {error}", run=run_id, error=error))
            continue
        if stored.digest is None:
            continue
        run = Held(place=run_id, digest=stored.digest, data=stored.run.to_json())
        found.append((run, [Held(place=run_id, digest=digest(one), data=one) for one in records]))
    return found


def _excluded(folder: str, skipped: list[Said]) -> tuple[str, ...]:
    """Return the folders and files that the project file leaves out, and say so."""
    path, table = project_table(folder, TABLE)
    found = [str(one).strip("/") for one in _listed(table, "exclude", path)]
    if found:
        skipped.append(Said("what {path} leaves out: {names}", path=path, names=", ".join(found)))
    return tuple(found)


def _approvals(store: Store, ring: KeyRing, skipped: list[Said]) -> list[Held]:
    """Return the events of the list of what is approved, or why nobody believes it."""
    try:
        events = [event.to_json() for event, _ in Approvals(store.path, ring).history()]
    except IntegrityError as error:
        events: list[dict[str, Any]] = [{"schema": Approval.schema, "wrong": str(error)}]
    except UnavailableError as error:
        skipped.append(Said("{path}: {error}", path="approved", error=error))
        return []
    return [
        Held(place=f"approved/{number}", digest=digest(event), data=event)
        for number, event in enumerate(events)
    ]


def _read_files(
    folder: str, wanted: set[str], skipped: list[Said], excluded: tuple[str, ...]
) -> tuple[list[SourceFile], list[Held]]:
    """Return the files that rules read, or that answers show, and brizna's own JSON."""
    files: list[SourceFile] = []
    records: list[Held] = []
    for count, path in enumerate(_walk(folder)):
        if count >= _MOST_FILES:
            skipped.append(Said("files beyond the first {count}", count=_MOST_FILES))
            break
        name = os.path.relpath(path, folder).replace(os.sep, "/")
        left_out = any(name == one or name.startswith(f"{one}/") for one in excluded)
        if left_out and name not in wanted:
            continue
        if name in wanted or files_that_rules_read(name):
            files += _source(path, name, skipped)
        elif name.endswith(".json"):
            records += _own_record(path, name, skipped)
    files += _source(DRIVER_FILE, DRIVER_FILE, []) if os.path.exists(DRIVER_FILE) else []
    return sorted(files, key=lambda one: one.path), sorted(records, key=lambda one: one.place)


def _walk(folder: str) -> Iterator[str]:
    """Give the files of a folder; of a virtual environment only what tells that it is one."""
    for place, folders, names in os.walk(folder):
        depth = os.path.relpath(place, folder).count(os.sep)
        if "pyvenv.cfg" in names:
            folders[:] = []
            yield join(place, "pyvenv.cfg")
            continue
        folders[:] = sorted(one for one in folders if one not in _LEFT_OUT and depth < _MOST_DEPTH)
        yield from (join(place, name) for name in sorted(names))


def _source(path: str, name: str, skipped: list[Said]) -> list[SourceFile]:
    if os.path.lexists(path) and not os.path.isfile(path):  # a pipe would keep us waiting for ever
        skipped.append(Said("{path}: it is no file, or a link to none", path=name))
        return []
    try:
        with open(path, "rb") as file:
            data = file.read(_LARGEST_BYTES + 1)
    except OSError as error:
        skipped.append(Said("{path}: {reason}", path=name, reason=error.strerror))
        return []
    if len(data) > _LARGEST_BYTES:
        skipped.append(Said("{path}: larger than {most} bytes", path=name, most=_LARGEST_BYTES))
        return []
    text = data.decode("utf-8", errors="replace")
    return [SourceFile(path=name, digest=digest_of_bytes(data), text=text)]


def _own_record(path: str, name: str, skipped: list[Said]) -> list[Held]:
    """Return the record in a JSON file that brizna wrote; nothing for any other file."""
    if not os.path.isfile(path):
        return []
    try:
        with open(path, "rb") as file:
            if _SCHEMA_HEAD not in file.read(_HEAD_BYTES):
                return []
    except OSError:
        return []
    found = _source(path, name, skipped)
    try:
        record = decode(found[0].text) if found else None
    except BriznaError:
        skipped.append(Said("{path}: it is no JSON", path=name))
        return []
    if not isinstance(record, dict) or not str(record.get("schema", "")).startswith("brizna."):  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
        return []
    try:
        _check_form(record)  # pyright: ignore[reportUnknownArgumentType]
    except SchemaError as error:
        skipped.append(Said("{path}: {error}", path=name, error=error))
        return []
    return [Held(place=name, digest=found[0].digest, data=_asked_again(record))]  # pyright: ignore[reportUnknownArgumentType]


def _asked_again(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record; advice on federating with what its case comes to when it is asked again."""
    if record["schema"] != FederationAdvice.schema:
        return record
    from brizna.verbs._federate import advise_federate

    try:
        found = advise_federate(record["case"])
        same = [one.to_json() for one in found.inputs] == record["inputs"]
        again = found.verdict if same else None  # asked with factors of somebody's own
    except (BriznaError, KeyError, TypeError, AttributeError):
        again = None
    return {**record, "again": again}


def _check_form(record: Mapping[str, Any]) -> None:
    """Refuse a record that many rules read and that lacks what it must have."""
    form = _FORMS.get(record["schema"])
    if form is not None:  # a view of a run holds more beside it, which no rule reads
        known = ("schema", *form.fields())
        form.from_json({key: value for key, value in record.items() if key in known})


# ------------------------------------------------------------------------------------------ answers


def question_of(rule_id: str) -> ProjectRule:
    """Return a rule that asks people something.

    Raises:
        InputError: If there is none of this id, or it asks nothing.
    """
    every = all_rules()
    rule = every.get(rule_id)
    asking = [one.id for one in every.values() if one.question is not None]
    if rule is None or rule.question is None:
        raise InputError(
            "{rule!r} asks people nothing.{hint} Expected one of {known}; what evidence can tell "
            "needs no answer.",
            rule=rule_id,
            hint=nearest(rule_id, asking) if rule is None else "",
            known=", ".join(asking),
        )
    return rule


def answer_question(
    said: Mapping[str, str],
    *,
    evidence: Iterable[str] = (),
    directory: str = ".",
    store: Store,
    ring: KeyRing,
    key: str | None = None,
) -> tuple[str, Answer]:
    """Sign and keep what a person answers to the question of a rule; return its digest, and it.

    Args:
        said: ``rule``, ``answer`` (one of `ANSWERS`), ``because`` and ``by``.
        evidence: Files of the project that show it.
        directory: The project's folder.
        store: Where it is kept.
        ring: Where the key is.
        key: With which key; by default the newest of ours.

    Raises:
        InputError: If the rule asks no question, a file is not there, something is missing, or
            there is no key to sign with.
        UnavailableError: If it cannot be kept, or cryptography is not installed.
    """
    rule = question_of(said["rule"])
    answer = Answer(
        **said,
        project=os.path.basename(os.path.abspath(directory)),
        question=str(rule.question),
        at=datetime.fromtimestamp(time.time(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        evidence=shown_files(directory, evidence),
    )
    return keep_answer(store, answer.to_json(), ring, key=key), answer


def shown_files(directory: str, paths: Iterable[str]) -> tuple[SourceFile, ...]:
    """Return the files that show an answer, by their path in the project and their digest.

    Args:
        directory: The project's folder.
        paths: As a person names them, from where they are.

    Raises:
        InputError: If one is not there, or lies outside of the project.
    """
    folder = os.path.realpath(directory)
    found: list[SourceFile] = []
    for path in paths:
        full = os.path.realpath(path)
        name = os.path.relpath(full, folder).replace(os.sep, "/")
        if name.startswith("../") or not os.path.isfile(full):
            raise InputError(
                "{path!r} is no file of the project in {folder!r}: expected one that stays there. "
                "Copy it into the project first.",
                path=path,
                folder=folder,
            )
        source = _source(full, name, [])
        if not source:
            raise InputError(
                "{path!r} cannot be read, or is larger than {most} bytes: name another file that "
                "shows it.",
                path=path,
                most=_LARGEST_BYTES,
            )
        if not source[0].text.strip():
            raise InputError(
                "{path!r} is empty, so that it shows nothing: expected a file that does. Name "
                "another one.",
                path=path,
            )
        found.append(SourceFile(path=name, digest=source[0].digest))
    return tuple(found)


def _answers(store: Store, ring: KeyRing, project: str) -> list[SignedAnswer]:
    found: list[SignedAnswer] = []
    for kept, envelope in read_answers(store).items():
        place = f"answers/{kept.removeprefix('sha256:')[:12]}"
        try:
            said, key = open_answer(envelope, ring)
            found.append(SignedAnswer(answer=Answer.from_json(said), place=place, key=key.name))
        except (IntegrityError, UnavailableError) as error:
            answer = Answer.from_json(peek(envelope))
            found.append(
                SignedAnswer(answer=answer, place=place, wrong=Said("{error}", error=error))
            )
    here = [one for one in found if one.answer.project == project]
    return sorted(here, key=lambda one: one.answer.at)

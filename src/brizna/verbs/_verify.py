"""Verify: a run, a store, a bundle, or a file of another tool, recomputed and judged."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta

from brizna.account import Case, Footprint, read_case
from brizna.check import (
    REPORT_SCHEMA,
    Place,
    Verdict,
    Verification,
    broken_record,
    examine,
    examine_footprint,
    examine_run,
    is_boamps,
    is_card,
    is_manifest,
    read_boamps,
    read_card,
    read_codecarbon,
    read_manifest,
    read_report,
    read_yaml,
    unfinished,
)
from brizna.core.codec import decode, digest_of_bytes
from brizna.core.errors import InputError, IntegrityError, SchemaError, UnavailableError
from brizna.core.measurement import Run
from brizna.store import Store, retell
from brizna.verbs._bundle_files import is_bundle, verify_bundle
from brizna.verbs._known import Tables

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from brizna.check import Knowledge, Statement
    from brizna.verbs._bundle_signed import Whom

    Read = tuple[list[Statement], list[Verdict]]

VERIFIED_FORMS = ("brizna", "codecarbon", "impact-framework", "model-card", "boamps", "bundle")
"""What a file can be; ``--form`` names one where its content does not tell."""
_SLACK = timedelta(hours=14)
"""A time without a zone may be as much ahead of UTC as any place on Earth is."""
_LARGEST_BYTES = 256 << 20


def verify(
    what: str,
    store: Store,
    *,
    form: str | None = None,
    digest: str | None = None,
    whom: Whom | None = None,
    now: datetime | None = None,
) -> list[Verification]:
    """Return what the rules come to for what a person names: one verification a run or file.

    Args:
        what: A file, a directory (a bundle that was unpacked, or a store), or a run of the store.
        store: Where runs are.
        form: One of `VERIFIED_FORMS`; by the content if None.
        digest: The digest that a bundle should have; not compared if None.
        whom: Whose signatures in a bundle are believed; nobody's if None.
        now: The instant; now if None.

    Raises:
        InputError: If it is none of these, or a file of a form that is not known.
    """
    instant = now or datetime.fromtimestamp(time.time(), UTC)
    known = Tables(instant + _SLACK)
    if is_bundle(what) or (form == "bundle" and os.path.exists(what)):
        return [verify_bundle(what, now=instant, digest=digest, whom=whom)]
    if whom is not None and whom.must is not None:
        raise InputError(
            "{what!r} is no bundle: expected one where a key is named that must have signed it. "
            "Signed statements are held against the key ring: leave out --signed-by.",
            what=what,
        )
    if os.path.isdir(what):
        return _store(what, known)
    if os.path.isfile(what):
        return [_file(what, known, form)]
    return [_run(store, store.resolve(what), known)]


def _store(directory: str, known: Knowledge) -> list[Verification]:
    if not os.path.isdir(os.path.join(directory, "runs")):
        raise InputError(
            "{path!r} is neither a store (with runs in it) nor a bundle (with a MANIFEST.json): "
            "name one of these, a file or a run.",
            path=directory,
        )
    store = Store(directory)
    found = [_run(store, run_id, known) for run_id in store.ids()]
    if not found:
        raise InputError(
            "The store {path!r} has no runs: there is nothing to verify.", path=directory
        )
    return found


def _run(store: Store, run_id: str, known: Knowledge) -> Verification:
    """Verify a stored run with its journal and its footprints."""
    place = Place(file=run_id)
    try:
        stored = store.read(run_id)
        files = store.files(run_id)
        records = [] if stored.digest is None else store.records(run_id, schema=Footprint.schema)
    except (IntegrityError, SchemaError, UnavailableError) as error:
        return Verification(
            subject=run_id, form="run", digest="", verdicts=(broken_record(place, error),)
        )
    if stored.digest is None:
        verdict = unfinished(place)
        return Verification(subject=run_id, form="run", digest="", verdicts=(verdict,))
    journal, marks = files.get("journal.jsonl"), files.get("marks/marks.jsonl", b"")

    def tell() -> Run:
        assert journal is not None
        return retell(run_id, journal, marks)

    data = stored.run.to_json()
    run, found = examine_run(data, place, known, tell=None if journal is None else tell)
    for record in records:
        found += examine_footprint(record, run, place, known)[1]
    return Verification(subject=run_id, form="run", digest=stored.digest, verdicts=tuple(found))


def _file(path: str, known: Knowledge, form: str | None) -> Verification:
    data = _read(path)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(
            "{path!r} is no text ({error}): expected a table, JSON, YAML or a model card; or a "
            "bundle, whose name ends in .zip.",
            path=path,
            error=error,
        ) from error
    name = form or _form_of(path, text)
    if name == "brizna":
        verdicts = _own(decode(data), path, known)
    else:
        read = _READERS[name]
        statements, verdicts = read(text, path)
        verdicts = [*verdicts, *(v for one in statements for v in examine(one, known))]
    return Verification(
        subject=path, form=name, digest=digest_of_bytes(data), verdicts=tuple(verdicts)
    )


def _read(path: str) -> bytes:
    try:
        if os.path.getsize(path) > _LARGEST_BYTES:
            raise InputError(
                "{path!r} has more than {most} bytes: no form that can be verified is so large. "
                "Name a smaller part of it.",
                path=path,
                most=_LARGEST_BYTES,
            )
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise InputError(
            "{path!r} cannot be read ({reason}): name a file that can.",
            path=path,
            reason=error.strerror,
        ) from error


def _form_of(path: str, text: str) -> str:
    """Return which form a file is, by what it holds.

    Raises:
        InputError: If it is none that is known.
    """
    bare = text.lstrip("\ufeff \r\n\t")
    if bare.startswith(("{", "[")):
        return "boamps" if is_boamps(decode(text.lstrip("\ufeff"))) else "brizna"
    head = bare.partition("\n")[0]
    if "," in head and "timestamp" in head and "emissions" in head:
        return "codecarbon"
    if is_card(text):
        return "model-card"
    if "tree:" in text:
        return "impact-framework"
    raise InputError(
        "{path!r} is of no form that is known here. Known: {forms}; name one with --form.",
        path=path,
        forms=", ".join(VERIFIED_FORMS),
    )


def _json(text: str, path: str) -> Read:
    return read_boamps(decode(text.lstrip("\ufeff")), path)


def _yaml(text: str, path: str) -> Read:
    root = read_yaml(text)
    if not is_manifest(root):
        raise InputError(
            "{path!r} has no tree: expected a manifest of Impact Framework.", path=path
        )
    return read_manifest(root, path)


_READERS: dict[str, Callable[[str, str], Read]] = {
    "codecarbon": read_codecarbon,
    "impact-framework": _yaml,
    "model-card": read_card,
    "boamps": _json,
}


def _own(data: Any, path: str, known: Knowledge) -> list[Verdict]:
    """Judge a footprint, a run or a case, alone or with its footprint."""
    place = Place(file=path)
    given: dict[str, Any] = data if isinstance(data, dict) else {}  # pyright: ignore[reportUnknownVariableType]
    below, footprint = place.replace(field="footprint"), given.get("footprint")
    match given.get("schema"):
        case Footprint.schema:
            return examine_footprint(given, None, place, known)[1]
        case Run.schema:
            fields = {"schema", *Run.fields()}
            own = {name: value for name, value in given.items() if name in fields}
            about, found = examine_run(own, place, known)
        case schema if schema == REPORT_SCHEMA:
            statements, verdicts = read_report(given, path)
            return [*verdicts, *(v for one in statements for v in examine(one, known))]
        case Case.schema if footprint is not None:
            about, found = read_case(given.get("given", {})), list[Verdict]()
        case _:
            raise InputError(
                "{path!r} is JSON, but neither a run, nor a footprint, nor a BoAmps report: "
                "expected what brizna show --json or brizna account --json prints, a stored "
                "record, or a report.",
                path=path,
            )
    if footprint is not None and about is not None:
        found += examine_footprint(footprint, about, below, known)[1]
    return found

"""Signed statements: what a model was made of, made from a run and checked without a network."""

from __future__ import annotations

import os
from base64 import b64decode

from brizna.check import LINKED, SIGNED, SUBJECT, Place, Verification, judged
from brizna.core.codec import decode, digest_of_bytes, encode
from brizna.core.errors import BriznaError, InputError, IntegrityError, Said, SchemaError
from brizna.core.version import VERSION
from brizna.environment import (
    MODEL_SIGNATURE,
    PROVENANCE,
    check_statement,
    model_files,
    model_statement,
    provenance_statement,
)
from brizna.store import seal, seal_bundle, unseal, unseal_bundle
from brizna.store._beside import STATEMENT_SCHEMA, STATEMENTS, run_of_statement
from brizna.store._kept import keep_record, read_kept
from brizna.verbs._software import software_of_run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from brizna.check import Verdict
    from brizna.store import Key, KeyRing, Store

STATEMENT_FORMS = ("provenance", "model-signing")
"""What can be signed: what a run made, or what files a model has."""
_LARGEST_BYTES = 64 << 20
_FOOTPRINT = "brizna.footprint/1"


class Signer:
    """Who signs, and when.

    Attributes:
        ring: Where the key is.
        at: Now, as an instant in UTC; stands in what is signed.
        key: With which key; None for the newest of ours.
    """

    __slots__ = ("at", "key", "ring")

    def __init__(self, ring: KeyRing, *, at: str, key: str | None = None) -> None:
        self.ring = ring
        self.at = at
        self.key = key


def sign_run(
    model: str,
    run: str,
    store: Store,
    signer: Signer,
    *,
    data: Mapping[str, str],
) -> dict[str, Any]:
    """Return a signed statement of what a model was made of, and keep it in the store.

    Args:
        model: The model's file or folder.
        run: The run that made it.
        store: Where the run is.
        signer: Who signs.
        data: Digests of the data that it was trained on, by name.

    Raises:
        InputError: If there is no such model, run or key.
    """
    stored = store.read(store.resolve(run))
    if stored.digest is None:
        raise InputError(
            "Run {id} has not ended: expected one that has. Wait, or sign another.",
            id=stored.run.id,
        )
    records = {"run": stored.digest}
    footprints = [encode(one) for one in store.records(stored.run.id, schema=_FOOTPRINT)]
    if footprints:
        records["footprint"] = digest_of_bytes(footprints[-1])
    statement = provenance_statement(
        model_files(model),
        stored.run,
        records=records,
        software=software_of_run(stored.run, store),
        data=data,
        version=VERSION,
    )
    statement["predicate"]["brizna_signedOn"] = signer.at
    envelope = seal(encode(statement), signer.ring, key=signer.key)
    keep_record(store, STATEMENTS, {"schema": STATEMENT_SCHEMA, "envelope": envelope})
    return envelope


def sign_model(model: str, signer: Signer, *, ignore: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return a bundle over the files of a model, as OpenSSF Model Signing reads it.

    Args:
        model: The model's file or folder.
        signer: Who signs, with a key of kind p256.
        ignore: Files in it that are not part of the model, such as the bundle itself.
    """
    name = os.path.basename(os.path.abspath(model))
    statement = model_statement(name, model_files(model, ignore=ignore), ignore=ignore)
    statement["predicate"]["brizna_signedOn"] = signer.at
    return seal_bundle(encode(statement), signer.ring, key=signer.key)


def read_signed(path: str) -> dict[str, Any] | None:
    """Return the envelope or bundle in a file; None if it is something else."""
    try:
        with open(path, "rb") as file:
            if file.read(1) != b"{" or os.path.getsize(path) > _LARGEST_BYTES:
                return None
            file.seek(0)
            data: dict[str, Any] = decode(file.read())
    except (OSError, IntegrityError):  # what it is instead, another reader says
        return None
    return data if "dsseEnvelope" in data or "payloadType" in data else None


def open_statement(data: Mapping[str, Any], ring: KeyRing) -> tuple[dict[str, Any], Key]:
    """Return the statement in an envelope or bundle, and the key that signed it.

    Raises:
        IntegrityError: If no signature is believed, or it holds no statement.
    """
    is_bundle = "dsseEnvelope" in data
    payload, key = (unseal_bundle if is_bundle else unseal)(data, ring, at=_signed_at)
    return check_statement(decode(payload)), key


def verify_statement(
    path: str, data: Mapping[str, Any], ring: KeyRing, *, model: str | None, store: Store
) -> Verification:
    """Return whether a statement is signed, its files are those, and its records unchanged.

    Args:
        path: What to call it.
        data: The envelope or bundle.
        ring: The keys that are believed.
        model: The model's file or folder; looked for beside the statement if None.
        store: Where the records that it names may be.
    """
    verdicts: list[Verdict] = []
    place = Place(file=path)
    digest = digest_of_bytes(encode(dict(data)))
    try:
        statement, _ = open_statement(data, ring)
    except IntegrityError as error:
        expected = Said("a signature that is believed")
        verdicts.append(judged(SIGNED, "fail", place, Said("{error}", error=error), expected))
        return Verification(subject=path, form="statement", digest=digest, verdicts=tuple(verdicts))
    verdicts.append(judged(SIGNED, "pass", place))
    verdicts += _judge_files(statement, path, model)
    if statement["predicateType"] == PROVENANCE:
        verdicts += _judge_records(statement, place, store)
    return Verification(subject=path, form="statement", digest=digest, verdicts=tuple(verdicts))


def _judge_files(statement: Mapping[str, Any], path: str, model: str | None) -> list[Verdict]:
    """Compare a model with the files that a statement is about."""
    predicate = statement["predicate"]
    ignore: list[str] = []
    is_named = statement["predicateType"] == MODEL_SIGNATURE
    if is_named:
        signed = {one["name"]: one["digest"] for one in predicate["resources"]}
        ignore = list(predicate["serialization"].get("ignore_paths", ()))
        name = statement["subject"][0]["name"]
    else:
        signed = {one["name"]: one["digest"]["sha256"] for one in statement["subject"]}
        name = next(iter(signed))
    where = model or _place_of(name, list(signed), path, is_named=is_named)
    if where is None or not os.path.exists(where):
        why = Said(
            "the model: name it with --model, or put it beside the statement as {name!r}", name=name
        )
        return [judged(SUBJECT, "cannot-tell", Place(file=path), why)]
    own = os.path.relpath(os.path.abspath(path), where)
    found = model_files(where, ignore=[*ignore, own])
    if len(signed) == len(found) == 1:  # a file may have another name
        signed = dict.fromkeys(found, next(iter(signed.values())))
    verdicts: list[Verdict] = []
    for file in sorted({*signed, *found}):
        at = Place(file=os.path.join(where, file) if os.path.isdir(where) else where)
        if file not in found:
            verdicts.append(judged(SUBJECT, "fail", at, Said("it is missing"), Said("the file")))
        elif file not in signed:
            seen = Said("it was not signed")
            verdicts.append(judged(SUBJECT, "fail", at, seen, Said("no file beyond those")))
        elif found[file] != signed[file]:
            seen = Said("it has the digest {digest:.12}", digest=found[file])
            expected = Said("{digest:.12}, which was signed", digest=signed[file])
            verdicts.append(judged(SUBJECT, "fail", at, seen, expected))
    return verdicts or [judged(SUBJECT, "pass", Place(file=where))]


def _place_of(name: str, files: list[str], path: str, *, is_named: bool) -> str | None:
    """Return where the model of a statement lies that names none: beside it, or around it.

    Args:
        name: The model's, or its first file's.
        files: Names of its files.
        path: The statement's.
        is_named: Whether the name is that of the whole model.
    """
    folder = os.path.dirname(os.path.abspath(path))
    beside = os.path.join(folder, name)
    is_beside = os.path.exists(beside)
    is_around = len(files) > 1
    if is_named:  # the folder may have another name now: then it is what has the files
        is_around = os.path.basename(folder) == name or not is_beside
    if is_around and any(os.path.exists(os.path.join(folder, one)) for one in files):
        return folder
    return beside if is_beside else None


def _judge_records(statement: Mapping[str, Any], place: Place, store: Store) -> list[Verdict]:
    """Compare the run that a statement names with the one in the store."""
    details = statement["predicate"]["runDetails"]
    run_id = details["metadata"]["invocationId"]
    named = {one["name"]: f"sha256:{one['digest']['sha256']}" for one in details["byproducts"]}
    if run_id not in store.ids():
        why = Said("run {id}, which is in no store that is asked", id=run_id)
        return [judged(LINKED, "cannot-tell", place, why)]
    at = place.replace(field=run_id)
    try:
        stored = store.read(run_id)
        digests = {digest_of_bytes(encode(one)) for one in store.records(run_id, schema=_FOOTPRINT)}
    except BriznaError as error:
        seen = Said("{error}", error=error)
        return [judged(LINKED, "fail", at, seen, Said("the record that was signed"))]
    for name, digest in named.items():
        here = stored.digest if name == "run" else (digest if digest in digests else None)
        if here != digest:
            seen = Said("the {what} in the store is another", what=name)
            expected = Said("{digest:.19}, which was signed", digest=digest)
            return [judged(LINKED, "fail", at, seen, expected)]
    return [judged(LINKED, "pass", at)]


def provenance_of(model: str, store: Store, ring: KeyRing) -> list[dict[str, Any]]:
    """Return every statement of the store about the files of a model, back to what made them.

    Args:
        model: The model's file or folder.
        store: Where statements are kept.
        ring: The keys that are believed.

    Returns:
        For each: ``key`` (who signed; None where that is not believed, then ``unbelieved`` says
        why), ``run``, ``started``, ``command``, ``code``, ``changed`` (how many files differed
        from the commit; None where that is not known), ``data``, ``installed``, ``packages``, and
        ``wrong``: in what the store's record of the run is not what was signed; None where it is,
        or where the store does not have the run.
    """
    digests = set(model_files(model).values())
    found: list[dict[str, Any]] = []
    for record in read_kept(store, STATEMENTS).values():
        try:
            statement, key = open_statement(record["envelope"], ring)
        except IntegrityError as error:
            claimed = _claimed(record)
            if claimed is None or digests & _subjects(claimed).keys():
                run = run_of_statement(record)
                found.append({"key": None, "unbelieved": str(error), "run": run})
            continue
        if digests & _subjects(statement).keys():
            chain = _chain(statement)
            wrong = _wrong_run(store, chain["run"], statement)
            found.append({"key": key.name, **chain, "wrong": wrong})
    return found


def _wrong_run(store: Store, run_id: str, statement: Mapping[str, Any]) -> str | None:
    """Return how the record of a run differs from the one that was signed; None if it does not."""
    made: list[dict[str, Any]] = statement["predicate"]["runDetails"].get("byproducts") or []
    signed = next((one["digest"]["sha256"] for one in made if one.get("name") == "run"), None)
    if signed is None or run_id not in store.ids():
        return None
    try:
        found = store.read(run_id).digest
    except (IntegrityError, SchemaError) as error:
        return str(error)
    if found == f"sha256:{signed}":
        return None
    return str(Said("its record is {found}, and {signed} was signed", found=found, signed=signed))


def models_of(store: Store, ring: KeyRing, runs: set[str]) -> dict[str, dict[str, list[str]]]:
    """Return for each of these runs the files that statements say it made.

    Returns:
        For each run that some statement is about: ``models``, of statements that are believed, and
        ``claimed``, of others: whoever looks for what a package touched wants to know of both.
    """
    made: dict[str, dict[str, list[str]]] = {}
    for record in read_kept(store, STATEMENTS).values():
        run = run_of_statement(record)
        if run is None or run not in runs:
            continue
        one = made.setdefault(run, {"models": [], "claimed": []})
        try:
            statement, _ = open_statement(record["envelope"], ring)
            one["models"] += _subjects(statement).values()
        except IntegrityError:
            claimed = _claimed(record)
            one["claimed"] += ["?"] if claimed is None else _subjects(claimed).values()
    return made


def _claimed(record: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what a statement that nobody believes says; None if it cannot be read."""
    try:
        return check_statement(decode(b64decode(record["envelope"]["payload"], validate=True)))
    except (IntegrityError, KeyError, TypeError, ValueError):
        return None


def _subjects(statement: Mapping[str, Any]) -> dict[str, str]:
    """Return the name of each file that a statement is about, by its SHA-256."""
    return {one["digest"]["sha256"]: one["name"] for one in statement["subject"]}


def _chain(statement: Mapping[str, Any]) -> dict[str, Any]:
    build = statement["predicate"]["buildDefinition"]
    metadata = statement["predicate"]["runDetails"]["metadata"]
    parts = build["resolvedDependencies"]
    data = [one for one in parts if one["name"].startswith("data:")]
    code: dict[str, Any] | None = next((one for one in parts if one["name"] == "code"), None)
    notes: dict[str, Any] = {} if code is None else code.get("annotations") or {}
    return {
        "run": metadata["invocationId"],
        "started": metadata["startedOn"],
        "command": build["externalParameters"]["command"],
        "code": None if code is None else code["digest"]["gitCommit"],
        "changed": notes.get("changed"),
        "data": {one["name"][5:]: one["digest"]["sha256"] for one in data},
        "installed": build["internalParameters"]["installed"],
        "packages": [one["uri"] for one in parts if "uri" in one],
    }


def _signed_at(payload: bytes) -> str | None:
    """Return when a statement says that it was signed; None if it does not."""
    try:
        said = decode(payload)["predicate"]["brizna_signedOn"]
    except (IntegrityError, KeyError, TypeError):
        return None
    return said if isinstance(said, str) else None

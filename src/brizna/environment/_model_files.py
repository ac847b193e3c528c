"""The files of a model, and statements about them: OpenSSF Model Signing and SLSA provenance.

References:
    [1] OpenSSF, Model Signing specification 1.0: predicate ``model_signing/signature/v1.0``.
    [2] in-toto Attestation Framework 1.0, Statement v1; SLSA 1.0, provenance.
"""

from __future__ import annotations

import os
from hashlib import file_digest, sha256

from brizna.core.errors import InputError, IntegrityError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from brizna.core.measurement import Run
    from brizna.core.software import Software

STATEMENT = "https://in-toto.io/Statement/v1"
MODEL_SIGNATURE = "https://model_signing/signature/v1.0"
PROVENANCE = "https://slsa.dev/provenance/v1"
BUILD_TYPE = "https://pypi.org/project/brizna#run-v1"
_NOT_MODEL = (".git", ".gitattributes", ".github", ".gitignore")


def model_files(path: str, *, ignore: Iterable[str] = ()) -> dict[str, str]:
    """Return the SHA-256 of each file of a model, by its path in it, in order.

    Args:
        path: A file, or a folder.
        ignore: Files and folders in it that are not part of the model.

    Raises:
        InputError: If there is none, or a link in it: what it leads to may change.
    """
    if os.path.isfile(path):
        return {os.path.basename(path): _hash(path)}
    left_out = {*_NOT_MODEL, *(os.path.normpath(one) for one in ignore)}
    found: dict[str, str] = {}
    for folder, folders, names in os.walk(path):
        inner = os.path.relpath(folder, path)
        for name in [*folders, *names]:
            if os.path.islink(os.path.join(folder, name)) and name not in left_out:
                raise InputError(
                    "{path!r} is a link: expected files, as what it leads to may change. Put the "
                    "file itself into the model.",
                    path=os.path.join(folder, name),
                )
        kept = [one for one in folders if os.path.normpath(f"{inner}/{one}") not in left_out]
        folders[:] = kept
        for name in names:
            place = os.path.normpath(os.path.join(inner, name))
            if place not in left_out:
                found[place.replace(os.sep, "/")] = _hash(os.path.join(folder, name))
    if not found:
        raise InputError(
            "There is no model in {path!r}: expected a file, or a folder with files.", path=path
        )
    return {name: found[name] for name in sorted(found, key=lambda name: name.split("/"))}


def root_of(digests: Iterable[str]) -> str:
    """Return the digest of a whole model by those of its files, in order [1]."""
    return sha256(b"".join(map(bytes.fromhex, digests))).hexdigest()


def model_statement(
    name: str, files: Mapping[str, str], *, ignore: Sequence[str] = ()
) -> dict[str, Any]:
    """Return the statement of a model's signature [1]."""
    return {
        "_type": STATEMENT,
        "subject": [{"name": name, "digest": {"sha256": root_of(files.values())}}],
        "predicateType": MODEL_SIGNATURE,
        "predicate": {
            "serialization": {
                "method": "files",
                "hash_type": "sha256",
                "allow_symlinks": False,
                "ignore_paths": [*_NOT_MODEL, *ignore],
            },
            "resources": [
                {"name": path, "algorithm": "sha256", "digest": digest}
                for path, digest in files.items()
            ],
        },
    }


def provenance_statement(
    files: Mapping[str, str],
    run: Run,
    *,
    records: Mapping[str, str],
    software: Software | None,
    data: Mapping[str, str],
    version: str,
) -> dict[str, Any]:
    """Return the statement of what a model was made of, and how [2].

    Args:
        files: The model's files.
        run: The run that made it.
        records: Digests of the records about it: ``run``, and ``footprint`` where there is one.
        software: What was installed; None if that is not known.
        data: Digests of the data that it was trained on, by name.
        version: Of brizna.
    """
    around = run.environment or {}
    code: dict[str, Any] = around.get("code") or {}
    materials: list[dict[str, Any]] = [
        {"name": f"data:{name}", "digest": {"sha256": digest.removeprefix("sha256:")}}
        for name, digest in data.items()
    ]
    revision = around.get("git_revision")
    if revision:
        git: dict[str, Any] = {"name": "code", "digest": {"gitCommit": revision}}
        if code.get("tree"):
            git["digest"]["gitTree"] = code["tree"]
        git["annotations"] = {"changed": code.get("changed"), "changes": code.get("changes")}
        materials.append(git)
    for one in () if software is None else software.distributions:
        item: dict[str, Any] = {"uri": one.purl, "name": one.name}
        if one.digest is not None:
            item["annotations"] = {"installed": one.digest}
        materials.append(item)
    made = [
        {"name": name, "digest": {"sha256": digest.removeprefix("sha256:")}}
        for name, digest in records.items()
    ]
    return {
        "_type": STATEMENT,
        "subject": [{"name": name, "digest": {"sha256": value}} for name, value in files.items()],
        "predicateType": PROVENANCE,
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": {"command": list(run.command or ())},
                "internalParameters": {
                    "seeds": around.get("seeds") or {},
                    "variables": around.get("variables") or {},
                    "installed": None if software is None else software.installed,
                },
                "resolvedDependencies": materials,
            },
            "runDetails": {
                "builder": {
                    "id": f"https://pypi.org/project/brizna#machine-{run.machine}",
                    "version": {"brizna": version},
                },
                "metadata": {"invocationId": run.id, "startedOn": run.started},
                "byproducts": made,
            },
        },
    }


def check_statement(data: Any) -> dict[str, Any]:
    """Return a statement of in-toto whose parts are there.

    Raises:
        IntegrityError: If it is none, or a model's signature whose digests do not fit together.
    """
    try:
        subjects = [(one["name"], one["digest"]["sha256"]) for one in data["subject"]]
        is_one = data["_type"] == STATEMENT and bool(subjects)
        kind, predicate = data["predicateType"], data["predicate"]
        if is_one and kind == MODEL_SIGNATURE:
            resources = [(one["name"], one["digest"]) for one in predicate["resources"]]
            method = predicate["serialization"]["method"]
            hashes = {one["algorithm"] for one in predicate["resources"]}
            is_one = method == "files" and hashes <= {"sha256"}
            is_one = is_one and [one[1] for one in subjects] == [root_of(d for _, d in resources)]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise IntegrityError(
            "This is no statement of in-toto ({error!r}): expected a subject with SHA-256 "
            "digests, and a predicate. Get the original.",
            error=error,
        ) from error
    if not is_one:
        raise IntegrityError(
            "The statement is not in order: expected in-toto's Statement v1 whose root digest is "
            "that of the files that it lists, by SHA-256. Get the original, or sign the model "
            "again."
        )
    return data


def _hash(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(
            "{path!r} cannot be read ({reason}): name a file that can.",
            path=path,
            reason=error.strerror,
        ) from error

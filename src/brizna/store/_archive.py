"""Runs in one file, to be carried elsewhere: a zip whose manifest names each file's digest.

What the runs rest on beside their own directories goes with them: see `brizna.store._beside`.

The first member, ``manifest.json``, lists every other with its size and SHA-256. Everything is
checked before anything is unpacked: paths are only those that a store has, sizes and digests are
those of the manifest, and no member is left over. Whoever changes a file must change the manifest
too, and with it the archive's digest, which `pack` returns.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from errno import EINVAL
from io import BytesIO
from shutil import rmtree
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo
from zlib import error as ZlibError  # noqa: N812  (an error class with a small name)

from brizna.core.codec import decode, digest_of_bytes, encode
from brizna.core.errors import BriznaError, InputError, IntegrityError, Said
from brizna.core.measurement import Run
from brizna.store._beside import BESIDE, check_beside, files_beside, place_beside
from brizna.store._files import unavailable
from brizna.store._records import RECORDS, check_subject, record_of_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from brizna.store._beside import Tell
    from brizna.store._keys import KeyRing
    from brizna.store._store import Store

SCHEMA, SCHEMA_BESIDE = "brizna.archive/1", "brizna.archive/2"
"""Of runs alone; and of runs with what lies beside them."""
MANIFEST = "manifest.json"
_RECORD = "run.json"

_MEMBER = re.compile(
    r"([0-9]{8}T[0-9]{6}Z-[0-9a-f]{6})/"
    r"(run\.json|journal\.jsonl|profile\.jsonl|marks/marks\.jsonl|records/[0-9a-f]{64}\.json)"
)
_LARGEST_FACTOR = 200
"""Text of ours shrinks 10 to 20 times; what shrinks far more is made to fill a disk."""
_ROOM_BYTES = 1 << 20


def export_runs(store: Store, runs: Sequence[Run], file: str) -> str:
    """Pack runs of a store with what lies beside them, and return the digest of the file."""
    parts = {run.id: {**store.files(run.id), _RECORD: encode(run.to_json())} for run in runs}
    return pack(parts, file, beside=files_beside(store.path, runs))


def import_runs(store: str, file: str, *, ring: KeyRing | None, tell: Tell) -> list[str]:
    """Unpack what `export_runs` packed into a store's folder; return the runs that are new."""
    new, beside = unpack(file, os.path.join(store, "runs"))
    place_beside(store, beside, ring=ring, tell=tell)
    return new


def pack(runs: Mapping[str, Mapping[str, bytes]], file: str, *, beside: Mapping[str, bytes]) -> str:
    """Write runs to a new zip file, the same bytes for the same runs, and return its digest.

    Args:
        runs: For each id the run's files: path inside its directory, and content.
        file: The file to make.
        beside: What goes with them: path in the store, and content.
    """
    inner = {f"{one}/{path}": data for one, files in runs.items() for path, data in files.items()}
    data = archive_bytes({**inner, **beside}, schema=SCHEMA_BESIDE if beside else SCHEMA)
    try:
        with open(file, "xb") as target:
            target.write(data)
    except FileExistsError as error:
        raise InputError("{file!r} is there already: name a new file.", file=file) from error
    except OSError as error:
        with suppress(OSError):
            os.unlink(file)
        raise unavailable(
            Said("{path!r} cannot be written", path=file), error, choose=Said("with -o")
        ) from error
    return digest_of_bytes(data)


def unpack(file: str, home: str) -> tuple[list[str], dict[str, bytes]]:
    """Unpack the runs of an archive into a store's directory of runs.

    Returns:
        The runs that are new, and what goes with them: path in the store, and content.

    Raises:
        InputError: If the file cannot be read.
        IntegrityError: If it is no archive, or not as it was written.
    """
    try:
        with open(file, "rb") as source, ZipFile(source) as archive:
            contents = _checked(archive, os.fstat(source.fileno()).st_size)
    except (BadZipFile, ZlibError, EOFError, RuntimeError) as error:
        raise IntegrityError(
            "{file!r} cannot be unpacked ({error}): it is no archive of brizna, or was cut short. "
            "Fetch it again.",
            file=file,
            error=error,
        ) from error
    except OSError as error:
        if error.errno == EINVAL:  # zipfile looked for its directory before its first byte
            raise _refusal(Said("its directory lies outside it")) from error
        raise InputError(
            "{file!r} cannot be read ({reason}): name a file of brizna runs export.",
            file=file,
            reason=error.strerror,
        ) from error
    runs: dict[str, dict[str, bytes]] = {}
    beside = {path: contents.pop(path) for path in list(contents) if BESIDE.fullmatch(path)}
    try:
        check_beside(beside)
    except IntegrityError as error:
        raise _refusal(error) from error
    for path, data in contents.items():
        run_id, _, inner = path.partition("/")
        runs.setdefault(run_id, {})[inner] = data
    for run_id, files in runs.items():
        _check_run(run_id, files)
    new = [run_id for run_id, files in runs.items() if not _is_here(home, run_id, files)]
    for run_id in new:
        place(home, run_id, runs[run_id])
    return new, beside


def archive_bytes(contents: Mapping[str, bytes], *, schema: str = SCHEMA) -> bytes:
    """Return the archive of these files, the same bytes for the same files.

    Args:
        contents: For each path, ``<run id>/<path inside its directory>``, the content.
        schema: `SCHEMA`, or `SCHEMA_BESIDE` where there are other paths too.
    """
    target = BytesIO()
    with ZipFile(target, "w", ZIP_DEFLATED) as archive:
        listed = [
            {"path": path, "bytes": len(data), "digest": digest_of_bytes(data)}
            for path, data in sorted(contents.items())
        ]
        _add(archive, MANIFEST, encode({"schema": schema, "files": listed}))
        for path, data in sorted(contents.items()):
            _add(archive, path, data)
    return target.getvalue()


def files_of(directory: str) -> dict[str, bytes]:
    """Return the files of a run that an archive takes: path inside its directory, and content.

    Raises:
        OSError: If one cannot be read.
    """
    found: dict[str, bytes] = {}
    for path in paths_of(directory):
        if is_taken(directory, path):
            with open(os.path.join(directory, *path.split("/")), "rb") as file:
                found[path] = file.read()
    return found


def paths_of(directory: str) -> list[str]:
    """Return the paths of all files in a run's directory and in the two below it.

    Raises:
        OSError: If one cannot be read.
    """
    found: list[str] = []
    for inner in ("", "marks", RECORDS):
        place = os.path.join(directory, inner)
        names = sorted(os.listdir(place)) if os.path.isdir(place) else []
        found += [f"{inner}/{name}".lstrip("/") for name in names]
    return [path for path in found if path not in ("marks", RECORDS)]


def is_taken(directory: str, path: str) -> bool:
    """Tell whether an archive takes a file of a run's directory."""
    return _MEMBER.fullmatch(f"{os.path.basename(directory)}/{path}") is not None


def _add(archive: ZipFile, path: str, data: bytes) -> None:
    member = ZipInfo(path)  # dated 1980: the same runs give the same bytes
    member.compress_type = ZIP_DEFLATED
    archive.writestr(member, data)


def _checked(archive: ZipFile, packed_bytes: int) -> dict[str, bytes]:
    """Return the content of each file of an archive whose every byte is as its manifest says."""
    members = archive.infolist()
    unpacked_bytes = sum(member.file_size for member in members)
    if unpacked_bytes > _LARGEST_FACTOR * packed_bytes + _ROOM_BYTES:
        raise _refusal(
            Said(
                "it says that {packed} bytes unpack to {unpacked}",
                packed=packed_bytes,
                unpacked=unpacked_bytes,
            )
        )
    for member in members:
        if member.flag_bits & 1 or member.compress_type not in (ZIP_DEFLATED, ZIP_STORED):
            raise _refusal(
                Said("{name!r:.100} is encrypted or packed in another way", name=member.filename)
            )
    if not members or members[0].filename != MANIFEST:
        raise _refusal(Said("its first member is not {manifest}", manifest=MANIFEST))
    listed = listed_of(decode(archive.read(members[0])))
    names = [member.filename for member in members[1:]]
    if sorted(names) != sorted(listed):
        odd = set(names) ^ set(listed) or {name for name in names if names.count(name) > 1}
        raise _refusal(
            Said(
                "its members are not those of its manifest: {names}",
                names=", ".join(sorted(odd)[:3]),
            )
        )
    contents: dict[str, bytes] = {}
    for member in members[1:]:
        size, digest = listed[member.filename]
        if member.file_size != size:
            raise _refusal(
                Said(
                    "{name} has {seen} bytes instead of {expected}",
                    name=member.filename,
                    seen=member.file_size,
                    expected=size,
                )
            )
        data = archive.read(member)
        if digest_of_bytes(data) != digest:
            raise _refusal(
                Said("{name} does not have the digest that its manifest says", name=member.filename)
            )
        contents[member.filename] = data
    return contents


def listed_of(manifest: Any) -> dict[str, tuple[int, str]]:
    """Return size and digest of each path of a manifest, all of them paths of a store."""
    try:
        schema = manifest["schema"]
        if schema not in (SCHEMA, SCHEMA_BESIDE):
            raise _refusal(
                Said(
                    "its schema is {seen!r} instead of {expected!r}",
                    seen=schema,
                    expected=SCHEMA,
                )
            )
        files = {file["path"]: (file["bytes"], file["digest"]) for file in manifest["files"]}
    except (TypeError, KeyError) as error:
        raise _refusal(Said("its manifest lacks something ({error!r})", error=error)) from error
    for path in files:
        is_beside = schema == SCHEMA_BESIDE and BESIDE.fullmatch(str(path)) is not None
        if not isinstance(path, str) or not (is_beside or _MEMBER.fullmatch(path)):
            raise _refusal(Said("{path!r:.100} is no path of a store", path=path))
    return files


def _refusal(seen: Said | BriznaError) -> IntegrityError:
    return IntegrityError(
        "This archive is not as 'brizna runs export' wrote it: {seen}. Nothing was unpacked; "
        "fetch it again from where it was made.",
        seen=seen,
    )


def _check_run(run_id: str, files: dict[str, bytes]) -> None:
    """Refuse a run without a record that this brizna can read, or changed since it was used."""
    if "run.json" not in files:
        raise _refusal(Said("the run {run_id} has no record", run_id=run_id))
    try:
        run = Run.from_json(decode(files["run.json"]))
    except BriznaError as error:
        raise _refusal(
            Said("the record of {run_id} cannot be read: {error}", run_id=run_id, error=error)
        ) from error
    if run.id != run_id:
        raise _refusal(
            Said("the record of {run_id} is of the run {seen}", run_id=run_id, seen=run.id)
        )
    beside = [(path, data) for path, data in files.items() if path.startswith(f"{RECORDS}/")]
    try:
        records = [record_of_bytes(path, data) for path, data in beside]
        check_subject(run_id, digest_of_bytes(files["run.json"]), records)
    except IntegrityError as error:
        raise _refusal(error) from error


def _is_here(home: str, run_id: str, files: dict[str, bytes]) -> bool:
    """Tell whether a run is in the store; a run of that id with another record is refused."""
    directory = os.path.join(home, run_id)
    if not os.path.isdir(directory):
        return False
    try:
        with open(os.path.join(directory, "run.json"), "rb") as file:
            same = file.read() == files["run.json"]
    except OSError:
        same = False
    if not same:
        raise InputError(
            "The store has another run named {run_id}. To take the archive's, first remove it: "
            "brizna runs rm {run_id}.",
            run_id=run_id,
        )
    return True


def place(home: str, run_id: str, files: Mapping[str, bytes]) -> None:
    """Write a run's files to a hidden directory, then give it its name."""
    draft = os.path.join(home, f".import-{run_id}-{os.urandom(3).hex()}")
    try:
        os.makedirs(os.path.join(draft, "marks"))
        for path, data in files.items():
            target = os.path.join(draft, *path.split("/"))
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with open(target, "xb") as file:
                file.write(data)
        os.rename(draft, os.path.join(home, run_id))
    except OSError as error:
        rmtree(draft, ignore_errors=True)
        raise unavailable(
            Said("The run {run_id} cannot be unpacked", run_id=run_id), error
        ) from error

"""Installed distributions, with digests of their files as each one's RECORD lists them.

Left out of a digest is what depends on who installed it and where, not on what it is: bytecode,
the notes of installers, where it was fetched from, the launchers that are made from entry points,
and the first line of scripts, which names the interpreter. So the same wheels, installed by
another tool in another place, have the same digest [1].

A digest is of what RECORD says; whether the files are still like that, `changed_files` tells.

References:
    [1] PyPA, Recording installed projects (PEP 376, PEP 627, PEP 610).
"""

from __future__ import annotations

import json
import os
import sys
from base64 import urlsafe_b64encode
from contextlib import suppress
from hashlib import sha256

from brizna.core.codec import digest_of_bytes
from brizna.core.software import Distribution, Software, normalised

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_INFO = ".dist-info"
_EGG = ".egg-info"
_NOTES = (
    *(b"RECORD", b"INSTALLER", b"REQUESTED", b"direct_url.json", b"provenance_url.json"),
    *(b"uv_cache.json", b"uv_build"),
)
"""Files of a ``.dist-info`` that tell of the installing."""
_SCRIPT_FOLDERS = (b"bin", b"Scripts")
_LAUNCHERS = ("console_scripts", "gui_scripts")


class Place:
    """Where the distributions of one interpreter lie.

    Attributes:
        of: Whose, one of `brizna.core.software.OWNERS`.
        folders: Folders with distributions, in the order in which they are searched.
        python: Version of the interpreter; None if that is not known.
        is_isolated: As `Software` has it.
    """

    __slots__ = ("folders", "is_isolated", "of", "python")

    def __init__(
        self, of: str, folders: Sequence[str], python: str | None, *, is_isolated: bool | None
    ) -> None:
        self.of = of
        self.folders = tuple(folders)
        self.python = python
        self.is_isolated = is_isolated


def place_of(prefix: str, *, of: str = "named") -> Place | None:
    """Return where the distributions of an environment lie; None if the folder is none.

    Args:
        prefix: The folder of the environment, such as ``.venv``.
        of: Whose it is.
    """
    folders = [os.path.join(prefix, "Lib", "site-packages")]
    lib = os.path.join(prefix, "lib")
    with suppress(OSError):
        for name in sorted(os.listdir(lib)):
            if name.startswith("python"):
                folders += [
                    os.path.join(lib, name, f"{kind}-packages") for kind in ("site", "dist")
                ]
    folders = [folder for folder in folders if os.path.isdir(folder)]
    config = _config(prefix)
    if not folders or (config is None and of == "named" and not _has_python(prefix)):
        return None
    if config is None:
        return Place(of, folders, None, is_isolated=_is_conda(prefix))
    python = config.get("version_info") or config.get("version")
    shared = config.get("include-system-site-packages", "false").lower() == "true"
    return Place(of, folders, _three(python), is_isolated=not shared)


def place_of_command(command: Sequence[str] | None, environ: Mapping[str, str]) -> Place:
    """Return where the distributions of a command's interpreter lie, as far as files tell.

    That is the environment in which its program lies, else the one that is activated, else
    brizna's own.

    Args:
        command: The command; None for brizna's own process.
        environ: The environment variables with which it starts.
    """
    if not command:
        return own_place()
    program = _program(command[0], environ)
    prefixes = [environ.get("VIRTUAL_ENV"), environ.get("CONDA_PREFIX")]
    if program is not None:
        prefix = os.path.dirname(os.path.dirname(program))
        if os.path.realpath(prefix) == os.path.realpath(sys.prefix):
            return own_place(of="command")
        is_python = os.path.basename(program).startswith("python")
        is_one = is_python or _config(prefix) is not None or _is_conda(prefix)
        prefixes.insert(0, prefix if is_one else None)
    for prefix in prefixes:
        found = place_of(prefix, of="command") if prefix else None
        if found is not None:
            return found
    return own_place()


def own_place(*, of: str = "brizna") -> Place:
    """Return where the distributions of this very interpreter lie."""
    config = _config(sys.prefix) or {}
    shared = config.get("include-system-site-packages", "false").lower() == "true"
    isolated = sys.prefix != sys.base_prefix and not shared
    return Place(
        of,
        [folder for folder in sys.path if folder and os.path.isdir(folder)],
        ".".join(map(str, sys.version_info[:3])),
        is_isolated=isolated or _is_conda(sys.prefix),
    )


def software(place: Place, *, cache: str | None = None) -> Software:
    """Return what is installed in a place.

    Args:
        place: Where to look.
        cache: A file that keeps digests by the time and size of each RECORD; None for none.
    """
    known = _read_cache(cache)
    kept: dict[str, list[object]] = {}
    found: dict[str, Distribution] = {}
    for folder, info in _infos(place.folders):
        one = _distribution(folder, info, known, kept)
        found.setdefault(one.name, one)
    if cache is not None and any(known.get(path) != entry for path, entry in kept.items()):
        _write_cache(cache, {**known, **kept})
    return Software(
        of=place.of,
        python=place.python,
        is_isolated=place.is_isolated,
        distributions=tuple(found[name] for name in sorted(found)),
    )


def changed_files(place: Place) -> Iterator[tuple[str, str, str]]:
    """Yield each installed file that is not as its RECORD says: distribution, file, how.

    How is ``changed`` or ``missing``. Distributions without a RECORD are not looked at.
    """
    seen: set[str] = set()
    for folder, info in _infos(place.folders):
        name = normalised(info.partition("-")[0])
        lines = None if name in seen else _record(folder, info)
        seen.add(name)
        for path, stated in _stated(lines or ()):
            actual = _hash_of(os.path.join(folder, path), stated.partition("=")[0])
            if actual != stated:
                yield name, path, "missing" if actual is None else "changed"


def distribution_folders(place: Place) -> Iterator[tuple[str, str]]:
    """Yield each installed distribution's name with the folder of its metadata, as searched."""
    for folder, info in _infos(place.folders):
        yield normalised(info.partition("-")[0]), os.path.join(folder, info)


def _infos(folders: Sequence[str]) -> Iterator[tuple[str, str]]:
    for folder in folders:
        with suppress(OSError):
            for name in sorted(os.listdir(folder)):
                if name.endswith((_INFO, _EGG)):
                    yield folder, name


def _distribution(
    folder: str, info: str, known: Mapping[str, list[object]], kept: dict[str, list[object]]
) -> Distribution:
    stem = info.removesuffix(_INFO).removesuffix(_EGG)
    name, _, version = stem.partition("-")
    if info.endswith(_EGG):
        version = version.partition("-py")[0]
        return Distribution(name=normalised(name), version=version or "unknown", digest=None)
    path = os.path.join(folder, info, "RECORD")
    try:
        stat = os.stat(path)
    except OSError:
        return Distribution(name=normalised(name), version=version, digest=None)
    entry: list[object] | None = known.get(path)
    if entry is None or entry[:2] != [stat.st_mtime_ns, stat.st_size]:
        lines = _record(folder, info) or []
        digest, editable = _digest(folder, info, lines), _is_editable(os.path.join(folder, info))
        entry = [stat.st_mtime_ns, stat.st_size, digest, editable]
    kept[path] = entry
    return Distribution(
        name=normalised(name), version=version, digest=str(entry[2]), is_editable=bool(entry[3])
    )


def _record(folder: str, info: str) -> list[bytes] | None:
    try:
        with open(os.path.join(folder, info, "RECORD"), "rb") as file:
            return file.read().splitlines()
    except OSError:
        return None


def _digest(folder: str, info: str, lines: list[bytes]) -> str:
    """Return the digest of a distribution by the lines of its RECORD."""
    plain = [line for line in lines if line[:3] != b"../" and b".pyc," not in line]
    head = info.encode() + b"/"
    notes = {head + name for name in _NOTES}
    noted = {line for line in plain if line.startswith(head) and line.partition(b",")[0] in notes}
    kept = [line for line in plain if line not in noted] if noted else plain
    outside = [line for line in lines if line[:3] == b"../" and b".pyc," not in line]
    launchers = _launchers(folder, info) if outside else set[bytes]()
    for line in outside:
        path = line.partition(b",")[0]
        parent, _, base = path.rpartition(b"/")
        stem = base.removesuffix(b".exe").removesuffix(b".py").removesuffix(b"-script")
        if parent.rpartition(b"/")[2] not in _SCRIPT_FOLDERS:
            kept.append(line)
        elif base not in launchers and stem not in launchers:
            kept.append(_script(os.path.join(folder, os.fsdecode(path)), base, line))
    return digest_of_bytes(b"\n".join(sorted(kept)))


def _script(path: str, base: bytes, line: bytes) -> bytes:
    """Return what stands for a script, without the line that names its interpreter."""
    stated = line.partition(b",")[2]
    try:
        with open(path, "rb") as file:
            if file.read(2) == b"#!":
                file.readline()
                stated = b"sha256=" + _base64(sha256(file.read()).digest()).encode()
    except OSError:  # gone, as `changed_files` finds; what was installed stays what it was
        return line
    return b"scripts/%b,%b" % (base, stated.rpartition(b",")[0] or stated)


def _launchers(folder: str, info: str) -> set[bytes]:
    """Return the scripts that installers make from a distribution's entry points."""
    names: set[bytes] = set()
    wanted = False
    text = _text(os.path.join(folder, info, "entry_points.txt")) or ""
    for line in map(str.strip, text.splitlines()):
        if line.startswith("["):
            wanted = line.strip("[]") in _LAUNCHERS
        elif wanted and "=" in line:
            names.add(line.partition("=")[0].strip().encode())
    return names


def _is_editable(info: str) -> bool:
    try:
        origin = json.loads(_text(os.path.join(info, "direct_url.json")) or "{}")
        return bool(origin.get("dir_info", {}).get("editable"))
    except (ValueError, AttributeError):
        return False


def _stated(lines: Sequence[bytes]) -> Iterator[tuple[str, str]]:
    """Yield each path of a RECORD with the digest that it states."""
    from csv import reader

    for row in reader(line.decode("utf-8", "replace") for line in lines):
        if len(row) > 1 and row[1] and not row[0].endswith(".pyc"):
            yield row[0], row[1]


def _hash_of(path: str, algorithm: str) -> str | None:
    """Return a file's digest as RECORD writes it; None if it cannot be read."""
    from hashlib import file_digest

    try:
        with open(path, "rb") as file:
            return f"{algorithm}={_base64(file_digest(file, algorithm).digest())}"
    except (OSError, ValueError):
        return None


def _base64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _program(word: str, environ: Mapping[str, str]) -> str | None:
    """Return the path of a program as a shell finds it, links not followed."""
    if os.path.dirname(word):
        return os.path.abspath(word)
    for folder in environ.get("PATH", "").split(os.pathsep):
        path = os.path.join(folder, word)
        if folder and os.access(path, os.X_OK) and not os.path.isdir(path):
            return path
    return None


def _config(prefix: str) -> dict[str, str] | None:
    text = _text(os.path.join(prefix, "pyvenv.cfg"))
    if text is None:
        return None
    pairs = (line.partition("=") for line in text.splitlines())
    return {key.strip().lower(): value.strip() for key, _, value in pairs}


def _three(version: str | None) -> str | None:
    return None if version is None else ".".join(version.split(".")[:3])


def _is_conda(prefix: str) -> bool:
    return os.path.isdir(os.path.join(prefix, "conda-meta"))


def _has_python(prefix: str) -> bool:
    return os.path.exists(os.path.join(prefix, "bin", "python3"))


def _read_cache(path: str | None) -> dict[str, list[object]]:
    try:
        found = json.loads((None if path is None else _text(path)) or "{}")
    except ValueError:
        return {}
    return {
        key: entry
        for key, entry in (found.items() if isinstance(found, dict) else ())  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
        if isinstance(entry, list) and len(entry) == 4  # pyright: ignore[reportUnknownArgumentType]
    }


def _write_cache(path: str, entries: Mapping[str, list[object]]) -> None:
    """Write the cache whole, for its owner alone; nothing happens where that cannot be."""
    draft = f"{path}.{os.getpid()}"
    with suppress(OSError):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(dict(entries), file)
        os.replace(draft, path)


def _text(path: str) -> str | None:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return None

"""Locks: which files an environment may be made of, read and written in two forms.

``requirements`` is pip's own form with a hash for each file and no address, so that it can be
kept in a project whatever index it comes from; ``pylock`` is PEP 751, for those who want addresses.
A lock without hashes is refused: it names versions, which anybody who serves an index can fill.

References:
    [1] PEP 751, a file format to record Python dependencies for installation reproducibility.
    [2] pip, Secure installs: hash-checking mode.
"""

from __future__ import annotations

import json
import re
import tomllib

from brizna.core.codec import digest_of_bytes
from brizna.core.errors import InputError, IntegrityError
from brizna.core.software import Lock, Locked, LockedFile, normalised
from brizna.environment._index import without_login

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

LOCK_FORMS = ("requirements", "pylock")
"""The forms of locks."""
_PIN = re.compile(r"^([A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?\s*==\s*([\w.+!-]+)\s*(?:;\s*(.*\S))?\s*$")
_HASH = re.compile(r"\s--hash[= ](sha256|sha384|sha512):([0-9a-f]+)")
_ELSEWHERE = re.compile(r"^(-r|--requirement|-e|--editable)\b")
"""Options that bring more than the lock holds."""
_SOURCES = (".tar.gz", ".zip", ".tar.bz2", ".tgz")
_COMMENT = re.compile(r"(^|\s)#.*$")


def read_lock(data: bytes, path: str) -> Lock:
    """Return the lock in the bytes of a file.

    Args:
        data: The bytes.
        path: What to call the file, whose ending tells the form: ``.toml`` is a pylock.

    Raises:
        InputError: If it is no lock: an entry has no one version, or an address in its place.
        IntegrityError: If an entry has no hash.
    """
    try:
        text = data.decode("utf-8")
        is_pylock = path.endswith(".toml")
        entries = _pylock(tomllib.loads(text)) if is_pylock else _requirements(text, path)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise InputError(
            "{path!r} cannot be read as a lock ({error!r}): expected requirements with hashes, or "
            "pylock.toml. Make one: brizna env lock.",
            path=path,
            error=error,
        ) from error
    if not entries:
        raise IntegrityError(
            "{path!r} names no packages: expected those to install, each with a hash. Make a lock: "
            "brizna env lock.",
            path=path,
        )
    bare = [entry.name for entry in entries if not entry.hashes]
    if bare:
        raise IntegrityError(
            "{path!r} has {count} entries without a hash ({names}) of {all}: expected one for "
            "every file, else whoever serves the index decides what is installed. Make one: "
            "brizna env lock.",
            path=path,
            count=len(bare),
            names=", ".join(bare[:5]),
            all=len(entries),
        )
    form = "pylock" if is_pylock else "requirements"
    return Lock(form=form, digest=digest_of_bytes(data), entries=entries)


def _requirements(text: str, path: str) -> tuple[Locked, ...]:
    found: list[Locked] = []
    for line in text.replace("\\\r\n", " ").replace("\\\n", " ").splitlines():
        line_ = _COMMENT.sub("", line).strip()
        if _ELSEWHERE.match(line_):
            raise InputError(
                "{path!r} has the line {line!r:.80}: expected all that is installed in the lock "
                "itself. Make one lock of both: brizna env lock.",
                path=path,
                line=line_,
            )
        if not line_ or line_.startswith("-"):  # other options of pip: none of them is a pin
            continue
        pin = _PIN.match(line_.partition(" --hash")[0])
        if pin is None:
            raise InputError(
                "{path!r} has the line {line!r:.80}: expected NAME==VERSION with hashes, and no "
                "address. Make such a lock: brizna env lock.",
                path=path,
                line=line_,
            )
        hashes = tuple(f"{kind}:{digits}" for kind, digits in _HASH.findall(line_))
        found.append(
            Locked(name=normalised(pin[1]), version=pin[2], hashes=hashes, marker=pin[3] or None)
        )
    return tuple(found)


def _pylock(data: Mapping[str, Any]) -> tuple[Locked, ...]:
    if data["lock-version"] != "1.0":
        raise InputError(
            "The lock has version {version!r}: expected 1.0 (PEP 751).",
            version=data["lock-version"],
        )
    found: list[Locked] = []
    for package in data["packages"]:
        told = [*package.get("wheels", ()), *filter(None, [package.get("sdist")])]
        told += filter(None, [package.get("archive")])
        hashes = [f"{kind}:{value}" for file in told for kind, value in file["hashes"].items()]
        is_whole = all(file["hashes"] for file in told)
        found.append(
            Locked(
                name=normalised(package["name"]),
                version=package.get("version", "unknown"),
                hashes=tuple(hashes) if is_whole else (),
                marker=package.get("marker"),
                files=tuple(_file(file) for file in told if "url" in file),
                index=package.get("index"),
            )
        )
    return tuple(found)


def _file(told: Mapping[str, Any]) -> LockedFile:
    url = str(told["url"])
    return LockedFile(
        name=told.get("name") or url.rpartition("/")[2],
        url=url,
        hashes=tuple(f"{kind}:{value}" for kind, value in told["hashes"].items()),
    )


def write_lock(entries: Iterable[Locked], *, form: str, python: str | None = None) -> str:
    """Return the text of a lock, by name.

    Args:
        entries: Each with its hashes; for a pylock with its address.
        form: One of `LOCK_FORMS`.
        python: Version of the interpreter that it is for.

    Raises:
        InputError: If the form is not known.
        IntegrityError: If an entry has no hash.
    """
    ordered = sorted(entries, key=lambda entry: entry.name)
    for entry in ordered:
        if not entry.hashes:
            raise IntegrityError(
                "{name} {version} has no hash: expected one, as a lock without hashes is none. "
                "Take it from an index that states hashes, or build a wheel of it.",
                name=entry.name,
                version=entry.version,
            )
    if form == "requirements":
        return _write_requirements(ordered, python)
    if form == "pylock":
        _refuse_without_address(ordered)
        return _write_pylock(ordered, python)
    raise InputError(
        "The form is {form!r}: expected one of {known}.", form=form, known=", ".join(LOCK_FORMS)
    )


def _refuse_without_address(entries: Iterable[Locked]) -> None:
    """Raise where an entry does not say where its files lie: a pylock must (PEP 751)."""
    for entry in entries:
        if not entry.files:
            raise InputError(
                "{name} {version} has no address: expected one for a pylock. Ask an index: brizna "
                "env lock --from LOCK --as pylock.",
                name=entry.name,
                version=entry.version,
            )


def _write_requirements(entries: Iterable[Locked], python: str | None) -> str:
    note = "" if python is None else f", for Python {python}"
    lines = [f"# Made by brizna env lock{note}. pip install --no-deps --require-hashes -r FILE"]
    for entry in entries:
        marker = f" ; {entry.marker}" if entry.marker else ""
        hashes = " \\\n".join(f"    --hash={one}" for one in sorted(entry.hashes))
        lines.append(f"{entry.name}=={entry.version}{marker} \\\n{hashes}")
    return "\n".join(lines) + "\n"


def _write_pylock(entries: Iterable[Locked], python: str | None) -> str:
    lines = ['lock-version = "1.0"']
    if python is not None:
        lines.append(f'requires-python = "=={".".join(python.split(".")[:2])}.*"')
    lines.append('created-by = "brizna"')
    for entry in entries:
        lines += ["", "[[packages]]", f"name = {_text(entry.name)}"]
        lines.append(f"version = {_text(entry.version)}")
        lines += [f"marker = {_text(entry.marker)}"] if entry.marker else []
        lines += [f"index = {_text(without_login(entry.index))}"] if entry.index else []
        sources = [one for one in entry.files if one.name.endswith(_SOURCES)]
        wheels = [one for one in entry.files if one not in sources]
        lines += [f"sdist = {_table(one)}" for one in sources[:1]]
        if wheels:
            lines += ["wheels = [", *(f"    {_table(one)}," for one in wheels), "]"]
    return "\n".join(lines) + "\n"


def _table(file: LockedFile) -> str:
    pairs = ", ".join(
        f"{kind} = {_text(value)}" for kind, _, value in (one.partition(":") for one in file.hashes)
    )
    url = _text(without_login(file.url))
    return f"{{ name = {_text(file.name)}, url = {url}, hashes = {{ {pairs} }} }}"


def _text(text: str) -> str:
    """Return a text as TOML writes it: what JSON escapes, TOML does."""
    return json.dumps(text, ensure_ascii=False)


def entries_of_report(report: Mapping[str, Any]) -> tuple[Locked, ...]:
    """Return what pip says that it would install, from its installation report [1].

    References:
        [1] pip, Installation report, version 1.
    """
    found: list[Locked] = []
    for item in report["install"]:
        about = item["metadata"]
        origin = item["download_info"]
        hashes: dict[str, str] = origin.get("archive_info", {}).get("hashes") or {}
        stated = tuple(f"{kind}:{value}" for kind, value in hashes.items())
        url = without_login(origin["url"])
        found.append(
            Locked(
                name=normalised(about["name"]),
                version=about["version"],
                hashes=stated,
                files=(LockedFile(name=url.rpartition("/")[2], url=url, hashes=stated),),
            )
        )
    return tuple(found)

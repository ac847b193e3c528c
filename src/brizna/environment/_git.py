"""What code is checked out: its commit, and what was changed since, read from git's own index.

No git is started: `tree` is the id that git itself would give what is staged, so that it can be
compared with ``git rev-parse COMMIT^{tree}``; `changes` is a digest of the files that differ from
it in the working directory, and of those that the command runs and git does not know.

References:
    [1] git, Documentation/gitformat-index.txt.
"""

from __future__ import annotations

import os
from hashlib import sha1, sha256
from struct import unpack_from

from brizna.core.errors import Said
from brizna.environment._named_code import code_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

_MOST_FILES = 20_000
"""Beyond this many files, looking at each one costs more than a record is worth."""
_HEAD = 62
"""Bytes of an entry before its path."""
_DIRECTORY, _LINK, _SUBMODULE = 0o040000, 0o120000, 0o160000
_KINDS = 0o170000


def code(directory: str, *, command: Sequence[str] | None = ()) -> dict[str, Any] | None:
    """Return what is checked out around a directory, beside the commit; None without git.

    Args:
        directory: Where to look.
        command: What runs there; None for this very process. Code that it runs and that git does
            not know counts as changed: no commit has it.

    Returns:
        ``tree`` (what is staged), ``changed`` (files of it that are now otherwise or gone, and
        those that the command runs and git does not know), ``changes`` (a digest of these; None
        where there are none); or ``unread``, why not.
    """
    root = _root(directory)
    if root is None:
        return None
    try:
        with open(os.path.join(_folder(root), "index"), "rb") as file:
            entries = _entries(file.read())
    except (OSError, ValueError, IndexError) as error:
        return {"unread": str(Said("the index cannot be read: {error}", error=error))}
    if len(entries) > _MOST_FILES:
        return {"unread": str(Said("more than {count} files", count=_MOST_FILES))}
    if entries and entries[0].identity_bytes != 20:  # pragma: no cover - repositories of SHA-256
        return {"unread": str(Said("a repository of another kind of hash"))}
    changed = [
        f"{entry.path} {now}"
        for entry in entries
        if (now := _now(root, entry)) is not None and now != entry.identity
    ]
    known = {entry.path for entry in entries}
    strange = sorted(code_of(command, directory=directory, root=root) - known)
    changed += [f"{path} {_content(os.path.join(root, path))}" for path in strange]
    return {
        "tree": _tree({entry.path: (entry.mode, entry.identity) for entry in entries}),
        "changed": len(changed),
        "changes": _digest(changed) if changed else None,
    }


def _digest(lines: list[str]) -> str:
    data = "\n".join(lines).encode("utf-8", "surrogateescape")
    return f"sha256:{sha256(data).hexdigest()}"


class _Entry:
    """A file of the index."""

    __slots__ = ("identity", "identity_bytes", "mode", "mtime", "path", "size")

    def __init__(self, data: bytes, at: int, path: str) -> None:
        fields = unpack_from(">10I20s", data, at)
        self.mtime = (fields[2], fields[3])
        self.mode, self.size = fields[6], fields[9]
        self.identity: str = fields[10].hex()
        self.identity_bytes = 20
        self.path = path


def _root(directory: str) -> str | None:
    while not os.path.exists(os.path.join(directory, ".git")):
        parent = os.path.dirname(directory)
        if parent == directory:
            return None
        directory = parent
    return directory


def _folder(root: str) -> str:
    """Return where git keeps its index: elsewhere for a linked working tree."""
    git = os.path.join(root, ".git")
    if os.path.isdir(git):
        return git
    with open(git, encoding="utf-8") as file:
        return os.path.join(root, file.read().strip().removeprefix("gitdir:").strip())


def _entries(data: bytes) -> list[_Entry]:
    """Return the files of an index of versions 2 to 4.

    Raises:
        ValueError: If it is of another version, or in the middle of a merge.
    """
    signature, version, count = unpack_from(">4sII", data)
    if signature != b"DIRC" or version not in (2, 3, 4):
        raise ValueError(f"version {version}")
    at, path = 12, b""
    found: list[_Entry] = []
    for _ in range(min(count, _MOST_FILES + 1)):
        (flags,) = unpack_from(">H", data, at + 60)
        if flags & 0x3000:
            raise ValueError("a merge goes on")
        start = at + _HEAD + (2 if flags & 0x4000 else 0)
        if version == 4:
            dropped, start = _varint(data, start)
            end = data.index(b"\0", start)
            path = path[: len(path) - dropped] + data[start:end]
            after = end + 1
        else:
            end = data.index(b"\0", start)
            path = data[start:end]
            after = at + (end - at + 8) // 8 * 8
        found.append(_Entry(data, at, path.decode("utf-8", "surrogateescape")))
        at = after
    return found


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = data[at] & 0x7F
    while data[at] & 0x80:
        at += 1
        value = ((value + 1) << 7) | (data[at] & 0x7F)
    return value, at + 1


def _now(root: str, entry: _Entry) -> str | None:
    """Return the id of a file as it is now, ``gone``, or None where its look has not changed."""
    if entry.mode & _KINDS == _SUBMODULE:
        return None
    path = os.path.join(root, entry.path)
    try:
        stat = os.lstat(path)
        seconds, rest = divmod(stat.st_mtime_ns, 1_000_000_000)
        if (seconds & 0xFFFFFFFF, rest) == entry.mtime and stat.st_size == entry.size:
            return None
        if entry.mode & _KINDS == _LINK:
            content = os.fsencode(os.readlink(path))
        else:
            with open(path, "rb") as file:
                content = file.read()
    except OSError:
        return "gone"
    return _identity(b"blob", content)


def _content(path: str) -> str:
    """Return the id of a file that git does not know."""
    try:
        with open(path, "rb") as file:
            return _identity(b"blob", file.read())
    except OSError:
        return "gone"


def _identity(kind: bytes, content: bytes) -> str:
    """Return the id that git gives an object."""
    head = b"%b %d\0" % (kind, len(content))
    return sha1(head + content, usedforsecurity=False).hexdigest()


def _tree(files: Mapping[str, tuple[int, str]]) -> str:
    """Return the id of the tree of these files, by path with mode and id."""
    here: dict[bytes, tuple[int, str]] = {}
    below: dict[str, dict[str, tuple[int, str]]] = {}
    for path, entry in files.items():
        first, slash, rest = path.partition("/")
        if slash:
            below.setdefault(first, {})[rest] = entry
        else:
            here[first.encode("utf-8", "surrogateescape")] = entry
    for name, inner in below.items():
        here[name.encode("utf-8", "surrogateescape")] = (_DIRECTORY, _tree(inner))
    content = b"".join(
        b"%o %b\0%b" % (mode, name, bytes.fromhex(identity))
        for name, (mode, identity) in sorted(here.items(), key=_sorted_as_git)
    )
    return _identity(b"tree", content)


def _sorted_as_git(item: tuple[bytes, tuple[int, str]]) -> bytes:
    name, (mode, _) = item
    return name + b"/" if mode == _DIRECTORY else name

"""Packs: many runs that have ended in one file, read as if they lay in directories of their own.

A pack is an archive as ``brizna runs export`` writes it, so any brizna can import it and any zip
program can open it. It is named by the first and the last id in it and by its own digest, so that
a run is found without opening every pack, and a pack that was changed is noticed. A pack never
changes: what is removed from one goes by writing another and removing the first. Whoever is killed
between the two leaves both, and nothing twice: a run is told once.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from zipfile import BadZipFile, ZipFile
from zlib import error as ZlibError  # noqa: N812  (an error class with a small name)

from brizna.core.codec import decode, digest_of_bytes
from brizna.core.errors import BriznaError, IntegrityError, Said
from brizna.store._archive import MANIFEST, archive_bytes, listed_of
from brizna.store._files import unavailable, write_once

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    Files = Mapping[str, bytes]
    """The files of a run: path inside its directory, and content."""
    Listing = dict[str, dict[str, tuple[int, str]]]
    """Of each run in a pack, size and digest of its files by path."""

MOST_RUNS = 1000
MOST_BYTES = 64 << 20
"""A pack is closed at so many runs, or bytes of them: each is held in memory whole."""

_NAME = re.compile(
    r"([0-9]{8}T[0-9]{6}Z-[0-9a-f]{6})_([0-9]{8}T[0-9]{6}Z-[0-9a-f]{6})_([0-9a-f]{64})\.zip"
)


class Packs:
    """The packs of a store.

    Args:
        path: Their directory; need not exist.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._listed: tuple[str, Listing] = ("", {})

    def names(self) -> list[str]:
        """Return the file names of the packs, in the order of the first run in each.

        Raises:
            UnavailableError: If they are there but cannot be read.
        """
        try:
            return sorted(name for name in os.listdir(self.path) if _NAME.fullmatch(name))
        except FileNotFoundError:
            return []
        except OSError as error:
            what = Said("The packs in {path!r} cannot be read", path=self.path)
            raise unavailable(what, error) from error

    def stamps(self) -> dict[str, tuple[int, int]]:
        """Return of each pack, by name, the time of its last change in nanoseconds and its bytes.

        Raises:
            UnavailableError: If they are there but cannot be read.
        """
        found: dict[str, tuple[int, int]] = {}
        for name in self.names():
            with suppress(FileNotFoundError):  # written anew by somebody else meanwhile
                status = os.stat(os.path.join(self.path, name))
                found[name] = status.st_mtime_ns, status.st_size
        return found

    def listing(self, name: str) -> Listing:
        """Return what a pack holds, by its manifest.

        Raises:
            IntegrityError: If it is no such archive.
            UnavailableError: If it cannot be read.
        """
        if self._listed[0] != name:
            found: Listing = {}
            with _opened(os.path.join(self.path, name)) as archive:
                for path, stamp in listed_of(decode(archive.read(MANIFEST))).items():
                    run_id, _, inner = path.partition("/")
                    found.setdefault(run_id, {})[inner] = stamp
            self._listed = (name, found)
        return self._listed[1]

    def names_of(self, run_id: str) -> Collection[str]:
        """Return the paths of a run's files, nothing if it is in no pack."""
        name = self.holding(run_id)
        return () if name is None else self.listing(name)[run_id]

    def holding(self, run_id: str) -> str | None:
        """Return the pack that holds a run; None if none does."""
        for name in self.names():
            if name[:23] <= run_id <= name[24:47] and run_id in self.listing(name):
                return name
        return None

    def read(self, run_id: str, *, only: Sequence[str] | None = None) -> dict[str, bytes] | None:
        """Return the files of a packed run, each with the digest that the manifest promises.

        Args:
            run_id: The run.
            only: Beginnings of the paths to read; all files if None.

        Raises:
            IntegrityError: If the pack or a file in it was changed.
            UnavailableError: If the pack cannot be read.
        """
        name = self.holding(run_id)
        if name is None:
            return None
        stamps = self.listing(name)[run_id]
        asked = [path for path in stamps if only is None or path.startswith(tuple(only))]
        with _opened(os.path.join(self.path, name)) as archive:
            return {path: _member(archive, name, run_id, path, stamps[path]) for path in asked}

    def runs(self, name: str) -> Iterator[tuple[str, dict[str, bytes]]]:
        """Give each run of a pack with its records, once the pack has the digest in its name.

        Raises:
            IntegrityError: If the pack was changed.
            UnavailableError: If it cannot be read.
        """
        path = os.path.join(self.path, name)
        self._check(path, name)
        with _opened(path) as archive:
            for run_id, stamps in self.listing(name).items():
                wanted = [inner for inner in stamps if inner.endswith(".json")]
                yield (
                    run_id,
                    {
                        inner: _member(archive, name, run_id, inner, stamps[inner])
                        for inner in wanted
                    },
                )

    def write(self, runs: Mapping[str, Files]) -> str:
        """Write a pack, read it back, and return its name.

        Raises:
            IntegrityError: If it does not read back as it was written.
            UnavailableError: If it cannot be written.
        """
        data = archive_bytes(
            {
                f"{run_id}/{inner}": file
                for run_id, files in runs.items()
                for inner, file in files.items()
            }
        )
        name = f"{min(runs)}_{max(runs)}_{digest_of_bytes(data).removeprefix('sha256:')}.zip"
        path = os.path.join(self.path, name)
        try:
            os.makedirs(self.path, exist_ok=True)
            write_once(path, data)
        except OSError as error:
            raise unavailable(Said("{path!r} cannot be written", path=path), error) from error
        self._check(path, name)
        return name

    def drop(
        self, ids: Collection[str], *, files: Callable[[str], bool] | None = None, but: str = ""
    ) -> None:
        """Take runs out of their packs, or some files of them, by writing those packs anew.

        Args:
            ids: The runs.
            files: Which paths go; all if None.
            but: A pack that is left alone.
        """
        wanted = set(ids)
        for name in self.names():
            if name == but or not wanted & self.listing(name).keys():
                continue
            left: dict[str, Files] = {}
            for run_id in self.listing(name):
                if run_id not in wanted or files is not None:
                    left[run_id] = {
                        inner: data
                        for inner, data in self._whole(name, run_id).items()
                        if run_id not in wanted or files is None or not files(inner)
                    }
            made = self.write(left) if left else ""
            if made != name:
                self.remove(name)

    def remove(self, name: str) -> None:
        """Remove a pack.

        Raises:
            UnavailableError: If it cannot be removed.
        """
        path = os.path.join(self.path, name)
        try:
            with suppress(FileNotFoundError):
                os.unlink(path)
        except OSError as error:
            raise unavailable(Said("{path!r} cannot be removed", path=path), error) from error

    def _whole(self, name: str, run_id: str) -> dict[str, bytes]:
        stamps = self.listing(name)[run_id]
        with _opened(os.path.join(self.path, name)) as archive:
            return {path: _member(archive, name, run_id, path, stamps[path]) for path in stamps}

    def _check(self, path: str, name: str) -> None:
        """Refuse a pack whose bytes do not have the digest in its name."""
        try:
            with open(path, "rb") as file:
                seen = digest_of_bytes(file.read())
        except OSError as error:
            raise unavailable(Said("{path!r} cannot be read", path=path), error) from error
        if seen.removeprefix("sha256:") != name[48:-4]:
            raise _changed(path, Said("its bytes do not have the digest in its name"))


class _Opened:
    """A pack that is open for reading; what is wrong with it is said as an error of ours."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __enter__(self) -> ZipFile:
        try:
            self._archive = ZipFile(self._path)
        except BadZipFile as error:
            raise _changed(self._path, Said("{error}", error=error)) from error
        except OSError as error:
            raise unavailable(Said("{path!r} cannot be read", path=self._path), error) from error
        return self._archive

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._archive.close()
        if isinstance(error, (BadZipFile, ZlibError, EOFError, KeyError)):
            raise _changed(self._path, Said("{error}", error=error)) from error


def _opened(path: str) -> _Opened:
    return _Opened(path)


def _member(archive: ZipFile, name: str, run_id: str, inner: str, stamp: tuple[int, str]) -> bytes:
    size, digest = stamp
    info = archive.getinfo(f"{run_id}/{inner}")
    data = archive.read(info) if info.file_size == size else b""
    if digest_of_bytes(data) != digest:
        seen = Said("{path} does not have the digest in its manifest", path=f"{run_id}/{inner}")
        raise _changed(name, seen)
    return data


def _changed(path: str, seen: Said | BriznaError) -> IntegrityError:
    return IntegrityError(
        "The pack {path!r} was changed: {seen}. Restore it from a copy.", path=path, seen=seen
    )

"""An auditor's bundle on disk: read whole from a zip or a directory, and judged.

What is here runs in the verifier that lies in every bundle, so it leans on the standard library
and on what the verifier carries.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from io import BytesIO
from zipfile import ZIP_STORED, BadZipFile, ZipFile, ZipInfo
from zlib import error as ZlibError  # noqa: N812  (an error class with a small name)

from brizna.check import (
    BUNDLE_MANIFEST,
    Place,
    Verification,
    examine_bundle,
    not_an_archive,
    not_the_original,
)
from brizna.core.codec import digest_of_bytes
from brizna.core.errors import BriznaError, InputError, Said
from brizna.store import retell
from brizna.verbs._bundle_signed import Whom, examine_signed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_LARGEST_BYTES = 2 << 30
_EXPORTED = "manifest.json"
"""What an archive of ``brizna runs export`` has instead of a bundle's manifest."""
_ZIP = b"PK\x03\x04"


class Nothing:
    """Knows the date and nothing else: so a bundle is judged alike wherever it is.

    Args:
        now: The instant.
    """

    def __init__(self, now: datetime) -> None:
        self.instant = now

    def zone(self, name: str) -> None:
        """Return None: what is not in the bundle is not known."""

    def intensity(
        self, zone: str, *, ended: datetime | None, duration_s: float | None, parts: bool
    ) -> None:
        """Return None: what is not in the bundle is not known."""

    def power(self, kind: str, name: str, threads: int | None) -> None:
        """Return None: what is not in the bundle is not known."""

    def later_factor(self, factor_id: str, year: int) -> None:
        """Return None: what is not in the bundle is not known."""


def bundle_bytes(files: Mapping[str, bytes]) -> bytes:
    """Return the archive of these files, the same bytes for the same files on every machine.

    They are stored, not deflated: what deflating gives differs between versions of zlib.
    """
    target = BytesIO()
    with ZipFile(target, "w", ZIP_STORED) as archive:
        for path, data in sorted(files.items()):
            member = ZipInfo(path)  # dated 1980
            member.external_attr = 0o644 << 16
            archive.writestr(member, data)
    return target.getvalue()


def is_bundle(path: str) -> bool:
    """Tell whether a path is a bundle: a zip, or a directory with its manifest."""
    if os.path.isdir(path):
        return os.path.isfile(os.path.join(path, BUNDLE_MANIFEST))
    try:
        with open(path, "rb") as file:
            return file.read(4) == _ZIP
    except OSError:
        return False


def verify_bundle(
    path: str, *, now: datetime, digest: str | None = None, whom: Whom | None = None
) -> Verification:
    """Return what the rules come to for a bundle.

    Args:
        path: A zip, or the directory that it was unpacked into.
        now: The instant; nothing that is later can have happened.
        digest: The digest that was told when the bundle was made; not compared if None.
        whom: Whose signatures are believed; nobody's if None.

    Raises:
        InputError: If it cannot be read, or holds exported runs.
    """
    name = os.path.basename(os.path.abspath(path))
    own, verdicts = "", []
    if os.path.isdir(path):
        files, torn = _of_directory(path), list[str]()
    else:
        data = _read(path)
        own = digest_of_bytes(data)
        try:
            files, torn = _of_zip(data)
        except (BadZipFile, EOFError, RuntimeError, ValueError, BriznaError) as error:
            verdict = not_an_archive(Place(file=name), Said("{error}", error=error))
            return Verification(subject=path, form="bundle", digest=own, verdicts=(verdict,))
        if not torn and bundle_bytes(files) != data:
            verdicts = [not_the_original(Place(file=name))]
    if _EXPORTED in files and BUNDLE_MANIFEST not in files:
        raise InputError(
            "{path!r} holds exported runs and is no bundle: take them into a store with brizna "
            "runs import, and verify that.",
            path=path,
        )
    if digest is not None and digest != own:
        verdicts.append(not_the_original(Place(file=name), digest))
    known = Nothing(now.astimezone(UTC))
    verdicts += examine_bundle(files, name, known, torn=torn, tell=retell)
    verdicts += examine_signed(files, name, whom or Whom())
    return Verification(subject=path, form="bundle", digest=own, verdicts=tuple(verdicts))


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(_LARGEST_BYTES)
    except OSError as error:
        raise InputError(
            "{path!r} cannot be read ({reason}): name a bundle, as brizna report --as bundle "
            "writes it.",
            path=path,
            reason=error.strerror,
        ) from error


def _of_zip(data: bytes) -> tuple[dict[str, bytes], list[str]]:
    """Return the files of a zip, and the paths of those that cannot be unpacked."""
    files: dict[str, bytes] = {}
    torn: list[str] = []
    with ZipFile(BytesIO(data)) as archive:
        members = archive.infolist()
        if sum(member.file_size for member in members) > _LARGEST_BYTES:
            raise BadZipFile(f"it says that it unpacks to more than {_LARGEST_BYTES} bytes")
        for member in members:
            if member.filename in files:
                raise BadZipFile(f"{member.filename!r} stands in it twice")
            try:
                files[member.filename] = archive.read(member)
            except (BadZipFile, ZlibError, EOFError, RuntimeError):
                files[member.filename] = b""
                torn.append(member.filename)
    return files, torn


def _of_directory(path: str) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    for folder, _, names in os.walk(path):
        for name in names:
            full = os.path.join(folder, name)
            inner = os.path.relpath(full, path).replace(os.sep, "/")
            files[inner] = _read(full)
    return files

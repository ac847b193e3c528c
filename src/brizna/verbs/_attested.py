"""Who published what is installed: asked of an index once, and known offline from then on.

What an index told of a file is kept by the file's digest, so that the same lock is judged again
without a network, and by the same words.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from fnmatch import fnmatchcase

from brizna.check import Verification
from brizna.check._attested import Published, judge_published
from brizna.core.codec import decode, encode
from brizna.core.errors import BriznaError, InputError, Said
from brizna.environment import index_address
from brizna.environment._attestations import (
    AttestedFile,
    attestations_of,
    attested_files,
    installed_tags,
    signatures_hold,
    wheel_tags,
)
from brizna.environment._installed import distribution_folders
from brizna.store import replace_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from brizna.core.software import Distribution, Lock
    from brizna.verbs._env import Surroundings
    from brizna.verbs._env_policy import EnvironmentPolicy

    Fetch = Callable[[str], tuple[str, bytes]]

_SHA256 = "sha256:"


class Asking:
    """Whom to ask who published something, and where answers are kept.

    Attributes:
        cache: The folder in which answers are kept.
        at: Now, as an instant.
        index: The address of the index to ask; None to ask nobody.
        fetch: Returns the kind and the bytes of what lies at an address; over the network if None.
    """

    __slots__ = ("at", "cache", "fetch", "index")

    def __init__(
        self, cache: str, *, at: str, index: str | None = None, fetch: Fetch | None = None
    ) -> None:
        self.cache = cache
        self.at = at
        self.index = index
        self.fetch = fetch


def attestation_cache(environ: Mapping[str, str]) -> str:
    """Return the folder in which is kept what indexes told of files."""
    from brizna.store._homes import index_directory

    home = os.path.dirname(index_directory(environ, sys.platform))
    return os.path.join(home, "attestations")


def published(
    around: Surroundings, lock: Lock, asking: Asking, *, policy: EnvironmentPolicy | None = None
) -> list[Published]:
    """Return who published what is installed, as an index attests it.

    Args:
        around: The environment.
        lock: Its lock, whose hashes tell which files are meant.
        asking: Whom to ask.
        policy: The indexes that may be asked, and the names that nobody is asked about.

    Raises:
        InputError: If the policy does not name the index.
    """
    allowed = () if policy is None else policy.indexes
    if asking.index is not None and allowed and index_address(asking.index) not in allowed:
        raise InputError(
            "The index is {index}, which the policy does not name: expected one of {allowed}. "
            "Name one of these with --index, or add it to [tool.brizna.env] index.",
            index=index_address(asking.index),
            allowed=", ".join(allowed),
        )
    hashes: dict[tuple[str, str], tuple[str, ...]] = {}
    for entry in lock.entries:
        named = tuple(one for one in entry.hashes if one.startswith(_SHA256))
        hashes[entry.name, entry.version] = (*hashes.get((entry.name, entry.version), ()), *named)
    folders = {} if around.place is None else dict(distribution_folders(around.place))
    private = () if policy is None else policy.private
    found: list[Published] = []
    for one in around.software.distributions:
        of = Published(name=one.name, version=one.version)
        digests = hashes.get((one.name, one.version))
        if one.is_editable:
            found.append(of.replace(why=Said("its code lies elsewhere")))
        elif digests is None:
            found.append(of.replace(why=Said("the lock does not name its version")))
        elif not digests:
            found.append(of.replace(why=Said("the lock names no SHA-256 of it")))
        else:
            is_private = any(fnmatchcase(one.name, pattern) for pattern in private)
            ask = None if is_private else asking.index
            found.append(_published(one, digests, folders.get(one.name), asking, ask))
    return found


def judge_attestations(found: Sequence[Published], around: Surroundings) -> Verification:
    """Return what the rules come to for what `published` returned."""
    return Verification(
        subject=around.name,
        form="attestations",
        digest=around.digest or around.software.installed,
        verdicts=tuple(judge_published(found, subject=around.name)),
    )


def _published(
    one: Distribution, digests: tuple[str, ...], folder: str | None, asking: Asking, ask: str | None
) -> Published:
    of = Published(name=one.name, version=one.version)
    known = {each: kept for each in digests if (kept := _kept(asking.cache, each)) is not None}
    try:
        if ask is not None:
            told = attested_files(one.name, digests, index=ask, at=asking.at, fetch=asking.fetch)
            known |= {each.digest: each for each in told}
            _keep(asking.cache, told)
            if not known:
                return of.replace(asked=asking.at, why=Said("the index has no file of the lock"))
        file = _installed_file(known.values(), folder, count=len(set(digests)))
        if isinstance(file, Said):
            return of.replace(why=file)
        statements = attestations_of(file)
    except BriznaError as error:
        return of.replace(why=Said("{error}", error=error))
    of = of.replace(file=file.name, digest=file.digest, asked=file.asked)
    if not statements:
        return of
    signature, why = signatures_hold(file)
    return of.replace(
        publishers=tuple(dict.fromkeys(each.who for each in statements)),
        subjects=tuple(dict.fromkeys(pair for each in statements for pair in each.subjects)),
        signature=signature,
        why=why,
    )


def _installed_file(
    known: Iterable[AttestedFile], folder: str | None, *, count: int
) -> AttestedFile | Said:
    """Return the one of a lock's files that is installed, or why that cannot be told.

    Args:
        known: The files of which an index told.
        folder: The metadata of the distribution; None where it is not here.
        count: How many files the lock names.
    """
    files = list(known)
    if not files:
        return Said("no index was asked yet: name one with --index")
    if count == 1:
        return files[0]
    tags = None if folder is None else installed_tags(folder)
    fitting = [one for one in files if tags is not None and wheel_tags(one.name) == tags]
    if len(fitting) != 1:
        return Said("which of the {count} files of the lock is installed", count=count)
    return fitting[0]


def _path(cache: str, digest: str) -> str:
    return os.path.join(cache, f"{digest.removeprefix(_SHA256)}.json")


def _kept(cache: str, digest: str) -> AttestedFile | None:
    """Return what an index told of a file before; None if none did, or it cannot be read."""
    try:
        with open(_path(cache, digest), "rb") as file:
            found = AttestedFile.from_json(decode(file.read()))
    except (OSError, BriznaError, TypeError, ValueError):
        return None
    return found if found.digest == digest else None


def _keep(cache: str, told: Iterable[AttestedFile]) -> None:
    """Keep what an index told; where that cannot be, it is asked again next time."""
    with suppress(OSError):
        os.makedirs(cache, exist_ok=True)
        for one in told:
            replace_file(_path(cache, one.digest), encode(one.to_json()))

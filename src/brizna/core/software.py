"""What software an environment holds: distributions, each with a digest of what is installed."""

from __future__ import annotations

from brizna.core.codec import digest
from brizna.core.errors import InputError
from brizna.core.records import Record, each

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import ClassVar

OWNERS = ("command", "brizna", "named")
"""Whose software it is: that of the command's interpreter, of brizna's own, or of a named one."""


class Distribution(Record):
    """A distribution that is installed.

    Attributes:
        name: As PEP 503 normalises it.
        version: As it states it.
        digest: Of its installed files; None where it keeps no list of them.
        is_editable: Whether its code lies elsewhere and may change; no digest covers that.
    """

    name: str
    version: str
    digest: str | None
    is_editable: bool = False

    @property
    def pin(self) -> str:
        """Name and version, as a requirement states them."""
        return f"{self.name}=={self.version}"

    @property
    def public(self) -> str:
        """Its version without what its builder added: ``2.13.0`` for ``2.13.0+cpu``."""
        return self.version.partition("+")[0]

    @property
    def purl(self) -> str:
        """Its package URL (ECMA-427)."""
        return f"pkg:pypi/{self.name}@{self.version.replace('+', '%2B')}"


class Software(Record):
    """The distributions of one environment.

    Attributes:
        of: Whose, one of `OWNERS`.
        python: Version of its interpreter, such as ``3.11.9``; None if that is not known.
        is_isolated: Whether it has an environment of its own that sees none of the system's
            packages; None if that is not known.
        distributions: By name.
    """

    schema: ClassVar = "brizna.software/1"
    _forms: ClassVar = {"distributions": each(Distribution.from_json)}

    of: str
    python: str | None
    is_isolated: bool | None
    distributions: tuple[Distribution, ...]

    def _check(self) -> None:
        if self.of not in OWNERS:
            raise InputError(
                "It is the software of {of!r}: expected one of {known}.",
                of=self.of,
                known=", ".join(OWNERS),
            )

    @property
    def installed(self) -> str:
        """The digest of names, versions and files alone: equal where the same is installed."""
        return digest([[one.name, one.version, one.digest] for one in self.distributions])

    def find(self, name: str) -> Distribution | None:
        """Return a distribution by its normalised name; None if it is not installed."""
        return next((one for one in self.distributions if one.name == name), None)


class Needs(Record):
    """What an installed distribution says that it needs.

    Attributes:
        name: The distribution.
        tags: Of its wheel: interpreter, binary interface and system; empty where it has none.
        unmet: Each need that is not met, with the version that is there (empty: none); None where
            they could not be compared.
    """

    name: str
    tags: tuple[str, ...] = ()
    unmet: tuple[tuple[str, str], ...] | None = ()


RATINGS = ("low", "medium", "high", "critical")
"""How grave a vulnerability is, the least first."""


class Vulnerability(Record):
    """What is known against a version of a distribution.

    Attributes:
        id: As the source names it.
        aliases: What others name the same one.
        rating: One of `RATINGS`; None where nobody rated it.
        fixed: Versions in which it is mended; empty where none is named.
    """

    id: str
    aliases: tuple[str, ...] = ()
    rating: str | None = None
    fixed: tuple[str, ...] = ()

    @property
    def names(self) -> frozenset[str]:
        """All that it is called."""
        return frozenset((self.id, *self.aliases))


def normalised(name: str) -> str:
    """Return the one way of writing a distribution's name (PEP 503)."""
    lowered = name.lower().replace("_", "-").replace(".", "-")
    while "--" in lowered:
        lowered = lowered.replace("--", "-")
    return lowered


class LockedFile(Record):
    """A file that may be installed.

    Attributes:
        name: Of the file.
        url: Where it lies.
        hashes: Each ``sha256:`` (or longer) and hexadecimal digits.
    """

    name: str
    url: str
    hashes: tuple[str, ...]


class Locked(Record):
    """What a lock says of one distribution.

    Attributes:
        name: As PEP 503 normalises it.
        version: The one version.
        hashes: Of the files that may be installed, each ``sha256:`` and hexadecimal digits.
        marker: On which systems it is meant; None for all.
        files: Where they lie; none in forms that do not say.
        index: Whose files they are; None in forms that do not say.
    """

    _forms: ClassVar = {"files": each(LockedFile.from_json)}

    name: str
    version: str
    hashes: tuple[str, ...]
    marker: str | None = None
    files: tuple[LockedFile, ...] = ()
    index: str | None = None


class Lock(Record):
    """Which distributions an environment is made of.

    Attributes:
        form: ``requirements`` (of pip, with hashes) or ``pylock`` (PEP 751).
        digest: Of the file.
        entries: In the file's order.
    """

    form: str
    digest: str
    entries: tuple[Locked, ...]


def release_of(version: str) -> tuple[int, ...]:
    """Return the numbers that a version begins with: (2, 13, 0) for ``2.13.0rc1+cpu``."""
    numbers: list[int] = []
    for part in version.split("+", maxsplit=1)[0].removeprefix("v").split("."):
        digits = part[: len(part) - len(part.lstrip("0123456789"))]
        if not digits:
            break
        numbers.append(int(digits))
        if digits != part:
            break
    return tuple(numbers)

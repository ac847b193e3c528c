"""What installed distributions say that they need, by their own metadata.

A wheel's tags say for which interpreters and systems it was built; its metadata names the versions
of Python and of other distributions that it works with. Requirements of extras are not looked at:
nothing records which extras were asked for.

References:
    [1] PyPA, Core metadata specifications: Requires-Dist, Requires-Python.
    [2] PyPA, Binary distribution format: the file WHEEL and its tags.
"""

from __future__ import annotations

import os

from brizna.core.software import Needs
from brizna.environment._installed import distribution_folders

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from brizna.core.software import Software
    from brizna.environment._installed import Place


def needs_of(place: Place, software: Software) -> tuple[Needs, ...]:
    """Return what each distribution of a place says that it needs, by name.

    Whether versions fit is compared by packaging; where that is not installed, nobody can tell.

    Args:
        place: Where to look.
        software: What is installed there.
    """
    found: dict[str, Needs] = {}
    for name, info in distribution_folders(place):
        if name in found or software.find(name) is None:
            continue
        head = _metadata(info)
        tags = (_head(os.path.join(info, "WHEEL")) or {}).get("tag", [])
        unmet = None if head is None else _unmet(head, software)
        found[name] = Needs(name=name, tags=tuple(tags), unmet=unmet)
    return tuple(found[name] for name in sorted(found))


def _metadata(info: str) -> dict[str, list[str]] | None:
    """Return what a distribution says of itself; None if it says it in no form known here.

    What setuptools once wrote into ``requires.txt`` alone is of another form than a requirement.
    """
    head = _head(os.path.join(info, "METADATA")) or _head(os.path.join(info, "PKG-INFO"))
    is_old = os.path.exists(os.path.join(info, "requires.txt"))
    if head is not None and is_old and "requires-dist" not in head:
        return None
    return head or _head(info)


def libc() -> str | None:
    """Return the system's C library and its version, such as ``glibc 2.36``; None if not known."""
    try:
        told = os.confstr("CS_GNU_LIBC_VERSION")
    except (AttributeError, OSError, ValueError):  # no such question on this system
        told = None
    if told:
        return told
    try:
        is_musl = any(name.startswith("ld-musl-") for name in os.listdir("/lib"))
    except OSError:
        return None
    return "musl" if is_musl else None


def _unmet(
    head: Mapping[str, Sequence[str]], software: Software
) -> tuple[tuple[str, str], ...] | None:
    """Return each need that is not met, with what is there; None if they cannot be compared."""
    try:
        from packaging.requirements import InvalidRequirement
        from packaging.specifiers import InvalidSpecifier
        from packaging.version import InvalidVersion
    except ImportError:
        return None
    try:
        return (
            *_unmet_python(head, software),
            *_unmet_distributions(head.get("requires-dist", ()), software),
        )
    except (InvalidRequirement, InvalidSpecifier, InvalidVersion):
        return None


def _unmet_python(
    head: Mapping[str, Sequence[str]], software: Software
) -> Iterator[tuple[str, str]]:
    from packaging.specifiers import SpecifierSet

    for wanted in head.get("requires-python", ()):
        python = software.python
        if python is not None and not SpecifierSet(wanted).contains(python, prereleases=True):
            yield f"python{wanted}", python


def _unmet_distributions(wanted: Sequence[str], software: Software) -> Iterator[tuple[str, str]]:
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    around = {"extra": ""}
    if software.python is not None:
        short = ".".join(software.python.split(".")[:2])
        around |= {"python_full_version": software.python, "python_version": short}
    for text in wanted:
        one = Requirement(text)
        if one.marker is not None and not one.marker.evaluate(around):
            continue
        here = software.find(canonicalize_name(one.name))
        if here is None:
            yield f"{one.name}{one.specifier}", ""
        elif not one.specifier.contains(here.version, prereleases=True):
            yield f"{one.name}{one.specifier}", here.version


def _head(path: str) -> dict[str, list[str]] | None:
    """Return the fields of a file of metadata by name in lower case; None if there is none."""
    found: dict[str, list[str]] = {}
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            for line in file:
                name, colon, value = line.partition(":")
                if not line.strip():
                    break
                if colon and not line[0].isspace():
                    found.setdefault(name.strip().lower(), []).append(value.strip())
    except OSError:
        return None
    return found

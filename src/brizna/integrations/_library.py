"""What to say of a library that is missing, or too old for what is asked of it."""

from __future__ import annotations

from brizna.core.errors import UnavailableError


def missing(library: str, error: ImportError, *, install: str) -> UnavailableError:
    """Return the error to raise where a library cannot be imported.

    Args:
        library: Its name, as people know it.
        error: Why not.
        install: What ``pip install`` takes to have it.
    """
    return UnavailableError(
        "{library} cannot be imported ({error}), and this part of brizna works with it. Install "
        "it: pip install {install!r}",
        library=library,
        error=error,
        install=install,
    )


def check_version(library: str, found: str, *, least: str) -> None:
    """Refuse a library that is older than what this part of brizna was made for.

    Args:
        library: Its name for ``pip install``.
        found: The version that was imported; what follows its numbers does not matter.
        least: The oldest that will do, in numbers.

    Raises:
        UnavailableError: If it is older.
    """
    if _numbers(found) < _numbers(least):
        raise UnavailableError(
            "{library} is {found} here: expected {least} or later. Install a later one: pip "
            "install --upgrade {library}",
            library=library,
            found=found,
            least=least,
        )


def _numbers(version: str) -> tuple[int, ...]:
    """Return the numbers that a version begins with: ``2.13.0+cpu`` is 2, 13, 0."""
    numbers: list[int] = []
    for part in version.split("."):
        digits = part[: len(part) - len(part.lstrip("0123456789"))]
        if not digits:
            break
        numbers.append(int(digits))
    return tuple(numbers)

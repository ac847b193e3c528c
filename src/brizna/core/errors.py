"""The errors of brizna, by what the caller can do about them.

::

    BriznaError
    ├── InputError         what was given cannot be used: change the argument (also a ValueError)
    ├── CoverageError      asked outside what is known: load more data (also a LookupError)
    ├── UnavailableError   not to be had on this machine: another machine, permission or extra
    ├── InfeasibleError    no answer satisfies all limits: relax one
    ├── IntegrityError     bytes are not what they were: restore them from a copy
    └── SchemaError        a record of another kind or a newer version: use a newer brizna

A message says what was seen, what was expected and what to do.
"""

from __future__ import annotations


class BriznaError(Exception):
    """Any error that brizna raises on purpose."""


class InputError(BriznaError, ValueError):
    """What the caller gave cannot be used."""


class CoverageError(BriznaError, LookupError):
    """Something was asked outside what is known."""


class UnavailableError(BriznaError):
    """A device, permission, file or optional library is not available here."""


class InfeasibleError(BriznaError):
    """No answer satisfies all the limits together."""


class IntegrityError(BriznaError):
    """Stored bytes are not what they were when they were written."""


class SchemaError(BriznaError):
    """A record is of another kind, or of a version this brizna does not know."""

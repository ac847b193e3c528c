"""The errors of brizna, by what the caller can do about them.

::

    BriznaError
    ├── InputError         what was given cannot be used: change the argument (also a ValueError)
    ├── CoverageError      asked outside what is known: load more data (also a LookupError)
    ├── UnavailableError   not to be had on this machine: another machine, permission or extra
    ├── InfeasibleError    no answer satisfies all limits: relax one
    ├── IntegrityError     bytes are not what they were: restore them from a copy
    └── SchemaError        a record of another kind or a newer version: use a newer brizna

A message says what was seen, what was expected and what to do. It is kept as a template and its
values, so that it can be shown in another language than English::

    raise InputError("The interval is {interval_s} s: expected more than 0.", interval_s=interval_s)

A value that is a `Said` or an error itself is shown in the language of the whole.
"""

from __future__ import annotations


class Said:
    """A text that is a value in another one, such as a hint in an error's message.

    Attributes:
        text: English, with the names of the values in braces, as for ``str.format``.
        values: What stands there.
    """

    __slots__ = ("text", "values")

    def __init__(self, text: str, /, **values: object) -> None:
        self.text = text
        self.values = values

    def __str__(self) -> str:
        return _english(self.text, self.values)

    def __repr__(self) -> str:
        return f"Said({str(self)!r})"


class BriznaError(Exception):
    """Any error that brizna raises on purpose; as a text it is its message in English.

    Attributes:
        text: The message in English, with the names of the values in braces, as for
            ``str.format``; a text without values is taken as it is.
        values: What stands there.
    """

    def __init__(self, text: str = "", /, **values: object) -> None:
        super().__init__(_english(text, values))
        self.text = text
        self.values = values


def _english(text: str, values: dict[str, object]) -> str:
    return text.format_map(values) if values else text


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

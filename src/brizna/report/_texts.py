"""Texts in the languages that people read: which language, and its catalogue.

The language is an argument everywhere; there is no current language. A function that prints says
``_ = texts(lang).gettext`` first, so that ``tools/texts.py`` finds every ``_("...")``. The source
texts are English, which is why English reads no file.
"""

from __future__ import annotations

from functools import cache
from os.path import dirname, join

from brizna.core.errors import InputError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Protocol

    class Texts(Protocol):
        """What `texts` returns: a part of `gettext.NullTranslations`."""

        def gettext(self, message: str, /) -> str:
            """Return a text in this language."""
            ...

        def ngettext(self, msgid1: str, msgid2: str, n: int, /) -> str:
            """Return the text for ``n`` things in this language."""
            ...


LANGUAGES = ("en", "es")
"""The languages there are texts for."""

_DOMAIN = "brizna"
_LOCALE = join(dirname(__file__), "locale")


class _Source:
    """English: the texts as they stand in the source."""

    __slots__ = ()

    def gettext(self, message: str, /) -> str:
        return message

    def ngettext(self, msgid1: str, msgid2: str, n: int, /) -> str:
        return msgid1 if n == 1 else msgid2


def texts(lang: str) -> Texts:
    """Return the texts of a language.

    Args:
        lang: One of `LANGUAGES`.

    Raises:
        InputError: If there are no texts in this language.
    """
    _known(lang, "The language")
    if lang == "en":
        return _Source()
    return _translations(lang)


@cache
def _translations(lang: str) -> Texts:
    from gettext import GNUTranslations
    from io import BytesIO

    return GNUTranslations(BytesIO(_catalogue(lang)))


@cache
def keys(lang: str) -> tuple[str, ...]:
    """Return every text that is translated into a language, as it stands in the source."""
    from struct import unpack_from

    catalogue = _catalogue(lang)
    count, table = unpack_from("<2I", catalogue, 8)
    places = (unpack_from("<2I", catalogue, table + 8 * index) for index in range(count))
    found = (catalogue[start : start + length].decode() for length, start in places)
    return tuple(key for key in found if key and "\0" not in key)  # no plurals


def _catalogue(lang: str) -> bytes:
    """Return a language's catalogue, read as this file was, which may lie in an archive."""
    assert __spec__ is not None
    assert __spec__.loader is not None
    return __spec__.loader.get_data(join(_LOCALE, lang, "LC_MESSAGES", f"{_DOMAIN}.mo"))  # pyright: ignore[reportAttributeAccessIssue]


def pick_language(option: str | None, environ: Mapping[str, str]) -> str:
    """Return the language to speak: the option, else BRIZNA_LANG, else the system's, else English.

    Args:
        option: What the person asked for on the command line; None if nothing.
        environ: The environment variables; of LC_ALL, LC_MESSAGES and LANG the first that is set
            decides, as everywhere in POSIX.

    Raises:
        InputError: If the option or BRIZNA_LANG names a language that there are no texts for.
    """
    if option:
        return _known(option, "--lang")
    asked = environ.get("BRIZNA_LANG")
    if asked:
        return _known(asked, "BRIZNA_LANG")
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if environ.get(name):
            lang = environ[name][:2].lower()
            return lang if lang in LANGUAGES else "en"
    return "en"


def _known(lang: str, what: str) -> str:
    if lang not in LANGUAGES:
        raise InputError(
            "{what} is {lang!r}: there are texts in {known}.",
            what=what,
            lang=lang,
            known=", ".join(LANGUAGES),
        )
    return lang

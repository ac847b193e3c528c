"""What other rooms say, in the language of whoever reads it.

An error or a `Said` carries its template and its values, so that it is put together anew. A record
holds sentences in plain English: one that was put together from a template is recognised by the
words around its values, and put together anew with them.
"""

from __future__ import annotations

from functools import cache

from brizna.core.errors import BriznaError, Said
from brizna.report._python_says import PYTHON_SAYS
from brizna.report._stored import STORED
from brizna.report._texts import keys, texts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    _Parts = tuple[tuple[str, str | None], ...]

_DEEPEST = 8
"""A sentence in a sentence is translated so many times; a record can be written by anybody."""


def said(message: BriznaError | Said, lang: str) -> str:
    """Return a message in a language; a value that is a message itself is in that language too."""
    if lang == "en":
        return str(message)
    if not message.values:
        return stored(message.text, lang)
    return _speaker(lang).vformat(texts(lang).gettext(message.text), (), message.values)


def stored(text: str, lang: str) -> str:
    """Return a sentence that a record holds in English, in a language; as it is if not known."""
    return text if lang == "en" else _told(text, lang, _DEEPEST)


def _quoted(text: str, lang: str, depth: int = 3) -> str:
    """Return what Python or the system said, in a language; any other text as it is."""
    if text in PYTHON_SAYS:
        return texts(lang).gettext(text)
    for template in PYTHON_SAYS if depth else ():
        values = _values(_parts(template), text) if "{" in template else None
        if values is not None:
            inner = {name: _quoted(value, lang, depth - 1) for name, value in values.items()}
            return texts(lang).gettext(template).format_map(inner)
    return text


def _told(text: str, lang: str, depth: int) -> str:
    """Return a sentence in a language, and in it down to this depth those that are its values."""
    bare = text.removesuffix(".")
    for one, end in ((text, ""), (bare, text[len(bare) :])):  # a text may be made a sentence
        whole = texts(lang).gettext(one) if one else ""
        if whole != one:
            return whole + end
    for template, parts in _templates(lang):
        values = _values(parts, text)
        if values is not None:
            inner = {name: _inner(value, lang, depth - 1) for name, value in values.items()}
            translated = _parts(texts(lang).gettext(template))
            return "".join(literal + inner.get(field or "", "") for literal, field in translated)
    return text


def _inner(value: str, lang: str, depth: int) -> str:
    """Return a value in a language if it is a sentence too; a name of one word is not."""
    is_sentence = " " in value or value in STORED
    return _told(value, lang, depth) if is_sentence and depth else value


@cache
def _templates(lang: str) -> tuple[tuple[str, _Parts], ...]:
    """Return the texts with values and their parts, those with most words of their own first."""
    found = [(key, _parts(key)) for key in keys(lang)]
    with_words = [
        (key, parts)
        for key, parts in found
        if any(field for _, field in parts) and any(map(str.isalpha, _words(parts)))
    ]
    return tuple(sorted(with_words, key=lambda template: -len(_words(template[1]))))


def _parts(template: str) -> _Parts:
    """Return the words of a template, each with the name of the value that follows it, if any."""
    from string import Formatter

    return tuple((literal, field) for literal, field, _, _ in Formatter().parse(template))


def _words(parts: _Parts) -> str:
    return "".join(literal for literal, _ in parts)


def _values(parts: _Parts, text: str) -> dict[str, str] | None:
    """Return what stands in a text in the places of a template's values; None if it is another.

    Each value is as short as it can be, but for the last one, so that the time is linear.
    """
    last = parts[-1][0] if parts[-1][1] is None else ""
    if not text.startswith(parts[0][0]) or not text.endswith(last):
        return None
    values: dict[str, str] = {}
    place, end = len(parts[0][0]), len(text) - len(last)
    for (_, field), (literal, following) in zip(parts, (*parts[1:], ("", None)), strict=True):
        if field is None:
            break
        is_last = following is None
        until = end if is_last else text.find(literal, place, end)
        if until < place or values.setdefault(field, text[place:until]) != text[place:until]:
            return None
        place = until if is_last else until + len(literal)
    return values if place == end else None


def _speaker(lang: str) -> Any:
    """Return a formatter that writes messages and numbers in a language."""
    from string import Formatter

    from brizna.report._format import MARKS

    class Speaker(Formatter):
        def format_field(self, value: Any, format_spec: str) -> str:
            if isinstance(value, (BriznaError, Said)):
                return said(value, lang)
            if hasattr(value, "in_language"):
                return value.in_language(lang)
            if isinstance(value, (str, Exception)):
                return format(_quoted(str(value), lang), format_spec)
            text = format(value, format_spec)
            return (
                text.replace(".", str(MARKS[lang]["decimal"])) if isinstance(value, float) else text
            )

    return Speaker()

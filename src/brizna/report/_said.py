"""What other rooms say, in the language of whoever reads it.

An error or a `Said` carries its template and its values, so that it is put together anew. A record
holds sentences in plain English: one that was put together from a template is recognised by the
words around its values, and put together anew with them.
"""

from __future__ import annotations

from functools import cache

from brizna.core.errors import BriznaError, Said
from brizna.report._stored import STORED
from brizna.report._texts import keys, texts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


def said(message: BriznaError | Said, lang: str) -> str:
    """Return a message in a language; a value that is a message itself is in that language too."""
    if lang == "en":
        return str(message)
    if not message.values:
        return stored(message.text, lang)
    return _speaker(lang).vformat(texts(lang).gettext(message.text), (), message.values)


def stored(text: str, lang: str) -> str:
    """Return a sentence that a record holds in English, in a language; as it is if not known."""
    if lang == "en" or not text:
        return text
    whole = texts(lang).gettext(text)
    if whole != text:
        return whole
    if text.endswith(".") and (bare := stored(text[:-1], lang)) != text[:-1]:
        return f"{bare}."  # a text that was made a sentence
    for template, words in _templates(lang):
        if all(word in text for word in words):
            values = _values(template, text)
            if values is not None:
                inner = {name: _inner(value, lang) for name, value in values.items()}
                return _filled(texts(lang).gettext(template), inner)
    return text


def _inner(value: str, lang: str) -> str:
    """Return a value in a language if it is a sentence too; a name of one word is not."""
    return stored(value, lang) if " " in value or value in STORED else value


@cache
def _templates(lang: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return the texts with values and the words around these, the most telling first."""
    found: list[tuple[str, tuple[str, ...]]] = []
    for key in keys(lang):
        words = tuple(literal for literal, _ in _parts(key) if literal)
        if "".join(words) != key and any(letter.isalpha() for letter in "".join(words)):
            found.append((key, words))
    return tuple(sorted(found, key=lambda template: -len("".join(template[1]))))


def _parts(template: str) -> list[tuple[str, str | None]]:
    from string import Formatter

    return [(literal, field) for literal, field, _, _ in Formatter().parse(template)]


def _values(template: str, text: str) -> Mapping[str, str] | None:
    """Return what stands in a text in the places of a template's values; None if it is another."""
    import re

    pattern, seen = "", set[str]()
    for literal, field in _parts(template):
        pattern += re.escape(literal)
        if field is not None:
            pattern += f"(?P={field})" if field in seen else f"(?P<{field}>.*?)"
            seen.add(field)
    found = re.fullmatch(pattern, text, re.DOTALL)
    return found.groupdict() if found else None


def _filled(template: str, values: Mapping[str, str]) -> str:
    """Return a template with its values, which have their form already."""
    return "".join(
        literal + ("" if field is None else values[field]) for literal, field in _parts(template)
    )


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
            text = format(value, format_spec)
            return (
                text.replace(".", str(MARKS[lang]["decimal"])) if isinstance(value, float) else text
            )

    return Speaker()

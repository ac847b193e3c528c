"""The regulatory forms as data: what each asks for, in tables ``sheets`` and ``sheet_fields``."""

from __future__ import annotations

from functools import cache

from brizna.core._tables import load
from brizna.core.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import ClassVar

_ROOM = "brizna.report"
_LANGUAGES = ("en", "es")


class Field(Record):
    """One field of a form.

    Attributes:
        id: Its form and its name there, such as ``mdf/energy``.
        section: The part of the sheet in which it stands.
        text: What it asks for, by language.
        reference: Where in the source it is asked.
        unit: Unit that its value is given in; empty where the size of the value chooses it.
        rule: How its value is written: ``plain``, ``significant``, ``order``, ``text``, ``prose``.
        takes: Where the value comes from, see the head of the table.
        when: Of what it is asked only: ``training``, the model's ``use``, ``own`` machines, or
            somebody else's (``cloud``).
        status: ``read``, ``retold``, ``memory`` or ``closed``: how we know of it.
        source: The text that asks for it.
        note: What the source says of how to write it.
    """

    id: str
    section: str
    text: Mapping[str, str]
    reference: str
    unit: str
    rule: str
    takes: str
    when: str
    status: str
    source: str
    note: str

    _forms: ClassVar = {}


class Form(Record):
    """One form.

    Attributes:
        name: What ``--as`` calls it.
        title: Its title, by language.
        about: What it is, by language.
        foot: What has to be known to use it, by language; may be empty.
        unknown: What it writes for what is not known; empty where the word for it will do.
        source: The text that it follows, by language.
        asks: Its fields in order.
    """

    name: str
    title: Mapping[str, str]
    about: Mapping[str, str]
    foot: Mapping[str, str]
    unknown: str
    source: Mapping[str, str]
    asks: tuple[Field, ...]

    _forms: ClassVar = {}


@cache
def form_named(name: str) -> Form:
    """Return a form of the table ``sheets``; asking for another is our slip."""
    row = next(row for row in load(_ROOM, "sheets").rows if row["id"] == name)
    return Form(
        name=name,
        title=_told(row, "title"),
        about=_told(row, "about"),
        foot=_told(row, "foot"),
        unknown=row["unknown"],
        source={"en": row["source"], "es": row["source_es"]},
        asks=tuple(
            _field(field)
            for field in load(_ROOM, "sheet_fields").rows
            if field["id"].partition("/")[0] == name
        ),
    )


@cache
def form_names() -> tuple[str, ...]:
    """Return the names of the forms in the order of the table."""
    return tuple(row["id"] for row in load(_ROOM, "sheets").rows)


@cache
def field_ids() -> tuple[str, ...]:
    """Return the ids of all fields that somebody can fill in by hand."""
    rows = load(_ROOM, "sheet_fields").rows
    return tuple(row["id"] for row in rows if row["takes"].partition(":")[0] != "words")


def _field(row: Mapping[str, str]) -> Field:
    plain = ("id", "section", "reference", "unit", "rule", "takes", "when", "status")
    return Field(
        text=_told(row, "text"),
        source=row["source"],
        note=row["note"],
        **{name: row[name] for name in plain},
    )


def _told(row: Mapping[str, str], name: str) -> dict[str, str]:
    return {lang: row[f"{name}_{lang}"] for lang in _LANGUAGES}

"""A document as plain parts: what Markdown, HTML and PDF are made of, each by its own writer.

All its texts are in the reader's language already, and plain: no writer reads markup in them.
"""

from __future__ import annotations

from brizna.core.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import ClassVar


class Card(Record):
    """A figure at the head of a document.

    Attributes:
        label: What it is.
        best: The figure with its unit.
        ends: Its interval; empty where it has none.
        why: Where it comes from, or why it is unknown.
    """

    label: str
    best: str
    ends: str = ""
    why: str = ""

    _forms: ClassVar = {}


class Grid(Record):
    """A table.

    Attributes:
        caption: What it shows, for those who cannot see it.
        header: What its columns hold.
        rows: Its rows, each as long as the header.
        widths: How wide its columns are, in relation to each other; all alike if empty.
        right: Columns of numbers, which stand at the right.
        typed: Columns of what one types or compares sign by sign: commands, digests, ids.
        names: For each row the place that a link in the document can lead to; none if empty.
        links: For each row the places that its value leads to; none if empty.
        valued: The column of the values, from which the links lead.
        bars: For each row a share in [0, 1] that is drawn in its first column; none if empty.
    """

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[float, ...] = ()
    right: tuple[int, ...] = ()
    typed: tuple[int, ...] = ()
    bars: tuple[float, ...] = ()
    names: tuple[str, ...] = ()
    links: tuple[tuple[str, ...], ...] = ()
    valued: int = 0

    _forms: ClassVar = {}


class Drawing(Record):
    """A drawing.

    Attributes:
        svg: It, as SVG without scripts and without anything from outside.
        about: What it shows, for those who cannot see it.
    """

    svg: str
    about: str

    _forms: ClassVar = {}


class Section(Record):
    """A part of a document under a title of its own.

    Attributes:
        title: Its title.
        prose: Paragraphs before the table.
        drawing: What stands before the table, if it has one.
        grid: Its table, if it has one with rows.
        remarks: Paragraphs in small print after it.
    """

    title: str
    prose: tuple[str, ...] = ()
    drawing: Drawing | None = None
    grid: Grid | None = None
    remarks: tuple[str, ...] = ()

    _forms: ClassVar = {}


class Sheet(Record):
    """A document.

    Attributes:
        lang: Its language, one of `LANGUAGES`.
        title: Its title.
        about: What it is, in a sentence or two.
        issued: Instant of its making, ISO 8601 in UTC: what a file says of its date.
        head: What stands at its head: label and text.
        cards: The figures that matter most.
        sections: Its parts.
        foot: Small print at its end.
    """

    lang: str
    title: str
    about: str
    issued: str
    head: tuple[tuple[str, str], ...] = ()
    cards: tuple[Card, ...] = ()
    sections: tuple[Section, ...] = ()
    foot: tuple[str, ...] = ()

    _forms: ClassVar = {}

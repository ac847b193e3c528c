"""The media in which a document can be written for people: Markdown, HTML, PDF."""

from __future__ import annotations

from base64 import b64encode

from brizna.core.records import Record
from brizna.report._form_markdown import escape
from brizna.report._html import render_page
from brizna.report._pdf import pdf_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import ClassVar

    from brizna.report._sheet import Grid, Sheet


class Medium(Record):
    """A medium that a document can be written in.

    Attributes:
        media_type: Its media type.
        write: Writes a document in it.
    """

    media_type: str
    write: Callable[[Sheet], bytes]

    _forms: ClassVar = {}


def markdown_of(sheet: Sheet) -> bytes:
    """Return a document as Markdown."""
    return ("\n".join(_markdown(sheet)).rstrip("\n") + "\n").encode()


def html_of(sheet: Sheet) -> bytes:
    """Return a document as one HTML file that asks no host for anything.

    Raises:
        UnavailableError: If Jinja2 is not installed.
    """
    drawings = [section.drawing for section in sheet.sections]
    pictures = [b64encode(one.svg.encode()).decode() if one else "" for one in drawings]
    values = {"sheet": sheet, "lang": sheet.lang, "pictures": pictures}
    return render_page("sheet.html", values, sheet.lang, sheets=("report.css", "sheet.css"))


MEDIA: Mapping[str, Medium] = {
    ".md": Medium(media_type="text/markdown", write=markdown_of),
    ".html": Medium(media_type="text/html", write=html_of),
    ".pdf": Medium(media_type="application/pdf", write=pdf_of),
}
"""By what its files end in."""


def _markdown(sheet: Sheet) -> Iterator[str]:
    yield from (f"# {escape(sheet.title)}", "", escape(sheet.about), "")
    yield from (f"- {escape(label)}: {escape(words)}" for label, words in sheet.head)
    for card in sheet.cards:
        ends = f" ({escape(card.ends)})" if card.ends else ""
        why = f", {escape(card.why)}" if card.why else ""
        yield f"- {escape(card.label)}: **{escape(card.best)}**{ends}{why}"
    for section in sheet.sections:
        yield from ("", f"## {escape(section.title)}")
        for words in section.prose:
            yield from ("", escape(words))
        if section.grid is not None:
            yield from ("", *_table(section.grid))
        for words in section.remarks:
            yield from ("", escape(words))
    if sheet.foot:
        yield from ("", "---")
    for words in sheet.foot:
        yield from ("", escape(words))


def _table(grid: Grid) -> Iterator[str]:
    yield _line([escape(name[:1].upper() + name[1:]) for name in grid.header])
    yield _line(["---:" if at in grid.right else "---" for at in range(len(grid.header))])
    for row in grid.rows:
        yield _line([_cell(words, typed=at in grid.typed) for at, words in enumerate(row)])


def _cell(words: str, *, typed: bool) -> str:
    """Return a cell; what is typed stands as code, unless it holds a mark of code itself."""
    if typed and words and "`" not in words and "|" not in words:
        return f"`{words}`"
    return escape(words)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"

"""``csv``: one row a run, in base units that the columns' names tell; RFC 4180, UTF-8."""

from __future__ import annotations

import csv
from io import StringIO

from brizna.report._filling import Filling
from brizna.report._rows import columns, rows
from brizna.report._texts import texts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from brizna.report._dossier import Document, Dossier

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""How a text begins that a spreadsheet would compute."""


class Csv:
    """The form ``csv``."""

    name = "csv"
    suffix = ".csv"
    media_type = "text/csv"
    for_people = False

    def about(self, lang: str) -> str:
        """Return what it is, in one line."""
        _ = texts(lang).gettext
        return _("a row for each run, in base units, for programs")

    def render(self, dossier: Dossier, *, lang: str) -> Document:
        """Return the form, filled in."""
        form = Filling(dossier, lang=lang)
        names = [column.name for column in columns(form)]
        file = StringIO()
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(names)
        for row in rows(form):
            writer.writerow([_cell(row[name]) for name in names])
        return form.document(file.getvalue())


FORM = Csv()


def _cell(value: Any) -> str:
    """Return a value as a cell that no spreadsheet takes for a formula; nothing where unknown."""
    if value is None:
        return ""
    if isinstance(value, float):
        return repr(value)
    text = " ".join(value) if isinstance(value, list) else str(value)  # pyright: ignore[reportUnknownArgumentType]  (a list of tags)
    return f"'{text}" if text.startswith(_FORMULA) else text

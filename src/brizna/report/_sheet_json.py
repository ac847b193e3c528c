"""A regulatory form as JSON: its fields with their values, for programs."""

from __future__ import annotations

from json import dumps

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from brizna.report._dossier import Figure
    from brizna.report._sheet_filling import Row, SheetFilling

SCHEMA = "brizna.sheet/1"


def json_of(filling: SheetFilling, rows: Sequence[Row]) -> bytes:
    """Return a form as JSON.

    Args:
        filling: The form.
        rows: Its fields, filled in.
    """
    dossier = filling.dossier
    content = {
        "schema": SCHEMA,
        "form": filling.form.name,
        "title": filling.form.title[filling.lang],
        "source": filling.form.source[filling.lang],
        "lang": filling.lang,
        "issued": dossier.issued,
        "brizna": dossier.software,
        "selection": dossier.selection.to_json(),
        "runs": [view["id"] for view in dossier.views],
        "fields": [_field(filling, row) for row in rows],
    }
    return (dumps(content, ensure_ascii=False, indent=1) + "\n").encode()


def _field(filling: SheetFilling, row: Row) -> dict[str, Any]:
    field = row.field
    return {
        "id": field.id,
        "reference": field.reference,
        "asks": filling.title(field),
        "source": field.source,
        "status": field.status,
        "applies": row.applies,
        "shown": row.shown,
        "interval": row.ends or None,
        "basis": row.basis or None,
        "reason": filling.filling.stored(row.why) if row.shown is None else None,
        "numbers": [_number(figure) for figure in row.figures],
    }


def _number(figure: Figure) -> dict[str, Any]:
    return {
        "field": figure.field,
        "value": figure.value * figure.times,
        "unit": figure.unit,
        "path": figure.path,
        "record": figure.record,
        "records": list(figure.records),
    }

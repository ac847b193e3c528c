"""``parquet``: one row a run, typed; each number's unit stands in the metadata of its field."""

from __future__ import annotations

from datetime import datetime
from importlib import import_module
from io import BytesIO

from brizna.core.errors import UnavailableError
from brizna.report._filling import Filling
from brizna.report._form_json import SCHEMA
from brizna.report._rows import columns, rows
from brizna.report._texts import texts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from brizna.report._dossier import Document, Dossier


class Parquet:
    """The form ``parquet``."""

    name = "parquet"
    suffix = ".parquet"
    media_type = "application/vnd.apache.parquet"
    for_people = False

    def about(self, lang: str) -> str:
        """Return what it is, in one line."""
        _ = texts(lang).gettext
        return _("a row for each run, typed, with the units in the fields' metadata")

    def render(self, dossier: Dossier, *, lang: str) -> Document:
        """Return the form, filled in.

        Raises:
            UnavailableError: If pyarrow is not installed.
        """
        pa, writer = _library()
        kinds = {
            "text": pa.string(),
            "texts": pa.list_(pa.string()),
            "instant": pa.timestamp("us", tz="UTC"),
            "number": pa.float64(),
        }
        form = Filling(dossier, lang=lang)
        about = columns(form)
        fields = [
            pa.field(
                column.name,
                kinds[column.kind],
                metadata={"unit": column.unit} if column.unit else None,
            )
            for column in about
        ]
        table = rows(form)
        arrays = [
            pa.array([_value(column.kind, row[column.name]) for row in table], kinds[column.kind])
            for column in about
        ]
        facts = {"schema": SCHEMA, "issued": dossier.issued, "brizna": dossier.software}
        file = BytesIO()
        writer.write_table(pa.Table.from_arrays(arrays, schema=pa.schema(fields, facts)), file)
        return form.document(file.getvalue())


FORM = Parquet()


def _library() -> tuple[Any, Any]:
    try:
        return import_module("pyarrow"), import_module("pyarrow.parquet")
    except ImportError as error:
        raise UnavailableError(
            "A Parquet file needs pyarrow: pip install 'brizna[parquet]'."
        ) from error


def _value(kind: str, value: Any) -> Any:
    return datetime.fromisoformat(value) if kind == "instant" and value is not None else value

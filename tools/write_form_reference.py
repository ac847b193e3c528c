"""Write docs/reference/regulatory-forms.md: what each regulatory form asks for, and what fills it.

python tools/write_form_reference.py > docs/reference/regulatory-forms.md
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from brizna.report._sheet_fields import form_named, form_names
from brizna.report._takers import NEVER

if TYPE_CHECKING:
    from brizna.report._sheet_fields import Field, Form

HEAD = """\
# Regulatory forms

<!-- Written by tools/write_form_reference.py; a test compares: change the tables, not this. -->

Forms that laws, standards and registers ask for, as `brizna report RUN --as FORM` fills them in, in
English or Spanish. How to: [Fill in a regulatory form](../how-to/fill-in-a-regulatory-form.md).

Each can be written as Markdown, HTML, JSON or PDF: the suffix of the file chooses (`-o sheet.pdf`),
or the name of the form (`--as ai-act.pdf`). The JSON has schema `brizna.sheet/1`: of each field its
id, what it asks, its source, what is shown, the interval, and the numbers with the paths that
`brizna explain` takes.

A field that no record can fill is filled in by hand, by its id, under `[report.fields]` of
`brizna.toml` or `[fields]` of a file with `--facts`. What was measured is not replaced so. What
nobody knows stands there as unknown (in `mdf` as N/A), with the reason; it is never 0.

| known | means |
|---|---|
| read | the text of the source, or a copy of it, was read |
| retold | known from others' accounts of the text; marked * on the sheet |
| memory | not read again for this table; marked ** on the sheet |
| closed | the source is sold and was not read; no conformity is claimed |
"""
COLUMNS = ("id", "asks", "where", "unit", "filled from", "known")


def main() -> None:
    """Write the page."""
    sys.stdout.write(HEAD)
    for name in form_names():
        sys.stdout.write("\n".join(["", *section(form_named(name))]) + "\n")


def section(form: Form) -> list[str]:
    """Return the lines about one form."""
    lines = [f"## `{form.name}`: {form.title['en']}", "", form.about["en"]]
    lines += ["", form.foot["en"]] if form.foot["en"] else []
    lines += ["", f"Source: {form.source['en']}.", "", line(COLUMNS), line(["---"] * len(COLUMNS))]
    return lines + [line(cells(field)) for field in form.asks]


def cells(field: Field) -> list[str]:
    """Return the row of a field."""
    asks = field.text["en"] + (f" ({field.note})" if field.note else "")
    reference = "" if field.reference == "-" else field.reference
    kept = f"`{field.id.partition('/')[2]}`"
    return [kept, asks, reference, field.unit, filled_from(field), field.status]


def filled_from(field: Field) -> str:
    """Return in words where a field's value comes from."""
    kind, _, name = field.takes.partition(":")
    told = {
        "figure": f"`{name}`",
        "fact": f"fact `{name}`",
        "words": f"the records: {name}",
        "number": f"the records: {name}",
        "declared": "by hand",
        "never": f"by hand: {NEVER.get(name)}",
    }[kind]
    asked = {"training": "training", "use": "use of the model", "own": "own machines"}
    return f"{told}; {asked.get(field.when, 'bought computing')} only" if field.when else told


def line(words: list[str] | tuple[str, ...]) -> str:
    """Return a row of a table."""
    return f"| {' | '.join(words)} |"


if __name__ == "__main__":
    main()

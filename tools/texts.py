"""Keep the translations in step with the source: ``python tools/texts.py`` (or ``--check``).

Extracts every ``_("...")`` of the report and the command line and, in all rooms, the first argument
of every error and ``Said``, and the notes of the tables; merges it into each language's ``.po`` and
compiles the ``.mo``. Translate what it lists as missing by editing the ``.po``, then run it again.
``--check`` changes nothing and fails where something is missing, stale or fuzzy.
"""

# ruff: noqa: TID253 - a tool may load babel

from __future__ import annotations

import ast
import csv
import io
import sys
from pathlib import Path
from string import Formatter
from typing import TYPE_CHECKING

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from brizna.core import errors

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "brizna"
LOCALE = SOURCE / "report" / "locale"
TEMPLATES = [("**/templates/**.html", "jinja2")]
ERRORS = [name for name, kind in vars(errors).items() if isinstance(kind, type)]
KEYWORDS = {"ngettext": 2, **dict.fromkeys(["_", "N_", "gettext", *ERRORS], 1)}
"""What marks a text, and how many of its arguments are texts."""
NAMES = ("per", "phase", "licence")
"""Further columns of tables that hold words, where there are such columns."""
TRANSLATIONS = ("es",)
_COLUMNS = 96


class Compiled(Catalog):
    """A catalogue whose head says neither when nor by which version it was made."""

    @property
    def mime_headers(self):
        """Return the lines of its head."""
        return [("Content-Type", "text/plain; charset=utf-8"), _plural_rule(self)]


def extract() -> Catalog:
    """Return the texts that the source asks for."""
    found = Catalog(project="brizna", charset="utf-8")
    for _, _, message, _, _ in sorted(extract_from_dir(SOURCE, TEMPLATES), key=str):
        found.add(message)
    for path in sorted(SOURCE.rglob("*.py")):
        for message in marked(ast.parse(path.read_text(encoding="utf-8"))):
            found.add(message)
    for path in sorted(SOURCE.rglob("tables/*.csv")):
        for message in noted(path):
            found.add(message)
    return found


def noted(table: Path) -> Iterator[str]:
    """Yield what a table says in words of ours: each note, as factors have it, and NAMES."""
    with table.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(line for line in file if not line.startswith("#")):
            note = "; ".join(filter(None, (row["note"], row.get("prefer"))))
            yield from filter(None, [note, *map(row.get, NAMES)])


def marked(tree: ast.AST) -> Iterator[str | tuple[str, ...]]:
    """Yield the texts that a module marks, nested ones too; one that has a plural is a pair."""
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call):
            continue
        count = KEYWORDS.get(getattr(call.func, "id", getattr(call.func, "attr", "")), 0)
        texts = tuple(
            first.value
            for first in call.args[:count]
            if isinstance(first, ast.Constant) and isinstance(first.value, str)
        )
        if count and len(texts) == count and texts[0]:
            yield texts if count > 1 else texts[0]


def po_path(lang: str) -> Path:
    """Return where a language's translations are kept."""
    return LOCALE / lang / "LC_MESSAGES" / "brizna.po"


def read(lang: str) -> Catalog:
    """Return a language's translations; none where there is no file yet."""
    if not po_path(lang).exists():
        return Catalog(locale=lang, project="brizna", charset="utf-8")
    with po_path(lang).open("rb") as file:
        return read_po(file, locale=lang)


def merge(lang: str, found: Catalog) -> Catalog:
    """Return a language's translations of just the texts that the source asks for."""
    old = read(lang)
    merged = Catalog(locale=lang, project="brizna", charset="utf-8")
    for message in found:
        if message.id:
            known = old.get(message.id)
            merged.add(message.id, known.string if known else "")
    return merged


def troubles(lang: str, found: Catalog) -> list[str]:
    """Return what is wrong with a language's files, in sentences."""
    known = read(lang)
    wanted = {message.id for message in found if message.id}
    said = [f"{lang}: no translation of {m!r}" for m in wanted if not _translated(known.get(m))]
    for message in known:
        if message.id and message.id not in wanted:
            said.append(f"{lang}: {message.id!r} is translated but no longer used")
        if message.id and message.fuzzy:
            said.append(f"{lang}: the translation of {message.id!r} is marked as doubtful")
        if _translated(message) and _fields(message.id) != _fields(message.string):
            said.append(f"{lang}: {message.id!r} and its translation name other fields")
    compiled = po_path(lang).with_suffix(".mo")
    if not compiled.exists() or compiled.read_bytes() != compile_catalog(known):
        said.append(f"{lang}: {compiled.name} was not compiled from the current .po")
    return sorted(said)


def compile_catalog(catalog: Catalog) -> bytes:
    """Return the bytes of the compiled translations, the same for the same texts."""
    page = io.BytesIO()
    plain = Compiled(locale=catalog.locale, charset="utf-8")
    for message in sorted(catalog, key=lambda message: str(message.id)):
        if message.id and _translated(message):
            plain.add(message.id, message.string)
    write_mo(page, plain)
    return page.getvalue()


def _header(lang: str, catalog: Catalog) -> str:
    """Return the head of a .po file, without dates, so that the same texts give the same file."""
    fields = [("Content-Type", "text/plain; charset=utf-8"), ("Language", lang)]
    lines = [f'"{name}: {value}\\n"' for name, value in [*fields, _plural_rule(catalog)]]
    return "\n".join(['msgid ""', 'msgstr ""', *lines, "", ""])


def _plural_rule(catalog: Catalog) -> tuple[str, str]:
    return "Plural-Forms", f"nplurals={catalog.num_plurals}; plural={catalog.plural_expr};"


def _translated(message) -> bool:
    if message is None:
        return False
    strings = message.string if isinstance(message.string, (list, tuple)) else [message.string]
    return bool(strings) and all(strings)


def _fields(text) -> set[str]:
    """Return the names in braces of a text, of all its plural forms together."""
    forms = text if isinstance(text, (list, tuple)) else [text]
    return {name for form in forms for _, name, _, _ in Formatter().parse(form) if name}


def update() -> list[str]:
    """Write the translation files anew and return what is still missing."""
    found = extract()
    said: list[str] = []
    for lang in TRANSLATIONS:
        merged = merge(lang, found)
        po_path(lang).parent.mkdir(parents=True, exist_ok=True)
        page = io.BytesIO()
        write_po(page, merged, width=_COLUMNS, sort_output=True, omit_header=True)
        po_path(lang).write_bytes(_header(lang, merged).encode() + page.getvalue())
        po_path(lang).with_suffix(".mo").write_bytes(compile_catalog(read(lang)))
        said += troubles(lang, found)
    return said


def check() -> list[str]:
    """Return what is wrong with all translations."""
    found = extract()
    return [trouble for lang in TRANSLATIONS for trouble in troubles(lang, found)]


def main(arguments: list[str]) -> int:
    """Update or check; return 1 if something is missing."""
    said = check() if arguments == ["--check"] else update()
    print(*said, sep="\n")
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

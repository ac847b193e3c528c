"""People read in their language: which one, and that nothing is left untranslated."""

from __future__ import annotations

import ast
import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from string import Formatter

import pytest

from brizna.core.errors import InputError
from brizna.meter._doctor import REASONS
from brizna.report import LANGUAGES, Format, pick_language, texts
from brizna.report._stored import STORED

ROOT = Path(__file__).resolve().parents[2]
TOOL = ROOT / "tools" / "texts.py"
SOURCE = ROOT / "src" / "brizna"


@pytest.fixture(scope="module")
def tool():
    """The script that keeps translations in step."""
    spec = importlib.util.spec_from_file_location("texts_tool", TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("option", "environ", "lang"),
    [
        ("es", {"BRIZNA_LANG": "en"}, "es"),
        (None, {"BRIZNA_LANG": "es", "LC_ALL": "en_GB.UTF-8"}, "es"),
        (None, {"LC_ALL": "es_ES.UTF-8", "LANG": "en_GB.UTF-8"}, "es"),
        (None, {"LC_MESSAGES": "es_MX", "LANG": "en_US.UTF-8"}, "es"),
        (None, {"LC_ALL": "C", "LANG": "es_ES.UTF-8"}, "en"),
        (None, {"LC_ALL": "", "LANG": "es"}, "es"),
        (None, {"LANG": "fr_FR.UTF-8"}, "en"),
        (None, {}, "en"),
    ],
)
def test_the_first_that_is_set_decides_the_language(option, environ, lang):
    assert pick_language(option, environ) == lang


def test_a_language_without_texts_is_refused_where_it_was_asked_for_by_name():
    with pytest.raises(InputError, match=r"--lang is 'fr'.*en, es"):
        pick_language("fr", {})
    with pytest.raises(InputError, match="BRIZNA_LANG"):
        pick_language(None, {"BRIZNA_LANG": "tlh"})
    with pytest.raises(InputError):
        texts("fr")


def test_every_text_is_translated_and_no_translation_is_stale(tool):
    assert tool.check() == []


def test_a_missing_a_stale_and_an_old_translation_are_noticed(tool, tmp_path, monkeypatch):
    monkeypatch.setattr(tool, "LOCALE", tmp_path)
    found = tool.Catalog()
    found.add("energy")
    found.add("{count} thing")
    tool.po_path("es").parent.mkdir(parents=True)
    tool.po_path("es").write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'
        'msgid "gone"\nmsgstr "ido"\n\nmsgid "{count} thing"\nmsgstr "una cosa"\n',
        encoding="utf-8",
    )
    said = "\n".join(tool.troubles("es", found))
    assert "no translation of 'energy'" in said
    assert "'gone' is translated but no longer used" in said
    assert "name other fields" in said
    assert "was not compiled" in said


def test_compiling_again_gives_the_same_bytes(tool):
    for lang in tool.TRANSLATIONS:
        compiled = tool.po_path(lang).with_suffix(".mo").read_bytes()
        assert tool.compile_catalog(tool.read(lang)) == compiled


def test_there_are_translations_for_every_language_but_the_sources(tool):
    assert {"en", *tool.TRANSLATIONS} == set(LANGUAGES)


def test_every_stored_text_is_still_written_by_some_other_room():
    written = "\n".join(
        node.value
        for path in sorted(SOURCE.rglob("*.py"))
        if path.parent.name != "report"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )
    for text in STORED:
        assert all(words in written for words, *_ in Formatter().parse(text)), text


_PROSE = re.compile(r"[A-Za-z][A-Za-z ,.;:'()-]*")
_NO_SENTENCES = (
    *("sudo ", "docker ", "getrusage "),
    *("select ", "insert into ", "delete from ", "order by "),  # what a database is asked
    "nothing is measured: ",  # a warning of Python's, which stays in English as errors do
)
"""How commands, calls and what only Python says begin."""


def literals(text):
    """Return the words of a template around its values; of what is no template, the whole."""
    try:
        return tuple(literal for literal, *_ in Formatter().parse(text) if literal)
    except ValueError:  # a bracket of another language
        return (text,)


def sentences(tree):
    """Yield the words of each text of four words or more that no call marks and no Python says."""
    outside = set()
    for node in ast.walk(tree):
        is_docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if is_docstring or isinstance(node, (ast.Assert, ast.Raise)):
            outside.update(ast.walk(node))
    for node in ast.walk(tree):
        if node in outside:
            continue
        words = None
        if isinstance(node, ast.JoinedStr):
            outside.update(ast.walk(node))
            words = tuple(part.value for part in node.values if isinstance(part, ast.Constant))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            words = literals(node.value)
        said = "".join(words or ())
        if said.count(" ") >= 3 and _PROSE.fullmatch(said) and not said.startswith(_NO_SENTENCES):
            yield words


FACES = ("integrations/_codecarbon_command.py", "integrations/pytest.py")
"""Faces of other tools, which speak English as those do."""


def test_every_sentence_that_other_rooms_write_is_translated(tool):
    known = {
        tuple(literal for literal, *_ in Formatter().parse(text) if literal)
        for text in (message.id for message in tool.extract())
        if isinstance(text, str)
    }
    unknown = {
        str(path.relative_to(SOURCE)): untold
        for path in sorted(SOURCE.rglob("*.py"))
        if path.relative_to(SOURCE).parts[0] not in ("report", "cli", "testing")
        and str(path.relative_to(SOURCE)) not in FACES
        if (untold := set(sentences(ast.parse(path.read_text(encoding="utf-8")))) - known)
    }
    assert not unknown, "mark it as Said, or list it in report/_stored.py"


def test_what_the_doctor_says_is_known_here():
    assert set(REASONS.values()) <= set(STORED)


def test_a_reason_is_translated_up_to_what_the_system_said():
    assert Format("es").stored("unreadable: Permission denied") == "ilegible: permiso denegado"
    assert Format("es").stored("Oops: something") == "Oops: something"
    assert Format("es").stored(None) == ""


def test_plurals_follow_the_language():
    for lang in LANGUAGES:
        one, two = (texts(lang).ngettext("{count} entry", "{count} entries", n) for n in (1, 2))
        assert one != two
    assert texts("es").ngettext("{count} entry", "{count} entries", 2) == "{count} entradas"


def test_english_at_the_end_of_a_run_loads_neither_gettext_nor_a_table_library():
    code = (
        "import sys\n"
        "from brizna.report import Format, run_lines\n"
        "Format('en').estimate\n"
        "print([m for m in ('gettext', 'rich', 'babel', 'jinja2', 'dataclasses') "
        "if m in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"

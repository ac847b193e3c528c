"""What a reader finds in our PDF files: their text, tags, language, standards, embedded fonts."""

from __future__ import annotations

import io

import pytest

from brizna.report import find_renderer, read_facts
from brizna.testing import sample_dossier

pytestmark = pytest.mark.heavy

MARKUP = '#read("/etc/passwd") $x^2$ @ref *b* \\ `raw`'


@pytest.fixture(scope="module")
def pypdf():
    return pytest.importorskip("pypdf")


def opened(pypdf, form, *, lang="es", **how):
    content = find_renderer(form).render(sample_dossier(**how), lang=lang).content
    return pypdf.PdfReader(io.BytesIO(content))


def text_of(reader):
    return " ".join(" ".join(page.extract_text() for page in reader.pages).split())


def test_pages_of_a_run_are_two_and_their_text_can_be_read(pypdf):
    reader = opened(pypdf, "pdf")
    text = text_of(reader)
    assert len(reader.pages) == 2
    for words in ("digits", "187 Wh", "150–235", "Europe/Madrid", "página 1 de 2", "sha256:"):
        assert words in text, words


def test_a_file_says_its_language_title_and_standards(pypdf):
    reader = opened(pypdf, "ai-act.pdf")
    root = reader.trailer["/Root"]
    assert root["/Lang"] == "es"
    assert root["/MarkInfo"]["/Marked"]
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert reader.metadata.title == "Reglamento de IA, anexo XI: cómputo y energía"
    told = root["/Metadata"].get_data().decode()
    assert "<pdfaid:part>2</pdfaid:part>" in told
    assert "<pdfaid:conformance>A</pdfaid:conformance>" in told
    assert "<pdfuaid:part>1</pdfuaid:part>" in told


def kinds(node):
    """Yield the kind of every element of the tree of tags."""
    node = node.get_object()
    if not hasattr(node, "get"):
        return
    if "/S" in node:
        yield node["/S"]
    inner = node.get("/K", [])
    for one in inner if isinstance(inner, list) else [inner]:
        yield from kinds(one)


def test_headings_and_tables_are_tagged(pypdf):
    reader = opened(pypdf, "mdf.pdf")
    found = list(kinds(reader.trailer["/Root"]["/StructTreeRoot"]))
    for kind in ("/H1", "/H2", "/P", "/Table", "/TH", "/TR", "/TD"):
        assert kind in found, kind


def test_every_font_is_embedded(pypdf):
    reader = opened(pypdf, "pdf")
    files = [
        inner.get_object()["/FontDescriptor"]
        for page in reader.pages
        for font in page["/Resources"]["/Font"].values()
        for inner in font.get_object()["/DescendantFonts"]
    ]
    assert files
    assert all("/FontFile2" in one or "/FontFile3" in one for one in files)


def test_what_looks_like_markup_is_printed_as_it_is(pypdf):
    facts = read_facts({"model": MARKUP, "publisher": "模型"}, where="test")
    text = text_of(opened(pypdf, "ai-act.pdf", facts=facts))
    assert '#read("/etc/passwd") $x^2$ @ref *b* \\ `raw`' in text
    assert "root:" not in text
    assert "U+6A21U+578B" in text

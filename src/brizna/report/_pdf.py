"""A document as PDF: tagged, PDF/A-2a and PDF/UA-1 at once, and the same bytes for the same texts.

Texts go to the typesetter as data, never as markup, so that no name or command in a record can
make it do anything. It reads no file and asks no host; the fonts are those that it carries:
Libertinus Serif (SIL Open Font Licence) and DejaVu Sans Mono (Bitstream Vera licence), embedded.
Signs of scripts that these do not hold are written by their number, ``U+4E2D``.
"""

from __future__ import annotations

from datetime import UTC, datetime
from json import dumps
from pathlib import Path

from brizna.core.errors import UnavailableError
from brizna.report._texts import texts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from brizna.report._sheet import Sheet

STANDARDS = ("a-2a", "ua-1")
"""What the file conforms to, as the typesetter checks it: for archives, and for everybody."""
_TEMPLATES = Path(__file__).resolve().parent / "templates"
_SCRIPTS = (
    (0x20, 0x7E),  # Latin, as ASCII has it
    (0xA0, 0xAC),  # and its first supplement, without the soft hyphen
    (0xAE, 0x17F),  # and the first extension: all languages of the Union but Greek and Bulgarian
    (0x386, 0x386),
    (0x388, 0x38A),
    (0x38C, 0x38C),
    (0x38E, 0x3A1),
    (0x3A3, 0x3CE),  # Greek
    (0x400, 0x45F),  # Cyrillic
    (0x2010, 0x2015),  # dashes
    (0x2018, 0x201E),  # quotation marks
    (0x2080, 0x2089),  # small digits, as in CO₂
)
_SIGNS = "\u2009\u202f…‰′″•→←↑↓≈≠≤≥−×÷∞√∑€₂²³"


def pdf_of(sheet: Sheet) -> bytes:
    """Return a document as PDF.

    Args:
        sheet: The document.

    Raises:
        UnavailableError: If typst is not installed.
    """
    told = sheet.to_json() | {"page": texts(sheet.lang).gettext("page {page} of {pages}")}
    return typeset("sheet.typ", told, issued=sheet.issued)


def typeset(template: str, told: Mapping[str, Any], *, issued: str) -> bytes:
    """Return a template filled with texts as PDF.

    Args:
        template: Its file among the templates; it reads its data as ``sheet``.
        told: What stands in it, as JSON; never read as markup.
        issued: Instant that the file bears, ISO 8601 with its offset.

    Raises:
        UnavailableError: If typst is not installed.
    """
    try:
        import typst
    except ImportError as error:
        raise UnavailableError("A PDF needs typst: pip install 'brizna[pdf]'.") from error
    instant = datetime.fromisoformat(issued).astimezone(UTC)
    data = {**_printed(told), "issued": list(instant.timetuple()[:6])}
    return typst.compile(
        (_TEMPLATES / template).read_bytes(),
        format="pdf",
        ignore_system_fonts=True,
        pdf_standards=list(STANDARDS),
        sys_inputs={"sheet": dumps(data)},
        timestamp=int(instant.timestamp()),
    )


def _printed(value: Any) -> Any:
    """Return texts with what the fonts cannot show written by number."""
    if isinstance(value, str):
        return "".join(sign if _is_held(sign) else f"U+{ord(sign):04X}" for sign in value)
    if isinstance(value, dict):
        return {name: _printed(inner) for name, inner in value.items()}  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, (list, tuple)):
        return [_printed(inner) for inner in value]  # pyright: ignore[reportUnknownVariableType]
    return value


def _is_held(sign: str) -> bool:
    return sign in _SIGNS or any(low <= ord(sign) <= high for low, high in _SCRIPTS)

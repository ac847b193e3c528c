"""Putting what was measured into an existing model card, without harming it.

Changes two places alone: the Hub's keys of the block ``co2_eq_emissions`` of the YAML head, and the
section between our two marks. All else keeps its bytes: comments, order, quotes, line ends. The
head is read as YAML before and after; where anything but our block would read otherwise, the card
is refused.
"""

from __future__ import annotations

import re

from brizna.core.errors import InputError, UnavailableError
from brizna.report._filling import Filling
from brizna.report._form_hf import BEGIN, END, KEY, metadata, section

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from brizna.report._dossier import Document, Dossier

_HEAD = re.compile(
    r"\A(\ufeff?)---[ \t]*(?:\r\n|\n)(.*?)^---[ \t]*(?:\r\n|\n|\Z)", re.DOTALL | re.MULTILINE
)
_OUR_KEYS = {"emissions", "source", "training_type", "geographical_location", "hardware_used"}
"""The keys of our block that the Hub knows; all others in it are somebody else's."""
_OURS = re.compile(rf"^(['\"]?){KEY}\1[ \t]*:")
_MARKS = tuple(
    re.compile(rf"^{re.escape(mark)}(?=[ \t]*\r?$)", re.MULTILINE) for mark in (BEGIN, END)
)
_TITLE = re.compile(r"^(#{1,6})[ \t]+(.*?)[ \t#]*$")
_FENCE = re.compile(r"^ {0,3}(```+|~~~+)")
_IMPACT = ("environmental impact", "impacto ambiental")


def into_card(card: bytes, dossier: Dossier, *, lang: str) -> Document:
    """Return a model card with what a dossier tells put into it.

    Args:
        card: The card as it is; UTF-8.
        dossier: What was measured.
        lang: Language of the section.

    Raises:
        InputError: If the card is no text, its head is no YAML or cannot be changed safely, our
            marks in it do not match, or the runs were no training.
        UnavailableError: If PyYAML is not installed, which reads the head.
    """
    try:
        text = card.decode()
    except UnicodeDecodeError as error:
        raise InputError(
            "The card is not UTF-8 ({reason}): expected Markdown with a YAML head.",
            reason=error.reason,
        ) from error
    end = "\r\n" if "\r\n" in text else "\n"
    form = Filling(dossier, lang=lang)
    changed = _with_head(text, metadata(form), end)
    return form.document(_with_section(changed, form, end))


def _with_head(text: str, ours: list[str], end: str) -> str:
    """Return the card with our block in its head: in place of the old one, else as the last.

    Where the emissions are not known the head stays: an older statement is not ours to remove.
    """
    if not ours:
        return text
    found = _HEAD.match(text)
    if found is None:
        if text.lstrip("\ufeff").startswith("---"):
            raise InputError(
                "The card's head begins with '---' and has no end: close it with a line '---'."
            )
        block = "".join(f"{line}{end}" for line in ours)
        return f"---{end}{block}---{end}{end if text else ''}{text}"
    head = found[2]
    before = _parsed(head)
    lines = head.splitlines(keepends=True)
    first, last = _block(lines)
    if (KEY in before) != (first < last):
        raise _unsafe()
    kept = [f"{line}{end}" for line in _foreign(lines[first + 1 : last])]
    block = [f"{line}{end}" for line in ours]
    new = "".join((*lines[:first], *block, *kept, *lines[last:]))
    try:
        after = _parsed(new)
    except InputError as error:
        raise _unsafe() from error
    expected = [(key, value) for key, value in before.items() if key != KEY]
    if KEY not in after or [pair for pair in after.items() if pair[0] != KEY] != expected:
        raise _unsafe()
    others = _not_ours(before.get(KEY))
    if {key: after[KEY].get(key) for key in others} != others:
        raise _unsafe()
    return text[: found.start(2)] + new + text[found.end(2) :]


def _foreign(lines: list[str]) -> list[str]:
    """Return the lines of our block that hold keys which are not ours, indented as ours are."""
    kept: list[str] = []
    indent: int | None = None
    is_kept = False
    for line in lines:
        words = line.strip()
        depth = len(line) - len(line.lstrip())
        if words and not words.startswith("#"):
            indent = depth if indent is None else indent
            if depth == indent:
                is_kept = words.partition(":")[0].strip("'\" ") not in _OUR_KEYS
        if is_kept and indent is not None:
            kept.append("  " + line.rstrip("\r\n")[min(depth, indent) :] if words else "")
    return kept


def _not_ours(block: Any) -> dict[Any, Any]:
    """Return what a block holds under keys that are not ours."""
    if not isinstance(block, dict):
        return {}
    return {key: value for key, value in block.items() if key not in _OUR_KEYS}  # pyright: ignore[reportUnknownVariableType]


def _block(lines: list[str]) -> tuple[int, int]:
    """Return where the lines of our block begin and end; both at the end if there is none."""
    for first, line in enumerate(lines):
        if _OURS.match(line):
            last = first + 1
            for place in range(first + 1, len(lines)):
                if lines[place][:1] in (" ", "\t") and lines[place].strip():
                    last = place + 1
                elif lines[place].strip():
                    break
            return first, last
    return len(lines), len(lines)


def _parsed(head: str) -> dict[Any, Any]:
    try:
        import yaml
    except ImportError as error:
        raise UnavailableError(
            "Putting figures into a card needs PyYAML, which reads its head: pip install "
            "'brizna[card]'."
        ) from error
    try:
        found: Any = yaml.safe_load(head)
    except yaml.YAMLError as error:
        raise InputError(
            "The card's head is not YAML ({reason}): correct it first, nothing was changed.",
            reason=" ".join(str(error).split()),
        ) from error
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise InputError(
            "The card's head is YAML without keys: expected one such as 'license: mit'. Nothing "
            "was changed."
        )
    return found  # pyright: ignore[reportUnknownVariableType]


def _unsafe() -> InputError:
    return InputError(
        "The key {key} of the card's head cannot be changed without touching others: write it as "
        "a block of its own, or remove it, and try again. Nothing was changed.",
        key=KEY,
    )


def _with_section(text: str, form: Filling, end: str) -> str:
    """Return the card with our section: in place of the old one, else where it belongs."""
    begins, ends = (list(mark.finditer(text)) for mark in _MARKS)
    marks = len(begins), len(ends)
    if marks not in ((0, 0), (1, 1)) or (begins and begins[0].start() > ends[0].start()):
        raise InputError(
            "The card has {begins} '{begin}' and {ends} '{end}': expected one of each, in this "
            "order, or none. Remove what is too much; nothing was changed.",
            begins=marks[0],
            begin=BEGIN,
            ends=marks[1],
            end=END,
        )
    start = begins[0].start() if begins else len(text)
    stop = ends[0].end() if begins else len(text)
    place, level = _impact(text[:start] + text[stop:])
    lines = [BEGIN, *section(form, level=level), END]
    ours = end.join(lines)
    if begins:
        return text[:start] + ours + text[stop:]
    rest = text[place:]
    before = text[:place]
    gap = "" if not before or before.endswith(end * 2) else end if before.endswith(end) else end * 2
    return before + gap + ours + end + (end if rest else "") + rest


def _impact(text: str) -> tuple[int, int]:
    """Return where our section goes and the level of its heading.

    At the end of a section about the environmental impact, a level below; else at the card's end.
    """
    place, depth = 0, 0
    fence = ""
    for line in text.splitlines(keepends=True):
        opened = _FENCE.match(line)
        if opened and not fence:
            fence = opened[1]
        elif opened and opened[1].startswith(fence):
            fence = ""
        title = None if fence else _TITLE.match(line.rstrip("\r\n"))
        if title and depth and len(title[1]) <= depth:
            return place, min(depth + 1, 6)
        if title and not depth and title[2].strip().lower().startswith(_IMPACT):
            depth = len(title[1])
        place += len(line)
    return place, min(depth + 1, 6) if depth else 2

"""A reader of the YAML that manifests and model cards are written in, with the line of each value.

It knows block and flow collections, plain and quoted scalars, literal and folded blocks, and
comments; it refuses anchors, aliases, tags and several documents, by name, rather than to guess.
PyYAML is not needed and not used: it says no lines, and a finding needs one.
"""

from __future__ import annotations

import re

from brizna.core.errors import InputError, Said

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_KEY = re.compile(r"""("(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^\s#\[\]{},"'][^#]*?)\s*:(?:\s+|$)""")
_QUOTED = re.compile(r""""(?:[^"\\]|\\.)*"|'(?:[^']|'')*'""")
_NUMBER = re.compile(r"[-+]?(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_WORDS = {"true": True, "false": False, "null": None, "~": None, "": None}
_DEEPEST = 40


class Node:
    """A value and the line on which it stands.

    Attributes:
        value: A dict of nodes, a list of nodes, text, a number, a truth value or None.
        line: From 1.
    """

    __slots__ = ("line", "value")

    def __init__(self, value: object, line: int) -> None:
        self.value = value
        self.line = line

    def __getitem__(self, key: str) -> Node:
        """Return what stands under a key; a node of None where nothing does."""
        found = self.value.get(key) if isinstance(self.value, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        return found if isinstance(found, Node) else Node(None, self.line)

    def items(self) -> Iterator[tuple[str, Node]]:
        """Yield the keys and nodes of a mapping; nothing of anything else."""
        if isinstance(self.value, dict):
            yield from self.value.items()  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType, reportUnknownVariableType]

    def each(self) -> Iterator[Node]:
        """Yield the nodes of a list; nothing of anything else."""
        if isinstance(self.value, list):
            yield from self.value  # pyright: ignore[reportUnknownMemberType]

    def number(self) -> float | None:
        """Return it as a number; None if it is none. Text that is a number counts as one."""
        if isinstance(self.value, bool) or self.value is None:
            return None
        if isinstance(self.value, (int, float)):
            return float(self.value)
        text = self.value if isinstance(self.value, str) else ""
        return float(text.replace("_", "")) if _NUMBER.fullmatch(text.strip()) else None

    def text(self) -> str | None:
        """Return it as text; None for nothing and for collections."""
        if self.value is None or isinstance(self.value, (dict, list)):
            return None
        return str(self.value)


def read_yaml(text: str, *, first_line: int = 1) -> Node:
    """Return what a YAML document holds.

    Args:
        text: The document.
        first_line: The line of its file on which it begins.

    Raises:
        InputError: If it is none, or uses what this reader refuses; names the line.
    """
    return _Reader(text, first_line).document()


class _Reader:
    def __init__(self, text: str, first_line: int) -> None:
        self.lines = text.splitlines()
        self.first = first_line
        self.at = 0

    def document(self) -> Node:
        self._skip()
        if self.at < len(self.lines) and self.lines[self.at].rstrip() == "---":
            self.at += 1
        node = self._block(0, 0)
        self._skip()
        if self.at < len(self.lines) and self.lines[self.at].rstrip() not in ("---", "..."):
            raise self._fault(Said("it is indented otherwise than what stands before it"))
        return node

    def _fault(self, seen: Said) -> InputError:
        return InputError(
            "Line {line} cannot be read as YAML: {seen}. Expected block or flow collections "
            "without anchors, aliases and tags; write it so.",
            line=self.first + min(self.at, max(len(self.lines) - 1, 0)),
            seen=seen,
        )

    def _skip(self) -> None:
        while self.at < len(self.lines):
            bare = self.lines[self.at].strip()
            if bare and not bare.startswith("#"):
                return
            self.at += 1

    def _indent(self) -> int:
        line = self.lines[self.at]
        bare = line.lstrip(" ")
        if bare.startswith("\t"):
            raise self._fault(Said("it is indented with a tab"))
        return len(line) - len(bare)

    def _block(self, least: int, depth: int) -> Node:
        if depth > _DEEPEST:
            raise self._fault(Said("it is nested too deeply"))
        self._skip()
        if self.at >= len(self.lines) or self._indent() < least:
            return Node(None, self.first + self.at)
        indent, line = self._indent(), self.first + self.at
        content = self.lines[self.at][indent:]
        if content == "-" or content.startswith("- "):
            return self._sequence(indent, depth)
        if _KEY.match(content):
            return self._mapping(indent, depth)
        self.at += 1
        return Node(self._value(content), line)

    def _sequence(self, indent: int, depth: int) -> Node:
        found, line = list[Node](), self.first + self.at
        while self._stands_at(indent):
            content = self.lines[self.at][indent:]
            if not (content == "-" or content.startswith("- ")):
                break
            rest = content[1:]
            if rest.strip() and not rest.strip().startswith("#"):
                inner = indent + 1 + len(rest) - len(rest.lstrip())
                self.lines[self.at] = " " * inner + rest.strip()
                found.append(self._block(inner, depth + 1))
            else:
                self.at += 1
                found.append(self._block(indent + 1, depth + 1))
        return Node(found, line)

    def _mapping(self, indent: int, depth: int) -> Node:
        found, line = dict[str, Node](), self.first + self.at
        while self._stands_at(indent):
            content = self.lines[self.at][indent:]
            match = _KEY.match(content)
            if match is None:
                raise self._fault(Said("it is no key with a value"))
            key, here = str(_scalar(match[1])), self.first + self.at
            if key in found:
                raise self._fault(Said("a key stands twice"))
            rest = _without_comment(content[match.end() :])
            self.at += 1
            found[key] = self._under(rest, here, indent, depth)
        return Node(found, line)

    def _under(self, rest: str, line: int, indent: int, depth: int) -> Node:
        """Return the value of a key: what stands behind it, or the block below it."""
        if rest[:1] in ("|", ">"):
            return Node(self._text(indent, folded=rest.startswith(">")), line)
        if rest:
            while rest[:1] in ("[", "{") and not _is_whole(rest) and self.at < len(self.lines):
                rest = f"{rest} {_without_comment(self.lines[self.at].strip())}"
                self.at += 1
            return Node(self._value(rest), line)
        self._skip()
        if self.at < len(self.lines):
            below = self.lines[self.at]
            is_list = below.strip() == "-" or below.lstrip().startswith("- ")
            if self._indent() > indent or (self._indent() == indent and is_list):
                return self._block(self._indent(), depth + 1)
        return Node(None, line)

    def _text(self, indent: int, *, folded: bool) -> str:
        kept: list[str] = []
        while self.at < len(self.lines):
            line = self.lines[self.at]
            if line.strip() and self._indent() <= indent:
                break
            kept.append(line.strip())
            self.at += 1
        return (" " if folded else "\n").join(kept).strip()

    def _stands_at(self, indent: int) -> bool:
        self._skip()
        if self.at >= len(self.lines) or self.lines[self.at].rstrip() in ("---", "..."):
            return False
        return self._indent() == indent

    def _value(self, text: str) -> object:
        text = _without_comment(text.strip())
        if text[:1] in ("&", "*", "!"):
            raise self._fault(Said("it has an anchor, an alias or a tag"))
        if text[:1] in ("[", "{"):
            value, rest = self._flow(text, 0)
            if rest.strip():
                raise self._fault(Said("something follows its closing bracket"))
            return value
        return _scalar(text)

    def _flow(self, text: str, depth: int) -> tuple[object, str]:
        """Return a flow collection or scalar, and what follows it."""
        text = text.lstrip()
        if depth > _DEEPEST:
            raise self._fault(Said("it is nested too deeply"))
        if text[:1] not in ("[", "{"):
            end = _end_of_scalar(text)
            if end == 0:
                raise self._fault(Said("a value is missing between its brackets"))
            return _scalar(text[:end].strip()), text[end:]
        is_map, rest = text[0] == "{", text[1:].lstrip()
        close = "}" if is_map else "]"
        pairs, members, line = dict[str, Node](), list[Node](), self.first + self.at - 1
        while not rest.startswith(close):
            if not rest:
                raise self._fault(Said("a bracket is not closed"))
            if is_map:
                key, colon, rest = rest.partition(":")
                if not colon:
                    raise self._fault(Said("it is no key with a value"))
                value, rest = self._flow(rest, depth + 1)
                pairs[str(_scalar(key.strip()))] = Node(value, line)
            else:
                value, rest = self._flow(rest, depth + 1)
                members.append(Node(value, line))
            rest = rest.lstrip().removeprefix(",").lstrip()
        return (pairs if is_map else members), rest[1:]


def _is_whole(text: str) -> bool:
    return text.count("[") == text.count("]") and text.count("{") == text.count("}")


def _end_of_scalar(text: str) -> int:
    quoted = _QUOTED.match(text)
    if quoted is not None:
        return quoted.end()
    ends = [place for mark in ",]}" if (place := text.find(mark)) >= 0]
    return min(ends, default=len(text))


def _without_comment(text: str) -> str:
    """Return a value without the comment behind it; a ``#`` inside a text is none."""
    text = text.strip()
    quoted = _QUOTED.match(text)
    if quoted is not None:
        return quoted[0]
    if text.startswith("#"):
        return ""
    place = text.find(" #")
    return text if place < 0 else text[:place].rstrip()


def _scalar(text: str) -> object:
    if len(text) > 1 and text[0] == text[-1] == "'":
        return text[1:-1].replace("''", "'")
    if len(text) > 1 and text[0] == text[-1] == '"':
        return text[1:-1].replace('\\"', '"').replace("\\n", "\n").replace("\\\\", "\\")
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    if _NUMBER.fullmatch(text):
        plain = text.replace("_", "")
        return int(plain) if plain.lstrip("+-").isdigit() else float(plain)
    return text

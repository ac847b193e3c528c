"""Cut secrets out of command lines before they are stored.

What is cut is replaced by ``[redacted]``. Looked for are: values of options and assignments whose
name says that they are secret, passwords inside addresses, authorisation headers, and texts with
the form of a well-known kind of key. A password typed as a bare word cannot be told from another
word: pass it by a variable or a file.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

CUT = "[redacted]"
_LONGEST = 2000
"""Characters of one argument that are kept: a script given in the command line is not a record."""

_WORDS = (
    "api[-_]?key|access[-_]?key|private[-_]?key|key|secret|token|pass|passphrase|credentials?|auth"
    r"|pwd|cookie|session|\w{0,128}passw(?:or)?d|contrase[nñ]a|clave"
)
_NAME = rf"(?:[\w.-]{{0,128}}[-_.])?(?:{_WORDS})(?:[-_.][\w.-]{{0,128}})?"
"""A name with a part that says secret: ``hf_token`` has one, ``tokenizer`` has none.

No name is longer than its bounds: without them a long argument takes seconds to search."""
_OPTION = re.compile(rf"^--?{_NAME}$", re.IGNORECASE)
_USER_OPTIONS = ("-u", "--user", "--proxy-user")
"""What curl and others are told a name and a password with."""
_OPTION_WITH_VALUE = re.compile(rf"^(--?{_NAME}=).+", re.IGNORECASE | re.DOTALL)
_ASSIGNMENT = re.compile(
    rf"((?:^|[\s?&;,\"'{{(-]){_NAME}[\"']?\s*[=:]\s*[\"']?)"
    r"((?<=\")(?!\s)[^\"]+|(?<=')(?!\s)[^']+|[^\s&\"',;]+)",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"([a-z][a-z0-9+.-]*://[^/\s:@]*):[^/\s@]+@", re.IGNORECASE)
_BLOCK = re.compile(r"(-----BEGIN [A-Z ]*PRIVATE KEY-----).+", re.DOTALL)
_COOKIE = re.compile(r"(cookie:\s*).+", re.IGNORECASE | re.DOTALL)
_HEADER = re.compile(r"((?:bearer|basic|authorization:?\s+\w+)\s+)[\w.~+/=-]{8,}", re.IGNORECASE)
_KEY = re.compile(
    r"\b(?:"
    r"(?:AKIA|ASIA)[0-9A-Z]{16}"  # AWS access key ids
    r"|gh[pousr]_[0-9A-Za-z]{20,}|github_pat_\w{20,}"  # GitHub
    r"|hf_[0-9A-Za-z]{20,}"  # Hugging Face
    r"|sk-[\w-]{16,}"  # OpenAI, Anthropic and others
    r"|xox[abprs]-[\w-]{10,}"  # Slack
    r"|glpat-[\w-]{16,}"  # GitLab
    r"|eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"  # JSON web tokens
    r"|[0-9a-f]{40}(?=\b)"  # forty hexadecimal digits: W&B and many others
    r")"
)


def redact(command: Iterable[str]) -> tuple[str, ...]:
    """Return a command line without the secrets that can be told as such.

    What goes beyond the length of a record is left out, and its place says so.
    """
    kept: list[str] = []
    before, left = "", _LONGEST
    words = list(command)
    for place, word in enumerate(words):
        if left <= 0:
            kept.append(f"[{len(words) - place} more]")
            break
        shown = word if len(word) <= left else f"{word[:left]}[...]"
        left -= len(shown) + 1
        kept.append(_cut(shown, before))
        before = word
    return tuple(kept)


def _cut(word: str, before: str) -> str:
    """Return a word without its secrets, given the word before it."""
    if _OPTION.match(before) and not word.startswith("-"):
        return CUT
    if before in _USER_OPTIONS and ":" in word:
        return f"{word.partition(':')[0]}:{CUT}"
    word = _BLOCK.sub(rf"\1{CUT}", word)
    word = _COOKIE.sub(rf"\1{CUT}", word)
    word = _OPTION_WITH_VALUE.sub(rf"\1{CUT}", word)
    word = _ADDRESS.sub(rf"\1:{CUT}@", word)
    word = _HEADER.sub(rf"\1{CUT}", word)
    word = _ASSIGNMENT.sub(rf"\1{CUT}", word)
    return _KEY.sub(CUT, word)

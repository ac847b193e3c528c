"""The command line: parses, calls the verbs, prints what the report room renders.

Data to stdout, talk to stderr. Exit codes: 0 done, 1 check failed, 2 wrong use, 3 not available
here, 4 cannot tell; `run` returns the command's own. No logic lives here.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command of the command line and return its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words and words[0] == "mark":
        code = _mark(words[1:])
        if code is not None:
            return code
    from brizna.cli._dispatch import dispatch

    return dispatch(words)


def _mark(words: Sequence[str]) -> int | None:
    """Make the plain mark that a loop makes; anything else, and what fails, is left to others."""
    if len(words) != 1 or words[0].startswith("-") or not words[0]:
        return None
    from brizna.core.errors import BriznaError
    from brizna.verbs._mark import mark

    try:
        mark(words[0], environ=os.environ)
    except BriznaError:
        return None  # tried again where it can be said in the person's language
    return 0

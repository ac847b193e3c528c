"""Write the documents that a command was asked for, and say where they are."""

from __future__ import annotations

import os

from brizna.core.errors import UnavailableError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace

    from brizna.check import Rule, Verification
    from brizna.cli._dispatch import Context
    from brizna.cli._parser import Parser


def put(context: Context, path: str, data: bytes) -> None:
    """Write a document whole, or not at all.

    Raises:
        UnavailableError: If it cannot be written.
    """
    from brizna.store import replace_file

    full = os.path.abspath(path)
    try:
        replace_file(full, data)
    except OSError as error:
        raise UnavailableError(
            "{path!r} could not be written ({reason}): name another file.",
            path=full,
            reason=error.strerror,
        ) from error
    context.say(full)


def add_findings(parser: Parser) -> None:
    """Add the files that findings are written to for other programs."""
    _ = parser.texts.gettext
    parser.add_argument("--sarif", metavar="FILE", help=_("write the findings as SARIF 2.1.0"))
    parser.add_argument("--junit", metavar="FILE", help=_("write the verdicts as JUnit's XML"))


def put_findings(
    context: Context, given: Namespace, found: Verification, rules: dict[str, Rule]
) -> None:
    """Write the files that `add_findings` offers and somebody asked for."""
    from json import dumps

    from brizna.core.version import VERSION
    from brizna.report import findings_junit, findings_sarif

    if given.sarif is not None:
        data = findings_sarif([found], rules, lang=context.lang, version=VERSION)
        put(context, given.sarif, dumps(data, ensure_ascii=False, indent=1).encode() + b"\n")
    if given.junit is not None:
        put(context, given.junit, findings_junit([found], rules, lang=context.lang))

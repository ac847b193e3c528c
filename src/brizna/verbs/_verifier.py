"""The verifier that lies in every auditor's bundle: judges a bundle, with Python alone.

``python brizna-verify.pyz BUNDLE`` comes to the same verdict as ``brizna verify BUNDLE``, needs no
installation and asks no host. It is made of the very files of brizna that judged the bundle when
it was made; whoever does not trust the one in the bundle takes it from a brizna of their own.
"""

from __future__ import annotations

import os
import sys
import time
from datetime import UTC, datetime

from brizna.check import ENVIRONMENT_RULES, RULES
from brizna.core.errors import BriznaError
from brizna.report import findings_lines, pick_language, said, texts
from brizna.verbs._bundle_files import verify_bundle
from brizna.verbs._bundle_signed import whom_to_believe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Sequence

CODES = {"pass": 0, "fail": 1, "cannot-tell": 4}
"""The exit code of each outcome."""
_WRONG_USE = 2


def main(words: Sequence[str] | None = None) -> int:
    """Judge a bundle, print what was found, and return the exit code.

    Args:
        words: The arguments; those of this process if None.
    """
    asked = list(sys.argv[1:] if words is None else words)
    option = asked[asked.index("--lang") + 1] if "--lang" in asked[:-1] else None
    try:
        lang = pick_language(option, os.environ)
        given = _parser(lang).parse_args(asked)
        now = datetime.fromtimestamp(time.time(), UTC)
        whom = whom_to_believe(given.signed_by, None)
        found = verify_bundle(given.bundle, now=now, digest=given.digest, whom=whom)
    except BriznaError as error:
        sys.stderr.write(f"brizna-verify: {said(error, option or 'en')}\n")
        return _WRONG_USE
    if given.json:
        from json import dumps

        text = dumps([found.to_json()], ensure_ascii=False, indent=1)
    else:
        rules = {**RULES, **ENVIRONMENT_RULES}
        lines = findings_lines([found], rules, lang=lang, derivation=given.derivation)
        text = "\n".join(lines)
    sys.stdout.write(f"{text}\n")
    return CODES[found.outcome()]


def _parser(lang: str) -> ArgumentParser:
    from argparse import ArgumentParser

    _ = texts(lang).gettext
    parser = ArgumentParser(
        "brizna-verify", description=_("Verify an auditor's bundle, without network.")
    )
    parser.add_argument(
        "bundle", nargs="?", default=".", help=_("the bundle, or the folder it was unpacked into")
    )
    parser.add_argument("--digest", help=_("the digest that was told when the bundle was made"))
    parser.add_argument(
        "--signed-by", metavar="KEY", help=_("a file with the public key that must have signed it")
    )
    parser.add_argument("--lang", help=_("language of what people read: en or es"))
    parser.add_argument("--json", action="store_true", help=_("print JSON"))
    parser.add_argument(
        "--derivation",
        action="store_true",
        help=_("show the figures behind each verdict, of rules that are kept too"),
    )
    return parser

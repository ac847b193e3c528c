"""What commands that make series of trials share: options, and telling what was found."""

from __future__ import annotations

import os
from errno import EISDIR

from brizna.core.errors import InputError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable

    from brizna.cli._dispatch import Context
    from brizna.cli._parser import Parser
    from brizna.core.sweep import Sweep
    from brizna.core.tune import Tune
    from brizna.improve import Improvement

_SEEDS = 2**31
_CANNOT_TELL = 4


def add_series(parser: Parser, *, resume: str) -> None:
    """Add the options that series of trials of a command share.

    Args:
        parser: Of the command.
        resume: What ``--resume`` does.
    """
    _ = parser.texts.gettext
    parser.add_argument("--resume", metavar="NAME", nargs="?", const="", help=resume)
    parser.add_argument(
        "--show-output",
        action="store_true",
        help=_("show on stderr what the command prints, instead of dropping it"),
    )
    parser.add_argument("--html", metavar="FILE", help=_("write a page with the front"))


def drawn_seed() -> int:
    """Return a seed that nobody chose."""
    from random import SystemRandom

    return SystemRandom().randrange(_SEEDS)


def tell_found(
    context: Context,
    given: Namespace,
    found: Sweep | Tune | Improvement,
    lines: Callable[..., list[str]],
    page: Callable[..., bytes],
) -> int:
    """Tell what was found, as it was asked for; return the exit code, 4 with nothing to take."""
    record = found.to_json()
    if given.json:
        context.tell_json(record)
    else:
        style = {"lang": context.lang, "width": context.width, "color": context.color}
        context.tell(*lines(record, **style))
    if given.html is not None:  # last: what was found is told, wherever the page cannot be put
        write_page(given.html, page(record, lang=context.lang))
    taken = record["chosen"] if "chosen" in record else record["recommended"]
    return 0 if taken is not None else _CANNOT_TELL


def check_page(path: str | None) -> None:
    """Refuse to work for minutes for a page that cannot be written in the end.

    Raises:
        InputError: If that is so.
    """
    from tempfile import TemporaryFile

    if path is None:
        return
    try:
        if os.path.isdir(path):
            raise IsADirectoryError(EISDIR, os.strerror(EISDIR))
        with TemporaryFile(dir=os.path.dirname(path) or "."):
            return
    except OSError as error:
        raise _unwritable(path, error) from error


def write_page(path: str, page: bytes) -> None:
    """Write a page into a file.

    Raises:
        InputError: If it cannot be written.
    """
    from brizna.store import replace_file

    try:
        replace_file(path, page)
    except OSError as error:
        raise _unwritable(path, error) from error


def _unwritable(path: str, error: OSError) -> InputError:
    return InputError(
        "{path!r} cannot be written ({reason}): name a file in a folder that is there.",
        path=path,
        reason=error.strerror or error,
    )

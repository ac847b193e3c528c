"""What a document says of the file that it goes to, and of the instant of its making."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime

from brizna.core.errors import InputError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_INSTANT = "SOURCE_DATE_EPOCH"
"""The variable by which builds that can be repeated set the time [1].

References:
    [1] Reproducible Builds, SOURCE_DATE_EPOCH specification, version 1.1.
"""
_ANY = {"", ".txt"}
"""What a file of any form may end in."""


def check_suffix(form: str, output: str | None, media: Sequence[str]) -> None:
    """Refuse a file whose name promises what the form is not.

    Args:
        form: What ``--as`` says.
        output: Where it goes; None for stdout.
        media: What files of the form end in.

    Raises:
        InputError: If the name ends otherwise.
    """
    ending = os.path.splitext(output or "")[1].lower()
    if ending in _ANY or ending in {os.path.splitext(f"x{one}")[1] for one in media}:
        return
    raise InputError(
        "{output!r} ends in {ending}, but the form {form} is written as {media}: name the file so, "
        "or choose another form with --as.",
        output=output,
        ending=ending,
        form=form,
        media=", ".join(media),
    )


def issued_at(environ: Mapping[str, str]) -> datetime:
    """Return the instant of a report: the one that SOURCE_DATE_EPOCH sets, else now.

    Args:
        environ: The variables of the environment.

    Raises:
        InputError: If it is no whole number of seconds since 1970.
    """
    text = environ.get(_INSTANT)
    if not text:
        return datetime.fromtimestamp(time.time(), UTC)
    try:
        return datetime.fromtimestamp(int(text), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise InputError(
            "{name} is {text!r}: expected whole seconds since 1970-01-01 in UTC, such as "
            "1764489600.",
            name=_INSTANT,
            text=text,
        ) from error

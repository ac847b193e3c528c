"""Rules and verdicts: whether what was found is good enough, and how sure that is.

Promises: a verdict says what it is drawn from; where that is too little it is neither yes nor no,
but says what is missing. Pure: chance, files and clocks come in as arguments. Refuses to pass what
it cannot tell.
"""

from __future__ import annotations

from brizna.core.lazy import lazily

TYPE_CHECKING = False
if TYPE_CHECKING:
    from brizna.check._noninferiority import (
        Guard,
        confirm,
        holm,
        non_inferior,
        non_inferior_figure,
    )

__all__ = ["Guard", "confirm", "holm", "non_inferior", "non_inferior_figure"]

_HOMES = {
    "Guard": "_noninferiority",
    "confirm": "_noninferiority",
    "holm": "_noninferiority",
    "non_inferior": "_noninferiority",
    "non_inferior_figure": "_noninferiority",
}

__getattr__ = lazily(__name__, _HOMES)

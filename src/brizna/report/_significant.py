"""Numbers with a fixed count of significant figures, as forms of law ask for them."""

from __future__ import annotations

from math import floor, log10

from brizna.report._format import MARKS


def significant(value: float, *, lang: str, figures: int = 2) -> str:
    """Return a number as ``1.0×10^2``: 99.6 has become 1.0×10^2 after rounding, not 10×10^1.

    Args:
        value: The number.
        lang: One of `LANGUAGES`: its decimal mark.
        figures: How many figures, one or more.
    """
    mantissa, _, power = f"{value:.{figures - 1}e}".partition("e")
    mantissa = mantissa.replace(".", str(MARKS[lang]["decimal"])).replace("-", "\u2212")
    return f"{mantissa}×10^{int(power)}"


def order_of_magnitude(value: float) -> str:
    """Return the power of ten at or below a positive number: 3.8e25 is ``10^25``."""
    return f"10^{floor(log10(value))}"

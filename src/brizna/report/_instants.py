"""Instants as the readers of a language are used to: their day, their clock, its place named."""

from __future__ import annotations

from datetime import UTC, datetime

TIME_ZONES = {"es": "Europe/Madrid"}
"""By language, the clock that documents go by; UTC for the others."""
_PATTERNS = {"es": "%d/%m/%Y, %H:%M"}
_PATTERN = "%Y-%m-%d, %H:%M"


def tell_instant(instant: str, lang: str) -> str:
    """Return an instant to the minute, with the clock it is told by.

    Args:
        instant: ISO 8601 with its offset.
        lang: One of `LANGUAGES`.
    """
    told = datetime.fromisoformat(instant)
    name = TIME_ZONES.get(lang, "UTC")
    try:
        from zoneinfo import ZoneInfo

        told = told.astimezone(ZoneInfo(name))
    except (ImportError, KeyError):  # this machine keeps no time zones
        told, name = told.astimezone(UTC), "UTC"
    return f"{told.strftime(_PATTERNS.get(lang, _PATTERN))} ({name})"

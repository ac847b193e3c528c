"""The logger that trackers write to."""

from __future__ import annotations

from brizna.integrations.codecarbon import logger

__all__ = ["logger", "set_logger_format", "set_logger_level"]


def set_logger_level(level: int | str | None = None) -> None:
    """Set from which level on messages are shown."""
    if level is not None:
        logger.setLevel(level.upper() if isinstance(level, str) else level)


def set_logger_format(preamble: str | None = None) -> None:
    """Take the preamble and leave it: brizna's messages say where they come from."""

"""The names that scripts import from ``codecarbon.output``."""

from __future__ import annotations

from brizna.integrations.codecarbon import EmissionsData, LoggerOutput

__all__ = ["EmissionsData", "LoggerOutput"]

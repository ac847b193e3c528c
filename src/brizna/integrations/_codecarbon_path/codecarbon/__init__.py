"""Stands for the package ``codecarbon`` where a script is run by brizna in its stead."""

from __future__ import annotations

from enum import StrEnum

from brizna.core.version import VERSION
from brizna.integrations.codecarbon import (
    EmissionsTracker,
    OfflineEmissionsTracker,
    track_emissions,
)

__all__ = ["EmissionsTracker", "OfflineEmissionsTracker", "OutputMethod", "track_emissions"]
__app_name__ = "codecarbon"
__version__ = f"3+brizna.{VERSION}"


class OutputMethod(StrEnum):
    """Where figures go; of these brizna's trackers heed ``CSV`` and ``LOGGER``."""

    CSV = "csv"
    API = "api"
    LOGGER = "logger"
    PROMETHEUS = "prometheus"
    LOGFIRE = "logfire"
    BOAMPS = "boamps"

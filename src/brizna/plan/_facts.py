"""Facts of a declared choice of place or chip."""

from __future__ import annotations

from brizna.core.declared import ANY, POSITIVE, SHARE
from brizna.core.quantities import (
    Carbon,
    CarbonIntensity,
    Duration,
    Energy,
    Money,
    Power,
    Ratio,
    Tariff,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from brizna.core.declared import Facts

FACTS: Facts = {
    "busy_w": (Power, "W", POSITIVE),
    "idle_w": (Power, "W", ANY),
    "work_per_h": (Ratio, "1", POSITIVE),
    "speed": (Ratio, "1", POSITIVE),
    "embodied_kg": (Carbon, "kg", ANY),
    "lifetime_y": (Duration, "y", POSITIVE),
    "pue": (Ratio, "1", POSITIVE),
    "intensity_g_per_kwh": (CarbonIntensity, "g/kWh", ANY),
    "tariff_per_kwh": (Tariff, "¤/kWh", ANY),
    "price_per_h": (Money, "¤", ANY),
    "purchase": (Money, "¤", ANY),
    "upkeep_per_y": (Money, "¤", ANY),
    "fee_per_month": (Money, "¤", ANY),
    "keeps": (Ratio, "1", ANY),
    "off": (Ratio, "1", SHARE),
    "spare": (Ratio, "1", ANY),
    "start_min": (Duration, "min", ANY),
    "between_interruptions_h": (Duration, "h", POSITIVE),
    "checkpoint_wh": (Energy, "Wh", ANY),
    "restart_min": (Duration, "min", ANY),
}
"""Field of a case: as which quantity and in which unit it is read, and what it may be."""

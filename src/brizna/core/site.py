"""Sites: where a run happens, as far as it is known."""

from __future__ import annotations

from brizna.core.errors import InputError
from brizna.core.estimate import Estimate, estimate_of
from brizna.core.quantities import CarbonIntensity, Ratio, Tariff, WaterIntensity
from brizna.core.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, ClassVar


class Site(Record):
    """Where a run happens: what was declared or found, and what is not known (None).

    Attributes:
        zone: Grid zone, such as ``ES`` or ``US-CAL-CISO``.
        zone_origin: How the zone is known: ``option``, ``environment ...``, a file's path,
            ``case``, or ``time-zone`` (a guess, accounted with a wide interval).
        time_zone: IANA name of the machine's time zone.
        pue: Facility energy over IT energy, at least 1.
        wue_l_per_kwh: Water used on site per IT energy.
        tariff_per_kwh: Price of electricity, in ``currency``.
        currency: ISO 4217 code, e.g. ``EUR``.
        intensity_g_per_kwh: Declared location-based carbon intensity; wins over the zone's factor.
        hardware: What the machine is: ``cpu``, ``vcpus``, ``memory_gb``, ``gpus``, ``virtual`` ...
    """

    zone: str | None = None
    zone_origin: str | None = None
    time_zone: str | None = None
    pue: Estimate | None = None
    wue_l_per_kwh: Estimate | None = None
    tariff_per_kwh: Estimate | None = None
    currency: str | None = None
    intensity_g_per_kwh: Estimate | None = None
    hardware: dict[str, Any] | None = None

    _forms: ClassVar = {
        "pue": estimate_of(Ratio),
        "wue_l_per_kwh": estimate_of(WaterIntensity),
        "tariff_per_kwh": estimate_of(Tariff),
        "intensity_g_per_kwh": estimate_of(CarbonIntensity),
    }

    def _check(self) -> None:
        if self.pue is not None and self.pue.best.value < 1:
            raise InputError(
                "PUE is {pue:g}, but a facility uses at least what its IT uses: give a number "
                "from 1 up, such as 1.2.",
                pue=self.pue.best.value,
            )
        if (self.tariff_per_kwh is None) != (self.currency is None):
            raise InputError("A tariff needs a currency, and a currency a tariff: give both.")

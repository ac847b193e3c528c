"""Sites: where a run happens, as far as it is known."""

from __future__ import annotations

from brizna.core.errors import InputError
from brizna.core.estimate import Estimate, estimate_of
from brizna.core.quantities import CarbonIntensity, Duration, Ratio, Tariff, WaterIntensity
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
        machine: What somebody says that the machine is, for the carbon of its making: an item of
            table ``embodied``, kilograms, or the parts of a server.
        lifetime_s: Service life of the machine.
        hardware_share: Part of the machine that is reserved for the work, in [0, 1].
        ewif_l_per_kwh: Water of making the electricity, per facility energy.
        market_g_per_kwh: What the contract or the supplier's label says of the electricity.
        guaranteed_share: Part of it that guarantees of origin cover, in [0, 1].
        marginal_g_per_kwh: What one more kWh emits here.
        operator: Who runs the data centre, for its published PUE and WUE where none is declared.
        contract: What the supply of electricity pays, as `brizna.account.read_contract` reads it.
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
    machine: str | None = None
    lifetime_s: Estimate | None = None
    hardware_share: Estimate | None = None
    ewif_l_per_kwh: Estimate | None = None
    market_g_per_kwh: Estimate | None = None
    guaranteed_share: Estimate | None = None
    marginal_g_per_kwh: Estimate | None = None
    contract: dict[str, Any] | None = None
    operator: str | None = None

    _later: ClassVar = (
        *("contract", "operator"),
        *("machine", "lifetime_s", "hardware_share", "ewif_l_per_kwh"),
        *("market_g_per_kwh", "guaranteed_share", "marginal_g_per_kwh"),
    )
    _forms: ClassVar = {
        "lifetime_s": estimate_of(Duration),
        "hardware_share": estimate_of(Ratio),
        "ewif_l_per_kwh": estimate_of(WaterIntensity),
        "market_g_per_kwh": estimate_of(CarbonIntensity),
        "guaranteed_share": estimate_of(Ratio),
        "marginal_g_per_kwh": estimate_of(CarbonIntensity),
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
        if self.tariff_per_kwh is not None and self.contract is not None:
            raise InputError(
                "Both a tariff and a contract are given: keep one, as both are the price of the "
                "electricity."
            )

"""What a footprint takes from outside the run: assumptions, and the unit of work."""

from __future__ import annotations

from math import inf

from brizna.account._charges import Charge, Exchange
from brizna.core.errors import InputError
from brizna.core.estimate import estimate_of
from brizna.core.factors import Factor
from brizna.core.quantities import (
    Carbon,
    CarbonIntensity,
    Duration,
    Energy,
    Power,
    Ratio,
    Tariff,
    WaterIntensity,
)
from brizna.core.records import Record, each

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import ClassVar

    from brizna.core.estimate import Estimate


class FunctionalUnit(Record):
    """What a footprint is divided by: R of the SCI specification (ISO/IEC 21031:2024).

    Attributes:
        name: One of what, e.g. ``inference`` or ``1000 tokens``.
        count: How many of them this run did; above 0.
    """

    name: str
    count: float

    def _check(self) -> None:
        if not 0 < self.count < inf:
            raise InputError(
                "The functional unit {name!r} was done {count} times: SCI divides by this count, "
                "so it must be above 0 and finite.",
                name=self.name,
                count=self.count,
            )


class Assumptions(Record):
    """Everything that a footprint takes from outside the run, and the factors it came from.

    Attributes:
        pue: Facility energy per IT energy.
        intensity_g_per_kwh: Location-based carbon intensity of the electricity.
        wue_l_per_kwh: Water used on site per IT energy.
        ewif_l_per_kwh: Water used off site per facility energy, to make the electricity.
        tariff_per_kwh: Price of electricity, in ``currency``.
        embodied_g: Carbon of making the whole hardware.
        lifetime_s: Expected service life of the hardware.
        hardware_share: Part of the hardware reserved for this work, in [0, 1].
        functional_unit: What to divide by for SCI.
        factors: The published numbers behind these, frozen.
        reasons: For each field that is None, why.
        hourly_g_per_kwh: Mean of the hours' intensity, each weighed by the energy drawn in it.
        market_g_per_kwh: What the contract or the supplier's label says of the electricity that no
            guarantee of origin covers; where that is unknown, the location's.
        guaranteed_share: Part of the electricity that guarantees of origin cover, in [0, 1].
        guaranteed_g_per_kwh: Intensity of the electricity that they are about.
        marginal_g_per_kwh: What one more kWh would have emitted.
        renewable_share: Part of the location's electricity that is renewable, in [0, 1].
        mix: The location's electricity by source, shares that sum to 1; empty where not known.
        transfer_gb: Data that was moved over networks, in GB.
        transfer_j_per_gb: Energy of the networks for each.
        storage_tb: Storage that was held meanwhile, copies included, in TB.
        storage_w_per_tb: Power of each.
        embodied_items: Which of `brizna.account.EMBODIED` a declared ``embodied_g`` holds; empty
            where nobody said.
        charges: What is paid, where it is more than a price for each kWh; ``tariff_per_kwh`` is
            then one of them.
        exchanges: The stated rates by which charges in other currencies are converted.
        ewif_origin: ``declared``, or ``mix`` where it is that of the sources of `mix`; None in
            records of before brizna said so.
    """

    pue: Estimate
    intensity_g_per_kwh: Estimate | None = None
    wue_l_per_kwh: Estimate | None = None
    ewif_l_per_kwh: Estimate | None = None
    tariff_per_kwh: Estimate | None = None
    currency: str | None = None
    embodied_g: Estimate | None = None
    lifetime_s: Estimate | None = None
    hardware_share: Estimate | None = None
    functional_unit: FunctionalUnit | None = None
    factors: tuple[Factor, ...] = ()
    reasons: dict[str, str] = {}
    hourly_g_per_kwh: Estimate | None = None
    market_g_per_kwh: Estimate | None = None
    guaranteed_share: Estimate | None = None
    guaranteed_g_per_kwh: Estimate | None = None
    marginal_g_per_kwh: Estimate | None = None
    renewable_share: Estimate | None = None
    mix: dict[str, float] = {}
    transfer_gb: Estimate | None = None
    transfer_j_per_gb: Estimate | None = None
    storage_tb: Estimate | None = None
    storage_w_per_tb: Estimate | None = None
    embodied_items: tuple[str, ...] = ()
    charges: tuple[Charge, ...] = ()
    exchanges: tuple[Exchange, ...] = ()
    ewif_origin: str | None = None

    _later: ClassVar = (
        *("hourly_g_per_kwh", "market_g_per_kwh", "guaranteed_share", "guaranteed_g_per_kwh"),
        *("marginal_g_per_kwh", "renewable_share", "mix", "transfer_gb", "transfer_j_per_gb"),
        *("storage_tb", "storage_w_per_tb", "embodied_items", "charges", "exchanges"),
        "ewif_origin",
    )
    _forms: ClassVar = {
        "hourly_g_per_kwh": estimate_of(CarbonIntensity),
        "market_g_per_kwh": estimate_of(CarbonIntensity),
        "guaranteed_share": estimate_of(Ratio),
        "guaranteed_g_per_kwh": estimate_of(CarbonIntensity),
        "marginal_g_per_kwh": estimate_of(CarbonIntensity),
        "renewable_share": estimate_of(Ratio),
        "transfer_gb": estimate_of(Ratio),
        "transfer_j_per_gb": estimate_of(Energy),
        "storage_tb": estimate_of(Ratio),
        "storage_w_per_tb": estimate_of(Power),
        "embodied_items": tuple,
        "charges": each(Charge.from_json),
        "exchanges": each(Exchange.from_json),
        "pue": estimate_of(Ratio),
        "intensity_g_per_kwh": estimate_of(CarbonIntensity),
        "wue_l_per_kwh": estimate_of(WaterIntensity),
        "ewif_l_per_kwh": estimate_of(WaterIntensity),
        "tariff_per_kwh": estimate_of(Tariff),
        "embodied_g": estimate_of(Carbon),
        "lifetime_s": estimate_of(Duration),
        "hardware_share": estimate_of(Ratio),
        "functional_unit": FunctionalUnit.from_json,
        "factors": each(Factor.from_json),
    }

    def _check(self) -> None:
        if self.pue.best.value < 1:
            raise InputError(
                "PUE is {pue:g}, but a facility uses at least what its IT uses: give a number "
                "from 1 up, such as 1.2.",
                pue=self.pue.best.value,
            )


ESTIMATED = (
    "pue",
    "intensity_g_per_kwh",
    "wue_l_per_kwh",
    "ewif_l_per_kwh",
    "tariff_per_kwh",
    "embodied_g",
    "lifetime_s",
    "hardware_share",
    "hourly_g_per_kwh",
    "market_g_per_kwh",
    "guaranteed_share",
    "guaranteed_g_per_kwh",
    "marginal_g_per_kwh",
    "renewable_share",
    "transfer_gb",
    "transfer_j_per_gb",
    "storage_tb",
    "storage_w_per_tb",
)
"""The fields of the assumptions that figures are computed from."""

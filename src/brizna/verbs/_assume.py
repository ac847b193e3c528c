"""What a footprint takes from outside the run: declared facts first, then published factors."""

from __future__ import annotations

from math import fsum

from brizna.account import Assumptions, coefficient, lifetime, pue, water
from brizna.core._tables import positions
from brizna.core.book import SHIPPED
from brizna.core.errors import CoverageError, InputError
from brizna.core.estimate import exactly, total
from brizna.core.factors import kind_of
from brizna.core.quantities import CarbonIntensity, Ratio, WaterIntensity
from brizna.grid import find_zone, intensity, mix, renewable_share, run_intensity
from brizna.verbs._hardware import making
from brizna.verbs._money import Drawn, payment_of_site, span_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from typing import Any

    from brizna.account import FunctionalUnit
    from brizna.core.book import Book
    from brizna.core.estimate import Estimate
    from brizna.core.factors import Factor
    from brizna.core.quantities import Duration, Quantity
    from brizna.core.site import Site
    from brizna.verbs._money import Span

_OF_SITE = (
    *("lifetime_s", "hardware_share", "ewif_l_per_kwh", "market_g_per_kwh"),
    *("guaranteed_share", "marginal_g_per_kwh"),
)
"""Fields of a site that are fields of the assumptions, where somebody declared them."""
_WATER = ("brizna.account", "water")
_ENOUGH = 6 / 7
"""Of a mix, the share whose water must be known."""
NO_ZONE = "no grid zone is known: name it with --zone, for example --zone ES"


class Gathered:
    """Assumptions as they are found, with the factors that they came from.

    Attributes:
        fields: Fields of the assumptions.
        reasons: For each field that is not known, why.
        factors: By name, so that none is listed twice.
        book: The factors in force, on the day of the work.
    """

    def __init__(self, book: Book, day: str | None) -> None:
        self.fields: dict[str, Any] = {}
        self.reasons: dict[str, str] = {}
        self.factors: dict[str, Factor] = {}
        self.book = book
        self.day = day

    def use(self, shipped: Factor) -> Estimate:
        """Return the estimate of the factor in force, and list it."""
        found = self.book.over(shipped, self.day)
        self.factors[found.name] = found
        return found.estimate()

    def own(self, factor_id: str, kind: type[Quantity]) -> Estimate | None:
        """Return what the person says about something that no table has, and list it.

        Raises:
            InputError: If it is in a unit of another kind.
        """
        found = self.book.alone(factor_id, self.day)
        if found is None:
            return None
        if kind_of(found.unit) is not kind:
            raise InputError(
                "{table} states {id} in {unit}: expected one of {known}.",
                table=found.table,
                id=factor_id,
                unit=found.measure,
                known=", ".join(kind.units),
            )
        self.factors[found.name] = found
        return found.estimate()

    def close(self) -> Assumptions:
        """Return the assumptions."""
        factors = tuple(self.factors[name] for name in sorted(self.factors))
        return Assumptions(**self.fields, reasons=self.reasons, factors=factors)


def assume(
    site: Site,
    *,
    duration: Duration | None,
    started: datetime | None,
    unit: FunctionalUnit | None = None,
    declared: Mapping[str, Any] | None = None,
    book: Book = SHIPPED,
) -> Assumptions:
    """Return the assumptions for work at a site.

    Args:
        site: What is known of the place.
        duration: How long it took; None if not declared.
        started: When it started; None if not declared.
        unit: What to divide by.
        declared: Further declared fields of the assumptions, as a case may give them.
        book: The factors in force.
    """
    gathered = Gathered(book, None if started is None else started.date().isoformat())
    gathered.fields |= {
        "wue_l_per_kwh": site.wue_l_per_kwh,
        "tariff_per_kwh": site.tariff_per_kwh,
        "currency": site.currency,
        "functional_unit": unit,
        **{name: value for name in _OF_SITE if (value := getattr(site, name)) is not None},
        **(declared or {}),
    }
    _assume_building(gathered, site)
    _assume_intensity(gathered, site, duration, started)
    _assume_origin(gathered, site)
    _assume_water(gathered, site)
    _assume_instruments(gathered, site)
    if "pay" not in gathered.fields:
        span = _span(started, duration)
        gathered.fields |= payment_of_site(site, Drawn(span=span, until=book.until))
    _assume_charges(gathered)
    if "embodied_g" not in gathered.fields and site.hardware is not None:
        _assume_hardware(gathered, site.hardware, duration, site.machine)
    elif "embodied_g" not in gathered.fields and site.machine is not None:
        gathered.fields["embodied_g"] = making({}, site.machine, gathered.use)
    if "embodied_g" in gathered.fields:
        if "lifetime_s" not in gathered.fields:
            gathered.fields["lifetime_s"] = gathered.use(lifetime())
        gathered.fields.setdefault("hardware_share", exactly(Ratio(1), "default"))
    _tell_unknown(gathered)
    return gathered.close()


def _assume_building(gathered: Gathered, site: Site) -> None:
    """Take PUE and WUE: declared, else as the operator publishes them; WUE has no default."""
    named = pue(site.operator or "default", until=gathered.book.until)
    gathered.fields["pue"] = site.pue or gathered.use(named)
    published = f"water/wue/{named.id.split('/')[1]}"
    is_told = site.operator is not None and published in positions(*_WATER)
    if site.wue_l_per_kwh is None and is_told:
        gathered.fields["wue_l_per_kwh"] = gathered.use(water(published))


def _span(started: datetime | None, duration: Duration | None) -> Span | None:
    """Return when work began and ended, as far as prices by the hour can be told of it."""
    if started is None or duration is None or not duration.value:
        return None
    return span_of(started.isoformat(), duration)


def _assume_intensity(
    gathered: Gathered, site: Site, duration: Duration | None, started: datetime | None
) -> None:
    if site.intensity_g_per_kwh is not None:
        gathered.fields["intensity_g_per_kwh"] = site.intensity_g_per_kwh
        return
    if site.zone is None:
        gathered.reasons["intensity_g_per_kwh"] = NO_ZONE
        return
    try:
        found, factors = run_intensity(
            site.zone,
            duration=duration,
            started=started,
            guessed=site.zone_origin == "time-zone",
            stated=_stated(gathered, site.zone),
        )
    except CoverageError as error:
        gathered.reasons["intensity_g_per_kwh"] = str(error)
        return
    gathered.fields["intensity_g_per_kwh"] = found
    gathered.factors |= {factor.name: factor for factor in factors}


def _stated(gathered: Gathered, zone: str) -> Factor:
    """Return the zone's intensity that is in force.

    Raises:
        CoverageError: If neither the tables nor the person's own state one.
    """
    book, day = gathered.book, gathered.day
    try:
        return book.over(intensity(zone, until=book.until), day)
    except CoverageError:
        own = book.alone(f"grid/{find_zone(zone).id}", day)
        if own is None:
            raise
        return own


def _assume_origin(gathered: Gathered, site: Site) -> None:
    """Take what the electricity of the place is made of; unknown places and own meters stay out."""
    if "renewable_share" in gathered.fields or site.zone is None:
        return
    if site.zone_origin == "time-zone":
        gathered.reasons["renewable_share"] = NO_ZONE
        return
    try:
        shipped = renewable_share(site.zone, until=gathered.book.until)
    except CoverageError as error:
        gathered.reasons["renewable_share"] = str(error)
        return
    gathered.fields["renewable_share"] = gathered.use(shipped)
    gathered.fields.setdefault("mix", mix(site.zone, until=gathered.book.until))


def _assume_water(gathered: Gathered, site: Site) -> None:
    """Take the water of making the electricity: declared, a person's own, else by its sources.

    Sources of which no water is known count as the mean of the others, up to a seventh of the mix.
    """
    fields = gathered.fields
    if fields.get("ewif_l_per_kwh") is not None:
        fields["ewif_origin"] = "declared"
        return
    own = None
    if site.zone is not None:
        own = gathered.own(f"water/ewif/{find_zone(site.zone).id}", WaterIntensity)
    if own is not None:
        fields |= {"ewif_l_per_kwh": own, "ewif_origin": "declared"}
        return
    mixed: Mapping[str, float] = fields.get("mix") or {}
    known = [name for name in mixed if f"water/fuel/{name}" in positions(*_WATER)]
    share = fsum(mixed[name] for name in known)
    if not mixed or share < _ENOUGH:
        return
    parts = (gathered.use(water(f"fuel/{name}")).scaled(mixed[name] / share) for name in known)
    fields |= {"ewif_l_per_kwh": total(parts), "ewif_origin": "mix"}


def _assume_instruments(gathered: Gathered, site: Site) -> None:
    """Take what declared certificates, transfers and storage need from the tables.

    Where no label is declared, a person's own residual mix stands for it, ``market/residual/ES``;
    none comes along.
    """
    fields = gathered.fields
    if "market_g_per_kwh" not in fields and site.zone is not None:
        residual = gathered.own(f"market/residual/{find_zone(site.zone).id}", CarbonIntensity)
        if residual is not None:
            fields["market_g_per_kwh"] = residual
    if "guaranteed_share" in fields and "guaranteed_g_per_kwh" not in fields:
        fields["guaranteed_g_per_kwh"] = gathered.use(coefficient("market/guaranteed"))
    if "transfer_gb" in fields:
        fields["transfer_j_per_gb"] = gathered.use(coefficient("network/transfer"))
    if "storage_tb" in fields:
        kind = fields.pop("storage_kind", "ssd")
        fields["storage_w_per_tb"] = gathered.use(coefficient(f"storage/{kind}"))


def _assume_charges(gathered: Gathered) -> None:
    """Take what is paid, where it was declared, with the prices in force.

    Where a price, toll or charge of the electricity is not known, the cost is absent with that
    reason.
    """
    pay = gathered.fields.pop("pay", None)
    if pay is None:
        return
    listed = dict(gathered.factors)
    paid = pay(gathered.use)
    unpaid = paid.pop("unpaid", None)
    gathered.fields |= paid
    if unpaid is not None:
        gathered.factors = listed
        gathered.fields |= {"tariff_per_kwh": None, "currency": None}
        gathered.reasons["tariff_per_kwh"] = unpaid


def _assume_hardware(
    gathered: Gathered,
    hardware: Mapping[str, Any],
    duration: Duration | None,
    named: str | None,
) -> None:
    """Take the making of each machine from the tables: as it is named, and each of its GPUs."""
    merged = hardware.get("machines")
    machines: list[Any] = [hardware] if merged is None else list(merged.values())
    if None in machines:  # what a part of the whole is, is not known: neither is the whole
        return
    whole = [making(machine, named, gathered.use) for machine in machines]
    gathered.fields["embodied_g"] = made = total(whole)
    if duration is None or not any("reserved_s" in machine for machine in machines):
        return
    reserved_s = [machine.get("reserved_s", duration.value) for machine in machines]
    if "hardware_share" in gathered.fields:
        return
    held = fsum(one.best.value * s for one, s in zip(whole, reserved_s, strict=True))
    share = held / (made.best.value * duration.value)
    gathered.fields["hardware_share"] = exactly(Ratio(share), "default")


def _tell_unknown(gathered: Gathered) -> None:
    hints = {
        "embodied_g": "what the hardware is was not declared (embodied_kg)",
        "lifetime_s": "how long the hardware serves was not declared (lifetime_y)",
        "hardware_share": "which part of the hardware was reserved was not declared",
        "wue_l_per_kwh": "the water use of the place (WUE) is not known",
        "ewif_l_per_kwh": "the water use of the electricity (EWIF) is not known",
        "tariff_per_kwh": "no tariff was given (--tariff)",
        "functional_unit": "no functional unit was given (--unit)",
    }
    for field, hint in hints.items():
        if gathered.fields.get(field) is None:
            gathered.reasons.setdefault(field, hint)

"""What things are called: components, bases, states, figures, in each language."""

from __future__ import annotations

from brizna.core.quantities import (
    Carbon,
    CarbonIntensity,
    Duration,
    Energy,
    Money,
    Power,
    Quantity,
    Ratio,
    Tariff,
    Water,
    WaterIntensity,
)
from brizna.report._texts import texts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


KIND_OF_FIELD: dict[str, type[Quantity]] = {
    "duration_s": Duration,
    "energy_j": Energy,
    "fair_share_j": Energy,
    "above_idle_j": Energy,
    "facility_energy_j": Energy,
    "carbon_g": Carbon,
    "carbon_operational_g": Carbon,
    "carbon_embodied_g": Carbon,
    "carbon_hourly_g": Carbon,
    "carbon_market_g": Carbon,
    "carbon_marginal_g": Carbon,
    "storage_energy_j": Energy,
    "transfer_energy_j": Energy,
    "renewable_energy_j": Energy,
    "water_electricity_l": Water,
    "embodied_g": Carbon,
    "water_l": Water,
    "cost": Money,
    "sci_g_per_unit": Carbon,
    "pue": Ratio,
    "hardware_share": Ratio,
    "functional_unit": Ratio,
    "intensity_g_per_kwh": CarbonIntensity,
    "wue_l_per_kwh": WaterIntensity,
    "ewif_l_per_kwh": WaterIntensity,
    "tariff_per_kwh": Tariff,
    "lifetime_s": Duration,
    "hourly_g_per_kwh": CarbonIntensity,
    "market_g_per_kwh": CarbonIntensity,
    "guaranteed_g_per_kwh": CarbonIntensity,
    "guaranteed_share": Ratio,
    "guaranteed_energy_j": Energy,
    "marginal_g_per_kwh": CarbonIntensity,
    "renewable_share": Ratio,
    "transfer_gb": Ratio,
    "transfer_j_per_gb": Energy,
    "storage_tb": Ratio,
    "storage_w_per_tb": Power,
    "power_w": Power,
}
"""The kind of quantity that each field of a record holds."""


def name_component(kind: str, lang: str) -> str:
    """Return what people call a kind of channel, or a component such as ``gpu/0``."""
    _ = texts(lang).gettext
    names = {
        "node": _("whole machine"),
        "cpu": _("CPU"),
        "core": _("CPU cores"),
        "uncore": _("CPU uncore"),
        "memory": _("memory"),
        "gpu": _("GPU"),
        "storage": _("storage"),
        "network": _("network"),
    }
    kind, _slash, which = kind.partition("/")
    name = names.get(kind, kind)
    return f"{name} {which}" if which else name


def name_basis(basis: str, lang: str) -> str:
    """Return what people call a basis, from ``metered`` to ``default``."""
    _ = texts(lang).gettext
    names = {
        "metered": _("metered"),
        "declared": _("declared"),
        "published": _("published"),
        "modelled": _("modelled"),
        "default": _("default"),
    }
    return names.get(basis, basis)


def explain_basis(basis: str, lang: str) -> str:
    """Return what a basis means, in a sentence."""
    _ = texts(lang).gettext
    sentences = {
        "metered": _("Read from a counter or a sensor."),
        "declared": _("Stated by the person who ran it."),
        "published": _("Taken from a published source."),
        "modelled": _("Computed from load, size and published factors: no meter saw it."),
        "default": _("Nothing was known, so a documented default with a wide interval was taken."),
    }
    return sentences.get(basis, basis)


def name_state(state: str, lang: str) -> str:
    """Return what people call the state of a run."""
    _ = texts(lang).gettext
    names = {
        "finished": _("finished"),
        "interrupted": _("interrupted"),
        "failed": _("failed"),
        "running": _("running"),
    }
    return names.get(state, state)


def name_figure(field: str, lang: str) -> str:
    """Return what people call a figure or an assumption."""
    _ = texts(lang).gettext
    names = {
        "duration_s": _("time"),
        "energy_j": _("energy"),
        "fair_share_j": _("energy, fair share"),
        "above_idle_j": _("energy, above idle"),
        "facility_energy_j": _("facility energy"),
        "carbon_g": _("carbon"),
        "carbon_operational_g": _("carbon, electricity"),
        "carbon_embodied_g": _("carbon, hardware"),
        "carbon_hourly_g": _("carbon, electricity by the hour"),
        "carbon_market_g": _("carbon, electricity by contract"),
        "carbon_marginal_g": _("carbon, electricity at the margin"),
        "storage_energy_j": _("energy of storage"),
        "transfer_energy_j": _("energy of transfers"),
        "renewable_energy_j": _("of it renewable"),
        "water_electricity_l": _("water, electricity"),
        "embodied_g": _("making the whole hardware"),
        "water_l": _("water"),
        "cost": _("electricity cost"),
        "sci_g_per_unit": _("SCI, per unit of work"),
        "pue": _("PUE"),
        "hardware_share": _("share of the hardware"),
        "functional_unit": _("units of work"),
        "intensity_g_per_kwh": _("carbon intensity"),
        "wue_l_per_kwh": _("water on site"),
        "ewif_l_per_kwh": _("water of the electricity"),
        "tariff_per_kwh": _("electricity price"),
        "lifetime_s": _("service life"),
        "hourly_g_per_kwh": _("carbon intensity of its hours"),
        "market_g_per_kwh": _("carbon intensity by contract"),
        "guaranteed_g_per_kwh": _("carbon intensity under guarantees of origin"),
        "guaranteed_energy_j": _("energy under guarantees of origin"),
        "guaranteed_share": _("share under guarantees of origin"),
        "marginal_g_per_kwh": _("carbon intensity at the margin"),
        "renewable_share": _("renewable share of the place's electricity"),
        "transfer_gb": _("transfers in GB"),
        "transfer_j_per_gb": _("energy for each GB"),
        "storage_tb": _("storage in TB"),
        "storage_w_per_tb": _("power for each TB"),
    }
    return names.get(field, field)


def name_zone_origin(origin: str | None, lang: str) -> str:
    """Return how the grid zone is known, in a few words; a file by its name."""
    _ = texts(lang).gettext
    kind, _blank, variable = (origin or "").partition(" ")
    if kind == "environment" and variable:
        return f"{_('from the environment')}, {variable}"
    names = {
        "option": _("given"),
        "config": _("from the settings"),
        "environment": _("from the environment"),
        "case": _("declared"),
        "plan": _("of its plan"),
        "time-zone": _("guessed from the time zone"),
    }
    return names.get(origin or "", (origin or "").rpartition("/")[2])


def join_components(kinds: Iterable[str], lang: str) -> str:
    """Return the names of components, in order, with commas."""
    return ", ".join(name_component(kind, lang) for kind in kinds)

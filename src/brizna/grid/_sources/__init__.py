"""Live sources of grid signals, one file each: only here are providers named."""

from __future__ import annotations

from importlib import import_module

from brizna.core.errors import InputError, UnavailableError
from brizna.grid._source import Source

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from brizna.grid._source import Access

GROUP = "brizna.sources"
"""The entry points under which other packages offer sources: classes built with an `Access`."""

_HOMES = {
    "electricity-maps": "_electricity_maps:ElectricityMaps",
    "watttime": "_watttime:WattTime",
    "carbon-intensity-gb": "_carbon_intensity_gb:CarbonIntensityGb",
    "redata": "_redata:Redata",
    "esios": "_esios:Esios",
    "entsoe": "_entsoe:Entsoe",
    "energy-charts": "_energy_charts:EnergyCharts",
    "wattnet": "_wattnet:Wattnet",
    "carbon-aware-sdk": "_carbon_aware_sdk:CarbonAwareSdk",
}
SOURCES = tuple(_HOMES)
"""The names of the sources that brizna brings."""


def source_type(name: str) -> Any:
    """Return the class of a source, ours or one that another package offers.

    Raises:
        InputError: If there is none of this name; names the nearest.
        UnavailableError: If the package that offers it cannot be loaded.
    """
    if name in _HOMES:
        module, _, kind = _HOMES[name].partition(":")
        return getattr(import_module(f"{__name__}.{module}"), kind)
    from importlib.metadata import entry_points

    offered = {point.name: point for point in entry_points(group=GROUP)}
    if name not in offered:
        from brizna.core.factors import nearest

        known = [*_HOMES, *offered]
        raise InputError(
            "{name!r} is no source of grid signals.{hint} Sources: {known}.",
            name=name,
            hint=nearest(name, known),
            known=", ".join(known),
        )
    try:
        return offered[name].load()
    except ImportError as error:
        raise UnavailableError(
            "The source {name!r} is installed but cannot be loaded: {error}.",
            name=name,
            error=error,
        ) from error


def open_source(name: str, access: Access) -> Source:
    """Return a source; nobody is asked yet.

    Raises:
        InputError: If there is none of this name.
        UnavailableError: If it cannot be loaded, or is no source.
    """
    made: object = source_type(name)(access)
    if not isinstance(made, Source):
        raise UnavailableError(
            "{name!r} is offered as a source and is none: it lacks a method of Source.", name=name
        )
    return made

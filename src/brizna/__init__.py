"""brizna: run AI with the least energy, carbon, water and money that the job allows, and prove it.

Verbs: `measure` a block or function; `mark` a phase of the run around this process. Nouns:
quantities, `Estimate`, `Signal`, `Site`, `Run`, `Footprint`. Each
is imported when it is first asked for; importing brizna itself does next to nothing.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from brizna.account import Footprint, FunctionalUnit
    from brizna.core.errors import (
        BriznaError,
        CoverageError,
        InfeasibleError,
        InputError,
        IntegrityError,
        SchemaError,
        UnavailableError,
    )
    from brizna.core.estimate import Estimate
    from brizna.core.measurement import Measurement, Run
    from brizna.core.quantities import (
        Carbon,
        CarbonIntensity,
        Duration,
        Energy,
        Money,
        Power,
        Ratio,
        Tariff,
        Water,
        WaterIntensity,
    )
    from brizna.core.signal import Signal
    from brizna.core.site import Site
    from brizna.core.version import VERSION
    from brizna.verbs import mark, measure

    __version__ = VERSION

_HOMES = {
    "mark": ("brizna.verbs._mark", "mark"),
    "measure": ("brizna.verbs._measure", "measure"),
    "Footprint": ("brizna.account", "Footprint"),
    "FunctionalUnit": ("brizna.account", "FunctionalUnit"),
    "Estimate": ("brizna.core.estimate", "Estimate"),
    "Measurement": ("brizna.core.measurement", "Measurement"),
    "Run": ("brizna.core.measurement", "Run"),
    "Signal": ("brizna.core.signal", "Signal"),
    "Site": ("brizna.core.site", "Site"),
    "__version__": ("brizna.core.version", "VERSION"),
    **{
        name: ("brizna.core.errors", name)
        for name in (
            "BriznaError",
            "CoverageError",
            "InfeasibleError",
            "InputError",
            "IntegrityError",
            "SchemaError",
            "UnavailableError",
        )
    },
    **{
        name: ("brizna.core.quantities", name)
        for name in (
            "Carbon",
            "CarbonIntensity",
            "Duration",
            "Energy",
            "Money",
            "Power",
            "Ratio",
            "Tariff",
            "Water",
            "WaterIntensity",
        )
    },
}

__all__ = [
    "BriznaError",
    "Carbon",
    "CarbonIntensity",
    "CoverageError",
    "Duration",
    "Energy",
    "Estimate",
    "Footprint",
    "FunctionalUnit",
    "InfeasibleError",
    "InputError",
    "IntegrityError",
    "Measurement",
    "Money",
    "Power",
    "Ratio",
    "Run",
    "SchemaError",
    "Signal",
    "Site",
    "Tariff",
    "UnavailableError",
    "Water",
    "WaterIntensity",
    "__version__",
    "mark",
    "measure",
]


def __getattr__(name: str) -> object:
    """Import a public name when it is first asked for (PEP 562)."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'brizna' has no attribute {name!r}")
    from importlib import import_module

    found = getattr(import_module(home[0]), home[1])
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return __all__

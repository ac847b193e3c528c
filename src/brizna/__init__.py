"""brizna: run AI with the least energy, carbon, water and money that the job allows, and prove it.

Verbs: `measure` a block or function; `mark` a phase of the run around this process; `when_greenest`
waits for the best time before a deadline, then measures; `improve_model` finds a cheaper variant
that is still good enough. Nouns: quantities, `Estimate`, `Signal`, `Site`, `Run`, `Footprint`. Each
is imported when it is first asked for; importing brizna itself does next to nothing.
"""

from __future__ import annotations

from brizna.core.lazy import lazily

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
    from brizna.core.version import __version__
    from brizna.verbs import improve_model, mark, measure, when_greenest

_HOMES = {
    "load_ipython_extension": "integrations.jupyter",  # what %load_ext brizna calls
    "improve_model": "verbs._improve",
    "mark": "verbs._mark",
    "measure": "verbs._measure",
    "when_greenest": "verbs._when",
    "Footprint": "account",
    "FunctionalUnit": "account",
    "Estimate": "core.estimate",
    "Measurement": "core.measurement",
    "Run": "core.measurement",
    "Signal": "core.signal",
    "Site": "core.site",
    "__version__": "core.version",
    "BriznaError": "core.errors",
    "CoverageError": "core.errors",
    "InfeasibleError": "core.errors",
    "InputError": "core.errors",
    "IntegrityError": "core.errors",
    "SchemaError": "core.errors",
    "UnavailableError": "core.errors",
    "Carbon": "core.quantities",
    "CarbonIntensity": "core.quantities",
    "Duration": "core.quantities",
    "Energy": "core.quantities",
    "Money": "core.quantities",
    "Power": "core.quantities",
    "Ratio": "core.quantities",
    "Tariff": "core.quantities",
    "Water": "core.quantities",
    "WaterIntensity": "core.quantities",
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
    "improve_model",
    "mark",
    "measure",
    "when_greenest",
]

__getattr__ = lazily(__name__, _HOMES)


def __dir__() -> list[str]:
    return __all__

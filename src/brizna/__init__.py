"""brizna: run AI with the least energy, carbon, water and money that the job allows, and prove it.

Verbs: `measure` a block or function; `mark` a phase of the run around this process; `when_greenest`
waits for the best time before a deadline, then measures; `improve` finds a cheaper variant of a
model that is still good enough, `tune` settings of a training. Nouns: quantities, `Estimate`,
`Signal`, `Site`, `Run`, `Footprint`. Each is imported when it is first asked for; importing brizna
itself does next to nothing.

`brizna.improve` is a package too, of transforms and search; it can be called because this package,
which stands above all rooms, makes it so as soon as it is there.
"""

from __future__ import annotations

from sys import modules

from brizna.core.lazy import lazily

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

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
    from brizna.improve import Improvement
    from brizna.verbs import improve_model as improve
    from brizna.verbs import mark, measure, tune, when_greenest

_HOMES = {
    "load_ipython_extension": "integrations.jupyter",  # what %load_ext brizna calls
    "improve": "improve",
    "mark": "verbs._mark",
    "measure": "verbs._measure",
    "tune": "verbs._tune",
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
    "improve",
    "mark",
    "measure",
    "tune",
    "when_greenest",
]

__getattr__ = lazily(__name__, _HOMES)
_Module = type(modules[__name__])


class _CallableRoom(_Module):
    """The room `brizna.improve`, which is also the verb of its name."""

    def __call__(self, *args: Any, **options: Any) -> Improvement:
        """Search for the variant of a model that takes least and is still good enough."""
        from brizna.verbs import improve_model

        return improve_model(*args, **options)


class _Package(_Module):
    """This package: a room that is named as its verb can be called once it is bound here."""

    def __setattr__(self, name: str, value: object) -> None:
        """Bind a name, as importing a part of the package does."""
        if name == "improve":
            value.__class__ = _CallableRoom
        super().__setattr__(name, value)


modules[__name__].__class__ = _Package


def __dir__() -> list[str]:
    return __all__

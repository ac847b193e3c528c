"""Where a run happens: from settings, else the time zone's country as a stated guess."""

from __future__ import annotations

import os

from brizna.core.estimate import exactly
from brizna.core.quantities import CarbonIntensity, Duration, Ratio, Tariff, WaterIntensity
from brizna.core.site import Site

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from brizna.core.estimate import Estimate
    from brizna.core.measurement import Channel
    from brizna.core.quantities import Quantity
    from brizna.verbs._settings import Settings


_LOCAL_TIME = "/etc/localtime"
_TIME_ZONE = "/etc/timezone"


def site_of(settings: Settings, *, environ: Mapping[str, str]) -> Site:
    """Return the site that the settings declare; the zone is guessed if nobody says it.

    Raises:
        InputError: If the declared zone is not known.
    """
    from brizna.grid import find_zone, guess_zone

    zone, origin, local = settings["zone"], settings.origins["zone"], time_zone(environ)
    if zone is not None:
        zone = find_zone(zone).id
    elif (guess := guess_zone(local or "")) is not None:
        zone, origin = guess.zone, "time-zone"
    tariff = _declared(Tariff, settings["tariff"])
    return Site(
        zone=zone,
        zone_origin=origin if zone is not None else None,
        time_zone=local,
        pue=_declared(Ratio, settings["pue"]),
        tariff_per_kwh=tariff,
        currency=settings["currency"] if tariff else None,
        intensity_g_per_kwh=_declared(CarbonIntensity, settings["intensity"]),
        wue_l_per_kwh=_declared(WaterIntensity, settings["wue"]),
        ewif_l_per_kwh=_declared(WaterIntensity, settings["ewif"]),
        machine=_machine(settings["machine"]),
        lifetime_s=_lifetime(settings["lifetime"]),
        hardware_share=_declared(Ratio, settings["hardware_share"]),
        market_g_per_kwh=_declared(CarbonIntensity, settings["market"]),
        guaranteed_share=_declared(Ratio, settings["guaranteed"]),
        marginal_g_per_kwh=_declared(CarbonIntensity, settings["marginal"]),
        contract=settings["contract"],
        operator=settings["operator"],
    )


def _machine(named: str | None) -> str | None:
    """Return the machine that somebody names, checked before anything is measured.

    Raises:
        InputError: If nothing is known of such a machine.
    """
    if named is not None:
        from brizna.verbs._hardware import check_machine

        check_machine(named)
    return named


def _lifetime(years: float | None) -> Estimate | None:
    return None if years is None else exactly(Duration.of(years, "y"))


def time_zone(environ: Mapping[str, str]) -> str | None:
    """Return the name of this machine's time zone, e.g. ``Europe/Madrid``; None if it has none.

    Looks at the variable TZ, the link ``/etc/localtime`` and the file ``/etc/timezone``.
    """
    named = environ.get("TZ", "").strip()
    if named:
        return named.removeprefix(":")
    target = os.path.realpath(_LOCAL_TIME)
    if "zoneinfo/" in target:
        return target.rpartition("zoneinfo/")[2]
    try:
        with open(_TIME_ZONE, encoding="utf-8", errors="replace") as file:
            return file.readline().strip() or None
    except OSError:
        return None


def hardware_of(channels: Sequence[Channel]) -> dict[str, Any]:
    """Return what the machine is, for its embodied carbon and for the reader."""
    from brizna.meter import Roots, find_memory, find_memory_limit, find_processor

    processor = find_processor(Roots())
    memory = find_memory_limit(Roots()) or find_memory(Roots())
    return {
        "cpu": processor.name,
        "threads": processor.threads,
        "sockets": processor.sockets,
        "virtual": processor.virtual,
        "memory_gb": None if memory is None else round(memory / 1e9, 3),
        "gpus": [channel.device for channel in channels if channel.kind == "gpu"],
    }


def _declared(kind: type[Quantity], value: float | None) -> Estimate | None:
    return None if value is None else exactly(kind(value))

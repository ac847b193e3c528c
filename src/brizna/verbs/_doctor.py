"""What can be measured on this machine, and what would unlock more."""

from __future__ import annotations

from brizna.environment import machine_name
from brizna.meter import describe_meters
from brizna.store import Store
from brizna.verbs._baseline import describe_baseline
from brizna.verbs._named import open_named
from brizna.verbs._run import current_directory
from brizna.verbs._site import site_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from brizna.verbs._settings import Settings


def diagnose(settings: Settings, *, environ: Mapping[str, str]) -> dict[str, Any]:
    """Return what each component is: metered, modelled or not available, why, and what unlocks it.

    Reads files only, unless the settings name meters over a wire, and needs no rights that the
    person does not have.
    """
    site = site_of(settings, environ=environ)
    machine = machine_name()
    named = open_named(settings, machine=machine, environ=environ)
    components = describe_meters(machine=machine, named=named)
    store = Store.find(settings["store"], cwd=current_directory(), environ=environ)
    return {
        "components": [component.to_json() for component in components],
        "zone": site.zone,
        "zone_origin": site.zone_origin,
        "baseline": describe_baseline(settings, environ=environ, cwd=current_directory()),
        "store": store.path,
    }

"""Grids: which zone a run stands in, and how much carbon a kilowatt-hour of it carries.

Promises: every intensity is annual, location based, average and life cycle, names its sources and
runs over all of them where they disagree; how far one hour or one week may lie from the year is a
doubt of its own; everything works offline, from tables inside the package. What an hour usually is
stands in profiles, marked as such; a live source is asked only where somebody names it.

Refuses: an unknown zone (it names the nearest one), a zone for which no source has a figure
(Spain's islands are not the mainland), and a guess that passes for knowledge: a zone guessed from
the clock's time zone carries the spread of the world's countries.
"""

from __future__ import annotations

from brizna.core.lazy import lazily
from brizna.grid._guess import Guess, guess_zone
from brizna.grid._intensity import ZONE_GUESS, fuel, hour_of_year, intensity, run_intensity
from brizna.grid._origin import mix, renewable_share
from brizna.grid._zones import Zone, alpha3, cloud_zone, find_zone, zones

TYPE_CHECKING = False
if TYPE_CHECKING:
    from brizna.grid._cache import Cache
    from brizna.grid._extend import extend
    from brizna.grid._files import About, read_issues, read_signals, read_table
    from brizna.grid._forecast import LEAST_DAYS, forecast
    from brizna.grid._now import Now, judge, now
    from brizna.grid._profile import annual, profile, profiled_zones, usual
    from brizna.grid._source import QUANTITIES, Access, Asked, Source, key_variable, url_variable
    from brizna.grid._sources import SOURCES, open_source, source_type
    from brizna.grid._web import Web

__all__ = [
    "LEAST_DAYS",
    "QUANTITIES",
    "SOURCES",
    "ZONE_GUESS",
    "About",
    "Access",
    "Asked",
    "Cache",
    "Guess",
    "Now",
    "Source",
    "Web",
    "Zone",
    "alpha3",
    "annual",
    "cloud_zone",
    "extend",
    "find_zone",
    "forecast",
    "fuel",
    "guess_zone",
    "hour_of_year",
    "intensity",
    "judge",
    "key_variable",
    "mix",
    "now",
    "open_source",
    "profile",
    "profiled_zones",
    "read_issues",
    "read_signals",
    "read_table",
    "renewable_share",
    "run_intensity",
    "source_type",
    "url_variable",
    "usual",
    "zones",
]

_HOMES = {
    "LEAST_DAYS": "_forecast",
    "QUANTITIES": "_source",
    "SOURCES": "_sources",
    "About": "_files",
    "Access": "_source",
    "Asked": "_source",
    "Cache": "_cache",
    "Now": "_now",
    "Source": "_source",
    "Web": "_web",
    "annual": "_profile",
    "extend": "_extend",
    "forecast": "_forecast",
    "judge": "_now",
    "key_variable": "_source",
    "now": "_now",
    "open_source": "_sources",
    "profile": "_profile",
    "profiled_zones": "_profile",
    "read_issues": "_files",
    "read_signals": "_files",
    "read_table": "_files",
    "source_type": "_sources",
    "url_variable": "_source",
    "usual": "_profile",
}

__getattr__ = lazily(__name__, _HOMES)

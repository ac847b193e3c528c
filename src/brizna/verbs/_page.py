"""The page of a run: the view, its power over time, comparisons, and the same run elsewhere."""

from __future__ import annotations

from brizna.core.errors import BriznaError
from brizna.core.replay import power_series
from brizna.grid import find_zone
from brizna.verbs._compare import comparisons
from brizna.verbs._views import elsewhere, view_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from brizna.core.measurement import Run
    from brizna.store import Store


_UNIVERSAL = ("UTC", "UCT", "GMT", "Universal", "Zulu")
"""What the last part of a time zone is that says nothing of a place."""


def page_of(store: Store, reference: str, *, lang: str, zones: Sequence[str]) -> tuple[str, bytes]:
    """Return the id of a stored run and its page, one self-contained HTML file.

    Args:
        store: Where the run is kept.
        reference: Which run.
        lang: Language of the page.
        zones: Grid zones to show the same run in.

    Raises:
        InputError: If the reference means no run, or several.
        UnavailableError: If the libraries of the extra ``report`` are not installed.
    """
    from brizna.report import html_report

    view = view_of(store, reference)
    run = store.read(view["id"]).run
    page = html_report(
        view,
        lang=lang,
        series=_series(store, run),
        comparisons=comparisons(view["footprint"], lang=lang),
        zones=zones_of(run, zones, lang=lang, seen_as=view["footprint"].get("view", "machine")),
        time_zone=_own_clock(run.site.time_zone),
    )
    return run.id, page


def zones_of(
    run: Run, zones: Sequence[str], *, lang: str, seen_as: str = "machine"
) -> list[dict[str, Any]]:
    """Return the carbon of the same run's electricity in other grid zones, for a report.

    Args:
        run: The run.
        zones: The other zones.
        lang: Language of their names.
        seen_as: Whose energy: one of `brizna.core.measurement.VIEWS`.

    Raises:
        InputError: If a zone is not known.
    """
    return [
        {
            "zone": zone,
            "name": find_zone(zone).name(lang),
            "carbon_g": footprint["carbon_operational_g"],
            "intensity_g_per_kwh": footprint["assumptions"]["intensity_g_per_kwh"],
        }
        for zone, footprint in elsewhere(run, zones, seen_as=seen_as)
    ]


def _own_clock(name: str | None) -> str | None:
    """Return the clock of the place where a run ran; None where its machine kept UTC.

    Servers do so wherever they are: then the reader's clock says more.
    """
    known = known_time_zone(name)
    return None if known.rpartition("/")[2] in _UNIVERSAL else known


def known_time_zone(name: str | None) -> str:
    """Return a time zone that this machine has the rules of: the run's own, or else UTC."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return ZoneInfo(name or "UTC").key
    except (ZoneInfoNotFoundError, ValueError, OSError):  # such as TZ=CET-1CEST, or no tzdata
        return "UTC"


def _series(store: Store, run: Run) -> dict[str, list[tuple[float, float]]]:
    """Return the mean power between samples of each channel; nothing where they are gone."""
    if not store.has_samples(run.id):
        return {}
    try:
        events, _ = store.events(run.id)
    except BriznaError:  # the page says that the samples are gone
        return {}
    return power_series(events)

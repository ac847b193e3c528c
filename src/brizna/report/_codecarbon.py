"""Runs as rows of CodeCarbon's ``emissions.csv``, for programs that read that file.

The columns are those of CodeCarbon 3, in its order and units: kWh, kg, W, litres, seconds. Its
energies hold the overhead of the building (PUE), and its emissions only those of the electricity.
What is not known is an empty cell; 0 stands only for graphics cards that a machine does not have.
The file has no place for intervals: the best values go out.
"""

from __future__ import annotations

from math import fsum

from brizna.core.quantities import Carbon, Energy
from brizna.core.version import VERSION

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from brizna.report._view import View

    Row = dict[str, Any]

CODECARBON_COLUMNS = (
    *("timestamp", "project_name", "run_id", "experiment_id", "duration"),
    *("emissions", "emissions_rate", "cpu_power", "gpu_power", "ram_power"),
    *("cpu_energy", "gpu_energy", "ram_energy", "energy_consumed", "water_consumed"),
    *("country_name", "country_iso_code", "region", "cloud_provider", "cloud_region"),
    *("os", "python_version", "codecarbon_version", "cpu_count", "cpu_model"),
    *("gpu_count", "gpu_model", "longitude", "latitude", "ram_total_size", "tracking_mode"),
    *("cpu_utilization_percent", "gpu_utilization_percent", "ram_utilization_percent"),
    *("ram_used_gb", "on_cloud", "pue", "wue"),
)
"""The columns of the file, in order."""
CODECARBON_PARTS = {"cpu": "cpu", "gpu": "gpu", "ram": "memory"}
"""The components that the file tells apart, and what each is called in a record."""


def codecarbon_rows(views: Iterable[View]) -> list[Row]:
    """Return a row for each run: every column, None where nothing is known."""
    return [_row(view) for view in views]


def codecarbon_csv(rows: Iterable[Mapping[str, Any]], *, header: bool = True) -> str:
    """Return rows as the text of a file.

    Args:
        rows: Values by column; further columns are left out.
        header: Whether the first line names the columns.
    """
    from csv import writer
    from io import StringIO

    text = StringIO()
    out = writer(text, lineterminator="\n")
    if header:
        out.writerow(CODECARBON_COLUMNS)
    for row in rows:
        out.writerow([_cell(row.get(name)) for name in CODECARBON_COLUMNS])
    return text.getvalue()


def _cell(value: Any) -> Any:
    """Return what stands in the file: nothing where nothing is known, be it None or NaN."""
    return "" if value is None or value != value else value  # noqa: PLR0124 - only NaN differs


def _row(view: View) -> Row:
    row: Row = dict.fromkeys(CODECARBON_COLUMNS)
    row |= _place(view) | _machine(view) | _figures(view)
    row["timestamp"] = _ended(view)
    row["project_name"] = view["name"] or ""
    row["run_id"] = view["id"]
    row["experiment_id"] = ""
    return row


def _figures(view: View) -> Row:
    footprint: View = view["footprint"] or {}
    own = footprint.get("view", "machine")
    duration_s = view["duration_s"]
    pue = _best(_assumed(footprint, "pue"))
    row: Row = {
        "duration": duration_s,
        "energy_consumed": _in(Energy, "kWh", _best(footprint.get("facility_energy_j"))),
        "emissions": _in(Carbon, "kg", _best(footprint.get("carbon_operational_g"))),
        "water_consumed": _best(footprint.get("water_l")),
        "pue": pue,
        "wue": _best(_assumed(footprint, "wue_l_per_kwh")),
        "tracking_mode": "machine" if own == "machine" else "process",
    }
    if row["emissions"] is not None and duration_s > 0:
        row["emissions_rate"] = row["emissions"] / duration_s
    if _has_no_card(view):
        row |= {"gpu_count": 0, "gpu_energy": 0.0, "gpu_power": 0.0}
    for part, kind in CODECARBON_PARTS.items():
        energy_j = energy_of(view["measurement"]["channels"], kind)
        if energy_j is None or pue is None or own != "machine":
            continue  # of a run's own part nobody knows what each component used
        row[f"{part}_energy"] = _in(Energy, "kWh", energy_j * pue)
        row[f"{part}_power"] = energy_j * pue / duration_s if duration_s > 0 else None
    return row


def _has_no_card(view: View) -> bool:
    """Tell whether a machine that was looked at has no graphics card, so that it used 0."""
    hardware: View = view["site"]["hardware"] or {}
    unseen: View = view["measurement"]["coverage"]["not_seen"]
    kinds = [channel["kind"] for channel in view["measurement"]["channels"]]
    found = "gpu" in kinds or any(name.partition("/")[0] == "gpu" for name in unseen)
    return hardware.get("gpus") == [] and not found


def energy_of(channels: Iterable[View], kind: str) -> float | None:
    """Return the energy of all components of a kind in joules; None where none was seen.

    Of channels inside one another only the outermost counts, and none that shows another again.
    """
    own = {channel["id"]: channel for channel in channels if channel["kind"] == kind}
    seen = [
        channel["energy_j"]["best"]
        for channel in own.values()
        if channel["energy_j"] is not None
        and channel["parent"] not in own
        and not channel["mirror_of"]
    ]
    return fsum(seen) if seen else None


def _place(view: View) -> Row:
    from brizna.core.errors import InputError
    from brizna.grid import alpha3, find_zone

    zone = view["site"]["zone"]
    try:
        found = None if zone is None else find_zone(zone)
    except InputError:  # a zone of a newer or older table than ours
        found = None
    if found is None:
        return {"country_name": "", "country_iso_code": "", "region": ""}
    country = found if found.country is None else find_zone(found.country)
    return {
        "country_name": country.name_en,
        "country_iso_code": alpha3(found.id) or "",
        "region": "" if found.id == country.id else found.id,
    }


def _machine(view: View) -> Row:
    environment: View = view["environment"] or {}
    hardware: View = view["site"]["hardware"] or {}
    cards: list[Any] = hardware.get("gpus") or []
    return {
        "os": environment.get("os") or "",
        "python_version": environment.get("python") or "",
        "codecarbon_version": f"brizna {VERSION}",
        "cpu_count": hardware.get("threads"),
        "cpu_model": hardware.get("cpu") or "",
        "gpu_count": len(cards) or None,
        "gpu_model": ", ".join(str(card or "") for card in cards),
        "ram_total_size": hardware.get("memory_gb"),
        "cloud_provider": "",
        "cloud_region": "",
        "on_cloud": "",
    }


def _ended(view: View) -> str:
    """Return when a run ended: UTC, in the file's form, which names no zone."""
    from datetime import UTC, datetime, timedelta

    started = datetime.fromisoformat(view["started"]).astimezone(UTC)
    ended = started + timedelta(seconds=view["duration_s"])
    return ended.strftime("%Y-%m-%dT%H:%M:%S")


def _assumed(footprint: View, name: str) -> Any:
    assumptions: View = footprint.get("assumptions") or {}
    return assumptions.get(name)


def _best(estimate: View | None) -> float | None:
    return None if estimate is None else estimate["best"]


def _in(kind: type[Energy | Carbon], unit: str, value: float | None) -> float | None:
    return None if value is None else kind(value).to(unit)

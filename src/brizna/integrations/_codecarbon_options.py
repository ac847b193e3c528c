"""What code written for CodeCarbon says to its trackers, and what of it has a meaning here."""

from __future__ import annotations

import os

from brizna.core.errors import BriznaError, Said
from brizna.core.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

ARGUMENTS = (
    *("project_name", "measure_power_secs", "api_call_interval", "api_endpoint", "api_key"),
    *("output_dir", "output_file", "output_methods", "save_to_file", "save_to_api"),
    *("save_to_logger", "logging_logger", "save_to_prometheus", "save_to_logfire"),
    *("prometheus_url", "output_handlers", "gpu_ids", "emissions_endpoint", "experiment_id"),
    *("experiment_name", "electricitymaps_api_token", "co2_signal_api_token", "tracking_mode"),
    *("log_level", "on_csv_write", "logger_preamble", "force_cpu_power", "force_ram_power"),
    *("pue", "wue", "force_carbon_intensity_g_co2e_kwh", "force_mode_cpu_load"),
    *("allow_multiple_runs", "rapl_include_dram", "rapl_prefer_psys", "metadata"),
)
"""Arguments of a tracker in the order of version 3, so that they can be given by position."""
PLACE = ("country_iso_code", "region", "cloud_provider", "cloud_region", "country_2letter_iso_code")
"""Further ones, by name only, that say where the machine stands."""
OLDER = ("measure_occurrence_before_calling_api", "tracking_pids", "default_cpu_power")
"""Those of earlier versions."""

_HEEDED = frozenset(
    (
        *("project_name", "measure_power_secs", "output_dir", "output_file", "output_methods"),
        *("save_to_file", "save_to_logger", "logging_logger", "output_handlers", "experiment_id"),
        *("experiment_name", "tracking_mode", "log_level", "on_csv_write", "pue", "wue"),
        *("force_carbon_intensity_g_co2e_kwh", "allow_multiple_runs", *PLACE),
    )
)
"""What changes something here. Several trackers at once are always allowed."""
_NUMBERS = ("measure_power_secs", "pue", "wue", "force_carbon_intensity_g_co2e_kwh")
_FLAGS = ("save_to_file", "save_to_logger")
_SECTION, _FILE, _PREFIX = "codecarbon", ".codecarbon.config", "CODECARBON_"
_SHORTEST_S = 0.01


class Options(Record):
    """What a tracker was asked for.

    Attributes:
        values: Every argument that was given, in code, the environment or a settings file.
        idle: Names of those that mean nothing here.
        wrong: What could not be used, in words.
        zone: Grid zone; None where none is named.
    """

    values: dict[str, Any]
    idle: tuple[str, ...]
    wrong: tuple[str, ...]
    zone: str | None

    def get(self, name: str, default: Any = None) -> Any:
        """Return what was given for an argument; the default where nothing was."""
        value = self.values.get(name)
        return default if value is None else value

    @property
    def seen_as(self) -> str:
        """Whose energy is meant: the run's fair share of the machine's, or all of it."""
        return "fair-share" if self.get("tracking_mode") == "process" else "machine"

    def writes_file(self) -> bool:
        """Tell whether rows go to a file: they do unless somebody says otherwise."""
        methods = self.get("output_methods")
        if methods is not None:
            return "csv" in [str(getattr(method, "value", method)) for method in methods]
        return bool(self.get("save_to_file", True))

    def settings(self) -> dict[str, Any]:
        """Return what `brizna.measure` takes; only what was said, so that the rest is as it is."""
        interval_s = self.get("measure_power_secs")
        found = {
            "zone": self.zone,
            "pue": self.get("pue"),
            "intensity": self.get("force_carbon_intensity_g_co2e_kwh"),
            "interval": interval_s if interval_s and interval_s >= _SHORTEST_S else None,
            "view": None if self.seen_as == "machine" else self.seen_as,
        }
        return {name: value for name, value in found.items() if value is not None}


def read_options(
    positions: Sequence[Any], named: Mapping[str, Any], *, environ: Mapping[str, str]
) -> Options:
    """Return what a tracker is asked for: arguments over environment over files, as theirs are.

    Raises:
        TypeError: If there are more arguments, or others, than a tracker takes.
    """
    known = (*ARGUMENTS, *PLACE, *OLDER)
    unknown = [name for name in named if name not in known]
    if unknown or len(positions) > len(ARGUMENTS):
        raise TypeError(f"a tracker got unexpected arguments: {', '.join(unknown) or positions}")
    wrong: list[str] = []
    given = dict(zip(ARGUMENTS, positions, strict=False)) | dict(named)
    values = {**_configured(environ), **given}
    for name in (*_NUMBERS, *_FLAGS):
        if isinstance(values.get(name), str):
            _convert(values, name, wrong)
    methods = values.get("output_methods")
    if isinstance(methods, str):
        values["output_methods"] = [method.strip() for method in methods.split(",")]
    idle = [name for name in values if name not in _HEEDED and values[name] not in (None, False)]
    zone = _zone(values, wrong)
    return Options(values=values, idle=tuple(sorted(idle)), wrong=tuple(wrong), zone=zone)


def language(environ: Mapping[str, str]) -> str:
    """Return the language to speak; a variable that names none that is known is passed over."""
    from brizna.report import pick_language

    try:
        return pick_language(None, environ)
    except BriznaError:
        return pick_language(None, {**environ, "BRIZNA_LANG": ""})


def _convert(values: dict[str, Any], name: str, wrong: list[str]) -> None:
    text = str(values[name])
    if name in _FLAGS:
        values[name] = text.strip().lower() == "true"
        return
    try:
        values[name] = float(text)
    except ValueError:
        wrong.append(str(Said("{name} is {text!r}: expected a number.", name=name, text=text)))
        values[name] = None


def _configured(environ: Mapping[str, str]) -> dict[str, Any]:
    """Return what settings files and the environment say: home, directory, environment."""
    from configparser import ConfigParser
    from configparser import Error as ConfigError

    files = ConfigParser(interpolation=None)
    home = environ.get("HOME") or os.path.expanduser("~")
    try:
        files.read([os.path.join(home, _FILE), _FILE], encoding="utf-8")
    except (ConfigError, UnicodeDecodeError):  # theirs go on without it too
        files = ConfigParser(interpolation=None)
    found: dict[str, Any] = dict(files[_SECTION]) if files.has_section(_SECTION) else {}
    for name, value in environ.items():
        if name.upper().startswith(_PREFIX):
            found[name[len(_PREFIX) :].lower()] = value
    known = (*ARGUMENTS, *PLACE, *OLDER)
    return {name: value for name, value in found.items() if name in known}


def _zone(values: Mapping[str, Any], wrong: list[str]) -> str | None:
    from brizna.grid import cloud_zone, find_zone

    provider, region = values.get("cloud_provider"), values.get("cloud_region")
    country = values.get("country_iso_code") or values.get("country_2letter_iso_code")
    try:
        if provider and region:
            return cloud_zone(str(provider), str(region)).id
        return find_zone(str(country)).id if country else None
    except BriznaError as error:
        wrong.append(str(error))
        return None

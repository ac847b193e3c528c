"""Settings: arguments over environment over project file over user file over defaults."""

from __future__ import annotations

import os

from brizna.core.errors import InputError, Said
from brizna.core.measurement import VIEWS
from brizna.core.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, ClassVar


class Setting(Record):
    """One setting: what it means, how its text is read, and what it is where nobody says.

    Attributes:
        kind: The Python type of the value: str, float, bool, list (of texts) or dict (a table).
        default: What it is where nobody says; None means unset.
        about: What it does, in one line.
        check: Says what is wrong with a value, or nothing.
    """

    kind: type
    about: str
    default: Any = None
    check: Callable[[Any], Said | None] = lambda _: None

    _forms: ClassVar = {}


def _positive(value: float) -> Said | None:
    return None if value > 0 else Said("a number above 0")


def _from_one(value: float) -> Said | None:
    return None if value >= 1 else Said("a number from 1 up, such as 1.2")


def _at_least_interval(value: float) -> Said | None:
    return None if 0.01 <= value <= 86400 else Said("from 0.01 to 86400 seconds")


def _share(value: float) -> Said | None:
    return None if 0 <= value <= 1 else Said("a share from 0 to 1")


def _not_negative(value: float) -> Said | None:
    return None if 0 <= value < float("inf") else Said("a number from 0 up")


def _language(value: str) -> Said | None:
    return None if value in ("en", "es") else Said("en or es")


def _currency(value: str) -> Said | None:
    good = len(value) == 3 and value.isascii() and value.isalpha() and value.isupper()
    return None if good else Said("three capital letters, such as EUR")


def _view(value: str) -> Said | None:
    return None if value in VIEWS else Said("machine, fair-share or above-idle")


def _policy(value: str) -> Said | None:
    from brizna.core.book import POLICIES

    return None if value in POLICIES else Said("interval, prefer or error")


def _operator(value: str) -> Said | None:
    from brizna.account import pue

    pue(value)
    return None


def _contract(value: dict[str, Any]) -> Said | None:
    from brizna.account import read_contract

    read_contract(value)
    return None


def _idle(value: str) -> Said | None:
    wrong = Said("channels with their watts, each once, such as rapl/package-0=12.5,rapl/dram-0=3")
    return wrong if read_idle(value) is None else None


def read_idle(text: str) -> dict[str, float] | None:
    """Return the watts that a text declares by channel, each once; None if it is none such."""
    found: dict[str, float] = {}
    for pair in text.split(","):
        channel, _, power = pair.strip().rpartition("=")
        power_w = _converted(float, power)
        if not channel or channel in found or power_w is None or not 0 < power_w < float("inf"):
            return None
        found[channel] = power_w
    return found


SETTINGS: Mapping[str, Setting] = {
    "zone": Setting(kind=str, about="grid zone, such as ES, FR or US-CAL-CISO"),
    "pue": Setting(
        kind=float, about="facility energy per IT energy (PUE), from 1 up", check=_from_one
    ),
    "operator": Setting(
        kind=str,
        about="who runs the data centre, such as aws, for its published PUE and WUE",
        check=_operator,
    ),
    "intensity": Setting(
        kind=float, about="carbon intensity in g/kWh, instead of the zone's", check=_positive
    ),
    "tariff": Setting(kind=float, about="price of a kWh, in the currency", check=_positive),
    "currency": Setting(kind=str, about="currency of the tariff, such as EUR", check=_currency),
    "contract": Setting(
        kind=dict,
        about="what the supply of electricity pays: a table [contract], or the path of its JSON",
        check=_contract,
    ),
    "wue": Setting(
        kind=float,
        about="litres of water on site for each kWh of the computers (WUE)",
        check=_not_negative,
    ),
    "ewif": Setting(
        kind=float,
        about="litres of water for making each kWh of electricity (EWIF)",
        check=_not_negative,
    ),
    "market": Setting(
        kind=float,
        about="g/kWh by contract or the supplier's label, beside the place's",
        check=_not_negative,
    ),
    "guaranteed": Setting(
        kind=float,
        about="part of the electricity that guarantees of origin cover, 0 to 1",
        check=_share,
    ),
    "marginal": Setting(
        kind=float, about="g that one more kWh emits here, beside the mean", check=_not_negative
    ),
    "machine": Setting(
        kind=str,
        about="for its making: an item of the tables, 1300kg, or server:cpus=2,ssd_gb=400",
    ),
    "lifetime": Setting(kind=float, about="service life of the machine in years", check=_positive),
    "hardware_share": Setting(
        kind=float, about="part of the machine reserved for the work, 0 to 1", check=_share
    ),
    "interval": Setting(
        kind=float, about="seconds between readings", default=1.0, check=_at_least_interval
    ),
    "meter": Setting(
        kind=list, about="meters to read as well, such as redfish:https://192.0.2.7", default=[]
    ),
    "credentials": Setting(
        kind=str, about="file in netrc form with what to log in to meters with, mode 600"
    ),
    "view": Setting(
        kind=str,
        about="whose energy the footprint is of: machine, fair-share or above-idle",
        default="machine",
        check=_view,
    ),
    "idle_w": Setting(
        kind=str,
        about="declared idle watts by channel, such as rapl/package-0=12.5,rapl/dram-0=3",
        check=_idle,
    ),
    "signal": Setting(
        kind=str, about="file with a carbon intensity by hour, CSV or Parquet, for planning"
    ),
    "source": Setting(
        kind=str, about="live source of grid signals to ask, such as carbon-intensity-gb"
    ),
    "to": Setting(
        kind=list,
        about="trackers and monitors to tell of a run as it goes, such as mlflow or wandb",
        default=[],
    ),
    "factors": Setting(
        kind=list, about="tables of your own factors, CSV, over those that come along", default=[]
    ),
    "factor_policy": Setting(
        kind=str,
        about="where your own and a shipped factor disagree: interval, prefer or error",
        default="interval",
        check=_policy,
    ),
    "store": Setting(kind=str, about="where runs are kept"),
    "keys": Setting(kind=str, about="folder of the keys that sign and are believed"),
    "lang": Setting(kind=str, about="language of what people read: en or es", check=_language),
    "strict": Setting(
        kind=bool, about="fail where measuring fails, instead of noting it", default=False
    ),
    "quiet": Setting(kind=bool, about="print nothing at the end of a run", default=False),
    "names": Setting(
        kind=bool, about="record the host's and the user's name (personal data)", default=False
    ),
}
"""Every setting there is, by name."""

TABLES = ("report", "check", "env")
"""Tables of a project file that are no settings: of its reports, its rules, its environments."""

_OF_SOURCES = ("BRIZNA_KEY_", "BRIZNA_URL_")
"""How variables begin that hold the key or another address of a source: no settings."""
_NOT_SETTINGS = (
    *("BRIZNA_RUN", "BRIZNA_METER_USER", "BRIZNA_METER_PASSWORD"),
    *("BRIZNA_PROCESS", "BRIZNA_PROCESSES", "BRIZNA_RESULT", "BRIZNA_CANDIDATE", "BRIZNA_PID"),
    *("BRIZNA_PARAMETERS", "BRIZNA_SEED", "BRIZNA_TARGET", "BRIZNA_QUALITY", "BRIZNA_CHECKPOINT"),
)
"""Most of them brizna sets for what it runs, and may be called there again."""
_KINDS = {
    str: Said("a text"),
    float: Said("a number"),
    bool: Said("true or false"),
    list: Said("a list of texts"),
    dict: Said("a table, or the path of a file with a JSON object"),
}
_TRUE, _FALSE = ("1", "true", "yes", "on"), ("0", "false", "no", "off")


class Settings(Record):
    """The settings in force, and where each value came from.

    Attributes:
        values: Every setting by name; None where unset.
        origins: For each setting ``option``, ``environment BRIZNA_ZONE``, a file's path or
            ``default``.
    """

    values: dict[str, Any]
    origins: dict[str, str]

    def __getitem__(self, name: str) -> Any:
        return self.values[name]

    def given(self) -> dict[str, tuple[Any, str]]:
        """Return those that somebody gave, with where each came from."""
        return {
            name: (self.values[name], origin)
            for name, origin in self.origins.items()
            if origin != "default"
        }


def read_settings(
    options: Mapping[str, Any], *, environ: Mapping[str, str], directory: str
) -> Settings:
    """Return the settings in force.

    Args:
        options: What was given as arguments; None means not given.
        environ: The environment; ``BRIZNA_<NAME>`` variables are settings.
        directory: Where to look for ``brizna.toml`` or ``pyproject.toml``, upwards.

    Raises:
        InputError: If a key is unknown or a value cannot be; names the place.
    """
    values = {name: setting.default for name, setting in SETTINGS.items()}
    origins = dict.fromkeys(SETTINGS, "default")
    layers = [
        _layer(user_file(environ), _file_table(user_file(environ))),
        _project_layer(directory),
        _environment_layer(environ),
        {
            _known(name, Said("An argument")): ("option", value)
            for name, value in options.items()
            if value is not None
        },
    ]
    for layer in layers:
        for name, (origin, value) in layer.items():
            values[name] = _read(name, value, origin)
            origins[name] = origin
    return Settings(values=values, origins=origins)


def user_file(environ: Mapping[str, str]) -> str:
    """Return where a user's settings are kept."""
    home = environ.get("XDG_CONFIG_HOME") or os.path.join(os.path.expanduser("~"), ".config")
    return os.path.join(home, "brizna", "config.toml")


def _environment_layer(environ: Mapping[str, str]) -> dict[str, tuple[str, Any]]:
    layer: dict[str, tuple[str, Any]] = {}
    for variable, value in environ.items():
        is_ours = variable.startswith("BRIZNA_") and not variable.startswith(_OF_SOURCES)
        if is_ours and variable not in _NOT_SETTINGS and value:
            name = variable.removeprefix("BRIZNA_").lower()
            where = Said("The environment variable {variable}", variable=variable)
            origin = Said("environment {variable}", variable=variable)
            layer[_known(name, where)] = (str(origin), value)
    return layer


def _project_layer(directory: str) -> dict[str, tuple[str, Any]]:
    """Return the settings of the nearest project file, looking upwards."""
    path, table = _project(directory)
    return _layer(path, table) if path else {}


def project_table(directory: str, name: str) -> tuple[str | None, dict[str, Any]]:
    """Return a table of the nearest project file that is no setting, and that file's path.

    Args:
        directory: Where to look, upwards.
        name: One of `TABLES`.

    Raises:
        InputError: If what stands there is no table.
    """
    path, table = _project(directory)
    found = table.get(name)
    if found is None:
        return None, {}
    if not hasattr(found, "items"):
        raise InputError(
            "{path} sets {name} to {found!r}, but a table was expected.",
            path=path,
            name=name,
            found=found,
        )
    return path, found


def _project(directory: str) -> tuple[str | None, dict[str, Any]]:
    """Return the nearest project file that says anything, looking upwards, and what it says."""
    while True:
        for name, tables in (("brizna.toml", ()), ("pyproject.toml", ("tool", "brizna"))):
            path = os.path.join(directory, name)
            found = _file_table(path, *tables)
            if found:
                return path, found
        parent = os.path.dirname(directory)
        if parent == directory:
            return None, {}
        directory = parent


def _layer(path: str, table: Mapping[str, Any]) -> dict[str, tuple[str, Any]]:
    settings = {name: value for name, value in table.items() if name not in TABLES}
    return {_known(name, Said(path)): (path, value) for name, value in settings.items()}


def _file_table(path: str, *tables: str) -> dict[str, Any]:
    if not os.path.isfile(path):
        return {}
    import tomllib

    try:
        with open(path, "rb") as file:
            found: Any = tomllib.load(file)
    except (OSError, ValueError) as error:
        if tables:
            return {}  # somebody else's file: what is wrong with it is not ours to say
        raise InputError(
            "{path} is not a settings file ({error}): correct or remove it.", path=path, error=error
        ) from error
    for table in tables:
        found = found.get(table, {}) if hasattr(found, "get") else {}
    if not hasattr(found, "items"):
        raise InputError(
            "{path} sets tool.brizna to {found!r}, but a table was expected.",
            path=path,
            found=found,
        )
    return found


def _known(name: str, where: Said) -> str:
    if name in SETTINGS:
        return name
    from brizna.core.factors import nearest

    raise InputError(
        "{where} sets {name!r}, which is not a setting.{hint} Settings: {known}.",
        where=where,
        name=name,
        hint=nearest(name, SETTINGS),
        known=", ".join(SETTINGS),
    )


def _read(name: str, value: Any, origin: str) -> Any:
    setting = SETTINGS[name]
    read = _converted(setting.kind, value)
    wrong = _KINDS[setting.kind] if read is None else setting.check(read)
    if wrong:
        raise InputError(
            "{name} is {value!r} ({origin}), but {wrong} was expected.",
            name=name,
            value=value,
            origin=Said(origin),
            wrong=wrong,
        )
    return read


def _converted(kind: type, value: Any) -> Any:
    if kind is bool:
        if isinstance(value, bool):
            return value
        text = str(value).lower()
        return True if text in _TRUE else False if text in _FALSE else None
    if kind is float:
        try:
            return None if isinstance(value, bool) else float(value)
        except (TypeError, ValueError):
            return None
    if kind is list:
        parts: Any = value.split() if isinstance(value, str) else value
        is_list = isinstance(parts, (list, tuple))
        texts: list[Any] = list(parts) if is_list else []  # pyright: ignore[reportUnknownArgumentType]  (checked next)
        return texts if is_list and all(isinstance(part, str) for part in texts) else None
    if kind is dict:
        found: Any = _object_in(value) if isinstance(value, str) else value
        return dict(found) if hasattr(found, "items") else None
    return value if isinstance(value, str) else None


def _object_in(path: str) -> Any:
    """Return what a JSON file holds; None if there is none such."""
    import json

    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except (OSError, ValueError):
        return None

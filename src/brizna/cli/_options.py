"""Options that several commands share, and the settings that they change."""

from __future__ import annotations

from brizna.core.errors import InputError
from brizna.verbs._run import current_directory
from brizna.verbs._settings import SETTINGS, read_settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterable

    from brizna.cli._dispatch import Context
    from brizna.cli._parser import Parser
    from brizna.report._texts import Texts
    from brizna.store import Store
    from brizna.verbs._settings import Settings


def add_settings(parser: Parser, names: Iterable[str]) -> None:
    """Add an option for each of these settings."""
    helps = _helps(parser.texts)
    for name in names:
        setting, option = SETTINGS[name], f"--{name.replace('_', '-')}"
        if setting.kind is bool:
            parser.add_argument(option, action="store_const", const=True, help=helps[name])
        elif setting.kind is list:
            parser.add_argument(option, metavar="SPEC", action="append", help=helps[name])
        else:
            parser.add_argument(option, metavar=name.upper(), help=helps[name])


def add_json(parser: Parser) -> None:
    """Add ``--json``: data for machines on stdout."""
    parser.add_argument("--json", action="store_true", help=parser.texts.gettext("print JSON"))


def add_everyday(parser: Parser) -> None:
    """Add the option that asks for everyday things of the same size."""
    parser.add_argument(
        "--everyday",
        action="store_true",
        help=parser.texts.gettext(
            "say how many car kilometres, household days, tree-months ... it is, with sources"
        ),
    )


def add_convert(parser: Parser) -> None:
    """Add the option that converts figures to another boundary."""
    parser.add_argument(
        "--convert",
        metavar="LEVEL",
        help=parser.texts.gettext(
            "convert to a boundary, by sourced factors: benchmark, accelerators, components, "
            "node, fleet, facility or life-cycle"
        ),
    )


def add_as_of(parser: Parser) -> None:
    """Add ``--as-of``: account with what was stated by a day."""
    parser.add_argument(
        "--as-of",
        metavar="DATE",
        help=parser.texts.gettext("with the factors as of this day, such as 2023-06-30"),
    )


def settings_of(given: Namespace, context: Context) -> Settings:
    """Return the settings in force under these options."""
    options = {name: getattr(given, name, None) for name in SETTINGS}
    return read_settings(options, environ=context.environ, directory=current_directory())


def store_of(given: Namespace, context: Context) -> Store:
    """Return the store that the settings name."""
    from brizna.store import Store

    settings = settings_of(given, context)
    return Store.find(settings["store"], cwd=current_directory(), environ=context.environ)


def read_store_of(given: Namespace, context: Context) -> Store:
    """Return the store that the settings name, to sum what it holds.

    Where nobody named a store and none is there yet, that is said: the sum of nothing is nothing.

    Raises:
        InputError: If a store was named that is not there.
    """
    settings = settings_of(given, context)
    return read_store(settings["store"], context, is_named=settings.origins["store"] != "default")


def read_store(path: str | None, context: Context, *, is_named: bool) -> Store:
    """Return the store at a path, or the nearest one, to sum what it holds.

    Raises:
        InputError: If it was named and is not there.
    """
    from brizna.store import Store, has_kept_runs

    store = Store.find(path, cwd=current_directory(), environ=context.environ)
    if has_kept_runs(store.path):
        return store
    if is_named:
        raise InputError(
            "No runs are kept in {path!r}: expected a directory that brizna has kept runs in. "
            "Name that one, or leave it out for the nearest store.",
            path=store.path,
        )
    from brizna.report._view import printable

    _ = context.texts.gettext
    context.say(_("No run has been kept in {path} yet.").format(path=printable(store.path)))
    return store


def _helps(texts: Texts) -> dict[str, str]:
    _ = texts.gettext
    return {
        "zone": _("grid zone, such as ES, FR or US-CAL-CISO"),
        "pue": _("facility energy per IT energy (PUE), from 1 up"),
        "operator": _("who runs the data centre, such as aws, for its published PUE and WUE"),
        "intensity": _("carbon intensity in g/kWh, instead of the zone's"),
        "tariff": _("price of a kWh, in the currency"),
        "currency": _("currency of the tariff, such as EUR"),
        "contract": _("what the supply of electricity pays, as a JSON file: tariff, prices, taxes"),
        "wue": _("litres of water on site for each kWh of the computers (WUE)"),
        "ewif": _("litres of water for making each kWh of electricity (EWIF)"),
        "market": _("g/kWh by contract or the supplier's label, beside the place's"),
        "guaranteed": _("part of the electricity that guarantees of origin cover, 0 to 1"),
        "marginal": _("g that one more kWh emits here, beside the mean"),
        "machine": _("for its making: an item of the tables, 1300kg, or server:cpus=2,ssd_gb=400"),
        "lifetime": _("service life of the machine in years"),
        "hardware_share": _("part of the machine reserved for the work, 0 to 1"),
        "interval": _("seconds between readings (1)"),
        "meter": _("a meter to read as well, such as redfish:https://HOST; may be repeated"),
        "keys": _("folder of the keys that sign and are believed"),
        "credentials": _("file in netrc form with what to log in to meters with, mode 600"),
        "view": _("whose energy the footprint is of: machine, fair-share or above-idle"),
        "idle_w": _("declared idle watts, such as rapl/package-0=12.5,rapl/dram-0=3"),
        "signal": _("file with a carbon intensity by hour, CSV or Parquet, for planning"),
        "source": _("live source of grid signals to ask, such as carbon-intensity-gb"),
        "to": _("trackers and monitors to tell of a run as it goes, such as mlflow or wandb"),
        "factors": _("tables of your own factors, CSV, over those that come along"),
        "factor_policy": _(
            "where your own and a shipped factor disagree: interval, prefer or error"
        ),
        "store": _("where runs are kept"),
        "lang": _("language of what people read: en or es"),
        "strict": _("fail where measuring fails, instead of noting it"),
        "quiet": _("print nothing at the end of a run"),
        "names": _("record the host's and the user's name (personal data)"),
    }

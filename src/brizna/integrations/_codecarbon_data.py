"""What a tracker hands back and writes: CodeCarbon's row, with brizna's estimates beside it."""

from __future__ import annotations

import os
from types import SimpleNamespace

from brizna.report import CODECARBON_COLUMNS, codecarbon_csv

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, Self

    from brizna.core.estimate import Estimate

_TEXTS = frozenset(
    (
        *("timestamp", "project_name", "run_id", "experiment_id", "country_name"),
        *("country_iso_code", "region", "cloud_provider", "cloud_region", "os"),
        *("python_version", "codecarbon_version", "cpu_model", "gpu_model", "tracking_mode"),
        *("on_cloud", "task_name"),
    )
)
_NOT_OF_TASKS = ("experiment_id", "pue", "wue")


class Kilograms(float):
    """Emissions in kg, as a plain number, with what is known of its doubt.

    Attributes:
        estimate: The same in grams with its interval and basis; None where it is not known, and
            then the number is NaN.
    """

    estimate: Estimate | None

    def __new__(cls, estimate: Estimate | None) -> Self:
        """Return the best value of an estimate of carbon."""
        kilograms = float("nan") if estimate is None else estimate.best.to("kg")
        made = super().__new__(cls, kilograms)
        made.estimate = estimate
        return made

    def __reduce__(self) -> tuple[type[float], tuple[float]]:
        """Go to other processes and into files as the plain number that code expects there."""
        return float, (float(self),)


class EmissionsData(SimpleNamespace):
    """One row of figures; each column is an attribute.

    What is not known is NaN among numbers, so that code that computes with it goes on and shows
    that it is not known, and empty among texts.

    Attributes:
        estimate: The emissions with their interval, in grams; None where they are not known, and
            then the kilograms among the columns are NaN.
        energy_estimate: The energy of the facility with its interval, in joules.
    """

    def __init__(
        self,
        row: Mapping[str, Any],
        *,
        estimate: Estimate | None = None,
        energy: Estimate | None = None,
    ) -> None:
        """Take a row of `brizna.report.codecarbon_rows`."""
        super().__init__(**{name: _shown(name, value) for name, value in row.items()})
        self.estimate = estimate
        self.energy_estimate = energy

    @property
    def values(self) -> dict[str, Any]:
        """The columns by name, in order."""
        names = [name for name in ("task_name", *CODECARBON_COLUMNS) if name in vars(self)]
        return {name: getattr(self, name) for name in names}

    def toJSON(self) -> str:  # noqa: N802 - the name that code written for CodeCarbon calls
        """Return the columns as JSON; null where nothing is known."""
        from json import dumps

        known = {name: None if value != value else value for name, value in self.values.items()}  # noqa: PLR0124 - only NaN differs
        return dumps(known, sort_keys=True, indent=4)


class LoggerOutput:
    """Writes each row to a logger.

    Attributes:
        logger: The logger.
        logging_severity: At which level.
    """

    def __init__(self, logger: Any, severity: int = 20) -> None:
        """Take a logger of the standard library, or one with its ``log``."""
        self.logger = logger
        self.logging_severity = severity

    def out(self, total: EmissionsData, _delta: EmissionsData) -> None:
        """Write the run so far."""
        self.logger.log(self.logging_severity, msg=total.toJSON())

    def live_out(self, total: EmissionsData, delta: EmissionsData) -> None:
        """Write the run so far."""
        self.out(total, delta)


def _shown(name: str, value: Any) -> Any:
    if name in _TEXTS:
        return "" if value is None else value
    return float("nan") if value is None else value


def write_row(path: str, data: EmissionsData, *, update: bool) -> None:
    """Add a row to a file; with ``update`` it takes the place of the run's earlier row.

    A file with other columns is set aside under a name that is free, as CodeCarbon does: no row of
    anybody is lost. Several processes may add to one file.

    Raises:
        OSError: If the file cannot be written.
    """
    from csv import DictReader, DictWriter
    from io import StringIO

    from brizna.store import replace_file

    if _begin(path, codecarbon_csv([data.values]).encode()):
        return
    with open(path, encoding="utf-8", newline="") as file:
        reader = DictReader(file)
        columns = list(reader.fieldnames or ())
        kept = list(reader) if update else []
    if set(columns) != set(CODECARBON_COLUMNS):
        os.rename(path, _free(f"{path}.bak"))
        _begin(path, codecarbon_csv([data.values]).encode())
        return
    if update:
        others = [row for row in kept if row["run_id"] != data.run_id]
        replace_file(path, codecarbon_csv([*others, data.values]).encode())
        return
    line = StringIO()
    out = DictWriter(line, columns, extrasaction="ignore", lineterminator="\n")
    out.writerow(_written(data))
    with open(path, "ab") as file:
        file.write(line.getvalue().encode())


def _begin(path: str, data: bytes) -> bool:
    """Make a file whole, so that nobody sees its head without its row; False if there is one."""
    from contextlib import suppress

    draft = f"{path}.{os.urandom(6).hex()}.tmp"
    try:
        with open(draft, "xb") as file:
            file.write(data)
        if os.path.exists(path) and not os.path.getsize(path):
            os.replace(draft, path)
        else:
            os.link(draft, path)  # unlike a rename, this fails if the name is taken
        return True
    except FileExistsError:
        return False
    finally:
        with suppress(FileNotFoundError):
            os.unlink(draft)


def _written(data: EmissionsData) -> dict[str, Any]:
    """Return the columns as a file has them: nothing where nothing is known."""
    return {name: "" if value != value else value for name, value in data.values.items()}  # noqa: PLR0124 - only NaN differs


def write_tasks(path: str, tasks: Sequence[EmissionsData]) -> None:
    """Write the rows of a run's tasks to a file of their own.

    Raises:
        OSError: If the file cannot be written.
    """
    from csv import DictWriter
    from io import StringIO

    from brizna.store import replace_file

    names = ["task_name", *(name for name in CODECARBON_COLUMNS if name not in _NOT_OF_TASKS)]
    text = StringIO()
    out = DictWriter(text, names, extrasaction="ignore", lineterminator="\n")
    out.writeheader()
    for task in tasks:
        out.writerow(_written(task))
    replace_file(path, text.getvalue().encode())


def _free(path: str) -> str:
    """Return a path that nothing has: the path itself, or with a number after it."""
    if not os.path.exists(path):
        return path
    number = 1
    while os.path.exists(f"{path}_{number}"):
        number += 1
    return f"{path}_{number}"

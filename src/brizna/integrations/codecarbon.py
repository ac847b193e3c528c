"""CodeCarbon's names, measured by brizna: code written for it runs as it is, and gets intervals.

``python -m brizna.integrations.codecarbon train.py`` runs a script whose ``from codecarbon import
EmissionsTracker`` finds these; importing them from here does the same without that. Numbers are
CodeCarbon's: kg, kWh, W, the building's overhead (PUE) in the energy. What comes back is a number
with an ``estimate``, the run is kept in brizna's store, and what cannot be known is NaN, not 0.
"""

from __future__ import annotations

import logging
import os
import sys
from functools import update_wrapper

from brizna.core.errors import BriznaError, Said
from brizna.core.estimate import exactly, total
from brizna.core.factors import factor
from brizna.core.quantities import WaterIntensity
from brizna.integrations._codecarbon_data import (
    EmissionsData,
    Kilograms,
    LoggerOutput,
    write_row,
    write_tasks,
)
from brizna.integrations._codecarbon_options import language, read_options
from brizna.report import codecarbon_rows, stored
from brizna.verbs import measure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, Self

    from brizna.account import Footprint
    from brizna.core.estimate import Estimate
    from brizna.core.measurement import Run
    from brizna.integrations._codecarbon_options import Options
    from brizna.verbs import Measuring

__all__ = [
    "EmissionsData",
    "EmissionsTracker",
    "LoggerOutput",
    "OfflineEmissionsTracker",
    "TaskEmissionsTracker",
    "track_emissions",
    "track_task_emissions",
]

logger = logging.getLogger("codecarbon")

_GROWING = (
    *("duration", "emissions", "cpu_energy", "gpu_energy", "ram_energy", "energy_consumed"),
    "water_consumed",
)
"""Columns that only grow while a run goes on, so that a part's is a difference."""
_FILE = "emissions.csv"


def _account(run: Run, options: Options) -> Footprint:
    """Return a run's footprint with the water that CodeCarbon's rows hold.

    That of cooling is 0 where nobody says otherwise, and that of making the electricity is brizna's
    default for an unknown grid.
    """
    from brizna.account import account, subject_of_run
    from brizna.verbs._views import assumptions_of

    cooling = run.site.wue_l_per_kwh or exactly(WaterIntensity(options.get("wue", 0.0)))
    assumed = assumptions_of(run, site=run.site.replace(wue_l_per_kwh=cooling))
    if assumed.ewif_l_per_kwh is None:
        making = factor("brizna.account", "water", "water/ewif/default")
        assumed = assumed.replace(
            ewif_l_per_kwh=making.estimate(), factors=(*assumed.factors, making)
        )
    return account(subject_of_run(run, view=options.seen_as), assumed)


class _Told:
    """What is known of a run at one moment.

    Attributes:
        row: Its row.
        energy: Energy of the facility so far; None where nothing could be read.
        emissions: Carbon of the electricity so far; None where that or the place is not known.
    """

    def __init__(self, run: Run, options: Options) -> None:
        """Account for a run as it is now."""
        footprint = _account(run, options)
        (self.row,) = codecarbon_rows([{**run.to_json(), "footprint": footprint.to_json()}])
        self.row["project_name"] = options.get("project_name", "codecarbon")
        self.row["experiment_id"] = str(options.get("experiment_id", ""))
        self.energy = footprint.facility_energy_j
        self.emissions = footprint.carbon_operational_g
        self._intensity = footprint.assumptions.intensity_g_per_kwh

    def data(self) -> EmissionsData:
        """Return the figures so far."""
        return EmissionsData(self.row, estimate=self.emissions, energy=self.energy)

    def since(self, begun: _Told, name: str) -> EmissionsData:
        """Return the figures of what came after another moment of the run."""
        energy = self.energy and begun.energy and self.energy - begun.energy
        emissions = energy * self._intensity if energy and self._intensity else None
        row: dict[str, Any] = {"task_name": name, **self.row}
        for column in _GROWING:
            late, early = self.row[column], begun.row[column]
            row[column] = None if late is None or early is None else late - early
        duration_s = row["duration"]
        row["emissions"] = None if emissions is None else emissions.best.to("kg")
        row["emissions_rate"] = _over(row["emissions"], duration_s)
        for part in ("cpu", "gpu", "ram"):
            energy_kwh = row[f"{part}_energy"]
            energy_j = None if energy_kwh is None else _joules(energy_kwh)
            row[f"{part}_power"] = _over(energy_j, duration_s)
        return EmissionsData(row, estimate=emissions, energy=energy)


class _Task:
    """A part of a run, as code written for CodeCarbon looks at it.

    Attributes:
        emissions_data: Its figures; None while it goes on.
        is_active: Whether it goes on.
    """

    def __init__(self, name: str, begun: _Told | None, part: Any) -> None:
        self.task_name = name
        self.begun, self.part = begun, part
        self.emissions_data: EmissionsData | None = None
        self.is_active = True


class EmissionsTracker:
    """Measures from `start` to `stop`, as CodeCarbon's class of this name does.

    Takes every argument that CodeCarbon 3 documents. Those that mean nothing here (accounts,
    endpoints, forced powers, which counters to read) are named once in the log. Where the machine
    stands comes from ``country_iso_code`` or a cloud's region, else from brizna's settings, else
    from the time zone as a stated guess: nobody is asked over the network.

    Attributes:
        final_emissions: What `stop` returned; None before.
        final_emissions_data: The row behind it; None before.
    """

    def __init__(self, *positions: Any, **named: Any) -> None:
        """Keep what was asked for; nothing is opened yet.

        Raises:
            TypeError: If there are arguments that no tracker takes.
        """
        self._options = read_options(positions, named, environ=os.environ)
        self._lang = language(os.environ)
        level = self._options.get("log_level")
        if level is not None:
            logger.setLevel(level.upper() if hasattr(level, "upper") else level)
        self._handlers: list[Any] = list(self._options.get("output_handlers", ()))
        if self._options.get("save_to_logger"):
            given = self._options.get("logging_logger")
            self._handlers.append(given or LoggerOutput(logger, logging.INFO))
        self._measuring: Measuring | None = None
        self._tasks: dict[str, _Task] = {}
        self._active_task: str | None = None
        self._is_whole = False
        self._last: _Told | None = None
        self.final_emissions: Kilograms | None = None
        self.final_emissions_data: EmissionsData | None = None
        for text in self._options.wrong:
            logger.warning("brizna: %s", stored(text, self._lang))
        if self._options.idle:
            self._say(
                Said("These mean nothing to brizna: {names}.", names=", ".join(self._options.idle))
            )

    # -------------------------------------------------------------------------------- what it does

    def start(self) -> None:
        """Begin to measure; where that has begun nothing happens."""
        if self._measuring is not None:
            self._say(Said("The tracker measures already."))
            return
        self._is_whole = True
        self._begin()

    def stop(self) -> float | None:
        """End, write what is to be written, and return the emissions in kg.

        Returns:
            A number with its ``estimate``; NaN where it is not known. Called again, the same.
        """
        return self._end(None)

    def _end(self, error: BaseException | None) -> float | None:
        measuring = self._measuring
        if measuring is None:
            self._say(Said("The tracker has ended, or never began."))
            return self.final_emissions
        if self._active_task is not None:
            self.stop_task()
        measuring.__exit__(None if error is None else type(error), error, None)
        told = self._told()
        self._measuring = None
        data = self._whole(told)
        self.final_emissions_data = data
        self.final_emissions = Kilograms(data.estimate)
        if data.estimate is None:
            self._say(
                Said("The emissions are not known: see 'brizna show {run}'.", run=data.run_id)
            )
        self._put_out(data, is_last=True)
        return self.final_emissions

    def flush(self) -> float | None:
        """Write the figures so far, go on, and return the emissions in kg."""
        if self._measuring is None:
            self._say(Said("The tracker has ended, or never began."))
            return None
        data = self._whole(self._told())
        self._put_out(data)
        return Kilograms(data.estimate)

    def start_task(self, task_name: str | None = None) -> None:
        """Begin a part of the run; without `start` before it, only parts count."""
        if self._active_task is not None:
            self._say(Said("A task is measured already: {name}.", name=self._active_task))
            return
        if self._measuring is None:
            self._begin()
        name = task_name or f"task {len(self._tasks) + 1}"
        while name in self._tasks:
            name = f"{name}_{len(self._tasks) + 1}"
        part = None
        if self._measuring is not None:
            part = self._measuring.phase(name)
            part.__enter__()
        self._tasks[name] = _Task(name, self._told(), part)
        self._active_task = name

    def stop_task(self, task_name: str | None = None) -> EmissionsData | None:
        """End a part and return its figures; None where there is none to end."""
        task = self._tasks.get(task_name or self._active_task or "")
        if task is None or not task.is_active:
            self._say(Said("There is no task to end."))
            return None
        if task.part is not None:
            task.part.__exit__(None, None, None)
        task.is_active, self._active_task = False, None
        now = self._told()
        if now is None or task.begun is None:
            task.emissions_data = EmissionsData({"task_name": task.task_name, **_nothing()})
        else:
            task.emissions_data = now.since(task.begun, task.task_name)
        return task.emissions_data

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, raised: BaseException | None, _: object
    ) -> None:
        self._end(raised)

    def service_shutdown(self, signum: int, _frame: object) -> None:
        """End because of a signal: ``signal.signal(signal.SIGTERM, tracker.service_shutdown)``."""
        logger.warning(
            "brizna: %s", stored(str(Said("Signal {number} came.", number=signum)), self._lang)
        )
        self.stop()

    # ----------------------------------------------------------------------------- what it tells

    @property
    def estimate(self) -> Estimate | None:
        """The emissions in grams with their interval; None where they are not known yet."""
        return None if self.final_emissions is None else self.final_emissions.estimate

    @property
    def run_id(self) -> str | None:
        """The id of the run in brizna's store; None before it begins."""
        if self._last is None:
            self._told()
        return None if self._last is None else str(self._last.row["run_id"])

    def get_detected_hardware(self) -> dict[str, Any]:
        """Return what the machine is: memory in GB, processors, graphics cards."""
        from brizna.environment import machine_name
        from brizna.meter import open_meters
        from brizna.verbs._site import hardware_of

        meters = open_meters(machine=machine_name())
        try:
            found = hardware_of([channel for meter in meters for channel in meter.channels()])
        finally:
            for meter in meters:
                meter.close()
        return {
            "ram_total_size": found["memory_gb"],
            "cpu_count": found["threads"],
            "cpu_physical_count": found["sockets"],
            "cpu_model": found["cpu"] or "",
            "gpu_count": len(found["gpus"]),
            "gpu_model": ", ".join(str(card) for card in found["gpus"]),
            "gpu_ids": None,
        }

    # ------------------------------------------------------------------------------------- inside

    def _begin(self) -> None:
        name = self._options.get("project_name", "codecarbon")
        measuring = measure(name, tags=("codecarbon",), **self._options.settings())
        try:
            self._measuring = measuring.__enter__()
        except BriznaError as error:  # a setting that cannot be: the job goes on unmeasured
            logger.error("brizna: %s", stored(str(error), self._lang))  # noqa: TRY400 - no stack for people
        self._last = None

    def _told(self) -> _Told | None:
        if self._measuring is None:
            return None
        try:
            self._last = _Told(self._measuring.run, self._options)
        except (BriznaError, OSError) as error:
            logger.error("brizna: %s", stored(str(error), self._lang))  # noqa: TRY400 - no stack for people
        return self._last

    def _whole(self, told: _Told | None) -> EmissionsData:
        """Return the figures of the run: of its tasks alone if nothing else was asked for."""
        if told is None:
            return EmissionsData(_nothing())
        tasks = [task.emissions_data for task in self._tasks.values() if task.emissions_data]
        if self._is_whole or not tasks:
            return told.data()
        row = dict(told.row)
        for column in _GROWING:
            row[column] = sum(getattr(task, column) for task in tasks)
        energies = [task.energy_estimate for task in tasks]
        emissions = [task.estimate for task in tasks]
        return EmissionsData(
            row,
            energy=None if None in energies else total(filter(None, energies)),
            estimate=None if None in emissions else total(filter(None, emissions)),
        )

    def _put_out(self, data: EmissionsData, *, is_last: bool = False) -> None:
        """Write the row to the file and hand it to those who asked for it."""
        tasks = [task.emissions_data for task in self._tasks.values() if task.emissions_data]
        experiment = self._options.get("experiment_name", "base")
        folder = self._options.get("output_dir", ".")
        try:
            if self._options.writes_file():
                update = self._options.get("on_csv_write") == "update"
                path = os.path.join(folder, self._options.get("output_file", _FILE))
                write_row(path, data, update=update)
                if tasks:
                    name = f"emissions_{experiment}_{data.run_id}.csv"
                    write_tasks(os.path.join(folder, name), tasks)
        except OSError as error:
            self._say(Said("The figures cannot be written: {reason}.", reason=error))
        for handler in self._handlers:
            try:
                handler.out(data, data)
                if tasks and hasattr(handler, "task_out"):
                    handler.task_out(tasks, experiment)
                if is_last and hasattr(handler, "exit"):
                    handler.exit()
            except Exception as error:  # noqa: BLE001  (somebody's handler: the job is not to fail by it)
                self._say(Said("An output failed: {reason!r}.", reason=error))

    def _say(self, text: Said) -> None:
        logger.warning("brizna: %s", stored(str(text), self._lang))


class OfflineEmissionsTracker(EmissionsTracker):
    """The same, where the place is given: brizna asks nobody over the network in either case."""

    def __init__(self, *positions: Any, **named: Any) -> None:
        """Keep what was asked for, and say so if it names no place."""
        super().__init__(*positions, **named)
        if self._options.zone is None:
            self._say(
                Said(
                    "No place is named: give country_iso_code, such as 'ESP', or a cloud's region."
                )
            )


class TaskEmissionsTracker:
    """A part of a run as a context manager; the tracker is made where none is given."""

    def __init__(self, task_name: str, tracker: EmissionsTracker | None = None) -> None:
        """Keep what to measure."""
        self.is_default_tracker = tracker is None
        self.tracker = tracker or EmissionsTracker()
        self.task_name = task_name

    def __enter__(self) -> Self:
        self.tracker.start_task(self.task_name)
        return self

    def __exit__(self, *_: object) -> None:
        self.tracker.stop_task()
        if self.is_default_tracker:
            self.tracker.stop()


def track_emissions(fn: Callable[..., Any] | None = None, *positions: Any, **named: Any) -> Any:
    """Measure each call of a function; ``offline=True`` for one whose place is given.

    Args:
        fn: The function, where the decorator stands without brackets.
        *positions: As for `EmissionsTracker`.
        **named: As for `EmissionsTracker` and `OfflineEmissionsTracker`.
    """
    kind = OfflineEmissionsTracker if named.pop("offline", False) else EmissionsTracker

    def decorate(function: Callable[..., Any]) -> Any:
        def measured(*args: Any, **kwargs: Any) -> Any:
            with kind(*positions, **named):
                return function(*args, **kwargs)

        return update_wrapper(measured, function)

    return decorate if fn is None else decorate(fn)


def track_task_emissions(
    fn: Callable[..., Any] | None = None,
    tracker: EmissionsTracker | None = None,
    task_name: str = "",
) -> Any:
    """Measure each call of a function as a part of a tracker's run."""

    def decorate(function: Callable[..., Any]) -> Any:
        def measured(*args: Any, **kwargs: Any) -> Any:
            with TaskEmissionsTracker(task_name, tracker):
                return function(*args, **kwargs)

        return update_wrapper(measured, function)

    return decorate if fn is None else decorate(fn)


def _nothing() -> Mapping[str, Any]:
    from brizna.report import CODECARBON_COLUMNS

    return dict.fromkeys(CODECARBON_COLUMNS)


def _joules(energy_kwh: float) -> float:
    from brizna.core.quantities import Energy

    return Energy.of(energy_kwh, "kWh").value


def _over(amount: float | None, duration_s: float) -> float | None:
    return None if amount is None or not duration_s > 0 else amount / duration_s


if __name__ == "__main__":
    from brizna.integrations._codecarbon_command import main

    sys.exit(main(sys.argv[1:]))

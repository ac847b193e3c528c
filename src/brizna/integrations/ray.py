"""Ray on one machine: the energy of each trial of Ray Tune, and of each worker of Ray Train.

Example::

    with EnergyTrials("search", zone="ES") as energy:
        tune.Tuner(train, run_config=tune.RunConfig(callbacks=[energy.callback])).fit()
    print(energy.energies, energy.front("accuracy"))

    TorchTrainer(each_worker(train, zone="ES"), scaling_config=ScalingConfig(num_workers=2)).fit()

Ray's workers are processes of their own. Trials are measured from the program that calls
``fit``: those at the same time share what the machine used. Workers keep a run each.
"""

from __future__ import annotations

import warnings
from functools import wraps

from brizna.core.errors import InputError, Said
from brizna.core.fronts import ranks
from brizna.core.records import Record
from brizna.integrations._library import check_version, missing
from brizna.integrations._trials import Trials
from brizna.verbs import measure

try:
    import ray
    from ray import train, tune
except ImportError as error:
    raise missing("Ray", error, install="ray[train,tune]") from error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from ray.tune.experiment import Trial

    from brizna.core.estimate import Estimate
    from brizna.integrations._serving import Request

check_version("ray", ray.__version__, least="2.43")


class OnFront(Record):
    """A trial that no other one beats in both quality and energy.

    Attributes:
        trial: Its id.
        config: What was set.
        quality: What it reported last.
        energy: What it took.
    """

    trial: str
    config: dict[str, Any]
    quality: float
    energy: Estimate


class EnergyTrials(Trials):
    """Measures trials from when Ray starts one until it has ended, pauses included."""

    _callback: _Callback | None = None

    @property
    def callback(self) -> tune.Callback:
        """What Ray Tune takes."""
        if self._callback is None:
            self._callback = _Callback(self)
        return self._callback

    @property
    def energies(self) -> Mapping[str, Estimate | None]:
        """The energy of each trial that has ended, by its id; None where it is not known."""
        ended = {} if self._callback is None else self._callback.ended
        return {name: request.energy for name, request in ended.items()}

    def front(self, metric: str, *, mode: str = "max") -> tuple[OnFront, ...]:
        """Return the trials that no other one beats in both a metric and energy, cheapest first.

        Of trials that have ended, reported the metric and have an energy.

        Args:
            metric: As trials report it.
            mode: ``max`` or ``min``: what is better.

        Raises:
            InputError: If the mode is neither.
        """
        if mode not in ("max", "min"):
            raise InputError("mode is {mode!r}: expected max or min.", mode=mode)
        told = {} if self._callback is None else self._callback.told
        known = [
            OnFront(trial=name, config=config, quality=float(result[metric]), energy=energy)
            for name, (config, result) in told.items()
            if metric in result and (energy := self.energies.get(name)) is not None
        ]
        sign = -1.0 if mode == "max" else 1.0
        points = [(sign * one.quality, one.energy.best.value) for one in known]
        first = [one for one, rank in zip(known, ranks(points), strict=True) if rank == 0]
        return tuple(sorted(first, key=lambda one: one.energy.best.value))


class _Callback(tune.Callback):
    """Hears of trials in the program that called ``fit``."""

    def __init__(self, trials: EnergyTrials) -> None:
        self._trials = trials
        self._open: dict[str, Request] = {}
        self.ended: dict[str, Request] = {}
        self.told: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        """Be stored by Ray as a callback that does nothing: a search restored is measured anew."""
        return (tune.Callback, ())

    def setup(self, **_: Any) -> None:
        nodes = sum(node["Alive"] for node in ray.nodes())
        if nodes > 1:
            text = Said(
                "This Ray cluster has {nodes} machines, and only this one is measured: the "
                "energies of trials are what this machine used while they ran. Measure each "
                "machine, with 'brizna run' around its 'ray start --block'.",
                nodes=nodes,
            )
            warnings.warn(f"brizna: {text}", stacklevel=2)

    def on_trial_start(self, iteration: int, trials: Any, trial: Trial, **_: Any) -> None:
        if trial.trial_id not in self._open:
            self._open[trial.trial_id] = self._trials.request().__enter__()

    def on_trial_complete(self, iteration: int, trials: Any, trial: Trial, **_: Any) -> None:
        self._end(trial)

    def on_trial_error(self, iteration: int, trials: Any, trial: Trial, **_: Any) -> None:
        self._end(trial)

    def on_experiment_end(self, trials: Any, **_: Any) -> None:
        for trial in trials:
            self._end(trial)
        self._trials.settle()

    def _end(self, trial: Trial) -> None:
        request = self._open.pop(trial.trial_id, None)
        if request is not None:
            request.__exit__()
            self.ended[trial.trial_id] = request
            self.told[trial.trial_id] = (dict(trial.config), dict(trial.last_result or {}))


def each_worker(
    loop: Callable[..., Any], *, name: str | None = None, **options: Any
) -> Callable[..., Any]:
    """Return what a worker of Ray Train is to do, measured: each keeps a run of its own.

    Inside, `brizna.integrations.torch.Training` tells epochs. Each run has the tags
    ``ray-train=NAME`` and ``rank=N``; ``brizna runs merge`` makes one of them, and counts what the
    workers of one machine shared once.

    Args:
        loop: As ``train_loop_per_worker``.
        name: What to call the runs; the function's name if None.
        **options: As `brizna.measure` takes them. ``store`` is best given in full: a worker has a
            working directory of its own.
    """

    @wraps(loop)
    def measured(*config: Any) -> Any:
        context = train.get_context()
        tags: list[str] = [
            *options.get("tags", ()),
            f"ray-train={context.get_experiment_name()}",
            f"rank={context.get_world_rank()}",
        ]
        settings: dict[str, Any] = {**options, "tags": tags}
        with measure(name or str(loop.__name__), **settings):
            return loop(*config)

    return measured

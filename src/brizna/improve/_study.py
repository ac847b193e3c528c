"""What a study is to do: the model, what it is judged by, the work it is for, and the limits."""

from __future__ import annotations

import os
from hashlib import sha256
from math import isfinite

from brizna.core.codec import digest
from brizna.core.errors import InputError
from brizna.core.quantities import Duration, Energy
from brizna.core.records import Record
from brizna.improve._material import Material

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, ClassVar

_SECTIONS = {
    "model": ("path", "load", "trusted", "runtime"),
    "quality": ("items", "score", "metric", "groups", "margin", "worst_fall", "confirm"),
    "data": ("inputs", "calibration", "train", "loss", "student", "trace", "options"),
    "workload": ("yearly_inferences", "threads", "batches", "by_length", "cache"),
    "search": (
        *("repeats", "window", "subset", "budget", "seed", "transforms", "without", "runtimes"),
        *("plugins", "most", "max_bytes"),
    ),
}
"""What a configuration may say."""
_ENDINGS = (".py", ".onnx", ".xml", ".bin", ".pt", ".pth", ".jit", ".joblib", ".pkl", ".skops")


class Study(Record):
    """What is to be done; with the machine its digest is the study's name.

    Attributes:
        source: Where the model is: ``path``, or ``load``, a reference to a function; and the
            ``runtime`` that runs it today, the first that can if it is not named.
        material: What a person hands over beside it.
        margin: By how much quality may fall, in units of the score.
        worst_fall: By how much the score of one item can fall; as the guard says if None.
        confirm: Share of the items that play no part in the choice, but confirm it.
        yearly: Inferences a year; None where nobody says, and then no search is cut short because
            it does not pay.
        threads: Numbers of threads to try; the first for all that is compared.
        batches: Numbers of rows to put together; none to leave requests as they are.
        by_length: Whether rows are sorted by their length too before they are put together.
        cache: Answers to remember; 0 for none.
        repeats: How often each variant that is still in the race is tried.
        window_s: Processor seconds for which one trial measures, at least one pass.
        subset: Items that a variant is scored on first.
        budget_s: Processor seconds after which nothing new is begun; None for no limit.
        budget_j: The same in joules, where the meters count them.
        seed: Decides the order of trials and which items confirm.
        only: Names of transforms to try; all if empty. ``without``: those to leave out.
        runtimes: Names of runtimes to try; all if empty.
        plugins: References ``module:Class`` to transforms and runtimes of one's own.
        most: How many models are built at most.
        max_bytes: Bytes that the chosen model's files may have; None for no limit.
    """

    schema: ClassVar = "brizna.improve-study/1"

    source: dict[str, Any]
    material: Material
    margin: float
    worst_fall: float | None = None
    confirm: float = 0.3
    yearly: float | None = None
    threads: tuple[int, ...] = (1,)
    batches: tuple[int, ...] = ()
    by_length: bool = False
    cache: int = 0
    repeats: int = 3
    window_s: float = 0.5
    subset: int = 200
    budget_s: float | None = None
    budget_j: float | None = None
    seed: int = 0
    only: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    runtimes: tuple[str, ...] = ()
    plugins: tuple[str, ...] = ()
    most: int = 60
    max_bytes: int | None = None

    _forms: ClassVar = {
        "material": Material.from_json,
        **dict.fromkeys(("threads", "batches", "only", "without", "runtimes", "plugins"), tuple),
    }

    def _check(self) -> None:
        numbers = (self.margin, self.confirm, self.window_s)
        if not (all(map(isfinite, numbers)) and self.margin >= 0 and 0 <= self.confirm < 1):
            raise InputError(
                "The margin is {margin} and the share that confirms {confirm}: expected a margin "
                "of 0 or more, and a share from 0 up to, but not, 1.",
                margin=self.margin,
                confirm=self.confirm,
            )
        if self.repeats < 2 or self.window_s <= 0 or self.subset < 2 or not self.threads:
            raise InputError(
                "There are {repeats} repeats of {window_s} s, {subset} items first and {threads} "
                "numbers of threads: expected at least 2 repeats, more than 0 s, 2 items and one "
                "number.",
                repeats=self.repeats,
                window_s=self.window_s,
                subset=self.subset,
                threads=len(self.threads),
            )

        counts = (*self.threads, *self.batches, self.most)
        if min(counts) < 1 or self.cache < 0 or self.seed < 0:
            raise InputError(
                "There are {threads} threads, batches of {batches}, a cache of {cache}, {most} "
                "models and a seed of {seed}: expected 1 or more of each, and 0 or more for the "
                "cache and the seed.",
                threads=", ".join(map(str, self.threads)),
                batches=", ".join(map(str, self.batches)) or "-",
                cache=self.cache,
                most=self.most,
                seed=self.seed,
            )

    def tries(self, name: str) -> bool:
        """Return whether a transform is among those to try."""
        return name not in self.without and (not self.only or name in self.only)


def study_of(config: Mapping[str, Any], *, directory: str) -> Study:
    """Return the study that a configuration describes.

    Args:
        config: As read from TOML: the tables ``model``, ``quality``, ``data``, ``workload`` and
            ``search``.
        directory: Where it stands: what its paths are relative to, and where its modules are.

    Raises:
        InputError: If it says something unknown, or leaves out what is needed.
    """
    for section, values in config.items():
        _check_known("table", section, _SECTIONS)
        for name in values:
            _check_known(f"key of [{section}]", name, _SECTIONS[section])
    model, quality, data = (config.get(name, {}) for name in ("model", "quality", "data"))
    workload, search = config.get("workload", {}), config.get("search", {})
    if ("path" in model) == ("load" in model):
        raise InputError(
            "The table [model] says {said}: expected either path, a file, or load, a reference "
            "such as 'mymodel:load'.",
            said=", ".join(model) or "-",
        )
    for name, values in (("items", quality), ("score", quality), ("margin", quality)):
        if name not in values:
            raise _missing("quality", name)
    if "inputs" not in data:
        raise _missing("data", "inputs")
    references = ("inputs", "calibration", "train", "loss", "student", "trace")
    return Study(
        source=_source(model, directory),
        material=Material(
            path=(os.path.abspath(directory),),
            **{name: quality.get(name) for name in ("items", "score", "metric", "groups")},
            **{name: data.get(name) for name in references},
            options=data.get("options", {}),
        ),
        margin=float(quality["margin"]),
        **_given(quality, worst_fall=float, confirm=float),
        **_given(workload, threads=_whole, batches=_whole, by_length=bool, cache=int),
        **_given(search, repeats=int, subset=int, seed=int, most=int, without=tuple, max_bytes=int),
        **_given(search, runtimes=tuple, plugins=tuple),
        **_renamed(workload, search),
    )


def _renamed(workload: Mapping[str, Any], search: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a study that a configuration calls otherwise."""
    found: dict[str, Any] = read_budget(search.get("budget"))
    if "transforms" in search:
        found["only"] = tuple(search["transforms"])
    if "window" in search:
        found["window_s"] = Duration.parse(str(search["window"])).value
    if "yearly_inferences" in workload:
        found["yearly"] = _number(workload)
    return found


def read_budget(text: str | None) -> dict[str, Any]:
    """Return the fields of a study for a budget such as ``10min`` or ``5kJ``; none for None.

    Raises:
        InputError: If it is neither a duration nor an energy.
    """
    if text is None:
        return {}
    try:
        return {"budget_s": Duration.parse(text).value}
    except InputError:
        try:
            return {"budget_j": Energy.parse(text).value}
        except InputError as error:
            raise InputError(
                "The budget is {text!r}: expected a duration of processor time or an energy, such "
                "as '10min' or '5kJ'.",
                text=text,
            ) from error


def key_of(study: Study, *, machine: Mapping[str, Any]) -> str:
    """Return the name of a study: of what it does, to which files, with which libraries.

    Neither the budget nor the number of models counts: with more of either a study goes on.

    Args:
        study: What is to be done.
        machine: Where.
    """
    told = study.replace(budget_s=None, budget_j=None, most=1).to_json()
    return digest([told, dict(machine), _digests(study)]).removeprefix("sha256:")[:12]


def _digests(study: Study) -> dict[str, str]:
    """Return the digests of the model's file and of the person's modules beside the study."""
    material = study.material
    references = [study.source.get("load"), *study.plugins]
    references += [value for value in material.to_json().values() if isinstance(value, str)]
    paths = {
        os.path.join(place, *reference.partition(":")[0].split(".")) + ".py"
        for reference in references
        if reference
        for place in material.path
    }
    path: str | None = study.source.get("path")
    if path and os.path.isdir(path):
        paths |= {os.path.join(path, name) for name in os.listdir(path) if name.endswith(_ENDINGS)}
    elif path:
        paths.add(path)
    found: dict[str, str] = {}
    for each in sorted(paths):
        if os.path.isfile(each):
            with open(each, "rb") as file:
                found[os.path.basename(each)] = sha256(file.read()).hexdigest()
    return found


def _source(model: Mapping[str, Any], directory: str) -> dict[str, Any]:
    if "path" in model:
        return {**model, "path": os.path.abspath(os.path.join(directory, model["path"]))}
    return dict(model)


def _given(values: Mapping[str, Any], **kinds: Any) -> dict[str, Any]:
    """Return what is said of these names, each in its kind.

    Raises:
        InputError: If one is of another kind.
    """
    found: dict[str, Any] = {}
    for name, kind in kinds.items():
        if name in values:
            try:
                found[name] = kind(values[name])
            except (TypeError, ValueError) as error:
                raise InputError(
                    "{name} is {value!r}: expected another kind of value ({error}). See the "
                    "reference of brizna improve.",
                    name=name,
                    value=values[name],
                    error=error,
                ) from error
    return found


def _whole(values: Any) -> tuple[int, ...]:
    return tuple(int(value) for value in (values if isinstance(values, list) else [values]))  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]


def _number(workload: Mapping[str, Any]) -> float:
    yearly = float(workload["yearly_inferences"])
    if not (isfinite(yearly) and yearly > 0):
        raise InputError(
            "yearly_inferences is {yearly}: expected more than 0. Leave it out if nobody knows.",
            yearly=yearly,
        )
    return yearly


def _check_known(what: str, name: str, known: Mapping[str, Any] | tuple[str, ...]) -> None:
    if name not in known:
        from brizna.core.factors import nearest

        raise InputError(
            "{name!r} is no {what} of a study.{hint} Known: {known}.",
            name=name,
            what=what,
            hint=nearest(name, known),
            known=", ".join(known),
        )


def _missing(section: str, name: str) -> InputError:
    return InputError(
        "The table [{section}] does not say {name}: expected it, as a study is judged by it. Add "
        "{name} = ... below [{section}].",
        section=section,
        name=name,
    )

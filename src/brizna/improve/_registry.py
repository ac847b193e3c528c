"""Which transforms and runtimes there are: brizna's own, and those that a person names."""

from __future__ import annotations

from brizna.core.errors import InputError, Said
from brizna.improve._material import resolve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from brizna.improve._machine import Machine
    from brizna.improve._material import Material
    from brizna.improve._model import Model
    from brizna.improve._serving import Runtime, Serving
    from brizna.improve._study import Study
    from brizna.improve._transform import Transform

    Plugins = tuple[str, ...]
    """References ``module:Class`` to transforms and runtimes that are not brizna's own."""


def all_transforms(plugins: Plugins = (), *, path: tuple[str, ...] = ()) -> list[type[Transform]]:
    """Return the class of each transform, by stage, brizna's own first."""
    from brizna.improve._transforms import TRANSFORMS

    found: Any = [resolve(reference) for reference in TRANSFORMS]
    found += [one for one in _named(plugins, path) if hasattr(one, "apply")]
    return sorted(found, key=lambda one: one.stage)


def all_runtimes(plugins: Plugins = (), *, path: tuple[str, ...] = ()) -> list[Runtime]:
    """Return each runtime, brizna's own first."""
    from brizna.improve._runtimes import RUNTIMES

    classes: Any = [resolve(reference) for reference in RUNTIMES]
    classes += [one for one in _named(plugins, path) if hasattr(one, "open")]
    return [one() for one in classes]


def transform_from(
    step: Mapping[str, Any], plugins: Plugins = (), *, path: tuple[str, ...] = ()
) -> Transform:
    """Return the transform that a step of a recipe names, with its parameters.

    Raises:
        InputError: If there is none of that name.
        SchemaError: If its parameters are not those of this version.
    """
    known = {one.name: one for one in all_transforms(plugins, path=path)}
    if step["name"] not in known:
        raise _unknown("step", step["name"], known)
    values = {name: value for name, value in step.items() if name != "name"}
    return known[step["name"]].from_json(values)


def runtime_named(name: str, plugins: Plugins = (), *, path: tuple[str, ...] = ()) -> Runtime:
    """Return the runtime of a name.

    Raises:
        InputError: If there is none.
    """
    known = {one.name: one for one in all_runtimes(plugins, path=path)}
    if name not in known:
        raise _unknown("runtime", name, known)
    return known[name]


def refuse_unknown_names(study: Study) -> None:
    """Look up every step and runtime that a study names.

    Raises:
        InputError: If there is none of that name.
    """
    steps = {one.name for one in all_transforms(study.plugins, path=study.material.path)}
    runtimes = {one.name for one in all_runtimes(study.plugins, path=study.material.path)}
    today = study.source.get("runtime")
    for what, names, known in (
        ("step", (*study.only, *study.without), steps),
        ("runtime", (*study.runtimes, *([today] if today else [])), runtimes),
    ):
        for name in names:
            if name not in known:
                raise _unknown(what, name, known)


def distributions_of(plugins: Plugins = (), *, path: tuple[str, ...] = ()) -> frozenset[str]:
    """Return all distributions that any transform or runtime asks for."""
    every = [*all_transforms(plugins, path=path), *all_runtimes(plugins, path=path)]
    return frozenset(
        name for one in every for name in (*one.distributions, *getattr(one, "also", ()))
    )


def declines(
    transform: Transform, model: Model, machine: Machine, material: Material
) -> str | None:
    """Return why a step is not put behind a model here; None if it can be tried."""
    missing = machine.lacks(transform.distributions)
    if missing:
        return needs_libraries(missing, transform.extra)
    for name in transform.needs:
        if not material.has(name):
            return str(Said("needs {name}, which the configuration does not give", name=name))
    return transform.applies(model, machine)


def plainest_serving(model: Model, study: Study, machine: Machine) -> Serving:
    """Return how a model is run as it came: by the runtime that is named, else the first here.

    Raises:
        InputError: If none does.
    """
    named = study.source.get("runtime")
    for runtime in all_runtimes(study.plugins, path=study.material.path):
        is_here = model.kind in runtime.takes and not machine.lacks(runtime.distributions)
        if is_here and named in (None, runtime.name):
            serving = runtime.servings(model, machine)[0].replace(threads=study.threads[0])
            if runtime.refuses(model, serving, machine) is None:
                return serving
    raise InputError(
        "No runtime here runs a model of the kind {kind}. Install what it was made with.",
        kind=model.kind,
    )


def needs_libraries(missing: Iterable[str], extra: str) -> str:
    """Return the reason for what is not installed, with the command that installs it."""
    usual = [name.partition("|")[0] for name in missing]
    install = f"brizna[{extra}]" if extra else " ".join(usual)
    names = ", ".join(usual)
    return str(
        Said("{names} is not installed: pip install '{install}'", names=names, install=install)
    )


def _named(plugins: Plugins, path: tuple[str, ...]) -> list[Any]:
    return [resolve(reference, path=path) for reference in plugins]


def _unknown(what: str, name: str, known: Iterable[str]) -> InputError:
    return InputError(
        "{name!r} is no {what} that is known here: expected one of {known}. Name it as "
        "module:Class under plugins if it is not brizna's own.",
        name=name,
        what=what,
        known=", ".join(sorted(known)),
    )

"""One trial of a Python function: ``python -m brizna.improve._objective MODULE:FUNCTION``.

The function gets its setting by name, and ``seed``, ``target`` and ``checkpoint`` if it asks for
them, and returns its quality, or a dict of numbers in which it is one.
"""

from __future__ import annotations

import json
import os
import sys
from importlib import import_module

from brizna.core.errors import InputError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any


def function_of(name: str) -> Callable[..., Any]:
    """Return a function by its module and name; the working directory is looked in first.

    Raises:
        InputError: If there is none.
    """
    module, _, function = name.partition(":")
    sys.path.insert(0, os.getcwd())
    try:
        found = getattr(import_module(module), function, None)
    except ImportError as error:
        raise InputError(
            "{name!r} cannot be imported ({error}): expected module:function, such as "
            "train:objective, in the working directory or installed.",
            name=name,
            error=error,
        ) from error
    if not callable(found):
        raise InputError(
            "There is no function {function!r} in {module!r}: expected module:function, such as "
            "train:objective.",
            function=function,
            module=module,
        )
    return found


def arguments_of(environ: Mapping[str, str], function: Callable[..., Any]) -> dict[str, Any]:
    """Return what a function is called with: its setting, numbers as numbers, and more if asked."""
    from inspect import Parameter, signature

    given: dict[str, str] = json.loads(environ["BRIZNA_PARAMETERS"])
    made = {name: _typed(value) for name, value in given.items()}
    extra = {
        name: environ.get(f"BRIZNA_{name.upper()}") for name in ("seed", "target", "checkpoint")
    }
    known = signature(function).parameters
    takes_all = any(one.kind is Parameter.VAR_KEYWORD for one in known.values())
    for name, value in extra.items():
        if value is not None and (takes_all or name in known):
            made[name] = _typed(value)
    return made


def _typed(text: str) -> int | float | str:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def main(name: str, environ: Mapping[str, str]) -> None:
    """Call the function and write what it returned."""
    function = function_of(name)
    result = function(**arguments_of(environ, function))
    quality = environ.get("BRIZNA_QUALITY", "quality")
    told = dict(result) if hasattr(result, "items") else {quality: result}
    with open(environ["BRIZNA_RESULT"], "w", encoding="utf-8") as file:
        json.dump({key: float(value) for key, value in told.items()}, file)


if __name__ == "__main__":
    main(sys.argv[1], os.environ)

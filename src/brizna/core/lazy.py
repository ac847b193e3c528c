"""Packages whose public names are imported when they are first asked for (PEP 562)."""

from __future__ import annotations

from sys import modules

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def lazily(package: str, homes: Mapping[str, str]) -> Callable[[str], object]:
    """Return the ``__getattr__`` of a package.

    Args:
        package: Its name.
        homes: For each public name, the module inside the package that defines it; of a module
            that is public itself its own name.
    """

    def __getattr__(name: str) -> object:  # noqa: N807 - what it is to become
        home = homes.get(name)
        if home is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module = __import__(f"{package}.{home}", fromlist=[name])
        found = module if home == name else getattr(module, name)
        setattr(modules[package], name, found)
        return found

    return __getattr__

"""Where stores are found: the nearest upwards, or in the person's own directories."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


def nearest(place: str) -> str | None:
    """Return the nearest ``.brizna`` from a directory upwards; None if there is none."""
    place = os.path.abspath(place)
    while True:
        near = os.path.join(place, ".brizna")
        if os.path.isdir(near):
            return near
        if place == os.path.dirname(place):
            return None
        place = os.path.dirname(place)


def has_kept_runs(path: str) -> bool:
    """Tell whether a directory is a store in which runs were ever kept."""
    return any(os.path.isdir(os.path.join(path, name)) for name in ("runs", "packs"))


def data_directory(environ: Mapping[str, str], platform: str) -> str:
    """Return the store in the person's data directory.

    Args:
        environ: Environment variables.
        platform: As `sys.platform` names it.
    """
    home = environ.get("HOME") or os.path.expanduser("~")
    if platform == "win32":
        data = environ.get("LOCALAPPDATA") or os.path.join(home, "AppData", "Local")
    elif platform == "darwin":
        data = os.path.join(home, "Library", "Application Support")
    else:
        data = environ.get("XDG_DATA_HOME") or os.path.join(home, ".local", "share")
    return os.path.join(data, "brizna")


def index_directory(environ: Mapping[str, str], platform: str) -> str:
    """Return where indexes lie that cannot lie in their store.

    Args:
        environ: Environment variables.
        platform: As `sys.platform` names it.
    """
    home = environ.get("HOME") or os.path.expanduser("~")
    if platform == "win32":
        cache = environ.get("LOCALAPPDATA") or os.path.join(home, "AppData", "Local")
    elif platform == "darwin":
        cache = os.path.join(home, "Library", "Caches")
    else:
        cache = environ.get("XDG_CACHE_HOME") or os.path.join(home, ".cache")
    return os.path.join(cache, "brizna", "indexes")

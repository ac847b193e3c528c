"""Which indexes packages come from: pip's own settings, installed distributions, locks.

A login in an address is cut before the address goes anywhere.

References:
    [1] pip, Configuration: ``pip config list``, and which setting wins over which.
    [2] PyPA, Recording the direct URL origin of installed distributions (PEP 610).
    [3] PEP 710, Recording the provenance of installed packages.
"""

from __future__ import annotations

import ast
import json
import os
import re
from urllib.parse import urlsplit, urlunsplit

from brizna.core.errors import Said
from brizna.environment._installed import distribution_folders

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from brizna.environment._installed import Place

PUBLIC_INDEX = "https://pypi.org/simple"
"""Whom pip asks where nothing says otherwise."""
_ORIGINS = ("direct_url.json", "provenance_url.json")
_SECTIONS = (":env:", "install", "global")
"""Whose setting wins, the strongest first."""
_OPTION = re.compile(
    r"^\s*(-i|--index-url|--extra-index-url|-f|--find-links)(?:\s+|=)(\S+)", re.MULTILINE
)


def without_login(url: str) -> str:
    """Return an address without the name and password in it."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment=""))


def index_address(url: str) -> str:
    """Return the one way of writing an index: no login, host in lower case, no slash at its end."""
    parts = urlsplit(without_login(url.strip()))
    plain = parts._replace(scheme=parts.scheme.lower(), netloc=parts.netloc.lower(), query="")
    return urlunsplit(plain).rstrip("/")


def pip_indexes(listing: str) -> tuple[tuple[str, str], ...]:
    """Return each address that pip asks, with the setting that names it.

    Args:
        listing: What ``pip config list`` prints.
    """
    values: dict[str, str] = {}
    for line in listing.splitlines():
        key, equals, told = line.partition("=")
        if equals:
            try:
                values[key.strip()] = str(ast.literal_eval(told))
            except (ValueError, SyntaxError):
                values[key.strip()] = told.strip("'\"")
    found: list[tuple[str, str]] = []
    for name, default in (("index-url", PUBLIC_INDEX), ("extra-index-url", ""), ("find-links", "")):
        told = next(
            (values[key] for section in _SECTIONS if (key := f"{section}.{name}") in values),
            default,
        )
        found += [
            (str(Said("pip's {name}", name=name)), index_address(one)) for one in told.split()
        ]
    is_alone = values.get(":env:.no-index", values.get("global.no-index", "")).lower()
    kept = found if is_alone not in ("1", "true", "yes", "on") else found[1:]
    return tuple(kept)


def origins(place: Place) -> Iterator[tuple[str, str]]:
    """Yield each distribution that was installed from an address of its own, and that address."""
    seen: set[str] = set()
    for name, info in distribution_folders(place):
        if name in seen:
            continue
        seen.add(name)
        try:
            with open(os.path.join(info, "direct_url.json"), encoding="utf-8") as file:
                told = json.load(file)
            if not told.get("dir_info", {}).get("editable"):
                yield name, index_address(str(told["url"]))
        except (OSError, ValueError, KeyError, AttributeError):  # none: it came from an index
            continue


def archive_hashes(place: Place) -> dict[str, tuple[str, ...]]:
    """Return the hashes that installers noted of the archives that distributions came from.

    Args:
        place: Where distributions lie.

    Returns:
        For each distribution of which any is noted, each an algorithm, a colon and digits.
    """
    found: dict[str, tuple[str, ...]] = {}
    seen: set[str] = set()
    for name, info in distribution_folders(place):
        if name in seen:
            continue
        seen.add(name)
        noted = [_archive(os.path.join(info, file)) for file in _ORIGINS]
        hashes = tuple(dict.fromkeys(one for each in noted for one in each))
        if hashes:
            found[name] = hashes
    return found


def _archive(path: str) -> list[str]:
    """Return the hashes of the archive in a note of an installer; none if it has none."""
    try:
        with open(path, encoding="utf-8") as file:
            told = json.load(file).get("archive_info", {})
        hashes = [f"{kind}:{str(value).lower()}" for kind, value in told.get("hashes", {}).items()]
        old = str(told.get("hash") or "")  # as installers wrote it before there were several
        return hashes or ([old.replace("=", ":", 1).lower()] if "=" in old else [])
    except (OSError, ValueError, AttributeError):
        return []


def lock_indexes(data: bytes, path: str) -> tuple[tuple[str, str], ...]:
    """Return each index that a lock names, with the option or package that names it.

    Args:
        data: The lock's bytes.
        path: What to call it, whose ending tells the form: ``.toml`` is a pylock.
    """
    text = data.decode("utf-8", "replace")
    if not path.endswith(".toml"):
        return tuple((told[1], index_address(told[2])) for told in _OPTION.finditer(text))
    import tomllib

    packages = tomllib.loads(text).get("packages", ())
    named = [(str(one.get("name")), str(one["index"])) for one in packages if one.get("index")]
    return tuple((name, index_address(index)) for name, index in named)

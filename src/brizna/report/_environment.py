"""Where a run ran, in words: what a reader may want to know of the machine and its software."""

from __future__ import annotations

from brizna.report._boundary import boundary_rows, mix_rows
from brizna.report._view import part
from brizna.report._words import name_state, name_zone_origin

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from brizna.report._format import Format
    from brizna.report._view import View

    Values = dict[str, Any]

_SHORT_LIST = 8
"""So many entries of a list are shown; the record has all."""


def environment(view: View, style: Format) -> list[Values]:
    """Return the facts about where it ran: a group for each nested part."""
    _ = style.say
    site = part(view, "site")
    zone = site.get("zone") or _("unknown")
    origin = name_zone_origin(site.get("zone_origin"), style.lang)
    run = {
        _("command"): " ".join(view.get("command") or ()),
        _("state"): name_state(view["state"], style.lang),
        _("exit code"): view.get("exit_code"),
        _("grid zone"): f"{zone} ({origin})" if origin else zone,
        _("machine"): view.get("machine"),
        _("tags"): " ".join(view.get("tags") or ()),
        "brizna": view.get("brizna"),
    }
    groups: list[Values] = [{"title": _("run"), "rows": _rows(run, style)}]
    hardware = part(site, "hardware")
    if hardware:
        groups.append({"title": _("hardware"), "rows": _rows(hardware, style)})
    footprint = part(view, "footprint")
    bounds = boundary_rows(footprint.get("boundary") or (), style)
    held = [(item, f"{state}: {reason}") for item, state, reason in bounds]
    groups.append({"title": _("what the figures hold"), "rows": held})
    groups.append({"title": _("electricity of the place"), "rows": mix_rows(footprint, style)})
    software = part(view, "environment")
    plain = {name: value for name, value in software.items() if not hasattr(value, "items")}
    groups.append({"title": _("software"), "rows": _rows(plain, style)})
    groups += [
        {"title": name_fact(name, style), "rows": _rows(value, style)}
        for name, value in software.items()
        if name not in plain and value
    ]
    return [group for group in groups if group["rows"]]


def _rows(facts: Mapping[str, Any], style: Format) -> list[tuple[str, str]]:
    rows = ((name_fact(str(name), style), _plain(value, style)) for name, value in facts.items())
    return [(name, value) for name, value in rows if value]


def name_fact(key: str, style: Format) -> str:
    """Return what people call a fact; a key that has no name stays as it is.

    Args:
        key: As records have it.
        style: The language.
    """
    _ = style.say
    names = {
        "cpu": _("processor"),
        "gpus": _("graphics processors"),
        "vcpus": _("logical processors"),
        "threads": _("logical processors"),
        "sockets": _("sockets"),
        "memory_gb": _("memory (GB)"),
        "virtual": _("virtual machine"),
        "architecture": _("architecture"),
        "blas": _("linear algebra"),
        "boot": _("boot"),
        "code": _("code"),
        "changed": _("changed files"),
        "changes": _("digest of the changes"),
        "tree": _("tree"),
        "container": _("container"),
        "cpu_features": _("instruction sets"),
        "firmware": _("firmware"),
        "gsp": _("graphics processors"),
        "microcode": _("microcode"),
        "microcode_state": _("what the kernel says of it"),
        "libc": _("C library"),
        "git_revision": _("revision"),
        "git": _("repository"),
        "commit": _("revision"),
        "dirty": _("changes not committed"),
        "gpu_driver": _("graphics driver"),
        "image": _("image"),
        "job": _("job"),
        "kernel": _("kernel"),
        "os": _("operating system"),
        "platform": _("platform"),
        "python": "Python",
        "rank": _("rank"),
        "seeds": _("seeds"),
        "software": _("packages"),
        "packages": _("packages"),
        "count": _("count"),
        "installed": _("digest of what is installed"),
        "is_isolated": _("in an environment of its own"),
        "of": _("seen from"),
        "record": _("digest of the list"),
        "use": _("how use was read"),
        "machine": _("machine"),
        "run": _("run"),
        "variables": _("variables"),
    }
    return names.get(key, key)


def _plain(value: Any, style: Format) -> str:
    """Return a value as people read it; empty where it says nothing."""
    _ = style.say
    if value is None or value == "":
        return ""
    if value is True or value is False:
        return _("yes") if value else _("no")
    if isinstance(value, dict):
        pairs = value.items()  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
        return ", ".join(f"{name} {_plain(entry, style)}" for name, entry in pairs)  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, (list, tuple)):
        shown = [_plain(entry, style) for entry in value[:_SHORT_LIST]]  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        left = len(value) - len(shown)  # pyright: ignore[reportUnknownArgumentType]
        more = [_("and {count} more").format(count=style.count(left))] if left else []
        return ", ".join([*shown, *more])
    if isinstance(value, float):
        return style.number(value)
    return str(value)

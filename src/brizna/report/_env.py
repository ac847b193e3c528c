"""Lines about environments: what is installed, differs and is approved; what made a model."""

from __future__ import annotations

from brizna.report._format import Format
from brizna.report._said import stored
from brizna.report._table import Table
from brizna.report._texts import texts
from brizna.report._view import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from brizna.core.software import Software

_DIGEST = 19
"""Characters of a digest that a person can compare."""


def software_lines(
    software: Software, facts: Mapping[str, Any], *, lang: str, width: int, color: bool
) -> list[str]:
    """Return what is installed, after what it is installed in."""
    _ = Format(lang).say
    isolated = {True: _("yes"), False: _("no"), None: _("not known")}[software.is_isolated]
    features = facts.get("cpu_features")
    firmware: dict[str, Any] = facts.get("firmware") or {}
    head: list[tuple[str, Any]] = [
        (_("installed"), software.installed),
        ("python", software.python or _("not known")),
        (_("isolated"), isolated),
        (_("system"), facts.get("os")),
        (_("kernel"), facts.get("kernel")),
        (_("C library"), facts.get("libc")),
        (_("microcode"), firmware.get("microcode")),
        (_("GPU driver"), facts.get("gpu_driver") or _("none")),
        (_("GPU firmware"), firmware.get("gsp")),
        (_("processor has"), " ".join(features) if features else _("not known")),
    ]
    variables: dict[str, str] = facts.get("variables") or {}
    head += variables.items()
    lines = [f"{name}: {value}" for name, value in printable(head) if value]
    rows = [
        [
            one.name,
            one.version,
            _("not known") if one.digest is None else one.digest[:_DIGEST],
            _("worked on") if one.is_editable else "",
        ]
        for one in software.distributions
    ]
    table = Table([_("distribution"), _("version"), _("files"), ""], printable(rows))
    return [*lines, "", *table.lines(width=width, color=color)]


def difference_lines(
    packages: Sequence[Mapping[str, Any]],
    facts: Sequence[Mapping[str, Any]],
    *,
    lang: str,
    width: int,
    color: bool,
) -> list[str]:
    """Return what differs between two environments."""
    _ = Format(lang).say
    if not packages and not facts:
        return [_("Nothing differs.")]
    how = {
        "added": _("added"),
        "removed": _("removed"),
        "version": _("other version"),
        "files": _("other files"),
    }
    rows = [
        [one["name"], str(one["before"] or ""), str(one["after"] or ""), how[one["how"]]]
        for one in packages
    ]
    rows += [[one["name"], _text(one["before"]), _text(one["after"]), ""] for one in facts]
    table = Table([_("what"), _("before"), _("after"), ""], printable(rows))
    return table.lines(width=width, color=color)


def approval_lines(
    history: Sequence[Mapping[str, Any]], *, lang: str, width: int, color: bool
) -> list[str]:
    """Return what was proposed, approved and rolled back, the oldest first."""
    _ = Format(lang).say
    if not history:
        return [_("Nothing is approved yet: brizna env propose begins the list.")]
    actions = {
        "propose": _("proposed"),
        "approve": _("approved"),
        "rollback": _("rolled back to"),
    }
    rows = [
        [one["at"], actions[one["action"]], one["installed"][:_DIGEST], one["by"], one["reason"]]
        for one in printable(list(history))
    ]
    header = [_("when"), _("what"), _("installed"), _("key"), _("why")]
    return Table(header, rows).lines(width=width, color=color)


def provenance_lines(chains: Sequence[Mapping[str, Any]], *, lang: str) -> list[str]:
    """Return what made a model, one block a statement."""
    _ = Format(lang).say
    if not chains:
        return [_("No statement is about it: brizna env sign makes one.")]
    lines: list[str] = []
    for chain in printable(list(chains)):
        lines += [""] if lines else []
        if chain["key"] is None:
            lines.append(_("not believed: {why}").format(why=stored(chain["unbelieved"], lang)))
            lines += [f"{_('run')}: {chain['run']}"] if chain.get("run") else []
            continue
        data = ", ".join(f"{name} {digest[:12]}" for name, digest in chain["data"].items())
        lines += [
            f"{_('signed by')}: {chain['key']}",
            f"{_('run')}: {chain['run']} ({chain['started']})",
            f"{_('command')}: {' '.join(chain['command'])}",
            f"{_('code')}: {_code(chain, lang)}",
            f"{_('data')}: {data or _('not known')}",
            f"{_('installed')}: {chain['installed'] or _('not known')}",
        ]
        if chain.get("wrong") is not None:
            why = stored(chain["wrong"], lang)
            lines.append(_("CHANGED since it was signed: {what}").format(what=why))
    return lines


def _code(chain: Mapping[str, Any], lang: str) -> str:
    if chain["code"] is None:
        return Format(lang).say("not known")
    count = chain.get("changed")
    if not count:
        return str(chain["code"])
    told = texts(lang).ngettext("{count} file differed", "{count} files differed", count)
    return f"{chain['code']} ({told.format(count=count)})"


def affected_lines(
    rows: Sequence[Mapping[str, Any]], *, lang: str, width: int, color: bool
) -> list[str]:
    """Return the runs that a distribution touched, with the models that they made."""
    _ = Format(lang).say
    if not rows:
        return [_("No run was in reach of it.")]
    doubted = _("{name} (not believed)")
    told = [
        [*one["models"], *(doubted.format(name=name) for name in one["claimed"])] for one in rows
    ]
    table = Table(
        [_("run"), _("name"), _("version"), _("models")],
        printable(
            [
                [one["run"], one["name"] or "", one["version"], ", ".join(names)]
                for one, names in zip(rows, told, strict=True)
            ]
        ),
    )
    return table.lines(width=width, color=color)


def _text(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return " ".join(map(str, value))  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    return "" if value is None else str(value)

"""The table ``[env]`` of a project file: where packages may come from, and what is accepted."""

from __future__ import annotations

from urllib.parse import urlsplit

from brizna.check import ENVIRONMENT_RULES, Waiver
from brizna.core.errors import InputError, Said
from brizna.core.factors import nearest
from brizna.core.records import Record
from brizna.environment import OSV_API, index_address, without_login
from brizna.verbs._settings import project_table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from brizna.check import Verdict

TABLE = "env"
_FIELDS = ("index", "private", "osv", "suppress")


class EnvironmentPolicy(Record):
    """What a project says of its environments.

    Attributes:
        indexes: Addresses of the indexes that packages may come from, the one to ask first; none:
            any.
        private: Names of packages that no public database is asked about, such as ``acme-*``.
        osv: Where OSV, or a mirror of it, answers.
        waivers: Rules and vulnerabilities that are accepted for now.
    """

    indexes: tuple[str, ...] = ()
    private: tuple[str, ...] = ()
    osv: str = OSV_API
    waivers: tuple[Waiver, ...] = ()

    def excused(self, at: str) -> dict[str, Said]:
        """Return why each rule or vulnerability is accepted at an instant, by its id."""
        return {
            one.rule: Said("excused until {until}: {reason}", until=one.until, reason=one.reason)
            for one in self.waivers
            if one.holds(at)
        }


def read_policy(directory: str) -> EnvironmentPolicy:
    """Return what the nearest project file says of environments.

    Args:
        directory: Where to look for ``brizna.toml`` or ``pyproject.toml``, upwards.

    Raises:
        InputError: If the table says what it should not.
    """
    path, table = project_table(directory, TABLE)
    for name in table:
        if name not in _FIELDS:
            raise InputError(
                "{path} sets {name!r} in [env].{hint} Known: {known}.",
                path=path,
                name=name,
                hint=nearest(name, _FIELDS),
                known=", ".join(_FIELDS),
            )
    osv = _texts(table, "osv", path)
    return EnvironmentPolicy(
        indexes=tuple(index_address(_address(one, path)) for one in _texts(table, "index", path)),
        private=_texts(table, "private", path),
        osv=_address(osv[0], path) if osv else OSV_API,
        waivers=tuple(_waiver(one, path) for one in _list(table, "suppress", path)),
    )


def excuse(verdicts: list[Verdict], excused: Mapping[str, Said]) -> list[Verdict]:
    """Return verdicts, those of rules that are accepted for now as not applicable, and why.

    Args:
        verdicts: What rules came to.
        excused: Why, by the rule's id.
    """
    return [
        one.replace(result="not-applicable", seen=excused[one.rule], expected=None)
        if one.rule in excused and one.result in ("fail", "cannot-tell")
        else one
        for one in verdicts
    ]


def _list(table: Mapping[str, Any], name: str, path: str | None) -> list[Any]:
    found = table.get(name, [])
    if not isinstance(found, list):
        raise InputError(
            "{path} sets {name} in [env] to {found!r}: expected a list. Write [...] around it.",
            path=path,
            name=name,
            found=found,
        )
    return found  # pyright: ignore[reportUnknownVariableType]


def _texts(table: Mapping[str, Any], name: str, path: str | None) -> tuple[str, ...]:
    """Return the texts of a field that is one text or a list of them."""
    found: Any = table.get(name, [])
    each = [found] if isinstance(found, str) else _list(table, name, path)
    if not all(isinstance(one, str) and one for one in each):
        raise InputError(
            "{path} sets {name} in [env] to {found!r}: expected texts.",
            path=path,
            name=name,
            found=found,
        )
    return tuple(each)


def _address(text: str, path: str | None) -> str:
    """Return an address of the web that may stand in a file that everybody reads.

    Raises:
        InputError: If it is none, or holds a login.
    """
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InputError(
            "{path} names the address {text!r} in [env]: expected one such as {example}.",
            path=path,
            text=without_login(text),
            example="https://packages.example/simple",
        )
    if "@" in parts.netloc:
        raise InputError(
            "{path} holds the login to {host}: expected the address alone, as the file is shared. "
            "Keep the login in ~/.netrc or in pip's keyring, and change it where others saw it.",
            path=path,
            host=parts.hostname,
        )
    return text


def _waiver(found: Any, path: str | None) -> Waiver:
    told: dict[str, Any] = dict(found) if hasattr(found, "items") else {}
    if set(told) != {"id", "reason", "until"}:
        raise InputError(
            "{path} suppresses {found!r}: expected id (of a rule or vulnerability), reason and "
            "until, the last day. Give each [[env.suppress]] these three.",
            path=path,
            found=found,
        )
    identity = str(told["id"])
    if identity.startswith("BRZ-") and identity not in ENVIRONMENT_RULES:
        raise InputError(
            "{path} suppresses {name!r}, which is no rule of environments.{hint}",
            path=path,
            name=identity,
            hint=nearest(identity, ENVIRONMENT_RULES),
        )
    return Waiver(rule=identity, reason=str(told["reason"]), until=str(told["until"]))

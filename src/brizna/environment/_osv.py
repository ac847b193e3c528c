"""Known vulnerabilities: installed versions against a local copy of OSV's records, or OSV itself.

A copy is a folder or a zip of OSV records in JSON, as OSV publishes one for each ecosystem. Its
date is that of its newest record, so a copy that is older than its file says is found out.

References:
    [1] Open Source Vulnerability format, version 1.7.
    [2] OSV API, POST /v1/querybatch.
"""

from __future__ import annotations

import json
import os
import zipfile

from brizna.core.errors import InputError, Said, UnavailableError
from brizna.core.records import Record
from brizna.core.software import normalised

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from typing import Any

    from brizna.core.software import Distribution

OSV_API = "https://api.osv.dev/v1/querybatch"
_BATCH = 500
_LONGEST_WAIT_S = 30.0


class Audit(Record):
    """What is known of the vulnerabilities of some distributions.

    Attributes:
        source: What was asked.
        at: Of when what it knows is, as an instant; None if that is not known.
        found: For each vulnerable distribution the ids of what is known against it.
        unknown: For each distribution that could not be looked up, why.
    """

    source: str
    at: str | None
    found: Mapping[str, tuple[str, ...]]
    unknown: Mapping[str, Said]


def audit_offline(distributions: Sequence[Distribution], *, snapshot: str) -> Audit:
    """Return what a local copy of OSV's records says of distributions.

    Args:
        distributions: What is installed.
        snapshot: A folder or a zip with records.

    Raises:
        InputError: If there are no records of PyPI in it.
        UnavailableError: If a range of versions must be compared and packaging is not installed.
    """
    wanted = {one.name: one for one in distributions}
    found: dict[str, set[str]] = {}
    unknown = {
        one.name: Said("its code lies elsewhere") for one in distributions if one.is_editable
    }
    newest, count = "", 0
    for record in _records(snapshot):
        newest = max(newest, str(record.get("modified", "")))
        if record.get("withdrawn"):
            continue
        for affected in record.get("affected", ()):
            package = affected.get("package", {})
            if package.get("ecosystem", "").partition(":")[0] != "PyPI":
                continue
            count += 1
            one = wanted.get(normalised(package.get("name", "")))
            if one is None:
                continue
            hit = _is_affected(one.version, affected)
            if hit:
                found.setdefault(one.name, set()).add(record["id"])
            elif hit is None:
                unknown[one.name] = Said(
                    "version {version} cannot be compared", version=one.version
                )
    if not count:
        raise InputError(
            "{path!r} holds no records about PyPI: expected a folder or zip of OSV records, such "
            "as OSV's all.zip of PyPI.",
            path=snapshot,
        )
    ids = {name: tuple(sorted(known)) for name, known in found.items()}
    return Audit(source=os.path.basename(snapshot), at=newest or None, found=ids, unknown=unknown)


def audit_online(
    distributions: Sequence[Distribution],
    *,
    at: str,
    ask: Callable[[bytes], bytes] | None = None,
) -> Audit:
    """Return what OSV says of distributions now; only names and versions are sent.

    Args:
        distributions: What is installed.
        at: Now, as an instant.
        ask: Sends a question and returns the answer; over the network if None.
    """
    found: dict[str, tuple[str, ...]] = {}
    unknown = {
        one.name: Said("its code lies elsewhere") for one in distributions if one.is_editable
    }
    asked = [one for one in distributions if not one.is_editable]
    for first in range(0, len(asked), _BATCH):
        batch = asked[first : first + _BATCH]
        queries = [
            {"package": {"name": one.name, "ecosystem": "PyPI"}, "version": _public(one.version)}
            for one in batch
        ]
        try:
            results = json.loads((ask or _post)(json.dumps({"queries": queries}).encode()))
            pairs = list(zip(batch, results["results"], strict=True))
        except (OSError, ValueError, KeyError, TypeError) as error:
            unknown |= {one.name: Said("OSV did not answer: {error}", error=error) for one in batch}
            continue
        for one, result in pairs:
            if result.get("vulns"):
                found[one.name] = tuple(sorted(each["id"] for each in result["vulns"]))
    return Audit(source="api.osv.dev", at=at, found=found, unknown=unknown)


def _post(data: bytes) -> bytes:
    from urllib.request import Request, urlopen

    head = {"Content-Type": "application/json", "User-Agent": "brizna"}
    request = Request(OSV_API, data=data, headers=head)
    with urlopen(request, timeout=_LONGEST_WAIT_S) as answer:  # noqa: S310
        return answer.read()


def _records(path: str) -> Iterator[Mapping[str, Any]]:
    try:
        if os.path.isdir(path):
            for name in sorted(os.listdir(path)):
                if name.endswith(".json"):
                    with open(os.path.join(path, name), "rb") as file:
                        yield json.loads(file.read())
            return
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if name.endswith(".json"):
                    yield json.loads(archive.read(name))
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise InputError(
            "The vulnerabilities in {path!r} cannot be read ({error}): expected a folder or zip "
            "of OSV records in JSON.",
            path=path,
            error=error,
        ) from error


def _is_affected(version: str, affected: Mapping[str, Any]) -> bool | None:
    """Return whether a version is affected; None if it cannot be compared."""
    public = _public(version)
    if {version, public} & set(affected.get("versions", ())):
        return True
    ranges = [one for one in affected.get("ranges", ()) if one.get("type") == "ECOSYSTEM"]
    return _is_in(public, ranges) if ranges else False


def _is_in(version: str, ranges: Iterable[Mapping[str, Any]]) -> bool | None:
    try:
        from packaging.version import InvalidVersion, Version
    except ImportError as error:
        raise UnavailableError(
            "Versions are compared by packaging, which is not installed: pip install "
            "'brizna[audit]'."
        ) from error
    try:
        mine = Version(version)
        for one in ranges:
            inside = False
            for event in sorted(one["events"], key=lambda each: Version(_of(each))):
                if "introduced" in event:
                    inside = inside or mine >= Version(_of(event))
                    continue
                limit = Version(_of(event))
                if mine > limit or (mine == limit and "fixed" in event):
                    inside = False
            if inside:
                return True
    except InvalidVersion:
        return None
    return False


def _of(event: Mapping[str, str]) -> str:
    return next(iter(event.values()))


def _public(version: str) -> str:
    """Return a version without what its builder added: 2.13.0 for 2.13.0+cpu."""
    return version.partition("+")[0]

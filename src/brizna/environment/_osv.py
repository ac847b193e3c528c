"""Known vulnerabilities: installed versions against a local copy of OSV's records, or OSV itself.

A copy is a folder or a zip of OSV records in JSON, as OSV publishes one for each ecosystem. Its
date is that of its newest record, so a copy that is older than its file says is found out.

References:
    [1] Open Source Vulnerability format, version 1.7.
    [2] OSV API: POST /v1/querybatch, GET /v1/vulns/ID.
"""

from __future__ import annotations

import json
import os
import zipfile

from brizna.core.errors import InputError, Said, UnavailableError
from brizna.core.records import Record
from brizna.core.software import Vulnerability, normalised
from brizna.environment._advisories import as_one, vulnerability

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from typing import Any

    from brizna.core.software import Distribution

    Ask = Callable[[str, bytes | None], bytes]

OSV_API = "https://api.osv.dev"
_BATCH = 500
_MOST_PAGES = 50
"""So many times a longer answer is asked on."""
_LONGEST_WAIT_S = 30.0
_LARGEST_BYTES = 32 << 20


class Audit(Record):
    """What is known of the vulnerabilities of some distributions.

    Attributes:
        source: What was asked.
        at: Of when what it knows is, as an instant; None if that is not known.
        found: For each vulnerable distribution what is known against it.
        unknown: For each distribution that could not be looked up, why.
    """

    source: str
    at: str | None
    found: Mapping[str, tuple[Vulnerability, ...]]
    unknown: Mapping[str, Said]


def unasked(distributions: Iterable[Distribution], private: Sequence[str]) -> dict[str, Said]:
    """Return the distributions that no public database can know, and why.

    Args:
        distributions: What is installed.
        private: Names that stay here, each such as ``acme-*``.
    """
    from fnmatch import fnmatchcase

    found: dict[str, Said] = {}
    for one in distributions:
        if one.is_editable:
            found[one.name] = Said("its code lies elsewhere")
        elif any(fnmatchcase(one.name, name.lower()) for name in private):
            found[one.name] = Said("it is private, and nobody is asked about it")
    return found


def audit_offline(
    distributions: Sequence[Distribution], *, snapshot: str, private: Sequence[str] = ()
) -> Audit:
    """Return what a local copy of OSV's records says of distributions.

    Args:
        distributions: What is installed.
        snapshot: A folder or a zip with records.
        private: Names that no public record is about.

    Raises:
        InputError: If there are no records of PyPI in it.
        UnavailableError: If a range of versions must be compared and packaging is not installed.
    """
    unknown = unasked(distributions, private)
    wanted = {one.name: one for one in distributions if one.name not in unknown}
    found: dict[str, list[Vulnerability]] = {}
    newest, count = "", 0
    for record in _records(snapshot):
        newest = max(newest, str(record.get("modified", "")))
        names = _names_of(record)
        count += len(names)
        if record.get("withdrawn"):
            continue
        for name in names & set(wanted):
            one = wanted[name]
            hit = _is_hit(one, record)
            if hit:
                found.setdefault(name, []).append(vulnerability(record, name))
            elif hit is None:
                unknown[name] = Said("version {version} cannot be compared", version=one.version)
    if not count:
        raise InputError(
            "{path!r} holds no records about PyPI: expected a folder or zip of OSV records, such "
            "as OSV's all.zip of PyPI.",
            path=snapshot,
        )
    known = {name: as_one(each) for name, each in found.items()}
    source = os.path.basename(os.path.normpath(snapshot))
    return Audit(source=source, at=newest or None, found=known, unknown=unknown)


def _names_of(record: Mapping[str, Any]) -> set[str]:
    """Return the distributions of PyPI that a record is about."""
    packages = [one.get("package", {}) for one in record.get("affected", ())]
    return {
        normalised(str(one.get("name", "")))
        for one in packages
        if str(one.get("ecosystem", "")).partition(":")[0] == "PyPI"
    }


def _is_hit(one: Distribution, record: Mapping[str, Any]) -> bool | None:
    """Return whether a record is against a distribution; None if versions cannot be compared."""
    hits = [
        _is_affected(one, affected)
        for affected in record["affected"]
        if normalised(str(affected.get("package", {}).get("name", ""))) == one.name
    ]
    return True if True in hits else None if None in hits else False


def audit_online(
    distributions: Sequence[Distribution],
    *,
    at: str,
    private: Sequence[str] = (),
    address: str = OSV_API,
    ask: Ask | None = None,
) -> Audit:
    """Return what OSV says of distributions now; only names and versions are sent.

    Args:
        distributions: What is installed.
        at: Now, as an instant.
        private: Names that are not sent.
        address: Where OSV, or a mirror of it, answers.
        ask: Sends a path and a question, and returns the answer; over the network if None.
    """
    from urllib.parse import urlsplit

    sender = ask or _sender(address)
    unknown = unasked(distributions, private)
    ids: dict[str, list[str]] = {}
    asked = [one for one in distributions if one.name not in unknown]
    for first in range(0, len(asked), _BATCH):
        batch = asked[first : first + _BATCH]
        try:
            for name, each in _queried(batch, sender).items():
                ids.setdefault(name, []).extend(each)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            unknown |= {one.name: Said("OSV did not answer: {error}", error=error) for one in batch}
    found: dict[str, tuple[Vulnerability, ...]] = {}
    for name, each in ids.items():
        told = [_looked_up(one, name, sender) for one in dict.fromkeys(each)]
        standing = as_one(one for one in told if one is not None)
        if standing:
            found[name] = standing
    return Audit(source=urlsplit(address).hostname or address, at=at, found=found, unknown=unknown)


def _queried(batch: Sequence[Distribution], ask: Ask) -> dict[str, list[str]]:
    """Return the ids of what OSV knows against distributions, however many pages it takes.

    Raises:
        ValueError: If the answer does not end, or is of another form.
    """
    found: dict[str, list[str]] = {}
    queries: list[dict[str, Any]] = [
        {"package": {"name": one.name, "ecosystem": "PyPI"}, "version": one.public} for one in batch
    ]
    for _ in range(_MOST_PAGES):
        data = json.dumps({"queries": queries}).encode()
        results: list[dict[str, Any]] = json.loads(ask("/v1/querybatch", data))["results"]
        more: list[dict[str, Any]] = []
        for query, result in zip(queries, results, strict=True):
            ids = [str(each["id"]) for each in result.get("vulns") or ()]
            if ids:
                found.setdefault(query["package"]["name"], []).extend(ids)
            if result.get("next_page_token"):
                more.append({**query, "page_token": result["next_page_token"]})
        if not more:
            return found
        queries = more
    raise ValueError("its answer does not end")


def _looked_up(identity: str, name: str, ask: Ask) -> Vulnerability | None:
    """Return what OSV says of one vulnerability: its bare id if it does not say; None if withdrawn.

    A vulnerability without its details is still one.
    """
    from urllib.parse import quote

    try:
        record = json.loads(ask(f"/v1/vulns/{quote(identity, safe='')}", None))
        return None if record.get("withdrawn") else vulnerability(record, name)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Vulnerability(id=identity)


def _sender(address: str) -> Ask:
    """Return what asks an address.

    Raises:
        InputError: If it is no address of the web.
    """
    from urllib.error import HTTPError
    from urllib.request import Request, urlopen

    if not address.startswith(("https://", "http://")):
        raise InputError(
            "OSV is asked at {address!r}: expected an address such as {example}.",
            address=address,
            example=OSV_API,
        )

    def ask(path: str, data: bytes | None) -> bytes:
        head = {"Content-Type": "application/json", "User-Agent": "brizna"}
        request = Request(address.rstrip("/") + path, data=data, headers=head)  # noqa: S310
        try:
            with urlopen(request, timeout=_LONGEST_WAIT_S) as answer:  # noqa: S310
                return answer.read(_LARGEST_BYTES)
        except HTTPError as error:
            error.close()
            raise

    return ask


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


def _is_affected(one: Distribution, affected: Mapping[str, Any]) -> bool | None:
    """Return whether a version is affected; None if it cannot be compared."""
    named: Sequence[str] = affected.get("versions") or ()
    ranges = [one for one in affected.get("ranges") or () if one.get("type") == "ECOSYSTEM"]
    if one.version in named or one.public in named:
        return True
    return _is_in(one.public, named, ranges) if named or ranges else None


def _is_in(version: str, named: Iterable[str], ranges: Iterable[Mapping[str, Any]]) -> bool | None:
    """Return whether a version is one of those named or in a range [1, evaluation]."""
    try:
        from packaging.version import InvalidVersion, Version
    except ImportError as error:
        raise UnavailableError(
            "Versions are compared by packaging, which is not installed: pip install "
            "'brizna[audit]'."
        ) from error
    try:
        mine = Version(version)
        if any(_same(mine, one) for one in named):
            return True
        for one in ranges:
            inside = False
            for event in sorted(one["events"], key=lambda each: Version(_of(each))):
                if "introduced" in event:
                    inside = inside or mine >= Version(_of(event))
                    continue
                limit = Version(_of(event))
                if mine > limit or (mine == limit and "last_affected" not in event):
                    inside = False
            if inside:
                return True
    except InvalidVersion:
        return None
    return False


def _same(mine: Any, named: str) -> bool:
    """Return whether a version is the same, however it is written: 1.0 and 1.0.0 are."""
    from packaging.version import InvalidVersion, Version

    try:
        return mine == Version(named)
    except InvalidVersion:
        return False


def _of(event: Mapping[str, str]) -> str:
    return next(iter(event.values()))

"""Who published the wheels that are installed, as an index attests it, and whether that holds.

An index may keep with a file a provenance object: which publisher it trusted with the upload, and
statements about the file that the publisher signed through Sigstore. What is read here is what the
index says. That a signature leads back to Sigstore's roots and log is checked by pypi-attestations
where it is installed, without a network; where it is not, nothing is called verified.

References:
    [1] PyPA, Index hosted attestations (PEP 740).
    [2] PyPA, Simple repository API, version 1.3: the key ``provenance`` of a file.
    [3] PyPA, Platform compatibility tags; Binary distribution format, the file ``WHEEL``.
"""

from __future__ import annotations

import json
import os
from base64 import b64decode
from importlib import import_module
from itertools import product
from urllib.parse import urljoin

from brizna.core.errors import IntegrityError, Said, UnavailableError
from brizna.core.records import Record
from brizna.environment._index import without_login
from brizna.environment._simple_index import fetch_page

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any, ClassVar

    Fetch = Callable[[str], tuple[str, bytes]]

VERIFIED, WRONG, UNVERIFIED = "verified", "wrong", "unverified"
"""What came of checking a signature: it holds, it does not, or nobody could tell."""


class AttestedFile(Record):
    """What an index says of a file.

    Attributes:
        name: The file.
        digest: ``sha256:`` and its digest, as the index states it.
        index: The address of the index, without login.
        asked: When it was asked, as an instant.
        provenance: The provenance object as it came [1]; None where the index has none.
    """

    schema: ClassVar = "brizna.attested-file/1"

    name: str
    digest: str
    index: str
    asked: str
    provenance: Mapping[str, Any] | None


class Attestation(Record):
    """A statement about a file that its publisher signed.

    Attributes:
        publisher: Whom the index trusted with the upload: ``kind``, and what that kind tells.
        predicate: What is stated, as an address.
        subjects: Name and SHA-256 of each file that it is about.
    """

    publisher: Mapping[str, str]
    predicate: str
    subjects: tuple[tuple[str, str], ...]

    @property
    def who(self) -> str:
        """The publisher in a line, such as ``GitHub pypa/sampleproject release.yml``."""
        told = [value for name, value in self.publisher.items() if name != "kind"]
        return " ".join([self.publisher.get("kind", "?"), *told])


def attested_files(
    name: str,
    digests: Iterable[str],
    *,
    index: str,
    at: str,
    fetch: Fetch | None = None,
) -> list[AttestedFile]:
    """Return what an index says of files of a distribution, each known by its digest.

    Args:
        name: The distribution, normalised.
        digests: ``sha256:`` and the digest, of the files that are meant.
        index: The address of the index.
        at: Now, as an instant.
        fetch: Returns the kind and the bytes of what lies at an address; over the network if None.

    Raises:
        UnavailableError: If it does not answer in JSON, or not as an index does.
    """
    wanted, page = set(digests), f"{index.rstrip('/')}/{name}/"
    get = fetch or fetch_page
    found: list[AttestedFile] = []
    try:
        kind, data = get(page)
        for one in _listed(kind, data):
            digest = f"sha256:{one['hashes'].get('sha256')}"
            if digest not in wanted:
                continue
            where = one.get("provenance")
            told = None if where is None else json.loads(get(urljoin(page, where))[1])
            found.append(
                AttestedFile(
                    name=str(one["filename"]),
                    digest=digest,
                    index=without_login(index),
                    asked=at,
                    provenance=told,
                )
            )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UnavailableError(
            "The index does not tell who published {name} ({page}: {error}): expected one that "
            "answers in JSON, as PEP 691 and PEP 740 say. Name another with --index.",
            name=name,
            page=without_login(page),
            error=error,
        ) from error
    return found


def _listed(kind: str, data: bytes) -> list[dict[str, Any]]:
    """Return the files of an index's page in JSON."""
    if not kind.partition(";")[0].strip().endswith("json"):
        raise ValueError(kind)
    return json.loads(data)["files"]


def attestations_of(file: AttestedFile) -> list[Attestation]:
    """Return the statements in a provenance object; none where there is no such object.

    Raises:
        IntegrityError: If it is not as PEP 740 says.
    """
    if file.provenance is None:
        return []
    found: list[Attestation] = []
    try:
        for bundle in _bundles(file.provenance):
            publisher = _plain(bundle["publisher"])
            for one in bundle["attestations"]:
                statement = json.loads(b64decode(one["envelope"]["statement"], validate=True))
                found.append(
                    Attestation(
                        publisher=publisher,
                        predicate=str(statement["predicateType"]),
                        subjects=tuple(
                            (str(each["name"]), str(each["digest"]["sha256"]))
                            for each in statement["subject"]
                        ),
                    )
                )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise IntegrityError(
            "What the index attests of {file} cannot be read ({error}): expected a provenance "
            "object, as PEP 740 says. Tell whoever keeps the index.",
            file=file.name,
            error=repr(error),
        ) from error
    return found


def _bundles(provenance: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the bundles of a provenance object of the one version that there is."""
    if provenance["version"] != 1:
        raise ValueError(provenance["version"])
    return provenance["attestation_bundles"]


def _plain(publisher: Mapping[str, Any]) -> dict[str, str]:
    """Return what a publisher is known by; what the index adds to that is left out."""
    kind = str(publisher["kind"])
    told = {str(name): str(value) for name, value in publisher.items() if isinstance(value, str)}
    return {"kind": kind, **{name: told[name] for name in sorted(told) if name != "kind"}}


def signatures_hold(file: AttestedFile) -> tuple[str, Said | None]:
    """Return what came of checking the signatures over a file, and why.

    The trusted roots are those that the library sigstore brings, or has fetched before: nobody is
    asked. A signature holds if its certificate is one of the publisher's, led back to these roots,
    and its log entry is in order.
    """
    try:
        library: Any = import_module("pypi_attestations")
    except ImportError:
        why = Said("pypi-attestations is not installed: pip install 'brizna[attest]'")
        return UNVERIFIED, why
    try:
        told = library.Provenance.model_validate_json(json.dumps(file.provenance))
        digest = file.digest.removeprefix("sha256:")
        distribution = library.Distribution(name=file.name, digest=digest)
        signed = [(one, by.publisher) for by in told.attestation_bundles for one in by.attestations]
        for one, publisher in signed:
            _quietly(one.verify, publisher, distribution)
    except library.AttestationError as error:
        return WRONG, Said("{error}", error=error)
    except Exception as error:  # noqa: BLE001 - of any library: the caller tells it, as unverified
        kind = type(error).__name__
        return UNVERIFIED, Said("it could not be checked: {kind}: {error}", kind=kind, error=error)
    return (VERIFIED, None) if signed else (UNVERIFIED, Said("nothing is signed"))


def _quietly(verify: Callable[..., object], publisher: object, distribution: object) -> None:
    """Verify without the library's talk: it tells on stderr that it asks nobody."""
    import logging

    talk = logging.getLogger("sigstore")
    before = talk.level
    talk.setLevel(logging.ERROR)
    try:
        verify(publisher, distribution, offline=True)
    finally:
        talk.setLevel(before)


def installed_tags(folder: str) -> frozenset[str] | None:
    """Return the tags of the wheel that a distribution was installed from [3].

    Args:
        folder: Its folder of metadata.

    Returns:
        None where it does not tell.
    """
    try:
        with open(os.path.join(folder, "WHEEL"), encoding="utf-8") as file:
            lines = file.read().splitlines()
    except (OSError, UnicodeDecodeError):
        return None
    tags = {line.partition(":")[2].strip() for line in lines if line.startswith("Tag:")}
    return frozenset(tags) or None


def wheel_tags(name: str) -> frozenset[str]:
    """Return the tags in the name of a wheel, each for itself; none of a file of another kind."""
    if not name.endswith(".whl"):
        return frozenset()
    parts = [one.split(".") for one in name.removesuffix(".whl").split("-")[-3:]]
    return frozenset("-".join(each) for each in product(*parts))

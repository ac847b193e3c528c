"""Bills of materials of an environment: CycloneDX 1.6 and SPDX 3.0.1, from what is installed.

The digest of each distribution is of its installed files, not of the archive it came from, so it
stands as a property, where nobody takes it for a hash of a download.
"""

from __future__ import annotations

from uuid import UUID

from brizna.core.errors import InputError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from brizna.core.software import Software

BILL_FORMS = ("cyclonedx", "spdx")
"""The forms of bills of an environment."""
_CONTEXT = "https://spdx.org/rdf/3.0.1/spdx-context.jsonld"
_MADE = "_:creation"


def software_bill(software: Software, *, form: str, name: str, at: str, version: str) -> Any:
    """Return a bill of materials as JSON.

    Args:
        software: What is installed.
        form: One of `BILL_FORMS`.
        name: What to call the environment.
        at: Now, as an instant in UTC.
        version: Of brizna.

    Raises:
        InputError: If the form is not known.
    """
    if form == "cyclonedx":
        return _cyclonedx(software, name, at, version)
    if form == "spdx":
        return _spdx(software, name, at, version)
    raise InputError(
        "The form is {form!r}: expected one of {known}.", form=form, known=", ".join(BILL_FORMS)
    )


def _cyclonedx(software: Software, name: str, at: str, version: str) -> dict[str, Any]:
    components: list[dict[str, Any]] = []
    for one in software.distributions:
        item: dict[str, Any] = {
            "type": "library",
            "bom-ref": one.purl,
            "name": one.name,
            "version": one.version,
            "purl": one.purl,
        }
        if one.digest is not None:
            item["properties"] = [{"name": "brizna:installed", "value": one.digest}]
        components.append(item)
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{_identity(software)}",
        "version": 1,
        "metadata": {
            "timestamp": at,
            "tools": {
                "components": [{"type": "application", "name": "brizna", "version": version}]
            },
            "component": {"type": "application", "bom-ref": "environment", "name": name},
            "properties": [{"name": "brizna:installed", "value": software.installed}],
        },
        "components": components,
    }


def _spdx(software: Software, name: str, at: str, version: str) -> dict[str, Any]:
    home = f"urn:uuid:{_identity(software)}"
    packages: list[dict[str, Any]] = [
        {
            "type": "software_Package",
            "spdxId": f"{home}#{one.name}",
            "creationInfo": _MADE,
            "name": one.name,
            "software_packageVersion": one.version,
            "software_packageUrl": one.purl,
            **({"comment": f"brizna:installed {one.digest}"} if one.digest else {}),
        }
        for one in software.distributions
    ]
    ids = [one["spdxId"] for one in packages]
    bom: dict[str, Any] = {
        "type": "software_Sbom",
        "spdxId": f"{home}#bill",
        "creationInfo": _MADE,
        "name": name,
        "software_sbomType": ["deployed"],
        "rootElement": ids[:1],
        "element": ids,
        "profileConformance": ["core", "software"],
        "comment": f"brizna:installed {software.installed}",
    }
    document = {
        "type": "SpdxDocument",
        "spdxId": f"{home}#document",
        "creationInfo": _MADE,
        "name": name,
        "rootElement": [bom["spdxId"]],
        "element": ids,
        "profileConformance": ["core", "software"],
    }
    agent = {
        "type": "SoftwareAgent",
        "spdxId": f"{home}#by",
        "creationInfo": _MADE,
        "name": f"brizna {version}",
    }
    creation = {
        "type": "CreationInfo",
        "@id": _MADE,
        "specVersion": "3.0.1",
        "created": at,
        "createdBy": [agent["spdxId"]],
    }
    return {"@context": _CONTEXT, "@graph": [creation, agent, *packages, bom, document]}


def _identity(software: Software) -> UUID:
    """Return one id for one content, so that the same environment has the same bill."""
    return UUID(hex=software.installed.removeprefix("sha256:")[:32], version=4)

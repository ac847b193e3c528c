"""The rules of ``brizna env check`` and of signed statements, by their stable ids."""

from __future__ import annotations

from brizna.check._verdict import UNPROVEN, Rule, Verdict
from brizna.core.errors import Said

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from brizna.check._verdict import Place

_PIP = str(Said("pip, Secure installs: hash-checking mode"))
_RECORD = str(Said("PyPA, Recording installed projects"))
_ORIGINS = str(Said("PyPA, Recording the direct URL origin (PEP 610); PEP 710"))
_VENV = str(Said("PNAV, guide, sections 2 to 5: isolated, reproducible environments"))
_MAKERS = str(Said("the makers of the software, as in brizna's table compatibility"))
_METADATA = str(Said("PyPA, Core metadata: Requires-Dist, Requires-Python"))
_TAGS = str(Said("PEP 425, PEP 600: tags of wheels"))
_HARDWARE = str(Said("Linux, hw-vuln/old_microcode; PNAV, guide: drivers and firmware"))
_INTERNAL = str(Said("PNAV, guide, section 2.1: internal repositories of packages"))
_OSV = "OSV schema 1.7"
_ATTESTED = str(Said("PyPA, Index hosted attestations (PEP 740)"))
_DSSE = "DSSE 1.0, in-toto Attestation Framework 1.0"
_OMS = "OpenSSF Model Signing 1.0"
_OWN = str(Said("brizna: one record, from sensor to signature"))

LOCKED, AS_LOCKED, UNLOCKED = "BRZ-E001", "BRZ-E002", "BRZ-E003"
INDEXED, ARCHIVES, REMEMBERED = "BRZ-E004", UNPROVEN[0], UNPROVEN[1]
FILES, ISOLATED, COMPATIBLE = "BRZ-E010", "BRZ-E011", "BRZ-E012"
MET, BUILT, FIRMWARE = "BRZ-E013", "BRZ-E014", "BRZ-E015"
VULNERABLE, RECENT = "BRZ-E020", "BRZ-E021"
ATTESTED, ATTESTED_FILE, ATTESTED_BY = "BRZ-E022", "BRZ-E023", "BRZ-E024"
APPROVED = "BRZ-E030"
SIGNED, SUBJECT, LINKED = "BRZ-E040", "BRZ-E041", "BRZ-E042"

_ALL = (
    Rule(
        id=LOCKED,
        severity="error",
        title=Said("The lock names one version and the hashes of every distribution"),
        todo=Said("Make a lock with hashes: brizna env lock."),
        reference=_PIP,
    ),
    Rule(
        id=AS_LOCKED,
        severity="error",
        title=Said("What the lock names is installed, in its version"),
        todo=Said("Install it anew: pip install --no-deps --require-hashes -r LOCK."),
        reference=_PIP,
    ),
    Rule(
        id=UNLOCKED,
        severity="error",
        title=Said("Nothing is installed that the lock does not name"),
        todo=Said("Uninstall it, or make the lock anew: brizna env lock."),
        reference=_PIP,
    ),
    Rule(
        id=INDEXED,
        severity="error",
        title=Said("Packages come from the indexes that the policy names"),
        todo=Said("Point pip to the index of the policy, or name this one in [env] index."),
        reference=_INTERNAL,
    ),
    Rule(
        id=ARCHIVES,
        severity="error",
        title=Said("What is installed came from files whose hashes the lock names"),
        todo=Said("Install it anew: pip install --no-deps --require-hashes -r LOCK."),
        reference=_ORIGINS,
    ),
    Rule(
        id=REMEMBERED,
        severity="error",
        title=Said("What is installed is as it was recorded of the same version before"),
        todo=Said("Install the distribution anew; find out who changed it."),
        reference=_OWN,
    ),
    Rule(
        id=FILES,
        severity="error",
        title=Said("Installed files are as they were installed"),
        todo=Said("Install the distribution anew; find out who changed it."),
        reference=_RECORD,
    ),
    Rule(
        id=ISOLATED,
        severity="warning",
        title=Said("The environment is its own, and sees none of the system's packages"),
        todo=Said("Make one: python -m venv .venv; or use a container."),
        reference=_VENV,
    ),
    Rule(
        id=COMPATIBLE,
        severity="error",
        title=Said("Software, driver and processor fit together"),
        todo=Said("Install the version that fits, or a newer driver."),
        reference=_MAKERS,
    ),
    Rule(
        id=MET,
        severity="error",
        title=Said("What each distribution requires is installed, in a version that fits"),
        todo=Said("Install what is missing or other: pip install; then make the lock anew."),
        reference=_METADATA,
    ),
    Rule(
        id=BUILT,
        severity="error",
        title=Said("Each distribution was built for this interpreter and this system"),
        todo=Said("Install it anew, in this environment: pip chooses the wheel that fits."),
        reference=_TAGS,
    ),
    Rule(
        id=FIRMWARE,
        severity="warning",
        title=Said("The processor's microcode is not older than the kernel knows of"),
        todo=Said("Update the system's package of microcode, or the machine's firmware."),
        reference=_HARDWARE,
    ),
    Rule(
        id=VULNERABLE,
        severity="error",
        title=Said("No installed version is known to be vulnerable"),
        todo=Said("Install a version in which it is mended, and make the lock anew."),
        reference=_OSV,
    ),
    Rule(
        id=RECENT,
        severity="warning",
        title=Said("The list of vulnerabilities is of the last 30 days"),
        todo=Said("Fetch a newer one, or ask online: brizna env audit --online."),
        reference=_OSV,
    ),
    Rule(
        id=ATTESTED,
        severity="note",
        title=Said("The index attests who published what is installed"),
        todo=Said("Ask its makers to publish by a Trusted Publisher; nothing else can be done."),
        reference=_ATTESTED,
    ),
    Rule(
        id=ATTESTED_FILE,
        severity="error",
        title=Said("What is attested is the very file of the lock"),
        todo=Said("Do not install it; ask its makers, and whoever keeps the index."),
        reference=_ATTESTED,
    ),
    Rule(
        id=ATTESTED_BY,
        severity="error",
        title=Said("The publisher's signature leads back to Sigstore's roots"),
        todo=Said("Do not install it; ask its makers, and whoever keeps the index."),
        reference=_ATTESTED,
    ),
    Rule(
        id=APPROVED,
        severity="error",
        title=Said("What is installed is approved"),
        todo=Said("Have it approved: brizna env propose; or go back to what is."),
        reference=_OWN,
    ),
    Rule(
        id=SIGNED,
        severity="error",
        title=Said("A key that is believed signed it, and nothing was changed since"),
        todo=Said("Get the original; take the key in only if you believe its owner."),
        reference=_DSSE,
    ),
    Rule(
        id=SUBJECT,
        severity="error",
        title=Said("The files are those that were signed"),
        todo=Said("Fetch the model again from where it was signed."),
        reference=_OMS,
    ),
    Rule(
        id=LINKED,
        severity="error",
        title=Said("The records that the statement names are as they were"),
        todo=Said("Restore them from a copy."),
        reference=_OWN,
    ),
)

ENVIRONMENT_RULES: Mapping[str, Rule] = {rule.id: rule for rule in _ALL}
"""Every rule about environments and signed statements."""


def judged(
    rule: str, result: str, place: Place, seen: Said | None = None, expected: Said | None = None
) -> Verdict:
    """Return what one of these rules came to."""
    return Verdict(
        rule=rule,
        severity=ENVIRONMENT_RULES[rule].severity,
        result=result,
        place=place,
        seen=seen,
        expected=expected,
    )

"""Signatures of publishers, led back to Sigstore's roots by pypi-attestations without a network."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from brizna.environment._attestations import AttestedFile, signatures_hold

pytestmark = pytest.mark.heavy
ASSETS = Path(__file__).parent.parent / "assets" / "attestations"
FILE = "gcb_attestation_test-0.0.0.tar.gz"
DIGEST = "sha256:461317362419124b6012e855423a9078d6de8aed3e74fa78cc74d669b23dc6cf"


def served(change: str = "") -> AttestedFile:
    """Return what PyPI serves of a file; with something else in the part that is named."""
    told = json.loads((ASSETS / f"{FILE}.provenance").read_text())
    (bundle,) = told["attestation_bundles"]
    (attestation,) = bundle["attestations"]
    material, envelope = attestation["verification_material"], attestation["envelope"]
    if change == "publisher":
        bundle["publisher"]["email"] = "other@example.com"
    elif change == "certificate":
        material["certificate"] = material["certificate"].replace("UVJkn21", "UVJkn22")
    elif change == "signature":
        envelope["signature"] = envelope["signature"].replace("v", "w")
    elif change == "log":
        material["transparency_entries"][0]["integratedTime"] = "1845247747"
    return AttestedFile(
        name=FILE,
        digest=f"sha256:{'a' * 64}" if change == "file" else DIGEST,
        index="https://pypi.org/simple",
        asked="2026-11-22T09:00:00Z",
        provenance=told,
    )


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """Keep what sigstore keeps in a folder of the test."""
    for name in ("HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path))


def test_what_is_served_holds_offline(capfd):
    pytest.importorskip("pypi_attestations")
    assert signatures_hold(served()) == ("verified", None)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("change", ["publisher", "certificate", "signature", "log", "file"])
def test_nothing_else_holds(change):
    pytest.importorskip("pypi_attestations")
    state, why = signatures_hold(served(change))
    assert state == "wrong", why


@pytest.mark.parametrize("bundles", [[], None, "x", [{"publisher": {}, "attestations": []}]])
def test_where_nothing_is_signed_nothing_holds(bundles):
    pytest.importorskip("pypi_attestations")
    nothing = {"version": 1, "attestation_bundles": bundles}
    assert signatures_hold(served().replace(provenance=nothing))[0] == "unverified"

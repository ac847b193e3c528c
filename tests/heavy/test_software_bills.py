"""Bills of an environment, and bundles over a model, before the programs that define their form."""

from __future__ import annotations

import io
import json

import pytest

from brizna.core.software import Distribution, Software
from brizna.report import software_bill

pytestmark = pytest.mark.heavy
AT = "2026-11-22T09:00:00Z"
INSTALLED = Software(
    of="named",
    python="3.11.9",
    is_isolated=True,
    distributions=(
        Distribution(name="blade", version="1.2", digest=f"sha256:{'ab' * 32}"),
        Distribution(name="torch", version="2.13.0+cpu", digest=None),
    ),
)


def bill(form):
    return software_bill(INSTALLED, form=form, name="one", at=AT, version="1.0")


def test_a_bill_in_cyclonedx_passes_the_strict_schema():
    pytest.importorskip("cyclonedx")
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    told = bill("cyclonedx")
    strict = JsonStrictValidator(SchemaVersion.V1_6)
    assert strict.validate_str(json.dumps(told)) is None
    assert told["components"][1]["purl"] == "pkg:pypi/torch@2.13.0%2Bcpu"
    told["components"][0]["energy"] = 1
    assert strict.validate_str(json.dumps(told)) is not None


def test_a_bill_in_spdx_is_read_by_its_own_model():
    model = pytest.importorskip("spdx_python_model").v3_0_1
    found = model.SHACLObjectSet()
    model.JSONLDDeserializer().read(io.BytesIO(json.dumps(bill("spdx")).encode()), found)
    names = {one.name for one in found.foreach_type("software_Package")}
    assert names == {"blade", "torch"}
    (made,) = found.foreach_type("software_Sbom")
    assert {one.name for one in made.element} == names


def test_model_signing_reads_our_bundle_and_we_read_its(tmp_path):
    signing = pytest.importorskip("model_signing.signing")
    from model_signing import verifying

    from brizna.store import KeyRing, Store
    from brizna.verbs import Signer, sign_model, verify_statement

    ring = KeyRing(str(tmp_path / "ring"))
    key = ring.new("ana", at=AT, kind="p256")
    model = tmp_path / "model"
    (model / "b").mkdir(parents=True)
    for name in ("b.bin", "b/c.bin", "b-d.bin"):
        (model / name).write_text(name)
    public = tmp_path / "ana.pem"
    public.write_text(key.public_pem)
    ours = tmp_path / "ours.sig"
    ours.write_text(json.dumps(sign_model(str(model), Signer(ring, at=AT))))
    verifying.Config().use_elliptic_key_verifier(public_key=public).verify(model, ours)

    theirs = tmp_path / "theirs.sig"
    private = tmp_path / "ring" / f"{key.id.removeprefix('sha256:')}.pem"
    signing.Config().use_elliptic_key_signer(private_key=private).sign(model, theirs)
    store = Store(str(tmp_path / "store"))
    signed = json.loads(theirs.read_text())
    found = verify_statement(str(theirs), signed, ring, model=str(model), store=store)
    assert found.outcome() == "pass"
    (model / "b.bin").write_text("other")
    changed = verify_statement(str(theirs), signed, ring, model=str(model), store=store)
    assert [one.rule for one in changed.findings] == ["BRZ-E041"]
    with pytest.raises(ValueError, match="mismatch"):
        verifying.Config().use_elliptic_key_verifier(public_key=public).verify(model, ours)

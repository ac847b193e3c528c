"""What is wrong with an envelope is said in plain words, never as an exception."""

from __future__ import annotations

import pytest

from brizna.core.errors import IntegrityError
from brizna.store import KeyRing
from brizna.store._answers import peek
from brizna.store._bundles import unseal_bundle
from brizna.store._envelopes import unseal

WHOLE = {"payload": "e30=", "payloadType": "x", "signatures": [{"keyid": "a", "sig": "AAAA"}]}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"payload": "!"}, "not written in Base64"),
        ({"signatures": [{"keyid": "a", "sig": "??"}]}, "not written in Base64"),
        ({"signatures": [{"sig": "AAAA"}]}, "it has no keyid"),
        ({"signatures": 7}, "a part of it is not what it should be"),
    ],
)
def test_a_broken_envelope_is_named_in_words(tmp_path, change, said):
    with pytest.raises(IntegrityError, match=said):
        unseal({**WHOLE, **change}, KeyRing(str(tmp_path)), payload_type="x", at=lambda _: None)


def test_a_bundle_with_a_certificate_is_named_in_words(tmp_path):
    bundle = {"verificationMaterial": {"certificate": {}}, "dsseEnvelope": WHOLE}
    with pytest.raises(
        IntegrityError, match=r"it has no publicKey\. Expected a public key"
    ) as wrong:
        unseal_bundle(bundle, KeyRing(str(tmp_path)), at=lambda _: None)
    assert "KeyError" not in str(wrong.value)


def test_an_answer_without_content_is_named_in_words():
    with pytest.raises(IntegrityError, match="it has no payload"):
        peek({})

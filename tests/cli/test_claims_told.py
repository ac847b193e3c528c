"""The figures of the reference documents as a person asks for them."""

from __future__ import annotations


def test_claims_are_told_in_both_languages(brizna):
    told = brizna("claims", "--document", "002").stdout
    assert "10 h" in told
    assert "OFF" in told
    assert "(88.2 times too high)" in told
    spanish = brizna("claims", "--document", "002", "--lang", "es").stdout
    assert "(88,2 veces de más)" in spanish
    assert spanish.startswith("documento 002: ")
    assert "un lector español ve mil veces de más" in spanish.lower()
    assert "No claim is from document '9'" in brizna("claims", "--document", "9").stderr


def test_each_number_of_a_recomputation_names_its_source(shown):
    found = shown("claims")
    assert len(found) > 40
    [homes] = [claim for claim in found if claim["id"] == "claim/002/gpt3-homes"]
    assert homes["inputs"]["home"]["source"].startswith("EIA")
    assert homes["recomputed"]["best"] == 1287 / 10.715

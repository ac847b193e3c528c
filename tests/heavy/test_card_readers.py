"""Model cards before the Hub's own reader."""

from __future__ import annotations

import pytest

from brizna.report import find_renderer, into_card
from brizna.testing import sample_dossier

pytestmark = pytest.mark.heavy
hub = pytest.importorskip("huggingface_hub")

CARD = """\
---
license: mit   # keep me
tags: [energy]
model-index:
- name: digits
  results: []
---

# Digits
"""


def test_a_new_card_is_read_by_the_hub_with_grams():
    text = find_renderer("hf").render(sample_dossier(), lang="en").content.decode()
    card = hub.ModelCard(text)
    told = card.data.to_dict()
    assert told["co2_eq_emissions"]["emissions"] == pytest.approx(
        sample_dossier().amount("carbon_operational_g").best.to("g"), rel=5e-3
    )
    assert told["co2_eq_emissions"]["training_type"] == "pre-training"
    assert told["license"] == "apache-2.0"
    assert told["datasets"] == ["digits"]
    assert told["pipeline_tag"] == "image-classification"


def test_the_hub_reads_a_changed_card_as_before_and_the_emissions():
    changed = into_card(CARD.encode(), sample_dossier(), lang="es").content.decode()
    before, after = (hub.ModelCard(text).data.to_dict() for text in (CARD, changed))
    assert after.pop("co2_eq_emissions")["geographical_location"] == "Madrid, Spain"
    assert before == after


def test_the_hub_refuses_a_head_that_is_no_yaml():
    broken = CARD.replace("tags: [energy]", "tags: [energy")
    with pytest.raises(Exception, match="flow sequence"):
        hub.ModelCard(broken)

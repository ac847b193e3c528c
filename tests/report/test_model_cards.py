"""Figures put into model cards: all else keeps its bytes."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from brizna.cli import main
from brizna.core.errors import InputError
from brizna.report import find_renderer, into_card
from brizna.report._form_hf import BEGIN, END, KEY
from brizna.testing import sample_dossier, sample_facts

CARD = """\
---
# what the Hub shows
license: mit   # keep me
tags:
- energy
- "measured"
co2_eq_emissions:
  emissions: 83.524

  source: old
datasets: [digits]
model-index:
- name: digits
  results: []
---

# Digits

```markdown
# Environmental impact in a fence is no section
```

## Environmental Impact

[More Information Needed]

## Citation

Nobody.
"""


def head(card):
    """Return the metadata of a card."""
    return yaml.safe_load(card.split("---\n")[1])


def put(card, dossier=None, lang="en"):
    return into_card(card.encode(), dossier or sample_dossier(), lang=lang).content.decode()


def test_a_new_card_tells_grams_and_what_was_declared():
    told = head(find_renderer("hf").render(sample_dossier(), lang="en").content.decode())
    grams = sample_dossier().amount("carbon_operational_g").best.to("g")
    assert told["co2_eq_emissions"]["emissions"] == pytest.approx(grams, rel=5e-3)
    assert told["co2_eq_emissions"]["training_type"] == "pre-training"
    assert told["license"] == "apache-2.0"


def test_all_else_in_a_card_keeps_its_bytes():
    changed = put(CARD)
    first, last = CARD.index("co2_eq_emissions"), CARD.index("datasets:")
    assert changed.startswith(CARD[:first])
    assert CARD[last : CARD.index("## Citation")] in changed
    assert changed.endswith(CARD[CARD.index("## Citation") :])
    assert "83.524" not in changed
    before, after = (head(text) for text in (CARD, changed))
    assert before.pop("co2_eq_emissions") != after.pop("co2_eq_emissions")
    assert before == after


def test_the_section_goes_into_the_one_about_the_environment():
    changed = put(CARD)
    assert CARD.index("[More") < changed.index(BEGIN) < changed.index(END)
    assert changed.index(END) < changed.index("## Citation")
    assert "### Environmental impact, measured" in changed


def test_without_such_a_section_it_goes_to_the_end():
    changed = put("---\nlicense: mit\n---\n\n# Digits")
    assert changed.startswith("---\nlicense: mit\nco2_eq_emissions:\n")
    assert changed.endswith(f"{END}\n")
    assert "\n\n" + BEGIN + "\n## Environmental impact, measured" in changed


def test_putting_it_in_again_changes_nothing():
    once = put(CARD)
    assert put(once) == once


def test_another_language_replaces_the_section():
    spanish = put(put(CARD), lang="es")
    assert spanish.count(BEGIN) == spanish.count(END) == 1
    assert "Impacto ambiental, medido" in spanish
    assert "Environmental impact, measured" not in spanish


def test_line_ends_and_a_byte_order_mark_stay():
    changed = put("\ufeff" + CARD.replace("\n", "\r\n"))
    assert changed.startswith("\ufeff---\r\n")
    assert "\n" not in changed.replace("\r\n", "")


def test_a_card_without_a_head_gets_one():
    changed = put("# Digits\n")
    assert changed.startswith("---\nco2_eq_emissions:\n")
    assert "---\n\n# Digits\n" in changed


def test_unknown_emissions_leave_an_older_statement_alone():
    facts = sample_facts()
    changed = put(CARD, sample_dossier(is_known=False, facts=facts))
    assert changed.startswith(CARD[: CARD.index("# Digits")])
    assert "Not known: Energy" in changed[changed.index(BEGIN) :]


@pytest.mark.parametrize(
    ("card", "why"),
    [
        ("---\nlicense: [mit\n---\n", "not YAML"),
        ("---\na: b: c\n---\n", "not YAML"),
        ("---\nlicense: mit\n", "no end"),
        ("---\n- a\n---\n", "without keys"),
        ("---\n{license: mit, co2_eq_emissions: 3}\n---\n", "cannot be changed"),
        ("---\nco2_eq_emissions: {a: 1,\nb: 2}\nlicense: mit\n---\n", "cannot be changed"),
        (f"# a\n{BEGIN}\n", "expected one of each"),
        (f"# a\n{END}\n{BEGIN}\n", "expected one of each"),
        (f"{BEGIN}\n{END}\n{BEGIN}\n{END}", "expected one of each"),
    ],
)
def test_a_card_that_cannot_be_changed_safely_is_refused(card, why):
    with pytest.raises(InputError, match=why):
        put(card)


def test_a_card_that_is_no_text_is_refused():
    with pytest.raises(InputError, match="UTF-8"):
        into_card(b"\xff\xfe", sample_dossier(), lang="en")


def test_runs_that_trained_nothing_are_no_emissions_of_a_training():
    facts = sample_facts()
    answering = facts.replace(values={**facts.values, "stage": "inference"})
    with pytest.raises(InputError, match="inference"):
        put(CARD, sample_dossier(facts=answering))


def test_a_name_cannot_break_out_of_the_section():
    facts = sample_facts()
    evil = facts.replace(
        values={**facts.values, "hardware": f"x {END}\n# y", "location": '"\nz: 1'}
    )
    changed = put(CARD, sample_dossier(facts=evil))
    assert changed.splitlines().count(END) == 1
    assert put(changed, sample_dossier(facts=evil)) == changed
    assert "z" not in head(changed)


def test_the_command_shows_a_difference_and_then_writes_it(capsys, tmp_path):
    card = tmp_path / "README.md"
    card.write_text(CARD, encoding="utf-8")
    card.chmod(0o640)
    store = str(tmp_path / "store")
    assert main(["run", "--quiet", "--zone", "ES", "--store", store, "--", "true"]) == 0
    words = ["report", "--store", store, "--into", str(card)]
    assert main([*words, "--diff"]) == 0
    assert "+  emissions:" in capsys.readouterr().out
    assert card.read_text(encoding="utf-8") == CARD
    assert main(words) == 0
    assert BEGIN in card.read_text(encoding="utf-8")
    assert card.stat().st_mode & 0o777 == 0o640


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=12)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-99, 99) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)
HEADS = st.dictionaries(WORDS.filter(lambda key: key != KEY), VALUES, max_size=5)
DOSSIER = sample_dossier()


@settings(max_examples=60, deadline=None)
@given(kept=HEADS, old=st.none() | VALUES, body=WORDS, place=st.integers(0, 5), flow=st.booleans())
def test_whatever_stands_in_a_card_stays_or_the_card_is_refused(kept, old, body, place, flow):
    keys = list(kept.items())
    if old is not None:
        keys.insert(min(place, len(keys)), (KEY, old))
    text = yaml.safe_dump(dict(keys), sort_keys=False, allow_unicode=True, default_flow_style=flow)
    card = f"---\n{text}---\n{body}"
    try:
        changed = put(card, DOSSIER)
    except InputError:
        return
    found = head(changed)
    assert set(found.pop(KEY)) >= {"emissions", "source"}
    assert found == kept
    assert body.strip() in changed
    assert put(changed, DOSSIER) == changed


def test_a_key_of_somebody_else_inside_the_block_stays():
    block = "co2_eq_emissions:\n    emissions: 3\n    checked:\n        by: me\n"
    card = f"---\n{block}license: mit\n---\n"
    found = head(into_card(card.encode(), sample_dossier(), lang="en").content.decode())
    assert found["co2_eq_emissions"]["checked"] == {"by": "me"}
    assert found["co2_eq_emissions"]["emissions"] != 3
    assert found["license"] == "mit"

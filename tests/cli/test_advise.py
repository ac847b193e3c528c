"""A person asks where to have machines and which chips to buy, in both languages."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from brizna.core.book import Book, read_own_factors
from brizna.core.errors import InputError
from brizna.plan import FACTS, SITE_KINDS, HardwareAdvice, SiteAdvice
from brizna.report import hardware_advice_lines, site_advice_lines
from brizna.verbs import advise_hardware, advise_site

CASES = Path(__file__).resolve().parents[2] / "examples" / "cases"


def load(name):
    """Return an example case."""
    import tomllib

    return tomllib.loads((CASES / name).read_text(encoding="utf-8"))


def test_the_case_of_100_gb_comes_to_its_node_hours_at_the_price_of_one():
    advice = advise_site(load("hundred-gb.toml"))
    options = {one.name: one for one in advice.options}
    paid_h = 200 + 4 * 10 / 60
    assert options["on demand"].cost.best.value == pytest.approx(paid_h * 8 * 2.7447)
    assert {one.name for one in advice.best} == {"spot"}
    assert advice.best[2].sure
    assert SiteAdvice.from_json(advice.to_json()) == advice
    assert all(one.source for one in advice.inputs)
    assert any(note.startswith("spot: its price is of 2024") for note in advice.notes)
    assert not any(note.startswith("on demand") for note in advice.notes)


def test_a_chip_is_looked_up_by_what_its_driver_calls_it():
    advice = advise_hardware(load("replace-v100.toml"))
    fields = {(one.option, one.field): one for one in advice.inputs}
    assert fields["H100", "embodied_kg"].factor == "embodied/nvidia-h100-sxm-80gb"
    assert fields["V100", "idle_w"].best == 35
    (pair,) = advice.replacements
    assert (pair.carbon, pair.money) == ("replace", "keep")
    assert HardwareAdvice.from_json(advice.to_json()) == advice


def test_a_price_of_ones_own_wins_over_that_of_the_table():
    text = (
        "id,value,unit,per,source\nprice/aws/p4d.24xlarge/on-demand,10,1,USD per hour,our offer\n"
    )
    book = Book(own=read_own_factors(text, table="own.csv"), policy="prefer")
    advice = advise_site(load("hundred-gb.toml"), book=book)
    assert advice.options[0].cost.best.value == pytest.approx((200 + 4 * 10 / 60) * 10)


def test_prices_in_dollars_are_no_euros():
    case = load("hundred-gb.toml") | {"currency": "EUR"}
    advice = advise_site(case)
    assert advice.options[0].cost is None
    assert "USD" in advice.options[0].reasons["cost"]
    assert "cost" not in {one.figure for one in advice.best}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"instance": "aws/p4d.24xlarg"}, "Did you mean 'aws/p4d.24xlarge'"),
        ({"instance": None}, "on demand lacks busy_w, idle_w"),
    ],
)
def test_what_no_table_has_is_asked_for(change, said):
    case = load("hundred-gb.toml")
    case["options"][0] |= change
    case["options"][0] = {k: v for k, v in case["options"][0].items() if v is not None}
    with pytest.raises(InputError) as refused:
        advise_site(case)
    assert said in str(refused.value)


def test_an_unknown_card_is_told_how_to_write_it():
    case = load("replace-v100.toml")
    case["chips"][1]["card"] = "H1000"
    with pytest.raises(InputError, match="as its driver does"):
        advise_hardware(case)


def test_lines_say_which_is_better_and_from_when():
    options = {"lang": "en", "width": 100, "color": False}
    lines = site_advice_lines(advise_site(load("hundred-gb.toml")).to_json(), **options)
    text = "\n".join(lines)
    assert "least cost: spot" in text
    assert "  cost: own from 244 h (176 … 325) of work a month on" in lines
    assert "spot: a checkpoint each 13 min 55 s" in text
    case = load("hundred-gb.toml")
    del case["defaults"]["zone"]
    unknown = "\n".join(site_advice_lines(advise_site(case).to_json(), **options))
    assert "unknown: no grid zone" in unknown
    case = load("replace-v100.toml")
    del case["defaults"]["tariff_per_kwh"]
    lines = hardware_advice_lines(advise_hardware(case).to_json(), **options)
    assert "  cost: unknown" in lines
    assert any(line.startswith("  carbon: replace V100 by H100") for line in lines)


@pytest.fixture
def cases(tmp_path):
    """Put the example cases where the command runs."""
    shutil.copytree(CASES, tmp_path, dirs_exist_ok=True)


@pytest.mark.usefixtures("cases")
def test_both_commands_answer_in_english_and_spanish(brizna, shown):
    done = brizna("plan", "site", "service.toml", "--explain")
    assert done.returncode == 0, done.stderr
    assert "own or serverless:" in done.stdout
    assert "price/runware/l40s/serverless/2026" in done.stdout
    spanish = brizna("plan", "site", "service.toml", "--lang", "es").stdout
    assert "menor coste: serverless" in spanish
    assert shown("plan", "site", "service.toml")["schema"] == "brizna.site-advice/1"
    assert "conserva V100" in brizna("plan", "hardware", "replace-v100.toml", "--lang", "es").stdout
    made = shown("plan", "hardware", "replace-v100.toml")
    assert made["schema"] == "brizna.hardware-advice/1"


def test_a_wrong_case_exits_with_two(brizna, tmp_path):
    (tmp_path / "case.toml").write_text("[use]\nhours = 3\n", encoding="utf-8")
    done = brizna("plan", "site", "case.toml")
    assert done.returncode == 2
    assert "hours_per_month" in done.stderr


def test_the_page_on_the_published_case_says_what_its_case_comes_to():
    page = (CASES.parents[1] / "docs" / "explanation" / "what-pays.md").read_text(encoding="utf-8")
    advice = advise_site(load("hundred-gb.toml"))
    options = {one.name: one for one in advice.options}
    for one in options.values():
        for figure, unit in ((one.energy_j, "kWh"), (one.carbon_g, "kg"), (one.cost, "¤")):
            name = {"¤": "USD"}.get(unit, unit)
            assert f"{figure.best.to(unit):,.0f} {name}" in page
    even = next(one for one in advice.break_evens if one.figure == "cost")
    ends = (even.duration_s.best, even.duration_s.low, even.duration_s.high)
    assert (
        "from {:.0f} hours of work a month on ({:.0f} to {:.0f})".format(
            *(end.to("h") for end in ends)
        )
        in page
    )
    saved = 1 - options["spot"].cost.best.value / options["on demand"].cost.best.value
    assert f"{saved:.0%}".replace("%", " %") + " against today's price" in page
    apart = options["on demand"].carbon_g - options["spot"].carbon_g
    assert f"the {apart.best.to('kg'):.0f} kg between" in page
    assert f"{-apart.low.to('kg'):.0f} kg the other way" in page
    for zone, said in (("ES", "kg in Spain"), ("FR", "kg in France")):
        case = load("hundred-gb.toml")
        case["defaults"]["zone"] = zone
        assert f"{advise_site(case).options[0].carbon_g.best.to('kg'):.0f} {said}" in page


def test_every_field_of_the_cases_is_described():
    page = (CASES.parents[1] / "docs" / "reference" / "schemas.md").read_text(encoding="utf-8")
    described = page[page.index("## Site case") :]
    assert not [field for field in FACTS if f"`{field}`" not in described]
    assert not [kind for kind in SITE_KINDS if f"`{kind}`" not in described]

"""A contract among the settings: what a run's electricity costs without saying it again."""

from __future__ import annotations

import json
from datetime import datetime

import pytest

from brizna.core.errors import InputError
from brizna.core.quantities import Duration
from brizna.core.site import Site
from brizna.verbs import account_case, read_settings
from brizna.verbs._assume import assume
from brizna.verbs._site import site_of

CONTRACT = {"tariff": "3.0TD", "energy_per_kwh": 0.1, "vat": 0.21}
TABLE = 'zone = "ES"\n[contract]\ntariff = "3.0TD"\nenergy_per_kwh = 0.1\nvat = 0.21\n'


def test_a_project_file_states_the_contract_and_settings_say_where(tmp_path):
    (tmp_path / "brizna.toml").write_text(TABLE, "utf-8")
    settings = read_settings({}, environ={}, directory=str(tmp_path))
    assert settings["contract"] == CONTRACT
    assert settings.origins["contract"].endswith("brizna.toml")
    assert site_of(settings, environ={"TZ": "Europe/Madrid"}).contract == CONTRACT


def test_a_file_or_a_variable_names_it_too(tmp_path):
    path = tmp_path / "contract.json"
    path.write_text(json.dumps(CONTRACT), "utf-8")
    for options, environ in (
        ({"contract": str(path)}, {}),
        ({}, {"BRIZNA_CONTRACT": str(path)}),
    ):
        settings = read_settings(options, environ=environ, directory=str(tmp_path))
        assert settings["contract"] == CONTRACT


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("none.json", "a table, or the path of a file with a JSON object was expected"),
        ({"tariff": "3.1TD", "energy_per_kwh": 0.1}, "Did you mean"),
        ({"tariff": "3.0TD"}, "its form is"),
    ],
)
def test_a_contract_that_cannot_be_is_refused_before_anything_is_measured(given, told, tmp_path):
    with pytest.raises(InputError, match=told):
        read_settings({"contract": given}, environ={}, directory=str(tmp_path))


def test_a_tariff_and_a_contract_are_two_prices_of_one_thing():
    case = {"energy_kwh": 1, "tariff_per_kwh": 0.2, "currency": "EUR"}
    price = account_case(case)[1].assumptions.tariff_per_kwh
    with pytest.raises(InputError, match="Both a tariff and a contract"):
        Site(zone="ES", contract=CONTRACT, tariff_per_kwh=price, currency="EUR")


def test_work_pays_by_the_contract_of_its_site_as_a_case_that_declares_it():
    started = datetime.fromisoformat("2026-03-02T10:00+01:00")
    site = Site(zone="ES", contract=CONTRACT)
    assumed = assume(site, duration=Duration(3600), started=started)
    case = {"energy_kwh": 1, "duration_h": 1, "zone": "ES", "started": started.isoformat()}
    declared = account_case({**case, "contract": CONTRACT})[1].assumptions
    assert assumed.charges == declared.charges
    assert assumed.currency == "EUR"
    assert Site.from_json(json.loads(json.dumps(site.to_json()))) == site


@pytest.mark.parametrize(
    ("year", "energy", "told"), [(2019, 0.1, "but 2019 was asked for"), (2026, "spot", "no series")]
)
def test_what_the_contract_cannot_tell_costs_the_run_no_other_figure(year, energy, told):
    started = datetime.fromisoformat(f"{year}-03-02T10:00+01:00")
    contract = {**CONTRACT, "energy_per_kwh": energy}
    site = Site(zone="ES", contract=contract)
    assumed = assume(site, duration=Duration(3600), started=started)
    assert assumed.charges == ()
    assert told in assumed.reasons["tariff_per_kwh"]
    assert assumed.intensity_g_per_kwh is not None


def test_a_site_without_a_contract_is_written_as_before():
    assert "contract" not in Site(zone="ES").to_json()

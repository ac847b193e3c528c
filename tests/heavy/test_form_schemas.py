"""Forms before the validators of those who read them: they pass, and a wrong one does not."""

from __future__ import annotations

import io
import json
import tempfile
from pathlib import Path

import pytest

from brizna.report import Facts, find_renderer
from brizna.testing import sample_dossier, sample_facts

pytestmark = pytest.mark.heavy
BOAMPS = Path(__file__).parent.parent / "assets" / "boamps" / "report.schema.json"


def filled(form, **options):
    return find_renderer(form).render(sample_dossier(**options), lang="en")


def content(form, **options):
    return json.loads(filled(form, **options).content)


def staged(stage):
    facts = sample_facts()
    return facts.replace(values={**facts.values, "stage": stage})


STAGES = ("training", "fine-tuning", "inference", "evaluation", "data-preparation")

# ------------------------------------------------------------------------------------------ BoAmps


@pytest.fixture(scope="module")
def boamps():
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads(BOAMPS.read_text(encoding="utf-8"))
    jsonschema.Draft4Validator.check_schema(schema)
    return jsonschema.Draft4Validator(schema)


@pytest.mark.parametrize("runs", [1, 3])
def test_a_boamps_report_is_what_its_schema_asks_for(boamps, runs):
    assert list(boamps.iter_errors(content("boamps", runs=runs))) == []


def test_a_boamps_report_counts_kilowatt_hours_and_billions():
    told = content("boamps")
    assert told["measures"][0]["powerConsumption"] == pytest.approx(0.15)
    assert told["measures"][0]["measurementDuration"] == 3600
    assert told["task"]["algorithms"][0]["parametersNumber"] == pytest.approx(8.97e-6)


def test_a_boamps_report_tells_the_system_and_the_components(boamps):
    dossier = sample_dossier()
    view = dossier.views[0]
    hardware = {
        "cpu": "AMD EPYC 9354",
        "sockets": 2,
        "memory_gb": 256.0,
        "gpus": ["NVIDIA L4", "NVIDIA L4", None],
    }
    environment = {"os": "Debian GNU/Linux 12 (bookworm)", "kernel": "Linux 6.1", "python": "3.11"}
    site = {**view["site"], "hardware": hardware}
    changed = dossier.replace(views=({**view, "site": site, "environment": environment},))
    told = json.loads(find_renderer("boamps").render(changed, lang="en").content)
    assert list(boamps.iter_errors(told)) == []
    assert told["system"] == {"os": "linux", "distribution": "Debian GNU/Linux 12 (bookworm)"}
    assert told["software"] == {"language": "python", "version": "3.11"}
    assert told["infrastructure"]["components"] == [
        {"componentType": "cpu", "componentName": "AMD EPYC 9354", "nbComponent": 2},
        {"componentType": "gpu", "componentName": "NVIDIA L4", "nbComponent": 2},
        {"componentType": "ram", "nbComponent": 1, "memorySize": 256},
    ]


def test_what_a_boamps_report_lacks_is_what_its_schema_misses(boamps):
    document = filled("boamps", facts=Facts(), is_known=False)
    lacking = {lack.field.split("[")[0] for lack in document.lacking}
    missing = {
        ".".join([*map(str, error.absolute_path), error.message.split("'")[1]])
        for error in boamps.iter_errors(json.loads(document.content))
    }
    assert missing == {
        "task.taskStage",
        "task.taskFamily",
        "task.algorithms",
        "task.dataset",
        "measures",
        "infrastructure.infraType",
    }
    assert missing <= lacking


def test_a_wrong_boamps_report_fails(boamps):
    wrong = content("boamps")
    wrong["measures"][0]["powerConsumption"] = "0.15 kWh"
    assert list(boamps.iter_errors(wrong))


@pytest.mark.parametrize(("reach", "word"), [(0.05, "high"), (0.2, "medium"), (0.4, "low")])
def test_quality_says_how_far_the_interval_reaches(reach, word):
    dossier = sample_dossier()
    view = dossier.views[0]
    energy_j = {**view["footprint"]["energy_j"]}
    energy_j["doubts"] = {"meter:sample": [energy_j["best"] * (1 - reach / 2), energy_j["best"]]}
    energy_j["doubts"]["model:x"] = [energy_j["best"], energy_j["best"] * (1 + reach)]
    footprint = {**view["footprint"], "energy_j": energy_j}
    dossier = dossier.replace(views=({**view, "footprint": footprint},))
    told = json.loads(find_renderer("boamps").render(dossier, lang="en").content)
    assert told["quality"] == word


# --------------------------------------------------------------------------------------- CycloneDX


@pytest.fixture(scope="module")
def cyclonedx():
    pytest.importorskip("cyclonedx")
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    versions = {"cyclonedx": SchemaVersion.V1_7, "cyclonedx-1.6": SchemaVersion.V1_6}
    return {name: JsonStrictValidator(version) for name, version in versions.items()}


@pytest.mark.parametrize("form", ["cyclonedx", "cyclonedx-1.6"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"runs": 3},
        {"facts": Facts()},
        {"facts": Facts(), "is_known": False},
        *({"facts": staged(stage)} for stage in STAGES),
    ],
    ids=str,
)
def test_a_bill_of_materials_is_strictly_what_its_schema_asks_for(cyclonedx, form, options):
    assert cyclonedx[form].validate_str(filled(form, **options).content.decode()) is None


def consumption(told):
    considerations = told["metadata"]["component"]["modelCard"]["considerations"]
    return considerations["environmentalConsiderations"]["energyConsumptions"][0]


@pytest.mark.parametrize(
    ("field", "unit"), [("activityEnergyCost", "J"), ("co2CostEquivalent", "g")]
)
@pytest.mark.parametrize("form", ["cyclonedx", "cyclonedx-1.6"])
def test_a_bill_of_materials_in_other_units_fails(cyclonedx, form, field, unit):
    wrong = content(form)
    consumption(wrong)[field]["unit"] = unit
    assert cyclonedx[form].validate_str(json.dumps(wrong)) is not None


def test_a_bill_of_materials_tells_kilowatt_hours_and_tonnes():
    told, dossier = content("cyclonedx"), sample_dossier()
    energy, carbon = dossier.amount("facility_energy_j"), dossier.amount("carbon_operational_g")
    assert consumption(told)["activityEnergyCost"]["value"] == pytest.approx(energy.best.to("kWh"))
    assert consumption(told)["co2CostEquivalent"]["value"] == pytest.approx(carbon.best.to("t"))
    assert consumption(told)["activity"] == "training"


# ------------------------------------------------------------------------------------------- SPDX


@pytest.fixture(scope="module")
def spdx():
    return pytest.importorskip("spdx_python_model").v3_0_1


def read_spdx(spdx, data):
    objects = spdx.SHACLObjectSet()
    spdx.JSONLDDeserializer().read(io.BytesIO(data), objects)
    unresolved = objects.link()
    return objects, unresolved


@pytest.mark.parametrize(
    ("stage", "field"),
    [
        ("training", "ai_trainingEnergyConsumption"),
        ("fine-tuning", "ai_finetuningEnergyConsumption"),
        ("inference", "ai_inferenceEnergyConsumption"),
    ],
)
def test_the_model_of_spdx_reads_the_energy_of_each_stage(spdx, stage, field):
    objects, unresolved = read_spdx(spdx, filled("spdx", facts=staged(stage)).content)
    assert not unresolved
    (model,) = objects.foreach_type(spdx.ai_AIPackage)
    (amount,) = getattr(model.ai_energyConsumption, field)
    assert amount.ai_energyQuantity == pytest.approx(0.15)
    assert amount.ai_energyUnit.endswith("/kilowattHour")
    assert model._id.startswith("urn:uuid:")


@pytest.mark.parametrize(
    "options",
    [{"runs": 3}, {"facts": Facts()}, {"facts": Facts(), "is_known": False}]
    + [{"facts": staged(stage)} for stage in STAGES],
    ids=str,
)
def test_the_model_of_spdx_takes_every_document_and_writes_it_again(spdx, options):
    objects, unresolved = read_spdx(spdx, filled("spdx", **options).content)
    assert not unresolved
    with tempfile.TemporaryFile() as file:
        spdx.JSONLDSerializer().write(objects, file)  # refuses what lacks a field that must be
        assert file.tell()


def test_spdx_refuses_another_unit_of_energy(spdx):
    wrong = filled("spdx").content.replace(b"kilowattHour", b"kWh")
    with pytest.raises(Exception, match="kWh"):
        read_spdx(spdx, wrong)

"""``boamps``: a report of Boavizta's BoAmps, the open format for the energy of AI tasks [1].

Its energy is that of the machine, without the facility's, in kWh; parameters count in billions,
data in GB. What its schema requires and nobody knows is left out, and the report is incomplete
until it is declared: a made-up value would pass any validator.

References:
    [1] Boavizta, BoAmps data model, https://github.com/Boavizta/BoAmps (CC BY 4.0).
"""

from __future__ import annotations

from json import dumps

from brizna.report._dossier import document_id
from brizna.report._filling import Filling
from brizna.report._known import cards, country_of, methods, processors, spread
from brizna.report._texts import texts
from brizna.report._view import part

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from brizna.report._dossier import Document, Dossier

FORMAT = "https://github.com/Boavizta/BoAmps/tree/main/model"
_STAGES = {"fine-tuning": "finetuning", "data-preparation": "preprocessing"}
_PREMISES = {
    "on-premise": "onPremise",
    "private-cloud": "privateCloud",
    "public-cloud": "publicCloud",
    "other": "other",
}
_DATA_TYPES = ("tabular", "audio", "image", "video", "text")
_QUALITY = ((0.10, "high"), (0.25, "medium"))
"""How far the energy's interval may reach from the best value, and what BoAmps calls that."""
_BILLION, _GIGA = 1e9, 1e9


class BoAmps:
    """The form ``boamps``."""

    name = "boamps"
    suffix = ".json"
    media_type = "application/json"
    for_people = False

    def about(self, lang: str) -> str:
        """Return what it is, in one line."""
        _ = texts(lang).gettext
        return _("a BoAmps report of Boavizta: task, measures, infrastructure, environment")

    def render(self, dossier: Dossier, *, lang: str) -> Document:
        """Return the form, filled in."""
        form = Filling(dossier, lang=lang)
        rest = {
            "measures": _measures(form),
            **_machine(form),
            "infrastructure": _infrastructure(form),
            "environment": _environment(form),
            "quality": _quality(form),
        }
        content = {"header": _header(form), "task": _task(form), **said(rest)}
        return form.document(dumps(content, ensure_ascii=False, indent=1) + "\n")


FORM = BoAmps()


def said(table: dict[str, Any]) -> dict[str, Any]:
    """Return a table without what nobody knows."""
    return {key: value for key, value in table.items() if value not in (None, {}, [])}


def _header(form: Filling) -> dict[str, Any]:
    level = form.fact("confidentiality", field="header.publisher.confidentialityLevel")
    publisher = {
        "name": form.fact("publisher", field="header.publisher.name"),
        "division": form.fact("department"),
        "projectName": form.fact("project"),
        "confidentialityLevel": level,
    }
    return said(
        {
            "formatVersionSpecificationUri": FORMAT,
            "reportId": document_id(form.dossier),
            "reportDatetime": _instant(form.dossier.issued),
            "reportStatus": "final",
            "publisher": said(publisher) if level else None,
        }
    )


def _task(form: Filling) -> dict[str, Any]:
    stage = form.fact("stage", field="task.taskStage")
    parameters = form.fact("parameters", field="task.algorithms[0].parametersNumber")
    algorithm = {
        "algorithmName": form.fact("architecture", field="task.algorithms[0].algorithmName"),
        "algorithmUri": form.fact("model_url"),
        "foundationModelName": form.fact("base_model"),
        "parametersNumber": None if parameters is None else parameters / _BILLION,
        "framework": form.fact("framework"),
        "frameworkVersion": form.fact("framework_version"),
        "epochsNumber": form.fact("epochs"),
        "quantization": form.fact("quantisation"),
    }
    quality = form.fact("quality") if form.fact("quality_metric") == "accuracy" else None
    return said(
        {
            "taskStage": _STAGES.get(stage or "", stage),
            "taskFamily": form.fact("task", field="task.taskFamily"),
            "nbRequest": form.fact("queries") if stage == "inference" else None,
            "algorithms": [said(algorithm)] if said(algorithm) else None,
            "dataset": _dataset(form),
            "measuredAccuracy": quality if quality is not None and quality <= 1 else None,
            "taskDescription": form.fact("description"),
        }
    )


def _dataset(form: Filling) -> list[dict[str, Any]]:
    """Return the data that went in and what came out, each by its first kind."""
    size_b = form.fact("data_bytes")
    found: list[dict[str, Any]] = []
    for usage, key in (("input", "inputs"), ("output", "outputs")):
        field = f"task.dataset[{len(found)}].dataType" if usage == "input" else None
        kinds = form.fact(key, field=field)
        if not kinds:
            continue
        about = {
            "dataSize": None if size_b is None else size_b / _GIGA,
            "dataQuantity": form.fact("data_items"),
            "source": form.fact("data_source"),
        }
        found.append(
            said(
                {
                    "dataUsage": usage,
                    "dataType": kinds[0] if kinds[0] in _DATA_TYPES else "other",
                    **(about if usage == "input" else {}),
                }
            )
        )
    return found


def _measures(form: Filling) -> list[dict[str, Any]]:
    energy_kwh = form.number("measures[0].powerConsumption", "energy_j", unit="kWh")
    if energy_kwh is None:
        return []
    duration_s = form.number("measures[0].measurementDuration", "duration_s", unit="s")
    measure = {
        "measurementMethod": "brizna",
        "version": form.dossier.software,
        "cpuTrackingMode": ", ".join(methods(form.dossier, "cpu")) or None,
        "gpuTrackingMode": ", ".join(methods(form.dossier, "gpu")) or None,
        "powerConsumption": energy_kwh,
        "measurementDuration": duration_s,
        "measurementDateTime": _instant(form.dossier.started),
    }
    return [said(measure)]


def _machine(form: Filling) -> dict[str, Any]:
    """Return the system and the language of the first run, as far as its record knows them."""
    environment = part(form.dossier.views[0], "environment")
    distribution = environment.get("os")
    kernel = (environment.get("kernel") or "").partition(" ")[0].lower()
    system = kernel or distribution
    python = environment.get("python")
    if not system:
        form.lack("system.os", "not in the record")
    if not python:
        form.lack("software.language", "not in the record")
    return said(
        {
            "system": said({"os": system, "distribution": distribution if kernel else None}),
            "software": {"language": "python", "version": python} if python else None,
        }
    )


def _infrastructure(form: Filling) -> dict[str, Any]:
    view = form.dossier.views[0]
    premises = form.fact("premises", field="infrastructure.infraType")
    memory_gb = part(view["site"], "hardware").get("memory_gb")
    components = [
        {"componentType": kind, "componentName": name, "nbComponent": count}
        for kind, found in (("cpu", processors(view)), ("gpu", cards(view)))
        for name, count in found.items()
    ]
    if memory_gb:
        ram = {"componentType": "ram", "nbComponent": 1, "memorySize": round(memory_gb)}
        components.append(ram)
    if not components:
        components = [
            {"componentType": kind, "nbComponent": count} for kind, count in _counted(form)
        ]
    if not components:
        form.lack("infrastructure.components", "not in the record")
    return said(
        {
            "infraType": _PREMISES.get(premises or ""),
            "cloudProvider": form.fact("provider"),
            "cloudInstance": form.fact("instance"),
            "components": components,
        }
    )


def _counted(form: Filling) -> list[tuple[str, int]]:
    """Return how many of each component gave readings, where nobody knows what they are called."""
    kinds = [
        channel["kind"]
        for channel in form.dossier.views[0]["measurement"]["channels"]
        if channel["parent"] is None
    ]
    return [(kind, kinds.count(kind)) for kind in dict.fromkeys(kinds)]


def _environment(form: Filling) -> dict[str, Any]:
    country = country_of(form.dossier)
    if country is None:
        form.fact("country", field="environment.country")
        return {}
    intensity = None
    if len(form.dossier.views) == 1:
        intensity = form.number(
            "environment.powerSourceCarbonIntensity",
            "carbon_operational_g>intensity_g_per_kwh",
            unit="g/kWh",
        )
    return said(
        {
            "country": country,
            "location": form.fact("location"),
            "powerSourceCarbonIntensity": intensity,
        }
    )


def _quality(form: Filling) -> str | None:
    reach = spread(form.dossier.amount("energy_j"))
    if reach is None:
        form.lack("quality", form.dossier.reason("energy_j"))
        return None
    return next((word for most, word in _QUALITY if reach <= most), "low")


def _instant(text: str) -> str:
    """Return an instant as BoAmps writes it; its zone is not stated there: it is UTC."""
    return text[:19].replace("T", " ")

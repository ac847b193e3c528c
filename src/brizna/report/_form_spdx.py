"""``spdx``: a model in SPDX 3.0.1's AI profile, with the energy of its training or its answers.

The energy is that of the machines, without the facility's, in kWh. What the profile has no field
for (the interval, the boundary, the carbon) stands in the text about the training or application.

References:
    https://spdx.github.io/spdx-spec/v3.0.1/model/AI/AI/
"""

from __future__ import annotations

from json import dumps

from brizna.core.errors import Said
from brizna.report._dossier import document_id
from brizna.report._filling import Filling
from brizna.report._form_boamps import said
from brizna.report._texts import texts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from brizna.report._dossier import Document, Dossier

CONTEXT = "https://spdx.org/rdf/3.0.1/spdx-context.jsonld"
_STAGES = {"training": "training", "fine-tuning": "finetuning", "inference": "inference"}
_MADE = "_:creation"
_NO_PLACE = str(Said("the form has no place for this stage"))


class Spdx:
    """The form ``spdx``."""

    name = "spdx"
    suffix = ".spdx.json"
    media_type = "application/spdx+json"
    for_people = False

    def about(self, lang: str) -> str:
        """Return what it is, in one line."""
        _ = texts(lang).gettext
        return _("the model in SPDX 3.0.1's AI profile, with the energy of its training or answers")

    def render(self, dossier: Dossier, *, lang: str) -> Document:
        """Return the form, filled in."""
        form = Filling(dossier, lang=lang)
        home = f"urn:uuid:{document_id(dossier)}"
        publisher = form.fact("publisher", field="CreationInfo.createdBy")
        by = {
            "type": "Organization" if publisher else "SoftwareAgent",
            "spdxId": f"{home}#by",
            "creationInfo": _MADE,
            "name": publisher or f"brizna {dossier.software}",
        }
        graph = [
            {
                "type": "CreationInfo",
                "@id": _MADE,
                "specVersion": "3.0.1",
                "created": dossier.issued,
                "createdBy": [by["spdxId"]],
                "createdUsing": [f"{home}#tool"],
            },
            by,
            {
                "type": "Tool",
                "spdxId": f"{home}#tool",
                "creationInfo": _MADE,
                "name": f"brizna {dossier.software}",
            },
            _package(form, home),
            {
                "type": "SpdxDocument",
                "spdxId": f"{home}#document",
                "creationInfo": _MADE,
                "profileConformance": ["core", "software", "ai"],
                "rootElement": [f"{home}#model"],
            },
        ]
        content = {"@context": CONTEXT, "@graph": graph}
        return form.document(dumps(content, ensure_ascii=False, indent=1) + "\n")


FORM = Spdx()


def _package(form: Filling, home: str) -> dict[str, Any]:
    dossier = form.dossier
    stage = form.fact("stage", field="ai_AIPackage.ai_energyConsumption")
    about = _about(form)
    answers = stage == "inference"
    form.fact("model", field="ai_AIPackage.name")
    kind = form.fact("architecture", field="ai_AIPackage.ai_typeOfModel")
    task = form.fact("task", field="ai_AIPackage.ai_domain")
    return said(
        {
            "type": "ai_AIPackage",
            "spdxId": f"{home}#model",
            "creationInfo": _MADE,
            "name": dossier.title,
            "description": form.fact("description"),
            "software_packageVersion": form.fact("model_version"),
            "software_homePage": form.fact("model_url"),
            "software_primaryPurpose": "model",
            "ai_typeOfModel": [kind] if kind else None,
            "ai_domain": [task] if task else None,
            "ai_energyConsumption": _energy(form, stage),
            "ai_informationAboutApplication": about if answers else None,
            "ai_informationAboutTraining": None if answers else about,
        }
    )


def _energy(form: Filling, stage: str | None) -> dict[str, Any] | None:
    """Return the energy under the stage that the profile has for it; None where it has none."""
    name = _STAGES.get(stage or "")
    if name is None:
        if stage is not None:
            form.lack("ai_AIPackage.ai_energyConsumption", _NO_PLACE)
        return None
    field = f"ai_{name}EnergyConsumption"
    energy_kwh = form.number(f"{field}[0].ai_energyQuantity", "energy_j", unit="kWh")
    if energy_kwh is None:
        return None
    amount = {
        "type": "ai_EnergyConsumptionDescription",
        "ai_energyQuantity": energy_kwh,
        "ai_energyUnit": "kilowattHour",
    }
    return {"type": "ai_EnergyConsumption", field: [amount]}


def _about(form: Filling) -> str | None:
    """Return in words what the profile has no field for; None where nothing is known."""
    _ = form.style.say
    energy = form.text("text.energy", "energy_j")
    if energy is None:
        return None
    told = _("Energy of the machines, without cooling and the like: {energy}.").format(
        energy=energy
    )
    carbon = form.text("text.carbon", "carbon_operational_g")
    if carbon is not None:
        told += " " + _(
            "Carbon of the electricity, cooling and the like included, location-based: {carbon}."
        ).format(carbon=carbon)
    return told + " " + _("Intervals are central 90% intervals.")

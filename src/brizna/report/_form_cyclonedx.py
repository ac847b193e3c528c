"""``cyclonedx``: a bill of materials of a model in which its energy stands (ECMA-424, ML-BOM).

Energy in kWh and carbon in tonnes, the only units that its schema takes. The energy is the
facility's, so that energy and carbon belong together; what the machines alone used stands in the
properties, with the intervals and the digests of the records behind them.
"""

from __future__ import annotations

from json import dumps

from brizna.report._dossier import document_id
from brizna.report._filling import Filling
from brizna.report._form_boamps import said
from brizna.report._known import footprint_digests
from brizna.report._texts import texts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from brizna.report._dossier import Document, Dossier

_ACTIVITIES = {"evaluation": "validation"}
_PLACE = "modelCard.considerations.environmentalConsiderations.energyConsumptions[0]"


class CycloneDx:
    """The form ``cyclonedx``, in one of its versions.

    Args:
        version: Such as ``1.7``.
        name: What ``--as`` calls it.
    """

    suffix = ".cdx.json"
    media_type = "application/vnd.cyclonedx+json"
    for_people = False

    def __init__(self, version: str, name: str) -> None:
        self.version = version
        self.name = name

    def about(self, lang: str) -> str:
        """Return what it is, in one line."""
        _ = texts(lang).gettext
        return _("a CycloneDX {version} bill of materials of the model, with its energy").format(
            version=self.version
        )

    def render(self, dossier: Dossier, *, lang: str) -> Document:
        """Return the form, filled in."""
        form = Filling(dossier, lang=lang)
        publisher = form.fact("publisher")
        tool = {"type": "application", "name": "brizna", "version": dossier.software}
        content = {
            "$schema": f"http://cyclonedx.org/schema/bom-{self.version}.schema.json",
            "bomFormat": "CycloneDX",
            "specVersion": self.version,
            "serialNumber": f"urn:uuid:{document_id(dossier)}",
            "version": 1,
            "metadata": said(
                {
                    "timestamp": dossier.issued,
                    "tools": {"components": [tool]},
                    "supplier": {"name": publisher} if publisher else None,
                    "component": _model(form),
                }
            ),
        }
        return form.document(dumps(content, ensure_ascii=False, indent=1) + "\n")


FORM = CycloneDx("1.7", "cyclonedx")
OLDER = CycloneDx("1.6", "cyclonedx-1.6")


def _model(form: Filling) -> dict[str, Any]:
    dossier = form.dossier
    licence = form.fact("licence")
    form.fact("model", field="metadata.component.name")
    return said(
        {
            "type": "machine-learning-model",
            "bom-ref": "model",
            "name": dossier.title,
            "version": form.fact("model_version"),
            "description": form.fact("description"),
            "licenses": [{"license": {"name": licence}}] if licence else None,
            "modelCard": said(
                {
                    "modelParameters": _parameters(form),
                    "considerations": _considerations(form),
                }
            ),
        }
    )


def _parameters(form: Filling) -> dict[str, Any]:
    names = form.fact("data") or ()
    return said(
        {
            "task": form.fact("task"),
            "architectureFamily": form.fact("architecture"),
            "datasets": [{"type": "dataset", "name": name} for name in names],
            "inputs": [{"format": kind} for kind in form.fact("inputs") or ()],
            "outputs": [{"format": kind} for kind in form.fact("outputs") or ()],
        }
    )


def _considerations(form: Filling) -> dict[str, Any] | None:
    place = f"{_PLACE}.activityEnergyCost.value"
    energy_kwh = form.number(place, "facility_energy_j", unit="kWh")
    if energy_kwh is None:
        return None
    carbon_t = form.number(f"{_PLACE}.co2CostEquivalent.value", "carbon_operational_g", unit="t")
    stage = form.fact("stage", field=f"{_PLACE}.activity")
    consumption = {
        "activity": _ACTIVITIES.get(stage or "other", stage or "other"),
        "energyProviders": _providers(form, energy_kwh),
        "activityEnergyCost": {"value": energy_kwh, "unit": "kWh"},
        "co2CostEquivalent": None if carbon_t is None else {"value": carbon_t, "unit": "tCO2eq"},
        "properties": _properties(form),
    }
    consumption = {key: value for key, value in consumption.items() if value is not None}
    return {"environmentalConsiderations": {"energyConsumptions": [consumption]}}


def _providers(form: Filling, energy_kwh: float) -> list[dict[str, Any]]:
    """Return who supplied the electricity, as far as that was declared; the schema takes none."""
    supplier = form.fact("supplier", field=f"{_PLACE}.energyProviders")
    if supplier is None:
        return []
    place = f"{_PLACE}.energyProviders[0].energyProvided.value"
    form.number(place, "facility_energy_j", unit="kWh")
    return [
        {
            "organization": {"name": supplier},
            "energySource": "unknown",
            "energyProvided": {"value": energy_kwh, "unit": "kWh"},
        }
    ]


def _properties(form: Filling) -> list[dict[str, str]]:
    """Return the intervals, what the machines alone used, and the records behind it all."""
    found: list[dict[str, str]] = []
    for name, path, unit in (
        ("it_energy_kwh", "energy_j", "kWh"),
        ("energy_kwh", "facility_energy_j", "kWh"),
        ("carbon_t", "carbon_operational_g", "t"),
        ("carbon_embodied_t", "carbon_embodied_g", "t"),
    ):
        for end in ("low", "best", "high"):
            taken = form.take(path, unit=unit, end=end)
            if taken is None:
                continue
            number, figure = taken
            key = f"brizna:{name}:{end}"
            form.note(figure.replace(field=f"{_PLACE}.properties[{key}]", shown=repr(number)))
            found.append({"name": key, "value": repr(number)})
    found.append({"name": "brizna:view", "value": form.dossier.seen_as})
    for view, footprint in zip(form.dossier.views, footprint_digests(form.dossier), strict=True):
        found.append({"name": "brizna:run", "value": view["id"]})
        found += [{"name": "brizna:run:digest", "value": view["digest"]}] if view["digest"] else []
        found.append({"name": "brizna:footprint:digest", "value": footprint})
    return found

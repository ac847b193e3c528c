"""``json``: everything that a report is about, for programs: runs, figures, facts, totals."""

from __future__ import annotations

from json import dumps

from brizna.account import BESIDE
from brizna.core.estimate import Estimate
from brizna.report._filling import Filling
from brizna.report._texts import texts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from brizna.report._dossier import Document, Dossier

SCHEMA = "brizna.report/1"
SUMMED = (
    *("energy_j", "facility_energy_j", "carbon_operational_g", "carbon_embodied_g", "carbon_g"),
    *("water_l", "cost"),
)
"""The figures of a report; those of `BESIDE` stand in it too, where a footprint has them."""


class Json:
    """The form ``json``."""

    name = "json"
    suffix = ".json"
    media_type = "application/json"
    for_people = False

    def about(self, lang: str) -> str:
        """Return what it is, in one line."""
        _ = texts(lang).gettext
        return _("runs, figures with their doubts, facts and totals, for programs")

    def render(self, dossier: Dossier, *, lang: str) -> Document:
        """Return the form, filled in."""
        form = Filling(dossier, lang=lang)
        content: dict[str, Any] = {
            "schema": SCHEMA,
            "issued": dossier.issued,
            "brizna": dossier.software,
            "selection": dossier.selection.to_json(),
            "facts": dict(dossier.facts.values),
            "duration_s": form.number("duration_s", "duration_s", unit="s"),
            "figures": {name: _estimate(form, "figures", name) for name in figures_of(dossier)},
            "currency": dossier.currency,
            "at_once": list(dossier.at_once),
            "runs": [_run(form, view["id"]) for view in dossier.views],
        }
        lacking = form.document(b"").lacking
        content["lacking"] = {one.field: one.why for one in lacking}
        return form.document(dumps(content, ensure_ascii=False, indent=1) + "\n")


FORM = Json()


def figures_of(dossier: Dossier) -> list[str]:
    """Return the figures that a report on these runs has."""
    beside = [name for name in BESIDE if any(view["footprint"].get(name) for view in dossier.views)]
    return [*SUMMED, *beside]


def _run(form: Filling, record: str) -> dict[str, Any]:
    view = form.dossier.view_of(record)
    place = f"runs[{form.dossier.views.index(view)}]"
    return {
        "id": record,
        "digest": view.get("digest"),
        "name": view["name"],
        "tags": list(view["tags"]),
        "started": view["started"],
        "duration_s": form.number(f"{place}.duration_s", "duration_s", unit="s", record=record),
        "state": view["state"],
        "zone": view["site"]["zone"],
        "view": view["footprint"].get("view", "machine"),
        "currency": view["footprint"]["currency"],
        "figures": {
            name: _estimate(form, f"{place}.figures", name, record=record)
            for name in figures_of(form.dossier)
        },
    }


def _estimate(
    form: Filling, place: str, name: str, *, record: str | None = None
) -> dict[str, Any] | None:
    """Return an estimate in its record form, each of its ends noted."""
    value = form.amount(name, record=record)
    if not isinstance(value, Estimate):
        form.lack(f"{place}.{name}", form.dossier.reason(name, record=record))
        return None
    written = value.to_json()
    for end in ("low", "best", "high"):
        taken = form.take(name, unit="", record=record, end=end)
        assert taken is not None, name
        form.note(taken[1].replace(field=f"{place}.{name}.{end}", shown=repr(written[end])))
    return written

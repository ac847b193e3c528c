"""``hf``: a model card of the Hugging Face Hub: ``co2_eq_emissions`` in grams, and a section.

The metadata is what the Hub's page on carbon emissions asks for [1]: ``emissions`` in grams of
CO2, ``source``, ``training_type``, ``geographical_location``, ``hardware_used``. The emissions are
those of the electricity, as other trackers write them there; what making the hardware caused
stands in the section beside them.

References:
    [1] https://huggingface.co/docs/hub/model-cards-co2
"""

from __future__ import annotations

from json import dumps

from brizna.core.errors import InputError
from brizna.report._filling import Filling
from brizna.report._form_markdown import escape, remarks, table, unknown
from brizna.report._known import hardware_words, methods, place_words
from brizna.report._texts import texts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from brizna.report._dossier import Document, Dossier

KEY = "co2_eq_emissions"
"""The part of a card's metadata that is ours."""
BEGIN, END = "<!-- brizna:begin -->", "<!-- brizna:end -->"
"""What stands around our section of a card."""

_TRAINING = {"training": "pre-training", "fine-tuning": "fine-tuning"}
_BESIDE = (
    ("license", "licence"),
    ("library_name", "framework"),
    ("pipeline_tag", "task"),
    ("base_model", "base_model"),
    ("language", "language"),
    ("datasets", "data"),
)
"""Further keys of a new card, and the facts that they hold."""


class ModelCard:
    """The form ``hf``."""

    name = "hf"
    suffix = ".md"
    media_type = "text/markdown"
    for_people = True

    def about(self, lang: str) -> str:
        """Return what it is, in one line."""
        _ = texts(lang).gettext
        return _("a model card for the Hugging Face Hub; --into puts it into an existing one")

    def render(self, dossier: Dossier, *, lang: str) -> Document:
        """Return a new card.

        Raises:
            InputError: If the runs were no training.
        """
        form = Filling(dossier, lang=lang)
        lines = ["---"]
        for key, fact in _BESIDE:
            value = dossier.facts[fact]
            value = value.lower() if fact == "licence" and value else value  # as the Hub has them
            lines += [f"{key}: {dumps(value, ensure_ascii=False)}"] if value else []
        lines += [*metadata(form), "---", ""]
        lines += [f"# {escape(dossier.title)}", "", BEGIN, *section(form, level=2), END]
        return form.document("\n".join(lines) + "\n")


FORM = ModelCard()


def metadata(form: Filling) -> list[str]:
    """Return the lines of the metadata that are ours; none where the emissions are unknown.

    Raises:
        InputError: If the runs were no training.
    """
    dossier = form.dossier
    stage = form.fact("stage", field=f"{KEY}.training_type")
    if stage is not None and stage not in _TRAINING:
        raise InputError(
            "A model card tells the emissions of a training, but the stage of these runs is "
            "{stage}. Choose the runs that trained, or another form: brizna report --list.",
            stage=stage,
        )
    emissions_g = form.number(f"{KEY}.emissions", "carbon_operational_g", unit="g", digits=3)
    if emissions_g is None:
        return []
    told = {
        "source": _source(dossier),
        "training_type": _TRAINING.get(stage or ""),
        "geographical_location": place_words(dossier),
        "hardware_used": hardware_words(dossier),
    }
    for key in ("geographical_location", "hardware_used"):
        if told[key] is None:
            fact = "location" if key == "geographical_location" else "hardware"
            form.fact(fact, field=f"{KEY}.{key}")
    lines = [f"{KEY}:", f"  emissions: {_plain(emissions_g)}"]
    lines += [
        f"  {key}: {dumps(value, ensure_ascii=False)}" for key, value in told.items() if value
    ]
    return lines


def section(form: Filling, *, level: int) -> list[str]:
    """Return the lines of the section, under a heading of a level."""
    _ = form.style.say
    dossier = form.dossier
    lines = [f"{'#' * level} {_('Environmental impact, measured')}", "", *table(form), ""]
    facts = (
        (_("Hardware"), hardware_words(dossier)),
        (_("Place"), place_words(dossier)),
        (_("Measured by"), ", ".join(methods(dossier))),
    )
    lines += [f"- {label}: {escape(value)}" for label, value in facts if value]
    return [*lines, *(f"- {escape(line)}" for line in (*unknown(form), *remarks(form)))]


def _source(dossier: Dossier) -> str:
    """Return what the Hub shows as source: by what, and how the electricity was counted."""
    return f"brizna {dossier.software}, electricity with PUE, location-based"


def _plain(number: float) -> str:
    """Return a number as every YAML reader takes it for one: without an exponent."""
    text = repr(number)
    return f"{number:.15f}".rstrip("0") if "e" in text else text

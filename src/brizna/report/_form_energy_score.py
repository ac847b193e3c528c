"""``ai-energy-score``: watt-hours for 1,000 answers, as AI Energy Score states them.

AI Energy Score counts the energy of the accelerators alone, on one kind of hardware and one data
set a task, and gives stars within a leaderboard. This states the same quantity of these runs, and
the whole machine's beside it; it gives no stars, which only that leaderboard can.

References:
    https://huggingface.github.io/AIEnergyScore/
"""

from __future__ import annotations

from brizna.core.errors import InputError, Said
from brizna.report._filling import UNDECLARED, Filling
from brizna.report._form_markdown import escape, remarks
from brizna.report._known import hardware_words
from brizna.report._texts import texts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from brizna.report._dossier import Document, Dossier

QUERIES = 1000.0
_CARDS = "energy_j>kind:gpu"
_UNIT = "Wh"
_NO_CARDS = str(Said("no accelerator was measured"))


class EnergyScore:
    """The form ``ai-energy-score``."""

    name = "ai-energy-score"
    suffix = ".md"
    media_type = "text/markdown"
    for_people = True

    def about(self, lang: str) -> str:
        """Return what it is, in one line."""
        _ = texts(lang).gettext
        return _("watt-hours for 1,000 answers, as AI Energy Score states them; no stars")

    def render(self, dossier: Dossier, *, lang: str) -> Document:
        """Return the form, filled in.

        Raises:
            InputError: If the runs answered no requests.
        """
        form = Filling(dossier, lang=lang)
        _ = form.style.say
        queries = form.fact("queries", field="queries")
        if queries == 0:
            raise InputError(
                "The runs answered 0 requests: expected some, to divide by. Declare queries, or "
                "choose another form: brizna report --list."
            )
        lines = [f"### {escape(_('Energy of 1,000 answers: {model}').format(model=dossier.title))}"]
        lines += ["", f"| {_('Figure')} | {_('Value')} |", "|---|---:|"]
        for field, label in ((_CARDS, _("accelerators")), ("energy_j", _("whole machine"))):
            lines.append(f"| {label} | {escape(_per_thousand(form, field, queries))} |")
        facts = (
            (_("Task"), dossier.facts["task"]),
            (_("Answers"), None if queries is None else form.style.exactly(queries)),
            (_("Hardware"), hardware_words(dossier)),
        )
        lines += ["", *(f"- {label}: {escape(value)}" for label, value in facts if value)]
        lines += [
            f"- {escape(line)}"
            for line in (
                _(
                    "AI Energy Score counts the accelerators alone, on its own hardware and data: "
                    "compare only what was measured alike."
                ),
                *remarks(form),
            )
        ]
        return form.document("\n".join(lines) + "\n")


FORM = EnergyScore()


def _per_thousand(form: Filling, path: str, queries: float | None) -> str:
    """Return the energy of a thousand answers with its interval, or why it is unknown."""
    if path == _CARDS and not _has_cards(form.dossier):
        why = _NO_CARDS
        form.lack(path, why)
        return form.unknown(why)
    if queries is None:
        why = UNDECLARED
        form.lack(path, why, fact="queries")
        return form.unknown(why)
    shown: list[str] = []
    for end in ("best", "low", "high"):
        taken = form.take(path, unit=_UNIT, end=end, times=QUERIES / queries)
        if taken is None:
            why = form.dossier.reason(path)
            form.lack(path, why)
            return form.unknown(why)
        number, figure = taken
        shown.append(form.style.number(number))
        form.note(figure.replace(field=f"{path}.{end}", shown=shown[-1]))
    best, low, high = shown
    ends = "" if low == high else f" ({low}{form.style.dash}{high})"
    return f"{best}{form.style.space}{_UNIT}{ends}"


def _has_cards(dossier: Dossier) -> bool:
    return all(
        any(c["kind"] == "gpu" and c["parent"] is None for c in view["measurement"]["channels"])
        for view in dossier.views
    )

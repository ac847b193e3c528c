r"""``latex``: the figures as a table, and as commands such as ``\briznaEnergy`` for the text.

Needs no package; plain ASCII, so that any engine and encoding takes it.
"""

from __future__ import annotations

from brizna.report._filling import Filling
from brizna.report._form_markdown import remarks, rows, unknown
from brizna.report._texts import texts
from brizna.report._view import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from brizna.report._dossier import Document, Dossier

_COMMANDS = {
    "energy_j": "Energy",
    "facility_energy_j": "FacilityEnergy",
    "carbon_operational_g": "CarbonElectricity",
    "carbon_embodied_g": "CarbonHardware",
    "carbon_g": "Carbon",
    "water_l": "Water",
    "cost": "Cost",
}
_MARKS: dict[str, str] = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': "{''}",
    "±": r"\ensuremath{\pm}",
    "µ": r"\ensuremath{\mu}",
    "×": r"\ensuremath{\times}",
    "³": r"\textsuperscript{3}",
    "−": r"\ensuremath{-}",
    "–": "--",
    "¤": r"\textcurrency{}",
    "€": r"\texteuro{}",
    "\u00a0": "~",
    "\u2009": r"\,",
    "\u202f": r"\,",
    "¿": "?`",
    "¡": "!`",
    "ñ": r"\~{n}",
    "Ñ": r"\~{N}",
    "ü": r"\"{u}",
    "Ü": r"\"{U}",
    **{mark: f"\\{mark}" for mark in "&%$#_{}"},
    **{
        accented: rf"\'{{{plain}}}"
        for accented, plain in zip("áéíóúÁÉÍÓÚ", "aeiouAEIOU", strict=True)
    },
}


class Latex:
    """The form ``latex``."""

    name = "latex"
    suffix = ".tex"
    media_type = "application/x-tex"
    for_people = True

    def about(self, lang: str) -> str:
        """Return what it is, in one line."""
        _ = texts(lang).gettext
        return _("the figures as a LaTeX table, and as commands for the running text")

    def render(self, dossier: Dossier, *, lang: str) -> Document:
        """Return the form, filled in."""
        form = Filling(dossier, lang=lang)
        _ = form.style.say
        duration = form.text(_("Duration"), "duration_s") or ""
        told = rows(form)
        lines = [f"% {escape(line)}" for line in (*unknown(form), *remarks(form))]
        known = {figure.path: figure for figure in form.document(b"").figures}
        for path, command in _COMMANDS.items():
            if path in known:
                figure = known[path]
                amount = escape(f"{figure.shown} {figure.unit}".rstrip()).replace(" ", "~")
                lines.append(rf"\newcommand{{\brizna{command}}}{{{amount}}}")
        lines += [r"\begin{tabular}{lrl}", r"\hline"]
        lines.append(_line(_("Figure"), _("Value"), _("Basis")) + r" \hline")
        lines.append(_line(_("Duration"), duration, ""))
        lines += [_line(label, value, basis) for label, value, basis in told]
        lines += [r"\hline", r"\end{tabular}"]
        return form.document("\n".join(lines) + "\n")


FORM = Latex()


def escape(text: str) -> str:
    """Return a text that LaTeX shows as it is, in ASCII."""
    plain: str = printable(text)
    shown = "".join(_MARKS.get(mark, mark) for mark in plain)
    return shown.encode("ascii", "replace").decode()


def _line(*cells: str) -> str:
    return " & ".join(map(escape, cells)) + r" \\"

"""``markdown``: the figures as a short table for a README, a pull request or an issue."""

from __future__ import annotations

from brizna.core.estimate import Estimate
from brizna.report._filling import Filling
from brizna.report._form_json import figures_of
from brizna.report._texts import texts
from brizna.report._view import printable
from brizna.report._whose import tell_view
from brizna.report._words import name_basis, name_figure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from brizna.report._dossier import Document, Dossier

_SPECIAL = str.maketrans({mark: f"\\{mark}" for mark in r"\`*_[]<>|#"})


class Markdown:
    """The form ``markdown``."""

    name = "markdown"
    suffix = ".md"
    media_type = "text/markdown"
    for_people = True

    def about(self, lang: str) -> str:
        """Return what it is, in one line."""
        _ = texts(lang).gettext
        return _("the figures as a table for a README, a pull request or an issue")

    def render(self, dossier: Dossier, *, lang: str) -> Document:
        """Return the form, filled in."""
        _ = texts(lang).gettext
        form = Filling(dossier, lang=lang)
        title = escape(_("Energy and carbon of {title}").format(title=dossier.title))
        lines = [f"### {title}", "", *table(form), ""]
        lines += [f"- {escape(line)}" for line in (*unknown(form), *remarks(form))]
        return form.document("\n".join(lines) + "\n")


FORM = Markdown()


def table(form: Filling) -> list[str]:
    """Return the figures that are known as a table: name, value with its interval, basis."""
    _ = form.style.say
    head = (_("Figure"), _("Value"), _("Basis"))
    lines = [f"| {' | '.join(head)} |", "|---|---:|---|"]
    duration = form.text(_("Duration"), "duration_s") or ""
    lines.append(f"| {_('Duration')} | {duration} | |")
    for label, value, basis in rows(form):
        lines.append(f"| {escape(label)} | {escape(value)} | {escape(basis)} |")
    return lines


def rows(form: Filling) -> list[tuple[str, str, str]]:
    """Return for each figure that is known its name, its value in words, and its basis."""
    found: list[tuple[str, str, str]] = []
    for path in figures_of(form.dossier):
        label = _label(path, form)
        shown = form.text(label, path)
        value = form.amount(path)
        if shown is not None and isinstance(value, Estimate):
            found.append((label, shown, name_basis(value.basis, form.lang)))
    return found


def unknown(form: Filling) -> list[str]:
    """Return in a sentence which figures are not known, each with its reason; or nothing."""
    _ = form.style.say
    told = [
        f"{_label(path, form)} ({form.stored(form.dossier.reason(path))})"
        for path in figures_of(form.dossier)
        if form.amount(path) is None
    ]
    return [_("Not known: {figures}.").format(figures="; ".join(told))] if told else []


def _label(path: str, form: Filling) -> str:
    name = name_figure(path, form.lang)
    return name[:1].upper() + name[1:]


def remarks(form: Filling) -> list[str]:
    """Return the sentences that belong beside the figures: of what, by what, how sure."""
    _ = form.style.say
    dossier = form.dossier
    runs = texts(form.lang).ngettext("{count} run", "{count} runs", len(dossier.views))
    ids = ", ".join(view["id"] for view in dossier.views[:3])
    more = " ..." if len(dossier.views) > 3 else ""
    lines = [
        _("Intervals are central 90% intervals."),
        _("{runs} ({ids}), accounted for by brizna {version}.").format(
            runs=runs.format(count=form.style.count(len(dossier.views))),
            ids=ids + more,
            version=dossier.software,
        ),
    ]
    if dossier.seen_as != "machine":
        lines.append(tell_view(dossier.seen_as, form.style))
    if dossier.unsuccessful:
        lines.append(
            _("Of these {count} did not end well; what they used is in the figures.").format(
                count=form.style.count(len(dossier.unsuccessful))
            )
        )
    if dossier.at_once:
        lines.append(
            _(
                "{count} of them overlapped another run on their machine: its energy counts twice."
            ).format(count=form.style.count(len(dossier.at_once)))
        )
    return lines


def escape(text: str) -> str:
    """Return a text that Markdown shows as it is."""
    return printable(text).translate(_SPECIAL)

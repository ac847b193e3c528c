"""The regulatory forms ``ai-act``, ``mdf``, ``sci``, ``ghg``, ``csrd``, ``data-centre`` ...

What each asks for is data (tables ``sheets`` and ``sheet_fields``); one way fills all of them in,
and one writer for each medium writes them: Markdown, HTML, JSON, PDF.
"""

from __future__ import annotations

from brizna.report._instants import tell_instant
from brizna.report._sheet import Grid, Section, Sheet
from brizna.report._sheet_fields import form_named, form_names
from brizna.report._sheet_filling import SheetFilling
from brizna.report._sheet_json import json_of
from brizna.report._sheet_media import MEDIA
from brizna.report._sheet_parts import boundary, factors, origins, place_of, records
from brizna.report._takers import asked_of, stages, without_stage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from brizna.report._dossier import Document, Dossier
    from brizna.report._format import Format
    from brizna.report._sheet_filling import Row

_SECTIONS = (
    *("model", "organisation", "compute", "energy", "carbon", "water", "performance", "capacity"),
    *("beside", "method"),
)
_JSON, _JSON_TYPE = ".json", "application/json"
_VALUE = 2
"""The column of the values."""
_SHORT = 12
"""Signs of a reference for which a narrow column will do."""


class Regulatory:
    """A regulatory form in one medium.

    Attributes:
        name: What ``--as`` calls it.
        suffix: What its files end in; chooses the medium.
        media_type: The media type of that medium.
        for_people: True: numbers and names in JSON too are in the language of the form.
    """

    def __init__(self, name: str, suffix: str = ".md") -> None:
        """Choose a form and a medium.

        Args:
            name: A form of table ``sheets``.
            suffix: A key of `MEDIA`, or ``.json``.
        """
        self.name = name
        self.suffix = suffix
        self.media_type = _JSON_TYPE if suffix == _JSON else MEDIA[suffix].media_type
        self.for_people = True

    @property
    def media(self) -> tuple[str, ...]:
        """What files of its media end in."""
        return (*MEDIA, _JSON)

    def in_medium(self, suffix: str) -> Regulatory | None:
        """Return the same form in another medium; None if there is no such medium.

        Args:
            suffix: What its files end in, such as ``.pdf``.
        """
        return Regulatory(self.name, suffix) if suffix in self.media else None

    def about(self, lang: str) -> str:
        """Return what it is, in one line."""
        return form_named(self.name).title[lang]

    def render(self, dossier: Dossier, *, lang: str) -> Document:
        """Return the form, filled in."""
        filling = SheetFilling(form_named(self.name), dossier, lang=lang)
        rows = filling.rows()
        if self.suffix == _JSON:
            return filling.filling.document(json_of(filling, rows))
        return filling.filling.document(MEDIA[self.suffix].write(_sheet(filling, rows)))


def _sheet(filling: SheetFilling, rows: Sequence[Row]) -> Sheet:
    form, dossier, style = filling.form, filling.dossier, filling.filling.style
    _, lang = style.say, filling.lang
    head = [
        (_("About"), dossier.title),
        (_("Issued"), tell_instant(dossier.issued, lang)),
        (_("Follows"), form.source[lang]),
        (_("Made by"), f"brizna {dossier.software}"),
    ]
    sections = [part for name in _SECTIONS for part in _sections(filling, rows, name)]
    figures = [figure for row in rows for figure in row.figures]
    closing = (
        boundary(filling.filling),
        origins(filling.filling, figures, name=form.name),
        factors(filling.filling, figures),
        records(filling.filling),
    )
    sections += [part for part in closing if part is not None]
    return Sheet(
        lang=lang,
        title=form.title[lang],
        about=form.about[lang],
        issued=dossier.issued,
        head=tuple(head),
        sections=tuple(sections),
        foot=tuple(_foot(filling)),
    )


def _sections(filling: SheetFilling, rows: Sequence[Row], name: str) -> list[Section]:
    """Return a part of the form: its fields as a table, then each that is a paragraph."""
    _ = filling.filling.style.say
    found = [row for row in rows if row.field.section == name]
    plain = [row for row in found if row.field.rule != "prose"]
    parts: list[Section] = []
    if plain:
        title = _title(name, filling.filling.style)
        parts.append(Section(title=title, grid=_grid(filling, plain, title, rows)))
    parts += [
        Section(
            title=filling.title(row.field),
            prose=(row.shown or _missing(filling, row),),
            remarks=_remark(filling, row),
        )
        for row in found
        if row.field.rule == "prose"
    ]
    return parts


def _grid(
    filling: SheetFilling, rows: Sequence[Row], caption: str, all_rows: Sequence[Row]
) -> Grid:
    """Return fields as a table, without the columns in which none of them has anything."""
    _ = filling.filling.style.say
    header = (_("where"), _("what"), _("value"), _("interval (90%)"), _("where from, or why not"))
    cells = [_cells(filling, row) for row in rows]
    longest = max(len(row[0]) for row in cells)
    widths = (1.5 if longest < _SHORT else 2.4, 4.4, 4.4, 2.3, 3.2)
    kept = [at for at in range(len(header)) if any(row[at] for row in cells)]
    every = [figure.field for one in all_rows for figure in one.figures]
    return Grid(
        caption=caption,
        header=tuple(header[at] for at in kept),
        rows=tuple(tuple(row[at] for at in kept) for row in cells),
        widths=tuple(widths[at] for at in kept),
        links=tuple(
            tuple(place_of(every.index(figure.field)) for figure in row.figures) for row in rows
        ),
        valued=kept.index(_VALUE) if _VALUE in kept else 0,
    )


def _cells(filling: SheetFilling, row: Row) -> tuple[str, ...]:
    """Return where a field is asked, what it asks, its value, interval, and origin or reason."""
    field, shown, why = row.field, row.shown, row.basis
    if shown is None:
        shown = _nothing(filling, row)
        why = _why(filling, row)
    note = filling.filling.stored(field.note)
    what = filling.title(field) + (f" ({note})" if note else "")
    return (_reference(row), what, shown, row.ends, why)


def _missing(filling: SheetFilling, row: Row) -> str:
    return f"{_nothing(filling, row)}: {_why(filling, row)}"


def _why(filling: SheetFilling, row: Row) -> str:
    """Return why nothing is known, and the fact that would fill the field."""
    why = filling.filling.stored(row.why)
    return f"{why}: {row.fact}" if row.fact else why


def _nothing(filling: SheetFilling, row: Row) -> str:
    """Return the word for a field that is not known, or that does not ask about these runs."""
    _ = filling.filling.style.say
    if filling.form.unknown:
        return filling.form.unknown
    return filling.filling.style.unknown(None) if row.applies else _("not applicable")


def _remark(filling: SheetFilling, row: Row) -> tuple[str, ...]:
    _ = filling.filling.style.say
    parts = [_reference(row), filling.filling.stored(row.field.note)]
    if row.shown:
        count = filling.filling.style.count(len(row.shown.split()))
        parts.append(_("{count} words").format(count=count))
    return ("; ".join(part for part in parts if part),)


def _reference(row: Row) -> str:
    """Return where in the source a field stands, marked where that text was not read itself."""
    mark = {"retold": "*", "memory": "**"}.get(row.field.status, "")
    return f"{row.field.reference.removeprefix('-')}{mark}"


def _foot(filling: SheetFilling) -> list[str]:
    style = filling.filling.style
    _ = style.say
    form = filling.form
    said = [form.foot[filling.lang]] if form.foot[filling.lang] else []
    asks_training = any(field.when == "training" for field in form.asks)
    if asks_training:
        said += _of_stages(filling)
    if filling.dossier.at_once:
        text = _(
            "{count} of the runs overlapped another on their machine: its energy counts twice."
        )
        said.append(text.format(count=style.count(len(filling.dossier.at_once))))
    statuses = {field.status for field in form.asks}
    if "retold" in statuses:
        said.append(_("* Known from others' accounts of the text, not from the text itself."))
    if "memory" in statuses:
        said.append(
            _("** Not read again for this table: compare with the text before relying on it.")
        )
    return said


def _of_stages(filling: SheetFilling) -> list[str]:
    """Return what the reader has to know of which runs count as training."""
    style, dossier = filling.filling.style, filling.dossier
    _ = style.say
    if not stages(dossier):
        said = [_("Nobody declared a stage: the runs are taken as training.")]
    elif without := without_stage(dossier):
        text = _("Of {count} runs nobody declared a stage: they are taken as training.")
        said = [text.format(count=style.count(without))]
    else:
        said = []
    counted = {name: len(asked_of(name, dossier).views) for name in ("training", "use")}
    if counted["training"] < len(dossier.views):
        text = _("Fields of training count {training} of the {count} runs, by their stage.")
        counts = {"training": counted["training"], "count": len(dossier.views)}
        said.append(text.format(**{name: style.count(one) for name, one in counts.items()}))
    if dossier.unsuccessful:
        text = _("{count} of the runs did not end well: what they used counts all the same.")
        said.append(text.format(count=style.count(len(dossier.unsuccessful))))
    return said


def _title(section: str, style: Format) -> str:
    _ = style.say
    titles = {
        "model": _("Model"),
        "organisation": _("Organisation"),
        "compute": _("Computation"),
        "energy": _("Energy"),
        "carbon": _("Carbon"),
        "water": _("Water"),
        "performance": _("Performance"),
        "capacity": _("Capacity and traffic"),
        "beside": _("Beside what is asked"),
        "method": _("How it was found"),
    }
    return titles[section]


FORMS = {name: Regulatory(name) for name in form_names()}
(AI_ACT, MDF, SCI, GHG, CSRD, DATA_CENTRE, UNE_0086, HUELLA) = FORMS.values()

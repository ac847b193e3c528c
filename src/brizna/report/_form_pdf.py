"""``pdf``: a run, or several, on pages to hand over: figures, parts, phases, origins, digests."""

from __future__ import annotations

from brizna.core.estimate import Estimate
from brizna.report import _page
from brizna.report._boundary import boundary_line
from brizna.report._drawing import phases_drawing
from brizna.report._explain import explain
from brizna.report._filling import Filling
from brizna.report._instants import tell_instant
from brizna.report._known import hardware_words
from brizna.report._method import method
from brizna.report._sheet import Card, Grid, Section, Sheet
from brizna.report._sheet_media import MEDIA
from brizna.report._sheet_parts import factors, records
from brizna.report._takers import place, told_end
from brizna.report._texts import texts
from brizna.report._trace import BELOW, DURATION
from brizna.report._view import roots
from brizna.report._words import KIND_OF_FIELD, name_basis, name_figure, name_state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from brizna.report._dossier import Document, Dossier
    from brizna.report._explain import Node
    from brizna.report._view import View

_CARDS = ("facility_energy_j", "carbon_g", DURATION, "water_l", "cost")
"""Figures at the head: the last two only where they are known."""
_OPTIONAL = ("water_l", "cost")
_MOST_CARDS = 4
_FIGURES = (
    *("energy_j", "facility_energy_j", "carbon_operational_g", "carbon_embodied_g", "carbon_g"),
    *("carbon_market_g", "carbon_hourly_g", "carbon_marginal_g", "renewable_energy_j"),
    *("water_l", "cost", "sci_g_per_unit"),
)
_ASKED_FOR = ("carbon_market_g", "carbon_hourly_g", "carbon_marginal_g", "renewable_energy_j")
"""Figures that stand in the table only where somebody asked for them."""
_MOST_PHASES = 12
_MOST_RUNS = 40
_MOST_DOUBTS = 5
_COMMAND = 160
"""Signs of a command that are shown."""


class Pages:
    """The form ``pdf``.

    Attributes:
        suffix: What its files end in; chooses the medium.
        media_type: The media type of that medium.
    """

    name = "pdf"
    for_people = True

    def __init__(self, suffix: str = ".pdf") -> None:
        """Choose a medium.

        Args:
            suffix: A key of `MEDIA`.
        """
        self.suffix = suffix
        self.media_type = MEDIA[suffix].media_type

    def about(self, lang: str) -> str:
        """Return what it is, in one line."""
        _ = texts(lang).gettext
        return _("pages to hand over: figures, phases, origins and digests, as tagged PDF/A")

    @property
    def media(self) -> tuple[str, ...]:
        """What files of its media end in."""
        return tuple(MEDIA)

    def in_medium(self, suffix: str) -> Pages | None:
        """Return the same pages in another medium; None if there is no such medium.

        Args:
            suffix: What its files end in, such as ``.html``.
        """
        return Pages(suffix) if suffix in self.media else None

    def render(self, dossier: Dossier, *, lang: str) -> Document:
        """Return the pages."""
        form = Filling(dossier, lang=lang, rich=True)
        _ = form.style.say
        sections = [_figures(form)]
        sections += _one_run(form) if len(dossier.views) == 1 else [_runs(form)]
        title = _("How the energy was found")
        told = method(form, title)
        if told is not None:
            sections.append(Section(title=title, prose=(told, *_held(form))))
        sections += _doubts(form)
        sections += [factors(form, form.document(b"").figures), records(form)]
        sheet = Sheet(
            lang=lang,
            title=dossier.title,
            about=_("What this work used and caused, as it was recorded, with its doubts."),
            issued=dossier.issued,
            head=tuple(_head(form)),
            cards=tuple(_cards(form)),
            sections=tuple(section for section in sections if section.grid or section.prose),
            foot=tuple(_foot(form)),
        )
        return form.document(MEDIA[self.suffix].write(sheet))


FORM = Pages()


def _head(form: Filling) -> list[tuple[str, str]]:
    _ = form.style.say
    dossier = form.dossier
    lang = form.lang
    start = tell_instant(dossier.started, lang)
    told = [(_("When"), _("{start} to {end}").format(start=start, end=told_end(dossier, lang)))]
    if len(dossier.views) == 1:
        (view,) = dossier.views
        told.append((_("Run"), f"{view['id']} ({_state(form)})"))
        told.append((_("Command"), _short(" ".join(" ".join(view.get("command") or ()).split()))))
    else:
        told.append((_("Runs"), form.style.count(len(dossier.views))))
    told.append((_("Machine"), hardware_words(dossier) or ""))
    told.append((_("Place"), place(form) or ""))
    tags = sorted({tag for view in dossier.views for tag in view["tags"]})
    told.append((_("Tags"), ", ".join(tags)))
    told.append((_("Issued"), tell_instant(dossier.issued, lang)))
    told.append((_("By"), dossier.facts["publisher"] or ""))
    return [(label, words) for label, words in told if words]


def _state(form: Filling) -> str:
    _ = form.style.say
    (view,) = form.dossier.views
    state = name_state(view["state"], form.lang)
    if not view.get("exit_code"):
        return state
    return f"{state}, " + _("exit code {code}").format(code=view["exit_code"])


def _short(text: str) -> str:
    return text if len(text) <= _COMMAND else text[: _COMMAND - 1] + "…"


def _cards(form: Filling) -> list[Card]:
    cards: list[Card] = []
    for path in _CARDS:
        value = form.dossier.amount(path)
        label = name_figure(path, form.lang)
        if isinstance(value, Estimate):
            best, ends = form.style.parts(value.kind, value, currency=form.dossier.currency)
            why = _weakest(form, value)
            cards.append(Card(label=label, best=best, ends=ends, why=why))
        elif value is not None:
            cards.append(Card(label=label, best=form.style.duration(value)))
        elif path not in _OPTIONAL:
            why = form.stored(form.dossier.reason(path))
            cards.append(Card(label=label, best=form.style.unknown(None), why=why))
    return cards[:_MOST_CARDS]


def _weakest(form: Filling, value: Estimate) -> str:
    _ = form.style.say
    return _("weakest part: {basis}").format(basis=name_basis(value.basis, form.lang))


def _figures(form: Filling) -> Section:
    """Return every figure with its interval, where it comes from, or why it is not known."""
    _ = form.style.say
    rows: list[tuple[str, ...]] = []
    for path in (DURATION, *_FIGURES):
        value = form.dossier.amount(path)
        if value is None and path in _ASKED_FOR:
            continue
        label = name_figure(path, form.lang)
        told = form.text(label, path)
        if isinstance(value, Estimate):
            best, ends = form.style.parts(value.kind, value, currency=form.dossier.currency)
            rows.append((label, best, ends, name_basis(value.basis, form.lang)))
        elif told is not None:
            rows.append((label, told, "", ""))
        else:
            why = form.stored(form.dossier.reason(path))
            rows.append((label, form.style.unknown(None), "", why))
    title = _("Figures")
    header = (_("figure"), _("value"), _("interval (90%)"), _("where from, or why not"))
    grid = Grid(caption=title, header=header, rows=tuple(rows), widths=(3.6, 2, 2, 4), right=(1, 2))
    return Section(title=title, grid=grid)


def _one_run(form: Filling) -> list[Section]:
    (view,) = form.dossier.views
    return [_components(form, view), _phases(form, view), _derivation(form, view)]


def _components(form: Filling, view: View) -> Section:
    """Return where the energy went, the share of each part drawn as a bar."""
    _ = form.style.say
    known = form.dossier.amount("energy_j") is not None
    for channel in roots(view) if known else ():
        path = f"energy_j{BELOW}channel:{channel['id']}"
        if form.dossier.amount(path) is not None:
            form.text(_("energy of {channel}").format(channel=channel["id"]), path)
    rows = [row for row in _page.components(view, form.style) if row["share"]]
    title = _("Where the energy went")
    header = (_("part"), _("energy"), _("interval (90%)"), _("share"), _("method"))
    grid = Grid(
        caption=title,
        header=header,
        rows=tuple(
            (
                row["name"],
                row["best"],
                row["ends"],
                row["share"],
                f"{row['basis']}, {row['methods']}",
            )
            for row in rows
        ),
        widths=(4, 1.8, 2, 1.2, 3),
        right=(1, 2, 3),
        bars=tuple(row["width"] / 100 for row in rows),
    )
    return Section(title=title, grid=grid if rows else None)


def _phases(form: Filling, view: View) -> Section:
    """Return the energy of the phases, drawn as bars, in the order of time."""
    _ = form.style.say
    rows = _page.phases(view, form.style)
    kept = sorted(sorted(range(len(rows)), key=lambda at: -rows[at]["width"])[:_MOST_PHASES])
    title = _("Phases")
    drawing = phases_drawing(view, form.style)
    header = (_("phase"), _("time"), _("energy"), _("interval (90%)"), _("mean power"))
    grid = Grid(
        caption=title,
        header=header,
        rows=tuple(
            tuple(rows[at][name] for name in ("name", "time", "best", "ends", "power"))
            for at in kept
        ),
        widths=(4, 2, 1.8, 2, 1.6),
        right=(1, 2, 3, 4),
        bars=() if drawing else tuple(rows[at]["width"] / 100 for at in kept),
    )
    left = len(rows) - len(kept)
    more = (_("and {count} more, smaller ones").format(count=form.style.count(left)),)
    return Section(
        title=title,
        drawing=drawing,
        grid=grid if rows else None,
        remarks=more if left else (),
    )


def _derivation(form: Filling, view: View) -> Section:
    """Return how each figure is computed, and from what."""
    _ = form.style.say
    known = [path for path in _FIGURES if view["footprint"].get(path)]
    nodes = [node for path in known for node in explain(view, form.style, figure=path)]
    rows = [(_bare(node.label), node.formula, "; ".join(_inputs(node))) for node in nodes]
    title = _("How each figure is computed")
    header = (_("figure"), _("formula"), _("from"))
    grid = Grid(caption=title, header=header, rows=tuple(rows), widths=(2.2, 3.4, 5), typed=(1,))
    remark = _("Down to samples and factors: brizna explain {run}").format(run=view["id"])
    return Section(title=title, grid=grid if rows else None, remarks=(remark,))


def _inputs(node: Node) -> list[str]:
    """Return what a figure is computed from; several of one name with what tells them apart."""
    names = [_bare(inner.label) for inner in node.parts]
    return [
        f"{name if names.count(name) == 1 else inner.label} {inner.value}"
        for name, inner in zip(names, node.parts, strict=True)
    ]


def _bare(label: str) -> str:
    """Return the name of a node without the field that it stands for."""
    return label.partition(" (")[0]


def _runs(form: Filling) -> Section:
    """Return the runs that the figures sum."""
    _ = form.style.say
    dossier = form.dossier
    rows: list[tuple[str, ...]] = []
    for view in dossier.views[:_MOST_RUNS]:
        shown = [
            form.style.estimate(KIND_OF_FIELD[path], view["footprint"][path])
            for path in ("facility_energy_j", "carbon_g")
        ]
        name = view.get("name") or view["id"]
        started = tell_instant(view["started"], form.lang)
        rows.append((name, started, form.style.duration(view["duration_s"]), *shown))
    left = len(dossier.views) - len(rows)
    more = (_("and {count} more").format(count=form.style.count(left)),) if left else ()
    title = _("Runs")
    header = (_("run"), _("started"), _("time"), _("energy"), _("carbon"))
    grid = Grid(
        caption=title,
        header=header,
        rows=tuple(rows),
        widths=(2.4, 3, 1.8, 2.4, 2.6),
        right=(2, 3, 4),
    )
    return Section(title=title, grid=grid, remarks=more)


def _held(form: Filling) -> list[str]:
    """Return what the figures hold and what not, in a sentence."""
    said = dict.fromkeys(boundary_line(v["footprint"], form.style) for v in form.dossier.views)
    return [line for line in said if line][:1] if len(said) == 1 else []


def _doubts(form: Filling) -> list[Section]:
    """Return which unknowns matter most to the carbon of one run."""
    _ = form.style.say
    if len(form.dossier.views) != 1:
        return []
    told = _page.doubts(form.dossier.views[0], form.style)[:1]
    rows = [row for part in told for row in part["rows"]][:_MOST_DOUBTS]
    title = _("What we are unsure of")
    header = (_("unknown"), _("share of the doubt"), _("interval by it alone"), _("what helps"))
    grid = Grid(
        caption=title,
        header=header,
        rows=tuple((row["name"], row["share"], row["alone"], row["remedy"]) for row in rows),
        widths=(4, 1.8, 2.4, 3.4),
        right=(1, 2),
        bars=tuple(row["width"] / 100 for row in rows),
    )
    return [Section(title=title, grid=grid)] if rows else []


def _foot(form: Filling) -> list[str]:
    _ = form.style.say
    said: list[str] = []
    if form.dossier.at_once:
        text = _(
            "{count} of the runs overlapped another on their machine: its energy counts twice."
        )
        said.append(text.format(count=form.style.count(len(form.dossier.at_once))))
    made = _("Recorded and computed by brizna {version}.")
    return [*said, made.format(version=form.dossier.software)]

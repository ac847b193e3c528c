"""What every document ends with: what its figures hold, and where each of them comes from."""

from __future__ import annotations

from shlex import quote

from brizna.core.codec import digest
from brizna.core.estimate import Estimate
from brizna.core.measurement import Run
from brizna.report._boundary import boundary_rows
from brizna.report._sheet import Grid, Section

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from brizna.report._dossier import Dossier, Figure
    from brizna.report._filling import Filling
    from brizna.report._format import Format

_MOST_RUNS = 20
"""Runs whose digests stand in a document; the form ``json`` has all."""


def boundary(form: Filling) -> Section | None:
    """Return what the figures hold and what not; None where no record says."""
    _ = form.style.say
    found = [view["footprint"].get("boundary") or () for view in form.dossier.views]
    if not found[0]:
        return None
    alike = all(one == found[0] for one in found)
    others = _("These are of the first run; other runs of this report hold other things.")
    title = _("What the figures hold")
    grid = Grid(
        caption=title,
        header=(_("boundary"), _("state"), _("why")),
        rows=tuple(boundary_rows(found[0], form.style)),
        widths=(2.4, 1, 4),
    )
    return Section(title=title, grid=grid, remarks=() if alike else (others,))


def origins(form: Filling, figures: Sequence[Figure], *, name: str) -> Section | None:
    """Return for each number the command that leads from it to its samples and factors.

    Args:
        form: The form.
        figures: The numbers in it.
        name: What ``--as`` calls the form.
    """
    _ = form.style.say
    if not figures:
        return None
    title = _("Where each number comes from")
    rows = [
        (one.field, f"{one.shown} {one.unit}".rstrip(), _command(form.dossier, one, name))
        for one in figures
    ]
    grid = Grid(
        caption=title,
        header=(_("number"), _("value"), _("command that explains it")),
        rows=tuple(rows),
        widths=(4, 2, 5.4),
        typed=(2,),
        names=tuple(place_of(at) for at in range(len(rows))),
    )
    return Section(title=title, grid=grid)


def place_of(number: int) -> str:
    """Return what the row of a number is called, where each number comes from."""
    return f"n{number + 1}"


def _command(dossier: Dossier, figure: Figure, name: str) -> str:
    """Return the command that explains a number: of its run, or of all the runs that it sums."""
    record = figure.record or (dossier.views[0]["id"] if len(dossier.views) == 1 else None)
    if record is not None:
        return f"brizna explain {record} --figure {quote(figure.path)}"
    return f"brizna report {_options(dossier)} --as {name} --figures"


def _options(dossier: Dossier) -> str:
    return " ".join(map(quote, dossier.selection.options))


def factors(form: Filling, figures: Sequence[Figure]) -> Section:
    """Return the published numbers that some figures rest on, each once."""
    _ = form.style.say
    dossier = form.dossier
    amounts = [
        (dossier.part(one.records) if one.records else dossier).amount(one.path, record=one.record)
        for one in figures
    ]
    used = {name for one in amounts if isinstance(one, Estimate) for name in one.references}
    found = {
        factor["id"]: factor
        for view in dossier.views
        for factor in (*view["footprint"]["factors"], *view.get("factors", ()))
        if f"factor:{factor['id']}" in used
    }
    title = _("Factors")
    if not found:
        return Section(title=title, prose=(_("The figures rest on no published number."),))
    rows = [
        (name, _value(factor, form.style), f"{factor['source']} ({factor['year'] or '?'})")
        for name, factor in sorted(found.items())
    ]
    header = (_("factor"), _("value"), _("source"))
    grid = Grid(caption=title, header=header, rows=tuple(rows), widths=(3, 2.4, 6))
    return Section(title=title, grid=grid)


def _value(factor: Mapping[str, object], style: Format) -> str:
    shown = style.exactly(float(str(factor["value"])))
    if factor["low"] is not None:
        ends = (style.exactly(float(str(factor[end]))) for end in ("low", "high"))
        shown += f" ({style.dash.join(ends)})"
    return shown if factor["unit"] == "1" else f"{shown} {factor['unit']}"


def records(form: Filling) -> Section:
    """Return the runs with the digests by which their records are known again."""
    _ = form.style.say
    dossier = form.dossier
    rows: list[tuple[str, ...]] = []
    for view in dossier.views[:_MOST_RUNS]:
        record = {name: view[name] for name in ("schema", *Run.fields()) if name in view}
        rows.append((view["id"], view.get("name") or "", digest(record)))
        rows.append(("", _("footprint"), digest(view["footprint"])))
        rows.append(("", _("set of factors"), view["footprint"]["factor_set"]))
    remarks = [_("Computed again from its own factors by: brizna show RUN --recompute")]
    more = len(dossier.views) - _MOST_RUNS
    if more > 0:
        text = _("and {count} more: brizna report {options} --as json")
        count = form.style.count(more)
        remarks.insert(0, text.format(count=count, options=_options(dossier)))
    title = _("Records")
    grid = Grid(
        caption=title,
        header=(_("run"), _("name"), _("digest")),
        rows=tuple(rows),
        widths=(3.8, 2.1, 10.9),
        typed=(0, 2),
    )
    return Section(title=title, grid=grid, remarks=tuple(remarks))

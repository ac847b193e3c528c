"""``manager``: what a period came to, on one page, with a link from every number to its origin.

The same texts make the page and the PDF. The page's picture is the PDF's: drawn once, as SVG, so
that the page runs no script at all and weighs little enough for a mail.
"""

from __future__ import annotations

from datetime import date, timedelta

from brizna.core.estimate import Estimate
from brizna.core.quantities import Carbon, Energy, Money, Ratio, Water
from brizna.report._drawing import bars_drawing, for_screen
from brizna.report._format import Format
from brizna.report._html import render_page
from brizna.report._instants import tell_instant
from brizna.report._manager_parts import Card, Cell, Entry, Laid, Limit, Row
from brizna.report._manager_savings import tell_saved, tell_would
from brizna.report._pdf import typeset
from brizna.report._texts import texts
from brizna.report._words import name_basis, name_figure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from brizna.core.quantities import Quantity
    from brizna.report._sheet import Drawing

    Told = Mapping[str, Any]
    """An overview as `brizna.verbs.Overview.told` gives it."""

_KINDS: dict[str, type[Quantity]] = {"energy_j": Energy, "carbon_g": Carbon, "water_l": Water}
_CARDS = ("carbon_g", "energy_j", "cost", "water_l")
_MOST_CARDS = 3
"""Beside the count of the runs."""
_MOST_PARTS = 5
_MOST_BUDGETS = 4
_MOST_WAYS = 3
_MOST_MORE = 2
"""So many rows of each table fit on one page; each says how many are left out."""


def manager_page(overview: Told, *, lang: str) -> bytes:
    """Return the manager's report as one HTML file that asks no host and runs no script.

    Args:
        overview: As `brizna.verbs.Overview.told` gives it.
        lang: One of `LANGUAGES`.

    Raises:
        UnavailableError: If Jinja2 is not installed.
    """
    from markupsafe import Markup

    laid = lay_out(overview, lang=lang)
    picture = ""
    if laid.drawing is not None:
        picture = Markup(for_screen(laid.drawing.svg))  # noqa: S704 - drawn here; names are escaped
    values = {"laid": laid, "lang": lang, "picture": picture}
    return render_page("manager.html", values, lang, sheets=("report.css", "manager.css"))


def manager_pdf(overview: Told, *, lang: str) -> bytes:
    """Return the manager's report as one page of tagged PDF/A.

    Args:
        overview: As for `manager_page`.
        lang: One of `LANGUAGES`.

    Raises:
        UnavailableError: If typst is not installed.
    """
    told = lay_out(overview, lang=lang).to_json()
    return typeset("manager.typ", told, issued=overview["issued"])


def manager_origins(overview: Told, *, lang: str) -> list[Entry]:
    """Return each number of the manager's report, and what leads to it.

    Args:
        overview: As for `manager_page`.
        lang: One of `LANGUAGES`.
    """
    return list(lay_out(overview, lang=lang).origins)


class ManagerForm:
    """The form ``manager``: it is filled in from a period, not from runs.

    Attributes:
        suffix: What its files end in; chooses the medium.
        media_type: The media type of that medium.
    """

    name = "manager"
    media = (".html", ".pdf")
    for_people = True

    def __init__(self, suffix: str = ".html") -> None:
        """Choose a medium.

        Args:
            suffix: One of `media`.
        """
        self.suffix = suffix
        self.media_type = "application/pdf" if suffix == ".pdf" else "text/html"

    def about(self, lang: str) -> str:
        """Return what it is, in one line."""
        _ = texts(lang).gettext
        return _("one page on a period: by team and project, against before and against budget")

    def in_medium(self, suffix: str) -> ManagerForm | None:
        """Return the same page in another medium; None if there is no such medium.

        Args:
            suffix: What its files end in, such as ``.pdf``.
        """
        return ManagerForm(suffix) if suffix in self.media else None

    def write(self, overview: Told, *, lang: str) -> bytes:
        """Return the report.

        Args:
            overview: As for `manager_page`.
            lang: One of `LANGUAGES`.
        """
        make = manager_pdf if self.suffix == ".pdf" else manager_page
        return make(overview, lang=lang)


# ------------------------------------------------------------------------------------ the layout


_WEEK = {"en": "W", "es": "S"}
"""What stands before a week's number under its bar."""


class Desk:
    """Where a page is laid out: each number that is put on it gets an entry among the origins.

    Attributes:
        told: What it is about.
        style: How numbers are written.
        origins: Where each number comes from.
    """

    def __init__(self, told: Told, lang: str) -> None:
        """Begin with an empty page.

        Args:
            told: As for `manager_page`.
            lang: One of `LANGUAGES`.
        """
        self.told = told
        self.style = Format(lang, rich=True)
        self.origins: list[Entry] = []

    def put(self, what: str, figure: str, record: Told | None, commands: Sequence[str]) -> Cell:
        """Return an amount, and note where it comes from.

        Args:
            what: What it is, in words.
            figure: Such as ``carbon_g`` or ``cost/EUR``.
            record: The estimate in record form; None if it is not known.
            commands: What leads to it.
        """
        if record is None:
            return Cell(best=self.style.unknown(None))
        value = Estimate.from_json(kind_of(figure), record)
        currency = figure.partition("/")[2] or None
        best, ends = self.style.parts(value.kind, value, currency=currency)
        return Cell(best=best, ends=ends, to=self._note(what, best, ends, value, commands))

    def put_share(self, what: str, record: Told | None, commands: Sequence[str]) -> Cell:
        """Return a change as a share with its sign, and note where it comes from."""
        if record is None:
            return Cell(best="")
        value = Estimate.from_json(Ratio, record)
        best, low, high = (self.signed(end.value) for end in (value.best, value.low, value.high))
        _ = self.style.say
        ends = "" if low == high else _("{low} to {high}").format(low=low, high=high)
        return Cell(best=best, ends=ends, to=self._note(what, best, ends, value, commands))

    def signed(self, share: float) -> str:
        """Return a share as a percentage that bears its sign."""
        return ("+" if share > 0 else "") + self.style.percent(share)

    def _note(
        self, what: str, best: str, ends: str, value: Estimate, commands: Sequence[str]
    ) -> str:
        name = f"origin-{len(self.origins) + 1}"
        basis = name_basis(value.basis, self.style.lang)
        self.origins.append(
            Entry(name=name, what=what, best=best, ends=ends, basis=basis, commands=tuple(commands))
        )
        return name


def kind_of(figure: str) -> type[Quantity]:
    """Return the kind of ``energy_j``, ``carbon_g``, ``water_l`` or ``cost/EUR``."""
    return _KINDS.get(figure, Money)


def lay_out(overview: Told, *, lang: str) -> Laid:
    """Return the report in words.

    Args:
        overview: As for `manager_page`.
        lang: One of `LANGUAGES`.
    """
    desk = Desk(overview, lang)
    cards = tuple(_cards(desk))
    tables = [tuple(_rows(desk, way)) for way in ("teams", "projects")]
    saved = [one for one in overview["saved"] if not _is_more(one)]
    more = [one for one in overview["saved"] if _is_more(one)]
    budgets = tuple(_limits(desk))
    return Laid(
        lang=lang,
        title=_title(desk),
        about=_about(desk),
        lead=_lead(desk),
        notices=tuple(_notices(desk)),
        cards=cards,
        names=_names(desk.style),
        header=_header(desk.style),
        teams=tables[0],
        projects=tables[1],
        drawing=_course(desk),
        budgets=budgets,
        saved=tuple(tell_saved(desk, one) for one in saved[:_MOST_WAYS]),
        more=tuple(tell_saved(desk, one) for one in reversed(more[-_MOST_MORE:])),
        would=tuple(tell_would(desk, one) for one in overview["would"][:_MOST_WAYS]),
        rest=_rest(desk, len(saved), len(more)),
        foot=tuple(_foot(desk)),
        origins=tuple(desk.origins),
    )


def _is_more(saved: Told) -> bool:
    value = saved["carbon_g"] or saved["energy_j"]
    return value["best"] < 0


def _names(style: Format) -> dict[str, str]:
    _ = style.say
    return {
        "teams": _("By team"),
        "projects": _("By project"),
        "course": _("Carbon over the period"),
        "budgets": _("Against budget"),
        "saved": _("What saved most"),
        "more": _("What cost more"),
        "would": _("What would have saved"),
        "origins": _("Where each number comes from"),
        "interval": _("90% sure:"),
        "nothing-saved": _(
            "No saving can be told apart from the doubts. Runs are compared with those of their "
            "name before, and plans with beginning at once."
        ),
        "nothing-would": _("No run failed, and of nothing else is it known that it would."),
        "no-tags": _("No run has such a tag: give one with --tag team:NAME or project:NAME."),
        "no-budgets": _("No budget was given for these days: brizna report --budgets FILE."),
    }


def _header(style: Format) -> tuple[str, ...]:
    _ = style.say
    return (_("name"), _("runs"), _("energy"), _("carbon"), _("change"))


def _title(desk: Desk) -> str:
    _ = desk.style.say
    names = [tag.partition(":")[2] or tag for tag in desk.told["tags"]]
    title = _("Energy and carbon of AI, {period}").format(period=desk.told["period"])
    return ", ".join([title, *names])


def _about(desk: Desk) -> str:
    _ = desk.style.say
    told = desk.told
    seen, before = (_days(told[name], desk.style.lang) for name in ("seen", "before"))
    if told["seen"] == told["asked"]:
        text = _("Runs begun {seen}, beside those begun {before}. Days in UTC.")
    else:
        text = _(
            "Runs begun {seen}, for the period is not over, beside those begun {before}: as many "
            "days. Days in UTC."
        )
    return text.format(seen=seen, before=before)


def _days(stretch: Told, lang: str) -> str:
    _ = texts(lang).gettext
    first, end = (date.fromisoformat(stretch[name]) for name in ("start", "end"))
    last = end - timedelta(days=1)
    shown = [_day(day, lang) for day in (first, last)]
    return _("from {first} to {last}").format(first=shown[0], last=shown[1])


def _day(day: date, lang: str) -> str:
    return day.strftime("%d/%m/%Y" if lang == "es" else "%Y-%m-%d")


def _lead(desk: Desk) -> str:
    _, style = desk.style.say, desk.style
    told = desk.told
    if not told["runs"]:
        return _("No run that has ended began in these days.")
    figures = {one["figure"]: one for one in told["figures"]}
    energy, carbon = (
        style.parts(kind_of(name), figures[name]["now"])[0] for name in ("energy_j", "carbon_g")
    )
    said = (
        texts(style.lang)
        .ngettext(
            "{count} run used {energy} of electricity and caused {carbon}.",
            "{count} runs used {energy} of electricity and caused {carbon}.",
            told["runs"],
        )
        .format(count=style.count(told["runs"]), energy=energy, carbon=carbon)
    )
    return f"{said} {_tell_change(figures['carbon_g'], style)}".rstrip()


def _tell_change(carbon: Told, style: Format) -> str:
    _ = style.say
    change = carbon["change"]
    if change is None:
        return _("There is nothing to compare it with.") if not carbon["last_runs"] else ""
    share = style.percent(abs(change["best"]))
    if change["high"] < 0:
        return _("That is {share} less carbon than before.").format(share=share)
    if change["low"] > 0:
        return _("That is {share} more carbon than before.").format(share=share)
    return _("Whether that is more or less carbon than before, the doubts do not tell.")


def _notices(desk: Desk) -> Iterator[str]:
    _, said, style = desk.style.say, texts(desk.style.lang), desk.style
    told = desk.told
    for one in told["figures"]:
        if one["figure"] == "carbon_g" and one["known"] < one["runs"]:
            text = _("The carbon of {known} of {runs} runs is known: the sums are at least.")
            yield text.format(known=style.count(one["known"]), runs=style.count(one["runs"]))
    if told["at_once"]:
        yield said.ngettext(
            "{count} run shared its machine with another that is summed too: whole-machine energy "
            "counts twice.",
            "{count} runs shared their machine with others that are summed too: whole-machine "
            "energy counts twice.",
            told["at_once"],
        ).format(count=style.count(told["at_once"]))
    if told["unreadable"]:
        count = len(told["unreadable"])
        yield said.ngettext(
            "{count} run cannot be read and is not in the sums: brizna runs list.",
            "{count} runs cannot be read and are not in the sums: brizna runs list.",
            count,
        ).format(count=style.count(count))


def _cards(desk: Desk) -> Iterator[Card]:
    """Give carbon and energy, then money and water where they are known, then the runs."""
    _, style, told = desk.style.say, desk.style, desk.told
    figures = [
        one for name in _CARDS for one in told["figures"] if one["figure"].partition("/")[0] == name
    ]
    shown = [one for one in figures if one["now"] is not None or one["figure"] in _CARDS[:2]]
    for one in shown[:_MOST_CARDS]:
        label = name_figure(one["figure"].partition("/")[0], style.lang)
        cell = desk.put(label, one["figure"], one["now"], [told["explain"]["now"]])
        commands = [told["explain"]["now"], told["explain"]["before"]]
        what = _("{figure}: change against before").format(figure=label)
        change = desk.put_share(what, one["change"], commands)
        text = _("{change} against before").format(change=f"{change.best} ({change.ends})")
        yield Card(label=label, cell=cell, change=text if change.best else "", change_to=change.to)
    failed = _("of these failed: {count}").format(count=style.count(told["failed"]))
    yield Card(
        label=_("runs"),
        cell=Cell(best=style.count(told["runs"]), ends=""),
        change=", ".join((failed, style.duration(told["duration_s"]))),
    )


def _rows(desk: Desk, way: str) -> Iterator[Row]:
    _, style = desk.style.say, desk.style
    whole = {one["figure"]: one for one in desk.told["figures"]}["carbon_g"]["now"]
    for part in desk.told[way][:_MOST_PARTS]:
        name = part["name"] or _("without a tag")
        own = {one["figure"]: one for one in part["figures"]}
        command = [desk.told["explain"][way]]
        cells = [
            desk.put(
                f"{name}: {name_figure(figure, style.lang)}", figure, own[figure]["now"], command
            )
            for figure in ("energy_j", "carbon_g")
        ]
        what = _("{figure}: change against before").format(figure=name)
        both = [*command, desk.told["explain"][f"{way}_before"]]
        cells.append(desk.put_share(what, own["carbon_g"]["change"], both))
        carbon = own["carbon_g"]["now"]
        yield Row(
            name=name,
            runs=style.count(part["runs"]),
            cells=tuple(cells),
            share=carbon["best"] / whole["best"] if carbon and whole and whole["best"] else 0.0,
        )


def _course(desk: Desk) -> Drawing | None:
    _ = desk.style.say
    told = desk.told
    bars = [
        (
            step_name(step["name"], desk.style.lang),
            None if step["carbon_g"] is None else Estimate.from_json(Carbon, step["carbon_g"]),
        )
        for step in told["course"]
    ]
    for name, value in bars:
        record = None if value is None else value.to_json()
        if record is not None:
            desk.put(f"{name}: {_('carbon')}", "carbon_g", record, [told["explain"]["course"]])
    steps = {"day": _("day"), "week": _("week"), "month": _("month"), "year": _("year")}
    text = _("Carbon by {step}, with 90% intervals; the table of origins has the numbers.")
    about = text.format(step=steps.get(told["step"] or "", ""))
    return bars_drawing(bars, desk.style, about=about)


def step_name(name: str, lang: str) -> str:
    """Return what a day, week, month or year is called under its bar."""
    parts = name.split("-")
    if len(parts) == 3:
        return f"{parts[2]}/{parts[1]}" if lang == "es" else f"{parts[1]}-{parts[2]}"
    if len(parts) == 2 and parts[1].startswith("W"):
        return _WEEK[lang] + parts[1][1:]
    return f"{parts[1]}/{parts[0]}" if len(parts) == 2 and lang == "es" else name


def _limits(desk: Desk) -> Iterator[Limit]:
    _, style = desk.style.say, desk.style
    words = {
        "kept": _("kept"),
        "warned": _("warning"),
        "cannot-tell": _("cannot tell"),
        "exceeded": _("exceeded"),
    }
    for one in desk.told["budgets"][:_MOST_BUDGETS]:
        budget = one["budget"]
        figure = budget["figure"]
        currency = figure.partition("/")[2] or None
        cell = desk.put(budget["name"], figure, one["spent"], [_budget_command(one)])
        yield Limit(
            name=budget["name"],
            limit=style.quantity(kind_of(figure)(budget["limit"]), currency=currency),
            cell=cell,
            share="" if one["share"] is None else style.percent(one["share"]),
            width=min(one["share"] or 0.0, 1.0),
            state=words[one["state"]],
            is_bad=one["state"] in ("warned", "exceeded"),
            remark=_outlook(desk, one),
        )


def _outlook(desk: Desk, state: Told) -> str:
    """Return what a budget will come to at this pace, in a sentence; empty where it is over."""
    _, style = desk.style.say, desk.style
    figure = state["budget"]["figure"]
    if state["gone_by"] is not None:
        day = date.fromisoformat(state["gone_by"][:10])
        return _("at this pace gone on {day}").format(day=_day(day, style.lang))
    if state["forecast"] is None:
        return ""
    amount = style.parts(
        kind_of(figure), state["forecast"], currency=figure.partition("/")[2] or None
    )[0]
    return _("at this pace {amount} by its end").format(amount=amount)


def _budget_command(state: Told) -> str:
    from shlex import join

    budget = state["budget"]
    last = date.fromisoformat(budget["end"][:10]) - timedelta(days=1)
    words = ["brizna", "runs", "total", "--from", budget["start"][:10], "--to", last.isoformat()]
    return join([*words, *(word for tag in budget["tags"] for word in ("--tag", tag)), "--json"])


def _rest(desk: Desk, saved: int, more: int) -> dict[str, str]:
    """Return how to see what does not fit, for each part that leaves something out."""
    _ = desk.style.say
    told = desk.told
    left = {
        "teams": (len(told["teams"]) - _MOST_PARTS, told["explain"]["teams"]),
        "projects": (len(told["projects"]) - _MOST_PARTS, told["explain"]["projects"]),
        "budgets": (len(told["budgets"]) - _MOST_BUDGETS, "brizna budget"),
        "saved": (saved - _MOST_WAYS, "--json"),
        "more": (more - _MOST_MORE, "--json"),
        "would": (len(told["would"]) - _MOST_WAYS, "--json"),
    }
    text = _("and {count} more: {command}")
    return {
        name: text.format(count=desk.style.count(count), command=command)
        for name, (count, command) in left.items()
        if count > 0
    }


def _foot(desk: Desk) -> Iterator[str]:
    _, style = desk.style.say, desk.style
    told = desk.told
    yield _(
        "Intervals hold the truth with 90%; a change is taken between estimates, so that doubts "
        "that both share cancel. Runs of one name are taken to do the same work."
    )
    from shlex import join

    words = ["brizna", "report", "--as", "manager", "--period", told["period"]]
    words += [word for tag in told["tags"] for word in ("--tag", tag)]
    text = _("Each number with its origin: {command}")
    yield text.format(command=join([*words, "--figures"]))
    text = _("Issued {when} by brizna {version}.")
    yield text.format(when=tell_instant(told["issued"], style.lang), version=told["software"])

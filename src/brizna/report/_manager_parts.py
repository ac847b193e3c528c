"""The manager's report in words: what its page and its PDF are both laid out from."""

from __future__ import annotations

from brizna.core.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import ClassVar

    from brizna.report._sheet import Drawing


class Cell(Record):
    """A number, and where it leads.

    Attributes:
        best: The number with its unit.
        ends: Its interval; empty where it has none.
        to: Which entry among the origins it leads to; empty where it was not computed.
    """

    best: str
    ends: str = ""
    to: str = ""


class Card(Record):
    """A figure at the head.

    Attributes:
        label: What it is.
        cell: The figure.
        change: How it changed, in words; empty where nobody can tell.
        change_to: Where that leads.
    """

    label: str
    cell: Cell
    change: str = ""
    change_to: str = ""

    _forms: ClassVar = {}


class Row(Record):
    """A team or a project.

    Attributes:
        name: Its name.
        runs: How many runs it had.
        cells: What it spent, and how that changed.
        share: Of all carbon, in [0, 1], to be drawn.
    """

    name: str
    runs: str
    cells: tuple[Cell, ...]
    share: float

    _forms: ClassVar = {}


class Limit(Record):
    """A budget.

    Attributes:
        name: Its name.
        limit: What may be spent.
        cell: What was.
        share: Of the limit, as text.
        width: The same in [0, 1], to be drawn.
        state: In a word.
        is_bad: Whether it is exceeded or near it.
        remark: What is to be expected by its end, and when it is gone.
    """

    name: str
    limit: str
    cell: Cell
    share: str
    width: float
    state: str
    is_bad: bool
    remark: str

    _forms: ClassVar = {}


class Entry(Record):
    """Where a number comes from.

    Attributes:
        name: What links lead to.
        what: What the number is.
        best: It, with its unit.
        ends: Its interval; empty where it has none.
        basis: Its weakest part: metered, declared, published, modelled or default.
        commands: What leads to it, down to samples and factors.
    """

    name: str
    what: str
    best: str
    ends: str
    basis: str
    commands: tuple[str, ...]


class Way(Record):
    """Something that saved, cost more, or would have saved.

    Attributes:
        title: What it is.
        against: What would have happened otherwise.
        cell: How much, of carbon, else of energy.
    """

    title: str
    against: str
    cell: Cell

    _forms: ClassVar = {}


class Laid(Record):
    """The page in words, as both media lay it out.

    Attributes:
        lang: Its language, one of `LANGUAGES`.
        title: Its title.
        about: Which days it is about and what they are compared with.
        lead: The period in a sentence or two.
        notices: What must be known before the figures are believed.
        cards: The figures that matter most.
        names: What its parts are called.
        header: What the columns of teams and projects hold.
        teams: By team, and ``projects`` by project.
        drawing: The course of the period; None of one day alone.
        budgets: How budgets stand.
        saved: What saved most, ``more`` what cost more, and ``would`` what would have saved.
        rest: For each part that leaves rows out, how to see them.
        foot: What is to be said at the end.
        origins: Where each number comes from.
    """

    lang: str
    title: str
    about: str
    lead: str
    notices: tuple[str, ...]
    cards: tuple[Card, ...]
    names: dict[str, str]
    header: tuple[str, ...]
    teams: tuple[Row, ...]
    projects: tuple[Row, ...]
    drawing: Drawing | None
    budgets: tuple[Limit, ...]
    saved: tuple[Way, ...]
    more: tuple[Way, ...]
    would: tuple[Way, ...]
    rest: dict[str, str]
    foot: tuple[str, ...]
    origins: tuple[Entry, ...]

    _forms: ClassVar = {}

"""What somebody who answers for a team asks of a period: how much, whose, and is it getting better.

The sums come from the index, so that they hold for one run and for a million; a figure that is not
known of each run says of how many it is. Changes are taken between estimates: doubts that both
periods share, such as that of a grid's intensity, cancel.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from shlex import join

from brizna.core.errors import InputError
from brizna.core.estimate import Estimate, exactly
from brizna.core.quantities import Ratio
from brizna.core.records import Record
from brizna.core.version import VERSION
from brizna.store import KINDS, Wanted
from brizna.verbs._saved import Saved, Scene, ways_that_saved, ways_that_would
from brizna.verbs._spent import judge_budgets
from brizna.verbs._stretch import Stretch
from brizna.verbs._totals import Group, Total, total_runs
from brizna.verbs._views import view_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, ClassVar

    from brizna.account import Budget, BudgetState
    from brizna.core.book import Book
    from brizna.report import Selection
    from brizna.store import Store
    from brizna.verbs._settings import Settings
    from brizna.verbs._totals import RunTotals

_ACCOUNTED = tuple(name for name in KINDS if name != "energy_j")
"""Figures that a run has once somebody accounted for it."""
_WHOLE = ("energy_j", "carbon_g", "water_l", "cost")


class Compared(Record):
    """A figure of some runs of the period, beside the same of the period before.

    Attributes:
        figure: Such as ``carbon_g``; a cost with its currency, ``cost/EUR``.
        now: The sum; None where it is known of no run.
        known: Of how many runs it is known.
        runs: How many runs there are.
        last: The sum of the period before; None where it is known of no run of it.
        last_known: Of how many runs of that period it is known.
        last_runs: How many runs that period has.
        change: What was added, as a share of the period before: below 0 it is less. None where
            there is nothing to compare with, or where that may be 0.
    """

    figure: str
    now: Estimate | None
    known: int
    runs: int
    last: Estimate | None
    last_known: int
    last_runs: int
    change: Estimate | None

    def shown(self) -> Compared:
        """Return it with its intervals, without the many doubts that these come from."""
        return self.replace(**{name: bare(getattr(self, name)) for name in _ENDS})


_ENDS = ("now", "last", "change")


class Part(Record):
    """The runs that one team or project had in the period.

    Attributes:
        name: The value of the tag; None for the runs without one.
        runs: How many.
        duration_s: For how long together.
        figures: What they spent, beside the period before.
    """

    name: str | None
    runs: int
    duration_s: float
    figures: tuple[Compared, ...]


class Step(Record):
    """A day, week, month or year of the period.

    Attributes:
        name: Such as ``2026-11-22``, ``2026-W47``, ``2026-11`` or ``2026``.
        carbon_g: What its runs caused; None without runs, or where it is known of none of them.
        runs: How many runs began in it.
    """

    name: str
    carbon_g: Estimate | None
    runs: int


class Overview(Record):
    """What a period came to.

    Attributes:
        tags: What all its runs have.
        period: What it is called, such as ``2026-Q3``.
        asked: The whole period.
        seen: The part of it that is over, with the day of the report.
        before: What it is compared with: as many days of the period before.
        issued: Instant of the report, ISO 8601 in UTC.
        software: Version of brizna that writes it.
        runs: How many runs began in it, and have ended.
        failed: How many of these failed.
        duration_s: For how long they ran together.
        figures: What they spent.
        teams: The same by the tag ``team``, those that emitted most first.
        projects: The same by the tag ``project``.
        step: What it is drawn by; None of one day alone.
        course: The steps of what was seen.
        budgets: How budgets stand whose time meets the period.
        saved: What saved and what cost more, as far as the records tell.
        would: What would have saved.
        at_once: How many runs overlapped another on their machine: its energy counts twice.
        going_on: How many runs still go on: they are not summed.
        unreadable: Those that cannot be read, and why.
    """

    schema: ClassVar = "brizna.overview/1"

    tags: tuple[str, ...]
    period: str
    asked: Stretch
    seen: Stretch
    before: Stretch
    issued: str
    software: str
    runs: int
    failed: int
    duration_s: float
    figures: tuple[Compared, ...]
    teams: tuple[Part, ...]
    projects: tuple[Part, ...]
    step: str | None
    course: tuple[Step, ...]
    budgets: tuple[BudgetState, ...]
    saved: tuple[Saved, ...]
    would: tuple[Saved, ...]
    at_once: int = 0
    going_on: int = 0
    unreadable: dict[str, str] = {}

    def told(self) -> dict[str, Any]:
        """Return it as JSON, each estimate with its interval, each figure with its commands."""
        record = self.replace(
            figures=tuple(one.shown() for one in self.figures),
            teams=tuple(map(_shown, self.teams)),
            projects=tuple(map(_shown, self.projects)),
            course=tuple(one.replace(carbon_g=bare(one.carbon_g)) for one in self.course),
            budgets=tuple(
                one.replace(spent=bare(one.spent), forecast=bare(one.forecast))
                for one in self.budgets
            ),
            saved=tuple(one.shown() for one in self.saved),
            would=tuple(one.shown() for one in self.would),
        ).to_json()
        record["explain"] = {
            "now": total_command(self.tags, self.seen),
            "before": total_command(self.tags, self.before),
            "teams": total_command(self.tags, self.seen, "tag:team"),
            "teams_before": total_command(self.tags, self.before, "tag:team"),
            "projects": total_command(self.tags, self.seen, "tag:project"),
            "projects_before": total_command(self.tags, self.before, "tag:project"),
            "course": total_command(self.tags, self.seen, self.step or ""),
        }
        return record


def bare(value: Estimate | None) -> Estimate | None:
    """Return an estimate with its interval as its only doubt: enough to show."""
    if value is None:
        return None
    shown = Total(figure="", value=value, runs=0).without_doubts()
    return shown.value


def _shown(part: Part) -> Part:
    return part.replace(figures=tuple(one.shown() for one in part.figures))


def total_command(tags: Sequence[str], stretch: Stretch, by: str = "") -> str:
    """Return the command that sums the same runs again, down to each doubt.

    Args:
        tags: What all the runs have.
        stretch: When they began.
        by: What they are told apart by.
    """
    words = ["brizna", "runs", "total", "--from", stretch.start, "--to", stretch.last]
    words += [word for tag in tags for word in ("--tag", tag)]
    return join([*words, *(["--by", by] if by else []), "--json"])


class Question(Record):
    """What a report on a period is asked with, beside the runs.

    Attributes:
        at: The present, aware.
        budgets: Those to look at.
        settings: Those in force, for the hours of a grid.
        environ: Holds the keys of sources.
        book: The factors in force, for idle time.
    """

    at: datetime
    settings: Settings
    book: Book
    budgets: tuple[Budget, ...] = ()
    environ: Mapping[str, str] = {}


def overview_of(store: Store, selection: Selection, question: Question) -> Overview:
    """Return what the runs of a period came to, beside the period before.

    A period that is not over is seen up to today and compared with as many days of the one before.
    Without a period, this month is taken.

    Args:
        store: Where the runs are.
        selection: The tags and the period.
        question: What else is asked.

    Raises:
        InputError: If one run is selected, the period is still to come, or its runs are accounted
            for in different views.
    """
    if selection.run is not None:
        raise InputError(
            "The manager's report is about a period, not about the run {run}: give --period, "
            "--team or --project.",
            run=selection.run,
        )
    today = question.at.astimezone(UTC).date()
    asked = _asked(selection, today.isoformat())
    if asked.start > today.isoformat():
        raise InputError(
            "The period {period} begins on {start}, which is still to come: expected one that has "
            "begun by {today}.",
            period=selection.period,
            start=asked.start,
            today=today.isoformat(),
        )
    seen = asked.up_to((today + timedelta(days=1)).isoformat())
    before = asked.before()
    before = before if seen == asked else before.first_days(seen.days)
    _account_all(store, Stretch(start=before.start, end=seen.end), selection.tags)
    return _overview(store, selection, (asked, seen, before), question)


def _asked(selection: Selection, today: str) -> Stretch:
    if selection.start is not None and selection.end is not None:
        return Stretch(start=selection.start[:10], end=selection.end[:10])
    year, month = int(today[:4]), int(today[5:7])
    after = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
    return Stretch(start=f"{today[:7]}-01", end=after.date().isoformat())


def _overview(
    store: Store,
    selection: Selection,
    times: tuple[Stretch, Stretch, Stretch],
    question: Question,
) -> Overview:
    asked, seen, before = times
    tags = selection.tags

    def summed(stretch: Stretch, *by: str) -> RunTotals:
        wanted = Wanted(tags=tags, start=stretch.start, end=stretch.end)
        return total_runs(store, by=by, wanted=wanted)

    outcomes, last = summed(seen, "outcome"), summed(before)
    now = _whole(outcomes)
    failed = _of(outcomes, "failed")
    scene = Scene(store=store, tags=tags, seen=seen, before=before, failed=failed)
    step = seen.step
    return Overview(
        tags=tags,
        period=selection.period or asked.start[:7],
        asked=asked,
        seen=seen,
        before=before,
        issued=_instant(question.at),
        software=VERSION,
        runs=0 if now is None else now.runs,
        failed=0 if failed is None else failed.runs,
        duration_s=0.0 if now is None else now.duration_s,
        figures=compared(now, _whole(last)),
        teams=_parts(summed(seen, "tag:team"), summed(before, "tag:team")),
        projects=_parts(summed(seen, "tag:project"), summed(before, "tag:project")),
        step=step,
        course=_course(summed(seen, step), seen) if step else (),
        budgets=_judged(store, asked, question),
        saved=ways_that_saved(scene),
        would=ways_that_would(
            scene, question.settings, at=question.at, environ=question.environ, book=question.book
        ),
        at_once=outcomes.at_once,
        going_on=outcomes.going_on,
        unreadable=outcomes.unreadable,
    )


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).replace(microsecond=0).isoformat().replace("+00:00", "Z")


def _whole(totals: RunTotals) -> Group | None:
    """Return all groups together; None where there is no run.

    Raises:
        InputError: If their energy is seen differently: then it has no sum.
    """
    if totals.whole is not None or not totals.groups:
        return totals.whole
    if len(totals.groups) == 1:
        return totals.groups[0]
    raise InputError(
        "These runs are accounted for in different views ({views}): they have no sum. Choose those "
        "of one view by a tag, with --tag.",
        views=", ".join(sorted({group.view for group in totals.groups})),
    )


def _of(totals: RunTotals, name: str) -> Group | None:
    return next((one for one in totals.groups if name in one.key.values()), None)


def compared(now: Group | None, last: Group | None) -> tuple[Compared, ...]:
    """Return the figures of a group of runs beside those of the period before.

    Args:
        now: The runs of the period; None if there are none.
        last: Those of the period before.
    """
    first, second = _by_figure(now), _by_figure(last)
    names = [name for name in _WHOLE if name != "cost"]
    names += sorted({name for name in (*first, *second) if name.startswith("cost/")})
    return tuple(
        Compared(
            figure=name,
            now=first[name].value if name in first else None,
            known=first[name].runs if name in first else 0,
            runs=0 if now is None else now.runs,
            last=second[name].value if name in second else None,
            last_known=second[name].runs if name in second else 0,
            last_runs=0 if last is None else last.runs,
            change=_change(first.get(name), second.get(name), (now, last)),
        )
        for name in names
    )


def _by_figure(group: Group | None) -> dict[str, Total]:
    return {} if group is None else {one.figure: one for one in group.totals}


def _change(
    now: Total | None, last: Total | None, groups: tuple[Group | None, Group | None]
) -> Estimate | None:
    """Return what was added as a share; None where a sum lacks runs, or the views differ."""
    first, second = groups
    if now is None or last is None or first is None or second is None:
        return None
    if first.view != second.view or now.runs < first.runs or last.runs < second.runs:
        return None
    try:
        return now.value / last.value - exactly(Ratio(1))
    except InputError:  # what it would be divided by may be 0
        return None


def _parts(now: RunTotals, last: RunTotals) -> tuple[Part, ...]:
    """Return the parts of a period, those that emitted most first; nothing where none has a tag."""
    groups = {next(iter(group.key.values())): group for group in now.groups}
    if set(groups) <= {None}:
        return ()
    others = {next(iter(group.key.values())): group for group in last.groups}
    parts = [
        Part(
            name=name,
            runs=group.runs,
            duration_s=group.duration_s,
            figures=compared(group, others.get(name)),
        )
        for name, group in groups.items()
    ]
    return tuple(sorted(parts, key=_carbon_first))


def _carbon_first(part: Part) -> tuple[bool, float, str]:
    known = {one.figure: one.now for one in part.figures}
    value = known.get("carbon_g") or known.get("energy_j")
    return part.name is None, 0.0 if value is None else -value.best.value, part.name or ""


def _course(totals: RunTotals, seen: Stretch) -> tuple[Step, ...]:
    groups = {next(iter(group.key.values())): group for group in totals.groups}
    made: list[Step] = []
    for name in seen.steps():
        group = groups.get(name)
        value = _by_figure(group).get("carbon_g")
        runs = 0 if group is None else group.runs
        made.append(Step(name=name, carbon_g=value and value.value, runs=runs))
    return tuple(made)


def _judged(store: Store, asked: Stretch, question: Question) -> tuple[BudgetState, ...]:
    """Return how the budgets stand that meet the period: now, or when it ended."""
    end = datetime.fromisoformat(asked.end).replace(tzinfo=UTC)
    at = min(question.at, end - timedelta(seconds=1))
    meeting = [
        one for one in question.budgets if one.start[:10] < asked.end and one.end[:10] > asked.start
    ]
    return tuple(judge_budgets(store, meeting, at=at, settings=question.settings))


def _account_all(store: Store, stretch: Stretch, tags: Sequence[str]) -> None:
    """Account for runs that nobody has accounted for, so that the index knows their figures."""
    wanted = Wanted(tags=tuple(tags), start=stretch.start, end=stretch.end)
    found, _left = store.through_index(lambda index: index.without(_ACCOUNTED, wanted.period))
    for run_id, told in found:
        if wanted.holds(told):
            view_of(store, run_id)

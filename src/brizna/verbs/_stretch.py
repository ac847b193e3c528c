"""Stretches of time: a period, the one before it, and the steps that it is drawn in."""

from __future__ import annotations

from datetime import date, timedelta

from brizna.core.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_STEPS = ((1, None), (31, "day"), (124, "week"), (1100, "month"))
"""Up to so many days are drawn by these; more by the year. One day is not drawn."""
_DAY = timedelta(days=1)


class Stretch(Record):
    """A stretch of whole days in UTC.

    Attributes:
        start: Its first day, ISO 8601; ``end`` the day after its last.
    """

    start: str
    end: str

    @property
    def days(self) -> int:
        """How many days it has."""
        return (date.fromisoformat(self.end) - date.fromisoformat(self.start)).days

    @property
    def last(self) -> str:
        """Its last day."""
        return _shifted(self.end, -1)

    @property
    def step(self) -> str | None:
        """What it is drawn by: ``day``, ``week``, ``month`` or ``year``; None of one day alone."""
        return next((step for most, step in _STEPS if self.days <= most), "year")

    def before(self) -> Stretch:
        """Return the stretch of the same kind before it.

        Before whole months come as many months, before other stretches as many days.
        """
        first, end = date.fromisoformat(self.start), date.fromisoformat(self.end)
        if first.day == end.day == 1:
            months = 12 * (end.year - first.year) + end.month - first.month
            at = 12 * first.year + first.month - 1 - months
            return Stretch(start=date(at // 12, at % 12 + 1, 1).isoformat(), end=self.start)
        return Stretch(start=_shifted(self.start, -self.days), end=self.start)

    def up_to(self, day: str) -> Stretch:
        """Return the part of it that lies before a day, and not after its own end."""
        return Stretch(start=self.start, end=max(self.start, min(self.end, day)))

    def first_days(self, count: int) -> Stretch:
        """Return the part of it that is its first days, so many of them."""
        return self.up_to(_shifted(self.start, count))

    def steps(self) -> Iterator[str]:
        """Give what `brizna.verbs.total_runs` calls its days, weeks, months or years, in order."""
        day, end = date.fromisoformat(self.start), date.fromisoformat(self.end)
        told = ""
        while day < end:
            name = _step_name(day, self.step)
            if name != told:
                yield name
            told, day = name, day + _DAY


def _step_name(day: date, step: str | None) -> str:
    if step == "week":
        year, week, _ = day.isocalendar()
        return f"{year}-W{week:02}"
    return day.isoformat()[: {"month": 7, "year": 4}.get(step or "", 10)]


def _shifted(day: str, days: int) -> str:
    return (date.fromisoformat(day) + timedelta(days=days)).isoformat()

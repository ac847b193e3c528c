"""A run under the hours that it ran in, and under what somebody declares beside it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from brizna.account import Footprint, Hourly, by_the_hour, share_by_the_hour
from brizna.core.errors import BriznaError, CoverageError, InputError
from brizna.core.records import Record
from brizna.verbs._account import account_run_as
from brizna.verbs._money import Drawn

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from brizna.core.book import Book
    from brizna.core.estimate import Estimate
    from brizna.core.measurement import Run
    from brizna.store import Store
    from brizna.verbs._money import PricesOf
    from brizna.verbs._settings import Settings


class RunAccount(Record):
    """A stored run accounted for again; nothing that is stored changes.

    Attributes:
        footprint: The footprint, with the figures beside the location-based annual one.
        hourly: The hours, where they were asked for.
        troubles: What went wrong on the way to the hours, in sentences.
    """

    footprint: Footprint
    hourly: Hourly | None = None
    troubles: tuple[str, ...] = ()


class RunFacts(Record):
    """What a stored run is to be accounted for with.

    Attributes:
        run: An id, a part of one, a name or ``last``.
        given: Declared facts, as of a case without energy and time.
        hourly: Whether by its hours too.
        prices_of: Finds prices of electricity by the hour, for a contract that follows them.
    """

    run: str
    given: Mapping[str, Any] = {}
    hourly: bool = False
    prices_of: PricesOf | None = None


def account_run_again(
    store: Store, facts: RunFacts, settings: Settings, *, environ: Mapping[str, str], book: Book
) -> RunAccount:
    """Return a stored run's footprint under declared facts, and by its hours.

    Args:
        store: Where the run is.
        facts: The run and what is declared.
        settings: Those in force: ``signal`` and ``source`` name the series of the hours.
        environ: Holds the keys of sources.
        book: The factors in force.

    Raises:
        InputError: If the reference means no run, a fact cannot be, or no zone is known.
        CoverageError: If the series lacks hours of the run.
    """
    from brizna.verbs._plan import trace_of

    run = store.read(facts.run).run
    given = dict(facts.given)
    drawn = Drawn(prices_of=facts.prices_of)
    if "contract" in given or run.site.contract is not None:
        drawn = drawn.replace(trace=trace_of(store, run))
    _case, footprint = account_run_as(run, given, seen_as=settings["view"], book=book, drawn=drawn)
    if not facts.hourly:
        return RunAccount(footprint=footprint)
    hourly, troubles = hourly_of(store, run, settings, environ=environ, book=book)
    extra = "marginal_g_per_kwh" if hourly.kind == "marginal" else "hourly_g_per_kwh"
    _case, footprint = account_run_as(
        run,
        given,
        seen_as=settings["view"],
        book=book,
        beside={
            **_renewable(store, run, settings, environ=environ),
            extra: hourly.intensity_g_per_kwh,
        },
        drawn=drawn,
    )
    return RunAccount(footprint=footprint, hourly=hourly, troubles=troubles)


def _renewable(
    store: Store, run: Run, settings: Settings, *, environ: Mapping[str, str]
) -> dict[str, Estimate]:
    """Return the renewable share of the run's hours; nothing where only a year's is known."""
    from brizna.verbs._plan import trace_of
    from brizna.verbs._signals import Wanted, find_signals

    zone = settings["zone"] or run.site.zone
    if zone is None:
        return {}
    start, end = _span(run)
    wanted = Wanted(zones=(zone,), start=start, end=end, now=end, quantity="renewable")
    try:
        found = find_signals(wanted, settings, environ=environ)
    except BriznaError:  # of most zones no hour is known: the year's share stands
        return {}
    signal = next(iter(found.values())).signal
    try:
        return {"renewable_share": share_by_the_hour(trace_of(store, run), (start, end), signal)}
    except CoverageError:
        return {}


def _span(run: Run) -> tuple[datetime, datetime]:
    start = datetime.fromisoformat(run.started).astimezone(UTC)
    return start, start + timedelta(seconds=run.duration_s or 1.0)


def hourly_of(
    store: Store, run: Run, settings: Settings, *, environ: Mapping[str, str], book: Book
) -> tuple[Hourly, tuple[str, ...]]:
    """Return what a run's trace met of the hourly signal of its zone, and what went wrong.

    A file that an option named must cover the run; for one of the settings what is usual stands in.

    Raises:
        InputError: If no zone is known, or the named file is no such series.
        CoverageError: If the named file lacks hours of the run.
    """
    from brizna.grid import intensity
    from brizna.verbs._plan import trace_of
    from brizna.verbs._signals import Wanted, find_signals, named_signal

    zone = settings["zone"] or run.site.zone
    if zone is None:
        raise InputError(
            "No grid zone is known of the run {run_id}, so its hours have no intensity: name it "
            "with --zone.",
            run_id=run.id,
        )
    start, end = _span(run)
    level = book.over(intensity(zone, until=book.until), start.date().isoformat())
    if settings.origins["signal"] == "option":
        usual_g = level.quantity().value
        found = named_signal(zone, (start, end), settings["signal"], usual_g=usual_g)
    else:
        wanted = Wanted(zones=(zone,), start=start, end=end, now=end)
        found = next(iter(find_signals(wanted, settings, environ=environ).values()))
    hourly = by_the_hour(trace_of(store, run), (start, end), found.signal, level=level)
    return hourly, found.troubles

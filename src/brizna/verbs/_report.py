"""Documents: which runs they are about, what was declared, and the form that is filled in."""

from __future__ import annotations

import os
import time
from datetime import UTC, date, datetime, timedelta

from brizna.core.errors import CoverageError, InputError, UnavailableError
from brizna.core.version import VERSION
from brizna.report import Dossier, Facts, Selection, find_renderer, read_facts
from brizna.verbs._settings import project_table
from brizna.verbs._spent import Asked, at_once, counted
from brizna.verbs._views import view_of, views_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from brizna.report import Document
    from brizna.store import RunSummary, Store

_TABLE = "report"
"""The table of a project file that declares facts for its reports."""


def write_report(
    store: Store,
    selection: Selection,
    form: str,
    *,
    lang: str,
    facts: Facts | None = None,
    issued: datetime | None = None,
) -> Document:
    """Return a form, filled in about some runs.

    Args:
        store: Where the runs are.
        selection: Which runs.
        form: One of `brizna.report.renderer_names`.
        lang: Language of what people read in it.
        facts: What was declared, see `facts_of`; nothing if None.
        issued: Instant of the report; now if None.

    Raises:
        InputError: If there is no such form or run, if a run goes on, if the runs are accounted
            for in different views, or if the form cannot be about them.
        CoverageError: If no run was selected.
        UnavailableError: If a library that the form needs is not installed.
    """
    renderer = find_renderer(form)
    dossier = dossier_of(store, selection, facts=facts, issued=issued)
    return renderer.render(dossier, lang=lang)


def dossier_of(
    store: Store,
    selection: Selection,
    *,
    facts: Facts | None = None,
    issued: datetime | None = None,
    seen_as: str | None = None,
) -> Dossier:
    """Return what a report about some runs is filled in from.

    Args:
        store: Where the runs are.
        selection: Which runs; a run by any reference that the store understands.
        facts: What was declared; nothing if None.
        issued: Instant of the report; now if None.
        seen_as: Whose energy: one of `brizna.core.measurement.VIEWS`; as accounted for if None.

    Raises:
        InputError: As `write_report`.
        CoverageError: If no run was selected.
    """
    overlapping: tuple[str, ...] = ()
    if selection.run is not None:
        if not store.ids():
            raise CoverageError(
                "There is no run in this store yet. Make one: brizna run -- COMMAND."
            )
        view = view_of(store, selection.run, seen_as=seen_as)
        _check_ended(view)
        selection = selection.replace(run=view["id"])
        views = [view]
    else:
        runs = _selected(store, selection)
        views = views_of(store, [run.id for run in runs], seen_as=seen_as)
        if views[0]["footprint"].get("view", "machine") == "machine":
            overlapping = tuple(at_once(runs))
    _check_stages(views, facts)
    return Dossier(
        selection=selection,
        views=tuple(views),
        facts=facts or Facts(),
        issued=_written(issued or datetime.fromtimestamp(time.time(), UTC)),
        software=VERSION,
        at_once=overlapping,
    )


def facts_of(file: str | None, *, directory: str) -> Facts:
    """Return the facts of a file over those of the project file's table ``[report]``.

    Args:
        file: A TOML file with facts as its keys; None for the project's alone.
        directory: Where to look for the project file, upwards.

    Raises:
        InputError: If the file cannot be read, a key is unknown, or a value cannot be.
    """
    path, table = project_table(directory, _TABLE)
    project = read_facts(table, where=f"{path} [{_TABLE}]") if path else Facts()
    return project if file is None else read_facts(_toml(file), where=file).over(project)


def read_period(text: str) -> tuple[str, str]:
    """Return the start of a period and the start of what follows it, in UTC, ISO 8601.

    Args:
        text: ``2026``, ``2026-Q3``, ``2026-11``, ``2026-W47``, ``2026-11-22``, or two of these
            (the second one included) as ``2026-01..2026-03``.

    Raises:
        InputError: If it is none of these, or ends before it begins.
    """
    first, dots, last = text.partition("..")
    start, end = _span(first, text)
    if dots:
        end = _span(last, text)[1]
    if end <= start:
        raise InputError(
            "The period {text!r} ends before it begins: write the earlier day first.", text=text
        )
    return f"{start.isoformat()}T00:00:00Z", f"{end.isoformat()}T00:00:00Z"


def _span(text: str, whole: str) -> tuple[date, date]:
    """Return the first day of a year, quarter, month, week or day, and the first one after it."""
    try:
        year, _, rest = text.partition("-")
        first = date.fromisoformat(f"{year}-01-01")
        if not rest:
            return first, date(first.year + 1, 1, 1)
        if rest[:1] == "Q" and rest[1:] in ("1", "2", "3", "4"):
            month = 3 * int(rest[1:]) - 2
            return date(int(year), month, 1), _month_after(int(year), month + 2)
        if rest[:1] == "W":
            monday = date.fromisocalendar(int(year), int(rest[1:]), 1)
            return monday, monday + timedelta(days=7)
        if len(rest) == 2:
            return date(int(year), int(rest), 1), _month_after(int(year), int(rest))
        day = date.fromisoformat(text)
        return day, day + timedelta(days=1)
    except (ValueError, OverflowError) as error:
        raise InputError(
            "{text!r} is no period: expected one such as 2026, 2026-Q3, 2026-11, 2026-W47, "
            "2026-11-22 or 2026-01..2026-03.",
            text=whole,
        ) from error


def _month_after(year: int, month: int) -> date:
    return date(year + month // 12, month % 12 + 1, 1)


def _selected(store: Store, selection: Selection) -> list[RunSummary]:
    start, end = (
        None if text is None else datetime.fromisoformat(text)
        for text in (selection.start, selection.end)
    )
    runs = counted(store, Asked(tags=selection.tags, start=start, end=end))
    if not runs:
        raise _nothing(selection)
    return sorted(runs, key=lambda run: (run.started or "", run.id))


def _nothing(selection: Selection) -> CoverageError:
    """Return what to say where a selection has no runs: only of what was asked."""
    tags, period = ", ".join(selection.tags), selection.period
    if tags and period:
        return CoverageError(
            "No run that has ended has the tags {tags} and began in {period}. See what there is: "
            "brizna runs list.",
            tags=tags,
            period=period,
        )
    if tags:
        return CoverageError(
            "No run that has ended has the tags {tags}. See what there is: brizna runs list.",
            tags=tags,
        )
    return CoverageError(
        "No run that has ended began in {period}. See what there is: brizna runs list.",
        period=period,
    )


_SAME_STAGE = {"pre-training": "training", "data": "data-preparation", "deployment": "inference"}
"""Stages that a tag can name otherwise than the fact."""


def _check_stages(views: Sequence[Mapping[str, Any]], facts: Facts | None) -> None:
    """Refuse a declared stage that a run's own tag contradicts: a form could believe only one."""
    declared = facts["stage"] if facts is not None else None
    if facts is None or declared is None:
        return
    for view in views:
        tags = [tag for tag in view["tags"] if tag.startswith("stage:")]
        named = {tag.removeprefix("stage:") for tag in tags}
        if named and declared not in {_SAME_STAGE.get(name, name) for name in named}:
            raise InputError(
                "The fact stage is {declared} ({origin}), but the run {run} has the tag {tags}: "
                "expected the same. Leave out the fact, or choose the runs of one stage with "
                "--tag.",
                declared=declared,
                origin=facts.origins.get("stage", "-"),
                run=view["id"],
                tags=", ".join(tags),
            )


def _check_ended(view: Mapping[str, Any]) -> None:
    if view["state"] == "running":
        raise InputError(
            "The run {run} still goes on: a report is about what has ended. Wait for it, or look "
            "at it with: brizna show {run}.",
            run=view["id"],
        )


def _written(instant: datetime) -> str:
    return instant.astimezone(UTC).replace(microsecond=0).isoformat().replace("+00:00", "Z")


def _toml(file: str) -> dict[str, Any]:
    import tomllib

    try:
        with open(file, "rb") as opened:
            return tomllib.load(opened)
    except OSError as error:
        raise UnavailableError(
            "The facts {path!r} cannot be read: {reason}.",
            path=os.path.abspath(file),
            reason=error.strerror,
        ) from error
    except ValueError as error:
        raise InputError(
            "{path!r} is no TOML file ({error}): expected keys such as model = 'digits'.",
            path=file,
            error=error,
        ) from error

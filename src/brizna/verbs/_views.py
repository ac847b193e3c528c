"""Views: a run together with its footprint, as every face shows it."""

from __future__ import annotations

from brizna.account import Assumptions, Footprint, account, recompute, subject_of_run
from brizna.core.book import SHIPPED
from brizna.core.codec import digest, encode
from brizna.core.errors import InputError, IntegrityError, UnavailableError
from brizna.core.quantities import Duration
from brizna.grid import find_zone
from brizna.verbs._assume import assume
from brizna.verbs._history import tell_history

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from typing import Any

    from brizna.account import FunctionalUnit
    from brizna.core.book import Book
    from brizna.core.measurement import Run
    from brizna.core.site import Site
    from brizna.store import Store

    View = dict[str, Any]
    """The fields of a run's record, and ``footprint``: a footprint's record, or None."""

_FOLLOWED = "brizna.followed/1"


def view(run: Run, footprint: Footprint | None) -> View:
    """Return the view of a run and its footprint."""
    return {**run.to_json(), "footprint": None if footprint is None else footprint.to_json()}


def view_of(store: Store, reference: str, *, seen_as: str | None = None) -> View:
    """Return the view of a stored run; accounts for it first if nobody has.

    A run that goes on has the footprint of what it has used so far. ``command_runs`` says, for an
    interrupted run, whether its command still runs; ``followed``, only for a run that followed a
    plan, what was promised and what became of it.

    Args:
        store: Where it is.
        reference: An id, a part of one, a name or ``last``.
        seen_as: Whose energy the footprint is of, one of `brizna.core.measurement.VIEWS`; as it
            was accounted for if None. Another than that is shown, not kept.

    Raises:
        InputError: If the reference means no run, or several.
    """
    stored = store.read(reference)
    run = stored.run
    footprint = None if stored.is_running else stored_footprint(store, run)
    if footprint is None:
        footprint = account_run(run)
        if store.has_record(run.id):
            _keep(store, run, footprint)
    if seen_as not in (None, footprint.view):
        footprint = account_run(run, unit=footprint.functional_unit, seen_as=seen_as)
    return {
        **view(run, footprint),
        "digest": stored.digest,
        "directory": stored.directory,
        "command_runs": stored.command_runs,
        "history": tell_history(store, run.id),
        **_followed(store, run.id),
    }


def _followed(store: Store, run_id: str) -> dict[str, Any]:
    """Return what became of the plan that a run followed, to be shown with it; else nothing."""
    kept = store.records(run_id, schema=_FOLLOWED)
    return {"followed": kept[-1]} if kept else {}


def views_of(store: Store, references: Sequence[str], *, seen_as: str | None = None) -> list[View]:
    """Return the views of several runs that are to be compared.

    Args:
        store: Where they are.
        references: As for `view_of`.
        seen_as: As for `view_of`.

    Raises:
        InputError: If a reference means no run, or several; or if the runs are accounted for in
            different views, and nobody said which one to take.
    """
    views = [view_of(store, reference, seen_as=seen_as) for reference in references]
    kinds = {view["footprint"].get("view", "machine") for view in views}
    if len(kinds) > 1:
        raise InputError(
            "These runs are accounted for in different views ({kinds}): their figures cannot be "
            "compared. Name one for all of them: --view machine.",
            kinds=", ".join(sorted(kinds)),
        )
    return views


def stored_footprint(store: Store, run: Run) -> Footprint | None:
    """Return the footprint that was kept for a run; None if none was.

    Where several were kept, one with a functional unit goes first. That they are about this very
    record is what the store sees to when it reads the run.
    """
    own = digest(run.to_json())
    kept = store.records(run.id, schema=Footprint.schema)
    found = [Footprint.from_json(record) for record in kept if record["subject"] == own]
    found.sort(key=lambda footprint: footprint.functional_unit is None)
    return found[0] if found else None


def account_run(
    run: Run,
    *,
    unit: FunctionalUnit | None = None,
    site: Site | None = None,
    seen_as: str = "machine",
    book: Book = SHIPPED,
) -> Footprint:
    """Return the footprint of a run at its site, or at another.

    Args:
        run: The run.
        unit: What to divide by for SCI.
        site: Where; the run's own site if None.
        seen_as: Whose energy: one of `brizna.core.measurement.VIEWS`.
        book: The factors in force.
    """
    subject = subject_of_run(run, view=seen_as)
    return account(subject, assumptions_of(run, unit=unit, site=site, book=book))


def assumptions_of(
    run: Run,
    *,
    unit: FunctionalUnit | None = None,
    site: Site | None = None,
    book: Book = SHIPPED,
) -> Assumptions:
    """Return what to assume for a run at its site, or at another."""
    return assume(
        site or run.site,
        duration=Duration(run.duration_s),
        started=_instant(run.started),
        unit=unit,
        book=book,
    )


def elsewhere(
    run: Run, zones: Sequence[str], *, seen_as: str = "machine"
) -> list[tuple[str, dict[str, Any]]]:
    """Return the footprint the same run would have had in other grid zones; all else stays.

    Args:
        run: The run.
        zones: The other zones.
        seen_as: Whose energy: one of `brizna.core.measurement.VIEWS`.

    Raises:
        InputError: If a zone is not known.
    """
    made: list[tuple[str, dict[str, Any]]] = []
    for zone in zones:
        site = run.site.replace(
            zone=find_zone(zone).id, zone_origin="option", intensity_g_per_kwh=None
        )
        footprint = account_run(run, site=site, seen_as=seen_as)
        if footprint.carbon_operational_g is not None:
            made.append((zone, footprint.to_json()))
    return made


def recompute_view(store: Store, reference: str) -> bytes:
    """Return a stored footprint's canonical bytes, computed again from its own frozen factors.

    Raises:
        UnavailableError: If the run goes on, or no footprint was kept.
        IntegrityError: If the run, a factor or the result is not what it was.
    """
    stored = store.read(reference)
    footprint = None if stored.is_running else stored_footprint(store, stored.run)
    if footprint is None:
        raise UnavailableError(
            "There is no stored footprint of {run_id} to compute again: show the run first "
            "(brizna show), once it has ended.",
            run_id=stored.run.id,
        )
    subject = subject_of_run(stored.run, view=footprint.view)
    again = encode(recompute(footprint, subject).to_json())
    if again != encode(footprint.to_json()):
        raise IntegrityError(
            "The footprint of {run_id} computes to other bytes than were stored: it was changed, "
            "or this brizna computes otherwise than the one that wrote it.",
            run_id=stored.run.id,
        )
    return again


def _keep(store: Store, run: Run, footprint: Footprint) -> None:
    try:
        store.put(footprint.to_json(), run_id=run.id)
    except UnavailableError:
        return  # a read-only store can still be shown


def _instant(text: str) -> datetime:
    from datetime import datetime

    return datetime.fromisoformat(text)

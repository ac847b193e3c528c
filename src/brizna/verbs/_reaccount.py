"""Account for a stored run again, under other factors: which figures move, and why."""

from __future__ import annotations

from brizna.account import Reaccount, differences, factor_set_of, moved, subject_of_run
from brizna.core.errors import UnavailableError
from brizna.verbs._views import account_run, stored_footprint

TYPE_CHECKING = False
if TYPE_CHECKING:
    from brizna.core.book import Book
    from brizna.store import Store


def reaccount(store: Store, reference: str, book: Book) -> Reaccount:
    """Return what a stored run's footprint would be under the factors of a book.

    The run, its site and what was declared there stay; the stored footprint stays as it is.

    Raises:
        UnavailableError: If the run goes on, or no footprint was kept.
        InputError: If the reference means no run, or the book cannot decide about a factor.
    """
    stored = store.read(reference)
    before = None if stored.is_running else stored_footprint(store, stored.run)
    if before is None:
        raise UnavailableError(
            "There is no stored footprint of {run_id} to compute again: show the run first "
            "(brizna show), once it has ended.",
            run_id=stored.run.id,
        )
    after = account_run(stored.run, unit=before.functional_unit, seen_as=before.view, book=book)
    subject = subject_of_run(stored.run, view=before.view)
    return Reaccount(
        run=stored.run.id,
        as_of=book.as_of,
        before=before,
        after=after,
        moved=tuple(moved(subject, before.assumptions, after.assumptions)),
        factors=tuple(
            differences(
                factor_set_of("before", before.factors), factor_set_of("after", after.factors)
            )
        ),
    )

"""What a report is about: runs with their footprints, what they come to, and what was declared."""

from __future__ import annotations

from brizna.core.codec import digest
from brizna.core.errors import InputError, Said
from brizna.core.estimate import Estimate, total
from brizna.core.records import Record
from brizna.report._trace import BELOW, DURATION, GUARANTEED, KIND, trace
from brizna.report._words import KIND_OF_FIELD

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from typing import Any, ClassVar

    from brizna.report._facts import Facts

    View = Mapping[str, Any]


class Selection(Record):
    """Which runs a report is about.

    Attributes:
        run: One run, by its id; None for all that have the tags and began in the time.
        tags: What they all have, such as ``team:vision``.
        start: ISO 8601 in UTC: those begun then or later; ``end`` before then.
        period: What the time is called, such as ``2026-Q3``.
    """

    run: str | None = None
    tags: tuple[str, ...] = ()
    start: str | None = None
    end: str | None = None
    period: str | None = None

    @property
    def options(self) -> tuple[str, ...]:
        """The words that ``brizna report`` takes to select the same."""
        if self.run is not None:
            return (self.run,)
        tags = tuple(word for tag in self.tags for word in ("--tag", tag))
        return tags + (("--period", self.period) if self.period else ())


class Figure(Record):
    """A number in a document, and where it comes from.

    Attributes:
        field: Where it stands in the document, in the form's own words.
        shown: The number as it is written there, without its unit.
        unit: The unit it is written in; empty for a bare number.
        value: What was stored at the end of the path, in the base unit; for all runs the sum.
        path: What it comes from, see `brizna.report.trace`.
        record: Id of the run; None for the sum over all runs.
        end: Which end of the estimate: ``best``, ``low`` or ``high``.
        times: What ``value`` is multiplied by to become the number that is shown: the unit, and
            whatever it was divided by.
        records: Ids of the runs that it sums, where these are not all of the report.
    """

    field: str
    shown: str
    unit: str
    value: float
    path: str
    record: str | None = None
    end: str = "best"
    times: float = 1.0
    records: tuple[str, ...] = ()


class Lack(Record):
    """Something that a form asks for and nobody knows.

    Attributes:
        field: Where it would stand, in the form's own words.
        why: The reason, in English as records hold them.
        fact: The fact that would help if it were declared; None where that would not.
    """

    field: str
    why: str
    fact: str | None = None


class Document(Record):
    """A form that was filled in.

    Attributes:
        content: Its bytes.
        figures: Each number in it that was computed.
        lacking: What it does not say, and why.
    """

    content: bytes
    figures: tuple[Figure, ...] = ()
    lacking: tuple[Lack, ...] = ()


class Dossier(Record):
    """What every form is filled in from.

    Attributes:
        selection: Which runs were asked for.
        views: These runs with their footprints, in the order of their start; never empty. None
            lies inside another, and all are accounted for in one view.
        facts: What was declared.
        issued: Instant of the report, ISO 8601 in UTC.
        software: Version of brizna that writes it.
        at_once: Runs that went on while another did on their machine: its energy counts twice.
    """

    selection: Selection
    views: tuple[View, ...]
    facts: Facts
    issued: str
    software: str
    at_once: tuple[str, ...] = ()

    _forms: ClassVar = {}

    @property
    def title(self) -> str:
        """What the report is about, by the names that people gave."""
        if self.facts["model"]:
            return self.facts["model"]
        if self.selection.run is not None:
            return self.views[0].get("name") or self.views[0]["id"]
        names = [*self.selection.tags, *filter(None, [self.selection.period])]
        return ", ".join(names) or "brizna"

    @property
    def seen_as(self) -> str:
        """Whose energy it is: one of `brizna.core.measurement.VIEWS`."""
        return self.views[0]["footprint"].get("view", "machine")

    @property
    def unsuccessful(self) -> tuple[str, ...]:
        """The runs that did not end well; what they used counts all the same."""
        return tuple(
            view["id"]
            for view in self.views
            if view["state"] != "finished" or view["exit_code"] not in (0, None)
        )

    @property
    def currency(self) -> str | None:
        """The currency of all the runs' costs; None where there is none, or several."""
        found = {view["footprint"]["currency"] for view in self.views}
        return found.pop() if len(found) == 1 else None

    @property
    def started(self) -> str:
        """When the first run began, ISO 8601 in UTC."""
        return min(view["started"] for view in self.views)

    def view_of(self, record: str) -> View:
        """Return the view of a run that is in here.

        Raises:
            InputError: If it is not.
        """
        for view in self.views:
            if view["id"] == record:
                return view
        raise InputError("{record!r} is not a run of this report.", record=record)

    def part(self, records: Collection[str]) -> Dossier:
        """Return a dossier of some of these runs, in the same order."""
        return self.replace(
            views=tuple(view for view in self.views if view["id"] in records),
            at_once=tuple(run for run in self.at_once if run in records),
        )

    def amount(self, path: str, *, record: str | None = None) -> Estimate | float | None:
        """Return what stands at the end of a path: of one run, or the sum over all.

        Args:
            path: See `brizna.report.trace`. Below a figure, only of one run, or where there is
                one only.
            record: Id of the run; None for the sum.

        Returns:
            An estimate; a bare number for a duration or a declared count; None where it is not
            known of each run: the sum of those that are would look like the whole.
        """
        views = self.views if record is None else (self.view_of(record),)
        found = [_amount(view, path) for view in views]
        known = [one for one in found if one is not None]
        if len(known) < len(found) or (len(found) > 1 and not self._can_sum(path)):
            return None
        if len(known) == 1:
            return known[0]
        estimates = [one for one in known if isinstance(one, Estimate)]
        if estimates:
            return total(estimates)
        from math import fsum

        return fsum(one for one in known if not isinstance(one, Estimate))

    def reason(self, path: str, *, record: str | None = None) -> str:
        """Return why `amount` has nothing to say, in English as records hold reasons."""
        views = self.views if record is None else (self.view_of(record),)
        missing = [view for view in views if _amount(view, path) is None]
        if not missing:
            several = len({view["footprint"]["currency"] for view in views}) > 1
            if path == "cost" and several:
                return str(Said("the costs are in several currencies"))
            return str(Said("it has no sum over several runs"))
        why = _reason(missing[0], path) or "not known"
        if len(views) == 1:
            return why
        return str(
            Said(
                "not known of {missing} of {runs} runs: {why}",
                missing=len(missing),
                runs=len(views),
                why=why,
            )
        )

    def _can_sum(self, path: str) -> bool:
        if path.startswith("cost"):
            return self.currency is not None and BELOW not in path
        head, _, below = path.partition(BELOW)
        return path == DURATION or (
            head.endswith(("_j", "_g", "_l"))
            and (not below or below.startswith(KIND) or below == GUARANTEED)
        )


def document_id(dossier: Dossier) -> str:
    """Return a UUID for a report: the same for the same runs, figures, facts and instant."""
    from uuid import NAMESPACE_URL, uuid5

    told = {
        "runs": [view["id"] for view in dossier.views],
        "footprints": [dict(view["footprint"]) for view in dossier.views],
        "facts": dict(dossier.facts.values),
        "issued": dossier.issued,
    }
    return str(uuid5(NAMESPACE_URL, f"brizna:{digest(told)}"))


def _amount(view: View, path: str) -> Estimate | float | None:
    if path == DURATION:
        return view[DURATION]
    footprint = view["footprint"]
    if path in footprint:
        record = footprint[path]
        return None if record is None else Estimate.from_json(KIND_OF_FIELD[path], record)
    node = trace(view, path)
    if node["estimate"] is not None:
        return Estimate.from_json(_kind(node["name"]), node["estimate"])
    plain = node.get("value")
    return plain if isinstance(plain, float) else None


def _kind(name: str) -> Any:
    """Return what a node of a derivation is an estimate of."""
    from brizna.core.quantities import Energy

    return Energy if name.startswith(("channel:", KIND)) else KIND_OF_FIELD[name]


def _reason(view: View, path: str) -> str | None:
    if path in view["footprint"]:
        return view["footprint"]["reasons"].get(path)
    return trace(view, path).get("reason")

"""Read a provider's bill (FOCUS or CUR, as CSV), and lay it beside the runs of the store."""

from __future__ import annotations

import csv
import os
from datetime import UTC, datetime, timedelta

from brizna.account import Bill, BillLine, RunTime, reconcile
from brizna.core.errors import InputError
from brizna.core.records import Record
from brizna.verbs._sci import runs_meant
from brizna.verbs._spent import Asked, unreadable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from brizna.account import Exchange, Reconciliation
    from brizna.store import RunSummary, Store

    Row = Mapping[str, str]

_TAG = "resource:"
_FOCUS: Mapping[str, tuple[str, ...]] = {
    "cost": ("BilledCost",),
    "effective": ("EffectiveCost",),
    "currency": ("BillingCurrency",),
    "category": ("ChargeCategory",),
    "start": ("ChargePeriodStart",),
    "end": ("ChargePeriodEnd",),
    "amount": ("ConsumedQuantity", "PricingQuantity"),
    "unit": ("ConsumedUnit", "PricingUnit"),
    "resource": ("ResourceId",),
    "service": ("ServiceCategory",),
    "name": ("SkuMeter", "ChargeDescription", "ServiceName"),
}
"""What we ask of a row, and the columns of FOCUS 1.0 to 1.2 that answer, the first filled one."""
_CUR: Mapping[str, tuple[str, ...]] = {
    "cost": ("lineItem/UnblendedCost",),
    "effective": (
        *("savingsPlan/SavingsPlanEffectiveCost", "reservation/EffectiveCost"),
        "lineItem/UnblendedCost",
    ),
    "currency": ("lineItem/CurrencyCode",),
    "category": ("lineItem/LineItemType",),
    "start": ("lineItem/UsageStartDate",),
    "end": ("lineItem/UsageEndDate",),
    "amount": ("lineItem/UsageAmount",),
    "unit": ("pricing/unit",),
    "resource": ("lineItem/ResourceId",),
    "service": ("lineItem/UsageType",),
    "name": ("product/instanceType", "lineItem/UsageType", "lineItem/LineItemDescription"),
}
_CUR_2: Mapping[str, tuple[str, ...]] = {
    "cost": ("line_item_unblended_cost",),
    "effective": (
        *("savings_plan_savings_plan_effective_cost", "reservation_effective_cost"),
        "line_item_unblended_cost",
    ),
    "currency": ("line_item_currency_code",),
    "category": ("line_item_line_item_type",),
    "start": ("line_item_usage_start_date",),
    "end": ("line_item_usage_end_date",),
    "amount": ("line_item_usage_amount",),
    "unit": ("pricing_unit",),
    "resource": ("line_item_resource_id",),
    "service": ("line_item_usage_type",),
    "name": ("product_instance_type", "line_item_usage_type", "line_item_line_item_description"),
}
_FORMS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "FOCUS": _FOCUS,
    "CUR": _CUR,
    "CUR 2": _CUR_2,
}
_NEEDED = ("cost", "currency", "category", "start", "end")
_TIMES = {
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), 3600.0),
    **dict.fromkeys(("min", "mins", "minute", "minutes"), 60.0),
    **dict.fromkeys(("s", "sec", "second", "seconds"), 1.0),
}
"""Units of time of a machine, in seconds."""
_BY_CATEGORY = {
    **dict.fromkeys(("tax",), "tax"),
    **dict.fromkeys(("credit", "refund", "savingsplannegation", "edpdiscount"), "credit"),
    **dict.fromkeys(("bundleddiscount", "privateratediscount"), "credit"),
    **dict.fromkeys(("usage", "discountedusage", "savingsplancoveredusage"), "usage"),
}
"""Kind of a line by its category; the rest, such as fees and adjustments, is ``other``."""
_BY_WORD = (
    ("request", "requests"),
    *((word, "storage") for word in ("storage", "volumeusage", "snapshot")),
    *((word, "transfer") for word in ("networking", "datatransfer", "-bytes")),
)
"""Kind of a use that is no time of a machine, by a word of its service, usage type or unit."""


class BillRequest(Record):
    """What a bill is to be laid beside.

    Attributes:
        path: The bill.
        runs: Ids, names or ``tag:TAG``; every run of the store that ended if empty.
        resource: The machine of the runs that no tag ``resource:ID`` gives one.
        effective: Whether costs are those with commitments spread over their use.
        currency: What the costs are to be in; that of the bill if None.
        exchanges: Stated rates.
    """

    path: str
    runs: tuple[str, ...] = ()
    resource: str | None = None
    effective: bool = False
    currency: str | None = None
    exchanges: tuple[Exchange, ...] = ()


def reconcile_bill(store: Store, request: BillRequest) -> Reconciliation:
    """Return a bill beside the runs of a store.

    A run's machine is what its tag ``resource:ID`` says, else the request's, else the bill's only
    machine. Nothing that is stored changes.

    Raises:
        InputError: If the file cannot be read or is no bill in a known form, or a reference means
            no run.
    """
    bill = read_bill(request.path, effective=request.effective)
    machines = {line.resource for line in bill.lines if line.kind == "compute" and line.resource}
    runs = store.runs()
    chosen = set(runs_meant(store, request.runs)) if request.runs else None
    times = list(_times(runs, chosen))
    first = min(line.start for line in bill.lines)
    last = max(line.end for line in bill.lines)
    if chosen is None:  # of all that the store holds, those of the bill's time
        times = [one for one in times if one.start < last and one.end > first]
    elsewhere = request.resource or (next(iter(machines)) if len(machines) == 1 else None)
    untagged = [one.run for one in times if one.resource is None]
    found = reconcile(
        bill,
        [one if one.resource else one.replace(resource=elsewhere) for one in times],
        currency=request.currency,
        exchanges=request.exchanges,
    )
    asks_for_tags = any(reference.startswith("tag:") for reference in request.runs)
    broken = unreadable(runs, Asked(end=datetime.fromisoformat(last)))
    return found.replace(
        supposed=tuple(untagged) if elsewhere and request.resource is None else (),
        unreadable={
            one: why
            for one, why in broken.items()
            if chosen is None or one in chosen or asks_for_tags
        },
    )


def _times(runs: Iterable[RunSummary], chosen: Collection[str] | None) -> Iterator[RunTime]:
    """Give when each run that ended held a machine, and which one if a tag says so."""
    for run in runs:
        if run.started is None or not run.duration_s or run.state in ("running", "unreadable"):
            continue
        if chosen is None or run.id in chosen:
            tagged = [tag.removeprefix(_TAG) for tag in run.tags if tag.startswith(_TAG)]
            start = datetime.fromisoformat(run.started).astimezone(UTC)
            end = start + timedelta(seconds=run.duration_s)
            yield RunTime(
                run=run.id,
                start=start.isoformat(),
                end=end.isoformat(),
                resource=tagged[0] if tagged else None,
            )


def read_bill(path: str, *, effective: bool = False) -> Bill:
    """Return a bill from a CSV file in the form FOCUS, CUR or CUR 2.

    Args:
        path: The file.
        effective: Whether to take the costs with commitments spread over their use.

    Raises:
        InputError: If it cannot be read, is in no known form or has no line, or a cell cannot be;
            names the line.
    """
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            form = _form(reader.fieldnames or (), path)
            lines = tuple(_lines(reader, form, effective=effective))
    except OSError as error:
        raise InputError(
            "The bill {path!r} cannot be read: {reason}.", path=path, reason=error.strerror
        ) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(
            "The bill {path!r} is no CSV in UTF-8 ({error}): export it so.", path=path, error=error
        ) from error
    if not lines:
        raise InputError(
            "The bill {path!r} has a header and no line: expected at least one charge. Export a "
            "period in which something was billed.",
            path=path,
        )
    return Bill(source=os.path.basename(path), form=form, lines=lines)


def _form(columns: Sequence[str], path: str) -> str:
    for form, asked in _FORMS.items():
        if asked["cost"][0] in columns:
            missing = [asked[what][0] for what in _NEEDED if not set(asked[what]) & set(columns)]
            if missing:
                raise InputError(
                    "The bill {path!r} looks like {form}, but lacks the columns {missing}: export "
                    "it with them.",
                    path=path,
                    form=form,
                    missing=", ".join(missing),
                )
            return form
    raise InputError(
        "The bill {path!r} is in no form that is known: expected a column {known}.",
        path=path,
        known=" / ".join(asked["cost"][0] for asked in _FORMS.values()),
    )


def _lines(reader: csv.DictReader[str], form: str, *, effective: bool) -> Iterable[BillLine]:
    asked = _FORMS[form]
    for row in reader:
        said = {what: _first(row, columns) for what, columns in asked.items()}
        if not any(said.values()):
            continue
        number = reader.line_num
        cost = _number(said["effective" if effective else "cost"], "cost", number)
        billed_s = _machine_time(said, number)
        yield BillLine(
            line=number,
            kind=_kind(said, billed_s),
            name=said["name"] or said["service"] or said["category"],
            resource=said["resource"] or None,
            start=_instant(said["start"], number),
            end=_instant(said["end"], number),
            billed_s=billed_s,
            cost=cost,
            currency=said["currency"],
        )


def _first(row: Row, columns: Iterable[str]) -> str:
    """Return the first cell of these columns that is filled."""
    return next((cell.strip() for name in columns if (cell := row.get(name) or "").strip()), "")


def _machine_time(said: Row, number: int) -> float | None:
    """Return the seconds of a machine that a row charges; None if it charges something else."""
    size = _TIMES.get(said["unit"].casefold())
    if size is None or _BY_CATEGORY.get(said["category"].casefold()) != "usage":
        return None
    return _number(said["amount"], "quantity", number) * size


def _kind(said: Row, billed_s: float | None) -> str:
    kind = _BY_CATEGORY.get(said["category"].casefold(), "other")
    if kind != "usage":
        return kind
    text = f"{said['service']} {said['unit']} {said['name']}".casefold()
    by_word = next((kind for word, kind in _BY_WORD if word in text), None)
    if billed_s is not None and by_word is None:
        return "compute"
    return by_word or "other"


def _number(text: str, what: str, number: int) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not -float("inf") < value < float("inf"):
        raise InputError(
            "Line {number} of the bill has {what} {text!r}: expected a number with a decimal "
            "point.",
            number=number,
            what=what,
            text=text,
        )
    return value


def _instant(text: str, number: int) -> str:
    """Return an instant in UTC; providers write theirs in UTC where they write no offset."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise InputError(
            "Line {number} of the bill has the time {text!r}: expected one such as "
            "2026-03-01T00:00:00Z.",
            number=number,
            text=text,
        ) from error
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=UTC)
    return instant.astimezone(UTC).isoformat()

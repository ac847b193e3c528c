"""What rented machines, storage, requests and transfers cost, by declared use and list price.

A rented machine's price holds its electricity: with one, the electricity of the place is not paid
again. A price that somebody states wins over the tables, whose list prices are of one region, old
and without discounts.
"""

from __future__ import annotations

from brizna.account._charges import Charge
from brizna.account._periods import ROOM
from brizna.core.errors import InputError, Said
from brizna.core.estimate import exactly
from brizna.core.factors import factor, nearest
from brizna.core.quantities import Ratio
from brizna.core.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any, ClassVar

    from brizna.core.estimate import Estimate
    from brizna.core.factors import Factor

TERMS = ("on-demand", "reserved", "spot", "managed", "serverless")
_USD = "USD"
_ITEMS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "compute": (("instance", "hours"), ("count", "term", "price_per_hour", "currency")),
    "storage": (("tier", "gb", "months"), ("copies", "price_per_gb_month", "currency")),
    "requests": (("kind", "count"), ("price_per_1000", "currency")),
    "transfer": (("gb",), ("to", "price_per_gb", "currency")),
}
"""For each group of use, the fields that it needs and those that it may have."""


class CloudUse(Record):
    """What somebody rented.

    Attributes:
        provider: ``aws``, ``azure``, ``gcp`` ...
        items: By group (``compute``, ``storage``, ``requests``, ``transfer``), each use with its
            fields.
    """

    provider: str
    items: dict[str, tuple[dict[str, Any], ...]]

    _forms: ClassVar = {}

    @property
    def has_machines(self) -> bool:
        """Whether machines were rented, whose price holds their electricity."""
        return bool(self.items.get("compute"))


def read_cloud(given: Any) -> CloudUse:
    """Return the use that a JSON object declares.

    Raises:
        InputError: If a field is unknown or missing, or holds what it cannot.
    """
    if not hasattr(given, "items") or not isinstance(given.get("provider"), str):
        raise InputError(
            'cloud is {given!r:.80}, but its form is {{"provider": "aws", "compute": [{{'
            '"instance": "p3.2xlarge", "hours": 10, "term": "spot"}}]}}.',
            given=given,
        )
    groups = {name: value for name, value in given.items() if name != "provider"}
    return CloudUse(
        provider=given["provider"].lower(),
        items={name: tuple(_uses(name, value)) for name, value in groups.items()},
    )


def cloud_charges(
    use_of: CloudUse,
    *,
    use: Callable[[Factor], Estimate],
    price_of: Callable[[str], Factor],
) -> tuple[Charge, ...]:
    """Return what was rented as charges.

    Args:
        use_of: What somebody rented.
        use: Takes a factor into account and returns its estimate.
        price_of: The price of a machine by id, such as ``price/aws/p3.2xlarge/spot``.

    Raises:
        CoverageError: If no price is known; names ids that are near.
    """
    found: list[Charge] = []
    for group, uses in use_of.items.items():
        for one in uses:
            name, quantity, unit, price_id, stated = _SHAPES[group](use_of.provider, one)
            if stated is not None:
                price = exactly(Ratio(stated))
            elif group == "compute":
                price = use(price_of(price_id))
            else:
                price = use(factor(ROOM, "cloud", price_id))
            charge = Charge(
                group=group,
                name=_unlike(name, found),
                quantity=exactly(Ratio(quantity)),
                unit=unit,
                price=price,
                currency=one.get("currency", _USD),
            )
            found.append(charge)
    return tuple(found)


def _unlike(name: str, found: Sequence[Charge]) -> str:
    """Return a name that no charge has yet."""
    count = sum(one.name == name or one.name.startswith(f"{name} #") for one in found)
    return f"{name} #{count + 1}" if count else name


def _compute(provider: str, one: Mapping[str, Any]) -> tuple[str, float, str, str, float | None]:
    term = one.get("term", TERMS[0])
    instance = str(one["instance"]).lower().replace(" ", "-")
    return (
        f"{provider} {instance} {term}",
        one["hours"] * one.get("count", 1),
        "h",
        f"price/{provider}/{instance}/{term}",
        one.get("price_per_hour"),
    )


def _storage(provider: str, one: Mapping[str, Any]) -> tuple[str, float, str, str, float | None]:
    return (
        f"{provider} storage {one['tier']}",
        one["gb"] * one["months"] * one.get("copies", 1),
        "GB month",
        f"storage/{provider}/{one['tier']}",
        one.get("price_per_gb_month"),
    )


def _requests(provider: str, one: Mapping[str, Any]) -> tuple[str, float, str, str, float | None]:
    return (
        f"{provider} requests {one['kind']}",
        one["count"] / 1000,
        "1000 requests",
        f"requests/{provider}/{one['kind']}",
        one.get("price_per_1000"),
    )


def _transfer(provider: str, one: Mapping[str, Any]) -> tuple[str, float, str, str, float | None]:
    to = one.get("to", "out")
    name = f"{provider} transfer {to}"
    return name, one["gb"], "GB", f"transfer/{provider}/{to}", one.get("price_per_gb")


_SHAPES: dict[
    str, Callable[[str, Mapping[str, Any]], tuple[str, float, str, str, float | None]]
] = {
    "compute": _compute,
    "storage": _storage,
    "requests": _requests,
    "transfer": _transfer,
}
"""For each group how a use is called, how much it is in which unit, the id of its list price, and
the price that somebody stated."""


def _uses(group: str, given: Any) -> Iterable[dict[str, Any]]:
    """Yield the uses of one group, checked."""
    if group not in _ITEMS:
        raise InputError(
            "cloud has {group!r}: expected {known}.{hint}",
            group=group,
            known=", ".join(_ITEMS),
            hint=nearest(group, _ITEMS),
        )
    for one in given if isinstance(given, list) else [given]:  # pyright: ignore[reportUnknownVariableType]
        yield _checked(group, one)


def _checked(group: str, one: Any) -> dict[str, Any]:
    needed, more = _ITEMS[group]
    if not hasattr(one, "items"):
        raise InputError(
            "{group} is {one!r:.80}: expected an object with {needed}.",
            group=group,
            one=one,
            needed=", ".join(needed),
        )
    lacks = [field for field in needed if field not in one]
    strange = [field for field in one if field not in (*needed, *more)]
    if lacks or strange:
        raise InputError(
            "A use of {group} lacks {lacks} and has unknown {strange}: it needs {needed} and may "
            "have {more}.",
            group=group,
            lacks=", ".join(lacks) or "-",
            strange=", ".join(strange) or "-",
            needed=", ".join(needed),
            more=", ".join(more),
        )
    for field, value in one.items():
        _check_value(group, field, value)
    return dict(one)


def _check_value(group: str, field: str, value: Any) -> None:
    expected = Said("a text")
    if field == "term":
        good, expected = value in TERMS, Said("one of {known}", known=", ".join(TERMS))
    elif field in _TEXTS:
        good = isinstance(value, str)
    else:
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        good, expected = is_number and 0 <= value < float("inf"), Said("a number from 0 up")
    if not good:
        raise InputError(
            "A use of {group} has {field} = {value!r}: expected {expected}.",
            group=group,
            field=field,
            value=value,
            expected=expected,
        )


_TEXTS = ("instance", "tier", "kind", "to", "currency")

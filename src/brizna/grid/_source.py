"""Live sources: what each promises, what it is asked, and how its rows become a signal."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol, runtime_checkable

from brizna.core.errors import CoverageError, InputError, UnavailableError
from brizna.core.records import Record
from brizna.grid._files import About, signal_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from brizna.core.signal import Signal
    from brizna.grid._web import Web

QUANTITIES = ("intensity", "renewable", "low-carbon", "price", "wind-solar")
"""What a source can be asked for."""


class Asked(Record):
    """What a source is asked for.

    Attributes:
        zone: The grid zone's key.
        start: The first instant.
        end: The first instant that is no longer asked for. Where it lies behind ``now``, what
            happened is asked for; otherwise the forecast.
        now: The present.
        quantity: One of `QUANTITIES`.
    """

    zone: str
    start: datetime
    end: datetime
    now: datetime
    quantity: str = "intensity"

    @property
    def is_past(self) -> bool:
        """Whether all of it has happened."""
        return self.end <= self.now

    @property
    def lead_h(self) -> float:
        """How many hours ahead of now it ends."""
        return (self.end - self.now) / timedelta(hours=1)


class Access:
    """How to reach a source.

    Attributes:
        web: What asks it.
        url: Its address instead of the public one; None for that one.
        login: Name and password; of a key only the password counts. None for none.
        part: What of it to take, where it has several: a region, an indicator, a place.
    """

    __slots__ = ("login", "part", "url", "web")

    def __init__(
        self,
        web: Web,
        *,
        url: str | None = None,
        login: tuple[str, str] | None = None,
        part: str | None = None,
    ) -> None:
        self.web = web
        self.url = url
        self.login = login
        self.part = part

    def __repr__(self) -> str:
        return f"Access(url={self.url!r}, part={self.part!r})"

    def key(self, name: str) -> str:
        """Return the key of a source.

        Raises:
            UnavailableError: If there is none; says where to put it.
        """
        return self.both(name)[1]

    def both(self, name: str) -> tuple[str, str]:
        """Return name and password for a source.

        Raises:
            InputError: If they cannot be sent as they are.
            UnavailableError: If there are none; says where to put them.
        """
        if self.login is None:
            raise UnavailableError(
                "{source} wants a key: put it into the variable {variable}, or into the file that "
                "the setting credentials names.",
                source=name,
                variable=key_variable(name),
            )
        if not all(part.isascii() and part.isprintable() for part in self.login):
            raise InputError(
                "The key of {source} holds signs that no key has, such as the end of a line: copy "
                "it again.",
                source=name,
            )
        return self.login


@runtime_checkable
class Source(Protocol):
    """Somebody who tells carbon intensity, shares or prices of a grid.

    Built with an `Access`. It asks nobody before `ask` is called, fails with `CoverageError` for
    what it does not have and with `UnavailableError` for what it cannot get now, and invents
    nothing: a slot that it was not told is None.
    """

    @property
    def name(self) -> str:
        """What a person calls it, such as ``electricity-maps``."""
        ...

    @property
    def home(self) -> str:
        """Its public address; keys are kept under its host."""
        ...

    @property
    def quantities(self) -> tuple[str, ...]:
        """What of `QUANTITIES` it tells."""
        ...

    @property
    def needs_key(self) -> bool:
        """Whether it tells nothing without a key or an account."""
        ...

    def ask(self, asked: Asked) -> Signal:
        """Return what it tells of the time that was asked for, or of a part of it.

        Raises:
            InputError: If it knows no such zone.
            CoverageError: If it has nothing for it.
            UnavailableError: If it does not answer, or not as documented.
        """
        ...


def key_variable(name: str) -> str:
    """Return the environment variable that holds the key of a source."""
    return f"BRIZNA_KEY_{_folded(name)}"


def url_variable(name: str) -> str:
    """Return the environment variable that holds another address of a source, such as a mirror."""
    return f"BRIZNA_URL_{_folded(name)}"


def _folded(name: str) -> str:
    return name.upper().replace("-", "_")


def stamp(instant: datetime) -> str:
    """Return an instant as most sources want it, such as ``2026-03-29T00:00:00Z``."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def instant(text: str) -> datetime:
    """Return the instant that a source wrote, which must say its offset.

    Raises:
        ValueError: If it is none, or does not.
    """
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError(text)
    return found.astimezone(UTC)


def spans(
    start: datetime, end: datetime, longest: timedelta
) -> Iterator[tuple[datetime, datetime]]:
    """Yield a time cut into parts that a source answers in one go."""
    while start < end:
        until = min(end, start + longest)
        yield start, until
        start = until


def must_tell(source: Source, asked: Asked) -> None:
    """Refuse to ask a source for what it never tells.

    Raises:
        CoverageError: If it does not tell this quantity.
    """
    if asked.quantity not in source.quantities:
        raise CoverageError(
            "{source} does not tell {quantity}; it tells {known}.",
            source=source.name,
            quantity=asked.quantity,
            known=", ".join(source.quantities),
        )


def no_forecast(name: str, asked: Asked) -> CoverageError:
    """Return the error for a source that tells only what happened."""
    return CoverageError(
        "{source} tells no forecast of {quantity}: ask for a time that is past.",
        source=name,
        quantity=asked.quantity,
    )


def no_zone(name: str, zone: str, known: Iterable[str]) -> InputError:
    """Return the error for a zone that a source does not have."""
    return InputError(
        "{source} has no zone {zone}; it has {known}.",
        source=name,
        zone=zone,
        known=", ".join(sorted(known)),
    )


def other_unit(name: str, unit: object, expected: str) -> UnavailableError:
    """Return the error for an answer in another unit than documented."""
    return UnavailableError(
        "{source} answers in {unit!r}, but {expected!r} was expected: its form has changed, and a "
        "figure in another unit is not taken for ours.",
        source=name,
        unit=unit,
        expected=expected,
    )


def told(
    asked: Asked,
    rows: Sequence[tuple[datetime, float | None]],
    about: About,
    *,
    step: timedelta | None = None,
    issued_at: datetime | None = None,
    estimated: Iterable[datetime] = (),
) -> Signal:
    """Return the signal of a source's rows, cut to what was asked for.

    Args:
        asked: What was asked for.
        rows: The beginning of each slot and its value.
        about: What the values are; its ``source`` names the source.
        step: How long a slot lasts; the usual time between two rows if None.
        issued_at: When a forecast was issued; the present if None.
        estimated: Beginnings of slots that the source marks as estimated.

    Raises:
        CoverageError: If no row lies in the time that was asked for.
    """
    made = signal_of(rows, about, zone=asked.zone, step=step) if rows else None
    if made is None or made.end <= asked.start or made.start >= asked.end:
        raise CoverageError(
            "{source} has nothing for {zone} from {start} to {end}.",
            source=about.source,
            zone=asked.zone,
            start=asked.start.isoformat(),
            end=asked.end.isoformat(),
        )
    marked = set(estimated)
    made = made.replace(
        estimated=frozenset(i for i, edge in enumerate(made.edges[:-1]) if edge in marked),
        issued_at=(issued_at or asked.now) if made.origin == "forecast" else None,
    )
    return made.between(max(made.start, asked.start), min(made.end, asked.end))

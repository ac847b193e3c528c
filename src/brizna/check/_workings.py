"""What the rules have found of one statement so far, and the figures as they were put right."""

from __future__ import annotations

from brizna.check._rules import failed, failed_sum
from brizna.core.errors import Said

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from brizna.check._statement import Knowledge, Part, Stated, Statement
    from brizna.check._verdict import Evidence, Verdict


class Workings:
    """The state of one examination.

    Attributes:
        statement: What is stated.
        known: What is known beside it.
        verdicts: What the rules came to.
        spoilt: The fields that no further rule may use: they are negative, or 0 where they cannot.
        duration_s: The time, put right where it was in another unit; None where not usable.
        energy_j: The energy of all components, put right.
        carbon_g: The emissions, put right.
        parts: For each field of a component's energy that was put right, what it should be.
        place_is_known: Whether place and country agree, so that they can be used.
        pue_is_possible: Whether the overhead can be what is stated, so that it can be used.
    """

    def __init__(self, statement: Statement, known: Knowledge) -> None:
        self.statement = statement
        self.known = known
        self.verdicts: list[Verdict] = []
        self.spoilt: set[str | None] = set()
        self.parts: dict[str, float] = {}
        self.duration_s = self.value(statement.duration_s)
        self.energy_j = self.value(statement.energy_j)
        self.carbon_g = self.value(statement.carbon_g)
        self.place_is_known = True
        self.pue_is_possible = True

    def add(self, verdict: Verdict) -> None:
        """Keep what a rule came to."""
        self.verdicts.append(verdict)

    def has_failed(self) -> bool:
        """Tell whether some rule is broken."""
        return any(verdict.result == "fail" for verdict in self.verdicts)

    def figures(self) -> Iterator[Stated]:
        """Yield every figure of the statement."""
        it = self.statement
        for stated in (it.duration_s, it.energy_j, it.carbon_g, it.embodied_g, it.whole_g):
            if stated is not None:
                yield stated
        for part in it.parts:
            yield part.energy_j
            if part.power_w is not None:
                yield part.power_w
        if it.intensity_g_per_kwh is not None:
            yield it.intensity_g_per_kwh
        yield from it.others_g

    def spoil(self, stated: Stated) -> None:
        """Let no further rule use a figure."""
        self.spoilt.add(stated.place.field)
        it = self.statement
        for name in ("duration_s", "energy_j", "carbon_g"):
            if getattr(it, name) is stated:
                setattr(self, name, None)

    def any_spoilt(self, parts: Iterable[Part]) -> bool:
        """Tell whether the energy of some component cannot be used."""
        return any(part.energy_j.place.field in self.spoilt for part in parts)

    def value(self, stated: Stated | None) -> float | None:
        """Return a figure that can be computed with: it is there, and above 0."""
        if stated is None or stated.value <= 0 or stated.place.field in self.spoilt:
            return None
        return stated.value

    @property
    def pue(self) -> float:
        """The overhead that is stated; 1 where none is."""
        pue = self.value(self.statement.pue)
        return 1.0 if pue is None else pue

    @property
    def pue_of_parts(self) -> float:
        """The overhead that the energy of a component holds."""
        return self.pue if self.statement.parts_hold_pue else 1.0

    def wrong_sum(self, stated: Stated, expected: float, evidence: Iterable[Evidence]) -> None:
        """Keep that a total is not the sum of its parts, in the base unit."""
        value, right = stated.written, expected / stated.size
        self.add(failed_sum(stated.place, value, right, unit=stated.unit, evidence=evidence))

    def wrong_unit(
        self, rule: str, stated: Stated, unit: str, expected: float, evidence: Iterable[Evidence]
    ) -> None:
        """Keep that a figure is in another unit.

        Args:
            rule: Which rule it breaks.
            stated: The figure.
            unit: The unit in which it seems to be.
            expected: What it should be, in the base unit.
            evidence: What that rests on.
        """
        seen = Said("it is {value:.6g} {unit}", value=stated.written, unit=stated.unit)
        wanted = Said(
            "about {expected:.6g} {unit}: it seems to be in {other}",
            expected=expected / stated.size,
            unit=stated.unit,
            other=unit,
        )
        self.add(failed(rule, stated.place, seen, wanted, evidence))

"""A report of brizna in its form ``json`` as statements, one a run, and its totals."""

from __future__ import annotations

from math import fsum, isfinite

from brizna.check._compare import agree
from brizna.check._rules import FORM, SUM, failed, failed_sum, passed
from brizna.check._statement import Place, Stated, Statement, read_instant, state
from brizna.core.errors import Said
from brizna.core.quantities import Carbon, Duration, Energy, Quantity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from brizna.check._verdict import Verdict

REPORT_SCHEMA = "brizna.report/1"
_UNITS: Mapping[type[Quantity], str] = {Carbon: "g", Duration: "s", Energy: "J"}
_SUMMED: Mapping[str, str] = {
    "energy_j": "J",
    "facility_energy_j": "J",
    "carbon_operational_g": "g",
    "carbon_g": "g",
}


def read_report(data: Any, file: str) -> tuple[list[Statement], list[Verdict]]:
    """Return what a report states of each run, and whether its totals are their sum.

    Args:
        data: The report, as JSON.
        file: Its name, for the findings.
    """
    runs, report = data.get("runs"), _Report(file)
    if not isinstance(runs, list) or not runs:
        return [], [failed(FORM, report.place("runs"), Said("nothing"), Said("a list"))]
    statements = [
        report.statement(_mapped(run), f"runs[{at}]")
        for at, run in enumerate(runs)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    ]
    if not data.get("at_once"):
        report.sums(data, runs)  # pyright: ignore[reportUnknownArgumentType]
    return statements, report.verdicts


def _mapped(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}  # pyright: ignore[reportUnknownVariableType]


class _Report:
    def __init__(self, file: str) -> None:
        self.file = file
        self.verdicts: list[Verdict] = []

    def place(self, path: str) -> Place:
        return Place(file=self.file, field=path)

    def number(self, value: Any, path: str) -> float | None:
        if value is None:
            return None
        plain = _mapped(value).get("best", value)
        if isinstance(plain, (int, float)) and not isinstance(plain, bool) and isfinite(plain):
            return float(plain)
        seen = Said("{value!r:.60}", value=value)
        self.verdicts.append(failed(FORM, self.place(path), seen, Said("a number")))
        return None

    def stated(self, holder: Any, name: str, path: str, kind: type[Quantity]) -> Stated | None:
        number = self.number(_mapped(holder).get(name), f"{path}.{name}")
        here = self.place(f"{path}.{name}")
        return None if number is None else state(number, kind, _UNITS[kind], here)

    def statement(self, run: dict[str, Any], path: str) -> Statement:
        figures, below = run.get("figures"), f"{path}.figures"
        started, zone = run.get("started"), run.get("zone")
        begun = read_instant(str(started))
        return Statement(
            place=self.place(path),
            asks=frozenset(("energy", "carbon", "place", "dates")),
            duration_s=self.stated(run, "duration_s", path, Duration),
            energy_j=self.stated(figures, "facility_energy_j", below, Energy),
            carbon_g=self.stated(figures, "carbon_operational_g", below, Carbon),
            embodied_g=self.stated(figures, "carbon_embodied_g", below, Carbon),
            whole_g=self.stated(figures, "carbon_g", below, Carbon),
            zone=(str(zone), self.place(f"{path}.zone")) if zone else None,
            times=((str(started), begun, self.place(f"{path}.started")),) if started else (),
            ended=begun,
        )

    def sums(self, data: dict[str, Any], runs: list[Any]) -> None:
        """Compare each total with the sum over the runs, where all of them know it."""
        for name, unit in _SUMMED.items():
            holders = [data, *runs]
            figures = [_mapped(_mapped(one).get("figures")) for one in holders]
            values = [one.get(name) for one in figures]
            whole, *parts = (self.number(value, f"figures.{name}") for value in values)
            known = [part for part in parts if part is not None]
            total, place = fsum(known), self.place(f"figures.{name}")
            if whole is None or len(known) < len(parts) or total <= 0:
                continue
            if whole > 0 and agree(whole, total):
                self.verdicts.append(passed(SUM, place))
            else:
                self.verdicts.append(failed_sum(place, whole, total, unit=unit, evidence=[]))

"""What a test's energy is judged by, and the table of what tests used."""

from __future__ import annotations

from brizna.core.estimate import CHANCE
from brizna.core.quantities import Energy
from brizna.core.records import Record
from brizna.report import Format

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from brizna.core.estimate import Estimate

LEAST_RUNS = 5
"""From so many runs on the lowest and the highest enclose the median nine times in ten: they miss
it if all lie on one side of it, which five do once in 16 times."""


class Judgement(Record):
    """What is known of a test against its budget.

    Attributes:
        energy_j: The middle one of its runs, with chance among its doubts.
        budget_j: What it may use.
        verdict: ``pass``; ``fail`` where all of the interval lies above the budget; and
            ``cannot-tell`` where the best value does, and the interval does not.
    """

    energy_j: Estimate
    budget_j: float
    verdict: str


def judge(energies: Sequence[Estimate], budget_j: float) -> Judgement:
    """Return whether runs of one thing keep within a budget.

    Args:
        energies: Of at least `LEAST_RUNS` runs.
        budget_j: What each may use, in joules.
    """
    rising = sorted(energies, key=lambda energy: energy.best.value)
    middle = rising[(len(rising) - 1) // 2]
    if CHANCE not in middle.doubts:
        middle = middle.doubted(CHANCE, rising[0].best, rising[-1].best)
    if middle.best.value <= budget_j:
        verdict = "pass"
    else:
        verdict = "fail" if middle.low.value > budget_j else "cannot-tell"
    return Judgement(energy_j=middle, budget_j=budget_j, verdict=verdict)


def used_lines(rows: Sequence[Mapping[str, Any]], *, lang: str) -> list[str]:
    """Return a table of what tests used, the one that used most first.

    Args:
        rows: Of each test ``test``, ``energy_j`` (a record of an estimate, or None) and
            ``budget_j`` (or None).
        lang: Language of the table.
    """
    from brizna.report._table import Table
    from brizna.report._words import name_basis

    style = Format(lang)
    _ = style.say
    ordered = sorted(rows, key=lambda row: -row["energy_j"]["best"] if row["energy_j"] else 0.0)
    cells: list[tuple[str, ...]] = []
    for row in ordered:
        energy, budget_j = row["energy_j"], row["budget_j"]
        best, ends = style.parts(Energy, energy)
        basis = name_basis(energy["basis"], lang) if energy else ""
        budget = "" if budget_j is None else style.quantity(Energy(budget_j))
        cells.append((best, ends, basis, budget, row["test"]))
    header = (_("energy"), _("interval (90%)"), _("basis"), _("budget"), _("test"))
    return Table(header, cells, right=(0, 1, 3)).lines(width=80, color=False)

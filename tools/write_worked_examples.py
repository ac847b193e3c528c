"""Write docs/explanation/worked-examples.md: what others computed, computed again by brizna.

python tools/write_worked_examples.py > docs/explanation/worked-examples.md

The examples stand in tests/assets/worked-examples.json. Each names its document, where in it, what
it is about, what it states and what it is computed from, which is one of

- ``cases``: facts as ``brizna account`` takes them; figures of several are summed, and the figure
  ``sci`` is their use and making for one of ``unit``;
- ``formula`` with ``inputs``: symbols with a number and its unit, or a factor of brizna's tables;
- ``server``: the parts of a server, for the making of one of them or of all.

A stated figure is kept as it is printed, because its digits are its tolerance: it closes where
what is recomputed rounds to it. ``slack`` is what may be missing beyond that, as a share of the
figure, and never without the reason (``because``).
"""

from __future__ import annotations

import importlib
import json
import sys
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from brizna.account import ServerParts, embodied_parts
from brizna.account._footprint import evaluate
from brizna.core.estimate import exactly, total
from brizna.core.factors import factor, kind_of
from brizna.core.quantities import Ratio
from brizna.verbs import account_case

if TYPE_CHECKING:
    from collections.abc import Sequence

    from brizna.account import Footprint
    from brizna.core.estimate import Estimate

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / "tests" / "assets" / "worked-examples.json"
ROUNDED = 1 + 1e-9
"""A figure that lies on the edge of rounding, but for floating point, rounds either way."""

HEAD = """\
# Worked examples of others, computed again

<!-- Written by tools/write_worked_examples.py; a test compares: change the examples, not this. -->

What brizna computes should come to what others publish where both mean the same, and should say so
where the publication is wrong. Here are {count} examples with {figures} figures out of {documents}
documents: what each is computed from, what the document prints, and what brizna makes of it.
{off} figures are **off**: the printed number does not follow from the printed inputs.

A figure **closes** where brizna's number rounds to the printed one, digit by digit. Where that asks
too much of the document, the line says how much more was allowed and why. The facts that stand
before `brizna account -` are what brizna was given; several of them are summed. The other examples
are formulas, with factors of brizna's own tables by their ids. How far a document was read for
this page stands below its name.

Published trainings of models, recomputed from hours, power, PUE and intensity, have
[a page of their own](published-models.md); the figures of the documents that brizna answers to are
[claims](claims.md).
"""


class Compared(NamedTuple):
    """A printed figure beside the same figure computed again, both in its unit."""

    figure: str
    printed: Decimal
    recomputed: float
    unit: str
    closes: bool
    expected: bool


@cache
def read_examples() -> dict[str, Any]:
    """Return the file of examples."""
    return json.loads(EXAMPLES.read_text(encoding="utf-8"))


def compare(example: dict[str, Any]) -> list[Compared]:
    """Return each figure that an example states beside what brizna makes of it."""
    found: list[Compared] = []
    for stated in example["stated"]:
        printed = Decimal(stated["value"])
        recomputed = recompute(example, stated["figure"]).best.to(stated["unit"])
        half_digit = 0.5 * 10.0 ** int(printed.as_tuple().exponent)
        allowed = half_digit * ROUNDED + example.get("slack", 0) * abs(float(printed))
        found.append(
            Compared(
                figure=stated["figure"],
                printed=printed,
                recomputed=recomputed,
                unit=stated["unit"],
                closes=abs(recomputed - float(printed)) <= allowed,
                expected=stated.get("verdict", "closes") == "closes",
            )
        )
    return found


def recompute(example: dict[str, Any], figure: str) -> Estimate:
    """Return a figure of an example, computed by brizna from the example's inputs."""
    if "cases" in example:
        return _of_cases(example, [account_case(case)[1] for case in example["cases"]], figure)
    if "server" in example:
        parts = embodied_parts(ServerParts(**example["server"]), lambda one: one.estimate())
        return total(parts.values()) if figure == "total" else parts[figure]
    formula = example.get("formulas", {}).get(figure, example["formula"])
    return evaluate(formula, {name: _input(given) for name, given in example["inputs"].items()})


def _of_cases(example: dict[str, Any], footprints: Sequence[Footprint], figure: str) -> Estimate:
    if figure != "sci":
        return total(_known(footprint, figure) for footprint in footprints)
    emitted = total(_known(footprint, "carbon_g") for footprint in footprints)
    return emitted / exactly(Ratio(example["unit"]["count"]))


def _known(footprint: Footprint, figure: str) -> Estimate:
    value = getattr(footprint, figure)
    assert value is not None, f"{figure}: {footprint.reasons.get(figure)}"
    return value


def _input(given: Any) -> Estimate:
    if isinstance(given, dict):
        room, table, name = given["factor"]
        importlib.import_module(room)  # its tables are read through it
        return factor(room, table, name).estimate()
    value, unit = given
    return exactly(kind_of(unit).of(value, unit))


# ---------------------------------------------------------------------------------------- the page


def main() -> None:
    """Write the page to standard output."""
    data = read_examples()
    compared = {example["id"]: compare(example) for example in data["examples"]}
    figures = [one for several in compared.values() for one in several]
    out = HEAD.format(
        count=len(compared),
        figures=len(figures),
        documents=len(data["documents"]),
        off=sum(not one.closes for one in figures),
    )
    for name, document in data["documents"].items():
        out += f"\n## {document['title']}\n\n<{document['url']}> (read: {document['read']})\n"
        for example in data["examples"]:
            if example["document"] == name:
                out += _section(example, compared[example["id"]])
    sys.stdout.write(out)


def _section(example: dict[str, Any], compared: Sequence[Compared]) -> str:
    lines = ["", f"**{example['what']}** ({example['where']})", "", "```text", *_inputs(example)]
    lines += ["```", ""]
    for one in compared:
        verdict = "closes" if one.closes else f"**off**: {_apart(one)}"
        unit = "" if one.unit == "1" else f" {one.unit}"
        lines.append(
            f"- {_NAMES.get(one.figure, one.figure)}: printed {one.printed:,f}{unit}, "
            f"recomputed {_number(one)}{unit}: {verdict}"
        )
    if example.get("slack"):
        lines.append(f"- allowed beyond rounding: {example['slack']:.3%} ({example['because']})")
    if "note" in example:
        lines.append(f"- {example['note']}")
    return "\n".join(lines) + "\n"


def _inputs(example: dict[str, Any]) -> list[str]:
    if "cases" in example:
        lines = [f"echo '{json.dumps(case)}' | brizna account -" for case in example["cases"]]
        unit = example.get("unit")
        return [*lines, f"for {unit['count']:,} x {unit['name']}"] if unit else lines
    if "server" in example:
        return [", ".join(f"{name}={count}" for name, count in example["server"].items())]
    return [
        *example.get("formulas", {}).values(),
        example["formula"],
        *(f"  {name} = {_told(given)}" for name, given in example["inputs"].items()),
    ]


def _told(given: Any) -> str:
    if isinstance(given, dict):
        return given["factor"][2]
    return f"{given[0]:,.12g} {given[1]}".removesuffix(" 1")


_NAMES = {
    "sci": "SCI",
    "sci_g_per_unit": "SCI",
    "energy_j": "energy",
    "facility_energy_j": "energy with PUE",
    "storage_energy_j": "energy of storage",
    "carbon_operational_g": "emitted in use",
    "carbon_embodied_g": "emitted in making",
    "carbon_g": "emitted",
    "carbon_market_g": "emitted by contract",
    "water_l": "water",
}


def _number(one: Compared) -> str:
    """Return what was recomputed with two digits more than are printed, at least four."""
    digits = max(4, len(one.printed.as_tuple().digits) + 2)
    text = f"{one.recomputed:,.{digits}g}"
    return f"{one.recomputed:,.0f}" if "e+" in text else text


def _apart(one: Compared) -> str:
    ratio = float(one.printed) / one.recomputed
    high = ratio > 1
    return f"{ratio if high else 1 / ratio:,.4g} times too {'high' if high else 'low'}"


if __name__ == "__main__":
    main()

"""A manifest of Impact Framework as statements: kWh, g, g/kWh and seconds, one an output."""

from __future__ import annotations

from math import fsum

from brizna.check._compare import J_PER_KWH, agree, limit
from brizna.check._rules import (
    FORM,
    HOURS,
    SUM,
    TIME_POWER,
    TWICE,
    failed,
    failed_sum,
    passed,
    untold,
)
from brizna.check._statement import (
    Device,
    Part,
    Place,
    Stated,
    Statement,
    read_instant,
    state,
)
from brizna.check._verdict import Evidence
from brizna.core.errors import Said
from brizna.core.quantities import Carbon, CarbonIntensity, Duration, Energy, Quantity, Ratio

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from brizna.check._verdict import Verdict
    from brizna.check._yaml import Node

_PARTS = {
    "cpu/energy": "cpu",
    "gpu/energy": "gpu",
    "memory/energy": "memory",
    "network/energy": "network",
    "storage/energy": "storage",
}
_PUE = ("pue", "datacenter/pue", "cloud/pue")
_SUMMED: Mapping[str, tuple[type[Quantity], str]] = {
    "energy": (Energy, "kWh"),
    "carbon": (Carbon, "g"),
    "carbon-operational": (Carbon, "g"),
    "carbon-embodied": (Carbon, "g"),
}


def is_manifest(root: Node) -> bool:
    """Tell whether a YAML document is a manifest."""
    return root["tree"].value is not None


def read_manifest(root: Node, file: str) -> tuple[list[Statement], list[Verdict]]:
    """Return what each output states, and what was found between outputs.

    Args:
        root: The document.
        file: Its name, for the findings.
    """
    statements: list[Statement] = []
    verdicts: list[Verdict] = []
    _walk(root["tree"], "tree", file, (statements, verdicts))
    if not statements and not verdicts:
        why = Said("the manifest holds no outputs: run it first")
        verdicts.append(untold(SUM, Place(file=file), why))
    return statements, verdicts


def _walk(node: Node, path: str, file: str, found: tuple[list[Statement], list[Verdict]]) -> None:
    statements, verdicts = found
    rows = list(node["outputs"].each())
    for at, row in enumerate(rows):
        reader = _Output(row, f"{path}.outputs[{at}]", file)
        statements.append(reader.statement())
        verdicts += reader.powers()
        verdicts += reader.broken
    verdicts += _between(rows, path, file)
    if rows:
        verdicts += _aggregated(node["aggregated"], rows, path, file)
    for name, child in node["children"].items():
        _walk(child, f"{path}.{name}", file, found)


class _Output:
    def __init__(self, row: Node, path: str, file: str) -> None:
        self.row = row
        self.path = path
        self.file = file
        self.broken: list[Verdict] = []

    def place(self, name: str | None = None) -> Place:
        line = self.row.line if name is None else self.row[name].line
        field = self.path if name is None else f"{self.path}.{name}"
        return Place(file=self.file, line=line, field=field)

    def figure(self, name: str, kind: type[Quantity], unit: str) -> Stated | None:
        node = self.row[name]
        if node.value is None:
            return None
        number = node.number()
        if number is None:
            seen = Said("{text!r:.60}", text=node.text() or "")
            self.broken.append(failed(FORM, self.place(name), seen, Said("a number")))
            return None
        return state(number, kind, unit, self.place(name))

    def statement(self) -> Statement:
        row = self.row
        time = row["timestamp"].text()
        ended = None if time is None else read_instant(time)
        pue = next((name for name in _PUE if row[name].value is not None), "pue")
        where = next((n for n in ("grid/zone", "location", "country") if row[n].text()), None)
        asks = {"energy", "carbon", "intensity", "dates"}
        devices = self.devices()
        asks |= {"devices"} if devices else set[str]()
        return Statement(
            place=self.place(),
            asks=frozenset(asks),
            duration_s=self.figure("duration", Duration, "s"),
            energy_j=self.figure("energy", Energy, "kWh"),
            parts=self.parts(),
            pue=self.figure(pue, Ratio, "1"),
            parts_hold_pue=False,
            carbon_g=self.figure("carbon-operational", Carbon, "g"),
            embodied_g=self.figure("carbon-embodied", Carbon, "g"),
            whole_g=self.figure("carbon", Carbon, "g"),
            intensity_g_per_kwh=self.figure(
                "grid/carbon-intensity", CarbonIntensity, CarbonIntensity.unit
            ),
            zone=(row[where].text() or "", self.place(where)) if where else None,
            devices=devices,
            times=() if time is None else ((time, ended, self.place("timestamp")),),
            ended=ended,
        )

    def parts(self) -> tuple[Part, ...]:
        found: list[Part] = []
        for name, kind in _PARTS.items():
            energy_j = self.figure(name, Energy, "kWh")
            if energy_j is not None:
                found.append(Part(kind=kind, energy_j=energy_j, power_w=None))
        return tuple(found)

    def powers(self) -> list[Verdict]:
        """Return whether each power, in W or kW, is that which its energy and the time give."""
        found: list[Verdict] = []
        duration_s = self.row["duration"].number()
        pue = next((self.row[name].number() for name in _PUE if self.row[name].number()), None)
        for kind in ("", *(f"{name.partition('/')[0]}/" for name in _PARTS)):
            energy_kwh, power = (self.row[f"{kind}{n}"].number() for n in ("energy", "power"))
            if not duration_s or not energy_kwh or not power:
                continue
            if min(duration_s, energy_kwh, power) < 0:
                continue
            mean_w = energy_kwh * J_PER_KWH / duration_s
            place, within = self.place(f"{kind}power"), limit("mean-power") * max(pue or 1, 1)
            evidence = [
                Evidence(name=f"{kind}power", value=power, unit="W", origin=str(place)),
                Evidence(name="power", value=mean_w, unit="W", origin=f"{kind}energy / duration"),
            ]
            if agree(mean_w, power, within=within) or agree(mean_w, power * 1e3, within=within):
                found.append(passed(TIME_POWER, place, evidence))
                continue
            seen = Said("it is {value:.6g} {unit}", value=power, unit="W")
            expected = Said("{mean:.4g} W, which is energy / time", mean=mean_w)
            found.append(failed(TIME_POWER, place, seen, expected, evidence))
        return found

    def devices(self) -> tuple[Device, ...]:
        design_w = self.row["cpu/thermal-design-power"].number()
        name = self.row["physical-processor"].text()
        if design_w is None and name is None:
            return ()
        threads = self.row["vcpus-total"].number()
        return (
            Device(
                kind="cpu",
                name=name or "cpu/thermal-design-power",
                count=1,
                threads=int(threads) if threads else None,
                place=self.place("cpu/thermal-design-power" if design_w else "physical-processor"),
                design_w=design_w,
            ),
        )


def _between(rows: list[Node], path: str, file: str) -> list[Verdict]:
    """Return whether the outputs follow each other without a hole."""
    found: list[Verdict] = []
    for at in range(1, len(rows)):
        before, after = rows[at - 1], rows[at]
        begun, next_begun = (read_instant(r["timestamp"].text() or "") for r in (before, after))
        length = before["duration"].number()
        if begun is None or next_begun is None or length is None or length <= 0:
            continue
        place = Place(file=file, line=after.line, field=f"{path}.outputs[{at}].timestamp")
        apart = (next_begun - begun).total_seconds()
        if apart < length * (1 - limit("gap-share")):
            seen = Said("two outputs overlap by {seconds:.6g} s", seconds=length - apart)
            expected = Said(
                "each to begin where the one before ends, after {length:.6g} s", length=length
            )
            found.append(failed(TWICE, place, seen, expected))
            continue
        if apart <= length * (1 + limit("gap-share")):
            found.append(passed(HOURS, place))
            continue
        seen = Said("{seconds:.6g} s stand between two outputs", seconds=apart - length)
        expected = Said(
            "each to begin where the one before ends, after {length:.6g} s", length=length
        )
        found.append(failed(HOURS, place, seen, expected))
    return found


def _aggregated(node: Node, rows: list[Node], path: str, file: str) -> list[Verdict]:
    """Return whether totals over time are the sum of the outputs."""
    found: list[Verdict] = []
    for name, (_, unit) in _SUMMED.items():
        whole = node[name].number()
        parts = [row[name].number() for row in rows]
        known = [part for part in parts if part is not None]
        total = fsum(known)
        if whole is None or len(known) < len(parts) or whole <= 0 or total <= 0:
            continue
        field = f"{path}.aggregated.{name}"
        place = Place(file=file, line=node[name].line, field=field)
        evidence = [
            Evidence(name=field, value=whole, unit=unit, origin=str(place)),
            Evidence(name=field, value=total, unit=unit, origin=f"sum of {path}.outputs[].{name}"),
        ]
        if agree(whole, total):
            found.append(passed(SUM, place, evidence))
        else:
            found.append(failed_sum(place, whole, total, unit=unit, evidence=evidence))
    return found

"""Rules that read runs and their footprints: what was measured, known and written down."""

from __future__ import annotations

from math import fsum

from brizna.check._compare import limit
from brizna.check._verdict import Evidence, Place
from brizna.core.errors import Said

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from brizna.check._project import Held, Judge, Project, ProjectRule
    from brizna.check._verdict import Verdict

RUN, FOOTPRINT = "brizna.run/1", "brizna.footprint/1"
_NO_RUNS = Said("no run was measured here: brizna run -- COMMAND")
_LONG_S = 60.0
"""Shorter runs say little of how hardware is used."""
_MOST_NAMED = 5


def judge_baseline(rule: ProjectRule, project: Project) -> Verdict:
    """Judge whether there is a measured run to compare with."""
    runs = project.of(RUN)
    if not runs:
        return rule.untold(project.place, _NO_RUNS)
    good = [one for one in runs if _succeeded(one) and _energy(one) is not None]
    if not good:
        return rule.failed(
            Place(file=runs[-1].place),
            Said("{count} runs, and none ended well with its energy known", count=len(runs)),
            Said("a run that ends with 0, and at least one channel that counts energy"),
        )
    first = good[0]
    return rule.passed(
        Place(file=first.place), [_estimated("energy_j", _energy(first), "J", first)]
    )


def judge_metrics(rule: ProjectRule, project: Project) -> Verdict:
    """Judge whether runs tell energy and the use of the hardware."""
    runs = project.of(RUN)
    if not runs:
        return rule.untold(project.place, _NO_RUNS)
    last = [one for one in runs if one.data["duration_s"] >= _LONG_S][-1:] or runs[-1:]
    return _judge_watched(rule, last[0])


def _judge_watched(rule: ProjectRule, last: Held) -> Verdict:
    uses = [one for one in last.data["measurement"].get("gauges") or () if _is_use(one)]
    energy = _energy(last)
    if energy is None or not uses:
        missing = Said("use of the hardware") if energy is not None else Said("energy")
        return rule.failed(
            Place(file=last.place),
            Said("this run does not tell it: {missing}", missing=missing),
            Said("energy, and the use of processors and accelerators, of each run"),
        )
    shown = [_estimated("energy_j", energy, "J", last)]
    shown += [_figure(one["id"], one["mean"], "1", last) for one in uses]
    return rule.passed(Place(file=last.place), shown)


def judge_per_work(rule: ProjectRule, project: Project) -> Verdict:
    """Judge whether energy is told for a piece of work."""
    runs = project.of(RUN)
    if not runs:
        return rule.untold(project.place, _NO_RUNS)
    shown = [
        _estimated(f"energy_j / {work['name']}", work["energy_j_per_unit"], "J", one)
        for one in runs
        for work in one.data["measurement"].get("work") or ()
        if work.get("energy_j_per_unit") is not None
    ]
    shown += [
        _estimated("sci_g_per_unit", one.data["sci_g_per_unit"], "g", one)
        for one in project.of(FOOTPRINT, "brizna.sci/1")
        if one.data.get("sci_g_per_unit") is not None
    ]
    if shown:
        return rule.passed(Place(file=shown[-1].origin), shown[-_MOST_NAMED:])
    return rule.failed(
        Place(file=runs[-1].place),
        Said("no run counts its work, and no footprint has a functional unit"),
        Said("joules per batch, sample, token or request"),
    )


def judge_used(rule: ProjectRule, project: Project) -> Verdict:
    """Judge whether the hardware was busy while it was in use.

    Of processors by the run's own time on them where that is known: others may keep them busy too.
    """
    least = limit("least-use")
    seen: dict[str, list[tuple[float, float, Held]]] = {}
    unsure: list[Held] = []
    for run in project.of(RUN):
        gauges = [one for one in run.data["measurement"].get("gauges") or () if _is_use(one)]
        cards = [one for one in gauges if not one["id"].startswith("cpu/")]
        for one in cards or gauges:
            if run.data["duration_s"] < _LONG_S:
                continue
            low, high = _own_use(run, one)
            if low < least <= high:
                unsure.append(run)
            else:
                told = (run.data["duration_s"], low if low >= least else high, run)
                seen.setdefault(one["id"], []).append(told)
    if unsure and not seen:
        why = Said("others used the processors too, and the run's own share is known as at least")
        return rule.untold(Place(file=unsure[-1].place), why)
    if not seen:
        return rule.untold(
            project.place,
            Said("no run of {seconds} s or more tells how busy the hardware was", seconds=60),
        )
    shown = [_mean_use(name, told) for name, told in seen.items()]
    idle = [one for one in shown if one.value is not None and one.value < least]
    if idle:
        return rule.failed(
            Place(file=idle[0].origin, field=idle[0].name),
            Said("busy for {percent:.0f} % of the time", percent=100 * (idle[0].value or 0.0)),
            Said("{percent:.0f} % or more, over the time of all long runs", percent=100 * least),
            shown,
        )
    return rule.passed(Place(file=shown[0].origin), shown)


def _own_use(run: Held, gauge: dict[str, Any]) -> tuple[float, float]:
    """Return between what the run's own use of a piece of hardware lies, as shares."""
    measured: dict[str, Any] = run.data["measurement"]
    hardware: dict[str, Any] = run.data["site"].get("hardware") or {}
    cpu_s, threads = measured.get("cpu_time_s"), hardware.get("threads")
    if not gauge["id"].startswith("cpu/") or cpu_s is None or not threads:
        return gauge["mean"], gauge["mean"]
    own = min(cpu_s / (run.data["duration_s"] * threads), 1.0)
    if measured.get("cpu_time_coverage") == "exact":
        return own, own
    return min(own, gauge["mean"]), gauge["mean"]


def _mean_use(name: str, told: list[tuple[float, float, Held]]) -> Evidence:
    whole_s = fsum(duration_s for duration_s, _, _ in told)
    mean = fsum(duration_s * share for duration_s, share, _ in told) / whole_s
    shares = [share for _, share, _ in told]
    return Evidence(
        name=name,
        value=mean,
        unit="1",
        origin=told[-1][2].place,
        low=min(shares),
        high=max(shares),
    )


def judge_traceable(rule: ProjectRule, project: Project) -> Verdict:
    """Judge whether each run tells which code and which libraries it ran."""
    runs = project.of(RUN)
    if not runs:
        return rule.untold(project.place, _NO_RUNS)
    blind = [one for one in runs if not one.data["environment"].get("git_revision")]
    if blind:
        return rule.failed(
            Place(file=blind[-1].place),
            Said("{count} of {all} runs know no commit", count=len(blind), all=len(runs)),
            Said("runs inside a work tree of git, so that their code can be found again"),
        )
    last = runs[-1]
    code: dict[str, Any] = last.data["environment"].get("code") or {}
    changed = code.get("changed")
    if changed:
        why = Said(
            "the code of the latest run is in no commit: {count} files differ", count=changed
        )
        return rule.untold(Place(file=last.place), why)
    kept = [
        one
        for one in project.of("brizna.software/1")
        if one.digest == _software(last).get("record")
    ]
    if not kept:
        why = Said("which libraries the latest run used is not on record")
        return rule.untold(Place(file=last.place), why)
    shown = [
        _named(f"git {last.data['environment']['git_revision'][:12]}", last),
        Evidence(
            name=str(Said("distributions")),
            value=float(len(kept[0].data["distributions"])),
            unit="1",
            origin=kept[0].digest,
        ),
    ]
    return rule.passed(Place(file=last.place), shown)


def judge_approved(rule: ProjectRule, project: Project) -> Verdict:
    """Judge whether runs used what was ever approved, and the latest what is approved now."""
    events = project.of("brizna.approval/1")
    if not events:
        return rule.untold(project.place, Said("no list of what is approved is kept here"))
    last = events[-1]
    wrong: str | None = last.data.get("wrong")
    if wrong is not None:
        return rule.failed(
            Place(file=last.place),
            Said("the list is not believed: {why}", why=Said(wrong)),
            Said("one unbroken list, signed with keys of the ring"),
        )
    good = [one for one in events if one.data["action"] in ("approve", "rollback")]
    runs = [one for one in project.of(RUN) if _software(one).get("installed")]
    if not good or not runs:
        why = Said("nothing was approved yet") if runs else Said("no run says what it used")
        return rule.untold(Place(file=last.place), why)
    ever = {one.data["installed"] for one in good}
    outside = [one for one in runs if _software(one)["installed"] not in ever]
    if outside:
        return rule.failed(
            Place(file=outside[-1].place),
            Said(
                "{count} of {all} runs used what was never approved",
                count=len(outside),
                all=len(runs),
            ),
            Said("what is approved now"),
            [_used(one) for one in outside[-_MOST_NAMED:]],
        )
    approved, used = good[-1].data["installed"], _software(runs[-1])["installed"]
    shown = [
        Evidence(name="approved", value=None, unit="1", origin=approved),
        _used(runs[-1]),
    ]
    if approved == used:
        return rule.passed(Place(file=runs[-1].place), shown)
    return rule.failed(
        Place(file=runs[-1].place),
        Said("the latest run used something else"),
        Said("what is approved now"),
        shown,
    )


def _used(run: Held) -> Evidence:
    return Evidence(name=run.place, value=None, unit="1", origin=_software(run)["installed"])


def _software(run: Held) -> dict[str, Any]:
    return run.data["environment"].get("software") or {}


def judge_documented(rule: ProjectRule, project: Project) -> Verdict:
    """Judge whether each run has its configuration, figures and versions on record."""
    runs = [one for one in project.of(RUN) if one.data["state"] != "running"]
    if project.broken:
        return rule.failed(
            project.place,
            Said("not what it was when it was written: {what}", what=project.broken[0]),
            Said("records that nobody changed"),
        )
    if not runs:
        return rule.untold(project.place, _NO_RUNS)
    accounted = {one.data["subject"] for one in project.of(FOOTPRINT)}
    lacking = [
        one
        for one in runs
        if one.data.get("brizna") is None or (_succeeded(one) and one.digest not in accounted)
    ]
    if lacking:
        return rule.failed(
            Place(file=lacking[-1].place),
            Said("{count} of {all} runs without a footprint", count=len(lacking), all=len(runs)),
            Said("command, versions, energy and footprint of each run"),
        )
    shown = [_named(one.place, one) for one in runs[-_MOST_NAMED:]]
    whole = Evidence(
        name=str(Said("runs on record")), value=float(len(runs)), unit="1", origin=runs[-1].place
    )
    return rule.passed(Place(file=runs[-1].place), [whole, *shown])


def judge_resources(rule: ProjectRule, project: Project) -> Verdict:
    """Judge whether the computing resources and the time are on record."""
    runs = [one for one in project.of(RUN) if one.data["state"] == "finished"]
    if not runs:
        return rule.untold(project.place, _NO_RUNS)
    last = runs[-1]
    hardware: dict[str, Any] = last.data["site"].get("hardware") or {}
    names: list[str | None] = [hardware.get("cpu"), *(hardware.get("gpus") or ())]
    if not any(names):
        return rule.failed(
            Place(file=last.place),
            Said("the latest run does not say on what it ran"),
            Said("processors, accelerators and the time that they were used"),
        )
    shown = [_figure("duration_s", last.data["duration_s"], "s", last)]
    shown += [_named(name, last) for name in names if name]
    return rule.passed(Place(file=last.place), shown)


# ------------------------------------------------------------------------------------- footprints


def judge_figure(
    name: str, unit: str, *, expected: Said, known: Callable[[dict[str, Any]], Any] | None = None
) -> Judge:
    """Return the judge of whether the latest footprint knows a figure.

    Args:
        name: The figure's name in a footprint.
        unit: Its unit.
        expected: What is expected of it.
        known: Takes the figure from a footprint; by its name if None.
    """

    def judge(rule: ProjectRule, project: Project) -> Verdict:
        footprints = project.of(FOOTPRINT)
        if not footprints:
            return rule.untold(project.place, Said("no run was accounted for here"))
        last = footprints[-1]
        figure = last.data.get(name) if known is None else known(last.data)
        place = Place(file=last.place, field=name)
        if figure is None:
            reasons: dict[str, str] = last.data.get("reasons") or {}
            why = reasons.get(name)
            seen = Said("it is not known") if why is None else Said("not known: {why}", why=why)
            return rule.failed(place, seen, expected)
        return rule.passed(place, [_estimated(name, figure, unit, last)])

    return judge


def judge_boundary(rule: ProjectRule, project: Project) -> Verdict:
    """Judge whether footprints say what they leave out, and why."""
    footprints = project.of(FOOTPRINT)
    if not footprints:
        return rule.untold(project.place, Said("no run was accounted for here"))
    last = footprints[-1]
    place = Place(file=last.place, field="boundary")
    parts = last.data.get("boundary") or ()
    silent = [one["item"] for one in parts if one["state"] == "out" and not one.get("reason")]
    if not parts or silent:
        return rule.failed(
            place,
            Said("left out without a reason: {names}", names=", ".join(silent) or "?"),
            Said("each part of the system in or out, and why"),
        )
    shown = _figure(str(Said("parts with a state")), float(len(parts)), "1", last)
    return rule.passed(place, [shown])


def judge_facility(rule: ProjectRule, project: Project) -> Verdict:
    """Judge whether the overhead of the building is that of the place, and no default."""
    footprints = project.of(FOOTPRINT)
    if not footprints:
        return rule.untold(project.place, Said("no run was accounted for here"))
    last = footprints[-1]
    assumptions: dict[str, Any] = last.data.get("assumptions") or {}
    pue = assumptions.get("pue")
    place = Place(file=last.place, field="assumptions.pue")
    if pue is None or pue["basis"] == "default":
        return rule.failed(
            place,
            Said("the overhead of the building (PUE) is a default"),
            Said("the PUE of the place: --pue, or --operator for a published one"),
            [] if pue is None else [_estimated("pue", pue, "1", last)],
        )
    return rule.passed(place, [_estimated("pue", pue, "1", last)])


# ------------------------------------------------------------------------------------------ parts


def _succeeded(run: Held) -> bool:
    return run.data["state"] == "finished" and run.data.get("exit_code") in (0, None)


def _energy(run: Held) -> dict[str, Any] | None:
    return run.data["measurement"].get("energy_j")


def _is_use(gauge: dict[str, Any]) -> bool:
    return gauge["id"].endswith("/use") and gauge.get("mean") is not None


def _estimated(name: str, figure: Any, unit: str, held: Held) -> Evidence:
    """Return an estimate as evidence; a plain number too."""
    if isinstance(figure, (int, float)):
        return _figure(name, float(figure), unit, held)
    told: dict[str, Any] = figure
    return Evidence(
        name=name,
        value=told["best"],
        unit=unit,
        origin=held.place,
        low=told.get("low"),
        high=told.get("high"),
    )


def _figure(name: str, value: float | None, unit: str, held: Held) -> Evidence:
    return Evidence(name=name, value=value, unit=unit, origin=held.place)


def _named(name: str, held: Held) -> Evidence:
    return Evidence(name=name, value=None, unit="1", origin=held.digest)

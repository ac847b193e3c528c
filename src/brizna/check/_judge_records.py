"""Rules that read what plans, studies, sweeps and advice found, and what people answered."""

from __future__ import annotations

from brizna.check._card import is_card, read_card
from brizna.check._verdict import Evidence, Place
from brizna.core.codec import digest_of_bytes
from brizna.core.errors import Said

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from brizna.check._project import Held, Judge, Project, ProjectRule
    from brizna.check._verdict import Verdict

PLAN, SWEEP, TUNE = "brizna.plan/1", "brizna.sweep/1", "brizna.tune/1"
IMPROVEMENT, SCALING = "brizna.improvement/1", "brizna.scaling/1"
_NO_STUDY = Said("no study of the model was found here: brizna improve CONFIG")
_NOTHING = digest_of_bytes(b"")
"""Of a file that holds nothing."""
_OPTIMISED = ("onnxruntime", "openvino", "torch-compile", "tensorrt")
"""Runtimes that are made for answering fast, as a study names them."""


def judge_record(schema: str, *, todo: Said, shown: str, holds: _Holds | None = None) -> Judge:
    """Return the judge of whether a record of a schema is there, and says enough.

    Args:
        schema: Of the record.
        todo: What is missing where there is none, with the command that makes it.
        shown: The field that is shown as evidence.
        holds: Says what is wrong with a record; nothing is if None.
    """

    def judge(rule: ProjectRule, project: Project) -> Verdict:
        found = project.of(schema)
        if not found:
            return rule.untold(project.place, todo)
        last = found[-1]
        wrong = None if holds is None else holds(last.data)
        if wrong is not None:
            return rule.failed(Place(file=last.place), *wrong)
        return rule.passed(Place(file=last.place), [_told(shown, last)])

    return judge


if TYPE_CHECKING:
    _Holds = Callable[[dict[str, Any]], tuple[Said, Said] | None]
    """Returns what was seen and what was expected; None where nothing is wrong."""


# ------------------------------------------------------------------------------------------- plans


def judge_hours(rule: ProjectRule, project: Project) -> Verdict:
    """Judge whether plans looked for cleaner hours."""
    return _judge_plans(
        rule,
        project,
        _hours,
        Said("the plan knows no hours: nothing was there to choose between"),
        Said("a plan over several hours of the grid: brizna plan JOB --save"),
    )


def _hours(plan: dict[str, Any]) -> int:
    hours: dict[str, Any] = plan.get("hours") or {}
    return len(hours.get("intensity_g_per_kwh", ()))


def judge_places(rule: ProjectRule, project: Project) -> Verdict:
    """Judge whether several places were compared."""
    advice = project.of("brizna.site-advice/1")
    if advice and len(advice[-1].data["options"]) > 1:
        return rule.passed(Place(file=advice[-1].place), [_told("best", advice[-1])])
    return _judge_plans(
        rule,
        project,
        lambda plan: len(plan.get("alternatives") or ()) + len(plan.get("refused") or ()),
        Said("one place only was looked at"),
        Said("two places or more in the plan, or the answer of brizna plan site as JSON"),
    )


def _judge_plans(
    rule: ProjectRule,
    project: Project,
    count: Callable[[dict[str, Any]], int],
    seen: Said,
    expected: Said,
) -> Verdict:
    plans = project.of(PLAN)
    if not plans:
        return rule.untold(project.place, Said("no plan is kept here: brizna plan JOB --save"))
    counted = [(count(one.data), one) for one in plans]
    good = [(number, one) for number, one in counted if number]
    if not good:
        return rule.failed(Place(file=plans[-1].place), seen, expected)
    number, last = good[-1]
    told = [Evidence(name=_name(last), value=float(number), unit="1", origin=last.digest)]
    saving = last.data.get("saving_g")
    if saving is not None:
        told.append(
            Evidence(
                name="saving_g",
                value=saving["best"],
                unit="g",
                origin=last.place,
                low=saving["low"],
                high=saving["high"],
            )
        )
    return rule.passed(Place(file=last.place), told)


def _name(plan: Held) -> str:
    return str(plan.data["workload"].get("name") or plan.digest[7:19])


# ------------------------------------------------------------------------------------------ sweeps


def judge_swept(kinds: tuple[str, ...], what: Said) -> Judge:
    """Return the judge of whether settings of some kinds were tried against energy.

    Args:
        kinds: How the dimensions are called, as `brizna.core.sweep.KINDS`.
        what: What is missing where there is none.
    """

    def judge(rule: ProjectRule, project: Project) -> Verdict:
        sweeps = [
            one
            for one in project.of(SWEEP)
            if any(
                name.startswith(kinds)
                for setting in one.data["settings"]
                for name in setting["levels"]
            )
        ]
        if not sweeps:
            return rule.untold(project.place, what)
        last = sweeps[-1]
        if last.data["recommended"] is None:
            return rule.failed(
                Place(file=last.place),
                Said("the sweep came to no recommendation"),
                Said("enough repeats to tell the settings apart"),
            )
        settings = {one["name"]: one for one in last.data["settings"]}
        ratio = settings[last.data["recommended"]].get("energy_ratio")
        shown = Evidence(
            name=last.data["recommended"],
            value=None if ratio is None else ratio["best"],
            unit="1",
            origin=last.digest,
        )
        return rule.passed(Place(file=last.place), [shown])

    return judge


def energy_and_quality(tune: dict[str, Any]) -> tuple[Said, Said] | None:
    """Tell what is wrong with a search for parameters that should weigh two goals."""
    both = [
        one
        for one in tune["settings"]
        if one.get("quality") is not None and one.get("energy_j") is not None
    ]
    if tune["recommended"] is None or len(both) < 2:
        return (
            Said("{count} settings have both quality and energy", count=len(both)),
            Said("two or more, and a recommendation"),
        )
    return None


# ------------------------------------------------------------------------------------------ studies


def judge_tried(*steps: str) -> Judge:
    """Return the judge of whether a study tried steps whose names begin so; any step if none.

    What was tried and failed was tried; what the study declined does not apply, for its reason.
    """

    def judge(rule: ProjectRule, project: Project) -> Verdict:
        studies = project.of(IMPROVEMENT)
        if not studies:
            return rule.untold(project.place, _NO_STUDY)
        rows = [(row, one) for one in studies for row in one.data["rows"] if _took(row, steps)]
        tried = [(row, one) for row, one in rows if row["state"] != "declined"]
        if tried:
            return rule.passed(Place(file=tried[-1][1].place), [_row(*one) for one in tried[-5:]])
        if rows:
            row, one = rows[-1]
            why = Said("the study declined it: {why}", why=row.get("why") or "?")
            return rule.unasked(Place(file=one.place), why)
        return rule.failed(
            Place(file=studies[-1].place),
            Said("the study did not try this"),
            Said("a row for it, even if it is refused: the study says why"),
        )

    return judge


def _took(row: dict[str, Any], names: tuple[str, ...]) -> bool:
    """Tell whether a row is of one of these steps; one that came to nothing has it in its name."""
    known: list[dict[str, Any]] = row["steps"]
    taken = [str(step["name"]) for step in known]
    if not taken and row["state"] in ("failed", "declined"):
        taken = str(row["name"]).split(" + ")[-1:]
    return any(not names or name.startswith(names) for name in taken)


def _row(row: dict[str, Any], held: Held) -> Evidence:
    ratio = row.get("ratio")
    return Evidence(
        name=row["name"],
        value=None if ratio is None else ratio["best"],
        unit="1",
        origin=held.place,
        low=None if ratio is None else ratio["low"],
        high=None if ratio is None else ratio["high"],
    )


def judge_validated(rule: ProjectRule, project: Project) -> Verdict:
    """Judge whether the chosen model is as good as it must be, on items that chose nothing."""
    studies = project.of(IMPROVEMENT)
    if not studies:
        return rule.untold(project.place, _NO_STUDY)
    last = studies[-1]
    place = Place(file=last.place)
    chosen = last.data["chosen"]
    if chosen is None:
        return rule.untold(place, Said("the study chose no variant"))
    row = next(one for one in last.data["rows"] if one["name"] == chosen)
    guard = row.get("confirmed") or row.get("quality")
    if guard is None:
        return rule.untold(place, Said("the quality of {name} was not compared", name=chosen))
    shown = Evidence(
        name=f"{chosen}: {Said('quality')}",
        value=guard["difference"],
        unit="1",
        origin=last.digest,
        low=guard["low"],
        high=guard["high"],
    )
    if guard["verdict"] == "fail":
        return rule.failed(
            place,
            Said("{name} may be worse by more than {margin}", name=chosen, margin=guard["margin"]),
            Said("a loss within the margin, as a test of non-inferiority tells"),
            [shown],
        )
    if guard["verdict"] != "pass":
        return rule.untold(place, Said("too few items tell whether it is as good"), [shown])
    return rule.passed(place, [shown, _row(row, last)])


def judge_runtime(rule: ProjectRule, project: Project) -> Verdict:
    """Judge whether the model runs on a runtime that is made for it."""
    studies = project.of(IMPROVEMENT)
    if not studies:
        return rule.untold(project.place, _NO_STUDY)
    last = studies[-1]
    place = Place(file=last.place)
    used = {
        row["name"]: str(row["serving"]["runtime"])
        for row in last.data["rows"]
        if row.get("serving") and row["state"] != "declined"
    }
    tried = [name for name, runtime in used.items() if runtime in _OPTIMISED]
    chosen = last.data["chosen"]
    if not tried:
        return rule.failed(
            place,
            Said("tried: {names}", names=", ".join(sorted(set(used.values()))) or "-"),
            Said("one of {names}", names=", ".join(_OPTIMISED)),
        )
    if chosen is None:
        return rule.untold(place, Said("the study chose no variant"))
    rows = {row["name"]: row for row in last.data["rows"]}
    names = [chosen] if used.get(chosen) in _OPTIMISED else [chosen, *tried[:2]]
    shown = [
        _row(rows[name], last).replace(name=f"{name} ({used.get(name, '?')})") for name in names
    ]
    return rule.passed(place, shown)


def puts_requests_together(study: dict[str, Any]) -> tuple[Said, Said] | None:
    """Tell what is wrong with a study that should try requests in batches."""
    if study["study"].get("batches"):
        return None
    return (
        Said("the study tried one request at a time"),
        Said("batches in its workload, such as batches = [1, 8, 32]"),
    )


# ----------------------------------------------------------------------------------------- scaling


def judge_scaling(rule: ProjectRule, project: Project) -> Verdict:
    """Judge whether the gain of more accelerators was known before they were used."""
    runs = project.of("brizna.run/1")
    laws = project.of(SCALING)
    if laws:
        last = laws[-1]
        options = {one["count"]: one for one in last.data["options"]}
        told = options[last.data["recommended"]]["efficiency"]
        shown = Evidence(
            name=str(last.data["recommended"]),
            value=told["best"],
            unit="1",
            origin=last.digest,
            low=told["low"],
            high=told["high"],
        )
        return rule.passed(Place(file=last.place), [shown])
    if not runs:
        return rule.untold(project.place, Said("no run was measured here: brizna run -- COMMAND"))
    many = [one for one in runs if _accelerators(one) > 1]
    if many:
        return rule.failed(
            Place(file=many[-1].place),
            Said("{count} accelerators or ranks in one run", count=_accelerators(many[-1])),
            Said("the answer of brizna predict scaling POINTS --json, in a file of the project"),
        )
    return rule.unasked(project.place, Said("no run used more than one accelerator or rank"))


def _accelerators(run: Held) -> int:
    rank: dict[str, Any] = run.data["environment"].get("rank") or {}
    hardware: dict[str, Any] = run.data["site"].get("hardware") or {}
    cards: list[str] = hardware.get("gpus") or []
    return max(int(rank.get("world_size") or 1), len(cards))


# --------------------------------------------------------------------------------- cards and sheets


def judge_card(rule: ProjectRule, project: Project) -> Verdict:
    """Judge whether a model card states emissions."""
    cards = [one for one in project.files if one.name.endswith(".md") and is_card(one.text)]
    if not cards:
        return rule.untold(project.place, Said("no model card was found here"))
    expected = Said("co2_eq_emissions in its head, as brizna report --as hf writes it")
    stated = [(one, *read_card(one.text, one.path)) for one in cards]
    shown = [
        Evidence(name="co2_eq_emissions", value=one.carbon_g.value, unit="g", origin=card.path)
        for card, statements, _ in stated
        for one in statements
        if one.carbon_g is not None and one.carbon_g.value > 0
    ]
    if shown:
        return rule.passed(Place(file=shown[0].origin), shown)
    for card, statements, _ in stated:
        if statements:
            return rule.failed(Place(file=card.path), Said("it states no more than 0 g"), expected)
    return rule.failed(Place(file=cards[0].path), Said("it states no emissions"), expected)


def judge_sheet(form: str) -> Judge:
    """Return the judge of whether a regulatory form is filled in.

    Args:
        form: Its name, as ``--as`` calls it.
    """

    def judge(rule: ProjectRule, project: Project) -> Verdict:
        sheets = [one for one in project.of("brizna.sheet/1") if one.data["form"] == form]
        if not sheets:
            return rule.untold(
                project.place,
                Said("no form is kept here: brizna report --as {form}.json", form=form),
            )
        last = sheets[-1]
        fields = [one for one in last.data["fields"] if one["applies"]]
        empty = [one["id"] for one in fields if one["shown"] is None]
        if empty:
            return rule.failed(
                Place(file=last.place, field=empty[0]),
                Said("{count} of {all} fields are empty", count=len(empty), all=len(fields)),
                Said("each field that applies filled in"),
            )
        shown = Evidence(name=form, value=float(len(fields)), unit="1", origin=last.digest)
        return rule.passed(Place(file=last.place), [shown])

    return judge


# ----------------------------------------------------------------------------------------- answers


def judge_answer(rule: ProjectRule, project: Project) -> Verdict:
    """Judge by what a person answered, signed and showed."""
    said = [one for one in project.answers if one.answer.rule == rule.id]
    if not said:
        return rule.untold(
            project.place,
            Said("nobody has answered: {question}", question=rule.question or rule.title),
        )
    believed = [one for one in said if one.wrong is None]
    if not believed:
        last = said[-1]
        why = last.wrong or Said("it is not signed")
        return rule.untold(
            Place(file=last.place), Said("the answer is not believed: {why}", why=why)
        )
    last = believed[-1]
    answer, place = last.answer, Place(file=last.place)
    if answer.answer == "not-applicable":
        told = Said("{by}: {because}", by=answer.by, because=answer.because)
        return rule.unasked(place, told)
    if answer.answer == "no":
        return rule.failed(
            place,
            Said("{by} answered no: {because}", by=answer.by, because=answer.because),
            Said("yes, with a file that shows it"),
        )
    empty = [one.path for one in answer.evidence if one.digest == _NOTHING]
    if empty:
        return rule.untold(
            place, Said("empty, so that it shows nothing: {names}", names=", ".join(empty))
        )
    changed = _changed(project, answer.evidence)
    if changed:
        return rule.untold(
            place,
            Said("changed or gone since it was shown: {names}", names=", ".join(changed)),
        )
    return rule.passed(
        place,
        [
            Evidence(name=one.path, value=None, unit="1", origin=one.digest)
            for one in answer.evidence
        ],
    )


def _changed(project: Project, shown: Iterable[Any]) -> list[str]:
    found = {one.path: one.digest for one in project.files}
    return [one.path for one in shown if found.get(one.path) != one.digest]


def _told(field: str, held: Held) -> Evidence:
    """Return a field of a record as evidence, an estimate with its interval."""
    value: Any = held.data.get(field)
    ends: dict[str, Any] = dict(value) if hasattr(value, "items") else {}
    best: object = ends.get("best", value)
    return Evidence(
        name=f"{field} {value}" if isinstance(value, str) else field,
        value=float(best) if isinstance(best, (int, float)) else None,
        unit="J" if field.endswith("_j") else "1",
        origin=held.digest,
        low=ends.get("low"),
        high=ends.get("high"),
    )

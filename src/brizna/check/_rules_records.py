"""The rules of a project that its runs, plans and studies answer."""

from __future__ import annotations

from brizna.check._judge_records import (
    energy_and_quality,
    judge_hours,
    judge_places,
    judge_record,
    judge_runtime,
    judge_scaling,
    judge_swept,
    judge_tried,
    judge_validated,
    puts_requests_together,
)
from brizna.check._judge_runs import (
    judge_baseline,
    judge_boundary,
    judge_documented,
    judge_facility,
    judge_figure,
    judge_metrics,
    judge_per_work,
    judge_resources,
    judge_traceable,
    judge_used,
)
from brizna.check._project import ProjectRule
from brizna.check._rules_files import OWN
from brizna.core.errors import Said

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


def record_rules() -> Iterator[ProjectRule]:
    """Return the rules that read a project's records."""
    yield from _of_measuring()
    yield from _of_records()
    yield from _of_footprints()
    yield from _of_scores()
    yield from _of_when_and_where()
    yield from _of_settings()
    yield from _of_models()
    yield from _of_choices()


def _of_measuring() -> Iterator[ProjectRule]:
    yield ProjectRule(
        id="BRZ-P040",
        severity="error",
        title=Said("The energy of a standard run is measured"),
        todo=Said("Measure it: brizna run -- COMMAND; brizna doctor says with what."),
        reference=OWN,
        judge=judge_baseline,
        profiles={
            "pnav": "5.1, 3; 1, 1",
            "ai-act": "Annex XI, 1(2)(e)",
            "sci": "E",
            "green-ml": "002: strategy 6; 003: measuring",
        },
    )
    yield ProjectRule(
        id="BRZ-P041",
        severity="error",
        title=Said("Energy and the use of the hardware are watched"),
        todo=Said("Let more be read: brizna doctor."),
        reference=OWN,
        judge=judge_metrics,
        profiles={"pnav": "3.2 Monitoreo, 1, 2; 4.3 Medir, 1; 5.3, 4"},
    )
    yield ProjectRule(
        id="BRZ-P042",
        severity="warning",
        title=Said("Energy is told for a piece of work"),
        todo=Said(
            "Count it: brizna mark --count samples=100, or brizna sci RUN --unit '100 samples'."
        ),
        reference=OWN,
        judge=judge_per_work,
        profiles={"pnav": "3.2 Monitoreo, 1"},
    )
    yield ProjectRule(
        id="BRZ-P043",
        severity="warning",
        title=Said("The hardware is not under-used"),
        todo=Said("Take smaller hardware, or more work at a time: brizna plan hardware CASE."),
        reference=OWN,
        judge=judge_used,
        profiles={
            "pnav": "3.1 Ajustes de GPU/TPU y CPU, 2; 2.1 Balanceo de cargas, 1; 5.1, 5",
            "green-ml": "003: way 6",
        },
    )


def _of_records() -> Iterator[ProjectRule]:
    yield ProjectRule(
        id="BRZ-P044",
        severity="error",
        title=Said("Each run tells which code and which libraries it ran"),
        todo=Said("Run inside a work tree of git, with this brizna or a later one."),
        reference=OWN,
        judge=judge_traceable,
        profiles={"pnav": "2.1 Seguridad y trazabilidad, 3; 1, 2", "ai-act": "Annex IV, 1(c)"},
    )
    yield ProjectRule(
        id="BRZ-P045",
        severity="error",
        title=Said("Configuration, figures and versions of each run are on record"),
        todo=Said("Account for the runs that have no footprint: brizna show RUN."),
        reference=OWN,
        judge=judge_documented,
        profiles={"pnav": "5.1, 9", "ai-act": "Article 11(1)"},
    )
    yield ProjectRule(
        id="BRZ-P046",
        severity="error",
        title=Said("Computing resources and time of a training are on record"),
        todo=Said("Measure the training: brizna run -- COMMAND."),
        reference=OWN,
        judge=judge_resources,
        profiles={"ai-act": "Annex XI, 1(2)(d); Annex IV, 2(c)"},
    )


def _of_footprints() -> Iterator[ProjectRule]:
    yield ProjectRule(
        id="BRZ-P050",
        severity="warning",
        title=Said("The renewable part of the electricity is told"),
        todo=Said("Name the place: --zone; or what the contract covers: --guaranteed."),
        reference=OWN,
        judge=judge_figure(
            "renewable_energy_j", "J", expected=Said("energy from renewable sources")
        ),
        profiles={"pnav": "2.1 Uso de aceleradores, 3; 1, 4", "green-ml": "003: way 5"},
    )
    yield ProjectRule(
        id="BRZ-P051",
        severity="error",
        title=Said("Emissions are those of the electricity of the place"),
        todo=Said('Name the place: --zone ES, or zone = "ES" in brizna.toml.'),
        reference=OWN,
        judge=judge_figure(
            "carbon_operational_g", "g", expected=Said("energy × the intensity of its grid")
        ),
        profiles={"sci": "I; O = E × I", "green-ml": "003: SCI"},
    )
    yield ProjectRule(
        id="BRZ-P052",
        severity="error",
        title=Said("Emissions of making the hardware are counted"),
        todo=Said("Name the machine: --machine, and its lifetime."),
        reference=OWN,
        judge=judge_figure("carbon_embodied_g", "g", expected=Said("the part of this use")),
        profiles={"sci": "M", "green-ml": "002: embodied carbon"},
    )


def _of_scores() -> Iterator[ProjectRule]:
    yield ProjectRule(
        id="BRZ-P053",
        severity="error",
        title=Said("The score is for a functional unit"),
        todo=Said("Say what one is: brizna sci RUN --unit '1000 inferences'."),
        reference=OWN,
        judge=judge_figure("sci_g_per_unit", "g", expected=Said("grams for each unit")),
        profiles={"sci": "R"},
    )
    yield ProjectRule(
        id="BRZ-P054",
        severity="error",
        title=Said("The boundary of the software is stated"),
        todo=Said("Account again: brizna show RUN tells what is in and what is out."),
        reference=OWN,
        judge=judge_boundary,
        profiles={"sci": "boundary", "ai-act": "Annex XI, 1(2)(e)"},
    )
    yield ProjectRule(
        id="BRZ-P055",
        severity="warning",
        title=Said("The overhead of the building is that of the place"),
        todo=Said("State it: --pue 1.2, or --operator NAME."),
        reference=OWN,
        judge=judge_facility,
        profiles={
            "pnav": "3.1 Selección de instancias, 1",
            "green-ml": "003: way 6; 001: PUE",
            "sci": "E",
        },
    )


def _of_when_and_where() -> Iterator[ProjectRule]:
    yield ProjectRule(
        id="BRZ-P060",
        severity="warning",
        title=Said("Cleaner hours were considered"),
        todo=Said("Plan it: brizna plan JOB --save."),
        reference=OWN,
        judge=judge_hours,
        profiles={
            "pnav": "2.1 Uso de aceleradores, 2; 5.1, 6; 5.3, 3",
            "green-ml": "003: way 5; 002: strategy 2",
        },
    )
    yield ProjectRule(
        id="BRZ-P061",
        severity="warning",
        title=Said("Several places were compared"),
        todo=Said(
            "Give the job several sites: brizna plan JOB --zones ES,FR, or brizna plan site."
        ),
        reference=OWN,
        judge=judge_places,
        profiles={
            "pnav": "1, 4; 3.1 Selección de instancias, 1",
            "green-ml": "003: way 5; 002: strategy 1; 001: 3.A",
        },
    )


def _of_settings() -> Iterator[ProjectRule]:
    yield ProjectRule(
        id="BRZ-P070",
        severity="note",
        title=Said("The number of threads or processes was chosen by energy"),
        todo=Said("Try them: brizna power sweep --threads 1,2,4 -- COMMAND."),
        reference=OWN,
        judge=judge_swept(
            ("threads", "processes"), Said("no sweep of threads or processes was found here")
        ),
        profiles={"pnav": "2.1 Estrategias de paralelización, 1"},
    )
    yield ProjectRule(
        id="BRZ-P071",
        severity="note",
        title=Said("Clocks or power limits were tried against energy and time"),
        todo=Said("Try them: brizna power sweep -- COMMAND; brizna doctor says what can be set."),
        reference=OWN,
        judge=judge_swept(("gpu-", "cpu-"), Said("no sweep of clocks or limits was found here")),
        profiles={"pnav": "3.1 Ajustes de GPU/TPU y CPU, 1; 3.1 DVFS, 1, 2"},
    )
    yield ProjectRule(
        id="BRZ-P072",
        severity="error",
        title=Said("The gain of more accelerators is known before they are used"),
        todo=Said("Ask: brizna predict scaling POINTS --json, and keep the answer in the project."),
        reference=OWN,
        judge=judge_scaling,
        profiles={
            "pnav": "1, 5; 2.1 Estrategias de paralelización, 2; 4.1 Data Parallelism; "
            "4.2 Frameworks comparativos; 4.3 Medir, 4",
        },
    )
    yield ProjectRule(
        id="BRZ-P073",
        severity="note",
        title=Said("Parameters were tuned for quality and energy at once"),
        todo=Said("Search: brizna tune ... -- COMMAND."),
        reference=OWN,
        judge=judge_record(
            "brizna.tune/1",
            todo=Said("no search for parameters is kept here"),
            shown="recommended",
            holds=energy_and_quality,
        ),
        profiles={"green-ml": "003: way 3; 001: 3.A"},
    )


def _of_models() -> Iterator[ProjectRule]:
    yield ProjectRule(
        id="BRZ-P080",
        severity="error",
        title=Said("Ways to make the model cheaper were tried"),
        todo=Said("Search: brizna improve CONFIG."),
        reference=OWN,
        judge=judge_tried(),
        profiles={
            "pnav": "5.1, 4; 1, 3",
            "green-ml": "002: strategy 4; 001: 3",
            "ai-act": "Article 95(2)(b)",
        },
    )
    for number, (names, title, place) in enumerate(_STEPS, 81):
        yield ProjectRule(
            id=f"BRZ-P0{number}",
            severity="note",
            title=title,
            todo=Said("Search without leaving it out: brizna improve CONFIG."),
            reference=OWN,
            judge=judge_tried(*names),
            profiles=place,
        )
    yield ProjectRule(
        id="BRZ-P085",
        severity="error",
        title=Said("The cheaper model is as good as it must be"),
        todo=Said("Give the study more items, or a margin that was agreed on: brizna improve."),
        reference=OWN,
        judge=judge_validated,
        profiles={
            "pnav": "5.2, 6; 2.1 Compatibilidad y reproducibilidad, 2",
            "ai-act": "Annex IV, 2(g)",
        },
    )
    yield ProjectRule(
        id="BRZ-P086",
        severity="warning",
        title=Said("Runtimes that are made for answering were tried"),
        todo=Said('Let the study try them: runtimes = ["onnxruntime", "openvino"].'),
        reference=OWN,
        judge=judge_runtime,
        profiles={"pnav": "3.2 Bibliotecas optimizadas, 1, 2; 5.1, 7"},
    )
    yield ProjectRule(
        id="BRZ-P087",
        severity="note",
        title=Said("Requests were tried in batches"),
        todo=Said("Let the study try them: batches = [1, 8, 32] in its workload."),
        reference=OWN,
        judge=judge_record(
            "brizna.improvement/1",
            todo=Said("no study of the model was found here: brizna improve CONFIG"),
            shown="chosen",
            holds=puts_requests_together,
        ),
        profiles={"pnav": "2.1 Balanceo de cargas, 3"},
    )


_STEPS = (
    (
        ("prune",),
        Said("Pruning was tried"),
        {"pnav": "5.2, 2", "green-ml": "002: strategy 4; 003: way 2"},
    ),
    (
        ("quantize", "shrink-weights", "half", "cast"),
        Said("Lower precision was tried"),
        {"pnav": "5.2, 3", "green-ml": "002: strategy 4; 001: 3.B"},
    ),
    (
        ("distil",),
        Said("A smaller model was taught by the larger one"),
        {"pnav": "5.2, 4", "green-ml": "002: strategy 4; 003: way 2; 001: 3.B"},
    ),
    (
        ("mask-weights",),
        Said("Sparse weights were tried"),
        {"pnav": "5.2, 5", "green-ml": "001: 3.A"},
    ),
)


def _of_choices() -> Iterator[ProjectRule]:
    yield ProjectRule(
        id="BRZ-P090",
        severity="warning",
        title=Said("It is known which code takes the energy"),
        todo=Said("Look: brizna profile -- COMMAND."),
        reference=OWN,
        judge=judge_record(
            "brizna.profile/1",
            todo=Said("no profile by code is kept here"),
            shown="energy_j",
            holds=_without_parts,
        ),
        profiles={"pnav": "5.2, 1; 3.2 Monitoreo, 2", "green-ml": "003: way 1"},
    )
    yield ProjectRule(
        id="BRZ-P091",
        severity="note",
        title=Said("Accelerators were chosen by their work per joule"),
        todo=Said("Ask: brizna plan hardware CASE --json, and keep the answer in the project."),
        reference=OWN,
        judge=judge_record(
            "brizna.hardware-advice/1",
            todo=Said("no advice on hardware is kept here"),
            shown="work",
            holds=_without_options,
        ),
        profiles={
            "pnav": "2.1 Uso de aceleradores, 1",
            "green-ml": "003: way 6; 002: strategy 3",
        },
    )
    yield ProjectRule(
        id="BRZ-P092",
        severity="note",
        title=Said("The complex model is worth it beside a simple one"),
        todo=Said("Compare: brizna improve simpler CASE --json, and keep the answer here."),
        reference=OWN,
        judge=judge_record(
            "brizna.simpler/1",
            todo=Said("no comparison with simpler models is kept here"),
            shown="recommended",
            holds=_without_recommendation,
        ),
        profiles={"green-ml": "003: way 2"},
    )
    yield ProjectRule(
        id="BRZ-P093",
        severity="note",
        title=Said("Reuse was weighed before training"),
        todo=Said("Ask: brizna reuse --json, and keep the answer in the project."),
        reference=OWN,
        judge=judge_record(
            "brizna.reuse/1",
            todo=Said("no comparison of reuse and training is kept here"),
            shown="words",
            holds=_without_choice,
        ),
        profiles={"green-ml": "002: strategy 5; 003: way 3"},
    )


def _without_parts(profile: dict[str, object]) -> tuple[Said, Said] | None:
    if profile.get("parts"):
        return None
    return Said("the profile has no parts"), Said("looks into a run that computes for long enough")


def _without_options(advice: dict[str, object]) -> tuple[Said, Said] | None:
    options = advice.get("options")
    if isinstance(options, list) and len(options) > 1:  # pyright: ignore[reportUnknownArgumentType]
        return None
    return Said("one chip only was looked at"), Said("two or more")


def _without_recommendation(study: dict[str, object]) -> tuple[Said, Said] | None:
    if study.get("recommended") is not None:
        return None
    return Said("the comparison is undecided"), Said("a model to take: more repeats or items")


def _without_choice(reuse: dict[str, object]) -> tuple[Said, Said] | None:
    if reuse.get("chosen") is not None:
        return None
    return Said("it only looked for what there is"), Said("the ways compared over all queries")

"""The rules of a project that files and people answer, with their places in each profile."""

from __future__ import annotations

from brizna.check._judge_files import (
    judge_consensus,
    judge_driver,
    judge_federation,
    judge_hashes,
    judge_idle,
    judge_image,
    judge_infrastructure,
    judge_isolated,
    judge_locked,
)
from brizna.check._judge_pipeline import GATES, SCANS, SIGNATURES, judge_pipeline
from brizna.check._judge_records import judge_answer, judge_card, judge_sheet
from brizna.check._judge_runs import judge_approved
from brizna.check._project import ProjectRule
from brizna.core.errors import Said

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

OWN = "brizna"
"""The reference of a rule outside of any profile."""


def file_rules() -> Iterator[ProjectRule]:
    """Return the rules that read a project's files."""
    yield from _of_the_software()
    yield from _of_automation()
    yield from _of_approval()
    yield from _of_the_infrastructure()
    yield from _of_documents()


def _of_the_software() -> Iterator[ProjectRule]:
    yield ProjectRule(
        id="BRZ-P001",
        severity="error",
        title=Said("Every dependency has an exact version"),
        todo=Said("Lock them: brizna env lock, uv pip compile, or poetry lock."),
        reference=OWN,
        judge=judge_locked,
        profiles={"pnav": "2.1 Control de versiones, 1; 5.1, 1", "ai-act": "Annex IV, 1(c)"},
    )
    yield ProjectRule(
        id="BRZ-P002",
        severity="error",
        title=Said("Every locked package has a hash"),
        todo=Said("Lock with hashes: uv pip compile --generate-hashes; pip freeze gives none."),
        reference=OWN,
        judge=judge_hashes,
        profiles={"pnav": "2.1 Control de versiones, 2"},
    )
    yield ProjectRule(
        id="BRZ-P003",
        severity="error",
        title=Said("The work runs in an environment of its own"),
        todo=Said("Make one: python -m venv .venv, or build an image."),
        reference=OWN,
        judge=judge_isolated,
        profiles={"pnav": "2.1 Entornos virtuales y contenedores, 1; 5.1, 2"},
    )
    yield ProjectRule(
        id="BRZ-P004",
        severity="warning",
        title=Said("Images are built on bases that cannot change"),
        todo=Said("Name the digest of the base: FROM name@sha256:..."),
        reference=OWN,
        judge=judge_image,
        profiles={"pnav": "2.1 Entornos virtuales y contenedores, 2"},
    )
    yield ProjectRule(
        id="BRZ-P005",
        severity="error",
        title=Said("The driver serves the libraries of the accelerator"),
        todo=Said("Update the driver, or lock an older CUDA."),
        reference="NVIDIA, CUDA Compatibility",
        judge=judge_driver,
        profiles={"pnav": "2.1 Compatibilidad y reproducibilidad, 1; 5.1, 1"},
    )


def _of_automation() -> Iterator[ProjectRule]:
    yield ProjectRule(
        id="BRZ-P010",
        severity="warning",
        title=Said("Each change is tested for the energy or the time it takes"),
        todo=Said("Add a step that measures: brizna gate, or pytest --energy-report."),
        reference=OWN,
        judge=judge_pipeline(GATES, Said("a step such as brizna gate in each change's tests")),
        profiles={
            "pnav": "2.1 Prácticas de CI/CD, 1; 2.1 Compatibilidad y reproducibilidad, 2",
            "green-ml": "002: strategy 6",
        },
    )
    yield ProjectRule(
        id="BRZ-P011",
        severity="error",
        title=Said("Dependencies are scanned for vulnerabilities"),
        todo=Said("Add a step that scans: pip-audit --strict, osv-scanner, or brizna env audit."),
        reference=OWN,
        judge=judge_pipeline(SCANS, Said("a scanner of dependencies in each change's tests")),
        profiles={"pnav": "2.1 Seguridad y trazabilidad, 1", "ai-act": "Article 15(5)"},
    )
    yield ProjectRule(
        id="BRZ-P012",
        severity="warning",
        title=Said("Signatures of packages are verified"),
        todo=Said("Add a step that verifies: pypi-attestations verify, cosign verify."),
        reference=OWN,
        judge=judge_pipeline(SIGNATURES, Said("a step that verifies signatures")),
        profiles={"pnav": "2.1 Seguridad y trazabilidad, 2"},
    )


def _of_approval() -> Iterator[ProjectRule]:
    yield ProjectRule(
        id="BRZ-P013",
        severity="warning",
        title=Said("Runs use versions that were approved, and can go back to others"),
        todo=Said("Keep the list: brizna env propose, approve, rollback."),
        reference=OWN,
        judge=judge_approved,
        profiles={"pnav": "2.1 Integración con repositorios, 2"},
    )


def _of_the_infrastructure() -> Iterator[ProjectRule]:
    yield ProjectRule(
        id="BRZ-P020",
        severity="warning",
        title=Said("The infrastructure is code under version control"),
        todo=Said("Describe it with Terraform, Bicep, Pulumi, CloudFormation or Ansible, in git."),
        reference=OWN,
        judge=judge_infrastructure,
        profiles={"pnav": "2.1 Infraestructura como código, 1, 2, 4"},
    )
    yield ProjectRule(
        id="BRZ-P021",
        severity="warning",
        title=Said("Idle resources are switched off by themselves"),
        todo=Said("Give each server a schedule, an idle time-out or a scale down to 0."),
        reference=OWN,
        judge=judge_idle,
        profiles={
            "pnav": "2.1 Infraestructura como código, 3",
            "green-ml": "003: way 7",
        },
    )
    yield ProjectRule(
        id="BRZ-P022",
        severity="error",
        title=Said("Distributed ledgers agree at low consumption"),
        todo=Said("Take a permissioned ledger, or one without proof of work."),
        reference=OWN,
        judge=judge_consensus,
        profiles={"pnav": "5.1, 8; 5.3, 2"},
    )
    yield ProjectRule(
        id="BRZ-P023",
        severity="warning",
        title=Said("Federating was weighed by its criteria before it was done"),
        todo=Said("Ask: brizna federate advise CASE --json, and keep the answer in the project."),
        reference=OWN,
        judge=judge_federation,
        profiles={"pnav": "4.1 Federated Learning; 5.3, 1, 5"},
    )


def _of_documents() -> Iterator[ProjectRule]:
    yield ProjectRule(
        id="BRZ-P030",
        severity="warning",
        title=Said("The model card states emissions"),
        todo=Said("Write it from the records: brizna report RUN --as hf."),
        reference=OWN,
        judge=judge_card,
        profiles={"pnav": "1, 1; 5.1, 9", "green-ml": "002: strategy 6"},
    )
    yield ProjectRule(
        id="BRZ-P031",
        severity="error",
        title=Said("The documentation form of the AI Act is filled in"),
        todo=Said("Fill it in: brizna report RUN --as ai-act.json, and look at what is empty."),
        reference=OWN,
        judge=judge_sheet("ai-act"),
        profiles={
            "pnav": "1, 1, 6; 2.1 Uso de aceleradores, 3",
            "ai-act": "Article 53(1)(a); Annex XI, 1",
        },
    )


# --------------------------------------------------------------------------------------- questions


def question_rules() -> Iterator[ProjectRule]:
    """Return the rules that a person answers."""
    for name, severity, texts, profiles in _QUESTIONS:
        title, asked = texts
        yield ProjectRule(
            id=name,
            severity=severity,
            title=title,
            todo=Said("Answer it: brizna check answer {rule} --by NAME ...", rule=name),
            reference=OWN,
            judge=judge_answer,
            profiles=profiles,
            question=asked,
        )


_QUESTIONS = (
    (
        "BRZ-Q001",
        "warning",
        (
            Said("New versions of packages are approved before use"),
            Said("Do packages come from an index of your own, and who approves new versions?"),
        ),
        {"pnav": "2.1 Integración con repositorios, 1"},
    ),
    (
        "BRZ-Q002",
        "warning",
        (
            Said("What is deployed can be made again"),
            Said("Are models, binaries and images deployed automatically, by version or digest?"),
        ),
        {"pnav": "2.1 Prácticas de CI/CD, 2"},
    ),
    (
        "BRZ-Q003",
        "note",
        (
            Said("Tasks are grouped, and data moved little"),
            Said("Does the scheduler put like tasks together and keep data near the work?"),
        ),
        {"pnav": "2.1 Balanceo de cargas, 2"},
    ),
    (
        "BRZ-Q004",
        "note",
        (
            Said("Drivers and firmware are kept up to date"),
            Said("When were drivers and firmware last updated, and who looks after them?"),
        ),
        {"pnav": "3.1 Ajustes de GPU/TPU y CPU, 3"},
    ),
    (
        "BRZ-Q005",
        "warning",
        (
            Said("Cloud or own machines were chosen by the pattern of use"),
            Said("By what pattern of use and needs was the cloud, or your own hall, chosen?"),
        ),
        {"pnav": "3.1 Selección de instancias, 1-3"},
    ),
    (
        "BRZ-Q006",
        "note",
        (
            Said("Data are compressed, and rarely used data lie on frugal storage"),
            Said("How are data compressed, and where do data lie that are rarely read?"),
        ),
        {"green-ml": "003: way 4"},
    ),
    (
        "BRZ-Q007",
        "note",
        (
            Said("The kind of parallelism fits the model, and phases of communication are known"),
            Said("Which phases compute and which communicate, and how were tasks sized for that?"),
        ),
        {"pnav": "4.1 Model Parallelism; 4.3 Medir, 2-4; 4.3 Buenas prácticas, 1-3"},
    ),
    (
        "BRZ-Q008",
        "warning",
        (
            Said("The architecture, the training data and their choices are described"),
            Said("Where are architecture, data and design choices of the model described?"),
        ),
        {"ai-act": "Annex XI, 1(1) and 1(2)(a) to (c)"},
    ),
    (
        "BRZ-Q009",
        "note",
        (
            Said("Updates of a distributed model are verified and audited"),
            Said("How is each update of the model verified, and where is the log to audit it?"),
        ),
        {"pnav": "5.3, 2"},
    ),
)

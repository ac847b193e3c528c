"""For each rule a project that keeps it, one that breaks it, one of which nobody can tell."""

from __future__ import annotations

from brizna.check import Answer, SignedAnswer, SourceFile
from brizna.core.codec import digest, digest_of_bytes
from brizna.core.errors import Said
from brizna.testing import sample_project

HASH = "sha256:" + "a" * 64
LOCK = {"requirements.txt": f"numpy==2.3.4 --hash={HASH}\n"}
LOOSE = {"requirements.txt": "numpy>=2\n"}
CI = ".github/workflows/test.yml"


def estimate(best, basis="metered"):
    return {"low": best * 0.9, "best": best, "high": best * 1.1, "basis": basis}


def run(**changes):
    made = {
        "schema": "brizna.run/1",
        "state": "finished",
        "exit_code": 0,
        "duration_s": 600.0,
        "brizna": "0.1.0",
        "environment": {"git_revision": "c" * 40, "container": None, "rank": None},
        "site": {"hardware": {"cpu": "Some processor", "gpus": []}},
        "measurement": {
            "energy_j": estimate(5000.0),
            "gauges": [{"id": "cpu/use", "mean": 0.8}],
            "work": [{"name": "batch", "amount": 100, "energy_j_per_unit": estimate(50.0)}],
        },
    }
    for path, value in changes.items():
        *inner, last = path.split("__")
        place = made
        for name in inner:
            place = place[name]
        place[last] = value
    return made


def footprint(**changes):
    return {
        "schema": "brizna.footprint/1",
        "subject": "sha256:none",
        "renewable_energy_j": estimate(2000.0),
        "carbon_operational_g": estimate(30.0),
        "carbon_embodied_g": estimate(3.0),
        "sci_g_per_unit": estimate(0.3),
        "boundary": [{"item": "network", "state": "out", "reason": "no meter reads it here"}],
        "assumptions": {"pue": estimate(1.2, "declared")},
        "reasons": {"sci_g_per_unit": "no functional unit was given (--unit)"},
    } | changes


def row(name, *steps, runtime="torch", verdict="pass", state="measured"):
    guard = {"verdict": verdict, "difference": -0.001, "low": -0.004, "high": 0.002, "margin": 0.01}
    return {
        "name": name,
        "state": state,
        "steps": [{"name": step} for step in steps],
        "serving": {"runtime": runtime},
        "ratio": estimate(0.5),
        "quality": guard,
        "confirmed": guard,
    }


def study(*rows, chosen=None, batches=()):
    return {
        "schema": "brizna.improvement/1",
        "study": {"batches": list(batches)},
        "rows": [row("base"), *rows],
        "chosen": chosen,
    }


def plan(**changes):
    return {
        "schema": "brizna.plan/1",
        "workload": {"name": "night"},
        "hours": {"intensity_g_per_kwh": [120.0, 90.0]},
        "alternatives": [{"site": "FR"}],
        "refused": [],
        "saving_g": estimate(40.0),
    } | changes


def sweep(dimension, recommended="a"):
    return {
        "schema": "brizna.sweep/1",
        "settings": [{"name": "a", "levels": {dimension: "1"}, "energy_ratio": estimate(0.8)}],
        "recommended": recommended,
    }


def of(*records, files=None, **rest):
    return sample_project(records=records, files=files, **rest)


def said(rule, answer="yes", *, wrong=None):
    shown = SourceFile(path="notes.md", digest=digest_of_bytes(b"as agreed"))
    given = Answer(
        rule=rule,
        project="sample",
        question="so?",
        answer=answer,
        because="as agreed",
        by="Ana",
        at="2026-11-29T09:00:00Z",
        evidence=(shown,),
    )
    return SignedAnswer(answer=given, place="answers/1", key=None if wrong else "ana", wrong=wrong)


def asked(rule):
    notes = {"notes.md": "as agreed"}
    return (
        of(files=notes, answers=[said(rule)]),
        of(files=notes, answers=[said(rule, "no")]),
        of(files=notes, answers=[said(rule, wrong=Said("another key"))]),
    )


def tried(step):
    return (
        of(study(row("b", step))),
        of(study(row("b", "export-onnx" if step != "export-onnx" else "cast"))),
        of(),
    )


def noted(schema, good, bad):
    return of({"schema": schema} | good), of({"schema": schema} | bad), of()


DRIVER = "/proc/driver/nvidia/version"
CUDA = {"requirements.txt": f"nvidia-cuda-runtime-cu12==12.8.90 --hash={HASH}\n"}
SOFTWARE = {
    "schema": "brizna.software/1",
    "of": "command",
    "python": "3.11.9",
    "is_isolated": True,
    "distributions": [{"name": "numpy", "version": "2.3.4", "digest": HASH}],
}
SERVER = 'resource "aws_instance" "trainer" {\n  instance_type = "g5.xlarge"\n}\n'
TUNED = [{"quality": 0.9, "energy_j": estimate(1.0)}, {"quality": 0.8, "energy_j": estimate(0.5)}]
LAW = {"recommended": 8, "options": [{"count": 8, "efficiency": estimate(0.9)}]}


def approval(action):
    return {"schema": "brizna.approval/1", "action": action, "installed": HASH}


def sheet(shown):
    fields = [{"id": "energy", "applies": True, "shown": shown}]
    return {"schema": "brizna.sheet/1", "form": "ai-act", "fields": fields}


def step(command):
    return {CI: f"on: push\njobs:\n  test:\n    steps:\n      - run: {command}\n"}


def environment(form, rule, result, at="2026-11-28T09:00:00Z"):
    verdict = {"rule": rule, "severity": "error", "result": result, "place": {"field": "numpy"}}
    return {
        "schema": "brizna.environment-verdict/1",
        "at": at,
        "installed": HASH,
        "verification": {"form": form, "verdicts": [verdict]},
    }


def held(form, rule):
    return tuple(of(environment(form, rule, one)) for one in ("pass", "fail", "cannot-tell"))


ADVICE = {"schema": "brizna.federation-advice/1", "name": "sites", "verdict": "centralise"}
SAMPLES = {
    "BRZ-P001": (of(files=LOCK), of(files=LOOSE), of()),
    "BRZ-P002": (of(files=LOCK), of(files={"requirements.txt": "numpy==2.3.4\n"}), of(files=LOOSE)),
    "BRZ-P003": (
        of(run(environment__software={"is_isolated": True})),
        of(run(environment__software={"is_isolated": False})),
        of(run(), files=LOCK),
    ),
    "BRZ-P004": (
        of(files={"Dockerfile": f"FROM python@{HASH}\n"}),
        of(files={"Dockerfile": "FROM python:3.11\n"}),
        of(files={"Dockerfile": "ARG BASE\nFROM $BASE\n"}),
    ),
    "BRZ-P005": (
        of(files=CUDA | {DRIVER: "NVRM version: NVIDIA UNIX x86_64 Kernel Module  570.86.10  x\n"}),
        of(files=CUDA | {DRIVER: "NVRM version: NVIDIA UNIX x86_64 Kernel Module  470.57.02  x\n"}),
        of(files=CUDA),
    ),
    "BRZ-P006": held("environment", "BRZ-E012"),
    "BRZ-P010": (of(files=step("brizna gate -- make")), of(files=step("make test")), of()),
    "BRZ-P011": (of(files=step("pip-audit --strict")), of(files=step("make test")), of()),
    "BRZ-P012": (of(files=step("cosign verify image")), of(files=step("make test")), of()),
    "BRZ-P013": (
        of(approval("approve"), run(environment__software={"installed": HASH})),
        of(approval("approve"), run(environment__software={"installed": "sha256:other"})),
        of(approval("propose"), run(environment__software={"installed": HASH})),
    ),
    "BRZ-P014": held("audit", "BRZ-E020"),
    "BRZ-P015": held("attestations", "BRZ-E024"),
    "BRZ-P020": (
        of(files={"main.tf": SERVER}),
        of(files={"main.tf": SERVER}, is_versioned=False),
        of(),
    ),
    "BRZ-P021": (
        of(files={"main.tf": SERVER + 'resource "x" "y" {\n  min_size = 0\n}\n'}),
        of(files={"main.tf": SERVER}),
        of(files={"main.tf": 'module "gpu" {\n  source = "elsewhere"\n}\n'}),
    ),
    "BRZ-P022": (
        of(files={"requirements.txt": "etcd3==0.12\n"}),
        of(files={"main.tf": 'command = "geth --mine"\n'}),
        of(files={"requirements.txt": "web3==7.0\n"}),
    ),
    "BRZ-P023": (
        of({**ADVICE, "again": "centralise"}),
        of(files={"requirements.txt": "flwr==1.22\n"}),
        of(),
    ),
    "BRZ-P030": (
        of(files={"README.md": "---\nco2_eq_emissions: 12\n---\nA model.\n"}),
        of(files={"README.md": "---\nlicense: mit\n---\nA model.\n"}),
        of(files={"README.md": "# A project\n"}),
    ),
    "BRZ-P031": (of(sheet("12 kWh")), of(sheet(None)), of()),
    "BRZ-P040": (of(run()), of(run(exit_code=1)), of()),
    "BRZ-P041": (of(run()), of(run(measurement__gauges=[])), of()),
    "BRZ-P042": (of(run()), of(run(measurement__work=[])), of()),
    "BRZ-P043": (
        of(run()),
        of(run(measurement__gauges=[{"id": "gpu-0/use", "mean": 0.1}])),
        of(run(duration_s=5.0)),
    ),
    "BRZ-P044": (
        of(SOFTWARE, run(environment__software={"record": digest(SOFTWARE)})),
        of(run(environment__git_revision=None)),
        of(run()),
    ),
    "BRZ-P045": (of(run(exit_code=1)), of(run()), of()),
    "BRZ-P046": (of(run()), of(run(site__hardware=None)), of()),
    "BRZ-P050": (of(footprint()), of(footprint(renewable_energy_j=None)), of()),
    "BRZ-P051": (of(footprint()), of(footprint(carbon_operational_g=None)), of()),
    "BRZ-P052": (of(footprint()), of(footprint(carbon_embodied_g=None)), of()),
    "BRZ-P053": (of(footprint()), of(footprint(sci_g_per_unit=None)), of()),
    "BRZ-P054": (of(footprint()), of(footprint(boundary=[])), of()),
    "BRZ-P055": (
        of(footprint()),
        of(footprint(assumptions={"pue": estimate(1.25, "default")})),
        of(),
    ),
    "BRZ-P060": (of(plan()), of(plan(hours=None)), of()),
    "BRZ-P061": (of(plan()), of(plan(alternatives=[])), of()),
    "BRZ-P070": (of(sweep("threads")), of(sweep("threads", None)), of(sweep("gpu-limit"))),
    "BRZ-P071": (of(sweep("gpu-limit")), of(sweep("cpu-freq", None)), of(sweep("threads"))),
    "BRZ-P072": (
        of({"schema": "brizna.scaling/1"} | LAW),
        of(run(environment__rank={"world_size": 8})),
        of(),
    ),
    "BRZ-P073": noted(
        "brizna.tune/1",
        {"settings": TUNED, "recommended": "a"},
        {"settings": TUNED[:1], "recommended": None},
    ),
    "BRZ-P080": (of(study(row("b", "cast"))), of(study()), of()),
    "BRZ-P081": tried("prune-channels"),
    "BRZ-P082": tried("quantize-onnx-dynamic"),
    "BRZ-P083": tried("distil"),
    "BRZ-P084": tried("mask-weights"),
    "BRZ-P085": (
        of(study(row("b", "cast"), chosen="b")),
        of(study(row("b", "cast", verdict="fail"), chosen="b")),
        of(study(row("b", "cast", verdict="undecided"), chosen="b")),
    ),
    "BRZ-P086": (
        of(study(row("b", "export-onnx", runtime="onnxruntime"), chosen="b")),
        of(study(row("b", "cast"), chosen="b")),
        of(study(row("b", "export-onnx", runtime="onnxruntime"))),
    ),
    "BRZ-P087": (of(study(batches=[1, 8])), of(study()), of()),
    "BRZ-P090": noted("brizna.profile/1", {"parts": [1], "energy_j": 1.0}, {"parts": []}),
    "BRZ-P091": noted("brizna.hardware-advice/1", {"options": [1, 2]}, {"options": [1]}),
    "BRZ-P092": noted("brizna.simpler/1", {"recommended": "a"}, {"recommended": None}),
    "BRZ-P093": noted("brizna.reuse/1", {"chosen": {"name": "a"}}, {"chosen": None}),
    **{f"BRZ-Q00{number}": asked(f"BRZ-Q00{number}") for number in range(1, 10)},
}

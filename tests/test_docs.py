"""The documents keep their word: every example runs, and every name that exists is described."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import textwrap
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest

import brizna
from brizna.account import (
    Assumptions,
    Bound,
    Budget,
    BudgetState,
    Case,
    Charged,
    Charges,
    Conversion,
    ConversionStep,
    CostPart,
    Footprint,
    FunctionalUnit,
    Hourly,
    MachinePaid,
    Reconciliation,
    RunPaid,
    Sci,
    SciForAi,
    Step,
)
from brizna.account._case import _DEVICE_FIELDS, _FIELDS, _PLAIN, _PLAIN_DEVICE
from brizna.account._sci import AiScore
from brizna.check import (
    Criterion,
    Drift,
    FederationAdvice,
    Flip,
    Gate,
    GateVerdict,
    Guard,
    Limit,
    Quality,
    Simpler,
    Traffic,
)
from brizna.check._simpler_study import (
    Candidate,
    Compared,
    SimplerNote,
    SimplerPlan,
    SimplerStudy,
)
from brizna.cli._check import ACTIONS as _CHECK_ACTIONS
from brizna.cli._dispatch import COMMANDS
from brizna.cli._env import ACTIONS as _ENV_ACTIONS
from brizna.cli._factors import _ACTIONS as _FACTOR_ACTIONS
from brizna.cli._grid import _ACTIONS as _GRID_ACTIONS
from brizna.cli._improve import ACTIONS as _IMPROVE_ACTIONS
from brizna.cli._keys import ACTIONS as _KEY_ACTIONS
from brizna.cli._power import ACTIONS as _POWER_ACTIONS
from brizna.cli._predict import ACTIONS as _PREDICT_ACTIONS
from brizna.cli._runs import _ACTIONS
from brizna.core import replay
from brizna.core.baseline import Baseline, IdleChannel
from brizna.core.declared import CaseInput
from brizna.core.factors import Factor
from brizna.core.gauges import GaugeLevels
from brizna.core.hints import Hint
from brizna.core.measurement import (
    Attribution,
    Channel,
    ChannelEnergy,
    Coverage,
    Gap,
    Measurement,
    Phase,
    Run,
    UserEnergy,
)
from brizna.core.profile import Branch, Part, Profile
from brizna.core.site import Site
from brizna.core.software import Distribution, Software
from brizna.core.sweep import Dimension, Setting, Sweep, SweepPlan, TrialNote
from brizna.core.tune import Parameter, Resource, Tune, Tuned, TuneNote, TunePlan
from brizna.core.work import Work
from brizna.improve import CacheSize, Improvement, RequestCache, Row
from brizna.plan import (
    Best,
    BreakEven,
    ChipOption,
    HardwareAdvice,
    Outcome,
    Plan,
    Replacement,
    ScalingOption,
    SiteAdvice,
    SiteOption,
    Workload,
)
from brizna.store import Approval, Key, KeyEnd
from brizna.verbs import (
    SETTINGS,
    Prediction,
    Reuse,
    RunAccount,
    ScalingForecast,
    all_rules,
    facts_of,
    read_choice,
    read_policy,
    read_settings,
)
from brizna.verbs._history import History, Unlike
from brizna.verbs._totals import Group, RunTotals, Total

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
REFERENCE = DOCS / "reference"
PAGES = [*sorted(ROOT.glob("README*.md")), *sorted(DOCS.glob("**/*.md"))]
BLOCK = re.compile(
    r"^(?P<skip> *<!-- not run: [^\n]+ -->\n)?"
    r"(?P<indent> *)```(?P<kind>console|python|toml)\n(?P<text>.*?)^ *```$",
    re.MULTILINE | re.DOTALL,
)
EXPECTED_CODE = re.compile(r"#.*\bexit code (\d+)")

TRAIN = """
import brizna

for phase in ("load", "train", "evaluate"):
    try:
        brizna.mark(phase)
    except brizna.UnavailableError:
        pass
    sum(range(100_000))
"""
"""Stands for the reader's own training."""
QUIET = {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "WANDB_MODE": "offline"}
"""Keeps large libraries from using all processors, and from calling anyone."""


def read(page):
    """Return the text of a page."""
    return page.read_text(encoding="utf-8")


def blocks(page, kind):
    """Return the blocks of a kind that can run as they stand, in order."""
    return [
        textwrap.dedent(found["text"])
        for found in BLOCK.finditer(read(page))
        if found["kind"] == kind and not found["skip"]
    ]


def commands(block):
    """Return what is typed in a console block: what follows each prompt."""
    return [line[2:] for line in block.splitlines() if line.startswith("$ ")]


def section(page, title):
    """Return what stands between a heading and the next one."""
    found = re.search(
        rf"^#+ {re.escape(title)}(?![\w ])[^\n]*\n.*?(?=^#+ |\Z)",
        read(page),
        re.MULTILINE | re.DOTALL,
    )
    assert found, f"no heading {title!r}"
    return found[0]


# --------------------------------------------------------------------------------------- examples


def needed_libraries(page):
    """Return the libraries that the examples of a page need beside brizna and Python's own."""
    code = "".join([*blocks(page, "console"), *blocks(page, "python")])
    named = re.findall(r"^\s*(?:from|import) (\w+)", code, re.MULTILINE)
    if "examples/digits" in code:
        named.append("sklearn")
    return sorted({*named} - {"brizna", "__future__"} - sys.stdlib_module_names)


def examples():
    """Return the pages with examples; those that need other libraries are heavy."""
    found = [page for page in PAGES if blocks(page, "console") or blocks(page, "python")]
    return [
        pytest.param(
            page,
            id=str(page.relative_to(ROOT)),
            marks=[pytest.mark.heavy] if needed_libraries(page) else [],
        )
        for page in found
    ]


@pytest.fixture
def reader(tmp_path):
    """Return a project with a training, and the environment of somebody who reads a page there."""
    place = tmp_path / "project"
    (place / ".brizna").mkdir(parents=True)
    (place / "train.py").write_text(TRAIN, encoding="utf-8")
    shutil.copytree(ROOT / "examples", place / "examples")
    tools = tmp_path / "bin"
    tools.mkdir()
    for name, words in {"brizna": "-m brizna", "python": ""}.items():
        script = tools / name
        script.write_text(f'#!/bin/sh\nexec "{sys.executable}" {words} "$@"\n', encoding="utf-8")
        script.chmod(0o755)
    environ = {k: v for k, v in os.environ.items() if k != "BRIZNA_STORE"}
    environ["HOME"] = str(tmp_path / "home")  # each reader has keys and a store of their own
    return place, {**environ, "PATH": f"{tools}{os.pathsep}{environ['PATH']}"}


@pytest.mark.parametrize("page", examples())
def test_every_example_of_a_page_runs(page, reader):
    libraries = needed_libraries(page)
    if lacking := [name for name in libraries if find_spec(name) is None]:
        pytest.skip(f"not installed: {', '.join(lacking)}")
    place, environ = reader
    if libraries:
        environ = {**environ, **QUIET}
    typed = [command for block in blocks(page, "console") for command in commands(block)]
    settings = ""
    for command in typed:
        expected = EXPECTED_CODE.search(command)
        done = run(["sh", "-c", f"{settings}\n{command}"], place, environ)
        assert done.returncode == int(expected[1] if expected else 0), (
            f"$ {command}\n{done.stdout}{done.stderr}"
        )
        assert "Traceback" not in done.stderr
        if command.startswith("export "):
            settings += f"{command}\n"
    code = "\n".join(blocks(page, "python"))
    if code:
        warnings = "default" if libraries else "error"  # those of others are their own affair
        done = run([sys.executable, "-W", warnings, "-c", code], place, environ)
        assert done.returncode == 0, done.stderr
        assert "MeasuringWarning" not in done.stderr


def run(command, place, environ):
    """Run a command and return what it printed."""
    return subprocess.run(
        command, cwd=place, env=environ, capture_output=True, text=True, timeout=120, check=False
    )


def test_every_block_that_does_not_run_says_why_on_the_page():
    silent = [
        f"{page.name}: {found['text'].splitlines()[0]}"
        for page in PAGES
        for found in BLOCK.finditer(read(page))
        if found["kind"] == "console"
        and not found["skip"]
        and not commands(textwrap.dedent(found["text"]))
    ]
    assert not silent


@pytest.mark.parametrize(
    "page", [page for page in PAGES if blocks(page, "toml")], ids=lambda page: page.name
)
def test_every_settings_file_in_the_documents_is_understood(page, tmp_path):
    for block in blocks(page, "toml"):
        (tmp_path / "brizna.toml").write_text(block, encoding="utf-8")
        settings = read_settings({}, environ={"HOME": str(tmp_path)}, directory=str(tmp_path))
        for name, value in tomllib.loads(block).items():
            if name == "report":
                assert facts_of(None, directory=str(tmp_path)).values == value
            elif name == "check":
                assert read_choice(str(tmp_path), all_rules())
            elif name == "env":
                assert read_policy(str(tmp_path)).indexes
            else:
                assert settings[name] == value


# --------------------------------------------------------------------------------------- commands


def every_command():
    """Return the words of each command; its actions apart, where each has options of its own."""
    actions = {"runs": _ACTIONS, "grid": _GRID_ACTIONS, "predict": _PREDICT_ACTIONS}
    actions |= {"plan": ("", "evaluate", "site", "hardware"), "factors": _FACTOR_ACTIONS}
    actions["power"] = tuple(_POWER_ACTIONS)
    actions["improve"] = ("", *_IMPROVE_ACTIONS)
    actions["federate"] = ("advise",)
    actions["keys"] = _KEY_ACTIONS
    actions["env"] = _ENV_ACTIONS
    actions["check"] = ("", *_CHECK_ACTIONS)
    return [f"{name} {action}".rstrip() for name in COMMANDS for action in actions.get(name, ("",))]


def options(text):
    """Return the long options in a text."""
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", text))


@pytest.mark.parametrize("command", every_command())
def test_every_option_of_a_command_is_described_and_no_other(command, reader):
    place, environ = reader
    shown = run([sys.executable, "-m", "brizna", *command.split(), "--help"], place, environ).stdout
    described = section(REFERENCE / "commands.md", f"brizna {command}")
    assert options(described) == options(shown) - {"--help"}


def test_no_command_is_described_that_does_not_exist():
    titles = re.findall(r"^## brizna (.+)$", read(REFERENCE / "commands.md"), re.MULTILINE)
    assert titles == every_command()


# ----------------------------------------------------------------------------- settings and names


def test_every_setting_is_described_with_its_default():
    rows = re.findall(
        r"^\| `(\w+)` \| [^|]+ \| (unset|`[^`]+`) \| ([^|]+) \|$",
        read(REFERENCE / "settings.md"),
        re.MULTILINE,
    )
    assert [name for name, _, _ in rows] == list(SETTINGS)
    for name, default, about in rows:
        setting = SETTINGS[name]
        stated = "unset" if setting.default is None else f"`{setting.default!s}`"
        assert default == (stated.lower() if setting.kind is bool else stated), name
        assert about.startswith(setting.about), name


def test_every_public_name_is_described():
    text = read(REFERENCE / "python.md")
    assert not [name for name in brizna.__all__ if not re.search(rf"`{name}[`(]", text)]


def test_every_unit_that_is_described_exists():
    rows = re.findall(
        r"^\| `(\w+)` \| (\S+) \| ([^|]*) \|$", read(REFERENCE / "python.md"), re.MULTILINE
    )
    quantities = {name: (base, more) for name, base, more in rows}
    assert {"Energy", "Power", "Duration", "Carbon", "Ratio", "Tariff"} <= set(quantities)
    for name, (base, more) in quantities.items():
        kind = getattr(brizna, name)
        assert kind.unit == base
        for unit in [] if more.startswith("none") else more.split(", "):
            assert unit in kind.units, f"{name}: {unit}"


# ---------------------------------------------------------------------------------------- records


@pytest.mark.parametrize(
    "record",
    [
        *(Run, Measurement, ChannelEnergy, Gap, Phase, Coverage, Site, Factor, GaugeLevels, Work),
        *(History, Unlike),
        *(Attribution, UserEnergy, Baseline, IdleChannel),
        *(Footprint, Assumptions, FunctionalUnit, Step, Bound),
        *(RunAccount, Hourly, Sci, SciForAi, AiScore),
        *(Conversion, ConversionStep),
        *(CostPart, Reconciliation, MachinePaid, RunPaid),
        *(Charges, Charged, Budget, BudgetState),
        *(RunTotals, Group, Total),
        *(Plan, Outcome, Workload),
        *(ScalingForecast, ScalingOption),
        *(Prediction, Reuse),
        *(SiteAdvice, SiteOption, BreakEven, Best, CaseInput),
        *(HardwareAdvice, ChipOption, Replacement),
        *(FederationAdvice, Criterion, Flip, Traffic),
        *(Key, KeyEnd, Software, Distribution, Approval),
        *(Gate, GateVerdict, Limit, Quality, Drift),
        *(Sweep, Setting, SweepPlan, Dimension, TrialNote),
        *(Improvement, Row, RequestCache, CacheSize),
        *(Tune, Tuned, TunePlan, Parameter, Resource, TuneNote),
        *(SimplerStudy, Compared, Simpler, Guard, SimplerPlan, Candidate, SimplerNote),
        *(Profile, Part, Branch, Hint),
    ],
)
def test_every_field_of_a_record_is_described_and_no_other(record):
    described = section(REFERENCE / "schemas.md", record.__name__)
    assert tuple(re.findall(r"^\| `(\w+)` \|", described, re.MULTILINE)) == record.fields()
    if record.schema:
        assert f"`{record.schema}`" in described


def test_every_field_of_a_case_is_described_and_no_other():
    described = section(REFERENCE / "schemas.md", f"Case: `{Case.schema}`")
    cells = re.findall(r"^\| (`[^|]+) \|", described, re.MULTILINE)
    assert set(re.findall(r"`(\w+)`", "".join(cells))) == {*_FIELDS, *_PLAIN}
    row = next(line for line in described.splitlines() if line.startswith("| `devices`"))
    assert {*_DEVICE_FIELDS, *_PLAIN_DEVICE} <= set(re.findall(r"`(\w+)`", row))


def test_every_event_of_the_journal_is_described():
    described = section(REFERENCE / "schemas.md", f"Journal: `{replay.JOURNAL_SCHEMA}`")
    events = set(re.findall(r"``(\w+)``(?=[, ]+(?:``|  ))", replay.__doc__ or "")) - {"t", "c"}
    assert {"start", "channel", "gap", "end"} <= events
    assert not [event for event in events if f"`{event}`" not in described]
    assert not [field for field in Channel.fields() if f"`{field}`" not in described]


# ----------------------------------------------------------------------------------------- meters


def test_described_accuracy_of_the_meters_is_that_of_the_tables():
    table = (ROOT / "src/brizna/meter/tables/spreads.csv").read_text(encoding="utf-8")
    stated = {
        line.split(",")[0]: tuple(line.split(",")[2:4])
        for line in table.splitlines()
        if re.match(r"\w+/", line)
    }
    rows = re.findall(
        r"^\| `(\S+/\S+)` \| ([\d.]+) \| ([\d.]+) \|", read(REFERENCE / "meters.md"), re.MULTILINE
    )
    assert {name: (low, high) for name, low, high in rows} == stated


@pytest.mark.parametrize(
    ("page", "said", "table", "row"),
    [
        ("explanation/what-a-run-measures.md", "346 kg", "embodied", "embodied/default-machine"),
        ("how-to/choose-the-place.md", "takes 1.25, between 1.00 and 1.56", "pue", "pue/default"),
    ],
)
def test_numbers_in_the_prose_are_those_of_the_factors(page, said, table, row):
    from brizna.account import embodied, pue

    factor = {"embodied": embodied, "pue": pue}[table]()
    assert factor.id == row
    assert said in read(DOCS / page)
    number = float(re.search(r"[\d.]+", said)[0])
    assert number == pytest.approx(factor.value, rel=2e-3)

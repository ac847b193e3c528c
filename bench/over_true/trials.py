"""One tool under one condition: what it reports, and what is true."""

from __future__ import annotations

import json
import os
import re
import signal
import statistics
import subprocess
import time
from dataclasses import dataclass, replace
from pathlib import Path

from overhead.processes import PATIENCE_S, Unmeasured

from over_true.contestants import LACKS
from over_true.machine import INSIDE, counters
from over_true.rows import BUSY_W, CARD_W, IDLE_MEMORY_W, IDLE_W, INTERVAL_S, TOGETHER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from overhead.contestants import Contestant
    from overhead.environments import Environment

    from over_true.machine import Feeder, Truth
    from over_true.rows import Row

    Cell = dict[str, Any]

_COMPLAINT = re.compile(
    r"warn|error|critical|exception|could not|cannot|failed|too short", re.IGNORECASE
)
_STAMP = re.compile(
    r"\x1b\[[\d;]*m|@ [\d:]+|^\S+\.py:\d+: |^\[?\d{4}-\d\d-\d\d[ T][\d:,.]+\]? ?(- )?"
)
"""Colours, times and places in programs, which are other each time."""
_STARTS_S, _POLL_S = 60.0, 0.005


class Broken(Exception):  # noqa: N818 - an outcome that its cell tells, not an error of ours
    """A program that did not reach its end; the text says how it ended."""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Where the trials happen.

    Attributes:
        environments: The environment of each tool, by its name.
        cards: The folder of the simulated driver library; None if there is none, with `no_cards`.
        no_cards: Why there is none.
    """

    environments: Mapping[str, Environment]
    cards: Path | None
    no_cards: str = ""


class Trial:
    """A program that is tracked by a tool, in a process of its own."""

    def __init__(self, setting: Setting, spec: Mapping[str, Any], *, name: str = "trial") -> None:
        """Start it.

        Args:
            setting: Where, and under which tool.
            spec: What it does; see ``inside/trial.py``.
            name: Its folder; that of an earlier trial to look at what that one left.
        """
        environment = setting.environment
        self._folder = environment.scratch / name
        self._folder.mkdir(exist_ok=True)
        self._output = self._folder / f"{spec['way']}.json"
        self._view = self._folder / "view.json"
        self._talk = self._folder / f"{spec['way']}.txt"
        words = [environment.python, str(INSIDE / "trial.py")]
        tool = "none" if setting.is_wrapped else setting.tool
        words += [tool, json.dumps({"interval_s": INTERVAL_S, **spec}), str(self._output)]
        if setting.is_wrapped:
            wrapper = ["run", "--zone", "ES", "--interval", str(INTERVAL_S), "--quiet"]
            wrapper += ["--json", str(self._view), "--"]
            words = [environment.command("brizna"), *wrapper, *words]
        with self._talk.open("wb") as talk:
            self.process = subprocess.Popen(
                words,
                env=setting.variables,
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=talk,
                stderr=talk,
                start_new_session=True,
            )

    def begun(self) -> float:
        """Wait until the measured block begins; return when it did, on the monotonic clock."""
        note = Path(f"{self._output}.begun")
        patience = time.monotonic() + _STARTS_S
        while not note.exists():
            if self.process.poll() is not None or time.monotonic() > patience:
                raise Broken(self._how_it_ended())
            time.sleep(_POLL_S)
        return float(note.read_text())

    def finish(self) -> dict[str, Any]:
        """Wait for the end; return what it wrote, and what the wrapper did if there was one."""
        try:
            self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._end_session()
            raise Broken(f"still running after {PATIENCE_S:.0f} s") from None
        orphans = self._end_session()
        if self.process.returncode or not self._output.exists():
            raise Broken(self._how_it_ended())
        answer = json.loads(self._output.read_text(encoding="utf-8"))
        if self._view.exists():
            answer["view"] = json.loads(self._view.read_text(encoding="utf-8"))
        return {**answer, "orphans": orphans}

    def kill(self) -> tuple[float, int]:
        """Kill the program alone; return when, and how many processes of the tool went on."""
        os.kill(self.process.pid, signal.SIGKILL)
        instant = time.monotonic()
        self.process.wait()
        time.sleep(0.5)
        return instant, self._end_session()

    def said(self) -> list[str]:
        """Return the complaints in what it printed, without times."""
        lines = self._talk.read_text(errors="replace").splitlines()
        found = (_STAMP.sub("", line).strip() for line in lines if _COMPLAINT.search(line))
        return list(dict.fromkeys(found))

    def _how_it_ended(self) -> str:
        lines = self._talk.read_text(errors="replace").strip().splitlines()
        return f"ended with {self.process.poll()}: {lines[-1].strip() if lines else 'silent'}"

    def _end_session(self) -> int:
        """End what is left of the program's session; return how many processes that were."""
        left = [pid for pid in _processes() if _session(pid) == self.process.pid]
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        return len(left)


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Where a trial happens, and under which tool.

    Attributes:
        tool: Its name.
        environment: The tool's, with a scratch folder of the trial's own.
        variables: All environment variables.
        is_wrapped: Whether the tool runs the program, instead of being called by it.
    """

    tool: str
    environment: Environment
    variables: Mapping[str, str]
    is_wrapped: bool = False


def take(stage: Stage, row: Row, tool: Contestant, folder: Path) -> Cell:
    """Put one tool under one condition.

    Args:
        stage: The environments and the cards.
        row: The condition.
        tool: The tool.
        folder: An empty folder for all that is written.

    Returns:
        ``ratio``, reported over true, or ``outcome``, why there is none: ``absent``, ``refused``,
        ``broken`` or ``lost``; with ``note``, ``said``, and what it was computed from.
    """
    reason = LACKS.get(tool.name, {}).get(row.key)
    if reason is not None:
        return {"outcome": "absent", "note": reason}
    if row.cards and stage.cards is None:
        return {"outcome": "absent", "note": stage.no_cards}
    environment = replace(stage.environments[tool.name], scratch=folder)
    variables = {**environment.variables, "BRIZNA_STORE": str(folder / "store")}
    if row.cards:
        variables |= {
            "LD_LIBRARY_PATH": str(stage.cards),
            "PATH": f"{stage.cards}:{variables['PATH']}",
            "FAKE_NVML_CARDS": str(row.cards),
            "FAKE_NVML_POWER_W": str(CARD_W),
        }
    setting = Setting(tool=tool.name, environment=environment, variables=variables)
    with counters(row, stage.environments["brizna"], folder) as feeder:
        try:
            return _WAYS[row.way](setting, row, feeder)
        except Broken as how:
            return {"outcome": "broken", "note": str(how)}


def _block(setting: Setting, row: Row, feeder: Feeder) -> Cell:
    """Track one block that sleeps, while the row's troubles happen."""
    spec = {"way": "block", "work": "sleep", "duration_s": row.duration_s, "cards": row.cards}
    trial = Trial(setting, spec)
    feeder.make_trouble(trial.begun())
    answer = trial.finish()
    begin, end, _ = answer["spans"][0]
    return _compare(answer["reports"][0], row, feeder.truth(), [(begin, end)], said=trial.said())


def _windows(setting: Setting, row: Row, feeder: Feeder) -> Cell:
    """Track windows one after another; compare their sum, and count the worst.

    One more comes first, in which a tool starts what it starts once.
    """
    spec = {"way": "windows", "work": "sleep", "duration_s": row.duration_s}
    trial = Trial(setting, {**spec, "windows": row.windows + 1})
    answer = trial.finish()
    truth, said = feeder.truth(), trial.said()
    spans, reports = answer["spans"][1:], answer["reports"][1:]
    if None in reports:
        return {"outcome": "refused", "note": "no figure for some windows", "said": said}
    whole = {"joules": sum(each["joules"] for each in reports), "covers": reports[0]["covers"]}
    cell = _compare({**reports[0], **whole}, row, truth, spans, said=said)
    cell |= {"windows": len(spans), "zeros": sum(each["joules"] == 0 for each in reports)}
    if "low" in reports[0]:
        true_j = [truth.joules(whole["covers"], *span) for span in spans]
        cell["held"] = sum(
            each["low"] <= joules <= each["high"]
            for each, joules in zip(reports, true_j, strict=True)
        )
    cell.pop("low", None)
    cell.pop("high", None)
    return cell


def _killed(setting: Setting, row: Row, feeder: Feeder) -> Cell:
    """Kill a tracked program, then ask the tool what it has left."""
    spec = {"way": "block", "work": "sleep", "duration_s": row.duration_s + 60}
    trial = Trial(setting, spec)
    begin = trial.begun()
    time.sleep(max(0.0, begin + row.duration_s - time.monotonic()))
    instant, orphans = trial.kill()
    truth, said = feeder.truth(), trial.said()
    report = Trial(setting, {"way": "left"}).finish()["reports"][0]
    cell = {"outcome": "lost", "said": said}
    if report is not None and report["joules"] is not None:
        cell = _compare(report, row, truth, [(begin, instant)], said=said)
    return {**cell, "orphans": orphans}


def _together(setting: Setting, row: Row, feeder: Feeder) -> Cell:
    """Track several busy programs at once, each for itself where the tool can."""
    spec = {"way": "block", "work": "some", "duration_s": row.duration_s, "own_process": True}
    if setting.tool == "brizna":
        idle = f"rapl/package-0={IDLE_W:g},rapl/package-0/dram={IDLE_MEMORY_W:g}"
        variables = {**setting.variables, "BRIZNA_IDLE_W": idle}
        setting = replace(setting, is_wrapped=True, variables=variables)
    trials = [Trial(setting, spec, name=f"program-{number}") for number in range(TOGETHER)]
    answers = [trial.finish() for trial in trials]
    truth = feeder.truth()
    machine_j = statistics.fmean(
        truth.joules(["cpu"], begin, end) for answer in answers for begin, end, _ in answer["spans"]
    )
    said = list(dict.fromkeys(line for trial in trials for line in trial.said()))
    if setting.is_wrapped:
        return {**_shares(answers, machine_j), "said": said}
    reports = [answer["reports"][0] for answer in answers]
    if None in reports:
        return {"outcome": "refused", "note": "no figure", "said": said}
    joules = sum(report["joules"] for report in reports)
    return {"ratio": joules / machine_j, "joules": joules, "true_j": machine_j, "said": said}


def _mean_j(truth: Truth, kinds: Sequence[str], spans: Sequence[Sequence[float]]) -> float:
    """Return what the machine drew, in the mean of the programs' times."""
    return statistics.fmean(truth.joules(kinds, begin, end) for begin, end, _ in spans)


def _shares(answers: Sequence[Mapping[str, Any]], machine_j: float) -> Cell:
    """Compare what brizna ascribes to each program with its own processor time.

    What is true follows from how the machine is made: `BUSY_W` for each busy processor.
    """
    users = [_own(answer["view"]) for answer in answers]
    true_j = BUSY_W * sum(answer["whole_cpu_s"] for answer in answers)
    above_idle = [user["above_idle_j"] for user in users]
    if None in above_idle:
        return {"outcome": "refused", "note": str(next(user["reason"] for user in users))}
    joules = sum(each["best"] for each in above_idle)
    fair_j = sum(user["fair_share_j"]["best"] for user in users)
    whole_j = sum(answer["view"]["measurement"]["energy_j"]["best"] for answer in answers)
    return {
        "ratio": joules / true_j,
        "joules": joules,
        "true_j": true_j,
        "fair_share_of_machine": fair_j / machine_j,
        "whole_machine": whole_j / machine_j,
    }


def _own(view: Mapping[str, Any]) -> Mapping[str, Any]:
    attribution = view["measurement"].get("attribution")
    if not attribution:
        raise Unmeasured("this brizna attributes nothing yet")
    return next(user for user in attribution["users"] if user["id"] == "run")


def _children(setting: Setting, row: Row, feeder: Feeder) -> Cell:
    """Let short-lived children do the work; compare with work that the program does itself."""
    del feeder
    specs = [
        {"way": "block", "work": work, "duration_s": row.duration_s, "own_process": True}
        for work in ("hard", "children")
    ]
    if setting.tool == "brizna":
        trial = Trial(replace(setting, is_wrapped=True), specs[1])
        answer = trial.finish()
        seen_s, true_s = answer["view"]["measurement"]["cpu_time_s"], answer["whole_cpu_s"]
        return {"ratio": seen_s / true_s, "seen_s": seen_s, "true_s": true_s, "said": trial.said()}
    rates, said = [], []
    for spec in specs:
        trial = Trial(setting, spec, name=spec["work"])
        answer = trial.finish()
        rates.append(answer["reports"][0]["joules"] / answer["spans"][0][2])
        said.append(trial.said())
    own, of_children = rates
    only_of_children = [line for line in said[1] if line not in said[0]]
    return {
        "ratio": of_children / own,
        "w_of_own": own,
        "w_of_children": of_children,
        "said": only_of_children,
    }


_WAYS: Mapping[str, Callable[[Setting, Row, Feeder], Cell]] = {
    "block": _block,
    "windows": _windows,
    "killed": _killed,
    "together": _together,
    "children": _children,
}


def _compare(
    report: Mapping[str, Any] | None,
    row: Row,
    truth: Truth,
    spans: Sequence[Sequence[float]],
    *,
    said: Sequence[str],
) -> Cell:
    if report is None:
        return {"outcome": "refused", "note": "no figure", "said": [*said]}
    covers = report["covers"]
    if covers == ["gpu"]:
        true_j = sum(row.cards * CARD_W * (end - begin) for begin, end in spans)
    else:
        true_j = sum(truth.joules(covers, begin, end) for begin, end in spans)
    cell = {
        "ratio": report["joules"] / true_j,
        "joules": report["joules"],
        "true_j": true_j,
        "covers": covers,
        "said": [*said, *report.get("said", ())],
    }
    return cell | {end: report[end] for end in ("low", "high") if end in report}


def _processes() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdecimal()]


def _session(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return None

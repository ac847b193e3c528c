"""The workshop: where a study keeps its models and what it found, and the processes it starts.

Whatever costs something is done once: its answer stands in the study's journal under a key, line
by line, each with its checksum. Going on with an interrupted study is going through it again: what
is in the journal is not done again, so that a kill at any moment loses what was being done then.
"""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import suppress
from math import ceil

from brizna.core.codec import decode, encode
from brizna.core.errors import InputError, Said, UnavailableError
from brizna.core.estimate import Estimate, total
from brizna.core.quantities import Energy
from brizna.core.records import Record
from brizna.improve._model import open_model
from brizna.store._lines import frame, split, unframe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from brizna.improve._model import Model
    from brizna.improve._study import Study

    Launch = Callable[["Sequence[str]", str], "Launched"]
    """Runs a command under a name, and says what it took."""

JOURNAL, STUDY, JOBS, MODELS = "journal.jsonl", "study.json", "jobs", "models"
"""What stands in a study's folder."""
_LAST_WORDS = 300
_OUT_OF_TIME = 24
"""The signal that ends a process which has used the processor seconds that it was given."""


class Launched(Record):
    """What came of a process.

    Attributes:
        exit_code: Of the process; below 0 the signal that ended it.
        energy_j: Of all of it; None where nobody measured.
        phases: Of each phase that it marked.
        run: Id of the run that was kept of it.
    """

    exit_code: int
    energy_j: Estimate | None = None
    phases: dict[str, Estimate] = {}
    run: str | None = None


class StepFailedError(Exception):
    """What was to be done in a process did not work; the message is the reason.

    Attributes:
        is_unavailable: Whether something is missing on this machine that could be had.
        is_cut: Whether the budget ended it; with more of it, it may be done.
    """

    def __init__(self, reason: str, *, is_unavailable: bool = False, is_cut: bool = False) -> None:
        """Say why."""
        super().__init__(reason)
        self.is_unavailable = is_unavailable
        self.is_cut = is_cut


class Workshop:
    """One study's folder and journal.

    Attributes:
        folder: Of the study.
        spent_s: Processor seconds that went into the study, earlier sittings included.
        spent_j: Joules, where all of it was measured; None else.
    """

    def __init__(self, folder: str, study: Study, launch: Launch, *, anew: bool = False) -> None:
        """Open a study's folder, make it if it is not there, and read its journal.

        Args:
            folder: Of the study.
            study: What is to be done.
            launch: Runs a process.
            anew: Whether what was found and built before is thrown away.

        Raises:
            UnavailableError: If it cannot be written.
        """
        self.folder = folder
        self._study = study
        self._launch = launch
        self._known: dict[str, dict[str, Any]] = {}
        try:
            for name in (JOBS, MODELS):
                os.makedirs(os.path.join(folder, name), exist_ok=True)
            with open(os.path.join(folder, STUDY), "wb") as file:
                file.write(encode(study.to_json()))
            self._journal = open(os.path.join(folder, JOURNAL), "a+b")  # noqa: SIM115 - closed by close()
        except OSError as error:
            raise unwritable(folder, error) from error
        self._own()
        if anew:
            self._journal.truncate(0)
            for name in (JOBS, MODELS):
                shutil.rmtree(os.path.join(folder, name))
                os.makedirs(os.path.join(folder, name))
        self._read()

    def _own(self) -> None:
        """Take the study for this process alone, until it ends however it ends.

        Raises:
            InputError: If another process works on it.
        """
        try:
            import fcntl
        except ImportError:  # Windows: nobody is kept out
            return
        try:
            fcntl.flock(self._journal, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._journal.close()
            raise InputError(
                "Another process works on this study ({folder!r}): expected one at a time. Wait "
                "until it ends, then go on with --resume.",
                folder=self.folder,
            ) from error

    def close(self) -> None:
        """Close the journal; on a full disk what is left of its last line is lost."""
        with suppress(OSError):
            self._journal.close()

    def _read(self) -> None:
        self._journal.seek(0)
        data = self._journal.read()
        for line in split(data):
            event = unframe(line)
            if event and "key" in event:
                self._known[event["key"]] = dict(event)
        if data and not data.endswith(b"\n"):
            self._journal.write(b"\n")  # what was being written when it was killed

    def knows(self, key: str) -> bool:
        """Return whether something was done, in this sitting or an earlier one."""
        return key in self._known

    def once(self, key: str, task: str, **job: Any) -> dict[str, Any]:
        """Return the answer of a task, done in a fresh process unless it was done before.

        Args:
            key: What it is known by.
            task: As in `brizna.improve._worker`.
            **job: What it needs.

        Raises:
            StepFailedError: If it failed, now or then.
            UnavailableError: If it cannot be written down.
        """
        if key not in self._known:
            try:
                event = self._do(task, key, job)
                is_cut = event.pop("is_cut", False)
                self._note(f"cut/{len(self._known)}/{key}" if is_cut else key, event)
                if is_cut:
                    raise StepFailedError(event["failed"], is_cut=True)
            except OSError as error:
                raise unwritable(self.folder, error) from error
        event = self._known[key]
        if "failed" in event:
            is_unavailable = event.get("kind") == UnavailableError.__name__
            raise StepFailedError(event["failed"], is_unavailable=is_unavailable)
        done: dict[str, Any] = event["done"]
        return {**done, "spent_s": event["cpu_s"], "measured_j": event.get("measured_j")}

    def build(self, key: str, task: str, **job: Any) -> tuple[Model, dict[str, Any]]:
        """Return a model that a task makes, and the task's answer.

        Raises:
            StepFailedError: If it failed, now or then.
        """
        folder = os.path.join(self.folder, MODELS, key.partition("/")[2])
        draft = (
            f"{folder}.{os.getpid()}"  # what a killed sitting left behind may still write its own
        )
        known = self._known.get(key)
        if known is None or ("done" in known and not os.path.isdir(folder)):
            self._known.pop(key, None)
            shutil.rmtree(folder, ignore_errors=True)
            try:
                os.makedirs(draft)
            except OSError as error:
                raise unwritable(self.folder, error) from error
        try:
            answer = self.once(key, task, folder=draft, **job)
            if os.path.isdir(draft):
                os.replace(draft, folder)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        return open_model(folder), answer

    @property
    def spent_s(self) -> float:
        """Processor seconds of all processes that the study has started."""
        from math import fsum

        return fsum(event["cpu_s"] for event in self._known.values())

    @property
    def spent_j(self) -> Estimate | None:
        """Their energy; None where that of one is not known."""
        parts = [event.get("energy_j") for event in self._known.values()]
        if not parts or None in parts:
            return None
        return total(Estimate.from_json(Energy, part) for part in parts if part is not None)

    def spent_on(self, keys: Sequence[str]) -> tuple[float, Estimate | None]:
        """Return the processor seconds and the energy of what is known by these keys."""
        from math import fsum

        events = [self._known[key] for key in keys if key in self._known]
        parts = [event.get("energy_j") for event in events]
        energy = None
        if parts and None not in parts:
            energy = total(Estimate.from_json(Energy, part) for part in parts if part is not None)
        return fsum(event["cpu_s"] for event in events), energy

    def _do(self, task: str, name: str, job: Mapping[str, Any]) -> dict[str, Any]:
        """Start the process and return the event to be noted."""
        number = len(self._known)
        path = os.path.join(self.folder, JOBS, f"{number:05d}-{os.getpid()}")
        whole: dict[str, Any] = {
            "task": task,
            "most_s": self._left_s() if task == "apply" else None,
            "material": self._study.material.to_json(),
            "plugins": list(self._study.plugins),
            **job,
            "result": f"{path}.answer.json",
            "log": f"{path}.log",
        }
        with open(f"{path}.json", "wb") as file:
            file.write(encode(whole))
        command = [sys.executable, "-m", "brizna.improve._worker", f"{path}.json"]
        launched = self._launch(command, name)
        event: dict[str, Any] = {
            "cpu_s": 0.0,
            "failed": _last_words(whole["log"], launched.exit_code),
        }
        if whole["most_s"] is not None and launched.exit_code == -_OUT_OF_TIME:
            event |= {"cpu_s": float(whole["most_s"]), "is_cut": True}
        if os.path.exists(whole["result"]):
            with open(whole["result"], "rb") as file:
                event = decode(file.read())
        if launched.energy_j is not None:
            event["energy_j"] = launched.energy_j.to_json()
        event.update({f"{name}_j": each.to_json() for name, each in launched.phases.items()})
        return {**event, "run": launched.run}

    def _left_s(self) -> int | None:
        """Return the processor seconds that one more step may take; None for any."""
        budget_s = self._study.budget_s
        return None if budget_s is None else max(ceil(budget_s - self.spent_s), 1)

    def _note(self, key: str, event: Mapping[str, Any]) -> None:
        whole = {"key": key, **event}
        self._journal.write(frame(whole))
        self._journal.flush()
        os.fsync(self._journal.fileno())
        self._known[key] = whole


def unwritable(folder: str, error: OSError) -> UnavailableError:
    """Return the error that says that a study's folder cannot be written."""
    return UnavailableError(
        "The workshop {folder!r} cannot be written: {reason}. Expected a folder with room "
        "and permission; choose another store with --store.",
        folder=folder,
        reason=error.strerror or error,
    )


def _last_words(log: str, exit_code: int) -> str:
    """Return why a process ended without an answer."""
    said = ""
    if os.path.exists(log):
        with open(log, encoding="utf-8", errors="replace") as file:
            said = " ".join(file.read().split())[-_LAST_WORDS:]
    if exit_code < 0:
        text = Said("its process was ended by signal {signal} {said}", signal=-exit_code, said=said)
    else:
        text = Said("its process ended with exit code {code} {said}", code=exit_code, said=said)
    return str(text).strip()


def run_plainly(command: Sequence[str], name: str) -> Launched:
    """Run a command without measuring it."""
    import subprocess

    del name
    nothing = subprocess.DEVNULL
    ended = subprocess.run(command, stdin=nothing, stdout=nothing, stderr=nothing, check=False)
    return Launched(exit_code=ended.returncode)

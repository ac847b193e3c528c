"""One trial of a program: its run, kept and tagged, and what the program says of its outcome.

A program says what came of it in one of two ways: it writes a JSON object of numbers into the file
that the variable ``BRIZNA_RESULT`` names, or prints lines such as ``accuracy=0.93``; of several
the last one holds, and the file goes before lines.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress

from brizna.core.errors import InputError, UnavailableError
from brizna.core.records import Record
from brizna.run import TrialFailedError
from brizna.verbs._run import run_command
from brizna.verbs._trialling import aside, kept_run, stop_if_told

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from brizna.core.measurement import Run
    from brizna.verbs._recorder import Job
    from brizna.verbs._trialling import Ground

RESULT_VARIABLE = "BRIZNA_RESULT"
"""The variable that names the file in which a program says what came of it."""
_RESULT, _OUTPUT = "result.json", "output.txt"
_MOST_BYTES = 64 * 2**20
_TAIL_BYTES = 2**20
"""So much of the end of what a program prints is looked at."""


class Told(Record):
    """What a trial came to.

    Attributes:
        run: Its run.
        result: What the program said of its outcome.
        failed: Why it counts for nothing; None if it does count.
    """

    run: Run
    result: dict[str, Any]
    failed: str | None = None


def measured_trial(
    job: Job,
    ground: Ground,
    *,
    folder: str,
    variables: Mapping[str, str],
    shows_output: bool = False,
) -> Told:
    """Run a program, measure it, and return its run and what it said.

    Args:
        job: The program, and what its run is called.
        ground: Where it runs and is kept.
        folder: Where its result may be written; what an earlier trial wrote there is removed.
        variables: What its environment has more.
        shows_output: Whether what it prints goes to stderr once it has ended.

    Raises:
        SweepStoppedError: If a signal was meant to end the series.
        UnavailableError: If the run or its result could not be kept.
        InputError: If the program cannot be started, or what it wrote cannot be read.
    """
    paths = [os.path.join(folder, name) for name in (_RESULT, _OUTPUT)]
    try:
        os.makedirs(folder, exist_ok=True)
        for path in paths:
            with suppress(FileNotFoundError):
                os.unlink(path)
        with aside(shows_output=False, into=paths[1]):
            finished = run_command(
                job,
                ground.settings,
                environ={**ground.environ, **variables, RESULT_VARIABLE: paths[0]},
                directory=ground.directory,
                afterwards=lambda _: None,
            )
    except OSError as error:
        raise UnavailableError(
            "Results of trials cannot be written in {folder!r} ({reason}): free it, or name "
            "another store with --store.",
            folder=folder,
            reason=error.strerror or error,
        ) from error
    if shows_output:
        sys.stderr.write(_text(paths[1], _MOST_BYTES))
    stop_if_told(finished.outcome)
    failed = None
    try:
        kept_run(finished)
    except TrialFailedError as error:
        failed = str(error)
    assert finished.view is not None, "a run that is not kept was refused"
    run = ground.store.read(finished.view["id"]).run
    return Told(run=run, result=told_result(*paths), failed=failed)


def told_result(path: str, output: str) -> dict[str, Any]:
    """Return what a program said of its outcome.

    Args:
        path: Its file of results, which goes over what it printed; there need be none.
        output: What it printed.

    Raises:
        InputError: If its file is no JSON.
    """
    found: dict[str, Any] = {}
    for line in _text(output, _TAIL_BYTES).splitlines():
        name, sign, value = line.strip().partition("=")
        if sign and name.strip().isidentifier():
            with suppress(ValueError):  # a line about something else
                found[name.strip()] = float(value)
    text = _text(path, _MOST_BYTES)
    if not text.strip():
        return found
    try:
        said = json.loads(text)
    except ValueError as error:
        raise InputError(
            "The result file of the program is no JSON ({error}): expected an object of numbers, "
            "such as {example}. Write it to the file that ${variable} names.",
            error=error,
            example='{"quality": 0.93}',
            variable=RESULT_VARIABLE,
        ) from error
    return found | (said if isinstance(said, dict) else {"quality": said})


def _text(path: str, most: int) -> str:
    """Return the end of a file as text; nothing where there is none."""
    try:
        with open(path, "rb") as file:
            file.seek(max(os.fstat(file.fileno()).st_size - most, 0))
            return file.read(most).decode("utf-8", "replace")
    except FileNotFoundError:
        return ""

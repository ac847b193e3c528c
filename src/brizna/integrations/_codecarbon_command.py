"""Run a script, or the command ``codecarbon``, with brizna in CodeCarbon's stead.

A folder of this package that holds a package and a command named ``codecarbon`` goes first on the
search paths of that one process, and of what it starts. Nothing is installed, patched or left.
"""

from __future__ import annotations

import os
import sys

from brizna.core.errors import BriznaError
from brizna.integrations._codecarbon_options import language, read_options
from brizna.report import codecarbon_rows, run_lines, said, stored, texts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Mapping, Sequence

    from brizna.verbs._run import Finished

_HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "_codecarbon_path")
_PYTHON = "PYTHON_OF_BRIZNA"
_WRONG_USE, _OUR_FAILURE = 2, 125


def main(words: Sequence[str]) -> int:
    """Run what the words name: a Python script with its arguments, or any command."""
    lang = language(os.environ)
    _ = texts(lang).gettext
    if words[:1] == ["--command"]:
        return _monitor(words[1:], lang)
    command = list(words[1:] if words[:1] == ["--"] else words)
    if not command or command[0] in ("-h", "--help"):
        usage = _("usage: ") + "python -m brizna.integrations.codecarbon SCRIPT.py ..."
        (sys.stdout if command else sys.stderr).write(f"{usage}\n")
        return 0 if command else _WRONG_USE
    if command[0].endswith(".py"):
        command = [sys.executable, *command]
    environ = shim_environment(os.environ)
    try:
        if os.name == "nt":
            from subprocess import call

            return call(command, env=environ)
        os.execvpe(command[0], command, environ)  # noqa: S606 - no shell is wanted
    except OSError as error:
        text = _("{command!r} cannot be run: {reason}.")
        _say(text.format(command=command[0], reason=error.strerror))
        return 127
    return 0


def shim_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return an environment in which ``codecarbon`` is brizna's, for Python and for the shell."""
    paths = {"PYTHONPATH": _HERE, "PATH": os.path.join(_HERE, "bin")}
    led = {
        name: os.pathsep.join(filter(None, (first, environ.get(name))))
        for name, first in paths.items()
    }
    return {**environ, **led, _PYTHON: sys.executable}


def _monitor(words: Sequence[str], lang: str) -> int:
    """Do what ``codecarbon monitor -- command`` does: measure, add a row to the file, report."""
    _ = texts(lang).gettext
    ours = list(words[: words.index("--")] if "--" in words else words)
    command = list(words[words.index("--") + 1 :] if "--" in words else ())
    if ours[:1] != ["monitor"] or not command:
        _say(_("Only 'codecarbon monitor -- command' is done by brizna. See also: brizna doctor."))
        return _WRONG_USE
    given, rest = _options().parse_known_args(ours[1:])
    if rest:
        command = [*rest, *command]
    named = {name: value for name, value in vars(given).items() if value is not None}
    named.pop("api", None)
    named.pop("offline", None)
    try:
        return _measure(command, {"tracking_mode": "process", **named}, lang)
    except BriznaError as error:
        _say(said(error, lang))
        return _OUR_FAILURE


def _options() -> ArgumentParser:
    from argparse import ArgumentParser, BooleanOptionalAction

    parser = ArgumentParser(prog="codecarbon monitor", add_help=False, allow_abbrev=False)
    parser.add_argument("--project-name")
    parser.add_argument("--measure-power-secs", type=float)
    parser.add_argument("--api-call-interval")
    parser.add_argument("--api", action=BooleanOptionalAction, default=None)
    parser.add_argument("--offline", action="store_true", default=None)
    parser.add_argument("--country-iso-code")
    parser.add_argument("--region")
    parser.add_argument("--log-level")
    return parser


def _measure(command: Sequence[str], named: Mapping[str, object], lang: str) -> int:
    from brizna.verbs import read_settings, run_command
    from brizna.verbs._recorder import Job
    from brizna.verbs._run import current_directory

    options = read_options((), named, environ=os.environ)
    for text in options.wrong:
        _say(stored(text, lang))
    directory = current_directory()
    settings = read_settings(options.settings(), environ=os.environ, directory=directory)

    def tell(finished: Finished) -> None:
        try:
            _tell(finished, options.get("output_dir", "."), options.get("project_name"), lang)
        except OSError as error:  # the exit code is the command's
            _say(str(error))

    job = Job(command=command, name=options.get("project_name"), tags=("codecarbon",))
    finished = run_command(job, settings, environ=os.environ, directory=directory, afterwards=tell)
    return finished.outcome.exit_code


def _tell(finished: Finished, folder: str, name: str | None, lang: str) -> None:
    """Add the run's row to the file and tell the result on stderr: stdout is the command's."""
    from brizna.integrations._codecarbon_data import EmissionsData, write_row

    for text in finished.trouble:
        _say(stored(text, lang))
    if finished.view is None or not finished.outcome.started:
        _say(stored(finished.outcome.reason or "", lang))
        return
    (row,) = codecarbon_rows([finished.view])
    row["project_name"] = name or "codecarbon"
    write_row(os.path.join(folder, "emissions.csv"), EmissionsData(row), update=False)
    for line in run_lines(finished.view, lang=lang, stored=finished.directory):
        sys.stderr.write(f"{line}\n")


def _say(text: str) -> None:
    sys.stderr.write(f"brizna: {text}\n")

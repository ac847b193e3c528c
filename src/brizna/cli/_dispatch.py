"""From the words of the command line to one command, and from its errors to an exit code."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

from brizna.core.errors import (
    BriznaError,
    CoverageError,
    InputError,
    IntegrityError,
    Said,
    SchemaError,
    UnavailableError,
)
from brizna.report import LANGUAGES, pick_language, said, stored, texts, wants_color

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TextIO

    from brizna.report._texts import Texts

    Command = Callable[["Context", list[str]], int]

DONE, FAILED, WRONG_USE, NOT_HERE = 0, 1, 2, 3
"""Exit codes."""
_OUR_FAILURE = 125
"""Exit code of ``run`` where it is not the command that failed."""

COMMANDS = {
    "run": "_run",
    "mark": "_mark",
    "profile": "_profile",
    "runs": "_runs",
    "show": "_show",
    "compare": "_show",
    "explain": "_show",
    "open": "_open",
    "report": "_report",
    "verify": "_verify",
    "check": "_check",
    "gate": "_gate",
    "account": "_account",
    "bill": "_bill",
    "factors": "_factors",
    "sci": "_sci",
    "charge": "_charge",
    "budget": "_budget",
    "claims": "_claims",
    "power": "_power",
    "tune": "_tune",
    "improve": "_improve",
    "predict": "_predict",
    "reuse": "_reuse",
    "plan": "_plan",
    "wait": "_carry",
    "federate": "_federate",
    "grid": "_grid",
    "env": "_env",
    "keys": "_keys",
    "doctor": "_doctor",
    "config": "_config",
    "slurm": "_slurm",
    "metrics": "_metrics",
    "completion": "_completion",
}
"""Each command and the file that holds it, as a function of the same name."""


_PLAIN = {ord("…"): "...", **str.maketrans("µ×−–’│├└─\u00a0\u202f", "ux--'||`-  ")}
"""What stands for a character in a terminal that knows only ASCII: a micro is no question mark."""


class Context:
    """What every command gets: the person's language, terminal and environment.

    Attributes:
        lang: Language of what people read.
        texts: Texts in that language.
        color: Whether stdout takes colour; ``color_err`` the same for stderr.
        is_terminal: Whether a person reads stdout.
        width: Columns of the terminal.
    """

    def __init__(self, lang: str) -> None:
        self.lang = lang
        self.texts: Texts = texts(lang)
        self.environ = os.environ
        self.is_terminal = _is_terminal(sys.stdout)
        self.color = wants_color(is_terminal=self.is_terminal, environ=os.environ)
        self.color_err = wants_color(is_terminal=_is_terminal(sys.stderr), environ=os.environ)

    @property
    def width(self) -> int:
        """Columns of the terminal; 80 where there is none."""
        from shutil import get_terminal_size

        return get_terminal_size((80, 24)).columns

    def say(self, *lines: str) -> None:
        """Talk: to stderr. Where nobody can hear, nothing is said."""
        with suppress(BrokenPipeError, UnavailableError):
            _write(sys.stderr, lines)

    def complain(self, *wrong: BriznaError | str) -> None:
        """Say what went wrong; names in it, which others may have chosen, steer no terminal.

        Args:
            *wrong: An error, or sentences in English as a record holds them.
        """
        from brizna.report._view import printable

        told = [
            stored(one, self.lang) if isinstance(one, str) else said(one, self.lang)
            for one in wrong
        ]
        self.say(f"brizna: {printable(' '.join(told))}")

    def complain_of(self, wrong: Sequence[BriznaError | Said]) -> None:
        """Say several things that went wrong, or were put right, each in a line of its own."""
        from brizna.report._view import printable

        self.say(*(f"brizna: {printable(said(one, self.lang))}" for one in wrong))

    def tell(self, *lines: str) -> None:
        """Give data: to stdout."""
        _write(sys.stdout, lines)

    def tell_json(self, value: object) -> None:
        """Give data as JSON: to stdout."""
        from json import dumps

        _write(sys.stdout, [dumps(value, ensure_ascii=False, indent=1)])


def dispatch(words: list[str]) -> int:
    """Run the command that the words name and return its exit code."""
    try:
        context = Context(_language(words))
    except InputError as error:
        _write(sys.stderr, [f"brizna: {error}"])
        return _OUR_FAILURE if _after_language(words)[:1] == ["run"] else WRONG_USE
    words = _after_language(words)
    name = words[0] if words else "--help"
    _put_back(context, words)
    try:
        code = command_named(name)(context, words[1:])
        return code if words else WRONG_USE
    except SystemExit as leaving:  # argparse's --help
        return leaving.code if isinstance(leaving.code, int) else DONE
    except BrokenPipeError:  # whoever read our data has seen enough
        return DONE
    except KeyboardInterrupt:
        return 130
    except BriznaError as error:
        context.complain(error)
        return _OUR_FAILURE if name == "run" else _exit_code(error)


def _put_back(context: Context, words: Sequence[str]) -> None:
    """Put limits of devices back that a killed sweep has left; costs a look or two for its file."""
    from brizna.run import restore_files

    if words[:2] == ["power", "restore"]:  # does the same, and says also that nothing is left
        return
    try:
        left = [path for path in restore_files(os.environ) if os.path.lexists(path)]
        if left:
            from brizna.run import put_back

            context.complain_of([one for path in left for one in put_back(path)])
    except Exception as error:  # noqa: BLE001 - the command itself must run: this is only said
        context.complain(f"{type(error).__name__}: {error}")


def command_named(name: str) -> Command:
    """Return the command of this name.

    Raises:
        InputError: If there is none.
    """
    if name in ("-h", "--help", "help"):
        return _help
    if name in ("-V", "--version"):
        return _version
    home = COMMANDS.get(name)
    if home is None:
        raise _unknown(name)
    from importlib import import_module

    return getattr(import_module(f"brizna.cli.{home}"), name)


def _help(context: Context, _words: list[str]) -> int:
    context.tell(*_overview(context.texts))
    return DONE


def _version(context: Context, _words: list[str]) -> int:
    from brizna.core.version import VERSION

    context.tell(f"brizna {VERSION}")
    return DONE


def _exit_code(error: BriznaError) -> int:
    if isinstance(error, (UnavailableError, CoverageError)):
        return NOT_HERE
    if isinstance(error, (IntegrityError, SchemaError)):
        return FAILED
    return WRONG_USE


def _language(words: Sequence[str]) -> str:
    """Return the language that the option, BRIZNA_LANG, a settings file or the system names.

    Raises:
        InputError: If the option or BRIZNA_LANG names a language that there are no texts for.
    """
    from brizna.verbs._run import current_directory
    from brizna.verbs._settings import read_settings

    option = _language_option(words)
    if words[:1] == ["run"] and option not in LANGUAGES:
        option = None  # the command's own option; if it is ours, run says what is wrong with it
    try:
        settings = read_settings({}, environ=os.environ, directory=current_directory())
    except InputError:  # the command that needs the settings says what is wrong with them
        return pick_language(option, os.environ)
    return pick_language(option or settings["lang"], os.environ)


def _after_language(words: list[str]) -> list[str]:
    """Return the words from the command on: ``brizna --lang es show`` is ``brizna show``."""
    while words and words[0].startswith("--lang="):
        words = words[1:]
    return words[2:] if words and words[0] == "--lang" else words


def _language_option(words: Sequence[str]) -> str | None:
    """Return what ``--lang`` says, before anything is parsed; nothing after ``--`` is ours."""
    ours = words[: words.index("--")] if "--" in words else words
    for place, word in enumerate(ours):
        if word.startswith("--lang="):
            return word.partition("=")[2]
        if word == "--lang" and place + 1 < len(ours):
            return ours[place + 1]
    return None


def _unknown(name: str) -> InputError:
    from brizna.core.factors import nearest

    return InputError(
        "{name!r} is not a command.{hint} Commands: {names}.",
        name=name,
        hint=nearest(name, COMMANDS),
        names=", ".join(COMMANDS),
    )


def abouts(texts: Texts) -> dict[str, str]:
    """Return each command with what it is for, in one line."""
    _ = texts.gettext
    return {
        "run": _("measure a command: brizna run -- python train.py"),
        "mark": _("begin a phase of the run, from inside it"),
        "profile": _("energy by code: which functions use it, and what to try first"),
        "runs": _("list, remove, prune, export, import or merge runs"),
        "show": _("one run with all its figures"),
        "compare": _("runs side by side: what differs, what was saved"),
        "explain": _("where a figure comes from, down to samples and factors"),
        "open": _("one run as a page in the browser"),
        "report": _("documents from the same records: brizna report RUN --as FORM"),
        "verify": _("recompute a run, a bundle or another tool's file; say what cannot be right"),
        "check": _("a project against the rules of a profile: pnav, ai-act, sci, green-ml"),
        "gate": _("fail where a change takes more energy, or more than its budget"),
        "power": _("settings against energy and time: brizna power sweep -- command"),
        "tune": _("a training's parameters: good quality at little energy"),
        "improve": _("a smaller, faster model that is still good enough"),
        "predict": _("before running: a training, answers, a whole life, more accelerators"),
        "reuse": _("reuse, prompt, tune or train: what there is, and when each way pays"),
        "plan": _("when and where to run a job with the least carbon or money"),
        "wait": _("wait until a plan begins"),
        "federate": _("whether federated learning suits a case, and where that turns"),
        "account": _("the footprint of declared facts, without running anything"),
        "bill": _("a cloud bill beside the runs: used, idle, unexplained"),
        "factors": _("the numbers behind the figures, your own, and what changed"),
        "charge": _("what was spent for each run that succeeded: failures and idle time"),
        "budget": _("what may be spent, what was, and when it will be gone"),
        "sci": _("software carbon intensity of a run, or of an AI system"),
        "claims": _("figures that the reference documents state, computed again"),
        "grid": _("what the grid is like: zones, sources, clean hours"),
        "env": _("what runs happen in and models are made of: lock, check, audit, sign"),
        "keys": _("keys that sign and are believed: made, replaced, revoked"),
        "doctor": _("what can be measured here, and how to measure more"),
        "config": _("the settings in force and where they come from"),
        "slurm": _("measure each job of a cluster, from its prolog and epilog"),
        "metrics": _("what runs use, for Prometheus and Grafana"),
        "completion": _("completion for bash, zsh and fish, and the man page"),
    }


def _overview(texts: Texts) -> list[str]:
    _ = texts.gettext
    return [
        _("brizna measures what AI work costs in energy, carbon and money, and proves it."),
        "",
        _("usage: ") + _("brizna COMMAND ..."),
        "",
        *(f"  {name:<11}{text}" for name, text in abouts(texts).items()),
        "",
        _("Each command explains itself: brizna COMMAND --help"),
    ]


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and stream.isatty()


def _write(stream: TextIO | None, lines: Sequence[str]) -> None:
    """Write lines, and at once.

    Raises:
        BrokenPipeError: If nobody reads any more.
        UnavailableError: If they cannot be written, such as to a full disk.
    """
    if stream is None:  # the program was started with this stream closed
        return
    text = "".join(f"{line}\n" for line in lines)
    try:
        _write_text(stream, text)
    except OSError as error:
        # What is left in the buffer would fail again when Python leaves.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        if isinstance(error, BrokenPipeError):
            raise
        raise UnavailableError(
            "The output cannot be written: {reason}.", reason=error.strerror
        ) from error


def _write_text(stream: TextIO, text: str) -> None:
    try:
        stream.write(text)
    except UnicodeEncodeError:  # a terminal that cannot show it gets the nearest it can
        encoding = stream.encoding or "ascii"
        stream.write(text.translate(_PLAIN).encode(encoding, "replace").decode(encoding))
    stream.flush()

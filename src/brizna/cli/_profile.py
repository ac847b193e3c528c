"""``brizna profile -- command``: energy by code; ``brizna profile RUN``: that of a run again."""

from __future__ import annotations

import os

from brizna.cli._options import add_json, add_settings, settings_of, store_of
from brizna.cli._parser import Parser
from brizna.cli._run import read_unit
from brizna.core.errors import BriznaError, InputError, Said, UnavailableError
from brizna.verbs._profile import INTERVAL_S, PERIOD_S, profile_command, profile_stored
from brizna.verbs._recorder import Job
from brizna.verbs._run import current_directory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace

    from brizna.cli._dispatch import Context
    from brizna.core.profile import Profile
    from brizna.store import Store
    from brizna.verbs._run import Finished
    from brizna.verbs._settings import Settings

FORMS = ("html", "json", "collapsed", "speedscope")
"""What a profile can be written as, to a file."""
_OUR_FAILURE = 125
_SETTINGS = (
    *("zone", "pue", "intensity", "tariff", "currency", "interval", "store", "lang"),
    *("meter", "credentials", "quiet", "strict", "names", "view", "idle_w"),
)


def profile(context: Context, words: list[str]) -> int:
    """Run a command and tell its energy by code, or tell that of a run again."""
    ours, command = words, None
    if "--" in words:
        place = words.index("--")
        ours, command = words[:place], words[place + 1 :]
    parser = _parser(context)
    if command is None:
        return _show(context, parser.parse_args(ours))
    try:
        given = parser.parse_args(ours)
        if given.run is not None or not command:
            parser.error(context.texts.gettext("expected a command after --, or a run without --"))
        return _run(context, given, command)
    except BriznaError as error:
        context.complain(error)
        return _OUR_FAILURE


def _parser(context: Context) -> Parser:
    _ = context.texts.gettext
    parser = Parser(
        "brizna profile",
        _("Run a command and tell its energy by code, or show that of a run again."),
        context.texts,
        usage=_("brizna profile [options] -- command [arguments]\n       brizna profile [RUN]"),
    )
    parser.add_argument("run", nargs="?", metavar="RUN", help=_("an id, a part of one, a name"))
    parser.add_argument("--name", help=_("what to call the run"))
    parser.add_argument(
        "--tag", action="append", default=[], help=_("what the run belongs to; may be repeated")
    )
    parser.add_argument(
        "--unit", metavar="'N NAME'", help=_("what to divide by, such as '1000 inferences' (SCI)")
    )
    parser.add_argument(
        "--every",
        type=float,
        default=PERIOD_S * 1000,
        metavar="MS",
        help=_("mean milliseconds between two looks at the code (10)"),
    )
    parser.add_argument(
        "--top", type=int, default=15, metavar="N", help=_("how many parts to list (15)")
    )
    parser.add_argument(
        "--as",
        dest="form",
        choices=FORMS,
        help=_("what to write it as: a page, or for other tools"),
    )
    parser.add_argument("-o", "--output", metavar="FILE", help=_("where to write it"))
    add_json(parser)
    add_settings(parser, _SETTINGS)
    return parser


def _run(context: Context, given: Namespace, command: list[str]) -> int:
    _check(given)
    if given.json or (given.form not in (None, "html") and not given.output):
        raise InputError(
            "What is asked for would mix with what the command prints. Name a file with -o, or ask "
            "afterwards: brizna profile --as FORM"
        )
    settings = settings_of(given, context)
    if settings.origins["interval"] == "default":
        given.interval = str(INTERVAL_S)
        settings = settings_of(given, context)
    teller = _Teller(context, given, settings, store_of(given, context))
    finished = profile_command(
        Job(command=command, name=given.name, tags=given.tag, unit=read_unit(given.unit)),
        settings,
        environ=context.environ,
        directory=current_directory(),
        afterwards=teller.tell,
        period_s=given.every / 1000,
    )
    if settings["strict"] and (finished.trouble or teller.failed):
        return _OUR_FAILURE
    return finished.outcome.exit_code


def _check(given: Namespace) -> None:
    """Refuse, before anything runs, what cannot be meant."""
    if not 1 <= given.every <= 1000:
        raise InputError(
            "--every is {every} ms: expected 1 to 1000. Shorter ones would harm the program, "
            "longer ones would see little.",
            every=given.every,
        )
    folder = os.path.dirname(given.output or "") or "."
    if not os.path.isdir(folder):
        raise InputError(
            "-o names {path!r}, but there is no folder {folder!r}: make it first.",
            path=given.output,
            folder=folder,
        )
    if given.top < 1:
        raise InputError("--top is {top}: expected 1 or more.", top=given.top)


class _Teller:
    """Tells the result at the end; what goes wrong here never changes the exit code."""

    def __init__(
        self, context: Context, given: Namespace, settings: Settings, store: Store
    ) -> None:
        self._context = context
        self._given = given
        self._quiet = settings["quiet"]
        self._view = settings["view"]
        self._store = store
        self.failed = False

    def tell(self, finished: Finished) -> None:
        """Print the profile, and write the file that was asked for."""
        try:
            if not finished.outcome.started:
                self._context.complain(finished.outcome.reason or "")
            if finished.trouble:
                self.failed = True
                self._context.complain(*finished.trouble)
            if finished.outcome.started and finished.directory is not None:
                found = profile_stored(
                    self._store, os.path.basename(finished.directory), view=self._view
                )
                if not self._quiet:
                    self._context.say(*_lines(self._context, found, self._given.top, error=True))
                if self._given.form or self._given.output:
                    _write(self._context, self._store, found, self._given)
        except BriznaError as error:
            self.failed = True
            self._context.complain(error)
        except Exception as error:  # noqa: BLE001  (the exit code is the command's, whatever fails here)
            self.failed = True
            said = Said("The profile could not be told: {error}", error=repr(error))
            self._context.complain(str(said))


def _show(context: Context, given: Namespace) -> int:
    _check(given)
    settings = settings_of(given, context)
    store = store_of(given, context)
    view = None if settings.origins["view"] == "default" else settings["view"]
    found = profile_stored(store, given.run or "last", view=view)
    if given.form or given.output:
        _write(context, store, found, given)
    elif given.json:
        context.tell_json(found.to_json())
    else:
        context.tell(*_lines(context, found, given.top, error=False))
    return 0


def _lines(context: Context, found: Profile, top: int, *, error: bool) -> list[str]:
    from brizna.report import profile_lines

    color = context.color_err if error else context.color
    lang, width = context.lang, context.width
    lines = profile_lines(found.to_json(), lang=lang, width=width, color=color, top=top)
    hint = context.texts.gettext("A flame graph: {command}")
    short = found.run.rpartition("-")[2]
    return [*lines, "", hint.format(command=f"brizna profile {short} --as html -o profile.html")]


def _write(context: Context, store: Store, found: Profile, given: Namespace) -> None:
    """Write a profile to a file; to stdout where none is named, but a page never."""
    from brizna.store import replace_file

    form = given.form or _form_of(given.output)
    data = _bytes(context, store, found, form)
    if not given.output and form != "html":
        context.tell(data.decode().rstrip("\n"))
        return
    path = os.path.abspath(given.output or f"profile-{found.run.rpartition('-')[2]}.html")
    try:
        replace_file(path, data)
    except OSError as error:
        raise UnavailableError(
            "{path!r} could not be written ({reason}): name another file with -o.",
            path=path,
            reason=error.strerror,
        ) from error
    context.say(path)


def _form_of(output: str) -> str:
    """Return the form that a file's name asks for."""
    ends = {".html": "html", ".htm": "html", ".json": "json", ".txt": "collapsed"}
    form = ends.get(os.path.splitext(output)[1].lower())
    if form is None:
        raise InputError(
            "{output!r} does not say what to write: name it .html, .json or .txt, or add --as "
            "with one of {forms}.",
            output=output,
            forms=", ".join(FORMS),
        )
    return form


def _bytes(context: Context, store: Store, found: Profile, form: str) -> bytes:
    from brizna.report import collapsed, profile_page, speedscope

    record = found.to_json()
    if form == "collapsed":
        return collapsed(record, lang=context.lang)
    if form == "speedscope":
        return speedscope(record, lang=context.lang)
    if form == "json":
        from brizna.core.codec import encode

        return encode(record) + b"\n"
    run = store.read(found.run).run
    command = " ".join(run.command or ())
    return profile_page(record, lang=context.lang, title=run.name or "", command=command)

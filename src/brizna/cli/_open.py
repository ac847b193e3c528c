"""``brizna open``: one run as one page, in the browser."""

from __future__ import annotations

import os

from brizna.cli._options import add_settings, store_of
from brizna.cli._parser import Parser
from brizna.core.errors import UnavailableError
from brizna.store import replace_file
from brizna.verbs import page_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from brizna.cli._dispatch import Context
    from brizna.store import Store

DEFAULT_ZONES = ("ES", "FR", "DE", "PL")
"""Where else to show the run, if nobody says: a spread of Europe's grids."""

_PAGES = "pages"
"""Directory of the store for pages of runs that lie in packs."""


def open(context: Context, words: list[str]) -> int:  # noqa: A001 - the command's name
    """Write the page of a run, and show it in the browser where there is one."""
    _ = context.texts.gettext
    parser = Parser(
        "brizna open",
        _("Write a run as one self-contained page and show it in the browser."),
        context.texts,
    )
    parser.add_argument(
        "run", nargs="?", default="last", metavar="RUN", help=_("an id, a part of one, a name")
    )
    parser.add_argument("-o", "--output", metavar="FILE", help=_("where to write the page"))
    parser.add_argument(
        "--zones", default=",".join(DEFAULT_ZONES), help=_("other grid zones to compare with")
    )
    parser.add_argument(
        "--no-browser", action="store_true", help=_("write the page, open no browser")
    )
    add_settings(parser, ("store", "lang"))
    given = parser.parse_args(words)
    store = store_of(given, context)
    zones = [zone.strip() for zone in given.zones.split(",") if zone.strip()]
    run_id, page = page_of(store, given.run, lang=context.lang, zones=zones)
    path = os.path.abspath(given.output or _beside(store, run_id))
    _write_whole(path, page)
    context.tell(path)
    if not given.no_browser and _has_browser(context):
        import webbrowser

        webbrowser.open(f"file://{path}")
    return 0


def _beside(store: Store, run_id: str) -> str:
    """Return where the page of a run goes: beside its files, but a pack takes nothing more."""
    directory = store.directory(run_id)
    if os.path.isdir(directory):
        return os.path.join(directory, "report.html")
    return os.path.join(store.path, _PAGES, f"{run_id}.html")


def _write_whole(path: str, page: bytes) -> None:
    try:
        if os.path.basename(os.path.dirname(path)) == _PAGES:
            os.makedirs(os.path.dirname(path), exist_ok=True)
        replace_file(path, page)
    except OSError as error:
        raise UnavailableError(
            "{path!r} could not be written ({reason}): name another file with -o.",
            path=path,
            reason=error.strerror,
        ) from error


def _has_browser(context: Context) -> bool:
    """Tell whether a person looks at this machine's screen."""
    import sys

    shown = context.environ.get("DISPLAY") or context.environ.get("WAYLAND_DISPLAY")
    return context.is_terminal and (sys.platform in ("darwin", "win32") or bool(shown))

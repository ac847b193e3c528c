"""``brizna metrics``: runs as metrics for Prometheus, and what Grafana and its rules need."""

from __future__ import annotations

from contextlib import contextmanager, suppress

from brizna.cli._options import add_settings, store_of
from brizna.cli._parser import Parser
from brizna.core.errors import InputError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Generator

    from brizna.cli._dispatch import Context

_LOOPBACK = ("127.", "localhost", "::1")


def metrics(context: Context, words: list[str]) -> int:
    """Print, write or serve metrics; or print a dashboard or alert rules made from them."""
    given = _parser(context).parse_args(words)
    chosen = [
        option
        for option in ("textfile", "listen", "dashboard", "alerts")
        if getattr(given, option) is not None
    ]
    if len(chosen) > 1:
        raise InputError(
            "--{one} and --{other} are two questions: ask one at a time.",
            one=chosen[0],
            other=chosen[1],
        )
    if given.every is not None and given.textfile is None:
        raise InputError("--every is for how often --textfile is written: add --textfile.")
    if given.dashboard is not None:
        from brizna.report._grafana import dashboard

        context.tell_json(dashboard(given.dashboard))
    elif given.alerts is not None:
        from brizna.report._alerts import alert_rules

        context.tell(alert_rules(given.alerts).removesuffix("\n"))
    elif given.listen is not None:
        _serve(context, given)
    elif given.textfile is not None:
        _write(context, given)
    else:
        from brizna.verbs._endpoint import metrics_text

        text = metrics_text(store_of(given, context), last=given.last, lang=context.lang)
        context.tell(text.decode().removesuffix("\n"))
    return 0


def _serve(context: Context, given: Namespace) -> None:
    from brizna.verbs._endpoint import PATH, open_endpoint

    _ = context.texts.gettext
    store = store_of(given, context)
    with (
        _until_stopped(),
        open_endpoint(given.listen, store, last=given.last, lang=context.lang) as server,
    ):
        host, port = server.server_address[:2]
        shown = f"[{host}]" if ":" in str(host) else host
        context.say(_("Metrics are at {address}").format(address=f"http://{shown}:{port}{PATH}"))
        if not str(host).startswith(_LOOPBACK):
            context.say(_("Anybody who reaches this address can read the names of your runs."))
        server.serve_forever()


def _write(context: Context, given: Namespace) -> None:
    import time

    from brizna.verbs._endpoint import TextFile

    store = store_of(given, context)
    with _until_stopped():
        file = TextFile(given.textfile, store, last=given.last, lang=context.lang)
        file.write()
        while given.every is not None:
            time.sleep(given.every)
            file.write()


@contextmanager
def _until_stopped() -> Generator[None]:
    """Leave the block at SIGINT or SIGTERM: then all is well."""
    import signal

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    with suppress(KeyboardInterrupt):
        yield


def _parser(context: Context) -> Parser:
    from brizna.report import LANGUAGES
    from brizna.verbs._metrics import LAST

    _ = context.texts.gettext
    parser = Parser(
        "brizna metrics",
        _("Print what runs use as metrics for Prometheus, or write or serve them."),
        context.texts,
    )
    parser.add_argument(
        "--listen",
        metavar="HOST:PORT",
        help=_("serve them at /metrics until stopped, such as 127.0.0.1:9750"),
    )
    parser.add_argument(
        "--textfile", metavar="FILE", help=_("write them to a file, replaced whole")
    )
    parser.add_argument(
        "--every", metavar="SECONDS", type=seconds, help=_("write the file again, until stopped")
    )
    parser.add_argument(
        "--last",
        metavar="N",
        type=count,
        default=LAST,
        help=_("how many runs that have ended are told (5)"),
    )
    parser.add_argument(
        "--dashboard", metavar="LANG", choices=LANGUAGES, help=_("print a dashboard for Grafana")
    )
    parser.add_argument(
        "--alerts", metavar="LANG", choices=LANGUAGES, help=_("print alert rules for Prometheus")
    )
    add_settings(parser, ("store", "lang"))
    return parser


def seconds(text: str) -> float:
    """Return a time between two writings, called as argparse names it where it is wrong."""
    every_s = float(text)
    if not 0 < every_s <= 86_400:
        raise ValueError(text)
    return every_s


def count(text: str) -> int:
    """Return how many runs to tell, called as argparse names it where it is wrong."""
    number = int(text)
    if not 0 <= number <= 1000:
        raise ValueError(text)
    return number

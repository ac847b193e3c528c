"""``brizna doctor --baseline``: what the machine draws while nobody uses it."""

from __future__ import annotations

import sys

from brizna.cli._options import settings_of
from brizna.core.quantities import Duration
from brizna.verbs._run import current_directory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace

    from brizna.cli._dispatch import Context
    from brizna.cli._parser import Parser

_DURATION = "60s"


def add_baseline(parser: Parser) -> None:
    """Add the options of the idle baseline."""
    _ = parser.texts.gettext
    parser.add_argument(
        "--baseline",
        action="store_true",
        help=_("measure what the idle machine draws, and keep it for later runs"),
    )
    parser.add_argument(
        "--duration",
        metavar="TIME",
        help=_("for how long, with --baseline (60s)"),
    )


def measure_idle(context: Context, given: Namespace) -> int:
    """Watch the idle machine, keep what it draws, and show it."""
    from brizna.environment import machine_name
    from brizna.report import baseline_lines
    from brizna.verbs import keep_measured, measure_baseline
    from brizna.verbs._baseline import check_duration, instruments
    from brizna.verbs._named import open_named

    _ = context.texts.gettext
    duration = _DURATION if given.duration is None else given.duration
    duration_s = Duration.parse(duration).value
    check_duration(duration_s)
    settings = settings_of(given, context)
    machine = machine_name()
    named = open_named(settings, machine=machine, environ=context.environ)
    hint = _("Watching the idle machine for {time}; leave it alone. Ctrl-C stops without a trace.")
    context.say(hint.format(time=duration))
    baseline = measure_baseline(
        machine,
        duration_s=duration_s,
        using=instruments(machine, named=named),
        progress=_Progress(duration_s).show,
    )
    digest = keep_measured(baseline, settings, environ=context.environ, cwd=current_directory())
    if given.json:
        context.tell_json({**baseline.to_json(), "digest": digest})
        return 0
    context.tell(
        *baseline_lines(
            baseline.to_json(), lang=context.lang, width=context.width, color=context.color
        )
    )
    return 0


class _Progress:
    """One line on the terminal that says how far it has gone; none where stderr is a file."""

    def __init__(self, duration_s: float) -> None:
        self._duration_s = duration_s
        self._is_shown = sys.stderr is not None and sys.stderr.isatty()

    def show(self, elapsed_s: float) -> None:
        if not self._is_shown:
            return
        is_last = elapsed_s >= self._duration_s
        sys.stderr.write(f"\r  {elapsed_s:.0f} / {self._duration_s:.0f} s" + "\n" * is_last)
        sys.stderr.flush()

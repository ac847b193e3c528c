"""``brizna plan evaluate FILE``: what policies would have saved on history."""

from __future__ import annotations

from datetime import timedelta

from brizna.cli._options import add_json
from brizna.cli._parser import Parser
from brizna.core.errors import InputError
from brizna.core.quantities import Duration

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace

    from brizna.cli._dispatch import Context
    from brizna.verbs import History

_LENGTHS, _SLACK = "6h,24h", "24h"


def evaluate(context: Context, words: list[str]) -> int:
    """Try policies on history and tell what each would have saved."""
    from brizna.report import evaluation_lines
    from brizna.verbs import try_policies, write_rows

    _ = context.texts.gettext
    about = _("Try policies on history: what each would have saved.")
    given = _options(Parser("brizna plan evaluate", about, context.texts)).parse_args(words)
    rows = try_policies(_history(given))
    if given.out is not None:
        write_rows(given.out, rows, columns=tuple(rows[0]))
    if given.json:
        context.tell_json({"scores": rows})
    elif given.out is None:
        context.tell(*evaluation_lines(rows, lang=context.lang))
    return 0


def _options(parser: Parser) -> Parser:
    _ = parser.texts.gettext
    parser.add_argument("file", metavar="FILE", help=_("series of what came, by zone"))
    parser.add_argument("--column", help=_("the column of carbon intensity, if a file has several"))
    parser.add_argument("--zones", help=_("only these grid zones: ES,PT,FR"))
    parser.add_argument(
        "--length", default=_LENGTHS, help=_("how long the jobs work: 6h,24h if not named")
    )
    parser.add_argument(
        "--slack",
        default=_SLACK,
        help=_("how much later they may end: 24h, next-workday, semi-weekly, or several"),
    )
    parser.add_argument(
        "--every",
        help=_("time from one job to the next; each slot, or each forecast, if not named"),
    )
    parser.add_argument(
        "--forecasts",
        metavar="FILE",
        help=_("forecasts by zone, as they were issued; or own, for brizna's"),
    )
    parser.add_argument(
        "--issued", default="24h", help=_("with own, how often one is made: 24h if not named")
    )
    parser.add_argument(
        "--timezone", help=_("by whose clock next-workday and semi-weekly go: Europe/Berlin")
    )
    parser.add_argument("--forecast-column", help=_("the column of their values"))
    parser.add_argument(
        "--margin",
        type=float,
        default=0.0,
        help=_("share by which a new plan must be better to be followed, such as 0.02"),
    )
    parser.add_argument(
        "--seed", type=int, default=0, help=_("number from which the intervals are drawn")
    )
    parser.add_argument(
        "--out", metavar="FILE", help=_("where the table goes instead (CSV or Parquet)")
    )
    add_json(parser)
    parser.add_argument("--lang", help=_("language of what people read: en or es"))
    return parser


def _history(given: Namespace) -> History:
    from brizna.plan import RULES
    from brizna.verbs import History

    return History(
        path=given.file,
        column=given.column,
        zones=tuple(_parts(given.zones or "")),
        lengths=tuple(_time(text) for text in _parts(given.length)),
        slacks=tuple(text if text in RULES else _slack(text) for text in _parts(given.slack)),
        every=None if given.every is None else _time(given.every),
        forecasts=given.forecasts,
        forecast_column=given.forecast_column,
        issued=_time(given.issued),
        time_zone=given.timezone,
        margin=given.margin,
        seed=given.seed,
    )


def _slack(text: str) -> timedelta | str:
    """Return a slack as a time; what is no time is left to be refused as a rule."""
    try:
        return _time(text)
    except InputError:
        return text


def _time(text: str) -> timedelta:
    return timedelta(seconds=Duration.parse(text).value)


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]

"""``brizna bill``: a provider's bill beside the runs that were measured."""

from __future__ import annotations

from brizna.cli._options import add_json, add_settings, read_store_of
from brizna.cli._parser import Parser
from brizna.core.errors import InputError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace

    from brizna.account import Exchange
    from brizna.cli._dispatch import Context

_CANNOT_TELL = 4
"""Exit code where runs are missing from the sums."""


def bill(context: Context, words: list[str]) -> int:
    """Tell what of a bill runs used, idled and no run explains; exit 4 if runs are unreadable."""
    from brizna.report import bill_lines
    from brizna.verbs import BillRequest, reconcile_bill

    _ = context.texts.gettext
    parser = Parser(
        "brizna bill",
        _("Lay a cloud provider's bill (CSV in the form FOCUS or CUR) beside the measured runs.")
        + "\n\nbrizna bill march.csv --runs tag:march --resource i-0a1b2c",
        context.texts,
    )
    parser.add_argument("file", metavar="FILE.csv", help=_("the bill"))
    parser.add_argument(
        "--runs",
        nargs="*",
        default=[],
        metavar="RUN",
        help=_("ids, names or tag:TAG; every run in the bill's time if not given"),
    )
    parser.add_argument(
        "--resource",
        metavar="ID",
        help=_("the machine of the runs that have no tag resource:ID"),
    )
    parser.add_argument(
        "--effective",
        action="store_true",
        help=_("costs with commitments spread over their use, instead of those invoiced"),
    )
    parser.add_argument("--in", dest="into", metavar="CODE", help=_("currency of the answer"))
    parser.add_argument(
        "--rate",
        action="append",
        default=[],
        metavar="CODE=RATE",
        help=_("what one unit of another currency is worth, such as USD=0.92; may be repeated"),
    )
    parser.add_argument(
        "--rate-source", metavar="TEXT", help=_("who states the rates, and for which day")
    )
    add_json(parser)
    add_settings(parser, ("store", "lang"))
    given = parser.parse_args(words)
    found = reconcile_bill(
        read_store_of(given, context),
        BillRequest(
            path=given.file,
            runs=tuple(given.runs),
            resource=given.resource,
            effective=given.effective,
            currency=given.into,
            exchanges=_exchanges(given),
        ),
    ).to_json()
    if given.json:
        context.tell_json(found)
    else:
        context.tell(
            *bill_lines(found, lang=context.lang, width=context.width, color=context.color)
        )
    return _CANNOT_TELL if found["unreadable"] else 0


def _exchanges(given: Namespace) -> tuple[Exchange, ...]:
    from brizna.account import read_exchanges

    if given.rate and given.rate_source is None:
        raise InputError(
            "--rate is given without --rate-source: say who states it and for which day, such as "
            "'ECB 2026-11-20'."
        )
    stated: dict[str, dict[str, object]] = {}
    for pair in given.rate:
        code, _, rate = pair.partition("=")
        stated[code] = {"rate": rate, "source": given.rate_source}
    return read_exchanges(stated, given.into)

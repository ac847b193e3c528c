"""``brizna sci``: software carbon intensity of a run, and of an AI system by its stages."""

from __future__ import annotations

from brizna.cli._options import add_json, add_settings, read_store_of
from brizna.cli._parser import Parser
from brizna.cli._run import read_unit
from brizna.core.errors import InputError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from brizna.cli._dispatch import Context


def sci(context: Context, words: list[str]) -> int:
    """Score a run (SCI), or the runs of an AI system (SCI for AI)."""
    from brizna.report import sci_for_ai_lines, sci_lines
    from brizna.verbs import sci_of_ai, sci_of_run

    given = _parser(context).parse_args(words)
    store = read_store_of(given, context)
    lang, width, color = context.lang, context.width, context.color
    if given.consumer or given.provider:
        both = sci_of_ai(
            store,
            given.runs,
            consumer=read_unit(given.consumer),
            provider=read_unit(given.provider),
        ).to_json()
        if given.json:
            context.tell_json(both)
        else:
            context.tell(*sci_for_ai_lines(both, lang=lang, width=width, color=color))
        return 0
    if len(given.runs) > 1:
        raise InputError(
            "Several runs were named, but they have no SCI together: name one, or the units of an "
            "AI system with --consumer or --provider."
        )
    kind = "marginal" if given.at_the_margin else "average"
    score = sci_of_run(store, given.runs[0], read_unit(given.unit), intensity=kind).to_json()
    if given.json:
        context.tell_json(score)
    else:
        context.tell(*sci_lines(score, lang=lang, width=width, color=color))
    return 0


def _parser(context: Context) -> Parser:
    _ = context.texts.gettext
    parser = Parser(
        "brizna sci",
        _(
            "Software carbon intensity, ((E × I) + M) / R: of one run, or of an AI system by the "
            "stages that its runs are tagged with."
        ),
        context.texts,
    )
    parser.add_argument(
        "runs",
        nargs="*",
        default=["last"],
        metavar="RUN",
        help=_("an id, a part of one, a name, last, or tag:TAG for all that have it"),
    )
    parser.add_argument(
        "--unit", metavar="'N NAME'", help=_("what to divide by, such as '1000 inferences' (SCI)")
    )
    parser.add_argument(
        "--at-the-margin",
        action="store_true",
        help=_("by what one more kWh emits, where that was declared"),
    )
    parser.add_argument(
        "--consumer", metavar="'N NAME'", help=_("SCI for AI: units of use, such as '1e6 tokens'")
    )
    parser.add_argument(
        "--provider",
        metavar="'N NAME'",
        help=_("SCI for AI: units of making, such as '7e9 parameters'"),
    )
    add_json(parser)
    add_settings(parser, ("store", "lang"))
    return parser

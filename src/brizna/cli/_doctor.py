"""``brizna doctor``: what can be measured here, why not more, and what unlocks it."""

from __future__ import annotations

from brizna.cli._options import add_json, add_settings, settings_of
from brizna.cli._parser import Parser
from brizna.verbs import diagnose

TYPE_CHECKING = False
if TYPE_CHECKING:
    from brizna.cli._dispatch import Context


def doctor(context: Context, words: list[str]) -> int:
    """Say for each component whether it is metered, modelled or not available."""
    from brizna.report import doctor_lines

    _ = context.texts.gettext
    parser = Parser(
        "brizna doctor",
        _(
            "Say what can be measured here, why not more, and the command that unlocks it. Never "
            "needs root."
        ),
        context.texts,
    )
    add_json(parser)
    add_settings(parser, ("zone", "store", "lang"))
    given = parser.parse_args(words)
    found = diagnose(settings_of(given, context), environ=context.environ)
    if given.json:
        context.tell_json(found)
        return 0
    context.tell(
        *doctor_lines(
            found["components"], lang=context.lang, width=context.width, color=context.color
        )
    )
    context.tell("", *_place(context, found))
    return 0


def _place(context: Context, found: dict[str, object]) -> list[str]:
    _ = context.texts.gettext
    zone, origin, store = found["zone"], found["zone_origin"], found["store"]
    if zone is None:
        place = _('Zone: not known; name it with --zone, or zone = "ES" in brizna.toml')
    elif origin == "time-zone":
        place = _("Zone: {zone}, guessed from the time zone; name it with --zone").format(zone=zone)
    else:
        place = _("Zone: {zone} ({origin})").format(zone=zone, origin=origin)
    return [place, _("Runs are kept in: {store}").format(store=store)]

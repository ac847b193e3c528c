"""``brizna doctor``: what can be measured here, why not more, and what unlocks it."""

from __future__ import annotations

from brizna.cli._baseline import add_baseline, measure_idle
from brizna.cli._options import add_json, add_settings, settings_of
from brizna.cli._parser import Parser
from brizna.core.errors import InputError
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
    parser.add_argument(
        "--fix",
        action="store_true",
        help=_("print what an administrator can type so that more can be read; runs nothing"),
    )
    add_baseline(parser)
    add_json(parser)
    add_settings(parser, ("zone", "meter", "credentials", "store", "lang"))
    given = parser.parse_args(words)
    if given.fix and given.baseline:
        raise InputError("--fix and --baseline are two questions: ask one at a time.")
    if given.duration is not None and not given.baseline:
        raise InputError("--duration is for how long --baseline watches: add --baseline.")
    if given.fix:
        return _fix(context, as_json=given.json)
    if given.baseline:
        return measure_idle(context, given)
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


def _fix(context: Context, *, as_json: bool) -> int:
    """Print the least-privilege recipes for this machine."""
    from brizna.report import stored
    from brizna.verbs._fix import find_recipes

    found = find_recipes()
    if as_json:
        context.tell_json([recipe.to_json() for recipe in found])
        return 0
    _ = context.texts.gettext
    if not found:
        context.say(_("Nothing that brizna can read is closed here."))
    for recipe in found:
        lines = [f"# {stored(recipe.title, context.lang)}", *recipe.now]
        if recipe.now and recipe.lasting:
            lines.append("# " + _("It lasts until the next start of the machine. To make it stay:"))
        lines += [*recipe.lasting, *recipe.text]
        if recipe.undo:
            lines += ["# " + _("To take it back:"), *recipe.undo]
        if recipe.caution:
            lines.append(f"# {stored(recipe.caution, context.lang)}")
        context.tell(*lines, "")
    return 0


def _place(context: Context, found: dict[str, object]) -> list[str]:
    from brizna.report import idle_lines
    from brizna.report._words import name_zone_origin

    _ = context.texts.gettext
    zone, origin, store = found["zone"], found["zone_origin"], found["store"]
    if zone is None:
        place = _('Zone: not known; name it with --zone, or zone = "ES" in brizna.toml')
    elif origin == "time-zone":
        place = _("Zone: {zone}, guessed from the time zone; name it with --zone").format(zone=zone)
    else:
        named = name_zone_origin(str(origin), context.lang)
        place = _("Zone: {zone} ({origin})").format(zone=zone, origin=named)
    idle = idle_lines(found, lang=context.lang)
    return [place, *idle, _("Runs are kept in: {store}").format(store=store)]

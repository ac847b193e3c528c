"""``brizna config show``: the settings in force and where they come from."""

from __future__ import annotations

from brizna.cli._options import add_json, add_settings, settings_of
from brizna.cli._parser import Parser
from brizna.core.codec import encode
from brizna.report import stored
from brizna.verbs import SETTINGS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from brizna.cli._dispatch import Context


def config(context: Context, words: list[str]) -> int:
    """Show the settings in force."""
    _ = context.texts.gettext
    parser = Parser(
        "brizna config",
        _(
            "Show the settings in force: options over BRIZNA_* variables over project file over "
            "user file over defaults."
        ),
        context.texts,
    )
    parser.add_argument(
        "action", nargs="?", choices=("show",), default="show", help=_("show them (the default)")
    )
    parser.add_argument("--origin", action="store_true", help=_("say where each value comes from"))
    add_json(parser)
    add_settings(parser, tuple(name for name in SETTINGS))
    given = parser.parse_args(words)
    settings = settings_of(given, context)
    if given.json:
        context.tell_json(
            {
                name: {"value": value, "origin": settings.origins[name]}
                for name, value in settings.values.items()
            }
        )
        return 0
    for name, value in settings.values.items():
        line, origin = f"{name} = {_shown(value)}", stored(settings.origins[name], context.lang)
        context.tell(f"{line:<27} {origin}" if given.origin else line)
    return 0


def _shown(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, dict):
        return encode(value).decode()
    return str(value).lower() if isinstance(value, bool) else str(value)

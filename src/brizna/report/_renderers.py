"""The forms that a report can take, and what each of them promises."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from brizna.core.errors import InputError, UnavailableError
from brizna.core.factors import nearest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from brizna.report._dossier import Document, Dossier

GROUP = "brizna.renderers"
"""The entry points of forms that others bring; each loads to a renderer."""

RENDERERS: Mapping[str, str] = {
    "json": "_form_json:FORM",
    "markdown": "_form_markdown:FORM",
    "latex": "_form_latex:FORM",
    "csv": "_form_csv:FORM",
    "xlsx": "_form_xlsx:FORM",
    "parquet": "_form_parquet:FORM",
    "hf": "_form_hf:FORM",
    "boamps": "_form_boamps:FORM",
    "cyclonedx": "_form_cyclonedx:FORM",
    "cyclonedx-1.6": "_form_cyclonedx:OLDER",
    "spdx": "_form_spdx:FORM",
    "ai-energy-score": "_form_energy_score:FORM",
    "pdf": "_form_pdf:FORM",
    "ai-act": "_form_sheets:AI_ACT",
    "mdf": "_form_sheets:MDF",
    "sci": "_form_sheets:SCI",
    "ghg": "_form_sheets:GHG",
    "csrd": "_form_sheets:CSRD",
    "data-centre": "_form_sheets:DATA_CENTRE",
    "une-0086": "_form_sheets:UNE_0086",
    "huella": "_form_sheets:HUELLA",
}
"""Our own forms: for each the file of this room, and what in it is the renderer."""

_TEXTS = ("text/", "application/json", "application/xml", "application/x-tex")


@runtime_checkable
class Renderer(Protocol):
    """A form: fills itself in from a dossier.

    The same dossier gives the same bytes: no clock, no chance, no host asked. Each number that
    stands in it and was computed is a `Figure` of the document; what is not known is a `Lack`, and
    never 0.
    """

    @property
    def name(self) -> str:
        """What ``--as`` calls it."""
        ...

    @property
    def suffix(self) -> str:
        """What its files end in, such as ``.json``."""
        ...

    @property
    def media_type(self) -> str:
        """Its media type, such as ``text/csv``."""
        ...

    @property
    def for_people(self) -> bool:
        """Whether people read it: it speaks their language."""
        ...

    def about(self, lang: str) -> str:
        """Return what it is, in one line.

        Args:
            lang: The language.
        """
        ...

    def render(self, dossier: Dossier, *, lang: str) -> Document:
        """Return the form, filled in.

        Args:
            dossier: What it is about.
            lang: Language of what people read in it.

        Raises:
            InputError: If the form cannot be about these runs, such as several at once.
            UnavailableError: If a library that it needs is not installed.
        """
        ...


class _HasMediaType(Protocol):
    @property
    def media_type(self) -> str: ...


@runtime_checkable
class ManyMedia(Protocol):
    """A form that can be written in several media, such as a page and a PDF."""

    @property
    def media(self) -> tuple[str, ...]:
        """What files of its media end in, such as ``.html`` and ``.pdf``."""
        ...

    def in_medium(self, suffix: str) -> Renderer | None:
        """Return the form in another medium; None if it cannot be written in it.

        Args:
            suffix: What files of the medium end in, such as ``.pdf``.
        """
        ...


def renderer_names() -> list[str]:
    """Return the names of all forms, ours first."""
    return [*RENDERERS, *(name for name in _offered() if name not in RENDERERS)]


def find_renderer(name: str, *, besides: Iterable[str] = ()) -> Renderer:
    """Return the form of a name.

    Args:
        name: One of `renderer_names`; with a medium that it can be written in, ``ai-act.pdf``.
        besides: Names of forms that only the caller can make, for the message.

    Raises:
        InputError: If there is none; names the nearest.
        UnavailableError: If one that somebody else brings cannot be loaded.
    """
    base, dot, medium = name.partition(".")
    if dot and base in renderer_names():
        made = in_medium(find_renderer(base), f".{medium}")
        if made is None:
            raise InputError(
                "The form {name!r} cannot be written as .{medium}: leave that out, or see what "
                "there is: brizna report --list.",
                name=base,
                medium=medium,
            )
        return made
    place = RENDERERS.get(name)
    if place is not None:
        from importlib import import_module

        home, _, attribute = place.partition(":")
        return getattr(import_module(f"brizna.report.{home}"), attribute)
    offered = _offered()
    if name not in offered:
        known = [*RENDERERS, *besides, *offered]
        raise InputError(
            "{name!r} is not a form of report.{hint} Known: {known}.",
            name=name,
            hint=nearest(name, known),
            known=", ".join(known),
        )
    try:
        found: object = offered[name].load()
    except Exception as error:  # anybody's form: whoever asked for it is told what it says
        raise UnavailableError(
            "The form {name!r} cannot be loaded: {kind}: {error}. Install what it needs.",
            name=name,
            kind=type(error).__name__,
            error=error,
        ) from error
    if not isinstance(found, Renderer):
        raise UnavailableError(
            "{name!r} is offered as a form and is none: it lacks a part of Renderer.", name=name
        )
    return found


def in_medium(renderer: Renderer, suffix: str) -> Renderer | None:
    """Return a form as it is written to files of a suffix; None if it has no such medium.

    Args:
        renderer: The form.
        suffix: Such as ``.pdf``.
    """
    if suffix == renderer.suffix:
        return renderer
    return renderer.in_medium(suffix) if isinstance(renderer, ManyMedia) else None


def is_text(renderer: _HasMediaType) -> bool:
    """Tell whether a terminal can show what a form writes."""
    media_type = renderer.media_type
    return media_type.startswith(_TEXTS) or media_type.endswith(("+json", "+xml"))


def _offered() -> dict[str, Any]:
    from importlib.metadata import entry_points

    return {point.name: point for point in entry_points(group=GROUP)}

"""Energy in a notebook: ``%load_ext brizna``, then ``%energy``, ``%%energy`` before a cell.

``%%energy NAME`` measures the cell as a run of that name and shows what it used; ``%energy code``
does so for one line; ``%energy`` alone shows the last result again. Options are settings, such as
``%%energy train --zone ES --interval 0.5``.
"""

from __future__ import annotations

import os
import shlex

from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_cell_magic, magics_class

from brizna.core.errors import BriznaError, InputError
from brizna.core.quantities import Carbon, Duration, Energy
from brizna.report import Format, pick_language, said, texts
from brizna.verbs import SETTINGS, measure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from brizna.verbs import Measuring

_NAME = "cell"


class Shown:
    """What a cell used, for people: a table where HTML is shown, lines where text is.

    Attributes:
        measured: The `brizna.measure` behind it, with its ``energy``, ``footprint`` and ``run``.
    """

    def __init__(self, measured: Measuring, *, lang: str) -> None:
        """Take a block that has ended."""
        self.measured = measured
        self._lang = lang

    def rows(self) -> list[tuple[str, str, str, str]]:
        """Return name, best value, interval and basis of each figure, in words."""
        from brizna.report._words import name_basis, name_figure

        style = Format(self._lang)
        view = self.measured.view or {}
        footprint: Mapping[str, Any] = view.get("footprint") or {}
        reasons: Mapping[str, str] = footprint.get("reasons") or {}
        found: list[tuple[str, str, str, str]] = []
        for field, kind in (("energy_j", Energy), ("duration_s", Duration), ("carbon_g", Carbon)):
            estimate = footprint.get(field)
            best, ends = style.parts(kind, estimate)
            basis = name_basis(estimate["basis"], self._lang) if estimate else ""
            why = style.stored(reasons.get(field))
            found.append((name_figure(field, self._lang), best, ends, basis or why))
        return found

    def __repr__(self) -> str:
        return "\n".join("  ".join(filter(None, row)) for row in self.rows())

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return {"text/plain": repr(self), "text/html": self._html()}

    def _html(self) -> str:
        from html import escape

        _ = texts(self._lang).gettext
        heads = (_("figure"), _("best"), _("interval (90%)"), _("basis"))
        lines = [[f"<th>{escape(head)}</th>" for head in heads]]
        lines += [[f"<td>{escape(cell)}</td>" for cell in row] for row in self.rows()]
        body = "".join(f"<tr>{''.join(line)}</tr>" for line in lines)
        view = self.measured.view or {}
        caption = escape(f"brizna {view.get('name') or ''} {view.get('id') or ''}")
        return f"<table><caption>{caption}</caption>{body}</table>"


@magics_class
class EnergyMagics(Magics):
    """The magics; each notebook has its own last result."""

    last: Shown | None = None

    @line_cell_magic
    def energy(self, line: str, cell: str | None = None) -> Shown | None:
        """Measure a cell or a line and show what it used."""
        lang = pick_language(None, os.environ)
        try:
            if cell is None:
                return self.last if not line.strip() else self._measured(line, _NAME, {}, lang)
            name, settings = _asked(line)
            return self._measured(cell, name, settings, lang)
        except BriznaError as error:
            raise UsageError(said(error, lang)) from error

    def _measured(self, code: str, name: str, settings: dict[str, Any], lang: str) -> Shown | None:
        shell: Any = self.shell
        measured = measure(name, tags=("notebook",), **settings)
        measured.__enter__()
        failed: BaseException | None = None
        try:
            result = shell.run_cell(code)  # shows what the code shows, its error too
            failed = result.error_in_exec or result.error_before_exec
        finally:
            measured.__exit__(None if failed is None else type(failed), failed, None)
        self.last = None if measured.view is None else Shown(measured, lang=lang)
        return self.last


def _asked(line: str) -> tuple[str, dict[str, Any]]:
    """Return the name and the settings that stand behind ``%%energy``.

    Raises:
        InputError: If it is another form, or an option is no setting.
    """
    name: list[str] = []
    settings: dict[str, Any] = {}
    words = iter(shlex.split(line))
    for word in words:
        option, equals, value = word.removeprefix("--").partition("=")
        setting = option.replace("-", "_")
        if not word.startswith("--"):
            name.append(word)
        elif setting in SETTINGS and SETTINGS[setting].kind is not bool:
            settings[setting] = value if equals else next(words, "")
        else:
            raise InputError(
                "{word!r} is no setting that %%energy takes: expected a name and settings, such as "
                "%%energy train --zone ES.",
                word=word,
            )
    return " ".join(name) or _NAME, settings


def load_ipython_extension(shell: Any) -> None:
    """Add the magics to a notebook: what ``%load_ext brizna`` calls."""
    shell.register_magics(EnergyMagics)

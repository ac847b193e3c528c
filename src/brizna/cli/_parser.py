"""The parser: the standard library's, built for one command at a time, in the person's language."""

from __future__ import annotations

import argparse
import sys

from brizna.core.errors import InputError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

    from brizna.report._texts import Texts


class Described(BaseException):
    """A parser with all that a command takes, instead of the command being carried out."""

    def __init__(self, parser: Parser) -> None:
        super().__init__()
        self.parser = parser


class Describing:
    """Texts that make each command hand over its parser: it raises `Described`.

    Args:
        texts: Texts in the person's language.
    """

    def __init__(self, texts: Texts) -> None:
        self.gettext, self.ngettext = texts.gettext, texts.ngettext


class Parser(argparse.ArgumentParser):
    """A parser whose own words are translated, and that raises instead of leaving.

    Args:
        program: What was typed up to here, such as ``brizna run``.
        about: What the command does.
        texts: Texts in the person's language.
    """

    def __init__(self, program: str, about: str, texts: Texts, *, usage: str | None = None) -> None:
        words: Any = argparse  # asks for its words by these two names
        words._, words.ngettext = texts.gettext, texts.ngettext
        super().__init__(
            prog=program,
            description=about,
            usage=usage,
            allow_abbrev=False,
            add_help=False,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        self.texts = texts
        self.add_argument(
            "-h", "--help", action="help", help=texts.gettext("show this help and exit")
        )

    def parse_known_args(self, *given: Any, **named: Any) -> Any:
        """Parse; or hand the parser itself to whoever describes it."""
        if isinstance(self.texts, Describing):
            raise Described(self)
        return super().parse_known_args(*given, **named)

    def error(self, message: str) -> NoReturn:
        """Raise what is wrong with the arguments, with the way to the help."""
        raise InputError("{wrong}. See: {command} --help", wrong=message, command=self.prog)

    def _print_message(self, message: str, file: Any = None) -> None:
        stream = file or sys.stderr
        if stream is not None:  # the program was started with it closed
            stream.write(message)


def argparse_words(texts: Texts) -> list[str]:
    """Return argparse's own words that a person can meet here, so that they are translated."""
    _ = texts.gettext
    return [
        _("usage: "),
        _("options"),
        _("positional arguments"),
        _("the following arguments are required: %s"),
        _("unrecognized arguments: %s"),
        _("expected one argument"),
        _("expected at least one argument"),
        _("argument %(argument_name)s: %(message)s"),
        _("invalid %(type)s value: %(value)r"),
        _("invalid choice: %(value)r (choose from %(choices)s)"),
        _("not allowed with argument %s"),
        _("ignored explicit argument %r"),
    ]

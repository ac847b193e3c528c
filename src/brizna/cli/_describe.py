"""What every command takes, out of the parsers that the commands themselves build."""

from __future__ import annotations

import argparse
from importlib import import_module

from brizna.cli._dispatch import COMMANDS, Context, abouts, command_named
from brizna.cli._parser import Described, Describing
from brizna.core.errors import BriznaError
from brizna.core.records import Record
from brizna.report import LANGUAGES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from brizna.cli._parser import Parser

_HINTS = {"FILE": "file", "CASE.json": "file", "JOB": "file", "DIR": "folder", "RUN": "run"}


class Option(Record):
    """An option, or an argument that stands by itself.

    Attributes:
        flags: How it is written; empty for an argument.
        value: What stands for its value in a help text; None for an option without one.
        choices: What the value can be; empty if anything.
        hint: What the value names: ``file``, ``folder``, ``run`` or nothing.
        about: What it does, in words.
    """

    flags: tuple[str, ...]
    value: str | None
    choices: tuple[str, ...]
    hint: str
    about: str


class Command(Record):
    """A command, or an action of one.

    Attributes:
        words: What is typed, such as ``runs list``.
        about: What it does.
        usage: How it is typed, in one or more lines.
        options: In the order of its help.
        arguments: What stands without an option.
    """

    words: tuple[str, ...]
    about: str
    usage: str
    options: tuple[Option, ...]
    arguments: tuple[Option, ...]


def describe(lang: str) -> tuple[list[Command], dict[str, str]]:
    """Return every command with its actions apart, and each top command with its one line."""
    context = Context(lang)
    about = abouts(context.texts)
    context.texts = Describing(context.texts)
    found = [command for name in COMMANDS for command in _of(name, context)]
    return found, about


def _of(name: str, context: Context) -> Iterator[Command]:
    """Yield what a command takes by itself, then each of its actions."""
    own = _parser(name, [], context)
    module = import_module(f"brizna.cli.{COMMANDS[name]}")
    actions = getattr(module, "ACTIONS", None) or getattr(module, "_ACTIONS", ())
    parsers = [own, *(_parser(name, [action], context) for action in actions)]
    seen: set[str] = set()
    for parser, action in zip(parsers, (None, *actions), strict=True):
        words = f"brizna {name}" if action is None else f"brizna {name} {action}"
        if parser is not None and parser.prog == words and words not in seen:
            seen.add(words)
            yield _told(parser)


def _parser(name: str, words: list[str], context: Context) -> Parser | None:
    try:
        command_named(name)(context, words)
    except Described as described:
        return described.parser
    except BriznaError:  # it takes no such words
        return None
    return None


def _told(parser: Parser) -> Command:
    every = [_option(action) for action in parser._actions if action.help != argparse.SUPPRESS]
    return Command(
        words=tuple(parser.prog.split()[1:]),
        about=parser.description or "",
        usage=parser.format_usage().partition(":")[2].strip(),
        options=tuple(option for option in every if option.flags),
        arguments=tuple(option for option in every if not option.flags),
    )


def _option(action: argparse.Action) -> Option:
    takes = action.nargs != 0
    choices = tuple(str(choice) for choice in action.choices or ())
    if action.dest == "lang":
        choices = LANGUAGES
    metavar = action.metavar if isinstance(action.metavar, str) else action.dest
    value = f"{{{','.join(choices)}}}" if choices and action.metavar is None else metavar
    if not action.metavar and not choices and action.option_strings:
        value = action.dest.upper()
    return Option(
        flags=tuple(action.option_strings),
        value=value if takes else None,
        choices=choices,
        hint=_HINTS.get(value, "") if takes else "",
        about=(action.help or "").replace("%%", "%"),
    )

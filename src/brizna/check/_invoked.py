"""Which programs a command starts: behind ``sudo``, ``uv run``, ``python -m`` and their like."""

from __future__ import annotations

import re

from brizna.check._shell import commands

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_PLAIN = re.compile(
    r"sudo|env|exec|command|time|nice|ionice|nohup|stdbuf|xvfb-run|timeout|xargs|uvx|npx|eval"
)
_RUNNERS = re.compile(r"uv|pipx|poetry|pdm|hatch|rye|pixi|pipenv|conda|mamba|brizna")
_WITH_VALUE = re.compile(
    r"--(with|with-requirements|with-editable|python|extra|group|project|directory|from|spec|package"
    r"|index|index-url|env-file|env|name|user|volume|workdir|entrypoint|network|platform|mount)"
    r"|-[pnuksevwIP]"
)
_SHELL = re.compile(r"(ba|da|z|k)?sh")
_PYTHON = re.compile(r"(python|pypy)[\d.]*")
_IMAGE = re.compile(r"(?:.*/)?([^/:@]+)(?:[:@].*)?")
_DEEPEST = 8


def invoked(words: Sequence[str], *, depth: int = 0) -> Iterator[tuple[str, ...]]:
    """Yield each program that a command starts, with its words.

    Args:
        words: The command.
        depth: How many commands it stands in.
    """
    argv = [one for one in words if one]
    if not argv or depth > _DEEPEST:
        return
    yield tuple(argv)
    for inner in _inside(program(argv[0]), argv):
        yield from invoked(inner, depth=depth + 1)


def program(word: str) -> str:
    """Return a program's name without its folder."""
    return word.rpartition("/")[2].removesuffix(".exe")


def _inside(name: str, argv: list[str]) -> Iterator[list[str]]:
    """Yield the commands that stand in a command."""
    rest = argv[1:]
    if name in ("docker", "podman") and "run" in rest:
        image = _behind(rest[rest.index("run") + 1 :])
        if image and (match := _IMAGE.fullmatch(image[0])):
            yield [match[1], *image[1:]]
            yield image[1:]
    elif _PLAIN.fullmatch(name):
        inner = _behind(rest)
        yield inner[1:] if name == "timeout" else inner
    elif _RUNNERS.fullmatch(name) and rest[:1] == ["run"]:
        inner = _behind(rest[1:])
        yield inner if name != "brizna" or "--" in rest else []
    elif _PYTHON.fullmatch(name) and "-m" in rest:
        yield rest[rest.index("-m") + 1 :]
    elif _SHELL.fullmatch(name):
        place = next((n for n, one in enumerate(rest) if re.fullmatch(r"-[a-z]*c", one)), None)
        if place is not None and place + 1 < len(rest):
            yield from (list(one.words) for one in commands(rest[place + 1]))


def _behind(words: list[str]) -> list[str]:
    """Return the command behind the options and variables of the one that starts it."""
    at = 0
    while at < len(words):
        word = words[at]
        if word == "--":
            return words[at + 1 :]
        if word.startswith("-"):
            at += 2 if _WITH_VALUE.fullmatch(word) else 1
        elif re.match(r"[A-Za-z_]\w*=", word):
            at += 1
        else:
            break
    return words[at:]

"""The commands of a shell script, and whether each really runs and its failure counts.

A rule that looks for a command must not be kept by a text that only names it: ``echo pip-audit``,
``pip-audit || true``, ``if false; then pip-audit; fi``. So a script is read as a shell reads it,
as far as that goes without running it; nothing is expanded. What depends on what only a run tells
is `MAYBE`.
"""

from __future__ import annotations

from itertools import pairwise

from brizna.core.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

RUNS, MAYBE, IGNORED, NEVER = "runs", "maybe", "ignored", "never"
"""What becomes of a command: it runs and its failure fails the script; it may run, or its failure
may count; it runs and its failure is ignored; it never runs. The later ones outweigh."""
_STATES = (RUNS, MAYBE, IGNORED, NEVER)
_SILENT = frozenset({"true", ":", "echo", "printf"})
"""Commands that never fail: what stands behind ``||`` after them never runs."""
_CONDITIONS = frozenset({"if", "while", "until", "elif"})
_OPENS = {"if": "fi", "while": "done", "until": "done", "for": "done", "case": "esac", "{": "}"}
_OPERATORS = ("&&", "||", "|&", ";;", "|", "&", ";", "(", ")", "\n")


class Command(Record):
    """A simple command.

    Attributes:
        words: Its words, without quotes, redirections and what it sets before.
        line: From 1.
        state: What becomes of it.
    """

    words: tuple[str, ...]
    line: int
    state: str = RUNS


def worse(*states: str) -> str:
    """Return the state that outweighs the others."""
    return max(states, key=_STATES.index)


def commands(script: str, *, errexit: bool = True, pipefail: bool = False) -> list[Command]:
    """Return the commands of a script in their order.

    Args:
        script: Its text.
        errexit: Whether it ends where a command fails, as with ``set -e``.
        pipefail: Whether a pipe fails where any of its commands does.
    """
    return _Reader(script, errexit=errexit, pipefail=pipefail).commands()


# ------------------------------------------------------------------------------------------- words


class _Words:
    """Splits a script into words and operators, each with its line."""

    def __init__(self, text: str) -> None:
        self.text = text.replace("\\\r\n", "\\\n").replace("\r\n", "\n")
        self.at = 0
        self.line = 1
        self.documents: list[str] = []
        """What ends the here-documents that follow the line."""

    def __iter__(self) -> Iterator[tuple[str, str, int]]:
        """Yield kind (``word``, ``op`` or ``to``, the target of a redirection), text and line."""
        kind = "word"
        while self.at < len(self.text):
            char = self.text[self.at]
            if char in " \t":
                self.at += 1
            elif self.text.startswith("\\\n", self.at):
                self._pass("\\\n")
            elif char == "#":
                self._skip_line()
            elif char in "<>" or self.text.startswith(("&>", ">&"), self.at):
                self._redirection()
                kind = "to"
            elif (operator := self._operator()) is not None:
                line = self.line
                self._pass(operator)
                if operator == "\n":
                    self._skip_documents()
                yield "op", operator, line
                kind = "word"
            else:
                line, word = self.line, self._word()
                if self.text[self.at : self.at + 1] in ("<", ">") and word.isdigit():
                    continue  # the 2 of 2>file
                if kind == "to" and self.documents and self.documents[-1] == "":
                    self.documents[-1] = word
                yield kind, word, line
                kind = "word"

    def _operator(self) -> str | None:
        return next((one for one in _OPERATORS if self.text.startswith(one, self.at)), None)

    def _pass(self, text: str) -> None:
        self.at += len(text)
        self.line += text.count("\n")

    def _skip_line(self) -> None:
        end = self.text.find("\n", self.at)
        self.at = len(self.text) if end < 0 else end

    def _redirection(self) -> None:
        start = self.at
        while self.text[self.at : self.at + 1] in ("<", ">", "&", "|", "-") and self.at - start < 3:
            self.at += 1
        if self.text[start : self.at].rstrip("-") == "<<":
            self.documents.append("")

    def _skip_documents(self) -> None:
        for end in self.documents:
            while self.at < len(self.text):
                line, *_ = self.text[self.at :].split("\n", 1)
                self._pass(self.text[self.at : self.at + len(line) + 1])
                if line.strip() == end:
                    break
        self.documents = []

    def _word(self) -> str:
        made = ""
        while self.at < len(self.text):
            char = self.text[self.at]
            if char in " \t" or char in "<>" or self._operator() is not None:
                break
            made += self._piece(char)
        return made

    def _piece(self, char: str) -> str:
        """Return the next piece of a word: something quoted, something put in, or a character."""
        if char == "'":
            return self._until("'", 1)[1:-1]
        if char == '"':
            return self._quoted()
        if char == "`":
            return self._until("`", 1)
        for opening, closing in (("${{", "}}"), ("${", "}"), ("$(", ")")):
            if self.text.startswith(opening, self.at):
                return self._nested(opening[-1], closing)
        if char == "\\":
            self._pass(self.text[self.at : self.at + 2])
            return self.text[self.at - 1].replace("\n", "")
        self._pass(char)
        return char

    def _until(self, end: str, skip: int) -> str:
        place = self.text.find(end, self.at + skip)
        stop = len(self.text) if place < 0 else place + len(end)
        found = self.text[self.at : stop]
        self._pass(found)
        return found

    def _quoted(self) -> str:
        start = self.at + 1
        end = start
        while end < len(self.text) and self.text[end] != '"':
            if self.text.startswith("$(", end):
                end = self._end_of(end, "(", ")")
            else:
                end += 2 if self.text[end] == "\\" else 1
        self._pass(self.text[self.at : end + 1])
        return self.text[start:end].replace('\\"', '"').replace("\\\n", "")

    def _nested(self, opening: str, closing: str) -> str:
        """Return ``$(...)`` or ``${...}`` with all that is nested in it."""
        found = self.text[self.at : self._end_of(self.at, opening, closing)]
        self._pass(found)
        return found

    def _end_of(self, start: int, opening: str, closing: str) -> int:
        depth, end = 0, start + 1
        while end < len(self.text):
            depth += (self.text[end] == opening) - (self.text[end] == closing[0])
            end += 1
            if depth == 0:
                break
        return end


# ------------------------------------------------------------------------------------------ grammar


class _Frame:
    """Something that is open: a group, a loop, a condition, a function."""

    __slots__ = ("closing", "first", "state")

    def __init__(self, closing: str, state: str, first: int) -> None:
        self.closing = closing
        self.state = state
        self.first = first


class _Reader:
    def __init__(self, script: str, *, errexit: bool, pipefail: bool) -> None:
        self.tokens = list(_Words(script))
        self.errexit = errexit
        self.pipefail = pipefail
        self.found: list[Command] = []
        self.unchecked: set[int] = set()
        """Commands whose failure counts only where they are the last: errexit was off."""
        self.frames = [_Frame("", RUNS, 0)]
        self.words: list[str] = []
        self.line = 1
        self.chain = 0
        """The first command of the list of ``&&`` and ``||`` that is being read."""
        self.before = ";"
        self.is_inverted = False
        self.is_condition = False
        self.is_over = False

    def commands(self) -> list[Command]:
        for place, (kind, text, line) in enumerate(self.tokens):
            if kind == "op":
                self._operator(text, place)
            elif kind == "word":
                self._word(text, line, place)
        self._end(";", len(self.tokens))
        for number in self.unchecked:
            if number < self.chain:
                self._mark(number, IGNORED)
        return self.found

    # each token

    def _word(self, text: str, line: int, place: int) -> None:
        if self.words or not self._is_keyword(text, place):
            self.line = line if not self.words else self.line
            self.words.append(text)

    def _is_keyword(self, text: str, place: int) -> bool:
        """Take a word of the grammar at the beginning of a command; tell whether it is one."""
        frame = self.frames[-1]
        if text in _OPENS:
            state = MAYBE if text in ("if", "while", "until", "case") else RUNS
            self._open(_OPENS[text], state)
            if text in ("for", "case"):
                self.words = [text]  # what follows are no commands, up to do or the first pattern
        elif text == frame.closing and text:
            self._close(place)
        elif text in ("then", "do", "else"):
            self.is_condition = False
            if text == "else":
                frame.state = MAYBE
        elif text not in ("elif", "!", "time"):
            return False
        if text in _CONDITIONS:
            self.is_condition = True
        self.is_inverted = text == "!"
        return True

    def _operator(self, text: str, place: int) -> None:
        if text == "(" and len(self.words) == 1:  # a function, which runs where it is called
            name, self.words = self.words[0], []
            self._open(")", NEVER if name.endswith("=") else MAYBE)
        elif text == "(":
            self._open(")", RUNS)
        elif text == ")":
            self._end(";", place)
            if self.frames[-1].closing == ")":
                self._close(place)
        else:
            self._end(text, place)

    def _open(self, closing: str, state: str) -> None:
        if self.before != ";" and self.found:
            state = worse(state, self._behind(self.found[-1]))
            self.before = ";"
        self.frames.append(_Frame(closing, state, len(self.found)))

    def _close(self, place: int) -> None:
        """Close what is open; a failure of it all may be handled behind it."""
        if len(self.frames) > 1:
            frame = self.frames.pop()
            after = self._next(place)
            if after == "||" and not self._fails(place + 2):
                for number in range(frame.first, len(self.found)):
                    self._mark(number, IGNORED)
            following = self.tokens[place + 1 : place + 2]
            if frame.closing == ")" and following and following[0][1] == "{":
                self._open("}", frame.state)  # the body of a function
                self.tokens[place + 1] = ("to", "", following[0][2])

    def _next(self, place: int) -> str:
        following = self.tokens[place + 1 : place + 2]
        return following[0][1] if following and following[0][0] == "op" else ""

    # each command

    def _end(self, operator: str, place: int) -> None:
        words, self.words = self.words, []
        argv = _without_settings(words)
        if argv and argv[0] not in ("for", "case"):
            self._add(argv, operator, place)
        if operator in (";", "&", ";;") or (operator == "\n" and argv):
            self.before = ";"
        elif operator != "\n":  # a line may end behind && and ||
            self.before = operator

    def _add(self, argv: list[str], operator: str, place: int) -> None:
        state = worse(*(frame.state for frame in self.frames))
        if self.is_over:
            state = NEVER
        elif self.before != ";" and self.found:
            state = worse(state, self._behind(self.found[-1]))
        if self.is_inverted or self.is_condition:  # what it comes to is asked for, by what follows
            state = worse(state, MAYBE)
        if operator == "&" or (operator in ("|", "|&") and not self.pipefail):
            state = worse(state, IGNORED)
        if self.is_condition and argv == ["false"]:
            self.frames[-1].state = NEVER
        self.is_inverted = False
        number = len(self.found)
        if self.before == ";":
            self.chain = number
        self.found.append(Command(words=tuple(argv), line=self.line, state=state))
        if operator == "||" and not self._fails(place + 1):
            for one in range(self.chain, number + 1):
                self._mark(one, IGNORED)
        elif not self.errexit and operator != "||":
            self.unchecked.add(number)
        self._obey(argv, state)

    def _behind(self, earlier: Command) -> str:
        """Return what becomes of a command behind ``&&``, ``||`` or a pipe."""
        name = earlier.words[0]
        if self.before in ("|", "|&"):
            return earlier.state if earlier.state in (MAYBE, NEVER) else RUNS
        if self.before == "&&":
            return NEVER if name == "false" or earlier.state == NEVER else RUNS
        return NEVER if name in _SILENT and earlier.state != NEVER else MAYBE

    def _fails(self, place: int) -> bool:
        """Tell whether what stands behind ``||`` fails in its turn."""
        following = [text for kind, text, _ in self.tokens[place : place + 60] if kind != "to"]
        while following[:1] == ["\n"]:
            del following[0]
        if following[:1] in (["{"], ["("]):
            end = next((n for n, one in enumerate(following) if one in ("}", ")")), None)
            following = following[1:end]
        else:
            ends = (n for n, one in enumerate(following) if one in _OPERATORS)
            following = following[: next(ends, None)]
        ends = ("exit", "return")
        fails = any(a in ends and b != "0" for a, b in pairwise([*following, ""]))
        return fails or following[:1] == ["false"]

    def _obey(self, argv: list[str], state: str) -> None:
        """Follow what sets how failures count, and what ends the script."""
        if argv[0] == "set" and state == RUNS:
            for option, value in _options(argv[1:]):
                if option in ("e", "errexit"):
                    self.errexit = value
                elif option == "pipefail":
                    self.pipefail = value
        is_outside = len(self.frames) == 1 and self.before == ";"
        if argv[0] == "exit" and state == RUNS and is_outside:
            self.is_over = True

    def _mark(self, number: int, state: str) -> None:
        one = self.found[number]
        self.found[number] = one.replace(state=worse(one.state, state))


def _options(words: Iterable[str]) -> Iterator[tuple[str, bool]]:
    """Yield what ``set`` switches, and whether on."""
    named = None
    for word in words:
        if named is not None:
            yield word, named
            named = None
        elif word[:1] in ("-", "+"):
            is_on = word[0] == "-"
            for letter in word[1:]:
                if letter == "o":
                    named = is_on
                else:
                    yield letter, is_on


def _without_settings(words: list[str]) -> list[str]:
    """Return a command without the variables that are set before it."""
    start = 0
    while start < len(words):
        name, equals, _ = words[start].partition("=")
        if not equals or not name.replace("_", "a").isalnum() or name[0].isdigit():
            break
        start += 1
    return words[start:]

"""What the automatic tests of a project run: the steps of its pipelines, and what these call.

Pipelines are read as what runs them reads them: a job that is switched off, a step whose failure
is ignored and a target that nobody calls are told apart from a step that guards each change.
"""

from __future__ import annotations

import re

from brizna.check._invoked import invoked, program
from brizna.check._shell import IGNORED, MAYBE, NEVER, RUNS, commands, worse
from brizna.check._yaml import read_yaml
from brizna.core.errors import InputError, Said
from brizna.core.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from brizna.check._project import SourceFile
    from brizna.check._yaml import Node

PIPELINES = re.compile(
    r"\.github/workflows/[^/]+\.ya?ml|\.gitlab-ci\.yml|\.ci/[^/]+|Jenkinsfile|azure-pipelines\.yml"
    r"|\.circleci/config\.yml|bitbucket-pipelines\.yml|\.woodpecker\.ya?ml"
)
"""Files that say what runs for each change."""
CALLED = re.compile(
    r"noxfile\.py|tox\.ini|\.pre-commit-config\.yaml|Makefile|(\.github/actions/.+/)?action\.ya?ml"
    r"|[^/]+\.sh|(scripts|tools|ci|bin)/[^/]+\.sh"
)
"""Files that say what runs where a pipeline, or a person, calls them."""
_GITHUB = re.compile(r"\.github/workflows/")
_SCRIPTS = ("run", "script", "before_script", "bash", "command", "commands", "powershell", "pwsh")
_USES = ("uses", "task", "pipe", "template", "component", "orbs")
_APART = re.compile(
    "env|with|variables|inputs|environment|name|description|displayName|parameters|image"
)
"""Keys under which no steps stand."""
_BLOCK = re.compile(r"[|>][-+\d]*\s*(#.*)?$")
_OFF = re.compile(r"(false|0|null|''|\"\"|)|.*(^|&&)\s*(false|0)\s*(&&.*|$)", re.IGNORECASE)
_HARMLESS = re.compile(
    r"true|(!\s*cancelled|always|success|succeeded)\(\)|(github\.event_name|runner\.|matrix\.).*",
    re.IGNORECASE,
)
_BY_HAND = frozenset({"workflow_dispatch", "repository_dispatch"})
_JENKINS = re.compile(
    r"\b(?:sh|bat)\s*\(?\s*(?:script\s*:\s*)?('''|\"\"\"|'|\")(.*?)(?<!\\)\1([^\n]*)", re.DOTALL
)
_GROOVY_COMMENT = re.compile(r"/\*.*?\*/|^\s*//[^\n]*", re.DOTALL | re.MULTILINE)
_VARIABLE = re.compile(r"^(?:export\s+)?(\w+)\s*[:?]?:?=\s*(.*)$")
_TARGET = re.compile(r"^([^\s#:=][^#:=]*):(?!=)([^#=]*)")
_REFERENCE = re.compile(r"\$[({](\w+)[)}]")
_OWN_PROGRAM = re.compile(r"(\./)?[\w.-]+(/[\w.-]+)*\.(py|sh|bash|pl|rb|js)|\./\S+")
_MOST_STEPS = 5000


class Step(Record):
    """A program that an automatic test starts, or an action that it uses.

    Attributes:
        file: The file that says so.
        line: From 1.
        words: The program without folders, and its words; of an action ``uses`` and its name.
        state: What becomes of it, as of a `Command`.
    """

    file: str
    line: int
    words: tuple[str, ...]
    state: str = RUNS

    @property
    def text(self) -> str:
        """Its words as one text."""
        return " ".join(self.words)


class Steps:
    """What the automatic tests of a project run.

    Attributes:
        found: The steps.
        unread: Places of which nobody can tell here what runs there, each with its text.
    """

    def __init__(self, files: Iterable[SourceFile]) -> None:
        self.found: list[Step] = []
        self.unread: list[tuple[str, int, Said]] = []
        self._files = {one.path: one for one in files}
        self._seen: set[tuple[str, str, str]] = set()
        for file in self._files.values():
            if PIPELINES.fullmatch(file.path):
                self._pipeline(file)
        hooks = self._files.get(".pre-commit-config.yaml")
        if hooks is not None:
            self._hooks(hooks, MAYBE)

    # each kind of file

    def _pipeline(self, file: SourceFile) -> None:
        if file.name == "Jenkinsfile":
            text = _GROOVY_COMMENT.sub(lambda one: "\n" * one[0].count("\n"), file.text)
            for match in _JENKINS.finditer(text):
                state = IGNORED if re.search(r"returnStatus\s*:\s*true", match[3]) else RUNS
                line = text.count("\n", 0, match.start(2))
                self._shell(file, "\n" * line + match[2], state)
        elif file.name.endswith((".yml", ".yaml")):
            self._yaml(file, RUNS)
        elif not file.name.endswith((".json", ".toml", ".md", ".txt")):
            self._script(file, RUNS)

    def _yaml(self, file: SourceFile, state: str) -> None:
        try:
            root = read_yaml(file.text)
        except InputError as error:
            self.unread.append((file.path, 1, Said("{error}", error=error)))
            return
        if _GITHUB.match(file.path):
            self._workflow(file, root, state)
        elif file.name == ".gitlab-ci.yml":
            self._gitlab(file, root, state)
        else:
            self._walk(file, root, state)

    def _workflow(self, file: SourceFile, root: Node, state: str) -> None:
        on = root["on"]
        triggers = {*(name for name, _ in on.items()), *(one.text() for one in (on, *on.each()))}
        if triggers - {None} and triggers - {None} <= _BY_HAND:
            state = worse(state, MAYBE)
        shell = root["defaults"]["run"]["shell"].text()
        for _name, job in root["jobs"].items():  # noqa: PERF102 - a node, no dict
            of_job = worse(state, _state_of(job))
            called = job["uses"]
            if called.value is not None:
                self._calls(file, called, of_job)
            usual = job["defaults"]["run"]["shell"].text() or shell or ""
            for step in job["steps"].each():
                self._step(file, step, worse(of_job, _state_of(step)), usual)

    def _gitlab(self, file: SourceFile, root: Node, state: str) -> None:
        extended = {
            str(one.value)
            for _, job in root.items()
            for one in (job["extends"], *job["extends"].each())
        }
        for name, job in root.items():
            if name == "include":
                for one in (job, *job.each()):
                    for part in (one, *(part for _, part in one.items())):
                        if part.text():
                            self._calls(file, part, state)
            elif not name.startswith(".") or name in extended:
                self._walk(file, job, state)

    def _walk(self, file: SourceFile, node: Node, state: str) -> None:
        """Take each step that stands somewhere in a document."""
        state = worse(state, _state_of(node))
        self._step(file, node, state)
        for name, child in node.items():
            if not _APART.fullmatch(name):
                self._walk(file, child, state)
        for child in node.each():
            self._walk(file, child, state)

    def _step(self, file: SourceFile, node: Node, state: str, usual: str = "") -> None:
        pipefail = (node["shell"].text() or usual).startswith("bash")
        for name in _USES:
            for one in (node[name], *(part for _, part in node[name].items())):
                if one.text():
                    self._calls(file, one, state)
        for name in _SCRIPTS:
            parts = [one for one in (node[name], *node[name].each()) if one.text() is not None]
            if parts:
                self._shell(file, _text_of(parts, file.text), state, pipefail=pipefail)

    def _calls(self, file: SourceFile, node: Node, state: str) -> None:
        """Take an action, or a pipeline that stands elsewhere."""
        name = str(node.text())
        self._add(file, node.line, ("uses", name), state)
        path = name.removeprefix("./").rstrip("/")
        if name.startswith("./"):
            places = (path, f"{path}/action.yml".lstrip("/"), f"{path}/action.yaml".lstrip("/"))
            inner = next((self._files[one] for one in places if one in self._files), None)
            if inner is not None and not PIPELINES.fullmatch(inner.path):
                self._called(inner, state)
        if name.endswith((".yml", ".yaml")) or ".yml@" in name or ".yaml@" in name:
            self._unread(file, node.line, name)

    def _hooks(self, file: SourceFile, state: str) -> None:
        try:
            repositories = read_yaml(file.text)["repos"]
        except InputError as error:
            self.unread.append((file.path, 1, Said("{error}", error=error)))
            return
        for repository in repositories.each():
            for hook in repository["hooks"].each():
                stages = {str(one.value) for one in hook["stages"].each()}
                own = worse(state, MAYBE) if stages == {"manual"} else state
                for name in ("id", "entry"):
                    if hook[name].text():
                        self._command(file, hook[name].line, str(hook[name].text()).split(), own)

    # what shells run

    def _script(self, file: SourceFile, state: str) -> None:
        first = file.text.split("\n", 1)[0]
        errexit = first.startswith("#!") and bool(re.search(r"\s-\w*e", first))
        self._shell(file, file.text, state, errexit=errexit)

    def _shell(
        self,
        file: SourceFile,
        text: str,
        state: str,
        *,
        errexit: bool = True,
        pipefail: bool = False,
    ) -> None:
        for one in commands(text, errexit=errexit, pipefail=pipefail):
            self._command(file, one.line, one.words, worse(state, one.state))

    def _command(self, file: SourceFile, line: int, words: Iterable[str], state: str) -> None:
        for argv in invoked(list(words)):
            name = program(argv[0])
            self._add(file, line, (name, *argv[1:]), state)
            self._follow(file, line, (name, *argv), state)

    def _add(self, file: SourceFile, line: int, words: tuple[str, ...], state: str) -> None:
        if len(self.found) < _MOST_STEPS:
            self.found.append(Step(file=file.path, line=line, words=words, state=state))

    def _follow(self, file: SourceFile, line: int, argv: tuple[str, ...], state: str) -> None:
        """Take what a command runs that stands in another file of the project."""
        name, path, *rest = argv
        makefile, nox, tox, hooks = map(
            self._files.get, ("Makefile", "noxfile.py", "tox.ini", ".pre-commit-config.yaml")
        )
        if name in ("make", "gmake") and makefile is not None:
            self._make(makefile, rest, state)
        elif name == "nox" and nox is not None:
            self._nox(nox, rest, state)
        elif name == "tox" and tox is not None:
            self._tox(tox, rest, state)
        elif name == "pre-commit" and rest[:1] == ["run"] and hooks is not None:
            self._called(hooks, state)
        elif re.fullmatch(r"(ba|da|z|k)?sh|python[\d.]*|source|\.", name):
            self._program(file, line, next((one for one in rest if one[:1] != "-"), ""), state)
        else:
            self._program(file, line, path, state)

    def _program(self, file: SourceFile, line: int, path: str, state: str) -> None:
        if not _OWN_PROGRAM.fullmatch(path):
            return
        own = self._files.get(path.removeprefix("./"))
        if own is not None and not own.name.endswith(".py"):
            self._called(own, state)
        else:
            self._unread(file, line, path)

    def _unread(self, file: SourceFile, line: int, name: str) -> None:
        path = name.removeprefix("./")
        if path not in self._files or path.endswith(".py"):
            self.unread.append((file.path, line, Said("what {name} does", name=name)))

    def _called(self, file: SourceFile, state: str) -> None:
        """Take a file that is called, once for each state."""
        if self._is_new(file, "", state):
            if file.name == ".pre-commit-config.yaml":
                self._hooks(file, state)
            elif file.name.endswith((".yml", ".yaml")):
                self._yaml(file, state)
            else:
                self._script(file, state)

    def _is_new(self, file: SourceFile, what: str, state: str) -> bool:
        """Tell whether a part of a file was not read in this state; from now on it was."""
        known, key = len(self._seen), (file.path, what, state)
        self._seen.add(key)
        return len(self._seen) > known

    # what make, nox and tox run

    def _make(self, file: SourceFile, words: list[str], state: str) -> None:
        if any(one in ("-n", "--dry-run", "--just-print", "-q") for one in words):
            return
        if "-C" in words or "-f" in words:
            self.unread.append((file.path, 1, Said("what {name} does", name=" ".join(words))))
            return
        own = worse(state, IGNORED) if "-i" in words else state
        _, usual = _rules_of(file.text)
        named = [one for one in words if one[:1] != "-" and "=" not in one]
        for target in named or [usual]:
            self._target(file, target, own)

    def _target(self, file: SourceFile, name: str, state: str) -> None:
        if not self._is_new(file, name, state):
            return
        rules, _ = _rules_of(file.text)
        needs, recipe = rules.get(name, ([], []))
        for need in needs:
            self._target(file, need, state)
        for line, text in recipe:
            marks = text[: len(text) - len(text.lstrip("@+-"))]
            own = worse(state, IGNORED) if "-" in marks else state
            bare = "\n" * (line - 1) + text.lstrip("@+-").replace("$$", "$")
            self._shell(file, bare, own, errexit=False)

    def _nox(self, file: SourceFile, words: list[str], state: str) -> None:
        wanted = {
            one.partition("-")[0]
            for one in _named_after(words, ("-s", "-e", "--session", "--sessions"))
        }
        try:
            sessions = list(_sessions(file.text))
        except SyntaxError as error:
            self.unread.append((file.path, error.lineno or 1, Said("what {name} does", name="nox")))
            return
        for name, line, argv in sessions:
            if name in wanted or not wanted:
                self._command(file, line, argv, state)

    def _tox(self, file: SourceFile, words: list[str], state: str) -> None:
        from configparser import ConfigParser, Error

        parser = ConfigParser(interpolation=None, strict=False)
        try:
            parser.read_string(file.text)
        except Error:
            self.unread.append((file.path, 1, Said("what {name} does", name="tox")))
            return
        wanted = {one for text in _named_after(words, ("-e",)) for one in text.split(",")}
        for section in parser.sections():
            kind, _, name = section.partition(":")
            if kind != "testenv" or (wanted and name and name not in wanted):
                continue
            for text in parser.get(section, "commands", fallback="").splitlines():
                own = worse(state, IGNORED) if text.startswith("-") else state
                line = file.text[: max(file.text.find(text), 0)].count("\n")
                self._shell(file, "\n" * line + text.lstrip("- "), own)


def _state_of(node: Node) -> str:
    """Return what a job or a step says of whether it runs and counts."""
    found = RUNS
    for name in ("if", "condition"):
        text = node[name].text()
        if name in dict(node.items()) and node[name].value is not None:
            bare = str(text).strip().removeprefix("${{").removesuffix("}}").strip()
            if node[name].value is False or _OFF.fullmatch(bare):
                found = worse(found, NEVER)
            elif not (node[name].value is True or _HARMLESS.fullmatch(bare)):
                found = worse(found, MAYBE)
    if node["enabled"].value is False or node["when"].text() == "never":
        found = worse(found, NEVER)
    if node["when"].text() in ("manual", "on_failure", "on_fail", "delayed"):
        found = worse(found, MAYBE)
    for name in ("continue-on-error", "continueOnError", "allow_failure"):
        if node[name].value is True or node[name]["exit_codes"].value is not None:
            found = worse(found, IGNORED)
        elif isinstance(node[name].value, str):
            found = worse(found, MAYBE)
    return worse(found, IGNORED) if node["failure"].text() == "ignore" else found


def _text_of(parts: list[Node], source: str) -> str:
    """Return scripts as one text, each on the line on which it stands in its file."""
    lines = source.split("\n")
    text = ""
    for one in parts:
        is_block = _BLOCK.search(lines[one.line - 1]) if one.line <= len(lines) else None
        text += "\n" * max(one.line - (0 if is_block else 1) - text.count("\n"), 1 if text else 0)
        text += str(one.text())
    return text


def _rules_of(text: str) -> tuple[dict[str, tuple[list[str], list[tuple[int, str]]]], str]:
    """Return what a Makefile says of each target, what it needs and runs, and its usual target."""
    known: dict[str, str] = {"MAKE": "make"}
    rules: dict[str, tuple[list[str], list[tuple[int, str]]]] = {}
    usual, open_targets = "", list[str]()
    for number, line in _joined(text):
        if line.startswith("\t"):
            for target in open_targets:
                rules[target][1].append((number, _expanded(line.strip(), known)))
        elif variable := _VARIABLE.match(line):
            known[variable[1]] = variable[2].strip()
        elif line.startswith(".DEFAULT_GOAL"):
            usual = line.partition("=")[2].strip()
        elif target := _TARGET.match(_expanded(line, known)):
            open_targets = target[1].split()
            for one in open_targets:
                rules.setdefault(one, ([], []))[0].extend(target[2].split())
            if not usual and not target[1].startswith("."):
                usual = open_targets[0]
    return rules, usual


def _joined(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines of a Makefile with their numbers, those that go on put together."""
    made, start = "", 1
    for number, line in enumerate(text.splitlines(), 1):
        start = start if made else number
        made += line
        if made.endswith("\\"):
            made = f"{made[:-1]} "
        else:
            yield start, made
            made = ""


def _expanded(text: str, known: dict[str, str]) -> str:
    for _ in range(5):
        new = _REFERENCE.sub(lambda match: known.get(match[1], match[0]), text)
        if new == text:
            break
        text = new
    return text


def _named_after(words: list[str], options: tuple[str, ...]) -> list[str]:
    """Return the words that follow an option, up to the next one."""
    found, is_taken = list[str](), False
    for word in words:
        if word.startswith("-"):
            option, _, value = word.partition("=")
            is_taken = option in options
            found += [value] if is_taken and value else []
        elif is_taken:
            found.append(word)
    return found


def _sessions(text: str) -> Iterator[tuple[str, int, list[str]]]:
    """Yield each session of nox with the commands that it runs, and their lines."""
    import ast

    functions = (one for one in ast.parse(text).body if isinstance(one, ast.FunctionDef))
    for function in functions:
        for node in ast.walk(function):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in ("run", "run_always")
            ):
                words = [str(one.value) for one in node.args if isinstance(one, ast.Constant)]
                yield function.name, node.lineno, words

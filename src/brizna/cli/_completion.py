"""``brizna completion``: completion for shells, and the man page, out of the commands themselves.

The scripts are written once and read by the shell when it starts; only ids of runs are asked for
when somebody wants one completed.
"""

from __future__ import annotations

from brizna.cli._options import add_settings, settings_of
from brizna.cli._parser import Parser

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from brizna.cli._describe import Command, Option
    from brizna.cli._dispatch import Context

FORMS = ("bash", "zsh", "fish", "man", "runs")
_LATEST = 50


def completion(context: Context, words: list[str]) -> int:
    """Print what a shell reads to complete the command line, or the man page."""
    _ = context.texts.gettext
    about = _("Print what completes brizna's command line in a shell, or its man page.")
    parser = Parser("brizna completion", about, context.texts)
    parser.add_argument(
        "form", choices=FORMS, help=_("a shell; man: the man page; runs: what names a run")
    )
    add_settings(parser, ("store", "lang"))
    given = parser.parse_args(words)
    if given.form == "runs":
        return _tell_runs(context, settings_of(given, context)["store"])
    from brizna.cli._describe import describe

    commands, about_each = describe(context.lang)
    if given.form == "man":
        from brizna.cli._man import man_page

        context.tell(*man_page(commands, about_each, context.texts))
    else:
        write = {"bash": bash_lines, "zsh": zsh_lines, "fish": fish_lines}[given.form]
        context.tell(*write(commands, about_each))
    return 0


def _tell_runs(context: Context, path: str | None) -> int:
    from brizna.store import Store
    from brizna.verbs._run import current_directory

    store = Store.find(path, cwd=current_directory(), environ=context.environ)
    context.tell("last", *reversed(store.ids()[-_LATEST:]))
    return 0


def _top(commands: Iterable[Command]) -> dict[str, list[Command]]:
    """Return the described commands by their first word."""
    found: dict[str, list[Command]] = {}
    for command in commands:
        found.setdefault(command.words[0], []).append(command)
    return found


def _actions(of_one: Iterable[Command]) -> list[Command]:
    return [command for command in of_one if len(command.words) > 1]


def _quoted(text: str) -> str:
    """Return a text in single quotes, as all three shells read it."""
    return "'" + " ".join(text.split()).replace("\\", "\\\\").replace("'", "'\\''") + "'"


# -------------------------------------------------------------------------------------------- bash

_BASH = """\
# bash completion for brizna: eval "$(brizna completion bash)"
_brizna_of() {
    case $1 in
        file) compgen -f -- "$2" ;;
        folder) compgen -d -- "$2" ;;
        run) compgen -W "$(brizna completion runs 2>/dev/null)" -- "$2" ;;
        *) compgen -W "$1" -- "$2" ;;
    esac
}
_brizna() {
    local IFS=$'\\n' at path cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}
    COMPREPLY=()
    for ((at = 1; at < COMP_CWORD; at++)); do
        if [[ ${COMP_WORDS[at]} == -- ]]; then
            if ((at == COMP_CWORD - 1)); then COMPREPLY=($(compgen -c -- "$cur"))
            else COMPREPLY=($(compgen -f -- "$cur")); fi
            return
        fi
    done
    if ((COMP_CWORD == 1)); then COMPREPLY=($(_brizna_of "$(_brizna_words '')" "$cur")); return; fi
    path=${COMP_WORDS[1]}
    if ((COMP_CWORD > 2)) && _brizna_words "$path ${COMP_WORDS[2]}" >/dev/null; then
        path="$path ${COMP_WORDS[2]}"
    fi
    if at=$(_brizna_value "$path $prev"); then
        if [[ $at ]]; then COMPREPLY=($(_brizna_of "$at" "$cur")); fi
    elif [[ $cur == -* ]]; then
        COMPREPLY=($(_brizna_of "$(_brizna_words "$path" | grep '^-')" "$cur"))
    else
        COMPREPLY=($(_brizna_of "$(_brizna_words "$path" | grep -v '^-')" "$cur"))
        COMPREPLY+=($(_brizna_of "$(_brizna_value "$path")" "$cur"))
    fi
}
complete -o filenames -F _brizna brizna"""


def bash_lines(commands: Sequence[Command], about: dict[str, str]) -> list[str]:
    """Return the script for bash: words and values of each command, and the function over them."""
    words = [f"        '') printf '%s\\n' {' '.join(map(_quoted, about))} ;;"]
    values: list[str] = []
    for name, of_one in _top(commands).items():
        actions = [command.words[1] for command in _actions(of_one)]
        bare = of_one[0] if len(of_one[0].words) == 1 else None
        flags = [] if bare is None else [flag for one in bare.options for flag in one.flags]
        words.append(_bash_words(name, [*actions, *flags]))
        for command in of_one:
            path = " ".join(command.words)
            if len(command.words) > 1:
                words.append(
                    _bash_words(path, [flag for one in command.options for flag in one.flags])
                )
            values += _bash_values(path, command)
    return [
        *("_brizna_words() {", "    case $1 in", *words, "        *) return 1 ;;", "    esac", "}"),
        *(
            "_brizna_value() {",
            "    case $1 in",
            *values,
            "        *) return 1 ;;",
            "    esac",
            "}",
        ),
        *_BASH.splitlines(),
    ]


def _bash_words(path: str, words: Sequence[str]) -> str:
    return f"        {_quoted(path)}) printf '%s\\n' {' '.join(map(_quoted, words))} ;;"


def _bash_values(path: str, command: Command) -> list[str]:
    found: list[str] = []
    for option in command.options:
        if option.value is not None:
            keys = "|".join(_quoted(f"{path} {flag}") for flag in option.flags)
            found.append(f"        {keys}) printf '%s\\n' {_bash_value(option)} ;;")
    if command.arguments:
        found.append(
            f"        {_quoted(path)}) printf '%s\\n' {_bash_value(command.arguments[0])} ;;"
        )
    return found


def _bash_value(option: Option) -> str:
    return " ".join(map(_quoted, option.choices)) if option.choices else _quoted(option.hint)


# --------------------------------------------------------------------------------------------- zsh


def zsh_lines(commands: Sequence[Command], about: dict[str, str]) -> list[str]:
    """Return the script for zsh."""
    lines = ["#compdef brizna", "# zsh completion for brizna: brizna completion zsh > _brizna"]
    lines += [
        "_brizna_runs() {",
        '    compadd -- ${(f)"$(brizna completion runs 2>/dev/null)"}',
        "}",
    ]
    lines += ["_brizna() {", "    local -a found", "    if ((CURRENT == 2)); then"]
    lines += ["        found=(", *_zsh_described(about.items()), "        )"]
    lines += [
        "        _describe command found",
        "        return",
        "    fi",
        "    case $words[2] in",
    ]
    for name, of_one in _top(commands).items():
        lines.append(f"    {name})")
        actions = _actions(of_one)
        if actions:
            told = [(command.words[1], command.about) for command in actions]
            lines += ["        if ((CURRENT == 3)); then", "            found=("]
            lines += [*_zsh_described(told), "            )", "            _describe action found"]
            lines += ["        fi", "        case $words[3] in"]
            for command in actions:
                lines += [f"        {command.words[1]})", "            shift 2 words"]
                lines += [
                    "            ((CURRENT -= 2))",
                    *_zsh_arguments(command),
                    "            ;;",
                ]
            lines.append("        *)")
        if len(of_one[0].words) == 1:
            lines += ["            shift words", "            ((CURRENT -= 1))"]
            lines += _zsh_arguments(of_one[0])
        if actions:
            lines += ["            ;;", "        esac"]
        lines.append("        ;;")
    lines += ["    esac", "}", 'if [[ $funcstack[1] == _brizna ]]; then _brizna "$@"']
    return [*lines, "else compdef _brizna brizna; fi"]


def _zsh_described(items: Iterable[tuple[str, str]]) -> list[str]:
    return [f"            {_quoted(f'{name}:{_zsh(text)}')}" for name, text in items]


def _zsh(text: str) -> str:
    return _zsh_about(text).replace(":", "\\:")


def _zsh_about(text: str) -> str:
    first = text.partition("\n")[0]
    return first.replace("\\", "").replace("[", "(").replace("]", ")")


def _zsh_arguments(command: Command) -> list[str]:
    specs = [
        _quoted(f"*{flag}[{_zsh_about(option.about)}]{_zsh_value(option)}")
        for option in command.options
        for flag in option.flags
    ]
    named = [one for one in command.arguments[:1] if one.hint or one.choices]
    specs += [_quoted(f"*{_zsh_value(one)}") for one in named]
    rest = "'*::command:_normal'"
    return [
        "            if ((${words[(I)--]} && ${words[(I)--]} < CURRENT)); then",
        "                ((CURRENT -= ${words[(I)--]}))",
        "                shift ${words[(I)--]} words",
        "                _normal",
        f"            else _arguments {' '.join(specs or [rest])}",
        "            fi",
    ]


def _zsh_value(option: Option) -> str:
    if option.value is None:
        return ""
    how = {"file": "_files", "folder": "_files -/", "run": "_brizna_runs"}.get(option.hint, " ")
    if option.choices:
        how = f"({' '.join(option.choices)})"
    return f":{_zsh(option.value)}:{how}"


# -------------------------------------------------------------------------------------------- fish

_FISH = """\
# fish completion for brizna: brizna completion fish > ~/.config/fish/completions/brizna.fish
function __brizna_typed
    set -l typed (commandline -opc)
    set -e typed[1]
    string join \\n -- $typed
end
function __brizna_is
    set -l typed (__brizna_typed)
    contains -- -- $typed; and return 1
    for at in (seq (count $argv))
        test "$typed[$at]" = "$argv[$at]"; or return 1
    end
end
function __brizna_needs
    set -l typed (__brizna_typed)
    test (count $typed) -eq (count $argv); and __brizna_is $argv
end
function __brizna_rest
    set -l typed (commandline -opc) (commandline -ct)
    set -l at (contains -i -- -- $typed); or return
    complete -C (string join ' ' -- $typed[(math $at + 1)..])
end
complete -c brizna -f
complete -c brizna -n 'contains -- -- (commandline -opc)' -a '(__brizna_rest)'"""


def fish_lines(commands: Sequence[Command], about: dict[str, str]) -> list[str]:
    """Return the script for fish."""
    lines: list[str] = [*_FISH.splitlines()]
    for name, text in about.items():
        lines.append(f"complete -c brizna -n __brizna_needs -a {name} -d {_quoted(text)}")
    for name, of_one in _top(commands).items():
        for command in _actions(of_one):
            action, text = command.words[1], command.about.partition("\n")[0]
            lines.append(
                f"complete -c brizna -n '__brizna_needs {name}' -a {action} -d {_quoted(text)}"
            )
    for command in commands:
        when = f"-n {_quoted('__brizna_is ' + ' '.join(command.words))}"
        lines += [f"complete -c brizna {when} {_fish_option(one)}" for one in command.options]
        for option in command.arguments[:1]:
            value = _fish_value(option)
            if value:
                lines.append(f"complete -c brizna {when} {value}")
    return lines


def _fish_option(option: Option) -> str:
    flags = [
        f"-l {flag[2:]}" if flag.startswith("--") else f"-s {flag[1:]}" for flag in option.flags
    ]
    needs = f" {_fish_value(option) or '-x'}" if option.value is not None else ""
    return f"{' '.join(flags)}{needs} -d {_quoted(option.about)}"


def _fish_value(option: Option) -> str:
    if option.choices:
        return f"-x -a {_quoted(' '.join(option.choices))}"
    if option.hint == "run":
        return "-x -a '(brizna completion runs 2>/dev/null)'"
    return "-r -F" if option.hint in ("file", "folder") else ""

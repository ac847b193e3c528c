"""The man page, out of the commands themselves."""

from __future__ import annotations

from brizna.core.version import VERSION

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from brizna.cli._describe import Command, Option
    from brizna.report._texts import Texts


def man_page(commands: Sequence[Command], about: dict[str, str], texts: Texts) -> list[str]:
    """Return the lines of ``brizna.1``."""
    _ = texts.gettext
    purpose = _("brizna measures what AI work costs in energy, carbon and money, and proves it.")
    lines = [f'.TH BRIZNA 1 "" "brizna {VERSION}"', ".nh"]
    lines += [".SH " + _plain(_("NAME")), f"brizna \\- {_plain(purpose)}"]
    lines += [".SH " + _plain(_("SYNOPSIS")), _plain(_("brizna COMMAND ..."))]
    lines.append(".SH " + _plain(_("COMMANDS")))
    for name, text in about.items():
        lines += [".TP", f"\\fB{_plain(name)}\\fR", _plain(text)]
    for command in commands:
        lines += _section(command, texts)
    lines.append(".SH " + _plain(_("EXIT STATUS")))
    codes = {
        "0": _("done"),
        "1": _("a check failed"),
        "2": _("wrong use"),
        "3": _("not available here"),
        "4": _("cannot tell: the evidence is weak"),
    }
    for code, text in codes.items():
        lines += [".TP", f"\\fB{code}\\fR", _plain(text)]
    run = _(
        "brizna run returns the command's own code: 128+n on signal n, 125 where brizna itself "
        "failed, 126 if it is not executable, 127 if it is not found."
    )
    lines += [".PP", _plain(run)]
    lines.append(".SH " + _plain(_("ENVIRONMENT")))
    lines += [
        _plain(_("BRIZNA_NAME sets the option --name where it is not given: BRIZNA_ZONE=ES."))
    ]
    return lines


def _section(command: Command, texts: Texts) -> Iterable[str]:
    yield ".SH " + _plain("brizna " + " ".join(command.words)).upper().replace("\\-", "-")
    yield ".nf"
    for line in command.usage.splitlines():
        yield _plain(line.strip())
    yield ".fi"
    for text in filter(None, command.about.split("\n\n")):
        yield ".PP"
        yield _plain(" ".join(text.split()))
    for option in (*command.arguments, *command.options):
        yield ".TP"
        yield _names(option)
        yield _plain(option.about or texts.gettext("options"))


def _names(option: Option) -> str:
    value = "" if option.value is None else f" \\fI{_plain(option.value)}\\fR"
    if not option.flags:
        return value.strip()
    return ", ".join(f"\\fB{_plain(flag)}\\fR{value}" for flag in option.flags)


def _plain(text: str) -> str:
    """Return a text that roff takes as it is: no command, no hyphen where a minus is meant."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq")
    return f"\\&{escaped}" if escaped.startswith((".", "\\(aq")) else escaped

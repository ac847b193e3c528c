"""Plans in the forms of other schedulers: at, cron, systemd, SLURM, Kubernetes, GitHub, calendars.

A form that cannot pause gets plans of one interval only. Instants are in UTC wherever the form can
say so.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from json import dumps
from shlex import join, quote

from brizna.core.errors import InputError
from brizna.core.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

_FOLD = 75
"""Octets of a line of a calendar (RFC 5545 section 3.1)."""


class Launch(Record):
    """How another scheduler, which knows nothing of this shell, starts brizna.

    Attributes:
        program: The words that start it.
        store: Where the plan is kept; None where it is found without being named.
        directory: Where to start it; None for wherever the scheduler does.
    """

    program: tuple[str, ...] = ("brizna",)
    store: str | None = None
    directory: str | None = None


def schedule(
    plan: Mapping[str, Any],
    form: str,
    *,
    digest: str,
    command: Sequence[str],
    image: str | None = None,
    launch: Launch = Launch(),  # noqa: B008  - it cannot be changed
) -> str:
    """Return a plan in the form of a scheduler.

    Args:
        plan: Its record.
        form: One of `FORMS`.
        digest: Of the plan.
        command: What it runs.
        image: Of the container, for ``kubernetes``.
        launch: How brizna is started by the forms that call it: ``at``, ``cron``, ``systemd``.

    Raises:
        InputError: If there is no such form, the form cannot pause and the plan does, or something
            that the form needs is missing.
    """
    if form not in FORMS:
        raise InputError(
            "{form!r} is no form of a schedule: expected {known}.",
            form=form,
            known=", ".join(FORMS),
        )
    if form != "ical" and not command:
        raise InputError("Nobody says what to run: put the command after --.")
    if form in _UNABLE and len(plan["intervals"]) > 1:
        raise InputError(
            "The plan pauses, and {form} cannot: plan without pauses, or take at, cron or systemd, "
            "which call brizna run --plan.",
            form=form,
        )
    if form == "kubernetes" and not image:
        raise InputError("A container needs an image: give --image.")
    made = _Export(plan, digest, command, image)
    made.launch_by(launch)
    return FORMS[form](made)


class _Export:
    """What every form needs of a plan."""

    def __init__(
        self, plan: Mapping[str, Any], digest: str, command: Sequence[str], image: str | None
    ) -> None:
        self.plan = plan
        self.id = digest.removeprefix("sha256:")[:12]
        self.start = datetime.fromisoformat(plan["intervals"][0]["start"]).astimezone(UTC)
        self.finish = datetime.fromisoformat(plan["intervals"][-1]["end"]).astimezone(UTC)
        self.name = f"brizna-{self.id}"
        self.command = list(command)
        self.image = image
        self.followed: list[str] = []
        self.directory: str | None = None

    def launch_by(self, launch: Launch) -> None:
        """Say how brizna is started to follow the plan."""
        store = [] if launch.store is None else ["--store", launch.store]
        words = [*launch.program, "run", "--plan", self.id, *store, "--", *self.command]
        self.followed, self.directory = words, launch.directory

    @property
    def line(self) -> str:
        """What a shell runs to follow the plan."""
        there = "" if self.directory is None else f"cd {quote(self.directory)} && "
        return there + join(self.followed)

    @property
    def cron(self) -> str:
        """The minute in which it starts, as cron's five fields."""
        start = self.start
        return f"{start.minute} {start.hour} {start.day} {start.month} *"


def _at(made: _Export) -> str:
    return f"echo {quote(made.line)} | TZ=UTC at -t {made.start:%Y%m%d%H%M.%S}\n"


def _cron(made: _Export) -> str:
    """Return a line that starts it at its minute in UTC, whatever the time zone of the machine.

    Not every cron knows ``CRON_TZ`` (Debian's does not): so the line is looked at on the day before
    and after too, at the minutes at which it may be, as time zones differ by quarters of an hour;
    the date in UTC decides.
    """
    start = made.start
    days = [start + timedelta(days=more) for more in (-1, 0, 1)]
    minutes = ",".join(str((start.minute + more) % 60) for more in (0, 15, 30, 45))
    dates = ",".join(str(day.day) for day in days)
    months = ",".join(dict.fromkeys(str(day.month) for day in days))
    now = f"{start:%Y%m%d%H%M}"
    line = f'[ "$(date -u +%Y%m%d%H%M)" = {now} ] && {made.line}'.replace("%", "\\%")
    return f"{minutes} * {dates} {months} * {line}\n"


def _systemd(made: _Export) -> str:
    words = " ".join(dumps(word.replace("%", "%%").replace("$", "$$")) for word in made.followed)
    there = (made.directory or "").replace("%", "%%")
    return (
        f"# ~/.config/systemd/user/{made.name}.timer\n"
        "[Unit]\n"
        f"Description=brizna plan {made.id}\n"
        "\n[Timer]\n"
        f"OnCalendar={made.start:%Y-%m-%d %H:%M:%S} UTC\n"
        "AccuracySec=1s\n"
        "Persistent=true\n"
        "\n[Install]\n"
        "WantedBy=timers.target\n"
        f"\n# ~/.config/systemd/user/{made.name}.service\n"
        "[Unit]\n"
        f"Description=brizna plan {made.id}\n"
        "\n[Service]\n"
        "Type=exec\n"
        + (f"WorkingDirectory={there}\n" if there else "")
        + f"ExecStart=/usr/bin/env {words}\n"
    )


def _slurm(made: _Export) -> str:
    minutes = -((made.start - made.finish).total_seconds() // 60)
    return (
        "#!/bin/sh\n"
        "# Submit with the clock of the cluster in UTC: "
        f"sbatch --begin=$(date -d {made.start:%Y-%m-%dT%H:%M:%SZ} +%Y-%m-%dT%H:%M:%S) FILE\n"
        f"#SBATCH --job-name={made.name}\n"
        f"#SBATCH --comment={quote('brizna plan ' + made.id)}\n"
        f"# It was planned to take {minutes:.0f} min; say how long it may: #SBATCH --time=\n"
        f"srun {join(made.command)}\n"
    )


def _kubernetes(made: _Export) -> str:
    container = {"name": "job", "image": made.image, "command": made.command}
    return (
        "# It would start again in a year: delete it when it has run.\n"
        "apiVersion: batch/v1\n"
        "kind: CronJob\n"
        "metadata:\n"
        f"  name: {made.name}\n"
        "spec:\n"
        f"  schedule: {dumps(made.cron)}\n"
        '  timeZone: "Etc/UTC"\n'
        "  concurrencyPolicy: Forbid\n"
        "  startingDeadlineSeconds: 3600\n"
        "  jobTemplate:\n"
        "    spec:\n"
        "      backoffLimit: 0\n"
        "      template:\n"
        "        spec:\n"
        "          restartPolicy: Never\n"
        "          containers:\n"
        f"            - {dumps(container)}\n"
    )


def _github(made: _Export) -> str:
    run = f"[ $(date -u +%Y) != {made.start.year} ] || {join(made.command)}"
    return (
        f"name: {made.name}\n"
        '"on":\n'
        "  schedule:\n"
        f"    - cron: {dumps(made.cron)}\n"
        "  workflow_dispatch:\n"
        "jobs:\n"
        "  job:\n"
        "    runs-on: ubuntu-latest\n"
        "    steps:\n"
        "      - uses: actions/checkout@v4\n"
        "      - name: Run once, not every year\n"
        f"        run: {dumps(run)}\n"
    )


def _ical(made: _Export) -> str:
    stamp = datetime.fromisoformat(made.plan["issued"]).astimezone(UTC)
    name = made.plan["workload"]["name"] or made.name
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//brizna//plan//EN"]
    for number, one in enumerate(made.plan["intervals"]):
        start, end = (
            datetime.fromisoformat(one[edge]).astimezone(UTC) for edge in ("start", "end")
        )
        lines += [
            "BEGIN:VEVENT",
            f"UID:{made.id}-{number}@brizna",
            f"DTSTAMP:{stamp:%Y%m%dT%H%M%SZ}",
            f"DTSTART:{start:%Y%m%dT%H%M%SZ}",
            f"DTEND:{end:%Y%m%dT%H%M%SZ}",
            f"SUMMARY:{_escaped(name)}",
            f"LOCATION:{_escaped(one['site'])}",
            f"DESCRIPTION:{_escaped(join(made.command) or 'brizna plan ' + made.id)}",
            "END:VEVENT",
        ]
    lines.append("END:VCALENDAR")
    return "".join(f"{_folded(line)}\r\n" for line in lines)


def _escaped(text: str) -> str:
    for mark in ("\\", ";", ","):
        text = text.replace(mark, f"\\{mark}")
    return text.replace("\n", "\\n")


def _folded(line: str) -> str:
    """Return a line broken so that no part has more than 75 octets."""
    parts, part = list[str](), ""
    for letter in line:
        if len((part + letter).encode()) > _FOLD - bool(parts):
            parts.append(part)
            part = ""
        part += letter
    return "\r\n ".join([*parts, part])


FORMS: dict[str, Callable[[_Export], str]] = {
    "at": _at,
    "cron": _cron,
    "systemd": _systemd,
    "slurm": _slurm,
    "kubernetes": _kubernetes,
    "github": _github,
    "ical": _ical,
}
"""Every form there is."""
_UNABLE = ("slurm", "kubernetes", "github")
"""Forms without pauses: where they run, the plan is not."""

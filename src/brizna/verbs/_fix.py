"""Least-privilege recipes: what an administrator can type so that a sensor can be read.

They are printed and never run. Each gives one group the right to read and nobody else anything,
and says how to take it back.
"""

from __future__ import annotations

from shlex import join, quote

from brizna.core.errors import Said
from brizna.core.records import Record
from brizna.meter import POWERCAP_RULE, counters_folder, find_closed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from brizna.meter import Closed, Roots

GROUP = "brizna"
_RULES = "/etc/udev/rules.d/70-brizna.rules"
_CONTROLLER_RULES = "/etc/udev/rules.d/70-brizna-ipmi.rules"
_IPMI_RULE = 'SUBSYSTEM=="ipmi", KERNEL=="ipmi[0-9]*", GROUP="{group}", MODE="0660"'
_TITLES = {
    "group": Said("A group for those who may measure:"),
    "counters": Said("Let the group read the processors' energy counters:"),
    "events": Said("Run one measurement with the right to count events of whole processors:"),
    "ipmi": Said("Let the group ask the management controller through the kernel:"),
    "container": Said("Let a container read the processors' energy counters:"),
    "pod": Said("Let a pod read the processors' energy counters (fields of its manifest):"),
}
_CAUTIONS = {
    "counters": Said(
        "Who reads these counters fast can guess at what other programs compute (PLATYPUS, 2020): "
        "put only people into the group who are trusted with that."
    ),
    "events": Said("The command that is measured has this right too."),
    "ipmi": Said(
        "Who may ask the controller may also switch the machine off and change the controller's "
        "users: a read-only account over Redfish gives less away."
    ),
    "container": Said(
        "A container that does not run as root needs the group's number, and the counters opened "
        "to the group on the host."
    ),
}


class Recipe(Record):
    """What to type, and what it gives away.

    Attributes:
        id: ``group``, ``counters``, ``events``, ``ipmi``, ``container`` or ``pod``.
        title: What it does.
        now: Commands that work until the next start of the machine.
        lasting: Commands that make it last.
        undo: Commands that take it back.
        text: What to write into a file, line by line, where there is nothing to type.
        caution: What it gives away; None if nothing.
    """

    id: str
    title: str
    now: tuple[str, ...] = ()
    lasting: tuple[str, ...] = ()
    undo: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    caution: str | None = None


def recipes(
    closed: Sequence[Closed], *, group: str = GROUP, powercap: str | None = None
) -> list[Recipe]:
    """Return what opens these sensors, and what containers need.

    Args:
        closed: The sensors that are closed.
        group: Who is to read them.
        powercap: Folder of the counters, for containers; None where the machine has none.
    """
    kinds = {entry.kind: entry.files for entry in closed}
    found: list[Recipe] = []
    if {"counters", "ipmi"} & kinds.keys():
        found.append(_group(group))
    if "counters" in kinds:
        found.append(_counters(kinds["counters"], group))
    if "events" in kinds:
        found.append(_events())
    if "ipmi" in kinds:
        found.append(_controllers(kinds["ipmi"], group))
    if powercap is not None:
        found += [_container(powercap, group), _pod(powercap)]
    return found


def find_recipes(
    roots: Roots | None = None, *, dev: str = "/dev", group: str = GROUP
) -> list[Recipe]:
    """Return the recipes for this machine; none where nothing is closed and no counters are there.

    Args:
        roots: Where to look; the real places if None.
        dev: Where device files are.
        group: Who is to read the sensors.
    """
    closed = find_closed(roots, dev=dev)
    return recipes(closed, group=group, powercap=counters_folder(roots))


def _recipe(name: str, **parts: tuple[str, ...]) -> Recipe:
    caution = str(_CAUTIONS[name]) if name in _CAUTIONS else None
    return Recipe(id=name, title=str(_TITLES[name]), caution=caution, **parts)  # pyright: ignore[reportArgumentType]  (parts are fields of Recipe)


def _group(group: str) -> Recipe:
    return _recipe(
        "group",
        lasting=(
            f"sudo groupadd -f {quote(group)}",
            f'sudo usermod -aG {quote(group)} "$USER"',
            f"newgrp {quote(group)}",
        ),
        undo=(f'sudo gpasswd -d "$USER" {quote(group)}', f"sudo groupdel {quote(group)}"),
    )


def _counters(files: Sequence[str], group: str) -> Recipe:
    rule = POWERCAP_RULE.format(group=group)
    return _recipe(
        "counters",
        now=(
            f"sudo chgrp {quote(group)} {join(files)}",
            f"sudo chmod g+r {join(files)}",
        ),
        lasting=(
            f"echo {quote(rule)} | sudo tee {_RULES}",
            "sudo udevadm control --reload",
        ),
        undo=(f"sudo rm {_RULES}", f"sudo chmod g-r {join(files)}"),
    )


def _events() -> Recipe:
    """Return the recipe for performance events: a right of one process, not of a file or group."""
    myself = '--reuid "$(id -u)" --regid "$(id -g)" --init-groups'
    right = "--inh-caps +perfmon --ambient-caps +perfmon"
    command = '"$(command -v brizna)" run -- COMMAND'
    return _recipe("events", now=(f"sudo setpriv {myself} {right} {command}",))


def _controllers(files: Sequence[str], group: str) -> Recipe:
    rule = _IPMI_RULE.format(group=group)
    return _recipe(
        "ipmi",
        now=(f"sudo setfacl -m {quote(f'g:{group}:rw')} {join(files)}",),
        lasting=(
            f"echo {quote(rule)} | sudo tee {_CONTROLLER_RULES}",
            "sudo udevadm control --reload",
            "sudo udevadm trigger --subsystem-match=ipmi",
        ),
        undo=(
            f"sudo rm {_CONTROLLER_RULES}",
            f"sudo setfacl -x {quote(f'g:{group}')} {join(files)}",
        ),
    )


def _container(powercap: str, group: str) -> Recipe:
    mount = f"--volume {quote(powercap)}:/sys/class/powercap:ro"
    number = f'--group-add "$(getent group {quote(group)} | cut -d: -f3)"'
    return _recipe("container", now=(f"docker run {mount} {number} IMAGE brizna doctor",))


def _pod(powercap: str) -> Recipe:
    return _recipe(
        "pod",
        text=(
            "spec:",
            "  securityContext:",
            "    supplementalGroups: [GROUP_NUMBER]",
            "  containers:",
            "    - name: job",
            "      volumeMounts:",
            "        - name: counters",
            "          mountPath: /sys/class/powercap",
            "          readOnly: true",
            "  volumes:",
            "    - name: counters",
            "      hostPath:",
            f"        path: {powercap}",
            "        type: Directory",
        ),
    )

"""What firmware a machine runs, as far as files tell.

References:
    [1] NVIDIA, Linux driver README, GSP Firmware: ``/proc/driver/nvidia/gpus/*/information``.
    [2] Linux, Documentation/admin-guide/hw-vuln/old_microcode.rst: what the kernel says of the
        processor's microcode, from 6.16 on.
"""

from __future__ import annotations

import os
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_GSP = re.compile(r"^\s*GSP Firmware:\s*(\S+)", re.MULTILINE)
_MICROCODE = re.compile(r"^microcode\s*:\s*(\S+)", re.MULTILINE)
_VENDOR = re.compile(r"^vendor_id\s*:\s*(\S+)", re.MULTILINE)
_JUDGED = "GenuineIntel"
"""The maker of whose processors the kernel has a list."""


def firmware(*, proc_root: str = "/proc", sys_root: str = "/sys") -> dict[str, Any]:
    """Return the versions of firmware: of the graphics cards and of the processor.

    Returns:
        ``gsp`` (of NVIDIA's cards; ``N/A`` where it is switched off), ``microcode``, and
        ``microcode_state``, what the kernel says of it; each None where nothing tells.
    """
    cpuinfo = _first(os.path.join(proc_root, "cpuinfo"))
    microcode, vendor = _MICROCODE.search(cpuinfo), _VENDOR.search(cpuinfo)
    state = None
    if vendor is not None and vendor[1] == _JUDGED:
        path = os.path.join(sys_root, "devices/system/cpu/vulnerabilities/old_microcode")
        state = _first(path).strip() or None
    return {
        "gsp": _gsp(os.path.join(proc_root, "driver/nvidia/gpus")),
        "microcode": None if microcode is None else microcode[1],
        "microcode_state": state,
    }


def _gsp(folder: str) -> str | None:
    """Return the firmware that the first card tells of; None where none does."""
    try:
        cards = sorted(os.listdir(folder))
    except OSError:
        return None
    for card in cards:
        told = _GSP.search(_first(os.path.join(folder, card, "information")))
        if told is not None:
            return told[1]
    return None


def _first(path: str) -> str:
    """Return how a file begins: of the processors' file the first processor is enough."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(8192)
    except OSError:
        return ""

"""Limits that the kernel shows as files: of processors' clocks and power, of AMD cards' power.

References:
    Linux kernel documentation: admin-guide/pm/cpufreq (scaling_max_freq, in kHz),
    admin-guide/pm/intel_pstate (max_perf_pct), power/powercap (constraint_0_power_limit_uw),
    gpu/amdgpu/thermal (power1_cap of its hwmon, in microwatts).
"""

from __future__ import annotations

import os
from errno import EACCES, EPERM, EROFS
from glob import glob

from brizna.core.errors import Said, UnavailableError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

KIND = "file"
_PLACES = {
    "cpu-freq": ("kHz", "devices/system/cpu/cpufreq/policy*/scaling_max_freq"),
    "cpu-perf": ("%", "devices/system/cpu/intel_pstate/max_perf_pct"),
    "cpu-limit": ("uW", "class/powercap/intel-rapl:*/constraint_0_power_limit_uw"),
    "gpu-limit": ("uW", "class/drm/card*/device/hwmon/hwmon*/power1_cap"),
}
"""For each dimension the unit of its files and where they lie below sysfs."""
_NAMES = frozenset(place.rpartition("/")[2] for _, place in _PLACES.values())
_ENDS = {
    "scaling_max_freq": ("cpuinfo_min_freq", "cpuinfo_max_freq"),
    "constraint_0_power_limit_uw": (None, "constraint_0_max_power_uw"),
    "power1_cap": ("power1_cap_min", "power1_cap_max"),
}
"""Files beside a limit that say between what it may lie."""
_FORBIDDEN = (EACCES, EPERM, EROFS)
_LEAST_PERCENT, _MOST_PERCENT = 1, 100


class FileLimit:
    """One file that holds a limit as a whole number.

    Attributes:
        kind: How `open_limit` knows it.
        at: Its path.
        unit: Of the number: kHz, uW or %.
    """

    kind = KIND

    def __init__(self, path: str, unit: str) -> None:
        """Name a file; nothing is read yet."""
        self.at = path
        self.unit = unit

    def read(self) -> int:
        """Return the limit in force.

        Raises:
            UnavailableError: If it cannot be read.
        """
        try:
            with open(self.at, encoding="ascii") as file:
                return int(file.read())
        except (OSError, ValueError) as error:
            raise UnavailableError(
                "The limit in {path} cannot be read ({error}): this system does not offer it.",
                path=self.at,
                error=getattr(error, "strerror", None) or error,
            ) from error

    def write(self, value: int) -> None:
        """Set the limit.

        Raises:
            UnavailableError: If the kernel does not let us, with the command that changes that.
        """
        try:
            with open(self.at, "r+", encoding="ascii") as file:
                file.write(f"{value}\n")
        except OSError as error:
            raise _not_set(self.at, value, error) from error

    def bounds(self) -> tuple[int | None, int | None]:
        """Return the least and the most that can be set; None where that is not told."""
        if self.unit == "%":
            return _LEAST_PERCENT, _MOST_PERCENT
        folder, name = os.path.split(self.at)
        low, high = _ENDS.get(name, (None, None))
        return self._number(folder, low), self._number(folder, high)

    def name(self) -> Said:
        """Return what a person calls it."""
        return Said("the limit in {path}", path=self.at)

    def _number(self, folder: str, name: str | None) -> int | None:
        if name is None:
            return None
        try:
            value = FileLimit(os.path.join(folder, name), self.unit).read()
        except UnavailableError:  # told by few: the limit itself is what must be there
            return None
        return value or None


def _not_set(path: str, value: int, error: OSError) -> UnavailableError:
    reason = error.strerror or error
    if error.errno in _FORBIDDEN:
        return UnavailableError(
            "{path} cannot be set to {value}: {reason}. Expected permission to write it: run "
            "brizna with sudo, or allow it until the next start with: sudo chmod o+w {path}",
            path=path,
            value=value,
            reason=reason,
        )
    return UnavailableError(
        "{path} cannot be set to {value}: {reason}. Expected a value that this system takes: leave "
        "this level out.",
        path=path,
        value=value,
        reason=reason,
    )


def find_file_limits(dimension: str, *, sys_root: str = "/sys") -> Sequence[FileLimit]:
    """Return the files behind a dimension of a sweep: one a package, policy or card.

    Args:
        dimension: ``cpu-freq``, ``cpu-perf``, ``cpu-limit`` or ``gpu-limit``; others have no files.
        sys_root: Where sysfs is mounted.
    """
    if dimension not in _PLACES:
        return []
    unit, place = _PLACES[dimension]
    paths = sorted(glob(os.path.join(sys_root, place)))
    if dimension == "cpu-limit":
        zones = {path: os.path.basename(os.path.dirname(path)) for path in paths}
        paths = [path for path, zone in zones.items() if zone.count(":") == 1]  # of packages
    return [FileLimit(path, unit) for path in paths]


def file_limit_at(path: str, unit: str, *, sys_root: str = "/sys") -> FileLimit:
    """Return the limit at a path that a file on disk names.

    Raises:
        UnavailableError: If no such limit can be there: whoever wrote the path wants another file
            changed.
    """
    inside = os.path.normpath(path).startswith(os.path.normpath(sys_root) + os.sep)
    if not inside or os.path.basename(path) not in _NAMES:
        raise UnavailableError(
            "{path} is no limit below {root}: it is left as it is. Remove the file that names it.",
            path=path,
            root=sys_root,
        )
    return FileLimit(path, unit)

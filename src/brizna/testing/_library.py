"""Builds the simulated driver libraries that real bindings can load."""

from __future__ import annotations

from pathlib import Path

from brizna.core.errors import UnavailableError

_NVML, _AMD_SMI = "libnvidia-ml.so.1", "libamd_smi.so"


def build_fake_nvml(folder: Path, *, has_field_values: bool = True) -> Path:
    """Compile ``fake_nvml.c`` into a folder that then goes on ``LD_LIBRARY_PATH``.

    What the simulated driver shows is said by the environment, as the source's head tells.

    Args:
        folder: Where the library is put; must be there.
        has_field_values: False to leave out a function that old drivers lack.

    Returns:
        The library's path.

    Raises:
        UnavailableError: If there is no C compiler, or it does not understand the source.
    """
    missing = [] if has_field_values else ["-DWITHOUT_FIELD_VALUES"]
    return _build("fake_nvml.c", folder / _NVML, missing)


def build_fake_amd_smi(folder: Path) -> Path:
    """Compile ``fake_amd_smi.c`` into a folder, and return the library's path.

    What the simulated driver shows is said by the environment, as the source's head tells.

    Args:
        folder: Where the library is put; must be there.

    Raises:
        UnavailableError: If there is no C compiler, or it does not understand the source.
    """
    return _build("fake_amd_smi.c", folder / _AMD_SMI, [])


def _build(name: str, library: Path, options: list[str]) -> Path:
    import shutil
    import subprocess

    compiler = shutil.which("cc")
    if compiler is None:
        raise UnavailableError(
            "There is no C compiler named cc here: install one, such as with apt install gcc."
        )
    source = Path(__file__).with_name(name)
    command = [compiler, "-O1", "-Wall", "-Werror", "-shared", "-fPIC", *options]
    done = subprocess.run(
        [*command, "-o", str(library), str(source)], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise UnavailableError(
            "{compiler} cannot build {source}: {reason}",
            compiler=compiler,
            source=source.name,
            reason=done.stderr.strip(),
        )
    return library

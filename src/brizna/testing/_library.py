"""Builds the simulated driver library that real bindings can load."""

from __future__ import annotations

from pathlib import Path

from brizna.core.errors import UnavailableError

_LIBRARY = "libnvidia-ml.so.1"


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
    import shutil
    import subprocess

    compiler = shutil.which("cc")
    if compiler is None:
        raise UnavailableError(
            "There is no C compiler named cc here: install one, such as with apt install gcc."
        )
    source = Path(__file__).with_name("fake_nvml.c")
    library = folder / _LIBRARY
    missing = [] if has_field_values else ["-DWITHOUT_FIELD_VALUES"]
    command = [compiler, "-O1", "-Wall", "-Werror", "-shared", "-fPIC", *missing]
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

"""Who is watched beside a run, and what counts the use of its graphics cards."""

from __future__ import annotations

from brizna.core.errors import UnavailableError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from brizna.core.measurement import Channel
    from brizna.meter import NvmlUse
    from brizna.run import Roots as _Roots
    from brizna.run._watch import Watched


def open_watched(
    specs: Sequence[str], *, strict: bool, roots: _Roots | None = None
) -> tuple[list[Watched], list[str]]:
    """Return readers of the users that were named, and why some cannot be read.

    Args:
        specs: As `brizna.run.watch` takes them.
        strict: Whether one that is not there is an error.
        roots: Where the kernel shows processes and control groups.

    Raises:
        InputError: If one names nothing, contains the run, or shares processes with another.
        UnavailableError: Only with ``strict``: if one is not there.
    """
    found: list[Watched] = []
    missing: list[str] = []
    if not specs:
        return found, missing
    from brizna.run import Roots, check_disjoint, watch

    for spec in dict.fromkeys(specs):
        try:
            found.append(watch(spec, roots=roots or Roots()))
        except UnavailableError as error:
            if strict:
                raise
            missing.append(str(error))
    check_disjoint(found)
    return found, missing


def open_device_use(channels: Sequence[Channel]) -> NvmlUse | None:
    """Return what counts the use of the cards among the channels; None where there are none."""
    cards = {channel.id for channel in channels if channel.method.startswith("nvml")}
    if not cards:
        return None
    from brizna.meter import open_nvml_use

    return open_nvml_use(cards)

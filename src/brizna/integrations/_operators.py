"""Energy by operator: PyTorch's own profiler says how long each took, brizna what it drew.

Example::

    with brizna.measure("step", zone="ES") as m:
        with profiled(m) as operators:
            train()
    for part in operators.profile.parts:
        print(part.name, part.self_j)
"""

from __future__ import annotations

import time
from contextlib import contextmanager

import torch
from torch.profiler import ProfilerActivity
from torch.profiler import profile as torch_profile

from brizna.core.errors import UnavailableError
from brizna.core.profile import Timed
from brizna.verbs import measured_around
from brizna.verbs._profile import profile_operators

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Iterable
    from typing import Any

    from brizna.core.estimate import Estimate
    from brizna.core.profile import Profile
    from brizna.verbs import Measuring

WINDOW = "operators"
"""What the part of the run is called."""
_PRODUCTS = ("mm", "addmm", "bmm", "baddbmm", "matmul", "linear", "convolution", "conv")
_DOUBLE = ("double", "c10::complex<double>")


class Operators:
    """The operators of a window.

    Attributes:
        timed: How long each took.
    """

    def __init__(self, measured: Measuring) -> None:
        """Begin with nothing; `profiled` fills it."""
        self._measured = measured
        self._energy: Estimate | None = None
        self._profile: Profile | None = None
        self.timed: Timed | None = None

    def fill(self, energy: Estimate | None, timed: Timed) -> None:
        """Take the window's energy and its operators' times."""
        self._energy, self.timed = energy, timed

    @property
    def profile(self) -> Profile:
        """The energy by operator, once the measured block has ended; the run's record has it too.

        Raises:
            UnavailableError: Before that, or where nothing could be measured.
        """
        if self._profile is None:
            if self._energy is None or self.timed is None or self._measured.is_open:
                raise UnavailableError(
                    "The energy by operator is known once the measured block has ended, where "
                    "its energy is known. Ask for it after the block."
                )
            self._profile = profile_operators(self._measured, self._energy, self.timed)
        return self._profile


@contextmanager
def profiled(measured: Measuring | None = None) -> Generator[Operators]:
    """Time the operators that run inside, so that the energy of each can be told.

    PyTorch's profiler slows what it times, most of all many small operators: give it a few steps,
    not a whole training.

    Args:
        measured: The measured block; the one around if None.

    Raises:
        UnavailableError: If nothing is being measured.
    """
    around = measured_around() if measured is None else measured
    if around is None or not around.is_open:
        raise UnavailableError(
            "There is no measured block around these operators: put them into 'with "
            "brizna.measure() as m:', and there into 'with profiled(m):'."
        )
    found = Operators(around)
    activities = [ProfilerActivity.CPU]
    if torch.cuda.is_available():
        activities.append(ProfilerActivity.CUDA)
    before = _device_joules(around)
    with torch_profile(activities=activities, record_shapes=True) as timing:
        begun_s = time.monotonic()
        with around.phase(WINDOW) as part:
            yield found
            if torch.cuda.is_available():
                torch.cuda.synchronize()
        length_s = time.monotonic() - begun_s
        energy = part.energy
    after = _device_joules(around)
    host_s, device_s = times_of(timing.events() or ())
    whole_j = 0.0 if energy is None else energy.best.value
    share = (after - before) / whole_j if whole_j > 0 else 0.0
    found.fill(
        energy,
        Timed(
            host_s=host_s,
            device_s=device_s,
            length_s=length_s,
            device_share=min(max(share, 0.0), 1.0),
        ),
    )


def times_of(events: Iterable[Any]) -> tuple[dict[str, float], dict[str, float]]:
    """Return, by operator, its own seconds on the processor and on accelerators.

    Products of matrices in double precision are told apart: ``aten::mm [double]``.

    Args:
        events: As PyTorch's profiler lists them.
    """
    host_s: dict[str, float] = {}
    device_s: dict[str, float] = {}
    for event in events:
        if getattr(event, "is_user_annotation", False) or event.device_type.name != "CPU":
            continue
        name = _name(event)
        host_s[name] = host_s.get(name, 0.0) + event.self_cpu_time_total * 1e-6
        if event.self_device_time_total > 0:
            device_s[name] = device_s.get(name, 0.0) + event.self_device_time_total * 1e-6
    return host_s, device_s


def _name(event: Any) -> str:
    kinds = getattr(event, "input_dtypes", None) or ()
    is_double = any(kind in _DOUBLE for kind in kinds)
    is_product = event.name.removeprefix("aten::").strip("_") in _PRODUCTS
    return f"{event.name} [double]" if is_double and is_product else event.name


def _device_joules(measured: Measuring) -> float:
    """Return what accelerators have used so far; nothing where there are none."""
    if not torch.cuda.is_available():
        return 0.0
    roots = measured.run.measurement.roots()
    return sum(r.energy_j.best.value for r in roots if r.kind == "gpu" and r.energy_j is not None)

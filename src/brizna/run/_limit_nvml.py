"""Power limits and clocks of NVIDIA cards, through the driver's management library (NVML).

The clock is the one for applications, which can be read and so be put back; what a clock was
locked to (``nvidia-smi -lgc``) the driver does not tell.
"""

from __future__ import annotations

from contextlib import contextmanager

from brizna.core.errors import InputError, Said, UnavailableError
from brizna.meter._nvml import load_nvml

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from typing import Any

KIND, CLOCK = "nvml", "nvml-clock"
_GRAPHICS, _MEMORY = 0, 2
"""The library's numbers of a card's clocks."""
_W_PER_MW = 1e-3
_NO_PERMISSION = 4
"""The library's code for it."""


class NvmlLimit:
    """The power limit of one card, in milliwatts.

    Attributes:
        kind: How `open_limit` knows it.
        at: The card's UUID.
        unit: ``mW``.
    """

    kind = KIND
    unit = "mW"

    def __init__(self, nvml: Any, uuid: str) -> None:
        """Take bindings; each call initialises them for itself and shuts them down."""
        self._nvml = nvml
        self.at = uuid

    def read(self) -> int:
        """Return the limit in force.

        Raises:
            UnavailableError: If the driver does not tell it.
        """
        try:
            with _driver(self._nvml):
                return int(self._nvml.nvmlDeviceGetPowerManagementLimit(self._handle()))
        except self._nvml.NVMLError as error:
            raise UnavailableError(
                "The power limit of the card {uuid} cannot be read: {error}. This card cannot be "
                "swept; leave --gpu-limit out.",
                uuid=self.at,
                error=error,
            ) from error

    def write(self, value: int) -> None:
        """Set the limit.

        Raises:
            UnavailableError: If the driver does not let us, with the command that may.
        """
        try:
            with _driver(self._nvml):
                self._nvml.nvmlDeviceSetPowerManagementLimit(self._handle(), value)
        except self._nvml.NVMLError as error:
            command = f"sudo nvidia-smi -i {self.at} -pl {value * _W_PER_MW:g}"
            raise _not_set(self.name(), command, error) from error

    def bounds(self) -> tuple[int | None, int | None]:
        """Return the least and the most that can be set; None where that is not told."""
        try:
            with _driver(self._nvml):
                ends = self._nvml.nvmlDeviceGetPowerManagementLimitConstraints(self._handle())
        except self._nvml.NVMLError:
            return None, None
        return int(ends[0]), int(ends[1])

    def name(self) -> Said:
        """Return what a person calls it."""
        return Said("the power limit of the card {uuid}", uuid=self.at)

    def _handle(self) -> Any:
        return self._nvml.nvmlDeviceGetHandleByUUID(self.at)


class NvmlClock(NvmlLimit):
    """The graphics clock of one card for applications, in megahertz."""

    kind = CLOCK
    unit = "MHz"

    def read(self) -> int:
        """Return the clock in force.

        Raises:
            UnavailableError: If the driver does not tell it.
        """
        try:
            with _driver(self._nvml):
                return self._clock(_GRAPHICS)
        except self._nvml.NVMLError as error:
            raise UnavailableError(
                "The applications' clock of the card {uuid} cannot be read: {error}. This card "
                "cannot be swept by clock; leave --gpu-clock out.",
                uuid=self.at,
                error=error,
            ) from error

    def write(self, value: int) -> None:
        """Set the clock; the memory keeps its own.

        Raises:
            UnavailableError: If the driver does not let us, with the command that may.
        """
        command = f"sudo nvidia-smi -i {self.at} -ac MEMORY,{value}"
        try:
            with _driver(self._nvml):
                memory = self._clock(_MEMORY)
                command = f"sudo nvidia-smi -i {self.at} -ac {memory},{value}"
                self._nvml.nvmlDeviceSetApplicationsClocks(self._handle(), memory, value)
        except self._nvml.NVMLError as error:
            raise _not_set(self.name(), command, error) from error

    def bounds(self) -> tuple[int | None, int | None]:
        """Return the least and the most that can be set; None where that is not told."""
        try:
            with _driver(self._nvml):
                clocks = self._nvml.nvmlDeviceGetSupportedGraphicsClocks(
                    self._handle(), self._clock(_MEMORY)
                )
        except self._nvml.NVMLError:
            return None, None
        return (min(clocks), max(clocks)) if clocks else (None, None)

    def name(self) -> Said:
        """Return what a person calls it."""
        return Said("the applications' clock of the card {uuid}", uuid=self.at)

    def _clock(self, which: int) -> int:
        return int(self._nvml.nvmlDeviceGetApplicationsClock(self._handle(), which))


def _not_set(name: Said, command: str, error: Any) -> UnavailableError:
    if getattr(error, "value", None) == _NO_PERMISSION:
        return UnavailableError(
            "No permission to set {name}: {error}. Run brizna with sudo; by hand it is: {command}",
            name=name,
            error=error,
            command=command,
        )
    return UnavailableError(
        "Setting {name} failed: {error}. Expected a card that takes it: choose others with "
        "--gpu, or another level.",
        name=name,
        error=error,
    )


def nvml_limit_at(
    uuid: str, *, kind: str = KIND, provider: Callable[[], Any] | None = None
) -> NvmlLimit:
    """Return a limit of one card: of its power, or with the kind `CLOCK` of its clock.

    Raises:
        UnavailableError: If there is no driver.
    """
    nvml = (provider or load_nvml)()
    return NvmlClock(nvml, uuid) if kind == CLOCK else NvmlLimit(nvml, uuid)


def open_nvml_limits(
    only: Sequence[str] = (), *, kind: str = KIND, provider: Callable[[], Any] | None = None
) -> list[NvmlLimit]:
    """Return the limits of the cards there are.

    Args:
        only: Numbers or UUIDs of the cards that are meant, as in ``CUDA_VISIBLE_DEVICES``; all if
            empty.
        kind: Of their power, or with `CLOCK` of their clocks.
        provider: Returns the bindings or raises `UnavailableError`; the driver's if None.

    Raises:
        UnavailableError: If there is no driver, or it does not answer.
        InputError: If a card is named that is not there.
    """
    nvml = (provider or load_nvml)()
    try:
        with _driver(nvml):
            count = nvml.nvmlDeviceGetCount()
            cards = [nvml.nvmlDeviceGetHandleByIndex(index) for index in range(count)]
            uuids = [_text(nvml.nvmlDeviceGetUUID(card)) for card in cards]
    except nvml.NVMLError as error:
        raise UnavailableError(
            "The NVIDIA driver does not answer: {error}. See brizna doctor.", error=error
        ) from error
    meant = _meant(uuids, only) if only else uuids
    return [nvml_limit_at(uuid, kind=kind, provider=lambda: nvml) for uuid in meant]


@contextmanager
def _driver(nvml: Any) -> Generator[None]:
    nvml.nvmlInit()
    try:
        yield
    finally:
        nvml.nvmlShutdown()


def _meant(uuids: Sequence[str], only: Sequence[str]) -> list[str]:
    found: list[str] = []
    for name in only:
        known = [uuid for at, uuid in enumerate(uuids) if name == str(at) or uuid.startswith(name)]
        if len(known) != 1:
            raise InputError(
                "{name!r} means {count} cards: expected a number from 0 on or a UUID of {uuids}.",
                name=name,
                count=len(known),
                uuids=", ".join(uuids) or "-",
            )
        found += known
    return list(dict.fromkeys(found))


def _text(text: str | bytes) -> str:
    return text.decode() if isinstance(text, bytes) else text

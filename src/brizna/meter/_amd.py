"""Energy of AMD's graphics cards, through the driver's management library (AMD SMI).

Each card is a root channel by its UUID. The library is called through ctypes and only by functions
whose arguments have stayed the same: the layouts of its structures change from release to release,
so a card without an energy counter is read where Linux shows its power, as a hardware monitor. A
partition of a card, and the second die of a module whose first die counts for both, have no energy
of their own: they are stated, never 0 W.
"""

from __future__ import annotations

from contextlib import suppress

from brizna.core.errors import Said, UnavailableError
from brizna.core.measurement import Channel
from brizna.core.records import Record
from brizna.meter._hwmon import card_limit_w, find_monitors, open_hwmon
from brizna.meter._sensors import CountingSensor, SensorMeter, why

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from brizna.meter._host import Roots
    from brizna.meter._sensors import Sensor

_LIBRARIES = ("libamd_smi.so", "/opt/rocm/lib/libamd_smi.so")
_GRAPHICS_CARDS = 2
"""The library is opened for these only: AMDSMI_INIT_AMD_GPUS."""
_SUCCESS = 0
_IS_GRAPHICS_CARD = 1
_UUID_SIZE = 64
_ASIC_SIZE = 16_384
"""Bytes that hold what any release says of a chip; its name stands first in all of them."""
_SECOND_DIE = Said(
    "its counter stands at 0, as on the second die of a module whose first counts for both"
)
_PARTITION = Said("a partition: the energy of its card is counted as a whole")
DRIVER = "amdgpu"


def load_amd_smi() -> Any:
    """Return the driver's management library.

    Raises:
        UnavailableError: If this machine does not have it.
    """
    import ctypes

    for name in _LIBRARIES:
        try:
            return ctypes.CDLL(name)
        except OSError:
            continue
    raise UnavailableError(
        "The library {library} cannot be loaded: install AMD SMI (package amd-smi-lib of ROCm), "
        "or mount it into the container.",
        library=_LIBRARIES[0],
    )


def open_amd(
    roots: Roots, *, machine: str, provider: Callable[[], Any] | None = None
) -> tuple[list[SensorMeter], str | None]:
    """Return meters of AMD's cards, and why their counters are not read where they are not.

    Args:
        roots: Where sysfs is.
        machine: The machine's name, for the names of the doubts.
        provider: Returns the library or raises `UnavailableError`; the driver's if None.
    """
    reason = None
    meters: list[SensorMeter] = []
    counted: frozenset[str] = frozenset()
    try:
        cards = _Cards(roots, (provider or load_amd_smi)(), machine)
    except UnavailableError as error:
        reason = str(error)
    except OSError as error:
        reason = str(Said("AMD's driver does not answer: {reason}", reason=why(error)))
    else:
        meters, counted = [cards.meter()], frozenset(cards.addresses)
    meters += open_hwmon(roots, machine=machine, drivers=frozenset({DRIVER}), apart_from=counted)
    return meters, reason


class _Card(Record):
    """What the library says of one processor.

    Attributes:
        handle: How the library is asked about it.
        uuid: Its name for ever.
        address: Where it is on the PCI bus, as Linux writes it; empty where it does not say.
        name: What its maker calls it.
    """

    handle: int
    uuid: str
    address: str = ""
    name: str | None = None


class _Cards:
    """The cards that the library shows; those with a counter are opened.

    Attributes:
        addresses: Of all cards of which the library knows how they are counted.
    """

    def __init__(self, roots: Roots, library: Any, machine: str) -> None:
        """Open the library.

        Raises:
            OSError: If it does not answer.
        """
        self._smi = AmdSmi(library)
        self._machine = machine
        self._limits_w = {
            monitor.device: card_limit_w(monitor)
            for monitor in find_monitors(roots)
            if monitor.driver == DRIVER
        }
        self._sensors: list[Sensor] = []
        self._unseen: dict[str, str] = {}
        self.addresses: set[str] = set()
        try:
            for index, handle in enumerate(self._smi.cards()):
                self._add(index, handle)
        except OSError:
            self._smi.close()
            raise

    def meter(self) -> SensorMeter:
        """Return the meter of the cards with counters; closing it closes the library."""
        return SensorMeter(self._sensors, unseen=self._unseen, close=self._smi.close)

    def _add(self, index: int, handle: int) -> None:
        try:
            card = self._smi.describe(handle)
        except OSError as error:
            self._unseen[f"gpu/{index}"] = why(error)
            return
        if card.address and card.address in self.addresses:
            self._unseen[f"gpu/{card.uuid}"] = str(_PARTITION)
            return
        try:
            energy_uj = self._smi.energy_uj(handle)
        except OSError as error:
            if card.address not in self._limits_w:  # else it is read by its power
                self._unseen[f"gpu/{card.uuid}"] = why(error)
            return
        self.addresses.add(card.address)
        if energy_uj == 0:
            self._unseen[f"gpu/{card.uuid}"] = str(_SECOND_DIE)
            return
        read = self._smi.reader(handle)
        self._sensors.append(CountingSensor(self._channel(card), read))

    def _channel(self, card: _Card) -> Channel:
        from brizna.meter._power_facts import accuracy, limit_w, update_us

        most_w = self._limits_w.get(card.address)
        return Channel(
            id=card.uuid,
            kind="gpu",
            device=card.name,
            method="amd-energy",
            basis="metered",
            doubts={f"meter:amd/{card.uuid}@{self._machine}": accuracy("amd-smi")},
            max_power_w=limit_w("gpu") if most_w is None else most_w,
            update_us=update_us("card-step"),
            references=("factor:accuracy/amd-smi", "factor:sensor/card-step"),
            place=card.address or None,
        )


class AmdSmi:
    """The functions of the library that are called, with its errors as errors of the system."""

    def __init__(self, library: Any) -> None:
        """Initialise the library.

        Raises:
            OSError: If it refuses.
        """
        import ctypes

        self._library = library
        self._is_open = False
        self._ask("amdsmi_init", ctypes.c_uint64(_GRAPHICS_CARDS))
        self._is_open = True

    def cards(self) -> list[int]:
        """Return a handle for each processor that is a graphics card."""
        import ctypes

        found: list[int] = []
        for socket in self._handles("amdsmi_get_socket_handles"):
            for handle in self._handles("amdsmi_get_processor_handles", ctypes.c_void_p(socket)):
                kind = ctypes.c_uint32()
                self._ask("amdsmi_get_processor_type", ctypes.c_void_p(handle), ctypes.byref(kind))
                if kind.value == _IS_GRAPHICS_CARD:
                    found.append(handle)
        return found

    def describe(self, handle: int) -> _Card:
        """Return what a card calls itself."""
        import ctypes

        length = ctypes.c_uint32(_UUID_SIZE)
        uuid = ctypes.create_string_buffer(_UUID_SIZE)
        card = ctypes.c_void_p(handle)
        self._ask("amdsmi_get_gpu_device_uuid", card, ctypes.byref(length), uuid)
        place = ctypes.c_uint64()
        chip = ctypes.create_string_buffer(_ASIC_SIZE)
        address = name = None
        with suppress(OSError):  # both serve to tell cards apart, and are not told by all releases
            self._ask("amdsmi_get_gpu_bdf_id", card, ctypes.byref(place))
            address = _address(place.value)
            self._ask("amdsmi_get_gpu_asic_info", card, chip)
            name = chip.value.decode("utf-8", "replace").strip()
        return _Card(
            handle=handle, uuid=uuid.value.decode(), address=address or "", name=name or None
        )

    def energy_uj(self, handle: int) -> int:
        """Return where a card's energy counter stands."""
        return self.reader(handle)()

    def reader(self, handle: int) -> Callable[[], int]:
        """Return how to read a card's energy counter, in microjoules, without rounding its steps.

        The function raises OSError where the library does not tell it.
        """
        import ctypes

        card = ctypes.c_void_p(handle)
        steps, step_uj, time_ns = ctypes.c_uint64(), ctypes.c_float(), ctypes.c_uint64()
        arguments = (card, ctypes.byref(steps), ctypes.byref(step_uj), ctypes.byref(time_ns))

        def energy_uj() -> int:
            self._ask("amdsmi_get_energy_count", *arguments)
            numerator, denominator = step_uj.value.as_integer_ratio()
            return steps.value * numerator // denominator

        return energy_uj

    def close(self) -> None:
        """Shut the library down; a second call does nothing."""
        if self._is_open:
            self._is_open = False
            self._library.amdsmi_shut_down()

    def _handles(self, name: str, *of: object) -> Sequence[int]:
        """Return the handles that a function gives: it is asked for their number first."""
        import ctypes

        count = ctypes.c_uint32(0)
        self._ask(name, *of, ctypes.byref(count), None)
        handles = (ctypes.c_void_p * count.value)()
        self._ask(name, *of, ctypes.byref(count), handles)
        return [handle for handle in handles[: count.value] if handle is not None]

    def _ask(self, name: str, *arguments: object) -> None:
        function = getattr(self._library, name, None)
        if function is None:
            raise OSError(
                0, str(Said("this release of the library has no {function}", function=name))
            )
        status = int(function(*arguments))
        if status != _SUCCESS:
            raise OSError(status, self._say(status))

    def _say(self, status: int) -> str:
        import ctypes

        text = ctypes.c_char_p()
        self._library.amdsmi_status_code_to_string(status, ctypes.byref(text))
        return (text.value or f"status {status}".encode()).decode("utf-8", "replace")


def _address(place: int) -> str:
    """Return a PCI address as Linux writes it.

    The partition's number, which the library puts between, and the function are left out: they are
    of one card.
    """
    return f"{place >> 32:04x}:{place >> 8 & 0xFF:02x}:{place >> 3 & 0x1F:02x}.0"

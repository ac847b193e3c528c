"""Power of a machine by its management controller, through the kernel's IPMI device.

The command is DCMI's Get Power Reading (DCMI 1.5, section 6.6.1). It goes through the requests of
``linux/ipmi.h``: a message is sent, the device becomes readable, the reply is fetched.
"""

from __future__ import annotations

import ctypes
import os

from brizna.core.errors import Said, UnavailableError
from brizna.meter._remote import Answer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol

    class System(Protocol):
        """The calls of the system that are needed; a fake one in tests."""

        def open(self, path: str) -> int: ...
        def ioctl(self, file: int, request: int, argument: Any) -> None: ...
        def wait(self, file: int, timeout_s: float) -> bool: ...
        def close(self, file: int) -> None: ...


EVERY_S = 1.0
ACCURACY = "bmc"
_TIMEOUT_S = 2.0
_SYSTEM_INTERFACE, _BMC_CHANNEL = 0x0C, 0x0F
_DCMI_REQUEST, _GET_POWER_READING, _DCMI_GROUP = 0x2C, 0x02, 0xDC
_SYSTEM_POWER = 0x01
_MEASURES = 0x40
"""In the last byte of the reply: power is being measured."""
_REPLY_BYTES = 19
"""Completion code, group, four powers of 16 bits, two times of 32 bits, state."""
_REFUSALS = {
    0xC0: Said("the controller is busy (C0)"),
    0xC1: Said("the controller knows no power reading: it has no DCMI (C1)"),
    0xD4: Said("the controller does not allow it (D4)"),
}


class Address(ctypes.Structure):
    """``struct ipmi_system_interface_addr``."""

    _fields_ = (("kind", ctypes.c_int), ("channel", ctypes.c_short), ("lun", ctypes.c_ubyte))


class Message(ctypes.Structure):
    """``struct ipmi_msg``."""

    _fields_ = (
        ("netfn", ctypes.c_ubyte),
        ("cmd", ctypes.c_ubyte),
        ("data_len", ctypes.c_ushort),
        ("data", ctypes.c_void_p),
    )


class Request(ctypes.Structure):
    """``struct ipmi_req``."""

    _fields_ = (
        ("addr", ctypes.c_void_p),
        ("addr_len", ctypes.c_uint),
        ("msgid", ctypes.c_long),
        ("msg", Message),
    )


class Reply(ctypes.Structure):
    """``struct ipmi_recv``."""

    _fields_ = (
        ("kind", ctypes.c_int),
        ("addr", ctypes.c_void_p),
        ("addr_len", ctypes.c_uint),
        ("msgid", ctypes.c_long),
        ("msg", Message),
    )


SEND = 2 << 30 | ctypes.sizeof(Request) << 16 | ord("i") << 8 | 13
RECEIVE = 3 << 30 | ctypes.sizeof(Reply) << 16 | ord("i") << 8 | 11
"""IPMICTL_SEND_COMMAND and IPMICTL_RECEIVE_MSG_TRUNC, made as by ``asm/ioctl.h``."""


class LinuxSystem:
    """The real calls."""

    def open(self, path: str) -> int:
        """Open the device; asking changes it, so it is opened for both directions."""
        return os.open(path, os.O_RDWR | os.O_CLOEXEC)

    def ioctl(self, file: int, request: int, argument: Any) -> None:
        """Make one request."""
        from fcntl import ioctl

        ioctl(file, request, argument)

    def wait(self, file: int, timeout_s: float) -> bool:
        """Return whether a reply came in time."""
        from select import POLLIN, poll

        poller = poll()
        poller.register(file, POLLIN)
        return bool(poller.poll(timeout_s * 1000))

    def close(self, file: int) -> None:
        """Close the device."""
        os.close(file)


class IpmiDevice:
    """One management controller."""

    def __init__(self, path: str, *, system: System | None = None) -> None:
        """Take the device's file, such as ``/dev/ipmi0``; it is opened when it is first asked."""
        self._path = path
        self._system = system or LinuxSystem()
        self._file: int | None = None
        self._asked = 0

    def ask(self) -> Answer:
        """Return the machine's power.

        Raises:
            OSError: If the device cannot be opened.
            UnavailableError: If the controller does not reply, or has no power reading.
        """
        if self._file is None:
            self._file = self._system.open(self._path)
        reply = self._exchange(self._file, bytes((_DCMI_GROUP, _SYSTEM_POWER, 0, 0)))
        if reply[:1] != b"\0" and reply:
            other = Said("the controller refuses with code {code}", code=f"{reply[0]:02X}")
            refusal = str(_REFUSALS.get(reply[0], other))
            raise UnavailableError(refusal)
        if len(reply) < _REPLY_BYTES or reply[1] != _DCMI_GROUP:
            raise UnavailableError("the controller's reply is too short")
        if not reply[18] & _MEASURES:
            raise UnavailableError("the controller does not measure power now")
        return Answer(power_w=float(int.from_bytes(reply[2:4], "little")))

    def _exchange(self, file: int, data: bytes) -> bytes:
        """Send a command and return the bytes of its reply; a late one to an earlier is dropped."""
        self._asked += 1
        address = Address(_SYSTEM_INTERFACE, _BMC_CHANNEL, 0)
        sent = ctypes.create_string_buffer(data, len(data))
        message = Message(_DCMI_REQUEST, _GET_POWER_READING, len(data), ctypes.addressof(sent))
        request = Request(ctypes.addressof(address), ctypes.sizeof(address), self._asked, message)
        self._system.ioctl(file, SEND, request)
        while self._system.wait(file, _TIMEOUT_S):
            room = ctypes.create_string_buffer(64)
            reply = Reply(
                0,
                ctypes.addressof(address),
                ctypes.sizeof(address),
                0,
                Message(0, 0, len(room), ctypes.addressof(room)),
            )
            self._system.ioctl(file, RECEIVE, reply)
            if reply.msgid == self._asked:
                return room.raw[: reply.msg.data_len]
        raise UnavailableError("the controller does not reply in time")

    def interrupt(self) -> None:
        """Do nothing: a reply that does not come is not waited for for long."""

    def close(self) -> None:
        """Close the device; a second call does nothing."""
        if self._file is not None:
            self._system.close(self._file)
            self._file = None

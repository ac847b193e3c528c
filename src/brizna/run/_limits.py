"""Limits of devices that are changed for a while, and put back whatever happens.

Before the first change a restore file says, durably, what stood there and every value that may be
set. It goes when all is back. Whoever finds it later (`put_back`) asks whether its writer lives; if
not, what still has a value of ours gets back the one it had. What somebody else has set since is
left and said. A restart of the machine has put everything back already: then the file just goes.
"""

from __future__ import annotations

import os
import signal

from brizna.core.codec import decode, encode
from brizna.core.errors import BriznaError, InputError, IntegrityError, Said, UnavailableError
from brizna.store import liveness, writer_identity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, Protocol, Self

    class Limit(Protocol):
        """One limit of one device, as a whole number."""

        kind: str
        at: str
        unit: str

        def read(self) -> int:
            """Return the limit in force; raise UnavailableError where that is not told."""
            ...

        def write(self, value: int) -> None:
            """Set it; raise UnavailableError, with the command that helps, where it cannot be."""
            ...

        def bounds(self) -> tuple[int | None, int | None]:
            """Return the least and the most that can be set; None where that is not told."""
            ...

        def name(self) -> Said:
            """Return what a person calls it."""
            ...

    Opener = Callable[[Mapping[str, Any]], Limit]


SCHEMA = "brizna.limits/1"
_SAME = 0.005
"""Devices round what they are told: values nearer than this share of each other are the same."""


class HeldLimits:
    """Within its ``with``, limits may be set; at its end, however it comes, they are back.

    Attributes:
        notes: What went otherwise than it should, when it is over.
    """

    def __init__(
        self,
        planned: Sequence[tuple[Limit, Sequence[int]]],
        path: str,
        *,
        now: Callable[[], str] = lambda: "",
    ) -> None:
        """Look at each limit and at what is to be set; nothing is changed.

        Args:
            planned: Each limit with all values that it will be set to.
            path: Where the restore file goes.
            now: Tells the time for the file, ISO 8601.

        Raises:
            UnavailableError: If a limit cannot be read or set by us.
            InputError: If a value lies outside what the device takes.
        """
        self.notes: list[Said] = []
        self._path = path
        self._now = now
        self._entries: dict[tuple[str, str], dict[str, Any]] = {}
        self._limits = {_key(limit): limit for limit, _ in planned}
        self._last: dict[tuple[str, str], int] = {}
        for limit, values in planned:
            _check(limit, values)
            before = limit.read()
            limit.write(before)  # changes nothing, and fails now if it would fail later
            entry = {"kind": limit.kind, "at": limit.at, "unit": limit.unit}
            self._entries[_key(limit)] = {**entry, "before": before, "ours": sorted(set(values))}
            self._last[_key(limit)] = before

    def __enter__(self) -> Self:
        """Write the restore file.

        Raises:
            UnavailableError: If it cannot be written, or another sweep goes on.
        """
        if self._entries:
            _claim(
                self._path,
                {
                    "schema": SCHEMA,
                    "written": self._now(),
                    "writer": writer_identity(),
                    "limits": list(self._entries.values()),
                },
            )
        return self

    def __exit__(self, *_: object) -> None:
        if not self._entries:
            return
        mask = _hold_signals()
        try:
            came = _restore(
                self._entries.values(), lambda one: self._limits[one["kind"], one["at"]]
            )
            self.notes += came.foreign + came.failed
            if not came.failed:
                _remove(self._path)
        finally:
            _release_signals(mask)

    def set(self, limit: Limit, value: int | None) -> None:
        """Set one of the limits; None sets it to what it was.

        Raises:
            UnavailableError: If the device refuses it or takes another value, or if somebody else
                has changed it meanwhile.
        """
        self.check()
        entry = self._entries[_key(limit)]
        wanted = entry["before"] if value is None else value
        if not _is_same(limit.read(), wanted):
            limit.write(wanted)
        self._last[_key(limit)] = taken = limit.read()
        if not _is_same(taken, wanted):
            raise UnavailableError(
                "{name} was set to {wanted} {unit} and says {taken} {unit}: expected it to take "
                "what it is told. Leave this level out.",
                name=limit.name(),
                wanted=wanted,
                taken=taken,
                unit=limit.unit,
            )

    def check(self) -> None:
        """Refuse to go on where somebody else has changed a limit.

        Raises:
            UnavailableError: If a limit has not the value that it was given last.
        """
        for key, limit in self._limits.items():
            seen = limit.read()
            if not _is_same(seen, self._last[key]):
                raise UnavailableError(
                    "{name} was {ours} {unit} and is {seen} {unit}: somebody else has changed it "
                    "during the sweep. Make sure nobody does, and go on with --resume.",
                    name=limit.name(),
                    ours=self._last[key],
                    seen=seen,
                    unit=limit.unit,
                )


def put_back(path: str, opener: Opener | None = None) -> Sequence[Said | BriznaError]:
    """Put back what a killed sweep has left, and return what was done or is to be done.

    Nothing is said or done where there is no file, or the sweep that wrote it goes on.

    Args:
        path: A restore file.
        opener: Returns the limit that an entry of the file is about; this machine's if None.
    """
    try:
        with open(path, "rb") as file:
            data = file.read()
            owner = os.fstat(file.fileno()).st_uid
    except FileNotFoundError:
        return []
    except OSError as error:
        return [Said("{path} cannot be read: {reason}.", path=path, reason=error.strerror)]
    try:
        found = _understood(path, data)
    except BriznaError as error:
        return [error]
    if owner != os.geteuid():
        return _of_others(path, found, owner)
    state = _state(found)
    if state == "unknown":
        return [
            Said(
                "{path} says that a sweep in another container has changed limits: whether it goes "
                "on cannot be seen from here. Run brizna power restore there.",
                path=path,
            )
        ]
    if state == "alive":
        return []
    if state == "restarted":
        _remove(path)
        return [
            Said(
                "A sweep was cut short before this machine was started anew; its limits are gone "
                "with that, and so is {path}.",
                path=path,
            )
        ]
    came = _restore(found["limits"], opener or open_limit)
    if not came.failed:
        _remove(path, only=data)
    return [*came.back, *came.foreign, *came.failed]


def open_limit(entry: Mapping[str, Any]) -> Limit:
    """Return the limit of this machine that an entry of a restore file is about.

    Raises:
        UnavailableError: If it is not there, or cannot be what the entry says.
    """
    from brizna.run import _limit_files, _limit_nvml

    if entry["kind"] in (_limit_nvml.KIND, _limit_nvml.CLOCK):
        return _limit_nvml.nvml_limit_at(entry["at"], kind=entry["kind"])
    return _limit_files.file_limit_at(entry["at"], entry["unit"])


class _Restored:
    """What came of putting limits back.

    Attributes:
        back: Those that had a value of ours, and are back.
        foreign: Those that somebody else has changed since.
        failed: Those that could not be put back.
    """

    def __init__(self) -> None:
        self.back: list[Said] = []
        self.foreign: list[Said] = []
        self.failed: list[Said] = []


def _restore(entries: Any, opener: Opener) -> _Restored:
    """Put back what has a value of ours."""
    came = _Restored()
    for entry in entries:
        try:
            _restore_one(entry, opener(entry), came)
        except BriznaError as error:
            said = Said(
                "A limit is not back at {before} {unit}: {error}",
                before=entry["before"],
                unit=entry["unit"],
                error=error,
            )
            came.failed.append(said)
    return came


def _restore_one(entry: Mapping[str, Any], limit: Limit, came: _Restored) -> None:
    seen, before = limit.read(), entry["before"]
    if _is_same(seen, before):
        return
    name, unit = limit.name(), limit.unit
    if any(_is_same(seen, ours) for ours in entry["ours"]):
        limit.write(before)
        said = Said(
            "{name} was left at {seen} {unit} by a sweep that was cut short; it is back at "
            "{before} {unit}.",
            name=name,
            seen=seen,
            unit=unit,
            before=before,
        )
        came.back.append(said)
        return
    said = Said(
        "{name} was set to {ours} {unit} by a sweep, and is {seen} {unit} now: somebody else has "
        "changed it since, and it is left so. Before the sweep it was {before} {unit}.",
        name=name,
        ours=", ".join(map(str, entry["ours"])),
        unit=unit,
        seen=seen,
        before=before,
    )
    came.foreign.append(said)


def _key(limit: Limit) -> tuple[str, str]:
    return limit.kind, limit.at


def _is_same(one: int, other: int) -> bool:
    return abs(one - other) <= _SAME * max(abs(one), abs(other))


def _check(limit: Limit, values: Sequence[int]) -> None:
    low, high = limit.bounds()
    for value in values:
        if (low is not None and value < low) or (high is not None and value > high):
            raise InputError(
                "{value} {unit} is outside what {name} takes: expected from {low} to {high} "
                "{unit}. Choose levels in between.",
                value=value,
                unit=limit.unit,
                name=limit.name(),
                low="?" if low is None else low,
                high="?" if high is None else high,
            )


def _state(found: Mapping[str, Any]) -> str:
    """Return whether the sweep that wrote a file is ``alive``, ``dead``, or what else is known."""
    writer, here = found["writer"], writer_identity()
    boots = {writer.get("boot"), here["boot"]}
    if writer.get("host") == here["host"] and None not in boots and len(boots) > 1:
        return "restarted"
    state = liveness(writer, silent_s=float("inf"), interval_s=None)
    return {"alive": "alive", "dead": "dead"}.get(state, "unknown")


def _understood(path: str, data: bytes) -> dict[str, Any]:
    try:
        found = decode(data)
        if found["schema"] == SCHEMA and all(
            isinstance(one["before"], int) and {"kind", "at", "unit", "ours"} <= set(one)
            for one in found["limits"]
        ):
            return found
    except (IntegrityError, TypeError, LookupError):
        found = None
    raise IntegrityError(
        "{path} is no restore file that this brizna understands: set the limits by hand, then "
        "remove it.",
        path=path,
    )


def _of_others(path: str, found: Mapping[str, Any], owner: int) -> list[Said]:
    if _state(found) != "dead":
        return []
    who = Said("sudo brizna power restore") if owner == 0 else Said("brizna power restore")
    return [
        Said(
            "A sweep of another user was cut short and has left limits of devices changed: {path} "
            "says which. That user puts them back with: {command}",
            path=path,
            command=who,
        )
    ]


def _claim(path: str, record: Mapping[str, Any]) -> None:
    """Put the restore file where none is, durably.

    Raises:
        UnavailableError: If there is one, or it cannot be written.
    """
    if not path:
        raise UnavailableError(
            "This system has no place for a restore file, without which limits of devices are not "
            "changed: sweep threads, processes or values instead."
        )
    draft = f"{path}.{os.urandom(6).hex()}.tmp"
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(draft, "xb") as file:
            file.write(encode(dict(record)) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)  # unlike a rename, this fails if the name is taken
        finally:
            os.unlink(draft)
        _sync(os.path.dirname(path))
    except FileExistsError as error:
        raise UnavailableError(
            "Another sweep has changed limits of devices on this machine, and {path} keeps what "
            "they were: wait for its end, or if it is over, run brizna power restore.",
            path=path,
        ) from error
    except OSError as error:
        raise UnavailableError(
            "{path} cannot be written ({reason}), and without it a killed sweep would leave its "
            "limits behind: make room, or name another place with XDG_STATE_HOME.",
            path=path,
            reason=error.strerror or error,
        ) from error


def _remove(path: str, *, only: bytes | None = None) -> None:
    """Remove a restore file; with ``only``, if it still is the one that was read.

    All is back by now. Two that have both put everything back may meet here, and a new sweep may
    have begun after the first of them: hence the look at what was moved away.
    """
    away = f"{path}.{os.urandom(6).hex()}.done"
    try:
        os.rename(path, away)
        if only is not None:
            with open(away, "rb") as file:
                if file.read() != only:
                    os.rename(away, path)
                    return
        os.unlink(away)
    except FileNotFoundError:
        return  # somebody else has removed it
    _sync(os.path.dirname(path))


def _sync(folder: str) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


_ENDING = ("SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM")


def _hold_signals() -> set[Any] | None:
    if not hasattr(signal, "pthread_sigmask"):
        return None
    held = {getattr(signal, name) for name in _ENDING}
    return signal.pthread_sigmask(signal.SIG_BLOCK, held)


def _release_signals(mask: set[Any] | None) -> None:
    if mask is not None:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)

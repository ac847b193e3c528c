"""Who used what of the machine, told beside each sample: the run itself, those watched, the whole.

Counts go on from sample to sample, and their order never changes: the run's own first, then each
watched user's, the machine's last. What costs more than a glance is looked at less often.
"""

from __future__ import annotations

import time

from brizna.core.errors import Said
from brizna.run._allowance import Allowance
from brizna.run._hierarchy import members
from brizna.run._memory import Memory
from brizna.run._outcome import Roots
from brizna.run._overlap import Overlap

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from typing import Any, Protocol

    from brizna.run._watch import Watched

    class DeviceUse(Protocol):
        """Counts how long devices were busy, by user, as `brizna.meter` does for NVIDIA's."""

        @property
        def untold(self) -> dict[str, str]: ...
        @property
        def methods(self) -> dict[str, str]: ...
        def read(
            self, t_us: int, users: Sequence[Collection[int]]
        ) -> dict[str, list[int | None]]: ...
        def close(self) -> None: ...

    class ContainerUse(Protocol):
        """Tells what the container used as a whole that channels cover, as `brizna.meter` does."""

        @property
        def groups(self) -> Mapping[str, str]: ...
        def cpu_us(self) -> int | None: ...
        def memory_bytes(self) -> int | None: ...
        def close(self) -> None: ...


_MEMORY_SHARE = 2e-5
"""Of one processor. The kernel walks all pages of a process to tell its proportional set."""
_MEMORY_EVERY_S = 10.0
_DEVICE_SHARE = 1e-4
_DEVICE_EVERY_S = 0.9
"""The driver averages over about a second: looking more often tells nothing new."""


class Users:
    """Makes what a sample says of the machine's users.

    Attributes:
        watched: The users beside the run.
    """

    def __init__(
        self,
        *,
        members: Callable[[], Collection[int]],
        watched: Sequence[Watched] = (),
        devices: DeviceUse | None = None,
        container: ContainerUse | None = None,
        roots: Roots | None = None,
    ) -> None:
        """Take the readers over: they are closed with this.

        Args:
            members: Returns the living processes of the run.
            watched: Users beside the run.
            devices: Counts the use of graphics cards; None where there are none.
            container: Tells what the container used that channels cover; None where none does.
            roots: Where procfs is.
        """
        self.watched = tuple(watched)
        self._members = members
        self._devices = devices
        self._container = container
        self._inside: dict[str, list[bool]] = {}
        self._overlap = Overlap([user.id for user in self.watched])
        self._memory = Memory(roots or Roots())
        self._memory_allowance = Allowance(_MEMORY_SHARE)
        self._device_allowance = Allowance(_DEVICE_SHARE)
        self._begun_s = time.monotonic()
        self._has_begun = False
        self._failure: Exception | None = None
        self._memory_s = self._device_s = 0.0
        self._device_counts: dict[str, tuple[int, float]] = {}

    def event(self, kind: str) -> dict[str, Any]:
        """Return the event that names the users.

        Args:
            kind: ``tree`` for a command with its descendants, ``block`` for a part of a process.
        """
        users = [{"id": "run", "kind": kind}]
        users += [{"id": user.id, "kind": user.kind} for user in self.watched]
        return {"e": "users", "users": users}

    def beside(
        self, used_us: int | None, busy_us: int | None, *, last: bool = False, share: float = 1.0
    ) -> dict[str, Any]:
        """Return what the users have used so far, for a sample.

        Args:
            used_us: Microseconds of processor time of the run; None if unknown now.
            busy_us: Of the whole machine; likewise.
            last: Whether the run ends with this sample: then devices and foreign processes are
                read whatever it costs, as they are at the first, and memory if it never was.
            share: Which part of its processes' memory and devices is the run's, in [0, 1].
        """
        try:
            return self._beside(used_us, busy_us, last=last, share=share)
        except Exception as error:  # noqa: BLE001  (a system we forgot: the sample goes on without it)
            self._failure = self._failure or error
            return {"cpu": [used_us, *(None for _ in self.watched), busy_us]}

    def _beside(
        self, used_us: int | None, busy_us: int | None, *, last: bool, share: float
    ) -> dict[str, Any]:
        is_edge, self._has_begun = last or not self._has_begun, True
        others = [user.used_us(at_any_cost=is_edge) for user in self.watched]
        found: dict[str, Any] = {"cpu": [used_us, *others, busy_us]}
        self._overlap.see_use(found["cpu"])
        if self._container is not None:
            self._tell_container(found, "cpu", self._container.cpu_us())
        now_s = time.monotonic()
        memory = self._memory_s == 0.0 if last else not is_edge and self._is_memory_due(now_s)
        devices = self._devices is not None and (is_edge or self._is_device_due(now_s))
        if not (memory or devices):
            return found
        pids = [tuple(self._members()), *(user.living() for user in self.watched)]
        self._overlap.see_processes(pids)
        if memory and pids[0]:
            seen = self._memory_allowance.spending(lambda: self._held(pids, share))
            if seen is not None:
                self._memory_s = now_s
                found["mem"], of_container = seen
                self._tell_container(found, "mem", of_container)
        if devices:
            told = (
                self._busy(now_s, pids, share)  # the first is dear, as it loads functions
                if is_edge
                else self._device_allowance.spending(lambda: self._busy(now_s, pids, share))
            )
            if told:
                found["gpu"] = told
        return found

    def describe(self) -> dict[str, Any]:
        """Return how each user's processor time is counted, and that of others' cards."""
        watched = {user.id: user.method for user in self.watched}
        found: dict[str, Any] = {"watched": watched} if watched else {}
        if self._devices is not None and self._devices.methods:
            found["gpu"] = dict(self._devices.methods)
        return found

    def notes(self) -> list[str]:
        """Return what a reader of the record should know of the users, as sentences."""
        found = [
            Said("{user} is a lower bound: {why}.", user=user.id, why=user.why)
            for user in self.watched
            if user.why
        ]
        found += self._overlap.notes()
        if self._memory.method == "rss":
            found.append(
                Said(
                    "The memory of some processes could only be read as a resident set, in which "
                    "pages that several share count whole for each."
                )
            )
        untold = {} if self._devices is None else self._devices.untold
        found += [
            Said("Who used {card} is not known: {reason}.", card=card, reason=reason)
            for card, reason in untold.items()
        ]
        if self._failure is not None:
            found.append(
                Said(
                    "Who used the machine could not be read: {kind}: {error}.",
                    kind=type(self._failure).__name__,
                    error=self._failure,
                )
            )
        return list(map(str, found))

    def close(self) -> None:
        """Close the readers."""
        for user in self.watched:
            user.close()
        if self._devices is not None:
            self._devices.close()
        if self._container is not None:
            self._container.close()

    def _is_memory_due(self, now_s: float) -> bool:
        """Tell whether to read memory: at the second sample, then at growing distances."""
        since_s = self._memory_s or self._begun_s
        pause_s = min(_MEMORY_EVERY_S, since_s - self._begun_s)
        return now_s - since_s >= pause_s and self._memory_allowance.permits()

    def _is_device_due(self, now_s: float) -> bool:
        return now_s - self._device_s >= _DEVICE_EVERY_S and self._device_allowance.permits()

    def _tell_container(self, found: dict[str, Any], field: str, whole: int | None) -> None:
        """Add what was used of the container: by the run, by those watched inside it, in all.

        Who is inside is looked up once: whose processes are all in its group then.
        """
        if whole is None or self._container is None:
            return
        if field not in self._inside:
            there = set(members(self._container.groups[field]))
            living = [set(user.living()) for user in self.watched]
            self._inside[field] = [True, *(bool(pids) and pids <= there for pids in living)]
        row = zip(found[field], self._inside[field], strict=False)
        known = [used if is_inside else None for used, is_inside in row]
        found.setdefault("container", {})[field] = [*known, whole]

    def _held(
        self, pids: Sequence[Collection[int]], share: float
    ) -> tuple[list[int | None], int | None]:
        """Return the memory of each user and of the machine, and that of the container."""
        own = self._memory.resident_bytes(pids[0])
        held: list[int | None] = [None if own is None else round(own * share)]
        for user, living in zip(self.watched, pids[1:], strict=True):
            of_group = user.resident_bytes()
            held.append(self._memory.resident_bytes(living) if of_group is None else of_group)
        inside = None if self._container is None else self._container.memory_bytes()
        return [*held, self._memory.machine_bytes()], inside

    def _busy(
        self, now_s: float, pids: Sequence[Collection[int]], share: float
    ) -> dict[str, list[int | None]]:
        """Return the devices' counts; the run's own grows by its share of its processes'."""
        self._device_s = now_s
        if self._devices is None:
            return {}
        found = self._devices.read(round(now_s * 1e6), pids)
        for device, row in found.items():
            if row[0] is not None:
                before, counted = self._device_counts.get(device, (row[0], 0.0))
                counted += (row[0] - before) * share
                self._device_counts[device] = row[0], counted
                row[0] = round(counted)
        return found

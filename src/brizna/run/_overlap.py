"""Whether processes counted for two users at once: a run can move into a group that is watched."""

from __future__ import annotations

from brizna.core.errors import Said

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

_MORE_SHARE = 0.1
_MORE_US = 100_000
"""Clocks of the kernel differ by so much: what users used beyond it counted twice."""


class Overlap:
    """Looks for users who share processes while a run goes on."""

    def __init__(self, watched: Sequence[str]) -> None:
        """Take the names of the users beside the run."""
        self._watched = tuple(watched)
        self._shared: dict[str, None] = {}
        self._first: list[int] | None = None
        self._last: list[int] | None = None

    def see_processes(self, pids: Sequence[Collection[int]]) -> None:
        """Take the living processes of the run, then of each watched user."""
        own = set(pids[0])
        for user, living in zip(self._watched, pids[1:], strict=True):
            if not own.isdisjoint(living):
                self._shared[user] = None

    def see_use(self, row: Sequence[int | None]) -> None:
        """Take the processor time of the run, of each watched user and of the machine, in µs."""
        known = [used_us for used_us in row if used_us is not None]
        if len(known) == len(row):
            self._first, self._last = self._first or known, known

    def notes(self) -> list[Said]:
        """Return what a reader should know of it."""
        if self._shared:
            return [
                Said(
                    "{user} had processes of this run: what they used counts for both, and others "
                    "have that much too little.",
                    user=user,
                )
                for user in self._shared
            ]
        if not self._watched or self._first is None or self._last is None:
            return []
        *users_us, machine_us = (
            late - early for early, late in zip(self._first, self._last, strict=True)
        )
        used_us = sum(users_us)
        if used_us <= machine_us * (1 + _MORE_SHARE) + _MORE_US:
            return []
        return [
            Said(
                "This run and those watched used {used_s:.3g} s of processor time, the whole "
                "machine {machine_s:.3g} s: some processes counted for two of them, or the "
                "machine's count missed some. Others have too little.",
                used_s=used_us / 1e6,
                machine_s=machine_us / 1e6,
            )
        ]

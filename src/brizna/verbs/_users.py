"""Who uses the machine beside a run, what a block of Python uses, and whose the cards are."""

from __future__ import annotations

from brizna.core.errors import Said, UnavailableError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from brizna.core.measurement import Channel
    from brizna.meter import ContainerUse, NvmlUse
    from brizna.run import Block
    from brizna.run import Roots as _Roots
    from brizna.run._watch import Watched

_SHARE = 4e-5
"""Of one processor, for looking at what a block and the machine use: every other second or so."""


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


def open_container_use(channels: Sequence[Channel]) -> ContainerUse | None:
    """Return what tells the use of the container that some channels cover; None where none does."""
    if all(channel.scope != "container" for channel in channels):
        return None
    from brizna.meter import Roots, open_container_use

    return open_container_use(channels, roots=Roots())


class BlockUse:
    """What a block of Python uses of the machine, and the machine.

    Attributes:
        block: Its part of its process; blocks inside it begin with this.
    """

    def __init__(
        self,
        channels: Sequence[Channel],
        *,
        inside: Block | None,
        container: ContainerUse | None = None,
        roots: _Roots | None = None,
    ) -> None:
        """Begin.

        Args:
            channels: What is metered.
            inside: The block around this one in this process; None if there is none.
            container: Tells the use of the container that some channels cover; closed with this.
            roots: Where the kernel shows processes and control groups.
        """
        from brizna.run import Block, MachineTime, Roots, Users
        from brizna.run._allowance import Allowance

        roots = roots or Roots()
        self._machine = MachineTime(roots)
        self.block = Block(inside=inside, proc_root=roots.proc_root)
        self._allowance = Allowance(_SHARE)
        self._is_told = False
        self._ready_us = 0
        self.users = Users(
            members=self.block.living,
            devices=open_device_use(channels),
            container=container,
            roots=roots,
        )

    def beside(self, *, last: bool = False) -> dict[str, Any]:
        """Return what a sample says of it: nothing where it is too soon to look again.

        With the last the block ends: what telling its result takes is no longer its own, but of
        those that go on.
        """
        if self._is_told and not (last or self._allowance.permits()):
            return {}
        used_us, busy_us = self._allowance.spending(
            lambda: self._used(last=last), at_any_cost=True
        ) or (None, None)
        return self.users.beside(used_us, busy_us, last=last, share=self.block.share)

    def _used(self, *, last: bool) -> tuple[int | None, int | None]:
        """Return the microseconds of processor time of the block and of the machine.

        Memory and devices, which are read in places as dear as a hundred of these, have allowances
        of their own.
        """
        used_us = self.block.close() if last else self.block.now_us(at_any_cost=not self._is_told)
        if not self._is_told:  # what getting ready took is not the block's
            self._is_told, self._ready_us = True, used_us or 0
        own_us = None if used_us is None else used_us - self._ready_us
        return own_us, self._machine.busy_us(at_any_cost=True)

    def describe(self) -> dict[str, Any]:
        """Return how its use of the machine is known."""
        return {"run": "process", "machine": self._machine.source, **self.users.describe()}

    def coverage(self) -> dict[str, Any]:
        """Return how far its processor time can be trusted."""
        why = self.block.why
        return {"coverage": "at-least" if why else "exact", "why": why}

    def notes(self) -> list[str]:
        """Return what a reader of the record should know of it, as sentences."""
        company = Said(
            "Several blocks were measured at once in this process: each has the processor time of "
            "the thread that opened it, and an equal part of the rest, of memory and of devices."
        )
        return [*self.users.notes(), *([str(company)] if self.block.had_company else [])]

    def close(self) -> None:
        """End, and close the readers."""
        self.block.close()
        self._machine.close()
        self.users.close()

"""Experiments: trials of several arms in turn, each in a fresh process.

Whatever measures something by running it goes through `trials`: a sweep of settings, two versions
of a program, variants of a model, counts of machines. What a trial is, the caller says; here
stands in which order they are made, what happens when one fails, and how one goes on later. What
can be told of the results is in `brizna.core.trials`.
"""

from __future__ import annotations

from brizna.core.records import Record
from brizna.core.trials import turns

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from brizna.core.trials import Turn


class TrialFailedError(Exception):
    """One trial did not do its work: its arm is given up, the others go on."""


class Trials(Record):
    """What came of a series of trials.

    Attributes:
        results: What `run_one` returned, by turn, in the order of the turns; warm-ups too.
        failed: By arm, why it was given up.
    """

    results: dict[Turn, Any]
    failed: dict[str, str]

    def counted(self) -> dict[str, dict[int, Any]]:
        """Return by arm and block what counts: no warm-up, and no arm that was given up."""
        found: dict[str, dict[int, Any]] = {}
        for turn, result in self.results.items():
            if turn.counts and turn.arm not in self.failed:
                found.setdefault(turn.arm, {})[turn.block] = result
        return found


def trials(
    arms: Sequence[str],
    *,
    repeats: int,
    seed: int,
    run_one: Callable[[Turn], object],
    warm_ups: int = 1,
    done: Mapping[tuple[int, str], object] | None = None,
) -> Trials:
    """Make trials of several arms in turn and return what each gave.

    All arms are tried once before any is tried again, in an order of its own for each block. An
    interrupted series goes on where it stopped: whoever calls hands in as ``done`` what it finds
    of it, with the same arms and seed. Warm-ups are made again then, as the machine is cold again,
    unless nothing is left to do.

    Args:
        arms: Names of the arms, each once; the first one warms up.
        repeats: How often each arm is tried.
        seed: Decides the orders.
        run_one: Makes one trial, in a fresh process, and returns what it gave. Where it raises
            `TrialFailedError`, that arm is given up, with its message as the reason; any other
            error ends the series, and so does an interrupt.
        warm_ups: How many trials of the first arm go before all and count for nothing.
        done: Results of an earlier, interrupted series, by block and arm.

    Raises:
        InputError: If there is no arm, an arm stands twice, or a number is too small.
    """
    order = turns(arms, repeats=repeats, seed=seed, warm_ups=warm_ups)
    known = {} if done is None else dict(done)
    left = [turn for turn in order if turn.counts and (turn.block, turn.arm) not in known]
    results: dict[Turn, Any] = {}
    failed: dict[str, str] = {}
    for turn in order:
        if turn.counts and (turn.block, turn.arm) in known:
            results[turn] = known[turn.block, turn.arm]
        elif left and turn.arm not in failed:
            try:
                results[turn] = run_one(turn)
            except TrialFailedError as error:
                failed[turn.arm] = str(error)
    return Trials(results=results, failed=failed)

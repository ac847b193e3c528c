"""When it pays to own, to replace, or to take machines that may be taken away."""

from __future__ import annotations

from math import isfinite, sqrt

from brizna.core.errors import InfeasibleError, InputError
from brizna.core.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from brizna.core.estimate import Estimate


def break_even(fixed: Estimate, *, own: Estimate, other: Estimate) -> Estimate | None:
    """Return how many units of use pay for what is spent once, or None if none do.

    Answers in money and in carbon alike. Own machine or rented one: ``fixed`` is the purchase (or
    the making) with what the machine idles away, a unit an hour of use. New chip or old one:
    ``fixed`` is the new one's price or embodied carbon, a unit a piece of work.

    Args:
        fixed: What is spent once, or in each period; 0 or more.
        own: What a unit costs after that.
        other: What a unit costs without it.

    Raises:
        InputError: If the difference may be either way: the doubts of the two do not say which
            of them costs less.
    """
    saved = other - own
    if saved.high.value <= 0:
        return None
    return fixed / saved


class Checkpoints(Record):
    """How often to keep the state of a job on machines that may be taken away.

    Attributes:
        interval_s: Time from one checkpoint to the next.
        overhead: Energy of checkpoints and of work done twice, over that of the work.
    """

    interval_s: float
    overhead: float


def best_checkpoints(
    energy_j: float, *, power_w: float, between_failures_s: float, restart_s: float = 0.0
) -> Checkpoints:
    """Return the checkpoints that waste the least energy.

    A checkpoint each ``T`` costs ``E / T``; a failure costs the restart and, in the mean, half an
    interval of work: ``(T / 2 + R) P / M``. The sum is least at ``T = sqrt(2 E M / P)``, the form
    in energy of Young's interval [1], which is this one where a checkpoint draws the same power.

    Args:
        energy_j: Of one checkpoint.
        power_w: Of the job.
        between_failures_s: Mean time between two interruptions.
        restart_s: Time to come back after one.

    Raises:
        InputError: If a number is not above 0 (the restart: not 0 or more).
        InfeasibleError: If more is wasted than worked: such machines are of no use to the job.

    References:
        [1] Young, A first order approximation to the optimum checkpoint interval, Communications
            of the ACM 17(9), 1974.
    """
    given = {"energy_j": energy_j, "power_w": power_w, "between_failures_s": between_failures_s}
    for name, value in given.items():
        if not (isfinite(value) and value > 0):
            raise InputError(
                "{name} is {value}: expected a number above 0.", name=name, value=value
            )
    if not (isfinite(restart_s) and restart_s >= 0):
        raise InputError(
            "{name} is {value}: expected a number of 0 or more.", name="restart_s", value=restart_s
        )
    interval_s = sqrt(2 * energy_j * between_failures_s / power_w)
    overhead = energy_j / (interval_s * power_w) + (interval_s / 2 + restart_s) / between_failures_s
    if overhead >= 1:
        raise InfeasibleError(
            "Interrupted every {between:.4g} s, the job wastes more than it works: expected longer "
            "between two interruptions. Make checkpoints smaller, or take machines that stay.",
            between=between_failures_s,
        )
    return Checkpoints(interval_s=interval_s, overhead=overhead)

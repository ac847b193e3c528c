"""What a job takes on another number of accelerators, from a few measured points.

The time of ``n`` accelerators in ``N`` nodes of ``g`` is taken to be

``ln(t n) = a + inside log2(g) + crossing [N > 1] + between log2(N) + W(log2 n) + e``

with a loss for each doubling inside a node, one for leaving it, one for each doubling of the nodes,
a wandering ``W`` (a Brownian motion over doublings: the farther from what was measured, the wider)
and a noise ``e`` of each measurement. Where nothing was measured, the losses are those of published
curves: priors, from a table. The answer is a Gaussian process's, with the tails of Student's t.
"""

from __future__ import annotations

from math import exp, fsum, isfinite, log, log2, sqrt

from brizna.core._tables import load, positions
from brizna.core.errors import InputError, IntegrityError
from brizna.core.estimate import Estimate
from brizna.core.quantities import Duration, Energy, Money, Ratio
from brizna.core.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

KINDS = ("throughput", "quality")
"""What a time is of: a fixed number of samples, or the way to a quality."""

_NORMAL_90 = 1.6449
"""Standard deviations that the central 90 % of a normal distribution reach to each side."""
_LEVEL_VARIANCE = 100.0
"""Of ``a``: nothing is known of how long a job takes before one point is measured."""


class ScalingPoint(Record):
    """One measured point of a curve.

    Attributes:
        count: Accelerators.
        nodes: Machines that hold them, alike.
        duration_s: How long the job took.
        power_w: Mean power of all of them together; None if it was not measured.
    """

    count: int
    nodes: int
    duration_s: float
    power_w: float | None = None

    def _check(self) -> None:
        _check_place(self.count, self.nodes)
        for name in ("duration_s", "power_w"):
            value = getattr(self, name)
            if value is not None and not (isfinite(value) and value > 0):
                raise InputError(
                    "{name} at {count} accelerators is {value}: expected a number above 0.",
                    name=name,
                    count=self.count,
                    value=value,
                )


class ScalingPrior(Record):
    """What published curves say before anything is measured; see the module for the symbols.

    Attributes:
        kind: One of `KINDS`.
        inside, crossing, between: Mean losses, in ``ln`` of time.
        inside_sd, crossing_sd, between_sd: How far curves differ in them.
        wander: Standard deviation of the wandering over one doubling.
        noise: Standard deviation of one measurement.
        reach_80, reach_90: Scales that a central 80 % or 90 % interval reaches to each side.
        power_share: Part of an accelerator's power that it does not draw while it waits.
        power_share_sd: How far that differs.
        power_noise: Standard deviation of one measured power, relative.
        references: Ids of the table's rows.
    """

    kind: str
    inside: float
    inside_sd: float
    crossing: float
    crossing_sd: float
    between: float
    between_sd: float
    wander: float
    noise: float
    reach_80: float
    reach_90: float
    power_share: float
    power_share_sd: float
    power_noise: float
    references: tuple[str, ...] = ()


def scaling_prior(kind: str) -> ScalingPrior:
    """Return the prior for a kind of time, from the table.

    Raises:
        InputError: If the kind is none of `KINDS`.
    """
    if kind not in KINDS:
        raise InputError(
            "{kind!r} is no kind of time: expected throughput (of a fixed number of samples) or "
            "quality (to a target).",
            kind=kind,
        )
    values: dict[str, float] = {}
    references: list[str] = []
    for name in ScalingPrior.fields():
        if name in ("kind", "references"):
            continue
        key = f"scaling/{'power' if name.startswith('power_') else kind}/{name}"
        values[name] = _row(key)
        references.append(key)
    return ScalingPrior(kind=kind, **values, references=tuple(references))


class ScalingLaw:
    """A curve through measured points, with its doubt.

    Attributes:
        points: What was measured, by count.
        prior: What was taken where nothing was measured.
    """

    __slots__ = ("_least", "points", "prior")

    def __init__(self, points: Sequence[ScalingPoint], prior: ScalingPrior) -> None:
        if not points:
            raise InputError("No point was measured: give at least one, such as 8:100.")
        self.points = tuple(sorted(points, key=lambda one: (one.count, one.nodes)))
        self.prior = prior
        places = [(one.count, one.nodes) for one in self.points]
        twice = [place for place in places if places.count(place) > 1]
        if twice:
            raise InputError(
                "{count} accelerators in {nodes} nodes were given twice: give the mean.",
                count=twice[0][0],
                nodes=twice[0][1],
            )
        self._least = self.points[0]

    def duration(self, count: int, nodes: int) -> Estimate:
        """Return how long the job takes on these accelerators.

        Args:
            count: Accelerators.
            nodes: Machines that hold them.
        """
        _check_place(count, nodes)
        measured = self._measured(count, nodes)
        if measured is not None:
            width = exp(_NORMAL_90 * self.prior.noise)
            best = measured.duration_s
            return _doubted(Duration, best, best / width, best * width, "chance", "declared")
        mean, sd = log_time(self.points, (count, nodes), self.prior)
        reach = self.prior.reach_90
        low, best, high = (exp(mean + step * sd) for step in (-reach, 0.0, reach))
        made = _doubted(Duration, best, low, high, f"model:scaling/{self.prior.kind}", "modelled")
        return made.based("modelled", *self.prior.references)

    def efficiency(self, count: int, nodes: int) -> Estimate:
        """Return the speed-up over the fewest measured accelerators, as a share of the ideal."""
        whole = self._least.duration_s * self._least.count / count
        return _inverse(self.duration(count, nodes), whole)

    def power(self, count: int, nodes: int) -> Estimate | None:
        """Return the mean power of all accelerators together; None where none was measured.

        It falls as they wait for each other: ``p n (1 - k (1 - efficiency))``. The share ``k`` is
        that of the points with a power, drawn to the prior's the fewer they are.
        """
        energy = self.energy(count, nodes)
        if energy is None:
            return None
        return energy / self.duration(count, nodes)

    def energy(self, count: int, nodes: int) -> Estimate | None:
        """Return the energy of the job; None where no power was measured."""
        metered = [one for one in self.points if one.power_w is not None]
        if not metered:
            return None
        share, share_sd = self._power_share(metered)
        first = metered[0]
        assert first.power_w is not None
        time = self.duration(count, nodes)
        reach = _NORMAL_90 * share_sd
        base_w = first.power_w / first.count

        def joules(duration_s: float, part: float) -> float:
            waits = self._waits(count, duration_s)
            begun = self._waits(first.count, first.duration_s)
            drawn = (1 - part * waits) / (1 - part * begun)
            return base_w * drawn * count * duration_s

        best_s = time.best.value
        made = Estimate(Energy(joules(best_s, share)), basis=time.basis, references=time.references)
        for name, (low_s, high_s) in time.doubts.items():
            made = made.doubted(name, Energy(joules(low_s, share)), Energy(joules(high_s, share)))
        ends = [
            Energy(joules(best_s, min(max(part, 0.0), 1.0)))
            for part in (share - reach, share + reach)
        ]
        return made.doubted("model:scaling/power_share", ends[0], ends[1])

    def relative_energy(self, count: int, nodes: int) -> Estimate:
        """Return the energy over that of the fewest measured accelerators.

        Needs no measured power: all accelerators are alike.
        """
        points = [one.replace(power_w=None) for one in self.points]
        least = points[0].replace(power_w=float(points[0].count))
        law = ScalingLaw([least, *points[1:]], self.prior)
        if any(one.power_w is not None for one in self.points):
            law = self
        here, there = law.energy(count, nodes), law.energy(self._least.count, self._least.nodes)
        assert here is not None
        assert there is not None
        return here / there

    def cost(self, count: int, nodes: int, *, per_hour: float) -> Estimate:
        """Return what the accelerators cost, each at a price per hour."""
        time = self.duration(count, nodes)
        rate = per_hour * count / Duration.units["h"]
        ends = {
            name: (Money(low * rate), Money(high * rate))
            for name, (low, high) in time.doubts.items()
        }
        return Estimate(
            Money(time.best.value * rate), doubts=ends, basis=time.basis, references=time.references
        )

    def _measured(self, count: int, nodes: int) -> ScalingPoint | None:
        found = [one for one in self.points if (one.count, one.nodes) == (count, nodes)]
        return found[0] if found else None

    def _waits(self, count: int, duration_s: float) -> float:
        """Return which part of the time is lost, against the fewest accelerators; >= 0."""
        ideal_s = self._least.duration_s * self._least.count / count
        return max(0.0, 1 - ideal_s / duration_s)  # faster than ideal: nothing is waited for

    def _power_share(self, metered: Sequence[ScalingPoint]) -> tuple[float, float]:
        """Return the share of the power that falls with waiting, and its standard deviation."""
        first, prior = metered[0], self.prior
        assert first.power_w is not None
        weights, pulls = (
            [1 / prior.power_share_sd**2],
            [prior.power_share / prior.power_share_sd**2],
        )
        begun = self._waits(first.count, first.duration_s)
        for one in metered[1:]:
            assert one.power_w is not None
            fell = 1 - (one.power_w / one.count) / (first.power_w / first.count)
            # drawn = (1 - k w) / (1 - k b), so fell (1 - k b) = k (w - b)
            lever = self._waits(one.count, one.duration_s) - begun + fell * begun
            weights.append((lever / prior.power_noise) ** 2)
            pulls.append(lever * fell / prior.power_noise**2)
        weight = fsum(weights)
        return min(max(fsum(pulls) / weight, 0.0), 1.0), 1 / sqrt(weight)


def log_time(
    points: Sequence[ScalingPoint], place: tuple[int, int], prior: ScalingPrior
) -> tuple[float, float]:
    """Return ``ln`` of the seconds on other accelerators, and its scale.

    Args:
        points: What was measured.
        place: Accelerators, and machines that hold them.
        prior: What published curves say.
    """
    places = [*((one.count, one.nodes) for one in points), place]
    features = [_features(*one) for one in places]
    means = [_expected(one, prior) for one in features]
    seen = [
        log(one.duration_s * one.count) - mean for one, mean in zip(points, means, strict=False)
    ]
    known = len(points)
    covariance = [
        [_shared(features[i], features[j], prior) for j in range(i + 1)] for i in range(known + 1)
    ]
    for i in range(known + 1):
        covariance[i][i] += prior.noise**2
    root = _cholesky(covariance)
    # The last row of the root holds the weights of what was seen, and what is left unknown.
    whitened = _forward(root, seen)
    mean = fsum(root[known][i] * whitened[i] for i in range(known))
    return mean + means[known] - log(place[0]), root[known][known]


def _features(count: int, nodes: int) -> tuple[float, float, float, float]:
    return log2(count / nodes), float(nodes > 1), log2(nodes), log2(count)


def _expected(features: Sequence[float], prior: ScalingPrior) -> float:
    inside, crossed, between, _ = features
    return prior.inside * inside + prior.crossing * crossed + prior.between * between


def _shared(one: Sequence[float], other: Sequence[float], prior: ScalingPrior) -> float:
    """Return the covariance of two places, their noise aside."""
    return (
        _LEVEL_VARIANCE
        + prior.inside_sd**2 * one[0] * other[0]
        + prior.crossing_sd**2 * one[1] * other[1]
        + prior.between_sd**2 * one[2] * other[2]
        + prior.wander**2 * min(one[3], other[3])
    )


def _cholesky(matrix: Sequence[Sequence[float]]) -> list[list[float]]:
    """Return the lower root of a positive definite matrix, given by its lower half."""
    root: list[list[float]] = []
    for i, row in enumerate(matrix):
        made: list[float] = []
        for j in range(i):
            inner = sum(made[k] * root[j][k] for k in range(j))
            made.append((row[j] - inner) / root[j][j])
        made.append(sqrt(row[i] - sum(value * value for value in made)))
        root.append(made)
    return root


def _forward(root: Sequence[Sequence[float]], right: Sequence[float]) -> list[float]:
    """Return the solution of ``root x = right`` for as many rows as ``right`` has."""
    solved: list[float] = []
    for i, value in enumerate(right):
        inner = sum(root[i][k] * solved[k] for k in range(i))
        solved.append((value - inner) / root[i][i])
    return solved


def _row(key: str) -> float:
    table = load("brizna.plan", "scaling")
    at = positions("brizna.plan", "scaling").get(key)
    value = None if at is None else table.number(at[0], "value")
    if value is None:
        raise IntegrityError(
            "Table {path} has no value for {key}. The installed package was changed: install "
            "brizna again.",
            path=table.path,
            key=key,
        )
    return value


def _check_place(count: int, nodes: int) -> None:
    if not 1 <= nodes <= count:
        raise InputError(
            "{count} accelerators in {nodes} nodes: expected at least one node, and at least one "
            "accelerator in each.",
            count=count,
            nodes=nodes,
        )


def _doubted(
    kind: type[Duration], best: float, low: float, high: float, name: str, basis: str
) -> Estimate:
    return Estimate(kind(best), doubts={name: (kind(low), kind(high))}, basis=basis)


def _inverse(time: Estimate, whole: float) -> Estimate:
    ends = {
        name: (Ratio(whole / low), Ratio(whole / high)) for name, (low, high) in time.doubts.items()
    }
    return Estimate(
        Ratio(whole / time.best.value), doubts=ends, basis=time.basis, references=time.references
    )

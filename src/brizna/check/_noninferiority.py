"""The quality guard: is a cheaper model still good enough, as far as so many items can tell?

Both models answer the same items, and each item has a score of either. The question is not
whether they differ, which more items always show, but whether the variant may be worse by the
margin that its user allows. Three answers: `PASS`, it is not; `FAIL`, it is; `UNDECIDED`, these
items cannot tell, with about how many could.

A test that sees no item change has seen no scatter, and would pass on a handful of items what
breaks one in a hundred. So the scatter is taken as it would be if the variant were as bad as the
margin allows: the items behave as seen, but for a share, just large enough, that falls as far as
an item can. For scores of 0 and 1 that is a score test of two paired proportions.

Items that share something (two documents of a pair, the speaker of a sentence) say less than as
many that do not. Where their groups are named, whole groups are drawn anew, and counted.
"""

from __future__ import annotations

from math import ceil, erfc, fsum, inf, isfinite, sqrt

from brizna.core.errors import InputError
from brizna.core.records import Record
from brizna.core.trials import student, within_student

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Protocol

    class Chance(Protocol):
        """What resampling needs of a generator; ``random.Random`` has it."""

        def choices(self, population: Sequence[int], *, k: int) -> list[int]:
            """Return as many members as asked, each drawn from all."""
            ...


PASS, FAIL, UNDECIDED = "pass", "fail", "undecided"
LEVEL = 0.025
"""Chance of a wrong answer that each of the two tests is set to, at the very margin.

The promise is twice that: what lies between pays for scores that are skewed and items that are
few. One-sided 2.5 % is what ICH E9 (1998), 3.5, asks of a proof of non-inferiority.
"""
PROMISE = 0.05
"""A pass, or a fail, is wrong at most this often."""
RESAMPLES = 1000
_POWER_Z = 0.8416
"""A sample is called large enough if it decides four times in five."""
_NORMAL_FROM = 400
"""From so many degrees of freedom on Student's t is the normal distribution to three digits."""
_MOST_ITEMS = 10**9
_HALF = 0.4999
"""From such a chance on the items say nothing of either."""
_HALVINGS = 60
"""Halvings of an interval after which its ends are alike to all digits that matter."""


class Guard(Record):
    """What the guard says of one variant.

    Attributes:
        verdict: `PASS`, `FAIL` or `UNDECIDED`.
        method: ``tango`` (scores of 0 and 1), ``score`` (other scores) or ``bootstrap`` (a figure
            of all items together).
        items: How many were compared.
        base: Mean score of the base, or its figure.
        variant: Mean score of the variant, or its figure.
        difference: Of the variant less the base: below 0 it is worse.
        low: One-sided lower bound of the difference; a pass has it above ``-margin``.
        high: One-sided upper bound; a fail has it below ``-margin``.
        margin: By how much the variant may be worse.
        worst_fall: By how much the score of one item can fall.
        groups: How many groups the items fall in, where they are not independent: what is told
            then rests on so many, and so does ``needed``; None where each item is its own.
        level: Chance of a wrong answer that the bounds are for.
        p_pass: The chance of such scores or better ones if the variant were worse by the margin.
        p_fail: The chance of such scores or worse ones if it were not worse by more than that.
        needed: About how many items would tell, if further ones are like these; None where it is
            told, or where no number would.
        comparisons: How many variants were judged together.
    """

    verdict: str
    method: str
    items: int
    base: float
    variant: float
    difference: float
    low: float
    high: float
    margin: float
    worst_fall: float
    groups: int | None = None
    level: float = LEVEL
    p_pass: float
    p_fail: float
    needed: int | None = None
    comparisons: int = 1


class _Seen(Record):
    """What there is to judge by.

    Attributes:
        method: As `Guard.method`.
        items: How many there are.
        units: How many of them, or of their groups, are independent.
        base: As `Guard.base`.
        variant: As `Guard.variant`.
        spread: Standard deviation of the difference of one unit.
        mixed: Share of items in which the variant is better; of scores of 0 and 1 only.
        worst_fall: As `Guard.worst_fall`, but of one unit.
        least: The difference without the unit that speaks most against the variant.
    """

    method: str
    items: int
    units: int
    base: float
    variant: float
    spread: float
    mixed: float = 0.0
    worst_fall: float
    least: float

    @property
    def difference(self) -> float:
        return self.variant - self.base


def non_inferior(
    base: Sequence[float],
    variant: Sequence[float],
    *,
    margin: float,
    worst_fall: float | None = None,
    level: float = LEVEL,
) -> Guard:
    """Judge a variant by the scores that either model got for the same items.

    Scores of 0 and 1 are compared as paired proportions [1]. Of others the mean difference is
    held against the scatter that it would have at the margin, as the module says, with Student's
    t. A variant fails only if it also would without the item in which it lost most.

    Args:
        base: Score of the base for each item; more is better, so losses are handed in negated.
        variant: Score of the variant for the same items in the same order.
        margin: By how much the mean may fall, in units of the score; 0 asks for a gain.
        worst_fall: By how much the score of one item can fall at most. If None: 1 if all scores
            lie in [0, 1], else the range of all scores seen. The smaller, the fewer items are
            needed; where it is said too small, what breaks few items entirely is passed.
        level: Chance of a wrong answer of each of the two tests.

    Raises:
        InputError: If there are fewer than two items, not as many of both, a score that is no
            number, or a margin below 0.

    References:
        [1] T. Tango, Equivalence test and confidence interval for the difference in proportions
        for the paired-sample design, Statistics in Medicine 17 (1998) 891-908.
    """
    _check(base, variant, margin, level)
    differences = [b - a for a, b in zip(base, variant, strict=True)]
    count = len(differences)
    mean = fsum(differences) / count
    is_binary = all(score in (0, 1) for scores in (base, variant) for score in scores)
    worst = min(differences)
    seen = _Seen(
        method="tango" if is_binary else "score",
        items=count,
        units=count,
        base=fsum(base) / count,
        variant=fsum(base) / count + mean,
        spread=sqrt(fsum((x - mean) ** 2 for x in differences) / (count - 1)),
        mixed=sum(x > 0 for x in differences) / count if is_binary else 0.0,
        worst_fall=1.0 if is_binary else _fall(base, variant, worst_fall),
        least=mean - min(worst, 0.0) / count,
    )
    return _judge(seen, margin, level)


def non_inferior_figure(
    figure: Callable[[Sequence[int]], tuple[float, float]],
    items: int | Sequence[Sequence[str]],
    *,
    margin: float,
    rng: Chance,
    worst_fall: float = 1.0,
    resamples: int = RESAMPLES,
) -> Guard:
    """Judge a variant by a figure that is no mean of items: a correlation, an F1 score.

    Items are drawn anew with replacement, the same for both models, and the scatter of the
    difference over these draws is taken for its own. Draws in which the figure does not exist
    (``nan``) are left out.

    Where items share groups, groups are drawn instead, and an item comes as often as the product
    of how often its groups do [1]; with one group an item this is the bootstrap of clusters. Drawn
    so, the scatter is never less than it is on average, and a little more [2].

    Args:
        figure: Takes the numbers of items, some of them more than once, and returns the figure of
            the base and of the variant; more is better.
        items: How many items there are, each independent of the others; or for each item the names
            of its groups, as many for each, such as the two documents of a pair. Places that have
            a name in common have groups of one kind.
        margin: By how much the figure may fall.
        rng: Decides the draws.
        worst_fall: By how much the figure falls, times the number of items, if the variant's
            answer to one item is lost: about 1 for figures between 0 and 1.
        resamples: How many draws.

    Raises:
        InputError: If there are fewer than two items or groups, the figure of all items does not
            exist, or that of most draws.

    References:
        [1] A. Owen, The pigeonhole bootstrap, Annals of Applied Statistics 1 (2007) 386-411.
        [2] P. McCullagh, Resampling and exchangeable arrays, Bernoulli 6 (2000) 285-301.
    """
    groups = None if isinstance(items, int) else _kinds_of(items)
    count = items if isinstance(items, int) else len(items)
    units = count if groups is None else min(groups.kinds)
    base, variant = figure(list(range(count))) if units > 1 else (inf, inf)
    known = min(units, 2)
    _check([base] * known, [variant] * known, margin, LEVEL)
    every = range(count)

    def drawn() -> Sequence[int]:
        return rng.choices(every, k=count) if groups is None else groups.drawn(rng)

    both = (figure(chosen) if (chosen := drawn()) else (inf, inf) for _ in range(resamples))
    moved = [two - one for one, two in both if isfinite(one) and isfinite(two)]
    if 2 * len(moved) <= resamples:
        raise InputError(
            "The figure exists in {known} of {resamples} draws of {items} items: expected it in "
            "most. Hand in more items.",
            known=len(moved),
            resamples=resamples,
            items=units,
        )
    mean = fsum(moved) / len(moved)
    scatter = sqrt(fsum((x - mean) ** 2 for x in moved) / (len(moved) - 1))
    if groups is not None:
        scatter *= sqrt(units / (units - 1))  # draws of few groups scatter less than groups do
    fall = worst_fall if groups is None else worst_fall * groups.largest * units / count
    seen = _Seen(
        method="bootstrap",
        items=count,
        units=units,
        base=base,
        variant=variant,
        spread=scatter * sqrt(units),
        worst_fall=fall,
        least=variant - base + fall / units,
    )
    guard = _judge(seen, margin, LEVEL)
    return guard.replace(worst_fall=worst_fall)


class _Groups(Record):
    """Groups that items fall in.

    Attributes:
        kinds: Of each kind of group, how many there are; all are numbered through.
        of_item: For each item the numbers of its groups.
        largest: How many items the largest group has.
    """

    kinds: tuple[int, ...]
    of_item: tuple[tuple[int, ...], ...]
    largest: int

    def drawn(self, rng: Chance) -> list[int]:
        """Return the items of groups that are drawn anew, each as often as its groups are."""
        often = [0] * sum(self.kinds)
        start = 0
        for count in self.kinds:
            for number in rng.choices(range(start, start + count), k=count):
                often[number] += 1
            start += count
        chosen: list[int] = []
        for item, groups in enumerate(self.of_item):
            times = 1
            for group in groups:
                times *= often[group]
            chosen += [item] * times
        return chosen


def _kinds_of(items: Sequence[Sequence[str]]) -> _Groups:
    """Return the groups of items; places that share a name hold groups of one kind.

    Raises:
        InputError: If items have different numbers of groups, or none.
    """
    places = len(items[0]) if items else 0
    if not places or any(len(groups) != places for groups in items):
        raise InputError(
            "Items have {counts} groups: expected as many for each, at least one. Return for each "
            "item the names of its groups, in the same order.",
            counts=", ".join(sorted({str(len(groups)) for groups in items})) or "no",
        )
    columns = [{groups[place] for groups in items} for place in range(places)]
    kinds = list(range(places))
    for one in range(places):
        for other in range(one):
            if columns[one] & columns[other]:
                kinds = [kinds[other] if kind == kinds[one] else kind for kind in kinds]
    every = sorted({pair for groups in items for pair in zip(kinds, groups, strict=True)})
    numbers = {pair: number for number, pair in enumerate(every)}
    of_item = tuple(
        tuple(numbers[pair] for pair in zip(kinds, groups, strict=True)) for groups in items
    )
    sizes = [0] * len(every)
    for groups in of_item:
        for group in set(groups):
            sizes[group] += 1
    counts = tuple(sum(kind == one for kind, _ in every) for one in sorted(set(kinds)))
    return _Groups(kinds=counts, of_item=of_item, largest=max(sizes))


def holm(guards: Mapping[str, Guard]) -> dict[str, Guard]:
    """Return the verdicts of variants that were judged together.

    The least chance of error has to be small enough for all variants, the next one for all but
    one, and so on [1]: the chance that any variant is passed wrongly stays what it is for one; so
    does the chance that any is failed wrongly.

    Args:
        guards: By variant, each judged for itself at one level.

    References:
        [1] S. Holm, A simple sequentially rejective multiple test procedure, Scandinavian Journal
        of Statistics 6 (1979) 65-70.
    """
    passed = _kept_by_holm({name: (guard.p_pass, guard.level) for name, guard in guards.items()})
    failed = _kept_by_holm({name: (guard.p_fail, guard.level) for name, guard in guards.items()})
    made: dict[str, Guard] = {}
    for name, guard in guards.items():
        verdict = PASS if name in passed else FAIL if name in failed else UNDECIDED
        needed = _needed_of(guard, guard.level / len(guards)) if verdict == UNDECIDED else None
        made[name] = guard.replace(verdict=verdict, needed=needed, comparisons=len(guards))
    return made


def confirm(first: Guard, second: Guard) -> Guard:
    """Return the verdict on a variant that was chosen by some items and judged by others.

    What was chosen for having done best on some items looks better on these than it is. So the
    items that chose it do not pass it alone: the others must too.

    Args:
        first: Its guard on the items that it was chosen by.
        second: Its guard on items that had no part in that.
    """
    if first.verdict == PASS or second.verdict != PASS:
        return second
    return second.replace(verdict=UNDECIDED)


def _kept_by_holm(chances: Mapping[str, tuple[float, float]]) -> set[str]:
    kept: set[str] = set()
    for place, (name, (chance, level)) in enumerate(
        sorted(chances.items(), key=lambda one: one[1][0])
    ):
        if chance > level / (len(chances) - place):
            break
        kept.add(name)
    return kept


# -------------------------------------------------------------------------------------- the test


def _judge(seen: _Seen, margin: float, level: float) -> Guard:
    p_pass = _chance_above(seen, _distance(seen, seen.difference, -margin))
    p_fail = _chance_above(seen, -_distance(seen, seen.least, -margin))
    verdict = PASS if p_pass <= level else FAIL if p_fail <= level else UNDECIDED
    reach = _quantile(seen, level)
    guard = Guard(
        verdict=verdict,
        method=seen.method,
        items=seen.items,
        base=seen.base,
        variant=seen.variant,
        difference=seen.difference,
        low=_bound(seen, seen.difference, -reach),
        high=_bound(seen, seen.least, reach),
        margin=margin,
        worst_fall=seen.worst_fall,
        groups=None if seen.units == seen.items else seen.units,
        level=level,
        p_pass=p_pass,
        p_fail=p_fail,
    )
    return guard.replace(needed=_needed_of(guard, level)) if verdict == UNDECIDED else guard


def _distance(seen: _Seen, difference: float, truth: float) -> float:
    """Return by how many standard errors, as they are at ``truth``, the difference is above it."""
    above = difference - truth
    error = _spread_at(seen, difference, truth) / sqrt(seen.units)
    return above / error if error > 0 else inf * above if above else 0.0


def _spread_at(seen: _Seen, difference: float, truth: float) -> float:
    """Return the standard deviation of one item's difference if their true mean were ``truth``."""
    if seen.method == "tango":
        return _tango_spread(seen, difference, truth)
    fall = max(seen.worst_fall, abs(truth), abs(difference))
    if fall == 0:
        return 0.0
    extreme = -fall if difference > truth else fall
    share = (difference - truth) / (difference - extreme) if difference != extreme else 0.0
    usual = seen.spread**2 + (difference - truth) ** 2
    return sqrt((1 - share) * usual + share * (extreme - truth) ** 2)


def _tango_spread(seen: _Seen, difference: float, truth: float) -> float:
    """Return it by the likeliest shares of items that one model alone gets right [1].

    The formula for the second of these shares is that of Tango (see `non_inferior`), with the
    variant for his first procedure and the base for his second.
    """
    count, better = seen.units, seen.mixed * seen.units
    worse = better - difference * count
    first = -better - worse + (2 * count - better + worse) * truth
    last = -worse * truth * (1 - truth)
    share = (sqrt(max(first * first - 8 * count * last, 0.0)) - first) / (4 * count)
    return sqrt(max(2 * share + truth * (1 - truth), 0.0))


def _chance_above(seen: _Seen, distance: float) -> float:
    """Return the chance of a distance like this or a greater one."""
    freedom = seen.units - 1
    if seen.method == "tango" or freedom >= _NORMAL_FROM or not isfinite(distance):
        return erfc(distance / sqrt(2)) / 2
    within = within_student(abs(distance), freedom)
    return (1 - within) / 2 if distance >= 0 else (1 + within) / 2


def _quantile(seen: _Seen, level: float) -> float:
    """Return the distance that chance alone exceeds this often."""
    freedom = seen.units - 1
    if seen.method == "tango" or freedom >= _NORMAL_FROM:
        from statistics import NormalDist

        return NormalDist().inv_cdf(1 - level)
    return student(1 - 2 * level, freedom)


def _bound(seen: _Seen, difference: float, reach: float) -> float:
    """Return the true difference, above or below, from which the one seen is so far."""
    near = difference
    far = _widest(seen, difference) if reach > 0 else -_widest(seen, difference)
    for _ in range(_HALVINGS):
        middle = (near + far) / 2
        if abs(_distance(seen, difference, middle)) < abs(reach):
            near = middle
        else:
            far = middle
    return far


def _widest(seen: _Seen, difference: float) -> float:
    """Return a difference that none can exceed, or none that matters."""
    if seen.method == "tango":
        return 1.0
    return 1e3 * (abs(difference) + seen.spread + seen.worst_fall)


def _needed_of(guard: Guard, level: float) -> int | None:
    """Return about how many items would tell, if further ones are like these."""
    chance = guard.p_pass if guard.difference > -guard.margin else guard.p_fail
    if not 0 < chance < _HALF:
        return None
    from statistics import NormalDist

    normal = NormalDist()
    wanted = normal.inv_cdf(1 - level) + _POWER_Z
    units = guard.groups or guard.items
    count = units * (wanted / normal.inv_cdf(1 - chance)) ** 2
    if count > _MOST_ITEMS:
        return None
    rough = max(ceil(count), units + 1)
    step = 10 ** max(len(str(rough)) - 2, 0)
    return ceil(rough / step) * step


def _fall(base: Sequence[float], variant: Sequence[float], worst_fall: float | None) -> float:
    if worst_fall is not None:
        return worst_fall
    low, high = min(*base, *variant), max(*base, *variant)
    return 1.0 if low >= 0 and high <= 1 else high - low


def _check(base: Sequence[float], variant: Sequence[float], margin: float, level: float) -> None:
    if len(base) != len(variant) or len(base) < 2:
        raise InputError(
            "The base has {base} scores and the variant {variant}: expected at least two, and one "
            "of either for each item. Score both on the same items.",
            base=len(base),
            variant=len(variant),
        )
    if not all(map(isfinite, (*base, *variant))):
        raise InputError(
            "A score is no finite number: expected one for each item. Leave the item out of both "
            "models, or say what it is worth."
        )
    if not (isfinite(margin) and margin >= 0 and 0 < level < PROMISE * 10):
        raise InputError(
            "The margin is {margin} and the level {level}: expected 0 or more, and a small share. "
            "Say by how much the quality may fall.",
            margin=margin,
            level=level,
        )
